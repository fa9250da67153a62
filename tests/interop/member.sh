#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A group member written from the RFCs (gdoi_member.py) in a group of ours:
# registers, reads the ESP of the others, talks to them, is rekeyed.
#
#   h1 - gm1 - core - gm2 - h2
#         ks - core - peer (python)
. "$(dirname "$0")/lib.sh"
need_program "$python" tcpdump
"$python" -c 'import cryptography, scapy' 2>/dev/null ||
    { echo 'skipped: no python3-cryptography, python3-scapy'; exit 77; }

tally "$python" "$here/gdoi_selftest.py" "$here/../vectors"
lab_copy
lab_up
for n in 1 2; do
	check "GM$n is registered" wait_for 40 registered "gm$n"
done

member() {
	_c=$1
	shift
	tally node peer "$python" "$here/gdoi_member.py" "$_c" "$@"
}

member refused 192.168.1.1 192.168.8.8 INTEROP_KEY 999 aes128-sha1-14
check 'the key server has not taken it as a member' \
    not shows ks 'show crypto gdoi ks members' '192\.168\.8\.8'
check 'and has logged the identity' logged ks 1 '192\.168\.8\.8.*999'
for suite in aes256-sha256-14 aes128-sha1-5 3des-md5-2 aes192-sha512-16; do
	member register "$tmp/state" 192.168.1.1 192.168.8.8 INTEROP_KEY \
	    4242 $suite
done
member register "$tmp/state" 192.168.1.1 192.168.8.8 INTEROP_KEY 4242 \
    aes128-sha1-14 1
member register "$tmp/state" 192.168.1.1 192.168.8.8 INTEROP_KEY 4242 \
    aes128-sha1-14 2
check 'the key server has it as a member' \
    shows ks 'show crypto gdoi ks members' 'Group Member ID +: 192\.168\.8\.8'

# (a) what two members of ours say to each other
capture esp core eth2 'esp'
capture clear h2 eth1 'icmp'
check 'h1 pings h2' node h1 ping -n -q -c 4 -i 0.2 -s 300 -W 2 172.16.3.10
check 'with the largest payload of one packet, too' \
    node h1 ping -n -q -c 2 -i 0.2 -s 1410 -W 2 172.16.3.10
capture_stop esp
capture_stop clear
member decrypt "$tmp/state" "$tmp/esp.pcap" "$tmp/clear.pcap"

# (b) a member of ours takes our ESP and answers
member ping "$tmp/state" 192.168.8.8 172.16.2.10
member ping "$tmp/state" 192.168.8.8 172.16.3.10

# (c) PUSH and ACK
node peer "$python" "$here/gdoi_member.py" push "$tmp/state" 192.168.8.8 \
    >"$tmp/push" 2>&1 &
push=$!
jobs_started="$jobs_started $push"
listening() {
	node peer ss -H -l -n -u 'sport = :848' | grep -q .
}
check 'the member listens on 848' wait_for 10 listening
check 'the key server is told to rekey' rexec ks 'crypto gdoi ks rekey'
wait "$push"
tally cat "$tmp/push"
value() { # value ADDRESS 'LABEL'
	rexec ks 'show crypto gdoi ks members' | awk -v m="$1" -v l="$2" '
	/Group Member ID/ { on = 0; for (i = 1; i <= NF; i++) if ($i == m) on = 1 }
	on && index($0, l) { sub(/.*: */, ""); sub(/ .*/, ""); print; exit }'
}
check 'the key server counts one rekey sent' \
    [ "$(value 192.168.8.8 'Rekeys sent')" = 1 ]
check 'its acknowledgement is counted' \
    [ "$(value 192.168.8.8 'Rekey Acks Rcvd')" = 1 ]
check 'none is missed' [ "$(value 192.168.8.8 'Rekey Acks missed')" = 0 ]
member ping "$tmp/state" 192.168.8.8 172.16.2.10
check 'the log of the key server has no complaint' \
    logged ks 0 'HASH_FAIL|BAD_MESSAGE|KS_BAD'
finish
