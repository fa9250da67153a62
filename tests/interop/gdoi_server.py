#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A key server that is not ours, on gdoi.py: one group, one member. Listens,
# registers the member, pushes new keys to it, checks its acknowledgement.
#
#	gdoi_server.py LOCAL PSK GROUP KEYS SUITE...
#
# Goes on to push when the file KEYS.push appears; writes the keys of the
# group to KEYS, as gdoi_member.py does. Prints "ok  ..." and "FAIL  ...".

import json
import os
import socket
import struct
import sys
import time

import gdoi

failed = 0


def check(text, condition, detail=''):
    global failed
    print('%-4s  %s' % ('ok' if condition else 'FAIL', text), flush=True)
    if not condition:
        failed += 1
        if detail:
            print('      | %s' % detail, flush=True)
    return condition


class Group:
    def __init__(self, local):
        self.local, self.seq = local, 0
        self.private = gdoi.new_rsa()
        key, iv = os.urandom(16), os.urandom(16)
        self.kek = {'spi': os.urandom(16).hex(), 'cipher': 'aes',
                    'bits': 128, 'key': key.hex(), 'iv': iv.hex(),
                    'block': 16, 'sig_hash': 'sha256', 'ack': 1,
                    'pub': gdoi.spki(self.private).hex()}
        self.teks = []
        self.new_tek()

    def new_tek(self):
        self.teks.insert(0, (int.from_bytes(os.urandom(4), 'big') | 0x100,
                             os.urandom(16), os.urandom(20)))

    def sak(self, member):
        k = self.kek
        return b'\x11' + gdoi.put_end(self.local, 848) + \
            gdoi.put_end(member, 848) + bytes.fromhex(k['spi']) + bytes(4) + \
            gdoi.tv(2, 3) + gdoi.tv(3, 128) + \
            gdoi.tlv(4, struct.pack('>I', 86400)) + gdoi.tv(5, 3) + \
            gdoi.tv(6, 1) + gdoi.tv(7, 2048) + gdoi.tv(9, 1)

    def sa(self, member, with_kek=True):
        nested = [(gdoi.SAK, self.sak(member))] if with_kek else []
        for spi, _, _ in self.teks:
            for proto in (1, 17):
                nested.append((gdoi.SAT, struct.pack('>BB', 1, proto) +
                               gdoi.put_end('172.16.0.0', 0, '255.255.0.0') +
                               gdoi.put_end('172.16.0.0', 0, '255.255.0.0') +
                               struct.pack('>BI', 12, spi) + gdoi.tv(4, 1) +
                               gdoi.tv(5, 2) + gdoi.tv(1, 1) +
                               gdoi.tv(2, 3000) + gdoi.tv(6, 128)))
        first, body = gdoi.chain(nested)
        return struct.pack('>IIHH', 2, 0, first, 0) + body

    def kd(self, with_kek=True):
        out = []
        for spi, key, auth in self.teks:
            a = struct.pack('>BI', 4, spi) + gdoi.tlv(1, key) + \
                gdoi.tlv(2, auth)
            out.append(struct.pack('>BBH', 1, 0, 4 + len(a)) + a)
        if with_kek:
            k = self.kek
            a = b'\x10' + bytes.fromhex(k['spi']) + \
                gdoi.tlv(1, bytes.fromhex(k['iv'] + k['key'])) + \
                gdoi.tlv(2, bytes.fromhex(k['pub']))
            out.append(struct.pack('>BBH', 2, 0, 4 + len(a)) + a)
        return struct.pack('>HH', len(out), 0) + b''.join(out)

    def save(self, path):
        sats = [{'spi': spi, 'transform': 12, 'auth': 2, 'bits': 128}
                for spi, _, _ in self.teks]
        teks = {str(spi): {'key': key.hex(), 'auth': auth.hex()}
                for spi, key, auth in self.teks}
        with os.fdopen(os.open(path + '.new', os.O_WRONLY | os.O_CREAT |
                               os.O_TRUNC, 0o600), 'w') as f:
            json.dump({'sats': sats, 'teks': teks}, f)
        os.rename(path + '.new', path)


def serve(local, psk, number, path, *suites):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((local, gdoi.PORT))
    group = Group(local)
    p1 = x = None
    answers, member, waiting = {}, None, False
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if member and not waiting and os.path.exists(path + '.push'):
            group.seq += 1
            group.new_tek()
            group.save(path)
            s.sendto(gdoi.push_build(
                group.kek, group.private, group.seq,
                [(gdoi.SA, group.sa(member[0], False)),
                 (gdoi.KD, group.kd(False))]), member)
            waiting = True
        s.settimeout(0.2)
        try:
            data, who = s.recvfrom(65535)
        except OSError:
            continue
        if data in answers:
            s.sendto(answers[data], who)
            continue
        kind = data[18]
        if kind == gdoi.ACK and waiting:
            gdoi.ack_check(group.kek, data, group.seq, member[0])
            check('the member acknowledges the PUSH (RFC 8263)', True)
            check('addresses and ports are those of the PUSH, swapped',
                  who == member, repr(who))
            return
        if kind == gdoi.MAIN:
            if data[8:16] == bytes(8):
                p1 = gdoi.Responder(psk.encode(), [gdoi.Suite(t) for t in
                                                   suites], local)
            answers[data] = p1.step(data)
            if p1.up:
                check('main mode: HASH_I of the member is right', True)
                check('the member proposed DOI 2', p1.sai[:8] ==
                      struct.pack('>II', 2, 0), p1.sai[:8].hex())
        elif kind == gdoi.PULL:
            mid = struct.unpack('>I', data[20:24])[0]
            if x is None or x.mid != mid:
                x = gdoi.Exchange(p1, gdoi.PULL, mid)
                m = x.take(data)
                x.ni, x.nr = m.one(gdoi.NONCE), os.urandom(16)
                check('PULL: HASH(1) is right, nonce of 8 to 128 octets',
                      8 <= len(x.ni) <= 128)
                check('PULL: the group is ID_KEY_ID %s' % number,
                      m.one(gdoi.ID) == struct.pack('>BBHI', 11, 0, 0,
                                                    int(number)))
                # hashes take the nonces only from the message after them
                nr, x.nr = x.nr, b''
                answers[data] = x.build([(gdoi.NONCE, nr),
                                         (gdoi.SA, group.sa(who[0]))])
                x.nr = nr
            else:
                x.take(data)
                check('PULL: HASH(3) is right', True)
                answers[data] = x.build(
                    [(gdoi.SEQ, struct.pack('>I', group.seq)),
                     (gdoi.KD, group.kd())])
                member = who
                group.save(path)
        if data in answers:
            s.sendto(answers[data], who)
    check('the member registers and acknowledges in time', False,
          'registered: %r, pushed: %r' % (member, waiting))


try:
    serve(*sys.argv[1:])
except gdoi.Bad as e:
    check('broken rule: %s' % e, False)
sys.exit(failed > 0)
