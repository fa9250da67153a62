# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests of automation clients share (POSIX sh): one router R1 in a
# network and mount namespace of its own, with OpenSSH in front of it on
# 127.0.0.1 port 2222 whose forced command is the router's shell. A script
# says `. "$(dirname "$0")/router.sh"` first, `router_up [CONFIG]`, and
# `finish` last. Files of the clients are under $tmp; HOME is there, too.
#
#	client - 127.0.0.1:2222 sshd - console - R1 - eth1, eth2, eth3
#	client - 127.0.0.1:23 a vty of R1

if [ -z "${COHORT_NETNS-}" ]; then
	[ "$(id -u)" -eq 0 ] || { echo 'this test needs root'; exit 77; }
	COHORT_NETNS=yes exec unshare --net --mount --propagation private \
	    "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
export HOME="$tmp/home" TERM=dumb COLUMNS=500
# Leaks cannot be looked for in a process that sees no /proc.
export ASAN_OPTIONS=detect_leaks=0
state=$tmp/state
router_pid=
sshd_pid=

router_cleanup() {
	for _pid in $sshd_pid $router_pid; do
		kill "$_pid" 2>/dev/null
		wait "$_pid" 2>/dev/null
	done
	cleanup
}
trap router_cleanup EXIT

router_network() {
	ip link set lo up
	for _i in 1 2 3; do
		ip link add "eth$_i" type veth peer name "far$_i" &&
		    ip link set "far$_i" up || return 1
	done
}

# The startup-config of R1 if a script has no other.
router_config() {
	cat <<-'EOF'
	hostname R1
	enable secret ENABLE_SECRET
	username admin privilege 15 secret ADMIN_SECRET
	username oper privilege 1 secret OPER_SECRET
	ip domain name lab.example
	interface Loopback0
	 ip address 1.1.1.1 255.255.255.255
	interface GigabitEthernet0/0
	 description WAN side
	 ip address 10.0.0.1 255.255.255.0
	 ip address 10.0.1.1 255.255.255.0 secondary
	 no shutdown
	interface GigabitEthernet0/1
	 ip address 10.2.0.1 255.255.255.0
	 no shutdown
	interface GigabitEthernet0/2
	 shutdown
	ip access-list extended EDGE
	 permit icmp any any
	ip route 0.0.0.0 0.0.0.0 10.0.0.254
	line vty 0 4
	 login local
	 transport input telnet ssh
	end
	EOF
}

router_start() {
	"$COHORT" run -c "$tmp/r1.cfg" -n R1 -s "$state" -d \
	    >"$tmp/router.log" 2>&1 &
	router_pid=$!
	logs=$tmp/router.log
	wait_for 20 [ -e "$state/ready" ]
}

# Accounts of Linux for the users of R1, in this mount namespace only.
accounts() {
	cp /etc/passwd /etc/shadow "$tmp/" || return 1
	for _user in admin oper; do
		echo "$_user:x:0:0::$HOME:/bin/sh" >>"$tmp/passwd"
		_secret=$(echo "${_user}_SECRET" | tr '[:lower:]' '[:upper:]')
		echo "$_user:$(openssl passwd -6 "$_secret"):20000:0:99999:7:::" \
		    >>"$tmp/shadow"
	done
	chmod 644 "$tmp/passwd" && chmod 600 "$tmp/shadow" &&
	    mount --bind "$tmp/passwd" /etc/passwd &&
	    mount --bind "$tmp/shadow" /etc/shadow
}

# sshd wants a directory of its own in /run; this /run is ours alone.
sshd_start() {
	mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd "$tmp/ssh" ||
	    return 1
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/ssh/host" &&
	    ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f "$tmp/ssh/id" ||
	    return 1
	cp "$tmp/ssh/id.pub" "$tmp/ssh/authorized_keys"
	cat >"$tmp/ssh/sshd_config" <<-EOF
	Port 2222
	ListenAddress 127.0.0.1
	HostKey $tmp/ssh/host
	AuthorizedKeysFile $tmp/ssh/authorized_keys
	StrictModes no
	UsePAM no
	PasswordAuthentication yes
	PermitRootLogin yes
	PrintMotd no
	PrintLastLog no
	PidFile none
	ForceCommand ASAN_OPTIONS=$ASAN_OPTIONS exec $COHORT console -V -s $state
	EOF
	cat >"$tmp/ssh/config" <<-EOF
	Host *
		Port 2222
		User oper
		IdentityFile $tmp/ssh/id
		IdentitiesOnly yes
		UserKnownHostsFile $tmp/ssh/known_hosts
		StrictHostKeyChecking no
		LogLevel ERROR
	EOF
	/usr/sbin/sshd -D -e -f "$tmp/ssh/sshd_config" \
	    >"$tmp/ssh/sshd.log" 2>&1 &
	sshd_pid=$!
	wait_for 10 grep -q 'Server listening' "$tmp/ssh/sshd.log"
}

# router_up [CONFIG]
router_up() {
	mkdir -p "$HOME"
	if [ $# -gt 0 ]; then
		cp "$1" "$tmp/r1.cfg"
	else
		router_config >"$tmp/r1.cfg"
	fi
	if router_network && router_start && accounts && sshd_start; then
		return 0
	fi >"$tmp/up" 2>&1
	cat "$tmp/router.log" "$tmp"/ssh/*.log >>"$tmp/up" 2>/dev/null
	bad 'a router with sshd is up' "$tmp/up"
	finish
}

# rx 'COMMAND'...: on R1, as its owner
rx() {
	"$COHORT" exec -s "$state" R1 "$@"
}

# What every script proves last: the router is whole, nobody is left.
router_whole() {
	check 'the router still answers' rx 'show version'
	check 'no session of a client is left' wait_for 10 alone
	check 'the log has no fault' not grep 'cohort: ' "$tmp/router.log"
}

alone() {
	rx 'show users' >"$tmp/users" || return 1
	cat "$tmp/users"
	[ "$(grep -Ec '^[* ] *[0-9]+ (con|vty)' "$tmp/users")" -le 1 ]
}
