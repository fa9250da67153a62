/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets that waited behind NAT while its lines changed, in process fwd: a
 * shaper holds them as they were translated, or not, by the lines that were
 * there when they came. No private address leaves that is to be translated
 * now, and none that was translated by what is there no longer.
 */
#include "config.h"

#include "dataplane/nat_priv.h"

/* By an entry that is still alive: one that came now would be, too. */
static bool
is_translated(struct nat_ask *a)
{
	struct nat_key k;

	if (a->r == NULL || !nat_packet_read(a->p, a))
		return false;
	k = nat_key(a, true); /* it has the global addresses already */
	return nat_find(a->n, false, 0, &k) != 0;
}

/* Its ports went with the first fragment. */
static bool
is_tail(const struct pkt *p)
{
	return (get16(pkt_ip(p) + IPH_FRAG) & IPH_OFFMASK) != 0;
}

bool
nat_again(struct fwd *f, struct pkt *p)
{
	struct nat_ask a = { .f = f, .n = f->nat, .r = f->w.snap->nat,
		.p = p };

	if (p->nat == NAT_DID_OUT) {
		if (is_translated(&a))
			return true;
	} else if (a.r == NULL || p->in_port == PORT_LOCAL ||
	    !nat_crosses(f, p, true)) {
		return true;
	} else if (is_tail(p)) {
		(void)nat_packet_read(p, &a);
		if (!nat_wants(&a))
			return true;
	} else {
		return stage_nat_out(f, &p, 1, 0) == 1;
	}
	(void)fwd_drop(f, DROP_NAT_CHANGE);
	ipdebug(f, SEEN_DROPPED, p);
	return false;
}
