/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands whose values follow what happens: rekeys by multicast,
 * counters of SAs, groups that are not there.
 */
#include "config.h"

#include <string.h>

#include "pair.h"

/* Each form says it. */
#define UNKNOWN(f)                                                            \
	do {                                                                  \
		sb_free(&on_gm.out);                                          \
		assert_int_equal(f(&on_gm, &(struct f##_args){                \
		    .group = "X" }), CLI_FAILED);                             \
		assert_string_equal(on_gm.out.s,                              \
		    "% Group X does not exist\n");                            \
	} while (0)

/* In JSON the list is empty (doc/json.md). */
#define NONE(f)                                                               \
	do {                                                                  \
		json_t *j = JSON(&on_gm, f, .group = "X");                    \
                                                                              \
		assert_int_equal(json_array_size(                             \
		    json_object_get(j, "groups")), 0);                        \
		json_decref(j);                                               \
	} while (0)

static void
unknown_group(void **state)
{
	(void)state;
	begin();
	UNKNOWN(show_gdoi);
	UNKNOWN(show_gdoi_gm);
	UNKNOWN(show_gdoi_gm_acl);
	UNKNOWN(show_gdoi_gm_identifier);
	UNKNOWN(show_gdoi_gm_pubkey);
	UNKNOWN(show_gdoi_gm_rekey);
	UNKNOWN(show_gdoi_feature);
	UNKNOWN(show_gdoi_ks);
	UNKNOWN(show_gdoi_ks_acl);
	UNKNOWN(show_gdoi_ks_coop);
	UNKNOWN(show_gdoi_ks_identifier);
	UNKNOWN(show_gdoi_ks_members);
	UNKNOWN(show_gdoi_ks_policy);
	UNKNOWN(show_gdoi_ks_rekey);
	UNKNOWN(show_gdoi_ks_replay);
	UNKNOWN(show_gdoi_rekey_sa);
	NONE(show_gdoi_gm);
	NONE(show_gdoi_gm_acl);
	NONE(show_gdoi_gm_identifier);
	NONE(show_gdoi_gm_rekey);
	NONE(show_gdoi_ks);
	NONE(show_gdoi_ks_acl);
	NONE(show_gdoi_ks_identifier);
	NONE(show_gdoi_ks_members);
	NONE(show_gdoi_ks_policy);
	NONE(show_gdoi_ks_rekey);
	NONE(show_gdoi_ks_replay);
	end();
}

/* A member of a group with rekeys by multicast says so everywhere. */
static void
member_multicast(void **state)
{
	struct gdoi_local *l;
	struct ace *a;
	const char *t;

	(void)state;
	begin();
	a = tc_ace(tc_acl(ks->conf, "M"), ACE_PERMIT, KS_ADDR, 0,
	    IP(239, 1, 1, 1), 0);
	a->proto = 17;
	l = (void *)((struct gdoi_group *)ks->conf->gdoi_groups.first)->
	    local.first;
	l->unicast = false;
	str_copy(l->rekey_acl, "M", sizeof(l->rekey_acl));
	net_apply(ks);
	assert_true(net_until(n, 10000, net_registered));
	net_run(n, 1000);
	t = SHOW(&on_gm, show_gdoi, .all = true);
	ASSERT_LINES(t, "       Multicast rekey rcvd  : 0",
	    "    Rekey Transport Type     : Multicast");
	t = SHOW(&on_gm, show_gdoi_gm_rekey, .detail = true);
	ASSERT_LINES(t, "Group G1 (Multicast)",
	    "Current : 239.1.1.1       10.9.0.1        X");
	t = SHOW(&on_gm, show_gdoi_rekey_sa, .detail = true);
	ASSERT_LINES(t, "  KEK POLICY (transport type : Multicast)",
	    "   Local addr/port : 239.1.1.1/848");
	end();
}

/* Values that live: they change with what happens. */
static void
rekey_sa_lives(void **state)
{
	const char *t;

	(void)state;
	registered();
	assert_null(ks_rekey(net_ks(ks), REKEY_TEK));
	net_run(n, 2000);
	assert_null(ks_rekey(net_ks(ks), REKEY_TEK));
	net_run(n, 2000);
	t = SHOW(&on_gm, show_gdoi_rekey_sa, .detail = true);
	ASSERT_LINES(t, "    num_active = 1", "    num_malloc = 1",
	    "    num_free = 0", "    acknowledgement    : Cisco",
	    "    seq num            : 2           prev seq num      : 1"
	    "       ");
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, 2000);
	t = SHOW(&on_gm, show_gdoi_rekey_sa, .detail = true);
	ASSERT_LINES(t, "    num_active = 1", "    num_malloc = 2",
	    "    num_free = 1",
	    "    seq num            : 0           prev seq num      : 0"
	    "       ");
	t = SHOW(&on_gm, show_crypto_eli);
	ASSERT_LINES(t, " IKE-Session   :     1 active, 20000 max, 0 failed");
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_group),
		cmocka_unit_test(member_multicast),
		cmocka_unit_test(rekey_sa_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
