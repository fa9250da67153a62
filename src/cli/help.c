/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `?`: what may come next, as IOS prints it. Completion (complete.c) uses the
 * same rows.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/match.h"

/* ---- rows ---- */

static void
row_add(struct cli_rows *r, const char *label, const char *help, bool word,
    bool open)
{
	struct cli_row *x;

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].label, label) == 0)
			return;
	if (r->n == r->cap) {
		r->cap = r->cap != 0 ? 2 * r->cap : 32;
		r->v = xrealloc(r->v, r->cap * sizeof(*r->v));
	}
	x = &r->v[r->n++];
	str_copy(x->label, label, sizeof(x->label));
	x->help = help != NULL ? help : "";
	x->word = word;
	x->open = open;
}

static void
row_value(struct cli_rows *r, const struct cli_node *n)
{
	const char *name, *help;
	char buf[64];

	if (n->type == T_IFNAME) {
		for (unsigned i = 0; (name = cli_ifname_type(i, &help)) != NULL;
		     i++)
			row_add(r, name, help, true, true);
		return;
	}
	if (n->type == T_NAMES) {
		for (const struct ace_name *a = n->names; a->name != NULL; a++)
			row_add(r, a->name, a->help, true, false);
		if (n->hi == 0)
			return;
	}
	row_add(r, cli_value_label(n, buf, sizeof(buf)), n->help, false,
	    false);
}

struct visit {
	struct cli_rows *rows;
	bool negated;
	bool filters; /* `|` may come behind the command */
};

/* Whether a line can be made of this word that `no` may stand before: not an
 * exec command that is typed here. seen: nodes that were looked at. */
struct seen {
	uint16_t v[64];
	unsigned n;
};

static bool
can_be_negated(const struct cli_node *n, struct seen *seen)
{
	if (n->kind == N_END || n->kind == N_NOEND)
		return cli_forms[n->form].action != FA_RUN &&
		    cli_forms[n->form].action != FA_REFUSE;
	if (n->kind == N_JUMP)
		return true;
	for (const uint16_t *e = &cli_edges[n->next]; *e != 0; e++) {
		unsigned i = 0;

		while (i < seen->n && seen->v[i] != *e)
			i++;
		if (i < seen->n)
			continue;
		if (seen->n == NELEM(seen->v))
			return true;
		seen->v[seen->n++] = *e;
		if (can_be_negated(&cli_nodes[*e], seen))
			return true;
	}
	return false;
}

static void
visit(void *arg, const struct cli_node *n)
{
	struct visit *v = arg;
	struct seen seen = {.n = 0};

	if ((n->flags & NF_HIDDEN) != 0 && n->kind != N_NOEND)
		return;
	if (v->negated && !can_be_negated(n, &seen))
		return;
	switch (n->kind) {
	case N_WORD:
		if (v->negated && strcmp(n->text, "no") == 0)
			break; /* begins a form of its own */
		row_add(v->rows, n->text, n->help, true, false);
		break;
	case N_VALUE:
		row_value(v->rows, n);
		break;
	case N_NOEND:
		if (!v->negated)
			break;
		/* FALLTHROUGH */
	case N_END:
		if (v->filters)
			row_add(v->rows, "|", "Output modifiers", false,
			    false);
		row_add(v->rows, "<cr>", "", false, false);
		break;
	default:
		break;
	}
}

/* <cr> last, everything else by its letters. */
static int
by_label(const void *a, const void *b)
{
	const struct cli_row *x = a, *y = b;
	bool cx = strcmp(x->label, "<cr>") == 0;
	bool cy = strcmp(y->label, "<cr>") == 0;

	return cx != cy ? (cx ? 1 : -1) : strcmp(x->label, y->label);
}

static bool
is_word(const struct cli_line *l, unsigned i, const char *w)
{
	return i < l->n && l->tok[i].len == strlen(w) &&
	    strncasecmp(l->tok[i].s, w, l->tok[i].len) == 0;
}

/* A word, or at least so many letters of it. */
static bool
is_short(const struct cli_line *l, unsigned i, const char *w, unsigned least)
{
	return i < l->n && l->tok[i].len >= least &&
	    l->tok[i].len <= strlen(w) &&
	    strncasecmp(l->tok[i].s, w, l->tok[i].len) == 0;
}

/* What every configuration mode knows. */
static void
common_rows(struct cli_rows *r, uint16_t mode)
{
	const struct cli_mode *m = &cli_modes[mode];

	row_add(r, "default", "Set a command to its defaults", true, false);
	row_add(r, "do", "To run exec commands in config mode", true, false);
	row_add(r, "end", "Exit from configure mode", true, false);
	row_add(r, "exit", mode == MODE_CONFIG ? "Exit from configure mode"
					       : "Exit from the current mode",
	    true, false);
	row_add(r, "help", "Description of the interactive help system", true,
	    false);
	row_add(r, "no", "Negate a command or set its defaults", true, false);
	if (m->keep)
		row_add(r, "LINE", "Any other line is kept, without effect",
		    false, false);
}

/* begins: only what begins with the first word in full. */
static void
follow(struct cli_rows *r, const struct cli_line *l, const struct cli_how *how,
    bool begins)
{
	struct visit v = {r, how->negated, false};
	size_t n = r->n;
	struct cli_match *m = xcalloc(1, sizeof(*m));

	v.filters = how->mode == MODE_EXEC && l->n != 0 &&
	    (is_short(l, 0, "show", 2) || is_short(l, 0, "more", 2));
	if (!cli_follow(l, how, l->n, m, visit, &v) && !begins &&
	    m->verdict == CLI_AMBIGUOUS)
		r->verdict = CLI_AMBIGUOUS;
	if (begins && !m->exact)
		r->n = n;
	free(m);
}

static void
filter(struct cli_rows *r)
{
	size_t len = strlen(r->word), n = 0, words = 0;

	if (len == 0)
		return;
	for (size_t i = 0; i < r->n; i++)
		words += r->v[i].word &&
		    strncasecmp(r->v[i].label, r->word, len) == 0;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].word
			? strncasecmp(r->v[i].label, r->word, len) == 0
			: words == 0 && strcmp(r->v[i].label, "<cr>") != 0)
			r->v[n++] = r->v[i];
	r->n = n;
}

void
cli_rows(struct cli_rows *r, uint16_t mode, bool privileged, const char *text)
{
	struct cli_line *l = xcalloc(1, sizeof(*l));
	struct cli_how how = {.mode = mode,
	    .level = mode != MODE_EXEC || privileged ? 15 : 1,
	    .any_form = true};
	size_t len = strlen(text);

	memset(r, 0, sizeof(*r));
	r->mode = mode;
	if (!cli_split(l, text))
		goto out;
	if (len != 0 && strchr(" \t", text[len - 1]) == NULL && l->n != 0) {
		const struct cli_token *t = &l->tok[--l->n];

		snprintf(r->word, sizeof(r->word), "%.*s", (int)t->len, t->s);
		l->end = l->n != 0 ? (size_t)(l->tok[l->n - 1].s - text) +
			l->tok[l->n - 1].len
				   : 0;
	}
	if (mode != MODE_EXEC && is_word(l, 0, "do")) {
		cli_rows(r, MODE_EXEC, true, l->tok[0].s + 2);
		goto out;
	}
	r->first = l->n == 0;
	if (mode != MODE_EXEC && l->n == 0)
		common_rows(r, mode);
	if (mode != MODE_EXEC &&
	    (is_word(l, 0, "no") || is_word(l, 0, "default"))) {
		if (is_word(l, 0, "no")) /* forms that begin with it */
			follow(r, l, &how, true);
		how.first = 1;
		how.negated = true;
	}
	follow(r, l, &how, false);
	filter(r);
	if (r->n != 0)
		qsort(r->v, r->n, sizeof(*r->v), by_label);
out:
	free(l);
}

/* ---- printing ---- */

/* Text in columns: behind the label, and under itself when it is long. */
static void
put_wrapped(struct strbuf *out, const char *text, size_t indent, size_t width)
{
	size_t room = width > indent + 20 ? width - 1 - indent : 20;

	while (strlen(text) > room) {
		size_t n = room;

		while (n > 0 && text[n] != ' ')
			n--;
		if (n == 0)
			n = room;
		sb_printf(out, "%.*s\n%*s", (int)n, text, (int)indent, "");
		text += n;
		text += strspn(text, " ");
	}
	sb_printf(out, "%s\n", text);
}

static void
put_keywords(struct strbuf *out, const struct cli_rows *r, unsigned width)
{
	size_t longest = 0;

	for (size_t i = 0; i < r->n; i++)
		if (strlen(r->v[i].label) > longest)
			longest = strlen(r->v[i].label);
	for (size_t i = 0; i < r->n; i++) {
		const struct cli_row *x = &r->v[i];

		if (x->help[0] == '\0') {
			sb_printf(out, "  %s\n", x->label);
			continue;
		}
		sb_printf(out, "  %-*s  ", (int)longest, x->label);
		put_wrapped(out, x->help, longest + 4, width);
	}
	sb_printf(out, "\n");
}

static void
put_words(struct strbuf *out, const struct cli_rows *r, unsigned width)
{
	size_t at = 0;

	for (size_t i = 0; i < r->n; i++) {
		size_t len = strlen(r->v[i].label) + 2;

		if (at != 0 && at + len > width) {
			sb_printf(out, "\n");
			at = 0;
		}
		sb_printf(out, "%s  ", r->v[i].label);
		at += len;
	}
	sb_printf(out, "\n\n");
}

void
cli_help(struct strbuf *out, uint16_t mode, bool privileged, const char *text,
    unsigned width)
{
	struct cli_rows r;

	if (width == 0)
		width = 65535;
	cli_rows(&r, mode, privileged, text);
	if (r.n == 0 && r.verdict == CLI_AMBIGUOUS) {
		size_t len = strcspn(text, "\r\n");

		while (len > 0 && text[len - 1] == ' ')
			len--;
		sb_printf(out, "%% Ambiguous command:  \"%.*s\"\n", (int)len,
		    text);
	} else if (r.n == 0) {
		sb_printf(out, "%% Unrecognized command\n");
	} else if (r.word[0] != '\0' && r.v[0].word) {
		put_words(out, &r, width);
	} else {
		if (r.first && r.word[0] == '\0')
			sb_printf(out, "%s\n",
			    r.mode == MODE_EXEC ? "Exec commands:"
				: cli_modes[r.mode].header != NULL
				? cli_modes[r.mode].header
				: "Configuration commands:");
		put_keywords(out, &r, width);
	}
	free(r.v);
}
