/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The grammar compiler: what its parts share. It runs on the build machine,
 * once, and frees nothing.
 */
#ifndef GRAMC_H
#define GRAMC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct pos {
	const char *file;
	int line;
};

#define VEC_BODY(type)                                                        \
	{                                                                     \
		type *v;                                                      \
		unsigned n, cap;                                              \
	}
#define VEC(type) struct VEC_BODY(type)
#define PUSH(vec, x)                                                          \
	do {                                                                  \
		if ((vec).n == (vec).cap) {                                   \
			(vec).cap = (vec).cap ? 2 * (vec).cap : 8;            \
			(vec).v = grow((vec).v,                               \
			    (vec).cap * sizeof((vec).v[0]));                  \
		}                                                             \
		(vec).v[(vec).n++] = (x);                                     \
	} while (0)

void *grow(void *p, size_t size);
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Counts it and goes on; the compiler fails at its end. */
void error_at(struct pos, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
extern unsigned errors;

/* A member of a struct that a command writes. */
struct field {
	const char *strct, *member; /* "struct acl", "ace.src" */
	const char *kind;	    /* "F_INT"... */
	const char *ctype;	    /* to check: "uint8_t", "char[81]", NULL */
	const char *def;	    /* C expression or NULL */
	struct pos pos;
	unsigned id;
};

enum elem_kind { E_WORD, E_VALUE, E_SET, E_GROUP, E_OPT, E_ANY };

struct elem;
struct elem_vec VEC_BODY(struct elem *);
struct list VEC_BODY(unsigned);

struct elem {
	enum elem_kind kind;
	struct pos pos;
	const char *word, *print, *help;
	const char *member; /* VALUE, SET: as written */
	const char *type, *names; /* "T_UINT" */
	const char *ctype;
	unsigned long lo, hi;
	bool key, secret, number, network;
	unsigned least;	   /* ANY: how many of them */
	const char *expr;  /* SET */
	VEC(struct elem_vec) alts; /* GROUP, ANY; OPT has one */
};

struct mode;

struct command {
	struct pos pos;
	struct mode *mode;
	struct elem_vec elems;
	const char *action; /* "FA_LINE" ... */
	const char *target; /* name of the mode entered, struct added */
	struct mode *enters;
	const char *list;
	const char *run, *proc, *check, *format, *alike, *choice, *always,
	    *last, *note;
	const char *deliver; /* NULL: the mode's */
	VEC(const char *) def_field;
	VEC(const char *) def_value;
	bool on, both, existing, dup, whole, each;
	bool sorted, hidden, has_default, literal,
	    json;
	int level;
	unsigned id, slot, class;
	const char *rec; /* struct whose members the elements name */
	VEC(unsigned) fields;
};

struct mode {
	struct pos pos;
	const char *name, *prompt, *dotted, *older, *header, *record;
	const char *deliver, *note;
	bool keep, reachable;
	VEC(struct command *) commands;
	unsigned id, slot0, nslots, root;
	bool root_done;
};

struct slot {
	struct mode *mode;
	const char *list, *choice;
	bool sorted;
	const char *always, *last;
};

struct class { /* of an `add` record */
	const char *strct;
};

struct node {
	const char *kind;
	struct elem *e;
	struct command *c;
	struct field *field;
	unsigned alt, level, id;
	bool hidden;
	const char *help;
	struct list next; /* raw nodes: raw numbers; merged ones: merged */
	unsigned edges;
	struct pos pos;
};

struct mode_vec VEC_BODY(struct mode *);
struct command_vec VEC_BODY(struct command *);
struct field_vec VEC_BODY(struct field *);
struct slot_vec VEC_BODY(struct slot *);
struct class_vec VEC_BODY(struct class *);
struct node_vec VEC_BODY(struct node *);

extern struct mode_vec modes; /* 0 exec, 1 config */
extern struct command_vec commands;
extern struct field_vec fields; /* those of one struct stand together */
extern struct slot_vec slots;
extern struct class_vec classes; /* of one-line records */
extern struct node_vec nodes;	 /* merged; 0 unused */

struct field *field_of(const char *strct, const char *member);
void parse_file(const char *name);
struct mode *mode_find(const char *name);
void resolve_all(void);
void graph_all(void);
void out_header(FILE *);
void out_tables(FILE *, const char *header);
void out_handlers(FILE *, const char *header);
void out_reference(FILE *);
void out_samples(FILE *);

#endif
