/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The order of operations: the two lists that IOS has (from the inside to the
 * outside, and back), one packet for each row, which that row stops, or where
 * it cannot, marks. The router has NAT of both sides, a group's policy and
 * access lists everywhere; each list has an entry for every pair of addresses
 * that it might see, each address a route of its own, so that counters tell
 * which ones it was. Without arguments a test; `test_nat_order table` prints
 * what was seen as doc/order-of-operations.md (scripts/doc-tables).
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig_nat.h"

#define IL HOST_A
#define IG IP4(10, 200, 0, 1)
#define OL IP4(10, 77, 0, 9)
#define OG FAR_A
#define EF 46

/* The steps of the lists; behind them, what this router does not have. */
enum step { INPUT_LIST, DECRYPT, LIST_AGAIN, RATE_LIMIT, NAT, ROUTE,
	CRYPTO_MAP, OUTPUT_LIST, ENCRYPT, QUEUE, LAST,
	ACCOUNTING, WEB_CACHE, POLICY_ROUTE, INSPECT, INTERCEPT };

static const struct step_text {
	const char *list, *here; /* of IOS; a stage of ours, or why not */
} texts[] = {
	[INPUT_LIST] = { "if IPsec: check input access list", "acl-in" },
	[DECRYPT] = { "decryption", "esp-in" },
	[LIST_AGAIN] = { "check input access list again", "acl-in-again" },
	[RATE_LIMIT] = { "input rate limits", "qos-in" },
	[ACCOUNTING] = { "input accounting", "no such command" },
	[WEB_CACHE] = { "redirect to web cache", "no such command" },
	[POLICY_ROUTE] = { "policy routing", "noted, without effect" },
	[ROUTE] = { "routing", "route" },
	[NAT] = { "NAT", NULL },
	[CRYPTO_MAP] = { "crypto: check map, mark", "crypto-classify" },
	[OUTPUT_LIST] = { "check output access list", "acl-out" },
	[INSPECT] = { "CBAC inspect", "no such command" },
	[INTERCEPT] = { "TCP intercept", "no such command" },
	[ENCRYPT] = { "encryption", "esp-out" },
	[QUEUE] = { "queueing", "qos-out" },
};

#define ROWS 15

static const enum step to_outside[ROWS] = { INPUT_LIST, DECRYPT, LIST_AGAIN,
	RATE_LIMIT, ACCOUNTING, WEB_CACHE, POLICY_ROUTE, ROUTE, NAT,
	CRYPTO_MAP, OUTPUT_LIST, INSPECT, INTERCEPT, ENCRYPT, QUEUE };
static const enum step to_inside[ROWS] = { INPUT_LIST, DECRYPT, LIST_AGAIN,
	RATE_LIMIT, ACCOUNTING, WEB_CACHE, NAT, POLICY_ROUTE, ROUTE,
	CRYPTO_MAP, OUTPUT_LIST, INSPECT, INTERCEPT, ENCRYPT, QUEUE };

/* Who saw the packet of a row, and what became of it. */
enum who { LIST_ESP, LIST_CLEAR, MAP, LIST_OUT, WIRE, WHO };

struct row {
	struct { uint32_t src, dst; } saw[WHO]; /* 0: never came there */
	bool esp;		/* on the wire */
	uint8_t dscp;
	uint16_t port;
	int drop;		/* enum drop_id, -1: none */
};

static struct natrig n;

static const uint32_t insides[] = { IL, IG }, outsides[] = { OL, OG };

static int
stage_of(const char *name)
{
	int i;

	for (i = 0; fwd_stage_name((unsigned)i) != NULL; i++) {
		if (strcmp(fwd_stage_name((unsigned)i), name) == 0)
			return i;
	}
	return -1;
}

static const char *
here(enum step s, bool out)
{
	return s != NAT ? texts[s].here : out ? "nat-out" : "nat-in";
}

/* ---- the router ---- */

/* Pairs in that direction: inside to outside, or back. */
static void
pairs(struct ace *a, enum ace_action action, uint8_t proto, bool out)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		a[i] = mk_ace(action, proto,
		    out ? insides[i / 2] : outsides[i / 2], 0,
		    out ? outsides[i % 2] : insides[i % 2], 0);
}

static void
probe(const char *name, bool out, enum ace_action esp, enum ace_action clear)
{
	struct ace a[8];

	pairs(a, esp, PROTO_ESP, out);
	pairs(a + 4, clear, 0, out);
	rig_acl(&n.r, name, a, 8);
}

static void
lists(enum step s, bool out)
{
	enum ace_action esp = s == INPUT_LIST ? ACE_DENY : ACE_PERMIT;
	enum ace_action clear = s == LIST_AGAIN ? ACE_DENY : ACE_PERMIT;
	enum ace_action left = s == OUTPUT_LIST ? ACE_DENY : ACE_PERMIT;

	probe("IN", out, esp, clear);
	probe("OUT", out, left, left);
	str_copy(n.r.ifs[!out].acl_in, "IN", CONF_NAME);
	str_copy(n.r.ifs[out].acl_out, "OUT", CONF_NAME);
}

/* In: all that goes on is dropped. Out: ESP is marked, nothing else. */
static void
policy(bool in, bool out)
{
	static struct qos_policy_map p;
	static struct qos_class_map esp;
	static struct qos_match match;
	static struct qos_class c, rest;
	struct ace any = mk_ace(ACE_PERMIT, PROTO_ESP, 0, ~0u, 0, ~0u);

	p = (struct qos_policy_map){ .name = "P" };
	esp = (struct qos_class_map){ .name = "ESP" };
	match = (struct qos_match){ .kind = QOS_ACL };
	rest = (struct qos_class){ .name = QOS_DEFAULT, .drop = in,
		.set_dscp = QOS_UNSET, .set_precedence = QOS_UNSET,
		.set_group = QOS_UNSET };
	c = (struct qos_class){ .name = "ESP", .set_dscp = EF,
		.set_precedence = QOS_UNSET, .set_group = QOS_UNSET };
	rig_acl(&n.r, "ESP", &any, 1);
	str_copy(match.name, "ESP", CONF_NAME);
	rig_add(&esp.matches, &match.obj);
	rig_add(&n.r.conf.class_maps, &esp.obj);
	if (!in)
		rig_add(&p.classes, &c.obj);
	rig_add(&p.classes, &rest.obj);
	rig_add(&n.r.conf.policy_maps, &p.obj);
	str_copy(in ? n.r.ifs[!out].policy_in : n.r.ifs[out].policy_out, "P",
	    CONF_NAME);
}

/* A packet that NAT cannot translate, by a pool that is not there. */
static void
translations(enum step s, bool out)
{
	if (s == NAT && out)
		natrig_list(&n, "ANY", "NONE", false);
	else
		natrig_static(&n, IL, IG);
	if (s == NAT && !out)
		natrig_list(&n, "ANY", "NONE", false)->way =
		    NAT_OUTSIDE_SOURCE;
	else
		natrig_static(&n, OL, OG)->way = NAT_OUTSIDE_SOURCE;
}

/* Encrypted on the way in where the row is about that (what comes from the
 * outside always is), on the way out of the outside, and of the inside where
 * the row is about that. */
static bool
from_esp(enum step s, bool out)
{
	return !out || s <= LIST_AGAIN;
}

/* One that is used up encrypts nothing. */
static void
add_key(bool used_up)
{
	struct sa_change c = { .type = SA_ADD };

	c.tek = rig_tek_of(0x1000, 0, rig_aes_sha1, 3600000);
	if (used_up)
		c.tek.seq_base = UINT32_MAX;
	fwd_sa(n.r.f, &c);
}

static void
start(enum step s, bool out)
{
	struct route routes[4] = { { IL, 32, 0, LAN }, { IG, 32, 0, WAN },
		{ OL, 32, 0, WAN }, { OG, 32, 0, LAN } };
	struct ace any = ace_any(ACE_PERMIT), policies[8];

	natrig_start(&n);
	str_copy(n.r.ifs[1].crypto_map, "CM", CONF_NAME);
	if (out ? s <= LIST_AGAIN : s >= CRYPTO_MAP && s <= QUEUE)
		str_copy(n.r.ifs[0].crypto_map, "CM", CONF_NAME);
	rig_acl(&n.r, "ANY", &any, 1);
	lists(s, out);
	translations(s, out);
	if (s == RATE_LIMIT || s == QUEUE)
		policy(s == RATE_LIMIT, out);
	natrig_commit(&n);
	if (s == ROUTE) /* after NAT it is IL that is looked for */
		routes[out ? 2 : 0].prefix = IP4(10, 99, 99, 99);
	fwd_routes(n.r.f, routes, NELEM(routes));
	pairs(policies, ACE_PERMIT, 0, true);
	pairs(policies + 4, ACE_PERMIT, 0, false);
	rig_policy(&n.r, SA_DIR_BOTH, policies, 8);
	add_key(s == ENCRYPT && out);
}

/* ---- what was seen ---- */

static void
saw_list(struct row *r, enum who who, const char *name, unsigned from,
    unsigned to)
{
	const struct acl_obj *a = acl_find(n.r.f, name);
	unsigned i, hits = 0;

	for (i = from; i < to; i++) {
		if (a->hits[i]->packets == 0)
			continue;
		hits += (unsigned)a->hits[i]->packets;
		r->saw[who].src = a->aces[i].src;
		r->saw[who].dst = a->aces[i].dst;
	}
	assert_true(hits <= 1);
}

/* By the entry of the policy that counted a packet which was encrypted. */
static void
saw_map(struct row *r)
{
	const struct policy *p = group_find(n.r.f, "GETVPN")->policy;
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		if (p->stats[i]->c[STAT_ENCRYPT] == 0)
			continue;
		r->saw[MAP].src = p->aces[i].src;
		r->saw[MAP].dst = p->aces[i].dst;
	}
}

static void
saw_end(struct row *r)
{
	struct seen wire;
	int i;

	r->drop = -1;
	for (i = 0; i < DROP_COUNT; i++) {
		if (rig_drops(&n.r, (enum drop_id)i) != 0)
			r->drop = i;
	}
	if (r->drop >= 0) /* but for an ICMP error about it, nothing leaves */
		return;
	assert_int_equal(n.r.n_out, 1);
	wire = seen_of(n.r.bytes[0]);
	r->saw[WIRE].src = wire.src;
	r->saw[WIRE].dst = wire.dst;
	r->esp = wire.proto == PROTO_ESP;
	r->dscp = n.r.bytes[0][IPH_TOS] >> 2;
	r->port = n.r.out[0].out_port;
}

/* From a neighbour that is a member, too. */
static size_t
neighbour(uint8_t *esp, uint32_t src, uint32_t dst)
{
	struct rig *far = xcalloc(1, sizeof(*far));
	uint8_t buf[200];
	size_t len;

	rig_start(far);
	rig_group(far);
	len = mk_packet(buf, &(struct mk){ .src = src, .dst = dst,
	    .proto = PROTO_UDP, .sport = 6, .dport = 5, .payload = 33 });
	rig_input(far, buf, len, LAN);
	assert_int_equal(far->n_out, 1);
	len = far->out[0].len;
	memcpy(esp, far->bytes[0], len);
	rig_end(far);
	free(far);
	return len;
}

/* The packet of that row. */
static struct row
row_of(enum step s, bool out)
{
	uint32_t src = out ? IL : OG, dst = out ? OL : IG;
	struct row r = { .drop = -1 };
	uint8_t packet[400];
	size_t len;

	start(s, out);
	if (from_esp(s, out))
		len = neighbour(packet, src, dst);
	else
		len = mk_packet(packet, &(struct mk){ .src = src, .dst = dst,
		    .proto = PROTO_UDP, .sport = 5, .dport = 6, .ttl = 64,
		    .payload = 33 });
	if (s == DECRYPT)
		packet[len - 1] ^= 1;
	rig_input(&n.r, packet, len, out ? LAN : WAN);
	saw_list(&r, LIST_ESP, "IN", 0, 4);
	saw_list(&r, LIST_CLEAR, "IN", 4, 8);
	saw_map(&r);
	saw_list(&r, LIST_OUT, "OUT", 0, 8);
	saw_end(&r);
	natrig_end(&n);
	return r;
}

/* ---- as a table ---- */

static const char *
name_of(uint32_t addr)
{
	switch (addr) {
	case IL: return "IL";
	case IG: return "IG";
	case OL: return "OL";
	case OG: return "OG";
	default: return "?";
	}
}

static void
print_saw(const struct row *r, enum who who)
{
	if (r->saw[who].src == 0)
		printf("| - ");
	else
		printf("| %s to %s ", name_of(r->saw[who].src),
		    name_of(r->saw[who].dst));
}

static void
print_end(const struct row *r)
{
	if (r->drop >= 0) {
		printf("| %s |\n", fwd_drop_text((unsigned)r->drop));
		return;
	}
	printf("| %s, %s to %s", r->esp ? "ESP" : "clear",
	    name_of(r->saw[WIRE].src), name_of(r->saw[WIRE].dst));
	printf("%s |\n", r->dscp == EF ? ", marked as ESP" : "");
}

static void
print_way(const char *title, bool out)
{
	const enum step *steps = out ? to_outside : to_inside;
	unsigned i, who;
	struct row r;

	printf("\n## %s\n\n| # | list of IOS | here | input list, ESP | "
	    "input list, clear | crypto list | output list | what becomes of "
	    "it |\n|---|---|---|---|---|---|---|---|\n", title);
	for (i = 0; i < ROWS; i++) {
		printf("| %u | %s | %s ", i + 1, texts[steps[i]].list,
		    here(steps[i], out));
		if (steps[i] > LAST) {
			printf("| | | | | |\n");
			continue;
		}
		r = row_of(steps[i], out);
		for (who = 0; who < WIRE; who++)
			print_saw(&r, who);
		print_end(&r);
	}
}

static void
print_stages(void)
{
	unsigned i;

	printf("\n## All stages, in order\n\n");
	for (i = 0; fwd_stage_name(i) != NULL; i++)
		printf("%s%s", i > 0 ? ", " : "", fwd_stage_name(i));
	printf(".\n");
}

static void
print_doc(void)
{
	printf("# Order of operations\n\n"
	    "Written by `scripts/doc-tables` from what "
	    "`tests/path/test_nat_order` sees: do not edit.\n\n"
	    "The rows are the two lists that IOS has. A router translates "
	    "both sides (`ip nat inside source static`,\n"
	    "`ip nat outside source static`) and encrypts on its outside, in "
	    "rows 1 to 3 of the first list and behind 9 of the second\n"
	    "on its inside as well. Each row has a packet of its own, which "
	    "that row stops, or marks where it has nothing to stop it with:\n"
	    "the columns say which addresses each list saw (IL: inside local, "
	    "IG: inside global, OL, OG: outside), `-`: it never came there,\n"
	    "or, of the crypto list, was dropped before it was encrypted.\n\n"
	    "So a crypto access list is written with inside global addresses, "
	    "unless the traffic is exempt from NAT. One row differs:\n"
	    "queues stand in front of encryption and classify by the header "
	    "that ESP will have (DESIGN.md says why).\n");
	print_way("From inside to outside", true);
	print_way("From outside to inside", false);
	print_stages();
}

/* ---- as a test ---- */

static void
assert_saw(const struct row *r, enum who who, uint32_t src, uint32_t dst)
{
	assert_string_equal(name_of(r->saw[who].src), name_of(src));
	assert_string_equal(name_of(r->saw[who].dst), name_of(dst));
}

/* A row stops its packet: all steps in front of it have seen it, with these
 * addresses, none behind. */
static const struct expected {
	enum step step;
	bool out;
	int drop;
	bool esp, clear, map, left; /* LIST_ESP, LIST_CLEAR, MAP, LIST_OUT */
} expected[] = {
	{ INPUT_LIST, true, DROP_ACL_IN, true, false, false, false },
	{ DECRYPT, true, DROP_VERIFY, true, false, false, false },
	{ LIST_AGAIN, true, DROP_ACL_IN, true, true, false, false },
	{ RATE_LIMIT, true, DROP_QOS_CLASS, false, true, false, false },
	{ ROUTE, true, DROP_NO_ROUTE, false, true, false, false },
	{ NAT, true, DROP_NAT_ADDRESS, false, true, false, false },
	{ CRYPTO_MAP, true, -1, false, true, true, true },
	{ OUTPUT_LIST, true, DROP_ACL_OUT, false, true, false, true },
	{ ENCRYPT, true, DROP_SEQUENCE, false, true, false, true },
	{ QUEUE, true, -1, false, true, true, true },
	{ INPUT_LIST, false, DROP_ACL_IN, true, false, false, false },
	{ DECRYPT, false, DROP_VERIFY, true, false, false, false },
	{ LIST_AGAIN, false, DROP_ACL_IN, true, true, false, false },
	{ RATE_LIMIT, false, DROP_QOS_CLASS, true, true, false, false },
	{ NAT, false, DROP_NAT_ADDRESS, true, true, false, false },
	{ ROUTE, false, DROP_NO_ROUTE, true, true, false, false },
	{ CRYPTO_MAP, false, -1, true, true, true, true },
	{ OUTPUT_LIST, false, DROP_ACL_OUT, true, true, false, true },
	{ ENCRYPT, false, -1, true, true, true, true },
	{ QUEUE, false, -1, true, true, true, true },
};

static void
check_row(const struct expected *e)
{
	struct row r = row_of(e->step, e->out);
	uint32_t in_src = e->out ? IL : OG, in_dst = e->out ? OL : IG;
	uint32_t src = e->out ? IG : OL, dst = e->out ? OG : IL;

	assert_int_equal(r.drop, e->drop);
	assert_saw(&r, LIST_ESP, e->esp ? in_src : 0, e->esp ? in_dst : 0);
	assert_saw(&r, LIST_CLEAR, e->clear ? in_src : 0,
	    e->clear ? in_dst : 0);
	assert_saw(&r, MAP, e->map ? src : 0, e->map ? dst : 0);
	assert_saw(&r, LIST_OUT, e->left ? src : 0, e->left ? dst : 0);
	if (e->drop >= 0)
		return;
	assert_saw(&r, WIRE, src, dst);
	assert_true(r.esp);
	assert_int_equal(r.dscp, e->step == QUEUE ? EF : 0);
	assert_int_equal(r.port, e->out ? WAN : LAN);
}

static void
test_rows(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < NELEM(expected); i++)
		check_row(&expected[i]);
}

/* The stages of the program are in the order of the lists; queues are in front
 * of encryption, and its numbers. */
static void
test_stages(void **state UNUSED)
{
	unsigned way, i;
	int at, last;

	for (way = 0; way < 2; way++) {
		last = -1;
		for (i = 0; i < ROWS; i++) {
			enum step s = (way ? to_inside : to_outside)[i];

			if (s > LAST)
				continue;
			at = stage_of(here(s, way == 0));
			assert_true(at >= 0);
			assert_true(s == QUEUE ? at < last : at > last);
			last = at;
		}
	}
	assert_true(stage_of("qos-out") > stage_of("acl-out"));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_stages),
	};

	if (argc > 1 && strcmp(argv[1], "table") == 0) {
		print_doc();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
