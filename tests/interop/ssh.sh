#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# ssh.sh COHORT: OpenSSH as scripts/sshd-router sets it up, with real clients:
# password, key, wrong ones, more sessions than lines, timeout.
#
#	ssh - 127.0.0.1:2200 sshd - vty of the router
if [ "${COHORT_OWN_NET:-}" != yes ]; then
	COHORT_OWN_NET=yes exec unshare -n -m "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need_program ssh sshpass /usr/sbin/sshd ssh-keygen expect
top=$here/../..
mount -t tmpfs tmpfs /run # of this mount namespace; labs are there
state=/run/state
mkdir "$state"
ip link set lo up

cat >"$tmp/r.cfg" <<'END'
hostname R1
enable secret cisco
username admin privilege 15 secret lab
username bob secret bobpw
username old privilege 5 password 7 094F471A1A0A
line vty 0 1
 login local
 transport input ssh
line vty 2 4
 transport input none
end
END
"$COHORT" run -c "$tmp/r.cfg" -n R1 -s "$state" -d >"$tmp/router.log" 2>&1 &
jobs_started=$!
logs=$tmp/router.log
check 'the router is up' wait_for 20 test -e "$state/ready"
"$top/scripts/sshd-router" -s "$state" -c "$COHORT" -p 2200 \
    >"$tmp/sshd.log" 2>&1 &
jobs_started="$jobs_started $!"
check 'sshd is up' wait_for 20 grep -q 'Server listening' "$tmp/sshd.log"

opts="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
    -o LogLevel=ERROR -p 2200"

# dialogue COMMAND -- LINE...: each line is typed when a prompt waits for it.
cat >"$tmp/dialogue.exp" <<'END'
set timeout 20
set i [lsearch -exact $argv --]
spawn -noecho {*}[lrange $argv 0 $i-1]
proc done {} {
	exit [lindex [wait] 3]
}
foreach line [lrange $argv $i+1 end] {
	expect -re {(^|[\r\n])[\w.-]+(\([\w-]+\))?[>#]$|word: $} {} \
	    eof done timeout { exit 99 }
	send -- "$line\r"
}
expect eof done timeout { exit 99 }
END

by_password() { # by_password USER PASSWORD LINE...: what a terminal shows
	_u=$1
	_p=$2
	shift 2
	# shellcheck disable=SC2086 # words
	expect "$tmp/dialogue.exp" sshpass -p "$_p" ssh -tt $opts \
	    "$_u@127.0.0.1" -- "$@" >"$tmp/ssh.out" 2>&1
}

# A client of its own sends what no ssh would: guess USER PASSWORD, with \n.
guess() {
	"$python" - "$@" <<'END'
import sys
import paramiko

t = paramiko.Transport(("127.0.0.1", 2200))
t.start_client(timeout=10)
try:
    t.auth_password(sys.argv[1], sys.argv[2].replace("\\n", "\n"))
except paramiko.AuthenticationException:
    sys.exit(1)
END
}

says() { # says ERE COMMAND...
	_want=$1
	shift
	"$@"
	grep -Eq -- "$_want" "$tmp/ssh.out" && return 0
	cat "$tmp/ssh.out"
	return 1
}

check 'password, type 9: the level of the user' \
    says 'Current privilege level is 15' \
    by_password admin lab 'show privilege' exit
check 'password, type 7' says 'Current privilege level is 5' \
    by_password old cisco 'show privilege' exit
check 'a user without privilege is at level 1' says '^R1>' \
    by_password bob bobpw exit
check 'show users has user, line and address' \
    says '^\* +2 vty 0 +bob .*127\.0\.0\.1' \
    by_password bob bobpw 'show users' exit
check 'show ssh' says '^0 +2\.0 .*bob' by_password bob bobpw 'show ssh' exit
check 'a wrong password is refused' not by_password admin wrong exit
check 'the empty password is refused' not by_password admin '' exit
check 'root of the host is nobody here' not by_password root lab exit
check 'who has no username is refused' not by_password eve lab exit
check 'enable on a vty needs the secret' says '% Bad secrets' \
    by_password bob bobpw enable 1 2 3 exit
check 'a password is one line' guess bob bobpw
check '... more are refused' not guess bob 'bobpw\nshow clock'
unchanged() {
	not guess bob 'x\nconfigure terminal\nhostname OWNED\nend\n' &&
	    "$COHORT" exec -s "$state" R1 'show running-config' |
	    grep -q '^hostname R1$'
}
check '... and are no commands' unchanged
check 'a failed login is in the log with its source' grep -q \
    'LOGIN_FAILED: Login failed \[user: admin\] \[Source: 127.0.0.1\]' \
    "$tmp/router.log"

hundredths() { # of seconds, by a clock that nobody sets
	sed 's/ .*//; s/\.//' /proc/uptime
}

# Eight at once: one check after the other, a pause behind each wrong one.
many() {
	_t=$(hundredths)
	_pids=
	for _i in 1 2 3 4 5 6 7 8; do
		guess bob "wrong$_i" &
		_pids="$_pids $!"
	done
	for _pid in $_pids; do
		wait "$_pid" && return 1
	done
	_t=$(($(hundredths) - _t))
	echo "$_t hundredths of a second"
	[ "$_t" -ge 200 ]
}
check 'guessing in parallel is not faster' many

ssh-keygen -q -t ed25519 -N '' -f "$tmp/id"
cp "$tmp/id.pub" "$state/ssh/keys/bob"
by_key() {
	# shellcheck disable=SC2086 # words
	expect "$tmp/dialogue.exp" ssh -tt -i "$tmp/id" \
	    -o PasswordAuthentication=no $opts "$1@127.0.0.1" -- exit \
	    >"$tmp/ssh.out" 2>&1
}
check 'a key of that user' says '^R1>' by_key bob
check 'a key of another user is refused' not by_key admin

"$COHORT" exec -s "$state" R1 'configure terminal' 'line vty 0 1' \
    'exec-timeout 0 3' end >/dev/null
idle() { # until the router ends it
	mkfifo "$tmp/keys" || return 1
	# shellcheck disable=SC2086 # words
	timeout 60 ssh -tt -i "$tmp/id" $opts bob@127.0.0.1 <>"$tmp/keys" \
	    >"$tmp/idle.out" 2>&1
	[ $? -ne 124 ] && grep -q 'Line timeout expired' "$tmp/idle.out"
}
check 'exec-timeout ends a session that types nothing' idle

check 'where no line takes ssh nobody comes in' sh -c "
    '$COHORT' exec -s '$state' R1 'configure terminal' 'line vty 0 1' \
	'transport input none' end"
check '... and is told' says 'No vty line takes' by_password bob bobpw exit
check 'no password is in the log' not grep -Eq 'bobpw|wrong' "$tmp/router.log"
finish
