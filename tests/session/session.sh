#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# session.sh COHORT: the recorded sessions of this directory, played on
# consoles of the program; see run.py. Ends with `N passed, N failed`.

exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/run.py" \
    "${1:-${COHORT:-./cohort}}" "$(dirname "$0")"/*.session
