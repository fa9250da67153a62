# SPDX-License-Identifier: BSD-2-Clause
#
# A cooperative key server written from doc/coop-protocol.md and not from
# src/: it elects, makes keys, follows, unites, has the members of others. One
# Host has a socket and the phase-1 SAs with its peers; it has a Server for
# each group. `with host.lock` looks into them from outside.

import os
import queue
import select
import socket
import struct
import threading
import time

import coop_msg as c
import gdoi
from gdoi import Bad, need

COOP_EXCHANGE, COOP_PAYLOAD = 240, 240
REPEATS = (1, 2, 4)


def now():
    return time.monotonic()


class Wire:
    """What gdoi.Initiator asks through."""

    def __init__(self, host, addr):
        self.host, self.addr, self.got = host, addr, queue.Queue()

    def ask(self, data):
        self.host.starting[data[:8]] = self
        for _ in range(3):
            self.host.send(self.addr, data)
            try:
                return self.got.get(timeout=1)
            except queue.Empty:
                pass
        raise Bad('the peer answers in phase 1')


class Pending:
    """A message 1 on its way."""

    def __init__(self, x, data, group):
        self.x, self.data, self.group = x, data, group
        self.sent, self.tries, self.probe = now(), 1, False


class Host:
    def __init__(self, local, psk, suite, initiate=True):
        self.local, self.psk = local, psk.encode()
        self.suite, self.initiate = gdoi.Suite(suite), initiate
        self.lock, self.stopping = threading.RLock(), False
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((local, gdoi.PORT))
        self.sas, self.groups, self.events, self.acks = {}, {}, [], []
        self.answering, self.answers, self.starting = {}, {}, {}
        self.pending, self.trying = {}, {}
        self.initiated = self.responded = 0
        self.probes = {}            # message ids of tests: what came back

    def start(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        """As if the power failed."""
        self.stopping = True
        self.thread.join()
        self.s.close()

    def event(self, what):
        self.events.append(what)

    def send(self, addr, data):
        try:
            self.s.sendto(data, (addr, gdoi.PORT))
        except OSError as e:
            self.event('send: %s' % e)

    def run(self):
        while not self.stopping:
            ready, _, _ = select.select([self.s], [], [], 0.05)
            with self.lock:
                if ready:
                    data, who = self.s.recvfrom(65535)
                    try:
                        self.datagram(data, who[0])
                    except (Bad, struct.error) as e:
                        self.event('bad: %s' % e)
                for g in self.groups.values():
                    g.tick()
                self.repeat()

    # ---- phase 1 ----

    def sa(self, addr):
        up = [p for p, a in self.sas.values() if a == addr]
        return up[-1] if up else None

    def phase1(self, addr):
        if not self.initiate or addr in self.trying:
            return
        self.trying[addr] = True

        def work():
            p1 = gdoi.Initiator(self.suite, self.psk)
            ok = False
            try:
                p1.run(Wire(self, addr), self.local)
                ok = True
            except Bad as e:
                self.event('phase 1: %s' % e)
                time.sleep(0.3)
            with self.lock:
                del self.trying[addr]
                if ok:
                    self.initiated += 1
                    self.sas[p1.ic, p1.rc] = p1, addr
        threading.Thread(target=work, daemon=True).start()

    def datagram(self, data, addr):
        m = gdoi.Message(data)
        if m.exchange == gdoi.MAIN:
            if m.ic in self.starting and m.rc != bytes(8) and \
                    (m.ic, m.rc) not in self.answering:
                self.starting[m.ic].got.put(data)
                return
            key = addr, m.ic
            if m.rc == bytes(8) and key not in self.answering:
                self.answering[key] = gdoi.Responder(self.psk, [self.suite],
                                                     self.local)
            p1 = self.answering.get(key)
            if p1 is None:
                return
            was = p1.up
            out = p1.step(data)
            self.send(addr, out)
            if p1.up and not was:
                self.responded += 1
                self.sas[p1.ic, p1.rc] = p1, addr
            return
        if m.exchange == gdoi.ACK:
            self.acks.append((addr, data))
            return
        found = self.sas.get((m.ic, m.rc))
        if found is None or found[1] != addr:
            self.event('no SA for exchange %d' % m.exchange)
            return
        if m.exchange == gdoi.INFO:
            self.informational(found[0], m)
        elif m.exchange == COOP_EXCHANGE:
            self.coop(found[0], addr, m, data)

    def informational(self, p1, m):
        x = gdoi.Exchange(p1, gdoi.INFO, m.mid)
        got = x.take(m.data)
        for kind, body, _ in got.pl:
            if kind == gdoi.D and body[4] == 1:
                self.sas.pop((body[8:16], body[16:24]), None)
            elif kind == gdoi.N:
                number, = struct.unpack('>H', body[6:8])
                data = body[8 + body[5]:]
                self.event('notify %d %s' % (number, data.hex()))
                for key, p in list(self.pending.items()):
                    if struct.pack('>I', p.x.mid) == data[:4]:
                        if p.probe:
                            self.probes[p.x.mid] = 'notify', number
                        del self.pending[key]

    # ---- exchange 240 ----

    def coop(self, p1, addr, m, data):
        for key, p in list(self.pending.items()):
            if p.x.p1 is p1 and p.x.mid == m.mid:
                got = p.x.take(data)
                del self.pending[key]
                if p.probe:
                    self.probes[m.mid] = 'answer'
                self.message(addr, got.one(COOP_PAYLOAD), True)
                return
        if data in self.answers:
            self.send(addr, self.answers[data])
            return
        x = gdoi.Exchange(p1, COOP_EXCHANGE, m.mid)
        body = x.take(data).one(COOP_PAYLOAD)
        out = self.message(addr, body, False)
        if out is not None:
            self.answers[data] = x.build([(COOP_PAYLOAD, out)])
            self.send(addr, self.answers[data])

    def message(self, addr, body, answer):
        try:
            m = c.decode(body)
            g = self.groups.get(m['group'])
            need(g is not None, 'a group of ours')
            need(gdoi.ip4(addr) == m['sender'][0] and
                 m['receiver'][0] == gdoi.ip4(self.local),
                 'sender and receiver are those of the SA')
            need(bool(m['flags'] & c.ANSWER) == answer, 'ANSWER')
            return g.receive(addr, m, answer)
        except (Bad, c.Major) as e:
            self.event('refused: %r' % e)
            return None

    def probe(self, addr, body, spoil=False):
        """A message 1 beside all others, once; -> key of probes."""
        x = gdoi.Exchange(self.sa(addr), COOP_EXCHANGE)
        if spoil:
            x.ni, x.count = b'another hash', 1
        data = x.build([(COOP_PAYLOAD, body)])
        x.ni = b''
        p = Pending(x, data, None)
        p.probe, self.probes[x.mid] = True, None
        self.pending[addr, x.mid] = p
        self.send(addr, data)
        return x.mid

    def say(self, addr, group, body):
        """Sends message 1; False: there is no SA yet."""
        p1 = self.sa(addr)
        if p1 is None:
            self.phase1(addr)
            return False
        x = gdoi.Exchange(p1, COOP_EXCHANGE)
        data = x.build([(COOP_PAYLOAD, body)])
        self.pending[addr, group] = Pending(x, data, group)
        self.send(addr, data)
        return True

    def repeat(self):
        for key, p in list(self.pending.items()):
            if p.probe and now() - p.sent > 5:
                del self.pending[key]
            if p.probe or now() - p.sent < REPEATS[min(p.tries, 3) - 1]:
                continue
            if p.tries > 2:     # silent: another phase 1
                self.sas.pop((p.x.p1.ic, p.x.p1.rc), None)
                del self.pending[key]
                continue
            p.sent, p.tries = now(), p.tries + 1
            self.send(key[0], p.data)


class Peer:
    def __init__(self):
        self.boot, self.gone = bytes(8), []
        self.seq, self.high, self.taken = 0, 0, set()
        self.digest = None          # of its keys, as heard last
        self.round = self.have = 0  # of its log, for us
        self.its = {'round': 0, 'have': 0, 'rows': {}, 'digest': bytes(8)}
        self.want = self.reply = False
        self.last, self.heard, self.count, self.asked = {}, 0, 0, 0


class Key(dict):
    """A KEK or TEK; its times are moments here."""


class Server:
    def __init__(self, host, number, priority, peers, policy, periodic=1.0,
                 timeout=2.0, retransmit=1.0, retries=1):
        self.host, self.group, self.priority = host, (1, number), priority
        self.boot = os.urandom(8)
        self.me = gdoi.ip4(host.local), self.boot
        self.periodic, self.timeout = periodic, timeout
        self.retransmit, self.retries = retransmit, retries
        self.peers = {p: Peer() for p in peers}
        self.role, self.beat, self.stamp = c.NONE, 0, 0
        self.follows, self.term = bytes(4), 0
        self.view, self.waiting, self.left_out = {}, None, set()
        self.since, self.next, self.owner = now(), 0, None
        self.policy = policy        # as configured; digests of part 3
        self.keys = dict(policy['keys'])
        self.keys.update(owner=self.me, term=0, version=0, clock=0, pst=0,
                         pst_age=0, epoch=bytes(8), sid_bits=0,
                         rekey_age=c.NEVER, rekeys=0, keks=[], teks=[],
                         claims=[])
        self.members, self.log, self.changes, self.vector = {}, 0, 0, {}
        self.lie = lambda m: m      # a test changes what is said
        self.lie_raw = lambda b: b
        host.groups[self.group] = self

    # ---- what is said ----

    def synced(self):
        return bool(self.keys['teks']) and bool(self.keys['keks'])

    def digest(self):
        return c.keys_digest(self.keys) if self.synced() else bytes(8)

    def message(self, addr, answer, receiver):
        p = self.peers[addr]
        p.seq += 1
        self.beat += 1
        ago = [dict(s, age=min(int(1000 * (now() - s['at'])), 0xfffffff0))
               for a, s in self.view.items()]
        flags = (c.ANSWER if answer else 0) | (c.SYNCED if self.synced()
                                               else 0)
        if p.reply and not answer:
            flags |= c.REPLY
        own = {'id': self.me, 'role': self.role, 'priority': self.priority,
               'flags': int(self.synced()), 'beat': self.beat, 'age': 0,
               'follows': self.follows, 'term': self.term}
        m = {'flags': flags, 'group': self.group, 'sender': self.me,
             'receiver': (gdoi.ip4(addr), receiver), 'seq': p.seq,
             'digest': self.digest(), 'stamp': self.stamp,
             'servers': [own] + ago,
             'vector': {'round': p.round, 'have': p.have,
                        'digest': c.members_digest(self.members.values()),
                        'rows': dict(self.vector)},
             'config': self.policy['digests']}
        if 'kssids' in self.policy:
            m['kssids'] = self.policy['kssids']
        if p.digest is not None and p.digest != m['digest'] and \
                self.keys['version']:
            m['keys'] = self.wire_keys(m['digest'])
        rows = sorted((r for r in self.members.values()
                       if r['log'] > p.its['have']), key=lambda r: r['log'])
        rows = [r for r in rows
                if r['teller'] != (gdoi.ip4(addr), p.boot) and
                r['change'] > p.its['rows'].get(r['teller'], 0)]
        if self.log:
            m['members'] = {'of': p.its['round'], 'from': p.its['have'],
                            'to': self.log, 'rows': rows}
            if p.its['have'] > self.log:
                del m['members']
        return self.lie_raw(c.encode(self.lie(m)))

    def wire_keys(self, digest):
        def ms(t):
            return max(0, min(int(1000 * t), 0xffffffff))
        k, t = dict(self.keys), now()
        k['digest'] = digest
        k['keks'] = [dict(x, left=ms(x['end'] - t), age=ms(t - x['made']),
                          rekey=c.NEVER) for x in k['keks']]
        k['teks'] = [dict(x, left=ms(x['end'] - t), age=ms(t - x['made']),
                          rekey=c.NEVER) for x in k['teks']]
        return k

    def want(self, addrs=None, reply=False):
        for a in addrs or self.peers:
            self.peers[a].want = True
            self.peers[a].reply |= reply

    def changed(self):
        if self.role == c.PRIMARY:
            self.want()
        elif self.role == c.SECONDARY:
            self.want([a for a in self.peers
                       if gdoi.ip4(a) == self.follows])

    # ---- what is heard ----

    def receive(self, addr, m, answer):
        p, (_, boot) = self.peers.get(addr), m['sender']
        need(p is not None, 'a peer of the group')
        need(boot != self.boot, 'another boot than ours')
        need(boot not in p.gone, 'a boot that was not there before')
        if boot != p.boot and m['receiver'][1] != self.boot:
            # not known to be fresh: answered, not taken
            return None if answer else self.message(addr, True, boot)
        if m['receiver'][1] != self.boot:
            return None if answer else self.message(addr, True, boot)
        if boot != p.boot:
            p.gone = (p.gone + [p.boot])[-4:] if any(p.boot) else p.gone
            p.boot, p.high, p.taken = boot, 0, set()
            p.have, p.digest, p.want = 0, None, True
            p.its = {'round': 0, 'have': 0, 'rows': {}, 'digest': bytes(8)}
        need(m['seq'] not in p.taken and m['seq'] > p.high - 1024,
             'a number that was not taken before')
        p.taken.add(m['seq'])
        p.high = max(p.high, m['seq'])
        self.take(addr, p, m)
        if answer:
            return None
        return self.message(addr, True, boot)

    def take(self, addr, p, m):
        p.last, p.heard, p.count = m, now(), p.count + 1
        self.stamp = max(self.stamp, m['stamp'])
        for s in m.get('servers', []):
            self.see(s, gdoi.ip4(addr))
        p.its = m.get('vector', {'round': 0, 'have': 0, 'rows': {},
                                 'digest': bytes(8)})
        if 'keys' in m:
            self.take_keys(m['keys'])
        p.digest = m['digest']
        if 'members' in m:
            self.take_members(p, m)
        if p.its['have'] < self.log and not p.want:
            self.changed()

    def see(self, s, teller):
        a, boot = s['id']
        if a == self.me[0]:
            return
        old, at = self.view.get(a), now() - s['age'] / 1000
        if old is not None and old['id'][1] == boot:
            if s['beat'] < old['beat'] or \
                    (s['beat'] == old['beat'] and at <= old['at']):
                return
        elif old is not None and (boot in old['gone'] or
                                  not (a == teller or at > old['at'])):
            return
        gone = [] if old is None else old['gone']
        if old is not None and old['id'][1] != boot:
            gone = (gone + [old['id'][1]])[-4:]
        self.view[a] = dict(s, at=at, gone=gone)
        self.elect()

    # ---- roles (7) ----

    def lives(self, a):
        s = self.view.get(a)
        return s is not None and s['priority'] and \
            now() - s['at'] < self.timeout + self.retries * self.retransmit

    def top_term(self):
        """The highest that one more can be added to."""
        return min(max([self.term] + [s['term'] for s in
                                      self.view.values()]), 0xfffffffe)

    def primary_alive(self):
        alive = [(s['priority'], a) for a, s in self.view.items()
                 if s['role'] == c.PRIMARY and self.lives(a)]
        return max(alive)[1] if alive else None

    def follow(self, a):
        if self.role != c.SECONDARY or self.follows != a:
            self.owner = None       # it has only begun to follow
        self.role, self.follows = c.SECONDARY, a
        self.term = self.view[a]['term']
        self.waiting, self.left_out = None, set()

    def elect(self):
        a = self.primary_alive()
        if self.role == c.PRIMARY:
            if a is None:
                return
            if (self.view[a]['priority'], a) > (self.priority, self.me[0]):
                self.follow(a)
                self.want()
            elif self.view[a]['term'] >= self.term:
                self.term = self.keys['term'] = self.top_term() + 1
                self.want()
        elif a is not None:
            self.follow(a)
        elif self.role == c.SECONDARY and not self.lives(self.follows):
            self.role, self.follows = c.NONE, bytes(4)
            self.since, self.waiting, self.left_out = now(), None, set()
            self.want(reply=True)

    def rank(self):
        out = [(self.synced(), self.priority, self.me[0])]
        for a, s in self.view.items():
            if self.lives(a) and a not in self.left_out:
                out.append((bool(s['flags'] & 1), s['priority'], a))
        return max(out)[2]

    def election(self):
        t = now()
        all_heard = all(gdoi.ip4(a) in self.view and
                        self.view[gdoi.ip4(a)]['at'] > self.since
                        for a in self.peers)
        if self.waiting is None:
            if all_heard or t - self.since > self.timeout:
                self.waiting = t
        elif t - self.waiting > 1 and self.rank() == self.me[0]:
            self.become_primary()
        elif t - self.waiting > 1 + self.retransmit:
            self.left_out.add(self.rank())
            self.waiting = t - 1

    def become_primary(self):
        self.role, self.follows = c.PRIMARY, self.me[0]
        self.term = self.top_term() + 1
        self.waiting, self.left_out = None, set()
        if not self.synced():
            self.make_keys()
        self.keys.update(owner=self.me, term=self.term)
        self.keys['version'] += 1
        self.want()

    def tick(self):
        self.elect()
        if self.role == c.NONE:
            self.election()
        t = now()
        if t >= self.next:
            self.next = t + (self.periodic if self.role == c.PRIMARY
                             else self.retransmit)
            if self.role == c.PRIMARY:
                self.want()
            elif self.role == c.NONE:
                self.want(reply=True)
            elif t - self.view[self.follows]['at'] > self.timeout:
                self.want(reply=True)
        for a, p in self.peers.items():
            if not p.want or (a, self.group) in self.host.pending or \
                    t < p.asked:
                continue
            p.asked = t + 0.1
            if self.host.sa(a) is None:
                self.host.phase1(a)
                continue
            body = self.message(a, False, p.boot)
            p.want = p.reply = False
            self.host.say(a, self.group, body)

    # ---- keys (8) ----

    def make_keys(self):
        t, k = now(), self.keys
        k['keks'] = [Key(
            spi=os.urandom(16), by=self.me, flags=1, src=self.me[0],
            sport=848, dst=bytes(4), dport=848, cipher=k['cipher'],
            bits=k['bits'], hash=k['hash'], rsa_bits=2048, ask=1,
            iv=os.urandom(16), key=os.urandom(k['bits'] // 8),
            public=self.policy['public'], label=k['label'], acks=k['ack'],
            life=k['life'], seq=0, made=t, end=t + k['life'])]
        k['teks'] = []
        for s in k['sas']:
            self.new_tek(s)

    def new_tek(self, s):
        t, k = now(), self.keys
        cipher, auth, bits = s['transform']
        for x in k['teks']:
            if x['sa'] == s['number']:
                x['flags'] &= ~1
        k['teks'].append(Key(
            spi=int.from_bytes(os.urandom(4), 'big') | 256, sa=s['number'],
            list=s['list'], profile=s['profile'], transform=s['transform'],
            replay=s['replay'], flags=1, life=s['life'], override=0, made=t,
            end=t + s['life'], key=os.urandom(bits // 8),
            auth=os.urandom((0, 16, 20, 32, 48, 64)[auth])))

    def unite(self, mine, theirs):
        """The set of 8.1; True if it is not what it was."""
        have, changed, t = {x['spi']: x for x in mine}, False, now()
        for x in theirs:
            end = t + x['left'] / 1000
            if x['left'] == 0:
                continue
            old = have.get(x['spi'])
            if old is None:
                new = Key(x, end=end, made=t - x.get('age', 0) / 1000)
                new['flags'] &= ~1
                mine.append(new)
                changed = True
                continue
            if x['flags'] & 2 and not old['flags'] & 2:
                old.update(flags=2)
                changed = True
            if 'seq' in old and x.get('seq', 0) > old['seq']:
                old['seq'], changed = x['seq'], True
            if not old.get('override') and x.get('override'):
                old['override'], changed = x['override'], True
            old['end'] = min(old['end'], end)
        return changed

    def claim(self, kssid):
        """Uses it when all peers have the claim: their digest says so."""
        self.keys['claims'] = sorted(self.keys['claims'] +
                                     [(kssid, self.me)])
        self.changed()

    def take_keys(self, k):
        changed = self.unite(self.keys['keks'], k['keks'])
        changed |= self.unite(self.keys['teks'], k['teks'])
        known = dict(self.keys['claims'])
        for n, i in k['claims']:
            if known.get(n, (b'', b'')) < i:
                known[n], changed = i, True
        self.keys['claims'] = sorted(known.items())
        owner, version = k['owner'], (k['term'], k['version'])
        if self.role == c.PRIMARY:
            if changed:
                self.keys['version'] += 1
                self.want()
            return
        mine = self.keys['term'], self.keys['version']
        if self.role != c.SECONDARY or owner[0] != self.follows or \
                (self.owner == owner and version <= mine):
            return
        self.owner = owner
        for x in ('owner', 'term', 'version', 'clock', 'pst', 'pst_age',
                  'epoch', 'sid_bits', 'rekey_age', 'rekeys', 'sas',
                  'entries', 'mlist', 'label') + c.FIXED_KEYS:
            self.keys[x] = k[x]
        for rows in ('keks', 'teks'):
            now_flag = {x['spi'] for x in k[rows] if x['flags'] & 1}
            for x in self.keys[rows]:
                if not x['flags'] & 2:
                    x['flags'] = int(x['spi'] in now_flag)

    # ---- members (9) ----

    @staticmethod
    def order(r):
        return (r['stamp'], r['flags'] & 1, *r['teller'], r['change'])

    def put(self, r):
        old = self.members.get(r['addr'])
        if old is not None and self.order(old) >= self.order(r):
            return False
        self.log += 1
        self.members[r['addr']] = dict(r, log=self.log)
        return True

    def register(self, addr, remove=False):
        a = gdoi.ip4(addr)
        old = self.members.get(a)
        if not remove:
            self.stamp += 1
        self.changes += 1
        kek = b'' if remove else next(x['spi'] for x in self.keys['keks']
                                      if x['flags'] & 1)
        self.put({'addr': a, 'port': 848, 'server': self.me[0],
                  'flags': 1 if remove else 2, 'version': b'1.0.4',
                  'stamp': old['stamp'] if remove else self.stamp,
                  'teller': self.me, 'change': self.changes,
                  'term': self.keys['term'], 'keys': self.keys['version'],
                  'kek': kek, 'counts': []})
        self.vector[self.me] = self.changes
        self.changed()

    def take_members(self, p, m):
        part = m['members']
        for r in part['rows']:
            self.stamp = max(self.stamp, r['stamp'])
            if self.put(r):
                self.changed()
        if part['of'] != p.round or part['from'] > p.have:
            return
        p.have = part['to']
        if not m['flags'] & c.MORE:
            for i, n in p.its['rows'].items():
                self.vector[i] = max(self.vector.get(i, 0), n)
