/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A day of eight cooperative key servers that lose a tenth of all datagrams,
 * die, come back, are parted and meet again: what they keep and what they say
 * does not grow, and ends where it began. With short keys, so that a day has
 * hundreds of them.
 *
 * COOP_HOURS=N takes N hours instead of a few.
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

#define SERVERS 8
#define MEMBERS 4
#define TEK_LIFE 300

static struct net *n;
static unsigned hours = 3;

/* The most that there was since it was asked for. */
static struct most {
	unsigned teks, keks, tombs, claims, keys, push, biggest;
} most;

static unsigned
max(unsigned x, unsigned y)
{
	return x > y ? x : y;
}

static unsigned
keys_octets(struct ks_group *grp)
{
	struct coop_peer *p = TAILQ_FIRST(&grp->coop->peers);
	struct coop_msg *m = xcalloc(1, sizeof(*m));
	static uint8_t data[65536];
	size_t len;

	m->keys = coop_set_export(grp);
	str_copy(m->coop_version, COOP_VERSION, sizeof(m->coop_version));
	str_copy(m->gdoi_version, GDOI_VERSION, sizeof(m->gdoi_version));
	m->id_type = grp->id_type;
	m->group_id = grp->id;
	m->from = grp->coop->self;
	m->to = (struct coop_id){ p->addr, 1 };
	m->nservers = 1;
	m->servers[0].id = grp->coop->self;
	len = m->keys != NULL ? coop_msg_put(m, data, sizeof(data)) : 1;
	assert_true(len != 0);
	coop_msg_free(m);
	free(m);
	return (unsigned)len;
}

static unsigned
pushes(const struct ks_group *grp)
{
	unsigned i, k = 0;

	for (i = 0; i < NELEM(grp->rekey.push); i++)
		k += grp->rekey.push[i].data != NULL;
	return k;
}

static void
look(void)
{
	const struct ks_tek *t;
	struct ks_group *grp;
	unsigned i, j, k;

	for (i = 0; i < SERVERS; i++) {
		grp = net_ks(n->nodes[i]);
		if (n->nodes[i]->deaf || grp == NULL || grp->active == NULL)
			continue;
		k = 0;
		TAILQ_FOREACH(t, &grp->teks, link)
			k++;
		most.teks = max(most.teks, k);
		k = grp->kek != NULL;
		for (j = 0; j < KEKS_OLD; j++)
			k += grp->old_keks[j] != NULL;
		most.keks = max(most.keks, k);
		most.tombs = max(most.tombs, grp->coop->ntombs);
		most.keys = max(most.keys, keys_octets(grp));
		if (grp->coop->role == COOP_PRIMARY && grp->rekey.active)
			most.push = max(most.push, pushes(grp));
	}
}

static bool
biggest(struct net *net, struct datagram *d)
{
	(void)net;
	most.biggest = max(most.biggest, (unsigned)d->len);
	return true;
}

static void
live(unsigned secs)
{
	for (; secs > 0; secs -= secs < 20 ? secs : 20) {
		net_run(n, (secs < 20 ? secs : 20) * SEC);
		look();
	}
}

static void
say(const char *when)
{
	print_message("%8llu s %-10s: TEKs %u, KEKs %u, tombs %u, keys %u"
	    " octets, pushes %u, datagram %u\n",
	    (unsigned long long)(n->now / SEC - 1000), when, most.teks,
	    most.keks, most.tombs, most.keys, most.push, most.biggest);
}

/* Two of each, in turn; one more while three overlap. Of KEKs that went with
 * their primaries a row each. */
static void
assert_modest(const char *when)
{
	if (most.teks > 3 || most.keks > 3 || most.push > 2 ||
	    most.tombs > COOP_TOMBS_MAX ||
	    most.keys > 1200 + most.tombs * 33)
		fail_msg("%s: more than a healthy group has", when);
}

static void
make(uint64_t seed, bool counter, unsigned kek_life)
{
	struct gdoi_local *l;
	struct gdoi_sa *sa;
	struct node *node;
	unsigned i, j;

	n = net_new(seed);
	n->quiet = true;
	n->tap = biggest;
	for (i = 0; i < SERVERS; i++) {
		node = cks_add(n, i, SERVERS, (uint8_t)(200 - 10 * i),
		    &cks_ios);
		l = tc_local(node->conf);
		tc_profile(node->conf)->lifetime = TEK_LIFE;
		l->rekey_lifetime = kek_life;
		if (counter) {
			struct transform_set *ts =
			    (void *)node->conf->transform_sets.first;
			struct gdoi_identifier *id = tc_add(&l->identifiers,
			    sizeof(*id));
			struct gdoi_kssid *k = tc_add(&id->kssids,
			    sizeof(*k));

			ts->esp.cipher = ESP_AES_GCM;
			ts->esp.key_bits = 128;
			ts->esp.auth = 0;
			for (j = 0; j < 16; j++)
				k->set[0] |= UINT64_C(1) << (i * 16 + j) % 64;
			if (i >= 4)
				k->set[0] = 0;
			for (j = 0; i >= 4 && j < 16; j++)
				k->set[1] |= UINT64_C(1) << (i * 16 + j) % 64;
		} else {
			sa = (void *)l->sas.first;
			sa->replay = REPLAY_TIME;
			sa->window = 20;
		}
	}
	cks_add_members(n, MEMBERS, SERVERS);
	for (i = 0; i < SERVERS; i++)
		net_apply(n->nodes[i]);
	(void)cks_settle(n, 400 * SEC, "start");
	net_run(n, 5 * SEC);
	net_apply_all(n);
	assert_true(net_until(n, 200 * SEC, net_registered));
}

static void
day(uint64_t seed, bool counter, unsigned kek_life)
{
	unsigned h, i;

	make(seed, counter, kek_life);
	n->loss = 10;
	most = (struct most){ 0 };
	live(3000);
	say("healthy");
	assert_modest("healthy");
	for (h = 0; h < hours; h++) {
		most = (struct most){ 0 };
		switch (h % 3) {
		case 0:
			i = (unsigned)(net_random(n) % SERVERS);
			cks_kill(n->nodes[i]);
			live(600);
			cks_revive(n->nodes[i]);
			live(600);
			break;
		case 1:
			for (i = 0; i < n->n; i++)
				n->nodes[i]->side =
				    (unsigned)(net_random(n) % 2);
			live(900);
			net_heal(n);
			live(300);
			break;
		case 2:
			for (i = 0; i < 6; i++) {
				struct node *p = cks_primary(n);

				if (p != NULL) {
					coop_clear_role(net_ks(p));
					net_touched(p);
				}
				live(200);
			}
			break;
		}
		say("trouble");
		assert_true(most.keys < 4096 && most.biggest < 8192);
		(void)cks_settle(n, 400 * SEC, "trouble");
		live(1200);
		most = (struct most){ 0 };
		live(1200);
		say("after");
		assert_modest("after");
	}
	net_free(n);
}

static void
days(void **state)
{
	(void)state;
	day(1, false, 900);
	day(2, true, 900);
	day(3, true, 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
	};

	if (getenv("COOP_HOURS") != NULL)
		hours = (unsigned)strtoul(getenv("COOP_HOURS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
