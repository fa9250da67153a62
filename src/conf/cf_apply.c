/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a matched line does to a configuration. Everything that can refuse a
 * line (check hooks, double numbers) runs before anything is changed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cf_int.h"

#define SEQ_MAX 2147483647U /* sequence numbers */

/* One line being applied. */
struct job {
	struct conf *c;
	const struct cli_line *l;
	const struct cli_match *m;
	const struct cli_form *f;
	uint16_t form;
	unsigned from, to; /* steps */
	bool negated, to_default;
	bool partial; /* ends in N_NOEND */
	struct cf_error *err;
	struct strbuf *notes;
	struct strbuf text, key;
};

enum cf_result
cf_refuse(struct cf_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->column = -1;
	return CF_REFUSED;
}

int
cf_reject(struct cf_check *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->err->text, sizeof(k->err->text), fmt, ap);
	va_end(ap);
	k->err->column = -1;
	return -1;
}

void
cf_note(struct cf_check *k, const char *fmt, ...)
{
	va_list ap;

	if (k->notes == NULL)
		return;
	va_start(ap, fmt);
	sb_vprintf(k->notes, fmt, ap);
	va_end(ap);
	sb_printf(k->notes, "\n");
}

static const char *
str_of(const struct strbuf *sb)
{
	return sb->s != NULL ? sb->s : "";
}

static const char *
keep_str(struct conf *c, const struct strbuf *sb)
{
	return arena_strdup(c->arena, str_of(sb));
}

/* ---- the check hook, on a copy of the record ---- */

static int
judge(struct job *j, struct cf_obj *parent, const void *rec)
{
	struct cf_check k = {j->c, parent, j->negated, j->notes, j->err};

	return j->f->check != NULL ? j->f->check(&k, rec) : 0;
}

static void
note_effect(struct job *j)
{
	if (j->f->note != NULL && j->notes != NULL)
		sb_printf(j->notes, "accepted without effect: %s\n",
		    j->f->note);
}

static void
reset_fields(const struct cli_form *f, void *rec)
{
	for (unsigned i = 0; i < f->nfields; i++)
		cf_field_default(rec, &cli_fields[f->fields[i]]);
}

static bool
all_default(const struct cli_form *f, const void *rec)
{
	for (unsigned i = 0; i < f->nfields; i++)
		if (!cf_field_is_default(rec, &cli_fields[f->fields[i]]))
			return false;
	return true;
}

/* ---- lines that set fields of their record ---- */

static int
judge_line(struct job *j, struct cf_obj *at)
{
	size_t size;
	void *copy;
	int rv;

	if (j->f->check == NULL)
		return 0;
	size = cf_class_size(at->class);
	copy = xcalloc(1, size);
	memcpy(copy, at, size);
	reset_fields(j->f, copy);
	if (!j->negated)
		cli_store(j->l, j->m, j->from, j->to, copy, NULL);
	rv = judge(j, at, copy);
	explicit_bzero(copy, size);
	free(copy);
	return rv;
}

static void
ent_new(struct job *j, struct cf_obj *at, struct cf_obj *obj,
    uint32_t number)
{
	struct cf_ent *e = arena_alloc(j->c->arena, sizeof(*e));

	e->obj = obj;
	e->form = j->form;
	e->slot = j->f->slot;
	e->negated = j->negated;
	e->number = number;
	e->text = keep_str(j->c, &j->text);
	e->key = keep_str(j->c, &j->key);
	cf_ent_insert(j->c, at, e);
}

/* `no LINE` of a form that keeps both: every line that begins like it goes;
 * when there was none, the negation itself is worth keeping. */
static bool
remove_alike(struct job *j, struct cf_obj *at)
{
	struct cf_ent *e, *next;
	size_t len = j->text.len;
	bool found = false;

	if (cf_slot_on(j->c, at, j->f->slot) == 0)
		return false;
	e = cf_slot_first(j->c, at, j->f->slot);
	for (; e != NULL && e->slot == j->f->slot; e = next) {
		next = e->next;
		if (e->negated ||
		    strncmp(e->text, str_of(&j->text), len) != 0 ||
		    (e->text[len] != '\0' && e->text[len] != ' '))
			continue;
		reset_fields(ent_form(e), at);
		cf_ent_remove(j->c, e);
		found = true;
	}
	return found;
}

/* Another form of the choice, which `no` does not mean; but `default` means
 * those that begin with `no`. */
static bool
another_holds(const struct job *j, const struct cf_ent *e)
{
	return !j->partial && e->form != j->form &&
	    strcmp(e->text, str_of(&j->text)) != 0 &&
	    !(j->to_default && strncmp(e->text, "no ", 3) == 0);
}

static void
line_off(struct job *j, struct cf_obj *at, struct cf_ent *e)
{
	if ((j->f->flags & FF_BOTH) != 0) {
		if (remove_alike(j, at) || j->partial)
			return;
		if (e != NULL && e->negated) {
			if (j->to_default)
				cf_ent_remove(j->c, e);
			return;
		}
		if (j->to_default)
			return;
		ent_new(j, at, NULL, 0);
		return;
	}
	if (e != NULL && another_holds(j, e))
		return;
	if (e != NULL) {
		reset_fields(ent_form(e), at);
		cf_ent_remove(j->c, e);
	}
	if ((j->f->flags & FF_ON) != 0) {
		for (unsigned i = 0; i < j->f->nfields; i++) {
			const struct cli_field *f =
			    &cli_fields[j->f->fields[i]];

			memset((char *)at + f->off, 0, f->size);
		}
		ent_new(j, at, NULL, 0);
	}
}

static void
line_on(struct job *j, struct cf_obj *at, struct cf_ent *e)
{
	if (e != NULL) {
		reset_fields(ent_form(e), at);
		reset_fields(j->f, at);
	}
	cli_store(j->l, j->m, j->from, j->to, at, j->c->arena);
	if ((j->f->flags & FF_DEFAULT) != 0 && all_default(j->f, at)) {
		if (e != NULL)
			cf_ent_remove(j->c, e);
		return;
	}
	if (e == NULL) {
		ent_new(j, at, NULL, 0);
		return;
	}
	e->form = j->form;
	cf_ent_affirm(j->c, e);
	e->text = keep_str(j->c, &j->text);
}

static enum cf_result
apply_line(struct job *j, struct cf_obj *at)
{
	struct cf_ent *e = cf_ent_find(j->c, at, j->f->slot, str_of(&j->key));

	if (judge_line(j, at) != 0)
		return CF_REFUSED;
	if (j->to_default && (j->f->flags & FF_ON) != 0)
		j->negated = false;
	if (j->negated)
		line_off(j, at, e);
	else
		line_on(j, at, e);
	if (j->negated) /* a negation that is kept is a line as well */
		e = cf_ent_find(j->c, at, j->f->slot, str_of(&j->key));
	if (!j->negated || (e != NULL && e->negated))
		note_effect(j);
	return CF_OK;
}

/* ---- records of one line ---- */

/* Text, key and the fields of the record as the format hook has them. */
static void
normalise(struct job *j, void *rec)
{
	struct strbuf key = {0};

	if (j->f->format == NULL)
		return;
	sb_free(&j->text);
	j->f->format(&j->text, &key, rec);
	if (key.len != 0) {
		sb_free(&j->key);
		j->key = key;
	}
}

static void
set_number(const struct cli_form *f, void *rec, uint32_t number)
{
	const struct cli_field *x = &cli_fields[f->number];

	if (x->size == 4)
		memcpy((char *)rec + x->off, &number, 4);
	else if (x->size == 2)
		memcpy((char *)rec + x->off, &(uint16_t){(uint16_t)number}, 2);
}

static struct cf_ent *
find_number(struct conf *c, struct cf_obj *at, uint16_t slot, uint32_t number)
{
	const struct cf_group *g = cf_group_find(c, at, slot);

	return g != NULL ? cf_number_find(g, number) : NULL;
}

/* A number for a new line: as typed, or the next multiple of ten. */
static bool
choose_number(struct job *j, struct cf_obj *at, uint32_t *number)
{
	struct cf_group *g = cf_group_find(j->c, at, j->f->slot);

	*number = cli_number(j->l, j->m);
	if (*number != 0)
		return find_number(j->c, at, j->f->slot, *number) == NULL;
	*number = 10;
	if (g != NULL && g->n != 0)
		*number = (g->last->number / 10 + 1) * 10;
	if (*number > SEQ_MAX)
		return false;
	return find_number(j->c, at, j->f->slot, *number) == NULL;
}

/* The key of a line that may stand twice has its number, so that no two are
 * equal; `no` without a number takes the first of that text. */
static struct cf_ent *
find_added(struct job *j, struct cf_obj *at)
{
	uint32_t number = cli_number(j->l, j->m);
	struct cf_ent *e;

	if ((j->f->flags & FF_DUP) == 0)
		return cf_ent_find(j->c, at, j->f->slot, str_of(&j->key));
	if (!j->negated || number != 0) {
		e = number != 0 ? find_number(j->c, at, j->f->slot, number)
				: NULL;
		return e != NULL && strcmp(e->text, str_of(&j->text)) == 0
		    ? e
		    : NULL;
	}
	for (e = cf_slot_first(j->c, at, j->f->slot);
	     e != NULL && e->slot == j->f->slot; e = e->next)
		if (strcmp(e->text, str_of(&j->text)) == 0)
			return e;
	return NULL;
}

static void
replace_added(struct job *j, struct cf_ent *e, const struct cf_obj *rec)
{
	size_t size = cf_class_size(e->obj->class);

	/* behind the links, which stay */
	memcpy((char *)e->obj + sizeof(struct cf_obj),
	    (const char *)rec + sizeof(struct cf_obj),
	    size - sizeof(struct cf_obj));
	e->form = j->form;
	e->text = keep_str(j->c, &j->text);
}

static enum cf_result
add_new(struct job *j, struct cf_obj *at, struct cf_obj *rec)
{
	bool numbered = (j->f->flags & FF_NUMBERED) != 0;
	uint32_t number = 0;

	if (numbered) {
		if (!choose_number(j, at, &number))
			return cf_refuse(j->err,
			    "%% Duplicate sequence number");
		set_number(j->f, rec, number);
	}
	if ((j->f->flags & FF_DUP) != 0)
		sb_printf(&j->key, " %u", number);
	ent_new(j, at, rec, number);
	return CF_OK;
}

static enum cf_result
apply_add(struct job *j, struct cf_obj *at)
{
	struct cf_obj *rec = cf_obj_new(j->c, at, j->f->class);
	struct cf_ent *e;

	cli_store(j->l, j->m, j->from, j->to, rec, j->c->arena);
	normalise(j, rec);
	if (j->key.len == 0)
		sb_add(&j->key, str_of(&j->text), j->text.len);
	if (judge(j, at, rec) != 0)
		return CF_REFUSED;
	e = find_added(j, at);
	if (j->negated) {
		if (e != NULL)
			cf_ent_remove(j->c, e);
		return CF_OK;
	}
	note_effect(j);
	if (e == NULL || (j->f->flags & FF_DUP) != 0) {
		if (e != NULL)
			return CF_OK;
		return add_new(j, at, rec);
	}
	if (strcmp(e->text, str_of(&j->text)) != 0)
		replace_added(j, e, rec);
	return CF_OK;
}

bool
cf_remove_number(struct conf *c, struct cf_obj *at, uint32_t number)
{
	const struct cli_mode *m = obj_mode(at);

	for (unsigned i = 0; i < m->nslots && number != 0; i++) {
		struct cf_ent *e =
		    find_number(c, at, (uint16_t)(m->slot0 + i), number);

		if (e != NULL) {
			cf_ent_remove(c, e);
			return true;
		}
	}
	return false;
}

/* ---- records with a mode ---- */

static enum cf_result
enter_new(struct job *j, struct cf_obj **at)
{
	struct cf_obj *rec = cf_obj_new(j->c, *at, j->f->class);

	cli_store(j->l, j->m, j->from, j->to, rec, j->c->arena);
	normalise(j, rec);
	if (judge(j, *at, rec) != 0)
		return CF_REFUSED;
	ent_new(j, *at, rec, 0);
	note_effect(j);
	*at = rec;
	return CF_OK;
}

/* A header typed again may say something new (other transforms). */
static enum cf_result
enter_again(struct job *j, struct cf_obj *at, struct cf_ent *e)
{
	struct cf_obj *rec = cf_obj_new(j->c, at, j->f->class);

	cli_store(j->l, j->m, j->from, j->to, rec, j->c->arena);
	normalise(j, rec);
	if (judge(j, at, rec) != 0)
		return CF_REFUSED;
	if (cli_classes[e->obj->class].mode != cli_classes[j->f->class].mode)
		return cf_refuse(j->err,
		    "%% %s exists already with another type", e->key);
	if (j->f->action == FA_PREFIX) /* only names the record */
		return CF_OK;
	reset_fields(j->f, e->obj);
	cli_store(j->l, j->m, j->from, j->to, e->obj, j->c->arena);
	normalise(j, e->obj);
	e->form = j->form;
	e->text = keep_str(j->c, &j->text);
	return CF_OK;
}

static enum cf_result
enter_old(struct job *j, struct cf_obj **at, struct cf_ent *e)
{
	if ((j->f->flags & FF_EXISTING) == 0 &&
	    strcmp(e->text, str_of(&j->text)) != 0 &&
	    enter_again(j, *at, e) != CF_OK)
		return CF_REFUSED;
	if (!ent_has_mode(e)) /* `crypto map M 20` of one that is one line */
		return CF_OK;
	if (obj_mode(e->obj)->keep)
		((struct cf_block *)(void *)e->obj)->at = NULL;
	*at = e->obj;
	return CF_OK;
}

/* Text and key of a header whose words say less than it means. */
static void
normalise_header(struct job *j, struct cf_obj *at)
{
	struct cf_obj *rec;

	if (j->f->format == NULL)
		return;
	rec = cf_obj_new(j->c, at, j->f->class);
	cli_store(j->l, j->m, j->from, j->to, rec, j->c->arena);
	normalise(j, rec);
}

/* Empties a record: the last line goes first. */
static void
apply_default(struct job *j, struct cf_obj *o)
{
	while (o->ents != NULL) {
		struct cf_ent *x = o->ents;

		if (x->obj == NULL && x->form != CF_KEPT)
			reset_fields(ent_form(x), o);
		cf_ent_remove(j->c, x);
	}
	if (j->notes != NULL && strcmp(obj_mode(o)->prompt, "config-if") == 0)
		sb_printf(j->notes, "Interface %s set to default "
		    "configuration\n", ((const struct interface *)
		    (const void *)o)->name);
}

static enum cf_result
apply_enter(struct job *j, struct cf_obj **at)
{
	struct cf_ent *e;

	normalise_header(j, *at);
	e = cf_ent_find(j->c, *at, j->f->slot, str_of(&j->key));
	if (j->negated && e == NULL)
		return CF_OK;
	if (j->negated) {
		if (judge(j, *at, e->obj) != 0)
			return CF_REFUSED;
		if (j->to_default)
			apply_default(j, e->obj);
		else
			cf_ent_remove(j->c, e);
		return CF_OK;
	}
	if (e != NULL)
		return enter_old(j, at, e);
	if ((j->f->flags & FF_EXISTING) != 0)
		return cf_refuse(j->err, "%% Incomplete command.");
	return enter_new(j, at);
}

/* ---- a line of a mode behind the words that name the record ---- */

static void
job_texts(struct job *j)
{
	cli_render(j->l, j->m, j->from, j->to, &j->text);
	if ((j->f->flags & FF_BOTH) != 0)
		sb_add(&j->key, str_of(&j->text), j->text.len);
	else
		cli_render_key(j->l, j->m, j->from, j->to, &j->key);
}

static void
job_free(struct job *j)
{
	sb_free(&j->text);
	sb_free(&j->key);
}

static enum cf_result
prefix_entry(struct job *entry, struct job *head, struct cf_obj *at)
{
	struct cf_obj *rec = at;
	struct cf_ent *e = cf_ent_find(head->c, at, head->f->slot,
	    str_of(&head->key));
	enum cf_result rv;

	if (e == NULL && entry->negated)
		return CF_OK;
	rv = e == NULL ? enter_new(head, &rec) : enter_old(head, &rec, e);
	if (rv == CF_OK)
		rv = entry->f->action == FA_ADD ? apply_add(entry, rec)
						: apply_line(entry, rec);
	/* A list that was made by its entries ends with the last one, and
	 * with a first one that is refused. */
	e = cf_ent_find(head->c, at, head->f->slot, str_of(&head->key));
	if (e != NULL && e->obj->ents == NULL &&
	    ent_form(e)->action == FA_PREFIX)
		cf_ent_remove(head->c, e);
	return rv;
}

static enum cf_result
apply_prefix(struct job *entry, struct cf_obj *at)
{
	struct job head = *entry;
	enum cf_result rv;

	head.form = cli_nodes[entry->m->steps[entry->m->jump].node].form;
	head.f = &cli_forms[head.form];
	head.from = 0;
	head.to = entry->m->jump;
	head.negated = false;
	head.text = head.key = (struct strbuf){0};
	job_texts(&head);
	rv = prefix_entry(entry, &head, at);
	job_free(&head);
	return rv;
}

/* ---- a record for each word behind the last keyword ---- */

static enum cf_result
apply_each(struct job *j, struct cf_obj *at)
{
	struct cli_match m = *j->m;
	struct job one = *j;
	enum cf_result rv = CF_OK;
	unsigned at_step = 0;

	while (cli_nodes[m.steps[at_step].node].kind != N_VALUE)
		at_step++;
	one.m = &m;
	one.to = at_step + 1;
	for (unsigned t = m.steps[at_step].tok; t < j->l->n && rv == CF_OK;
	     t++) {
		m.steps[at_step].tok = (uint16_t)t;
		one.text = one.key = (struct strbuf){0};
		job_texts(&one);
		rv = apply_add(&one, at);
		job_free(&one);
	}
	return rv;
}

/* `no crypto map NAME`: all that begins so, of whatever form. The rest of a
 * line may be optional (`no route-map NAME`): then no line has that key. */
static bool
means_whole(const struct job *j, const struct cf_obj *at)
{
	return j->negated && (j->f->flags & FF_WHOLE) != 0 &&
	    (j->partial || cf_ent_find(j->c, at, j->f->slot,
	    str_of(&j->key)) == NULL);
}

static enum cf_result
remove_whole(struct job *j, struct cf_obj *at)
{
	struct cf_ent *e, *next;

	for (e = at->ents; e != NULL; e = next) {
		next = e->next;
		if (strncmp(e->text, str_of(&j->text), j->text.len) == 0 &&
		    e->text[j->text.len] == ' ')
			cf_ent_remove(j->c, e);
	}
	return CF_OK;
}

enum cf_result
cf_apply(struct conf *c, struct cf_obj **at, const struct cli_line *l,
    const struct cli_match *m, bool negated, bool to_default,
    struct cf_error *err, struct strbuf *notes)
{
	struct job j = {.c = c,
	    .l = l,
	    .m = m,
	    .f = &cli_forms[m->form],
	    .form = m->form,
	    .from = m->jump != 0 ? m->jump + 1U : 0,
	    .to = m->nsteps,
	    .negated = negated,
	    .to_default = to_default,
	    .partial = cli_nodes[m->steps[m->nsteps - 1].node].kind == N_NOEND,
	    .err = err,
	    .notes = notes};
	enum cf_result rv;

	job_texts(&j);
	if (j.f->action == FA_REFUSE)
		rv = negated ? CF_OK : cf_refuse(err, "%% %s", j.f->note);
	else if (means_whole(&j, *at))
		rv = remove_whole(&j, *at);
	else if (m->jump != 0)
		rv = apply_prefix(&j, *at);
	else if ((j.f->flags & FF_EACH) != 0)
		rv = apply_each(&j, *at);
	else if (j.f->action == FA_ADD)
		rv = apply_add(&j, *at);
	else if (j.f->action == FA_ENTER || j.f->action == FA_PREFIX)
		rv = apply_enter(&j, at);
	else
		rv = apply_line(&j, *at);
	job_free(&j);
	return rv;
}
