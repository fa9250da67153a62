/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Life after registration: rekeys and their acknowledgements, change of KEK,
 * lost rekeys, restarts, policy changes. Time runs fast.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

/* One key server and some members, registered. */
static struct net *
start(uint64_t seed, unsigned members, uint32_t tek, uint32_t kek)
{
	struct net *n = net_new(seed);
	struct node *ks = net_add_ks(n, KS_ADDR);
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;
	unsigned i;

	((struct ipsec_profile *)(void *)ks->conf->ipsec_profiles.first)
	    ->lifetime = tek;
	l->rekey_lifetime = kek;
	for (i = 0; i < members; i++)
		net_add_gm(n, i);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	net_run(n, SEC);
	return n;
}

/* The TEK that a member would rather send with: all of them must have it. */
static bool
has_tek(const struct node *gm, uint32_t spi)
{
	unsigned i;

	for (i = 0; i < gm->nteks; i++)
		if (gm->teks[i].spi == spi &&
		    gm->tek_end[i] > gm->net->now)
			return true;
	return false;
}

static unsigned
live_teks(const struct node *gm)
{
	unsigned i, n = 0;

	for (i = 0; i < gm->nteks; i++)
		n += gm->tek_end[i] > gm->net->now;
	return n;
}

static void
margins(void **state)
{
	struct ks_group g = { .retransmit_secs = 10, .retransmit_count = 2 };

	(void)state;
	assert_int_equal(ks_tek_margin(&g, 120), 115);
	assert_int_equal(ks_kek_margin(&g, 360), 225);
	assert_int_equal(ks_tek_margin(&g, 86400), 8640 + 25);
	g.retransmit_count = 3;
	assert_int_equal(ks_tek_margin(&g, 600), 125);
	assert_int_equal(ks_kek_margin(&g, 1200), 235);
}

static void
tek_rolls(void **state)
{
	struct net *n = start(1, 5, 600, 86400);
	struct node *ks = n->nodes[0];
	struct ks_group *grp = net_ks(ks);
	uint32_t first = TAILQ_FIRST(&grp->teks)->k.spi;
	unsigned i;

	(void)state;
	/* 600 - max(90, 60) - 25: at 485 s */
	net_run(n, 480 * SEC);
	assert_int_equal(ks->logs[LOG_KS_SEND_UNICAST_REKEY], 0);
	net_run(n, 10 * SEC);
	assert_int_equal(ks->logs[LOG_KS_SEND_UNICAST_REKEY], 1);
	assert_int_equal(grp->kek->seq, 1);
	for (i = 1; i <= 5; i++) {
		struct node *gm = n->nodes[i];

		assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 1);
		assert_int_equal(gm->logs[LOG_GM_INSTALL_OK], 2);
		assert_int_equal(live_teks(gm), 2); /* both, until the end */
		assert_true(has_tek(gm, first));
		assert_true(has_tek(gm, TAILQ_FIRST(&grp->teks)->k.spi));
		assert_int_equal(net_gm(gm)->acks_sent, 1);
	}
	assert_int_equal(TAILQ_FIRST(&grp->members)->acks, 1);
	assert_int_equal(TAILQ_FIRST(&grp->members)->rcvd_seq[0], 1);
	assert_int_equal(TAILQ_FIRST(&grp->members)->retries, 0);
	net_run(n, 120 * SEC);
	assert_false(has_tek(n->nodes[1], first));
	/* and on and on: nobody registers twice */
	net_run(n, 3 * 3600 * SEC);
	for (i = 1; i <= 5; i++) {
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REGSTER], 1);
		assert_true(live_teks(n->nodes[i]) >= 1);
	}
	net_free(n);
}

static void
kek_rolls(void **state)
{
	struct net *n = start(2, 3, 3600, 400);
	struct node *ks = n->nodes[0];
	struct ks_group *grp = net_ks(ks);
	uint8_t spi[KEK_SPI_LEN];
	unsigned i;

	(void)state;
	memcpy(spi, grp->kek->k.spi, sizeof(spi));
	net_run(n, 190 * SEC); /* 400 - 225 = 175 */
	assert_memory_not_equal(spi, grp->kek->k.spi, sizeof(spi));
	assert_int_equal(grp->kek->seq, 0);
	for (i = 1; i <= 3; i++) {
		assert_memory_equal(net_gm(n->nodes[i])->kek.spi,
		    grp->kek->k.spi, KEK_SPI_LEN);
		assert_int_equal(net_gm(n->nodes[i])->last_seq, 0);
	}
	/* acknowledged under the old one */
	assert_int_equal(TAILQ_FIRST(&grp->members)->acks, 1);
	net_run(n, 4 * 3600 * SEC);
	assert_int_equal(n->nodes[1]->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(n->nodes[1]->logs[LOG_GM_DELETE_EXPIRED_KEK], 0);
	assert_int_equal(grp->nmembers, 3);
	net_free(n);
}

/* Both short, as labs have them. */
static void
short_lives(void **state)
{
	struct net *n = start(3, 2, 120, 300);

	(void)state;
	net_run(n, 2 * 3600 * SEC);
	assert_int_equal(n->nodes[1]->logs[LOG_GM_REGSTER], 1);
	assert_true(live_teks(n->nodes[1]) >= 1);
	assert_int_equal(net_ks(n->nodes[0])->nmembers, 2);
	net_free(n);
}

/* Members that hear nothing for a while: retransmissions, then deletion
 * after three rekeys, then they register again and all is well. */
static void
silent_member(void **state)
{
	struct net *n = start(4, 3, 600, 86400);
	struct node *ks = n->nodes[0], *lost = n->nodes[2];
	struct ks_group *grp = net_ks(ks);
	struct ks_member *m;

	(void)state;
	lost->deaf = true;
	net_run(n, 485 * SEC + 40 * SEC);
	m = TAILQ_NEXT(TAILQ_FIRST(&grp->members), link);
	assert_int_equal(m->addr, lost->addr);
	assert_int_equal(m->sent, 1);
	assert_int_equal(m->retries, 2);
	assert_int_equal(m->acks_missed, 1);
	assert_int_equal(m->missed, 1);
	assert_int_equal(grp->rekey.duration, 30000);
	net_run(n, 1100 * SEC);
	assert_int_equal(ks->logs[LOG_GM_DELETE], 1);
	assert_int_equal(grp->nmembers, 2);
	lost->deaf = false;
	assert_true(net_until(n, 300 * SEC, net_registered));
	net_run(n, 5 * SEC);
	assert_int_equal(grp->nmembers, 3);
	assert_true(has_tek(lost, TAILQ_FIRST(&grp->teks)->k.spi));
	net_free(n);
}

/* Rekeys never arrive: the member registers again before its TEK ends, and
 * never is without one. */
static bool
drop_pushes(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != GDOI_X_PUSH;
}

static void
lost_rekeys(void **state)
{
	struct net *n = start(5, 1, 600, 86400);
	struct node *gm = n->nodes[1];
	unsigned i;

	(void)state;
	n->tap = drop_pushes;
	for (i = 0; i < 3600; i++) {
		net_run(n, SEC);
		if (live_teks(gm) == 0)
			fail_msg("no TEK at %u s", i);
	}
	assert_true(gm->logs[LOG_GM_RE_REGISTER] >= 5);
	assert_int_equal(gm->logs[LOG_GM_RE_REGISTER] + 1,
	    net_gm(gm)->succeeded);
	net_free(n);
}

/* Loss, duplication, reordering of everything: with every seed a member ends
 * up with the newest TEK, and is never without any. */
static void
bad_networks(void **state)
{
	unsigned seed, i;

	(void)state;
	for (seed = 0; seed < 100; seed++) {
		struct net *n = start(1000 + seed, 2, 300, 600);

		n->loss = seed % 16;
		n->dup = seed % 20;
		n->reorder = seed % 40;
		for (i = 0; i < 100; i++) {
			net_run(n, 20 * SEC);
			if (live_teks(n->nodes[1]) == 0 ||
			    live_teks(n->nodes[2]) == 0)
				fail_msg("seed %u: no TEK at %u s", seed,
				    20 * i);
		}
		n->loss = 0;
		net_run(n, 400 * SEC);
		assert_true(has_tek(n->nodes[1],
		    TAILQ_FIRST(&net_ks(n->nodes[0])->teks)->k.spi));
		net_free(n);
	}
}

static void
paced(void **state)
{
	struct net *n = start(6, 120, 600, 86400);
	struct ks_group *grp = net_ks(n->nodes[0]);
	uint64_t t0;
	unsigned before;

	(void)state;
	/* nobody answers: each takes three datagrams */
	n->tap = drop_pushes;
	before = n->sent;
	t0 = n->now;
	assert_null(ks_rekey(grp, REKEY_KEK));
	assert_int_equal(n->sent - before, 50);
	net_run(n, 101);
	assert_int_equal(n->sent - before, 100);
	net_run(n, 101);
	assert_int_equal(n->sent - before, 120);
	net_run(n, 31 * SEC);
	assert_int_equal(n->sent - before, 360);
	assert_false(grp->rekey.active);
	assert_true(n->now - t0 < 40 * SEC);
	net_free(n);
}

static void
operator_rekeys(void **state)
{
	struct net *n = start(7, 2, 3600, 86400);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	struct ks_group *grp = net_ks(ks);
	uint32_t old = TAILQ_FIRST(&grp->teks)->k.spi;
	uint8_t spi[KEK_SPI_LEN];

	(void)state;
	memcpy(spi, grp->kek->k.spi, sizeof(spi));
	net_run(n, 100 * SEC);
	assert_null(ks_rekey(grp, REKEY_ALL));
	net_run(n, 2 * SEC);
	assert_memory_not_equal(spi, grp->kek->k.spi, KEK_SPI_LEN);
	assert_true(has_tek(gm, old));
	assert_true(has_tek(gm, TAILQ_FIRST(&grp->teks)->k.spi));
	/* MIN(rest, MAX(90, MIN(5% of 3600, 3600))) = 180 s */
	net_run(n, 176 * SEC);
	assert_true(has_tek(gm, old));
	net_run(n, 4 * SEC);
	assert_false(has_tek(gm, old));
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

static void
policy_changes(void **state)
{
	struct net *n = start(8, 1, 3600, 86400);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	struct conf *old = ks->conf;
	struct acl *a;

	(void)state;
	assert_int_equal(gm->npermit, 1);
	ks->conf = tc_copy(old);
	a = (void *)ks->conf->acls.first;
	tc_ace(a, ACE_PERMIT, IP(172, 16, 0, 0), 0xffff, 0, UINT32_MAX);
	tc_ace(a, ACE_DENY, IP(172, 17, 0, 0), 0xffff, 0, UINT32_MAX);
	net_apply(ks);
	tc_free(old);
	net_run(n, SEC);
	assert_int_equal(ks->logs[LOG_KS_POLICY_CHANGE], 1);
	assert_int_equal(gm->npermit, 1);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, SEC);
	assert_int_equal(gm->npermit, 2);
	assert_int_equal(gm->ndeny, 1);
	assert_int_equal(gm->aces[4].action, ACE_DENY);
	net_apply(ks); /* nothing new: no word */
	assert_int_equal(ks->logs[LOG_KS_POLICY_CHANGE], 1);
	net_free(n);
}

static void
two_sas(void **state)
{
	struct net *n = net_new(9);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm = net_add_gm(n, 0);
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;
	struct gdoi_sa *sa = tc_add(&l->sas, sizeof(*sa));
	struct acl *a = tc_acl(ks->conf, "B");

	(void)state;
	sa->number = 20;
	str_copy(sa->profile, "P", sizeof(sa->profile));
	str_copy(sa->acl, "B", sizeof(sa->acl));
	sa->replay = REPLAY_TIME;
	sa->window = 5;
	tc_ace(a, ACE_PERMIT, IP(11, 0, 0, 0), 0xffffff, 0, UINT32_MAX);
	tc_ace(a, ACE_PERMIT, 0, UINT32_MAX, IP(11, 0, 0, 0), 0xffffff);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_int_equal(gm->nteks, 2);
	assert_int_equal(gm->npermit, 3);
	assert_int_not_equal(gm->teks[0].sa_index, gm->teks[1].sa_index);
	assert_true(gm->teks[0].replay == REPLAY_TIME ||
	    gm->teks[1].replay == REPLAY_TIME);
	net_run(n, 4000 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(live_teks(gm), 2);
	net_free(n);
}

static void
counter_mode(void **state)
{
	struct net *n = net_new(10);
	struct node *ks = net_add_ks(n, KS_ADDR);
	struct transform_set *t = (void *)ks->conf->transform_sets.first;
	unsigned i, j;

	(void)state;
	t->esp = (struct esp_transform){ ESP_AES_GCM, ESP_AUTH_NONE, 256 };
	for (i = 0; i < 8; i++)
		net_add_gm(n, i);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	for (i = 1; i <= 8; i++) {
		const struct sa_tek *k = &n->nodes[i]->teks[0];

		assert_int_equal(k->sid_bits, 24);
		assert_int_equal(k->key.len, 32);
		assert_int_equal(k->salt, n->nodes[1]->teks[0].salt);
		for (j = 1; j < i; j++)
			assert_int_not_equal(k->sid,
			    n->nodes[j]->teks[0].sid);
	}
	/* again: a new number, never the old one */
	gm_clear(net_gm(n->nodes[1]));
	assert_true(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(n->nodes[1]->teks[0].sid, 8);
	/* the packet process dies: nothing is sent before a new number */
	gdoi_resync(n->nodes[2]->g);
	assert_int_equal(TAILQ_FIRST(&net_gm(n->nodes[2])->teks)->t.sid_bits,
	    0);
	assert_true(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(TAILQ_FIRST(&net_gm(n->nodes[2])->teks)->t.sid_bits,
	    24);
	assert_int_equal(TAILQ_FIRST(&net_gm(n->nodes[2])->teks)->t.sid, 9);
	net_free(n);
}

/* A packet process that is new goes on above the numbers that the one before
 * may have used, however long the TEK lives. */
static void
numbers_go_on(void **state)
{
	static const uint32_t lives[] = { 120, 86400, 2147484, 2592000 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lives); i++) {
		struct net *n = start(40 + i, 1, lives[i], 86400);
		struct gm_tek *t = TAILQ_FIRST(&net_gm(n->nodes[1])->teks);
		uint32_t first = t->t.seq_base;

		net_run(n, lives[i] / 2 * SEC);
		gdoi_resync(n->nodes[1]->g);
		assert_in_range(t->t.seq_base, first +
		    (lives[i] <= 86400 ? lives[i] / 2 * 20000 : 1u << 29),
		    1u << 31);
		net_free(n);
	}
}

/* Of a member that is reloaded nothing is left, and windows that stand at what
 * it has sent are there for as long as the TEK: 20,000 packets a second. */
static void
numbers_survive(void **state UNUSED)
{
	static const uint32_t lives[] = { 900, 3600, 86400 };
	const struct gm_tek *t;
	uint32_t sent, spi, again;
	struct net *n;
	size_t i;

	for (i = 0; i < NELEM(lives); i++) {
		n = start(50 + i, 1, lives[i], 86400);
		t = TAILQ_FIRST(&net_gm(n->nodes[1])->teks);
		spi = t->t.spi;
		for (again = 0; again < 3; again++) {
			sent = t->t.seq_base + lives[i] / 4 * 20000;
			net_run(n, lives[i] / 4 * SEC);
			gdoi_resync(n->nodes[1]->g);
			assert_true(TAILQ_FIRST(&net_gm(n->nodes[1])->teks)->
			    t.seq_base > sent);
			net_restart(n->nodes[1]);
			net_apply(n->nodes[1]);
			assert_true(net_until(n, 5 * SEC, net_registered));
			t = TAILQ_FIRST(&net_gm(n->nodes[1])->teks);
			assert_int_equal(t->t.spi, spi);
			assert_true(t->t.seq_base > sent);
		}
		net_free(n);
	}
}

/* A push that somebody held back until the old TEK in it had ended: the IVs
 * of that one must not begin anew, it is not sent with. */
static struct { size_t len; uint8_t data[ISAKMP_MSG_MAX]; } held;

static bool
hold_push(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->data[18] != GDOI_X_PUSH)
		return true;
	held.len = d->len;
	memcpy(held.data, d->data, d->len);
	return false;
}

static void
held_push(void **state)
{
	struct net *n = net_new(16);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm = net_add_gm(n, 0);
	struct transform_set *t = (void *)ks->conf->transform_sets.first;
	struct udp_addr from = { KS_ADDR, ISAKMP_PORT };
	struct udp_addr to = { GM_ADDR(0), ISAKMP_PORT };
	uint32_t old;
	unsigned i;

	(void)state;
	t->esp = (struct esp_transform){ ESP_AES_GCM, ESP_AUTH_NONE, 256 };
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	old = gm->teks[0].spi;
	n->tap = hold_push;
	ks_make_tek(net_ks(ks), &net_ks(ks)->active->sas[0]);
	assert_null(ks_rekey(net_ks(ks), REKEY_TEK));
	ks->deaf = true;
	net_run(n, 3601 * SEC);
	assert_true(TAILQ_EMPTY(&net_gm(gm)->teks));
	gdoi_input(gm->g, to, from, held.data, held.len);
	assert_int_equal(net_gm(gm)->rekeys_total, 1);
	assert_int_equal(live_teks(gm), 2);
	for (i = 0; i < gm->nteks; i++)
		assert_int_equal(gm->teks[i].sid_bits,
		    gm->teks[i].spi == old ? 0 : 24);
	net_free(n);
}

/* The operator clears the group between the policy and the keys of a pull:
 * the member gets the keys of now, not those of then. */
static bool
clear_once(struct net *n, struct datagram *d)
{
	if (d->data[18] == GDOI_X_PULL && d->from.addr == KS_ADDR) {
		n->tap = NULL;
		ks_clear(net_ks(n->nodes[0]));
	}
	return true;
}

static void
cleared_in_pull(void **state)
{
	struct net *n = net_new(17);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm = net_add_gm(n, 0);

	(void)state;
	n->tap = clear_once;
	net_apply_all(n);
	assert_true(net_until(n, 60 * SEC, net_registered));
	assert_int_equal(live_teks(gm), 1);
	assert_false(TAILQ_EMPTY(&net_ks(ks)->teks));
	assert_true(has_tek(gm, TAILQ_FIRST(&net_ks(ks)->teks)->k.spi));
	net_free(n);
}

/* Identifiers that do not fit would be cut to those of other senders. */
static void
sid_range(void **state)
{
	uint8_t buf[200];
	uint32_t sid;

	(void)state;
	for (sid = 255; sid <= 256; sid++) {
		struct isakmp_hdr h = { .exchange = GDOI_X_PULL };
		struct gdoi_kd_msg kd;
		struct isakmp_msg m;
		struct isakmp_out o;

		isakmp_out_begin(&o, buf, sizeof(buf), &h);
		gdoi_put_kd(&o, NULL, NULL, 0, 8, &sid, 1);
		isakmp_out_length(&o);
		assert_true(isakmp_parse(&m, buf, wr_len(&o.w)));
		if (sid < 256)
			assert_null(gdoi_get_kd(isakmp_rd(&m.pl[0]), &kd));
		else
			assert_string_equal(gdoi_get_kd(isakmp_rd(&m.pl[0]),
			    &kd), "SID value");
		if (sid < 256)
			gdoi_kd_msg_free(&kd);
	}
}

static void
key_server_restarts(void **state)
{
	struct net *n = start(11, 3, 600, 86400);
	struct node *ks = n->nodes[0];
	unsigned i;

	(void)state;
	net_run(n, 100 * SEC);
	net_restart(ks);
	for (i = 0; i < 1500; i++) {
		net_run(n, SEC);
		assert_true(live_teks(n->nodes[1]) > 0);
	}
	assert_true(net_registered(n));
	assert_int_equal(net_ks(ks)->nmembers, 3);
	assert_true(has_tek(n->nodes[3],
	    TAILQ_FIRST(&net_ks(ks)->teks)->k.spi));
	net_free(n);
}

static void
member_restarts(void **state)
{
	struct net *n = start(12, 2, 3600, 86400);
	struct node *gm = n->nodes[1];

	(void)state;
	net_restart(gm);
	gm->nteks = 0;
	assert_true(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(gm->nteks, 1);
	assert_int_equal(net_ks(n->nodes[0])->nmembers, 2);
	net_free(n);
}

static void
cleared(void **state)
{
	struct net *n = start(13, 3, 3600, 86400);
	struct node *ks = n->nodes[0];
	uint32_t old = n->nodes[1]->teks[0].spi;

	(void)state;
	ks_remove_members(net_ks(ks), REMOVE_CLEAR);
	assert_int_equal(net_ks(ks)->nmembers, 0);
	net_run(n, 10 * SEC);
	assert_int_equal(n->nodes[1]->logs[LOG_GM_RECV_DELETE_NOW], 1);
	assert_true(net_registered(n));
	assert_int_equal(net_ks(ks)->nmembers, 3);
	assert_false(has_tek(n->nodes[1], old));
	assert_int_equal(n->nodes[1]->teks[0].spi, n->nodes[2]->teks[0].spi);
	net_free(n);
}

/* The RSA key is replaced: nobody would believe a rekey signed with the new
 * one. The members register again in time and get it. */
static void
rsa_replaced(void **state)
{
	struct net *n = start(14, 2, 600, 86400);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	unsigned i;

	(void)state;
	(void)rsa_generate(ks->g->rsa, "KEY", 1024, false, 2000);
	for (i = 0; i < 1500; i++) {
		net_run(n, SEC);
		assert_true(live_teks(gm) > 0);
	}
	assert_int_equal(ks->logs[LOG_KS_NO_RSA_KEYS], 1);
	assert_int_equal(gm->logs[LOG_GM_REKEY_FAILURE], 0);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 2);
	assert_true(gm->logs[LOG_GM_RECV_REKEY] >= 1);
	assert_memory_equal(net_gm(gm)->kek.pub,
	    rsa_find(ks->g->rsa, "KEY")->pub, 162);
	net_free(n);
}

/* The same push twice: acknowledged twice, applied once. */
static unsigned acks;

static bool
lose_first_ack(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != GDOI_X_PUSH_ACK || acks++ > 0;
}

static void
lost_ack(void **state)
{
	struct net *n = start(15, 1, 3600, 86400);
	struct ks_group *grp = net_ks(n->nodes[0]);

	(void)state;
	acks = 0;
	n->tap = lose_first_ack;
	assert_null(ks_rekey(grp, REKEY_ALL)); /* the KEK changes too */
	net_run(n, 15 * SEC);
	assert_int_equal(acks, 2);
	assert_int_equal(TAILQ_FIRST(&grp->members)->acks, 1);
	assert_int_equal(TAILQ_FIRST(&grp->members)->retries, 1);
	assert_int_equal(net_gm(n->nodes[1])->rekeys_total, 1);
	assert_false(grp->rekey.active);
	net_free(n);
}

/* One datagram for all, which is repeated: who misses the first takes the
 * second, without a word about the others. */
static bool
lose_first_push(struct net *n, struct datagram *d)
{
	if (d->data[18] != GDOI_X_PUSH)
		return true;
	n->tap = NULL;
	return false;
}

static void
by_multicast(void **state)
{
	struct net *n = net_new(30);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm = net_add_gm(n, 0);
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;
	struct ace *a = tc_ace(tc_acl(ks->conf, "M"), ACE_PERMIT, KS_ADDR, 0,
	    IP(239, 1, 1, 1), 0);
	struct ks_group *grp;
	unsigned before;

	(void)state;
	a->proto = 17;
	l->unicast = false;
	str_copy(l->rekey_acl, "M", sizeof(l->rekey_acl));
	net_add_gm(n, 1);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	net_run(n, SEC);
	grp = net_ks(ks);
	assert_int_equal(gm->ngroups, 1);
	assert_true(net_in_group(gm, IP(239, 1, 1, 1)));
	n->tap = lose_first_push;
	before = n->sent;
	assert_null(ks_rekey(grp, REKEY_TEK));
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 0);
	net_run(n, 40 * SEC);
	assert_int_equal(n->sent - before, 3); /* and no answer */
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 1);
	assert_int_equal(gm->logs[LOG_GM_REKEY_SEQ], 0);
	assert_int_equal(ks->logs[LOG_KS_SEND_MCAST_REKEY], 1);
	net_run(n, 3 * 86400 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(grp->nmembers, 2);
	/* the other way: a new KEK says so */
	l->unicast = true;
	net_apply(ks);
	assert_null(ks_rekey(grp, REKEY_TEK));
	net_run(n, 40 * SEC);
	assert_int_equal(ks->logs[LOG_KS_REKEY_TRANS_2_UNI], 1);
	assert_int_equal(gm->logs[LOG_GM_REKEY_TRANS_2_UNI], 1);
	assert_int_equal(gm->ngroups, 0);
	assert_null(ks_rekey(grp, REKEY_TEK));
	net_run(n, 5 * SEC);
	assert_int_equal(TAILQ_FIRST(&grp->members)->acks, 1);
	net_free(n);
}

/* The process ike of a member dies, and the group gets other keys before it is
 * back. The packet process still has the TEK of before, of which this ike
 * knows nothing: it is not sent with any more, nobody could read it. The one
 * that the group still has is, and goes on. */
static void
ike_was_away(void **state)
{
	unsigned replace;
	uint32_t old;

	(void)state;
	for (replace = 0; replace < 2; replace++) {
		struct net *n = start(30 + replace, 3, 3600, 86400);
		struct ks_group *grp = net_ks(n->nodes[0]);
		struct node *gm = n->nodes[2];

		old = TAILQ_FIRST(&grp->teks)->k.spi;
		gm->side = 1;
		net_restart(gm);
		check_talk(n, "its packet process goes on");
		net_run(n, 10 * SEC);
		assert_null(ks_rekey(grp, replace ? REKEY_REPLACE : REKEY_TEK));
		net_run(n, 10 * SEC);
		gm->side = 0;
		assert_true(net_until(n, 200 * SEC, net_registered));
		net_run(n, 10 * SEC);
		assert_non_null(talk_tek(gm, old));
		assert_int_equal(gm->doubted[0], replace);
		check_talk(n, "it has registered again");
		net_free(n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(margins),
		cmocka_unit_test(tek_rolls),
		cmocka_unit_test(kek_rolls),
		cmocka_unit_test(short_lives),
		cmocka_unit_test(silent_member),
		cmocka_unit_test(lost_rekeys),
		cmocka_unit_test(bad_networks),
		cmocka_unit_test(paced),
		cmocka_unit_test(operator_rekeys),
		cmocka_unit_test(policy_changes),
		cmocka_unit_test(two_sas),
		cmocka_unit_test(counter_mode),
		cmocka_unit_test(numbers_go_on),
		cmocka_unit_test(numbers_survive),
		cmocka_unit_test(held_push),
		cmocka_unit_test(cleared_in_pull),
		cmocka_unit_test(sid_range),
		cmocka_unit_test(key_server_restarts),
		cmocka_unit_test(member_restarts),
		cmocka_unit_test(cleared),
		cmocka_unit_test(rsa_replaced),
		cmocka_unit_test(lost_ack),
		cmocka_unit_test(ike_was_away),
		cmocka_unit_test(by_multicast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
