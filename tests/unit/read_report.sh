#!/bin/sh
# unit/read_report.sh - Python's mail parser reads every report that bounce/
# writes. Skipped where there is no Python.
command -v python3 >/dev/null 2>&1 || exit 77
exec python3 "$top_srcdir/tests/unit/read_report.py" \
	"$top_builddir/tests/unit/print_report"
