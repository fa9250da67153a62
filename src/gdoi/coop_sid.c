/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: who may give out which sender identifiers, see
 * coop.h. Runs in process ike.
 */
#include "config.h"

#include "gdoi/coop.h"

bool
coop_sid_may_use(const struct ks_group *grp, unsigned kssid)
{
	return ks_kssid_own(grp, kssid);
}

void
coop_sid_fill(struct coop_peer *p UNUSED, struct coop_msg *m UNUSED)
{
}

void
coop_sid_receive(struct coop_peer *p UNUSED, const struct coop_msg *m UNUSED)
{
}

void
coop_sid_free(struct coop *c UNUSED)
{
}
