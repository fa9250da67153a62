/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets that waited in a queue of process fwd while the snapshot changed.
 * Queues are behind NAT, the decision who is encrypted and the output list; all
 * hold for the moment at which a packet leaves, so they are taken again. What
 * was to be encrypted never leaves in clear: its policy may be gone for want
 * of keys only.
 */
#include "config.h"

#include "dataplane/ip.h"
#include "dataplane/qos.h"

/* GRE of a tunnel that has protection now gets the tunnel's SA; the interface
 * below it decides about everything else. */
static enum verdict
encrypt_again(struct fwd *f, struct pkt *p)
{
	const struct snap_port *tunnel = port_of(f, p->tunnel);

	if (tunnel->protect != NULL)
		return esp_tunnel_sa(f, p, tunnel) ? NEXT : DROP;
	return stage_classify(f, p);
}

/* What was to be encrypted still is, and its checksum is there, which the
 * device was to write. */
static enum verdict
leave_again(struct fwd *f, struct pkt *p, bool secret)
{
	if (secret && p->sa == NULL)
		return fwd_drop(f, DROP_NO_SA);
	if (p->sa != NULL && !ip_complete_csum(p))
		return fwd_drop(f, DROP_BAD_OFFLOAD);
	return NEXT;
}

bool
qos_again(struct fwd *f, const struct qos_buf *b, struct pkt *p)
{
	bool secret = p->sa != NULL;

	p->sa = p->group = NULL;
	if (b->nat_lines != f->w.snap->nat_lines && !nat_again(f, p))
		return false;
	if (encrypt_again(f, p) == NEXT && acl_out_again(f, p) == NEXT &&
	    leave_again(f, p, secret) == NEXT)
		return true;
	ipdebug(f, SEEN_DROPPED, p);
	return false;
}
