/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A simulated group: its network, its clock, what is said of a failure; see
 * sim.h.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define KS(i) IP(10, 9, 0, 1 + (i))
#define CHECK_MS 500

/* ---- configurations ---- */

static void
add_kssids(struct gdoi_local *l, unsigned ks)
{
	struct gdoi_identifier *id = tc_add(&l->identifiers, sizeof(*id));
	struct gdoi_kssid *k = tc_add(&id->kssids, sizeof(*k));
	unsigned i;

	k->lo = (uint16_t)(ks * 16);
	k->hi = (uint16_t)(k->lo + 15);
	for (i = k->lo; i <= k->hi; i++)
		k->set[i / 64] |= UINT64_C(1) << i % 64;
}

static void
add_multicast(struct sim *s, struct conf *c)
{
	struct ace *a = tc_ace(tc_acl(c, "M"), ACE_PERMIT, 0, 0xffffffff,
	    IP(239, 1, 1, 1), 0);

	a->proto = 17;
	tc_local(c)->unicast = false;
	str_copy(tc_local(c)->rekey_acl, "M",
	    sizeof(tc_local(c)->rekey_acl));
	(void)s;
}

static void
set_kind(struct sim *s, struct conf *c, unsigned ks)
{
	struct transform_set *t = (void *)c->transform_sets.first;
	struct gdoi_sa *sa = (void *)tc_local(c)->sas.first;

	if (s->kind == SIM_GCM) {
		t->esp = (struct esp_transform){ ESP_AES_GCM, ESP_AUTH_NONE,
			128 };
		add_kssids(tc_local(c), ks);
	} else if (s->kind == SIM_TIME) {
		sa->replay = REPLAY_TIME;
		sa->window = 5;
	}
}

static void
add_redundancy(struct sim *s, struct conf *c, unsigned ks)
{
	struct gdoi_coop *r = tc_coop(c, (uint8_t)(1 + sim_below(s, 3)));
	unsigned i;

	r->periodic = (uint16_t)s->periodic;
	r->timeout = (uint16_t)s->timeout;
	r->retransmit = (uint16_t)s->retransmit;
	r->retries = (uint8_t)s->retries;
	for (i = 0; i < s->nks; i++)
		if (i != ks)
			(void)tc_coop_peer(c, KS(i));
}

/* Elliptic curves: registrations are to cost little here. */
static void
set_group(struct conf *c)
{
	struct isakmp_policy *p;

	CF_FOREACH(p, &c->isakmp_policies)
		p->group = 19;
}

static void
set_clock(struct sim *s, struct node *node)
{
	node->ppm = (int)sim_below(s, 401) - 200;
	node->boot = (uint64_t)sim_below(s, 1u << 31) * 10;
}

static void
add_ks(struct sim *s, unsigned i)
{
	struct node *ks = net_add_ks(s->n, KS(i));
	struct gdoi_local *l = tc_local(ks->conf);

	set_clock(s, ks);
	set_group(ks->conf);
	tc_profile(ks->conf)->lifetime = s->tek_life;
	l->rekey_lifetime = s->kek_life;
	set_kind(s, ks->conf, i);
	if (s->multicast)
		add_multicast(s, ks->conf);
	if (s->nks > 1)
		add_redundancy(s, ks->conf, i);
	s->ks[i] = ks;
}

/* Its servers in an order of its own. */
static void
add_gm(struct sim *s, unsigned i)
{
	struct node *gm = net_add_gm(s->n, i);
	struct gdoi_group *g = (void *)gm->conf->gdoi_groups.first;
	unsigned first = sim_below(s, s->nks), k;
	struct gdoi_server *only = (void *)g->servers.first;

	set_clock(s, gm);
	set_group(gm->conf);
	only->addr = KS(first);
	for (k = 1; k < s->nks; k++)
		(void)tc_server(gm->conf, KS((first + k) % s->nks));
	s->gm[i].node = gm;
}

static void
choose(struct sim *s)
{
	s->multicast = sim_below(s, 4) == 0 || getenv("SIM_MC") != NULL;
	s->periodic = 5;
	s->timeout = 10;
	s->retransmit = 3;
	s->retries = 3;
	s->tek_life = 300 + sim_below(s, 4) * 150;
	s->kek_life = 600 + sim_below(s, 4) * 300;
	s->late = 2;
	s->check_ms = CHECK_MS;
}

struct sim *
sim_plan(unsigned seed, enum sim_kind kind, enum sim_weather weather,
    unsigned nks, unsigned ngm)
{
	struct sim *s = xcalloc(1, sizeof(*s));

	s->n = net_new(700000 + seed);
	s->n->quiet = !s->n->verbose;
	s->seed = seed;
	s->kind = kind;
	s->weather = weather;
	s->nks = nks;
	s->ngm = ngm;
	s->gm = xcalloc(ngm, sizeof(*s->gm));
	choose(s);
	return s;
}

void
sim_build(struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->nks; i++)
		add_ks(s, i);
	for (i = 0; i < s->ngm; i++)
		add_gm(s, i);
	sim_watch(s);
	for (i = 0; i < s->nks; i++)
		net_apply(s->ks[i]);
	for (i = 0; i + s->late < s->ngm; i++)
		sim_join(s, i);
	s->disturbed = s->ordered = s->n->now;
}

struct sim *
sim_new(unsigned seed, enum sim_kind kind, enum sim_weather weather,
    unsigned nks, unsigned ngm)
{
	struct sim *s = sim_plan(seed, kind, weather, nks, ngm);

	sim_build(s);
	return s;
}

void
sim_free(struct sim *s)
{
	sim_watch_free(s);
	net_free(s->n);
	free(s->gm);
	free(s);
}

/* ---- what is said ---- */

PRINTF_LIKE(4, 0)
static void
describe(struct sim *s, char *to, size_t size, const char *fmt, va_list ap)
{
	int n = snprintf(to, size, "%llu.%03u: ",
	    (unsigned long long)(s->n->now - 1000000) / 1000,
	    (unsigned)(s->n->now % 1000));

	vsnprintf(to + n, size - (size_t)n, fmt, ap);
}

void
sim_wrong(struct sim *s, const char *fmt, ...)
{
	va_list ap;
	unsigned i;

	if (s->wrong[0] != '\0')
		return;
	va_start(ap, fmt);
	describe(s, s->wrong, sizeof(s->wrong), fmt, ap);
	va_end(ap);
	fprintf(stderr, "seed %u (%u key servers, %u members, kind %u%s,"
	    " weather %u), TEK %u s, KEK %u s\n", s->seed, s->nks, s->ngm,
	    s->kind, s->multicast ? ", multicast" : "", s->weather,
	    s->tek_life, s->kek_life);
	for (i = s->nlog > SIM_LOG ? s->nlog - SIM_LOG : 0; i < s->nlog; i++)
		fprintf(stderr, "\t%s\n", s->log[i % SIM_LOG]);
	fprintf(stderr, "%s\n", s->wrong);
}

void
sim_log(struct sim *s, const char *fmt, ...)
{
	char *line = s->log[s->nlog++ % SIM_LOG];
	va_list ap;

	va_start(ap, fmt);
	describe(s, line, sizeof(s->log[0]), fmt, ap);
	va_end(ap);
	if (s->n->verbose)
		fprintf(stderr, "-------- %s\n", line);
}

/* ---- small things ---- */

uint32_t
sim_below(struct sim *s, uint32_t n)
{
	return (uint32_t)(net_random(s->n) % n);
}

struct ks_group *
sim_group(const struct sim *s, unsigned ks)
{
	return net_ks(s->ks[ks]);
}

bool
sim_runs(const struct sim *s, unsigned ks)
{
	return s->off[ks] == 0;
}

void
sim_join(struct sim *s, unsigned gm)
{
	s->gm[gm].joined = true;
	s->gm[gm].reset = s->n->now;
	net_apply(s->gm[gm].node);
}

/*
 * A primary is dead when nobody has heard a beat of it for timeout + retries
 * * retransmit. The beat travels along a chain of servers, and the word of
 * the end of it too; then each that would be the best and is not there is
 * waited for. A server that could not be reached gets a new phase 1 when the
 * messages under the old one have all failed.
 */
unsigned
sim_takeover(const struct sim *s)
{
	return s->timeout + s->retries * s->retransmit +
	    s->nks * s->retransmit + 2 * s->periodic + s->timeout + 30;
}

/* The merged keys go out when the others have them, at the pace of ks_dist.c,
 * and a rekey is repeated twice; who was without a server for long comes back
 * when its pause is over. */
unsigned
sim_reunion(const struct sim *s)
{
	return sim_takeover(s) + 30 + 70 + 3 * s->ngm / 500;
}

bool
sim_run(struct sim *s, uint64_t ms)
{
	uint64_t end = s->n->now + ms;

	while (s->n->now < end && s->wrong[0] == '\0') {
		net_run(s->n, end - s->n->now < s->check_ms ?
		    end - s->n->now : s->check_ms);
		sim_check(s);
	}
	return s->wrong[0] == '\0';
}
