/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the control thread does for tunnels. It tells main how much went through
 * them, and sends keepalives (ios-getvpn.md 4.6): a GRE packet around one
 * that the far end, without knowing of keepalives, sends back. What came back
 * is counted by the worker (gre.c); who gets none is told to main, which takes
 * the tunnel down. With protection there are none: the answer comes in clear.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define COUNT_MS 500

/* An IP header and a GRE header of that protocol behind it; its length. */
static unsigned
layer(uint8_t *at, const struct snap_tunnel *t, bool back, unsigned protocol,
    unsigned inner)
{
	unsigned hdr = gre_header_len(t);

	memset(at, 0, hdr);
	at[0] = 0x45;
	at[IPH_TOS] = 0xc0; /* internetwork control */
	at[IPH_TTL] = t->ttl;
	at[IPH_PROTO] = PROTO_GRE;
	put32(at + IPH_SRC, back ? t->remote : t->local);
	put32(at + IPH_DST, back ? t->local : t->remote);
	gre_header_put(at + IPH_HDR, t, protocol, hdr - IPH_HDR + inner);
	ip_finish(at, IPH_HDR, hdr + inner);
	return hdr;
}

static void
keepalive_send(struct fwd *f, const struct snap_tunnel *t)
{
	struct pkt *p = &f->own;
	unsigned hdr = gre_header_len(t);

	pkt_reset(p);
	p->ping = true;
	p->len = layer(pkt_ip(p) + hdr, t, true, GRE_KEEPALIVE, 0);
	p->len += layer(pkt_ip(p), t, false, GRE_IPV4, p->len);
	fwd_send_own(f, p);
}

/* Main hears of a tunnel when its keepalives do, or do not, come back, and of
 * what went through it at most twice a second. */
static struct tunnel_count
tunnel_now(const struct fwd *f, unsigned port, uint64_t now)
{
	const struct tunnel_count *c = &f->paths[port].count;
	const struct snap_tunnel *t = f->snap->port[port].tunnel;
	struct tunnel_count n = { count_read(&c->in_packets),
		count_read(&c->in_bytes), count_read(&c->out_packets),
		count_read(&c->out_bytes), 0, 0 };

	if (t != NULL)
		n.mtu = gre_path_mtu(t, now, &n.until);
	return n;
}

static void
tunnel_tell(struct fwd *f, unsigned port, const struct tunnel_count *c)
{
	struct keepalive *k = &f->keepalives[port];

	k->told = *c;
	if (f->io.tunnel != NULL)
		f->io.tunnel(f->arg, (uint16_t)port, !k->down, c);
}

static void
counts_due(struct fwd *f, unsigned port, uint64_t now)
{
	struct keepalive *k = &f->keepalives[port];
	struct tunnel_count c;

	if (k->next_count > now)
		return;
	k->next_count = now + COUNT_MS;
	c = tunnel_now(f, port, now);
	if (c.in_packets != k->told.in_packets ||
	    c.out_packets != k->told.out_packets || c.mtu != k->told.mtu ||
	    c.until != k->told.until)
		tunnel_tell(f, port, &c);
}

static void
keepalive_tell(struct fwd *f, unsigned port, bool answered)
{
	struct tunnel_count c = tunnel_now(f, port, f->io.now(f->arg));

	f->keepalives[port].down = !answered;
	tunnel_tell(f, port, &c);
}

/* One that is configured no longer takes its verdict along. */
static void
keepalive_off(struct fwd *f, unsigned port)
{
	struct keepalive *k = &f->keepalives[port];

	if (k->down)
		keepalive_tell(f, port, true);
	k->next = k->returned = 0;
	k->waiting = 0;
}

static void
keepalive_due(struct fwd *f, unsigned port, const struct snap_tunnel *t,
    const struct tunnel *conf, uint64_t now)
{
	struct keepalive *k = &f->keepalives[port];
	uint64_t returned = count_read(&f->paths[port].returned);

	if (returned != k->returned) {
		k->waiting = 0;
		if (k->down)
			keepalive_tell(f, port, true);
	} else if (k->waiting >= conf->keepalive_retry && !k->down) {
		keepalive_tell(f, port, false);
	}
	k->returned = returned;
	k->waiting++;
	k->next = now + conf->keepalive_secs * 1000u;
	keepalive_send(f, t);
}

uint64_t
gre_timeout(struct fwd *f, uint64_t now)
{
	const struct interface *i;
	const struct snap_tunnel *t;
	uint64_t next = UINT64_MAX;
	unsigned port;

	if (!f->snap->tunnels)
		return next;
	for (port = 1; port <= PORT_MAX; port++) {
		t = f->snap->port[port].tunnel;
		if (t == NULL)
			continue;
		counts_due(f, port, now);
		if (f->keepalives[port].next_count < next)
			next = f->keepalives[port].next_count;
		i = conf_find_interface(f->conf, f->ports[port].name);
		if (i == NULL || i->tunnel.keepalive_secs == 0 ||
		    i->tunnel.profile[0] != '\0' || i->shutdown ||
		    t->remote == 0) {
			keepalive_off(f, port);
			continue;
		}
		if (f->keepalives[port].next <= now)
			keepalive_due(f, port, t, &i->tunnel, now);
		if (f->keepalives[port].next < next)
			next = f->keepalives[port].next;
	}
	return next;
}
