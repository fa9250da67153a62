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

void
coop_keys_stop(struct coop *c UNUSED)
{
}

void
coop_keys_member(struct ks_group *grp UNUSED, struct ks_member *m UNUSED,
    uint32_t term UNUSED, uint32_t version UNUSED)
{
}

void
coop_tek_dropped(struct ks_group *grp UNUSED, const struct ks_tek *t UNUSED)
{
}

void
coop_kek_dropped(struct ks_group *grp UNUSED, const struct ks_kek *k UNUSED)
{
}

bool
coop_keys_held(const struct ks_group *grp UNUSED)
{
	return false;
}

uint32_t
coop_next_seq(const struct ks_group *grp UNUSED, const struct ks_kek *k)
{
	return k->seq + 1;
}
