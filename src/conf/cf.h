/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The configuration as a value: candidate, edit by lines, print, compare,
 * filter for a process. Works on the tables that gramc generates from
 * grammar/; knows no command by itself.
 *
 * A record prints as a header line (the line that enters or adds it) and its
 * entries (struct cf_ent), each a canonical line or a record below, in the
 * order of the grammar. Canonical text is made when a line is matched:
 * abbreviations written out, values in one form. So printing replays what was
 * typed, and equality and diff compare text.
 */
#ifndef COHORT_CF_H
#define COHORT_CF_H

#include "conf/conf.h"

/* Which process a line is for (`deliver` in the grammar); main has all. */
enum cf_proc { CF_MAIN = 1, CF_IKE = 2, CF_FWD = 4 };

/* An empty configuration with the defaults of the grammar. */
struct conf *conf_new(void) MUST_USE;
/* A copy that may be edited; the original is not touched. */
struct conf *conf_clone(const struct conf *) MUST_USE;
void conf_free(struct conf *);

/* Verdict of one line. */
enum cf_result {
	CF_OK,
	CF_REFUSED, /* err holds an IOS message; the candidate is unchanged */
	CF_EXEC,    /* a `run` command (crypto key ...): cli_match_run() */
	CF_DO,	    /* `do ...`: the text behind it is an exec command */
	CF_END,	    /* `end`, or `exit` in global configuration mode */
	CF_MORE,    /* the line begins a text (banner, certificate) that is
		     * not complete: err->text is what to tell who types; call
		     * again with this line, a newline and the next one */
};

/* A place in the configuration: the record whose mode a line is typed in. */
#define CF_RANGE_MAX 2048
struct cf_cursor {
	struct conf *conf;
	struct cf_obj *at; /* &conf->obj: global configuration mode */
	/* `interface range`: the other interfaces that a line is for, each
	 * name with a blank behind it; at is the first one. "": none */
	char range[CF_RANGE_MAX];
};

struct cf_error {
	char text[256]; /* "% Invalid input detected at '^' marker." ... */
	int column;	/* octet of the line that the caret points at, -1 */
	char until[8];	/* CF_MORE: what the text ends with, "#", "^C", "quit" */
};

/* Applies one line at the cursor and moves the cursor into or out of modes
 * (walk-up by keyword, exit). Notes (accepted without effect, `check` notes
 * such as "% NOTE: ...") are appended to notes, a line each. */
enum cf_result conf_line(struct cf_cursor *, const char *line,
    struct cf_error *err, struct strbuf *notes) MUST_USE;

/* Reads a whole text (file, paste, capture) into a candidate. Calls back for
 * each refused line (error true) or line without effect. Returns the number
 * of errors. Skips what a `show running-config` capture has around it. */
typedef void conf_report_fn(void *arg, unsigned lineno, bool error,
    const char *text);
unsigned conf_load(struct conf *, const char *text, size_t len,
    conf_report_fn *report, void *arg) MUST_USE;
/* And appends its `run` commands, one a line. */
unsigned conf_load_run(struct conf *, const char *text, size_t len,
    conf_report_fn *report, void *arg, struct strbuf *run) MUST_USE;

/* Prints canonically: what conf_load gives back unchanged. procs selects the
 * lines delivered to one of those processes; CF_MAIN prints all. */
void conf_print(struct strbuf *, const struct conf *, unsigned procs);
/* The same line by line, or a part of it. */
struct conf_view {
	const struct cf_obj *only; /* this record with its header */
	const char *const *begins; /* lines and blocks that begin like one of
				    * these, up to a NULL */
	bool all;   /* with the lines that stand for defaults */
	bool brief; /* without the octets of certificates */
};
/* depth blanks of indentation; "!" stands between blocks. The text is gone
 * after the call. */
typedef void conf_line_fn(void *arg, unsigned depth, const char *text);
void conf_view(const struct conf *, const struct conf_view *, conf_line_fn *,
    void *arg);
bool conf_equal(const struct conf *, const struct conf *) MUST_USE;

/* Appends what tells a from b, as IOS shows it: `-` in a only, `+` in b only,
 * below the headers of their blocks; nothing when they are equal. */
void conf_diff(struct strbuf *, const struct conf *a, const struct conf *b);
/* The lines of b that a has not, as commands. */
void conf_diff_added(struct strbuf *, const struct conf *a,
    const struct conf *b, bool nocase);
/* Appends the commands that make b out of a: loaded into a clone of a they
 * give b exactly. Returns the number of passes (0: equal), -1 when these
 * commands do not do it. */
int conf_commands(struct strbuf *, const struct conf *a, const struct conf *b)
    MUST_USE;

/* The way to a mode as the lines that enter it, one per line ("" is global),
 * and back: false when a record on the way is gone. Survives conf_clone(). */
void conf_path(const struct cf_cursor *, struct strbuf *path);
bool conf_goto(struct cf_cursor *, const char *path) MUST_USE;

/* The line that entered or added a record, "" for the root. */
const char *conf_header(const struct cf_obj *);
/* With `service password-encryption`: hides the passwords that were entered
 * before it. Returns how many. */
unsigned conf_hide_passwords(struct conf *);

/* "R1(config-if)#", "R1#", "R1>" in front of a command, as in a transcript;
 * its length, 0 if there is none. *config: one of a configuration mode. */
size_t conf_prompt_len(const char *line, bool *config) MUST_USE;
/* The prompt of the mode at the cursor: "config-if", "gkm-local-server". */
const char *conf_mode_prompt(const struct cf_cursor *, bool older);
/* The grammar mode at the cursor, for match and help. */
uint16_t conf_mode(const struct cf_cursor *);

/* For `check` hooks (prototypes are generated, see grammar/LANGUAGE.md): */
struct cf_check {
	const struct conf *conf;   /* as it is before the line */
	const struct cf_obj *parent; /* the record that the line edits */
	bool negated;
	struct strbuf *notes;
	struct cf_error *err;
};
/* Sets the error; returns -1 for `return cf_reject(...)`. */
PRINTF_LIKE(2, 3) int cf_reject(struct cf_check *, const char *fmt, ...);
PRINTF_LIKE(2, 3) void cf_note(struct cf_check *, const char *fmt, ...);

#endif
