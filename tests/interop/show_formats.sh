#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Outputs of running routers against the rules of public parsers:
# show_formats.py on the key server and a member of the lab.
. "$(dirname "$0")/lib.sh"
need_program "$python"
lab_copy
lab_up
check 'GM1 is registered' wait_for 40 registered gm1
check 'the hosts ping each other' wait_for 20 \
    node h1 ping -n -q -c 2 -W 2 172.16.3.10
check 'a rekey is sent' rexec ks 'crypto gdoi ks rekey'
check 'it arrives' wait_for 20 shows gm1 'show crypto gdoi' \
    'Rekeys received +: [1-9]'
tally "$python" "$here/show_formats.py" "$COHORT" "$tmp/lab" ks gm1
finish
