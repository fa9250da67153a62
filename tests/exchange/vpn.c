/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routers with IPsec between them in memory, see vpn.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "vpn.h"

struct vpn_datagram {
	struct vpn_datagram *next;
	uint64_t at;
	struct udp_addr from, to;
	size_t len;
	uint8_t data[];
};

uint64_t
vpn_random(struct vpn *v)
{
	uint64_t z = v->rng += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static bool
chance(struct vpn *v, unsigned percent)
{
	return vpn_random(v) % 100 < percent;
}

/* ---- what an engine may do ---- */

static void
enqueue(struct vpn *v, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct vpn_datagram *d = xcalloc(1, sizeof(*d) + len), **at, *o;

	d->at = v->now + 1 + vpn_random(v) % 5;
	for (o = v->queue; o != NULL && v->reorder == 0; o = o->next)
		if (o->from.addr == from.addr && o->to.addr == to.addr &&
		    o->at > d->at)
			d->at = o->at;
	if (chance(v, v->reorder))
		d->at += 5 + vpn_random(v) % 200;
	d->from = from;
	d->to = to;
	d->len = len;
	memcpy(d->data, data, len);
	if (v->tap != NULL && !v->tap(v, from, to, d->data, len)) {
		free(d);
		return;
	}
	for (at = &v->queue; *at != NULL && (*at)->at <= d->at;
	    at = &(*at)->next)
		;
	d->next = *at;
	*at = d;
}

static void
io_send(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct vrouter *r = arg;
	struct vpn *v = r->v;

	v->sent++;
	if (r->deaf || chance(v, v->loss))
		return;
	if (r->nat != 0) {
		from.addr = r->nat;
		from.port += r->nat_shift;
	}
	enqueue(v, from, to, data, len);
	if (chance(v, v->dup))
		enqueue(v, from, to, data, len);
}

static uint64_t
io_now(void *arg)
{
	return ((struct vrouter *)arg)->v->now;
}

static void
io_random(void *arg, void *data, size_t len)
{
	struct vrouter *r = arg;
	uint8_t *p = data;

	while (len-- > 0)
		*p++ = (uint8_t)vpn_random(r->v);
}

static struct vpn_sa *
find_sa(struct vrouter *r, const char *group, uint32_t spi, uint8_t way)
{
	unsigned i;

	for (i = 0; i < r->nsas; i++)
		if (r->sas[i].t.spi == spi && r->sas[i].t.way == way &&
		    strcmp(r->sas[i].t.group, group) == 0)
			return &r->sas[i];
	return NULL;
}

static void
remove_sa(struct vrouter *r, struct vpn_sa *sa)
{
	unsigned i = (unsigned)(sa - r->sas);

	r->nsas--;
	memmove(sa, sa + 1, (r->nsas - i) * sizeof(*sa));
}

/* fwd lets them end by itself. */
static void
expire(struct vrouter *r)
{
	unsigned i;

	for (i = 0; i < r->nsas;)
		if (r->sas[i].end <= r->v->now)
			remove_sa(r, &r->sas[i]);
		else
			i++;
}

static void
add_sa(struct vrouter *r, const struct sa_tek *t)
{
	struct vpn_sa *sa = find_sa(r, t->group, t->spi, t->way);
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));
	struct sa_change c = { .type = SA_ADD, .tek = *t };
	struct arena *mem = arena_new();
	struct rd rd;

	/* it has to cross to another process */
	if (!sa_put(&w, &c))
		fatal("an SA does not fit in a message");
	rd = rd_of(buf, wr_len(&w));
	if (!sa_get(&rd, &c, mem))
		fatal("fwd does not take an SA");
	arena_free(mem);
	if (sa == NULL) {
		if (r->nsas == VPN_SAS)
			fatal("too many SAs");
		sa = &r->sas[r->nsas++];
		sa->t = c.tek;
		sa->order = ++r->v->order;
		sa->known = r->v->now + r->lag;
		sa->from = sa->known + c.tek.send_after_ms;
		sa->orphan = sa->ended = false;
		sa->seq = c.tek.seq_base;
		sa->octets = sa->volume_told = sa->silence_told = 0;
		sa->used = r->v->now;
		if (r->v->added != NULL)
			r->v->added(r, sa);
	}
	sa->t.sa_index = t->sa_index;
	sa->t.remote = t->remote;
	sa->t.encap_remote = t->encap_remote;
	sa->end = r->v->now + t->life_ms;
	r->adds++;
}

static void
tell(const struct vrouter *r, const struct sa_change *c)
{
	bool add = c->type == SA_ADD;

	if (r->v->verbose && (add || c->type == SA_DEL))
		fprintf(stderr, "%8llu R%u %s %08X %s\n",
		    (unsigned long long)r->v->now, r->number,
		    add ? "add" : "del", add ? c->tek.spi : c->del.spi,
		    (add ? c->tek.way : c->del.way) == SA_WAY_IN ? "in" :
		    "out");
}

static void
io_sa(void *arg, const struct sa_change *c)
{
	struct vrouter *r = arg;
	struct vpn_sa *sa;
	unsigned i;

	if (r->fwd_dead)
		return;
	tell(r, c);
	expire(r);
	switch (c->type) {
	case SA_POLICY:
		r->policies++;
		r->naces = c->policy.n;
		for (i = 0; i < c->policy.n; i++) {
			r->aces[i] = c->policy.aces[i];
			r->sa_of[i] = c->policy.sa_of[i];
		}
		break;
	case SA_ADD:
		add_sa(r, &c->tek);
		break;
	case SA_DEL:
		r->dels++;
		sa = find_sa(r, c->del.group, c->del.spi, c->del.way);
		if (sa != NULL)
			remove_sa(r, sa);
		break;
	case SA_FLUSH:
		r->flushes++;
		for (i = 0; i < r->nsas;)
			if (strcmp(r->sas[i].t.group, c->del.group) == 0)
				remove_sa(r, &r->sas[i]);
			else
				i++;
		break;
	}
}

static void
io_log(void *arg, enum log_id id, va_list ap)
{
	struct vrouter *r = arg;
	struct strbuf sb = { 0 };

	r->logs[id]++;
	log_vformat(&sb, id, ap);
	str_copy(r->last[id], sb.s, sizeof(r->last[id]));
	if (r->v->verbose)
		fprintf(stderr, "%8llu R%u %s\n",
		    (unsigned long long)r->v->now, r->number, sb.s);
	sb_free(&sb);
}

/* As main has it: one for a prefix, with the peer that was said last. */
static void
io_route(void *arg, uint32_t prefix, uint32_t mask UNUSED,
    const char *ifname UNUSED, uint32_t peer, bool add)
{
	struct vrouter *r = arg;
	unsigned i;

	for (i = 0; i < r->routes && r->route_prefix[i] != prefix; i++)
		;
	if (add && i == VPN_ROUTES)
		fatal("too many routes");
	if (add) {
		r->route_prefix[i] = prefix;
		r->route_peer[i] = peer;
		r->routes += i == r->routes;
	} else if (i < r->routes) {
		r->routes--;
		r->route_prefix[i] = r->route_prefix[r->routes];
		r->route_peer[i] = r->route_peer[r->routes];
	}
}

static bool
io_spi_used(void *arg, uint32_t spi)
{
	struct vrouter *r = arg;

	return r->even_used && spi % 2 == 0;
}

/* ---- routers ---- */

static void
start(struct vrouter *r)
{
	static const struct ipsec_io io = { io_send, io_now, io_random, io_sa,
		io_log, io_route, io_spi_used };

	r->s = ipsec_new(&io, r, NULL);
	vpn_port(r, true);
}

void
vpn_keep(struct vpn_kept *k, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	if (len > sizeof(k->data))
		fatal("a datagram does not fit");
	k->from = from;
	k->to = to;
	k->len = len;
	memcpy(k->data, data, len);
}

void
vpn_deliver(struct vrouter *r, struct vpn_kept *k)
{
	if (k->len == 0)
		fatal("no datagram was kept");
	ipsec_input(r->s, k->to, k->from, k->data, k->len);
}

void
vpn_port(struct vrouter *r, bool up)
{
	struct port p = { .index = 1, .ifindex = 7, .addr = r->addr,
		.mask = 0xffffff00, .mtu = 1500, .up = up };

	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	ipsec_port(r->s, &p);
}

struct vpn *
vpn_new(uint64_t seed)
{
	struct vpn *v = xcalloc(1, sizeof(*v));

	v->now = 1000000;
	v->rng = seed;
	v->verbose = getenv("NET_VERBOSE") != NULL;
	if (getenv("NET_DEBUG") != NULL)
		memset(debug_set.levels, DBG_ALL, sizeof(debug_set.levels));
	return v;
}

struct vpn *
vpn_pair(uint64_t seed, struct vrouter **a, struct vrouter **b)
{
	struct vpn *v = vpn_new(seed);

	*a = vpn_add(v);
	*b = vpn_add(v);
	return v;
}

void
vpn_free(struct vpn *v)
{
	struct vpn_datagram *d;
	unsigned i;

	v->each = NULL;
	for (i = 0; i < v->n; i++) {
		ipsec_free(v->r[i]->s);
		tc_free(v->r[i]->conf);
		if (v->r[i]->was != NULL)
			tc_free(v->r[i]->was);
		free(v->r[i]);
	}
	while ((d = v->queue) != NULL) {
		v->queue = d->next;
		free(d);
	}
	free(v);
}

static struct conf *
base_conf(void)
{
	struct conf *c = tc_new();
	struct interface *i = (void *)c->interfaces.first;

	str_copy(i->crypto_map, "MAP", sizeof(i->crypto_map));
	(void)tc_policy(c, IKE_AES, 128, IKE_SHA256, 19);
	(void)tc_key(c, "SUPERSECRET", 0, 0);
	return c;
}

struct vrouter *
vpn_add(struct vpn *v)
{
	struct vrouter *r = xcalloc(1, sizeof(*r));

	r->v = v;
	r->number = v->n;
	r->addr = VPN_ADDR(v->n);
	r->conf = base_conf();
	v->r[v->n++] = r;
	start(r);
	return r;
}

struct conf *
vpn_conf_new(struct vrouter *r)
{
	if (r->was != NULL)
		tc_free(r->was);
	r->was = r->conf;
	r->conf = base_conf();
	return r->conf;
}

void
vpn_apply(struct vrouter *r)
{
	ipsec_config(r->s, r->was, r->conf);
	if (r->was != NULL)
		tc_free(r->was);
	r->was = NULL;
}

void
vpn_restart(struct vrouter *r, bool silently)
{
	bool deaf = r->deaf;

	r->deaf = r->fwd_dead = silently; /* no goodbye */
	ipsec_free(r->s);
	r->deaf = deaf;
	r->fwd_dead = false;
	if (silently)
		r->nsas = r->naces = 0; /* fwd died with it */
	start(r);
	ipsec_config(r->s, NULL, r->conf);
}

void
vpn_kill_ike(struct vrouter *r)
{
	bool deaf = r->deaf;
	unsigned i;

	r->deaf = r->fwd_dead = true;
	ipsec_free(r->s);
	r->deaf = deaf;
	r->fwd_dead = false;
	for (i = 0; i < r->nsas; i++)
		r->sas[i].orphan = true;
	start(r);
	ipsec_config(r->s, NULL, r->conf);
}

void
vpn_kill_fwd(struct vrouter *r)
{
	r->nsas = r->naces = 0;
	ipsec_resync(r->s);
}

/* ---- time ---- */

static uint32_t
outside(const struct vrouter *r)
{
	return r->nat != 0 ? r->nat : r->addr;
}

/* From outside its NAT to it; a port that the NAT has no more is lost. */
static bool
through_nat(const struct vrouter *r, struct udp_addr *to)
{
	if (r->nat == 0)
		return true;
	to->addr = r->addr;
	to->port -= r->nat_shift;
	return to->port == IPSEC_PORT || to->port == IPSEC_NAT_PORT;
}

static void
deliver(struct vpn *v)
{
	struct vpn_datagram *d;
	struct udp_addr to;
	unsigned i;

	while ((d = v->queue) != NULL && d->at <= v->now) {
		v->queue = d->next;
		for (i = 0; i < v->n; i++) {
			to = d->to;
			if (outside(v->r[i]) == to.addr && !v->r[i]->deaf &&
			    through_nat(v->r[i], &to))
				ipsec_input(v->r[i]->s, to, d->from, d->data,
				    d->len);
		}
		free(d);
	}
}

static uint64_t
timeouts(struct vpn *v)
{
	uint64_t next = UINT64_MAX, t;
	unsigned i;

	for (i = 0; i < v->n; i++) {
		t = ipsec_timeout(v->r[i]->s);
		if (t < next)
			next = t;
	}
	return next;
}

static bool
run(struct vpn *v, uint64_t ms, bool (*until)(struct vpn *))
{
	uint64_t end = v->now + ms, next;

	for (;;) {
		deliver(v);
		next = timeouts(v);
		if (v->each != NULL) {
			v->each(v);
			if (next > v->now + 1000)
				next = v->now + 1000;
		}
		if (until != NULL && until(v))
			return true;
		if (v->queue != NULL && v->queue->at < next)
			next = v->queue->at;
		if (next <= v->now)
			next = v->now + 1;
		if (v->now >= end)
			return false;
		v->now = next < end ? next : end;
	}
}

void
vpn_run(struct vpn *v, uint64_t ms)
{
	(void)run(v, ms, NULL);
}

bool
vpn_until(struct vpn *v, uint64_t ms, bool (*until)(struct vpn *))
{
	return run(v, ms, until);
}

/* ---- what fwd knows ---- */

/* Of two that are known: the newer one, but not before its time. */
static const struct vpn_sa *
better(const struct vpn_sa *x, const struct vpn_sa *y, uint64_t now)
{
	bool x_due, y_due;

	if (x == NULL)
		return y;
	x_due = x->from <= now;
	y_due = y->from <= now;
	return x_due != y_due ? (x_due ? x : y) :
	    x->order > y->order ? x : y;
}

const struct vpn_sa *
vpn_out(struct vrouter *r, const char *group, unsigned index)
{
	const struct vpn_sa *best = NULL;
	unsigned i;

	expire(r);
	for (i = 0; i < r->nsas; i++)
		if (r->sas[i].t.way == SA_WAY_OUT &&
		    r->sas[i].t.sa_index == index &&
		    strcmp(r->sas[i].t.group, group) == 0 &&
		    r->sas[i].known <= r->v->now && !r->sas[i].ended)
			best = better(best, &r->sas[i], r->v->now);
	return best;
}

const struct vpn_sa *
vpn_in(struct vrouter *r, uint32_t spi)
{
	unsigned i;

	expire(r);
	for (i = 0; i < r->nsas; i++)
		if (r->sas[i].t.way == SA_WAY_IN && r->sas[i].t.spi == spi &&
		    r->sas[i].known <= r->v->now)
			return &r->sas[i];
	return NULL;
}

unsigned
vpn_count(struct vrouter *r, enum sa_way way)
{
	unsigned i, n = 0;

	expire(r);
	for (i = 0; i < r->nsas; i++)
		n += r->sas[i].t.way == (uint8_t)way;
	return n;
}

void
vpn_event(struct vrouter *r, enum sa_event_type type, const char *group,
    uint32_t spi)
{
	struct sa_event e = { .type = (uint8_t)type, .spi = spi };

	str_copy(e.group, group, sizeof(e.group));
	ipsec_sa_event(r->s, &e);
}

bool
vpn_packet(struct vrouter *r, const char *group, unsigned index)
{
	struct sa_event e = { .type = SA_EVENT_ACQUIRE,
		.sa_index = (uint16_t)index };
	const struct vpn_sa *sa = vpn_out(r, group, index);

	if (sa != NULL && !sa->orphan)
		return true;
	str_copy(e.group, group, sizeof(e.group));
	ipsec_sa_event(r->s, &e);
	return sa != NULL;
}

static bool
same_key(const struct key *a, const struct key *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* ESP in UDP finds the port of the other one, through both NATs. */
static bool
arrives(const struct vrouter *a, const struct vrouter *b,
    const struct sa_tek *t)
{
	if (t->encap_local == 0)
		return a->nat == 0 && b->nat == 0;
	return t->encap_local == IPSEC_NAT_PORT && t->encap_remote ==
	    IPSEC_NAT_PORT + (b->nat != 0 ? b->nat_shift : 0);
}

bool
vpn_reads(struct vrouter *a, const char *group, unsigned index,
    struct vrouter *b)
{
	const struct vpn_sa *out = vpn_out(a, group, index), *in;

	in = out != NULL ? vpn_in(b, out->t.spi) : NULL;
	return in != NULL && same_key(&in->t.key, &out->t.key) &&
	    same_key(&in->t.auth_key, &out->t.auth_key) &&
	    in->t.salt == out->t.salt && in->t.mode == out->t.mode &&
	    memcmp(&in->t.transform, &out->t.transform,
	    sizeof(in->t.transform)) == 0 && out->t.local == a->addr &&
	    out->t.remote == outside(b) && in->t.local == b->addr &&
	    in->t.remote == outside(a) && arrives(a, b, &out->t) &&
	    (out->t.encap_local != 0) == (in->t.encap_local != 0);
}

/* ---- configurations ---- */

struct map_peer *
vpn_peer(struct crypto_map *m, uint32_t addr)
{
	struct map_peer *p = tc_add(&m->peers, sizeof(*p));

	p->addr = addr;
	return p;
}

struct transform_set *
vpn_set(struct conf *c, struct set_names *names, const char *name,
    unsigned cipher, unsigned bits, unsigned auth)
{
	struct transform_set *t = tc_add(&c->transform_sets, sizeof(*t));
	char *const slots[] = { names->set1, names->set2, names->set3,
		names->set4, names->set5, names->set6 };
	unsigned i = 0;

	str_copy(t->name, name, sizeof(t->name));
	while (slots[i][0] != '\0')
		i++;
	str_copy(slots[i], name, CONF_NAME);
	t->esp = (struct esp_transform){ (uint8_t)cipher, (uint8_t)auth,
		(uint16_t)bits };
	return t;
}

static const char *
acl_name(uint16_t seq, char *buf)
{
	snprintf(buf, 16, "VPN%u", seq);
	return buf;
}

struct crypto_map *
vpn_map(struct conf *c, uint16_t seq, uint32_t peer)
{
	struct crypto_map *m = tc_add(&c->crypto_maps, sizeof(*m));
	char name[16];

	str_copy(m->name, "MAP", sizeof(m->name));
	m->seq = seq;
	m->kind = MAP_ISAKMP;
	str_copy(m->acl, acl_name(seq, name), sizeof(m->acl));
	(void)tc_acl(c, name);
	if (peer != 0)
		(void)vpn_peer(m, peer);
	return m;
}

struct ace *
vpn_permit(struct conf *c, uint16_t seq, uint32_t src, uint32_t swild,
    uint32_t dst, uint32_t dwild)
{
	struct acl *a;
	char name[16];

	acl_name(seq, name);
	CF_FOREACH (a, &c->acls)
		if (strcmp(a->name, name) == 0)
			break;
	if (a == NULL)
		fatal("no list %s", name);
	return tc_ace(a, ACE_PERMIT, src, swild, dst, dwild);
}

static void
one_site(struct vrouter *r, struct vrouter *peer)
{
	struct crypto_map *m = vpn_map(r->conf, 10, peer->addr);

	(void)vpn_set(r->conf, &m->sets, "T", ESP_AES_CBC, 128,
	    ESP_AUTH_SHA1);
	(void)vpn_permit(r->conf, 10, VPN_NET(r->number), 0xffff,
	    VPN_NET(peer->number), 0xffff);
}

struct crypto_map *
vpn_map_of(struct vrouter *r)
{
	return (void *)r->conf->crypto_maps.first;
}

void
vpn_site(struct vrouter *a, struct vrouter *b)
{
	one_site(a, b);
	one_site(b, a);
}

bool
vpn_both_ways(struct vpn *v)
{
	return vpn_reads(v->r[0], VPN_GROUP, 1, v->r[1]) &&
	    vpn_reads(v->r[1], VPN_GROUP, 1, v->r[0]);
}
