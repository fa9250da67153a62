/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What commands see and end: sessions, one for each peer of an entry, and
 * their SAs. Runs in process ike.
 */
#include "config.h"

#include <string.h>

#include "ike/session.h"
#include "ipsec/ipsec_priv.h"

/* ---- show ---- */

static unsigned
sas_of(const struct ipsec_flow *f)
{
	const struct pair *p;
	unsigned n = 0;

	TAILQ_FOREACH(p, &f->pairs, link)
		n += (unsigned)p->in.told + p->out.told;
	return n;
}

/* A peer of a dynamic map is who it says it is, several may be behind one
 * address; of an entry it is an address. */
static bool
same_session(const struct ipsec_flow *a, const struct ipsec_flow *b)
{
	return a->e->kind != ENTRY_DYNAMIC || (a->peer == b->peer &&
	    strcmp(a->peer_id, b->peer_id) == 0);
}

/* Established, or on its way to that. */
static const struct ike_sa *
phase1_with(const struct entry *e, const struct ipsec_flow *of, uint32_t peer)
{
	const struct ike_sa *sa, *found = NULL;
	char id[IKE_ID_STRLEN];

	TAILQ_FOREACH(sa, &e->s->ike->sas, link) {
		if (sa->remote.addr != peer || (e->kind == ENTRY_DYNAMIC &&
		    strcmp(of->peer_id, ike_id_str(&sa->peer_id, id)) != 0))
			continue;
		if (found == NULL || sa->state == IKE_IDLE ||
		    found->state != IKE_IDLE)
			found = sa;
	}
	return found;
}

static void
add_flow(struct ike_session *x, const struct ipsec_flow *f)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);

	x->negotiating |= f->quick != NULL;
	if (!flow_is_up(f))
		return;
	x->up = true;
	x->port = p->remote.port;
	if (x->up_since == 0 || f->up_since < x->up_since)
		x->up_since = f->up_since;
}

static uint32_t
seconds_left(const struct ipsec_flow *f, const struct pair_end *e)
{
	uint64_t now = ipsec_now(f->e->s);

	return e->expires > now ? (uint32_t)((e->expires - now) / 1000) : 0;
}

/* The newest pair is sent with, or will be in a moment. */
static void
show_flow(struct sessions *s, const struct ipsec_flow *f)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);
	struct ike_flow x = { .ace = &f->ace, .sas = sas_of(f),
		.origin = f->e->kind == ENTRY_DYNAMIC ? "dynamic crypto map" :
		"crypto map", .use = f->use };
	uint64_t used;
	unsigned i;

	if (p != NULL) {
		x.volume = p->kilobytes != 0;
		x.seconds[0] = seconds_left(f, &p->in);
		x.seconds[1] = seconds_left(f, &p->out);
	}
	for (i = 0; i < 2 && x.volume; i++) {
		used = f->use_spi == p->out.spi ? f->use.octets[i] / 1024 : 0;
		x.kilobytes[i] = used < p->kilobytes ?
		    p->kilobytes - used : 0;
	}
	sessions_flow(s, &x);
}

/* Of a dynamic map: of: the first flow of its peer. */
static void
session(struct sessions *s, const struct entry *e,
    const struct ipsec_flow *of, uint32_t peer)
{
	struct ike_session x = { .ifname = e->ifname, .local = e->local,
		.peer = peer, .port = IPSEC_PORT,
		.sa = phase1_with(e, of, peer) };
	const struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link)
		if (of == NULL || same_session(f, of))
			add_flow(&x, f);
	if (!sessions_begin(s, &x))
		return;
	TAILQ_FOREACH(f, &e->flows, link)
		if (of == NULL || same_session(f, of))
			show_flow(s, f);
	sessions_end(s);
}

static bool
shown_before(const struct ipsec_flow *f)
{
	const struct ipsec_flow *o;

	TAILQ_FOREACH(o, &f->e->flows, link) {
		if (o == f)
			return false;
		if (same_session(o, f))
			return true;
	}
	return false;
}

void
ipsec_sessions(struct ike *ike, struct sessions *out)
{
	struct ipsec *s = ike->env.arg;
	const struct ipsec_flow *f;
	const struct entry *e;

	TAILQ_FOREACH(e, &s->entries, link) {
		if (e->kind != ENTRY_DYNAMIC && entry_peer(e) != 0)
			session(out, e, NULL, entry_peer(e));
		if (e->kind != ENTRY_DYNAMIC)
			continue;
		TAILQ_FOREACH(f, &e->flows, link)
			if (!shown_before(f))
				session(out, e, f, f->peer);
	}
}

unsigned
ipsec_count_sas(struct ike *ike)
{
	const struct ipsec *s = ike->env.arg;
	const struct ipsec_flow *f;
	const struct entry *e;
	unsigned n = 0;

	TAILQ_FOREACH(e, &s->entries, link)
		TAILQ_FOREACH(f, &e->flows, link)
			n += sas_of(f);
	return n;
}

/* ---- clear ---- */

static const char by_operator[] = "cleared by the operator";

static bool
is_meant(const struct ike_which *w, struct udp_addr local,
    struct udp_addr remote)
{
	return (w->peer == 0 || remote.addr == w->peer) &&
	    (w->local == 0 || local.addr == w->local);
}

/* All of it, or what is with one of its peers. */
static bool
clear_flow(struct ipsec_flow *f, const struct ike_which *w)
{
	bool is_its = (w->peer == 0 || f->peer == w->peer ||
	    entry_has_peer(f->e, w->peer)) &&
	    (w->local == 0 || entry_serves(f->e, w->local));
	struct pair *p, *next;

	flow_forgive(f);
	if (w->peer == 0 && w->local == 0) {
		flow_down(f, true, by_operator);
		return true;
	}
	if (f->quick != NULL && is_meant(w, f->quick->sa->local,
	    f->quick->sa->remote))
		quick_abort(f);
	for (p = TAILQ_FIRST(&f->pairs); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (is_meant(w, p->local, p->remote))
			pair_delete(p, true, by_operator);
	}
	return is_its;
}

unsigned
ipsec_clear(struct ike *ike, const struct ike_which *w)
{
	struct ipsec *s = ike->env.arg;
	struct ipsec_flow *f, *next;
	struct entry *e;
	unsigned n = 0;

	TAILQ_FOREACH(e, &s->entries, link) {
		if (w->map[0] != '\0' && strcmp(w->map, e->map) != 0)
			continue;
		for (f = TAILQ_FIRST(&e->flows); f != NULL; f = next) {
			next = TAILQ_NEXT(f, link);
			n += clear_flow(f, w);
			flow_unused(f);
		}
	}
	if (w->phase1) /* behind the Deletes, which need it */
		ike_clear_peer(ike, w->local, w->peer);
	return n;
}

bool
ipsec_clear_spi(struct ike *ike, uint32_t dest, uint32_t spi)
{
	struct ipsec *s = ike->env.arg;
	struct ipsec_flow *f;
	struct entry *e;
	struct pair *p;

	PAIRS_FOREACH(s, e, f, p) {
		if (!(p->in.spi == spi && p->local.addr == dest) &&
		    !(p->out.spi == spi && p->remote.addr == dest))
			continue;
		pair_delete(p, true, by_operator);
		flow_unused(f);
		return true;
	}
	return false;
}
