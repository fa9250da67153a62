# SPDX-License-Identifier: BSD-2-Clause
#
# How a capture of tcpdump and a stream of ping end (POSIX sh, for scripts with
# a wait_for that may wait for something itself): with all that came, or was
# sent, by that time.

# tcpdump_reads PID ERR: the tcpdump PID, whose standard error is the file ERR,
# has read all that has come by now; 1 with its counts when that takes more
# than 10 s. On SIGUSR1 it prints how many it has read, how many came, and for
# how many of them the ring had no room. Not for lo: what passes there comes
# twice and is read once.
tcpdump_reads() {
	_counts=$(grep -c ' dropped by kernel' "$2")
	_came=
	wait_for 10 tcpdump_has_read "$1" "$2"
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

# tcpdump_end PID ERR: ends it behind that. A signal alone ends it at once,
# whatever still waits in the ring of its socket: the packet that leaked last
# would not be seen.
tcpdump_end() {
	tcpdump_reads "$1" "$2"
	_read=$?
	kill "$1" && wait "$1" 2>/dev/null
	return $_read
}

# ping_end PID OUT: ends the ping PID, whose standard output is the file OUT and
# whose standard error is OUT.err, when there is an answer behind all that it
# has sent by now, or none for 10 s. On SIGQUIT it says how many these are.
ping_end() {
	_said=$(grep -c ' packets, ' "$2.err")
	kill -QUIT "$1"
	wait_for 10 ping_says "$2" "$_said" >/dev/null
	wait_for 10 ping_answered "$2" >/dev/null
	kill -INT "$1"
	wait "$1" 2>/dev/null
	tail -n 2 "$2"
}

ping_says() {
	[ "$(grep -c ' packets, ' "$1.err")" -gt "$2" ]
}

ping_sent() { # ping_sent OUT: 17/16 packets, 5% loss
	tr '\r' '\n' <"$1.err" |
	    sed -n 's|^[0-9]*/\([0-9]*\) packets, .*|\1|p' | tail -n 1
}

ping_answered() { # by the one behind them: answers may change their order
	sed -n 's/.*bytes from.* icmp_seq=\([0-9]*\) .*/\1/p' "$1" | sort -n |
	    tail -n 1 | awk -v sent="$(ping_sent "$1")" '$1 > sent { ok = 1 }
		END { exit !ok }'
}

# ping_whole OUT N: each echo that was sent before ping_end came back once; at
# least N of them.
ping_whole() {
	awk -v sent="$(ping_sent "$1")" -v least="$2" '
	/bytes from/ && match($0, /icmp_seq=[0-9]+/) {
		seq = substr($0, RSTART + 9, RLENGTH - 9) + 0
		if (got[seq]++) { print "twice: " $0; bad++ }
	}
	/^From|Unreachable|exceeded/ { print; bad++ }
	END {
		for (i = 1; i <= sent; i++)
			if (!(i in got)) { print "lost: icmp_seq " i; bad++ }
		if (sent < least + 0) { print "sent " sent + 0; bad++ }
		exit bad > 0
	}' "$1"
}
