/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: how a rekey reaches the members, and what they answer. Runs in
 * process ike.
 *
 * By unicast each member gets the push of the KEK that it has, at a limited
 * pace; who does not acknowledge gets it again, for a number of rounds or
 * (periodic) as long as the keys live; who misses three rekeys in a row is
 * deleted. By multicast one datagram is for all, repeated blindly.
 *
 * Repetitions are the same octets, so that members know them for what they
 * are. Octets of a certain age are built anew with a new sequence number,
 * since the lifetimes in them would no longer be true; with time-based
 * anti-replay each time, by multicast under the same number.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define MISSED_MAX 3
#define MISSED_APART 100 /* while a key server is missing */
/* Members leave a TEK 30 s before its end, so who hears of a shortened one
 * must not be wrong by so much. */
#define STALE_PUSH_MS 20000
#define SURPLUS_MAX 16 /* ACKs beyond the first that are looked at */

static void distribute(struct ks_group *);

static bool
has_spi(const struct gdoi_kek *k, const uint8_t *spi)
{
	return memcmp(k->spi, spi, KEK_SPI_LEN) == 0;
}

/* The push that this member can read, as far as we know. It may have one of
 * the KEKs that came since then, if its acknowledgement was lost or another
 * key server has sent it: may_read(). NULL: none. */
static struct ks_push *
push_of(struct ks_group *grp, const struct ks_member *m)
{
	struct ks_push *p, *oldest = NULL;
	unsigned i;

	for (i = 0; i < NELEM(grp->rekey.push) && m->has_kek; i++) {
		p = &grp->rekey.push[i];
		if (p->data == NULL)
			continue;
		if (has_spi(&p->kek, m->kek_spi))
			return p;
		oldest = p;
	}
	return oldest;
}

/* own: push_of() it. */
static bool
may_read(const struct ks_push *p, const struct ks_push *own,
    const struct ks_member *m)
{
	return p->data != NULL && (p == own || p->order > m->kek_order ||
	    !has_spi(&own->kek, m->kek_spi));
}

static bool
by_multicast(const struct ks_push *p)
{
	return p->data != NULL && is_multicast(p->kek.dst.addr);
}

/* Other software may know no ACK, asked for or not: it must have sent one
 * before its silence means anything. */
bool
ks_must_ack(const struct gdoi_kek *k, const struct ks_member *m)
{
	return k->ack != KEK_ACK_NONE &&
	    (m->acked_ever || !gdoi_is_foreign(m->version));
}

static bool
awaited(const struct ks_push *p)
{
	return p->kek.ack != KEK_ACK_NONE && !by_multicast(p);
}

/* ---- sending ---- */

void
ks_push_out(struct ks_group *grp, const struct gdoi_kek *kek,
    const struct ks_member *m, const uint8_t *data, size_t len)
{
	struct udp_addr from = { grp->addr, ISAKMP_PORT }, to;

	if (is_multicast(kek->dst.addr)) {
		ks_mcast_send(grp, kek->dst, data, len);
		return;
	}
	to = (struct udp_addr){ m->addr, m->port };
	grp->g->io.send(grp->g->arg, from, to, data, len);
}

static void
count_sent(struct ks_group *grp, const struct ks_push *p,
    struct ks_member *m)
{
	unsigned i;

	if (m->state == MEMBER_SENT) {
		m->retries++;
		if (!by_multicast(p)) {
			grp->rekey.retransmits++;
			grp->retransmitted++;
		}
	} else {
		m->state = MEMBER_SENT;
		m->sent++;
	}
	if (m->sent_seq[0] == p->seq)
		return;
	for (i = NELEM(m->sent_seq) - 1; i > 0; i--)
		m->sent_seq[i] = m->sent_seq[i - 1];
	m->sent_seq[0] = p->seq;
}

/* p: push_of() it. */
static void
send_to(struct ks_group *grp, struct ks_push *p, struct ks_member *m)
{
	const struct ks_push *q;
	char name[IP4_STRLEN];
	unsigned i;

	for (i = 0; i < NELEM(grp->rekey.push); i++) {
		q = &grp->rekey.push[i];
		if (!may_read(q, p, m) || (q != p && by_multicast(q)))
			continue;
		debug(DBG_KS_REKEY, DBG_EVENT, m->addr,
		    "(%s):rekey seq # %u, %zu octets, %s %s", grp->name,
		    q->seq, q->len, m->state == MEMBER_SENT ? "again to" :
		    "to", ip4_str(m->addr, name));
		ks_push_out(grp, &q->kek, m, q->data, q->len);
	}
	count_sent(grp, p, m);
}

bool
ks_rekey_has_multicast(const struct ks_group *grp)
{
	unsigned i;

	for (i = 0; i < NELEM(grp->rekey.push); i++)
		if (by_multicast(&grp->rekey.push[i]))
			return true;
	return false;
}

static void
send_multicasts(struct ks_group *grp)
{
	struct ks_rekey *r = &grp->rekey;
	struct ks_member *m;
	unsigned i;

	if (r->tries > grp->retransmit_count)
		return; /* the rounds are for others */
	for (i = 0; i < NELEM(r->push); i++) {
		if (!by_multicast(&r->push[i]))
			continue;
		ks_push_out(grp, &r->push[i].kek, NULL, r->push[i].data,
		    r->push[i].len);
		if (r->tries > 0) {
			r->retransmits++;
			grp->retransmitted++;
		}
		TAILQ_FOREACH(m, &grp->members, link)
			if (push_of(grp, m) == &r->push[i])
				count_sent(grp, &r->push[i], m);
	}
}

/* ---- the end of a rekey ---- */

/* What its silence says about a member. Not over: another rekey came before
 * it had all its repetitions. */
static void
judge(struct ks_group *grp, struct ks_member *m, bool over)
{
	const struct ks_push *p = push_of(grp, m);
	uint8_t state = m->state;

	if (state != MEMBER_SENT && state != MEMBER_PENDING)
		return;
	m->state = MEMBER_IDLE;
	if (p != NULL && state == MEMBER_SENT && !ks_must_ack(&p->kek, m)) {
		/* it will never say: we take it that it got it */
		memcpy(m->kek_spi, grp->rekey.kek_spi, KEK_SPI_LEN);
		m->kek_order = grp->rekey.kek_order;
	}
	if (!over || (p != NULL && p->kek.ack == KEK_ACK_NONE))
		return;
	m->acks_missed++;
	if (coop_all_there(grp))
		m->missed++;
	else /* it may be on the side of the one that is missing */
		m->apart++;
	if ((m->missed >= MISSED_MAX || m->apart >= MISSED_APART) &&
	    (p == NULL || ks_must_ack(&p->kek, m)))
		ks_remove_member(grp, m, true);
}

static void
finish(struct ks_group *grp, bool over)
{
	struct ks_rekey *r = &grp->rekey;
	struct ks_member *m, *next;

	if (!r->active)
		return;
	r->active = r->last_wait = false;
	r->next = NULL;
	r->waiting = 0;
	r->duration = gdoi_now(grp->g) - r->started;
	timer_clear(&grp->g->ike->timers, &r->timer);
	for (m = TAILQ_FIRST(&grp->members); m != NULL; m = next) {
		next = TAILQ_NEXT(m, link);
		judge(grp, m, over);
	}
}

/* All have answered, or had their time. */
void
ks_rekey_finish(struct ks_group *grp)
{
	finish(grp, true);
}

void
ks_push_free(struct ks_push *p)
{
	free(p->data);
	explicit_bzero(p, sizeof(*p));
}

void
ks_rekey_stop(struct ks_group *grp)
{
	unsigned i;

	finish(grp, grp->rekey.tries >= grp->retransmit_count);
	for (i = 0; i < NELEM(grp->rekey.push); i++)
		ks_push_free(&grp->rekey.push[i]);
	free(grp->rekey.drop);
	grp->rekey.drop = NULL;
	grp->rekey.ndrop = 0;
}

void
ks_rekey_abandon(struct ks_group *grp)
{
	struct ks_member *m;

	TAILQ_FOREACH(m, &grp->members, link)
		m->state = MEMBER_IDLE;
	ks_rekey_stop(grp);
	grp->rekey.held = false;
}

bool
ks_rekey_reaches(struct ks_group *grp, const struct ks_member *m)
{
	return push_of(grp, m) != NULL;
}

static bool
repeats_are_over(const struct ks_group *grp)
{
	const struct ks_rekey *r = &grp->rekey;
	uint64_t now = gdoi_now(grp->g);

	if (r->waiting == 0) /* by multicast */
		return r->tries >= grp->retransmit_count;
	if (grp->periodic)
		return r->push[0].expires <= now;
	/* While the others still use TEKs that end sooner, who missed that
	 * is told on. */
	return r->tries >= grp->retransmit_count && now >= r->remind_until;
}

/* Nobody is waited for any more. */
static bool
all_done(const struct ks_group *grp)
{
	return grp->rekey.waiting == 0 && grp->rekey.next == NULL &&
	    (!ks_rekey_has_multicast(grp) || repeats_are_over(grp));
}

void
ks_rekey_forget(struct ks_group *grp, struct ks_member *m)
{
	struct ks_rekey *r = &grp->rekey;
	const struct ks_push *p = push_of(grp, m);

	if (r->next == m)
		r->next = TAILQ_NEXT(m, link);
	if (!r->active || p == NULL || !awaited(p) ||
	    (m->state != MEMBER_PENDING && m->state != MEMBER_SENT))
		return;
	m->state = MEMBER_IDLE;
	if (r->waiting > 0)
		r->waiting--;
	if (all_done(grp))
		ks_rekey_finish(grp);
}

/* ---- rounds ---- */

static void
build_again(struct ks_group *grp, struct ks_push *p, bool stale)
{
	if (stale || ks_clock_renews(grp, &p->kek, p->new_kek))
		(void)ks_rekey_rebuild(grp, p, stale || !by_multicast(p));
}

/* What is not true any more is said anew. */
static void
refresh(struct ks_group *grp)
{
	struct ks_rekey *r = &grp->rekey;
	uint64_t now = gdoi_now(grp->g);
	bool stale = now - r->built > STALE_PUSH_MS;
	unsigned i;

	for (i = 0; i < NELEM(r->push); i++)
		if (r->push[i].data != NULL)
			build_again(grp, &r->push[i], stale);
	if (stale)
		r->built = now;
}

/* Who may not know what an acknowledgement is has had its repetitions.
 * Reminders are for those only that can end them. */
static void
give_up_silent(struct ks_group *grp)
{
	struct ks_rekey *r = &grp->rekey;
	const struct ks_push *p;
	struct ks_member *m;

	TAILQ_FOREACH(m, &grp->members, link) {
		p = push_of(grp, m);
		if (p == NULL || !awaited(p) || m->state != MEMBER_SENT ||
		    ks_must_ack(&p->kek, m))
			continue;
		judge(grp, m, true); /* deletes none of these */
		r->waiting -= r->waiting > 0;
	}
}

static void
on_timer(void *arg)
{
	struct ks_group *grp = arg;
	struct ks_rekey *r = &grp->rekey;

	if (r->next != NULL) {
		distribute(grp);
		return;
	}
	if (r->last_wait) {
		ks_rekey_finish(grp);
		return;
	}
	if (++r->tries > grp->retransmit_count) {
		give_up_silent(grp);
		if (all_done(grp)) {
			ks_rekey_finish(grp);
			return;
		}
	}
	refresh(grp);
	r->next = TAILQ_FIRST(&grp->members);
	send_multicasts(grp);
	distribute(grp);
}

static bool
wanted(const struct ks_group *grp, const struct ks_push *p,
    const struct ks_member *m)
{
	if (p == NULL || by_multicast(p))
		return false;
	return grp->rekey.tries == 0 ? m->state == MEMBER_PENDING :
	    m->state == MEMBER_SENT && awaited(p);
}

/* Goes on with a round, some members at a time. */
static void
distribute(struct ks_group *grp)
{
	struct ks_rekey *r = &grp->rekey;
	uint64_t now = gdoi_now(grp->g);
	struct ks_push *p;
	unsigned n = 0;

	for (; r->next != NULL && n < PUSH_PACE_MEMBERS;
	    r->next = TAILQ_NEXT(r->next, link)) {
		p = push_of(grp, r->next);
		if (!wanted(grp, p, r->next))
			continue;
		send_to(grp, p, r->next);
		n++;
	}
	if (r->next != NULL) {
		timer_set(&grp->g->ike->timers, &r->timer, now + PUSH_PACE_MS,
		    on_timer, grp);
		return;
	}
	if (all_done(grp)) {
		ks_rekey_finish(grp);
		return;
	}
	/* behind the last round only the wait is left */
	r->last_wait = repeats_are_over(grp);
	timer_set(&grp->g->ike->timers, &r->timer,
	    now + (uint64_t)grp->retransmit_secs * 1000, on_timer, grp);
}

static void
log_start(struct ks_group *grp, const struct ks_push *p)
{
	const char *how = grp->rekey.replaces ? " with policy-replace" : "";
	char addr[IP4_STRLEN], to[IP4_STRLEN], spi[2 * KEK_SPI_LEN + 1];

	ip4_str(grp->addr, addr);
	gdoi_spi_str(p->kek.spi, spi);
	if (by_multicast(p))
		ike_log(grp->g->ike, LOG_KS_SEND_MCAST_REKEY, how, grp->name,
		    addr, ip4_str(p->kek.dst.addr, to), p->seq, spi);
	else
		ike_log(grp->g->ike, LOG_KS_SEND_UNICAST_REKEY, how,
		    grp->name, addr, p->seq, spi);
}

/* It may be over, or have no rounds left: there are some more for this one,
 * who has nothing newer until it hears of it. */
void
ks_rekey_to(struct ks_group *grp, struct ks_member *m)
{
	struct ks_rekey *r = &grp->rekey;
	uint64_t now = gdoi_now(grp->g);
	struct ks_push *p = push_of(grp, m);

	if (p == NULL)
		return;
	m->state = MEMBER_IDLE;
	if (!r->active) {
		refresh(grp);
		r->waiting = 0;
	}
	send_to(grp, p, m);
	r->waiting += awaited(p);
	if (r->active && !r->last_wait)
		return;
	r->active = true;
	r->last_wait = false;
	r->tries = 0;
	timer_set(&grp->g->ike->timers, &r->timer,
	    now + (uint64_t)grp->retransmit_secs * 1000, on_timer, grp);
}

void
ks_rekey_start(struct ks_group *grp)
{
	struct ks_rekey *r = &grp->rekey;
	const struct ks_push *p;
	struct ks_member *m;

	r->tries = r->retransmits = r->waiting = 0;
	r->started = r->built = gdoi_now(grp->g);
	r->active = true;
	r->last_wait = false;
	r->remind_until = ks_shortened_until(grp);
	r->next = TAILQ_FIRST(&grp->members);
	TAILQ_FOREACH(m, &grp->members, link) {
		p = push_of(grp, m);
		m->surplus = 0;
		m->state = p != NULL ? MEMBER_PENDING : MEMBER_IDLE;
		r->waiting += p != NULL && awaited(p);
	}
	grp->rekeys_sent++;
	log_start(grp, &r->push[0]);
	send_multicasts(grp);
	distribute(grp);
}

/* ---- acknowledgements ---- */

static void
acknowledged(struct ks_group *grp, struct ks_push *p, struct ks_member *m,
    uint32_t seq)
{
	struct ks_rekey *r = &grp->rekey;
	bool counted = r->active && m->state == MEMBER_SENT && awaited(p);
	unsigned i;

	m->state = MEMBER_ACKED;
	m->acked_ever = true;
	m->missed = m->apart = 0;
	m->acks++;
	memcpy(m->kek_spi, r->kek_spi, KEK_SPI_LEN);
	m->kek_order = r->kek_order;
	for (i = NELEM(m->rcvd_seq) - 1; i > 0; i--)
		m->rcvd_seq[i] = m->rcvd_seq[i - 1];
	m->rcvd_seq[0] = seq;
	/* waiting counts those too that were not sent to yet */
	if (counted && r->waiting > 0)
		r->waiting--;
	if (r->active && all_done(grp))
		ks_rekey_finish(grp);
}

static bool
ack_hash_ok(const struct gdoi_kek *k, const struct isakmp_pl *h,
    const struct isakmp_msg *m)
{
	static const unsigned bits[] = { 512, 256, 1024 };
	const uint8_t *rest = h->body + h->len;
	uint8_t want[IKE_HASH_MAX];
	unsigned i;
	size_t n;

	for (i = 0; i < NELEM(bits); i++) {
		n = push_ack_hash(k, bits[i], rest, (size_t)(m->end - rest),
		    want);
		if (n != 0 && n == h->len && bytes_equal(want, h->body, n))
			return true;
	}
	return false;
}

/* The push with the KEK of these cookies. */
static struct ks_push *
find_push(struct gdoi *g, const uint8_t *cookies, struct ks_group **grp)
{
	struct ks_push *p;

	TAILQ_FOREACH(*grp, &g->ks, link)
		for (p = (*grp)->rekey.push; p < (*grp)->rekey.push +
		    NELEM((*grp)->rekey.push); p++)
			if (p->data != NULL && has_spi(&p->kek, cookies))
				return p;
	return NULL;
}

static bool
form_taken(const struct ks_push *p, bool encrypted)
{
	return p->ack == REKEY_ACK_ANY ||
	    encrypted == (p->ack == REKEY_ACK_CISCO);
}

struct ack {
	struct isakmp_msg m;
	const struct isakmp_pl *hash;
	uint32_t seq, addr;
};

/* data is clear text. */
static bool
decode_ack(const uint8_t *data, size_t len, struct ack *a)
{
	const struct isakmp_pl *s, *id;
	struct rd r;

	if (!isakmp_parse(&a->m, data, len) || a->m.n != 3 ||
	    (a->hash = isakmp_find(&a->m, ISAKMP_HASH, 0)) != &a->m.pl[0] ||
	    (s = isakmp_find(&a->m, ISAKMP_SEQ, 0)) == NULL ||
	    (id = isakmp_find(&a->m, ISAKMP_ID, 0)) == NULL ||
	    !gdoi_get_seq(isakmp_rd(s), &a->seq) || id->len != 8)
		return false;
	r = isakmp_rd(id);
	rd_skip(&r, 4);
	a->addr = rd_u32(&r);
	return true;
}

static void
bad_ack(struct gdoi *g, struct udp_addr from, enum log_id id)
{
	char a[IP4_STRLEN];

	g->ike->stats.bad++;
	ike_log_limited(g->ike, from.addr, id, ip4_str(from.addr, a));
}

/* It may answer when the rekey is over for the key server. */
static bool
sent_this(struct ks_group *grp, const struct ks_member *m,
    const struct ks_push *p)
{
	const struct ks_push *own = push_of(grp, m);

	return own != NULL && may_read(p, own, m) &&
	    (m->state == MEMBER_SENT || (m->state == MEMBER_IDLE &&
	    m->sent_seq[0] >= own->first_seq && m->sent_seq[0] <= own->seq));
}

static void
judge_ack(struct ks_group *grp, struct ks_push *p, struct udp_addr from,
    const struct ack *a)
{
	struct ks_member *m = ks_find_member(grp, a->addr);
	char s[IP4_STRLEN];

	gdoi_event(grp->g, TRACE_REKEY, DBG_KS_REKEY, DBG_TERSE, from.addr,
	    "(%s):rekey acknowledged by %s, seq # %u", grp->name,
	    ip4_str(a->addr, s), a->seq);
	/* One of another rekey says nothing about this one. */
	if (m == NULL)
		return;
	if (sent_this(grp, m, p) && a->seq >= p->first_seq &&
	    a->seq <= p->seq)
		acknowledged(grp, p, m, a->seq);
	else if (++m->surplus == SURPLUS_MAX)
		ike_log(grp->g->ike, LOG_KS_BLACK_HOLE_ACK,
		    ip4_str(m->addr, s), grp->name);
}

/* Said once, no more work for it. */
static bool
black_hole(struct ks_group *grp, const struct ack *a)
{
	const struct ks_member *m = ks_find_member(grp, a->addr);

	return m != NULL && m->surplus >= SURPLUS_MAX;
}

/* data may be written to. The hash is made with the group's key: any member
 * can make it, so at least it has to come from where the member is. */
static void
open_ack(struct gdoi *g, struct udp_addr from, uint8_t *data, size_t len,
    const struct gdoi_kek *kek, struct ks_group *grp, struct ks_push *p)
{
	struct ack a;

	if (((data[19] & ISAKMP_F_ENC) && !push_ack_decrypt(kek, data, len)) ||
	    !decode_ack(data, len, &a)) {
		bad_ack(g, from, LOG_IKMP_BAD_MESSAGE);
		return;
	}
	if (p != NULL)
		ike_debug_message(DBG_KS_REKEY, grp->name, from, data, len,
		    false);
	if (a.addr != from.addr || (p != NULL && black_hole(grp, &a))) {
		g->ike->stats.bad++;
		return;
	}
	if (!ack_hash_ok(kek, a.hash, &a.m))
		bad_ack(g, from, LOG_KS_HASH_FAIL);
	else if (p != NULL)
		judge_ack(grp, p, from, &a);
	else
		ks_farewell_ack(g, &a.m.hdr, a.addr, a.seq);
}

void
ks_ack_input(struct gdoi *g, struct udp_addr from, const uint8_t *data,
    size_t len)
{
	const struct gdoi_kek *kek;
	struct isakmp_hdr h;
	struct ks_group *grp;
	struct ks_push *p;

	if (!isakmp_get_hdr(&h, data, len) || h.mid != 0 ||
	    (h.flags & ~ISAKMP_F_ENC) != 0) {
		bad_ack(g, from, LOG_IKMP_BAD_MESSAGE);
		return;
	}
	p = find_push(g, data, &grp);
	kek = p != NULL ? &p->kek : ks_farewell_kek(g, &h);
	if (kek == NULL) {
		g->ike->stats.no_sa++; /* late: that push is history */
		return;
	}
	if (kek->ack == KEK_ACK_NONE ||
	    (p != NULL && !form_taken(p, h.flags == ISAKMP_F_ENC))) {
		g->ike->stats.bad++; /* not the form of rekey acknowledgement */
		return;
	}
	memcpy(g->ike->in, data, len);
	open_ack(g, from, g->ike->in, len, kek, grp, p);
	explicit_bzero(g->ike->in, len);
}
