/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: roles, see coop.h. Runs in process ike.
 */
#include "config.h"

#include "gdoi/coop.h"

void
coop_config(struct ks_group *grp UNUSED, const struct gdoi_local *l UNUSED)
{
}

void
coop_free(struct ks_group *grp UNUSED)
{
}

bool
coop_ready(const struct ks_group *grp UNUSED)
{
	return true;
}

void
coop_clear_role(struct ks_group *grp UNUSED)
{
}

void
coop_changed(struct ks_group *grp UNUSED)
{
}

void
coop_fill(struct coop_peer *p UNUSED, struct coop_msg *m UNUSED)
{
}

void
coop_receive(struct coop_peer *p UNUSED, const struct coop_msg *m UNUSED)
{
}

void
coop_unanswered(struct coop_peer *p UNUSED, const char *why UNUSED)
{
}

void
coop_answered(struct coop_peer *p UNUSED)
{
}

unsigned
coop_rank(const struct coop *c UNUSED)
{
	return 0;
}

bool
coop_alive(const struct coop *c UNUSED, uint32_t addr UNUSED)
{
	return false;
}
