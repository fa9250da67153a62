/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: the member database, see coop.h. Runs in process
 * ike.
 */
#include "config.h"

#include "gdoi/coop.h"

void
coop_members_fill(struct coop_peer *p UNUSED, struct coop_msg *m UNUSED,
    size_t max UNUSED)
{
}

void
coop_members_receive(struct coop_peer *p UNUSED,
    const struct coop_msg *m UNUSED)
{
}

void
coop_member_changed(struct ks_group *grp UNUSED,
    const struct ks_member *m UNUSED)
{
}

void
coop_member_removed(struct ks_group *grp UNUSED, uint32_t addr UNUSED)
{
}

bool
coop_members_pending(const struct coop_peer *p UNUSED)
{
	return false;
}

void
coop_members_free(struct coop *c UNUSED)
{
}
