/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a typed line would take away a crypto map that an interface has
 * (process main). An entry may go while others stay. One that is emptied as a
 * whole (`default crypto map NAME SEQ`) protects as little as one that goes.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "main/session.h"

static void
names(const struct conf *c, const char *map, char *text, size_t size)
{
	const struct interface *i;
	char name[IFNAME_MAX];
	size_t at = strlen(text);

	CF_FOREACH (i, &c->interfaces) {
		if (strcmp(i->crypto_map, map) != 0 || at >= size)
			continue;
		port_short_name(i->name, name, sizeof(name));
		at += (size_t)snprintf(text + at, size - at, " %s", name);
	}
}

/* Whether any entry says anything. */
static bool
protects(const struct conf *c, const char *map)
{
	const struct crypto_map *m;

	CF_FOREACH (m, &c->crypto_maps)
		if (strcmp(m->name, map) == 0 &&
		    (m->obj.ents != NULL || m->dynamic[0] != '\0'))
			return true;
	return false;
}

bool
map_used(const struct conf *old, const struct conf *new, bool whole,
    char *text, size_t size)
{
	const struct interface *i;

	CF_FOREACH (i, &new->interfaces) {
		if (i->crypto_map[0] == '\0' ||
		    !conf_has_map(old, i->crypto_map))
			continue;
		if (conf_has_map(new, i->crypto_map) &&
		    (!whole || !protects(old, i->crypto_map) ||
		    protects(new, i->crypto_map)))
			continue;
		snprintf(text, size, "%% Crypto-map %s is in use by"
		    " interface(s):", i->crypto_map);
		names(new, i->crypto_map, text, size);
		return true;
	}
	return false;
}
