/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the entries of policies have carried, on the control thread of process
 * fwd: process ike shows it (show crypto session detail), and hears of each
 * entry when it has changed, once a second at most. So what is shown is a
 * second old, and nobody waits for this process.
 */
#include "config.h"

#include <string.h>

#include "dataplane/engine.h"

#define USE_MS 1000
#define USE_BURST 256 /* what else ike has to hear finds a place, too */
#define USE_BURST_MS 50

static bool
is_news(const struct use_told *told, const struct sa_event *e, uint64_t now)
{
	static const struct sa_use none;

	if (told->at != 0 && now - told->at < USE_MS)
		return false;
	if (told->at == 0)
		return e->spi != 0 || memcmp(&e->use, &none, sizeof(none)) != 0;
	return told->spi != e->spi ||
	    memcmp(&told->use, &e->use, sizeof(e->use)) != 0;
}

/* False: ike does not read, the rest is for later. */
static bool
say(struct fwd *f, const struct group *g, unsigned number,
    const struct sa *out, struct use_told *told, struct sa_event *e)
{
	uint64_t now = f->io.now(f->arg);

	e->type = SA_EVENT_USE;
	e->sa_index = (uint16_t)number;
	if (out != NULL && out->way == SA_WAY_OUT) {
		e->spi = out->spi;
		e->use.octets[1] = count_read(&out->octets);
		if (out->twin != NULL)
			e->use.octets[0] = count_read(&out->twin->octets);
	}
	if (!is_news(told, e, now))
		return true;
	str_copy(e->group, g->name, sizeof(e->group));
	if (f->use_left == 0 || !f->io.use(f->arg, e))
		return false;
	f->use_left--;
	*told = (struct use_told){ now, e->spi, e->use };
	return true;
}

static void
forget(struct fwd *f)
{
	const struct policy *p;
	struct group *g;
	uint32_t i;

	for (g = f->groups; g != NULL; g = g->next) {
		g->told.at = 0;
		p = g->policy;
		for (i = 0; p != NULL && i < p->n; i++)
			p->stats[i]->told.at = 0;
	}
	f->use_anew = false;
}

/* Entries of a key server have the number of their place among them, others
 * that of their SAs. */
static bool
say_policy(struct fwd *f, const struct snap_group *sg)
{
	const struct policy *p = sg->policy;
	uint32_t i, place = 0;

	for (i = 0; i < p->n; i++) {
		struct sa_event e = { 0 };
		struct stats *s = p->stats[i];

		place += p->local[i] == 0;
		if (p->aces[i].action != ACE_PERMIT ||
		    (sg->group->kind == GROUP_GDOI ? p->local[i] != 0 :
		    p->sa_of[i] == 0))
			continue;
		use_of(s->c, s->cleared, &e.use);
		if (!say(f, sg->group, sg->group->kind == GROUP_GDOI ? place :
		    p->sa_of[i], sg->out[i], &s->told, &e))
			return false;
	}
	return true;
}

static bool
say_tunnel(struct fwd *f, const struct snap_group *sg)
{
	struct sa_event e = { 0 };
	struct group *g = sg->group;

	use_of(g->c, g->cleared, &e.use);
	return say(f, g, 1, sg->out[0], &g->told, &e);
}

uint64_t
use_run(struct fwd *f, uint64_t now, uint64_t next)
{
	const struct snap_group *sg;
	bool all = true;
	unsigned i;

	if (f->io.use == NULL || f->snap->n_groups == 0)
		return next;
	if (now >= f->next_use) {
		f->use_left = USE_BURST;
		if (f->use_anew)
			forget(f);
		for (i = 0; i < f->snap->n_groups && all; i++) {
			sg = &f->snap->groups[i];
			if (sg->policy != NULL)
				all = say_policy(f, sg);
			else if (sg->group->kind == GROUP_TUNNEL)
				all = say_tunnel(f, sg);
		}
		f->next_use = now + (all ? USE_MS : USE_BURST_MS);
	}
	return f->next_use < next ? f->next_use : next;
}
