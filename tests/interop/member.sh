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

member() {
	_c=$1
	shift
	tally node peer "$python" "$here/gdoi_member.py" "$_c" "$@"
}

listening() {
	node peer ss -H -l -n -u 'sport = :848' | grep -q .
}

value() { # value 'LABEL': of our member, as the key server counts
	rexec ks 'show crypto gdoi ks members' | awk -v l="$1" '
	/Group Member ID/ { on = 0
		for (i = 1; i <= NF; i++) if ($i == "192.168.8.8") on = 1 }
	on && index($0, l) { sub(/.*: */, ""); sub(/ .*/, ""); print; exit }'
}

# start TRANSFORM-SET KEK SIG-HASH: the lab with these algorithms.
start() {
	echo "      -- $1; KEK $2, $3"
	[ ! -d "$tmp/lab" ] || "$COHORT" lab down "$tmp/lab" >/dev/null 2>&1
	rm -rf "$tmp/lab" "$tmp/state"
	lab_copy
	sed -i -e "s/\(transform-set AES128\) esp.*/\1 $1/" \
	    -e "s/rekey algorithm .*/rekey algorithm $2/" \
	    -e "s/\(rekey sig-hash algorithm\) .*/\1 $3/" "$tmp/lab/ks.cfg"
	lab_up
	for n in 1 2; do
		check "GM$n is registered" wait_for 40 registered "gm$n"
	done
}

join() { # join SUITE [DOI]
	member register "$tmp/state" 192.168.1.1 192.168.8.8 INTEROP_KEY \
	    4242 "$@"
}

# (a) what two members of ours say to each other, (b) we with them
traffic() {
	capture esp core eth2 'esp'
	# a packet socket was seen to miss one: two hosts see each packet
	capture clear1 h1 eth1 'icmp'
	capture clear2 h2 eth1 'icmp'
	check 'h1 pings h2' \
	    node h1 ping -n -q -c 4 -i 0.2 -s 300 -W 2 172.16.3.10
	check 'with the largest payload of one packet, too' \
	    node h1 ping -n -q -c 2 -i 0.2 -s 1400 -W 2 172.16.3.10
	capture_stop esp
	capture_stop clear1
	capture_stop clear2
	member decrypt "$tmp/state" "$tmp/esp.pcap" "$tmp/clear1.pcap" \
	    "$tmp/clear2.pcap"
	member ping "$tmp/state" 192.168.8.8 172.16.2.10
	member ping "$tmp/state" 192.168.8.8 172.16.3.10
}

# (c) PUSH and ACK
rekey() {
	node peer "$python" "$here/gdoi_member.py" push "$tmp/state" \
	    192.168.8.8 >"$tmp/push" 2>&1 &
	push=$!
	jobs_started="$jobs_started $push"
	check 'the member listens on 848' wait_for 10 listening
	check 'the key server is told to rekey' \
	    rexec ks 'crypto gdoi ks rekey'
	wait "$push"
	tally cat "$tmp/push"
	for what in 'Rekeys sent.1' 'Rekey Acks Rcvd.1' 'Rekey Acks missed.0'
	do
		check "the key server counts ${what%.*} ${what##*.}" \
		    [ "$(value "${what%.*}")" = "${what##*.}" ]
	done
	member ping "$tmp/state" 192.168.8.8 172.16.2.10
	check 'the log of the key server has no complaint' \
	    logged ks 0 'HASH_FAIL|BAD_MESSAGE|MODE_FAILURE'
}

tally "$python" "$here/gdoi_selftest.py" "$here/../vectors"

start 'esp-aes esp-sha-hmac' 'aes 128' sha256
member refused 192.168.1.1 192.168.8.8 INTEROP_KEY 999 aes128-sha1-14
check 'the key server has not taken it as a member' \
    not shows ks 'show crypto gdoi ks members' '192\.168\.8\.8'
check 'and has logged the identity' logged ks 1 '192\.168\.8\.8.*999'
for suite in aes256-sha256-14 aes128-sha1-5 3des-md5-2 aes192-sha512-16 \
    aes256-sha384-20 aes128-sha256-19; do
	join $suite
done
join aes128-sha1-14 1
join aes128-sha1-14 2
check 'the key server has it as a member' \
    shows ks 'show crypto gdoi ks members' 'Group Member ID +: 192\.168\.8\.8'
traffic
rekey

start 'esp-aes 256 esp-sha256-hmac' 'aes 256' sha512
join aes128-sha1-14
traffic
rekey

start 'esp-3des esp-md5-hmac' 3des-cbc sha
join aes128-sha1-14
traffic
rekey

start 'esp-gcm 128' 'aes 192' sha384
join aes128-sha1-14
traffic
rekey
finish
