#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A cooperative key server that has the pre-shared key and lies (coop.py), one
# of ours, the router `ks`, and its members: after coop_peer.py, in the same
# lab. Ours stays up and bounded, says what is wrong, its members go on, and
# what the liar left behind is gone or does no harm.
#
#	coop_hostile.py

import os
import re
import subprocess
import sys

import coop
import coop_msg as c
import gdoi
from coop_lab import (KS, PSK, SUITE, US, ask, check, configure, group, logs,
                      policy, private_key, same_keys, shell, shown, wait)
import coop_lab

NS = os.environ['COHORT_RUN'] + '/interop/ns/'
MEMBERS = ('192.168.2.2', '192.168.3.3')
HUNDRED = 0xfffffff0


def pids():
    """The processes of the router, by name."""
    return [int(p) for p in os.listdir('/proc') if p.isdigit() and
            ns_of(p) == os.stat(NS + 'ks').st_ino]


def ns_of(pid):
    try:
        return os.stat('/proc/%s/ns/net' % pid).st_ino
    except OSError:
        return 0


def rss():
    """KB of memory of the largest process of the router."""
    most = 0
    for p in pids():
        try:
            with open('/proc/%d/status' % p) as f:
                m = re.search(r'VmRSS:\s+(\d+)', f.read())
            most = max(most, int(m.group(1)) if m else 0)
        except OSError:
            pass
    return most


def join(private, name='GETVPN', number=4242, priority=1, **change):
    p = policy(private)
    p['keys'].update(change)
    h = coop.Host(US, PSK, SUITE)
    g = coop.Server(h, number, priority, [KS], p)
    h.start()
    check('%s: a liar comes and follows' % name, wait(
        15, lambda: g.role == c.SECONDARY and same_keys(g)),
        (g.role, h.events))
    return h, g


def alive(g, what):
    """Ours is the primary, answers, its members have its keys."""
    good, text = shown('GETVPN', 'Local KS Role: Primary')
    check('%s: ours is primary' % what, good, text)
    check('and answers', ask(g) == 'answer')
    good = subprocess.run(
        ['nsenter', '--net=' + NS + 'h1', 'ping', '-n', '-q', '-c', '2',
         '-i', '0.2', '-W', '2', '172.16.3.10'],
        capture_output=True).returncode == 0
    check('and its members talk', good)


def lie_keys(g, change, seconds=4):
    """Says part 16 as change() has made it."""
    with g.host.lock:
        digest = os.urandom(8)
        k = g.wire_keys(digest)
        k['keks'] = [dict(x) for x in k['keks']]
        k['teks'] = [dict(x) for x in k['teks']]
        change(k)
    return ask(g, lambda m: dict(m, keys=k, digest=digest), seconds=seconds)


def teks():
    return set(re.findall(r'spi +: (0x[0-9A-F]{8})\n',
                          shell('ks', 'show crypto gdoi ks policy')))


def rejected(why):
    return logs('COOP_KEYS_REJECTED: .*' + why)


def times_and_keys(g):
    for text, change in (
            ('a TEK with more life left than it was given',
             lambda k: k['teks'][0].update(left=HUNDRED)),
            ('a TEK of 100 years',
             lambda k: k['teks'][0].update(life=HUNDRED, left=HUNDRED)),
            ('a KEK with more life left than it was given',
             lambda k: k['keks'][0].update(left=HUNDRED)),
            ('a KEK of 100 years',
             lambda k: k['keks'][0].update(life=HUNDRED, left=HUNDRED)),
            ('a TEK of another length', lambda k: k['teks'][0].update(
                key=b'short')),
            ('two newest TEKs', lambda k: k['teks'].append(dict(
                k['teks'][0], spi=4711, flags=1)) or [
                    t.update(flags=1) for t in k['teks']])):
        got = lie_keys(g, change, seconds=1)
        check('%s: not taken' % text, got is None, got)
    before = teks()
    check('a new TEK that ended: answered', lie_keys(
        g, lambda k: k['teks'].append(dict(
            k['teks'][0], spi=0xdead0001, left=0, flags=0))) == 'answer')
    check('and not there', before and teks() == before, (before, teks()))
    got = lie_keys(g, lambda k: [t.update(
        key=os.urandom(16), auth=os.urandom(20)) for t in k['teks']])
    check('SPIs that are there with other keys: answered', got == 'answer',
          got)
    check('and named', wait(3, lambda: rejected('a TEK has another key')),
          shell('ks', 'show logging')[-1500:])
    alive(g, 'after keys that lie')


def numbers(g):
    top = 0xffffffff
    check('a term of 2^32 - 1: answered', ask(g, lambda m: dict(
        m, servers=[dict(m['servers'][0], term=top)])) == 'answer')
    check('a row about ours, with its own boot, as a better primary', ask(
        g, lambda m: dict(m, servers=m['servers'][:1] + [dict(
            m['servers'][0], id=m['receiver'], role=c.PRIMARY, priority=255,
            beat=top, term=top, age=5)])) == 'answer')
    check('the highest beat of its own', ask(g, lambda m: dict(m, servers=[
        dict(m['servers'][0], beat=top)])) == 'answer')
    for i in (0, -1):
        check('a KEK of which every number was used', lie_keys(
            g, lambda k, i=i: k['keks'][i].update(seq=top)) == 'answer')
    alive(g, 'after highest numbers')


def received(name):
    return sum(int(n) for n in re.findall(
        r'[Rr]ekeys? received *: *(\d+)', shell(name, 'show crypto gdoi')))


def rekeys(g):
    """The liar never has the keys that ours wants to give to members."""
    with g.host.lock:
        g.lie = lambda m: dict(m, digest=os.urandom(8))
    was = {m: received(m) for m in ('gm1', 'gm2')}
    shell('ks', 'crypto gdoi ks rekey')
    for m in was:
        check('%s is rekeyed all the same' % m, wait(
            8, lambda m=m: received(m) > was[m]), (was, received(m)))
    with g.host.lock:
        g.lie = lambda m: m
    seqs = [int(n) for n in
            logs(r'KS_SEND_UNICAST_REKEY: .* with seq # (\d+)')]
    check('with numbers that members take',
          seqs and min(seqs) > 0 and max(seqs) <= 0xf0000000, seqs)


def own_sequence(g):
    check('the highest number of a message: taken', ask(
        g, lambda m: dict(m, seq=0xffffffff)) == 'answer')
    got = ask(g, lambda m: dict(m, seq=0), seconds=0.4)
    check('it does not begin anew', got is None, got)
    check('that is named', wait(3, lambda: logs('COOP_ANN_SEQ_FAILURE')))


def row(g, addr, change, stamp=None, **more):
    r = {'addr': addr, 'port': 848, 'server': g.me[0], 'flags': 0,
         'version': b'1.0.4', 'stamp': stamp or g.stamp, 'teller': g.me,
         'change': change, 'term': g.term, 'keys': 1, 'kek': b'',
         'counts': []}
    r.update(more)
    return r


def flood(g, n=30, rows=1000):
    was, at = rss(), 0
    for i in range(n):
        part = [row(g, gdoi.ip4('10.%d.%d.%d' % (
            1 + (at + j) // 65000, (at + j) // 250 % 250, 1 + (at + j) % 250)),
            at + j + 1, stamp=5) for j in range(rows)]
        got = ask(g, lambda m, p=part, a=at: dict(
            m, flags=m['flags'] | c.MORE, members={
                'of': g.peers[KS].its['round'], 'from': a,
                'to': a + rows, 'rows': p}), seconds=3)
        at += rows
        if got != 'answer':
            break
    check('%d members in %d messages' % (at, i + 1), got == 'answer', got)
    check('less than 60 MB for them: %d KB, then %d' % (was, rss()),
          rss() - was < 60000)


def boots(private, n=2000):
    """A server that has another life with each message."""
    was = rss()
    h = coop.Host(US, PSK, SUITE)
    g = coop.Server(h, 4242, 1, [KS], policy(private))
    h.start()
    check('a server of many lives is known', wait(
        10, lambda: h.sa(KS) and any(g.peers[KS].boot)), h.events)
    for i in range(n):
        with h.lock:
            g.boot = os.urandom(8)
            g.me = g.me[0], g.boot
            h.probe(KS, g.message(KS, False, g.peers[KS].boot))
            for key in list(h.pending)[:-20]:
                del h.pending[key]
    check('%d boots: memory is bounded (%d KB, then %d)' %
          (n, was, rss()), rss() - was < 30000)
    h.stop()


def phantoms(g):
    """14 servers that are not, each a better primary, for a while."""
    def rows(m):
        beat = m['servers'][0]['beat']
        return dict(m, servers=m['servers'][:1] + [dict(
            m['servers'][0], id=(gdoi.ip4('10.200.0.%d' % n), b'phantoms'),
            role=c.PRIMARY, priority=255, beat=beat, flags=1, term=7,
            follows=gdoi.ip4('10.200.0.%d' % n)) for n in range(1, 15)])
    check('a server tells of 14 better primaries: answered',
          ask(g, rows) == 'answer')
    check('one row more than 16 is refused', ask(g, lambda m: dict(
        m, servers=rows(m)['servers'] + [dict(
            m['servers'][0], id=(gdoi.ip4('10.201.0.%d' % n), b'phantoms'))
            for n in (1, 2)]), seconds=0.4) is None)
    check('ours does not lead beside them', shown(
        'GETVPN', 'Local KS Role: Secondary')[0])
    good, text = shown('GETVPN', 'Local KS Role: Primary', seconds=15)
    check('when nothing is heard of them any more, it does', good, text)
    alive(g, 'after phantoms')


def registrations(name):
    return shell(name, 'show logging').count('GM_REGS_COMPL')


def stamps(g):
    """The last stamp there is, of a member and of one that is removed."""
    top = 0x7fffffff
    got = ask(g, lambda m: dict(m, stamp=top, members={
        'of': g.peers[KS].its['round'], 'from': 0, 'to': 2, 'rows': [
            row(g, gdoi.ip4('10.9.9.1'), 1, top),
            row(g, gdoi.ip4('10.9.9.2'), 2, top, flags=1)]}))
    check('the highest stamps: answered', got == 'answer', got)
    got = ask(g, lambda m: dict(m, stamp=top + 1), seconds=0.4)
    check('one more is refused', got is None, got)
    got = ask(g, lambda m: dict(m, members={
        'of': 0, 'from': 0, 'to': 1, 'rows': [
            row(g, gdoi.ip4('10.9.9.1'), 1, top + 1)]}), seconds=0.4)
    check('in a row, too', got is None, got)
    was = registrations('gm1')
    shell('gm1', 'clear crypto gdoi', 'yes')
    check('a member registers all the same', wait(
        20, lambda: registrations('gm1') > was and any(
            s in shell('gm1', 'show crypto gdoi') for s in teks())))
    check('and is there', wait(5, lambda: re.search(
        r'(?m)^ +192\.168\.2\.2 ',
        shell('ks', 'show crypto gdoi ks members summary'))))


def invalid_times(name):
    found = re.findall(r'Invalid ANN PST recvd: (\d+)',
                       coop_lab.coop_show(name))
    return int(found[0]) if found else -1


def clocks(private):
    """A primary whose clock leaps, and stands."""
    p = policy(private)
    p['keys']['sas'] = [dict(p['keys']['sas'][0], replay=(2, 5))]
    p['digests'] = c.config_digests(p['keys'], 24, gdoi.spki(private))
    h = coop.Host(US, PSK, SUITE)
    g = coop.Server(h, 4445, 200, [KS], p)
    g.keys.update(clock=0xc10cc10c, pst=100000)
    h.start()
    configure(*[line for g in group('TIME', 4445, 100) for line in (
        [g, '   replay time window-size 5'] if 'match address' in g
        else [g])])
    check('a primary with time-based anti-replay: ours follows', wait(
        10, lambda: g.role == c.PRIMARY and same_keys(g)),
        (g.role, h.events, c.key_lines(g.keys)))
    check('what is configured is the same',
          g.peers[KS].last.get('config') == g.policy['digests'])

    def say(pst, seconds=4):
        with h.lock:
            g.keys['pst'] = pst
            g.keys['version'] += 1
        return lie_keys(g, lambda k: None, seconds)
    check('no time was invalid so far', invalid_times('TIME') == 0)
    check('its clock goes on', say(101000) == 'answer')
    check('it stands: answered', say(100000) == 'answer')
    check('counted and named', wait(3, lambda: invalid_times('TIME') > 0)
          and logs('COOP_ANN_(INVALID_PST_SEC|TOO_OLD): .*TIME'),
          shell('ks', 'show logging')[-1200:])
    check('a pseudotime that cannot be is refused',
          say((1 << 48) + 1, 1) is None)
    check('the highest is answered', say(1 << 48) == 'answer')
    check('ours is there', shown('TIME', 'Local KS Role: Secondary')[0])
    h.stop()
    check('without the liar, ours is primary', shown(
        'TIME', 'Local KS Role: Primary')[0])


def main():
    private = private_key()
    h, g = join(private)
    times_and_keys(g)
    numbers(g)
    rekeys(g)
    phantoms(g)
    stamps(g)
    own_sequence(g)
    h.stop()
    boots(private)
    h, g = join(private)
    flood(g)
    alive(g, 'after a flood of members')
    h.stop()
    clocks(private)
    sys.exit(coop_lab.failed > 0)


main()
