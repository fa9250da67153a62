/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Matching, errors with their column, help and completion, on the real
 * grammar. Links the command language without handlers.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bar.h"
#include "cli_gen.h"

static void
test_exec(void **state)
{
	static const struct {
		const char *line;
		bool privileged;
		enum cli_verdict verdict;
		int column;
		const char *text; /* canonical, or the message */
	} t[] = {
	    {"sh ver", false, CLI_MATCH, -1, "show version"},
	    {"SHOW  Crypto gdoi", false, CLI_MATCH, -1, "show crypto gdoi"},
	    {"sh cr gk gm ac", true, CLI_MATCH, -1, "show crypto gkm gm acl"},
	    {"show run", false, CLI_INVALID, 6,
		"% Invalid input detected at '^' marker."},
	    {"show run", true, CLI_MATCH, -1, "show running-config"},
	    {"sh run int g0/0", true, CLI_MATCH, -1,
		"show running-config interface GigabitEthernet0/0"},
	    {"sh run int g 0/0", true, CLI_MATCH, -1,
		"show running-config interface GigabitEthernet0/0"},
	    {"show", true, CLI_INCOMPLETE, -1,
		"% Type \"show ?\" for a list of subcommands"},
	    {"show crypto", true, CLI_INCOMPLETE, -1, "% Incomplete command."},
	    {"show verzion", true, CLI_INVALID, 8,
		"% Invalid input detected at '^' marker."},
	    {"  show verzion", true, CLI_INVALID, 10,
		"% Invalid input detected at '^' marker."},
	    {"sh c", true, CLI_AMBIGUOUS, -1, "% Ambiguous command:  \"sh c\""},
	    {"show version now", true, CLI_INVALID, 13,
		"% Invalid input detected at '^' marker."},
	    {"ping 10.1.1.1 size 100 repeat 7 df", true, CLI_MATCH, -1,
		"ping 10.1.1.1 repeat 7 size 100 df-bit"},
	    {"ping 10.1.1.1 repeat 7 repeat 8", true, CLI_INVALID, 23,
		"% Invalid input detected at '^' marker."},
	    {"ping 10.1.1.256", true, CLI_MATCH, -1, "ping 10.1.1.256"},
	    {"clear logging 1", true, CLI_INVALID, 14,
		"% Invalid input detected at '^' marker."},
	    {"frotz", true, CLI_INVALID, 0,
		"% Invalid input detected at '^' marker."},
	};
	struct cli_cmd *c = calloc(1, sizeof(*c));

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		cli_match_run(t[i].line, 0, t[i].privileged, c);
		assert_int_equal(c->verdict, t[i].verdict);
		assert_int_equal(c->column, t[i].column);
		assert_string_equal(
		    c->verdict == CLI_MATCH ? c->canonical : c->err, t[i].text);
	}
	free(c);
}

/* What hands type. */
static void
test_abbreviations(void **state)
{
	static const struct {
		const char *typed, *want;
	} t[] = {
	    {"sh run", "show running-config"},
	    {"sh ip int br", "show ip interface brief"},
	    {"conf t", "configure terminal"},
	    {"no deb all", "no debug all"},
	    {"sh cry gd", "show crypto gdoi"},
	    {"sh cry isa sa", "show crypto isakmp sa"},
	    {"wr", "write"},
	    {"cop r s", "copy running-config startup-config"},
	    {"sh ip ro", "show ip route"},
	    {"term len 0", "terminal length 0"},
	    {"term wid 511", "terminal width 511"},
	    {"sh ver", "show version"},
	    {"sh int desc", "show interfaces description"},
	    {"en", "enable"},
	    {"dis", "disable"},
	    {"ex", "exit"},
	    {"log", "logout"},
	    {"cl cou", "clear counters"},
	    {"deb cry isa", "debug crypto isakmp"},
	    {"un all", "undebug all"},
	    {"u all", "undebug all"},
	    {"undeb all", "undebug all"},
	    {"sh access-l", "show access-lists"},
	    {"sh run int g0/0",
		"show running-config interface GigabitEthernet0/0"},
	    {"sh arp", "show arp"},
	    {"sh inv", "show inventory"},
	    {"sh proc cpu", "show processes cpu"},
	    {"sh log", "show logging"},
	    {"sh clock", "show clock"},
	    {"sh hist", "show history"},
	    {"sh user", "show users"},
	    {"sh priv", "show privilege"},
	    {"wr mem", "write memory"},
	    {"wr t", "write terminal"},
	    {"sh start", "show startup-config"},
	    {"sh cry ips sa", "show crypto ipsec sa"},
	    {"sh cry map", "show crypto map"},
	    {"sh cry gd ks mem", "show crypto gdoi ks members"},
	    {"sh cry gd ks pol", "show crypto gdoi ks policy"},
	    {"sh cry gd gm", "show crypto gdoi gm"},
	    {"sh cry key my rsa", "show crypto key mypubkey rsa"},
	    {"cl cry gd", "clear crypto gdoi"},
	    {"cl cry isa", "clear crypto isakmp"},
	    {"cl cry sa", "clear crypto sa"},
	    {"cl log", "clear logging"},
	    {"term mon", "terminal monitor"},
	    {"term no mon", "terminal no monitor"},
	    {"ping 1.1.1.1 so lo0", "ping 1.1.1.1 source Loopback0"},
	    {"ping 1.1.1.1 rep 100 si 1400 df",
		"ping 1.1.1.1 repeat 100 size 1400 df-bit"},
	    {"sh deb", "show debugging"},
	    {"rel", "reload"},
	    {"dir", "dir"},
	    {"sh int g0/0", "show interfaces GigabitEthernet0/0"},
	    {"sh ip int", "show ip interface"},
	    {"sh ip int g0/0", "show ip interface GigabitEthernet0/0"},
	    {"sh cry isa pol", "show crypto isakmp policy"},
	    {"sh cry isa key", "show crypto isakmp key"},
	    {"sh cry ips tr", "show crypto ipsec transform-set"},
	    {"sh cry ips prof", "show crypto ipsec profile"},
	    {"sh mem", "show memory"},
	    {"sh proc", "show processes"},
	    {"sh fla", "show flash:"},
	    {"sh prot", "show protocols"},
	    {"sh ip prot", "show ip protocols"},
	    {"cry gd ks rek", "crypto gdoi ks rekey"},
	    {"del flash:x", "delete flash:x"},
	    {"mor flash:x", "more flash:x"},
	    {"era sta", "erase startup-config"},
	};
	struct cli_cmd *c = calloc(1, sizeof(*c));

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		cli_match_run(t[i].typed, 0, true, c);
		assert_string_equal(
		    c->verdict == CLI_MATCH ? c->canonical : c->err,
		    t[i].want);
	}
	free(c);
}

static void
test_args(void **state)
{
	struct cli_cmd *c = calloc(1, sizeof(*c));
	const struct exec_ping_args *p = (const void *)c->args;
	const struct exec_key_generate_rsa_args *k = (const void *)c->args;

	(void)state;
	cli_match_run("ping ip 10.1.2.3 source lo0 size 1500 df-bit", 0, true,
	    c);
	assert_int_equal(c->proc, CF_FWD);
	assert_int_equal(p->target, 0x0a010203);
	assert_int_equal(p->size, 1500);
	assert_string_equal(p->source_if, "Loopback0");
	assert_true(p->df);
	/* typed in a mode below configuration */
	cli_match_run("crypto key generate rsa modulus 1024 label K exportable",
	    MODE_GDOI_SA, true, c);
	assert_int_equal(c->verdict, CLI_MATCH);
	assert_int_equal(c->proc, CF_IKE);
	assert_string_equal(k->label, "K");
	assert_int_equal(k->modulus, 1024);
	assert_true(k->exportable);
	cli_match_run("crypto key generate rsa general-keys label GETVPN "
		      "modulus 2048", MODE_CONFIG, true, c);
	assert_int_equal(c->verdict, CLI_MATCH);
	assert_false(k->exportable);
	free(c);
}

static char *
help(uint16_t mode, const char *text, unsigned width)
{
	struct strbuf sb = {0};

	cli_help(&sb, mode, true, text, width);
	return sb.s;
}

static void
test_help(void **state)
{
	static const struct {
		uint16_t mode;
		const char *text;
		unsigned width;
		const char *want;
	} t[] = {
	    {0, "cl", 80, "clear  \n\n"},
	    {0, "e", 80, "enable  erase  exit  \n\n"},
	    {0, "frotz ", 80, "% Unrecognized command\n"},
	    {0, "show cl", 80, "class-map  clock  \n\n"},
	    {0, "sh c ", 80, "% Ambiguous command:  \"sh c\"\n"},
	    {0, "show version ", 80,
		"  |     Output modifiers\n  <cr>\n\n"},
	    {0, "disable ", 80,
		"  <0-15>  Privilege level to go to\n  <cr>\n\n"},
	    {0, "terminal length ", 80,
		"  <0-512>  Number of lines, 0 for no pausing\n\n"},
	    {MODE_CONFIG, "crypto isakmp policy ", 80,
		"  <1-10000>  Priority of protection suite\n\n"},
	    {MODE_ISAKMP_POLICY, "encryption aes ", 80,
		"  128   128 bit keys.\n  192   192 bit keys.\n"
		"  256   256 bit keys.\n  <cr>\n\n"},
	    {MODE_ISAKMP_POLICY, "no ", 80,
		"  authentication  Set authentication method for protection "
		"suite\n"
		"  encryption      Set encryption algorithm for protection "
		"suite\n"
		"  group           Set the Diffie-Hellman group\n"
		"  hash            Set hash algorithm for protection suite\n"
		"  lifetime        Set lifetime for ISAKMP security "
		"association\n\n"},
	    {MODE_ISAKMP_POLICY, "no lifetime ", 80,
		"  <60-86400>  lifetime in seconds\n  <cr>\n\n"},
	    {MODE_ISAKMP_POLICY, "do show cl", 80, "class-map  clock  \n\n"},
	    {MODE_GDOI_SA, "replay counter window-size ", 40,
		"  1024  Window size of 1024\n"
		"  128   Window size of 128\n  256   Window size of 256\n"
		"  512   Window size of 512\n  64    Window size of 64\n\n"},
	    /* a mode offers what is its own, and takes more */
	    {MODE_GDOI_SA, "interface Loo", 80, "% Unrecognized command\n"},
	    {MODE_GDOI_SA, "match interfac", 80, "% Unrecognized command\n"},
	    {MODE_CONFIG, "interface Loo", 80, "Loopback  \n\n"},
	    {MODE_CONFIG, "default interface Loo", 80, "Loopback  \n\n"},
	    {MODE_CONFIG, "no interface Loo", 80, "Loopback  \n\n"},
	    {MODE_CONFIG, "default cr", 80, "crypto  \n\n"},
	    {MODE_CONFIG, "no hel", 80, "% Unrecognized command\n"},
	    {MODE_CONFIG, "hel", 80, "help  \n\n"},
	    {MODE_CONFIG, "no crypto key ", 80,
		"  pubkey-chain  Peer public key chain management\n\n"},
	    /* forms that begin with `no` stand beside negations */
	    {MODE_GDOI_SA, "no rep", 80, "replay  \n\n"},
	    {MODE_GDOI_SA, "no replay ", 80,
		"  counter  Use counter-based anti-replay\n"
		"  time     Use time-based anti-replay\n  <cr>\n\n"},
	    {MODE_CONFIG, "do disable ", 80,
		"  <0-15>  Privilege level to go to\n  <cr>\n\n"},
	    {MODE_ISAKMP_POLICY, "hash m", 80, "md5  \n\n"},
	    {MODE_ISAKMP_POLICY, "lif", 80, "lifetime  \n\n"},
	    {MODE_INTERFACE, "ip address 1.1.1.1 ", 30,
		"  A.B.C.D  IP subnet mask\n\n"},
	    {MODE_CONFIG, "crypto isakmp identity d", 20, "dn  \n\n"},
	    {MODE_CONFIG, "crypto isakmp identity ", 44,
		"  address   Use the IP address of the\n"
		"            interface for the identity\n"
		"  dn        Use the distinguished name of\n"
		"            the router cert for the\n"
		"            identity\n"
		"  hostname  Use the hostname of the router\n"
		"            for the identity\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		char *got = help(t[i].mode, t[i].text, t[i].width);

		assert_string_equal(got, t[i].want);
		free(got);
	}
}

static void
test_help_top(void **state)
{
	char *exec = help(0, "", 80), *conf = help(MODE_CONFIG, "", 80);
	char *sub = help(MODE_INTERFACE, "", 80);
	struct strbuf sb = {0};

	(void)state;
	assert_ptr_equal(strstr(exec, "Exec commands:\n"), exec);
	assert_non_null(strstr(exec, "\n  configure   Enter config"));
	assert_ptr_equal(strstr(conf, "Configure commands:\n"), conf);
	assert_ptr_equal(strstr(sub, "Interface configuration commands:\n"),
	    sub);
	assert_non_null(strstr(sub, "\n  exit "));
	assert_non_null(strstr(sub, "\n  no "));
	assert_non_null(strstr(sub, "\n  do "));
	assert_non_null(strstr(sub, "\n  help "));
	assert_non_null(strstr(conf, "\n  help "));
	/* what a block keeps is said; `do ?` is the help of the exec */
	free(sub);
	sub = help(MODE_ROUTER, "", 80);
	assert_ptr_equal(strstr(sub, "Router configuration commands:\n"), sub);
	assert_non_null(strstr(sub, "\n  LINE     Any other line is kept"));
	free(sub);
	sub = help(MODE_ROUTER, "do ", 80);
	assert_string_equal(sub, exec);
	free(sub);
	/* neither exec commands nor words about modes can be negated */
	/* `no` is no beginning of no-hup here */
	sub = help(MODE_INTERFACE, "no ", 80);
	assert_null(strstr(sub, "LINE"));
	assert_null(strstr(sub, "<cr>"));
	assert_non_null(strstr(sub, "\n  no-hup "));
	free(sub);
	sub = help(MODE_CONFIG, "no ", 80);
	assert_null(strstr(sub, "\n  help"));
	assert_null(strstr(sub, "\n  exit"));
	assert_null(strstr(sub, "\n  no "));
	assert_non_null(strstr(sub, "\n  interface "));
	/* what needs privilege is not offered without it */
	cli_help(&sb, 0, false, "", 80);
	assert_null(strstr(sb.s, "configure"));
	assert_non_null(strstr(sb.s, "enable"));
	sb_free(&sb);
	free(exec);
	free(conf);
	free(sub);
}

static void
test_complete(void **state)
{
	static const struct {
		uint16_t mode;
		const char *text, *want;
	} t[] = {
	    {0, "sh", "ow "}, {0, "e", ""}, {0, "show ver", "sion "},
	    {0, "show version", " "}, {0, "", ""}, {0, "xyz", ""},
	    {0, "show ", ""}, {MODE_CONFIG, "hostn", "ame "},
	    {MODE_CONFIG, "interface Gig", "abitEthernet"},
	    {MODE_INTERFACE, "no shu", "tdown "},
	    {MODE_INTERFACE, "do sh", "ow "},
	    {MODE_CONFIG, "crypto isakmp k", ""},
	};
	char buf[256];

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		cli_complete(buf, t[i].mode, true, t[i].text);
		assert_string_equal(buf, t[i].want);
	}
}

/* ---- behind the bar ---- */

static void
test_bars(void **state)
{
	static const struct {
		const char *line;
		enum bar_kind kind;
		const char *cmd, *arg;
		bool exec;
	} rows[] = {
	    {"sib | json", BAR_JSON, "sib", "", true},
	    {"dir | i b", BAR_INCLUDE, "dir", "b", true},
	    {"do sib | i b", BAR_INCLUDE, "do sib", "b", false},
	    {"show version", BAR_NONE, "show version", "", false},
	    {"description a | json", BAR_NONE, "description a | json", "", false},
	    {"sh ver | json", BAR_JSON, "sh ver", "", false},
	    {" do sh ver|j  ", BAR_JSON, " do sh ver", "", false},
	    {"show run | i a|b ", BAR_INCLUDE, "show run", "a|b", false},
	    {"show run | redirect flash:a", BAR_REDIRECT, "show run",
		"flash:a", false},
	    {"more x | APP y", BAR_APPEND, "more x", "y", false},
	    {"show x | json | include a", BAR_BAD, "show x", "", false},
	    {"show x | json a", BAR_BAD, "show x", "", false},
	    {"show x | include", BAR_BAD, "show x", "", false},
	    {"show x | includes a", BAR_BAD, "show x", "", false},
	    {"show x |", BAR_BAD, "show x", "", false},
	    {"show x | | json", BAR_BAD, "show x", "", false},
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct bar b;

		bar_split(rows[i].line, rows[i].exec, &b);
		if (b.kind != rows[i].kind)
			fail_msg("%s: %d", rows[i].line, (int)b.kind);
		assert_int_equal(b.cmd_len, strlen(rows[i].cmd));
		assert_memory_equal(rows[i].line, rows[i].cmd, b.cmd_len);
		assert_string_equal(b.arg, rows[i].arg);
		assert_true((b.kind == BAR_BAD) == (b.err != NULL));
	}
}

/* The grammar says which commands answer in JSON. */
static void
test_json(void **state)
{
	struct cli_cmd cmd;

	(void)state;
	cli_match_run("show crypto gdoi", 0, true, &cmd);
	assert_true(cmd.verdict == CLI_MATCH && cmd.json);
	cli_match_run("show clock", 0, true, &cmd);
	assert_true(cmd.verdict == CLI_MATCH && !cmd.json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_exec),
	    cmocka_unit_test(test_abbreviations),
	    cmocka_unit_test(test_args), cmocka_unit_test(test_help),
	    cmocka_unit_test(test_help_top), cmocka_unit_test(test_complete),
	    cmocka_unit_test(test_bars), cmocka_unit_test(test_json)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
