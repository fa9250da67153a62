/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Shows and commands about cooperative key servers: every value comes from
 * the state, filled in by hand or by real engines, and the lines are those of
 * IOS.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "pair.h"
#include "coop_net.h"

static struct ks_group *grp;
static struct coop *coop;
static struct coop_peer peer, silent;

/* A secondary at .1; its primary at .2 was there once, .3 never. */
static void
by_hand(void)
{
	registered();
	grp = net_ks(ks);
	coop = xcalloc(1, sizeof(*coop));
	coop->grp = grp;
	coop->self = (struct coop_id){ KS_ADDR, 1 };
	coop->priority = 200;
	coop->role = COOP_SECONDARY;
	coop->primary = KS_ADDR + 1;
	coop->synced = true;
	coop->periodic = 20;
	coop->timeout = 30;
	coop->retransmit = 10;
	coop->retries_max = 3;
	coop->retries = 1;
	coop->bad_pseudotime = 4;
	coop->timer_at = gdoi_now(ks->g) + 21000;
	coop->nservers = 1;
	coop->servers[0] = (struct coop_server){ .id = { KS_ADDR + 1, 7 },
		.role = COOP_PRIMARY, .priority = 245 };
	TAILQ_INIT(&coop->peers);
	peer = (struct coop_peer){ .coop = coop, .addr = KS_ADDR + 1,
		.handle = 8, .ike = COOP_IKE_FAILED, .seq_out = 109,
		.seq_in = 317, .boot = 7, .heard = 1, .optimize = true,
		.coop_version = "1.0.9", .gdoi_version = "1.0.27",
		.n = { 4, 1, 316, 2, 3, 5, 2290, 299927 } };
	silent = (struct coop_peer){ .coop = coop, .addr = KS_ADDR + 2,
		.handle = 9, .ike = COOP_IKE_IN_PROGRESS, .seq_out = 12 };
	TAILQ_INSERT_TAIL(&coop->peers, &peer, link);
	TAILQ_INSERT_TAIL(&coop->peers, &silent, link);
	grp->coop = coop;
}

static void
done(void)
{
	grp->coop = NULL;
	free(coop);
	end();
}

static void
detail(void **state)
{
	const char *t;

	(void)state;
	by_hand();
	t = SHOW(&on_ks, show_gdoi_ks_coop, .detail = true);
	ASSERT_LINES(t, "Crypto Gdoi Group Name :G1",
	    "        Group handle: @, Local Key Server handle: @", "",
	    "        Local Address: 10.9.0.1", "        Local Priority: 200",
	    "        Local KS Role: Secondary , Local KS Status: Alive",
	    "        Local KS version: " GDOI_VERSION,
	    "        Local COOP version: " COOP_VERSION,
	    "        Secondary Timers: ",
	    "                Sec Primary Periodic Time: 30",
	    "                Remaining Time: 21, Retries: 1",
	    "                Invalid ANN PST recvd: 4",
	    "                New GM Temporary Blocking Enforced?: No",
	    "                Antireplay Sequence Number: 109",
	    "        Peer Sessions:", "        Session 1:",
	    "                Server handle: 8",
	    "                Peer Address: 10.9.0.2",
	    "                Peer Version: 1.0.27",
	    "                Peer COOP version: 1.0.9",
	    "                COOP Protocol: optimize",
	    "                Peer Priority: 245            ",
	    "                Peer KS Role: Unknown   , Peer KS Status: Dead",
	    "                Antireplay Sequence Number: 317", "",
	    "                IKE status: Failed", "                Counters:",
	    "                    Ann msgs sent: 4",
	    "                    Ann msgs sent with reply request: 1",
	    "                    Ann msgs recv: 316",
	    "                    Ann msgs recv with reply request: 2",
	    "                    Packet sent drops: 3",
	    "                    Packet Recv drops: 5",
	    "                    Total bytes sent: 2290",
	    "                    Total bytes recv: 299927",
	    "        Session 2:", "                Server handle: 9",
	    "                Peer Address: 10.9.0.3",
	    "                Peer KS Role: Unknown   , Peer KS Status: Unknown",
	    "                Antireplay Sequence Number: 0", "",
	    "                IKE status: In Progress");
	t = strstr(t, "Session 2:");
	assert_null(strstr(t, "Peer Version")); /* nobody said one */
	assert_null(strstr(t, "Peer Priority"));
	done();
}

/* The bare form is that without versions. */
static void
bare(void **state)
{
	const char *t;

	(void)state;
	by_hand();
	coop->role = COOP_PRIMARY;
	coop->primary = KS_ADDR;
	t = SHOW(&on_ks, show_gdoi_ks_coop, .detail = false);
	ASSERT_LINES(t, "        Local Address: 10.9.0.1",
	    "        Local Priority: 200",
	    "        Local KS Role: Primary   , Local KS Status: Alive",
	    "        Primary Timers: ",
	    "                Primary Refresh Policy Time: 20",
	    "                Remaining Time: 21",
	    "                Antireplay Sequence Number: 109",
	    "        Peer Sessions:");
	assert_null(strstr(t, "ersion"));
	assert_null(strstr(t, "COOP"));
	assert_null(strstr(t, "Secondary Timers"));
	t = SHOW(&on_ks, show_gdoi_ks_coop_version, .group = "");
	ASSERT_LINES(t, "Cooperative key server infra Version : " COOP_VERSION,
	    "Client : KS_POLICY_CLIENT     Version : " COOP_VERSION,
	    "Client : GROUP_MEMBER_CLIENT  Version : " COOP_VERSION,
	    "Client : SID_CLIENT           Version : " COOP_VERSION);
	done();
}

#define REDUNDANCY(role)                                                      \
	"    Redundancy               : Configured",                          \
	    "        Local Address        : 10.9.0.1",                        \
	    "        Local Priority       : 200",                             \
	    "        Local KS Status      : Alive",                           \
	    "        Local KS Role        : " role,                           \
	    "        Local KS Version     : " GDOI_VERSION,                   \
	    "        Local COOP Version   : " COOP_VERSION

static void
redundancy(void **state)
{
	(void)state;
	by_hand();
	ASSERT_LINES(SHOW(&on_ks, show_gdoi, .group = ""),
	    "    CKM status               : Disabled", REDUNDANCY("Secondary"),
	    "    Group Rekey Lifetime     : 86400 secs");
	coop->role = COOP_UNKNOWN;
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks, .group = ""),
	    "        access-list A", REDUNDANCY("Unknown"), "");
	grp->coop = NULL;
	assert_null(strstr(SHOW(&on_ks, show_gdoi, .group = ""),
	    "Redundancy"));
	assert_null(strstr(SHOW(&on_ks, show_gdoi_ks, .group = ""),
	    "Redundancy"));
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks_coop, .detail = true),
	    "Crypto Gdoi Group Name :G1",
	    "        Group handle: @, Local Key Server handle: @",
	    "        *NO* redundancy configured for this group");
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks_coop_identifier, .detail = 1),
	    "COOP-KS Sender ID (SID) Information for Group G1:", "",
	    "    *NO* redundancy configured for this group");
	done();
}

/* A member of the other key server, beside the one that registered here. */
static void
add_redundant(void)
{
	struct ks_member *m = ks_get_member(grp, IP(10, 9, 1, 2));

	m->owner = KS_ADDR + 1;
	str_copy(m->version, "1.0.2", sizeof(m->version));
}

static void
members(void **state)
{
	(void)state;
	by_hand();
	add_redundant();
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks_members, .summary = true),
	    "Group Member Information : ", "",
	    "Group Name: G1, ID: 100, Group Members: 2",
	    "Key Server ID: 10.9.0.1, GMDB state: LOCAL, Group Members: 1",
	    "  Member ID     Version      Rekey sent     Rekey Ack missed",
	    "  10.9.1.1      " GDOI_VERSION "        0               0", "",
	    "Key Server ID: 10.9.0.2, GMDB state: REDUNDANT, Group Members: 1",
	    "  Member ID     Version      Rekey sent     Rekey Ack missed",
	    "  10.9.1.2      1.0.2        0               0", "",
	    "Key Server ID: 10.9.0.3, GMDB state: REDUNDANT, Group Members: 0",
	    "  Member ID     Version      Rekey sent     Rekey Ack missed");
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks_members, .group = ""),
	    "Group Member ID    : 10.9.1.1  GM Version: " GDOI_VERSION,
	    " Key Server ID     : 10.9.0.1",
	    "Group Member ID    : 10.9.1.2  GM Version: 1.0.2",
	    " Key Server ID     : 10.9.0.2");
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks, .group = ""),
	    "Total group members registered to this box: 1",
	    "    Group Members            : 2");
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_feature, .feature = 8),
	    "Group Name: G1",
	    "    Key Server ID       Version   Feature Supported",
	    "        10.9.0.1            " GDOI_VERSION "          Yes",
	    "        10.9.0.2            1.0.27         Yes", "",
	    "    Group Member ID     Version   Feature Supported",
	    "        10.9.1.1            " GDOI_VERSION "          Yes",
	    "        10.9.1.2            1.0.2          Yes");
	done();
}

/* What is in use stands with the primary, whose it is. */
static void
policy(void **state)
{
	(void)state;
	by_hand();
	ASSERT_LINES(SHOW(&on_ks, show_gdoi_ks_policy, .group = ""),
	    "Key Server Policy:",
	    "For group G1 (handle: 0xX", "",
	    "For group G1 (handle: 0xX", "", "  # of teks : 1  Seq num : 0",
	    "  KEK POLICY (transport type : Unicast)",
	    "  TEK POLICY (encaps : ENCAPS_TUNNEL)",
	    "For group G1 (handle: 0xX");
	assert_non_null(strstr(on_ks.out.s, "server 10.9.0.2 (handle: 0x8):"
	    "\n\n  # of teks : 1"));
	coop->primary = 0;
	(void)SHOW(&on_ks, show_gdoi_ks_policy, .group = "");
	assert_null(strstr(on_ks.out.s, "server 10.9.0.2 (handle: 0x8):"
	    "\n\n  # of teks : 1"));
	assert_non_null(strstr(on_ks.out.s, "  # of teks : 1"));
	done();
}

static void
identifiers(void **state)
{
	const char *t;

	(void)state;
	by_hand();
	memset(grp->policy->kssids, 0, sizeof(grp->policy->kssids));
	grp->policy->kssids[0] = 0xe; /* 1 to 3 */
	peer.kssids[0] = 0x108;	      /* 3 and 8 */
	peer.sid_bits = 16;
	t = SHOW(&on_ks, show_gdoi_ks_coop_identifier, .detail = true);
	ASSERT_LINES(t, "COOP-KS Sender ID (SID) Information for Group G1:", "",
	    "    Local KS Role: Secondary , Local KS Status: Alive",
	    "        Local Address                : 10.9.0.1",
	    "        Next SID Client Operation    : NOTIFY",
	    "        Re-initializing              : No",
	    "        KSSID Overlap                : Yes",
	    "        SID Length (Group Size) Cfg  : 24 bits (MEDIUM)",
	    "        SID Length (Group Size) Used : 24 bits (MEDIUM)",
	    "        Current KSSID In-Use         : none",
	    "        KSSID(s) Assigned            : 1-3",
	    "        KSSID(s) Used                : none",
	    "        Old KSSID(s) Used            : none", "",
	    "    Peer KS Role: Unknown   , Peer KS Status: Dead",
	    "        Peer Address                 : 10.9.0.2",
	    "        KSSID Overlap                : Yes",
	    "        SID Length (Group Size) Cfg  : 16 bits (SMALL)",
	    "        KSSID(s) Assigned            : 3, 8",
	    "        KSSID(s) Used                : none",
	    "        Old KSSID(s) Used            : none");
	peer.kssids[0] = 0x100;
	t = SHOW(&on_ks, show_gdoi_ks_coop_identifier, .detail = false);
	ASSERT_LINES(t, "        KSSID Overlap                : No");
	assert_null(strstr(t, "Peer"));
	done();
}

/* ---- commands ---- */

#define NOT_PRIMARY                                                           \
	"ERROR for group G1: can only execute this command on Primary KS"

#define REFUSED(f, ...)                                                       \
	do {                                                                  \
		sb_free(&on_ks.out);                                          \
		assert_int_equal(f(&on_ks, &(struct f##_args){                \
		    __VA_ARGS__ }), CLI_FAILED);                              \
	} while (0)

static void
secondary(void **state)
{
	(void)state;
	by_hand();
	REFUSED(exec_gdoi_ks_rekey, .replace = false);
	ASSERT_LINES(on_ks.out.s, NOT_PRIMARY);
	REFUSED(exec_gdoi_ks_rekey, .group = "G1", .replace = true);
	ASSERT_LINES(on_ks.out.s, NOT_PRIMARY);
	REFUSED(clear_gdoi_ks_members, .now = true);
	ASSERT_LINES(on_ks.out.s, NOT_PRIMARY);
	REFUSED(clear_gdoi_ks_policy, .group = "");
	ASSERT_LINES(on_ks.out.s, NOT_PRIMARY);
	REFUSED(clear_crypto_gdoi, .group = "");
	ASSERT_LINES(on_ks.out.s, NOT_PRIMARY);
	assert_int_equal(grp->nmembers, 1);
	assert_null(on_ks.fn);
	/* it lost the role while it was asked */
	coop->role = COOP_PRIMARY;
	assert_int_equal(clear_gdoi_ks_members(&on_ks,
	    &(struct clear_gdoi_ks_members_args){ .now = false }),
	    CLI_PENDING);
	coop->role = COOP_SECONDARY;
	answer(&on_ks, "yes");
	assert_int_equal(on_ks.status, CLI_FAILED);
	assert_int_equal(grp->nmembers, 1);
	ASSERT_LINES(on_ks.out.s, NOT_PRIMARY);
	done();
}

static void
counters(void **state)
{
	(void)state;
	by_hand();
	assert_int_equal(clear_gdoi_ks_coop_counters(&on_ks,
	    &(struct clear_gdoi_ks_coop_counters_args){ .group = "G1" }), 0);
	assert_int_equal(peer.n.sent + peer.n.recv + peer.n.bytes_recv, 0);
	assert_int_equal(coop->bad_pseudotime, 0);
	assert_int_equal(peer.seq_in, 317); /* no counter */
	done();
}

/* Groups without redundancy, no such group, no key server at all. */
static void
refused(void **state)
{
	(void)state;
	registered();
	REFUSED(clear_gdoi_ks_coop_counters, .group = "G1");
	ASSERT_LINES(on_ks.out.s, "% No redundancy configured for group G1");
	REFUSED(clear_gdoi_ks_coop_role, .group = "");
	ASSERT_LINES(on_ks.out.s, "% No redundancy configured");
	REFUSED(clear_gdoi_ks_coop_role, .group = "G7");
	ASSERT_LINES(on_ks.out.s,
	    "% This router is no key server of group G7");
	end();
}

static void
json(void **state)
{
	json_t *j, *r, *p;

	(void)state;
	by_hand();
	add_redundant();
	j = JSON(&on_ks, show_gdoi_ks_coop, .detail = false);
	r = json_object_get(json_array_get(json_object_get(j, "groups"), 0),
	    "redundancy");
	assert_string_equal(json_string_value(json_object_get(r, "role")),
	    "Secondary");
	assert_string_equal(json_string_value(json_object_get(r, "primary")),
	    "10.9.0.2");
	assert_int_equal(json_integer_value(json_object_get(r,
	    "remaining_seconds")), 21);
	assert_int_equal(json_array_size(json_object_get(r, "peers")), 2);
	p = json_array_get(json_object_get(r, "peers"), 0);
	assert_string_equal(json_string_value(json_object_get(p, "version")),
	    "1.0.27");
	assert_int_equal(json_integer_value(json_object_get(p,
	    "bytes_received")), 299927);
	p = json_array_get(json_object_get(r, "peers"), 1);
	assert_null(json_object_get(p, "version"));
	json_decref(j);
	j = JSON(&on_ks, show_gdoi_ks_members, .summary = true);
	p = json_object_get(json_array_get(json_object_get(j, "groups"), 0),
	    "members");
	assert_int_equal(json_array_size(p), 2);
	assert_string_equal(json_string_value(json_object_get(
	    json_array_get(p, 1), "key_server")), "10.9.0.2");
	json_decref(j);
	done();
}

/* ---- with the real engines ---- */

static struct cli_ctx on[3];

/* Three of them, the last one has the highest priority. */
static void
three(void)
{
	unsigned i;

	n = net_new(7);
	cks_start(n, 3, NULL, &cks_fast);
	memset(on, 0, sizeof(on));
	for (i = 0; i < 3; i++)
		on[i].g = n->nodes[i]->g;
	(void)cks_settle(n, 10000, "at the start");
	net_run(n, 5000);
}

static void
three_end(void)
{
	unsigned i;

	for (i = 0; i < 3; i++)
		sb_free(&on[i].out);
	net_free(n);
}

static void
roles(void **state)
{
	(void)state;
	three();
	ASSERT_LINES(SHOW(&on[2], show_gdoi_ks_coop, .detail = true),
	    "        Local Address: 10.9.0.3", "        Local Priority: 3",
	    "        Local KS Role: Primary   , Local KS Status: Alive",
	    "        Primary Timers: ",
	    "                Primary Refresh Policy Time: 1",
	    "                Remaining Time: 1", "        Session 1:",
	    "                Peer Address: 10.9.0.1",
	    "                Peer Version: " GDOI_VERSION,
	    "                Peer COOP version: " COOP_VERSION,
	    "                COOP Protocol: base",
	    "                Peer Priority: 1              ",
	    "                Peer KS Role: Secondary , Peer KS Status: Alive",
	    "                IKE status: Established",
	    "                Counters:",
	    "        Session 2:", "                Peer Address: 10.9.0.2",
	    "                Peer KS Role: Secondary , Peer KS Status: Alive");
	ASSERT_LINES(SHOW(&on[0], show_gdoi_ks_coop, .detail = false),
	    "        Local KS Role: Secondary , Local KS Status: Alive",
	    "        Secondary Timers: ",
	    "                Sec Primary Periodic Time: 3",
	    "                Remaining Time: X",
	    "                Peer Address: 10.9.0.3",
	    "                Peer KS Role: Primary   , Peer KS Status: Alive",
	    "                    Packet sent drops: 0");
	assert_null(strstr(on[0].out.s, "Ann msgs recv: 0\n"));
	ASSERT_LINES(SHOW(&on[1], show_gdoi_feature, .feature = 8),
	    "        10.9.0.2            " GDOI_VERSION "          Yes",
	    "        10.9.0.1            " GDOI_VERSION "          Yes",
	    "        10.9.0.3            " GDOI_VERSION "          Yes");
	three_end();
}

static void
dies(void **state)
{
	(void)state;
	three();
	cks_kill(n->nodes[2]);
	(void)cks_settle(n, 20000, "without the primary");
	ASSERT_LINES(SHOW(&on[1], show_gdoi_ks_coop, .detail = false),
	    "        Local KS Role: Primary   , Local KS Status: Alive",
	    "                Peer Address: 10.9.0.3",
	    "                Peer KS Role: Unknown   , Peer KS Status: Dead");
	ASSERT_LINES(SHOW(&on[0], show_gdoi_ks_coop, .detail = false),
	    "                Peer Address: 10.9.0.2",
	    "                Peer KS Role: Primary   , Peer KS Status: Alive");
	three_end();
}

/* Nobody is pushed aside before all elect anew. */
static void
role_cleared(void **state)
{
	(void)state;
	three();
	cks_kill(n->nodes[2]);
	(void)cks_settle(n, 20000, "without the primary");
	cks_revive(n->nodes[2]);
	on[2].g = n->nodes[2]->g;
	net_run(n, 10000);
	(void)cks_settle(n, 20000, "with the old one");
	assert_ptr_equal(cks_primary(n), n->nodes[1]);
	sb_free(&on[2].out);
	assert_int_equal(exec_gdoi_ks_rekey(&on[2],
	    &(struct exec_gdoi_ks_rekey_args){ .replace = false }),
	    CLI_FAILED);
	ASSERT_LINES(on[2].out.s, NOT_PRIMARY);
	assert_int_equal(clear_gdoi_ks_coop_role(&on[1],
	    &(struct clear_gdoi_ks_coop_role_args){ .group = "G1" }), 0);
	net_run(n, 5000);
	(void)cks_settle(n, 20000, "after the election");
	assert_ptr_equal(cks_primary(n), n->nodes[2]);
	three_end();
}

/* An AES-GCM group; KSSIDs 1 to 3 are the first one's, 4 to 6 the second's. */
static void
with_gcm(struct node *node, uint64_t kssids)
{
	struct transform_set *t = (void *)node->conf->transform_sets.first;
	struct gdoi_identifier *id = tc_add(&tc_local(node->conf)->identifiers,
	    sizeof(*id));
	struct gdoi_kssid *k = tc_add(&id->kssids, sizeof(*k));

	t->esp = (struct esp_transform){ .cipher = ESP_AES_GCM,
		.key_bits = 128 };
	k->set[0] = kssids;
}

static void
claims(void **state)
{
	unsigned i;

	(void)state;
	n = net_new(8);
	memset(on, 0, sizeof(on));
	for (i = 0; i < 2; i++)
		with_gcm(cks_add(n, i, 2, (uint8_t)(i + 1), &cks_fast),
		    i == 0 ? 0xe : 0x70);
	net_apply_all(n);
	for (i = 0; i < 2; i++)
		on[i].g = n->nodes[i]->g;
	(void)cks_settle(n, 10000, "at the start");
	net_run(n, 10000);
	ASSERT_LINES(SHOW(&on[0], show_gdoi_ks_coop_identifier, .detail = true),
	    "        Next SID Client Operation    : NOTIFY",
	    "        KSSID Overlap                : No",
	    "        KSSID(s) Assigned            : 1-3",
	    "    Peer KS Role: Primary   , Peer KS Status: Alive",
	    "        Peer Address                 : 10.9.0.2",
	    "        SID Length (Group Size) Cfg  : 24 bits (MEDIUM)",
	    "        KSSID(s) Assigned            : 4-6",
	    "        KSSID(s) Used                : 4",
	    "        Old KSSID(s) Used            : none");
	/* in its next life it takes the next one */
	cks_kill(n->nodes[1]);
	net_run(n, 10000);
	cks_revive(n->nodes[1]);
	on[1].g = n->nodes[1]->g;
	(void)cks_settle(n, 10000, "with the old one");
	net_run(n, 10000);
	ASSERT_LINES(SHOW(&on[1], show_gdoi_ks_coop_identifier, .detail = 0),
	    "    Local KS Role: Secondary , Local KS Status: Alive",
	    "        KSSID(s) Assigned            : 4-6",
	    "        Old KSSID(s) Used            : 4");
	three_end();
}

/* A member of the secondary is known to the primary, whose policy it has. */
static void
redundant(void **state)
{
	unsigned i;

	(void)state;
	n = net_new(9);
	memset(on, 0, sizeof(on));
	for (i = 0; i < 2; i++)
		cks_add(n, i, 2, (uint8_t)(i + 1), &cks_fast);
	net_add_gm(n, 0);
	net_apply_all(n);
	for (i = 0; i < 2; i++)
		on[i].g = n->nodes[i]->g;
	(void)cks_settle(n, 10000, "at the start");
	assert_true(net_until(n, 60000, net_registered));
	net_run(n, 5000);
	ASSERT_LINES(SHOW(&on[1], show_gdoi_ks_members, .summary = true),
	    "Group Name: G1, ID: 100, Group Members: 1",
	    "Key Server ID: 10.9.0.2, GMDB state: LOCAL, Group Members: 0",
	    "Key Server ID: 10.9.0.1, GMDB state: REDUNDANT, Group Members: 1",
	    "  10.9.1.1      " GDOI_VERSION "        0               0");
	ASSERT_LINES(SHOW(&on[0], show_gdoi_ks_members, .summary = true),
	    "Key Server ID: 10.9.0.1, GMDB state: LOCAL, Group Members: 1",
	    "Key Server ID: 10.9.0.2, GMDB state: REDUNDANT, Group Members: 0");
	ASSERT_LINES(SHOW(&on[1], show_gdoi_ks, .group = ""),
	    "Total group members registered to this box: 0",
	    "    Group Members            : 1");
	(void)SHOW(&on[0], show_gdoi_ks_policy, .group = "");
	assert_non_null(strstr(strstr(on[0].out.s, "server 10.9.0.2"),
	    "TEK POLICY"));
	three_end();
}

static void
counters_live(void **state)
{
	struct coop_peer *p;

	(void)state;
	three();
	p = TAILQ_FIRST(&cks(n->nodes[2])->peers);
	assert_true(p->n.sent > 0 && p->n.bytes_sent > 0);
	assert_int_equal(clear_gdoi_ks_coop_counters(&on[2],
	    &(struct clear_gdoi_ks_coop_counters_args){ .group = "" }), 0);
	assert_int_equal(p->n.sent + p->n.bytes_sent, 0);
	net_run(n, 5000);
	assert_true(p->n.sent > 0 && p->n.sent <= 10);
	three_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detail),
		cmocka_unit_test(bare),
		cmocka_unit_test(redundancy),
		cmocka_unit_test(members),
		cmocka_unit_test(policy),
		cmocka_unit_test(identifiers),
		cmocka_unit_test(secondary),
		cmocka_unit_test(counters),
		cmocka_unit_test(refused),
		cmocka_unit_test(json),
		cmocka_unit_test(roles),
		cmocka_unit_test(dies),
		cmocka_unit_test(role_cleared),
		cmocka_unit_test(claims),
		cmocka_unit_test(redundant),
		cmocka_unit_test(counters_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
