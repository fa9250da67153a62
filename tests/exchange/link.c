/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Links between key servers without what is said over them, see link.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "link.h"

struct link_state link_states[LINKS_MAX];

static struct link_state *
state_of(const struct coop *c)
{
	return &link_states[c->self.addr - KS_AT(0)];
}

/* ---- in place of coop.c ---- */

void __wrap_coop_config(struct ks_group *, const struct gdoi_local *);
void __wrap_coop_free(struct ks_group *);
bool __wrap_coop_ready(const struct ks_group *);
void __wrap_coop_changed(struct ks_group *);
void __wrap_coop_fill(struct coop_peer *, struct coop_msg *);
void __wrap_coop_receive(struct coop_peer *, const struct coop_msg *);
void __wrap_coop_unanswered(struct coop_peer *, const char *);
void __wrap_coop_answered(struct coop_peer *);
void __wrap_coop_member_changed(struct ks_group *, const struct ks_member *);
void __wrap_coop_member_removed(struct ks_group *, uint32_t);
void __wrap_coop_keys_changed(struct ks_group *);
bool __wrap_coop_sid_may_use(const struct ks_group *, unsigned);
uint32_t __wrap_coop_next_seq(const struct ks_group *, const struct ks_kek *);

static void
set_peers(struct coop *c, const struct gdoi_coop *conf)
{
	const struct gdoi_coop_peer *cp;
	struct coop_peer *p, *next;

	TAILQ_FOREACH(p, &c->peers, link)
		p->gone = true;
	CF_FOREACH (cp, &conf->peers)
		TAILQ_FOREACH(p, &c->peers, link)
			if (p->addr == cp->addr)
				p->gone = false;
	for (p = TAILQ_FIRST(&c->peers); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (p->gone)
			coop_peer_remove(p);
	}
	CF_FOREACH (cp, &conf->peers)
		(void)coop_peer_add(c, cp->addr);
}

void
__wrap_coop_config(struct ks_group *grp, const struct gdoi_local *l)
{
	const struct gdoi_coop *conf = (const void *)l->coop.first;
	struct coop *c = grp->coop;

	if (conf == NULL) {
		__wrap_coop_free(grp);
		return;
	}
	if (c == NULL) {
		c = grp->coop = xcalloc(1, sizeof(*c));
		c->grp = grp;
		TAILQ_INIT(&c->peers);
		ike_random(grp->g->ike, &c->self.boot, sizeof(c->self.boot));
	}
	c->self.addr = grp->addr;
	c->retransmit = conf->retransmit != 0 ? conf->retransmit :
	    COOP_RETRANSMIT;
	c->role = COOP_PRIMARY;
	set_peers(c, conf);
}

void
__wrap_coop_free(struct ks_group *grp)
{
	struct coop_peer *p;

	if (grp->coop == NULL)
		return;
	while ((p = TAILQ_FIRST(&grp->coop->peers)) != NULL)
		coop_peer_remove(p);
	free(grp->coop);
	grp->coop = NULL;
}

bool
__wrap_coop_ready(const struct ks_group *grp)
{
	(void)grp;
	return true;
}

void
__wrap_coop_changed(struct ks_group *grp)
{
	(void)grp;
}

static void
put_keys(struct coop_msg *m, unsigned octets)
{
	struct coop_keys *k = m->keys = xcalloc(1, sizeof(*k));
	unsigned i;

	k->owner = m->servers[0].id;
	k->kek_cipher = ESP_AES_CBC;
	k->kek_bits = 128;
	k->sig_hash = ESP_AUTH_SHA256;
	k->kek_life = 3600;
	k->last_rekey = UINT32_MAX;
	k->naces = octets / 24;
	k->aces = xcalloc(k->naces, sizeof(*k->aces));
	for (i = 0; i < k->naces; i++) {
		k->aces[i].ace = ace_any(ACE_PERMIT);
		k->aces[i].sa = 1;
	}
	k->nsas = 1;
	k->sas = xcalloc(1, sizeof(*k->sas));
	k->sas[0].number = 1;
	k->sas[0].life = 3600;
	k->sas[0].transform = (struct esp_transform){ ESP_AES_CBC,
		ESP_AUTH_SHA256, 128 };
	str_copy(k->sas[0].acl, "A", sizeof(k->sas[0].acl));
	str_copy(k->sas[0].profile, "P", sizeof(k->sas[0].profile));
}

void
__wrap_coop_fill(struct coop_peer *p, struct coop_msg *m)
{
	struct coop_server *s = &m->servers[0];

	m->nservers = 1;
	s->id = p->coop->self;
	s->role = COOP_PRIMARY;
	s->priority = 1;
	m->stamp = state_of(p->coop)->value;
	if (state_of(p->coop)->fat != 0)
		put_keys(m, state_of(p->coop)->fat);
}

void
__wrap_coop_receive(struct coop_peer *p, const struct coop_msg *m)
{
	struct link_state *s = state_of(p->coop);
	unsigned i = p->addr - KS_AT(0);

	s->taken[i]++;
	if (s->heard[i] < m->stamp)
		s->heard[i] = m->stamp;
}

void
__wrap_coop_unanswered(struct coop_peer *p, const char *why)
{
	struct link_state *s = state_of(p->coop);

	s->unanswered++;
	str_copy(s->why, why, sizeof(s->why));
	if (s->stubborn)
		coop_send(p, false);
}

void
__wrap_coop_answered(struct coop_peer *p)
{
	state_of(p->coop)->answered++;
}

void
__wrap_coop_member_changed(struct ks_group *grp, const struct ks_member *m)
{
	(void)grp;
	(void)m;
}

void
__wrap_coop_member_removed(struct ks_group *grp, uint32_t addr)
{
	(void)grp;
	(void)addr;
}

void
__wrap_coop_keys_changed(struct ks_group *grp)
{
	(void)grp;
}

bool
__wrap_coop_sid_may_use(const struct ks_group *grp, unsigned kssid)
{
	(void)grp;
	(void)kssid;
	return true;
}

uint32_t
__wrap_coop_next_seq(const struct ks_group *grp, const struct ks_kek *kek)
{
	(void)grp;
	return kek->seq + 1;
}

/* ---- the network ---- */

void
link_servers(struct net *n, unsigned count)
{
	struct node *node;
	unsigned i, k;

	memset(link_states, 0, sizeof(link_states));
	for (i = 0; i < count; i++) {
		node = net_add_ks(n, KS_AT(i));
		(void)tc_coop(node->conf, 1);
		for (k = 0; k < count; k++)
			if (k != i)
				(void)tc_coop_peer(node->conf, KS_AT(k));
		link_states[i].value = 1;
	}
	for (i = 0; i < count; i++)
		net_apply(n->nodes[i]);
}

struct coop_peer *
link_peer(struct node *node, uint32_t addr)
{
	struct coop *c = net_ks(node)->coop;
	struct coop_peer *p;

	TAILQ_FOREACH(p, &c->peers, link)
		if (p->addr == addr)
			break;
	return p;
}

void
link_say(struct node *node)
{
	struct coop *c = net_ks(node)->coop;
	struct coop_peer *p;

	state_of(c)->value++;
	TAILQ_FOREACH(p, &c->peers, link)
		coop_send(p, false);
}

void
link_say_to(struct node *node, uint32_t addr)
{
	link_states[node->addr - KS_AT(0)].value++;
	coop_send(link_peer(node, addr), false);
}

bool
link_agreed(struct net *n)
{
	unsigned i, k;

	for (i = 0; i < n->n; i++)
		for (k = 0; k < n->n; k++)
			if (i != k && net_ks(n->nodes[i]) != NULL &&
			    net_ks(n->nodes[k]) != NULL &&
			    link_states[i].heard[k] != link_states[k].value)
				return false;
	return true;
}

unsigned
link_sas(const struct node *node, uint32_t addr)
{
	const struct ike_sa *sa;
	unsigned n = 0;

	TAILQ_FOREACH(sa, &node->g->ike->sas, link)
		n += sa->state == IKE_IDLE && sa->remote.addr == addr;
	return n;
}
