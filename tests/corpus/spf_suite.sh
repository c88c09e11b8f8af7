#!/bin/sh
# corpus/spf_suite.sh - the RFC 7208 test suite, as Debian's package
# golang-blitiri-go-spf-dev has it; skipped where that is not installed.
suite=/usr/share/gocode/src/blitiri.com.ar/go/spf/testdata/rfc7208-tests.yml
[ -r "$suite" ] || exit 77
/usr/bin/python3 -c 'import yaml' 2>/dev/null || exit 77
lines=$(mktemp) || exit 1
trap 'rm -f "$lines"' EXIT
/usr/bin/python3 "${top_srcdir:-.}/tests/corpus/spf_suite.py" "$suite" >"$lines" || exit 1
[ "$(grep -c '^test' "$lines")" -ge 203 ] || { echo "the suite is not whole"; exit 1; }
"${top_builddir:-.}/tests/corpus/spf_suite" <"$lines"
