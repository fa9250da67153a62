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

# ks and gm2 are key servers of another group, together.
shared() { # NODE ADDRESS PEER PRIORITY KSSIDS
	rexec "$1" 'configure terminal' 'crypto ipsec transform-set T2 esp-aes' \
	    exit 'crypto ipsec profile P2' 'set transform-set T2' exit \
	    'access-list 102 permit tcp any any' \
	    'crypto gdoi group SHARED' 'identity number 77' 'server local' \
	    "address ipv4 $2" 'sa ipsec 1' 'profile P2' \
	    'match address ipv4 102' 'identifier' "range $5" 'redundancy' \
	    "local priority $4" "peer address ipv4 $3" \
	    'protocol periodic 2' 'protocol timeout 4' 'protocol retransmit 1' \
	    end
}
check 'ks is a key server of another group' shared ks 192.168.1.1 192.168.3.3 9 \
    '1 - 3'
check 'and so is gm2' shared gm2 192.168.3.3 192.168.1.1 8 \
    '4 - 6'
check 'ks is its primary' wait_for 40 shows gm2 \
    'show crypto gdoi group SHARED ks coop' 'Peer KS Role: Primary '
check 'and gm2 its secondary' wait_for 40 shows ks \
    'show crypto gdoi group SHARED ks coop' 'Peer KS Role: Secondary '
tally "$python" "$here/show_formats.py" "$COHORT" "$tmp/lab" ks gm2 coop
finish
