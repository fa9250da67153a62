/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers that have several groups: twenty that share one
 * phase-1 SA, in a network that doubles and reorders; two of the same number,
 * which their local addresses tell apart.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coop_net.h"

#define GROUPS 20

static struct net *n;

static void
redundant(struct gdoi_local *l, uint8_t priority, uint32_t peer)
{
	struct gdoi_coop *c = tc_add(&l->coop, sizeof(*c));
	struct gdoi_coop_peer *p = tc_add(&c->peers, sizeof(*p));

	c->priority = priority;
	c->periodic = 1;
	c->timeout = 3;
	c->retransmit = 1;
	p->addr = peer;
}

static void
add_group(struct node *ks, unsigned number, uint32_t addr, uint8_t priority,
    uint32_t peer)
{
	struct gdoi_local *l = tc_ks(ks->conf, addr);
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.last;

	snprintf(g->name, sizeof(g->name), "H%u", ks->conf->gdoi_groups.n);
	g->id = number;
	redundant(l, priority, peer);
}

static unsigned
count_role(const struct node *ks, uint8_t role)
{
	const struct ks_group *grp;
	unsigned roles = 0;

	TAILQ_FOREACH(grp, &ks->g->ks, link)
		roles += grp->coop->role == role;
	return roles;
}

/* Half of them have their primary here, half there. */
static void
many(void **state)
{
	struct node *ks[2];
	unsigned i, k;

	(void)state;
	n = net_new(1);
	for (i = 0; i < 2; i++) {
		ks[i] = net_add_ks(n, CKS(i));
		redundant(tc_local(ks[i]->conf), i == 0 ? 2 : 1,
		    CKS(!i));
		for (k = 1; k < GROUPS; k++)
			add_group(ks[i], 100 + k, CKS(i),
			    k % 2 == i ? 2 : 1, CKS(!i));
	}
	net_apply_all(n);
	net_run(n, 10 * SEC);
	n->dup = 100;
	n->reorder = 50;
	net_run(n, 120 * SEC);
	for (i = 0; i < 2; i++) {
		assert_int_equal(count_role(ks[i], COOP_PRIMARY), GROUPS / 2);
		assert_int_equal(count_role(ks[i], COOP_SECONDARY),
		    GROUPS / 2);
		assert_int_equal(ks[i]->logs[LOG_COOP_KS_UNREACH], 0);
		assert_int_equal(ks[i]->logs[LOG_COOP_ANN_SEQ_FAILURE], 0);
		assert_int_equal(ks[i]->logs[LOG_IKMP_BAD_MESSAGE], 0);
		assert_in_range(ks[i]->g->ike->nsas, 1, 2);
	}
	net_free(n);
}

static void
same_number(void **state)
{
	struct node *ks[2];
	unsigned i;

	(void)state;
	n = net_new(2);
	for (i = 0; i < 2; i++) {
		ks[i] = net_add_ks(n, CKS(i));
		ks[i]->addr2 = CKS(16 + i);
		redundant(tc_local(ks[i]->conf), (uint8_t)(i + 1), CKS(!i));
		add_group(ks[i], 100, CKS(16 + i), (uint8_t)(2 - i),
		    CKS(16 + !i));
	}
	net_apply_all(n);
	net_run(n, 60 * SEC);
	for (i = 0; i < 2; i++) {
		assert_int_equal(count_role(ks[i], COOP_PRIMARY), 1);
		assert_int_equal(count_role(ks[i], COOP_SECONDARY), 1);
		assert_int_equal(ks[i]->logs[LOG_COOP_KS_UNAUTH], 0);
		assert_int_equal(ks[i]->logs[LOG_COOP_KS_UNREACH], 0);
	}
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(same_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
