/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: exchange 240, see coop.h. Runs in process ike.
 */
#include "config.h"

#include "gdoi/coop.h"

struct coop_peer *
coop_peer_add(struct coop *c UNUSED, uint32_t addr UNUSED)
{
	return NULL;
}

void
coop_peer_remove(struct coop_peer *p UNUSED)
{
}

void
coop_send(struct coop_peer *p UNUSED, bool want_reply UNUSED)
{
}
