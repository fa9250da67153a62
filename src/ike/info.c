/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Informational exchanges (RFC 2409 5.7): notifications, Delete, and dead
 * peer detection (RFC 3706). Runs in process ike.
 *
 *	HDR* HASH N or D	HASH = prf(SKEYID_a, M-ID | N or D)
 *
 * Before phase 1 is complete they are clear and prove nothing: then an error
 * only shortens the wait for an answer. So is the INVALID-COOKIE of a peer that
 * has lost its SAs (RFC 2408 2.5.1): what waits under such an SA is tried in a
 * new one at once, and the SA itself is left to its owner's judgement.
 */
#include "config.h"

#include <string.h>

#include "ike/ike_priv.h"

#define DPD_TRIES 5

/* ---- sending ---- */

struct info_out {
	uint8_t payload; /* ISAKMP_N or ISAKMP_D */
	uint8_t proto;	 /* enum isakmp_proto */
	uint16_t type;
	const uint32_t *spis; /* of another protocol than ISAKMP */
	unsigned nspis;
	const uint8_t *data;
	size_t len;
};

static void
get_cookies(const struct ike_sa *sa, struct isakmp_hdr *h)
{
	memcpy(h->icookie, sa->icookie, sizeof(h->icookie));
	memcpy(h->rcookie, sa->rcookie, sizeof(h->rcookie));
}

static void
put_delete(const struct ike_sa *sa, const struct info_out *i,
    struct isakmp_out *o)
{
	unsigned k;

	isakmp_out_open(o, ISAKMP_D);
	wr_u32(&o->w, DOI_IPSEC);
	wr_u8(&o->w, i->proto);
	if (i->proto == PROTO_ISAKMP) {
		wr_u8(&o->w, 2 * ISAKMP_COOKIE_LEN);
		wr_u16(&o->w, 1);
		wr_bytes(&o->w, sa->icookie, ISAKMP_COOKIE_LEN);
		wr_bytes(&o->w, sa->rcookie, ISAKMP_COOKIE_LEN);
	} else {
		wr_u8(&o->w, sizeof(*i->spis));
		wr_u16(&o->w, (uint16_t)i->nspis);
		for (k = 0; k < i->nspis; k++)
			wr_u32(&o->w, i->spis[k]);
	}
	isakmp_out_close(o);
}

static bool
put_info(struct exch *x, struct isakmp_out *o)
{
	const struct info_out *i = x->data;
	struct isakmp_hdr cookies;

	get_cookies(x->sa, &cookies);
	if (i->payload == ISAKMP_D)
		put_delete(x->sa, i, o);
	else if (i->proto == PROTO_ISAKMP)
		isakmp_out_notify(o, DOI_IPSEC, i->type, &cookies, i->data,
		    i->len);
	else
		isakmp_out_notify_spi(o, DOI_IPSEC, i->proto, i->spis[0],
		    i->type, i->data, i->len);
	return true;
}

static enum exch_verdict got_info(struct exch *, const struct isakmp_msg *);

static const struct exch_step info_init[] = {
	{ .send = put_info, .flags = SEND_ENC | SEND_HASH | STEP_LAST },
};
static const struct exch_step info_resp[] = {
	{ .in = PL(ISAKMP_HASH), .opt = PL(ISAKMP_N) | PL(ISAKMP_D) |
	    PL(ISAKMP_VID), .handle = got_info,
	    .flags = STEP_ENC | STEP_HASH | STEP_LAST },
};
static const struct exch_type informational = {
	.name = "Informational",
	.number = ISAKMP_X_INFO,
	.init = info_init,
	.resp = info_resp,
};

static void
send_info(struct ike_sa *sa, struct info_out *i)
{
	struct exch *x = exch_new(sa, &informational, true, 0, i);

	exch_begin(x);
	x->data = NULL;
	exch_cancel(x);
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* About the SA itself, with a number. */
static void
notify_number(struct ike_sa *sa, uint16_t type, uint32_t number)
{
	uint8_t data[4];
	struct info_out i = { .payload = ISAKMP_N, .proto = PROTO_ISAKMP,
		.type = type, .data = data, .len = sizeof(data) };

	put_be32(data, number);
	send_info(sa, &i);
}

/* An error about the exchange mid, which goes along as data. */
void
ike_notify(struct ike_sa *sa, uint16_t type, uint32_t mid)
{
	notify_number(sa, type, mid);
}

void
ike_notify_spi(struct ike_sa *sa, uint8_t proto, uint32_t spi, uint16_t type,
    const void *data, size_t len)
{
	struct info_out i = { .payload = ISAKMP_N, .proto = proto,
		.type = type, .spis = &spi, .nspis = 1, .data = data,
		.len = len };

	send_info(sa, &i);
}

void
ike_delete_spis(struct ike_sa *sa, uint8_t proto, const uint32_t *spis,
    unsigned n)
{
	struct info_out i = { .payload = ISAKMP_D, .proto = proto,
		.spis = spis, .nspis = n };

	send_info(sa, &i);
}

void
info_send_delete(struct ike_sa *sa)
{
	struct info_out i = { .payload = ISAKMP_D, .proto = PROTO_ISAKMP };

	send_info(sa, &i);
}

/* In aggressive mode who answers sends nothing that is encrypted. */
void
info_send_initial_contact(struct ike_sa *sa)
{
	struct info_out i = { .payload = ISAKMP_N, .proto = PROTO_ISAKMP,
		.type = N_INITIAL_CONTACT };

	send_info(sa, &i);
}

void
info_send_clear_notify(struct ike *ike, struct udp_addr local,
    struct udp_addr remote, const struct isakmp_hdr *to, uint16_t type)
{
	struct isakmp_hdr h = { .exchange = ISAKMP_X_INFO };
	struct isakmp_out o;

	memcpy(h.icookie, to->icookie, sizeof(h.icookie));
	isakmp_out_begin(&o, ike->out, sizeof(ike->out), &h);
	isakmp_out_notify(&o, DOI_IPSEC, type, NULL, NULL, 0);
	isakmp_out_length(&o);
	if (wr_ok(&o.w))
		ike->env.send(ike->env.arg, local, remote, ike->out,
		    wr_len(&o.w));
}

/* What is encrypted comes from somebody who had that SA with us, before we
 * were started anew. Never more octets than came, and few. */
void
info_send_unknown_sa(struct ike *ike, struct udp_addr local,
    struct udp_addr remote, const struct isakmp_hdr *to, size_t len)
{
	struct isakmp_hdr h = { .exchange = ISAKMP_X_INFO };
	uint64_t second = ike_now(ike) / 1000;
	struct isakmp_out o;

	if (!(to->flags & ISAKMP_F_ENC) || to->mid == 0)
		return;
	if (ike->unknown_second != second) {
		ike->unknown_second = second;
		ike->unknown_count = 0;
	}
	if (++ike->unknown_count > UNKNOWN_SA_PER_SECOND)
		return;
	memcpy(h.icookie, to->icookie, sizeof(h.icookie));
	memcpy(h.rcookie, to->rcookie, sizeof(h.rcookie));
	isakmp_out_begin(&o, ike->out, sizeof(ike->out), &h);
	isakmp_out_notify(&o, DOI_IPSEC, N_INVALID_COOKIE, NULL, NULL, 0);
	isakmp_out_length(&o);
	if (wr_ok(&o.w) && wr_len(&o.w) <= len)
		ike->env.send(ike->env.arg, local, remote, ike->out,
		    wr_len(&o.w));
}

/* ---- dead peer detection ---- */

/* The peer has another one with us, which it may have begun when it had lost
 * this one: whether it lives is asked under that one. */
static bool
has_newer(const struct ike_sa *sa)
{
	const struct ike_sa *o = sa;

	while ((o = TAILQ_NEXT(o, link)) != NULL)
		if (o->state == IKE_IDLE && natt_same_peer(o, sa))
			return true;
	return false;
}

static void
dpd_timer(void *arg)
{
	struct ike_sa *sa = arg;
	struct ike_keepalive ka = ike_keepalive(sa);
	uint64_t now = ike_now(sa->ike);
	char peer[IP4_STRLEN];

	if (ka.secs == 0)
		return;
	if (sa->dpd_tries == 0 && now - sa->last_heard <
	    (uint64_t)ka.secs * 1000) {
		dpd_schedule(sa);
		return;
	}
	if (sa->dpd_tries >= DPD_TRIES && has_newer(sa)) {
		ike_sa_delete(sa, false, "the peer has lost it");
		return;
	}
	if (sa->dpd_tries >= DPD_TRIES) {
		ike_log(sa->ike, LOG_IKMP_PEER_DEAD,
		    ip4_str(sa->remote.addr, peer));
		if (sa->ike->doi->peer_dead != NULL)
			sa->ike->doi->peer_dead(sa);
		ike_sa_delete(sa, false, "peer is dead");
		return;
	}
	if (sa->dpd_seq == 0) {
		ike_random(sa->ike, &sa->dpd_seq, sizeof(sa->dpd_seq));
		sa->dpd_seq = (sa->dpd_seq & 0x3fffffff) + 1;
		sa->dpd_acked = sa->dpd_seq;
	}
	sa->dpd_seq++;
	sa->dpd_tries++;
	timer_set(&sa->ike->timers, &sa->dpd, now + (uint64_t)1000 *
	    ka.retry, dpd_timer, sa);
	notify_number(sa, N_R_U_THERE, sa->dpd_seq);
}

/* Periodic keepalives: the next look at the peer. */
void
dpd_schedule(struct ike_sa *sa)
{
	struct ike_keepalive ka = ike_keepalive(sa);

	if (sa->dead || !sa->peer_dpd || ka.secs == 0 || !ka.periodic)
		return;
	timer_set(&sa->ike->timers, &sa->dpd, sa->last_heard +
	    (uint64_t)ka.secs * 1000, dpd_timer, sa);
}

/* On demand: a peer owes us an answer, or is suspiciously quiet. */
void
ike_dpd(struct ike_sa *sa)
{
	if (sa->dead || sa->state != IKE_IDLE || !sa->peer_dpd ||
	    sa->dpd_tries > 0 || ike_keepalive(sa).secs == 0)
		return;
	sa->dpd_tries = 0;
	timer_set(&sa->ike->timers, &sa->dpd, ike_now(sa->ike), dpd_timer, sa);
}

void
dpd_heard(struct ike_sa *sa)
{
	if (sa->dead || sa->dpd_tries == 0)
		return;
	sa->dpd_tries = 0;
	timer_clear(&sa->ike->timers, &sa->dpd);
	dpd_schedule(sa);
}

/* From a network that doubles, or a replay: not worth a word. */
static enum exch_verdict
old_number(struct exch *x)
{
	x->ike->stats.bad++;
	return EX_LATER;
}

/* A number that was there before does not show that the peer lives. One that
 * asks again may repeat its last number. */
static enum exch_verdict
got_dpd(struct exch *x, bool ack, struct rd r)
{
	uint32_t seq = rd_u32(&r);
	struct ike_sa *sa = x->sa;

	if (!rd_end(&r))
		return EX_BAD;
	if (ack) {
		if ((int32_t)(seq - sa->dpd_acked) <= 0)
			return old_number(x);
		if ((int32_t)(seq - sa->dpd_seq) > 0)
			return EX_BAD;
		sa->dpd_acked = seq;
		x->fresh = true;
		return EX_OK;
	}
	if (sa->dpd_peer_seq != 0 && (int32_t)(seq - sa->dpd_peer_seq) < 0)
		return old_number(x);
	x->fresh = seq != sa->dpd_peer_seq;
	sa->dpd_peer_seq = seq;
	if (x->fresh)
		natt_follow(sa); /* the answer goes there */
	notify_number(sa, N_R_U_THERE_ACK, seq);
	return EX_OK;
}

/* ---- receiving ---- */

static const char *
why_of(uint16_t type)
{
	switch (type) {
	case N_NO_PROPOSAL: return "the peer has no policy in common with us";
	case N_INVALID_ID: return "the peer does not serve this group";
	case N_AUTH_FAILED: return "the peer refused our authentication";
	case N_INVALID_HASH: return "the peer found a wrong hash";
	default: return "the peer sent an error notification";
	}
}

/* An error of the peer about one of our exchanges. Without a message id it
 * is about the only one that waits. */
static void
got_error(struct ike_sa *sa, uint16_t type, struct rd data)
{
	uint32_t mid = rd_left(&data) == 4 ? rd_u32(&data) : 0;
	struct exch *x, *found = NULL;

	TAILQ_FOREACH(x, &sa->exchs, link) {
		if (!x->started || x->dead)
			continue;
		if (x->done) { /* our last message is not wanted: once */
			if (mid != 0 && x->mid == mid && !x->initiator &&
			    x->notify == 0 && x->type->refused != NULL) {
				x->notify = type;
				x->type->refused(x);
			}
			continue;
		}
		if (mid == 0 ? x->initiator : x->mid == mid)
			found = x;
	}
	if (found != NULL) {
		found->notify = type;
		exch_fail(found, why_of(type));
	}
}

static enum exch_verdict
got_notify(struct exch *x, const struct isakmp_pl *p)
{
	struct ike_sa *sa = x->sa;
	struct rd r = isakmp_rd(p);
	struct ike_notice n = { 0 };
	uint8_t spi_size;

	(void)rd_u32(&r); /* DOI */
	n.proto = rd_u8(&r);
	spi_size = rd_u8(&r);
	n.type = rd_u16(&r);
	if (spi_size == sizeof(n.spi))
		n.spi = rd_u32(&r);
	else
		rd_skip(&r, spi_size);
	if (!rd_ok(&r))
		return EX_BAD;
	n.data = r;
	debug(DBG_ISAKMP, DBG_EVENT, sa->remote.addr, "(%u):notification %s",
	    sa->conn_id, isakmp_notify_name(n.type));
	if (n.type == N_R_U_THERE || n.type == N_R_U_THERE_ACK)
		return got_dpd(x, n.type == N_R_U_THERE_ACK, r);
	if (n.type == N_INITIAL_CONTACT)
		phase1_initial_contact(sa);
	else if (n.type < 16384 && n.type != N_INVALID_SPI)
		got_error(sa, n.type, r);
	else if (sa->ike->doi->notified != NULL)
		sa->ike->doi->notified(sa, &n);
	return EX_OK;
}

/* SAs of the DOI. */
static void
got_delete_spis(struct ike_sa *sa, uint8_t proto, struct rd r, unsigned n)
{
	uint32_t spis[IKE_SPIS_MAX];
	unsigned i;

	if (sa->ike->doi->deleted == NULL || n > IKE_SPIS_MAX)
		return;
	for (i = 0; i < n; i++)
		spis[i] = rd_u32(&r);
	sa->ike->doi->deleted(sa, proto, spis, n);
}

static enum exch_verdict
got_delete(struct ike_sa *sa, const struct isakmp_pl *p)
{
	struct rd r = isakmp_rd(p);
	uint8_t proto, size;
	const uint8_t *spi;
	struct ike_sa *o;
	uint16_t n;

	(void)rd_u32(&r); /* DOI */
	proto = rd_u8(&r);
	size = rd_u8(&r);
	n = rd_u16(&r);
	if (!rd_ok(&r) || rd_left(&r) != (size_t)n * size)
		return EX_BAD;
	if (proto != PROTO_ISAKMP && size == sizeof(uint32_t))
		got_delete_spis(sa, proto, r, n);
	if (proto != PROTO_ISAKMP || size != 2 * ISAKMP_COOKIE_LEN)
		return EX_OK;
	while (n-- > 0) {
		spi = rd_bytes(&r, size);
		TAILQ_FOREACH(o, &sa->ike->sas, link)
			if (natt_same_peer(o, sa) &&
			    memcmp(o->icookie, spi, 8) == 0 &&
			    memcmp(o->rcookie, spi + 8, 8) == 0)
				break;
		if (o != NULL)
			ike_sa_delete(o, false, "deleted by the peer");
	}
	return EX_OK;
}

static enum exch_verdict
got_info(struct exch *x, const struct isakmp_msg *m)
{
	enum exch_verdict v = EX_OK;
	unsigned i;

	for (i = 0; i < m->n && v == EX_OK && !x->sa->dead; i++) {
		if (m->pl[i].type == ISAKMP_N)
			v = got_notify(x, &m->pl[i]);
		else if (m->pl[i].type == ISAKMP_D)
			v = got_delete(x->sa, &m->pl[i]);
	}
	return v;
}

/* Says so whoever has seen our cookies. Nothing is lost if it is a lie: what
 * has waited in vain since it was sent begins again in a new phase 1. */
static void
got_invalid_cookie(struct ike_sa *sa)
{
	struct exch *x;

	sa->doubtful = true;
	TAILQ_FOREACH(x, &sa->exchs, link)
		if (x->initiator && x->nmsg == 1 && x->old_sa && !x->done &&
		    !x->dead && x->sent >= sa->last_heard)
			exch_fail(x, "the peer does not know its SA");
}

/* The type of a clear message's notification; 0: none. */
static uint16_t
clear_notify(const uint8_t *data, size_t len)
{
	const struct isakmp_pl *p;
	struct isakmp_msg m;
	struct rd r;
	uint16_t type;

	if ((data[19] & ISAKMP_F_ENC) || !isakmp_parse(&m, data, len) ||
	    (p = isakmp_find(&m, ISAKMP_N, 0)) == NULL)
		return 0;
	r = isakmp_rd(p);
	rd_skip(&r, 6);
	type = rd_u16(&r);
	return rd_ok(&r) ? type : 0;
}

/* Under a complete phase-1 SA. */
void
info_receive(struct ike_sa *sa, const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data + 20, 4);
	uint32_t mid = rd_u32(&r);
	struct exch *x;

	if (clear_notify(data, len) == N_INVALID_COOKIE) {
		debug(DBG_ISAKMP, DBG_EVENT, sa->remote.addr,
		    "(%u):unprotected notification INVALID-COOKIE",
		    sa->conn_id);
		got_invalid_cookie(sa);
		return;
	}
	if (ike_seen_mid(sa, mid))
		return; /* a replay */
	x = exch_new(sa, &informational, false, mid, NULL);
	exch_receive(x, data, len);
	/* the numbers of DPD say by themselves what is old */
	if (x->nmsg > 0 && !x->fresh)
		ike_note_mid(sa, mid);
	exch_cancel(x);
}

/* Before that: anybody can have sent it. */
void
info_receive_clear(struct ike_sa *sa, const uint8_t *data, size_t len)
{
	uint16_t type = clear_notify(data, len);

	if (type == 0) {
		ike_bad(sa->ike, sa->remote.addr, "informational without SA");
		return;
	}
	debug(DBG_ISAKMP, DBG_EVENT, sa->remote.addr,
	    "(%u):unprotected notification %s", sa->conn_id,
	    isakmp_notify_name(type));
	if (type >= 16384 || !sa->initiator || sa->main == NULL)
		return;
	sa->main->why = why_of(type);
	sa->main->tries = sa->main->tries_max;
}
