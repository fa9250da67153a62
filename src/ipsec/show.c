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

/* Established, or on its way to that. */
static const struct ike_sa *
phase1_with(struct ike *ike, uint32_t peer)
{
	const struct ike_sa *sa, *found = NULL;

	TAILQ_FOREACH(sa, &ike->sas, link)
		if (sa->remote.addr == peer && (found == NULL ||
		    sa->state == IKE_IDLE || found->state != IKE_IDLE))
			found = sa;
	return found;
}

static bool
is_with(const struct ipsec_flow *f, uint32_t peer)
{
	return f->e->kind != ENTRY_DYNAMIC || f->peer == peer;
}

static void
session(struct sessions *s, const struct entry *e, uint32_t peer)
{
	struct ike_session x = { .ifname = e->ifname, .peer = peer,
		.port = IPSEC_PORT, .sa = phase1_with(e->s->ike, peer) };
	const struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link) {
		if (!is_with(f, peer))
			continue;
		x.negotiating |= f->quick != NULL;
		if (!flow_is_up(f))
			continue;
		x.up = true;
		if (x.up_since == 0 || f->up_since < x.up_since)
			x.up_since = f->up_since;
	}
	if (!sessions_begin(s, &x))
		return;
	TAILQ_FOREACH(f, &e->flows, link)
		if (is_with(f, peer))
			sessions_flow(s, &f->ace, sas_of(f),
			    e->kind == ENTRY_DYNAMIC ? "dynamic crypto map" :
			    "crypto map");
	sessions_end(s);
}

static bool
shown_before(const struct ipsec_flow *f)
{
	const struct ipsec_flow *o;

	TAILQ_FOREACH(o, &f->e->flows, link) {
		if (o == f)
			return false;
		if (o->peer == f->peer)
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
			session(out, e, entry_peer(e));
		if (e->kind != ENTRY_DYNAMIC)
			continue;
		TAILQ_FOREACH(f, &e->flows, link)
			if (!shown_before(f))
				session(out, e, f->peer);
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

/* All of it, or what is with one of its peers. */
static bool
clear_flow(struct ipsec_flow *f, uint32_t peer)
{
	bool is_peer = f->peer == peer || entry_has_peer(f->e, peer);
	struct pair *p, *next;

	flow_forgive(f);
	if (peer == 0 || (f->peer == peer && f->peer != 0)) {
		flow_down(f, true, by_operator);
		return true;
	}
	if (f->quick != NULL && f->quick->sa->remote.addr == peer)
		quick_abort(f);
	for (p = TAILQ_FIRST(&f->pairs); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (p->remote.addr == peer)
			pair_delete(p, true, by_operator);
	}
	return is_peer;
}

unsigned
ipsec_clear(struct ike *ike, uint32_t peer, const char *map, bool phase1)
{
	struct ipsec *s = ike->env.arg;
	struct ipsec_flow *f, *next;
	struct entry *e;
	unsigned n = 0;

	TAILQ_FOREACH(e, &s->entries, link) {
		if (map[0] != '\0' && strcmp(map, e->map) != 0)
			continue;
		for (f = TAILQ_FIRST(&e->flows); f != NULL; f = next) {
			next = TAILQ_NEXT(f, link);
			n += clear_flow(f, peer);
			flow_unused(f);
		}
	}
	if (phase1) /* behind the Deletes, which need it */
		ike_clear_peer(ike, peer);
	return n;
}

bool
ipsec_clear_spi(struct ike *ike, uint32_t dest, uint32_t spi)
{
	struct ipsec *s = ike->env.arg;
	struct ipsec_flow *f;
	struct entry *e;
	struct pair *p;

	TAILQ_FOREACH(e, &s->entries, link)
		TAILQ_FOREACH(f, &e->flows, link)
			TAILQ_FOREACH(p, &f->pairs, link) {
				if (!(p->in.spi == spi &&
				    p->local.addr == dest) &&
				    !(p->out.spi == spi &&
				    p->remote.addr == dest))
					continue;
				pair_delete(p, true, by_operator);
				flow_unused(f);
				return true;
			}
	return false;
}
