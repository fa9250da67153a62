# SPDX-License-Identifier: BSD-2-Clause
#
# What the verify scripts of the labs share (POSIX sh). `cohort lab verify`
# runs them inside the lab with:
#	LAB_NAME LAB_DIR	the lab and the directory of its files
#	LAB_RUN			its runtime directory; ns/NODE are the namespaces
#	LAB_TMP			captures and other files of this run
#	LAB_COHORT		the cohort program
# The wire is read by tcpdump, the shell by its commands: both are outside of
# the program under test. Conditions are waited for, nothing sleeps a guess.

set -u
export LC_ALL=C

. "$(dirname "${LAB_LIB:-$LAB_DIR/../lib.sh}")/ends.sh"
passed=0
failed=0
jobs_started=
cd "$LAB_TMP" || exit 1
rm -f ./*

# ---- nodes ----

# node NAME COMMAND...: a command of this machine in the network of a node.
node() {
	_n=$1
	shift
	nsenter --net="$LAB_RUN/ns/$_n" "$@"
}

# rexec ROUTER 'COMMAND'...: exec commands of a router.
rexec() {
	"$LAB_COHORT" lab exec "$LAB_DIR" "$@"
}

# ---- proofs ----

result() { # result ok|FAIL TEXT [DETAIL]
	printf '%-4s  %s\n' "$1" "$2"
	if [ "$1" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		[ -z "${3-}" ] || printf '%s\n' "$3" | sed 's/^/      | /' |
		    tail -n "${LAB_DETAIL:-20}"
	fi
}

# proof TEXT COMMAND...: passes when the command succeeds; shows the end of
# what it printed when it does not, so reasons come last.
proof() {
	_text=$1
	shift
	if "$@" >proof.out 2>&1; then
		result ok "$_text"
	else
		result FAIL "$_text" "$(cat proof.out)"
	fi
}

# seconds: since the machine began; nobody sets that clock.
seconds() {
	read -r _up _ </proc/uptime
	echo "${_up%.*}"
}

# wait_for SECONDS COMMAND...: until it succeeds; it may wait for something
# itself. It is tried once more when the time is over: that may be because this
# process was held up. The last output stays for proof to show.
wait_for() {
	_waits=$((${_waits-0} + 1))
	eval "_end$_waits=$(($(seconds) + $1))"
	shift
	until eval "_at$_waits=$(seconds)" && "$@" >"wait.$_waits" 2>&1; do
		if [ $((_at$_waits)) -gt $((_end$_waits)) ]; then
			cat "wait.$_waits"
			echo "not within the time: $*"
			_waits=$((_waits - 1))
			return 1
		fi
		sleep 0.2
	done
	_waits=$((_waits - 1))
}

# equal GOT WANTED WHAT
equal() {
	[ "$1" = "$2" ] && return 0
	echo "$3: got $1, expected $2"
	return 1
}

# at_least GOT WANTED WHAT
at_least() {
	[ "$1" -ge "$2" ] && return 0
	echo "$3: got $1, expected at least $2"
	return 1
}

# lines ERE: how many lines of the standard input match.
lines() {
	grep -Ec -- "$1" || true
}

# shows ROUTER 'COMMAND' ERE: the output has such a line.
shows() {
	rexec "$1" "$2" >shows.out || return 1
	grep -Eq -- "$3" shows.out && return 0
	cat shows.out
	echo "$1: no line of \`$2\` matches: $3"
	return 1
}

# ---- captures ----

# Root of a user namespace with one user: tcpdump wants to become another one
# and cannot. Then `cohort lab pcap` takes the packets (all of them), and
# tcpdump reads them as nobody.
if [ "$(awk '{ print $3; exit }' /proc/self/uid_map)" = 1 ]; then
	one_user=yes
else
	one_user=no
fi

# capture_start TAG NODE INTERFACE FILTER: returns when somebody listens. Only
# headers are kept: tcpdump's ring has a slot of the snap length per packet.
capture_start() {
	if [ $one_user = yes ]; then
		"$LAB_COHORT" lab pcap "$LAB_DIR" "$2:$3" \
		    >"$1.pcap" 2>"$1.err" &
	else
		nsenter --net="$LAB_RUN/ns/$2" tcpdump --immediate-mode -U \
		    -Z root -s 192 -B 8192 -n -i "$3" -w "$1.pcap" "$4" \
		    2>"$1.err" &
	fi
	eval "capture_$1=$!"
	jobs_started="$jobs_started $!"
	wait_for 10 capture_runs "$1" || cat "$1.err"
}

capture_runs() {
	[ -s "$1.pcap" ] && return 0
	grep -q 'listening on' "$1.err"
}

# capture_stop TAG: everything that came is in the file afterwards.
capture_stop() {
	eval "_pid=\$capture_$1"
	if [ $one_user = yes ]; then
		kill "$_pid" && wait "$_pid"
	else
		tcpdump_end "$_pid" "$1.err" >end.out 2>&1 || result FAIL \
		    "capture $1 is read to its end" "$(cat end.out)"
	fi
	eval "capture_$1="
	if grep -q '[1-9][0-9]* packets dropped by kernel' "$1.err"; then
		result FAIL "capture $1 is complete" "$(cat "$1.err")"
	fi
}

# packets TAG FILTER [TCPDUMP OPTIONS]: the packets of a capture, one a line. Of
# one that goes on, all that have come by now, but for a user's: see some.
packets() {
	_tag=$1
	_filter=$2
	shift 2
	eval "_pid=\$capture_$_tag"
	[ -z "$_pid" ] || [ $one_user = yes ] ||
	    tcpdump_reads "$_pid" "$_tag.err" >/dev/null
	if [ $one_user = yes ]; then
		unshare --user tcpdump -n -r "$_tag.pcap" "$@" "$_filter" \
		    2>/dev/null
	else
		tcpdump -n -r "$_tag.pcap" "$@" "$_filter" 2>/dev/null
	fi
}

# count TAG FILTER
count() {
	packets "$1" "$2" | wc -l
}

# none TAG FILTER: the capture has no such packet.
none() {
	equal "$(count "$1" "$2")" 0 "packets that match $2" && return 0
	packets "$1" "$2" | head -n 5
	return 1
}

# some TAG N FILTER: at least N, when what has come is in the file.
some() {
	wait_for 5 has_some "$@"
}

has_some() {
	at_least "$(count "$1" "$3")" "$2" "packets that match $3"
}

# tcp_octets TAG FILTER: of TCP in these packets, sent again or not. How many
# packets they fill is up to the devices.
tcp_octets() {
	packets "$1" "tcp and ($2)" -q |
	    awk '{ n += $NF } END { print n + 0 }'
}

# spis TAG FILTER: the SPIs in the order of their first packet.
spis() {
	packets "$1" "esp and ($2)" |
	    sed -n 's/.*ESP(spi=\(0x[0-9a-f]*\),.*/\1/p' | awk '!seen[$1]++'
}

# spis_at_least TAG N FILTER
spis_at_least() {
	at_least "$(spis "$1" "$3" | wc -l)" "$2" "SPIs"
}

# ---- traffic ----

# can_ping NODE ADDRESS [PING OPTIONS]: every echo comes back.
can_ping() {
	_from=$1
	_to=$2
	shift 2
	node "$_from" ping -n -q -c 3 -i 0.2 -W 2 "$@" "$_to" >ping.out 2>&1 &&
	    grep -q ' 0% packet loss' ping.out && return 0
	cat ping.out
	return 1
}

# can_ping_sizes FROM ADDRESS SIZE...: whole packets of these sizes, no DF.
can_ping_sizes() {
	_sfrom=$1
	_sto=$2
	shift 2
	for _size; do
		can_ping "$_sfrom" "$_sto" -M dont -s $((_size - 28)) && continue
		echo "size $_size"
		return 1
	done
}

# too_big FROM ADDRESS SIZE MTU: with DF, that size is answered with ICMP
# "fragmentation needed" and that MTU; a packet of that MTU gets through.
too_big() {
	node "$1" ip route flush cache
	node "$1" ping -n -c 2 -W 2 -M do -s $(($3 - 28)) "$2" >big.out 2>&1
	if ! grep -Eq "mtu ?= ?$4($|[^0-9])" big.out; then
		cat big.out
		return 1
	fi
	can_ping "$1" "$2" -M do -s $(($4 - 28))
}

# stream_start TAG NODE ADDRESS [SECONDS]: an echo every 50 ms, or as often as
# told, until stream_stop.
stream_start() {
	nsenter --net="$LAB_RUN/ns/$2" ping -n -O -i "${4:-0.05}" "$3" \
	    >"$1.ping" 2>"$1.ping.err" &
	eval "stream_$1=$!"
	jobs_started="$jobs_started $!"
}

stream_stop() {
	eval "ping_end \$stream_$1 $1.ping"
}

# stream_lossless TAG: every echo came back, once, and there were many.
stream_lossless() {
	ping_whole "$1.ping" 100
}

# transfer FROM TO ADDRESS PORT KIB: a file of random octets over TCP; the
# other side must have the same octets.
transfer() {
	_f=transfer.$1.$2
	head -c $(($5 * 1024)) /dev/urandom >"$_f.sent"
	rm -f "$_f.received"
	nsenter --net="$LAB_RUN/ns/$2" socat -u "TCP-LISTEN:$4,reuseaddr" \
	    "CREATE:$_f.received" >"$_f.err" 2>&1 &
	_server=$!
	jobs_started="$jobs_started $_server"
	wait_for 5 listens "$2" "$4" || return 1
	if ! timeout 60 nsenter --net="$LAB_RUN/ns/$1" socat -u \
	    "OPEN:$_f.sent" "TCP:$3:$4,connect-timeout=10"; then
		kill "$_server" 2>/dev/null
		cat "$_f.err"
		return 1
	fi
	wait "$_server"
	cmp "$_f.sent" "$_f.received"
}

listens() {
	node "$1" ss -H -l -n -t "sport = :$2" | grep -q .
}

# ---- key server and group members ----

# ks_value KS MEMBER 'LABEL': a field of one member's block of ks members.
ks_value() {
	rexec "$1" 'show crypto gdoi ks members' | awk -v m="$2" -v l="$3" '
	/Group Member ID/ { on = 0; for (i = 1; i <= NF; i++) if ($i == m) on = 1 }
	on && index($0, l) { sub(/.*: */, ""); sub(/ .*/, ""); print; exit }'
}

# ks_at_least KS MEMBER 'LABEL' N
ks_at_least() {
	_v=$(ks_value "$1" "$2" "$3")
	at_least "${_v:-0}" "$4" "$3 of $2"
}

# gm_value GM 'LABEL': the first such field of show crypto gdoi.
gm_value() {
	rexec "$1" 'show crypto gdoi' | awk -v l="$2" '
	index($0, l) { sub(/.*: */, ""); sub(/ .*/, ""); print; exit }'
}

gm_at_least() {
	_v=$(gm_value "$1" "$2")
	at_least "${_v:-0}" "$3" "$2 of $1"
}

# registered GM: in the group's own words.
registered() {
	shows "$1" 'show crypto gdoi' 'Registration status +: Registered'
}

# members KS N: that many members are registered.
members() {
	rexec "$1" 'show crypto gdoi ks members' >members.out || return 1
	_members=$(lines 'Group Member ID' <members.out)
	[ "$_members" = "$2" ] || cat members.out
	equal "$_members" "$2" "members of $1"
}

# rekeyed KS ROUTER ADDRESS: a rekey was sent to, received and acknowledged
# by this member, by the counters of both.
rekeyed() {
	ks_at_least "$1" "$3" 'Rekeys sent' 1 &&
	    ks_at_least "$1" "$3" 'Rekey Acks Rcvd' 1 &&
	    gm_at_least "$2" 'Rekeys received' 1 &&
	    gm_at_least "$2" 'Rekey ACKs sent' 1
}

# registered_once GM: rekeys made every further registration unnecessary.
registered_once() {
	equal "$(gm_value "$1" 'Succeeded registration')" 1 \
	    "registrations of $1"
}

# ---- the processes of a router ----

# router_pid ROUTER: of its main.
router_pid() {
	sed 's/ .*//' "$LAB_RUN/pid/$1"
}

# router_kids ROUTER: "ike PID" and "fwd PID".
router_kids() {
	_main=$(router_pid "$1")
	_pids=$(cat "/proc/$_main/task/$_main/children" 2>/dev/null)
	for _k in $_pids; do
		(tr '\0' ' ' <"/proc/$_k/cmdline"; echo) 2>/dev/null |
		    sed -n "s/.* -P \\([a-z]*\\) .*/\\1 $_k/p"
	done
}

router_kid() { # router_kid ROUTER ike|fwd
	router_kids "$1" | sed -n "s/^$2 //p"
}

gone() { # gone PID: no such process, or only its zombie
	! grep -q '^State:[^Z]*$' "/proc/$1/status" 2>/dev/null
}

another_kid() { # another_kid ROUTER ike|fwd OLD
	_is=$(router_kid "$1" "$2")
	[ -n "$_is" ] && [ "$_is" != "$3" ]
}

# router_kill ROUTER [main]: all of its processes at once, or only the main
# one, whose children end then; router_start has it again.
router_kill() {
	_pid=$(router_pid "$1")
	tr '\0' '\n' <"/proc/$_pid/cmdline" >"$1.cmdline" || return 1
	_all=$(router_kids "$1" | sed 's/.* //')
	# shellcheck disable=SC2086 # pids
	if [ "${2-all}" = main ]; then
		kill -9 "$_pid"
	else
		kill -9 "$_pid" $_all
	fi
	rm -f "$LAB_RUN/state/$1/ready"
	for _one in $_pid $_all; do
		wait_for 10 gone "$_one" || return 1
	done
}

# router_start ROUTER: as it was started before router_kill.
router_start() {
	_node=$1
	set --
	while IFS= read -r _word; do
		set -- "$@" "$_word"
	done <"$_node.cmdline"
	setsid nsenter --net="$LAB_RUN/ns/$_node" "$@" \
	    >>"$LAB_RUN/log/$_node" 2>&1 </dev/null &
	_pid=$!
	wait_for 60 [ -e "$LAB_RUN/state/$_node/ready" ] || return 1
	# for `lab down`: with the time of its start
	echo "$_pid $(sed 's/.*) //' "/proc/$_pid/stat" | cut -d ' ' -f 20)" \
	    >"$LAB_RUN/pid/$_node"
}

# kill_one ROUTER main|ike|fwd|shell: kill -9 of that process; back it is
# there again (of a shell, the router has noticed).
kill_one() {
	case $2 in
	main)
		router_kill "$1" main && router_start "$1"
		;;
	shell)
		rm -f held
		mkfifo held
		"$LAB_COHORT" exec -s "$LAB_RUN/state/$1" "$1" - \
		    <held >held.out 2>&1 &
		_shell=$!
		exec 9>held
		echo 'configure terminal' >&9
		wait_for 10 grep -q 'Enter configuration' held.out &&
		    kill -9 "$_shell"
		_status=$?
		exec 9>&-
		wait "$_shell" 2>/dev/null
		[ $_status -eq 0 ] && shows "$1" 'show clock' '[0-9]:[0-9]'
		;;
	*)
		_was=$(router_kid "$1" "$2")
		kill -9 "$_was" && wait_for 10 another_kid "$1" "$2" "$_was"
		;;
	esac
}

# ---- key pairs ----

key_data() { # key_data ROUTER LABEL
	rexec "$1" "show crypto key mypubkey rsa $2" | sed '1,/Key Data/d'
}

# key_copy FROM TO LABEL: exported with a passphrase, pasted at the other
# router; what was typed is what an operator types.
key_copy() {
	[ "$(key_data "$1" "$3")" = "$(key_data "$2" "$3")" ] &&
	    [ -n "$(key_data "$1" "$3")" ] && return 0
	rexec "$1" 'configure terminal' \
	    "crypto key export rsa $3 pem terminal 3des lab-secret" end \
	    >key.pem || return 1
	{
		echo 'configure terminal'
		echo "crypto key import rsa $3 pem exportable terminal" \
		    'lab-secret'
		sed -n '/BEGIN PUBLIC/,/END PUBLIC/p' key.pem
		echo quit
		sed -n '/BEGIN RSA/,/END RSA/p' key.pem
		echo quit
		echo end
	} | rexec "$2" -
	rm -f key.pem
	[ -n "$(key_data "$1" "$3")" ] || return 1
	equal "$(key_data "$2" "$3")" "$(key_data "$1" "$3")" 'the key'
}

# ---- end ----

finish() {
	_status=$?
	trap - EXIT
	for _pid in $jobs_started; do
		kill "$_pid" 2>/dev/null
	done
	# A script that broke off has not proved the rest.
	[ "${complete:-no}" = yes ] || result FAIL "the script ran to its end"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] || _status=1
	exit "$_status"
}
trap finish EXIT
trap 'exit 130' INT TERM
