#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Packets of the group taken from the core and sent again, with each method of
# anti-replay, on the lab first-lab:
#
#	       r1 (KS)
#	         |
#	h2 - r2 - core - r3 - h3
#	              ^ here
#
# What the counters of r3 say decides; the change from one method to the next
# is a policy change. COHORT is the program (default ./cohort). Exit 77: no
# namespaces here.

COHORT=${COHORT:-./cohort}
case $COHORT in
/*) ;;
*) COHORT=$(pwd)/$COHORT ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d /tmp/cohort-replay.XXXXXX) || exit 1
export COHORT_RUN="$tmp/run"
. "$here/../words.sh"

cleanup() {
	"$COHORT" lab down "$tmp/first-lab" >/dev/null 2>&1
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

need_namespaces
cp -r "$here/../../examples/first-lab" "$here/../../examples/lib.sh" "$tmp"
cp "$here/replay.py" "$tmp"
chmod -R u+w "$tmp"
sed -i 's/lifetime seconds 120/lifetime seconds 3600/' "$tmp/first-lab/r1.cfg"
N=20 # packets in a capture

node() { # node NAME COMMAND...
	"$COHORT" lab exec "$tmp/first-lab" "$@"
}

shows() { # shows ROUTER COMMAND PATTERN
	node "$1" "$2" >"$tmp/shown" 2>&1
	grep -q -- "$3" "$tmp/shown" && return
	cat "$tmp/shown"
	return 1
}

same() {
	[ "$1" = "$2" ] && return
	echo "got $1, expected $2"
	return 1
}

drops() { # drops TEXT: how many r3 has dropped for that reason
	_n=$(node r3 'show cohort drops' | sed -n "s/^ *\\([0-9]*\\)  $1\$/\\1/p")
	echo "${_n:-0}"
}

value() { # value LABEL, of gm replay on r3
	node r3 'show crypto gdoi gm replay' |
	    sed -n "s/^ *\\(.* \\)\\{0,1\\}$1 : \\([0-9]*\\).*/\\2/p"
}

pings() { # from h2 to h3, all answered
	node h2 "ping -q -i 0.02 -c $N 172.16.3.10" | grep -q " 0% packet loss"
}

capture() { # pings, and what of them reached r3
	: >"$tmp/ready"
	node core "python3 $tmp/replay.py capture eth3 $N $tmp/packets" \
	    >"$tmp/ready" 2>&1 &
	_pid=$!
	wait_for 20 grep -q ready "$tmp/ready" || return 1
	pings || return 1
	wait "$_pid"
}

again() {
	node core "python3 $tmp/replay.py send eth3 $tmp/packets"
}

dropped() { # dropped TEXT NUMBER
	[ "$(drops "$1")" -ge "$2" ]
}

same_errors() {
	same "$(value 'Input Error Packets')" $N
}

copies_passed() {
	[ "$(value 'Input Packets')" -ge $((before + N)) ]
}

# A window has passed when the oldest of the capture is refused.
refused_by_time() {
	again
	[ "$(value 'Input Error Packets')" -gt 0 ]
}

method() { # method 'CONFIG LINE' PATTERN: all members get it at once
	printf '%s\n' 'configure terminal' 'crypto gdoi group GDOI_GROUP' \
	    'server local' 'sa ipsec 1' "$1" end \
	    'crypto gdoi ks rekey replace-now' |
	    node r1 - >"$tmp/shown" 2>&1 || { cat "$tmp/shown"; return 1; }
	for _r in r2 r3; do
		wait_for 30 shows $_r 'show crypto gdoi' "$2" || return 1
	done
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$tmp/first-lab"
check 'all members have registered' wait_for 60 \
    shows r1 'show crypto gdoi ks' 'registered to this box: 4'
check 'h2 reaches h3' wait_for 20 node h2 'ping -c 1 -W 1 172.16.3.10'

check 'counters: a capture' capture
check 'sent again' again
check 'each is dropped' wait_for 10 dropped 'anti-replay check failed' $N
check 'none twice' same "$(drops 'anti-replay check failed')" $N
check 'and logged' shows r3 'show logging' '%CRYPTO-4-PKT_REPLAY_ERR'
check 'the sender is not disturbed' pings

check 'time: a policy change' method 'replay time window-size 3' \
    'Anti-Replay(Time Based) : 3 sec interval'
check 'packets pass' wait_for 10 pings
check 'a capture' capture
before=$(value 'Input Packets')
check 'sent again at once' again
check 'inside the window copies pass' wait_for 5 copies_passed
check 'nothing is dropped' same "$(value 'Input Error Packets')" 0
check 'behind the window they are refused' wait_for 15 refused_by_time
check 'the counters are cleared' node r3 'clear crypto gdoi replay counter'
check 'then all of them' again
check 'are dropped' wait_for 5 same_errors
check 'the log has both times' shows r3 'show logging' \
    'TIMEBASED_REPLAY_FAILED: An anti replay check has failed in group GDOI_GROUP from source ip-address 172.16.2.10. my_pseudotime is [0-9.]* secs, peer_pseudotime is [0-9.]* secs, replay_window is 3 (second)'
check 'the history has the source' shows r3 'show crypto gdoi gm replay' \
    'src=172.16.2.10; my_pst='
check 'the sender is not disturbed' pings
check 'the key server says its clock' shows r1 'show crypto gdoi ks replay' \
    'Remaining sync time : 7[0-9]* secs'
check 'the plaintext MTU has room for the time' shows r2 \
    'show crypto ipsec sa' 'plaintext mtu 1422'

check 'none: a policy change' method 'no replay' 'Anti-Replay : Disabled'
check 'packets pass' wait_for 10 pings
check 'a capture' capture
n=$(drops 'anti-replay check failed')
check 'sent again' again
check 'it is not dropped' same "$(drops 'anti-replay check failed')" "$n"

finish
