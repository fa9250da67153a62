/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Peers of IPsec that die, move, lie, or have lost phase 1: keepalives without
 * it, addresses that change, routes to what is behind a peer, SPIs that are
 * taken, aggressive mode, transport mode through a NAT.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"
#include "vpn.h"

#define SEC 1000ull
#define HOUR (3600 * SEC)

static struct vpn *v;
static struct vrouter *a, *b, *c;

static struct transform_set *
set_of(struct vrouter *r)
{
	return (void *)r->conf->transform_sets.first;
}

static void
begin(uint64_t seed)
{
	v = vpn_pair(seed, &a, &b);
	vpn_site(a, b);
}

static void
end(void)
{
	vpn_free(v);
}

static void
up(void)
{
	vpn_apply(a);
	vpn_apply(b);
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
}

static void
drop_phase1(struct vrouter *r)
{
	ike_clear(ipsec_ike(r->s));
	ike_reap(ipsec_ike(r->s));
}

static void
silent(struct vrouter *r)
{
	vpn_event(r, SA_EVENT_SILENT, VPN_GROUP,
	    vpn_out(r, VPN_GROUP, 1)->t.spi);
}

/* ---- keepalives without phase 1 ---- */

static void
has_phase1(struct vpn *net UNUSED)
{
	assert_true(ike_find_sa(a->s->ike, a->addr,
	    (struct udp_addr){ b->addr, 0 }) != NULL);
}

/* With `periodic` there is always a phase 1 to ask under. */
static void
test_periodic(void **state UNUSED)
{
	struct isakmp_policy *p;

	begin(1);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_retry = 2;
	a->conf->keepalive_periodic = true;
	p = (void *)a->conf->isakmp_policies.first;
	p->lifetime = 600;
	up();
	drop_phase1(a);
	vpn_run(v, 5 * SEC);
	assert_int_equal(a->s->ike->nsas, 1);
	assert_true(vpn_both_ways(v));
	v->each = has_phase1; /* each is followed before it ends */
	vpn_run(v, 3000 * SEC);
	v->each = NULL;
	assert_in_range(a->s->ike->nsas, 1, 2);
	assert_in_range(*a->s->ike->conn_ids, 1001 + 5, 1001 + 12);
	drop_phase1(a);
	b->deaf = true;
	vpn_run(v, 60 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 1);
	assert_int_equal(a->nsas, 0);
	end();
}

static bool
no_main_mode(struct vpn *net UNUSED, struct udp_addr from UNUSED,
    struct udp_addr to UNUSED, uint8_t *data, size_t len)
{
	return len < 28 || data[18] != ISAKMP_X_MAIN;
}

/* No new phase 1 can be made: the peer is not dead as long as it answers under
 * the one that is there. */
static void
test_no_next(void **state UNUSED)
{
	struct isakmp_policy *p;

	begin(95);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_retry = 2;
	a->conf->keepalive_periodic = true;
	p = (void *)a->conf->isakmp_policies.first;
	p->lifetime = 600;
	up();
	v->tap = no_main_mode;
	vpn_run(v, 590 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 0);
	assert_true(vpn_both_ways(v));
	vpn_run(v, 120 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 1);
	v->tap = NULL;
	end();
}

/* Configured while SAs are there, with phase 1 or without. */
static void
test_configured_late(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		begin(90 + i);
		up();
		if (i == 1)
			drop_phase1(a);
		vpn_run(v, 60 * SEC);
		a->conf->keepalive_secs = 10;
		a->conf->keepalive_retry = 2;
		a->conf->keepalive_periodic = true;
		vpn_apply(a);
		vpn_run(v, 5 * SEC);
		assert_true(vpn_both_ways(v));
		b->deaf = true;
		vpn_run(v, 60 * SEC);
		assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 1);
		assert_int_equal(a->nsas, 0);
		end();
	}
}

static void
test_on_demand(void **state UNUSED)
{
	begin(2);
	a->conf->keepalive_secs = 10;
	up();
	drop_phase1(a);
	vpn_run(v, 60 * SEC); /* nobody wants to know */
	assert_int_equal(a->s->ike->nsas, 0);
	silent(a);
	silent(a);
	vpn_run(v, 5 * SEC);
	assert_int_equal(a->s->ike->nsas, 1);
	assert_true(vpn_both_ways(v));
	drop_phase1(a);
	b->deaf = true;
	silent(a);
	vpn_run(v, 60 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 1);
	assert_int_equal(a->nsas, 0);
	end();
	/* and without keepalives nothing is asked */
	begin(3);
	up();
	drop_phase1(a);
	silent(a);
	vpn_run(v, 5 * SEC);
	assert_int_equal(a->s->ike->nsas, 0);
	end();
}

/* A peer that answers, be it no, is not dead; it is asked again. */
static void
test_refuses(void **state UNUSED)
{
	struct isakmp_policy *p;

	begin(4);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_periodic = true;
	up();
	p = (void *)b->conf->isakmp_policies.first;
	p->group = 14; /* they have none in common any more */
	drop_phase1(a);
	vpn_run(v, 200 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 0);
	assert_true(vpn_both_ways(v));
	p->group = 19;
	vpn_run(v, 70 * SEC);
	assert_int_equal(a->s->ike->nsas, 1);
	end();
}

/* The NAT forgets who has nothing to say: phase 1 carries keepalives. */
static void
test_nat_keepalive(void **state UNUSED)
{
	begin(5);
	a->nat = VPN_ADDR(77);
	((struct map_peer *)vpn_map_of(b)->peers.first)->addr = a->nat;
	a->conf->nat_keepalive = 20;
	up();
	drop_phase1(a);
	vpn_run(v, 5 * SEC);
	assert_int_equal(a->s->ike->nsas, 1);
	end();
}

/* A peer that began anew without INITIAL-CONTACT has two phase-1 SAs with us,
 * and does not answer under the first: it is not dead for that. */
static void
test_lost_one(void **state UNUSED)
{
	struct ike_sa *old;

	begin(6);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_retry = 2;
	a->conf->keepalive_periodic = true;
	up();
	/* as if it had lost phase 1 only: then it says no such thing */
	b->deaf = true;
	drop_phase1(b);
	b->deaf = false;
	vpn_event(b, SA_EVENT_KILOBYTES, VPN_GROUP,
	    vpn_out(b, VPN_GROUP, 1)->t.spi);
	vpn_run(v, 2 * SEC);
	assert_int_equal(a->s->ike->nsas, 2);
	old = TAILQ_FIRST(&a->s->ike->sas);
	assert_false(old->dead);
	vpn_run(v, 60 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 0);
	assert_int_equal(a->s->ike->nsas, 1);
	assert_true(vpn_both_ways(v));
	end();
}

/* ---- bad networks ---- */

static uint32_t mids[8]; /* of quick modes that b began */
static unsigned nmids;

/* What a begins is lost, and for 5 s the last word of what b begins. */
static bool
spoil(struct vpn *net, struct udp_addr from, struct udp_addr to UNUSED,
    uint8_t *data, size_t len)
{
	uint32_t mid;
	unsigned i;

	if (len < 28 || data[18] != ISAKMP_X_QUICK)
		return true;
	memcpy(&mid, data + 20, sizeof(mid));
	for (i = 0; i < nmids && mids[i] != mid; i++)
		;
	if (from.addr == a->addr)
		return i < nmids;
	if (i < nmids)
		return net->now > 1000000 + 15 * SEC;
	assert_true(nmids < NELEM(mids));
	mids[nmids++] = mid;
	return true;
}

static void
reads_b(struct vpn *net UNUSED)
{
	assert_true(vpn_reads(b, VPN_GROUP, 1, a));
}

/* Both begin, and only the peer is heard: phase 1 is good, and what the peer
 * sends with is read. */
static void
test_half_deaf(void **state UNUSED)
{
	begin(8);
	up();
	vpn_run(v, 1000000 + 10 * SEC - v->now);
	nmids = 0;
	v->tap = spoil;
	v->each = reads_b;
	vpn_event(b, SA_EVENT_KILOBYTES, VPN_GROUP,
	    vpn_out(b, VPN_GROUP, 1)->t.spi);
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, 20 * SEC);
	v->tap = NULL;
	vpn_run(v, 60 * SEC);
	assert_true(vpn_both_ways(v));
	end();
}

/* ---- addresses ---- */

/* This router has another address: what was from the old one goes, and does
 * not take along what is there since. */
static void
test_other_address(void **state UNUSED)
{
	uint32_t old;

	begin(10);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_retry = 2;
	a->conf->keepalive_periodic = true;
	(void)vpn_peer(vpn_map_of(b), VPN_ADDR(50));
	up();
	old = a->addr;
	a->addr = VPN_ADDR(50);
	vpn_port(a, true);
	assert_int_equal(a->nsas, 0);
	assert_int_equal(a->s->ike->nsas, 0);
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	assert_int_not_equal(vpn_out(a, VPN_GROUP, 1)->t.local, old);
	vpn_run(v, 120 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 0);
	assert_true(vpn_both_ways(v));
	end();
}

/* ---- routes ---- */

/* b and c both serve what is behind b. */
static void
two_peers(uint64_t seed)
{
	struct crypto_map *m;

	begin(seed);
	c = vpn_add(v);
	(void)vpn_peer(vpn_map_of(a), c->addr);
	vpn_map_of(a)->reverse_route = true;
	m = vpn_map(c->conf, 10, a->addr);
	(void)vpn_set(c->conf, &m->sets, "T", ESP_AES_CBC, 128,
	    ESP_AUTH_SHA1);
	(void)vpn_permit(c->conf, 10, VPN_NET(1), 0xffff, VPN_NET(0), 0xffff);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_retry = 2;
	a->conf->keepalive_periodic = true;
	vpn_apply(c);
}

static bool
with_c(struct vpn *net UNUSED)
{
	return vpn_reads(a, VPN_GROUP, 1, c) && vpn_reads(c, VPN_GROUP, 1, a);
}

/* The route leads to the peer that is there. */
static void
test_route_peer(void **state UNUSED)
{
	two_peers(20);
	up();
	assert_int_equal(a->routes, 1);
	assert_int_equal(a->route_peer[0], b->addr);
	/* the other one begins while the first has SAs, too */
	(void)vpn_packet(c, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, with_c));
	assert_int_equal(a->route_peer[0], c->addr);
	c->deaf = true;
	vpn_run(v, 60 * SEC);
	assert_int_equal(a->routes, 1);
	assert_int_equal(a->route_peer[0], b->addr);
	end();
}

/* Two entries for the same networks, by protocol: the route is there as long
 * as one of them has SAs. */
static void
test_route_shared(void **state UNUSED)
{
	struct ike *ike;

	begin(21);
	vpn_map_of(a)->reverse_route = true;
	vpn_permit(a->conf, 10, VPN_NET(3), 0xffff, VPN_NET(1), 0xffff)->proto =
	    17;
	vpn_permit(b->conf, 10, VPN_NET(1), 0xffff, VPN_NET(3), 0xffff)->proto =
	    17;
	up();
	(void)vpn_packet(a, VPN_GROUP, 2);
	vpn_run(v, 2 * SEC);
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 2);
	ike = ipsec_ike(a->s);
	assert_true(ike->doi->clear_spi(ike, b->addr,
	    vpn_out(a, VPN_GROUP, 2)->t.spi));
	ike_reap(ike);
	assert_int_equal(a->routes, 1);
	assert_true(ike->doi->clear_spi(ike, b->addr,
	    vpn_out(a, VPN_GROUP, 1)->t.spi));
	ike_reap(ike);
	assert_int_equal(a->routes, 0);
	end();
}

/* ---- clear ---- */

/* What is cleared is what is with that peer, whoever is asked first. */
static void
test_clear_peer(void **state UNUSED)
{
	struct ike_which w = { .map = "" };
	struct ike *ike;

	two_peers(30);
	up();
	(void)vpn_packet(c, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, with_c));
	ike = ipsec_ike(a->s);
	w.peer = b->addr;
	w.local = VPN_ADDR(9); /* of no interface here */
	assert_int_equal(ike->doi->clear(ike, &w), 0);
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 2);
	w.local = a->addr;
	assert_int_equal(ike->doi->clear(ike, &w), 1);
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	assert_true(with_c(v));
	w.peer = VPN_ADDR(9);
	assert_int_equal(ike->doi->clear(ike, &w), 0);
	w.peer = 0; /* whoever it is with */
	assert_int_equal(ike->doi->clear(ike, &w), 1);
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 0);
	end();
}

/* ---- SPIs ---- */

static struct pair *
first_pair(struct vrouter *r)
{
	struct entry *e = entry_find(r->s, "map MAP 20");
	struct ipsec_flow *f = TAILQ_FIRST(&e->flows);

	return TAILQ_FIRST(&f->pairs);
}

static struct ipsec_flow *
first_flow(struct vrouter *r)
{
	return TAILQ_FIRST(&entry_find(r->s, VPN_GROUP)->flows);
}

/* b serves whoever comes. */
static void
hub(uint64_t seed)
{
	struct crypto_map *m, *d;

	v = vpn_pair(seed, &a, &b);
	c = vpn_add(v);
	m = vpn_map(b->conf, 20, 0);
	d = tc_add(&b->conf->dynamic_maps, sizeof(*d));
	m->acl[0] = '\0';
	str_copy(m->dynamic, "DYN", sizeof(m->dynamic));
	str_copy(d->name, "DYN", sizeof(d->name));
	d->seq = 5;
	(void)vpn_set(b->conf, &d->sets, "T", ESP_AES_CBC, 128, ESP_AUTH_SHA1);
	vpn_apply(b);
}

static void
spoke(struct vrouter *r)
{
	struct crypto_map *m = vpn_map(r->conf, 10, b->addr);

	(void)vpn_set(r->conf, &m->sets, "T", ESP_AES_CBC, 128,
	    ESP_AUTH_SHA1);
	(void)vpn_permit(r->conf, 10, VPN_NET(r->number), 0xffff, VPN_NET(1),
	    0xffff);
	vpn_apply(r);
}

/* A peer that gives the number of another peer's SA gets none: its own would
 * take the place of the other one. */
static void
test_taken_spi(void **state UNUSED)
{
	struct ipsec_flow *f;
	uint32_t spi;

	hub(40);
	spoke(a);
	spoke(c);
	(void)vpn_packet(a, VPN_GROUP, 1);
	vpn_run(v, 2 * SEC);
	spi = first_pair(b)->out.spi;
	f = first_flow(c);
	(void)vpn_packet(c, VPN_GROUP, 1);
	((struct quick *)f->quick->data)->pair->in.spi = spi;
	vpn_run(v, 2 * SEC);
	assert_non_null(strstr(b->last[LOG_IKMP_MODE_FAILURE],
	    "its SPI is that of another SA"));
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_true(vpn_reads(b, "map MAP 20", b->sa_of[0], a));
	assert_int_equal(vpn_count(b, SA_WAY_OUT), 1);
	vpn_run(v, 60 * SEC);
	(void)vpn_packet(c, VPN_GROUP, 1); /* with one of its own */
	vpn_run(v, 2 * SEC);
	assert_true(vpn_reads(c, VPN_GROUP, 1, b));
	end();
}

/* ---- INITIAL-CONTACT ---- */

/* A router behind a NAT that starts anew, with another port and other
 * networks: what it had goes. */
static void
test_contact(void **state UNUSED)
{
	hub(50);
	a->nat = VPN_ADDR(77);
	a->nat_shift = 20000;
	spoke(a);
	(void)vpn_packet(a, VPN_GROUP, 1);
	vpn_run(v, 2 * SEC);
	assert_int_equal(b->naces, 1);
	a->nat_shift = 21000;
	vpn_restart(a, true);
	(void)vpn_conf_new(a);
	a->number = 4;
	spoke(a);
	(void)vpn_packet(a, VPN_GROUP, 1);
	vpn_run(v, 2 * SEC);
	assert_int_equal(b->naces, 1);
	assert_int_equal(b->aces[0].dst, VPN_NET(4));
	end();
}

/* ---- NATs ---- */

/* A NAT gives its router another port, as packets show: what is asked of it
 * goes there, and it is not dead. */
static void
test_moved(void **state UNUSED)
{
	struct sa_event e = { .type = SA_EVENT_MOVED };

	hub(55);
	b->conf->keepalive_secs = 10;
	b->conf->keepalive_retry = 2;
	b->conf->keepalive_periodic = true;
	vpn_apply(b);
	a->nat = VPN_ADDR(77);
	a->nat_shift = 20000;
	spoke(a);
	(void)vpn_packet(a, VPN_GROUP, 1);
	vpn_run(v, 2 * SEC);
	a->nat_shift = 21000;
	str_copy(e.group, "map MAP 20", sizeof(e.group));
	e.spi = first_pair(b)->out.spi;
	e.src = b->addr;
	e.dst = a->nat;
	e.port = IPSEC_NAT_PORT + 21000;
	ipsec_sa_event(b->s, &e);
	assert_true(vpn_reads(b, "map MAP 20", b->sa_of[0], a));
	vpn_run(v, 200 * SEC);
	assert_int_equal(b->logs[LOG_IKMP_PEER_DEAD], 0);
	assert_true(vpn_reads(b, "map MAP 20", b->sa_of[0], a));
	assert_int_equal(b->naces, 1);
	end();
}

/* ---- nothing to tell an operator ---- */

/* Phase 1 ends on both sides at once; then the network doubles. */
static void
test_quiet(void **state UNUSED)
{
	struct isakmp_policy *p;
	unsigned i;

	begin(58);
	for (i = 0; i < 2; i++) {
		p = (void *)v->r[i]->conf->isakmp_policies.first;
		p->lifetime = 120;
		v->r[i]->conf->keepalive_secs = 10;
		v->r[i]->conf->keepalive_retry = 2;
		v->r[i]->conf->keepalive_periodic = true;
		vpn_apply(v->r[i]);
	}
	up();
	vpn_run(v, HOUR);
	for (i = 0; i < 2; i++)
		assert_int_equal(v->r[i]->logs[LOG_IKMP_NO_SA], 0);
	v->dup = 50;
	vpn_run(v, HOUR);
	for (i = 0; i < 2; i++)
		assert_int_equal(v->r[i]->logs[LOG_IKMP_BAD_MESSAGE], 0);
	end();
}

/* ---- aggressive mode ---- */

/* On without a line, as IOS; off with one. */
static void
test_aggressive(void **state UNUSED)
{
	struct isakmp_profile *p;
	struct crypto_map_profile *m;
	unsigned i;

	for (i = 0; i < 3; i++) {
		begin(60 + i);
		m = tc_add(&a->conf->map_profiles, sizeof(*m));
		str_copy(m->name, "MAP", sizeof(m->name));
		str_copy(m->profile, "OUT", sizeof(m->profile));
		p = tc_add(&a->conf->isakmp_profiles, sizeof(*p));
		str_copy(p->name, "OUT", sizeof(p->name));
		p->aggressive = true;
		(i == 1 ? a : b)->conf->isakmp_aggressive =
		    i == 0 ? AGGRESSIVE_IPSEC : AGGRESSIVE_NONE;
		vpn_apply(a);
		vpn_apply(b);
		(void)vpn_packet(a, VPN_GROUP, 1);
		assert_int_equal(vpn_until(v, 5 * SEC, vpn_both_ways), i == 0);
		assert_int_equal((i == 1 ? a : b)->logs[LOG_IKMP_AG_DISABLED],
		    i != 0);
		end();
	}
}

/* ---- transport mode ---- */

/* What the two say to each other, each by the address that it knows. */
static void
transport_lists(void)
{
	set_of(a)->mode = set_of(b)->mode = MODE_TRANSPORT;
	vpn_permit(a->conf, 10, a->addr, 0, b->nat != 0 ? b->nat : b->addr,
	    0)->proto = 47;
	vpn_permit(b->conf, 10, b->addr, 0, a->nat != 0 ? a->nat : a->addr,
	    0)->proto = 47;
	((struct map_peer *)vpn_map_of(a)->peers.first)->addr = b->nat != 0 ?
	    b->nat : b->addr;
	((struct map_peer *)vpn_map_of(b)->peers.first)->addr = a->nat != 0 ?
	    a->nat : a->addr;
	vpn_apply(a);
	vpn_apply(b);
}

static void
test_transport_nat(void **state UNUSED)
{
	unsigned i;

	for (i = 1; i < 4; i++) { /* one, the other, both */
		begin(70 + i);
		if (i & 1)
			a->nat = VPN_ADDR(77);
		if (i & 2)
			b->nat = VPN_ADDR(88);
		transport_lists();
		(void)vpn_packet(a, VPN_GROUP, 2);
		vpn_run(v, 2 * SEC);
		assert_true(vpn_reads(a, VPN_GROUP, 2, b));
		assert_true(vpn_reads(b, VPN_GROUP, 2, a));
		assert_int_equal(vpn_out(a, VPN_GROUP, 2)->t.mode,
		    SA_TRANSPORT);
		assert_int_equal(vpn_out(b, VPN_GROUP, 2)->t.mode,
		    SA_TRANSPORT);
		end();
	}
	/* in tunnel mode the proxies are the packets' own: no such thing */
	begin(75);
	a->nat = VPN_ADDR(77);
	transport_lists();
	set_of(a)->mode = set_of(b)->mode = MODE_TUNNEL;
	vpn_apply(a);
	vpn_apply(b);
	(void)vpn_packet(a, VPN_GROUP, 2);
	vpn_run(v, 2 * SEC);
	assert_int_equal(a->nsas, 0);
	assert_non_null(strstr(b->last[LOG_IKMP_MODE_FAILURE],
	    "proxy identities not supported"));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_no_next),
		cmocka_unit_test(test_configured_late),
		cmocka_unit_test(test_on_demand),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_nat_keepalive),
		cmocka_unit_test(test_lost_one),
		cmocka_unit_test(test_half_deaf),
		cmocka_unit_test(test_other_address),
		cmocka_unit_test(test_route_peer),
		cmocka_unit_test(test_route_shared),
		cmocka_unit_test(test_clear_peer),
		cmocka_unit_test(test_taken_spi),
		cmocka_unit_test(test_contact),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_aggressive),
		cmocka_unit_test(test_transport_nat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
