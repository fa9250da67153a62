#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# RANCID, as Debian ships it: clogin with commands, and a whole collection of
# type cisco (some seventy commands, most of which no router has).
. "$(dirname "$0")/router.sh"
bin=/usr/lib/rancid/bin
need_program $bin/clogin $bin/rancid /usr/sbin/sshd
router_up

# clogin starts `ssh -x -l USER HOST`.
cat >"$HOME/.cloginrc" <<EOF
add method * ssh
add sshcmd * {$tmp/ssh/ssh}
add user * oper
add password * {OPER_SECRET} {ENABLE_SECRET}
add autoenable * 0
add timeout * 20
EOF
printf '#!/bin/sh\nexec ssh -F %s/ssh/config "$@"\n' "$tmp" >"$tmp/ssh/ssh"
chmod 755 "$tmp/ssh/ssh"
chmod 600 "$HOME/.cloginrc"
export PATH="$bin:/usr/bin:/bin:/usr/sbin:/sbin" BASEDIR="$tmp/rancid"
mkdir -p "$BASEDIR" && cd "$BASEDIR" || exit 1

commands() {
	timeout 120 clogin -t 20 -c 'show privilege;show clock;show ip interface brief' \
	    127.0.0.1 >"$tmp/clogin" 2>&1
	_status=$?
	cat "$tmp/clogin"
	[ $_status -eq 0 ] && grep -q 'Current privilege level is 15' \
	    "$tmp/clogin" && grep -q '^GigabitEthernet0/1 ' "$tmp/clogin"
}
check 'clogin enables and runs commands' commands
check 'what it got has no key but those of lines' \
    not grep -aq "$(printf '[\001-\006\013\014\016-\037]')" "$tmp/clogin"

collect() { # rancid writes HOST.new and says on stderr what it missed
	timeout 300 rancid -t cisco -l 127.0.0.1 >"$tmp/rancid.log" 2>&1
	cat "$tmp/rancid.log"
	[ -s 127.0.0.1.new ]
}
check 'rancid -t cisco collects' collect
clean() {
	cat "$tmp/rancid.log"
	! grep -Eiq 'missed cmd|end of run not found|error' "$tmp/rancid.log"
}
check 'its run is clean' clean

has() {
	grep -Eq -- "$1" 127.0.0.1.new && return 0
	cat 127.0.0.1.new
	echo "no line matches: $1"
	return 1
}
check 'the kind of router is in it' has '^!RANCID-CONTENT-TYPE: cisco'
check 'its version is in it' has '^!Image: Software: .*COHORT-GETVPN-M, [0-9.]+'
check 'its inventory is in it' has '^!NAME: "Chassis", +DESCR: "Cohort'
check 'its configuration is in it' has '^interface GigabitEthernet0/1$'
check 'down to the end' has '^end$'
check 'addresses as well' has '^ ip address 10\.0\.1\.1 255\.255\.255\.0 secondary$'
again() {
	cp 127.0.0.1.new first && collect && diff first 127.0.0.1.new
}
check 'a second run has no difference' again
cd /
router_whole
finish
