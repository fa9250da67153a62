/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The plain router among the stages of process fwd: is it a packet, where
 * does it go, its time to live (RFC 1812), the MSS of its SYN.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

static bool
offload_ok(const struct pkt *p)
{
	const struct pkt_gso *g = &p->gso;
	unsigned at = g->csum_start + g->csum_offset;

	if ((g->flags & GSO_F_NEEDS_CSUM) != 0 &&
	    (g->csum_start < p->ihl || at + 2 > p->len ||
	    p->flow.frag_tail))
		return false;
	if (g->gso_type == GSO_NONE)
		return true;
	return (g->gso_type & ~GSO_ECN) == GSO_TCPV4 && g->gso_size >= 8 &&
	    p->flow.proto == PROTO_TCP && !ip_is_fragment(pkt_ip(p)) &&
	    p->len >= p->ihl + 20u;
}

enum verdict
stage_sanity(struct fwd *f, struct pkt *p)
{
	switch (ip_parse(p)) {
	case IP_OK:
		break;
	case IP_BAD:
		return fwd_drop(f, DROP_BAD_IP);
	case IP_BAD_SUM:
		return fwd_drop(f, DROP_BAD_CHECKSUM);
	}
	if (!offload_ok(p))
		return fwd_drop(f, DROP_BAD_OFFLOAD);
	p->orig_dst = p->flow.dst;
	return NEXT;
}

enum verdict
stage_route(struct fwd *f, struct pkt *p)
{
	const struct routes *r = f->w.snap->routes;
	const struct route *rt;

	if (is_multicast(p->flow.dst)) {
		p->out_port = PORT_LOCAL; /* until stage_mroute() */
		return NEXT;
	}
	rt = r != NULL ? route_lookup(r->table, nat_route_by(f, p)) : NULL;
	if (rt == NULL) {
		icmp_error(f, p, ICMP_UNREACH, ICMP_UNREACH_HOST, 0);
		return fwd_drop(f, DROP_NO_ROUTE);
	}
	p->out_port = rt->port;
	if (rt->port != PORT_LOCAL && !port_of(f, rt->port)->up) {
		icmp_error(f, p, ICMP_UNREACH, ICMP_UNREACH_HOST, 0);
		return fwd_drop(f, DROP_PORT_DOWN);
	}
	ipdebug(f, SEEN_ROUTED, p);
	return NEXT;
}

enum verdict
stage_ttl(struct fwd *f, struct pkt *p)
{
	uint8_t *ip = pkt_ip(p);

	if (ip[IPH_TTL] <= 1) {
		icmp_error(f, p, ICMP_TIME_EXCEEDED, 0, 0);
		return fwd_drop(f, DROP_TTL);
	}
	ip_set_ttl(ip, ip[IPH_TTL] - 1);
	return NEXT;
}

/* The maximum segment size option of a SYN: its place in the header, or 0. */
static unsigned
mss_option(const uint8_t *tcp, unsigned hlen)
{
	unsigned at = 20, len;

	while (at < hlen) {
		if (tcp[at] == 0)
			return 0;
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 >= hlen || (len = tcp[at + 1]) < 2 ||
		    at + len > hlen)
			return 0;
		if (tcp[at] == 2)
			return len == 4 ? at : 0;
		at += len;
	}
	return 0;
}

static void
mss_lower(struct pkt *p, unsigned limit)
{
	uint8_t *tcp = pkt_ip(p) + p->ihl;
	unsigned left = p->len - p->ihl, hlen, at, was;

	if (left < 20 || (hlen = (tcp[12] >> 4) * 4u) > left)
		return;
	at = mss_option(tcp, hlen);
	if (at == 0 || (was = get16(tcp + at + 2)) <= limit)
		return;
	put16(tcp + at + 2, limit);
	if ((p->gso.flags & GSO_F_NEEDS_CSUM) != 0)
		return; /* the field is not yet a sum over this */
	/* an option may begin at an odd place: then the words are swapped */
	if (at % 2 != 0) {
		was = (was & 0xff) << 8 | was >> 8;
		limit = (limit & 0xff) << 8 | limit >> 8;
	}
	sum_update(tcp + 16, was, limit);
}

enum verdict
stage_mss(struct fwd *f, struct pkt *p)
{
	uint32_t in = port_of(f, p->in_port)->adjust_mss;
	uint32_t out = port_of(f, p->out_port)->adjust_mss;

	if ((in == 0 && out == 0) || p->flow.proto != PROTO_TCP ||
	    p->flow.frag_tail || (p->flow.tcp_flags & TCP_SYN) == 0)
		return NEXT;
	if (in != 0)
		mss_lower(p, in);
	if (out != 0)
		mss_lower(p, out);
	return NEXT;
}
