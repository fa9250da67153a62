/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The seam between ESP and whoever computes: a burst of jobs at once. Today
 * OpenSSL (crypto_openssl.c); a multi-buffer library takes the same jobs.
 */
#ifndef COHORT_CRYPTO_H
#define COHORT_CRYPTO_H

#include "base/sa.h"

/* Keys of one SA, ready to use, in both directions. Belongs to one thread
 * at a time: the contexts inside are stateful. */
struct crypto_sa;

/* Once per process, before privileges are dropped: fetches the algorithms.
 * False: this OpenSSL lacks one; SAs that need it are refused. */
bool crypto_init(void);
/* NULL: key sizes do not fit the transform, or no such algorithm. */
struct crypto_sa *crypto_sa_new(const struct sa_tek *) MUST_USE;
void crypto_sa_free(struct crypto_sa *);

/* esp: SPI, sequence number, IV, then len octets of text with its trailer,
 * then room for the ICV. Encrypts in place and writes the ICV, or compares
 * the ICV in constant time and decrypts in place. */
struct crypto_job {
	struct crypto_sa *sa;
	uint8_t *esp;
	uint32_t len;
	bool decrypt;
	enum crypto_status { CRYPTO_OK, CRYPTO_BAD_ICV, CRYPTO_FAILED }
	    status; /* the result */
};

void crypto_burst(struct crypto_job *, unsigned n);

#endif
