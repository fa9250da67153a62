/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Hashes, prf, CBC and the key derivation of IKEv1 (RFC 2409). Runs in
 * process ike, which has one thread: contexts are kept and reused.
 *
 * Single DES is 3DES with three equal keys (D and E cancel out), so that
 * OpenSSL's legacy provider is not needed.
 */
#include "config.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "ike/ikecrypto.h"

static struct hash_alg {
	enum ike_hash id;
	const char *name;
	size_t len;
	EVP_MD *md;
	EVP_MAC_CTX *hmac;
} hashes[] = {
	{ IKE_MD5, "MD5", 16, NULL, NULL },
	{ IKE_SHA1, "SHA1", 20, NULL, NULL },
	{ IKE_SHA256, "SHA256", 32, NULL, NULL },
	{ IKE_SHA384, "SHA384", 48, NULL, NULL },
	{ IKE_SHA512, "SHA512", 64, NULL, NULL },
};

static struct cipher_alg {
	enum ike_cipher id;
	unsigned key_bits;
	const char *name;
	size_t key_len, block_len;
	EVP_CIPHER *cipher;
} ciphers[] = {
	{ IKE_DES, 0, "DES-EDE3-CBC", 8, 8, NULL },
	{ IKE_3DES, 0, "DES-EDE3-CBC", 24, 8, NULL },
	{ IKE_AES, 128, "AES-128-CBC", 16, 16, NULL },
	{ IKE_AES, 192, "AES-192-CBC", 24, 16, NULL },
	{ IKE_AES, 256, "AES-256-CBC", 32, 16, NULL },
};

static EVP_MD_CTX *md_ctx;
static EVP_CIPHER_CTX *cipher_ctx;

static struct hash_alg *
find_hash(enum ike_hash id)
{
	size_t i;

	for (i = 0; i < NELEM(hashes); i++)
		if (hashes[i].id == id)
			return &hashes[i];
	return NULL;
}

/* The algorithm with its OpenSSL objects; fatal when it is not ours. */
static struct hash_alg *
get_hash(enum ike_hash id)
{
	struct hash_alg *h = find_hash(id);
	OSSL_PARAM params[2];
	EVP_MAC *mac;

	if (h == NULL)
		fatal("hash %d", (int)id);
	if (h->md != NULL)
		return h;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    (char *)(uintptr_t)h->name, 0);
	params[1] = OSSL_PARAM_construct_end();
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	h->md = EVP_MD_fetch(NULL, h->name, NULL);
	if (mac == NULL || h->md == NULL ||
	    (h->hmac = EVP_MAC_CTX_new(mac)) == NULL ||
	    EVP_MAC_CTX_set_params(h->hmac, params) != 1)
		fatal("OpenSSL has no %s", h->name);
	EVP_MAC_free(mac);
	return h;
}

static struct cipher_alg *
find_cipher(enum ike_cipher id, unsigned key_bits)
{
	size_t i;

	for (i = 0; i < NELEM(ciphers); i++)
		if (ciphers[i].id == id &&
		    (id != IKE_AES || ciphers[i].key_bits == key_bits))
			return &ciphers[i];
	return NULL;
}

size_t
ike_hash_len(enum ike_hash id)
{
	const struct hash_alg *h = find_hash(id);

	return h != NULL ? h->len : 0;
}

size_t
ike_block_len(enum ike_cipher id)
{
	return id == IKE_AES ? 16 : 8;
}

size_t
ike_cipher_key_len(enum ike_cipher id, unsigned key_bits)
{
	const struct cipher_alg *c = find_cipher(id, key_bits);

	return c != NULL ? c->key_len : 0;
}

void
ike_hash(enum ike_hash id, const struct chunk *in, size_t n, uint8_t *out)
{
	struct hash_alg *h = get_hash(id);
	size_t i;

	if (md_ctx == NULL && (md_ctx = EVP_MD_CTX_new()) == NULL)
		fatal("OpenSSL: no digest context");
	if (EVP_DigestInit_ex2(md_ctx, h->md, NULL) != 1)
		fatal("OpenSSL: %s", h->name);
	for (i = 0; i < n; i++)
		if (EVP_DigestUpdate(md_ctx, in[i].p, in[i].len) != 1)
			fatal("OpenSSL: %s", h->name);
	if (EVP_DigestFinal_ex(md_ctx, out, NULL) != 1)
		fatal("OpenSSL: %s", h->name);
}

void
ike_prf(enum ike_hash id, struct chunk key, const struct chunk *in, size_t n,
    uint8_t *out)
{
	struct hash_alg *h = get_hash(id);
	/* an empty key must still be a new key */
	const uint8_t *k = key.len != 0 ? key.p : (const uint8_t *)"";
	size_t i, len;

	if (EVP_MAC_init(h->hmac, k, key.len, NULL) != 1)
		fatal("OpenSSL: HMAC %s", h->name);
	for (i = 0; i < n; i++)
		if (in[i].len != 0 &&
		    EVP_MAC_update(h->hmac, in[i].p, in[i].len) != 1)
			fatal("OpenSSL: HMAC %s", h->name);
	if (EVP_MAC_final(h->hmac, out, &len, h->len) != 1 || len != h->len)
		fatal("OpenSSL: HMAC %s", h->name);
}

bool
ike_cbc(enum ike_cipher id, const struct key *key, uint8_t *iv, uint8_t *data,
    size_t len, bool encrypt)
{
	struct cipher_alg *c = find_cipher(id, key->len * 8);
	uint8_t des[24], last[IKE_BLOCK_MAX];
	const uint8_t *k = key->data;
	int n;

	if (c == NULL || key->len != c->key_len)
		fatal("cipher %d with a key of %u octets", (int)id, key->len);
	if (len == 0 || len % c->block_len != 0 || len > INT32_MAX)
		return false;
	if (c->cipher == NULL &&
	    (c->cipher = EVP_CIPHER_fetch(NULL, c->name, NULL)) == NULL)
		fatal("OpenSSL has no %s", c->name);
	if (cipher_ctx == NULL &&
	    (cipher_ctx = EVP_CIPHER_CTX_new()) == NULL)
		fatal("OpenSSL: no cipher context");
	if (id == IKE_DES) {
		memcpy(des, key->data, 8);
		memcpy(des + 8, key->data, 8);
		memcpy(des + 16, key->data, 8);
		k = des;
	}
	memcpy(last, data + len - c->block_len, c->block_len);
	if (EVP_CipherInit_ex2(cipher_ctx, c->cipher, k, iv, encrypt, NULL) !=
	    1 || EVP_CIPHER_CTX_set_padding(cipher_ctx, 0) != 1 ||
	    EVP_CipherUpdate(cipher_ctx, data, &n, data, (int)len) != 1 ||
	    (size_t)n != len)
		fatal("OpenSSL: %s", c->name);
	memcpy(iv, encrypt ? data + len - c->block_len : last, c->block_len);
	explicit_bzero(des, sizeof(des));
	return true;
}

/* SKEYID = prf(pre-shared key, Ni_b | Nr_b) */
void
ike_skeyid_psk(struct ike_keys *k, const struct ike_kdf_in *in,
    struct chunk psk)
{
	k->skeyid.len = (uint8_t)ike_hash_len(in->hash);
	IKE_PRF(in->hash, psk, k->skeyid.data, in->ni, in->nr);
}

/* SKEYID = prf(Ni_b | Nr_b, g^xy) */
void
ike_skeyid_sig(struct ike_keys *k, const struct ike_kdf_in *in)
{
	uint8_t nonces[512];

	if (in->ni.len > 256 || in->nr.len > 256)
		fatal("nonce too long");
	memcpy(nonces, in->ni.p, in->ni.len);
	memcpy(nonces + in->ni.len, in->nr.p, in->nr.len);
	k->skeyid.len = (uint8_t)ike_hash_len(in->hash);
	IKE_PRF(in->hash, CHUNK(nonces, in->ni.len + in->nr.len),
	    k->skeyid.data, in->gxy);
}

/* The key of the cipher: the first octets of SKEYID_e, which is stretched
 * when it is too short (RFC 2409 appendix B):
 * Ka = K1 | K2 | ..., K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1) ... */
static void
make_cipher_key(struct ike_keys *k, const struct ike_kdf_in *in)
{
	size_t need = ike_cipher_key_len(in->cipher, in->key_bits);
	size_t hlen = ike_hash_len(in->hash), have;
	uint8_t ka[3 * IKE_HASH_MAX];

	if (need == 0)
		fatal("cipher %d of %u bits", (int)in->cipher, in->key_bits);
	if (hlen >= need) {
		key_set(&k->cipher_key, k->skeyid_e.data, need);
		return;
	}
	IKE_PRF(in->hash, CHUNK_KEY(&k->skeyid_e), ka, CHUNK("", 1));
	for (have = hlen; have < need; have += hlen)
		IKE_PRF(in->hash, CHUNK_KEY(&k->skeyid_e), ka + have,
		    CHUNK(ka + have - hlen, hlen));
	key_set(&k->cipher_key, ka, need);
	explicit_bzero(ka, sizeof(ka));
}

void
ike_derive(struct ike_keys *k, const struct ike_kdf_in *in)
{
	struct key *out[] = { &k->skeyid_d, &k->skeyid_a, &k->skeyid_e };
	struct chunk previous = { NULL, 0 };
	uint8_t i;

	for (i = 0; i < NELEM(out); i++) {
		out[i]->len = (uint8_t)ike_hash_len(in->hash);
		IKE_PRF(in->hash, CHUNK_KEY(&k->skeyid), out[i]->data,
		    previous, in->gxy, CHUNK(in->icookie, 8),
		    CHUNK(in->rcookie, 8), CHUNK(&i, 1));
		previous = CHUNK_KEY(out[i]);
	}
	make_cipher_key(k, in);
}

void
ike_keys_wipe(struct ike_keys *k)
{
	explicit_bzero(k, sizeof(*k));
}
