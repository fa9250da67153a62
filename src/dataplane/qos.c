/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quality of service among the stages of process fwd.
 */
#include "config.h"

#include "dataplane/engine.h"

enum verdict
stage_qos_in(struct fwd *f UNUSED, struct pkt *p UNUSED)
{
	return NEXT;
}

unsigned
stage_qos_out(struct fwd *f UNUSED, struct pkt **pkts UNUSED, unsigned n,
    unsigned at UNUSED)
{
	return n;
}

uint64_t
fwd_worker_due(const struct fwd *f UNUSED)
{
	return UINT64_MAX;
}

void
fwd_worker_run(struct fwd *f UNUSED)
{
}
