/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cohort lab pcap: one end of a link as a capture file (pcap with nanosecond
 * stamps) on standard output, as it happens, until SIGINT or SIGTERM, or until
 * the reader goes. All that came before the signal is in the file.
 */
#include "config.h"

#include <sys/signalfd.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab/lab.h"

#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_ETHERNET 1
#define SNAPLEN 262144 /* frames of offloading devices pass 64 KiB */

struct pcap_head {
	uint32_t magic;
	uint16_t major, minor;
	int32_t zone;
	uint32_t sigfigs, snaplen, linktype;
};

struct pcap_record {
	uint32_t sec, nsec, captured, length;
};

static int
open_capture(const char *ifname)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL) };
	int one = 1, size = 16 * 1024 * 1024, fd;

	sll.sll_ifindex = (int)if_nametoindex(ifname);
	if (sll.sll_ifindex == 0)
		return -1;
	/* Protocol 0: nothing arrives before the socket is bound. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) == -1)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
receive(int fd, uint8_t *buf, struct pcap_record *rec)
{
	_Alignas(struct cmsghdr) char control[256];
	struct iovec iov = { buf, SNAPLEN };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct timespec ts;
	ssize_t n = recvmsg(fd, &m, MSG_TRUNC | MSG_DONTWAIT);

	if (n < 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &ts);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL;
	    c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	rec->sec = (uint32_t)ts.tv_sec;
	rec->nsec = (uint32_t)ts.tv_nsec;
	rec->length = (uint32_t)n;
	rec->captured = n > SNAPLEN ? SNAPLEN : (uint32_t)n;
	return true;
}

/* How many packets have come since the socket is bound, but for lost ones. */
static uint64_t
arrived(int fd)
{
	struct tpacket_stats st = { 0, 0 };
	socklen_t len = sizeof(st);

	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len);
	return st.tp_packets - st.tp_drops;
}

static bool
write_packet(const struct pcap_record *rec, const uint8_t *data)
{
	return fwrite(rec, sizeof(*rec), 1, stdout) == 1 &&
	    fwrite(data, rec->captured, 1, stdout) == 1 &&
	    fflush(stdout) != EOF;
}

/* SIGNALS is readable when the capture has to end. */
static int
copy_packets(int fd, int signals)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN } };
	uint8_t *buf = xcalloc(1, SNAPLEN);
	uint64_t packets = 0, last = UINT64_MAX;
	struct pcap_record rec;
	int rc = 0;

	while (packets < last) {
		poll(p, 2, last == UINT64_MAX ? -1 : 0);
		if (p[1].revents != 0) {
			last = arrived(fd);
			p[1].fd = -1;
			continue;
		}
		if (!receive(fd, buf, &rec)) {
			if (errno == EAGAIN && last == UINT64_MAX)
				continue;
			fprintf(stderr, "cohort lab: pcap: %s\n",
			    strerror(errno));
			rc = 1;
			break;
		}
		if (!write_packet(&rec, buf))
			break; /* the reader has what it wanted */
		packets++;
	}
	free(buf);
	return rc;
}

/* ENDPOINT is NODE:INTERFACE, as in the topology file. */
int
lab_pcap(const struct lab *lab, const char *endpoint)
{
	const struct pcap_head head = { PCAP_MAGIC_NS, 2, 4, 0, 0, SNAPLEN,
		PCAP_ETHERNET };
	sigset_t stopping;
	const char *colon = strchr(endpoint, ':');
	char node[LAB_NAME];
	int fd, signals, rc;

	if (colon == NULL || (size_t)(colon - endpoint) >= sizeof(node)) {
		fprintf(stderr, "cohort lab: a link is named by one of its "
		    "ends, NODE:INTERFACE\n");
		return 2;
	}
	str_copy(node, endpoint, (size_t)(colon - endpoint) + 1);
	if (lab_find(lab, node) == NULL) {
		fprintf(stderr, "cohort lab: no node %s in %s\n", node,
		    lab->name);
		return 1;
	}
	if (isatty(STDOUT_FILENO)) {
		fprintf(stderr, "cohort lab: this is a capture file; use "
		    "`... | tcpdump -nr -` or `> FILE`\n");
		return 2;
	}
	if (ns_enter(lab, node) == -1)
		return 1;
	if ((fd = open_capture(colon + 1)) == -1) {
		fprintf(stderr, "cohort lab: %s: %s\n", endpoint,
		    strerror(errno));
		return 1;
	}
	sigemptyset(&stopping);
	sigaddset(&stopping, SIGINT);
	sigaddset(&stopping, SIGTERM);
	sigprocmask(SIG_BLOCK, &stopping, NULL);
	signals = signalfd(-1, &stopping, SFD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	rc = fwrite(&head, sizeof(head), 1, stdout) != 1 ||
	    fflush(stdout) == EOF || copy_packets(fd, signals) != 0;
	close(signals);
	close(fd);
	return rc;
}
