# SPDX-License-Identifier: BSD-2-Clause
#
# What the interop tests share (POSIX sh): a copy of the lab in ./lab in a
# temporary directory, brought up by `cohort lab`, and the words to test with.
# A script says `. "$(dirname "$0")/lib.sh"` first and `finish` last; $1 is the
# program. COHORT_KEEP=yes leaves the temporary directory.

set -u
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
here=$(cd "$(dirname "$0")" && pwd)
COHORT=${1:-./cohort}
case $COHORT in
/*) ;;
*) COHORT=$(pwd)/$COHORT ;;
esac
[ -x "$COHORT" ] || { echo "usage: $0 COHORT"; exit 2; }
python=${PYTHON:-/usr/bin/python3}
tmp=$(mktemp -d "/tmp/cohort-interop.XXXXXX") || exit 1
export COHORT_RUN="$tmp/run"
jobs_started=
. "$here/../words.sh"
. "$here/../../examples/ends.sh"
# Programs run in the namespaces of the nodes by nsenter.
if [ "$(id -u)" -ne 0 ]; then
	echo 'this test needs root'
	exit 77
fi

cleanup() {
	for _pid in $jobs_started; do
		kill "$_pid" 2>/dev/null
	done
	"$COHORT" lab down "$tmp/lab" >/dev/null 2>&1
	[ "${COHORT_KEEP:-no}" = yes ] || rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

need_program() { # skips the test when the machine lacks it
	for _p; do
		command -v "$_p" >/dev/null 2>&1 && continue
		[ -x "$_p" ] && continue
		echo "skipped: no $_p"
		exit 77
	done
}

# tally COMMAND...: its lines of ok and FAIL count here.
tally() {
	"$@" >"$tmp/tally" 2>&1
	_status=$?
	grep -v '^[0-9]* passed, ' "$tmp/tally"
	passed=$((passed + $(grep -c '^ok ' "$tmp/tally")))
	_bad=$(grep -c '^FAIL ' "$tmp/tally")
	failed=$((failed + _bad))
	[ "$_status" -eq 0 ] || [ "$_bad" -gt 0 ] || bad "status $_status: $*"
}

# node NAME COMMAND...: in the network of a node.
node() {
	_n=$1
	shift
	nsenter --net="$COHORT_RUN/interop/ns/$_n" "$@"
}

# rexec ROUTER 'COMMAND'...
rexec() {
	"$COHORT" lab exec "$tmp/lab" "$@"
}

# shows ROUTER 'COMMAND' ERE
shows() {
	rexec "$1" "$2" >"$tmp/shows" || return 1
	grep -Eq -- "$3" "$tmp/shows" && return 0
	cat "$tmp/shows"
	echo "$1: no line of \`$2\` matches: $3"
	return 1
}

# logged ROUTER N ERE: exactly N log lines.
logged() {
	rexec "$1" 'show logging' >"$tmp/logged" || return 1
	_l=$(grep -Ec -- "$3" "$tmp/logged")
	[ "$_l" -eq "$2" ] && return 0
	tail -n 15 "$tmp/logged"
	echo "$1: $_l log lines match, not $2: $3"
	return 1
}

# capture TAG NODE INTERFACE FILTER
capture() {
	nsenter --net="$COHORT_RUN/interop/ns/$2" tcpdump --immediate-mode -U \
	    -Z root -s 0 -n -i "$3" -w "$tmp/$1.pcap" "$4" \
	    2>"$tmp/$1.err" &
	eval "capture_$1=$!"
	jobs_started="$jobs_started $!"
	wait_for 10 grep -q 'listening on' "$tmp/$1.err"
}

capture_stop() {
	eval "_pid=\$capture_$1"
	tcpdump_end "$_pid" "$tmp/$1.err" >"$tmp/end" 2>&1 ||
	    bad "capture $1 is read to its end" "$tmp/end"
}

# lab_copy: $tmp/lab, where a script may still edit the configurations.
lab_copy() {
	cp -r "$here/lab" "$tmp/lab"
}

lab_up() {
	logs="$COHORT_RUN/interop/log"
	"$COHORT" lab up "$tmp/lab" >"$tmp/up" 2>&1 && return 0
	bad 'the lab comes up' "$tmp/up"
	finish
}

registered() {
	shows "$1" 'show crypto gdoi' 'Registration status +: Registered'
}
