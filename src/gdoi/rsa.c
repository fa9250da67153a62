/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RSA key pairs and signatures over OpenSSL. Runs in process ike.
 *
 * A signature is checked by undoing the RSA operation and comparing the whole
 * contents with what they must be, octet by octet: nothing of it is parsed.
 */
#include "config.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_msg.h"
#include "gdoi/rsa.h"

struct rsa_store {
	struct rsa_key *first;
};

/* DigestInfo up to the digest (RFC 8017 9.2, note 1). */
static const struct digest_info {
	enum esp_auth hash;
	size_t digest_len, len;
	uint8_t der[19];
} infos[] = {
	{ ESP_AUTH_MD5, 16, 18, { 0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a,
	    0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04,
	    0x10 } },
	{ ESP_AUTH_SHA1, 20, 15, { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b,
	    0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14 } },
	{ ESP_AUTH_SHA256, 32, 19, { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
	    0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
	    0x20 } },
	{ ESP_AUTH_SHA384, 48, 19, { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60,
	    0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04,
	    0x30 } },
	{ ESP_AUTH_SHA512, 64, 19, { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60,
	    0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04,
	    0x40 } },
};

static const struct digest_info *
info_of(enum esp_auth hash)
{
	size_t i;

	for (i = 0; i < NELEM(infos); i++)
		if (infos[i].hash == hash)
			return &infos[i];
	return NULL;
}

static size_t
digest_info(enum esp_auth hash, const uint8_t *digest, uint8_t *out)
{
	const struct digest_info *i = info_of(hash);

	if (i == NULL)
		return 0;
	memcpy(out, i->der, i->len);
	memcpy(out + i->len, digest, i->digest_len);
	return i->len + i->digest_len;
}

/* ---- signatures ---- */

bool
rsa_can_sign(const struct rsa_key *k, enum esp_auth hash)
{
	const struct digest_info *i = info_of(hash);

	return i != NULL && i->len + i->digest_len + 11 <= k->bits / 8;
}

size_t
rsa_sign(const struct rsa_key *k, enum esp_auth hash, const uint8_t *digest,
    uint8_t *sig)
{
	uint8_t info[128];
	size_t n = digest_info(hash, digest, info), len = RSA_SIG_MAX;
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (n == 0 || !rsa_can_sign(k, hash))
		return 0;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_sign(ctx, sig, &len, info, n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? len : 0;
}

/* An RSA key with a modulus of sane size and odd numbers in it. */
static EVP_PKEY *
read_public(const uint8_t *pub, size_t len)
{
	const uint8_t *p = pub;
	EVP_PKEY *pk = d2i_PUBKEY(NULL, &p, (long)len);
	BIGNUM *n = NULL, *e = NULL;
	bool ok;

	ok = pk != NULL && p == pub + len && EVP_PKEY_is_a(pk, "RSA") &&
	    EVP_PKEY_get_bn_param(pk, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(pk, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_num_bits(n) >= RSA_BITS_MIN && BN_num_bits(n) <= 8192 &&
	    BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e) &&
	    BN_num_bits(e) <= 64;
	BN_free(n);
	BN_free(e);
	if (ok)
		return pk;
	EVP_PKEY_free(pk);
	return NULL;
}

/* The last one is kept: rekeys of a group are signed with one key, and OpenSSL
 * takes longer to read it than to use it. */
static EVP_PKEY *
load_public(const uint8_t *pub, size_t len)
{
	static struct {
		uint8_t pub[GDOI_PUB_MAX];
		size_t len;
		EVP_PKEY *pk;
	} last;
	EVP_PKEY *pk;

	if (last.pk != NULL && len == last.len &&
	    memcmp(pub, last.pub, len) == 0) {
		EVP_PKEY_up_ref(last.pk);
		return last.pk;
	}
	pk = read_public(pub, len);
	if (pk == NULL || len > sizeof(last.pub))
		return pk;
	EVP_PKEY_up_ref(pk);
	EVP_PKEY_free(last.pk);
	memcpy(last.pub, pub, len);
	last.len = len;
	last.pk = pk;
	return pk;
}

unsigned
rsa_pub_bits(const uint8_t *pub, size_t len)
{
	EVP_PKEY *pk = load_public(pub, len);
	unsigned bits = pk != NULL ? (unsigned)EVP_PKEY_get_bits(pk) : 0;

	EVP_PKEY_free(pk);
	return bits;
}

/* Whether a block is 00 01 FF .. FF 00 and then exactly this text. */
static bool
is_encoded(const uint8_t *block, size_t len, const uint8_t *text, size_t n)
{
	size_t pad, i;

	if (n + 11 > len || block[0] != 0 || block[1] != 1)
		return false;
	pad = len - n - 3;
	for (i = 0; i < pad; i++)
		if (block[2 + i] != 0xff)
			return false;
	return block[2 + pad] == 0 && bytes_equal(block + 3 + pad, text, n);
}

bool
rsa_verify(const uint8_t *pub, size_t pub_len, enum esp_auth hash,
    const uint8_t *digest, const uint8_t *sig, size_t sig_len, bool bare)
{
	const struct digest_info *i = info_of(hash);
	EVP_PKEY *pk = load_public(pub, pub_len);
	uint8_t got[RSA_SIG_MAX], want[128];
	size_t len = sizeof(got), n;
	EVP_PKEY_CTX *ctx = NULL;
	bool ok = false;

	if (pk != NULL && i != NULL && sig_len <= RSA_SIG_MAX &&
	    sig_len == ((size_t)EVP_PKEY_get_bits(pk) + 7) / 8 &&
	    (ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pk, NULL)) != NULL &&
	    EVP_PKEY_verify_recover_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	    EVP_PKEY_verify_recover(ctx, got, &len, sig, sig_len) == 1 &&
	    len == sig_len) {
		n = digest_info(hash, digest, want);
		ok = is_encoded(got, len, want, n) ||
		    (bare && is_encoded(got, len, digest, i->digest_len));
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pk);
	return ok;
}

/* ---- the store ---- */

struct rsa_store *
rsa_store_new(void)
{
	return xcalloc(1, sizeof(struct rsa_store));
}

static void
key_free(struct rsa_key *k)
{
	EVP_PKEY_free(k->pkey);
	OPENSSL_free(k->pub);
	free(k);
}

static void
clear(struct rsa_store *s)
{
	struct rsa_key *k;

	while ((k = s->first) != NULL) {
		s->first = k->next;
		key_free(k);
	}
}

void
rsa_store_free(struct rsa_store *s)
{
	if (s == NULL)
		return;
	clear(s);
	free(s);
}

struct rsa_key *
rsa_first(const struct rsa_store *s)
{
	return s->first;
}

struct rsa_key *
rsa_find(const struct rsa_store *s, const char *label)
{
	struct rsa_key *k;

	for (k = s->first; k != NULL; k = k->next)
		if (strcmp(k->label, label) == 0)
			return k;
	return NULL;
}

bool
rsa_remove(struct rsa_store *s, const char *label)
{
	struct rsa_key **p, *k;

	for (p = &s->first; (k = *p) != NULL; p = &k->next) {
		if (strcmp(k->label, label) != 0)
			continue;
		*p = k->next;
		key_free(k);
		return true;
	}
	return false;
}

/* Takes pk. NULL (and pk is gone) if it is not a usable RSA key. */
static struct rsa_key *
add(struct rsa_store *s, const char *label, EVP_PKEY *pk, unsigned flags,
    uint64_t made)
{
	struct rsa_key *k = xcalloc(1, sizeof(*k)), **p;
	int len;

	k->pkey = pk;
	len = EVP_PKEY_is_a(pk, "RSA") ? i2d_PUBKEY(pk, &k->pub) : -1;
	if (len <= 0 || EVP_PKEY_get_bits(pk) < RSA_BITS_MIN) {
		key_free(k);
		return NULL;
	}
	str_copy(k->label, label, sizeof(k->label));
	k->pub_len = (size_t)len;
	k->bits = (unsigned)EVP_PKEY_get_bits(pk);
	k->flags = flags;
	k->made = made;
	(void)rsa_remove(s, label);
	for (p = &s->first; *p != NULL; p = &(*p)->next)
		;
	*p = k;
	return k;
}

static int
go_on(EVP_PKEY_CTX *ctx)
{
	const volatile bool *stop = EVP_PKEY_CTX_get_app_data(ctx);

	return !*stop;
}

void *
rsa_make(unsigned bits, const volatile bool *stop)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pk = NULL;

	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) != 1)
		fatal("OpenSSL: RSA key of %u bits", bits);
	EVP_PKEY_CTX_set_app_data(ctx, (void *)(uintptr_t)stop);
	EVP_PKEY_CTX_set_cb(ctx, go_on);
	if (EVP_PKEY_generate(ctx, &pk) != 1) {
		if (!*stop)
			fatal("OpenSSL: RSA key of %u bits", bits);
		ERR_clear_error();
		pk = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return pk;
}

void
rsa_forget(void *pkey)
{
	EVP_PKEY_free(pkey);
}

const struct rsa_key *
rsa_add(struct rsa_store *s, const char *label, void *pkey, unsigned flags,
    uint64_t made)
{
	return add(s, label, pkey, flags, made);
}

const struct rsa_key *
rsa_generate(struct rsa_store *s, const char *label, unsigned bits,
    bool exportable, uint64_t made)
{
	EVP_PKEY *pk = EVP_RSA_gen(bits);
	struct rsa_key *k;

	if (pk == NULL)
		fatal("OpenSSL: RSA key of %u bits", bits);
	k = add(s, label, pk, exportable ? RSA_EXPORTABLE : 0, made);
	if (k == NULL)
		fatal("RSA key of %u bits", bits);
	return k;
}

/*
 * The text of the store, per key:
 *
 *	Key: LABEL
 *	Flags: - or some of: exportable redundancy signature encryption
 *	Made: seconds since 1970
 *	-----BEGIN PRIVATE KEY----- ...
 */
static const char *const flag_names[] = { "exportable", "redundancy",
	"signature", "encryption" };

static void
put_flags(struct strbuf *out, unsigned flags)
{
	size_t i;

	for (i = 0; i < NELEM(flag_names); i++)
		if (flags & 1u << i)
			sb_printf(out, " %s", flag_names[i]);
	if (flags == 0)
		sb_printf(out, " -");
}

static unsigned
get_flags(const char *text)
{
	unsigned flags = 0;
	size_t i;

	for (i = 0; i < NELEM(flag_names); i++)
		if (strstr(text, flag_names[i]) != NULL)
			flags |= 1u << i;
	return flags;
}

void
rsa_store_save(const struct rsa_store *s, struct strbuf *out)
{
	const struct rsa_key *k;
	char *pem;
	long len;
	BIO *bio;

	for (k = s->first; k != NULL; k = k->next) {
		sb_printf(out, "Key: %s\nFlags:", k->label);
		put_flags(out, k->flags);
		sb_printf(out, "\nMade: %llu\n", (unsigned long long)k->made);
		bio = BIO_new(BIO_s_secmem());
		if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, k->pkey,
		    NULL, NULL, 0, NULL, NULL) != 1 ||
		    (len = BIO_get_mem_data(bio, &pem)) <= 0)
			fatal("OpenSSL: key %s cannot be written", k->label);
		sb_add(out, pem, (size_t)len);
		BIO_free(bio);
	}
}

/* One line of text without its end; false at the end of the input. */
static bool
next_line(const char **p, const char *end, char *line, size_t size)
{
	const char *nl;
	size_t n;

	if (*p >= end)
		return false;
	nl = memchr(*p, '\n', (size_t)(end - *p));
	n = (size_t)((nl != NULL ? nl : end) - *p);
	if (n >= size)
		n = size - 1;
	memcpy(line, *p, n);
	line[n] = '\0';
	*p = nl != NULL ? nl + 1 : end;
	return true;
}

int
rsa_no_pass(char *buf UNUSED, int size UNUSED, int rwflag UNUSED,
    void *arg UNUSED)
{
	return -1;
}

static bool
load_key(struct rsa_store *s, const char **p, const char *end)
{
	char label[128], flags[128], made[128], line[128];
	const char *pem;
	EVP_PKEY *pk;
	BIO *bio;

	if (!next_line(p, end, label, sizeof(label)) ||
	    !next_line(p, end, flags, sizeof(flags)) ||
	    !next_line(p, end, made, sizeof(made)) ||
	    strncmp(label, "Key: ", 5) != 0 || label[5] == '\0' ||
	    strlen(label + 5) >= SA_NAME_MAX ||
	    strncmp(flags, "Flags: ", 7) != 0 ||
	    strncmp(made, "Made: ", 6) != 0)
		return false;
	pem = *p;
	do
		if (!next_line(p, end, line, sizeof(line)))
			return false;
	while (strncmp(line, "-----END ", 9) != 0);
	bio = BIO_new_mem_buf(pem, (int)(*p - pem));
	pk = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, rsa_no_pass,
	    NULL) : NULL;
	BIO_free(bio);
	return pk != NULL && add(s, label + 5, pk,
	    get_flags(flags + 7),
	    strtoull(made + 6, NULL, 10)) != NULL;
}

int
rsa_store_load(struct rsa_store *s, const char *text, size_t len)
{
	struct rsa_store fresh = { NULL };
	const char *p = text, *end = text + len;

	while (p < end)
		if (!load_key(&fresh, &p, end)) {
			clear(&fresh);
			return -1;
		}
	clear(s);
	*s = fresh;
	return 0;
}
