#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# ike-scan against the key server on UDP 848.
#
#	peer (ike-scan) - core - ks
. "$(dirname "$0")/lib.sh"
need_program ike-scan psk-crack tcpdump
lab_copy
lab_up

scan() { # one request from port 848 to port 848
	node peer ike-scan --retry=1 --timeout=1500 --sport=848 --dport=848 \
	    "$@" 192.168.1.1 >"$tmp/scan" 2>&1
	cat "$tmp/scan"
}

answers() { # answers ERE IKE-SCAN-ARGUMENTS...
	_want=$1
	shift
	scan "$@" | grep -Eq -- "$_want" && return 0
	cat "$tmp/scan"
	return 1
}

silent() {
	answers ' 0 returned handshake; 0 returned notify' "$@"
}

trans() { # trans CIPHER[/BITS],HASH,AUTH,GROUP WANT
	check "transform $1: $2" answers "$2" --trans="$1"
}

# what the configuration has
trans 7/128,2,1,14 'Main Mode Handshake'
trans 7/256,4,1,14 'Main Mode Handshake'
trans 7/128,2,1,5 'Main Mode Handshake'
trans 5,1,1,2 'Main Mode Handshake'
trans 7/256,5,1,20 'Main Mode Handshake'
trans 7/192,6,1,16 'Main Mode Handshake'
# one number of each kind away from it
for t in 7/128,2,1,2 7/128,1,1,14 7/192,2,1,14 1,1,1,2 5,2,1,2 7/128,2,3,14 \
    7/128,2,65001,14 8/128,2,1,14 7,2,1,14 7/128,2,1,1 7/128,9,1,14; do
	trans $t 'NO-PROPOSAL-CHOSEN'
done
check 'of two transforms, the one that fits is returned' answers \
    'Handshake.*Enc=AES.*Hash=SHA1.*modp2048.*KeyLength=128' \
    --trans=1,1,1,1 --trans=7/128,2,1,14
check 'its lifetime is returned as offered' answers \
    'LifeDuration.4.=0x000010e1' --lifetime=4321 --trans=7/128,2,1,14

# DOI 2 of RFC 6407, DOI 1 of IPsec, others
check 'DOI 2, situation 0' answers 'Main Mode Handshake' --doi=2 \
    --situation=0 --trans=7/128,2,1,14
check 'DOI 1, situation 1' answers 'Main Mode Handshake' --doi=1 \
    --situation=1 --trans=7/128,2,1,14
for doi in 0 3 4294967295; do
	check "DOI $doi has no handshake" answers ' 0 returned handshake' \
	    --doi=$doi --trans=7/128,2,1,14
done

# aggressive mode would send a hash of the key to anybody
check 'aggressive mode: no handshake' answers ' 0 returned handshake' \
    --aggressive --id=GETVPN --dhgroup=14 --trans=7/128,2,1,14
scan --aggressive --id=GETVPN --dhgroup=14 --trans=7/128,2,1,14 \
    --pskcrack="$tmp/psk" >/dev/null
check 'no file of hashes was written' [ ! -s "$tmp/psk" ]
check 'IKEv2 is not answered with a handshake' \
    answers ' 0 returned handshake' --ikev2
check 'vendor identifiers of strangers are not told' \
    answers 'Main Mode Handshake' --trans=7/128,2,1,14
check 'there is no VID in the answer' not grep -q 'VID=' "$tmp/scan"

# odd headers and lengths are not answered, or not with a handshake
check 'header version 3.0' answers ' 0 returned handshake' \
    --headerver=0x30 --trans=7/128,2,1,14
check 'a header length of 4000000000' silent --headerlen=4000000000 \
    --trans=7/128,2,1,14
check 'exchange type 99' answers ' 0 returned handshake' --exchange=99 \
    --trans=7/128,2,1,14
check 'protocol 7' answers ' 0 returned handshake' --protocol=7 \
    --trans=7/128,2,1,14
check 'message ID in main mode' answers ' 0 returned handshake' --mbz=99 \
    --hdrmsgid=7 --trans=7/128,2,1,14

# the same request twice: the same answer, and never a longer one
capture sizes peer eth1 'udp port 848'
for c in 1111111111111111 2222222222222222; do
	scan --cookie=$c --trans=7/128,2,1,14 >/dev/null
	cp "$tmp/scan" "$tmp/scan.$c"
done
scan --trans=5,2,1,2 >/dev/null
scan --vendor=4a131c81070358455c5728f20e95452f --trans=7/128,2,1,14 >/dev/null
scan --vendor=afcad71368a1f1c96b8696fc77570100 --trans=7/128,2,1,14 >/dev/null
capture_stop sizes
for c in 1111111111111111 2222222222222222; do
	sed -n 's/CKY-R=[0-9a-f]*//; /Handshake/p' "$tmp/scan.$c" \
	    >"$tmp/same.$c"
done
check 'equal requests, equal answers but for the cookie' \
    cmp "$tmp/same.1111111111111111" "$tmp/same.2222222222222222"
sizes() {
	tcpdump -n -v -r "$tmp/sizes.pcap" 2>/dev/null |
	    sed -n 's/.*proto UDP (17), length \([0-9]*\).*/\1/p' >"$tmp/sizes"
	[ "$(wc -l <"$tmp/sizes")" -eq 10 ] || { cat "$tmp/sizes"; return 1; }
	paste -d' ' - - <"$tmp/sizes" | awk '
	$2 > $1 { print "request " $1 ", answer " $2; bad = 1 }
	END { exit bad }'
}
check 'no answer is longer than its request' sizes
check 'the key server still serves its members' \
    wait_for 40 registered gm1

# ... until the operator wants it; then the hash of the answer is a good one
configure() {
	rexec ks 'configure terminal' "$@" end
}
check 'the key server is told to allow aggressive mode' \
    configure 'no crypto isakmp aggressive-mode disable'
check 'aggressive mode: a handshake' answers '1 returned handshake' \
    --aggressive --id=GETVPN --dhgroup=14 --trans=7/128,2,1,14
check 'its group must be that of the public value' \
    answers ' 0 returned handshake' --aggressive --id=GETVPN --dhgroup=2 \
    --trans=7/128,2,1,14
scan --aggressive --id=GETVPN --dhgroup=14 --trans=7/128,2,1,14 \
    --pskcrack="$tmp/psk" >/dev/null
printf 'NOT_IT\nINTEROP_KEY\n' >"$tmp/words"
cracked() {
	psk-crack -d "$tmp/words" "$tmp/psk" >"$tmp/cracked" 2>&1
	grep -q 'key "INTEROP_KEY" matches' "$tmp/cracked" && return 0
	cat "$tmp/cracked"
	return 1
}
check 'psk-crack finds the key in it (so why it is off)' cracked
check 'and off it is again' configure 'crypto isakmp aggressive-mode disable'
check 'aggressive mode: no handshake' answers ' 0 returned handshake' \
    --aggressive --id=GETVPN --dhgroup=14 --trans=7/128,2,1,14
check 'the log says how to allow it' shows ks 'show logging' \
    'IKMP_AG_MODE_DISABLED: .*192\.168\.8\.8.*no crypto isakmp aggressive'
finish
