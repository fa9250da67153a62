# SPDX-License-Identifier: BSD-2-Clause
#
# IKEv1 main mode with pre-shared keys, GROUPKEY-PULL, GROUPKEY-PUSH and its
# acknowledgement (RFC 2409, RFC 6407, RFC 8263), written from the RFCs and
# not from src/: a second opinion on our octets. Strict where the router is
# lenient. No file of the router is read here; the Diffie-Hellman primes are
# computed from pi as RFC 2409 and RFC 3526 define them.

import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PORT = 848
MAIN, INFO, PULL, PUSH, ACK = 2, 5, 32, 33, 35
SA, PROP, TRANS, KE, ID, HASH, SIG, NONCE, N, D, VID = 1, 2, 3, 4, 5, 8, 9, \
    10, 11, 12, 13
SAK, SAT, KD, SEQ, GAP = 15, 16, 17, 18, 22

HASHES = {'md5': 1, 'sha1': 2, 'sha256': 4, 'sha384': 5, 'sha512': 6}
CIPHERS = {'3des': 5, 'aes': 7}
SIG_HASHES = {1: 'md5', 2: 'sha1', 3: 'sha256', 4: 'sha384', 5: 'sha512'}


class Bad(Exception):
    """The peer broke a rule of the RFCs."""


def need(condition, text):
    if not condition:
        raise Bad(text)


# ---- Diffie-Hellman ----

def pi_bits(n):
    """floor(2^n * pi), by Machin's formula with 64 guard bits."""
    one = 1 << (n + 64)

    def atan_inverse(x):
        term, total, k, sign = one // x, 0, 1, 1
        while term:
            total += sign * (term // k)
            term //= x * x
            k += 2
            sign = -sign
        return total
    return (4 * (4 * atan_inverse(5) - atan_inverse(239))) >> 64


ADDENDS = {2: (1024, 129093), 5: (1536, 741804), 14: (2048, 124476),
           15: (3072, 1690314), 16: (4096, 240904)}


def prime(group):
    bits, c = ADDENDS[group]
    return 2 ** bits - 2 ** (bits - 64) - 1 + \
        2 ** 64 * (pi_bits(bits - 130) + c)


CURVES = {19: ec.SECP256R1, 20: ec.SECP384R1, 21: ec.SECP521R1}


class Ecp:
    """KE is x | y, the shared secret x (RFC 5903)."""

    def __init__(self, group):
        self.curve = CURVES[group]()
        self.key = ec.generate_private_key(self.curve)
        self.len = 2 * ((self.curve.key_size + 7) // 8)
        self.public = self.key.public_key().public_bytes(
            serialization.Encoding.X962,
            serialization.PublicFormat.UncompressedPoint)[1:]

    def shared(self, other):
        need(len(other) == self.len, 'KE has the length of the group')
        return self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(
                self.curve, b'\4' + other))


def new_dh(group):
    return Ecp(group) if group in CURVES else Dh(group)


class Dh:
    def __init__(self, group):
        self.p = prime(group)
        self.len = ADDENDS[group][0] // 8
        self.x = int.from_bytes(os.urandom(32), 'big')
        self.public = pow(2, self.x, self.p).to_bytes(self.len, 'big')

    def shared(self, other):
        need(len(other) == self.len, 'KE has the length of the group')
        y = int.from_bytes(other, 'big')
        need(1 < y < self.p - 1, 'KE is a public value')
        return pow(y, self.x, self.p).to_bytes(self.len, 'big')


# ---- framing ----

def header(ic, rc, nxt, exchange, flags, mid, length):
    return ic + rc + struct.pack('>BBBBII', nxt, 0x10, exchange, flags, mid,
                                 length)


def chain(payloads):
    """[(type, body)] -> first type, octets."""
    out = b''
    types = [t for t, _ in payloads] + [0]
    for i, (_, body) in enumerate(payloads):
        out += struct.pack('>BBH', types[i + 1], 0, 4 + len(body)) + body
    return types[0], out


class Message:
    def __init__(self, data):
        need(len(data) >= 28, 'a message has a header')
        self.data = data
        self.ic, self.rc = data[:8], data[8:16]
        (self.next, self.version, self.exchange, self.flags, self.mid,
         self.length) = struct.unpack('>BBBBII', data[16:28])
        need(self.version == 0x10, 'the version is 1.0')
        need(self.length == len(data), 'HDR length is that of the datagram')
        self.pl = []

    def parse(self, plain=None):
        """Reads the payloads; self.end is behind the last one."""
        data = self.data if plain is None else self.data[:28] + plain
        self.plain = data
        nxt, at, self.pl = self.next, 28, []
        while nxt:
            need(at + 4 <= len(data), 'generic header in the message')
            after, reserved, length = struct.unpack('>BBH', data[at:at + 4])
            need(reserved == 0 and length >= 4 and at + length <= len(data),
                 'payload %d is well-formed' % nxt)
            self.pl.append((nxt, data[at + 4:at + length], at))
            nxt, at = after, at + length
        self.end = at
        return self

    def one(self, kind):
        found = [p for p in self.pl if p[0] == kind]
        need(len(found) == 1, 'exactly one payload %d, got %r' %
             (kind, [p[0] for p in self.pl]))
        return found[0][1]

    def has(self, kind):
        return any(p[0] == kind for p in self.pl)


def attributes(data):
    """-> {type: octets}; TV values are 2 octets."""
    out = {}
    while data:
        need(len(data) >= 4, 'attribute is whole')
        kind, value = struct.unpack('>HH', data[:4])
        if kind & 0x8000:
            kind, body, data = kind & 0x7fff, data[2:4], data[4:]
        else:
            need(len(data) >= 4 + value, 'attribute is whole')
            body, data = data[4:4 + value], data[4 + value:]
        out.setdefault(kind, []).append(body)
    return out


def num(attrs, kind, default=None):
    if kind not in attrs:
        need(default is not None, 'attribute %d is there' % kind)
        return default
    need(len(attrs[kind]) == 1, 'attribute %d comes once' % kind)
    return int.from_bytes(attrs[kind][0], 'big')


def tv(kind, value):
    return struct.pack('>HH', 0x8000 | kind, value)


def tlv(kind, value):
    return struct.pack('>HH', kind, len(value)) + value


# ---- symmetric crypto ----

def cbc(cipher, key, iv, data, encrypt):
    alg = algorithms.AES(key) if cipher == 'aes' else \
        algorithms.TripleDES(key)
    c = Cipher(alg, modes.CBC(iv))
    c = c.encryptor() if encrypt else c.decryptor()
    return c.update(data) + c.finalize()


def pad(data, block):
    return data + bytes(-len(data) % block)


class Suite:
    """aes128-sha1-14, 3des-md5-2, aes256-sha256-5 ..."""

    def __init__(self, text):
        cipher, self.hash, group = text.split('-')
        self.group = int(group)
        self.cipher = cipher[:4] if cipher == '3des' else 'aes'
        self.bits = 192 if cipher == '3des' else int(cipher[3:])
        self.block = 8 if cipher == '3des' else 16

    def prf(self, key, *parts):
        return hmac.new(key, b''.join(parts), self.hash).digest()

    def digest(self, *parts):
        return hashlib.new(self.hash, b''.join(parts)).digest()

    def transform(self):
        a = tv(1, CIPHERS[self.cipher]) + tv(2, HASHES[self.hash]) + \
            tv(3, 1) + tv(4, self.group) + tv(11, 1) + tv(12, 3600)
        if self.cipher == 'aes':
            a += tv(14, self.bits)
        return a

    def sa(self, doi):
        t = struct.pack('>BBHBBH', 0, 0, 8 + len(self.transform()), 1, 1, 0) \
            + self.transform()
        p = struct.pack('>BBHBBBB', 0, 0, 8 + len(t), 1, 1, 0, 1) + t
        return struct.pack('>II', doi, 1 if doi == 1 else 0) + p

    def keys(self, psk, ni, nr, gxy, ic, rc):
        k = Keys()
        k.skeyid = self.prf(psk, ni, nr)
        k.d = self.prf(k.skeyid, gxy, ic, rc, b'\0')
        k.a = self.prf(k.skeyid, k.d, gxy, ic, rc, b'\1')
        k.e = self.prf(k.skeyid, k.a, gxy, ic, rc, b'\2')
        want, out = self.bits // 8, k.e
        if len(out) < want:
            block, out = b'\0', b''
            while len(out) < want:
                block = self.prf(k.e, block)
                out += block
        k.enc = out[:want]
        return k


class Keys:
    pass


# ---- phase 1 and what runs under it ----

class Phase1:
    """After main mode: cookies, keys, and the exchanges of phase 2."""

    def __init__(self, suite, psk):
        self.suite, self.psk = suite, psk

    def derive(self, ke_i, ke_r, ni, nr, gxy):
        s = self.suite
        self.ke_i, self.ke_r = ke_i, ke_r
        self.k = s.keys(self.psk, ni, nr, gxy, self.ic, self.rc)
        self.iv = s.digest(ke_i, ke_r)[:s.block]

    def auth(self, initiator, id_body):
        a = (self.ke_i, self.ke_r, self.ic, self.rc)
        if not initiator:
            a = (self.ke_r, self.ke_i, self.rc, self.ic)
        return self.suite.prf(self.k.skeyid, *a, self.sai, id_body)

    def seal(self, exchange, mid, iv, payloads):
        first, body = chain(payloads)
        body = pad(body, self.suite.block)
        out = header(self.ic, self.rc, first, exchange, 1, mid,
                     28 + len(body))
        body = cbc(self.suite.cipher, self.k.enc, iv, body, True)
        return out + body, body[-self.suite.block:]

    def open(self, data, iv):
        m = Message(data)
        need(m.flags & 1, 'the message is encrypted')
        need((len(data) - 28) % self.suite.block == 0, 'whole blocks')
        plain = cbc(self.suite.cipher, self.k.enc, iv, data[28:], False)
        m.parse(plain)
        need(not any(plain[m.end - 28:]), 'padding is zero')
        need(len(data) - m.end < self.suite.block, 'less padding than a block')
        return m, data[-self.suite.block:]


class Exchange:
    """A phase-2 exchange: IVs and hashes; PULL or informational."""

    def __init__(self, p1, kind, mid=None):
        self.p1, self.kind = p1, kind
        self.mid = mid or int.from_bytes(os.urandom(4), 'big') | 1
        self.iv = p1.suite.digest(p1.iv, struct.pack('>I', self.mid)
                                  )[:p1.suite.block]
        self.count, self.ni, self.nr = 0, b'', b''

    def hash(self, rest):
        mid = struct.pack('>I', self.mid)
        return self.p1.suite.prf(
            self.p1.k.a, mid, self.ni if self.count > 0 else b'',
            self.nr if self.count > 1 else b'', rest)

    def build(self, payloads):
        _, rest = chain(payloads)
        out, self.iv = self.p1.seal(
            self.kind, self.mid, self.iv,
            [(HASH, self.hash(rest))] + payloads)
        self.count += 1
        return out

    def take(self, data):
        m, iv = self.p1.open(data, self.iv)
        need(m.exchange == self.kind and m.mid == self.mid,
             'a message of this exchange')
        need(m.pl and m.pl[0][0] == HASH, 'HASH comes first')
        body = m.pl[0][1]
        rest = m.plain[28 + 4 + len(body):m.end]
        need(hmac.compare_digest(self.hash(rest), body),
             'HASH(%d) is right' % (self.count + 1))
        self.iv = iv
        self.count += 1
        return m


def ip4(text):
    return bytes(int(x) for x in text.split('.'))


def id_ip4(addr):
    return struct.pack('>BBH', 1, 0, 0) + ip4(addr)


class Initiator(Phase1):
    """Main mode as initiator over an object with send(data) and recv()."""

    def run(self, wire, local, doi=2, vids=()):
        s = self.suite
        self.ic, self.rc, self.sai = os.urandom(8), bytes(8), s.sa(doi)
        first, body = chain([(SA, self.sai)] + [(VID, v) for v in vids])
        m = wire.ask(header(self.ic, self.rc, first, MAIN, 0, 0,
                            28 + len(body)) + body)
        m = Message(m).parse()
        need(m.exchange == MAIN and m.ic == self.ic and m.rc != bytes(8),
             'message 2 answers message 1')
        need(m.one(SA) == self.sai, 'the transform returns unchanged')
        self.rc = m.rc
        dh, ni = new_dh(s.group), os.urandom(20)
        first, body = chain([(KE, dh.public), (NONCE, ni)])
        m = Message(wire.ask(header(self.ic, self.rc, first, MAIN, 0, 0,
                                    28 + len(body)) + body)).parse()
        nr = m.one(NONCE)
        need(8 <= len(nr) <= 128, 'nonce of 8 to 128 octets')
        self.derive(dh.public, m.one(KE), ni, nr, dh.shared(m.one(KE)))
        me = id_ip4(local)
        out, self.iv = self.seal(MAIN, 0, self.iv,
                                 [(ID, me), (HASH, self.auth(True, me))])
        m, self.iv = self.open(wire.ask(out), self.iv)
        self.peer_id = m.one(ID)
        need(m.one(HASH) == self.auth(False, m.one(ID)), 'HASH_R is right')
        return self


class Responder(Phase1):
    """Main mode as responder; step() takes a datagram, gives the answer."""

    def __init__(self, psk, suites, local):
        super().__init__(None, psk)
        self.suites, self.local, self.state, self.up = suites, local, 0, False
        self.last = None

    def step(self, data):
        if self.last and self.last[0] == data:
            return self.last[1]
        out = (self.offer, self.key, self.finish)[self.state](data)
        self.state += 1
        self.last = data, out
        return out

    def offer(self, data):
        m = Message(data).parse()
        self.ic, self.rc, self.sai = m.ic, os.urandom(8), m.one(SA)
        doi, = struct.unpack('>I', self.sai[:4])
        need(doi in (1, 2), 'DOI is 1 or 2')
        p = self.sai[8:]
        at = 8 + p[6]
        for _ in range(p[7]):
            length, = struct.unpack('>H', p[at + 2:at + 4])
            attrs = attributes(p[at + 8:at + length])
            for s in self.suites:
                if (num(attrs, 1), num(attrs, 2), num(attrs, 3),
                    num(attrs, 4)) == (CIPHERS[s.cipher], HASHES[s.hash], 1,
                                       s.group) and \
                        (s.cipher == '3des' or num(attrs, 14) == s.bits):
                    t = b'\0' + p[at + 1:at + length]
                    sa = self.sai[:8] + struct.pack(
                        '>BBHBBBB', 0, 0, 8 + len(t), p[4], p[5], 0, 1) + t
                    self.suite = s
                    first, body = chain([(SA, sa)])
                    return header(self.ic, self.rc, first, MAIN, 0, 0,
                                  28 + len(body)) + body
            at += length
        raise Bad('an offered transform fits')

    def key(self, data):
        m = Message(data).parse()
        need(m.rc == self.rc, 'message 3 has our cookie')
        dh, nr = new_dh(self.suite.group), os.urandom(24)
        self.derive(m.one(KE), dh.public, m.one(NONCE), nr,
                    dh.shared(m.one(KE)))
        first, body = chain([(KE, dh.public), (NONCE, nr)])
        return header(self.ic, self.rc, first, MAIN, 0, 0,
                      28 + len(body)) + body

    def finish(self, data):
        m, self.iv = self.open(data, self.iv)
        need(m.one(HASH) == self.auth(True, m.one(ID)), 'HASH_I is right')
        me = id_ip4(self.local)
        out, self.iv = self.seal(MAIN, 0, self.iv,
                                 [(ID, me), (HASH, self.auth(False, me))])
        self.up = True
        return out


# ---- GDOI payloads ----

def end_of(data):
    """One end of a SAK or SAT -> (type, port, address octets), rest."""
    kind, port, length = struct.unpack('>BHB', data[:4])
    need(length == {1: 4, 4: 8}.get(kind), 'ID length is one octet and fits')
    return (kind, port, data[4:4 + length]), data[4 + length:]


def put_end(addr, port=0, mask=None):
    if mask is None:
        return struct.pack('>BHB', 1, port, 4) + ip4(addr)
    return struct.pack('>BHB', 4, port, 8) + ip4(addr) + ip4(mask)


def parse_sak(b):
    need(b[0] == 17, 'the KEK is for UDP')
    src, rest = end_of(b[1:])
    dst, rest = end_of(rest)
    need(rest[16:20] == bytes(4), 'four reserved octets are zero')
    a = attributes(rest[20:])
    need(set(a) <= {1, 2, 3, 4, 5, 6, 7, 9}, 'no unknown KEK attribute')
    need(num(a, 6) == 1, 'signatures are RSA')
    alg = num(a, 2)
    need(alg in (2, 3), 'KEK is 3DES or AES')
    return {'spi': rest[:16].hex(), 'src': src[2].hex(), 'dst': dst[2].hex(),
            'dport': dst[1], 'cipher': '3des' if alg == 2 else 'aes',
            'bits': num(a, 3, 192 if alg == 2 else None),
            'life': num(a, 4), 'sig_hash': SIG_HASHES[num(a, 5)],
            'sig_bits': num(a, 7, 0), 'ack': num(a, 9, 0)}


def parse_sat(b):
    need(b[0] == 1, 'the TEK is ESP')
    src, rest = end_of(b[2:])
    dst, rest = end_of(rest)
    a = attributes(rest[5:])
    return {'proto': b[1], 'src': src, 'dst': dst, 'transform': rest[0],
            'spi': int.from_bytes(rest[1:5], 'big'), 'auth': num(a, 5, 0),
            'bits': num(a, 6, 0), 'life': num(a, 2),
            'private': sorted(k for k in a if k >= 32001),
            'unknown': sorted(k for k in a if k not in
                              (1, 2, 4, 5, 6, 11, 14, 15) and k < 32001)}


def parse_sa(body):
    doi, situation, nxt, reserved = struct.unpack('>IIHH', body[:12])
    need(doi == 2 and situation == 0 and reserved == 0, 'SA is one of GDOI')
    sak, sats, at, order = None, [], 12, []
    while nxt:
        after, zero, length = struct.unpack('>BBH', body[at:at + 4])
        need(zero == 0 and 4 <= length <= len(body) - at,
             'nested payload %d is well-formed' % nxt)
        inner = body[at + 4:at + length]
        order.append(nxt)
        if nxt == SAK:
            sak = parse_sak(inner)
        elif nxt == SAT:
            sats.append(parse_sat(inner))
        else:
            need(nxt == GAP, 'nested payloads are SAK, GAP, SAT')
        nxt, at = after, at + length
    need(at == len(body), 'nothing behind the nested payloads')
    need(order == sorted(order, key=[SAK, GAP, SAT].index) and
         order.count(SAK) < 2 and order.count(GAP) < 2,
         'order is SAK, GAP, SATs')
    return sak, sats


def parse_kd(body):
    count, zero = struct.unpack('>HH', body[:4])
    need(zero == 0, 'KD reserved is zero')
    out, at = {'teks': {}, 'kek': None, 'sids': []}, 4
    for _ in range(count):
        kind, zero, length, size = struct.unpack('>BBHB', body[at:at + 5])
        need(zero == 0 and 5 + size <= length <= len(body) - at,
             'key packet is well-formed')
        spi = body[at + 5:at + 5 + size]
        a = attributes(body[at + 5 + size:at + length])
        if kind == 1:
            need(size == 4 and set(a) <= {1, 2}, 'TEK key packet')
            out['teks'][str(int.from_bytes(spi, 'big'))] = {
                'key': a[1][0].hex(),
                'auth': a[2][0].hex() if 2 in a else ''}
        elif kind == 2:
            need(size == 16 and set(a) == {1, 2}, 'KEK key packet')
            out['kek'] = {'spi': spi.hex(), 'key': a[1][0].hex(),
                          'pub': a[2][0].hex()}
        else:
            need(kind == 4 and size == 0, 'key packets are TEK, KEK, SID')
            out['sid_bits'] = num(a, 1)
            out['sids'] = [int.from_bytes(v, 'big') for v in a.get(2, [])]
        at += length
    need(at == len(body), 'nothing behind the key packets')
    return out


def kek_of(sak, kd):
    """Policy and keys of a KEK as one dictionary."""
    need(kd['kek'] is not None and kd['kek']['spi'] == sak['spi'],
         'KD has the KEK of the SAK')
    block = 8 if sak['cipher'] == '3des' else 16
    raw = bytes.fromhex(kd['kek']['key'])
    need(len(raw) == block + sak['bits'] // 8,
         'KEK_ALGORITHM_KEY is IV and key')
    return dict(sak, iv=raw[:block].hex(), key=raw[block:].hex(),
                pub=kd['kek']['pub'], block=block)


# ---- PUSH ----

def digest_algorithm(name):
    return {'md5': hashes.MD5, 'sha1': hashes.SHA1, 'sha256': hashes.SHA256,
            'sha384': hashes.SHA384, 'sha512': hashes.SHA512}[name]()


def push_signed(data, sig_at, length):
    return b'rekey' + data[:24] + struct.pack('>I', length) + \
        data[28:sig_at]


def bare_digest(pub, sig):
    """What a signature without DigestInfo holds, or None."""
    n = pub.public_numbers()
    size = (n.n.bit_length() + 7) // 8
    em = pow(int.from_bytes(sig, 'big'), n.e, n.n).to_bytes(size, 'big')
    head, _, rest = em[2:].partition(b'\0')
    if em[:2] != b'\0\1' or len(head) < 8 or head.strip(b'\xff'):
        return None
    return rest


def push_open(kek, data):
    """Decrypts and verifies -> (Message, seq, form of the signature)."""
    m = Message(data)
    need(m.ic + m.rc == bytes.fromhex(kek['spi']), 'cookies are the KEK SPI')
    need((m.exchange, m.flags, m.mid, m.next) == (PUSH, 1, 0, SEQ),
         'exchange 33, flags 1, message ID 0, SEQ first')
    plain = cbc(kek['cipher'], bytes.fromhex(kek['key']),
                bytes.fromhex(kek['iv']), data[28:], False)
    m.parse(plain)
    need(m.pl[-1][0] == SIG, 'SIG comes last')
    need(not any(m.plain[m.end:]), 'padding is zero')
    sig, at = m.pl[-1][1], m.pl[-1][2]
    pub = serialization.load_der_public_key(bytes.fromhex(kek['pub']))
    algorithm = digest_algorithm(kek['sig_hash'])
    for name, length in (('unpadded', m.end), ('wire', len(data))):
        text = push_signed(m.plain, at, length)
        try:
            pub.verify(sig, text, padding.PKCS1v15(), algorithm)
            return m, int.from_bytes(m.one(SEQ), 'big'), \
                'DigestInfo, %s length' % name
        except Exception:
            pass
        h = hashlib.new(kek['sig_hash'], text).digest()
        if bare_digest(pub, sig) == h:
            return m, int.from_bytes(m.one(SEQ), 'big'), \
                'bare hash, %s length' % name
    raise Bad('the signature of the PUSH is right')


def push_build(kek, private, seq, payloads):
    spi = bytes.fromhex(kek['spi'])
    size = private.key_size // 8
    first, body = chain([(SEQ, struct.pack('>I', seq))] + payloads +
                        [(SIG, bytes(size))])
    data = header(spi[:8], spi[8:], first, PUSH, 1, 0, 28 + len(body)) + body
    at = len(data) - size - 4
    sig = private.sign(push_signed(data, at, len(data)), padding.PKCS1v15(),
                       digest_algorithm(kek['sig_hash']))
    body = pad(data[28:at + 4] + sig, kek['block'])
    return data[:24] + struct.pack('>I', 28 + len(body)) + cbc(
        kek['cipher'], bytes.fromhex(kek['key']), bytes.fromhex(kek['iv']),
        body, True)


def ack_hash(kek, rest, bits=512):
    spi = bytes.fromhex(kek['spi'])
    name = 'sha512' if kek['ack'] == 3 else 'sha256'
    key = hmac.new(bytes.fromhex(kek['key']), b'GROUPKEY-PUSH ACK\0' + spi +
                   struct.pack('>H', bits), name).digest()
    return hmac.new(key, rest, name).digest()


def ack_build(kek, seq, addr):
    spi = bytes.fromhex(kek['spi'])
    _, rest = chain([(SEQ, struct.pack('>I', seq)), (ID, id_ip4(addr))])
    bits = 1024 if kek['ack'] == 3 else 512
    first, body = chain([(HASH, ack_hash(kek, rest, bits)),
                         (SEQ, struct.pack('>I', seq)), (ID, id_ip4(addr))])
    return header(spi[:8], spi[8:], first, ACK, 0, 0, 28 + len(body)) + body


def ack_check(kek, data, seq, addr):
    m = Message(data).parse()
    need((m.exchange, m.flags, m.mid) == (ACK, 0, 0), 'exchange 35, clear')
    need([p[0] for p in m.pl] == [HASH, SEQ, ID], 'HASH SEQ ID')
    rest = m.plain[28 + 4 + len(m.pl[0][1]):m.end]
    bits = 1024 if kek['ack'] == 3 else 512
    need(m.pl[0][1] == ack_hash(kek, rest, bits), 'HASH of the ACK is right')
    need(int.from_bytes(m.one(SEQ), 'big') == seq, 'the ACK is for that PUSH')
    need(m.one(ID) == id_ip4(addr), 'ID is the address of the member')


def new_rsa(bits=2048):
    return rsa.generate_private_key(65537, bits)


def spki(private):
    return private.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
