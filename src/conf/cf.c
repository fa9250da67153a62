/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The configuration as a value: new, clone, free, compare, look up.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "conf/cf_int.h"

struct conf *
conf_new(void)
{
	struct arena *a = arena_new();
	struct conf *c = arena_alloc(a, sizeof(*c));

	c->arena = a;
	c->index = cf_index_new();
	c->obj.class = MODE_CONFIG;
	cf_defaults(c, MODE_CONFIG);
	return c;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	cf_index_free(c->index);
	arena_free(c->arena);
}

/* ---- clone ---- */

/* Everything behind struct cf_obj is the same but texts, which get a place of
 * their own, and lists, which are built again. */
static void
own_fields(struct conf *c, void *rec, uint16_t class)
{
	const struct cli_class *k = &cli_classes[class];

	for (unsigned i = 0; i < k->nfields; i++) {
		const struct cli_field *f = &cli_fields[k->field0 + i];
		char *p = (char *)rec + f->off;
		const char *s;

		if (f->kind == F_LIST) {
			memset(p, 0, f->size);
		} else if (f->kind == F_PTR) {
			memcpy(&s, p, sizeof(s));
			if (s != NULL)
				s = arena_strdup(c->arena, s);
			memcpy(p, &s, sizeof(s));
		}
	}
}

static void
clone_ents(struct conf *c, struct cf_obj *to, const struct cf_obj *from)
{
	for (const struct cf_ent *e = from->ents; e != NULL; e = e->next) {
		struct cf_ent *n = arena_alloc(c->arena, sizeof(*n));

		n->form = e->form;
		n->slot = e->slot;
		n->number = e->number;
		n->negated = e->negated;
		n->text = arena_strdup(c->arena, e->text);
		n->key = arena_strdup(c->arena, e->key);
		if (e->obj != NULL) {
			size_t size = cf_class_size(e->obj->class);

			n->obj = arena_alloc(c->arena, size);
			memcpy(n->obj, e->obj, size);
			n->obj->next = NULL;
			n->obj->parent = to;
			n->obj->ents = NULL;
			own_fields(c, n->obj, n->obj->class);
			if (obj_mode(n->obj)->keep)
				((struct cf_block *)(void *)n->obj)->at = NULL;
		}
		cf_ent_insert(c, to, n);
		if (e->obj != NULL)
			clone_ents(c, n->obj, e->obj);
	}
}

struct conf *
conf_clone(const struct conf *old)
{
	struct conf *c = conf_new();
	struct arena *a = c->arena;
	void *index = c->index;

	memcpy(c, old, sizeof(*c));
	c->arena = a;
	c->index = index;
	c->obj.ents = NULL;
	own_fields(c, c, MODE_CONFIG);
	clone_ents(c, &c->obj, &old->obj);
	return c;
}

/* ---- compare ---- */

static bool
objs_equal(const struct cf_obj *a, const struct cf_obj *b)
{
	const struct cf_ent *x = a->ents, *y = b->ents;

	for (; x != NULL && y != NULL; x = x->next, y = y->next) {
		if (x->negated != y->negated || strcmp(x->text, y->text) != 0)
			return false;
		if ((x->obj == NULL) != (y->obj == NULL) ||
		    (x->obj != NULL && !objs_equal(x->obj, y->obj)))
			return false;
	}
	return x == NULL && y == NULL;
}

bool
conf_equal(const struct conf *a, const struct conf *b)
{
	return objs_equal(&a->obj, &b->obj);
}

/* ---- look up ---- */

const void *
cf_find(const struct conf *c, const struct cf_list *list, const char *name)
{
	const struct cf_ent *e;

	if (list->first == NULL)
		return NULL;
	e = cf_ent_find(c, &c->obj, list->first->head->slot, name);
	return e != NULL ? e->obj : NULL;
}

const void *
cf_find_first(const struct conf *c, const struct cf_list *list,
    const char *name)
{
	const struct cf_group *g;
	uint32_t from = 0, to, mid;
	char key[CONF_NAME + 1];
	size_t len = (size_t)snprintf(key, sizeof(key), "%s ", name);

	if (list->first == NULL || len >= sizeof(key))
		return NULL;
	g = cf_group_find(c, &c->obj, list->first->head->slot);
	for (to = g->n; from < to;) {
		mid = from + (to - from) / 2;
		if (strverscmp(g->order[mid]->key, key) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == g->n || strncmp(g->order[from]->key, key, len) != 0)
		return NULL;
	return g->order[from]->obj;
}

const struct interface *
conf_find_interface(const struct conf *c, const char *name)
{
	return cf_find(c, &c->interfaces, name);
}

const struct acl *
conf_find_acl(const struct conf *c, const char *name)
{
	return cf_find(c, &c->acls, name);
}

const struct transform_set *
conf_find_transform_set(const struct conf *c, const char *name)
{
	return cf_find(c, &c->transform_sets, name);
}

const struct ipsec_profile *
conf_find_ipsec_profile(const struct conf *c, const char *name)
{
	return cf_find(c, &c->ipsec_profiles, name);
}

const struct gdoi_group *
conf_find_gdoi_group(const struct conf *c, const char *name)
{
	return cf_find(c, &c->gdoi_groups, name);
}

const struct nat_pool *
conf_find_nat_pool(const struct conf *c, const char *name)
{
	return cf_find(c, &c->nat_pools, name);
}

const struct route_map *
conf_find_route_map(const struct conf *c, const char *name)
{
	return cf_find_first(c, &c->route_maps, name);
}

const struct crypto_map *
conf_find_dynamic_map(const struct conf *c, const char *name)
{
	return cf_find_first(c, &c->dynamic_maps, name);
}

const struct qos_class_map *
conf_find_class_map(const struct conf *c, const char *name)
{
	return cf_find(c, &c->class_maps, name);
}

const struct qos_policy_map *
conf_find_policy_map(const struct conf *c, const char *name)
{
	return cf_find(c, &c->policy_maps, name);
}

const struct keyring *
conf_find_keyring(const struct conf *c, const char *name)
{
	return cf_find(c, &c->keyrings, name);
}

const struct isakmp_profile *
conf_find_isakmp_profile(const struct conf *c, const char *name)
{
	return cf_find(c, &c->isakmp_profiles, name);
}

const struct crypto_identity *
conf_find_crypto_identity(const struct conf *c, const char *name)
{
	return cf_find(c, &c->crypto_identities, name);
}

const struct crypto_map *
conf_next_map(const struct conf *c, const char *name,
    const struct crypto_map *from)
{
	const struct crypto_map *m = from != NULL
	    ? (const void *)from->obj.next
	    : (const void *)c->crypto_maps.first;

	for (; m != NULL; m = (const void *)m->obj.next)
		if (m->kind == MAP_GDOI && strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

const char *
conf_map_local(const struct conf *c, const char *name)
{
	const struct crypto_map_local *m;

	CF_FOREACH(m, &c->map_locals)
		if (strcmp(m->name, name) == 0)
			return m->ifname;
	return NULL;
}

const char *
conf_map_profile(const struct conf *c, const char *name)
{
	const struct crypto_map_profile *m;

	CF_FOREACH(m, &c->map_profiles)
		if (strcmp(m->name, name) == 0)
			return m->profile;
	return "";
}

/* ---- modes ---- */

static const char *
header_key(const struct cf_obj *o)
{
	return o->head != NULL ? o->head->key : "";
}

const char *
conf_header(const struct cf_obj *o)
{
	return o->head != NULL ? o->head->text : "";
}

const char *
conf_mode_prompt(const struct cf_cursor *cur, bool older)
{
	const struct cli_mode *m = obj_mode(cur->at);

	if (cur->range[0] != '\0')
		return "config-if-range";
	if (m->prompt_dotted != NULL &&
	    strchr(header_key(cur->at), '.') != NULL)
		return m->prompt_dotted;
	return older && m->prompt_older != NULL ? m->prompt_older : m->prompt;
}

uint16_t
conf_mode(const struct cf_cursor *cur)
{
	return cli_classes[cur->at->class].mode;
}
