/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The sockets of process ike, opened by process main: UDP 848 of GDOI always,
 * 500 and 4500 while an interface has SAs with other routers. Their packets
 * carry the mark that keeps them out of the packet path. Sockets that cannot
 * be opened are tried again: the ike of a main that was killed may hold the
 * port a moment longer.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "main/plumbing.h"
#include "main/router.h"

#define RETRY_MS 250

static const struct {
	uint16_t port;
	bool pairs; /* of IPsec between two routers */
} ports[] = {
    {848, false},
    {500, true},
    {4500, true},
};

struct sockets {
	struct router *r;
	bool sent[NELEM(ports)], failed[NELEM(ports)];
	struct timer retry;
};

/* An entry ipsec-isakmp, dynamic ones too, on an interface, or a tunnel with
 * protection. */
static bool
has_pairs(const struct conf *c)
{
	const struct crypto_map *m;
	const struct interface *i;

	CF_FOREACH (i, &c->interfaces) {
		if (i->tunnel.profile[0] != '\0')
			return true;
		CF_FOREACH (m, &c->crypto_maps)
			if (m->kind == MAP_ISAKMP &&
			    i->crypto_map[0] != '\0' &&
			    strcmp(m->name, i->crypto_map) == 0)
				return true;
	}
	return false;
}

static int
open_udp(uint16_t port, bool quiet)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_port = htons(port)};
	int one = 1, mark = (int)MARK_EXEMPT, rcv = 4 << 20;
	int pmtu = IP_PMTUDISC_DONT; /* large messages travel as fragments */
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s == -1)
		return -1;
	(void)setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &rcv, sizeof(rcv));
	if (setsockopt(s, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == -1 ||
	    setsockopt(s, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) == -1 ||
	    setsockopt(s, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu,
		sizeof(pmtu)) == -1 ||
	    bind(s, (struct sockaddr *)&sin, sizeof(sin)) == -1) {
		char *text = xasprintf("UDP port %u: %s", port,
		    strerror(errno));

		if (!quiet)
			log_emit(LOG_SYS_NETLINK, text);
		free(text);
		close(s);
		return -1;
	}
	return s;
}

/* u16 port; +fd: the socket, without: no longer. */
static void
tell(struct sockets *ss, size_t i, int fd)
{
	uint8_t buf[2];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_u16(&w, ports[i].port);
	(void)child_send(ss->r, CHILD_IKE, IPC_SOCKET, 0, buf, wr_len(&w), &fd,
	    fd != -1 ? 1 : 0);
	ss->sent[i] = fd != -1;
}

static void
open_wanted(void *arg)
{
	struct sockets *ss = arg;
	bool pairs = has_pairs(ss->r->committed), again = false;
	size_t i;
	int s;

	loop_timer(ss->r->loop, &ss->retry, 0);
	for (i = 0; child_pid(ss->r, CHILD_IKE) != 0 && i < NELEM(ports);
	    i++) {
		if (ss->sent[i] || (ports[i].pairs && !pairs))
			continue;
		s = open_udp(ports[i].port, ss->failed[i]);
		ss->failed[i] = s == -1;
		again |= s == -1;
		if (s == -1)
			continue;
		tell(ss, i, s);
		close(s);
	}
	if (again)
		loop_timer(ss->r->loop, &ss->retry,
		    time_mono_ms() + RETRY_MS);
}

void
sockets_start(struct router *r)
{
	if (r->sockets == NULL) {
		r->sockets = xcalloc(1, sizeof(*r->sockets));
		r->sockets->r = r;
		r->sockets->retry.fn = open_wanted;
		r->sockets->retry.arg = r->sockets;
	}
	memset(r->sockets->sent, 0, sizeof(r->sockets->sent));
	open_wanted(r->sockets);
}

void
sockets_open(struct router *r)
{
	if (r->sockets != NULL)
		open_wanted(r->sockets);
}

void
sockets_close(struct router *r)
{
	struct sockets *ss = r->sockets;
	size_t i;

	if (ss == NULL || has_pairs(r->committed))
		return;
	for (i = 0; i < NELEM(ports); i++) {
		if (!ports[i].pairs)
			continue;
		ss->failed[i] = false;
		if (ss->sent[i])
			tell(ss, i, -1);
	}
}

void
sockets_free(struct router *r)
{
	if (r->sockets == NULL)
		return;
	loop_timer(r->loop, &r->sockets->retry, 0);
	free(r->sockets);
	r->sockets = NULL;
}
