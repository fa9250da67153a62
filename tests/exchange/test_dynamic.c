/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs with routers that come by themselves: dynamic maps, peers behind NATs;
 * tunnels with protection.
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

/* ---- dynamic maps ---- */

#define DYNAMIC_GROUP "map MAP 20"

static struct crypto_map *
dynamic(struct conf *conf, const char *acl)
{
	struct crypto_map *m = vpn_map(conf, 20, 0);
	struct crypto_map *d = tc_add(&conf->dynamic_maps, sizeof(*d));

	m->acl[0] = '\0';
	str_copy(m->dynamic, "DYN", sizeof(m->dynamic));
	str_copy(d->name, "DYN", sizeof(d->name));
	d->seq = 5;
	d->reverse_route = true;
	if (acl != NULL)
		str_copy(d->acl, acl, sizeof(d->acl));
	(void)vpn_set(conf, &d->sets, "T", ESP_AES_CBC, 128, ESP_AUTH_SHA1);
	return d;
}

/* A router that names b as its peer. */
static void
spoke(struct vrouter *r, uint32_t net)
{
	struct crypto_map *m = vpn_map(r->conf, 10, b->addr);

	(void)vpn_set(r->conf, &m->sets, "T", ESP_AES_CBC, 128,
	    ESP_AUTH_SHA1);
	(void)vpn_permit(r->conf, 10, net, 0xffff, VPN_NET(1), 0xffff);
	vpn_apply(r);
	(void)vpn_packet(r, VPN_GROUP, 1);
}

static void
test_dynamic(void **state UNUSED)
{
	struct ike *ike;

	begin(100);
	c = vpn_add(v);
	(void)dynamic(b->conf, NULL);
	vpn_apply(b);
	spoke(a, VPN_NET(0));
	spoke(c, VPN_NET(2));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 2);
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[0],
	    b->aces[0].dst == VPN_NET(0) ? a : c));
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[1],
	    b->aces[1].dst == VPN_NET(0) ? a : c));
	assert_int_equal(b->routes, 2);
	vpn_run(v, 10 * HOUR); /* followed by either side */
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_int_equal(b->naces, 2);
	ike = ipsec_ike(a->s);
	assert_int_equal(ike->doi->clear(ike,
	    &(struct ike_which){ .map = "" }), 1);
	vpn_run(v, SEC);
	assert_int_equal(b->naces, 1);
	assert_int_equal(b->routes, 1);
	end();
}

/* What another peer has is not given away, and a list is kept to. */
static void
test_dynamic_refused(void **state UNUSED)
{
	unsigned listed;

	begin(101);
	c = vpn_add(v);
	(void)tc_ace(tc_acl(b->conf, "ONLY"), ACE_PERMIT, VPN_NET(1), 0xffff,
	    VIP(10, 0, 0, 0), 0x3ffff);
	(void)dynamic(b->conf, "ONLY");
	vpn_apply(b);
	spoke(a, VPN_NET(0));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 1);
	spoke(c, VPN_NET(0));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 1);
	assert_non_null(strstr(b->last[LOG_IKMP_MODE_FAILURE],
	    "another peer has these proxy identities"));
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_int_equal(vpn_count(c, SA_WAY_IN), 0);
	end();
	begin(102);
	(void)tc_ace(tc_acl(b->conf, "ONLY"), ACE_PERMIT, VPN_NET(1), 0xffff,
	    VIP(10, 8, 0, 0), 0xffff);
	(void)dynamic(b->conf, "ONLY");
	vpn_apply(b);
	spoke(a, VPN_NET(0));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 0);
	assert_int_equal(b->nsas, 0);
	end();
	/* nor is another peer than those that it names, if it names some */
	for (listed = 0; listed < 2; listed++) {
		begin(105 + listed);
		(void)vpn_peer(dynamic(b->conf, NULL), listed ? a->addr :
		    VPN_ADDR(2));
		vpn_apply(b);
		spoke(a, VPN_NET(0));
		vpn_run(v, 5 * SEC);
		assert_int_equal(b->naces, listed);
		assert_int_equal(b->nsas != 0, listed);
		end();
	}
}

/* Who has them may be gone: when another one asks for them, that is looked at,
 * and then they are free. */
static void
test_dynamic_left(void **state UNUSED)
{
	unsigned i;

	begin(104);
	c = vpn_add(v);
	b->conf->keepalive_secs = 10;
	b->conf->keepalive_retry = 2;
	(void)dynamic(b->conf, NULL);
	vpn_apply(b);
	spoke(a, VPN_NET(0));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 1);
	a->deaf = true;
	vpn_run(v, 300 * SEC);
	assert_int_equal(b->logs[LOG_IKMP_PEER_DEAD], 0);
	spoke(c, VPN_NET(0));
	for (i = 0; i < 120; i++) {
		(void)vpn_packet(c, VPN_GROUP, 1);
		vpn_run(v, SEC);
	}
	assert_int_equal(b->logs[LOG_IKMP_PEER_DEAD], 1);
	assert_int_equal(b->naces, 1);
	assert_true(vpn_reads(c, VPN_GROUP, 1, b));
	end();
}

/* One peer cannot fill the policy: it has a share of it. */
static void
test_dynamic_share(void **state UNUSED)
{
	struct crypto_map *m;
	unsigned i;

	begin(103);
	(void)dynamic(b->conf, NULL);
	vpn_apply(b);
	m = vpn_map(a->conf, 10, b->addr);
	(void)vpn_set(a->conf, &m->sets, "T", ESP_AES_CBC, 128,
	    ESP_AUTH_SHA1);
	for (i = 0; i < PEER_FLOWS_MAX + 20; i++)
		(void)vpn_permit(a->conf, 10, VIP(10, 1, i, 0), 0xff,
		    VPN_NET(1), 0xffff);
	vpn_apply(a);
	for (i = 0; i < PEER_FLOWS_MAX + 20; i++) {
		(void)vpn_packet(a, VPN_GROUP, i + 1);
		vpn_run(v, 200);
	}
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, PEER_FLOWS_MAX);
	assert_int_equal(vpn_count(b, SA_WAY_IN), PEER_FLOWS_MAX);
	end();
}

/* ---- tunnels ---- */

#define TUNNEL_GROUP "tunnel Tunnel0"

static void
tunnel(struct vrouter *r, struct vrouter *peer, uint8_t mode)
{
	struct interface *i = tc_add(&r->conf->interfaces, sizeof(*i));
	struct ipsec_profile *p = tc_add(&r->conf->ipsec_profiles,
	    sizeof(*p));

	str_copy(i->name, "Tunnel0", sizeof(i->name));
	str_copy(i->tunnel.source_if, "FastEthernet0/0",
	    sizeof(i->tunnel.source_if));
	i->tunnel.dest = peer->addr;
	str_copy(i->tunnel.profile, "P", sizeof(i->tunnel.profile));
	str_copy(p->name, "P", sizeof(p->name));
	vpn_set(r->conf, &p->sets, "T", ESP_AES_CBC, 256,
	    ESP_AUTH_SHA256)->mode = mode;
	vpn_apply(r);
}

static bool
tunnel_up(struct vpn *net UNUSED)
{
	return vpn_reads(a, TUNNEL_GROUP, 1, b) &&
	    vpn_reads(b, TUNNEL_GROUP, 1, a);
}

/* It comes up by itself, and again after a packet if the peer was late. */
static void
test_tunnel(void **state UNUSED)
{
	uint8_t mode;

	for (mode = MODE_TUNNEL; mode <= MODE_TRANSPORT; mode++) {
		begin(110 + mode);
		tunnel(a, b, mode);
		vpn_run(v, 60 * SEC);
		assert_int_equal(a->nsas, 0);
		tunnel(b, a, mode);
		assert_true(vpn_until(v, 10 * SEC, tunnel_up));
		assert_int_equal(vpn_out(a, TUNNEL_GROUP, 1)->t.mode,
		    mode == MODE_TUNNEL ? SA_TUNNEL : SA_TRANSPORT);
		vpn_run(v, 5 * HOUR);
		assert_true(tunnel_up(v));
		end();
	}
}

/* ---- NATs ---- */

/* A router behind a NAT, whose ports are others later on. */
static void
test_nat(void **state UNUSED)
{
	begin(115);
	a->nat = VPN_ADDR(77);
	a->nat_shift = 20000;
	(void)dynamic(b->conf, NULL);
	a->conf->keepalive_secs = 10;
	a->conf->keepalive_periodic = true;
	vpn_apply(b);
	spoke(a, VPN_NET(0));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 1);
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[0], a));
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.mode, SA_TUNNEL);
	assert_int_not_equal(vpn_out(a, VPN_GROUP, 1)->t.encap_local, 0);
	vpn_run(v, 5 * HOUR);
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[0], a));
	a->nat_shift = 20001;
	vpn_run(v, 60 * SEC); /* its next word of phase 1 tells */
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[0], a));
	vpn_run(v, 5 * HOUR);
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[0], a));
	assert_int_equal(b->naces, 1);
	end();
}

/* Two behind the same NAT: what one of them loses the other one keeps. */
static void
test_neighbours(void **state UNUSED)
{
	begin(116);
	c = vpn_add(v);
	a->nat = c->nat = VPN_ADDR(77);
	a->nat_shift = 20000;
	c->nat_shift = 21000;
	(void)dynamic(b->conf, NULL);
	vpn_apply(b);
	a->conf->isakmp_identity = c->conf->isakmp_identity =
	    ISAKMP_ID_HOSTNAME;
	str_copy(c->conf->hostname, "R3", sizeof(c->conf->hostname));
	spoke(a, VPN_NET(0));
	spoke(c, VPN_NET(2));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 2);
	vpn_restart(c, true);
	(void)vpn_packet(c, VPN_GROUP, 1); /* with INITIAL-CONTACT */
	vpn_run(v, 5 * SEC);
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[0], a));
	assert_true(vpn_reads(c, VPN_GROUP, 1, b));
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[1], c));
	assert_int_equal(b->naces, 2);
	end();
}

/* Its peer is gone for good: nothing of a flow stays. */
static void
test_gone(void **state UNUSED)
{
	begin(117);
	(void)dynamic(b->conf, NULL);
	vpn_apply(b);
	spoke(a, VPN_NET(0));
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->naces, 1);
	a->deaf = true;
	vpn_run(v, 2 * HOUR);
	assert_int_equal(b->naces, 0);
	assert_int_equal(b->routes, 0);
	assert_int_equal(b->s->nflows, 0);
	end();
}

static bool
asked_in_vain(struct vpn *net UNUSED)
{
	return TAILQ_FIRST(&ipsec_ike(b->s)->sas)->dpd_tries == 4;
}

/* It dies while the hub, which knows it only by what it asked for, makes the
 * next pair with it. */
static void
test_dies_amid(void **state UNUSED)
{
	begin(118);
	(void)dynamic(b->conf, NULL);
	b->conf->keepalive_secs = 10;
	b->conf->keepalive_retry = 2;
	b->conf->keepalive_periodic = true;
	vpn_apply(b);
	spoke(a, VPN_NET(0));
	vpn_run(v, 10 * SEC);
	assert_int_equal(b->naces, 1);
	a->deaf = true;
	assert_true(vpn_until(v, 30 * SEC, asked_in_vain));
	vpn_event(b, SA_EVENT_KILOBYTES, DYNAMIC_GROUP,
	    vpn_out(b, DYNAMIC_GROUP, b->sa_of[0])->t.spi);
	assert_int_equal(b->s->nflows, 1);
	vpn_run(v, 5 * SEC);
	assert_int_equal(b->logs[LOG_IKMP_PEER_DEAD], 1);
	assert_int_equal(b->nsas, 0);
	assert_int_equal(b->naces, 0);
	assert_int_equal(b->s->nflows, 0);
	end();
}

/* Which pair of two that were made at once is newer may be seen otherwise at
 * the other end. */
static bool
crossed(void)
{
	return vpn_out(b, DYNAMIC_GROUP, b->sa_of[0])->t.other_spi !=
	    vpn_out(a, VPN_GROUP, 1)->t.spi;
}

/* What the hub sends with is the older one here, and after its process ike has
 * died it knows nobody to follow it with: when it is used up we do. */
static void
follow_for_the_hub(void)
{
	uint16_t index = b->sa_of[0];
	uint32_t spi = vpn_out(b, DYNAMIC_GROUP, index)->t.spi, next;

	vpn_run(v, 70 * SEC); /* what both of them have replaced goes */
	vpn_kill_ike(b);
	next = vpn_out(a, VPN_GROUP, 1)->t.spi;
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
	vpn_run(v, 5 * SEC); /* the hub may do it, if it lives */
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, next);
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
	vpn_run(v, 30 * SEC);
	assert_int_not_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, next);
	assert_int_equal(b->naces, 1);
	assert_false(vpn_out(b, DYNAMIC_GROUP, b->sa_of[0])->orphan);
	assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	assert_true(vpn_reads(b, DYNAMIC_GROUP, b->sa_of[0], a));
	/* once is enough: there is a newer one now */
	next = vpn_out(a, VPN_GROUP, 1)->t.spi;
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP, spi);
	vpn_run(v, 10 * SEC);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.spi, next);
}

static void
test_dies_crossed(void **state UNUSED)
{
	unsigned i, n = 0;

	for (i = 0; i < 40; i++) {
		begin(200 + i);
		(void)dynamic(b->conf, NULL);
		vpn_apply(b);
		spoke(a, VPN_NET(0));
		vpn_run(v, 10 * SEC);
		v->reorder = 50;
		vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
		    vpn_out(a, VPN_GROUP, 1)->t.spi);
		vpn_event(b, SA_EVENT_KILOBYTES, DYNAMIC_GROUP,
		    vpn_out(b, DYNAMIC_GROUP, b->sa_of[0])->t.spi);
		vpn_run(v, 5 * SEC);
		v->reorder = 0;
		if (crossed()) {
			n++;
			follow_for_the_hub();
		}
		end();
	}
	assert_int_not_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_dynamic_refused),
		cmocka_unit_test(test_dynamic_left),
		cmocka_unit_test(test_dynamic_share),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_dies_amid),
		cmocka_unit_test(test_dies_crossed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
