/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Multicast through the router in process fwd: `ip multicast-routing`. A
 * packet that comes from where its source is reached (RFC 1112, reverse path)
 * goes out of every other interface with a static-group for it; each copy
 * takes the rest of the path by itself, as each interface has its own lists,
 * policy and MTU. Groups of one link (224.0.0.0/24) are never forwarded. The
 * kernel delivers to the sockets of this host what arrives in clear.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

static bool
wants(const struct snap_port *sp, const struct pkt *p)
{
	const struct mcast_group *g;
	unsigned i;

	for (i = 0; i < sp->n_mcast; i++) {
		g = &sp->mcast[i];
		if (g->addr == p->flow.dst &&
		    (g->source == 0 || g->source == p->flow.src))
			return true;
	}
	return false;
}

static void
copy_out(struct fwd *f, const struct pkt *p, uint16_t port, unsigned at)
{
	struct pkt *c = &f->w.copy;
	uint8_t *buf = c->buf;

	*c = *p;
	c->buf = buf;
	c->off = PKT_HEADROOM;
	c->out_port = port;
	memcpy(pkt_ip(c), pkt_ip(p), p->len);
	path_run(f, at, &c, 1);
}

/* Own ones, which are pings, leave by every interface, as in IOS. */
static void
replicate(struct fwd *f, struct pkt *p, unsigned at)
{
	const struct snap *s = f->w.snap;
	const struct route *rt;
	unsigned i, n = 0;

	if (p->in_port != PORT_LOCAL) {
		rt = s->routes == NULL ? NULL :
		    route_lookup(s->routes->table, p->flow.src);
		if (rt == NULL || rt->port != p->in_port) {
			(void)fwd_drop(f, DROP_RPF);
			return;
		}
	}
	/* What comes from a virtual device has its checksum left to do; what
	 * is larger than the link is several datagrams in one, and a packet
	 * socket does not say how many. */
	if (p->gso.gso_type != GSO_NONE || !ip_complete_csum(p) ||
	    (p->in_port != PORT_LOCAL && !p->decrypted &&
	    p->len > s->port[p->in_port].link_mtu)) {
		(void)fwd_drop(f, DROP_BAD_OFFLOAD);
		return;
	}
	for (i = 1; i <= PORT_MAX; i++) {
		const struct snap_port *sp = &s->port[i];

		if (!sp->device || !sp->up || i == p->in_port ||
		    (p->in_port != PORT_LOCAL && !wants(sp, p)))
			continue;
		copy_out(f, p, (uint16_t)i, at);
		n++;
	}
	if (n == 0)
		(void)fwd_drop(f, DROP_MULTICAST);
}

unsigned
stage_mroute(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at)
{
	unsigned i, left = 0;

	for (i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		bool own = p->in_port == PORT_LOCAL;

		if (!is_multicast(p->flow.dst) ||
		    (!own && (!f->w.snap->mroute ||
		    is_link_multicast(p->flow.dst))))
			pkts[left++] = p;
		else if (own && !p->ping)
			(void)fwd_drop(f, DROP_MULTICAST);
		else
			replicate(f, p, at + 1);
	}
	return left;
}
