/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bench of cooperative key servers: the simulation of tests/exchange/sim.h
 * with the default timers, 2 to 8 key servers and 10 to 10,000 members. What
 * a registration, a rekey and an idle second cost in datagrams and octets
 * (of UDP payload), and how long a takeover takes. At the end a storm over
 * the largest group, in which everything that the simulation looks at has to
 * hold.
 *
 * usage: bench_coop [KEY-SERVERS MEMBERS | storm SEED]...
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sim.h"

#define JOIN_SECS 100
#define IDLE_SECS 600
#define STORM_EVENTS 20
#define STORM_SECS 120 /* at most, between two of them */

/* Of whom datagrams were counted. */
enum { SERVERS, MEMBERS, PARTS };

struct count {
	uint64_t datagrams, octets;
};

static struct count counts[PARTS];
static bool (*watch)(struct net *, struct datagram *);
static unsigned nks;

static bool
count(struct net *n, struct datagram *d)
{
	const struct node *from = net_find(n, d->from.addr);
	const struct node *to = net_find(n, d->to.addr);
	struct count *c = &counts[from != NULL && to != NULL &&
	    from->number < nks && to->number < nks ? SERVERS : MEMBERS];

	c->datagrams++;
	c->octets += d->len;
	return watch(n, d);
}

static double
cpu(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void
fail(struct sim *s, const char *why)
{
	fprintf(stderr, "%u key servers, %u members: %s\n", s->nks, s->ngm,
	    s->wrong[0] != '\0' ? s->wrong : why);
	exit(1);
}

static struct sim *
build(unsigned seed, enum sim_kind kind, enum sim_weather weather,
    unsigned members)
{
	struct sim *s = sim_plan(seed, kind, weather, nks, members);

	s->multicast = false;
	s->periodic = COOP_PERIODIC;
	s->timeout = COOP_TIMEOUT;
	s->retransmit = COOP_RETRANSMIT;
	s->retries = COOP_RETRIES;
	s->tek_life = 7200;
	s->kek_life = 86400;
	s->late = members;
	sim_build(s);
	watch = s->n->tap;
	s->n->tap = count;
	net_run(s->n, 200 * SEC);
	return s;
}

static struct ks_group *
primary(const struct sim *s, unsigned *ks)
{
	unsigned i;

	for (i = 0; i < s->nks; i++)
		if (sim_runs(s, i) && coop_is_primary(sim_group(s, i))) {
			*ks = i;
			return sim_group(s, i);
		}
	return NULL;
}

static void
begin(void)
{
	unsigned i;

	for (i = 0; i < PARTS; i++)
		counts[i] = (struct count){ 0, 0 };
}

/* What stands in front of the bar is of each member, behind it of all key
 * servers together; less what an idle second costs. */
static void
report(const char *what, double divide, double seconds,
    const struct count *idle)
{
	double d = (double)counts[SERVERS].datagrams, o =
	    (double)counts[SERVERS].octets;

	if (idle != NULL) {
		d -= (double)idle->datagrams * seconds / IDLE_SECS;
		o -= (double)idle->octets * seconds / IDLE_SECS;
	}
	printf("  %-12s %9.2f %9.0f | %9.3f %9.1f", what,
	    (double)counts[MEMBERS].datagrams / divide,
	    (double)counts[MEMBERS].octets / divide, d / divide, o / divide);
}

static void
join_all(struct sim *s)
{
	unsigned i, sec;

	for (i = sec = 0; sec < JOIN_SECS; sec++) {
		for (; i < (uint64_t)s->ngm * (sec + 1) / JOIN_SECS; i++)
			sim_join(s, i);
		net_run(s->n, SEC);
	}
	for (sec = 0; sec < 120 && !net_registered(s->n); sec++)
		net_run(s->n, SEC);
	if (!net_registered(s->n))
		fail(s, "not all are registered");
	check_registrations(s); /* from here on nobody may */
}

static void
takeover(struct sim *s)
{
	unsigned ks, before;
	double at = cpu();
	uint64_t t0 = s->n->now;

	if (primary(s, &before) == NULL)
		fail(s, "no primary");
	s->ks[before]->deaf = true;
	s->off[before] = t0;
	s->disturbed = t0;
	while (primary(s, &ks) == NULL && s->n->now < t0 + 600 * SEC)
		net_run(s->n, SEC);
	printf("  %-12s %.0f s %44.2f s\n", "takeover",
	    (double)(s->n->now - t0) / SEC, cpu() - at);
	if (primary(s, &ks) == NULL || sim_group(s, ks)->nmembers != s->ngm)
		fail(s, "the new primary does not know all members");
}

static void
one(unsigned members)
{
	struct sim *s = build(1, SIM_CBC, SIM_DEATHS, members);
	struct rusage ru;
	struct count idle;
	unsigned ks;
	double at;

	printf("%u key servers, %u members\n", nks, members);
	begin();
	net_run(s->n, IDLE_SECS * SEC);
	idle = counts[SERVERS];
	begin();
	at = cpu();
	join_all(s);
	report("registration", members, JOIN_SECS, &idle);
	printf(" %9.2f s\n", cpu() - at);
	net_run(s->n, 120 * SEC);
	begin();
	at = cpu();
	net_run(s->n, IDLE_SECS * SEC);
	idle = counts[SERVERS];
	report("idle second", IDLE_SECS, 0, NULL);
	printf(" %9.2f s\n", (cpu() - at) / IDLE_SECS);
	begin();
	at = cpu();
	if (primary(s, &ks) == NULL)
		fail(s, "no primary");
	(void)ks_rekey(sim_group(s, ks), REKEY_TEK);
	net_run(s->n, 90 * SEC);
	report("rekey", members, 90, &idle);
	printf(" %9.2f s\n", cpu() - at);
	takeover(s);
	check_registrations(s);
	getrusage(RUSAGE_SELF, &ru);
	printf("  %ld MB in all\n", ru.ru_maxrss / 1024);
	if (s->wrong[0] != '\0')
		fail(s, "");
	sim_free(s);
}

static void
storm(unsigned seed)
{
	double at = cpu();
	struct sim *s;
	unsigned i;

	nks = 8;
	s = build(seed, seed % SIM_KINDS, SIM_ALL, 10000);
	printf("%u key servers, %u members, storm %u\n", nks, s->ngm, seed);
	s->check_ms = 5 * SEC;
	join_all(s);
	begin();
	for (i = 0; i < STORM_EVENTS; i++) {
		sim_event(s);
		if (!sim_run(s, sim_below(s, STORM_SECS * SEC)))
			fail(s, "");
	}
	sim_calm(s);
	if (!sim_run(s, (sim_reunion(s) + 10) * SEC))
		fail(s, "");
	check_end(s);
	if (s->wrong[0] != '\0')
		fail(s, "");
	printf("  %u events, %.0f s, %.1f datagrams per member, looked at %llu"
	    " pairs: all holds %9.2f s\n", s->nlog,
	    (double)(s->n->now - 1000000) / SEC,
	    (double)counts[MEMBERS].datagrams / s->ngm,
	    (unsigned long long)s->pairs, cpu() - at);
	sim_free(s);
}

int
main(int argc, char **argv)
{
	static const unsigned servers[] = { 2, 4, 8 };
	static const unsigned members[] = { 10, 100, 1000, 10000 };
	unsigned i, j;
	int a;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("  %-12s %19s | %19s\n", "per member", "members and servers",
	    "between servers");
	printf("  %-12s %9s %9s | %9s %9s %9s\n", "(idle: all)", "datagrams",
	    "octets", "datagrams", "octets", "CPU");
	for (a = 1; a + 1 < argc; a += 2) {
		i = (unsigned)strtoul(argv[a + 1], NULL, 10);
		nks = (unsigned)strtoul(argv[a], NULL, 10);
		if (nks == 0)
			storm(i);
		else
			one(i);
	}
	for (i = 0; i < NELEM(servers) && argc == 1; i++)
		for (j = 0; j < NELEM(members); j++) {
			nks = servers[i];
			one(members[j]);
		}
	if (argc == 1)
		storm(1);
	return 0;
}
