/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The SA payload of phase 1. DOI 2 (GDOI) is sent, 1 and 2 are accepted.
 * Runs in process ike.
 */
#include "config.h"

#include <string.h>

#include "ike/dh.h"
#include "ike/ikecrypto.h"
#include "ike/proposal.h"

enum { /* attributes, RFC 2409 appendix A */
	A_CIPHER = 1,
	A_HASH = 2,
	A_AUTH = 3,
	A_GROUP = 4,
	A_LIFE_TYPE = 11,
	A_LIFE = 12,
	A_KEY_LEN = 14,
};
#define LIFE_SECONDS 1
#define KEY_IKE 1

unsigned
proposal_suites(const struct conf *c, struct ike_suite *s, unsigned max)
{
	static const struct ike_suite builtin = { IKE_AES, IKE_SHA1, IKE_PSK,
		5, 128, 86400 };
	const struct isakmp_policy *p;
	unsigned n = 0;

	if (c->isakmp_policies.n == 0 && c->isakmp_no_default)
		return 0;
	if (c->isakmp_policies.n == 0 && max > 0) {
		s[0] = builtin;
		return 1;
	}
	CF_FOREACH (p, &c->isakmp_policies) {
		if (p->auth != IKE_PSK || n == max)
			continue; /* certificates are not there yet */
		s[n++] = (struct ike_suite){ p->cipher, p->hash, p->auth,
			p->group, p->cipher == IKE_AES ? p->key_bits : 0,
			p->lifetime };
	}
	return n;
}

static void
put_transform(struct wr *w, const struct ike_suite *s, unsigned number,
    bool last)
{
	size_t at = wr_len(w);

	wr_u8(w, last ? ISAKMP_NONE : ISAKMP_T);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u8(w, (uint8_t)number);
	wr_u8(w, KEY_IKE);
	wr_u16(w, 0);
	isakmp_put_tv(w, A_CIPHER, s->cipher);
	isakmp_put_tv(w, A_HASH, s->hash);
	isakmp_put_tv(w, A_AUTH, s->auth);
	isakmp_put_tv(w, A_GROUP, s->group);
	if (s->lifetime != 0) {
		isakmp_put_tv(w, A_LIFE_TYPE, LIFE_SECONDS);
		isakmp_put_num(w, A_LIFE, s->lifetime);
	}
	if (s->cipher == IKE_AES)
		isakmp_put_tv(w, A_KEY_LEN, s->key_bits);
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at));
}

/* DOI, situation and the header of the only proposal; returns where the
 * length of the proposal goes. */
static size_t
put_proposal(struct wr *w, uint32_t doi, unsigned number, unsigned ntransforms)
{
	size_t at;

	wr_u32(w, doi);
	wr_u32(w, doi == DOI_IPSEC ? 1 : 0);
	at = wr_len(w);
	wr_u8(w, ISAKMP_NONE);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u8(w, (uint8_t)number);
	wr_u8(w, PROTO_ISAKMP);
	wr_u8(w, 0);
	wr_u8(w, (uint8_t)ntransforms);
	return at;
}

void
proposal_put(struct wr *w, uint32_t doi, const struct ike_suite *s, unsigned n)
{
	size_t at = put_proposal(w, doi, 1, n);
	unsigned i;

	for (i = 0; i < n; i++)
		put_transform(w, &s[i], i, i + 1 == n);
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at));
}

/* A transform as it stands in a proposal. */
struct offer {
	struct ike_suite suite;
	const uint8_t *raw; /* with its generic header */
	size_t len;
	bool usable;	    /* nothing in it that is unknown */
};

static bool
get_transform(struct rd r, struct offer *o)
{
	struct ike_suite *s = &o->suite;
	struct isakmp_attr a;
	uint32_t life_type = 0;

	memset(s, 0, sizeof(*s));
	o->usable = true;
	(void)rd_u8(&r); /* number */
	if (rd_u8(&r) != KEY_IKE)
		o->usable = false;
	(void)rd_u16(&r);
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a))
			return false;
		if (a.len > 8 || (a.type != A_LIFE && a.num > UINT16_MAX)) {
			o->usable = false;
			continue;
		}
		switch (a.type) {
		case A_CIPHER: s->cipher = (uint8_t)a.num; break;
		case A_HASH: s->hash = (uint8_t)a.num; break;
		case A_AUTH: s->auth = (uint8_t)a.num; break;
		case A_GROUP: s->group = (uint8_t)a.num; break;
		case A_KEY_LEN: s->key_bits = (uint16_t)a.num; break;
		case A_LIFE_TYPE: life_type = (uint32_t)a.num; break;
		case A_LIFE:
			if (life_type == LIFE_SECONDS)
				s->lifetime = a.num > UINT32_MAX ? UINT32_MAX :
				    (uint32_t)a.num;
			break;
		default: o->usable = false;
		}
		if (a.type <= A_GROUP && a.num > UINT8_MAX)
			o->usable = false;
	}
	return rd_end(&r);
}

/* Walks the transforms of the first proposal for ISAKMP. Calls back for
 * each; stops when that returns true. False: malformed. */
struct walk {
	uint32_t doi;
	uint8_t proposal;
	unsigned ntransforms;
};

static bool
get_proposal(struct rd *sa, struct walk *w, struct rd *transforms)
{
	struct isakmp_pl p;
	struct rd r;
	uint8_t next = ISAKMP_P, spi_size;

	w->doi = rd_u32(sa);
	(void)rd_u32(sa); /* situation */
	if (!rd_ok(sa) || (w->doi != DOI_IPSEC && w->doi != DOI_GDOI) ||
	    !isakmp_get_pl(sa, &next, &p))
		return false;
	r = isakmp_rd(&p);
	w->proposal = rd_u8(&r);
	if (rd_u8(&r) != PROTO_ISAKMP)
		return false;
	spi_size = rd_u8(&r);
	w->ntransforms = rd_u8(&r);
	rd_skip(&r, spi_size);
	*transforms = r;
	return rd_ok(&r) && w->ntransforms > 0;
}

static bool
next_offer(struct rd *r, uint8_t *next, struct offer *o)
{
	struct isakmp_pl p;

	if (*next != ISAKMP_T || !isakmp_get_pl(r, next, &p))
		return false;
	o->raw = p.raw;
	o->len = p.raw_len;
	return get_transform(isakmp_rd(&p), o);
}

static const struct ike_suite *
find_suite(const struct offer *o, const struct ike_suite *ours, unsigned n)
{
	const struct ike_suite *s = &o->suite;
	unsigned i;

	if (!o->usable || ike_cipher_key_len(s->cipher, s->key_bits) == 0 ||
	    ike_hash_len(s->hash) == 0 || dh_pub_len(s->group) == 0)
		return NULL;
	for (i = 0; i < n; i++)
		if (ours[i].cipher == s->cipher && ours[i].hash == s->hash &&
		    ours[i].auth == s->auth && ours[i].group == s->group &&
		    ours[i].key_bits == s->key_bits)
			return &ours[i];
	return NULL;
}

static uint32_t
shorter(uint32_t a, uint32_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

uint16_t
proposal_choose(struct rd sa, const struct ike_suite *ours, unsigned n,
    struct ike_suite *chosen, struct wr *answer)
{
	const struct ike_suite *mine;
	struct offer o;
	struct walk w;
	struct rd r;
	uint8_t next = ISAKMP_T;
	unsigned i;
	size_t at, start;

	if (!get_proposal(&sa, &w, &r))
		return N_MALFORMED;
	for (i = 0; i < w.ntransforms && i < PROPOSAL_MAX; i++) {
		if (!next_offer(&r, &next, &o))
			return N_MALFORMED;
		if ((mine = find_suite(&o, ours, n)) == NULL)
			continue;
		*chosen = *mine;
		chosen->lifetime = shorter(mine->lifetime, o.suite.lifetime);
		if (answer == NULL)
			return N_NONE;
		at = put_proposal(answer, w.doi, w.proposal, 1);
		start = wr_len(answer);
		wr_bytes(answer, o.raw, o.len);
		wr_patch_u8(answer, start, ISAKMP_NONE);
		wr_patch_u16(answer, at + 2, (uint16_t)(wr_len(answer) - at));
		return wr_ok(answer) ? N_NONE : N_MALFORMED;
	}
	return N_NO_PROPOSAL;
}

uint16_t
proposal_accept(struct rd sa, const struct ike_suite *ours, unsigned n,
    struct ike_suite *chosen)
{
	const struct ike_suite *mine;
	struct offer o;
	struct walk w;
	struct rd r;
	uint8_t next = ISAKMP_T;

	if (!get_proposal(&sa, &w, &r) || w.ntransforms != 1 ||
	    !next_offer(&r, &next, &o))
		return N_MALFORMED;
	if ((mine = find_suite(&o, ours, n)) == NULL)
		return N_BAD_PROPOSAL;
	*chosen = *mine;
	chosen->lifetime = shorter(mine->lifetime, o.suite.lifetime);
	return N_NONE;
}
