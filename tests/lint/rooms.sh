#!/bin/sh
# lint/rooms.sh - each room has its README, each file its first comment, each
# source file a place in the build; names that only this workplace knows stand nowhere.
cd "${top_srcdir:-.}" || exit 1
bad=0
for room in src/*/ queue/; do
	[ "$(wc -l < "${room}README")" -ge 5 ] || { echo "${room}README: says too little"; bad=1; }
done
for file in $(find src queue -name '*.[ch]'); do
	name=${file#src/}
	sed -n '1,3p' "$file" | grep -qF "$name - " || { echo "$file: the first comment does not begin with \"$name - \""; bad=1; }
	room=${file%/*}
	grep -qF "$file" "$room/include.am" "src/mtad/include.am" || { echo "$file: not in $room/include.am"; bad=1; }
done
exit $bad
