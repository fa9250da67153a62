/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What NAT makes of packets, rule by rule: static, pools, overload, route-map
 * exemption, rotary, outside; which one wins; and what is never sent.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig_nat.h"

static struct natrig n;

#define UDP(a, ap, b, bp) mk_seen(PROTO_UDP, a, ap, b, bp)
#define TCP(a, ap, b, bp) mk_seen(PROTO_TCP, a, ap, b, bp)
#define PING(a, b, id) mk_seen(PROTO_ICMP, a, id, b, id)
#define OTHER(proto, a, b) mk_seen(proto, a, 0, b, 0)

static int
setup(void **state UNUSED)
{
	natrig_start(&n);
	natrig_lan_list(&n, "1");
	return 0;
}

static int
teardown(void **state UNUSED)
{
	natrig_end(&n);
	return 0;
}

static void
overload_interface(void)
{
	natrig_list(&n, "1", NULL, true);
	natrig_commit(&n);
}

/* Two ways through, the port is kept, the answer finds back. */
static void
test_overload(void **state UNUSED)
{
	struct nat_stats s;

	overload_interface();
	natrig_out(&n, UDP(HOST_A, 4000, FAR_A, 53),
	    UDP(WAN_ADDR, 4000, FAR_A, 53));
	natrig_in(&n, UDP(FAR_A, 53, WAN_ADDR, 4000),
	    UDP(FAR_A, 53, HOST_A, 4000));
	natrig_out(&n, UDP(HOST_A, 4000, FAR_A, 53),
	    UDP(WAN_ADDR, 4000, FAR_A, 53));
	s = natrig_stats(&n);
	assert_int_equal(s.dynamics, 1);
	assert_int_equal(s.extended, 1);
	assert_int_equal(s.hits, 2);
	assert_int_equal(s.misses, 1);
	assert_int_equal(s.out, 2);
	assert_int_equal(s.in, 1);
}

/* The same port of a second host: the next one of the same group; for
 * another destination it is free. */
static void
test_port_groups(void **state UNUSED)
{
	static const struct { uint16_t port, lo, hi; } rows[] = {
		{ 100, 1, 511 }, { 511, 1, 511 }, { 512, 512, 1023 },
		{ 1023, 512, 1023 }, { 1024, 1024, 65535 },
		{ 65535, 1024, 65535 },
	};
	struct seen got;
	size_t i;

	overload_interface();
	for (i = 0; i < NELEM(rows); i++) {
		natrig_out(&n, TCP(HOST_A, rows[i].port, FAR_A, 80),
		    TCP(WAN_ADDR, rows[i].port, FAR_A, 80));
		natrig_send(&n, LAN, TCP(HOST_B, rows[i].port, FAR_A, 80), 2);
		got = natrig_got(&n, WAN);
		assert_true(got.src == WAN_ADDR && got.dport == 80);
		assert_int_not_equal(got.sport, rows[i].port);
		assert_in_range(got.sport, rows[i].lo, rows[i].hi);
		natrig_in(&n, seen_back(got),
		    TCP(FAR_A, 80, HOST_B, rows[i].port));
		natrig_out(&n, TCP(HOST_B, rows[i].port, FAR_B, 80),
		    TCP(WAN_ADDR, rows[i].port, FAR_B, 80));
	}
}

/* Ports that this router listens to are not given away. */
static void
test_own_services(void **state UNUSED)
{
	struct seen got;

	overload_interface();
	natrig_send(&n, LAN, UDP(HOST_A, 500, FAR_A, 500), 0);
	got = natrig_got(&n, WAN);
	assert_int_equal(got.src, WAN_ADDR);
	assert_in_range(got.sport, 1, 499);
	natrig_in(&n, seen_back(got), UDP(FAR_A, 500, HOST_A, 500));
	/* what comes for the router itself is the router's */
	natrig_pass(&n, WAN, UDP(FAR_A, 500, WAN_ADDR, 500), 0, PORT_LOCAL,
	    UDP(FAR_A, 500, WAN_ADDR, 500));
}

/* The router's own connection and one of a host take one port: each gets its
 * own answers. The second one is another outside, whoever that is. */
static void
own_and_host(uint8_t proto, uint16_t port, bool own_first)
{
	struct seen host = mk_seen(proto, HOST_A, port, FAR_A, proto ==
	    PROTO_ICMP ? port : 80), own = host, got[2];
	unsigned i;

	own.src = WAN_ADDR;
	for (i = 0; i < 2; i++) {
		bool is_own = own_first == (i == 0);

		natrig_send(&n, is_own ? PORT_LOCAL : LAN, is_own ? own : host,
		    proto == PROTO_TCP ? TCP_SYN : 0);
		got[i] = natrig_got(&n, WAN);
		assert_int_equal(got[i].src, WAN_ADDR);
		assert_int_equal(got[i].dst, FAR_A);
	}
	assert_int_equal(got[0].sport, port);
	assert_int_not_equal(got[1].sport, port);
	assert_in_range(got[1].sport, 1024, 65535);
	for (i = 0; i < 2; i++) {
		bool is_own = own_first == (i == 0);

		natrig_pass(&n, WAN, seen_back(got[i]), 1, is_own ?
		    PORT_LOCAL : LAN, seen_back(is_own ? own : host));
	}
}

static void
test_own_connections(void **state UNUSED)
{
	static const uint8_t protos[] = { PROTO_TCP, PROTO_UDP, PROTO_ICMP };
	uint16_t port = 40000;
	unsigned i, own_first;

	overload_interface();
	for (i = 0; i < NELEM(protos); i++)
		for (own_first = 0; own_first < 2; own_first++)
			own_and_host(protos[i], port++, own_first);
	/* of the router's own those that are translated are told */
	assert_int_equal(natrig_stats(&n).extended, 9);
	nat_clear(n.r.f, &(struct nat_filter){ .all = true });
	assert_int_equal(natrig_stats(&n).dynamics, 0);
	natrig_pass(&n, WAN, UDP(FAR_A, 80, WAN_ADDR, 40003), 0, PORT_LOCAL,
	    UDP(FAR_A, 80, WAN_ADDR, 40003));
}

/* Answers of the router take nothing: a stranger can have any number of
 * them. */
static void
test_own_answers(void **state UNUSED)
{
	overload_interface();
	natrig_pass(&n, PORT_LOCAL, UDP(WAN_ADDR, 161, FAR_A, 5000), 0, WAN,
	    UDP(WAN_ADDR, 161, FAR_A, 5000));
	natrig_out(&n, UDP(HOST_A, 161, FAR_A, 5000),
	    UDP(WAN_ADDR, 161, FAR_A, 5000));
	natrig_pass(&n, PORT_LOCAL, TCP(WAN_ADDR, 8080, FAR_A, 5000), TCP_SYN |
	    TCP_ACK, WAN, TCP(WAN_ADDR, 8080, FAR_A, 5000));
	natrig_out(&n, TCP(HOST_A, 8080, FAR_A, 5000),
	    TCP(WAN_ADDR, 8080, FAR_A, 5000));
	natrig_pass(&n, PORT_LOCAL, mk_seen(PROTO_ICMP, WAN_ADDR, 77, FAR_A,
	    77), 1, WAN, mk_seen(PROTO_ICMP, WAN_ADDR, 77, FAR_A, 77));
	natrig_out(&n, mk_seen(PROTO_ICMP, HOST_A, 77, FAR_A, 77),
	    mk_seen(PROTO_ICMP, WAN_ADDR, 77, FAR_A, 77));
	natrig_pass(&n, PORT_LOCAL, UDP(LAN_ADDR, 161, FAR_A, 5000), 0, WAN,
	    UDP(LAN_ADDR, 161, FAR_A, 5000));
	assert_int_equal(natrig_stats(&n).dynamics, 3);
}

/* What the router begins from its address inside is translated as from a
 * host there; it leaves with that address only where no rule wants it. */
static void
test_own_inside(void **state UNUSED)
{
	struct seen ping = mk_seen(PROTO_ICMP, LAN_ADDR, 77, FAR_A, 77),
	    udp = UDP(LAN_ADDR, 5000, FAR_A, 5000),
	    tcp = TCP(LAN_ADDR, 6000, FAR_A, 80), sent[] = { ping, udp, tcp };
	unsigned i;

	for (i = 0; i < NELEM(sent); i++)
		natrig_pass(&n, PORT_LOCAL, sent[i], sent[i].proto ==
		    PROTO_TCP ? TCP_SYN : 0, WAN, sent[i]);
	overload_interface();
	for (i = 0; i < NELEM(sent); i++) {
		struct seen out = sent[i];

		out.src = WAN_ADDR;
		natrig_pass(&n, PORT_LOCAL, sent[i], sent[i].proto ==
		    PROTO_TCP ? TCP_SYN : 0, WAN, out);
		natrig_pass(&n, WAN, seen_back(out), 1, PORT_LOCAL,
		    seen_back(sent[i]));
	}
	tcp.src = WAN_ADDR;
	natrig_pass(&n, PORT_LOCAL, sent[2], 0, WAN, tcp);
	assert_int_equal(natrig_stats(&n).dynamics, 3);
	/* who asked the address inside hears it */
	natrig_pass(&n, PORT_LOCAL, TCP(LAN_ADDR, 22, FAR_B, 5000), TCP_SYN |
	    TCP_ACK, WAN, TCP(LAN_ADDR, 22, FAR_B, 5000));
}

/* All low ports in use for a destination: dropped, not sent with the private
 * address; and said once. */
static void
test_no_port_left(void **state UNUSED)
{
	unsigned i, sent = 0;

	overload_interface();
	for (i = 1; i <= 511; i++) {
		natrig_send(&n, LAN, TCP(HOST_A, (uint16_t)i, FAR_A, 7), 2);
		sent += natrig_got(&n, WAN).src == WAN_ADDR;
	}
	assert_int_equal(sent, 511 - 2); /* not 22, 23 */
	natrig_lost(&n, LAN, TCP(HOST_B, 1, FAR_A, 7), 2, DROP_NAT_PORT);
	natrig_lost(&n, LAN, TCP(HOST_B, 2, FAR_A, 7), 2, DROP_NAT_PORT);
	assert_int_equal(natrig_stats(&n).no_port, 4);
	rig_timeout(&n.r);
	assert_int_equal(n.r.n_logs, 1);
	assert_int_equal(n.r.logs[0], LOG_NAT_PORT);
	/* in another group, and to another one, there is room */
	natrig_out(&n, TCP(HOST_B, 600, FAR_A, 7),
	    TCP(WAN_ADDR, 600, FAR_A, 7));
	natrig_out(&n, TCP(HOST_B, 1, FAR_B, 7), TCP(WAN_ADDR, 1, FAR_B, 7));
	/* when those have ended there is room again */
	n.r.now += 61000;
	rig_timeout(&n.r);
	natrig_out(&n, TCP(HOST_A, 1, FAR_A, 7), TCP(WAN_ADDR, 1, FAR_A, 7));
	natrig_send(&n, LAN, TCP(HOST_B, 1, FAR_A, 7), 2);
	assert_int_equal(natrig_got(&n, WAN).src, WAN_ADDR);
}

/* An identifier for a port. */
static void
test_icmp_query(void **state UNUSED)
{
	struct seen got;

	overload_interface();
	natrig_out(&n, PING(HOST_A, FAR_A, 77), PING(WAN_ADDR, FAR_A, 77));
	natrig_pass(&n, WAN, PING(FAR_A, WAN_ADDR, 77), 1, LAN,
	    PING(FAR_A, HOST_A, 77));
	natrig_send(&n, LAN, PING(HOST_B, FAR_A, 77), 0);
	got = natrig_got(&n, WAN);
	assert_int_equal(got.src, WAN_ADDR);
	assert_int_not_equal(got.sport, 77);
	natrig_pass(&n, WAN, seen_back(got), 1, LAN,
	    PING(FAR_A, HOST_B, 77));
}

/* One host for a far host, of protocols without ports. */
static void
test_other_protocols(void **state UNUSED)
{
	overload_interface();
	natrig_out(&n, OTHER(PROTO_GRE, HOST_A, FAR_A),
	    OTHER(PROTO_GRE, WAN_ADDR, FAR_A));
	natrig_out(&n, OTHER(PROTO_ESP, HOST_B, FAR_A),
	    OTHER(PROTO_ESP, WAN_ADDR, FAR_A));
	natrig_in(&n, OTHER(PROTO_GRE, FAR_A, WAN_ADDR),
	    OTHER(PROTO_GRE, FAR_A, HOST_A));
	natrig_in(&n, OTHER(PROTO_ESP, FAR_A, WAN_ADDR),
	    OTHER(PROTO_ESP, FAR_A, HOST_B));
	natrig_lost(&n, LAN, OTHER(PROTO_ESP, HOST_A, FAR_A), 0,
	    DROP_NAT_PORT);
	natrig_out(&n, OTHER(PROTO_ESP, HOST_A, FAR_B),
	    OTHER(PROTO_ESP, WAN_ADDR, FAR_B));
}

/* A pool without overload: an address each, then nothing. The outside can
 * reach a host that has one. */
static void
test_pool(void **state UNUSED)
{
	struct nat_pool_view v[2];
	struct nat_stats s;

	natrig_pool(&n, "P", POOL_1, POOL_1 + 1);
	natrig_list(&n, "1", "P", false);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9),
	    UDP(POOL_1 + 1, 9, FAR_A, 9));
	natrig_out(&n, TCP(HOST_A, 1, FAR_B, 2), TCP(POOL_1, 1, FAR_B, 2));
	natrig_in(&n, TCP(FAR_B, 77, POOL_1 + 1, 80),
	    TCP(FAR_B, 77, HOST_B, 80));
	natrig_lost(&n, LAN, UDP(HOST_A + 7, 9, FAR_A, 9), 0,
	    DROP_NAT_ADDRESS);
	rig_timeout(&n.r);
	assert_int_equal(n.r.logs[0], LOG_NAT_ADDR);
	assert_string_equal(n.r.text[0], "%IPNAT-4-ADDR_ALLOC_FAILURE: "
	    "Address allocation failed for 10.1.1.17, pool P might be "
	    "exhausted");
	s = natrig_stats(&n);
	assert_int_equal(s.dynamics, 6); /* two simple ones, four of flows */
	assert_int_equal(s.extended, 4);
	assert_int_equal(nat_pools_get(n.r.f, v, 2), 1);
	assert_int_equal(v[0].total, 2);
	assert_int_equal(v[0].allocated, 2);
	assert_int_equal(v[0].misses, 1);
}

/* Neither the network's address nor its broadcast one; the host part stays
 * with match-host. */
static void
test_pool_addresses(void **state UNUSED)
{
	natrig_pool(&n, "P", POOL_1 - 1, POOL_1 + 1);
	natrig_list(&n, "1", "P", false);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_forget(&n);
	natrig_pool(&n, "P", POOL_1, POOL_1 + 200)->type =
	    NAT_POOL_MATCH_HOST;
	natrig_list(&n, "1", "P", false);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9),
	    UDP(POOL_1 + 10, 9, FAR_A, 9));
	natrig_lost(&n, LAN, UDP(IP4(10, 1, 1, 250), 9, FAR_A, 9), 0,
	    DROP_NAT_ADDRESS);
}

/* Overload over a pool: the second address when the first has no port. */
static void
test_pool_overload(void **state UNUSED)
{
	unsigned i;

	natrig_pool(&n, "P", POOL_1, POOL_1 + 1);
	natrig_list(&n, "1", "P", true);
	natrig_commit(&n);
	for (i = 1; i <= 511; i++)
		natrig_out(&n, UDP(HOST_A, (uint16_t)i, FAR_A, 7),
		    UDP(POOL_1, (uint16_t)i, FAR_A, 7));
	natrig_out(&n, UDP(HOST_B, 5, FAR_A, 7), UDP(POOL_1 + 1, 5, FAR_A, 7));
}

/* Seed 004: what goes to the far office is left alone, the rest is
 * translated; an entry of the route-map that denies is no translation. */
static void
test_exemption(void **state UNUSED)
{
	struct ace vpn = mk_ace(ACE_PERMIT, 0, IP4(10, 1, 1, 0), 255,
	    IP4(10, 2, 2, 0), 255);

	rig_acl(&n.r, "VPN", &vpn, 1);
	natrig_route_map(&n, "NAT", true, "VPN");
	natrig_route_map(&n, "NAT", false, "1");
	natrig_map(&n, "NAT", NULL, true);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_HOST, 9),
	    UDP(HOST_A, 9, FAR_HOST, 9));
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(WAN_ADDR, 9, FAR_A, 9));
	natrig_in(&n, UDP(FAR_HOST, 9, HOST_A, 9),
	    UDP(FAR_HOST, 9, HOST_A, 9));
	assert_int_equal(natrig_stats(&n).dynamics, 1);
}

/* Lists and route-maps that are not there, or match nobody. */
static void
test_nothing_matches(void **state UNUSED)
{
	struct ace no = mk_ace(ACE_DENY, 0, 0, ~0u, 0, ~0u);
	struct seen s = UDP(HOST_A, 9, FAR_A, 9);

	natrig_list(&n, "nowhere", NULL, true);
	natrig_map(&n, "nowhere", NULL, true);
	natrig_route_map(&n, "HOLLOW", false, "nowhere");
	natrig_map(&n, "HOLLOW", NULL, true);
	rig_acl(&n.r, "NO", &no, 1);
	natrig_list(&n, "NO", NULL, true);
	natrig_commit(&n);
	natrig_out(&n, s, s);
	/* an entry without a match line matches all; one whose match is not
	 * built matches nothing */
	natrig_route_map(&n, "ALL", false, "");
	n.rm[1].others.n = 1;
	natrig_map(&n, "ALL", NULL, true);
	natrig_commit(&n);
	natrig_out(&n, s, s);
	n.rm[1].others.n = 0;
	natrig_commit(&n);
	natrig_out(&n, s, UDP(WAN_ADDR, 9, FAR_A, 9));
}

/* A rule that wants to and cannot: no pool of that name, no address. */
static void
test_cannot(void **state UNUSED)
{
	struct port wan = n.r.f->ports[WAN];

	natrig_list(&n, "1", "nowhere", true);
	natrig_commit(&n);
	natrig_lost(&n, LAN, UDP(HOST_A, 9, FAR_A, 9), 0, DROP_NAT_ADDRESS);
	natrig_forget(&n);
	natrig_list(&n, "1", NULL, true);
	natrig_commit(&n);
	wan.addr = 0;
	fwd_port(n.r.f, &wan);
	natrig_lost(&n, LAN, UDP(HOST_A, 9, FAR_A, 9), 0, DROP_NAT_ADDRESS);
}

/* Only from inside to outside; nothing comes in without an entry. */
static void
test_crossing(void **state UNUSED)
{
	struct seen s = UDP(HOST_A, 9, FAR_A, 9);
	static const uint8_t sides[][2] = { { NAT_NONE, NAT_OUTSIDE },
		{ NAT_INSIDE, NAT_NONE }, { NAT_OUTSIDE, NAT_OUTSIDE },
		{ NAT_INSIDE, NAT_INSIDE }, { NAT_OUTSIDE, NAT_INSIDE } };
	size_t i;

	overload_interface();
	for (i = 0; i < NELEM(sides); i++) {
		n.r.ifs[0].nat = sides[i][0];
		n.r.ifs[1].nat = sides[i][1];
		natrig_commit(&n);
		natrig_out(&n, s, s);
	}
	n.r.ifs[0].nat = NAT_INSIDE;
	n.r.ifs[1].nat = NAT_OUTSIDE;
	natrig_commit(&n);
	natrig_in(&n, seen_back(s), seen_back(s));
	natrig_pass(&n, WAN, UDP(FAR_A, 9, WAN_ADDR, 9), 0, PORT_LOCAL,
	    UDP(FAR_A, 9, WAN_ADDR, 9));
	assert_int_equal(natrig_stats(&n).dynamics, 0);
}

/* ---- static ---- */

static void
test_static(void **state UNUSED)
{
	struct nat_stats s;

	natrig_static(&n, HOST_A, POOL_1);
	overload_interface();
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_in(&n, TCP(FAR_B, 5, POOL_1, 80), TCP(FAR_B, 5, HOST_A, 80));
	natrig_out(&n, TCP(HOST_A, 80, FAR_B, 5), TCP(POOL_1, 80, FAR_B, 5));
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9), UDP(WAN_ADDR, 9, FAR_A, 9));
	s = natrig_stats(&n);
	assert_int_equal(s.statics, 1);
	assert_int_equal(s.extended, 3);
}

static void
test_static_port(void **state UNUSED)
{
	struct nat_static *web;

	overload_interface();
	natrig_static_port(&n, PROTO_TCP, HOST_A, 80, POOL_1, 8080);
	web = natrig_static_port(&n, PROTO_TCP, HOST_B, 22, 0, 2222);
	str_copy(web->ifname, n.r.ifs[1].name, sizeof(web->ifname));
	natrig_commit(&n);
	natrig_in(&n, TCP(FAR_A, 5, POOL_1, 8080), TCP(FAR_A, 5, HOST_A, 80));
	natrig_out(&n, TCP(HOST_A, 80, FAR_A, 5), TCP(POOL_1, 8080, FAR_A, 5));
	natrig_in(&n, TCP(FAR_A, 5, WAN_ADDR, 2222),
	    TCP(FAR_A, 5, HOST_B, 22));
	/* another port, another protocol: not that line's */
	natrig_out(&n, TCP(HOST_A, 81, FAR_A, 5),
	    TCP(WAN_ADDR, 81, FAR_A, 5));
	natrig_out(&n, UDP(HOST_A, 80, FAR_A, 5),
	    UDP(WAN_ADDR, 80, FAR_A, 5));
	/* overload keeps off the port of the line */
	natrig_send(&n, LAN, TCP(HOST_A, 2222, FAR_B, 5), 2);
	assert_int_equal(natrig_got(&n, WAN).src, WAN_ADDR);
	assert_int_not_equal(natrig_got(&n, WAN).sport, 2222);
}

static void
test_static_network(void **state UNUSED)
{
	natrig_static(&n, IP4(10, 1, 1, 0), IP4(198, 51, 100, 0))->mask =
	    0xffffff00;
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9),
	    UDP(IP4(198, 51, 100, 11), 9, FAR_A, 9));
	natrig_in(&n, UDP(FAR_B, 9, IP4(198, 51, 100, 77), 5),
	    UDP(FAR_B, 9, IP4(10, 1, 1, 77), 5));
}

/* Two globals of one host (extendable): the outside reaches it by both, it
 * answers by that one; on its own it takes the first line, or the one whose
 * route-map wants the packet. */
static void
test_extendable(void **state UNUSED)
{
	struct ace to_b = mk_ace(ACE_PERMIT, 0, 0, ~0u, FAR_B, 0);
	struct nat_static *s;

	natrig_static(&n, HOST_A, POOL_1)->extendable = true;
	s = natrig_static(&n, HOST_A, POOL_1 + 1);
	natrig_commit(&n);
	natrig_in(&n, TCP(FAR_A, 5, POOL_1 + 1, 80), TCP(FAR_A, 5, HOST_A, 80));
	natrig_out(&n, TCP(HOST_A, 80, FAR_A, 5),
	    TCP(POOL_1 + 1, 80, FAR_A, 5));
	natrig_out(&n, TCP(HOST_A, 1, FAR_B, 5), TCP(POOL_1, 1, FAR_B, 5));
	natrig_forget(&n);
	rig_acl(&n.r, "TO-B", &to_b, 1);
	natrig_route_map(&n, "B", false, "TO-B");
	s = natrig_static(&n, HOST_A, POOL_1 + 2);
	str_copy(s->route_map, "B", sizeof(s->route_map));
	natrig_static(&n, HOST_A, POOL_1 + 3);
	natrig_commit(&n);
	natrig_out(&n, TCP(HOST_A, 2, FAR_B, 5), TCP(POOL_1 + 2, 2, FAR_B, 5));
	natrig_out(&n, TCP(HOST_A, 2, FAR_A, 5), TCP(POOL_1 + 3, 2, FAR_A, 5));
	natrig_in(&n, TCP(FAR_B, 7, POOL_1 + 2, 8), TCP(FAR_B, 7, HOST_A, 8));
	/* and in as well: the line is not for that one */
	natrig_send(&n, WAN, TCP(FAR_A, 7, POOL_1 + 2, 8), 0);
	assert_int_not_equal(natrig_got(&n, LAN).dst, HOST_A);
}

/* ---- the other ways ---- */

/* Connections to a virtual host go round; UDP does not. */
static void
rotary(bool standard)
{
	uint32_t virt = IP4(198, 51, 100, 200);
	struct ace v = mk_ace(ACE_PERMIT, 0, standard ? virt : 0,
	    standard ? 0 : ~0u, standard ? 0 : virt, standard ? ~0u : 0);
	struct nat_dynamic *d;
	unsigned i;

	rig_acl(&n.r, "V", &v, 1);
	n.r.acls[n.r.n_acls - 1].standard = standard;
	natrig_pool(&n, "REAL", HOST_A, HOST_A + 2)->type = NAT_POOL_ROTARY;
	d = natrig_list(&n, "V", "REAL", false);
	d->way = NAT_INSIDE_DEST;
	natrig_commit(&n);
	for (i = 0; i < 6; i++) {
		natrig_pass(&n, WAN, TCP(FAR_A, (uint16_t)(100 + i), virt, 80),
		    TCP_SYN, LAN, TCP(FAR_A, (uint16_t)(100 + i),
		    HOST_A + i % 3, 80));
		natrig_pass(&n, LAN, TCP(HOST_A + i % 3, 80, FAR_A,
		    (uint16_t)(100 + i)), TCP_SYN | TCP_ACK, WAN,
		    TCP(virt, 80, FAR_A, (uint16_t)(100 + i)));
	}
	/* and there is no route to it */
	natrig_send(&n, WAN, UDP(FAR_A, 1, virt, 80), 0);
	assert_int_equal(rig_drops(&n.r, DROP_NO_ROUTE), 1);
}

static void
test_rotary(void **state UNUSED)
{
	rotary(false);
}

/* A list without destinations names the virtual host, too. */
static void
test_rotary_standard(void **state UNUSED)
{
	rotary(true);
}

/* The outside has addresses that the inside knows otherwise. */
static void
test_outside(void **state UNUSED)
{
	struct ace far = mk_ace(ACE_PERMIT, 0, IP4(203, 0, 113, 0), 255, 0,
	    ~0u);
	uint32_t known = IP4(10, 9, 9, 9);

	natrig_static(&n, known, FAR_A)->way = NAT_OUTSIDE_SOURCE;
	natrig_static(&n, HOST_A, POOL_1);
	rig_acl(&n.r, "FAR", &far, 1);
	natrig_pool(&n, "OUT", IP4(10, 8, 8, 1), IP4(10, 8, 8, 9));
	natrig_list(&n, "FAR", "OUT", false)->way = NAT_OUTSIDE_SOURCE;
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 5, known, 6), UDP(POOL_1, 5, FAR_A, 6));
	natrig_in(&n, UDP(FAR_A, 6, POOL_1, 5), UDP(known, 6, HOST_A, 5));
	natrig_out(&n, UDP(HOST_B, 5, known, 6), UDP(HOST_B, 5, FAR_A, 6));
	natrig_in(&n, UDP(FAR_B, 6, POOL_1, 5),
	    UDP(IP4(10, 8, 8, 1), 6, HOST_A, 5));
	natrig_out(&n, UDP(HOST_A, 5, IP4(10, 8, 8, 1), 6),
	    UDP(POOL_1, 5, FAR_B, 6));
	/* what is for the router itself stays as it is */
	natrig_pass(&n, WAN, UDP(FAR_B, 6, WAN_ADDR, 5), 0, PORT_LOCAL,
	    UDP(FAR_B, 6, WAN_ADDR, 5));
}

/* The outside, which has another address here, knows a host by its own one: the
 * answer leaves translated all the same. */
static void
test_outside_direct(void **state UNUSED)
{
	struct ace far = mk_ace(ACE_PERMIT, 0, IP4(203, 0, 113, 0), 255, 0,
	    ~0u);
	uint32_t known = IP4(10, 8, 8, 1);

	rig_acl(&n.r, "FAR", &far, 1);
	natrig_lan_list(&n, "1");
	natrig_pool(&n, "OUT", known, IP4(10, 8, 8, 9));
	natrig_list(&n, "FAR", "OUT", false)->way = NAT_OUTSIDE_SOURCE;
	natrig_static(&n, HOST_B, POOL_1);
	natrig_list(&n, "1", NULL, true);
	natrig_commit(&n);
	natrig_in(&n, UDP(FAR_A, 6, HOST_A, 5), UDP(known, 6, HOST_A, 5));
	natrig_out(&n, UDP(HOST_A, 5, known, 6), UDP(WAN_ADDR, 5, FAR_A, 6));
	natrig_in(&n, UDP(FAR_A, 6, HOST_B, 5), UDP(known, 6, HOST_B, 5));
	natrig_out(&n, UDP(HOST_B, 5, known, 6), UDP(POOL_1, 5, FAR_A, 6));
}

/* No route leads to an outside local address: with add-route the way is that
 * to the global one. */
static void
test_add_route(void **state UNUSED)
{
	struct ace far = mk_ace(ACE_PERMIT, 0, FAR_B, 0, 0, ~0u);
	struct seen s = UDP(HOST_A, 5, IP4(172, 16, 0, 9), 6);
	struct seen t = UDP(HOST_A, 5, IP4(172, 17, 0, 1), 6);
	struct seen u = UDP(HOST_A, 5, IP4(172, 18, 0, 10), 6);
	unsigned on;

	for (on = 0; on < 2; on++) {
		struct nat_static *net, *one;
		struct nat_dynamic *d;

		natrig_forget(&n);
		rig_acl(&n.r, on == 0 ? "FAR" : "FAR2", &far, 1);
		one = natrig_static(&n, s.dst, FAR_A);
		one->way = NAT_OUTSIDE_SOURCE;
		one->add_route = on;
		net = natrig_static(&n, IP4(172, 18, 0, 0),
		    IP4(203, 0, 113, 128));
		net->way = NAT_OUTSIDE_SOURCE;
		net->mask = 0xffffff80;
		net->add_route = on;
		natrig_pool(&n, "OUT", t.dst, t.dst);
		d = natrig_list(&n, on == 0 ? "FAR" : "FAR2", "OUT", false);
		d->way = NAT_OUTSIDE_SOURCE;
		d->add_route = on;
		natrig_commit(&n);
		natrig_in(&n, UDP(FAR_B, 6, HOST_A, 5), seen_back(t));
		if (on) {
			natrig_out(&n, s, UDP(HOST_A, 5, FAR_A, 6));
			natrig_out(&n, t, UDP(HOST_A, 5, FAR_B, 6));
			natrig_out(&n, u, UDP(HOST_A, 5,
			    IP4(203, 0, 113, 138), 6));
			continue;
		}
		natrig_send(&n, LAN, s, 0);
		natrig_send(&n, LAN, t, 0);
		natrig_send(&n, LAN, u, 0);
		assert_int_equal(rig_drops(&n.r, DROP_NO_ROUTE), 3);
	}
}

/* An entry that exists, then static, then the rules in order. */
static void
test_selection(void **state UNUSED)
{
	struct ace both = mk_ace(ACE_PERMIT, 0, HOST_A, 1, 0, ~0u);

	natrig_pool(&n, "P", POOL_1, POOL_1);
	natrig_list(&n, "1", "P", true);
	natrig_list(&n, "1", NULL, true);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_static(&n, HOST_A, POOL_1 + 9);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_out(&n, UDP(HOST_A, 9, FAR_B, 9), UDP(POOL_1 + 9, 9, FAR_B, 9));
	/* the list changes: entries that are there stay */
	n.r.entries[0].ace = both;
	n.r.entries[0].ace.action = ACE_DENY;
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9), UDP(HOST_B, 9, FAR_A, 9));
}

/* Route-map and pool without overload: extended entries, one address for a
 * host, which nobody else can use to come in. */
static void
test_route_map_pool(void **state UNUSED)
{
	natrig_pool(&n, "P", POOL_1, POOL_1 + 1);
	natrig_route_map(&n, "RM", false, "1");
	natrig_map(&n, "RM", "P", false);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_out(&n, UDP(HOST_A, 8, FAR_B, 9), UDP(POOL_1, 8, FAR_B, 9));
	natrig_out(&n, UDP(HOST_B, 8, FAR_B, 9), UDP(POOL_1 + 1, 8, FAR_B, 9));
	natrig_in(&n, UDP(FAR_B, 9, POOL_1, 8), UDP(FAR_B, 9, HOST_A, 8));
	natrig_send(&n, WAN, UDP(FAR_B, 10, POOL_1, 8), 0);
	assert_int_not_equal(natrig_got(&n, LAN).dst, HOST_A);
	assert_int_equal(natrig_stats(&n).dynamics, 3);
	assert_int_equal(natrig_stats(&n).extended, 3);
}

int
main(void)
{
#define NAT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		NAT_TEST(test_overload),
		NAT_TEST(test_port_groups),
		NAT_TEST(test_own_services),
		NAT_TEST(test_own_connections),
		NAT_TEST(test_own_answers),
		NAT_TEST(test_own_inside),
		NAT_TEST(test_no_port_left),
		NAT_TEST(test_icmp_query),
		NAT_TEST(test_other_protocols),
		NAT_TEST(test_pool),
		NAT_TEST(test_pool_addresses),
		NAT_TEST(test_pool_overload),
		NAT_TEST(test_exemption),
		NAT_TEST(test_nothing_matches),
		NAT_TEST(test_cannot),
		NAT_TEST(test_crossing),
		NAT_TEST(test_static),
		NAT_TEST(test_static_port),
		NAT_TEST(test_static_network),
		NAT_TEST(test_extendable),
		NAT_TEST(test_rotary),
		NAT_TEST(test_rotary_standard),
		NAT_TEST(test_outside),
		NAT_TEST(test_outside_direct),
		NAT_TEST(test_add_route),
		NAT_TEST(test_selection),
		NAT_TEST(test_route_map_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
