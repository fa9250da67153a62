#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# `cohort lab` itself, with a lab of plain hosts:
#
#	a eth1 --- eth1 mid eth2 --- eth1 b
#
# and one of two routers and two hosts, whose lines it waits for.
#
# up, down, twice each; exec, background processes, captures, refusals.
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"
logs= # plain hosts have none

alive() { # not gone, and not a zombie that nobody has waited for
	grep -q '^State:[^Z]*$' "/proc/$1/status"
}

says() { # says TEXT COMMAND...: fails, and with this text
	_says=$1
	shift
	if "$@" >"$tmp/says" 2>&1; then
		echo "succeeded: $*"
		return 1
	fi
	grep -qF -- "$_says" "$tmp/says" || { cat "$tmp/says"; return 1; }
}

lab() {
	_sub=$1
	shift
	"$COHORT" lab "$_sub" "$tmp/lab" "$@"
}

mkdir "$tmp/lab"
cat >"$tmp/lab/lab.clab.yml" <<'EOT'
name: plain
topology:
  defaults:
    image: alpine:3
  kinds:
    linux:
      env:
        COLOUR: blue
  nodes:
    a:
      kind: linux
      exec:
        - ip addr add 198.18.1.1/24 dev eth1
        - ip route replace default via 198.18.1.254
    mid:
      kind: linux
      sysctls:
        net.ipv4.ip_forward: 1
      exec:
        - ip addr add 198.18.1.254/24 dev eth1
        - ip addr add 198.18.2.254/24 dev eth2
    b:
      kind: linux
      env:
        COLOUR: red
      cmd: echo $$ >@TMP@/cmd.pid; exec sleep 1000
      exec:
        - ip addr add 198.18.2.1/24 dev eth1 && ip route replace default via 198.18.2.254
  links:
    - endpoints: ["a:eth1", "mid:eth1"]
    - endpoints: ["mid:eth2", "b:eth1"]
      mtu: 1400
EOT
sed -i "s,@TMP@,$tmp," "$tmp/lab/lab.clab.yml"

check 'exec before up is refused' says 'is not up' lab exec a true
check 'up' lab up
check 'up again says so' sh -c '"$0" lab up "$1" | grep -q "already up"' \
    "$COHORT" "$tmp/lab"
check 'list has it' sh -c '"$0" lab list | grep -q "^plain  *up "' "$COHORT"
check 'a reaches b through mid' lab exec a 'ping -n -q -c 2 -i 0.2 198.18.2.1'
check 'links have their MTU' lab exec b 'ip link show eth1 | grep -q "mtu 1400"'
check 'env of the kind' lab exec a '[ "$COLOUR" = blue ]'
check 'env of the node wins' lab exec b '[ "$COLOUR" = red ]'
check 'exec hands on the exit status' sh -c \
    '"$0" lab exec "$1" a "exit 7"; [ $? = 7 ]' "$COHORT" "$tmp/lab"
check 'exec stops at the first failure' sh -c \
    '[ -z "$("$0" lab exec "$1" a false "echo more")" ]' "$COHORT" "$tmp/lab"
check 'nodes see only their own devices' lab exec a '! ip link show eth2'
check 'unknown node' says 'no node zz' lab exec zz true
check 'the topology file names the lab as well' \
    sh -c '"$0" lab up "$1/lab.clab.yml" | grep -q "already up"' \
    "$COHORT" "$tmp/lab"
cp -r "$tmp/lab" "$tmp/other"
check 'a lab of the same name from elsewhere is refused' \
    says "is up from $tmp/lab" "$COHORT" lab up "$tmp/other"

wait_for 10 [ -s "$tmp/cmd.pid" ]
pid=$(cat "$tmp/cmd.pid")
check 'cmd runs in the background' alive "$pid"
lab exec a 'setsid sleep 1000 >/dev/null 2>&1 & echo $!' >"$tmp/stray"

# pcap: a capture file that tcpdump reads, with every packet, and it ends.
"$COHORT" lab pcap "$tmp/lab" mid:eth2 >"$tmp/pcap" &
capture=$!
check 'pcap begins with a head' wait_for 10 [ -s "$tmp/pcap" ]
lab exec a 'ping -n -q -c 5 -i 0.05 198.18.2.1' >/dev/null
kill -INT "$capture" 2>/dev/null
kill "$capture"
wait "$capture"
check 'pcap ends on a signal with 0' [ $? -eq 0 ]
as_nobody=
[ "$(id -u)" -eq 0 ] || as_nobody='unshare --user'
check 'tcpdump finds 10 ICMP packets in it' sh -c \
    "[ \$($as_nobody tcpdump -n -r '$tmp/pcap' icmp 2>/dev/null | wc -l) -eq 10 ]"
check 'pcap of no such link' says 'No such device' lab pcap mid:eth9
check 'pcap wants NODE:INTERFACE' says 'named by one of its ends' lab pcap mid

check 'down' lab down
check 'down again' lab down
check 'the background process is gone' not alive "$pid"
check 'so is what exec left behind' not alive "$(cat "$tmp/stray")"
check 'no directory is left' [ ! -e "$COHORT_RUN/plain" ]
check 'no mount is left' not grep -q "$tmp" /proc/self/mountinfo

# A node whose exec line fails: the lab comes up, the exit status tells.
sed -i 's/ip addr add 198.18.1.1.*/ip addr add nonsense dev eth1/' \
    "$tmp/lab/lab.clab.yml"
check 'a failing exec line is named' says 'nonsense' lab up
check 'down after that' lab down

# Routers, with a stand-in for the program: what up does when one is slow,
# dies, or has saved a configuration.
mkdir "$tmp/routers"
cat >"$tmp/routers/lab.clab.yml" <<'EOT'
name: routers
topology:
  nodes:
    r:
      kind: linux
      image: cohort:latest
      binds: ["r.cfg:/etc/cohort/startup-config:ro"]
EOT
echo 'hostname R' >"$tmp/routers/r.cfg"
cat >"$tmp/standin" <<'EOT'
#!/bin/sh
# standin run -c CONFIG -n NAME -s STATEDIR -d
[ "$*" = "run -c $3 -n r -s $7 -d" ] || exit 9
echo "started with $3"
[ -e "${0%/*}/dies" ] && exit 1
trap 'kill $!; exit 0' TERM
[ -e "${0%/*}/hangs" ] || touch "$7/ready"
sleep 1000 &
wait
EOT
chmod +x "$tmp/standin"
export COHORT_BINARY="$tmp/standin"
routers() {
	"$COHORT" lab "$@" "$tmp/routers"
}
touch "$tmp/dies"
check 'a router that ends is told, with its last words' \
    says 'router r did not start' routers up
check 'its last words' grep -q "started with $tmp/routers/r.cfg" "$tmp/says"
rm "$tmp/dies"
touch "$tmp/hangs"
check 'a router that hangs is told' \
    says 'router r is not ready after 1 seconds' routers up --wait 1
rm "$tmp/hangs"
check 'up after that starts anew' routers up
echo saved >"$COHORT_RUN/routers/state/r/startup-config"
check 'down --keep' routers down --keep
check 'up takes the saved configuration' sh -c \
    '"$0" lab up "$1" | grep -q "r: starting from its saved"' \
    "$COHORT" "$tmp/routers"
check 'it is given to the router' grep -q \
    "started with $COHORT_RUN/routers/state/r/startup-config" \
    "$COHORT_RUN/routers/log/r"
# shellcheck disable=SC2016 # for the shell in the node
check 'shell is the machine'\''s, beside a router' sh -c \
    '[ "$("$0" lab shell "$1" r "echo \$LAB_STATE")" = "$2" ]' \
    "$COHORT" "$tmp/routers" "$COHORT_RUN/routers/state/r"
check 'up --fresh forgets it' routers up --fresh
check 'it is gone' [ ! -e "$COHORT_RUN/routers/state/r/startup-config" ]
check 'down' routers down
check 'nothing is left' [ ! -e "$COHORT_RUN/routers" ]
unset COHORT_BINARY

# Lines. Where a device has the number of its peer, the kernel uses it up to a
# second after it got its carrier: nothing is said to be up before that.
lab=$tmp/lines
mkdir "$lab"
cat >"$lab/lab.clab.yml" <<'EOT'
name: lines
topology:
  nodes:
    r1: {kind: linux, image: cohort, binds: ["r1:/etc/cohort/startup-config"]}
    r2: {kind: linux, image: cohort, binds: ["r2:/etc/cohort/startup-config"]}
    h1: {kind: linux, image: alpine:3, exec: [ip addr add 10.9.0.1/24 dev eth1]}
    h2: {kind: linux, image: alpine:3, exec: [ip addr add 10.9.0.2/24 dev eth1]}
  links:
    - endpoints: ["r1:eth1", "r2:eth1"]
    - endpoints: ["h1:eth1", "h2:eth1"]
EOT
for i in 1 2; do
	printf '%s\n' "hostname r$i" 'interface GigabitEthernet0/0' \
	    " ip address 10.0.0.$i 255.255.255.0" >"$lab/r$i"
done
brief='show ip interface brief'
for round in 1 2 3; do
	"$COHORT" lab up "$lab" >"$tmp/up" || cat "$tmp/up"
	check "lines, $round: r1 is up" shows r1 "$brief" 'manual up  *up'
	check "lines, $round: so is r2" shows r2 "$brief" 'manual up  *up'
	check "lines, $round: a host loses nothing" \
	    node h2 'ping -n -q -c 1 -W 1 10.9.0.1'
	check "lines, $round: nor does a router" \
	    shows r2 'ping 10.0.0.1 repeat 1 timeout 1' '^!$'
	[ "$round" = 3 ] || "$COHORT" lab down "$lab" >/dev/null
done
check 'the far end is shut' configure r1 'interface GigabitEthernet0/0' shutdown
check 'the line is down' wait_for 5 shows r2 'show interfaces Gi0/0' \
    'GigabitEthernet0/0 is down, line protocol is down'
check 'it stays so' sh -c '"$0" lab exec "$1" r1 write && "$0" lab down --keep \
    "$1" && "$0" lab up "$1"' "$COHORT" "$lab"
check 'up waits for no line that is shut' \
    shows r2 'show interfaces Gi0/0' 'is down, line protocol is down'
check 'its own end says why' \
    shows r1 'show interfaces Gi0/0' 'is administratively down'
check 'down' "$COHORT" lab down "$lab"

refused() { # refused TEXT YAML: `lab up` says TEXT
	mkdir -p "$tmp/bad"
	printf '%b' "$2" >"$tmp/bad/lab.clab.yml"
	check "refused: $1" says "$1" "$COHORT" lab up "$tmp/bad"
	check 'and nothing was made' [ ! -e "$COHORT_RUN/x" ]
}
n='name: x\ntopology:\n nodes:\n  a: {kind: linux, image: i}\n'
l=' links:\n  - endpoints:'
refused 'lab.clab.yml:2:' 'name: [x\ntopology:\n: :'
refused 'the lab needs a name' 'topology:\n nodes: {}\n'
refused 'the lab needs a name' 'name: ../x\ntopology:\n nodes: {}\n'
refused 'topology.nodes is missing' 'name: x\n'
refused 'cannot be used' 'name: x\ntopology:\n nodes:\n  a/b: {kind: linux}\n'
refused 'kind srl is not known' \
    'name: x\ntopology:\n nodes:\n  a: {kind: srl}\n'
refused 'no file is bound' \
    'name: x\ntopology:\n nodes:\n  r: {kind: linux, image: cohort}\n'
refused 'nothere: No such file' \
    'name: x\ntopology:\n nodes:\n  r: {kind: linux, image: "cohort:1", binds: ["nothere:/etc/cohort/startup-config"]}\n'
refused 'exec must be a list' \
    'name: x\ntopology:\n nodes:\n  a: {kind: linux, exec: ls}\n'
refused 'two endpoints' "$n$l [\"a:e1\"]\n"
refused 'is not NODE:INTERFACE' "$n$l [\"a\", \"a:e2\"]\n"
refused 'no node b' "$n$l [\"a:e1\", \"b:e2\"]\n"
refused 'cannot be used' "$n$l [\"a:e1\", \"a:sixteen-letters-\"]\n"
refused 'has two links' "$n$l [\"a:e1\", \"a:e1\"]\n"
refused 'mtu is a number' "$n$l [\"a:e1\", \"a:e2\"]\n    mtu: 9x\n"
check 'no such directory' says 'No such file' "$COHORT" lab up "$tmp/none"
check 'no such sub-command' says 'usage:' "$COHORT" lab levitate "$tmp/lab"

finish
