#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What scripts type without a library: expect on a terminal, the beginning of
# a session as scrapli, unicon and oxidized make it, and containerlab's burst,
# which is written blindly in one piece.
. "$(dirname "$0")/router.sh"
need_program expect /usr/sbin/sshd ssh sshpass
router_up
tally timeout 300 expect -f "$here/expect_client.exp" "$COHORT" "$state" \
    "$tmp/ssh/config"
check 'what the burst configured is there' \
    grep -q '^ ip address 10.9.0.1 255.255.255.0$' "$state/startup-config"
router_whole
finish
