#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# failclose.sh COHORT: a member with `crypto map ... gdoi fail-close` lets no
# packet out in clear that its list does not name: not before it is
# registered, not while its processes die and start, not when its keys are
# gone. tcpdump on the core is the witness, from the first to the last.
#
#	h1 - g1 --eth2 core eth3-- g2 - h2	172.16.2.10, .99 (exempt)
#	172.16.1.10    eth1
#	                |
#	                ks	(its link is down at first)
#
# g1's map has two groups, A and B; ks does not know B at first.
# Exit 77: neither root nor user namespaces.

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../words.sh
. "${FAILCLOSE_WORDS:-$here/../words.sh}"
cohort=${1:-${COHORT:-./cohort}}
case $cohort in
/*) ;;
*) cohort=$(pwd)/$cohort ;;
esac
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

# ---- the lab ----

phase1() { # phase1 PEER
	cat <<EOT
crypto isakmp policy 10
 encryption aes
 authentication pre-share
 group 14
crypto isakmp key MY_KEY address $1
EOT
}

ks_group() { # ks_group NAME NUMBER NET
	cat <<EOT
ip access-list extended ACL_$1
 permit ip $3 0.0.255.255 $3 0.0.255.255
crypto gdoi group $1
 identity number $2
 server local
  address ipv4 192.168.1.1
  rekey authentication mypubkey rsa RSA_KEYS
  rekey transport unicast
  sa ipsec 1
   profile PROFILE
   match address ipv4 ACL_$1
   no replay
EOT
}

ports() { # ports N LAN MAP
	cat <<EOT
interface GigabitEthernet0/1
 ip address 192.168.$1.1 255.255.255.0
 $3
 no shutdown
EOT
	[ -z "$2" ] || cat <<EOT
interface GigabitEthernet0/2
 ip address $2 255.255.255.0
 no shutdown
EOT
	echo "ip route 0.0.0.0 0.0.0.0 192.168.$1.254"
}

configs() { # configs DIR
	{
		echo 'hostname ks'
		phase1 0.0.0.0
		cat <<EOT
crypto ipsec transform-set SET esp-aes esp-sha256-hmac
crypto ipsec profile PROFILE
 set transform-set SET
crypto key generate rsa modulus 1024 label RSA_KEYS
EOT
		ks_group A 1 172.16.0.0
		ports 1 '' ''
	} >"$1/ks.cfg"
	{
		echo 'hostname g1'
		phase1 192.168.1.1
		cat <<EOT
crypto gdoi group A
 identity number 1
 server address ipv4 192.168.1.1
 client fail-close revert
crypto gdoi group B
 identity number 2
 server address ipv4 192.168.1.1
access-list 101 deny icmp host 172.16.1.10 host 172.16.2.99
crypto map MAP gdoi fail-close
 match address 101
 activate
crypto map MAP 10 gdoi
 set group A
crypto map MAP 20 gdoi
 set group B
EOT
		ports 2 172.16.1.1 'crypto map MAP'
	} >"$1/g1.cfg"
	{
		echo 'hostname g2'
		phase1 192.168.1.1
		cat <<EOT
crypto gdoi group A
 identity number 1
 server address ipv4 192.168.1.1
crypto map MAP 10 gdoi
 set group A
EOT
		ports 3 172.16.2.1 'crypto map MAP'
	} >"$1/g2.cfg"
}

lab_files() { # lab_files DIR
	mkdir "$1"
	configs "$1"
	{
		printf 'name: failclose\ntopology:\n  nodes:\n'
		for _r in ks g1 g2; do
			cat <<EOT
    $_r:
      kind: linux
      image: cohort
      binds:
        - $_r.cfg:/etc/cohort/startup-config
EOT
		done
		cat <<EOT
    core:
      kind: linux
      image: alpine:3
      exec:
        - sysctl -w net.ipv4.ip_forward=1
        - ip addr add 192.168.1.254/24 dev eth1
        - ip addr add 192.168.2.254/24 dev eth2
        - ip addr add 192.168.3.254/24 dev eth3
        - ip route add 172.16.1.0/24 via 192.168.2.1
        - ip route add 172.16.2.0/24 via 192.168.3.1
        - ip link set eth1 down
    h1:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 172.16.1.10/24 dev eth1
        - ip route replace default via 172.16.1.1
    h2:
      kind: linux
      image: alpine:3
      exec:
        - ip addr add 172.16.2.10/24 dev eth1
        - ip addr add 172.16.2.99/24 dev eth1
        - ip route replace default via 172.16.2.1
  links:
    - endpoints: ["ks:eth1", "core:eth1"]
    - endpoints: ["g1:eth1", "core:eth2"]
    - endpoints: ["g2:eth1", "core:eth3"]
    - endpoints: ["g1:eth2", "h1:eth1"]
    - endpoints: ["g2:eth2", "h2:eth1"]
EOT
	} >"$1/lab.clab.yml"
}

# ---- words ----

g1_main() { # of the last start
	if [ -s g1.pid ]; then
		cat g1.pid
	else
		sed 's/ .*//' "$LAB_RUN/pid/g1"
	fi
}

status() { # status ERE: what fail-close of g1 says of itself
	shows g1 'show crypto map gdoi fail-close' "^    Status: $1"
}

no_ping() { # no_ping NODE ADDRESS
	! node "$1" ping -n -q -c 3 -i 0.2 -W 1 "$2"
}

answers() { # answers TAG N: of a stream
	at_least "$(lines 'bytes from' <"$1.ping")" "$2" answers
}

goes_on() { # goes_on TAG N SECONDS: N more answers
	_now=$(lines 'bytes from' <"$1.ping")
	wait_for "$3" answers "$1" $((_now + $2))
}

asks_on() { # asks_on N: h1 asks N more times
	_now=$(lines 'icmp_seq=' <all.ping)
	wait_for 20 asked $((_now + $1))
}

asked() {
	at_least "$(lines 'icmp_seq=' <all.ping)" "$1" 'requests without answer'
}

killed() { # killed KIND...: of g1, all at once, and they are there again
	_main=$(g1_main)
	_old=
	for _k; do
		_old="$_old $(kid "$_main" "$_k")"
	done
	# shellcheck disable=SC2086 # pids
	kill -9 $_old
	for _k; do
		wait_for 10 another "$_main" "$_k" "$_old" || return 1
	done
}

another() { # another MAIN KIND 'OLD...'
	_is=$(kid "$1" "$2")
	[ -n "$_is" ] || return 1
	case " $3 " in
	*" $_is "*) return 1 ;;
	esac
}

conf() { # conf ROUTER LINE...
	_r=$1
	shift
	rexec "$_r" 'configure terminal' "$@" end
}

# g1's main is killed, and started again by hand in the same namespace.
run_again() {
	_main=$(g1_main)
	tr '\0' '\n' <"/proc/$_main/cmdline" >g1.cmdline
	_kids=$(kids "$_main" | sed 's/.* //')
	kill -9 "$_main"
	for _k in $_kids; do
		wait_for 10 gone "$_k" || return 1
	done
	asks_on 20 || return 1
	set --
	while read -r _word; do
		set -- "$@" "$_word"
	done <g1.cmdline
	nsenter --net="$LAB_RUN/ns/g1" "$@" >>g1.again 2>&1 &
	jobs_started="$jobs_started $!"
	echo $! >g1.pid
}

# ---- the part that runs in the lab ----

part() {
	LAB_LIB=$here/../../examples/lib.sh
	. "$LAB_LIB"
	# g2 is open until it is registered, and so ESP gets through to h2,
	# which says `protocol unreachable`, once g1 is registered before it.
	secret='icmp and host 172.16.2.10 and not icmp[0:2] = 0x0302'
	exempt='icmp and src host 172.16.1.10 and dst host 172.16.2.99'

	capture_start core core eth2 ip
	stream_start all h1 172.16.2.10

	# Before the first registration.
	check 'fail-close is in force' wait_for 20 status \
	    'in force, group A is not registered'
	check 'what the list denies passes' wait_for 20 can_ping h1 172.16.2.99
	check 'through the member: nothing' no_ping h1 172.16.2.10
	check 'to the member: nothing' no_ping core 192.168.2.1
	check 'from the member: nothing' shows g1 'ping 192.168.2.254' \
	    'Success rate is 0 percent'
	check 'the reason is counted' wait_for 5 shows g1 'show cohort drops' \
	    '[1-9][0-9]*  fail-close'
	check 'ike is killed' killed ike
	check 'fwd is killed' killed fwd
	check 'both are killed' killed ike fwd
	check 'h1 goes on asking' asks_on 20
	check 'still in force' wait_for 20 status 'in force, group A'
	check 'the list still passes what it denies' \
	    wait_for 20 can_ping h1 172.16.2.99
	check 'main is killed, and run again' run_again
	check 'in force from the start' wait_for 20 status 'in force, group A'
	check 'h1 asks and asks' asks_on 20
	rexec g1 reload >reload.out 2>&1
	check 'after a reload, too' wait_for 20 status 'in force, group A'
	check 'the list passes what it denies' \
	    wait_for 20 can_ping h1 172.16.2.99

	# One group of two.
	node core ip link set eth1 up
	check 'group A registers' wait_for 150 status \
	    'in force, group B is not registered'
	check 'g2 registers' wait_for 150 registered g2
	check 'what A protects gets through' goes_on all 10 30
	check 'what nobody protects does not' no_ping core 192.168.2.1

	# Both.
	ks_group B 2 10.99.0.0 >b.cfg
	echo end >>b.cfg
	{ echo 'configure terminal'; cat b.cfg; } |
	    "$LAB_COHORT" lab exec "$LAB_DIR" ks - >/dev/null
	check 'group B registers: fail-close is lifted' \
	    wait_for 150 status 'lifted'
	check 'now what nobody protects passes' wait_for 20 \
	    can_ping core 192.168.2.1
	seen=$(count core "$exempt")
	check 'what was exempt is encrypted' can_ping h1 172.16.2.99
	check 'and not seen in clear' equal "$(count core "$exempt")" "$seen" \
	    'clear packets to 172.16.2.99'
	check 'ike is killed when registered' killed ike
	check 'the ping goes on' goes_on all 20 20
	check 'fwd is killed when registered' killed fwd
	check 'the ping goes on after that' goes_on all 20 20
	check 'both are killed when registered' killed ike fwd
	check 'they come back, closed until both groups are there' \
	    wait_for 60 status 'lifted'

	# client fail-close revert: no key, no server.
	conf ks 'crypto gdoi group A' 'identity number 77' >/dev/null
	rexec g1 'clear crypto sa' >/dev/null
	check 'no key and no server: back to fail-close' wait_for 150 \
	    status 'in force, group A'
	seen=$(count core "$exempt")
	node h1 ping -n -q -c 3 -i 0.2 -W 1 172.16.2.99 >/dev/null
	check 'the list rules again' at_least "$(count core "$exempt")" \
	    $((seen + 3)) 'clear packets to 172.16.2.99'
	check 'what nobody protects is dropped again' \
	    no_ping core 192.168.2.1
	check 'fwd is killed when closed again' killed fwd
	check 'h1 asks in vain' asks_on 20
	check 'closed all the same' wait_for 20 status 'in force, group A'
	conf ks 'crypto gdoi group A' 'identity number 1' >/dev/null
	check 'the server is back: lifted' wait_for 150 status lifted
	check 'and the ping goes on' goes_on all 10 150

	# The way a registered member goes down.
	check 'main is killed when registered, and run again' run_again
	check 'it registers' wait_for 150 status lifted
	stream_stop all >/dev/null
	capture_stop core
	check 'in all this time: not one packet in clear' none core "$secret"
	check 'but they were there, encrypted' some core 50 \
	    'esp and host 172.16.2.10'
	complete=yes
}

if [ "${2-}" = part ]; then
	tmp=$LAB_TMP
	part
	exit
fi

tmp=$(mktemp -d /tmp/cohort-failclose.XXXXXX) || exit 1
export COHORT_RUN="$tmp/run"
cleanup() {
	"$cohort" lab down "$tmp/lab" >/dev/null 2>&1
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
chmod 755 "$tmp"
need_namespaces

lab_files "$tmp/lab"
cat >"$tmp/lab/verify" <<EOT
#!/bin/sh
FAILCLOSE_WORDS=$here/../words.sh
export FAILCLOSE_WORDS
exec sh "$here/failclose.sh" "$cohort" part
EOT
chmod 755 "$tmp/lab/verify"
timeout 60 "$cohort" lab up "$tmp/lab" >"$tmp/up" 2>&1 ||
    bad 'the lab comes up' "$tmp/up"
timeout 1200 "$cohort" lab verify "$tmp/lab" >"$tmp/verify.out" 2>&1
grep -E '^(ok|FAIL|SKIP|      \|) ' "$tmp/verify.out"
passed=$(grep -c '^ok ' "$tmp/verify.out")
failed=$((failed + $(grep -c '^FAIL ' "$tmp/verify.out")))
[ "$passed" -gt 0 ] || bad 'the proofs ran' "$tmp/verify.out"
check_logs 'the lab' "$COHORT_RUN/failclose/log"
timeout 60 "$cohort" lab down "$tmp/lab" >/dev/null 2>&1 ||
    echo 'FAIL  the lab goes down'
finish
