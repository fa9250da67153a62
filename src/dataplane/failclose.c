/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fail-close in process fwd: a crypto map with `gdoi fail-close` and
 * `activate` lets no packet through in clear, but what its list denies, until
 * every group of the map is registered. It is in force by configuration
 * alone and is lifted by what ike says, so that neither a start of this
 * process nor the absence of ike opens it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/engine.h"
#include "dataplane/ip.h"

static const struct crypto_map_fail_close *
conf_of(const struct conf *c, const char *map)
{
	const struct crypto_map_fail_close *fc;

	CF_FOREACH(fc, &c->fail_closes) {
		if (strcmp(fc->name, map) == 0)
			return fc;
	}
	return NULL;
}

static struct failclose *
counters_get(struct fwd *f, const char *map)
{
	struct failclose *fc;

	for (fc = f->failcloses; fc != NULL; fc = fc->next) {
		if (strcmp(fc->map, map) == 0)
			return fc;
	}
	fc = xcalloc(1, sizeof(*fc));
	str_copy(fc->map, map, sizeof(fc->map));
	fc->next = f->failcloses;
	f->failcloses = fc;
	return fc;
}

void
failclose_free(struct fwd *f)
{
	struct failclose *fc;

	while ((fc = f->failcloses) != NULL) {
		f->failcloses = fc->next;
		free(fc);
	}
}

/* The group of an entry can be sent and received with: it has a policy, and
 * one that did not fall back. */
static bool
group_open(const struct fwd *f, const char *name)
{
	const struct group *g = group_find(f, name);

	return g != NULL && g->policy != NULL && !g->policy->reverted;
}

const struct crypto_map *
failclose_reason(const struct fwd *f, const char *map, unsigned *n)
{
	const struct crypto_map *m = NULL;

	*n = 0;
	while ((m = conf_next_map(f->conf, map, m)) != NULL) {
		if (m->kind != MAP_GDOI)
			continue;
		++*n;
		if (!group_open(f, m->group))
			return m;
	}
	return NULL;
}

/* A map without any gdoi entry protects nothing: closed as well. */
static bool
map_closed(const struct fwd *f, const char *map)
{
	unsigned n;

	return failclose_reason(f, map, &n) != NULL || n == 0;
}

static bool
group_bypass(const struct conf *c, const char *name)
{
	const struct gdoi_group *g;

	CF_FOREACH(g, &c->gdoi_groups) {
		if (strcmp(g->name, name) == 0)
			return g->bypass_policy;
	}
	return true; /* the default */
}

void
failclose_build(struct fwd *f, struct snap_port *sp, const char *map)
{
	const struct crypto_map_fail_close *fc = conf_of(f->conf, map);
	const struct crypto_map *m = NULL;
	bool one, all = true, any = false;

	while ((m = conf_next_map(f->conf, map, m)) != NULL) {
		if (m->kind != MAP_GDOI)
			continue;
		one = group_bypass(f->conf, m->group);
		all &= one;
		any |= one;
	}
	sp->bypass = all ? BYPASS_ALL : any ? BYPASS_SOME : BYPASS_NONE;
	if (fc == NULL || !fc->activate || !map_closed(f, map))
		return;
	sp->closed = counters_get(f, map);
	sp->closed_acl = acl_find(f, fc->acl);
}

/* In the worker: the packet would pass in clear. The list is written as seen
 * from here: what comes in is read backwards. */
enum verdict
failclose_judge(struct fwd *f, const struct snap_port *sp,
    const struct pkt *p, bool in)
{
	const struct acl_obj *a = sp->closed_acl;
	struct flow fl = in ? flow_reverse(&p->flow) : p->flow;
	uint32_t i;

	if (sp->closed == NULL)
		return NEXT;
	i = a != NULL ? classify(a->classifier, &fl) : CLASSIFY_NONE;
	if (i != CLASSIFY_NONE)
		count(&a->hits[i]->packets);
	if (i != CLASSIFY_NONE && a->aces[i].action == ACE_DENY) {
		count(&sp->closed->passed);
		return NEXT;
	}
	count(in ? &sp->closed->dropped_in : &sp->closed->dropped_out);
	return fwd_drop(f, DROP_FAIL_CLOSE);
}
