/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The commands that make one configuration out of another. What goes is taken
 * away first, the last lines first, then what is new comes in the order of
 * printing. Some lines cannot be changed like that (an address that another
 * interface still has, `no X` that takes more than X, blocks that keep what
 * they do not know): the commands are tried on a copy, and further passes
 * take away more than strictly needed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cf_int.h"

#define PASSES 4

/* What a pass does with records that differ. */
enum force {
	EDIT = 1, /* only what differs */
	CLEAR,	  /* values are removed before they change, blocks emptied */
	REMAKE,	  /* records of the top level are removed and made again */
};

struct change {
	struct strbuf *out;
	enum force force;
};

static void
put(struct change *c, unsigned depth, const char *word, const char *text,
    size_t len)
{
	for (unsigned i = 0; i < depth; i++)
		sb_add(c->out, " ", 1);
	sb_add(c->out, word, strlen(word));
	sb_add(c->out, text, len);
	sb_add(c->out, "\n", 1);
}

static void
put_text(struct change *c, unsigned depth, const char *word, const char *text)
{
	put(c, depth, word, text, strlen(text));
}

static bool
is_numbered(const struct cf_ent *e)
{
	return e->number != 0 && !cf_is_prefix(e->owner);
}

static unsigned
flags_of(const struct cf_ent *e)
{
	const struct cli_form *f = ent_form(e);

	return f != NULL ? f->flags : 0;
}

/* ---- lines ---- */

static void
put_removal(struct change *c, unsigned depth, const struct cf_ent *e)
{
	const char *text = e->text + strspn(e->text, " ");
	size_t len = strcspn(text, "\n\003");
	char number[16];

	if (is_numbered(e)) {
		snprintf(number, sizeof(number), "%u", e->number);
		put_text(c, depth, "no ", number);
		return;
	}
	if (text[len] != '\0') { /* a banner: without its text */
		while (len > 0 && text[len - 1] != ' ')
			len--;
		while (len > 0 && text[len - 1] == ' ')
			len--;
	}
	put(c, depth,
	    !e->negated				  ? "no "
		: (flags_of(e) & FF_BOTH) != 0 ? "default "
						  : "",
	    text, len);
}

static void
put_line(struct change *c, unsigned depth, const struct cf_ent *e)
{
	char word[20] = "";

	if (is_numbered(e))
		snprintf(word, sizeof(word), "%u ", e->number);
	put_text(c, depth, e->negated ? "no " : word, e->text);
}

static void
put_all(struct change *c, unsigned depth, const struct cf_ent *e)
{
	char *prefix;

	if (ent_is_prefix(e)) {
		prefix = xasprintf("%s ", e->text);
		for (const struct cf_ent *x = e->obj->ents; x != NULL;
		     x = x->next)
			put_text(c, depth, prefix, x->text);
		free(prefix);
		return;
	}
	put_line(c, depth, e);
	if (!ent_has_mode(e))
		return;
	for (const struct cf_ent *x = e->obj->ents; x != NULL; x = x->next)
		put_all(c, depth + 1, x);
}

/* ---- pairs ---- */

static bool
changed(const struct cf_ent *a, const struct cf_ent *b)
{
	return strcmp(a->text, b->text) != 0 || a->negated != b->negated;
}

/* Lists of lines that are typed with their name: only appending is sure. */
static bool
is_appended(const struct cf_obj *a, const struct cf_obj *b)
{
	const struct cf_ent *x = a->ents, *y = b->ents;

	for (; x != NULL && y != NULL; x = x->next, y = y->next)
		if (strcmp(x->text, y->text) != 0)
			return false;
	return x == NULL;
}

static bool
differs(const struct cf_obj *a, const struct cf_obj *b)
{
	const struct cf_ent *x = a->ents, *y = b->ents;

	for (; x != NULL && y != NULL; x = x->next, y = y->next)
		if (changed(x, y) || (x->obj == NULL) != (y->obj == NULL) ||
		    (is_numbered(x) && x->number != y->number) ||
		    (ent_has_mode(x) && differs(x->obj, y->obj)))
			return true;
	return x != NULL || y != NULL;
}

/* Whether a record can become the other without being made again. */
static bool
can_become(const struct change *c, const struct cf_ent *a,
    const struct cf_ent *b)
{
	if (!ent_has_mode(a) || !ent_has_mode(b))
		return (a->obj == NULL) == (b->obj == NULL);
	if (cli_classes[a->obj->class].mode != cli_classes[b->obj->class].mode)
		return false;
	if (ent_is_prefix(b))
		return ent_is_prefix(a) && is_appended(a->obj, b->obj);
	if (c->force >= REMAKE && a->owner->parent == NULL)
		return strcmp(a->text, b->text) == 0 &&
		    !differs(a->obj, b->obj);
	return true;
}

static void
pair_up(const struct change *c, struct cf_pair *p, const struct cf_obj *a,
    const struct cf_obj *b)
{
	cf_pair_new(p, a, b, cf_is_prefix(a) ? 0 : CF_PAIR_NUMBERS);
	for (size_t i = 0; i < p->nb; i++)
		if (p->mate[i] != -1 &&
		    !can_become(c, p->a[p->mate[i]], p->b[i]))
			cf_pair_part(p, i);
	cf_pair_appended(p);
}

/* ---- blocks that keep lines as they are typed ---- */

static bool
kept_differ(const struct cf_pair *p)
{
	ptrdiff_t last = -1;

	for (size_t i = 0; i < p->na; i++)
		if (p->a[i]->slot == CF_KEPT && p->of[i] == -1)
			return true;
	for (size_t i = 0; i < p->nb; i++) {
		if (p->b[i]->slot != CF_KEPT)
			continue;
		if (p->mate[i] <= last)
			return true;
		last = p->mate[i];
	}
	return false;
}

static bool
is_emptied(const struct change *c, const struct cf_pair *p,
    const struct cf_obj *a)
{
	return c->force >= CLEAR && obj_mode(a)->keep && kept_differ(p);
}

/* ---- what goes ---- */

static void
cut(struct change *c, size_t len)
{
	c->out->len = len;
	c->out->s[len] = '\0';
}

static void
remove_lines(struct change *c, unsigned depth, const struct cf_obj *a,
    const struct cf_obj *b)
{
	struct cf_pair p;

	pair_up(c, &p, a, b);
	if (is_emptied(c, &p, a)) {
		put_text(c, depth - 1, "default ", a->head->text);
		cf_pair_free(&p);
		return;
	}
	for (size_t i = p.na; i-- > 0;) {
		const struct cf_ent *x = p.a[i];
		const struct cf_ent *y = p.of[i] != -1 ? p.b[p.of[i]] : NULL;
		size_t start = c->out->len, below;

		if (y == NULL) {
			put_removal(c, depth, x);
			continue;
		}
		if (!ent_has_mode(x)) {
			if (c->force >= CLEAR && changed(x, y))
				put_removal(c, depth, x);
			continue;
		}
		if (ent_is_prefix(x))
			continue;
		put_line(c, depth, x);
		below = c->out->len;
		remove_lines(c, depth + 1, x->obj, y->obj);
		if (c->out->len == below)
			cut(c, start);
		else if (strncmp(c->out->s + below + depth, "default ", 8) ==
		    0) { /* of the header itself */
			size_t n = c->out->len - below;

			memmove(c->out->s + start, c->out->s + below, n);
			cut(c, start + n);
		}
	}
	cf_pair_free(&p);
}

/* ---- what comes ---- */

/* A line that is there moves the place behind which others go. */
static void
add_kept(struct change *c, unsigned depth, const struct cf_pair *p)
{
	if (!kept_differ(p))
		return;
	for (size_t i = 0; i < p->nb; i++)
		if (p->b[i]->slot == CF_KEPT)
			put_line(c, depth, p->b[i]);
}

static void add_lines(struct change *c, unsigned depth, const struct cf_obj *a,
    const struct cf_obj *b);

static void
add_prefixed(struct change *c, unsigned depth, const struct cf_ent *x,
    const struct cf_ent *y)
{
	const struct cf_ent *a = x->obj->ents, *b = y->obj->ents;
	char *prefix = xasprintf("%s ", y->text);

	for (; a != NULL && b != NULL; a = a->next)
		b = b->next;
	for (; b != NULL; b = b->next)
		put_text(c, depth, prefix, b->text);
	free(prefix);
}

static void
add_mates(struct change *c, unsigned depth, const struct cf_ent *x,
    const struct cf_ent *y)
{
	size_t start = c->out->len, below;

	if (!ent_has_mode(y)) {
		if (changed(x, y))
			put_line(c, depth, y);
		return;
	}
	if (ent_is_prefix(y)) {
		add_prefixed(c, depth, x, y);
		return;
	}
	put_line(c, depth, y);
	below = c->out->len;
	add_lines(c, depth + 1, x->obj, y->obj);
	if (c->out->len == below && !changed(x, y) && !ent_is_prefix(x))
		cut(c, start);
}

static void
add_lines(struct change *c, unsigned depth, const struct cf_obj *a,
    const struct cf_obj *b)
{
	struct cf_pair p;
	bool emptied;

	pair_up(c, &p, a, b);
	emptied = is_emptied(c, &p, a);
	for (size_t i = 0; i < p.nb; i++)
		if (emptied || (p.mate[i] == -1 && p.b[i]->slot != CF_KEPT))
			put_all(c, depth, p.b[i]);
		else if (p.b[i]->slot != CF_KEPT)
			add_mates(c, depth, p.a[p.mate[i]], p.b[i]);
	if (!emptied)
		add_kept(c, depth, &p);
	cf_pair_free(&p);
}

/* ---- passes ---- */

static void
one_pass(struct strbuf *out, const struct conf *a, const struct conf *b,
    enum force force)
{
	struct change c = {out, force};

	remove_lines(&c, 0, &a->obj, &b->obj);
	add_lines(&c, 0, &a->obj, &b->obj);
}

int
conf_commands(struct strbuf *out, const struct conf *from,
    const struct conf *to)
{
	static const enum force how[PASSES] = {EDIT, CLEAR, REMAKE, REMAKE};
	struct conf *now = conf_clone(from);
	struct strbuf text = {0};
	int n = 0;

	sb_add(out, "", 0);
	while (differs(&now->obj, &to->obj) && n < PASSES) {
		sb_add(&text, "", 0);
		one_pass(&text, now, to, how[n++]);
		sb_add(out, text.s, text.len);
		(void)!conf_load(now, text.s, text.len, NULL, NULL);
		text.len = 0;
	}
	if (differs(&now->obj, &to->obj))
		n = -1;
	conf_free(now);
	if (text.s != NULL)
		explicit_bzero(text.s, text.cap);
	sb_free(&text);
	return n;
}
