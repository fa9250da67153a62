/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The network in memory and configurations made by hand, see net.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

/* ---- the network ---- */

uint64_t
net_random(struct net *n)
{
	/* splitmix64 */
	uint64_t z = n->rng += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static bool
chance(struct net *n, unsigned percent)
{
	return net_random(n) % 100 < percent;
}

static void
enqueue(struct net *n, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct datagram *d = xcalloc(1, sizeof(*d) + len), **p;

	d->at = n->now + 1 + net_random(n) % 5;
	if (chance(n, n->reorder))
		d->at += 5 + net_random(n) % 200;
	d->from = from;
	d->to = to;
	d->len = len;
	memcpy(d->data, data, len);
	if (n->tap != NULL && !n->tap(n, d)) {
		free(d);
		return;
	}
	for (p = &n->queue; *p != NULL && (*p)->at <= d->at; p = &(*p)->next)
		;
	d->next = *p;
	*p = d;
}

static void
io_send(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct node *node = arg;
	struct net *n = node->net;

	n->sent++;
	n->bytes += len;
	if (node->deaf || chance(n, n->loss))
		return;
	enqueue(n, from, to, data, len);
	if (chance(n, n->dup))
		enqueue(n, from, to, data, len);
}

static uint64_t
io_now(void *arg)
{
	return net_clock(arg);
}

static void
io_random(void *arg, void *data, size_t len)
{
	struct node *node = arg;
	uint8_t *p = data;

	while (len-- > 0)
		*p++ = (uint8_t)net_random(node->net);
}

static void
take_policy(struct node *node, const struct sa_policy *p)
{
	uint32_t i;

	node->policy = true;
	node->direction = p->direction;
	node->reverted = p->reverted;
	node->policies++;
	node->naces = p->n;
	node->npermit = node->ndeny = node->nlocal = 0;
	for (i = 0; i < p->n; i++) {
		node->aces[i] = p->aces[i];
		node->sa_of[i] = p->sa_of[i];
		node->local[i] = p->local[i];
		node->nlocal += p->local[i];
		if (p->aces[i].action == ACE_PERMIT)
			node->npermit++;
		else if (!p->local[i])
			node->ndeny++;
	}
}

static void
del_tek(struct node *node, unsigned i)
{
	node->nteks--;
	memmove(&node->teks[i], &node->teks[i + 1],
	    (node->nteks - i) * sizeof(node->teks[0]));
	memmove(&node->tek_end[i], &node->tek_end[i + 1],
	    (node->nteks - i) * sizeof(node->tek_end[0]));
}

/* As fwd does: an end that is said again changes nothing. */
static void
set_tek(struct node *node, unsigned i, const struct sa_change *c)
{
	uint64_t end = node->net->now + c->tek.life_ms;

	node->teks[i].sa_index = c->tek.sa_index;
	if (end + 1000 > node->tek_end[i] && end < node->tek_end[i] + 1000)
		return;
	node->tek_end[i] = end;
}

static void
io_sa(void *arg, const struct sa_change *c)
{
	struct node *node = arg;
	unsigned i;

	if (node->dead)
		return;
	for (i = 0; i < node->nteks;)
		if (node->tek_end[i] <= node->net->now)
			del_tek(node, i);
		else
			i++;
	if (node->net->sa != NULL)
		node->net->sa(node, c);
	switch (c->type) {
	case SA_POLICY:
		take_policy(node, &c->policy);
		break;
	case SA_ADD:
		for (i = 0; i < node->nteks; i++)
			if (node->teks[i].spi == c->tek.spi)
				break;
		if (i == NODE_TEKS)
			fatal("too many TEKs");
		if (i == node->nteks) {
			node->tek_end[i] = 0;
			node->teks[node->nteks++] = c->tek;
		}
		set_tek(node, i, c);
		node->teks[i].pseudotime = c->tek.pseudotime;
		break;
	case SA_DEL:
		for (i = 0; i < node->nteks; i++)
			if (node->teks[i].spi == c->del.spi)
				del_tek(node, i--);
		break;
	case SA_FLUSH:
		node->policy = false;
		node->naces = node->nteks = 0;
		node->flushes++;
		break;
	}
}

static void
io_log(void *arg, enum log_id id, va_list ap)
{
	struct strbuf sb = { 0 };
	struct node *node = arg;
	char a[IP4_STRLEN];

	log_vformat(&sb, id, ap);
	node->logs[id]++;
	str_copy(node->last[id], sb.s, sizeof(node->last[id]));
	if (node->net->verbose)
		fprintf(stderr, "%8llu.%03u %-15s %s\n",
		    (unsigned long long)node->net->now / 1000,
		    (unsigned)(node->net->now % 1000),
		    ip4_str(node->addr, a), sb.s);
	sb_free(&sb);
}

static void
io_keys_changed(void *arg)
{
	((struct node *)arg)->keys_changed++;
}

static void
io_send_group(void *arg, uint32_t ifindex UNUSED, struct udp_addr from,
    struct udp_addr to, const uint8_t *data, size_t len)
{
	io_send(arg, from, to, data, len);
}

struct gdoi_io
net_io(void)
{
	return (struct gdoi_io){ io_send, io_now, io_random, io_sa, io_log,
		io_keys_changed, io_send_group, net_io_member,
		NULL };
}

struct net *
net_new(uint64_t seed)
{
	struct net *n = xcalloc(1, sizeof(*n));

	n->now = 1000000;
	n->rng = seed;
	n->verbose = getenv("NET_VERBOSE") != NULL;
	if (getenv("NET_DEBUG") != NULL)
		memset(debug_set.levels, DBG_ALL, sizeof(debug_set.levels));
	return n;
}

void
net_free(struct net *n)
{
	struct datagram *d;
	unsigned i;

	for (i = 0; i < n->n; i++) {
		gdoi_free(n->nodes[i]->g);
		tc_free(n->nodes[i]->conf);
		free(n->nodes[i]);
	}
	while ((d = n->queue) != NULL) {
		n->queue = d->next;
		free(d);
	}
	free(n);
}

static void
start_engine(struct node *node)
{
	struct gdoi_io io = net_io();
	struct port p = { .index = 1, .ifindex = 7, .addr = node->addr,
		.mask = 0xffffff00, .mtu = 1500, .up = true };

	node->g = gdoi_new(&io, node);
	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	gdoi_port(node->g, &p);
}

struct node *
net_add(struct net *n, uint32_t addr)
{
	struct node *node = xcalloc(1, sizeof(*node));

	if (n->n == NODES_MAX)
		fatal("too many nodes");
	node->net = n;
	node->addr = addr;
	node->conf = tc_new();
	n->nodes[n->n++] = node;
	start_engine(node);
	return node;
}

void
net_apply(struct node *node)
{
	gdoi_config(node->g, node->g->conf, node->conf);
	gdoi_settled(node->g);
}

void
net_restart(struct node *node)
{
	struct strbuf keys = { 0 };
	bool deaf = node->deaf;

	gdoi_keys_save(node->g, &keys);
	node->deaf = node->dead = true; /* no goodbye, fwd hears nothing */
	gdoi_free(node->g);
	node->deaf = deaf;
	node->dead = false;
	node->ngroups = 0;
	start_engine(node);
	if (keys.len > 0 && gdoi_keys_load(node->g, keys.s, keys.len) != 0)
		fatal("keys");
	sb_free(&keys);
	gdoi_config(node->g, NULL, node->conf);
}

static struct node *
node_at(struct net *n, uint32_t addr)
{
	unsigned i;

	for (i = 0; i < n->n; i++)
		if (n->nodes[i]->addr == addr || (addr != 0 &&
		    n->nodes[i]->addr2 == addr))
			return n->nodes[i];
	return NULL;
}

/* To whom it is sent; by multicast to all but the sender that are in the
 * group, each of which may miss it. */
static void
deliver(struct net *n, const struct datagram *d)
{
	struct node *node;
	unsigned i;

	if (!is_multicast(d->to.addr)) {
		node = node_at(n, d->to.addr);
		if (node != NULL && !node->deaf)
			gdoi_input(node->g, d->to, d->from, d->data, d->len);
		return;
	}
	for (i = 0; i < n->n; i++) {
		node = n->nodes[i];
		if (!node->deaf && node->addr != d->from.addr &&
		    net_in_group(node, d->to.addr) && !chance(n, n->loss))
			gdoi_input(node->g, d->to, d->from, d->data, d->len);
	}
}

static bool
net_step(struct net *n, uint64_t until)
{
	uint64_t next = until, t;
	struct datagram *d;
	unsigned i;

	for (i = 0; i < n->n; i++)
		if ((t = net_time(n->nodes[i],
		    gdoi_timeout(n->nodes[i]->g))) < next)
			next = t;
	if (n->queue != NULL && n->queue->at < next)
		next = n->queue->at;
	if (next > n->now)
		n->now = next;
	while ((d = n->queue) != NULL && d->at <= n->now) {
		n->queue = d->next;
		deliver(n, d);
		if (n->after != NULL)
			n->after(n, d);
		free(d);
	}
	return n->now < until;
}

void
net_run(struct net *n, uint64_t ms)
{
	uint64_t until = n->now + ms;

	while (net_step(n, until))
		;
}

bool
net_until(struct net *n, uint64_t ms, bool (*done)(struct net *))
{
	uint64_t until = n->now + ms;

	while (!done(n))
		if (!net_step(n, until))
			return done(n);
	return true;
}

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
free_local(struct cf_obj *o)
{
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
	free_list(&c->crypto_maps, NULL);
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

struct gdoi_local *
tc_ks(struct conf *c, uint32_t addr)
{
	struct transform_set *t = tc_add(&c->transform_sets, sizeof(*t));
	struct ipsec_profile *p = tc_add(&c->ipsec_profiles, sizeof(*p));
	struct gdoi_group *g = tc_add(&c->gdoi_groups, sizeof(*g));
	struct gdoi_local *l = tc_add(&g->local, sizeof(*l));
	struct gdoi_sa *sa = tc_add(&l->sas, sizeof(*sa));

	str_copy(t->name, "T", sizeof(t->name));
	t->esp = (struct esp_transform){ ESP_AES_CBC, ESP_AUTH_SHA256, 128 };
	str_copy(p->name, "P", sizeof(p->name));
	str_copy(p->transform_set, "T", sizeof(p->transform_set));
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
	sa->number = 1;
	str_copy(sa->profile, "P", sizeof(sa->profile));
	str_copy(sa->acl, "A", sizeof(sa->acl));
	sa->replay = REPLAY_COUNTER;
	sa->window = 64;
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
			COPY_LIST(&nl->sas, &ol->sas, struct gdoi_sa);
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

#define FIND(fn, type, list)                                                  \
	const type *fn(const struct conf *c, const char *name)                \
	{                                                                     \
		const type *v;                                                \
		CF_FOREACH (v, &c->list)                                      \
			if (strcmp(v->name, name) == 0)                       \
				return v;                                     \
		return NULL;                                                  \
	}

FIND(conf_find_interface, struct interface, interfaces)
FIND(conf_find_acl, struct acl, acls)
FIND(conf_find_transform_set, struct transform_set, transform_sets)
FIND(conf_find_ipsec_profile, struct ipsec_profile, ipsec_profiles)
FIND(conf_find_gdoi_group, struct gdoi_group, gdoi_groups)
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
		if (strcmp(m->name, name) == 0)
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
