/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ports and routes as fields of a message from main to the engines.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/port.h"

void
port_put(struct wr *w, const struct port *p)
{
	wr_u16(w, p->index);
	wr_str(w, p->name);
	wr_str(w, p->dev);
	wr_u32(w, p->ifindex);
	wr_u32(w, p->tun_ifindex);
	wr_u32(w, p->addr);
	wr_u32(w, p->mask);
	wr_u32(w, p->mtu);
	wr_u8(w, (uint8_t)(p->up | p->loopback << 1 | p->tunnel << 2));
}

void
port_get(struct rd *r, struct port *p)
{
	uint8_t flags;

	*p = (struct port){0};
	p->index = rd_u16(r);
	rd_str(r, p->name, sizeof(p->name));
	rd_str(r, p->dev, sizeof(p->dev));
	p->ifindex = rd_u32(r);
	p->tun_ifindex = rd_u32(r);
	p->addr = rd_u32(r);
	p->mask = rd_u32(r);
	p->mtu = rd_u32(r);
	flags = rd_u8(r);
	p->up = flags & 1;
	p->loopback = flags >> 1 & 1;
	p->tunnel = flags >> 2 & 1;
	if (p->index > PORT_MAX) {
		r->bad = true;
		p->index = 0;
	}
}

void
route_put(struct wr *w, const struct route *r)
{
	wr_u32(w, r->prefix);
	wr_u8(w, r->len);
	wr_u32(w, r->nexthop);
	wr_u16(w, r->port);
}

void
route_get(struct rd *r, struct route *rt)
{
	*rt = (struct route){0};
	rt->prefix = rd_u32(r);
	rt->len = rd_u8(r);
	rt->nexthop = rd_u32(r);
	rt->port = rd_u16(r);
	if (rt->len > 32 || rt->port > PORT_MAX) {
		r->bad = true;
		*rt = (struct route){0};
	}
}

void
port_short_name(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%.2s%s", name, name + strcspn(name, "0123456789"));
}
