/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Options of the IP header (RFC 791, 3.1) that ping sends and prints: source
 * routes, the recorded route, timestamps. And what the kernel writes into those
 * of others, once too often.
 */
#include "config.h"

#include "dataplane/ip.h"
#include "dataplane/probe.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_RECORD = 7, OPT_STAMP = 68,
	OPT_LOOSE = 131, OPT_STRICT = 137 };

unsigned
ipopt_len(const struct probe_opts *o)
{
	return (o->n_route > 0 ? 3 + 4 * o->n_route : 0) +
	    (o->record > 0 ? 3 + 4 * o->record : 0) +
	    (o->stamps > 0 ? 4 + 4 * o->stamps : 0);
}

/* The first of a source route stands in the header; what is in the option are
 * those behind it, and the target last. */
static unsigned
put_route(const struct probe_opts *o, uint8_t *to)
{
	unsigned i;

	to[0] = o->strict ? OPT_STRICT : OPT_LOOSE;
	to[1] = (uint8_t)(3 + 4 * o->n_route);
	to[2] = 4;
	for (i = 0; i < o->n_route; i++)
		put32(to + 3 + 4 * i, i + 1 < o->n_route ? o->route[i + 1] :
		    o->target);
	return to[1];
}

unsigned
ipopt_put(const struct probe_opts *o, uint8_t to[IPOPT_MAX])
{
	unsigned at = 0;

	memset(to, 0, IPOPT_MAX);
	if (ipopt_len(o) > IPOPT_MAX)
		return 0;
	if (o->n_route > 0)
		at += put_route(o, to);
	if (o->record > 0) {
		to[at] = OPT_RECORD;
		to[at + 1] = (uint8_t)(3 + 4 * o->record);
		to[at + 2] = 4;
		at += to[at + 1];
	}
	if (o->stamps > 0) {
		to[at] = OPT_STAMP;
		to[at + 1] = (uint8_t)(4 + 4 * o->stamps);
		to[at + 2] = 5;
		at += to[at + 1];
	}
	return (at + 3) & ~3u;
}

/* ---- printing ---- */

/* <*> is where the next address will be written. */
static void
print_route(struct cli_ctx *ctx, const uint8_t *opt, unsigned len)
{
	char a[IP4_STRLEN];
	unsigned i;

	cli_printf(ctx, " %s:%s\n", opt[0] == OPT_RECORD ? "Record route" :
	    opt[0] == OPT_LOOSE ? "Loose source route" :
	    "Strict source route", opt[2] == 4 ? " <*>" : "");
	for (i = 3; i + 4 <= len; i += 4)
		cli_printf(ctx, "   (%s)%s\n", ip4_str(get32(opt + i), a),
		    opt[2] == i + 5 ? " <*>" : "");
}

/* Milliseconds since midnight, unless the high bit says otherwise. */
static void
print_stamps(struct cli_ctx *ctx, const uint8_t *opt, unsigned len)
{
	char a[IP4_STRLEN];
	unsigned i, kind = opt[3] & 15u;
	uint32_t v, ms;

	cli_printf(ctx, " Timestamp: Type %u.  Overflows: %u length %u, "
	    "ptr %u\n", kind, opt[3] >> 4u, len, opt[2]);
	for (i = 4; i + 4 <= len; i += 4) {
		if (opt[2] == i + 1)
			cli_printf(ctx, "  >>Current pointer<<\n");
		v = get32(opt + i);
		if (kind != 0 && i + 8 <= len) { /* an address before it */
			cli_printf(ctx, "  Address= %s\n", ip4_str(v, a));
			v = get32(opt + (i += 4));
		}
		ms = v & 0x7fffffff;
		cli_printf(ctx, "  Time=%s%02u:%02u:%02u.%03u UTC (%08X)\n",
		    v >> 31 != 0 ? "*" : " ", ms / 3600000,
		    ms / 60000 % 60, ms / 1000 % 60, ms % 1000, v);
	}
	if (opt[2] > len)
		cli_printf(ctx, "  >>Current pointer<<\n");
}

/* Octets up to the end, which what is padding does not count for. */
static unsigned
used(const uint8_t *opts, unsigned len)
{
	unsigned at = 0;

	while (at < len && opts[at] != OPT_END) {
		if (opts[at] == OPT_NOP)
			at++;
		else if (at + 2 > len || opts[at + 1] < 2 ||
		    at + opts[at + 1] > len)
			return len;
		else
			at += opts[at + 1];
	}
	return at;
}

void
ipopt_print(struct cli_ctx *ctx, const uint8_t *opts, unsigned len,
    bool received)
{
	unsigned at, n, end = used(opts, len);

	/* what came back has the octet that ends the list */
	if (received && end < len)
		n = end + 1;
	else
		n = end;
	cli_printf(ctx, " Total option bytes= %u, padded length=%u\n", n,
	    len);
	for (at = 0; at < end; at += n) {
		n = 1;
		if (opts[at] == OPT_NOP)
			continue;
		n = at + 1 < end ? opts[at + 1] : 0;
		if (n < 2 || at + n > end) {
			cli_printf(ctx, " Malformed option\n");
			return;
		}
		if (opts[at] == OPT_STAMP && n >= 4)
			print_stamps(ctx, opts + at, n);
		else if (opts[at] != OPT_STAMP && n >= 3)
			print_route(ctx, opts + at, n);
	}
	if (received && end < len)
		cli_printf(ctx, " End of list\n");
}

/* ---- one entry a hop ---- */

/* A recorded route whose last entry is ours: where that one is, or NULL. */
static uint8_t *
own_entry(const struct snap *s, uint8_t *opt)
{
	unsigned end = opt[2] - 1u;

	return opt[0] == OPT_RECORD && opt[2] > 7 && end <= opt[1] &&
	    fwd_is_own(s, get32(opt + end - 4)) ? opt + end - 4 : NULL;
}

static void
route_undo(const struct snap *s, uint8_t *opt)
{
	uint8_t *entry = own_entry(s, opt);

	if (entry != NULL) {
		memset(entry, 0, 4);
		opt[2] = (uint8_t)(opt[2] - 4);
	}
}

/* Who finds no room counts that. What has addresses that the sender chose (3)
 * has a hop once. */
static void
stamp_undo(uint8_t *opt)
{
	unsigned kind = opt[3] & 15u, size = kind == 0 ? 4 : 8;
	unsigned end = opt[2] - 1u;

	if (kind > 1)
		return;
	if (opt[3] >> 4 != 0) {
		opt[3] = (uint8_t)(opt[3] - 0x10);
	} else if (opt[2] >= 5 + size && end <= opt[1]) {
		memset(opt + end - size, 0, size);
		opt[2] = (uint8_t)(opt[2] - size);
	}
}

/* The option of four octets and more at opt, or behind it; NULL: no more. */
static uint8_t *
next_option(uint8_t *opt, const uint8_t *end)
{
	while (opt < end && opt[0] == OPT_NOP)
		opt++;
	return end - opt >= 4 && opt[0] != OPT_END && opt[1] >= 4 &&
	    opt[1] <= end - opt ? opt : NULL;
}

void
ipopt_one_hop(const struct snap *s, const struct pkt *p)
{
	uint8_t *ip = pkt_ip(p), *end = ip + p->ihl, *opt;

	if (p->ping || p->decrypted || p->tunnels > 0)
		return; /* the kernel has not seen this header yet */
	for (opt = ip + IPH_HDR; (opt = next_option(opt, end)) != NULL;
	    opt += opt[1]) {
		if (opt[0] == OPT_RECORD)
			route_undo(s, opt);
		else if (opt[0] == OPT_STAMP)
			stamp_undo(opt);
	}
	ip_finish(ip, p->ihl, get16(ip + IPH_LEN));
}

void
ipopt_arrived(const struct snap *s, uint8_t *opts, unsigned len,
    uint32_t addr)
{
	uint8_t *end = opts + len, *opt, *entry;

	for (opt = opts; (opt = next_option(opt, end)) != NULL;
	    opt += opt[1]) {
		entry = own_entry(s, opt);
		if (entry != NULL)
			put32(entry, addr);
	}
}
