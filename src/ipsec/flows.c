/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Flows: when quick mode begins for one, with which peer, and what follows
 * when it does not come to an end. Runs in process ike.
 *
 * A packet that wants an SA begins it. A peer that does not answer is asked
 * once more in a new phase 1, if it was under one that it may have lost; then
 * the next peer of the list is asked, each once. What was refused, or found
 * nobody, waits: longer each time, and for a packet, unless SAs of before
 * still live, whose successor is looked for all the time.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipsec/ipsec_priv.h"

#define TRIES_OF_MANY 3	     /* 15 s for a peer that is not the only one */
#define PAUSE_MS 1000	     /* after the first failure */
#define RETRY_UP_MS 5000     /* while the pair before lives, at most */

/* ---- entries ---- */

uint32_t
entry_peer(const struct entry *e)
{
	return e->npeers != 0 ? e->peers[e->current % e->npeers] : 0;
}

bool
entry_has_peer(const struct entry *e, uint32_t peer)
{
	unsigned i;

	for (i = 0; i < e->npeers; i++)
		if (e->peers[i] == peer)
			return true;
	return false;
}

/* Which of its peers answers is the same for all its flows. */
static void
set_peer(struct entry *e, uint32_t peer)
{
	unsigned i;

	for (i = 0; i < e->npeers; i++)
		if (e->peers[i] == peer)
			e->current = i;
}

/* That address of this router is one of a port that the map is on. */
bool
entry_serves(const struct entry *e, uint32_t local)
{
	const struct interface *i;
	const struct port *p;

	if (e->local == local)
		return true;
	if (e->kind == ENTRY_TUNNEL ||
	    conf_map_local(e->s->conf, e->map) != NULL)
		return false;
	CF_FOREACH (i, &e->s->conf->interfaces) {
		if (strcmp(i->crypto_map, e->map) != 0)
			continue;
		p = ipsec_find_port(e->s, i->name);
		if (p != NULL && p->up && p->addr == local)
			return true;
	}
	return false;
}

/* ---- one flow ---- */

static bool
side(uint32_t addr, uint32_t wild, const struct ace_ports *ports,
    uint8_t proto, struct qm_proxy *p)
{
	*p = (struct qm_proxy){ addr & ~wild, ~wild, proto,
		ports->op == ACE_OP_EQ ? ports->lo : 0 };
	return ip4_prefix_of(p->mask) >= 0;
}

/* Ranges of ports are any port to the peer: what does not match the list is
 * not sent, whatever the SA would carry. */
static bool
proxies(const struct ace *a, struct qm_proxy *local,
    struct qm_proxy *remote)
{
	return side(a->src, a->src_wild, &a->sport, a->proto, local) &&
	    side(a->dst, a->dst_wild, &a->dport, a->proto, remote);
}

struct ipsec_flow *
flow_new(struct entry *e, const struct ace *ace, uint16_t index)
{
	struct ipsec_flow *f = xcalloc(1, sizeof(*f));

	f->e = e;
	f->ace = *ace;
	f->index = index;
	f->terms = e->terms;
	f->usable = proxies(ace, &f->local, &f->remote);
	TAILQ_INIT(&f->pairs);
	TAILQ_INSERT_TAIL(&e->flows, f, link);
	e->s->nflows++;
	return f;
}

/* All its SAs, and what is being negotiated. */
void
flow_down(struct ipsec_flow *f, bool tell_peer, const char *why)
{
	struct pair *p;

	quick_abort(f);
	timer_clear(&f->e->s->ike->timers, &f->timer);
	while ((p = TAILQ_FIRST(&f->pairs)) != NULL)
		pair_delete(p, tell_peer, why);
}

void
flow_free(struct ipsec_flow *f, bool tell_peer)
{
	struct ipsec *s = f->e->s;

	flow_down(f, tell_peer, "it is no longer configured");
	TAILQ_REMOVE(&f->e->flows, f, link);
	s->nflows--;
	explicit_bzero(f, sizeof(*f));
	free(f);
}

bool
flow_is_up(const struct ipsec_flow *f)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);

	return p != NULL && p->out.told &&
	    ipsec_now(f->e->s) < p->out.expires;
}

/* ---- attempts ---- */

/* A dynamic map has no peer to begin with: only one that has come can be
 * asked for the next pair. */
static bool
end_points(struct ipsec_flow *f, struct udp_addr *local,
    struct udp_addr *remote)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);
	struct entry *e = f->e;

	if (e->kind == ENTRY_DYNAMIC) {
		if (p == NULL || ike_find_sa(e->s->ike, p->local.addr,
		    p->remote) == NULL)
			return false;
		*local = p->local;
		*remote = p->remote;
		return true;
	}
	*local = (struct udp_addr){ e->local, IPSEC_PORT };
	*remote = (struct udp_addr){ entry_peer(e), IPSEC_PORT };
	/* the one that answered last, by where it answered */
	if (p != NULL && p->remote.addr == remote->addr) {
		*local = p->local;
		*remote = p->remote;
	}
	return local->addr != 0 && remote->addr != 0;
}

const char *
flow_profile(const struct ipsec_flow *f)
{
	if (f->terms.profile[0] != '\0' || f->e->kind == ENTRY_TUNNEL)
		return f->terms.profile;
	return conf_map_profile(f->e->s->conf, f->e->map);
}

void
flow_start(struct ipsec_flow *f)
{
	struct udp_addr local, remote;
	char a[64], b[64];

	if (f->quick != NULL || f->terms.nsets == 0 || !f->usable ||
	    f->terms.responder_only || !end_points(f, &local, &remote))
		return;
	timer_clear(&f->e->s->ike->timers, &f->timer);
	debug(DBG_IPSEC, DBG_TERSE, remote.addr, "(sa_request): %s,"
	    " local_proxy= %s (type=%u), remote_proxy= %s (type=%u)",
	    f->e->group, qm_proxy_str(&f->local, a),
	    f->local.mask == UINT32_MAX ? ID_IPV4_ADDR : ID_IPV4_SUBNET,
	    qm_proxy_str(&f->remote, b),
	    f->remote.mask == UINT32_MAX ? ID_IPV4_ADDR : ID_IPV4_SUBNET);
	quick_start(f, local, remote, flow_profile(f));
	if (f->e->npeers > 1 && !f->quick->old_sa)
		f->quick->sa->main->tries_max = TRIES_OF_MANY;
}

/* While SAs still live, their successor is looked for all the time. */
void
flow_rekey(struct ipsec_flow *f)
{
	flow_start(f);
	if (f->quick == NULL && flow_is_up(f))
		flow_start_in(f, RETRY_UP_MS);
}

static void
attempt(void *arg)
{
	flow_rekey(arg);
}

void
flow_start_in(struct ipsec_flow *f, uint64_t ms)
{
	struct ipsec *s = f->e->s;

	timer_set(&s->ike->timers, &f->timer, ipsec_now(s) + ms, attempt, f);
}

bool
entry_is_up(const struct entry *e)
{
	const struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link)
		if (flow_is_up(f))
			return true;
	return false;
}

/* fwd has no SA for a packet. If it should have one that is looked for
 * anew: it may have used it up. */
void
flow_wanted(struct ipsec_flow *f)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);
	uint64_t now = ipsec_now(f->e->s);
	struct entry *e = f->e;

	if (now < f->not_before || f->quick != NULL || f->timer.pos != 0 ||
	    (flow_is_up(f) && now < p->began + SETTLE_MS))
		return;
	if (e->first >= 0 && !entry_is_up(e))
		e->current = (unsigned)e->first;
	flow_start(f);
}

/* What failed is tried again as soon as it is wanted. */
void
flow_forgive(struct ipsec_flow *f)
{
	f->failures = f->tried = 0;
	f->not_before = 0;
}

void
flow_succeeded(struct ipsec_flow *f)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);

	flow_forgive(f);
	f->retried = false;
	timer_clear(&f->e->s->ike->timers, &f->timer);
	set_peer(f->e, p->remote.addr);
}

static uint64_t
pause_after(struct ipsec_flow *f)
{
	unsigned n = f->failures < 8 ? f->failures : 8;
	uint64_t ms = (uint64_t)PAUSE_MS << n;

	if (flow_is_up(f) && ms > RETRY_UP_MS)
		ms = RETRY_UP_MS;
	else if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	f->failures++;
	return ms + ipsec_random(f->e->s, (uint32_t)ms / 4);
}

/* The next peer of the list; false: all were asked. Another flow may have
 * gone on to it already. */
static bool
next_peer(struct ipsec_flow *f, uint32_t silent)
{
	struct entry *e = f->e;

	if (e->kind != ENTRY_MAP || ++f->tried >= e->npeers)
		return false;
	if (entry_peer(e) == silent)
		e->current = (e->current + 1) % e->npeers;
	return true;
}

static const char *
reason_of(const struct exch *x, const char *why)
{
	switch (x->notify) {
	case N_INVALID_ID:
		return "the peer does not support the proxy identities";
	case N_NO_PROPOSAL:
	case N_BAD_PROPOSAL:
		return "the peer refused all proposals";
	default:
		return why;
	}
}

void
flow_failed(struct ipsec_flow *f, struct exch *x, const char *why)
{
	bool silence = x->old_sa && x->notify == 0;
	uint32_t peer = x->sa->remote.addr;
	char a[IP4_STRLEN];
	uint64_t ms;

	/* silence under an SA of old times: the peer may have lost it. If it
	 * has said something since, that is not so, and what it has begun
	 * under it must not go with it */
	if (silence && !x->sa->dead &&
	    (f->retried || x->sa->last_heard < x->sent))
		ike_sa_delete(x->sa, false, "no answer under it");
	if (silence && !f->retried) {
		f->retried = true;
		flow_start_in(f, 0);
		return;
	}
	f->retried = false;
	ike_log_limited(x->ike, peer, LOG_IKMP_MODE_FAILURE, "Quick",
	    ip4_str(peer, a), reason_of(x, why));
	if (x->notify == 0 && next_peer(f, peer)) {
		flow_start_in(f, 0);
		return;
	}
	f->tried = 0;
	ms = pause_after(f);
	f->not_before = ipsec_now(f->e->s) + ms;
	if (flow_is_up(f))
		flow_start_in(f, ms);
}

static void
peer_dead(struct ipsec_flow *f, uint32_t local, struct udp_addr peer)
{
	bool was_up = flow_is_up(f);
	struct pair *p, *next;

	for (p = TAILQ_FIRST(&f->pairs); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (p->local.addr == local && pair_is_with(p, peer))
			pair_delete(p, false, "the peer is dead");
	}
	if (entry_peer(f->e) != peer.addr)
		return; /* somebody else is asked already */
	if (f->quick != NULL) /* it fails with the SA: no other one with it */
		f->retried = true;
	else if (was_up && !flow_is_up(f) && next_peer(f, peer.addr))
		flow_start_in(f, 0);
}

/* It does not answer any more: what goes to it is lost. */
void
flows_peer_dead(struct ipsec *s, uint32_t local, struct udp_addr peer)
{
	struct ipsec_flow *f, *next;
	struct entry *e;

	TAILQ_FOREACH(e, &s->entries, link)
		for (f = TAILQ_FIRST(&e->flows); f != NULL; f = next) {
			next = TAILQ_NEXT(f, link);
			peer_dead(f, local, peer);
			flow_unused(f);
		}
}

/* ---- reverse-route ---- */

static void
say_route(const struct ipsec_flow *f, bool add)
{
	const struct ipsec *s = f->e->s;

	s->io.route(s->arg, f->remote.addr, f->remote.mask, f->route_if,
	    f->route_peer, add);
}

/* Another flow that has the same route: entries of a list that differ in
 * protocols or in what is here. */
static const struct ipsec_flow *
same_route(const struct ipsec_flow *f)
{
	const struct ipsec_flow *o;
	const struct entry *e;

	TAILQ_FOREACH(e, &f->e->s->entries, link)
		TAILQ_FOREACH(o, &e->flows, link)
			if (o != f && o->route_peer != 0 &&
			    o->remote.addr == f->remote.addr &&
			    o->remote.mask == f->remote.mask &&
			    strcmp(o->route_if, f->route_if) == 0)
				return o;
	return NULL;
}

static void
drop_route(struct ipsec_flow *f)
{
	const struct ipsec_flow *o = same_route(f);

	if (o != NULL)
		say_route(o, true); /* its peer may be another one */
	else
		say_route(f, false);
	f->route_peer = 0;
}

void
flow_route(struct ipsec_flow *f)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);
	uint32_t peer = f->terms.reverse_route && p != NULL ?
	    p->remote.addr : 0;

	if (f->e->s->io.route == NULL)
		return;
	if (f->route_peer != 0 && (peer == 0 ||
	    strcmp(f->route_if, f->e->ifname) != 0))
		drop_route(f);
	if (f->route_peer == peer)
		return;
	f->route_peer = peer;
	str_copy(f->route_if, f->e->ifname, sizeof(f->route_if));
	say_route(f, true);
}
