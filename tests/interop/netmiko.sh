#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Netmiko, as Debian ships it, drives a router through OpenSSH.
. "$(dirname "$0")/router.sh"
need_program "$python" /usr/sbin/sshd
"$python" -c 'import netmiko' 2>/dev/null || { echo 'skipped: no netmiko'; exit 77; }
router_up
tally timeout 300 "$python" "$here/netmiko_client.py" "$tmp/ssh/id"
router_whole
finish
