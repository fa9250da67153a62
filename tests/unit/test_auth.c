/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Password types, users and lines. The hashes were computed by other
 * programs: type 5 by openssl passwd -1, 8 and 9 by Python's hashlib, 7 by
 * the table that is public.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/auth.h"
#include "conf/cf.h"

static void
test_types(void **state)
{
	static const struct {
		unsigned type;
		const char *text, *plain;
	} good[] = {
	    {8, "$8$TnGX/fE4KGHOVU$9Bw6cwZeHQmZn/qaB.R3zi0sfFST5c5/JRttfkQ3mTY",
		"cisco"},
	    {9, "$9$TnGX/fE4KGHOVU$6l4AlhVCrSb0JMuPXNf0.bNoLcYnyCh1tfvRzXGwpq.",
		"cisco"},
	    {5, "$1$TnGX$.kjFg7HEcZfOEkyXLgRsU.",
		"cisco"},
	    {8, "$8$2MJBozw/9R3UsU$jIPnFhqj5mWzG50R1HqBA1526P.LckUi8LE6KXKjzP.",
		"hashcat"},
	    {9, "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6",
		"hashcat"},
	    {5, "$1$2MJB$YOiXppbLQl1FPgJzNPVzp0",
		"hashcat"},
	    {8, "$8$..//0123456789$HtLiQag.dFonp81mu/EDx8Va0mje1fEZsW.k2jI7M7A",
		"p4ss!word-of-some-length"},
	    {9, "$9$..//0123456789$83IK2ieqgOJu9PgZa09DULDHvdL/GDRzOifbsCK4FL.",
		"p4ss!word-of-some-length"},
	    {5, "$1$..//$sr8tJQzNF32fFlhtgOWF2/",
		"p4ss!word-of-some-length"},
	    {0, "cisco", "cisco"},
	    {7, "094F471A1A0A", "cisco"},
	    {7, "02050D480809", "cisco"},
	};
	static const struct {
		unsigned type;
		const char *text;
	} bad[] = {{5, "$1$abc"}, {5, ""}, {8, "$8$x"}, {9, "<removed>"},
	    {9, "$8$abcdefghijklmn$xyz"}, {7, "0"}, {7, "99"}, {7, "02zz"},
	    {0, ""}, {4, "x"}};

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++) {
		struct secret s = {SECRET_SECRET, (uint8_t)good[i].type, ""};
		char longer[SECRET_MAX];

		str_copy(s.text, good[i].text, sizeof(s.text));
		if (!secret_check(&s, good[i].plain))
			fail_msg("%s", good[i].text);
		snprintf(longer, sizeof(longer), "%sx", good[i].plain);
		assert_false(secret_check(&s, longer));
		longer[strlen(good[i].plain) - 1] = '\0';
		assert_false(secret_check(&s, longer));
		assert_false(secret_check(&s, ""));
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct secret s = {SECRET_SECRET, (uint8_t)bad[i].type, ""};

		str_copy(s.text, bad[i].text, sizeof(s.text));
		assert_false(secret_check(&s, ""));
		assert_false(secret_check(&s, bad[i].text[0] != '\0'
			? bad[i].text : "x") && bad[i].type != 0);
	}
}

static void
test_hide(void **state)
{
	char hidden[SECRET_MAX], plain[SECRET_MAX], text[SECRET_MAX] = "";

	(void)state;
	for (unsigned n = 1; n <= 62; n++) {
		text[n - 1] = (char)('!' + n);
		for (unsigned k = 0; k < 20; k++) {
			assert_int_equal(secret_hide(text, hidden), 0);
			assert_int_equal(secret_reveal(hidden, plain), 0);
			assert_string_equal(plain, text);
		}
	}
	memset(text, 'x', 63);
	assert_int_equal(secret_hide(text, hidden), -1);
}

/* ---- in a configuration ---- */

static void
type(struct conf *c, const char *const *lines)
{
	struct cf_cursor cur = {.conf = c, .at = &c->obj};
	struct strbuf notes = {0};
	struct cf_error err;

	for (; *lines != NULL; lines++)
		if (conf_line(&cur, *lines, &err, &notes) != CF_OK)
			fail_msg("%s: %s", *lines, err.text);
	assert_int_equal(notes.len, 0);
	sb_free(&notes);
}

#define TYPE(c, ...) type((c), (const char *const[]){__VA_ARGS__, NULL})

static char *
printed(const struct conf *c, unsigned procs)
{
	struct strbuf sb = {0};

	conf_print(&sb, c, procs);
	return sb.s != NULL ? sb.s : xstrdup("");
}

static void
test_users(void **state)
{
	struct conf *c = conf_new();
	const struct user *u;
	char *before, *after;

	(void)state;
	TYPE(c, "username admin privilege 15", "username admin secret lab",
	    "username bob password 0 pw", "username eve nopassword",
	    "enable secret cisco", "enable password other",
	    "enable secret level 5 five");
	u = conf_find_user(c, "admin");
	assert_non_null(u);
	assert_int_equal(u->privilege, 15);
	assert_int_equal(u->secret.type, 9);
	assert_true(secret_check(&u->secret, "lab"));
	assert_false(secret_check(&u->secret, "Lab"));
	assert_true(secret_check(&conf_find_user(c, "bob")->secret, "pw"));
	assert_true(secret_check(&conf_find_user(c, "eve")->secret, ""));
	assert_true(secret_check(
	    &conf_find_enable(c, SECRET_SECRET, 15)->secret, "cisco"));
	assert_true(secret_check(
	    &conf_find_enable(c, SECRET_SECRET, 5)->secret, "five"));
	before = printed(c, CF_MAIN);
	assert_null(strstr(before, "lab"));
	assert_null(strstr(before, "five"));
	/* the same again keeps the salt */
	TYPE(c, "username admin secret 0 lab", "enable secret cisco",
	    "username bob password pw");
	after = printed(c, CF_MAIN);
	assert_string_equal(before, after);
	free(before);
	free(after);
	before = printed(c, CF_IKE | CF_FWD);
	assert_null(strstr(before, "username"));
	assert_null(strstr(before, "enable"));
	free(before);
	TYPE(c, "no username admin", "no enable secret");
	assert_null(conf_find_user(c, "admin"));
	assert_null(conf_find_enable(c, SECRET_SECRET, 15));
	assert_non_null(conf_find_enable(c, SECRET_SECRET, 5));
	assert_non_null(conf_find_enable(c, SECRET_PASSWORD, 15));
	conf_free(c);
}

static void
test_encryption(void **state)
{
	struct conf *c = conf_new();
	struct line_settings s;
	char *text;

	(void)state;
	TYPE(c, "username bob password sesame1", "enable password sesame2",
	    "line vty 0 4", "password sesame3", "exit",
	    "service password-encryption", "username al password sesame4");
	assert_int_not_equal(conf_hide_passwords(c), 0);
	text = printed(c, CF_MAIN);
	assert_null(strstr(text, "sesame"));
	free(text);
	assert_true(secret_check(&conf_find_user(c, "bob")->secret,
	    "sesame1"));
	assert_true(secret_check(&conf_find_user(c, "al")->secret, "sesame4"));
	conf_line_settings(c, LINE_VTY, 4, &s);
	assert_non_null(s.password);
	assert_true(secret_check(s.password, "sesame3"));
	assert_true(secret_check(
	    &conf_find_enable(c, SECRET_PASSWORD, 15)->secret, "sesame2"));
	conf_free(c);
}

static void
test_lines(void **state)
{
	struct conf *c = conf_new();
	struct cf_cursor cur = {.conf = c, .at = &c->obj};
	struct line_settings s;
	struct cf_error err;

	(void)state;
	conf_line_settings(c, LINE_CON, 0, &s);
	assert_int_equal(s.timeout, 600);
	assert_int_equal(s.login, LINE_LOGIN_NONE);
	assert_int_equal(s.privilege, 1);
	conf_line_settings(c, LINE_VTY, 0, &s);
	assert_int_equal(s.login, LINE_LOGIN_PASSWORD);
	assert_false(s.telnet);
	assert_int_equal(conf_vty_count(c), 5);
	TYPE(c, "line con 0", "exec-timeout 0 0", "privilege level 15",
	    "logging synchronous", "line vty 0 4", "login local",
	    "transport input telnet", "line vty 0 15", "exec-timeout 3",
	    "line vty 5 15", "no login", "transport input all",
	    "access-class 7 in", "no exec");
	conf_line_settings(c, LINE_CON, 0, &s);
	assert_int_equal(s.timeout, 0);
	assert_int_equal(s.privilege, 15);
	assert_true(s.sync);
	conf_line_settings(c, LINE_VTY, 2, &s);
	assert_int_equal(s.timeout, 180);
	assert_int_equal(s.login, LINE_LOGIN_LOCAL);
	assert_true(s.telnet);
	assert_false(s.ssh);
	assert_null(s.acl_in);
	assert_false(s.no_exec);
	conf_line_settings(c, LINE_VTY, 15, &s);
	assert_int_equal(s.login, LINE_LOGIN_NONE);
	assert_true(s.telnet && s.ssh);
	assert_string_equal(s.acl_in, "7");
	assert_true(s.no_exec);
	assert_int_equal(conf_vty_count(c), 16);
	assert_int_equal(conf_line(&cur, "line vty 5 2", &err, NULL),
	    CF_REFUSED);
	TYPE(c, "line vty 0 4", "no login local", "no transport input");
	conf_line_settings(c, LINE_VTY, 2, &s);
	assert_int_equal(s.login, LINE_LOGIN_PASSWORD);
	assert_false(s.has_transport);
	conf_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_hide),
	    cmocka_unit_test(test_users),
	    cmocka_unit_test(test_encryption),
	    cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
