/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output filters: which command takes one, what each prints, and that a
 * hostile expression ends.
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
	char err[128];
	size_t len;
	struct filter *f = filter_parse(line, &len, err);
	const char *p, *nl, *tail;

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
	};
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		char *got = run(t[i].line);

		assert_string_equal(got, t[i].want);
		free(got);
	}
}

static void
test_only_show(void **state UNUSED)
{
	char err[128];
	size_t len;

	assert_null(filter_parse("description a | b", &len, err));
	assert_int_equal(len, strlen("description a | b"));
	assert_null(filter_parse("show version", &len, err));
	assert_int_equal(len, strlen("show version"));
}

static void
test_bad(void **state UNUSED)
{
	static const char *const bad[] = {"show run | nonsense x",
	    "show run | include", "show run |", "show run | include (a"};
	char err[128];
	size_t i, len;

	for (i = 0; i < NELEM(bad); i++) {
		assert_null(filter_parse(bad[i], &len, err));
		assert_int_equal(len, (size_t)-1);
		assert_int_equal(err[0], '%');
	}
}

static void
test_hostile(void **state UNUSED)
{
	char err[128], line[64];
	size_t len;
	struct filter *f = filter_parse("show x | include (a+)+$", &len, err);

	assert_non_null(f);
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '!';
	/* Backtracking without the limit would take 2^63 steps. */
	assert_false(filter_line(f, line, sizeof(line)));
	filter_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_only_show),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
