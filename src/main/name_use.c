/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a typed line would take away what others go on to name (process
 * main). A name may dangle, so that files can be read in any order: this is
 * for who types, and grammar/ refuses only what could not be written either.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "main/session.h"

static bool
has_name(const struct set_names *sets, const char *name)
{
	const char *s;

	for (unsigned i = 0; (s = conf_set_name(sets, i)) != NULL; i++)
		if (strcmp(s, name) == 0)
			return true;
	return false;
}

/* The first of those that name the transform set. */
static const struct cf_obj *
names_set(const struct conf *c, const char *name)
{
	const struct ipsec_profile *p;
	const struct gdoi_group *g;
	const struct crypto_map *m;

	CF_FOREACH (p, &c->ipsec_profiles)
		if (has_name(&p->sets, name))
			return &p->obj;
	CF_FOREACH (g, &c->gdoi_groups)
		if (has_name(&g->accept.sets, name))
			return &g->obj;
	CF_FOREACH (m, &c->dynamic_maps)
		if (has_name(&m->sets, name))
			return &m->obj;
	CF_FOREACH (m, &c->crypto_maps)
		if (has_name(&m->sets, name))
			return &m->obj;
	return NULL;
}

static bool
has_sa_of(const struct gdoi_group *g, const char *profile)
{
	const struct gdoi_local *l;
	const struct gdoi_sa *sa;

	CF_FOREACH (l, &g->local)
		CF_FOREACH (sa, &l->sas)
			if (strcmp(sa->profile, profile) == 0)
				return true;
	return false;
}

static const struct cf_obj *
names_profile(const struct conf *c, const char *name)
{
	const struct gdoi_group *g;
	const struct interface *i;

	CF_FOREACH (g, &c->gdoi_groups)
		if (has_sa_of(g, name))
			return &g->obj;
	CF_FOREACH (i, &c->interfaces)
		if (strcmp(i->tunnel.profile, name) == 0)
			return &i->obj;
	return NULL;
}

static bool
used_by(const char *what, const char *name, const struct cf_obj *user,
    char *text, size_t size)
{
	if (user != NULL)
		snprintf(text, size, "%% %s %s is in use by: %s", what, name,
		    conf_header(user));
	return user != NULL;
}

static bool
crypto_used(const struct conf *old, const struct conf *new, char *text,
    size_t size)
{
	const struct transform_set *t;
	const struct ipsec_profile *p;

	CF_FOREACH (t, &old->transform_sets)
		if (conf_find_transform_set(new, t->name) == NULL &&
		    used_by("Transform-set", t->name, names_set(new, t->name),
		    text, size))
			return true;
	CF_FOREACH (p, &old->ipsec_profiles)
		if (conf_find_ipsec_profile(new, p->name) == NULL &&
		    used_by("Profile", p->name, names_profile(new, p->name),
		    text, size))
			return true;
	return false;
}

bool
name_used(const struct conf *old, const struct conf *new, char *text,
    size_t size)
{
	const struct qos_policy_map *p;
	const struct qos_class_map *m;

	CF_FOREACH (m, &old->class_maps) {
		if (conf_find_class_map(new, m->name) != NULL ||
		    !conf_class_map_nested(new, m->name))
			continue;
		snprintf(text, size, "%% Class-map %s is being used", m->name);
		return true;
	}
	CF_FOREACH (p, &old->policy_maps) {
		if (conf_find_policy_map(new, p->name) != NULL ||
		    !conf_policy_map_nested(new, p->name))
			continue;
		snprintf(text, size, "%% Policy-map %s is being used",
		    p->name);
		return true;
	}
	return crypto_used(old, new, text, size);
}
