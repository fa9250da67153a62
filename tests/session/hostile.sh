#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# hostile.sh COHORT: terminals that do a router no good; see hostile.py. Ends
# with `N passed, N failed`.

# Freed memory that a sanitizer keeps would hide what is held.
export ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/hostile.py" \
    "${1:-${COHORT:-./cohort}}"
