/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which line of one version of a record is which line of the other: by slot
 * and key, lines of lists by their text. In time that is linear in the lines,
 * n log n where an order is compared.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/cf_int.h"

static bool
by_text(const struct cf_ent *e)
{
	const struct cli_form *f = ent_form(e);

	return f == NULL || (f->action == FA_ADD) || (f->flags & FF_DUP) != 0;
}

/* Lines of which "no" is kept as well are not changed in place. */
static bool
by_sign(const struct cf_ent *e)
{
	const struct cli_form *f = ent_form(e);

	return f != NULL && (f->flags & FF_BOTH) != 0;
}

static const char *
identity(const struct cf_ent *e)
{
	return by_text(e) ? e->text : e->key;
}

static uint32_t
hash_of(const struct cf_ent *e, unsigned flags)
{
	uint64_t h = 14695981039346656037ULL ^ e->slot;

	if ((flags & CF_PAIR_NUMBERS) != 0) /* or equal remarks are one chain */
		h ^= (uint64_t)e->number << 16;

	for (const char *s = identity(e); *s != '\0'; s++)
		h = (h ^ (unsigned)tolower((unsigned char)*s)) *
		    1099511628211ULL;
	return (uint32_t)(h ^ h >> 32);
}

static bool
same(const struct cf_ent *x, const struct cf_ent *y, unsigned flags)
{
	if (x->slot != y->slot || by_text(x) != by_text(y))
		return false;
	if (by_sign(x) && x->negated != y->negated)
		return false;
	if ((flags & CF_PAIR_NUMBERS) != 0 && x->number != y->number)
		return false;
	return (flags & CF_PAIR_NOCASE) != 0
	    ? strcasecmp(identity(x), identity(y)) == 0
	    : strcmp(identity(x), identity(y)) == 0;
}

static const struct cf_ent **
lines_of(const struct cf_obj *o, size_t *n)
{
	const struct cf_ent **v, *e;

	*n = 0;
	for (e = o != NULL ? o->ents : NULL; e != NULL; e = e->next)
		(*n)++;
	v = xcalloc(*n + 1, sizeof(const struct cf_ent *));
	*n = 0;
	for (e = o != NULL ? o->ents : NULL; e != NULL; e = e->next)
		v[(*n)++] = e;
	return v;
}

/* Equal lines are mated in their order. Chains hold what is free yet. */
static void
mate(struct cf_pair *p, unsigned flags)
{
	size_t size = p->na * 2 + 1;
	ptrdiff_t *head = xcalloc(size, sizeof(*head));
	ptrdiff_t *next = xcalloc(p->na + 1, sizeof(*next));

	for (size_t i = 0; i < size; i++)
		head[i] = -1;
	for (size_t i = p->na; i-- > 0;) {
		ptrdiff_t *h = &head[hash_of(p->a[i], flags) % size];

		next[i] = *h;
		*h = (ptrdiff_t)i;
		p->of[i] = -1;
	}
	for (size_t i = 0; i < p->nb; i++) {
		ptrdiff_t *at = &head[hash_of(p->b[i], flags) % size];

		while (*at != -1 && !same(p->a[*at], p->b[i], flags))
			at = &next[*at];
		p->mate[i] = *at;
		if (*at == -1)
			continue;
		p->of[*at] = (ptrdiff_t)i;
		*at = next[*at];
	}
	free(head);
	free(next);
}

void
cf_pair_new(struct cf_pair *p, const struct cf_obj *a, const struct cf_obj *b,
    unsigned flags)
{
	p->a = lines_of(a, &p->na);
	p->b = lines_of(b, &p->nb);
	p->of = xcalloc(p->na + 1, sizeof(*p->of));
	p->mate = xcalloc(p->nb + 1, sizeof(*p->mate));
	mate(p, flags);
}

void
cf_pair_free(struct cf_pair *p)
{
	free(p->a);
	free(p->b);
	free(p->of);
	free(p->mate);
}

void
cf_pair_part(struct cf_pair *p, size_t ib)
{
	if (p->mate[ib] != -1)
		p->of[p->mate[ib]] = -1;
	p->mate[ib] = -1;
}

/* The longest increasing run of mates (patience); the others part. */
void
cf_pair_longest(struct cf_pair *p)
{
	ptrdiff_t *tail = xcalloc(p->nb + 1, sizeof(*tail));
	ptrdiff_t *before = xcalloc(p->nb + 1, sizeof(*before));
	size_t len = 0;

	for (size_t i = 0; i < p->nb; i++) {
		size_t lo = 0, hi = len;

		if (p->mate[i] == -1)
			continue;
		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (p->mate[tail[mid]] < p->mate[i])
				lo = mid + 1;
			else
				hi = mid;
		}
		before[i] = lo > 0 ? tail[lo - 1] : -1;
		tail[lo] = (ptrdiff_t)i;
		if (lo == len)
			len++;
	}
	for (ptrdiff_t i = (ptrdiff_t)p->nb - 1,
		       keep = len > 0 ? tail[len - 1] : -1;
	     i >= 0; i--)
		if (i == keep)
			keep = before[i];
		else
			cf_pair_part(p, (size_t)i);
	free(tail);
	free(before);
}

/* New lines of a slot that is not sorted are appended: only what both begin
 * with can stay. */
void
cf_pair_appended(struct cf_pair *p)
{
	unsigned slot = UINT16_MAX + 1U;
	bool broken = false;
	ptrdiff_t last = -1;

	for (size_t i = 0; i < p->nb; i++) {
		const struct cf_ent *e = p->b[i];
		const struct cli_form *f = ent_form(e);

		if (e->slot == CF_KEPT || cli_slots[e->slot].sorted ||
		    cf_stays_last(e) ||
		    (f != NULL && (f->flags & FF_NUMBERED) != 0 &&
			e->number != 0 && !cf_is_prefix(e->owner)))
			continue;
		if (e->slot != slot) {
			slot = e->slot;
			broken = false;
			last = -1;
		}
		if (p->mate[i] == -1 || p->mate[i] < last)
			broken = true;
		else if (!broken)
			last = p->mate[i];
		if (broken)
			cf_pair_part(p, i);
	}
}
