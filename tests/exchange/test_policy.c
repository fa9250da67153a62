/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The policy of a living group changes: what is announced, rekeys by hand,
 * replace-now, removal of members, several sa ipsec. Whatever is done and
 * lost, members come to the same policy and can talk at each moment.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

static struct net *
start(uint64_t seed, unsigned members)
{
	struct net *n = net_new(seed);
	unsigned i;

	net_add_ks(n, KS_ADDR);
	for (i = 0; i < members; i++)
		net_add_gm(n, i);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	net_run(n, SEC);
	return n;
}

/* ---- what is announced ---- */

static void
announced_once(void **state)
{
	struct net *n = start(1, 2);
	struct node *ks = n->nodes[0];
	const unsigned *log = &ks->logs[LOG_KS_POLICY_CHANGE];
	struct conf *c;
	unsigned i;

	(void)state;
	/* line by line, each delivered by itself */
	for (i = 0; i < 3; i++) {
		c = net_edit(ks);
		tc_ace((void *)c->acls.first, ACE_PERMIT, IP(172, 16 + i, 0, 0),
		    0xffff, 0, UINT32_MAX);
		net_typed(ks);
	}
	assert_int_equal(*log, 0);
	gdoi_settled(ks->g);
	assert_int_equal(*log, 1);
	gdoi_settled(ks->g);
	(void)net_edit(ks);
	net_left(ks);
	assert_int_equal(*log, 1);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	(void)net_edit(ks);
	net_left(ks);
	assert_int_equal(*log, 1);
	/* there and back again: nothing to send */
	tc_profile(net_edit(ks))->lifetime = 7200;
	net_typed(ks);
	tc_profile(net_edit(ks))->lifetime = 3600;
	net_left(ks);
	assert_int_equal(*log, 1);
	net_run(n, 5 * SEC);
	assert_int_equal(n->nodes[1]->npermit, 4);
	net_free(n);
}

/* Each thing that can be configured: whether it is announced. */
static void
c_entry(struct conf *c)
{
	tc_ace((void *)c->acls.first, ACE_DENY, 1, 0, 2, 0);
}

static void
c_acl_name(struct conf *c)
{
	struct gdoi_sa *sa = (void *)tc_local(c)->sas.first;

	tc_ace(tc_acl(c, "B"), ACE_PERMIT, IP(10, 0, 0, 0), 0xffffff,
	    IP(10, 0, 0, 0), 0xffffff);
	str_copy(sa->acl, "B", sizeof(sa->acl));
}

static void
c_profile_name(struct conf *c)
{
	struct gdoi_sa *sa = (void *)tc_local(c)->sas.first;

	str_copy(tc_profile(c)->name, "Q", CONF_NAME);
	str_copy(sa->profile, "Q", sizeof(sa->profile));
}

static void
c_transform(struct conf *c)
{
	((struct transform_set *)(void *)c->transform_sets.first)
	    ->esp.key_bits = 256;
}

static void
c_lifetime(struct conf *c)
{
	tc_profile(c)->lifetime = 1800;
}

static void
c_replay(struct conf *c)
{
	((struct gdoi_sa *)(void *)tc_local(c)->sas.first)->window = 128;
}

static void
c_identity(struct conf *c)
{
	((struct gdoi_group *)(void *)c->gdoi_groups.first)->id = 200;
}

static void
c_address(struct conf *c)
{
	tc_local(c)->addr = IP(10, 9, 0, 77);
}

static void
c_label(struct conf *c)
{
	str_copy(tc_local(c)->rsa_label, "OTHER", CONF_NAME);
}

static void
c_kek_life(struct conf *c)
{
	tc_local(c)->rekey_lifetime = 7200;
}

static void
c_kek_algorithm(struct conf *c)
{
	tc_local(c)->rekey_key_bits = 128;
}

static void
c_retransmit(struct conf *c)
{
	tc_local(c)->retransmit_secs = 20;
	tc_local(c)->retransmit_count = 5;
}

static void
c_add_sa(struct conf *c)
{
	tc_ace(tc_acl(c, "B"), ACE_PERMIT, 1, 0, 2, 0);
	(void)tc_sa(c, 2, "B");
}

static void
c_number(struct conf *c)
{
	((struct gdoi_sa *)(void *)tc_local(c)->sas.first)->number = 7;
}

static void
what_is_announced(void **state)
{
	static const struct {
		void (*change)(struct conf *);
		bool logged;
	} rows[] = {
		{ c_entry, true },
		{ c_acl_name, false },
		{ c_profile_name, false },
		{ c_transform, true },
		{ c_lifetime, true },
		{ c_replay, true },
		{ c_identity, false },
		{ c_address, false },
		{ c_label, true },
		{ c_kek_life, true },
		{ c_kek_algorithm, true },
		{ c_retransmit, false },
		{ c_add_sa, true },
		{ c_number, true },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct net *n = start(20 + i, 2);
		struct node *ks = n->nodes[0];
		struct ks_group *grp = net_ks(ks);
		uint32_t spi = newest_spi(n);
		uint8_t kek[KEK_SPI_LEN];

		(void)rsa_generate(ks->g->rsa, "OTHER", 1024, false, 1000);
		memcpy(kek, grp->kek->k.spi, sizeof(kek));
		rows[i].change(net_edit(ks));
		net_left(ks);
		if (ks->logs[LOG_KS_POLICY_CHANGE] != rows[i].logged)
			fail_msg("row %u", i);
		/* the keys of now go on either way, and a rekey carries it */
		assert_int_equal(newest_spi(n), spi);
		assert_memory_equal(grp->kek->k.spi, kek, sizeof(kek));
		talk_for(n, 5, "changed");
		assert_null(ks_rekey(grp, REKEY_ALL));
		talk_for(n, 200, "after the rekey");
		assert_true(converged(n));
		assert_int_equal(n->nodes[1]->logs[LOG_GM_REGSTER], 1);
		assert_int_equal(n->nodes[1]->logs[LOG_GM_REKEY_FAILURE], 0);
		assert_int_equal(ks->logs[LOG_KS_POLICY_CHANGE],
		    rows[i].logged);
		net_free(n);
	}
}

/* A scheduled rekey carries the change too, and what depends on it. */
static void
scheduled(void **state)
{
	struct net *n = start(40, 3);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	struct conf *c = net_edit(ks);

	(void)state;
	c_transform(c);
	c_kek_algorithm(c);
	c_entry(c);
	net_left(ks);
	assert_int_equal(gm->ndeny, 0);
	talk_for(n, 3300, "until the scheduled one");
	assert_true(converged(n));
	assert_int_equal(gm->ndeny, 1);
	assert_int_equal(net_gm(gm)->kek.key_bits, 128);
	assert_int_equal(talk_tek(gm, newest_spi(n))->transform.key_bits, 256);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

static void
emptied_acl(void **state)
{
	struct net *n = start(41, 2);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	struct ks_group *grp = net_ks(ks);
	uint32_t spi = newest_spi(n);
	struct acl *a;

	(void)state;
	a = (void *)net_edit(ks)->acls.first;
	((struct acl_entry *)(void *)a->entries.first)->ace.action = ACE_DENY;
	net_left(ks);
	assert_int_equal(ks->logs[LOG_KS_POLICY_CHANGE], 0);
	assert_int_equal(ks->logs[LOG_KS_NO_ACL], 1);
	assert_non_null(ks_rekey(grp, REKEY_ALL));
	assert_int_equal(ks->logs[LOG_KS_NO_ACL], 2);
	assert_non_null(ks_rekey(grp, REKEY_REPLACE));
	assert_int_equal(newest_spi(n), spi);
	/* the group lives on with what it had, and so do who joins it */
	gm_clear(net_gm(gm));
	net_run(n, 2 * SEC);
	talk_for(n, 4 * 3600, "without an ACL");
	assert_int_equal(gm->npermit, 1);
	assert_int_equal(n->nodes[2]->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

/* ---- rekeys by hand ---- */

static void
shortened(void **state)
{
	static const struct {
		uint32_t life, at, left;
	} rows[] = {
		/* MIN(left, MAX(90, MIN(5% of life, 3600))) */
		{ 3600, 0, 180 },
		{ 86400, 1000, 3600 },
		{ 1000, 100, 90 },
		{ 3600, 3200, 180 }, /* there are two by then */
	};
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct net *n = net_new(50 + i);
		struct node *ks = net_add_ks(n, KS_ADDR);
		struct ks_group *grp;
		struct ks_tek *t;
		unsigned j;

		tc_profile(ks->conf)->lifetime = rows[i].life;
		for (j = 0; j < 3; j++)
			net_add_gm(n, j);
		net_apply_all(n);
		assert_true(net_until(n, 5 * SEC, net_registered));
		net_run(n, rows[i].at * SEC);
		grp = net_ks(ks);
		assert_null(ks_rekey(grp, REKEY_ALL));
		t = TAILQ_NEXT(TAILQ_FIRST(&grp->teks), link);
		assert_int_equal(secs_until(ks->g, t->expires), rows[i].left);
		assert_int_equal(t->override, rows[i].left);
		talk_for(n, rows[i].left + 40, "shortened");
		assert_int_equal(talk_live(n->nodes[2]), 1);
		assert_true(converged(n));
		net_free(n);
	}
}

/* Who misses it is told until it has answered, long enough to be in time. */
static struct {
	uint32_t to;
	uint64_t until;
	unsigned char exchange;
} losing;

static bool
lose_some(struct net *n, struct datagram *d)
{
	return d->to.addr != losing.to || n->now >= losing.until ||
	    d->data[18] != losing.exchange;
}

static void
missed_rekey(void **state)
{
	struct net *n = start(60, 3);
	struct node *ks = n->nodes[0];

	(void)state;
	losing.to = n->nodes[2]->addr;
	losing.until = n->now + 100 * SEC;
	losing.exchange = GDOI_X_PUSH;
	n->tap = lose_some;
	c_transform(net_edit(ks));
	net_left(ks);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	talk_for(n, 400, "a rekey was missed for long");
	assert_true(converged(n));
	assert_int_equal(n->nodes[2]->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(net_ks(ks)->nmembers, 3);
	net_free(n);
}

static void
replace_now(void **state)
{
	struct net *n = start(61, 3);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	uint32_t old = newest_spi(n);
	uint8_t kek[KEK_SPI_LEN];

	(void)state;
	memcpy(kek, net_ks(ks)->kek->k.spi, sizeof(kek));
	assert_null(ks_rekey(net_ks(ks), REKEY_REPLACE));
	assert_non_null(strstr(ks->last[LOG_KS_SEND_UNICAST_REKEY],
	    "Rekey with policy-replace for group G1 from address 10.9.0.1"));
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_REPLACE_NOW], 1);
	assert_null(talk_tek(gm, old));
	assert_int_equal(talk_live(gm), 1);
	assert_true(converged(n));
	assert_memory_not_equal(net_gm(gm)->kek.spi, kek, sizeof(kek));
	talk_for(n, 3600 * 3, "replaced");
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

/* Rekeys in a row have an end, before datagrams get too long. */
static void
many_rekeys(void **state)
{
	struct net *n = start(62, 2);
	struct node *ks = n->nodes[0];
	struct acl *a = (void *)net_edit(ks)->acls.first;
	unsigned i, done = 0;

	(void)state;
	for (i = 0; i < 90; i++)
		tc_ace(a, ACE_PERMIT, IP(20, i, 0, 0), 0xffff,
		    IP(21, 0, 0, 0), 0xffff);
	net_left(ks);
	for (i = 0; i < 30; i++) {
		done += ks_rekey(net_ks(ks), REKEY_ALL) == NULL;
		talk_for(n, 2, "rekey after rekey");
	}
	assert_int_equal(done, 7);
	talk_for(n, 300, "after them");
	assert_true(converged(n));
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	assert_int_equal(ks->logs[LOG_KS_NO_POLICY], 0);
	net_free(n);
}

/* ---- removal ---- */

/* The one whose pre-shared key was revoked loses access when its TEK ends;
 * the others never stop talking. */
static void
removed(void **state)
{
	struct net *n = start(70, 6);
	struct node *ks = n->nodes[0], *out = n->nodes[3];
	struct ks_group *grp = net_ks(ks);
	uint32_t old = newest_spi(n);
	unsigned i;

	(void)state;
	(void)tc_key(net_edit(ks), "REVOKED", out->addr, UINT32_MAX);
	net_left(ks);
	ks_remove_members(grp, REMOVE_GRACEFUL);
	assert_int_equal(grp->nmembers, 0);
	assert_int_equal(ks->logs[LOG_GM_DELETE], 6);
	net_run(n, 20);
	for (i = 1; i <= 6; i++) {
		assert_int_equal(n->nodes[i]->logs[LOG_GM_RECV_DELETE], 1);
		assert_false(net_gm(n->nodes[i])->has_kek);
		assert_int_equal(talk_live(n->nodes[i]), 1);
		assert_non_null(talk_tek(n->nodes[i], old));
	}
	talk_for(n, 140, "until the old TEK is left");
	assert_int_equal(grp->nmembers, 5);
	for (i = 1; i <= 6; i++) {
		bool in = n->nodes[i] != out;

		assert_int_equal(talk_tek(n->nodes[i], newest_spi(n)) != NULL,
		    in);
		if (in)
			assert_int_equal(n->nodes[i]->logs[LOG_GM_REGS_COMPL],
			    2);
	}
	net_run(n, 100 * SEC);
	assert_int_equal(talk_live(out), 0);
	assert_true(out->policy); /* what it would encrypt it drops */
	assert_true(TAILQ_EMPTY(&grp->farewells));
	talk_for(n, 3600, "later");
	assert_int_equal(talk_live(out), 0);
	net_free(n);
}

static void
removed_now(void **state)
{
	struct net *n = start(71, 4);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	uint32_t old = newest_spi(n);

	(void)state;
	ks_remove_members(net_ks(ks), REMOVE_NOW);
	net_run(n, 20);
	assert_int_equal(gm->logs[LOG_GM_RECV_DELETE_NOW], 1);
	assert_int_equal(talk_live(gm), 0);
	assert_true(gm->policy);
	assert_true(net_until(n, 8 * SEC, net_registered));
	net_run(n, SEC);
	assert_null(talk_tek(gm, old));
	assert_true(converged(n));
	assert_int_equal(net_ks(ks)->nmembers, 4);
	net_free(n);
}

/* The message is lost for a minute: it is repeated, although the list is
 * empty, and only to who has not heard. */
static void
removal_is_repeated(void **state)
{
	static const enum removal how[] = { REMOVE_GRACEFUL, REMOVE_NOW,
		REMOVE_CLEAR };
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(how); i++) {
		struct net *n = start(72 + i, 3);
		struct node *ks = n->nodes[0], *gm = n->nodes[2];
		uint32_t old = newest_spi(n);

		losing.to = gm->addr;
		losing.until = n->now + 60 * SEC;
		losing.exchange = GDOI_X_PUSH;
		n->tap = lose_some;
		ks_remove_members(net_ks(ks), how[i]);
		net_run(n, 55 * SEC);
		assert_non_null(talk_tek(gm, old));
		assert_int_equal(n->nodes[1]->logs[LOG_GM_RECV_DELETE] +
		    n->nodes[1]->logs[LOG_GM_RECV_DELETE_NOW], 1);
		net_run(n, 140 * SEC);
		assert_null(talk_tek(gm, old));
		assert_true(net_registered(n));
		assert_true(converged(n));
		assert_true(TAILQ_EMPTY(&net_ks(ks)->farewells));
		assert_int_equal(n->nodes[1]->logs[LOG_GM_REGSTER], 2);
		net_free(n);
	}
}

/* Who hears of its removal when one of the TEKs of then has ended. */
static void
heard_late(void **state)
{
	struct net *n = start(76, 2);
	struct node *ks = n->nodes[0], *gm = n->nodes[2];

	(void)state;
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, 150 * SEC); /* the first TEK has 30 s left */
	losing.to = gm->addr;
	losing.until = n->now + 35 * SEC;
	losing.exchange = GDOI_X_PUSH;
	n->tap = lose_some;
	ks_remove_members(net_ks(ks), REMOVE_GRACEFUL);
	talk_for(n, 240, "removed");
	assert_int_equal(gm->logs[LOG_GM_RECV_DELETE], 1);
	assert_int_equal(gm->logs[LOG_GM_REJECTING_SA], 0);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	assert_true(converged(n));
	net_free(n);
}

/* A member that registers while a rekey is sent out, and misses the push
 * that brings it up to date: it is sent again although all others have
 * answered. */
static bool
rekey_once(struct net *n, struct datagram *d)
{
	if (d->data[18] == GDOI_X_PULL && d->from.addr == KS_ADDR) {
		n->tap = lose_some;
		assert_null(ks_rekey(net_ks(n->nodes[0]), REKEY_ALL));
		losing.until = n->now + 15 * SEC;
	}
	return true;
}

static void
rekeyed_in_pull(void **state)
{
	struct net *n = start(77, 3);
	struct node *gm = n->nodes[2];

	(void)state;
	gm_clear(net_gm(gm));
	losing.to = gm->addr;
	losing.exchange = GDOI_X_PUSH;
	n->tap = rekey_once;
	assert_true(net_until(n, 10 * SEC, net_registered));
	assert_null(talk_tek(gm, newest_spi(n)));
	assert_false(net_ks(n->nodes[0])->rekey.active &&
	    net_ks(n->nodes[0])->rekey.waiting == 0);
	talk_for(n, 200, "a rekey met a registration");
	assert_true(converged(n));
	net_free(n);
}

/* Acknowledgements are lost: the key server does not know that the member
 * has the KEK of the first rekey when it sends the second and third. */
static bool
lose_acks(struct net *n, struct datagram *d)
{
	return d->from.addr != losing.to || n->now >= losing.until ||
	    d->data[18] != losing.exchange;
}

static void
acks_lost(void **state)
{
	struct net *n = start(78, 3);
	struct node *ks = n->nodes[0], *gm = n->nodes[2];
	unsigned i;

	(void)state;
	losing.to = gm->addr;
	losing.until = n->now + 100 * SEC;
	losing.exchange = GDOI_X_PUSH;
	n->tap = lose_acks;
	for (i = 0; i < 3; i++) {
		assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
		talk_for(n, 5, "no ACK");
		assert_true(converged(n));
	}
	ks_remove_members(net_ks(ks), REMOVE_GRACEFUL);
	talk_for(n, 240, "removed");
	assert_int_equal(gm->logs[LOG_GM_RECV_DELETE], 1);
	assert_true(converged(n));
	assert_true(TAILQ_EMPTY(&net_ks(ks)->farewells));
	net_free(n);
}

/* In the middle of a registration: it gets none of the old keys. */
static bool
remove_once(struct net *n, struct datagram *d)
{
	if (d->data[18] == GDOI_X_PULL && d->from.addr == KS_ADDR) {
		n->tap = NULL;
		ks_remove_members(net_ks(n->nodes[0]), REMOVE_GRACEFUL);
	}
	return true;
}

static void
removed_in_pull(void **state)
{
	struct net *n = net_new(75);

	(void)state;
	(void)net_add_ks(n, KS_ADDR);
	(void)net_add_gm(n, 0);
	n->tap = remove_once;
	net_apply_all(n);
	assert_true(net_until(n, 60 * SEC, net_registered));
	assert_non_null(talk_tek(n->nodes[1], newest_spi(n)));
	assert_memory_equal(net_gm(n->nodes[1])->kek.spi,
	    net_ks(n->nodes[0])->kek->k.spi, KEK_SPI_LEN);
	net_free(n);
}

static void
old_members(void **state)
{
	static const struct {
		const char *version;
		bool old;
	} rows[] = { { "1.0.1", true }, { "0.0.0", true }, { "", true },
		{ "1.0.2", false }, { "1.0.16", false }, { "1.1.0", false },
		{ "2.0.0", false } };
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		assert_int_equal(gdoi_version_before(rows[i].version, "1.0.2"),
		    rows[i].old);
}

/* ---- several sa ipsec ---- */

static void
c_two(struct conf *c)
{
	tc_ace(tc_acl(c, "B"), ACE_PERMIT, IP(11, 0, 0, 0), 0xffffff,
	    IP(11, 0, 0, 0), 0xffffff);
	(void)tc_sa(c, 20, "B");
}

static void
sas_come_and_go(void **state)
{
	struct net *n = start(80, 4);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	struct ks_group *grp = net_ks(ks);
	struct gdoi_local *l;
	struct gdoi_sa *sa;

	(void)state;
	c_two(net_edit(ks)); /* comes */
	net_left(ks);
	assert_null(ks_rekey(grp, REKEY_ALL));
	talk_for(n, 300, "a second sa ipsec");
	assert_true(converged(n));
	assert_int_equal(talk_live(gm), 2);
	l = tc_local(net_edit(ks)); /* gets another number */
	((struct gdoi_sa *)(void *)l->sas.first)->number = 5;
	net_left(ks);
	assert_null(ks_rekey(grp, REKEY_ALL));
	talk_for(n, 300, "another number");
	assert_true(converged(n));
	assert_int_equal(talk_live(gm), 2);
	l = tc_local(net_edit(ks)); /* its own profile */
	sa = (void *)l->sas.first->next;
	*tc_profile(ks->conf) = *tc_profile(ks->conf);
	{
		struct transform_set *t = tc_add(&ks->conf->transform_sets,
		    sizeof(*t));
		struct ipsec_profile *p = tc_add(&ks->conf->ipsec_profiles,
		    sizeof(*p));

		str_copy(t->name, "T2", sizeof(t->name));
		t->esp = (struct esp_transform){ ESP_3DES, ESP_AUTH_MD5, 192 };
		str_copy(p->name, "P2", sizeof(p->name));
		str_copy(p->sets.set1, "T2", sizeof(p->sets.set1));
		p->lifetime = 600;
		str_copy(sa->profile, "P2", sizeof(sa->profile));
	}
	net_left(ks);
	assert_null(ks_rekey(grp, REKEY_ALL));
	talk_for(n, 2 * 3600, "two lifetimes");
	assert_true(converged(n));
	sa = (void *)tc_local(net_edit(ks))->sas.first; /* goes */
	l = tc_local(ks->conf);
	l->sas.first = sa->obj.next;
	l->sas.n--;
	net_left(ks);
	assert_null(ks_rekey(grp, REKEY_ALL));
	talk_for(n, 2 * 3600, "the first one is gone");
	assert_true(converged(n));
	assert_int_equal(gm->npermit, 1);
	/* nobody had to register for any of this */
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	/* tc_free() of the one that was taken out of the list */
	free(sa);
	net_free(n);
}

/* An sa ipsec goes and comes back within the life of its TEK: who joins in
 * between never gets the old one, so nobody may send with it. */
static void
sa_comes_back(void **state)
{
	struct net *n = start(81, 3);
	struct node *ks = n->nodes[0];
	struct gdoi_local *l;
	void *gone;

	(void)state;
	c_two(net_edit(ks));
	net_left(ks);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	talk_for(n, 200, "two");
	l = tc_local(net_edit(ks));
	gone = l->sas.last;
	l->sas.last = l->sas.first;
	l->sas.first->next = NULL;
	l->sas.n--;
	net_left(ks);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	talk_for(n, 200, "one");
	assert_int_equal(talk_live(n->nodes[1]), 1);
	net_restart(n->nodes[3]);
	n->nodes[3]->nteks = 0;
	talk_for(n, 10, "one starts anew");
	(void)tc_sa(net_edit(ks), 20, "B");
	net_left(ks);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	talk_for(n, 300, "two again");
	assert_true(converged(n));
	free(gone);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announced_once),
		cmocka_unit_test(what_is_announced),
		cmocka_unit_test(scheduled),
		cmocka_unit_test(emptied_acl),
		cmocka_unit_test(shortened),
		cmocka_unit_test(missed_rekey),
		cmocka_unit_test(replace_now),
		cmocka_unit_test(many_rekeys),
		cmocka_unit_test(removed),
		cmocka_unit_test(removed_now),
		cmocka_unit_test(removal_is_repeated),
		cmocka_unit_test(removed_in_pull),
		cmocka_unit_test(heard_late),
		cmocka_unit_test(rekeyed_in_pull),
		cmocka_unit_test(acks_lost),
		cmocka_unit_test(old_members),
		cmocka_unit_test(sas_come_and_go),
		cmocka_unit_test(sa_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
