/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NAT against a model that anybody can check by reading: a list of flows,
 * searched from end to end. Random packets of few hosts and ports, so that
 * they collide, both ways, with time passing: what comes out must be what the
 * model says, or, where the router may choose a port, one that the model
 * finds free and in the right group.
 *
 *	10.1.1.10-13	overload to the address of WAN
 *	10.1.1.14	static, POOL_1
 *	10.1.1.15	no rule
 *	to 10.2.2.0/24	exempt, but for the static host
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "rig_nat.h"

#define STEPS 20000
#define SEEDS 10
#define STATIC IP4(10, 1, 1, 14)
#define MAX_FLOWS 4096

struct flow_model {
	uint8_t proto, tcp;
	uint32_t il, ig, far;
	uint16_t ilp, igp, farp; /* farp of ICMP: 0 */
	uint64_t used;		 /* seconds */
	bool out, in;
};

static struct natrig n;
static struct flow_model flows[MAX_FLOWS];
static unsigned n_flows;
static uint64_t rnd;

static unsigned
pick(unsigned below)
{
	rnd = rnd * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(rnd >> 33) % below;
}

static uint64_t
now(void)
{
	return n.r.now / 1000;
}

static unsigned
timeout(const struct flow_model *m)
{
	static const unsigned tcp[] = { 60, 86400, 60 };

	if (m->proto == PROTO_TCP)
		return tcp[m->tcp];
	if (m->proto == PROTO_ICMP)
		return 60;
	return m->farp == 53 ? 60 : 300;
}

static void
forget_old(void)
{
	unsigned i, left = 0;

	for (i = 0; i < n_flows; i++) {
		if (now() - flows[i].used < timeout(&flows[i]))
			flows[left++] = flows[i];
	}
	n_flows = left;
}

static struct flow_model *
find(const struct seen *s, bool out)
{
	uint16_t far = s->proto == PROTO_ICMP ? 0 : out ? s->dport : s->sport;
	struct flow_model *m;
	unsigned i;

	for (i = 0; i < n_flows; i++) {
		m = &flows[i];
		if (m->proto != s->proto || m->farp != far)
			continue;
		if (out ? m->il == s->src && m->ilp == s->sport &&
		    m->far == s->dst : m->ig == s->dst && m->igp == s->dport &&
		    m->far == s->src)
			return m;
	}
	return NULL;
}

static void
use(struct flow_model *m, uint8_t flags, bool out)
{
	m->used = now();
	m->out |= out;
	m->in |= !out;
	if (m->proto != PROTO_TCP)
		return;
	if (flags & (TCP_FIN | TCP_RST))
		m->tcp = 2;
	else if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		m->tcp = m->tcp == 2 ? 0 : m->tcp;
	else if (m->tcp == 0 && !(flags & TCP_SYN) && m->out && m->in)
		m->tcp = 1;
}

static struct flow_model *
remember(const struct seen *s, uint32_t il, uint16_t ilp, uint32_t ig,
    uint16_t igp, uint32_t far, uint16_t farp)
{
	struct flow_model *m = &flows[n_flows++];

	assert_true(n_flows < MAX_FLOWS);
	*m = (struct flow_model){ .proto = s->proto, .il = il, .ig = ig,
		.far = far, .ilp = ilp, .igp = igp,
		.farp = s->proto == PROTO_ICMP ? 0 : farp };
	return m;
}

static void
assert_same(const struct seen *got, const struct seen *want)
{
	assert_int_equal(got->proto, want->proto);
	assert_int_equal(got->src, want->src);
	assert_int_equal(got->dst, want->dst);
	assert_int_equal(got->sport, want->sport);
	assert_int_equal(got->dport, want->dport);
}

/* What was chosen for a new flow: this address, a port of the group that
 * nobody has for the far end; the host's own port if that is free. */
static void
check_choice(const struct seen *s, const struct seen *got)
{
	struct seen answer = seen_back(*got), own = seen_back(*got);
	static const unsigned limits[] = { 512, 1024, 65536 };
	unsigned group = 0;

	own.dport = s->sport;
	if (s->proto == PROTO_ICMP)
		own.sport = s->sport;
	assert_int_equal(got->src, WAN_ADDR);
	assert_int_equal(got->dst, s->dst);
	assert_null(find(&answer, false));
	if (find(&own, false) == NULL) {
		assert_int_equal(got->sport, s->sport);
		return;
	}
	while (s->sport >= limits[group])
		group++;
	assert_true(got->sport < limits[group]);
	assert_true(group == 0 || got->sport >= limits[group - 1]);
}

static void
step_out(struct seen s, uint8_t flags)
{
	struct flow_model *m = find(&s, true);
	struct seen got, want = s;

	natrig_send(&n, LAN, s, flags);
	got = natrig_got(&n, WAN);
	assert_int_not_equal(got.proto, 0);
	if (m == NULL && s.src == STATIC) {
		m = remember(&s, s.src, s.sport, POOL_1, s.sport, s.dst,
		    s.dport);
	} else if (m == NULL && s.dst >> 8 != IP4(10, 2, 2, 0) >> 8 &&
	    s.src != IP4(10, 1, 1, 15)) {
		check_choice(&s, &got);
		m = remember(&s, s.src, s.sport, got.src, got.sport, s.dst,
		    s.dport);
	}
	if (m != NULL) {
		use(m, flags, true);
		want.src = m->ig;
		want.sport = m->igp;
		if (s.proto == PROTO_ICMP)
			want.dport = m->igp;
	}
	assert_same(&got, &want);
}

static void
step_in(struct seen s, uint8_t flags)
{
	struct flow_model *m = find(&s, false);
	struct seen got, want = s;

	natrig_send(&n, WAN, s, flags);
	if (m == NULL && s.dst == POOL_1)
		m = remember(&s, STATIC, s.dport, POOL_1, s.dport, s.src,
		    s.sport);
	if (m != NULL) {
		use(m, flags, false);
		want.dst = m->il;
		want.dport = m->ilp;
		if (s.proto == PROTO_ICMP)
			want.sport = m->ilp;
	}
	got = natrig_got(&n, m != NULL ? LAN : PORT_LOCAL);
	assert_same(&got, &want);
}

static void
step(void)
{
	static const uint8_t protos[] = { PROTO_TCP, PROTO_UDP, PROTO_ICMP };
	static const uint32_t fars[] = { FAR_A, FAR_B, IP4(10, 2, 2, 7) };
	static const uint16_t ports[] = { 7, 53, 600, 601, 2000, 2001, 40000 };
	static const uint8_t flags[] = { TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK,
		TCP_ACK, TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST };
	uint8_t proto = protos[pick(3)], f = flags[pick(7)];
	uint16_t a = ports[pick(7)], b = ports[pick(7)];
	uint32_t far = fars[pick(3)];
	const struct flow_model *m;

	if (proto == PROTO_ICMP)
		b = a;
	if (pick(2) == 0) {
		step_out(mk_seen(proto, IP4(10, 1, 1, 10) + pick(6), a, far,
		    b), proto == PROTO_TCP ? f : 0);
		return;
	}
	f = proto == PROTO_TCP ? f : proto == PROTO_ICMP;
	if (n_flows > 0 && pick(3) != 0) { /* an answer, more or less */
		m = &flows[pick(n_flows)];
		f = m->proto == PROTO_TCP ? flags[pick(7)] :
		    m->proto == PROTO_ICMP;
		step_in(mk_seen(m->proto, m->far, m->proto == PROTO_ICMP ?
		    m->igp : m->farp, m->ig, m->igp), f);
		return;
	}
	step_in(mk_seen(proto, far, a, pick(2) ? POOL_1 : WAN_ADDR, b), f);
}

static void
start(void)
{
	struct ace vpn = mk_ace(ACE_PERMIT, 0, 0, ~0u, IP4(10, 2, 2, 0), 255);
	struct ace hosts[2] = { mk_ace(ACE_DENY, 0, IP4(10, 1, 1, 15), 0, 0,
	    ~0u), mk_ace(ACE_PERMIT, 0, IP4(10, 1, 1, 0), 255, 0, ~0u) };

	natrig_start(&n);
	rig_acl(&n.r, "VPN", &vpn, 1);
	rig_acl(&n.r, "HOSTS", hosts, 2);
	natrig_route_map(&n, "NAT", true, "VPN");
	natrig_route_map(&n, "NAT", false, "HOSTS");
	natrig_map(&n, "NAT", NULL, true);
	natrig_static(&n, STATIC, POOL_1);
	natrig_commit(&n);
	n_flows = 0;
}

static void
test_model(void **state UNUSED)
{
	unsigned seed, i;
	struct nat_stats s;

	for (seed = 1; seed <= SEEDS; seed++) {
		rnd = seed;
		start();
		for (i = 0; i < STEPS; i++) {
			if (pick(20) == 0)
				n.r.now += pick(40) * 1000;
			if (pick(200) == 0)
				n.r.now += pick(400) * 1000;
			forget_old();
			if (pick(10) == 0)
				rig_timeout(&n.r);
			step();
		}
		/* all timers, and what is left is what the model has */
		forget_old();
		for (i = 0; i < 10; i++)
			rig_timeout(&n.r);
		n.r.now += 1000;
		forget_old();
		rig_timeout(&n.r);
		s = natrig_stats(&n);
		assert_int_equal(s.statics, 1);
		assert_in_range(s.extended, n_flows, n_flows + 1);
		assert_int_equal(rig_all_drops(&n.r), 0);
		natrig_end(&n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
