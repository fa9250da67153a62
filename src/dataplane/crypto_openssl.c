/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP ciphers and integrity by OpenSSL 3. Algorithms are fetched once and a
 * context is made once for each SA and direction; a packet only sets an IV.
 * DES is 3DES with three equal keys: single DES is not in the default
 * provider. GCM is RFC 4106, GMAC RFC 4543, HMACs are RFC 2403, 2404, 4868.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "dataplane/crypto.h"

#define ESP_FIXED 8 /* SPI and sequence number */

enum engine { ENGINE_CBC, ENGINE_NULL, ENGINE_GCM, ENGINE_GMAC };

struct crypto_sa {
	enum engine engine;
	EVP_CIPHER_CTX *enc, *dec;
	EVP_MAC_CTX *mac;
	uint8_t iv_len, icv_len;
	uint8_t salt[4];
};

static const struct {
	uint8_t cipher;
	uint16_t key_bits; /* 0: any */
	enum engine engine;
	const char *name;
} ciphers[] = {
	{ ESP_NULL, 0, ENGINE_NULL, NULL },
	{ ESP_DES, 0, ENGINE_CBC, "DES-EDE3-CBC" },
	{ ESP_3DES, 0, ENGINE_CBC, "DES-EDE3-CBC" },
	{ ESP_AES_CBC, 128, ENGINE_CBC, "AES-128-CBC" },
	{ ESP_AES_CBC, 192, ENGINE_CBC, "AES-192-CBC" },
	{ ESP_AES_CBC, 256, ENGINE_CBC, "AES-256-CBC" },
	{ ESP_AES_GCM, 128, ENGINE_GCM, "AES-128-GCM" },
	{ ESP_AES_GCM, 192, ENGINE_GCM, "AES-192-GCM" },
	{ ESP_AES_GCM, 256, ENGINE_GCM, "AES-256-GCM" },
	{ ESP_GMAC, 128, ENGINE_GMAC, "AES-128-GCM" },
	{ ESP_GMAC, 192, ENGINE_GMAC, "AES-192-GCM" },
	{ ESP_GMAC, 256, ENGINE_GMAC, "AES-256-GCM" },
};

static const char *const digests[] = {
	[ESP_AUTH_MD5] = "MD5", [ESP_AUTH_SHA1] = "SHA1",
	[ESP_AUTH_SHA256] = "SHA256", [ESP_AUTH_SHA384] = "SHA384",
	[ESP_AUTH_SHA512] = "SHA512",
};

static EVP_CIPHER *fetched[NELEM(ciphers)];
static EVP_MAC *hmac;

bool
crypto_init(void)
{
	bool all = true;
	size_t i;

	if (hmac != NULL)
		return true;
	for (i = 0; i < NELEM(ciphers); i++) {
		if (ciphers[i].name == NULL)
			continue;
		fetched[i] = EVP_CIPHER_fetch(NULL, ciphers[i].name, NULL);
		all = all && fetched[i] != NULL;
	}
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	return all && hmac != NULL;
}

static EVP_MAC_CTX *
mac_new(const struct sa_tek *t)
{
	OSSL_PARAM params[2];
	EVP_MAC_CTX *ctx;

	if (hmac == NULL || (ctx = EVP_MAC_CTX_new(hmac)) == NULL)
		return NULL;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    (char *)(uintptr_t)digests[t->transform.auth], 0);
	params[1] = OSSL_PARAM_construct_end();
	if (EVP_MAC_init(ctx, t->auth_key.data, t->auth_key.len,
	    params) != 1) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static EVP_CIPHER_CTX *
cipher_new(EVP_CIPHER *cipher, const struct sa_tek *t, int encrypt)
{
	uint8_t key[KEY_MAX];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int ok, i;

	if (ctx == NULL || cipher == NULL)
		goto fail;
	memcpy(key, t->key.data, t->key.len);
	if (t->transform.cipher == ESP_DES) {
		for (i = 1; i < 3; i++)
			memcpy(key + 8 * i, key, 8);
	}
	ok = EVP_CipherInit_ex2(ctx, cipher, key, NULL, encrypt, NULL);
	explicit_bzero(key, sizeof(key));
	if (ok != 1)
		goto fail;
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	return ctx;
fail:
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static int
cipher_find(const struct esp_transform *t)
{
	size_t i;

	for (i = 0; i < NELEM(ciphers); i++) {
		if (ciphers[i].cipher == t->cipher &&
		    (ciphers[i].key_bits == 0 ||
		    ciphers[i].key_bits == t->key_bits))
			return (int)i;
	}
	return -1;
}

struct crypto_sa *
crypto_sa_new(const struct sa_tek *t)
{
	const struct esp_transform *tr = &t->transform;
	int i = cipher_find(tr);
	struct crypto_sa *sa;

	(void)crypto_init();
	if (i < 0 || tr->auth >= NELEM(digests) ||
	    t->key.len != esp_key_len(tr) ||
	    t->auth_key.len != esp_auth_key_len(tr))
		return NULL;
	sa = xcalloc(1, sizeof(*sa));
	sa->engine = ciphers[i].engine;
	sa->iv_len = (uint8_t)esp_iv_len(tr);
	sa->icv_len = (uint8_t)esp_icv_len(tr);
	sa->salt[0] = (uint8_t)(t->salt >> 24);
	sa->salt[1] = (uint8_t)(t->salt >> 16);
	sa->salt[2] = (uint8_t)(t->salt >> 8);
	sa->salt[3] = (uint8_t)t->salt;
	if (sa->engine != ENGINE_NULL) {
		sa->enc = cipher_new(fetched[i], t, 1);
		sa->dec = cipher_new(fetched[i], t, 0);
		if (sa->enc == NULL || sa->dec == NULL)
			goto fail;
	}
	if (tr->auth != ESP_AUTH_NONE && sa->engine != ENGINE_GCM &&
	    sa->engine != ENGINE_GMAC && (sa->mac = mac_new(t)) == NULL)
		goto fail;
	return sa;
fail:
	crypto_sa_free(sa);
	return NULL;
}

void
crypto_sa_free(struct crypto_sa *sa)
{
	if (sa == NULL)
		return;
	EVP_CIPHER_CTX_free(sa->enc);
	EVP_CIPHER_CTX_free(sa->dec);
	EVP_MAC_CTX_free(sa->mac);
	explicit_bzero(sa, sizeof(*sa));
	free(sa);
}

static bool
mac_compute(struct crypto_sa *sa, const uint8_t *data, size_t len,
    uint8_t mac[EVP_MAX_MD_SIZE])
{
	size_t n;

	/* a NULL key: start again with the key that the context has */
	return EVP_MAC_init(sa->mac, NULL, 0, NULL) == 1 &&
	    EVP_MAC_update(sa->mac, data, len) == 1 &&
	    EVP_MAC_final(sa->mac, mac, &n, EVP_MAX_MD_SIZE) == 1;
}

static bool
cbc_run(EVP_CIPHER_CTX *ctx, const uint8_t *iv, uint8_t *text, uint32_t len)
{
	int n;

	return EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL) == 1 &&
	    EVP_CipherUpdate(ctx, text, &n, text, (int)len) == 1;
}

static enum crypto_status
job_mac(struct crypto_job *j)
{
	struct crypto_sa *sa = j->sa;
	uint8_t mac[EVP_MAX_MD_SIZE], *text = j->esp + ESP_FIXED + sa->iv_len;
	size_t covered = ESP_FIXED + sa->iv_len + j->len;

	if (!j->decrypt && sa->engine == ENGINE_CBC &&
	    !cbc_run(sa->enc, j->esp + ESP_FIXED, text, j->len))
		return CRYPTO_FAILED;
	if (sa->mac != NULL) {
		if (!mac_compute(sa, j->esp, covered, mac))
			return CRYPTO_FAILED;
		if (!j->decrypt)
			memcpy(j->esp + covered, mac, sa->icv_len);
		else if (!bytes_equal(j->esp + covered, mac, sa->icv_len))
			return CRYPTO_BAD_ICV;
	}
	if (j->decrypt && sa->engine == ENGINE_CBC &&
	    !cbc_run(sa->dec, j->esp + ESP_FIXED, text, j->len))
		return CRYPTO_FAILED;
	return CRYPTO_OK;
}

/* GCM authenticates SPI and sequence number beside the text; GMAC all of
 * the packet up to the ICV, and encrypts nothing. */
static enum crypto_status
job_gcm(struct crypto_job *j)
{
	struct crypto_sa *sa = j->sa;
	EVP_CIPHER_CTX *ctx = j->decrypt ? sa->dec : sa->enc;
	uint8_t nonce[12], *text = j->esp + ESP_FIXED + sa->iv_len, *icv;
	int n, aad = ESP_FIXED;

	icv = text + j->len;
	memcpy(nonce, sa->salt, 4);
	memcpy(nonce + 4, j->esp + ESP_FIXED, 8);
	if (sa->engine == ENGINE_GMAC)
		aad += sa->iv_len + (int)j->len;
	if (EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, -1, NULL) != 1 ||
	    EVP_CipherUpdate(ctx, NULL, &n, j->esp, aad) != 1)
		return CRYPTO_FAILED;
	if (j->decrypt && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16,
	    icv) != 1)
		return CRYPTO_FAILED;
	if (sa->engine == ENGINE_GCM &&
	    EVP_CipherUpdate(ctx, text, &n, text, (int)j->len) != 1)
		return CRYPTO_FAILED;
	if (EVP_CipherFinal_ex(ctx, icv, &n) != 1)
		return j->decrypt ? CRYPTO_BAD_ICV : CRYPTO_FAILED;
	if (!j->decrypt && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16,
	    icv) != 1)
		return CRYPTO_FAILED;
	return CRYPTO_OK;
}

void
crypto_burst(struct crypto_job *jobs, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		switch (jobs[i].sa->engine) {
		case ENGINE_CBC:
		case ENGINE_NULL:
			jobs[i].status = job_mac(&jobs[i]);
			break;
		default:
			jobs[i].status = job_gcm(&jobs[i]);
			break;
		}
	}
}
