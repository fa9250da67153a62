/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Network address translation among the stages of process fwd: what becomes
 * of a packet that crosses from an inside to an outside interface, or comes
 * in by an outside one. An entry that exists wins, then static entries, then
 * the rules in the order of the configuration. A packet that a rule wants
 * translated and that cannot be is dropped: private addresses never leave.
 */
#include "config.h"

#include "dataplane/nat_priv.h"

#define NAT_BURST_WORK 256 /* entries whose time may be up, each burst */

void
nat_enter(struct fwd *f)
{
	struct nat *n = f->nat;

	if (pthread_mutex_trylock(&n->lock) != 0) {
		__atomic_store_n(&n->waits, true, __ATOMIC_RELAXED);
		pthread_mutex_lock(&n->lock);
		__atomic_store_n(&n->waits, false, __ATOMIC_RELAXED);
	}
	n->entered = true;
	nat_clock(n, f->w.now);
	nat_tick(f, n, NAT_BURST_WORK);
	if (n->n_held > 0)
		nat_held_expire(f);
}

void
nat_leave(struct fwd *f)
{
	f->nat->entered = false;
	pthread_mutex_unlock(&f->nat->lock);
}

static enum verdict
fail(struct nat_ask *a, uint64_t *counter, enum drop_id why)
{
	(*counter)++;
	nat_tell(a->f, a, NAT_TOLD_FAILED);
	return fwd_drop(a->f, why);
}

/* ---- who translates: static and simple entries ---- */

static const struct nat_match *
static_match(const struct nat_rules *r, uint16_t id)
{
	unsigned i;

	for (i = 0; i < r->n_static; i++) {
		if (r->statics[i].rule->id == id)
			return r->statics[i].match;
	}
	return NULL;
}

/* The packet as a route-map reads it: as one that goes out from e's host. */
static struct flow
flow_out(const struct nat_ask *a, const struct nat_entry *e, bool out)
{
	struct flow fl = a->p->flow;

	if (out)
		return fl;
	fl = flow_reverse(&fl);
	fl.src = e->il;
	if (e->kind == NAT_PORT)
		fl.sport = e->ilp;
	return fl;
}

static bool
entry_wants(const struct nat_ask *a, const struct nat_entry *e, bool out)
{
	struct flow fl = flow_out(a, e, out);

	return !a->r->route_maps || (e->flags & NE_STATIC) == 0 ||
	    nat_match(static_match(a->r, e->rule), &fl);
}

/* The entry of one side and kind, static ones before others; 0. */
static uint32_t
find_half(const struct nat_ask *a, unsigned kind, bool out, uint32_t addr,
    uint16_t port)
{
	bool whole = kind == NAT_SIMPLE || kind == NAT_OUTSIDE_SIMPLE;
	struct nat_key k = { .kind = kind, .proto = whole ? 0 : a->proto,
		.addr = addr, .port = whole ? 0 : port };
	uint32_t i = 0, dynamic = 0;

	if (!whole && !a->ports)
		return 0;
	for (;;) {
		i = nat_find(a->n, out, i, &k);
		if (i == 0)
			return dynamic;
		if ((nat_at(a->n, i)->flags & NE_STATIC) == 0)
			dynamic = dynamic != 0 ? dynamic : i;
		else if (entry_wants(a, nat_at(a->n, i), out))
			return i;
	}
}

/* A line of a whole network: an entry for the host that it is used for. */
static uint32_t
network_entry(const struct nat_ask *a, bool outside, bool out, uint32_t addr)
{
	struct nat_entry e = { .kind = outside ? NAT_OUTSIDE_SIMPLE :
	    NAT_SIMPLE };
	const struct nat_static *s;
	struct flow fl;
	uint32_t host, from;
	unsigned i;

	for (i = 0; a->r->networks && i < a->r->n_static; i++) {
		s = &a->r->statics[i].rule->fixed;
		from = out ? s->local : s->global;
		if (s->mask == 0 || a->r->statics[i].rule->gone ||
		    (s->way == NAT_OUTSIDE_SOURCE) != outside ||
		    ((addr ^ from) & s->mask) != 0)
			continue;
		host = addr & ~s->mask;
		*(outside ? &e.ol : &e.il) = (s->local & s->mask) | host;
		*(outside ? &e.og : &e.ig) = (s->global & s->mask) | host;
		e.rule = a->r->statics[i].rule->id;
		fl = flow_out(a, &e, out);
		if (nat_match(a->r->statics[i].match, &fl))
			return nat_entry_add(a->f, a->n, &e);
	}
	return 0;
}

/* The inside half of e by static and simple entries: its global address and
 * port, or the local ones of a packet that comes in. */
static bool
inside_half(const struct nat_ask *a, struct nat_entry *e, bool out)
{
	uint32_t addr = out ? e->il : e->ig, i;
	uint16_t port = out ? e->ilp : e->igp;
	const struct nat_entry *s;

	i = find_half(a, NAT_PORT, out, addr, port);
	if (i == 0)
		i = find_half(a, NAT_SIMPLE, out, addr, 0);
	if (i == 0)
		i = network_entry(a, false, out, addr);
	if (i == 0)
		return false;
	s = nat_at(a->n, i);
	e->il = s->il;
	e->ig = s->ig;
	e->ilp = s->kind == NAT_PORT ? s->ilp : port;
	e->igp = s->kind == NAT_PORT ? s->igp : port;
	e->parent = i;
	e->rule = s->rule;
	return true;
}

static bool
outside_half(const struct nat_ask *a, struct nat_entry *e, bool out)
{
	uint32_t addr = out ? e->ol : e->og, i;
	uint16_t port = out ? e->olp : e->ogp;
	const struct nat_entry *s;

	i = find_half(a, NAT_OUTSIDE_PORT, out, addr, port);
	if (i == 0)
		i = find_half(a, NAT_OUTSIDE_SIMPLE, out, addr, 0);
	if (i == 0)
		i = network_entry(a, true, out, addr);
	if (i == 0)
		return false;
	s = nat_at(a->n, i);
	e->ol = s->ol;
	e->og = s->og;
	e->olp = s->kind == NAT_OUTSIDE_PORT ? s->olp : port;
	e->ogp = s->kind == NAT_OUTSIDE_PORT ? s->ogp : port;
	e->far = i;
	return true;
}

/* ---- who translates: rules ---- */

/* A line that is gone stays in the snapshot until the next one is there, which
 * has what took its place: another address of the interface, another line.
 * Meanwhile nothing of it passes. */
static bool
line_changes(const struct nat_ask *a, bool near, bool far)
{
	const struct nat_choice *c = a->r->statics;
	const struct nat_static *s;
	uint32_t addr;
	unsigned i;

	for (i = 0; a->n->n_gone > 0 && i < a->r->n_static; i++, c++) {
		s = &c->rule->fixed;
		if (!c->rule->gone ||
		    (s->way == NAT_OUTSIDE_SOURCE ? far : near))
			continue;
		addr = s->way == NAT_OUTSIDE_SOURCE ? a->dst : a->src;
		if (((addr ^ s->local) &
		    (s->mask != 0 ? s->mask : UINT32_MAX)) == 0 &&
		    nat_match(c->match, &a->p->flow))
			return true;
	}
	return false;
}

/* Lists name who is translated: of a packet to a virtual host that is the
 * destination, also for a standard list, which knows sources only. */
static struct nat_rule *
find_rule(const struct nat_ask *a, enum nat_way way)
{
	const struct nat_choice *c = a->r->dynamics;
	struct flow fl = a->p->flow;
	unsigned i;

	for (i = 0; a->r->by_way[way] && i < a->r->n; i++, c++) {
		fl.src = c->by_dst ? a->p->flow.dst : a->p->flow.src;
		if (c->rule->dynamic.way == way && nat_match(c->match, &fl))
			return c->rule;
	}
	return NULL;
}

static enum verdict
no_address(struct nat_ask *a, struct nat_rule *r)
{
	r->misses++;
	if (r->pool != NULL)
		r->pool->misses++;
	fwd_event_log(a->f, LOG_NAT_ADDR, a->src,
	    &(struct event){ .a = a->src, .b = r->id });
	return fail(a, &a->n->c.no_address, DROP_NAT_ADDRESS);
}

static enum verdict
no_port(struct nat_ask *a, struct nat_rule *r, const struct nat_entry *e)
{
	if (e->ig == 0)
		return no_address(a, r);
	r->misses++;
	if (r->pool != NULL)
		r->pool->misses++;
	fwd_event_log(a->f, LOG_NAT_PORT, e->ig,
	    &(struct event){ .a = a->src, .b = e->ig });
	return fail(a, &a->n->c.no_port, DROP_NAT_PORT);
}

/* A host's own address of the pool: found by everything from then on, or
 * (route-map) only by this rule. */
static enum verdict
own_address(struct nat_ask *a, struct nat_rule *r, struct nat_entry *e)
{
	struct nat_entry s = { .kind = NAT_SIMPLE, .il = e->il,
		.rule = r->id, .flags = NE_POOL, .limit = e->limit };

	if (r->dynamic.route_map[0] != '\0' || r->dynamic.extended) {
		s.kind = NAT_ANCHOR;
		s.ilp = r->id;
		e->parent = nat_find(a->n, true, 0, &(struct nat_key){
		    .kind = NAT_ANCHOR, .addr = s.il, .port = s.ilp });
	}
	if (e->parent == 0) {
		s.ig = nat_alloc_addr(a->n, r, e->il);
		if (s.ig == 0)
			return no_address(a, r);
		e->parent = nat_entry_add(a->f, a->n, &s);
		if (e->parent == 0)
			return fail(a, &a->n->c.no_entry, DROP_NAT_FULL);
	}
	e->ig = nat_at(a->n, e->parent)->ig;
	e->igp = e->ilp;
	return NEXT;
}

static enum verdict
by_inside_rule(struct nat_ask *a, struct nat_rule *r, struct nat_entry *e)
{
	e->rule = r->id;
	e->ig = 0;
	if (!r->dynamic.overload)
		return own_address(a, r, e);
	if (!nat_alloc_port(a->n, a->f->w.snap, r, e))
		return no_port(a, r, e);
	e->flags |= r->pool != NULL ? NE_POOL : 0;
	return NEXT;
}

/* A connection to the virtual host goes to the next of the real ones. */
static bool
by_rotary(struct nat_ask *a, struct nat_entry *e)
{
	struct nat_rule *r;

	if (a->proto != PROTO_TCP || (a->p->flow.tcp_flags &
	    (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	r = find_rule(a, NAT_INSIDE_DEST);
	if (r == NULL || r->gone || (e->il = nat_alloc_rotary(r)) == 0) {
		e->il = e->ig;
		return false;
	}
	e->rule = r->id;
	return true;
}

static enum verdict
by_outside_rule(struct nat_ask *a, struct nat_rule *r, struct nat_entry *e)
{
	struct nat_entry s = { .kind = NAT_OUTSIDE_SIMPLE, .og = e->og,
		.rule = r->id, .flags = NE_POOL };

	s.ol = nat_alloc_addr(a->n, r, e->og);
	if (s.ol == 0)
		return no_address(a, r);
	e->far = nat_entry_add(a->f, a->n, &s);
	if (e->far == 0)
		return fail(a, &a->n->c.no_entry, DROP_NAT_FULL);
	e->ol = s.ol;
	return NEXT;
}

/* ---- a packet without an entry ---- */

/* e becomes an entry of its own. Without room for one simple entries do, but
 * what a rule has chosen for this packet must be remembered. */
static enum verdict
add_entry(struct nat_ask *a, struct nat_entry *e, bool out)
{
	uint32_t i = nat_entry_add(a->f, a->n, e);

	if (i != 0) {
		nat_entry_use(a->n, i, a->p->flow.tcp_flags, out);
		if (a->n->debug == NAT_DEBUG_DETAILED)
			nat_tell_entry(a->f, e, NAT_TOLD_CREATED);
		return NEXT;
	}
	if (e->parent == 0 && (e->ig != e->il || e->igp != e->ilp))
		return fail(a, &a->n->c.no_entry, DROP_NAT_FULL);
	return NEXT;
}

static enum verdict
limited(struct nat_ask *a, struct nat_entry *e, bool out)
{
	struct flow fl;

	if (!a->r->limits)
		return NEXT;
	fl = flow_out(a, e, out);
	return nat_limit_allows(a, e, &fl) ? NEXT :
	    fail(a, &a->n->c.limited, DROP_NAT_LIMIT);
}

/* NEXT with e->kind NE_FREE: not translated. */
static enum verdict
new_out(struct nat_ask *a, struct nat_entry *e)
{
	bool far, near;
	struct nat_rule *r = NULL;
	enum verdict v;

	*e = (struct nat_entry){ .kind = NAT_EXTENDED, .proto = a->proto,
		.il = a->src, .ilp = a->sport, .ig = a->src, .igp = a->sport,
		.ol = a->dst, .olp = a->dport, .og = a->dst,
		.ogp = a->dport };
	far = outside_half(a, e, true);
	near = inside_half(a, e, true);
	if (line_changes(a, near, far))
		return fwd_drop(a->f, DROP_NAT_CHANGE);
	if (!near && (r = find_rule(a, NAT_INSIDE_SOURCE)) == NULL && !far) {
		e->kind = NE_FREE;
		return NEXT;
	}
	if (r != NULL && r->gone)
		return fwd_drop(a->f, DROP_NAT_CHANGE);
	v = limited(a, e, true);
	if (v == NEXT && r != NULL)
		v = by_inside_rule(a, r, e);
	if (v != NEXT)
		return v;
	if (a->proto == PROTO_ICMP)
		e->ogp = e->igp;
	return add_entry(a, e, true);
}

bool
nat_wants(const struct nat_ask *a)
{
	struct nat_entry e = { .il = a->src, .ilp = a->sport, .ol = a->dst,
		.olp = a->dport };

	return inside_half(a, &e, true) || outside_half(a, &e, true) ||
	    line_changes(a, false, false) ||
	    find_rule(a, NAT_INSIDE_SOURCE) != NULL;
}

/* What comes to a host by its own address, e, would be answered from another
 * one: that is no part of this connection, and e no entry. */
static bool
answer_is_other(const struct nat_ask *a, const struct nat_entry *e)
{
	struct pkt p = *a->p;
	struct nat_ask back = *a;
	struct nat_entry half = *e;

	p.flow = flow_reverse(&a->p->flow);
	p.flow.dst = e->ol;
	if (e->far != 0 && a->ports)
		p.flow.dport = e->olp;
	back.p = &p;
	return inside_half(&back, &half, true) ||
	    find_rule(&back, NAT_INSIDE_SOURCE) != NULL;
}

static enum verdict
new_in(struct nat_ask *a, struct nat_entry *e)
{
	bool far, near;
	struct nat_rule *r = NULL;
	enum verdict v;

	*e = (struct nat_entry){ .kind = NAT_EXTENDED, .proto = a->proto,
		.il = a->dst, .ilp = a->dport, .ig = a->dst, .igp = a->dport,
		.ol = a->src, .olp = a->sport, .og = a->src,
		.ogp = a->sport };
	near = inside_half(a, e, false) || by_rotary(a, e);
	/* what this router is told itself is not about the inside */
	if (!near && fwd_is_own(a->f->w.snap, a->dst)) {
		e->kind = NE_FREE;
		return NEXT;
	}
	far = outside_half(a, e, false);
	if (!far && (r = find_rule(a, NAT_OUTSIDE_SOURCE)) == NULL && !near) {
		e->kind = NE_FREE;
		return NEXT;
	}
	if (r != NULL && r->gone)
		return fwd_drop(a->f, DROP_NAT_CHANGE);
	v = limited(a, e, false);
	if (v == NEXT && r != NULL)
		v = by_outside_rule(a, r, e);
	if (v != NEXT)
		return v;
	if (a->proto == PROTO_ICMP)
		e->olp = e->ilp;
	if (!near && answer_is_other(a, e))
		return NEXT;
	return add_entry(a, e, false);
}

/* ---- fragments behind the first ---- */

/* No entry of the whole address, but something that needs the ports. */
static bool
tail_is_lost(const struct nat_ask *a, bool out)
{
	const struct nat_static *s;
	const struct nat_rule *rule;
	uint32_t at;
	unsigned i;

	for (i = 0; i < a->r->n_static; i++) {
		s = &a->r->statics[i].rule->fixed;
		if (s->proto == a->proto && s->way == NAT_INSIDE_SOURCE &&
		    (out ? s->local : s->global) == (out ? a->src : a->dst))
			return true;
	}
	if (out)
		return find_rule(a, NAT_INSIDE_SOURCE) != NULL;
	for (i = 0; i < a->r->n; i++) {
		rule = a->r->dynamics[i].rule;
		if (rule->addr == a->dst || (rule->pool != NULL &&
		    nat_pool_has(rule->pool, a->dst, &at)))
			return true;
	}
	return false;
}

static enum verdict
translate_tail(struct nat_ask *a, bool out)
{
	const struct nat_frag *fr = nat_frag_find(a->n, a, out);
	struct nat_entry e = { .il = a->src, .ig = a->dst, .ol = a->dst,
		.og = a->src };
	bool near, far;

	if (fr != NULL) {
		nat_packet_write(a->p, a, fr->new_src, 0, fr->new_dst, 0);
		return NEXT;
	}
	near = inside_half(a, &e, out);
	far = outside_half(a, &e, out);
	if (!near && tail_is_lost(a, out))
		return nat_frag_hold(a->f, a, out, a->at) ? STOLEN :
		    fail(a, &a->n->c.fragments, DROP_NAT_FRAGMENT);
	if (out)
		nat_packet_write(a->p, a, near ? e.ig : a->src, 0,
		    far ? e.og : a->dst, 0);
	else
		nat_packet_write(a->p, a, far ? e.ol : a->src, 0,
		    near ? e.il : a->dst, 0);
	return NEXT;
}

/* ---- ICMP errors ---- */

/* The entry of the packet that an error is about, which went the other way.
 * It is read only: what the error says may be a lie. A simple entry does,
 * with ports as they are. */
static bool
error_entry(struct nat_ask *in, bool out, struct nat_entry *e)
{
	struct nat_key k = nat_key(in, out);
	uint32_t i = nat_find(in->n, out, 0, &k);

	if (i != 0) {
		*e = *nat_at(in->n, i);
		return true;
	}
	i = nat_find(in->n, out, 0, &(struct nat_key){ .kind = NAT_SIMPLE,
	    .addr = k.addr });
	if (i == 0)
		return false;
	*e = *nat_at(in->n, i);
	e->ilp = e->igp = out ? in->sport : in->dport;
	e->ol = e->og = out ? in->dst : in->src;
	e->olp = e->ogp = out ? in->dport : in->sport;
	return true;
}

static void
write_error_out(struct nat_ask *a, struct nat_ask *in,
    const struct nat_entry *e, bool own)
{
	nat_inner_write(a->p, in, e->ig, e->igp, e->og, e->ogp);
	/* also that of a router in between, which the outside cannot know */
	nat_packet_write(a->p, a, own ? a->src : e->ig, 0,
	    a->dst == e->ol ? e->og : a->dst, 0);
}

static void
write_error_in(struct nat_ask *a, struct nat_ask *in,
    const struct nat_entry *e)
{
	nat_inner_write(a->p, in, e->ol, e->olp, e->il, e->ilp);
	nat_packet_write(a->p, a, a->src == e->og ? e->ol : a->src, 0, e->il,
	    0);
}

static enum verdict
translate_error(struct nat_ask *a, bool out)
{
	struct nat_ask in = *a;
	struct nat_entry e;

	if (nat_inner_read(a->p, &in) && error_entry(&in, out, &e) &&
	    (out || a->dst == e.ig)) {
		if (out)
			write_error_out(a, &in, &e, false);
		else
			write_error_in(a, &in, &e);
		nat_tell(a->f, a, out ? NAT_TOLD_OUT : NAT_TOLD_IN);
		return NEXT;
	}
	if (out && find_rule(a, NAT_INSIDE_SOURCE) != NULL)
		return fail(a, &a->n->c.icmp_strange, DROP_NAT_ICMP);
	a->n->c.icmp_strange++;
	return NEXT;
}

static void
own_error(struct fwd *f, const struct pkt *about, struct pkt *e)
{
	struct nat_ask a = { .f = f, .n = f->nat, .r = f->w.snap->nat }, in;
	struct nat_entry entry;

	if (ip_parse(e) != IP_OK || !nat_packet_read(e, &a))
		return;
	in = a;
	if (!nat_inner_read(e, &in) ||
	    !error_entry(&in, about->nat == NAT_DID_IN, &entry))
		return;
	if (about->nat == NAT_DID_IN)
		write_error_out(&a, &in, &entry, true);
	else
		write_error_in(&a, &in, &entry);
}

/* The packet that this router's own error e is about was translated: who
 * sent it must find the packet in e that he sent. It may have waited in a
 * queue and come from there, not with a burst. */
void
nat_own_error(struct fwd *f, const struct pkt *about, struct pkt *e)
{
	bool entered = f->nat->entered;

	if (about->nat == 0 || f->w.snap->nat == NULL)
		return;
	if (!entered)
		nat_enter(f);
	own_error(f, about, e);
	if (!entered)
		nat_leave(f);
}

/* ---- routing ---- */

/* To an outside local address there may be no route: the way is that to the
 * global one. */
uint32_t
nat_route_by(struct fwd *f, const struct pkt *p)
{
	const struct nat_rules *r = f->w.snap->nat;
	uint32_t dst = p->flow.dst, mask, i;
	const struct nat_static *s;
	const struct nat_entry *e;

	if (r == NULL || !r->add_route ||
	    port_of(f, p->in_port)->nat != NAT_INSIDE)
		return dst;
	for (i = 0; i < r->n_routes; i++) {
		s = &r->routes[i]->fixed;
		mask = s->mask != 0 ? s->mask : UINT32_MAX;
		if (((dst ^ s->local) & mask) == 0)
			return (s->global & mask) | (dst & ~mask);
	}
	i = nat_find(f->nat, true, 0, &(struct nat_key){
	    .kind = NAT_OUTSIDE_SIMPLE, .addr = dst });
	e = nat_at(f->nat, i);
	return i != 0 && (e->flags & NE_STATIC) == 0 && e->rule != 0 &&
	    f->nat->rules[e->rule]->dynamic.add_route ? e->og : dst;
}

/* ---- the stages ---- */

static void
write_entry(struct nat_ask *a, const struct nat_entry *e, bool out)
{
	if (out)
		nat_packet_write(a->p, a, e->ig, e->igp, e->og, e->ogp);
	else
		nat_packet_write(a->p, a, e->ol, e->olp, e->il, e->ilp);
	a->n->c.out += out;
	a->n->c.in += !out;
	a->p->nat = out ? NAT_DID_OUT : NAT_DID_IN;
	nat_tell(a->f, a, out ? NAT_TOLD_OUT : NAT_TOLD_IN);
}

static enum verdict
translate(struct nat_ask *a, bool out)
{
	struct nat_entry e;
	struct nat_key k = nat_key(a, out);
	uint32_t i = nat_find(a->n, out, 0, &k);
	enum verdict v;

	if (i != 0) {
		nat_entry_use(a->n, i, a->p->flow.tcp_flags, out);
		if ((nat_at(a->n, i)->flags & NE_OWN) != 0)
			return NEXT;
		a->n->c.hits++;
		write_entry(a, nat_at(a->n, i), out);
	} else {
		v = out ? new_out(a, &e) : new_in(a, &e);
		a->n->c.misses += v != NEXT || e.kind == NAT_EXTENDED;
		if (v != NEXT)
			return v;
		if (e.kind == NAT_EXTENDED)
			write_entry(a, &e, out);
	}
	return NEXT;
}

/* What this router sends itself from elsewhere than the inside is on neither
 * side, but may have to share an address. */
static void
own_packet(struct nat_ask *a)
{
	uint32_t i = nat_own_entry(a);

	if (i == 0)
		return;
	nat_entry_use(a->n, i, a->p->flow.tcp_flags, true);
	if ((nat_at(a->n, i)->flags & NE_OWN) == 0)
		write_entry(a, nat_at(a->n, i), true);
}

static enum verdict
nat_packet(struct nat_ask *a, bool out)
{
	enum verdict v;

	if (out && a->p->in_port == PORT_LOCAL &&
	    !nat_own_begins_inside(a)) {
		own_packet(a);
		return NEXT;
	}
	v = a->p->flow.frag_tail ? translate_tail(a, out) :
	    nat_is_icmp_error(a->p) ? translate_error(a, out) :
	    translate(a, out);
	if (v != NEXT)
		return v;
	nat_frag_note(a->n, a, out);
	/* what had no entry of its own as well */
	if (out && (a->p->flow.src != a->src || a->p->flow.dst != a->dst))
		a->p->nat = NAT_DID_OUT;
	return v;
}

bool
nat_crosses(const struct fwd *f, const struct pkt *p, bool out)
{
	if (!out)
		return port_of(f, p->in_port)->nat == NAT_OUTSIDE;
	return port_of(f, p->out_port)->nat == NAT_OUTSIDE &&
	    (p->in_port == PORT_LOCAL ||
	    port_of(f, p->in_port)->nat == NAT_INSIDE);
}

static unsigned
nat_burst(struct fwd *f, struct pkt **pkts, unsigned n, bool out, unsigned at)
{
	struct nat_ask asks[BURST_MAX];
	const uint32_t *heads[BURST_MAX];
	enum { PASS, ASK, SHORT } what[BURST_MAX];
	unsigned i, left = 0;

	for (i = 0; i < n; i++) {
		what[i] = PASS;
		if (!nat_crosses(f, pkts[i], out))
			continue;
		asks[i] = (struct nat_ask){ .f = f, .n = f->nat,
			.r = f->w.snap->nat, .at = at };
		what[i] = nat_packet_read(pkts[i], &asks[i]) ? ASK :
		    pkts[i]->in_port == PORT_LOCAL ? PASS : SHORT;
		heads[i] = nat_head(f->nat, &asks[i], out);
	}
	for (i = 0; i < n; i++) {
		if (what[i] == ASK)
			__builtin_prefetch(nat_at(f->nat, *heads[i]));
	}
	for (i = 0; i < n; i++) {
		if (what[i] == ASK)
			nat_look_ahead(f->nat, &asks[i], *heads[i], out);
	}
	for (i = 0; i < n; i++) {
		if (what[i] == SHORT)
			(void)fwd_drop(f, DROP_NAT_HEADER);
		else if (what[i] == PASS || nat_packet(&asks[i], out) == NEXT)
			pkts[left++] = pkts[i];
		else
			ipdebug(f, SEEN_DROPPED, pkts[i]);
	}
	return left;
}

unsigned
stage_nat_in(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at)
{
	return f->w.snap->nat != NULL ? nat_burst(f, pkts, n, false, at) : n;
}

unsigned
stage_nat_out(struct fwd *f, struct pkt **pkts, unsigned n,
    unsigned at)
{
	return f->w.snap->nat != NULL ? nat_burst(f, pkts, n, true, at) : n;
}
