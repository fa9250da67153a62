#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The branch router of seed 004: NAT with an exemption, a group's policy, an
# IPsec peer, GRE under the same crypto map, queues and pre-classify, all on one
# interface, while its configuration changes, its processes die, its links go
# and its address is another one. Two witnesses in the core see everything.
#
#	pc - branch --eth1 core eth2-- hq - srv		192.168.1.10, 192.168.N.10
#	        ks --eth3       eth4-- www
#
# To 192.168.2.0 goes ESP of the group, to 192.168.3.0 ESP of the two routers,
# to 192.168.4.0 GRE in ESP, to www what NAT makes of it.
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"
# Leaks cannot be looked for where there is no /proc (the children).
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

lab=$tmp/lab
mkdir "$lab"
www=203.0.113.9

phase1() {
	cat <<'EOT'
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key BRANCH-SECRET address 0.0.0.0
crypto isakmp keepalive 10 2 periodic
crypto isakmp invalid-spi-recovery
crypto ipsec transform-set TS esp-aes esp-sha-hmac
EOT
}

member() { # member OTHER
	phase1
	cat <<EOT
crypto gdoi group SITES
 identity number 4
 server address ipv4 10.0.9.2
crypto map MAPA 10 gdoi
 set group SITES
crypto map MAPA 20 ipsec-isakmp
 set peer $1
 set transform-set TS
 match address PAIR
 qos pre-classify
crypto map MAPA 30 ipsec-isakmp
 set peer $1
 set transform-set TS
 match address TUNNEL
 qos pre-classify
EOT
}

{
	echo 'hostname BRANCH'
	member 198.51.100.2
	cat <<'EOT'
crypto map MAPA gdoi fail-close
 match address OPEN
 activate
class-map match-any VOICE
 match access-group name VOICE
policy-map QUEUES
 class VOICE
  priority percent 30
policy-map WAN
 class class-default
  shape average 20000000
  service-policy QUEUES
interface Tunnel0
 ip address 10.255.0.1 255.255.255.252
 ip mtu 1320
 qos pre-classify
 tunnel source GigabitEthernet1
 tunnel destination 198.51.100.2
interface GigabitEthernet1
 ip address 192.0.2.2 255.255.255.0
 ip nat outside
 service-policy output WAN
 crypto map MAPA
interface GigabitEthernet2
 ip address 192.168.1.1 255.255.255.0
 ip nat inside
ip nat inside source route-map NAT interface GigabitEthernet1 overload
ip route 0.0.0.0 0.0.0.0 192.0.2.1
ip route 192.168.4.0 255.255.255.0 Tunnel0
ip route 192.168.14.0 255.255.255.0 192.168.1.10
ip access-list extended NAT
 permit ip 192.168.1.0 0.0.0.255 any
ip access-list extended OPEN
 permit ip any 192.168.0.0 0.0.255.255
 deny ip any any
ip access-list extended PAIR
 permit ip 192.168.1.0 0.0.0.255 192.168.3.0 0.0.0.255
ip access-list extended TUNNEL
 permit gre any host 198.51.100.2
ip access-list extended VOICE
 permit udp any any eq 5004
ip access-list extended VPN
 permit ip 192.168.0.0 0.0.255.255 192.168.0.0 0.0.255.255
route-map NAT deny 10
 match ip address VPN
route-map NAT permit 20
 match ip address NAT
end
EOT
} >"$lab/branch.cfg"
{
	echo 'hostname HQ'
	member 192.0.2.2 | sed 's/set peer 192.0.2.2/&\n set peer 192.0.2.3/'
	cat <<'EOT'
interface Tunnel0
 ip address 10.255.0.2 255.255.255.252
 ip mtu 1320
 tunnel source GigabitEthernet1
 tunnel destination 192.0.2.2
interface GigabitEthernet1
 ip address 198.51.100.2 255.255.255.0
 crypto map MAPA
interface GigabitEthernet2
 ip address 192.168.2.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 198.51.100.1
ip route 192.168.14.0 255.255.255.0 Tunnel0
ip route 192.168.3.0 255.255.255.0 192.168.2.10
ip route 192.168.4.0 255.255.255.0 192.168.2.10
ip access-list extended PAIR
 permit ip 192.168.3.0 0.0.0.255 192.168.1.0 0.0.0.255
ip access-list extended TUNNEL
 permit gre host 198.51.100.2 any
end
EOT
} >"$lab/hq.cfg"
{
	echo 'hostname KS'
	phase1
	cat <<'EOT'
crypto ipsec profile P
 set transform-set TS
crypto gdoi group SITES
 identity number 4
 server local
  sa ipsec 1
   profile P
   match address ipv4 POLICY
  address ipv4 10.0.9.2
interface GigabitEthernet1
 ip address 10.0.9.2 255.255.255.0
ip route 0.0.0.0 0.0.0.0 10.0.9.1
ip access-list extended POLICY
 permit ip 192.168.1.0 0.0.0.255 192.168.2.0 0.0.0.255
 permit ip 192.168.2.0 0.0.0.255 192.168.1.0 0.0.0.255
end
EOT
} >"$lab/ks.cfg"
cat >"$lab/lab.clab.yml" <<'EOT'
name: branch
topology:
  nodes:
    branch: {kind: linux, image: cohort, binds: ["branch.cfg:/etc/cohort/startup-config"]}
    hq: {kind: linux, image: cohort, binds: ["hq.cfg:/etc/cohort/startup-config"]}
    ks: {kind: linux, image: cohort, binds: ["ks.cfg:/etc/cohort/startup-config"]}
    core:
      kind: linux
      image: alpine:3
      exec:
        - sysctl -w net.ipv4.ip_forward=1
        - ip addr add 192.0.2.1/24 dev eth1
        - ip addr add 198.51.100.1/24 dev eth2
        - ip addr add 10.0.9.1/24 dev eth3
        - ip addr add 203.0.113.1/24 dev eth4
        - ip route add 192.168.0.0/16 via 198.51.100.2
        - ip route add 192.168.1.0/24 via 192.0.2.2
    pc:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 192.168.1.10/24 dev eth1
        - ip addr add 192.168.14.10/32 dev lo
        - ip route replace default via 192.168.1.1
        - ip route add 192.168.4.0/24 via 192.168.1.1 src 192.168.14.10
    srv:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 192.168.2.10/24 dev eth1
        - ip addr add 192.168.3.10/32 dev lo
        - ip addr add 192.168.4.10/32 dev lo
        - ip route replace default via 192.168.2.1
    www:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 203.0.113.9/24 dev eth1
        - ip route replace default via 203.0.113.1
  links:
    - endpoints: ["branch:eth1", "core:eth1"]
    - endpoints: ["hq:eth1", "core:eth2"]
    - endpoints: ["ks:eth1", "core:eth3"]
    - endpoints: ["www:eth1", "core:eth4"]
    - endpoints: ["branch:eth2", "pc:eth1"]
    - endpoints: ["hq:eth2", "srv:eth1"]
EOT

on() { # on ROUTER COMMAND...
	"$COHORT" lab exec "$lab" "$@"
}

node() { # node NODE COMMAND
	"$COHORT" lab shell "$lab" "$@"
}

shows() { # shows ROUTER COMMAND ERE
	on "$1" "$2" >"$tmp/shown" 2>&1 && grep -qE -- "$3" "$tmp/shown" &&
	    return
	cat "$tmp/shown"
	return 1
}

configure() { # LINE...: the branch
	printf '%s\n' 'configure terminal' "$@" 'end' | on branch - \
	    >"$tmp/typed" 2>&1
	cat "$tmp/typed"
	! grep -q '^%' "$tmp/typed"
}

pings() { # pings FROM TO [OPTION...]: all answered
	_from=$1
	_to=$2
	shift 2
	node "$_from" "ping -n -q -c 3 -i 0.1 -W 1 $* $_to" \
	    >"$tmp/ping" 2>&1 && grep -q ' 0% packet loss' "$tmp/ping" && return
	cat "$tmp/ping"
	return 1
}

all_ways() {
	pings pc 192.168.2.10 && pings pc 192.168.3.10 &&
	    pings pc 192.168.4.10 && pings pc "$www" &&
	    pings srv 192.168.1.10 -I 192.168.2.10 &&
	    pings srv 192.168.1.10 -I 192.168.3.10 &&
	    pings srv 192.168.14.10 -I 192.168.4.10
}

goes_on() { # goes_on TEXT COMMAND...: while it happens nothing leaks
	check "$@"
	check '... all goes on' wait_for 40 all_ways
}

# Packets all the time, from both sides to all that is there. The pids of the
# programs are in $tmp/streams, since those are not this shell's.
stream() { # stream NODE COMMAND
	node "$1" "exec $2 >/dev/null 2>&1 & echo \$!" >>"$tmp/streams"
}

streams() {
	for _n in 2 3 4; do
		stream pc "ping -n -i 0.02 192.168.$_n.10"
	done
	stream pc "ping -n -i 0.02 $www"
	stream pc "ping -n -i 0.1 -s 2000 $www"
	stream pc 'ping -n -i 0.1 -s 2000 192.168.3.10'
	stream srv 'ping -n -i 0.02 -I 192.168.2.10 192.168.1.10'
	stream srv 'ping -n -i 0.02 -I 192.168.3.10 192.168.1.10'
	stream srv 'ping -n -i 0.02 -I 192.168.4.10 192.168.14.10'
}

streams_end() {
	# shellcheck disable=SC2046 # pids
	[ ! -s "$tmp/streams" ] || kill $(cat "$tmp/streams")
	: >"$tmp/streams"
}

# ---- the witness: the core's links to the branch and to HQ ----

capture() { # capture NAME
	for _l in eth1 eth2; do
		node core "exec tcpdump --immediate-mode -U -Z root -s 96 \
		    -B 16384 -n -i $_l -w '$tmp/$1.$_l' ip \
		    2>'$tmp/$1.$_l.err' & echo \$! '$tmp/$1.$_l.err'" \
		    >>"$tmp/taps"
		wait_for 10 grep -q 'listening on' "$tmp/$1.$_l.err" || return
	done
}

capture_end() {
	: >>"$tmp/taps"
	while read -r _pid _err; do
		tcpdump_end "$_pid" "$_err" >"$tmp/end" 2>&1 ||
		    bad "the capture in $_err is read to its end" "$tmp/end"
	done <"$tmp/taps"
	: >"$tmp/taps"
}

count() { # count NAME FILTER: on the branch's link
	tcpdump -n -r "$tmp/$1.eth1" "$2" 2>/dev/null | wc -l
}

none() { # none NAME FILTER
	for _l in eth1 eth2; do
		tcpdump -n -r "$tmp/$1.$_l" "$2" 2>/dev/null | head -n 5
	done >"$tmp/leaks"
	cat "$tmp/leaks"
	[ ! -s "$tmp/leaks" ]
}

ending() {
	streams_end
	capture_end
}

main_pid() { # of the branch
	sed 's/ .*//' "$tmp/run/branch/pid/branch"
}

another() { # another KIND OLD-PID
	_is=$(kid "$(main_pid)" "$1")
	[ -n "$_is" ] && [ "$_is" != "$2" ]
}

kills() { # kills KIND...: of the branch
	for _kind; do
		_old=$(kid "$(main_pid)" "$_kind")
		kill -9 "$_old"
	done
	wait_for 10 another "$_kind" "$_old"
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$lab"
check 'the core is watched' capture all
streams
check 'all ways come up' wait_for 90 all_ways
[ "$failed" -eq 0 ] || finish

# ---- the configuration changes ----

goes_on 'queues go' configure 'interface GigabitEthernet1' \
    'no service-policy output WAN'
goes_on 'the rule of NAT, while the interface is down' configure \
    'interface GigabitEthernet1' shutdown \
    'no ip nat inside source route-map NAT interface GigabitEthernet1 overload' \
    'ip nat inside source route-map NAT interface GigabitEthernet1 overload' \
    'interface GigabitEthernet1' 'no shutdown'
goes_on 'queues come back' configure 'interface GigabitEthernet1' \
    'service-policy output WAN'
goes_on 'the class is another one' configure 'class-map match-any VOICE' \
    'match dscp ef' 'no match access-group name VOICE'
goes_on 'the exemption is written anew' configure \
    'ip access-list extended VPN' \
    '5 permit ip 192.168.1.0 0.0.0.255 192.168.0.0 0.0.255.255' \
    'no 10' '10 permit ip any 192.168.0.0 0.0.255.255'
goes_on 'the transform set of the peers' configure 'crypto map MAPA 20' \
    'set security-association lifetime seconds 120'
goes_on 'the SAs are cleared' on branch 'clear crypto sa'
goes_on 'the group is joined again' on branch 'clear crypto gdoi' yes
goes_on 'the translations are cleared' on branch 'clear ip nat translation *'
goes_on 'the lists of the peers are longer' configure \
    'ip access-list extended PAIR' \
    '5 permit tcp 192.168.1.0 0.0.0.255 192.168.3.0 0.0.0.255' 'no 5'
goes_on 'pre-classify goes' configure 'interface Tunnel0' \
    'no qos pre-classify' 'crypto map MAPA 30' 'no qos pre-classify'
goes_on 'the crypto map, while the interface is down' configure \
    'interface GigabitEthernet1' shutdown 'no crypto map MAPA' \
    'crypto map MAPA' 'no shutdown'
goes_on 'the peer goes and comes' configure 'crypto map MAPA 20' \
    'no set peer 198.51.100.2' 'set peer 198.51.100.2'

# ---- processes and links ----

goes_on 'ike dies' kills ike
goes_on 'fwd dies' kills fwd
goes_on 'both die' kills ike fwd
goes_on 'the link goes' node core 'ip link set eth1 down; ip link set eth1 up
    ip route replace 192.168.1.0/24 via 192.0.2.2'
goes_on 'the interface is shut down' configure 'interface GigabitEthernet1' \
    shutdown 'no shutdown'
goes_on 'the inside, too' configure 'interface GigabitEthernet2' shutdown \
    'no shutdown'
goes_on 'so is the tunnel' configure 'interface Tunnel0' shutdown 'no shutdown'
goes_on 'another address' eval "configure 'interface GigabitEthernet1' \
    'ip address 192.0.2.3 255.255.255.0' &&
    configure 'interface GigabitEthernet1' \
    'ip address 192.0.2.2 255.255.255.0'"
goes_on 'saved and reloaded' on branch 'write memory' reload
streams_end
capture_end

# ---- what is shown, and what was seen ----

encrypted() { # encrypted GROUP: so many packets
	on branch 'show crypto gdoi gm dataplane counters' |
	    awk -v g="for group $1:" '
	/^Data-plane/ { on = index($0, g) }
	on && /pkts encrypt/ { print $4; exit }'
}

translated() {
	on branch 'show ip nat statistics' |
	    awk '$1 == "Hits:" { print $2 + $4 }'
}

voice() {
	on branch 'show policy-map interface GigabitEthernet1' | awk '
	$1 == "Class-map:" { on = $2 == "VOICE" }
	on && $2 ~ /^packets/ { print $1; exit }'
}

counters() {
	echo "$(encrypted SITES) $(($(encrypted 'map MAPA 20') +
	    $(encrypted 'map MAPA 30'))) $(translated) $(voice)"
}

send() { # to each 20 echoes; voice
	pings pc 192.168.2.10 -c 20 && pings pc 192.168.3.10 -c 20 &&
	    pings pc 192.168.4.10 -c 20 && pings pc "$www" -c 20 &&
	    node pc "python3 '$here/../../examples/gre-qos/traffic.py' send \
	    192.168.4.10 5004 200 50 1"
}

grown() { # grown SITES PEERS NAT VOICE, since $1
	_was=$1
	shift
	# shellcheck disable=SC2046,SC2086 # words
	set -- "$*" "$(echo $_was $(counters) |
	    awk '{ print $5 - $1, $6 - $2, $7 - $3, $8 - $4 }')"
	[ "$1" = "$2" ] && return
	echo "got $2, expected $1"
	return 1
}

check 'the class and pre-classify are as before' configure \
    'class-map match-any VOICE' 'match access-group name VOICE' \
    'interface Tunnel0' 'qos pre-classify' 'crypto map MAPA 30' \
    'qos pre-classify'
check 'the core is watched' capture counted
was=$(counters)
check '20 echoes each way, and 50 datagrams of voice' send
capture_end
check 'the counters: group, peers, NAT, class' wait_for 5 \
    grown "$was" 20 90 40 50
check 'the wire: 20 by the group' test 20 -eq "$(count counted \
    'esp and src host 192.168.1.10 and dst host 192.168.2.10')"
check '... 90 to the peer' test 90 -eq "$(count counted \
    'esp and src host 192.0.2.2 and dst host 198.51.100.2')"
check '... 20 translated ones' test 20 -eq "$(count counted \
    "src host 192.0.2.2 and dst host $www")"

# ---- nothing leaked ----

routers='(192.0.2.2 or 192.0.2.3)'
for c in all counted; do
	check "$c: no packet of the sites was in clear" none $c \
	    'net 192.168.0.0/16 and not esp and
	    not src host (192.0.2.1 or 198.51.100.1)'
	check '... no GRE' none $c 'proto gre'
	check '... the routers said ESP and ISAKMP' none $c \
	    "host 198.51.100.2 and host $routers and not esp and
	    not udp port 500 and not udp port 4500 and not icmp[0] = 3"
	check '... www heard of the branch only' none $c \
	    "host $www and not host $routers"
done
finish
