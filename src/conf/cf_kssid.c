/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sender identifiers in the configuration of a key server: `group size` and
 * the KSSIDs of `identifier`. A sender identifier is a KSSID, which tells the
 * key servers of a group apart, above a number that the key server counts.
 * Runs in main, and in ike when it reads its part.
 */
#include "config.h"

#include <string.h>

#include "cli_gen.h"
#include "conf/cf.h"

/* "1 2 3" or the range; NULL, or the word that is none. */
static const char *
fill(const struct gdoi_kssid *k, uint64_t set[KSSID_WORDS])
{
	const char *p = k->values;
	unsigned v;

	memset(set, 0, sizeof(k->set));
	for (v = k->lo; p == NULL && v <= k->hi && v < KSSID_MAX; v++)
		kssid_add(set, v);
	while (p != NULL && *(p += strspn(p, " \t")) != '\0') {
		size_t n = strspn(p, "0123456789"), i;

		for (v = 0, i = 0; i < n && v < KSSID_MAX; i++)
			v = v * 10 + (unsigned)(p[i] - '0');
		if (n == 0 || v >= KSSID_MAX ||
		    (p[n] != '\0' && p[n] != ' ' && p[n] != '\t'))
			return p;
		kssid_add(set, v);
		p += n;
	}
	return NULL;
}

static unsigned
highest(const uint64_t set[KSSID_WORDS])
{
	unsigned v = KSSID_MAX;

	while (v-- > 0)
		if (kssid_in(set, v))
			break;
	return v;
}

static int
check_overlap(struct cf_check *k, const struct gdoi_kssid *new,
    const uint64_t set[KSSID_WORDS])
{
	const struct gdoi_identifier *id = (const void *)k->parent;
	const struct gdoi_kssid *o;
	unsigned v;

	CF_FOREACH (o, &id->kssids) {
		if (memcmp(o->set, set, sizeof(o->set)) == 0 &&
		    (o->values == NULL) == (new->values == NULL))
			continue; /* the same line again */
		for (v = 0; v < KSSID_MAX; v++)
			if (kssid_in(o->set, v) && kssid_in(set, v))
				return cf_reject(k, "%% KSSID %u is assigned "
				    "to this key server already", v);
	}
	return 0;
}

int
gdoi_kssid_check(struct cf_check *k, const struct gdoi_kssid *new)
{
	const struct gdoi_local *l = (const void *)k->parent->parent;
	unsigned max = conf_kssids(conf_sid_bits(l)) - 1;
	uint64_t set[KSSID_WORDS];
	const char *bad = fill(new, set);

	if (k->negated)
		return 0;
	if (bad != NULL)
		return cf_reject(k, "%% No KSSID at '%.20s', they are "
		    "0-%u in a group of this size", bad, max);
	if (new->values == NULL && new->lo > new->hi)
		return cf_reject(k, "%% KSSID %u is above %u",
		    new->lo, new->hi);
	if (highest(set) > max)
		return cf_reject(k, "%% KSSID %u does not fit, they are 0-%u in a "
		    "group of this size", highest(set), max);
	return check_overlap(k, new, set);
}

void
gdoi_kssid_format(struct strbuf *text, struct strbuf *key,
    struct gdoi_kssid *k)
{
	const char *p = k->values;
	size_t n;

	(void)fill(k, k->set);
	if (p == NULL) {
		sb_printf(text, "range %u - %u", k->lo, k->hi);
		sb_printf(key, "%u - %u", k->lo, k->hi);
		return;
	}
	sb_printf(text, "value");
	sb_printf(key, "value");
	while (*(p += strspn(p, " \t")) != '\0') {
		n = strcspn(p, " \t");
		sb_printf(text, " %.*s", (int)n, p);
		sb_printf(key, " %.*s", (int)n, p);
		p += n;
	}
}

int
group_size_check(struct cf_check *k, const struct gdoi_local *l)
{
	const struct gdoi_identifier *id = (const void *)l->identifiers.first;
	unsigned max = conf_kssids(conf_sid_bits(l)) - 1;
	const struct gdoi_kssid *o;

	if (id == NULL)
		return 0;
	CF_FOREACH (o, &id->kssids)
		if (highest(o->set) > max)
			return cf_reject(k, "%% KSSID %u of `identifier' does "
			    "not fit, they are 0-%u in a group of this size",
			    highest(o->set), max);
	return 0;
}
