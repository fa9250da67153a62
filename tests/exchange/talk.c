/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who can talk to whom, see talk.h.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

struct gdoi_local *
tc_local(struct conf *c)
{
	struct gdoi_group *g = (void *)c->gdoi_groups.first;

	return (void *)g->local.first;
}

struct ipsec_profile *
tc_profile(struct conf *c)
{
	return (void *)c->ipsec_profiles.first;
}

/* ---- configurations that change ---- */

static struct conf *before;

struct conf *
net_edit(struct node *node)
{
	before = node->conf;
	return node->conf = tc_copy(before);
}

/* What was typed is delivered; the operator is still configuring. */
void
net_typed(struct node *node)
{
	gdoi_config(node->g, before, node->conf);
	tc_free(before);
}

void
net_left(struct node *node)
{
	net_typed(node);
	gdoi_settled(node->g);
}

struct gdoi_sa *
tc_sa(struct conf *c, uint16_t number, const char *acl)
{
	return tc_group_sa(tc_local(c), number, acl);
}

/* ---- who can talk ---- */

/* The TEK that fwd sends with, as src/dataplane/sadb.c chooses it. */
static const struct sa_tek *
outbound(const struct node *gm, uint16_t sa)
{
	const struct sa_tek *newest = NULL;
	uint64_t now = gm->net->now;
	unsigned i;

	for (i = 0; i < gm->nteks; i++) {
		if (gm->teks[i].sa_index != sa || gm->tek_end[i] <= now)
			continue;
		newest = &gm->teks[i];
		if (gm->tek_end[i] - now > 30 * SEC && !gm->doubted[i])
			return newest;
	}
	return newest;
}

const struct sa_tek *
talk_tek(const struct node *gm, uint32_t spi)
{
	unsigned i;

	for (i = 0; i < gm->nteks; i++)
		if (gm->teks[i].spi == spi &&
		    gm->tek_end[i] > gm->net->now)
			return &gm->teks[i];
	return NULL;
}

unsigned
talk_live(const struct node *gm)
{
	unsigned i, n = 0;

	for (i = 0; i < gm->nteks; i++)
		n += gm->tek_end[i] > gm->net->now;
	return n;
}

int
talk_entry(const struct node *gm, const struct ace *a)
{
	unsigned i;

	for (i = gm->nlocal; i < gm->naces; i++)
		if (gm->aces[i].action == a->action &&
		    gm->aces[i].src == a->src && gm->aces[i].dst == a->dst &&
		    gm->aces[i].src_wild == a->src_wild)
			return (int)i;
	return -1;
}

/* NULL, or why b cannot read what a sends it. Of an entry that only one of
 * them has a change is underway: it acts at once, as in IOS. */
static const char *
cannot(const struct node *a, const struct node *b)
{
	const struct sa_tek *out, *in;
	unsigned i;
	int at;

	for (i = a->nlocal; i < a->naces; i++) {
		if (a->aces[i].action != ACE_PERMIT ||
		    (at = talk_entry(b, &a->aces[i])) < 0)
			continue;
		if ((out = outbound(a, a->sa_of[i])) == NULL)
			return "nothing to send with";
		if ((in = talk_tek(b, out->spi)) == NULL)
			return "the other has no such TEK";
		if (in->sa_index != b->sa_of[at])
			return "the other has it for another sa ipsec";
	}
	return NULL;
}

static bool
has_keys(struct node *gm)
{
	return net_gm(gm) != NULL && net_gm(gm)->ever && talk_live(gm) > 0;
}

static void
print_teks(const struct node *gm)
{
	unsigned i;

	for (i = 0; i < gm->nteks; i++)
		print_message("%08x: TEK %08x, sa %u, %lld ms left\n",
		    gm->addr, gm->teks[i].spi, gm->teks[i].sa_index,
		    (long long)(gm->tek_end[i] - gm->net->now));
}

void
check_talk(struct net *n, const char *when)
{
	unsigned i, j;
	const char *why;

	for (i = 1; i < n->n; i++)
		for (j = 1; j < n->n; j++)
			if (i != j && has_keys(n->nodes[i]) &&
			    has_keys(n->nodes[j]) && (why = cannot(
			    n->nodes[i], n->nodes[j])) != NULL) {
				print_teks(n->nodes[i]);
				print_teks(n->nodes[j]);
				fail_msg("%s, at %llu ms: %u to %u: %s", when,
				    (unsigned long long)n->now, i, j, why);
			}
}

/* They talk all the time. */
void
talk_for(struct net *n, unsigned secs, const char *when)
{
	unsigned i;

	for (i = 0; i < 4 * secs; i++) {
		net_run(n, SEC / 4);
		check_talk(n, when);
	}
}

uint32_t
newest_spi(struct net *n)
{
	return TAILQ_FIRST(&net_ks(n->nodes[0])->teks)->k.spi;
}

/* All members have the policy and the newest TEK of the key server. */
bool
converged(struct net *n)
{
	struct ks_group *grp = net_ks(n->nodes[0]);
	unsigned i, j;

	for (i = 1; i < n->n; i++) {
		const struct node *gm = n->nodes[i];

		if (gm->naces - gm->nlocal != grp->active->naces ||
		    talk_tek(gm, newest_spi(n)) == NULL)
			return false;
		for (j = 0; j < grp->active->naces; j++)
			if (talk_entry(gm, &grp->active->aces[j].ace) !=
			    (int)(gm->nlocal + j))
				return false;
	}
	return true;
}
