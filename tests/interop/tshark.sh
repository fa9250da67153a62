#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tshark reads what we say: phase 1 and the registration of gdoi_member.py
# with its keys (phase 1 with DOI 1, tshark decrypts no other), the ESP of two
# members of ours with the TEK that it was given, and the numbers in the open.
# Its dissector of the SA TEK is not that of RFC 6407 (two octets of length)
# and is not asked.
#
#   h1 - gm1 - core - gm2 - h2
#         ks - core - peer (python)
. "$(dirname "$0")/lib.sh"
need_program "$python" tshark tcpdump
"$python" -c 'import cryptography, scapy' 2>/dev/null ||
    { echo 'skipped: no python3-cryptography, python3-scapy'; exit 77; }
lab_copy
lab_up
check 'GM1 is registered' wait_for 40 registered gm1
check 'GM2 is registered' wait_for 40 registered gm2
# each packet once: a repeated one would be decrypted with the next IV
capture all core any 'inbound and (udp port 848 or esp)'
tally node peer "$python" "$here/gdoi_member.py" register "$tmp/state" \
    192.168.1.1 192.168.8.8 INTEROP_KEY 4242 aes256-sha256-14 1
check 'h1 pings h2' node h1 ping -n -q -c 3 -i 0.2 -W 2 172.16.3.10
check 'a rekey is sent' rexec ks 'crypto gdoi ks rekey'
acked() { # by both
	[ "$(rexec ks 'show crypto gdoi ks members' |
	    grep -Ec 'Rekey Acks Rcvd +: [1-9]')" -eq 2 ]
}
check 'it arrives' wait_for 20 acked
capture_stop all

state() { # state EXPRESSION: of the keys that our member was given
	"$python" -c "import json,sys
s = json.load(open(sys.argv[1]))
print($1)" "$tmp/state"
}

read_pcap() { # read_pcap FILTER FIELD...
	_f=$1
	shift
	for _field; do
		set -- "$@" -e "$_field"
		shift
	done
	HOME=$tmp tshark -n -r "$tmp/all.pcap" -d udp.port==848,isakmp \
	    -o "uat:ikev1_decryption_table:$(state 's["icookie"]+","+s["phase1"]')" \
	    -o esp.enable_encryption_decode:TRUE \
	    -o esp.enable_authentication_check:TRUE \
	    -o "uat:esp_sa:\"IPv4\",\"*\",\"*\",\"$(state '"0x%08x" % s["sats"][0]["spi"]')\",\"AES-CBC [RFC3602]\",\"$(state '"0x"+s["teks"][str(s["sats"][0]["spi"])]["key"]')\",\"HMAC-SHA-1-96 [RFC2404]\",\"$(state '"0x"+s["teks"][str(s["sats"][0]["spi"])]["auth"]')\"" \
	    -Y "$_f" -T fields "$@" 2>"$tmp/tshark.err"
}

lines() { # lines N FILTER FIELD...: at least N packets, shown if not
	_want=$1
	shift
	read_pcap "$@" >"$tmp/fields"
	[ "$(wc -l <"$tmp/fields")" -ge "$_want" ] && return 0
	cat "$tmp/fields" "$tmp/tshark.err"
	return 1
}
mine="isakmp.ispi == $(state '":".join(s["icookie"][i:i+2] for i in range(0,16,2))')"

check 'six messages of main mode' \
    lines 6 "$mine && isakmp.exchangetype == 2" isakmp.length
check 'message 2: one transform, AES-CBC 256, SHA2-256, group 14, PSK' \
    lines 1 "$mine && isakmp.exchangetype == 2 && ip.src == 192.168.1.1 && isakmp.ike.attr.encryption_algorithm == 7 && isakmp.ike.attr.hash_algorithm == 4 && isakmp.ike.attr.group_description == 14 && isakmp.ike.attr.key_length == 256 && isakmp.ike.attr.authentication_method == 1" frame.number
check 'message 6 decrypts: the identity is 192.168.1.1' \
    lines 1 "$mine && isakmp.exchangetype == 2 && isakmp.flag_e == 1 && isakmp.id.data.ipv4_addr == 192.168.1.1" frame.number
check 'message 4 of the PULL decrypts: SEQ and KD' \
    lines 1 "$mine && isakmp.exchangetype == 32 && ip.src == 192.168.1.1 && isakmp.typepayload == 17 && isakmp.typepayload == 18" frame.number
check 'none of them is malformed' \
    not lines 1 "_ws.malformed && $mine && isakmp.exchangetype == 2" frame.number
check 'PUSH: exchange 33, message ID 0, encrypted' \
    lines 2 'isakmp.exchangetype == 33 && isakmp.messageid == 0 && isakmp.flag_e == 1 && isakmp.nextpayload == 18' frame.number
check 'ACK: exchange 35, clear, HASH first' \
    lines 2 'isakmp.exchangetype == 35 && isakmp.flag_e == 0 && isakmp.nextpayload == 8' frame.number
check 'ESP of the members decrypts: echo and its answer, ICV good' \
    lines 6 'esp.icv_good == 1 && icmp && (icmp.type == 8 || icmp.type == 0)' frame.number
check 'no ESP packet with a bad ICV' \
    not lines 1 'esp.icv_bad == 1' frame.number
finish
