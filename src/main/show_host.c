/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands about what the router runs on: inventory, memory, processes.
 * All of it is measured (load.c); columns of IOS that Linux has nothing for
 * are 0.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "main/router.h"

static const char *const proc_names[LOAD_COUNT] = {"Cohort main",
    "Cohort ike", "Cohort fwd"};

/* PID and SN of a port: the device of Linux behind it. */
static void
inventory_port(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p)
{
	struct port_stats s;
	struct port_rates rates;

	if (!ports_stats(router_of(ctx), p, &s, &rates))
		return;
	cli_printf(ctx,
	    "NAME: \"%s\", DESCR: \"Linux network device %s\"\n"
	    "PID: %-18s, VID: %-5s, SN: %02X%02X%02X%02X%02X%02X\n\n",
	    ifc->name, p->dev, "LINUX-NETDEV", "V01", s.mac[0], s.mac[1],
	    s.mac[2], s.mac[3], s.mac[4], s.mac[5]);
}

int
show_inventory(struct cli_ctx *ctx, const struct show_inventory_args *a UNUSED)
{
	struct router *r = router_of(ctx);
	const struct interface *ifc;

	cli_printf(ctx,
	    "NAME: \"Chassis\", DESCR: \"Cohort router, runs on Linux\"\n"
	    "PID: %-18s, VID: %-5s, SN: %s\n\n", "COHORT", "V01", r->name);
	CF_FOREACH(ifc, &r->running->interfaces) {
		const struct port *p = ports_find(r, ifc->name);

		if (p != NULL && !p->loopback && p->ifindex != 0 &&
		    strchr(ifc->name, '.') == NULL)
			inventory_port(ctx, ifc, p);
	}
	return CLI_DONE;
}

/* ---- memory ---- */

/* Head is the end of the address space: where things are is for nobody to
 * know, and clients need a letter in it to tell it from the numbers. */
#define HEAD "7FFFFFFFF000"

int
show_memory(struct cli_ctx *ctx, const struct show_memory_args *a UNUSED)
{
	struct memory m;

	load_memory(router_of(ctx), &m);
	cli_printf(ctx,
	    "                   Head       Total(b)        Used(b)        "
	    "Free(b)      Lowest(b)     Largest(b)\n"
	    "Processor  %12s %14llu %14llu %14llu %14llu %14llu\n", HEAD,
	    (unsigned long long)m.total, (unsigned long long)m.used,
	    (unsigned long long)m.available, (unsigned long long)m.lowest,
	    (unsigned long long)m.available);
	return CLI_DONE;
}

/* Allocated: the most that it ever held; Freed: what it gave back since. */
int
show_processes_memory(struct cli_ctx *ctx,
    const struct show_processes_memory_args *a UNUSED)
{
	struct router *r = router_of(ctx);
	struct memory m;
	struct load l;
	unsigned i;

	load_memory(r, &m);
	cli_printf(ctx,
	    "Processor Pool Total: %10llu Used: %10llu Free: %10llu\n\n"
	    " PID TTY  Allocated      Freed    Holding    Getbufs    Retbufs "
	    "Process\n",
	    (unsigned long long)m.total, (unsigned long long)m.used,
	    (unsigned long long)m.available);
	for (i = 0; i < LOAD_COUNT; i++) {
		load_of(r, (enum load_proc)i, &l);
		if (l.pid == 0)
			continue;
		cli_printf(ctx,
		    "%4d   0 %10llu %10llu %10llu          0          0 %s\n",
		    (int)l.pid, (unsigned long long)l.peak,
		    (unsigned long long)(l.peak - l.resident),
		    (unsigned long long)l.resident, proc_names[i]);
	}
	cli_printf(ctx, "%27llu Total\n", (unsigned long long)m.used);
	return CLI_DONE;
}

/* ---- processors ---- */

struct proc_row {
	struct load l;
	const char *name;
};

static unsigned
collect_procs(struct router *r, struct proc_row rows[LOAD_COUNT])
{
	unsigned i, n = 0;

	for (i = 0; i < LOAD_COUNT; i++) {
		load_of(r, (enum load_proc)i, &rows[n].l);
		rows[n].name = proc_names[i];
		if (rows[n].l.pid != 0)
			n++;
	}
	return n;
}

/* Of one processor. What IOS tells as time in interrupts is where it forwards
 * packets: process fwd. */
static void
utilization(struct cli_ctx *ctx)
{
	uint32_t sum[3] = {0}, fwd = 0;
	struct load l;
	unsigned i, k;

	for (i = 0; i < LOAD_COUNT; i++) {
		load_of(router_of(ctx), (enum load_proc)i, &l);
		for (k = 0; k < 3; k++)
			sum[k] += l.cpu[k];
		if (i == LOAD_FWD)
			fwd = l.cpu[0];
	}
	cli_printf(ctx, "CPU utilization for five seconds: %u%%/%u%%; "
			"one minute: %u%%; five minutes: %u%%\n",
	    (sum[0] + 50) / 100, (fwd + 50) / 100, (sum[1] + 50) / 100,
	    (sum[2] + 50) / 100);
}

static unsigned long long
per_call(const struct load *l)
{
	return l->invoked == 0 ? 0 : l->runtime_ms * 1000 / l->invoked;
}

static int
by_load(const void *a, const void *b)
{
	const struct proc_row *x = a, *y = b;

	if (x->l.cpu[0] != y->l.cpu[0])
		return x->l.cpu[0] > y->l.cpu[0] ? -1 : 1;
	if (x->l.runtime_ms != y->l.runtime_ms)
		return x->l.runtime_ms > y->l.runtime_ms ? -1 : 1;
	return 0;
}

int
show_processes_cpu(struct cli_ctx *ctx,
    const struct show_processes_cpu_args *a)
{
	struct proc_row rows[LOAD_COUNT];
	unsigned n = collect_procs(router_of(ctx), rows), i;

	if (a->sorted)
		qsort(rows, n, sizeof(rows[0]), by_load);
	utilization(ctx);
	cli_printf(ctx, " PID Runtime(ms)     Invoked      uSecs   5Sec   1Min "
			"  5Min TTY Process \n");
	for (i = 0; i < n; i++) {
		const struct load *l = &rows[i].l;

		cli_printf(ctx, "%4d %11llu %11llu %10llu %2u.%02u%% %2u.%02u%% "
				"%2u.%02u%%   0 %s\n", (int)l->pid,
		    (unsigned long long)l->runtime_ms,
		    (unsigned long long)l->invoked, per_call(l),
		    l->cpu[0] / 100, l->cpu[0] % 100, l->cpu[1] / 100,
		    l->cpu[1] % 100, l->cpu[2] / 100, l->cpu[2] % 100,
		    rows[i].name);
	}
	return CLI_DONE;
}

int
show_processes(struct cli_ctx *ctx, const struct show_processes_args *a UNUSED)
{
	struct proc_row rows[LOAD_COUNT];
	unsigned n = collect_procs(router_of(ctx), rows), i;

	utilization(ctx);
	cli_printf(ctx, " PID QTy       PC Runtime (ms)    Invoked   uSecs    "
			"Stacks TTY Process\n");
	for (i = 0; i < n; i++)
		cli_printf(ctx, "%4d Mwe        0 %12llu %10llu %7llu       "
				"0/0   0 %s\n", (int)rows[i].l.pid,
		    (unsigned long long)rows[i].l.runtime_ms,
		    (unsigned long long)rows[i].l.invoked,
		    per_call(&rows[i].l), rows[i].name);
	return CLI_DONE;
}
