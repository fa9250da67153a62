/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading a whole text: a startup file, a capture of show running-config, a
 * page of documentation with its prompts, several `configure terminal` blocks
 * after each other. Finds the lines; cf_line.c judges them.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/cf_int.h"

#define LINE_MAX_LEN (CLI_VALUE_MAX - 1)
#define BLOCKS 16

struct load {
	struct cf_cursor cur;
	conf_report_fn *report;
	void *arg;
	unsigned lineno, errors;
	unsigned said_at; /* the line that is told about: where it begins */
	bool in_exec;	  /* behind `end` or an exec prompt */
	bool prompts;	  /* the text has some: what has none is output */
	int skip_deeper;  /* of a refused block: lines indented more, -1 none */
	bool prompted;	  /* this line has one */
	bool too_long;	  /* this line: the rest was dropped */
	bool helping;	  /* behind a `?`, up to the next prompt */
	/* of the headers of the modes entered, and whether a line below was
	 * indented more: only then indentation means something */
	int indent[BLOCKS];
	bool deeper[BLOCKS];
	const char *next, *end;
	struct strbuf line, notes;
	struct strbuf *run; /* where `run` commands go, NULL: nowhere */
	/* what was said of the block at the cursor already */
	const struct cf_obj *noted;
	struct strbuf said;
};

static void
tell(struct load *ld, bool error, const char *text)
{
	if (error)
		ld->errors++;
	if (ld->report != NULL)
		ld->report(ld->arg, ld->said_at, error, text);
}

/* ---- lines ---- */

/* Octets as a terminal would show them: backspace and carriage return move
 * back, what follows overwrites. */
static void
put_char(struct load *ld, size_t *at, char ch)
{
	struct strbuf *sb = &ld->line;

	if (ch == '\b') {
		if (*at > 0)
			(*at)--;
	} else if (ch == '\r') {
		*at = 0;
	} else if (((unsigned char)ch < ' ' && ch != '\t' && ch != '\003') ||
	    ch == 0x7f) {
		return; /* escape sequences and the like */
	} else if (*at < sb->len) {
		sb->s[(*at)++] = ch;
	} else if (sb->len < LINE_MAX_LEN) {
		sb_add(sb, &ch, 1);
		*at = sb->len;
	} else {
		ld->too_long = true;
	}
}

static bool
read_line(struct load *ld)
{
	const char *e;
	size_t at = 0, len;

	if (ld->next == ld->end)
		return false;
	ld->lineno++;
	ld->line.len = 0;
	ld->too_long = false;
	sb_add(&ld->line, "", 0);
	e = memchr(ld->next, '\n', (size_t)(ld->end - ld->next));
	len = (size_t)((e != NULL ? e : ld->end) - ld->next);
	while (len > 0 && ld->next[len - 1] == '\r')
		len--;
	for (size_t i = 0; i < len; i++)
		put_char(ld, &at, ld->next[i]);
	sb_add(&ld->line, "", 1);
	ld->line.len--;
	ld->next = e != NULL ? e + 1 : ld->end;
	return true;
}

static void
drop_front(struct strbuf *sb, size_t n)
{
	memmove(sb->s, sb->s + n, sb->len - n + 1);
	sb->len -= n;
}

static void
strip_pager(struct load *ld)
{
	static const char more[] = "--More--";
	size_t b = strspn(ld->line.s, " ");

	if (ld->lineno == 1 && strncmp(ld->line.s, "\xef\xbb\xbf", 3) == 0)
		drop_front(&ld->line, 3);
	if (strncmp(ld->line.s + b, more, sizeof(more) - 1) == 0) {
		drop_front(&ld->line, b + sizeof(more) - 1);
		if (ld->line.s[0] == ' ')
			drop_front(&ld->line, 1);
	}
}

size_t
conf_prompt_len(const char *s, bool *config)
{
	size_t n = 0;

	*config = false;
	while (isalnum((unsigned char)s[n]) || strchr("_.-", s[n] ? s[n] : '!'))
		n++;
	if (n == 0 || n > 63)
		return 0;
	if (s[n] == '(') {
		size_t m = strcspn(s + n, ") ");

		if (s[n + m] != ')' || m > 40)
			return 0;
		n += m + 1;
		*config = true;
		return s[n] == '#' ? n + 1 : 0;
	}
	return s[n] == '#' || s[n] == '>' ? n + 1 : 0;
}

static bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool
is_transcript(const char *s)
{
	static const char *const lines[] = {"Building configuration",
		"Current configuration", "Enter configuration commands", "%",
		"*", "The name for the keys will be", "[OK]",
		"How many bits in the modulus"};
	unsigned n = 0, of = 0;
	int at = 0;

	for (unsigned i = 0; i < NELEM(lines); i++)
		if (starts(s, lines[i]))
			return true;
	return sscanf(s, "Using %u out of %u bytes%n", &n, &of, &at) == 2 &&
	    at != 0;
}

/* ---- one line in its state ---- */

static bool
exec_command(const char *s, bool *config)
{
	struct cli_cmd *cmd = xcalloc(1, sizeof(*cmd));
	bool ok;

	cli_match_run(s, MODE_EXEC, true, cmd);
	ok = cmd->verdict == CLI_MATCH;
	/* what these print is a configuration too */
	*config = ok &&
	    (starts(cmd->canonical, "configure ") ||
		starts(cmd->canonical, "show running-config") ||
		starts(cmd->canonical, "show startup-config") ||
		starts(cmd->canonical, "more "));
	free(cmd);
	return ok;
}

static unsigned
depth_of(const struct cf_obj *o)
{
	unsigned n = 0;

	while ((o = o->parent) != NULL)
		n++;
	return n < BLOCKS ? n : BLOCKS - 1;
}

/* ---- texts of several lines ---- */

static bool
ends_text(const char *line, const char *until)
{
	if (strcmp(until, "quit") != 0)
		return strstr(line, until) != NULL ||
		    (strcmp(until, "^C") == 0 && strchr(line, '\003') != NULL);
	line += strspn(line, " \t");
	return starts(line, "quit") &&
	    line[4 + strspn(line + 4, " \t")] == '\0';
}

/* In a certificate: nothing but hexadecimal digits. */
static bool
goes_on(const char *line, const char *until)
{
	return strcmp(until, "quit") != 0 ||
	    line[strspn(line, " \t0123456789abcdefABCDEF")] == '\0';
}

/* Appends lines up to the one that ends the text. False, and nothing was
 * read: there is none as far as a text may reach. */
static bool
join_text(struct load *ld, const char *until)
{
	struct strbuf all = {0};
	const char *next = ld->next;
	unsigned lineno = ld->lineno;
	bool ends = false;

	sb_add(&all, ld->line.s, ld->line.len);
	while (!ends && all.len < CLI_VALUE_MAX && read_line(ld)) {
		sb_add(&all, "\n", 1);
		sb_add(&all, ld->line.s, ld->line.len);
		ends = ends_text(ld->line.s, until);
		if (!ends && !goes_on(ld->line.s, until))
			break;
	}
	if (!ends) {
		all.len = strcspn(all.s, "\n");
		all.s[all.len] = '\0';
		ld->next = next;
		ld->lineno = lineno;
	}
	explicit_bzero(ld->line.s, ld->line.cap);
	sb_free(&ld->line);
	ld->line = all;
	return ends;
}

/* A block is named once for each reason, a global line each time. */
static bool
was_said(struct load *ld, const char *note)
{
	if (ld->cur.at == &ld->cur.conf->obj)
		return false;
	if (ld->noted != ld->cur.at) {
		ld->noted = ld->cur.at;
		ld->said.len = 0;
		sb_add(&ld->said, "", 0);
	}
	if (ld->said.len != 0 && strstr(ld->said.s, note) != NULL)
		return true;
	sb_printf(&ld->said, "%s\n", note);
	return false;
}

static void
say_notes(struct load *ld)
{
	char *s = ld->notes.s, *e;

	if (ld->notes.len == 0)
		return;
	/* what a check has to say is for someone who types */
	for (; (e = strchr(s, '\n')) != NULL; s = e + 1) {
		*e = '\0';
		if (starts(s, "accepted without effect") && !was_said(ld, s))
			tell(ld, false, s);
	}
	ld->notes.len = 0;
	ld->notes.s[0] = '\0';
}

/* A line that holds a secret, or may: words as they are, or abbreviated. */
static bool
may_be_secret(const char *s)
{
	static const char *const words[] = {"key", "secret", "password",
		"passphrase", "community", "authentication", "pre-shared-key",
		"md5", "username", "enable", "snmp-server", "tacacs-server",
		"radius-server", "psk", "pin"};

	if (strcasestr(s, "key") != NULL || strcasestr(s, "secret") != NULL ||
	    strcasestr(s, "pass") != NULL)
		return true;
	for (; *s != '\0'; s += strspn(s, " \t")) {
		size_t len = strcspn(s, " \t");

		for (unsigned i = 0; i < NELEM(words) && len >= 2; i++)
			if (strncasecmp(words[i], s, len) == 0)
				return true;
		s += len;
	}
	return false;
}

#define WORD_SHOWN 32 /* what is longer may be a line of a private key */

/* With the word that the caret would point at; not where a secret may be. */
static void
tell_refused(struct load *ld, const char *s, const struct cf_error *err)
{
	char text[400];
	int col = err->column;
	size_t len;

	if (col < 0 || may_be_secret(s)) {
		tell(ld, true, err->text);
		return;
	}
	while (col > 0 && s[col - 1] != ' ' && s[col - 1] != '\t')
		col--;
	len = strcspn(s + col, " \t\n");
	if (len > WORD_SHOWN)
		snprintf(text, sizeof(text), "%s (at column %d)", err->text,
		    col + 1);
	else
		snprintf(text, sizeof(text), "%s (at \"%.*s\")", err->text,
		    (int)len, s + col);
	tell(ld, true, text);
}

static void
refused(struct load *ld, const char *s, int indent, const struct cf_error *err)
{
	bool config;

	if (exec_command(s, &config)) {
		if (config)
			ld->cur.at = &ld->cur.conf->obj;
		return;
	}
	if (ld->prompts && !ld->prompted) {
		tell(ld, false, "not a command, skipped");
		return;
	}
	tell_refused(ld, s, err);
	ld->skip_deeper = indent;
}

/* The record that a line of this indentation should belong to, where blocks
 * are indented at all; NULL: the one at the cursor. */
static struct cf_obj *
outer_of(const struct load *ld, int indent)
{
	struct cf_obj *at = ld->cur.at;

	while (at->parent != NULL) {
		unsigned d = depth_of(at);

		if (indent > ld->indent[d] ||
		    (indent == ld->indent[d] && !ld->deeper[d]))
			break;
		at = at->parent;
	}
	return at != ld->cur.at ? at : NULL;
}

static bool
is_above(const struct cf_obj *a, const struct cf_obj *o)
{
	while (o != NULL && o != a)
		o = o->parent;
	return o != NULL;
}

/* Behind a line that was taken: what its indentation tells. */
static void
learn_indent(struct load *ld, const struct cf_obj *was, int indent)
{
	unsigned d = depth_of(ld->cur.at);

	if (is_above(ld->cur.at, was)) { /* a line of that record */
		ld->deeper[d] |= indent > ld->indent[d];
		return;
	}
	if (d > 0) /* a header, and a line of the record around it */
		ld->deeper[d - 1] |= indent > ld->indent[d - 1];
	ld->indent[d] = indent;
	ld->deeper[d] = false;
}

static void
config_line(struct load *ld, const char *s, int indent)
{
	struct cf_obj *was = ld->cur.at;
	struct cf_obj *outer = outer_of(ld, indent);
	struct cf_error err;
	int deep = indent - ld->indent[depth_of(was)];
	size_t at = (size_t)(s - ld->line.s);
	enum cf_result rv = cf_line_at(&ld->cur, s, deep, outer, &err,
	    &ld->notes);

	if (rv == CF_MORE && join_text(ld, err.until)) {
		s = ld->line.s + at;
		rv = cf_line_at(&ld->cur, s, deep, outer, &err, &ld->notes);
	}
	switch (rv) {
	case CF_OK:
		learn_indent(ld, was, indent);
		break;
	case CF_REFUSED:
		refused(ld, s, indent, &err);
		break;
	case CF_MORE:
		tell(ld, true, "% The text that begins here has no end");
		break;
	case CF_EXEC:
		if (ld->run != NULL)
			sb_printf(ld->run, "%s\n", s);
		break;
	case CF_END:
		if (s[0] != 'e' || s[1] != 'x') { /* `exit` too many: stay */
			ld->in_exec = true;
			ld->cur.at = &ld->cur.conf->obj;
		}
		break;
	default:
		break;
	}
	say_notes(ld);
}

static void
exec_line(struct load *ld, const char *s)
{
	struct conf *scratch;
	struct cf_cursor cur;
	struct cf_error err;
	bool config;

	if (exec_command(s, &config)) {
		if (config) {
			ld->in_exec = false;
			ld->cur.at = &ld->cur.conf->obj;
			ld->indent[0] = 0;
		}
		return;
	}
	if (ld->prompts)
		return;
	scratch = conf_new();
	cur = (struct cf_cursor){.conf = scratch, .at = &scratch->obj};
	if (conf_line(&cur, s, &err, NULL) == CF_OK)
		tell(ld, true, "configuration behind `end`: it needs "
			       "`configure terminal` first");
	else
		tell(ld, false, "text behind `end`, skipped");
	conf_free(scratch);
}

/* "<wan-ip>" of a template, where a value should be; 0: none. What people say
 * in a remark is theirs. */
static int
placeholder(const char *s, const char **at)
{
	if (strncasecmp(s, "desc", 4) == 0 || strstr(s, "remark") != NULL)
		return 0;
	for (; (s = strchr(s, '<')) != NULL; s++) {
		size_t n = 1;

		while (isalnum((unsigned char)s[n]) || s[n] == '-' ||
		    s[n] == '_')
			n++;
		if (n > 1 && s[n] == '>' && s[-1] == ' ' &&
		    (s[n + 1] == ' ' || s[n + 1] == '\0')) {
			*at = s;
			return (int)n + 1;
		}
	}
	return 0;
}

/* True: no line of a configuration. */
static bool
special_line(struct load *ld, const char *s)
{
	const char *at;
	char text[200];
	int n;

	if (strcmp(s, "^Z") == 0 && !ld->in_exec) {
		ld->in_exec = true;
		ld->cur.at = &ld->cur.conf->obj;
		return true;
	}
	if (ld->prompted) /* asked for help, not given */
		ld->helping = s[0] != '\0' && s[strlen(s) - 1] == '?';
	if (ld->helping)
		return true;
	/* it may be a name or a key after all, so the line is taken */
	n = ld->in_exec ? 0 : placeholder(s, &at);
	if (n != 0) {
		if (may_be_secret(s))
			at = "a word", n = 6;
		snprintf(text, sizeof(text),
		    "%.*s looks like a value that is still to be filled in",
		    n, at);
		tell(ld, false, text);
	}
	return false;
}

static void
load_line(struct load *ld)
{
	const char *s;
	size_t plen;
	int indent;
	bool config;

	ld->said_at = ld->lineno;
	strip_pager(ld);
	s = ld->line.s;
	indent = (int)strspn(s, " \t");
	plen = indent == 0 ? conf_prompt_len(s, &config) : 0;
	ld->prompted = plen != 0;
	if (plen != 0) {
		s += plen;
		ld->prompts = true;
		ld->in_exec = !config;
	}
	s += strspn(s, " \t");
	if (*s == '\0' || *s == '!' || (indent == 0 && is_transcript(s)))
		return;
	if (special_line(ld, s))
		return;
	if (ld->skip_deeper >= 0 && indent > ld->skip_deeper) {
		tell(ld, true, "% belongs to the refused line above");
		return;
	}
	ld->skip_deeper = -1;
	if (ld->too_long)
		tell(ld, true, "% Line too long");
	else if (ld->in_exec)
		exec_line(ld, s);
	else
		config_line(ld, s, indent);
}

unsigned
conf_load(struct conf *c, const char *text, size_t len, conf_report_fn *report,
    void *arg)
{
	return conf_load_run(c, text, len, report, arg, NULL);
}

unsigned
conf_load_run(struct conf *c, const char *text, size_t len,
    conf_report_fn *report, void *arg, struct strbuf *run)
{
	struct load ld = {.cur = {.conf = c, .at = &c->obj},
	    .report = report,
	    .arg = arg,
	    .skip_deeper = -1,
	    .run = run,
	    .next = text,
	    .end = text + len};

	while (read_line(&ld))
		load_line(&ld);
	if (ld.line.s != NULL)
		explicit_bzero(ld.line.s, ld.line.cap);
	sb_free(&ld.line);
	sb_free(&ld.notes);
	sb_free(&ld.said);
	return ld.errors;
}
