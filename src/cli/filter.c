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

#include "cli/bar.h"
#include "cli/filter.h"

#define MATCH_LIMIT 20000
#define DEPTH_LIMIT 500

struct filter {
	enum bar_kind kind;
	pcre2_code *re;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	bool on;	/* begin: found; section: inside one */
	size_t indent;	/* of the line that opened the section */
	unsigned count;
	char last[64];
};

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
	struct filter *f;
	struct bar bar;

	bar_split(line, &bar);
	*cmd_len = bar.cmd_len;
	switch (bar.kind) {
	case BAR_BEGIN:
	case BAR_COUNT:
	case BAR_EXCLUDE:
	case BAR_INCLUDE:
	case BAR_SECTION:
		break;
	case BAR_BAD:
		*cmd_len = (size_t)-1;
		str_copy(err, bar.err, 128);
		return NULL;
	default: /* no bar, or one for the router */
		*cmd_len = strlen(line);
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->kind = bar.kind;
	if (compile(f, bar.arg) == -1) {
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
	case BAR_INCLUDE:
		return matches(f, line, len);
	case BAR_EXCLUDE:
		return !matches(f, line, len);
	case BAR_BEGIN:
		f->on = f->on || matches(f, line, len);
		return f->on;
	case BAR_SECTION:
		return section_line(f, line, len);
	case BAR_COUNT:
		f->count += matches(f, line, len);
		return false;
	default: /* there is no filter of another kind */
		return true;
	}
}

const char *
filter_end(struct filter *f)
{
	if (f->kind != BAR_COUNT)
		return NULL;
	snprintf(f->last, sizeof(f->last),
	    "Number of lines which match regexp = %u\n", f->count);
	return f->last;
}

void
filter_help(struct strbuf *sb)
{
	const char *word, *help;
	unsigned i;

	for (i = 0; (word = bar_word(i, &help)) != NULL; i++)
		sb_printf(sb, "  %-8s  %s\n", word, help);
	sb_printf(sb, "\n");
}
