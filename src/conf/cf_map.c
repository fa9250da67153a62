/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Crypto maps between two routers: what grammar/gdoi.cli cannot say about
 * their lines, and what an entry needs. Runs in main, and in ike and fwd when
 * they read their part.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli_gen.h"
#include "conf/cf_int.h"

const char *
conf_map_lacks(const struct conf *c, const struct crypto_map *m)
{
	const struct transform_set *sets[SET_NAMES];

	if (m->dynamic[0] == '\0') {
		if (m->peers.n == 0 || conf_find_acl(c, m->acl) == NULL)
			return "peer or access-list";
		return conf_transform_sets(c, &m->sets, sets) == 0 ?
		    "transform set" : NULL;
	}
	return conf_find_dynamic_map(c, m->dynamic) == NULL ? "dynamic map" :
	    NULL;
}

static const struct crypto_map *
find_entry(const struct conf *c, const struct crypto_map *m)
{
	char key[CONF_NAME + 8];

	snprintf(key, sizeof(key), "%s %u", m->name, m->seq);
	return cf_find(c, &c->crypto_maps, key);
}

/* The kind of an entry stays: what it holds means something else with another
 * one. */
int
crypto_map_check(struct cf_check *k, const struct crypto_map *m)
{
	const struct crypto_map *old = find_entry(k->conf, m);

	if (k->negated)
		return 0;
	if (old != NULL && old->kind != m->kind)
		return cf_reject(k, "%% Attempt to change the type of an "
		    "existing crypto map is not permitted.");
	if (old != NULL && strcmp(old->dynamic, m->dynamic) != 0)
		return cf_reject(k, "%% Attempt to change dynamic map tag for "
		    "existing crypto map is not permitted.");
	if (old != NULL || m->dynamic[0] != '\0')
		return 0;
	if (m->kind == MAP_GDOI)
		cf_note(k, "%% NOTE: This new crypto map will remain disabled "
		    "until a valid\n         group has been configured.");
	else
		cf_note(k, "%% NOTE: This new crypto map will remain disabled "
		    "until a peer\n        and a valid access list have been "
		    "configured.");
	return 0;
}

bool
conf_has_map(const struct conf *c, const char *name)
{
	const struct crypto_map *m;

	CF_FOREACH (m, &c->crypto_maps)
		if (strcmp(m->name, name) == 0)
			return true;
	return false;
}

/* As IOS, an interface may name one that comes later; until then all that it
 * was to protect leaves in clear. */
int
interface_map_check(struct cf_check *k, const struct interface *i)
{
	if (!k->negated && !conf_has_map(k->conf, i->crypto_map))
		cf_note(k, "%% NOTE: crypto map with tag %s does not exist.",
		    i->crypto_map);
	if (!k->negated && i->map_shared)
		cf_note(k, "accepted without effect: redundancy of a crypto "
		    "map, it works for this router alone");
	return 0;
}

int
map_peer_check(struct cf_check *k, const struct map_peer *p)
{
	if (k->negated)
		return 0;
	if (p->hostname[0] == '\0' && (p->addr == 0 ||
	    p->addr >= 0xe0000000))
		return cf_reject(k, "%% Invalid peer address");
	if (p->hostname[0] != '\0' &&
	    p->hostname[strspn(p->hostname, "0123456789.")] == '\0')
		return cf_reject(k, "%% Unrecognized host or address.");
	return 0;
}

static int
sets_check(struct cf_check *k, const struct set_names *names)
{
	const struct transform_set *t;
	const char *name;

	if (k->negated)
		return 0;
	for (unsigned i = 0; (name = conf_set_name(names, i)) != NULL; i++) {
		t = conf_find_transform_set(k->conf, name);
		if (t == NULL)
			cf_note(k, "%% NOTE: transform set with tag %s does "
			    "not exist.", name);
		else if (t->ah != 0)
			cf_note(k, "%% NOTE: %s has an AH transform, which "
			    "this version does not have: it is not proposed",
			    name);
	}
	return 0;
}

int
crypto_map_sets_check(struct cf_check *k, const struct crypto_map *m)
{
	return sets_check(k, &m->sets);
}

int
ipsec_profile_sets_check(struct cf_check *k, const struct ipsec_profile *p)
{
	return sets_check(k, &p->sets);
}
