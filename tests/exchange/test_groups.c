/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many things happen to a group, in any order and over a bad network: its
 * members come to the same policy and never stop talking. Several groups on
 * a key server and in a member.
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

#include "talk.h"

/* ---- anything in any order ---- */

static unsigned
pick(struct net *n, unsigned below)
{
	return (unsigned)(net_random(n) % below);
}

static void
drop_last(struct cf_list *l)
{
	struct cf_obj *o = l->first, *gone = l->last;

	while (o->next != gone)
		o = o->next;
	o->next = NULL;
	l->last = o;
	l->n--;
	free(gone);
}

static void
change_sas(struct net *n, struct conf *c)
{
	struct gdoi_local *l = tc_local(c);
	struct gdoi_sa *sa = (void *)l->sas.last;
	char name[8] = "B0";

	switch (pick(n, 3)) {
	case 0:
		if (l->sas.n == 3)
			break;
		name[1] = (char)('0' + l->sas.n);
		if (conf_find_acl(c, name) == NULL)
			tc_ace(tc_acl(c, name), ACE_PERMIT,
			    IP(30 + l->sas.n, 0, 0, 0), 0xffffff, 0,
			    UINT32_MAX);
		(void)tc_sa(c, (uint16_t)(sa->number + 1 + pick(n, 50)), name);
		break;
	case 1:
		if (l->sas.n > 1)
			drop_last(&l->sas);
		break;
	case 2: /* renumbered, in the same order */
		sa->number = (uint16_t)(sa->number + 1 + pick(n, 9));
		break;
	}
}

static void
change_acl(struct net *n, struct conf *c)
{
	struct acl *a = (void *)c->acls.first;

	if (pick(n, 2) != 0 && a->entries.n > 1)
		drop_last(&a->entries);
	else if (a->entries.n < 10)
		tc_ace(a, pick(n, 4) != 0 ? ACE_PERMIT : ACE_DENY,
		    IP(50 + a->entries.n, pick(n, 9), 0, 0), 0xffff, 0,
		    UINT32_MAX);
}

static void
change(struct net *n, struct node *ks)
{
	static const uint16_t bits[] = { 128, 192, 256 };
	struct conf *c = net_edit(ks);
	struct transform_set *t = (void *)c->transform_sets.first;

	switch (pick(n, 8)) {
	case 0:
	case 1:
		change_acl(n, c);
		break;
	case 2:
	case 3:
		change_sas(n, c);
		break;
	case 4:
		t->esp.key_bits = bits[pick(n, 3)];
		break;
	case 5:
		tc_profile(c)->lifetime = 400 + pick(n, 3000);
		break;
	case 6:
		tc_local(c)->rekey_lifetime = 600 + pick(n, 3000);
		break;
	case 7:
		tc_local(c)->rekey_key_bits = bits[pick(n, 3)];
		break;
	}
	net_left(ks);
}

static void
anything(struct net *n)
{
	struct node *ks = n->nodes[0], *gm = n->nodes[1 + pick(n, n->n - 1)];

	switch (pick(n, 10)) {
	case 0:
	case 1:
	case 2:
		change(n, ks);
		break;
	case 3:
		change(n, ks);
		/* fall through */
	case 4:
	case 5:
		(void)ks_rekey(net_ks(ks), REKEY_ALL);
		break;
	case 6:
		/* all register again within a minute: a dozen messages, each
		 * repeated after 10 s, are too late now and then when a tenth
		 * is lost */
		if (n->loss < 5)
			ks_remove_members(net_ks(ks), REMOVE_GRACEFUL);
		break;
	case 7:
		gm_clear(net_gm(gm));
		break;
	case 8:
		net_restart(gm);
		gm->nteks = 0;
		break;
	default:
		break; /* nothing: time passes */
	}
}

/* Networks that a test tries; a longer hunt says how many. */
static unsigned
runs(void)
{
	const char *s = getenv("CHAOS_RUNS");

	return s != NULL ? (unsigned)strtoul(s, NULL, 10) : 100;
}

static struct net *
bad_net(uint64_t seed)
{
	struct net *n = net_new(seed);
	unsigned i;

	net_add_ks(n, KS_ADDR);
	for (i = 0; i < 4; i++)
		net_add_gm(n, i);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	n->loss = (unsigned)(seed % 9);
	n->dup = (unsigned)(seed % 12);
	n->reorder = (unsigned)(seed % 25);
	return n;
}

/* Nobody is ever without somebody to talk to; TEKs that are alive are those
 * of a healthy group. */
static void
always_talk(void **state)
{
	char when[40];
	unsigned seed, i;

	(void)state;
	for (seed = 0; seed < runs(); seed++) {
		struct net *n = bad_net(5000 + seed);

		snprintf(when, sizeof(when), "seed %u", seed);
		for (i = 0; i < 20; i++) {
			unsigned s, secs = 1 + pick(n, 150);

			anything(n);
			for (s = 0; s < secs; s++) {
				net_run(n, SEC);
				check_talk(n, when);
			}
		}
		n->loss = n->dup = n->reorder = 0;
		(void)ks_rekey(net_ks(n->nodes[0]), REKEY_ALL);
		for (i = 0; i < 260; i++) {
			net_run(n, SEC);
			check_talk(n, when);
		}
		if (!net_registered(n) || !converged(n))
			fail_msg("%s: not the same policy", when);
		net_free(n);
	}
}

/* The hard ones: what is cut off is told so, and comes back. */
static void
always_converge(void **state)
{
	unsigned seed, i;

	(void)state;
	for (seed = 0; seed < runs(); seed++) {
		struct net *n = bad_net(7000 + seed);
		struct ks_group *grp = net_ks(n->nodes[0]);

		for (i = 0; i < 10; i++) {
			anything(n);
			net_run(n, pick(n, 60 * SEC));
			switch (pick(n, 4)) {
			case 0:
				(void)ks_rekey(grp, REKEY_REPLACE);
				break;
			case 1:
				ks_remove_members(grp, REMOVE_NOW);
				break;
			case 2:
				ks_remove_members(grp, REMOVE_CLEAR);
				break;
			}
			net_run(n, pick(n, 30 * SEC));
		}
		n->loss = n->dup = n->reorder = 0;
		net_run(n, 4000 * SEC); /* the longest life of a TEK */
		if (!net_registered(n) || !converged(n))
			fail_msg("seed %u: not the same policy", seed);
		check_talk(n, "at the end");
		net_free(n);
	}
}

/* ---- several groups ---- */

/* "G2", number 200, on the key server; its policy is that of ACL "C". */
static void
second_group(struct conf *c, uint32_t addr)
{
	struct gdoi_group *g = tc_add(&c->gdoi_groups, sizeof(*g));
	struct gdoi_local *l = tc_add(&g->local, sizeof(*l));

	*l = *tc_local(c);
	l->obj.next = NULL;
	l->sas = (struct cf_list){ 0 };
	str_copy(g->name, "G2", sizeof(g->name));
	g->id_type = GDOI_ID_NUMBER;
	g->id = 200;
	l->addr = addr;
	(void)tc_group_sa(l, 1, "C");
	tc_ace(tc_acl(c, "C"), ACE_PERMIT, IP(172, 16, 0, 0), 0xfffff,
	    IP(172, 16, 0, 0), 0xfffff);
}

/* The member's second map entry, in the same map or on an interface of its
 * own. */
static void
join_second(struct node *gm, uint32_t server, bool own_interface)
{
	struct gdoi_group *g = tc_add(&gm->conf->gdoi_groups, sizeof(*g));
	struct crypto_map *m = tc_add(&gm->conf->crypto_maps, sizeof(*m));
	struct gdoi_server *s = tc_add(&g->servers, sizeof(*s));
	struct port p = { .index = 2, .addr = gm->addr + (1u << 16),
		.mask = 0xffffff00, .mtu = 1500, .up = true };
	struct interface *i;

	str_copy(g->name, "G2", sizeof(g->name));
	g->id_type = GDOI_ID_NUMBER;
	g->id = 200;
	s->addr = server;
	str_copy(m->name, own_interface ? "MAP2" : "MAP", sizeof(m->name));
	m->seq = 20;
	m->kind = MAP_GDOI;
	str_copy(m->group, "G2", sizeof(m->group));
	if (!own_interface)
		return;
	i = tc_add(&gm->conf->interfaces, sizeof(*i));
	str_copy(i->name, "FastEthernet0/1", sizeof(i->name));
	str_copy(i->crypto_map, "MAP2", sizeof(i->crypto_map));
	str_copy(p.name, "FastEthernet0/1", sizeof(p.name));
	gdoi_port(gm->g, &p);
}

static unsigned
teks_of(const struct node *gm, const char *group)
{
	unsigned i, n = 0;

	for (i = 0; i < gm->nteks; i++)
		n += gm->tek_end[i] > gm->net->now &&
		    strcmp(gm->teks[i].group, group) == 0;
	return n;
}

static bool
both_registered(struct net *n)
{
	const struct gm_group *gm;
	unsigned i;

	for (i = 1; i < n->n; i++)
		TAILQ_FOREACH(gm, &n->nodes[i]->g->gm, link)
			if (gm->state != GM_REGISTERED)
				return false;
	return true;
}

static void
two_groups(void **state)
{
	struct net *n = net_new(90);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm;
	struct ks_group *g1, *g2;
	uint32_t spi;
	unsigned i;

	(void)state;
	second_group(ks->conf, KS_ADDR);
	for (i = 0; i < 3; i++)
		join_second(net_add_gm(n, i), KS_ADDR, false);
	net_apply_all(n);
	assert_true(net_until(n, 10 * SEC, both_registered));
	net_run(n, SEC);
	gm = n->nodes[1];
	g1 = ks_find(ks->g, "G1");
	g2 = ks_find(ks->g, "G2");
	assert_int_equal(g1->nmembers, 3);
	assert_int_equal(g2->nmembers, 3);
	assert_int_equal(teks_of(gm, "G1"), 1);
	assert_int_equal(teks_of(gm, "G2"), 1);
	/* what happens to one does not concern the other */
	spi = TAILQ_FIRST(&g1->teks)->k.spi;
	assert_null(ks_rekey(g2, REKEY_REPLACE));
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_REPLACE_NOW], 1);
	assert_non_null(talk_tek(gm, spi));
	assert_int_equal(teks_of(gm, "G1"), 1);
	assert_non_null(talk_tek(gm, TAILQ_FIRST(&g2->teks)->k.spi));
	ks_remove_members(g2, REMOVE_NOW);
	assert_int_equal(g1->nmembers, 3);
	net_run(n, 10 * SEC);
	assert_true(both_registered(n));
	assert_int_equal(g2->nmembers, 3);
	assert_non_null(talk_tek(gm, spi));
	/* for hours */
	net_run(n, 5 * 3600 * SEC);
	assert_true(both_registered(n));
	for (i = 1; i < n->n; i++) {
		assert_non_null(talk_tek(n->nodes[i],
		    TAILQ_FIRST(&g1->teks)->k.spi));
		assert_non_null(talk_tek(n->nodes[i],
		    TAILQ_FIRST(&g2->teks)->k.spi));
	}
	net_free(n);
}

/* On an interface and with a key server of its own. */
static void
two_servers(void **state)
{
	uint32_t addr2 = IP(10, 9, 0, 2);
	struct net *n = net_new(91);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm, *ks2;
	struct gm_group *m;

	(void)state;
	gm = net_add_gm(n, 0);
	join_second(gm, addr2, true);
	ks2 = net_add_ks(n, addr2);
	((struct gdoi_group *)(void *)ks2->conf->gdoi_groups.first)->id = 200;
	net_apply_all(n);
	/* the second registers from its own address, which this network does
	 * not know: it goes to the same router */
	gm->addr2 = gm->addr + (1u << 16);
	assert_true(net_until(n, 60 * SEC, both_registered));
	m = gm_find(gm->g, "G2");
	assert_int_equal(m->ks, addr2);
	assert_int_equal(m->addr, gm->addr2);
	assert_int_equal(TAILQ_FIRST(&net_ks(ks2)->members)->addr, gm->addr2);
	assert_int_equal(net_ks(ks)->nmembers, 1);
	net_run(n, 5 * 3600 * SEC);
	assert_int_equal(teks_of(gm, "G1"), 1);
	assert_int_equal(teks_of(gm, "G2"), 1);
	net_free(n);
}

/* One group's map on two interfaces: one registration for both, which goes
 * on from the other one when the first goes down. The policy and the keys are
 * there all the time. */
static void
two_interfaces(void **state)
{
	struct net *n = net_new(93);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm;
	struct interface *i;
	struct port p;
	uint32_t spi;

	(void)state;
	gm = net_add_gm(n, 0);
	gm->addr2 = gm->addr + (1u << 16);
	i = tc_add(&gm->conf->interfaces, sizeof(*i));
	str_copy(i->name, "FastEthernet0/1", sizeof(i->name));
	str_copy(i->crypto_map, "MAP", sizeof(i->crypto_map));
	p = (struct port){ .index = 2, .addr = gm->addr2, .mask = 0xffffff00,
		.mtu = 1500, .up = true };
	str_copy(p.name, "FastEthernet0/1", sizeof(p.name));
	gdoi_port(gm->g, &p);
	net_apply_all(n);
	assert_true(net_until(n, 10 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->addr, gm->addr);
	spi = newest_spi(n);
	p = *gdoi_find_port(gm->g, "FastEthernet0/0");
	p.up = false;
	gdoi_port(gm->g, &p);
	assert_int_equal(gm->flushes, 0);
	assert_true(gm->policy);
	assert_non_null(talk_tek(gm, spi));
	assert_true(net_until(n, 10 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->addr, gm->addr2);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, 5 * SEC);
	assert_true(converged(n));
	net_run(n, 3 * 3600 * SEC);
	assert_true(converged(n));
	assert_int_equal(gm->flushes, 0);
	net_free(n);
}

/* Two groups with one identity on different addresses of a key server. */
static void
two_addresses(void **state)
{
	uint32_t addr2 = IP(10, 9, 0, 2);
	struct net *n = net_new(92);
	struct node *ks = net_add_ks(n, KS_ADDR), *a, *b;
	struct gdoi_group *g;

	(void)state;
	ks->addr2 = addr2;
	second_group(ks->conf, addr2);
	g = (void *)ks->conf->gdoi_groups.last;
	g->id = 100;
	a = net_add_gm(n, 0);
	b = net_add_gm(n, 1);
	g = (void *)b->conf->gdoi_groups.first;
	((struct gdoi_server *)(void *)g->servers.first)->addr = addr2;
	net_apply_all(n);
	assert_true(net_until(n, 10 * SEC, net_registered));
	net_run(n, SEC);
	assert_int_equal(a->aces[a->nlocal].src, IP(10, 0, 0, 0));
	assert_int_equal(b->aces[b->nlocal].src, IP(172, 16, 0, 0));
	assert_int_equal(ks_find(ks->g, "G1")->nmembers, 1);
	assert_int_equal(ks_find(ks->g, "G2")->nmembers, 1);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_groups),
		cmocka_unit_test(two_servers),
		cmocka_unit_test(two_addresses),
		cmocka_unit_test(two_interfaces),
		cmocka_unit_test(always_converge),
		cmocka_unit_test(always_talk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
