/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A router that has lost its SAs, and the peer that still has them: by
 * INITIAL-CONTACT of whoever answers all of them come back at once; nobody
 * else's go, nor any that live. And a peer that does not say it.
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
#define NETS 5
#define DYNAMIC_GROUP "map MAP 20"

static struct vpn *v;
static struct vrouter *a, *b, *c; /* b is the hub */

static void
set(struct conf *c_, struct set_names *sets)
{
	(void)vpn_set(c_, sets, "T", ESP_AES_CBC, 128, ESP_AUTH_SHA1);
}

/* b has a dynamic map. */
static void
hub(uint64_t seed)
{
	struct crypto_map *m, *d;

	v = vpn_pair(seed, &a, &b);
	m = vpn_map(b->conf, 20, 0);
	d = tc_add(&b->conf->dynamic_maps, sizeof(*d));
	m->acl[0] = '\0';
	str_copy(m->dynamic, "DYN", sizeof(m->dynamic));
	str_copy(d->name, "DYN", sizeof(d->name));
	d->seq = 5;
	set(b->conf, &d->sets);
	vpn_apply(b);
}

static void
end(void)
{
	v->each = NULL;
	vpn_free(v);
}

static uint32_t
net_of(const struct vrouter *r, unsigned i)
{
	return VPN_NET(r->number) | i << 8;
}

/* It protects NETS networks of its own, each as a flow, or one. */
static void
spoke(struct vrouter *r, unsigned nets)
{
	struct crypto_map *m = vpn_map(r->conf, 10, b->addr);
	unsigned i;

	set(r->conf, &m->sets);
	for (i = 0; i < nets; i++)
		(void)vpn_permit(r->conf, 10, net_of(r, i),
		    0xff, VPN_NET(1), 0xffff);
	vpn_apply(r);
}

static void
aggressive(struct vrouter *r)
{
	struct crypto_map_profile *m = tc_add(&r->conf->map_profiles,
	    sizeof(*m));
	struct isakmp_profile *p = tc_add(&r->conf->isakmp_profiles,
	    sizeof(*p));

	str_copy(m->name, "MAP", sizeof(m->name));
	str_copy(m->profile, "OUT", sizeof(m->profile));
	str_copy(p->name, "OUT", sizeof(p->name));
	p->aggressive = true;
}

static bool
both_read(struct vrouter *r, unsigned flow)
{
	unsigned i;

	for (i = 0; i < b->naces && b->aces[i].dst != net_of(r, flow); i++)
		;
	return i < b->naces && vpn_reads(r, VPN_GROUP, flow + 1, b) &&
	    vpn_reads(b, DYNAMIC_GROUP, b->sa_of[i], r);
}

static bool
all_read(struct vpn *net UNUSED)
{
	unsigned i;

	for (i = 0; i < NETS; i++)
		if (!both_read(a, i))
			return false;
	return true;
}

static void
all_up(void)
{
	unsigned i;

	for (i = 0; i < NETS; i++)
		(void)vpn_packet(a, VPN_GROUP, i + 1);
	assert_true(vpn_until(v, 30 * SEC, all_read));
}

static void
drop_phase1(struct vrouter *r)
{
	bool deaf = r->deaf;

	r->deaf = true; /* the peer does not hear of it */
	ike_clear(ipsec_ike(r->s));
	ike_reap(ipsec_ike(r->s));
	r->deaf = deaf;
}

/* The hub has lost everything and cannot call: one flow brings phase 1 up, and
 * none of the others needs a packet of the spoke to come back. */
static void
test_hub_lost_all(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 40; i++) {
		hub(200 + i);
		spoke(a, NETS);
		if (i % 2 != 0) {
			aggressive(a);
			vpn_apply(a);
		}
		all_up();
		if (i >= 4 && i % 4 != 3) { /* an informational can be lost */
			v->loss = i % 4 == 1 ? 0 : i / 2;
			v->dup = i;
			v->reorder = 20;
		}
		vpn_restart(b, true);
		assert_int_equal(b->naces, 0);
		vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
		    vpn_out(a, VPN_GROUP, 1)->t.spi);
		if (!vpn_until(v, v->loss != 0 ? 60 * SEC : 2 * SEC, all_read))
			fail_msg("case %u: %u of %u are back", i, b->naces,
			    NETS);
		assert_int_equal(b->naces, NETS);
		v->loss = 0;
		v->each = NULL;
		vpn_run(v, 5 * SEC);
		assert_true(all_read(v));
		end();
	}
}

static void
still_read(struct vpn *net)
{
	assert_true(vpn_both_ways(net));
}

static void
site(uint64_t seed)
{
	v = vpn_pair(seed, &a, &b);
	vpn_site(a, b);
	vpn_apply(a);
	vpn_apply(b);
}

/* Both have lost phase 1, or all, and begin within a few ms: each time one SA
 * or the other works, and from then on nothing that lives is lost. */
static void
test_at_once(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 300; i++) {
		site(300 + i);
		v->loss = i % 3 == 1 ? 20 : 0;
		v->dup = i % 2 * 30;
		v->reorder = i % 5 * 10;
		(void)vpn_packet(a, VPN_GROUP, 1);
		vpn_run(v, i % 20);
		(void)vpn_packet(b, VPN_GROUP, 1);
		assert_true(vpn_until(v, 60 * SEC, vpn_both_ways));
		vpn_run(v, 60 * SEC);
		v->each = still_read;
		drop_phase1(a);
		if (i % 2 != 0)
			drop_phase1(b);
		vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
		    vpn_out(a, VPN_GROUP, 1)->t.spi);
		vpn_run(v, i % 20);
		vpn_event(b, SA_EVENT_KILOBYTES, VPN_GROUP,
		    vpn_out(b, VPN_GROUP, 1)->t.spi);
		vpn_run(v, 40 * SEC);
		end();
	}
}

/* Both have lost everything, one a moment after the other. */
static void
test_both_lost(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 100; i++) {
		site(700 + i);
		(void)vpn_packet(a, VPN_GROUP, 1);
		assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
		vpn_restart(a, true);
		(void)vpn_packet(a, VPN_GROUP, 1);
		(void)vpn_packet(b, VPN_GROUP, 1);
		vpn_run(v, i);
		vpn_restart(b, true);
		(void)vpn_packet(b, VPN_GROUP, 1);
		v->dup = 20;
		v->reorder = 20;
		vpn_run(v, 2 * SEC);
		(void)vpn_packet(a, VPN_GROUP, 1);
		(void)vpn_packet(b, VPN_GROUP, 1);
		assert_true(vpn_until(v, 60 * SEC, vpn_both_ways));
		vpn_run(v, 10 * SEC); /* what was underway */
		v->each = still_read;
		vpn_run(v, 60 * SEC);
		end();
	}
}

static bool
neighbours_read(struct vpn *net UNUSED)
{
	return both_read(a, 0) && both_read(c, 0) && both_read(c, 1);
}

static void
neighbours(uint64_t seed)
{
	hub(seed);
	c = vpn_add(v);
	a->nat = c->nat = VPN_ADDR(77);
	a->nat_shift = 20000;
	c->nat_shift = 21000;
	spoke(a, 1);
	spoke(c, 2);
	(void)vpn_packet(a, VPN_GROUP, 1);
	(void)vpn_packet(c, VPN_GROUP, 1);
	(void)vpn_packet(c, VPN_GROUP, 2);
	assert_true(vpn_until(v, 5 * SEC, neighbours_read));
}

/* Two behind one NAT, and a hub that has lost both: each is told for itself. */
static void
test_neighbours(void **state UNUSED)
{
	uint32_t spi;

	neighbours(800);
	vpn_restart(b, true);
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, 2 * SEC);
	assert_true(both_read(a, 0));
	spi = vpn_out(c, VPN_GROUP, 1)->t.spi; /* it cannot know yet */
	drop_phase1(c);
	vpn_event(c, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
	vpn_run(v, 2 * SEC);
	assert_true(neighbours_read(v));
	assert_null(vpn_in(b, spi));
	vpn_run(v, 70 * SEC);
	assert_int_equal(vpn_count(c, SA_WAY_OUT), 2);
	end();
}

/* One gets the port that the NAT had given to the other, and it is the hub that
 * calls: what it hears there is not about the other one. */
static void
test_port_of_neighbour(void **state UNUSED)
{
	neighbours(801);
	a->nat_shift = 22000;
	c->nat_shift = 20000;
	vpn_restart(c, true);
	b->conf->keepalive_secs = 10;
	b->conf->keepalive_periodic = true;
	drop_phase1(b);
	vpn_apply(b);
	vpn_run(v, 5 * SEC);
	assert_int_equal(ipsec_ike(c->s)->nsas, 1);
	vpn_run(v, 70 * SEC);
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	end();
}

/* A router behind a NAT is named by the address of that, and starts anew: what
 * it had goes, with the flow that it does not ask for. */
static void
test_static_behind_nat(void **state UNUSED)
{
	v = vpn_pair(802, &a, &b);
	a->nat = VPN_ADDR(77);
	a->nat_shift = 20000;
	spoke(a, 2);
	set(b->conf, &vpn_map(b->conf, 10, a->nat)->sets);
	(void)vpn_permit(b->conf, 10, VPN_NET(1), 0xffff, net_of(a, 0), 0xff);
	(void)vpn_permit(b->conf, 10, VPN_NET(1), 0xffff, net_of(a, 1), 0xff);
	vpn_apply(b);
	(void)vpn_packet(a, VPN_GROUP, 1);
	(void)vpn_packet(a, VPN_GROUP, 2);
	vpn_run(v, 2 * SEC);
	assert_int_equal(vpn_count(b, SA_WAY_OUT), 2);
	vpn_restart(a, true);
	(void)vpn_packet(a, VPN_GROUP, 1);
	vpn_run(v, 2 * SEC);
	assert_int_equal(vpn_count(b, SA_WAY_OUT), 1);
	end();
}

static struct vpn_kept late;

static bool
keep_late(struct vpn *net UNUSED, struct udp_addr from, struct udp_addr to,
    uint8_t *data, size_t len)
{
	if (from.addr != b->addr || data[18] != ISAKMP_X_INFO || late.len != 0)
		return true;
	vpn_keep(&late, from, to, data, len);
	return false;
}

/* What comes up between the word of the peer and its arrival lives. */
static void
test_late(void **state UNUSED)
{
	uint32_t spi;

	hub(803);
	spoke(a, 1);
	aggressive(a);
	vpn_apply(a);
	late.len = 0;
	v->tap = keep_late;
	(void)vpn_packet(a, VPN_GROUP, 1);
	vpn_run(v, 5 * SEC);
	assert_int_not_equal(late.len, 0);
	spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
	vpn_deliver(a, &late);
	vpn_run(v, 5 * SEC);
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 1);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
	vpn_run(v, 70 * SEC);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
	end();
}

/* ---- a peer that says nothing ---- */

static bool
has_some(struct ike_sa *sa UNUSED)
{
	return true;
}

static void
silent(struct vrouter *r)
{
	vpn_event(r, SA_EVENT_SILENT, VPN_GROUP,
	    vpn_out(r, VPN_GROUP, 1)->t.spi);
}

/* Some take the end of phase 1 for the end of all that was made under it, and
 * say in the next one that they are alive. */
static void
test_forgets(void **state UNUSED)
{
	struct ike_doi taciturn;
	uint32_t spi;
	unsigned i;

	for (i = 0; i < 3; i++) { /* on demand, periodic, not at all */
		site(810 + i);
		a->conf->keepalive_secs = i < 2 ? 10 : 0;
		a->conf->keepalive_retry = 2;
		a->conf->keepalive_periodic = i == 1;
		vpn_apply(a);
		taciturn = *ipsec_ike(b->s)->doi;
		taciturn.has_sas = has_some; /* no INITIAL-CONTACT */
		ipsec_ike(b->s)->doi = &taciturn;
		(void)vpn_packet(a, VPN_GROUP, 1);
		assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
		spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
		silent(a); /* phase 1 has not ended: the peer lives */
		vpn_run(v, 10 * SEC);
		assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
		ike_clear(ipsec_ike(a->s));
		ike_reap(ipsec_ike(a->s));
		vpn_run(v, SEC);
		flow_down(TAILQ_FIRST(&entry_find(b->s, VPN_GROUP)->flows),
		    false, "phase 1 has ended");
		vpn_run(v, 10 * SEC);
		silent(a);
		assert_int_equal(vpn_until(v, 2 * SEC, vpn_both_ways), i < 2);
		spi = vpn_out(a, VPN_GROUP, 1)->t.spi;
		silent(a); /* a flow that has one way only */
		vpn_run(v, 10 * SEC);
		assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, spi);
		end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hub_lost_all),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_both_lost),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_port_of_neighbour),
		cmocka_unit_test(test_static_behind_nat),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
