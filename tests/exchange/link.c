/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Links between key servers without what is said over them, see link.h.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link.h"
#include "talk.h"

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
const char *__wrap_coop_msg_get(const uint8_t *, size_t, struct coop_msg *,
    bool *);
const char *__real_coop_msg_get(const uint8_t *, size_t, struct coop_msg *,
    bool *);

unsigned link_decoded;

const char *
__wrap_coop_msg_get(const uint8_t *data, size_t len, struct coop_msg *m,
    bool *other)
{
	link_decoded++;
	return __real_coop_msg_get(data, len, m, other);
}

static void
set_peers(struct coop *c, const struct gdoi_coop *conf)
{
	const struct gdoi_coop_peer *cp;
	struct coop_peer *p, *next;

	for (p = TAILQ_FIRST(&c->peers); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		CF_FOREACH (cp, &conf->peers)
			if (cp->addr == p->addr)
				break;
		if (cp == NULL)
			coop_peer_remove(p);
	}
	CF_FOREACH (cp, &conf->peers)
		if (coop_peer_find(c, cp->addr) == NULL)
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
	coop_sid_free(grp->coop);
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
	k->nsas = octets / 100;
	k->sas = xcalloc(k->nsas, sizeof(*k->sas));
	for (i = 0; i < k->nsas; i++) {
		k->sas[i].number = (uint16_t)(i + 1);
		k->sas[i].life = 3600;
		k->sas[i].transform = (struct esp_transform){ ESP_AES_CBC,
			ESP_AUTH_SHA256, 128 };
		memset(k->sas[i].acl, 'A', 45);
		memset(k->sas[i].profile, 'P', 40);
	}
}

void
__wrap_coop_fill(struct coop_peer *p, struct coop_msg *m)
{
	struct coop_server *s = &m->servers[0];

	m->nservers = 1;
	s->id = p->coop->self;
	s->role = COOP_PRIMARY;
	s->priority = 1;
	s->beat = (uint32_t)gdoi_now(p->coop->grp->g);
	m->stamp = state_of(p->coop)->value;
	if (state_of(p->coop)->fat != 0)
		put_keys(m, state_of(p->coop)->fat);
}

void
__wrap_coop_receive(struct coop_peer *p, const struct coop_msg *m)
{
	struct link_state *s = state_of(p->coop);
	unsigned i = p->addr - KS_AT(0);
	uint32_t age = (uint32_t)gdoi_now(p->coop->grp->g) -
	    m->servers[0].beat;

	s->taken[i]++;
	if (s->oldest < age)
		s->oldest = age;
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
	link_decoded = 0;
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

struct net *
link_pair(uint64_t seed)
{
	struct net *n = net_new(seed);

	link_servers(n, 2);
	link_say(A(n));
	assert_true(net_until(n, 3000, link_agreed));
	net_run(n, 1000);
	return n;
}

void
link_restart(struct node *node)
{
	unsigned i = node->addr - KS_AT(0);

	memset(link_states[i].heard, 0, sizeof(link_states[i].heard));
	net_restart(node);
}

struct gdoi_coop *
link_conf(struct node *node)
{
	return (void *)tc_local(node->conf)->coop.first;
}

void
link_check_quiet(struct net *n)
{
	const struct coop_peer *p;
	unsigned i;

	for (i = 0; i < n->n; i++) {
		assert_int_equal(n->nodes[i]->logs[LOG_COOP_ANN_SEQ_FAILURE],
		    0);
		assert_int_equal(n->nodes[i]->logs[LOG_COOP_KS_UNAUTH], 0);
		TAILQ_FOREACH(p, &net_ks(n->nodes[i])->coop->peers, link)
			assert_int_equal(p->n.recv_drops, 0);
	}
}
