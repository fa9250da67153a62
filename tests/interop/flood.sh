#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# First messages of main mode from random addresses against the key server, in
# a real network: members register meanwhile, process ike does not grow. The
# sanitizers keep freed memory: here next to none, or that would be seen.
export ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64\
${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
. "$(dirname "$0")/lib.sh"
lab_copy
lab_up
rate=${FLOOD_RATE:-5000}

counter() { # counter WORDS: a number of `show cohort isakmp`
	rexec ks 'show cohort isakmp' | sed -n "s/^ *\([0-9]*\)  $1.*/\1/p"
}

ike_rss() { # KB
	for _p in /proc/[0-9]*; do
		_c=$({ tr '\0' ' ' <"$_p/cmdline"; } 2>/dev/null) || continue
		case $_c in
		*cohort*ike*)
			[ "$(readlink "$_p/ns/net")" = "$ks_net" ] &&
			    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' \
			    "$_p/status" ;;
		esac
	done | sort -n | tail -n 1
}

flood() { # flood same|vary SECONDS
	node peer "$python" "$here/flood.py" 192.168.1.1 "$2" "$rate" "$1" \
	    >"$tmp/flood.$1" 2>&1 &
	flood_pid=$!
	jobs_started="$jobs_started $flood_pid"
}

ks_net=$(node ks readlink /proc/self/ns/net)
check 'a member is registered' wait_for 40 registered gm1
for kind in same vary; do
	first=$(counter 'first messages answered')
	dh=$(counter 'Diffie-Hellman computations')
	before=$(ike_rss)
	flood $kind 8
	answered() {
		[ $(($(counter 'first messages answered') - first)) -gt 1000 ]
	}
	check "$kind offers: the flood arrives" wait_for 10 answered
	rexec gm1 'clear crypto isakmp' >/dev/null
	rexec gm1 'clear crypto gdoi' yes >/dev/null
	check 'a member registers meanwhile' wait_for 6 registered gm1
	check 'the flood was still on' kill -0 $flood_pid
	wait $flood_pid
	echo "      | $(cat "$tmp/flood.$kind") sent," \
	    "$(($(counter 'first messages answered') - first)) answered"
	check 'none of them is half open' [ "$(counter \
	    'exchanges half open now')" -le 1 ]
	check 'Diffie-Hellman was for the member only' [ $(($(counter \
	    'Diffie-Hellman computations') - dh)) -le 2 ]
	after=$(ike_rss)
	echo "      | process ike: $before KB before, $after KB behind it"
	# 100 octets for each message would be 4 MB; offers that differ are
	# kept, up to 8 MB of them (src/ike/admit.c).
	limit=3
	[ $kind = same ] || limit=16
	check "process ike has grown by less than $limit MB" \
	    [ $((after - before)) -lt $((limit * 1024)) ]
done
finish
