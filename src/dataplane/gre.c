/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GRE tunnels (RFC 2784, RFC 2890) among the stages of process fwd. What goes
 * into one becomes a packet of this router and takes the path from its
 * beginning; what comes out arrives on the tunnel's port.
 *
 * The outer header (ios-getvpn.md 4.6): the TOS of the inner one, DF only with
 * path MTU discovery and when the inner one has it, TTL 255.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define GRE_HDR 4
#define GRE_CSUM 0x8000
#define GRE_KEY 0x2000
#define GRE_SEQ 0x1000
#define GRE_REST 0x4fff /* routing, recursion, version: none of them */

/* ---- control ---- */

static uint32_t
source_of(const struct fwd *f, const struct tunnel *t)
{
	unsigned i;

	if (t->source_if[0] == '\0')
		return t->source;
	for (i = 1; i <= PORT_MAX; i++)
		if (f->port_known[i] &&
		    strcmp(f->ports[i].name, t->source_if) == 0)
			return f->ports[i].addr;
	return 0;
}

void
gre_build(struct fwd *f, struct snap *s, unsigned index,
    const struct interface *i)
{
	const struct tunnel *t = &i->tunnel;
	struct snap_tunnel *st = arena_alloc(s->mem, sizeof(*st));
	struct tunnel_path *path = &f->paths[index];

	*st = (struct snap_tunnel){ .key = t->key, .has_key = t->has_key,
		.checksum = t->checksum, .ttl = t->ttl, .has_tos = t->has_tos,
		.tos = t->tos, .pmtud = t->pmtud,
		.preclassify = i->qos_preclassify, .path = path };
	if (t->mode == TUNNEL_GRE && t->dest != 0 &&
	    (st->local = source_of(f, t)) != 0 && st->local != t->dest)
		st->remote = t->dest;
	if (path->local != st->local || path->remote != st->remote ||
	    !st->pmtud)
		__atomic_store_n(&path->mtu, 0, __ATOMIC_RELAXED);
	path->local = st->local;
	path->remote = st->remote;
	__atomic_store_n(&path->age, t->pmtud_age * 60000u, __ATOMIC_RELAXED);
	__atomic_store_n(&path->min, t->pmtud_min, __ATOMIC_RELAXED);
	s->port[index].tunnel = st;
	s->tunnels = true;
}

/* ---- what both ways need ---- */

unsigned
gre_header_len(const struct snap_tunnel *t)
{
	return IPH_HDR + GRE_HDR + (t->checksum ? 4 : 0) +
	    (t->has_key ? 4 : 0);
}

void
gre_header_put(uint8_t *gre, const struct snap_tunnel *t, unsigned protocol,
    unsigned len)
{
	unsigned at = GRE_HDR;

	put16(gre, (t->checksum ? GRE_CSUM : 0u) |
	    (t->has_key ? GRE_KEY : 0u));
	put16(gre + 2, protocol);
	if (t->checksum) {
		put32(gre + at, 0);
		at += 4;
	}
	if (t->has_key)
		put32(gre + at, t->key);
	if (t->checksum)
		put16(gre + GRE_HDR, sum_end(sum_add(0, gre, len)));
}

uint32_t
gre_path_mtu(const struct snap_tunnel *t, uint64_t now, uint64_t *until)
{
	uint32_t mtu = __atomic_load_n(&t->path->mtu, __ATOMIC_RELAXED);
	uint64_t end = __atomic_load_n(&t->path->until, __ATOMIC_RELAXED);

	if (mtu == 0 || (end != 0 && end <= now))
		return 0;
	if (until != NULL)
		*until = end;
	return mtu - gre_header_len(t);
}

unsigned
gre_mtu(const struct fwd *f, const struct snap_tunnel *t, unsigned mtu)
{
	uint32_t path = t->pmtud ? gre_path_mtu(t, f->w.now, NULL) : 0;

	return path != 0 && path < mtu ? path : mtu;
}

/* ---- out ---- */

static enum verdict
wrap(struct fwd *f, struct pkt *p)
{
	const struct snap_port *sp = port_of(f, p->out_port);
	const struct snap_tunnel *t = sp->tunnel;
	const uint8_t *inner = pkt_ip(p);
	unsigned hdr = gre_header_len(t), df = 0;
	uint8_t *outer = pkt_ip(p) - hdr;

	if (t->remote == 0)
		return fwd_drop(f, DROP_TUNNEL);
	if (p->tunnels == TUNNELS_MAX)
		return fwd_drop(f, DROP_TUNNEL_LOOP);
	if (p->off < hdr || hdr + p->len > 65535)
		return fwd_drop(f, DROP_MTU);
	if (t->preclassify && !p->preclassified) {
		p->preclassified = true;
		p->qos_flow = p->flow;
		p->qos_dscp = inner[IPH_TOS] >> 2;
	}
	if (t->pmtud)
		df = get16(inner + IPH_FRAG) & IPH_DF;
	memset(outer, 0, hdr);
	outer[0] = 0x45;
	outer[IPH_TOS] = t->has_tos ? t->tos : inner[IPH_TOS];
	put16(outer + IPH_ID, f->w.ip_id++);
	put16(outer + IPH_FRAG, df);
	outer[IPH_TTL] = t->ttl;
	outer[IPH_PROTO] = PROTO_GRE;
	put32(outer + IPH_SRC, t->local);
	put32(outer + IPH_DST, t->remote);
	gre_header_put(outer + IPH_HDR, t, GRE_IPV4, hdr - IPH_HDR + p->len);
	p->off -= hdr;
	p->len += hdr;
	ip_finish(outer, IPH_HDR, p->len);
	p->tunnel = p->out_port;
	pkt_anew(p);
	p->in_port = PORT_LOCAL;
	p->ping = false;
	p->tunnels++;
	if (ip_parse(p) != IP_OK || !esp_tunnel_sa(f, p, sp))
		return DROP;
	count(&t->path->count.out_packets);
	count_add(&t->path->count.out_bytes, p->len);
	return NEXT;
}

unsigned
stage_gre_out(struct fwd *f, struct pkt **pkts, unsigned n,
    unsigned at UNUSED)
{
	struct pkt *in[BURST_MAX], *out[BURST_MAX];
	unsigned i, left = 0, n_in = 0, n_out = 0;

	if (!f->w.snap->tunnels)
		return n;
	for (i = 0; i < n; i++) {
		if (port_of(f, pkts[i]->out_port)->tunnel == NULL)
			pkts[left++] = pkts[i];
		else
			in[n_in++] = pkts[i];
	}
	/* what a crypto map on the tunnel wants is encrypted inside it */
	n_in = esp_encrypt(f, in, n_in);
	for (i = 0; i < n_in; i++) {
		if (wrap(f, in[i]) == NEXT)
			out[n_out++] = in[i];
		else
			ipdebug(f, SEEN_DROPPED, in[i]);
	}
	path_run(f, 0, out, n_out);
	return left;
}

/* ---- in ---- */

/* Octets of the GRE header, 0 when it is none for us. */
static unsigned
gre_parse(const uint8_t *gre, unsigned len, bool *has_key, uint32_t *key)
{
	unsigned flags, hdr = GRE_HDR;

	if (len < GRE_HDR || ((flags = get16(gre)) & GRE_REST) != 0)
		return 0;
	hdr += ((flags & GRE_CSUM) != 0) * 4u;
	*has_key = (flags & GRE_KEY) != 0;
	hdr += *has_key * 4u + ((flags & GRE_SEQ) != 0) * 4u;
	if (hdr > len)
		return 0;
	*key = *has_key ? get32(gre + GRE_HDR +
	    ((flags & GRE_CSUM) != 0) * 4u) : 0;
	if ((flags & GRE_CSUM) != 0 && sum_end(sum_add(0, gre, len)) != 0)
		return 0;
	return hdr;
}

static unsigned
tunnel_from(const struct snap *s, const struct flow *fl, bool has_key,
    uint32_t key)
{
	const struct snap_tunnel *t;
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++) {
		t = s->port[i].tunnel;
		if (t != NULL && t->remote == fl->src &&
		    t->local == fl->dst && t->has_key == has_key &&
		    (!has_key || t->key == key))
			return i;
	}
	return PORT_LOCAL;
}

/* Some tunnel is between these two: then odd GRE is not for the kernel. */
static bool
any_tunnel(const struct snap *s, const struct flow *fl)
{
	const struct snap_tunnel *t;
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++) {
		t = s->port[i].tunnel;
		if (t != NULL && t->remote == fl->src && t->local == fl->dst)
			return true;
	}
	return false;
}

static enum verdict
unwrap(struct fwd *f, struct pkt *p)
{
	const uint8_t *gre = pkt_ip(p) + p->ihl;
	const struct snap_port *sp;
	unsigned hdr, port;
	bool has_key = false;
	uint32_t key = 0;

	hdr = gre_parse(gre, p->len - p->ihl, &has_key, &key);
	port = tunnel_from(f->w.snap, &p->flow, has_key, key);
	if (hdr != 0 && port != PORT_LOCAL &&
	    get16(gre + 2) == GRE_KEEPALIVE) {
		count(&f->paths[port].returned);
		return STOLEN;
	}
	if (hdr == 0 || port == PORT_LOCAL || get16(gre + 2) != GRE_IPV4)
		return fwd_drop(f, DROP_GRE);
	sp = port_of(f, (uint16_t)port);
	if (!sp->up)
		return fwd_drop(f, DROP_PORT_DOWN);
	if (!esp_tunnel_came(p, sp))
		return fwd_drop(f, DROP_NOT_IPSEC);
	if (p->tunnels == TUNNELS_MAX)
		return fwd_drop(f, DROP_TUNNEL_LOOP);
	count(&f->paths[port].count.in_packets);
	count_add(&f->paths[port].count.in_bytes, p->len);
	hdr += p->ihl;
	if ((p->gso.flags & GSO_F_NEEDS_CSUM) != 0) {
		if (p->gso.csum_start < hdr)
			return fwd_drop(f, DROP_BAD_OFFLOAD);
		p->gso.csum_start = (uint16_t)(p->gso.csum_start - hdr);
	}
	p->off += hdr;
	p->len -= hdr;
	pkt_anew(p);
	p->in_port = (uint16_t)port;
	p->tunnel = PORT_LOCAL;
	p->tunnels++;
	p->preclassified = false;
	return NEXT;
}

static void
path_learn(struct fwd *f, uint32_t local, uint32_t remote, unsigned mtu)
{
	const struct snap *s = f->w.snap;
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++) {
		const struct snap_tunnel *t = s->port[i].tunnel;
		struct tunnel_path *path;
		uint32_t age, min;

		if (t == NULL || !t->pmtud || t->local != local ||
		    t->remote != remote)
			continue;
		path = t->path;
		age = __atomic_load_n(&path->age, __ATOMIC_RELAXED);
		min = __atomic_load_n(&path->min, __ATOMIC_RELAXED);
		__atomic_store_n(&path->until, age != 0 ? f->w.now + age : 0,
		    __ATOMIC_RELAXED);
		__atomic_store_n(&path->mtu, mtu < min ? min : mtu,
		    __ATOMIC_RELAXED);
	}
}

/* `Fragmentation needed` about a packet of a tunnel (RFC 1191). */
static void
learn_mtu(struct fwd *f, const struct pkt *p)
{
	const uint8_t *icmp = pkt_ip(p) + p->ihl, *quoted = icmp + 8;

	if (p->len - p->ihl < 8 + IPH_HDR ||
	    p->flow.sport != (ICMP_UNREACH << 8 | ICMP_UNREACH_FRAG) ||
	    quoted[IPH_PROTO] != PROTO_GRE ||
	    sum_end(sum_add(0, icmp, p->len - p->ihl)) != 0)
		return;
	path_learn(f, get32(quoted + IPH_SRC), get32(quoted + IPH_DST),
	    get16(icmp + 6));
}

bool
gre_too_big(struct fwd *f, const struct pkt *p)
{
	if (p->tunnels == 0 || p->in_port != PORT_LOCAL ||
	    p->flow.proto != PROTO_GRE)
		return false;
	path_learn(f, p->flow.src, p->flow.dst, p->mtu);
	return true;
}

unsigned
stage_gre_in(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at UNUSED)
{
	const struct snap *s = f->w.snap;
	struct pkt *out[BURST_MAX];
	unsigned i, left = 0, n_out = 0;

	if (!s->tunnels)
		return n;
	for (i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		if (p->flow.proto == PROTO_ICMP && !p->flow.frag_tail)
			learn_mtu(f, p);
		if (p->flow.proto != PROTO_GRE || !any_tunnel(s, &p->flow)) {
			pkts[left++] = p;
			continue;
		}
		if (ip_is_fragment(pkt_ip(p)))
			p = reass_add(f, p);
		if (p == NULL)
			continue;
		ipdebug(f, SEEN_RCVD, p);
		if (unwrap(f, p) == NEXT)
			out[n_out++] = p;
	}
	path_run(f, 0, out, n_out);
	return left;
}
