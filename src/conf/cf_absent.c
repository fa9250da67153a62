/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an empty slot means, as a line: a form with defaults is written with
 * them, one that is on by default with its words. Of the ways through the
 * graph on which each value and constant is the default of its field it is
 * the one with the most of them, then the one with the fewest words.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cf_int.h"

struct text {
	bool known;
	char *s; /* NULL: none */
	uint16_t form;
};

struct cf_absent {
	size_t n;
	struct text v[]; /* by slot */
};

struct attempt {
	struct strbuf out, best;
	unsigned fields, best_fields; /* that it says */
	uint16_t form;
};

static void put_edges(struct attempt *, uint32_t edges);

static void
add_word(struct strbuf *out, const char *s)
{
	if (*s == '\0')
		return;
	if (out->len != 0)
		sb_add(out, " ", 1);
	sb_add(out, s, strlen(s));
}

static bool
add_name(struct strbuf *out, const struct cli_node *n, uint32_t value)
{
	for (const struct ace_name *a = n->names; a->name != NULL; a++)
		if (a->value == value) {
			add_word(out, a->name);
			return true;
		}
	return false;
}

static bool
add_number(struct strbuf *out, const struct cli_node *n, uint32_t value)
{
	char buf[IP4_STRLEN];

	switch (n->type) {
	case T_IP4:
	case T_MASK:
	case T_WILD:
		add_word(out, ip4_str(value, buf));
		return true;
	case T_NAMES:
		if (add_name(out, n, value))
			return true;
		if (n->hi == 0)
			return false;
		break;
	case T_UINT:
		break;
	default:
		return false;
	}
	if (value < n->lo || value > n->hi)
		return false;
	snprintf(buf, sizeof(buf), "%u", value);
	add_word(out, buf);
	return true;
}

static bool
add_value(struct strbuf *out, const struct cli_node *n)
{
	const struct cli_field *f;

	if (n->field == CLI_NO_LIST)
		return false;
	f = &cli_fields[n->field];
	if (f->kind == F_INT)
		return add_number(out, n, f->def);
	if (f->kind != F_STR || f->def_str == NULL || *f->def_str == '\0')
		return false;
	add_word(out, f->def_str);
	return true;
}

static void
put_end(struct attempt *a)
{
	if (a->out.len == 0 || (a->best.len != 0 &&
	    (a->fields < a->best_fields || (a->fields == a->best_fields &&
	    a->out.len >= a->best.len))))
		return;
	a->best.len = 0;
	sb_add(&a->best, a->out.s, a->out.len);
	a->best_fields = a->fields;
}

static void
put_node(struct attempt *a, const struct cli_node *n)
{
	switch (n->kind) {
	case N_WORD:
		if ((n->flags & NF_HIDDEN) != 0)
			return;
		add_word(&a->out, n->print);
		put_edges(a, n->next);
		break;
	case N_VALUE:
	case N_SET:
		if (n->kind == N_VALUE ? !add_value(&a->out, n) :
		    cli_fields[n->field].def != n->lo)
			return;
		a->fields++;
		put_edges(a, n->next);
		a->fields--;
		break;
	case N_ANY: /* the way out: its alternatives are not looked at */
		put_edges(a, n->next);
		break;
	case N_END:
		if (n->form == a->form)
			put_end(a);
		break;
	default:
		break;
	}
}

static void
put_edges(struct attempt *a, uint32_t edges)
{
	size_t len = a->out.len;

	for (const uint16_t *e = &cli_edges[edges]; *e != 0; e++) {
		put_node(a, &cli_nodes[*e]);
		a->out.len = len;
	}
}

/* Lines with a reason why they have no effect stand for no default. */
static bool
has_default(const struct cli_form *f, unsigned slot)
{
	return f->slot == slot && f->action == FA_LINE && f->note == NULL &&
	    (f->flags & (FF_ON | FF_DEFAULT)) != 0 &&
	    (f->flags & FF_HIDDEN) == 0;
}

static void
make_text(struct text *t, unsigned slot)
{
	struct attempt a = {.form = 0};

	t->known = true;
	for (unsigned i = 0; i < cli_form_count && t->s == NULL; i++) {
		if (!has_default(&cli_forms[i], slot))
			continue;
		a.form = (uint16_t)i;
		put_edges(&a, cli_modes[cli_forms[i].mode].root);
		if (a.best.len != 0) {
			t->s = xstrdup(a.best.s);
			t->form = a.form;
		}
	}
	sb_free(&a.out);
	sb_free(&a.best);
}

struct cf_absent *
cf_absent_new(void)
{
	struct cf_absent *d;
	size_t n = 0;

	for (unsigned i = 0; i < cli_mode_count; i++)
		if (n < (size_t)cli_modes[i].slot0 + cli_modes[i].nslots)
			n = (size_t)cli_modes[i].slot0 + cli_modes[i].nslots;
	d = xcalloc(1, sizeof(*d) + n * sizeof(d->v[0]));
	d->n = n;
	return d;
}

const char *
cf_absent_text(struct cf_absent *d, const struct cf_obj *o, unsigned slot)
{
	struct text *t = &d->v[slot];
	const struct cli_form *f;

	if (!t->known)
		make_text(t, slot);
	if (t->s == NULL)
		return NULL;
	/* A line of another slot may set the same field. */
	f = &cli_forms[t->form];
	for (unsigned i = 0; i < f->nfields; i++)
		if (!cf_field_is_default(o, &cli_fields[f->fields[i]]))
			return NULL;
	return t->s;
}

void
cf_absent_free(struct cf_absent *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].s);
	free(d);
}
