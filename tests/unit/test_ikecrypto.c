/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Control-plane cryptography against vectors of others: key derivation of
 * IKEv1, HMAC, points of ECDH, RSA signatures; and Diffie-Hellman with bad
 * public values.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gdoi/rsa.h"
#include "ike/dh.h"
#include "ike/ikecrypto.h"
#include "vectors.h"

static enum ike_hash
hash_named(const char *s)
{
	static const struct { const char *name; enum ike_hash h; } t[] = {
		{ "md5", IKE_MD5 }, { "sha1", IKE_SHA1 },
		{ "sha256", IKE_SHA256 }, { "sha384", IKE_SHA384 },
		{ "sha512", IKE_SHA512 },
	};
	size_t i;

	for (i = 0; i < NELEM(t); i++)
		if (strcmp(t[i].name, s) == 0)
			return t[i].h;
	fatal("hash %s", s);
}

static void
assert_key(const struct key *k, const json_t *v, const char *name)
{
	struct hex h = hex_at(v, name);

	assert_int_equal(k->len, h.len);
	assert_memory_equal(k->data, h.p, h.len);
}

static void
kdf(void **state)
{
	json_t *all = vectors_load("ikev1_kdf.json"), *v;
	size_t i;

	(void)state;
	assert_true(json_array_size(all) >= 300);
	json_array_foreach (all, i, v) {
		struct hex ni = hex_at(v, "ni"), nr = hex_at(v, "nr");
		struct hex gxy = hex_at(v, "gxy"), psk = { .len = 0 };
		struct hex ci = hex_at(v, "cky_i"), cr = hex_at(v, "cky_r");
		struct ike_kdf_in in = {
			.hash = hash_named(text_at(v, "hash")),
			.cipher = IKE_AES,
			.key_bits = 256,
			.ni = CHUNK(ni.p, ni.len),
			.nr = CHUNK(nr.p, nr.len),
			.gxy = CHUNK(gxy.p, gxy.len),
			.icookie = ci.p,
			.rcookie = cr.p,
		};
		struct ike_keys k = { .skeyid = { .len = 0 } };

		if (strcmp(text_at(v, "mode"), "psk") == 0) {
			psk = hex_at(v, "psk");
			ike_skeyid_psk(&k, &in, CHUNK(psk.p, psk.len));
		} else {
			ike_skeyid_sig(&k, &in);
		}
		ike_derive(&k, &in);
		assert_key(&k.skeyid, v, "skeyid");
		assert_key(&k.skeyid_d, v, "skeyid_d");
		assert_key(&k.skeyid_a, v, "skeyid_a");
		assert_key(&k.skeyid_e, v, "skeyid_e");
		assert_int_equal(k.cipher_key.len, 32);
		ike_keys_wipe(&k);
	}
	json_decref(all);
}

/* The stretched key of RFC 2409 appendix B, spelled out. */
static void
long_cipher_key(void **state)
{
	uint8_t c[8] = { 1 }, k1[16], k2[16];
	struct ike_kdf_in in = { IKE_MD5, IKE_AES, 256, CHUNK("n", 1),
		CHUNK("r", 1), CHUNK("gxy", 3), c, c };
	struct ike_keys k = { .skeyid = { .len = 0 } };

	(void)state;
	ike_skeyid_psk(&k, &in, CHUNK("key", 3));
	ike_derive(&k, &in);
	IKE_PRF(IKE_MD5, CHUNK_KEY(&k.skeyid_e), k1, CHUNK("\0", 1));
	IKE_PRF(IKE_MD5, CHUNK_KEY(&k.skeyid_e), k2, CHUNK(k1, 16));
	assert_int_equal(k.cipher_key.len, 32);
	assert_memory_equal(k.cipher_key.data, k1, 16);
	assert_memory_equal(k.cipher_key.data + 16, k2, 16);
}

static void
hmac_file(const char *file, enum ike_hash hash)
{
	json_t *j = vectors_load(file), *g, *t;
	size_t gi, ti, n = 0;

	json_array_foreach (json_object_get(j, "testGroups"), gi, g)
		json_array_foreach (json_object_get(g, "tests"), ti, t) {
			struct hex key = hex_at(t, "key");
			struct hex msg = hex_at(t, "msg");
			struct hex tag = hex_at(t, "tag");
			uint8_t out[IKE_HASH_MAX];
			bool valid = strcmp(text_at(t, "result"), "valid") ==
			    0;

			IKE_PRF(hash, CHUNK(key.p, key.len), out,
			    CHUNK(msg.p, msg.len));
			assert_int_equal(memcmp(out, tag.p, tag.len) == 0,
			    valid);
			n++;
		}
	assert_true(n > 50);
	json_decref(j);
}

static void
hmac(void **state)
{
	(void)state;
	hmac_file("hmac_sha1_test.json", IKE_SHA1);
	hmac_file("hmac_sha256_test.json", IKE_SHA256);
}

/* DES as 3DES with equal keys: the classic example of FIPS 81 in CBC. */
static void
single_des(void **state)
{
	static const uint8_t k[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
		0xcd, 0xef };
	static const uint8_t want[24] = { 0xe5, 0xc7, 0xcd, 0xde, 0x87, 0x2b,
		0xf2, 0x7c, 0x43, 0xe9, 0x34, 0x00, 0x8c, 0x38, 0x9c, 0x0f,
		0x68, 0x37, 0x88, 0x49, 0x9a, 0x7c, 0x05, 0xf6 };
	uint8_t iv[8] = { 0x12, 0x34, 0x56, 0x78, 0x90, 0xab, 0xcd, 0xef };
	uint8_t text[] = "Now is the time for all ";
	struct key key;

	(void)state;
	key_set(&key, k, 8);
	assert_true(ike_cbc(IKE_DES, &key, iv, text, 24, true));
	assert_memory_equal(text, want, 24);
	assert_memory_equal(iv, want + 16, 8);
	assert_false(ike_cbc(IKE_DES, &key, iv, text, 23, true));
	assert_false(ike_cbc(IKE_DES, &key, iv, text, 0, false));
}

static void
ecdh(void **state)
{
	json_t *j = vectors_load("ecdh_secp256r1_ecpoint_test.json"), *g, *t;
	size_t gi, ti;
	unsigned good = 0, bad = 0;

	(void)state;
	json_array_foreach (json_object_get(j, "testGroups"), gi, g)
		json_array_foreach (json_object_get(g, "tests"), ti, t) {
			struct hex pub = hex_at(t, "public");
			struct hex priv = hex_at(t, "private");
			struct hex want = hex_at(t, "shared");
			uint8_t x[32] = { 0 }, out[32];
			bool valid = strcmp(text_at(t, "result"), "valid") ==
			    0;
			struct dh *dh;
			bool ok;

			if (pub.len != 65 || pub.p[0] != 4)
				continue; /* IKE has no other encoding */
			if (priv.len > 32) /* leading zeros */
				memcpy(x, priv.p + priv.len - 32, 32);
			else
				memcpy(x + 32 - priv.len, priv.p, priv.len);
			dh = dh_new(19, x, 32);
			ok = dh_shared(dh, pub.p + 1, 64, out);
			dh_free(dh);
			if (ok != valid)
				fail_msg("tcId %lld", json_integer_value(
				    json_object_get(t, "tcId")));
			if (ok)
				assert_memory_equal(out, want.p, 32);
			*(ok ? &good : &bad) += 1;
		}
	assert_true(good > 100 && bad > 3);
	json_decref(j);
}

static const unsigned all_groups[] = { 1, 2, 5, 14, 15, 16, 19, 20, 21, 24 };

static struct dh *
seeded_dh(unsigned group, uint8_t seed)
{
	uint8_t r[DH_PRIV_MAX];
	size_t i;

	for (i = 0; i < sizeof(r); i++)
		r[i] = (uint8_t)(seed * 31 + i * 7 + 1);
	return dh_new(group, r, dh_priv_len(group));
}

static void
dh_agrees(void **state)
{
	uint8_t pa[DH_PUB_MAX], pb[DH_PUB_MAX], sa[DH_PUB_MAX],
	    sb[DH_PUB_MAX];
	struct dh *a, *b;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(all_groups); i++) {
		unsigned g = all_groups[i];

		a = seeded_dh(g, 1);
		b = seeded_dh(g, 2);
		dh_public(a, pa);
		dh_public(b, pb);
		assert_true(dh_shared(a, pb, dh_pub_len(g), sa));
		assert_true(dh_shared(b, pa, dh_pub_len(g), sb));
		assert_memory_equal(sa, sb, dh_shared_len(g));
		dh_free(a);
		dh_free(b);
	}
	assert_int_equal(dh_pub_len(17), 0);
}

/* 0, 1, p-1, p, all ones, short, long; points off the curve. */
static void
dh_bad_values(void **state)
{
	uint8_t pub[2 * DH_PUB_MAX], own[DH_PUB_MAX], out[DH_PUB_MAX];
	struct dh *dh;
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(all_groups); i++) {
		unsigned g = all_groups[i];

		dh = seeded_dh(g, 3);
		len = dh_pub_len(g);
		dh_public(dh, own);
		memset(pub, 0, sizeof(pub));
		assert_false(dh_shared(dh, pub, len, out));
		pub[len - 1] = 1;
		assert_false(dh_shared(dh, pub, len, out));
		memset(pub, 0xff, sizeof(pub));
		assert_false(dh_shared(dh, pub, len, out));
		memcpy(pub, own, len);
		assert_false(dh_shared(dh, pub, len - 1, out));
		assert_false(dh_shared(dh, pub, len + 1, out));
		assert_false(dh_shared(dh, pub, 2 * len, out));
		assert_false(dh_shared(dh, pub, 0, out));
		pub[len - 1] ^= 1; /* not on the curve, not in the subgroup */
		if (g >= 19)
			assert_false(dh_shared(dh, pub, len, out));
		dh_free(dh);
	}
}

static void
dh_p_minus_one(void **state)
{
	/* the prime of group 2 (RFC 2409 6.2) */
	struct hex p = hex_of("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD"
	    "129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
	    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0"
	    "BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FF"
	    "FFFFFFFFFFFFFF");
	struct dh *dh = seeded_dh(2, 4);
	uint8_t out[128];

	(void)state;
	assert_int_equal(p.len, 128);
	assert_false(dh_shared(dh, p.p, 128, out));
	p.p[127]--;
	assert_false(dh_shared(dh, p.p, 128, out));
	p.p[127]--;
	assert_true(dh_shared(dh, p.p, 128, out));
	dh_free(dh);
}

/* The one vector that is a digest without DigestInfo, which `bare` takes. Its
 * comment says 0002, but its block begins with 0001. */
static void
bare_only(const json_t *t, unsigned *n)
{
	if (strstr(text_at(t, "comment"), "00<hash>") == NULL)
		fail_msg("taken as bare: %s", text_at(t, "comment"));
	++*n;
}

static void
rsa_file(const char *file, enum ike_hash hash, enum esp_auth auth)
{
	json_t *j = vectors_load(file), *g, *t;
	size_t gi, ti;
	unsigned good = 0, bad = 0, bare = 0;

	json_array_foreach (json_object_get(j, "testGroups"), gi, g) {
		struct hex pub = hex_at(g, "publicKeyDer");

		json_array_foreach (json_object_get(g, "tests"), ti, t) {
			const char *r = text_at(t, "result");
			struct hex msg = hex_at(t, "msg");
			struct hex sig = hex_at(t, "sig");
			uint8_t digest[IKE_HASH_MAX];
			bool ok;

			IKE_HASH(hash, digest, CHUNK(msg.p, msg.len));
			ok = rsa_verify(pub.p, pub.len, auth, digest, sig.p,
			    sig.len, false);
			/* "acceptable" is a missing NULL: we refuse it */
			if (ok != (strcmp(r, "valid") == 0))
				fail_msg("%s tcId %lld: %s", file,
				    json_integer_value(json_object_get(t,
				    "tcId")), r);
			if (!ok && rsa_verify(pub.p, pub.len, auth, digest,
			    sig.p, sig.len, true))
				bare_only(t, &bare);
			*(ok ? &good : &bad) += 1;
		}
	}
	assert_true(good > 5 && bad > 100);
	assert_int_equal(bare, 1);
	json_decref(j);
}

static void
rsa_wycheproof(void **state)
{
	(void)state;
	rsa_file("rsa_signature_2048_sha256_test.json", IKE_SHA256,
	    ESP_AUTH_SHA256);
	rsa_file("rsa_signature_2048_sha512_test.json", IKE_SHA512,
	    ESP_AUTH_SHA512);
}

static void
rsa_own(void **state)
{
	static const struct { enum esp_auth a; enum ike_hash h; } t[] = {
		{ ESP_AUTH_MD5, IKE_MD5 }, { ESP_AUTH_SHA1, IKE_SHA1 },
		{ ESP_AUTH_SHA256, IKE_SHA256 },
		{ ESP_AUTH_SHA384, IKE_SHA384 },
		{ ESP_AUTH_SHA512, IKE_SHA512 },
	};
	struct rsa_store *s = rsa_store_new();
	uint8_t digest[IKE_HASH_MAX], sig[RSA_SIG_MAX];
	const struct rsa_key *k;
	size_t i, len;

	(void)state;
	k = rsa_generate(s, "K", 1024, false, 5);
	assert_int_equal(k->pub_len, 162);
	assert_int_equal(rsa_pub_bits(k->pub, k->pub_len), 1024);
	for (i = 0; i < NELEM(t); i++) {
		IKE_HASH(t[i].h, digest, CHUNK("abc", 3));
		len = rsa_sign(k, t[i].a, digest, sig);
		assert_int_equal(len, 128);
		assert_true(rsa_verify(k->pub, k->pub_len, t[i].a, digest,
		    sig, len, false));
		assert_false(rsa_verify(k->pub, k->pub_len, t[i].a, digest,
		    sig, len - 1, false));
		assert_false(rsa_verify(k->pub, k->pub_len, t[i].a, digest,
		    sig, 0, true));
		digest[0] ^= 1;
		assert_false(rsa_verify(k->pub, k->pub_len, t[i].a, digest,
		    sig, len, true));
		memset(sig, 0, sizeof(sig));
		assert_false(rsa_verify(k->pub, k->pub_len, t[i].a, digest,
		    sig, len, true));
	}
	/* 64 octets of digest and their header do not fit into 512 bits */
	k = rsa_generate(s, "SMALL", 512, false, 5);
	assert_int_equal(rsa_sign(k, ESP_AUTH_SHA512, digest, sig), 0);
	rsa_store_free(s);
}

static void
rsa_store(void **state)
{
	struct rsa_store *s = rsa_store_new(), *c = rsa_store_new();
	struct strbuf text = { 0 }, again = { 0 };

	(void)state;
	(void)rsa_generate(s, "A", 512, true, 1000);
	(void)rsa_generate(s, "B-key", 512, false, 2000);
	rsa_store_save(s, &text);
	assert_int_equal(rsa_store_load(c, text.s, text.len), 0);
	rsa_store_save(c, &again);
	assert_string_equal(text.s, again.s);
	assert_true(rsa_find(c, "A")->flags & RSA_EXPORTABLE);
	assert_false(rsa_find(c, "B-key")->flags & RSA_EXPORTABLE);
	assert_int_equal(rsa_find(c, "B-key")->made, 2000);
	/* what is malformed changes nothing */
	assert_int_equal(rsa_store_load(c, text.s, text.len - 30), -1);
	assert_int_equal(rsa_store_load(c, "Key: X\n", 7), -1);
	assert_non_null(rsa_find(c, "A"));
	(void)rsa_generate(s, "A", 512, false, 3000); /* replaces */
	assert_false(rsa_find(s, "A")->flags & RSA_EXPORTABLE);
	assert_true(rsa_remove(s, "A"));
	assert_false(rsa_remove(s, "A"));
	sb_free(&text);
	sb_free(&again);
	rsa_store_free(s);
	rsa_store_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kdf),
		cmocka_unit_test(long_cipher_key),
		cmocka_unit_test(hmac),
		cmocka_unit_test(single_des),
		cmocka_unit_test(ecdh),
		cmocka_unit_test(dh_agrees),
		cmocka_unit_test(dh_bad_values),
		cmocka_unit_test(dh_p_minus_one),
		cmocka_unit_test(rsa_wycheproof),
		cmocka_unit_test(rsa_own),
		cmocka_unit_test(rsa_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
