/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ping command. A sweep goes through its sizes and begins again, as often
 * as `repeat` says.
 *
 * Behind each 70 echoes it waits until what it printed was taken, so that a
 * terminal that stands still holds the ping up and costs no memory.
 *
 * A multicast group may answer many times: each answer within the timeout is
 * a line of its own, and one echo is all that is sent unless told otherwise.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli_gen.h"
#include "dataplane/ip.h"
#include "dataplane/probe.h"

#define COLUMNS 70

struct ping {
	struct probe probe;
	uint64_t total, sent, good; /* echoes */
	uint32_t size;	  /* of the one that is outstanding */
	uint32_t answers; /* of a group to this echo */
	bool dots;	  /* are the last of the line */
	bool row_ended;	  /* no mark on this line yet */
	bool waits;	  /* for its reader: nothing is outstanding */
	uint16_t ip_id;
	uint64_t min, max, sum; /* milliseconds */
};

const struct probe_opts ping_defaults = { .repeat = 5, .size = 100,
	.timeout = 2, .pattern = 0xabcd, .sweep_min = PROBE_SIZE_MIN,
	.sweep_max = PROBE_SIZE_MAX, .sweep_step = 1 };

static bool
of_group(const struct ping *p)
{
	return is_multicast(p->probe.o.target);
}

/* ---- echoes ---- */

static uint64_t
sizes(const struct probe_opts *o)
{
	return o->sweep ? (o->sweep_max - o->sweep_min) / o->sweep_step + 1 :
	    1;
}

static void
ping_send(struct ping *p)
{
	const struct probe_opts *o = &p->probe.o;
	unsigned ihl = probe_header(&p->probe, PROTO_ICMP, p->ip_id++), i;
	uint16_t seq = (uint16_t)p->sent;
	uint8_t *ip = pkt_ip(&p->probe.pkt), *icmp = ip + ihl;
	unsigned len;

	p->size = o->sweep ? o->sweep_min +
	    (uint32_t)(p->sent % sizes(o)) * o->sweep_step : o->size;
	len = p->size < ihl + 8 ? ihl + 8 : p->size;
	ip_finish(ip, ihl, len);
	len -= ihl;
	memset(icmp, 0, 8);
	icmp[0] = ICMP_ECHO;
	put16(icmp + 4, p->probe.id);
	put16(icmp + 6, seq);
	for (i = 8; i < len; i++)
		icmp[i] = (uint8_t)(i % 2 == 0 ? o->pattern >> 8 : o->pattern);
	put16(icmp + 2, sum_end(sum_add(0, icmp, len)));
	p->sent++;
	p->answers = 0;
	probe_send(&p->probe, seq, ihl + len);
}

/* ---- what is printed ---- */

static void
ping_summary(const struct ping *p)
{
	struct cli_ctx *ctx = p->probe.ctx;

	if (of_group(p)) {
		if (p->dots)
			cli_printf(ctx, "\n");
		return;
	}
	if (!p->probe.o.verbose && !p->row_ended)
		cli_printf(ctx, "\n");
	cli_printf(ctx, "Success rate is %u percent (%llu/%llu)",
	    (unsigned)(p->good * 100 / p->sent), (unsigned long long)p->good,
	    (unsigned long long)p->sent);
	if (p->good > 0)
		cli_printf(ctx, ", round-trip min/avg/max = %u/%u/%u ms",
		    (unsigned)p->min, (unsigned)(p->sum / p->good),
		    (unsigned)p->max);
	cli_printf(ctx, "\n");
}

static void
ping_end(struct probe *probe)
{
	ping_summary((struct ping *)probe);
	probe_end(probe);
}

static void
ping_go_on(struct cli_ctx *ctx UNUSED, void *arg, const char *answer UNUSED)
{
	struct ping *p = arg;

	p->waits = false;
	ping_send(p);
}

/* The echo has its fate: on to the next one. */
static void
ping_next(struct ping *p)
{
	if (p->sent >= p->total) {
		ping_end(&p->probe);
	} else if (p->sent % COLUMNS == 0) {
		p->waits = true;
		p->probe.deadline = UINT64_MAX;
		cli_ask(p->probe.ctx, CLI_ASK_MORE, "", ping_go_on, p);
	} else
		ping_send(p);
}

static void
ping_mark(struct ping *p, char mark)
{
	cli_printf(p->probe.ctx, "%c", mark);
	p->row_ended = p->sent < p->total && p->sent % COLUMNS == 0;
	if (p->row_ended)
		cli_printf(p->probe.ctx, "\n");
	ping_next(p);
}

/* ` (size 1490)` of a sweep, and the end of the line. */
static void
end_line(const struct ping *p)
{
	if (p->probe.o.sweep)
		cli_printf(p->probe.ctx, " (size %u)", p->size);
	cli_printf(p->probe.ctx, "\n");
}

static void
say_error(const struct ping *p, char mark, const char *from, unsigned mtu)
{
	struct cli_ctx *ctx = p->probe.ctx;

	switch (mark) {
	case PING_FRAG:
		cli_printf(ctx, "Unreachable from %s, maximum MTU %u", from,
		    mtu);
		break;
	case PING_UNREACHABLE:
		cli_printf(ctx, "Unreachable from %s", from);
		break;
	case PING_QUENCH:
		cli_printf(ctx, "Source quench from %s", from);
		break;
	case PING_TTL:
		cli_printf(ctx, "Time to live exceeded from %s", from);
		break;
	default:
		cli_printf(ctx, "Unknown packet type or invalid data from %s",
		    from);
		break;
	}
	end_line(p);
}

/* Verbose: a line for each echo, and the options that its reply had. */
static void
say_reply(const struct ping *p, unsigned ms)
{
	const struct probe *pr = &p->probe;
	struct ping_slot *s = &pr->f->slots[pr->slot];
	unsigned n = __atomic_load_n(&s->n_opts, __ATOMIC_ACQUIRE);

	cli_printf(pr->ctx, "Reply to request %llu (%u ms)",
	    (unsigned long long)p->sent - 1, ms);
	if (n == 0) {
		end_line(p);
		return;
	}
	cli_printf(pr->ctx, ".  Received packet has options");
	end_line(p);
	ipopt_print(pr->ctx, s->opts, n, true);
	cli_printf(pr->ctx, "\n");
}

static void
group_reply(struct ping *p, uint32_t from, unsigned ms)
{
	char a[IP4_STRLEN];

	cli_printf(p->probe.ctx, "%sReply to request %u from %s, %u ms\n",
	    p->dots || p->good == 0 ? "\n" : "", (unsigned)p->sent - 1,
	    ip4_str(from, a), ms);
	p->dots = false;
	p->answers++;
	p->good++;
}

static void
ping_answer(struct probe *probe, const struct event *e)
{
	struct ping *p = (struct ping *)probe;
	char mark = (char)(e->what & 0xff), a[IP4_STRLEN];
	bool good = mark == PING_REPLY || mark == PING_CONGESTED;
	unsigned ms = probe_ms(probe, e->us);

	if (p->waits) /* the same answer once more */
		return;
	if (of_group(p)) { /* whom errors are not about */
		if (good)
			group_reply(p, e->b, ms);
		return;
	}
	if (good) {
		p->min = p->good == 0 || ms < p->min ? ms : p->min;
		p->max = ms > p->max ? ms : p->max;
		p->sum += ms;
		p->good++;
	}
	if (!probe->o.verbose) {
		ping_mark(p, mark);
		return;
	}
	if (good)
		say_reply(p, ms);
	else
		say_error(p, mark, ip4_str(e->b, a), e->c & 0xffff);
	ping_next(p);
}

static void
ping_timed_out(struct probe *probe)
{
	struct ping *p = (struct ping *)probe;

	if (of_group(p)) { /* the time for answers is over */
		if (p->answers == 0) {
			cli_printf(probe->ctx, ".");
			p->dots = true;
		}
		ping_next(p);
	} else if (probe->o.verbose) {
		cli_printf(probe->ctx, "Request %llu timed out",
		    (unsigned long long)p->sent - 1);
		end_line(p);
		ping_next(p);
	} else
		ping_mark(p, '.');
}

static void
ping_head(const struct ping *p)
{
	const struct probe_opts *o = &p->probe.o;
	struct cli_ctx *ctx = p->probe.ctx;
	uint8_t opts[IPOPT_MAX];
	char addr[IP4_STRLEN], size[32];
	unsigned n;

	snprintf(size, sizeof(size), o->sweep ? "[%u..%u]" : "%u",
	    o->sweep ? o->sweep_min : o->size, o->sweep_max);
	cli_printf(ctx, "Type escape sequence to abort.\n"
	    "Sending %llu, %s-byte ICMP Echos to %s, timeout is %u seconds:\n",
	    (unsigned long long)p->total, size, ip4_str(o->target, addr),
	    o->timeout);
	if (o->sourced)
		cli_printf(ctx, "Packet sent with a source address of %s \n",
		    ip4_str(o->source, addr));
	if (o->df)
		cli_printf(ctx, "Packet sent with the DF bit set\n");
	if (o->validate)
		cli_printf(ctx, "Reply data will be validated\n");
	n = ipopt_put(o, opts);
	if (n != 0) {
		cli_printf(ctx, "Packet has IP options: ");
		ipopt_print(ctx, opts, n, false);
		cli_printf(ctx, "\n");
	}
}

int
ping_run(struct fwd *f, struct cli_ctx *ctx, const struct probe_opts *o)
{
	static const struct probe_ops ops = { ping_answer, ping_timed_out,
		ping_end };
	struct ping *p = xcalloc(1, sizeof(*p));

	p->probe = (struct probe){ .ctx = ctx, .ops = &ops, .o = *o };
	p->total = o->repeat * sizes(o);
	if (!probe_start(f, &p->probe, PROTO_ICMP))
		return CLI_FAILED;
	ping_head(p);
	ping_send(p);
	return CLI_PENDING;
}

int
exec_ping(struct cli_ctx *ctx, const struct exec_ping_args *a)
{
	struct fwd *f = cli_engine(ctx);
	struct probe_opts o = ping_defaults;

	if (!probe_target(ctx, f, &o, a->name, a->target) ||
	    !probe_source(ctx, f, &o, a->source_if, a->source))
		return CLI_FAILED;
	o.repeat = a->repeat != 0 ? a->repeat :
	    is_multicast(o.target) ? 1 : o.repeat;
	o.size = a->size != 0 ? a->size : o.size;
	o.timeout = a->timeout != 0 || a->timed ? a->timeout : o.timeout;
	o.df = a->df;
	o.validate = a->validate;
	o.verbose = a->verbose;
	o.tos = a->by_dscp ? a->dscp << 2 : a->tos;
	if (a->data[0] != '\0')
		o.pattern = (uint32_t)strtoul(a->data, NULL, 16);
	if (o.pattern > UINT16_MAX) {
		cli_printf(ctx, "%% Invalid pattern\n");
		return CLI_FAILED;
	}
	if (a->sweep) {
		if (a->sweep_max < a->sweep_min) {
			cli_printf(ctx, "%% A decimal number between %u and "
			    "%u.\n", a->sweep_min, PROBE_SIZE_MAX);
			return CLI_FAILED;
		}
		o.sweep = true;
		o.sweep_min = a->sweep_min;
		o.sweep_max = a->sweep_max;
		o.sweep_step = a->sweep_step != 0 ? a->sweep_step : 1;
	}
	return ping_run(f, ctx, &o);
}
