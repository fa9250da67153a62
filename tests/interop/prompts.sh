#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The prompt of every mode of the grammar, as a terminal gets it, against the
# patterns by which clients know a prompt.
. "$(dirname "$0")/router.sh"
need_program "$python" /usr/sbin/sshd
"$python" -c 'import paramiko' 2>/dev/null ||
    { echo 'skipped: no paramiko'; exit 77; }
router_up
tally timeout 100 "$python" "$here/prompts.py" "$tmp/ssh/id" \
    "$here/../../grammar"
router_whole
finish
