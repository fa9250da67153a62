/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a typed line would take away from NAT while it is in use: rules, whose
 * entries process fwd knows, and pools, which rules name.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "main/session.h"

static bool
has_line(const struct cf_list *list, const char *header)
{
	const struct cf_obj *o;

	for (o = list->first; o != NULL; o = o->next)
		if (strcmp(conf_header(o), header) == 0)
			return true;
	return false;
}

static const char *
first_lost(const struct cf_list *old, const struct cf_list *new)
{
	const struct cf_obj *o;

	for (o = old->first; o != NULL; o = o->next)
		if (!has_line(new, conf_header(o)))
			return conf_header(o);
	return NULL;
}

const char *
nat_line_lost(const struct conf *old, const struct conf *new)
{
	const char *lost = first_lost(&old->nat_dynamics, &new->nat_dynamics);

	return lost != NULL ? lost :
	    first_lost(&old->nat_statics, &new->nat_statics);
}

static bool
ranges_equal(const struct cf_list *a, const struct cf_list *b)
{
	return a->n == b->n && first_lost(a, b) == NULL;
}

bool
nat_pool_used(const struct conf *old, const struct conf *new, char *text,
    size_t size)
{
	const struct nat_pool *p, *q;
	const struct nat_dynamic *d;

	CF_FOREACH (d, &new->nat_dynamics) {
		p = conf_find_nat_pool(old, d->pool);
		if (d->pool[0] == '\0' || p == NULL)
			continue;
		q = conf_find_nat_pool(new, d->pool);
		if (q == NULL || strcmp(conf_header(&p->obj),
		    conf_header(&q->obj)) != 0 ||
		    !ranges_equal(&p->ranges, &q->ranges)) {
			snprintf(text, size, "%%Pool %s in use, cannot %s",
			    d->pool, q == NULL ? "destroy" : "redefine");
			return true;
		}
	}
	return false;
}
