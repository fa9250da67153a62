/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See merge.h. Only plain segments are merged: no IP options, no fragments,
 * no flags but ACK and PSH, the same header otherwise, the next sequence
 * number, and a TCP checksum that is right (behind a merge nobody could tell
 * a damaged segment).
 */
#include "config.h"

#include <stdlib.h>

#include "dataplane/ip.h"
#include "dataplane/merge.h"

#define SLOTS 8

struct slot {
	struct pkt pkt;
	unsigned hdr, size, n; /* header octets, of a segment, segments */
	uint32_t next;	       /* sequence number */
	bool closed;	       /* nothing may follow */
};

struct merge {
	merge_out_fn *out;
	void *arg;
	struct slot slots[SLOTS];
	unsigned victim;
};

struct merge *
merge_new(merge_out_fn *out, void *arg)
{
	struct merge *m = xcalloc(1, sizeof(*m));
	unsigned i;

	m->out = out;
	m->arg = arg;
	for (i = 0; i < SLOTS; i++)
		m->slots[i].pkt.buf = xcalloc(1, PKT_BUF_SIZE);
	return m;
}

void
merge_free(struct merge *m)
{
	unsigned i;

	if (m == NULL)
		return;
	for (i = 0; i < SLOTS; i++)
		free(m->slots[i].pkt.buf);
	free(m);
}

static void
slot_flush(struct merge *m, struct slot *s)
{
	uint8_t *ip = pkt_ip(&s->pkt), *tcp = ip + IPH_HDR;

	if (s->n == 0)
		return;
	if (s->n > 1) {
		ip_finish(ip, IPH_HDR, s->pkt.len);
		/* the sum of the pseudo header; the device does the rest */
		put16(tcp + 16, ~sum_end(sum_pseudo(ip,
		    s->pkt.len - IPH_HDR)) & 0xffff);
		s->pkt.gso = (struct pkt_gso){
			.flags = GSO_F_NEEDS_CSUM, .gso_type = GSO_TCPV4,
			.hdr_len = (uint16_t)s->hdr,
			.gso_size = (uint16_t)s->size,
			.csum_start = IPH_HDR, .csum_offset = 16 };
	}
	s->n = 0;
	m->out(m->arg, &s->pkt);
}

void
merge_flush(struct merge *m)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		slot_flush(m, &m->slots[i]);
}

/* Length of the TCP and IP header of a segment that may be merged, or 0. */
static unsigned
plain_segment(const struct pkt *p)
{
	const uint8_t *ip = pkt_ip(p), *tcp = ip + IPH_HDR;
	unsigned hdr, len = p->len - IPH_HDR;

	if (p->len < IPH_HDR + 20 || ip[0] != 0x45 ||
	    ip[IPH_PROTO] != PROTO_TCP || ip_is_fragment(ip) ||
	    p->gso.flags != 0 || p->gso.gso_type != GSO_NONE)
		return 0;
	hdr = IPH_HDR + (tcp[12] >> 4) * 4u;
	if (hdr < IPH_HDR + 20 || hdr >= p->len ||
	    (tcp[13] & ~(TCP_ACK | TCP_PSH)) != 0)
		return 0;
	if (sum_end(sum_add(sum_pseudo(ip, len), tcp, len)) != 0)
		return 0;
	return hdr;
}

static bool
same_flow(const struct slot *s, const struct pkt *p)
{
	const uint8_t *a = pkt_ip(&s->pkt), *b = pkt_ip(p);

	return s->n > 0 && s->pkt.in_port == p->in_port &&
	    s->pkt.out_port == p->out_port && p->len >= IPH_HDR + 4 &&
	    memcmp(a + IPH_SRC, b + IPH_SRC, 8) == 0 &&
	    b[IPH_PROTO] == PROTO_TCP &&
	    memcmp(a + IPH_HDR, b + IPH_HDR, 4) == 0;
}

static bool
continues(const struct slot *s, const struct pkt *p, unsigned hdr)
{
	const uint8_t *a = pkt_ip(&s->pkt), *b = pkt_ip(p);

	return !s->closed && hdr == s->hdr &&
	    p->len - hdr <= s->size && s->pkt.len + p->len - hdr <= 65535 &&
	    get32(b + IPH_HDR + 4) == s->next && a[IPH_TOS] == b[IPH_TOS] &&
	    a[IPH_TTL] == b[IPH_TTL] &&
	    get16(a + IPH_FRAG) == get16(b + IPH_FRAG) &&
	    memcmp(a + IPH_HDR + 8, b + IPH_HDR + 8, 5) == 0 && /* ack, off */
	    memcmp(a + IPH_HDR + 14, b + IPH_HDR + 14, 2) == 0 && /* window */
	    memcmp(a + IPH_HDR + 18, b + IPH_HDR + 18, hdr - IPH_HDR - 18) == 0;
}

static void
slot_append(struct slot *s, const struct pkt *p, unsigned hdr)
{
	unsigned n = p->len - hdr;

	memcpy(pkt_ip(&s->pkt) + s->pkt.len, pkt_ip(p) + hdr, n);
	s->pkt.len += n;
	s->next += n;
	s->n++;
	pkt_ip(&s->pkt)[IPH_HDR + 13] |= pkt_ip(p)[IPH_HDR + 13];
	s->closed = n < s->size ||
	    (pkt_ip(p)[IPH_HDR + 13] & TCP_PSH) != 0;
}

static void
slot_begin(struct slot *s, const struct pkt *p, unsigned hdr)
{
	uint8_t *buf = s->pkt.buf;

	s->pkt = *p;
	s->pkt.buf = buf;
	s->pkt.off = PKT_HEADROOM;
	memcpy(pkt_ip(&s->pkt), pkt_ip(p), p->len);
	s->hdr = hdr;
	s->size = p->len - hdr;
	s->n = 1;
	s->next = get32(pkt_ip(p) + IPH_HDR + 4) + s->size;
	s->closed = (pkt_ip(p)[IPH_HDR + 13] & TCP_PSH) != 0;
}

void
merge_add(struct merge *m, const struct pkt *p)
{
	unsigned hdr = plain_segment(p), i;
	struct slot *s = NULL;

	for (i = 0; i < SLOTS && s == NULL; i++) {
		if (same_flow(&m->slots[i], p))
			s = &m->slots[i];
	}
	if (s != NULL && hdr != 0 && continues(s, p, hdr)) {
		slot_append(s, p, hdr);
		return;
	}
	if (s != NULL)
		slot_flush(m, s);
	if (hdr == 0) {
		m->out(m->arg, p);
		return;
	}
	if (s == NULL) {
		s = &m->slots[m->victim++ % SLOTS];
		slot_flush(m, s);
	}
	slot_begin(s, p, hdr);
}
