/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exchange 240 between key servers (coop_link.c) and the phase-1 SAs under
 * it: bad networks, restarts, configuration. What is said is one number
 * (link.h). Time is simulated.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link.h"
#include "talk.h"

/* ---- to and fro ---- */

static void
test_to_and_fro(void **state)
{
	struct net *n = net_new(1);
	struct coop_peer *p;

	(void)state;
	link_servers(n, 2);
	assert_int_equal(A(n)->logs[LOG_COOP_KS_ADD], 1);
	p = link_peer(A(n), KS_AT(1));
	assert_int_equal(p->ike, COOP_IKE_UNINITIALISED);
	link_say(A(n));
	assert_int_equal(p->ike, COOP_IKE_IN_PROGRESS);
	assert_true(net_until(n, 1000, link_agreed));
	net_run(n, 100);
	assert_int_equal(p->ike, COOP_IKE_ESTABLISHED);
	assert_null(p->exch);
	/* the first one told them who they are */
	assert_int_equal(p->n.sent, 2);
	assert_int_equal(p->n.recv, 2);
	assert_int_equal(link_states[1].taken[0], 1);
	assert_int_equal(link_states[0].taken[1], 2);
	coop_send(p, true);
	net_run(n, 1000);
	assert_int_equal(p->n.sent, 3);
	assert_int_equal(p->n.sent_reply, 1);
	assert_int_equal(link_peer(B(n), KS_AT(0))->n.recv_reply, 1);
	assert_int_equal(p->n.bytes_sent,
	    link_peer(B(n), KS_AT(0))->n.bytes_recv);
	assert_int_equal(p->n.recv_drops + p->n.sent_drops, 0);
	/* the other way, in the same SA */
	link_say(B(n));
	assert_true(net_until(n, 1000, link_agreed));
	assert_int_equal(A(n)->g->ike->nsas, 1);
	assert_int_equal(B(n)->g->ike->nsas, 1);
	net_free(n);
}

/* What comes up while a message is out goes with the one that follows. */
static void
test_one_at_a_time(void **state)
{
	struct net *n = net_new(2);
	struct coop_peer *p;
	unsigned i;

	(void)state;
	link_servers(n, 2);
	link_say(A(n));
	assert_true(net_until(n, 1000, link_agreed));
	p = link_peer(A(n), KS_AT(1));
	net_run(n, 1000);
	p->n.sent = 0;
	for (i = 0; i < 100; i++)
		link_say(A(n)); /* none has left */
	net_run(n, 0);
	assert_int_equal(p->n.sent, 1);
	for (i = 0; i < 100; i++)
		link_say(A(n)); /* one is out */
	assert_true(net_until(n, 1000, link_agreed));
	assert_int_equal(p->n.sent, 2);
	net_free(n);
}

/* ---- bad networks ---- */

/* Everybody says something every two seconds or so, and all know it soon:
 * the worst that this took. */
static uint64_t
bad_network(uint64_t seed, unsigned loss)
{
	struct net *n = net_new(seed);
	uint64_t start, worst = 0;
	unsigned i;

	n->loss = loss;
	n->dup = (unsigned)(seed % 20);
	n->reorder = (unsigned)(seed % 30);
	link_servers(n, 3);
	for (i = 0; i < 3; i++)
		link_states[i].stubborn = true;
	for (i = 0; i < 30; i++) {
		link_say(n->nodes[net_random(n) % 3]);
		if (i == 0)
			for (unsigned k = 0; k < 3; k++)
				link_say(n->nodes[k]);
		start = n->now;
		assert_true(net_until(n, 120 * SEC, link_agreed));
		if (n->now - start > worst)
			worst = n->now - start;
		net_run(n, net_random(n) % 4000);
	}
	link_check_quiet(n);
	/* 0, 1, 3 s, and it was on its way for a moment */
	for (i = 0; i < 3; i++)
		assert_true(link_states[i].oldest < 3500);
	net_free(n);
	return worst;
}

static void
test_bad_networks(void **state)
{
	unsigned loss, seed;
	uint64_t worst, t;

	(void)state;
	for (loss = 0; loss <= 30; loss += 10) {
		for (worst = seed = 0; seed < 60; seed++)
			if ((t = bad_network(seed, loss)) > worst)
				worst = t;
		print_message("%u %% lost: known to all after %llu ms\n", loss,
		    (unsigned long long)worst);
		assert_true(loss != 0 || worst < 2000);
		assert_true(worst < 60 * SEC);
	}
}

/* Many announcements in short time, as of many groups, all of them twice and
 * late: no duplicate passes for something else. */
static void
test_busy(void **state)
{
	struct net *n = link_pair(20);
	unsigned i;

	(void)state;
	net_run(n, 5 * SEC);
	A(n)->logs[LOG_IKMP_BAD_MESSAGE] = 0;
	B(n)->logs[LOG_IKMP_BAD_MESSAGE] = 0;
	n->dup = 100;
	n->reorder = 50;
	for (i = 0; i < 2000; i++) {
		link_say(n->nodes[i % 2]);
		net_run(n, 10);
	}
	assert_true(net_until(n, 3000, link_agreed));
	assert_int_equal(A(n)->logs[LOG_IKMP_BAD_MESSAGE], 0);
	assert_int_equal(B(n)->logs[LOG_IKMP_BAD_MESSAGE], 0);
	link_check_quiet(n);
	net_free(n);
}

/* ---- a peer that is away, or starts anew ---- */

static bool
no_clear_notify(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != ISAKMP_X_INFO || (d->data[19] & ISAKMP_F_ENC);
}

/* A speaks first: under an SA that B has lost. */
static void
test_peer_restarts(void **state)
{
	struct net *n = link_pair(3);

	(void)state;
	link_restart(B(n));
	link_say(A(n));
	assert_true(net_until(n, 500, link_agreed));
	net_run(n, 1000);
	assert_int_equal(link_sas(A(n), KS_AT(1)), 1);
	/* again, and B does not say what is wrong */
	n->tap = no_clear_notify;
	link_restart(B(n));
	link_say(A(n));
	assert_false(net_until(n, 10 * SEC, link_agreed));
	assert_true(net_until(n, 10 * SEC, link_agreed));
	n->tap = NULL;
	/* B speaks first: the SA that it has lost goes, too */
	link_restart(B(n));
	link_say(B(n));
	assert_true(net_until(n, 1000, link_agreed));
	net_run(n, 20 * SEC);
	assert_int_equal(link_sas(A(n), KS_AT(1)), 1);
	assert_int_equal(link_states[0].unanswered, 0);
	assert_int_equal(link_states[1].unanswered, 0);
	link_check_quiet(n);
	net_free(n);
}

/* Restarts at random moments, in a bad network. */
static void
test_restarts(void **state)
{
	struct net *n;
	unsigned seed, i;

	(void)state;
	for (seed = 0; seed < 40; seed++) {
		n = net_new(seed);
		n->loss = seed % 3 * 10;
		n->reorder = n->dup = 10;
		link_servers(n, 3);
		for (i = 0; i < 3; i++)
			link_states[i].stubborn = true;
		for (i = 0; i < 12; i++) {
			link_restart(n->nodes[net_random(n) % 3]);
			net_run(n, net_random(n) % 300);
			link_say(n->nodes[0]);
			link_say(n->nodes[1]);
			link_say(n->nodes[2]);
			net_run(n, net_random(n) % 300);
		}
		assert_true(net_until(n, 120 * SEC, link_agreed));
		link_check_quiet(n);
		net_free(n);
	}
}

static void
test_away(void **state)
{
	struct net *n = link_pair(4);
	struct coop_peer *p = link_peer(A(n), KS_AT(1));

	(void)state;
	B(n)->deaf = true;
	link_say(A(n));
	net_run(n, 30 * SEC);
	assert_int_equal(link_states[0].unanswered, 0);
	assert_int_equal(p->ike, COOP_IKE_IN_PROGRESS);
	net_run(n, 60 * SEC);
	assert_int_equal(link_states[0].unanswered, 1);
	assert_string_equal(link_states[0].why, "Failed, no answer");
	assert_int_equal(p->ike, COOP_IKE_FAILED);
	assert_int_equal(p->n.sent_drops, 1);
	assert_null(p->exch);
	B(n)->deaf = false;
	coop_send(p, false);
	assert_true(net_until(n, 1000, link_agreed));
	net_run(n, 100);
	assert_int_equal(p->ike, COOP_IKE_ESTABLISHED);
	net_free(n);
}

static bool
a_looks(struct net *n)
{
	return link_peer(A(n), KS_AT(1))->ike == COOP_IKE_IN_PROGRESS;
}

/* crypto isakmp keepalive 10 periodic: nobody says anything, and still A
 * notices that B is away and looks for it. */
static void
test_keepalive(void **state)
{
	struct net *n = net_new(5);
	unsigned i;

	(void)state;
	link_servers(n, 2);
	for (i = 0; i < 2; i++) {
		n->nodes[i]->conf->keepalive_secs = 10;
		n->nodes[i]->conf->keepalive_periodic = true;
	}
	link_say(A(n));
	assert_true(net_until(n, 3000, link_agreed));
	net_run(n, 60 * SEC);
	assert_int_equal(A(n)->logs[LOG_IKMP_PEER_DEAD], 0);
	B(n)->deaf = true;
	assert_true(net_until(n, 22 * SEC, a_looks));
	assert_int_equal(A(n)->logs[LOG_IKMP_PEER_DEAD], 1);
	link_restart(B(n));
	B(n)->deaf = false;
	assert_true(net_until(n, 5 * SEC, link_agreed));
	net_free(n);
}

/* SAs that live for a minute only. */
static void
test_short_lives(void **state)
{
	struct net *n = net_new(6);
	unsigned i;

	(void)state;
	link_servers(n, 2);
	for (i = 0; i < 2; i++)
		((struct isakmp_policy *)(void *)
		    n->nodes[i]->conf->isakmp_policies.first)->lifetime = 60;
	for (i = 0; i < 200; i++) {
		link_say(n->nodes[i % 2]);
		assert_true(net_until(n, 2000, link_agreed) || i == 0);
		net_run(n, 3 * SEC);
		assert_true(link_sas(A(n), KS_AT(1)) <= 3);
	}
	assert_int_equal(link_states[0].unanswered, 0);
	/* about one a minute of each side */
	assert_true(*A(n)->g->ike->conn_ids < 1001 + 60);
	link_check_quiet(n);
	net_free(n);
}

static void
test_at_once(void **state)
{
	struct net *n;
	unsigned seed;

	(void)state;
	for (seed = 0; seed < 50; seed++) {
		n = net_new(seed);
		n->reorder = 20;
		link_servers(n, 2);
		link_say(A(n));
		net_run(n, seed % 10);
		link_say(B(n));
		assert_true(net_until(n, 3000, link_agreed));
		link_check_quiet(n);
		net_free(n);
	}
}

/* ---- configuration ---- */

static void
test_peers(void **state)
{
	struct net *n = link_pair(7);
	struct gdoi_coop *c = link_conf(A(n));
	uint32_t seq;
	unsigned i;

	(void)state;
	for (i = 0; i < COOP_PEERS_MAX - 1; i++)
		(void)tc_coop_peer(A(n)->conf, IP(10, 8, 0, 1 + i));
	net_apply(A(n));
	assert_int_equal(A(n)->logs[LOG_COOP_KS_ADD], COOP_PEERS_MAX);
	(void)tc_coop_peer(A(n)->conf, IP(10, 8, 0, 99));
	net_apply(A(n));
	assert_int_equal(A(n)->logs[LOG_COOP_LIMIT_REACHED], 1);
	assert_null(link_peer(A(n), IP(10, 8, 0, 99)));
	/* another address for B, in the middle of an exchange; and back */
	seq = link_peer(A(n), KS_AT(1))->seq_out;
	link_say_to(A(n), KS_AT(1));
	((struct gdoi_coop_peer *)(void *)c->peers.first)->addr =
	    IP(10, 8, 0, 50);
	net_apply(A(n));
	assert_int_equal(A(n)->logs[LOG_COOP_KS_REMOVE], 1);
	net_run(n, 5 * SEC);
	((struct gdoi_coop_peer *)(void *)c->peers.first)->addr = KS_AT(1);
	net_apply(A(n));
	assert_true(link_peer(A(n), KS_AT(1))->seq_out >= seq);
	link_say_to(A(n), KS_AT(1));
	assert_true(net_until(n, 2000, link_agreed));
	link_check_quiet(n);
	net_free(n);
}

/* The group, or its redundancy, goes while a message is out or SAs are made,
 * and comes back: another life. */
static void
test_group_goes(void **state)
{
	struct net *n;
	struct cf_list kept;
	unsigned ms;

	(void)state;
	for (ms = 0; ms < 60; ms++) {
		n = net_new(ms);
		link_servers(n, 2);
		link_states[0].stubborn = link_states[1].stubborn = true;
		link_say(A(n));
		link_say(B(n));
		net_run(n, ms);
		kept = A(n)->conf->gdoi_groups;
		A(n)->conf->gdoi_groups = (struct cf_list){ 0 };
		net_apply(A(n));
		assert_null(net_ks(A(n)));
		net_run(n, ms * 50);
		A(n)->conf->gdoi_groups = kept;
		net_apply(A(n));
		link_say(A(n));
		link_say(B(n));
		assert_true(net_until(n, 5000, link_agreed));
		net_free(n);
	}
}

/* The last word of a group that goes. */
static void
test_farewell(void **state)
{
	struct net *n = link_pair(18);
	struct coop *c = net_ks(A(n))->coop;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		link_say(A(n)); /* with the second, one is on its way */
		net_run(n, 0);
	}
	link_say(A(n));
	c->leaving = true;
	coop_peer_remove(link_peer(A(n), KS_AT(1)));
	net_run(n, 10);
	assert_int_equal(link_states[1].heard[0], link_states[0].value);
	net_free(n);
}

/* Keys are those of keyrings and profiles, as of members. */
static void
only_profile(struct node *node, uint32_t peer)
{
	struct keyring *r = tc_add(&node->conf->keyrings, sizeof(*r));
	struct isakmp_key *k = tc_add(&r->keys, sizeof(*k));
	struct isakmp_profile *p = tc_add(&node->conf->isakmp_profiles,
	    sizeof(*p));
	struct profile_keyring *pk = tc_add(&p->keyrings, sizeof(*pk));
	struct profile_match *m = tc_add(&p->matches, sizeof(*m));

	str_copy(r->name, "RING", sizeof(r->name));
	str_copy(k->key, "betweenus", sizeof(k->key));
	k->addr = peer;
	k->mask = UINT32_MAX;
	str_copy(p->name, "SERVERS", sizeof(p->name));
	str_copy(pk->name, "RING", sizeof(pk->name));
	m->kind = MATCH_ADDRESS;
	m->addr = peer;
	m->mask = UINT32_MAX;
	net_apply(node);
}

static void
test_profiles(void **state)
{
	struct net *n = net_new(8);

	(void)state;
	link_servers(n, 2);
	only_profile(A(n), KS_AT(1));
	link_say(A(n));
	net_run(n, 2000);
	assert_false(link_agreed(n)); /* B has another key for A */
	only_profile(B(n), KS_AT(0));
	link_say(B(n));
	assert_true(net_until(n, 10 * SEC, link_agreed));
	assert_string_equal(TAILQ_FIRST(&A(n)->g->ike->sas)->profile,
	    "SERVERS");
	net_free(n);
}

/* A is a member of the group that it serves, too, and registers with B. */
static void
test_member_too(void **state)
{
	struct gdoi_group *g;
	struct gdoi_server *s;
	struct crypto_map *m;
	struct net *n = link_pair(9);
	struct conf *c = A(n)->conf;

	(void)state;
	g = tc_gm(c);
	str_copy(g->name, "G2", sizeof(g->name));
	s = tc_add(&g->servers, sizeof(*s));
	s->addr = KS_AT(1);
	m = (void *)c->crypto_maps.first;
	str_copy(m->group, "G2", sizeof(m->group));
	net_apply(A(n));
	net_run(n, 1000);
	assert_int_equal(A(n)->logs[LOG_GM_REGS_COMPL], 1);
	assert_int_equal(net_ks(B(n))->nmembers, 1);
	assert_int_equal(link_sas(A(n), KS_AT(1)), 1);
	/* each finds a new one when the shared one is lost */
	link_restart(B(n));
	link_say(A(n));
	gm_reregister(net_gm(A(n)), 0, true);
	net_run(n, 3000);
	assert_true(link_agreed(n));
	assert_int_equal(A(n)->logs[LOG_GM_REGS_COMPL], 2);
	assert_int_equal(A(n)->logs[LOG_GM_CONN_NEXT_SER], 0);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_and_fro),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_bad_networks),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_peer_restarts),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_group_goes),
		cmocka_unit_test(test_farewell),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_member_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
