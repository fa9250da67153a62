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
line vty 0 2
 login local
 exec-timeout 0 4
END
"$COHORT" run -c "$tmp/r.cfg" -n R1 -s "$state" -d >"$tmp/router.log" 2>&1 &
jobs_started=$!
logs=$tmp/router.log
check 'the router is up' wait_for 20 test -e "$state/ready"

play() { # play: an expect script on standard input
	{
		echo 'set timeout 10; log_user 1'
		# eof in place of what is waited for is a failure
		echo 'proc want {re} { global spawn_id; expect {
			-re $re {} timeout { exit 9 } eof { exit 8 } } }'
		cat
	} >"${play=$tmp/play.exp}"
	expect "$play"
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
check 'transport input telnet' configure 'line vty 0 2' \
    'transport input telnet'

# Keys that are no answer do not hold a line for longer than 30 seconds.
play=$tmp/slow.exp play >"$tmp/slow.out" <<'END' &
set timeout 7
spawn telnet 127.0.0.1
for {set i 0} {$i < 6} {incr i} {
	expect {timeout expired!} { expect eof; exit 0 } timeout { send "x" }
}
exit 9
END
slow=$!
jobs_started="$jobs_started $slow"
check 'a client takes vty 0 and is slow' wait_for 10 grep -q Username \
    "$tmp/slow.out"

login() {
	play <<'END'
spawn telnet 127.0.0.1
want {Welcome to the lab}; want {User Access Verification}
want {Username: }; send "admin\r"; want {Password: }; send "lab\r"
want {R1\#}; send "show users\r"
want {\*  3 vty 1 +admin .*127\.0\.0\.1}; want {R1\#}
send "configure terminal\r"; want {\(config\)\#}; send "end\r"; want {R1\#}
send "exit\r"; expect eof
END
}
check 'login local, show users, configure, exit' login
check 'the log says who configured' grep -q \
    'Configured from console by admin on vty1 (127.0.0.1)' "$tmp/router.log"

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

asked() {
	play <<'END'
spawn telnet 127.0.0.1
want {Username: }; send "admin\r"; want {Password: }; send "lab\r"
want {R1\#}; send "configure\r"; want {\[terminal\]\? }
want {Line timeout expired}; expect eof
END
}
check '... also one in which a question waits' asked

long_list() {
	{
		echo 'configure terminal'
		echo 'ip access-list extended LONG'
		seq -f 'permit udp host 10.1.1.1 any eq %g' 1 20000
		echo end
	} | "$COHORT" exec -s "$state" R1 - >/dev/null
}
check 'more than the sockets hold' long_list
paged() {
	play <<'END'
spawn telnet 127.0.0.1
want {Username: }; send "admin\r"; want {Password: }; send "lab\r"
want {R1\#}; send "show running-config\r"; want { --More-- }; expect eof
END
}
check '... and one in front of a page' paged
empty() {
	play <<'END'
spawn telnet 127.0.0.1
want {Username: }; send "\r"; want {Username: }; send "\r"
want {Username: }; send "\r"; expect eof
END
}
check 'no name is no answer' empty

# What serves a client has nothing of the router's, and is not left behind.
server() {
	play <<'END' || return 1
spawn telnet 127.0.0.1
want {Username: }
exec sh -c "for p in \$(pgrep -P $env(ROUTER)); do \
	tr '\\0' ' ' </proc/\$p/cmdline | grep -q -- '-P vty' || continue; \
	ls -l /proc/\$p/fd; grep -E '^(Uid|CapEff|Seccomp):' /proc/\$p/status; \
	done" >$env(LIST)
close
END
	cat "$LIST"
	_n=$(grep -c '^Uid:' "$LIST")
	[ "$_n" -ge 1 ] &&
	    [ "$(grep -c ' [012] -> /dev/null$' "$LIST")" -eq $((3 * _n)) ] &&
	    [ "$(grep -c ' [34] -> socket:' "$LIST")" -eq $((2 * _n)) ] &&
	    not grep -Eq ' ([5-9]|[0-9]{2,}) -> ' "$LIST" &&
	    grep -Eq '^CapEff:[[:space:]]0+$' "$LIST"
}
ROUTER=${jobs_started%% *} LIST=$tmp/list
export ROUTER LIST
check 'the server of a client has two sockets and no rights' server

slow_ended() {
	wait "$slow" && return 0
	cat "$tmp/slow.out"
	return 1
}
check 'who never answers is cut off at a question for the name' slow_ended

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
lists() {
	configure 'username eve secret evepw' 'aaa new-model' \
	    'aaa authentication login default none' \
	    'aaa authentication login VTY group tacacs+ local' \
	    'line vty 0 1' 'login authentication VTY' >/dev/null || return 1
	play <<'END'
spawn telnet 127.0.0.1
expect { {Username: } {} -re {R1[>#]} { exit 7 } timeout { exit 9 } }
close
END
}
check 'a line asks as its own authentication list says' lists
unknown_list() {
	configure 'no aaa authentication login VTY' >/dev/null || return 1
	unset_password
}
check '... and lets nobody in when that is gone' unknown_list
zombies() {
	[ "$(ps -o stat= --ppid "$ROUTER" | grep -c Z)" -le 1 ]
}
check 'no server is left' wait_for 5 zombies
check 'no transport, no listener' configure 'line vty 0 1' \
    'transport input none'
check '... it is gone' wait_for 5 refused
finish
