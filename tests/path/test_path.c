/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets into the engine and what comes out: one row for every stage of the
 * clear path and every reason to drop there.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

static uint8_t buf[70000];

struct row {
	const char *name;
	void (*prepare)(struct rig *);
	uint16_t in;
	struct mk mk;
	int drop;	/* enum drop_id, -1: none */
	int out;	/* port it leaves by, -1: nothing comes out */
	unsigned icmp;	/* type << 8 | code of an error, 0: none */
	uint32_t icmp_mtu;
};

#define TO_FAR .src = LAN_HOST, .dst = FAR_HOST
#define TO_LAN .src = FAR_HOST, .dst = LAN_HOST

static void
no_map(struct rig *r)
{
	r->ifs[1].crypto_map[0] = '\0';
	rig_config(r);
}

static void
acl_in_denies(struct rig *r)
{
	struct ace a[2] = { mk_ace(ACE_DENY, PROTO_UDP, 0, ~0u, 0, ~0u),
		ace_any(ACE_PERMIT) };

	a[0].dport = (struct ace_ports){ ACE_OP_EQ, 53, 0 };
	rig_acl(r, "100", a, 2);
	str_copy(r->ifs[0].acl_in, "100", CONF_NAME);
	no_map(r);
}

static void
acl_out_denies(struct rig *r)
{
	struct ace a[1] = { mk_ace(ACE_PERMIT, PROTO_TCP, 0, ~0u, 0, ~0u) };

	rig_acl(r, "101", a, 1);
	str_copy(r->ifs[1].acl_out, "101", CONF_NAME);
	no_map(r);
}

static void
acl_dangles(struct rig *r)
{
	str_copy(r->ifs[0].acl_in, "nowhere", CONF_NAME);
	no_map(r);
}

static void
wan_down(struct rig *r)
{
	struct port p = r->f->ports[WAN];

	p.up = false;
	fwd_port(r->f, &p);
}

static void
small_mtu(struct rig *r)
{
	r->ifs[1].ip_mtu = 600;
	no_map(r);
}

static void
policy_only(struct rig *r)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(r, SA_DIR_BOTH, &any, 1);
}

static void
receive_only(struct rig *r)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(r, SA_DIR_INBOUND_ONLY, &any, 1);
	rig_tek(r, 0x1000, 0, rig_aes_sha1, 3600000);
}

static void
passive(struct rig *r)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(r, SA_DIR_INBOUND_OPTIONAL, &any, 1);
}

static void
deny_then_permit(struct rig *r)
{
	struct ace a[2] = { mk_ace(ACE_DENY, PROTO_TCP, 0, ~0u, 0, ~0u),
		ace_any(ACE_PERMIT) };

	rig_policy(r, SA_DIR_BOTH, a, 2);
}

static void
gcm_without_sid(struct rig *r)
{
	struct sa_change c = { .type = SA_ADD };
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(r, SA_DIR_BOTH, &any, 1);
	c.tek = rig_tek_of(0x77, 0,
	    (struct esp_transform){ ESP_AES_GCM, 0, 128 }, 3600000);
	c.tek.sid_bits = 0;
	fwd_sa(r->f, &c);
}

static const struct row rows[] = {
	{ "forward", no_map, LAN, { TO_FAR, PROTO_UDP, .payload = 10 },
	    -1, WAN, 0, 0 },
	{ "to the LAN", no_map, WAN, { TO_LAN, PROTO_UDP }, -1, LAN, 0, 0 },
	{ "to this router", no_map, LAN,
	    { .src = LAN_HOST, .dst = LAN_ADDR, PROTO_UDP }, -1, 0, 0, 0 },
	{ "to its other address", no_map, LAN,
	    { .src = LAN_HOST, .dst = WAN_ADDR, PROTO_UDP }, -1, 0, 0, 0 },
	{ "broadcast", no_map, LAN,
	    { .src = LAN_HOST, .dst = IP4(10, 1, 1, 255), PROTO_UDP },
	    -1, 0, 0, 0 },
	{ "multicast in", no_map, LAN,
	    { .src = LAN_HOST, .dst = IP4(224, 0, 0, 5), PROTO_UDP },
	    -1, 0, 0, 0 },
	{ "multicast out", no_map, PORT_LOCAL,
	    { .src = LAN_ADDR, .dst = IP4(224, 0, 0, 5), PROTO_UDP },
	    DROP_MULTICAST, -1, 0, 0 },
	{ "local out", no_map, PORT_LOCAL,
	    { .src = WAN_ADDR, .dst = FAR_HOST, PROTO_UDP, .ttl = 1 },
	    -1, WAN, 0, 0 },
	{ "no route", no_map, LAN,
	    { .src = LAN_HOST, .dst = IP4(8, 8, 8, 8), PROTO_UDP },
	    DROP_NO_ROUTE, LAN, 0x301, 0 },
	{ "port down", wan_down, LAN, { TO_FAR, PROTO_UDP },
	    DROP_PORT_DOWN, LAN, 0x301, 0 },
	{ "ttl", no_map, LAN, { TO_FAR, PROTO_UDP, .ttl = 1 },
	    DROP_TTL, LAN, 0xb00, 0 },
	{ "ttl of an error", no_map, LAN,
	    { TO_FAR, PROTO_ICMP, .ttl = 1, .sport = 0x0b00 },
	    DROP_TTL, -1, 0, 0 },
	{ "ttl of a fragment tail", no_map, LAN,
	    { TO_FAR, PROTO_UDP, .ttl = 1, .frag = 100 }, DROP_TTL, -1, 0,
	    0 },
	{ "acl in", acl_in_denies, LAN,
	    { TO_FAR, PROTO_UDP, .dport = 53 }, DROP_ACL_IN, LAN, 0x30d, 0 },
	{ "acl in passes", acl_in_denies, LAN,
	    { TO_FAR, PROTO_UDP, .dport = 54 }, -1, WAN, 0, 0 },
	{ "acl out", acl_out_denies, LAN, { TO_FAR, PROTO_UDP },
	    DROP_ACL_OUT, LAN, 0x30d, 0 },
	{ "acl out, own packet", acl_out_denies, PORT_LOCAL,
	    { .src = WAN_ADDR, .dst = FAR_HOST, PROTO_UDP }, -1, WAN, 0, 0 },
	{ "acl that does not exist", acl_dangles, LAN,
	    { TO_FAR, PROTO_UDP }, -1, WAN, 0, 0 },
	{ "too big", small_mtu, LAN,
	    { TO_FAR, PROTO_UDP, .frag = IPH_DF, .payload = 700 },
	    DROP_MTU, LAN, 0x304, 600 },
	{ "just fits", small_mtu, LAN,
	    { TO_FAR, PROTO_UDP, .frag = IPH_DF, .payload = 572 },
	    -1, WAN, 0, 0 },
	{ "no sa", policy_only, LAN, { TO_FAR, PROTO_UDP },
	    DROP_NO_SA, -1, 0, 0 },
	{ "clear packet", policy_only, WAN, { TO_LAN, PROTO_UDP },
	    DROP_NOT_IPSEC, -1, 0, 0 },
	{ "transit 848 is not exempt", policy_only, WAN,
	    { TO_LAN, PROTO_UDP, .sport = 848, .dport = 848 },
	    DROP_NOT_IPSEC, -1, 0, 0 },
	{ "transit 848 out", policy_only, LAN,
	    { TO_FAR, PROTO_UDP, .sport = 848, .dport = 848 },
	    DROP_NO_SA, -1, 0, 0 },
	{ "own 848 in", policy_only, WAN,
	    { .src = FAR_HOST, .dst = WAN_ADDR, PROTO_UDP, .sport = 848,
	    .dport = 848 }, -1, 0, 0, 0 },
	{ "own 849 in", policy_only, WAN,
	    { .src = FAR_HOST, .dst = WAN_ADDR, PROTO_UDP, .sport = 849,
	    .dport = 849 }, DROP_NOT_IPSEC, -1, 0, 0 },
	{ "own 848 out", policy_only, PORT_LOCAL,
	    { .src = WAN_ADDR, .dst = FAR_HOST, PROTO_UDP, .sport = 848,
	    .dport = 848 }, -1, WAN, 0, 0 },
	{ "tail of an own fragment out", policy_only, PORT_LOCAL,
	    { .src = WAN_ADDR, .dst = FAR_HOST, PROTO_UDP, .frag = 100 },
	    DROP_NO_SA, -1, 0, 0 },
	{ "tail of a fragment to this router", policy_only, WAN,
	    { .src = FAR_HOST, .dst = WAN_ADDR, PROTO_UDP, .frag = 100 },
	    -1, 0, 0, 0 },
	{ "848 with an own source from outside", policy_only, LAN,
	    { .src = WAN_ADDR, .dst = FAR_HOST, PROTO_UDP, .sport = 848,
	    .dport = 848 }, DROP_NO_SA, -1, 0, 0 },
	{ "receive-only sends clear", receive_only, LAN,
	    { TO_FAR, PROTO_UDP }, -1, WAN, 0, 0 },
	{ "receive-only takes clear", receive_only, WAN,
	    { TO_LAN, PROTO_UDP }, -1, LAN, 0, 0 },
	{ "passive takes clear", passive, WAN,
	    { TO_LAN, PROTO_UDP }, -1, LAN, 0, 0 },
	{ "passive sends encrypted", passive, LAN,
	    { TO_FAR, PROTO_UDP }, DROP_NO_SA, -1, 0, 0 },
	{ "deny stays clear", deny_then_permit, LAN,
	    { TO_FAR, PROTO_TCP, .tcp_flags = TCP_ACK }, -1, WAN, 0, 0 },
	{ "deny stays clear, in", deny_then_permit, WAN,
	    { TO_LAN, PROTO_TCP, .tcp_flags = TCP_ACK }, -1, LAN, 0, 0 },
	{ "behind the deny", deny_then_permit, LAN,
	    { TO_FAR, PROTO_ICMP, .sport = 0x800 }, DROP_NO_SA, -1, 0, 0 },
	{ "esp of nobody, no policy", NULL, WAN,
	    { TO_LAN, PROTO_ESP, .payload = 60 }, -1, LAN, 0, 0 },
	{ "esp of nobody, policy", policy_only, WAN,
	    { TO_LAN, PROTO_ESP, .payload = 60 }, DROP_INVALID_SPI, -1, 0,
	    0 },
	{ "esp on a port without map", policy_only, LAN,
	    { .src = LAN_HOST, .dst = LAN_ADDR, PROTO_ESP, .payload = 60 },
	    -1, 0, 0, 0 },
	{ "gcm without sender id", gcm_without_sid, LAN,
	    { TO_FAR, PROTO_UDP }, DROP_NO_SID, -1, 0, 0 },
};

static void
check_row(struct rig *r, const struct row *row)
{
	unsigned i, want = row->out >= 0;

	if (rig_all_drops(r) != (row->drop >= 0) || r->n_out != want)
		fail_msg("%s: %u drops, %u out", row->name,
		    (unsigned)rig_all_drops(r), r->n_out);
	if (row->drop >= 0)
		assert_int_equal(rig_drops(r, (enum drop_id)row->drop), 1);
	for (i = 0; i < r->n_out; i++) {
		const uint8_t *ip = rig_ip(r, i);

		if (r->out[i].out_port != row->out)
			fail_msg("%s: port", row->name);
		assert_true(ip_ok(ip));
		if (row->icmp == 0)
			continue;
		assert_int_equal(ip[IPH_PROTO], PROTO_ICMP);
		assert_int_equal(get16(ip + IPH_HDR), row->icmp);
		assert_int_equal(get16(ip + IPH_HDR + 6), row->icmp_mtu);
		assert_true(l4_ok(ip));
		assert_int_equal(get32(ip + IPH_SRC), LAN_ADDR);
		assert_int_equal(get32(ip + IPH_DST), row->mk.src);
	}
}

static void
test_rows(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		rig_start(r);
		if (rows[i].prepare != NULL)
			rows[i].prepare(r);
		len = mk_packet(buf, &rows[i].mk);
		rig_input(r, buf, len, rows[i].in);
		check_row(r, &rows[i]);
		rig_end(r);
	}
	free(r);
}

static void
test_ttl_once(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	size_t len;

	(void)state;
	rig_start(r);
	no_map(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP, .ttl = 64,
	    .payload = 33 });
	rig_input(r, buf, len, LAN);
	assert_int_equal(rig_ip(r, 0)[IPH_TTL], 63);
	assert_int_equal(r->out[0].len, len);
	assert_memory_equal(rig_ip(r, 0) + IPH_HDR, buf + IPH_HDR,
	    len - IPH_HDR);
	/* what the router made keeps its own */
	rig_input(r, buf, len, PORT_LOCAL);
	assert_int_equal(rig_ip(r, 0)[IPH_TTL], 64);
	rig_end(r);
	free(r);
}

/* Malformed headers: a change to a good packet and the reason it gives. */
static void
test_malformed(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
		bool fix_sum;
		unsigned len; /* 0: all */
		enum drop_id why;
	} bad[] = {
		{ 0, 0x55, true, 0, DROP_BAD_IP },
		{ 0, 0x44, true, 0, DROP_BAD_IP },
		{ 0, 0x4f, true, 40, DROP_BAD_IP },
		{ IPH_LEN, 0xff, true, 0, DROP_BAD_IP },
		{ IPH_LEN + 1, 19, true, 0, DROP_BAD_IP },
		{ IPH_SRC, 99, false, 0, DROP_BAD_CHECKSUM },
		{ 0, 0x45, true, 19, DROP_BAD_IP },
		{ 0, 0x45, true, 0, DROP_COUNT },
	};
	struct rig *r = malloc(sizeof(*r));
	size_t len, i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		rig_start(r);
		no_map(r);
		len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP,
		    .payload = 12 });
		buf[bad[i].at] = bad[i].value;
		if (bad[i].fix_sum) {
			put16(buf + IPH_SUM, 0);
			put16(buf + IPH_SUM, sum_end(sum_add(0, buf,
			    (buf[0] & 15u) * 4)));
		}
		if (bad[i].len != 0)
			len = bad[i].len;
		rig_input(r, buf, len, LAN);
		if (bad[i].why == DROP_COUNT)
			assert_int_equal(r->n_out, 1);
		else
			assert_int_equal(rig_drops(r, bad[i].why), 1);
		rig_end(r);
	}
	free(r);
}

/* Trailing octets behind the total length (Ethernet padding) go away. */
static void
test_trailer(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	size_t len;

	(void)state;
	rig_start(r);
	no_map(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP });
	rig_input(r, buf, len + 18, LAN);
	assert_int_equal(r->out[0].len, len);
	rig_end(r);
	free(r);
}

static void
test_tiny_tcp_fragments(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	size_t len;

	(void)state;
	rig_start(r);
	no_map(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, 99, .frag = 1,
	    .payload = 40 });
	buf[IPH_PROTO] = PROTO_TCP;
	ip_finish(buf, IPH_HDR, (unsigned)len);
	rig_input(r, buf, len, LAN);
	assert_int_equal(rig_drops(r, DROP_BAD_IP), 1);
	rig_end(r);
	free(r);
}

static void
test_acl_counts(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	struct acl_obj *a;
	size_t len;

	(void)state;
	rig_start(r);
	acl_in_denies(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP, .dport = 53 });
	rig_input(r, buf, len, LAN);
	rig_input(r, buf, len, LAN);
	a = acl_find(r->f, "100");
	assert_int_equal(a->hits[0]->packets, 2);
	/* the second entry changes, the first keeps its count */
	r->entries[1].ace.action = ACE_DENY;
	rig_config(r);
	a = acl_find(r->f, "100");
	assert_int_equal(a->hits[0]->packets, 2);
	assert_int_equal(a->hits[1]->packets, 0);
	rig_input(r, buf, len, LAN);
	assert_int_equal(a->hits[0]->packets, 3);
	rig_end(r);
	free(r);
}

static void
test_adjust_mss(void **state)
{
	static const struct {
		uint8_t options[8];
		uint16_t want; /* of octets at `at` */
		unsigned at;
	} rows_mss[] = {
		{ { 2, 4, 0x05, 0xb4, 0, 0, 0, 0 }, 1360, 2 },
		{ { 2, 4, 0x02, 0x00, 0, 0, 0, 0 }, 512, 2 },
		{ { 1, 2, 4, 0x05, 0xb4, 1, 1, 0 }, 1360, 3 },
		{ { 0, 2, 4, 0x05, 0xb4, 0, 0, 0 }, 1460, 3 },
		{ { 3, 0, 2, 4, 0x05, 0xb4, 0, 0 }, 1460, 4 },
		{ { 3, 9, 2, 4, 0x05, 0xb4, 0, 0 }, 1460, 4 },
		{ { 2, 3, 0x05, 0xb4, 0, 0, 0, 0 }, 1460, 2 },
	};
	struct rig *r = malloc(sizeof(*r));
	size_t len, i;

	(void)state;
	for (i = 0; i < NELEM(rows_mss); i++) {
		rig_start(r);
		r->ifs[0].adjust_mss = 1360;
		no_map(r);
		len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_TCP,
		    .tcp_flags = TCP_SYN, .payload = 8 });
		buf[32] = 7 << 4;
		memcpy(buf + 40, rows_mss[i].options, 8);
		put16(buf + 36, 0);
		put16(buf + 36, sum_end(sum_add(sum_pseudo(buf, 28),
		    buf + 20, 28)));
		rig_input(r, buf, len, LAN);
		assert_int_equal(get16(rig_ip(r, 0) + 40 + rows_mss[i].at),
		    rows_mss[i].want);
		assert_true(l4_ok(rig_ip(r, 0)));
		rig_end(r);
	}
	free(r);
}

static void
test_trace(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	size_t len;
	unsigned i;

	(void)state;
	rig_start(r);
	no_map(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP });
	rig_input(r, buf, len, PORT_LOCAL);
	for (i = 0; fwd_stage_name(i) != NULL; i++) {
		bool passed = r->out[0].trace >> i & 1;

		if (strcmp(fwd_stage_name(i), "acl-in") == 0)
			assert_false(passed);
		if (strcmp(fwd_stage_name(i), "route") == 0)
			assert_true(passed);
	}
	rig_end(r);
	free(r);
}

static void
test_icmp_limit(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	unsigned i, sent = 0;
	size_t len;

	(void)state;
	rig_start(r);
	no_map(r);
	for (i = 0; i < 200; i++) {
		len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP,
		    .ttl = 1 });
		rig_input(r, buf, len, LAN);
		sent += r->n_out;
	}
	assert_int_equal(sent, 50);
	assert_int_equal(rig_drops(r, DROP_ICMP_LIMIT), 150);
	r->now += 100; /* ten more */
	for (i = 0; i < 20; i++) {
		len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP,
		    .ttl = 1 });
		rig_input(r, buf, len, LAN);
		sent += r->n_out;
	}
	assert_int_equal(sent, 60);
	rig_end(r);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ttl_once),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_trailer),
		cmocka_unit_test(test_tiny_tcp_fragments),
		cmocka_unit_test(test_acl_counts),
		cmocka_unit_test(test_adjust_mss),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_icmp_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
