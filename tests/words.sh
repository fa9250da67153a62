# SPDX-License-Identifier: BSD-2-Clause
#
# The words that the tests written in sh share. A script sets $tmp, a directory
# of its own, and says `. .../words.sh`; `finish` is its last line. What is
# printed, `ok    TEXT`, `FAIL  TEXT` and below it what was seen, is counted by
# scripts/check.

passed=0
failed=0

ok() {
	echo "ok    $1"
	passed=$((passed + 1))
}

bad() { # bad TEXT [FILE]
	echo "FAIL  $1"
	[ -z "${2-}" ] || tail -n 30 "$2" | sed 's/^/      | /'
	failed=$((failed + 1))
}

check() { # check TEXT COMMAND...
	_text=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		ok "$_text"
	else
		bad "$_text" "$tmp/out"
	fi
}

not() {
	! "$@"
}

wait_for() { # wait_for SECONDS COMMAND...
	_end=$(($(date +%s) + $1))
	shift
	until "$@" >"$tmp/wait" 2>&1; do
		if [ "$(date +%s)" -ge "$_end" ]; then
			cat "$tmp/wait"
			echo "not within the time: $*"
			return 1
		fi
		sleep 0.1
	done
}

# Namespaces of one's own: root has them, others where the kernel lets them.
need_namespaces() {
	[ "$(id -u)" -eq 0 ] && return
	unshare --user --map-root-user --net true 2>/dev/null && return
	echo 'neither root nor user namespaces'
	exit 77
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

gone() { # no such process, or only its zombie
	! grep -q '^State:[^Z]*$' "/proc/$1/status" 2>/dev/null
}

kids() { # kids PID of a router: "ike PID" and "fwd PID"
	_pids=$(cat "/proc/$1/task/$1/children" 2>/dev/null)
	for _k in $_pids; do
		(tr '\0' ' ' <"/proc/$_k/cmdline"; echo) 2>/dev/null |
		    sed -n "s/.* -P \\([a-z]*\\) .*/\\1 $_k/p"
	done
}

kid() { # kid PID ike|fwd
	kids "$1" | sed -n "s/^$2 //p"
}
