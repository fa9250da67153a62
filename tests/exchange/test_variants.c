/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands of show_sa.c over a live pair of key server and member, and
 * the commands of one group.
 */
#include "config.h"

#include <string.h>

#include "pair.h"

static void
more(void **state)
{
	const char *t;
	struct ike_sa *sa;

	(void)state;
	registered();
	ASSERT_LINES(SHOW(&on_gm, show_gdoi_rekey_sa, .detail = 0), "GETVPN REKEY SA",
	    "dst             src             conn-id         status",
	    "10.9.1.1        10.9.0.1        @            ACTIVE");
	ASSERT_LINES(SHOW(&on_gm, show_gdoi_rekey_sa, .detail = 1),
	    "KEK SA DB STATS:", "    num_active = 1",
	    "  KEK POLICY (transport type : Unicast)",
	    "   Local addr/port : 10.9.1.1/848",
	    "   Remote addr/port : 10.9.0.1/848",
	    "    sig size           : @", "    Group Name         : G1");
	ASSERT_LINES(SHOW(&on_gm, show_gdoi_gm_pubkey, .group = "G1"),
	    "  GDOI Group: G1", "    KS IP Address: 10.9.0.1",
	    "    conn-id: @    my-cookie:X", "    Key Data:",
	    "      3081X");
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_feature, .feature = 8), "Group Name: G1",
	    "    Key Server ID       Version   Feature Supported",
	    "        10.9.0.1            1.0.5          Yes",
	    "    Group Member ID     Version   Feature Supported",
	    "        10.9.1.1            1.0.5          Yes");
	t = SHOW(&on_ks, show_gdoi_feature, .feature = 1);
	assert_null(strstr(t, "Yes"));
	ASSERT_LINES(SHOW(&on_gm, show_crypto_session, .detail = 1),
	    "Crypto session current status", "Interface: FastEthernet0/0",
	    "Session status: UP-ACTIVE     ",
	    "Peer: 10.9.0.1 port 848 fvrf: (none) ivrf: (none)",
	    "  IKEv1 SA: local 10.9.1.1/848 remote 10.9.0.1/848 Active ",
	    "  IPSEC FLOW: permit ip 10.0.0.0/255.0.0.0 10.0.0.0/255.0.0.0 ",
	    "        Active SAs: 2, origin: crypto map");
	sa = TAILQ_FIRST(&on_gm.g->ike->sas);
	sa->peer_id = (struct ike_id){ .type = ID_FQDN, .name = "ks.lab" };
	ASSERT_LINES(SHOW(&on_gm, show_crypto_session, .detail = 1),
	    "      Phase1_id: ks.lab");
	ASSERT_LINES(SHOW(&on_gm, show_crypto_eli, .unused = 0),
	    " Number of crypto engines = 1", " Capability    : X",
	    " IKE-Session   :     1 active, X");
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks_coop, .group = ""),
	    "Crypto Gdoi Group Name :G1",
	    "        *NO* redundancy configured for this group");
	/* by name: this one, and no other */
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks_members, .group = "G1"),
	    "Group Member ID    : 10.9.1.1  GM Version: 1.0.5");
	assert_null(strstr(SHOW(&on_gm, show_gdoi_gm_acl, .half = 2),
	    "Downloaded"));
	assert_null(strstr(SHOW(&on_gm, show_gdoi_gm_acl, .half = 1),
	    "Configured Locally"));
	end();
}

/* One SA by its number goes, at both ends. */
static void
clear_one(void **state)
{
	struct ike *ike;

	(void)state;
	registered();
	ike = on_gm.g->ike;
	assert_int_equal(clear_crypto_isakmp(&on_gm,
	    &(struct clear_crypto_isakmp_args){ .conn_id = 17 }), CLI_FAILED);
	ASSERT_LINES(on_gm.out.s,
	    "% There is no ISAKMP SA with connection id 17");
	assert_int_equal(ike->nsas, 1);
	assert_int_equal(clear_crypto_isakmp(&on_gm,
	    &(struct clear_crypto_isakmp_args){
	    .conn_id = TAILQ_FIRST(&ike->sas)->conn_id }), 0);
	assert_int_equal(ike->nsas, 0);
	net_run(n, 10); /* the Delete ends it there too */
	assert_int_equal(on_ks.g->ike->nsas, 0);
	end();
}

/* client recovery-check, and a packet process that lost its SA. */
static void
recovery(void **state)
{
	struct sa_event e = { .type = SA_EVENT_NO_SA };
	struct gdoi_group *g;

	(void)state;
	registered();
	ASSERT_LINES(SHOW(&on_gm, show_gdoi_gm, .group = ""),
	    "       DP Error Monitoring   : OFF",
	    "       IPSEC init reg executed    : 0");
	g = (void *)n->nodes[1]->conf->gdoi_groups.first;
	g->recovery_interval = 300;
	net_apply(n->nodes[1]);
	str_copy(e.group, "G1", sizeof(e.group));
	gdoi_sa_event(on_gm.g, &e);
	gdoi_sa_event(on_gm.g, &e);
	net_run(n, 10000);
	e.type = SA_EVENT_REPLAY_TIME;
	gdoi_sa_event(on_gm.g, &e);
	net_run(n, 15000);
	ASSERT_LINES(SHOW(&on_gm, show_gdoi_gm, .group = ""),
	    "       Registration status   : Registered",
	    "       Succeeded registration: 3",
	    "       DP Error Monitoring   : ON",
	    "       DP Error Monitoring interval (sec) : 300",
	    "       DP Error Monitoring recoveries : 1",
	    "       IPSEC init reg executed    : 1",
	    "       IPSEC init reg postponed   : 1");
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_feature, .feature = 4),
	    "        10.9.1.1            1.0.5          Yes");
	end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(more),
		cmocka_unit_test(clear_one),
		cmocka_unit_test(recovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
