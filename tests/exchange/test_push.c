/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Rekeys and their acknowledgements where something goes wrong: forms that do
 * not fit, answers that are lost, late, too many; members that are silent or
 * away; interrupted rekeys; multicast that cannot be. Time runs fast.
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

#define MGROUP IP(239, 1, 1, 1)

/* ---- what happens to rekeys and answers on their way ---- */

static struct {
	bool drop_acks, drop_pushes;
	uint32_t to;		/* pushes to this one only; 0: all */
	unsigned pushes, acks;	/* seen */
	bool encrypted;		/* the last acknowledgement */
	size_t len;		/* the last of ... */
	uint8_t kind;		/* ... this exchange */
	struct udp_addr from;
	uint8_t data[ISAKMP_MSG_MAX];
} way;

static bool
look(struct net *n, struct datagram *d)
{
	uint8_t x = d->data[18];

	(void)n;
	if (x == GDOI_X_PUSH_ACK) {
		way.acks++;
		way.encrypted = d->data[19] != 0;
	} else if (x == GDOI_X_PUSH && (way.to == 0 ||
	    way.to == d->to.addr)) {
		way.pushes++;
	} else {
		return true;
	}
	if (x == way.kind) {
		way.len = d->len;
		way.from = d->from;
		memcpy(way.data, d->data, d->len);
	}
	return x == GDOI_X_PUSH ? !way.drop_pushes : !way.drop_acks;
}

static struct net *n;
static struct node *ks, *gm;
static struct ks_group *grp;

static struct ks_member *
member(unsigned i)
{
	struct ks_member *m;

	TAILQ_FOREACH(m, &grp->members, link)
		if (m->addr == GM_ADDR(i))
			return m;
	return NULL;
}

static struct gdoi_local *
local(void)
{
	return tc_local(ks->conf);
}

static void
make(unsigned members, uint32_t tek)
{
	unsigned i;

	n = net_new(members + tek);
	ks = net_add_ks(n, KS_ADDR);
	for (i = 0; i < members; i++)
		gm = net_add_gm(n, i);
	gm = n->nodes[1];
	tc_profile(ks->conf)->lifetime = tek;
}

static void
multicast(const char *acl)
{
	struct ace *a = tc_ace(tc_acl(ks->conf, "M"), ACE_PERMIT, KS_ADDR, 0,
	    MGROUP, 0);

	a->proto = 17;
	local()->unicast = false;
	str_copy(local()->rekey_acl, acl, sizeof(local()->rekey_acl));
}

static void
run(void)
{
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	net_run(n, SEC);
	grp = net_ks(ks);
	memset(&way, 0, sizeof(way));
	n->tap = look;
}

static void
start(unsigned members, uint32_t tek)
{
	make(members, tek);
	run();
}

static void
end(void)
{
	net_free(n);
}

static void
rekey(enum rekey_kind kind)
{
	assert_null(ks_rekey(grp, kind));
}

/* ---- forms ---- */

static void
forms(void **state)
{
	static const uint8_t ack[] = { REKEY_ACK_CISCO,
		REKEY_ACK_INTEROPERABLE, REKEY_ACK_ANY };
	unsigned i, bad;

	(void)state;
	for (i = 0; i < NELEM(ack); i++) {
		make(2, 3600);
		local()->rekey_ack = ack[i];
		run();
		rekey(REKEY_TEK);
		net_run(n, SEC);
		assert_int_equal(member(0)->acks, 1);
		assert_int_equal(member(1)->acks, 1);
		assert_int_equal(way.acks, 2);
		assert_int_equal(way.encrypted, ack[i] == REKEY_ACK_CISCO);
		assert_false(grp->rekey.active);
		/* the key server wants another form than they were told */
		bad = ks->g->ike->stats.bad;
		way.drop_acks = true;
		rekey(REKEY_TEK);
		grp->rekey.push[0].ack = way.encrypted ?
		    REKEY_ACK_INTEROPERABLE : REKEY_ACK_CISCO;
		way.drop_acks = false;
		net_run(n, 9 * SEC);
		assert_int_equal(way.acks, 4);
		assert_int_equal(member(0)->acks, 1);
		assert_int_equal(ks->g->ike->stats.bad, bad + 2);
		grp->rekey.push[0].ack = REKEY_ACK_ANY;
		net_run(n, 5 * SEC);
		assert_int_equal(member(0)->acks, 2);
		end();
	}
}

/* A member of other software that does not know our vendor ID: nothing is
 * asked of it, its silence means nothing, and it has each copy once. */
static void
silent(void **state)
{
	unsigned periodic, i;

	(void)state;
	for (periodic = 0; periodic < 2; periodic++) {
		make(2, 7200);
		local()->retransmit_periodic = periodic;
		run();
		str_copy(member(1)->version, "0.0.0", 16);
		net_gm(n->nodes[2])->kek.ack = KEK_ACK_NONE;
		net_gm(n->nodes[2])->ks_own = false;
		way.to = GM_ADDR(1);
		for (i = 1; i <= 5; i++) {
			rekey(REKEY_ALL); /* who misses it is told on */
			net_run(n, 500 * SEC);
			assert_int_equal(way.pushes, 3 * i);
			assert_false(grp->rekey.active);
		}
		assert_int_equal(grp->nmembers, 2);
		assert_int_equal(net_gm(n->nodes[2])->rekeys_total, 5);
		end();
	}
}

/* ---- answers ---- */

/* The acknowledgements of a roll-over are lost: a member has the new KEK and
 * its key server does not know. It gets what follows nevertheless. */
static void
lost_roll_over(void **state)
{
	uint32_t spi;

	(void)state;
	start(2, 86400);
	way.drop_acks = true;
	rekey(REKEY_KEK);
	net_run(n, 60 * SEC);
	assert_false(grp->rekey.active);
	assert_int_equal(member(0)->missed, 1);
	way.drop_acks = false;
	/* and another one has not even heard of it */
	n->nodes[2]->deaf = true;
	rekey(REKEY_ALL);
	n->nodes[2]->deaf = false;
	net_run(n, 15 * SEC);
	spi = newest_spi(n);
	assert_non_null(talk_tek(gm, spi));
	assert_non_null(talk_tek(n->nodes[2], spi));
	assert_int_equal(member(0)->acks, 1);
	assert_int_equal(member(0)->missed, 0);
	assert_int_equal(member(1)->missed, 0);
	assert_memory_equal(member(0)->kek_spi, grp->kek->k.spi, KEK_SPI_LEN);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	end();
}

/* A member that was away during a roll-over gets the next rekey under the
 * KEK that it has, with the new one in it. */
static void
old_kek(void **state)
{
	(void)state;
	start(3, 86400);
	gm->deaf = true;
	rekey(REKEY_KEK);
	net_run(n, 60 * SEC);
	gm->deaf = false;
	assert_memory_not_equal(net_gm(gm)->kek.spi, grp->kek->k.spi,
	    KEK_SPI_LEN);
	rekey(REKEY_TEK);
	assert_non_null(grp->rekey.push[1].data);
	net_run(n, SEC);
	assert_memory_equal(net_gm(gm)->kek.spi, grp->kek->k.spi, KEK_SPI_LEN);
	assert_memory_equal(member(0)->kek_spi, grp->kek->k.spi, KEK_SPI_LEN);
	/* two, if the one under the new KEK came behind */
	assert_in_range(net_gm(gm)->rekeys_total, 1, 2);
	assert_int_equal(net_gm(n->nodes[2])->rekeys_total, 2);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(ks_kek_age(grp, member(0)), 0);
	end();
}

static void
late_ack(void **state)
{
	struct udp_addr to = { KS_ADDR, ISAKMP_PORT };

	(void)state;
	start(1, 86400);
	way.drop_acks = true;
	way.kind = GDOI_X_PUSH_ACK;
	rekey(REKEY_KEK);
	net_run(n, 60 * SEC);
	assert_false(grp->rekey.active);
	assert_int_equal(member(0)->missed, 1);
	gdoi_input(ks->g, to, way.from, way.data, way.len);
	assert_int_equal(member(0)->missed, 0);
	assert_int_equal(member(0)->acks, 1);
	assert_memory_equal(member(0)->kek_spi, grp->kek->k.spi, KEK_SPI_LEN);
	gdoi_input(ks->g, to, way.from, way.data, way.len);
	assert_int_equal(member(0)->acks, 1);
	end();
}

/* The same answer again and again: after some it costs no more work, and that
 * is said once; the next rekey begins anew. */
static void
black_hole(void **state)
{
	struct udp_addr to = { KS_ADDR, ISAKMP_PORT };
	unsigned i, bad;

	(void)state;
	start(2, 86400);
	way.kind = GDOI_X_PUSH_ACK;
	rekey(REKEY_TEK);
	net_run(n, SEC);
	bad = ks->g->ike->stats.bad;
	for (i = 0; i < 100; i++)
		gdoi_input(ks->g, to, way.from, way.data, way.len);
	assert_int_equal(ks->logs[LOG_KS_BLACK_HOLE_ACK], 1);
	assert_int_equal(ks->g->ike->stats.bad - bad, 100 - 16);
	assert_int_equal(member(0)->acks + member(1)->acks, 2);
	rekey(REKEY_TEK);
	net_run(n, SEC);
	assert_int_equal(member(0)->acks + member(1)->acks, 4);
	/* from elsewhere it is nobody's */
	way.from.addr = IP(10, 8, 0, 1);
	gdoi_input(ks->g, to, way.from, way.data, way.len);
	assert_int_equal(ks->g->ike->stats.bad - bad, 100 - 16 + 1);
	end();
}

/* A push that comes again is answered again, once a second, and only to where
 * the answer went at first. */
static void
replayed_push(void **state)
{
	struct udp_addr to = { GM_ADDR(0), ISAKMP_PORT };
	unsigned i;

	(void)state;
	start(1, 86400);
	way.kind = GDOI_X_PUSH;
	rekey(REKEY_TEK);
	net_run(n, 5 * SEC);
	assert_int_equal(way.acks, 1);
	for (i = 0; i < 100; i++)
		gdoi_input(gm->g, to, way.from, way.data, way.len);
	assert_int_equal(way.acks, 2);
	net_run(n, SEC);
	way.from.addr = IP(10, 8, 0, 1);
	for (i = 0; i < 100; i++)
		gdoi_input(gm->g, to, way.from, way.data, way.len);
	assert_int_equal(way.acks, 2);
	assert_int_equal(net_gm(gm)->rekeys_total, 1);
	assert_int_equal(gm->logs[LOG_GM_REKEY_SEQ], 0);
	end();
}

/* ---- who is waited for ---- */

/* Old octets are built anew, with a number of their own and lifetimes that
 * are true; who is away hears of the rekey when it is back. */
static void
reminders(void **state)
{
	const struct ks_tek *t;
	uint64_t left;

	(void)state;
	make(2, 86400);
	local()->retransmit_periodic = true;
	run();
	gm->deaf = true;
	way.to = GM_ADDR(0);
	rekey(REKEY_TEK);
	ks_make_tek(grp, &grp->active->sas[0]);
	rekey(REKEY_TEK);
	assert_int_equal(grp->rekey.push[0].seq, 2);
	net_run(n, 15 * SEC);
	assert_int_equal(grp->rekey.push[0].seq, 2);
	net_run(n, 1000 * SEC);
	assert_true(grp->rekey.active);
	assert_int_equal(grp->rekey.waiting, 1);
	assert_int_equal(grp->rekey.tries, 101);
	/* every 30 s, since rounds are 10 s */
	assert_int_equal(grp->rekey.push[0].seq, 2 + 1015 / 30);
	assert_int_equal(grp->kek->seq, grp->rekey.push[0].seq);
	gm->deaf = false;
	net_run(n, 10 * SEC);
	assert_int_equal(net_gm(gm)->rekeys_total, 1);
	assert_int_equal(net_gm(n->nodes[2])->rekeys_total, 2);
	assert_false(grp->rekey.active);
	assert_int_equal(member(0)->acks, 1);
	assert_int_equal(member(0)->missed, 0);
	t = TAILQ_FIRST(&grp->teks);
	assert_non_null(talk_tek(gm, t->k.spi));
	left = gm->tek_end[talk_tek(gm, t->k.spi) - gm->teks];
	/* it ends with the key server's, not later by the time it was away */
	assert_true(left <= t->expires + 31 * SEC);
	end();
}

/* Three rekeys by hand in a row, while one member is away for some seconds:
 * it had no time to answer and is not deleted for that. */
static void
interrupted(void **state)
{
	unsigned i;

	(void)state;
	start(2, 86400);
	gm->deaf = true;
	for (i = 0; i < 4; i++) {
		rekey(REKEY_TEK);
		net_run(n, SEC);
	}
	gm->deaf = false;
	net_run(n, 20 * SEC);
	assert_int_equal(grp->nmembers, 2);
	assert_int_equal(member(0)->missed, 0);
	assert_int_equal(member(0)->acks, 1);
	end();
}

static void
removed(void **state)
{
	(void)state;
	start(3, 86400);
	n->nodes[1]->deaf = n->nodes[2]->deaf = true;
	rekey(REKEY_TEK);
	net_run(n, SEC);
	assert_int_equal(grp->rekey.waiting, 2);
	ks_remove_member(grp, member(0), true);
	assert_int_equal(grp->rekey.waiting, 1);
	assert_true(grp->rekey.active);
	ks_remove_member(grp, member(1), true);
	assert_int_equal(grp->rekey.waiting, 0);
	assert_false(grp->rekey.active);
	/* one that has answered is not waited for */
	ks_remove_member(grp, member(2), true);
	assert_int_equal(grp->nmembers, 0);
	end();
}

/* The group is rekeyed while a member registers: it gets that rekey then, and
 * again if it is lost. */
static bool
rekey_in_pull(struct net *net, struct datagram *d)
{
	if (d->data[18] == GDOI_X_PULL && d->from.addr == KS_ADDR &&
	    d->to.addr == GM_ADDR(1)) {
		net->tap = look;
		way.to = GM_ADDR(1);
		ks_make_tek(grp, &grp->active->sas[0]);
		assert_null(ks_rekey(grp, REKEY_TEK));
		way.drop_pushes = true;
	}
	return true;
}

static void
in_pull(void **state)
{
	(void)state;
	start(1, 86400);
	gm = net_add_gm(n, 1);
	n->tap = rekey_in_pull;
	net_apply(gm);
	assert_true(net_until(n, 5 * SEC, net_registered));
	net_run(n, 5 * SEC);
	assert_ptr_equal(n->tap, look);
	assert_true(way.pushes > 0);
	way.drop_pushes = false;
	net_run(n, 15 * SEC);
	assert_non_null(talk_tek(gm, newest_spi(n)));
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	assert_false(grp->rekey.active);
	end();
}

/* ---- multicast that cannot be ---- */

static void
unfit(void **state)
{
	static const struct {
		uint32_t src, src_wild, dst, dst_wild;
		uint8_t proto;
		uint16_t port;
		const char *why;
	} bad[] = {
		{ KS_ADDR, 0, MGROUP, 0, 6, 848, "not for udp" },
		{ KS_ADDR, 0, IP(10, 1, 1, 1), 0, 17, 848, "not a multicast" },
		{ KS_ADDR, 0, MGROUP, 255, 17, 848, "not a multicast host" },
		{ KS_ADDR, 0, IP(224, 0, 0, 9), 0, 17, 848, "224.0.0.0/24" },
		{ IP(1, 1, 1, 1), 0, MGROUP, 0, 17, 848, "not the address" },
		{ KS_ADDR, 0, MGROUP, 0, 17, 500, "ports are not 848" },
		{ KS_ADDR, 0, MGROUP, 0, 17, 848, NULL },
		{ 0, UINT32_MAX, MGROUP, 0, 17, 848, NULL },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		struct ace *a;

		make(1, 600);
		multicast("M");
		a = &((struct acl_entry *)(void *)((struct acl *)(void *)
		    ks->conf->acls.last)->entries.first)->ace;
		a->src = bad[i].src;
		a->src_wild = bad[i].src_wild;
		a->dst = bad[i].dst;
		a->dst_wild = bad[i].dst_wild;
		a->proto = bad[i].proto;
		a->dport.op = ACE_OP_EQ;
		a->dport.lo = bad[i].port;
		run();
		assert_int_equal(ks->logs[LOG_KS_NO_MCAST],
		    bad[i].why != NULL);
		if (bad[i].why != NULL) {
			assert_non_null(strstr(ks->last[LOG_KS_NO_MCAST],
			    bad[i].why));
			assert_null(grp->kek);
			assert_false(net_gm(gm)->has_kek);
			/* keys in time, by registering again */
			for (unsigned s = 0; s < 1200; s++) {
				net_run(n, SEC);
				assert_true(talk_live(gm) > 0);
			}
			assert_true(gm->logs[LOG_GM_REGSTER] > 1);
			assert_int_equal(ks->logs[LOG_KS_NO_MCAST], 1);
		} else {
			assert_true(net_gm(gm)->has_kek);
			assert_true(net_in_group(gm, MGROUP));
		}
		end();
	}
	make(1, 600);
	multicast("NONE");
	run();
	assert_non_null(strstr(ks->last[LOG_KS_NO_MCAST], "does not exist"));
	end();
}

/* The kernel refuses: said once, keys come by registering, and a change of
 * the interface is another try. */
static void
no_join(void **state)
{
	struct port p;
	unsigned i;

	(void)state;
	make(1, 600);
	multicast("M");
	gm->no_join = true;
	run();
	assert_int_equal(gm->logs[LOG_GM_MCAST_JOIN], 1);
	for (i = 0; i < 1200; i++) {
		net_run(n, SEC);
		assert_true(talk_live(gm) > 0);
	}
	assert_true(gm->logs[LOG_GM_REGSTER] > 1);
	assert_int_equal(gm->logs[LOG_GM_MCAST_JOIN], 1);
	gm->no_join = false;
	p = gm->g->ports[1];
	gdoi_port(gm->g, &p);
	assert_true(net_in_group(gm, MGROUP));
	i = gm->logs[LOG_GM_RECV_REKEY];
	rekey(REKEY_TEK);
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], i + 1);
	end();
}

/* It registers between a rekey by multicast and its repetitions: it has that
 * rekey's keys, and these are no replay. Neither is a repetition with another
 * pseudotime for the one that has heard the first. An older rekey is one. */
static void
repeated(void **state)
{
	struct node *late;
	unsigned bad;

	(void)state;
	make(1, 86400);
	multicast("M");
	((struct gdoi_sa *)(void *)local()->sas.first)->replay = REPLAY_TIME;
	((struct gdoi_sa *)(void *)local()->sas.first)->window = 5;
	run();
	way.kind = GDOI_X_PUSH;
	rekey(REKEY_TEK);
	net_run(n, SEC);
	assert_int_equal(way.pushes, 1);
	late = net_add_gm(n, 1);
	net_apply(late);
	assert_true(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(net_gm(late)->last_seq, net_gm(gm)->last_seq);
	bad = late->g->ike->stats.bad + gm->g->ike->stats.bad;
	net_run(n, 60 * SEC);
	assert_true(way.pushes > 1);
	assert_int_equal(late->g->ike->stats.bad + gm->g->ike->stats.bad, bad);
	assert_int_equal(late->logs[LOG_GM_REKEY_SEQ], 0);
	assert_int_equal(gm->logs[LOG_GM_REKEY_SEQ], 0);
	assert_int_equal(late->logs[LOG_GM_RECV_REKEY], 0);
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 1);
	/* the next one, then that one again */
	way.kind = 0;
	rekey(REKEY_TEK);
	net_run(n, 60 * SEC);
	assert_int_equal(late->logs[LOG_GM_RECV_REKEY], 1);
	gdoi_input(late->g, (struct udp_addr){ MGROUP, 848 }, way.from,
	    way.data, way.len);
	assert_int_equal(late->logs[LOG_GM_REKEY_SEQ], 1);
	end();
}

/* Two groups with one address: the last that goes leaves. A device without
 * an index joins nowhere. */
static void
one_address(void **state)
{
	struct gm_group *g, twin;
	struct port p;

	(void)state;
	make(1, 86400);
	multicast("M");
	run();
	g = net_gm(gm);
	twin = *g;
	str_copy(twin.name, "G2", sizeof(twin.name));
	TAILQ_INSERT_TAIL(&gm->g->gm, &twin, link);
	gm_mcast_sync(gm->g);
	assert_int_equal(gm->joins, 1);
	twin.kek.dst.addr = IP(239, 2, 2, 2);
	gm_mcast_sync(gm->g);
	assert_int_equal(gm->ngroups, 2);
	twin.kek.dst.addr = MGROUP;
	g->has_kek = false;
	gm_mcast_sync(gm->g);
	assert_int_equal(gm->ngroups, 1);
	assert_true(net_in_group(gm, MGROUP));
	twin.has_kek = false;
	gm_mcast_sync(gm->g);
	assert_int_equal(gm->ngroups, 0);
	assert_int_equal(gm->joins, gm->leaves);
	TAILQ_REMOVE(&gm->g->gm, &twin, link);
	g->has_kek = true;
	gm_mcast_sync(gm->g);
	p = gm->g->ports[1];
	p.ifindex = 0;
	p.up = false;
	gdoi_port(gm->g, &p);
	assert_int_equal(gm->ngroups, 0);
	assert_int_equal(gm->logs[LOG_GM_MCAST_JOIN], 0);
	end();
}

static void
long_life(void **state)
{
	(void)state;
	make(1, 600);
	local()->rekey_days = 2;
	local()->rekey_cipher = ESP_3DES;
	net_apply_all(n);
	net_run(n, 10 * SEC);
	assert_non_null(strstr(net_ks(ks)->policy->problem,
	    "needs rekey algorithm aes"));
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 0);
	assert_int_equal(ks->logs[LOG_KS_NO_POLICY], 1);
	(void)net_edit(ks);
	local()->rekey_cipher = ESP_AES_CBC;
	net_left(ks);
	assert_true(net_until(n, 300 * SEC, net_registered));
	assert_int_equal(net_ks(ks)->kek->life, 2 * 86400);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(silent),
		cmocka_unit_test(lost_roll_over),
		cmocka_unit_test(old_kek),
		cmocka_unit_test(late_ack),
		cmocka_unit_test(black_hole),
		cmocka_unit_test(replayed_push),
		cmocka_unit_test(reminders),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(removed),
		cmocka_unit_test(in_pull),
		cmocka_unit_test(unfit),
		cmocka_unit_test(no_join),
		cmocka_unit_test(repeated),
		cmocka_unit_test(one_address),
		cmocka_unit_test(long_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
