/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Access control entries: what they match, how they are written, transport.
 * Links base/{ace,base,buf}.c.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/ace.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static struct ace
tcp_bgp(void)
{
	struct ace a = ace_any(ACE_PERMIT);

	a.proto = 6;
	a.src = A(10, 1, 0, 0);
	a.src_wild = 0xffff;
	a.dport = (struct ace_ports){ACE_OP_EQ, 179, 0};
	return a;
}

static void
test_match(void **state)
{
	struct ace bgp = tcp_bgp(), deny = tcp_bgp(), est = tcp_bgp();
	struct ace echo = ace_any(ACE_PERMIT), frag = ace_any(ACE_DENY);
	struct ace unreach = ace_any(ACE_PERMIT), ef = ace_any(ACE_PERMIT);
	const struct flow t = {A(10, 1, 2, 3), A(10, 9, 9, 9), 5000, 179, 6, 46,
	    0x02, false};
	struct flow f;

	(void)state;
	deny.action = ACE_DENY;
	est.established = true;
	echo.proto = unreach.proto = 1;
	echo.icmp = 8 << 8 | ACE_ICMP_CODE_ANY;
	unreach.icmp = 3 << 8 | 1;
	frag.fragments = true;
	ef.dscp = 46;
	assert_true(ace_match(&bgp, &t));
	f = t, f.src = A(10, 2, 2, 3);
	assert_false(ace_match(&bgp, &f));
	f = t, f.dport = 180;
	assert_false(ace_match(&bgp, &f));
	f = t, f.proto = 17;
	assert_false(ace_match(&bgp, &f));
	assert_false(ace_match(&est, &t));
	f = t, f.tcp_flags = 0x10;
	assert_true(ace_match(&est, &f));
	assert_true(ace_match(&ef, &t));
	f = t, f.dscp = 0;
	assert_false(ace_match(&ef, &f));
	/* fragments: a permit passes them by address, a deny does not see */
	f = t, f.frag_tail = true, f.sport = f.dport = 0;
	assert_true(ace_match(&bgp, &f));
	assert_false(ace_match(&deny, &f));
	assert_true(ace_match(&frag, &f));
	assert_false(ace_match(&frag, &t));
	f = (struct flow){.proto = 1, .sport = 8 << 8};
	assert_true(ace_match(&echo, &f));
	assert_false(ace_match(&unreach, &f));
	f.sport = 3 << 8 | 1;
	assert_true(ace_match(&unreach, &f));
	assert_false(ace_match(&echo, &f));
}

static void
test_ports(void **state)
{
	static const struct {
		uint8_t op;
		uint16_t lo, hi, port;
		bool want;
	} t[] = {{ACE_OP_EQ, 5, 0, 5, true}, {ACE_OP_EQ, 5, 0, 6, false},
	    {ACE_OP_NEQ, 5, 0, 5, false}, {ACE_OP_NEQ, 5, 0, 6, true},
	    {ACE_OP_LT, 5, 0, 4, true}, {ACE_OP_LT, 5, 0, 5, false},
	    {ACE_OP_GT, 5, 0, 6, true}, {ACE_OP_GT, 5, 0, 5, false},
	    {ACE_OP_RANGE, 5, 7, 5, true}, {ACE_OP_RANGE, 5, 7, 7, true},
	    {ACE_OP_RANGE, 5, 7, 8, false}, {ACE_OP_RANGE, 5, 7, 4, false},
	    {ACE_OP_ANY, 0, 0, 9, true}};

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		struct ace a = ace_any(ACE_PERMIT);
		struct flow f = {.proto = 17, .sport = t[i].port};

		a.proto = 17;
		a.sport = (struct ace_ports){t[i].op, t[i].lo, t[i].hi};
		assert_int_equal(ace_match(&a, &f), t[i].want);
	}
}

static void
check_format(const struct ace *a, enum ace_style style, const char *want)
{
	struct strbuf sb = {0};

	ace_format(&sb, a, style);
	assert_string_equal(sb.s, want);
	sb_free(&sb);
}

static void
test_format(void **state)
{
	struct ace a = ace_any(ACE_DENY);

	(void)state;
	check_format(&a, ACE_STYLE_CONFIG, "deny   ip any any");
	a.proto = 17;
	a.sport = a.dport = (struct ace_ports){ACE_OP_EQ, 848, 0};
	check_format(&a, ACE_STYLE_CONFIG, "deny   udp any eq 848 any eq 848");
	check_format(&a, ACE_STYLE_GDOI,
	    "deny udp any port = 848 any port = 848");
	a.dport = (struct ace_ports){ACE_OP_RANGE, 67, 500};
	a.src = A(10, 1, 1, 1), a.src_wild = 0;
	check_format(&a, ACE_STYLE_CONFIG,
	    "deny   udp host 10.1.1.1 eq 848 any range bootps isakmp");
	check_format(&a, ACE_STYLE_GDOI,
	    "deny udp host 10.1.1.1 port = 848 any port range 67 500");
	a = tcp_bgp();
	check_format(&a, ACE_STYLE_CONFIG,
	    "permit tcp 10.1.0.0 0.0.255.255 any eq bgp");
	a = ace_any(ACE_PERMIT);
	a.proto = 1, a.icmp = 3 << 8 | 1;
	check_format(&a, ACE_STYLE_CONFIG,
	    "permit icmp any any host-unreachable");
	a.icmp = 200 << 8 | 7;
	check_format(&a, ACE_STYLE_CONFIG, "permit icmp any any 200 7");
	a.icmp = ACE_ICMP_ANY, a.proto = 200, a.dscp = 46, a.fragments = true;
	check_format(&a, ACE_STYLE_CONFIG, "permit 200 any any dscp ef "
					   "fragments");
}

static void
test_transport(void **state)
{
	struct ace a = tcp_bgp(), b;
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rd r;

	(void)state;
	a.established = true;
	a.dscp = 10;
	ace_put(&w, &a);
	assert_true(wr_ok(&w));
	r = rd_of(buf, wr_len(&w));
	ace_get(&r, &b);
	assert_true(rd_end(&r));
	assert_int_equal(a.src, b.src);
	assert_int_equal(a.src_wild, b.src_wild);
	assert_int_equal(b.dport.lo, 179);
	assert_int_equal(b.dscp, 10);
	assert_true(b.established);
	assert_false(b.fragments);
	for (size_t n = 0; n < wr_len(&w); n++) {
		r = rd_of(buf, n);
		ace_get(&r, &b);
		assert_false(rd_ok(&r));
	}
	buf[0] = 7; /* no such action */
	r = rd_of(buf, wr_len(&w));
	ace_get(&r, &b);
	assert_false(rd_ok(&r));
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(ace_proto_name(0), "ip");
	assert_string_equal(ace_proto_name(6), "tcp");
	assert_string_equal(ace_proto_name(89), "ospf");
	assert_null(ace_proto_name(200));
	assert_string_equal(ace_port_name(6, 179), "bgp");
	assert_string_equal(ace_port_name(17, 500), "isakmp");
	assert_null(ace_port_name(17, 848));
	assert_null(ace_port_name(6, 500));
	assert_null(ace_port_name(50, 179));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_match),
	    cmocka_unit_test(test_ports), cmocka_unit_test(test_format),
	    cmocka_unit_test(test_transport), cmocka_unit_test(test_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
