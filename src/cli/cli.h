/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The command language at run time: matching a line against the generated
 * tables, help and completion for any position, and what the handlers of exec
 * commands (`run F in P` in the grammar) may use. Knows tables only.
 */
#ifndef COHORT_CLI_H
#define COHORT_CLI_H

#include "base/base.h"

/* ---- matching and help (any process, no state) ---- */

enum cli_verdict { CLI_MATCH, CLI_INVALID, CLI_INCOMPLETE, CLI_AMBIGUOUS };

/* The result of matching an exec command: what `run` names. */
struct cli_cmd {
	enum cli_verdict verdict;
	int column;	 /* of the first bad character, when INVALID */
	char err[256];	 /* the IOS message; empty for CLI_MATCH */
	unsigned proc;	 /* enum cf_proc that runs the handler */
	unsigned level;	 /* privilege level it needs: 1 or 15 */
	bool json;	 /* has an answer to `| json` */
	int handler;	 /* index into the generated handler table */
	/* of a passphrase on the line: where it was typed, and in args. It
	 * travels by a descriptor (base/ipc.h), not in the line. len 0: none */
	size_t secret_at, secret_len;
	size_t secret_off, secret_size;
	char canonical[1024]; /* the line with abbreviations written out */
	_Alignas(16) unsigned char args[1024]; /* struct F_args */
};

struct cli_ctx;

/* Matches a line that runs a handler. mode 0: exec mode; else a grammar mode
 * of conf_mode(), for the `run` commands that are typed there or in its
 * parents (crypto key generate). privileged: also the commands of level 15. */
void cli_match_run(const char *line, uint16_t mode, bool privileged,
    struct cli_cmd *);
/* Calls the handler of a match. In the process cmd->proc only. */
int cli_run(struct cli_ctx *, const struct cli_cmd *);

/* Help for the text before the cursor as `?` gives it ("sh?" word help,
 * "show ?" keyword help); mode 0 is exec, else a grammar mode of
 * conf_mode(). Text as IOS prints it, lines end in \n. width: wrap column.
 * dynamic: asked for names that only the router knows; may be NULL. */
void cli_help(struct strbuf *out, uint16_t mode, bool privileged,
    const char *text, unsigned width);
/* Tab: what to append to the last word (unique completion and a blank), ""
 * if nothing. buf of 256. */
void cli_complete(char *buf, uint16_t mode, bool privileged, const char *text);

/* An interface name as the command language takes it, canonical in buf.
 * False: it is none. */
bool cli_ifname(const char *text, char buf[40]) MUST_USE;

/* ---- for handlers ---- */

/* Returned by handlers. PENDING: cli_done() will be called later. */
enum cli_status { CLI_DONE = 0, CLI_FAILED = -1, CLI_PENDING = 1 };

/* Text to whoever asked. */
PRINTF_LIKE(2, 3) void cli_printf(struct cli_ctx *, const char *fmt, ...);
/* `| json` was asked for (only where the grammar says `json`): cli/show.h. */
bool cli_wants_json(struct cli_ctx *) MUST_USE;
/* The engine of this process (struct gdoi *, struct fwd *, struct router *). */
void *cli_engine(struct cli_ctx *);
/* Ends a PENDING command; ctx is gone afterwards. */
void cli_done(struct cli_ctx *, enum cli_status);
/* Called once when the user aborts (Ctrl-Shift-6) a PENDING command; the
 * handler then still ends it with cli_done(). */
void cli_on_abort(struct cli_ctx *, void (*fn)(struct cli_ctx *, void *),
    void *arg);
/* Nobody sits there: a line of a file, which may wait. */
bool cli_unattended(struct cli_ctx *) MUST_USE;
void cli_ctx_set_unattended(struct cli_ctx *);
/* A question to the user; the command is PENDING from then on. The answer
 * (without newline) is given to fn, which ends with cli_done() or asks again.
 * "" for an empty line; who went away or aborts answers "n" to a CONFIRM,
 * "" to the others. */
enum cli_ask_kind {
	CLI_ASK_LINE,
	CLI_ASK_CONFIRM,
	CLI_ASK_SECRET,
	CLI_ASK_PRIVATE, /* for a handler in ike only: main does not see it */
	/* A file, for a handler in ike: "URL LABEL ENDING"; to write, a
	 * newline and the text. The answer is what stands in it. When there
	 * is none the user knows why, and the command is aborted. */
	CLI_ASK_READ,
	CLI_ASK_WRITE,
	/* No question: the answer comes when what was said before has been
	 * taken, so that what is long waits for its reader. */
	CLI_ASK_MORE,
};
void cli_ask(struct cli_ctx *, enum cli_ask_kind, const char *prompt,
    void (*fn)(struct cli_ctx *, void *arg, const char *answer), void *arg);

/* How a ctx talks to its process: set by the process (main, ike, fwd) or by
 * a unit test. */
struct cli_ctx_ops {
	void (*out)(void *user, const char *text, size_t len);
	void (*ask)(void *user, enum cli_ask_kind, const char *prompt);
	void (*done)(void *user, enum cli_status);
};
struct cli_ctx *cli_ctx_new(const struct cli_ctx_ops *, void *user,
    void *engine) MUST_USE;
void cli_ctx_set_json(struct cli_ctx *); /* before it runs */
void cli_ctx_free(struct cli_ctx *); /* a DONE or FAILED one */
void cli_ctx_abort(struct cli_ctx *);
void cli_ctx_answer(struct cli_ctx *, const char *answer);

#endif
