#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# telnet.sh COHORT: the vtys of a router by Debian's telnet and expect.
#
#	telnet - 127.0.0.1:23 vty of the router
if [ "${COHORT_OWN_NET:-}" != yes ]; then
	COHORT_OWN_NET=yes exec unshare -n "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need_program telnet expect
state=$tmp/state
mkdir "$state"
ip link set lo up

cat >"$tmp/r.cfg" <<'END'
hostname R1
username admin privilege 15 secret lab
banner motd #Welcome to the lab#
line vty 0 1
 login local
 exec-timeout 0 4
END
"$COHORT" run -c "$tmp/r.cfg" -n R1 -s "$state" -d >"$tmp/router.log" 2>&1 &
jobs_started=$!
check 'the router is up' wait_for 20 test -e "$state/ready"

play() { # play: an expect script on standard input
	{
		echo 'set timeout 10; log_user 1'
		# eof in place of what is waited for is a failure
		echo 'proc want {re} { global spawn_id; expect {
			-re $re {} timeout { exit 9 } eof { exit 8 } } }'
		cat
	} >"$tmp/play.exp"
	expect "$tmp/play.exp"
}
configure() {
	"$COHORT" exec -s "$state" R1 'configure terminal' "$@" end
}

refused() {
	play <<'END'
spawn telnet 127.0.0.1
expect { "refused" { exit 0 } "Username" { exit 1 } eof { exit 0 } }
END
}
check 'nothing listens without transport input telnet' refused
check 'transport input telnet' configure 'line vty 0 1' \
    'transport input telnet'

login() {
	play <<'END'
spawn telnet 127.0.0.1
want {Welcome to the lab}; want {User Access Verification}
want {Username: }; send "admin\r"; want {Password: }; send "lab\r"
want {R1\#}; send "show users\r"
want {\*  2 vty 0 +admin .*127\.0\.0\.1}; want {R1\#}
send "configure terminal\r"; want {\(config\)\#}; send "end\r"; want {R1\#}
send "exit\r"; expect eof
END
}
check 'login local, show users, configure, exit' login
check 'the log says who configured' grep -q \
    'Configured from console by admin on vty0 (127.0.0.1)' "$tmp/router.log"

three() {
	play <<'END'
spawn telnet 127.0.0.1
for {set i 0} {$i < 3} {incr i} {
	want {Username: }; send "admin\r"; want {Password: }; send "x\r"
	want {\% Login invalid}
}
expect eof
END
}
check 'three wrong passwords end the session' three

idle() {
	play <<'END'
spawn telnet 127.0.0.1
want {Username: }; send "admin\r"; want {Password: }; send "lab\r"
want {R1\#}; expect eof
END
}
check 'exec-timeout ends the session' idle

full() {
	configure 'line vty 2 4' 'transport input none' >/dev/null
	play <<'END'
spawn telnet 127.0.0.1
want {Username: }; set a $spawn_id
spawn telnet 127.0.0.1
want {Username: }; set b $spawn_id
spawn telnet 127.0.0.1
want {no line is free}; expect eof
close -i $a; close -i $b
END
}
check 'one more than there are lines is refused with a text' full
check 'access-class' configure 'access-list 9 permit 192.0.2.0 0.0.0.255' \
    'line vty 0 1' 'access-class 9 in'
denied() {
	play <<'END'
spawn telnet 127.0.0.1
want {no line is free}; expect eof
END
}
check '... keeps others out' denied
check '... taken back' configure 'line vty 0 1' 'no access-class 9 in' \
    'no login local' 'login'
unset_password() {
	play <<'END'
spawn telnet 127.0.0.1
want {Password required, but none set}; expect eof
END
}
check '`login` without a password lets nobody in' unset_password
check 'no transport, no listener' configure 'line vty 0 1' \
    'transport input none'
check '... it is gone' wait_for 5 refused
finish
