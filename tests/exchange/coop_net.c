/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers for tests, see coop_net.h.
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

const struct cks_timers cks_ios = { 0, 0, 0, 0 };
const struct cks_timers cks_fast = { 1, 3, 1, 3 };

struct node *
cks_add(struct net *n, unsigned i, unsigned count, uint8_t priority,
    const struct cks_timers *t)
{
	struct node *node = net_add_ks(n, CKS(i));
	struct gdoi_coop *c = tc_coop(node->conf, priority);
	unsigned j;

	c->periodic = t->periodic;
	c->timeout = t->timeout;
	c->retransmit = t->retransmit;
	c->retries = t->retries;
	for (j = 0; j < count; j++)
		if (j != i)
			tc_coop_peer(node->conf, CKS(j));
	return node;
}

void
cks_start(struct net *n, unsigned count, const uint8_t *priorities,
    const struct cks_timers *t)
{
	unsigned i;

	for (i = 0; i < count; i++)
		cks_add(n, i, count, priorities != NULL ? priorities[i] :
		    (uint8_t)(i + 1), t);
	net_apply_all(n);
}

void
cks_add_members(struct net *n, unsigned members, unsigned count)
{
	struct gdoi_group *g;
	struct node *node;
	unsigned i, j;

	for (i = 0; i < members; i++) {
		node = net_add_gm(n, i);
		g = (void *)node->conf->gdoi_groups.first;
		((struct gdoi_server *)(void *)g->servers.first)->addr =
		    CKS(i % count);
		for (j = 1; j < count; j++)
			tc_server(node->conf, CKS((i + j) % count));
	}
}

void
cks_run(struct net *n, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		net_apply(n->nodes[i]);
	(void)cks_settle(n, 60 * SEC, "start");
	net_run(n, 5 * SEC);
	for (; i < n->n; i++)
		net_apply(n->nodes[i]);
}

const struct sa_tek *
cks_outbound(const struct node *gm)
{
	unsigned i;

	for (i = 0; i < gm->nteks; i++)
		if (gm->tek_end[i] > gm->net->now + 30 * SEC)
			return &gm->teks[i];
	return NULL;
}

unsigned cks_big;

bool
cks_count_big(struct net *n, struct datagram *d)
{
	(void)n;
	cks_big += d->len > 700;
	return true;
}

struct coop *
cks(struct node *node)
{
	struct ks_group *grp = net_ks(node);

	return grp != NULL ? grp->coop : NULL;
}

struct gdoi_coop *
cks_conf(struct node *node)
{
	return (void *)tc_local(node->conf)->coop.first;
}

static bool
is_there(struct node *node)
{
	return !node->deaf && cks(node) != NULL;
}

unsigned
cks_primaries(struct net *n)
{
	unsigned i, count = 0;

	for (i = 0; i < n->n; i++)
		count += is_there(n->nodes[i]) &&
		    cks(n->nodes[i])->role == COOP_PRIMARY;
	return count;
}

struct node *
cks_primary(struct net *n)
{
	unsigned i;

	for (i = 0; i < n->n; i++)
		if (is_there(n->nodes[i]) &&
		    cks(n->nodes[i])->role == COOP_PRIMARY)
			return n->nodes[i];
	return NULL;
}

/* Marks all that node i reaches, over others too. */
static void
reach(struct net *n, unsigned i, unsigned mark, unsigned *marks)
{
	unsigned j;

	marks[i] = mark;
	for (j = 0; j < n->n; j++)
		if (marks[j] == 0 && is_there(n->nodes[j]) &&
		    net_connected(n->nodes[i], n->nodes[j]))
			reach(n, j, mark, marks);
}

bool
cks_settled(struct net *n)
{
	unsigned marks[32] = { 0 }, i, j, count;
	uint32_t primary = 0;

	for (i = 0; i < n->n; i++) {
		if (marks[i] != 0 || !is_there(n->nodes[i]))
			continue;
		reach(n, i, i + 1, marks);
		count = 0;
		for (j = 0; j < n->n; j++)
			if (marks[j] == i + 1 &&
			    cks(n->nodes[j])->role == COOP_PRIMARY) {
				primary = n->nodes[j]->addr;
				count++;
			}
		if (count != 1)
			return false;
		for (j = 0; j < n->n; j++)
			if (marks[j] == i + 1 &&
			    (cks(n->nodes[j])->primary != primary ||
			    cks(n->nodes[j])->role == COOP_UNKNOWN))
				return false;
	}
	return true;
}

unsigned
cks_logs(struct net *n, enum log_id id)
{
	unsigned i, count = 0;

	for (i = 0; i < n->n; i++)
		count += n->nodes[i]->logs[id];
	return count;
}

void
cks_forget_logs(struct net *n)
{
	unsigned i;

	for (i = 0; i < n->n; i++)
		memset(n->nodes[i]->logs, 0, sizeof(n->nodes[i]->logs));
}

void
cks_dump(struct net *n)
{
	static const char *const roles[] = { "unknown", "primary",
		"secondary" };
	const struct coop *c;
	char a[IP4_STRLEN], b[IP4_STRLEN];
	unsigned i, j;

	for (i = 0; i < n->n; i++) {
		if ((c = cks(n->nodes[i])) == NULL)
			continue;
		fprintf(stderr, "%s%s priority %u %s%s of %s term %u"
		    " synced %d retries %u:", ip4_str(n->nodes[i]->addr, a),
		    n->nodes[i]->deaf ? " (deaf)" : "", c->priority,
		    roles[c->role], c->electing ? " electing" : "",
		    ip4_str(c->primary, b), c->term, c->synced, c->retries);
		for (j = 0; j < c->nservers; j++)
			fprintf(stderr, " %u:%s%s/%llu",
			    c->servers[j].id.addr & 255,
			    roles[c->servers[j].role],
			    coop_view_alive(c, (int)j) ? "" : "(dead)",
			    (unsigned long long)(net_clock(n->nodes[i]) -
			    c->server_heard[j]));
		fprintf(stderr, "\n");
	}
}

uint64_t
cks_settle(struct net *n, uint64_t ms, const char *when)
{
	uint64_t from = n->now;

	if (!net_until(n, ms, cks_settled)) {
		cks_dump(n);
		fail_msg("%s: no one primary for all after %llu s", when,
		    (unsigned long long)ms / 1000);
	}
	return n->now - from;
}

void
cks_chain(struct net *n, bool ring)
{
	unsigned i, j;

	for (i = 0; i < n->n; i++)
		for (j = i + 1; j < n->n; j++)
			if (j != i + 1 && !(ring && i == 0 &&
			    j == n->n - 1))
				net_cut(n->nodes[i], n->nodes[j], true);
}

void
cks_kill(struct node *node)
{
	node->deaf = true;
}

void
cks_revive(struct node *node)
{
	node->deaf = false;
	net_restart(node);
}
