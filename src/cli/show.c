/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Text and JSON of show commands (see show.h). Any process.
 */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"

#define FLUSH 32768 /* text is handed on in pieces */

/* jansson would open /dev/urandom for the seed of its tables, which a process
 * without files cannot. The names in our objects are our own, so that nobody
 * can choose colliding ones. */
#define SEED 1

void
show_begin(struct show *v, struct cli_ctx *ctx)
{
	memset(v, 0, sizeof(*v));
	v->ctx = ctx;
	if (!cli_wants_json(ctx))
		return;
	json_object_seed(SEED);
	v->at[0] = json_object();
	if (v->at[0] == NULL)
		fatal("out of memory");
}

bool
show_is_json(const struct show *v)
{
	return v->at[0] != NULL;
}

static int
put_json(const char *buf, size_t len, void *arg)
{
	struct strbuf *sb = arg;

	sb_add(sb, buf, len);
	return 0;
}

void
show_flush(struct show *v)
{
	if (v->sb.len != 0)
		cli_printf(v->ctx, "%s", v->sb.s);
	if (v->sb.s != NULL) /* a configuration has secrets */
		explicit_bzero(v->sb.s, v->sb.len);
	sb_free(&v->sb);
}

int
show_end(struct show *v)
{
	if (show_is_json(v)) {
		(void)json_dump_callback(v->at[0], put_json, &v->sb,
		    JSON_INDENT(2));
		sb_add(&v->sb, "\n", 1);
		json_decref(v->at[0]);
		v->at[0] = NULL;
	}
	show_flush(v);
	return CLI_DONE;
}

/* ---- arrays in pieces ---- */

void
show_pieces_begin(struct show *v, const char *name)
{
	v->rows = false;
	if (show_is_json(v))
		sb_printf(&v->sb, "{\n  \"%s\": [", name);
}

void
show_piece(struct show *v)
{
	char *text, *line, *next;

	if (!show_is_json(v))
		return;
	text = json_dumps(v->at[0], JSON_INDENT(2));
	if (text == NULL)
		fatal("out of memory");
	sb_printf(&v->sb, v->rows ? "," : "");
	for (line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		sb_printf(&v->sb, "\n    %s", line);
	}
	free(text);
	json_object_clear(v->at[0]);
	v->rows = true;
	if (v->sb.len >= FLUSH)
		show_flush(v);
}

int
show_pieces_end(struct show *v)
{
	if (show_is_json(v)) {
		sb_printf(&v->sb, "%s]\n}\n", v->rows ? "\n  " : "");
		json_decref(v->at[0]);
		v->at[0] = NULL;
	}
	show_flush(v);
	return CLI_DONE;
}

void
show_text(struct show *v, const char *fmt, ...)
{
	va_list ap;

	if (show_is_json(v))
		return;
	va_start(ap, fmt);
	sb_vprintf(&v->sb, fmt, ap);
	va_end(ap);
	if (v->sb.len >= FLUSH)
		show_flush(v);
}

/* ---- JSON ---- */

static void
put(struct show *v, const char *name, json_t *value)
{
	json_t *at = v->at[v->depth];
	int bad = name != NULL ? json_object_set(at, name, value) :
	    json_array_append(at, value);

	if (value == NULL || bad != 0)
		fatal("JSON: %s", name != NULL ? name : "an array");
}

static void
open_value(struct show *v, const char *name, json_t *value)
{
	put(v, name, value);
	json_decref(value); /* what holds it keeps it */
	if (v->depth + 1 == SHOW_DEPTH)
		fatal("JSON: too deep");
	v->at[++v->depth] = value;
}

void
show_object(struct show *v, const char *name)
{
	if (show_is_json(v))
		open_value(v, name, json_object());
}

void
show_array(struct show *v, const char *name)
{
	if (show_is_json(v))
		open_value(v, name, json_array());
}

void
show_close(struct show *v)
{
	if (show_is_json(v))
		v->depth--;
}

/* Octets that are no UTF-8 are taken for Latin-1. */
static json_t *
json_of_text(const char *s)
{
	json_t *j = json_string(s);
	char *utf8, *p;

	if (j != NULL)
		return j;
	p = utf8 = xcalloc(2, strlen(s) + 1);
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x80) {
			*p++ = (char)(0xc0 | c >> 6);
			c = 0x80 | (c & 0x3f);
		}
		*p++ = (char)c;
	}
	j = json_string(utf8);
	free(utf8);
	return j;
}

static void
put_new(struct show *v, const char *name, json_t *value)
{
	put(v, name, value);
	json_decref(value);
}

void
show_str(struct show *v, const char *name, const char *value)
{
	if (show_is_json(v))
		put_new(v, name, json_of_text(value));
}

void
show_uint(struct show *v, const char *name, uint64_t value)
{
	if (show_is_json(v))
		put_new(v, name, json_integer((json_int_t)value));
}

void
show_bool(struct show *v, const char *name, bool value)
{
	if (show_is_json(v))
		put_new(v, name, json_boolean(value));
}

void
show_ip4(struct show *v, const char *name, uint32_t addr)
{
	char buf[IP4_STRLEN];

	show_str(v, name, ip4_str(addr, buf));
}

void
show_fmt(struct show *v, const char *name, const char *fmt, ...)
{
	struct strbuf sb = {0};
	va_list ap;

	if (!show_is_json(v))
		return;
	va_start(ap, fmt);
	sb_vprintf(&sb, fmt, ap);
	va_end(ap);
	show_str(v, name, sb.s != NULL ? sb.s : "");
	sb_free(&sb);
}

/* ---- tables ---- */

static void
field_json(struct show *v, const struct show_field *f, const void *p)
{
	struct strbuf sb = {0};
	const char *s;

	if (f->type == SHOW_NONE || f->value == NULL)
		return;
	f->value(&sb, p);
	s = sb.s != NULL ? sb.s : "";
	if (f->type == SHOW_UINT)
		show_uint(v, f->name, strtoull(s, NULL, 10));
	else
		show_str(v, f->name, s);
	sb_free(&sb);
}

static void
field_text(struct strbuf *sb, const struct show_field *f, const void *p)
{
	int width;

	if (f->label == NULL)
		return;
	if (f->label[0] == '\0') {
		sb_printf(sb, "\n");
		return;
	}
	if (f->value == NULL) {
		sb_printf(sb, "%*s%s\n", f->indent, "", f->label);
		return;
	}
	width = f->colon != 0 ? f->colon - f->indent :
	    (int)strlen(f->label) + 1;
	sb_printf(sb, "%*s%-*s: ", f->indent, "", width, f->label);
	f->value(sb, p);
	sb_printf(sb, "\n");
}

void
show_fields(struct show *v, const struct show_field *f, size_t n,
    const void *p)
{
	for (size_t i = 0; i < n; i++, f++) {
		if (f->when != NULL && !f->when(p))
			continue;
		if (show_is_json(v))
			field_json(v, f, p);
		else
			field_text(&v->sb, f, p);
	}
}
