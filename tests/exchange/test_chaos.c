/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Three members and two key servers that know nothing of each other, in a
 * seeded storm: outages, restarts, interfaces that go, loss, orders of an
 * operator, rekeys that were recorded and come again, reports of the packet
 * process. Whatever happens
 *
 *   - a rekey is taken only with a number above all that were taken under
 *     its KEK, over restarts too;
 *   - a member knocks no more often than its pauses allow;
 *   - memory stays bounded: SAs of phase 1, TEKs in the packet process;
 *   - when the storm is over everybody registers, in bounded time, and the
 *     packet process has exactly the TEKs that key management knows of.
 *
 * CHAOS_RUNS=N takes N seeds instead of the usual few, CHAOS_SEED the first.
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

#include "net.h"
#include "talk.h"

#define RUNS 150
#define KS2_ADDR IP(10, 9, 0, 2)
#define SERVERS 2
#define GMS 3
#define STEPS 40
#define STEP_MS (45 * SEC)	/* at most, between two blows */
#define RECORDS 32
#define KEKS 256
#define CALM_MS (400 * SEC)	/* two servers of 60 s each, a pause of 65 s,
				 * and what was underway */

/* What the storm knows; one run at a time. */
static struct storm {
	unsigned seed;
	struct datagram *record[RECORDS];
	unsigned nrecords;
	struct {
		unsigned gm;
		uint8_t spi[KEK_SPI_LEN];
		uint32_t seq;
	} top[KEKS];		/* the highest number taken */
	unsigned ntop;
	uint32_t taken[GMS];
	unsigned regs[GMS];	/* attempts so far */
	unsigned blows;		/* that make members begin anew */
	bool down[GMS];
} storm;

static struct node *
member(struct net *n, unsigned i)
{
	return n->nodes[SERVERS + i];
}

/* ---- rekeys ---- */

static bool
record(struct net *n, struct datagram *d)
{
	struct datagram **r;
	size_t size = sizeof(*d) + d->len;

	if (d->data[18] != GDOI_X_PUSH || net_random(n) % 3 != 0)
		return true;
	r = &storm.record[net_random(n) % RECORDS];
	free(*r);
	*r = xcalloc(1, size);
	memcpy(*r, d, size);
	return true;
}

static void
say_again(struct net *n, unsigned i)
{
	struct datagram *d = storm.record[net_random(n) % RECORDS];
	struct node *gm = member(n, i);

	if (d != NULL && !gm->deaf)
		gdoi_input(gm->g, d->to, d->from, d->data, d->len);
}

/* After each datagram: who has taken a rekey, and was it a new one? */
static void
judge(struct net *n, const struct datagram *d)
{
	struct gm_group *gm;
	unsigned i, k;

	(void)d;
	for (i = 0; i < GMS; i++) {
		gm = net_gm(member(n, i));
		if (gm->rekeys_total == storm.taken[i])
			continue;
		if (gm->rekeys_total != storm.taken[i] + 1 &&
		    gm->rekeys_total > storm.taken[i])
			fail_msg("seed %u: two rekeys of one datagram",
			    storm.seed);
		storm.taken[i] = gm->rekeys_total;
		if (gm->rekeys_total == 0 || !gm->has_kek)
			continue;
		for (k = 0; k < storm.ntop; k++)
			if (storm.top[k].gm == i && memcmp(storm.top[k].spi,
			    gm->kek.spi, KEK_SPI_LEN) == 0)
				break;
		if (k == KEKS)
			fail_msg("seed %u: too many KEKs", storm.seed);
		if (k < storm.ntop && gm->last_seq <= storm.top[k].seq)
			fail_msg("seed %u: rekey %u taken behind %u",
			    storm.seed, gm->last_seq, storm.top[k].seq);
		storm.top[k].gm = i;
		memcpy(storm.top[k].spi, gm->kek.spi, KEK_SPI_LEN);
		storm.top[k].seq = gm->last_seq;
		storm.ntop += k == storm.ntop;
	}
}

/* ---- blows ---- */

static void
port_is(struct node *gm, bool up)
{
	struct port p = { .index = 1, .addr = gm->addr, .mask = 0xffffff00,
		.mtu = 1500, .up = up };

	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	gdoi_port(gm->g, &p);
}

static void
refuse(struct node *ks, bool yes)
{
	str_copy(tc_local(ks->conf)->auth_acl, yes ? "NOBODY" : "",
	    CONF_NAME);
	net_apply(ks);
}

static void
hear(struct node *gm, enum sa_event_type type, uint32_t spi)
{
	struct sa_event e = { .type = (uint8_t)type, .spi = spi };

	str_copy(e.group, "G1", sizeof(e.group));
	gdoi_sa_event(gm->g, &e);
}

static void
blow(struct net *n)
{
	unsigned i = (unsigned)(net_random(n) % GMS);
	struct node *gm = member(n, i);
	struct node *ks = n->nodes[net_random(n) % SERVERS];

	switch (net_random(n) % 14) {
	case 0:
	case 1:
		ks->deaf = !ks->deaf;
		break;
	case 2:
		net_restart(ks);
		break;
	case 3:
		net_restart(gm);
		storm.down[i] = false;
		storm.blows++;
		break;
	case 4:
		storm.down[i] = !storm.down[i];
		port_is(gm, !storm.down[i]);
		storm.blows++;
		break;
	case 5:
		gm_clear(net_gm(gm));
		storm.blows++;
		break;
	case 6:
		refuse(ks, tc_local(ks->conf)->auth_acl[0] == '\0');
		break;
	case 7:
		(void)ks_rekey(net_ks(ks), net_random(n) % 2 != 0 ?
		    REKEY_ALL : REKEY_REPLACE);
		break;
	case 8:
		ks_remove_members(net_ks(ks), net_random(n) % 2 != 0 ?
		    REMOVE_NOW : REMOVE_GRACEFUL);
		storm.blows += GMS;
		break;
	case 9:
		ike_clear(gm->g->ike);
		ike_reap(gm->g->ike);
		storm.blows++;
		break;
	case 10:
		n->loss = (unsigned)(net_random(n) % 50);
		n->dup = (unsigned)(net_random(n) % 30);
		n->reorder = (unsigned)(net_random(n) % 50);
		break;
	case 11:
		hear(gm, SA_EVENT_INVALID_SPI, n->nodes[SERVERS +
		    net_random(n) % GMS]->teks[0].spi);
		storm.blows++;
		break;
	case 12:
		hear(gm, net_random(n) % 2 != 0 ? SA_EVENT_NO_SA :
		    SA_EVENT_REPLAY_TIME, 0);
		storm.blows++;
		break;
	default:
		gm->deaf = !gm->deaf;
		break;
	}
}

/* ---- bounds ---- */

/* With two servers: rounds at 0, 10, 30, 70 s, each of two attempts and one
 * under an SA that the server may have lost; a blow begins anew. */
static void
check_pace(struct net *n, unsigned ms, unsigned blows)
{
	unsigned i, now, allowed = 3 * (2 + ms / 10000) + 3 * blows;

	for (i = 0; i < GMS; i++) {
		now = member(n, i)->logs[LOG_GM_REGSTER];
		if (now - storm.regs[i] > allowed)
			fail_msg("seed %u: %u attempts in %u ms", storm.seed,
			    now - storm.regs[i], ms);
		storm.regs[i] = now;
	}
}

static void
check_memory(struct net *n)
{
	unsigned i;

	for (i = 0; i < n->n; i++) {
		const struct ike *ike = n->nodes[i]->g->ike;

		if (ike->nsas > 60 || ike->timers.n > 300)
			fail_msg("seed %u: node %u has %u SAs, %u timers",
			    storm.seed, i, ike->nsas,
			    (unsigned)ike->timers.n);
		if (n->nodes[i]->nteks > 16)
			fail_msg("seed %u: node %u has %u TEKs", storm.seed,
			    i, n->nodes[i]->nteks);
	}
}

/* fwd has what ike has; what a process ike that died knew has ended. */
static void
check_fwd(struct net *n, unsigned i)
{
	struct node *gm = member(n, i);
	const struct gm_tek *t;
	unsigned have = 0;

	TAILQ_FOREACH(t, &net_gm(gm)->teks, link) {
		if (t->expires <= n->now)
			continue;
		have++;
		if (talk_tek(gm, t->t.spi) == NULL)
			fail_msg("seed %u: fwd lacks TEK %08x", storm.seed,
			    t->t.spi);
	}
	if (talk_live(gm) != have)
		fail_msg("seed %u: fwd has %u TEKs, ike %u", storm.seed,
		    talk_live(gm), have);
}

/* ---- a run ---- */

static struct net *
begin(unsigned seed)
{
	struct net *n;
	unsigned i;

	memset(&storm, 0, sizeof(storm));
	storm.seed = seed;
	n = net_new(90000 + seed);
	for (i = 0; i < SERVERS; i++) {
		struct node *ks = net_add_ks(n, i == 0 ? KS_ADDR : KS2_ADDR);

		tc_profile(ks->conf)->lifetime = 300;
		tc_local(ks->conf)->rekey_lifetime = 1200;
		(void)tc_acl(ks->conf, "NOBODY");
	}
	for (i = 0; i < GMS; i++) {
		struct node *gm = net_add_gm(n, i);
		struct gdoi_server *s = tc_server(gm->conf, KS2_ADDR);
		struct gdoi_group *g =
		    (void *)gm->conf->gdoi_groups.first;

		g->recovery_interval = seed % 3 != 0 ? 100 : 0;
		if ((seed + i) % 2 != 0) {
			s->addr = KS_ADDR;
			s = (void *)g->servers.first;
			s->addr = KS2_ADDR;
		}
	}
	n->tap = record;
	n->after = judge;
	net_apply_all(n);
	return n;
}

static void
calm(struct net *n)
{
	unsigned i;

	n->loss = n->dup = n->reorder = 0;
	for (i = 0; i < SERVERS; i++) {
		n->nodes[i]->deaf = false;
		refuse(n->nodes[i], false);
	}
	for (i = 0; i < GMS; i++) {
		member(n, i)->deaf = false;
		if (storm.down[i])
			port_is(member(n, i), true);
	}
}

static void
one_run(unsigned seed)
{
	struct net *n = begin(seed);
	unsigned step, i, ms, blows;

	for (step = 0; step < STEPS; step++) {
		blows = storm.blows;
		blow(n);
		ms = (unsigned)(net_random(n) % STEP_MS);
		for (i = 0; i < 4; i++) {
			net_run(n, ms / 4);
			say_again(n, (unsigned)(net_random(n) % GMS));
			judge(n, NULL);
		}
		check_pace(n, ms, storm.blows - blows + 1);
		check_memory(n);
	}
	calm(n);
	if (!net_until(n, CALM_MS, net_registered))
		fail_msg("seed %u: not registered", seed);
	net_run(n, 600 * SEC);
	for (i = 0; i < 20 && !net_registered(n); i++)
		net_run(n, SEC);
	assert_true(net_registered(n));
	for (i = 0; i < GMS; i++) {
		check_fwd(n, i);
		assert_true(talk_live(member(n, i)) > 0);
	}
	check_memory(n);
	for (i = 0; i < RECORDS; i++)
		free(storm.record[i]);
	net_free(n);
}

static void
chaos(void **state)
{
	const char *runs = getenv("CHAOS_RUNS"), *first = getenv("CHAOS_SEED");
	unsigned i, n = RUNS, from = 0;

	(void)state;
	if (runs != NULL)
		n = (unsigned)strtoul(runs, NULL, 10);
	if (first != NULL)
		from = (unsigned)strtoul(first, NULL, 10);
	for (i = 0; i < n; i++)
		one_run(from + i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chaos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
