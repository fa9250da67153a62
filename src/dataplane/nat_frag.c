/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fragments behind the first (RFC 3022, 2.3) in process fwd: they have no
 * ports and go where their first fragment went, which is kept for some
 * seconds in sets of four, the oldest making room. One that overtook the first
 * of its packet waits for it in one of a few buffers, unless an entry of the
 * whole address says where it goes.
 */
#include "config.h"

#include <string.h>

#include "dataplane/nat_priv.h"

static struct nat_frag *
frag_set(const struct nat *n, const struct nat_ask *a, uint16_t id, bool out)
{
	uint64_t h = nat_hash(n, (uint64_t)a->src << 32 | a->dst,
	    (uint64_t)id << 16 | (unsigned)a->proto << 1 | out);

	return &n->frags[h % (NAT_FRAGS / NAT_FRAG_WAYS) * NAT_FRAG_WAYS];
}

static bool
is_it(const struct nat_frag *fr, const struct nat_ask *a, uint16_t id,
    bool out)
{
	return fr->until != 0 && fr->src == a->src && fr->dst == a->dst &&
	    fr->id == id && fr->proto == a->proto && fr->out == out;
}

/* Those that wait for this first one run when the burst is through. */
static void
wake(struct nat *n, const struct nat_ask *a, uint16_t id, bool out)
{
	struct nat_held *h;

	for (h = n->held; n->n_held > 0 && h < n->held + NAT_HELD; h++) {
		if (h->state == NAT_HELD_WAITS && is_it(&h->key, a, id, out)) {
			h->state = NAT_HELD_READY;
			n->woken = true;
		}
	}
}

void
nat_frag_note(struct nat *n, const struct nat_ask *was, bool out)
{
	const uint8_t *ip = pkt_ip(was->p);
	uint16_t id = get16(ip + IPH_ID);
	struct nat_frag *set = frag_set(n, was, id, out), *to = set;
	unsigned i;

	if ((get16(ip + IPH_FRAG) & IPH_MF) == 0 || was->p->flow.frag_tail)
		return;
	for (i = 0; i < NAT_FRAG_WAYS; i++) {
		if (is_it(&set[i], was, id, out)) {
			to = &set[i];
			break;
		}
		if (set[i].until < to->until)
			to = &set[i];
	}
	*to = (struct nat_frag){ .src = was->src, .dst = was->dst,
		.new_src = was->p->flow.src, .new_dst = was->p->flow.dst,
		.until = n->now + NAT_FRAG_SECS, .id = id,
		.proto = was->proto, .out = out };
	wake(n, was, id, out);
}

const struct nat_frag *
nat_frag_find(const struct nat *n, const struct nat_ask *a, bool out)
{
	uint16_t id = get16(pkt_ip(a->p) + IPH_ID);
	const struct nat_frag *set = frag_set(n, a, id, out);
	unsigned i;

	for (i = 0; i < NAT_FRAG_WAYS; i++) {
		if (is_it(&set[i], a, id, out) && set[i].until > n->now)
			return &set[i];
	}
	return NULL;
}

/* ---- those that wait ---- */

static void
give_up(struct fwd *f, struct nat_held *h)
{
	h->state = NAT_HELD_FREE;
	f->nat->n_held--;
	f->nat->c.fragments++;
	(void)fwd_drop(f, DROP_NAT_FRAGMENT);
}

void
nat_held_expire(struct fwd *f)
{
	struct nat_held *h = f->nat->held;
	unsigned i;

	for (i = 0; f->nat->n_held > 0 && i < NAT_HELD; i++, h++) {
		if (h->state == NAT_HELD_WAITS && h->until <= f->w.now)
			give_up(f, h);
	}
}

/* A free one; if there is none that of the one that has waited longest, as
 * they are taken in turn. */
static struct nat_held *
held_get(struct fwd *f)
{
	struct nat *n = f->nat;
	bool full = n->n_held == NAT_HELD;
	struct nat_held *h;
	unsigned i;

	for (i = 0; i < NAT_HELD; i++) {
		h = &n->held[n->next_held++ % NAT_HELD];
		if (full && h->state == NAT_HELD_WAITS)
			give_up(f, h);
		if (h->state == NAT_HELD_FREE)
			return h;
	}
	return NULL;
}

bool
nat_frag_hold(struct fwd *f, const struct nat_ask *a, bool out, unsigned at)
{
	struct nat_held *h;
	uint8_t *buf;

	/* what stages have found out about it may be gone by then */
	if (a->p->sa != NULL || a->p->group != NULL ||
	    a->p->len > NAT_HELD_LEN || (h = held_get(f)) == NULL)
		return false;
	buf = h->pkt.buf;
	h->pkt = *a->p;
	h->pkt.buf = buf;
	memcpy(pkt_ip(&h->pkt), pkt_ip(a->p), a->p->len);
	h->key = (struct nat_frag){ .src = a->src, .dst = a->dst,
		.id = get16(pkt_ip(a->p) + IPH_ID), .proto = a->proto,
		.out = out, .until = 1 };
	h->until = f->w.now + NAT_HELD_MS;
	h->at = at;
	h->state = NAT_HELD_WAITS;
	f->nat->n_held++;
	return true;
}

unsigned
nat_held_ready(struct fwd *f, struct pkt **pkts, unsigned *at)
{
	struct nat *n = f->nat;
	struct nat_held *h;
	unsigned got = 0;

	for (h = n->held; n->woken && h < n->held + NAT_HELD; h++) {
		if (h->state == NAT_HELD_READY && (got == 0 || h->at == *at)) {
			h->state = NAT_HELD_RUNS;
			*at = h->at;
			pkts[got++] = &h->pkt;
		}
	}
	n->woken = got > 0;
	return got;
}

void
nat_held_done(struct fwd *f)
{
	struct nat_held *h;

	for (h = f->nat->held; h < f->nat->held + NAT_HELD; h++) {
		if (h->state == NAT_HELD_RUNS) {
			h->state = NAT_HELD_FREE;
			f->nat->n_held--;
		}
	}
}
