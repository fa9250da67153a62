#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# The python peers against recorded sessions of another implementation:
# gdoi_selftest.py DIRECTORY, where gdoi-cbc.json and ikev1_kdf.json are.

import json
import os
import sys

import gdoi

passed = failed = 0


def check(text, condition):
    global passed, failed
    print('%-4s  %s' % ('ok' if condition else 'FAIL', text))
    passed, failed = passed + bool(condition), failed + (not condition)


def main(directory):
    h = bytes.fromhex
    with open(os.path.join(directory, 'ikev1_kdf.json')) as f:
        rows = [r for r in json.load(f) if r['mode'] == 'psk']
    good = 0
    for r in rows:
        s = gdoi.Suite('aes128-%s-2' % r['hash'])
        k = s.keys(h(r['psk']), h(r['ni']), h(r['nr']), h(r['gxy']),
                   h(r['cky_i']), h(r['cky_r']))
        good += [k.skeyid, k.d, k.a, k.e] == \
            [h(r['skeyid' + x]) for x in ('', '_d', '_a', '_e')]
    check('%d key derivations' % len(rows), good == len(rows) > 0)

    with open(os.path.join(directory, 'gdoi-cbc.json')) as f:
        v = json.load(f)
    p = v['phase1']
    s = gdoi.Suite('aes128-sha1-2')
    p1 = gdoi.Phase1(s, p['psk_ascii'].encode())
    p1.ic, p1.rc, p1.sai = h(p['icookie']), h(p['rcookie']), h(p['sai_b'])
    p1.derive(h(p['ke_i']), h(p['ke_r']), h(p['ni_b']), h(p['nr_b']),
              h(p['g_xy']))
    check('phase 1: key and IV', p1.k.enc == h(p['enc_key']) and
          p1.iv == h(p['iv0']))
    check('phase 1: HASH_I, HASH_R',
          p1.auth(True, h(p['idii_b'])) == h(p['hash_i']) and
          p1.auth(False, h(p['idir_b'])) == h(p['hash_r']))
    for wire in p['wire'][4:6]:
        m, p1.iv = p1.open(h(wire), p1.iv)
    check('phase 1: messages 5 and 6 decrypt', m.one(gdoi.HASH) ==
          h(p['hash_r']) and p1.iv == h(p['last_block_iv']))

    q = v['pull']
    x = gdoi.Exchange(p1, gdoi.PULL, int(q['message_id'], 16))
    check('PULL: first IV', x.iv == h(q['iv0']))
    msgs = []
    try:
        for i, wire in enumerate(q['wire']):
            msgs.append(x.take(h(wire)))
            if i == 0:
                x.ni = msgs[0].one(gdoi.NONCE)
            if i == 1:
                x.nr = msgs[1].one(gdoi.NONCE)
        sak, _ = gdoi.parse_sa(msgs[1].one(gdoi.SA))
        kek = gdoi.kek_of(sak, gdoi.parse_kd(msgs[3].one(gdoi.KD)))
        check('PULL: four messages, all hashes', True)
        check('PULL: KEK', (kek['spi'], kek['iv'], kek['key'], kek['pub']) ==
              tuple(q['kek'][n] for n in ('spi', 'iv', 'key', 'pub')))
    except gdoi.Bad as e:
        check('PULL: %s' % e, False)
        return
    for i, msg in enumerate(v['push']['msgs']):
        k = dict(kek, spi=msg['kek_spi'], iv=msg['kek_iv'],
                 key=msg['kek_key'], pub=msg['sig_pubkey_spki'])
        try:
            _, _, form = gdoi.push_open(k, h(msg['wire']))
            check('PUSH %d: signature (%s)' % (i, form), True)
        except gdoi.Bad as e:
            check('PUSH %d: %s' % (i, e), False)

    # and both directions of what this file builds itself
    key = gdoi.new_rsa()
    k = dict(kek, pub=gdoi.spki(key).hex(), sig_hash='sha256')
    wire = gdoi.push_build(k, key, 9, [])
    check('PUSH: built and opened', gdoi.push_open(k, wire)[1:] ==
          (9, 'DigestInfo, unpadded length'))
    k = {'spi': bytes(range(0xa0, 0xb0)).hex(),
         'key': bytes(range(16)).hex(), 'ack': 1}
    check('ACK: check value', gdoi.ack_build(k, 7, '10.9.0.2')[32:64].hex() ==
          'dba5ac634187f63d9dbe9fe86c590c86'
          '0adf702f37cc5bf2b5bf83c8aa4d4dd4')


main(sys.argv[1])
print('%d passed, %d failed' % (passed, failed))
sys.exit(failed > 0)
