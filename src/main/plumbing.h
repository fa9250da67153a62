/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the packet path needs of the kernel besides devices: settings of the
 * namespace and the nftables table that marks packets. With undo.
 */
#ifndef COHORT_PLUMBING_H
#define COHORT_PLUMBING_H

#include "base/base.h"

/* Packets of a socket with this mark are not caught (key management). */
#define MARK_EXEMPT 0xc0deffffu

struct plumbing_mark {
	const char *dev;
	uint32_t mark;
	bool only_out;	/* what arrives on it is not marked */
};

struct plumbing;
/* While marks and rules are put in place or taken away the kernel would
 * forward, and send, in clear what fwd judges otherwise: it does neither
 * until plumbing_set_marks() or plumbing_close(). -1: said why on stderr. */
int plumbing_guard(void) MUST_USE;
/* Changes the settings; NULL: said why on stderr. What they were is kept in
 * STATEDIR/sysctl until plumbing_close(): a router that was killed leaves the
 * undo to the next one in the same namespace. */
struct plumbing *plumbing_open(const char *statedir) MUST_USE;
void plumbing_close(struct plumbing *); /* as it was before */
/* What arrives on a device gets its mark, what this host sends out of one
 * gets local_mark. Replaces the whole table at once. */
int plumbing_set_marks(struct plumbing *, const struct plumbing_mark *,
    unsigned n, uint32_t local_mark) MUST_USE;
void plumbing_tun_sysctls(const char *tun);

#endif
