#!/bin/sh
# lint/rooms.sh - each room has its README, each file its first comment, each
# source file a place in the build.
# One awk for all files: a process for each took longer than everything else.
cd "${top_srcdir:-.}" || exit 1
bad=0
for room in src/*/ queue/; do
	[ "$(wc -l < "${room}README")" -ge 5 ] || { echo "${room}README: says too little"; bad=1; }
done
find src queue -name '*.[ch]' -exec awk '
	FNR == 1 { name = FILENAME; sub("^src/", "", name); said = 0 }
	index($0, name " - ") { said = 1 }
	FNR == 3 {
		if (!said) {
			print FILENAME ": the first comment does not begin with \"" name " - \""
			bad = 1
		}
		nextfile
	}
	END { exit bad }' {} + || bad=1
find src queue -name '*.[ch]' | awk '
	FILENAME != "-" { for (i = 1; i <= NF; i++) listed[$i, FILENAME] = 1; next }
	{
		list = $0
		sub("[^/]*$", "include.am", list)
		if (($0, list) in listed || ($0, "src/mtad/include.am") in listed)
			next
		print $0 ": not in " list
		bad = 1
	}
	END { exit bad }' src/*/include.am queue/include.am - || bad=1
exit $bad
