#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A cooperative key server that is not ours (coop.py) and one of ours, the
# router `ks`: elections both ways, keys, members, rekeys of ours, death and
# return; then messages that must not be taken. Runs in the network of `peer`.
#
#	coop_peer.py DIRECTORY

import json
import os
import re
import signal
import subprocess
import sys
import time

import coop
import coop_msg as c
import gdoi
from coop_lab import (KS, PSK, SUITE, US, ask, check, configure, drops,
                      group, logs, policy, private_key, same_keys, shell,
                      shown, wait)
import coop_lab

TMP = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
NS = os.environ['COHORT_RUN'] + '/interop/ns/'
MEMBERS = ('192.168.2.2', '192.168.3.3')


def state(g):
    """As gdoi_member.py keeps it: newest TEK first."""
    with g.host.lock:
        teks = sorted(g.keys['teks'], key=lambda t: -(t['flags'] & 1))
        out = {'sats': [{'spi': t['spi'], 'transform': 12, 'auth': 2}
                        for t in teks],
               'teks': {str(t['spi']): {'key': t['key'].hex(),
                                        'auth': t['auth'].hex()}
                        for t in teks}}
    path = TMP + '/state'
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                           0o600), 'w') as f:
        json.dump(out, f)
    return path


def member(*words):
    out = subprocess.run([sys.executable, HERE + '/gdoi_member.py', *words],
                         capture_output=True, text=True)
    for line in (out.stdout + out.stderr).splitlines():
        print(line, flush=True)
        coop_lab.failed += line.startswith('FAIL')
    check('%s ran' % words[0], out.returncode in (0, 1), out.stderr)


class Capture:
    def __init__(self, node, interface, what):
        self.path = '%s/%s.pcap' % (TMP, node)
        self.p = subprocess.Popen(
            ['nsenter', '--net=' + NS + node, 'tcpdump', '--immediate-mode',
             '-U', '-Z', 'root', '-n', '-i', interface, '-w', self.path,
             what], stderr=subprocess.PIPE, text=True)
        while 'listening' not in self.p.stderr.readline():
            pass

    def stop(self):
        """When tcpdump has read all that has come by now: it says so."""
        came, end = None, time.monotonic() + 10
        while time.monotonic() < end:
            self.p.send_signal(signal.SIGUSR1)
            read, got, lost = map(int, re.findall(
                r'(\d+) packets? ', self.p.stderr.readline())[:3])
            came = got - lost if came is None else came
            if read >= came:
                break
            time.sleep(0.05)
        self.p.terminate()
        self.p.wait()
        return self.path


def newest(g):
    return '0x%08X' % next(t['spi'] for t in g.keys['teks']
                           if t['flags'] & 1)


def member_has(name, spi):
    return wait(20, lambda: spi in shell(name, 'show crypto gdoi'))


def ping():
    return subprocess.run(
        ['nsenter', '--net=' + NS + 'h1', 'ping', '-n', '-q', '-c', '3',
         '-i', '0.2', '-s', '300', '-W', '2', '172.16.3.10'],
        capture_output=True).returncode == 0


# ---- what goes well ----

def roles(high, low):
    for name, role, other in (('GETVPN', 'Secondary', 'Primary'),
                              ('LOW', 'Primary', 'Secondary')):
        good, text = shown(name, 'Local KS Role: %s' % role,
                           'Peer KS Role: %s *, Peer KS Status: Alive' %
                           other, 'IKE status: Established',
                           'Peer COOP version: 1.0.1',
                           'Peer Priority: %d' % (200 if role == 'Secondary'
                                                  else 50))
        check('%s: ours is %s, the other one %s' %
              (name, role.lower(), other.lower()), good, text)
    with high.host.lock:
        check('so the other one thinks', (high.role, low.role) ==
              (c.PRIMARY, c.SECONDARY) and low.follows == gdoi.ip4(KS),
              (high.role, low.role))
        check('of term 1', high.term == low.term == 1)
    for g, who in ((high, 'the other one'), (low, 'ours')):
        check('the keys that %s made are with both: one digest' % who,
              wait(5, lambda g=g: same_keys(g)),
              [c.key_lines(g.keys), c.policy_lines(g.keys)])
        check('what both have configured has the same six digests',
              g.peers[KS].last.get('config') == g.policy['digests'])
    check('ours complains of nothing',
          not logs('COOP_CONFIG_MISMATCH|VER_MISMATCH|SEQ_FAIL|INVALID_PST'))


def traffic(g):
    for m in ('gm1', 'gm2'):    # for those that asked before there were keys
        shell(m, 'clear crypto gdoi')
    for m in ('gm1', 'gm2'):
        check('%s registers with ours and gets the key of the other one' % m,
              member_has(m, newest(g)), newest(g))
    esp, clear = Capture('core', 'eth2', 'esp'), Capture('h2', 'eth1', 'icmp')
    check('h1 pings h2', ping())
    path = state(g)
    member('decrypt', path, esp.stop(), clear.stop())
    member('ping', path, US, '172.16.2.10')


def told(g, what):
    def look():
        with g.host.lock:
            return {gdoi.ip4(m) for m in MEMBERS} <= {
                a for a, r in g.members.items() if not r['flags'] & 1}
    check('the other one has the members of ours%s' % what, wait(5, look))


def same_members(g):
    with g.host.lock:
        v = g.peers[KS].its
        return v['digest'] == c.members_digest(g.members.values())


def members(g):
    told(g, '')
    with g.host.lock:
        r = g.members.get(gdoi.ip4(MEMBERS[0]))
        check('with the KEK that they were given and who registered them',
              r and r['kek'] == g.keys['keks'][0]['spi'] and
              r['server'] == gdoi.ip4(KS), r)
        g.register('10.9.9.9')

    def kind(addr):
        out = shell('ks', 'show crypto gdoi ks members summary')
        for part in out.split('Key Server ID: ')[1:]:
            if re.search(r'(?m)^ +%s ' % re.escape(addr), part):
                return part.split('\n')[0]
        return ''
    check('ours has the member of the other one: REDUNDANT', wait(
        5, lambda: kind('10.9.9.9').startswith(
            '192.168.8.8, GMDB state: REDUNDANT')), kind('10.9.9.9'))
    check('and its own: LOCAL', kind(MEMBERS[0]).startswith(
        '192.168.1.1, GMDB state: LOCAL'), kind(MEMBERS[0]))
    check('the digests of the members are the same',
          wait(5, lambda: same_members(g)))
    with g.host.lock:
        g.register('10.9.9.9', remove=True)
    check('removed by the other one, ours has it no more',
          wait(5, lambda: not kind('10.9.9.9')), kind('10.9.9.9'))
    check('and the digests are the same again',
          wait(5, lambda: same_members(g)))


def push(g, private, addr, k, seq):
    """A rekey of RFC 6407 with the newest TEK, from the other one."""
    t = next(x for x in g.keys['teks'] if x['flags'] & 1)
    sat = b'\1\1' + gdoi.put_end('0.0.0.0', 0, '0.0.0.0') * 2 + \
        b'\x0c' + t['spi'].to_bytes(4, 'big') + gdoi.tv(4, 1) + \
        gdoi.tv(5, 2) + gdoi.tv(1, 1) + gdoi.tv(2, 3000) + gdoi.tv(6, 128)
    first, body = gdoi.chain([(gdoi.SAT, sat)])
    a = b'\4' + t['spi'].to_bytes(4, 'big') + gdoi.tlv(1, t['key']) + \
        gdoi.tlv(2, t['auth'])
    kd = b'\0\1\0\0' + b'\1\0' + (4 + len(a)).to_bytes(2, 'big') + a
    g.host.send(addr, gdoi.push_build(k, private, seq, [
        (gdoi.SA, b'\0\0\0\2\0\0\0\0' + first.to_bytes(2, 'big') +
         b'\0\0' + body), (gdoi.KD, kd)]))


def rekey(g, private):
    with g.host.lock:
        x = next(x for x in g.keys['keks'] if x['flags'] & 1)
        old = g.keys['version']
        g.new_tek(g.keys['sas'][0])
        x['seq'] = 1
        g.keys.update(version=old + 1, rekeys=1)
        g.want()
    check('ours has a new key before any member', wait(
        5, lambda: same_keys(g)))
    good = newest(g) in shell('ks', 'show crypto gdoi ks policy')
    check('and shows it', good)
    k = {'spi': x['spi'].hex(), 'cipher': 'aes', 'bits': 128, 'block': 16,
         'key': x['key'].hex(), 'iv': x['iv'].hex(), 'sig_hash': 'sha256',
         'ack': 1}
    for m in MEMBERS:
        push(g, private, m, k, 1)

    def acked():
        with g.host.lock:
            return {a for a, _ in g.host.acks} >= set(MEMBERS)
    check('members of ours acknowledge a rekey of the other one',
          wait(10, acked), g.host.acks)
    for addr, data in g.host.acks:
        gdoi.ack_check(k, data, 1, addr)
    for m in ('gm1', 'gm2'):
        check('%s has its key' % m, member_has(m, newest(g)))


def dies(g):
    """-> what the group had."""
    spis = {t['spi'] for t in g.keys['teks']}
    g.host.stop()
    at = time.monotonic()
    good, text = shown('GETVPN', 'Local KS Role: Primary',
                       'Peer KS Status: Dead')
    check('the other one dies: ours is primary in %.1f s' %
          (time.monotonic() - at), good, text)
    out = shell('ks', 'show crypto gdoi ks policy')
    check('it has the same keys',
          spis and all('0x%08X' % s in out for s in spis), out)
    check('it says who was primary', logs(
        r'COOP_KS_TRANS_TO_PRI: KS 192\.168\.1\.1 in group GETVPN '
        r'transitioned to Primary \(Previous Primary = 192\.168\.8\.8\)'))
    check('h1 still pings h2', ping())
    check('who was primary is named as not reachable', wait(
        15, lambda: logs(r'COOP_KS_UNREACH: .*192\.168\.8\.8')))
    return spis


def returns(private, spis):
    # this time ours has to begin phase 1
    h = coop.Host(US, PSK, SUITE, initiate=False)
    g = coop.Server(h, 4242, 200, [KS], policy(private))
    h.start()
    check('it comes back with another boot: ours begins phase 1',
          wait(10, lambda: h.responded), h.events)
    check('it stays secondary, priority or not, and takes the keys',
          wait(10, lambda: g.role == c.SECONDARY and same_keys(g)),
          (g.role, g.term, h.events))
    with h.lock:
        check('the same ones', spis <= {t['spi'] for t in g.keys['teks']})
        check('of term 2', g.term == g.keys['term'] == 2,
              (g.term, g.keys['term']))
    good, text = shown('GETVPN', 'Local KS Role: Primary', 'Peer KS Role: '
                       'Secondary *, Peer KS Status: Alive')
    check('ours shows it as its secondary', good, text)
    told(g, ' again')
    return h, g


# ---- what must not be taken ----

def with_seq(n):
    return lambda m: dict(m, seq=n)


def junk(body):
    """A part of no known number, as a minor version may add."""
    def add(b):
        return b + body
    return add


def refusals(g):
    check('a message is answered', ask(g) == 'answer')
    with g.host.lock:
        taken = g.peers[KS].seq
    was = drops()
    for text, raw in (
            ('an unknown part below 0x8000 is skipped',
             junk(c.part(0x100, b'later'))),
            ('and an empty one', junk(c.part(0x7fff, b'')))):
        check(text, ask(g, raw=raw) == 'answer')
    check('an unknown flag of the head is ignored',
          ask(g, lambda m: dict(m, flags=m['flags'] | 0x4000)) == 'answer')
    check('version 1.9.7 is understood',
          ask(g, lambda m: dict(m, version=b'1.9.7')) == 'answer')
    check('nothing was dropped for that', drops() == was, drops())
    for text, change, raw, spoil in (
            ('a wrong hash', None, None, True),
            ('an unknown part from 0x8000 on', None,
             junk(c.part(0x8001, b'')), False),
            ('octets behind the last part', None, junk(b'\0\1'), False),
            ('a part that is cut off', None, lambda b: b[:-3], False),
            ('parts that do not rise', None, junk(c.part(1, b'')), False),
            ('an undefined flag of a server', lambda m: dict(m, servers=[
                dict(m['servers'][0], flags=2)]), None, False),
            ('the sender with a boot of ours', lambda m: dict(
                m, sender=(m['sender'][0], m['receiver'][1]), servers=[dict(
                    m['servers'][0], id=(m['sender'][0],
                                         m['receiver'][1]))]), None, False),
            ('another sender than that of the SA', lambda m: dict(
                m, sender=(gdoi.ip4('10.1.1.1'), m['sender'][1]), servers=[
                    dict(m['servers'][0], id=(gdoi.ip4('10.1.1.1'),
                                              m['sender'][1]))]),
             None, False),
            ('ANSWER in message 1', lambda m: dict(
                m, flags=m['flags'] | c.ANSWER), None, False)):
        got = ask(g, change or (lambda m: m), raw or (lambda b: b), spoil,
                  0.4)
        check('%s: no answer' % text, got is None, got)
    check('they are counted', drops() > was, drops())
    got = ask(g, lambda m: dict(m, group=(1, 999)))
    check('a group that ours does not have: INVALID-ID-INFORMATION',
          got == ('notify', 18), got)
    with g.host.lock:
        seq = g.peers[KS].seq
    got = ask(g, with_seq(taken), seconds=0.4)
    check('a number that was there before: no answer', got is None, got)
    check('and named', wait(3, lambda: logs('COOP_ANN_SEQ_FAILURE')),
          shell('ks', 'show logging')[-1500:])
    # a number far ahead is taken, one 1024 behind it is not
    check('a number 2000 ahead is taken',
          ask(g, with_seq(seq + 2000)) == 'answer')
    got = ask(g, with_seq(seq + 2000 - 1024), seconds=0.4)
    check('one 1024 behind the highest is not', got is None, got)
    with g.host.lock:
        g.peers[KS].seq = seq + 2000
    check('the next one is', ask(g) == 'answer')
    got = ask(g, raw=lambda b: c.text(b'2.0.0') + b'\xee' * 40)
    check('another major version: UNSUPPORTED-EXCHANGE-TYPE',
          got == ('notify', 29), got)
    check('and named', wait(3, lambda: logs('COOP_KS_VER_MISMATCH')),
          shell('ks', 'show logging')[-1500:])
    check('all this moved nobody', same_keys(g) and g.role == c.SECONDARY)


def identifiers(private):
    """AES-GCM: who may give out which sender identifiers."""
    p = policy(private)
    p['keys']['sas'] = [dict(p['keys']['sas'][0], profile=b'GCMPROF',
                             list=b'GCMACL', transform=(4, 0, 128))]
    e, off = p['keys']['entries'][0], {'flags': 6, 'protocol': 17}
    p['keys']['entries'] = [
        dict(e, **off, sport=848, dport=848),
        dict(e, protocol=17, flags=2, sport=123),
        dict(e, flags=4, protocol=6, src=gdoi.ip4('172.16.2.10'),
             swild=bytes(4), dport=179),
        dict(e, flags=0, protocol=89),
        dict(e, protocol=0, src=gdoi.ip4('172.16.0.0'),
             swild=gdoi.ip4('0.0.255.255'))]
    p['digests'] = c.config_digests(p['keys'], 24, gdoi.spki(private))
    p['kssids'] = b'\x18' + b'\x18' + bytes(15)     # 24 bits: 3 and 4
    h = coop.Host(US, PSK, SUITE)
    g = coop.Server(h, 4446, 50, [KS], p)
    h.start()
    configure('crypto ipsec transform-set GCM esp-gcm 128',
              'crypto ipsec profile GCMPROF', 'set transform-set GCM',
              'ip access-list extended GCMACL',
              'deny udp any eq 848 any eq 848', 'deny udp any eq 123 any',
              'deny tcp host 172.16.2.10 any eq bgp', 'deny ospf any any',
              'permit ip 172.16.0.0 0.0.255.255 any')
    lines = group('GCM', 4446, 100, profile='GCMPROF')
    at = lines.index('  redundancy')
    lines = [line.replace('GETACL', 'GCMACL') for line in lines]
    configure(*lines[:at], '  identifier', '   range 1 - 2', '   exit',
              *lines[at:])
    check('AES-GCM: the other one follows, with one digest', wait(
        10, lambda: g.role == c.SECONDARY and same_keys(g)),
        (g.role, c.key_lines(g.keys), c.policy_lines(g.keys), h.events))
    check('what is configured is the same',
          g.peers[KS].last.get('config') == g.policy['digests'])
    check('ours is configured for KSSIDs 1 and 2',
          g.peers[KS].last.get('kssids') == b'\x18\x06' + bytes(15))
    with h.lock:
        claims, epoch = dict(g.keys['claims']), g.keys['epoch']
        check('it made an epoch and claimed one with it', any(epoch) and
              set(claims) <= {1, 2} and
              set(claims.values()) == {g.peers[KS].last['sender']}, claims)
        g.claim(3)
    check('the other one claims KSSID 3: ours has that', wait(
        5, lambda: same_keys(g)), c.key_lines(g.keys))
    h.stop()


def stranger(private):
    """A key server with the pre-shared key that is nobody's peer."""
    h = coop.Host('192.168.8.9', PSK, SUITE)
    g = coop.Server(h, 4242, 255, [KS], policy(private))
    h.start()
    check('a key server that is no peer gets AUTHENTICATION-FAILED',
          wait(10, lambda: any(e.startswith('notify 24') for e in h.events)),
          h.events)
    check('and is named', wait(3, lambda: logs(
        r'COOP_KS_UNAUTH: .*192\.168\.8\.9')),
        shell('ks', 'show logging')[-1500:])
    h.stop()
    check('nobody follows it', g.peers[KS].heard == 0)


def main():
    private = private_key()
    host = coop.Host(US, PSK, SUITE)
    high = coop.Server(host, 4242, 200, [KS], policy(private))
    p = policy(private)
    p['keys']['sas'] = [dict(p['keys']['sas'][0], profile=b'P256',
                             transform=(3, 3, 256))]
    p['digests'] = c.config_digests(p['keys'], 24, gdoi.spki(private))
    low = coop.Server(host, 4343, 50, [KS], p)
    host.start()
    configure(*group('GETVPN', 4242, 100))
    configure('crypto ipsec transform-set T256 esp-aes 256 esp-sha256-hmac',
              'crypto ipsec profile P256', 'set transform-set T256')
    configure(*group('LOW', 4343, 100, profile='P256'))
    roles(high, low)
    traffic(high)
    members(high)
    rekey(high, private)
    began = host.initiated
    spis = dies(high)
    host, high = returns(private, spis)
    check('phase 1 was made by both sides', began and host.responded)
    refusals(high)
    stranger(private)
    host.stop()
    identifiers(private)
    sys.exit(coop_lab.failed > 0)


main()
