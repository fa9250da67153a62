/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets that are too big, in process fwd: fragments before encryption, so
 * that the far end need not reassemble (RFC 791, RFC 1191), and TCP segments
 * of up to 64 KiB from the kernel cut to packets, on the way in where a policy
 * meters them; behind encryption what transport mode made too big. The pieces
 * go through the rest of the path at once, in order, and their buffers are
 * used again.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

/* What goes on to the next stages, in order. The path may come back here
 * before they are through (a tunnel, transport mode): each time with half of
 * the buffers that are left, so that there are some however deep it goes. */
struct emit {
	struct fwd *f;
	unsigned next; /* stage */
	struct pkt *out[BURST_MAX];
	struct pkt *pool;
	unsigned n, used, room; /* packets; buffers of the pool, of how many */
};

static bool
emit_begin(struct emit *e, struct fwd *f, unsigned next)
{
	unsigned left = POOL_MAX - f->w.pool_top;

	e->f = f;
	e->next = next;
	e->n = e->used = 0;
	e->pool = &f->w.pool[f->w.pool_top];
	e->room = (left + 1) / 2;
	f->w.pool_top += e->room;
	return e->room > 0;
}

static void
emit_flush(struct emit *e)
{
	path_run(e->f, e->next, e->out, e->n);
	e->n = e->used = 0;
}

static void
emit_end(struct emit *e)
{
	emit_flush(e);
	e->f->w.pool_top -= e->room;
}

static void
emit_add(struct emit *e, struct pkt *p)
{
	if (e->n == BURST_MAX)
		emit_flush(e);
	e->out[e->n++] = p;
}

/* A piece with the metadata of the whole and its own buffer. */
static struct pkt *
emit_piece(struct emit *e, const struct pkt *of)
{
	struct pkt *p;
	uint8_t *buf;

	if (e->n == BURST_MAX || e->used == e->room)
		emit_flush(e);
	p = &e->pool[e->used++];
	buf = p->buf;
	*p = *of;
	p->buf = buf;
	p->off = PKT_HEADROOM;
	p->gso = (struct pkt_gso){0};
	return p;
}

/* Nested so deep that no buffer is left. */
static unsigned
none_left(struct fwd *f, unsigned n)
{
	while (n-- > 0)
		(void)fwd_drop(f, DROP_TUNNEL_LOOP);
	return 0;
}

/* ---- fragments ---- */

static void
fragment(struct emit *e, struct pkt *p, unsigned mtu)
{
	uint8_t *ip = pkt_ip(p), *out;
	unsigned room = (mtu - p->ihl) / 8 * 8, at, n, field;
	unsigned total = p->len - p->ihl, frag = get16(ip + IPH_FRAG);
	unsigned id = get16(ip + IPH_ID);
	struct pkt *piece;

	/* Who sets DF may leave the identification zero (RFC 6864). */
	if ((frag & IPH_DF) != 0)
		id = e->f->w.ip_id++;
	for (at = 0; at < total; at += n) {
		n = total - at < room ? total - at : room;
		piece = emit_piece(e, p);
		out = pkt_ip(piece);
		memcpy(out, ip, p->ihl);
		memcpy(out + p->ihl, ip + p->ihl + at, n);
		field = (frag & IPH_OFFMASK) + at / 8;
		if (at + n < total || (frag & IPH_MF) != 0)
			field |= IPH_MF;
		put16(out + IPH_FRAG, field);
		put16(out + IPH_ID, id);
		piece->len = p->ihl + n;
		ip_finish(out, p->ihl, piece->len);
		if (!p->encrypted) /* else when it is transmitted */
			ipdebug(e->f, SEEN_FRAGMENT, piece);
		emit_add(e, piece);
	}
}

/* ---- TCP segments ---- */

static unsigned
tcp_headers(const struct pkt *p)
{
	return p->ihl + (pkt_ip(p)[p->ihl + 12] >> 4) * 4u;
}

static void
segment_one(struct pkt *piece, const struct pkt *p, unsigned hdr,
    unsigned at, unsigned n, unsigned index)
{
	const uint8_t *ip = pkt_ip(p);
	uint8_t *out = pkt_ip(piece), *tcp = out + p->ihl;
	bool last = hdr + at + n == p->len;

	memcpy(out, ip, hdr);
	memcpy(out + hdr, ip + hdr + at, n);
	piece->len = hdr + n;
	put16(out + IPH_ID, (get16(ip + IPH_ID) + index) & 0xffff);
	ip_finish(out, p->ihl, piece->len);
	put32(tcp + 4, get32(tcp + 4) + at);
	/* CWR belongs to the first, PSH and FIN to the last (as Linux does) */
	if (index > 0)
		tcp[13] &= (uint8_t)~TCP_CWR;
	if (!last)
		tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	put16(tcp + 16, 0);
	put16(tcp + 16, sum_end(sum_add(sum_pseudo(out,
	    piece->len - p->ihl), tcp, piece->len - p->ihl)));
}

static void
segment(struct emit *e, struct pkt *p, unsigned mtu)
{
	unsigned hdr = tcp_headers(p), size = p->gso.gso_size, at, n, i = 0;
	unsigned total = p->len - hdr;
	struct pkt *piece;

	if (hdr + size > mtu)
		size = mtu - hdr;
	for (at = 0; at < total; at += n) {
		n = total - at < size ? total - at : size;
		piece = emit_piece(e, p);
		segment_one(piece, p, hdr, at, n, i++);
		emit_add(e, piece);
	}
}

/* ---- on the way in ---- */

/* A service policy meters packets as they were on the link: the burst of a
 * policer is smaller than a segment of the kernel. */
static bool
is_whole(const struct fwd *f, const struct pkt *p)
{
	return p->gso.gso_type != GSO_NONE && port_of(f,
	    p->in_port)->pieces_in;
}

unsigned
stage_pieces(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at)
{
	struct emit e;
	unsigned i, hdr;

	for (i = 0; i < n && !is_whole(f, pkts[i]); i++)
		;
	if (i == n)
		return n;
	if (!emit_begin(&e, f, at + 1))
		return none_left(f, n);
	for (i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		if (!is_whole(f, p)) {
			emit_add(&e, p);
			continue;
		}
		hdr = tcp_headers(p);
		if (hdr < p->ihl + 20u || hdr >= p->len)
			(void)fwd_drop(f, DROP_BAD_OFFLOAD);
		else
			segment(&e, p, UINT16_MAX);
	}
	emit_end(&e);
	return 0;
}

/* ---- on the way out ---- */

enum fate { FITS, CUT, TOO_BIG, ODD };

static enum fate
judge(struct fwd *f, struct pkt *p)
{
	const struct snap_port *sp = port_of(f, p->out_port);
	const struct sa *sa = p->sa;
	bool df = (get16(pkt_ip(p) + IPH_FRAG) & IPH_DF) != 0;
	bool gso = p->gso.gso_type != GSO_NONE;
	unsigned size = p->len, hdr = p->ihl;

	p->mtu = sp->mtu;
	if (sp->tunnel != NULL)
		p->mtu = gre_mtu(f, sp->tunnel, sp->mtu);
	if (sa != NULL) {
		p->mtu = sa_plain_mtu(sa, sa_path_mtu(sa, p->mtu, f->w.now),
		    p->ihl);
		if (sp->df_bit == DF_CLEAR && sa->mode != SA_TRANSPORT)
			df = false;
	}
	if (gso) {
		hdr = tcp_headers(p);
		if (hdr < p->ihl + 20u || hdr >= p->len)
			return ODD;
		size = hdr + p->gso.gso_size;
		if (size > p->len)
			size = p->len;
	}
	if (p->mtu < hdr + 8)
		return TOO_BIG;
	/* transport mode takes whole packets; see split_again() */
	if (size > p->mtu && !df && !gso && sa != NULL &&
	    sa->mode == SA_TRANSPORT)
		return FITS;
	if (size > p->mtu)
		return df ? TOO_BIG : CUT;
	return gso && (sa != NULL || sp->tunnel != NULL || sp->pieces) ? CUT :
	    FITS;
}

/* Its octets are final: nothing can be left to the device. */
static bool
is_final(const struct fwd *f, const struct pkt *p)
{
	return p->sa != NULL || port_of(f, p->out_port)->tunnel != NULL;
}

/* Everything as it is, no segment left to the device. */
static bool
all_fit(struct fwd *f, struct pkt **pkts, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		if (pkts[i]->out_port != PORT_LOCAL &&
		    (judge(f, pkts[i]) != FITS ||
		    (is_final(f, pkts[i]) && pkts[i]->gso.flags != 0)))
			return false;
	}
	return true;
}

unsigned
stage_split(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at)
{
	struct emit e;
	unsigned i;

	for (i = 0; f->w.snap->watch != 0 && i < n; i++)
		if (pkts[i]->out_port != PORT_LOCAL)
			ipdebug(f, SEEN_SENT, pkts[i]);
	if (all_fit(f, pkts, n))
		return n;
	if (!emit_begin(&e, f, at + 1))
		return none_left(f, n);
	for (i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		bool gso = p->gso.gso_type != GSO_NONE;
		enum fate fate = FITS;

		if (p->out_port != PORT_LOCAL)
			fate = judge(f, p);
		if (fate == TOO_BIG) {
			if (!gre_too_big(f, p))
				icmp_error(f, p, ICMP_UNREACH,
				    ICMP_UNREACH_FRAG, p->mtu);
			(void)fwd_drop(f, DROP_MTU);
			ipdebug(f, SEEN_DROPPED, p);
			continue;
		}
		/* what is encrypted or fragmented needs its checksum now */
		if (fate == ODD || ((is_final(f, p) || fate == CUT) && !gso &&
		    !ip_complete_csum(p))) {
			(void)fwd_drop(f, DROP_BAD_OFFLOAD);
			continue;
		}
		if (fate == FITS)
			emit_add(&e, p);
		else if (gso)
			segment(&e, p, p->mtu);
		else
			fragment(&e, p, p->mtu);
	}
	emit_end(&e);
	return 0;
}

/* ---- behind encryption ---- */

static bool
is_too_big(const struct fwd *f, const struct pkt *p)
{
	return p->out_port != PORT_LOCAL && p->encrypted &&
	    p->len > port_of(f, p->out_port)->mtu;
}

unsigned
split_again(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at)
{
	struct emit e;
	unsigned i;

	for (i = 0; i < n && !is_too_big(f, pkts[i]); i++)
		;
	if (i == n)
		return n;
	if (!emit_begin(&e, f, at + 1))
		return none_left(f, n);
	for (i = 0; i < n; i++) {
		if (is_too_big(f, pkts[i]))
			fragment(&e, pkts[i], port_of(f,
			    pkts[i]->out_port)->mtu);
		else
			emit_add(&e, pkts[i]);
	}
	emit_end(&e);
	return 0;
}
