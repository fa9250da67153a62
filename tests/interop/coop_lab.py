# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests with coop.py share: words of the shell of a router in the
# lab, the policy of its groups, checks that are counted by coop.sh.

import hashlib
import os
import re
import subprocess
import time

from cryptography.hazmat.primitives import serialization

import coop_msg as c
import gdoi

COHORT, LAB = os.environ['COHORT'], os.environ['COHORT_LAB']
KS, US, PSK, SUITE = '192.168.1.1', '192.168.8.8', 'INTEROP_KEY', \
    'aes128-sha1-14'
failed = 0


def check(text, condition, detail=''):
    global failed
    print('%-4s  %s' % ('ok' if condition else 'FAIL', text), flush=True)
    if not condition:
        failed += 1
        for line in str(detail).splitlines()[:40]:
            print('      | %s' % line, flush=True)
    return condition


def shell(node, *lines):
    return subprocess.run([COHORT, 'lab', 'exec', LAB, node, *lines],
                          capture_output=True, text=True).stdout


def configure(*lines):
    return shell('ks', 'configure terminal', *lines)


def wait(seconds, what):
    """-> the first true value of what(), or the last one."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.1)


def coop_show(name):
    """show crypto gdoi ks coop detail of one group."""
    out = shell('ks', 'show crypto gdoi ks coop detail')
    for part in re.split(r'(?m)^Crypto Gdoi Group Name ?:', out)[1:]:
        if part.split()[0].rstrip(',') == name:
            return part
    return ''


def shown(name, *patterns, seconds=10):
    """The group is shown so within the time; -> what is shown."""
    last = ['']

    def look():
        last[0] = coop_show(name)
        return all(re.search(p, last[0]) for p in patterns)
    return wait(seconds, look), last[0]


def logs(pattern):
    return re.findall(pattern, shell('ks', 'show logging'))


def private_key():
    out = configure('crypto key export rsa REKEYRSA pem terminal aes '
                    'interop-secret')
    pem = re.search('-----BEGIN RSA.*?END RSA PRIVATE KEY-----', out, re.S)
    return serialization.load_pem_private_key(pem.group().encode(),
                                              b'interop-secret')


def policy(private):
    """What the group of GROUP below is, as 5.6 and 8.5 want it."""
    spki = gdoi.spki(private)
    k = {'cipher': 3, 'bits': 128, 'hash': 3, 'ack': 1, 'life': 86400,
         'flags': 1, 'maddr': bytes(4), 'mport': 0, 'mlist': b'',
         'label': b'REKEYRSA',
         'sas': [{'number': 1, 'list': b'GETACL', 'profile': b'PROFILE',
                  'transform': (3, 2, 128), 'life': 3600,
                  'replay': (1, 64)}],
         'entries': [{'flags': 1, 'protocol': 1, 'src': bytes(4),
                      'swild': b'\xff' * 4, 'dst': bytes(4),
                      'dwild': b'\xff' * 4, 'sport': 0, 'dport': 0,
                      'sa': 1}]}
    return {'keys': k, 'public': hashlib.sha256(spki).digest(),
            'digests': c.config_digests(k, 24, spki)}


def group(name, number, priority, peers=(US,), profile='PROFILE'):
    return ['crypto gdoi group %s' % name, ' identity number %d' % number,
            ' server local', '  address ipv4 %s' % KS,
            '  rekey algorithm aes 128', '  rekey sig-hash algorithm sha256',
            '  rekey authentication mypubkey rsa REKEYRSA',
            '  rekey transport unicast',
            '  rekey acknowledgement interoperable',
            '  sa ipsec 1', '   profile %s' % profile,
            '   match address ipv4 GETACL', '   exit', '  redundancy',
            '   local priority %d' % priority] + \
        ['   peer address ipv4 %s' % p for p in peers] + \
        ['   protocol periodic 1', '   protocol timeout 2',
         '   protocol retransmit 1 number 1', 'end']


def same_keys(g):
    with g.host.lock:
        p = g.peers[KS]
        return p.digest is not None and any(p.digest) and \
            p.digest == g.digest()


def drops():
    return sum(int(n) for n in re.findall(
        r'Recv drops: (\d+)', coop_show('GETVPN')))


def ask(g, change=lambda m: m, raw=lambda b: b, spoil=False, seconds=4):
    """A message 1 of g -> 'answer', ('notify', number) or None."""
    with g.host.lock:
        g.lie, g.lie_raw = change, raw
        body = g.message(KS, False, g.peers[KS].boot)
        g.lie, g.lie_raw = (lambda m: m), (lambda b: b)
        mid = g.host.probe(KS, body, spoil)
    wait(seconds, lambda: g.host.probes[mid])
    return g.host.probes[mid]
