/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: who is there and who lives, see coop.h. Runs in
 * process ike.
 *
 * Each server counts its messages; that count, its beat, is told on by who
 * heard it, with the time since. A beat that was heard before makes nobody
 * younger, however often it is told, so a dead server dies everywhere at
 * about the same time. A server that starts again has another boot: rows of
 * its former life are not taken any more, whoever still tells them.
 */
#include "config.h"

#include <string.h>

#include "gdoi/coop.h"

uint64_t
coop_view_lives(const struct coop *c)
{
	return 1000 * (uint64_t)(c->timeout + c->retries_max * c->retransmit);
}

int
coop_view_find(const struct coop *c, uint32_t addr)
{
	unsigned i;

	for (i = 0; i < c->nservers; i++)
		if (c->servers[i].id.addr == addr)
			return (int)i;
	return -1;
}

static bool
is_fresh(const struct coop *c, unsigned i)
{
	return gdoi_now(c->grp->g) - c->server_heard[i] < coop_view_lives(c);
}

bool
coop_view_alive(const struct coop *c, int i)
{
	return i >= 0 && c->servers[i].priority != 0 &&
	    is_fresh(c, (unsigned)i);
}

bool
coop_view_regained(struct coop *c, uint64_t at)
{
	struct coop_seat *seat;
	bool regained = false;
	unsigned i;

	for (i = 0; i < c->nservers; i++) {
		seat = &c->seats[i];
		if (!is_fresh(c, i)) {
			seat->lost = c->servers[i].id.boot;
			seat->lost_at = c->server_heard[i];
		} else if (seat->lost != 0) {
			regained |= seat->lost == c->servers[i].id.boot &&
			    at > seat->lost_at;
			seat->lost = 0;
		}
	}
	return regained;
}

static void
remove_row(struct coop *c, unsigned i)
{
	unsigned last = --c->nservers;

	c->servers[i] = c->servers[last];
	c->server_heard[i] = c->server_heard[last];
	c->seats[i] = c->seats[last];
}

void
coop_view_forget(struct coop *c, uint32_t addr)
{
	int i = coop_view_find(c, addr);

	if (i >= 0)
		remove_row(c, (unsigned)i);
}

/* A free row; the longest dead that is no peer goes for it. NULL: all live,
 * or are peers. */
static struct coop_server *
new_row(struct coop *c)
{
	unsigned i, worst = COOP_SERVERS_MAX;

	for (i = 0; i < c->nservers && c->nservers == COOP_SERVERS_MAX; i++)
		if (coop_peer_find(c, c->servers[i].id.addr) == NULL &&
		    !coop_view_alive(c, (int)i) &&
		    (worst == COOP_SERVERS_MAX ||
		    c->server_heard[i] < c->server_heard[worst]))
			worst = i;
	if (worst < COOP_SERVERS_MAX)
		remove_row(c, worst);
	if (c->nservers == COOP_SERVERS_MAX)
		return NULL;
	memset(&c->seats[c->nservers], 0, sizeof(c->seats[0]));
	return &c->servers[c->nservers++];
}

static bool
is_over(const struct coop_seat *s, uint64_t boot)
{
	unsigned i;

	for (i = 0; i < NELEM(s->old); i++)
		if (s->old[i] == boot)
			return true;
	return false;
}

/* Whether that row says more than the one that we have. */
static bool
is_news(struct coop *c, unsigned i, const struct coop_server *s,
    uint64_t heard, bool direct)
{
	struct coop_seat *seat = &c->seats[i];

	if (s->id.boot == c->servers[i].id.boot) {
		if (s->beat == c->servers[i].beat &&
		    heard < c->server_heard[i])
			c->server_heard[i] = heard;
		return s->beat > c->servers[i].beat;
	}
	if (is_over(seat, s->id.boot) ||
	    (!direct && heard <= c->server_heard[i]))
		return false;
	seat->old[seat->nold++ % NELEM(seat->old)] = c->servers[i].id.boot;
	return true;
}

void
coop_view_hear(struct coop *c, const struct coop_server *s, uint32_t via)
{
	uint64_t now = gdoi_now(c->grp->g);
	uint64_t heard = now > s->age ? now - s->age : 1;
	int i = coop_view_find(c, s->id.addr);
	struct coop_server *row;

	if (s->id.addr == c->self.addr || s->id.addr == 0 || s->id.boot == 0)
		return;
	if (i >= 0) {
		if (!is_news(c, (unsigned)i, s, heard, s->id.addr == via))
			return;
		row = &c->servers[i];
	} else if ((row = new_row(c)) == NULL) {
		return;
	}
	*row = *s;
	row->age = 0;
	if (s->term > c->top_term)
		c->top_term = s->term;
	i = (int)(row - c->servers);
	c->server_heard[i] = heard;
	c->seats[i].via = via;
	c->seats[i].passed &= s->role != COOP_PRIMARY;
}

unsigned
coop_view_fill(struct coop *c, struct coop_server *rows)
{
	uint64_t now = gdoi_now(c->grp->g);
	unsigned n = 0, i;

	rows[n++] = (struct coop_server){ .id = c->self, .role = c->role,
		.priority = c->leaving ? 0 : c->priority, .synced = c->synced,
		.beat = ++c->beat, .primary = c->primary, .term = c->term };
	for (i = 0; i < c->nservers && n < COOP_SERVERS_MAX; i++) {
		if (!is_fresh(c, i))
			continue;
		rows[n] = c->servers[i];
		rows[n++].age = (uint32_t)(now - c->server_heard[i]);
	}
	return n;
}

bool
coop_view_before(uint8_t pa, uint32_t a, uint8_t pb, uint32_t b)
{
	return pa != pb ? pa > pb : a > b;
}

int
coop_view_primary(const struct coop *c)
{
	const struct coop_server *s = c->servers;
	int best = -1, i;

	for (i = 0; i < (int)c->nservers; i++)
		if (s[i].role == COOP_PRIMARY && coop_view_alive(c, i) &&
		    (best < 0 || coop_view_before(s[i].priority,
		    s[i].id.addr, s[best].priority, s[best].id.addr)))
			best = i;
	return best;
}

int
coop_view_candidate(const struct coop *c)
{
	const struct coop_server *s = c->servers;
	int best = -1, i;

	for (i = 0; i < (int)c->nservers; i++) {
		if (!coop_view_alive(c, i) || c->seats[i].passed)
			continue;
		if (best < 0 || (s[i].synced != s[best].synced ? s[i].synced :
		    coop_view_before(s[i].priority, s[i].id.addr,
		    s[best].priority, s[best].id.addr)))
			best = i;
	}
	return best;
}
