/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What debug ip nat prints. Runs in process fwd.
 */
#include "config.h"

#include "base/buf.h"
#include "dataplane/nat.h"

void
nat_debug_print(struct fwd *f UNUSED, const struct nat_packet *p UNUSED)
{
}
