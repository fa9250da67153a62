#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# NAT between kernel stacks: three hosts inside, one far away, of which the
# core knows only what is translated:
#
#	h1 --- eth2 r1 eth1 --- core --- far
#	h2 --- eth3
#	h3 --- eth4
#
# h1 goes out by the address of the interface, h2 by a pool that is routed to
# the router, h3 by one in the core's own network (ARP). TCP with its offloads,
# UDP, ping, ICMP errors about translated packets, fragments, static entries
# from the outside, connections of the router itself beside those of hosts,
# limits, add-route; show, clear, debug; lines that go while they are in use.

. "$(dirname "$0")/lib.sh"

lab=$tmp/nat
mkdir "$lab"
cat >"$lab/lab.clab.yml" <<'EOT'
name: nat
topology:
  nodes:
    r1: {kind: linux, image: cohort, binds: ["r1.cfg:/etc/cohort/startup-config"]}
    core:
      kind: linux
      image: alpine:3
      sysctls: {net.ipv4.ip_forward: 1}
      exec:
        - ip addr add 192.0.2.2/24 dev eth1
        - ip addr add 203.0.113.1/24 dev eth2
        - ip link set eth2 mtu 1400
        - ip route add 198.51.100.0/24 via 192.0.2.1
    h1:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 10.1.0.10/24 dev eth1
        - ip route replace default via 10.1.0.1
    h2:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 10.2.0.10/24 dev eth1
        - ip route replace default via 10.2.0.1
    h3:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 10.3.0.10/24 dev eth1
        - ip route replace default via 10.3.0.1
    far:
      kind: linux
      image: alpine:3
      exec:
        - ip link set eth1 mtu 1400
        - ip addr add 203.0.113.9/24 dev eth1
        - ip route replace default via 203.0.113.1
  links:
    - endpoints: ["r1:eth1", "core:eth1"]
    - endpoints: ["r1:eth2", "h1:eth1"]
    - endpoints: ["r1:eth3", "h2:eth1"]
    - endpoints: ["r1:eth4", "h3:eth1"]
    - endpoints: ["core:eth2", "far:eth1"]
EOT
cat >"$lab/r1.cfg" <<'EOT'
hostname R1
interface GigabitEthernet1
 ip address 192.0.2.1 255.255.255.0
 ip nat outside
interface GigabitEthernet2
 ip address 10.1.0.1 255.255.255.0
 ip nat inside
interface GigabitEthernet3
 ip address 10.2.0.1 255.255.255.0
 ip nat inside
interface GigabitEthernet4
 ip address 10.3.0.1 255.255.255.0
 ip nat inside
ip nat pool OUT 198.51.100.10 198.51.100.20 prefix-length 24
ip nat pool NEAR 192.0.2.101 192.0.2.110 netmask 255.255.255.0
ip nat inside source list H1 interface GigabitEthernet1 overload
ip nat inside source list H2 pool OUT
ip nat inside source list H3 pool NEAR
ip nat inside source static tcp 10.1.0.10 8080 198.51.100.50 80
ip nat inside source static tcp 10.1.0.10 8081 192.0.2.200 80
ip route 0.0.0.0 0.0.0.0 192.0.2.2
ip access-list standard H1
 permit 10.1.0.0 0.0.0.255
ip access-list standard H2
 permit 10.2.0.0 0.0.0.255
ip access-list standard H3
 permit 10.3.0.0 0.0.0.255
EOT

inside() { # inside NODE COMMAND...: in its namespace, without a shell
	_ns=$1
	shift
	nsenter --net="$COHORT_RUN/nat/ns/$_ns" "$@"
}

listens() { # listens NODE OPTION PORT
	inside "$1" ss -H -l -n "$2" "sport = :$3" | grep -q .
}

serve() { # serve NODE OPTION PORT SOCAT-ADDRESS...
	_at=$1
	_kind=$2
	_port=$3
	shift 3
	inside "$_at" socat "$@" 2>"$tmp/socat.err" &
	server=$!
	wait_for 5 listens "$_at" "$_kind" "$_port"
}

ends() { # ends PID
	! kill -0 "$1" 2>/dev/null
}

head -c 8000000 /dev/urandom >"$tmp/sent"

# sends FROM TO ADDRESS PORT AT-PORT: octets over TCP, whole
sends() {
	rm -f "$tmp/got"
	serve "$2" -t "$5" -u "TCP-LISTEN:$5,reuseaddr" "CREATE:$tmp/got" ||
	    return 1
	inside "$1" socat -u "OPEN:$tmp/sent" "TCP:$3:$4" || return 1
	wait_for 10 cmp -s "$tmp/sent" "$tmp/got"
}

# echoes FROM TO ADDRESS PORT: a datagram comes back
echoes() {
	serve "$2" -u "$4" "UDP-LISTEN:$4,fork" PIPE || return 1
	echo hello | inside "$1" timeout 20 socat -t 3 -T 3 - "UDP:$3:$4" \
	    >"$tmp/echo"
	kill "$server"
	grep -q hello "$tmp/echo"
}

# hop TTL FROM-ADDRESS SEEN: an ICMP error of that router reaches ping
hop() {
	node h1 "ping -n -c 1 -W 2 -t $1 203.0.113.9" >"$tmp/hop" 2>&1
	grep -q "From $2 .*Time to live exceeded" "$tmp/hop" && return 0
	cat "$tmp/hop"
	return 1
}

toobig() {
	node h1 'ping -n -c 3 -i 0.2 -W 2 -M do -s 1400 203.0.113.9' \
	    >"$tmp/toobig" 2>&1
	grep -qE 'mtu ?= ?1400' "$tmp/toobig" || { cat "$tmp/toobig"; return 1; }
}

# A closed port is told to the program on the host that sent.
refused() {
	inside h1 timeout 10 python3 - <<'EOT'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("203.0.113.9", 10))
s.settimeout(5)
s.send(b"x")
try:
    s.recv(9)
except ConnectionRefusedError:
    raise SystemExit(0)
raise SystemExit("it was not told")
EOT
}

# asks NODE ADDRESS PORT: far, port 7000, answers a datagram from there
asks() {
	inside "$1" timeout 10 python3 - "$1" "$2" "$3" <<'EOT'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[2], int(sys.argv[3])))
s.settimeout(5)
s.sendto(sys.argv[1].encode(), ("203.0.113.9", 7000))
got = s.recv(99).decode()
if got != sys.argv[1]:
    sys.exit("got what was for " + got)
EOT
}

# The same source port and destination: of a host, of the router itself, of
# the host again; and the router first.
shared() {
	serve far -u 7000 UDP-LISTEN:7000,fork PIPE || return 1
	asks h1 10.1.0.10 40000 && asks r1 192.0.2.1 40000 &&
	    asks h1 10.1.0.10 40000 && asks r1 192.0.2.1 40001 &&
	    asks h1 10.1.0.10 40001 && asks r1 192.0.2.1 40001
	_rv=$?
	kill "$server"
	return $_rv
}

# many N: datagrams of so many source ports
many() {
	inside h1 python3 - "$1" <<'EOT'
import socket, sys
for port in range(20000, 20000 + int(sys.argv[1])):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.1.0.10", port))
    s.sendto(b"x", ("203.0.113.9", 9))
    s.close()
EOT
}

# listed N: text and JSON have all of them, once
listed() {
	node r1 'show ip nat translations udp' >"$tmp/text" || return 1
	node r1 'show ip nat translations udp | json' >"$tmp/json" || return 1
	python3 - "$1" "$tmp/text" "$tmp/json" <<'EOT'
import json, sys
n = int(sys.argv[1])
want = {f"10.1.0.10:{p}" for p in range(20000, 20000 + n)}
rows = [l.split() for l in open(sys.argv[2])][1:]
text = [r[2] for r in rows if r[3] == "203.0.113.9:9"]
e = json.load(open(sys.argv[3]))["translations"]
data = ["%(address)s:%(port)d" % x["inside_local"] for x in e
    if x["outside_local"]["port"] == 9]
for got in text, data:
    if len(got) != n or set(got) != want:
        sys.exit(f"{len(got)} entries, {len(set(got))} of them different")
EOT
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$lab"
check 'capture' capture core core:eth1

check 'h1 pings far by the address of the interface' \
    wait_for 10 pings h1 203.0.113.9
check 'the entry is there' shows r1 'show ip nat translations icmp' \
    '^icmp 192.0.2.1:[0-9]* *10.1.0.10:[0-9]* *203.0.113.9:[0-9]* *203.0.113.9'
check 'h2 by an address of the pool' pings h2 203.0.113.9
check 'which is its own' shows r1 'show ip nat translations' \
    '^--- 198.51.100.10 *10.2.0.10 *--- *---'
check 'far reaches h2 by it' pings far 198.51.100.10
check 'h3 by an address of the core itself' pings h3 203.0.113.9
check 'which the router answers ARP for' pings core 192.0.2.101
check 'fragments out and in' pings h1 203.0.113.9 -M dont -s 4000
check '... of a pool' pings h3 203.0.113.9 -M dont -s 4000
check 'the first router answers for itself' hop 1 10.1.0.1
check 'the second about a translated packet' hop 2 192.0.2.2
check 'so does the one whose next link is small' toobig
check 'TCP from h1, with its offloads' sends h1 far 203.0.113.9 5001 5001
check 'TCP from h2' sends h2 far 203.0.113.9 5002 5002
check 'TCP from h3' sends h3 far 203.0.113.9 5004 5004
check 'TCP from far to a static entry' sends far h1 198.51.100.50 80 8080
check 'TCP from the core to one in its network' \
    sends core h1 192.0.2.200 80 8081
check 'a closed port is told to the host inside' refused
check 'the router and a host take one port, each has its answers' shared
check 'the static entry is listed, with its child' \
    shows r1 'show ip nat translations tcp' \
    '^tcp 198.51.100.50:80 *10.1.0.10:8080 *203.0.113.9:'
check 'UDP' echoes h1 far 203.0.113.9 5003
check 'statistics' shows r1 'show ip nat statistics' \
    'access-list H1 interface GigabitEthernet1 refcount [1-9]'
check 'statistics of the pool' grep -q \
    'type generic, total addresses 11, allocated 1 (9%), misses 0' "$tmp/shown"
captured core
check 'the core saw the interface' seen core 'src host 192.0.2.1 and tcp'
check 'and the pools' seen core 'src host 198.51.100.10'
check '... both' seen core 'src host 192.0.2.101'
check 'and not one address of the inside' none core 'net 10.0.0.0/8'

all_of() { # what a full queue swallowed is sent again
	many "$1" && listed "$1"
}
check '3000 entries are listed, as text and as JSON' wait_for 30 all_of 3000
check 'clear: one that is not there is an error' \
    not node r1 'clear ip nat translation inside 192.0.2.77 10.1.0.77'
check 'clear all' node r1 'clear ip nat translation *'
check 'only the static ones are left' shows r1 'show ip nat statistics' \
    'Total active translations: 2 \(2 static, 0 dynamic; 0 extended\)'
check 'debugging is on' shows r1 'debug ip nat' 'IP NAT debugging is on'
check 'and known' shows r1 'show debugging' 'IP NAT debugging is on'
check 'h1 pings again' pings h1 203.0.113.9
check 'the way out is told' wait_for 5 shows r1 'show logging' \
    'NAT\*: s=10.1.0.10->192.0.2.1, d=203.0.113.9 \['
check 'and the way back' wait_for 5 shows r1 'show logging' \
    'NAT\*: s=203.0.113.9, d=192.0.2.1->10.1.0.10 \['
check 'debugging is off' shows r1 'undebug all' 'turned off'

# What is typed and takes entries along asks first. The key strokes of a user
# on the console: the question, what it is answered with, what is left.
dialogues() {
	"${PYTHON:-/usr/bin/python3}" - "$COHORT" "$lab" <<'EOT'
import pexpect, sys
c = pexpect.spawn(sys.argv[1], ["lab", "console", sys.argv[2], "r1"],
    timeout=20, encoding="utf-8")
config = "R1(config)#"

def type(line, want):
    c.sendline(line)
    c.expect_exact(want)

type("", "R1")
type("enable", "R1#")
type("terminal length 0", "R1#")
type("configure terminal", config)
rule = "ip nat inside source list H1 interface GigabitEthernet1 overload"
asks = "%Dynamic mapping in use, do you want to delete all entries? [no]: "
type("no ip nat inside source list H1", asks)
type("", config)
type("do show running-config | include list H1", "\n" + rule)
c.expect_exact(config)
type("no " + rule, asks)
type("yes", config)
c.sendline("do show running-config | include list H1")
c.expect_exact("list H1")
c.expect_exact(config)
assert rule not in c.before, c.before
type(rule, config)
fixed = "ip nat inside source static tcp 10.1.0.10 8080 198.51.100.50 80"
asks = "Static entry in use, do you want to delete child entries? [no]: "
type("no " + fixed, asks)
type("no", config)
type("no " + fixed, asks)
type("y", config)
type("end", "R1#")
type("show ip nat statistics", "(1 static,")
EOT
}
check 'TCP from far to the static entry once more' \
    sends far h1 198.51.100.50 80 8080
check 'a line that is in use asks first' dialogues
check 'h1 pings by the new line' wait_for 5 pings h1 203.0.113.9

check 'h2 has its address again' pings h2 203.0.113.9
check '... and that is told' shows r1 'show ip nat translations' \
    '^--- 198.51.100.1[0-9] +10.2.0.10 +--- +---'
configure r1 'no ip nat inside source list H2 pool OUT' >/dev/null
check 'a rule that goes takes its entries along' wait_for 5 \
    not shows r1 'show ip nat translations' '10\.2\.0\.10'
check 'h2 is not translated any more' not pings h2 203.0.113.9

configure r1 'no ip nat inside source list H3 pool NEAR' >/dev/null
check '... from the core, too' wait_for 5 not pings core 192.0.2.101 -c 1 -W 1

configure r1 'ip nat translation max-entries host 10.1.0.10 5' >/dev/null
node r1 'clear ip nat translation *'
many 30
check 'a host has no more than it may have' wait_for 10 shows r1 \
    'show ip nat statistics' \
    'host 10.1.0.10: max allowed 5, used 5, missed [1-9]'
configure r1 'no ip nat translation max-entries host 10.1.0.10' >/dev/null

# An outside local address, which h1 takes for one of its own network.
configure r1 >/dev/null \
    'ip nat outside source static 203.0.113.9 10.1.0.99 add-route'
check 'add-route is a route' wait_for 5 shows r1 'show ip route' \
    '^S +10\.1\.0\.99.* via 192\.0\.2\.2'
check 'h1 reaches far by its local address' wait_for 5 pings h1 10.1.0.99
configure r1 'no ip nat outside source static 203.0.113.9 10.1.0.99' >/dev/null
check 'the route goes with the line' wait_for 5 not shows r1 'show ip route' \
    '10\.1\.0\.99'

# The address of the next hop, once as a global address and once as one of the
# router's own: what goes by that route must not stop here, nor later.
hops() { # hops N: so many routes of the kernel are by the core
	[ "$(inside r1 ip route show default | grep -c 'via 192\.0\.2\.2 ')" \
	    -eq "$1" ]
}
configure r1 'ip nat inside source static network 10.3.0.0 192.0.2.0 /29' \
    >/dev/null
configure r1 'ip route 198.18.0.0 255.255.0.0 192.0.2.2' >/dev/null
check 'a global address that is the next hop does not end there' \
    wait_for 5 pings h1 203.0.113.9
check '... nor is the route twice' hops 1
configure r1 'no ip nat inside source static network 10.3.0.0 192.0.2.0 /29' \
    'interface GigabitEthernet4' \
    'ip address 192.0.2.2 255.255.255.252' >/dev/null
configure r1 'ip route 198.19.0.0 255.255.0.0 192.0.2.2' >/dev/null
check '... nor when an interface has it' hops 1
configure r1 'interface GigabitEthernet4' \
    'ip address 10.3.0.1 255.255.255.0' >/dev/null
check 'the route is as it was' wait_for 5 pings h1 203.0.113.9
configure r1 'no ip route 0.0.0.0 0.0.0.0 192.0.2.2' >/dev/null
check 'it goes with its line' wait_for 5 hops 0
finish
