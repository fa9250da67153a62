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
#define ISAKMP_PORT 500
#define ISAKMP_NAT_PORT 4500

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

struct flow
flow_reverse(const struct flow *f)
{
	struct flow r = *f;

	r.src = f->dst;
	r.dst = f->src;
	if (f->proto == PROTO_TCP || f->proto == PROTO_UDP) {
		r.sport = f->dport;
		r.dport = f->sport;
	}
	return r;
}

uint32_t
policy_match(const struct policy *p, const struct flow *fl, bool in)
{
	struct flow back;
	uint32_t i;

	if (!in)
		return classify(p->all, fl);
	back = flow_reverse(fl);
	i = classify(p->locals, &back);
	if (i != CLASSIFY_NONE)
		return i; /* they stand in front */
	i = classify(p->downloaded, fl);
	return i != CLASSIFY_NONE ? p->index[i] : i;
}

/* Key management of this router itself. Only its own: a rule for all of UDP
 * 848 would be a hole in the policy (CVE-2013-3436). Fragments behind the
 * first have no ports; to reach a socket they need the first, which is
 * looked at here. Multicast rekeys end here too, unless this router forwards
 * multicast: they reach their socket without this process, and what is here
 * is on its way through. */
static bool
is_key_in(const struct fwd *f, const struct flow *fl)
{
	return fl->proto == PROTO_UDP &&
	    ((is_multicast(fl->dst) && !f->w.snap->mroute) ||
	    fwd_is_own(f->w.snap, fl->dst)) &&
	    (fl->frag_tail || fl->dport == GDOI_PORT);
}

/* The same between two routers: ISAKMP, also in port 4500 (RFC 3947). */
static bool
is_isakmp_in(const struct fwd *f, const struct snap_port *sp,
    const struct flow *fl)
{
	return (sp->pairs || f->w.snap->protects) &&
	    fl->proto == PROTO_UDP && (fl->frag_tail ||
	    fl->dport == ISAKMP_PORT || fl->dport == ISAKMP_NAT_PORT) &&
	    fwd_is_own(f->w.snap, fl->dst);
}

/* ike's own socket does not come this way: what has no ports here is some
 * other program's. */
static bool
is_key_out(const struct fwd *f, const struct pkt *p)
{
	return p->in_port == PORT_LOCAL && p->flow.proto == PROTO_UDP &&
	    !p->flow.frag_tail && p->flow.sport == GDOI_PORT &&
	    fwd_is_own(f->w.snap, p->flow.src);
}

/* The entry of the map that wants this packet encrypted, or NULL: deny goes
 * on to the next entry, the end means clear. What leaves counts as a match of
 * the list of an entry. While the map is closed, a group that fell back counts
 * as not registered. */
static struct snap_group *
map_permit(const struct snap_port *sp, const struct flow *fl, bool in,
    uint32_t *ace, unsigned *entry)
{
	const struct policy *p;
	unsigned i;

	for (i = 0; i < sp->n_maps; i++) {
		p = sp->maps[i]->policy;
		if (p == NULL || (sp->closed != NULL && p->reverted))
			continue;
		*ace = policy_match(p, fl, in);
		if (*ace == CLASSIFY_NONE)
			continue;
		if (p->list != NULL && !in)
			count(&p->list->hits[*ace]->packets);
		if (p->aces[*ace].action == ACE_PERMIT) {
			*entry = i;
			return sp->maps[i];
		}
	}
	return NULL;
}

enum verdict
stage_clear_in(struct fwd *f, struct pkt *p)
{
	const struct snap_port *sp = port_of(f, p->in_port);
	struct snap_group *sg;
	bool key;
	uint32_t ace;
	unsigned entry;

	if (sp->pairs || f->w.snap->protects)
		pair_too_big(f, p);
	if (p->decrypted || (sp->n_maps == 0 && sp->closed == NULL))
		return NEXT;
	key = is_key_in(f, &p->flow);
	if ((key && sp->bypass == BYPASS_ALL) ||
	    is_isakmp_in(f, sp, &p->flow)) {
		p->own_ike = true;
		return NEXT;
	}
	sg = map_permit(sp, &p->flow, true, &ace, &entry);
	if (sg == NULL || sg->policy->direction != SA_DIR_BOTH) {
		p->own_ike = key && sp->bypass == BYPASS_SOME;
		return p->own_ike ? NEXT : failclose_judge(f, sp, p, true);
	}
	policy_count(sg, ace, STAT_NOT_IPSEC);
	fwd_event_log(f, LOG_RECVD_NOT_IPSEC, p->flow.src,
	    &(struct event){ .a = p->flow.dst, .b = p->flow.src,
	    .c = p->flow.proto });
	return fwd_drop(f, DROP_NOT_IPSEC);
}

/* `qos pre-classify`: what the packet was before it was encrypted. A tunnel
 * may have kept it before. */
static void
keep_flow(struct pkt *p)
{
	if (p->preclassified)
		return;
	p->preclassified = true;
	p->qos_flow = p->flow;
	p->qos_dscp = pkt_ip(p)[IPH_TOS] >> 2;
}

enum verdict
stage_classify(struct fwd *f, struct pkt *p)
{
	const struct snap_port *sp = port_of(f, p->out_port);
	struct snap_group *sg;
	uint32_t ace;
	unsigned entry;

	/* a tunnel with protection has given it its SA */
	if (p->sa != NULL || (sp->n_maps == 0 && sp->closed == NULL))
		return NEXT;
	/* never encrypted, whatever the policy and `client bypass-policy`
	 * say: the key server could not read it */
	if (is_key_out(f, p)) {
		p->own_ike = true;
		return NEXT;
	}
	sg = map_permit(sp, &p->flow, false, &ace, &entry);
	if (sg == NULL || sg->policy->direction == SA_DIR_INBOUND_ONLY)
		return failclose_judge(f, sp, p, false);
	if (sp->preclassify != NULL && sp->preclassify[entry])
		keep_flow(p);
	if (sg->group->kind != GROUP_GDOI)
		return pair_take_sa(f, p, sg, ace);
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
