/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Crypto maps between two routers: the fields that their lines fill, kinds of
 * entries that do not mix, what each process gets.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "conf/cf.h"
#include "unit.h"

static const char site[] =
    "crypto isakmp nat keepalive 20\n"
    "crypto isakmp invalid-spi-recovery\n"
    "crypto ipsec security-association lifetime kilobytes 10000\n"
    "crypto ipsec security-association replay window-size 256\n"
    "crypto ipsec security-association idle-time 120\n"
    "crypto ipsec transform-set A esp-aes 256 esp-sha256-hmac\n"
    " mode transport\n"
    "crypto ipsec transform-set B ah-sha-hmac\n"
    "crypto ipsec transform-set C esp-3des esp-md5-hmac\n"
    "no crypto ipsec nat-transparency udp-encapsulation\n"
    "crypto ipsec profile P\n"
    " set security-association lifetime seconds 600\n"
    " set security-association lifetime kilobytes disable\n"
    " set security-association replay disable\n"
    " set transform-set A C\n"
    " set pfs group19\n"
    " set isakmp-profile IP\n"
    " responder-only\n"
    "crypto dynamic-map DYN 10\n"
    " set transform-set C\n"
    "crypto map M 10 ipsec-isakmp\n"
    " set peer 10.0.0.2\n"
    " set peer hub.example.net default\n"
    " set security-association lifetime seconds 1800\n"
    " set security-association lifetime kilobytes 20000\n"
    " set security-association idle-time 300\n"
    " set security-association replay window-size 1024\n"
    " set transform-set GONE A B C\n"
    " set pfs\n"
    " set isakmp-profile IP\n"
    " match address L\n"
    " qos pre-classify\n"
    "crypto map M 20 gdoi\n"
    " set group G\n"
    "crypto map M 30 ipsec-isakmp dynamic DYN\n";

static struct conf *
load(const char *text)
{
	struct conf *c = conf_new();

	assert_int_equal(conf_load(c, text, strlen(text), NULL, NULL), 0);
	return c;
}

static const struct crypto_map *
entry(const struct conf *c, unsigned seq)
{
	const struct crypto_map *m;

	CF_FOREACH (m, &c->crypto_maps)
		if (m->seq == seq)
			return m;
	fail_msg("no entry %u", seq);
	return NULL;
}

static void
test_global(void **state)
{
	struct conf *c = conf_new();

	(void)state;
	assert_int_equal(c->ipsec_kilobytes, 4608000);
	assert_int_equal(c->ipsec_window, 64);
	assert_int_equal(c->nat_keepalive, 0);
	assert_false(c->no_nat_transparency);
	conf_free(c);
	c = load(site);
	assert_int_equal(c->ipsec_kilobytes, 10000);
	assert_false(c->ipsec_no_kilobytes);
	assert_int_equal(c->ipsec_window, 256);
	assert_false(c->ipsec_no_replay);
	assert_int_equal(c->ipsec_idle, 120);
	assert_int_equal(c->nat_keepalive, 20);
	assert_true(c->invalid_spi_recovery);
	assert_true(c->no_nat_transparency);
	conf_free(c);
}

static void
test_profile(void **state)
{
	struct conf *c = load(site);
	const struct ipsec_profile *p = conf_find_ipsec_profile(c, "P");
	const struct transform_set *sets[SET_NAMES];

	(void)state;
	assert_int_equal(p->lifetime, 600);
	assert_true(p->terms.no_kilobytes);
	assert_true(p->terms.no_replay);
	assert_int_equal(p->terms.pfs, 19);
	assert_string_equal(p->terms.profile, "IP");
	assert_true(p->responder_only);
	assert_string_equal(conf_set_name(&p->sets, 0), "A");
	assert_string_equal(conf_set_name(&p->sets, 1), "C");
	assert_null(conf_set_name(&p->sets, 2));
	assert_int_equal(conf_transform_sets(c, &p->sets, sets), 2);
	assert_int_equal(sets[0]->mode, MODE_TRANSPORT);
	conf_free(c);
}

static void
test_entry(void **state)
{
	struct conf *c = load(site);
	const struct crypto_map *m = entry(c, 10);
	const struct transform_set *sets[SET_NAMES];
	const struct map_peer *p = (const void *)m->peers.first;

	(void)state;
	assert_int_equal(m->kind, MAP_ISAKMP);
	assert_int_equal(p->addr, 0x0a000002);
	assert_false(p->first);
	p = (const void *)p->obj.next;
	assert_int_equal(p->addr, 0);
	assert_string_equal(p->hostname, "hub.example.net");
	assert_true(p->first);
	assert_int_equal(m->terms.lifetime, 1800);
	assert_int_equal(m->terms.kilobytes, 20000);
	assert_int_equal(m->terms.idle, 300);
	assert_int_equal(m->terms.window, 1024);
	assert_int_equal(m->terms.pfs, 14);
	assert_string_equal(m->terms.profile, "IP");
	assert_string_equal(m->acl, "L");
	assert_true(m->qos_preclassify);
	/* one is not there, one is AH */
	assert_int_equal(conf_transform_sets(c, &m->sets, sets), 2);
	assert_string_equal(sets[0]->name, "A");
	assert_string_equal(sets[1]->name, "C");
	conf_free(c);
}

/* gdoi entries are found between the others, and complete is said of each. */
static void
test_kinds(void **state)
{
	struct conf *c = load(site);
	const struct crypto_map *m = conf_next_map(c, "M", NULL);

	(void)state;
	assert_int_equal(m->seq, 20);
	assert_null(conf_next_map(c, "M", m));
	assert_int_equal(entry(c, 30)->kind, MAP_ISAKMP);
	assert_string_equal(entry(c, 30)->dynamic, "DYN");
	assert_int_equal(c->dynamic_maps.n, 1);
	/* no list L */
	assert_string_equal(conf_map_lacks(c, entry(c, 10)),
	    "peer or access-list");
	assert_null(conf_map_lacks(c, entry(c, 30)));
	conf_free(c);
	c = load("ip access-list extended L\n permit ip any any\n"
	    "crypto map M 10 ipsec-isakmp\n match address L\n"
	    "crypto map M 11 ipsec-isakmp\n match address L\n"
	    " set peer 10.0.0.2\n set transform-set T AH\n"
	    "crypto map M 12 ipsec-isakmp dynamic GONE\n"
	    "crypto ipsec transform-set AH ah-sha-hmac\n");
	assert_string_equal(conf_map_lacks(c, entry(c, 10)),
	    "peer or access-list");
	assert_string_equal(conf_map_lacks(c, entry(c, 11)), "transform set");
	assert_string_equal(conf_map_lacks(c, entry(c, 12)), "dynamic map");
	conf_free(c);
}

/* fwd gets the entries and no more of what is negotiated than it asks for:
 * what it is printed reads as the same entries. */
static void
test_deliver(void **state)
{
	struct conf *c = load(site), *fwd;
	struct strbuf sb = {0};

	(void)state;
	conf_print(&sb, c, CF_FWD);
	fwd = load(sb.s);
	assert_int_equal(fwd->crypto_maps.n, 3);
	assert_int_equal(fwd->dynamic_maps.n, 1);
	assert_string_equal(entry(fwd, 10)->acl, "L");
	assert_string_equal(entry(fwd, 30)->dynamic, "DYN");
	conf_free(fwd);
	sb.len = 0;
	conf_print(&sb, c, CF_IKE);
	fwd = load(sb.s);
	assert_int_equal(fwd->crypto_maps.n, 3);
	assert_int_equal(entry(fwd, 10)->peers.n, 2);
	assert_int_equal(conf_find_ipsec_profile(fwd, "P")->terms.pfs, 19);
	assert_int_equal(fwd->nat_keepalive, 20);
	conf_free(fwd);
	sb_free(&sb);
	conf_free(c);
}

/* From one kind of entry to another by commands: the old one goes first. */
static void
test_replace(void **state)
{
	static const char *const texts[] = {
	    "crypto map M 10 gdoi\n set group G\n",
	    "crypto map M 10 ipsec-isakmp\n set peer 10.0.0.2\n",
	    "crypto map M 10 ipsec-isakmp dynamic A\n",
	    "crypto map M 10 ipsec-isakmp dynamic B\n"};
	struct strbuf sb = {0};

	(void)state;
	for (unsigned i = 0; i < NELEM(texts); i++)
		for (unsigned j = 0; j < NELEM(texts); j++) {
			struct conf *a = load(texts[i]), *b = load(texts[j]);

			sb.len = 0;
			assert_int_equal(conf_commands(&sb, a, b) >= 0, 1);
			conf_free(a);
			conf_free(b);
		}
	sb_free(&sb);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_global),
	    cmocka_unit_test(test_profile), cmocka_unit_test(test_entry),
	    cmocka_unit_test(test_kinds), cmocka_unit_test(test_deliver),
	    cmocka_unit_test(test_replace)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
