/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses of interfaces on devices of Linux (process main).
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "main/ports_priv.h"

uint32_t
ports_ifindex(const struct portrec *rec)
{
	return rec->p.loopback ? 1 : rec->p.ifindex; /* lo is always 1 */
}

static void
set_addr(struct ports *ps, const struct portrec *rec, bool add, uint32_t addr,
    uint32_t mask, bool secondary)
{
	int len = ip4_prefix_of(mask);
	char a[IP4_STRLEN];

	if (addr == 0 || len < 0 || ports_ifindex(rec) == 0)
		return;
	if (nl_addr(ps->nl, add, ports_ifindex(rec), addr, (unsigned)len,
		secondary) == -1 && add) {
		char *text = xasprintf("address %s on %s: %s", ip4_str(addr, a),
		    rec->p.name, strerror(errno));

		log_emit(LOG_SYS_NETLINK, text);
		free(text);
	}
}

void
ports_addrs(struct ports *ps, const struct portrec *rec, bool add,
    const struct interface *ifc)
{
	const struct ip_secondary *s;

	if (ifc == NULL)
		return;
	set_addr(ps, rec, add, ifc->addr, ifc->mask, false);
	CF_FOREACH(s, &ifc->secondaries)
		set_addr(ps, rec, add, s->addr, s->mask, true);
}

bool
ports_same_addrs(const struct interface *a, const struct interface *b)
{
	const struct ip_secondary *x, *y;

	if (a == NULL || b == NULL || a->addr != b->addr || a->mask != b->mask)
		return false;
	x = (const void *)a->secondaries.first;
	y = (const void *)b->secondaries.first;
	for (; x != NULL && y != NULL; x = (const void *)x->obj.next,
	    y = (const void *)y->obj.next)
		if (x->addr != y->addr || x->mask != y->mask)
			return false;
	return x == NULL && y == NULL;
}

bool
ports_own_addr(const struct conf *conf, uint32_t addr)
{
	const struct interface *i;
	const struct ip_secondary *s;

	CF_FOREACH(i, &conf->interfaces) {
		if (addr != 0 && i->addr == addr)
			return true;
		CF_FOREACH(s, &i->secondaries)
			if (s->addr == addr)
				return true;
	}
	return false;
}
