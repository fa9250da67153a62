/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Control-plane cryptography over OpenSSL 3: hash, prf = HMAC(hash), CBC of
 * DES, 3DES and AES, key derivation of IKEv1 (RFC 2409 section 5, appendix
 * B). Algorithms are fetched once. Failures of OpenSSL itself are fatal.
 */
#ifndef COHORT_IKECRYPTO_H
#define COHORT_IKECRYPTO_H

#include "base/key.h"
#include "conf/conf.h"

#define IKE_HASH_MAX 64
#define IKE_BLOCK_MAX 16

struct chunk {
	const void *p;
	size_t len;
};
#define CHUNK(p, len) ((struct chunk){ (p), (len) })
#define CHUNK_KEY(k) ((struct chunk){ (k)->data, (k)->len })

size_t ike_hash_len(enum ike_hash); /* 0: unknown */
void ike_hash(enum ike_hash, const struct chunk *in, size_t n, uint8_t *out);
void ike_prf(enum ike_hash, struct chunk key, const struct chunk *in,
    size_t n, uint8_t *out);
#define IKE_HASH(hash, out, ...)                                              \
	ike_hash((hash), (const struct chunk[]){ __VA_ARGS__ },               \
	    NELEM(((const struct chunk[]){ __VA_ARGS__ })), (out))
#define IKE_PRF(hash, key, out, ...)                                          \
	ike_prf((hash), (key), (const struct chunk[]){ __VA_ARGS__ },         \
	    NELEM(((const struct chunk[]){ __VA_ARGS__ })), (out))

size_t ike_block_len(enum ike_cipher);
/* Octets; 0: no such cipher with that key length. */
size_t ike_cipher_key_len(enum ike_cipher, unsigned key_bits);
/* In place, whole blocks; false if len is not (or 0). Afterwards iv is the
 * last block of ciphertext: the IV of the message that follows. */
bool ike_cbc(enum ike_cipher, const struct key *, uint8_t *iv, uint8_t *data,
    size_t len, bool encrypt) MUST_USE;

/* SKEYID of a pre-shared key and what is derived from it. */
struct ike_keys {
	struct key skeyid, skeyid_d, skeyid_a, skeyid_e;
	struct key cipher_key;
};
struct ike_kdf_in {
	enum ike_hash hash;
	enum ike_cipher cipher;
	unsigned key_bits;
	struct chunk ni, nr, gxy;
	const uint8_t *icookie, *rcookie;
};
void ike_skeyid_psk(struct ike_keys *, const struct ike_kdf_in *,
    struct chunk psk);
void ike_skeyid_sig(struct ike_keys *, const struct ike_kdf_in *);
/* The others, from skeyid. */
void ike_derive(struct ike_keys *, const struct ike_kdf_in *);
void ike_keys_wipe(struct ike_keys *);

#endif
