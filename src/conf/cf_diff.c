/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The difference of two configurations as IOS shows it: lines with + and -,
 * below the headers of the blocks that they are in.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "conf/cf_int.h"

struct diff {
	struct strbuf *out;
	bool added_only; /* no signs, and nothing of what is gone */
	unsigned flags;
};

/* Where lines are written: below a header, or behind its words. */
struct place {
	unsigned depth;
	const char *prefix;
	bool numbers;
};

static void
put(struct diff *d, const struct place *at, char sign, const struct cf_ent *e)
{
	if (d->added_only && sign == '-')
		return;
	for (unsigned i = 0; i < at->depth; i++)
		sb_add(d->out, " ", 1);
	if (sign != ' ' && !d->added_only)
		sb_add(d->out, &sign, 1);
	if (at->prefix != NULL)
		sb_printf(d->out, "%s ", at->prefix);
	else if (at->numbers && e->number != 0)
		sb_printf(d->out, "%u ", e->number);
	if (e->negated)
		sb_add(d->out, "no ", 3);
	sb_add(d->out, e->text, strlen(e->text));
	sb_add(d->out, "\n", 1);
}

static void
put_all(struct diff *d, const struct place *at, char sign,
    const struct cf_ent *e)
{
	struct place below = {at->depth + 1, NULL, false};

	if (ent_is_prefix(e))
		below = (struct place){at->depth, e->text, false};
	else
		put(d, at, sign, e);
	if (!ent_has_mode(e))
		return;
	below.numbers = !cf_plain_numbers(e->obj);
	for (const struct cf_ent *x = e->obj->ents; x != NULL; x = x->next)
		put_all(d, &below, sign, x);
}

static void diff_objs(struct diff *d, const struct place *at,
    const struct cf_obj *a, const struct cf_obj *b);

static void
diff_mates(struct diff *d, const struct place *at, const struct cf_ent *a,
    const struct cf_ent *b)
{
	bool changed = strcmp(a->text, b->text) != 0 ||
	    a->negated != b->negated;
	struct place below = {at->depth + 1, NULL, false};
	size_t start, header;

	if (changed && (d->flags & CF_PAIR_NOCASE) != 0)
		changed = strcasecmp(a->text, b->text) != 0 ||
		    a->negated != b->negated;
	if (ent_is_prefix(a) && ent_is_prefix(b))
		below = (struct place){at->depth, b->text, false};
	else if (changed) {
		put(d, at, '-', a);
		put(d, at, '+', b);
	}
	if (!ent_has_mode(a) || !ent_has_mode(b))
		return;
	below.numbers = !cf_plain_numbers(a->obj) || !cf_plain_numbers(b->obj);
	start = d->out->len;
	if (!changed && below.prefix == NULL)
		put(d, at, ' ', b);
	header = d->out->len;
	diff_objs(d, &below, a->obj, b->obj);
	if (d->out->len == header && header != start) {
		d->out->len = start;
		d->out->s[start] = '\0';
	}
}

static void
diff_objs(struct diff *d, const struct place *at, const struct cf_obj *a,
    const struct cf_obj *b)
{
	struct cf_pair p;
	size_t i = 0, j = 0;

	cf_pair_new(&p, a, b, d->flags);
	cf_pair_longest(&p);
	while (i < p.na || j < p.nb) {
		if (i < p.na && p.of[i] == -1)
			put_all(d, at, '-', p.a[i++]);
		else if (j < p.nb && p.mate[j] == -1)
			put_all(d, at, '+', p.b[j++]);
		else
			diff_mates(d, at, p.a[i++], p.b[j++]);
	}
	cf_pair_free(&p);
}

void
conf_diff(struct strbuf *out, const struct conf *a, const struct conf *b)
{
	struct diff d = {out, false, 0};
	struct place top = {0, NULL, false};

	diff_objs(&d, &top, &a->obj, &b->obj);
}

void
conf_diff_added(struct strbuf *out, const struct conf *a, const struct conf *b,
    bool nocase)
{
	struct diff d = {out, true, nocase ? CF_PAIR_NOCASE : 0};
	struct place top = {0, NULL, false};

	diff_objs(&d, &top, &a->obj, &b->obj);
}
