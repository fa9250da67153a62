#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# files.sh COHORT: configuration files of one router in a namespace of its own:
# the dialogues of copy, delete, configure replace and reload, what goes through
# `| redirect`, the archive, the way back from a change, and that neither a
# killed router nor a full disk costs a file that was saved.
#
# Prints lines `ok` and `FAIL`, then `N passed, N failed`. Exit 77: neither
# root nor user namespaces.

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../words.sh"
cohort=${1:-${COHORT:-./cohort}}
case $cohort in
/*) ;;
*) cohort=$(pwd)/$cohort ;;
esac
export ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

if [ "${2-}" != inside ]; then
	user=
	[ "$(id -u)" -eq 0 ] || user='--user --map-root-user'
	need_namespaces
	tmp=$(mktemp -d /tmp/cohort-files.XXXXXX) || exit 1
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 130' INT TERM
	parts='all timer'
	for part in $parts; do
		mkdir "$tmp/$part"
		# shellcheck disable=SC2086 # options or nothing
		FILES_TMP=$tmp/$part timeout 300 unshare $user --net --mount \
		    sh "$here/files.sh" "$cohort" inside "$part" \
		    >"$tmp/$part.out" 2>&1 &
	done
	wait
	for part in $parts; do
		cat "$tmp/$part.out"
		[ -e "$tmp/$part/done" ] || echo "FAIL  $part ran to its end"
		check_logs "$part" "$tmp/$part/router.log"
	done >"$tmp/out"
	cat "$tmp/out"
	failed=$(grep -c '^FAIL ' "$tmp/out")
	echo "$(grep -c '^ok ' "$tmp/out") passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
fi
tmp=$FILES_TMP

rx() {
	"$cohort" exec -s "$tmp/st" R1 "$@"
}

launch() {
	rm -f "$tmp/st/ready"
	"$cohort" run -c "$tmp/r1.cfg" -n R1 -s "$tmp/st" -d \
	    2>>"$tmp/router.log" &
	router=$!
	wait_for 30 [ -e "$tmp/st/ready" ]
}

start() {
	launch || echo 'FAIL  the router is ready'
}

stop() {
	kill "$router"
	wait "$router"
}

# talk TEXT: standard input is commands and answers; what comes back must be
# fd 3, where numbers that change are N.
talk() {
	cat <&3 >"$tmp/expected"
	"$cohort" exec -s "$tmp/st" R1 - >"$tmp/talk" 2>&1
	sed -E 's/[0-9]+ bytes copied in [0-9.]+ secs \([0-9]+ /N bytes copied in N secs (N /
	s/[0-9]+ bytes total \([0-9]+ /N bytes total (N /
	s/[A-Z][a-z][a-z] [ 0-9][0-9] [0-9]{4} [0-9:]{8} /DATE /
	s/-[A-Z][a-z]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}\.[0-9]{3}-/-TIME-/
	s/[0-9:]{8} UTC [A-Z][a-z]{2} [A-Z][a-z]{2} [0-9]{1,2} [0-9]{4}/TIME/
	s/[0-9] minutes?( and [0-9]+ seconds?)?\)/N minutes)/' \
	    "$tmp/talk" >"$tmp/got"
	diff -u "$tmp/expected" "$tmp/got"
}

files() {
	check 'copy, dir, more, rename, delete ask as IOS does' talk 3<<'EXPECTED' <<'TYPED'
Directory of flash0:/

No files in directory

N bytes total (N bytes free)
Destination filename [startup-config]? 
Building configuration...
[OK]
Destination filename [a.cfg]? 
N bytes copied in N secs (N bytes/sec)
Destination filename [a.cfg]? 
%Warning:There is a file already existing with this name
Do you want to over write? [confirm]n
Directory of flash:/

    1  -rw-          74  DATE +00:00  a.cfg

N bytes total (N bytes free)
%Error opening flash:/b (No such file or directory)
hostname R1
!
interface Loopback0
 ip address 1.1.1.1 255.255.255.255
end
..Done!
verify /md5 (flash:a.cfg) = 81f71a7d4e900858a0ef98e1aafbb9f4
..Done!
Verified (flash:a.cfg) = 81f71a7d4e900858a0ef98e1aafbb9f4
Destination filename [b.cfg]? 
Delete filename [b.cfg]? 
Delete flash:b.cfg? [confirm]n
Delete filename [b.cfg]? 
Delete flash:b.cfg? [confirm]
%Error opening flash:../startup-config (Bad file name)
%Error opening nvram:rsa-keys (No such file or directory)
Using 74 out of 262144 bytes
hostname R1
!
interface Loopback0
 ip address 1.1.1.1 255.255.255.255
end

Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]
[OK]
Erase of nvram: complete
EXPECTED
dir
copy run start

copy running-config flash:a.cfg

copy running-config flash:a.cfg

n
dir flash:
dir flash:/b
more flash:a.cfg
verify /md5 flash:a.cfg
verify /md5 flash:a.cfg 81f71a7d4e900858a0ef98e1aafbb9f4
rename flash:a.cfg flash:b.cfg

delete flash:b.cfg

n
delete flash:b.cfg


more flash:../startup-config
more nvram:rsa-keys
show startup-config
write erase

TYPED
	check 'file prompt quiet asks nothing' talk 3<<'EXPECTED' <<'TYPED'
Enter configuration commands, one per line.  End with CNTL/Z.
N bytes copied in N secs (N bytes/sec)
N bytes copied in N secs (N bytes/sec)
Enter configuration commands, one per line.  End with CNTL/Z.
EXPECTED
configure terminal
file prompt quiet
end
copy running-config flash:q
copy running-config flash:q
delete flash:q
configure terminal
no file prompt
end
TYPED
	check 'tftp: is refused with what to do instead' sh -c \
	    '"$0" exec -s "$1" R1 "copy tftp://1.1.1.1/x running-config" |
	    grep -q "^$1/flash: copy the file there"' "$cohort" "$tmp/st"
}

redirected() {
	rx 'configure terminal' 'access-list 7 permit 1.1.1.1' end >/dev/null
	rx 'show access-lists' >"$tmp/plain"
	grep -q 1.1.1.1 "$tmp/plain" || return 1
	rx 'show access-lists | redirect flash:x' >"$tmp/none"
	[ ! -s "$tmp/none" ] && cmp "$tmp/plain" "$tmp/st/flash/x" || return 1
	rx 'show access-lists | tee flash:y' | cmp - "$tmp/plain" &&
	    cmp "$tmp/plain" "$tmp/st/flash/y" || return 1
	rx 'show privilege | append flash:y' &&
	    rx 'configure terminal' 'do show privilege | append flash:y' end \
	    >/dev/null || return 1
	[ "$(tail -n 2 "$tmp/st/flash/y" | sort -u)" = \
	    'Current privilege level is 15' ] || return 1
	# what a command that fails says is no file
	! rx 'more flash:none | redirect flash:x' >"$tmp/bad" || return 1
	grep -qx '%Error opening flash:none (No such file or directory)' \
	    "$tmp/bad" && cmp "$tmp/plain" "$tmp/st/flash/x" || return 1
	! rx 'show privilege | redirect flash:../x' >"$tmp/bad" || return 1
	grep -qx '%Error opening flash:../x (Bad file name)' "$tmp/bad" &&
	    [ ! -e "$tmp/st/x" ]
}

replaces() {
	check 'configure replace: the question, the list, and the result' \
	    talk 3<<'EXPECTED' <<'TYPED'
N bytes copied in N secs (N bytes/sec)
Enter configuration commands, one per line.  End with CNTL/Z.
!Contextual Config Diffs:
interface Loopback0
 -ip address 1.1.1.1 255.255.255.255
 +ip address 2.2.2.2 255.255.255.255
+interface Loopback1
!List of Commands:
interface Loopback0
 ip address 1.1.1.1 255.255.255.255
end
This will apply all necessary additions and deletions
to replace the current running configuration with the
contents of the specified configuration file, which is
assumed to be a complete configuration, not a partial
configuration. Enter Y if you are sure you want to proceed. ? [no]: 
This will apply all necessary additions and deletions
to replace the current running configuration with the
contents of the specified configuration file, which is
assumed to be a complete configuration, not a partial
configuration. Enter Y if you are sure you want to proceed. ? [no]: Y

!Pass 1

!List of Rollback Commands:
no interface Loopback1
interface Loopback0
 ip address 1.1.1.1 255.255.255.255
end


Total number of passes: 1
Rollback Done

!Contextual Config Diffs:
!No changes were found
%No Rollback Confirmed Change pending
%No Rollback Confirmed Change pending
EXPECTED
copy running-config flash:base
configure terminal
interface Loopback0
ip address 2.2.2.2 255.255.255.255
interface Loopback1
end
show archive config differences flash:base
show archive config incremental-diffs flash:base
configure replace flash:base list

configure replace flash:base list
Y
show archive config differences flash:base
configure confirm
configure revert now
TYPED
}

# Without the questions of copy.
quiet_replaces() {
	rx 'configure terminal' 'file prompt quiet' end >/dev/null
	replaces
	rx 'configure terminal' 'no file prompt' end >/dev/null
}

replace_refused() { # nothing of a file with a bad line acts
	printf 'hostname BAD\ninterface Loopback0\n frotz\nend\n' \
	    >"$tmp/st/flash/bad"
	rx 'show running-config' >"$tmp/run.before"
	if rx 'configure replace flash:bad force' >"$tmp/bad"; then
		echo 'it was taken'
		return 1
	fi
	grep '^flash:bad line 3: % Invalid input' "$tmp/bad" &&
	    rx 'show running-config' | cmp - "$tmp/run.before"
}

merge() { # the refused line is named, the others act
	printf 'interface Loopback3\n ip address 3.3.3.3 255.255.255.255\n frotz\n' \
	    >"$tmp/st/flash/part"
	printf 'copy flash:part running-config\n\n' |
	    "$cohort" exec -s "$tmp/st" R1 - >"$tmp/merge"
	cat "$tmp/merge"
	grep -q '^flash:part line 3: % Invalid input' "$tmp/merge" &&
	    grep -q ' bytes copied in ' "$tmp/merge" &&
	    rx 'show ip interface brief' | grep -q '^Loopback3 *3.3.3.3 '
}

keys() { # a key that is not there is made by copy, named by replace
	printf 'crypto key generate rsa modulus 1024 label %s\nend\n' FILED \
	    >"$tmp/st/flash/key"
	printf 'copy flash:key running-config\n\n' |
	    "$cohort" exec -s "$tmp/st" R1 - | tee "$tmp/key" |
	    grep -q '^crypto key generate rsa modulus 1024 label FILED$' &&
	    rx 'show crypto key mypubkey rsa' >"$tmp/key" &&
	    grep -q '^Key name: FILED' "$tmp/key" || { cat "$tmp/key"; return 1; }
	# once more: it stays the same
	rx 'copy flash:key running-config' >/dev/null
	rx 'show crypto key mypubkey rsa' | cmp - "$tmp/key" || return 1
	rx 'show running-config' | grep -v '^!\|^[BC]' | sed 's/FILED/OTHER/' |
	    cat "$tmp/st/flash/key" - | sed 's/FILED/OTHER/; 2d' \
	    >"$tmp/st/flash/keyed"
	rx 'configure replace flash:keyed force' >"$tmp/key.replace"
	cat "$tmp/key.replace"
	grep -qx 'crypto key generate rsa modulus 1024 label OTHER' \
	    "$tmp/key.replace" && grep -q 'Rollback Done' "$tmp/key.replace" &&
	    ! rx 'show crypto key mypubkey rsa' | grep OTHER
}

many() { # commands of a file do not take the consoles
	_i=0
	while [ $((_i += 1)) -le 100 ]; do
		echo 'crypto key generate rsa modulus 4096 label MANY'
	done >"$tmp/st/flash/many"
	rx 'copy flash:many running-config' >/dev/null
	rx 'show privilege' | grep -q 'level is 15' &&
	    rx 'show logging' | grep -q 'the last ones were not run'
}

trial() { # a change on trial is undone on command, and its address with it
	rx 'configure terminal revert timer 1' 'interface Loopback9' \
	    'ip address 9.9.9.9 255.255.255.255' end >/dev/null
	wait_for 5 sh -c 'ip -4 -o addr | grep -q 9.9.9.9' || return 1
	rx 'show archive config rollback timer' | grep -q 'value: 1 min' &&
	    rx 'configure revert now' | grep -q 'Rollback Done' &&
	    wait_for 5 sh -c '! ip -4 -o addr | grep -q 9.9.9.9'
}

timed_out() { # ... and by itself, after the minute
	rx 'configure terminal revert timer 1' 'interface Loopback9' end \
	    >/dev/null
	rx 'show running-config' | grep -q Loopback9 &&
	    wait_for 75 sh -c '! "$0" exec -s "$1" R1 "show running-config" |
	    grep -q Loopback9' "$cohort" "$tmp/st" &&
	    rx 'show archive config rollback timer' | grep -q '^%No Rollback'
}

archives() {
	rx 'archive config' | grep -qx 'Archive feature not enabled' || return 1
	rx 'configure terminal' archive 'path flash:$h-old' 'maximum 2' \
	    write-memory end 'archive config' 'archive config' \
	    'write memory' >/dev/null || return 1
	rx 'show archive' >"$tmp/archive"
	cat "$tmp/archive"
	ls "$tmp/st/flash" | grep -c '^R1-old-.*-[12]$' | grep -qx 2 &&
	    grep -q 'are currently 2 archive' "$tmp/archive" &&
	    grep -q '^   2  *flash:R1-old-.*-2 <- Most Recent$' "$tmp/archive"
}

reloads() {
	rx 'write memory' >/dev/null
	check 'reload in, cancel, and what is refused' talk 3<<'EXPECTED' <<'TYPED'
No reload is scheduled.
Reload scheduled for TIME (in N minutes) by console
Reload reason: new cable
Proceed with reload? [confirm]n
No reload is scheduled.
Reload scheduled for TIME (in N minutes) by console
Reload reason: new cable
Proceed with reload? [confirm]
Reload scheduled for TIME (in N minutes) by console
Reload reason: new cable
No reload is scheduled.
% Time must be HH:MM
%No reload is scheduled.
EXPECTED
show reload
reload in 5 new cable
n
show reload
reload in 5 new cable

show reload
reload cancel
show reload
reload at 25:00
reload cancel
TYPED
}

whole() { # FILE: what was saved once, entirely
	"$cohort" check "$1" && [ "$(tail -n 1 "$1")" = end ]
}

killed() { # killed COMMAND FILE, in a loop
	for _n in 1 2 3 4 5; do
		launch || return 1
		rx "$1" >/dev/null || return 1
		(while rx "$1"; do :; done) >/dev/null 2>&1 &
		_w=$!
		sleep "0.0$_n"
		kill -9 "$router"
		wait "$router" "$_w" 2>/dev/null
		whole "$2" || return 1
	done
}

full_disk() {
	rx 'copy running-config flash:keep' >/dev/null || return 1
	_sum=$(cksum <"$tmp/st/flash/keep")
	head -c 4000000 /dev/zero >"$tmp/st/fill" 2>/dev/null
	for _c in 'copy running-config flash:keep' \
	    'show running-config | redirect flash:keep' \
	    'show running-config | append flash:keep'; do
		if rx "$_c" >"$tmp/full"; then
			echo "$_c went well"
			return 1
		fi
		grep -q '^%Error opening flash:keep (No space left' \
		    "$tmp/full" || { cat "$tmp/full"; return 1; }
		[ "$(cksum <"$tmp/st/flash/keep")" = "$_sum" ] || return 1
	done
	rm "$tmp/st/fill"
	rx 'copy running-config flash:keep' | grep -q 'bytes copied'
}

worked() { # the seconds that main has computed so far
	sed 's/.*) //' "/proc/$router/stat" |
	    awk -v hz="$(getconf CLK_TCK)" '{ print int(($12 + $13) / hz) }'
}

big() { # a hundred thousand lines through every door
	awk 'BEGIN { print "file prompt quiet\nip access-list extended BIG"
		for (i = 0; i < 100000; i++)
		printf " permit tcp host 10.%d.%d.%d any eq %d\n",
		    i / 65536, i / 256 % 256, i % 256, 1 + i % 60000
		print "end" }' >"$tmp/st/flash/big"
	_t=$(worked)
	rx 'configure replace flash:big force' | grep -q 'Rollback Done' &&
	    rx 'copy running-config flash:big2' | grep -q 'bytes copied' &&
	    rx 'show archive config differences flash:big' |
		grep -q 'No changes were found' &&
	    [ $(($(worked) - _t)) -lt 60 ]
}

ip link set lo up
printf 'hostname R1\ninterface Loopback0\n ip address 1.1.1.1 %s\nend\n' \
    255.255.255.255 >"$tmp/r1.cfg"
start
if [ "$3" = timer ]; then
	check 'a change that is not confirmed is undone after its minute' \
	    timed_out
	stop
	: >"$tmp/done"
	exit
fi
files
check 'redirect, append and tee of commands of main and of a child' redirected
quiet_replaces
check 'configure replace of a file with a bad line changes nothing' \
    replace_refused
check 'copy into running-config merges' merge
check 'crypto key generate in a file: copy runs it, replace names it' keys
check 'a file of a hundred commands leaves consoles free' many
check 'configure revert now takes a change back' trial
check 'archive: by command and with write memory, the oldest go' archives
reloads
check 'a hundred thousand lines' big
stop
rm -rf "$tmp/st"
mkdir -p "$tmp/st/flash"
printf 'file prompt quiet\n' | cat - "$tmp/r1.cfg" >"$tmp/r1.new" &&
    mv "$tmp/r1.new" "$tmp/r1.cfg"
check 'killed while it saves: whole' killed 'write memory' \
    "$tmp/st/startup-config"
check 'killed while it copies: whole' killed 'copy running-config flash:k' \
    "$tmp/st/flash/k"
start
check 'what it was writing is cleared away' sh -c \
    '! ls -A "$0" | grep -q "^\\."' "$tmp/st/flash"
stop
rm -rf "$tmp/st"
mkdir "$tmp/st"
if mount -t tmpfs -o size=512k tmpfs "$tmp/st"; then
	start
	check 'disk full: the old file stays, and space is used again' full_disk
	stop
	umount "$tmp/st"
else
	echo 'FAIL  a small disk can be mounted'
fi
: >"$tmp/done"
