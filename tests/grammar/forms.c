/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The generated form test. Reads the samples that gramc writes (argv[1]):
 * every form is parsed, printed, parsed again and compared, then negated, and
 * must be gone. Prints what failed; exit 1 if anything did.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "conf/cf.h"

struct sample {
	const char *kind, *pos;
	char *path[16], *line;
	unsigned depth;
};

static unsigned failed, passed, judged;
static char *samples; /* all of the file */

static void
fail(const struct sample *s, const char *what, const char *more)
{
	printf("%s: %s: %s%s%s\n", s->pos, s->line, what, more[0] ? ": " : "",
	    more);
	failed++;
}

/* "@ace_tcp_ports" in a sample stands for a name of that table. */
static char *
fill_names(const char *s)
{
	static const struct {
		const char *tag;
		const struct ace_name *names;
	} tables[] = {{"@ace_tcp_ports", ace_tcp_ports},
	    {"@ace_udp_ports", ace_udp_ports}, {"@ace_protos", ace_protos},
	    {"@ace_icmp_types", ace_icmp_types}, {"@ace_dscps", ace_dscps},
	    {"@log_levels", log_levels},
	    {"@qos_precedences", qos_precedences},
	    {"@qos_protocols", qos_protocols}, {"@qos_nevers", qos_nevers}};
	struct strbuf sb = {0};

	while (*s != '\0') {
		size_t i;

		for (i = 0; *s == '@' && i < NELEM(tables); i++)
			if (strncmp(s, tables[i].tag, strlen(tables[i].tag)) ==
			    0)
				break;
		if (*s == '@' && i < NELEM(tables)) {
			sb_printf(&sb, "%s", tables[i].names[0].name);
			s += strlen(tables[i].tag);
		} else {
			sb_add(&sb, s++, 1);
		}
	}
	return sb.s != NULL ? sb.s : xstrdup("");
}

static bool
cut(char *text, struct sample *s)
{
	char *f[20], *p = text;
	unsigned n = 0;

	while (n < NELEM(f) && p != NULL) {
		f[n++] = strsep(&p, "\t");
	}
	if (n < 3)
		return false;
	s->kind = f[0];
	s->pos = f[1];
	s->line = f[n - 1];
	s->depth = n - 3;
	for (unsigned i = 0; i < s->depth; i++)
		s->path[i] = f[2 + i];
	return true;
}

/* A class of a policy wants its class map. */
static void
need(const struct sample *s, struct cf_cursor *cur, const char *header)
{
	struct cf_error err;
	char line[128];

	if (strncmp(header, "class ", 6) != 0)
		return;
	snprintf(line, sizeof(line), "class-map %s", header + 6);
	if (conf_line(cur, line, &err, NULL) != CF_OK)
		fail(s, "what the way needs is refused", err.text);
	cur->at = &cur->conf->obj;
}

static struct conf *
conf_at(const struct sample *s, struct cf_cursor *cur)
{
	struct cf_error err;

	cur->conf = conf_new();
	cur->at = &cur->conf->obj;
	for (unsigned i = 0; i < s->depth; i++)
		need(s, cur, s->path[i]);
	for (unsigned i = 0; i < s->depth; i++)
		if (conf_line(cur, s->path[i], &err, NULL) != CF_OK)
			fail(s, "the way there is refused", err.text);
	return cur->conf;
}

static char *
printed(const struct conf *c)
{
	struct strbuf sb = {0};

	conf_print(&sb, c, CF_MAIN);
	return sb.s != NULL ? sb.s : xstrdup("");
}

static void
on_error(void *arg, unsigned lineno, bool error, const char *text)
{
	(void)lineno;
	if (error)
		str_copy(arg, text, 256);
}

static void
reload(const struct sample *s, const struct conf *c)
{
	char *a = printed(c), *b, err[256] = "";
	struct conf *d = conf_new(), *e;

	if (conf_load(d, a, strlen(a), on_error, err) != 0)
		fail(s, "what was printed is refused", err);
	b = printed(d);
	if (strcmp(a, b) != 0 || !conf_equal(c, d))
		fail(s, "printed, loaded, printed: differs", b);
	e = conf_clone(d);
	if (!conf_equal(d, e))
		fail(s, "a clone differs", "");
	conf_free(d);
	free(b);
	b = printed(e);
	if (strcmp(a, b) != 0)
		fail(s, "a clone prints differently", b);
	conf_free(e);
	free(a);
	free(b);
}

static bool
is_syntax(const char *err)
{
	return strncmp(err, "% Inv", 5) == 0 || strncmp(err, "% Inc", 5) == 0 ||
	    strncmp(err, "% Amb", 5) == 0;
}

/* `no login` is a form of its own, not what takes `login` back. */
static bool
is_literal(const struct sample *s, const char *no)
{
	char *tail = xasprintf("%s\t%s\n", s->depth != 0
	    ? s->path[s->depth - 1] : "", no);
	bool found = strstr(samples, tail) != NULL;

	free(tail);
	return found;
}

static void
form(const struct sample *s)
{
	struct cf_cursor cur, at;
	struct conf *c = conf_at(s, &cur);
	char *before = printed(c), *after, *no;
	struct cf_error err;
	bool kept;

	at = cur;
	if (conf_line(&cur, s->line, &err, NULL) != CF_OK) {
		/* a check hook may know that two options do not go together */
		if (is_syntax(err.text))
			fail(s, "refused", err.text);
		else
			judged++;
		goto out;
	}
	reload(s, c);
	after = printed(c);
	kept = strcmp(before, after) != 0;
	free(after);
	if (strcmp(s->kind, "on") == 0 && kept)
		fail(s, "on by default, and printed", "");
	if (strcmp(s->kind, "literal") == 0)
		goto out;
	no = xasprintf("no %s", s->line);
	if (is_literal(s, no)) {
		free(no);
		goto out;
	}
	cur = at;
	if (conf_line(&cur, no, &err, NULL) != CF_OK)
		fail(s, "`no` is refused", err.text);
	free(no);
	after = printed(c);
	if ((strcmp(before, after) != 0) != (strcmp(s->kind, "on") == 0))
		fail(s, "`no` leaves", after);
	free(after);
	reload(s, c);
	passed++;
out:
	free(before);
	conf_free(c);
}

static void
run(const struct sample *s, bool refuse)
{
	struct cf_cursor cur;
	struct conf *c = conf_at(s, &cur);
	struct cli_cmd *cmd = xcalloc(1, sizeof(*cmd));
	char *before = printed(c), *after;
	struct cf_error err;

	if (refuse) {
		if (conf_line(&cur, s->line, &err, NULL) != CF_REFUSED)
			fail(s, "is not refused", "");
	} else {
		uint16_t mode = strcmp(s->kind, "exec") == 0 ? 0
							     : conf_mode(&cur);

		cli_match_run(s->line, mode, true, cmd);
		if (cmd->verdict != CLI_MATCH)
			fail(s, "does not match", cmd->err);
		else {
			char *first = xstrdup(cmd->canonical);

			cli_match_run(first, mode, true, cmd);
			if (strcmp(first, cmd->canonical) != 0)
				fail(s, "canonical text changes", first);
			free(first);
		}
	}
	after = printed(c);
	if (strcmp(before, after) != 0)
		fail(s, "has changed something", after);
	passed++;
	free(before);
	free(after);
	free(cmd);
	conf_free(c);
}

/* All forms together in one configuration: what is printed must come back
 * although every mode stands next to every other. Forms that check hooks or
 * earlier lines refuse are left out. */
static void
everything(struct conf *all, const struct sample *s)
{
	struct cf_cursor cur = {.conf = all, .at = &all->obj};
	struct cf_error err;

	if (strcmp(s->kind, "exec") == 0 || strcmp(s->kind, "run") == 0)
		return;
	for (unsigned i = 0; i < s->depth; i++)
		(void)!conf_line(&cur, s->path[i], &err, NULL);
	(void)!conf_line(&cur, s->line, &err, NULL);
}

static char *
whole_file(FILE *f)
{
	struct strbuf sb = {0};
	char buf[4096];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sb_add(&sb, buf, n);
	return sb.s != NULL ? sb.s : xstrdup("");
}

int
main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
	char *buf = NULL;
	size_t cap = 0;
	ssize_t n;
	struct conf *all;
	struct sample whole = {.pos = "all forms", .line = "together"};

	if (f == NULL) {
		fprintf(stderr, "usage: forms SAMPLES\n");
		return 2;
	}
	all = conf_new();
	samples = whole_file(f);
	rewind(f);
	while ((n = getline(&buf, &cap, f)) > 0) {
		struct sample s = {0};
		char *text;

		buf[strcspn(buf, "\n")] = '\0';
		text = fill_names(buf);
		if (cut(text, &s)) {
			everything(all, &s);
			if (strcmp(s.kind, "run") == 0 ||
			    strcmp(s.kind, "exec") == 0)
				run(&s, false);
			else if (strcmp(s.kind, "refuse") == 0)
				run(&s, true);
			else
				form(&s);
		}
		free(text);
	}
	reload(&whole, all);
	conf_free(all);
	free(buf);
	free(samples);
	fclose(f);
	printf("forms: %u passed, %u failed, %u refused by a check\n", passed,
	    failed, judged);
	return failed != 0 || passed == 0;
}
