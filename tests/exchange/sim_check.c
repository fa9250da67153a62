/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What has to be so when the network has been quiet for as long as the timers
 * say that it may take; in a storm of deaths of key servers only, at every
 * moment. Each is a function of its own. See sim.h.
 *
 * A component is the running key servers that can reach each other, also
 * through a third one. A member belongs to the one whose key servers it can
 * reach; of two, to that of the server that it registered with.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define NONE SIM_KS_MAX
#define CHECK_MS 500

/* ---- components ---- */

struct parts {
	unsigned of[SIM_KS_MAX];      /* NONE: it is off */
	unsigned primary[SIM_KS_MAX]; /* of each component; NONE */
	unsigned primaries[SIM_KS_MAX];
	bool synced[SIM_KS_MAX];
};

static bool
is_primary(const struct sim *s, unsigned ks)
{
	const struct ks_group *grp = sim_group(s, ks);

	return grp != NULL && coop_is_primary(grp);
}

static void
spread(const struct sim *s, struct parts *p, unsigned ks, unsigned number)
{
	unsigned i;

	p->of[ks] = number;
	for (i = 0; i < s->nks; i++)
		if (sim_runs(s, i) && p->of[i] == NONE &&
		    net_connected(s->ks[ks], s->ks[i]))
			spread(s, p, i, number);
}

static void
find_parts(const struct sim *s, struct parts *p)
{
	const struct ks_group *grp;
	unsigned i, c;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < SIM_KS_MAX; i++)
		p->of[i] = p->primary[i] = NONE;
	for (i = 0; i < s->nks; i++)
		if (sim_runs(s, i) && p->of[i] == NONE)
			spread(s, p, i, i);
	for (i = 0; i < s->nks; i++) {
		if ((c = p->of[i]) == NONE ||
		    (grp = sim_group(s, i)) == NULL)
			continue;
		p->synced[c] |= grp->coop == NULL || grp->coop->synced;
		if (!is_primary(s, i))
			continue;
		p->primary[c] = i;
		p->primaries[c]++;
	}
}

static bool
is_lossy(const struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->nks; i++)
		if (s->link_loss[i] > s->n->now)
			return true;
	return s->n->loss != 0;
}

/* Nothing has happened for that long, and nothing gets lost. */
static bool
is_quiet(const struct sim *s, unsigned secs)
{
	return !is_lossy(s) && s->n->now - s->disturbed >= secs * SEC;
}

/* ---- one primary ---- */

void
check_one_primary(struct sim *s)
{
	struct parts p;
	unsigned c;

	if (s->nks < 2 || !is_quiet(s, sim_takeover(s)))
		return;
	find_parts(s, &p);
	for (c = 0; c < s->nks; c++)
		if (p.primaries[c] > 1)
			sim_wrong(s, "%u primaries in one component, %u s"
			    " after the last change", p.primaries[c],
			    (unsigned)((s->n->now - s->disturbed) / SEC));
}

void
check_a_primary(struct sim *s)
{
	struct parts p;
	unsigned i, c;

	if (s->nks < 2 || !is_quiet(s, sim_takeover(s)))
		return;
	find_parts(s, &p);
	for (i = 0; i < s->nks; i++) {
		if ((c = p.of[i]) == NONE || !p.synced[c])
			continue;
		if (p.primary[c] == NONE)
			sim_wrong(s, "key server %u, in a component with"
			    " keys, has no primary", i);
		else if (sim_group(s, i)->coop->primary !=
		    s->ks[p.primary[c]]->addr)
			sim_wrong(s, "key server %u follows %08x, the primary"
			    " is %u", i, sim_group(s, i)->coop->primary,
			    p.primary[c]);
		else if (!sim_group(s, i)->coop->synced)
			sim_wrong(s, "key server %u has no keys of its"
			    " primary", i);
	}
}

/* ---- members and their component ---- */

static unsigned
part_of(const struct sim *s, const struct parts *p, unsigned gm)
{
	struct node *node = s->gm[gm].node;
	unsigned i, c = NONE;
	bool more = false;

	for (i = 0; i < s->nks; i++) {
		if (p->of[i] == NONE || !net_connected(node, s->ks[i]))
			continue;
		more |= c != NONE && c != p->of[i];
		c = p->of[i];
	}
	if (!more)
		return c;
	for (i = 0; i < s->nks; i++)
		if (p->of[i] != NONE && net_connected(node, s->ks[i]) &&
		    net_gm(node)->ks == s->ks[i]->addr)
			return p->of[i];
	return NONE;
}

/* The member has no TEK of times that its primary does not know of. */
static bool
is_current(const struct ks_group *grp, const struct node *n)
{
	const struct ks_tek *t;
	unsigned i;

	for (i = 0; i < n->nteks; i++) {
		if (n->tek_end[i] <= n->net->now)
			continue;
		TAILQ_FOREACH(t, &grp->teks, link)
			if (t->k.spi == n->teks[i].spi)
				break;
		if (t == NULL)
			return false;
	}
	return true;
}

/* Whom the primary could not reach, or not hear that it did not (multicast is
 * not acknowledged), may have missed what it said. That lasts until it hears
 * something new, and TEKs that it may have missed the end of are over. */
static void
note_stale(struct sim *s, const struct parts *p)
{
	struct sim_member *m;
	const struct gm_group *gm;
	unsigned i, c, pri;

	for (i = 0; i < s->ngm; i++) {
		m = &s->gm[i];
		if (!m->joined || (gm = net_gm(m->node)) == NULL)
			continue;
		c = part_of(s, p, i);
		pri = c == NONE ? NONE : p->primary[c];
		if (pri == NONE || !net_connected(s->ks[pri], m->node) ||
		    (s->multicast && is_lossy(s))) {
			m->stale |= s->weather != SIM_DEATHS;
			m->heard = gm->rekeys_total + gm->succeeded;
		} else if (m->heard != gm->rekeys_total + gm->succeeded &&
		    is_current(sim_group(s, pri), m->node)) {
			m->stale = false;
		}
	}
}

/* Whether anybody has registered or was removed. */
static void
note_members(struct sim *s)
{
	unsigned i, now = 0;

	for (i = 0; i < s->nks; i++)
		now += s->ks[i]->logs[LOG_KS_REGS_COMPL] +
		    s->ks[i]->logs[LOG_GM_DELETE];
	if (now != s->comings)
		s->changed = s->n->now;
	s->comings = now;
}

static bool
takes_part(const struct sim *s, unsigned gm)
{
	const struct sim_member *m = &s->gm[gm];

	return m->joined && !m->stale && net_gm(m->node) != NULL &&
	    net_gm(m->node)->state == GM_REGISTERED &&
	    s->n->now >= m->alone && s->n->now - m->reset > SEC;
}

/* From when on members have to be able to read each other. In a storm of
 * deaths always, unless an operator took their keys away. */
static bool
has_settled(const struct sim *s)
{
	if (s->n->now - s->ordered < sim_reunion(s) * SEC)
		return false;
	return s->weather == SIM_DEATHS || is_quiet(s, sim_reunion(s));
}

/* Above so many members each looks at some of the others. */
#define ALL_PAIRS 64
#define SOME_PAIRS 4

/* Calls for each pair that takes part in one component. */
static void
each_pair(struct sim *s, void (*look)(struct sim *, unsigned, unsigned))
{
	unsigned *part = xcalloc(s->ngm, sizeof(*part)), i, j, k, most;
	struct parts p;

	find_parts(s, &p);
	most = s->ngm > ALL_PAIRS ? SOME_PAIRS : s->ngm;
	for (i = 0; i < s->ngm; i++)
		part[i] = takes_part(s, i) ? part_of(s, &p, i) : NONE;
	for (i = 0; i < s->ngm; i++)
		for (k = 0; k < most && part[i] != NONE; k++) {
			j = most == s->ngm ? k : (unsigned)(i + 1 +
			    (s->checks * 31 + k) * 7919) % s->ngm;
			if (i == j || part[j] != part[i] || !net_connected(
			    s->gm[i].node, s->gm[j].node))
				continue;
			s->pairs++;
			look(s, i, j);
		}
	free(part);
}

/* ---- they read each other ---- */

#define KEEP_MS 30000 /* src/dataplane/sadb.c */

static bool
able(const struct sa_tek *t)
{
	return t->transform.cipher != ESP_AES_GCM || t->sid_bits != 0;
}

static unsigned
next_of(const struct node *n, unsigned i, uint16_t sa)
{
	while (i < n->nteks && (n->teks[i].sa_index != sa ||
	    n->tek_end[i] <= n->net->now || !able(&n->teks[i])))
		i++;
	return i;
}

static uint64_t
until(const struct node *n, unsigned i, unsigned next)
{
	if (n->doubted[i])
		return 0;
	if (next == n->nteks || n->tek_send[next] == 0)
		return n->tek_end[i] > KEEP_MS ? n->tek_end[i] - KEEP_MS : 0;
	return n->tek_send[next] < n->tek_end[i] ? n->tek_send[next] :
	    n->tek_end[i];
}

/* What its packet process sends with, chosen as that does. */
static const struct sa_tek *
sends_with(const struct node *n, uint16_t sa)
{
	unsigned i, next;

	for (i = next_of(n, 0, sa); i < n->nteks; i = next) {
		next = next_of(n, i + 1, sa);
		if (n->net->now < until(n, i, next) || next == n->nteks)
			return &n->teks[i];
	}
	return NULL;
}

static void
print_teks(const struct sim *s, unsigned gm)
{
	const struct node *n = s->gm[gm].node;
	unsigned i;

	for (i = 0; i < n->nteks && s->n->verbose; i++)
		fprintf(stderr, "member %u: TEK %08x, sa %u, %lld ms left\n",
		    gm, n->teks[i].spi, n->teks[i].sa_index,
		    (long long)(n->tek_end[i] - n->net->now));
}

static void
look_reading(struct sim *s, unsigned i, unsigned j)
{
	const struct node *a = s->gm[i].node, *b = s->gm[j].node;
	const struct sa_tek *out;
	unsigned e;

	if (s->wrong[0] != '\0')
		return;
	for (e = a->nlocal; e < a->naces; e++) {
		if (a->aces[e].action != ACE_PERMIT ||
		    talk_entry(b, &a->aces[e]) < 0)
			continue;
		out = sends_with(a, a->sa_of[e]);
		if (out != NULL && talk_tek(b, out->spi) != NULL)
			continue;
		print_teks(s, i);
		print_teks(s, j);
		if (out == NULL)
			sim_wrong(s, "member %u has nothing to send with", i);
		else
			sim_wrong(s, "member %u sends with TEK %08x, member"
			    " %u has none such", i, out->spi, j);
		return;
	}
}

void
check_reading(struct sim *s)
{
	if (has_settled(s))
		each_pair(s, look_reading);
}

/* ---- time ---- */

static int64_t
pseudotime(const struct node *n, const struct sa_tek *t)
{
	return (int64_t)net_clock(n) + t->pseudotime;
}

static void
look_time(struct sim *s, unsigned i, unsigned j)
{
	const struct node *a = s->gm[i].node, *b = s->gm[j].node;
	const struct sa_tek *out, *in;
	int64_t off;

	if (s->wrong[0] != '\0' || a->naces <= a->nlocal ||
	    (out = sends_with(a, a->sa_of[a->nlocal])) == NULL ||
	    out->replay != REPLAY_TIME ||
	    (in = talk_tek(b, out->spi)) == NULL)
		return;
	off = pseudotime(a, out) - pseudotime(b, in);
	if (llabs(off) > in->window * 1000)
		sim_wrong(s, "the clock of member %u is %lld ms before that"
		    " of member %u", i, (long long)off, j);
}

void
check_time(struct sim *s)
{
	if (s->kind == SIM_TIME && has_settled(s))
		each_pair(s, look_time);
}

/* ---- databases ---- */

static bool
has_member(struct ks_group *grp, uint32_t addr)
{
	return ks_find_member(grp, addr) != NULL;
}

static void
compare(struct sim *s, unsigned ks, unsigned pri)
{
	struct ks_group *a = sim_group(s, ks), *b = sim_group(s, pri);
	const struct ks_member *m;

	if (a->nmembers != b->nmembers)
		sim_wrong(s, "key server %u has %u members, its primary %u"
		    " has %u", ks, a->nmembers, pri, b->nmembers);
	TAILQ_FOREACH(m, &a->members, link)
		if (!has_member(b, m->addr))
			sim_wrong(s, "member %08x of key server %u is not in"
			    " the database of %u", m->addr, ks, pri);
}

void
check_databases(struct sim *s)
{
	struct parts p;
	unsigned i, c;

	if (!is_quiet(s, sim_takeover(s) + 5) ||
	    s->n->now - s->changed < 10 * SEC)
		return;
	find_parts(s, &p);
	for (i = 0; i < s->nks; i++)
		if ((c = p.of[i]) != NONE && p.primary[c] != NONE &&
		    p.primary[c] != i)
			compare(s, i, p.primary[c]);
	for (i = 0; i < s->ngm; i++)
		if (takes_part(s, i) && (c = part_of(s, &p, i)) != NONE &&
		    p.primary[c] != NONE && has_settled(s) &&
		    !has_member(sim_group(s, p.primary[c]),
		    net_gm(s->gm[i].node)->addr))
			sim_wrong(s, "member %u is not in the database", i);
}

/* ---- nobody registers again ---- */

static void
look_registration(struct sim *s, unsigned i)
{
	struct sim_member *m = &s->gm[i];
	unsigned attempts = m->node->logs[LOG_GM_REGSTER];

	if (!net_gm(m->node)->ever)
		m->reset = s->n->now;
	if (s->n->now - m->reset < 200 * SEC)
		m->attempts = attempts;
	else if (attempts != m->attempts)
		sim_wrong(s, "member %u registers again", i);
}

void
check_registrations(struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->ngm && s->weather == SIM_DEATHS; i++)
		if (s->gm[i].joined)
			look_registration(s, i);
}

/* ---- memory ---- */

static void
look_memory(struct sim *s, const struct node *n)
{
	const struct ike *ike = n->g->ike;
	const struct ks_group *grp = TAILQ_FIRST(&n->g->ks);
	const struct ks_tek *t;
	unsigned teks = 0, of_peer = s->nks + s->ngm;

	if (ike->nsas > 20 * of_peer || ike->timers.n > 60 * of_peer)
		sim_wrong(s, "%08x has %u SAs, %u timers", n->addr, ike->nsas,
		    (unsigned)ike->timers.n);
	if (n->nteks > NODE_TEKS / 2)
		sim_wrong(s, "%08x has %u TEKs", n->addr, n->nteks);
	if (grp == NULL)
		return;
	TAILQ_FOREACH(t, &grp->teks, link)
		teks++;
	if (teks > NODE_TEKS / 2 || grp->nmembers > s->ngm ||
	    (grp->coop != NULL && grp->coop->ntombs > 64))
		sim_wrong(s, "%08x has %u TEKs, %u members, %u tombstones",
		    n->addr, teks, grp->nmembers,
		    grp->coop != NULL ? grp->coop->ntombs : 0);
}

void
check_memory(struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->n->n; i++)
		look_memory(s, s->n->nodes[i]);
}

/* ---- all of them ---- */

void
sim_check(struct sim *s)
{
	struct parts p;

	find_parts(s, &p);
	note_stale(s, &p);
	note_members(s);
	s->checks++;
	sim_watch_teks(s);
	check_one_primary(s);
	check_a_primary(s);
	check_reading(s);
	check_time(s);
	if (getenv("SIM_NODB") == NULL) check_databases(s);
	check_registrations(s);
	check_memory(s);
}

/* A rekey that got lost three times: its primary knows, and will send the next
 * one under that KEK too. */
static bool
is_behind(const struct sim *s, struct ks_group *grp, const struct gm_group *gm)
{
	const struct ks_member *m = ks_find_member(grp, gm->addr);
	bool lossy = s->weather == SIM_LOSS || s->weather == SIM_ALL;

	return lossy && m != NULL && ks_kek_age(grp, m) > 0 &&
	    ks_find_kek(grp, gm->kek.spi) != NULL;
}

void
check_end(struct sim *s)
{
	struct ks_group *grp = NULL;
	const struct gm_group *gm;
	unsigned i;

	for (i = 0; i < s->nks && (grp == NULL || s->nks == 1); i++)
		grp = is_primary(s, i) ? sim_group(s, i) : NULL;
	if (s->nks == 1 && grp->kek == NULL)
		return; /* it began anew, and nobody has come yet */
	if (grp == NULL || grp->kek == NULL) {
		sim_wrong(s, "at the end there is no primary with a KEK");
		return;
	}
	/* one that has just begun has new keys that wait for key servers */
	for (i = 0; i < 60 && (grp->rekey.held || grp->rekey.active); i++)
		net_run(s->n, CHECK_MS);
	for (i = 0; i < s->ngm; i++) {
		if (!s->gm[i].joined || s->gm[i].stale ||
		    s->n->now < s->gm[i].alone)
			continue;
		gm = net_gm(s->gm[i].node);
		if (gm->state != GM_REGISTERED)
			sim_wrong(s, "at the end member %u is not registered",
			    i);
		else if (!gm_has_kek(gm, &grp->kek->k) &&
		    !is_behind(s, grp, gm))
			sim_wrong(s, "at the end member %u has another KEK",
			    i);
	}
}
