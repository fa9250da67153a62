/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GRE tunnels (RFC 2784, RFC 2890) among the stages of process fwd.
 */
#include "config.h"

#include "dataplane/engine.h"

unsigned
stage_gre_in(struct fwd *f UNUSED, struct pkt **pkts UNUSED, unsigned n,
    unsigned at UNUSED)
{
	return n;
}

unsigned
stage_gre_out(struct fwd *f UNUSED, struct pkt **pkts UNUSED, unsigned n,
    unsigned at UNUSED)
{
	return n;
}
