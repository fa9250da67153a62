/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show arp, show hosts, show ip protocols: what the kernel's neighbour table
 * holds, how names are found, who else fills the routing table.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "main/router.h"

struct arp_row {
	uint32_t addr;
	uint8_t mac[6];
	bool own, resolved;
	uint32_t minutes;
	char ifname[IFNAME_MAX];
};

struct arp_table {
	struct arp_row *v;
	size_t n, cap;
};

static struct arp_row *
add_arp(struct arp_table *t, uint32_t addr, const char *ifname)
{
	struct arp_row *row;

	if (t->n == t->cap) {
		t->cap = t->cap != 0 ? t->cap * 2 : 64;
		t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
	}
	row = &t->v[t->n++];
	memset(row, 0, sizeof(*row));
	row->addr = addr;
	str_copy(row->ifname, ifname, sizeof(row->ifname));
	return row;
}

static void
add_neighbour(void *arg, const struct neighbour *n)
{
	struct arp_row *row = add_arp(arg, n->addr, n->port->name);

	row->resolved = n->resolved;
	row->minutes = n->age_s / 60;
	row->own = n->permanent; /* such an entry does not age either */
	memcpy(row->mac, n->mac, sizeof(row->mac));
}

static void
add_own(struct arp_table *t, const struct interface *ifc, const uint8_t mac[6])
{
	const struct ip_secondary *sec;
	struct arp_row *row;

	if (ifc->addr != 0) {
		row = add_arp(t, ifc->addr, ifc->name);
		row->own = row->resolved = true;
		memcpy(row->mac, mac, sizeof(row->mac));
	}
	CF_FOREACH(sec, &ifc->secondaries) {
		row = add_arp(t, sec->addr, ifc->name);
		row->own = row->resolved = true;
		memcpy(row->mac, mac, sizeof(row->mac));
	}
}

static int
by_addr(const void *a, const void *b)
{
	const struct arp_row *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void
print_arp(struct cli_ctx *ctx, const struct arp_row *row)
{
	char addr[IP4_STRLEN], age[16], mac[16];
	const uint8_t *m = row->mac;

	snprintf(age, sizeof(age), "%u", row->minutes);
	if (!row->resolved) {
		cli_printf(ctx, "Internet  %-15s %8s   Incomplete      ARPA   "
				"\n", ip4_str(row->addr, addr), "0");
		return;
	}
	snprintf(mac, sizeof(mac), "%02x%02x.%02x%02x.%02x%02x", m[0], m[1],
	    m[2], m[3], m[4], m[5]);
	cli_printf(ctx, "Internet  %-15s %8s   %s  ARPA   %s\n",
	    ip4_str(row->addr, addr), row->own ? "-" : age, mac, row->ifname);
}

int
show_arp(struct cli_ctx *ctx, const struct show_arp_args *a)
{
	struct router *r = router_of(ctx);
	const struct interface *ifc;
	struct arp_table t = {0};
	size_t i;

	ports_neighbours(r, add_neighbour, &t);
	CF_FOREACH(ifc, &r->running->interfaces) {
		const struct port *p = ports_find(r, ifc->name);
		struct port_stats s;
		struct port_rates rates;

		if (p != NULL && p->up && !p->loopback && !p->tunnel &&
		    ports_stats(r, p, &s, &rates))
			add_own(&t, ifc, s.mac);
	}
	if (t.n != 0)
		qsort(t.v, t.n, sizeof(*t.v), by_addr);
	cli_printf(ctx, "Protocol  Address          Age (min)  Hardware Addr   "
			"Type   Interface\n");
	for (i = 0; i < t.n; i++)
		if ((a->addr == 0 || t.v[i].addr == a->addr) &&
		    (a->name[0] == '\0' ||
			strcmp(t.v[i].ifname, a->name) == 0))
			print_arp(ctx, &t.v[i]);
	free(t.v);
	return CLI_DONE;
}

int
show_hosts(struct cli_ctx *ctx, const struct show_hosts_args *a UNUSED)
{
	const struct conf *conf = router_of(ctx)->running;
	const struct ip_host *h;
	char addr[IP4_STRLEN];

	cli_printf(ctx,
	    "Default domain is %s\n"
	    "Name/address lookup uses static mappings\n\n"
	    "Codes: UN - unknown, EX - expired, OK - OK, ?? - revalidate\n"
	    "       temp - temporary, perm - permanent\n"
	    "       NA - Not Applicable None - Not defined\n\n"
	    "Host                      Port  Flags      Age Type   "
	    "Address(es)\n",
	    conf->domain[0] != '\0' ? conf->domain : "not set");
	CF_FOREACH (h, &conf->hosts)
		cli_printf(ctx, "%-25s %-5s %s  %u   %-5s %s\n", h->name, "None",
		    "(perm, OK)", 0, "IP", ip4_str(h->addr, addr));
	return CLI_DONE;
}

int
show_ip_protocols(struct cli_ctx *ctx,
    const struct show_ip_protocols_args *a UNUSED)
{
	cli_printf(ctx, "*** Routing protocols run beside this router: routes "
			"are those of the kernel ***\n");
	return CLI_DONE;
}
