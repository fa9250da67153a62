/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `interface range`: a cursor that stands for several interfaces. A line is
 * tried on a copy first, so that it holds for all of them or for none.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/cf_int.h"

/* ---- the list ---- */

/* "g0/1", also "Gi 0/1", as the canonical name. */
static bool
canonical(const char *text, size_t len, char name[40])
{
	struct cli_node node = {.kind = N_VALUE, .type = T_IFNAME};
	struct cli_line *l = xcalloc(1, sizeof(*l));
	char word[64], *buf = xcalloc(1, CLI_VALUE_MAX);
	uint32_t num;
	bool ok = false;

	if (len < sizeof(word)) {
		memcpy(word, text, len);
		word[len] = '\0';
		ok = cli_split(l, word) && l->n != 0 &&
		    cli_value(&node, l, 0, buf, &num) == l->n;
		str_copy(name, buf, 40);
	}
	free(buf);
	free(l);
	return ok;
}

/* Where the number at the end of a name begins. */
static size_t
last_number(const char *name)
{
	size_t n = strlen(name);

	while (n > 0 && isdigit((unsigned char)name[n - 1]))
		n--;
	return n;
}

/* The dash that is no part of a type ("Port-channel1 - 3"). */
static size_t
find_dash(const char *s, size_t len)
{
	bool digit = false;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '-' && digit)
			return i;
		digit |= isdigit((unsigned char)s[i]) != 0;
	}
	return len;
}

static bool
add_names(char *range, const char *first, unsigned long to)
{
	size_t stem = last_number(first);
	unsigned long from = strtoul(first + stem, NULL, 10);

	if (from > to)
		return false;
	for (; from <= to; from++) {
		size_t at = strlen(range);
		int n = snprintf(range + at, CF_RANGE_MAX - at, "%.*s%lu ",
		    (int)stem, first, from);

		if (n < 0 || (size_t)n >= CF_RANGE_MAX - at)
			return false;
	}
	return true;
}

/* One of "g0/0 - 3", "g0/0 - g0/3", "lo0". */
static bool
add_item(char *range, const char *s, size_t len)
{
	char first[40], last[40];
	size_t dash = find_dash(s, len);
	const char *e = s + dash + 1;
	char *end;
	unsigned long to;

	if (!canonical(s, dash, first))
		return false;
	if (dash == len)
		return add_names(range, first,
		    strtoul(first + last_number(first), NULL, 10));
	len -= dash + 1;
	if (canonical(e, len, last)) {
		size_t stem = last_number(last);

		if (stem != last_number(first) ||
		    strncmp(first, last, stem) != 0)
			return false;
		return add_names(range, first,
		    strtoul(last + stem, NULL, 10));
	}
	for (; len > 0 && isspace((unsigned char)*e); e++)
		len--;
	to = strtoul(e, &end, 10);
	if (len == 0 || !isdigit((unsigned char)*e) || len > 10)
		return false;
	while (end < e + len && isspace((unsigned char)*end))
		end++;
	return end == e + len && add_names(range, first, to);
}

/* Column of what is wrong, -1 if nothing is. */
static int
parse_range(const char *line, size_t at, char *range)
{
	range[0] = '\0';
	for (;;) {
		size_t len = strcspn(line + at, ",!");
		size_t skip = strspn(line + at, " \t");

		if (!add_item(range, line + at, len))
			return (int)(at + (skip < len ? skip : 0));
		at += len;
		if (line[at] != ',')
			return -1;
		at++;
	}
}

/* ---- lines ---- */

/* "no " or "default " before a range: for each interface of it. */
static const char *
verb_of(const char *line, size_t *len)
{
	static const char *const verbs[] = {"no ", "default "};
	size_t b = strspn(line, " \t");

	for (unsigned i = 0; i < NELEM(verbs); i++) {
		size_t n = strlen(verbs[i]) - 1;

		if (strncasecmp(line + b, verbs[i], n) == 0 &&
		    strchr(" \t", line[b + n]) != NULL &&
		    line[b + n] != '\0') {
			*len = b + n;
			return verbs[i];
		}
	}
	*len = 0;
	return "";
}

static bool
is_range(const char *line, size_t verb, size_t *at)
{
	static const char *const words[] = {"interface", "range"};
	const char *s = line + verb;

	for (unsigned i = 0; i < NELEM(words); i++) {
		size_t len;

		s += strspn(s, " \t");
		len = strcspn(s, " \t");
		if (len < 3 - i || len > strlen(words[i]) ||
		    strncasecmp(s, words[i], len) != 0)
			return false;
		s += len;
	}
	*at = (size_t)(s - line);
	return line[*at] != '\0';
}

/* Cuts the next name off a list. */
static bool
next_name(const char **list, char name[40])
{
	size_t len = strcspn(*list, " ");

	if (len == 0 || len >= 40)
		return false;
	memcpy(name, *list, len);
	name[len] = '\0';
	*list += len + 1;
	return true;
}

static enum cf_result
open_range(struct cf_cursor *cur, const char *verb, const char *range,
    struct cf_error *err, struct strbuf *notes)
{
	struct cf_cursor first = {.conf = NULL};
	const char *list = range;
	char name[40], line[64];

	while (next_name(&list, name)) {
		struct cf_cursor at = {.conf = cur->conf,
		    .at = &cur->conf->obj};

		snprintf(line, sizeof(line), "%sinterface %s", verb, name);
		if (cf_line_one(&at, line, 0, NULL, err, notes) != CF_OK)
			return CF_REFUSED;
		if (first.conf == NULL)
			first = at;
	}
	if (verb[0] == '\0')
		str_copy(first.range, range + strcspn(range, " ") + 1,
		    sizeof(first.range));
	*cur = first;
	return CF_OK;
}

/* A line that stayed at the first interface, at the others. */
static enum cf_result
apply_others(struct cf_cursor *cur, const char *line, struct cf_error *err)
{
	const char *list = cur->range;
	char name[40];

	while (next_name(&list, name)) {
		struct cf_cursor at = {.conf = cur->conf};
		const struct interface *i =
		    conf_find_interface(cur->conf, name);

		if (i == NULL) /* removed by another's hand */
			continue;
		at.at = i->obj.head->obj;
		if (cf_line_one(&at, line, 0, NULL, err, NULL) != CF_OK)
			return CF_REFUSED;
	}
	return CF_OK;
}

static enum cf_result
apply_all(struct cf_cursor *cur, const char *line, struct cf_error *err,
    struct strbuf *notes)
{
	struct cf_obj *was = cur->at;
	enum cf_result rv = cf_line_one(cur, line, 0, NULL, err, notes);

	if (rv == CF_OK && cur->at == was)
		return apply_others(cur, line, err);
	if (rv == CF_OK || rv == CF_END)
		cur->range[0] = '\0';
	return rv;
}

/* On a copy, which tells whether all of it would do. */
static enum cf_result
try_all(const struct cf_cursor *cur, const char *verb, const char *range,
    const char *line, struct cf_error *err)
{
	struct cf_cursor *try = xcalloc(1, sizeof(*try));
	struct strbuf path = {0};
	enum cf_result rv = CF_REFUSED;

	conf_path(cur, &path);
	try->conf = conf_clone(cur->conf);
	try->at = &try->conf->obj;
	if (conf_goto(try, path.s))
		rv = range != NULL ? open_range(try, verb, range, err, NULL)
				   : apply_all(try, line, err, NULL);
	conf_free(try->conf);
	free(try);
	sb_free(&path);
	return rv;
}

enum cf_result
cf_line_at(struct cf_cursor *cur, const char *line, int indent,
    struct cf_obj *outer, struct cf_error *err, struct strbuf *notes)
{
	char range[CF_RANGE_MAX];
	enum cf_result rv;
	size_t at, len;
	const char *verb = verb_of(line, &len);

	err->text[0] = err->until[0] = '\0';
	err->column = -1;
	if (is_range(line, len, &at)) {
		int bad = parse_range(line, at, range);

		if (bad >= 0) {
			cf_refuse(err,
			    "%% Invalid input detected at '^' marker.");
			err->column = bad;
			return CF_REFUSED;
		}
		rv = try_all(cur, verb, range, line, err);
		return rv == CF_OK
		    ? open_range(cur, verb, range, err, notes)
		    : rv;
	}
	if (cur->range[0] == '\0')
		return cf_line_one(cur, line, indent, outer, err, notes);
	rv = try_all(cur, "", NULL, line, err);
	return rv == CF_OK || rv == CF_END ? apply_all(cur, line, err, notes)
					   : rv;
}

enum cf_result
conf_line(struct cf_cursor *cur, const char *line, struct cf_error *err,
    struct strbuf *notes)
{
	return cf_line_at(cur, line, (int)strspn(line, " \t"), NULL, err,
	    notes);
}
