/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a member does about packets that it cannot read or has no SA for
 * (ios-getvpn.md 2.8): it asks the next server, keeps what it has, and does
 * so once in the interval.
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

static void
times(struct node *ks, uint32_t tek, uint32_t kek)
{
	tc_profile(ks->conf)->lifetime = tek;
	tc_local(ks->conf)->rekey_lifetime = kek;
}

static void
hear(struct node *gm, enum sa_event_type type, uint32_t spi)
{
	struct sa_event e = { .type = (uint8_t)type, .spi = spi,
		.src = IP(10, 1, 1, 1), .dst = IP(10, 2, 2, 2) };

	str_copy(e.group, "G1", sizeof(e.group));
	gdoi_sa_event(gm->g, &e);
}

static struct gdoi_group *
group_of(struct node *gm)
{
	return (void *)gm->conf->gdoi_groups.first;
}

/* Two key servers that know nothing of each other; each has a member, who has
 * the other server second in the list. */
static struct net *
split(uint64_t seed, uint16_t interval)
{
	struct net *n = net_new(seed);
	struct node *gm;
	unsigned i;

	times(net_add_ks(n, KS_ADDR), 3600, 86400);
	times(net_add_ks(n, KS2_ADDR), 3600, 86400);
	for (i = 0; i < 2; i++) {
		gm = net_add_gm(n, i);
		((struct gdoi_server *)(void *)
		    group_of(gm)->servers.first)->addr =
		    i == 0 ? KS_ADDR : KS2_ADDR;
		tc_server(gm->conf, i == 0 ? KS2_ADDR : KS_ADDR);
		group_of(gm)->recovery_interval = interval;
	}
	net_apply_all(n);
	assert_true(net_until(n, 5000, net_registered));
	net_run(n, 5000);
	return n;
}

static void
unknown_spi(void **state)
{
	struct net *n = split(20, 300);
	struct node *a = n->nodes[2], *b = n->nodes[3];
	uint32_t mine = a->teks[0].spi, theirs = b->teks[0].spi;

	(void)state;
	assert_int_not_equal(mine, theirs);
	assert_int_equal(mine >> 20, theirs >> 20);
	/* not of our group; one that we have */
	hear(a, SA_EVENT_INVALID_SPI, theirs ^ 0x00100000);
	hear(a, SA_EVENT_INVALID_SPI, mine);
	hear(a, SA_EVENT_REPLAY_COUNTER, mine);
	assert_int_equal(net_gm(a)->state, GM_REGISTERED);
	hear(a, SA_EVENT_INVALID_SPI, theirs);
	assert_int_equal(a->logs[LOG_GM_RECOVERY], 1);
	assert_int_equal(net_gm(a)->state, GM_REREGISTERING);
	hear(a, SA_EVENT_INVALID_SPI, theirs); /* it is on its way */
	assert_true(net_until(n, 12 * SEC, net_registered));
	assert_int_equal(net_gm(a)->ks, KS2_ADDR);
	assert_int_equal(a->logs[LOG_GM_RECOVERY], 1);
	assert_int_equal(a->logs[LOG_GM_RECOVERY_REPLACED], 1);
	assert_int_equal(net_gm(a)->recoveries, 1);
	assert_non_null(talk_tek(a, mine));
	assert_non_null(talk_tek(a, theirs));
	assert_int_equal(a->flushes, 0);
	/* once in the interval */
	hear(a, SA_EVENT_INVALID_SPI, theirs ^ 1);
	hear(a, SA_EVENT_INVALID_SPI, theirs ^ 2);
	assert_int_equal(a->logs[LOG_GM_RECOVERY_POSTPONED], 1);
	assert_int_equal(net_gm(a)->state, GM_REGISTERED);
	net_run(n, 300 * SEC);
	assert_int_equal(a->logs[LOG_GM_REGSTER], 2);
	hear(a, SA_EVENT_INVALID_SPI, theirs ^ 1);
	assert_int_equal(a->logs[LOG_GM_RECOVERY], 2);
	assert_true(net_until(n, 12 * SEC, net_registered));
	assert_int_equal(net_gm(a)->ks, KS_ADDR); /* the next, again */
	/* a TEK that we had: its sender is behind */
	gm_delete_tek(net_gm(a), TAILQ_LAST(&net_gm(a)->teks, gm_tek_list),
	    true);
	net_run(n, 400 * SEC);
	hear(a, SA_EVENT_INVALID_SPI, net_gm(a)->ended[0]);
	assert_int_equal(a->logs[LOG_GM_RECOVERY], 2);
	/* the other member has heard nothing */
	assert_int_equal(b->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

static void
other_clock(void **state)
{
	struct net *n = split(21, 100);
	struct node *a = n->nodes[2];

	(void)state;
	n->nodes[1]->deaf = true; /* the next does not answer: round */
	hear(a, SA_EVENT_REPLAY_TIME, a->teks[0].spi);
	assert_int_equal(a->logs[LOG_GM_RECOVERY], 1);
	net_run(n, 15 * SEC);
	assert_non_null(strstr(a->last[LOG_GM_REGSTER], "to KS 10.9.0.2 "));
	assert_int_equal(talk_live(a), 1);
	assert_true(net_until(n, 100 * SEC, net_registered));
	assert_int_equal(net_gm(a)->ks, KS_ADDR);
	assert_int_equal(a->logs[LOG_GM_RECOVERY_REPLACED], 1);
	net_free(n);
}

static void
recovery_off(void **state)
{
	struct net *n = split(22, 0);
	struct node *a = n->nodes[2];

	(void)state;
	hear(a, SA_EVENT_REPLAY_TIME, a->teks[0].spi);
	hear(a, SA_EVENT_INVALID_SPI, n->nodes[3]->teks[0].spi);
	net_run(n, 60 * SEC);
	assert_int_equal(a->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(net_gm(a)->invalid_spis, 1);
	assert_int_equal(net_gm(a)->replay_failures, 1);
	net_free(n);
}

/* A key server starts anew and a member joins: the two of before cannot read
 * what it sends until their TEK ends, but for the recovery check. */
static void
heals_restart(void **state)
{
	struct net *n = net_new(23);
	unsigned i;

	(void)state;
	times(net_add_ks(n, KS_ADDR), 3600, 86400);
	for (i = 0; i < 3; i++)
		group_of(net_add_gm(n, i))->recovery_interval = 100;
	n->nodes[3]->deaf = true;
	net_apply_all(n);
	net_run(n, 10 * SEC);
	net_restart(n->nodes[0]);
	n->nodes[3]->deaf = false;
	assert_true(net_until(n, 70 * SEC, net_registered));
	assert_null(talk_tek(n->nodes[1], n->nodes[3]->teks[0].spi));
	for (i = 1; i <= 2; i++)
		hear(n->nodes[i], SA_EVENT_INVALID_SPI,
		    n->nodes[3]->teks[0].spi);
	hear(n->nodes[3], SA_EVENT_INVALID_SPI, n->nodes[1]->teks[0].spi);
	net_run(n, 30 * SEC);
	assert_true(net_registered(n));
	for (i = 1; i <= 2; i++)
		assert_non_null(talk_tek(n->nodes[i],
		    n->nodes[3]->teks[0].spi));
	net_free(n);
}

/* The packet process has nothing to send with. */
static void
lost_sa(void **state)
{
	struct net *n = split(24, 0);
	struct node *a = n->nodes[2];
	uint32_t spi = a->teks[0].spi;

	(void)state;
	a->nteks = 0;
	hear(a, SA_EVENT_NO_SA, 0);
	assert_int_equal(a->logs[LOG_INIT_REG], 1);
	assert_non_null(talk_tek(a, spi)); /* told again, at once */
	hear(a, SA_EVENT_NO_SA, 0);
	hear(a, SA_EVENT_NO_SA, 0);
	assert_int_equal(a->logs[LOG_INIT_REG_POSTPONED], 1);
	assert_true(net_until(n, 6 * SEC, net_registered));
	assert_int_equal(a->logs[LOG_GM_REGSTER], 2);
	assert_int_equal(net_gm(a)->init_reg, 1);
	assert_int_equal(net_gm(a)->init_reg_postponed, 2);
	/* nobody who sends a lot makes it register without end */
	for (unsigned i = 0; i < 600; i++) {
		hear(a, SA_EVENT_NO_SA, 0);
		net_run(n, SEC);
	}
	assert_true(a->logs[LOG_GM_REGSTER] <= 2 + 10);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_spi),
		cmocka_unit_test(other_clock),
		cmocka_unit_test(recovery_off),
		cmocka_unit_test(heals_restart),
		cmocka_unit_test(lost_sa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
