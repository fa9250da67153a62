/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A session: one shell at a console or on a line, its mode and privilege.
 * Private to console.c (sockets and messages), session.c (lines, prompts,
 * commands) and what serves them; handlers use router.h.
 */
#ifndef COHORT_SESSION_H
#define COHORT_SESSION_H

#include "cli/bar.h"
#include "main/router.h"

#define HISTORY 256 /* at most; a session has its own size */

#define SESSIONS_MAX 64
#define TELNET_MAX 32 /* of them: the console stays within reach */

struct queued;

struct session {
	struct session *next;
	struct router *r;
	int sock; /* -1: the client is gone, a command still runs */
	uint32_t id;
	enum session_kind kind;
	bool fixed;	/* main made the connection: the client cannot choose */
	bool greeted;	/* HELLO came */
	bool open;	/* logged in: lines are taken */
	char tty[32];
	char user[CONF_NAME], peer[64]; /* "" if there is none */
	int vty;	/* number of its line, -1: con 0 or a script */
	bool interactive;
	bool pasting; /* there is more behind the line that runs now */
	unsigned level;
	uint32_t timeout; /* seconds without a key, 0: never */
	struct timer idle;
	/* a dialogue for a password: login or enable (login.c) */
	struct {
		uint8_t step; /* enum auth_step */
		uint8_t method;
		unsigned tries, level;
		char name[CONF_NAME], given[SECRET_MAX];
		struct timer timer;
	} auth;
	struct strbuf text; /* of a banner or certificate that is entered */
	char until[8];	    /* ... what it ends with */
	uint16_t length, width; /* of the terminal, 0: no end */
	uint16_t history_size;
	bool monitor, sync, editing, history_on;
	bool older_prompts; /* of GETVPN modes: the gdoi family */
	bool config;
	/* The mode as the way to it (conf_path); and where that is, as long
	 * as nobody else has changed the configuration. */
	struct strbuf path;
	struct conf *at_conf;
	struct cf_obj *at;
	uint64_t at_change; /* router.change */
	char prompt[160];
	size_t skipped; /* octets of a pasted prompt before the line */
	struct cli_ctx *ctx; /* a handler of main is PENDING */
	bool asked;	     /* ... and waits for an answer */
	int secret;	     /* descriptor that came with the line, or -1 */
	bool takes_files;    /* the command of ike may ask for files */
	struct keyfile *file; /* ... and asks for one, NULL: not now */
	int child;	     /* enum child_kind that runs a command, or -1 */
	char *goes;	     /* line that runs if fwd lets it, or NULL */
	uint64_t since_us, active_us;
	char *history[HISTORY];
	unsigned nhistory;
	struct queued *queue, **queue_end;
	size_t queue_size;
	bool more; /* the child goes on when the queue is empty */
	struct timer retry;
	unsigned retry_ms;
	bool closing;
	struct sink *sink; /* of the command that runs, NULL: none */
};

/* nat_use.c: the text of the line of NAT that new has not, or has with other
 * words, NULL: none; whether a pool changes that a rule names, and what to
 * say about it. */
const char *nat_line_lost(const struct conf *old, const struct conf *new);
bool nat_pool_used(const struct conf *old, const struct conf *new, char *text,
    size_t size);

/* map_use.c: whether new has no entry left of a crypto map that an interface
 * has, and what to say about it. whole: the line is none of an entry's own. */
bool map_used(const struct conf *old, const struct conf *new, bool whole,
    char *text, size_t size);

/* name_use.c: whether new lacks what others name in it (class maps, policies,
 * transform sets, profiles), and what to say about it. */
bool name_used(const struct conf *old, const struct conf *new, char *text,
    size_t size);

struct console {
	int lsock;
	char path[300];
	struct session *sessions;
	size_t queued; /* octets that wait for clients to read them */
	uint32_t next_id;
	unsigned n;
	int telnet;	       /* listening socket, -1 */
	bool telnet_failed;
	struct timer telnet_retry; /* to listen, or to accept again */
	pid_t servers[TELNET_MAX]; /* of clients of telnet, 0: none */
	uint64_t auth_free_ms; /* no password is checked before */
};

/* ---- console.c ---- */
struct session *session_new(struct router *, int sock) MUST_USE;
void session_free(struct session *);
struct session *session_by_id(struct router *, uint32_t id);
/* Messages of a client, for loop_add(). */
void console_client(void *session, int fd);
/* Queued, and sent when the client reads. */
void session_send(struct session *, uint16_t type, const void *body,
    size_t len);
void session_out(struct session *, const char *text, size_t len);
void session_flush(void *session);
/* The command of a client that is gone is told to end. */
void end_orphan(struct router *, uint32_t id);

/* ---- session.c ---- */
/* The first len octets are the command. */
void session_line(struct session *, char *line, size_t len);
void session_answer(struct session *, const char *answer, int secret);
void session_abort(struct session *);
void session_prompt(struct session *, bool refused);
/* An exec command; mode as of cli_match_run(), shift: columns in front. */
void session_exec(struct session *, const char *line, uint16_t mode,
    int shift);
/* The command ended: the next prompt. May free the session. */
void session_end(struct session *, enum cli_status);
void ops_ask(void *session, enum cli_ask_kind, const char *prompt);

/* Tells the shell what holds for its terminal. */
void session_send_term(struct session *);
void session_text(struct session *, const char *text);
/* "console", "admin on vty0 (10.1.1.50)". */
const char *session_who(const struct session *, char *buf, size_t size);

/* The end of configuration mode, if the session is in it. */
void session_leave_config(struct session *);
void session_trim_history(struct session *, unsigned room);

/* ---- keyfile.c ---- */
/* CLI_ASK_READ or (put) CLI_ASK_WRITE of the child; what is changed. */
void keyfile_ask(struct session *, bool put, char *what);
void keyfile_forget(struct session *); /* the command ended by itself */

/* ---- login.c ---- */
void login_init(struct session *);
void login_closing(struct session *); /* a client that does not read is cut */
/* HELLO came: login as the line demands it, then the first prompt. */
void login_start(struct session *);
void login_answer(struct session *, const char *answer);
void login_abort(struct session *);
void login_forget(struct session *); /* the session ends */
/* A key was pressed, or a line came. */
void login_active(struct session *);
/* Lowest free line that the protocol and the address may use, -1: none. */
int login_find_vty(struct router *, enum session_kind, const char *peer);

/* ---- sink.c: `| redirect`, `| append`, `| tee` ---- */
struct sink;
int sink_open(struct session *, const struct bar *) MUST_USE; /* -1: said why */
/* What a command says. */
void session_command_out(struct session *, const char *text, size_t len);
/* The command ended: writes the file, unless it failed. */
int sink_close(struct session *, enum cli_status) MUST_USE;
void sink_free(struct session *);

/* ---- telnet.c ---- */
void telnet_commit(struct router *);
void telnet_close(struct router *);
void telnet_end(struct router *); /* no server is left */

#endif
