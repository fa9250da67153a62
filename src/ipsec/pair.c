/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Pairs of SAs: their numbers, what the packet process is told of them, when
 * the next one has to be made, and their end. Runs in process ike.
 *
 * The newest pair of a flow is sent with, and only it is followed by another
 * one. When both sides have made one at the same time both stay, and whoever
 * is first to follow his newest ends the difference. By volume he may not: only
 * what is used ends, and a hub whose process ike has died sends with a pair
 * that it knows no more. So an older one is followed, too, if the peer has used
 * it up and goes on with it. Packets may be on their way under an older pair,
 * so that one is read until its end. A life begins with the exchange for what
 * is sent with, which is before the other side's inbound SA is there, and with
 * the SA for what is received with: nobody sends with what the other one has
 * no more.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipsec/ipsec_priv.h"

#define STALE_LEFT_MS 60000 /* a responder has its successor by then */
#define PEER_READS_MS 500   /* its packet process has a new one by then */

struct pair *
pair_find_in(struct ipsec *s, uint32_t spi)
{
	struct pair *p;

	LIST_FOREACH(p, &s->buckets[spi % PAIR_BUCKETS], bucket)
		if (p->in.spi == spi)
			return p;
	return NULL;
}

static bool
spi_used(struct ipsec *s, uint32_t spi)
{
	return spi <= 255 || pair_find_in(s, spi) != NULL ||
	    (s->io.spi_used != NULL && s->io.spi_used(s->arg, spi));
}

struct pair *
pair_new(struct ipsec_flow *f, bool initiator)
{
	struct ipsec *s = f->e->s;
	struct pair *p = xcalloc(1, sizeof(*p));

	p->s = s;
	p->flow = f;
	p->initiator = initiator;
	do /* up to 255 they are reserved */
		ike_random(s->ike, &p->in.spi, sizeof(p->in.spi));
	while (spi_used(s, p->in.spi));
	LIST_INSERT_HEAD(&s->buckets[p->in.spi % PAIR_BUCKETS], p, bucket);
	return p;
}

/* ---- what fwd is told ---- */

static uint32_t
left(struct ipsec *s, uint64_t then)
{
	uint64_t now = ipsec_now(s);

	return then > now ? (uint32_t)(then - now) : 1;
}

static void
tell_add(struct pair *p, enum sa_way way, uint32_t seq_base,
    uint32_t send_after_ms)
{
	struct pair_end *e = way == SA_WAY_IN ? &p->in : &p->out;
	const struct ipsec_flow *f = p->flow;
	struct sa_change c = { .type = SA_ADD };
	struct sa_tek *t = &c.tek;

	str_copy(t->group, f->e->group, sizeof(t->group));
	t->spi = e->spi;
	t->other_spi = way == SA_WAY_IN ? p->out.spi : p->in.spi;
	t->sa_index = f->index;
	t->transform = p->esp;
	t->window = f->terms.window;
	t->replay = t->window == 0 || esp_icv_len(&p->esp) == 0 ?
	    REPLAY_NONE : REPLAY_COUNTER;
	t->life_ms = left(p->s, e->expires);
	t->pfs = p->group;
	t->life_kb = p->kilobytes;
	t->idle_ms = f->terms.idle * 1000;
	t->salt = e->salt;
	t->seq_base = seq_base;
	t->send_after_ms = send_after_ms;
	t->mode = p->transport ? SA_TRANSPORT : SA_TUNNEL;
	t->way = (uint8_t)way;
	t->local = p->local.addr;
	t->remote = p->remote.addr;
	if (p->udp) {
		t->encap_local = p->local.port;
		t->encap_remote = p->remote.port;
	}
	t->key = e->key;
	t->auth_key = e->auth_key;
	e->told = true;
	ipsec_tell(p->s, &c);
	explicit_bzero(&c, sizeof(c));
}

static void
tell_del(struct pair *p, enum sa_way way)
{
	struct pair_end *e = way == SA_WAY_IN ? &p->in : &p->out;
	struct sa_change c = { .type = SA_DEL };

	if (!e->told)
		return;
	str_copy(c.del.group, p->flow->e->group, sizeof(c.del.group));
	c.del.spi = e->spi;
	c.del.way = (uint8_t)way;
	e->told = false;
	ipsec_tell(p->s, &c);
}

/* A counter of packets that is lost begins again above what may have been
 * used. Counters that are IVs cannot: nothing is sent with those any more. */
static uint32_t
seq_guess(const struct pair *p)
{
	uint64_t life = (uint64_t)p->seconds * 1000;
	uint64_t rest = left(p->s, p->out.expires);

	return rest >= life ? 0 :
	    (uint32_t)((life - rest) * (UINT64_C(1) << 31) / life);
}

void
pair_resync(struct pair *p)
{
	tell_add(p, SA_WAY_IN, 0, 0);
	p->stale = ipsec_now(p->s);
	if (p->out.told && !esp_is_aead(&p->esp))
		tell_add(p, SA_WAY_OUT, seq_guess(p), 0);
	else
		p->out.told = false;
}

void
pair_say(struct pair *p)
{
	tell_add(p, SA_WAY_IN, 0, 0);
	if (p->out.told)
		tell_add(p, SA_WAY_OUT, 0, 0);
}

/* ---- its life ---- */

static void
expired(void *arg)
{
	struct pair *p = arg;
	struct ipsec_flow *f = p->flow;

	/* one that thinks it longer lives on with another one */
	pair_delete(p, true, "its lifetime is over");
	flow_unused(f);
}

/* Sent with no longer, before the peer has it no more. */
static void
out_expired(void *arg)
{
	struct pair *p = arg;

	tell_del(p, SA_WAY_OUT);
	timer_set(&p->s->ike->timers, &p->timer, p->in.expires, expired, p);
}

/* An older one that the peer goes on with: its volume ends, nobody has made
 * another one since that was known, and the peer had the time to. */
static bool
is_left_to_us(const struct pair *p)
{
	return TAILQ_FIRST(&p->flow->pairs)->began < p->stale &&
	    p->stale + SETTLE_MS <= ipsec_now(p->s);
}

static void
rekey(void *arg)
{
	struct pair *p = arg;

	timer_set(&p->s->ike->timers, &p->timer, p->out.expires, out_expired,
	    p);
	if (TAILQ_FIRST(&p->flow->pairs) == p || is_left_to_us(p))
		flow_rekey(p->flow);
}

/* The other side may have the next one later than we, or go on with this one
 * for a while: it stays some time, not to the end of its hour. */
void
pair_used_up(struct pair *p)
{
	if (!p->up || ipsec_now(p->s) >= p->out.expires)
		return;
	if (p->stale == 0)
		p->stale = ipsec_now(p->s);
	rekey(p);
}

/* Both sides follow a pair, the one that has begun it first. */
static uint64_t
rekey_at(struct pair *p)
{
	uint32_t before = p->initiator ? REKEY_MS : REKEY_LATE_MS;
	uint32_t most = p->seconds * 1000u / (p->initiator ? 4 : 8);

	if (before > most) /* a short life has not so much to give */
		before = most;
	before += ipsec_random(p->s, before / 4 + 1);
	return p->out.expires - before;
}

void
pair_tell_in(struct pair *p)
{
	p->in.expires = ipsec_now(p->s) + (uint64_t)p->seconds * 1000;
	tell_add(p, SA_WAY_IN, 0, 0);
}

/* Long enough for a successor, unless there will be none. */
void
pair_end_soon(struct pair *p)
{
	uint64_t end = ipsec_now(p->s) + STALE_LEFT_MS;

	if (p->in.expires <= end)
		return;
	p->in.expires = p->out.expires = end;
	timer_set(&p->s->ike->timers, &p->timer, end, expired, p);
}

/* What this one replaces, and what that one had replaced. */
static void
retire(struct pair *by)
{
	struct pair *p, *next;
	bool stale = false;
	unsigned n = 0;

	for (p = TAILQ_NEXT(by, link); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		stale |= p->stale != 0;
		if (++n >= FLOW_PAIRS_MAX)
			pair_delete(p, true, "too many of them");
		else if (stale)
			pair_end_soon(p);
	}
}

void
pair_up(struct pair *p)
{
	struct ipsec_flow *f = p->flow;
	char a[64], b[64];

	if (TAILQ_EMPTY(&f->pairs))
		f->up_since = ipsec_now(p->s);
	p->up = true;
	p->out.expires = p->began + (uint64_t)p->seconds * 1000;
	/* the peer is sure to have it; not so sure its packet process, while
	 * the one before can be sent with */
	tell_add(p, SA_WAY_OUT, 0, flow_is_up(f) ? PEER_READS_MS : 0);
	TAILQ_INSERT_HEAD(&f->pairs, p, link);
	timer_set(&p->s->ike->timers, &p->timer, rekey_at(p), rekey, p);
	debug(DBG_IPSEC, DBG_TERSE, p->remote.addr, "(key_engine): SAs of %s"
	    " are up, local_proxy= %s, remote_proxy= %s, lifedur= %us and %ukb",
	    f->e->group, qm_proxy_str(&f->local, a),
	    qm_proxy_str(&f->remote, b), p->seconds, p->kilobytes);
	retire(p);
	flow_succeeded(f);
	flow_route(f);
}

void
pair_free(struct pair *p)
{
	tell_del(p, SA_WAY_OUT);
	tell_del(p, SA_WAY_IN);
	timer_clear(&p->s->ike->timers, &p->timer);
	LIST_REMOVE(p, bucket);
	if (p->up)
		TAILQ_REMOVE(&p->flow->pairs, p, link);
	flow_route(p->flow);
	explicit_bzero(p, sizeof(*p));
	free(p);
}

void
pair_delete(struct pair *p, bool tell_peer, const char *why)
{
	struct ike_sa *sa;

	debug(DBG_IPSEC, DBG_TERSE, p->remote.addr, "(delete_sa): deleting"
	    " SA, sa_spi= 0x%08X and 0x%08X, %s", p->in.spi, p->out.spi, why);
	if (tell_peer && (sa = ike_find_sa(p->s->ike, p->local.addr,
	    p->remote)) != NULL)
		ike_delete_spis(sa, PROTO_IPSEC_ESP, &p->in.spi, 1);
	pair_free(p);
}

struct pair *
pair_find_out(struct ipsec *s, uint32_t peer, uint32_t spi)
{
	struct entry *e;
	struct ipsec_flow *f;
	struct pair *p;

	PAIRS_FOREACH(s, e, f, p)
		if (p->out.spi == spi && p->remote.addr == peer)
			return p;
	return NULL;
}

static bool
is_named(const struct pair *p, uint32_t spi, struct udp_addr peer)
{
	return p->out.spi == spi && (p->up || !pair_is_with(p, peer));
}

/* fwd names what leaves by entry and SPI: who chose that of another peer
 * would change or end the other's SA. One that is not up yet may be of an
 * attempt that the peer gave up. */
bool
pair_has_spi(const struct entry *e, uint32_t spi, struct udp_addr peer)
{
	const struct ipsec_flow *f;
	const struct quick *q;
	const struct pair *p;

	LIST_FOREACH(q, &e->s->quicks, link)
		if (q->pair != NULL && q->pair->flow->e == e &&
		    is_named(q->pair, spi, peer))
			return true;
	TAILQ_FOREACH(f, &e->flows, link)
		TAILQ_FOREACH(p, &f->pairs, link)
			if (is_named(p, spi, peer))
				return true;
	return false;
}
