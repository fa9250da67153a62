/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Payloads of quick mode: the SA payload with its proposals (RFC 2407 4.2 to
 * 4.5), proxy identities, RESPONDER-LIFETIME, NAT-OA (RFC 3947 5.2). Knows no
 * state and no keys.
 */
#ifndef COHORT_QM_MSG_H
#define COHORT_QM_MSG_H

#include "ike/esp_ids.h"
#include "ike/isakmp.h"

enum qm_encap {
	ENCAP_NONE, /* not said: what RFC 2407 leaves to us, tunnel mode */
	ENCAP_TUNNEL,
	ENCAP_TRANSPORT,
	ENCAP_UDP_TUNNEL,    /* RFC 3947 */
	ENCAP_UDP_TRANSPORT,
	ENCAP_DRAFT_TUNNEL = 61443, /* drafts 02 and 03 of it */
	ENCAP_DRAFT_TRANSPORT = 61444,
};

/* One way to protect, as it is offered. */
struct qm_transform {
	struct esp_transform esp;
	uint16_t encap;	    /* enum qm_encap */
	uint8_t group;	    /* Diffie-Hellman; 0: none */
	uint32_t seconds;   /* 0: not said */
	uint32_t kilobytes; /* 0: not said */
};

#define QM_PROPOSALS_MAX 50 /* of an offer, more are not looked at */
#define QM_TRANSFORM_MAX 160 /* octets of one that is taken */

/* What the responder takes, and as it stands in the offer. */
struct qm_choice {
	struct qm_transform t;
	uint32_t spi; /* the peer's */
	uint8_t proposal;
	uint8_t raw[QM_TRANSFORM_MAX];
	size_t len;
	unsigned looked_at; /* transforms, for debug */
};

/* Body of an SA payload: each of them a proposal of its own, best first. */
void qm_put_sa(struct wr *, const struct qm_transform *, unsigned n,
    uint32_t spi);
/* The first offered transform that fits. N_NONE, or why there is none. */
typedef bool qm_fits_fn(const void *arg, const struct qm_transform *);
uint16_t qm_choose(struct rd sa, qm_fits_fn *, const void *arg,
    struct qm_choice *) MUST_USE;
/* The same, of an answer: it must be the only one. */
uint16_t qm_accept(struct rd sa, qm_fits_fn *, const void *arg,
    struct qm_choice *) MUST_USE;
/* Body of the answer, which holds that transform unchanged. */
void qm_put_choice(struct wr *, const struct qm_choice *, uint32_t spi);

/* A proxy identity: what an SA is for, on one side. */
struct qm_proxy {
	uint32_t addr, mask;
	uint8_t proto;	/* 0: any */
	uint16_t port;	/* 0: any */
};

void qm_put_id(struct wr *, const struct qm_proxy *);
bool qm_get_id(struct rd, struct qm_proxy *) MUST_USE;
static inline bool
qm_same_proxy(const struct qm_proxy *a, const struct qm_proxy *b)
{
	return a->addr == b->addr && a->mask == b->mask &&
	    a->proto == b->proto && a->port == b->port;
}
/* "10.1.0.0/255.255.0.0/0/0" as debug output has it; buf of 64. */
const char *qm_proxy_str(const struct qm_proxy *, char *buf);

/* NAT-OA: an address as its owner sees it. */
void qm_put_oa(struct wr *, uint32_t addr);
bool qm_get_oa(struct rd, uint32_t *addr) MUST_USE;

/* Data of RESPONDER-LIFETIME. */
void qm_put_lifetime(struct wr *, uint32_t seconds, uint32_t kilobytes);
bool qm_get_lifetime(struct rd, uint32_t *seconds, uint32_t *kilobytes)
    MUST_USE;

#endif
