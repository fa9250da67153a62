/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Multicast of a device (process main): the kernel does not send it into a
 * TUN by rules, so process fwd takes it from a packet socket and gives it
 * back there. main opens the socket and decides what is heard on it: with
 * `ip multicast-routing` IPv4 of all groups but those of one link.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "main/ports_priv.h"

#define DST_AT 16 /* in the IP header */

/* The data begin with the IP header. What is for other machines is not routed,
 * as the kernel does not: frames with the tag of a VLAN that has no interface
 * here are such. */
static struct sock_filter routed[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OTHERHOST, 7, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DST_AT),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0000000),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xe0000000, 0, 4),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DST_AT),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffffff00),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xe0000000, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

static struct sock_filter nothing[] = {
    BPF_STMT(BPF_RET | BPF_K, 0),
};

static void
failed(const char *what)
{
	char *text = xasprintf("multicast: %s: %s", what, strerror(errno));

	log_emit(LOG_SYS_NETLINK, text);
	free(text);
}

int
mcast_open(uint32_t ifindex)
{
	struct sock_fprog prog = {NELEM(nothing), nothing};
	struct sockaddr_ll ll = {.sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)ifindex};
	int one = 1;
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd == -1 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ==
		-1 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
		sizeof(prog)) == -1 ||
	    bind(fd, (struct sockaddr *)(void *)&ll, sizeof(ll)) == -1) {
		failed("no packet socket");
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

void
mcast_listen(const struct portrec *rec, bool on)
{
	struct sock_fprog prog = {NELEM(nothing), nothing};
	struct packet_mreq all = {.mr_ifindex = (int)rec->p.ifindex,
	    .mr_type = PACKET_MR_ALLMULTI};

	if (rec->mcast == -1)
		return;
	if (on)
		prog = (struct sock_fprog){NELEM(routed), routed};
	if (setsockopt(rec->mcast, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
		sizeof(prog)) == -1)
		failed("filter");
	/* Dropping what was never asked for is an error that says nothing. */
	if (setsockopt(rec->mcast, SOL_PACKET, on ? PACKET_ADD_MEMBERSHIP :
		PACKET_DROP_MEMBERSHIP, &all, sizeof(all)) == -1 && on)
		failed("membership");
}
