#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# AES-GCM and GMAC on real routers, with a witness in the core: no pair of key
# and IV leaves twice, whatever is killed, restarted, changed and worn out.
#
#		 ks
#		 |
#	h1 - gm1 - core - gm2 - h2
#
# Two groups on the key server and in both members: pings travel under the
# first, which begins with AES-CBC, UDP under the second. A sender identifier
# is good for 200 packets only (COHORT_TEST_IV_LIMIT).
#
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"
py=${PYTHON:-/usr/bin/python3}
export COHORT_TEST_IV_LIMIT=200 PYTHONDONTWRITEBYTECODE=1
# Leaks cannot be looked for where there is no /proc (the children).
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

captures=

ending() {
	# shellcheck disable=SC2086 # pids
	[ -z "$captures" ] || kill $captures 2>/dev/null
}

cp -r "$here/../interop/lab" "$tmp/lab"
chmod -R u+w "$tmp/lab"

# ---- the lab with a second group ----

for _gm in gm1 gm2; do
	sed -i '/^end$/d' "$tmp/lab/$_gm.cfg"
	cat >>"$tmp/lab/$_gm.cfg" <<'EOT'
crypto gdoi group SECOND
 identity number 4243
 server address ipv4 192.168.1.1
!
crypto map MAP 20 gdoi
 set group SECOND
!
end
EOT
done
sed -i '/^end$/d' "$tmp/lab/ks.cfg"
cat >>"$tmp/lab/ks.cfg" <<'EOT'
crypto ipsec transform-set GCM esp-gcm 128
crypto ipsec transform-set GCM256 esp-gcm 256
crypto ipsec transform-set GMAC esp-gmac 128
crypto ipsec profile P2
 set security-association lifetime seconds 3600
 set transform-set GCM256
!
ip access-list extended UDPACL
 permit udp 172.16.0.0 0.0.255.255 172.16.0.0 0.0.255.255
!
crypto gdoi group SECOND
 identity number 4243
 server local
  address ipv4 192.168.1.1
  rekey authentication mypubkey rsa REKEYRSA
  rekey transport unicast
  sa ipsec 1
   profile P2
   match address ipv4 UDPACL
!
end
EOT

lab() { # lab SUB [WORD...]
	_sub=$1
	shift
	"$COHORT" lab "$_sub" "$tmp/lab" "$@"
}

shows() { # shows ROUTER COMMAND N PATTERN: at least N lines
	lab exec "$1" "$2" >"$tmp/shown" 2>&1
	[ "$(grep -c -- "$4" "$tmp/shown")" -ge "$3" ] && return
	tail -n 20 "$tmp/shown"
	return 1
}

logged() { # logged ROUTER N PATTERN
	shows "$1" 'show logging' "$2" "$3"
}

# ---- what runs and what is seen ----

in_background() { # in_background HOST FILE COMMAND
	lab exec "$1" "setsid $3 >'$tmp/$2' 2>&1 </dev/null &"
}

capture() { # capture TAG: gm1's and gm2's links
	"$COHORT" lab pcap "$tmp/lab" core:eth2 >"$tmp/$1.gm1" \
	    2>/dev/null &
	_p=$!
	"$COHORT" lab pcap "$tmp/lab" core:eth3 >"$tmp/$1.gm2" \
	    2>/dev/null &
	captures="$_p $!"
	wait_for 10 [ -s "$tmp/$1.gm1" ] && wait_for 10 [ -s "$tmp/$1.gm2" ]
}

capture_end() {
	# shellcheck disable=SC2086 # pids
	kill $captures && wait $captures
	captures=
}

answers() {
	: >>"$tmp/$1"
	grep -c 'bytes from' "$tmp/$1"
}

more() { # more FILE N
	[ "$(answers "$1")" -ge "$2" ]
}

goes_on() { # goes_on TEXT SECONDS: both streams have 50 more answers
	for _f in pings udp; do
		check "$1: $_f" wait_for "$2" more $_f \
		    $(($(answers $_f) + 50))
	done
}

main_of() {
	sed 's/ .*//' "$COHORT_RUN/interop/pid/$1"
}

restarted() { # restarted MAIN KIND OLD...
	_now=$(kid "$1" "$2")
	shift 2
	case " $* " in
	*" $_now "*) return 1 ;;
	esac
	[ -n "$_now" ]
}

kill_kids() { # kill_kids ROUTER KIND...: each is started again
	_main=$(main_of "$1")
	shift
	_old=
	for _kind; do
		_old="$_old $(kid "$_main" "$_kind")"
	done
	# shellcheck disable=SC2086 # pids
	kill -9 $_old
	for _kind; do
		# shellcheck disable=SC2086 # pids
		check "kill -9 of $*: $_kind is started again" wait_for 10 \
		    restarted "$_main" "$_kind" $_old
	done
}

kill_router() { # kill_router NAME: and the same again in its place
	_main=$(main_of "$1")
	_words=$(tr '\0' ' ' <"/proc/$_main/cmdline")
	_kids=$(kids "$_main" | sed 's/.* //')
	kill -9 "$_main"
	for _k in $_kids; do
		check "$1 is killed: process $_k ends" wait_for 10 gone "$_k"
	done
	rm -f "$COHORT_RUN/interop/state/$1/ready"
	lab shell "$1" "setsid $_words >>'$tmp/$1.log' 2>&1 </dev/null &
	    echo \$!" >"$tmp/new"
	cp "$tmp/new" "$COHORT_RUN/interop/pid/$1"
	logs="$logs $tmp/$1.log"
	check "$1 is killed, and run again" wait_for 30 \
	    [ -e "$COHORT_RUN/interop/state/$1/ready" ]
}

use() { # use TRANSFORM-SET: in the first group, at once
	lab exec ks 'configure terminal' 'crypto ipsec profile PROFILE' \
	    "set transform-set $1" end 'crypto gdoi ks rekey replace-now'
}

check_all() {
	"$py" "$here/gcm.py" check "$1" "$2" 172.16.2.="$tmp/a.gm1" \
	    172.16.3.="$tmp/a.gm2" 172.16.2.="$tmp/b.gm1" \
	    172.16.3.="$tmp/b.gm2"
}

# ---- the story ----

"$COHORT" lab up --wait 60 "$tmp/lab" >"$tmp/up" 2>&1 || {
	bad 'the lab comes up' "$tmp/up"
	finish
}
for _gm in gm1 gm2; do
	check "$_gm is in both groups" wait_for 60 \
	    shows "$_gm" 'show crypto gdoi' 2 'status *: Registered'
done
check 'the captures run' capture a
in_background h2 echo.log "$py $here/gcm.py echo"
in_background h1 udp "$py $here/gcm.py talk 172.16.3.10"
in_background h1 pings 'ping -n -i 0.02 -p 636f686f7274 172.16.3.10'
goes_on 'AES-CBC and AES-GCM side by side' 20

check 'the first group becomes AES-GCM' use GCM
check 'GM1 says so' wait_for 20 shows gm1 'show crypto gdoi gm identifier' \
    2 'Counter (Suite-B)'
goes_on 'with AES-GCM' 20
check 'the router tells of the limit' logged gm1 1 \
    'identifier ends after 200 packets'
check 'identifiers wear out' wait_for 30 logged gm1 4 'GM_SID_ROLLOVER'
check 'and 400 pings are not lost over it' sh -c "COHORT_RUN='$COHORT_RUN' \
    '$COHORT' lab exec '$tmp/lab' h1 \
    'ping -q -i 0.02 -c 400 172.16.3.10' | grep ' 0% packet loss'"

kill_kids gm1 fwd
goes_on 'then' 20
kill_kids gm1 ike
goes_on 'then' 20
kill_kids gm1 ike fwd
goes_on 'then' 20
kill_kids gm2 fwd
goes_on 'then' 20
kill_router gm1
goes_on 'then' 30
check 'clear crypto gdoi at a member' lab exec gm2 'clear crypto gdoi' yes
goes_on 'then' 30

# Its TEKs are others now, and the members do not know. One that has lost its
# identifiers gets new ones for the new TEKs only: the old one, though it
# lives for most of an hour, is in nobody's way.
kill_router ks
goes_on 'the key server is not needed' 20
kill_kids gm1 fwd
kill_kids gm2 fwd
check 'both have the TEKs of the new one' wait_for 30 shows ks \
    'show crypto gdoi ks members' 4 'Group Member ID'
goes_on 'then' 20

capture_end
check 'the next captures run' capture b
check 'nothing could be read' [ \
    "$("$py" "$here/gcm.py" text cohortcohort "$tmp/a.gm1" "$tmp/a.gm2")" = 0 ]
check 'the first group becomes GMAC' use GMAC
goes_on 'with GMAC' 20
kill_kids gm1 fwd
kill_kids gm2 ike
goes_on 'then' 20
check 'pings can be read under it' [ \
    "$("$py" "$here/gcm.py" text cohortcohort "$tmp/b.gm1" "$tmp/b.gm2")" \
    -gt 50 ]
check 'and AES-CBC again' use AES128
# GM1 has a TEK of the first key server still, which nobody can delete.
check 'GM2 says so' wait_for 20 shows gm2 'show crypto gdoi gm identifier' \
    1 'Non-Counter'
goes_on 'with AES-CBC' 20
capture_end

check 'no IV left twice under a key' check_all 3000 30
cat "$tmp/out"
cat "$tmp/a.gm1" >"$tmp/b.gm1"
check 'it would have been seen' not check_all 3000 30
finish
