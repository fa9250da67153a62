/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tunnel interfaces (process main): a TUN of ours that holds addresses and
 * routes and is up while the packets around theirs have a way. What goes
 * through it never enters that device: fwd wraps and unwraps it (gre.c).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "main/ports_priv.h"

#define GRE_OVERHEAD 24 /* IP and GRE headers */
#define RECURSIVE_MS 60000

void
tunnel_make(struct ports *ps, struct portrec *rec)
{
	char *text;

	if (rec->tun != -1 ||
	    tun_create(ps, rec->p.index, rec->p.dev) == 0)
		return;
	text = xasprintf("%s: no device of that name can be made",
	    rec->p.name);
	log_emit(LOG_SYS_NETLINK, text);
	free(text);
}

/* An address of a port that is up; 0: none. */
static uint32_t
tunnel_source(const struct ports *ps, const struct tunnel *t)
{
	const struct portrec *rec;
	unsigned i;

	if (t->source_if[0] != '\0') {
		rec = ports_rec(ps, t->source_if);
		return rec != NULL && rec->wanted && rec->p.up ?
		    rec->p.addr : 0;
	}
	for (i = 1; i <= ps->n; i++)
		if (ps->rec[i].wanted && ps->rec[i].p.up &&
		    ps->rec[i].p.addr == t->source)
			return t->source;
	return 0;
}

static const struct route *
best_route(const struct ports *ps, uint32_t addr)
{
	const struct route *best = NULL, *rt;
	size_t i;

	for (i = 0; i < ps->nroutes; i++) {
		rt = &ps->routes[i];
		if ((best == NULL || rt->len > best->len) &&
		    (rt->len == 0 || (addr ^ rt->prefix) >>
		    (32 - rt->len) == 0))
			best = rt;
	}
	return best;
}

/* The way to the other end must not lead into the tunnel: as IOS, it is given
 * a minute to find another one. */
static bool
tunnel_recursive(struct portrec *rec, const struct route *way)
{
	uint64_t now = time_mono_ms();

	if (way->port == rec->p.index && rec->p.up) {
		log_emit(LOG_TUN_RECURDOWN, rec->p.name);
		rec->recursive_until = now + RECURSIVE_MS;
	}
	return way->port == rec->p.index || rec->recursive_until > now;
}

/* What the interface that its packets leave by takes, without their headers. */
static uint32_t
tunnel_mtu(const struct ports *ps, const struct conf *conf,
    const struct tunnel *t, const struct route *way)
{
	uint32_t mtu = 1500;
	const struct portrec *out;
	const struct interface *ifc;

	if (t->dest != 0 && way != NULL && way->port != PORT_LOCAL &&
	    !(out = &ps->rec[way->port])->p.tunnel) {
		ifc = conf_find_interface(conf, out->p.name);
		mtu = out->p.mtu != 0 && out->p.mtu < mtu ? out->p.mtu : mtu;
		if (ifc != NULL && ifc->ip_mtu != 0 && ifc->ip_mtu < mtu)
			mtu = ifc->ip_mtu;
	}
	mtu -= GRE_OVERHEAD + (t->has_key ? 4 : 0) + (t->checksum ? 4 : 0);
	return mtu < 68 ? 68 : mtu;
}

static bool
tunnel_works(struct ports *ps, struct portrec *rec,
    const struct interface *ifc, const struct route *way)
{
	const struct tunnel *t = &ifc->tunnel;
	uint32_t source = tunnel_source(ps, t);

	return !ifc->shutdown && !rec->unanswered &&
	    t->mode == TUNNEL_GRE && t->dest != 0 &&
	    source != 0 && source != t->dest && way != NULL &&
	    way->port != PORT_LOCAL && !tunnel_recursive(rec, way);
}

void
tunnels_check(struct router *r)
{
	struct ports *ps = r->ports;
	uint64_t again = 0;
	unsigned i;

	for (i = 1; i <= ps->n; i++) {
		struct portrec *rec = &ps->rec[i];
		const struct interface *ifc =
		    conf_find_interface(r->committed, rec->p.name);
		const struct route *way;
		bool works;
		uint32_t mtu;

		if (!rec->p.tunnel || !rec->wanted || ifc == NULL ||
		    rec->tun == -1)
			continue;
		way = best_route(ps, ifc->tunnel.dest);
		works = tunnel_works(ps, rec, ifc, way);
		mtu = tunnel_mtu(ps, r->committed, &ifc->tunnel, way);
		if (works != rec->p.up || mtu != rec->p.mtu)
			(void)nl_link_set(ps->nl, rec->tun_ifindex, works, mtu);
		if (rec->recursive_until > time_mono_ms())
			again = rec->recursive_until;
	}
	if (again != 0)
		loop_timer(r->loop, &ps->tunnel_timer, again);
}

static void
on_tunnel_timer(void *arg)
{
	tunnels_check(arg);
}

void
tunnels_start(struct router *r)
{
	r->ports->tunnel_timer.fn = on_tunnel_timer;
	r->ports->tunnel_timer.arg = r;
}

void
tunnel_heard(struct router *r, struct rd *body)
{
	uint16_t index = rd_u16(body);
	bool unanswered = rd_u8(body) == 0;
	struct tunnel_count c = { 0 };
	struct portrec *rec;

	c.in_packets = rd_u64(body);
	c.in_bytes = rd_u64(body);
	c.out_packets = rd_u64(body);
	c.out_bytes = rd_u64(body);
	c.mtu = rd_u32(body);
	c.until = rd_u64(body);
	if (!rd_end(body) || index == PORT_LOCAL || index > r->ports->n)
		return;
	rec = &r->ports->rec[index];
	rec->through.in_packets += c.in_packets - rec->heard.in_packets;
	rec->through.in_bytes += c.in_bytes - rec->heard.in_bytes;
	rec->through.out_packets += c.out_packets - rec->heard.out_packets;
	rec->through.out_bytes += c.out_bytes - rec->heard.out_bytes;
	rec->heard = c;
	if (rec->unanswered == unanswered)
		return;
	rec->unanswered = unanswered;
	tunnels_check(r);
}

uint32_t
ports_path_mtu(const struct router *r, const struct port *p, uint64_t *until)
{
	const struct tunnel_count *c = &r->ports->rec[p->index].heard;

	*until = c->until;
	return c->mtu;
}

/* What goes through a tunnel never enters its device. */
void
tunnel_stats(const struct portrec *rec, struct port_stats *s)
{
	s->rx_packets = rec->through.in_packets;
	s->rx_bytes = rec->through.in_bytes;
	s->tx_packets = rec->through.out_packets;
	s->tx_bytes = rec->through.out_bytes;
}
