/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The traceroute command: UDP to ports that nobody listens on, with a time to
 * live that grows until the target says that the port is unreachable.
 */
#include "config.h"

#include <stdlib.h>

#include "cli_gen.h"
#include "dataplane/ip.h"
#include "dataplane/probe.h"

struct trace {
	struct probe probe;
	unsigned ttl, n;   /* of the probe that is outstanding; n from 0 */
	uint16_t port;
	uint32_t from;	   /* who answered last on this line, 0: nobody */
	bool last;	   /* nothing is behind this hop */
};

const struct probe_opts trace_defaults = { .timeout = 3, .probes = 3,
	.ttl_min = 1, .ttl_max = 30, .port = 33434 };

static void
trace_send(struct trace *t)
{
	unsigned ihl = probe_header(&t->probe, PROTO_UDP, t->port);
	uint8_t *ip = pkt_ip(&t->probe.pkt), *udp = ip + ihl;
	uint16_t sum;

	if (t->n == 0)
		cli_printf(t->probe.ctx, "%3u ", t->ttl);
	ip[IPH_TTL] = (uint8_t)t->ttl;
	ip_finish(ip, ihl, ihl + UDP_HDR);
	put16(udp, t->probe.id);
	put16(udp + 2, t->port);
	put16(udp + 4, UDP_HDR);
	put16(udp + 6, 0);
	sum = sum_end(sum_add(sum_pseudo(ip, UDP_HDR), udp, UDP_HDR));
	put16(udp + 6, sum != 0 ? sum : 0xffff);
	probe_send(&t->probe, t->port, ihl + UDP_HDR);
}

static void
trace_end(struct probe *probe)
{
	cli_printf(probe->ctx, "\n");
	probe_end(probe);
}

static void
trace_next(struct trace *t)
{
	t->port++;
	if (++t->n == t->probe.o.probes) {
		if (t->last || t->ttl == t->probe.o.ttl_max) {
			trace_end(&t->probe);
			return;
		}
		cli_printf(t->probe.ctx, "\n");
		t->n = 0;
		t->ttl++;
		t->from = 0;
	}
	trace_send(t);
}

static const char *
host_name(const struct fwd *f, uint32_t addr)
{
	const struct ip_host *h;

	CF_FOREACH (h, &f->conf->hosts)
		if (h->addr == addr)
			return h->name;
	return NULL;
}

/* A change within a line begins a new one. */
static void
say_from(struct trace *t, uint32_t from)
{
	const char *name = t->probe.o.numeric ? NULL :
	    host_name(t->probe.f, from);
	char a[IP4_STRLEN];

	if (t->from == from)
		return;
	cli_printf(t->probe.ctx, "%s", t->from != 0 ? "\n    " : "");
	t->from = from;
	ip4_str(from, a);
	if (name != NULL)
		cli_printf(t->probe.ctx, "%s (%s)", name, a);
	else
		cli_printf(t->probe.ctx, "%s", a);
}

/* NULL: the time is what is of interest. */
static const char *
refusal(unsigned type, unsigned code)
{
	if (type == ICMP_TIME_EXCEEDED)
		return NULL;
	if (type == ICMP_QUENCH)
		return "Q";
	if (type != ICMP_UNREACH)
		return "?";
	switch (code) {
	case ICMP_UNREACH_NET:
		return "!N";
	case ICMP_UNREACH_HOST:
		return "!H";
	case ICMP_UNREACH_PROTO:
		return "!P";
	case ICMP_UNREACH_PORT:
		return "!U";
	case 9: /* network, host, communication prohibited */
	case 10:
	case ICMP_UNREACH_ADMIN:
		return "!A";
	default:
		return "?";
	}
}

static void
trace_answer(struct probe *probe, const struct event *e)
{
	struct trace *t = (struct trace *)probe;
	unsigned type = e->c >> 24, code = e->c >> 16 & 0xff;
	const char *why = refusal(type, code);

	if (type == ICMP_UNREACH)
		t->last = true;
	/* the target has no such port: arrived */
	if (e->b == probe->o.target && type == ICMP_UNREACH &&
	    code == ICMP_UNREACH_PORT)
		why = NULL;
	say_from(t, e->b);
	if (why != NULL)
		cli_printf(probe->ctx, " %s ", why);
	else
		cli_printf(probe->ctx, " %u msec", probe_ms(probe, e->us));
	trace_next(t);
}

static void
trace_timed_out(struct probe *probe)
{
	cli_printf(probe->ctx, " * ");
	trace_next((struct trace *)probe);
}

int
trace_run(struct fwd *f, struct cli_ctx *ctx, const struct probe_opts *o)
{
	static const struct probe_ops ops = { trace_answer, trace_timed_out,
		trace_end };
	struct trace *t = xcalloc(1, sizeof(*t));
	const char *name = o->name[0] != '\0' ? o->name : NULL;
	char a[IP4_STRLEN];

	t->probe = (struct probe){ .ctx = ctx, .ops = &ops, .o = *o };
	t->ttl = o->ttl_min;
	t->port = (uint16_t)o->port;
	if (!probe_start(f, &t->probe, PROTO_UDP))
		return CLI_FAILED;
	ip4_str(o->target, a);
	if (name == NULL && !o->numeric)
		name = host_name(f, o->target);
	cli_printf(ctx, "Type escape sequence to abort.\n"
	    "Tracing the route to %s%s%s%s\n"
	    "VRF info: (vrf in name/id, vrf out name/id)\n",
	    name != NULL ? name : "", name != NULL ? " (" : "", a,
	    name != NULL ? ")" : "");
	trace_send(t);
	return CLI_PENDING;
}

int
exec_trace(struct cli_ctx *ctx, const struct exec_trace_args *a)
{
	struct fwd *f = cli_engine(ctx);
	struct probe_opts o = trace_defaults;

	if (!probe_target(ctx, f, &o, a->name, a->target) ||
	    !probe_source(ctx, f, &o, a->source_if, a->source))
		return CLI_FAILED;
	o.numeric = a->numeric;
	o.port = a->port != 0 ? a->port : o.port;
	o.probes = a->probes != 0 ? a->probes : o.probes;
	o.timeout = a->timed ? a->timeout : o.timeout;
	if (a->ttl_min != 0) {
		if (a->ttl_max < a->ttl_min) {
			cli_printf(ctx, "%% A decimal number between %u and "
			    "255.\n", a->ttl_min);
			return CLI_FAILED;
		}
		o.ttl_min = a->ttl_min;
		o.ttl_max = a->ttl_max;
	}
	return trace_run(f, ctx, &o);
}
