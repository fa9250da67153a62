#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A group member that is not ours, on gdoi.py and scapy's ESP. The keys of the
# group stay in STATE between the calls (mode 0600, a test's directory).
#
#	register STATE KS LOCAL PSK GROUP SUITE [DOI]	main mode, PULL
#	decrypt STATE ESP.pcap CLEAR.pcap...	ESP of others is what they sent
#	ping STATE LOCAL DESTINATION		ESP to a member, its answer
#	push STATE LOCAL			waits for a PUSH, acknowledges it
#	refused KS LOCAL PSK GROUP SUITE	phase 1, but no keys
#
# Prints "ok  ..." and "FAIL  ..." lines.

import json
import os
import socket
import struct
import sys
import time

import gdoi

TRANSFORMS = {3: '3DES', 12: 'AES-CBC', 20: 'AES-GCM', 11: 'NULL'}
AUTHS = {0: 'NULL', 1: 'HMAC-MD5-96', 2: 'HMAC-SHA1-96', 5: 'SHA2-256-128',
         6: 'SHA2-384-192', 7: 'SHA2-512-256'}
failed = 0


def check(text, condition, detail=''):
    global failed
    print('%-4s  %s' % ('ok' if condition else 'FAIL', text))
    if not condition:
        failed += 1
        if detail:
            print('      | %s' % detail)
    return condition


class Wire:
    """A UDP socket to the key server; ask() repeats, as initiators do."""

    def __init__(self, local, remote):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((local, gdoi.PORT))
        self.remote = remote

    def send(self, data):
        self.s.sendto(data, (self.remote, gdoi.PORT))

    def recv(self, seconds=3.0):
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.s.settimeout(left)
            try:
                data, who = self.s.recvfrom(65535)
            except OSError:
                return None
            if who == (self.remote, gdoi.PORT):
                return data

    def ask(self, data):
        for _ in range(3):
            self.send(data)
            answer = self.recv()
            if answer is not None:
                return answer
        raise gdoi.Bad('the key server answers')


def save(path, state):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                           0o600), 'w') as f:
        json.dump(state, f)


def load(path):
    with open(path) as f:
        return json.load(f)


def end_text(end):
    octets = end[2]
    text = '.'.join(str(x) for x in octets[:4])
    return text if end[0] == 1 else \
        text + '/' + '.'.join(str(x) for x in octets[4:])


def pull_request(x, group):
    x.ni = os.urandom(16)
    return x.build([(gdoi.NONCE, x.ni), (gdoi.ID, struct.pack(
        '>BBHI', 11, 0, 0, int(group)))])


def phase1(wire, local, psk, suite, doi=2):
    p1 = gdoi.Initiator(gdoi.Suite(suite), psk.encode())
    return p1.run(wire, local, doi)


def register(path, ks, local, psk, group, suite, doi='2'):
    wire = Wire(local, ks)
    p1 = phase1(wire, local, psk, suite, int(doi))
    check('main mode with %s, DOI %s' % (suite, doi), True)
    check('the key server names itself', p1.peer_id == gdoi.id_ip4(ks),
          p1.peer_id.hex())
    x = gdoi.Exchange(p1, gdoi.PULL)
    first = pull_request(x, group)
    answer = wire.ask(first)
    wire.send(first)
    check('message 1 again gets message 2 again', wire.recv() == answer)
    m = x.take(answer)
    x.nr = m.one(gdoi.NONCE)
    check('HASH(2) is right; nonce of 8 to 128 octets',
          8 <= len(x.nr) <= 128)
    body = m.one(gdoi.SA)
    sak, sats = gdoi.parse_sa(body)
    gcm = any(t['transform'] == 20 for t in sats)
    m = x.take(wire.ask(x.build(
        [(gdoi.GAP, gdoi.tv(3, 1))] if gcm else [])))
    check('HASH(4) is right', True)
    check('SEQ is there when there is a KEK',
          m.has(gdoi.SEQ) == (sak is not None))
    kd = gdoi.parse_kd(m.one(gdoi.KD))
    check('KD has a key for each TEK of the SA', {str(t['spi']) for t in sats}
          <= set(kd['teks']), repr((sats, list(kd['teks']))))
    check('no attributes but those of the RFCs in a plain policy',
          not any(t['private'] or t['unknown'] for t in sats), repr(sats))
    # for tshark: icookie and cipher key of phase 1
    state = {'icookie': p1.ic.hex(), 'phase1': p1.k.enc.hex(),
             'ks': ks, 'teks': kd['teks'], 'seq': 0, 'kek': None,
             'sats': [dict(t, src=end_text(t['src']), dst=end_text(t['dst']))
                      for t in sats]}
    if sak is not None:
        state['kek'] = gdoi.kek_of(sak, kd)
        state['seq'] = int.from_bytes(m.one(gdoi.SEQ), 'big')
        check('the KEK is for pushes to our address, port 848',
              sak['dst'] == gdoi.ip4(local).hex() and sak['dport'] == 848,
              repr(sak))
    if gcm:
        check('one sender identifier for us', len(kd['sids']) == 1 and
              0 < kd['sid_bits'] <= 32, repr(kd['sids']))
        state.update(sids=kd['sids'], sid_bits=kd['sid_bits'])
    save(path, state)


def refused(ks, local, psk, group, suite):
    wire = Wire(local, ks)
    p1 = phase1(wire, local, psk, suite)
    x = gdoi.Exchange(p1, gdoi.PULL)
    wire.send(pull_request(x, group))
    m = Wire.recv(wire)
    got = None
    if m is not None:
        mid = struct.unpack('>I', m[20:24])[0]
        y = gdoi.Exchange(p1, gdoi.INFO, mid)
        m = y.take(m)
        if m.has(gdoi.N):
            got = struct.unpack('>H', m.one(gdoi.N)[6:8])[0]
    check('group %s is refused with INVALID-ID-INFORMATION, protected'
          % group, got == 18, 'notification %r' % got)


def sa_of(state, spi, tunnel=None):
    from scapy.layers.ipsec import ESP, SecurityAssociation
    t = next(t for t in state['sats'] if t['spi'] == spi)
    keys = state['teks'][str(spi)]
    return SecurityAssociation(
        ESP, spi=spi, crypt_algo=TRANSFORMS[t['transform']],
        crypt_key=bytes.fromhex(keys['key']), auth_algo=AUTHS[t['auth']],
        auth_key=bytes.fromhex(keys['auth']), tunnel_header=tunnel)


def packets(path):
    from scapy.all import IP, rdpcap
    return [p[IP] for p in rdpcap(path) if IP in p]


def decrypt(path, esp_pcap, *clear_pcaps):
    from scapy.all import ESP, IP
    state = load(path)
    clear, senders = {}, {}
    for p in [p for pcap in clear_pcaps for p in packets(pcap)]:
        if p.proto == 1:
            clear[(p.src, p.dst, bytes(p.payload))] = p
    good, kept, same, seen = 0, 0, 0, 0
    why = ''
    for p in packets(esp_pcap):
        if ESP not in p:
            continue
        seen += 1
        outer = (p.src, p.dst)
        try:
            out = sa_of(state, p[ESP].spi).decrypt(p.copy())
        except Exception as e:
            why = repr(e)
            continue
        if out.proto != 4:
            why = 'next header %d' % out.proto
            continue
        inner = out.payload
        good += 1
        senders.setdefault(p.src, set()).add(bytes(p[ESP].data)[:8])
        kept += outer == (inner.src, inner.dst)
        want = clear.get((inner.src, inner.dst, bytes(inner.payload)))
        # the path takes its part of the TTL, and of the checksum with it
        if want is not None and \
                (want.tos, want.len, want.flags, want.id) == \
                (inner.tos, inner.len, inner.flags, inner.id):
            same += 1
        else:
            why = repr(inner)[:200] + ' but in clear ' + repr(want)[:200]
    check('%d ESP packets of two members decrypt with our TEK' % seen,
          good == seen > 0, why)
    check('their outer addresses are the inner ones', kept == seen > 0)
    check('they hold the packets that the hosts saw in clear',
          same == seen > 0, why)
    if state['sats'][0]['transform'] == 20:
        sids = {src: {int.from_bytes(iv, 'big') >> (64 - state['sid_bits'])
                      for iv in ivs} for src, ivs in senders.items()}
        all_sids = [s for few in sids.values() for s in few]
        check('each sender has one sender identifier of its own, none ours',
              len(all_sids) == len(sids) == len(set(all_sids)) and
              not set(all_sids) & set(state['sids']), repr(sids))


def newest(state):
    return state['sats'][0]['spi']


def ping(path, local, dst):
    from scapy.all import ESP, ICMP, IP, Raw
    state = load(path)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
    raw.bind((local, 0))
    spi = newest(state)
    text = os.urandom(32)
    clear = IP(src=local, dst=dst, ttl=60, id=4711) / \
        ICMP(id=77, seq=1) / Raw(text)
    sa = sa_of(state, spi, IP(src=local, dst=dst))
    answer = None
    for _ in range(3):
        state['sent'] = state.get('sent', 0) + 1
        iv = None
        if 'sids' in state:
            iv = ((state['sids'][0] << (64 - state['sid_bits'])) |
                  state['sent']).to_bytes(8, 'big')
        out = sa.encrypt(IP(bytes(clear)), seq_num=state['sent'], iv=iv)
        raw.sendto(bytes(out.payload), (dst, 0))
        end = time.monotonic() + 2
        while answer is None and time.monotonic() < end:
            raw.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = raw.recv(65535)
            except OSError:
                break
            p = IP(data)
            if p.src == dst and ESP in p:
                answer = p
        if answer is not None:
            break
    save(path, state)
    if not check('%s answers an ESP packet of ours' % dst,
                 answer is not None):
        return
    check('the answer is under a TEK of the group',
          str(answer[ESP].spi) in state['teks'])
    inner = sa_of(state, answer[ESP].spi).decrypt(answer).payload
    check('it is the echo reply to our packet',
          (inner.src, inner.dst) == (dst, local) and ICMP in inner and
          inner[ICMP].type == 0 and bytes(inner[ICMP].payload) == text,
          inner.summary())


def push(path, local):
    state = load(path)
    wire = Wire(local, state['ks'])
    data = wire.recv(40)
    if not check('a PUSH comes', data is not None):
        return
    kek = state['kek']
    m, seq, form = gdoi.push_open(kek, data)
    check('its RSA signature is right (%s)' % form,
          form == 'DigestInfo, unpadded length', form)
    check('its sequence number %d is above %d' % (seq, state['seq']),
          seq > state['seq'])
    sak, sats = gdoi.parse_sa(m.one(gdoi.SA))
    kd = gdoi.parse_kd(m.one(gdoi.KD))
    check('SA and KD belong together', {str(t['spi']) for t in sats} <=
          set(kd['teks']))
    wire.send(gdoi.ack_build(kek, seq, local))
    again = wire.recv(12)
    check('acknowledged, it does not come again', again is None)
    state['seq'] = seq
    state['teks'].update(kd['teks'])
    state['sats'] = [dict(t, src=end_text(t['src']), dst=end_text(t['dst']))
                     for t in sats]
    if sak is not None and kd['kek'] is not None:
        state['kek'] = gdoi.kek_of(sak, kd)
    save(path, state)


commands = {'register': register, 'decrypt': decrypt, 'ping': ping,
            'push': push, 'refused': refused}
try:
    commands[sys.argv[1]](*sys.argv[2:])
except gdoi.Bad as e:
    check('%s: broken rule: %s' % (sys.argv[1], e), False)
sys.exit(failed > 0)
