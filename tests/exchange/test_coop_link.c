/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exchange 240 between key servers (coop_link.c) and the phase-1 SAs under
 * it: bad networks, restarts, replays, forgeries. What is said is one number
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

#define A(n) ((n)->nodes[0])
#define B(n) ((n)->nodes[1])

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

static void
check_quiet(struct net *n)
{
	const struct coop_peer *p;
	unsigned i;

	for (i = 0; i < n->n; i++) {
		assert_int_equal(n->nodes[i]->logs[LOG_COOP_ANN_SEQ_FAILURE],
		    0);
		assert_int_equal(n->nodes[i]->logs[LOG_COOP_KS_UNAUTH], 0);
		TAILQ_FOREACH(p, &net_ks(n->nodes[i])->coop->peers, link)
			assert_int_equal(p->n.recv_drops, 0);
	}
}

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
	check_quiet(n);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_and_fro),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_bad_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
