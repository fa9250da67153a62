/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RSA: the named key pairs of this router, signing with them and checking
 * signatures of others. Private keys stay in here; the store leaves the
 * process only as the text that gdoi_keys_save() writes into a file.
 */
#ifndef COHORT_RSA_H
#define COHORT_RSA_H

#include "base/sa.h"

#define RSA_SIG_MAX 1024 /* octets: 8192 bits */
#define RSA_BITS_MIN 512
#define RSA_BITS_MAX 4096
#define RSA_KEYS_MAX 100
#define RSA_BITS_WEAK 2048 /* keys below are named as weak */

enum rsa_flag {
	RSA_EXPORTABLE = 1,
	RSA_REDUNDANCY = 2, /* shown only: there is no standby */
	RSA_SIGNATURE = 4,  /* usage as asked for, shown only */
	RSA_ENCRYPTION = 8,
};

struct rsa_store;

struct rsa_key {
	struct rsa_key *next;
	char label[SA_NAME_MAX];
	unsigned flags; /* enum rsa_flag */
	unsigned bits;
	uint64_t made;	/* seconds since 1970 */
	uint8_t *pub;	/* DER SubjectPublicKeyInfo */
	size_t pub_len;
	void *pkey;
};

struct rsa_store *rsa_store_new(void) MUST_USE;
void rsa_store_free(struct rsa_store *);
struct rsa_key *rsa_find(const struct rsa_store *, const char *label);
struct rsa_key *rsa_first(const struct rsa_store *); /* then ->next */
/* Replaces a key of the same label. */
const struct rsa_key *rsa_generate(struct rsa_store *, const char *label,
    unsigned bits, bool exportable, uint64_t made);
/* The same in two steps: the long one needs no store and may run in another
 * thread, until *stop; NULL then. Takes pkey; NULL: not usable. */
void *rsa_make(unsigned bits, const volatile bool *stop) MUST_USE;
void rsa_forget(void *pkey);
const struct rsa_key *rsa_add(struct rsa_store *, const char *label,
    void *pkey, unsigned flags, uint64_t made);
bool rsa_remove(struct rsa_store *, const char *label);
int rsa_store_load(struct rsa_store *, const char *text, size_t len) MUST_USE;
void rsa_store_save(const struct rsa_store *, struct strbuf *);

/* ---- PEM (rsa_pem.c) ---- */

enum rsa_wrap { RSA_WRAP_3DES, RSA_WRAP_AES };
void rsa_pem_public(const struct rsa_key *, struct strbuf *out);
/* PKCS#1, encrypted. */
bool rsa_pem_private(const struct rsa_key *, enum rsa_wrap, const char *pass,
    struct strbuf *out) MUST_USE;
/* What people paste: for rsa_add(), or NULL and why. An empty pub: whatever
 * belongs to priv. May run in another thread. */
void *rsa_pem_read(const char *pub, const char *priv, const char *pass,
    const char **why) MUST_USE;
/* For readers of PEM: without it OpenSSL would ask at the terminal. */
int rsa_no_pass(char *, int, int, void *);
/* Exact lines out of what a terminal made of them. */
void rsa_pem_clean(const char *text, struct strbuf *out);

bool rsa_can_sign(const struct rsa_key *, enum esp_auth hash) MUST_USE;
/* EMSA-PKCS1-v1_5 over a digest; length of the signature, 0 if the key is
 * too short for it. */
size_t rsa_sign(const struct rsa_key *, enum esp_auth hash,
    const uint8_t *digest, uint8_t *sig) MUST_USE;
/* bare: also accepts a digest without DigestInfo, as old GDOI code and
 * IKEv1 sign. */
bool rsa_verify(const uint8_t *pub, size_t pub_len, enum esp_auth hash,
    const uint8_t *digest, const uint8_t *sig, size_t sig_len, bool bare)
    MUST_USE;
/* Bits of the modulus; 0: not an RSA public key that we would use. */
unsigned rsa_pub_bits(const uint8_t *pub, size_t pub_len);

#endif
