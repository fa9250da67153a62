/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output filters: which command takes one, what each prints, help, and that
 * a hostile expression ends.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/filter.h"
#include "unit.h"

static const char text[] = "hostname R1\n"
			   "interface Gi0/0\n"
			   " ip address 10.0.0.1 255.0.0.0\n"
			   " crypto map M\n"
			   "!\n"
			   "crypto map M 10 gdoi\n"
			   " set group G\n"
			   "end\n";

static char *
run(const char *line)
{
	struct strbuf out = {0};
	struct bar bar;
	struct filter *f;
	const char *p, *nl, *tail;

	bar_split(line, true, &bar);
	f = filter_new(bar.kind, bar.arg);
	assert_non_null(f);
	for (p = text; (nl = strchr(p, '\n')) != NULL; p = nl + 1)
		if (filter_line(f, p, (size_t)(nl - p)))
			sb_add(&out, p, (size_t)(nl + 1 - p));
	tail = filter_end(f);
	if (tail != NULL)
		sb_add(&out, tail, strlen(tail));
	filter_free(f);
	if (out.s == NULL)
		sb_add(&out, "", 0);
	return out.s;
}

static void
test_kinds(void **state UNUSED)
{
	static const struct {
		const char *line, *want;
	} t[] = {
	    {"show run | include crypto",
		" crypto map M\ncrypto map M 10 gdoi\n"},
	    {"sh run | i ^hostname|^end", "hostname R1\nend\n"},
	    {"show run | exclude a", "!\n set group G\nend\n"},
	    {"show run | begin ^crypto",
		"crypto map M 10 gdoi\n set group G\nend\n"},
	    {"show run | section interface",
		"interface Gi0/0\n ip address 10.0.0.1 255.0.0.0\n"
		" crypto map M\n"},
	    {"show run | sec gdoi", "crypto map M 10 gdoi\n set group G\n"},
	    {"show run | count crypto",
		"Number of lines which match regexp = 2\n"},
	    {"do show run | include Crypto", ""},
	    {"show run | section include gdoi",
		"crypto map M 10 gdoi\n set group G\n"},
	    {"show run | sec exclude interface|gdoi",
		"hostname R1\n!\nend\n"},
	    /* a line of a block that matches stands alone */
	    {"show run | section address",
		" ip address 10.0.0.1 255.0.0.0\n"},
	};
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		char *got = run(t[i].line);

		assert_string_equal(got, t[i].want);
		free(got);
	}
}

static void
test_bad(void **state UNUSED)
{
	static const struct {
		const char *line, *err;
		int column;
	} t[] = {
	    {"show run | nonsense x",
		"% Invalid input detected at '^' marker.", 11},
	    {"show run |  includes x",
		"% Invalid input detected at '^' marker.", 12},
	    {"show run | include", "% Incomplete command.", -1},
	    {"show run | include  ", "% Incomplete command.", -1},
	    {"show run | redirect", "% Incomplete command.", -1},
	    {"show run |", "% Incomplete command.", -1},
	    {"show run | ", "% Incomplete command.", -1},
	    {"show run | json x",
		"% Invalid input detected at '^' marker.", 16},
	};
	static const char *const regex[] = {"(a", "a\\C",
	    "(((a{1000}){1000}){1000}){1000}"};
	struct bar bar;
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		bar_split(t[i].line, true, &bar);
		assert_int_equal(bar.kind, BAR_BAD);
		assert_string_equal(bar.err, t[i].err);
		assert_int_equal(bar.column, t[i].column);
	}
	for (i = 0; i < NELEM(regex); i++)
		assert_null(filter_new(BAR_INCLUDE, regex[i]));
}

/* `_` is a delimiter; names that have one are found too. */
static void
test_underscore(void **state UNUSED)
{
	static const struct {
		const char *regex, *line;
		bool want;
	} t[] = {
	    {"_100_", "100", true}, {"_100_", "65000 100 7", true},
	    {"_100_", "65000 1001 7", false}, {"_100_", "{100,200}", true},
	    {"_100_", "(100)", true}, {"_100$", "200 100", true},
	    {"a_b", "a b", true}, {"a_b", "a-b", false},
	    {"MY_ACL", "access-list MY_ACL", true}, {"[_]x", " x", false},
	    {"[]_]x", "_x", true}, {"\\_x", " x", false},
	};
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		struct filter *f = filter_new(BAR_INCLUDE, t[i].regex);

		assert_non_null(f);
		assert_int_equal(
		    filter_line(f, t[i].line, strlen(t[i].line)), t[i].want);
		filter_free(f);
	}
}

/* Backtracking without the limit would take 2^63 steps. Such a line is no
 * match, which is said once at the end. */
static void
test_hostile(void **state UNUSED)
{
	static const char warning[] = "% Regular expression too complex for 2 "
				      "lines, taken as no match\n";
	struct filter *f = filter_new(BAR_INCLUDE, "(a+)+$");
	char line[64];

	assert_non_null(f);
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '!';
	assert_false(filter_line(f, line, sizeof(line)));
	assert_false(filter_line(f, line, sizeof(line)));
	assert_true(filter_line(f, "aaa", 3));
	assert_string_equal(filter_end(f), warning);
	filter_free(f);
	f = filter_new(BAR_COUNT, "(a+)+$");
	assert_non_null(f);
	assert_false(filter_line(f, "aaa", 3));
	assert_string_equal(filter_end(f),
	    "Number of lines which match regexp = 1\n");
	filter_free(f);
}

static void
test_help(void **state UNUSED)
{
	static const struct {
		const char *text, *help, *tab;
	} t[] = {
	    {"show run |",
		"  append    Append redirected output to URL (URLs supporting "
		"append operation\n            only)\n"
		"  begin     Begin with the line that matches\n"
		"  count     Count number of lines which match regexp\n"
		"  exclude   Exclude lines that match\n"
		"  include   Include lines that match\n"
		"  json      Format the output as JSON\n"
		"  redirect  Redirect output to URL\n"
		"  section   Filter a section of output\n"
		"  tee       Copy output to URL\n\n", ""},
	    {"show run | i", "include  \n\n", "nclude "},
	    {"show run | include ", "  LINE  Regular Expression\n\n", ""},
	    {"show run | inc a|b ", "  <cr>\n\n", ""},
	    {"show run | x", "% Unrecognized command\n", ""},
	    {"show run | tee ", "  WORD  Uniform Resource Locator\n\n", ""},
	    {"show run | json ", "  <cr>\n\n", ""},
	};
	const char *behind;
	char buf[256];
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		struct strbuf sb = {0};

		behind = bar_behind(t[i].text, true);
		assert_non_null(behind);
		bar_help(&sb, behind);
		assert_string_equal(sb.s, t[i].help);
		bar_complete(buf, behind);
		assert_string_equal(buf, t[i].tab);
		sb_free(&sb);
	}
	assert_null(bar_behind("description a |", false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_underscore),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
