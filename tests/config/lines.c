/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every form of line that real configurations hold, with its class: does the
 * loader do with it what the class says? lines FILE; FILE has
 *   @ LINE / LINE ...	the way to the mode of the lines below
 *   C LINE [=> TEXT]	one line. TEXT is what it prints as, where that is not
 *			LINE; "-": nothing (a default, a command that runs)
 * C is G, N or S (acts: no note), F (furniture: no note), X (out of scope: one
 * note), R (refused; TEXT is a part of the reason). G* or N*: meant to act one
 * day, has one note until then.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cf.h"

static unsigned passed[128], noted[128], failed;
static const char *way = "";

struct seen {
	unsigned notes, errors;
	char first[256];
};

static void
report(void *arg, unsigned lineno, bool error, const char *text)
{
	struct seen *s = arg;

	(void)lineno;
	if (error && s->errors++ == 0)
		str_copy(s->first, text, sizeof(s->first));
	if (!error)
		s->notes++;
}

static void
bad(const char *line, const char *why, const char *more)
{
	printf("%s / %s: %s%s%s\n", way, line, why, more[0] ? ": " : "", more);
	failed++;
}

/* The lines to the mode, as a text. */
static void
add_way(struct strbuf *text)
{
	const char *s = way;
	unsigned depth = 0;

	while (*s != '\0') {
		const char *e = strstr(s, " / ");
		size_t len = e != NULL ? (size_t)(e - s) : strlen(s);

		sb_printf(text, "%*s%.*s\n", (int)depth++, "", (int)len, s);
		s += len + (e != NULL ? 3 : 0);
	}
	sb_printf(text, "%*s", (int)depth, "");
}

static unsigned
count_lines(const char *text, const char *want)
{
	unsigned n = 0;
	size_t len = strlen(want);

	for (const char *s = text; (s = strstr(s, want)) != NULL; s += len) {
		const char *b = s;

		while (b > text && b[-1] == ' ')
			b--;
		n += (b == text || b[-1] == '\n') && s[len] == '\n';
	}
	return n;
}

static void
printed(const char *text, struct strbuf *out, struct seen *seen)
{
	struct conf *c = conf_new();

	(void)!conf_load(c, text, strlen(text), report, seen);
	conf_print(out, c, CF_MAIN);
	conf_free(c);
}

static void
judge(const char *class, const char *line, const char *want)
{
	struct strbuf text = {0}, before = {0}, out = {0}, again = {0};
	struct seen at = {0}, seen = {0}, second = {0};
	bool note = class[0] == 'X' || class[1] == '*';
	const char *reason = "";

	add_way(&text);
	printed(text.s, &before, &at);
	sb_printf(&text, "%s\n", line);
	printed(text.s, &out, &seen);
	if (out.s == NULL)
		sb_add(&out, "", 0);
	printed(out.s, &again, &second);
	if (class[0] == 'R') {
		reason = want != line ? want : "";
		want = "-";
	}
	if (at.errors != 0)
		bad(line, "the way there is refused", at.first);
	else if (class[0] == 'R' && seen.errors == 0)
		bad(line, "is not refused", out.s);
	else if (strstr(seen.first, reason) == NULL)
		bad(line, "another reason", seen.first);
	else if (class[0] != 'R' && seen.errors != 0)
		bad(line, "refused", seen.first);
	else if (note && seen.notes != 1)
		bad(line, "not one note", seen.notes == 0 ? "none" : "many");
	else if (!note && seen.notes != 0)
		bad(line, "has a note", "");
	else if (strcmp(want, "-") != 0 && count_lines(out.s, want) != 1)
		bad(line, "is not printed back", out.s);
	else if (strcmp(want, "-") == 0 && before.s != NULL &&
	    strcmp(before.s, out.s) != 0)
		bad(line, "leaves something", out.s);
	else if (second.errors != 0 ||
	    strcmp(again.s != NULL ? again.s : "", out.s) != 0)
		bad(line, "what it prints loads differently", out.s);
	else if (note && class[0] != 'X')
		noted[(unsigned char)class[0]]++;
	else
		passed[(unsigned char)class[0]]++;
	sb_free(&text);
	sb_free(&before);
	sb_free(&out);
	sb_free(&again);
}

/* "\\n" and "\\t" of FILE. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++)
		if (s[0] == '\\' && (s[1] == 'n' || s[1] == 't'))
			*to++ = *++s == 'n' ? '\n' : '\t';
		else
			*to++ = *s;
	*to = '\0';
}

int
main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
	char *buf = NULL, *held = NULL;
	size_t cap = 0;
	ssize_t n;

	if (f == NULL) {
		fprintf(stderr, "usage: lines FILE\n");
		return 2;
	}
	while ((n = getline(&buf, &cap, f)) > 0) {
		char *line, *want;

		buf[strcspn(buf, "\n")] = '\0';
		if (buf[0] == '\0' || buf[0] == '#')
			continue;
		if (buf[0] == '@') {
			free(held);
			held = xstrdup(buf + 1 + strspn(buf + 1, " "));
			way = held;
			continue;
		}
		line = buf + strcspn(buf, " ");
		*line++ = '\0';
		want = strstr(line, " => ");
		if (want != NULL) {
			*want = '\0';
			want += 4;
		}
		unescape(line);
		if (want != NULL)
			unescape(want);
		judge(buf, line, want != NULL ? want : line);
	}
	for (const char *c = "GNSFXR"; *c != '\0'; c++)
		printf("%c: %u as its class says, %u with a note\n", *c,
		    passed[(unsigned char)*c], noted[(unsigned char)*c]);
	printf("lines: %u failed\n", failed);
	free(buf);
	free(held);
	fclose(f);
	return failed != 0 || passed['G'] == 0;
}
