#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# `| json` of a running router, read by another program: what `cohort exec`
# prints is parsed, the tree of show running-config has the lines of the text,
# its byte count is right, and commands without JSON do not run.
#
#	cohort exec ---- cohort run, alone in a namespace: eth1 ==veth== peer1
#
# json.sh COHORT. Exit 77: no namespaces here.

COHORT=${1:-${COHORT:-./cohort}}
case $COHORT in
/*) ;;
*) COHORT=$(pwd)/$COHORT ;;
esac

if [ "${JSON_INSIDE:-}" != yes ]; then
	user=
	[ "$(id -u)" -eq 0 ] || user='--user --map-root-user'
	# shellcheck disable=SC2086 # words
	unshare $user --net true 2>/dev/null || {
		echo 'neither root nor user namespaces'
		exit 77
	}
	# shellcheck disable=SC2086
	JSON_INSIDE=yes exec unshare $user --net "$0" "$COHORT"
fi

tmp=$(mktemp -d /tmp/cohort-json.XXXXXX) || exit 1
router=
. "$(dirname "$0")/../words.sh"
cleanup() {
	[ -z "$router" ] || { kill "$router" && wait "$router"; } 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

run() {
	"$COHORT" exec -s "$tmp/state" J1 "$@"
}
has() { # has COMMAND EXPRESSION: python, of the object j
	run "$1 | json" | /usr/bin/python3 -c '
import json, sys
j = json.load(sys.stdin)
assert eval(sys.argv[1]), json.dumps(j, indent=1)' "$2"
}
refused() { # refused COMMAND TEXT
	! run "$1" >"$tmp/refused" && grep -qF "$2" "$tmp/refused"
}

cat >"$tmp/r.cfg" <<'EOF'
hostname R1
crypto isakmp policy 10
 encr aes 256
 authentication pre-share
crypto isakmp key SECRET address 192.0.2.1
crypto gdoi group G1
 identity number 100
 server address ipv4 192.0.2.1
crypto map M 10 gdoi
 set group G1
interface FastEthernet0/0
 description "quoted" \ and ümläut
 ip address 192.0.2.2 255.255.255.0
 crypto map M
ip access-list extended A
 permit ip any any
EOF
ip link set lo up
ip link add eth1 type veth peer name peer1
ip link set peer1 up
mkdir "$tmp/state"
"$COHORT" run -c "$tmp/r.cfg" -n J1 -s "$tmp/state" -d >"$tmp/log" 2>&1 &
router=$!
logs=$tmp/log
timeout 60 sh -c "until [ -e '$tmp/state/ready' ]; do sleep 0.1; done" ||
    { cat "$tmp/log"; echo 'FAIL  the router is ready'; }

check 'show crypto gdoi | json: the group and its server' \
    has 'show crypto gdoi' \
    '[(g["name"], g["servers"]) for g in j["groups"]] == \
     [("G1", ["192.0.2.1"])]'
for command in 'show crypto gdoi gm' 'show crypto gkm gm acl' \
    'show crypto gdoi gm rekey detail' 'show crypto gdoi ks' \
    'show crypto gdoi ks members' 'show crypto gdoi ks policy' \
    'show crypto gdoi ks rekey' 'show crypto gdoi ks acl' \
    'show crypto gdoi ipsec sa' 'show crypto gdoi gm dataplane counters'; do
	check "$command | json" has "$command" 'isinstance(j["groups"], list)'
done
check 'show crypto isakmp sa | json' has 'show crypto isakmp sa' \
    'isinstance(j["ipv4_sas"], list)'
check 'show crypto isakmp policy | json' has 'show crypto isakmp policy' \
    'j["policies"][0]["key_bits"] == 256'
check 'show ip interface brief | json' has 'show ip interface brief' \
    'j["interfaces"][0]["address"] == "192.0.2.2"'
check 'show crypto ipsec sa | json' has 'show crypto ipsec sa' \
    'j["interfaces"][0]["crypto_map"] == "M"'
check 'show crypto map | json' has 'show crypto map' \
    '[(m["name"], m["sequence"], m["kind"]) for m in j["crypto_maps"]] == \
     [("M", 10, "gdoi")]'
check 'show crypto session | json' has 'show crypto session' \
    'j["sessions"][0]["status"] in ("DOWN", "DOWN-NEGOTIATING")'
check 'show crypto dynamic-map | json' has 'show crypto dynamic-map' \
    'j["dynamic_maps"] == []'
check 'show crypto engine connections active | json' has \
    'show crypto engine connections active' 'j["connections"] == []'
check 'show access-lists | json' has 'show access-lists' \
    'j["access_lists"][0]["entries"][0]["matches"] == 0'
check 'abbreviations: sh run | j' has 'sh run' 'j["hostname"] == "R1"'

cat >"$tmp/same.py" <<'EOF'
import json, re, sys
text, tree = open(sys.argv[1], "rb").read(), json.load(open(sys.argv[2]))
body = text[text.index(b"!"):text.index(b"\nend\n") + 5]
assert int(re.search(rb"configuration : (\d+) bytes", text)[1]) == len(body)
def flat(lines, depth=0):
    for line in lines:
        yield " " * depth + line["text"]
        yield from flat(line.get("lines", []), depth + 1)
want = [l for l in body.decode().split("\n")
        if l and l[0] != "!" and l != "end"]
assert list(flat(tree["lines"])) == want, want
EOF
same() {
	run 'show running-config' >"$tmp/text" &&
	    run 'show running-config | json' >"$tmp/tree" &&
	    /usr/bin/python3 "$tmp/same.py" "$tmp/text" "$tmp/tree"
}
check 'show running-config: the bytes it says, the lines of its JSON' same
check 'after a change and a save, too' run 'configure terminal' \
    'interface Loopback0' 'end' 'write memory'
changed() {
	same && grep -q '^! Last configuration change at ' "$tmp/text" &&
	    grep -q '^! NVRAM config last updated at ' "$tmp/text"
}
check 'the header tells when' changed
check 'no JSON: said, not run' refused 'show clock | json' \
    '% JSON output is not available for this command'
check 'two bars: refused' refused 'show crypto gdoi | json | include a' \
    '% Invalid input detected'
check 'an unknown command is that' refused 'show nothing | json' \
    '% Invalid input detected'

finish
