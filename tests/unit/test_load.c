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

/* No word of a line that may hold a secret is told, and no line of a key. */
static void
test_secrets(void **state)
{
	static const char *const lines[] = {"username bob privilege 99 secret 0",
		"enable sec foo", "crypto isakmp key", "crypto isakmp key 0 a",
		"line vty 0 4\n password 7", "username bob pas a",
		"interface lo0\n ip rip authentica",
		"interface lo0\n ip address md5",
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"};

	(void)state;
	for (unsigned i = 0; i < NELEM(lines); i++) {
		struct conf *c = conf_new();
		struct strbuf said = {0}, text = {0};

		sb_printf(&text, "%s%sHUNTER2 x y z\n", lines[i],
		    strchr(lines[i], ' ') != NULL ? " " : "");
		(void)!conf_load(c, text.s, text.len, report, &said);
		if (said.s != NULL && strstr(said.s, "HUNTER2") != NULL)
			fail_msg("%s: %s", lines[i], said.s);
		sb_free(&said);
		sb_free(&text);
		conf_free(c);
	}
	loads("ip frotz HUNTER2\n",
	    "1 error % Invalid input detected at '^' marker. (at \"frotz\")\n",
	    "");
}

/* In a block that keeps what it does not know, where blocks are indented, a
 * line in front is a line of its own; and what the mode knows must be right. */
static void
test_kept_not(void **state)
{
	(void)state;
	loads("key chain K\n key 1\nfrotz\n",
	    "2 note accepted without effect: key chains\n"
	    "3 error % Invalid input detected at '^' marker. (at \"frotz\")\n",
	    "key chain K\n key 1\n");
	loads("key chain K\nkey 1\nfrotz\n",
	    "2 note accepted without effect: key chains\n",
	    "key chain K\n key 1\n frotz\n");
	loads("line vty 0 4\n login loacl\n no transport frotz\n frotz\n",
	    "2 error % Invalid input detected at '^' marker. (at \"loacl\")\n"
	    "3 error % Invalid input detected at '^' marker. (at \"frotz\")\n"
	    "4 note accepted without effect: unknown commands of a line\n",
	    "line vty 0 4\n frotz\n");
}

/* Words that two commands of a mode begin with are none of the mode around
 * it. */
static void
test_ambiguous(void **state)
{
	static const char *const way[] = {"crypto map M 10 gdoi",
		"dialer pre-classify"};
	struct conf *c = conf_new();
	struct cf_cursor cur = {.conf = c, .at = &c->obj};
	struct cf_error err;

	(void)state;
	for (unsigned i = 0; i < NELEM(way); i++)
		assert_int_equal(conf_line(&cur, way[i], &err, NULL), CF_OK);
	assert_string_equal(conf_mode_prompt(&cur, false), "config-crypto-map");
	assert_int_equal(conf_line(&cur, "interface lo0", &err, NULL), CF_OK);
	assert_int_equal(conf_line(&cur, "ba frotz", &err, NULL), CF_REFUSED);
	assert_string_equal(err.text, "% Ambiguous command:  \"ba\"");
	assert_int_equal(conf_line(&cur, "ba motd #x#", &err, NULL),
	    CF_REFUSED);
	assert_string_equal(conf_mode_prompt(&cur, false), "config-if");
	assert_int_equal(conf_line(&cur, "do", &err, NULL), CF_REFUSED);
	assert_string_equal(err.text, "% Incomplete command.");
	assert_int_equal(conf_line(&cur, "banner motd #x#", &err, NULL),
	    CF_OK);
	conf_free(c);
}

/* Typed without indentation. */
static void
test_kept_words(void **state)
{
	(void)state;
	loads("class-map C\npolicy-map P\nclass C\npolice 8000\n"
	      "class class-default\n"
	      "router rip\nnetwork 10.0.0.0\n"
	      "aaa group server tacacs+ G\nserver name T\n"
	      "archive\nlog config\nlogging enable\nhidekeys\n"
	      "notify syslog\nclass-map C\nint lo0\n",
	    "6 note accepted without effect: routing protocols\n"
	    "9 note accepted without effect: this block\n"
	    "11 note accepted without effect: the configuration logger\n",
	    "aaa group server tacacs+ G\n server name T\n!\n"
	    "archive\n log config\n  logging enable\n  notify syslog\n"
	    "  hidekeys\n!\nclass-map match-all C\n!\n"
	    "policy-map P\n class C\n  police 8000\n class class-default\n"
	    "!\ninterface Loopback0\n no ip address\n!\n"
	    "router rip\n network 10.0.0.0\n");
}

/* Delimiters in the text, as octet or as two characters. */
static void
test_banners(void **state)
{
	(void)state;
	loads("banner motd #a\003b\nc#\nbanner login \003a ^C b\003\n"
	      "banner exec #^\003C#\n",
	    "", "banner exec #^C#\nbanner login #a ^C b#\n"
		"banner motd ^Cab\nc^C\n");
}

/* `no` that stops early removes what begins so, and leaves nothing itself. */
static void
test_no_partial(void **state)
{
	(void)state;
	loads("snmp-server location x\nsnmp-server contact y\n"
	      "no service pad\nno snmp-server\nno service\nno logging\n",
	    "", "no service pad\n");
	loads("crypto map M local-address Loopback0\ncrypto map M 10 gdoi\n"
	      "crypto map M 20 gdoi\ncrypto map M2 10 gdoi\n"
	      "crypto map M client x\nno crypto map M\nno crypto map N\n",
	    "5 note accepted without effect: not used by groups\n",
	    "crypto map M2 10 gdoi\n");
}

/* `no` and `default` of a range: of every interface or of none. */
static void
test_no_range(void **state)
{
	(void)state;
	loads("interface range lo0 - 3\n description x\n"
	      "default interface range lo0 - 1\n"
	      "NO  int  range lo2 , lo3 - 9\n",
	    "",
	    "interface Loopback0\n no ip address\n!\n"
	    "interface Loopback1\n no ip address\n");
	loads("interface range lo0 - 1\n no interface range lo0 -1\n"
	      "hostname X\nno interface range lo0 - x\n",
	    "4 error % Invalid input detected at '^' marker. (at \"lo0\")\n",
	    "hostname X\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_kept_again), cmocka_unit_test(test_secrets),
	    cmocka_unit_test(test_kept_not), cmocka_unit_test(test_ambiguous),
	    cmocka_unit_test(test_kept_words),
	    cmocka_unit_test(test_no_partial),
	    cmocka_unit_test(test_banners), cmocka_unit_test(test_no_range)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
