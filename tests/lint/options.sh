#!/bin/sh
# lint/options.sh - what programs and main.conf accept, what -h says and what
# the manual says are the same: options, verbs, sections and keys.
cd "${top_srcdir:-.}" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

# same WHAT FILE FILE: two lists, neither empty, must have the same lines.
same() {
	for list in "$2" "$3"; do
		sort -u -o "$work/$list" "$work/$list"
		[ -s "$work/$list" ] || { echo "$1: nothing found in $list"; bad=1; }
	done
	comm -23 "$work/$2" "$work/$3" | sed "s|^|$1: only in $2: |" >"$work/only"
	comm -13 "$work/$2" "$work/$3" | sed "s|^|$1: only in $3: |" >>"$work/only"
	[ ! -s "$work/only" ] || { cat "$work/only"; bad=1; }
}

# What getopt_long() is told: "-c", "--json".
accepted() {
	sed -n 's/.*getopt_long(argc, argv, "\([^"]*\)".*/\1/p' "$1" |
	    tr -d ':+\n' | fold -w 1 | sed 's/^/-/'
	echo
	sed -n 's/^[ \t]*{ "\([a-z-]*\)",[ \t]*\(no_argument\|required_argument\|true\|false\),.*/--\1/p' "$1"
}

# What its strings name; "-nv" is two options.
told() {
	grep -o '"\([^"\\]\|\\.\)*"' "$1" | sed 's/\\n/ /g' | tr -s '[](),;|"' '\n' | tr ' ' '\n' |
	    awk '/^--[a-z][a-z-]*$/ { print }
		 /^-[A-Za-z]+$/ { for (i = 2; i <= length($0); i++) print "-" substr($0, i, 1) }'
}

# The items of a page: ".It Fl c Ar file", ".It Fl h , Fl -help".
described() {
	awk '/^\.It/ {
		on = 0
		for (i = 2; i <= NF; i++)
			if ($i == "Fl") on = 1
			else if ($i == ",") continue
			else if (on && $i ~ /^-?[A-Za-z][a-z-]*$/ && $i !~ /^(Ar|Oc|Oo|Op|Cm|Ns|Pa)$/) print "-" $i
			else on = 0
	}' "$1"
}

for program in mtad:src/mtad/mtad.c:man/mtad.8 mtactl:src/mtactl/main.c:man/mtactl.8; do
	name=${program%%:*}
	page=${program##*:}
	source=${program#*:}
	source=${source%:*}
	accepted "$source" | grep . >"$work/$name.getopt"
	told "$source" >"$work/$name.help"
	described "$page" >"$work/$name.page"
	same "options of $name" "$name.getopt" "$name.help"
	same "options of $name" "$name.getopt" "$name.page"
done

# Rows of mtactl's table of verbs, and ".It Cm queue list".
sed -n 's/^[ \t]*{ "\([a-z-]*\)",[ \t]*"\([a-z]*\)",.*do_.*/\1 \2/p
	s/^[ \t]*{ "\([a-z-]*\)",[ \t]*NULL,.*do_.*/\1/p' src/mtactl/main.c >"$work/verbs.table"
awk '/^\.It Cm/ {
	verb = $3
	if ($4 ~ /^[a-z]+$/) verb = verb " " $4
	print verb
}' man/mtactl.8 >"$work/verbs.page"
same "verbs of mtactl" verbs.table verbs.page

# Rows of the schema, and ".It Ic port No = Ar ..." below ".Ss listener".
awk '
/^static const struct conf_key / { keys = $5; sub(/\[\].*/, "", keys); next }
/^};/ { keys = "" }
/^const struct conf_section conf_sections/ { sections = 1; next }
keys != "" && match($0, /^[ \t]*\{ "[a-z_]*"/) {
	split($0, part, "\""); row[++rows] = keys " " part[2]
}
sections && match($0, /^[ \t]*\{ "[a-z_]*"/) {
	split($0, part, "\"")
	if (match($0, /[a-z]+_keys/)) section[substr($0, RSTART, RLENGTH)] = part[2]
}
END {
	for (i = 1; i <= rows; i++) {
		split(row[i], half, " ")
		if (!(half[1] in section)) print "no section has " half[1]
		else print section[half[1]] "." half[2]
	}
}' src/conf/schema.c >"$work/schema"
awk '
/^\.Sh / { section = ""; inside = /THE TOP LEVEL|SECTIONS/ }
/^\.Ss / { section = $2 }
inside && /^\.It Ic .* No = Ar/ { print section "." $3 }
' man/main.conf.5 >"$work/main.conf.5"
same "keys of main.conf" schema main.conf.5

# Words of the table of actions and of the matches, and "It Ic pause Ns".
awk '
/^} actions\[\] = / { on = 1; next }
/^};/ { on = 0 }
on && match($0, /"[a-z-]*"/) { print substr($0, RSTART + 1, RLENGTH - 2) }
match($0, /slice_is\(key, "[a-z]*"\)/) { split($0, part, "\""); print part[2] }
' src/conf/replies.c >"$work/replies.c"
sed -n 's/^\.It Ic \([a-z-]*\).*/\1/p' man/replies.conf.5 >"$work/replies.conf.5"
same "words of replies.conf" replies.c replies.conf.5

exit $bad
