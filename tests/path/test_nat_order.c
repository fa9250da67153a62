/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The order of operations: one packet each way through a router with NAT of
 * both sides, a group's policy on its outside and access lists everywhere.
 * Each list has an entry for every pair of addresses that it might see, each
 * address a route of its own, so that counters and ports tell which ones it
 * was. Without arguments a test; `test_nat_order table` prints what was seen
 * as doc/order-of-operations.md (scripts/doc-tables).
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

#define ROWS 12

/* What one stage saw. */
struct row {
	int stage;
	const char *what;
	bool esp;
	uint32_t src, dst; /* 0: it does not look at that one */
};

struct way {
	struct row rows[ROWS];
	unsigned n;
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

/* Pairs in that direction: inside to outside, or back. */
static unsigned
pairs(struct ace *a, uint8_t proto, bool out)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		a[i] = mk_ace(ACE_PERMIT, proto,
		    out ? insides[i / 2] : outsides[i / 2], 0,
		    out ? outsides[i % 2] : insides[i % 2], 0);
	return 4;
}

static void
probe(const char *name, bool out)
{
	struct ace a[8];

	pairs(a, PROTO_ESP, out);
	pairs(a + 4, 0, out);
	rig_acl(&n.r, name, a, 8);
}

static void
start(void)
{
	static const struct route routes[] = { { IL, 32, 0, LAN },
		{ IG, 32, 0, WAN }, { OL, 32, 0, WAN }, { OG, 32, 0, LAN } };
	struct ace policy[8];

	natrig_start(&n);
	str_copy(n.r.ifs[1].crypto_map, "CM", CONF_NAME);
	probe("LAN-IN", true);
	probe("LAN-OUT", false);
	probe("WAN-IN", false);
	probe("WAN-OUT", true);
	str_copy(n.r.ifs[0].acl_in, "LAN-IN", CONF_NAME);
	str_copy(n.r.ifs[0].acl_out, "LAN-OUT", CONF_NAME);
	str_copy(n.r.ifs[1].acl_in, "WAN-IN", CONF_NAME);
	str_copy(n.r.ifs[1].acl_out, "WAN-OUT", CONF_NAME);
	natrig_static(&n, IL, IG);
	natrig_static(&n, OL, OG)->way = NAT_OUTSIDE_SOURCE;
	natrig_commit(&n);
	fwd_routes(n.r.f, routes, NELEM(routes));
	pairs(policy, 0, true);
	pairs(policy + 4, 0, false);
	rig_policy(&n.r, SA_DIR_BOTH, policy, 8);
	rig_tek(&n.r, 0x1000, 0, rig_aes_sha1, 3600000);
}

/* ---- what was seen ---- */

static void
saw(struct way *w, const char *stage, const char *what, bool esp,
    uint32_t src, uint32_t dst)
{
	struct row *r = &w->rows[w->n++];

	*r = (struct row){ stage_of(stage), what, esp, src, dst };
	assert_true(r->stage >= 0);
	assert_true(n.r.n_out == 1 && (n.r.out[0].trace >> r->stage & 1));
}

static void
saw_list(struct way *w, const char *stage, const char *what, bool esp,
    const char *name)
{
	const struct acl_obj *a = acl_find(n.r.f, name);
	unsigned i, hits = 0, from = esp ? 0 : 4, at = 0;

	for (i = from; i < from + 4; i++) {
		hits += (unsigned)a->hits[i]->packets;
		if (a->hits[i]->packets != 0)
			at = i;
	}
	assert_int_equal(hits, 1);
	saw(w, stage, what, esp, a->aces[at].src, a->aces[at].dst);
}

/* By the entry of the policy that counted. */
static void
saw_policy(struct way *w, const char *stage, const char *what,
    enum tally tally)
{
	const struct policy *p = group_find(n.r.f, "GETVPN")->policy;
	uint32_t i, at = UINT32_MAX;

	for (i = 0; i < p->n; i++) {
		if (p->stats[i]->c[tally] != 0)
			at = i;
	}
	assert_true(at != UINT32_MAX);
	saw(w, stage, what, false, p->aces[at].src, p->aces[at].dst);
}

static void
to_outside(struct way *w)
{
	struct seen wire;

	start();
	natrig_send(&n, LAN, mk_seen(PROTO_UDP, IL, 5, OL, 6), 0);
	assert_int_equal(n.r.n_out, 1);
	wire = seen_of(n.r.bytes[0]);
	saw_list(w, "acl-in", "input access list", false, "LAN-IN");
	saw(w, "route", "routing", false, 0,
	    n.r.out[0].out_port == WAN ? OL : OG);
	saw_policy(w, "crypto-classify", "crypto map, policy of the group",
	    STAT_ENCRYPT);
	saw_list(w, "acl-out", "output access list", false, "WAN-OUT");
	saw(w, "esp-out", "encryption", wire.proto == PROTO_ESP, wire.src,
	    wire.dst);
	saw(w, "transmit", "on the wire", wire.proto == PROTO_ESP, wire.src,
	    wire.dst);
	natrig_end(&n);
}

/* From the far end's router, which encrypts it to the addresses that it
 * knows. */
static size_t
far_router(uint8_t *esp)
{
	struct rig *far = xcalloc(1, sizeof(*far));
	uint8_t buf[200];
	size_t len;

	rig_start(far);
	rig_group(far);
	len = mk_packet(buf, &(struct mk){ .src = OG, .dst = IG,
	    .proto = PROTO_UDP, .sport = 6, .dport = 5, .payload = 33 });
	rig_input(far, buf, len, LAN);
	assert_int_equal(far->n_out, 1);
	len = far->out[0].len;
	memcpy(esp, far->bytes[0], len);
	rig_end(far);
	free(far);
	return len;
}

static void
to_inside(struct way *w)
{
	uint8_t esp[400];
	size_t len = far_router(esp);
	struct seen in = seen_of(esp), got;

	start();
	rig_input(&n.r, esp, len, WAN);
	assert_int_equal(n.r.n_out, 1);
	got = seen_of(n.r.bytes[0]);
	saw_list(w, "acl-in", "input access list", true, "WAN-IN");
	saw(w, "esp-in", "decryption", in.proto == PROTO_ESP, in.src, in.dst);
	saw_policy(w, "esp-in", "policy of the group, decrypted packet",
	    STAT_DECRYPT);
	saw_list(w, "acl-in-again", "input access list again", false,
	    "WAN-IN");
	saw(w, "route", "routing", false, 0,
	    n.r.out[0].out_port == LAN ? IL : IG);
	saw_list(w, "acl-out", "output access list", false, "LAN-OUT");
	saw(w, "transmit", "on the wire", got.proto == PROTO_ESP, got.src,
	    got.dst);
	natrig_end(&n);
}

/* ---- as a table ---- */

static const char *
name_of(uint32_t addr)
{
	switch (addr) {
	case IL: return "inside local";
	case IG: return "inside global";
	case OL: return "outside local";
	case OG: return "outside global";
	default: return "-";
	}
}

static void
print_way(const char *title, const struct way *w)
{
	unsigned i;

	printf("\n## %s\n\n", title);
	printf("| # | step | stage | packet | source seen | destination "
	    "seen |\n|---|---|---|---|---|---|\n");
	for (i = 0; i < w->n; i++) {
		const struct row *r = &w->rows[i];

		printf("| %u | %s | %s | %s | %s | %s |\n", i + 1, r->what,
		    fwd_stage_name((unsigned)r->stage),
		    r->esp ? "ESP" : "clear", name_of(r->src),
		    name_of(r->dst));
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
	struct way out = { .n = 0 }, in = { .n = 0 };

	to_outside(&out);
	to_inside(&in);
	printf("# Order of operations\n\n"
	    "Written by `scripts/doc-tables` from what "
	    "`tests/path/test_nat_order` sees: do not edit.\n"
	    "A router translates both sides (`ip nat inside source static`, "
	    "`ip nat outside source static`) and encrypts on its outside;\n"
	    "one packet each way. The order is that of IOS: NAT before the "
	    "crypto map on the way out, so a crypto access list is written\n"
	    "with inside global addresses (or the traffic is exempt from "
	    "NAT); decryption before NAT on the way in, NAT before routing.\n");
	print_way("From inside to outside", &out);
	print_way("From outside to inside", &in);
	print_stages();
}

/* ---- as a test ---- */

static void
assert_row(const struct way *w, unsigned i, const char *stage, bool esp,
    uint32_t src, uint32_t dst)
{
	const struct row *r = &w->rows[i];

	assert_string_equal(fwd_stage_name((unsigned)r->stage), stage);
	assert_int_equal(r->esp, esp);
	assert_string_equal(name_of(r->src), name_of(src));
	assert_string_equal(name_of(r->dst), name_of(dst));
	assert_true(i == 0 || r->stage >= w->rows[i - 1].stage);
}

static void
test_to_outside(void **state UNUSED)
{
	struct way w = { .n = 0 };

	to_outside(&w);
	assert_int_equal(w.n, 6);
	assert_row(&w, 0, "acl-in", false, IL, OL);
	assert_row(&w, 1, "route", false, 0, OL);
	assert_row(&w, 2, "crypto-classify", false, IG, OG);
	assert_row(&w, 3, "acl-out", false, IG, OG);
	assert_row(&w, 4, "esp-out", true, IG, OG);
	assert_row(&w, 5, "transmit", true, IG, OG);
	/* NAT stands between routing and the crypto map */
	assert_true(stage_of("nat-out") > w.rows[1].stage &&
	    stage_of("nat-out") < w.rows[2].stage);
	/* queues are in front of encryption, and its numbers */
	assert_true(stage_of("qos-out") > w.rows[3].stage &&
	    stage_of("qos-out") < w.rows[4].stage);
}

static void
test_to_inside(void **state UNUSED)
{
	struct way w = { .n = 0 };

	to_inside(&w);
	assert_int_equal(w.n, 7);
	assert_row(&w, 0, "acl-in", true, OG, IG);
	assert_row(&w, 1, "esp-in", true, OG, IG);
	assert_row(&w, 2, "esp-in", false, OG, IG);
	assert_row(&w, 3, "acl-in-again", false, OG, IG);
	assert_row(&w, 4, "route", false, 0, IL);
	assert_row(&w, 5, "acl-out", false, OL, IL);
	assert_row(&w, 6, "transmit", false, OL, IL);
	assert_true(stage_of("nat-in") > w.rows[3].stage &&
	    stage_of("nat-in") < w.rows[4].stage);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_outside),
		cmocka_unit_test(test_to_inside),
	};

	if (argc > 1 && strcmp(argv[1], "table") == 0) {
		print_doc();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
