/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NAT and route-maps: what grammar/nat.cli cannot say about their lines: the
 * form that they are printed in, what tells two of them apart, and which do
 * not go together. Runs in main, and in fwd when it reads its part.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "conf/cf_int.h"

/* ---- route-maps ---- */

void
route_map_format(struct strbuf *text, struct strbuf *key,
    struct route_map *r)
{
	sb_printf(text, "route-map %s %s %u", r->name,
	    r->deny ? "deny" : "permit", r->seq);
	sb_printf(key, "%s %u", r->name, r->seq);
}

/* ---- timeouts ---- */

void
nat_port_timeout_format(struct strbuf *text, struct strbuf *key,
    struct nat_port_timeout *t)
{
	const char *proto = t->proto == 6 ? "tcp" : "udp";

	sb_printf(text, "ip nat translation port-timeout %s %u ", proto,
	    t->port);
	if (t->secs == NAT_NEVER)
		sb_printf(text, "never");
	else
		sb_printf(text, "%u", t->secs);
	sb_printf(key, "%s %u", proto, t->port);
}

int
nat_max_check(struct cf_check *k, const struct conf *c)
{
	if (!k->negated && c->nat_max_entries > NAT_ENTRIES_MAX)
		cf_note(k, "%% NOTE: there is memory for %u entries, more are "
		    "not made", NAT_ENTRIES_MAX);
	return 0;
}

void
nat_limit_format(struct strbuf *text, struct strbuf *key, struct nat_limit *l)
{
	char a[IP4_STRLEN];

	sb_printf(key, "%s %s", l->acl[0] == '\0' ? "host" : "list",
	    l->acl[0] == '\0' ? ip4_str(l->addr, a) : l->acl);
	sb_printf(text, "ip nat translation max-entries %s %u", key->s,
	    l->max);
}

/* ---- pools ---- */

static void
add_range(struct strbuf *text, uint32_t a, uint32_t b)
{
	char s[IP4_STRLEN];

	sb_printf(text, "%s ", ip4_str(a, s));
	sb_printf(text, "%s ", ip4_str(b, s));
}

void
nat_pool_format(struct strbuf *text, struct strbuf *key, struct nat_pool *p)
{
	static const char *const types[] = { [NAT_POOL_GENERIC] = "",
		[NAT_POOL_ROTARY] = " type rotary",
		[NAT_POOL_MATCH_HOST] = " type match-host" };
	char s[IP4_STRLEN];

	(void)key; /* the name, as typed */
	sb_printf(text, "ip nat pool %s ", p->name);
	if (p->end != 0)
		add_range(text, p->start, p->end);
	if (p->prefix != 0) {
		p->mask = UINT32_MAX << (32 - p->prefix);
		sb_printf(text, "prefix-length %u", p->prefix);
	} else
		sb_printf(text, "netmask %s", ip4_str(p->mask, s));
	sb_printf(text, "%s%s%s", types[p->type],
	    p->add_route ? " add-route" : "", p->arp_ping ? " arp-ping" : "");
	if (p->accounting[0] != '\0')
		sb_printf(text, " accounting %s", p->accounting);
}

/* The longest mask with which both addresses are in one network. */
static uint32_t
mask_of_range(uint32_t a, uint32_t b)
{
	uint32_t mask = UINT32_MAX;

	while ((a & mask) != (b & mask))
		mask <<= 1;
	return mask;
}

static bool
ranges_meet(const struct nat_range *a, uint32_t start, uint32_t end)
{
	return a->end != 0 && a->start <= end && start <= a->end;
}

static bool
pool_has(const struct nat_pool *p, uint32_t start, uint32_t end)
{
	const struct nat_range one = { .start = p->start, .end = p->end };
	const struct nat_range *r;

	if (ranges_meet(&one, start, end))
		return true;
	CF_FOREACH (r, &p->ranges)
		if (ranges_meet(r, start, end))
			return true;
	return false;
}

/* Two hosts must not get one address. The addresses of a rotary pool are
 * those of servers, which may be in several. */
static const struct nat_pool *
pool_overlaps(const struct conf *c, const struct nat_pool *p, uint32_t start,
    uint32_t end)
{
	const struct nat_pool *o;

	CF_FOREACH (o, &c->nat_pools)
		if (strcmp(o->name, p->name) != 0 &&
		    o->type != NAT_POOL_ROTARY && p->type != NAT_POOL_ROTARY &&
		    pool_has(o, start, end))
			return o;
	return NULL;
}

static int
range_check(struct cf_check *k, const struct nat_pool *p, uint32_t start,
    uint32_t end)
{
	const struct nat_pool *o;
	char a[IP4_STRLEN], b[IP4_STRLEN];
	uint32_t least;

	if (start == 0 || is_multicast(start) || end >= 0xe0000000)
		return cf_reject(k, "%%Invalid address %s in pool %s",
		    ip4_str(start == 0 || is_multicast(start) ? start : end,
		    a), p->name);
	if (end < start)
		return cf_reject(k, "%%End address less than start address");
	least = mask_of_range(start, end);
	if (p->mask > least)
		return cf_reject(k, "%%Pool %s mask %s too small; should be "
		    "at least %s\n%%Start and end addresses on different "
		    "subnets", p->name, ip4_str(p->mask, a),
		    ip4_str(least, b));
	o = pool_overlaps(k->conf, p, start, end);
	if (o != NULL)
		return cf_reject(k, "%%Pool %s addresses overlap with pool %s",
		    p->name, o->name);
	return 0;
}

int
nat_pool_check(struct cf_check *k, const struct nat_pool *p)
{
	const struct nat_pool *old;
	const struct nat_range *r;

	if (k->negated)
		return 0;
	if (p->add_route || p->arp_ping || p->accounting[0] != '\0')
		cf_note(k, "accepted without effect: add-route, arp-ping, "
		    "accounting of pools");
	old = conf_find_nat_pool(k->conf, p->name);
	if (old != NULL && (old->end == 0) != (p->end == 0))
		return cf_reject(k, "%%Pool %s is defined %s, remove it first",
		    p->name, old->end == 0 ? "by its address lines" :
		    "in one line");
	if (p->end != 0)
		return range_check(k, p, p->start, p->end);
	if (old != NULL)
		CF_FOREACH (r, &old->ranges)
			if (range_check(k, p, r->start, r->end) != 0)
				return -1;
	return 0;
}

int
nat_range_check(struct cf_check *k, const struct nat_range *r)
{
	const struct nat_pool *p = (const void *)k->parent;
	const struct nat_range *o;

	if (k->negated)
		return 0;
	CF_FOREACH (o, &p->ranges)
		if ((o->start != r->start || o->end != r->end) &&
		    ranges_meet(o, r->start, r->end))
			return cf_reject(k, "%%Address range overlaps with "
			    "another one of pool %s", p->name);
	return range_check(k, p, r->start, r->end);
}

/* ---- dynamic rules ---- */

static const char *const ways[] = {
	[NAT_INSIDE_SOURCE] = "ip nat inside source",
	[NAT_INSIDE_DEST] = "ip nat inside destination",
	[NAT_OUTSIDE_SOURCE] = "ip nat outside source",
};

/* One line for a list or route-map: a second one takes its place. */
void
nat_dynamic_format(struct strbuf *text, struct strbuf *key,
    struct nat_dynamic *d)
{
	bool list = d->route_map[0] == '\0';

	sb_printf(text, "%s %s %s", ways[d->way], list ? "list" : "route-map",
	    list ? d->acl : d->route_map);
	sb_printf(key, "%s", text->s);
	if (d->ifname[0] != '\0')
		d->overload = true;
	sb_printf(text, " %s %s%s%s%s%s", d->ifname[0] != '\0' ? "interface" :
	    "pool", d->ifname[0] != '\0' ? d->ifname : d->pool,
	    d->overload ? " overload" : "", d->extended ? " extended" : "",
	    d->reversible ? " reversible" : "",
	    d->add_route ? " add-route" : "");
}

/* Process fwd numbers the lines by 16 bits; those that are gone keep theirs
 * until their last entry is. */
static int
number_check(struct cf_check *k)
{
	if (k->conf->nat_dynamics.n + k->conf->nat_statics.n <= NAT_LINES_MAX)
		return 0;
	return cf_reject(k, "%%No more than %u lines of NAT", NAT_LINES_MAX);
}

int
nat_dynamic_check(struct cf_check *k, const struct nat_dynamic *d)
{
	if (!k->negated && number_check(k) != 0)
		return -1;
	if (!k->negated && d->reversible)
		cf_note(k, "accepted without effect: reversible, the outside "
		    "makes no entries");
	return 0;
}

/* ---- static rules ---- */

static void
add_side(struct strbuf *text, uint32_t addr, uint16_t port)
{
	char s[IP4_STRLEN];

	sb_printf(text, " %s", ip4_str(addr, s));
	if (port != 0)
		sb_printf(text, " %u", port);
}

static void
add_global(struct strbuf *text, const struct nat_static *s)
{
	if (s->ifname[0] == '\0') {
		add_side(text, s->global, s->global_port);
		return;
	}
	sb_printf(text, " interface %s", s->ifname);
	if (s->global_port != 0)
		sb_printf(text, " %u", s->global_port);
}

/* "/24", 0: it is none. */
static uint32_t
slash_mask(const char *s)
{
	char *end;
	unsigned long n;

	if (s[0] != '/' || !isdigit((unsigned char)s[1]))
		return 0;
	n = strtoul(s + 1, &end, 10);
	return *end == '\0' && n >= 1 && n <= 32 ?
	    UINT32_MAX << (32 - n) : 0;
}

static void
add_mask(struct strbuf *text, struct nat_static *s)
{
	char a[IP4_STRLEN];

	if (s->slash[0] != '\0') {
		s->mask = slash_mask(s->slash);
		sb_printf(text, " %s", s->slash);
	} else if (s->mask != 0)
		sb_printf(text, " %s", ip4_str(s->mask, a));
}

void
nat_static_format(struct strbuf *text, struct strbuf *key,
    struct nat_static *s)
{
	bool outside = s->way == NAT_OUTSIDE_SOURCE;

	sb_printf(text, "%s static%s%s", ways[s->way],
	    s->proto == 6 ? " tcp" : s->proto == 17 ? " udp" : "",
	    s->mask != 0 || s->slash[0] != '\0' ? " network" : "");
	if (!outside)
		add_side(text, s->local, s->local_port);
	add_global(text, s);
	if (outside)
		add_side(text, s->local, s->local_port);
	add_mask(text, s);
	sb_printf(key, "%s", text->s);
	if (s->route_map[0] != '\0')
		sb_printf(text, " route-map %s", s->route_map);
	if (s->redundancy[0] != '\0')
		sb_printf(text, " redundancy %s", s->redundancy);
	if (s->mapping_id != 0)
		sb_printf(text, " mapping-id %u", s->mapping_id);
	sb_printf(text, "%s%s%s%s", s->add_route ? " add-route" : "",
	    s->extendable ? " extendable" : "",
	    s->no_alias ? " no-alias" : "",
	    s->no_payload ? " no-payload" : "");
}

/* What two lines that meet have in common: the local side, or the global. */
void
nat_static_alike(const struct nat_static *s, unsigned which,
    struct strbuf *key)
{
	sb_printf(key, "%u %u %x %u ", s->way, s->proto, s->mask, which);
	if (which == 0)
		add_side(key, s->local, s->local_port);
	else
		add_global(key, s);
}

/* "10.1.1.1:80" */
static const char *
side_str(uint32_t addr, uint16_t port, char out[IP4_STRLEN + 6])
{
	char a[IP4_STRLEN];

	snprintf(out, IP4_STRLEN + 6, port != 0 ? "%s:%u" : "%s",
	    ip4_str(addr, a), port);
	return out;
}

static int
already(struct cf_check *k, const struct nat_static *o, bool local)
{
	char l[IP4_STRLEN + 6], g[IFNAME_MAX + 6];

	(void)side_str(o->local, o->local_port, l);
	if (o->ifname[0] != '\0')
		snprintf(g, sizeof(g), "%s:%u", o->ifname, o->global_port);
	else
		(void)side_str(o->global, o->global_port, g);
	if (o->proto != 0)
		return cf_reject(k, "%% similar static entry (%s -> %s) "
		    "already exists", l, g);
	return cf_reject(k, "%% %s already mapped (%s -> %s)", local ? l : g,
	    l, g);
}

/* Whether two lines, of the same protocol and kind, cannot stand together. A
 * route-map says which of them is meant for a packet, and so does what
 * follows of `extendable` for one local address with several global ones. */
static int
static_pair_check(struct cf_check *k, const struct nat_static *s,
    const struct nat_static *o)
{
	bool local, global;

	if (s->way != o->way || s->proto != o->proto || s->mask != o->mask)
		return 0;
	local = s->local == o->local && s->local_port == o->local_port;
	global = s->global == o->global &&
	    s->global_port == o->global_port &&
	    strcmp(s->ifname, o->ifname) == 0;
	if (local == global) /* nothing in common, or the same line */
		return 0;
	if (s->route_map[0] != '\0' || o->route_map[0] != '\0')
		return 0;
	if (local && (s->extendable || o->extendable))
		return 0;
	return already(k, o, local);
}

static int
others_check(struct cf_check *k, const struct nat_static *s)
{
	const struct cf_side *at = NULL;
	int rv = 0;

	for (unsigned i = 0; i < CF_SIDES && rv == 0; i++) {
		struct strbuf key = {0};

		nat_static_alike(s, i, &key);
		while (rv == 0 && (at = cf_alike(k->conf, &k->conf->obj,
		    key.s, at)) != NULL)
			rv = static_pair_check(k, s,
			    (const void *)at->ent->obj);
		sb_free(&key);
	}
	return rv;
}

int
nat_static_check(struct cf_check *k, const struct nat_static *s)
{
	if (k->negated)
		return 0;
	if (number_check(k) != 0)
		return -1;
	if (s->slash[0] != '\0' && s->mask == 0)
		return cf_reject(k, "%%Invalid prefix length %s", s->slash);
	if (s->mask != 0 && ((s->local | s->global) & ~s->mask) != 0)
		return cf_reject(k, "%%Inconsistent address and mask");
	if (s->local == 0 || is_multicast(s->local) ||
	    (s->global == 0 && s->ifname[0] == '\0') ||
	    is_multicast(s->global))
		return cf_reject(k, "%%Invalid address");
	if (others_check(k, s) != 0)
		return -1;
	if (s->redundancy[0] != '\0')
		cf_note(k, "accepted without effect: redundancy, this router "
		    "translates whatever the others do");
	return 0;
}
