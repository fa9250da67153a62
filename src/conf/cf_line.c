/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One line at a cursor: which mode takes it (the current one, else a parent;
 * an exact word in a parent beats an abbreviation in the child), `no`,
 * `default`, `do`, `exit`, `end`, comments, blocks that keep what they do not
 * know.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/cf_int.h"

/* A line found in a mode. */
struct hit {
	struct cf_obj *at;
	bool negated, to_default;
	struct cli_match m;
};

struct try {
	struct cf_obj *cur, *outer;
	struct cli_line l;
	struct hit hit;
	struct cli_match best; /* the failure that got furthest, */
	struct cf_obj *best_at; /* in this mode */
	struct cli_match vague;	/* an ambiguous first word */
	bool known; /* the current mode knows the first word */
};

static bool
word_is(const struct cli_line *l, unsigned i, const char *w)
{
	return i < l->n && l->tok[i].len == strlen(w) &&
	    strncasecmp(l->tok[i].s, w, l->tok[i].len) == 0;
}

static bool
got_further(const struct cli_match *a, const struct cli_match *b)
{
	if (a->at != b->at)
		return a->at > b->at;
	return a->column > b->column && b->verdict == CLI_INVALID;
}

static bool
is_no(const struct cli_line *l)
{
	return word_is(l, 0, "no") || word_is(l, 0, "default");
}

static bool
try_mode(struct try *t, struct cf_obj *at, unsigned first, bool negated,
    struct cli_match *m)
{
	struct cli_how how = {.mode = cli_classes[at->class].mode,
	    .level = 15,
	    .first = first,
	    .negated = negated,
	    .any_form = true};

	if (cli_match_line(&t->l, &how, m) &&
	    !(negated && cli_forms[m->form].action == FA_RUN))
		return true;
	if (m->verdict == CLI_MATCH)
		m->verdict = CLI_INVALID;
	if (at == t->cur && m->at > first && (first != 0 || !is_no(&t->l)))
		t->known = true;
	if (t->best.verdict == CLI_MATCH || got_further(m, &t->best)) {
		t->best = *m;
		t->best_at = at;
	}
	return false;
}

static bool
try_level(struct try *t, struct cf_obj *at, struct hit *h)
{
	bool no = word_is(&t->l, 0, "no");
	bool def = is_no(&t->l) && !no;

	h->at = at;
	h->negated = h->to_default = false;
	if (no || def) {
		/* a form that begins with the word itself, `no replay` */
		if (no && try_mode(t, at, 0, false, &h->m) && h->m.exact)
			return true;
		h->negated = true;
		h->to_default = def;
		return try_mode(t, at, 1, true, &h->m);
	}
	return try_mode(t, at, 0, false, &h->m);
}

/* In a mode that keeps lines of which it knows little: `class` is rather one
 * of them than `class-map`. */
static bool
is_part(const struct hit *h, const struct cli_line *l)
{
	unsigned first = h->negated ? 1 : 0;

	for (unsigned i = 0; i < h->m.nsteps; i++) {
		const struct cli_node *n = &cli_nodes[h->m.steps[i].node];

		if (n->kind == N_WORD && h->m.steps[i].tok == first)
			return strlen(n->text) > l->tok[first].len &&
			    n->text[l->tok[first].len] == '-';
	}
	return false;
}

/* From the current mode outwards. */
static bool
find_from(struct try *t, struct cf_obj *at)
{
	struct hit *h = xcalloc(1, sizeof(*h));
	bool found = false, vague = false;

	t->best.verdict = CLI_MATCH;
	for (; at != NULL; at = at->parent) {
		if (!try_level(t, at, h)) {
			/* two words of this mode: none of another */
			if (!vague && h->m.verdict == CLI_AMBIGUOUS &&
			    h->m.at == (h->negated ? 1 : 0)) {
				vague = true;
				t->vague = h->m;
			}
			continue;
		}
		if (vague && !h->m.exact)
			continue;
		if (at != t->cur && obj_mode(t->cur)->keep && is_part(h, &t->l))
			continue;
		if (!found || h->m.exact)
			t->hit = *h;
		found = true;
		if (h->m.exact)
			break;
	}
	if (vague && !found) {
		t->best = t->vague;
		t->best_at = t->cur;
	}
	free(h);
	return found;
}

static bool
find_level(struct try *t)
{
	if (t->outer != NULL && find_from(t, t->outer))
		return true;
	return find_from(t, t->cur);
}

/* The comment of "command ! comment" is no part of it, but of a remark or a
 * description it is. */
static bool
find_line(struct try *t, char *line)
{
	char *mark = line;

	if (!cli_split(&t->l, line))
		return false;
	while ((mark = strchr(mark + 1, '!')) != NULL)
		if (isspace((unsigned char)mark[-1]))
			break;
	if (mark == NULL)
		return find_level(t);
	if (find_level(t) && t->hit.m.text_end)
		return true;
	*mark = '\0';
	return cli_split(&t->l, line) && find_level(t);
}

/* ---- words that every mode knows ---- */

static bool
is_short(const struct cli_line *l, const char *word, unsigned least)
{
	return l->n == 1 && l->tok[0].len >= least &&
	    l->tok[0].len <= strlen(word) &&
	    strncasecmp(l->tok[0].s, word, l->tok[0].len) == 0;
}

static bool
common_word(struct cf_cursor *cur, const struct cli_line *l, unsigned least,
    enum cf_result *rv)
{
	if (is_short(l, "exit", least)) {
		*rv = cur->at->parent != NULL ? CF_OK : CF_END;
		if (cur->at->parent != NULL)
			cur->at = cur->at->parent;
		return true;
	}
	if (is_short(l, "end", least)) {
		*rv = CF_END;
		return true;
	}
	if (l->n > 1 && word_is(l, 0, "do")) {
		*rv = CF_DO;
		return true;
	}
	return false;
}

/* `no 10` in a list of numbered lines. */
static bool
remove_number(struct cf_cursor *cur, const struct cli_line *l)
{
	uint32_t v = 0;

	if (l->n != 2 || !word_is(l, 0, "no") || l->tok[1].len > 9)
		return false;
	for (unsigned i = 0; i < l->tok[1].len; i++) {
		if (!isdigit((unsigned char)l->tok[1].s[i]))
			return false;
		v = v * 10 + (uint32_t)(l->tok[1].s[i] - '0');
	}
	return cf_remove_number(cur->conf, cur->at, v);
}

/* ---- blocks that keep what they do not know ---- */

/* The first line of a block whose header was taken silently. */
static void
note_block(const struct cf_cursor *cur, struct strbuf *notes)
{
	const char *note = obj_mode(cur->at)->note;

	if (notes != NULL && note != NULL && cur->at->head != NULL &&
	    ent_form(cur->at->head)->note == NULL &&
	    cf_slot_first(cur->conf, cur->at, CF_KEPT) == NULL)
		sb_printf(notes, "accepted without effect: %s\n", note);
}

static enum cf_result
keep_line(struct cf_cursor *cur, const struct cli_line *l, int indent,
    struct cf_error *err, struct strbuf *notes)
{
	struct cf_block *b = (void *)cur->at;
	char text[1024];
	unsigned extra = indent > 1 ? (unsigned)indent - 1 : 0;

	if (l->end - (size_t)(l->tok[0].s - l->text) >= sizeof(text) - 60)
		return cf_refuse(err, "%% Line too long");
	if (extra > 60)
		extra = 60;
	if (l->n > 1 && word_is(l, 0, "no")) {
		snprintf(text, sizeof(text), "%.*s",
		    (int)(l->end - (size_t)(l->tok[1].s - l->text)),
		    l->tok[1].s);
		if (cf_kept_remove(cur->conf, b, text, extra))
			return CF_OK;
	}
	snprintf(text, sizeof(text), "%*s%.*s", (int)extra, "",
	    (int)(l->end - (size_t)(l->tok[0].s - l->text)), l->tok[0].s);
	note_block(cur, notes);
	cf_kept_add(cur->conf, b, text);
	return CF_OK;
}

static enum cf_result
apply_hit(struct try *t, struct cf_cursor *cur, struct cf_error *err,
    struct strbuf *notes)
{
	struct hit *h = &t->hit;
	struct cf_obj *at = h->at;
	enum cf_result rv;

	if (cli_forms[h->m.form].action == FA_RUN)
		return CF_EXEC;
	rv = cf_apply(cur->conf, &at, &t->l, &h->m, h->negated, h->to_default,
	    err, notes);
	if (rv == CF_OK)
		cur->at = at;
	return rv;
}

static enum cf_result
refuse_line(const struct try *t, struct cf_error *err)
{
	cli_match_error(&t->l, &t->best, err->text, sizeof(err->text));
	err->column = t->best.verdict == CLI_INVALID ? t->best.column : -1;
	return CF_REFUSED;
}

/* The line begins a text that goes on. */
static enum cf_result
want_more(const struct try *t, struct cf_error *err)
{
	str_copy(err->until, t->best.until, sizeof(err->until));
	if (strcmp(err->until, "quit") == 0)
		snprintf(err->text, sizeof(err->text),
		    "Enter the certificate in hexadecimal representation....");
	else
		snprintf(err->text, sizeof(err->text),
		    "Enter TEXT message.  End with the character '%s'.",
		    err->until);
	return CF_MORE;
}

static enum cf_result
line_in(struct try *t, struct cf_cursor *cur, char *text, int indent,
    struct cf_error *err, struct strbuf *notes)
{
	bool keeps = obj_mode(cur->at)->keep;
	enum cf_result rv;
	bool found;

	if (!cli_split(&t->l, text))
		return cf_refuse(err, "%% Line too long");
	if (t->l.n == 0 || t->l.tok[0].s[0] == '!')
		return CF_OK;
	if (common_word(cur, &t->l, 3, &rv))
		return rv;
	if (t->l.n == 1 && word_is(&t->l, 0, "do"))
		return cf_refuse(err, "%% Incomplete command.");
	t->cur = cur->at;
	t->known = false;
	found = find_line(t, text);
	if (found && (!keeps || t->hit.at == cur->at || indent <= 0))
		return apply_hit(t, cur, err, notes);
	if (!found && t->best.until[0] != '\0' &&
	    (!keeps || indent <= 0 || t->best_at == cur->at))
		return want_more(t, err);
	if (!found && common_word(cur, &t->l, 2, &rv))
		return rv;
	if (!found && strchr(text, '\n') != NULL)
		return cf_refuse(err, "%% The text is too long, or is not what "
				      "can stand here");
	if (keeps && t->l.n != 0 && !t->known && t->outer == NULL)
		return keep_line(cur, &t->l, indent, err, notes);
	if (remove_number(cur, &t->l))
		return CF_OK;
	return refuse_line(t, err);
}

enum cf_result
cf_line_one(struct cf_cursor *cur, const char *line, int indent,
    struct cf_obj *outer, struct cf_error *err, struct strbuf *notes)
{
	struct try *t = xcalloc(1, sizeof(*t));
	char *text = xstrdup(line);
	enum cf_result rv;

	err->text[0] = err->until[0] = '\0';
	err->column = -1;
	t->outer = outer;
	rv = line_in(t, cur, text, indent, err, notes);
	explicit_bzero(text, strlen(line));
	free(text);
	free(t);
	return rv;
}
