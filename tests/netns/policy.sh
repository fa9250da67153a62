#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The policy of a group changes under traffic: the lab first-lab, pings from
# h2 to h3 all the time, and not one of them is lost.
#
#	       r1 (KS)
#	         |
#	h2 - r2 - core - r3 - h3
#
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"

cp -r "$here/../../examples/first-lab" "$tmp"
chmod -R u+w "$tmp"
sed -i 's/lifetime seconds 120/lifetime seconds 600/' "$tmp/first-lab/r1.cfg"

router() { # router NAME COMMAND...
	"$COHORT" lab exec "$tmp/first-lab" "$@"
}

shows() { # shows ROUTER COMMAND PATTERN
	router "$1" "$2" >"$tmp/shown" 2>&1 && grep -q -- "$3" "$tmp/shown"
}

count() { # count N ROUTER COMMAND PATTERN
	router "$2" "$3" >"$tmp/shown" 2>&1
	grep -c -- "$4" "$tmp/shown" | grep -qx "$1"
}

old_spi() { # of the oldest TEK that r2 has
	router r2 'show crypto gdoi' | grep -o 'spi: 0x[0-9A-F]*' | sort -u
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$tmp/first-lab"
check 'all members have registered' wait_for 60 \
    shows r1 'show crypto gdoi ks' 'registered to this box: 4'
check 'h2 reaches h3' wait_for 20 \
    "$COHORT" lab exec "$tmp/first-lab" h2 'ping -c 1 -W 1 172.16.3.10'
old_spi >"$tmp/old"
check 'R2 has one TEK' test "$(wc -l <"$tmp/old")" -eq 1

# beyond the time at which members change to the new TEK (60 s)
"$COHORT" lab exec "$tmp/first-lab" h2 \
    'ping -q -i 0.05 -c 1400 172.16.3.10' >"$tmp/pings" 2>&1 &
pings=$!

printf '%s\n' 'configure terminal' \
    'crypto ipsec transform-set TRANSFORM_SET esp-aes 256 esp-sha256-hmac' \
    'ip access-list extended ICMP' 'deny ip host 1.2.3.4 any' \
    'permit icmp host 1.2.3.5 any' |
    router r1 - >"$tmp/conf" 2>&1
check 'the change is named once, when configuration is left' \
    wait_for 5 count 1 r1 'show logging' '%GDOI-5-POLICY_CHANGE'
check 'nothing of it is at the members' \
    not shows r2 'show crypto gdoi gm acl' '1.2.3.4'
check 'a rekey by hand' router r1 'crypto gdoi ks rekey'
check 'R2 has the new list' wait_for 20 \
    shows r2 'show crypto gdoi gm acl' '1.2.3.4'
check 'and the new transform' wait_for 10 \
    shows r2 'show crypto gdoi' 'esp-256-aes esp-sha256-hmac'
check 'the old TEK ends sooner: override life 90' \
    shows r1 'show crypto gdoi ks policy' 'override life(sec) *: 90'
check 'R2 still has the old TEK' \
    sh -c "COHORT_RUN=$COHORT_RUN '$COHORT' lab exec '$tmp/first-lab' r2 \
	'show crypto gdoi' | grep -qF \"\$(cat '$tmp/old')\""
wait "$pings"
cat "$tmp/pings"
check 'no ping of 1400 was lost' grep -q ' 0% packet loss' "$tmp/pings"
check "the old TEK is gone in time" wait_for 40 \
    sh -c "! COHORT_RUN=$COHORT_RUN '$COHORT' lab exec '$tmp/first-lab' r2 \
	'show crypto gdoi' | grep -qF \"\$(cat '$tmp/old')\""
check 'nobody had to register again' \
    count 1 r2 'show logging' '%CRYPTO-5-GM_REGSTER'
check 'an ACL that permits nothing is refused' sh -c "printf '%s\n' \
    'configure terminal' 'no ip access-list extended ICMP' |
    COHORT_RUN=$COHORT_RUN '$COHORT' lab exec '$tmp/first-lab' r1 -"
check 'with a log' wait_for 5 shows r1 'show logging' '%GDOI-3-KS_NO_ACL'
check 'and a rekey by hand with it' not router r1 'crypto gdoi ks rekey'
finish
