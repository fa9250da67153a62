#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# strongSwan's charon and our IKEv1 phase 1, both ways. charon knows no GDOI,
# so everything ends with phase 1. It puts a non-ESP marker in front of IKE
# when neither port is 500 and always answers with DOI 1.
#
#	peer (charon, port 500) -> ks, port 848
#	gm1 -> peer2, port 848, redirected to charon on port 500
. "$(dirname "$0")/lib.sh"
. "$here/swan.sh"
need_program swanctl $charon nft

lab_copy
# gm1 asks peer2 first, then the real key server.
sed -i -e 's/^ server address ipv4 192.168.1.1/ server address ipv4 192.168.9.9\n&/' \
    -e 's/^crypto isakmp key .*/&\ncrypto isakmp key INTEROP_KEY address 192.168.9.9/' \
    "$tmp/lab/gm1.cfg"

# conns ADDRESS: connections of one charon, one a suite; `wrong` has another
# key, and so do all under 192.168.9.9 called wrong.
suites='aes128-sha1-modp2048 aes256-sha256-modp2048 aes128-sha1-modp1536
aes192-sha512-modp4096'
# those need the openssl plugin of libstrongswan-standard-plugins
if [ -e "$plugins/libstrongswan-openssl.so" ]; then
	suites="$suites 3des-md5-modp1024 aes256-sha384-ecp384
aes128-sha256-ecp256"
else
	echo 'skip  3DES and ECP: charon has no openssl plugin'
fi
conns() {
	echo 'connections {'
	for s in $suites wrong; do
		p=$s
		[ $s != wrong ] || p=aes128-sha1-modp2048
		cat <<EOT
  $s {
    version = 1
    local_addrs = $1
    remote_addrs = $2
    remote_port = $3
    proposals = $p
    dpd_delay = ${4:-0}
    keyingtries = 1
    local { auth = psk
      id = $1 }
    remote { auth = psk
      id = $2 }
  }
EOT
	done
	echo '}'
}

swan() { # swan NODE
	charon_start "$1" 'random nonce aes des md5 sha1 sha2 hmac kdf gmp
	    openssl kernel-netlink socket-default vici' \
	    'install_routes = no' 'block_threshold = 0' \
	    'i_dont_care_about_security_and_use_aggressive_mode_psk = yes'
}

lab_up
check 'charon starts in peer' swan peer
conns 192.168.8.8 192.168.1.1 848 >"$tmp/conns"
check 'connections load' load peer INTEROP_KEY <"$tmp/conns"

up() {
	ctl peer --initiate --ike "$1" >"$tmp/init" 2>&1 &&
	    ctl peer --list-sas | grep -q "^$1:.*ESTABLISHED" && return 0
	cat "$tmp/init"
	return 1
}

has_sa() {
	shows ks 'show crypto isakmp sa' '192\.168\.8\.8.*GDOI_IDLE.*ACTIVE'
}

for s in $suites; do
	check "phase 1 with $s is up at charon" up $s
	check 'and at the key server' has_sa
	check 'charon deletes it' ctl peer --terminate --ike $s
	check 'it is gone at the key server' wait_for 5 not has_sa
done

# a suite that the key server does not have
sed 's/aes192-sha512-modp4096/aes192-md5-modp1024/' "$tmp/conns" >"$tmp/conns.odd"
check 'connections load' load peer INTEROP_KEY <"$tmp/conns.odd"
check 'a suite we have not: refused' not ctl peer --initiate --ike \
    aes192-md5-modp1024
check 'with NO-PROPOSAL-CHOSEN' \
    grep -q 'received NO_PROPOSAL_CHOSEN' "$tmp/charon.peer/log"

# DPD: charon asks every 2 s, and would delete the SA without an answer
conns 192.168.8.8 192.168.1.1 848 2s >"$tmp/conns.dpd"
check 'connections load' load peer INTEROP_KEY <"$tmp/conns.dpd"
check 'phase 1 with DPD' up aes128-sha1-modp2048
acked() {
	[ "$(grep -c 'parsed INFORMATIONAL_V1.*N(DPD_ACK)' \
	    "$tmp/charon.peer/log")" -ge 2 ]
}
check 'R-U-THERE is answered, twice' wait_for 15 acked
check 'the SA stays' has_sa

# clear crypto isakmp on our side sends a Delete
check 'clear crypto isakmp' rexec ks 'clear crypto isakmp'
check 'charon is told' wait_for 5 not sh -c \
    "STRONGSWAN_CONF=$tmp/charon.peer/strongswan.conf swanctl --list-sas --uri unix://$tmp/charon.peer/vici | grep -q ESTABLISHED"

# another key: nothing comes up, one line in the log
before=$(rexec ks 'show logging' | grep -c 192.168.8.8)
conns 192.168.8.8 192.168.1.1 848 >"$tmp/conns"
check 'connections with another key load' load peer ANOTHER_KEY <"$tmp/conns"
check 'phase 1 with another key fails' not ctl peer --initiate --ike wrong
check 'the key server has no SA' not has_sa
after=$(rexec ks 'show logging' | grep -c 192.168.8.8)
check 'it was logged once' [ $((after - before)) -eq 1 ]
check 'in words that help' shows ks 'show logging' \
    '%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 192.168.8.8'

# keyrings, profiles and names: named CONNECTION ID AGGRESSIVE
configure() {
	_r=$1
	shift
	rexec "$_r" 'configure terminal' "$@" end
}
named() {
	cat <<EOT
connections {
  $1 {
    version = 1
    aggressive = $3
    local_addrs = 192.168.8.8
    remote_addrs = 192.168.1.1
    remote_port = 848
    proposals = aes128-sha1-modp2048
    keyingtries = 1
    local { auth = psk
      id = $2 }
    remote { auth = psk
      id = 192.168.1.1 }
  }
}
EOT
}
check 'a keyring and a profile' configure ks \
    'crypto keyring RING' 'pre-shared-key address 192.168.8.8 key RING_KEY' \
    'pre-shared-key hostname ag.example.net key AG_KEY' exit \
    'crypto isakmp profile NAMED' 'match identity host domain example.net' \
    'keyring RING' exit
check 'show crypto isakmp key has it, not the key itself' shows ks \
    'show crypto isakmp key' '^RING +192\.168\.8\.8 +<hidden>$'
check 'show crypto isakmp profile' shows ks 'show crypto isakmp profile' \
    '^   keyring\(s\): RING$'
check 'show crypto isakmp default policy' shows ks \
    'show crypto isakmp default policy' 'protection suite of priority 65508'
named ring peer.example.net no >"$tmp/named"
check 'a name as identity, the key of the keyring' \
    load peer RING_KEY <"$tmp/named"
check 'phase 1 is up at charon' up ring
check 'the key server knows the name' shows ks \
    'show crypto isakmp peers' 'Phase1 id: peer\.example\.net'
check 'and the profile' shows ks 'show crypto isakmp peers' 'Profile: NAMED'
check 'charon deletes it' ctl peer --terminate --ike ring
named ag ag.example.net yes >"$tmp/named"
check 'a name, its own key' load peer AG_KEY <"$tmp/named"
check 'aggressive mode is refused' not up ag
check 'it is allowed' configure ks 'no crypto isakmp aggressive-mode disable'
check 'aggressive mode with the key of a name' up ag
check 'the key server knows the name' shows ks \
    'show crypto isakmp peers' 'Phase1 id: ag\.example\.net'
check 'charon deletes it' ctl peer --terminate --ike ag
check 'it is gone at the key server' wait_for 5 not has_sa
check 'another key' load peer NOT_IT <"$tmp/named"
check 'does not come up' not up ag

# our member as initiator: charon listens on 848 and knows no GDOI
check 'charon starts in peer2' swan peer2
node peer2 nft -f - <<'EOT'
table ip nat {
	chain pre {
		type nat hook prerouting priority dstnat;
		udp dport 848 redirect to :500
	}
}
EOT
conns 192.168.9.9 192.168.2.2 848 >"$tmp/conns2"
check 'connections load' load peer2 INTEROP_KEY <"$tmp/conns2"
rexec gm1 'clear crypto gdoi' yes >/dev/null 2>&1
got_up() {
	grep -q 'IKE_SA .* established between 192.168.9.9' \
	    "$tmp/charon.peer2/log"
}
check 'our member brings phase 1 up with charon' wait_for 60 got_up
check 'the member tells that this server gives no keys' wait_for 90 \
    shows gm1 'show logging' '%GDOI-5-GM_CONN_NEXT_SER: .*192\.168\.1\.1'
check 'it goes on to the next server and registers' \
    wait_for 120 registered gm1
check 'that is the real one' \
    shows gm1 'show crypto gdoi' 'Registered with +: 192\.168\.1\.1'
rexec gm1 'show logging' | grep GM_CONN_NEXT_SER | sed 's,^,      | ,'

# the same in aggressive mode, under a name
sed -e 's/^    version = 1/&\n    aggressive = yes/' \
    -e 's/id = 192.168.2.2/id = gm1.example.net/' "$tmp/conns2" >"$tmp/conns3"
check 'connections load' load peer2 INTEROP_KEY <"$tmp/conns3"
check 'our member: aggressive mode with a name' configure gm1 \
    'no crypto isakmp aggressive-mode disable' 'crypto isakmp profile OUT' \
    'self-identity fqdn gm1.example.net' 'initiate mode aggressive' exit \
    'crypto map MAP isakmp-profile OUT'
rexec gm1 'clear crypto isakmp' >/dev/null 2>&1
rexec gm1 'clear crypto gdoi' yes >/dev/null 2>&1
ag_up() {
	grep -q 'IKE_SA .* established .*\[gm1\.example\.net\]' \
	    "$tmp/charon.peer2/log"
}
check 'phase 1 comes up with charon' wait_for 60 ag_up
finish
