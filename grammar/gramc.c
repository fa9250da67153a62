/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gramc: compiles grammar/ to the tables of the command language. See
 * LANGUAGE.md. Here: the command line, memory, errors, and the resolution of
 * names between the parser and the graph.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gramc.h"

unsigned errors;
struct mode_vec modes;
struct command_vec commands;
struct field_vec fields;
struct slot_vec slots;
struct class_vec classes;

void *
grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (p == NULL) {
		fputs("gramc: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

char *
text(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0) {
		fputs("gramc: out of memory\n", stderr);
		exit(1);
	}
	va_end(ap);
	return s;
}

void
error_at(struct pos pos, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: error: ", pos.file, pos.line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	errors++;
}

struct mode *
mode_find(const char *name)
{
	for (unsigned i = 0; i < modes.n; i++)
		if (strcmp(modes.v[i]->name, name) == 0)
			return modes.v[i];
	return NULL;
}

/* ---- fields ---- */

static const char *
kind_of(const char *ctype)
{
	if (ctype == NULL || strncmp(ctype, "uint", 4) == 0 ||
	    strcmp(ctype, "int") == 0)
		return "F_INT";
	if (strncmp(ctype, "char[", 5) == 0)
		return "F_STR";
	return strcmp(ctype, "list") == 0 ? "F_LIST" : "F_PTR";
}

struct field *
field_of(const char *strct, const char *member)
{
	for (unsigned i = 0; i < fields.n; i++)
		if (strcmp(fields.v[i]->strct, strct) == 0 &&
		    strcmp(fields.v[i]->member, member) == 0)
			return fields.v[i];
	return NULL;
}

static struct field *
field_add(struct command *c, const char *strct, const char *member,
    const char *ctype, struct pos pos)
{
	struct field *f = field_of(strct, member);

	if (f == NULL) {
		f = grow(NULL, sizeof(*f));
		*f = (struct field){strct, member, kind_of(ctype), ctype, NULL,
		    pos, fields.n};
		PUSH(fields, f);
	} else if (f->ctype == NULL && ctype != NULL) {
		f->ctype = ctype;
		f->kind = kind_of(ctype);
	} else if (ctype != NULL && strcmp(kind_of(ctype), f->kind) != 0) {
		error_at(pos, "field %s is used with two types", member);
	}
	if (c != NULL) {
		for (unsigned i = 0; i < c->fields.n; i++)
			if (c->fields.v[i] == f->id)
				return f;
		PUSH(c->fields, f->id);
	}
	return f;
}

static void
fields_of_elems(struct command *c, const struct elem_vec *ev)
{
	for (unsigned i = 0; i < ev->n; i++) {
		struct elem *e = ev->v[i];
		struct field *f;

		if (e->kind == E_VALUE && e->member != NULL) {
			const char *t = e->ctype;

			if (c->run != NULL && t == NULL)
				t = "uint32_t";
			else if (c->run != NULL && strchr(t, '*') != NULL)
				t = text("char[%lu]", e->hi + 1);
			f = field_add(c, c->rec, e->member, t, e->pos);
			if (e->secret && c->deliver != NULL &&
			    strstr(c->deliver, "CF_FWD") != NULL)
				error_at(e->pos, "secret %s delivered to fwd",
				    f->member);
		} else if (e->kind == E_SET) {
			const char *t = NULL;

			if (c->run != NULL && strcmp(e->expr, "1") != 0)
				t = "uint32_t";
			field_add(c, c->rec, e->member, t, e->pos);
		}
		for (unsigned k = 0; k < e->alts.n; k++)
			fields_of_elems(c, &e->alts.v[k]);
	}
}

static const char *
first_member(const struct elem_vec *ev)
{
	for (unsigned i = 0; i < ev->n; i++) {
		const struct elem *e = ev->v[i];

		if (e->member != NULL && !e->key)
			return e->member;
		for (unsigned k = 0; k < e->alts.n; k++)
			if (first_member(&e->alts.v[k]) != NULL)
				return first_member(&e->alts.v[k]);
	}
	return NULL;
}

static void
defaults_of(struct command *c)
{
	for (unsigned i = 0; i < c->def_value.n; i++) {
		const char *m = c->def_field.v[i];
		struct field *f;

		if (m == NULL)
			m = first_member(&c->elems);
		f = m != NULL ? field_of(c->rec, m) : NULL;
		if (f == NULL)
			error_at(c->pos, "default for no field");
		else if (f->def != NULL &&
		    strcmp(f->def, c->def_value.v[i]) != 0)
			error_at(c->pos, "two defaults for %s", f->member);
		else
			f->def = c->def_value.v[i];
	}
	if (c->on) {
		const char *m = first_member(&c->elems);

		if (m != NULL && field_of(c->rec, m) != NULL)
			field_of(c->rec, m)->def = "1";
	}
}

static int
by_struct(const void *a, const void *b)
{
	const struct field *x = *(struct field *const *)a;
	const struct field *y = *(struct field *const *)b;
	int d = strcmp(x->strct, y->strct);

	return d != 0 ? d : (int)x->id - (int)y->id;
}

/* Numbers the fields anew, those of one struct together. */
static void
sort_fields(void)
{
	unsigned *now = grow(NULL, (fields.n + 1) * sizeof(*now));

	if (fields.n == 0)
		return;
	qsort(fields.v, fields.n, sizeof(fields.v[0]), by_struct);
	for (unsigned i = 0; i < fields.n; i++) {
		now[fields.v[i]->id] = i;
		fields.v[i]->id = i;
	}
	for (unsigned i = 0; i < commands.n; i++) {
		struct command *c = commands.v[i];

		for (unsigned k = 0; k < c->fields.n; k++)
			c->fields.v[k] = now[c->fields.v[k]];
	}
	free(now);
}

/* ---- names ---- */

static void
resolve_target(struct command *c)
{
	c->rec = c->mode->record;
	if (c->run != NULL) {
		c->rec = text("struct %s_args", c->run);
	} else if (strcmp(c->action, "FA_ADD") == 0) {
		c->rec = text("struct %s", c->target);
	} else if (c->target != NULL) {
		c->enters = mode_find(c->target);
		if (c->enters == NULL) {
			error_at(c->pos, "unknown mode %s", c->target);
			return;
		}
		c->rec = c->enters->record;
	}
	if (c->rec == NULL)
		c->rec = "struct cf_obj";
	if (c->deliver == NULL)
		c->deliver = c->enters != NULL ? c->enters->deliver
					       : c->mode->deliver;
	if (c->list != NULL)
		field_add(NULL, c->mode->record != NULL ? c->mode->record
							: "struct cf_obj",
		    c->list, "list", c->pos);
}

static void
slot_of(struct mode *m, struct command *c)
{
	struct slot *s;

	for (unsigned i = m->slot0; i < slots.n; i++) {
		s = slots.v[i];
		if ((c->list != NULL && s->list != NULL &&
			strcmp(c->list, s->list) == 0) ||
		    (c->choice != NULL && s->choice != NULL &&
			strcmp(c->choice, s->choice) == 0)) {
			c->slot = i;
			goto found;
		}
	}
	s = grow(NULL, sizeof(*s));
	*s = (struct slot){m, c->list, c->choice, false, NULL, NULL};
	c->slot = slots.n;
	PUSH(slots, s);
found:
	s->sorted |= c->sorted;
	if (c->always != NULL)
		s->always = c->always;
	if (c->last != NULL)
		s->last = c->last;
}

static void
class_of(struct command *c)
{
	struct class *k;

	if (strcmp(c->action, "FA_ADD") != 0) {
		c->class = c->enters != NULL ? c->enters->id : 0;
		return;
	}
	for (unsigned i = 0; i < classes.n; i++)
		if (strcmp(classes.v[i]->strct, c->rec) == 0) {
			c->class = modes.n + i;
			return;
		}
	k = grow(NULL, sizeof(*k));
	k->strct = c->rec;
	c->class = modes.n + classes.n;
	PUSH(classes, k);
}

static void
reach(struct mode *m)
{
	if (m->reachable)
		return;
	m->reachable = true;
	for (unsigned i = 0; i < m->commands.n; i++)
		if (m->commands.v[i]->enters != NULL)
			reach(m->commands.v[i]->enters);
}

void
resolve_all(void)
{
	for (unsigned i = 0; i < commands.n; i++) {
		struct command *c = commands.v[i];

		resolve_target(c);
		if (strcmp(c->action, "FA_REFUSE") != 0)
			fields_of_elems(c, &c->elems);
	}
	for (unsigned i = 0; i < commands.n; i++) {
		defaults_of(commands.v[i]);
		class_of(commands.v[i]);
	}
	for (unsigned i = 0; i < modes.n; i++) {
		struct mode *m = modes.v[i];

		m->slot0 = slots.n;
		for (unsigned k = 0; k < m->commands.n; k++)
			slot_of(m, m->commands.v[k]);
		m->nslots = slots.n - m->slot0;
	}
	sort_fields();
	reach(modes.v[0]);
	reach(modes.v[1]);
	for (unsigned i = 0; i < modes.n; i++)
		if (!modes.v[i]->reachable)
			error_at(modes.v[i]->pos, "nothing enters mode %s",
			    modes.v[i]->name);
}

/* ---- the command line ---- */

static FILE *
out_open(const char *name)
{
	FILE *f = fopen(name, "w");

	if (f == NULL) {
		perror(name);
		exit(1);
	}
	return f;
}

static void
out_close(FILE *f, const char *name)
{
	if (ferror(f) || fclose(f) != 0) {
		perror(name);
		exit(1);
	}
}

static const char *
base_name(const char *path)
{
	const char *s = strrchr(path, '/');

	return s != NULL ? s + 1 : path;
}

int
main(int argc, char **argv)
{
	static const char opts[] = "hcdsr";
	const char *out[5] = {NULL};
	int i;

	for (i = 1; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		const char *o = strchr(opts, argv[i][1]);

		if (o == NULL || argv[i][1] == '\0')
			break;
		out[o - opts] = argv[i + 1];
	}
	if (out[0] == NULL || out[1] == NULL || i >= argc) {
		fputs("usage: gramc -h HEADER -c TABLES [-r HANDLERS] "
		      "[-d REFERENCE] [-s SAMPLES] FILE...\n",
		    stderr);
		return 2;
	}
	for (; i < argc; i++)
		parse_file(argv[i]);
	if (errors == 0)
		resolve_all();
	if (errors == 0)
		graph_all();
	if (errors != 0)
		return 1;
	for (int k = 0; k < 5; k++) {
		FILE *f;

		if (out[k] == NULL)
			continue;
		f = out_open(out[k]);
		switch (opts[k]) {
		case 'h':
			out_header(f);
			break;
		case 'c':
			out_tables(f, base_name(out[0]));
			if (out[4] == NULL)
				out_handlers(f, base_name(out[0]));
			break;
		case 'd':
			out_reference(f);
			break;
		case 's':
			out_samples(f);
			break;
		default:
			out_handlers(f, base_name(out[0]));
		}
		out_close(f, out[k]);
	}
	return 0;
}
