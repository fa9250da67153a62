#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A key server written from the RFCs (gdoi_server.py): our member registers
# with it, encrypts as it says, is rekeyed by it.
#
#   h1 - gm1 - core - peer (python)
. "$(dirname "$0")/lib.sh"
need_program "$python" tcpdump
"$python" -c 'import cryptography, scapy' 2>/dev/null ||
    { echo 'skipped: no python3-cryptography, python3-scapy'; exit 77; }
lab_copy
sed -i -e 's/^ server address ipv4 192.168.1.1/ server address ipv4 192.168.8.8/' \
    -e 's/^\(crypto isakmp key .* address\) .*/\1 192.168.8.8/' \
    "$tmp/lab/gm1.cfg" "$tmp/lab/gm2.cfg"
# gm2 must not ask a server for one member, but keeps its policy: none
sed -i '/crypto map MAP$/d' "$tmp/lab/gm2.cfg"
lab_up
node peer "$python" "$here/gdoi_server.py" 192.168.8.8 INTEROP_KEY 4242 \
    "$tmp/keys" aes128-sha1-14 >"$tmp/server" 2>&1 &
server=$!
jobs_started="$jobs_started $server"
# for those that asked before it listened
rexec gm1 'clear crypto gdoi' >/dev/null 2>&1
check 'our member registers' wait_for 40 registered gm1
check 'it shows the KEK that it was given' \
    shows gm1 'show crypto gdoi' 'Encrypt Algorithm +: AES'
check 'and the policy, two entries' sh -c '[ "$(grep -c "permit" "$1")" -ge 2 ]' \
    sh "$tmp/shows"
newest() {
	"$python" -c 'import json,sys
print("0x%08x" % json.load(open(sys.argv[1]))["sats"][0]["spi"])' "$tmp/keys"
}
has_spi() {
	shows gm1 'show crypto gdoi' "spi: $(newest | tr a-f A-F | sed 's/0X/0x/')"
}
check 'it has the TEK of the server' has_spi
capture out core eth2 'esp'
node h1 ping -n -q -c 2 -i 0.2 -W 1 172.16.3.10 >/dev/null
capture_stop out
sent() {
	tcpdump -n -r "$tmp/out.pcap" 2>/dev/null | grep -q "spi=$(newest)" &&
	    return 0
	tcpdump -n -r "$tmp/out.pcap"
	return 1
}
check 'it encrypts with it' sent
"$python" - "$tmp/keys" "$tmp/out.pcap" >"$tmp/clear" 2>&1 <<'EOT'
import json, sys
from scapy.all import ESP, IP, rdpcap
from scapy.layers.ipsec import SecurityAssociation
s = json.load(open(sys.argv[1]))
for p in rdpcap(sys.argv[2]):
    k = s['teks'][str(p[ESP].spi)]
    sa = SecurityAssociation(
        ESP, spi=p[ESP].spi, crypt_algo='AES-CBC',
        crypt_key=bytes.fromhex(k['key']), auth_algo='HMAC-SHA1-96',
        auth_key=bytes.fromhex(k['auth']))
    print(sa.decrypt(p[IP]).payload.summary())
EOT
check 'scapy reads the ping with the keys of the server' \
    grep -q 'ICMP 172.16.2.10 > 172.16.3.10 echo-request' "$tmp/clear"
touch "$tmp/keys.push"
wait "$server"
tally cat "$tmp/server"
check 'our member has the TEK of the PUSH' wait_for 10 has_spi
check 'and counts the rekey' wait_for 10 shows gm1 'show crypto gdoi' \
    'Unicast rekey received: 1'
finish
