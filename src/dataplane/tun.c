/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See tun.h. One worker thread and one epoll set; the worker is offline for
 * RCU while it sleeps and quiescent after every burst. Everything that the
 * control thread hands to it goes through a queue and an eventfd.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <urcu-qsbr.h>

#include "dataplane/engine.h"
#include "dataplane/ip.h"
#include "dataplane/merge.h"
#include "dataplane/probe.h"
#include "dataplane/tun.h"

#define VNET_HDR 10  /* struct virtio_net_hdr, in host byte order */
#define KEY_QUEUE (PORT_MAX + 1) /* epoll key of the queue's eventfd */
#define KEY_MULTICAST 0x10000	 /* | port */

struct injected {
	struct injected *next;
	size_t len;
	uint8_t data[];
};

struct tun_engine {
	struct fwd *f;
	pthread_t thread;
	bool started;
	int stop; /* atomic */
	int epoll, queue_fd, event_fd;
	int fds[PORT_MAX + 1]; /* atomic; -1: none */
	int mfds[PORT_MAX + 1]; /* of multicast, the same */
	uint32_t ifindex[PORT_MAX + 1]; /* atomic; of mfds */
	pthread_mutex_t lock;
	struct injected *first, **last; /* under lock */
	/* worker */
	struct pkt pkts[BURST_MAX];
	struct merge *merge;
	struct tun_stats stats;
};

static void
ttl_give_back(uint8_t *ip)
{
	if (ip[IPH_TTL] != 255)
		ip_set_ttl(ip, ip[IPH_TTL] + 1);
}

/* ---- out ---- */

static int
fd_of(const struct tun_engine *t, uint16_t port)
{
	int fd = __atomic_load_n(&t->fds[port], __ATOMIC_ACQUIRE);

	/* Any TUN will do: what comes out of one is routed as usual. */
	for (port = 0; fd < 0 && port <= PORT_MAX; port++)
		fd = __atomic_load_n(&t->fds[port], __ATOMIC_ACQUIRE);
	return fd;
}

static void
hdr_write(uint8_t *hdr, const struct pkt_gso *g)
{
	hdr[0] = g->flags & GSO_F_NEEDS_CSUM;
	hdr[1] = g->gso_type;
	memcpy(hdr + 2, &g->hdr_len, 2);
	memcpy(hdr + 4, &g->gso_size, 2);
	memcpy(hdr + 6, &g->csum_start, 2);
	memcpy(hdr + 8, &g->csum_offset, 2);
}

static void
write_one(void *arg, const struct pkt *p)
{
	struct tun_engine *t = arg;
	uint8_t hdr[VNET_HDR];
	struct iovec iov[2] = { { hdr, VNET_HDR }, { pkt_ip(p), p->len } };
	ssize_t n;

	hdr_write(hdr, &p->gso);
	do {
		n = writev(fd_of(t, p->in_port), iov, 2);
	} while (n < 0 && errno == EINTR);
	count(n < 0 ? &t->stats.tx_errors : &t->stats.tx);
}

/* As Ethernet has it (RFC 1112, 6.4); the kernel adds the rest of the frame.
 * The checksum is complete (mroute.c). */
static void
write_multicast(struct tun_engine *t, const struct pkt *p)
{
	const uint8_t *dst = pkt_ip(p) + IPH_DST;
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP), .sll_halen = ETH_ALEN,
		.sll_addr = { 0x01, 0x00, 0x5e, dst[1] & 0x7f, dst[2],
		    dst[3] } };
	struct iovec iov = { pkt_ip(p), p->len };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to),
		.msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	int fd = __atomic_load_n(&t->mfds[p->out_port], __ATOMIC_ACQUIRE);

	to.sll_ifindex = (int)__atomic_load_n(&t->ifindex[p->out_port],
	    __ATOMIC_RELAXED);
	do {
		n = sendmsg(fd, &m, 0);
	} while (n < 0 && errno == EINTR);
	count(n < 0 ? &t->stats.tx_errors : &t->stats.tx);
}

void
tun_write(struct tun_engine *t, const struct pkt *p)
{
	if (p->out_port != PORT_LOCAL && pkt_ip(p)[IPH_DST] >> 4 == 14) {
		write_multicast(t, p);
		return;
	}
	if (p->out_port != PORT_LOCAL)
		ttl_give_back(pkt_ip(p));
	if (p->ihl > IPH_HDR)
		ipopt_one_hop(t->f->w.snap, p);
	if (p->decrypted)
		merge_add(t->merge, p);
	else
		write_one(t, p);
}

static void
engine_tx(void *arg, const struct pkt *p)
{
	tun_write(arg, p);
}

/* ---- between the threads ---- */

static void
kick(int fd)
{
	uint64_t one = 1;
	ssize_t n UNUSED;

	n = write(fd, &one, sizeof(one)); /* full: it is awake anyway */
}

static void
drain(int fd)
{
	uint64_t value;
	ssize_t n UNUSED;

	n = read(fd, &value, sizeof(value));
}

static void
engine_inject(void *arg, const uint8_t *data, size_t len)
{
	struct tun_engine *t = arg;
	struct injected *i;

	if (len > 65535)
		return;
	i = xcalloc(1, sizeof(*i) + len);
	i->len = len;
	memcpy(i->data, data, len);
	pthread_mutex_lock(&t->lock);
	*t->last = i;
	t->last = &i->next;
	pthread_mutex_unlock(&t->lock);
	kick(t->queue_fd);
}

static void
engine_wake(void *arg)
{
	kick(((struct tun_engine *)arg)->event_fd);
}

static struct injected *
queue_take(struct tun_engine *t)
{
	struct injected *i;

	pthread_mutex_lock(&t->lock);
	i = t->first;
	t->first = NULL;
	t->last = &t->first;
	pthread_mutex_unlock(&t->lock);
	return i;
}

static void
queue_run(struct tun_engine *t)
{
	struct injected *i, *next;
	struct pkt *p = &t->pkts[0];

	drain(t->queue_fd);
	for (i = queue_take(t); i != NULL; i = next) {
		next = i->next;
		pkt_reset(p);
		memcpy(pkt_ip(p), i->data, i->len);
		p->len = (uint32_t)i->len;
		p->in_port = PORT_LOCAL;
		p->ping = true;
		fwd_input(t->f, &p, 1);
		free(i);
	}
}

/* ---- in ---- */

static void
hdr_read(struct pkt_gso *g, const uint8_t *hdr)
{
	/* "data valid" concerns nobody behind us */
	g->flags = hdr[0] & GSO_F_NEEDS_CSUM;
	g->gso_type = hdr[1];
	memcpy(&g->hdr_len, hdr + 2, 2);
	memcpy(&g->gso_size, hdr + 4, 2);
	memcpy(&g->csum_start, hdr + 6, 2);
	memcpy(&g->csum_offset, hdr + 8, 2);
}

/* 1: a packet, 0: none now, -1: this one was unusable */
static int
read_one(struct tun_engine *t, int fd, uint16_t port, struct pkt *p)
{
	uint8_t hdr[VNET_HDR];
	struct iovec iov[2] = { { hdr, VNET_HDR } };
	ssize_t n;

	pkt_reset(p);
	iov[1].iov_base = pkt_ip(p);
	iov[1].iov_len = 65536;
	n = readv(fd, iov, 2);
	if (n < 0)
		return 0;
	if (n < VNET_HDR + IPH_HDR || pkt_ip(p)[0] >> 4 != 4) {
		/* IPv6 of the device itself: not ours */
		count(&t->stats.rx_errors);
		return -1;
	}
	count(&t->stats.rx);
	hdr_read(&p->gso, hdr);
	p->len = (uint32_t)n - VNET_HDR;
	p->in_port = port;
	if (port != PORT_LOCAL)
		ttl_give_back(pkt_ip(p));
	return 1;
}

/* The kernel says of a packet of this machine that its checksum is only begun:
 * with the pseudo header (TUN says the same in struct virtio_net_hdr). */
static void
begun_checksum(struct pkt *p, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct tpacket_auxdata aux;
	const uint8_t *ip = pkt_ip(p);

	if (c == NULL || c->cmsg_level != SOL_PACKET ||
	    c->cmsg_type != PACKET_AUXDATA)
		return;
	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	if ((aux.tp_status & TP_STATUS_CSUMNOTREADY) == 0)
		return;
	p->gso.flags = GSO_F_NEEDS_CSUM;
	p->gso.csum_start = (uint16_t)((ip[0] & 15) * 4);
	p->gso.csum_offset = ip[IPH_PROTO] == PROTO_UDP ? 6 : 16;
}

static int
read_multicast(struct tun_engine *t, int fd, uint16_t port, struct pkt *p)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct cmsghdr align;
	} ctl;
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl.buf, .msg_controllen = sizeof(ctl.buf) };
	ssize_t n;

	pkt_reset(p);
	iov = (struct iovec){ pkt_ip(p), 65536 };
	n = recvmsg(fd, &m, 0);
	if (n < 0)
		return 0;
	if (n < IPH_HDR || pkt_ip(p)[0] >> 4 != 4) {
		count(&t->stats.rx_errors);
		return -1;
	}
	count(&t->stats.rx);
	p->len = (uint32_t)n;
	p->in_port = port;
	begun_checksum(p, &m);
	return 1;
}

static void
port_run(struct tun_engine *t, uint32_t key)
{
	bool multicast = (key & KEY_MULTICAST) != 0;
	uint16_t port = (uint16_t)key;
	int fd = __atomic_load_n(multicast ? &t->mfds[port] : &t->fds[port],
	    __ATOMIC_ACQUIRE), got;
	struct pkt *burst[BURST_MAX];
	unsigned n = 0, tries;

	if (fd < 0)
		return;
	for (tries = 0; tries < BURST_MAX; tries++) {
		got = (multicast ? read_multicast : read_one)(t, fd, port,
		    &t->pkts[n]);
		if (got == 0)
			break;
		if (got > 0) {
			burst[n] = &t->pkts[n];
			n++;
		}
	}
	if (n > 0)
		fwd_input(t->f, burst, n);
}

/* Until something arrives, or a packet in a queue may leave. */
static int
wait_for(struct tun_engine *t, struct epoll_event *ev, int max, uint64_t due)
{
	uint64_t now, us;
	struct timespec ts;

	if (due == UINT64_MAX)
		return epoll_wait(t->epoll, ev, max, -1);
	now = time_mono_us();
	us = due > now ? due - now : 0;
	ts.tv_sec = (time_t)(us / 1000000);
	ts.tv_nsec = (long)(us % 1000000) * 1000;
	return epoll_pwait2(t->epoll, ev, max, &ts, NULL);
}

static void *
worker(void *arg)
{
	struct tun_engine *t = arg;
	struct epoll_event ev[16];
	uint64_t due;
	int i, n;

	rcu_register_thread();
	while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
		due = fwd_worker_due(t->f);
		rcu_thread_offline();
		n = wait_for(t, ev, NELEM(ev), due);
		rcu_thread_online();
		if (due != UINT64_MAX) {
			fwd_worker_run(t->f);
			merge_flush(t->merge);
		}
		for (i = 0; i < n; i++) {
			if (ev[i].data.u32 == KEY_QUEUE)
				queue_run(t);
			else
				port_run(t, ev[i].data.u32);
			merge_flush(t->merge);
			rcu_quiescent_state();
		}
	}
	rcu_unregister_thread();
	return NULL;
}

/* ---- life ---- */

static int
watch(struct tun_engine *t, int fd, uint32_t key)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = key };

	return epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &ev);
}

struct tun_engine *
tun_new(struct fwd *f)
{
	static const struct fwd_engine ops = { engine_tx, engine_inject,
		engine_wake };
	struct tun_engine *t = xcalloc(1, sizeof(*t));
	unsigned i;

	t->f = f;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->queue_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->epoll < 0 || t->queue_fd < 0 || t->event_fd < 0 ||
	    watch(t, t->queue_fd, KEY_QUEUE) < 0)
		fatal("tun: no descriptors");
	for (i = 0; i <= PORT_MAX; i++)
		t->fds[i] = t->mfds[i] = -1;
	for (i = 0; i < BURST_MAX; i++)
		t->pkts[i].buf = xcalloc(1, PKT_BUF_SIZE);
	t->merge = merge_new(write_one, t);
	pthread_mutex_init(&t->lock, NULL);
	t->last = &t->first;
	fwd_set_engine(f, &ops, t);
	return t;
}

void
tun_start(struct tun_engine *t)
{
	sigset_t all, old;
	int error;

	if (t->started)
		return;
	/* signals are for the control thread */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&t->thread, NULL, worker, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0)
		fatal("tun: no worker thread (error %d)", error);
	t->started = true;
}

void
tun_free(struct tun_engine *t)
{
	struct injected *i, *next;
	unsigned p;

	if (t == NULL)
		return;
	if (t->started) {
		__atomic_store_n(&t->stop, 1, __ATOMIC_RELEASE);
		kick(t->queue_fd);
		pthread_join(t->thread, NULL);
	}
	fwd_set_engine(t->f, NULL, NULL);
	for (p = 0; p <= PORT_MAX; p++) {
		if (t->fds[p] >= 0)
			close(t->fds[p]);
		if (t->mfds[p] >= 0)
			close(t->mfds[p]);
	}
	for (i = queue_take(t); i != NULL; i = next) {
		next = i->next;
		free(i);
	}
	close(t->epoll);
	close(t->queue_fd);
	close(t->event_fd);
	for (p = 0; p < BURST_MAX; p++)
		free(t->pkts[p].buf);
	merge_free(t->merge);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void
fd_drop(struct tun_engine *t, int *fds, uint16_t port)
{
	int fd = __atomic_exchange_n(&fds[port], -1, __ATOMIC_ACQ_REL);

	if (fd < 0)
		return;
	(void)epoll_ctl(t->epoll, EPOLL_CTL_DEL, fd, NULL);
	synchronize_rcu(); /* the worker may be reading from it */
	close(fd);
}

void
tun_del(struct tun_engine *t, uint16_t port)
{
	if (port > PORT_MAX)
		return;
	fd_drop(t, t->fds, port);
	fd_drop(t, t->mfds, port);
}

int
tun_add(struct tun_engine *t, uint16_t port, int fd)
{
	unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN;

	if (fd < 0 || port > PORT_MAX)
		goto fail;
	fd_drop(t, t->fds, port);
	/* without offloads it works as well, packet by packet */
	(void)ioctl(fd, TUNSETOFFLOAD, offloads);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
	    watch(t, fd, port) < 0)
		goto fail;
	__atomic_store_n(&t->fds[port], fd, __ATOMIC_RELEASE);
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

int
tun_add_multicast(struct tun_engine *t, uint16_t port, int fd,
    uint32_t ifindex)
{
	if (fd < 0 || port == PORT_LOCAL || port > PORT_MAX)
		goto fail;
	fd_drop(t, t->mfds, port);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
	    watch(t, fd, KEY_MULTICAST | port) < 0)
		goto fail;
	__atomic_store_n(&t->ifindex[port], ifindex, __ATOMIC_RELAXED);
	__atomic_store_n(&t->mfds[port], fd, __ATOMIC_RELEASE);
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

int
tun_event_fd(const struct tun_engine *t)
{
	return t->event_fd;
}

void
tun_event_ack(struct tun_engine *t)
{
	drain(t->event_fd);
}

void
tun_stats(const struct tun_engine *t, struct tun_stats *out)
{
	out->rx = count_read(&t->stats.rx);
	out->tx = count_read(&t->stats.tx);
	out->rx_errors = count_read(&t->stats.rx_errors);
	out->tx_errors = count_read(&t->stats.tx_errors);
}
