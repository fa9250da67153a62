/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output filters on PCRE2 with match, depth and heap limits.
 */
#include "config.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/filter.h"

#define MATCH_LIMIT 20000
#define DEPTH_LIMIT 500
#define HEAP_LIMIT_K 8192

struct filter {
	enum bar_kind kind;
	bool invert; /* section exclude */
	pcre2_code *re;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	bool on;       /* begin: found; section: inside one */
	size_t indent; /* of the line that opened the section */
	unsigned count, too_hard;
	char last[160];
};

/* ---- the expression ---- */

/* IOS: `_` is any delimiter or an end of the line. Names have it too, and
 * those are found by it. */
static void
translate(struct strbuf *out, const char *regex)
{
	static const char delimiter[] = "(?:^|$|[ ,{}()_])";
	bool class = false;

	for (; *regex != '\0'; regex++) {
		if (*regex == '\\' && regex[1] != '\0')
			sb_add(out, regex++, 1);
		else if (*regex == '_' && !class) {
			sb_add(out, delimiter, sizeof(delimiter) - 1);
			continue;
		} else if (*regex == '[' && !class) {
			class = true;
			sb_add(out, regex, 1);
			if (regex[1] == '^')
				sb_add(out, ++regex, 1);
			if (regex[1] == ']') /* the first one is a member */
				sb_add(out, ++regex, 1);
			continue;
		} else if (*regex == ']')
			class = false;
		sb_add(out, regex, 1);
	}
}

static bool
word_is(const char *s, size_t len, const char *word)
{
	return len > 0 && len <= strlen(word) &&
	    strncasecmp(s, word, len) == 0;
}

/* `section` may have a word before its expression. */
static const char *
section_word(struct filter *f, const char *regex)
{
	size_t len = strcspn(regex, " \t");
	const char *rest = regex + len + strspn(regex + len, " \t");

	if (*rest == '\0')
		return regex;
	f->invert = word_is(regex, len, "exclude");
	return f->invert || word_is(regex, len, "include") ? rest : regex;
}

struct filter *
filter_new(enum bar_kind kind, const char *regex)
{
	struct filter *f = xcalloc(1, sizeof(*f));
	struct strbuf sb = {0};
	PCRE2_SIZE at;
	int code;

	f->kind = kind;
	if (kind == BAR_SECTION)
		regex = section_word(f, regex);
	translate(&sb, regex);
	f->re = pcre2_compile((PCRE2_SPTR)(sb.s != NULL ? sb.s : ""),
	    PCRE2_ZERO_TERMINATED, PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	sb_free(&sb);
	if (f->re == NULL) {
		free(f);
		return NULL;
	}
	f->data = pcre2_match_data_create_from_pattern(f->re, NULL);
	f->limits = pcre2_match_context_create(NULL);
	if (f->data == NULL || f->limits == NULL)
		fatal("pcre2");
	pcre2_set_match_limit(f->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(f->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(f->limits, HEAP_LIMIT_K);
	return f;
}

void
filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	pcre2_match_data_free(f->data);
	pcre2_match_context_free(f->limits);
	pcre2_code_free(f->re);
	free(f);
}

/* A line on which the expression runs into its limits does not match. */
static bool
matches(struct filter *f, const char *line, size_t len)
{
	int rc = pcre2_match(f->re, (PCRE2_SPTR)line, len, 0, 0, f->data,
	    f->limits);

	f->too_hard += rc < PCRE2_ERROR_PARTIAL;
	return rc >= 0;
}

/* A line that matches and what is indented below it. */
static bool
section_line(struct filter *f, const char *line, size_t len)
{
	size_t indent = 0;

	while (indent < len && line[indent] == ' ')
		indent++;
	if (f->on && indent > f->indent && indent < len)
		return true;
	f->on = matches(f, line, len);
	f->indent = indent;
	return f->on;
}

bool
filter_line(struct filter *f, const char *line, size_t len)
{
	switch (f->kind) {
	case BAR_INCLUDE:
		return matches(f, line, len);
	case BAR_EXCLUDE:
		return !matches(f, line, len);
	case BAR_BEGIN:
		f->on = f->on || matches(f, line, len);
		return f->on;
	case BAR_SECTION:
		return section_line(f, line, len) != f->invert;
	case BAR_COUNT:
		f->count += matches(f, line, len);
		return false;
	default:
		return true;
	}
}

const char *
filter_end(struct filter *f)
{
	int n = 0;

	if (f->kind == BAR_COUNT)
		n = snprintf(f->last, sizeof(f->last),
		    "Number of lines which match regexp = %u\n", f->count);
	if (f->too_hard != 0)
		n += snprintf(f->last + n, sizeof(f->last) - (size_t)n,
		    "%% Regular expression too complex for %u lines, taken as "
		    "no match\n", f->too_hard);
	return n != 0 ? f->last : NULL;
}
