/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Entries of crypto maps and tunnels with protection, and how they follow the
 * configuration: a flow whose terms are others is torn down, the rest stays.
 * Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ipsec/ipsec_priv.h"

#define PROTO_GRE 47
#define TUNNEL_START_MS 2000 /* at random: the other end begins, too */

struct entry *
entry_find(struct ipsec *s, const char *group)
{
	struct entry *e;

	TAILQ_FOREACH(e, &s->entries, link)
		if (strcmp(e->group, group) == 0)
			return e;
	return NULL;
}

/* ---- addresses ---- */

static uint32_t
addr_of(const struct ipsec *s, const char *ifname)
{
	const struct port *p = ipsec_find_port(s, ifname);

	return p != NULL && p->up ? p->addr : 0;
}

static bool
is_own(const struct ipsec *s, uint32_t addr)
{
	size_t i;

	for (i = 1; i < NELEM(s->ports); i++)
		if (s->ports[i].index != 0 && s->ports[i].up &&
		    s->ports[i].addr == addr)
			return addr != 0;
	return false;
}

/* Where the entry is used from: of the first port with the map that works. */
static void
place_map(struct entry *e)
{
	const struct conf *c = e->s->conf;
	const char *source = conf_map_local(c, e->map);
	const struct interface *i;
	uint32_t addr;

	e->local = 0;
	e->ifname[0] = '\0';
	CF_FOREACH (i, &c->interfaces) {
		if (strcmp(i->crypto_map, e->map) != 0)
			continue;
		addr = addr_of(e->s, i->name);
		if (e->ifname[0] == '\0' || (e->local == 0 && addr != 0))
			str_copy(e->ifname, i->name, sizeof(e->ifname));
		if (e->local == 0)
			e->local = addr;
	}
	if (source != NULL && e->local != 0)
		e->local = addr_of(e->s, source);
}

static void
place_tunnel(struct entry *e, const struct interface *i)
{
	const struct tunnel *t = &i->tunnel;
	uint32_t addr = t->source_if[0] != '\0' ? addr_of(e->s, t->source_if) :
	    is_own(e->s, t->source) ? t->source : 0;

	str_copy(e->ifname, i->name, sizeof(e->ifname));
	e->local = i->shutdown ? 0 : addr;
}

static const struct interface *
tunnel_of(const struct entry *e)
{
	return conf_find_interface(e->s->conf, e->ifname);
}

/* ---- what is configured ---- */

static void
add_peer(struct entry *e, uint32_t addr, bool first)
{
	if (addr == 0 || e->npeers == PEERS_MAX || entry_has_peer(e, addr))
		return;
	if (first)
		e->first = (int)e->npeers;
	e->peers[e->npeers++] = addr;
}

static void
set_peers(struct entry *e, const struct crypto_map *m)
{
	uint32_t was = entry_peer(e);
	const struct map_peer *p;
	const struct ip_host *h;
	unsigned i;

	e->npeers = e->current = 0;
	e->first = -1;
	CF_FOREACH (p, &m->peers) {
		add_peer(e, p->addr, p->first);
		if (p->addr != 0)
			continue;
		CF_FOREACH (h, &e->s->conf->hosts)
			if (strcasecmp(h->name, p->hostname) == 0)
				add_peer(e, h->addr, p->first);
	}
	for (i = 0; i < e->npeers; i++)
		if (e->peers[i] == was)
			e->current = i;
	if (e->first != -1 && !entry_is_up(e))
		e->current = (unsigned)e->first;
}

static void
log_unusable(const struct entry *e, const char *set)
{
	if (set != NULL)
		ike_log(e->s->ike, LOG_IPSEC_BAD_SET, set, e->group,
		    conf_find_transform_set(e->s->conf, set) == NULL ?
		    "it does not exist" : "only ESP is there, no AH");
}

/* True: other ones than before. */
static bool
set_terms(struct entry *e, const struct terms *t, const char *unusable)
{
	if (memcmp(&e->terms, t, sizeof(*t)) == 0)
		return false;
	log_unusable(e, unusable);
	memcpy(&e->terms, t, sizeof(*t));
	return true;
}

/* ---- flows of an access list ---- */

static bool
same_ace(const struct ace *a, const struct ace *b)
{
	uint8_t x[64], y[64];
	struct wr wx = wr_of(x, sizeof(x)), wy = wr_of(y, sizeof(y));

	ace_put(&wx, a);
	ace_put(&wy, b);
	return wr_ok(&wx) && wr_len(&wx) == wr_len(&wy) &&
	    memcmp(x, y, wr_len(&wx)) == 0;
}

static struct ipsec_flow *
take_flow(struct entry *e, const struct ace *ace)
{
	struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link)
		if (f->gone && same_ace(&f->ace, ace)) {
			f->gone = false;
			return f;
		}
	return NULL;
}

static void
renumber(struct ipsec_flow *f, uint16_t index)
{
	struct pair *p;

	if (f->index == index)
		return;
	f->index = index;
	TAILQ_FOREACH_REVERSE(p, &f->pairs, pair_list, link)
		pair_say(p);
}

static void
drop_gone(struct entry *e)
{
	struct ipsec_flow *f, *next;

	for (f = TAILQ_FIRST(&e->flows); f != NULL; f = next) {
		next = TAILQ_NEXT(f, link);
		if (f->gone)
			flow_free(f, true);
	}
}

static void
mark_all(struct entry *e)
{
	struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link)
		f->gone = true;
}

/* A flow for each permit; entries count from 1, those that deny too. */
static void
sync_list(struct entry *e, const struct acl *acl)
{
	const struct acl_entry *ae;
	struct ipsec_flow *f;
	uint16_t n = 0;

	mark_all(e);
	if (acl != NULL) {
		CF_FOREACH (ae, &acl->entries) {
			if (ae->remark)
				continue;
			if (++n > SA_POLICY_MAX)
				break;
			if (ae->ace.action != ACE_PERMIT)
				continue;
			f = take_flow(e, &ae->ace);
			if (f != NULL)
				renumber(f, n);
			else if (e->s->nflows < FLOWS_MAX)
				(void)flow_new(e, &ae->ace, n);
		}
	}
	drop_gone(e);
}

static void
sync_tunnel(struct entry *e, uint32_t remote)
{
	struct ace a = ace_any(ACE_PERMIT);

	a.proto = PROTO_GRE;
	a.src = e->local;
	a.dst = remote;
	a.src_wild = a.dst_wild = 0;
	mark_all(e);
	if (e->local != 0 && remote != 0 && take_flow(e, &a) == NULL)
		(void)flow_new(e, &a, 1);
	drop_gone(e);
}

/* Those whose template is another one now, or none. */
static void
sync_dynamic(struct entry *e)
{
	const struct crypto_map *m;
	const char *unusable;
	struct terms t;
	struct ipsec_flow *f;
	bool change = false;

	TAILQ_FOREACH(f, &e->flows, link) {
		f->gone = true;
		CF_FOREACH (m, &e->s->conf->dynamic_maps) {
			if (m->seq != f->dynamic_seq ||
			    strcmp(m->name, e->dynamic) != 0)
				continue;
			terms_of_map(e->s->conf, m, &t, &unusable);
			f->gone = memcmp(&t, &f->terms, sizeof(t)) != 0;
		}
		change |= f->gone;
	}
	drop_gone(e);
	if (change)
		dynamic_policy(e);
}

/* ---- entries ---- */

static struct entry *
entry_get(struct ipsec *s, const char *group, enum entry_kind kind)
{
	struct entry *e = entry_find(s, group);

	if (e == NULL) {
		e = xcalloc(1, sizeof(*e));
		e->s = s;
		e->first = -1;
		/* fwd may still have some of an ike before this one */
		e->last_index = (uint16_t)ipsec_random(s, UINT16_MAX);
		str_copy(e->group, group, sizeof(e->group));
		TAILQ_INIT(&e->flows);
	} else {
		TAILQ_REMOVE(&s->entries, e, link);
	}
	TAILQ_INSERT_TAIL(&s->entries, e, link); /* in order */
	if (e->kind != kind) {
		mark_all(e);
		drop_gone(e);
	}
	e->kind = (uint8_t)kind;
	e->gone = false;
	return e;
}

static void
entry_free(struct entry *e)
{
	struct sa_change c = { .type = SA_FLUSH };

	mark_all(e);
	drop_gone(e);
	str_copy(c.del.group, e->group, sizeof(c.del.group));
	ipsec_tell(e->s, &c);
	TAILQ_REMOVE(&e->s->entries, e, link);
	explicit_bzero(e, sizeof(*e));
	free(e);
}

/* The peer is not configured any more, or the router has that address no
 * more. While no port is up nothing is strange. */
static bool
is_stranger(const struct entry *e, uint32_t local, uint32_t remote)
{
	return (e->local != 0 && !entry_serves(e, local)) ||
	    (e->kind != ENTRY_DYNAMIC && !entry_has_peer(e, remote));
}

static void
drop_strangers(struct entry *e)
{
	struct pair *p, *next;
	struct ipsec_flow *f, *nextf;

	for (f = TAILQ_FIRST(&e->flows); f != NULL; f = nextf) {
		nextf = TAILQ_NEXT(f, link);
		for (p = TAILQ_FIRST(&f->pairs); p != NULL; p = next) {
			next = TAILQ_NEXT(p, link);
			if (is_stranger(e, p->local.addr, p->remote.addr))
				pair_delete(p, true, "its end points are"
				    " no longer configured");
		}
		if (f->quick != NULL && is_stranger(e, f->quick->sa->local.addr,
		    f->quick->sa->remote.addr))
			quick_abort(f);
		flow_route(f); /* by another interface, maybe */
		flow_unused(f);
	}
}

static void
config_map(struct ipsec *s, const struct crypto_map *m)
{
	char group[SA_NAME_MAX];
	struct entry *e;
	const char *unusable;
	struct terms t;

	e = entry_get(s, sa_map_group(group, m->name, m->seq),
	    m->dynamic[0] != '\0' ? ENTRY_DYNAMIC : ENTRY_MAP);
	str_copy(e->map, m->name, sizeof(e->map));
	e->seq = m->seq;
	if (strcmp(e->dynamic, m->dynamic) != 0) {
		mark_all(e);
		drop_gone(e);
		str_copy(e->dynamic, m->dynamic, sizeof(e->dynamic));
	}
	place_map(e);
	set_peers(e, m);
	terms_of_map(s->conf, m, &t, &unusable);
	if (set_terms(e, &t, unusable) && e->kind == ENTRY_MAP) {
		mark_all(e);
		drop_gone(e);
	}
	if (e->kind == ENTRY_DYNAMIC)
		sync_dynamic(e);
	else
		sync_list(e, m->acl[0] != '\0' ? conf_find_acl(s->conf,
		    m->acl) : NULL);
	drop_strangers(e);
}

/* It is wanted as soon as it can be. */
static void
start_tunnel(struct entry *e)
{
	struct ipsec_flow *f;

	TAILQ_FOREACH(f, &e->flows, link)
		if (e->local != 0 && !flow_is_up(f) && f->quick == NULL)
			flow_start_in(f, ipsec_random(e->s, TUNNEL_START_MS));
}

static void
config_tunnel(struct ipsec *s, const struct interface *i)
{
	const struct ipsec_profile *p = conf_find_ipsec_profile(s->conf,
	    i->tunnel.profile);
	const char *unusable = NULL;
	char group[SA_NAME_MAX];
	struct terms t;
	struct entry *e;

	e = entry_get(s, sa_tunnel_group(group, i->name), ENTRY_TUNNEL);
	memset(&t, 0, sizeof(t));
	if (p != NULL)
		terms_of_profile(s->conf, p, &t, &unusable);
	if (set_terms(e, &t, unusable)) {
		mark_all(e);
		drop_gone(e);
	}
	place_tunnel(e, i);
	e->npeers = 0;
	add_peer(e, i->tunnel.dest, false);
	if (e->local != 0 || i->shutdown)
		sync_tunnel(e, i->tunnel.dest);
	drop_strangers(e);
	start_tunnel(e);
}

static bool
map_is_used(const struct conf *c, const char *name)
{
	const struct interface *i;

	CF_FOREACH (i, &c->interfaces)
		if (strcmp(i->crypto_map, name) == 0)
			return true;
	return false;
}

void
entries_config(struct ipsec *s)
{
	const struct crypto_map *m;
	const struct interface *i;
	struct entry *e, *next;
	struct ipsec_flow *f;

	TAILQ_FOREACH(e, &s->entries, link)
		e->gone = true;
	CF_FOREACH (m, &s->conf->crypto_maps)
		if (m->kind == MAP_ISAKMP && map_is_used(s->conf, m->name))
			config_map(s, m);
	CF_FOREACH (i, &s->conf->interfaces)
		if (i->tunnel.profile[0] != '\0')
			config_tunnel(s, i);
	for (e = TAILQ_FIRST(&s->entries); e != NULL; e = next) {
		next = TAILQ_NEXT(e, link);
		if (e->gone)
			entry_free(e);
	}
	/* what failed before may be right now */
	TAILQ_FOREACH(e, &s->entries, link)
		TAILQ_FOREACH(f, &e->flows, link)
			flow_forgive(f);
}

static bool
has_address(const struct ipsec *s, uint32_t addr)
{
	size_t i;

	for (i = 1; i < NELEM(s->ports); i++)
		if (s->ports[i].index != 0 && s->ports[i].addr == addr)
			return true;
	return false;
}

/* Phase 1 from an address that was taken away, not of a port that is down. */
static void
drop_old_addresses(struct ipsec *s)
{
	struct ike_sa *sa, *next;

	for (sa = TAILQ_FIRST(&s->ike->sas); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if (!has_address(s, sa->local.addr))
			ike_sa_delete(sa, false, "this router has its address"
			    " no more");
	}
}

void
entries_ports(struct ipsec *s)
{
	const struct interface *i;
	struct entry *e;

	drop_old_addresses(s);

	TAILQ_FOREACH(e, &s->entries, link) {
		if (e->kind != ENTRY_TUNNEL) {
			place_map(e);
		} else if ((i = tunnel_of(e)) != NULL) {
			place_tunnel(e, i);
			if (e->local != 0)
				sync_tunnel(e, i->tunnel.dest);
		}
		drop_strangers(e);
		if (e->kind == ENTRY_TUNNEL)
			start_tunnel(e);
	}
}

void
entries_free(struct ipsec *s)
{
	struct entry *e;

	while ((e = TAILQ_FIRST(&s->entries)) != NULL)
		entry_free(e);
}
