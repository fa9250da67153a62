/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The SA payload of phase 1 (RFC 2408 3.4-3.6, RFC 2409 appendix A): what
 * the initiator offers, which transform the responder takes.
 */
#ifndef COHORT_PROPOSAL_H
#define COHORT_PROPOSAL_H

#include "conf/conf.h"
#include "ike/isakmp.h"

struct ike_suite {
	uint8_t cipher;	   /* enum ike_cipher */
	uint8_t hash;	   /* enum ike_hash */
	uint8_t auth;	   /* enum ike_auth */
	uint8_t group;
	uint16_t key_bits; /* AES */
	uint32_t lifetime; /* seconds, 0: none given */
};

#define PROPOSAL_MAX 50 /* transforms in one offer that are looked at */

/* What a configuration allows with pre-shared keys, best first; the suite of
 * new IOS images when it has no policy at all. Returns the number. */
unsigned proposal_suites(const struct conf *, struct ike_suite *,
    unsigned max);
/* The body of an SA payload (from the DOI on) that offers them. */
void proposal_put(struct wr *, uint32_t doi, const struct ike_suite *,
    unsigned n);
/* As responder: the first offered transform that fits one of ours. Writes
 * the body of the answer, which holds that transform unchanged, unless answer
 * is NULL. N_NONE, or why not. */
uint16_t proposal_choose(struct rd sa, const struct ike_suite *ours,
    unsigned n, struct ike_suite *chosen, struct wr *answer) MUST_USE;
/* As initiator: the one transform of the answer, if it is one of ours. */
uint16_t proposal_accept(struct rd sa, const struct ike_suite *ours,
    unsigned n, struct ike_suite *chosen) MUST_USE;

#endif
