/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a member finds its way back: each trigger of a registration
 * (ios-getvpn.md 2.5), the order of the servers and the pauses between
 * (2.2), restarts of either side, and clocks that jump. Time is simulated.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"
#include "talk.h"

#define KS2_ADDR IP(10, 9, 0, 2)
#define KS3_ADDR IP(10, 9, 0, 3)

static void
times(struct node *ks, uint32_t tek, uint32_t kek)
{
	tc_profile(ks->conf)->lifetime = tek;
	tc_local(ks->conf)->rekey_lifetime = kek;
}

/* A key server and two members, TEKs and KEK of that many seconds. */
static struct net *
start(uint64_t seed, uint32_t tek, uint32_t kek)
{
	struct net *n = net_new(seed);

	times(net_add_ks(n, KS_ADDR), tek, kek);
	net_add_gm(n, 0);
	net_add_gm(n, 1);
	net_apply_all(n);
	assert_true(net_until(n, 5000, net_registered));
	net_run(n, 5000);
	return n;
}

static bool
drop_pushes(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != GDOI_X_PUSH;
}

static void
port_is(struct node *gm, uint32_t addr, bool up)
{
	struct port p = { .index = 1, .addr = addr, .mask = 0xffffff00,
		.mtu = 1500, .up = up };

	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	gdoi_port(gm->g, &p);
}

/* ---- the triggers ---- */

/* Each happens to the first member of start(). */
static void
tek_ends(struct net *n)
{
	n->tap = drop_pushes;
	net_run(n, (uint64_t)(net_gm(n->nodes[1])->reregister_at - n->now));
}

static void
cleared_gdoi(struct net *n)
{
	gm_clear(net_gm(n->nodes[1]));
}

/* As cmd_gdoi.c does for `clear crypto sa`. */
static void
cleared_sa(struct net *n)
{
	struct gm_group *gm = net_gm(n->nodes[1]);
	struct gm_tek *t;

	while ((t = TAILQ_FIRST(&gm->teks)) != NULL)
		gm_delete_tek(gm, t, true);
	gm_reregister(gm, 0, true);
}

static void
down_and_up(struct net *n)
{
	struct node *gm = n->nodes[1];

	port_is(gm, gm->addr, false);
	assert_int_equal(net_gm(gm)->state, GM_INCOMPLETE);
	assert_int_equal(gm->nteks, 0);
	net_run(n, 90 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1); /* not meanwhile */
	port_is(gm, gm->addr, true);
}

static void
new_address(struct net *n)
{
	struct node *gm = n->nodes[1];

	gm->addr = IP(10, 9, 7, 7);
	port_is(gm, gm->addr, true);
	assert_int_equal(net_gm(gm)->addr, gm->addr);
}

static void
map_again(struct net *n)
{
	struct node *gm = n->nodes[1];
	struct interface *i = (void *)gm->conf->interfaces.first;

	i->crypto_map[0] = '\0';
	net_apply(gm);
	assert_int_equal(net_gm(gm)->state, GM_INCOMPLETE);
	assert_int_equal(gm->logs[LOG_GM_CM_DETACH], 1);
	assert_false(gm->policy);
	str_copy(i->crypto_map, "MAP", sizeof(i->crypto_map));
	net_apply(gm);
}

static void
removed_slowly(struct net *n)
{
	ks_remove_members(net_ks(n->nodes[0]), REMOVE_GRACEFUL);
}

static void
removed_now(struct net *n)
{
	ks_remove_members(net_ks(n->nodes[0]), REMOVE_NOW);
}

/* What comes is not what the key server signed. */
static bool
spoil_pushes(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->data[18] == GDOI_X_PUSH && d->to.addr == GM_ADDR(0))
		d->data[d->len - 20] ^= 1;
	return true;
}

static void
spoilt(struct net *n)
{
	struct gm_group *gm = net_gm(n->nodes[1]);

	n->tap = spoil_pushes;
	net_run(n, 510 * SEC);
	assert_true(n->nodes[1]->logs[LOG_GM_REKEY_FAILURE] > 0);
	assert_int_equal(gm->rekeys_total, 0);
	assert_true(talk_live(n->nodes[1]) > 0);
}

static void
other_group_and_back(struct net *n)
{
	struct node *gm = n->nodes[1];
	struct gdoi_group *g = (void *)gm->conf->gdoi_groups.first;

	g->id = 101;
	net_apply(gm);
	net_run(n, 30 * SEC);
	assert_int_not_equal(net_gm(gm)->state, GM_REGISTERED);
	assert_true(n->nodes[0]->logs[LOG_KS_BAD_ID] > 0);
	g->id = 100;
	net_apply(gm);
}

static void
other_servers(struct net *n)
{
	struct node *gm = n->nodes[1];
	struct gdoi_group *g = (void *)gm->conf->gdoi_groups.first;
	struct gdoi_server *s = (void *)g->servers.first;

	s->addr = KS2_ADDR; /* nobody is there */
	net_apply(gm);
	net_run(n, 20 * SEC);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERING);
	s->addr = KS_ADDR; /* while it is trying */
	net_apply(gm);
}

static void
ike_of_member(struct net *n)
{
	net_restart(n->nodes[1]);
	assert_int_equal(net_gm(n->nodes[1])->state, GM_REGISTERING);
	assert_true(talk_live(n->nodes[1]) > 0); /* fwd has them */
}

static const struct trigger {
	const char *name;
	uint32_t tek, kek;
	void (*cause)(struct net *);
	unsigned within;	/* seconds, until it is registered again */
	enum log_id log;	/* of the member, once at least */
	bool keeps;		/* is never without a TEK */
} triggers[] = {
	{ "(a) TEK near its end", 600, 86400, tek_ends, 5,
	    LOG_GM_RE_REGISTER, true },
	{ "(b) KEK near its end", 7200, 600, tek_ends, 5,
	    LOG_GM_RE_REGISTER, true },
	{ "(c) clear crypto gdoi", 600, 86400, cleared_gdoi, 5,
	    LOG_GM_CLEAR_REGISTER, false },
	{ "(d) clear crypto sa", 600, 86400, cleared_sa, 5,
	    LOG_GM_RE_REGISTER, false },
	{ "(e) interface down and up", 600, 86400, down_and_up, 5,
	    LOG_GM_CM_DETACH, false },
	{ "(e) another address", 600, 86400, new_address, 5,
	    LOG_GM_RE_REGISTER, true },
	{ "(e) crypto map removed and attached", 600, 86400, map_again, 5,
	    LOG_GM_CM_DETACH, false },
	{ "(f) removed", 600, 86400, removed_slowly, 100,
	    LOG_GM_RECV_DELETE, true },
	{ "(f) removed now", 600, 86400, removed_now, 12,
	    LOG_GM_RECV_DELETE_NOW, false },
	{ "(h) rekeys that it cannot take", 600, 86400, spoilt, 60,
	    LOG_GM_RE_REGISTER, true },
	{ "(i) another group and back", 600, 86400, other_group_and_back, 5,
	    LOG_GM_CONN_NEXT_SER, false },
	{ "(i) other servers and back", 600, 86400, other_servers, 5,
	    LOG_GM_REGSTER, false },
	{ "process ike starts anew", 600, 86400, ike_of_member, 5,
	    LOG_GM_REGSTER, true },
};

static unsigned regs_before;

static bool
once_more(struct net *n)
{
	return n->nodes[1]->logs[LOG_GM_REGS_COMPL] > regs_before &&
	    net_registered(n);
}

static void
every_trigger(void **state)
{
	const struct trigger *t;
	unsigned i, s;

	(void)state;
	for (i = 0; i < NELEM(triggers); i++) {
		struct net *n;
		struct node *gm;

		t = &triggers[i];
		n = start(100 + i, t->tek, t->kek);
		gm = n->nodes[1];
		regs_before = gm->logs[LOG_GM_REGS_COMPL];
		memset(gm->logs, 0, sizeof(gm->logs));
		gm->logs[LOG_GM_REGS_COMPL] = regs_before;
		gm->logs[LOG_GM_REGSTER] = 1;
		t->cause(n);
		for (s = 0; s <= 4 * t->within && !once_more(n); s++) {
			net_run(n, SEC / 4);
			if (t->keeps && talk_live(gm) == 0)
				fail_msg("%s: no TEK", t->name);
		}
		if (!once_more(n))
			fail_msg("%s: not registered again", t->name);
		if (gm->logs[t->log] == 0)
			fail_msg("%s: no log", t->name);
		n->tap = NULL;
		net_run(n, 200 * SEC);
		if (!converged(n))
			fail_msg("%s: not the newest keys", t->name);
		check_talk(n, t->name);
		net_free(n);
	}
}

/* The margin of a registration that no rekey spares: 5 % of the life of the
 * key, a minute at least, and some more by chance. */
static void
margins(void **state)
{
	static const struct { uint32_t tek, kek, from, to; } table[] = {
		{ 600, 86400, 600 - 72, 600 - 60 },
		{ 3600, 86400, 3600 - 252, 3600 - 180 },
		{ 7200, 1800, 1800 - 126, 1800 - 90 },
		{ 3600, 900, 900 - 78, 900 - 60 },
	};
	unsigned i, seed, differ = 0;

	(void)state;
	for (i = 0; i < NELEM(table); i++)
		for (seed = 0; seed < 5; seed++) {
			struct net *n = start(seed, table[i].tek,
			    table[i].kek);
			struct gm_group *a = net_gm(n->nodes[1]),
			    *b = net_gm(n->nodes[2]);
			uint64_t t = (a->reregister_at - 1000000) / 1000;

			if (t + 1 < table[i].from || t > table[i].to + 1)
				fail_msg("%u/%u: after %u s", table[i].tek,
				    table[i].kek, (unsigned)t);
			differ += a->reregister_at / 1000 !=
			    b->reregister_at / 1000;
			net_free(n);
		}
	assert_true(differ >= 15);
}

/* ---- the list of servers ---- */

/* One member with three servers, of which the key servers exist. */
static struct net *
three_servers(uint64_t seed)
{
	struct net *n = net_new(seed);
	struct node *gm;

	times(net_add_ks(n, KS_ADDR), 600, 86400);
	times(net_add_ks(n, KS2_ADDR), 600, 86400);
	times(net_add_ks(n, KS3_ADDR), 600, 86400);
	gm = net_add_gm(n, 0);
	tc_server(gm->conf, KS2_ADDR);
	tc_server(gm->conf, KS3_ADDR);
	return n;
}

static void
next_server(void **state)
{
	struct net *n = three_servers(1);
	struct node *gm = n->nodes[3];

	(void)state;
	n->nodes[0]->deaf = n->nodes[1]->deaf = true;
	net_apply_all(n);
	net_run(n, 55 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	net_run(n, 10 * SEC); /* five repetitions 10 s apart */
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 2);
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
	    "next key server 10.9.0.2 of group G1"));
	assert_non_null(strstr(gm->last[LOG_GM_REGSTER], "to KS 10.9.0.2 "));
	assert_true(net_until(n, 70 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->ks, KS3_ADDR);
	assert_int_equal(net_gm(gm)->attempted, 3);
	assert_int_equal(net_gm(gm)->succeeded, 1);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 2);
	net_free(n);
}

/* Nobody answers, or all refuse: round and round, with pauses of 10 to 15 s,
 * then 20, 40, 60 to 65, for ever. */
static void
wrap_around(void **state)
{
	static const unsigned pause[] = { 10, 20, 40, 60, 60, 60, 60 };
	unsigned refuse, i, round;

	(void)state;
	for (refuse = 0; refuse < 2; refuse++) {
		struct net *n = three_servers(2 + refuse);
		struct node *gm = n->nodes[3];
		struct acl *nobody;
		uint64_t t;

		for (i = 0; i < 3; i++) {
			n->nodes[i]->deaf = refuse == 0;
			nobody = tc_acl(n->nodes[i]->conf, "NOBODY");
			(void)nobody;
			str_copy(tc_local(n->nodes[i]->conf)->auth_acl,
			    "NOBODY", CONF_NAME);
		}
		net_apply_all(n);
		for (round = 0; round < NELEM(pause); round++) {
			while (gm->logs[LOG_GM_CONN_NEXT_SER] < 3 * round + 3)
				net_run(n, 100);
			assert_int_equal(gm->logs[LOG_GM_REGSTER],
			    3 * round + 3);
			assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
			    "10.9.0.1 "));
			t = n->now;
			while (gm->logs[LOG_GM_REGSTER] < 3 * round + 4)
				net_run(n, 100);
			if (n->now - t + 200 < pause[round] * SEC ||
			    n->now - t > (pause[round] + 5) * SEC + 200)
				fail_msg("round %u: pause of %u ms", round,
				    (unsigned)(n->now - t));
		}
		assert_int_equal(net_gm(gm)->state, GM_REGISTERING);
		/* let in, at last */
		for (i = 0; i < 3; i++) {
			n->nodes[i]->deaf = false;
			tc_local(n->nodes[i]->conf)->auth_acl[0] = '\0';
			net_apply(n->nodes[i]);
		}
		assert_true(net_until(n, 70 * SEC, net_registered));
		net_free(n);
	}
}

/* Every registration begins with the first of the list. */
static void
first_again(void **state)
{
	struct net *n = three_servers(4);
	struct node *gm = n->nodes[3];

	(void)state;
	n->nodes[0]->deaf = true;
	net_apply_all(n);
	assert_true(net_until(n, 70 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->ks, KS2_ADDR);
	n->nodes[0]->deaf = false;
	gm_reregister(net_gm(gm), 0, true);
	assert_true(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->ks, KS_ADDR);
	/* both of their TEKs are good until they end */
	assert_int_equal(talk_live(gm), 2);
	net_free(n);
}

/* Who has keys that end goes on to the next server after 7 s, whether it has
 * an SA with the silent one or not. */
static void
next_server_in_haste(void **state)
{
	struct net *n = three_servers(7);
	struct node *gm = n->nodes[3];
	unsigned i;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, 10 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->ks, KS_ADDR);
	n->nodes[0]->deaf = true;
	for (i = 0; i < 2; i++) {
		gm_reregister(net_gm(gm), 0, true);
		net_run(n, 6 * SEC);
		assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], i);
		net_run(n, 3 * SEC);
		assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], i + 1);
		assert_true(net_registered(n));
		assert_int_equal(net_gm(gm)->ks, KS2_ADDR);
	}
	net_free(n);
}

static void
list_changes_underway(void **state)
{
	struct net *n = three_servers(5);
	struct node *gm = n->nodes[3];
	struct gdoi_group *g = (void *)gm->conf->gdoi_groups.first;
	struct gdoi_server *s = (void *)g->servers.first;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		n->nodes[i]->deaf = true;
	net_apply_all(n);
	net_run(n, 130 * SEC); /* it is at the third */
	assert_non_null(strstr(gm->last[LOG_GM_REGSTER], "to KS 10.9.0.3 "));
	g->servers.last = &s->obj; /* which goes */
	free(s->obj.next->next);
	free(s->obj.next);
	s->obj.next = NULL;
	g->servers.n = 1;
	net_apply(gm);
	net_run(n, SEC);
	assert_non_null(strstr(gm->last[LOG_GM_REGSTER], "to KS 10.9.0.1 "));
	n->nodes[0]->deaf = false;
	assert_true(net_until(n, 15 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->ks, KS_ADDR);
	net_free(n);
}

/* ---- restarts ---- */

/* A key server that starts anew has other keys and knows nobody. Members talk
 * on with the TEK that they have, and register before it ends. */
static void
key_server_restarts(void **state)
{
	struct net *n = start(6, 600, 86400);
	uint8_t kek[16];
	unsigned i;

	(void)state;
	memcpy(kek, net_ks(n->nodes[0])->kek->k.spi, sizeof(kek));
	net_run(n, 100 * SEC);
	net_restart(n->nodes[0]);
	assert_int_equal(net_ks(n->nodes[0])->nmembers, 0);
	for (i = 0; i < 4 * 520; i++) {
		net_run(n, SEC / 4);
		check_talk(n, "the key server is new");
		assert_true(talk_live(n->nodes[1]) > 0);
		assert_true(talk_live(n->nodes[2]) > 0);
	}
	assert_int_equal(net_ks(n->nodes[0])->nmembers, 2);
	assert_true(converged(n));
	assert_memory_not_equal(kek, net_ks(n->nodes[0])->kek->k.spi,
	    sizeof(kek));
	net_free(n);
}

/* It has lost the phase 1 under which a member asks: the key server says
 * so, and no time is lost. */
static void
lost_phase1(void **state)
{
	struct net *n = start(9, 600, 86400);
	struct node *gm = n->nodes[1];

	(void)state;
	net_restart(n->nodes[0]);
	gm_reregister(net_gm(gm), 0, true);
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 0);
	net_free(n);
}

static bool
drop_clear_info(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != ISAKMP_X_INFO || (d->data[19] & ISAKMP_F_ENC);
}

/* A key server of another make says nothing. */
static void
lost_phase1_silent(void **state)
{
	struct net *n = start(9, 600, 86400);
	struct node *gm = n->nodes[1];

	(void)state;
	n->tap = drop_clear_info;
	net_restart(n->nodes[0]);
	gm_reregister(net_gm(gm), 0, true);
	net_run(n, 8 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 0);
	net_free(n);
}

static struct datagram *kept;

static bool
keep_push(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->data[18] == GDOI_X_PUSH && d->to.addr == GM_ADDR(0) &&
	    kept == NULL) {
		kept = xcalloc(1, sizeof(*d) + d->len);
		memcpy(kept, d, sizeof(*d) + d->len);
	}
	return true;
}

static void
say_again(struct net *n)
{
	gdoi_input(n->nodes[1]->g, kept->to, kept->from, kept->data,
	    kept->len);
}

/* A rekey is taken once under its KEK, whoever starts anew in between. */
static void
old_pushes(void **state)
{
	struct net *n = start(7, 600, 86400);
	struct node *gm = n->nodes[1];

	(void)state;
	kept = NULL;
	n->tap = keep_push;
	net_run(n, 520 * SEC);
	assert_non_null(kept);
	assert_int_equal(net_gm(gm)->rekeys_total, 1);
	say_again(n); /* acknowledged again, not taken */
	assert_int_equal(net_gm(gm)->rekeys_total, 1);
	net_restart(gm);
	say_again(n); /* has no key at all */
	assert_int_equal(net_gm(gm)->rekeys_total, 0);
	assert_true(net_until(n, 5000, net_registered));
	assert_int_equal(net_gm(gm)->last_seq,
	    net_ks(n->nodes[0])->kek->seq);
	say_again(n);
	assert_int_equal(net_gm(gm)->rekeys_total, 0);
	assert_int_equal(gm->logs[LOG_GM_REKEY_SEQ], 1);
	net_restart(n->nodes[0]);
	gm_reregister(net_gm(gm), 0, true);
	assert_true(net_until(n, 100 * SEC, net_registered));
	say_again(n); /* under a KEK of other times */
	assert_int_equal(net_gm(gm)->rekeys_total, 0);
	free(kept);
	net_free(n);
}

static unsigned pulls;

/* The second answer of the key server is underway for 5 s. */
static bool
hold_keys(struct net *n, struct datagram *d)
{
	if (d->data[18] == GDOI_X_PULL && d->from.addr == KS_ADDR &&
	    d->to.addr == GM_ADDR(0) && ++pulls == 2)
		d->at = n->now + 5 * SEC;
	return true;
}

/* A rekey overtakes a registration: what that brings is older. */
static void
overtaken(void **state)
{
	static const enum rekey_kind kinds[] = { REKEY_TEK, REKEY_KEK,
		REKEY_ALL };
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		struct net *n = start(30 + i, 3600, 86400);
		struct node *ks = n->nodes[0], *gm = n->nodes[1];
		struct conf *c;

		pulls = 0;
		n->tap = hold_keys;
		gm_reregister(net_gm(gm), 0, false);
		net_run(n, SEC);
		assert_int_equal(pulls, 2);
		c = net_edit(ks);
		tc_ace((void *)c->acls.first, ACE_PERMIT, IP(172, 16, 0, 0),
		    0xffff, IP(172, 16, 0, 0), 0xffff);
		net_left(ks);
		assert_null(ks_rekey(net_ks(ks), kinds[i]));
		net_run(n, 2 * SEC);
		assert_int_equal(net_gm(gm)->rekeys_total, 1);
		assert_true(net_until(n, 30 * SEC, net_registered));
		net_run(n, 30 * SEC);
		if (!converged(n))
			fail_msg("kind %u: an old policy", i);
		assert_memory_equal(net_gm(gm)->kek.spi,
		    net_ks(ks)->kek->k.spi, KEK_SPI_LEN);
		assert_int_equal(net_gm(gm)->last_seq,
		    net_ks(ks)->kek->seq);
		net_free(n);
	}
}

/* A member hears nothing while an operator's rekey lets the old TEK end for
 * the others. The next rekey reaches it, under the KEK that it has: it must
 * not go on sending with a TEK that nobody else has any more. */
static void
missed_the_end(void **state)
{
	struct net *n = start(9, 3600, 86400);
	struct node *gm = n->nodes[1];
	uint32_t spi = gm->teks[0].spi;

	(void)state;
	gm->deaf = true;
	assert_null(ks_rekey(net_ks(n->nodes[0]), REKEY_ALL));
	net_run(n, 400 * SEC);
	assert_null(talk_tek(n->nodes[2], spi));
	gm->deaf = false;
	assert_null(ks_rekey(net_ks(n->nodes[0]), REKEY_TEK));
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 1);
	assert_non_null(talk_tek(gm, spi)); /* to read others like it */
	talk_for(n, 60, "behind a missed rekey");
	assert_null(talk_tek(gm, spi));
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

/* The machine was asleep for ten days: every key is over. */
static void
suspended(void **state)
{
	struct net *n = start(8, 600, 86400);
	unsigned i;

	(void)state;
	n->now += 10 * 86400 * SEC;
	net_lose(n);
	net_run(n, 1);
	for (i = 1; i <= 2; i++)
		assert_true(n->nodes[i]->logs[LOG_GM_RE_REGISTER] > 0);
	assert_true(net_until(n, 70 * SEC, net_registered));
	net_run(n, 60 * SEC);
	assert_true(converged(n));
	talk_for(n, 700, "after ten days");
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_trigger),
		cmocka_unit_test(margins),
		cmocka_unit_test(next_server),
		cmocka_unit_test(next_server_in_haste),
		cmocka_unit_test(missed_the_end),
		cmocka_unit_test(wrap_around),
		cmocka_unit_test(first_again),
		cmocka_unit_test(list_changes_underway),
		cmocka_unit_test(key_server_restarts),
		cmocka_unit_test(lost_phase1),
		cmocka_unit_test(lost_phase1_silent),
		cmocka_unit_test(old_pushes),
		cmocka_unit_test(overtaken),
		cmocka_unit_test(suspended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
