#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A cooperative key server written from doc/coop-protocol.md alone (coop.py)
# and ours: roles, keys, members, messages that must not be taken
# (coop_peer.py), lies of a peer that has the pre-shared key (coop_hostile.py).
#
#   h1 - gm1 - core - gm2 - h2
#         ks - core - peer (python)
. "$(dirname "$0")/lib.sh"
need_program "$python" tcpdump
"$python" -c 'import cryptography, scapy' 2>/dev/null ||
    { echo 'skipped: no python3-cryptography, python3-scapy'; exit 77; }
# with sanitizers: memory that was freed is not kept, it is measured
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=4"
lab_copy
# groups are configured when their peer listens: a cold start of both
sed -i -e 's/^\(crypto key generate rsa\) \(modulus\)/\1 exportable \2/' \
    -e '/^crypto gdoi group/,/^!/d' "$tmp/lab/ks.cfg"
lab_up
node peer ip addr add 192.168.8.9/24 dev eth1

other() { # other PROGRAM: its checks count here
	tally node peer env COHORT="$COHORT" COHORT_LAB="$tmp/lab" "$python" \
	    "$here/$1" "$tmp"
}

other coop_peer.py
other coop_hostile.py
finish
