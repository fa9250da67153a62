# SPDX-License-Identifier: BSD-2-Clause
#
# How a capture of tcpdump ends (POSIX sh, for scripts with a wait_for). A
# signal ends it at once, whatever still waits in the ring of its socket: the
# packet that leaked last would not be seen. On SIGUSR1 it prints how many it
# has read, how many came, and for how many of them the ring had no room.

# tcpdump_end PID ERR: ends the tcpdump PID, whose standard error is the file
# ERR, when it has read all that has come by now; 1 with its counts when that
# takes more than 10 s. Not for lo: what passes there comes twice and is read
# once.
tcpdump_end() {
	_counts=$(grep -c ' dropped by kernel' "$2")
	_came=
	wait_for 10 tcpdump_has_read "$1" "$2"
	_status=$?
	kill "$1" && wait "$1" 2>/dev/null
	return $_status
}

tcpdump_has_read() {
	kill -USR1 "$1" || return 1
	[ "$(grep -c ' dropped by kernel' "$2")" -gt "$_counts" ] || return 1
	# tcpdump: 6 packets captured, 7 packets received by filter, 0 ...
	# shellcheck disable=SC2046 # words
	set -- $(grep ' dropped by kernel' "$2" | tail -n 1)
	echo "$*"
	[ -n "$_came" ] || _came=$(($5 - ${10}))
	[ "$2" -ge "$_came" ]
}
