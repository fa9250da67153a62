# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests with labs share (POSIX sh). A script says
# `. "$(dirname "$0")/lib.sh"` first and `finish` last, and has then
#	$COHORT		the program: its first argument, the variable or ./cohort
#	$here		the directory of the script
#	$tmp		a directory of its own; labs are right in it or one
#			deeper and run in `run` beside them (COHORT_RUN)
# All of that is gone when it ends; what else has to be ended, `ending` does.
# The words at the end are about the lab in $lab, which the script sets.
# Exit 77: no namespaces here.

set -u
export LC_ALL=C
COHORT=${1:-${COHORT:-./cohort}}
case $COHORT in
/*) ;;
*) COHORT=$(pwd)/$COHORT ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../words.sh"
. "$here/../../examples/ends.sh"
need_namespaces
tmp=$(mktemp -d "/tmp/cohort-$(basename "$0" .sh).XXXXXX") || exit 1
export COHORT_RUN="$tmp/run"
logs="$tmp/run/*/log"

ending() {
	:
}

cleanup() {
	ending
	for _lab in "$tmp"/*/lab.clab.yml "$tmp"/*/*/lab.clab.yml; do
		_lab=$(dirname "$_lab")
		COHORT_RUN=$(dirname "$_lab")/run \
		    "$COHORT" lab down "$_lab" >/dev/null 2>&1
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# ---- words about the lab in $lab ----

node() { # node NAME COMMAND...
	"$COHORT" lab exec "$lab" "$@"
}

shows() { # shows ROUTER COMMAND ERE
	node "$1" "$2" >"$tmp/shown" 2>&1 && grep -Eq -- "$3" "$tmp/shown" &&
	    return 0
	cat "$tmp/shown"
	return 1
}

configure() { # configure ROUTER LINE...
	_on=$1
	shift
	printf '%s\n' 'configure terminal' "$@" end | node "$_on" -
}

pings() { # pings FROM TO [OPTION...]
	_from=$1
	_to=$2
	shift 2
	node "$_from" "ping -n -q -c 3 -i 0.2 -W 2 $* $_to"
}

capture() { # capture NAME NODE:IF: what passes there, until captured NAME
	"$COHORT" lab pcap "$lab" "$2" >"$tmp/$1.pcap" &
	eval "_capture_$1=$!"
	wait_for 5 test -s "$tmp/$1.pcap"
}

captured() { # captured NAME
	eval "kill -INT \$_capture_$1; wait \$_capture_$1" 2>/dev/null
	return 0
}

read_pcap() { # read_pcap NAME FILTER
	tcpdump -n -v -r "$tmp/$1.pcap" "$2" 2>"$tmp/tcpdump.err" ||
	    { cat "$tmp/tcpdump.err"; return 1; }
}

seen() { # seen NAME FILTER [ERE]
	read_pcap "$1" "$2" >"$tmp/seen" &&
	    grep -Eq -- "${3-.}" "$tmp/seen" && return 0
	cat "$tmp/seen"
	return 1
}

none() { # none NAME FILTER: of what was seen, and something was
	seen "$1" ip && read_pcap "$1" "$2" >"$tmp/seen" &&
	    [ ! -s "$tmp/seen" ] && return 0
	head "$tmp/seen"
	return 1
}
