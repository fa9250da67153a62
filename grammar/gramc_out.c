/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gramc: writes cli_gen.h, cli_gen.c and the table of handlers. Members of
 * structs are named, never numbered, and their types are asserted, so that a
 * grammar that does not fit conf.h does not compile.
 */
#include "config.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gramc.h"

static void
out_string(FILE *f, const char *s)
{
	if (s == NULL) {
		fputs("NULL", f);
		return;
	}
	putc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', f);
		if (*s == '\n')
			fputs("\\n", f);
		else
			putc(*s, f);
	}
	putc('"', f);
}

static const char *
mode_const(const struct mode *m)
{
	char *s = text("MODE_%s", m->name);

	for (char *p = s; *p != '\0'; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	return s;
}

/* The first command that names this function, or NULL if c is not it. */
static bool
is_first(const struct command *c, size_t member)
{
	const char *name = *(const char *const *)((const char *)c + member);

	if (name == NULL)
		return false;
	for (unsigned i = 0; i < c->id; i++) {
		const char *o = *(const char *const *)((const char *)
							   commands.v[i] +
		    member);

		if (o != NULL && strcmp(o, name) == 0)
			return false;
	}
	return true;
}

#define FIRST(c, member) is_first((c), offsetof(struct command, member))

static void
out_args(FILE *f, const struct command *c)
{
	unsigned n = 0;

	fprintf(f, "struct %s_args {\n", c->run);
	for (unsigned i = 0; i < fields.n; i++) {
		const struct field *x = fields.v[i];
		const char *b;

		if (strcmp(x->strct, c->rec) != 0)
			continue;
		n++;
		b = x->ctype != NULL ? strchr(x->ctype, '[') : NULL;
		if (b != NULL)
			fprintf(f, "\tchar %s%s;\n", x->member, b);
		else
			fprintf(f, "\t%s %s;\n",
			    x->ctype != NULL ? x->ctype : "bool", x->member);
	}
	if (n == 0)
		fputs("\tbool unused;\n", f);
	fprintf(f, "};\nint %s(struct cli_ctx *, const struct %s_args *);\n\n",
	    c->run, c->run);
}

void
out_header(FILE *f)
{
	fputs("/* Written by gramc from grammar/. */\n"
	      "#ifndef CLI_GEN_H\n#define CLI_GEN_H\n\n"
	      "#include \"cli/cli.h\"\n#include \"cli/table.h\"\n"
	      "#include \"conf/cf.h\"\n\n",
	    f);
	fputs("enum {\n\tMODE_FIRST = 1,\n", f);
	for (unsigned i = 2; i < modes.n; i++)
		fprintf(f, "\t%s = %u,\n", mode_const(modes.v[i]), i);
	fputs("};\n\n", f);
	for (unsigned i = 0; i < commands.n; i++) {
		const struct command *c = commands.v[i];

		if (FIRST(c, run))
			out_args(f, c);
		if (FIRST(c, check))
			fprintf(f,
			    "int %s(struct cf_check *, const %s *);\n\n",
			    c->check, c->rec);
		if (FIRST(c, format))
			fprintf(f,
			    "void %s(struct strbuf *text, struct strbuf *key, "
			    "%s *);\n\n",
			    c->format, c->rec);
		if (FIRST(c, alike))
			fprintf(f,
			    "void %s(const %s *, unsigned which, "
			    "struct strbuf *key);\n\n",
			    c->alike, c->rec);
	}
	fputs("#endif\n", f);
}

static void
out_assert(FILE *f, const struct field *x)
{
	const char *s = x->strct, *m = x->member;

	if (x->ctype == NULL)
		fprintf(f,
		    "_Static_assert(_Generic(((%s *)0)->%s, bool: 1, "
		    "uint8_t: 1, uint16_t: 1, uint32_t: 1, default: 0),\n"
		    "    \"%s:%d: %s.%s is no integer\");\n",
		    s, m, x->pos.file, x->pos.line, s, m);
	else if (strncmp(x->ctype, "char[", 5) == 0)
		fprintf(f,
		    "_Static_assert(_Generic(((%s *)0)->%s, char *: 1, "
		    "default: 0) && sizeof(((%s *)0)->%s) >= sizeof(%s),\n"
		    "    \"%s:%d: %s.%s is not a %s\");\n",
		    s, m, s, m,
		    text("char%s", strchr(x->ctype, '[')), x->pos.file,
		    x->pos.line, s, m, x->ctype);
	else
		fprintf(f,
		    "_Static_assert(_Generic(((%s *)0)->%s, %s: 1, "
		    "default: 0),\n    \"%s:%d: %s.%s is not %s\");\n",
		    s, m,
		    strcmp(x->ctype, "list") == 0 ? "struct cf_list"
						  : x->ctype,
		    x->pos.file, x->pos.line, s, m, x->ctype);
}

static void
out_fields(FILE *f)
{
	for (unsigned i = 0; i < fields.n; i++)
		out_assert(f, fields.v[i]);
	fputs("\nconst struct cli_field cli_fields[] = {\n", f);
	for (unsigned i = 0; i < fields.n; i++) {
		const struct field *x = fields.v[i];
		const char *d = x->def;
		bool str = d != NULL && d[0] == '"';

		fprintf(f,
		    "\t{%s, offsetof(%s, %s), sizeof(((%s *)0)->%s), %s, %s},"
		    "\n",
		    x->kind, x->strct, x->member, x->strct, x->member,
		    d != NULL && !str ? d : "0", str ? d : "NULL");
	}
	fputs("\t{0, 0, 0, 0, NULL},\n};\n\n", f);
}

static void
out_node(FILE *f, const struct node *n)
{
	const struct elem *e = n->e;
	bool word = strcmp(n->kind, "N_WORD") == 0;
	bool value = strcmp(n->kind, "N_VALUE") == 0;

	fprintf(f, "\t{%s, %s, %s%s%s%s%s, %u, %u, ", n->kind,
	    value ? e->type : "0", n->hidden ? "NF_HIDDEN" : "0",
	    e != NULL && e->least != 0 ? " | NF_SOME" : "",
	    value && e->key ? " | NF_KEY" : "",
	    value && e->secret ? " | NF_SECRET" : "",
	    value && e->number ? " | NF_NUMBER" : "", n->level, n->alt);
	if (n->field != NULL)
		fprintf(f, "%u, ", n->field->id);
	else
		fputs("0xffff, ", f);
	fprintf(f, "%u, %u, ", n->c != NULL ? n->c->id : 0, n->edges);
	if (strcmp(n->kind, "N_SET") == 0 && n->field != NULL)
		fprintf(f, "(uint32_t)(%s), 0, ", e->expr);
	else if (value)
		fprintf(f, "%luu, %luu, ", e->lo, e->hi);
	else
		fputs("0, 0, ", f);
	out_string(f, word ? e->word : NULL);
	fputs(", ", f);
	out_string(f, word ? e->print : NULL);
	fputs(",\n\t    ", f);
	out_string(f, n->help);
	fprintf(f, ", %s},\n", value && e->names != NULL ? e->names : "NULL");
}

static void
out_nodes(FILE *f)
{
	unsigned at = 1;

	fputs("const uint16_t cli_edges[] = {0,\n", f);
	for (unsigned i = 0; i < nodes.n; i++) {
		struct node *n = nodes.v[i];

		if (n->next.n == 0)
			continue;
		n->edges = at;
		putc('\t', f);
		for (unsigned k = 0; k < n->next.n; k++)
			fprintf(f, "%u, ", n->next.v[k]);
		fputs("0,\n", f);
		at += n->next.n + 1;
	}
	fputs("};\n\nconst struct cli_node cli_nodes[] = {\n"
	      "\t{N_SET, 0, 0, 99, 0, 0xffff, 0, 0, 0, 0, NULL, NULL, NULL, "
	      "NULL},\n",
	    f);
	for (unsigned i = 1; i < nodes.n; i++)
		out_node(f, nodes.v[i]);
	fputs("};\n\n", f);
}

static unsigned
handler_of(const struct command *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < commands.n; i++) {
		const struct command *o = commands.v[i];

		if (!FIRST(o, run))
			continue;
		if (strcmp(o->run, c->run) == 0)
			return n;
		n++;
	}
	return 0;
}

static bool
lists_fields(const struct command *c)
{
	return c->fields.n != 0 && (strcmp(c->action, "FA_LINE") == 0 ||
				       strcmp(c->action, "FA_ENTER") == 0);
}

static unsigned
number_field(const struct command *c)
{
	if (strcmp(c->action, "FA_REFUSE") == 0)
		return 0xffff;
	for (unsigned i = 0; i < c->elems.n; i++) {
		const struct elem *e = c->elems.v[i];

		if (e->kind == E_OPT && e->alts.v[0].n == 1 &&
		    e->alts.v[0].v[0]->number)
			return field_of(c->rec, e->alts.v[0].v[0]->member)->id;
	}
	return 0xffff;
}

static void
out_form(FILE *f, const struct command *c)
{
	fprintf(f, "\t{%s, %s, %d, 0%s%s%s%s%s%s%s%s%s%s%s, %s, ", c->action,
	    c->deliver, c->level, c->on ? " | FF_ON" : "",
	    c->both ? " | FF_BOTH" : "", c->existing ? " | FF_EXISTING" : "",
	    c->dup ? " | FF_DUP" : "", c->has_default ? " | FF_DEFAULT" : "",
	    c->hidden ? " | FF_HIDDEN" : "", c->literal ? " | FF_LITERAL" : "",
	    number_field(c) != 0xffff ? " | FF_NUMBERED" : "",
	    c->json ? " | FF_JSON" : "", c->whole ? " | FF_WHOLE" : "",
	    c->each ? " | FF_EACH" : "", c->proc != NULL ? c->proc : "0");
	fprintf(f, "%u, %u, %u, ", c->mode->id, c->slot, c->class);
	if (c->list != NULL)
		fprintf(f, "offsetof(%s, %s), ",
		    c->mode->record != NULL ? c->mode->record
					    : "struct cf_obj",
		    c->list);
	else
		fputs("CLI_NO_LIST, ", f);
	fprintf(f, "%u, %u,\n\t    ", c->run != NULL ? handler_of(c) : 0,
	    number_field(c));
	if (lists_fields(c))
		fprintf(f, "%u, form_fields_%u, ", c->fields.n, c->id);
	else
		fputs("0, NULL, ", f);
	fprintf(f, "%s%s, %s%s, %s%s, ", c->check != NULL ? "check_" : "",
	    c->check != NULL ? c->check : "NULL",
	    c->format != NULL ? "format_" : "",
	    c->format != NULL ? c->format : "NULL",
	    c->alike != NULL ? "alike_" : "",
	    c->alike != NULL ? c->alike : "NULL");
	out_string(f, c->note);
	fputs("},\n", f);
}

static void
out_forms(FILE *f)
{
	for (unsigned i = 0; i < commands.n; i++) {
		const struct command *c = commands.v[i];

		if (FIRST(c, check))
			fprintf(f,
			    "static int\ncheck_%s(struct cf_check *c, "
			    "const void *rec)\n{\n\treturn %s(c, rec);\n}\n\n",
			    c->check, c->check);
		if (FIRST(c, format))
			fprintf(f,
			    "static void\nformat_%s(struct strbuf *text, "
			    "struct strbuf *key, void *rec)\n"
			    "{\n\t%s(text, key, rec);\n}\n\n",
			    c->format, c->format);
		if (FIRST(c, alike))
			fprintf(f,
			    "static void\nalike_%s(const void *rec, "
			    "unsigned which, struct strbuf *key)\n"
			    "{\n\t%s(rec, which, key);\n}\n\n",
			    c->alike, c->alike);
		if (!lists_fields(c))
			continue;
		fprintf(f, "static const uint16_t form_fields_%u[] = {", i);
		for (unsigned k = 0; k < c->fields.n; k++)
			fprintf(f, "%u, ", c->fields.v[k]);
		fputs("};\n", f);
	}
	fputs("\nconst struct cli_form cli_forms[] = {\n", f);
	for (unsigned i = 0; i < commands.n; i++)
		out_form(f, commands.v[i]);
	fputs("};\n\n", f);
}

static void
out_class(FILE *f, unsigned mode, const char *strct)
{
	unsigned first = 0, n = 0;

	for (unsigned i = 0; strct != NULL && i < fields.n; i++)
		if (strcmp(fields.v[i]->strct, strct) == 0) {
			if (n++ == 0)
				first = i;
		}
	fprintf(f, "\t{%u, sizeof(%s), %u, %u},\n", mode,
	    strct != NULL ? strct : "struct cf_obj", first, n);
}

static void
out_modes(FILE *f)
{
	fputs("const struct cli_slot cli_slots[] = {\n", f);
	for (unsigned i = 0; i < slots.n; i++) {
		fprintf(f, "\t{%d, ", slots.v[i]->sorted);
		out_string(f, slots.v[i]->always);
		fputs(", ", f);
		out_string(f, slots.v[i]->last);
		fputs("},\n", f);
	}
	fputs("};\n\nconst struct cli_class cli_classes[] = {\n", f);
	for (unsigned i = 0; i < modes.n; i++)
		out_class(f, i, modes.v[i]->record);
	for (unsigned i = 0; i < classes.n; i++)
		out_class(f, 0, classes.v[i]->strct);
	fputs("};\n\nconst struct cli_mode cli_modes[] = {\n", f);
	for (unsigned i = 0; i < modes.n; i++) {
		const struct mode *m = modes.v[i];

		fprintf(f, "\t{\"%s\", ", m->name);
		out_string(f, m->prompt);
		fputs(", ", f);
		out_string(f, m->dotted);
		fputs(", ", f);
		out_string(f, m->older);
		fputs(", ", f);
		out_string(f, m->header);
		fputs(", ", f);
		out_string(f, m->note);
		fprintf(f, ", %u, %d, %s, %u, %u},\n",
		    nodes.v[m->root]->edges, m->keep, m->deliver, m->slot0,
		    m->nslots);
	}
	fprintf(f,
	    "};\n\nconst unsigned cli_mode_count = %u, cli_class_count = %u, "
	    "cli_form_count = %u;\n",
	    modes.n, modes.n + classes.n, commands.n);
}

void
out_tables(FILE *f, const char *header)
{
	fprintf(f,
	    "/* Written by gramc from grammar/. */\n#include \"config.h\"\n\n"
	    "#include \"base/log.h\"\n#include \"cli/table.h\"\n"
	    "#include \"%s\"\n\n",
	    header);
	if (nodes.n > 65535 || commands.n > 65535) {
		fputs("gramc: too many nodes\n", stderr);
		exit(1);
	}
	out_fields(f);
	out_nodes(f);
	out_forms(f);
	out_modes(f);
}

void
out_handlers(FILE *f, const char *header)
{
	fprintf(f,
	    "\n/* Written by gramc from grammar/. */\n#include \"config.h\"\n\n"
	    "#include \"cli/table.h\"\n#include \"cli/run.h\"\n"
	    "#include \"%s\"\n\n",
	    header);
	for (unsigned i = 0; i < commands.n; i++) {
		const struct command *c = commands.v[i];

		if (FIRST(c, run))
			fprintf(f,
			    "_Static_assert(sizeof(struct %s_args) <= 1024,\n"
			    "    \"too many arguments\");\nstatic int\n"
			    "run_%s(struct cli_ctx *ctx, const void *args)\n"
			    "{\n\treturn %s(ctx, args);\n}\n\n",
			    c->run, c->run, c->run);
	}
	fputs("const struct cli_handler cli_handlers[] = {\n", f);
	for (unsigned i = 0; i < commands.n; i++)
		if (FIRST(commands.v[i], run))
			fprintf(f, "\t{\"%s\", run_%s},\n", commands.v[i]->run,
			    commands.v[i]->run);
	fputs("\t{NULL, NULL},\n};\n", f);
}
