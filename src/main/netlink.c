/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink through libmnl: requests with acknowledgement, dumps with a
 * callback, and a monitor socket that only says that something changed.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "main/netlink.h"

#define BUF_SIZE 32768

struct netlink {
	struct mnl_socket *req, *mon;
	uint32_t seq, portid;
	_Alignas(struct nlmsghdr) char buf[BUF_SIZE];
};

struct netlink *
nl_open(void)
{
	struct netlink *nl = xcalloc(1, sizeof(*nl));

	nl->req = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	nl->mon = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (nl->req == NULL || nl->mon == NULL ||
	    mnl_socket_bind(nl->req, 0, MNL_SOCKET_AUTOPID) == -1 ||
	    mnl_socket_bind(nl->mon,
		RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE,
		MNL_SOCKET_AUTOPID) == -1) {
		nl_close(nl);
		return NULL;
	}
	nl->portid = mnl_socket_get_portid(nl->req);
	return nl;
}

void
nl_close(struct netlink *nl)
{
	if (nl == NULL)
		return;
	if (nl->req != NULL)
		mnl_socket_close(nl->req);
	if (nl->mon != NULL)
		mnl_socket_close(nl->mon);
	free(nl);
}

static struct nlmsghdr *
request(struct netlink *nl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(nl->buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++nl->seq;
	return h;
}

/* False for what is left of a request that was given up: taken as an answer it
 * would put all later ones out of step. That a table changed under a dump is
 * no reason to give up: an event follows, and a new look. */
static bool
for_us(struct netlink *nl, int len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)nl->buf;

	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len)) {
		if (h->nlmsg_seq != nl->seq)
			return false;
		h->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	}
	return true;
}

/* Sends and reads until the acknowledgement or the end of a dump. */
static int
talk(struct netlink *nl, struct nlmsghdr *h, mnl_cb_t cb, void *arg)
{
	int r = 1;

	if (mnl_socket_sendto(nl->req, h, h->nlmsg_len) == -1)
		return -1;
	while (r > 0) {
		ssize_t n = mnl_socket_recvfrom(nl->req, nl->buf, BUF_SIZE);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (!for_us(nl, (int)n))
			continue;
		r = mnl_cb_run(nl->buf, (size_t)n, nl->seq, nl->portid, cb,
		    arg);
	}
	return r;
}

struct link_walk {
	void (*fn)(void *, const struct nl_link *);
	void *arg;
};

static void
link_stats(const struct nlattr *a, struct port_stats *s)
{
	struct rtnl_link_stats64 st;

	memset(&st, 0, sizeof(st));
	memcpy(&st, mnl_attr_get_payload(a),
	    mnl_attr_get_payload_len(a) < sizeof(st)
		? mnl_attr_get_payload_len(a)
		: sizeof(st));
	s->rx_packets = st.rx_packets;
	s->rx_bytes = st.rx_bytes;
	s->rx_errors = st.rx_errors;
	s->rx_dropped = st.rx_dropped;
	s->multicast = st.multicast;
	s->rx_crc = st.rx_crc_errors;
	s->rx_frame = st.rx_frame_errors;
	s->rx_overrun = st.rx_over_errors + st.rx_fifo_errors;
	s->rx_length = st.rx_length_errors;
	s->collisions = st.collisions;
	s->tx_underruns = st.tx_fifo_errors;
	s->lost_carrier = st.tx_carrier_errors;
	s->tx_packets = st.tx_packets;
	s->tx_bytes = st.tx_bytes;
	s->tx_errors = st.tx_errors;
	s->tx_dropped = st.tx_dropped;
}

static int
link_cb(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	struct link_walk *w = data;
	struct nl_link l = {.ifindex = (uint32_t)ifi->ifi_index};
	const struct nlattr *a;

	l.up = (ifi->ifi_flags & IFF_UP) != 0;
	l.carrier = (ifi->ifi_flags & IFF_LOWER_UP) != 0;
	l.running = (ifi->ifi_flags & IFF_RUNNING) != 0;
	mnl_attr_for_each(a, h, sizeof(*ifi)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			str_copy(l.name, mnl_attr_get_str(a), sizeof(l.name));
			break;
		case IFLA_MTU:
			l.mtu = mnl_attr_get_u32(a);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(a) == sizeof(l.mac))
				memcpy(l.mac, mnl_attr_get_payload(a),
				    sizeof(l.mac));
			break;
		case IFLA_STATS64:
			link_stats(a, &l.stats);
			break;
		}
	}
	memcpy(l.stats.mac, l.mac, sizeof(l.mac));
	w->fn(w->arg, &l);
	return MNL_CB_OK;
}

int
nl_links(struct netlink *nl, void (*fn)(void *, const struct nl_link *),
    void *arg)
{
	struct nlmsghdr *h = request(nl, RTM_GETLINK, NLM_F_DUMP);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));
	struct link_walk w = {fn, arg};

	ifi->ifi_family = AF_UNSPEC;
	return talk(nl, h, link_cb, &w);
}

struct route_walk {
	void (*fn)(void *, const struct nl_route *);
	void *arg;
};

static void
route_hop(const struct nlattr *a, struct nl_route *r)
{
	/* Of several next hops the first counts. */
	const struct rtnexthop *nh = mnl_attr_get_payload(a);
	const struct nlattr *n;
	int left;

	if (mnl_attr_get_payload_len(a) < sizeof(*nh) ||
	    nh->rtnh_len > mnl_attr_get_payload_len(a) ||
	    nh->rtnh_len < sizeof(*nh))
		return;
	r->ifindex = (uint32_t)nh->rtnh_ifindex;
	n = (const void *)RTNH_DATA(nh);
	left = (int)(nh->rtnh_len - sizeof(*nh));
	for (; mnl_attr_ok(n, left); left -= (int)MNL_ALIGN(n->nla_len),
	    n = mnl_attr_next(n))
		if (mnl_attr_get_type(n) == RTA_GATEWAY)
			r->nexthop = ntohl(mnl_attr_get_u32(n));
}

static int
route_cb(const struct nlmsghdr *h, void *data)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	struct route_walk *w = data;
	struct nl_route r = {.len = rt->rtm_dst_len, .type = rt->rtm_type,
	    .proto = rt->rtm_protocol, .scope = rt->rtm_scope,
	    .table = rt->rtm_table};
	const struct nlattr *a;

	if (rt->rtm_family != AF_INET || (rt->rtm_flags & RTM_F_CLONED) != 0)
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof(*rt)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_DST:
			r.prefix = ntohl(mnl_attr_get_u32(a));
			break;
		case RTA_GATEWAY:
			r.nexthop = ntohl(mnl_attr_get_u32(a));
			break;
		case RTA_OIF:
			r.ifindex = mnl_attr_get_u32(a);
			break;
		case RTA_TABLE:
			r.table = mnl_attr_get_u32(a);
			break;
		case RTA_PRIORITY:
			r.priority = mnl_attr_get_u32(a);
			break;
		case RTA_MULTIPATH:
			route_hop(a, &r);
			break;
		}
	}
	w->fn(w->arg, &r);
	return MNL_CB_OK;
}

int
nl_routes(struct netlink *nl, void (*fn)(void *, const struct nl_route *),
    void *arg)
{
	struct nlmsghdr *h = request(nl, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));
	struct route_walk w = {fn, arg};

	rt->rtm_family = AF_INET;
	return talk(nl, h, route_cb, &w);
}

struct neigh_walk {
	void (*fn)(void *, const struct nl_neigh *);
	void *arg;
};

static int
neigh_cb(const struct nlmsghdr *h, void *data)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(h);
	struct neigh_walk *w = data;
	struct nl_neigh n = {.ifindex = (uint32_t)nd->ndm_ifindex,
	    .state = nd->ndm_state};
	struct nda_cacheinfo ci;
	const struct nlattr *a;

	if (nd->ndm_family != AF_INET)
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof(*nd)) {
		switch (mnl_attr_get_type(a)) {
		case NDA_DST:
			n.addr = ntohl(mnl_attr_get_u32(a));
			break;
		case NDA_LLADDR:
			if (mnl_attr_get_payload_len(a) != sizeof(n.mac))
				break;
			memcpy(n.mac, mnl_attr_get_payload(a), sizeof(n.mac));
			n.has_mac = true;
			break;
		case NDA_CACHEINFO:
			if (mnl_attr_get_payload_len(a) < sizeof(ci))
				break;
			memcpy(&ci, mnl_attr_get_payload(a), sizeof(ci));
			n.confirmed = ci.ndm_confirmed;
			break;
		}
	}
	w->fn(w->arg, &n);
	return MNL_CB_OK;
}

int
nl_neighbours(struct netlink *nl, void (*fn)(void *, const struct nl_neigh *),
    void *arg)
{
	struct nlmsghdr *h = request(nl, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(h, sizeof(*nd));
	struct neigh_walk w = {fn, arg};

	nd->ndm_family = AF_INET;
	return talk(nl, h, neigh_cb, &w);
}

int
nl_link_set(struct netlink *nl, uint32_t ifindex, int up, uint32_t mtu)
{
	struct nlmsghdr *h = request(nl, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)ifindex;
	if (up >= 0) {
		ifi->ifi_change = IFF_UP;
		ifi->ifi_flags = up ? IFF_UP : 0;
	}
	if (mtu != 0)
		mnl_attr_put_u32(h, IFLA_MTU, mtu);
	return talk(nl, h, NULL, NULL);
}

int
nl_vlan_add(struct netlink *nl, uint32_t parent, const char *name,
    uint16_t vlan)
{
	struct nlmsghdr *h = request(nl, RTM_NEWLINK,
	    NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));
	struct nlattr *info, *data;

	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put_u32(h, IFLA_LINK, parent);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_str(h, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u16(h, IFLA_VLAN_ID, vlan);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return talk(nl, h, NULL, NULL);
}

int
nl_link_del(struct netlink *nl, uint32_t ifindex)
{
	struct nlmsghdr *h = request(nl, RTM_DELLINK, NLM_F_ACK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	return talk(nl, h, NULL, NULL);
}

int
nl_addr(struct netlink *nl, bool add, uint32_t ifindex, uint32_t addr,
    unsigned len, bool secondary)
{
	struct nlmsghdr *h = request(nl, add ? RTM_NEWADDR : RTM_DELADDR,
	    (uint16_t)(NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_REPLACE : 0)));
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(h, sizeof(*ifa));

	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = (uint8_t)len;
	ifa->ifa_flags = secondary ? IFA_F_SECONDARY : 0;
	ifa->ifa_index = ifindex;
	mnl_attr_put_u32(h, IFA_LOCAL, htonl(addr));
	mnl_attr_put_u32(h, IFA_ADDRESS, htonl(addr));
	if (len < 31)
		mnl_attr_put_u32(h, IFA_BROADCAST,
		    htonl(addr | ~ip4_mask_of(len)));
	return talk(nl, h, NULL, NULL);
}

int
nl_route_set(struct netlink *nl, bool add, const struct nl_route *r)
{
	struct nlmsghdr *h = request(nl, add ? RTM_NEWROUTE : RTM_DELROUTE,
	    (uint16_t)(NLM_F_ACK | (add ? NLM_F_CREATE : 0) |
		(add && r->replace ? NLM_F_REPLACE : 0)));
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));

	rt->rtm_family = AF_INET;
	rt->rtm_dst_len = r->len;
	rt->rtm_table = RT_TABLE_UNSPEC;
	rt->rtm_protocol = r->proto;
	rt->rtm_scope = r->scope;
	rt->rtm_type = r->type;
	mnl_attr_put_u32(h, RTA_TABLE, r->table);
	mnl_attr_put_u32(h, RTA_DST, htonl(r->prefix));
	if (r->nexthop != 0)
		mnl_attr_put_u32(h, RTA_GATEWAY, htonl(r->nexthop));
	if (r->ifindex != 0)
		mnl_attr_put_u32(h, RTA_OIF, r->ifindex);
	if (r->priority != 0)
		mnl_attr_put_u32(h, RTA_PRIORITY, r->priority);
	return talk(nl, h, NULL, NULL);
}

int
nl_rule(struct netlink *nl, bool add, uint32_t pref, uint32_t mark,
    uint32_t table)
{
	struct nlmsghdr *h = request(nl, add ? RTM_NEWRULE : RTM_DELRULE,
	    (uint16_t)(NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0)));
	struct fib_rule_hdr *f = mnl_nlmsg_put_extra_header(h, sizeof(*f));

	f->family = AF_INET;
	f->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(h, FRA_PRIORITY, pref);
	mnl_attr_put_u32(h, FRA_TABLE, table);
	if (mark != 0)
		mnl_attr_put_u32(h, FRA_FWMARK, mark);
	return talk(nl, h, NULL, NULL);
}

int
nl_monitor_fd(struct netlink *nl)
{
	return mnl_socket_get_fd(nl->mon);
}

void
nl_monitor_drain(struct netlink *nl)
{
	/* ENOBUFS says that events were lost: the caller dumps anyway. */
	while (mnl_socket_recvfrom(nl->mon, nl->buf, BUF_SIZE) > 0 ||
	    errno == ENOBUFS || errno == EINTR)
		;
}
