/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exec commands that process fwd runs: ping to the letter, show and clear.
 *
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_gen.h"
#include "console.h"

static uint8_t buf[20000];

static void
no_map(struct rig *r)
{
	r->ifs[1].crypto_map[0] = '\0';
	rig_config(r);
}

/* ---- ping ---- */

/* What happens to an echo that left: a reply after some ms, an error, or
 * nothing until it times out. */
static void
answer(struct rig *r, char what)
{
	uint8_t echo[20000];
	size_t len = r->out[0].len, at = 0;
	static const uint16_t errors[128] = { ['U'] = 0x301, ['M'] = 0x304,
		['&'] = 0xb00, ['Q'] = 0x400, ['?'] = 0xc00 };

	assert_int_equal(r->n_out, 1);
	r->us += 3500;
	r->now += 3;
	memcpy(echo, rig_ip(r, 0), len);
	switch (what) {
	case '.':
		rig_clear_out(r);
		r->now += 2000;
		break;
	case '!':
		at = IPH_HDR;
		put32(echo + IPH_SRC, get32(rig_ip(r, 0) + IPH_DST));
		put32(echo + IPH_DST, get32(rig_ip(r, 0) + IPH_SRC));
		put16(echo + at, 0);
		sum_update(echo + at + 2, 0x800, 0);
		ip_finish(echo, IPH_HDR, (unsigned)len);
		rig_input(r, echo, len, WAN);
		assert_int_equal(r->n_out, 0);
		break;
	default:
		mk_packet(buf, &(struct mk){ .src = IP4(192, 0, 2, 254),
		    .dst = WAN_ADDR, PROTO_ICMP,
		    .sport = errors[(int)what],
		    .payload = 28 });
		memcpy(buf + 28, echo, 28);
		rig_input(r, buf, 56, WAN);
		assert_int_equal(r->n_out, 0);
		break;
	}
	rig_timeout(r);
}

static void
test_ping(void **state)
{
	static const struct {
		struct exec_ping_args args;
		const char *marks; /* fate of each echo */
		const char *want;
	} rows[] = {
		{ { .target = FAR_HOST }, "!!!!!",
		  "Type escape sequence to abort.\n"
		  "Sending 5, 100-byte ICMP Echos to 10.2.2.20, timeout is 2 "
		  "seconds:\n"
		  "!!!!!\n"
		  "Success rate is 100 percent (5/5), round-trip min/avg/max "
		  "= 3/3/3 ms\n" },
		{ { .target = FAR_HOST, .repeat = 3 }, "...",
		  "Type escape sequence to abort.\n"
		  "Sending 3, 100-byte ICMP Echos to 10.2.2.20, timeout is 2 "
		  "seconds:\n"
		  "...\n"
		  "Success rate is 0 percent (0/3)\n" },
		{ { .target = FAR_HOST, .repeat = 6, .size = 1000,
		  .timeout = 2, .source = LAN_ADDR, .df = true }, "!UM&Q?",
		  "Type escape sequence to abort.\n"
		  "Sending 6, 1000-byte ICMP Echos to 10.2.2.20, timeout is 2 "
		  "seconds:\n"
		  "Packet sent with a source address of 10.1.1.1 \n"
		  "Packet sent with the DF bit set\n"
		  "!UM&Q?\n"
		  "Success rate is 16 percent (1/6), round-trip min/avg/max "
		  "= 3/3/3 ms\n" },
	};
	struct cli_ctx ctx;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = console_rig(&ctx);

		no_map(r);
		assert_int_equal(exec_ping(&ctx, &rows[i].args), CLI_PENDING);
		for (j = 0; rows[i].marks[j] != '\0'; j++) {
			assert_false(ctx.done);
			if (rows[i].args.source != 0 &&
			    rows[i].marks[j] != '!' &&
			    rows[i].marks[j] != '.') {
				/* errors come to the source */
				assert_int_equal(get32(rig_ip(r, 0) +
				    IPH_SRC), LAN_ADDR);
				assert_int_equal(get16(rig_ip(r, 0) +
				    IPH_FRAG), IPH_DF);
				assert_int_equal(r->out[0].len, 1000);
			}
			answer(r, rows[i].marks[j]);
		}
		assert_true(ctx.done);
		assert_string_equal(ctx.out.s, rows[i].want);
		console_end(r, &ctx);
	}
}

static void
test_ping_rows_of_70(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .repeat = 147 };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	unsigned i;
	char *line;

	(void)state;
	no_map(r);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	for (i = 0; i < 147; i++)
		answer(r, i < 101 ? '!' : '.');
	assert_true(ctx.done);
	line = strstr(ctx.out.s, ":\n") + 2;
	assert_int_equal(strcspn(line, "\n"), 70);
	line += 71;
	assert_int_equal(strcspn(line, "\n"), 70);
	line += 71;
	assert_int_equal(strcspn(line, "\n"), 7);
	assert_non_null(strstr(line, "\nSuccess rate is 68 percent (101/147)"));
	console_end(r, &ctx);
}

static void
test_ping_abort(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .repeat = 1000 };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);

	(void)state;
	no_map(r);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	answer(r, '!');
	answer(r, '.');
	ctx.abort(&ctx, ctx.arg);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s,
	    "!.\nSuccess rate is 33 percent (1/3), round-trip"));
	/* what comes now finds nobody */
	answer(r, '.');
	console_end(r, &ctx);
}

static void
test_ping_self(void **state)
{
	struct exec_ping_args args = { .target = WAN_ADDR };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	unsigned i;

	(void)state;
	no_map(r);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	for (i = 0; i < 10 && !ctx.done; i++)
		rig_timeout(r);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "!!!!!\nSuccess rate is 100 "));
	assert_int_equal(r->n_out, 0);
	console_end(r, &ctx);
}

/* A group answers as often as it likes; an echo that nobody answers is a dot,
 * and there is no summary. Out of every port, as each has another group. */
static void
test_ping_group(void **state)
{
	struct exec_ping_args args = { .target = IP4(232, 1, 1, 1),
		.source = LAN_ADDR };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	uint8_t echo[200];
	unsigned i;
	size_t len;

	(void)state;
	no_map(r);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	assert_int_equal(r->n_out, 2);
	assert_int_equal(r->out[0].out_port, LAN);
	assert_int_equal(r->out[1].out_port, WAN);
	len = r->out[0].len;
	memcpy(echo, rig_ip(r, 0), len);
	r->us += 3500;
	for (i = 0; i < 2; i++) {
		put32(echo + IPH_SRC, FAR_HOST + i);
		put32(echo + IPH_DST, LAN_ADDR);
		put16(echo + IPH_HDR, 0);
		if (i == 0)
			sum_update(echo + IPH_HDR + 2, 0x800, 0);
		ip_finish(echo, IPH_HDR, (unsigned)len);
		rig_input(r, echo, len, WAN);
		assert_int_equal(r->n_out, 0);
	}
	rig_timeout(r);
	assert_false(ctx.done);
	r->now += 2000;
	rig_timeout(r);
	assert_true(ctx.done);
	assert_string_equal(ctx.out.s, "Type escape sequence to abort.\n"
	    "Sending 1, 100-byte ICMP Echos to 232.1.1.1, timeout is 2 "
	    "seconds:\nPacket sent with a source address of 10.1.1.1 \n\n"
	    "Reply to request 0 from 10.2.2.20, 3 ms\n"
	    "Reply to request 0 from 10.2.2.21, 3 ms\n");
	sb_free(&ctx.out);

	ctx = (struct cli_ctx){ .engine = r->f };
	args.repeat = 2;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	for (i = 0; i < 2; i++) {
		assert_false(ctx.done);
		r->now += 2000;
		rig_timeout(r);
	}
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "10.1.1.1 \n..\n"));
	assert_null(strstr(ctx.out.s, "Success"));
	console_end(r, &ctx);
}

static void
test_ping_source(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);

	(void)state;
	no_map(r);
	args.source = IP4(9, 9, 9, 9);
	assert_int_equal(exec_ping(&ctx, &args), CLI_FAILED);
	assert_string_equal(ctx.out.s, "% Invalid source address- IP address "
	    "not on any of our up interfaces\n");
	args.source = 0;
	str_copy(args.source_if, "FastEthernet0/0", sizeof(args.source_if));
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_SRC), LAN_ADDR);
	assert_true(l4_ok(rig_ip(r, 0)));
	ctx.abort(&ctx, ctx.arg);
	console_end(r, &ctx);
}

/* A ping obeys the policy like everything else: out as ESP, and a size that
 * does not fit with DF is just not sent. */
static void
test_ping_encrypted(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .repeat = 1 };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);

	(void)state;
	rig_group(r);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	assert_int_equal(r->n_out, 1);
	assert_true(r->out[0].encrypted);
	ctx.abort(&ctx, ctx.arg);
	rig_clear_out(r);
	args.size = 1439;
	args.df = true;
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	assert_int_equal(r->n_out, 0);
	assert_int_equal(rig_drops(r, DROP_MTU), 1);
	r->now += 2000;
	rig_timeout(r);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, ".\nSuccess rate is 0 percent (0/1)"));
	console_end(r, &ctx);
}

/* The answer to a big one comes in fragments, in any order. */
static void
answer_in_pieces(struct rig *r, uint16_t id, uint16_t seq)
{
	static const unsigned cuts[] = { 0, 1480, 2960, 2980 };
	static const unsigned order[] = { 2, 0, 1 };
	uint8_t reply[4000], piece[2000];
	unsigned i, k, n;

	mk_packet(reply, &(struct mk){ FAR_HOST, WAN_ADDR, PROTO_ICMP,
	    .id = 5, .dport = id, .payload = 2972 });
	put16(reply + IPH_HDR + 6, seq);
	for (i = 0; i < 3; i++) {
		k = order[i];
		n = cuts[k + 1] - cuts[k];
		memcpy(piece, reply, IPH_HDR);
		memcpy(piece + IPH_HDR, reply + IPH_HDR + cuts[k], n);
		put16(piece + IPH_FRAG, cuts[k] / 8 | (k < 2 ? IPH_MF : 0));
		ip_finish(piece, IPH_HDR, IPH_HDR + n);
		rig_input(r, piece, IPH_HDR + n, WAN);
		assert_int_equal(r->n_out, 1); /* the kernel gets it too */
		rig_clear_out(r);
		rig_timeout(r);
	}
}

/* What answers the echo before comes too late. */
static void
test_ping_fragments(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .repeat = 2,
		.size = 3000 };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	uint16_t id;

	(void)state;
	no_map(r);
	assert_int_equal(exec_ping(&ctx, &args), CLI_PENDING);
	assert_int_equal(r->n_out, 3);
	id = get16(rig_ip(r, 0) + 24);
	r->now += 2000;
	rig_timeout(r);
	answer_in_pieces(r, id, 0);
	assert_false(ctx.done);
	answer_in_pieces(r, id, 1);
	assert_true(ctx.done);
	assert_non_null(strstr(ctx.out.s, "\n.!\n"));
	console_end(r, &ctx);
}

static void
test_two_pings(void **state)
{
	struct exec_ping_args args = { .target = FAR_HOST, .repeat = 1 };
	struct cli_ctx a, b = {0};
	struct rig *r = console_rig(&a);

	(void)state;
	no_map(r);
	b.engine = r->f;
	assert_int_equal(exec_ping(&a, &args), CLI_PENDING);
	assert_int_equal(exec_ping(&b, &args), CLI_PENDING);
	assert_int_not_equal(get16(rig_ip(r, 0) + 24),
	    get16(rig_ip(r, 1) + 24));
	free(r->bytes[0]);
	r->out[0] = r->out[1];
	r->bytes[0] = r->bytes[1];
	r->n_out = 1;
	answer(r, '!');
	assert_true(b.done);
	assert_false(a.done);
	a.abort(&a, a.arg);
	sb_free(&b.out);
	console_end(r, &a);
}

/* ---- show ---- */

static void
test_show_acl(void **state)
{
	struct ace ext[3] = { mk_ace(ACE_PERMIT, PROTO_UDP, 0, ~0u, 0, ~0u),
		mk_ace(ACE_DENY, PROTO_ICMP, 0, ~0u, 0, ~0u),
		ace_any(ACE_PERMIT) };
	struct ace std[3] = { mk_ace(ACE_PERMIT, 0, IP4(192, 168, 1, 0), 255,
	    0, ~0u), mk_ace(ACE_PERMIT, 0, IP4(10, 9, 9, 9), 0, 0, ~0u),
	    mk_ace(ACE_DENY, 0, 0, ~0u, 0, ~0u) };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	size_t len;

	(void)state;
	ext[0].dport = (struct ace_ports){ ACE_OP_EQ, 53, 0 };
	rig_acl(r, "100", ext, 3);
	rig_acl(r, "SITE", std, 3);
	r->acls[1].standard = true;
	r->entries[2].log = true;
	str_copy(r->ifs[0].acl_in, "100", CONF_NAME);
	no_map(r);
	len = mk_packet(buf, &(struct mk){ LAN_HOST, FAR_HOST, PROTO_UDP,
	    .dport = 53 });
	rig_input(r, buf, len, LAN);
	len = mk_packet(buf, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = PROTO_TCP });
	rig_input(r, buf, len, LAN);
	rig_input(r, buf, len, LAN);
	(void)show_access_lists(&ctx, &(struct show_access_lists_args){ "" });
	assert_string_equal(ctx.out.s,
	    "Extended IP access list 100\n"
	    "    10 permit udp any any eq domain (1 match)\n"
	    "    20 deny   icmp any any\n"
	    "    30 permit ip any any log (2 matches)\n"
	    "Standard IP access list SITE\n"
	    "    10 permit 192.168.1.0, wildcard bits 0.0.0.255\n"
	    "    20 permit 10.9.9.9\n"
	    "    30 deny   any\n");
	sb_free(&ctx.out);
	(void)clear_acl_counters(&ctx,
	    &(struct clear_acl_counters_args){ "100" });
	(void)show_access_lists(&ctx,
	    &(struct show_access_lists_args){ "100" });
	assert_null(strstr(ctx.out.s, "match"));
	assert_null(strstr(ctx.out.s, "SITE"));
	console_end(r, &ctx);
}

static void
test_show_gdoi(void **state)
{
	struct ace aces[2] = { mk_ace(ACE_DENY, PROTO_UDP, 0, ~0u, 0, ~0u),
		mk_ace(ACE_PERMIT, 0, IP4(25, 25, 0, 0), 0xffff,
		IP4(9, 9, 9, 9), 0) };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);

	(void)state;
	aces[0].sport = aces[0].dport = (struct ace_ports){ ACE_OP_EQ, 848,
		0 };
	rig_policy(r, SA_DIR_BOTH, aces, 2);
	rig_tek(r, 0x1000, 0, rig_aes_sha1, 1815000);
	(void)show_gdoi_ipsec_sa(&ctx, &(struct show_gdoi_ipsec_sa_args){ 0 });
	assert_string_equal(ctx.out.s,
	    "SA created for group GETVPN:\n"
	    "  FastEthernet0/1:\n"
	    "    protocol = udp\n"
	    "      local ident  = ANY, port = 848\n"
	    "      remote ident = ANY, port = 848\n"
	    "      direction: Both, replay(method/window): Counter/64\n"
	    "    protocol = ip\n"
	    "      local ident  = 25.25.0.0/16, port = 0\n"
	    "      remote ident = 9.9.9.9, port = 0\n"
	    "      direction: Both, replay(method/window): Counter/64\n"
	    "\n");
	sb_free(&ctx.out);
	(void)show_gdoi_gm_dataplane(&ctx,
	    &(struct show_gdoi_gm_dataplane_args){ 0 });
	assert_string_equal(ctx.out.s,
	    "\nData-plane statistics for group GETVPN:\n"
	    "    #pkts encrypt            : 0        "
	    "#pkts decrypt            : 0\n"
	    "    #pkts tagged (send)      : 0        "
	    "#pkts untagged (rcv)     : 0\n"
	    "    #pkts no sa (send)       : 0        "
	    "#pkts invalid sa (rcv)   : 0\n"
	    "    #pkts encaps fail (send) : 0        "
	    "#pkts decap fail (rcv)   : 0\n"
	    "    #pkts invalid prot (rcv) : 0        "
	    "#pkts verify fail (rcv)  : 0\n"
	    "    #pkts not tagged (send)  : 0        "
	    "#pkts not untagged (rcv) : 0\n"
	    "    #pkts internal err (send): 0        "
	    "#pkts internal err (rcv) : 0\n");
	console_end(r, &ctx);
}

static void
test_show_fail_close(void **state)
{
	struct crypto_map_fail_close fc = { .name = "CM", .acl = "FC" };
	struct ace deny = mk_ace(ACE_DENY, PROTO_TCP, 0, ~0u, 0, ~0u);
	struct show_map_fail_close_args all = { 0 };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	size_t len;

	(void)state;
	deny.dport = (struct ace_ports){ ACE_OP_EQ, 22, 0 };
	rig_acl(r, "FC", &deny, 1);
	r->conf.fail_closes = (struct cf_list){ &fc.obj, &fc.obj, 1 };
	rig_config(r);
	(void)show_map_fail_close(&ctx, &all);
	assert_string_equal(ctx.out.s,
	    "Crypto Map: \"CM\"\n"
	    "    Activate: No\n"
	    "    Fail-Close Access-List: "
	    "(Deny = Forward In Clear, Permit = Drop)\n"
	    "      access-list FC deny tcp any any port = 22\n"
	    "      implicit permit ip any any\n"
	    "    Status: not activated\n"
	    "    #pkts dropped (send): 0, #pkts dropped (rcv): 0, "
	    "#pkts forwarded in clear: 0\n\n");
	sb_free(&ctx.out);
	fc.activate = true;
	rig_config(r);
	len = mk_packet(buf, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = PROTO_UDP });
	rig_input(r, buf, len, LAN);
	(void)show_map_fail_close(&ctx, &all);
	assert_non_null(strstr(ctx.out.s, "    Activate: Yes\n"));
	assert_non_null(strstr(ctx.out.s,
	    "    Status: in force, group GETVPN is not registered\n"
	    "    #pkts dropped (send): 1, #pkts dropped (rcv): 0, "
	    "#pkts forwarded in clear: 0\n"));
	sb_free(&ctx.out);
	rig_group(r);
	(void)show_map_fail_close(&ctx, &all);
	assert_non_null(strstr(ctx.out.s,
	    "    Status: lifted, all groups of the map are registered\n"));
	sb_free(&ctx.out);
	str_copy(all.map, "OTHER", sizeof(all.map));
	(void)show_map_fail_close(&ctx, &all);
	assert_null(ctx.out.s);
	console_end(r, &ctx);
}

/* A packet whose sender's clock is wrong by so many seconds. */
static void
wrong_by(struct rig *from, struct rig *to, unsigned secs)
{
	size_t len = mk_packet(buf, &(struct mk){ .src = FAR_HOST,
	    .dst = LAN_HOST, .proto = PROTO_UDP, .payload = 10 });

	from->now = to->now - secs * 1000;
	rig_input(from, buf, len, LAN);
	assert_int_equal(from->n_out, 1);
	len = from->out[0].len;
	memcpy(buf, rig_ip(from, 0), len);
	rig_input(to, buf, len, WAN);
	assert_int_equal(to->n_out, secs < 5);
	rig_timeout(to);
}

static struct rig *
timed(struct cli_ctx *ctx)
{
	struct rig *r = console_rig(ctx);
	struct ace any = ace_any(ACE_PERMIT);
	struct sa_change c = { .type = SA_ADD };

	rig_policy(r, SA_DIR_BOTH, &any, 1);
	c.tek = rig_tek_of(0x1000, 0, rig_aes_sha1, 86400000);
	c.tek.replay = REPLAY_TIME;
	c.tek.window = 5;
	c.tek.pseudotime = 4000000;
	fwd_sa(r->f, &c);
	return r;
}

#define REPLAY_HEAD "Anti-replay Information For Group GETVPN:\n"          \
	"  Timebased Replay:\n"

/* To the letter; what is cleared begins anew, the samples of the minute
 * too. */
static void
test_show_replay(void **state)
{
	static const char shown[] = REPLAY_HEAD
	    "    Replay Value : 11724.24 secs\n"
	    "    Input Packets : 1 Output Packets : 0\n"
	    "    Input Error Packets : 12 Output Error Packets : 0\n"
	    "    Time Sync Error : 0 Max time delta : 3723.00 secs\n\n"
	    "    TBAR Error History (sampled at 10pak/min):\n"
	    "      01:02:03 ago: src=10.2.2.20; my_pst=8000.25 secs; "
	    "peer_pst=4277.25 secs; win=5\n";
	struct show_gdoi_gm_replay_args all = { 0 };
	struct cli_ctx ctx, other;
	struct rig *r = console_rig(&ctx), *from;
	unsigned i;

	(void)state;
	rig_group(r);
	(void)show_gdoi_gm_replay(&ctx, &all);
	assert_string_equal(ctx.out.s, REPLAY_HEAD "    is not enabled\n\n");
	console_end(r, &ctx);
	r = timed(&ctx);
	from = timed(&other);
	fwd_routes(from->f, &(struct route){ 0, 0, 0, WAN }, 1);
	r->now = 1000000;
	wrong_by(from, r, 0);
	r->now = 4000250;
	for (i = 0; i < 12; i++)
		wrong_by(from, r, 3723);
	r->now += 3723990;
	(void)show_gdoi_gm_replay(&ctx, &all);
	ctx.out.s[sizeof(shown) - 1] = '\0'; /* the same nine times more */
	assert_string_equal(ctx.out.s, shown);
	sb_free(&ctx.out);
	(void)clear_gdoi_replay(&ctx, &(struct clear_gdoi_replay_args){ "" });
	(void)show_gdoi_gm_replay(&ctx, &all);
	assert_string_equal(ctx.out.s, REPLAY_HEAD
	    "    Replay Value : 11724.24 secs\n"
	    "    Input Packets : 0 Output Packets : 0\n"
	    "    Input Error Packets : 0 Output Error Packets : 0\n"
	    "    Time Sync Error : 0 Max time delta : 0.00 secs\n\n"
	    "    TBAR Error History (sampled at 10pak/min):\n"
	    "      No TBAR errors detected\n\n");
	sb_free(&ctx.out);
	for (i = 0; i < 12; i++)
		wrong_by(from, r, 6);
	(void)clear_gdoi_replay(&ctx, &(struct clear_gdoi_replay_args){ "" });
	wrong_by(from, r, 7);
	(void)show_gdoi_gm_replay(&ctx, &all);
	assert_non_null(strstr(ctx.out.s, "Input Error Packets : 1 "));
	assert_non_null(strstr(ctx.out.s, "00:00:00 ago: src=10.2.2.20;"));
	console_end(from, &other);
	console_end(r, &ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_ping_rows_of_70),
		cmocka_unit_test(test_ping_abort),
		cmocka_unit_test(test_ping_self),
		cmocka_unit_test(test_ping_source),
		cmocka_unit_test(test_ping_group),
		cmocka_unit_test(test_ping_encrypted),
		cmocka_unit_test(test_ping_fragments),
		cmocka_unit_test(test_two_pings),
		cmocka_unit_test(test_show_acl),
		cmocka_unit_test(test_show_gdoi),
		cmocka_unit_test(test_show_fail_close),
		cmocka_unit_test(test_show_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
