/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between routers in the course of time: rekeys, both sides at once,
 * Delete, dead peers, changed configurations, a packet process or a router that
 * starts anew.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"
#include "vpn.h"

#define SEC 1000ull
#define HOUR (3600 * SEC)

static struct vpn *v;
static struct vrouter *a, *b, *c;

static void
begin(uint64_t seed)
{
	v = vpn_pair(seed, &a, &b);
}

static void
end(void)
{
	vpn_free(v);
}

/* Both ways, from a moment on without a break. */
static void
readable(struct vpn *net)
{
	assert_true(vpn_both_ways(net));
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
site(uint64_t seed)
{
	begin(seed);
	vpn_site(a, b);
}

/* ---- rekeys ---- */

static void
test_days(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 6; i++) {
		site(10 + i);
		vpn_map_of(a)->terms.lifetime = i % 2 ? 600 : 3600;
		vpn_map_of(b)->terms.lifetime = i % 3 ? 3600 : 900;
		vpn_map_of(a)->terms.pfs = i == 4 ? 19 : 0;
		vpn_map_of(b)->terms.pfs = vpn_map_of(a)->terms.pfs;
		up();
		v->loss = i * 5;
		v->dup = 5;
		v->reorder = 10;
		v->each = readable;
		vpn_run(v, 50 * HOUR); /* over the end of phase 1, too */
		assert_in_range(vpn_count(a, SA_WAY_IN), 1, 3);
		assert_in_range(vpn_count(b, SA_WAY_OUT), 1, 3);
		assert_true(a->adds > 60);
		end();
	}
}

/* A life as short as it gets. */
static void
test_short_lives(void **state UNUSED)
{
	site(20);
	vpn_map_of(a)->terms.lifetime = 120;
	up();
	v->each = readable;
	vpn_run(v, HOUR);
	end();
}

static unsigned
npairs(struct vrouter *r)
{
	struct entry *e = entry_find(r->s, VPN_GROUP);
	struct ipsec_flow *f = TAILQ_FIRST(&e->flows);
	struct pair *p;
	unsigned n = 0;

	TAILQ_FOREACH(p, &f->pairs, link)
		n++;
	return n;
}

/* Both begin in the same moment, again and again: both SAs stay, and it is
 * one SA that is followed by the next. */
static void
test_at_once(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 20; i++) {
		site(30 + i);
		vpn_map_of(a)->terms.lifetime = 600;
		vpn_apply(a);
		vpn_apply(b);
		(void)vpn_packet(a, VPN_GROUP, 1);
		(void)vpn_packet(b, VPN_GROUP, 1);
		assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
		vpn_run(v, SEC);
		v->each = readable;
		assert_int_equal(npairs(a), 2);
		assert_int_equal(npairs(b), 2);
		vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
		    vpn_out(a, VPN_GROUP, 1)->t.spi);
		vpn_event(b, SA_EVENT_KILOBYTES, VPN_GROUP,
		    vpn_out(b, VPN_GROUP, 1)->t.spi);
		vpn_run(v, 5 * SEC);
		assert_int_equal(npairs(a), 4);
		vpn_run(v, 3 * HOUR);
		assert_in_range(npairs(a), 1, 3);
		end();
	}
}

static void
test_kilobytes(void **state UNUSED)
{
	uint32_t spi;
	unsigned i;

	site(60);
	up();
	v->each = readable;
	for (i = 0; i < 30; i++) {
		spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
		vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
		vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
		vpn_run(v, SEC);
		assert_int_not_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
		assert_in_range(npairs(a), 1, FLOW_PAIRS_MAX);
	}
	end();
}

/* The peer is away at the end: the SA is used until then, looked for all the
 * time, and there again soon after it has come back. */
static void
test_away(void **state UNUSED)
{
	site(61);
	vpn_map_of(a)->terms.lifetime = 600;
	up();
	vpn_run(v, 500 * SEC);
	b->deaf = true;
	vpn_run(v, 90 * SEC);
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	b->deaf = false;
	v->each = readable;
	vpn_run(v, HOUR);
	end();
}

/* ---- the end of SAs ---- */

static unsigned
clear(struct vrouter *r, uint32_t peer, const char *map, bool phase1)
{
	struct ike *ike = ipsec_ike(r->s);
	unsigned n = ike->doi->clear(ike, &(struct ike_which){ 0, peer, map,
	    phase1 });

	ike_reap(ike);
	return n;
}

static void
test_delete(void **state UNUSED)
{
	site(70);
	up();
	assert_int_equal(clear(a, VPN_ADDR(9), "", false), 0);
	assert_int_equal(clear(a, 0, "OTHER", false), 0);
	assert_int_equal(clear(a, b->addr, "MAP", false), 1);
	assert_int_equal(vpn_count(a, SA_WAY_IN) + vpn_count(a, SA_WAY_OUT),
	    0);
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(b, SA_WAY_IN) + vpn_count(b, SA_WAY_OUT),
	    0);
	(void)vpn_packet(b, VPN_GROUP, 1);
	assert_true(vpn_until(v, SEC, vpn_both_ways));
	/* phase 1 goes, its SAs stay */
	ike_clear(ipsec_ike(a->s));
	vpn_run(v, 5 * SEC);
	assert_true(vpn_both_ways(v));
	assert_int_equal(ipsec_ike(b->s)->nsas, 0);
	/* a session is both */
	(void)vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, 5 * SEC);
	assert_int_equal(clear(a, b->addr, "", true), 1);
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	assert_int_equal(ipsec_ike(b->s)->nsas, 0);
	/* one of them, named by its end */
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, SEC, vpn_both_ways));
	assert_false(ipsec_clear_spi(ipsec_ike(a->s), a->addr,
	    vpn_out(a, VPN_GROUP, 1)->t.spi));
	assert_true(ipsec_clear_spi(ipsec_ike(a->s), b->addr,
	    vpn_out(a, VPN_GROUP, 1)->t.spi));
	ike_reap(ipsec_ike(a->s));
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	end();
}

static void
test_idle(void **state UNUSED)
{
	site(71);
	vpn_map_of(a)->terms.idle = 300;
	up();
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.idle_ms, 300000);
	assert_int_equal(vpn_out(b, VPN_GROUP, 1)->t.idle_ms, 0);
	vpn_event(a, SA_EVENT_IDLE, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 0);
	assert_int_equal(vpn_count(b, SA_WAY_OUT), 0);
	end();
}

/* A router that starts anew says so by INITIAL-CONTACT in its first phase 1,
 * and one that only has lost phase 1 does not. */
static void
test_restart(void **state UNUSED)
{
	site(72);
	up();
	vpn_restart(b, true);
	vpn_run(v, 10 * SEC);
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 1); /* it cannot know */
	(void)vpn_packet(b, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 1);
	ike_clear(ipsec_ike(a->s));
	vpn_run(v, 5 * SEC);
	v->each = readable;
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, 20 * SEC);
	assert_int_equal(npairs(a), 2);
	vpn_run(v, 60 * SEC); /* the one before has been used up */
	assert_int_equal(npairs(a), 1);
	end();
}

/* The volume ends while messages get lost and the packet processes are slow to
 * have a new SA: what one sends is read all the time. */
static void
test_slow_fwd(void **state UNUSED)
{
	unsigned i, j, k;
	uint32_t spi;

	for (i = 0; i < 8; i++) {
		site(90 + i);
		up();
		v->loss = i * 3;
		v->dup = 5;
		v->reorder = 10;
		a->lag = i % 2 ? 400 : 10;
		b->lag = i % 4 < 2 ? 400 : 0;
		v->each = readable;
		for (j = 0; j < 20; j++) {
			spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
			vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
			if (j % 3 == 0)
				vpn_event(b, SA_EVENT_KILOBYTES, VPN_GROUP,
				    vpn_out(b, VPN_GROUP, 1)->t.spi);
			for (k = 0; k < 8000; k++)
				vpn_run(v, 10);
			assert_int_not_equal(vpn_out(a, VPN_GROUP, 1)->t.spi,
			    spi);
			/* those before have gone */
			assert_in_range(npairs(a), 1, 3);
			assert_in_range(npairs(b), 1, FLOW_PAIRS_MAX);
		}
		end();
	}
}

/* What a group has is not chosen; what it gets is given up. */
static void
test_spi_of_group(void **state UNUSED)
{
	uint32_t spi;
	unsigned i;

	site(98);
	a->even_used = true;
	up();
	for (i = 0; i < 20; i++) {
		spi = vpn_out(b, VPN_GROUP, 1)->t.spi;
		assert_int_equal(spi % 2, 1);
		assert_non_null(vpn_in(a, spi));
		ipsec_spi_comes(a->s, spi ^ 2);
		vpn_run(v, 5 * SEC);
		assert_int_equal(vpn_out(b, VPN_GROUP, 1)->t.spi, spi);
		ipsec_spi_comes(a->s, spi);
		vpn_run(v, 100 * SEC);
		assert_true(vpn_both_ways(v));
		assert_null(vpn_in(a, spi));
	}
	end();
}

/* ESP that nobody can read: its sender is told, and begins anew. */
static void
test_invalid_spi(void **state UNUSED)
{
	struct sa_event e = { .type = SA_EVENT_INVALID_SPI };
	uint32_t spi;

	site(73);
	up();
	spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
	e.spi = spi ^ 1;
	e.src = a->addr;
	e.dst = b->addr;
	ipsec_sa_event(b->s, &e); /* not one of ours: nothing happens */
	vpn_run(v, 5 * SEC);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
	e.spi = spi;
	ipsec_sa_event(b->s, &e);
	vpn_run(v, 5 * SEC);
	assert_int_not_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
	assert_true(vpn_both_ways(v));
	/* a packet was faster than fwd: the SA is there, or will be */
	e.spi = spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
	vpn_run(v, SEC);
	e.spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
	assert_int_not_equal(e.spi, spi);
	ipsec_sa_event(b->s, &e);
	vpn_run(v, 5 * SEC);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, e.spi);
	end();
}

/* The same without phase 1: with the command SAs are made anew. */
static void
test_spi_recovery(void **state UNUSED)
{
	struct sa_event e = { .type = SA_EVENT_INVALID_SPI };
	unsigned on;

	for (on = 0; on < 2; on++) {
		site(74 + on);
		b->conf->invalid_spi_recovery = on != 0;
		up();
		vpn_restart(b, true);
		e.spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
		e.src = VPN_ADDR(9); /* of nobody */
		e.dst = b->addr;
		ipsec_sa_event(b->s, &e);
		vpn_run(v, 5 * SEC);
		assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
		e.src = a->addr;
		ipsec_sa_event(b->s, &e);
		assert_int_equal(vpn_until(v, 5 * SEC, vpn_both_ways), on);
		end();
	}
}

/* ---- peers ---- */

static bool
with_c(struct vpn *net UNUSED)
{
	return vpn_reads(a, VPN_GROUP, 1, c) && vpn_reads(c, VPN_GROUP, 1, a);
}

/* b and c both serve what is behind b. */
static void
two_peers(uint64_t seed)
{
	struct crypto_map *m;

	site(seed);
	c = vpn_add(v);
	(void)vpn_peer(vpn_map_of(a), c->addr);
	m = vpn_map(c->conf, 10, a->addr);
	(void)vpn_set(c->conf, &m->sets, "T", ESP_AES_CBC, 128,
	    ESP_AUTH_SHA1);
	(void)vpn_permit(c->conf, 10, VPN_NET(1), 0xffff, VPN_NET(0), 0xffff);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_periodic = true;
	b->conf->keepalive_secs = c->conf->keepalive_secs = 10;
	vpn_apply(c);
}

static void
test_dead_peer(void **state UNUSED)
{
	two_peers(80);
	up();
	vpn_run(v, 60 * SEC);
	b->deaf = true;
	assert_true(vpn_until(v, 60 * SEC, with_c));
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 1);
	b->deaf = false;
	vpn_run(v, 3 * HOUR); /* and stays there */
	assert_true(with_c(v));
	end();
}

/* Without `periodic` a peer is asked when what is sent is not answered. */
static void
test_silent(void **state UNUSED)
{
	site(81);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_retry = 2;
	up();
	vpn_run(v, 60 * SEC);
	vpn_event(a, SA_EVENT_SILENT, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, 60 * SEC); /* it lives */
	assert_true(vpn_both_ways(v));
	b->deaf = true;
	vpn_run(v, 60 * SEC); /* nobody asks */
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 0);
	vpn_event(a, SA_EVENT_SILENT, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, 60 * SEC);
	assert_int_equal(a->logs[LOG_IKMP_PEER_DEAD], 1);
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 0);
	end();
}

/* Nobody answers at the first address: the next one is asked. */
static void
test_next_peer(void **state UNUSED)
{
	two_peers(81);
	b->deaf = true;
	vpn_apply(a);
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 30 * SEC, with_c));
	end();
	/* with `default` the first one is asked first, each time */
	two_peers(82);
	((struct map_peer *)vpn_map_of(a)->peers.first)->first = true;
	b->deaf = true;
	vpn_apply(a);
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 30 * SEC, with_c));
	b->deaf = false;
	vpn_apply(b);
	assert_int_equal(clear(a, 0, "", false), 1);
	vpn_run(v, 10 * SEC);
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 30 * SEC, vpn_both_ways));
	end();
}

/* ---- configurations ---- */

/* What a has, with an entry in front of the old one. */
static void
more_entries(struct vrouter *r, struct vrouter *peer, bool old)
{
	struct conf *n = vpn_conf_new(r);
	struct crypto_map *m = vpn_map(n, 10, peer->addr);

	(void)vpn_set(n, &m->sets, "T", ESP_AES_CBC, 128, ESP_AUTH_SHA1);
	vpn_permit(n, 10, VPN_NET(8), 0xffff, VPN_NET(9), 0xffff)->action =
	    ACE_DENY;
	(void)vpn_permit(n, 10, VPN_NET(r->number + 2), 0xffff,
	    VPN_NET(peer->number + 2), 0xffff);
	if (old)
		(void)vpn_permit(n, 10, VPN_NET(r->number), 0xffff,
		    VPN_NET(peer->number), 0xffff);
}

static void
test_change(void **state UNUSED)
{
	uint32_t spi;

	site(90);
	up();
	spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
	more_entries(a, b, true);
	vpn_apply(a);
	more_entries(b, a, true);
	vpn_apply(b);
	/* the same SA, now of entry 3 */
	assert_null(vpn_out(a, VPN_GROUP, 1));
	assert_int_equal(vpn_out(a, VPN_GROUP, 3)->t.spi, spi);
	assert_true(vpn_reads(b, VPN_GROUP, 3, a));
	(void)vpn_packet(a, VPN_GROUP, 2);
	vpn_run(v, 5 * SEC);
	assert_true(vpn_reads(a, VPN_GROUP, 2, b));
	/* gone, with Delete */
	more_entries(a, b, false);
	vpn_apply(a);
	vpn_run(v, SEC);
	assert_null(vpn_out(b, VPN_GROUP, 3));
	assert_true(vpn_reads(a, VPN_GROUP, 2, b));
	/* other terms: all of the entry begins anew */
	more_entries(a, b, false);
	vpn_map_of(a)->terms.lifetime = 1800;
	vpn_apply(a);
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(a, SA_WAY_IN), 0);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	end();
}

/* The last map leaves its interface: the peers are told all that ends. */
static void
test_no_map(void **state UNUSED)
{
	site(91);
	up();
	(void)vpn_conf_new(a);
	vpn_apply(a);
	vpn_run(v, SEC);
	assert_true(TAILQ_EMPTY(&a->s->ike->sas));
	assert_int_equal(vpn_count(b, SA_WAY_OUT), 0);
	assert_true(TAILQ_EMPTY(&b->s->ike->sas));
	end();
}

/* No map, no port, another port. */
static void
test_ports(void **state UNUSED)
{
	site(91);
	up();
	vpn_port(a, false); /* SAs wait for it */
	vpn_run(v, 10 * SEC);
	assert_true(vpn_both_ways(v));
	vpn_port(a, true);
	assert_true(vpn_both_ways(v));
	(void)vpn_conf_new(a);
	vpn_apply(a);
	assert_int_equal(a->flushes, 1);
	assert_int_equal(vpn_count(a, SA_WAY_IN), 0);
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	(void)vpn_packet(b, VPN_GROUP, 1); /* a has no such entry */
	vpn_run(v, SEC);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	end();
}

/* ---- a packet process that starts anew ---- */

static void
test_resync(void **state UNUSED)
{
	uint32_t spi;

	site(120);
	up();
	vpn_run(v, 600 * SEC);
	spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
	a->nsas = 0;
	ipsec_resync(a->s);
	assert_true(vpn_both_ways(v));
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
	assert_true(vpn_out(a, VPN_GROUP, 1)->t.seq_base > 1000000);
	v->each = readable;
	vpn_run(v, 5 * SEC); /* soon another one, with counters of its own */
	assert_int_not_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.seq_base, 0);
	vpn_run(v, 60 * SEC); /* and the one before is read no more */
	assert_int_equal(vpn_count(a, SA_WAY_IN), 1);
	end();
}

/* At any moment of a negotiation. */
static void
test_resync_amid(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 60; i++) {
		site(140 + i);
		vpn_apply(a);
		vpn_apply(b);
		(void)vpn_packet(a, VPN_GROUP, 1);
		vpn_run(v, i);
		b->nsas = 0;
		ipsec_resync(b->s);
		assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
		end();
	}
}

/* Counters that are IVs must not come twice: nothing is sent until there is
 * another SA. */
static void
test_resync_gcm(void **state UNUSED)
{
	struct transform_set *t;
	struct vrouter *r[2];
	unsigned i;

	site(121);
	r[0] = a;
	r[1] = b;
	for (i = 0; i < 2; i++) {
		t = (void *)r[i]->conf->transform_sets.first;
		t->esp = (struct esp_transform){ ESP_AES_GCM, ESP_AUTH_NONE,
			256 };
	}
	up();
	a->nsas = 0;
	ipsec_resync(a->s);
	assert_null(vpn_out(a, VPN_GROUP, 1));
	assert_true(vpn_reads(b, VPN_GROUP, 1, a));
	vpn_run(v, 5 * SEC);
	assert_true(vpn_both_ways(v));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_kilobytes),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_slow_fwd),
		cmocka_unit_test(test_spi_of_group),
		cmocka_unit_test(test_invalid_spi),
		cmocka_unit_test(test_spi_recovery),
		cmocka_unit_test(test_dead_peer),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_next_peer),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_no_map),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_resync),
		cmocka_unit_test(test_resync_amid),
		cmocka_unit_test(test_resync_gcm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
