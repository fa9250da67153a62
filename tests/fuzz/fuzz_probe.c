/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What comes back to a ping or a traceroute of this router, whose answers are
 * matched, compared and printed: replies, ICMP errors and any octets.
 * Input: u8 which command, then steps of u8 kind, u8 where, u8 length and so
 * many octets, which are written over an answer that would be right.
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "console.h"
#include "dataplane/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TARGET IP4(198, 51, 100, 9)

static uint8_t packet[PKT_BUF_SIZE];

/* The echo with its ends swapped; the length. */
static size_t
reply(uint8_t *p, const uint8_t *sent, size_t len)
{
	unsigned ihl = (sent[0] & 15u) * 4;

	memcpy(p, sent, len);
	put32(p + IPH_SRC, get32(sent + IPH_DST));
	put32(p + IPH_DST, get32(sent + IPH_SRC));
	p[ihl] = 0;
	return len;
}

/* An error of a hop, of any type. */
static size_t
error(uint8_t *p, const uint8_t *sent, size_t len, uint8_t kind)
{
	len = len < 200 ? len : 200;
	memset(p, 0, IPH_HDR + 8);
	p[0] = 0x45;
	p[IPH_TTL] = 9;
	p[IPH_PROTO] = PROTO_ICMP;
	put32(p + IPH_SRC, IP4(192, 0, 2, 254));
	put32(p + IPH_DST, get32(sent + IPH_SRC));
	p[IPH_HDR] = kind & 4 ? ICMP_UNREACH : 11;
	p[IPH_HDR + 1] = kind & 4 ? kind >> 3 & 15 : 0;
	memcpy(p + IPH_HDR + 8, sent, len);
	return IPH_HDR + 8 + len;
}

static void
checksums(uint8_t *p, size_t len)
{
	unsigned ihl = len > 0 ? (p[0] & 15u) * 4 : 0;

	if (len < IPH_HDR || ihl < IPH_HDR || ihl + 8 > len)
		return;
	if (p[IPH_PROTO] == PROTO_ICMP) {
		put16(p + ihl + 2, 0);
		put16(p + ihl + 2, sum_end(sum_add(0, p + ihl, len - ihl)));
	}
	ip_finish(p, ihl, (unsigned)len);
}

static void
answer(struct rig *r, uint8_t kind, uint8_t at, const uint8_t *bytes,
    size_t n)
{
	uint8_t *p = packet + PKT_HEADROOM, sent[1600];
	struct pkt pkt, *pp = &pkt;
	size_t len = r->n_out > 0 ? r->out[0].len : 0;

	if (len == 0 || len > sizeof(sent))
		return;
	memcpy(sent, r->bytes[0], len);
	len = kind % 4 == 1 ? error(p, sent, len, kind) : reply(p, sent, len);
	if (at + n <= len && n > 0)
		memcpy(p + at, bytes, n);
	if (kind % 4 == 3 && at > 0)
		len = at < len ? at : len;
	checksums(p, len);
	pkt = rig_pkt(packet, NULL, 0, WAN);
	pkt.len = (uint32_t)len;
	rig_clear_out(r);
	fwd_input(r->f, &pp, 1);
}

static void
command(struct rig *r, struct cli_ctx *ctx, uint8_t which)
{
	struct probe_opts o = which & 1 ? trace_defaults : ping_defaults;

	o.target = TARGET;
	o.timeout = 1;
	o.verbose = (which & 2) != 0;
	o.record = which & 4 ? 5 : 0;
	o.stamps = which & 8 ? 3 : 0;
	o.validate = (which & 16) != 0;
	o.size = which & 32 ? 1200 : 100;
	o.repeat = 40;
	o.n_route = which & 64 ? 1 : 0;
	o.route[0] = IP4(192, 0, 2, 254);
	(void)!(which & 1 ? trace_run : ping_run)(r->f, ctx, &o);
}

static struct rig *
start(struct cli_ctx *ctx)
{
	struct rig *r = console_rig(ctx);

	r->ifs[1].crypto_map[0] = '\0';
	fwd_routes(r->f, &(struct route){ 0, 0, IP4(192, 0, 2, 254), WAN }, 1);
	rig_config(r);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct cli_ctx ctx;
	static struct rig *r;
	struct rd in = rd_of(data, len);
	const uint8_t *bytes;
	uint8_t kind, at;
	size_t n;

	if (r == NULL)
		r = start(&ctx);
	if (rd_left(&in) < 2)
		return 0;
	rig_clear_out(r);
	command(r, &ctx, rd_u8(&in));
	while (!ctx.done && rd_left(&in) >= 3) {
		kind = rd_u8(&in);
		at = rd_u8(&in);
		n = rd_u8(&in);
		n = n < rd_left(&in) ? n : rd_left(&in);
		bytes = n > 0 ? rd_bytes(&in, n) : NULL;
		r->us += 3000;
		r->now += 3;
		answer(r, kind, at, bytes, n);
		if (kind & 128) {
			rig_clear_out(r);
			r->now += 1100;
			r->us += 1100000;
		}
		rig_timeout(r);
	}
	if (!ctx.done)
		ctx.abort(&ctx, ctx.arg);
	if (!ctx.done)
		abort();
	sb_free(&ctx.out);
	ctx = (struct cli_ctx){ .engine = r->f };
	r->n_logs = r->n_events = 0;
	return 0;
}
