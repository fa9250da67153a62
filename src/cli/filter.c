/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output filters on PCRE2 with match and depth limits.
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

enum kind { INCLUDE, EXCLUDE, BEGIN, SECTION, COUNT };

static const struct {
	const char *word, *help;
} kinds[] = {
    [INCLUDE] = {"include", "Include lines that match"},
    [EXCLUDE] = {"exclude", "Exclude lines that match"},
    [BEGIN] = {"begin", "Begin with the line that matches"},
    [SECTION] = {"section", "Filter a section of output"},
    [COUNT] = {"count", "Count number of lines which match regexp"},
};

struct filter {
	enum kind kind;
	pcre2_code *re;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	bool on;	/* begin: found; section: inside one */
	size_t indent;	/* of the line that opened the section */
	unsigned count;
	char last[64];
};

static bool
word_is(const char *s, size_t len, const char *word, size_t min)
{
	return len >= min && len <= strlen(word) &&
	    strncasecmp(s, word, len) == 0;
}

/* Only show and more have filters: a `|` in a description is text. */
static bool
takes_filter(const char *line)
{
	size_t len;

	line += strspn(line, " \t");
	len = strcspn(line, " \t");
	if (word_is(line, len, "do", 2)) {
		line += len;
		line += strspn(line, " \t");
		len = strcspn(line, " \t");
	}
	return word_is(line, len, "show", 2) || word_is(line, len, "more", 2);
}

static int
find_kind(const char *s, size_t len)
{
	int found = -1;
	size_t i;

	for (i = 0; i < NELEM(kinds); i++)
		if (word_is(s, len, kinds[i].word, 1))
			found = (int)i;
	return found;
}

static int
compile(struct filter *f, const char *pattern)
{
	int code;
	PCRE2_SIZE at;

	f->re = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	if (f->re == NULL)
		return -1;
	f->data = pcre2_match_data_create_from_pattern(f->re, NULL);
	f->limits = pcre2_match_context_create(NULL);
	if (f->data == NULL || f->limits == NULL)
		fatal("pcre2");
	pcre2_set_match_limit(f->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(f->limits, DEPTH_LIMIT);
	return 0;
}

struct filter *
filter_parse(const char *line, size_t *cmd_len, char *err)
{
	const char *bar = strchr(line, '|');
	struct filter *f;
	char pattern[512];
	size_t len;
	int kind;

	*cmd_len = strlen(line);
	if (bar == NULL || !takes_filter(line))
		return NULL;
	*cmd_len = (size_t)(bar - line);
	bar++;
	bar += strspn(bar, " \t");
	len = strcspn(bar, " \t");
	kind = find_kind(bar, len);
	bar += len;
	bar += strspn(bar, " \t");
	str_copy(pattern, bar, sizeof(pattern));
	for (len = strlen(pattern); len > 0 && pattern[len - 1] == ' '; len--)
		pattern[len - 1] = '\0';
	if (kind == -1 || pattern[0] == '\0') {
		*cmd_len = (size_t)-1;
		str_copy(err, kind == -1
			? "% Invalid filter: type \"| ?\" for a list"
			: "% Incomplete command.", 128);
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->kind = (enum kind)kind;
	if (compile(f, pattern) == -1) {
		filter_free(f);
		*cmd_len = (size_t)-1;
		str_copy(err, "% Failed to compile regular expression.", 128);
		return NULL;
	}
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
	return pcre2_match(f->re, (PCRE2_SPTR)line, len, 0, 0, f->data,
		   f->limits) >= 0;
}

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
	case INCLUDE:
		return matches(f, line, len);
	case EXCLUDE:
		return !matches(f, line, len);
	case BEGIN:
		f->on = f->on || matches(f, line, len);
		return f->on;
	case SECTION:
		return section_line(f, line, len);
	case COUNT:
		f->count += matches(f, line, len);
		return false;
	}
	return true;
}

const char *
filter_end(struct filter *f)
{
	if (f->kind != COUNT)
		return NULL;
	snprintf(f->last, sizeof(f->last),
	    "Number of lines which match regexp = %u\n", f->count);
	return f->last;
}

void
filter_help(struct strbuf *sb)
{
	static const enum kind order[] = {BEGIN, COUNT, EXCLUDE, INCLUDE,
	    SECTION};
	size_t i;

	for (i = 0; i < NELEM(order); i++)
		sb_printf(sb, "  %-8s  %s\n", kinds[order[i]].word,
		    kinds[order[i]].help);
	sb_printf(sb, "\n");
}
