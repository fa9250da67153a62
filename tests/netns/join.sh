#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Who may join, and who answers whom, between real interfaces: `registration
# interface`, keyrings, profiles and what clears an SA.
#
#	gm1 --- eth1 ks eth2 --- gm2		the server is 1.1.1.1
#
# COHORT is the program (default ./cohort). Exit 77: no namespaces here.

. "$(dirname "$0")/lib.sh"

mkdir "$tmp/lab"
cat >"$tmp/lab/lab.clab.yml" <<'EOT'
name: join
topology:
  defaults:
    kind: linux
    image: cohort
  nodes:
    ks:
      binds:
        - ks.cfg:/etc/cohort/startup-config
    gm1:
      binds:
        - gm1.cfg:/etc/cohort/startup-config
    gm2:
      binds:
        - gm2.cfg:/etc/cohort/startup-config
  links:
    - endpoints: ["ks:eth1", "gm1:eth1"]
    - endpoints: ["ks:eth2", "gm2:eth1"]
EOT

policy() {
	cat <<'EOT'
crypto isakmp policy 10
 encryption aes 256
 hash sha256
 authentication pre-share
 group 19
EOT
}

{
	policy
	cat <<'EOT'
hostname KS
crypto isakmp key FORALL address 0.0.0.0
crypto ipsec transform-set T esp-aes 256 esp-sha256-hmac
crypto ipsec profile P
 set transform-set T
crypto key generate rsa modulus 2048 label K
ip access-list extended A
 permit icmp any any
crypto gdoi group G
 identity number 7
 server local
  address ipv4 1.1.1.1
  registration interface GigabitEthernet0/1
  rekey algorithm aes 256
  rekey authentication mypubkey rsa K
  rekey transport unicast
  sa ipsec 1
   profile P
   match address ipv4 A
interface Loopback0
 ip address 1.1.1.1 255.255.255.255
interface GigabitEthernet0/1
 ip address 192.168.1.1 255.255.255.0
 no shutdown
interface GigabitEthernet0/2
 ip address 192.168.2.1 255.255.255.0
 no shutdown
EOT
} >"$tmp/lab/ks.cfg"

for i in 1 2; do
	{
		policy
		cat <<EOT
hostname GM$i
crypto isakmp key FORALL address 1.1.1.1
crypto isakmp profile SERVER
 match identity address 1.1.1.1
crypto gdoi group G
 identity number 7
 server address ipv4 1.1.1.1
crypto map M isakmp-profile SERVER
crypto map M 10 gdoi
 set group G
interface GigabitEthernet0/1
 ip address 192.168.$i.2 255.255.255.0
 crypto map M
 no shutdown
ip route 0.0.0.0 0.0.0.0 192.168.$i.1
EOT
	} >"$tmp/lab/gm$i.cfg"
done

on() { # on ROUTER COMMAND...
	"$COHORT" lab exec "$tmp/lab" "$@"
}

shows() { # shows ROUTER COMMAND PATTERN
	on "$1" "$2" >"$tmp/shown" 2>&1 && grep -q -- "$3" "$tmp/shown" &&
	    return
	cat "$tmp/shown"
	return 1
}

configure() { # configure ROUTER LINE...
	_on=$1
	shift
	printf '%s\n' 'configure terminal' "$@" 'end' | on "$_on" -
}

registered() {
	shows "$1" 'show crypto gdoi' 'Registration status *: Registered$'
}

unregistered() {
	shows "$1" 'show crypto gdoi' 'Registration status *: ' &&
	    not registered "$1"
}

start_over() { # the question is answered, what was learnt is dropped
	printf '%s\n' "clear crypto gdoi" yes | on "$1" -
}

check 'the lab comes up' "$COHORT" lab up --wait 60 "$tmp/lab"
[ "$failed" -eq 0 ] || finish
check 'the member on the registration interface is in' \
    wait_for 20 registered gm1
check 'the other one is not' unregistered gm2
check 'the server says why' wait_for 20 shows ks 'show logging' \
    'UNREGISTERED_INTERFACE: .*192\.168\.2\.2'
check 'the member says why' wait_for 10 shows gm2 'show logging' \
    'GM_CONN_NEXT_SER.*does not authorize this member'
check 'one member' shows ks 'show crypto gdoi ks' 'registered to this box: 1'

check 'the other interface from now on' configure ks \
    'crypto gdoi group G' 'server local' \
    'registration interface GigabitEthernet0/2'
check 'the other member gets in by itself' wait_for 80 registered gm2
check 'the first one starts over' start_over gm1
check 'and is out' wait_for 20 shows gm1 'show logging' \
    'GM_CONN_NEXT_SER.*does not authorize this member'
check 'no restriction' configure ks 'crypto gdoi group G' 'server local' \
    'no registration interface'
check 'both are in' wait_for 80 registered gm1

# one SA by its number, at both ends
number=$(on gm2 'show crypto isakmp sa' |
    sed -n 's/.*GDOI_IDLE *\([0-9]*\) .*/\1/p')
check 'the SA of a member is cleared by its number' \
    on gm2 "clear crypto isakmp $number"
check 'a number that is none now' not on gm2 "clear crypto isakmp $number"
check 'the server has dropped it as well' wait_for 5 not \
    shows ks 'show crypto isakmp sa' '192\.168\.2\.2 .*GDOI_IDLE'

# a server that is not the one of the profile
check 'the profile wants another server' configure gm2 \
    'crypto isakmp profile SERVER' 'match identity address 1.1.1.7' \
    'no match identity address 1.1.1.1'
check 'the member starts over' start_over gm2
check 'it does not take this one' wait_for 20 shows gm2 'show logging' \
    'identity 1\.1\.1\.1 does not match profile SERVER'
check 'it is not registered' unregistered gm2
check 'the profile is corrected' configure gm2 \
    'crypto isakmp profile SERVER' 'match identity address 1.1.1.1'
check 'it is in again' wait_for 80 registered gm2
finish
