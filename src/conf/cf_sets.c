/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The transform sets of a crypto map entry or a profile, in order.
 */
#include "config.h"

#include "conf/conf.h"

const char *
conf_set_name(const struct set_names *n, unsigned i)
{
	const char *const names[] = {n->set1, n->set2, n->set3, n->set4,
	    n->set5, n->set6};

	return i < NELEM(names) && names[i][0] != '\0' ? names[i] : NULL;
}

unsigned
conf_transform_sets(const struct conf *c, const struct set_names *names,
    const struct transform_set *out[SET_NAMES])
{
	const struct transform_set *t;
	const char *name;
	unsigned n = 0;

	for (unsigned i = 0; (name = conf_set_name(names, i)) != NULL; i++) {
		t = conf_find_transform_set(c, name);
		if (t != NULL && t->ah == 0 && !t->unknown)
			out[n++] = t;
	}
	return n;
}
