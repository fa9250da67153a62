/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One session of a shell: shell.c runs it, attach.c makes and ends it.
 */
#ifndef COHORT_SHELL_PRIV_H
#define COHORT_SHELL_PRIV_H

#include "cli/edit.h"
#include "cli/filter.h"
#include "cli/pager.h"
#include "cli/shell.h"

struct shell {
	int sock;
	struct edit *edit; /* NULL: a script */
	/* of a script: the commands that come, which answer questions too */
	char **cmds;
	int ncmds;
	char *from_stdin;
	/* what the router said last */
	char prompt[160];
	uint16_t mode;
	uint8_t flags; /* IPC_PROMPT_* */
	bool privileged;
	uint16_t term_width;
	bool ready;   /* a prompt came: the router waits for a line */
	bool refused; /* the last command was */
	bool closed;  /* the router ended the session */
	bool gone;    /* the router or the terminal ended */
	bool dropped; /* ... the router, without a word */
	bool left;    /* the user detached */
	uint64_t active_ms; /* the router was last told of keys */
	/* the question of a running command */
	bool asked;
	uint8_t ask_kind;
	char question[2048];
	bool stopping; /* it was told to end: a question may cross that */
	/* output */
	struct pager pager;
	struct filter *filter;
	struct strbuf partial; /* a line without its end */
	bool stoppable;	       /* aborting drops the rest of it at once */
};

/* Talks on sock from now on, with who it is. */
void shell_init(struct shell *, int sock, const struct shell_who *,
    const char *tty);
/* With a user at in and out; else a script. */
void shell_open(struct shell *, const struct edit_io *);
void shell_free(struct shell *);

/* Waits for the prompt; then lines until somebody ends the session. */
void shell_dialogue(struct shell *);
void shell_wait_ready(struct shell *);
void shell_run_line(struct shell *, const char *line);
void shell_put(struct shell *, const char *text, size_t len);
/* The next line of a script, NULL at its end. "-" stands for the lines of
 * standard input. */
const char *shell_next_command(struct shell *);

#endif
