/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exec commands about sessions: privilege, the terminal, lines and users,
 * entering configuration mode.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "main/login.h"
#include "main/session.h"

#define VTY_FIRST 2 /* absolute number of vty 0; con 0 is 0, aux 0 is 1 */

/* ---- terminal ---- */

int
exec_terminal_length(struct cli_ctx *ctx,
    const struct exec_terminal_length_args *a)
{
	session_set_term(session_of(ctx), (int)a->length, -1, -1);
	return CLI_DONE;
}

int
exec_terminal_width(struct cli_ctx *ctx,
    const struct exec_terminal_width_args *a)
{
	session_set_term(session_of(ctx), -1, (int)a->width, -1);
	return CLI_DONE;
}

int
exec_terminal_monitor(struct cli_ctx *ctx,
    const struct exec_terminal_monitor_args *a)
{
	session_set_term(session_of(ctx), -1, -1, !a->off);
	return CLI_DONE;
}

int
exec_terminal_history(struct cli_ctx *ctx,
    const struct exec_terminal_history_args *a)
{
	session_set_history(session_of(ctx), a->sized ? (int)a->size : -1,
	    !a->off);
	return CLI_DONE;
}

int
exec_terminal_editing(struct cli_ctx *ctx,
    const struct exec_terminal_editing_args *a)
{
	session_set_editing(session_of(ctx), !a->off);
	return CLI_DONE;
}

int
exec_terminal_prompts(struct cli_ctx *ctx,
    const struct exec_terminal_prompts_args *a)
{
	session_of(ctx)->older_prompts = a->older;
	return CLI_DONE;
}

int
show_terminal(struct cli_ctx *ctx, const struct show_terminal_args *a UNUSED)
{
	const struct session *s = session_of(ctx);
	char name[32], text[40] = "never";

	if (s->vty < 0)
		snprintf(name, sizeof(name), "0, Location: \"\"");
	else
		snprintf(name, sizeof(name), "%d, Location: \"\"",
		    s->vty + VTY_FIRST);
	if (s->timeout != 0)
		snprintf(text, sizeof(text), "%02u:%02u:%02u",
		    s->timeout / 3600, s->timeout / 60 % 60, s->timeout % 60);
	cli_printf(ctx, "Line %s, Type: \"\"\n"
	    "Length: %u lines, Width: %u columns\n"
	    "Status: PSI Enabled, Ready, Active\n"
	    "Timeouts:      Idle EXEC    Idle Session   Modem Answer  Session"
	    "   Dispatch\n               %-12s never                        "
	    "none     not set\n"
	    "Editing is %s.\nHistory is %s, history size is %u.\n"
	    "Prompts of GETVPN modes are those of the %s family.\n",
	    name, s->length, s->width, text,
	    s->editing ? "enabled" : "disabled",
	    s->history_on ? "enabled" : "disabled", s->history_size,
	    s->older_prompts ? "gdoi" : "gkm");
	return CLI_DONE;
}

/* ---- privilege ---- */

int
exec_enable(struct cli_ctx *ctx, const struct exec_enable_args *a)
{
	return login_enable(session_of(ctx), a->level == 0 ? 15 : a->level);
}

int
exec_disable(struct cli_ctx *ctx, const struct exec_disable_args *a)
{
	struct session *s = session_of(ctx);
	unsigned level = a->given ? a->level : 1;

	if (level > s->level) {
		cli_printf(ctx, "New privilege level must be less than "
				"current privilege level\n");
		return CLI_FAILED;
	}
	session_set_level(s, level);
	return CLI_DONE;
}

int
exec_exit(struct cli_ctx *ctx, const struct exec_exit_args *a UNUSED)
{
	session_close(session_of(ctx));
	return CLI_DONE;
}

/* What sshd's helper asks, with the password as the answer to a question so
 * that no command line holds it. */
int
exec_test_login(struct cli_ctx *ctx, const struct exec_test_login_args *a)
{
	struct session *s = session_of(ctx);

	if (s->kind != SESSION_SCRIPT) {
		cli_printf(ctx, "%% Only for the server of SSH\n");
		return CLI_FAILED;
	}
	return login_test(s, a->name, a->peer);
}

/* ---- configuration mode ---- */

static void
enter_config(struct cli_ctx *ctx)
{
	cli_printf(ctx, "Enter configuration commands, one per line.  "
			"End with CNTL/Z.\n");
	session_configure(session_of(ctx));
}

int
exec_configure(struct cli_ctx *ctx, const struct exec_configure_args *a UNUSED)
{
	enter_config(ctx);
	return CLI_DONE;
}

static void
configure_answer(struct cli_ctx *ctx, void *arg UNUSED, const char *answer)
{
	size_t n = strlen(answer);

	if (n <= 8 && strncmp(answer, "terminal", n) == 0) {
		enter_config(ctx);
		cli_done(ctx, CLI_DONE);
		return;
	}
	cli_printf(ctx, "?Must be \"terminal\", use `copy' or `configure "
			"replace' for files\n");
	cli_done(ctx, CLI_FAILED);
}

int
exec_configure_ask(struct cli_ctx *ctx,
    const struct exec_configure_ask_args *a UNUSED)
{
	cli_ask(ctx, CLI_ASK_LINE, "Configuring from terminal, memory, or "
	    "network [terminal]? ", configure_answer, NULL);
	return CLI_PENDING;
}

/* ---- lines and users ---- */

static int
by_line(const void *a, const void *b)
{
	const struct session *x = *(struct session *const *)a;
	const struct session *y = *(struct session *const *)b;

	if (x->vty != y->vty)
		return x->vty < y->vty ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Of those who are logged in, in the order of lines; to be freed. */
static struct session **
sorted_sessions(struct router *r, unsigned *n)
{
	struct session **v = xcalloc(r->console->n + 1, sizeof(*v));
	struct session *s;

	*n = 0;
	for (s = r->console->sessions; s != NULL; s = s->next)
		if (s->open && s->kind != SESSION_SCRIPT && s->sock != -1)
			v[(*n)++] = s;
	qsort(v, *n, sizeof(*v), by_line);
	return v;
}

static void
line_name(const struct session *s, char *buf, size_t size)
{
	if (s->vty < 0)
		snprintf(buf, size, "  0 con 0");
	else
		snprintf(buf, size, "%3d vty %d", s->vty + VTY_FIRST, s->vty);
}

int
show_users(struct cli_ctx *ctx, const struct show_users_args *a UNUSED)
{
	const struct session *self = session_of(ctx);
	unsigned n, i;
	struct session **v = sorted_sessions(router_of(ctx), &n);

	cli_printf(ctx, "    Line       User       Host(s)              Idle"
			"       Location\n");
	for (i = 0; i < n; i++) {
		const struct session *s = v[i];
		uint64_t idle = (time_mono_us() - s->active_us) / 1000000;
		char name[32];

		line_name(s, name, sizeof(name));
		cli_printf(ctx, "%c%-13s %-10s %-20s %02u:%02u:%02u   %s\n",
		    s == self ? '*' : ' ', name, s->user, "idle",
		    (unsigned)(idle / 3600), (unsigned)(idle / 60 % 60),
		    (unsigned)(idle % 60), s->peer);
	}
	cli_printf(ctx, "\n  Interface    User               Mode         Idle"
			"     Peer Address\n");
	free(v);
	return CLI_DONE;
}

int
show_line(struct cli_ctx *ctx, const struct show_line_args *a UNUSED)
{
	struct router *r = router_of(ctx);
	const struct session *self = session_of(ctx), *s;
	unsigned n, count = conf_vty_count(r->running);

	cli_printf(ctx, "   Tty Typ     Tx/Rx    A Modem  Roty AccO AccI   "
			"Uses   Noise  Overruns   Int\n");
	for (n = 0; n < count + 1; n++) {
		bool used = false, mine = false;

		for (s = r->console->sessions; s != NULL; s = s->next)
			if (s->kind != SESSION_SCRIPT && s->open &&
			    s->vty == (int)n - 1) {
				used = true;
				mine |= s == self;
			}
		cli_printf(ctx, "%c%5u %s              -    -      -    -    -"
		    "      -       -     -/-       -\n",
		    mine ? '*' : used ? 'I' : ' ',
		    n == 0 ? 0 : n - 1 + VTY_FIRST, n == 0 ? "CTY" : "VTY");
	}
	return CLI_DONE;
}

static bool
any_ssh(const struct conf *c)
{
	unsigned n, count = conf_vty_count(c);
	struct line_settings l;

	for (n = 0; n < count; n++) {
		conf_line_settings(c, LINE_VTY, n, &l);
		if (l.ssh)
			return true;
	}
	return false;
}

int
show_ip_ssh(struct cli_ctx *ctx, const struct show_ip_ssh_args *a UNUSED)
{
	const struct conf *c = router_of(ctx)->running;

	cli_printf(ctx, "SSH %s - version 2.0\n"
	    "Authentication timeout: %u secs; Authentication retries: %u\n"
	    "The server is OpenSSH, set up by sshd-router; no other version "
	    "of the protocol is spoken\n",
	    any_ssh(c) ? "Enabled" : "Disabled", c->ssh_timeout,
	    c->ssh_retries);
	return CLI_DONE;
}

int
show_ssh(struct cli_ctx *ctx, const struct show_ssh_args *a UNUSED)
{
	unsigned n, i, ssh = 0;
	struct session **v = sorted_sessions(router_of(ctx), &n);

	for (i = 0; i < n; i++) {
		if (v[i]->kind != SESSION_SSH)
			continue;
		if (ssh++ == 0)
			cli_printf(ctx, "Connection Version Mode State"
			    "                Username\n");
		cli_printf(ctx, "%-10d 2.0     INOUT Session started      %s\n",
		    v[i]->vty, v[i]->user);
	}
	if (ssh == 0)
		cli_printf(ctx, "%%No SSHv2 server connections running.\n");
	free(v);
	return CLI_DONE;
}

int
show_aliases(struct cli_ctx *ctx, const struct show_aliases_args *a UNUSED)
{
	struct strbuf sb = {0};

	session_aliases(router_of(ctx), &sb);
	cli_printf(ctx, "%s", sb.s);
	sb_free(&sb);
	return CLI_DONE;
}

int
exec_where(struct cli_ctx *ctx, const struct exec_where_args *a UNUSED)
{
	cli_printf(ctx, "%% No connections open\n");
	return CLI_DONE;
}

/* Whether a session is one that `clear line` ends. */
static bool
on_line(const struct session *s, int vty, const struct session *self)
{
	return s != self && s->vty == vty && s->kind != SESSION_SCRIPT &&
	    !s->closing;
}

static void
clear_line_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct router *r = router_of(ctx);
	int n = (int)(intptr_t)arg;
	struct session *s;

	if (exec_confirmed(answer)) {
		for (s = r->console->sessions; s != NULL; s = s->next)
			if (on_line(s, n, session_of(ctx)))
				session_close(s);
		cli_printf(ctx, " [OK]\n");
	}
	cli_done(ctx, CLI_DONE);
}

int
clear_line(struct cli_ctx *ctx, const struct clear_line_args *a)
{
	const struct session *self = session_of(ctx), *s;
	int n = a->vty ? (int)a->number
	    : a->number == 0 ? -1 /* con 0, of which there may be several */
			     : (int)a->number - VTY_FIRST;
	bool mine = self->kind != SESSION_SCRIPT && self->vty == n;

	for (s = self->r->console->sessions; s != NULL && n == -1; s = s->next)
		if (on_line(s, n, self))
			mine = false;
	if (mine || (n < 0 && a->number != 0)) {
		cli_printf(ctx, "%% Not allowed to clear %s line\n",
		    mine ? "current" : "that");
		return CLI_FAILED;
	}
	cli_ask(ctx, CLI_ASK_CONFIRM, "[confirm]", clear_line_answer,
	    (void *)(intptr_t)n);
	return CLI_PENDING;
}
