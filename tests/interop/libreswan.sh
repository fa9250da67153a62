#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Phase 1 and quick mode with libreswan's pluto, both ways. ESP is the kernel's
# there, and a kernel without it is made to say yes (noesp.c): what arrives is
# not decrypted, but its SPI is that of pluto's own SA.
#
#	h1 172.16.2.10 - gm1 192.168.2.2 - core - peer 192.168.8.8, pluto
. "$(dirname "$0")/lib.sh"
. "$here/swan.sh"
# scripts/deps unpacks it: Debian does not install it beside strongSwan
libreswan=${LIBRESWAN:-/usr/local/lib/cohort-test/libreswan}
ipsec=/usr/libexec/ipsec
need_program "$libreswan$ipsec/pluto" certutil tcpdump tshark "${CC:-cc}"
"${CC:-cc}" -shared -fPIC -o "$tmp/noesp.so" "$here/noesp.c" -ldl || exit 1

lab_copy
site </dev/null

d=$tmp/pluto
setup='config setup
	protostack=xfrm
	ikev1-policy=accept'

pluto_start() {
	mkdir -p "$d/run/pluto" "$d/nss" "$d/ipsec.d"
	certutil -N -d "sql:$d/nss" --empty-password
	echo ': PSK "INTEROP_KEY"' >"$d/secrets"
	echo "$setup" >"$d/conf"
	# its programs have a fixed place, its socket is in /run
	nsenter --net="$COHORT_RUN/interop/ns/peer" unshare --mount sh -c \
	    'mount --bind "$2/usr/libexec" /usr/libexec &&
	    mount --bind "$1/run" /run && LD_PRELOAD=$3 exec "$4/pluto" \
	    --config "$1/conf" --nofork --logfile "$1/log" \
	    --nssdir "$1/nss" --secretsfile "$1/secrets" \
	    --ipsecdir "$1/ipsec.d" --no-dnssec' sh "$d" "$libreswan" \
	    "$tmp/noesp.so" $ipsec >"$d/out" 2>&1 &
	pluto=$!
	jobs_started="$jobs_started $pluto"
	wait_for 15 grep -q 'loading secrets' "$d/log"
}

whack() {
	timeout ${patience:-20} "$libreswan$ipsec/whack" \
	    --ctlsocket "$d/run/pluto/pluto.ctl" "$@"
}

# conn NAME IKE ESP [LINE]...: replaces the one before
conn() {
	whack --delete --name s2s >/dev/null 2>&1
	cat >"$d/conf" <<EOT
$setup
conn $1
	ikev2=no
	authby=secret
	left=192.168.8.8
	leftsubnet=172.16.8.0/24
	right=192.168.2.2
	rightsubnet=172.16.2.0/24
	ike=$2
	esp=$3
	leftupdown=%disabled
	auto=ignore
EOT
	shift 3
	for _line; do
		printf '\t%s\n' "$_line" >>"$d/conf"
	done
	"$libreswan$ipsec/addconn" --ctlsocket "$d/run/pluto/pluto.ctl" \
	    --config "$d/conf" s2s
}

# begins: pluto does, and both have the SA of the last quick mode
begins() {
	whack --initiate --name s2s >"$tmp/init" 2>&1
	grep -q 'IPsec SA established tunnel mode' "$tmp/init" && return 0
	cat "$tmp/init"
	return 1
}

# spi in|out: of pluto's newest SA, as the router prints it
spi() {
	_s='=>0x\([0-9a-f]*\)'
	[ "$1" = out ] || _s='<0x\([0-9a-f]*\)'
	sed -n "s/.*IPsec SA established.*ESP.*$_s .*/\\1/p" "$d/log" |
	    tail -n 1 | tr a-f A-F | sed 's/^0*//'
}

spis_fit() {
	shows gm1 'show crypto ipsec sa' "spi: 0x0*$(spi in)\(" &&
	    shows gm1 'show crypto ipsec sa' "spi: 0x0*$(spi out)\("
}

# What one receives with the other sends with; pluto has its SA when it sends
# message 3, the router when that has come.
same_spis() {
	wait_for 3 spis_fit
}

established() { # N SAs of ESP in all
	[ "$(grep -c 'IPsec SA established' "$d/log")" -ge "$1" ]
}

refusals() { # N connections in all
	[ "$(sed -n 's/.*"s2s" #\([0-9]*\):.*NO_PROPOSAL_CHOSEN.*/\1/p' \
	    "$d/log" | sort -u | wc -l)" -eq "$1" ]
}

isakmp() {
	shows gm1 'show crypto isakmp sa' \
	    '192\.168\.2\.2 +192\.168\.8\.8 +QM_IDLE +[0-9]+ ACTIVE'
}

pings() { # one packet that wants the tunnel
	node h1 ping -q -W 1 -c 1 172.16.8.1
	return 0
}

# What the router sends has the SPI that pluto receives with.
sends() { # sends FILTER: plain or in UDP
	rm -f "$tmp/esp.err" # of the capture before: capture() waits for it
	capture esp core eth2 'src 192.168.2.2'
	pings >/dev/null 2>&1
	capture_stop esp
	tshark -r "$tmp/esp.pcap" -Y "$1" -T fields -e esp.spi \
	    2>/dev/null | tr a-f A-F >"$tmp/spis"
	grep -q "^0x0*$(spi in)\$" "$tmp/spis" && return 0
	echo "pluto receives with $(spi in)"
	cat "$tmp/spis"
	return 1
}

suite=aes128-sha1-modp2048

lab_up
check 'pluto starts' pluto_start

# ---- pluto begins
check 'its connection loads' conn s2s $suite aes128-sha1
check 'pluto brings up phase 1 and quick mode' begins
check 'the router has the SA of phase 1' isakmp
check 'with the algorithms that were agreed on' shows gm1 \
    'show crypto isakmp sa detail' 'aes +sha +psk +14'
check 'and those of ESP, with the same SPIs' same_spis
check 'what it sends has that of pluto' sends 'esp && !udp'
check 'pluto changes the keys, by another quick mode' begins
check 'there is another SA' wait_for 5 established 2
check 'the router has it' same_spis
check 'and sends with it' wait_for 10 sends 'esp && !udp'
check 'pluto deletes all' whack --terminate --name s2s
check 'it is gone at the router' wait_for 5 gone

# ---- other suites
check 'another suite' conn s2s aes256-sha2_256-modp4096 \
    'aes256-sha2_256;modp2048'
check 'comes up' begins
check 'is that of the router too' wait_for 3 shows gm1 'show crypto ipsec sa' \
    'esp-256-aes esp-sha256-hmac'
check 'with the same SPIs' same_spis
check 'pluto deletes all' whack --terminate --name s2s
check 'another group of PFS than the router wants' \
    conn s2s $suite 'aes128-sha1;modp3072'
patience=4 check 'is refused' not begins
check 'with NO-PROPOSAL-CHOSEN' wait_for 10 refusals 1
check 'pluto deletes all' whack --terminate --name s2s
check 'a transform that the router has not' conn s2s $suite aes192-sha1
patience=4 check 'is refused' not begins
check 'with NO-PROPOSAL-CHOSEN' wait_for 10 refusals 2
check 'pluto deletes all' whack --terminate --name s2s

# ---- NAT traversal: pluto invents a NAT; RFC 3947 and the drafts
for natt in rfc drafts; do
	check "by UDP 4500 ($natt)" conn s2s $suite aes128-sha1 \
	    encapsulation=yes nat-ikev1-method=$natt
	check 'pluto brings it up' begins
	check 'the router talks to port 4500' shows gm1 \
	    'show crypto isakmp peers' 'Peer: 192\.168\.8\.8 Port: 4500'
	check 'the SPIs are the same' same_spis
	check 'the router puts ESP into UDP' sends 'udpencap && esp'
	check 'pluto deletes all' whack --terminate --name s2s
	check 'it is gone at the router' wait_for 5 gone
done

# ---- the router begins
n=$(grep -c 'IPsec SA established' "$d/log")
check 'main mode, no NAT' conn s2s $suite aes256-sha2_256
pings >/dev/null 2>&1
check 'the router brings it up' wait_for 10 established $((n + 1))
check 'the SPIs are the same' same_spis
check 'clear crypto isakmp' rexec gm1 'clear crypto isakmp'
check 'pluto is told' wait_for 5 grep -q \
    'received Delete SA payload: self-deleting ISAKMP' "$d/log"
rexec gm1 'clear crypto sa' >/dev/null 2>&1
check 'with a NAT' conn s2s $suite aes128-sha1 encapsulation=yes
pings >/dev/null 2>&1
check 'the router brings it up' wait_for 20 established $((n + 2))
check 'the router talks to port 4500' shows gm1 \
    'show crypto isakmp peers' 'Peer: 192\.168\.8\.8 Port: 4500'
check 'the SPIs are the same' same_spis
check 'the router puts ESP into UDP' sends 'udpencap && esp'
check 'pluto deletes all' whack --terminate --name s2s
check 'it is gone at the router' wait_for 5 gone

# ---- pluto has lost its SAs, and says so
check 'its connection says so' conn s2s $suite aes128-sha1 initial-contact=yes
check 'pluto brings it up' begins
check 'the SPIs are the same' same_spis
lost=$(spi in)
check 'pluto is killed' kill -9 "$pluto"
rm -rf "$d/run/pluto" "$d/nss" "$d/log"
check 'pluto starts again' pluto_start
check 'its connection loads' conn s2s $suite aes128-sha1 initial-contact=yes
check 'pluto brings it up' begins
check 'the SPIs are the same' same_spis
check 'those of before are gone' not shows gm1 \
    'show crypto ipsec sa' "spi: 0x0*$lost\("
check '... and their phase 1' one_phase1
check 'pluto deletes all' whack --terminate --name s2s
check 'it is gone at the router' wait_for 5 gone

# ---- aggressive mode, unless it is disabled
check 'the router disables it' rexec gm1 'configure terminal' \
    'crypto isakmp aggressive-mode disable' end
check 'aggressive mode is refused' conn s2s $suite aes128-sha1 aggressive=yes
patience=4 check 'pluto does not get through' not begins
whack --terminate --name s2s >/dev/null 2>&1
check 'it is there without a line' rexec gm1 'configure terminal' \
    'default crypto isakmp aggressive-mode disable' end
for encap in no yes; do
	check "aggressive mode (encapsulation=$encap)" conn s2s $suite \
	    aes128-sha1 aggressive=yes encapsulation=$encap
	check 'comes up' begins
	check 'the SPIs are the same' same_spis
	check 'pluto deletes all' whack --terminate --name s2s
	check 'it is gone at the router' wait_for 5 gone
done
finish
