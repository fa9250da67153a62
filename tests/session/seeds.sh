#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# seeds.sh COHORT: textbook configurations typed, pasted and loaded; see
# seeds.py. Ends with `N passed, N failed`.

exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/seeds.py" \
    "${1:-${COHORT:-./cohort}}"
