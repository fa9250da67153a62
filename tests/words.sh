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

# seconds: since the machine began; nobody sets that clock.
seconds() {
	read -r _up _ </proc/uptime
	echo "${_up%.*}"
}

# wait_for SECONDS COMMAND...: until it succeeds; it may wait for something
# itself. It is tried once more when the time is over: that may be because this
# process was held up.
wait_for() {
	_waits=$((${_waits-0} + 1))
	eval "_end$_waits=$(($(seconds) + $1))"
	shift
	until eval "_at$_waits=$(seconds)" && "$@" >"$tmp/wait$_waits" 2>&1; do
		if [ $((_at$_waits)) -gt $((_end$_waits)) ]; then
			cat "$tmp/wait$_waits"
			echo "not within the time: $*"
			_waits=$((_waits - 1))
			return 1
		fi
		sleep 0.1
	done
	_waits=$((_waits - 1))
}

# beside NAME COMMAND...: checks that run beside the rest, in a subshell with a
# $tmp of its own. besides_end waits for all of them and counts what they said;
# a script that is interrupted says besides_kill.
besides=

beside() {
	_name=$1
	shift
	mkdir "$tmp/$_name"
	(
		tmp=$tmp/$_name
		"$@"
		echo ended
	) >"$tmp/$_name.out" 2>&1 &
	besides="$besides $_name:$!"
}

besides_end() {
	for _b in $besides; do
		_o=$tmp/${_b%:*}.out
		wait "${_b#*:}"
		tail -n 1 "$_o" | grep -qx ended ||
		    echo "FAIL  ${_b%:*} ran to its end" >>"$_o"
		grep -vx ended "$_o"
		passed=$((passed + $(grep -c '^ok ' "$_o")))
		failed=$((failed + $(grep -c '^FAIL ' "$_o")))
	done
	besides=
}

besides_kill() {
	for _b in $besides; do
		# shellcheck disable=SC2046 # pids
		kill $(below "${_b#*:}") 2>/dev/null
	done
}

below() { # PID and all processes below it, of this shell's own
	for _p in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		below "$_p"
	done
	echo "$1"
}

# reports LOG|DIRECTORY...: what sanitizers said in these logs, each report from
# its first line on. 1 when there is none; no log to look into is one, too.
reports() {
	_logs=$(find "$@" -type f) || { echo "not all there: $*"; return 0; }
	[ -n "$_logs" ] || { echo "no log in $*"; return 0; }
	# shellcheck disable=SC2086 # names without spaces
	awk '
	FNR == 1 { left = 0 }
	/Sanitizer|runtime error:/ {
		if (left == 0)
			print FILENAME ":"
		left = 40
		found = 1
	}
	left > 0 { print; left-- }
	END { exit !found }' $_logs
}

check_logs() { # check_logs WHOSE LOG|DIRECTORY...
	_whose=$1
	shift
	if _reports=$(reports "$@"); then
		bad "$_whose: nothing for the sanitizers to report"
		echo "$_reports" | head -n 100 | sed 's/^/      | /'
	else
		ok "$_whose: nothing for the sanitizers to report"
	fi
}

# Namespaces of one's own: root has them, others where the kernel lets them.
need_namespaces() {
	[ "$(id -u)" -eq 0 ] && return
	unshare --user --map-root-user --net true 2>/dev/null && return
	echo 'neither root nor user namespaces'
	exit 77
}

# Of the routers whose logs are in $logs, names or patterns, the sanitizers have
# nothing to report.
finish() {
	# shellcheck disable=SC2086 # words
	[ -z "${logs-}" ] || check_logs 'the routers' $logs
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
