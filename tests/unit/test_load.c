/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Texts and lines that a configuration must survive: in any order, pasted
 * from anywhere, with secrets in lines that are refused.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cf.h"

static void
report(void *arg, unsigned lineno, bool error, const char *text)
{
	sb_printf(arg, "%u %s %s\n", lineno, error ? "error" : "note", text);
}

/* A text is loaded; what was told and what is printed. */
static void
loads(const char *text, const char *told, const char *prints)
{
	struct conf *c = conf_new();
	struct strbuf said = {0}, out = {0};

	(void)!conf_load(c, text, strlen(text), report, &said);
	conf_print(&out, c, CF_MAIN);
	assert_string_equal(said.s != NULL ? said.s : "", told);
	assert_string_equal(out.s != NULL ? out.s : "", prints);
	sb_free(&said);
	sb_free(&out);
	conf_free(c);
}

#define ENTRIES 500

static void
check_order(struct conf *c, const bool there[ENTRIES])
{
	struct strbuf out = {0}, want = {0};
	bool any = false;

	conf_print(&out, c, CF_MAIN);
	for (unsigned i = 0; i < ENTRIES; i++)
		if (there[i]) {
			sb_printf(&want, "%s %u permit ip host 10.1.%u.%u any\n",
			    any ? "" : "ip access-list extended A\n",
			    7 * i + 3, i / 256, i % 256);
			any = true;
		}
	assert_string_equal(out.s, want.s);
	sb_free(&out);
	sb_free(&want);
}

/* Entries come and go in any order and stand in that of their numbers. */
static void
test_numbers(void **state)
{
	struct conf *c = conf_new();
	struct cf_cursor cur = {.conf = c, .at = &c->obj};
	struct cf_error err;
	bool there[ENTRIES] = {false};
	unsigned x = 1;

	(void)state;
	assert_int_equal(conf_line(&cur, "ip access-list extended A", &err,
	    NULL), CF_OK);
	for (unsigned n = 0; n < 4000; n++) {
		char line[64];
		unsigned i;

		x = x * 1103515245 + 12345;
		i = (x >> 8) % ENTRIES;
		if (there[i])
			snprintf(line, sizeof(line), "no %u", 7 * i + 3);
		else
			snprintf(line, sizeof(line),
			    "%u permit ip host 10.1.%u.%u any", 7 * i + 3,
			    i / 256, i % 256);
		assert_int_equal(conf_line(&cur, line, &err, NULL), CF_OK);
		there[i] = !there[i];
		if (n % 500 == 0)
			check_order(c, there);
	}
	check_order(c, there);
	assert_int_equal(conf_line(&cur, "no 4", &err, NULL), CF_REFUSED);
	conf_free(c);
}

/* A block that is kept: what is there stays where it is. */
static void
test_kept_again(void **state)
{
	(void)state;
	loads("router ospf 1\n network a\n network b\n network c\n"
	      "router ospf 1\n network b\n network d\n network c\n",
	    "1 note accepted without effect: routing protocols\n",
	    "router ospf 1\n network a\n network b\n network d\n network c\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_kept_again)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
