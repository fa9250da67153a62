/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Printing: the canonical lines, one blank of indentation per level. Lines of
 * a slot that is always printed (`no ip address`) are added for people; a
 * process does not need them.
 */
#include "config.h"

#include <string.h>

#include "conf/cf_int.h"

struct print {
	struct strbuf *sb;
	const struct conf *c;
	unsigned procs;
	const char *last; /* the line before, at the top level */
	bool block;	  /* ... it was a block */
};

static void
put(struct print *p, unsigned depth, const char *s)
{
	while (depth-- > 0)
		sb_add(p->sb, " ", 1);
	sb_add(p->sb, s, strlen(s));
	sb_add(p->sb, "\n", 1);
}

static bool
wanted(const struct print *p, const struct cf_ent *e)
{
	const struct cli_form *f = ent_form(e);

	if ((p->procs & CF_MAIN) != 0)
		return true;
	return f != NULL && (f->deliver & p->procs) != 0;
}

/* Sequence numbers are printed when they are not simply 10, 20, 30... */
bool
cf_plain_numbers(const struct cf_obj *o)
{
	uint32_t want = 10;

	for (const struct cf_ent *e = o->ents; e != NULL; e = e->next) {
		if (e->number == 0)
			continue;
		if (e->number != want)
			return false;
		want += 10;
	}
	return true;
}

static void print_lines(struct print *p, const struct cf_obj *o,
    unsigned depth, const char *prefix);

/* Always-lines of the empty slots from *slot up to the one before `to`. */
static void
put_always(struct print *p, const struct cf_obj *o, unsigned depth,
    unsigned *slot, unsigned to)
{
	const struct cf_group *g;

	for (; *slot < to; (*slot)++) {
		if (cli_slots[*slot].always == NULL ||
		    (p->procs & CF_MAIN) == 0)
			continue;
		g = cf_group_find(p->c, o, (uint16_t)*slot);
		if (g == NULL || g->n == 0)
			put(p, depth, cli_slots[*slot].always);
	}
}

static void
print_ent(struct print *p, const struct cf_ent *e, unsigned depth,
    const char *prefix, bool numbers)
{
	const struct cli_form *f = ent_form(e);

	if (f != NULL && f->action == FA_PREFIX) {
		print_lines(p, e->obj, depth, e->text);
		return;
	}
	for (unsigned i = 0; i < depth; i++)
		sb_add(p->sb, " ", 1);
	if (prefix != NULL)
		sb_printf(p->sb, "%s ", prefix);
	else if (numbers && e->number != 0)
		sb_printf(p->sb, "%u ", e->number);
	if (e->negated)
		sb_add(p->sb, "no ", 3);
	sb_add(p->sb, e->text, strlen(e->text));
	sb_add(p->sb, "\n", 1);
	if (e->obj != NULL && cli_classes[e->obj->class].mode != 0)
		print_lines(p, e->obj, depth + 1, NULL);
}

/* `!` between what does not belong together, as people read it: around
 * blocks, and where the first word changes. */
static void
separate(struct print *p, const struct cf_ent *e)
{
	bool block = e->obj != NULL && cli_classes[e->obj->class].mode != 0 &&
	    ent_form(e)->action != FA_PREFIX;
	size_t len = strcspn(e->text, " ");

	if (p->last != NULL &&
	    (block || p->block || strncmp(p->last, e->text, len + 1) != 0))
		put(p, 0, "!");
	p->last = e->text;
	p->block = block;
}

static void
print_lines(struct print *p, const struct cf_obj *o, unsigned depth,
    const char *prefix)
{
	const struct cli_mode *m = obj_mode(o);
	bool numbers = prefix == NULL && !cf_plain_numbers(o);
	unsigned slot = m->slot0;

	for (const struct cf_ent *e = o->ents; e != NULL; e = e->next) {
		if (!wanted(p, e))
			continue;
		if (e->slot != CF_KEPT)
			put_always(p, o, depth, &slot, e->slot);
		if (depth == 0 && prefix == NULL && (p->procs & CF_MAIN) != 0)
			separate(p, e);
		print_ent(p, e, depth, prefix, numbers);
	}
	put_always(p, o, depth, &slot, (unsigned)m->slot0 + m->nslots);
}

void
conf_print(struct strbuf *sb, const struct conf *c, unsigned procs)
{
	struct print p = {sb, c, procs, NULL, false};

	print_lines(&p, &c->obj, 0, NULL);
}

void
conf_print_obj(struct strbuf *sb, const struct conf *c, const struct cf_obj *o)
{
	struct print p = {sb, c, CF_MAIN, NULL, false};

	if (o->parent == NULL) {
		print_lines(&p, o, 0, NULL);
		return;
	}
	if (o->head != NULL)
		print_ent(&p, o->head, 0, NULL, false);
}
