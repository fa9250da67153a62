# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests with strongSwan and libreswan share (POSIX sh): charon in a
# node, and the router's side of site-to-site IPsec. A script says
# `. "$(dirname "$0")/swan.sh"` after lib.sh.

charon=/usr/lib/ipsec/charon
plugins=${CHARON_PLUGINS:-/usr/lib/ipsec/plugins}

# charon_start NODE 'PLUGINS' [LINE]...: lines for strongswan.conf
charon_start() {
	_node=$1
	_d=$tmp/charon.$1
	# shellcheck disable=SC2086 # in one line
	_load=$(echo $2)
	shift 2
	mkdir -p "$_d/run"
	{
		cat <<EOT
charon {
  load = $_load
  port = 500
  port_nat_t = 4500
  retransmit_timeout = 1.0
  retransmit_tries = 2
  plugins { vici { socket = unix://$_d/vici } }
  filelog { log { path = $_d/log
    default = 1
    ike = 2
    enc = 1
    flush_line = yes } }
EOT
		printf '  %s\n' "$@"
		echo '}'
	} >"$_d/strongswan.conf"
	# a private /run: several charons live on one machine
	nsenter --net="$COHORT_RUN/interop/ns/$_node" unshare --mount sh -c \
	    'mount --bind "$1/run" /run &&
	    { [ "$3" = /usr/lib/ipsec/plugins ] ||
	    mount --bind "$3" /usr/lib/ipsec/plugins; } &&
	    STRONGSWAN_CONF=$1/strongswan.conf exec "$2"' \
	    sh "$_d" $charon "$plugins" >"$_d/out" 2>&1 &
	eval "charon_$_node=$!"
	jobs_started="$jobs_started $!"
	wait_for 30 [ -S "$_d/vici" ]
}

ctl() { # ctl NODE ARGUMENTS...
	_d=$tmp/charon.$1
	shift
	STRONGSWAN_CONF=$_d/strongswan.conf timeout 30 swanctl "$@" \
	    --uri "unix://$_d/vici" 2>"$tmp/ctl.err" && return 0
	grep -v "^plugin '" "$tmp/ctl.err"
	return 1
}

load() { # load NODE KEY < connections
	_d=$tmp/charon.$1
	cat >"$_d/swanctl.conf"
	echo "secrets { ike-1 { secret = \"$2\" } }" >>"$_d/swanctl.conf"
	ctl "$1" --load-all --file "$_d/swanctl.conf"
}

# site: gm1 with a map for the peer 192.168.8.8, 172.16.8.0/24 behind it; the
# standard input has what else there is.
site() {
	{
		cat <<'EOT'
hostname GM1
!
crypto isakmp policy 10
 encryption aes
 hash sha
 authentication pre-share
 group 14
crypto isakmp policy 20
 encryption aes 256
 hash sha256
 authentication pre-share
 group 16
crypto isakmp key INTEROP_KEY address 192.168.8.8
!
crypto ipsec transform-set AES128 esp-aes esp-sha-hmac
 mode tunnel
crypto ipsec transform-set AES256 esp-aes 256 esp-sha256-hmac
 mode tunnel
!
ip access-list extended PEER
 permit ip 172.16.2.0 0.0.0.255 172.16.8.0 0.0.0.255
!
crypto map S2S 10 ipsec-isakmp
 set peer 192.168.8.8
 set transform-set AES256 AES128
 set pfs group14
 match address PEER
!
EOT
		cat
		cat <<'EOT'
!
interface GigabitEthernet0/1
 ip address 192.168.2.2 255.255.255.0
 crypto map S2S
 no shutdown
!
interface GigabitEthernet0/2
 ip address 172.16.2.1 255.255.255.0
 no shutdown
!
ip route 0.0.0.0 0.0.0.0 192.168.2.254
!
end
EOT
	} >"$tmp/lab/gm1.cfg"
}

gone() { # gm1 has no SA of phase 1
	rexec gm1 'show crypto isakmp sa' >"$tmp/gone"
	! grep -q QM_IDLE "$tmp/gone"
}

one_phase1() { # gm1 has one, and no older one
	rexec gm1 'show crypto isakmp sa' >"$tmp/phase1"
	[ "$(grep -c QM_IDLE "$tmp/phase1")" -eq 1 ]
}
