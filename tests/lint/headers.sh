#!/bin/sh
# lint/headers.sh - each header compiles alone, has its guard, and stays short.
source_dir=$(cd "${top_srcdir:-.}" && pwd) || exit 1
build_dir=$(cd "${top_builddir:-.}" && pwd) || exit 1
cd "$source_dir" || exit 1
bad=0
all=$(mktemp) || exit 1
trap 'rm -f "$all"' EXIT
flags=$(sed -n 's/^\(EVENT\|OPENSSL\|BSD\|JANSSON\|GSASL\)_CFLAGS = //p' "$build_dir/Makefile" | tr '\n' ' ')
for header in $(find src queue -name '*.h' | sort); do
	name=${header#src/}
	guard=$(printf '%s' "$name" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$header" || { echo "$header: its guard is not $guard"; bad=1; }
	lines=$(wc -l < "$header")
	case $name in ipc/messages.h|conf/conf.h) most=320 ;; *) most=150 ;; esac
	[ "$lines" -le "$most" ] || { echo "$header: $lines lines, at most $most"; bad=1; }
	# Twice, so that a missing guard shows; alone, so that a missing include does.
	# shellcheck disable=SC2086
	printf '#include "%s"\n#include "%s"\nint alone;\n' "$name" "$name" |
	    ${CC:-cc} -std=c11 -Isrc -I. -I"$build_dir" -include config.h $flags \
		-Wall -Wextra -Werror -fsyntax-only -x c - || { echo "$header: does not compile alone"; bad=1; }
done
exit $bad
