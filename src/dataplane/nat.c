/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Network address translation among the stages of process fwd.
 */
#include "config.h"

#include "dataplane/engine.h"

enum verdict
stage_nat_in(struct fwd *f UNUSED, struct pkt *p UNUSED)
{
	return NEXT;
}

enum verdict
stage_nat_out(struct fwd *f UNUSED, struct pkt *p UNUSED)
{
	return NEXT;
}
