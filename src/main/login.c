/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who may use a line: banners, the dialogue for name and password, `enable`,
 * the time without a key. Passwords are checked one after the other, with a
 * pause behind each that is longer than the work, so that guessing on many
 * connections does not stop the router.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ace.h"
#include "conf/auth.h"
#include "main/login.h"
#include "main/session.h"

#define TRIES 3
#define WRONG_MS 1000  /* until the answer to a wrong one, from its check on */
#define LOGIN_MS 30000 /* for each answer before somebody is logged in */
#define CLOSE_MS 5000  /* for a client to read the last words */
#define CHECK_SHARE 4  /* pause behind a check, times its duration */
#define GUESS_MS 250   /* least pause behind a wrong one, whoever is next */
#define TESTS_MAX 16   /* `test login` at a time */
#define LOG_MS 1000

enum auth_step { AUTH_NONE, AUTH_USER, AUTH_PASSWORD, AUTH_CHECK, AUTH_WRONG };
enum auth_method { BY_NOTHING, BY_LINE, BY_USER, BY_ENABLE, BY_NOBODY,
	TO_ENABLE, TO_TEST };

static void ask(struct session *);
static void on_auth(void *);

static void
settings_of(const struct session *s, struct line_settings *l)
{
	conf_line_settings(s->r->running, s->vty < 0 ? LINE_CON : LINE_VTY,
	    s->vty < 0 ? 0 : (unsigned)s->vty, l);
}

/* ---- the time without a key ---- */

static void
idle_set(struct session *s)
{
	uint64_t ms = s->open ? (uint64_t)s->timeout * 1000 : LOGIN_MS;

	loop_timer(s->r->loop, &s->idle,
	    ms == 0 ? 0 : s->active_us / 1000 + ms + 1);
}

/* A command that runs is work; one that waits for an answer is not. */
static void
on_idle(void *arg)
{
	struct session *s = arg;

	if (s->closing) {
		(void)shutdown(s->sock, SHUT_RDWR);
		return;
	}
	if (s->open && (s->ctx != NULL || s->child != -1) && !s->asked) {
		s->active_us = time_mono_us();
		idle_set(s);
		return;
	}
	if (s->open)
		session_text(s, "\n*** Line timeout expired\n");
	else
		session_text(s, s->auth.step == AUTH_USER
			? "\n% Username:  timeout expired!\n"
			: "\n% Password:  timeout expired!\n");
	session_close(s);
}

void
login_init(struct session *s)
{
	s->idle.fn = on_idle;
	s->auth.timer.fn = on_auth;
	s->idle.arg = s->auth.timer.arg = s;
}

void
login_closing(struct session *s)
{
	login_forget(s);
	if (s->sock != -1)
		loop_timer(s->r->loop, &s->idle, time_mono_ms() + CLOSE_MS);
}

void
login_active(struct session *s)
{
	s->active_us = time_mono_us();
	if (s->kind != SESSION_SCRIPT && !s->closing)
		idle_set(s);
}

void
login_forget(struct session *s)
{
	loop_timer(s->r->loop, &s->idle, 0);
	loop_timer(s->r->loop, &s->auth.timer, 0);
	explicit_bzero(&s->auth.given, sizeof(s->auth.given));
}

/* ---- banners ---- */

/* "^Ctext^C" without its delimiters. */
static void
banner(struct session *s, const char *text)
{
	struct strbuf sb = {0};
	size_t d, len;

	if (text == NULL)
		return;
	d = text[0] == '^' && text[1] == 'C' ? 2 : 1;
	len = strlen(text);
	if (len < 2 * d)
		return;
	sb_add(&sb, text + d, len - 2 * d);
	sb_printf(&sb, "\n");
	session_out(s, sb.s, sb.len);
	sb_free(&sb);
}

/* ---- the dialogue ---- */

/* Names that anybody may give go to the terminals of others. */
static void
printable(char *to, const char *from, size_t size)
{
	str_copy(to, from, size);
	for (; *to != '\0'; to++)
		if (*to <= ' ' || *to > '~')
			*to = '?';
}

static void
log_result(struct session *s, bool success, const char *why)
{
	const struct conf *c = s->r->running;
	uint32_t key = 0;
	const char *p;
	char user[CONF_NAME];

	printable(user, s->auth.name[0] != '\0' ? s->auth.name : s->user,
	    sizeof(user));
	for (p = s->peer; *p != '\0'; p++)
		key = key * 31 + (unsigned char)*p;
	if (success && c->log_success)
		log_emit(LOG_LOGIN_SUCCESS, user, s->peer);
	else if (!success)
		(void)log_limited(time_mono_ms(), LOG_MS, key,
		    LOG_LOGIN_FAILED, user, s->peer, why);
}

static void
start_exec(struct session *s)
{
	struct line_settings l;
	const struct user *u = conf_find_user(s->r->running, s->user);

	settings_of(s, &l);
	s->auth.step = AUTH_NONE;
	s->open = true;
	s->level = u != NULL && u->has_privilege ? u->privilege : l.privilege;
	s->timeout = l.timeout;
	s->length = l.length;
	s->width = l.width;
	s->history_size = l.history;
	s->sync = l.sync;
	s->older_prompts = l.older_prompts;
	s->monitor = s->vty < 0 || l.monitor;
	login_active(s);
	if (l.no_exec) {
		session_close(s);
		return;
	}
	if (!l.no_exec_banner)
		banner(s, s->r->running->banner_exec);
	session_send_term(s);
	session_prompt(s, false);
}

/* One answer for each connection: what follows it is no command. */
static void
test_done(struct session *s, enum cli_status st)
{
	struct router *r = s->r;
	uint32_t id = s->id;

	cli_done(s->ctx, st);
	s = session_by_id(r, id);
	if (s != NULL)
		session_close(s);
}

static void
give_up(struct session *s)
{
	s->auth.step = AUTH_NONE;
	if (s->auth.method == TO_TEST) {
		test_done(s, CLI_FAILED);
		return;
	}
	if (s->auth.method != TO_ENABLE) {
		if (s->auth.method == BY_LINE)
			session_text(s, "% Bad passwords\n");
		session_close(s);
		return;
	}
	if (s->auth.level != 15)
		session_text(s, "% Access denied\n\n");
	else if (conf_find_enable(s->r->running, SECRET_SECRET, 15) != NULL)
		session_text(s, "% Bad secrets\n\n");
	else
		session_text(s, "% Bad passwords\n\n");
	cli_done(s->ctx, CLI_FAILED);
}

static const struct enable_secret *
enable_of(const struct conf *c, unsigned level)
{
	const struct enable_secret *e;

	e = conf_find_enable(c, SECRET_SECRET, level);
	return e != NULL ? e : conf_find_enable(c, SECRET_PASSWORD, level);
}

static bool
is_right(struct session *s)
{
	const struct conf *c = s->r->running;
	struct line_settings l;
	const struct user *u;
	const struct enable_secret *e;

	switch (s->auth.method) {
	case BY_LINE:
		settings_of(s, &l);
		return l.password != NULL &&
		    secret_check(l.password, s->auth.given);
	case BY_USER:
	case TO_TEST:
		u = conf_find_user(c, s->auth.name);
		return u != NULL && secret_check(&u->secret, s->auth.given);
	case BY_ENABLE:
	case TO_ENABLE:
		e = enable_of(c, s->auth.method == TO_ENABLE ? s->auth.level
							     : 15);
		return e != NULL && secret_check(&e->secret, s->auth.given);
	default:
		return false;
	}
}

static void
right(struct session *s)
{
	s->auth.step = AUTH_NONE;
	if (s->auth.method == TO_TEST) {
		test_done(s, CLI_DONE);
		return;
	}
	if (s->auth.method == TO_ENABLE) {
		s->level = s->auth.level;
		cli_done(s->ctx, CLI_DONE);
		return;
	}
	if (s->auth.method == BY_USER)
		str_copy(s->user, s->auth.name, sizeof(s->user));
	log_result(s, true, "");
	start_exec(s);
}

static void
check(struct session *s)
{
	uint64_t start = time_mono_us();
	bool ok = is_right(s);
	uint64_t pause = (time_mono_us() - start) * CHECK_SHARE / 1000;

	explicit_bzero(s->auth.given, sizeof(s->auth.given));
	if (!ok && pause < GUESS_MS)
		pause = GUESS_MS;
	s->r->console->auth_free_ms = time_mono_ms() + pause;
	if (ok) {
		right(s);
		return;
	}
	log_result(s, false, s->auth.method == TO_ENABLE ? "enable"
							 : "Login invalid");
	/* Not from its end on: a user who does not exist costs no time. */
	s->auth.step = AUTH_WRONG;
	loop_timer(s->r->loop, &s->auth.timer, start / 1000 + WRONG_MS);
}

static void
again(struct session *s)
{
	if (++s->auth.tries >= TRIES)
		give_up(s);
	else
		ask(s);
}

static void
on_auth(void *arg)
{
	struct session *s = arg;
	uint64_t at = s->r->console->auth_free_ms;

	if (s->auth.step == AUTH_CHECK && time_mono_ms() < at)
		loop_timer(s->r->loop, &s->auth.timer, at);
	else if (s->auth.step == AUTH_CHECK)
		check(s);
	else if (s->auth.step == AUTH_WRONG) {
		if (s->auth.method == BY_USER)
			session_text(s, "% Login invalid\n\n");
		again(s);
	}
}

static void
ask(struct session *s)
{
	bool user = s->auth.method == BY_USER;

	s->auth.step = user ? AUTH_USER : AUTH_PASSWORD;
	ops_ask(s, user ? CLI_ASK_LINE : CLI_ASK_SECRET,
	    user ? "Username: " : "Password: ");
}

void
login_answer(struct session *s, const char *answer)
{
	login_active(s);
	if (s->auth.step == AUTH_USER) {
		str_copy(s->auth.name, answer, sizeof(s->auth.name));
		if (answer[0] == '\0') {
			again(s);
			return;
		}
		s->auth.step = AUTH_PASSWORD;
		ops_ask(s, CLI_ASK_SECRET, "Password: ");
	} else if (s->auth.step == AUTH_PASSWORD) {
		str_copy(s->auth.given, answer, sizeof(s->auth.given));
		if (strlen(answer) >= sizeof(s->auth.given))
			s->auth.given[0] = '\0'; /* no password is that long */
		s->auth.step = AUTH_CHECK;
		loop_timer(s->r->loop, &s->auth.timer, time_mono_ms());
	}
}

/* Ctrl-C, or the client is gone. */
void
login_abort(struct session *s)
{
	if (s->auth.method == TO_ENABLE || s->auth.method == TO_TEST) {
		s->auth.step = AUTH_NONE;
		login_forget(s);
		login_active(s);
		cli_done(s->ctx, CLI_FAILED);
	} else if (s->sock != -1 && (s->auth.step == AUTH_USER ||
	    s->auth.step == AUTH_PASSWORD))
		ask(s);
}

/* ---- which dialogue ---- */

/* The first of the methods that is known: servers are none. */
static enum auth_method
first_method(const struct session *s, const char *p)
{
	static const struct {
		const char *word;
		enum auth_method method;
	} known[] = {{"local", BY_USER}, {"local-case", BY_USER},
	    {"line", BY_LINE}, {"enable", BY_ENABLE}, {"none", BY_NOTHING}};
	bool group = false;
	size_t i, n;

	for (; *p != '\0'; p += n, p += strspn(p, " ")) {
		n = strcspn(p, " ");
		for (i = 0; i < NELEM(known) && !group; i++)
			if (strlen(known[i].word) == n &&
			    strncmp(p, known[i].word, n) == 0)
				return known[i].method;
		group = !group && n == 5 && strncmp(p, "group", 5) == 0;
	}
	return s->vty < 0 ? BY_NOTHING : BY_NOBODY;
}

/* `login authentication NAME` of the line, else the default list. */
static enum auth_method
aaa_method(const struct session *s, const struct line_settings *l)
{
	const struct conf *c = s->r->running;
	const struct aaa_list *list;

	if (l->login == LINE_LOGIN_LIST &&
	    strcmp(l->login_list, "default") != 0) {
		list = conf_find_aaa_list(c, l->login_list);
		return first_method(s, list != NULL ? list->methods : "");
	}
	if (c->aaa_login != NULL)
		return first_method(s, c->aaa_login);
	return s->vty < 0 ? BY_NOTHING : BY_USER;
}

/* Nobody is locked out of the console by what cannot be answered. */
static enum auth_method
method_of(const struct session *s, const struct line_settings *l)
{
	const struct conf *c = s->r->running;
	enum auth_method m;

	if (c->aaa_new_model)
		m = aaa_method(s, l);
	else if (l->login == LINE_LOGIN_NONE)
		m = BY_NOTHING;
	else if (l->login == LINE_LOGIN_PASSWORD)
		m = BY_LINE;
	else
		m = BY_USER;
	if (s->vty >= 0)
		return m == BY_LINE && l->password == NULL ? BY_NOBODY : m;
	if ((m == BY_LINE && l->password == NULL) ||
	    (m == BY_USER && c->users.n == 0) ||
	    (m == BY_ENABLE && enable_of(c, 15) == NULL))
		return BY_NOTHING;
	return m;
}

static bool
acl_permits(const struct conf *c, const char *name, const char *peer)
{
	const struct acl *a = name != NULL ? conf_find_acl(c, name) : NULL;
	const struct acl_entry *e;
	uint32_t addr;

	if (a == NULL) /* an access list that does not exist permits */
		return true;
	if (!ip4_parse(peer, &addr))
		return false;
	CF_FOREACH(e, &a->entries)
		if (!e->remark &&
		    ((addr ^ e->ace.src) & ~e->ace.src_wild) == 0)
			return e->ace.action == ACE_PERMIT;
	return false;
}

int
login_find_vty(struct router *r, enum session_kind kind, const char *peer)
{
	unsigned n, count = conf_vty_count(r->running);
	const struct session *s;
	struct line_settings l;

	for (n = 0; n < count; n++) {
		conf_line_settings(r->running, LINE_VTY, n, &l);
		if (kind == SESSION_TELNET ? !l.telnet : !l.ssh)
			continue;
		if (!acl_permits(r->running, l.acl_in, peer))
			continue;
		for (s = r->console->sessions; s != NULL; s = s->next)
			if (s->vty == (int)n)
				break;
		if (s == NULL)
			return (int)n;
	}
	return -1;
}

static void
start_ssh(struct session *s)
{
	struct line_settings l;

	s->vty = login_find_vty(s->r, SESSION_SSH, s->peer);
	if (s->vty < 0 || conf_find_user(s->r->running, s->user) == NULL) {
		session_text(s, "% No vty line takes this connection\n");
		session_close(s);
		return;
	}
	log_result(s, true, "");
	settings_of(s, &l);
	if (!l.no_motd)
		banner(s, s->r->running->banner_motd);
	start_exec(s);
}

void
login_start(struct session *s)
{
	struct line_settings l;

	if (s->kind == SESSION_SCRIPT) { /* the owner of the router */
		s->open = true;
		s->level = 15;
		session_prompt(s, false);
		return;
	}
	if (s->kind == SESSION_SSH) {
		start_ssh(s);
		return;
	}
	settings_of(s, &l);
	login_active(s);
	if (!l.no_motd)
		banner(s, s->r->running->banner_motd);
	s->auth.method = (uint8_t)method_of(s, &l);
	if (s->auth.method == BY_NOTHING) {
		start_exec(s);
		return;
	}
	if (s->auth.method == BY_NOBODY) {
		session_text(s, "\n\nPassword required, but none set\n");
		session_close(s);
		return;
	}
	banner(s, s->r->running->banner_login);
	session_text(s, "\nUser Access Verification\n\n");
	ask(s);
}

int
login_enable(struct session *s, unsigned level)
{
	if (level <= s->level || s->kind == SESSION_SCRIPT) {
		session_set_level(s, level);
		return CLI_DONE;
	}
	if (enable_of(s->r->running, level) == NULL) {
		if (s->vty < 0) {
			s->level = level;
			return CLI_DONE;
		}
		session_text(s, "% No password set\n");
		return CLI_FAILED;
	}
	s->auth.method = TO_ENABLE;
	s->auth.level = level;
	s->auth.tries = 0;
	ask(s);
	return CLI_PENDING;
}

/* A server of SSH asks; its checks are paced like the others. */
int
login_test(struct session *s, const char *user, const char *peer)
{
	const struct session *o;
	unsigned n = 0;

	for (o = s->r->console->sessions; o != NULL; o = o->next)
		n += o->auth.method == TO_TEST && o->ctx != NULL;
	if (n >= TESTS_MAX)
		return CLI_FAILED;
	s->auth.method = TO_TEST;
	s->auth.tries = TRIES - 1;
	str_copy(s->auth.name, user, sizeof(s->auth.name));
	printable(s->peer, peer, sizeof(s->peer));
	s->auth.step = AUTH_PASSWORD;
	ops_ask(s, CLI_ASK_SECRET, "Password: ");
	return CLI_PENDING;
}
