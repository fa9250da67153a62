/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping and traceroute: the dialogues to the letter with wrong answers, sweeps,
 * options of the IP header, validated data, and each mark.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_gen.h"
#include "console.h"
#include "dataplane/probe.h"

#define HOP IP4(192, 0, 2, 254)
#define US 192, 0, 2, 1 /* WAN_ADDR, octet by octet */

static uint8_t buf[20000];

/* A router without encryption. */
static struct rig *
plain_rig(struct cli_ctx *ctx)
{
	struct rig *r = console_rig(ctx);

	r->ifs[1].crypto_map[0] = '\0';
	rig_config(r);
	return r;
}

/* The echo that left comes back; with other data at octet `bad` of the
 * packet, this TOS, these options. */
static void
reply(struct rig *r, unsigned bad, uint8_t tos, const uint8_t *opts)
{
	unsigned len, ihl;
	uint8_t *up;

	assert_int_equal(r->n_out, 1);
	len = r->out[0].len;
	memcpy(buf, rig_ip(r, 0), len);
	ihl = (buf[0] & 15u) * 4;
	up = buf + ihl;
	if (bad != 0)
		buf[bad] ^= 1;
	if (opts != NULL)
		memcpy(buf + IPH_HDR, opts, ihl - IPH_HDR);
	buf[IPH_TOS] = tos;
	put32(buf + IPH_SRC, get32(rig_ip(r, 0) + IPH_DST));
	put32(buf + IPH_DST, get32(rig_ip(r, 0) + IPH_SRC));
	up[0] = 0;
	put16(up + 2, 0);
	put16(up + 2, sum_end(sum_add(0, up, len - ihl)));
	ip_finish(buf, ihl, len);
	r->us += 3500;
	r->now += 3;
	rig_input(r, buf, len, WAN);
	assert_int_equal(r->n_out, 0);
	rig_timeout(r);
}

/* An ICMP error about it. */
static void
error_from(struct rig *r, uint32_t from, uint8_t type, uint8_t code,
    unsigned mtu)
{
	uint8_t sent[28];

	assert_int_equal(r->n_out, 1);
	memcpy(sent, rig_ip(r, 0), 28);
	mk_packet(buf, &(struct mk){ .src = from,
	    .dst = get32(sent + IPH_SRC), PROTO_ICMP,
	    .sport = (uint16_t)(type << 8 | code), .payload = 28 });
	memcpy(buf + 28, sent, 28);
	put16(buf + 26, mtu);
	put16(buf + 22, 0);
	put16(buf + 22, sum_end(sum_add(0, buf + 20, 36)));
	r->us += 3500;
	r->now += 3;
	rig_input(r, buf, 56, WAN);
	assert_int_equal(r->n_out, 0);
	rig_timeout(r);
}

static void
late(struct rig *r, uint64_t ms)
{
	rig_clear_out(r);
	r->now += ms;
	rig_timeout(r);
}

static void
stop(struct cli_ctx *ctx)
{
	ctx->abort(ctx, ctx->arg);
	assert_true(ctx->done);
}

/* ---- dialogues ---- */

/* What seed 004 types, with every wrong answer there is on the way. */
static const char ping_talk[] =
    "Protocol [ip]: \n"
    "Target IP address: far\n"
    "Repeat count [5]: none\n"
    "% A decimal number between 1 and 2147483647.\n"
    "Repeat count [5]: 0\n"
    "% A decimal number between 1 and 2147483647.\n"
    "Repeat count [5]: \n"
    "Datagram size [100]: 18025\n"
    "% A decimal number between 36 and 18024.\n"
    "Datagram size [100]: \n"
    "Timeout in seconds [2]: \n"
    "Extended commands [n]: maybe\n"
    "% Please answer 'yes' or 'no'.\n"
    "Extended commands [n]: y\n"
    "Source address or interface: 10.9.9.9\n"
    "% Invalid source. Must use IP address or full interface name without "
    "spaces (e.g. Serial0/1)\n"
    "Source address or interface: f0/0\n"
    "Type of service [0]: 256\n"
    "% A decimal number between 0 and 255.\n"
    "Type of service [0]: \n"
    "Set DF bit in IP header? [no]: y\n"
    "Validate reply data? [no]: \n"
    "Data pattern [0xABCD]: 0xABCDE\n"
    "% Invalid pattern\n"
    "Data pattern [0xABCD]: 0x1234\n"
    "Loose, Strict, Record, Timestamp, Verbose[none]: x\n"
    "% No such option\n"
    "Loose, Strict, Record, Timestamp, Verbose[none]: v\n"
    "Loose, Strict, Record, Timestamp, Verbose[V]: verb\n"
    "Loose, Strict, Record, Timestamp, Verbose[none]: \n"
    "Sweep range of sizes [n]: y\n"
    "Sweep min size [36]: 1490\n"
    "Sweep max size [18024]: 1489\n"
    "% A decimal number between 1490 and 18024.\n"
    "Sweep max size [18024]: 1510\n"
    "Sweep interval [1]: \n"
    "Type escape sequence to abort.\n"
    "Sending 105, [1490..1510]-byte ICMP Echos to 10.2.2.20, timeout is 2 "
    "seconds:\n"
    "Packet sent with a source address of 10.1.1.1 \n"
    "Packet sent with the DF bit set\n";

/* Types what stands behind each prompt of the text, which must be what comes
 * out. */
static void
talk(struct cli_ctx *ctx, const char *text)
{
	char line[80];
	size_t n;

	while (ctx->answer != NULL) {
		assert_true(strlen(text) > ctx->out.len);
		assert_memory_equal(ctx->out.s, text, ctx->out.len);
		n = strcspn(text + ctx->out.len, "\n");
		assert_true(n < sizeof(line));
		memcpy(line, text + ctx->out.len, n);
		line[n] = '\0';
		console_type(ctx, line);
	}
	assert_string_equal(ctx->out.s, text);
}

static void
test_ping_dialogue(void **state)
{
	struct ip_host far = { .name = "Far", .addr = FAR_HOST };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);

	(void)state;
	rig_add(&r->conf.hosts, &far.obj);
	(void)exec_ping_ask(&ctx, &(struct exec_ping_ask_args){ 0 });
	talk(&ctx, ping_talk);
	assert_int_equal(r->out[0].len, 1490);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_SRC), LAN_ADDR);
	assert_int_equal(get16(rig_ip(r, 0) + IPH_FRAG), IPH_DF);
	assert_int_equal(get16(rig_ip(r, 0) + 28), 0x1234);
	stop(&ctx);
	console_end(r, &ctx);
}

static void
test_ping_dialogue_ends(void **state)
{
	static const char *const talks[] = {
		"Protocol [ip]: ipx\n"
		"% Unknown protocol - \"ipx\", type \"ping ?\" for help\n",
		"Protocol [ip]: ip\nTarget IP address: \n% Bad IP address\n",
		"Protocol [ip]: \nTarget IP address: nobody\n"
		"% Unrecognized host or address, or protocol not running.\n",
	};
	struct cli_ctx ctx;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(talks); i++) {
		struct rig *r = plain_rig(&ctx);

		(void)exec_ping_ask(&ctx, &(struct exec_ping_ask_args){ 0 });
		talk(&ctx, talks[i]);
		assert_true(ctx.done);
		assert_int_equal(r->n_out, 0);
		console_end(r, &ctx);
	}
}

static const char option_talk[] =
    "Target IP address: 10.2.2.20\n"
    "Repeat count [5]: 1\n"
    "Datagram size [100]: \n"
    "Timeout in seconds [2]: \n"
    "Extended commands [n]: y\n"
    "Source address or interface: \n"
    "Type of service [0]: \n"
    "Set DF bit in IP header? [no]: \n"
    "Validate reply data? [no]: \n"
    "Data pattern [0xABCD]: \n"
    "Loose, Strict, Record, Timestamp, Verbose[none]: Record\n"
    "Number of hops [9]: 10\n"
    "% Invalid number of hops\n"
    "Number of hops [9]: 2\n"
    "Loose, Strict, Record, Timestamp, Verbose[RV]: l\n"
    "Source route: 192.0.2.254 elsewhere\n"
    "% Invalid number of hops\n"
    "Source route: 192.0.2.254\n"
    "Loose, Strict, Record, Timestamp, Verbose[LRV]: strict\n"
    "% Only one source route option allowed\n"
    "Loose, Strict, Record, Timestamp, Verbose[LRV]: t\n"
    "Number of timestamps [9]: \n"
    "Loose, Strict, Record, Timestamp, Verbose[LRTV]: r\n"
    "% No room for that option\n"
    "Loose, Strict, Record, Timestamp, Verbose[LRTV]: \n"
    "Sweep range of sizes [n]: \n"
    "Type escape sequence to abort.\n"
    "Sending 1, 100-byte ICMP Echos to 10.2.2.20, timeout is 2 seconds:\n"
    "Packet has IP options:  Total option bytes= 38, padded length=40\n"
    " Loose source route: <*>\n"
    "   (10.2.2.20)\n"
    " Record route: <*>\n"
    "   (0.0.0.0)\n"
    "   (0.0.0.0)\n"
    " Timestamp: Type 0.  Overflows: 0 length 20, ptr 5\n"
    "  >>Current pointer<<\n"
    "  Time= 00:00:00.000 UTC (00000000)\n"
    "  Time= 00:00:00.000 UTC (00000000)\n"
    "  Time= 00:00:00.000 UTC (00000000)\n"
    "  Time= 00:00:00.000 UTC (00000000)\n"
    "\n";

static void
test_ping_options(void **state)
{
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);

	(void)state;
	(void)exec_ping_ask(&ctx, &(struct exec_ping_ask_args){ .ip = 1 });
	talk(&ctx, option_talk);
	assert_int_equal(rig_ip(r, 0)[0], 0x4f);
	assert_true(ip_ok(rig_ip(r, 0)));
	assert_int_equal(r->out[0].len, 100);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_DST), HOP);
	stop(&ctx);
	console_end(r, &ctx);
}

/* What routers wrote into the header is printed. */
static void
test_ping_recorded(void **state)
{
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);
	/* the kernel wrote another address of ours on arrival */
	uint8_t opts[12] = { 7, 11, 12, 10, 9, 9, 9, 10, 1, 1, 1, 0 };
	const char *answers[] = { "10.2.2.20", "1", "", "", "y", "", "", "",
		"", "", "r", "2", "", "" };
	size_t i;

	(void)state;
	(void)exec_ping_ask(&ctx, &(struct exec_ping_ask_args){ .ip = 1 });
	for (i = 0; i < NELEM(answers); i++)
		console_type(&ctx, answers[i]);
	reply(r, 0, 0, opts);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s,
	    "Reply to request 0 (3 ms).  Received packet has options\n"
	    " Total option bytes= 12, padded length=12\n"
	    " Record route:\n"
	    "   (10.9.9.9)\n"
	    "   (192.0.2.1) <*>\n"
	    " End of list\n"
	    "\n"
	    "Success rate is 100 percent (1/1), round-trip min/avg/max = "
	    "3/3/3 ms\n"));
	console_end(r, &ctx);
}

/* Options are what anybody writes: whatever they are, they are printed in
 * bounds (the octets stand at the end of their memory) and to an end. */
static void
test_options_of_anybody(void **state)
{
	struct cli_ctx ctx = {0};
	uint32_t seed = 1;
	unsigned n, i, round;
	uint8_t *opts;

	(void)state;
	for (round = 0; round < 20000; round++) {
		n = 4 * (1 + round % 10);
		opts = malloc(n);
		for (i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			opts[i] = (uint8_t)(seed >> 24);
		}
		if (round % 3 != 0) { /* of a kind that is read further */
			opts[0] = round % 3 == 1 ? 7 : 68;
			opts[1] = (uint8_t)(opts[1] % (n + 2));
		}
		ipopt_print(&ctx, opts, n, true);
		assert_true(ctx.out.len > 0 && ctx.out.len < 4000);
		sb_free(&ctx.out);
		free(opts);
	}
}

/* The kernel writes into the options when it hands a packet to the packet
 * path, and again when it gets it back: one of the two is taken back. */
static void
test_options_once(void **state)
{
	enum { HEADER = IPH_HDR + 16 };
	static const struct {
		uint8_t before[16], after[16];
		bool unseen;
	} rows[] = {
		/* a recorded route: the last one is ours, is somebody else's,
		 * is not there, has no place */
		{ { 7, 11, 12, 9, 9, 9, 9, US },
		    { 7, 11, 8, 9, 9, 9, 9 }, false },
		{ { 1, 7, 7, 8, US }, { 1, 7, 7, 4 }, false },
		{ { 7, 7, 8, 9, 9, 9, 9 }, { 7, 7, 8, 9, 9, 9, 9 }, false },
		{ { 7, 7, 4 }, { 7, 7, 4 }, false },
		{ { 7, 7, 12, US }, { 7, 7, 12, US }, false },
		/* what came out of a tunnel */
		{ { 7, 7, 8, US }, { 7, 7, 8, US }, true },
		/* stamps: one of two, one with its address, none had room,
		 * addresses that the sender chose */
		{ { 68, 12, 13, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
		    { 68, 12, 9, 0, 1, 2, 3, 4 }, false },
		{ { 68, 12, 13, 1, 1, 2, 3, 4, 5, 6, 7, 8 },
		    { 68, 12, 5, 1 }, false },
		{ { 68, 8, 9, 0x20, 1, 2, 3, 4 },
		    { 68, 8, 9, 0x10, 1, 2, 3, 4 }, false },
		{ { 68, 12, 13, 3, 1, 2, 3, 4 },
		    { 68, 12, 13, 3, 1, 2, 3, 4 }, false },
		{ { 68, 8, 255, 0, 1, 2, 3, 4 },
		    { 68, 8, 255, 0, 1, 2, 3, 4 }, false },
		/* an option that ends behind the header */
		{ { 7, 40, 8, US }, { 7, 40, 8, US }, false },
	};
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);
	struct pkt p = { .buf = buf, .ihl = HEADER };
	uint8_t *opts = buf + IPH_HDR;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		memset(buf, 0, HEADER);
		buf[0] = 0x49;
		memcpy(opts, rows[i].before, 16);
		ip_finish(buf, HEADER, HEADER);
		p.decrypted = rows[i].unseen;
		ipopt_one_hop(r->f->snap, &p);
		assert_memory_equal(opts, rows[i].after, 16);
		assert_int_equal(sum_end(sum_add(0, buf, HEADER)), 0);
	}
	console_end(r, &ctx);
}

/* ---- sweeps ---- */

/* Experiment 1 of seed 004: a size that does not fit into the link with DF
 * set is not sent; the user ends it in the fifth round. */
static void
test_ping_sweep(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .df = 1,
		.sweep = 1, .sweep_min = 1490, .sweep_max = 1510 };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);
	unsigned i;

	(void)state;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	for (i = 0; i < 90; i++) {
		if (i % 21 > 10) {
			assert_int_equal(r->n_out, 0);
			late(r, 2000);
			continue;
		}
		assert_int_equal(r->out[0].len, 1490 + i % 21);
		reply(r, 0, 0, NULL);
	}
	stop(&ctx);
	assert_non_null(strstr(ctx.out.s,
	    "Sending 105, [1490..1510]-byte ICMP Echos to 10.2.2.20, timeout "
	    "is 2 seconds:\nPacket sent with the DF bit set\n"
	    "!!!!!!!!!!!..........!!!!!!!!!!!..........!!!!!!!!!!!"
	    "..........!!!!!!!\n"
	    "!!!!..........!!!!!!\n"
	    "Success rate is 54 percent (50/91), round-trip "));
	console_end(r, &ctx);
}

static void
test_ping_sweep_core(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .df = 1,
		.sweep = 1, .sweep_min = 1300, .sweep_max = 1500,
		.sweep_step = 50, .repeat = 2, .verbose = 1 };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);
	unsigned i;

	(void)state;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	for (i = 0; i < 10; i++) {
		if (i == 6)
			late(r, 2000);
		else if (r->out[0].len > 1400)
			error_from(r, HOP, 3, 4, 1400);
		else
			reply(r, 0, 0, NULL);
	}
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s,
	    "Reply to request 2 (3 ms) (size 1400)\n"
	    "Unreachable from 192.0.2.254, maximum MTU 1400 (size 1450)\n"
	    "Unreachable from 192.0.2.254, maximum MTU 1400 (size 1500)\n"
	    "Reply to request 5 (3 ms) (size 1300)\n"
	    "Request 6 timed out (size 1350)\n"));
	assert_non_null(strstr(ctx.out.s, "Success rate is 50 percent "
	    "(5/10), "));
	sb_free(&ctx.out);
	args.sweep_max = 1299;
	assert_int_equal(exec_ping(&ctx, &args), CLI_FAILED);
	assert_string_equal(ctx.out.s,
	    "% A decimal number between 1300 and 18024.\n");
	console_end(r, &ctx);
}

/* ---- data, type of service, marks ---- */

/* A reader that takes nothing holds it up behind the 70th mark. */
static void
test_ping_slow_reader(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .repeat = 72 };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);
	unsigned i;

	(void)state;
	ctx.slow = true;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	for (i = 0; i < 69; i++)
		reply(r, 0, 0, NULL);
	assert_null(ctx.answer);
	reply(r, 0, 0, NULL);
	assert_int_equal(r->n_out, 0);
	rig_input(r, buf, 100, WAN); /* the last answer again */
	late(r, 5000);
	assert_int_equal(r->n_out, 0);
	ctx.answer(&ctx, ctx.answer_arg, "");
	reply(r, 0, 0, NULL);
	reply(r, 0, 0, NULL);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "!\n!!\nSuccess rate is 100 percent "
	    "(72/72), "));
	console_end(r, &ctx);
}

/* Whom nobody has the address of does not answer, the router neither. */
static void
test_ping_broadcast(void **state)
{
	struct exec_ping_args args = { .target = UINT32_MAX, .repeat = 1 };
	const struct route local = { UINT32_MAX, 32, 0, PORT_LOCAL };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);

	(void)state;
	fwd_routes(r->f, &local, 1);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	late(r, 2000);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "\n.\nSuccess rate is 0 percent"));
	console_end(r, &ctx);
}

static void
test_ping_data(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .validate = 1,
		.repeat = 3, .data = "BEEF", .by_dscp = 1, .dscp = 46 };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);

	(void)state;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	assert_int_equal(get16(rig_ip(r, 0) + 28), 0xbeef);
	assert_int_equal(rig_ip(r, 0)[IPH_TOS], 46 << 2);
	reply(r, 0, 0, NULL);
	reply(r, 99, 0, NULL);
	reply(r, 0, 3, NULL);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "Reply data will be validated\n"
	    "!?C\nSuccess rate is 66 percent (2/3), "));
	sb_free(&ctx.out);
	ctx.done = false;
	/* who does not ask for it gets no judgement */
	args.validate = 0;
	args.repeat = 1;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	reply(r, 99, 0, NULL);
	assert_non_null(strstr(ctx.out.s, "\n!\n"));
	sb_free(&ctx.out);
	str_copy(args.data, "10000", sizeof(args.data));
	assert_int_equal(exec_ping(&ctx, &args), CLI_FAILED);
	assert_string_equal(ctx.out.s, "% Invalid pattern\n");
	console_end(r, &ctx);
}

static void
test_ping_name(void **state)
{
	struct exec_ping_args args = { .name = "nobody" };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);

	(void)state;
	assert_int_equal(exec_ping(&ctx, &args), CLI_FAILED);
	assert_string_equal(ctx.out.s, "% Unrecognized host or address, or "
	    "protocol not running.\n");
	assert_int_equal(r->n_out, 0);
	console_end(r, &ctx);
}

/* ---- traceroute ---- */

static void
test_trace(void **state)
{
	struct exec_trace_args args = { .name = "far" };
	struct ip_host far = { .name = "Far", .addr = FAR_HOST };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);
	unsigned i;

	(void)state;
	rig_add(&r->conf.hosts, &far.obj);
	assert_int_equal(exec_trace(&ctx, &args), CLI_PENDING);
	for (i = 0; i < 12; i++) {
		assert_false(ctx.done);
		assert_int_equal(r->n_out, 1);
		assert_int_equal(rig_ip(r, 0)[IPH_TTL], 1 + i / 3);
		assert_int_equal(get16(rig_ip(r, 0) + 22), 33434 + i);
		assert_true(l4_ok(rig_ip(r, 0)));
		if (i < 3)
			error_from(r, i < 2 ? HOP : HOP - 1, 11, 0, 0);
		else if (i < 6)
			late(r, 3000);
		else if (i == 7)
			late(r, 3000);
		else if (i < 9)
			error_from(r, HOP, 11, 0, 0);
		else
			error_from(r, FAR_HOST, 3, 3, 0);
	}
	assert_true(ctx.done);
	assert_string_equal(ctx.out.s,
	    "Type escape sequence to abort.\n"
	    "Tracing the route to Far (10.2.2.20)\n"
	    "VRF info: (vrf in name/id, vrf out name/id)\n"
	    "  1 192.0.2.254 3 msec 3 msec\n"
	    "    192.0.2.253 3 msec\n"
	    "  2  *  *  * \n"
	    "  3 192.0.2.254 3 msec *  3 msec\n"
	    "  4 Far (10.2.2.20) 3 msec 3 msec 3 msec\n");
	console_end(r, &ctx);
}

static void
test_trace_refused(void **state)
{
	static const struct {
		uint8_t type, code;
		const char *want;
	} rows[] = { { 3, 0, "!N" }, { 3, 1, "!H" }, { 3, 2, "!P" },
		{ 3, 3, "!U" }, { 3, 13, "!A" }, { 3, 5, "?" } };
	struct exec_trace_args args = { .target = FAR_HOST, .numeric = 1,
		.probes = 1, .ttl_min = 4, .ttl_max = 9, .port = 5000,
		.timed = 1, .timeout = 1 };
	struct cli_ctx ctx;
	char want[80];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = plain_rig(&ctx);

		assert_int_equal(exec_trace(&ctx, &args), CLI_PENDING);
		assert_int_equal(rig_ip(r, 0)[IPH_TTL], 4);
		assert_int_equal(get16(rig_ip(r, 0) + 22), 5000);
		late(r, 1000);
		assert_int_equal(rig_ip(r, 0)[IPH_TTL], 5);
		error_from(r, HOP, rows[i].type, rows[i].code, 0);
		assert_true(ctx.done);
		snprintf(want, sizeof(want), "  4  * \n  5 192.0.2.254 %s \n",
		    rows[i].want);
		assert_non_null(strstr(ctx.out.s, want));
		console_end(r, &ctx);
	}
}

/* It ends at the largest time to live, and when the user says so. */
static void
test_trace_ends(void **state)
{
	struct exec_trace_args args = { .target = FAR_HOST, .probes = 1,
		.ttl_min = 1, .ttl_max = 2 };
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);

	(void)state;
	assert_int_equal(exec_trace(&ctx, &args), CLI_PENDING);
	late(r, 3000);
	late(r, 3000);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "  1  * \n  2  * \n"));
	sb_free(&ctx.out);
	ctx.done = false;
	assert_int_equal(exec_trace(&ctx, &args), CLI_PENDING);
	stop(&ctx);
	assert_non_null(strstr(ctx.out.s, "id)\n  1 \n"));
	sb_free(&ctx.out);
	args.ttl_min = 3;
	assert_int_equal(exec_trace(&ctx, &args), CLI_FAILED);
	assert_string_equal(ctx.out.s,
	    "% A decimal number between 3 and 255.\n");
	console_end(r, &ctx);
}

static const char trace_talk[] =
    "Protocol [ip]: \n"
    "Target IP address: 10.2.2.20\n"
    "Source address: FastEthernet0/0\n"
    "Numeric display [n]: y\n"
    "Timeout in seconds [3]: 1\n"
    "Probe count [3]: 0\n"
    "% A decimal number between 1 and 65535.\n"
    "Probe count [3]: 1\n"
    "Minimum Time to Live [1]: 7\n"
    "Maximum Time to Live [30]: 6\n"
    "% A decimal number between 7 and 255.\n"
    "Maximum Time to Live [30]: \n"
    "Port Number [33434]: \n"
    "Loose, Strict, Record, Timestamp, Verbose[none]: \n"
    "Type escape sequence to abort.\n"
    "Tracing the route to 10.2.2.20\n"
    "VRF info: (vrf in name/id, vrf out name/id)\n"
    "  7 ";

static void
test_trace_dialogue(void **state)
{
	struct cli_ctx ctx;
	struct rig *r = plain_rig(&ctx);

	(void)state;
	(void)exec_trace_ask(&ctx, &(struct exec_trace_ask_args){ 0 });
	talk(&ctx, trace_talk);
	assert_int_equal(rig_ip(r, 0)[IPH_TTL], 7);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_SRC), LAN_ADDR);
	stop(&ctx);
	console_end(r, &ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping_dialogue),
		cmocka_unit_test(test_ping_dialogue_ends),
		cmocka_unit_test(test_ping_options),
		cmocka_unit_test(test_ping_recorded),
		cmocka_unit_test(test_options_of_anybody),
		cmocka_unit_test(test_options_once),
		cmocka_unit_test(test_ping_sweep),
		cmocka_unit_test(test_ping_sweep_core),
		cmocka_unit_test(test_ping_slow_reader),
		cmocka_unit_test(test_ping_broadcast),
		cmocka_unit_test(test_ping_data),
		cmocka_unit_test(test_ping_name),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_trace_refused),
		cmocka_unit_test(test_trace_ends),
		cmocka_unit_test(test_trace_dialogue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
