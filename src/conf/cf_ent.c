/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records and lines: memory, defaults, the index, and keeping both orders
 * (lines of a record, records of a list) while lines come and go.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "conf/cf_int.h"

/* ---- the index ---- */

static uint32_t
hash_of(const struct cf_obj *owner, uint16_t slot, const char *key)
{
	uint64_t h = 14695981039346656037ULL ^ (uintptr_t)owner >> 4 ^ slot;

	h *= 1099511628211ULL;
	for (; key != NULL && *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211ULL;
	return (uint32_t)(h ^ h >> 32);
}

struct cf_index *
cf_index_new(void)
{
	struct cf_index *x = xcalloc(1, sizeof(*x));

	x->ents_size = x->groups_size = 64;
	x->ents = xcalloc(x->ents_size, sizeof(*x->ents));
	x->groups = xcalloc(x->groups_size, sizeof(*x->groups));
	x->sides_size = 64;
	x->sides = xcalloc(x->sides_size, sizeof(*x->sides));
	return x;
}

void
cf_index_free(struct cf_index *x)
{
	if (x == NULL)
		return;
	free(x->ents);
	free(x->groups);
	free(x->sides);
	free(x);
}

static void
grow_ents(struct cf_index *x)
{
	size_t size = x->ents_size * 2;
	struct cf_ent **t = xcalloc(size, sizeof(*t));

	for (size_t i = 0; i < x->ents_size; i++)
		while (x->ents[i] != NULL) {
			struct cf_ent *e = x->ents[i];

			x->ents[i] = e->hnext;
			e->hnext = t[e->hash % size];
			t[e->hash % size] = e;
		}
	free(x->ents);
	x->ents = t;
	x->ents_size = size;
}

static void
grow_groups(struct cf_index *x)
{
	size_t size = x->groups_size * 2;
	struct cf_group **t = xcalloc(size, sizeof(*t));

	for (size_t i = 0; i < x->groups_size; i++)
		while (x->groups[i] != NULL) {
			struct cf_group *g = x->groups[i];
			uint32_t h = hash_of(g->owner, g->slot, NULL);

			x->groups[i] = g->hnext;
			g->hnext = t[h % size];
			t[h % size] = g;
		}
	free(x->groups);
	x->groups = t;
	x->groups_size = size;
}

static void
grow_sides(struct cf_index *x)
{
	size_t size = x->sides_size * 2;
	struct cf_side **t = xcalloc(size, sizeof(*t));

	for (size_t i = 0; i < x->sides_size; i++)
		while (x->sides[i] != NULL) {
			struct cf_side *s = x->sides[i];

			x->sides[i] = s->hnext;
			s->hnext = t[s->hash % size];
			t[s->hash % size] = s;
		}
	free(x->sides);
	x->sides = t;
	x->sides_size = size;
}

struct cf_group *
cf_group_find(const struct conf *c, const struct cf_obj *owner, uint16_t slot)
{
	const struct cf_index *x = c->index;
	uint32_t h = hash_of(owner, slot, NULL);
	struct cf_group *g = x->groups[h % x->groups_size];

	while (g != NULL && (g->owner != owner || g->slot != slot))
		g = g->hnext;
	return g;
}

static struct cf_group *
group_get(struct conf *c, const struct cf_obj *owner, uint16_t slot)
{
	struct cf_index *x = c->index;
	struct cf_group *g = cf_group_find(c, owner, slot);
	uint32_t h;

	if (g != NULL)
		return g;
	if (x->ngroups++ > x->groups_size)
		grow_groups(x);
	g = arena_alloc(c->arena, sizeof(*g));
	g->owner = owner;
	g->slot = slot;
	h = hash_of(owner, slot, NULL);
	g->hnext = x->groups[h % x->groups_size];
	x->groups[h % x->groups_size] = g;
	return g;
}

struct cf_ent *
cf_ent_find(const struct conf *c, const struct cf_obj *owner, uint16_t slot,
    const char *key)
{
	const struct cf_index *x = c->index;
	uint32_t h = hash_of(owner, slot, key);
	struct cf_ent *e = x->ents[h % x->ents_size];

	while (e != NULL &&
	    (e->owner != owner || e->slot != slot || strcmp(e->key, key) != 0))
		e = e->hnext;
	return e;
}

const struct cf_side *
cf_alike(const struct conf *c, const struct cf_obj *owner, const char *key,
    const struct cf_side *from)
{
	const struct cf_index *x = c->index;
	uint32_t h = hash_of(owner, 0, key);
	const struct cf_side *s = from != NULL ? from->hnext :
	    x->sides[h % x->sides_size];

	while (s != NULL && (s->hash != h || s->ent->owner != owner))
		s = s->hnext;
	return s;
}

static void
sides_add(struct conf *c, struct cf_ent *e)
{
	const struct cli_form *f = ent_form(e);
	struct cf_index *x = c->index;

	if (f == NULL || f->alike == NULL || e->obj == NULL)
		return;
	e->sides = arena_alloc(c->arena, CF_SIDES * sizeof(*e->sides));
	for (unsigned i = 0; i < CF_SIDES; i++) {
		struct cf_side *s = &e->sides[i];
		struct strbuf key = {0};

		f->alike(e->obj, i, &key);
		if (x->nsides++ > x->sides_size)
			grow_sides(x);
		s->ent = e;
		s->hash = hash_of(e->owner, 0, key.s);
		s->hnext = x->sides[s->hash % x->sides_size];
		x->sides[s->hash % x->sides_size] = s;
		sb_free(&key);
	}
}

static void
sides_remove(struct conf *c, struct cf_ent *e)
{
	struct cf_index *x = c->index;

	for (unsigned i = 0; e->sides != NULL && i < CF_SIDES; i++) {
		struct cf_side **p =
		    &x->sides[e->sides[i].hash % x->sides_size];

		while (*p != NULL && *p != &e->sides[i])
			p = &(*p)->hnext;
		if (*p != NULL) {
			*p = e->sides[i].hnext;
			x->nsides--;
		}
	}
}

static void
index_add(struct conf *c, struct cf_ent *e)
{
	struct cf_index *x = c->index;

	if (x->nents++ > x->ents_size)
		grow_ents(x);
	e->hash = hash_of(e->owner, e->slot, e->key);
	e->hnext = x->ents[e->hash % x->ents_size];
	x->ents[e->hash % x->ents_size] = e;
	sides_add(c, e);
}

static void
index_remove(struct conf *c, struct cf_ent *e)
{
	struct cf_index *x = c->index;
	struct cf_ent **p = &x->ents[e->hash % x->ents_size];

	while (*p != NULL && *p != e)
		p = &(*p)->hnext;
	if (*p != NULL) {
		*p = e->hnext;
		x->nents--;
	}
	sides_remove(c, e);
}

/* ---- records ---- */

size_t
cf_class_size(uint16_t class)
{
	const struct cli_class *k = &cli_classes[class];
	size_t size = k->size;

	if (k->mode != 0 && cli_modes[k->mode].keep &&
	    size < sizeof(struct cf_block))
		size = sizeof(struct cf_block);
	return size;
}

void
cf_field_default(void *rec, const struct cli_field *f)
{
	unsigned char *p = (unsigned char *)rec + f->off;

	if (f->kind == F_LIST)
		return;
	memset(p, 0, f->size);
	if (f->kind == F_STR && f->def_str != NULL)
		str_copy((char *)p, f->def_str, f->size);
	else if (f->kind == F_INT && f->size == 1)
		*p = (uint8_t)f->def;
	else if (f->kind == F_INT && f->size == 2)
		memcpy(p, &(uint16_t){(uint16_t)f->def}, 2);
	else if (f->kind == F_INT)
		memcpy(p, &f->def, 4);
}

bool
cf_field_is_default(const void *rec, const struct cli_field *f)
{
	unsigned char d[256] = {0};
	struct cli_field at0 = *f;

	if (f->kind == F_LIST || f->size > sizeof(d))
		return true;
	at0.off = 0;
	cf_field_default(d, &at0);
	if (f->kind == F_STR)
		return strcmp((const char *)rec + f->off, (char *)d) == 0;
	return memcmp((const unsigned char *)rec + f->off, d, f->size) == 0;
}

void
cf_defaults(void *rec, uint16_t class)
{
	const struct cli_class *k = &cli_classes[class];

	for (unsigned i = 0; i < k->nfields; i++)
		cf_field_default(rec, &cli_fields[k->field0 + i]);
}

struct cf_obj *
cf_obj_new(struct conf *c, struct cf_obj *parent, uint16_t class)
{
	struct cf_obj *o = arena_alloc(c->arena, cf_class_size(class));

	o->parent = parent;
	o->class = class;
	cf_defaults(o, class);
	return o;
}

struct cf_list *
cf_list_at(struct cf_obj *owner, uint16_t offset)
{
	return (struct cf_list *)(void *)((char *)owner + offset);
}

/* ---- lines ---- */

static bool
is_sorted(const struct cf_ent *e)
{
	const struct cli_form *f = ent_form(e);

	return f != NULL &&
	    ((f->flags & FF_NUMBERED) != 0 || cli_slots[e->slot].sorted);
}

static bool
comes_before(const struct cf_ent *a, const struct cf_ent *b)
{
	if ((ent_form(a)->flags & FF_NUMBERED) != 0)
		return a->number < b->number;
	return strverscmp(a->key, b->key) < 0;
}

/* How many lines of a sorted slot a new one goes behind. */
static uint32_t
rank_of(const struct cf_group *g, const struct cf_ent *e)
{
	uint32_t from = 0, to = g->n;

	if (to == 0 || !comes_before(e, g->last))
		return to;
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (comes_before(e, g->order[mid]))
			to = mid;
		else
			from = mid + 1;
	}
	return from;
}

static void
order_insert(struct conf *c, struct cf_group *g, struct cf_ent *e)
{
	uint32_t at = rank_of(g, e);

	if (g->n == g->order_size) {
		struct cf_ent **old = g->order;

		g->order_size = g->n != 0 ? 2 * g->n : 8;
		g->order = arena_alloc(c->arena,
		    g->order_size * sizeof(struct cf_ent *));
		if (g->n != 0)
			memcpy(g->order, old, g->n * sizeof(struct cf_ent *));
	}
	memmove(g->order + at + 1, g->order + at,
	    (g->n - at) * sizeof(struct cf_ent *));
	g->order[at] = e;
}

static void
order_remove(struct cf_group *g, const struct cf_ent *e)
{
	uint32_t at = rank_of(g, e);

	while (at > 0 && g->order[--at] != e)
		;
	memmove(g->order + at, g->order + at + 1,
	    (g->n - at - 1) * sizeof(struct cf_ent *));
}

struct cf_ent *
cf_number_find(const struct cf_group *g, uint32_t number)
{
	uint32_t from = 0, to = g->order != NULL ? g->n : 0;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (g->order[mid]->number == number)
			return g->order[mid];
		if (g->order[mid]->number < number)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

bool
cf_stays_last(const struct cf_ent *e)
{
	const char *last = e->slot == CF_KEPT ? NULL : cli_slots[e->slot].last;

	return last != NULL && strcmp(e->key, last) == 0;
}

/* The line behind which a new one goes; NULL: at the front. */
static struct cf_ent *
place_of(const struct conf *c, const struct cf_obj *owner,
    const struct cf_ent *e)
{
	const struct cf_group *g = cf_group_find(c, owner, e->slot);
	const struct cli_mode *m = obj_mode(owner);
	unsigned slot = e->slot;

	if (g != NULL && g->n != 0) {
		uint32_t at = is_sorted(e) ? rank_of(g, e) : g->n;

		if (cf_stays_last(g->last))
			return g->last->prev;
		if (at == g->n)
			return g->last;
		return at > 0 ? g->order[at - 1] : g->order[0]->prev;
	}
	if (slot > (unsigned)m->slot0 + m->nslots)
		slot = (unsigned)m->slot0 + m->nslots;
	while (slot-- > m->slot0) {
		g = cf_group_find(c, owner, (uint16_t)slot);
		if (g != NULL && g->n != 0)
			return g->last;
	}
	return NULL;
}

static void
list_insert(struct cf_list *l, struct cf_obj *after, struct cf_obj *o)
{
	if (after == NULL) {
		o->next = l->first;
		l->first = o;
	} else {
		o->next = after->next;
		after->next = o;
	}
	if (o->next == NULL)
		l->last = o;
	l->n++;
}

static void
list_remove(struct cf_list *l, struct cf_obj *before, struct cf_obj *o)
{
	if (before == NULL)
		l->first = o->next;
	else
		before->next = o->next;
	if (l->last == o)
		l->last = before;
	o->next = NULL;
	l->n--;
}

static struct cf_obj *
obj_before(const struct cf_ent *e)
{
	return e->prev != NULL && e->prev->slot == e->slot ? e->prev->obj
							   : NULL;
}

static void
ent_link(struct conf *c, struct cf_obj *owner, struct cf_ent *e,
    struct cf_ent *after)
{
	struct cf_group *g = group_get(c, owner, e->slot);
	const struct cli_form *f = ent_form(e);

	e->owner = owner;
	if (e->obj != NULL)
		e->obj->head = e;
	e->prev = after;
	e->next = after != NULL ? after->next : owner->ents;
	if (after != NULL)
		after->next = e;
	else
		owner->ents = e;
	if (e->next != NULL)
		e->next->prev = e;
	if (is_sorted(e))
		order_insert(c, g, e);
	if (g->n++ == 0 || after == g->last)
		g->last = e;
	g->off += e->negated;
	index_add(c, e);
	if (f != NULL && f->list != CLI_NO_LIST && e->obj != NULL)
		list_insert(cf_list_at(owner, f->list), obj_before(e), e->obj);
}

void
cf_ent_insert(struct conf *c, struct cf_obj *owner, struct cf_ent *e)
{
	ent_link(c, owner, e, place_of(c, owner, e));
}

static void
forget_below(struct conf *c, struct cf_obj *o)
{
	for (struct cf_ent *e = o->ents; e != NULL; e = e->next) {
		struct cf_group *g = cf_group_find(c, o, e->slot);

		index_remove(c, e);
		if (g != NULL) {
			g->n = g->off = 0;
			g->last = NULL;
		}
		if (e->obj != NULL)
			forget_below(c, e->obj);
	}
}

void
cf_ent_remove(struct conf *c, struct cf_ent *e)
{
	struct cf_group *g = cf_group_find(c, e->owner, e->slot);
	const struct cli_form *f = ent_form(e);

	if (f != NULL && f->list != CLI_NO_LIST && e->obj != NULL)
		list_remove(cf_list_at(e->owner, f->list), obj_before(e),
		    e->obj);
	if (g != NULL) {
		if (is_sorted(e))
			order_remove(g, e);
		g->n--;
		g->off -= e->negated;
		if (g->last == e)
			g->last = g->n != 0 ? e->prev : NULL;
	}
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		e->owner->ents = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	index_remove(c, e);
	if (e->obj != NULL)
		forget_below(c, e->obj);
}

void
cf_ent_affirm(struct conf *c, struct cf_ent *e)
{
	struct cf_group *g = cf_group_find(c, e->owner, e->slot);

	if (e->negated && g != NULL)
		g->off--;
	e->negated = false;
}

uint32_t
cf_slot_on(const struct conf *c, const struct cf_obj *owner, uint16_t slot)
{
	const struct cf_group *g = cf_group_find(c, owner, slot);

	return g != NULL ? g->n - g->off : 0;
}

struct cf_ent *
cf_slot_first(const struct conf *c, const struct cf_obj *owner, uint16_t slot)
{
	const struct cf_group *g = cf_group_find(c, owner, slot);
	struct cf_ent *e = g != NULL && g->n != 0 ? g->last : NULL;

	while (e != NULL && e->prev != NULL && e->prev->slot == slot)
		e = e->prev;
	return e;
}

/* ---- lines that are kept as typed ---- */

static uint64_t
word_bit(const char *text)
{
	uint32_t h = 0;

	text += strspn(text, " ");
	for (; *text != '\0' && *text != ' '; text++)
		h = h * 31 + (unsigned char)*text;
	return 1ULL << (h % 64);
}

static size_t
indent_of(const struct cf_ent *e)
{
	return strspn(e->text, " ");
}

static void
kept_drop(struct conf *c, struct cf_block *b, struct cf_ent *e)
{
	if (b->at == e)
		b->at = e->prev != NULL && e->prev->slot == CF_KEPT ? e->prev
								     : NULL;
	cf_ent_remove(c, e);
}

/* A line ends its own negation where that stands behind it: in the same part
 * of the block, which lines that are indented less end. */
static void
kept_affirm(struct conf *c, struct cf_block *b, struct cf_ent *line)
{
	size_t indent = indent_of(line);
	const char *t = line->text + indent;
	struct cf_ent *e = line->next;
	char *no = xasprintf("%*sno %s", (int)indent, "", t);

	if (cf_ent_find(c, &b->obj, CF_KEPT, no) == NULL)
		e = NULL;
	while (e != NULL && indent_of(e) >= indent && strcmp(e->text, no) != 0)
		e = e->next;
	if (e != NULL && indent_of(e) >= indent)
		kept_drop(c, b, e);
	free(no);
}

/* A block that is entered again holds its lines already: a line that is found
 * ahead moves the place, so that the same text twice changes nothing. */
void
cf_kept_add(struct conf *c, struct cf_block *b, const char *text)
{
	struct cf_ent *e = b->at != NULL ? b->at->next
					 : cf_slot_first(c, &b->obj, CF_KEPT);

	if (cf_ent_find(c, &b->obj, CF_KEPT, text) == NULL)
		e = NULL;
	while (e != NULL && strcmp(e->text, text) != 0)
		e = e->next;
	if (e == NULL) {
		e = arena_alloc(c->arena, sizeof(*e));
		e->form = e->slot = CF_KEPT;
		e->text = e->key = arena_strdup(c->arena, text);
		b->words |= word_bit(text);
		ent_link(c, &b->obj, e,
		    b->at != NULL ? b->at : place_of(c, &b->obj, e));
	}
	b->at = e;
	kept_affirm(c, b, e);
}

/* Where the part of the block begins that the place is in. */
static struct cf_ent *
part_first(const struct conf *c, const struct cf_block *b, size_t indent)
{
	struct cf_ent *e = b->at;

	if (e == NULL || indent == 0)
		return cf_slot_first(c, &b->obj, CF_KEPT);
	if (indent_of(e) < indent)
		return e->next;
	while (e->prev != NULL && e->prev->slot == CF_KEPT &&
	    indent_of(e->prev) >= indent)
		e = e->prev;
	return e;
}

/* All lines that begin with the text, with what is below them. Who does not
 * indent means any depth. */
bool
cf_kept_remove(struct conf *c, struct cf_block *b, const char *text,
    size_t indent)
{
	struct cf_ent *e, *next;
	size_t len = strlen(text), depth = SIZE_MAX;
	bool found = false;

	if ((b->words & word_bit(text)) == 0)
		return false;
	for (e = part_first(c, b, indent);
	     e != NULL && indent_of(e) >= indent; e = next) {
		size_t in = indent_of(e);
		const char *t = e->text + in;

		next = e->next;
		if (in <= depth)
			depth = SIZE_MAX;
		if (depth == SIZE_MAX && (in == indent || indent == 0) &&
		    strncmp(t, text, len) == 0 &&
		    (t[len] == '\0' || t[len] == ' ')) {
			depth = in;
			found = true;
		} else if (depth == SIZE_MAX)
			continue;
		kept_drop(c, b, e);
	}
	return found;
}
