/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages 1 and 2 of main mode as responder, without an SA. Runs in process
 * ike.
 *
 * Our cookie proves that a peer receives at its address: it is a MAC over
 * addresses, its cookie, what it offered and what we chose, and only a
 * message 3 that repeats it makes an SA. IKEv1 hashes the offer into message
 * 5, and message 3 does not repeat it, so offers are remembered, each only
 * once, however many peers send it: members of one network all send the same
 * ones. Those that were part of a successful authentication have a place of
 * their own, where a flood of other offers cannot push them out.
 *
 *	cookie = 3 octets of the offer's digest | 5 octets of the MAC
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ike/ike_priv.h"

#define EPOCH_MS 90000 /* a cookie is good for one or two of them */
#define BUCKETS 16384
#define BODY_MAX 4096 /* an offer of a hundred transforms */
#define UNPROVEN_BYTES ((size_t)8 << 20)
#define PROVEN_BYTES ((size_t)1 << 20)
#define ID_LEN 3

struct offer {
	LIST_ENTRY(offer) bucket;
	TAILQ_ENTRY(offer) link; /* least recently used first */
	uint8_t digest[32];
	bool proven, dpd;
	uint8_t natt_vid;
	char version[16];
	size_t len;
	uint8_t sa[];		 /* body of the SA payload */
};

TAILQ_HEAD(offer_list, offer);

struct admit {
	uint8_t secret[2][32];	 /* of this epoch and the one before */
	uint8_t digest_key[32];
	uint64_t next_epoch;
	LIST_HEAD(, offer) buckets[BUCKETS];
	struct offer_list lists[2]; /* [proven] */
	size_t bytes[2];
};

/* ---- offers ---- */

static void
make_digest(const struct admit *a, const struct ike_hello *h, uint8_t *out)
{
	uint8_t says[] = { h->dpd, h->natt_vid };

	IKE_PRF(IKE_SHA256, CHUNK(a->digest_key, sizeof(a->digest_key)), out,
	    CHUNK(says, sizeof(says)), CHUNK(h->version, sizeof(h->version)),
	    CHUNK(h->sa, h->sa_len));
}

static unsigned
bucket_of(const uint8_t *digest)
{
	return (digest[0] | digest[1] << 8) % BUCKETS;
}

static size_t
size_of(const struct offer *o)
{
	return sizeof(*o) + o->len;
}

static void
offer_link(struct admit *a, struct offer *o)
{
	TAILQ_INSERT_TAIL(&a->lists[o->proven], o, link);
	a->bytes[o->proven] += size_of(o);
}

static void
offer_unlink(struct admit *a, struct offer *o)
{
	TAILQ_REMOVE(&a->lists[o->proven], o, link);
	a->bytes[o->proven] -= size_of(o);
}

static void
offer_free(struct admit *a, struct offer *o)
{
	offer_unlink(a, o);
	LIST_REMOVE(o, bucket);
	free(o);
}

static struct offer *
offer_find(struct admit *a, const uint8_t *digest)
{
	struct offer *o;

	LIST_FOREACH(o, &a->buckets[bucket_of(digest)], bucket)
		if (memcmp(o->digest, digest, sizeof(o->digest)) == 0)
			return o;
	return NULL;
}

/* The offer, as the most recently used one. */
static struct offer *
offer_keep(struct ike *ike, const struct ike_hello *h, bool proven)
{
	struct admit *a = ike->admit;
	uint8_t digest[32];
	struct offer *o;

	make_digest(a, h, digest);
	if ((o = offer_find(a, digest)) != NULL) {
		offer_unlink(a, o);
	} else {
		o = xcalloc(1, sizeof(*o) + h->sa_len);
		memcpy(o->digest, digest, sizeof(o->digest));
		o->dpd = h->dpd;
		o->natt_vid = h->natt_vid;
		memcpy(o->version, h->version, sizeof(o->version));
		o->len = h->sa_len;
		memcpy(o->sa, h->sa, h->sa_len);
		LIST_INSERT_HEAD(&a->buckets[bucket_of(digest)], o, bucket);
	}
	o->proven |= proven;
	offer_link(a, o);
	while (a->bytes[o->proven] > (o->proven ? PROVEN_BYTES :
	    UNPROVEN_BYTES))
		offer_free(a, TAILQ_FIRST(&a->lists[o->proven]));
	ike->stats.offer_bytes = (uint32_t)(a->bytes[0] + a->bytes[1]);
	return o;
}

static struct ike_hello
hello_of(const struct offer *o)
{
	struct ike_hello h = { .sa = o->sa, .sa_len = o->len, .dpd = o->dpd,
		.natt_vid = o->natt_vid };

	memcpy(h.version, o->version, sizeof(h.version));
	return h;
}

/* ---- cookies ---- */

static struct admit *
get_admit(struct ike *ike)
{
	struct admit *a = ike->admit;
	uint64_t now = ike_now(ike);
	unsigned i;

	if (a == NULL) {
		a = ike->admit = xcalloc(1, sizeof(*a));
		TAILQ_INIT(&a->lists[0]);
		TAILQ_INIT(&a->lists[1]);
		ike_random(ike, a->digest_key, sizeof(a->digest_key));
	}
	for (i = 0; i < 2 && now >= a->next_epoch; i++) {
		memcpy(a->secret[1], a->secret[0], sizeof(a->secret[1]));
		ike_random(ike, a->secret[0], sizeof(a->secret[0]));
		a->next_epoch += EPOCH_MS;
	}
	if (now >= a->next_epoch) /* long nothing, both are new */
		a->next_epoch = now + EPOCH_MS;
	return a;
}

static void
make_cookie(const uint8_t *secret, const struct offer *o,
    const struct ike_suite *s, struct udp_addr local, struct udp_addr from,
    const uint8_t *icookie, uint8_t *out)
{
	uint8_t ends[12], suite[10], mac[IKE_HASH_MAX];
	struct wr w = wr_of(ends, sizeof(ends));

	wr_u32(&w, local.addr);
	wr_u16(&w, local.port);
	wr_u32(&w, from.addr);
	wr_u16(&w, from.port);
	w = wr_of(suite, sizeof(suite));
	wr_u8(&w, s->cipher);
	wr_u8(&w, s->hash);
	wr_u8(&w, s->auth);
	wr_u8(&w, s->group);
	wr_u16(&w, s->key_bits);
	wr_u32(&w, s->lifetime);
	IKE_PRF(IKE_SHA256, CHUNK(secret, 32), mac, CHUNK(ends, sizeof(ends)),
	    CHUNK(icookie, ISAKMP_COOKIE_LEN), CHUNK(suite, sizeof(suite)),
	    CHUNK(o->digest, sizeof(o->digest)));
	memcpy(out, o->digest, ID_LEN);
	memcpy(out + ID_LEN, mac, ISAKMP_COOKIE_LEN - ID_LEN);
	out[ID_LEN] |= 1; /* never all zero */
}

/* ---- messages ---- */

void
admit_first(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len)
{
	struct admit *a = get_admit(ike);
	struct isakmp_hdr h = { .exchange = ISAKMP_X_MAIN };
	struct ike_suite suite;
	struct isakmp_out o;
	struct isakmp_msg m;
	struct ike_hello hello;
	struct offer *offer;

	if (!isakmp_parse(&m, data, len) ||
	    !main_mode_hello(ike, &m, &hello) || hello.sa_len > BODY_MAX) {
		ike_bad(ike, from.addr, "malformed offer");
		return;
	}
	if (!main_mode_choose(ike, local, from, &m.hdr, &hello, &suite))
		return;
	offer = offer_keep(ike, &hello, false);
	memcpy(h.icookie, m.hdr.icookie, sizeof(h.icookie));
	make_cookie(a->secret[0], offer, &suite, local, from, h.icookie,
	    h.rcookie);
	isakmp_out_begin(&o, ike->out, sizeof(ike->out), &h);
	main_mode_put_choice(ike, &hello, &o);
	isakmp_out_length(&o);
	if (!wr_ok(&o.w) || wr_len(&o.w) > len) /* never an amplifier */
		return;
	ike->stats.first++;
	ike->env.send(ike->env.arg, local, from, ike->out, wr_len(&o.w));
}

/* Whether a cookie is ours for that peer; then the SA that messages 1 and 2
 * would have made. */
struct ike_sa *
admit_second(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const struct isakmp_hdr *h)
{
	struct admit *a = get_admit(ike);
	uint8_t want[ISAKMP_COOKIE_LEN];
	struct ike_suite suite;
	struct ike_hello hello;
	struct offer *o;
	unsigned e;

	LIST_FOREACH(o, &a->buckets[bucket_of(h->rcookie)], bucket) {
		if (memcmp(o->digest, h->rcookie, ID_LEN) != 0)
			continue;
		hello = hello_of(o);
		if (!main_mode_choose(ike, local, from, NULL, &hello, &suite))
			continue;
		for (e = 0; e < 2; e++) {
			make_cookie(a->secret[e], o, &suite, local, from,
			    h->icookie, want);
			if (bytes_equal(want, h->rcookie, sizeof(want)))
				return main_mode_respond(ike, local, from, h,
				    &hello, &suite);
		}
	}
	return NULL;
}

/* The peer has authenticated itself: its offer is a good one. */
void
admit_proven(struct ike_sa *sa)
{
	struct ike_hello h = { .sa = sa->sai_b, .sa_len = sa->sai_len,
		.dpd = sa->peer_dpd, .natt_vid = sa->natt_vid };

	if (sa->initiator || sa->sai_len > BODY_MAX)
		return;
	(void)get_admit(sa->ike);
	memcpy(h.version, sa->peer_version, sizeof(h.version));
	(void)offer_keep(sa->ike, &h, true);
}

void
admit_free(struct ike *ike)
{
	struct admit *a = ike->admit;
	struct offer *o;
	unsigned i;

	if (a == NULL)
		return;
	for (i = 0; i < 2; i++)
		while ((o = TAILQ_FIRST(&a->lists[i])) != NULL)
			offer_free(a, o);
	explicit_bzero(a, sizeof(*a));
	free(a);
	ike->admit = NULL;
}
