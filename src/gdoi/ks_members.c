/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: the members of a group, in a list by address for those who go
 * through all of them, and in a tree for those who look for one: a rekey of
 * ten thousand members brings ten thousand acknowledgements. Runs in process
 * ike.
 */
#include "config.h"

#include <stdlib.h>

#include "gdoi/coop.h"

static int
member_cmp(const struct ks_member *a, const struct ks_member *b)
{
	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

RB_GENERATE_INTERNAL(ks_member_tree, ks_member, node, member_cmp,
    UNUSED static)

struct ks_member *
ks_find_member(struct ks_group *grp, uint32_t addr)
{
	struct ks_member key;

	key.addr = addr;
	return RB_FIND(ks_member_tree, &grp->member_tree, &key);
}

struct ks_member *
ks_get_member(struct ks_group *grp, uint32_t addr)
{
	struct ks_member *m = xcalloc(1, sizeof(*m)), *known;

	m->addr = addr;
	known = RB_INSERT(ks_member_tree, &grp->member_tree, m);
	if (known != NULL) {
		free(m);
		return known;
	}
	known = RB_NEXT(ks_member_tree, &grp->member_tree, m);
	if (known != NULL)
		TAILQ_INSERT_BEFORE(known, m, link);
	else
		TAILQ_INSERT_TAIL(&grp->members, m, link);
	grp->nmembers++;
	return m;
}

void
ks_own_members(struct ks_group *grp, uint32_t of, uint32_t addr)
{
	struct ks_member *m;

	TAILQ_FOREACH(m, &grp->members, link)
		if (of == 0 || m->owner == of)
			m->owner = addr;
}

void
ks_remove_member(struct ks_group *grp, struct ks_member *m, bool log)
{
	char a[IP4_STRLEN];

	ks_rekey_forget(grp, m);
	TAILQ_REMOVE(&grp->members, m, link);
	RB_REMOVE(ks_member_tree, &grp->member_tree, m);
	grp->nmembers--;
	coop_member_removed(grp, m->addr);
	if (log) {
		ike_log(grp->g->ike, LOG_GM_DELETE, ip4_str(m->addr, a),
		    grp->name);
		if (grp->nmembers == 0)
			ike_log(grp->g->ike, LOG_KS_LAST_GM,
			    ip4_str(m->addr, a), grp->name);
	}
	free(m);
}
