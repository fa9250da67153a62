/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IOS interfaces on devices of Linux (DESIGN.md 5): each bound port has a TUN
 * of its own; nftables marks what arrives on the device, a policy rule sends
 * marked packets to that TUN, and one more TUN takes what this host itself
 * generates. Everything is undone by ports_close().
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "main/ports_priv.h"

#define TUN_MTU 65535
#define MARK_PORT 0xc0de0000u /* | index of the port */
#define TABLE_PORT 0xc0de00u  /* + index: default route into its TUN */
#define PREF_PORTS 10
#define PREF_LOCAL 50 /* the table `local` moves behind ours */
#define ROUTES_DELAY_MS 10

/* ---- devices ---- */

int
tun_create(struct ports *ps, unsigned index, const char *name)
{
	struct portrec *rec = &ps->rec[index];
	struct ifreq ifr;
	unsigned offload = TUN_F_CSUM | TUN_F_TSO4;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1) {
		fprintf(stderr, "cohort: /dev/net/tun: %s\n", strerror(errno));
		return -1;
	}
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
	str_copy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(fd, TUNSETIFF, &ifr) == -1 ||
	    ioctl(fd, TUNSETOFFLOAD, offload) == -1) {
		fprintf(stderr, "cohort: TUN: %s\n", strerror(errno));
		close(fd);
		return -1;
	}
	rec->tun = fd;
	rec->tun_ifindex = if_nametoindex(ifr.ifr_name);
	rec->p.tun_ifindex = rec->tun_ifindex;
	plumbing_tun_sysctls(ifr.ifr_name);
	return 0;
}

/* Ready for what main's marks send into it. */
static int
tun_open(struct ports *ps, unsigned index)
{
	if (tun_create(ps, index, "coh%d") == -1)
		return -1;
	return nl_link_set(ps->nl, ps->rec[index].tun_ifindex, 1, TUN_MTU);
}

/* Behind the route into the TUN: when all processes are killed, the kernel
 * must not go on forwarding in clear. */
static struct nl_route
last_route(unsigned index)
{
	return (struct nl_route){.table = TABLE_PORT + index,
	    .type = RTN_BLACKHOLE, .proto = RTPROT_STATIC,
	    .scope = RT_SCOPE_UNIVERSE, .priority = 1000, .replace = true};
}

static int
mark_route(struct ports *ps, unsigned index)
{
	struct nl_route last = last_route(index);
	struct nl_route r = {.ifindex = ps->rec[index].tun_ifindex,
	    .table = TABLE_PORT + index, .type = RTN_UNICAST,
	    .proto = RTPROT_STATIC, .scope = RT_SCOPE_LINK, .replace = true};

	if (nl_route_set(ps->nl, true, &last) == -1 ||
	    nl_route_set(ps->nl, true, &r) == -1)
		return -1;
	if (nl_rule(ps->nl, true, PREF_PORTS, MARK_PORT | index,
		TABLE_PORT + index) == -1 &&
	    errno != EEXIST)
		return -1;
	return 0;
}

static void
unmark_route(struct ports *ps, unsigned index)
{
	struct nl_route last = last_route(index);

	(void)nl_rule(ps->nl, false, PREF_PORTS, MARK_PORT | index,
	    TABLE_PORT + index);
	(void)nl_route_set(ps->nl, false, &last);
}

static int
update_marks(struct ports *ps)
{
	struct plumbing_mark marks[PORT_MAX];
	unsigned i, n = 0;

	for (i = 1; i <= ps->n; i++) {
		const struct portrec *rec = &ps->rec[i];

		if (rec->tun == -1)
			continue;
		marks[n].dev = rec->p.dev;
		marks[n].only_out = rec->p.tunnel;
		marks[n++].mark = MARK_PORT | i;
	}
	if (ps->guarded)
		return 0;
	if (plumbing_set_marks(ps->plumbing, marks, n, MARK_PORT) == 0)
		return 0;
	log_emit(LOG_SYS_NETLINK, "nft refused the marking rules");
	return -1;
}

/* ---- telling the children ---- */

static void
tell_port(struct router *r, enum child_kind kind, const struct portrec *rec)
{
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	int fds[2] = {rec->tun, rec->mcast}, n = 0;

	if (kind == CHILD_FWD && rec->tun != -1)
		n = rec->mcast != -1 ? 2 : 1;
	port_put(&w, &rec->p);
	(void)child_send(r, kind, IPC_PORT, 0, buf, wr_len(&w), fds, n);
}

/* ike, which registers at once, hears of it when the routes are in place. */
static void
tell_fwd(struct router *r, struct portrec *rec)
{
	tell_port(r, CHILD_FWD, rec);
	rec->untold = true;
}

static void
tell_ike(struct router *r)
{
	struct ports *ps = r->ports;
	unsigned i;

	for (i = 1; i <= ps->n; i++) {
		if (!ps->rec[i].untold)
			continue;
		ps->rec[i].untold = false;
		tell_port(r, CHILD_IKE, &ps->rec[i]);
	}
}

static void
tell_routes(struct router *r)
{
	struct ports *ps = r->ports;
	uint8_t *buf = xcalloc(1, IPC_CHUNK + 64);
	struct wr w = wr_of(buf, IPC_CHUNK + 64);
	size_t i;

	(void)child_send(r, CHILD_FWD, IPC_ROUTES_BEGIN, 0, NULL, 0, NULL, 0);
	for (i = 0; i < ps->nroutes; i++) {
		route_put(&w, &ps->routes[i]);
		if (wr_len(&w) >= IPC_CHUNK || i + 1 == ps->nroutes) {
			(void)child_send(r, CHILD_FWD, IPC_ROUTES, 0, buf,
			    wr_len(&w), NULL, 0);
			w = wr_of(buf, IPC_CHUNK + 64);
		}
	}
	(void)child_send(r, CHILD_FWD, IPC_ROUTES_END, 0, NULL, 0, NULL, 0);
	free(buf);
}

void
ports_tell(struct router *r, enum child_kind kind)
{
	struct ports *ps = r->ports;
	unsigned i;

	if (kind == CHILD_FWD) /* a new one has no verdicts yet */
		for (i = 1; i <= ps->n; i++) {
			ps->rec[i].unanswered = false;
			ps->rec[i].heard = (struct tunnel_count){0};
		}
	if (kind == CHILD_FWD)
		(void)child_send(r, kind, IPC_SOCKET, 0, NULL, 0,
		    &ps->rec[0].tun, 1);
	for (i = 1; i <= ps->n; i++)
		tell_port(r, kind, &ps->rec[i]);
	if (kind == CHILD_FWD)
		tell_routes(r);
}

/* ---- routes of the kernel ---- */

static void
route_seen(void *arg, const struct nl_route *k)
{
	struct ports *ps = arg;
	struct route rt = {.prefix = k->prefix, .len = k->len,
	    .nexthop = k->nexthop, .port = PORT_LOCAL};

	if (k->type == RTN_UNICAST && k->table == RT_TABLE_MAIN) {
		rt.port = (uint16_t)ports_of_ifindex(ps, k->ifindex);
		if (rt.port == PORT_LOCAL)
			return;
	} else if (k->type != RTN_LOCAL)
		return;
	if (ps->nroutes == ps->cap) {
		ps->cap = ps->cap ? ps->cap * 2 : 64;
		ps->routes = xrealloc(ps->routes,
		    ps->cap * sizeof(*ps->routes));
	}
	ps->routes[ps->nroutes++] = rt;
}

static void
read_routes(struct router *r)
{
	struct ports *ps = r->ports;
	size_t old_n = ps->nroutes;
	struct route *old = ps->routes;

	ps->routes = NULL;
	ps->nroutes = ps->cap = 0;
	if (nl_routes(ps->nl, route_seen, ps) == -1) {
		log_emit(LOG_SYS_NETLINK, "the kernel's routes cannot be read");
		free(ps->routes);
		ps->routes = old;
		ps->nroutes = ps->cap = old_n;
		return;
	}
	if (old_n != ps->nroutes || old == NULL ||
	    memcmp(old, ps->routes, old_n * sizeof(*old)) != 0)
		tell_routes(r);
	free(old);
	tunnels_check(r);
}

/* ---- binding ---- */

struct portrec *
ports_rec(const struct ports *ps, const char *name)
{
	unsigned i;

	for (i = 1; i <= ps->n; i++)
		if (strcmp(ps->rec[i].p.name, name) == 0)
			return (struct portrec *)(uintptr_t)&ps->rec[i];
	return NULL;
}

const struct port *
ports_find(const struct router *r, const char *ifname)
{
	const struct portrec *rec = ports_rec(r->ports, ifname);

	return rec != NULL ? &rec->p : NULL;
}

static bool
dev_taken(const struct router *r, const char *dev)
{
	unsigned i;

	for (i = 0; i < r->nmap; i++)
		if (strcmp(r->map[i].dev, dev) == 0)
			return true;
	return false;
}

/* Which device an interface gets: -p, else the parent's with .N for a
 * subinterface, else the next free ethN in the order of first sight. */
static void
choose_dev(struct router *r, const char *name, char *dev, size_t size)
{
	struct ports *ps = r->ports;
	const char *dot = strchr(name, '.');
	unsigned i;

	for (i = 0; i < r->nmap; i++)
		if (strcmp(r->map[i].ifname, name) == 0) {
			str_copy(dev, r->map[i].dev, size);
			return;
		}
	if (dot != NULL) {
		char parent[IFNAME_MAX], pdev[16];
		const struct portrec *prec;

		snprintf(parent, sizeof(parent), "%.*s", (int)(dot - name),
		    name);
		prec = ports_rec(ps, parent);
		if (prec != NULL)
			str_copy(pdev, prec->p.dev, sizeof(pdev));
		else
			choose_dev(r, parent, pdev, sizeof(pdev));
		snprintf(dev, size, "%.8s.%.6s", pdev, dot + 1);
		return;
	}
	do
		snprintf(dev, size, "eth%u", ++ps->next_eth);
	while (dev_taken(r, dev));
	if (r->nmap < PORT_MAX) { /* a choice stays */
		str_copy(r->map[r->nmap].ifname, name, IFNAME_MAX);
		str_copy(r->map[r->nmap++].dev, dev, sizeof(r->map[0].dev));
	}
}

static bool
name_is(const char *name, const char *type)
{
	size_t n = strlen(type);

	return strncmp(name, type, n) == 0 && name[n] >= '0' && name[n] <= '9';
}

static struct portrec *
new_rec(struct router *r, const char *name)
{
	struct ports *ps = r->ports;
	struct portrec *rec;

	if (name_is(name, "Vlan"))
		return NULL;
	if (ps->n >= PORT_MAX) {
		char *text = xasprintf("%s: no more than %d interfaces since "
		    "the start", name, PORT_MAX);

		log_emit(LOG_SYS_NETLINK, text);
		free(text);
		return NULL;
	}
	rec = &ps->rec[++ps->n];
	memset(rec, 0, sizeof(*rec));
	rec->tun = rec->mcast = -1;
	rec->p.index = (uint16_t)ps->n;
	str_copy(rec->p.name, name, sizeof(rec->p.name));
	rec->p.loopback = name_is(name, "Loopback");
	rec->p.tunnel = name_is(name, "Tunnel");
	if (rec->p.loopback) {
		rec->p.up = true;
		rec->p.mtu = 1514;
	} else if (rec->p.tunnel)
		str_copy(rec->p.dev, name, sizeof(rec->p.dev));
	else
		choose_dev(r, name, rec->p.dev, sizeof(rec->p.dev));
	return rec;
}

/* The device is there for the first time: TUN, marks, addresses. */
static void
bind_port(struct router *r, struct portrec *rec, const struct interface *ifc)
{
	struct ports *ps = r->ports;

	if (rec->p.tunnel)
		(void)update_marks(ps);
	else if (!rec->p.loopback) {
		if (tun_open(ps, rec->p.index) == -1 ||
		    mark_route(ps, rec->p.index) == -1 ||
		    update_marks(ps) == -1) {
			char *text = xasprintf("%s cannot be bound, it stays "
			    "without addresses", rec->p.name);

			log_emit(LOG_SYS_NETLINK, text);
			free(text);
			return;
		}
		rec->mcast = mcast_open(rec->p.ifindex);
		mcast_listen(rec, r->committed->multicast_routing);
	}
	ports_addrs(ps, rec, true, ifc);
	if (!rec->p.loopback && !rec->p.tunnel)
		(void)nl_link_set(ps->nl, rec->p.ifindex, !ifc->shutdown,
		    ifc->mtu);
}

static void
unbind_port(struct router *r, struct portrec *rec)
{
	struct ports *ps = r->ports;

	if (rec->tun != -1) {
		close(rec->tun);
		rec->tun = -1;
		(void)update_marks(ps);
		if (!rec->p.tunnel)
			unmark_route(ps, rec->p.index);
	}
	if (rec->mcast != -1)
		close(rec->mcast);
	rec->mcast = -1;
	if (rec->vlan_made)
		(void)nl_link_del(ps->nl, rec->p.ifindex);
	rec->vlan_made = false;
	rec->p.ifindex = 0;
	rec->p.up = false;
}

static void
make_vlan(struct router *r, struct portrec *rec, const struct interface *ifc)
{
	char parent[16];
	const char *dot = strrchr(rec->p.dev, '.');

	if (dot == NULL || ifc->vlan == 0 || if_nametoindex(rec->p.dev) != 0)
		return;
	snprintf(parent, sizeof(parent), "%.*s", (int)(dot - rec->p.dev),
	    rec->p.dev);
	if (nl_vlan_add(r->ports->nl, if_nametoindex(parent), rec->p.dev,
		ifc->vlan) == 0)
		rec->vlan_made = true;
	else {
		char *text = xasprintf("%s: no VLAN device on %s (%s); map "
		    "the subinterface to a device with -p",
		    rec->p.name, parent, strerror(errno));

		log_emit(LOG_SYS_NETLINK, text);
		free(text);
	}
}

/* ---- state of the devices ---- */

static void
state_log(struct portrec *rec, const struct interface *ifc)
{
	const char *state = rec->p.up ? "up" : "down";

	if (!rec->p.up && ifc != NULL && ifc->shutdown)
		log_emit(LOG_LINK_ADMIN, rec->p.name);
	else if (!rec->p.tunnel) /* which has no link */
		log_emit(LOG_LINK_UPDOWN, rec->p.name, state);
	log_emit(LOG_LINEPROTO_UPDOWN, rec->p.name, state);
}

static void put_routes(struct router *, const struct conf *);

/* What one device looks like now; true if its port changed. */
static bool
take_link(struct router *r, struct portrec *rec, const struct interface *ifc,
    const struct nl_link *l)
{
	bool up = l->ifindex != 0 && l->up && l->running;
	bool change = rec->p.up != up || rec->p.mtu != l->mtu;

	if (rec->p.ifindex != l->ifindex) {
		if (rec->p.ifindex != 0)
			unbind_port(r, rec);
		rec->p.ifindex = l->ifindex;
		if (l->ifindex != 0)
			bind_port(r, rec, ifc);
		change = true;
	}
	rec->p.mtu = l->mtu;
	if (rec->p.up != up) {
		rec->p.up = up;
		state_log(rec, ifc);
	}
	return change;
}

/* Looks at all devices: new ones are bound, changes told. */
static void
scan_links(struct router *r)
{
	struct ports *ps = r->ports;
	struct scan *sc = xcalloc(1, sizeof(*sc));
	bool changed = false;
	unsigned i;

	if (ports_scan(ps, sc))
		for (i = 1; i <= ps->n; i++) {
			struct portrec *rec = &ps->rec[i];
			const struct interface *ifc =
			    conf_find_interface(r->committed, rec->p.name);

			if (rec->p.loopback || !rec->wanted || ifc == NULL)
				continue;
			if (take_link(r, rec, ifc, &sc->found[i])) {
				tell_fwd(r, rec);
				changed = true;
			}
		}
	free(sc);
	if (!changed)
		return;
	ports_aliases(ps, r->committed); /* before what may go by them */
	put_routes(r, r->committed);
	tell_ike(r);
}

static void
on_scan(void *arg)
{
	struct router *r = arg;

	scan_links(r);
	read_routes(r);
	if (r->committed != NULL)
		ports_reverse(r, r->committed);
	router_child_ready(r);
}

static void
on_monitor(void *arg, int fd UNUSED)
{
	struct router *r = arg;

	nl_monitor_drain(r->ports->nl);
	/* Many events of one cause make one scan. */
	if (r->ports->scan_timer.at == 0)
		loop_timer(r->loop, &r->ports->scan_timer,
		    time_mono_ms() + ROUTES_DELAY_MS);
}

/* ---- static routes ---- */

static int
route_of_conf(const struct ports *ps, const struct ip_route *c,
    struct nl_route *k)
{
	const struct portrec *rec;
	int len = ip4_prefix_of(c->mask);

	if (len < 0)
		return -1;
	memset(k, 0, sizeof(*k));
	k->prefix = c->prefix;
	k->len = (uint8_t)len;
	k->nexthop = c->nexthop;
	k->table = RT_TABLE_MAIN;
	k->proto = RTPROT_STATIC;
	k->type = RTN_UNICAST;
	k->scope = c->nexthop ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	k->priority = c->distance;
	if (c->ifname[0] == '\0')
		return 0;
	if (strcmp(c->ifname, "Null0") == 0) {
		k->type = RTN_BLACKHOLE;
		k->scope = RT_SCOPE_UNIVERSE;
		return 0;
	}
	rec = ports_rec(ps, c->ifname);
	if (rec == NULL || ports_ifindex(rec) == 0)
		return -1;
	k->ifindex = ports_ifindex(rec);
	return 0;
}

static void
put_routes(struct router *r, const struct conf *conf)
{
	const struct ip_route *c;
	struct nl_route k;

	/* A route whose next hop is not reachable now is inactive, as in IOS;
	 * it is tried again whenever a device changes. By an address of this
	 * router nothing is: the kernel would take it, for the network that
	 * the address is in. */
	CF_FOREACH(c, &conf->routes)
		if (!ports_own_addr(conf, c->nexthop) &&
		    route_of_conf(r->ports, c, &k) == 0)
			(void)nl_route_set(r->ports->nl, true, &k);
}

static bool
has_route(const struct conf *conf, const struct ip_route *want)
{
	const struct ip_route *c;

	CF_FOREACH(c, &conf->routes)
		if (c->prefix == want->prefix && c->mask == want->mask &&
		    c->nexthop == want->nexthop &&
		    c->distance == want->distance &&
		    strcmp(c->ifname, want->ifname) == 0)
			return true;
	return false;
}

static void
drop_routes(struct router *r, const struct conf *old, const struct conf *new)
{
	const struct ip_route *c;
	struct nl_route k;

	CF_FOREACH(c, &old->routes)
		if (!has_route(new, c) && route_of_conf(r->ports, c, &k) == 0)
			(void)nl_route_set(r->ports->nl, false, &k);
}

/* ---- commit ---- */

static void
commit_interface(struct router *r, const struct interface *was,
    const struct interface *ifc)
{
	struct ports *ps = r->ports;
	struct portrec *rec = ports_rec(ps, ifc->name);
	bool fresh = rec == NULL || !rec->wanted;

	if (rec == NULL)
		rec = new_rec(r, ifc->name);
	if (rec == NULL)
		return;
	rec->wanted = true;
	rec->p.addr = ifc->addr;
	rec->p.mask = ifc->mask;
	if (rec->p.loopback)
		rec->p.up = !ifc->shutdown;
	else if (rec->p.tunnel)
		tunnel_make(r->ports, rec);
	else if (ifc->vlan != 0)
		make_vlan(r, rec, ifc);
	if (fresh && rec->p.loopback)
		bind_port(r, rec, ifc);
	else if (!fresh && ports_ifindex(rec) != 0) {
		if (!ports_same_addrs(was, ifc)) {
			ports_addrs(ps, rec, false, was);
			ports_addrs(ps, rec, true, ifc);
		}
		if (!rec->p.loopback && !rec->p.tunnel && (was == NULL ||
		    was->shutdown != ifc->shutdown || was->mtu != ifc->mtu))
			(void)nl_link_set(ps->nl, rec->p.ifindex,
			    !ifc->shutdown, ifc->mtu);
	}
	tell_fwd(r, rec);
}

void
ports_commit(struct router *r, const struct conf *old, const struct conf *new)
{
	const struct interface *ifc;
	unsigned i;

	if (old != NULL)
		drop_routes(r, old, new);
	if (old != NULL && old->multicast_routing != new->multicast_routing)
		for (i = 1; i <= r->ports->n; i++)
			mcast_listen(&r->ports->rec[i],
			    new->multicast_routing);
	CF_FOREACH(ifc, &new->interfaces)
		commit_interface(r, old != NULL
			? conf_find_interface(old, ifc->name) : NULL, ifc);
	if (old != NULL)
		CF_FOREACH(ifc, &old->interfaces) {
			struct portrec *rec = ports_rec(r->ports, ifc->name);

			if (rec == NULL ||
			    conf_find_interface(new, ifc->name) != NULL)
				continue;
			ports_addrs(r->ports, rec, false, ifc);
			unbind_port(r, rec);
			rec->wanted = false;
			rec->p.addr = rec->p.mask = 0;
			tell_fwd(r, rec);
		}
	scan_links(r);
	if (r->ports->guarded) { /* all ports that are there are bound */
		r->ports->guarded = false;
		(void)update_marks(r->ports);
	}
	ports_aliases(r->ports, new);
	put_routes(r, new);
	tell_ike(r);
	read_routes(r);
	ports_reverse_commit(r, new);
}

/* ---- open and close ---- */

static int
open_rules(struct ports *ps)
{
	unsigned i;

	/* What is there now is of a router that was killed. */
	for (i = 0; i <= PORT_MAX; i++)
		unmark_route(ps, i);
	if (tun_open(ps, PORT_LOCAL) == -1 ||
	    mark_route(ps, PORT_LOCAL) == -1)
		return -1;
	if (nl_rule(ps->nl, true, PREF_LOCAL, 0, RT_TABLE_LOCAL) == -1 &&
	    errno != EEXIST)
		return -1;
	ps->rules = true;
	(void)nl_rule(ps->nl, false, 0, 0, RT_TABLE_LOCAL);
	return nl_link_set(ps->nl, 1, 1, 0); /* lo */
}

int
ports_open(struct router *r)
{
	struct ports *ps = xcalloc(1, sizeof(*ps));

	r->ports = ps;
	ps->rec[0].tun = ps->rec[0].mcast = -1;
	ps->scan_timer.fn = on_scan;
	ps->scan_timer.arg = r;
	tunnels_start(r);
	ports_rates_start(r);
	ps->nl = nl_open();
	if (ps->nl == NULL) {
		fprintf(stderr, "cohort: netlink: %s\n", strerror(errno));
		return -1;
	}
	/* before the first rule of a router that was killed goes */
	ps->guarded = true;
	if (plumbing_guard() == -1) {
		fprintf(stderr, "cohort: nft refused the first rules\n");
		return -1;
	}
	ps->plumbing = plumbing_open(r->statedir);
	if (ps->plumbing == NULL)
		return -1;
	if (open_rules(ps) == -1) {
		fprintf(stderr, "cohort: network set-up: %s (it needs root, "
		    "or a user namespace with its own network)\n",
		    strerror(errno));
		return -1;
	}
	loop_add(r->loop, nl_monitor_fd(ps->nl), on_monitor, r);
	return 0;
}

static void
close_rules(struct ports *ps)
{
	if (!ps->rules)
		return;
	(void)nl_rule(ps->nl, true, 0, 0, RT_TABLE_LOCAL);
	(void)nl_rule(ps->nl, false, PREF_LOCAL, 0, RT_TABLE_LOCAL);
	unmark_route(ps, PORT_LOCAL);
}

void
ports_close(struct router *r)
{
	struct ports *ps = r->ports;
	const struct interface *ifc;
	const struct ip_route *c;
	struct nl_route k;

	if (ps == NULL)
		return;
	loop_timer(r->loop, &ps->scan_timer, 0);
	loop_timer(r->loop, &ps->tunnel_timer, 0);
	loop_timer(r->loop, &ps->rate_timer, 0);
	ps->guarded = true;
	if (ps->plumbing != NULL)
		(void)!plumbing_guard();
	if (r->committed != NULL) {
		ports_aliases(ps, NULL);
		CF_FOREACH(c, &r->committed->routes)
			if (route_of_conf(ps, c, &k) == 0)
				(void)nl_route_set(ps->nl, false, &k);
		CF_FOREACH(ifc, &r->committed->interfaces) {
			struct portrec *rec = ports_rec(ps, ifc->name);

			if (rec == NULL)
				continue;
			ports_addrs(ps, rec, false, ifc);
			unbind_port(r, rec);
		}
	}
	ports_reverse_free(ps);
	if (ps->nl != NULL) {
		close_rules(ps);
		loop_del(r->loop, nl_monitor_fd(ps->nl));
	}
	if (ps->rec[0].tun != -1)
		close(ps->rec[0].tun);
	plumbing_close(ps->plumbing);
	nl_close(ps->nl);
	free(ps->routes);
	free(ps);
	r->ports = NULL;
}
