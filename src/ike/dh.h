/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Diffie-Hellman of IKE: MODP groups 1, 2, 5, 14, 15, 16, 24 and the curves
 * 19, 20, 21 (RFC 2409, 3526, 5114, 5903). Public values have the length of
 * the prime (curves: x | y), shared secrets too (curves: x): padded on the
 * left. Randomness is given by the caller.
 */
#ifndef COHORT_DH_H
#define COHORT_DH_H

#include "base/base.h"

#define DH_PUB_MAX 512
#define DH_PRIV_MAX 66

struct dh; /* a private value; wiped by dh_free */

size_t dh_pub_len(unsigned group);    /* 0: no such group */
size_t dh_shared_len(unsigned group);
size_t dh_priv_len(unsigned group);   /* random octets that dh_new wants */

struct dh *dh_new(unsigned group, const uint8_t *random, size_t len) MUST_USE;
void dh_free(struct dh *);
void dh_public(const struct dh *, uint8_t *out); /* dh_pub_len octets */
/* dh_shared_len octets; false for a public value that is none (wrong length,
 * 0, 1, p-1, p and more, off the curve, not in the subgroup of group 24). */
bool dh_shared(const struct dh *, const uint8_t *peer, size_t len,
    uint8_t *out) MUST_USE;

#endif
