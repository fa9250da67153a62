/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One session: its lines become commands of main, of a child, or lines of the
 * running configuration; its prompt says where it is.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/bar.h"
#include "main/session.h"

#define LINE_LENGTH_MAX 4096
#define TEXT_MAX 65536 /* of a banner or certificate */

static struct cf_cursor
session_cursor(struct session *s, struct conf *conf)
{
	struct cf_cursor cur = {.conf = conf, .at = &conf->obj};

	if (s->at_conf == conf && s->at_change == s->r->change) {
		cur.at = s->at;
		return cur;
	}
	/* The record may be gone by another's hand: then global mode. */
	if (!conf_goto(&cur, s->path.s != NULL ? s->path.s : "")) {
		cur.at = &conf->obj;
		sb_free(&s->path);
	}
	return cur;
}

static void
remember_cursor(struct session *s, const struct cf_cursor *cur)
{
	/* Of a range the way says more than a place. */
	s->at_conf = cur->range[0] == '\0' ? cur->conf : NULL;
	s->at = cur->at;
	s->at_change = s->r->change;
}

void
session_prompt(struct session *s, bool refused)
{
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	uint16_t mode = 0;
	const char *host = s->r->running->hostname;

	if (s->config) {
		struct cf_cursor cur = session_cursor(s, s->r->running);

		mode = conf_mode(&cur);
		snprintf(s->prompt, sizeof(s->prompt), "%s(%s)#", host,
		    conf_mode_prompt(&cur, s->older_prompts));
	} else
		snprintf(s->prompt, sizeof(s->prompt), "%s%c", host,
		    s->level > 1 ? '#' : '>');
	wr_str(&w, s->prompt);
	wr_u16(&w, mode);
	wr_u8(&w, (uint8_t)s->level);
	wr_u8(&w, refused ? IPC_PROMPT_REFUSED : 0);
	session_send(s, IPC_PROMPT, buf, wr_len(&w));
}

void
session_text(struct session *s, const char *text)
{
	session_out(s, text, strlen(text));
}

const char *
session_who(const struct session *s, char *buf, size_t size)
{
	if (s->vty < 0)
		snprintf(buf, size, "%s%sconsole", s->user,
		    s->user[0] != '\0' ? " on " : "");
	else
		snprintf(buf, size, "%s%svty%d (%s)", s->user,
		    s->user[0] != '\0' ? " on " : "", s->vty, s->peer);
	return buf;
}

static void config_line(struct session *, const char *);

/* Process fwd was asked whether a line may take its entries along. */
static bool
goes_on(struct session *s, enum cli_status st)
{
	char *line = s->goes;

	s->goes = NULL;
	if (line != NULL && st == CLI_DONE && s->sock != -1) {
		config_line(s, line);
		free(line);
		return true;
	}
	free(line);
	return false;
}

void
session_end(struct session *s, enum cli_status st)
{
	if (sink_close(s, st) == -1)
		st = CLI_FAILED;
	keyfile_forget(s);
	s->ctx = NULL;
	s->child = -1;
	s->asked = s->more = false;
	if (goes_on(s, st))
		return;
	s->active_us = time_mono_us();
	if (s->sock == -1) {
		session_free(s);
		return;
	}
	if (!s->closing)
		session_prompt(s, st == CLI_FAILED);
}

/* ---- commands ---- */

static void
ops_out(void *user, const char *text, size_t len)
{
	session_command_out(user, text, len);
}

void
ops_ask(void *user, enum cli_ask_kind kind, const char *prompt)
{
	struct session *s = user;
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));

	s->asked = true;
	wr_u8(&w, (uint8_t)kind);
	wr_str(&w, prompt);
	session_send(s, IPC_ASK, buf, wr_len(&w));
}

static void
ops_done(void *user, enum cli_status st)
{
	session_end(user, st);
}

static const struct cli_ctx_ops ops = {ops_out, ops_ask, ops_done};

/* The caret line counts the prompt, as IOS does it; `| include x` is for what
 * a command says, not for why the line is none. */
static void
print_error(struct session *s, const char *text, int column)
{
	uint8_t none[2];
	struct wr w = wr_of(none, sizeof(none));
	struct strbuf sb = {0};

	wr_str(&w, "");
	session_send(s, IPC_FILTER, none, wr_len(&w));
	if (column >= 0)
		sb_printf(&sb, "%*s^\n",
		    column + (int)s->skipped +
			(s->interactive ? (int)strlen(s->prompt) : 0),
		    "");
	sb_printf(&sb, "%s\n%s", text,
	    strncmp(text, "% Ambiguous", 11) == 0 ? "" : "\n");
	session_out(s, sb.s, sb.len);
	sb_free(&sb);
	session_end(s, CLI_FAILED);
}

static void
run_in_child(struct session *s, const struct cli_cmd *cmd, uint16_t mode,
    bool json)
{
	enum child_kind kind = cmd->proc == CF_IKE ? CHILD_IKE : CHILD_FWD;
	uint8_t buf[2048];
	struct wr w = wr_of(buf, sizeof(buf));

	if (cmd->secret_len != 0 && s->secret == -1) {
		print_error(s, "% The passphrase must be typed in a session of "
			       "this router", -1);
		return;
	}
	wr_str(&w, cmd->canonical);
	wr_u16(&w, mode);
	wr_u8(&w, (uint8_t)((json ? IPC_EXEC_JSON : 0) |
	    (s->sock == -1 ? IPC_EXEC_UNATTENDED : 0)));
	/* A child that is starting reads this behind all it must know. */
	if (!wr_ok(&w) ||
	    child_send(s->r, kind, IPC_EXEC, s->id, buf, wr_len(&w),
		&s->secret, s->secret != -1 ? 1 : 0) == -1) {
		print_error(s, "% The process that does this is starting, "
			       "try again in a moment", -1);
		return;
	}
	s->child = (int)kind;
	s->takes_files = cmd->secret_len != 0;
}

static void
run_command(struct session *s, const struct cli_cmd *cmd, uint16_t mode,
    bool json)
{
	struct cli_ctx *ctx;
	int st;

	router_commit(s->r); /* a command sees what was configured before */
	if (cmd->proc != CF_MAIN) {
		run_in_child(s, cmd, mode, json);
		return;
	}
	ctx = s->ctx = cli_ctx_new(&ops, s, s->r);
	if (json)
		cli_ctx_set_json(ctx);
	st = cli_run(ctx, cmd);
	if (st != CLI_PENDING) {
		cli_ctx_free(ctx);
		session_end(s, (enum cli_status)st);
	}
}

static bool
blank(const char *line)
{
	line += strspn(line, " \t");
	return *line == '\0' || *line == '!';
}

static const struct {
	const char *name, *text;
} aliases[] = {{"h", "help"}, {"lo", "logout"}, {"p", "ping"},
    {"r", "resume"}, {"s", "show"}, {"u", "undebug"}, {"un", "undebug"},
    {"w", "where"}};

/* The line with its first word replaced, once; to be freed. */
static char *
session_alias(struct session *s, const char *line)
{
	const struct alias *a;
	const char *text = NULL;
	size_t lead = strspn(line, " \t"), i;
	size_t len = strcspn(line + lead, " \t|");

	for (i = 0; i < NELEM(aliases); i++)
		if (strlen(aliases[i].name) == len &&
		    strncmp(aliases[i].name, line + lead, len) == 0)
			text = aliases[i].text;
	CF_FOREACH(a, &s->r->running->aliases)
		if (strcmp(a->mode, "exec") == 0 && strlen(a->name) == len &&
		    strncmp(a->name, line + lead, len) == 0)
			text = a->text;
	if (text == NULL)
		return xstrdup(line);
	return xasprintf("%.*s%s%s", (int)lead, line, text, line + lead + len);
}

void
session_aliases(struct router *r, struct strbuf *sb)
{
	const struct alias *a;
	size_t i;

	sb_printf(sb, "Exec mode aliases:\n");
	for (i = 0; i < NELEM(aliases); i++)
		sb_printf(sb, "  %-22s%s\n", aliases[i].name, aliases[i].text);
	CF_FOREACH(a, &r->running->aliases)
		if (strcmp(a->mode, "exec") == 0)
			sb_printf(sb, "  %-22s%s\n", a->name, a->text);
}

/* Filters are the shell's, and come here only out of an alias. */
static bool
shell_filter(struct session *s, const struct bar *bar, const char *line)
{
	uint8_t buf[LINE_LENGTH_MAX];
	struct wr w = wr_of(buf, sizeof(buf));

	if (bar->kind != BAR_BEGIN && bar->kind != BAR_COUNT &&
	    bar->kind != BAR_EXCLUDE && bar->kind != BAR_INCLUDE &&
	    bar->kind != BAR_SECTION)
		return false;
	wr_str(&w, line + bar->cmd_len);
	if (!wr_ok(&w))
		return false;
	session_send(s, IPC_FILTER, buf, wr_len(&w));
	return true;
}

void
session_exec(struct session *s, const char *line, uint16_t mode, int shift)
{
	struct cli_cmd cmd;
	struct bar bar;
	char *text, *alias = NULL;
	bool json;

	if (blank(line)) {
		session_end(s, CLI_DONE);
		return;
	}
	if (mode == 0)
		line = alias = session_alias(s, line);
	bar_split(line, mode == 0, &bar);
	json = bar.kind == BAR_JSON;
	text = xstrdup(line);
	if (json || bar.kind == BAR_REDIRECT || bar.kind == BAR_APPEND ||
	    bar.kind == BAR_TEE || shell_filter(s, &bar, line))
		text[bar.cmd_len] = '\0';
	cli_match_run(text, mode, s->level >= 15, &cmd);
	explicit_bzero(text, strlen(text));
	free(text);
	if (bar.kind == BAR_BAD)
		print_error(s, bar.err,
		    bar.column >= 0 ? bar.column + shift : -1);
	else if (cmd.verdict != CLI_MATCH)
		print_error(s, cmd.err,
		    cmd.verdict == CLI_INVALID ? cmd.column + shift : -1);
	else if (json && !cmd.json)
		print_error(s, "% JSON output is not available for this "
			       "command", -1);
	else if (sink_open(s, &bar) == -1)
		session_end(s, CLI_FAILED);
	else
		run_command(s, &cmd, mode, json);
	free(alias);
	explicit_bzero(&cmd, sizeof(cmd));
}

/* ---- configuration ---- */

void
session_leave_config(struct session *s)
{
	char who[200];

	if (!s->config)
		return;
	s->config = false;
	s->at_conf = NULL;
	sb_free(&s->path);
	router_commit(s->r);
	router_settled(s->r);
	weak_log(s->r);
	session_note(s, &s->r->configured);
	log_emit(LOG_SYS_CONFIG, session_who(s, who, sizeof(who)));
}

/* A transcript is pasted: its prompts say in which mode a line was typed. */
static char *
skip_prompt(struct session *s, char *line)
{
	bool config;

	s->skipped = conf_prompt_len(line, &config);
	if (s->skipped == 0)
		return line;
	if (!config)
		session_leave_config(s);
	else if (!s->config && s->level >= 15)
		session_configure(s);
	return line + s->skipped;
}

static void
config_done(struct session *s, struct cf_cursor *cur)
{
	if (cur->conf->password_encryption &&
	    !s->r->committed->password_encryption)
		(void)conf_hide_passwords(cur->conf);
	s->path.len = 0;
	conf_path(cur, &s->path);
	router_set_running(s->r, cur->conf);
	remember_cursor(s, cur);
	session_end(s, CLI_DONE);
}

/* A banner or a certificate begins: lines of it are collected until one may
 * end it. */
static void
begin_text(struct session *s, const char *line, const struct cf_error *err)
{
	uint8_t buf[16];
	struct wr w = wr_of(buf, sizeof(buf));

	if (s->text.len == 0) {
		sb_printf(&s->text, "%s", line);
		if (err->text[0] != '\0' && s->interactive)
			session_text(s, err->text), session_text(s, "\n");
	}
	str_copy(s->until, err->until, sizeof(s->until));
	wr_str(&w, "");
	wr_u16(&w, 0);
	wr_u8(&w, (uint8_t)s->level);
	wr_u8(&w, IPC_PROMPT_TEXT);
	session_send(s, IPC_PROMPT, buf, wr_len(&w));
}

/* ---- a key server's group goes only when that was meant ---- */

#define CONTINUE "Do you want to continue? [yes/no]: "

static const struct gdoi_group *
lost_key_server(const struct conf *old, const struct conf *new)
{
	const struct gdoi_group *g, *left;

	CF_FOREACH(g, &old->gdoi_groups) {
		if (g->local.first == NULL)
			continue;
		left = conf_find_gdoi_group(new, g->name);
		if (left == NULL || left->local.first == NULL)
			return g;
	}
	return NULL;
}

static void
remove_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct session *s = session_of(ctx);
	size_t n = strlen(answer);
	char *line = arg;

	if (n > 0 && strncasecmp(answer, "yes", n) == 0) {
		s->ctx = NULL;
		cli_ctx_free(ctx);
		s->pasting = true; /* it was asked for */
		config_line(s, line);
	} else if (n > 0 && strncasecmp(answer, "no", n) != 0 && !s->closing) {
		cli_printf(ctx, "%% Please answer 'yes' or 'no'.\n");
		cli_ask(ctx, CLI_ASK_LINE, CONTINUE, remove_answer, line);
		return;
	} else
		cli_done(ctx, CLI_FAILED);
	free(line);
}

static bool
asks_about_group(struct session *s, const char *line, const struct conf *trial)
{
	const struct gdoi_group *gone =
	    lost_key_server(s->r->running, trial);

	if (gone != NULL) {
		s->ctx = cli_ctx_new(&ops, s, s->r);
		cli_printf(s->ctx, "%% The keys and the policy of group %s "
		    "will be destroyed, its members cannot register here any "
		    "more.\n", gone->name);
		cli_ask(s->ctx, CLI_ASK_LINE, CONTINUE, remove_answer,
		    xstrdup(line));
	}
	return gone != NULL;
}

/* ---- what is in use, by name or by entries of NAT ---- */

static bool
asks_about_use(struct session *s, const char *line, const struct conf *trial,
    bool whole)
{
	const char *header = nat_line_lost(s->r->running, trial);
	struct cli_cmd cmd;
	char text[400];

	if (nat_pool_used(s->r->running, trial, text, sizeof(text)) ||
	    map_used(s->r->running, trial, whole, text, sizeof(text)) ||
	    name_used(s->r->running, trial, text, sizeof(text))) {
		print_error(s, text, -1);
		return true;
	}
	if (header == NULL)
		return false;
	snprintf(text, sizeof(text), "cohort-nat-line-goes %s", header);
	cli_match_run(text, 0, true, &cmd);
	if (cmd.verdict != CLI_MATCH)
		return false;
	s->goes = xstrdup(line);
	run_command(s, &cmd, 0, false);
	return true;
}

/* Lines that may take something away that is in use. */
static bool
may_ask(const struct session *s, const char *line)
{
	const char *word = line + strspn(line, " \t");

	return s->interactive && !s->pasting &&
	    (strncasecmp(word, "no ", 3) == 0 ||
	    strncasecmp(word, "default ", 8) == 0 ||
	    strncasecmp(word, "ip n", 4) == 0 ||
	    strncasecmp(word, "addr", 4) == 0);
}

/* Somebody types such a line: asks first. What comes out of a file, a script
 * or a paste is not asked, for nobody would answer. */
static bool
asks_first(struct session *s, const char *line)
{
	struct cf_error err = {.column = -1};
	struct strbuf notes = {0};
	struct cf_cursor cur;
	struct conf *trial;
	bool asks = false;

	if (!may_ask(s, line))
		return false;
	trial = conf_clone(s->r->running);
	cur = session_cursor(s, trial);
	if (conf_line(&cur, line, &err, &notes) == CF_OK)
		asks = asks_about_group(s, line, trial) ||
		    asks_about_use(s, line, trial, cur.at == &trial->obj);
	sb_free(&notes);
	conf_free(trial);
	return asks;
}

/* The committed configuration is immutable: the first line after a commit
 * makes a copy. That one is nobody else's and a refused line leaves it as it
 * was, so the lines that follow edit it in place. */
static void
config_line(struct session *s, const char *line)
{
	struct router *r = s->r;
	bool own = r->running != r->committed;
	struct conf *candidate = own ? r->running : conf_clone(r->running);
	struct cf_cursor cur = session_cursor(s, candidate);
	struct strbuf notes = {0};
	struct cf_error err = {.column = -1};
	uint16_t mode = conf_mode(&cur);
	const char *rest;
	enum cf_result res = conf_line(&cur, line, &err, &notes);

	if (notes.len != 0)
		session_out(s, notes.s, notes.len);
	sb_free(&notes);
	if (res == CF_OK) {
		config_done(s, &cur);
		return;
	}
	if (!own)
		conf_free(candidate);
	switch (res) {
	case CF_EXEC:
		session_exec(s, line, mode, 0);
		break;
	case CF_DO:
		rest = line + strspn(line, " \t");
		rest += strcspn(rest, " \t");
		session_exec(s, rest, 0, (int)(rest - line));
		break;
	case CF_END:
		session_leave_config(s);
		session_end(s, CLI_DONE);
		break;
	case CF_MORE:
		begin_text(s, line, &err);
		break;
	default:
		print_error(s, err.text, err.column);
	}
}

static void
text_line(struct session *s, const char *line)
{
	struct strbuf text;
	struct cf_error err = {.column = -1};

	sb_printf(&s->text, "\n%s", line);
	if (s->text.len > TEXT_MAX) {
		sb_free(&s->text);
		print_error(s, "% Text is too long", -1);
		return;
	}
	str_copy(err.until, s->until, sizeof(err.until));
	if (strstr(line, s->until) == NULL) {
		begin_text(s, line, &err);
		return;
	}
	text = s->text;
	s->text = (struct strbuf){0};
	config_line(s, text.s);
	sb_free(&text);
}

static void
remember(struct session *s, const char *line)
{
	if (blank(line))
		return;
	session_trim_history(s, 1);
	if (s->history_size == 0 || !s->history_on)
		return;
	s->history[s->nhistory++] = xstrdup(line);
}

void
session_line(struct session *s, char *line, size_t len)
{
	if (!s->open)
		return; /* nobody has logged in */
	login_active(s);
	if (s->ctx != NULL || s->child != -1 || s->closing)
		return; /* a client that does not wait for its prompt */
	if (strlen(line) >= LINE_LENGTH_MAX) {
		print_error(s, "% Line is too long", -1);
		return;
	}
	str_clean(line);
	s->skipped = 0;
	if (s->text.len == 0)
		line = skip_prompt(s, line);
	if (!s->config)
		remember(s, line); /* no keys of configuration lines */
	if (len >= s->skipped && len - s->skipped < strlen(line))
		line[len - s->skipped] = '\0';
	if (s->text.len != 0)
		text_line(s, line);
	else if (s->config && asks_first(s, line))
		return;
	else if (s->config)
		config_line(s, line);
	else
		session_exec(s, line, 0, 0);
}

void
session_answer(struct session *s, const char *answer, int secret)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));

	if (!s->asked)
		return;
	s->asked = false;
	if (s->auth.step != 0)
		login_answer(s, answer);
	else if (s->ctx != NULL)
		cli_ctx_answer(s->ctx, answer);
	else if (s->child != -1) {
		wr_str(&w, answer);
		(void)child_send(s->r, (enum child_kind)s->child, IPC_ANSWER,
		    s->id, buf, wr_len(&w), &secret, secret != -1 ? 1 : 0);
	}
	explicit_bzero(buf, sizeof(buf));
}

void
session_abort(struct session *s)
{
	s->asked = false;
	if (s->text.len != 0 && s->ctx == NULL && s->child == -1) {
		sb_free(&s->text);
		session_end(s, CLI_FAILED);
		return;
	}
	if (s->auth.step != 0) {
		login_abort(s);
		return;
	}
	if (s->ctx != NULL)
		cli_ctx_abort(s->ctx);
	else if (s->child != -1)
		(void)child_send(s->r, (enum child_kind)s->child, IPC_ABORT,
		    s->id, NULL, 0, NULL, 0);
}

void
console_run_quiet(struct router *r, const char *line)
{
	struct cf_cursor cur = {.conf = r->running,
	    .at = &r->running->obj};
	struct session *s = session_new(r, -1);

	uint32_t id = s->id;

	s->level = 15;
	s->open = true;
	session_exec(s, line, conf_mode(&cur), 0);
	s = session_by_id(r, id);
	if (s != NULL && s->asked)
		end_orphan(r, id);
}
