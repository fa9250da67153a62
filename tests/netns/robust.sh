#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# robust.sh COHORT: what a router survives. Three things at once, since most
# of the time is waiting:
#
#   one router in a namespace of its own: consoles that do not behave, saving
#	on bad disks, its end, what a killed one leaves
#   examples/first-lab: processes killed under traffic, mutated packets,
#	secrets
#   examples/first-lab with faults in its configurations
#
# Prints lines `ok` and `FAIL`, then `N passed, N failed`. Exit 77: neither
# root nor user namespaces.

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
. "${ROBUST_WORDS:-$here/../words.sh}"
cohort=${1:-${COHORT:-./cohort}}
case $cohort in
/*) ;;
*) cohort=$(pwd)/$cohort ;;
esac
# Leaks cannot be looked for where there is no /proc (the children), and freed
# memory that is kept would hide what is held.
export ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

# ---- the parts run as robust.sh COHORT part NAME, with $tmp ----

same() {
	[ "$1" = "$2" ] && return
	echo "got:      $1"
	echo "expected: $2"
	return 1
}

# ---- one router ----

rx() {
	"$cohort" exec -s "$tmp/st" R1 "$@"
}

start() {
	rm -f "$tmp/st/ready"
	"$cohort" run -c "$tmp/r1.cfg" -n R1 -s "$tmp/st" -d \
	    2>>"$tmp/router.log" &
	router=$!
	check 'the router is ready' wait_for 30 [ -e "$tmp/st/ready" ]
}

stop() { # SIGTERM, exit status 0, and soon
	kill "$router"
	check 'SIGTERM ends it' wait_for 20 gone "$router"
	gone "$router" || kill -9 "$router"
	wait "$router"
	check 'with 0' same $? 0
}

# All that a router may change in its namespace, without counters.
traces() {
	ip rule
	ip -br link | sed 's/ .*//'
	ip -4 -o addr | awk '{ print $2, $4 }'
	ip route show table all | grep -v '^fe80\|^multicast\|^ff00' |
	    grep -v '^local fe80\|^local ::1\|^::1'
	nft list tables
	for _f in ip_forward ip_early_demux conf/all/rp_filter; do
		echo "$_f $(cat /proc/sys/net/ipv4/$_f)"
	done
}

no_traces() {
	traces >"$tmp/after"
	diff "$tmp/before" "$tmp/after"
}

big_config() {
	printf 'hostname R1\ninterface Loopback0\n ip address 1.1.1.1 %s\n' \
	    255.255.255.255
	printf 'interface GigabitEthernet0/1\n ip address 10.9.0.1 %s\n' \
	    255.255.255.0
	printf ' no shutdown\nip route 10.77.0.0 255.255.0.0 10.9.0.2\n'
	echo 'ip access-list extended BIG'
	awk 'BEGIN { for (i = 0; i < 20000; i++)
		printf " permit tcp host 10.%d.%d.%d any eq %d\n",
		    i / 65536, i / 256 % 256, i % 256, 1 + i % 60000 }'
	echo end
}

small_config() {
	big_config | grep -v '^ permit tcp'
}

saved_whole() { # the file is one of those that were saved, entirely
	"$cohort" check "$tmp/st/startup-config" &&
	    [ "$(tail -n 1 "$tmp/st/startup-config")" = end ] &&
	    grep -q '^hostname R' "$tmp/st/startup-config"
}

writes_fail() { # writes_fail TEXT: refused, told, nothing lost, goes on
	_sum=$(cksum <"$tmp/st/startup-config")
	if rx 'write memory' >"$tmp/write.out" 2>&1; then
		echo 'write memory succeeded'
		return 1
	fi
	cat "$tmp/write.out"
	grep -q "^%Error opening nvram:startup-config ($1)" "$tmp/write.out" &&
	    same "$(cksum <"$tmp/st/startup-config")" "$_sum" &&
	    rx 'show clock'
}

# kill_in_write CALL PATH: killed at the first such call on that path.
kill_in_write() {
	_call=$1
	rm -f "$tmp/st/ready"
	strace -qq -o "$tmp/strace.out" -e trace="$_call" -P "$2" \
	    -e "inject=$_call:signal=KILL:when=1" \
	    "$cohort" run -c "$tmp/r1.cfg" -n R1 -s "$tmp/st" -d \
	    2>>"$tmp/router.log" &
	_tracer=$!
	wait_for 30 [ -e "$tmp/st/ready" ] || return 1
	_old=$(cat "/proc/$_tracer/task/$_tracer/children" 2>/dev/null)
	timeout 10 "$cohort" exec -s "$tmp/st" R1 'configure terminal' \
	    "hostname R$_call" end 'write memory' >/dev/null 2>&1
	for _p in $_old; do
		wait_for 10 gone "$_p" || {
			echo 'it was not killed'
			kill "$_p"
			wait "$_tracer"
			return 1
		}
	done
	wait "$_tracer" 2>/dev/null
	saved_whole
}

saving() {
	start
	check 'write memory' rx 'write memory'
	stop
	if strace -qq -e inject=getppid:signal=0:when=9999 true 2>/dev/null ||
	    strace -qq -o /dev/null true 2>/dev/null; then
		_new=$tmp/st/startup-config.new
		for _c in openat fchmod write fsync close renameat; do
			check "killed at $_c while saving: old or new file" \
			    kill_in_write $_c "$_new"
		done
		check 'killed at the fsync of the directory: the same' \
		    kill_in_write fsync "$tmp/st"
	else
		for _n in 1 2 3 4 5 6 7 8; do
			start
			(while rx 'write memory'; do :; done) \
			    >/dev/null 2>&1 &
			_w=$!
			sleep "0.0$_n"
			kill -9 "$router"
			wait "$router" "$_w" 2>/dev/null
			check "killed while saving, $_n:" saved_whole
		done
	fi
	rm -rf "$tmp/st"

	# A disk that is full, a disk that is read-only.
	mkdir "$tmp/st"
	if ! mount -t tmpfs -o size=256k tmpfs "$tmp/st"; then
		echo 'FAIL  a small disk can be mounted'
		return
	fi
	start
	check 'saving on a small disk' rx 'write memory'
	head -c 1000000 /dev/zero >"$tmp/st/fill" 2>/dev/null
	check 'disk full: told as IOS does, the saved file stays, it goes on' \
	    writes_fail 'No space left on device'
	rx 'configure terminal' 'crypto key generate rsa modulus 1024 label K1' \
	    end >"$tmp/gen.out" 2>&1
	rm -f "$tmp/st/fill"
	check 'space again: saving works again' rx 'write memory'
	rx 'configure terminal' 'crypto key generate rsa modulus 1024 label K2' \
	    end >>"$tmp/gen.out" 2>&1
	check 'and so does the key store' wait_for 10 [ -s "$tmp/st/rsa-keys" ]
	mount --bind "$tmp/st" "$tmp/st"
	mount -o remount,bind,ro "$tmp/st"
	check 'disk read-only: the same' writes_fail 'Read-only file system'
	umount "$tmp/st"
	stop
	umount "$tmp/st"
}

# Routes come and go while the router dumps tables and configures.
churn() {
	ip link add dum0 type dummy
	ip link set dum0 up
	awk 'BEGIN { for (k = 0; k < 4; k++) for (i = 0; i < 3000; i++)
		printf "route replace 100.%d.%d.0/24 dev dum0 metric %d\n",
		    i / 256, i % 256, k + 1 }' >"$tmp/batch"
	sed 's/replace/del/' "$tmp/batch" >"$tmp/batch.del"
	(ip -batch "$tmp/batch"; ip -force -batch "$tmp/batch.del") \
	    >/dev/null 2>&1 &
	_churn=$!
	while ! gone "$_churn"; do
		rx 'show ip route' 'show ip interface brief' >/dev/null
	done
	wait "$_churn"
	rx 'configure terminal' 'interface Loopback5' \
	    'ip address 5.5.5.5 255.255.255.255' end >/dev/null
	ip link del dum0
	wait_for 5 sh -c 'ip -4 -o addr show dev lo | grep -q 5.5.5.5' &&
	    rx 'show ip route' &&
	    rx 'configure terminal' 'no interface Loopback5' end
}

ends() {
	traces >"$tmp/before"
	small_config >"$tmp/r1.cfg"
	start
	check 'many route changes during dumps do not put netlink out of step' \
	    churn
	stop
	check 'nothing is left: rules, nft, addresses, routes, sysctls, devices' \
	    no_traces

	start
	_kids=$(kids "$router" | sed 's/.* //')
	kill -9 "$router"
	wait "$router" 2>/dev/null
	start # at once: the old ike may still hold its port
	for _k in $_kids; do
		check "kill -9 of main: a child ends by itself" \
		    wait_for 10 gone "$_k"
	done
	check 'the new router has UDP 848' wait_for 5 sh -c \
	    'ss -H -l -u -n "sport = :848" | grep -q .'
	check 'it works' rx 'show version' 'show crypto isakmp sa'
	check 'no rule is there twice' sh -c '[ -z "$(ip rule | sort |
	    uniq -d)" ]'
	stop
	check 'it takes away what the killed one left' no_traces

	start
	kill -STOP $(kids "$router" | sed 's/.* //')
	stop
	check 'stopped children do not keep it from ending cleanly' no_traces
	start
	kill -9 "$(kid "$router" ike)" "$(kid "$router" fwd)"
	stop
	check 'killed ones neither' no_traces
}

part_single() {
	ip link set lo up
	ip link add eth1 type veth peer name p1
	ip link set p1 up
	ip link set eth1 up
	big_config >"$tmp/r1.cfg"
	start
	timeout 300 python3 "$here/robust.py" consoles "$tmp/st" "$router" \
	    "$cohort" || echo 'FAIL  all tests of consoles passed'
	stop
	rm -rf "$tmp/st"
	ip link set eth1 up
	ends
	saving
	check_logs 'one router' "$tmp/router.log"
	echo end of part >>"$tmp/done"
}

# ---- the labs: this script is their `verify` (see examples/lib.sh) ----

lab_main() {
	cat "$LAB_RUN/pid/$1" | sed 's/ .*//'
}

counter() { # counter ROUTER 'COMMAND': the sum of what its lines begin with
	rexec "$1" "$2" | awk '$1 ~ /^[0-9]+$/ { n += $1 } END { print n + 0 }'
}

# What must not change: peers, members, policy; no counters, and no TEKs, which
# the key server makes anew meanwhile.
state_of() {
	rexec "$1" 'show crypto isakmp sa' 'show crypto gdoi ks members' |
	    grep -E 'ACTIVE|QM_IDLE|Member ID|GDOI_' |
	    grep -v 'last rekey\|rekeys sent' | sort
	{
		rexec "$1" 'show crypto gdoi' | sed '/TEK POLICY/,$d'
		rexec "$1" 'show running-config'
	} |
	    grep -Eiv 'remaining|time|sent|rcvd|received|seq|count|register|last rekey|active tek' |
	    grep -Ev 'min|sec'
}

stream_goes_on() { # stream_goes_on TAG N [SECONDS]: N more answers
	_now=$(lines 'bytes from' <"$1.ping")
	wait_for "${3:-10}" answers "$1" $((_now + $2))
}

answers() {
	at_least "$(lines 'bytes from' <"$1.ping")" "$2" 'answers'
}

registered_again() { # registered_again ROUTER N
	rexec "$1" 'show logging' >log.out
	at_least "$(lines '%GDOI-5-GM_REGS_COMPL' <log.out)" "$2" \
	    'registrations'
}

restarted() { # restarted MAIN KIND OLD
	_now=$(kid "$1" "$2")
	[ -n "$_now" ] && [ "$_now" != "$3" ]
}

untouched() { # untouched ROUTER FILE: state as in the file
	state_of "$1" >"$2.now"
	diff "$2" "$2.now"
}

more_than() { # more_than ROUTER 'COMMAND' N
	_v=$(counter "$1" "$2")
	[ "$_v" -gt "$3" ] || rexec "$1" "$2"
	at_least "$_v" $(($3 + 1)) "$2"
}

no_secret() { # no_secret FILE...
	! grep -a -l -e MY_KEY "$@"
}

kill_main() {
	_main=$(lab_main r2)
	_kids=$(kids "$_main" | sed 's/.* //')
	cat "/proc/$_main/cmdline" >r2.cmdline
	capture_start dead core eth2 ip
	stream_start dead h2 172.16.3.10
	wait_for 10 answers dead 5 >/dev/null
	kill -9 "$_main"
	for _k in $_kids; do
		check 'kill -9 of main: a child ends by itself' \
		    wait_for 10 gone "$_k"
	done
	# Longer than the pings need to be seen in clear, if they were.
	node h2 ping -n -q -c 5 -i 0.2 -W 1 172.16.3.10 >/dev/null 2>&1
	# (What a new one sends before it has a policy is another matter: a
	# member is open until it has registered for the first time.)
	check 'the dead router forwards nothing in clear' none dead icmp
	# shellcheck disable=SC2046 # its words
	nsenter --net="$LAB_RUN/ns/r2" $(tr '\0' ' ' <r2.cmdline) \
	    >>r2.log 2>&1 &
	second=$!
	jobs_started="$jobs_started $second"
	check 'run again in the same namespace, it registers' \
	    wait_for 30 registered r2
	check 'and the ping goes on' stream_goes_on dead 20 150
	stream_stop dead >/dev/null
	capture_stop dead
	kill "$second"
	wait "$second"
	check 'SIGTERM: exit 0' equal $? 0 'exit status'
	check 'no rule of it is left' \
	    sh -c '! nsenter --net="$0" ip rule | grep -q 0xc0de' \
	    "$LAB_RUN/ns/r2"
}

part_first() {
	. "$LAB_LIB"
	_ks=$(lab_main r1)
	_gm=$(lab_main r2)
	check 'four members have registered' wait_for 60 members r1 4
	check 'h2 pings h3' wait_for 30 can_ping h2 172.16.3.10

	# ike is killed: no packet is lost.
	capture_start core core eth2 ip
	stream_start ike h2 172.16.3.10
	wait_for 10 answers ike 5 >/dev/null
	_old=$(kid "$_gm" ike)
	kill -9 "$_old"
	check 'kill -9 of ike: it is started again' \
	    wait_for 10 restarted "$_gm" ike "$_old"
	check 'it registers again' wait_for 30 registered r2
	check 'the ping goes on' stream_goes_on ike 100
	stream_stop ike >/dev/null
	check 'and has lost nothing' stream_lossless ike

	# fwd is killed: what waits may be lost, nothing goes in clear.
	stream_start fwd h2 172.16.3.10
	wait_for 10 answers fwd 5 >/dev/null
	_old=$(kid "$_gm" fwd)
	kill -9 "$_old"
	check 'kill -9 of fwd: it is started again' \
	    wait_for 10 restarted "$_gm" fwd "$_old"
	check 'encryption goes on' stream_goes_on fwd 50
	stream_stop fwd >/dev/null
	capture_stop core
	check 'nothing of this crossed the core in clear' none core icmp
	_old="$(kid "$_gm" ike) $(kid "$_gm" fwd)"
	stream_start both h2 172.16.3.10
	wait_for 10 answers both 5 >/dev/null
	# shellcheck disable=SC2086 # two pids
	kill -9 $_old
	# Nobody knows any more how far the sequence numbers of the TEK were:
	# the others may take it for replay until the next TEK.
	check 'kill -9 of both: the ping comes back, at last with a new TEK' \
	    stream_goes_on both 50 150
	stream_stop both >/dev/null

	# Mutated packets.
	check 'registered before the mutated packets' wait_for 30 registered r2
	_kids="$(kids "$_ks") $(kids "$_gm")"
	stream_start mut h2 172.16.3.10
	for _r in r1:192.168.1.1 r2:192.168.2.2; do
		_a=${_r#*:}
		_r=${_r%:*}
		state_of "$_r" >"$_r.state"
		_before=$(counter "$_r" 'show cohort isakmp')
		check "mutated ISAKMP to $_r" node core python3 \
		    "$ROBUST_PY" isakmp "$_a" 2000
		check "$_r has counted them" \
		    wait_for 10 more_than "$_r" 'show cohort isakmp' $((_before + 500))
		check "nothing changed in $_r" untouched "$_r" "$_r.state"
	done
	_before=$(counter r2 'show cohort drops')
	check 'mutated ESP to a member' node core python3 "$ROBUST_PY" esp \
	    eth2 172.16.2.10 200
	check 'R2 has counted them' wait_for 10 more_than r2 'show cohort drops' \
	    $((_before + 100))
	check 'nothing changed in R2' untouched r2 r2.state
	check 'the processes are the same' equal \
	    "$(kids "$_ks") $(kids "$_gm")" "$_kids" 'processes'
	wait_for 30 answers mut 150 >/dev/null
	stream_stop mut >/dev/null
	check 'the ping beside all of this lost nothing' stream_lossless mut

	# Secrets.
	for _r in r1 r2; do
		_m=$(lab_main $_r)
		for _c in 'show version' 'show logging' 'show crypto gdoi' \
		    'show crypto isakmp sa detail' 'show crypto ipsec sa' \
		    'show crypto map' 'show crypto gdoi ks policy' \
		    'show crypto gdoi ks members' 'show access-lists' \
		    'show crypto gdoi gm rekey' 'show history' 'show users' \
		    'show cohort isakmp' 'show cohort drops'; do
			rexec $_r "$_c" >>shows.$_r 2>&1
		done
		for _p in $_m $(kids "$_m" | sed 's/.* //'); do
			cat "/proc/$_p/environ" "/proc/$_p/cmdline" \
			    >>shows.$_r 2>/dev/null
		done
		if [ $one_user = no ]; then
			check "the key is not in the memory of fwd of $_r" \
			    python3 "$ROBUST_PY" scan "$(kid "$_m" fwd)" MY_KEY
			check "the same search finds it in ike of $_r" \
			    sh -c '! python3 "$@"' sh "$ROBUST_PY" scan \
			    "$(kid "$_m" ike)" MY_KEY
		fi
	done
	check 'the pre-shared key is in no show output and no environment' \
	    no_secret shows.r1 shows.r2
	check 'nor in a log' no_secret "$LAB_RUN/log/r1" "$LAB_RUN/log/r2"
	check 'no core file' sh -c '[ -z "$(find "$0" -name "core*" -type f)" ]' \
	    "$LAB_RUN/state"
	kill_main
	complete=yes
}

# ---- faults in configurations ----

says() { # says ROUTER ERE: one such line of log
	shows "$1" 'show logging' "$2"
}

faults() { # faults DIR: into the configurations of a copy of first-lab
	sed -i 's/key MY_KEY/key WRONG/' "$1/r2.cfg"
	sed -i 's/^ encryption aes$/ encryption aes 256/' "$1/r3.cfg"
	sed -i 's/identity number 123/identity number 999/' "$1/r4.cfg"
	sed -i 's/^ server address ipv4 192.168.1.1/ server address ipv4 192.168.1.99\n&/
		s/^crypto isakmp key .*/&\ncrypto isakmp key MY_KEY address 192.168.1.99/' "$1/r5.cfg"
	sed -i '/^interface Loopback0/i\
crypto gdoi group NO_RSA\
 identity number 200\
 server local\
  address ipv4 192.168.1.1\
  rekey authentication mypubkey rsa NO_SUCH_KEY\
  rekey transport unicast\
  sa ipsec 1\
   profile IPSEC_PROFILE\
   match address ipv4 ICMP\
crypto gdoi group NO_ACL\
 identity number 201\
 server local\
  address ipv4 192.168.1.1\
  rekey authentication mypubkey rsa RSA_KEYS\
  rekey transport unicast\
  sa ipsec 1\
   profile IPSEC_PROFILE\
   match address ipv4 NO_SUCH_ACL\
!' "$1/r1.cfg"
}

part_faults() {
	. "$LAB_LIB"
	check 'wrong pre-shared key: KS names the member' wait_for 30 says r1 \
	    '%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 192.168.2.2 '
	check 'no common policy: KS names the member' wait_for 30 says r1 \
	    '%CRYPTO-6-IKMP_MODE_FAILURE: .* 192.168.3.3'
	check 'unknown group: KS names member and identity' wait_for 30 says r1 \
	    '%GDOI-4-KS_BAD_ID: Registration from 192.168.4.4.* 999'
	for _r in r2 r3 r4; do
		check "$_r says what failed, once per attempt" wait_for 90 \
		    says $_r '%GDOI-5-GM_CONN_NEXT_SER.*(shared|policy|proposal|serve|answer)'
		check "$_r is not registered, and show says so" sh -c \
		    '! "$0" lab exec "$1" "$2" "show crypto gdoi" |
			grep -q "Registration status *: Registered"' \
		    "$LAB_COHORT" "$LAB_DIR" $_r
	done
	check 'first key server dead: R5 says it turns to the next' \
	    wait_for 90 says r5 '%GDOI-5-GM_CONN_NEXT_SER.*192.168.1.1 '
	check 'and registers there' wait_for 30 registered r5
	check 'KS has this one member' members r1 1
	rexec r4 'configure terminal' 'crypto gdoi group GDOI_GROUP' \
	    'identity number 200' end >/dev/null
	check 'a group without RSA key: members get keys all the same' \
	    wait_for 90 registered r4
	check 'missing RSA key: KS names it' wait_for 20 says r1 \
	    '%GDOI-1-KS_NO_RSA_KEYS: RSA key NO_SUCH_KEY not found.*NO_RSA'
	rexec r4 'configure terminal' 'crypto gdoi group GDOI_GROUP' \
	    'identity number 201' end >/dev/null
	check 'missing ACL: KS names it' wait_for 90 says r1 \
	    '%GDOI-3-KS_NO_ACL: ACL NO_SUCH_ACL of sa ipsec 1 in group NO_ACL'
	check 'R4 is not registered there' wait_for 10 sh -c \
	    '! "$0" lab exec "$1" r4 "show crypto gdoi" |
		grep -q "Registration status *: Registered"' \
	    "$LAB_COHORT" "$LAB_DIR"
	rexec r2 'configure terminal' 'no crypto isakmp key WRONG address 192.168.1.1' \
	    'crypto isakmp key MY_KEY address 192.168.1.1' end >/dev/null
	check 'the right key makes R2 register without a restart' \
	    wait_for 120 registered r2
	complete=yes
}

# ---- all of it ----

case ${2-} in
part)
	tmp=${ROBUST_TMP:-${LAB_TMP:-}}
	"part_$3"
	exit
	;;
esac

tmp=$(mktemp -d /tmp/cohort-robust.XXXXXX) || exit 1
export COHORT_RUN="$tmp/run"
cleanup() {
	for _d in first faults; do
		"$cohort" lab down "$tmp/$_d" >/dev/null 2>&1
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
chmod 755 "$tmp"

need_namespaces

lab_part() { # lab_part NAME: a copy of first-lab, this script as its verify
	_d=$tmp/$1
	cp -r "$here/../../examples/first-lab" "$_d" || return
	sed -i "s/^name: .*/name: robust-$1/" "$_d/lab.clab.yml"
	[ "$1" = faults ] && faults "$_d"
	cat >"$_d/verify" <<EOT
#!/bin/sh
LAB_LIB=$here/../../examples/lib.sh
ROBUST_PY=$here/robust.py
ROBUST_WORDS=$here/../words.sh
export LAB_LIB ROBUST_PY
set -- "$cohort" part $1
. $here/robust.sh
EOT
	chmod 755 "$_d/verify"
	if ! timeout 60 "$cohort" lab up "$_d" >"$tmp/$1.up" 2>&1; then
		echo "FAIL  lab $1 comes up"
		sed 's/^/      | /' "$tmp/$1.up"
		return
	fi
	timeout 420 "$cohort" lab verify "$_d"
	check_logs "lab $1" "$COHORT_RUN/robust-$1/log"
	timeout 60 "$cohort" lab down "$_d" >/dev/null 2>&1 ||
	    echo "FAIL  lab $1 goes down"
}

user=
[ "$(id -u)" -eq 0 ] || user='--user --map-root-user'
mkdir "$tmp/single"
# shellcheck disable=SC2086 # options or nothing
ROBUST_TMP="$tmp/single" timeout 500 unshare $user --net --mount \
    sh "$here/robust.sh" "$cohort" part single >"$tmp/single.out" 2>&1 &
one=$!
lab_part first >"$tmp/first.out" 2>&1 &
two=$!
lab_part faults >"$tmp/faults.out" 2>&1 &
three=$!
wait "$one" "$two" "$three"
[ -e "$tmp/single/done" ] ||
    echo 'FAIL  the part with one router ran to its end' >>"$tmp/single.out"
for _o in single first faults; do
	grep -E '^(ok|FAIL|SKIP|      \|) ' "$tmp/$_o.out" ||
	    { echo "FAIL  part $_o ran"; cat "$tmp/$_o.out"; }
	[ -z "${ROBUST_KEEP-}" ] || cp "$tmp/$_o.out" "$ROBUST_KEEP.$_o"
done | tee "$tmp/all.out"
passed=$(grep -c '^ok ' "$tmp/all.out")
failed=$(grep -c '^FAIL ' "$tmp/all.out")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
