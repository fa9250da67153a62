#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Members and key servers fall and get up again, in real networks: first-lab
# with r5 as a second key server that knows nothing of the first.
#
#	       r1 (KS)  r5 (KS)
#	            |    |
#	h2 - r2 --- core ---- r3 - h3
#	             |
#	            r4 - h4
#
# r2 and r3 ask r1 first, r4 asks r5. What lasts, because a member asks a server
# for a minute before it takes the next, is begun before the rest ends. COHORT
# is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"
lab=$tmp/first-lab

cp -r "$here/../../examples/first-lab" "$tmp"
chmod -R u+w "$tmp"

# ---- configurations ----

ks=192.168.1.1
ks2=192.168.5.5
sed -i 's/lifetime seconds 120/lifetime seconds 900/
	s/^ match address.*/&/
	/^ip access-list/i ip access-list standard MEMBERS\n permit any' \
    "$lab/r1.cfg"
sed "s/hostname R1/hostname R5/
	s/ipv4 192.168.1.1\$/ipv4 $ks2/
	s/address 192.168.1.1 255/address $ks2 255/
	s/1.1.1.1 255/5.5.5.5 255/; s/192.168.1.254/192.168.5.254/" \
    "$lab/r1.cfg" >"$lab/r5.cfg"
servers() { # servers ROUTER FIRST SECOND
	sed -i "s/^ server address ipv4.*/ server address ipv4 $2\\
 server address ipv4 $3\\
 client recovery-check interval 100/
	s/^crypto isakmp key MY_KEY.*/crypto isakmp key MY_KEY address 0.0.0.0/" \
	    "$lab/$1.cfg"
}
servers r2 $ks $ks2
servers r3 $ks $ks2
servers r4 $ks2 $ks

# ---- words ----

router() { # router NAME COMMAND...
	"$COHORT" lab exec "$lab" "$@"
}

shows() { # shows ROUTER COMMAND PATTERN
	router "$1" "$2" >"$tmp/shown" 2>&1 || return
	grep -q -- "$3" "$tmp/shown" || { cat "$tmp/shown"; return 1; }
}

logged() { # logged N ROUTER PATTERN: so often at least
	router "$2" 'show logging' >"$tmp/shown" 2>&1
	_n=$(grep -c -- "$3" "$tmp/shown")
	[ "$_n" -ge "$1" ] || { tail -n 25 "$tmp/shown"; return 1; }
}

logs() { # logs ROUTER PATTERN: how often
	router "$1" 'show logging' 2>&1 | grep -c -- "$2"
}

member_of() { # member_of ROUTER SERVER: registered there
	shows "$1" 'show crypto gdoi' 'Registration status   : Registered' &&
	    shows "$1" 'show crypto gdoi' "Registered with       : $2"
}

configure() { # configure ROUTER LINE...
	_r=$1
	shift
	printf '%s\n' 'configure terminal' "$@" |
	    router "$_r" - >"$tmp/conf" 2>&1 && return
	cat "$tmp/conf"
	return 1
}

reaches() { # reaches HOST ADDRESS
	router "$1" "ping -c 1 -W 1 $2"
}

child() { # child ROUTER ike|fwd: its process
	_main=$(sed 's/ .*//' "$COHORT_RUN/first-lab/pid/$1")
	for _k in $(cat "/proc/$_main/task/$_main/children"); do
		tr '\0' ' ' <"/proc/$_k/cmdline" | grep -q -- "-P $2 " &&
		    echo "$_k"
	done
}

another() { # another ROUTER ike|fwd OLD
	_now=$(child "$1" "$2")
	[ -n "$_now" ] && [ "$_now" != "$3" ]
}

stream() { # h2 pings h3 all the time
	router h2 'ping -i 0.02 172.16.3.10' >"$tmp/stream" 2>&1 &
	streamer=$!
}

# The ping too: it would go on writing into the file of the next stream.
stream_stop() {
	# shellcheck disable=SC2046 # pids
	kill $(below "$streamer")
	wait "$streamer" 2>/dev/null
}

answers() {
	grep -c 'bytes from' "$tmp/stream"
}

goes_on() { # goes_on N: more answers
	_want=$(($(answers) + $1))
	wait_for 20 enough "$_want"
}

enough() {
	[ "$(answers)" -ge "$1" ]
}

# The processors of a busy machine may change the order of two answers.
unbroken() { # every number up to the last answer, each once; else who knows why
	sed -n 's/.* icmp_seq=\([0-9]*\) .* ms$/\1/p' "$tmp/stream" |
	    sort -n >"$tmp/seqs"
	seq 1 "$(tail -n 1 "$tmp/seqs")" | diff - "$tmp/seqs" && return 0
	for _r in r2 r3; do
		echo "$_r"
		router "$_r" 'show cohort drops'
	done
	return 1
}

killed() { # killed ROUTER ike|fwd: and started again
	_old=$(child "$1" "$2")
	kill -9 "$_old" || return
	wait_for 10 another "$1" "$2" "$_old"
}

# ---- two key servers that know nothing of each other ----

check 'the lab comes up' "$COHORT" lab up "$lab"
for _m in "r2 $ks" "r3 $ks" "r4 $ks2"; do
	# shellcheck disable=SC2086 # router and server
	check "${_m% *} has registered with ${_m#* }" wait_for 30 member_of $_m
done
check 'h2 reaches h3' wait_for 10 reaches h2 172.16.3.10
check 'R2 watches for errors' \
    shows r2 'show crypto gdoi' 'DP Error Monitoring   : ON'
check 'h4 does not reach h2: other keys' not reaches h4 172.16.2.10
check 'but in time: both ask the next server' \
    wait_for 45 reaches h4 172.16.2.10
check 'R2 said why' logged 1 r2 '%GDOI-5-GM_RECOVERY_REGISTRATION:'
check 'and that it was done' \
    logged 1 r2 '%GDOI-5-GM_RECOVERY_POLICY_REPLACEMENT'
check 'R2 has keys of both' wait_for 20 member_of r2 $ks2
check 'h2 still reaches h3' reaches h2 172.16.3.10

# ---- interfaces ----

stream
check 'pings flow' goes_on 20
check 'R3: shutdown' configure r3 'interface GigabitEthernet0/1' shutdown
check 'R3 has left the group' \
    wait_for 10 logged 1 r3 '%GDOI-5-GM_UNREGISTER'
check 'R3: no shutdown' \
    configure r3 'interface GigabitEthernet0/1' 'no shutdown'
# no message waits for its repetition after 10 s
check 'R3 has registered' wait_for 8 member_of r3 $ks
# the same TEK as before: what R3 sends must not be taken for replays
check 'pings flow again' goes_on 50
check 'R3 has another address' configure r3 \
    'interface GigabitEthernet0/1' 'ip address 192.168.3.33 255.255.255.0'
check 'it registers with that' wait_for 20 \
    logged 1 r3 'complete for group GDOI_GROUP using address 192.168.3.33'
check 'R3 has its address again' configure r3 \
    'interface GigabitEthernet0/1' 'ip address 192.168.3.3 255.255.255.0'
check 'R3 has registered' wait_for 8 member_of r3 $ks
check 'pings flow again' goes_on 50
stream_stop

# ---- processes ----

stream
check 'pings flow' goes_on 20
check 'ike of R2 is killed' killed r2 ike
check 'it registers at once' wait_for 20 member_of r2 $ks
check 'ike of R3 is killed' killed r3 ike
check 'it registers at once' wait_for 20 member_of r3 $ks
check 'fwd of the key server is killed' killed r1 fwd
check 'ike of the key server is killed' killed r1 ike
check 'it knows nobody' \
    wait_for 10 shows r1 'show crypto gdoi ks' 'registered to this box: 0'
check 'pings flow' goes_on 100
stream_stop
check 'not one was lost' unbroken

# ---- a server that is away: R4 asks it for a minute ----

check 'r5 is away for R4' router core 'ip route add blackhole default table 77'
check 'the core loses its packets' router core \
    'ip rule add from 192.168.4.4 to 192.168.5.5 table 77'
check 'R4: crypto map removed' \
    configure r4 'interface GigabitEthernet0/1' 'no crypto map'
check 'R4: no SA with either server' router r4 'clear crypto isakmp'
check 'R4: crypto map attached' configure r4 \
    'interface GigabitEthernet0/1' 'crypto map CRYPTO_MAP'
check 'it asks' wait_for 10 shows r4 'show crypto gdoi' \
    'Registration status   : Registering'

# ---- servers that refuse ----

for _k in r1 r5; do
	check "$_k does not let R3 in" configure $_k \
	    'ip access-list standard MEMBERS' 'no permit any' \
	    'deny 192.168.3.3' 'permit any' \
	    'crypto gdoi group GDOI_GROUP' 'server local' \
	    'authorization address ipv4 MEMBERS'
done
rounds=$(logs r3 "GM_CONN_NEXT_SER.*server $ks ")
check 'R3: crypto map removed' \
    configure r3 'interface GigabitEthernet0/1' 'no crypto map'
check 'R3: crypto map attached' configure r3 \
    'interface GigabitEthernet0/1' 'crypto map CRYPTO_MAP'
check 'it asks both, waits, and asks both again' \
    wait_for 80 logged $((rounds + 2)) r3 "GM_CONN_NEXT_SER.*server $ks "
check 'it says that it is not registered' shows r3 'show crypto gdoi' \
    'Registration status   : Registering'
check 'the key server says whom it refused' \
    logged 1 r1 '%GDOI-1-UNAUTHORIZED_IPADDR.*192.168.3.3'
check 'r5 lets it in' configure r5 'crypto gdoi group GDOI_GROUP' \
    'server local' 'no authorization address ipv4 MEMBERS'
check 'R3 has registered there' wait_for 80 member_of r3 $ks2
check 'R4 asked r5 for a minute, then r1' wait_for 90 member_of r4 $ks
check 'with a log' logged 1 r4 "GM_CONN_NEXT_SER.*server $ks .*no answer"
finish
