/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cutting a line at its bar.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "cli/bar.h"

static const struct {
	enum bar_kind kind;
	bool no_arg;
	const char *word, *help;
} words[] = { /* as `?` lists them; no two begin alike */
    {BAR_APPEND, false, "append",
	"Append redirected output to URL (URLs supporting append operation "
	"only)"},
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

static bool
takes_bar(const char *line)
{
	line = skip(line);
	if (word_is(line, "do", 2))
		line = skip(line + word_len(line));
	return word_is(line, "show", 2) || word_is(line, "more", 2);
}

static void
bad(struct bar *b, const char *err)
{
	b->kind = BAR_BAD;
	b->err = err;
}

void
bar_split(const char *line, struct bar *b)
{
	const char *bar = strchr(line, '|'), *arg;
	size_t n = 0, i;

	memset(b, 0, sizeof(*b));
	b->cmd_len = strlen(line);
	if (bar == NULL || !takes_bar(line))
		return;
	b->cmd_len = (size_t)(bar - line);
	while (b->cmd_len > 0 && strchr(" \t", line[b->cmd_len - 1]) != NULL)
		b->cmd_len--;
	bar = skip(bar + 1);
	for (i = 0; i < NELEM(words); i++)
		if (word_is(bar, words[i].word, 1))
			break;
	if (i == NELEM(words)) {
		bad(b, "% Invalid filter: type \"| ?\" for a list");
		return;
	}
	b->kind = words[i].kind;
	arg = skip(bar + word_len(bar));
	for (n = strlen(arg); n > 0 && strchr(" \t", arg[n - 1]) != NULL;)
		n--;
	if (words[i].no_arg ? n != 0 : n == 0)
		bad(b, words[i].no_arg ? "% Nothing may stand behind json" :
		    "% Incomplete command.");
	else if (n >= sizeof(b->arg))
		bad(b, "% Filter is too long");
	else
		memcpy(b->arg, arg, n);
}

const char *
bar_word(unsigned i, const char **help)
{
	if (i >= NELEM(words))
		return NULL;
	*help = words[i].help;
	return words[i].word;
}
