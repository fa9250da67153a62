/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A day of two routers, or of a hub with a dynamic map and three spokes, one
 * of them behind a NAT, that send a packet a second each way: SAs follow each
 * other by time and by volume, and every now and then a seeded storm: outages,
 * processes that die, routers that are started anew, orders of an operator,
 * changes of the configuration, ports, datagrams that are lost or recorded and
 * come again. Whatever happens
 *
 *   - a sequence number is used once under a key, and a key for one SA;
 *   - the packet process has the SAs that key management knows of;
 *   - SAs, exchanges, timers stay bounded;
 *   - when the storm is over all packets arrive again, in bounded time, and
 *     not one is lost from then on, whatever is followed meanwhile.
 *
 * VPN_RUNS=N takes N seeds instead of the usual few, VPN_SEED the first,
 * VPN_HOURS so many hours of each.
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

#include "net.h"
#include "vpn_traffic.h"

#define SEC 1000u
#define HOUR (3600 * SEC)
#define RUNS 16
#define HOURS 4
#define CALM_MS (240 * SEC)	/* a pause of 75 s, a phase 1 of 55 s to who
				 * is away no more, DPD */
#define FLOWS 2
#define RECORDS 64
#define NAT_PORTS 20000

/* What one router is configured with. */
struct plan {
	uint32_t seconds, kilobytes, phase1;
	unsigned cipher, auth, pfs, flows, keepalive, idle;
	bool recovery, no_map;
};

static struct vpn *v;
static struct day {
	unsigned seed;
	bool hub, steady;
	struct plan plan;
	struct traffic t;
	uint64_t second;
	struct {
		struct udp_addr from, to;
		size_t len;
		uint8_t *data;
	} record[RECORDS];
	char log[16][80];
	unsigned nlog;
	uint64_t longest;
} day;

static unsigned
below(unsigned n)
{
	return (unsigned)(vpn_random(v) % n);
}

PRINTF_LIKE(1, 2) static void
note(const char *fmt, ...)
{
	va_list ap;
	char *s = day.log[day.nlog++ % NELEM(day.log)];
	int n = snprintf(s, sizeof(day.log[0]), "%llu ",
	    (unsigned long long)v->now);

	va_start(ap, fmt);
	vsnprintf(s + n, sizeof(day.log[0]) - (size_t)n, fmt, ap);
	va_end(ap);
	if (v->verbose)
		fprintf(stderr, "---- %s\n", s);
}

PRINTF_LIKE(1, 2) static void
wrong(const char *fmt, ...)
{
	char what[200];
	unsigned i;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	for (i = day.nlog < NELEM(day.log) ? 0 : day.nlog - NELEM(day.log);
	    i < day.nlog; i++)
		print_message("%s\n", day.log[i % NELEM(day.log)]);
	fail_msg("seed %u, at %llu: %s", day.seed, (unsigned long long)v->now,
	    what);
}

/* ---- configurations ---- */

static uint32_t
net_of(unsigned router, unsigned flow)
{
	return VPN_NET(router) | flow << 8;
}

static void
set_terms(struct conf *c, const struct plan *p, struct crypto_map *m)
{
	m->terms.lifetime = p->seconds;
	m->terms.kilobytes = p->kilobytes;
	m->terms.pfs = (uint8_t)p->pfs;
	m->terms.idle = p->idle;
	(void)vpn_set(c, &m->sets, "T", p->cipher, 128, p->auth);
}

static void
to_peer(struct vrouter *r, const struct plan *p, unsigned peer)
{
	struct crypto_map *m = vpn_map(r->conf, 10, VPN_ADDR(peer));
	unsigned i;

	set_terms(r->conf, p, m);
	for (i = 0; i < p->flows; i++)
		(void)vpn_permit(r->conf, 10, net_of(r->number, i), 0xff,
		    net_of(peer, i), 0xff);
}

static void
to_all(struct vrouter *r, const struct plan *p)
{
	struct crypto_map *m = vpn_map(r->conf, 20, 0);
	struct crypto_map *d = tc_add(&r->conf->dynamic_maps, sizeof(*d));

	m->acl[0] = '\0';
	str_copy(m->dynamic, "DYN", sizeof(m->dynamic));
	str_copy(d->name, "DYN", sizeof(d->name));
	d->seq = 5;
	d->reverse_route = true;
	set_terms(r->conf, p, d);
}

static void
configure(struct vrouter *r, const struct plan *p)
{
	struct conf *c = vpn_conf_new(r);

	((struct isakmp_policy *)(void *)c->isakmp_policies.first)->lifetime =
	    p->phase1;
	c->keepalive_secs = p->keepalive != 0 ? 10 : 0;
	c->keepalive_retry = 2;
	c->keepalive_periodic = p->keepalive == 2;
	c->invalid_spi_recovery = p->recovery;
	if (p->no_map)
		;
	else if (day.hub && r->number == 0)
		to_all(r, p);
	else
		to_peer(r, p, day.hub ? 0 : 1 - r->number);
	vpn_apply(r);
}

static struct plan
make_plan(void)
{
	static const uint32_t seconds[] = { 120, 300, 600, 3600 };
	static const uint32_t phase1[] = { 90, 300, 3600, 86400 };
	struct plan p = { seconds[below(4)], below(2) * 4608000,
		phase1[below(4)], ESP_AES_CBC, ESP_AUTH_SHA1, 0,
		1 + below(FLOWS), below(3), 0, below(2) != 0, false };

	if (below(2) != 0)
		p.kilobytes = 10000 + below(20000);
	if (below(3) == 0) {
		p.cipher = ESP_AES_GCM;
		p.auth = 0;
	}
	if (below(4) == 0)
		p.pfs = 19;
	if (day.hub && p.keepalive == 0) /* nothing else asks a spoke */
		p.keepalive = 1;
	return p;
}

/* ---- packets ---- */

static const char *
name_of(const struct traffic_way *w)
{
	static char name[64];

	snprintf(name, sizeof(name), "R%u to R%u, flow %u", w->from->number,
	    w->to->number, w->flow);
	return name;
}

static void
each(struct vpn *net UNUSED)
{
	unsigned i;

	if (v->now / SEC == day.second)
		return;
	day.second = v->now / SEC;
	traffic_send(&day.t);
	for (i = 0; i < day.t.nways && day.steady; i++)
		if (!day.t.ways[i].arrived)
			wrong("%s: a packet is lost", name_of(&day.t.ways[i]));
	for (i = 0; i < v->n && day.second % 5 == 0; i++)
		traffic_silence(v->r[i]);
}

static bool
all_arrive(struct vpn *net UNUSED)
{
	unsigned i;

	for (i = 0; i < day.t.nways; i++)
		if (!day.t.ways[i].arrived)
			return false;
	return true;
}

static void
add_way(struct vrouter *from, struct vrouter *to, unsigned flow)
{
	struct traffic_way *w = &day.t.ways[day.t.nways++];

	w->from = from;
	w->to = to;
	w->flow = flow;
	w->index = flow + 1;
	w->dst = net_of(to->number, flow);
	w->size = 1000 + below(100000);
	str_copy(w->group, VPN_GROUP, sizeof(w->group));
	if (day.hub && from->number == 0) {
		str_copy(w->group, HUB_GROUP, sizeof(w->group));
		w->index = 0;
	}
}

/* ---- bounds ---- */

static void
check_end(struct vrouter *r, const struct pair_end *e, enum sa_way way)
{
	if (e->told && e->expires > v->now &&
	    traffic_sa(r, e->spi, way) == NULL)
		wrong("R%u: fwd lacks %08X", r->number, e->spi);
}

static void
check_pairs(struct vrouter *r)
{
	const struct ipsec_flow *f;
	const struct entry *e;
	const struct pair *p;
	unsigned n;

	TAILQ_FOREACH(e, &r->s->entries, link)
		TAILQ_FOREACH(f, &e->flows, link) {
			n = 0;
			TAILQ_FOREACH(p, &f->pairs, link) {
				n++;
				check_end(r, &p->in, SA_WAY_IN);
				check_end(r, &p->out, SA_WAY_OUT);
			}
			if (n > FLOW_PAIRS_MAX)
				wrong("R%u: %u pairs", r->number, n);
		}
}

/* What fwd has and ike does not is of an ike before. */
static void
check_known(struct vrouter *r)
{
	const struct sa_tek *t;
	const struct pair *p;
	unsigned i;

	for (i = 0; i < r->nsas; i++) {
		t = &r->sas[i].t;
		p = t->way == SA_WAY_IN ? pair_find_in(r->s, t->spi) :
		    pair_find_in(r->s, t->other_spi);
		if (!r->sas[i].orphan && r->sas[i].end > v->now && (p == NULL ||
		    !(t->way == SA_WAY_IN ? p->in.told : p->out.told)))
			wrong("R%u: nobody knows %08X", r->number, t->spi);
	}
}

static void
check(void)
{
	const struct quick *q;
	unsigned i, n;

	for (i = 0; i < v->n; i++) {
		const struct ike *ike = ipsec_ike(v->r[i]->s);

		(void)vpn_count(v->r[i], SA_WAY_IN); /* those that end, do */
		check_pairs(v->r[i]);
		check_known(v->r[i]);
		n = 0;
		LIST_FOREACH(q, &v->r[i]->s->quicks, link)
			n++;
		if (n > 200 || ike->nsas > 60 || ike->timers.n > 400 ||
		    v->r[i]->s->nflows > 3 * FLOWS ||
		    v->r[i]->routes > 3 * FLOWS)
			wrong("R%u: %u exchanges, %u SAs of phase 1, %u timers"
			    ", %u flows, %u routes", i, n, ike->nsas,
			    (unsigned)ike->timers.n, v->r[i]->s->nflows,
			    v->r[i]->routes);
	}
}

/* After a long calm there is little of the past; pairs are bounded above. */
static void
check_past(void)
{
	unsigned i, ends;

	for (i = 0; i < v->n; i++) {
		ends = i == 0 ? v->n - 1 : 1;
		if (ipsec_ike(v->r[i]->s)->nsas > 4 * ends)
			wrong("R%u: %u SAs of phase 1", i,
			    ipsec_ike(v->r[i]->s)->nsas);
	}
}

/* ---- blows ---- */

static bool
record(struct vpn *net UNUSED, struct udp_addr from, struct udp_addr to,
    uint8_t *data, size_t len)
{
	unsigned i = below(RECORDS);

	if (below(4) != 0)
		return true;
	free(day.record[i].data);
	day.record[i].data = xcalloc(1, len);
	memcpy(day.record[i].data, data, len);
	day.record[i].len = len;
	day.record[i].from = from;
	day.record[i].to = to;
	return true;
}

static void
say_again(unsigned n)
{
	unsigned i, k;

	while (n-- > 0) {
		i = below(RECORDS);
		for (k = 0; k < v->n && day.record[i].data != NULL; k++)
			if (v->r[k]->nat == 0 && !v->r[k]->deaf &&
			    v->r[k]->addr == day.record[i].to.addr)
				ipsec_input(v->r[k]->s, day.record[i].to,
				    day.record[i].from, day.record[i].data,
				    day.record[i].len);
	}
}

static void
clear(struct vrouter *r, bool phase1)
{
	struct ike *ike = ipsec_ike(r->s);

	(void)ike->doi->clear(ike, &(struct ike_which){ 0, below(2) != 0 ?
	    v->r[below(v->n)]->addr : 0, "", phase1 });
	ike_reap(ike);
}

static void
change(struct vrouter *r)
{
	struct plan p = day.plan, other = make_plan();

	switch (below(8)) {
	case 0:
		p.seconds = other.seconds;
		break;
	case 1:
		p.cipher = other.cipher;
		p.auth = other.auth;
		break;
	case 2:
		p.pfs = other.pfs;
		break;
	case 3:
		p.flows = other.flows;
		break;
	case 4:
		p.no_map = true;
		break;
	case 5:
		p.idle = 60;
		break;
	case 6:
		p.kilobytes = other.kilobytes;
		break;
	default:
		p.keepalive = other.keepalive;
		p.phase1 = other.phase1;
	}
	configure(r, &p);
}

static void
say_to_fwd(struct vrouter *r)
{
	static const enum sa_event_type types[] = { SA_EVENT_KILOBYTES,
		SA_EVENT_IDLE, SA_EVENT_SILENT, SA_EVENT_EXHAUSTED };
	struct sa_tek t;

	if (r->nsas == 0)
		return;
	t = r->sas[below(r->nsas)].t;
	vpn_event(r, types[below(NELEM(types))], t.group, t.spi);
}

static void
clear_one(struct vrouter *r)
{
	struct ike *ike = ipsec_ike(r->s);
	struct sa_tek t;

	if (r->nsas == 0)
		return;
	t = r->sas[below(r->nsas)].t;
	(void)ike->doi->clear_spi(ike, t.way == SA_WAY_IN ? t.local :
	    t.remote, t.spi);
	ike_reap(ike);
}

static void
restarted(struct vrouter *r)
{
	if (day.t.down[r->number])
		vpn_port(r, false);
}

static void
blow(void)
{
	struct vrouter *r = v->r[below(v->n)];
	unsigned what = below(18);

	note("blow %u at R%u", what, r->number);
	switch (what) {
	case 0:
	case 1:
		r->deaf = !r->deaf;
		break;
	case 2:
	case 3:
		vpn_restart(r, true);
		restarted(r);
		break;
	case 4:
		vpn_restart(r, false);
		restarted(r);
		break;
	case 5:
		vpn_kill_ike(r);
		restarted(r);
		break;
	case 6:
		vpn_kill_fwd(r);
		break;
	case 7:
	case 8:
		clear(r, what == 7);
		break;
	case 9:
		ike_clear(ipsec_ike(r->s));
		ike_reap(ipsec_ike(r->s));
		break;
	case 10:
		day.t.down[r->number] = !day.t.down[r->number];
		vpn_port(r, !day.t.down[r->number]);
		break;
	case 11:
		v->loss = below(50);
		v->dup = below(30);
		v->reorder = below(50);
		break;
	case 12:
	case 13:
		change(r);
		break;
	case 14:
		r->lag = below(300);
		break;
	case 15:
		say_to_fwd(r);
		break;
	case 16:
		clear_one(r);
		break;
	default:
		if (day.hub)
			v->r[3]->nat_shift = (uint16_t)(NAT_PORTS +
			    below(1000));
		say_again(20);
	}
}

static void
calm(void)
{
	unsigned i;

	note("calm");
	v->loss = v->dup = v->reorder = 0;
	for (i = 0; i < v->n; i++) {
		v->r[i]->deaf = false;
		v->r[i]->lag = 0;
		if (day.t.down[i]) {
			day.t.down[i] = false;
			vpn_port(v->r[i], true);
		}
		configure(v->r[i], &day.plan);
	}
}

/* ---- a day ---- */

static void
begin(unsigned seed)
{
	unsigned i, k;

	memset(&day, 0, sizeof(day));
	v = vpn_new(70000 + seed);
	day.t.wrong = wrong;
	traffic_begin(&day.t, v);
	v->tap = record;
	day.seed = seed;
	day.hub = seed % 2 != 0;
	day.plan = make_plan();
	for (i = 0; i < (day.hub ? 4u : 2u); i++)
		(void)vpn_add(v);
	if (day.hub) {
		v->r[3]->nat = VPN_ADDR(77);
		v->r[3]->nat_shift = NAT_PORTS;
	}
	for (i = 0; i < v->n; i++) {
		configure(v->r[i], &day.plan);
		for (k = 0; i > 0 && k < day.plan.flows; k++) {
			add_way(v->r[i], v->r[0], k);
			add_way(v->r[0], v->r[i], k);
		}
	}
	v->each = each;
}

static void
storm(void)
{
	unsigned n = 1 + below(4);

	day.steady = false;
	while (n-- > 0) {
		blow();
		check();
		vpn_run(v, below(100 * SEC));
		check();
	}
	calm();
}

static void
quiet(void)
{
	uint64_t began = v->now;
	unsigned i;

	if (!vpn_until(v, CALM_MS, all_arrive))
		for (i = 0; i < day.t.nways; i++)
			if (!day.t.ways[i].arrived)
				wrong("%s: nothing comes",
				    name_of(&day.t.ways[i]));
	if (v->now - began > day.longest)
		day.longest = v->now - began;
	/* what was underway ends */
	vpn_run(v, 150 * SEC);
	day.steady = true;
	note("steady");
	if (below(2) != 0) {
		v->loss = below(day.plan.keepalive != 0 ? 4 : 15);
		v->dup = below(20);
		v->reorder = below(30);
	}
	vpn_run(v, (1 + below(3)) * (uint64_t)day.plan.seconds * SEC / 2);
	v->loss = v->dup = v->reorder = 0;
	vpn_run(v, 100 * SEC);
	check();
	check_past();
}

static void
one_day(unsigned seed, unsigned hours)
{
	unsigned i;

	begin(seed);
	vpn_run(v, SEC);
	while (v->now < hours * (uint64_t)HOUR) {
		quiet();
		storm();
	}
	quiet();
	v->tap = NULL;
	for (i = 0; i < RECORDS; i++)
		free(day.record[i].data);
	if (v->verbose || getenv("VPN_RUNS") != NULL)
		print_message("seed %u: longest %llu\n", seed,
		    (unsigned long long)day.longest);
	vpn_free(v);
}

static unsigned
number_in(const char *name, unsigned otherwise)
{
	const char *s = getenv(name);

	return s == NULL ? otherwise : (unsigned)strtoul(s, NULL, 10);
}

static void
test_days(void **state UNUSED)
{
	unsigned i, first = number_in("VPN_SEED", 0);

	for (i = first; i < first + number_in("VPN_RUNS", RUNS); i++)
		one_day(i, number_in("VPN_HOURS", HOURS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
