/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Comparing configurations: what is shown, and that the list of commands
 * makes exactly the other one, for every pair of tests/config and for random
 * edits (seeded; COHORT_SEED is another one).
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf/cf.h"
#include "unit.h"

#define EDITS 300

static struct conf *
load(const char *text)
{
	struct conf *c = conf_new();

	(void)!conf_load(c, text, strlen(text), NULL, NULL);
	return c;
}

static char *
print(const struct conf *c)
{
	struct strbuf sb = {0};

	conf_print(&sb, c, CF_MAIN);
	return sb.s != NULL ? sb.s : xstrdup("");
}

static void
test_shown(void **state)
{
	static const struct {
		const char *a, *b, *diff;
	} t[] = {
	    {"hostname A\n", "hostname A\n", ""},
	    {"hostname A\n", "hostname B\n", "-hostname A\n+hostname B\n"},
	    {"interface Loopback0\n ip address 1.1.1.1 255.255.255.255\n"
	     " shutdown\n",
		"interface Loopback0\n ip address 1.1.1.2 255.255.255.255\n"
		" shutdown\ninterface Loopback1\n description x\n",
		"interface Loopback0\n"
		" -ip address 1.1.1.1 255.255.255.255\n"
		" +ip address 1.1.1.2 255.255.255.255\n"
		"+interface Loopback1\n +description x\n"},
	    {"ip access-list extended A\n permit ip any any\n deny ip any any"
	     "\n",
		"ip access-list extended A\n deny   ip any any\n",
		"ip access-list extended A\n -permit ip any any\n"},
	    {"access-list 100 permit ip any any\n",
		"access-list 100 permit ip any any\n"
		"access-list 100 deny udp any any\n",
		"+access-list 100 deny   udp any any\n"},
	    {"router ospf 1\n network 1.0.0.0 0.0.0.255 area 0\n",
		"router ospf 1\n passive-interface default\n"
		" network 1.0.0.0 0.0.0.255 area 0\n",
		"router ospf 1\n +passive-interface default\n"},
	    {"no logging console\n", "hostname Router\n",
		"-no logging console\n"},
	};

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		struct conf *a = load(t[i].a), *b = load(t[i].b);
		struct strbuf sb = {0};

		conf_diff(&sb, a, b);
		assert_string_equal(sb.s != NULL ? sb.s : "", t[i].diff);
		sb_free(&sb);
		conf_free(a);
		conf_free(b);
	}
}

static void
test_added(void **state)
{
	struct conf *a = load("hostname R\ninterface Loopback0\n"
			      " description One\n shutdown\n");
	struct conf *b = load("interface Loopback0\n description one\n"
			      " ip address 1.1.1.1 255.255.255.255\n");
	struct strbuf sb = {0};

	(void)state;
	conf_diff_added(&sb, a, b, true);
	assert_string_equal(sb.s, "interface Loopback0\n"
				  " ip address 1.1.1.1 255.255.255.255\n");
	sb_free(&sb);
	conf_free(a);
	conf_free(b);
}

/* ---- commands ---- */

static bool
becomes(const struct conf *a, const struct conf *b, const char *what)
{
	struct strbuf cmds = {0};
	int n = conf_commands(&cmds, a, b);
	struct conf *c = conf_clone(a);
	char *got, *want = print(b);
	bool ok;

	(void)!conf_load(c, cmds.s, cmds.len, NULL, NULL);
	got = print(c);
	ok = n >= 0 && conf_equal(c, b) && strcmp(got, want) == 0 &&
	    (n == 0) == (cmds.len == 0);
	if (!ok)
		printf("%s: %d passes\n---- commands\n%s---- got\n%s---- want\n"
		       "%s", what, n, cmds.s, got, want);
	free(got);
	free(want);
	sb_free(&cmds);
	conf_free(c);
	return ok;
}

static void
test_commands(void **state)
{
	static const char *const t[] = {
	    "",
	    "hostname A\nno logging console\nno ip http server\n",
	    "ip http server\nlogging buffered 8192\nlogging host 1.1.1.1\n",
	    "logging host 1.1.1.1\nlogging host 1.1.1.1 vrf x\n",
	    "interface Loopback0\n ip address 1.1.1.1 255.255.255.0\n"
	    "interface Loopback1\n ip address 2.2.2.2 255.255.255.0\n",
	    "interface Loopback0\n ip address 2.2.2.2 255.255.255.0\n"
	    "interface Loopback1\n ip address 1.1.1.1 255.255.255.0\n",
	    "interface Loopback1\n ip address 1.1.1.1 255.255.255.0\n"
	    "interface Loopback0\n ip address 2.2.2.2 255.255.255.0\n",
	    "access-list 100 permit ip any any\naccess-list 100 remark a\n"
	    "access-list 100 remark b\naccess-list 100 remark a\n",
	    "access-list 100 remark a\naccess-list 100 remark a\n",
	    "ip access-list extended 100\n 5 permit ip any any\n 7 remark a\n"
	    " 9 remark a\n",
	    "ip access-list extended 100\n 7 permit ip any any\n 5 remark a\n",
	    "ip access-list extended 100\nip access-list standard 1\n",
	    "ip route 1.0.0.0 255.0.0.0 2.2.2.2\n"
	    "ip route 3.0.0.0 255.0.0.0 2.2.2.2\n",
	    "ip route 3.0.0.0 255.0.0.0 2.2.2.2\n"
	    "ip route 1.0.0.0 255.0.0.0 2.2.2.2\n",
	    "router ospf 1\n a b\n c\n no d\n",
	    "router ospf 1\n e\n no d\n a b\n d\n c\nrouter bgp 2\n x\n",
	    "router bgp 2\n x\n  y\n  z\n x y\nrouter ospf 1\n c\n c\n",
	    "banner motd ^C\none\ntwo\n^C\n",
	    "banner motd ^Cthree^C\nline vty 0 4\n login\n",
	    "crypto ipsec transform-set T esp-aes esp-sha-hmac\n"
	    " mode transport\n",
	    "crypto ipsec transform-set T esp-3des\n",
	    "class-map match-any A\nclass-map match-any B\n"
	    "policy-map P\n class A\n class class-default\n",
	    "class-map match-any A\nclass-map match-any B\n"
	    "policy-map P\n class A\n class B\n class class-default\n",
	    "class-map match-any A\nclass-map match-any B\n"
	    "policy-map P\n class class-default\n class B\n class A\n",
	    "class-map match-any A\nclass-map match-any B\n"
	    "policy-map P\n class B\n",
	};
	size_t bad = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++)
		for (size_t j = 0; j < NELEM(t); j++) {
			struct conf *a = load(t[i]), *b = load(t[j]);
			char what[60];

			snprintf(what, sizeof(what), "%zu to %zu", i, j);
			bad += !becomes(a, b, what);
			conf_free(a);
			conf_free(b);
		}
	assert_int_equal(bad, 0);
}

/* ---- the configurations of tests/config ---- */

struct corpus {
	char *text[100];
	char *name[100];
	size_t n;
};

static void
read_corpus(struct corpus *k)
{
	const char *src = getenv("srcdir");
	char *dir = xasprintf("%s/tests/config", src != NULL ? src : ".");
	DIR *d = opendir(dir);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL && k->n < NELEM(k->text)) {
		size_t len = strlen(e->d_name);
		char *path = xasprintf("%s/%s", dir, e->d_name);
		FILE *f;

		if (len > 3 && strcmp(e->d_name + len - 3, ".in") == 0) {
			f = fopen(path, "r");
			assert_non_null(f);
			k->text[k->n] = xcalloc(1, 1 << 20);
			(void)!fread(k->text[k->n], 1, (1 << 20) - 1, f);
			k->name[k->n++] = xstrdup(e->d_name);
			fclose(f);
		}
		free(path);
	}
	closedir(d);
	free(dir);
	assert_true(k->n > 5);
}

static void
free_corpus(struct corpus *k)
{
	while (k->n-- > 0) {
		free(k->text[k->n]);
		free(k->name[k->n]);
	}
}

static void
test_pairs(void **state)
{
	struct corpus k = {.n = 0};
	struct conf *c[100];
	size_t bad = 0;

	(void)state;
	read_corpus(&k);
	for (size_t i = 0; i < k.n; i++)
		c[i] = load(k.text[i]);
	for (size_t i = 0; i < k.n; i++)
		for (size_t j = 0; j < k.n; j++) {
			char *what = xasprintf("%s to %s", k.name[i],
			    k.name[j]);

			bad += !becomes(c[i], c[j], what);
			free(what);
		}
	for (size_t i = 0; i < k.n; i++)
		conf_free(c[i]);
	free_corpus(&k);
	assert_int_equal(bad, 0);
}

static uint64_t seed;

static uint64_t
rnd(uint64_t n)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (z ^ z >> 31) % n;
}

/* Lines dropped, swapped, taken twice, and taken from another one. */
static struct conf *
edited(const struct conf *from, const struct conf *other)
{
	char *text = print(from), *more = print(other), *line[20000], *rest;
	struct strbuf sb = {0};
	struct conf *c;
	size_t n = 0;

	for (rest = text; rest != NULL && n < NELEM(line);)
		line[n++] = strsep(&rest, "\n");
	for (size_t i = 0; i < n; i++) {
		uint64_t what = rnd(20);

		if (what == 0)
			continue;
		if (what == 1)
			sb_printf(&sb, "%s\n", line[rnd(n)]);
		if (what == 2 && i + 1 < n)
			sb_printf(&sb, "%s\n", line[i + 1]);
		sb_printf(&sb, "%s\n", line[i]);
	}
	for (rest = more; rest != NULL;) {
		char *l = strsep(&rest, "\n");

		if (rnd(15) == 0 && *l != ' ')
			sb_printf(&sb, "%s\n", l);
	}
	c = load(sb.s);
	sb_free(&sb);
	free(text);
	free(more);
	return c;
}

static void
test_edits(void **state)
{
	struct corpus k = {.n = 0};
	const char *env = getenv("COHORT_SEED");
	size_t bad = 0;

	(void)state;
	seed = env != NULL ? strtoull(env, NULL, 10) : 1;
	read_corpus(&k);
	for (unsigned i = 0; i < EDITS && bad == 0; i++) {
		struct conf *a = load(k.text[rnd(k.n)]);
		struct conf *o = load(k.text[rnd(k.n)]);
		struct conf *b = edited(a, o), *c = edited(b, a);
		char what[40];

		snprintf(what, sizeof(what), "edit %u", i);
		bad += !becomes(a, b, what) + !becomes(b, a, what) +
		    !becomes(b, c, what);
		conf_free(a);
		conf_free(b);
		conf_free(c);
		conf_free(o);
	}
	free_corpus(&k);
	assert_int_equal(bad, 0);
}

/* What stays the last is left alone when others come in front of it. */
static void
test_last(void **state)
{
	static const char *const from = "class-map match-any A\n"
	    "policy-map P\n class class-default\n  fair-queue\n";
	static const char *const to = "class-map match-any A\n"
	    "policy-map P\n class A\n class class-default\n  fair-queue\n";
	struct conf *a = load(from), *b = load(to);
	struct strbuf cmds = {0};

	(void)state;
	assert_int_equal(conf_commands(&cmds, a, b), 1);
	assert_string_equal(cmds.s, "policy-map P\n class A\n");
	sb_free(&cmds);
	conf_free(a);
	conf_free(b);
}

/* Of the processor, not of the clock: others may want it, too. */
static double
cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* A hundred thousand lines, all in one list, some of them others: seconds
 * would be a wrong algorithm. */
static void
test_long(void **state)
{
	struct strbuf x = {0}, y = {0}, diff = {0}, cmds = {0};
	struct conf *a, *b;
	double start;

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		sb_printf(&x, "ip route 10.%u.%u.0 255.255.255.0 1.1.1.1\n",
		    i / 256, i % 256);
		if (i % 1000 != 7)
			sb_printf(&y, "ip route 10.%u.%u.0 255.255.255.0 "
				      "1.1.1.1\n",
			    i / 256, i % 256);
	}
	sb_printf(&x, "router ospf 1\n");
	sb_printf(&y, "router ospf 1\n");
	for (unsigned i = 0; i < 50000; i++) {
		sb_printf(&x, " line %u\n", i);
		sb_printf(&y, " line %u\n", i % 10000 == 3 ? 99999 - i : i);
	}
	a = load(x.s);
	b = load(y.s);
	start = cpu_seconds();
	conf_diff(&diff, a, b);
	assert_true(diff.len != 0);
	assert_int_equal(conf_commands(&cmds, a, b), 1);
	assert_true(cpu_seconds() - start < 30);
	sb_free(&x);
	sb_free(&y);
	sb_free(&diff);
	sb_free(&cmds);
	conf_free(a);
	conf_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shown),
	    cmocka_unit_test(test_added),
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_pairs),
	    cmocka_unit_test(test_edits),
	    cmocka_unit_test(test_last),
	    cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
