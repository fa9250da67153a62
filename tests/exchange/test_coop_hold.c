/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: what a primary waits for and what it does not; old
 * and late messages of keys; members that come while keys change. The engines
 * are the real ones, time is simulated.
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

#define SETTLE (200 * SEC)

static struct net *n;
static struct node *a, *b;
static struct ks_group *ga, *gb;

/* Two key servers, the first of which becomes the primary. */
static void
begin(uint64_t seed, const struct cks_timers *t)
{
	n = net_new(seed);
	a = cks_add(n, 0, 2, 200, t);
	b = cks_add(n, 1, 2, 100, t);
}

static void
run(void)
{
	net_apply(a);
	net_apply(b);
	(void)cks_settle(n, SETTLE, "start");
	ga = net_ks(a);
	gb = net_ks(b);
	assert_int_equal(ga->coop->role, COOP_PRIMARY);
	net_run(n, 5 * SEC);
	net_apply_all(n);
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_run(n, 5 * SEC);
}

static unsigned
teks(const struct ks_group *grp)
{
	struct ks_tek *t;
	unsigned k = 0;

	TAILQ_FOREACH(t, &grp->teks, link)
		k++;
	return k;
}

/* ---- peers that never have the same ---- */

/* Whatever the other one hears, it says that it has something else. */
static void
never_same(struct net *net, const struct datagram *d)
{
	struct coop_peer *p = TAILQ_FIRST(&ga->coop->peers);

	(void)net;
	(void)d;
	memset(p->keys_digest, 0xa5, sizeof(p->keys_digest));
}

static void
hold_with(const struct cks_timers *t)
{
	uint64_t before, most = 0;
	unsigned i, rekeys;
	struct node *gm;

	begin(1, t);
	tc_profile(a->conf)->lifetime = 300;
	tc_profile(b->conf)->lifetime = 300;
	tc_local(a->conf)->rekey_lifetime = 900;
	tc_local(b->conf)->rekey_lifetime = 900;
	for (i = 0; i < 3; i++)
		gm = net_add_gm(n, i);
	run();
	n->after = never_same;
	rekeys = ga->rekeys_sent;
	/* a member that comes is not kept waiting for long */
	for (i = 0; i < 20; i++) {
		gm_clear(net_gm(gm));
		net_touched(gm);
		before = n->now;
		assert_true(net_until(n, 60 * SEC, net_registered));
		if (n->now - before > most)
			most = n->now - before;
		talk_for(n, 60 + 7 * i, "never the same");
	}
	assert_true(most <= 20 * SEC);
	/* a TEK each 195 s at the latest */
	assert_true(ga->rekeys_sent - rekeys >= 10);
	for (i = 2; i < n->n - 1; i++)
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

/* It may be another implementation: rekeys are late by a little, and come. */
static void
hold(void **state)
{
	static const struct cks_timers slow = { 20, 30, 3600, 3 };

	(void)state;
	hold_with(&cks_fast);
	hold_with(&cks_ios);
	hold_with(&slow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
