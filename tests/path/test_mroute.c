/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Multicast through the router: static groups, the reverse path, policy both
 * ways, and what is never forwarded.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

#define DMZ 3 /* a third port, with a group of its own source only */
#define DMZ_HOST IP4(10, 3, 3, 30)
#define GROUP IP4(232, 1, 1, 1)
#define OTHER IP4(232, 1, 1, 2)

static uint8_t buf[70000];

struct net {
	struct rig r;
	struct interface dmz;
	struct igmp_group groups[3];
};

static struct net *
start(bool routing, bool map)
{
	struct net *n = calloc(1, sizeof(*n));
	struct rig *r = &n->r;
	struct port dmz = { .index = DMZ, .name = "FastEthernet0/2",
		.dev = "eth3", .addr = IP4(10, 3, 3, 1), .mask = 0xffffff00,
		.mtu = 1500, .up = true };
	const struct route routes[] = {
		{ IP4(10, 1, 1, 0), 24, 0, LAN },
		{ IP4(10, 3, 3, 0), 24, 0, DMZ },
		{ IP4(0, 0, 0, 0), 0, IP4(192, 0, 2, 254), WAN },
	};
	struct interface *ifs[3] = { &r->ifs[0], &r->ifs[1], &n->dmz };
	unsigned i;

	rig_start(r);
	str_copy(n->dmz.name, dmz.name, sizeof(n->dmz.name));
	rig_add(&r->conf.interfaces, &n->dmz.obj);
	for (i = 0; i < 3; i++) {
		n->groups[i].addr = GROUP;
		rig_add(&ifs[i]->igmp_static, &n->groups[i].obj);
	}
	n->groups[2].source = FAR_HOST;
	if (!map)
		r->ifs[1].crypto_map[0] = '\0';
	r->conf.multicast_routing = routing;
	fwd_port(r->f, &dmz);
	fwd_routes(r->f, routes, NELEM(routes));
	rig_config(r);
	return n;
}

static void
stop(struct net *n)
{
	rig_end(&n->r);
	free(n);
}

static void
send(struct net *n, uint32_t src, uint32_t dst, uint16_t in, struct mk mk)
{
	size_t len;

	mk.src = src;
	mk.dst = dst;
	if (mk.proto == 0)
		mk.proto = PROTO_UDP;
	len = mk_packet(buf, &mk);
	rig_input(&n->r, buf, len, in);
}

static void
test_rows(void **state)
{
	static const struct {
		const char *name;
		bool routing;
		uint32_t src, dst;
		uint16_t in;
		struct mk mk;
		int drop;
		unsigned ports; /* a bit each */
	} rows[] = {
		{ "from the LAN", true, LAN_HOST, GROUP, LAN, { 0 }, -1,
		    1u << WAN },
		{ "from far", true, FAR_HOST, GROUP, WAN, { 0 }, -1,
		    1u << LAN | 1u << DMZ },
		{ "from far, not the source of the DMZ", true, FAR_HOST + 1,
		    GROUP, WAN, { 0 }, -1, 1u << LAN },
		{ "a group of nobody", true, LAN_HOST, OTHER, LAN, { 0 },
		    DROP_MULTICAST, 0 },
		{ "wrong way", true, LAN_HOST, GROUP, WAN, { 0 }, DROP_RPF,
		    0 },
		{ "to live for one link", true, DMZ_HOST, GROUP, DMZ,
		    { .ttl = 1 }, -1, 0 },
		{ "not without ip multicast-routing", false, LAN_HOST, GROUP,
		    LAN, { 0 }, -1, 1u << PORT_LOCAL },
		{ "of one link", true, LAN_HOST, IP4(224, 0, 0, 5), LAN,
		    { 0 }, -1, 1u << PORT_LOCAL },
		{ "larger than a link", true, LAN_HOST, GROUP, LAN,
		    { .payload = 1600 }, DROP_BAD_OFFLOAD, 0 },
	};
	size_t i;
	unsigned j, ports;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct net *n = start(rows[i].routing, false);

		send(n, rows[i].src, rows[i].dst, rows[i].in, rows[i].mk);
		for (j = ports = 0; j < n->r.n_out; j++) {
			ports |= 1u << n->r.out[j].out_port;
			assert_true(ip_ok(rig_ip(&n->r, j)));
			assert_true(l4_ok(rig_ip(&n->r, j)));
			if (n->r.out[j].out_port != PORT_LOCAL)
				assert_int_equal(rig_ip(&n->r, j)[IPH_TTL],
				    buf[IPH_TTL] - 1);
		}
		if (ports != rows[i].ports)
			fail_msg("%s: ports %x", rows[i].name, ports);
		if (rows[i].drop >= 0)
			assert_int_equal(rig_drops(&n->r,
			    (enum drop_id)rows[i].drop), 1);
		stop(n);
	}
}

/* Each that does not arrive is counted once for each copy. */
static void
test_ttl(void **state)
{
	struct net *n = start(true, false);

	(void)state;
	send(n, FAR_HOST, GROUP, WAN, (struct mk){ .ttl = 1 });
	assert_int_equal(rig_drops(&n->r, DROP_TTL), 2);
	assert_int_equal(n->r.n_out, 0); /* and no error about it */
	stop(n);
}

/* Out encrypted with the addresses kept, in by the same keys; several sizes,
 * the last one in two pieces. */
static void
test_encrypted(void **state)
{
	static const unsigned sizes[] = { 0, 100, 1300, 1440 };
	struct net *a = start(true, true), *b = start(true, true);
	uint8_t esp[2000];
	unsigned i, j, pieces;
	size_t len;

	(void)state;
	rig_group(&a->r);
	rig_group(&b->r);
	/* what is behind a is far away for b */
	fwd_routes(b->r.f, (struct route[]){ { 0, 0, 0, WAN } }, 1);
	for (i = 0; i < NELEM(sizes); i++) {
		rig_clear_out(&b->r);
		send(a, LAN_HOST, GROUP, LAN,
		    (struct mk){ .payload = sizes[i] });
		pieces = i == 3 ? 2 : 1;
		assert_int_equal(a->r.n_out, pieces);
		for (j = 0; j < pieces; j++) {
			assert_int_equal(a->r.out[j].out_port, WAN);
			assert_int_equal(rig_ip(&a->r, j)[IPH_PROTO],
			    PROTO_ESP);
			assert_int_equal(get32(rig_ip(&a->r, j) + IPH_SRC),
			    LAN_HOST);
			assert_int_equal(get32(rig_ip(&a->r, j) + IPH_DST),
			    GROUP);
			len = a->r.out[j].len;
			memcpy(esp, rig_ip(&a->r, j), len);
			rig_input(&b->r, esp, len, WAN);
			assert_int_equal(b->r.n_out, 1);
			assert_int_equal(b->r.out[0].out_port, LAN);
			assert_int_equal(rig_ip(&b->r, 0)[IPH_PROTO],
			    PROTO_UDP);
		}
		if (i < 3)
			assert_memory_equal(rig_ip(&b->r, 0) + IPH_HDR,
			    buf + IPH_HDR, sizes[i] + 8);
	}
	stop(a);
	stop(b);
}

/* From the side of the group nothing comes in clear, not even what looks
 * like key management: that reaches its socket without this process. */
static void
test_clear_in(void **state)
{
	struct net *n = start(true, true);

	(void)state;
	rig_group(&n->r);
	send(n, FAR_HOST, GROUP, WAN, (struct mk){ 0 });
	send(n, FAR_HOST, GROUP, WAN, (struct mk){ .sport = 848,
	    .dport = 848 });
	assert_int_equal(rig_drops(&n->r, DROP_NOT_IPSEC), 2);
	assert_int_equal(n->r.n_out, 0);
	stop(n);
}

/* A checksum that was left to the device is complete in all copies. */
static void
test_checksum(void **state)
{
	struct net *n = start(true, false);
	const struct pkt_gso begun = { .flags = GSO_F_NEEDS_CSUM,
		.csum_start = 20, .csum_offset = 6 };
	size_t len = mk_packet(buf, &(struct mk){ .src = FAR_HOST,
	    .dst = GROUP, .proto = PROTO_UDP, .payload = 77 });
	unsigned i;

	(void)state;
	put16(buf + 26, (uint16_t)~sum_end(sum_pseudo(buf, (unsigned)len -
	    20)));
	rig_input_gso(&n->r, buf, len, WAN, &begun);
	assert_int_equal(n->r.n_out, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(n->r.out[i].gso.flags, 0);
		assert_true(l4_ok(rig_ip(&n->r, i)));
	}
	stop(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_clear_in),
		cmocka_unit_test(test_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
