#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# What public parsers of IOS output require of ours, as regular expressions
# in the order in which the lines must come: show_formats.py COHORT LABDIR
# KS GM. A pattern that starts with "?" may be missing, one with "*" comes once
# or more, other lines in between only with loose=True. ntc-templates do not
# strip lines: blanks in front count.

import re
import subprocess
import sys
import time

IP = r'\d+\.\d+\.\d+\.\d+'
N = r'\d+'
failed = passed = 0


def result(text, bad):
    global failed, passed
    print('%-4s  %s' % ('FAIL' if bad else 'ok', text))
    for line in bad[:12]:
        print('      | %s' % line)
    failed, passed = failed + bool(bad), passed + (not bad)


def missing(out, patterns):
    """Patterns that no line matches, each looked for behind the last."""
    lines, at, bad = out.split('\n'), 0, []
    for p in patterns:
        optional, p = p.startswith('?'), p.lstrip('?')
        for i in range(at, len(lines)):
            if re.fullmatch(p, lines[i]):
                at = i + 1
                break
        else:
            if not optional:
                bad.append('no line: %s' % p)
    return bad + lines if bad else []


def unknown(out, patterns):
    """Lines that no pattern matches: what an ntc Error rule refuses."""
    return ['unexpected line: %r' % s for s in out.split('\n')
            if s.strip() and not any(re.fullmatch(p, s) for p in patterns)]


def whole(out, patterns):
    return missing(out, patterns) or unknown(out, patterns)


def label(indent, column, text, value):
    """`text   : value` with the colon in that column."""
    return ' ' * indent + re.escape(text.ljust(column - indent)) + ': (?:' + \
        value + ')'


def four(pairs):
    return [label(4, 29, t, v) for t, v in pairs]


def seven(pairs, column=29):
    return [label(7, column, t, v) for t, v in pairs]


GDOI = ['GROUP INFORMATION', ''] + four([
    ('Group Name', r'\w+'), ('Group Identity', r'\w+'),
    ('Group Type', r'GDOI \(ISAKMP\)'), ('Crypto Path', 'ipv4'),
    ('Key Management Path', 'ipv4'), ('Rekeys received', N),
    ('IPSec SA Direction', 'Both')]) + [
    '', ' {5}Group Server list       : ' + IP, '',
    r'Group Member Information For Group \w+:',
    label(4, 29, 'IPSec SA Direction', 'Both'),
    label(4, 29, 'ACL Received From KS', r'gdoi_group_\w+_temp_acl'), '',
    label(4, 29, 'Group member', r'(?=.{16} vrf|.* vrf)' + IP +
          r' +vrf: None')] + seven([
    ('Local addr/port', IP + '/848'), ('Remote addr/port', IP + '/848'),
    ('fvrf/ivrf', 'None/None'), ('Version', r'[\d.]+'),
    ('Registration status', 'Registered'), ('Registered with', IP),
    ('Re-registers in', N + ' sec'), ('Succeeded registration', N),
    ('Attempted registration', N), ('Last rekey from', IP + '|UNKNOWN'),
    ('Last rekey seq num', N), ('Unicast rekey received', N),
    ('Rekey ACKs sent', N), ('Rekey Rcvd(hh:mm:ss)', r'[\d:]+|never'),
    ('DP Error Monitoring', 'OFF')]) + seven([
    ('IPSEC init reg executed', N), ('IPSEC init reg postponed', N)], 34) + \
    seven([('Active TEK Number', N)]) + [
    r' {7}SA Track \(OID/status\) : (disabled|enabled)',
    r'? {7}Fail-Close Revert : (Disabled|Enabled)', '',
    ' {7}allowable rekey cipher: any', ' {7}allowable rekey hash  : any',
    ' {7}allowable transformtag: any ESP', '', ' {4}Rekeys cumulative',
    ' {7}Total received        : ' + N, ' {7}After latest register : ' + N,
    ' {7}Rekey Acks sents      : ' + N, '',
    ' ACL Downloaded From KS ' + IP + ':',
    r' {3}access-list {2,3}(permit|deny) \w+ .*', '', 'KEK POLICY:',
    label(4, 29, 'Rekey Transport Type', 'Unicast'),
    label(4, 29, 'Lifetime (secs)', N),
    label(4, 29, 'Encrypt Algorithm', 'AES|3DES|DES'),
    label(4, 29, 'Key Size', N + ' *'),
    label(4, 29, 'Sig Hash Algorithm', r'HMAC_AUTH_\w+'),
    label(4, 29, 'Sig Key Length (bits)', N), '',
    'TEK POLICY for the current KS-Policy ACEs Downloaded:',
    r' {2}\S+:', ' {4}IPsec SA:', r' {8}spi: 0x[0-9A-F]+\(\d+\)',
    ' {8}transform: esp-.*',
    r' {8}sa timing:remaining key lifetime \(sec\): \(\d+\)',
    r'? {8}Anti-Replay\(Counter Based\) : \d+', ' {8}tag method : disabled',
    r' {8}alg key size: \d+ \(bytes\)', r' {8}sig key size: \d+ \(bytes\)',
    ' {8}encaps: ENCAPS_TUNNEL', '', 'KGS POLICY:',
    ' {2}REG_GM: local_addr ' + IP, '', 'P2P POLICY:',
    ' {2}REG_GM: local_addr ' + IP]

FEATURE = [
    r'Group Name: \w+', r' {4}Key Server ID  +Version   Feature Supported',
    ' {8}' + IP + r' +[\d.]+ +Yes', '',
    r' {4}Group Member ID  +Version   Feature Supported',
    ' {8}' + IP + r' +[\d.]+ +Yes']

REKEY_SA = ['GETVPN REKEY SA',
            'dst {13}src {13}conn-id {9}status',
            IP + ' +' + IP + r' +\d+ +ACTIVE']

REKEY_SA_DETAIL = [
    'KEK SA DB STATS:', ' {4}num_active = ' + N, ' {4}num_malloc = ' + N,
    ' {4}num_free = ' + N, '', r' {2}KEK POLICY \(transport type : Unicast\)',
    ' {3}Local addr/port : ' + IP + '/848',
    ' {3}Remote addr/port : ' + IP + '/848', r' {4}spi : 0x[0-9A-F]{32}',
    r' {4}management alg     : disabled    encrypt alg       : \w+ *',
    r' {4}crypto iv length   : \d+ +key size          : \d+ *',
    r' {4}orig life\(sec\)     : \d+ *',
    r' {4}sig hash algorithm : enabled     sig key length    : \d+ *',
    ' {4}sig size           : ' + N, r' {4}acknowledgement    : \w+',
    r' {4}conn_id \(IKEv1\)    : \d+',
    r' {4}seq num            : \d+ +prev seq num      : \d+ *',
    r' {4}handle             : \d+ *', r' {4}Interface          : \S+',
    r' {4}Group Name         : \w+']

PUBKEY = [r' {2}GDOI Group: \w+', ' {4}KS IP Address: ' + IP,
          r' {4}conn-id: \d+    my-cookie:[0-9A-F]{8}    '
          r'his-cookie:[0-9A-F]{8}', ' {4}Key Data:',
          ' {6}([0-9A-F]{8} ){8}']

SESSION = [
    'Crypto session current status', '', 'Code: .*', 'K - .*', 'X - .*',
    'R - .*', 'S - .*', '', r'Interface: \S+', r'Session status: UP-\S+ *',
    'Peer: ' + IP + r' port 848 fvrf: \(none\) ivrf: \(none\)',
    r'? {6}Phase1_id: \S+', r'? {6}Desc: \(none\)',
    r'? {2}IKEv1 SA: local ' + IP + '/848 remote ' + IP + '/848 Active ',
    r' {2}IPSEC FLOW: permit \w+ ' + IP + '/' + IP + ' ' + IP + '/' + IP +
    ' ', r' {8}Active SAs: \d+, origin: crypto map',
    r" {8}Inbound:  #pkts dec'ed \d+ drop \d+ life \(KB/Sec\) "
    r'KB Vol Rekey Disabled/\d+',
    r" {8}Outbound: #pkts enc'ed \d+ drop \d+ life \(KB/Sec\) "
    r'KB Vol Rekey Disabled/\d+']

COOP_HEAD = [r'Crypto Gdoi Group Name :\w+',
             r' {8}Group handle: \d+, Local Key Server handle: \d+']
COOP = COOP_HEAD + [r' {8}\*NO\* redundancy configured for this group']

# The role is padded to 10; the timers are those of the role.
COOP_LOCAL = ['', ' {8}Local Address: ' + IP, r' {8}Local Priority: \d+',
              ' {8}Local KS Role: %-10s, Local KS Status: Alive']
COOP_VERSIONS = [r' {8}Local KS version: [\d.]+',
                 r' {8}Local COOP version: [\d.]+']
COOP_TIMERS = {
    'Primary': [
        ' {8}Primary Timers: ', r' {16}Primary Refresh Policy Time: \d+',
        r' {16}Remaining Time: \d+'],
    'Secondary': [
        ' {8}Secondary Timers: ', r' {16}Sec Primary Periodic Time: \d+',
        r' {16}Remaining Time: \d+, Retries: \d+',
        r' {16}Invalid ANN PST recvd: \d+',
        r' {16}New GM Temporary Blocking Enforced\?: (Yes|No)']}
COOP_SEQUENCE = [r' {16}Antireplay Sequence Number: \d+']
COOP_PEER = [' {8}Peer Sessions:', r' {8}Session 1:',
             r' {16}Server handle: \d+', ' {16}Peer Address: ' + IP]
COOP_PEER_VERSIONS = [r' {16}Peer Version: [\d.]+',
                      r' {16}Peer COOP version: [\d.]+',
                      ' {16}COOP Protocol: base']
COOP_PEER_STATE = [r' {16}(?=.{30}$)Peer Priority: \d+ *',
                   ' {16}Peer KS Role: %-10s, Peer KS Status: Alive'] + \
    COOP_SEQUENCE + ['', ' {16}IKE status: Established', ' {16}Counters:'] + \
    [' {20}' + s + r': \d+' for s in (
        'Ann msgs sent', 'Ann msgs sent with reply request', 'Ann msgs recv',
        'Ann msgs recv with reply request', 'Packet sent drops',
        'Packet Recv drops', 'Total bytes sent', 'Total bytes recv')]

COOP_VERSION = [r'Cooperative key server infra Version : [\d.]+'] + [
    r'Client : %s +Version : [\d.]+' % s for s in (
        'KS_POLICY_CLIENT', 'GROUP_MEMBER_CLIENT', 'SID_CLIENT')]

SID_SIZE = r'\d+ bits \((SMALL|MEDIUM|LARGE)\)'
COOP_SID = [
    r'COOP-KS Sender ID \(SID\) Information for Group [\w-]+:', '',
    ' {4}Local KS Role: %-10s, Local KS Status: Alive'] + [
    label(8, 37, t, v) for t, v in (
        ('Local Address', IP), ('Next SID Client Operation', '[A-Z]+'),
        ('Re-initializing', 'No'), ('KSSID Overlap', 'No'),
        ('SID Length (Group Size) Cfg', SID_SIZE),
        ('SID Length (Group Size) Used', SID_SIZE),
        ('Current KSSID In-Use', r'none|\d+'),
        ('KSSID(s) Assigned', r'\d-\d'), ('KSSID(s) Used', r'none|[\d, -]+'),
        ('Old KSSID(s) Used', r'none|[\d, -]+'))]
COOP_SID_PEER = [
    '', ' {4}Peer KS Role: %-10s, Peer KS Status: Alive',
    label(8, 37, 'Peer Address', IP), label(8, 37, 'KSSID Overlap', 'No'),
    label(8, 37, 'SID Length (Group Size) Cfg', SID_SIZE)] + [
    label(8, 37, t, r'none|[\d, -]+') for t in (
        'KSSID(s) Assigned', 'KSSID(s) Used', 'Old KSSID(s) Used')]

REDUNDANCY = [' {4}Redundancy               : Configured'] + [
    label(8, 29, t, v) for t, v in (
        ('Local Address', IP), ('Local Priority', N),
        ('Local KS Status', 'Alive'), ('Local KS Role', '%s'),
        ('Local KS Version', r'[\d.]+'), ('Local COOP Version', r'[\d.]+'))]
COOP_SUMMARY = [
    'Group Member Information : ', '',
    r'Group Name: SHARED, ID: 77, Group Members: 0',
    'Key Server ID: ' + IP + ', GMDB state: LOCAL, Group Members: 0',
    ' {2}Member ID     Version      Rekey sent     Rekey Ack missed', '',
    'Key Server ID: ' + IP + ', GMDB state: REDUNDANT, Group Members: 0',
    ' {2}Member ID     Version      Rekey sent     Rekey Ack missed']
COOP_FEATURE = [
    'Group Name: SHARED', r' {4}Key Server ID  +Version   Feature Supported',
    ' {8}' + IP + r' +[\d.]+ +Yes', ' {8}' + IP + r' +[\d.]+ +Yes', '',
    r' {4}Group Member ID     Version   Feature Supported']

ELI = ['Hardware Encryption : INACTIVE', ' Number of crypto engines = 1', '',
       ' CryptoEngine .* details: state = Active',
       ' Capability    : .*GDOI, FAILCLOSE.*',
       r' IKE-Session   : +\d+ active, +\d+ max, \d+ failed',
       r' IPSec-Session : +\d+ active']

IPSEC_SA = [r'SA created for group \w+:', r' {2}\S+:', r' {4}protocol = \w+',
            r' {6}local ident  = \S+, port = \d+',
            r' {6}remote ident = \S+, port = \d+',
            r' {6}direction: Both, replay\(method/window\): Counter/\d+']

MEMBERS = [
    r'Number of rekeys sent for group \w+ : ' + N,
    r'Number of retransmits during the last rekey for group \w+ : ' + N,
    r'Duration of the last rekey for group \w+ : \d+ msec', '',
    'Group Member ID    : ' + IP + r'  GM Version: [\d.]+',
    label(1, 19, 'Group ID', N), label(1, 19, 'Group Name', r'\w+'),
    label(1, 19, 'Group Type', r'GDOI \(ISAKMP\)'),
    label(1, 19, 'GM State', 'Registered'),
    label(1, 19, 'Key Server ID', IP), label(1, 19, 'Rekeys sent', N),
    label(1, 19, 'Rekeys retries', N), label(1, 19, 'Rekey Acks Rcvd', N),
    label(1, 19, 'Rekey Acks missed', N), '',
    r' Sent seq num : \d+ +\d+ +\d+ +\d+ *',
    r' ?Rcvd seq num : \d+ +\d+ +\d+ +\d+ *']

POLICY = [
    'Key Server Policy:',
    r'For group \w+ \(handle: \w+\) server ' + IP + r' \(handle: \w+\):',
    '', r' {2}# of teks : \d+  Seq num : \d+',
    r' {2}KEK POLICY \(transport type : Unicast\)',
    r' {4}spi : 0x[0-9A-F]{32}',
    r' {4}management alg     : disabled +encrypt alg +: \w+ *',
    r' {4}crypto iv length   : \d+ +key size +: \d+ *',
    r' {4}orig life\(sec\)     : \d+ +remaining life\(sec\) +: \d+ *',
    r'? {4}time to rekey \(sec\): (\d+|n/a)',
    r' {4}sig hash algorithm : enabled +sig key length +: \d+ *',
    r' {4}sig size           : \d+ *', r' {4}sig key name       : \w+ *',
    r'? {4}acknowledgement    : \w+ *', '',
    r' {2}TEK POLICY \(encaps : ENCAPS_TUNNEL\)',
    r' {4}spi                : 0x[0-9A-F]{8}',
    r' {4}access-list        : \w+', r' {4}transform          : esp-.*',
    r' {4}alg key size       : \d+ +sig key size +: \d+ *',
    r' {4}orig life\(sec\)     : \d+ +remaining life\(sec\) +: \d+ *',
    r' {4}tek life\(sec\)      : \d+ +elapsed time\(sec\) +: \d+ *',
    r' {4}override life ?\(sec\) ?: \d+ +antireplay window size: \d+ *']

REKEY = [
    r'Group \w+ \(Unicast\)',
    label(4, 49, 'Number of Rekeys received (cumulative)', N),
    label(4, 49, 'Number of Rekeys received after registration', N),
    label(4, 49, 'Number of Rekey Acks sent', N), '',
    r'Rekey \(KEK\) SA information :',
    ' {10}dst             src             conn-id  my-cookie  his-cookie *',
    r'(New     : |Current : )(' + IP + ' +' + IP + r' +\d+ +[0-9A-F]{8} +'
    r'[0-9A-F]{8}|(--- +){4}---) *']

SA = [
    r'interface: [\w/]+', r' {4}Crypto map tag: [\w-]+, local addr ' + IP,
    '', r' {3}protected vrf: \(none\)',
    r' {3}local  ident \(addr/mask/prot/port\): \([\d./]+\)',
    r' {3}remote ident \(addr/mask/prot/port\): \([\d./]+\)',
    r'? {3}Group: \w+', r' {3}current_peer ' + IP + ' port 848 *',
    r' {5}(PERMIT|DENY), flags=\{\w+,?\}',
    r' {4}#pkts encaps: \d+, #pkts encrypt: \d+, #pkts digest: \d+',
    r' {4}#pkts decaps: \d+, #pkts decrypt: \d+, #pkts verify: \d+',
    r' {4}#pkts compressed: \d+, #pkts decompressed: \d+',
    r' {4}#pkts not compressed: \d+, #pkts compr. failed: \d+',
    r' {4}#pkts not decompressed: \d+, #pkts decompress failed: \d+',
    r' {4}#send errors \d+, #recv errors \d+', '',
    ' {5}local crypto endpt.: ' + IP + ', remote crypto endpt.: ' + IP,
    r' {5}plaintext mtu \d+, path mtu \d+, ip mtu \d+, ip mtu idb \S+',
    r' {5}current outbound spi: 0x[0-9A-F]+\(\d+\)',
    r' {5}PFS \(Y/N\): N, DH group: none', '', ' {5}inbound esp sas:',
    r' {6}spi: 0x[0-9A-F]+\(\d+\)', r' {8}transform: esp-.* ,',
    r' {8}in use settings =\{Tunnel, \}',
    r' {8}conn id: \d+, flow_id: SW:\d+, sibling_flags [0-9A-Fa-f]+, '
    r'crypto map: [\w-]+',
    r' {8}sa timing: remaining key lifetime \((k/sec|sec)\): \([\d/]+\)',
    r'? {8}Kilobyte Volume Rekey has been disabled',
    r' {8}IV size: \d+ bytes', ' {8}replay detection support: [YN].*',
    r' {8}Status: ACTIVE\(ACTIVE\)', '', ' {5}inbound ah sas:', '',
    ' {5}inbound pcp sas:', '', ' {5}outbound esp sas:',
    r' {6}spi: 0x[0-9A-F]+\(\d+\)']

ISAKMP = [
    'IPv4 Crypto ISAKMP SA',
    'dst             src             state          conn-id status',
    r'(?=.{47} *\d+ ACTIVE)(?=.{54} )' + IP + ' +' + IP +
    r' +\w+ +\d+ ACTIVE', '',
    'IPv6 Crypto ISAKMP SA']

# Forms of reference 1.13.3 to 1.13.9 whose lines are all known: what is not
# named here is refused as well.
GDOI_KS = ['GROUP INFORMATION', ''] + [
    label(4, 29, t, v) for t, v in (
        ('Group Name', r'\w+ \((Uni|Multi)cast\)'),
        ('Re-auth on new CRL', 'Disabled'), ('Group Identity', r'\w+'),
        ('Group Type', r'GDOI \(ISAKMP\)'), ('Crypto Path', 'ipv4'),
        ('Key Management Path', 'ipv4'), ('Group Members', N),
        ('IPSec SA Direction', 'Both'), ('IP D3P Window', 'Disabled'),
        ('CKM status', 'Disabled'),
        ('Group Rekey Lifetime', N + ' secs'))] + [
    ' {4}Group Rekey', label(8, 29, 'Remaining Lifetime', N + ' secs'),
    label(8, 29, 'Time to Rekey', N + ' secs'),
    label(4, 29, 'Rekey Retransmit Period', N + ' secs'),
    label(4, 29, 'Rekey Retransmit Attempts', N), ' {4}Group Retransmit',
    label(8, 29, 'Remaining Lifetime', N + ' secs'), '',
    label(6, 29, 'IPSec SA Number', N),
    label(6, 29, 'IPSec SA Rekey Lifetime', N + ' secs'),
    label(6, 29, 'Profile Name', r'\S+'),
    label(6, 29, 'Replay method', 'Count Based'),
    label(6, 29, 'Replay Window Size', N),
    label(6, 29, 'Tagging method', 'Disabled'), ' {6}SA Rekey',
    label(9, 29, 'Remaining Lifetime', N + ' secs'),
    label(9, 29, 'Time to Rekey', N + ' secs'),
    label(6, 29, 'ACL Configured', r'access-list \S+'), '',
    ' {5}Group Server list       : Local']

KS = ['Total group members registered to this box: ' + N, '',
      r'Key Server Information For Group \w+:'] + four([
          ('Group Name', r'\w+'), ('Re-auth on new CRL', 'Disabled'),
          ('Group Identity', r'\w+'), ('Group Type', r'GDOI \(ISAKMP\)'),
          ('Group Members', N), ('Rekey Acknowledgement Cfg', r'\w+'),
          ('IPSec SA Direction', 'Both'), ('IP D3P Window', 'Disabled'),
          ('Split Resiliency Factor', '0'), ('CKM status', 'Disabled')]) + [
              '', ' {4}ACL Configured: ', r' {8}access-list \w+']

SUMMARY = ['', 'Group Member Information : ', '',
           r'Group Name: \w+, ID: \w+, Group Members: \d+',
           'Key Server ID: ' + IP +
           r', GMDB state: LOCAL, Group Members: \d+',
           '  Member ID     Version      Rekey sent     Rekey Ack missed',
           '(?=.{16}[0-9])  ' + IP + r' +[\d.]+ +\d+ +\d+']

KS_REKEY = [r'Group \w+ \((Uni|Multi)cast\)'] + [
    label(4, 49, t, v) for t, v in (
        ('Number of Rekeys sent', N), ('Number of Rekeys retransmitted', N),
        ('KEK rekey lifetime (sec)', N))] + [
    label(8, 49, 'Remaining lifetime (sec)', N),
    label(8, 49, 'Remaining time until rekey (sec)', N)] + [
    label(4, 49, t, v) for t, v in (
        ('Retransmit period', N), ('Number of retransmissions', N),
        ('Current number of retransmissions', N),
        ('Rekey Acknowledgement', r'\w+'), ('Rekey in progress', 'Yes|No'),
        ('Members waited for', N))] + [
    r' {4}IPSec SA \d+', label(8, 49, 'Lifetime (sec)', N),
    label(8, 49, 'Remaining lifetime (sec)', N),
    label(8, 49, 'Remaining time until rekey (sec)', N)]

REPLAY = [r'Anti-replay Information For Group \w+:',
          ' {2}Timebased Replay:', ' {4}is not enabled']

KS_ACL = [r'Group Name: \w+', ' Configured ACL:',
          r' {3}access-list \w+  (permit|deny) \w+ .*']

GM_ACL = [r'Group Name: \w+', ' ACL Downloaded From KS ' + IP + ':',
          r' {3}access-list   (permit|deny) \w+ .*',
          ' ACL Configured Locally: ',
          ' ACL of default bypass policy for group-key management traffic:',
          r' {3}\S+: deny udp host ' + IP + ' eq 848 any eq 848']

DATAPLANE = ['', r'Data-plane statistics for group \w+:'] + [
    label(4, 29, a, r'(?=.{9}#)\d+ +' + re.escape(b.ljust(25)) + r': \d+')
    for a, b in (
        ('#pkts encrypt', '#pkts decrypt'),
        ('#pkts tagged (send)', '#pkts untagged (rcv)'),
        ('#pkts no sa (send)', '#pkts invalid sa (rcv)'),
        ('#pkts encaps fail (send)', '#pkts decap fail (rcv)'),
        ('#pkts invalid prot (rcv)', '#pkts verify fail (rcv)'),
        ('#pkts not tagged (send)', '#pkts not untagged (rcv)'),
        ('#pkts internal err (send)', '#pkts internal err (rcv)'))]

ISAKMP_DETAIL = [
    'IPv4 Crypto ISAKMP SA', 'C-id  Local           Remote          I-VRF'
    '  Status Encr Hash   Auth DH Lifetime Cap.', '',
    r'(?=.{6}\d.{15}\d)\d+ +' + IP + ' +' + IP + r' +ACTIVE \w+ +\w+ +psk  '
    r'\d+ +\d\d:\d\d:\d\d .*', r' {7}Engine-id:Conn-id =  SW:\d+', '',
    'IPv6 Crypto ISAKMP SA']

ISAKMP_POLICY = [
    '', 'Global IKE policy', r'Protection suite of priority \d+',
    '\tencryption algorithm:\t(?:.*\\.|Three key triple DES)',
    '\thash algorithm:\t\t.*',
    '\tauthentication method:\t.*',
    r'\tDiffie-Hellman group:\t#\d+ \(\d+ bit\)',
    '\tlifetime:\t\t\\d+ seconds, no volume limit']

ISAKMP_KEY = [
    'Keyring      Hostname/Address                            Preshared Key',
    '', r'(?=.{13}\S.{43}\S)\w+ +' + IP + r'( +\[' + IP + r' *\])? +\S+']

TRANSFORM_SET = [r'Transform set \w+: \{ esp-\S+( \S+)*  \} ',
                 '   will negotiate = { Tunnel,  }, ', '   ']

PROFILE = [r'IPSEC profile \w+',
           r'\tSecurity association lifetime: \d+ kilobytes/\d+ seconds',
           r'\tResponder-Only \(Y/N\): N', r'\tPFS \(Y/N\): N',
           '\tMixed-mode : Disabled', '\tTransform sets={ ',
           r'\t\t\w+:  \{ esp-\S+( \S+)*  \} , ', '\t}']

MAP = [r'Crypto Map IPv4 "[\w-]+" \d+ gdoi', r'\tGroup Name: \w+',
       r'\tidentity number \d+', '\tserver address ipv4 ' + IP,
       r'\tInterfaces using crypto map [\w-]+:', r'\t\t\S+']


def counters(*pairs):
    """#pkts lines of show crypto ipsec sa, the colons as IOS has them."""
    return [' {4}' + ', '.join(re.escape('#pkts ' + x) + r' \d+'
                               for x in p.split('|')) for p in pairs]


SA_DETAIL = []
for pattern in SA:
    if '#send errors' in pattern:
        SA_DETAIL += counters(
            'no sa (send)|invalid sa (rcv)',
            'encaps failed (send)|decaps failed (rcv)',
            'invalid prot (recv)|verify failed:',
            'invalid identity (recv)|invalid len (rcv)',
            'replay rollover (send):|replay rollover (rcv)') + [
                r' {4}##pkts replay failed \(rcv\): \d+'] + counters(
                    'tagged (send):|untagged (rcv):',
                    'not tagged (send):|not untagged (rcv):',
                    'internal err (send):|internal err (recv)')
    elif 'sa timing' in pattern:
        SA_DETAIL.append(r' {8}sa timing: remaining key lifetime \(k/sec\): '
                         r'\(\d+/\d+\)')
    elif 'replay detection' in pattern:
        SA_DETAIL.append(r' {8}replay detection support: Y  '
                         r'replay window size: \d+')
    elif 'Group:' not in pattern and 'Kilobyte' not in pattern:
        SA_DETAIL.append(pattern)
SA_DETAIL += [' {5}outbound ah sas:', ' {5}outbound pcp sas:']

# The group of the lab wants the clear text of RFC 8263 as acknowledgement: HDR
# without an asterisk.
DEBUG_KS = [
    r'.*: GDOI:KS_REKEY:EVENT:\(KEK [0-9A-F]{8}\):built GROUPKEY-PUSH: '
    'HDR\\* SEQ SA KD SIG',
    r'.*: %GDOI-5-KS_SEND_UNICAST_REKEY: .*',
    r'.*: GDOI:KS_REKEY:EVENT:\(\w+\):rekey seq # \d+, \d+ octets, to ' + IP,
    r'.*: GDOI:KS_REKEY:EVENT:\(\w+\):received from ' + IP + ' port 848 '
    r'GROUPKEY-PUSH-ACK: HDR HASH SEQ ID',
    r'.*: GDOI:KS_REKEY:TERSE:\(\w+\):rekey acknowledged by ' + IP +
    r', seq # \d+']

DEBUG_GM = [
    r'.*: GDOI:GM_REKEY:EVENT:\(\w+\):received from ' + IP + ' port 848 '
    r'GROUPKEY-PUSH: HDR\* SEQ SA KD SIG',
    r'.*: GDOI:GM_REKEY:EVENT:\(\w+\):sending to ' + IP + ' port 848 '
    r'GROUPKEY-PUSH-ACK: HDR HASH SEQ ID',
    r'.*: %GDOI-5-GM_RECV_REKEY: .*',
    r'.*: IPSEC\(create_sa\): sa created, .*']

RSA = [
    r'% Key pair was generated at: \d\d:\d\d:\d\d \w+ \w{3} [ \d]\d \d{4}',
    r'Key name: \w+', r'Key type: RSA KEYS( +\d+ bits)?',
    ' Storage Device: .*', ' Usage: General Purpose Key',
    r' Key is (not )?exportable\.( Redundancy enabled\.)?', ' Key Data:',
    r'  ([0-9A-F]{8} ){1,8}[0-9A-F]* *']

VERSION = [
    r'(Cisco IOS Software, .*|[A-Z]+ \(.*\) .*)Software \(.+\), '
    r'Version \d+\.\d+.*, RELEASE SOFTWARE.*',
    r'?Copyright \(c\) \d{4}(-\d{4})? .*', r'\S+ uptime is .*']

INTERFACE = [
    r'\S+ is (up|administratively down|down), line protocol is (up|down) *',
    r' {2}Hardware is .*, address is [0-9a-f.]{14} \(bia [0-9a-f.]{14}\)',
    r'? {2}Description: .*', '? {2}Internet address is [0-9./]+',
    r' {2}MTU \d+ bytes, BW \d+ Kbit/sec, DLY \d+ usec, *',
    r' {5}reliability \d+/255, txload \d+/255, rxload \d+/255',
    ' {2}Encapsulation .*', r'? {2}Keepalive .*',
    ' {2}Last input .*, output .*, output hang never',
    ' {2}Last clearing of "show interface" counters .*',
    r' {2}Input queue: \d+/\d+/\d+/\d+ \(size/max/drops/flushes\); '
    r'Total output drops: \d+',
    ' {2}Queueing strategy: .*', r' {2}Output queue: \d+/\d+ \(size/max\)',
    r' {2}5 minute input rate \d+ bits/sec, \d+ packets/sec',
    r' {2}5 minute output rate \d+ bits/sec, \d+ packets/sec',
    r' {5}\d+ packets input, \d+ bytes.*', r' {5}\d+ packets output, .*']

ROUTE = [
    r'Gateway of last resort is .*', '',
    r'S\* {4}0\.0\.0\.0/0 \[1/0\] via ' + IP + '.*',
    r' {6}' + IP + r'/\d+ is variably subnetted, \d+ subnets, \d+ masks',
    r'C {8}' + IP + r'/\d+ is directly connected, \S+',
    r'L {8}' + IP + r'/\d+ is directly connected, \S+']

LOGGING = [
    r'Syslog logging: enabled .*', r'    Console logging: .*',
    r'    Monitor logging: .*', r'    Buffer logging: .*',
    r'    Exception Logging: .*', r'?    Persistent logging: .*',
    r'    Trap logging: .*',
    r'[*.]?\w{3} +\d+ \d\d:\d\d:\d\d\.\d{3}( \w{3})?: %[\w-]+-\d-\w+: .*']


def show(who, command):
    p = subprocess.run([cohort, 'lab', 'exec', lab, who, command],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       universal_newlines=True, timeout=30)
    return p.stdout.replace('\r', '')


def brief(out):
    """Cells stand in the columns of the header."""
    lines = out.rstrip('\n').split('\n')
    head = [i for i, s in enumerate(lines) if s.startswith('Interface')]
    if not head:
        return ['no header'] + lines
    h, bad = lines[head[0]], []
    at = [h.find(w) for w in ('Interface', 'IP-Address', 'OK?', 'Method',
                              'Status', 'Protocol')]
    if at not in ([0, 27, 43, 47, 54, 76], [0, 23, 39, 43, 50, 72]):
        bad.append('columns %r' % at)
    for s in lines[head[0] + 1:]:
        cells = [s[a:b].rstrip() for a, b in zip(at, at[1:] + [None])]
        want = (r'\S+', IP + '|unassigned', 'YES|NO',
                'NVRAM|manual|unset|DHCP|TFTP|other',
                'up|down|administratively down|deleted', 'up|down')
        bad += ['%r: %r' % (w, c) for w, c in zip(want, cells)
                if not re.fullmatch(w, c)]
    return bad + lines if bad else []


def done():
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(failed > 0)


def of(role, patterns, other=''):
    """The patterns of a key server with that role, and of its peer."""
    return [p.replace('Local KS Role: %-10s', 'Local KS Role: %-10s' % role)
            .replace('Peer KS Role: %-10s', 'Peer KS Role: %-10s' % other)
            .replace('%s', role) for p in patterns]


def coop(who, role, other):
    """Of the group SHARED, which two routers are key servers of."""
    group, timers = 'show crypto gdoi group SHARED ', COOP_TIMERS[role]
    local = COOP_HEAD + COOP_LOCAL
    for command, patterns in (
            ('ks coop', local + timers + COOP_SEQUENCE + COOP_PEER +
             COOP_PEER_STATE),
            ('ks coop detail', local + COOP_VERSIONS + timers +
             COOP_SEQUENCE + COOP_PEER + COOP_PEER_VERSIONS +
             COOP_PEER_STATE),
            ('ks coop version', COOP_VERSION),
            ('ks coop identifier', COOP_SID),
            ('ks coop identifier detail', COOP_SID + COOP_SID_PEER),
            ('ks members summary', COOP_SUMMARY)):
        result('%s of a %s' % (command, role), whole(
            show(who, group + command), of(role, patterns, other)))
    for command, patterns in (
            ('', REDUNDANCY), ('ks detail', REDUNDANCY),
            ('feature gm-removal', COOP_FEATURE)):
        result('%s of a %s' % (command or 'show crypto gdoi', role), missing(
            show(who, group + command), of(role, patterns)))


cohort, lab, ks, gm = sys.argv[1:5]
if sys.argv[5:] == ['coop']:
    coop(ks, 'Primary', 'Secondary')
    coop(gm, 'Secondary', 'Primary')
    done()
result('show crypto gdoi (GM)', missing(show(gm, 'show crypto gdoi'), GDOI))
for who, command, patterns in (
        (ks, 'show crypto gdoi ks members', MEMBERS),
        (ks, 'show crypto gdoi ks policy', POLICY),
        (gm, 'show crypto gdoi gm rekey detail', REKEY),
        (gm, 'show crypto ipsec sa', SA), (gm, 'show crypto isakmp sa', ISAKMP),
        (ks, 'show crypto key mypubkey rsa', RSA),
        (ks, 'show crypto gdoi feature gm-removal', FEATURE),
        (ks, 'show crypto gkm feature policy-replace', FEATURE),
        (gm, 'show crypto gdoi rekey sa', REKEY_SA),
        (gm, 'show crypto gkm rekey sa detail', REKEY_SA_DETAIL),
        (gm, 'show crypto gdoi gm pubkey', PUBKEY),
        (gm, 'show crypto session detail', SESSION),
        (gm, 'show crypto eli', ELI), (ks, 'show crypto gkm ks coop', COOP),
        (gm, 'show crypto gdoi ipsec sa', IPSEC_SA),
        (gm, 'show version', VERSION), (gm, 'show interfaces', INTERFACE),
        (gm, 'show ip route', ROUTE), (gm, 'show logging', LOGGING)):
    result(command, missing(show(who, command), patterns))
for who, command, patterns in (
        (ks, 'show crypto gdoi', GDOI_KS), (ks, 'show crypto gdoi ks', KS),
        (ks, 'show crypto gdoi ks detail', KS),
        (ks, 'show crypto gdoi ks members summary', SUMMARY),
        (ks, 'show crypto gdoi ks rekey', KS_REKEY),
        (ks, 'show crypto gdoi ks replay', REPLAY),
        (ks, 'show crypto gdoi ks acl', KS_ACL),
        (gm, 'show crypto gdoi gm acl', GM_ACL),
        (gm, 'show crypto gdoi gm replay', REPLAY),
        (gm, 'show crypto gdoi gm dataplane counters', DATAPLANE),
        (ks, 'show crypto isakmp policy', ISAKMP_POLICY),
        (ks, 'show crypto isakmp key', ISAKMP_KEY),
        (gm, 'show crypto isakmp sa detail', ISAKMP_DETAIL),
        (ks, 'show crypto ipsec transform-set', TRANSFORM_SET),
        (ks, 'show crypto ipsec profile', PROFILE),
        (gm, 'show crypto ipsec sa detail', SA_DETAIL),
        (gm, 'show crypto map', MAP)):
    result(command, whole(show(who, command), patterns))
result('show ip interface brief', brief(show(gm, 'show ip interface brief')))
result('show clock', unknown(show(gm, 'show clock'), [
    r'[*.]?\d\d:\d\d:\d\d\.\d{3} \w+ \w{3} \w{3} \d+ \d{4}']))
result('show access-lists', unknown(show(ks, 'show access-lists'), [
    r'(Standard|Extended) IP access list \S+',
    r' {4}\d+ (permit|deny) \w+ .+?( \(\d+ match(es)?\))?']))
result('show clock has no extra line',
       [] if len(show(gm, 'show clock').strip().split('\n')) == 1 else
       ['more than one line'])
for who in (ks, gm):
    show(who, 'debug crypto gdoi')
    show(who, 'debug crypto ipsec')
    show(who, 'clear logging')
show(ks, 'crypto gdoi ks rekey')
for who, patterns in ((ks, DEBUG_KS), (gm, DEBUG_GM)):
    for _ in range(50):
        out = missing(show(who, 'show logging'), patterns)
        if not out:
            break
        time.sleep(0.2)
    show(who, 'undebug all')
    result('debug of a rekey is in show logging of %s' % who, out)
done()
