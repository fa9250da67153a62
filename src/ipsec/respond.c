/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a peer asks for in message 1 of quick mode: which entry, which flow,
 * which of the offered transforms. Dynamic maps. Runs in process ike.
 *
 * Proxy identities have to be those of an entry of the access list: with
 * others one side would send what the other one does not expect. A dynamic map
 * has no list, or one that they have to lie in; each pair of identities
 * becomes a flow of its own and an entry of the policy that fwd is told. Those
 * of one peer are not given to another one while it has them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipsec/ipsec_priv.h"

static bool
refuse(struct qm_match *m, uint16_t notify, const char *why)
{
	m->notify = notify;
	m->why = why;
	return false;
}

static bool
profile_fits(const struct qm_match *m, const struct terms *t)
{
	return t->profile[0] == '\0' || strcmp(t->profile, m->sa->profile) == 0;
}

static bool
choose(struct qm_match *m, const struct terms *t)
{
	struct qm_fit fit = { .terms = t, .sa = m->sa, .responder = true,
		.end_points = quick_end_points(m->sa, &m->local, &m->remote),
		.mapped = m->mapped, .ke_len = m->ke_len };
	uint16_t bad = qm_choose(m->offer, quick_fits, &fit, &m->choice);

	debug(DBG_IPSEC, DBG_EVENT, m->sa->remote.addr,
	    "(validate_proposal_request): %u transforms looked at, %s",
	    m->choice.looked_at, bad == N_NONE ? "one fits" : "none fits");
	if (bad == N_NONE)
		return true;
	return refuse(m, bad, bad == N_MALFORMED ? "malformed proposal" :
	    "no offered proposal fits a transform-set, its mode and PFS");
}

/* ---- entries with peers ---- */

static bool
find_static(struct entry *e, struct qm_match *m)
{
	struct ipsec_flow *f;

	if (!entry_has_peer(e, m->sa->remote.addr) ||
	    !profile_fits(m, &e->terms))
		return false;
	if (m->notify == N_NONE)
		(void)refuse(m, N_INVALID_ID,
		    "proxy identities not supported");
	TAILQ_FOREACH(f, &e->flows, link)
		if (f->usable && qm_same_proxy(&f->local, &m->local) &&
		    qm_same_proxy(&f->remote, &m->remote) &&
		    choose(m, &f->terms)) {
			m->flow = f;
			m->e = e;
			return true;
		}
	return false;
}

/* ---- dynamic maps ---- */

static bool
lies_in(const struct qm_proxy *p, uint32_t addr, uint32_t wild,
    const struct ace_ports *ports)
{
	return (p->mask & ~wild) == ~wild && ((p->addr ^ addr) & ~wild) == 0 &&
	    (ports->op == ACE_OP_ANY || (ports->op == ACE_OP_EQ &&
	    ports->lo == p->port));
}

/* The first entry that they lie in says. */
static bool
acl_permits(const struct acl *acl, const struct qm_match *m)
{
	const struct acl_entry *ae;

	CF_FOREACH (ae, &acl->entries) {
		const struct ace *a = &ae->ace;

		if (!ae->remark && (a->proto == ACE_PROTO_IP ||
		    a->proto == m->local.proto) &&
		    lies_in(&m->local, a->src, a->src_wild, &a->sport) &&
		    lies_in(&m->remote, a->dst, a->dst_wild, &a->dport))
			return a->action == ACE_PERMIT;
	}
	return false;
}

static bool
peer_listed(const struct crypto_map *t, uint32_t peer)
{
	const struct map_peer *p;

	CF_FOREACH (p, &t->peers)
		if (p->addr == peer)
			return true;
	return t->peers.n == 0;
}

static bool
template_fits(struct entry *e, const struct crypto_map *t, struct qm_match *m)
{
	const struct acl *acl = t->acl[0] != '\0' ?
	    conf_find_acl(e->s->conf, t->acl) : NULL;
	const char *unusable;

	terms_of_map(e->s->conf, t, &m->terms, &unusable);
	if (!peer_listed(t, m->sa->remote.addr) ||
	    !profile_fits(m, &m->terms))
		return false;
	if (m->local.proto != m->remote.proto ||
	    (t->acl[0] != '\0' && (acl == NULL || !acl_permits(acl, m))))
		return refuse(m, N_INVALID_ID,
		    "proxy identities not supported");
	return choose(m, &m->terms);
}

/* Whether the one that has them lives should be known soon: it may be this
 * one, who calls itself by an address, and has another one now. */
static bool
taken(const struct ipsec_flow *f, struct qm_match *m)
{
	const struct pair *p = TAILQ_FIRST(&f->pairs);

	if (p != NULL)
		alive_ask(p);
	return refuse(m, N_INVALID_ID,
	    "another peer has these proxy identities");
}

/* A peer is who it says it is; its address may change. */
static bool
find_flow(struct entry *e, struct qm_match *m)
{
	char id[IKE_ID_STRLEN];
	struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link) {
		if (!qm_same_proxy(&f->local, &m->local) ||
		    !qm_same_proxy(&f->remote, &m->remote))
			continue;
		if (strcmp(f->peer_id, ike_id_str(&m->sa->peer_id, id)) != 0)
			return taken(f, m);
		m->flow = f;
	}
	return true;
}

static bool
find_dynamic(struct entry *e, struct qm_match *m)
{
	const struct crypto_map *t;

	CF_FOREACH (t, &e->s->conf->dynamic_maps)
		if (strcmp(t->name, e->dynamic) == 0 &&
		    template_fits(e, t, m)) {
			m->e = e;
			m->dynamic_seq = t->seq;
			return find_flow(e, m);
		}
	return false;
}

bool
respond_find(struct ipsec *s, struct qm_match *m)
{
	struct entry *e;

	m->notify = N_NONE;
	TAILQ_FOREACH(e, &s->entries, link)
		if (entry_serves(e, m->sa->local.addr) &&
		    (e->kind == ENTRY_DYNAMIC ? find_dynamic(e, m) :
		    find_static(e, m)))
			return true;
	if (m->notify == N_NONE)
		(void)refuse(m, N_INVALID_ID,
		    "no crypto map entry has this peer");
	if (m->notify == N_INVALID_ID)
		debug(DBG_IPSEC, DBG_ERROR, m->sa->remote.addr,
		    "(ipsec_process_proposal): %s", m->why);
	return false;
}

/* ---- flows of dynamic maps ---- */

static bool
has_room(struct entry *e, uint32_t peer)
{
	struct ipsec_flow *f;
	unsigned n = 0, own = 0;

	TAILQ_FOREACH(f, &e->flows, link) {
		n++;
		own += f->peer == peer;
	}
	return n < SA_POLICY_MAX && own < PEER_FLOWS_MAX &&
	    e->s->nflows < FLOWS_MAX;
}

static uint16_t
free_index(struct entry *e)
{
	struct ipsec_flow *f;

	do {
		if (++e->last_index == 0)
			e->last_index = 1;
		TAILQ_FOREACH(f, &e->flows, link)
			if (f->index == e->last_index)
				break;
	} while (f != NULL);
	return e->last_index;
}

static void
set_ports(struct ace_ports *a, uint16_t port)
{
	*a = (struct ace_ports){ port != 0 ? ACE_OP_EQ : ACE_OP_ANY, port, 0 };
}

struct ipsec_flow *
respond_flow(struct ipsec *s UNUSED, struct qm_match *m)
{
	struct ace a = ace_any(ACE_PERMIT);
	struct ipsec_flow *f = m->flow;

	if (m->e->kind != ENTRY_DYNAMIC)
		return f;
	if (f == NULL && !has_room(m->e, m->sa->remote.addr)) {
		m->why = "too many SAs of this peer, or in all";
		return NULL;
	}
	if (f == NULL) {
		a.proto = m->local.proto;
		a.src = m->local.addr;
		a.src_wild = ~m->local.mask;
		a.dst = m->remote.addr;
		a.dst_wild = ~m->remote.mask;
		set_ports(&a.sport, m->local.port);
		set_ports(&a.dport, m->remote.port);
		f = flow_new(m->e, &a, free_index(m->e));
		ike_id_str(&m->sa->peer_id, f->peer_id);
		dynamic_policy(m->e);
	}
	f->terms = m->terms;
	f->dynamic_seq = m->dynamic_seq;
	f->peer = m->sa->remote.addr;
	return f;
}

void
flow_unused(struct ipsec_flow *f)
{
	struct entry *e = f->e;
	struct quick *q;

	if (e->kind != ENTRY_DYNAMIC || !TAILQ_EMPTY(&f->pairs))
		return;
	LIST_FOREACH(q, &e->s->quicks, link)
		if (q->flow == f)
			return;
	flow_free(f, false);
	dynamic_policy(e);
}

void
dynamic_policy(struct entry *e)
{
	struct sa_change c = { .type = SA_POLICY };
	struct ace *aces = xcalloc(SA_POLICY_MAX, sizeof(*aces));
	uint16_t *sa_of = xcalloc(SA_POLICY_MAX, sizeof(*sa_of));
	uint8_t *local = xcalloc(SA_POLICY_MAX, sizeof(*local));
	struct ipsec_flow *f;

	str_copy(c.policy.group, e->group, sizeof(c.policy.group));
	TAILQ_FOREACH(f, &e->flows, link) {
		if (c.policy.n == SA_POLICY_MAX)
			break;
		aces[c.policy.n] = f->ace;
		sa_of[c.policy.n++] = f->index;
	}
	c.policy.gm_addr = e->local;
	c.policy.aces = aces;
	c.policy.sa_of = sa_of;
	c.policy.local = local;
	ipsec_tell(e->s, &c);
	free(aces);
	free(sa_of);
	free(local);
}
