/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: keys and policy, see coop.h. Runs in process
 * ike.
 */
#include "config.h"

#include "gdoi/coop.h"

void
coop_keys_fill(struct coop_peer *p UNUSED, struct coop_msg *m UNUSED)
{
}

void
coop_keys_receive(struct coop_peer *p UNUSED, const struct coop_msg *m UNUSED)
{
}

void
coop_keys_changed(struct ks_group *grp UNUSED)
{
}

void
coop_keys_promoted(struct ks_group *grp UNUSED)
{
}

void
coop_keys_demoted(struct ks_group *grp UNUSED)
{
}

uint32_t
coop_next_seq(const struct ks_group *grp UNUSED, const struct ks_kek *k)
{
	return k->seq + 1;
}
