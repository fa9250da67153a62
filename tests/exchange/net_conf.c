/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Configurations made by hand for the network in memory, see net.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "conf_find.h"
#include "net.h"

/* ---- configurations ---- */

void *
tc_add(struct cf_list *l, size_t size)
{
	struct cf_obj *o = xcalloc(1, size);

	if (l->last != NULL)
		l->last->next = o;
	else
		l->first = o;
	l->last = o;
	l->n++;
	return o;
}

static void
free_list(struct cf_list *l, void (*below)(struct cf_obj *))
{
	struct cf_obj *o;

	while ((o = l->first) != NULL) {
		l->first = o->next;
		if (below != NULL)
			below(o);
		free(o);
	}
}

static void
free_acl(struct cf_obj *o)
{
	free_list(&((struct acl *)o)->entries, NULL);
}

static void
free_identifier(struct cf_obj *o)
{
	free_list(&((struct gdoi_identifier *)o)->kssids, NULL);
}

static void
free_coop(struct cf_obj *o)
{
	free_list(&((struct gdoi_coop *)o)->peers, NULL);
}

static void
free_local(struct cf_obj *o)
{
	free_list(&((struct gdoi_local *)o)->coop, free_coop);
	free_list(&((struct gdoi_local *)o)->identifiers, free_identifier);
	free_list(&((struct gdoi_local *)o)->sas, NULL);
}

static void
free_group(struct cf_obj *o)
{
	free_list(&((struct gdoi_group *)o)->servers, NULL);
	free_list(&((struct gdoi_group *)o)->local, free_local);
}

static void
free_keyring(struct cf_obj *o)
{
	free_list(&((struct keyring *)o)->keys, NULL);
}

static void
free_map(struct cf_obj *o)
{
	free_list(&((struct crypto_map *)o)->peers, NULL);
}

static void
free_profile(struct cf_obj *o)
{
	free_list(&((struct isakmp_profile *)o)->matches, NULL);
	free_list(&((struct isakmp_profile *)o)->keyrings, NULL);
}

void
tc_free(struct conf *c)
{
	free_list(&c->keyrings, free_keyring);
	free_list(&c->isakmp_profiles, free_profile);
	free_list(&c->isakmp_peers, NULL);
	free_list(&c->crypto_identities, NULL);
	free_list(&c->hosts, NULL);
	free_list(&c->map_profiles, NULL);
	free_list(&c->interfaces, NULL);
	free_list(&c->acls, free_acl);
	free_list(&c->isakmp_policies, NULL);
	free_list(&c->isakmp_keys, NULL);
	free_list(&c->transform_sets, NULL);
	free_list(&c->ipsec_profiles, NULL);
	free_list(&c->gdoi_groups, free_group);
	free_list(&c->crypto_maps, free_map);
	free_list(&c->dynamic_maps, free_map);
	free(c);
}

struct conf *
tc_new(void)
{
	struct conf *c = xcalloc(1, sizeof(*c));
	struct interface *i;

	str_copy(c->hostname, "R1", sizeof(c->hostname));
	c->isakmp_enable = true;
	c->limit_in_negotiation = HALF_OPEN_MAX;
	c->keepalive_retry = 2;
	c->ipsec_lifetime = 3600;
	i = tc_add(&c->interfaces, sizeof(*i));
	str_copy(i->name, "FastEthernet0/0", sizeof(i->name));
	return c;
}

struct isakmp_policy *
tc_policy(struct conf *c, uint8_t cipher, uint16_t bits, uint8_t hash,
    uint8_t group)
{
	struct isakmp_policy *p = tc_add(&c->isakmp_policies, sizeof(*p));

	p->priority = (uint16_t)(10 * c->isakmp_policies.n);
	p->cipher = cipher;
	p->key_bits = bits;
	p->hash = hash;
	p->auth = IKE_PSK;
	p->group = group;
	p->lifetime = 86400;
	return p;
}

struct isakmp_key *
tc_key(struct conf *c, const char *key, uint32_t addr, uint32_t mask)
{
	struct isakmp_key *k = tc_add(&c->isakmp_keys, sizeof(*k));

	str_copy(k->key, key, sizeof(k->key));
	k->addr = addr;
	k->mask = mask;
	return k;
}

struct acl *
tc_acl(struct conf *c, const char *name)
{
	struct acl *a = tc_add(&c->acls, sizeof(*a));

	str_copy(a->name, name, sizeof(a->name));
	return a;
}

struct ace *
tc_ace(struct acl *acl, enum ace_action action, uint32_t src, uint32_t swild,
    uint32_t dst, uint32_t dwild)
{
	struct acl_entry *e = tc_add(&acl->entries, sizeof(*e));

	e->ace = ace_any(action);
	e->ace.src = src;
	e->ace.src_wild = swild;
	e->ace.dst = dst;
	e->ace.dst_wild = dwild;
	return &e->ace;
}

struct gdoi_sa *
tc_group_sa(struct gdoi_local *l, uint16_t number, const char *acl)
{
	struct gdoi_sa *sa = tc_add(&l->sas, sizeof(*sa));

	sa->number = number;
	str_copy(sa->profile, "P", sizeof(sa->profile));
	str_copy(sa->acl, acl, sizeof(sa->acl));
	sa->replay = REPLAY_COUNTER;
	sa->window = 64;
	return sa;
}

struct gdoi_local *
tc_ks(struct conf *c, uint32_t addr)
{
	struct transform_set *t = tc_add(&c->transform_sets, sizeof(*t));
	struct ipsec_profile *p = tc_add(&c->ipsec_profiles, sizeof(*p));
	struct gdoi_group *g = tc_add(&c->gdoi_groups, sizeof(*g));
	struct gdoi_local *l = tc_add(&g->local, sizeof(*l));

	str_copy(t->name, "T", sizeof(t->name));
	t->esp = (struct esp_transform){ ESP_AES_CBC, ESP_AUTH_SHA256, 128 };
	str_copy(p->name, "P", sizeof(p->name));
	str_copy(p->sets.set1, "T", sizeof(p->sets.set1));
	str_copy(g->name, "G1", sizeof(g->name));
	g->id_type = GDOI_ID_NUMBER;
	g->id = 100;
	l->addr = addr;
	l->rekey_cipher = ESP_AES_CBC;
	l->rekey_key_bits = 256;
	l->rekey_sig_hash = ESP_AUTH_SHA256;
	l->rekey_lifetime = 86400;
	l->retransmit_secs = 10;
	l->retransmit_count = 2;
	l->unicast = true;
	str_copy(l->rsa_label, "KEY", sizeof(l->rsa_label));
	(void)tc_group_sa(l, 1, "A");
	tc_ace(tc_acl(c, "A"), ACE_PERMIT, IP(10, 0, 0, 0), 0x00ffffff,
	    IP(10, 0, 0, 0), 0x00ffffff);
	return l;
}

struct gdoi_group *
tc_gm(struct conf *c)
{
	struct interface *i = (void *)c->interfaces.first;
	struct crypto_map *m = tc_add(&c->crypto_maps, sizeof(*m));
	struct gdoi_group *g = tc_add(&c->gdoi_groups, sizeof(*g));

	str_copy(i->crypto_map, "MAP", sizeof(i->crypto_map));
	str_copy(m->name, "MAP", sizeof(m->name));
	m->seq = 10;
	m->kind = MAP_GDOI;
	str_copy(m->group, "G1", sizeof(m->group));
	str_copy(g->name, "G1", sizeof(g->name));
	g->bypass_policy = true;
	g->id_type = GDOI_ID_NUMBER;
	g->id = 100;
	return g;
}

struct gdoi_server *
tc_server(struct conf *c, uint32_t addr)
{
	struct gdoi_group *g = (void *)c->gdoi_groups.first;
	struct gdoi_server *s = tc_add(&g->servers, sizeof(*s));

	s->addr = addr;
	return s;
}

const char *
tc_rsa_text(void)
{
	static struct strbuf text;
	struct rsa_store *s;

	if (text.len == 0) {
		s = rsa_store_new();
		(void)rsa_generate(s, "KEY", 1024, true, 1000);
		rsa_store_save(s, &text);
		rsa_store_free(s);
	}
	return text.s;
}

struct gdoi_coop *
tc_coop(struct conf *c, uint8_t priority)
{
	struct gdoi_group *g = (void *)c->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;
	struct gdoi_coop *r = tc_add(&l->coop, sizeof(*r));

	r->priority = priority;
	return r;
}

struct gdoi_coop_peer *
tc_coop_peer(struct conf *c, uint32_t addr)
{
	struct gdoi_group *g = (void *)c->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;
	struct gdoi_coop *r = (void *)l->coop.first;
	struct gdoi_coop_peer *p = tc_add(&r->peers, sizeof(*p));

	p->addr = addr;
	return p;
}

void
tc_no_coop(struct conf *c)
{
	struct gdoi_group *g = (void *)c->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;

	free_list(&l->coop, free_coop);
	l->coop = (struct cf_list){ 0 };
}

void
tc_no_groups(struct conf *c)
{
	free_list(&c->gdoi_groups, free_group);
	c->gdoi_groups = (struct cf_list){ 0 };
}

/* Deep enough for tests that change one field. */
#define COPY_LIST(dst, src, type)                                             \
	do {                                                                  \
		const type *v_;                                               \
		(dst)->first = (dst)->last = NULL;                            \
		(dst)->n = 0;                                                 \
		CF_FOREACH (v_, src) {                                        \
			type *n_ = tc_add(dst, sizeof(*n_));                  \
			*n_ = *v_;                                            \
			n_->obj.next = NULL;                                  \
		}                                                             \
	} while (0)

static void
copy_local(struct gdoi_local *nl, const struct gdoi_local *ol)
{
	const struct gdoi_coop *or = (const void *)ol->coop.first;
	const struct gdoi_identifier *oi = (const void *)ol->identifiers.first;
	struct gdoi_identifier *ni;
	struct gdoi_coop *nr;

	COPY_LIST(&nl->identifiers, &ol->identifiers, struct gdoi_identifier);
	ni = (void *)nl->identifiers.first;
	if (oi != NULL)
		COPY_LIST(&ni->kssids, &oi->kssids, struct gdoi_kssid);
	COPY_LIST(&nl->sas, &ol->sas, struct gdoi_sa);
	COPY_LIST(&nl->coop, &ol->coop, struct gdoi_coop);
	nr = (void *)nl->coop.first;
	if (or != NULL)
		COPY_LIST(&nr->peers, &or->peers, struct gdoi_coop_peer);
}

static void
copy_groups(struct conf *n, const struct conf *c)
{
	const struct gdoi_group *og;
	struct gdoi_group *ng;
	const struct gdoi_local *ol;
	struct gdoi_local *nl;

	COPY_LIST(&n->gdoi_groups, &c->gdoi_groups, struct gdoi_group);
	ng = (void *)n->gdoi_groups.first;
	CF_FOREACH (og, &c->gdoi_groups) {
		COPY_LIST(&ng->servers, &og->servers, struct gdoi_server);
		COPY_LIST(&ng->local, &og->local, struct gdoi_local);
		ol = (const void *)og->local.first;
		nl = (void *)ng->local.first;
		if (ol != NULL)
			copy_local(nl, ol);
		ng = (void *)ng->obj.next;
	}
}

struct conf *
tc_copy(const struct conf *c)
{
	struct conf *n = xcalloc(1, sizeof(*n));
	const struct acl *oa;
	struct acl *na;

	*n = *c;
	COPY_LIST(&n->interfaces, &c->interfaces, struct interface);
	COPY_LIST(&n->acls, &c->acls, struct acl);
	na = (void *)n->acls.first;
	CF_FOREACH (oa, &c->acls) {
		COPY_LIST(&na->entries, &oa->entries, struct acl_entry);
		na = (void *)na->obj.next;
	}
	COPY_LIST(&n->isakmp_policies, &c->isakmp_policies,
	    struct isakmp_policy);
	COPY_LIST(&n->isakmp_keys, &c->isakmp_keys, struct isakmp_key);
	COPY_LIST(&n->transform_sets, &c->transform_sets,
	    struct transform_set);
	COPY_LIST(&n->ipsec_profiles, &c->ipsec_profiles,
	    struct ipsec_profile);
	COPY_LIST(&n->crypto_maps, &c->crypto_maps, struct crypto_map);
	copy_groups(n, c);
	return n;
}

/* ---- look-ups, as conf/ has them over its index ---- */

FIND(conf_find_acl, struct acl, acls)
FIND(conf_find_transform_set, struct transform_set, transform_sets)
FIND(conf_find_ipsec_profile, struct ipsec_profile, ipsec_profiles)
FIND(conf_find_keyring, struct keyring, keyrings)
FIND(conf_find_isakmp_profile, struct isakmp_profile, isakmp_profiles)
FIND(conf_find_crypto_identity, struct crypto_identity, crypto_identities)

const char *
conf_map_profile(const struct conf *c, const char *name)
{
	const struct crypto_map_profile *m;

	CF_FOREACH(m, &c->map_profiles)
		if (strcmp(m->name, name) == 0)
			return m->profile;
	return "";
}

const struct crypto_map *
conf_next_map(const struct conf *c, const char *name,
    const struct crypto_map *from)
{
	const struct crypto_map *m;

	for (m = from != NULL ? (const void *)from->obj.next :
	    (const void *)c->crypto_maps.first; m != NULL;
	    m = (const void *)m->obj.next)
		if (m->kind == MAP_GDOI && strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

const char *
conf_map_local(const struct conf *c, const char *name)
{
	const struct crypto_map_local *l;

	CF_FOREACH (l, &c->map_locals)
		if (strcmp(l->name, name) == 0)
			return l->ifname;
	return NULL;
}

/* ---- the usual network ---- */

struct node *
net_add_ks(struct net *n, uint32_t addr)
{
	struct node *ks = net_add(n, addr);

	tc_policy(ks->conf, IKE_AES, 256, IKE_SHA256, 2);
	tc_key(ks->conf, "SUPERSECRET", 0, 0);
	tc_ks(ks->conf, addr);
	if (gdoi_keys_load(ks->g, tc_rsa_text(), strlen(tc_rsa_text())) != 0)
		fatal("keys");
	return ks;
}

struct node *
net_add_gm(struct net *n, unsigned i)
{
	struct node *gm = net_add(n, GM_ADDR(i));

	tc_policy(gm->conf, IKE_AES, 256, IKE_SHA256, 2);
	tc_key(gm->conf, "SUPERSECRET", 0, 0);
	tc_gm(gm->conf);
	tc_server(gm->conf, KS_ADDR);
	return gm;
}

void
net_apply_all(struct net *n)
{
	unsigned i;

	for (i = 0; i < n->n; i++)
		net_apply(n->nodes[i]);
}

struct ks_group *
net_ks(struct node *node)
{
	return TAILQ_FIRST(&node->g->ks);
}

struct gm_group *
net_gm(struct node *node)
{
	return TAILQ_FIRST(&node->g->gm);
}

bool
net_registered(struct net *n)
{
	const struct gm_group *gm;
	unsigned i;

	for (i = 0; i < n->n; i++)
		if ((gm = net_gm(n->nodes[i])) != NULL &&
		    gm->state != GM_REGISTERED)
			return false;
	return true;
}
