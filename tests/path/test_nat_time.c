/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How long translations live: timers and TCP, a full table, configuration
 * that changes below them, clear; and what nat.h tells of them.
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
#define ACTIVE() (natrig_stats(&n).statics + natrig_stats(&n).dynamics)

static int
setup(void **state UNUSED)
{
	natrig_start(&n);
	natrig_lan_list(&n, "1");
	natrig_list(&n, "1", NULL, true);
	natrig_commit(&n);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	natrig_end(&n);
	return 0;
}

static size_t
walk(struct nat_view *v, size_t max)
{
	uint32_t at = 0;

	return nat_walk(n.r.f, &at, v, max);
}

/* Packets of one flow: S, A, F, R out; small letters come in, s is SYN and
 * ACK. Others than TCP: letters say the way. */
static void
play(struct seen s, const char *script)
{
	static const struct { char c; uint8_t flags; } steps[] = {
		{ 'S', TCP_SYN }, { 'A', TCP_ACK }, { 'F', TCP_FIN | TCP_ACK },
		{ 'R', TCP_RST }, { 's', TCP_SYN | TCP_ACK },
		{ 'a', TCP_ACK }, { 'f', TCP_FIN | TCP_ACK },
		{ 'r', TCP_RST },
	};
	struct seen back = seen_back(s);
	size_t i;

	back.dst = WAN_ADDR;
	for (; *script != '\0'; script++) {
		for (i = 0; steps[i].c != *script; i++)
			;
		if (i < 4)
			natrig_send(&n, LAN, s, steps[i].flags);
		else
			natrig_send(&n, WAN, back, s.proto == PROTO_ICMP ? 1 :
			    steps[i].flags);
		assert_int_equal(n.r.n_out, 1);
	}
}

static void
test_timers(void **state UNUSED)
{
	static const struct {
		uint8_t proto;
		uint16_t port;
		const char *script;
		uint32_t timeout;
	} rows[] = {
		{ PROTO_UDP, 9, "A", 300 }, { PROTO_UDP, 9, "Aa", 300 },
		{ PROTO_UDP, 53, "A", 61 }, { PROTO_UDP, 69, "A", 17 },
		{ PROTO_ICMP, 5, "Aa", 64 },
		{ PROTO_TCP, 80, "S", 62 }, { PROTO_TCP, 80, "SSS", 62 },
		{ PROTO_TCP, 80, "Ss", 62 }, { PROTO_TCP, 80, "SsA", 8000 },
		{ PROTO_TCP, 80, "AAA", 62 }, { PROTO_TCP, 80, "Aa", 8000 },
		{ PROTO_TCP, 80, "SsAF", 63 }, { PROTO_TCP, 80, "SsAf", 63 },
		{ PROTO_TCP, 80, "SsAFaA", 63 },
		{ PROTO_TCP, 80, "SsAR", 63 }, { PROTO_TCP, 80, "SsAr", 63 },
		{ PROTO_TCP, 80, "SsAFfAS", 62 },
		{ PROTO_TCP, 80, "SsAFfASsA", 8000 },
		{ PROTO_TCP, 8080, "S", 62 }, { PROTO_TCP, 8080, "SsA", 18 },
		{ PROTO_TCP, 1723, "SsA", 9000 }, { PROTO_GRE, 0, "A", 9000 },
		{ PROTO_ESP, 0, "A", 7000 },
	};
	struct nat_port_timeout pt[2] = { { .proto = PROTO_UDP, .port = 69,
		.secs = 17 }, { .proto = PROTO_TCP, .port = 8080,
		.secs = 18 } };
	struct nat_view v[4];
	size_t i;

	rig_add(&n.r.conf.nat_port_timeouts, &pt[0].obj);
	rig_add(&n.r.conf.nat_port_timeouts, &pt[1].obj);
	n.r.conf.nat_timeouts = (struct nat_timeouts){ .any = 7000,
		.udp = 300, .dns = 61, .tcp = 8000, .syn = 62, .finrst = 63,
		.icmp = 64, .pptp = 9000 };
	natrig_commit(&n);
	for (i = 0; i < NELEM(rows); i++) {
		struct seen s = mk_seen(rows[i].proto, HOST_A, rows[i].port,
		    FAR_A, rows[i].port);

		if (rows[i].proto == PROTO_TCP)
			s.sport = (uint16_t)(3000 + i);
		play(s, rows[i].script);
		assert_int_equal(walk(v, 4), 1);
		assert_int_equal(v[0].timeout, rows[i].timeout);
		assert_int_equal(v[0].left, rows[i].timeout);
		n.r.now += rows[i].timeout * 1000 - 1000;
		rig_timeout(&n.r);
		assert_int_equal(walk(v, 4), 1);
		assert_int_equal(v[0].left, 1);
		n.r.now += 1000;
		assert_int_equal(walk(v, 4), 0);
		rig_timeout(&n.r);
		n.r.now += 1000;
		rig_timeout(&n.r);
		assert_int_equal(ACTIVE(), 0);
		assert_int_equal(natrig_stats(&n).expired, i + 1);
	}
}

/* A packet in either way keeps it; `never` too. Coming back when
 * fwd_timeout() says is enough. */
static void
test_refresh_and_never(void **state UNUSED)
{
	struct seen s = UDP(HOST_A, 9, FAR_A, 9);
	unsigned i;

	for (i = 0; i < 10; i++) {
		play(s, i % 2 == 0 ? "A" : "a");
		assert_int_equal(natrig_stats(&n).misses, 1);
		n.r.now += 299000;
		rig_timeout(&n.r);
	}
	n.r.conf.nat_timeouts.udp = NAT_NEVER;
	natrig_commit(&n);
	n.r.now += 400000000;
	rig_timeout(&n.r);
	play(s, "Aa");
	assert_int_equal(natrig_stats(&n).misses, 1);
	n.r.conf.nat_timeouts.udp = 300;
	natrig_commit(&n);
	for (i = 0; ACTIVE() > 0; i++) {
		n.r.now = fwd_timeout(n.r.f);
		assert_true(i < 400);
	}
	assert_in_range(i, 299, 303);
	assert_true(fwd_timeout(n.r.f) == UINT64_MAX);
}

/* 0 seconds would end an entry before its answer comes: it is `never`. */
static void
test_timeout_zero(void **state UNUSED)
{
	struct nat_view v[2];

	n.r.conf.nat_timeouts.udp = 0;
	natrig_commit(&n);
	play(UDP(HOST_A, 9, FAR_A, 9), "Aa");
	n.r.now += 400000000;
	rig_timeout(&n.r);
	assert_int_equal(walk(v, 2), 1);
	assert_int_equal(v[0].timeout, NAT_NEVER);
}

/* What ends in one second is gone soon, however much it is, and without a
 * packet that asks for it. */
static void
test_many_end(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 20000; i++)
		natrig_send(&n, LAN, UDP(HOST_A, (uint16_t)(1024 + i), FAR_A,
		    9), 0);
	assert_int_equal(ACTIVE(), 20000);
	n.r.now += 300000;
	for (i = 0; ACTIVE() > 0; i++) {
		rig_timeout(&n.r);
		n.r.now = fwd_timeout(n.r.f);
		assert_true(i < 40);
	}
}

/* A shorter timeout holds for what is there already. */
static void
test_timeout_changes(void **state UNUSED)
{
	struct nat_view v[2];

	play(UDP(HOST_A, 9, FAR_A, 9), "A");
	n.r.now += 20000;
	n.r.conf.nat_timeouts.udp = 10;
	natrig_commit(&n);
	assert_int_equal(walk(v, 2), 0);
	rig_timeout(&n.r);
	assert_int_equal(ACTIVE(), 0);
}

/* The address of a host outlives its flows by `timeout`. */
static void
test_simple_entries(void **state UNUSED)
{
	struct nat_view v[4];

	natrig_forget(&n);
	natrig_pool(&n, "P", POOL_1, POOL_1);
	natrig_list(&n, "1", "P", false);
	n.r.conf.nat_timeouts.any = 1000;
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	assert_int_equal(walk(v, 4), 2);
	assert_int_equal(v[0].kind, NAT_SIMPLE);
	assert_int_equal(v[0].children, 1);
	assert_int_equal(v[1].kind, NAT_EXTENDED);
	n.r.now += 300000;
	rig_timeout(&n.r);
	assert_int_equal(ACTIVE(), 1);
	n.r.now += 990000;
	rig_timeout(&n.r);
	natrig_lost(&n, LAN, UDP(HOST_B, 9, FAR_A, 9), 0, DROP_NAT_ADDRESS);
	n.r.now += 11000;
	rig_timeout(&n.r);
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
}

/* ---- full ---- */

static bool
there(uint16_t port)
{
	struct nat_view v[64];
	size_t i, got = walk(v, 64);

	for (i = 0; i < got; i++) {
		if (v[i].t.inside_local_port == port)
			return true;
	}
	return false;
}

static void
flow(uint16_t port)
{
	natrig_out(&n, UDP(HOST_A, port, FAR_A, 9),
	    UDP(WAN_ADDR, port, FAR_A, 9));
}

static void
test_full(void **state UNUSED)
{
	uint16_t i;

	n.r.conf.nat_max_entries = 4;
	natrig_commit(&n);
	for (i = 1; i <= 4; i++) {
		flow(i);
		n.r.now += 1000;
	}
	flow(1);
	n.r.now += 1000;
	rig_timeout(&n.r);
	assert_int_equal(n.r.n_logs, 0);
	flow(5);
	assert_true(there(1) && !there(2) && there(3) && there(4) && there(5));
	assert_int_equal(natrig_stats(&n).evicted, 1);
	assert_int_equal(natrig_stats(&n).max, 4);
	flow(6);
	assert_true(there(1) && !there(3) && there(6));
	rig_timeout(&n.r);
	assert_int_equal(n.r.n_logs, 1); /* once */
	assert_int_equal(n.r.logs[0], LOG_NAT_FULL);
	/* a limit that is lowered is reached by and by */
	n.r.conf.nat_max_entries = 2;
	natrig_commit(&n);
	flow(7);
	flow(8);
	flow(9);
	assert_int_equal(ACTIVE(), 2);
	assert_int_equal(natrig_stats(&n).peak, 4);
}

/* A router that was up for long when its first line was typed. */
static void
test_peak_of_static(void **state UNUSED)
{
	n.r.now = 62934000;
	natrig_static(&n, HOST_B, POOL_1);
	natrig_commit(&n);
	n.r.now += 5000;
	assert_int_equal(natrig_stats(&n).peak, 1);
	assert_int_equal(natrig_stats(&n).peak_ago, 5);
}

/* Static entries and what others came from stay; a static one translates
 * without an entry for the flow, overload does not. */
static void
test_full_of_static(void **state UNUSED)
{
	natrig_static(&n, HOST_B, POOL_1);
	n.r.conf.nat_max_entries = 1;
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_in(&n, UDP(FAR_A, 9, POOL_1, 9), UDP(FAR_A, 9, HOST_B, 9));
	natrig_lost(&n, LAN, UDP(HOST_A, 9, FAR_A, 9), 0, DROP_NAT_FULL);
	assert_int_equal(natrig_stats(&n).no_entry, 1);
	assert_int_equal(ACTIVE(), 1);
}

/* The address of a host does not go before the flows that came from it: it
 * could be another host's while they are still translated to it. */
static void
test_full_of_parents(void **state UNUSED)
{
	struct nat_view v[4];
	unsigned i;

	natrig_forget(&n);
	natrig_pool(&n, "P", POOL_1, POOL_1 + 3);
	natrig_list(&n, "1", "P", false);
	n.r.conf.nat_max_entries = 3;
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	n.r.now += 1000;
	natrig_in(&n, UDP(FAR_A, 9, POOL_1, 9), UDP(FAR_A, 9, HOST_A, 9));
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9), UDP(POOL_1 + 1, 9, FAR_A, 9));
	assert_int_equal(natrig_stats(&n).evicted, 1);
	assert_int_equal(walk(v, 4), 3);
	for (i = 0; i < 3; i++) {
		if (v[i].t.inside_local == HOST_A)
			assert_int_equal(v[i].kind, NAT_SIMPLE);
		if (v[i].kind == NAT_SIMPLE)
			assert_int_equal(v[i].children,
			    v[i].t.inside_local == HOST_B);
	}
}

/* A line makes its entry when it is typed, not when the router came up. */
static void
test_static_age(void **state UNUSED)
{
	struct nat_view v[2];

	natrig_static(&n, HOST_A, POOL_1);
	n.r.now += 5000;
	natrig_commit(&n);
	n.r.now += 3000;
	assert_int_equal(walk(v, 2), 1);
	assert_int_equal(v[0].created, 3);
	assert_int_equal(natrig_stats(&n).peak_ago, 3);
}

/* Who shows the table behind a line that took entries along sees none. */
static void
test_line_goes_at_once(void **state UNUSED)
{
	natrig_static(&n, HOST_A, POOL_1);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	assert_int_equal(ACTIVE(), 2);
	natrig_forget(&n);
	natrig_commit(&n);
	assert_int_equal(ACTIVE(), 0);
}

/* The limit is not for lines of the configuration. */
static void
test_statics_over_limit(void **state UNUSED)
{
	n.r.conf.nat_max_entries = 1;
	natrig_static(&n, HOST_A, POOL_1);
	natrig_static(&n, HOST_B, POOL_1 + 1);
	natrig_commit(&n);
	assert_int_equal(ACTIVE(), 2);
	natrig_in(&n, UDP(FAR_A, 9, POOL_1 + 1, 9), UDP(FAR_A, 9, HOST_B, 9));
}

/* ---- configuration ---- */

static void
test_rule_goes(void **state UNUSED)
{
	struct nat_view v[4];

	flow(7);
	/* the same line somewhere else is the same line */
	natrig_forget(&n);
	natrig_static(&n, HOST_B, POOL_1);
	natrig_list(&n, "nowhere", NULL, true);
	natrig_list(&n, "1", NULL, true);
	natrig_commit(&n);
	assert_true(there(7));
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	assert_int_equal(ACTIVE(), 3);
	/* gone: dead at once, taken out soon, static ones with children */
	natrig_forget(&n);
	natrig_static(&n, HOST_A, POOL_1);
	natrig_commit(&n);
	assert_int_equal(walk(v, 4), 1);
	natrig_in(&n, UDP(FAR_A, 9, POOL_1, 9), UDP(FAR_A, 9, HOST_A, 9));
	rig_timeout(&n.r);
	n.r.now += 1000;
	rig_timeout(&n.r);
	assert_int_equal(ACTIVE(), 2);
	assert_int_equal(natrig_stats(&n).statics, 1);
	/* no rule at all: what is left goes, off is off */
	natrig_forget(&n);
	natrig_commit(&n);
	rig_timeout(&n.r);
	n.r.now += 1000;
	rig_timeout(&n.r);
	assert_int_equal(ACTIVE(), 0);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(HOST_A, 9, FAR_A, 9));
}

static void
test_address_changes(void **state UNUSED)
{
	struct port wan = n.r.f->ports[WAN];
	struct nat_static *s;

	s = natrig_static_port(&n, PROTO_TCP, HOST_B, 80, 0, 80);
	str_copy(s->ifname, n.r.ifs[1].name, sizeof(s->ifname));
	natrig_commit(&n);
	flow(7);
	fwd_port(n.r.f, &wan); /* the same */
	assert_true(there(7));
	wan.addr = IP4(192, 0, 2, 77);
	fwd_port(n.r.f, &wan);
	assert_false(there(7));
	natrig_out(&n, UDP(HOST_A, 7, FAR_A, 9), UDP(wan.addr, 7, FAR_A, 9));
	natrig_in(&n, TCP(FAR_A, 7, wan.addr, 80), TCP(FAR_A, 7, HOST_B, 80));
	rig_timeout(&n.r);
	assert_int_equal(natrig_stats(&n).statics, 1);
}

/* The table has what the configuration says now, the worker still the
 * snapshot of before: nothing leaves as it is. */
static void
test_line_changes(void **state UNUSED)
{
	natrig_static(&n, HOST_B, POOL_1);
	natrig_commit(&n);
	flow(7);
	n.r.f->ports[WAN].addr = IP4(192, 0, 2, 77);
	nat_config(n.r.f);
	natrig_lost(&n, LAN, UDP(HOST_A, 7, FAR_A, 9), 0, DROP_NAT_CHANGE);
	snap_publish(n.r.f);
	natrig_out(&n, UDP(HOST_A, 7, FAR_A, 9),
	    UDP(IP4(192, 0, 2, 77), 7, FAR_A, 9));

	natrig_forget(&n);
	nat_config(n.r.f);
	natrig_lost(&n, LAN, UDP(HOST_A, 7, FAR_A, 9), 0, DROP_NAT_CHANGE);
	natrig_lost(&n, LAN, UDP(HOST_B, 7, FAR_A, 9), 0, DROP_NAT_CHANGE);
	snap_publish(n.r.f);
	natrig_out(&n, UDP(HOST_B, 7, FAR_A, 9), UDP(HOST_B, 7, FAR_A, 9));
}

static void
test_pool_changes(void **state UNUSED)
{
	natrig_forget(&n);
	natrig_pool(&n, "P", POOL_1, POOL_1 + 7);
	natrig_list(&n, "1", "P", false);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	n.p[0].start = n.p[0].end = POOL_1 + 20;
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1 + 20, 9, FAR_A,
	    9));
	rig_timeout(&n.r);
	n.r.now += 1000;
	rig_timeout(&n.r);
	assert_int_equal(ACTIVE(), 2);
}

/* Rules come and go many times: numbers are used again, nothing is kept. */
static void
test_many_changes(void **state UNUSED)
{
	struct nat_rule_view v[8];
	unsigned i;

	for (i = 0; i < 300; i++) {
		natrig_forget(&n);
		natrig_pool(&n, "P", POOL_1 + i, POOL_1 + i)->mask = ~0u;
		natrig_static(&n, HOST_B + i, POOL_1 - 1 - i);
		natrig_list(&n, "1", "P", true);
		natrig_commit(&n);
		natrig_send(&n, LAN, UDP(HOST_A, 9, FAR_A, 9), 0);
		assert_int_equal(natrig_got(&n, WAN).src, POOL_1 + i);
		rig_timeout(&n.r);
	}
	n.r.now += 1000;
	rig_timeout(&n.r);
	assert_int_equal(ACTIVE(), 2);
	assert_int_equal(nat_rules_get(n.r.f, v, 8), 1);
	assert_true(v[0].id < 8);
	assert_int_equal(v[0].refs, 1);
}

/* ---- clear and the rest of nat.h ---- */

static void
test_clear(void **state UNUSED)
{
	struct nat_filter one = { .t = { .proto = PROTO_UDP,
		.inside_local = HOST_A, .inside_local_port = 7 } };
	struct nat_filter all = { .all = true };
	struct nat_filter host = { .t = { .inside_local = HOST_B,
		.inside_global = POOL_1 } };
	struct nat_filter gone = { .t = { .proto = PROTO_TCP } };

	natrig_static(&n, HOST_B, POOL_1);
	natrig_commit(&n);
	flow(7);
	flow(8);
	natrig_out(&n, UDP(HOST_B, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	assert_int_equal(nat_clear(n.r.f, &gone), 0);
	assert_int_equal(nat_clear(n.r.f, &one), 1);
	assert_true(!there(7) && there(8));
	assert_int_equal(nat_clear(n.r.f, &host), 1);
	assert_int_equal(ACTIVE(), 2);
	flow(7);
	assert_int_equal(nat_clear(n.r.f, &all), 2);
	assert_int_equal(ACTIVE(), 1);
	assert_int_equal(natrig_stats(&n).statics, 1);
}

/* The address of a pool is free again, also when the table is told to forget
 * a host before its flows. */
static void
test_clear_pool(void **state UNUSED)
{
	struct nat_filter host = { .t = { .inside_local = HOST_A } };
	struct nat_pool_view v;

	natrig_forget(&n);
	natrig_pool(&n, "P", POOL_1, POOL_1);
	natrig_list(&n, "1", "P", false);
	natrig_commit(&n);
	natrig_out(&n, UDP(HOST_A, 9, FAR_A, 9), UDP(POOL_1, 9, FAR_A, 9));
	natrig_out(&n, UDP(HOST_A, 8, FAR_A, 9), UDP(POOL_1, 8, FAR_A, 9));
	assert_int_equal(nat_clear(n.r.f, &host), 3);
	assert_int_equal(nat_pools_get(n.r.f, &v, 1), 1);
	assert_int_equal(v.allocated, 0);
	natrig_out(&n, UDP(HOST_B, 8, FAR_A, 9), UDP(POOL_1, 8, FAR_A, 9));
}

static void
test_walk_in_pieces(void **state UNUSED)
{
	struct nat_view v[7];
	uint32_t at = 0, sum = 0;
	size_t got;
	uint16_t i;

	for (i = 1; i <= 100; i++)
		flow(i);
	while ((got = nat_walk(n.r.f, &at, v, 7)) > 0) {
		while (got-- > 0) {
			sum += v[got].t.inside_local_port;
			assert_int_equal(v[got].t.inside_global, WAN_ADDR);
			assert_int_equal(v[got].t.outside_local, FAR_A);
			assert_int_equal(v[got].t.outside_global_port, 9);
			assert_true(v[got].ports && !v[got].is_static);
		}
	}
	assert_int_equal(sum, 5050);
}

static unsigned
told(enum nat_told what)
{
	const struct worker *w = &n.r.f->w;
	unsigned i, sum = 0;

	for (i = w->ev_tail; i != w->ev_head; i++)
		sum += w->events[i % EVENTS].type == EVENT_NAT &&
		    w->events[i % EVENTS].what >> 8 == what;
	return sum;
}

static void
test_debug(void **state UNUSED)
{
	struct ace b = mk_ace(ACE_PERMIT, 0, HOST_B, 0, 0, ~0u);

	flow(7);
	assert_int_equal(told(NAT_TOLD_OUT), 0);
	nat_debug_set(n.r.f, NAT_DEBUG_ON, "");
	flow(7);
	natrig_in(&n, UDP(FAR_A, 9, WAN_ADDR, 7), UDP(FAR_A, 9, HOST_A, 7));
	assert_int_equal(told(NAT_TOLD_OUT), 1);
	assert_int_equal(told(NAT_TOLD_IN), 1);
	assert_int_equal(told(NAT_TOLD_CREATED), 0);
	rig_timeout(&n.r); /* to nat_debug_print() */
	rig_acl(&n.r, "B", &b, 1);
	natrig_commit(&n);
	nat_debug_set(n.r.f, NAT_DEBUG_DETAILED, "B");
	flow(7);
	assert_int_equal(told(NAT_TOLD_OUT), 0);
	natrig_out(&n, UDP(HOST_B, 1, FAR_A, 9), UDP(WAN_ADDR, 1, FAR_A, 9));
	assert_int_equal(told(NAT_TOLD_OUT), 1);
	assert_int_equal(told(NAT_TOLD_CREATED), 1);
	nat_debug_set(n.r.f, NAT_DEBUG_OFF, "");
	rig_timeout(&n.r);
	flow(7);
	assert_int_equal(told(NAT_TOLD_OUT), 0);
}

static void
test_stats_clear(void **state UNUSED)
{
	struct nat_stats s;

	flow(7);
	flow(7);
	nat_stats_clear(n.r.f);
	s = natrig_stats(&n);
	assert_true(s.hits == 0 && s.misses == 0 && s.out == 0);
	assert_int_equal(s.dynamics, 1);
	assert_int_equal(s.peak, 1);
	flow(7);
	assert_int_equal(natrig_stats(&n).hits, 1);
}

int
main(void)
{
#define NAT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		NAT_TEST(test_timers),
		NAT_TEST(test_refresh_and_never),
		NAT_TEST(test_timeout_zero),
		NAT_TEST(test_many_end),
		NAT_TEST(test_timeout_changes),
		NAT_TEST(test_simple_entries),
		NAT_TEST(test_full),
		NAT_TEST(test_full_of_static),
		NAT_TEST(test_full_of_parents),
		NAT_TEST(test_static_age),
		NAT_TEST(test_line_goes_at_once),
		NAT_TEST(test_statics_over_limit),
		NAT_TEST(test_rule_goes),
		NAT_TEST(test_address_changes),
		NAT_TEST(test_line_changes),
		NAT_TEST(test_pool_changes),
		NAT_TEST(test_many_changes),
		NAT_TEST(test_clear),
		NAT_TEST(test_clear_pool),
		NAT_TEST(test_peak_of_static),
		NAT_TEST(test_walk_in_pieces),
		NAT_TEST(test_debug),
		NAT_TEST(test_stats_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
