/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of doc/getvpn.md against the program: each row is a command or a
 * message, and what becomes of it. table FILE compares; table -u FILE prints
 * the file as it should be. A row is
 *	| `COMMAND` | works, noted or refused | remark |
 * and belongs to the way in the heading above it: "### `LINE / LINE`", or
 * "### Global", "### Exec", "### Messages". The remark of what is noted or
 * refused is what the router says; others are free.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "conf/cf.h"

static unsigned rows, wrong;
static bool update, in_messages, in_exec;
static char way[256];
static bool listed[LOG_COUNT];

struct verdict {
	const char *state;
	char remark[256];
};

/* ---- configuration lines ---- */

struct seen {
	unsigned notes, errors;
	char note[256], error[256];
};

static void
report(void *arg, unsigned lineno, bool error, const char *text)
{
	struct seen *s = arg;

	(void)lineno;
	if (error && s->errors++ == 0)
		str_copy(s->error, text, sizeof(s->error));
	if (!error && s->notes++ == 0)
		str_copy(s->note, text, sizeof(s->note));
}

static void
load(const char *text, struct seen *s)
{
	struct conf *c = conf_new();

	(void)!conf_load(c, text, strlen(text), report, s);
	conf_free(c);
}

/* What the way there says already is not said about the line. */
static void
try_line(const char *line, struct verdict *v)
{
	struct seen before = {0}, after = {0};
	struct strbuf text = {0};
	const char *s = way;
	unsigned depth = 0;

	while (*s != '\0') {
		const char *e = strstr(s, " / ");
		size_t len = e != NULL ? (size_t)(e - s) : strlen(s);

		sb_printf(&text, "%*s%.*s\n", (int)depth++, "", (int)len, s);
		s += len + (e != NULL ? 3 : 0);
	}
	load(text.s != NULL ? text.s : "", &before);
	sb_printf(&text, "%*s%s\n", (int)depth, "", line);
	load(text.s, &after);
	v->state = "works";
	if (after.errors > before.errors) {
		v->state = "refused";
		str_copy(v->remark, after.error, sizeof(v->remark));
	} else if (after.notes > 0) { /* or the mode it stands in has one */
		v->state = "noted";
		str_copy(v->remark, after.note, sizeof(v->remark));
	}
	sb_free(&text);
}

static void
try_exec(const char *line, struct verdict *v)
{
	struct cli_cmd cmd;

	cli_match_run(line, MODE_EXEC, true, &cmd);
	if (cmd.verdict != CLI_MATCH) /* config, but typed as a command */
		cli_match_run(line, MODE_CONFIG, true, &cmd);
	v->state = cmd.verdict == CLI_MATCH ? "works" : "refused";
	if (cmd.verdict != CLI_MATCH)
		str_copy(v->remark, "not a command", sizeof(v->remark));
}

/* FACILITY-SEVERITY-MNEMONIC. That it has a cause: getvpn.sh. */
static void
try_message(const char *name, struct verdict *v)
{
	char full[128];
	unsigned i;

	v->state = "not emitted";
	for (i = 0; i < LOG_COUNT; i++) {
		const struct log_def *d = log_def_of((enum log_id)i);

		snprintf(full, sizeof(full), "%s-%d-%s", d->facility,
		    d->severity, d->mnemonic);
		if (strcmp(full, name) != 0)
			continue;
		v->state = "works";
		listed[i] = true;
	}
}

/* ---- rows ---- */

static char *
cell(char **s)
{
	char *e, *c = *s;

	c += strspn(c, " ");
	e = strchr(c, '|');
	if (e == NULL)
		return NULL;
	*s = e + 1;
	while (e > c && e[-1] == ' ')
		e--;
	*e = '\0';
	return c;
}

static void
row(char *line)
{
	char *s = line + 1, *command, *state, *remark, *tail;
	struct verdict v = {.remark = ""};
	bool generated;

	command = cell(&s);
	state = cell(&s);
	remark = cell(&s);
	if (remark == NULL || *command != '`' ||
	    (tail = strchr(command + 1, '`')) == NULL) {
		printf("a broken row: %s\n", line);
		wrong++;
		return;
	}
	*tail = '\0';
	command++;
	rows++;
	if (in_messages)
		try_message(command, &v);
	else if (in_exec)
		try_exec(command, &v);
	else
		try_line(command, &v);
	for (tail = v.remark; *tail != '\0'; tail++)
		if (*tail == '|')
			*tail = '/';
	generated = v.remark[0] != '\0' && !in_exec;
	if (update) {
		/* a remark of another state is no longer true */
		if (!generated && strcmp(state, v.state) != 0 &&
		    strcmp(v.state, "works") == 0)
			remark = v.remark;
		printf("| `%s` | %s | %s |\n", command, v.state,
		    generated || remark[0] == '\0' ? v.remark : remark);
		return;
	}
	if (strcmp(state, v.state) != 0 ||
	    (generated && strcmp(remark, v.remark) != 0)) {
		printf("%s: %s: the table says %s (%s), it is %s (%s)\n", way,
		    command, state, remark, v.state, v.remark);
		wrong++;
	} else if (strcmp(state, "works") != 0 && remark[0] == '\0') {
		printf("%s: no reason why it does not work\n", command);
		wrong++;
	}
}

static bool
about_us(const struct log_def *d)
{
	return strcmp(d->facility, "GDOI") == 0 ||
	    strncmp(d->facility, "CRYPTO", 6) == 0;
}

/* Messages that no row has. */
static void
unlisted(void)
{
	unsigned i;

	if (!in_messages)
		return;
	for (i = 0; i < LOG_COUNT; i++) {
		const struct log_def *d = log_def_of((enum log_id)i);

		if (listed[i] || !about_us(d))
			continue;
		if (update)
			printf("| `%s-%d-%s` | works | |\n", d->facility,
			    d->severity, d->mnemonic);
		else
			printf("no row for message %s-%d-%s\n", d->facility,
			    d->severity, d->mnemonic);
		wrong++;
	}
}

static void
heading(const char *line)
{
	const char *s = line + 4, *e;

	in_messages = strncmp(s, "Messages", 8) == 0;
	in_exec = strncmp(s, "Exec", 4) == 0;
	way[0] = '\0';
	if (*s == '`' && (e = strchr(s + 1, '`')) != NULL)
		snprintf(way, sizeof(way), "%.*s", (int)(e - s - 1), s + 1);
}

int
main(int argc, char **argv)
{
	char *buf = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f;

	update = argc > 2 && strcmp(argv[1], "-u") == 0;
	f = argc > 1 ? fopen(argv[argc - 1], "r") : NULL;
	if (f == NULL) {
		fprintf(stderr, "usage: table [-u] FILE\n");
		return 2;
	}
	while ((n = getline(&buf, &cap, f)) > 0) {
		buf[strcspn(buf, "\n")] = '\0';
		if (strncmp(buf, "| `", 3) == 0) {
			row(buf);
			continue;
		}
		if (buf[0] == '#')
			unlisted();
		if (strncmp(buf, "### ", 4) == 0)
			heading(buf);
		else if (buf[0] == '#')
			in_messages = in_exec = false;
		if (update)
			printf("%s\n", buf);
	}
	unlisted();
	free(buf);
	fclose(f);
	if (!update)
		printf("%u rows, %u wrong\n", rows, wrong);
	return update ? 0 : wrong != 0 || rows == 0;
}
