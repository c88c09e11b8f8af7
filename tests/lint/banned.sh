#!/bin/sh
# lint/banned.sh - calls that are unsafe, or that belong to one room, stand nowhere else.
cd "${top_srcdir:-.}" || exit 1
awk '
function forbid(pattern, rooms, reason) { rule[++rules] = pattern; home[rules] = " " rooms " "; why[rules] = reason }
BEGIN {
	forbid("(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|strtok_r|sscanf|gets|atoi|atol|strtol|strtoul|alloca)", "", "unbounded or error-blind")
	forbid("(malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf)", "base", "memory is base/alloc.h, base/arena.h")
	forbid("assert", "", "must() is always compiled in")
	forbid("(time|localtime|gmtime|localtime_r|gmtime_r|gettimeofday|clock_gettime)", "base", "the clock is base/time.h")
	forbid("(exit|abort|_exit)", "base mtad mtactl sendmail worker", "only programs end themselves")
	forbid("(getaddrinfo|gethostbyname|gethostbyaddr|getnameinfo)", "mtad mtactl conf", "blocks; dns/ asks")
	forbid("(isalpha|isdigit|isalnum|isspace|isxdigit|isupper|islower|tolower|toupper|isprint|ispunct)", "", "depends on the locale; base/ascii.h")
	forbid("(system|popen)", "", "no shell")
}
FNR == 1 { split(FILENAME, dir, "/"); room = dir[1] == "src" ? dir[2] : dir[1]; comment = 0 }
{
	line = $0
	gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
	if (comment) { if (!match(line, /\*\//)) next; line = substr(line, RSTART + 2); comment = 0 }
	while (match(line, /\/\*/)) {
		rest = substr(line, RSTART + 2); head = substr(line, 1, RSTART - 1)
		if (match(rest, /\*\//)) line = head substr(rest, RSTART + 2)
		else { line = head; comment = 1; break }
	}
	for (i = 1; i <= rules; i++)
		if (line ~ "(^|[^A-Za-z0-9_.>])" rule[i] "[ \t]*\\(" && index(home[i], " " room " ") == 0) {
			print FILENAME ":" FNR ": " why[i] ": " $0; bad = 1 }
	if ($0 ~ /\/\/ |(^|[^A-Za-z])(TODO|XXX|FIXME)([^A-Za-z]|$)/ && $0 !~ /:\/\// && $0 !~ /"[^"]*(XXX|\/\/)/) {
		print FILENAME ":" FNR ": no TODO, XXX, FIXME or // comment: " $0; bad = 1 }
}
END { exit bad }
' $(find src queue -name '*.[ch]' | sort)
