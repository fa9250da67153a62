/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fragments behind the first (RFC 3022, 2.3) in process fwd: they have no
 * ports and go where their first fragment went, which is kept for some
 * seconds in sets of four, the oldest making room. None is held: one that
 * comes before the first of its packet is translated by an entry of the whole
 * address, if there is one, else the caller drops it.
 */
#include "config.h"

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
