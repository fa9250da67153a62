/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The classifier against reading the list from the top, for random lists and
 * packets; a list of 64k entries; routes against a linear search.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/classify.h"
#include "dataplane/route.h"

static uint32_t seed = 1;

static uint32_t
rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static uint32_t
rnd_addr(void)
{
	return 0x0a000000 | rnd(4) << 16 | rnd(3) << 8 | rnd(4);
}

static uint32_t
rnd_wild(void)
{
	static const uint32_t w[] = { 0, 0xff, 0xffff, 0xffffff, 0xffffffff,
		0x0000ff00, 3, 0x7fffffff };

	return w[rnd(NELEM(w))];
}

static void
rnd_ports(struct ace_ports *p)
{
	p->op = (uint8_t)rnd(6);
	p->lo = (uint16_t)rnd(6);
	p->hi = (uint16_t)(p->lo + rnd(3));
}

static struct ace
rnd_ace(void)
{
	static const uint8_t protos[] = { 0, 1, 6, 17, 50 };
	struct ace a = ace_any(rnd(2) ? ACE_PERMIT : ACE_DENY);

	a.proto = protos[rnd(NELEM(protos))];
	a.src = rnd_addr();
	a.src_wild = rnd_wild();
	a.dst = rnd_addr();
	a.dst_wild = rnd_wild();
	if (rnd(2) && (a.proto == 6 || a.proto == 17)) {
		rnd_ports(&a.sport);
		rnd_ports(&a.dport);
	}
	if (rnd(2) && a.proto == 1)
		a.icmp = (uint16_t)(rnd(3) << 8 |
		    (rnd(2) ? ACE_ICMP_CODE_ANY : rnd(2)));
	if (rnd(6) == 0)
		a.dscp = (uint8_t)rnd(3);
	if (rnd(6) == 0)
		a.established = a.proto == 6;
	if (rnd(8) == 0)
		a.fragments = true;
	return a;
}

static struct flow
rnd_flow(void)
{
	static const uint8_t protos[] = { 1, 6, 17, 50, 89 };
	struct flow f = { .src = rnd_addr(), .dst = rnd_addr(),
		.proto = protos[rnd(NELEM(protos))], .dscp = (uint8_t)rnd(3),
		.frag_tail = rnd(5) == 0 };

	if (f.frag_tail)
		return f;
	if (f.proto == 1)
		f.sport = (uint16_t)(rnd(4) << 8 | rnd(3));
	else if (f.proto == 6 || f.proto == 17) {
		f.sport = (uint16_t)rnd(8);
		f.dport = (uint16_t)rnd(8);
	}
	if (f.proto == 6)
		f.tcp_flags = (uint8_t)rnd(32);
	return f;
}

static uint32_t
linear(const struct ace *a, uint32_t n, const struct flow *f)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (ace_match(&a[i], f))
			return i;
	}
	return CLASSIFY_NONE;
}

static void
test_random(void **state)
{
	static struct ace aces[300];
	struct classifier *c;
	unsigned round, i, n;
	struct flow f;

	(void)state;
	for (round = 0; round < 300; round++) {
		n = rnd(NELEM(aces));
		for (i = 0; i < n; i++)
			aces[i] = rnd_ace();
		c = classifier_new(aces, n);
		for (i = 0; i < 1000; i++) {
			f = rnd_flow();
			assert_int_equal(classify(c, &f),
			    linear(aces, n, &f));
		}
		classifier_free(c);
	}
}

/* 64k entries that differ in addresses, then in ports only. No time is
 * asserted; linear search would take minutes here. */
static void
test_long(void **state)
{
	struct ace *aces = calloc(65536, sizeof(*aces));
	struct flow f = { .proto = 6, .src = 1, .dst = 2 };
	struct classifier *c;
	uint32_t i;

	(void)state;
	for (i = 0; i < 65536; i++) {
		aces[i] = ace_any(ACE_DENY);
		aces[i].proto = 6;
		aces[i].src = i * 2654435761u;
		aces[i].src_wild = 0;
	}
	c = classifier_new(aces, 65536);
	for (i = 0; i < 1000000; i++) {
		f.src = (i & 0xffff) * 2654435761u;
		assert_int_equal(classify(c, &f), i & 0xffff);
	}
	classifier_free(c);
	for (i = 0; i < 65536; i++) {
		aces[i] = ace_any(ACE_DENY);
		aces[i].proto = 17;
		aces[i].dport = (struct ace_ports){ ACE_OP_EQ, (uint16_t)i,
			0 };
	}
	c = classifier_new(aces, 65536);
	f.proto = 17;
	for (i = 0; i < 1000000; i++) {
		f.dport = (uint16_t)i;
		assert_int_equal(classify(c, &f), i & 0xffff);
	}
	f.frag_tail = true;
	f.dport = 0;
	for (i = 0; i < 100000; i++)
		assert_int_equal(classify(c, &f), CLASSIFY_NONE);
	classifier_free(c);
	free(aces);
}

static void
test_empty(void **state)
{
	struct classifier *c = classifier_new(NULL, 0);
	struct flow f = {0};

	(void)state;
	assert_int_equal(classify(c, &f), CLASSIFY_NONE);
	classifier_free(c);
}

/* ---- routes ---- */

static const struct route *
route_linear(const struct route *r, size_t n, uint32_t addr)
{
	const struct route *best = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (((addr ^ r[i].prefix) & ip4_mask_of(r[i].len)) == 0 &&
		    (best == NULL || r[i].len > best->len))
			best = &r[i];
	}
	return best;
}

static void
test_routes(void **state)
{
	static struct route r[200];
	struct route_table *t;
	const struct route *got, *want;
	unsigned round, i, n;
	uint32_t addr;

	(void)state;
	for (round = 0; round < 500; round++) {
		n = rnd(NELEM(r));
		for (i = 0; i < n; i++)
			r[i] = (struct route){ rnd(16) << 28 | rnd(8) << 8 |
				rnd(4), (uint8_t)rnd(33), i + 1,
				(uint16_t)rnd(3) };
		if (n > 3) {
			r[0] = (struct route){ 0, 0, 1, 1 };
			r[1] = (struct route){ UINT32_MAX, 32, 2, 0 };
		}
		t = route_table_new(r, n);
		for (i = 0; i < 500; i++) {
			addr = rnd(16) << 28 | rnd(8) << 8 | rnd(4);
			if (i == 0)
				addr = 0;
			if (i == 1)
				addr = UINT32_MAX;
			got = route_lookup(t, addr);
			want = route_linear(r, n, addr);
			assert_int_equal(got == NULL, want == NULL);
			if (got != NULL)
				assert_int_equal(got->nexthop, want->nexthop);
		}
		route_table_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
