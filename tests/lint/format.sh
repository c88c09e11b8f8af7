#!/bin/sh
# lint/format.sh - clang-format would change nothing (skipped without it).
cd "${top_srcdir:-.}" || exit 1
command -v clang-format >/dev/null || exit 77
clang-format --dry-run --Werror $(find src queue tests -name '*.[ch]' | sort)
