/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What follows from a match: canonical text, key, and the fields of a record.
 */
#include "config.h"

#include <string.h>

#include "cli/match.h"

/* Steps in the order of printing: what an N_ANY collected, by alternative. */
struct order {
	uint16_t n, at[CLI_STEPS];
};

static uint8_t
kind_at(const struct cli_match *m, unsigned i)
{
	return cli_nodes[m->steps[i].node].kind;
}

/* A segment begins with its N_ALT at i; returns where it ends: at the next
 * step of the same N_ANY. */
static unsigned
segment_end(const struct cli_match *m, unsigned i, unsigned to, uint16_t any)
{
	while (i < to && m->steps[i].node != any)
		i++;
	return i;
}

static unsigned
order_any(const struct cli_match *m, unsigned i, unsigned to, struct order *o)
{
	uint16_t any = m->steps[i].node;
	struct {
		unsigned from, to;
		uint8_t alt;
	} seg[64];
	unsigned n = 0;

	while (i + 1 < to && m->steps[i].node == any &&
	    kind_at(m, i + 1) == N_ALT && n < NELEM(seg)) {
		seg[n].from = i + 1;
		seg[n].alt = cli_nodes[m->steps[i + 1].node].alt;
		i = seg[n++].to = segment_end(m, i + 1, to, any);
	}
	for (unsigned a = 0; a < 64; a++)
		for (unsigned k = 0; k < n; k++)
			if (seg[k].alt == a)
				for (unsigned j = seg[k].from; j < seg[k].to;
				     j++)
					o->at[o->n++] = (uint16_t)j;
	return i + 1;
}

static void
order_steps(const struct cli_match *m, unsigned from, unsigned to,
    struct order *o)
{
	o->n = 0;
	while (from < to) {
		if (kind_at(m, from) == N_ANY)
			from = order_any(m, from, to, o);
		else
			o->at[o->n++] = (uint16_t)from++;
	}
}

static void
add_word(struct strbuf *out, const char *s)
{
	if (*s == '\0')
		return;
	if (out->len != 0)
		sb_add(out, " ", 1);
	sb_add(out, s, strlen(s));
}

void
cli_render(const struct cli_line *l, const struct cli_match *m, unsigned from,
    unsigned to, struct strbuf *out)
{
	char buf[CLI_VALUE_MAX];
	struct order o;
	uint32_t num;

	order_steps(m, from, to, &o);
	for (unsigned i = 0; i < o.n; i++) {
		const struct cli_step *s = &m->steps[o.at[i]];
		const struct cli_node *n = &cli_nodes[s->node];

		if (n->kind == N_WORD) {
			add_word(out, n->print);
		} else if (n->kind == N_VALUE && (n->flags & NF_NUMBER) == 0) {
			(void)cli_value(n, l, s->tok, buf, &num);
			add_word(out, buf);
		}
	}
}

void
cli_render_key(const struct cli_line *l, const struct cli_match *m,
    unsigned from, unsigned to, struct strbuf *out)
{
	char buf[CLI_VALUE_MAX];
	uint32_t num;

	for (unsigned i = from; i < to; i++) {
		const struct cli_node *n = &cli_nodes[m->steps[i].node];

		if (n->kind != N_VALUE || (n->flags & NF_KEY) == 0)
			continue;
		(void)cli_value(n, l, m->steps[i].tok, buf, &num);
		add_word(out, buf);
	}
}

static void
store_value(const struct cli_node *n, const char *text, uint32_t num, void *rec,
    struct arena *mem)
{
	const struct cli_field *f = &cli_fields[n->field];
	unsigned char *p = (unsigned char *)rec + f->off;

	switch (f->kind) {
	case F_INT:
		if (f->size == 1)
			*p = (uint8_t)num;
		else if (f->size == 2)
			memcpy(p, &(uint16_t){(uint16_t)num}, 2);
		else
			memcpy(p, &num, 4);
		break;
	case F_STR:
		str_copy((char *)p, text, f->size);
		break;
	case F_PTR: {
		const char *s = mem != NULL ? arena_strdup(mem, text) : NULL;

		memcpy(p, &s, sizeof(s));
		break;
	}
	default:
		break;
	}
}

void
cli_store(const struct cli_line *l, const struct cli_match *m, unsigned from,
    unsigned to, void *rec, struct arena *mem)
{
	char buf[CLI_VALUE_MAX];
	uint32_t num;

	for (unsigned i = from; i < to; i++) {
		const struct cli_node *n = &cli_nodes[m->steps[i].node];

		if (n->field == CLI_NO_LIST)
			continue;
		if (n->kind == N_SET) {
			store_value(n, "", n->lo, rec, mem);
		} else if (n->kind == N_VALUE) {
			(void)cli_value(n, l, m->steps[i].tok, buf, &num);
			store_value(n, buf, num, rec, mem);
		}
	}
}

uint32_t
cli_number(const struct cli_line *l, const struct cli_match *m)
{
	char buf[CLI_VALUE_MAX];
	uint32_t num = 0;

	for (unsigned i = 0; i < m->nsteps; i++) {
		const struct cli_node *n = &cli_nodes[m->steps[i].node];

		if (n->kind == N_VALUE && (n->flags & NF_NUMBER) != 0)
			(void)cli_value(n, l, m->steps[i].tok, buf, &num);
	}
	return num;
}
