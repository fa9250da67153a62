/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside the configuration engine: lines, and the index that finds them.
 */
#ifndef COHORT_CF_INT_H
#define COHORT_CF_INT_H

#include "cli/match.h"
#include "conf/cf.h"

#define CF_KEPT 0xffff /* as form and slot: a line kept as it was typed */

/* What else a line is found by: others may have the same. */
#define CF_SIDES 2
struct cf_side {
	struct cf_side *hnext;
	struct cf_ent *ent;
	uint32_t hash;
};

/* A line of a record. Lines stand in the order of the slots of the mode;
 * within a slot sorted or as entered. A slot that has a list has the records
 * of that list in the same order. */
struct cf_ent {
	struct cf_ent *next, *prev;
	struct cf_ent *hnext;
	struct cf_obj *owner;
	struct cf_obj *obj; /* the record that the line entered or added */
	const char *text;   /* canonical */
	const char *key;    /* tells it from others of its slot */
	struct cf_side *sides; /* CF_SIDES, if its form has `alike` */
	uint32_t hash;
	uint32_t number; /* FF_NUMBERED */
	uint16_t form, slot;
	bool negated;
};

/* The lines of one slot of one record. */
struct cf_group {
	struct cf_group *hnext;
	const struct cf_obj *owner;
	struct cf_ent *last;
	struct cf_ent **order; /* of a slot that is sorted: all, in order */
	uint32_t order_size;
	uint32_t n, off; /* all, and those that are negations */
	uint16_t slot;
};

struct cf_index {
	struct cf_ent **ents;
	struct cf_group **groups;
	struct cf_side **sides;
	size_t nsides, sides_size, nents, ents_size, ngroups, groups_size;
};

/* A record of a mode that keeps unknown lines. */
struct cf_block {
	struct cf_obj obj;
	struct cf_ent *at; /* where lines that come now belong, NULL: first */
	uint64_t words;	   /* a bit for the first word of each kept line */
};

static inline const struct cli_form *
ent_form(const struct cf_ent *e)
{
	return e->form == CF_KEPT ? NULL : &cli_forms[e->form];
}

static inline const struct cli_mode *
obj_mode(const struct cf_obj *o)
{
	return &cli_modes[cli_classes[o->class].mode];
}

/* What a record, also one under construction, belongs to. */
static inline const struct conf *
cf_root(const struct cf_obj *o)
{
	while (o->parent != NULL)
		o = o->parent;
	return (const struct conf *)(const void *)o;
}

/* cf_ent.c */
struct cf_index *cf_index_new(void) MUST_USE;
void cf_index_free(struct cf_index *);
struct cf_obj *cf_obj_new(struct conf *, struct cf_obj *parent,
    uint16_t class) MUST_USE;
size_t cf_class_size(uint16_t class);
void cf_field_default(void *rec, const struct cli_field *);
bool cf_field_is_default(const void *rec, const struct cli_field *) MUST_USE;
void cf_defaults(void *rec, uint16_t class);
struct cf_list *cf_list_at(struct cf_obj *owner, uint16_t offset);
struct cf_group *cf_group_find(const struct conf *, const struct cf_obj *owner,
    uint16_t slot);
struct cf_ent *cf_ent_find(const struct conf *, const struct cf_obj *owner,
    uint16_t slot, const char *key);
/* Lines of a record whose `alike` gives that key, one after the other; from
 * NULL: the first one. There may be others among them: the caller looks
 * closer. */
const struct cf_side *cf_alike(const struct conf *, const struct cf_obj *owner,
    const char *key, const struct cf_side *from);
/* The record of that name in a global list whose key is a name. */
const void *cf_find(const struct conf *, const struct cf_list *,
    const char *name);
/* The first record of that name in a global list whose keys are a name and a
 * number, and which is sorted by them. */
const void *cf_find_first(const struct conf *, const struct cf_list *,
    const char *name);
/* The line of that sequence number. */
struct cf_ent *cf_number_find(const struct cf_group *, uint32_t number);
/* First line of a slot, NULL if none. */
struct cf_ent *cf_slot_first(const struct conf *, const struct cf_obj *owner,
    uint16_t slot);
/* How many lines of a slot are no negations. */
uint32_t cf_slot_on(const struct conf *, const struct cf_obj *owner,
    uint16_t slot);
/* Puts a line in its place; text, key, form, number are set. */
/* Its place is behind all others of its slot. */
bool cf_stays_last(const struct cf_ent *);
void cf_ent_insert(struct conf *, struct cf_obj *owner, struct cf_ent *);
void cf_ent_remove(struct conf *, struct cf_ent *);
/* It is no negation any more. */
void cf_ent_affirm(struct conf *, struct cf_ent *);
void cf_kept_add(struct conf *, struct cf_block *, const char *text);
bool cf_kept_remove(struct conf *, struct cf_block *, const char *text,
    size_t indent);

/* cf_apply.c: checks and applies a match at a record. Moves *at. */
enum cf_result cf_apply(struct conf *, struct cf_obj **at,
    const struct cli_line *, const struct cli_match *, bool negated,
    bool to_default, struct cf_error *, struct strbuf *notes) MUST_USE;
enum cf_result cf_refuse(struct cf_error *, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
bool cf_remove_number(struct conf *, struct cf_obj *at, uint32_t number);

/* cf_pair.c: the lines of two versions of a record. of[] and mate[] are the
 * index of the same line in the other one, or -1. */
struct cf_pair {
	const struct cf_ent **a, **b;
	size_t na, nb;
	ptrdiff_t *of, *mate;
};
#define CF_PAIR_NUMBERS 1 /* sequence numbers tell lines apart */
#define CF_PAIR_NOCASE 2
void cf_pair_new(struct cf_pair *, const struct cf_obj *a,
    const struct cf_obj *b, unsigned flags);
void cf_pair_free(struct cf_pair *);
void cf_pair_part(struct cf_pair *, size_t ib); /* not the same after all */
void cf_pair_longest(struct cf_pair *);	 /* only what keeps its order */
void cf_pair_appended(struct cf_pair *); /* ... and lets the rest be added */

/* cf_print.c: whether its lines are numbered 10, 20, 30... */
bool cf_plain_numbers(const struct cf_obj *) MUST_USE;

/* A record whose lines are printed behind its name (access-list 100 ...). */
static inline bool
cf_is_prefix(const struct cf_obj *o)
{
	return o->head != NULL && ent_form(o->head) != NULL &&
	    ent_form(o->head)->action == FA_PREFIX;
}

static inline bool
ent_is_prefix(const struct cf_ent *e)
{
	return e->obj != NULL && cf_is_prefix(e->obj);
}

/* A line that enters a mode: a header with lines below. */
static inline bool
ent_has_mode(const struct cf_ent *e)
{
	return e->obj != NULL && cli_classes[e->obj->class].mode != 0;
}

/* cf_absent.c: the line that an empty slot stands for (`lifetime 86400`), as
 * its grammar says it; NULL: none. */
struct cf_absent;
struct cf_absent *cf_absent_new(void) MUST_USE;
const char *cf_absent_text(struct cf_absent *, const struct cf_obj *,
    unsigned slot);
void cf_absent_free(struct cf_absent *);

/* cf_line.c: the line at one record; cf_range.c: at all of a range, and what
 * opens a range. indent is relative to the header of the block at the cursor: a
 * deeper line of a keeping block belongs to the block. outer: by its
 * indentation the line should be of this record or its parents; they are
 * asked first. NULL: nothing is known of indentation. */
enum cf_result cf_line_at(struct cf_cursor *, const char *line, int indent,
    struct cf_obj *outer, struct cf_error *, struct strbuf *notes) MUST_USE;
enum cf_result cf_line_one(struct cf_cursor *, const char *line, int indent,
    struct cf_obj *outer, struct cf_error *, struct strbuf *notes) MUST_USE;

#endif
