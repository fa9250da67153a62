/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Users, passwords and lines: hooks of the grammar, and what holds for one
 * line when several blocks speak of it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli_gen.h"
#include "conf/auth.h"
#include "conf/cf_int.h"

#define VTY_DEFAULT 5 /* vty 0 to 4 are there without being configured */
#define TIMEOUT_DEFAULT 600 /* seconds */

const struct user *
conf_find_user(const struct conf *c, const char *name)
{
	return cf_find(c, &c->users, name);
}

const struct aaa_list *
conf_find_aaa_list(const struct conf *c, const char *name)
{
	return cf_find(c, &c->aaa_lists, name);
}

/* `username X privilege 15` and `username X secret Y` may come in two lines:
 * what a line does not say stays. */
void
user_format(struct strbuf *text, struct strbuf *key, struct user *u)
{
	const struct conf *c = cf_root(&u->obj);
	const struct user *old = conf_find_user(c, u->name);

	if (old != NULL) {
		u->secret = old->secret;
		if (!u->has_privilege) {
			u->has_privilege = old->has_privilege;
			u->privilege = old->privilege;
		}
	}
	secret_keep(&u->secret, &u->typed, c->password_encryption);
	explicit_bzero(&u->typed, sizeof(u->typed));
	sb_printf(text, "username %s", u->name);
	if (u->has_privilege)
		sb_printf(text, " privilege %u", u->privilege);
	if (u->secret.kind != SECRET_NONE) {
		sb_add(text, " ", 1);
		secret_print(&u->secret, text);
	}
	sb_printf(key, "%s", u->name);
}

const struct enable_secret *
conf_find_enable(const struct conf *c, unsigned kind, unsigned level)
{
	const struct enable_secret *e;

	CF_FOREACH(e, kind == SECRET_SECRET ? &c->enable_secrets
					    : &c->enable_passwords)
		if (e->level == level)
			return e;
	return NULL;
}

void
enable_format(struct strbuf *text, struct strbuf *key,
    struct enable_secret *e)
{
	const struct conf *c = cf_root(&e->obj);
	const struct enable_secret *old = conf_find_enable(c, e->typed.kind,
	    e->level);
	bool secret = e->typed.kind == SECRET_SECRET;

	if (old != NULL)
		e->secret = old->secret;
	if (e->typed.text[0] != '\0') /* else `no enable secret` */
		secret_keep(&e->secret, &e->typed, c->password_encryption);
	explicit_bzero(e->typed.text, sizeof(e->typed.text));
	sb_printf(text, "enable %s", secret ? "secret" : "password");
	if (e->level != 15)
		sb_printf(text, " level %u", e->level);
	if (secret || e->secret.type != 0)
		sb_printf(text, " %u", e->secret.type);
	sb_printf(text, " %s", e->secret.text);
	sb_printf(key, "%u", e->level);
}

void
line_password_format(struct strbuf *text, struct strbuf *key,
    struct line_password *p)
{
	const struct conf *c = cf_root(&p->obj);
	const struct line *l = (const void *)p->obj.parent;

	if (l->passwords.first != NULL)
		p->secret =
		    ((const struct line_password *)l->passwords.first)->secret;
	if (p->typed.text[0] != '\0')
		secret_keep(&p->secret, &p->typed, c->password_encryption);
	explicit_bzero(p->typed.text, sizeof(p->typed.text));
	sb_printf(text, "password");
	if (p->secret.type != 0)
		sb_printf(text, " %u", p->secret.type);
	sb_printf(text, " %s", p->secret.text);
	sb_printf(key, "password");
}

int
line_range_check(struct cf_check *k, const struct line *l)
{
	if (!k->negated && l->last != 0 && l->last < l->first)
		return cf_reject(k, "%% Bad line number - VTY line number "
				    "range is reversed");
	return 0;
}

static void
plain_lines(const struct cf_list *lines, struct strbuf *sb)
{
	const struct line *l;

	CF_FOREACH(l, lines) {
		const struct line_password *p = (void *)l->passwords.first;

		if (p != NULL && p->secret.type == 0)
			sb_printf(sb, "%s\npassword %s\n",
			    conf_header(&l->obj), p->secret.text);
	}
}

/* `service password-encryption` also hides what was entered before. */
unsigned
conf_hide_passwords(struct conf *c)
{
	struct cf_error err;
	const struct user *u;
	const struct enable_secret *e;
	struct cf_cursor cur = {.conf = c, .at = &c->obj};
	struct strbuf sb = {0};
	char *line, *rest;
	unsigned n = 0;

	if (!c->password_encryption)
		return 0;
	CF_FOREACH(u, &c->users)
		if (u->secret.kind == SECRET_PASSWORD && u->secret.type == 0)
			sb_printf(&sb, "username %s password %s\n", u->name,
			    u->secret.text);
	CF_FOREACH(e, &c->enable_passwords)
		if (e->secret.type == 0)
			sb_printf(&sb, "enable password level %u %s\n",
			    e->level, e->secret.text);
	plain_lines(&c->con_lines, &sb);
	plain_lines(&c->aux_lines, &sb);
	plain_lines(&c->vty_lines, &sb);
	for (rest = sb.s; (line = strsep(&rest, "\n")) != NULL; n++)
		if (*line != '\0')
			(void)!conf_line(&cur, line, &err, NULL);
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	return n;
}

/* ---- what holds for one line ---- */

static void
overlay(struct line_settings *s, const struct line *l)
{
	const struct line_password *p = (void *)l->passwords.first;

	s->configured = true;
	if (l->has_timeout)
		s->timeout = l->timeout_min * 60U + l->timeout_sec;
	if (l->has_privilege)
		s->privilege = l->privilege;
	if (l->login != LINE_LOGIN_DEFAULT) {
		s->login = l->login;
		s->login_list = l->login_list;
	}
	if (p != NULL)
		s->password = &p->secret;
	if (l->has_transport) {
		s->telnet = l->transport_all || l->transport_telnet;
		s->ssh = l->transport_all || l->transport_ssh;
		s->has_transport = true;
	}
	if (l->has_length)
		s->length = l->length;
	if (l->has_width)
		s->width = l->width;
	if (l->has_history)
		s->history = l->history;
	if (l->acl_in[0] != '\0')
		s->acl_in = l->acl_in;
	if (l->has_family)
		s->older_prompts = l->older_prompts;
	s->sync |= l->sync;
	s->monitor |= l->monitor;
	s->no_exec |= !l->exec_on;
	s->no_motd |= !l->motd_on;
	s->no_exec_banner |= !l->exec_banner_on;
}

void
conf_line_settings(const struct conf *c, unsigned kind, unsigned n,
    struct line_settings *s)
{
	const struct line *l;

	*s = (struct line_settings){.timeout = TIMEOUT_DEFAULT,
	    .privilege = 1,
	    .login = kind == LINE_VTY ? LINE_LOGIN_PASSWORD : LINE_LOGIN_NONE,
	    .ssh = true,
	    .length = 24,
	    .width = 80,
	    .history = 10};
	CF_FOREACH(l, kind == LINE_CON ? &c->con_lines
		: kind == LINE_AUX ? &c->aux_lines : &c->vty_lines)
		if (n >= l->first &&
		    n <= (l->last != 0 ? l->last : l->first))
			overlay(s, l);
}

unsigned
conf_vty_count(const struct conf *c)
{
	const struct line *l;
	unsigned n = VTY_DEFAULT;

	CF_FOREACH(l, &c->vty_lines)
		if ((l->last != 0 ? l->last : l->first) + 1U > n)
			n = (l->last != 0 ? l->last : l->first) + 1U;
	return n;
}
