#!/bin/sh
# lint/layers.sh - every #include keeps to src/LAYERS; LAYERS itself has no circle.
cd "${top_srcdir:-.}" || exit 1
awk '
FNR == 1 { base = FILENAME; n = split(FILENAME, dir, "/")
	   room = dir[1] == "src" ? dir[2] : dir[1] }
FILENAME == "src/LAYERS" {
	if ($0 ~ /^#/ || $0 !~ /:/) next
	split($0, half, "|"); split(half[1], side, ":"); name = side[1]
	count = split(side[2], rooms, " ")
	for (i = 1; i <= count; i++) {
		if (!(rooms[i] in known)) { print "src/LAYERS: " name " names " rooms[i] ", which is not above it"; bad = 1 }
		may[name, rooms[i]] = 1
	}
	count = split(half[2], outside, " ")
	for (i = 1; i <= count; i++) { owner[outside[i]] = 1; allowed[name, outside[i]] = 1 }
	known[name] = 1; may[name, name] = 1
	next
}
/^#[ \t]*include[ \t]*</ {
	header = $0; sub(/^[^<]*</, "", header); sub(/>.*/, "", header)
	for (o in owner)
		if ((o ~ /\/$/ ? index(header, o) == 1 : header == o) && !((room, o) in allowed)) {
			print FILENAME ":" FNR ": " room "/ may not use <" header ">"; bad = 1 }
}
/^#[ \t]*include[ \t]*"/ {
	header = $0; sub(/^[^"]*"/, "", header); sub(/".*/, "", header)
	if (!(room in known)) { print FILENAME ": " room "/ does not stand in src/LAYERS"; bad = 1; nextfile }
	split(header, part, "/")
	if (header !~ /\//) { print FILENAME ":" FNR ": \"" header "\" has no room"; bad = 1 }
	else if (header ~ /_inside\.h$/ && part[1] != room) { print FILENAME ":" FNR ": " header " is for its own room"; bad = 1 }
	else if (!((room, part[1]) in may)) { print FILENAME ":" FNR ": " room "/ may not include " header; bad = 1 }
}
END { exit bad }
' src/LAYERS $(find src queue -name '*.[ch]' | sort)
