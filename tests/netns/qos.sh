#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A router that shapes a real device:
#
#	h1 --- r1 --- h2	10.0.1.0/24, 10.0.2.0/24
#
# Voice and three classes of bulk, each more than the link takes. What is
# judged are ratios: between the classes, of the rate to that of the policy,
# of the delay of voice to that of bulk. The shapers may send in one go what they
# could not for 100 ms, while the machine did something else. COHORT is the program (default
# ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"

pids=

ending() {
	for _p in $pids; do
		kill "$_p" 2>/dev/null
	done
}

mkdir "$tmp/lab"
cat >"$tmp/lab/r1.cfg" <<'EOT'
hostname r1
class-map match-any VOICE
 match dscp ef
class-map match-any GOLD
 match dscp af31
class-map match-any SILVER
 match dscp af21
policy-map CHILD
 class VOICE
  priority percent 20
 class GOLD
  bandwidth percent 40
 class SILVER
  bandwidth percent 20
policy-map TOP
 class class-default
  shape average 2000000 200000
  service-policy CHILD
policy-map MARK
 class SILVER
  police 800000 conform-action transmit exceed-action drop
interface GigabitEthernet0/1
 ip address 10.0.1.1 255.255.255.0
interface GigabitEthernet0/2
 ip address 10.0.2.1 255.255.255.0
 service-policy output TOP
EOT
host() { # host NAME NET
	cat <<EOT
    $1:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 10.0.$2.2/24 dev eth1
        - ip route replace default via 10.0.$2.1
EOT
}
{
	cat <<EOT
name: qos
topology:
  nodes:
    r1:
      kind: linux
      image: cohort
      binds:
        - r1.cfg:/etc/cohort/startup-config
EOT
	host h1 1
	host h2 2
	cat <<'EOT'
  links:
    - endpoints: ["r1:eth1", "h1:eth1"]
    - endpoints: ["r1:eth2", "h2:eth1"]
EOT
} >"$tmp/lab/lab.clab.yml"

lab=$tmp/lab

# load FILE: eight seconds of voice and bulk, the rows of what arrived in five
# of them
load() {
	node h2 "python3 $here/qos.py receive 1.5 6.5 1 2 3 4" >"$1" 2>&1 &
	_receiver=$!
	pids="$pids $_receiver"
	wait_for 20 grep -q ready "$1" || return 1
	node h1 "python3 $here/qos.py send 10.0.2.2 8 1:0xb8:50:200 \
	    2:0x68:250:1200 3:0x48:500:600 4:0:250:1200" || return 1
	wait "$_receiver"
	cat "$1"
}

column() { # column FILE PORT COLUMN
	awk -v port="$2" -v n="$3" '$1 == port { print $n }' "$1"
}

ratio() { # ratio A B LOW HIGH: is A / B between them?
	awk -v a="$1" -v b="$2" -v lo="$3" -v hi="$4" 'BEGIN {
		printf "%s / %s, to be from %s to %s\n", a, b, lo, hi
		exit !(b > 0 && a / b >= lo && a / b <= hi) }'
}

# Octets that left in five seconds, with 14 of the link for each packet, to
# those of the shaper; a machine that is busy with something else sends less.
rate() { # rate FILE BPS
	ratio "$(awk '$1 ~ /^[1-4]$/ { size = $1 == 1 ? 200 : $1 == 3 ? 600 : 1200
	    sum += $2 * (size + 14) / size } END { print sum * 8 / 5 }' "$1")" \
	    "$2" 0.8 1.04
}

counted() { # counted CLASS: packets of a class of the child
	node r1 'show policy-map interface GigabitEthernet0/2 output' |
	    awk -v c="$1" '$1 == "Class-map:" { on = $2 == c }
		on && $2 == "packets," { print $1; on = 0 }'
}

is_zero() {
	[ "$(counted GOLD)" = 0 ] && dropped 0
}

check 'the lab comes up' "$COHORT" lab up "$tmp/lab"
check 'a host reaches the other one' node h1 'ping -q -c 3 10.0.2.2'
check 'voice and bulk go through the shaper' load "$tmp/first"
check 'the rate is that of the shaper' rate "$tmp/first" 2000000
check 'gold has twice what silver has' \
    ratio "$(column "$tmp/first" 2 2)" "$(column "$tmp/first" 3 2)" 1.85 2.15
came() { # came FILE: of the packets of voice, hardly one is missing
	ratio "$(column "$1" 1 5)" "$(column "$1" 1 4)" 0.97 1
}
check 'no voice is lost' came "$tmp/first"
check 'voice waits for a small part of what bulk waits' \
    ratio "$(column "$tmp/first" 1 3)" "$(column "$tmp/first" 4 3)" 0 0.2
check 'voice was counted in its class' ratio "$(counted VOICE)" 400 0.95 1.05
node r1 'show policy-map interface GigabitEthernet0/2' >"$tmp/shown"
check 'drops are shown' grep -Eq \
    '\(queue depth/total drops/no-buffer drops\) [0-9]+/[1-9][0-9]*/0' \
    "$tmp/shown"
dropped() { # dropped N: says show interfaces, half a second later
	node r1 'show interfaces GigabitEthernet0/2' | tee "$tmp/interface"
	grep -q "Total output drops: $1\$" "$tmp/interface"
}
check 'show interfaces has those of the shaper, too' wait_for 5 dropped \
    "$(sed -n 's;.*no-buffer drops) [0-9]*/\([0-9]*\)/.*;\1;p' "$tmp/shown" |
    sed -n 1p)"
printf '%s\n' 'configure terminal' 'policy-map TOP' 'class class-default' \
    'shape average 4000000 400000' 'interface GigabitEthernet0/1' \
    'service-policy input MARK' 'end' >"$tmp/change"
check 'twice the rate, and a policer on the way in' \
    node r1 - <"$tmp/change"
check 'voice and bulk again' load "$tmp/second"
check 'the rate is that of the new shaper' rate "$tmp/second" 4000000
check 'silver has what the policer lets in' \
    ratio "$(column "$tmp/second" 3 2)" $((800000 / 8 * 5)) 0.9 1.03

# The policy changes as fast as it can be typed while voice is counted.
changing() {
	load "$tmp/third" &
	_load=$!
	wait_for 20 grep -q ready "$tmp/third" || return 1
	for _i in 1 2 3 4 5 6 7 8 9 10; do
		for _rate in 2500000 4000000; do
			printf '%s\n' 'configure terminal' 'policy-map TOP' \
			    'class class-default' "shape average $_rate" end |
			    node r1 - || return 1
		done
	done
	wait "$_load"
}
check 'policies change while voice and bulk go on' changing
check 'no voice is lost by that' came "$tmp/third"
printf '%s\n' 'clear counters' 'y' >"$tmp/clear"
check 'clear counters' node r1 - <"$tmp/clear"
check 'counters are cleared' wait_for 5 is_zero

finish
