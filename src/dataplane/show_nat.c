/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What process fwd shows of NAT: translations, statistics, debugging. The
 * table may have a million entries: they are told in pieces, the next one
 * when the reader has taken the last.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/debug.h"
#include "cli/show.h"
#include "cli_gen.h"
#include "dataplane/engine.h"
#include "dataplane/ip.h"
#include "dataplane/nat.h"

#define PIECE 512 /* entries */

/* ---- show ip nat translations ---- */

struct listing {
	struct show v;
	struct show_ip_nat_translations_args want;
	uint32_t cursor, told;
};

static const char *
proto_str(uint8_t proto, char out[8])
{
	switch (proto) {
	case 0:
		return "---";
	case PROTO_ICMP:
		return "icmp";
	case PROTO_TCP:
		return "tcp";
	case PROTO_UDP:
		return "udp";
	case PROTO_GRE:
		return "gre";
	case PROTO_ESP:
		return "esp";
	}
	snprintf(out, 8, "%u", proto);
	return out;
}

#define SIDE_LEN (IP4_STRLEN + 6)

/* "10.1.1.1:80", "---": there is none on this side. */
static const char *
side_str(uint32_t addr, uint16_t port, bool ports, char out[SIDE_LEN])
{
	char a[IP4_STRLEN];

	if (addr == 0)
		return "---";
	snprintf(out, SIDE_LEN, ports ? "%s:%u" : "%s", ip4_str(addr, a),
	    port);
	return out;
}

/* As IOS: 00:01:02, from a day on 1d02h. */
static const char *
age_str(uint32_t secs, char out[16])
{
	if (secs < 86400)
		snprintf(out, 16, "%02u:%02u:%02u", secs / 3600,
		    secs / 60 % 60, secs % 60);
	else
		snprintf(out, 16, "%ud%02uh", secs / 86400,
		    secs / 3600 % 24);
	return out;
}

static const char *
flags_str(const struct nat_view *e)
{
	if (e->is_static)
		return "static";
	if (e->kind != NAT_EXTENDED)
		return "none";
	return e->t.proto == PROTO_TCP && e->tcp == NAT_TCP_FINRST ?
	    "extended, timing-out" : "extended";
}

static void
verbose_text(struct show *v, const struct nat_view *e)
{
	char a[16], b[16];

	show_text(v, "    create %s, use %s timeout:%llu, ",
	    age_str(e->created, a), age_str(e->used, b),
	    e->timeout == NAT_NEVER ? 0 : e->timeout * 1000ULL);
	if (e->left != NAT_NEVER)
		show_text(v, "left %s, ", age_str(e->left, a));
	if (e->rule != 0)
		show_text(v, "Map-Id(In): %u, ", e->rule);
	show_text(v, "\n    flags: \n%s, use_count: %u, entry-id: %u, "
	    "lc_entries: 0\n", flags_str(e), e->children, e->id);
}

static void
json_side(struct show *v, const char *name, uint32_t addr, uint16_t port,
    bool ports)
{
	if (addr == 0)
		return;
	show_object(v, name);
	show_ip4(v, "address", addr);
	if (ports)
		show_uint(v, "port", port);
	show_close(v);
}

static void
json_entry(struct show *v, const struct nat_view *e)
{
	char buf[8];

	show_uint(v, "id", e->id);
	if (e->t.proto != 0)
		show_str(v, "protocol", proto_str(e->t.proto, buf));
	show_bool(v, "static", e->is_static);
	show_bool(v, "extended", e->kind == NAT_EXTENDED);
	json_side(v, "inside_global", e->t.inside_global,
	    e->t.inside_global_port, e->ports);
	json_side(v, "inside_local", e->t.inside_local,
	    e->t.inside_local_port, e->ports);
	json_side(v, "outside_local", e->t.outside_local,
	    e->t.outside_local_port, e->ports);
	json_side(v, "outside_global", e->t.outside_global,
	    e->t.outside_global_port, e->ports);
	show_uint(v, "created_seconds_ago", e->created);
	show_uint(v, "used_seconds_ago", e->used);
	if (e->timeout != NAT_NEVER)
		show_uint(v, "timeout_seconds", e->timeout);
	if (e->left != NAT_NEVER)
		show_uint(v, "remaining_seconds", e->left);
	if (e->rule != 0)
		show_uint(v, "mapping", e->rule);
	show_uint(v, "children", e->children);
	show_piece(v);
}

static void
show_entry(struct listing *l, const struct nat_view *e)
{
	char p[8], ig[SIDE_LEN], il[SIDE_LEN], ol[SIDE_LEN], og[SIDE_LEN];
	char first[8 + SIDE_LEN];
	const struct nat_tuple *t = &e->t;

	l->told++;
	if (show_is_json(&l->v)) {
		json_entry(&l->v, e);
		return;
	}
	/* longer words take of the blanks behind the first address */
	snprintf(first, sizeof(first), "%-3s %s", proto_str(t->proto, p),
	    side_str(t->inside_global, t->inside_global_port, e->ports, ig));
	show_text(&l->v, "%-22s %-18s %-18s %s\n", first,
	    side_str(t->inside_local, t->inside_local_port, e->ports, il),
	    side_str(t->outside_local, t->outside_local_port, e->ports, ol),
	    side_str(t->outside_global, t->outside_global_port, e->ports, og));
	if (l->want.verbose)
		verbose_text(&l->v, e);
}

static bool
is_one_of(uint32_t want, uint32_t a, uint32_t b)
{
	return want == 0 || want == a || want == b;
}

static bool
is_wanted(const struct show_ip_nat_translations_args *w,
    const struct nat_view *e)
{
	return (w->proto == 0 || w->proto == e->t.proto) &&
	    is_one_of(w->inside, e->t.inside_local, e->t.inside_global) &&
	    is_one_of(w->outside, e->t.outside_local, e->t.outside_global);
}

static void
listing_abort(struct cli_ctx *ctx, void *arg)
{
	struct listing *l = arg;

	(void)show_pieces_end(&l->v);
	free(l);
	cli_done(ctx, CLI_FAILED);
}

/* False: that was all. */
static bool
next_piece(struct listing *l)
{
	struct nat_view e[PIECE];
	size_t i, n;

	n = nat_walk(cli_engine(l->v.ctx), &l->cursor, e, PIECE);
	for (i = 0; i < n; i++)
		if (is_wanted(&l->want, &e[i]))
			show_entry(l, &e[i]);
	return n == PIECE;
}

static void
go_on(struct cli_ctx *ctx, void *arg, const char *answer UNUSED)
{
	struct listing *l = arg;

	if (next_piece(l)) {
		show_flush(&l->v);
		cli_ask(ctx, CLI_ASK_MORE, "", go_on, l);
		return;
	}
	(void)show_pieces_end(&l->v);
	free(l);
	cli_done(ctx, CLI_DONE);
}

int
show_ip_nat_translations(struct cli_ctx *ctx,
    const struct show_ip_nat_translations_args *a)
{
	struct listing *l = xcalloc(1, sizeof(*l));
	int rv;

	l->want = *a;
	show_begin(&l->v, ctx);
	show_pieces_begin(&l->v, "translations");
	if (!show_is_json(&l->v))
		show_text(&l->v, "Pro Inside global      Inside local       "
		    "Outside local      Outside global\n");
	if (next_piece(l)) {
		show_flush(&l->v);
		cli_on_abort(ctx, listing_abort, l);
		cli_ask(ctx, CLI_ASK_MORE, "", go_on, l);
		return CLI_PENDING;
	}
	rv = show_pieces_end(&l->v);
	free(l);
	return rv;
}

int
show_ip_nat_total(struct cli_ctx *ctx,
    const struct show_ip_nat_total_args *a UNUSED)
{
	struct nat_stats s;

	nat_stats_get(cli_engine(ctx), &s);
	cli_printf(ctx, "Total number of translations: %u\n",
	    s.statics + s.dynamics);
	return CLI_DONE;
}

/* ---- show ip nat statistics ---- */

static void
show_side(struct show *v, const struct fwd *f, const char *name,
    const char *title, enum nat_side side)
{
	const struct interface *i;
	const char *sep = "\n  ";

	show_text(v, "%s", title);
	show_array(v, name);
	if (f->conf != NULL) {
		CF_FOREACH(i, &f->conf->interfaces) {
			if (i->nat != side)
				continue;
			show_text(v, "%s%s", sep, i->name);
			show_str(v, NULL, i->name);
			sep = ", ";
		}
	}
	show_close(v);
	show_text(v, "\n");
}

static void
show_range(struct show *v, uint32_t start, uint32_t end)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	show_text(v, "\tstart %s end %s\n", ip4_str(start, a),
	    ip4_str(end, b));
	show_object(v, NULL);
	show_str(v, "start", a);
	show_str(v, "end", b);
	show_close(v);
}

static void
show_pool(struct show *v, const struct nat_pool_view *p)
{
	static const char *const types[] = { [NAT_POOL_GENERIC] = "generic",
		[NAT_POOL_ROTARY] = "rotary",
		[NAT_POOL_MATCH_HOST] = "match-host" };
	const struct nat_range *r;
	char m[IP4_STRLEN];

	show_text(v, " pool %s: netmask %s\n", p->conf->name,
	    ip4_str(p->conf->mask, m));
	show_object(v, "pool");
	show_str(v, "name", p->conf->name);
	show_str(v, "netmask", m);
	show_array(v, "ranges");
	if (p->conf->end != 0)
		show_range(v, p->conf->start, p->conf->end);
	CF_FOREACH(r, &p->conf->ranges) {
		show_range(v, r->start, r->end);
	}
	show_close(v);
	show_text(v, "\ttype %s, total addresses %u, allocated %u (%u%%), "
	    "misses %llu\n", types[p->conf->type], p->total, p->allocated,
	    p->total != 0 ? (unsigned)(100ULL * p->allocated / p->total) : 0,
	    (unsigned long long)p->misses);
	show_str(v, "type", types[p->conf->type]);
	show_uint(v, "addresses", p->total);
	show_uint(v, "allocated", p->allocated);
	show_uint(v, "misses", p->misses);
	show_close(v);
}

struct pools {
	struct nat_pool_view *v;
	size_t n;
};

static void
show_rule(struct show *v, const struct nat_rule_view *r,
    const struct pools *pools)
{
	const struct nat_dynamic *d = r->conf;
	bool list = d->route_map[0] == '\0', pool = d->pool[0] != '\0';
	size_t i;

	show_text(v, "[Id: %u] %s %s %s %s refcount %u\n", r->id,
	    list ? "access-list" : "route-map", list ? d->acl : d->route_map,
	    pool ? "pool" : "interface", pool ? d->pool : d->ifname, r->refs);
	show_object(v, NULL);
	show_uint(v, "id", r->id);
	show_str(v, list ? "acl" : "route_map",
	    list ? d->acl : d->route_map);
	if (!pool)
		show_str(v, "interface", d->ifname);
	show_bool(v, "overload", d->overload);
	show_uint(v, "refcount", r->refs);
	show_uint(v, "misses", r->misses);
	for (i = 0; i < pools->n; i++)
		if (strcmp(pools->v[i].conf->name, d->pool) == 0)
			show_pool(v, &pools->v[i]);
	show_close(v);
}

static void
show_rules(struct show *v, struct fwd *f)
{
	static const struct {
		const char *title, *name;
	} ways[] = {
		[NAT_INSIDE_SOURCE] = { "-- Inside Source\n",
		    "inside_source" },
		[NAT_INSIDE_DEST] = { "-- Inside Destination\n",
		    "inside_destination" },
		[NAT_OUTSIDE_SOURCE] = { "-- Outside Source\n",
		    "outside_source" },
	};
	size_t max = f->conf != NULL ? f->conf->nat_dynamics.n : 0, i, n, way;
	struct nat_rule_view *r = xcalloc(max + 1, sizeof(*r));
	struct pools pools = { NULL, f->conf != NULL ?
	    f->conf->nat_pools.n : 0 };

	n = nat_rules_get(f, r, max);
	pools.v = xcalloc(pools.n + 1, sizeof(*pools.v));
	pools.n = nat_pools_get(f, pools.v, pools.n);
	show_text(v, "Dynamic mappings:\n");
	for (way = 0; way < NELEM(ways); way++) {
		bool any = false;

		show_array(v, ways[way].name);
		for (i = 0; i < n; i++) {
			if (r[i].conf->way != way)
				continue;
			if (!any)
				show_text(v, "%s", ways[way].title);
			any = true;
			show_rule(v, &r[i], &pools);
		}
		show_close(v);
	}
	free(pools.v);
	free(r);
}

/* Both of the same number: "Hits: 7  ". */
static void
number(struct show *v, const char *text, const char *name, uint64_t n)
{
	show_text(v, "%s%llu", text, (unsigned long long)n);
	show_uint(v, name, n);
}

static void
show_counters(struct show *v, const struct nat_stats *s)
{
	number(v, "Hits: ", "hits", s->hits);
	number(v, "  Misses: ", "misses", s->misses);
	number(v, "\nCEF Translated packets: ", "translated",
	    s->out + s->in);
	/* there is one path, which gives none away to a slower one */
	show_text(v, ", CEF Punted packets: 0\n");
	show_uint(v, "translated_out", s->out);
	show_uint(v, "translated_in", s->in);
	number(v, "Expired translations: ", "expired", s->expired);
	show_text(v, "\n");
}

/* ip nat translation max-entries */
static void
show_limit(struct show *v, const struct nat_limit_view *l)
{
	char a[IP4_STRLEN];

	show_object(v, NULL);
	if (l->conf->acl[0] != '\0') {
		show_text(v, " access-list %s", l->conf->acl);
		show_str(v, "acl", l->conf->acl);
	} else {
		show_text(v, " host %s", ip4_str(l->conf->addr, a));
		show_ip4(v, "host", l->conf->addr);
	}
	number(v, ": max allowed ", "max", l->conf->max);
	number(v, ", used ", "used", l->used);
	number(v, ", missed ", "missed", l->missed);
	show_text(v, "\n");
	show_close(v);
}

static void
show_limits(struct show *v, struct fwd *f, const struct nat_stats *s)
{
	size_t max = f->conf != NULL ? f->conf->nat_limits.n : 0, i;
	struct nat_limit_view *l = xcalloc(max + 1, sizeof(*l));

	number(v, "nat-limit statistics:\n max entry: max allowed ",
	    "max_entries", s->max);
	show_text(v, ", used %u", s->statics + s->dynamics);
	number(v, ", missed ", "dropped_no_entry", s->no_entry);
	show_text(v, "\n");
	if (s->max_host != 0) {
		number(v, " All Host Max allowed: ", "max_all_host",
		    s->max_host);
		number(v, ", missed ", "all_host_missed", s->max_host_missed);
		show_text(v, "\n");
	}
	max = nat_limits_get(f, l, max);
	show_array(v, "limits");
	for (i = 0; i < max; i++)
		show_limit(v, &l[i]);
	show_close(v);
	free(l);
}

static void
show_drops(struct show *v, const struct nat_stats *s)
{
	number(v, "Pool stats drop: ", "dropped_no_address", s->no_address);
	number(v, "  Port block alloc fail: ", "dropped_no_port",
	    s->no_port);
	number(v, "\nLimit entry add fail: ", "dropped_limit", s->limited);
	number(v, "  Entries that made room: ", "evicted", s->evicted);
	number(v, "\nFragments without a first one: ",
	    "dropped_fragments", s->fragments);
	number(v, "  ICMP errors about no translation: ",
	    "icmp_errors_unknown", s->icmp_strange);
	show_text(v, "\n");
}

int
show_ip_nat_statistics(struct cli_ctx *ctx,
    const struct show_ip_nat_statistics_args *a UNUSED)
{
	struct fwd *f = cli_engine(ctx);
	struct nat_stats s;
	struct show v;
	char ago[16];

	nat_stats_get(f, &s);
	show_begin(&v, ctx);
	show_text(&v, "Total active translations: %u (%u static, %u dynamic;"
	    " %u extended)\n", s.statics + s.dynamics, s.statics, s.dynamics,
	    s.extended);
	show_uint(&v, "active", s.statics + s.dynamics);
	show_uint(&v, "static", s.statics);
	show_uint(&v, "dynamic", s.dynamics);
	show_uint(&v, "extended", s.extended);
	show_text(&v, "Peak translations: %u", s.peak);
	if (s.peak != 0)
		show_text(&v, ", occurred %s ago", age_str(s.peak_ago, ago));
	show_text(&v, "\n");
	show_uint(&v, "peak", s.peak);
	show_uint(&v, "peak_seconds_ago", s.peak != 0 ? s.peak_ago : 0);
	show_side(&v, f, "outside_interfaces", "Outside interfaces:",
	    NAT_OUTSIDE);
	show_side(&v, f, "inside_interfaces", "Inside interfaces: ",
	    NAT_INSIDE);
	show_counters(&v, &s);
	show_rules(&v, f);
	show_limits(&v, f, &s);
	show_drops(&v, &s);
	return show_end(&v);
}

/* ---- debug ip nat ---- */

static void
debug_detail(const struct nat_packet *p)
{
	char proto[8], a[IP4_STRLEN], b[IP4_STRLEN];

	debug(DBG_NAT, DBG_DETAIL, 0, "NAT: %c: %s (%s, %u) -> (%s, %u) [%u]",
	    p->what == NAT_TOLD_IN ? 'o' : 'i', proto_str(p->proto, proto),
	    ip4_str(p->src, a), p->sport, ip4_str(p->dst, b), p->dport,
	    p->id);
}

/* "10.1.1.1->192.0.2.1", or what did not change. */
static const char *
change_str(uint32_t old, uint32_t new, char out[2 * IP4_STRLEN + 2])
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	if (old == new)
		return ip4_str(old, out);
	snprintf(out, 2 * IP4_STRLEN + 2, "%s->%s", ip4_str(old, a),
	    ip4_str(new, b));
	return out;
}

void
nat_debug_print(struct fwd *f UNUSED, const struct nat_packet *p)
{
	char s[2 * IP4_STRLEN + 2], d[2 * IP4_STRLEN + 2], proto[8];

	switch (p->what) {
	case NAT_TOLD_OUT:
	case NAT_TOLD_IN:
		debug_detail(p);
		debug(DBG_NAT, DBG_EVENT, 0, "NAT*: s=%s, d=%s [%u]",
		    change_str(p->src, p->new_src, s),
		    change_str(p->dst, p->new_dst, d), p->id);
		break;
	case NAT_TOLD_FAILED:
		debug_detail(p);
		debug(DBG_NAT, DBG_EVENT, 0, "NAT: translation failed (A), "
		    "dropping packet s=%s d=%s", ip4_str(p->src, s),
		    ip4_str(p->dst, d));
		break;
	case NAT_TOLD_CREATED:
		debug(DBG_NAT, DBG_DETAIL, 0, "NAT: Allocated Port for %s -> "
		    "%s: wanted %u got %u", ip4_str(p->src, s),
		    ip4_str(p->new_src, d), p->sport, p->new_sport);
		break;
	case NAT_TOLD_GONE:
		debug(DBG_NAT, DBG_DETAIL, 0, "NAT: expiring %s (%s) %s %u "
		    "(%u)", ip4_str(p->new_src, d), ip4_str(p->src, s),
		    proto_str(p->proto, proto), p->new_sport, p->sport);
		break;
	}
}

void
nat_debug_changed(struct fwd *f)
{
	unsigned levels = debug_set.levels[DBG_NAT];

	nat_debug_set(f, (levels & DBG_DETAIL) != 0 ? NAT_DEBUG_DETAILED :
	    levels != 0 ? NAT_DEBUG_ON : NAT_DEBUG_OFF, debug_set.nat_acl);
}
