/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output of a show command as text or, behind `| json`, as JSON, both from
 * one walk over what is shown: the text functions do nothing when JSON is
 * wanted, the JSON functions nothing when it is not, a table of fields does
 * either. doc/json.md is the schema that users rely on: names once given stay.
 */
#ifndef COHORT_SHOW_H
#define COHORT_SHOW_H

#include "cli/cli.h"

#define SHOW_DEPTH 16

struct json_t; /* jansson */

struct show {
	struct cli_ctx *ctx;
	struct strbuf sb;
	struct json_t *at[SHOW_DEPTH]; /* open objects and arrays; at[0] NULL:
					* text */
	unsigned depth;
	bool rows; /* one was printed */
};

/* The top of JSON is an object, open from the start. */
void show_begin(struct show *, struct cli_ctx *);
/* Elements of an array `name` without a bound, in pieces: what was put into
 * the top since the last row is the next one; nothing else is in the object.
 * show_flush() hands on what there is. */
void show_pieces_begin(struct show *, const char *name);
void show_piece(struct show *);
void show_flush(struct show *);
int show_pieces_end(struct show *); /* instead of show_end() */
/* Prints what is left and frees it; CLI_DONE, for `return`. */
int show_end(struct show *);
bool show_is_json(const struct show *) MUST_USE;

/* ---- text ---- */

PRINTF_LIKE(2, 3) void show_text(struct show *, const char *fmt, ...);

/* ---- JSON: name is that of the member; NULL inside an array ---- */

void show_object(struct show *, const char *name);
void show_array(struct show *, const char *name);
void show_close(struct show *); /* the last one opened */
void show_str(struct show *, const char *name, const char *value);
void show_uint(struct show *, const char *name, uint64_t value);
void show_bool(struct show *, const char *name, bool value);
void show_ip4(struct show *, const char *name, uint32_t addr);
PRINTF_LIKE(3, 4) void show_fmt(struct show *, const char *name,
    const char *fmt, ...);

/* ---- both ---- */

/* SHOW_UINT is the number that the text begins with: "3600 secs" is 3600. */
enum show_type { SHOW_NONE, SHOW_STR, SHOW_UINT };

/* A line "label   : value". colon: its column, 0: right behind the label and
 * a blank. value NULL: a heading, or an empty line if the label is "".
 * Without label (NULL) the value is for JSON only. */
struct show_field {
	unsigned char indent, colon;
	const char *label;
	void (*value)(struct strbuf *, const void *);
	bool (*when)(const void *); /* NULL: always */
	enum show_type type;	    /* SHOW_NONE: not in JSON */
	const char *name;
};

void show_fields(struct show *, const struct show_field *, size_t n,
    const void *);
#define SHOW_FIELDS(v, table, p) show_fields((v), (table), NELEM(table), (p))

#endif
