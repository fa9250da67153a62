/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quick mode (RFC 2409 5.5), both roles, as an exchange under a phase-1 SA.
 * Runs in process ike.
 *
 *	initiator			responder
 *	1 HDR* HASH(1) SA Ni [KE] IDci IDcr [NAT-OA NAT-OA] ->
 *		<- 2 HDR* HASH(2) SA Nr [KE] IDci IDcr [N]
 *	3 HDR* HASH(3)			->
 *
 * Who may hear ESP first has its inbound SA first: the responder with message
 * 2, the initiator with 3. Each sends with the new SA when it knows that the
 * other one can read it: the initiator behind 3, the responder when 3 has
 * come. So nothing is lost, whatever is lost of these messages.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipsec/ipsec_priv.h"

#define LIFE_UNSAID 28800 /* seconds, RFC 2407 4.5 */
#define SECONDS_MIN 30
#define KILOBYTES_MIN 1024

static const char spi_is_taken[] = "its SPI is that of another SA";

static struct quick *
quick_new(struct ipsec *s, struct ipsec_flow *f, struct exch *x)
{
	struct quick *q = xcalloc(1, sizeof(*q));

	q->s = s;
	q->flow = f;
	q->x = x;
	LIST_INSERT_HEAD(&s->quicks, q, link);
	return q;
}

static enum exch_verdict
refuse(struct exch *x, uint16_t notify, const char *why)
{
	char peer[IP4_STRLEN];

	x->notify = notify;
	x->why = why;
	x->ike->stats.bad++;
	ike_log_limited(x->ike, x->sa->remote.addr, LOG_IKMP_MODE_FAILURE,
	    "Quick", ip4_str(x->sa->remote.addr, peer), why);
	return EX_REFUSE;
}

/* ---- what fits ---- */

static uint16_t
encap_for(const struct ike_sa *sa, bool transport)
{
	if (!sa->nat_local && !sa->nat_remote)
		return transport ? ENCAP_TRANSPORT : ENCAP_TUNNEL;
	if (sa->natt == NATT_DRAFT)
		return transport ? ENCAP_DRAFT_TRANSPORT : ENCAP_DRAFT_TUNNEL;
	return transport ? ENCAP_UDP_TRANSPORT : ENCAP_UDP_TUNNEL;
}

static bool
is_transport(uint16_t encap)
{
	return encap == ENCAP_TRANSPORT || encap == ENCAP_UDP_TRANSPORT ||
	    encap == ENCAP_DRAFT_TRANSPORT;
}

static bool
same_esp(const struct esp_transform *a, const struct esp_transform *b)
{
	return a->cipher == b->cipher && a->auth == b->auth &&
	    esp_key_len(a) == esp_key_len(b);
}

/* SAs that one would do nothing but replace. */
static bool
too_short(const struct qm_transform *t)
{
	return (t->seconds != 0 && t->seconds < SECONDS_MIN) ||
	    (t->kilobytes != 0 && t->kilobytes < KILOBYTES_MIN);
}

bool
quick_fits(const void *arg, const struct qm_transform *t)
{
	const struct qm_fit *f = arg;
	uint16_t encap = t->encap == ENCAP_NONE ? encap_for(f->sa, false) :
	    t->encap;
	unsigned i;

	if ((f->mapped && !is_transport(encap)) || too_short(t) ||
	    f->ke_len != dh_pub_len(t->group) ||
	    (f->terms->pfs != 0 ? t->group != f->terms->pfs :
	    t->group != 0 && (!f->responder || f->ke_len == 0)))
		return false;
	for (i = 0; i < f->terms->nsets; i++)
		if (same_esp(&f->terms->sets[i].esp, &t->esp) &&
		    encap == encap_for(f->sa, f->terms->sets[i].transport &&
		    f->end_points))
			return true;
	return false;
}

/* Transport mode is for what the two routers say to each other. */
bool
quick_end_points(const struct ike_sa *sa, const struct qm_proxy *local,
    const struct qm_proxy *remote)
{
	return local->mask == UINT32_MAX && remote->mask == UINT32_MAX &&
	    local->addr == sa->local.addr && remote->addr == sa->remote.addr;
}

static uint32_t
lower(uint32_t a, uint32_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint32_t
offered_seconds(const struct qm_transform *t)
{
	return t->seconds != 0 ? t->seconds : LIFE_UNSAID;
}

/* What both sides have come to. */
static void
agree(struct pair *p, const struct terms *terms, const struct qm_choice *c,
    const struct ike_sa *sa)
{
	p->out.spi = c->spi;
	p->esp = c->t.esp;
	p->group = c->t.group;
	p->transport = is_transport(c->t.encap);
	p->udp = sa->nat_local || sa->nat_remote;
	p->nat_local = sa->nat_local;
	p->nat_remote = sa->nat_remote;
	p->seconds = lower(terms->seconds, offered_seconds(&c->t));
	p->kilobytes = lower(terms->kilobytes, c->t.kilobytes);
	p->local = sa->local;
	p->remote = sa->remote;
}

/* ---- keys ---- */

static void
make_dh(struct quick *q, uint8_t group)
{
	uint8_t random[DH_PRIV_MAX];
	size_t len = dh_priv_len(group);

	ike_random(q->s->ike, random, len);
	q->dh = dh_new(group, random, len);
	explicit_bzero(random, sizeof(random));
	q->s->ike->stats.dh++;
}

static void
put_ke(const struct quick *q, uint8_t group, struct isakmp_out *o)
{
	uint8_t pub[DH_PUB_MAX];

	dh_public(q->dh, pub);
	isakmp_out_add(o, ISAKMP_KE, pub, dh_pub_len(group));
}

/* For quick_fits(): 0 is no PFS; no group has a payload that is empty. */
static size_t
ke_len(const struct isakmp_pl *ke)
{
	return ke == NULL ? 0 : ke->len == 0 ? SIZE_MAX : ke->len;
}

static bool
got_ke(struct quick *q, uint8_t group, const struct isakmp_msg *m)
{
	const struct isakmp_pl *ke = isakmp_find(m, ISAKMP_KE, 0);

	if (ke == NULL)
		return true;
	q->gxy_len = dh_shared_len(group);
	return dh_shared(q->dh, ke->body, ke->len, q->gxy);
}

/* KEYMAT = K1 | K2 | ..., K1 = prf(SKEYID_d, [g(qm)^xy |] protocol | SPI |
 * Ni_b | Nr_b), Kn the same with K(n-1) in front. */
static void
derive(const struct exch *x, const struct quick *q, struct pair_end *e)
{
	const struct esp_transform *t = &q->pair->esp;
	size_t key = esp_key_len(t), auth = esp_auth_key_len(t);
	size_t block = ike_hash_len(x->sa->suite.hash), n = 0;
	uint8_t id[5] = { PROTO_IPSEC_ESP, (uint8_t)(e->spi >> 24),
		(uint8_t)(e->spi >> 16), (uint8_t)(e->spi >> 8),
		(uint8_t)e->spi };
	uint8_t mat[2 * KEY_MAX + IKE_HASH_MAX];
	struct rd r;

	do {
		IKE_PRF(x->sa->suite.hash, CHUNK_KEY(&x->sa->keys.skeyid_d),
		    mat + n, CHUNK(n > 0 ? mat + n - block : mat,
		    n > 0 ? block : 0), CHUNK(q->gxy, q->gxy_len),
		    CHUNK(id, sizeof(id)), CHUNK(x->ni, x->ni_len),
		    CHUNK(x->nr, x->nr_len));
		n += block;
	} while (n < esp_salted_key_len(t) + auth);
	r = rd_of(mat, n);
	key_set(&e->key, rd_bytes(&r, key), key);
	e->salt = esp_is_aead(t) ? rd_u32(&r) : 0;
	key_set(&e->auth_key, rd_bytes(&r, auth), auth);
	explicit_bzero(mat, sizeof(mat));
}

static void
make_keys(struct exch *x, struct quick *q)
{
	derive(x, q, &q->pair->in);
	derive(x, q, &q->pair->out);
	debug(DBG_ENGINE, DBG_EVENT, x->sa->remote.addr,
	    "(%u):keys of SPIs 0x%08X and 0x%08X derived%s", x->sa->conn_id,
	    q->pair->in.spi, q->pair->out.spi, q->gxy_len != 0 ?
	    ", with a Diffie-Hellman secret of their own" : "");
	dh_free(q->dh);
	q->dh = NULL;
	explicit_bzero(q->gxy, sizeof(q->gxy));
}

/* ---- proxy identities ---- */

static void
put_ids(const struct quick *q, struct isakmp_out *o)
{
	unsigned i;

	for (i = 0; i < NELEM(q->ids) && q->has_ids; i++)
		isakmp_out_add(o, ISAKMP_ID, q->ids[i], q->id_len[i]);
}

static void
set_id(struct quick *q, unsigned i, const struct qm_proxy *p)
{
	struct wr w = wr_of(q->ids[i], sizeof(q->ids[i]));

	qm_put_id(&w, p);
	q->id_len[i] = wr_len(&w);
	q->has_ids = true;
}

/* Both or none: then it is what the two ends say to each other. */
static bool
get_ids(const struct exch *x, const struct isakmp_msg *m,
    struct qm_proxy *local, struct qm_proxy *remote)
{
	const struct isakmp_pl *i = isakmp_find(m, ISAKMP_ID, 0);
	const struct isakmp_pl *r = isakmp_find(m, ISAKMP_ID, 1);

	if (i == NULL) {
		*local = (struct qm_proxy){ x->sa->local.addr, UINT32_MAX, 0,
			0 };
		*remote = (struct qm_proxy){ x->sa->remote.addr, UINT32_MAX, 0,
			0 };
		return true;
	}
	return r != NULL && isakmp_find(m, ISAKMP_ID, 2) == NULL &&
	    qm_get_id(isakmp_rd(i), x->initiator ? local : remote) &&
	    qm_get_id(isakmp_rd(r), x->initiator ? remote : local);
}

static void
keep_ids(struct quick *q, const struct isakmp_msg *m)
{
	const struct isakmp_pl *p;
	unsigned i;

	for (i = 0; i < NELEM(q->ids); i++) {
		p = isakmp_find(m, ISAKMP_ID, i);
		if (p == NULL)
			return;
		memcpy(q->ids[i], p->body, p->len); /* get_ids() read it */
		q->id_len[i] = p->len;
		q->has_ids = true;
	}
}

/* Both addresses as we see them: a peer behind a NAT mends checksums by
 * them. */
static void
put_oa(const struct exch *x, struct isakmp_out *o)
{
	uint32_t addrs[2] = { x->sa->local.addr, x->sa->remote.addr };
	unsigned i;

	for (i = 0; i < 2; i++) {
		isakmp_out_open(o, ISAKMP_NATOA);
		qm_put_oa(&o->w, addrs[x->initiator ? i : 1 - i]);
		isakmp_out_close(o);
	}
}

/* ---- initiator ---- */

static bool
send_offer(struct exch *x, struct isakmp_out *o)
{
	struct quick *q = x->data;
	const struct terms *t = &q->flow->terms;
	bool ends = quick_end_points(x->sa, &q->flow->local,
	    &q->flow->remote), oa = false;
	struct qm_transform offers[SET_NAMES];
	unsigned i;

	for (i = 0; i < t->nsets; i++) {
		offers[i] = (struct qm_transform){ t->sets[i].esp,
			encap_for(x->sa, t->sets[i].transport && ends),
			t->pfs, t->seconds, t->kilobytes };
		oa |= offers[i].encap == ENCAP_UDP_TRANSPORT;
	}
	q->pair->began = ike_now(x->ike);
	isakmp_out_open(o, ISAKMP_SA);
	qm_put_sa(&o->w, offers, t->nsets, q->pair->in.spi);
	isakmp_out_close(o);
	exch_put_nonce(x, o);
	if (t->pfs != 0) {
		make_dh(q, t->pfs);
		put_ke(q, t->pfs, o);
	}
	set_id(q, 0, &q->flow->local);
	set_id(q, 1, &q->flow->remote);
	put_ids(q, o);
	if (oa)
		put_oa(x, o);
	return true;
}

/* The type of a notification; r is left at its data. */
static uint16_t
notify_type(struct rd *r)
{
	uint8_t spi_size;
	uint16_t type;

	rd_skip(r, 5); /* DOI, protocol */
	spi_size = rd_u8(r);
	type = rd_u16(r);
	rd_skip(r, spi_size);
	return rd_ok(r) ? type : N_NONE;
}

/* What the responder says about our lifetimes. */
static bool
got_lifetimes(const struct isakmp_msg *m, struct qm_transform *t)
{
	uint32_t seconds, kilobytes;
	const struct isakmp_pl *n;
	unsigned i;
	struct rd r;

	for (i = 0; (n = isakmp_find(m, ISAKMP_N, i)) != NULL; i++) {
		r = isakmp_rd(n);
		if (notify_type(&r) != N_RESPONDER_LIFETIME)
			continue;
		if (!qm_get_lifetime(r, &seconds, &kilobytes))
			return false;
		t->seconds = lower(t->seconds, seconds);
		t->kilobytes = lower(t->kilobytes, kilobytes);
	}
	return true;
}

static enum exch_verdict
got_answer(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *ke = isakmp_find(m, ISAKMP_KE, 0);
	struct quick *q = x->data;
	struct qm_fit fit = { .terms = &q->flow->terms, .sa = x->sa,
		.end_points = quick_end_points(x->sa, &q->flow->local,
		&q->flow->remote), .ke_len = ke_len(ke) };
	struct qm_proxy local, remote;

	if (!get_ids(x, m, &local, &remote) ||
	    !qm_same_proxy(&local, &q->flow->local) ||
	    !qm_same_proxy(&remote, &q->flow->remote))
		return refuse(x, N_INVALID_ID,
		    "the peer answered with other proxy identities");
	if (qm_accept(isakmp_rd(isakmp_find(m, ISAKMP_SA, 0)), quick_fits,
	    &fit, &q->choice) != N_NONE)
		return refuse(x, N_BAD_PROPOSAL,
		    "the peer chose what was not offered");
	if (pair_has_spi(q->flow->e, q->choice.spi, x->sa->remote))
		return refuse(x, N_NO_PROPOSAL, spi_is_taken);
	if (!got_lifetimes(m, &q->choice.t) || too_short(&q->choice.t))
		return refuse(x, N_BAD_PROPOSAL, "lifetime of the peer");
	if (!got_ke(q, q->choice.t.group, m))
		return refuse(x, N_INVALID_KEY,
		    "bad Diffie-Hellman public value");
	return EX_OK;
}

static bool
send_confirm(struct exch *x, struct isakmp_out *o UNUSED)
{
	struct quick *q = x->data;

	agree(q->pair, &q->flow->terms, &q->choice, x->sa);
	make_keys(x, q);
	pair_tell_in(q->pair);
	return true;
}

/* ---- responder ---- */

/* Ours if it is shorter than what was offered. */
static void
put_lifetime(const struct exch *x, const struct quick *q,
    struct isakmp_out *o)
{
	const struct qm_transform *t = &q->choice.t;
	const struct pair *p = q->pair;
	uint8_t data[24];
	struct wr w = wr_of(data, sizeof(data));

	if (p->seconds == offered_seconds(t) && p->kilobytes == t->kilobytes)
		return;
	qm_put_lifetime(&w, p->seconds, p->kilobytes);
	isakmp_out_notify_spi(o, x->ike->doi->number, PROTO_IPSEC_ESP,
	    p->in.spi, N_RESPONDER_LIFETIME, data, wr_len(&w));
}

static bool
oa_ok(const struct isakmp_msg *m)
{
	const struct isakmp_pl *p;
	uint32_t addr;
	unsigned i;

	for (i = 0; (p = isakmp_find(m, ISAKMP_NATOA, i)) != NULL; i++)
		if (!qm_get_oa(isakmp_rd(p), &addr))
			return false;
	return i <= 2;
}

/* Transport mode is between the two routers, which a NAT has others call by
 * another address than they do themselves (RFC 3947, 5.2). What NAT-OA says is
 * not needed: theirs is the one that we see. */
static bool
find_mapped(struct ipsec *s, struct qm_match *m)
{
	const struct ike_sa *sa = m->sa;
	struct qm_match mapped = *m;

	if ((!sa->nat_local && !sa->nat_remote) ||
	    m->local.mask != UINT32_MAX || m->remote.mask != UINT32_MAX)
		return false;
	if (sa->nat_local)
		mapped.local.addr = sa->local.addr;
	if (sa->nat_remote)
		mapped.remote.addr = sa->remote.addr;
	mapped.mapped = true;
	if (!respond_find(s, &mapped))
		return false;
	*m = mapped;
	return true;
}

static enum exch_verdict
got_offer(struct exch *x, const struct isakmp_msg *m)
{
	struct ipsec *s = x->ike->env.arg;
	const struct isakmp_pl *ke = isakmp_find(m, ISAKMP_KE, 0);
	struct qm_match match = { .sa = x->sa, .ke_len = ke_len(ke),
		.offer = isakmp_rd(isakmp_find(m, ISAKMP_SA, 0)) };
	struct quick *q;
	struct ipsec_flow *f;

	if (!get_ids(x, m, &match.local, &match.remote) || !oa_ok(m))
		return refuse(x, N_INVALID_ID, "malformed identity");
	if (!respond_find(s, &match) && !find_mapped(s, &match))
		return refuse(x, match.notify, match.why);
	if (pair_has_spi(match.e, match.choice.spi, x->sa->remote))
		return refuse(x, N_NO_PROPOSAL, spi_is_taken);
	q = quick_new(s, NULL, x);
	q->choice = match.choice;
	if (ke != NULL) {
		make_dh(q, q->choice.t.group);
		if (!got_ke(q, q->choice.t.group, m)) {
			quick_free(q);
			return refuse(x, N_INVALID_KEY,
			    "bad Diffie-Hellman public value");
		}
	}
	if ((f = respond_flow(s, &match)) == NULL) {
		quick_free(q);
		return refuse(x, N_NO_PROPOSAL, match.why);
	}
	keep_ids(q, m);
	q->flow = f;
	q->pair = pair_new(f, false);
	q->pair->began = ike_now(x->ike);
	x->data = q;
	return EX_OK;
}

static bool
send_choice(struct exch *x, struct isakmp_out *o)
{
	struct quick *q = x->data;
	uint8_t group = q->choice.t.group;

	agree(q->pair, &q->flow->terms, &q->choice, x->sa);
	isakmp_out_open(o, ISAKMP_SA);
	qm_put_choice(&o->w, &q->choice, q->pair->in.spi);
	isakmp_out_close(o);
	exch_put_nonce(x, o);
	if (group != 0)
		put_ke(q, group, o);
	put_ids(q, o);
	if (q->choice.t.encap == ENCAP_UDP_TRANSPORT)
		put_oa(x, o);
	put_lifetime(x, q, o);
	make_keys(x, q);
	pair_tell_in(q->pair);
	return true;
}

/* ---- both ---- */

static void
quick_done(struct exch *x)
{
	struct quick *q = x->data;
	struct pair *p = q->pair;
	struct ipsec_flow *f = q->flow;

	q->pair = NULL;
	if (x->initiator)
		f->quick = NULL;
	q->flow = NULL;
	/* the peer has shown where it is by its last message */
	p->local = x->sa->local;
	p->remote = x->sa->remote;
	pair_up(p);
}

static void
quick_failed(struct exch *x, const char *why)
{
	struct quick *q = x->data;
	struct ipsec_flow *f;

	debug(DBG_IPSEC, DBG_ERROR, x->sa->remote.addr,
	    "(quick_mode): with SA %u failed: %s", x->sa->conn_id, why);
	if (q == NULL || q->flow == NULL || !x->initiator)
		return;
	f = q->flow;
	f->quick = NULL;
	q->flow = NULL;
	pair_free(q->pair); /* the flow may go before the exchange does */
	q->pair = NULL;
	flow_failed(f, x, why);
	flow_unused(f);
}

void
quick_free(struct quick *q)
{
	struct ipsec_flow *f = q->flow;

	LIST_REMOVE(q, link);
	if (q->pair != NULL)
		pair_free(q->pair);
	dh_free(q->dh);
	explicit_bzero(q, sizeof(*q));
	free(q);
	if (f != NULL)
		flow_unused(f);
}

static void
quick_release(struct exch *x)
{
	if (x->data != NULL)
		quick_free(x->data);
}

void
quick_start(struct ipsec_flow *f, struct udp_addr local, struct udp_addr remote,
    const char *profile)
{
	struct quick *q = quick_new(f->e->s, f, NULL);

	q->pair = pair_new(f, true);
	f->quick = q->x = ike_start(f->e->s->ike, local, remote, profile,
	    &quick_mode, q);
}

void
quick_abort(struct ipsec_flow *f)
{
	struct quick *q;

	LIST_FOREACH(q, &f->e->s->quicks, link)
		if (q->flow == f) {
			q->flow = NULL;
			pair_free(q->pair);
			q->pair = NULL;
			exch_cancel(q->x);
		}
	f->quick = NULL;
}

#define BOTH (STEP_ENC | STEP_HASH | SEND_ENC | SEND_HASH)
#define EXTRAS (PL(ISAKMP_KE) | PL(ISAKMP_ID) | PL(ISAKMP_N) |                \
	PL(ISAKMP_VID) | PL(ISAKMP_NATOA))

static const struct exch_step initiator[] = {
	{ .send = send_offer, .flags = SEND_ENC | SEND_HASH },
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_SA) | PL(ISAKMP_NONCE),
	    .opt = EXTRAS, .handle = got_answer, .send = send_confirm,
	    .flags = BOTH | STEP_LAST },
};

static const struct exch_step responder[] = {
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_SA) | PL(ISAKMP_NONCE),
	    .opt = EXTRAS, .handle = got_offer, .send = send_choice,
	    .flags = BOTH },
	{ .in = PL(ISAKMP_HASH), .opt = PL(ISAKMP_N) | PL(ISAKMP_VID),
	    .flags = STEP_ENC | STEP_HASH | STEP_LAST },
};

const struct exch_type quick_mode = {
	.name = "Quick mode",
	.number = ISAKMP_X_QUICK,
	.init = initiator,
	.resp = responder,
	.done = quick_done,
	.failed = quick_failed,
	.release = quick_release,
	.old_tries = 2, /* flow_failed() asks in a new phase 1 */
	.keep = 64,	/* a list of many entries begins at once */
	.quick = true,
};
