#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Reading, undoing and printing a configuration of many lines of one kind takes
# as long as it is: four times as many lines less than ten times as long, where
# a search through all of them for each would take sixteen times. CPU time,
# the least of three runs; how long it takes at all is not looked at.

export LC_ALL=C
COHORT=${COHORT:-./cohort}
case $COHORT in
/*) ;;
*) COHORT=$(pwd)/$COHORT ;;
esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$(dirname "$0")/../words.sh"

lines() { # lines KIND N
	awk -v kind="$1" -v n="$2" '
	function ip(a, i) {
		return a "." int(i / 65536) "." int(i / 256) % 256 "." i % 256
	}
	function line(i) {
		if (kind == "inside" || kind == "undone")
			return "ip nat inside source static " ip(10, i) " " \
			    ip(100, i)
		if (kind == "outside")
			return "ip nat outside source static " ip(100, i) \
			    " " ip(10, i)
		if (kind == "ports")
			return "ip nat inside source static tcp " ip(10, i) \
			    " 80 192.0.2.1 " i
		if (kind == "access-list")
			return "access-list 101 permit ip host " ip(10, i) \
			    " host " ip(100, i)
		if (kind == "route-map")
			return "route-map R" i " permit 10\n match ip " \
			    "address 101"
		if (kind == "rule")
			return "ip nat inside source route-map R" i \
			    " interface Loopback0 overload\nroute-map R" i
		if (kind == "dynamic")
			return "crypto dynamic-map D" i " 10\ncrypto map M " \
			    i " ipsec-isakmp dynamic D" i
		if (kind == "class-map")
			return "class-map match-any C" i "\n match dscp ef"
		if (kind == "crypto-map")
			return "crypto map M " i " ipsec-isakmp\n set peer " \
			    ip(10, i) "\n match address 101"
		return "crypto isakmp key secret" i " address " ip(10, i)
	}
	BEGIN {
		for (i = 1; i <= n; i++)
			print line(i)
		for (i = 1; i <= n && kind == "undone"; i++)
			print "no " line(i)
	}' >"$tmp/$1.$2"
}

# used FILE TIMES: milliseconds of CPU that printing it so often takes. The shell
# counts in steps of 10 ms: one run of the shorter file may be none.
used() {
	for _ in $(seq 1 "$2"); do
		"$COHORT" print "$1" >"$tmp/printed" 2>"$tmp/said" || return 1
	done
	times >"$tmp/times" # the second line is what children took
	awk 'NR == 2 { gsub(/[ms]/, " ")
	    printf "%d\n", (($1 + $3) * 60 + $2 + $4) * 1000 }' "$tmp/times"
}

least() { # least FILE TIMES
	_least=
	for _ in 1 2 3; do
		_t=$(used "$1" "$2") || return 1
		[ -n "$_least" ] && [ "$_least" -le "$_t" ] || _least=$_t
	done
	echo $((_least + 1))
}

grows() { # grows KIND N
	lines "$1" "$2"
	lines "$1" $(($2 * 4))
	_few=$(least "$tmp/$1.$2" 8) || return 1
	_many=$(least "$tmp/$1.$(($2 * 4))" 2) || return 1
	echo "8 times $2: $_few ms, twice $(($2 * 4)): $_many ms"
	_lines=$(grep -c . "$tmp/$1.$(($2 * 4))")
	[ "$1" != undone ] || _lines=0
	[ "$(grep -cv '^!\|^end' "$tmp/printed")" -eq "$_lines" ] &&
	    [ $((_many * 4)) -lt $((_few * 10)) ]
}

check 'static lines of NAT' grows inside 6000
check 'and all of them undone' grows undone 6000
check 'static lines of NAT with ports' grows ports 6000
check 'static lines of NAT of the outside' grows outside 4000
check 'lines of an access list' grows access-list 6000
check 'route-maps' grows route-map 4000
check 'rules of NAT, a route-map each' grows rule 4000
check 'class maps' grows class-map 4000
check 'entries of a crypto map' grows crypto-map 4000
check 'entries of a crypto map, a dynamic map each' grows dynamic 4000
check 'keys of peers' grows key 4000
finish
