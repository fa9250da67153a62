/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Printing: the canonical lines, one blank of indentation per level. Lines of
 * a slot that is always printed (`no ip address`) are added for people; a
 * process does not need them. A view is what a person or program asked for
 * of it, line by line.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "conf/cf_int.h"

struct print {
	struct strbuf *sb;
	const struct conf *c;
	unsigned procs;
	const char *last; /* the line before, at the top level */
	bool block;	  /* ... it was a block */
	/* of a view: sb is one line */
	const struct conf_view *view;
	conf_line_fn *fn;
	void *arg;
	struct cf_absent *absent;
};

static void
begin_line(struct print *p, unsigned depth)
{
	if (p->fn != NULL)
		p->sb->len = 0;
	else
		while (depth-- > 0)
			sb_add(p->sb, " ", 1);
}

static void
end_line(struct print *p, unsigned depth)
{
	if (p->fn != NULL)
		p->fn(p->arg, depth, p->sb->s);
	else
		sb_add(p->sb, "\n", 1);
}

static void
put(struct print *p, unsigned depth, const char *s)
{
	begin_line(p, depth);
	sb_add(p->sb, s, strlen(s));
	end_line(p, depth);
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

/* What an empty slot prints, NULL: nothing. */
static const char *
empty_text(const struct print *p, const struct cf_obj *o, unsigned slot)
{
	if ((p->procs & CF_MAIN) == 0)
		return NULL;
	if (cli_slots[slot].always != NULL || p->absent == NULL)
		return cli_slots[slot].always;
	return cf_absent_text(p->absent, o, slot);
}

/* Lines of the empty slots from *slot up to the one before `to`. */
static void
put_empty(struct print *p, const struct cf_obj *o, unsigned depth,
    unsigned *slot, unsigned to)
{
	const struct cf_group *g;
	const char *text;

	for (; *slot < to; (*slot)++) {
		text = empty_text(p, o, *slot);
		if (text == NULL)
			continue;
		g = cf_group_find(p->c, o, (uint16_t)*slot);
		if (g == NULL || g->n == 0)
			put(p, depth, text);
	}
}

/* `brief` leaves the octets of certificates out: lines of their own, or what
 * follows in the text of a line. */
static bool
certificate_text(const struct cf_ent *e)
{
	const struct cf_ent *head = e->owner->head;

	return head != NULL &&
	    strstr(head->text, " certificate chain ") != NULL;
}

static bool
certificate_data(const struct cf_ent *e)
{
	size_t hex = strspn(e->text, "0123456789abcdefABCDEF ");

	return certificate_text(e) &&
	    (e->text[hex] == '\0' || strcmp(e->text, "quit") == 0);
}

/* At the top of a view of some blocks only. */
static bool
in_view(const struct print *p, const struct cf_ent *e, unsigned depth)
{
	const char *const *b;

	if (p->view == NULL)
		return true;
	if (p->view->brief && certificate_data(e))
		return false;
	if (depth != 0 || p->view->begins == NULL)
		return true;
	for (b = p->view->begins; *b != NULL; b++)
		if (strncmp(e->text, *b, strlen(*b)) == 0)
			return true;
	return false;
}

/* Records of the words of one line. */
static bool
goes_on(const struct cf_ent *e)
{
	const struct cli_form *f = ent_form(e);

	return f != NULL && (f->flags & FF_EACH) != 0 && e->next != NULL &&
	    e->next->form == e->form;
}

static const char *
last_word(const struct cf_ent *e)
{
	return strrchr(e->text, ' ');
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
	begin_line(p, depth);
	if (prefix != NULL)
		sb_printf(p->sb, "%s ", prefix);
	else if (numbers && e->number != 0)
		sb_printf(p->sb, "%u ", e->number);
	if (e->negated)
		sb_add(p->sb, "no ", 3);
	sb_add(p->sb, e->text, p->view != NULL && p->view->brief &&
	    certificate_text(e) ? strcspn(e->text, "\n") : strlen(e->text));
	for (; goes_on(e); e = e->next)
		sb_printf(p->sb, "%s", last_word(e->next));
	end_line(p, depth);
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

/* What is not there is printed too: not of a selection of blocks. */
static bool
whole(const struct print *p, unsigned depth, const char *prefix)
{
	return prefix == NULL && (depth != 0 || p->view == NULL ||
	    p->view->begins == NULL);
}

static void
print_lines(struct print *p, const struct cf_obj *o, unsigned depth,
    const char *prefix)
{
	const struct cli_mode *m = obj_mode(o);
	bool numbers = prefix == NULL && !cf_plain_numbers(o);
	unsigned slot = m->slot0;

	for (const struct cf_ent *e = o->ents; e != NULL; e = e->next) {
		if (!wanted(p, e) || !in_view(p, e, depth))
			continue;
		if (e->slot != CF_KEPT && whole(p, depth, prefix))
			put_empty(p, o, depth, &slot, e->slot);
		if (depth == 0 && prefix == NULL && (p->procs & CF_MAIN) != 0)
			separate(p, e);
		print_ent(p, e, depth, prefix, numbers);
		while (goes_on(e))
			e = e->next;
	}
	if (whole(p, depth, prefix))
		put_empty(p, o, depth, &slot, (unsigned)m->slot0 + m->nslots);
}

void
conf_print(struct strbuf *sb, const struct conf *c, unsigned procs)
{
	struct print p = {.sb = sb, .c = c, .procs = procs};

	print_lines(&p, &c->obj, 0, NULL);
}

void
conf_view(const struct conf *c, const struct conf_view *view, conf_line_fn *fn,
    void *arg)
{
	struct strbuf line = {0};
	struct print p = {.sb = &line, .c = c, .procs = CF_MAIN, .view = view,
	    .fn = fn, .arg = arg};

	if (view->all)
		p.absent = cf_absent_new();
	if (view->only == NULL)
		print_lines(&p, &c->obj, 0, NULL);
	else if (view->only->head != NULL)
		print_ent(&p, view->only->head, 0, NULL, false);
	cf_absent_free(p.absent);
	if (line.s != NULL)
		explicit_bzero(line.s, line.len);
	sb_free(&line);
}
