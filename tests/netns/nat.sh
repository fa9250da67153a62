#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# NAT between a site and the hosts of the outside network:
#
#	h1, h2 --- r1 --- h9 (no route to the site)
#
# what h9 sees of pools and static entries, whose addresses are in its own
# network (ARP), ports, TCP with its offloads, ICMP errors, fragments. Exit 77:
# no namespaces here.

. "$(dirname "$0")/lib.sh"

mkdir "$tmp/nat"
cat >"$tmp/nat/lab.clab.yml" <<'EOT'
name: nat
topology:
  nodes:
    r1: {kind: linux, image: cohort, binds: ["r1.cfg:/etc/cohort/startup-config"]}
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
    h9:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 192.0.2.9/24 dev eth1
  links:
    - endpoints: ["r1:eth1", "h9:eth1"]
    - endpoints: ["r1:eth2", "h1:eth1"]
    - endpoints: ["r1:eth3", "h2:eth1"]
EOT
cat >"$tmp/nat/r1.cfg" <<'EOT'
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
access-list 1 permit 10.1.0.0 0.0.0.255
access-list 2 permit 10.2.0.0 0.0.0.255
ip nat pool P 192.0.2.101 192.0.2.110 netmask 255.255.255.0
ip nat inside source list 1 pool P
ip nat inside source list 2 interface GigabitEthernet1 overload
ip nat inside source static tcp 10.2.0.10 5000 192.0.2.200 80
EOT

node() { # node NAME COMMAND...
	"$COHORT" lab exec "$tmp/nat" "$@"
}

configure() { # configure ROUTER: lines on standard input
	{ echo 'configure terminal'; cat; } | node "$1" -
}

pings() { # pings FROM TO [OPTION...]
	_from=$1
	_to=$2
	shift 2
	node "$_from" "ping -n -q -c 3 -i 0.2 -W 2 $* $_to"
}

read_pcap() { # read_pcap FILTER
	tcpdump -n -v -r "$tmp/pcap" "$1" 2>/dev/null
}

seen() { # seen FILTER
	read_pcap "$1" >"$tmp/seen"
	[ -s "$tmp/seen" ] || { read_pcap ip; return 1; }
}

none() { # none FILTER
	read_pcap "$1" >"$tmp/seen"
	[ ! -s "$tmp/seen" ] || { cat "$tmp/seen"; return 1; }
}

# A server says where its client comes from and what came, as a hash.
cat >"$tmp/sink.py" <<'EOT'
import hashlib, socket
s = socket.create_server(("", 5000))
print("ready", flush=True)
c, peer = s.accept()
h = hashlib.sha256()
while data := c.recv(65536):
    h.update(data)
print(h.hexdigest(), peer[0])
EOT
cat >"$tmp/source.py" <<'EOT'
import hashlib, os, socket, sys
data = os.urandom(3000000)
c = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
c.sendall(data)
print(hashlib.sha256(data).hexdigest(), sys.argv[3])
EOT

tcp() { # tcp SERVER CLIENT ADDRESS PORT SEEN: 3 MB, seen from that address
	node "$1" "timeout 30 python3 $tmp/sink.py" >"$tmp/sink" &
	_sink=$!
	wait_for 5 grep -q ready "$tmp/sink" || return 1
	node "$2" "timeout 30 python3 $tmp/source.py $3 $4 $5" >"$tmp/source"
	wait "$_sink"
	cat "$tmp/sink" "$tmp/source"
	test "$(sed 1d "$tmp/sink")" = "$(grep . "$tmp/source")"
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$tmp/nat"
"$COHORT" lab pcap "$tmp/nat" h9:eth1 >"$tmp/pcap" &
capture=$!
check 'capture' wait_for 5 test -s "$tmp/pcap"
check 'a host of the pool reaches the outside' wait_for 10 pings h1 192.0.2.9
check 'one with overload, too' pings h2 192.0.2.9
check 'the outside reaches the host by its address of the pool' \
    pings h9 192.0.2.101
check 'pieces of a big packet arrive' pings h1 192.0.2.9 -s 4000
check 'also with overload' pings h2 192.0.2.9 -s 4000
check 'TCP to the outside, with offloads' tcp h9 h2 192.0.2.9 5000 192.0.2.1
check 'TCP from the pool' tcp h9 h1 192.0.2.9 5000 192.0.2.101
check 'TCP to the static port' tcp h2 h9 192.0.2.200 80 192.0.2.9
refused() { # an ICMP error comes back to the host that sent
	node h2 'timeout 10 python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((\"192.0.2.9\", 9)); s.settimeout(5); s.send(b\"x\")
try:
    s.recv(9)
except ConnectionRefusedError:
    print(\"refused\")"' | grep refused
}
check 'a closed port is told to the host inside' refused
kill -INT "$capture"
wait "$capture" 2>/dev/null
check 'h9 saw the pool' seen 'src 192.0.2.101'
check 'h9 saw the interface' seen 'src 192.0.2.1 and icmp'
check 'h9 saw no private address' none 'net 10.0.0.0/8'
printf '%s\n' 'no ip nat inside source list 1 pool P' 'no ip nat pool P' |
    configure r1 >/dev/null
check 'a rule that goes takes its addresses along' wait_for 5 not \
    pings h9 192.0.2.101 -c 1 -W 1
finish
