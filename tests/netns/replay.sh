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
# is a policy change: with replace-now, and by a normal rekey under a stream of
# pings of which none is lost. Processes are killed while packets are checked by
# time. A rekey waits a minute until the new TEK is used, so there are two more
# labs beside the first, one for each direction. COHORT is the program (default
# ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"

ending() {
	besides_kill
}

N=20 # packets in a capture
WINDOW=10 # seconds, in which they can be sent again on a busy machine

node() { # node NAME COMMAND...
	"$COHORT" lab exec "$tmp/first-lab" "$@"
}

shows() { # shows ROUTER COMMAND PATTERN
	node "$1" "$2" >"$tmp/shown" 2>&1
	grep -q -- "$3" "$tmp/shown" && return
	cat "$tmp/shown"
	return 1
}

shows_letters() { # shows_letters ROUTER COMMAND: as in expected, numbers as N
	node "$1" "$2" | tr -d '\r' | sed 's/[0-9][0-9]*/N/g' >"$tmp/shown"
	diff "$tmp/expected" "$tmp/shown"
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

# A window has passed when the newest of the capture is refused, too.
refused_by_time() {
	node r3 'clear crypto gdoi replay counter' && again &&
	    wait_for 2 same_errors
}

method() { # method 'CONFIG LINE' PATTERN [HOW]: all members get it at once
	printf '%s\n' 'configure terminal' 'crypto gdoi group GDOI_GROUP' \
	    'server local' 'sa ipsec 1' "$1" end \
	    "crypto gdoi ks rekey${3- replace-now}" |
	    node r1 - >"$tmp/shown" 2>&1 || { cat "$tmp/shown"; return 1; }
	for _r in r2 r3; do
		wait_for 30 shows $_r 'show crypto gdoi' "$2" || return 1
	done
}

# ---- a stream of pings ----

stream_start() {
	node h2 'ping -n -O -i 0.05 172.16.3.10' >"$tmp/stream" \
	    2>"$tmp/stream.err" &
	stream=$!
	wait_for 10 answers 5
}

answers() { # answers N
	[ "$(grep -c 'bytes from' "$tmp/stream")" -ge "$1" ]
}

goes_on() { # so many more answers
	wait_for 30 answers $(($(grep -c 'bytes from' "$tmp/stream") + $1))
}

stream_stop() { # the ping is the last one below `lab exec`
	ping_end "$(below "$stream" | head -n 1)" "$tmp/stream"
	wait "$stream"
}

none_lost() {
	ping_whole "$tmp/stream" 40
}

# ---- processes ----

main_of() {
	sed 's/ .*//' "$tmp/run"/*/pid/"$1"
}

restarted() { # restarted ROUTER ike|fwd OLD-PID
	_k=$(kid "$(main_of "$1")" "$2")
	[ -n "$_k" ] && [ "$_k" != "$3" ]
}

killed() { # killed ROUTER ike|fwd
	_old=$(kid "$(main_of "$1")" "$2")
	kill -9 "$_old" && wait_for 10 restarted "$1" "$2" "$_old"
}

# Hundredths: what a router says that the pseudotime is.
clock() { # clock ROUTER gm|ks
	node "$1" "show crypto gdoi $2 replay" |
	    sed -n 's/.*Replay Value : \([0-9]*\)\.\([0-9]*\) secs/\1\2/p' |
	    sed 's/^00*\(.\)/\1/'
}

clocks_agree() { # to 1.5 s, asking takes time too
	_ks=$(clock r1 ks)
	_gm=$(clock "$1" gm)
	echo "$_ks of the key server, $_gm of $1"
	[ -n "$_ks" ] && [ -n "$_gm" ] && [ $((_gm - _ks)) -lt 150 ] &&
	    [ $((_ks - _gm)) -lt 150 ]
}

sent_by_time() { # how many packets r2 has
	_n=$(node r2 'show crypto gdoi gm replay' |
	    sed -n 's/.*[0-9] Output Packets : //p')
	echo "${_n:-0}"
}

by_time() { # r2 sends with a time-based TEK now
	_before=$(sent_by_time)
	goes_on 10 >/dev/null
	[ "$(sent_by_time)" -gt "$_before" ]
}

not_by_time() {
	_before=$(sent_by_time)
	goes_on 10 >/dev/null
	same "$(sent_by_time)" "$_before"
}

# It asks. The SA that it has with a key server that has begun anew is dead.
forget() {
	node "$1" 'clear crypto isakmp'
	printf '%s\n' 'clear crypto gdoi' yes | node "$1" -
}

registered() { # registered ROUTER TIMES
	[ "$(node "$1" 'show logging' | grep -c 'GM_REGS_COMPL')" -ge "$2" ]
}

# ---- a lab ----

# lab [METHOD]: a TEK that would live for twenty minutes ends 90 s behind a
# change of the policy (5 % of it, but no sooner), and 60 s behind it the new
# one is used.
lab() {
	export COHORT_RUN="$tmp/run"
	cp -r "$here/../../examples/first-lab" "$tmp"
	cp "$here/replay.py" "$tmp"
	chmod -R u+w "$tmp"
	sed -i "s/lifetime seconds 120/lifetime seconds 1200/
		${1:+s/^  sa ipsec 1/&\\n   $1/}" "$tmp/first-lab/r1.cfg"
	check 'the lab comes up' "$COHORT" lab up --wait 60 "$tmp/first-lab"
	check 'all members have registered' wait_for 60 \
	    shows r1 'show crypto gdoi ks' 'registered to this box: 4'
	check 'h2 reaches h3' wait_for 20 \
	    node h2 'ping -c 1 -W 1 172.16.3.10'
}

# ---- beside: a normal rekey ----

lossless() {
	stream_stop >"$tmp/shown"
	check 'no ping was lost' none_lost
	check_logs 'the routers' "$tmp/run/first-lab/log"
	"$COHORT" lab down "$tmp/first-lab" >/dev/null 2>&1
}

to_time() {
	lab
	check 'a stream' stream_start
	check 'R2 sends by counters' not_by_time
	check 'to time by a normal rekey' method 'replay time window-size 3' \
	    'Anti-Replay(Time Based) : 3 sec interval' ''
	check 'R2 sends by counters still' not_by_time
	check 'R2 sends by time when the old TEK is near its end' \
	    wait_for 90 by_time
	lossless
}

to_counter() {
	lab 'replay time window-size 3'
	check 'a stream' stream_start
	check 'R2 sends by time' by_time
	check 'to counters by a normal rekey' \
	    method 'replay counter window-size 64' \
	    'Anti-Replay(Counter Based) : 64' ''
	check 'R2 sends by time still' by_time
	check 'R2 sends by counters when the old TEK is near its end' \
	    wait_for 90 not_by_time
	lossless
}

beside to_time to_time
beside to_counter to_counter

# ---- the first lab ----

began=$(seconds)
lab
check 'counters: a capture' capture
check 'sent again' again
check 'each is dropped' wait_for 10 dropped 'anti-replay check failed' $N
check 'none twice' same "$(drops 'anti-replay check failed')" $N
check 'and logged' wait_for 5 shows r3 'show logging' '%CRYPTO-4-PKT_REPLAY_ERR'
check 'the sender is not disturbed' pings

check 'time: a policy change' method "replay time window-size $WINDOW" \
    "Anti-Replay(Time Based) : $WINDOW sec interval"
check 'packets pass' wait_for 10 pings
check 'a capture' capture
before=$(value 'Input Packets')
check 'sent again at once' again
check 'inside the window copies pass' wait_for 5 copies_passed
check 'nothing is dropped' same "$(value 'Input Error Packets')" 0
check 'behind the window they are refused' wait_for 40 refused_by_time
check 'the counters are cleared' node r3 'clear crypto gdoi replay counter'
check 'then all of them' again
check 'are dropped' wait_for 5 same_errors
check 'the log has both times' wait_for 5 shows r3 'show logging' \
    'TIMEBASED_REPLAY_FAILED: An anti replay check has failed in group GDOI_GROUP from source ip-address 172.16.2.10. my_pseudotime is [0-9.]* secs, peer_pseudotime is [0-9.]* secs, replay_window is 10 (second)'
check 'the history has the source' wait_for 5 shows r3 'show crypto gdoi gm replay' \
    'src=172.16.2.10; my_pst='
check 'the sender is not disturbed' pings
check 'a stream' stream_start
check 'fwd of the receiver is killed' killed r3 fwd
check 'the stream goes on' goes_on 40
check 'old copies' again
check 'are refused by the new fwd, and nothing else' \
    wait_for 5 same_errors
check 'fwd of the sender is killed' killed r2 fwd
check 'the stream goes on' goes_on 40
check 'nothing of it was refused' same_errors
n=$(grep -c 'bytes from' "$tmp/stream")
check 'ike of the member is killed' killed r3 ike
check 'it registers again' wait_for 30 registered r3 2
check 'and knows the time' wait_for 10 clocks_agree r3
check 'the stream goes on' goes_on 40
check 'nothing of it was refused' same_errors
stream_stop >/dev/null
sync_time() { # of 7200 s no more have gone than since the lab is there
	_s=$(node r1 'show crypto gdoi ks replay' |
	    sed -n 's/.*Remaining sync time : \([0-9]*\) secs.*/\1/p')
	echo "$_s s remain, $(($(seconds) - began)) s ago it began"
	[ "$_s" -le 7200 ] && [ "$_s" -ge $((7199 - $(seconds) + began)) ]
}
check 'the key server says its clock' sync_time
cat >"$tmp/expected" <<'EOT'
Anti-replay Information For Group GDOI_GROUP:
  Timebased Replay:
    Replay Value : N.N secs
    Remaining sync time : N secs

EOT
check 'to the letter' shows_letters r1 'show crypto gdoi ks replay'
check 'the plaintext MTU has room for the time' shows r2 \
    'show crypto ipsec sa' 'plaintext mtu 1422'

cat >"$tmp/expected" <<'EOT'
Anti-replay Information For Group GDOI_GROUP:
  Timebased Replay:
    is not enabled

EOT
check 'none: a policy change' method 'no replay' 'Anti-Replay : Disabled'
check 'the key server says that too' \
    shows_letters r1 'show crypto gdoi ks replay'
check 'packets pass' wait_for 10 pings
check 'a capture' capture
n=$(drops 'anti-replay check failed')
check 'sent again' again
check 'it is not dropped' same "$(drops 'anti-replay check failed')" "$n"

# What members have when the key server's ike is killed works on by the clock
# that they have; who registers again has another TEK with another clock.
check 'time again' method 'replay time window-size 3' \
    'Anti-Replay(Time Based) : 3 sec interval'
check 'the clock of R2' wait_for 10 clocks_agree r2
check 'a capture' capture
before=$(clock r3 gm)
check 'a stream' stream_start
check 'ike of the key server is killed' killed r1 ike
check 'the stream goes on' goes_on 40
check 'by the clock before' [ "$(clock r3 gm)" -gt "$before" ]
stream_stop >/dev/null
check 'and nothing was lost' none_lost
for r in r2 r3; do
	check "$r forgets its keys" forget $r
	check 'and has the new clock' wait_for 30 clocks_agree $r
done
check 'packets pass' wait_for 10 pings
e=$(value 'Input Packets')
check 'copies of before' again
check 'do not' same "$(value 'Input Packets')" "$e"

check 'counters: a policy change' method 'replay counter window-size 64' \
    'Anti-Replay(Counter Based) : 64'
check 'packets pass' wait_for 10 pings

besides_end
finish
