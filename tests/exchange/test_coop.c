/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Roles of cooperative key servers: who is elected and when, who takes over
 * and how soon, what does not change anything, what is refused. The engines
 * are the real ones, time is simulated. Partitions: test_coop_split.c.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coop_net.h"

#define N(i) (n->nodes[i])
#define SETTLE (200 * SEC)

static struct net *n;

static void
begin(uint64_t seed)
{
	n = net_new(seed);
}

static void
end(void)
{
	net_free(n);
	n = NULL;
}

/* Settled, and i is the primary. */
static void
assert_primary(unsigned i, const char *when)
{
	if (!cks_settled(n) || cks(N(i))->role != COOP_PRIMARY) {
		cks_dump(n);
		fail_msg("%s: %u is not the primary of all", when, i);
	}
}

/* ---- election ---- */

static void
cold_start(void **state)
{
	static const uint8_t same[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	static const uint8_t mixed[8] = { 10, 200, 1, 200, 7, 100, 100, 50 };
	unsigned count, best;

	(void)state;
	for (count = 2; count <= 8; count++) {
		begin(count);
		cks_start(n, count, same, &cks_ios);
		assert_true(cks_settle(n, SETTLE, "same") < 40 * SEC);
		assert_primary(count - 1, "same priorities");
		assert_int_equal(cks_logs(n, LOG_COOP_KS_ELECTION), count);
		assert_int_equal(cks_logs(n, LOG_COOP_KS_TRANS_TO_PRI), count);
		assert_int_equal(cks(N(0))->term, 1);
		end();
		begin(count);
		cks_start(n, count, mixed, &cks_ios);
		cks_settle(n, SETTLE, "mixed");
		best = count <= 3 ? 1 : 3;
		assert_primary(best, "mixed priorities");
		/* it has keys, though nobody has registered */
		assert_non_null(TAILQ_FIRST(&net_ks(N(best))->teks));
		assert_non_null(net_ks(N(best))->kek);
		end();
	}
}

static void
logs_of_a_start(void **state)
{
	static const uint8_t prio[2] = { 100, 50 };

	(void)state;
	begin(1);
	cks_start(n, 2, prio, &cks_ios);
	cks_settle(n, SETTLE, "start");
	assert_string_equal(N(0)->last[LOG_COOP_KS_ADD], "%GDOI-5-COOP_KS_ADD:"
	    " 10.9.0.2 added as COOP Key Server in group G1.");
	assert_string_equal(N(1)->last[LOG_COOP_KS_ELECTION],
	    "%GDOI-5-COOP_KS_ELECTION: KS entering election mode in group G1"
	    " (Previous Primary = NONE)");
	assert_string_equal(N(0)->last[LOG_COOP_KS_TRANS_TO_PRI],
	    "%GDOI-5-COOP_KS_TRANS_TO_PRI: KS 10.9.0.1 in group G1"
	    " transitioned to Primary (Previous Primary = NONE)");
	assert_string_equal(N(1)->last[LOG_COOP_KS_TRANS_TO_PRI],
	    N(0)->last[LOG_COOP_KS_TRANS_TO_PRI]);
	cks_kill(N(0));
	net_run(n, 100 * SEC);
	assert_string_equal(N(1)->last[LOG_COOP_KS_TRANS_TO_PRI],
	    "%GDOI-5-COOP_KS_TRANS_TO_PRI: KS 10.9.0.2 in group G1"
	    " transitioned to Primary (Previous Primary = 10.9.0.1)");
	end();
}

/* The first waits for others, then serves alone; nobody who comes later takes
 * that away, however high its priority. */
static void
one_after_the_other(void **state)
{
	unsigned i;

	(void)state;
	begin(3);
	for (i = 0; i < 5; i++)
		cks_add(n, i, 5, (uint8_t)(10 * i + 1), &cks_ios);
	for (i = 1; i < 5; i++)
		cks_kill(N(i));
	net_apply(N(0));
	net_run(n, 29 * SEC);
	assert_int_equal(cks(N(0))->role, COOP_UNKNOWN);
	net_run(n, 5 * SEC);
	assert_int_equal(cks(N(0))->role, COOP_PRIMARY);
	for (i = 1; i < 5; i++) {
		net_run(n, 100 * SEC);
		N(i)->deaf = false;
		net_apply(N(i));
		assert_true(cks_settle(n, SETTLE, "later") < 30 * SEC);
		assert_primary(0, "one after the other");
		assert_int_equal(N(i)->logs[LOG_COOP_KS_ELECTION], 0);
	}
	net_run(n, 600 * SEC);
	assert_primary(0, "no pre-emption");
	assert_int_equal(cks_logs(n, LOG_COOP_KS_ELECTION), 1);
	end();
}

/* ---- takeover ---- */

static void
primary_dies(void **state)
{
	unsigned count;
	uint64_t took;

	(void)state;
	for (count = 2; count <= 8; count += 3) {
		begin(count);
		cks_start(n, count, NULL, &cks_ios);
		cks_settle(n, SETTLE, "start");
		net_run(n, 95 * SEC);
		cks_kill(N(count - 1));
		took = cks_settle(n, SETTLE, "primary dead");
		if (took < 40 * SEC || took > 75 * SEC)
			fail_msg("takeover after %llu ms",
			    (unsigned long long)took);
		assert_primary(count - 2, "the next best");
		assert_int_equal(cks(N(0))->term, 2);
		/* it comes back and is a secondary now */
		net_run(n, 300 * SEC);
		cks_revive(N(count - 1));
		cks_settle(n, SETTLE, "it is back");
		assert_primary(count - 2, "no pre-emption");
		end();
	}
}

static void
fast_timers(void **state)
{
	uint64_t took;

	(void)state;
	begin(4);
	cks_start(n, 3, NULL, &cks_fast);
	assert_true(cks_settle(n, SETTLE, "start") < 5 * SEC);
	net_run(n, 20 * SEC);
	cks_kill(N(2));
	took = cks_settle(n, SETTLE, "primary dead");
	assert_true(took > 4 * SEC && took < 9 * SEC);
	assert_primary(1, "the next best");
	end();
}

/* The process was killed and is there again before anybody missed it: it has
 * no keys, so another one takes over, at once. */
static void
quick_restart(void **state)
{
	uint64_t took;

	(void)state;
	begin(5);
	cks_start(n, 3, NULL, &cks_ios);
	cks_settle(n, SETTLE, "start");
	net_run(n, 100 * SEC);
	cks_forget_logs(n);
	cks_revive(N(2));
	net_run(n, 50);
	took = cks_settle(n, SETTLE, "restart");
	assert_true(took < 10 * SEC);
	assert_primary(1, "who has the keys");
	assert_int_equal(N(0)->logs[LOG_COOP_KS_ELECTION], 1);
	assert_int_equal(cks(N(2))->term, 2);
	net_run(n, 300 * SEC);
	assert_primary(1, "later");
	end();
}

/* What others tell late of a life that is over, is no news. */
static void
former_life(void **state)
{
	struct coop_server late;
	struct coop *c;
	int i;

	(void)state;
	begin(15);
	cks_start(n, 3, NULL, &cks_ios);
	cks_settle(n, SETTLE, "start");
	c = cks(N(1));
	i = coop_view_find(c, CKS(0));
	assert_true(i >= 0);
	late = c->servers[i];
	cks_revive(N(0));
	net_run(n, 100 * SEC);
	i = coop_view_find(c, CKS(0));
	assert_true(i >= 0);
	assert_true(c->servers[i].id.boot != late.id.boot);
	late.beat += 100;
	late.age = 0;
	coop_view_hear(c, &late, CKS(2));
	assert_true(c->servers[coop_view_find(c, CKS(0))].id.boot ==
	    cks(N(0))->self.boot);
	end();
}

static void
secondary_dies(void **state)
{
	(void)state;
	begin(6);
	cks_start(n, 4, NULL, &cks_ios);
	cks_settle(n, SETTLE, "start");
	net_run(n, 100 * SEC);
	cks_forget_logs(n);
	cks_kill(N(1));
	net_run(n, 600 * SEC);
	assert_primary(3, "a secondary is dead");
	assert_int_equal(N(3)->logs[LOG_COOP_KS_UNREACH], 1);
	assert_false(coop_alive(cks(N(3)), CKS(1)));
	assert_false(coop_alive(cks(N(0)), CKS(1)));
	assert_true(coop_alive(cks(N(0)), CKS(2)));
	cks_revive(N(1));
	net_run(n, 30 * SEC);
	assert_primary(3, "it is back");
	assert_int_equal(N(3)->logs[LOG_COOP_KS_REACH], 1);
	assert_int_equal(N(0)->logs[LOG_COOP_KS_ELECTION], 0);
	assert_int_equal(N(2)->logs[LOG_COOP_KS_ELECTION], 0);
	assert_int_equal(cks(N(1))->term, 1);
	end();
}

/* ---- nothing happens ---- */

static void
a_quiet_day(void **state)
{
	unsigned count, i;
	uint32_t beat;

	(void)state;
	for (count = 2; count <= 8; count++) {
		begin(count);
		cks_start(n, count, NULL, &cks_ios);
		for (i = 0; i < count; i++) /* up to 4 s a day */
			N(i)->ppm = (int)i * 12 - 50;
		cks_settle(n, SETTLE, "start");
		net_run(n, 300 * SEC);
		cks_forget_logs(n);
		beat = cks(N(count - 1))->beat;
		n->sent = n->bytes = 0;
		net_run(n, 86400 * SEC);
		assert_primary(count - 1, "a day later");
		assert_int_equal(cks_logs(n, LOG_COOP_KS_ELECTION), 0);
		assert_int_equal(cks_logs(n, LOG_COOP_KS_TRANS_TO_PRI), 0);
		assert_int_equal(cks_logs(n, LOG_COOP_KS_UNREACH), 0);
		assert_int_equal(cks(N(0))->term, 1);
		assert_true(cks(N(count - 1))->beat - beat > 4000);
		printf("          %u key servers, no members: %u datagrams,"
		    " %u octets an hour\n", count, n->sent / 24,
		    n->bytes / 24);
		end();
	}
}

/* ---- orders ---- */

static void
clear_role(void **state)
{
	static const uint8_t prio[3] = { 5, 9, 7 };

	(void)state;
	begin(8);
	cks_start(n, 3, prio, &cks_ios);
	cks_settle(n, SETTLE, "start");
	net_run(n, 60 * SEC);
	/* on the primary: all elect; it has the highest priority again */
	cks_forget_logs(n);
	coop_clear_role(net_ks(N(1)));
	net_touched(N(1));
	assert_int_equal(cks(N(1))->role, COOP_UNKNOWN);
	assert_true(cks_settle(n, SETTLE, "cleared") < 5 * SEC);
	assert_primary(1, "elected again");
	assert_int_equal(cks_logs(n, LOG_COOP_KS_ELECTION), 3);
	assert_int_equal(cks(N(0))->term, 2);
	/* with another priority by then, it is another one */
	(void)net_edit(N(1));
	cks_conf(N(1))->priority = 6;
	net_left(N(1));
	net_run(n, 60 * SEC);
	assert_primary(1, "a priority changes nothing by itself");
	coop_clear_role(net_ks(N(1)));
	net_touched(N(1));
	assert_true(cks_settle(n, SETTLE, "cleared") < 5 * SEC);
	assert_primary(2, "the best of now");
	/* on a secondary: it alone looks for the primary again */
	cks_forget_logs(n);
	coop_clear_role(net_ks(N(0)));
	net_touched(N(0));
	assert_int_equal(cks(N(0))->role, COOP_UNKNOWN);
	assert_true(cks_settle(n, SETTLE, "cleared") < 5 * SEC);
	assert_primary(2, "as before");
	assert_int_equal(cks_logs(n, LOG_COOP_KS_ELECTION), 1);
	end();
}

/* ---- configuration of a living group ---- */

static void
redundancy_appears(void **state)
{
	struct node *gm;
	uint32_t spi;

	(void)state;
	begin(9);
	net_add_ks(n, CKS(0));
	gm = net_add_gm(n, 0);
	net_apply_all(n);
	assert_true(net_until(n, 10 * SEC, net_registered));
	net_run(n, 10 * SEC);
	assert_null(net_ks(N(0))->coop);
	spi = TAILQ_FIRST(&net_ks(N(0))->teks)->k.spi;
	(void)net_edit(N(0));
	tc_coop(N(0)->conf, 10);
	tc_coop_peer(N(0)->conf, CKS(2));
	net_typed(N(0));
	/* it had keys: whoever comes may register all the time */
	assert_int_equal(cks(N(0))->role, COOP_UNKNOWN);
	assert_true(coop_ready(net_ks(N(0))));
	net_run(n, 40 * SEC);
	assert_int_equal(cks(N(0))->role, COOP_PRIMARY);
	assert_int_equal(TAILQ_FIRST(&net_ks(N(0))->teks)->k.spi, spi);
	assert_int_equal(net_ks(N(0))->nmembers, 1);
	/* the second one comes with a higher priority and follows */
	net_add_ks(n, CKS(2));
	tc_coop(N(2)->conf, 20);
	tc_coop_peer(N(2)->conf, CKS(0));
	net_apply(N(2));
	net_run(n, 40 * SEC);
	assert_int_equal(cks(N(2))->role, COOP_SECONDARY);
	assert_int_equal(cks(N(0))->role, COOP_PRIMARY);
	/* and goes again: nothing of that concerns the member */
	(void)net_edit(N(2));
	tc_no_coop(N(2)->conf);
	net_typed(N(2));
	assert_null(net_ks(N(2))->coop);
	assert_null(net_ks(N(2))->active);
	net_run(n, 100 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(TAILQ_FIRST(&net_ks(N(0))->teks)->k.spi, spi);
	end();
}

/* Who is no peer any more is not spoken to, but lives as long as somebody
 * hears it. */
static void
peers_change(void **state)
{
	struct gdoi_coop_peer *p;
	struct gdoi_coop *c;

	(void)state;
	begin(10);
	cks_start(n, 3, NULL, &cks_ios);
	cks_settle(n, SETTLE, "start");
	net_run(n, 60 * SEC);
	(void)net_edit(N(0));
	c = cks_conf(N(0));
	p = (void *)c->peers.first;
	c->peers.first = p->obj.next; /* not 1, but 2 */
	free(p);
	net_typed(N(0));
	assert_string_equal(N(0)->last[LOG_COOP_KS_REMOVE],
	    "%GDOI-5-COOP_KS_REMOVE: 10.9.0.2 removed as COOP Key Server in"
	    " group G1.");
	net_run(n, 300 * SEC);
	assert_primary(2, "a peer less");
	assert_true(coop_alive(cks(N(0)), CKS(1)));
	(void)net_edit(N(0));
	c = cks_conf(N(0));
	((struct gdoi_coop_peer *)(void *)c->peers.first)->addr = CKS(1);
	net_typed(N(0));
	net_run(n, 300 * SEC);
	assert_primary(2, "heard by the other one only");
	assert_int_equal(cks(N(0))->term, 1);
	assert_true(N(0)->logs[LOG_COOP_KS_UNAUTH] > 0);
	assert_int_equal(N(1)->logs[LOG_COOP_KS_ELECTION], 1);
	end();
}

/* The primary leaves: it says so, and nobody waits a minute. */
static void
primary_leaves(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin(11);
		cks_start(n, 3, NULL, &cks_ios);
		cks_settle(n, SETTLE, "start");
		net_run(n, 60 * SEC);
		cks_forget_logs(n);
		(void)net_edit(N(2));
		if (i == 0)
			tc_no_coop(N(2)->conf);
		else if (i == 1)
			tc_no_groups(N(2)->conf);
		else
			tc_local(N(2)->conf)->addr = 0;
		net_typed(N(2));
		net_touched(N(2));
		net_run(n, 5 * SEC);
		assert_primary(1, "the primary has left");
		assert_int_equal(cks_logs(n, LOG_COOP_KS_ELECTION), 2);
		assert_false(coop_alive(cks(N(0)), CKS(2)));
		/* keys and members are those of who goes on together */
		if (i == 0)
			assert_null(net_ks(N(2))->active);
		end();
	}
}

/* One gets another identity, by mistake: it takes nothing along, and brings
 * nothing back. */
static void
other_identity(void **state)
{
	struct gdoi_group *c;
	uint8_t spi[KEK_SPI_LEN];
	struct node *gm;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(17);
		cks_start(n, 2, NULL, &cks_fast);
		cks_settle(n, 10 * SEC, "start");
		gm = net_add_gm(n, 0);
		if (i == 0) /* it registers with the one that stays */
			((struct gdoi_server *)(void *)((struct gdoi_group *)
			    (void *)gm->conf->gdoi_groups.first)->
			    servers.first)->addr = CKS(1);
		net_apply(gm);
		assert_true(net_until(n, 60 * SEC, net_registered));
		net_run(n, 3 * SEC);
		memcpy(spi, net_ks(N(0))->kek->k.spi, KEK_SPI_LEN);
		(void)net_edit(N(i));
		c = (void *)N(i)->conf->gdoi_groups.first;
		c->id++;
		net_typed(N(i));
		net_touched(N(i));
		net_run(n, SEC);
		assert_int_equal(net_ks(N(i))->nmembers, 0);
		assert_false(coop_alive(cks(N(!i)), CKS(i)));
		net_run(n, 60 * SEC);
		assert_int_equal(cks(N(i))->role, COOP_PRIMARY);
		assert_int_equal(cks(N(!i))->role, COOP_PRIMARY);
		assert_memory_not_equal(net_ks(N(i))->kek->k.spi, spi,
		    KEK_SPI_LEN);
		assert_int_equal(net_ks(N(!i))->nmembers, 1);
		/* it was a mistake */
		(void)net_edit(N(i));
		c = (void *)N(i)->conf->gdoi_groups.first;
		c->id--;
		net_typed(N(i));
		net_touched(N(i));
		cks_settle(n, 30 * SEC, "again");
		net_run(n, 10 * SEC);
		assert_primary(!i, "the one that stayed");
		assert_int_equal(net_ks(N(i))->nmembers, 1);
		assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 1);
		end();
	}
}

/* The last one keeps what the group has. */
static void
last_one_leaves(void **state)
{
	uint32_t spi;

	(void)state;
	begin(12);
	cks_start(n, 2, NULL, &cks_ios);
	cks_settle(n, SETTLE, "start");
	net_run(n, 60 * SEC);
	cks_kill(N(0));
	net_run(n, 300 * SEC);
	spi = TAILQ_FIRST(&net_ks(N(1))->teks)->k.spi;
	(void)net_edit(N(1));
	tc_no_coop(N(1)->conf);
	net_typed(N(1));
	assert_int_equal(TAILQ_FIRST(&net_ks(N(1))->teks)->k.spi, spi);
	end();
}

/* A server without a usable policy has nothing to be primary with. */
static void
no_policy(void **state)
{
	struct cf_list acls;

	(void)state;
	begin(13);
	cks_add(n, 0, 2, 10, &cks_ios);
	cks_add(n, 1, 2, 20, &cks_ios);
	acls = N(1)->conf->acls;
	N(1)->conf->acls = (struct cf_list){ 0 };
	net_apply_all(n);
	cks_settle(n, SETTLE, "start");
	assert_primary(0, "the one with a policy");
	N(1)->conf->acls = acls;
	net_apply(N(1));
	net_run(n, 60 * SEC);
	assert_primary(0, "no pre-emption");
	end();
}

/* Before there are keys nobody is registered; afterwards both serve. */
static void
blocked(void **state)
{
	struct node *gm, *late;

	(void)state;
	begin(14);
	cks_add(n, 0, 3, 20, &cks_ios);
	cks_add(n, 1, 3, 10, &cks_ios);
	gm = net_add_gm(n, 0);
	net_apply_all(n); /* the third one is not there: they wait for it */
	net_run(n, 20 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 0);
	assert_string_equal(N(0)->last[LOG_COOP_KS_BLOCK_REG],
	    "%GDOI-4-COOP_KS_BLOCK_NEW_GM_REGISTER: KS 10.9.0.1 in group G1"
	    " temporarily blocks GMs from registering: there is no primary"
	    " yet");
	assert_int_equal(N(0)->logs[LOG_COOP_KS_BLOCK_REG], 1);
	assert_int_equal(N(0)->logs[LOG_COOP_KS_UNBLOCK_REG], 0);
	assert_true(net_until(n, 200 * SEC, net_registered));
	net_run(n, SEC);
	assert_int_equal(N(0)->logs[LOG_COOP_KS_UNBLOCK_REG], 1);
	/* the secondary gives out the same keys, and makes none */
	late = net_add(n, GM_ADDR(1));
	tc_policy(late->conf, IKE_AES, 256, IKE_SHA256, 2);
	tc_key(late->conf, "SUPERSECRET", 0, 0);
	tc_gm(late->conf);
	tc_server(late->conf, CKS(1));
	net_apply(late);
	assert_true(net_until(n, 10 * SEC, net_registered));
	assert_int_equal(net_gm(late)->ks, CKS(1));
	assert_int_equal(late->teks[0].spi, gm->teks[0].spi);
	assert_memory_equal(net_gm(late)->kek.spi, net_gm(gm)->kek.spi,
	    KEK_SPI_LEN);
	end();
}

static bool
no_push(struct net *net, struct datagram *d)
{
	(void)net;
	return d->data[18] != GDOI_X_PUSH;
}

/* A credential is revoked and the members are cleared, on the primary: who
 * registered with the secondary has to prove itself there anew, too, also if
 * it does not do what it is told to. */
static void
revoked(void **state)
{
	struct node *gm;
	unsigned i;

	(void)state;
	begin(15);
	cks_start(n, 2, NULL, &cks_fast);
	cks_settle(n, 10 * SEC, "start");
	gm = net_add_gm(n, 0);
	net_apply(gm);
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_run(n, 3 * SEC);
	assert_int_equal(net_ks(n->nodes[1])->nmembers, 1);
	assert_int_equal(TAILQ_FIRST(&net_ks(n->nodes[1])->members)->owner,
	    CKS(0));
	for (i = 0; i < 2; i++) {
		tc_key(n->nodes[i]->conf, "ANOTHER", gm->addr, UINT32_MAX);
		net_apply(n->nodes[i]);
	}
	n->tap = no_push;
	ks_remove_members(net_ks(n->nodes[1]), REMOVE_NOW);
	ike_reap(n->nodes[1]->g->ike);
	net_touched(n->nodes[1]);
	net_run(n, 10 * SEC);
	gm_clear(net_gm(gm));
	net_touched(gm);
	net_run(n, 120 * SEC);
	assert_true(gm->logs[LOG_GM_REGSTER] > 1); /* it tried */
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 1);
	for (i = 0; i < 2; i++)
		assert_int_equal(net_ks(n->nodes[i])->nmembers, 0);
	assert_true(cks_settled(n));
	end();
}

/* What a member says of its software is told on, and no key server must take
 * offence at what another one tells. */
static void
odd_members(void **state)
{
	static const char *const odd[] = { "1.", ".", "1..2", "1.0.x", "x",
		"", "1.0.", "....", "99999999999" };
	struct node *gm;
	unsigned i;

	(void)state;
	begin(16);
	cks_start(n, 2, NULL, &cks_fast);
	cks_settle(n, 10 * SEC, "start");
	for (i = 0; i < NELEM(odd); i++) {
		gm = net_add_gm(n, i);
		gm->g->ike->version = odd[i];
		net_apply(gm);
		assert_true(net_until(n, 60 * SEC, net_registered));
		net_run(n, 3 * SEC);
		assert_int_equal(net_ks(N(0))->nmembers, i + 1);
		assert_int_equal(net_ks(N(1))->nmembers, i + 1);
	}
	assert_string_equal(ks_find_member(net_ks(N(1)),
	    GM_ADDR(6))->version, "1.0");
	/* nor at where it is */
	gm = net_add(n, IP(240, 1, 1, 1));
	tc_policy(gm->conf, IKE_AES, 256, IKE_SHA256, 2);
	tc_key(gm->conf, "SUPERSECRET", 0, 0);
	tc_gm(gm->conf);
	tc_server(gm->conf, CKS(0));
	net_apply(gm);
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_run(n, 3 * SEC);
	assert_int_equal(net_ks(N(1))->nmembers, NELEM(odd) + 1);
	assert_primary(1, "odd members");
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cold_start),
		cmocka_unit_test(logs_of_a_start),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(primary_dies),
		cmocka_unit_test(fast_timers),
		cmocka_unit_test(quick_restart),
		cmocka_unit_test(former_life),
		cmocka_unit_test(secondary_dies),
		cmocka_unit_test(a_quiet_day),
		cmocka_unit_test(clear_role),
		cmocka_unit_test(redundancy_appears),
		cmocka_unit_test(peers_change),
		cmocka_unit_test(primary_leaves),
		cmocka_unit_test(other_identity),
		cmocka_unit_test(last_one_leaves),
		cmocka_unit_test(no_policy),
		cmocka_unit_test(blocked),
		cmocka_unit_test(revoked),
		cmocka_unit_test(odd_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
