# SPDX-License-Identifier: BSD-2-Clause
#
# The message between cooperative key servers, written from
# doc/coop-protocol.md and not from src/: a second opinion on our octets.
# Messages are dictionaries; decode() is strict, encode() writes what it is
# told, so that a test can lie.

import hashlib
import struct

from gdoi import Bad, need

VERSION, GDOI = b'1.0.1', b'1.0.4'
REPLY, OPTIMIZE, ANSWER, SYNCED, MORE, LEAN = 1, 2, 4, 8, 16, 32
SERVERS, VECTOR, CONFIG, KSSIDS, KEYS, MEMBERS = 1, 2, 3, 4, 16, 32
NONE, PRIMARY, SECONDARY = 0, 1, 2
NEVER = 0xffffffff
LIFE_MAX = 2592000
MASKS = {8: 1, 12: 2, 16: 4, 24: 16, 32: 64}    # octets of a set of KSSIDs
KEY_LEN = {(2, 192): 24, (1, 64): 8, (3, 128): 16, (3, 192): 24, (3, 256): 32}


class Major(Exception):
    """Another major version: refused, nothing else was read."""


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, n):
        need(n <= self.left(), 'the message holds what it announces')
        self.at += n
        return self.data[self.at - n:self.at]

    def num(self, n):
        return int.from_bytes(self.take(n), 'big')

    def text(self):
        return self.take(self.num(1))

    def version(self):
        t = self.text()
        need(1 <= len(t) <= 15 and all(p.isdigit() for p in t.split(b'.')),
             'a version is digits with single dots, %r' % t)
        return t

    def name(self):
        t = self.text()
        need(len(t) <= 80, 'a name has 80 octets at most')
        try:
            u = t.decode()
        except UnicodeDecodeError:
            raise Bad('a name is UTF-8') from None
        need(not any(c.isspace() or ord(c) < 32 or ord(c) == 127 for c in u),
             'no blanks and control characters in a name')
        return t

    def id(self, unknown=False):
        a, b = self.take(4), self.take(8)
        need(1 <= a[0] <= 223, 'the address of a host')
        need(unknown or b != bytes(8), 'a boot is not 0')
        return a, b

    def rows(self, most, read):
        n = self.num(2)
        need(n <= most, '%d rows are too many' % n)
        return [read(self) for _ in range(n)]

    def end(self, what):
        need(self.left() == 0, 'nothing behind %s' % what)


def text(t):
    return bytes([len(t)]) + t


def ident(i):
    return i[0] + i[1]


def unique(what, values):
    values = list(values)
    need(len(values) == len(set(values)), 'no %s twice' % what)


# ---- parts ----

SERVER = '>BBBII4sI'


def read_server(r):
    s = {'id': r.id()}
    (s['role'], s['priority'], s['flags'], s['beat'], s['age'], s['follows'],
     s['term']) = struct.unpack(SERVER, r.take(19))
    need(s['role'] <= 2 and s['flags'] <= 1, 'a role and its flags')
    return s


def servers(data, sender):
    r, out = Reader(data), []
    need(len(data) % 31 == 0 and 1 <= len(data) // 31 <= 16,
         '1 to 16 rows of servers')
    while r.left():
        out.append(read_server(r))
    need(out[0]['id'] == sender and out[0]['age'] == 0,
         'the first is the sender, with age 0')
    unique('server', (s['id'] for s in out))
    return out


def put_servers(rows):
    return b''.join(ident(s['id']) + struct.pack(
        SERVER, s['role'], s['priority'], s['flags'], s['beat'], s['age'],
        s['follows'], s['term']) for s in rows)


def vector(data):
    r = Reader(data)
    v = {'round': r.num(4), 'have': r.num(4), 'digest': r.take(8),
         'rows': {}}
    need(r.left() % 16 == 0 and r.left() // 16 <= 16, 'rows of a vector')
    while r.left():
        i = r.id()
        need(i not in v['rows'], 'no id twice')
        v['rows'][i] = r.num(4)
        need(v['rows'][i], 'changes are not 0')
    return v


def put_vector(v):
    return struct.pack('>II', v['round'], v['have']) + v['digest'] + \
        b''.join(ident(i) + struct.pack('>I', n)
                 for i, n in v['rows'].items())


def read_transform(r):
    t = r.num(1), r.num(1), r.num(2)
    cipher, auth, bits = t
    need(cipher <= 5 and auth <= 5, 'a known transform')
    need((auth == 0) if cipher > 3 else (cipher or auth),
         'authentication fits the cipher')
    need(bits in {0: (0,), 1: (64,), 2: (192,)}.get(cipher, (128, 192, 256)),
         'bits of the key')
    return t


def read_replay(r):
    m, w = r.num(1), r.num(2)
    need(m <= 2 and (w == 0 if m == 0 else 1 <= w <= 1024), 'replay')
    return m, w


def read_life(r):
    n = r.num(4)
    need(1 <= n <= LIFE_MAX, 'a lifetime')
    return n


def read_sa(r):
    return {'number': r.num(2), 'list': r.name(), 'profile': r.name(),
            'transform': read_transform(r), 'life': read_life(r),
            'replay': read_replay(r)}


def put_sa(s):
    return struct.pack('>H', s['number']) + text(s['list']) + \
        text(s['profile']) + struct.pack('>BBHIBH', *s['transform'],
                                         s['life'], *s['replay'])


ENTRY = '>BB4s4s4s4sHHH'
ENTRY_KEYS = ('flags', 'protocol', 'src', 'swild', 'dst', 'dwild', 'sport',
              'dport', 'sa')


def read_entry(r):
    e = dict(zip(ENTRY_KEYS, struct.unpack(ENTRY, r.take(24))))
    need(e['flags'] <= 7, 'flags of an entry')
    need(e['flags'] & 6 == 0 or e['protocol'] in (6, 17), 'ports')
    for flag, port in ((2, 'sport'), (4, 'dport')):
        need(e['flags'] & flag or e[port] == 0, 'no port without its flag')
    for w in ('swild', 'dwild'):
        n = int.from_bytes(e[w], 'big')
        need(n & (n + 1) == 0, 'a wildcard')
    return e


def put_entry(e):
    return struct.pack(ENTRY, *(e[k] for k in ENTRY_KEYS))


def read_kek(r):
    k = {'spi': r.take(16), 'by': r.id(), 'flags': r.num(1),
         'left': r.num(4)}
    need(k['spi'][:8] != bytes(8) != k['spi'][8:], 'no half of an SPI is 0')
    need(k['flags'] <= 2, 'flags of a KEK')
    if k['flags'] & 2:
        return k
    k['src'], k['sport'] = r.take(4), r.num(2)
    k['dst'], k['dport'] = r.take(4), r.num(2)
    k['cipher'], k['bits'], k['hash'] = r.num(1), r.num(2), r.num(1)
    need((k['cipher'], k['bits']) in KEY_LEN and 1 <= k['hash'] <= 5,
         'algorithms of a KEK')
    k['rsa_bits'], k['ask'] = r.num(2), r.num(1)
    k['iv'], k['key'] = r.text(), r.text()
    need(len(k['iv']) == (16 if k['cipher'] == 3 else 8) and
         len(k['key']) == KEY_LEN[k['cipher'], k['bits']], 'IV and key')
    k['public'], k['label'], k['acks'] = r.take(32), r.name(), r.num(1)
    need(k['ask'] in (0, 1, 2, 3, 4, 200), 'acknowledgement asked for')
    need(k['acks'] <= 2, 'acknowledgements taken')
    k['life'], k['seq'], k['age'], k['rekey'] = (read_life(r), r.num(4),
                                                 r.num(4), r.num(4))
    need(k['left'] <= k['life'] * 1000, 'not more left than the lifetime')
    return k


def put_kek(k):
    out = k['spi'] + ident(k['by']) + struct.pack('>BI', k['flags'],
                                                  k['left'])
    if k['flags'] & 2:
        return out
    return out + struct.pack(
        '>4sH4sHBHBHB', k['src'], k['sport'], k['dst'], k['dport'],
        k['cipher'], k['bits'], k['hash'], k['rsa_bits'], k['ask']) + \
        text(k['iv']) + text(k['key']) + k['public'] + text(k['label']) + \
        struct.pack('>BIIII', k['acks'], k['life'], k['seq'], k['age'],
                    k['rekey'])


def read_tek(r):
    t = {'spi': r.num(4), 'sa': r.num(2), 'list': r.name(),
         'profile': r.name(), 'transform': read_transform(r),
         'replay': read_replay(r), 'flags': r.num(1), 'life': read_life(r),
         'override': r.num(4), 'age': r.num(4), 'left': r.num(4),
         'rekey': r.num(4), 'key': r.text(), 'auth': r.text()}
    need(t['spi'] >= 256 and t['flags'] <= 2, 'SPI and flags of a TEK')
    cipher, auth, bits = t['transform']
    want = 0 if cipher == 0 else bits // 8 + (4 if cipher > 3 else 0)
    wanta = (0, 16, 20, 32, 48, 64)[auth]
    if t['flags'] & 2:
        want = wanta = 0
    need(len(t['key']) == want and len(t['auth']) == wanta, 'keys of a TEK')
    return t


def put_tek(t):
    return struct.pack('>IH', t['spi'], t['sa']) + text(t['list']) + \
        text(t['profile']) + struct.pack(
            '>BBHBHBIIIII', *t['transform'], *t['replay'], t['flags'],
            t['life'], t['override'], t['age'], t['left'], t['rekey']) + \
        text(t['key']) + text(t['auth'])


FIXED = '>BHBBIB4sH'
FIXED_KEYS = ('cipher', 'bits', 'hash', 'ack', 'life', 'flags', 'maddr',
              'mport')
TIMES = '>IQI8sBII'
TIMES_KEYS = ('clock', 'pst', 'pst_age', 'epoch', 'sid_bits', 'rekey_age',
              'rekeys')


def keys(data):
    r = Reader(data)
    k = {'owner': r.id(), 'term': r.num(4), 'version': r.num(4),
         'digest': r.take(8)}
    k.update(zip(FIXED_KEYS, struct.unpack(FIXED, r.take(16))))
    need((k['cipher'], k['bits']) in KEY_LEN and 1 <= k['hash'] <= 5 and
         k['ack'] <= 2 and 1 <= k['life'] <= LIFE_MAX and k['flags'] <= 3,
         'the policy of the KEK')
    k['mlist'], k['label'] = r.name(), r.name()
    k.update(zip(TIMES_KEYS, struct.unpack(TIMES, r.take(33))))
    need(k['pst'] <= 1 << 48, 'pseudotime')
    need(k['sid_bits'] in (0, 8, 12, 16, 24, 32), 'bits of sender ids')
    k['sas'] = r.rows(1000, read_sa)
    unique('sa ipsec', (s['number'] for s in k['sas']))
    k['entries'] = r.rows(1000, read_entry)
    need({e['sa'] for e in k['entries']} <= {s['number'] for s in k['sas']},
         'the sa ipsec of an entry is there')
    k['keks'] = r.rows(32, read_kek)
    unique('KEK', (x['spi'] for x in k['keks']))
    need(sum(x['flags'] & 1 for x in k['keks']) <= 1, 'one current KEK')
    k['teks'] = r.rows(200, read_tek)
    unique('TEK', (x['spi'] for x in k['teks']))
    unique('newest TEK of an sa ipsec',
           (x['sa'] for x in k['teks'] if x['flags'] & 1))
    k['claims'] = r.rows(512, lambda r: (r.num(2), r.id()))
    unique('KSSID', (c[0] for c in k['claims']))
    r.end('the keys')
    return k


def put_keys(k):
    out = ident(k['owner']) + struct.pack('>II', k['term'], k['version']) + \
        k['digest'] + struct.pack(FIXED, *(k[x] for x in FIXED_KEYS)) + \
        text(k['mlist']) + text(k['label']) + \
        struct.pack(TIMES, *(k[x] for x in TIMES_KEYS))
    for rows, put in ((k['sas'], put_sa), (k['entries'], put_entry),
                      (k['keks'], put_kek), (k['teks'], put_tek),
                      (k['claims'], lambda c: struct.pack('>H', c[0]) +
                       ident(c[1]))):
        out += struct.pack('>H', len(rows)) + b''.join(put(x) for x in rows)
    return out


def read_member(r):
    m = {'addr': r.take(4), 'port': r.num(2), 'server': r.take(4),
         'flags': r.num(1), 'version': r.version(), 'stamp': r.num(4),
         'teller': r.id(), 'change': r.num(4), 'term': r.num(4),
         'keys': r.num(4)}
    need(m['flags'] <= 7 and m['flags'] & 3 != 3, 'flags of a member')
    need(1 <= m['stamp'] < 1 << 31 and m['change'], 'stamp and change')
    m['kek'] = r.take(16) if m['flags'] & 2 else b''
    m['counts'] = [r.num(4) for _ in range(4)] if m['flags'] & 4 else []
    need(not m['flags'] & 4 or any(m['counts']), 'counters not all 0')
    return m


def put_member(m):
    return m['addr'] + struct.pack('>H', m['port']) + m['server'] + \
        bytes([m['flags']]) + text(m['version']) + \
        struct.pack('>I', m['stamp']) + ident(m['teller']) + \
        struct.pack('>III', m['change'], m['term'], m['keys']) + m['kek'] + \
        b''.join(struct.pack('>I', n) for n in m['counts'])


def members(data):
    r = Reader(data)
    m = {'of': r.num(4), 'from': r.num(4), 'to': r.num(4), 'rows': []}
    need(m['to'] and m['from'] <= m['to'], 'from and to of a log')
    while r.left():
        m['rows'].append(read_member(r))
    need(len(m['rows']) <= min(2000, m['to'] - m['from']),
         'not more rows than changes')
    return m


def put_members(m):
    return struct.pack('>III', m['of'], m['from'], m['to']) + \
        b''.join(put_member(x) for x in m['rows'])


# ---- the message ----

def decode(data):
    r = Reader(data)
    m = {'version': r.version()}
    if m['version'].split(b'.')[0] != VERSION.split(b'.')[0]:
        raise Major(m['version'])
    m['gdoi'], m['flags'], kind = r.version(), r.num(2), r.num(1)
    need(kind in (1, 2), 'identity')
    m['group'] = kind, r.num(4)
    m['sender'], m['receiver'] = r.id(), r.id(unknown=True)
    m['seq'], m['digest'], m['stamp'] = r.num(4), r.take(8), r.num(4)
    need(m['stamp'] < 1 << 31, 'stamp')
    last = 0
    while r.left():
        kind, body = r.num(2), r.take(r.num(2))
        need(kind > last, 'types of parts rise')
        last = kind
        if kind == SERVERS:
            m['servers'] = servers(body, m['sender'])
        elif kind == VECTOR:
            m['vector'] = vector(body)
        elif kind == CONFIG:
            need(len(body) == 48, 'six digests')
            m['config'] = [body[i:i + 8] for i in range(0, 48, 8)]
        elif kind == KSSIDS:
            need(body and body[0] in MASKS and
                 len(body) == 1 + MASKS[body[0]], 'set of KSSIDs')
            m['kssids'] = body
        elif kind == KEYS:
            m['keys'] = keys(body)
        elif kind == MEMBERS:
            m['members'] = members(body)
        else:
            need(kind < 0x8000, 'part %#x is not known' % kind)
    return m


def head(m):
    return text(m.get('version', VERSION)) + text(m.get('gdoi', GDOI)) + \
        struct.pack('>HBI', m['flags'], *m['group']) + ident(m['sender']) + \
        ident(m['receiver']) + struct.pack('>I', m['seq']) + m['digest'] + \
        struct.pack('>I', m['stamp'])


def part(kind, body):
    return struct.pack('>HH', kind, len(body)) + body


def encode(m):
    out = head(m)
    for kind, name, put in ((SERVERS, 'servers', put_servers),
                            (VECTOR, 'vector', put_vector),
                            (CONFIG, 'config', b''.join),
                            (KSSIDS, 'kssids', bytes),
                            (KEYS, 'keys', put_keys),
                            (MEMBERS, 'members', put_members)):
        if name in m:
            body = put(m[name])
            if kind > KSSIDS or any(body):   # nothing to say: left out
                out += part(kind, body)
    return out


# ---- digests (8.5, 9.2) ----

def short(data):
    return hashlib.sha256(data).digest()[:8]


CIPHERS = {0: 'esp-null', 1: 'esp-des', 2: 'esp-3des', 3: 'esp-aes',
           4: 'esp-gcm', 5: 'esp-gmac'}
AUTHS = {1: 'esp-md5-hmac', 2: 'esp-sha-hmac', 3: 'esp-sha256-hmac',
         4: 'esp-sha384-hmac', 5: 'esp-sha512-hmac'}


def transform_text(t):
    cipher, auth, bits = t
    out = CIPHERS[cipher]
    if cipher == 3 and bits != 128:
        out = 'esp-%d-aes' % bits
    elif cipher > 3 and bits != 128:
        out += ' %d' % bits
    return out + (' ' + AUTHS[auth] if auth else '')


def dotted(b):
    return '.'.join(str(x) for x in b)


def end_text(addr, wild):
    if wild == b'\xff' * 4:
        return 'any'
    if wild == bytes(4):
        return 'host ' + dotted(addr)
    return dotted(addr) + ' ' + dotted(wild)


# some of the names
PROTOCOLS = {0: 'ip', 1: 'icmp', 6: 'tcp', 17: 'udp', 50: 'esp', 89: 'ospf'}
PORTS = {6: {179: 'bgp', 80: 'www'}, 17: {123: 'ntp', 500: 'isakmp'}}


def entry_text(e):
    out = 'permit' if e['flags'] & 1 else 'deny  '
    ports = PORTS.get(e['protocol'], {})
    out += ' %s %s' % (PROTOCOLS.get(e['protocol'], e['protocol']),
                       end_text(e['src'], e['swild']))
    if e['flags'] & 2:
        out += ' eq %s' % ports.get(e['sport'], e['sport'])
    out += ' ' + end_text(e['dst'], e['dwild'])
    return out + (' eq %s' % ports.get(e['dport'], e['dport'])
                  if e['flags'] & 4 else '')


def sid_policy(k):
    return any(s['transform'][0] >= 4 for s in k['sas'])


def policy_lines(k):
    unicast, only = k['flags'] & 1, k['flags'] >> 1
    out = ['direction %d' % only, 'kek %d %d %d %d %d %d %s %x:%d' % (
        k['cipher'], k['bits'], k['hash'], k['life'], unicast,
        k['ack'] if unicast else 0, k['label'].decode(),
        int.from_bytes(k['maddr'], 'big'), k['mport'])]
    for s in k['sas']:
        out.append('sa %d %s life %d replay %d %d' % (
            s['number'], transform_text(s['transform']), s['life'],
            *s['replay']))
        out += [entry_text(e) for e in k['entries'] if e['sa'] == s['number']]
    if sid_policy(k):
        out.append('sid %d' % k['sid_bits'])
    return out


def key_lines(k):
    out = []
    for x in k['keks']:
        spi = x['spi'].hex().upper()
        out.append('kek %s dropped' % spi if x['flags'] & 2 else
                   'kek %s %d %d' % (spi, x['flags'] & 1, x['seq']))
    for x in k['teks']:
        out.append('tek %08x dropped' % x['spi'] if x['flags'] & 2 else
                   'tek %08x %d %d %d' % (x['spi'], x['sa'], x['flags'] & 1,
                                          x['override'] != 0))
    out += ['sid %d %s' % (k['sid_bits'], k['epoch'].hex()),
            'clock %08x' % k['clock'], 'rekeys %d' % k['rekeys']]
    out += ['claim %d %s %s' % (n, i[0].hex(), i[1].hex())
            for n, i in k['claims']]
    return sorted(out)


def keys_digest(k):
    return short(''.join(x + '\n' for x in key_lines(k) +
                         policy_lines(k)).encode())


def config_digests(k, sid_bits, spki):
    """Part 3; k is the policy as configured."""
    def over(lines):
        return short(''.join(x + '\n' for x in lines).encode())
    unicast = k['flags'] & 1
    return [
        over('%s sa %d' % (entry_text(e), e['sa']) for e in k['entries']),
        over('%d %s' % (s['number'], transform_text(s['transform']))
             for s in k['sas']),
        over(['kek %d' % k['life']] + ['%d %d' % (s['number'], s['life'])
                                       for s in k['sas']]),
        over('%d %d %d' % (s['number'], *s['replay']) for s in k['sas']),
        over(['%d %d %d %d %d %x %d %d' % (
            k['cipher'], k['bits'], k['hash'], unicast,
            k['ack'] if unicast else 0, int.from_bytes(k['maddr'], 'big'),
            k['flags'] >> 1, sid_bits)]),
        short(spki)]


def members_digest(rows):
    out = 0
    for m in rows:
        if not m['flags'] & 1:
            out ^= int.from_bytes(short(
                m['addr'] + struct.pack('>I', m['stamp']) +
                ident(m['teller']) + struct.pack('>I', m['change'])), 'big')
    return out.to_bytes(8, 'big')
