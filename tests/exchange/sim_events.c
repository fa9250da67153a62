/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What happens to a simulated group, as the seed has it: see sim.h.
 */
#include "config.h"

#include <string.h>

#include "sim.h"

/* ---- key servers ---- */

static bool
has_keys(const struct sim *s, unsigned ks)
{
	const struct ks_group *grp = sim_group(s, ks);

	return sim_runs(s, ks) && grp != NULL && grp->active != NULL &&
	    (grp->coop == NULL || grp->coop->synced);
}

/* Another one that it can reach would go on with the keys. */
static bool
is_replaceable(const struct sim *s, unsigned ks)
{
	unsigned i;

	for (i = 0; i < s->nks; i++)
		if (i != ks && has_keys(s, i) &&
		    net_connected(s->ks[ks], s->ks[i]))
			return true;
	return false;
}

/* The members are on their own until they register again; if nobody else has
 * their keys either, those who come later cannot read them before the last
 * of these keys ends. */
static void
forget_everything(struct sim *s, bool lost)
{
	struct sim_member *m;

	s->ordered = s->changed = s->n->now;
	for (m = s->gm; m < s->gm + s->ngm; m++) {
		m->reset = s->n->now;
		if (!m->joined)
			continue;
		if (lost)
			m->alone = s->n->now + (s->tek_life + 200) * SEC;
		m->stale = true;
		m->heard = net_gm(m->node)->rekeys_total +
		    net_gm(m->node)->succeeded;
	}
}

/* In a storm of deaths one at a time, so that nobody may notice. */
static bool
may_die(struct sim *s, unsigned ks)
{
	return s->weather != SIM_DEATHS || (is_replaceable(s, ks) &&
	    s->n->now - s->disturbed > sim_takeover(s) * SEC);
}

static void
event_kill(struct sim *s)
{
	unsigned ks = sim_below(s, s->nks);

	if (!sim_runs(s, ks) || !may_die(s, ks))
		return;
	sim_log(s, "the process ike of key server %u is killed", ks);
	if (!is_replaceable(s, ks))
		forget_everything(s, true);
	net_restart(s->ks[ks]);
	s->lives[ks]++;
	s->disturbed = s->n->now;
}

static void
switch_on(struct sim *s, unsigned ks)
{
	sim_log(s, "key server %u is switched on", ks);
	s->ks[ks]->deaf = false;
	net_restart(s->ks[ks]);
	s->lives[ks]++;
	s->off[ks] = 0;
	s->disturbed = s->n->now;
}

static void
event_power(struct sim *s)
{
	unsigned ks = sim_below(s, s->nks);

	if (!sim_runs(s, ks)) {
		switch_on(s, ks);
		return;
	}
	if (s->nks == 1 || !may_die(s, ks))
		return;
	sim_log(s, "key server %u is switched off", ks);
	if (!is_replaceable(s, ks))
		forget_everything(s, true);
	s->ks[ks]->deaf = true;
	s->off[ks] = s->n->now;
	s->disturbed = s->n->now;
}

static void
event_clear_role(struct sim *s)
{
	unsigned ks = sim_below(s, s->nks);

	if (s->nks == 1 || !may_die(s, ks))
		return;
	sim_log(s, "the role of key server %u is cleared", ks);
	coop_clear_role(sim_group(s, ks));
	s->disturbed = s->n->now;
}

/* ---- operators ---- */

static struct ks_group *
some_primary(struct sim *s, unsigned *ks)
{
	unsigned i, first = sim_below(s, s->nks);

	for (i = 0; i < s->nks; i++) {
		*ks = (first + i) % s->nks;
		if (sim_runs(s, *ks) && coop_is_primary(sim_group(s, *ks)))
			return sim_group(s, *ks);
	}
	return NULL;
}

static void
event_rekey(struct sim *s)
{
	static const enum rekey_kind kinds[] = { REKEY_TEK, REKEY_KEK,
		REKEY_ALL, REKEY_ALL, REKEY_REPLACE };
	unsigned ks, kind = sim_below(s, NELEM(kinds));
	struct ks_group *grp = some_primary(s, &ks);
	const char *bad;

	if (grp == NULL)
		return;
	bad = ks_rekey(grp, kinds[kind]);
	sim_log(s, "key server %u rekeys, kind %u%s%s", ks, kinds[kind],
	    bad != NULL ? ": " : "", bad != NULL ? bad : "");
	/* told three times; who has not heard that, with the next rekey */
	if (kinds[kind] == REKEY_REPLACE && (s->weather == SIM_LOSS ||
	    s->weather == SIM_ALL))
		forget_everything(s, false);
	else if (kinds[kind] == REKEY_REPLACE)
		s->ordered = s->n->now;
}

/* Not where halves are made: members of the other one that have a KEK of that
 * half hear of it when their keys end. */
static void
event_remove(struct sim *s)
{
	unsigned ks;
	struct ks_group *grp = some_primary(s, &ks);
	bool now = sim_below(s, 2) != 0;

	if (grp == NULL || grp->active == NULL)
		return;
	sim_log(s, "key server %u removes its members%s", ks,
	    now ? " now" : "");
	ks_remove_members(grp, now ? REMOVE_NOW : REMOVE_GRACEFUL);
	forget_everything(s, false);
}

/* The same on all, as it has to be, one after the other. */
static void
event_configure(struct sim *s)
{
	uint32_t life = s->tek_life + sim_below(s, 3) * 100;
	unsigned i, net = 11 + sim_below(s, 100);
	bool list = sim_below(s, 2) != 0;

	for (i = 0; i < s->nks; i++)
		if (!sim_runs(s, i))
			return;
	sim_log(s, "all key servers get %s", list ? "a longer list" :
	    "another lifetime");
	for (i = 0; i < s->nks; i++) {
		struct conf *c = net_edit(s->ks[i]);

		if (list)
			(void)tc_ace((void *)c->acls.first, ACE_PERMIT,
			    IP(net, 0, 0, 0), 0x00ffffff, IP(10, 0, 0, 0),
			    0x00ffffff);
		else
			tc_profile(c)->lifetime = life;
		net_left(s->ks[i]);
		net_run(s->n, sim_below(s, 300));
	}
}

/* ---- members ---- */

static void
event_join(struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->ngm && s->gm[i].joined; i++)
		;
	if (i == s->ngm)
		return;
	sim_log(s, "member %u joins", i);
	sim_join(s, i);
	s->changed = s->n->now;
}

static void
event_member(struct sim *s)
{
	unsigned i = sim_below(s, s->ngm);
	struct sim_member *m = &s->gm[i];
	bool kill = sim_below(s, 2) != 0;

	if (!m->joined)
		return;
	sim_log(s, "member %u is %s", i, kill ? "killed" : "cleared");
	m->reset = s->changed = s->n->now;
	if (kill)
		net_restart(m->node);
	else
		gm_clear(net_gm(m->node));
}

/* ---- the network ---- */

static void
event_loss(struct sim *s)
{
	if (sim_below(s, 3) == 0) {
		unsigned ks = sim_below(s, s->nks);

		s->link_loss[ks] = s->n->now + 60 * SEC;
		sim_log(s, "key server %u loses 30 %% for a minute", ks);
		s->disturbed = s->link_loss[ks];
		return;
	}
	s->n->loss = sim_below(s, 3) == 0 ? 0 : sim_below(s, 31);
	s->n->dup = sim_below(s, 20);
	s->n->reorder = sim_below(s, 30);
	sim_log(s, "loss %u %%, doubled %u %%, late %u %%", s->n->loss,
	    s->n->dup, s->n->reorder);
	s->disturbed = s->n->now;
}

/* Halves, of key servers and members. */
static void
event_split(struct sim *s)
{
	unsigned i, other = 0;

	for (i = 0; i < s->n->n; i++)
		other += s->n->nodes[i]->side =
		    (unsigned)(net_random(s->n) % 2);
	sim_log(s, "the network is cut in two, %u and %u", s->n->n - other,
	    other);
	s->disturbed = s->n->now;
}

static void
event_cut(struct sim *s)
{
	struct node *ks = s->ks[sim_below(s, s->nks)], *b;
	bool member = sim_below(s, 3) == 0;

	b = member ? s->gm[sim_below(s, s->ngm)].node :
	    s->ks[sim_below(s, s->nks)];
	if (ks == b || ks->ncuts == NELEM(ks->cuts) ||
	    b->ncuts == NELEM(b->cuts))
		return;
	sim_log(s, "no cable between %08x and %08x", ks->addr, b->addr);
	net_cut(ks, b, true);
	s->disturbed = s->n->now;
}

static void
event_heal(struct sim *s)
{
	sim_log(s, "all cables are whole");
	net_heal(s->n);
	s->disturbed = s->n->now;
}

/* ---- which ---- */

static const struct {
	void (*happen)(struct sim *);
	unsigned weight[SIM_WEATHERS]; /* deaths, loss, splits, all */
} events[] = {
	{ event_kill, { 4, 2, 1, 2 } },
	{ event_power, { 4, 2, 1, 2 } },
	{ event_clear_role, { 2, 1, 1, 1 } },
	{ event_rekey, { 4, 3, 2, 2 } },
	{ event_remove, { 0, 1, 0, 0 } },
	{ event_configure, { 1, 1, 1, 1 } },
	{ event_join, { 1, 1, 1, 1 } },
	{ event_member, { 1, 1, 1, 1 } },
	{ event_loss, { 0, 6, 0, 4 } },
	{ event_split, { 0, 0, 4, 3 } },
	{ event_cut, { 0, 0, 5, 3 } },
	{ event_heal, { 0, 0, 5, 4 } },
};

void
sim_event(struct sim *s)
{
	unsigned i, sum = 0, at;

	for (i = 0; i < NELEM(events); i++)
		sum += events[i].weight[s->weather];
	at = sim_below(s, sum);
	for (i = 0; at >= events[i].weight[s->weather]; i++)
		at -= events[i].weight[s->weather];
	events[i].happen(s);
}

void
sim_calm(struct sim *s)
{
	unsigned i;

	sim_log(s, "all is well again");
	s->n->loss = s->n->dup = s->n->reorder = 0;
	memset(s->link_loss, 0, sizeof(s->link_loss));
	net_heal(s->n);
	for (i = 0; i < s->nks; i++)
		if (!sim_runs(s, i))
			switch_on(s, i);
	s->disturbed = s->n->now;
}
