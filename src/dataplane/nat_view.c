/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What nat.h offers to show, clear and debug, on the control thread of
 * process fwd; and what the worker tells debug by its ring of events.
 */
#include "config.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/nat_priv.h"

/* A lock that is taken again at once is never anybody else's: the worker, if
 * it waits, has its turn first. */
static void
let_worker(struct nat *n)
{
	unsigned i;

	pthread_mutex_unlock(&n->lock);
	for (i = 0; i < 1000 && __atomic_load_n(&n->waits, __ATOMIC_RELAXED);
	    i++)
		(void)sched_yield();
	pthread_mutex_lock(&n->lock);
}

/* ---- entries ---- */

static bool
has_ports(const struct nat_entry *e)
{
	return (e->kind == NAT_EXTENDED || e->kind == NAT_PORT ||
	    e->kind == NAT_OUTSIDE_PORT) &&
	    (e->proto == PROTO_TCP || e->proto == PROTO_UDP ||
	    e->proto == PROTO_ICMP);
}

static struct nat_tuple
tuple_of(const struct nat_entry *e)
{
	return (struct nat_tuple){ .proto = e->proto, .inside_local = e->il,
		.inside_global = e->ig, .outside_local = e->ol,
		.outside_global = e->og, .inside_local_port = e->ilp,
		.inside_global_port = e->igp, .outside_local_port = e->olp,
		.outside_global_port = e->ogp };
}

static struct nat_view
view_of(const struct nat *n, uint32_t i)
{
	const struct nat_entry *e = nat_at(n, i);
	struct nat_view v = { .t = tuple_of(e), .id = i, .kind = e->kind,
		.tcp = e->tcp, .is_static = (e->flags & NE_STATIC) != 0,
		.ports = has_ports(e), .created = n->now - e->created,
		.used = n->now - e->used, .rule = e->rule,
		.timeout = NAT_NEVER, .left = NAT_NEVER };

	if (e->kind != NAT_EXTENDED)
		v.children = e->children;
	if (!v.is_static)
		v.timeout = nat_timeout_of(n, e);
	if (v.timeout != NAT_NEVER)
		v.left = v.timeout > v.used ? v.timeout - v.used : 0;
	return v;
}

size_t
nat_walk(struct fwd *f, uint32_t *cursor, struct nat_view *out, size_t max)
{
	struct nat *n = f->nat;
	unsigned work = 0;
	size_t got = 0;
	uint32_t i;

	pthread_mutex_lock(&n->lock);
	nat_clock(n, f->io.now(f->arg));
	for (i = *cursor != 0 ? *cursor : 1; i < n->top && got < max; i++) {
		const struct nat_entry *e = nat_at(n, i);

		if (e->kind != NE_FREE && e->kind != NAT_ANCHOR &&
		    (e->flags & NE_OWN) == 0 && !nat_entry_dead(n, e))
			out[got++] = view_of(n, i);
		if (++work % NAT_WORK == 0)
			let_worker(n);
	}
	*cursor = i;
	pthread_mutex_unlock(&n->lock);
	return got;
}

static bool
same32(uint32_t want, uint32_t is)
{
	return want == 0 || want == is;
}

static bool
selected(const struct nat_filter *w, const struct nat_entry *e)
{
	const struct nat_tuple *t = &w->t;

	return w->all || (same32(t->proto, e->proto) &&
	    same32(t->inside_local, e->il) &&
	    same32(t->inside_global, e->ig) &&
	    same32(t->outside_local, e->ol) &&
	    same32(t->outside_global, e->og) &&
	    same32(t->inside_local_port, e->ilp) &&
	    same32(t->inside_global_port, e->igp) &&
	    same32(t->outside_local_port, e->olp) &&
	    same32(t->outside_global_port, e->ogp));
}

/* An extended entry goes with the simple one that it came from. */
static bool
to_clear(const struct nat *n, const struct nat_filter *w,
    const struct nat_entry *e)
{
	if (e->kind == NE_FREE || (e->flags & (NE_STATIC | NE_OWN)) != 0)
		return false;
	if (selected(w, e))
		return true;
	return e->kind == NAT_EXTENDED &&
	    ((e->parent != 0 && selected(w, nat_at(n, e->parent))) ||
	    (e->far != 0 && selected(w, nat_at(n, e->far))));
}

/* Twice through the table: those with children can go behind them. */
uint32_t
nat_clear(struct fwd *f, const struct nat_filter *w)
{
	struct nat *n = f->nat;
	uint32_t i, cleared = 0;
	unsigned pass, work = 0;

	pthread_mutex_lock(&n->lock);
	for (pass = 0; pass < 2; pass++) {
		for (i = 1; i < n->top; i++) {
			const struct nat_entry *e = nat_at(n, i);
			bool extended;

			if (++work % NAT_WORK == 0)
				let_worker(n);
			extended = e->kind == NAT_EXTENDED;
			if (!to_clear(n, w, e) || extended == (pass == 1) ||
			    (!extended && e->children > 0))
				continue;
			cleared += e->kind != NAT_ANCHOR;
			nat_entry_del(n, i);
		}
	}
	pthread_mutex_unlock(&n->lock);
	return cleared;
}

/* ---- statistics ---- */

void
nat_stats_get(struct fwd *f, struct nat_stats *s)
{
	struct nat *n = f->nat;
	const struct nat_counters *c = &n->c, *z = &n->cleared;

	pthread_mutex_lock(&n->lock);
	nat_clock(n, f->io.now(f->arg));
	*s = (struct nat_stats){ .statics = n->n_static,
		.dynamics = nat_active(n) - n->n_static,
		.extended = n->n_kind[NAT_EXTENDED] - n->n_own, .peak = n->peak,
		.peak_ago = n->now - n->peak_at, .max = n->max,
		.hits = c->hits - z->hits, .misses = c->misses - z->misses,
		.out = c->out - z->out, .in = c->in - z->in,
		.expired = c->expired - z->expired,
		.evicted = c->evicted - z->evicted,
		.no_address = c->no_address - z->no_address,
		.no_port = c->no_port - z->no_port,
		.no_entry = c->no_entry - z->no_entry,
		.limited = c->limited - z->limited,
		.max_host = n->all_host,
		.max_host_missed = n->all_host_missed,
		.fragments = c->fragments - z->fragments,
		.icmp_strange = c->icmp_strange - z->icmp_strange };
	pthread_mutex_unlock(&n->lock);
}

void
nat_stats_clear(struct fwd *f)
{
	struct nat *n = f->nat;
	unsigned i;

	pthread_mutex_lock(&n->lock);
	n->cleared = n->c;
	nat_limit_clear(n);
	n->peak = nat_active(n);
	n->peak_at = n->now;
	for (i = 1; i < n->top_rule; i++) {
		if (n->rules[i] != NULL)
			n->rules[i]->misses_cleared = n->rules[i]->misses;
	}
	for (i = 0; i < n->n_pools; i++)
		n->pools[i]->misses_cleared = n->pools[i]->misses;
	pthread_mutex_unlock(&n->lock);
}

size_t
nat_rules_get(struct fwd *f, struct nat_rule_view *out, size_t max)
{
	const struct nat_rules *r = f->nat_rules;
	size_t i;

	pthread_mutex_lock(&f->nat->lock);
	for (i = 0; r != NULL && i < r->n && i < max; i++) {
		const struct nat_rule *rule = r->dynamics[i].rule;

		out[i] = (struct nat_rule_view){ .id = rule->id,
			.conf = &rule->dynamic, .refs = rule->refs,
			.misses = rule->misses - rule->misses_cleared };
	}
	pthread_mutex_unlock(&f->nat->lock);
	return i;
}

size_t
nat_pools_get(struct fwd *f, struct nat_pool_view *out, size_t max)
{
	const struct nat *n = f->nat;
	const struct nat_pool *c;
	size_t i = 0;

	if (f->conf == NULL)
		return 0;
	pthread_mutex_lock(&f->nat->lock);
	/* n->pools is in the order of the configuration */
	CF_FOREACH(c, &f->conf->nat_pools) {
		if (i == max || i == n->n_pools)
			break;
		out[i] = (struct nat_pool_view){ .conf = c,
			.total = n->pools[i]->total,
			.allocated = n->pools[i]->allocated,
			.misses = n->pools[i]->misses -
			    n->pools[i]->misses_cleared };
		i++;
	}
	pthread_mutex_unlock(&f->nat->lock);
	return i;
}

/* ---- debug ---- */

void
nat_debug_set(struct fwd *f, enum nat_debug level, const char *acl)
{
	struct nat *n = f->nat;

	pthread_mutex_lock(&n->lock);
	n->debug = level;
	str_copy(n->debug_acl, acl, sizeof(n->debug_acl));
	pthread_mutex_unlock(&n->lock);
	nat_config(f); /* the list is part of what the worker reads */
	snap_publish(f);
}

static bool
wanted(const struct fwd *f, const struct nat_ask *a)
{
	const struct acl_obj *acl = f->w.snap->nat->debug;
	uint32_t i;

	if (f->nat->debug == NAT_DEBUG_OFF || f->nat->debug_acl[0] == '\0')
		return f->nat->debug != NAT_DEBUG_OFF;
	i = acl != NULL ? classify(acl->classifier, &(struct flow){
	    .src = a->src, .dst = a->dst, .sport = a->sport,
	    .dport = a->dport, .proto = a->proto }) : CLASSIFY_NONE;
	return i != CLASSIFY_NONE && acl->aces[i].action == ACE_PERMIT;
}

static void
push(struct fwd *f, const struct nat_packet *p)
{
	fwd_event(f, &(struct event){ .type = EVENT_NAT,
	    .what = (uint16_t)(p->what << 8 | p->proto), .a = p->src,
	    .b = p->new_src, .c = p->dst, .spi = p->new_dst, .src = p->id,
	    .mine = (uint64_t)p->sport << 16 | p->new_sport,
	    .theirs = (uint64_t)p->dport << 16 | p->new_dport });
}

/* ask: the packet as it was; the packet itself has been written. */
void
nat_tell(struct fwd *f, const struct nat_ask *was, enum nat_told what)
{
	const struct pkt *p = was->p;
	struct nat_ask is = { .proto = 0 };
	struct nat_packet t;

	if (!wanted(f, was) || !nat_packet_read(was->p, &is))
		return;
	t = (struct nat_packet){ .what = (uint8_t)what, .proto = was->proto,
		.src = was->src, .new_src = is.src, .dst = was->dst,
		.new_dst = is.dst, .sport = was->sport, .new_sport = is.sport,
		.dport = was->dport, .new_dport = is.dport,
		.id = get16(pkt_ip(p) + IPH_ID) };
	push(f, &t);
}

void
nat_tell_entry(struct fwd *f, const struct nat_entry *e, enum nat_told what)
{
	push(f, &(struct nat_packet){ .what = (uint8_t)what,
	    .proto = e->proto, .src = e->il, .new_src = e->ig, .dst = e->ol,
	    .new_dst = e->og, .sport = e->ilp, .new_sport = e->igp,
	    .dport = e->olp, .new_dport = e->ogp });
}

/* Control thread. */
void
nat_event(struct fwd *f, const struct event *e)
{
	nat_debug_print(f, &(struct nat_packet){
	    .what = (uint8_t)(e->what >> 8), .proto = (uint8_t)e->what,
	    .src = e->a, .new_src = e->b,
	    .dst = e->c, .new_dst = e->spi, .id = (uint16_t)e->src,
	    .sport = (uint16_t)(e->mine >> 16), .new_sport = (uint16_t)e->mine,
	    .dport = (uint16_t)(e->theirs >> 16),
	    .new_dport = (uint16_t)e->theirs });
}

void
nat_log_event(struct fwd *f, const struct event *e)
{
	const struct nat_rule *r = e->b < NAT_RULES_MAX ?
	    f->nat->rules[e->b] : NULL;
	char a[IP4_STRLEN], b[IP4_STRLEN], list[CONF_NAME + 16];

	switch (e->what) {
	case LOG_NAT_FULL:
		fwd_log(f, LOG_NAT_FULL, e->a);
		break;
	case LOG_NAT_LIMIT:
		snprintf(list, sizeof(list), "access-list %s",
		    f->nat->lists[e->c % NELEM(f->nat->lists)].acl);
		fwd_log(f, LOG_NAT_LIMIT, ip4_str(e->a, a), e->c != 0 ? list :
		    a, e->b);
		break;
	case LOG_NAT_PORT:
		fwd_log(f, LOG_NAT_PORT, ip4_str(e->a, a), ip4_str(e->b, b));
		break;
	default:
		if (r != NULL)
			fwd_log(f, LOG_NAT_ADDR, ip4_str(e->a, a),
			    r->dynamic.pool[0] != '\0' ? r->dynamic.pool :
			    r->dynamic.ifname);
	}
}
