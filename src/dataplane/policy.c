/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The group policy on packets in process fwd (RFC 4301 terms: the SPD). A
 * packet is always read in the direction in which it travels: the member at
 * the other end has classified this very packet with this very list when it
 * sent it, so both ends agree, also about lists that are not symmetric.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define GDOI_PORT 848

void
policy_count(const struct snap_group *sg, uint32_t ace, enum tally s)
{
	count(&sg->group->c[s]);
	if (sg->policy != NULL && ace < sg->policy->n)
		count(&sg->policy->stats[ace]->c[s]);
}

uint32_t
policy_first_of(const struct policy *p, uint16_t sa_index)
{
	uint32_t i;

	for (i = 0; p != NULL && i < p->n; i++) {
		if (p->sa_of[i] == sa_index &&
		    p->aces[i].action == ACE_PERMIT)
			return i;
	}
	return UINT32_MAX;
}

/* Key management of this router itself. Only its own: a rule for all of UDP
 * 848 would be a hole in the policy (CVE-2013-3436). Fragments behind the
 * first have no ports; to reach a socket they need the first, which is
 * looked at here. */
static bool
is_own_key_traffic(const struct fwd *f, const struct flow *fl, uint32_t own)
{
	if (fl->proto != PROTO_UDP || !fwd_is_own(f->w.snap, own))
		return false;
	return fl->frag_tail || fl->sport == GDOI_PORT ||
	    fl->dport == GDOI_PORT;
}

/* The entry of the map that wants this packet encrypted, or NULL: deny goes
 * on to the next entry, the end means clear. */
static struct snap_group *
map_permit(const struct snap_port *sp, const struct flow *fl, uint32_t *ace)
{
	const struct policy *p;
	unsigned i;

	for (i = 0; i < sp->n_maps; i++) {
		p = sp->maps[i]->policy;
		if (p == NULL)
			continue;
		*ace = classify(p->all, fl);
		if (*ace != CLASSIFY_NONE &&
		    p->aces[*ace].action == ACE_PERMIT)
			return sp->maps[i];
	}
	return NULL;
}

enum verdict
stage_clear_in(struct fwd *f, struct pkt *p)
{
	const struct snap_port *sp = port_of(f, p->in_port);
	struct snap_group *sg;
	uint32_t ace;

	if (p->decrypted || sp->n_maps == 0)
		return NEXT;
	if (is_own_key_traffic(f, &p->flow, p->flow.dst)) {
		p->own_ike = true;
		return NEXT;
	}
	sg = map_permit(sp, &p->flow, &ace);
	if (sg == NULL || sg->policy->direction != SA_DIR_BOTH)
		return NEXT;
	policy_count(sg, ace, STAT_NOT_IPSEC);
	fwd_event_log(f, LOG_RECVD_NOT_IPSEC, p->flow.src,
	    &(struct event){ .a = p->flow.dst, .b = p->flow.src,
	    .c = p->flow.proto });
	return fwd_drop(f, DROP_NOT_IPSEC);
}

enum verdict
stage_classify(struct fwd *f, struct pkt *p)
{
	const struct snap_port *sp = port_of(f, p->out_port);
	struct snap_group *sg;
	uint32_t ace;

	if (sp->n_maps == 0)
		return NEXT;
	/* ike's own socket does not come this way: what has no ports here is
	 * some other program's. */
	if (p->in_port == PORT_LOCAL && !p->flow.frag_tail &&
	    is_own_key_traffic(f, &p->flow, p->flow.src)) {
		p->own_ike = true;
		return NEXT;
	}
	sg = map_permit(sp, &p->flow, &ace);
	if (sg == NULL || sg->policy->direction == SA_DIR_INBOUND_ONLY)
		return NEXT;
	p->sa = sg->out[ace];
	p->group = sg;
	p->ace = ace;
	if (p->sa != NULL)
		return NEXT;
	policy_count(sg, ace, STAT_NO_SA);
	fwd_event_log(f, LOG_NO_SA_DROP, p->flow.src,
	    &(struct event){ .a = p->flow.src, .b = p->flow.dst,
	    .group = sg->group });
	return fwd_drop(f, DROP_NO_SA);
}
