/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gramc: the command reference, and samples of every form for the generated
 * tests (tests/grammar/forms.c reads them).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gramc.h"

static const char *
value_name(const struct elem *e)
{
	if (strcmp(e->type, "T_UINT") == 0 || strcmp(e->type, "T_DIGITS") == 0)
		return text("<%lu-%lu>", e->lo, e->hi);
	if (strcmp(e->type, "T_WORD") == 0)
		return "WORD";
	if (strcmp(e->type, "T_IFNAME") == 0)
		return "INTERFACE";
	if (strcmp(e->type, "T_HEX") == 0 || strcmp(e->type, "T_CERT") == 0)
		return "HEX";
	if (strcmp(e->type, "T_NAMES") == 0)
		return e->hi != 0 ? text("{NAME | <%lu-%lu>}", e->lo, e->hi)
				  : "NAME";
	if (strcmp(e->type, "T_LINE") == 0 || strcmp(e->type, "T_TEXT") == 0 ||
	    strcmp(e->type, "T_BANNER") == 0)
		return "LINE";
	return "A.B.C.D";
}

static void
out_synopsis(FILE *f, const struct elem_vec *ev)
{
	const char *blank = "";

	for (unsigned i = 0; i < ev->n; i++) {
		const struct elem *e = ev->v[i];

		if (e->kind == E_SET)
			continue;
		fputs(blank, f);
		blank = " ";
		if (e->kind == E_WORD) {
			fputs(e->word, f);
			continue;
		}
		if (e->kind == E_VALUE) {
			fputs(value_name(e), f);
			continue;
		}
		fputs(e->kind == E_OPT	     ? "["
			: e->kind == E_GROUP ? "{"
					     : "[",
		    f);
		for (unsigned k = 0; k < e->alts.n; k++) {
			fputs(k == 0 ? "" : " | ", f);
			out_synopsis(f, &e->alts.v[k]);
		}
		fputs(e->kind == E_OPT	     ? "]"
			: e->kind == E_GROUP ? "}"
					     : "]...",
		    f);
	}
}

static const char *
last_help(const struct elem_vec *ev)
{
	const char *h = NULL;

	for (unsigned i = 0; i < ev->n; i++)
		if (ev->v[i]->help != NULL)
			h = ev->v[i]->help;
	return h;
}

static void
out_doc_command(FILE *f, const struct command *c)
{
	const char *h = last_help(&c->elems);

	if (c->hidden)
		return;
	fputs("- `", f);
	out_synopsis(f, &c->elems);
	fprintf(f, "`\n  %s", h != NULL ? h : "");
	if (c->enters != NULL)
		fprintf(f, ". Mode `%s`", c->enters->name);
	if (c->def_value.n != 0)
		fprintf(f, ". Default %s", c->def_value.v[0]);
	if (c->on)
		fputs(". On by default", f);
	if (strcmp(c->action, "FA_REFUSE") == 0)
		fprintf(f, ". Refused: %s", c->note);
	else if (c->note != NULL)
		fprintf(f, ". Without effect: %s", c->note);
	if (c->json)
		fputs(". Also `| json`", f);
	if (c->run != NULL && c->level > 1)
		fputs(". Privileged", f);
	fputs("\n", f);
}

void
out_reference(FILE *f)
{
	fputs("# Command reference\n\nWritten from grammar/ by gramc.\n", f);
	for (unsigned i = 0; i < modes.n; i++) {
		const struct mode *m = modes.v[i];

		fprintf(f, "\n## %s", m->name);
		if (i != 0)
			fprintf(f, " (%s)", m->prompt);
		fputs("\n\n", f);
		for (unsigned k = 0; k < m->commands.n; k++)
			out_doc_command(f, m->commands.v[k]);
	}
}

/* ---- samples ---- */

static const char *
sample_value(const struct elem *e, unsigned v)
{
	if (strcmp(e->type, "T_UINT") == 0 || strcmp(e->type, "T_DIGITS") == 0)
		return text("%lu", v % 2 == 0 ? e->lo : e->hi);
	if (strcmp(e->type, "T_IFNAME") == 0)
		return v % 2 == 0 ? "Loopback7" : "GigabitEthernet0/1";
	if (strcmp(e->type, "T_HEX") == 0)
		return "0A1B2C";
	if (strcmp(e->type, "T_NAMES") == 0)
		return text("@%s", e->names);
	if (strcmp(e->type, "T_LINE") == 0 || strcmp(e->type, "T_TEXT") == 0)
		return "some Text 7";
	if (strcmp(e->type, "T_BANNER") == 0)
		return "^Cwelcome^C";
	if (strcmp(e->type, "T_CERT") == 0)
		return "1F 3082024A 0A1B2C quit";
	if (strcmp(e->type, "T_MASK") == 0)
		return v % 2 == 0 ? "255.255.255.0" : "255.255.0.0";
	if (strcmp(e->type, "T_WILD") == 0)
		return "0.0.0.255";
	if (strcmp(e->type, "T_IP4") == 0)
		return e->network ? "10.1.0.0" : "10.1.2.3";
	return "Sample";
}

static char *
sample_seq(char *s, const struct elem_vec *ev, unsigned v)
{
	for (unsigned i = 0; i < ev->n; i++) {
		const struct elem *e = ev->v[i];
		const char *w = NULL;

		switch (e->kind) {
		case E_WORD:
			w = e->word;
			break;
		case E_VALUE:
			w = sample_value(e, v);
			break;
		case E_GROUP:
			s = sample_seq(s, &e->alts.v[v % e->alts.n],
			    v / e->alts.n);
			break;
		case E_OPT:
			if (v % 2 != 0)
				s = sample_seq(s,
				    &e->alts.v[v / 2 % e->alts.n], v / 2);
			break;
		case E_ANY:
			if (e->least != 0)
				s = sample_seq(s, &e->alts.v[v % e->alts.n],
				    v / e->alts.n);
			else if (v % (e->alts.n + 1) != 0)
				s = sample_seq(s,
				    &e->alts.v[v % (e->alts.n + 1) - 1],
				    v / (e->alts.n + 1));
			break;
		default:
			break;
		}
		if (w != NULL)
			s = text("%s%s%s", s, *s != '\0' ? " " : "", w);
	}
	return s;
}

static unsigned
variants(const struct elem_vec *ev)
{
	unsigned n = 2;

	for (unsigned i = 0; i < ev->n; i++) {
		const struct elem *e = ev->v[i];

		if (e->kind == E_ANY && n < e->alts.n + 1)
			n = e->alts.n + 1;
		if (e->kind == E_GROUP && n < 2 * e->alts.n)
			n = 2 * e->alts.n;
		for (unsigned k = 0; k < e->alts.n; k++)
			if (variants(&e->alts.v[k]) * (e->alts.n + 1) > n)
				n = variants(&e->alts.v[k]) * (e->alts.n + 1);
	}
	return n;
}

/* The lines that lead to a mode, each ended by a tab. NULL for a mode that
 * only `prefix` leads to. */
static char *
path_to(const struct mode *m, unsigned depth)
{
	if (m->id <= 1)
		return text("%s", "");
	for (unsigned i = 0; depth < 8 && i < commands.n; i++) {
		struct command *c = commands.v[i];
		char *before;

		if (c->enters != m || c->existing ||
		    strcmp(c->action, "FA_ENTER") != 0)
			continue;
		before = path_to(c->mode, depth + 1);
		if (before != NULL)
			return text("%s%s\t", before,
			    sample_seq(text("%s", ""), &c->elems, 0));
	}
	return NULL;
}

static const char *
sample_kind(const struct command *c)
{
	if (c->run != NULL)
		return "run";
	if (strcmp(c->action, "FA_REFUSE") == 0)
		return "refuse";
	if (c->existing || strcmp(c->action, "FA_PREFIX") == 0)
		return "skip";
	if (c->literal)
		return "literal";
	if (c->on)
		return "on";
	return "line";
}

void
out_samples(FILE *f)
{
	for (unsigned i = 0; i < commands.n; i++) {
		const struct command *c = commands.v[i];
		char *path = path_to(c->mode, 0), *last = NULL;

		if (path == NULL || strcmp(sample_kind(c), "skip") == 0)
			continue;
		for (unsigned v = 0; v < variants(&c->elems) && v < 150; v++) {
			char *s = sample_seq(text("%s", ""), &c->elems, v);

			if (last != NULL && strcmp(s, last) == 0)
				continue;
			fprintf(f, "%s\t%s:%d\t%s%s\n",
			    c->mode->id == 0 ? "exec" : sample_kind(c),
			    c->pos.file, c->pos.line, path, s);
			last = s;
		}
	}
}
