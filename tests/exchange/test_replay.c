/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The recorded sessions of an independent key server and member, recomputed
 * octet for octet: both sides of phase 1, PULL and PUSH. Then our member
 * takes the member's place in the recording.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ike/ike_priv.h"
#include "net.h"
#include "../unit/vectors.h"

static const char *const sessions[] = { "gdoi-cbc.json", "gdoi-gcm.json" };

static struct hex
hex_in(const json_t *obj, const char *array, size_t i)
{
	return hex_of(json_string_value(json_array_get(json_object_get(obj,
	    array), i)));
}

static void
assert_hex(const void *got, size_t len, const struct hex *want)
{
	assert_int_equal(len, want->len);
	assert_memory_equal(got, want->p, len);
}

static void
assert_key(const struct key *k, const json_t *v, const char *name)
{
	struct hex h = hex_at(v, name);

	assert_hex(k->data, k->len, &h);
}

/* Both sessions have the same suite. */
static const struct ike_suite suite = { IKE_AES, IKE_SHA1, IKE_PSK, 2, 128,
	600 };

static void
derive(const json_t *p1, struct ike_keys *k)
{
	struct hex ni = hex_at(p1, "ni_b"), nr = hex_at(p1, "nr_b");
	struct hex gxy = hex_at(p1, "g_xy");
	struct hex ci = hex_at(p1, "icookie"), cr = hex_at(p1, "rcookie");
	const char *psk = text_at(p1, "psk_ascii");
	struct ike_kdf_in in = { IKE_SHA1, IKE_AES, 128,
		CHUNK(ni.p, ni.len), CHUNK(nr.p, nr.len),
		CHUNK(gxy.p, gxy.len), ci.p, cr.p };

	ike_skeyid_psk(k, &in, CHUNK(psk, strlen(psk)));
	ike_derive(k, &in);
}

static void
header(const json_t *p1, struct isakmp_hdr *h, uint8_t exchange, bool first)
{
	struct hex ci = hex_at(p1, "icookie"), cr = hex_at(p1, "rcookie");

	memset(h, 0, sizeof(*h));
	memcpy(h->icookie, ci.p, 8);
	if (!first)
		memcpy(h->rcookie, cr.p, 8);
	h->exchange = exchange;
}

/* Messages 1 to 4: from what they hold. */
static void
phase1_clear(const json_t *p1)
{
	struct hex w, ke, n, sai = hex_at(p1, "sai_b");
	struct ike_suite chosen;
	struct isakmp_out o;
	struct isakmp_hdr h;
	uint8_t buf[1024], answer[256];
	struct wr a = wr_of(answer, sizeof(answer));
	unsigned i;

	header(p1, &h, ISAKMP_X_MAIN, true);
	isakmp_out_begin(&o, buf, sizeof(buf), &h);
	isakmp_out_open(&o, ISAKMP_SA);
	proposal_put(&o.w, DOI_GDOI, &suite, 1);
	isakmp_out_close(&o);
	isakmp_out_length(&o);
	w = hex_in(p1, "wire", 0);
	assert_hex(buf, wr_len(&o.w), &w);

	assert_int_equal(proposal_choose(rd_of(sai.p, sai.len), &suite, 1,
	    &chosen, &a), N_NONE);
	assert_memory_equal(&chosen, &suite, sizeof(suite));
	header(p1, &h, ISAKMP_X_MAIN, false);
	isakmp_out_begin(&o, buf, sizeof(buf), &h);
	isakmp_out_add(&o, ISAKMP_SA, answer, wr_len(&a));
	isakmp_out_length(&o);
	w = hex_in(p1, "wire", 1);
	assert_hex(buf, wr_len(&o.w), &w);

	for (i = 2; i < 4; i++) {
		ke = hex_at(p1, i == 2 ? "ke_i" : "ke_r");
		n = hex_at(p1, i == 2 ? "ni_b" : "nr_b");
		isakmp_out_begin(&o, buf, sizeof(buf), &h);
		isakmp_out_add(&o, ISAKMP_KE, ke.p, ke.len);
		isakmp_out_add(&o, ISAKMP_NONCE, n.p, n.len);
		isakmp_out_length(&o);
		w = hex_in(p1, "wire", i);
		assert_hex(buf, wr_len(&o.w), &w);
	}
}

/* Messages 5 and 6: hashes, clear text, IVs, what goes over the wire. */
static void
phase1_auth(const json_t *p1, struct ike_keys *k)
{
	struct hex gi = hex_at(p1, "ke_i"), gr = hex_at(p1, "ke_r");
	struct hex ci = hex_at(p1, "icookie"), cr = hex_at(p1, "rcookie");
	struct hex sai = hex_at(p1, "sai_b"), iv = hex_at(p1, "iv0");
	struct hex idi = hex_at(p1, "idii_b"), idr = hex_at(p1, "idir_b");
	struct hex hi = hex_at(p1, "hash_i"), hr = hex_at(p1, "hash_r");
	struct hex last = hex_at(p1, "last_block_iv"), w, plain;
	struct isakmp_hdr h;
	struct isakmp_out o;
	uint8_t hash[64], buf[256];
	unsigned i;

	IKE_HASH(IKE_SHA1, hash, CHUNK(gi.p, gi.len), CHUNK(gr.p, gr.len));
	assert_memory_equal(hash, iv.p, 16);
	for (i = 0; i < 2; i++) {
		struct hex *id = i == 0 ? &idi : &idr;
		struct hex *want = i == 0 ? &hi : &hr;

		IKE_PRF(IKE_SHA1, CHUNK_KEY(&k->skeyid), hash,
		    CHUNK(i ? gr.p : gi.p, 128), CHUNK(i ? gi.p : gr.p, 128),
		    CHUNK(i ? cr.p : ci.p, 8), CHUNK(i ? ci.p : cr.p, 8),
		    CHUNK(sai.p, sai.len), CHUNK(id->p, id->len));
		assert_hex(hash, 20, want);
		header(p1, &h, ISAKMP_X_MAIN, false);
		h.flags = ISAKMP_F_ENC;
		isakmp_out_begin(&o, buf, sizeof(buf), &h);
		isakmp_out_add(&o, ISAKMP_ID, id->p, id->len);
		isakmp_out_add(&o, ISAKMP_HASH, hash, 20);
		isakmp_out_notify(&o, DOI_IPSEC, N_INITIAL_CONTACT, &h, NULL,
		    0);
		isakmp_out_length(&o);
		plain = hex_at(p1, i == 0 ? "plain_m5" : "plain_m6");
		assert_hex(buf, wr_len(&o.w), &plain);
		assert_true(ike_cbc(IKE_AES, &k->cipher_key, iv.p, buf + 28,
		    wr_len(&o.w) - 28, true));
		w = hex_in(p1, "wire", 4 + i);
		assert_hex(buf, wr_len(&o.w), &w);
	}
	assert_memory_equal(iv.p, last.p, 16);
}

static void
phase1(void **state)
{
	struct ike_keys k;
	json_t *j, *p1;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(sessions); i++) {
		j = vectors_load(sessions[i]);
		p1 = json_object_get(j, "phase1");
		memset(&k, 0, sizeof(k));
		derive(p1, &k);
		assert_key(&k.skeyid, p1, "skeyid");
		assert_key(&k.skeyid_d, p1, "skeyid_d");
		assert_key(&k.skeyid_a, p1, "skeyid_a");
		assert_key(&k.skeyid_e, p1, "skeyid_e");
		assert_key(&k.cipher_key, p1, "enc_key");
		phase1_clear(p1);
		phase1_auth(p1, &k);
		json_decref(j);
	}
}

/* Decodes a payload and encodes it again: the same octets. */
static void
recode(struct isakmp_out *o, const struct isakmp_pl *p, const uint32_t *sid)
{
	struct gdoi_sa_msg sa;
	struct gdoi_kd_msg kd;
	struct gdoi_kek kek;
	struct gdoi_gap gap;
	uint32_t seq;
	size_t iv = 16;

	switch (p->type) {
	case ISAKMP_SA:
		assert_null(gdoi_get_sa(isakmp_rd(p), &sa));
		gdoi_put_sa(o, sa.has_kek ? &sa.kek : NULL, &sa.gap, sa.sats,
		    sa.n);
		gdoi_sa_msg_free(&sa);
		break;
	case ISAKMP_KD:
		assert_null(gdoi_get_kd(isakmp_rd(p), &kd));
		memset(&kek, 0, sizeof(kek));
		memcpy(kek.spi, kd.kek_spi, KEK_SPI_LEN);
		if (kd.has_kek) {
			key_set(&kek.iv, kd.kek.data, iv);
			key_set(&kek.key, kd.kek.data + iv, kd.kek.len - iv);
		}
		memcpy(kek.pub, kd.pub, kd.pub_len);
		kek.pub_len = kd.pub_len;
		gdoi_put_kd(o, kd.has_kek ? &kek : NULL, kd.teks, kd.n,
		    kd.sid_bits, sid != NULL ? sid : kd.sids, kd.nsids);
		gdoi_kd_msg_free(&kd);
		break;
	case ISAKMP_SEQ:
		assert_true(gdoi_get_seq(isakmp_rd(p), &seq));
		gdoi_put_seq(o, seq);
		break;
	case ISAKMP_GAP:
		assert_null(gdoi_get_gap(isakmp_rd(p), &gap));
		assert_true(gap.sids_asked);
		gdoi_put_gap_request(o, gap.sids);
		break;
	default:
		isakmp_out_add(o, p->type, p->body, p->len);
	}
}

static void
pull_hash(const struct ike_keys *k, const struct isakmp_msg *m, unsigned n,
    const struct hex *ni, const struct hex *nr)
{
	const struct isakmp_pl *h = &m->pl[0];
	uint8_t mid[4] = { (uint8_t)(m->hdr.mid >> 24),
		(uint8_t)(m->hdr.mid >> 16), (uint8_t)(m->hdr.mid >> 8),
		(uint8_t)m->hdr.mid };
	const uint8_t *rest = h->body + 20;
	uint8_t hash[64];

	IKE_PRF(IKE_SHA1, CHUNK_KEY(&k->skeyid_a), hash, CHUNK(mid, 4),
	    CHUNK(ni->p, n > 0 ? ni->len : 0),
	    CHUNK(nr->p, n > 1 ? nr->len : 0),
	    CHUNK(rest, (size_t)(m->end - rest)));
	assert_int_equal(h->len, 20);
	assert_memory_equal(h->body, hash, 20);
}

/* All four messages of the PULL: decrypted, hashed, decoded, and from the
 * decoded parts encoded and encrypted again. */
static void
pull(void **state)
{
	struct hex last, mid, w, plain, iv0, ni, nr;
	uint8_t digest[64], iv[16], next[16];
	struct isakmp_msg m;
	struct isakmp_out o;
	struct ike_keys k;
	uint8_t buf[2048];
	json_t *j, *p2;
	size_t i, n;
	unsigned p;

	(void)state;
	for (i = 0; i < NELEM(sessions); i++) {
		j = vectors_load(sessions[i]);
		memset(&k, 0, sizeof(k));
		derive(json_object_get(j, "phase1"), &k);
		last = hex_at(json_object_get(j, "phase1"), "last_block_iv");
		p2 = json_object_get(j, "pull");
		mid = hex_at(p2, "message_id");
		iv0 = hex_at(p2, "iv0");
		ni = hex_at(p2, "ni_b");
		nr = hex_at(p2, "nr_b");
		IKE_HASH(IKE_SHA1, digest, CHUNK(last.p, 16),
		    CHUNK(mid.p, 4));
		assert_memory_equal(digest, iv0.p, 16);
		memcpy(iv, digest, 16);
		for (n = 0; n < 4; n++) {
			w = hex_in(p2, "wire", n);
			plain = hex_in(p2, "plain", n);
			memcpy(next, iv, 16);
			assert_true(ike_cbc(IKE_AES, &k.cipher_key, next,
			    w.p + 28, w.len - 28, false));
			assert_hex(w.p, w.len, &plain);
			assert_true(isakmp_parse(&m, w.p, w.len));
			assert_int_equal(m.end - w.p, json_integer_value(
			    json_array_get(json_object_get(p2,
			    "end_of_payloads"), n)));
			pull_hash(&k, &m, (unsigned)n, &ni, &nr);
			isakmp_out_begin(&o, buf, sizeof(buf), &m.hdr);
			for (p = 0; p < m.n; p++)
				recode(&o, &m.pl[p], NULL);
			wr_zero(&o.w, (size_t)(w.p + w.len - m.end));
			isakmp_out_length(&o);
			assert_hex(buf, wr_len(&o.w), &plain);
			assert_true(ike_cbc(IKE_AES, &k.cipher_key, iv,
			    buf + 28, wr_len(&o.w) - 28, true));
			w = hex_in(p2, "wire", n);
			assert_hex(buf, wr_len(&o.w), &w);
		}
		json_decref(j);
	}
}

static void
kek_of(const json_t *msg, struct gdoi_kek *k)
{
	struct hex spi = hex_at(msg, "kek_spi"), iv = hex_at(msg, "kek_iv");
	struct hex key = hex_at(msg, "kek_key");
	struct hex pub = hex_at(msg, "sig_pubkey_spki");

	memset(k, 0, sizeof(*k));
	memcpy(k->spi, spi.p, KEK_SPI_LEN);
	k->cipher = ESP_AES_CBC;
	k->key_bits = 128;
	k->sig_hash = ESP_AUTH_SHA1;
	key_set(&k->iv, iv.p, iv.len);
	key_set(&k->key, key.p, key.len);
	memcpy(k->pub, pub.p, pub.len);
	k->pub_len = (uint16_t)pub.len;
}

static void
push(void **state)
{
	struct hex w, plain;
	struct isakmp_msg m;
	struct isakmp_out o;
	struct gdoi_kek kek;
	uint8_t buf[2048];
	json_t *j, *msgs, *msg;
	size_t i, n;
	unsigned p;

	(void)state;
	for (i = 0; i < NELEM(sessions); i++) {
		j = vectors_load(sessions[i]);
		msgs = json_object_get(json_object_get(j, "push"), "msgs");
		json_array_foreach (msgs, n, msg) {
			kek_of(msg, &kek);
			w = hex_at(msg, "wire");
			plain = hex_at(msg, "plain");
			assert_null(push_open(&kek, w.p, w.len, &m));
			assert_hex(w.p, w.len, &plain);
			assert_true(push_verify(&kek, w.p, w.len, &m));
			isakmp_out_begin(&o, buf, sizeof(buf), &m.hdr);
			for (p = 0; p < m.n; p++)
				recode(&o, &m.pl[p], NULL);
			wr_zero(&o.w, (size_t)(w.p + w.len - m.end));
			isakmp_out_length(&o);
			assert_hex(buf, wr_len(&o.w), &plain);
			/* every signed octet counts */
			w.p[40] ^= 1;
			assert_false(push_verify(&kek, w.p, w.len, &m));
			w.p[40] ^= 1;
			w.p[w.len - 40] ^= 1;
			assert_false(push_verify(&kek, w.p, w.len, &m));
		}
		json_decref(j);
	}
}

/* ---- our member in the recording ---- */

static uint8_t sent[4096];
static size_t sent_len;

static bool
catch(struct net *n, struct datagram *d)
{
	(void)n;
	memcpy(sent, d->data, d->len);
	sent_len = d->len;
	return false;
}

/* A member that has just sent message 1 of the recorded PULL. */
static struct node *
member_in(struct net *n, const json_t *j)
{
	const json_t *p1 = json_object_get(j, "phase1");
	const json_t *p2 = json_object_get(j, "pull");
	struct hex ci = hex_at(p1, "icookie"), cr = hex_at(p1, "rcookie");
	struct hex last = hex_at(p1, "last_block_iv"), mid, ni, m1;
	struct node *gm = net_add(n, IP(10, 9, 0, 2));
	struct gm_group *grp;
	struct ike_sa *sa;
	struct exch *x;
	struct rd r;

	tc_key(gm->conf, "labkey123", 0, 0);
	tc_gm(gm->conf)->id = 1234;
	tc_server(gm->conf, IP(10, 9, 0, 1));
	net_apply(gm);
	n->tap = catch;
	assert_true(gdoi_timeout(gm->g) > n->now);
	grp = TAILQ_FIRST(&gm->g->gm);
	x = grp->pull;
	sa = x->sa;
	exch_cancel(sa->main);
	LIST_REMOVE(sa, bucket);
	memcpy(sa->icookie, ci.p, 8);
	memcpy(sa->rcookie, cr.p, 8);
	ike_sa_rehash(sa);
	sa->suite = suite;
	derive(p1, &sa->keys);
	memcpy(sa->last_block, last.p, 16);
	sa->state = IKE_IDLE;
	mid = hex_at(p2, "message_id");
	ni = hex_at(p2, "ni_b");
	m1 = hex_in(p2, "wire", 0);
	r = rd_of(mid.p, 4);
	x->mid = rd_u32(&r);
	memcpy(x->ni, ni.p, ni.len);
	x->ni_len = ni.len;
	memcpy(x->iv, m1.p + m1.len - 16, 16);
	x->started = true;
	x->nmsg = 1;
	x->step++;
	return gm;
}

static void
input(struct node *gm, struct hex w)
{
	struct udp_addr ks = { IP(10, 9, 0, 1), 848 };
	struct udp_addr own = { gm->addr, 848 };

	sent_len = 0;
	gdoi_input(gm->g, own, ks, w.p, w.len);
}

static void
member_cbc(void **state)
{
	json_t *j = vectors_load("gdoi-cbc.json");
	json_t *p2 = json_object_get(j, "pull"), *msgs, *msg;
	struct net *n = net_new(7);
	struct node *gm = member_in(n, j);
	struct gm_group *grp = TAILQ_FIRST(&gm->g->gm);
	struct hex w, bad;
	size_t i;

	(void)state;
	/* mud first: nothing happens */
	bad = hex_in(p2, "wire", 1);
	bad.p[60] ^= 4;
	input(gm, bad);
	assert_int_equal(sent_len, 0);
	/* message 2: message 3 is the recorded one */
	input(gm, hex_in(p2, "wire", 1));
	w = hex_in(p2, "wire", 2);
	assert_hex(sent, sent_len, &w);
	/* message 4: registered */
	input(gm, hex_in(p2, "wire", 3));
	assert_int_equal(grp->state, GM_REGISTERED);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 1);
	assert_int_equal(gm->nteks, 1);
	assert_int_equal(gm->teks[0].spi, 0xa91871a5);
	assert_int_equal(gm->teks[0].transform.auth, ESP_AUTH_SHA1);
	assert_int_equal(gm->tek_end[0] - n->now, 60000);
	w = hex_of("22dad355453f289aaf18f84751863723");
	assert_hex(gm->teks[0].key.data, gm->teks[0].key.len, &w);
	w = hex_of("983ff55c1937874f1482df138bd27a9e6df6afb1");
	assert_hex(gm->teks[0].auth_key.data, gm->teks[0].auth_key.len, &w);
	assert_int_equal(gm->npermit, 1);
	/* behind the exemptions of key management, two and one for the
	 * multicast address of the KEK */
	assert_int_equal(gm->aces[3].src, IP(10, 20, 0, 0));
	assert_int_equal(gm->aces[3].src_wild, 0xffff);
	/* pushes: a TEK, a KEK, a TEK under it, then Delete of three TEKs */
	msgs = json_object_get(json_object_get(j, "push"), "msgs");
	json_array_foreach (msgs, i, msg) {
		static const unsigned ntek[] = { 2, 2, 3, 0 };

		w = hex_at(msg, "wire");
		w.p[100] ^= 1; /* mud */
		input(gm, w);
		assert_int_equal(grp->rekeys_total, i);
		input(gm, hex_at(msg, "wire"));
		assert_int_equal(grp->rekeys_total, i + 1);
		assert_int_equal(gm->nteks, ntek[i]);
		input(gm, hex_at(msg, "wire")); /* a replay */
		assert_int_equal(grp->rekeys_total, i + 1);
		if (i == 1) {
			w = hex_of("0909ee5d6e6b7afc4ff0d3532c3ec8f6");
			assert_memory_equal(grp->kek.spi, w.p, 16);
		}
	}
	assert_int_equal(gm->logs[LOG_SA_KEK_UPDATED], 2);
	assert_int_equal(gm->logs[LOG_GM_RECV_DELETE_NOW], 1);
	assert_int_equal(grp->state, GM_REREGISTERING);
	json_decref(j);
	net_free(n);
}

/* With AES-GCM the recorded member asks for no particular number of sender
 * identifiers and we ask for one: only message 2 is the same. */
static void
member_gcm(void **state)
{
	json_t *j = vectors_load("gdoi-gcm.json");
	json_t *p2 = json_object_get(j, "pull");
	struct net *n = net_new(8);
	struct node *gm = member_in(n, j);
	struct gm_group *grp = TAILQ_FIRST(&gm->g->gm);
	struct hex m3 = hex_in(p2, "wire", 2);

	(void)state;
	input(gm, hex_in(p2, "wire", 1));
	assert_int_equal(sent_len, m3.len);
	memcpy(grp->pull->iv, m3.p + m3.len - 16, 16);
	input(gm, hex_in(p2, "wire", 3));
	assert_int_equal(grp->state, GM_REGISTERED);
	assert_int_equal(gm->teks[0].spi, 0x20f4e297);
	assert_int_equal(gm->teks[0].transform.cipher, ESP_AES_GCM);
	assert_int_equal(gm->teks[0].salt, 0x81a86c8c);
	assert_int_equal(gm->teks[0].key.len, 16);
	assert_int_equal(gm->teks[0].sid_bits, 16);
	assert_int_equal(gm->teks[0].sid, 0);
	json_decref(j);
	net_free(n);
}

/* The vector of our own reading of RFC 8263. */
static void
ack_hash(void **state)
{
	struct hex key = hex_of("000102030405060708090a0b0c0d0e0f");
	struct hex spi = hex_of("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
	struct hex rest = hex_of("0500000800000007" "0000000c010000000a090002");
	struct hex want = hex_of("dba5ac634187f63d9dbe9fe86c590c860adf702f37cc"
	    "5bf2b5bf83c8aa4d4dd4");
	struct gdoi_kek k = { .ack = KEK_ACK_SHA256 };
	uint8_t out[IKE_HASH_MAX];

	(void)state;
	memcpy(k.spi, spi.p, 16);
	key_set(&k.key, key.p, key.len);
	assert_int_equal(push_ack_hash(&k, 512, rest.p, rest.len, out), 32);
	assert_memory_equal(out, want.p, 32);
	k.ack = KEK_ACK_NONE;
	assert_int_equal(push_ack_hash(&k, 512, rest.p, rest.len, out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phase1),
		cmocka_unit_test(pull),
		cmocka_unit_test(push),
		cmocka_unit_test(member_cbc),
		cmocka_unit_test(member_gcm),
		cmocka_unit_test(ack_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
