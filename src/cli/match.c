/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The walk through the graph of a mode. At every word: an exact keyword, else
 * the one keyword that it is a prefix of, else a value that accepts it (typed
 * ones before WORD, WORD before LINE). A prefix that leads nowhere gives way
 * to typed values and WORD, an exact keyword only to LINE. What remains is
 * found by going back; a budget of steps bounds that.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/match.h"

#define BUDGET 200000

enum pass { P_EXACT, P_PREFIX, P_TYPED, P_WORD, P_LINE };

struct walk {
	const struct cli_line *l;
	const struct cli_how *how;
	struct cli_match *m;
	uint64_t used[4]; /* alternatives taken, per N_ANY on the way */
	uint16_t any[4];
	unsigned nany;
	uint32_t inside; /* edges of which only N_ALT may be taken now */
	unsigned budget;
	char *buf; /* CLI_VALUE_MAX octets for whoever tries a value */
	/* cli_follow(): stop there and show what may come */
	unsigned stop;
	cli_visit_fn *visit;
	void *arg;
	bool visited;
};

bool
cli_split(struct cli_line *l, const char *text)
{
	const char *s = text;

	l->text = text;
	l->n = 0;
	l->end = strlen(text);
	while (l->end > 0 && strchr(" \t\r\n", text[l->end - 1]) != NULL)
		l->end--;
	for (;;) {
		const char *b;

		s += strspn(s, " \t\r\n");
		if (*s == '\0')
			return true;
		b = s;
		s += strcspn(s, " \t\r\n");
		if (l->n == CLI_TOKENS)
			return true;
		if (s - b > UINT16_MAX)
			return false;
		l->tok[l->n++] = (struct cli_token){b, (uint16_t)(s - b)};
	}
}

/* ---- errors: the place that a walk got to ---- */

static void
fail(struct walk *w, enum cli_verdict v, unsigned at, int column)
{
	struct cli_match *m = w->m;

	if (m->verdict != CLI_MATCH && at < m->at)
		return;
	if (m->verdict != CLI_MATCH && at == m->at && v != CLI_AMBIGUOUS &&
	    (m->verdict == CLI_AMBIGUOUS || column <= m->column))
		return;
	m->verdict = v;
	m->at = at;
	m->column = column;
}

static unsigned
common(const char *word, const struct cli_token *t)
{
	unsigned i = 0;

	while (i < t->len && word[i] != '\0' &&
	    strncasecmp(word + i, t->s + i, 1) == 0)
		i++;
	return i;
}

/* ---- the walk ---- */

static bool walk(struct walk *w, uint32_t edges, unsigned tok);

static bool
step_push(struct walk *w, uint16_t node, unsigned tok)
{
	if (w->m->nsteps == CLI_STEPS || w->budget == 0)
		return false;
	w->budget--;
	w->m->steps[w->m->nsteps++] = (struct cli_step){node, (uint16_t)tok};
	return true;
}

static bool
usable(const struct walk *w, const struct cli_node *n)
{
	return n->level <= w->how->level;
}

static enum pass
pass_of(const struct cli_node *n)
{
	switch (n->type) {
	case T_WORD:
		return P_WORD;
	case T_LINE:
	case T_TEXT:
	case T_BANNER:
	case T_CERT:
		return P_LINE;
	default:
		return P_TYPED;
	}
}

/* Calls fn for every word, value and end that a list leads to over nodes that
 * take no token, with those on the list of steps, until fn returns true. */
typedef bool reach_fn(struct walk *w, uint16_t node, unsigned tok, void *arg);
static bool reach(struct walk *w, uint32_t edges, unsigned tok, reach_fn *fn,
    void *arg);

static bool
reach_any(struct walk *w, uint16_t id, unsigned tok, reach_fn *fn, void *arg)
{
	const struct cli_node *n = &cli_nodes[id];
	bool fresh = w->nany == 0 || w->any[w->nany - 1] != id;
	uint32_t was = w->inside;
	bool ok;

	if (fresh) {
		if (w->nany == NELEM(w->any))
			return false;
		w->any[w->nany] = id;
		w->used[w->nany++] = 0;
	}
	w->inside = (n->flags & NF_SOME) != 0 && w->used[w->nany - 1] == 0
	    ? n->next
	    : 0;
	ok = reach(w, n->next, tok, fn, arg);
	w->inside = was;
	if (fresh)
		w->nany--;
	return ok;
}

static bool
reach_alt(struct walk *w, const struct cli_node *n, unsigned tok, reach_fn *fn,
    void *arg)
{
	uint64_t bit = 1ULL << (n->alt & 63);
	uint64_t *used;
	bool ok;

	if (w->nany == 0)
		return false;
	used = &w->used[w->nany - 1];
	if ((*used & bit) != 0)
		return false;
	*used |= bit;
	ok = reach(w, n->next, tok, fn, arg);
	*used &= ~bit;
	return ok;
}

static bool
reach_node(struct walk *w, uint16_t id, unsigned tok, reach_fn *fn, void *arg)
{
	const struct cli_node *n = &cli_nodes[id];

	switch (n->kind) {
	case N_SET:
		return reach(w, n->next, tok, fn, arg);
	case N_ANY:
		return reach_any(w, id, tok, fn, arg);
	case N_ALT:
		return reach_alt(w, n, tok, fn, arg);
	case N_JUMP:
		return reach(w,
		    cli_modes[cli_forms[n->form].class].root, tok, fn, arg);
	default:
		return fn(w, id, tok, arg);
	}
}

static bool
reach(struct walk *w, uint32_t edges, unsigned tok, reach_fn *fn, void *arg)
{
	for (const uint16_t *e = &cli_edges[edges]; *e != 0; e++) {
		const struct cli_node *n = &cli_nodes[*e];
		unsigned steps = w->m->nsteps;
		bool ok;

		if (!usable(w, n) || (w->inside == edges && n->kind != N_ALT))
			continue;
		if (!step_push(w, *e, tok))
			return false;
		ok = reach_node(w, *e, tok, fn, arg);
		if (ok)
			return true;
		w->m->nsteps = steps;
	}
	return false;
}

/* What is not in `?` does not make what is ambiguous. */
struct words {
	const char *prefix; /* a keyword that the token abbreviates */
	bool exact, ambiguous, hidden;
};

static void
add_prefix(struct words *ws, const struct cli_node *n)
{
	bool hidden = (n->flags & NF_HIDDEN) != 0;

	if (ws->prefix == NULL || (ws->hidden && !hidden)) {
		ws->prefix = n->text;
		ws->hidden = hidden;
		ws->ambiguous = false;
	} else if (hidden == ws->hidden && strcmp(ws->prefix, n->text) != 0) {
		ws->ambiguous = true;
	}
}

static bool
look_at_word(struct walk *w, uint16_t id, unsigned tok, void *arg)
{
	const struct cli_node *n = &cli_nodes[id];
	const struct cli_token *t = &w->l->tok[tok];
	struct words *ws = arg;

	if (n->kind == N_WORD) {
		unsigned c = common(n->text, t);

		fail(w, CLI_INVALID, tok,
		    (int)(t->s - w->l->text) + (int)(c == t->len ? 0 : c));
		if (c != t->len)
			return false;
		if (n->text[c] == '\0')
			ws->exact = true;
		else
			add_prefix(ws, n);
	} else {
		fail(w, CLI_INVALID, tok, (int)(t->s - w->l->text));
	}
	return false;
}

static bool
take(struct walk *w, uint16_t id, unsigned tok, void *arg)
{
	const struct cli_node *n = &cli_nodes[id];
	const struct cli_token *t = &w->l->tok[tok];
	enum pass pass = *(enum pass *)arg;
	uint32_t num;
	unsigned took = 0;

	if (n->kind == N_WORD && pass <= P_PREFIX) {
		size_t len = strlen(n->text);

		if (t->len <= len && (pass == P_EXACT) == (t->len == len) &&
		    strncasecmp(n->text, t->s, t->len) == 0)
			took = 1;
		if (tok == w->how->first)
			w->m->exact = pass == P_EXACT;
	} else if (n->kind == N_VALUE && pass == pass_of(n)) {
		took = cli_value(n, w->l, tok, w->buf, &num);
		if (took != 0 && tok == w->how->first)
			w->m->exact = false;
		if (took == 0 && !w->how->negated && w->visit == NULL &&
		    cli_value_open(n, w->l, tok, w->m->until))
			w->m->at = tok; /* no other mode gets further */
	}
	return took != 0 && walk(w, n->next, tok + took);
}

static bool
finish(struct walk *w, uint16_t id, unsigned tok, void *arg)
{
	const struct cli_node *n = &cli_nodes[id];
	const struct cli_form *f;
	unsigned kind = *(unsigned *)arg;

	(void)tok;
	if (n->kind != kind)
		return false;
	f = &cli_forms[n->form];
	if (!w->how->any_form && (f->action == FA_RUN) != w->how->runs)
		return false;
	w->m->form = n->form;
	return true;
}

static bool
show(struct walk *w, uint16_t id, unsigned tok, void *arg)
{
	(void)tok;
	(void)arg;
	w->visited = true;
	w->visit(w->arg, &cli_nodes[id]);
	return false;
}

static bool
walk_end(struct walk *w, uint32_t edges, unsigned tok)
{
	unsigned kind = N_END;

	if (reach(w, edges, tok, finish, &kind))
		return true;
	kind = N_NOEND;
	if (w->how->negated && reach(w, edges, tok, finish, &kind))
		return true;
	fail(w, CLI_INCOMPLETE, tok, -1);
	return false;
}

static bool
walk(struct walk *w, uint32_t edges, unsigned tok)
{
	struct words ws = {NULL, false, false, false};
	enum pass pass;

	if (w->visit != NULL && tok >= w->stop) {
		if (tok == w->stop)
			(void)reach(w, edges, tok, show, NULL);
		return false;
	}
	if (tok >= w->l->n)
		return walk_end(w, edges, tok);
	fail(w, CLI_INVALID, tok, (int)(w->l->tok[tok].s - w->l->text));
	(void)reach(w, edges, tok, look_at_word, &ws);
	if (ws.exact) {
		pass = P_EXACT;
		if (reach(w, edges, tok, take, &pass))
			return true;
		pass = P_LINE;
		return reach(w, edges, tok, take, &pass);
	}
	if (ws.ambiguous)
		fail(w, CLI_AMBIGUOUS, tok, -1);
	else if (ws.prefix != NULL) {
		pass = P_PREFIX;
		if (reach(w, edges, tok, take, &pass))
			return true;
	}
	for (pass = P_TYPED; pass <= P_LINE; pass++)
		if ((pass != P_LINE || ws.prefix == NULL || ws.ambiguous) &&
		    reach(w, edges, tok, take, &pass))
			return true;
	return false;
}

static void
find_marks(struct cli_match *m)
{
	m->jump = 0;
	m->text_end = false;
	for (unsigned i = 0; i < m->nsteps; i++) {
		const struct cli_node *n = &cli_nodes[m->steps[i].node];

		if (n->kind == N_JUMP)
			m->jump = (uint16_t)i;
		if (n->kind == N_VALUE &&
		    (n->type == T_TEXT || n->type == T_BANNER ||
			n->type == T_CERT))
			m->text_end = true;
	}
}

static void
walk_init(struct walk *w, const struct cli_line *l, const struct cli_how *how,
    struct cli_match *m, char *buf)
{
	memset(w, 0, sizeof(*w));
	w->buf = buf;
	w->l = l;
	w->how = how;
	w->m = m;
	w->budget = BUDGET;
	m->verdict = CLI_MATCH; /* no failure yet */
	m->at = 0;
	m->column = -1;
	m->nsteps = 0;
	m->form = 0;
	m->exact = false;
	m->until[0] = '\0';
}

bool
cli_match_line(const struct cli_line *l, const struct cli_how *how,
    struct cli_match *m)
{
	char buf[CLI_VALUE_MAX];
	struct walk w;

	walk_init(&w, l, how, m, buf);
	if (!walk(&w, cli_modes[how->mode].root, how->first))
		return false;
	m->verdict = CLI_MATCH;
	m->column = -1;
	find_marks(m);
	return true;
}

bool
cli_follow(const struct cli_line *l, const struct cli_how *how, unsigned n,
    struct cli_match *m, cli_visit_fn *visit, void *arg)
{
	char buf[CLI_VALUE_MAX];
	struct walk w;

	walk_init(&w, l, how, m, buf);
	w.stop = n;
	w.visit = visit;
	w.arg = arg;
	(void)walk(&w, cli_modes[how->mode].root, how->first);
	return w.visited;
}

void
cli_match_error(const struct cli_line *l, const struct cli_match *m, char *buf,
    size_t size)
{
	switch (m->verdict) {
	case CLI_INVALID:
		snprintf(buf, size,
		    "%% Invalid input detected at '^' marker.");
		break;
	case CLI_INCOMPLETE:
		if (l->n == 1 && strcasecmp(l->tok[0].s, "show") == 0)
			snprintf(buf, size,
			    "%% Type \"show ?\" for a list of subcommands");
		else
			snprintf(buf, size, "%% Incomplete command.");
		break;
	case CLI_AMBIGUOUS: {
		const char *b = l->tok[0].s;
		const char *e = l->tok[m->at].s + l->tok[m->at].len;

		snprintf(buf, size, "%% Ambiguous command:  \"%.*s\"",
		    (int)(e - b), b);
		break;
	}
	default:
		buf[0] = '\0';
	}
}
