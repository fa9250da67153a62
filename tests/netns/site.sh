#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# SAs between two routers, through processes and the kernel: first packets
# bring them up, big ones and small ones cross, a capture in the core sees
# nothing of the sites in clear, from before the first SA to behind the last:
# not while ike or fwd is killed, not when the other side is gone. In the end
# the core is a NAT.
#
#	h1 - r1 --- core --- r2 - h2		10.1.1.10, 10.2.2.10
#
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"

mkdir "$tmp/lab"

router() { # router NAME NEAR-NET NEAR-WAN FAR-NET FAR-WAN
	cat <<EOT
hostname $1
crypto isakmp policy 10
 encryption aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key SITES address $5
crypto isakmp keepalive 10
crypto ipsec transform-set SET esp-aes 256 esp-sha256-hmac
 mode tunnel
ip access-list extended VPN
 permit ip $2.0 0.0.0.255 $4.0 0.0.0.255
crypto map CM 10 ipsec-isakmp
 set peer $5
 set transform-set SET
 match address VPN
interface GigabitEthernet0/1
 ip address $3 255.255.255.0
 crypto map CM
 no shutdown
interface GigabitEthernet0/2
 ip address $2.1 255.255.255.0
 no shutdown
ip route 0.0.0.0 0.0.0.0 ${3%.*}.254
EOT
}

router R1 10.1.1 192.0.2.1 10.2.2 198.51.100.1 >"$tmp/lab/r1.cfg"
router R2 10.2.2 198.51.100.1 10.1.1 192.0.2.1 >"$tmp/lab/r2.cfg"
cat >"$tmp/lab/lab.clab.yml" <<'EOT'
name: site
topology:
  nodes:
    r1:
      kind: linux
      image: cohort
      binds:
        - r1.cfg:/etc/cohort/startup-config
    r2:
      kind: linux
      image: cohort
      binds:
        - r2.cfg:/etc/cohort/startup-config
    core:
      kind: linux
      image: alpine:3
      exec:
        - sysctl -w net.ipv4.ip_forward=1
        - ip addr add 192.0.2.254/24 dev eth1
        - ip addr add 198.51.100.254/24 dev eth2
        - ip route add 10.1.1.0/24 via 192.0.2.1
        - ip route add 10.2.2.0/24 via 198.51.100.1
    h1:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 10.1.1.10/24 dev eth1
        - ip route replace default via 10.1.1.1
    h2:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 10.2.2.10/24 dev eth1
        - ip route replace default via 10.2.2.1
  links:
    - endpoints: ["r1:eth1", "core:eth1"]
    - endpoints: ["r2:eth1", "core:eth2"]
    - endpoints: ["r1:eth2", "h1:eth1"]
    - endpoints: ["r2:eth2", "h2:eth1"]
EOT

lab=$tmp/lab
host() { # host NODE COMMAND
	"$COHORT" lab shell "$lab" "$@"
}

# What h1 has heard of path MTUs it forgets first.
pings() { # pings COUNT OPTION...: all of them answered
	_n=$1
	shift
	host h1 "ip route flush cache
	    ping -n -c $_n -i 0.2 -W 2 $* 10.2.2.10" >"$tmp/ping" 2>&1
	grep -q " $_n received" "$tmp/ping" && return
	cat "$tmp/ping"
	return 1
}

too_big() { # too_big SIZE FITS: h1 is told how much fits
	! pings 1 -M "do" -s $(($1 - 28)) &&
	    grep -q "mtu *= *$2\\b" "$tmp/ping" && return
	cat "$tmp/ping"
	return 1
}

spi_out() { # spi_out ROUTER
	node "$1" 'show crypto ipsec sa' |
	    sed -n 's/.*current outbound spi: \([^(]*\).*/\1/p'
}

peer_dead() { # while somebody sends
	! pings 5 && shows r1 'show logging' 'CRYPTO-5-IKMP_PEER_DEAD'
}

main_of() { # main_of ROUTER: its first process
	sed 's/ .*//' "$tmp/run/site/pid/$1"
}

another() { # another ROUTER KIND OLD-PID
	_is=$(kid "$(main_of "$1")" "$2")
	[ -n "$_is" ] && [ "$_is" != "$3" ]
}

kills() { # kills ROUTER KIND: and it is there again
	_old=$(kid "$(main_of "$1")" "$2")
	kill -9 "$_old"
	wait_for 10 another "$1" "$2" "$_old"
}

clear_seen() { # what the core saw of the sites but as ESP
	tcpdump -n -r "$tmp/core.pcap" 'net 10.0.0.0/8' 2>/dev/null |
	    head -n 5 | grep .
}

capture() { # the witness, from now on
	host core "exec tcpdump --immediate-mode -U -n -i any -w '$tmp/core.pcap' ip \
	    2>'$tmp/core.err' &
	    echo \$!" >"$tmp/core.pid"
	wait_for 10 grep -q 'listening on' "$tmp/core.err"
}

capture_end() {
	tcpdump_end "$(tail -n 1 "$tmp/core.pid")" "$tmp/core.err" || return
	: >"$tmp/core.pid"
}

ending() {
	[ -s "$tmp/core.pid" ] && kill "$(tail -n 1 "$tmp/core.pid")"
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$tmp/lab"
[ "$failed" -eq 0 ] || finish
check 'the core is watched' capture
check 'a flow without SAs is shown' shows r1 'show crypto ipsec sa' \
    'current outbound spi: 0x0\(0\)'
check 'the first packets bring SAs up' wait_for 20 pings 2
check 'no packet is lost then' pings 20
check 'of 1438 octets, with DF' pings 3 -M "do" -s 1410
check 'of one more: the router says how many fit' too_big 1439 1438
check 'of 3000, in pieces' pings 3 -M dont -s 2972
check 'both ways are shown' shows r1 'show crypto ipsec sa' \
    'remote crypto endpt.: 198.51.100.1$'
check 'the session counts' wait_for 5 shows r1 'show crypto session detail' \
    "^        Outbound: #pkts enc'ed [1-9][0-9]* drop [0-9]+ life \(KB/Sec\) 460[0-9]{4}/3[0-9]{3}\$"
check 'both ways' grep -qE "Inbound:  #pkts dec'ed [1-9]" "$tmp/shown"
check 'with numbers' wait_for 5 shows r2 'show crypto ipsec sa' \
    '#pkts decaps: [1-9][0-9]*, #pkts decrypt: [1-9]'
check 'and the matches of the list' wait_for 5 shows r1 'show access-lists VPN' \
    '^    10 permit ip 10\.1\.1\.0 .* \([1-9][0-9]+ matches\)$'

check 'SAs for 2560 KB from now on' configure r1 'crypto map CM 10' \
    'set security-association lifetime kilobytes 2560'
check 'r1 starts over' node r1 'clear crypto sa'
check 'with such ones' wait_for 20 pings 2
spi=$(spi_out r1)
check '3.5 MB pass without a loss' pings 2500 -i 0.002 -s 1400
check 'the SAs are others then' not test "$spi" = "$(spi_out r1)"

check 'the core takes 1400 octets from now on' host core \
    'ip link set eth2 mtu 1400'
check 'the first big one is lost, the next ones are told' wait_for 10 \
    too_big 1438 1326
check 'what fits passes' pings 2 -M "do" -s 1298
check 'that is shown' shows r1 'show crypto ipsec sa' \
    'plaintext mtu 1326, path mtu 1400, ip mtu 1500'
check 'and 1500 again' host core 'ip link set eth2 mtu 1500'

check 'r2 goes' configure r2 'interface GigabitEthernet0/1' shutdown
check 'r1 asks whether it lives, as nobody answers' wait_for 90 peer_dead
check 'and has no SAs any more' wait_for 5 shows r1 'show crypto ipsec sa' \
    'current outbound spi: 0x0\(0\)'
check 'r2 is back' configure r2 'interface GigabitEthernet0/1' 'no shutdown'
check 'SAs, too' wait_for 90 pings 2

check 'ike of r1 dies' kills r1 ike
check 'what is there goes on' pings 3
check 'fwd of r1 dies' kills r1 fwd
check 'it comes back' wait_for 30 pings 2
check 'fwd of r2 dies' kills r2 fwd
check 'it comes back, too' wait_for 30 pings 2
check 'all SAs are cleared' node r1 'clear crypto sa'
check 'and made again' wait_for 30 pings 2
check 'r2 goes' configure r2 'interface GigabitEthernet0/1' shutdown
check 'nothing arrives' not pings 2
check 'and what waits for SAs leaves nowhere' node r1 'clear crypto sa'
check 'nothing arrives' not pings 2

check 'r2 is back, and knows r1 by the address of a NAT' configure r2 \
    'interface GigabitEthernet0/1' 'no shutdown' \
    'crypto isakmp key SITES address 198.51.100.254' \
    'crypto map CM 10' 'no set peer 192.0.2.1' 'set peer 198.51.100.254'
check 'the core is one' host core "nft 'table ip nat {
	chain post {
		type nat hook postrouting priority 100;
		ip saddr 192.0.2.1 oifname eth2 meta l4proto udp \
		    masquerade to :40000-50000
	}
}'"
check 'r1 starts over' node r1 'clear crypto isakmp' 'clear crypto sa'
check 'SAs come up through it' wait_for 40 pings 2
check 'in UDP' shows r1 'show crypto ipsec sa' 'Tunnel UDP-Encaps, '
check 'to the port of the NAT' shows r2 'show crypto ipsec sa' \
    'current_peer 198.51.100.254 port 4[0-9]{4}$'
check 'of 1422 octets, with DF' pings 3 -M "do" -s 1394
check 'of one more: the router says how many fit' too_big 1423 1422
check 'of 3000, in pieces' pings 3 -M dont -s 2972

check 'the capture is read to its end' capture_end
check 'the core saw ESP' eval \
    'tcpdump -n -r "$tmp/core.pcap" esp 2>/dev/null | grep -q .'
check 'and of the sites nothing else' not clear_seen
finish
