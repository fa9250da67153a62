/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How many translations hosts may have: all of them, one, those of a list;
 * what ends makes room, lines that change hold from then on.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig_nat.h"

static struct natrig n;
static struct nat_limit lines[3];

#define UDP(a, ap, b, bp) mk_seen(PROTO_UDP, a, ap, b, bp)

static int
setup(void **state UNUSED)
{
	natrig_start(&n);
	natrig_lan_list(&n, "1");
	natrig_list(&n, "1", NULL, true);
	memset(lines, 0, sizeof(lines));
	return 0;
}

static int
teardown(void **state UNUSED)
{
	natrig_end(&n);
	return 0;
}

static void
limit(unsigned i, uint32_t host, const char *acl, uint32_t max)
{
	lines[i] = (struct nat_limit){ .addr = host, .max = max };
	str_copy(lines[i].acl, acl, sizeof(lines[i].acl));
	rig_add(&n.r.conf.nat_limits, &lines[i].obj);
}

/* Flows of a host from port `from` on: how many got through. */
static unsigned
flows(uint32_t host, uint16_t from, unsigned count)
{
	unsigned i, through = 0;

	for (i = 0; i < count; i++) {
		natrig_send(&n, LAN, UDP(host, (uint16_t)(from + i), FAR_A,
		    9), 0);
		through += n.r.n_out == 1;
	}
	return through;
}

static struct nat_limit_view
view(unsigned i)
{
	struct nat_limit_view v[3];

	assert_true(nat_limits_get(n.r.f, v, 3) > i);
	assert_ptr_equal(v[i].conf, &lines[i]);
	return v[i];
}

static void
test_hosts(void **state UNUSED)
{
	n.r.conf.nat_max_all_host = 3;
	limit(0, HOST_B, "", 5);
	natrig_commit(&n);
	assert_int_equal(flows(HOST_A, 2000, 9), 3);
	assert_int_equal(flows(HOST_B, 3000, 9), 5);
	assert_int_equal(flows(HOST_B + 1, 4000, 2), 2);
	/* what exists goes on, in both ways */
	assert_int_equal(flows(HOST_A, 2000, 3), 3);
	natrig_in(&n, UDP(FAR_A, 9, WAN_ADDR, 2002),
	    UDP(FAR_A, 9, HOST_A, 2002));
	assert_int_equal(rig_drops(&n.r, DROP_NAT_LIMIT), 10);
	assert_int_equal(natrig_stats(&n).limited, 10);
	assert_int_equal(natrig_stats(&n).max_host_missed, 6);
	assert_int_equal(view(0).used, 5);
	assert_int_equal(view(0).missed, 4);
	rig_timeout(&n.r);
	assert_int_equal(n.r.n_logs, 2); /* once for each host */
	assert_int_equal(n.r.logs[0], LOG_NAT_LIMIT);
	/* what ends makes room */
	n.r.now += 301000;
	rig_timeout(&n.r);
	assert_int_equal(view(0).used, 0);
	assert_int_equal(flows(HOST_A, 2000, 9), 3);
	nat_clear(n.r.f, &(struct nat_filter){ .all = true });
	assert_int_equal(flows(HOST_A, 5000, 9), 3);
	nat_stats_clear(n.r.f);
	assert_int_equal(view(0).missed, 0);
	assert_int_equal(natrig_stats(&n).max_host_missed, 0);
	/* no limit any more */
	n.r.conf.nat_max_all_host = 0;
	natrig_commit(&n);
	assert_int_equal(flows(HOST_A, 6000, 50), 50);
}

/* The first list that permits a packet; its hosts together. */
static void
test_lists(void **state UNUSED)
{
	struct ace one = mk_ace(ACE_PERMIT, 0, HOST_A, 0, 0, ~0u);

	rig_acl(&n.r, "ONE", &one, 1);
	limit(0, 0, "ONE", 2);
	limit(1, 0, "1", 6);
	limit(2, 0, "MISSING", 1);
	natrig_commit(&n);
	assert_int_equal(flows(HOST_A, 2000, 9), 2);
	assert_int_equal(flows(HOST_B, 3000, 4), 4);
	assert_int_equal(flows(HOST_B + 1, 4000, 9), 2);
	assert_int_equal(view(0).used, 2);
	assert_int_equal(view(0).missed, 7);
	assert_int_equal(view(1).used, 6);
	assert_int_equal(view(2).used, 0);
	/* a line that comes again finds its entries */
	n.r.conf.nat_limits = (struct cf_list){ 0 };
	natrig_commit(&n);
	assert_int_equal(flows(HOST_A, 5000, 9), 9);
	limit(0, 0, "ONE", 4);
	natrig_commit(&n);
	assert_int_equal(view(0).used, 2);
	assert_int_equal(flows(HOST_A, 6000, 9), 2);
	nat_clear(n.r.f, &(struct nat_filter){ .all = true });
	assert_int_equal(view(0).used, 0);
}

/* What was there before the line is not counted, nor when it ends; static
 * lines are not either, what they make for packets is. */
static void
test_before(void **state UNUSED)
{
	natrig_static(&n, HOST_B, POOL_1);
	natrig_commit(&n);
	assert_int_equal(flows(HOST_A, 2000, 5), 5);
	limit(0, HOST_A, "", 2);
	limit(1, HOST_B, "", 2);
	natrig_commit(&n);
	assert_int_equal(flows(HOST_A, 2000, 9), 7);
	assert_int_equal(flows(HOST_B, 2000, 9), 2);
	natrig_send(&n, WAN, UDP(FAR_A, 77, POOL_1, 9), 0);
	assert_int_equal(n.r.n_out, 0);
	nat_clear(n.r.f, &(struct nat_filter){ .all = true });
	assert_int_equal(view(0).used, 0);
	assert_int_equal(view(1).used, 0);
	assert_int_equal(flows(HOST_A, 2000, 9), 2);
}

/* Any number of hosts that come and go in any order, against plain counts. */
static void
test_model(void **state UNUSED)
{
	unsigned model[256];
	struct nat_view v[64];
	uint32_t cursor = 0, x = 1, i;
	size_t got;

	n.r.conf.nat_max_all_host = 4;
	natrig_commit(&n);
	for (i = 0; i < 20000; i++) {
		x = x * 1664525 + 1013904223;
		natrig_send(&n, LAN, UDP(IP4(10, 1, 1, 0) + (x >> 8) % 256,
		    (uint16_t)(1024 + (x >> 16) % 8), FAR_A, 9), 0);
		if (i % 64 != 0)
			continue;
		memset(model, 0, sizeof(model));
		for (cursor = 0; (got = nat_walk(n.r.f, &cursor, v, 64)) > 0;)
			while (got-- > 0)
				model[v[got].t.inside_local & 255]++;
		for (got = 0; got < 256; got++)
			assert_in_range(model[got], 0, 4);
		n.r.now += x % 40000;
		rig_timeout(&n.r);
	}
	n.r.now += 400000;
	rig_timeout(&n.r);
	assert_int_equal(natrig_stats(&n).dynamics, 0);
	for (i = 0; i < 256; i++)
		assert_int_equal(flows(IP4(10, 1, 1, 0) + i, 2000, 5), 4);
}

int
main(void)
{
#define LIMIT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		LIMIT_TEST(test_hosts),
		LIMIT_TEST(test_lists),
		LIMIT_TEST(test_before),
		LIMIT_TEST(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
