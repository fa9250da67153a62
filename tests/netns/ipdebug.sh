#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# debug ip packet and debug ip icmp between kernel stacks:
#
#	h1 --- eth2 r1 eth1 --- h2
#
# the picture of seed 004, what the kernel of the router answers and refuses,
# and a flood of 10,000 packets a second while both ends of the shell are
# asked to go on. COHORT is the program (default ./cohort). Exit 77: no
# namespaces here.

. "$(dirname "$0")/lib.sh"

lab=$tmp/ipdebug
mkdir "$lab"
cat >"$lab/lab.clab.yml" <<'EOT'
name: ipdebug
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
  links:
    - endpoints: ["r1:eth1", "h2:eth1"]
    - endpoints: ["r1:eth2", "h1:eth1"]
EOT
cat >"$lab/r1.cfg" <<'EOT'
hostname R1
logging buffered 1000000 debugging
no logging console
line con 0
 exec-timeout 0 0
interface FastEthernet0/0
 ip address 10.2.0.1 255.255.255.0
interface FastEthernet0/1
 ip address 10.1.0.1 255.255.255.0
access-list 101 permit udp any any eq 9
access-list 102 deny udp any any
access-list 102 permit ip any any
EOT

node() { # node NAME COMMAND...
	"$COHORT" lab exec "$lab" "$@"
}

inside() { # inside NODE COMMAND...: in its namespace, without a shell
	_ns=$1
	shift
	nsenter --net="$COHORT_RUN/ipdebug/ns/$_ns" "$@"
}

debugs() { # debugs WORDS: from now on, with an empty log
	node r1 'undebug all' >/dev/null &&
	    node r1 'clear logging' >/dev/null &&
	    node r1 "debug ip $1" >/dev/null
}

# What debug has said, without times; the last line first asked for.
said() {
	node r1 'show logging' |
	    sed -n 's/^\**[A-Z][a-z][a-z] .*[0-9]: \(IP: .*\|ICMP: .*\|    .*\|DEBUG: .*\)$/\1/p'
}

has() { # has 'LINE': to the letter
	said >"$tmp/said"
	grep -qxF -- "$1" "$tmp/said" && return 0
	cat "$tmp/said"
	return 1
}

is_said() { # is_said: it is what standard input says
	cat >"$tmp/wanted"
	wait_for 5 same_as_wanted || {
		diff "$tmp/wanted" "$tmp/said"
		return 1
	}
}

same_as_wanted() {
	said >"$tmp/said"
	cmp -s "$tmp/wanted" "$tmp/said"
}

check 'the lab comes up' "$COHORT" lab up "$lab"
check 'neighbours know each other' wait_for 20 node h1 \
    'ping -n -q -c 1 -W 1 10.2.0.10'

# ---- the picture of seed 004 ----

echo_of() { # echo_of SIZE
	cat <<EOT
IP: tableid=0, s=10.2.0.1 (local), d=10.2.0.10 (FastEthernet0/0), routed via FIB
IP: s=10.2.0.1 (local), d=10.2.0.10 (FastEthernet0/0), len $1, sending
    ICMP type=8, code=0
EOT
}

reply_of() { # reply_of SIZE
	cat <<EOT
IP: tableid=0, s=10.2.0.10 (FastEthernet0/0), d=10.2.0.1 (FastEthernet0/0), routed via RIB
IP: s=10.2.0.10 (FastEthernet0/0), d=10.2.0.1 (FastEthernet0/0), len $1, rcvd 3
    ICMP type=0, code=0
EOT
}

picture() {
	node r1 'ping 10.2.0.10 df-bit repeat 1 sweep 1499 1502' >"$tmp/ping"
	grep -qx '!!\.\.' "$tmp/ping" || { cat "$tmp/ping"; return 1; }
	{ echo_of 1499; reply_of 1499; echo_of 1500; reply_of 1500
	    echo_of 1501; echo_of 1502; } | is_said
}

debugs 'packet detail'
check 'sizes about the MTU, as seed 004 has them' picture
debugs icmp
check 'the same by debug ip icmp' node r1 'ping 10.2.0.10 repeat 1'
check '... is the reply' wait_for 5 has \
    'ICMP: echo reply rcvd, src 10.2.0.10, dst 10.2.0.1'

# ---- what the kernel of the router does ----

debugs icmp
inside h1 ping -n -q -c 1 10.1.0.1 >"$tmp/out"
check 'a reply that it sends' wait_for 5 has \
    'ICMP: echo reply sent, src 10.1.0.1, dst 10.1.0.10'
inside h1 ping -n -q -c 1 -t 1 -W 1 10.2.0.10 >"$tmp/out"
check 'time to live' wait_for 5 has \
    'ICMP: time exceeded (time to live) sent to 10.1.0.10 (dest was 10.2.0.10)'
echo x | inside h1 socat -u - UDP:10.1.0.1:9 2>"$tmp/out"
check 'a port that nobody has' wait_for 5 has \
    'ICMP: dst (10.1.0.1) port unreachable sent to 10.1.0.10'
inside h1 ping -n -q -c 1 -W 1 172.16.9.9 >"$tmp/out"
check 'no route' wait_for 5 has \
    'ICMP: dst (172.16.9.9) host unreachable sent to 10.1.0.10'
node r1 'traceroute 10.2.0.10 probe 1 timeout 2' >"$tmp/out"
check 'an error that it gets' wait_for 5 has \
    'ICMP: dst (10.2.0.10) port unreachable rcv from 10.2.0.10'

# ---- what passes, with a list ----

debugs 'packet 101 detail'
inside h1 ping -n -q -c 1 10.2.0.10 >"$tmp/out"
echo hello | inside h1 socat -u - UDP:10.2.0.10:9,sourceport=4000 \
    2>"$tmp/out"
check 'what the list permits, and nothing else' is_said <<'EOT'
IP: tableid=0, s=10.1.0.10 (FastEthernet0/1), d=10.2.0.10 (FastEthernet0/0), routed via FIB
IP: s=10.1.0.10 (FastEthernet0/1), d=10.2.0.10 (FastEthernet0/0), g=10.2.0.10, len 34, forward
    UDP src=4000, dst=9
EOT
check 'matches are of packets that a list filters' sh -c \
    "'$COHORT' lab exec '$lab' r1 'show access-lists 101' |
    grep -qx '    10 permit udp any any eq discard'"

# ---- a flood ----

# Up to 10,000 packets a second each way until there is a file `stop` and that
# many were sent, at most 100 s. No more than 128 are on their way, so a slow
# machine takes longer, and one that does not come back is lost.
cat >"$tmp/flood.py" <<'EOT'
import os, select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
if len(sys.argv) == 2:
    while True:
        data, peer = s.recvfrom(100)
        s.sendto(data, peer)
s.connect(("10.2.0.10", 9))
s.setblocking(False)
sent, back, start = 0, 0, time.monotonic()
while True:
    now = time.monotonic() - start
    stop = now > 100 or sent >= 10000 and os.path.exists(sys.argv[2])
    if stop and back == sent:
        break
    if not stop:
        due = min(int(now * 10000), back + 128)
        while sent < due:
            s.send(b"flood")
            sent += 1
    if sent == back:
        time.sleep(0.001)
    elif not select.select([s], [], [], 10)[0]:
        sys.exit("%d of %d came back" % (back, sent))
    try:
        while s.recv(100):
            back += 1
    except BlockingIOError:
        pass
print("%d in %.1f s" % (sent, now))
EOT
ending() {
	for _p in ${flood-} ${echoes-}; do
		kill "$_p" 2>/dev/null
	done
}

listens() {
	inside h2 ss -Hlun 'sport = :9' | grep -q .
}

flooded() { # every packet came back, and there were many
	touch "$tmp/stop"
	wait "$flood" || { cat "$tmp/flood"; return 1; }
	[ "$(sed 's/ .*//' "$tmp/flood")" -ge 10000 ] && return 0
	cat "$tmp/flood"
	return 1
}

node r1 'undebug all' >/dev/null
node r1 'clear logging' >/dev/null
printf 'configure terminal\nlogging console\n' | node r1 - >"$tmp/out"
inside h2 python3 "$tmp/flood.py" 9 >"$tmp/echoes" 2>&1 &
echoes=$!
check 'somebody answers at the other end' wait_for 10 listens
inside h1 python3 "$tmp/flood.py" 4000 "$tmp/stop" >"$tmp/flood" 2>&1 &
flood=$!
check 'the console goes on, what is left out is said' \
    expect "$here/ipdebug.exp" "$COHORT" "$lab" r1 10.2.0.77
check '... while packets passed' kill -0 "$flood"
check 'no packet is lost for it' flooded
flood=
check 'nobody died' node r1 'ping 10.2.0.10 repeat 2'

finish
