/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Matching of one line against the graph of one mode. A match is the way
 * through the graph; from it come the canonical text, the key of the line and
 * the values of fields.
 */
#ifndef COHORT_MATCH_H
#define COHORT_MATCH_H

#include "cli/cli.h"
#include "cli/table.h"

#define CLI_TOKENS 256
#define CLI_STEPS 512

struct cli_token {
	const char *s;
	uint16_t len;
};

struct cli_line {
	const char *text;
	unsigned n;
	size_t end; /* of the text, without trailing blanks */
	struct cli_token tok[CLI_TOKENS];
};

struct cli_step {
	uint16_t node, tok;
};

struct cli_match {
	enum cli_verdict verdict;
	unsigned at;	/* token that the error is about */
	int column;	/* octet of the line for the caret, -1 none */
	bool exact;	/* the first word was written out */
	bool text_end;	/* ends in a T_TEXT, T_BANNER or T_CERT */
	uint16_t form;	/* of cli_forms */
	uint16_t jump;	/* step of the N_JUMP, 0 none */
	char until[8];	/* a text begins and does not end: what it waits for */
	unsigned nsteps;
	struct cli_step steps[CLI_STEPS];
};

/* Cuts a line into words; behind CLI_TOKENS of them there is only text.
 * False: a word is too long. */
bool cli_split(struct cli_line *, const char *text) MUST_USE;

struct cli_how {
	uint16_t mode;
	unsigned level;
	unsigned first; /* token to begin with: 1 behind `no` */
	bool negated;	/* N_NOEND will do */
	bool runs;	/* only FA_RUN; else only the others */
	bool any_form;	/* both */
};

/* True and a way, or false and verdict, column. */
bool cli_match_line(const struct cli_line *, const struct cli_how *,
    struct cli_match *) MUST_USE;
/* The IOS message for a failed match. */
void cli_match_error(const struct cli_line *, const struct cli_match *,
    char *buf, size_t size);

/* From a match: from and to are steps; the header of a `prefix` form ends at
 * m->jump, the rest begins behind it. */
void cli_render(const struct cli_line *, const struct cli_match *,
    unsigned from, unsigned to, struct strbuf *out);
void cli_render_key(const struct cli_line *, const struct cli_match *,
    unsigned from, unsigned to, struct strbuf *out);
/* Writes the fields into a record; texts of a F_PTR come from mem. */
void cli_store(const struct cli_line *, const struct cli_match *,
    unsigned from, unsigned to, void *rec, struct arena *mem);
/* The sequence number typed, 0 for none. */
uint32_t cli_number(const struct cli_line *, const struct cli_match *);

/* Visits every node that may come behind the first n tokens. False: the
 * tokens do not match, verdict in *m. */
typedef void cli_visit_fn(void *arg, const struct cli_node *);
bool cli_follow(const struct cli_line *, const struct cli_how *, unsigned n,
    struct cli_match *m, cli_visit_fn *, void *arg) MUST_USE;

/* ---- help and completion (help.c) ---- */

struct cli_row {
	char label[64];
	const char *help;
	bool word; /* a keyword or a name, not <1-10> or WORD */
	bool open; /* something follows without a blank: interface types */
};

struct cli_rows {
	struct cli_row *v;
	size_t n, cap;
	enum cli_verdict verdict; /* AMBIGUOUS: a word before is */
	char word[64]; /* the word that is being typed, "" behind a blank */
	bool first;    /* nothing stands before it */
	uint16_t mode; /* whose commands they are: exec behind `do` */
};

/* What may come next, sorted; free v. */
void cli_rows(struct cli_rows *, uint16_t mode, bool privileged,
    const char *text);

/* ---- values (value.c) ---- */

/* Octets of the value that begins at token i: how many tokens it takes, 0 if
 * the node does not accept them. buf gets the canonical text, *num the
 * number. */
#define CLI_VALUE_MAX 16384
unsigned cli_value(const struct cli_node *, const struct cli_line *,
    unsigned i, char *buf, uint32_t *num);
/* What a text that begins at token i and has no end would end with ("#",
 * "^C", "quit"); false: it has one, or is too long to get one. */
bool cli_value_open(const struct cli_node *, const struct cli_line *,
    unsigned i, char until[8]) MUST_USE;
/* "A.B.C.D", "<1-10>", "WORD", as `?` prints it. */
const char *cli_value_label(const struct cli_node *, char *buf, size_t size);
/* Interface types: index 0..; NULL at the end. */
const char *cli_ifname_type(unsigned i, const char **help);

#endif
