#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Site-to-site IPsec with strongSwan. Its kernel-libipsec does ESP in the
# program, in UDP only, so every SA is one of NAT traversal; charon invents a
# NAT (`encap`) where there is none. In the second half a real one is between.
#
#	h1 172.16.2.10 - gm1 192.168.2.2 - core - peer 192.168.8.8, charon,
#						    172.16.8.1 inside
#	core, as a NAT: peer2 192.168.9.9 shows itself as 192.168.2.254, then
#	gm1 to peer2 as 192.168.9.254
#
# core has no route to 172.16.8.0/24: what arrives there came through the
# tunnel.
. "$(dirname "$0")/lib.sh"
. "$here/swan.sh"
need_program swanctl $charon nft conntrack tcpdump tshark

lab_copy
site <<'EOT'
crypto isakmp key INTEROP_KEY address 192.168.9.9
crypto isakmp key INTEROP_KEY address 192.168.2.254
crypto isakmp keepalive 10 2 periodic
!
ip access-list extended BACK
 permit ip 172.16.2.0 0.0.0.255 172.16.10.0 0.0.0.255
!
crypto dynamic-map ANYBODY 10
 set transform-set AES128
!
crypto map S2S 15 ipsec-isakmp
 set peer 192.168.9.9
 set transform-set AES128
 match address BACK
crypto map S2S 20 ipsec-isakmp dynamic ANYBODY
EOT

# conn NAME LOCAL REMOTE IKE ESP TRAFFIC [ID [REMOTE ID]]
conn() {
	cat <<EOT
connections {
  $1 {
    version = 1
    local_addrs = $2
    remote_addrs = $3
    proposals = $4
    encap = yes
    keyingtries = 1
    local { auth = psk
      id = ${7:-$2} }
    remote { auth = psk
      id = ${8:-$3} }
    children {
      $1 {
        local_ts = $6
        remote_ts = 172.16.2.0/24
        esp_proposals = $5
      }
    }
  }
}
EOT
}

swan() { # swan NODE
	charon_start "$1" 'random nonce aes sha1 sha2 hmac kdf gmp openssl
	    kernel-libipsec kernel-netlink socket-default vici updown'
}

ping_from() { # ping_from NODE SOURCE DESTINATION COUNT
	node "$1" ping -q -i 0.2 -W 2 -c "$4" -I "$2" "$3"
}

all_back() { # the same, none is lost
	ping_from "$@" >"$tmp/pinged"
	grep -q ' 0% packet loss' "$tmp/pinged" && return 0
	cat "$tmp/pinged"
	return 1
}

# Between routers the file holds ESP in UDP and ISAKMP, nothing else.
only_esp() { # only_esp TAG
	tshark -r "$tmp/$1.pcap" -Y 'ip && !(udp.port == 500) && !(udp.port == 4500)' \
	    2>/dev/null >"$tmp/clear"
	tshark -r "$tmp/$1.pcap" -Y 'udpencap && esp' 2>/dev/null >"$tmp/esp"
	[ ! -s "$tmp/clear" ] && [ "$(wc -l <"$tmp/esp")" -ge 10 ] && return 0
	cat "$tmp/clear" "$tmp/esp"
	return 1
}

up() { # gm1 has an established SA, with a NAT somewhere
	shows gm1 'show crypto isakmp sa' 'QM_IDLE +[0-9]+ ACTIVE' &&
	    shows gm1 'show crypto isakmp sa detail' "$1.* D?N"
}

listens() { # listens NODE PORT
	node "$1" ss -lun | grep -q ":$2 "
}

inside='172.16.8.1'
suite=aes128-sha1-modp2048

lab_up
node peer ip addr add $inside/24 dev lo
node peer2 ip addr add 172.16.9.1/24 dev lo
node peer2 ip addr add 172.16.10.1/24 dev lo
check 'the router listens on 500' wait_for 10 listens gm1 500
check 'and on 4500' listens gm1 4500
check 'a key server that only does GDOI does not' not listens ks 500
check 'charon starts' swan peer
conn s2s 192.168.8.8 192.168.2.2 $suite $suite 172.16.8.0/24 >"$tmp/conns"
check 'its connection loads' load peer INTEROP_KEY <"$tmp/conns"

# ---- charon begins
check 'capture' capture first core eth2 'not arp'
check 'charon brings it up' ctl peer --initiate --child s2s
check 'the router says that it has no other' grep -q \
    'parsed ID_PROT response .*N(INITIAL_CONTACT)' "$tmp/charon.peer/log"
check 'the router has the SA, and knows of the NAT' up 192.168.8.8
check 'it answers at port 4500' shows gm1 'show crypto isakmp peers' \
    'Peer: 192\.168\.8\.8 Port: 4500'
check 'the SA of ESP is in UDP' shows gm1 'show crypto ipsec sa' \
    'Tunnel UDP-Encaps'
check 'pings from charon to the host' all_back peer $inside 172.16.2.10 5
check 'pings from the host to charon' all_back h1 172.16.2.10 $inside 5
capture_stop first
check 'nothing was in clear' only_esp first
check 'show crypto session' shows gm1 'show crypto session' 'UP-ACTIVE'
check 'charon deletes it' ctl peer --terminate --ike s2s
check 'it is gone at the router' wait_for 5 gone

# ---- the router begins
check 'capture' capture second core eth2 'not arp'
check 'the first packet brings it up' wait_for 20 \
    ping_from h1 172.16.2.10 $inside 1
check 'then all are answered' all_back h1 172.16.2.10 $inside 5
check 'and those of charon' all_back peer $inside 172.16.2.10 5
check 'the router has the SA' up 192.168.8.8
capture_stop second
check 'nothing was in clear' only_esp second
check 'clear crypto session' rexec gm1 'clear crypto session'
charon_has_none() {
	[ -z "$(ctl peer --list-sas)" ]
}
check 'charon is told' wait_for 5 charon_has_none

# ---- rekeys while packets travel
check 'up again' wait_for 20 all_back h1 172.16.2.10 $inside 2
rekeyed() {
	ctl peer --rekey --child s2s
}
node h1 ping -q -i 0.05 -c 200 $inside >"$tmp/long" 2>&1 &
long=$!
check 'charon changes the keys' rekeyed
check 'charon changes those of phase 1' ctl peer --rekey --ike s2s
wait "$long"
check 'no packet is lost' grep -q ' 0% packet loss' "$tmp/long"
check 'the router changes the keys, too' rexec gm1 'configure terminal' \
    'crypto map S2S 10' 'set security-association lifetime seconds 120' end
check 'up again' wait_for 20 all_back h1 172.16.2.10 $inside 2
spi_now() {
	rexec gm1 'show crypto ipsec sa peer 192.168.8.8' |
	    sed -n 's/.*current outbound spi: //p' | grep -v '^0x0('
}
spi=$(spi_now)
node h1 ping -q -i 0.1 -c 1000 $inside >"$tmp/long" 2>&1 &
long=$!
changed() {
	[ -n "$(spi_now)" ] && [ "$(spi_now)" != "$spi" ]
}
check 'it does' wait_for 110 changed
kill -INT "$long"
wait "$long"
check 'no packet is lost' grep -q ' 0% packet loss' "$tmp/long"
check 'clear crypto sa' rexec gm1 'clear crypto sa'
check 'and it comes up again' wait_for 20 all_back h1 172.16.2.10 $inside 2

# ---- one side has lost its SAs
children() { # N, of charon
	[ "$(ctl peer --list-sas | grep -c INSTALLED)" -eq "$1" ]
}
ikes() { # N, of charon
	[ "$(ctl peer --list-sas | grep -c ESTABLISHED)" -eq "$1" ]
}
# charon takes the end of phase 1 for the end of all, and does not say so
check 'clear crypto isakmp' rexec gm1 'clear crypto isakmp'
check 'charon has lost its SAs' wait_for 5 children 0
check 'the router finds out, and makes others' wait_for 30 \
    all_back h1 172.16.2.10 $inside 2
check 'charon has one again' children 1
# the router has lost its own, and charon is not told
check 'charon is cut off' node core nft -f - <<'EOT'
table ip cut {
	chain forward {
		type filter hook forward priority 0;
		ip saddr 192.168.2.2 drop
	}
}
EOT
check 'clear crypto session' rexec gm1 'clear crypto session'
check 'charon is no longer' node core nft delete table ip cut
check 'charon still has its own' children 1
check 'the router brings it up' wait_for 20 \
    all_back h1 172.16.2.10 $inside 2
check 'INITIAL-CONTACT is heard' grep -q \
    'destroying duplicate IKE_SA .* INITIAL_CONTACT' "$tmp/charon.peer/log"
check 'charon has nothing else' wait_for 10 children 1
check '... of phase 1 neither' ikes 1

# ---- charon dies
check 'charon is killed' kill -9 "$charon_peer"
check 'the router finds it dead' wait_for 60 gone
rm -f "$tmp/charon.peer/vici" "$tmp/charon.peer/run/charon.pid"
check 'charon starts again' swan peer
check 'its connection loads' load peer INTEROP_KEY <"$tmp/conns"
check 'the router brings it up again' wait_for 30 \
    all_back h1 172.16.2.10 $inside 2
check 'charon is killed' kill -9 "$charon_peer"
rm -f "$tmp/charon.peer/vici" "$tmp/charon.peer/run/charon.pid"
check 'charon starts again' swan peer
check 'its connection loads' load peer INTEROP_KEY <"$tmp/conns"
check 'charon brings it up before the router knows' \
    ctl peer --initiate --child s2s
check 'what the router had is gone at once' one_phase1
check '... and not sent with' all_back h1 172.16.2.10 $inside 5

# ---- a suite that the router has not
conn odd 192.168.8.8 192.168.2.2 $suite aes192-sha512 172.16.8.0/24 \
    >"$tmp/odd"
check 'another connection' load peer INTEROP_KEY <"$tmp/odd"
check 'a transform that the router has not: refused' \
    not ctl peer --initiate --child odd
check 'with NO-PROPOSAL-CHOSEN' grep -q 'received NO_PROPOSAL_CHOSEN' \
    "$tmp/charon.peer/log"

# ---- a real NAT: peer2 behind core, to the dynamic map
node core nft -f - <<'EOT'
table ip nat {
	chain post {
		type nat hook postrouting priority srcnat;
		oifname eth2 ip saddr 192.168.9.9 masquerade random
	}
}
EOT
check 'charon starts behind a NAT' swan peer2
conn nat 192.168.9.9 192.168.2.2 $suite aes128-sha1 172.16.9.0/24 \
    >"$tmp/conns2"
sed -i '/encap = yes/d' "$tmp/conns2"
check 'its connection loads' load peer2 INTEROP_KEY <"$tmp/conns2"
check 'capture' capture third core eth2 'not arp'
check 'it comes up' ctl peer2 --initiate --child nat
check 'the router knows it by the address of the NAT' \
    up '192\.168\.2\.254'
check 'pings from behind the NAT' all_back peer2 172.16.9.1 172.16.2.10 5
check 'pings to it' all_back h1 172.16.2.10 172.16.9.1 5
capture_stop third
check 'nothing was in clear' only_esp third
# The NAT forgets, and gives charon another port when it speaks again. Only the
# router asks whether its peer lives, at the new port.
port_now() {
	rexec gm1 'show crypto isakmp peers' |
	    sed -n 's/^Peer: 192\.168\.2\.254 Port: \([0-9]*\) .*/\1/p'
}
port=$(port_now)
moved() {
	[ -n "$(port_now)" ] && [ "$(port_now)" != "$port" ]
}
check 'the NAT forgets' node core conntrack -F
check 'pings from behind it' all_back peer2 172.16.9.1 172.16.2.10 3
check 'key management follows' wait_for 10 moved
check 'pings to it' all_back h1 172.16.2.10 172.16.9.1 5
asked() {
	[ "$(grep -c 'parsed INFORMATIONAL_V1 request.*DPD' \
	    "$tmp/charon.peer2/log")" -gt "$asked_before" ]
}
asked_before=$(grep -c 'parsed INFORMATIONAL_V1 request.*DPD' \
    "$tmp/charon.peer2/log")
check 'it is asked there' wait_for 30 asked
check '... and not dead' all_back h1 172.16.2.10 172.16.9.1 2
check 'charon deletes it' ctl peer2 --terminate --ike nat

# ---- the router itself is behind one, to charon
node core nft add rule ip nat post oifname eth5 ip saddr 192.168.2.2 \
    masquerade random
conn back 192.168.9.9 192.168.9.254 $suite aes128-sha1 172.16.10.0/24 \
    192.168.9.9 192.168.2.2 | sed '/encap = yes/d' >"$tmp/back"
check 'another connection' load peer2 INTEROP_KEY <"$tmp/back"
check 'keepalives are wanted' rexec gm1 'configure terminal' \
    'crypto isakmp nat keepalive 5' end
check 'capture' capture fourth core eth2 'not arp'
check 'the first packets bring it up' wait_for 20 \
    ping_from h1 172.16.2.10 172.16.10.1 1
check 'then all are answered' all_back h1 172.16.2.10 172.16.10.1 5
check 'and those of charon' all_back peer2 172.16.10.1 172.16.2.10 5
check 'charon sees the NAT' grep -q 'remote host is behind NAT' \
    "$tmp/charon.peer2/log"
check 'the router sees it too' up 192.168.9.9
kept() { # two octets 0xff so far
	[ "$(tshark -r "$tmp/fourth.pcap" -Y udpencap.nat_keepalive \
	    2>/dev/null | wc -l)" -ge 2 ]
}
check 'the router keeps the entry of the NAT' wait_for 20 kept
capture_stop fourth
check 'nothing was in clear' only_esp fourth

# ---- no map any more
check 'the map leaves the interface' rexec gm1 'configure terminal' \
    'interface GigabitEthernet0/1' 'no crypto map' end
peer2_has_none() {
	[ -z "$(ctl peer2 --list-sas)" ]
}
check 'charon is told' wait_for 5 peer2_has_none
check 'the router does not listen on 500' wait_for 5 not listens gm1 500
check 'nor on 4500' not listens gm1 4500
finish
