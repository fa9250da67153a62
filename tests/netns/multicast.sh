#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Rekeys by multicast through real kernels: two members on a bridge that looks
# at IGMP. Joins and leaves are seen by tcpdump, by the bridge and in the
# members' kernels; one datagram is for both; what one member misses comes
# again; interfaces, processes and configurations go and come.
#
#	ks (192.168.1.1, Loopback0 10.0.0.1)
#	 | eth1
#	core: br0, a bridge with a querier
#	 | eth2  | eth3
#	g1 .2   g2 .3
#
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"
dump=

ending() {
	[ -z "$dump" ] || kill "$dump" 2>/dev/null
}

if [ "$(id -u)" -ne 0 ]; then
	echo 'this test needs root'
	exit 77
fi
for _p in tcpdump nft bridge; do
	command -v "$_p" >/dev/null || { echo "no $_p"; exit 77; }
done

# ---- the lab ----

phase1='crypto isakmp policy 10
 encryption aes
 authentication pre-share
 group 14
crypto isakmp key MY_KEY address 0.0.0.0'

port() { # port ADDRESS [LINE]
	cat <<EOT
interface GigabitEthernet0/1
 ip address $1 255.255.255.0
 ${2-}
 no shutdown
EOT
}

# The bridge becomes querier when it has its intervals: for one response
# interval, ten seconds if it is not told another one, it floods the report of
# one member to the other, who then does not send its own.
mkdir "$tmp/lab"
{
	echo 'hostname ks'
	echo "$phase1"
	cat <<EOT
crypto ipsec transform-set SET esp-aes esp-sha256-hmac
crypto ipsec profile PROFILE
 set transform-set SET
crypto key generate rsa modulus 1024 label RSA_KEYS
ip access-list extended DATA
 permit ip 172.16.0.0 0.0.255.255 172.16.0.0 0.0.255.255
ip access-list extended REKEY
 permit udp host 192.168.1.1 eq 848 host 239.1.1.1 eq 848
ip access-list extended REKEY_LO
 permit udp host 10.0.0.1 eq 848 host 239.2.2.2 eq 848
crypto gdoi group G
 identity number 1
 server local
  address ipv4 192.168.1.1
  rekey authentication mypubkey rsa RSA_KEYS
  rekey address ipv4 REKEY
  rekey retransmit 10 number 3
  sa ipsec 1
   profile PROFILE
   match address ipv4 DATA
   no replay
interface Loopback0
 ip address 10.0.0.1 255.255.255.255
EOT
	port 192.168.1.1
} >"$tmp/lab/ks.cfg"
for g in 1 2; do
	{
		echo "hostname g$g"
		echo "$phase1"
		cat <<EOT
crypto gdoi group G
 identity number 1
 server address ipv4 192.168.1.1
 server address ipv4 10.0.0.1
crypto map MAP 10 gdoi
 set group G
EOT
		port "192.168.1.$((g + 1))" 'crypto map MAP'
		echo 'ip route 10.0.0.1 255.255.255.255 192.168.1.1'
	} >"$tmp/lab/g$g.cfg"
done
{
	printf 'name: multicast\ntopology:\n  nodes:\n'
	for n in ks g1 g2; do
		cat <<EOT
    $n:
      kind: linux
      image: cohort
      binds:
        - $n.cfg:/etc/cohort/startup-config
EOT
	done
	cat <<EOT
    core:
      kind: linux
      image: alpine:3
      exec:
        - ip link add br0 type bridge mcast_snooping 1 mcast_query_interval 500 mcast_query_response_interval 100 mcast_startup_query_interval 100
        - ip link set br0 type bridge mcast_querier 1
        - ip link set eth1 master br0
        - ip link set eth2 master br0
        - ip link set eth3 master br0
        - ip link set br0 up
  links:
    - endpoints: ["ks:eth1", "core:eth1"]
    - endpoints: ["g1:eth1", "core:eth2"]
    - endpoints: ["g2:eth1", "core:eth3"]
EOT
} >"$tmp/lab/lab.clab.yml"

# ---- words ----

node() { # node NAME COMMAND...
	_n=$1
	shift
	nsenter --net="$COHORT_RUN/multicast/ns/$_n" "$@"
}

rexec() { # rexec ROUTER COMMAND...
	"$COHORT" lab exec "$tmp/lab" "$@"
}

conf() { # conf ROUTER LINE...
	_r=$1
	shift
	rexec "$_r" 'configure terminal' "$@" end
}

shows() { # shows ROUTER COMMAND ERE
	rexec "$1" "$2" >"$tmp/shown" || return 1
	grep -Eq -- "$3" "$tmp/shown" && return 0
	cat "$tmp/shown"
	return 1
}

logged() { # logged ROUTER N ERE: exactly N lines
	rexec "$1" 'show logging' >"$tmp/logged" || return 1
	_l=$(grep -Ec -- "$3" "$tmp/logged")
	[ "$_l" -eq "$2" ] && return 0
	tail -n 15 "$tmp/logged"
	echo "$1: $_l log lines match, not $2: $3"
	return 1
}

registered() { # registered GM...
	for _g; do
		shows "$_g" 'show crypto gdoi' \
		    'Registration status +: Registered' || return 1
	done
}

received() { # received GM N: rekeys since it registered
	shows "$1" 'show crypto gdoi' \
	    "After latest register +: $2\$"
}

joined() { # joined GM GROUP: its kernel is in it, on eth1
	node "$1" ip -4 maddr show dev eth1 >"$tmp/maddr"
	grep -Eq "inet +$2( |\$)" "$tmp/maddr" && return 0
	cat "$tmp/maddr"
	return 1
}

forwarded() { # forwarded PORT GROUP: the bridge sends it there
	node core bridge mdb show dev br0 >"$tmp/mdb"
	grep -Eq "port $1 grp $2( |\$)" "$tmp/mdb" && return 0
	cat "$tmp/mdb"
	return 1
}

seen() { # seen N FILTER: exactly N packets on the bridge so far
	tcpdump_reads "$dump" "$tmp/dump.err" || return 1
	tcpdump -r "$tmp/core.pcap" -d "$2" >"$tmp/seen" || return 1
	node core tcpdump -n -r "$tmp/core.pcap" "$2" >"$tmp/seen" 2>/dev/null
	[ "$(wc -l <"$tmp/seen")" -eq "$1" ] && return 0
	cat "$tmp/seen"
	echo "not $1: $2"
	return 1
}

left() { # left GROUP: an IGMP leave, as hosts of a version 2 querier say it
	tcpdump_reads "$dump" "$tmp/dump.err" || return 1
	node core tcpdump -n -r "$tmp/core.pcap" igmp >"$tmp/igmp" 2>&1
	grep -q "igmp leave $1" "$tmp/igmp" && return 0
	cat "$tmp/igmp"
	return 1
}

# lose NODE GROUP: the next datagram to that group does not get there.
lose() {
	node "$1" nft -f - <<EOT
table ip lose
delete table ip lose
table ip lose {
	chain in {
		type filter hook prerouting priority -300
		ip daddr $2 udp dport 848 limit rate 1/day burst 1 packets \
		    counter drop
	}
}
EOT
}

lost() { # lost NODE: it was
	node "$1" nft list table ip lose >"$tmp/nft"
	grep -q 'counter packets 1 ' "$tmp/nft"
}

# ---- play ----

check 'the lab comes up' "$COHORT" lab up "$tmp/lab"
nsenter --net="$COHORT_RUN/multicast/ns/core" tcpdump --immediate-mode -U \
    -Z root -s 0 -n -i br0 -w "$tmp/core.pcap" 'igmp or udp port 848' \
    2>"$tmp/dump.err" &
dump=$!
check 'tcpdump listens on the bridge' wait_for 10 \
    grep -q 'listening on' "$tmp/dump.err"
check 'both members are registered' wait_for 60 registered g1 g2
for g in 1 2; do
	check "G$g has joined in its kernel" joined "g$g" 239.1.1.1
	check "the bridge knows that of G$g" wait_for 10 \
	    forwarded "eth$((g + 1))" 239.1.1.1
done
check 'the key server has joined nothing' not joined ks 239.1.1.1
check 'members say that rekeys come by multicast' shows g1 \
    'show crypto gdoi' 'Rekey Transport Type +: Multicast'
check 'as the key server does' shows ks 'show crypto gdoi ks policy' \
    'transport type : Multicast'

check 'a rekey by hand' rexec ks 'crypto gdoi ks rekey'
check 'G1 takes it' wait_for 10 received g1 1
check 'G2 takes it' wait_for 10 received g2 1
sent='udp and dst host 239.1.1.1 and src host 192.168.1.1'
check 'one datagram was for both' seen 1 "$sent"
check 'none was sent to a member' \
    seen 0 'udp and src host 192.168.1.1 and udp[26] = 33 and not multicast'
check 'with a TTL that crosses routers' seen 1 "$sent and ip[8] = 255"
check 'it is repeated three times' wait_for 45 seen 4 "$sent"
check 'nobody answers' seen 0 'udp[26] = 35'
check 'repetitions are not applied again' received g1 1
check 'nor complained of' logged g1 0 'GM_REKEY_SEQ|REKEY_FAILURE'
check 'and the key server deletes nobody' shows ks 'show crypto gdoi ks' \
    'registered to this box: 2'
check 'the member shows it as a multicast rekey' shows g1 \
    'show crypto gdoi' '^       Multicast rekey rcvd  : 1$'

check 'the next datagram will not reach G2' lose g2 239.1.1.1
check 'a second rekey' rexec ks 'crypto gdoi ks rekey'
check 'G1 takes it' wait_for 5 received g1 2
check 'G2 has lost it' wait_for 5 lost g2
check 'and does not have it' received g2 1
check 'the repetition heals that' wait_for 15 received g2 2
check 'G2 did not register again' logged g2 1 'GM_REGSTER'

# an interface goes down and comes back
check 'G1: shutdown' conf g1 'interface GigabitEthernet0/1' shutdown
check 'G1: no shutdown' conf g1 'interface GigabitEthernet0/1' 'no shutdown'
check 'G1 is registered' wait_for 40 registered g1
check 'G1 is in the group' wait_for 10 joined g1 239.1.1.1
check 'the bridge knows it' wait_for 10 forwarded eth2 239.1.1.1
check 'a cable is pulled out and in' \
    node core sh -c 'ip link set eth3 down; sleep 1; ip link set eth3 up'
check 'G2 is in the group' wait_for 10 joined g2 239.1.1.1
check 'the bridge hears of that' wait_for 20 forwarded eth3 239.1.1.1
before=$(rexec g2 'show logging' | grep -c 'GM_RECV_REKEY')
check 'a rekey by hand' rexec ks 'crypto gdoi ks rekey'
check 'G2 takes it' wait_for 15 logged g2 $((before + 1)) 'GM_RECV_REKEY'

# the process with the socket dies: a new one joins
main=$(sed 's/ .*//' "$COHORT_RUN/multicast/pid/g1")
ike=$(kid "$main" ike)
check 'the process ike of G1 is killed' kill -9 "$ike"
check 'it is started again and registers' wait_for 60 \
    logged g1 3 'GM_REGSTER'
check 'it is in the group again' wait_for 10 joined g1 239.1.1.1
check 'and has not complained' logged g1 0 'GM_MCAST_JOIN'
before=$(rexec g1 'show logging' | grep -c 'GM_RECV_REKEY')
check 'a rekey by hand' rexec ks 'crypto gdoi ks rekey'
check 'G1 takes it' wait_for 15 logged g1 $((before + 1)) 'GM_RECV_REKEY'

# another group, from a loopback
check 'the key server moves to its loopback and to 239.2.2.2' conf ks \
    'crypto gdoi group G' 'server local' 'address ipv4 10.0.0.1' \
    'rekey address ipv4 REKEY_LO'
check 'a rekey says so' rexec ks 'crypto gdoi ks rekey'
for g in 1 2; do
	check "G$g has changed its group" wait_for 15 joined "g$g" 239.2.2.2
	check "G$g has left the old one" wait_for 5 not joined "g$g" 239.1.1.1
done
check 'IGMP says that too' wait_for 5 left 239.1.1.1

# to unicast and back
check 'the group goes to unicast' conf ks 'crypto gdoi group G' \
    'server local' 'rekey transport unicast'
check 'a rekey says so' rexec ks 'crypto gdoi ks rekey'
check 'it comes by multicast from the loopback, once' wait_for 10 \
    seen 1 'udp and dst host 239.2.2.2 and src host 10.0.0.1'
check 'G1 logs the change' wait_for 15 logged g1 1 'GM_REKEY_TRANS_2_UNI'
check 'and from where and to where it came' logged g1 1 \
    'GM_RECV_REKEY: .* from 10.0.0.1 to 239.2.2.2 '
check 'G1 has left' wait_for 5 not joined g1 239.2.2.2
check 'the group goes to multicast' conf ks 'crypto gdoi group G' \
    'server local' 'no rekey transport unicast'
check 'a rekey says so' rexec ks 'crypto gdoi ks rekey'
check 'G1 logs the change' wait_for 15 logged g1 1 'GM_REKEY_TRANS_2_MULTI'
check 'G1 has joined' wait_for 5 joined g1 239.2.2.2

# and the end
check 'the crypto map is taken off G1' conf g1 \
    'interface GigabitEthernet0/1' 'no crypto map MAP'
check 'G1 has left' wait_for 5 not joined g1 239.2.2.2
check 'the bridge sends it there no more' wait_for 15 \
    not forwarded eth2 239.2.2.2
check 'but to G2' forwarded eth3 239.2.2.2
check 'no member could not join' logged g2 0 'GM_MCAST_JOIN'
finish
