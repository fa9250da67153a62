/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine of IPsec between two routers: puts phase 1, quick mode and flows
 * together behind ipsec.h, and is what phase 1 knows as its DOI. Runs in
 * process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipsec/ipsec_priv.h"

#define APART_MS 50 /* flows that begin anew, or the peer drops some */

uint32_t
ipsec_random(struct ipsec *s, uint32_t below)
{
	uint32_t r;

	ike_random(s->ike, &r, sizeof(r));
	return below != 0 ? r % below : 0;
}

const struct port *
ipsec_find_port(const struct ipsec *s, const char *name)
{
	size_t i;

	for (i = 1; i < NELEM(s->ports); i++)
		if (s->ports[i].index != 0 &&
		    strcmp(s->ports[i].name, name) == 0)
			return &s->ports[i];
	return NULL;
}

void
ipsec_tell(struct ipsec *s, const struct sa_change *c)
{
	s->io.sa(s->arg, c);
}

/* ---- what phase 1 wants of the world ---- */

static void
env_send(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct ipsec *s = arg;

	s->io.send(s->arg, from, to, data, len);
}

static uint64_t
env_now(void *arg)
{
	struct ipsec *s = arg;

	return s->io.now(s->arg);
}

static void
env_random(void *arg, void *data, size_t len)
{
	struct ipsec *s = arg;

	s->io.random(s->arg, data, len);
}

static void
env_log(void *arg, enum log_id id, va_list ap)
{
	struct ipsec *s = arg;

	s->io.log(s->arg, id, ap);
}

static uint32_t
env_if_addr(void *arg, const char *ifname)
{
	const struct port *p = ipsec_find_port(arg, ifname);

	return p != NULL && p->up ? p->addr : 0;
}

/* ---- what phase 1 tells of a peer ---- */

/* Peers behind one NAT are told apart by their ports, and by who they are: the
 * NAT may have given one another port. */
static bool
is_of(const struct pair *p, const struct ike_sa *sa, struct udp_addr remote)
{
	char id[IKE_ID_STRLEN];

	return p->local.addr == sa->local.addr && (pair_is_with(p, remote) ||
	    (p->remote.addr == remote.addr && p->flow->peer_id[0] != '\0' &&
	    strcmp(p->flow->peer_id, ike_id_str(&sa->peer_id, id)) == 0));
}

/* Calls fn for each pair with the peer of an SA, who is or was at remote; it
 * may delete that pair. Then flows that are left with nothing go. */
static void
each_pair(struct ike_sa *sa, struct udp_addr remote, void (*fn)(struct pair *,
    struct ike_sa *, void *), void *arg)
{
	struct ipsec *s = sa->ike->env.arg;
	struct ipsec_flow *f, *nextf;
	struct pair *p, *next;
	struct entry *e;

	TAILQ_FOREACH(e, &s->entries, link)
		for (f = TAILQ_FIRST(&e->flows); f != NULL; f = nextf) {
			nextf = TAILQ_NEXT(f, link);
			for (p = TAILQ_FIRST(&f->pairs); p != NULL; p = next) {
				next = TAILQ_NEXT(p, link);
				if (is_of(p, sa, remote))
					fn(p, sa, arg);
			}
			flow_unused(f);
		}
}

struct spis {
	const uint32_t *spi;
	unsigned n;
};

/* What the peer receives with no more, it does not send the other way. */
static void
delete_spi(struct pair *p, struct ike_sa *sa UNUSED, void *arg)
{
	const struct spis *d = arg;
	unsigned i;

	for (i = 0; i < d->n; i++)
		if (d->spi[i] == p->out.spi) {
			pair_delete(p, false, "deleted by the peer");
			return;
		}
}

static void
deleted(struct ike_sa *sa, uint8_t proto, const uint32_t *spis, unsigned n)
{
	struct spis d = { spis, n };

	if (proto == PROTO_IPSEC_ESP)
		each_pair(sa, sa->remote, delete_spi, &d);
}

/* Behind a NAT another one may have the port of the pair's peer by now. */
static bool
is_of_another(const struct pair *p, const struct ike_sa *sa)
{
	char id[IKE_ID_STRLEN];

	return p->nat_remote && p->flow->peer_id[0] != '\0' &&
	    strcmp(p->flow->peer_id, ike_id_str(&sa->peer_id, id)) != 0;
}

/* Who calls begins what it wants by itself. One that we have called may not be
 * able to, so what it has lost is replaced, and only then goes: if nothing but
 * its key management has died its packet process still reads it. */
static void
lost_older(struct pair *p, struct ike_sa *sa, void *arg)
{
	struct ipsec_flow *f = p->flow;
	unsigned *delay = arg;

	if (p->began >= sa->created || is_of_another(p, sa))
		return;
	if (!sa->initiator) {
		pair_delete(p, false, "initial contact");
		return;
	}
	pair_end_soon(p);
	if (TAILQ_FIRST(&f->pairs) != p)
		return;
	flow_start_in(f, *delay);
	*delay += APART_MS;
}

/* Where phase 1 goes only after the message that says so. */
static void
initial_contact(struct ike_sa *sa)
{
	unsigned delay = 0;

	each_pair(sa, sa->ike->from, lost_older, &delay);
}

static void
peer_dead(struct ike_sa *sa)
{
	flows_peer_dead(sa->ike->env.arg, sa->local.addr, sa->remote);
}

/* Of the peer of a static entry only the address is known for sure. */
static bool
may_be_of(const struct pair *p, const struct ike_sa *sa)
{
	return is_of(p, sa, sa->remote) || (p->flow->peer_id[0] == '\0' &&
	    p->local.addr == sa->local.addr &&
	    p->remote.addr == sa->remote.addr);
}

static bool
has_sas(struct ike_sa *sa)
{
	struct ipsec *s = sa->ike->env.arg;
	const struct ipsec_flow *f;
	const struct entry *e;
	const struct pair *p;

	PAIRS_FOREACH(s, e, f, p)
		if (may_be_of(p, sa))
			return true;
	return false;
}

/* INVALID-SPI: the peer knows nothing of what we send with. Who says so has
 * proved who he is. */
static void
notified(struct ike_sa *sa, const struct ike_notice *n)
{
	struct ipsec *s = sa->ike->env.arg;
	struct pair *p;
	struct ipsec_flow *f;

	if (n->type != N_INVALID_SPI || n->proto != PROTO_IPSEC_ESP ||
	    (p = pair_find_out(s, sa->remote.addr, n->spi)) == NULL)
		return;
	f = p->flow;
	pair_delete(p, false, "the peer does not know it");
	if (!flow_is_up(f))
		flow_start_in(f, 0);
	flow_unused(f);
}

static void
move_pair(struct pair *p, struct ike_sa *sa, void *arg UNUSED)
{
	p->remote = sa->remote;
	pair_say(p);
}

static void
moved(struct ike_sa *sa, struct udp_addr was)
{
	each_pair(sa, was, move_pair, NULL);
}

static const struct exch_type *const types[] = { &quick_mode, NULL };

static const struct ike_doi ipsec_doi = {
	.number = DOI_IPSEC,
	.name = "IPSEC",
	.idle = "QM_IDLE",
	.types = types,
	.sa_changed = alive_sa_changed,
	.port = IPSEC_PORT,
	.nat_port = IPSEC_NAT_PORT,
	.aggressive = true,
	.deleted = deleted,
	.notified = notified,
	.initial_contact = initial_contact,
	.peer_dead = peer_dead,
	.has_sas = has_sas,
	.moved = moved,
	.sessions = ipsec_sessions,
	.count_sas = ipsec_count_sas,
	.clear = ipsec_clear,
	.clear_spi = ipsec_clear_spi,
};

/* ---- what fwd says ---- */

static struct pair *
find_pair(struct entry *e, uint32_t spi)
{
	struct ipsec_flow *f;
	struct pair *p;

	TAILQ_FOREACH(f, &e->flows, link)
		TAILQ_FOREACH(p, &f->pairs, link)
			if (p->out.spi == spi || p->in.spi == spi)
				return p;
	return NULL;
}

static void
acquire(struct entry *e, uint16_t index)
{
	struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link)
		if (f->index == index) {
			flow_wanted(f);
			return;
		}
}

static void
used(struct entry *e, const struct sa_event *ev)
{
	struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link)
		if (f->index == ev->sa_index) {
			f->use = ev->use;
			f->use_spi = ev->spi;
			return;
		}
}

static void
idle(struct pair *p)
{
	struct ipsec_flow *f = p->flow;

	if (TAILQ_FIRST(&f->pairs) != p)
		return;
	flow_down(f, true, "it was idle");
	flow_unused(f);
}

/* `crypto isakmp invalid-spi-recovery`: a peer of ours that sends what we have
 * lost gets new SAs, and INITIAL-CONTACT with them. Anybody can bring that
 * about, as he can bring packets that want an SA. */
static void
recover_spi(struct ipsec *s, const struct sa_event *ev)
{
	struct entry *e;

	TAILQ_FOREACH(e, &s->entries, link)
		if (entry_has_peer(e, ev->src) && entry_serves(e, ev->dst) &&
		    !TAILQ_EMPTY(&e->flows)) {
			flow_wanted(TAILQ_FIRST(&e->flows));
			return;
		}
}

/* ESP with an SPI that nobody has. A peer that has proved who it is may have
 * lost its SAs, or we ours: it is told. Not of a new one that fwd has not heard
 * of when the first packet comes: it would throw it away. */
static void
invalid_spi(struct ipsec *s, const struct sa_event *e)
{
	struct udp_addr from = { e->src, 0 };
	struct ike_sa *sa = ike_find_sa(s->ike, e->dst, from);
	const struct pair *p = pair_find_in(s, e->spi);

	if (p != NULL && ipsec_now(s) + p->seconds * UINT64_C(1000) <
	    p->in.expires + SETTLE_MS)
		return;
	if (sa != NULL)
		ike_notify_spi(sa, PROTO_IPSEC_ESP, e->spi, N_INVALID_SPI,
		    NULL, 0);
	else if (s->conf->invalid_spi_recovery)
		recover_spi(s, e);
}

/* Packets show where the peer is before phase 1 does; what is said to it must
 * go there, too, or it would seem dead. */
static void
peer_moved(struct pair *p, struct udp_addr now)
{
	struct udp_addr was = p->remote;
	struct ipsec *s = p->s;
	struct ipsec_flow *f;
	struct entry *e;
	struct pair *o;

	if (!p->nat_remote || now.addr == 0 || now.port == 0)
		return;
	ike_peer_moved(s->ike, p->local.addr, was, now);
	PAIRS_FOREACH(s, e, f, o)
		if (o->nat_remote && pair_is_with(o, was) &&
		    o->local.addr == p->local.addr) {
			o->remote = now;
			pair_say(o);
		}
}

void
ipsec_spi_comes(struct ipsec *s, uint32_t spi)
{
	struct pair *p = pair_find_in(s, spi);

	if (p == NULL)
		return;
	pair_used_up(p);
	ike_reap(s->ike);
}

void
ipsec_sa_event(struct ipsec *s, const struct sa_event *ev)
{
	struct entry *e = entry_find(s, ev->group);
	struct pair *p = e != NULL ? find_pair(e, ev->spi) : NULL;

	if (s->conf == NULL)
		return;
	if (ev->type == SA_EVENT_INVALID_SPI)
		invalid_spi(s, ev);
	else if (ev->type == SA_EVENT_ACQUIRE && e != NULL)
		acquire(e, ev->sa_index);
	else if (ev->type == SA_EVENT_USE && e != NULL)
		used(e, ev);
	else if ((ev->type == SA_EVENT_KILOBYTES ||
	    ev->type == SA_EVENT_EXHAUSTED) && p != NULL)
		pair_used_up(p);
	else if (ev->type == SA_EVENT_IDLE && p != NULL)
		idle(p);
	else if (ev->type == SA_EVENT_SILENT && p != NULL)
		alive_silent(p);
	else if (ev->type == SA_EVENT_MOVED && p != NULL)
		peer_moved(p, (struct udp_addr){ ev->dst, ev->port });
	ike_reap(s->ike);
}

/* ---- ipsec.h ---- */

struct ipsec *
ipsec_new(const struct ipsec_io *io, void *arg, unsigned *conn_ids)
{
	struct ipsec *s = xcalloc(1, sizeof(*s));
	struct ike_env env = { s, env_send, env_now, env_random, env_log,
		env_if_addr };

	s->io = *io;
	s->arg = arg;
	s->ike = ike_new(&env, &ipsec_doi, "", conn_ids);
	TAILQ_INIT(&s->entries);
	LIST_INIT(&s->quicks);
	LIST_INIT(&s->asked);
	return s;
}

struct ike *
ipsec_ike(struct ipsec *s)
{
	return s->ike;
}

void
ipsec_free(struct ipsec *s)
{
	if (s == NULL)
		return;
	entries_free(s);
	ike_free(s->ike);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

void
ipsec_config(struct ipsec *s, const struct conf *old UNUSED,
    const struct conf *new)
{
	s->conf = new;
	ike_config(s->ike, new);
	entries_config(s);
	alive_config(s);
	/* no port is left to answer from */
	if (TAILQ_EMPTY(&s->entries))
		ike_clear(s->ike);
	ike_reap(s->ike);
}

void
ipsec_port(struct ipsec *s, const struct port *p)
{
	if (p->index == 0 || p->index > PORT_MAX)
		return;
	s->ports[p->index] = *p;
	if (s->conf != NULL)
		entries_ports(s);
	ike_reap(s->ike);
}

void
ipsec_input(struct ipsec *s, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len)
{
	if (s->conf == NULL)
		return;
	ike_input(s->ike, local, from, data, len);
	ike_reap(s->ike);
}

uint64_t
ipsec_timeout(struct ipsec *s)
{
	uint64_t next = timers_run(&s->ike->timers, ipsec_now(s));

	ike_reap(s->ike);
	return next;
}

/* A new fwd knows no counters: each pair is followed by a new one at once, and
 * not all of them in the same moment. */
void
ipsec_resync(struct ipsec *s)
{
	struct quick *q;
	struct entry *e;
	struct ipsec_flow *f;
	struct pair *p;

	TAILQ_FOREACH(e, &s->entries, link) {
		if (e->kind == ENTRY_DYNAMIC)
			dynamic_policy(e);
		TAILQ_FOREACH(f, &e->flows, link) {
			TAILQ_FOREACH_REVERSE(p, &f->pairs, pair_list, link)
				pair_resync(p);
			if (!TAILQ_EMPTY(&f->pairs))
				flow_start_in(f, ipsec_random(s,
				    RESYNC_SPREAD_MS));
		}
	}
	LIST_FOREACH(q, &s->quicks, link) /* those on their way to be up */
		if (q->pair != NULL && q->pair->in.told)
			pair_say(q->pair);
	ike_reap(s->ike);
}
