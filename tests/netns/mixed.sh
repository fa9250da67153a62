#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Entries of both kinds in one crypto map: TCP between the sites goes by
# the SAs of the two routers, ICMP by those of the group, the rest in clear.
# One phase 1 for each; what is cleared of one leaves the other alone.
#
#	h1 - r1 --- r2 - h2		10.1.0.10, 10.2.0.10
#	     |
#	     ks
#
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"

lab=$tmp/lab
mkdir "$lab"

phase1() {
	cat <<'EOT'
crypto isakmp policy 10
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key KEY address 0.0.0.0
crypto ipsec transform-set TS esp-aes esp-sha-hmac
EOT
}

member() { # member NAME ADDRESS PEER NET FAR-NET: what both sites have
	echo "hostname $1"
	phase1
	cat <<EOT
crypto gdoi group G
 identity number 7
 server address ipv4 10.9.0.9
crypto map M 10 ipsec-isakmp
 set peer $3
 set transform-set TS
 match address TCP
crypto map M 20 gdoi
 set group G
interface GigabitEthernet0/0
 ip address $2 255.255.255.0
 crypto map M
interface GigabitEthernet0/1
 ip address $4.1 255.255.255.0
ip route $5.0 255.255.255.0 $3
ip access-list extended TCP
 permit tcp $4.0 0.0.0.255 $5.0 0.0.0.255
EOT
}

{
	member R1 192.0.2.1 192.0.2.2 10.1.0 10.2.0
	printf '%s\n' 'interface GigabitEthernet0/2' \
	    ' ip address 10.9.0.1 255.255.255.0'
} >"$lab/r1.cfg"
{
	member R2 192.0.2.2 192.0.2.1 10.2.0 10.1.0
	echo 'ip route 10.9.0.0 255.255.255.0 192.0.2.1'
} >"$lab/r2.cfg"
{
	phase1
	cat <<'EOT'
crypto ipsec profile P
 set transform-set TS
crypto gdoi group G
 identity number 7
 server local
  sa ipsec 1
   profile P
   match address ipv4 ICMP
  address ipv4 10.9.0.9
interface GigabitEthernet0/0
 ip address 10.9.0.9 255.255.255.0
ip route 0.0.0.0 0.0.0.0 10.9.0.1
ip access-list extended ICMP
 permit icmp 10.0.0.0 0.255.255.255 10.0.0.0 0.255.255.255
EOT
} >"$lab/ks.cfg"
{
	printf 'name: mixed\ntopology:\n  nodes:\n'
	for r in r1 r2 ks; do
		printf '    %s:\n      kind: linux\n      image: cohort\n' $r
		printf '      binds:\n        - %s.cfg:%s\n' $r \
		    /etc/cohort/startup-config
	done
	for n in 1 2; do
		printf '    h%s:\n      kind: linux\n      image: alpine:3\n' $n
		printf '      exec:\n'
		printf '        - ip addr add 10.%s.0.10/24 dev eth1\n' $n
		printf '        - ip route replace default via 10.%s.0.1\n' $n
	done
	printf '  links:\n'
	for l in 'r1:eth1 r2:eth1' 'r1:eth2 h1:eth1' 'r1:eth3 ks:eth1' \
	    'r2:eth2 h2:eth1'; do
		printf '    - endpoints: ["%s", "%s"]\n' "${l% *}" "${l#* }"
	done
} >"$lab/lab.clab.yml"

# A connection each time: port $1, the octets arrive.
connect() {
	"$COHORT" lab shell "$lab" h2 \
	    "timeout 30 socat -u TCP-LISTEN:$1,reuseaddr CREATE:$tmp/got" &
	_server=$!
	wait_for 5 listens "$1"
	"$COHORT" lab shell "$lab" h1 \
	    "echo hello | timeout 25 socat -u - TCP:10.2.0.10:$1"
	wait "$_server"
	grep -qx hello "$tmp/got"
}

listens() {
	"$COHORT" lab shell "$lab" h2 "ss -Hltn 'sport = :$1'" | grep -q .
}

udp() { # one datagram, which nobody waits for
	"$COHORT" lab shell "$lab" h1 'echo x | socat -u - UDP:10.2.0.10:9'
}

wire() { # wire N FILTER: so many such packets were there, or more
	tcpdump -n -r "$tmp/wire.pcap" "$2" 2>/dev/null >"$tmp/seen"
	[ "$(wc -l <"$tmp/seen")" -ge "$1" ]
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$lab"
check 'capture' capture wire r2:eth1
ending() {
	captured wire
}
check 'R1 and R2 are members' wait_for 30 \
    shows ks 'show crypto gdoi ks' 'registered to this box: 2'
check 'ICMP' wait_for 10 node h1 'ping -c 3 -i 0.2 -W 1 10.2.0.10'
check '... with the keys of the group, addresses kept' wait_for 5 wire 3 \
    'esp and src host 10.1.0.10 and dst host 10.2.0.10'
check 'TCP' connect 80
check '... from router to router' wait_for 5 wire 3 \
    'esp and src host 192.0.2.1 and dst host 192.0.2.2'
check 'UDP' udp
check '... in clear' wait_for 5 wire 1 'udp port 9 and src host 10.1.0.10'
check 'R1: a session with the key server' shows r1 \
    'show crypto session remote 10.9.0.9' 'UP-ACTIVE'
check 'R1: and one with R2' shows r1 \
    'show crypto session remote 192.0.2.2' 'UP-ACTIVE'
check 'R1: one phase 1 for each: GDOI' shows r1 'show crypto isakmp sa' \
    '10\.9\.0\.9 +192\.0\.2\.1 +GDOI_IDLE'
check '... and IPsec' shows r1 'show crypto isakmp sa' \
    '192\.0\.2\.2 +192\.0\.2\.1 +QM_IDLE'
check 'R1: four SAs' wait_for 5 shows r1 'show crypto ipsec sa count' 'active: 4'
check 'R1: the session of the group counts its packets' wait_for 5 shows \
    r1 'show crypto session remote 10.9.0.9 detail' \
    "#pkts enc'ed [1-9][0-9]* drop [0-9]* life \\(KB/Sec\\) KB Vol"
check 'R1: clear crypto session remote 192.0.2.2' \
    node r1 'clear crypto session remote 192.0.2.2'
check '... the member is one all the same' shows r1 'show crypto gdoi' \
    'Registration status +: Registered'
check '... with its SAs' wait_for 5 shows r1 'show crypto ipsec sa count' 'active: 2'
check 'TCP once more' connect 81
check 'R1: the member leaves, the entry of the group goes' \
    configure r1 'no crypto map M 20'
check '... TCP goes on' connect 82
check '... and no other SA is left' \
    wait_for 5 shows r1 'show crypto ipsec sa count' 'total: 2, active: 2'
captured wire
check 'no TCP in clear, ever' none wire tcp
finish
