#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# GRE tunnels between two routers over a core that knows neither site:
#
#	h1 --- r1 (Tunnel0) --- core --- (Tunnel0) r2 --- h2
#
# what is on the core, the line protocol, sizes, TCP with its offloads, and a
# tunnel whose way leads into itself. COHORT is the program (default
# ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"

mkdir "$tmp/gre"
cat >"$tmp/gre/lab.clab.yml" <<'EOT'
name: gre
topology:
  nodes:
    r1: {kind: linux, image: cohort, binds: ["r1.cfg:/etc/cohort/startup-config"]}
    r2: {kind: linux, image: cohort, binds: ["r2.cfg:/etc/cohort/startup-config"]}
    core:
      kind: linux
      image: alpine:3
      sysctls: {net.ipv4.ip_forward: 1}
      exec:
        - ip addr add 192.0.2.2/30 dev eth1
        - ip addr add 198.51.100.2/30 dev eth2
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
  links:
    - endpoints: ["r1:eth1", "core:eth1"]
    - endpoints: ["r2:eth1", "core:eth2"]
    - endpoints: ["r1:eth2", "h1:eth1"]
    - endpoints: ["r2:eth2", "h2:eth1"]
EOT

config() { # config N WAN CORE FAR-WAN: of router N
	cat <<-EOT
	hostname R$1
	interface Tunnel0
	 ip address 10.255.0.$1 255.255.255.252
	 tunnel source GigabitEthernet1
	 tunnel destination $4
	 tunnel key 77
	interface GigabitEthernet1
	 ip address $2 255.255.255.252
	interface GigabitEthernet2
	 ip address 10.$1.0.1 255.255.255.0
	ip route 0.0.0.0 0.0.0.0 $3
	ip route 10.$((3 - $1)).0.0 255.255.255.0 Tunnel0
	EOT
}
config 1 192.0.2.1 192.0.2.2 198.51.100.1 >"$tmp/gre/r1.cfg"
config 2 198.51.100.1 198.51.100.2 192.0.2.1 >"$tmp/gre/r2.cfg"

lab=$tmp/gre
check 'the lab comes up' "$COHORT" lab up --wait 60 "$lab"
check 'R1: the tunnel is up' wait_for 10 \
    shows r1 'show ip interface brief' 'Tunnel0 *10.255.0.1 .* up *up'
check 'a tunnel has no hardware address to ask for' \
    not shows r1 'show arp' 'Tunnel0|0000.0000.0000'
check 'R2: the tunnel is up' wait_for 10 \
    shows r2 'show interfaces Tunnel0' 'line protocol is up'
check 'its head says source and destination' grep -q \
    'Tunnel source 198.51.100.1 (GigabitEthernet1), destination 192.0.2.1' \
    "$tmp/shown"
check 'and the key' grep -q 'Key 0x4D' "$tmp/shown"

check 'capture' capture one core:eth1
check 'h1 reaches h2' wait_for 10 pings h1 10.2.0.10 -Q 0xb8
check 'the routers reach each other through it' \
    shows r1 'ping 10.255.0.2' '100 percent'
captured one
counted() { # 28 octets around each
	shows r1 'show interfaces Tunnel0' '3 packets output, 336 bytes' &&
	    grep -q '3 packets input, 336 bytes' "$tmp/shown" &&
	    grep -q 'Last input 00:00:0' "$tmp/shown"
}
three() { # of 84 octets; what went before may be told behind the clear
	printf 'clear counters\nyes\n' | node r1 - >/dev/null
	pings h1 10.2.0.10 && wait_for 3 counted
}
check 'show interfaces counts what went through it' wait_for 20 three
check '28 octets are around a packet: 20 of IP, 4 of GRE, 4 of the key' \
    seen one 'proto 47 and src 192.0.2.1 and ip[2:2] = 128' 'GRE'
check 'the core saw GRE with the key' \
    seen one 'proto 47 and src 192.0.2.1' 'key=0x4d'
check 'the TOS is outside, too' \
    seen one 'proto 47 and src 192.0.2.1' 'tos 0xb8'
check 'the core saw nothing but GRE and ARP' none one 'ip and not proto 47'

check 'a packet of 1472 octets passes whole' pings h1 10.2.0.10 -M do -s 1444
toobig() {
	! node h1 'ping -n -c 2 -i 0.2 -M do -s 1445 10.2.0.10' \
	    >"$tmp/toobig" 2>&1 || return 1
	grep -qE 'mtu = 1472|Message too long|Frag needed' "$tmp/toobig" ||
	    { cat "$tmp/toobig"; return 1; }
}
check 'one of 1473 is refused with the MTU' toobig
check 'without DF it is cut and passes' pings h1 10.2.0.10 -M dont -s 6000

# What changes while the tunnel is up.
tunnel_lines() { # tunnel_lines LINE: on both
	for _router in r1 r2; do
		configure "$_router" 'interface Tunnel0' "$1" >/dev/null ||
		    return 1
	done
}
transport_mtu() {
	wait_for 5 shows r1 'show interfaces Tunnel0' \
	    "Tunnel transport MTU $1 bytes"
}
check 'checksums' tunnel_lines 'tunnel checksum'
check 'they are shown' shows r1 'show interfaces Tunnel0' \
    'Checksumming of packets enabled'
check 'and take four octets more' transport_mtu 1468
check 'capture' capture sums core:eth1
check 'h1 reaches h2 with them' pings h1 10.2.0.10
check 'of odd size and in pieces, too' pings h1 10.2.0.10 -M dont -s 3001
captured sums
check 'the core sees them' seen sums 'proto 47' 'checksum present'
check 'no checksums' tunnel_lines 'no tunnel checksum'
check 'no key' tunnel_lines 'no tunnel key'
check 'it is four octets less' transport_mtu 1476
configure r1 'interface GigabitEthernet1' ' ip mtu 1400' >/dev/null
check 'ip mtu of the interface below is that of the tunnel' transport_mtu 1376
configure r1 'interface GigabitEthernet1' ' no ip mtu' >/dev/null
check 'and no longer' transport_mtu 1476
check 'the key again' tunnel_lines 'tunnel key 77'
check 'is four octets' transport_mtu 1472

configure r1 'interface Tunnel0' ' ip mtu 1500' >/dev/null
configure r2 'interface Tunnel0' ' ip mtu 1500' >/dev/null
check 'capture' capture two core:eth1
check 'ip mtu 1500: GRE is cut outside, and put together' \
    pings h1 10.2.0.10 -M dont -s 1472
captured two
check 'there were fragments of GRE' seen two 'ip[6:2] & 0x3fff != 0' 'GRE'

cat >"$tmp/sink.py" <<'EOT'
import hashlib, socket
s = socket.create_server(("", 5000))
print("ready", flush=True)
c = s.accept()[0]
h = hashlib.sha256()
while data := c.recv(65536):
    h.update(data)
print(h.hexdigest())
EOT
cat >"$tmp/source.py" <<'EOT'
import hashlib, os, socket
data = os.urandom(3000000)
socket.create_connection(("10.2.0.10", 5000), 10).sendall(data)
print(hashlib.sha256(data).hexdigest())
EOT
node h2 "timeout 30 python3 $tmp/sink.py" >"$tmp/sink" &
sink=$!
check 'a TCP server on h2' wait_for 5 grep -q ready "$tmp/sink"
node h1 "timeout 30 python3 $tmp/source.py" >"$tmp/source"
check 'h1 has sent it 3 MB' test -s "$tmp/source"
wait "$sink"
check '3 MB of TCP, with offloads, arrive whole' \
    test "$(sed 1d "$tmp/sink")" = "$(grep . "$tmp/source")"

# Keepalives: R2 need not know of them.
configure r1 'interface Tunnel0' ' keepalive 1 2' >/dev/null
check 'keepalives are shown' \
    shows r1 'show interfaces Tunnel0' 'Keepalive set \(1 sec\), retries 2'
node core 'ip link set eth2 down'
check 'none comes back: the line protocol goes down' wait_for 15 \
    shows r1 'show interfaces Tunnel0' 'Tunnel0 is up, line protocol is down'
node core 'ip link set eth2 up'
check 'they come back: it goes up' wait_for 15 \
    shows r1 'show interfaces Tunnel0' 'line protocol is up'
check 'and carries packets again' wait_for 10 pings h1 10.2.0.10

# The way to the other end leads into the tunnel.
configure r1 'ip route 198.51.100.0 255.255.255.0 Tunnel0' >/dev/null
check 'a recursive way takes the tunnel down' wait_for 10 shows r1 \
    'show logging' 'TUN-5-RECURDOWN: Tunnel0 temporarily disabled'
check 'line protocol is down' wait_for 10 \
    shows r1 'show interfaces Tunnel0' 'Tunnel0 is up, line protocol is down'
configure r1 'no ip route 198.51.100.0 255.255.255.0 Tunnel0' \
    'interface Tunnel0' ' no tunnel destination' >/dev/null
check 'without destination it stays down' \
    shows r1 'show interfaces Tunnel0' 'destination UNKNOWN'
configure r1 'no interface Tunnel0' >/dev/null
check 'a tunnel that is removed takes its device along' wait_for 5 not \
    node r1 'test -d /sys/class/net/Tunnel0'

finish
