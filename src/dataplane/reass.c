/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP packets that were fragmented in the core (RFC 791, RFC 5722), in UDP or
 * not: put together before decryption, in a fixed number of buffers of the
 * worker of process fwd. Overlapping fragments drop the whole packet.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define WAIT_MS 5000

static struct reass *
reass_find(struct fwd *f, const struct pkt *p, uint16_t id)
{
	struct worker *w = &f->w;
	struct reass *r, *free = NULL, *oldest = NULL;

	for (r = w->reass; r < w->reass + REASS_MAX; r++) {
		if (r->done)
			continue;
		if (r->deadline != 0 && r->deadline <= w->now) {
			(void)fwd_drop(f, DROP_REASSEMBLY);
			r->deadline = 0;
		}
		if (r->deadline == 0) {
			free = r;
			continue;
		}
		if (r->src == p->flow.src && r->dst == p->flow.dst &&
		    r->id == id && r->proto == p->flow.proto &&
		    r->in_port == p->in_port)
			return r;
		if (oldest == NULL || r->deadline < oldest->deadline)
			oldest = r;
	}
	if (free == NULL) {
		free = oldest;
		(void)fwd_drop(f, DROP_REASSEMBLY);
	}
	if (free == NULL)
		return NULL;
	pkt_reset(&free->pkt);
	free->src = p->flow.src;
	free->dst = p->flow.dst;
	free->id = id;
	free->proto = p->flow.proto;
	free->in_port = p->in_port;
	free->have = free->total = 0;
	free->n_seen = 0;
	free->deadline = w->now + WAIT_MS;
	return free;
}

/* False: it overlaps, contradicts the length, or there are too many. */
static bool
reass_note(struct reass *r, uint32_t from, uint32_t to, bool last)
{
	unsigned i;

	if (r->n_seen == NELEM(r->seen) || to > 65535 - IPH_HDR)
		return false;
	if (r->total != 0 && (last || to > r->total))
		return false;
	for (i = 0; i < r->n_seen; i++) {
		if (from < r->seen[i].to && r->seen[i].from < to)
			return false;
		if (last && r->seen[i].to > to)
			return false;
	}
	r->seen[r->n_seen].from = from;
	r->seen[r->n_seen++].to = to;
	r->have += to - from;
	if (last)
		r->total = to;
	return true;
}

struct pkt *
reass_add(struct fwd *f, const struct pkt *p)
{
	const uint8_t *ip = pkt_ip(p);
	unsigned frag = get16(ip + IPH_FRAG), from = (frag & IPH_OFFMASK) * 8;
	unsigned len = p->len - p->ihl;
	bool last = (frag & IPH_MF) == 0;
	struct reass *r;
	uint8_t *out;

	r = len > 0 && (last || len % 8 == 0) ?
	    reass_find(f, p, get16(ip + IPH_ID)) : NULL;
	if (r == NULL || !reass_note(r, from, from + len, last)) {
		if (r != NULL)
			r->deadline = 0;
		(void)fwd_drop(f, DROP_REASSEMBLY);
		return NULL;
	}
	out = pkt_ip(&r->pkt);
	memcpy(out + IPH_HDR + from, ip + p->ihl, len);
	if (from == 0)
		memcpy(out, ip, IPH_HDR); /* options are not needed */
	if (r->total == 0 || r->have != r->total)
		return NULL;
	out[0] = 0x45;
	put16(out + IPH_FRAG, frag & IPH_DF);
	ip_finish(out, IPH_HDR, IPH_HDR + r->total);
	r->pkt.len = IPH_HDR + r->total;
	r->pkt.in_port = p->in_port;
	r->pkt.trace = p->trace;
	r->deadline = 0;
	r->done = true;
	if (ip_parse(&r->pkt) != IP_OK) {
		(void)fwd_drop(f, DROP_REASSEMBLY);
		return NULL;
	}
	return &r->pkt;
}

void
reass_release(struct fwd *f)
{
	struct reass *r;

	for (r = f->w.reass; r < f->w.reass + REASS_MAX; r++)
		r->done = false;
}
