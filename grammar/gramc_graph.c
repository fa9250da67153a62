/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gramc: from commands to graphs. Every command becomes a chain of raw nodes,
 * built from its end so that the branches of a group share what follows. Then
 * the raw graphs of a mode are merged: raw nodes that say the same at the same
 * place become one node whose successors are merged in turn (the subset
 * construction of automata), so that commands share their prefixes.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gramc.h"

struct node_vec nodes;
static struct node_vec raw;

struct memo {
	struct list from; /* sorted raw numbers */
	unsigned to;
	struct memo *next;
};

#define MEMO_SIZE 4096
static struct memo *memos[MEMO_SIZE];

static struct node *
raw_new(const char *kind, struct command *c, struct elem *e)
{
	struct node *n = grow(NULL, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->kind = kind;
	n->c = c;
	n->e = e;
	n->id = raw.n;
	n->pos = e != NULL ? e->pos : c->pos;
	n->help = e != NULL ? e->help : NULL;
	PUSH(raw, n);
	return n;
}

static struct list
list_of(unsigned id)
{
	struct list l = {0};

	PUSH(l, id);
	return l;
}

static void
list_join(struct list *l, const struct list *more)
{
	for (unsigned i = 0; i < more->n; i++) {
		bool have = false;

		for (unsigned k = 0; k < l->n; k++)
			have |= l->v[k] == more->v[i];
		if (!have)
			PUSH(*l, more->v[i]);
	}
}

static struct list build_seq(struct command *c, const struct elem_vec *ev,
    unsigned i, struct list tail, unsigned no_at);

static struct list
build_any(struct command *c, struct elem *e, struct list tail)
{
	struct node *any = raw_new("N_ANY", c, e);

	for (unsigned k = 0; k < e->alts.n; k++) {
		struct node *alt = raw_new("N_ALT", c, e);

		alt->alt = k;
		alt->next = build_seq(c, &e->alts.v[k], 0, list_of(any->id),
		    ~0U);
		PUSH(any->next, alt->id);
	}
	list_join(&any->next, &tail);
	return list_of(any->id);
}

static struct list
build_elem(struct command *c, struct elem *e, struct list tail)
{
	struct list l = {0};
	struct node *n;

	switch (e->kind) {
	case E_WORD:
		n = raw_new("N_WORD", c, e);
		break;
	case E_VALUE:
		n = raw_new("N_VALUE", c, e);
		break;
	case E_SET:
		n = raw_new("N_SET", c, e);
		break;
	case E_ANY:
		return build_any(c, e, tail);
	default:
		for (unsigned k = 0; k < e->alts.n; k++) {
			struct list b = build_seq(c, &e->alts.v[k], 0, tail,
			    ~0U);

			list_join(&l, &b);
		}
		if (e->kind == E_OPT)
			list_join(&l, &tail);
		return l;
	}
	if (e->member != NULL && strcmp(c->action, "FA_REFUSE") != 0)
		n->field = field_of(c->rec, e->member);
	n->next = tail;
	return list_of(n->id);
}

/* no_at: in front of which element `no` may stop. */
static struct list
build_seq(struct command *c, const struct elem_vec *ev, unsigned i,
    struct list tail, unsigned no_at)
{
	struct list l = {0};

	if (i == ev->n)
		return tail;
	tail = build_seq(c, ev, i + 1, tail, no_at);
	tail = build_elem(c, ev->v[i], tail);
	list_join(&l, &tail);
	if (i == no_at)
		PUSH(l, raw_new("N_NOEND", c, NULL)->id);
	return l;
}

static bool
has_key(const struct elem *e)
{
	if (e->key)
		return true;
	for (unsigned k = 0; k < e->alts.n; k++)
		for (unsigned i = 0; i < e->alts.v[k].n; i++)
			if (has_key(e->alts.v[k].v[i]))
				return true;
	return false;
}

static bool
only_words(const struct elem *e)
{
	if (e->kind == E_WORD)
		return true;
	if (e->kind != E_GROUP)
		return false;
	for (unsigned k = 0; k < e->alts.n; k++)
		for (unsigned i = 0; i < e->alts.v[k].n; i++)
			if (!only_words(e->alts.v[k].v[i]))
				return false;
	return true;
}

/* Where `no` may stop: behind the last key (the first one of what `no`
 * removes as a whole), or else behind the words that the command begins
 * with; in front of those that are one form of a choice. */
static unsigned
no_position(const struct command *c)
{
	unsigned words = 0, key = 0;

	if (strcmp(c->action, "FA_RUN") == 0 ||
	    strcmp(c->action, "FA_REFUSE") == 0)
		return ~0U;
	while (words < c->elems.n && only_words(c->elems.v[words]) &&
	    !(words > 0 && c->choice != NULL &&
	    c->elems.v[words]->kind == E_GROUP))
		words++;
	for (unsigned i = 0; i < c->elems.n && !(c->whole && key != 0); i++)
		if (has_key(c->elems.v[i]))
			key = i + 1;
	key = key != 0 ? key : words;
	return key != 0 ? key : ~0U;
}

static struct list
build_command(struct command *c)
{
	struct node *end;

	if (strcmp(c->action, "FA_PREFIX") == 0) {
		struct list tail;

		end = raw_new("N_JUMP", c, NULL);
		tail = list_of(end->id);
		PUSH(tail, raw_new("N_NOEND", c, NULL)->id);
		return build_seq(c, &c->elems, 0, tail, ~0U);
	}
	end = raw_new("N_END", c, NULL);
	end->level = (unsigned)c->level;
	return build_seq(c, &c->elems, 0, list_of(end->id), no_position(c));
}

/* ---- merging ---- */

static bool
str_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_label(const struct node *a, const struct node *b)
{
	if (strcmp(a->kind, b->kind) != 0)
		return false;
	if (strcmp(a->kind, "N_WORD") == 0)
		return strcmp(a->e->word, b->e->word) == 0;
	if (strcmp(a->kind, "N_SET") == 0)
		return a->field == b->field &&
		    strcmp(a->e->expr, b->e->expr) == 0;
	if (strcmp(a->kind, "N_VALUE") == 0)
		return a->field == b->field &&
		    strcmp(a->e->type, b->e->type) == 0 &&
		    a->e->lo == b->e->lo && a->e->hi == b->e->hi &&
		    str_same(a->e->names, b->e->names) &&
		    a->e->key == b->e->key && a->e->number == b->e->number &&
		    (a->field != NULL || a->e == b->e ||
			str_same(a->e->help, b->e->help));
	return a == b;
}

static int
by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static struct memo *
memo_get(struct list from, bool *fresh)
{
	unsigned h = 17;
	struct memo *m;

	qsort(from.v, from.n, sizeof(from.v[0]), by_number);
	for (unsigned i = 0; i < from.n; i++)
		h = h * 31 + from.v[i];
	for (m = memos[h % MEMO_SIZE]; m != NULL; m = m->next)
		if (m->from.n == from.n &&
		    memcmp(m->from.v, from.v, from.n * sizeof(unsigned)) ==
			0) {
			*fresh = false;
			return m;
		}
	m = grow(NULL, sizeof(*m));
	*m = (struct memo){from, nodes.n, memos[h % MEMO_SIZE]};
	memos[h % MEMO_SIZE] = m;
	*fresh = true;
	return m;
}

static void
merge_help(struct node *n, const struct list *group)
{
	for (unsigned i = 0; i < group->n; i++) {
		const struct node *r = raw.v[group->v[i]];

		if (r->help == NULL)
			continue;
		if (n->help != NULL && strcmp(n->help, r->help) != 0)
			error_at(r->pos, "\"%s\" has another help: \"%s\"",
			    r->help, n->help);
		n->help = r->help;
	}
	if (n->help == NULL && (strcmp(n->kind, "N_WORD") == 0 ||
				   strcmp(n->kind, "N_VALUE") == 0))
		error_at(n->pos, "%s has no help",
		    n->e->word != NULL ? n->e->word : "value");
	if (n->e != NULL && n->e->word != NULL)
		for (unsigned i = 0; i < group->n; i++)
			if (strcmp(raw.v[group->v[i]]->e->print, n->e->print) !=
			    0)
				error_at(raw.v[group->v[i]]->pos,
				    "%s is printed in two ways", n->e->word);
}

static struct list merge_list(const struct list *from);

static unsigned
merge_group(struct list group)
{
	bool fresh;
	struct memo *m = memo_get(group, &fresh);
	struct list all = {0};
	struct node *n;

	if (!fresh)
		return m->to;
	n = grow(NULL, sizeof(*n));
	*n = *raw.v[m->from.v[0]];
	n->id = nodes.n;
	n->next = (struct list){0};
	n->help = NULL;
	PUSH(nodes, n);
	merge_help(n, &m->from);
	for (unsigned i = 0; i < m->from.n; i++)
		list_join(&all, &raw.v[m->from.v[i]]->next);
	n->next = merge_list(&all);
	return n->id;
}

static struct list
merge_list(const struct list *from)
{
	struct list l = {0};
	bool *done = grow(NULL, from->n + 1);

	memset(done, 0, from->n + 1);
	for (unsigned i = 0; i < from->n; i++) {
		struct list group = {0};

		if (done[i])
			continue;
		for (unsigned k = i; k < from->n; k++)
			if (!done[k] &&
			    same_label(raw.v[from->v[i]],
				raw.v[from->v[k]])) {
				done[k] = true;
				PUSH(group, from->v[k]);
			}
		PUSH(l, merge_group(group));
	}
	free(done);
	return l;
}

/* ---- checks over the merged graph ---- */

static void
ends_of(const struct list *l, struct list *ends, struct list *seen)
{
	for (unsigned i = 0; i < l->n; i++) {
		struct node *n = nodes.v[l->v[i]];
		unsigned had = seen->n;
		struct list one = list_of(n->id);

		list_join(seen, &one);
		if (seen->n == had)
			continue;
		if (strcmp(n->kind, "N_END") == 0)
			PUSH(*ends, n->id);
		else if (strcmp(n->kind, "N_SET") == 0 ||
		    strcmp(n->kind, "N_ANY") == 0)
			ends_of(&n->next, ends, seen);
	}
}

static void
check_ends(const struct list *l)
{
	struct list ends = {0}, seen = {0};

	ends_of(l, &ends, &seen);
	for (unsigned i = 1; i < ends.n; i++)
		if (nodes.v[ends.v[i]]->c != nodes.v[ends.v[0]]->c) {
			struct pos p = nodes.v[ends.v[0]]->c->pos;

			error_at(nodes.v[ends.v[i]]->c->pos,
			    "second definition of one form, see %s:%d", p.file,
			    p.line);
		}
}

/* A node needs the lowest level that an end behind it needs, and is hidden
 * when all of them are. Repeated until nothing changes: there are loops. */
static void
spread_levels(void)
{
	bool changed = true;

	for (unsigned i = 1; i < nodes.n; i++) {
		struct node *n = nodes.v[i];
		bool end = strcmp(n->kind, "N_END") == 0;

		n->level = end ? (unsigned)n->c->level : 99;
		n->hidden = !end || n->c->hidden;
		if (strcmp(n->kind, "N_JUMP") == 0 ||
		    strcmp(n->kind, "N_NOEND") == 0) {
			n->level = 15;
			n->hidden = n->c->hidden ||
			    strcmp(n->kind, "N_NOEND") == 0;
		}
	}
	while (changed) {
		changed = false;
		for (unsigned i = 1; i < nodes.n; i++) {
			struct node *n = nodes.v[i];

			for (unsigned k = 0; k < n->next.n; k++) {
				struct node *x = nodes.v[n->next.v[k]];

				if (x->level < n->level) {
					n->level = x->level;
					changed = true;
				}
				if (!x->hidden && n->hidden) {
					n->hidden = false;
					changed = true;
				}
			}
		}
	}
}

void
graph_all(void)
{
	struct node *none = grow(NULL, sizeof(*none));

	memset(none, 0, sizeof(*none));
	none->kind = "N_END";
	none->c = commands.n != 0 ? commands.v[0] : NULL;
	PUSH(nodes, none);
	for (unsigned i = 0; i < modes.n; i++) {
		struct mode *m = modes.v[i];
		struct list all = {0}, merged;
		struct node *root;

		for (unsigned k = 0; k < m->commands.n; k++) {
			struct list l = build_command(m->commands.v[k]);

			list_join(&all, &l);
		}
		merged = merge_list(&all);
		check_ends(&merged);
		/* a node that only holds the list of the mode */
		root = grow(NULL, sizeof(*root));
		memset(root, 0, sizeof(*root));
		root->kind = "N_SET";
		root->id = nodes.n;
		root->next = merged;
		root->pos = m->pos;
		m->root = nodes.n;
		PUSH(nodes, root);
	}
	for (unsigned i = 1; i < nodes.n; i++)
		check_ends(&nodes.v[i]->next);
	spread_levels();
}
