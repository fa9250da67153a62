/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Look-ups for tests without conf/, which has them over its index: a walk
 * through a list of struct conf. Defines functions: for one file of a test.
 */
#ifndef COHORT_CONF_FIND_H
#define COHORT_CONF_FIND_H

#include <string.h>

#include "conf/conf.h"

#define FIND(fn, type, list)                                                  \
	const type *fn(const struct conf *c, const char *name)                \
	{                                                                     \
		const type *v;                                                \
		CF_FOREACH (v, &c->list)                                      \
			if (strcmp(v->name, name) == 0)                       \
				return v;                                     \
		return NULL;                                                  \
	}

FIND(conf_find_interface, struct interface, interfaces)
FIND(conf_find_gdoi_group, struct gdoi_group, gdoi_groups)
FIND(conf_find_class_map, struct qos_class_map, class_maps)
FIND(conf_find_policy_map, struct qos_policy_map, policy_maps)

#endif
