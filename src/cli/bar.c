/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cutting a line at its bar, and help for what stands behind it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/bar.h"

static const struct {
	enum bar_kind kind;
	bool no_arg;
	const char *word, *help;
} words[] = { /* as `?` lists them; no two begin alike */
    {BAR_APPEND, false, "append",
	"Append redirected output to URL (URLs supporting append operation\n"
	"            only)"},
    {BAR_BEGIN, false, "begin", "Begin with the line that matches"},
    {BAR_COUNT, false, "count", "Count number of lines which match regexp"},
    {BAR_EXCLUDE, false, "exclude", "Exclude lines that match"},
    {BAR_INCLUDE, false, "include", "Include lines that match"},
    {BAR_JSON, true, "json", "Format the output as JSON"},
    {BAR_REDIRECT, false, "redirect", "Redirect output to URL"},
    {BAR_SECTION, false, "section", "Filter a section of output"},
    {BAR_TEE, false, "tee", "Copy output to URL"},
};

static const char *
skip(const char *s)
{
	return s + strspn(s, " \t");
}

static size_t
word_len(const char *s)
{
	return strcspn(s, " \t|");
}

static bool
word_is(const char *s, const char *word, size_t min)
{
	size_t len = word_len(s);

	return len >= min && len <= strlen(word) &&
	    strncasecmp(s, word, len) == 0;
}

static const char *
find_bar(const char *line, bool exec)
{
	const char *first = skip(line);

	if (!exec && !word_is(first, "do", 2) && !word_is(first, "show", 2) &&
	    !word_is(first, "more", 2))
		return NULL;
	return strchr(line, '|');
}

static void
bad(struct bar *b, const char *err, int column)
{
	b->kind = BAR_BAD;
	b->err = err;
	b->column = column;
}

void
bar_split(const char *line, bool exec, struct bar *b)
{
	static const char invalid[] = "% Invalid input detected at '^' marker.";
	const char *bar = find_bar(line, exec), *arg;
	size_t n = 0, i;

	memset(b, 0, sizeof(*b));
	b->column = -1;
	b->cmd_len = strlen(line);
	if (bar == NULL)
		return;
	b->cmd_len = (size_t)(bar - line);
	while (b->cmd_len > 0 && strchr(" \t", line[b->cmd_len - 1]) != NULL)
		b->cmd_len--;
	bar = skip(bar + 1);
	for (i = 0; i < NELEM(words); i++)
		if (word_is(bar, words[i].word, 1))
			break;
	if (i == NELEM(words)) {
		if (*bar == '\0')
			bad(b, "% Incomplete command.", -1);
		else
			bad(b, invalid, (int)(bar - line));
		return;
	}
	b->kind = words[i].kind;
	arg = skip(bar + word_len(bar));
	for (n = strlen(arg); n > 0 && strchr(" \t", arg[n - 1]) != NULL;)
		n--;
	if (words[i].no_arg && n != 0)
		bad(b, invalid, (int)(arg - line));
	else if (!words[i].no_arg && n == 0)
		bad(b, "% Incomplete command.", -1);
	else if (n >= sizeof(b->arg))
		bad(b, "% Filter is too long", -1);
	else
		memcpy(b->arg, arg, n);
}

/* ---- help ---- */

const char *
bar_behind(const char *text, bool exec)
{
	const char *bar = find_bar(text, exec);

	return bar != NULL ? bar + 1 : NULL;
}

static void
help_words(struct strbuf *sb)
{
	for (size_t i = 0; i < NELEM(words); i++)
		sb_printf(sb, "  %-8s  %s\n", words[i].word, words[i].help);
}

static void
help_arg(struct strbuf *sb, enum bar_kind kind)
{
	switch (kind) {
	case BAR_APPEND:
	case BAR_REDIRECT:
	case BAR_TEE:
		sb_printf(sb, "  WORD  Uniform Resource Locator\n");
		break;
	case BAR_SECTION:
		sb_printf(sb,
		    "  LINE     Regular Expression\n"
		    "  exclude  Exclude entire section(s) of output\n"
		    "  include  Include entire section(s) of output\n");
		break;
	case BAR_JSON:
		sb_printf(sb, "  <cr>\n");
		break;
	default:
		sb_printf(sb, "  LINE  Regular Expression\n");
	}
}

/* The only word that the one at s begins, -1: none. */
static int
find_word(const char *s)
{
	size_t i;

	for (i = 0; i < NELEM(words); i++)
		if (word_is(s, words[i].word, 1))
			return (int)i;
	return -1;
}

void
bar_help(struct strbuf *sb, const char *behind)
{
	const char *word = skip(behind), *rest = word + word_len(word);
	int i = find_word(word);

	if (*word == '\0')
		help_words(sb);
	else if (i == -1) {
		sb_printf(sb, "%% Unrecognized command\n");
		return;
	} else if (*rest == '\0')
		sb_printf(sb, "%s  \n", words[i].word);
	else if (*skip(rest) == '\0')
		help_arg(sb, words[i].kind);
	else
		sb_printf(sb, "  <cr>\n");
	sb_printf(sb, "\n");
}

void
bar_complete(char *buf, const char *behind)
{
	const char *word = skip(behind);
	size_t len = word_len(word);
	int i = find_word(word);

	buf[0] = '\0';
	if (i != -1 && word[len] == '\0')
		snprintf(buf, 256, "%s ", words[i].word + len);
}
