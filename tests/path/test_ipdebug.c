/* SPDX-License-Identifier: BSD-2-Clause
 *
 * debug ip packet and debug ip icmp: the lines to the letter, of what arrives,
 * leaves, passes, is cut and is dropped; access lists; tunnels and ESP; what a
 * flood makes of it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/debug.h"
#include "cli_gen.h"
#include "console.h"

#define HOP IP4(192, 0, 2, 254)
#define IN "FastEthernet0/0"
#define OUT "FastEthernet0/1"

static uint8_t buf[20000];
static void
debugs(struct rig *r, unsigned packet, unsigned icmp, uint16_t acl)
{
	memset(&debug_set, 0, sizeof(debug_set));
	debug_set.levels[DBG_IP_PACKET] = (uint8_t)packet;
	debug_set.levels[DBG_IP_ICMP] = (uint8_t)icmp;
	debug_set.packet_acl = acl;
	ipdebug_changed(r->f);
	rig_forget_said();
}

/* A router without encryption, and what ctx runs on it. */
static struct rig *
start(struct cli_ctx *ctx)
{
	struct rig *r = console_rig(ctx);

	rig_hear();
	r->ifs[1].crypto_map[0] = '\0';
	rig_config(r);
	return r;
}

static void
stop(struct rig *r, struct cli_ctx *ctx)
{
	debugs(r, 0, 0, 0);
	console_end(r, ctx);
}

static void
input(struct rig *r, struct mk mk, uint16_t port)
{
	size_t len;

	if (mk.ttl == 0)
		mk.ttl = 64;
	len = mk_packet(buf, &mk);
	rig_input(r, buf, len, port);
	rig_timeout(r);
}

/* What was said since then. */
static void
expect(const char *text)
{
	assert_string_equal(rig_said, text);
	rig_forget_said();
}

/* The echo that left comes back. */
static void
answer(struct rig *r)
{
	unsigned len = r->out[0].len;

	assert_int_equal(r->n_out, 1);
	memcpy(buf, rig_ip(r, 0), len);
	put32(buf + IPH_SRC, get32(rig_ip(r, 0) + IPH_DST));
	put32(buf + IPH_DST, get32(rig_ip(r, 0) + IPH_SRC));
	buf[20] = 0;
	put16(buf + 22, 0);
	put16(buf + 22, sum_end(sum_add(0, buf + 20, len - 20)));
	ip_finish(buf, 20, len);
	rig_input(r, buf, len, WAN);
	rig_timeout(r);
	rig_timeout(r); /* the next one has been sent */
}

/* ---- ping ---- */

#define ROUTED_OUT "IP: tableid=0, s=192.0.2.1 (local), d=10.2.2.20 ("       \
	OUT "), routed via FIB\n"
#define SENDING(len) "IP: s=192.0.2.1 (local), d=10.2.2.20 (" OUT "), len "  \
	len ", sending\n    ICMP type=8, code=0\n"
#define ROUTED_IN "IP: tableid=0, s=10.2.2.20 (" OUT "), d=192.0.2.1 ("      \
	OUT "), routed via RIB\n"
#define RCVD(len) "IP: s=10.2.2.20 (" OUT "), d=192.0.2.1 (" OUT "), len "   \
	len ", rcvd 3\n    ICMP type=0, code=0\n"

/* The picture of seed 004: a size that does not fit is sent, and nothing is
 * heard of it. */
static void
test_seed(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .df = 1,
		.sweep = 1, .sweep_min = 1499, .sweep_max = 1502,
		.repeat = 1 };
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);

	(void)state;
	debugs(r, DBG_EVENT | DBG_DETAIL, 0, 0);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	answer(r);
	expect(ROUTED_OUT SENDING("1499") ROUTED_IN RCVD("1499")
	    ROUTED_OUT SENDING("1500"));
	answer(r);
	expect(ROUTED_IN RCVD("1500") ROUTED_OUT SENDING("1501"));
	r->now += 2000;
	rig_timeout(r);
	rig_timeout(r);
	expect(ROUTED_OUT SENDING("1502"));
	r->now += 2000;
	rig_timeout(r);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "!!..\nSuccess rate is 50 percent "
	    "(2/4)"));
	expect("");
	stop(r, &ctx);
}

static void
test_ping_icmp(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .repeat = 1 };
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);

	(void)state;
	debugs(r, 0, DBG_EVENT, 0);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	answer(r);
	assert_true(ctx.done);
	expect("ICMP: echo reply rcvd, src 10.2.2.20, dst 192.0.2.1\n");
	/* both ends are here */
	ctx.done = false;
	args.target = WAN_ADDR;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	rig_timeout(r);
	assert_true(ctx.done);
	expect("ICMP: echo reply sent, src 192.0.2.1, dst 192.0.2.1\n"
	    "ICMP: echo reply rcvd, src 192.0.2.1, dst 192.0.2.1\n");
	ctx.done = false;
	debugs(r, DBG_EVENT, 0, 0);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	rig_timeout(r);
	expect("IP: tableid=0, s=192.0.2.1 (local), d=192.0.2.1 (" OUT
	    "), routed via RIB\n"
	    "IP: s=192.0.2.1 (local), d=192.0.2.1 (" OUT
	    "), len 100, sending\n");
	stop(r, &ctx);
}

/* ---- what passes, and is for this router ---- */

#define PASSES "IP: tableid=0, s=10.1.1.10 (" IN "), d=10.2.2.20 (" OUT      \
	"), routed via FIB\n"                                                \
	"IP: s=10.1.1.10 (" IN "), d=10.2.2.20 (" OUT "), g=192.0.2.254, "

static void
test_forward(void **state)
{
	struct mk mk = { .src = LAN_HOST, .dst = FAR_HOST,
		.proto = PROTO_TCP, .sport = 1000, .dport = 23,
		.tcp_flags = TCP_SYN | TCP_ACK, .payload = 40 };
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);
	uint32_t seq;
	char line[600];

	(void)state;
	debugs(r, DBG_EVENT, 0, 0);
	input(r, mk, LAN);
	expect(PASSES "len 80, forward\n");
	debugs(r, DBG_EVENT | DBG_DETAIL, 0, 0);
	input(r, mk, LAN);
	seq = get32(rig_ip(r, 0) + 24);
	snprintf(line, sizeof(line), PASSES "len 80, forward\n"
	    "    TCP src=1000, dst=23, seq=%u, ack=%u, win=%u ACK SYN\n",
	    seq, get32(rig_ip(r, 0) + 28), get16(rig_ip(r, 0) + 34));
	expect(line);
	mk.proto = PROTO_UDP;
	input(r, mk, LAN);
	expect(PASSES "len 68, forward\n    UDP src=1000, dst=23\n");
	mk.proto = 89;
	input(r, mk, LAN);
	expect(PASSES "len 60, forward, proto=89\n");
	/* its neighbour is the gateway */
	input(r, (struct mk){ .src = FAR_HOST, .dst = LAN_HOST, .proto = 89 },
	    WAN);
	expect("IP: tableid=0, s=10.2.2.20 (" OUT "), d=10.1.1.10 (" IN
	    "), routed via FIB\n"
	    "IP: s=10.2.2.20 (" OUT "), d=10.1.1.10 (" IN "), g=10.1.1.10, "
	    "len 20, forward, proto=89\n");
	/* off: nothing at all, not even of what was seen before */
	debugs(r, 0, 0, 0);
	input(r, mk, LAN);
	assert_int_equal(r->n_out, 1);
	expect("");
	stop(r, &ctx);
}

static void
test_received(void **state)
{
	struct mk mk = { .src = LAN_HOST, .dst = LAN_ADDR,
		.proto = PROTO_UDP, .sport = 5, .dport = 6 };
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);

	(void)state;
	debugs(r, DBG_EVENT, 0, 0);
	input(r, mk, LAN);
	expect("IP: tableid=0, s=10.1.1.10 (" IN "), d=10.1.1.1 (" IN
	    "), routed via RIB\n"
	    "IP: s=10.1.1.10 (" IN "), d=10.1.1.1 (" IN "), len 28, rcvd 3\n");
	mk.dst = WAN_ADDR; /* the address of another interface */
	input(r, mk, LAN);
	expect("IP: tableid=0, s=10.1.1.10 (" IN "), d=192.0.2.1 (" OUT
	    "), routed via RIB\n"
	    "IP: s=10.1.1.10 (" IN "), d=192.0.2.1, len 28, rcvd 4\n");
	mk.dst = IP4(10, 1, 1, 255);
	input(r, mk, LAN);
	expect("IP: s=10.1.1.10 (" IN "), d=10.1.1.255, len 28, rcvd 2\n");
	mk.dst = UINT32_MAX;
	input(r, mk, LAN);
	expect("IP: s=10.1.1.10 (" IN "), d=255.255.255.255, len 28, "
	    "rcvd 2\n");
	mk.dst = IP4(224, 0, 0, 5);
	input(r, mk, LAN);
	expect("IP: s=10.1.1.10 (" IN "), d=224.0.0.5, len 28, rcvd 0\n");
	stop(r, &ctx);
}

/* ---- fragments ---- */

static void
test_fragments(void **state)
{
	struct mk mk = { .src = LAN_HOST, .dst = FAR_HOST,
		.proto = PROTO_UDP, .sport = 5, .dport = 6, .id = 77,
		.payload = 2000 };
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);

	(void)state;
	debugs(r, DBG_EVENT | DBG_DETAIL, 0, 0);
	input(r, mk, LAN);
	assert_int_equal(r->n_out, 2);
	expect(PASSES "len 2028, forward\n    UDP src=5, dst=6\n"
	    "IP: s=10.1.1.10 (" IN "), d=10.2.2.20 (" OUT "), len 1500, "
	    "sending fragment\n"
	    "    IP Fragment, Ident = 77, fragment offset = 0, proto=17\n"
	    "IP: s=10.1.1.10 (" IN "), d=10.2.2.20 (" OUT "), len 548, "
	    "sending last fragment\n"
	    "    IP Fragment, Ident = 77, fragment offset = 1480, proto=17\n");
	mk.dst = LAN_ADDR;
	mk.frag = 100;
	mk.payload = 100;
	input(r, mk, LAN);
	expect("IP: tableid=0, s=10.1.1.10 (" IN "), d=10.1.1.1 (" IN
	    "), routed via RIB\n"
	    "IP: s=10.1.1.10 (" IN "), d=10.1.1.1 (" IN "), len 128, rcvd 3\n"
	    "    IP Fragment, Ident = 77, fragment offset = 800, proto=17\n"
	    "IP: recv fragment from 10.1.1.10 offset 800 bytes\n");
	stop(r, &ctx);
}

/* ---- what does not pass, and what is told about it ---- */

static void
test_dropped(void **state)
{
	struct ace no = mk_ace(ACE_DENY, 0, 0, ~0u, 0, ~0u);
	struct mk mk = { .src = LAN_HOST, .dst = FAR_HOST, .ttl = 1,
		.proto = PROTO_UDP };
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);

	(void)state;
	debugs(r, DBG_EVENT, DBG_EVENT, 0);
	input(r, mk, LAN);
	expect("IP: tableid=0, s=10.1.1.10 (" IN "), d=10.2.2.20 (" OUT
	    "), routed via FIB\n"
	    "IP: s=10.1.1.10 (" IN "), d=10.2.2.20 (" OUT "), len 28, "
	    "dispose ip.hopcount\n"
	    "IP: tableid=0, s=10.1.1.1 (local), d=10.1.1.10 (" IN
	    "), routed via FIB\n"
	    "IP: s=10.1.1.1 (local), d=10.1.1.10 (" IN "), len 56, sending\n"
	    "ICMP: time exceeded (time to live) sent to 10.1.1.10 (dest was "
	    "10.2.2.20)\n");
	/* too big */
	mk.ttl = 64;
	mk.frag = IPH_DF;
	mk.payload = 1600;
	debugs(r, 0, DBG_EVENT, 0);
	input(r, mk, LAN);
	expect("ICMP: dst (10.2.2.20) frag. needed and DF set unreachable "
	    "sent to 10.1.1.10 mtu:1500\n");
	debugs(r, DBG_EVENT, 0, 0);
	input(r, mk, LAN);
	assert_non_null(strstr(rig_said, "IP: s=10.1.1.10 (" IN "), d=10.2.2.20 ("
	    OUT "), len 1628, dropped: too big and not to be fragmented\n"));
	/* denied */
	mk.payload = 0;
	rig_acl(r, "199", &no, 1);
	str_copy(r->ifs[0].acl_in, "199", sizeof(r->ifs[0].acl_in));
	rig_config(r);
	debugs(r, DBG_EVENT, DBG_EVENT, 0);
	input(r, mk, LAN);
	expect("IP: s=10.1.1.10 (" IN "), d=10.2.2.20, len 28, "
	    "access denied\n"
	    "IP: tableid=0, s=10.1.1.1 (local), d=10.1.1.10 (" IN
	    "), routed via FIB\n"
	    "IP: s=10.1.1.1 (local), d=10.1.1.10 (" IN "), len 56, sending\n"
	    "ICMP: dst (10.2.2.20) administratively prohibited unreachable "
	    "sent to 10.1.1.10\n");
	r->ifs[0].acl_in[0] = '\0';
	rig_config(r);
	/* nowhere to go */
	fwd_routes(r->f, &(struct route){ IP4(10, 1, 1, 0), 24, 0, LAN }, 1);
	debugs(r, DBG_EVENT, DBG_EVENT, 0);
	input(r, mk, LAN);
	expect("IP: s=10.1.1.10 (" IN "), d=10.2.2.20, len 28, unroutable\n"
	    "IP: tableid=0, s=10.1.1.1 (local), d=10.1.1.10 (" IN
	    "), routed via FIB\n"
	    "IP: s=10.1.1.1 (local), d=10.1.1.10 (" IN "), len 56, sending\n"
	    "ICMP: dst (10.2.2.20) host unreachable sent to 10.1.1.10\n");
	stop(r, &ctx);
}

/* An ICMP message of that type to this router about 10.1.1.1 -> `about`. */
static void
icmp_in(struct rig *r, unsigned type, unsigned code, uint32_t rest)
{
	size_t len = mk_packet(buf + 1000, &(struct mk){ .src = WAN_ADDR,
	    .dst = FAR_HOST, .proto = PROTO_UDP, .ttl = 1 });

	len += mk_packet(buf, &(struct mk){ .src = HOP, .dst = WAN_ADDR,
	    .proto = PROTO_ICMP, .ttl = 64, .payload = (unsigned)len,
	    .sport = (uint16_t)(type << 8 | code) });
	memcpy(buf + 28, buf + 1000, 28);
	put32(buf + 24, rest);
	put16(buf + 22, 0);
	put16(buf + 22, sum_end(sum_add(0, buf + 20, (unsigned)len - 20)));
	rig_input(r, buf, len, WAN);
	rig_timeout(r);
}

static void
test_icmp_received(void **state)
{
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);

	(void)state;
	debugs(r, 0, DBG_EVENT, 0);
	icmp_in(r, ICMP_UNREACH, ICMP_UNREACH_PORT, 0);
	icmp_in(r, ICMP_UNREACH, ICMP_UNREACH_FRAG, 1400);
	icmp_in(r, ICMP_TIME_EXCEEDED, 0, 0);
	icmp_in(r, ICMP_REDIRECT, 1, IP4(192, 0, 2, 9));
	icmp_in(r, ICMP_UNREACH, 12, 0);
	icmp_in(r, ICMP_QUENCH, 0, 0);
	icmp_in(r, ICMP_ECHO, 0, 0);
	expect("ICMP: dst (10.2.2.20) port unreachable rcv from 192.0.2.254\n"
	    "ICMP: dst (10.2.2.20) frag. needed and DF set unreachable rcv "
	    "from 192.0.2.254 mtu:1400\n"
	    "ICMP: time exceeded rcvd from 192.0.2.254\n"
	    "ICMP: redirect rcvd from 192.0.2.254- for 10.2.2.20 use gw "
	    "192.0.2.9\n"
	    "ICMP: rcvd type 3, code 12, from 192.0.2.254\n"
	    "ICMP: source quench rcvd from 192.0.2.254\n");
	/* of the kernel, which answers; and an error cut short */
	input(r, (struct mk){ .src = WAN_ADDR, .dst = HOP,
	    .proto = PROTO_ICMP }, PORT_LOCAL);
	input(r, (struct mk){ .src = HOP, .dst = WAN_ADDR,
	    .proto = PROTO_ICMP, .sport = 3 << 8, .payload = 19 }, WAN);
	expect("ICMP: echo reply sent, src 192.0.2.1, dst 192.0.2.254\n"
	    "ICMP: rcvd type 3, code 0, from 192.0.2.254\n");
	stop(r, &ctx);
}

/* ---- access lists ---- */

static void
test_list(void **state)
{
	struct ace aces[] = {
		mk_ace(ACE_DENY, 0, LAN_HOST + 1, 0, 0, ~0u),
		mk_ace(ACE_PERMIT, PROTO_UDP, 0, ~0u, FAR_HOST, 0),
	};
	struct mk mk = { .src = LAN_HOST, .dst = FAR_HOST,
		.proto = PROTO_UDP };
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);

	(void)state;
	rig_acl(r, "101", aces, 2);
	rig_config(r);
	debugs(r, DBG_EVENT, 0, 101);
	input(r, mk, LAN);
	expect(PASSES "len 28, forward\n");
	mk.src++;
	input(r, mk, LAN);
	mk.src++;
	mk.proto = PROTO_TCP;
	input(r, mk, LAN);
	expect("");
	/* counts of matches are those of packets, not of looks at them */
	assert_int_equal(acl_find(r->f, "101")->hits[1]->packets, 0);
	/* no list, no packets */
	debugs(r, DBG_EVENT, 0, 2699);
	mk.proto = PROTO_UDP;
	input(r, mk, LAN);
	expect("");
	stop(r, &ctx);
}

/* ---- encryption ---- */

static void
test_esp(void **state)
{
	struct mk mk = { .src = LAN_HOST, .dst = FAR_HOST,
		.proto = PROTO_UDP };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	unsigned len;
	char line[600];

	(void)state;
	rig_hear();
	rig_group(r);
	debugs(r, DBG_EVENT | DBG_DETAIL, 0, 0);
	input(r, mk, LAN);
	len = r->out[0].len;
	snprintf(line, sizeof(line), PASSES "len 28, forward\n"
	    "    UDP src=0, dst=0\n"
	    "IP: s=10.1.1.10 (" IN "), d=10.2.2.20 (" OUT "), g=192.0.2.254, "
	    "len %u, forward, proto=50\n", len);
	expect(line);
	stop(r, &ctx);
}

/* ---- floods ---- */

static void
test_flood(void **state)
{
	struct mk mk = { .src = LAN_HOST, .dst = FAR_HOST,
		.proto = PROTO_UDP };
	struct ace ace = mk_ace(ACE_PERMIT, 0, LAN_HOST + 1, 0, 0, ~0u);
	struct cli_ctx ctx;
	struct rig *r = start(&ctx);
	size_t len = mk_packet(buf, &mk);
	unsigned i;

	(void)state;
	rig_acl(r, "7", &ace, 1);
	rig_config(r);
	debugs(r, DBG_EVENT, 0, 7);
	buf[IPH_TTL] = 64;
	ip_finish(buf, 20, (unsigned)len);
	/* two sightings of each, into a ring that nobody reads */
	for (i = 0; i < 1500; i++)
		rig_input(r, buf, len, LAN);
	assert_int_equal(r->n_out, 1);
	r->now += 1000;
	while (fwd_timeout(r->f) <= r->now)
		;
	expect("DEBUG: 952 packets were not looked at, too many in a "
	    "second\n");
	/* there is room again */
	mk.src++;
	input(r, mk, LAN);
	assert_int_equal(rig_n_said, 2);
	rig_forget_said();
	/* what nobody has looked at yet when all is switched off is not
	 * printed, and the loss is said at once */
	for (i = 0; i < 1100; i++)
		rig_input(r, buf, len, LAN);
	memset(&debug_set, 0, sizeof(debug_set));
	ipdebug_changed(r->f);
	while (fwd_timeout(r->f) <= r->now)
		;
	expect("DEBUG: 152 packets were not looked at, too many in a "
	    "second\n");
	stop(r, &ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_ping_icmp),
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_icmp_received),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_esp),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
