/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests of show commands and dialogues: a key server and one member of
 * its group, with a terminal each, and what their text has to look like.
 */
#ifndef COHORT_TEST_PAIR_H
#define COHORT_TEST_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/cli.h"
#include "cli_gen.h"
#include "ike/cmd.h"
#include "net.h"

struct cli_ctx {
	struct gdoi *g;
	struct strbuf out;
	bool json;
	char prompt[256];
	void (*fn)(struct cli_ctx *, void *, const char *);
	void *arg;
	int status;
};

extern struct net *n;
extern struct node *ks, *gm;
extern struct cli_ctx on_ks, on_gm;

/* What was asked last is answered. */
void answer(struct cli_ctx *, const char *text);
void begin(void);
void registered(void); /* begin, and the member registers */
void end(void);

/* Runs F and gives its text. */
#define SHOW(c, f, ...)                                                       \
	(sb_free(&(c)->out),                                                  \
	    assert_int_equal(f((c), &(struct f##_args){ __VA_ARGS__ }), 0),   \
	    (c)->out.s != NULL ? (c)->out.s : "")

/* Runs F for JSON; the object that it gives. */
json_t *parsed(struct cli_ctx *, int status) MUST_USE;
#define JSON(c, f, ...)                                                       \
	(sb_free(&(c)->out), (c)->json = true,                                \
	    parsed((c), f((c), &(struct f##_args){ __VA_ARGS__ })))

/* All lines, in this order, each complete; '@' stands for digits and 'X' at
 * the end of a line for the rest of it. */
void assert_lines(const char *text, const char *const *want);
#define ASSERT_LINES(text, ...)                                               \
	assert_lines((text), (const char *const[]){ __VA_ARGS__, NULL })

#endif
