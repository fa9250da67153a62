/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Process ike: the sockets on UDP 848 (GDOI), 500 and 4500 (IPsec), the
 * channel to fwd and the key files around the two engines. Sees bytes from the
 * network; owns no file, no TUN.
 *
 * On port 4500 four zero octets stand in front of a message, where ESP has its
 * SPI (RFC 3948): they are put on and taken off here.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gdoi/gdoi.h"
#include "ike/engines.h"
#include "ipsec/ipsec.h"
#include "main/privdrop.h"
#include "main/proc.h"
#include "main/router.h"

#define READ_BURST 64
#define DATAGRAM_MAX 65536
#define MARKER_LEN 4

static const uint8_t marker[MARKER_LEN];

enum { UDP_GDOI, UDP_IPSEC, UDP_NAT, UDP_COUNT };
static const uint16_t udp_ports[UDP_COUNT] = {848, IPSEC_PORT,
    IPSEC_NAT_PORT};

struct ike_proc {
	struct proc p;
	struct gdoi *gdoi;
	struct ipsec *ipsec;
	struct ike_engines engines; /* for commands */
	int udp[UDP_COUNT], peer; /* -1: none */
	bool keys_asked, started;
	int jobs[2]; /* a pipe: those that are done */
	unsigned njobs;
};

/* ---- what the engine may do ---- */

/* Which socket has that port, UDP_COUNT: none. */
static unsigned
udp_of(uint16_t port)
{
	unsigned i;

	for (i = 0; i < UDP_COUNT && udp_ports[i] != port; i++)
		;
	return i;
}

/* ifindex 0, from.addr 0: the kernel chooses. */
static void
send_udp(int fd, uint32_t ifindex, struct udp_addr from, struct udp_addr to,
    const struct iovec *iov, size_t niov)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_port = htons(to.port), .sin_addr.s_addr = htonl(to.addr)};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} ctl;
	struct msghdr mh = {.msg_name = &sin, .msg_namelen = sizeof(sin),
	    .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = niov};

	if (from.addr != 0 || ifindex != 0) {
		struct in_pktinfo pi = {.ipi_ifindex = (int)ifindex,
		    .ipi_spec_dst.s_addr = htonl(from.addr)};
		struct cmsghdr *c;

		memset(&ctl, 0, sizeof(ctl));
		mh.msg_control = ctl.buf;
		mh.msg_controllen = sizeof(ctl.buf);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(pi));
		memcpy(CMSG_DATA(c), &pi, sizeof(pi));
	}
	/* A datagram that cannot be sent is a lost one: it is sent again. */
	(void)sendmsg(fd, &mh, MSG_NOSIGNAL);
}

static void
io_send_group(void *arg, uint32_t ifindex, struct udp_addr from,
    struct udp_addr to, const uint8_t *data, size_t len)
{
	struct ike_proc *ip = arg;
	struct iovec iov = {(void *)(uintptr_t)data, len};

	if (ip->udp[UDP_GDOI] != -1)
		send_udp(ip->udp[UDP_GDOI], ifindex, from, to, &iov, 1);
}

static void
io_send(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	io_send_group(arg, 0, from, to, data, len);
}

/* A keepalive goes without the marker. */
static void
io_send_pair(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct ike_proc *ip = arg;
	unsigned u = udp_of(from.port);
	struct iovec iov[] = {{(void *)(uintptr_t)marker, MARKER_LEN},
	    {(void *)(uintptr_t)data, len}};
	bool bare = u != UDP_NAT || len == 1;

	if (u != UDP_COUNT && ip->udp[u] != -1)
		send_udp(ip->udp[u], 0, from, to, bare ? iov + 1 : iov,
		    bare ? 1 : 2);
}

/* The kernel speaks IGMP; it needs no capability. A device that is gone took
 * its memberships along. */
static bool
io_member(void *arg, uint32_t ifindex, uint32_t group, bool join)
{
	struct ike_proc *ip = arg;
	struct ip_mreqn mr = {.imr_multiaddr.s_addr = htonl(group),
	    .imr_ifindex = (int)ifindex};

	return ip->udp[UDP_GDOI] != -1 && setsockopt(ip->udp[UDP_GDOI],
	    IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &mr,
	    sizeof(mr)) == 0;
}

/* Rekeys by multicast cross routers, do not come back to us, and arrive only
 * where we joined. */
static void
set_multicast(int fd)
{
	int ttl = 255, off = 0;

	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl,
	    sizeof(ttl)) == -1 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off,
	    sizeof(off)) == -1 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off,
	    sizeof(off)) == -1)
		fatal("multicast options: %s", strerror(errno));
}

static uint64_t
io_now(void *arg UNUSED)
{
	return time_mono_ms();
}

static void
io_random(void *arg UNUSED, void *data, size_t len)
{
	if (getentropy(data, len > 256 ? 256 : len) == -1 || len > 256)
		fatal("random");
}

static void
io_sa(void *arg, const struct sa_change *c)
{
	static uint8_t buf[SA_MSG_MAX - 16];
	struct ike_proc *ip = arg;
	struct wr w = wr_of(buf, sizeof(buf));

	if (!sa_put(&w, c))
		fatal("an SA change does not fit in a message");
	if (ip->peer != -1)
		(void)ipc_send(ip->peer, IPC_SA, 0, buf, wr_len(&w), NULL, 0);
	explicit_bzero(buf, wr_len(&w));
}

/* A group's number is its key server's choice. */
static void
io_group_sa(void *arg, const struct sa_change *c)
{
	struct ike_proc *ip = arg;

	if (c->type == SA_ADD && ip->ipsec != NULL)
		ipsec_spi_comes(ip->ipsec, c->tek.spi);
	io_sa(arg, c);
}

static bool
io_spi_used(void *arg, uint32_t spi)
{
	struct ike_proc *ip = arg;

	return gdoi_has_spi(ip->gdoi, spi);
}

static void
io_keys_changed(void *arg)
{
	struct ike_proc *ip = arg;

	if (!ip->keys_asked)
		(void)ipc_send(ip->p.sock, IPC_KEYS_OPEN, 0, NULL, 0, NULL, 0);
	ip->keys_asked = true;
}

/* ---- beside the loop: generating keys, looking at those that come ---- */

struct job {
	struct ike_proc *ip;
	void (*work)(void *);
	void (*done)(void *);
	void *arg;
};

static void
run_job(struct job *j)
{
	j->work(j->arg);
	/* a pointer is written whole (PIPE_BUF) */
	if (write(j->ip->jobs[1], &j, sizeof(j)) != sizeof(j))
		fatal("a job is lost");
}

static void *
job_thread(void *job)
{
	sigset_t all;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, NULL);
	run_job(job);
	return NULL;
}

static void
on_job(void *arg, int fd)
{
	struct ike_proc *ip = arg;
	struct job *j;

	if (read(fd, &j, sizeof(j)) != sizeof(j))
		return;
	ip->njobs--;
	j->done(j->arg);
	free(j);
}

static void
io_background(void *arg, void (*work)(void *), void (*done)(void *), void *job)
{
	struct ike_proc *ip = arg;
	struct job *j = xcalloc(1, sizeof(*j));
	pthread_attr_t attr;
	pthread_t t;

	*j = (struct job){ip, work, done, job};
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ip->njobs++;
	if (pthread_create(&t, &attr, job_thread, j) != 0)
		run_job(j); /* no thread: the exchanges wait for it */
	(void)pthread_attr_destroy(&attr);
}

static const struct gdoi_io io = {.send = io_send, .now = io_now,
    .random = io_random, .sa = io_group_sa, .log = proc_log,
    .keys_changed = io_keys_changed, .send_group = io_send_group,
    .member = io_member, .background = io_background};

static void
io_route(void *arg, uint32_t prefix, uint32_t mask, const char *ifname,
    uint32_t peer, bool add)
{
	struct ike_proc *ip = arg;
	uint8_t buf[64 + IFNAME_MAX];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_u8(&w, add);
	wr_u32(&w, prefix);
	wr_u32(&w, mask);
	wr_str(&w, ifname);
	wr_u32(&w, peer);
	(void)ipc_send(ip->p.sock, IPC_REVERSE, 0, buf, wr_len(&w), NULL, 0);
}

static const struct ipsec_io ipsec_io = {.send = io_send_pair, .now = io_now,
    .random = io_random, .sa = io_sa, .log = proc_log, .route = io_route,
    .spi_used = io_spi_used};

/* ---- the socket ---- */

static bool
local_address(struct msghdr *mh, uint32_t *addr, uint32_t *ifindex)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo pi;

			memcpy(&pi, CMSG_DATA(c), sizeof(pi));
			*addr = ntohl(pi.ipi_addr.s_addr);
			*ifindex = (uint32_t)pi.ipi_ifindex;
			return true;
		}
	return false;
}

static void
datagram(struct ike_proc *ip, unsigned which, struct udp_addr local,
    struct udp_addr from, uint32_t ifindex, const uint8_t *data, size_t len)
{
	switch (which) {
	case UDP_GDOI:
		gdoi_arrival(ip->gdoi, ifindex);
		gdoi_input(ip->gdoi, local, from, data, len);
		break;
	case UDP_IPSEC:
		ipsec_input(ip->ipsec, local, from, data, len);
		break;
	case UDP_NAT: /* keepalives end here, ESP was fwd's */
		if (len > MARKER_LEN && memcmp(data, marker, MARKER_LEN) == 0)
			ipsec_input(ip->ipsec, local, from, data + MARKER_LEN,
			    len - MARKER_LEN);
		break;
	}
}

static void
on_udp(void *arg, int fd)
{
	static uint8_t data[DATAGRAM_MAX];
	struct ike_proc *ip = arg;
	unsigned which;
	int i;

	for (which = 0; which < UDP_COUNT && ip->udp[which] != fd; which++)
		;
	for (i = 0; which < UDP_COUNT && i < READ_BURST; i++) {
		struct sockaddr_in sin;
		struct iovec iov = {data, sizeof(data)};
		char ctl[256];
		struct msghdr mh = {.msg_name = &sin,
		    .msg_namelen = sizeof(sin), .msg_iov = &iov,
		    .msg_iovlen = 1, .msg_control = ctl,
		    .msg_controllen = sizeof(ctl)};
		struct udp_addr local = {0, udp_ports[which]}, from;
		uint32_t ifindex;
		ssize_t n = recvmsg(fd, &mh, MSG_DONTWAIT);

		if (n == -1)
			return;
		if (!local_address(&mh, &local.addr, &ifindex))
			continue;
		from.addr = ntohl(sin.sin_addr.s_addr);
		from.port = ntohs(sin.sin_port);
		datagram(ip, which, local, from, ifindex, data, (size_t)n);
	}
}

static void
close_udp(struct ike_proc *ip, unsigned which)
{
	if (ip->udp[which] == -1)
		return;
	if (ip->started)
		loop_del(ip->p.loop, ip->udp[which]);
	close(ip->udp[which]);
	ip->udp[which] = -1;
}

/* A socket of main, or that one is not wanted any more. */
static void
got_socket(struct ike_proc *ip, struct ipc_msg *m)
{
	unsigned which = udp_of(rd_u16(&m->body));

	if (!rd_end(&m->body) || which == UDP_COUNT)
		return;
	close_udp(ip, which);
	if (m->nfds != 1)
		return;
	ip->udp[which] = m->fds[0];
	m->nfds = 0;
	if (which == UDP_GDOI)
		set_multicast(ip->udp[which]);
	if (ip->started)
		loop_add(ip->p.loop, ip->udp[which], on_udp, ip);
}

/* ---- fwd ---- */

/* Of the SAs of one of them; packets that belong to no SA are for both. */
static void
sa_event(struct ike_proc *ip, const struct sa_event *e)
{
	bool pair = strchr(e->group, ' ') != NULL;

	if (e->group[0] == '\0' || !pair)
		gdoi_sa_event(ip->gdoi, e);
	if (e->group[0] == '\0' || pair)
		ipsec_sa_event(ip->ipsec, e);
}

static void
on_fwd(void *arg, int fd)
{
	static uint8_t buf[IPC_MAX];
	struct ike_proc *ip = arg;
	struct ipc_msg m;
	struct sa_event e;
	int got, i;

	while ((got = ipc_recv(fd, buf, &m)) == 1) {
		if (m.type == IPC_SA_EVENT && sa_event_get(&m.body, &e))
			sa_event(ip, &e);
		for (i = 0; i < m.nfds; i++)
			close(m.fds[i]);
	}
	if (got == -1) { /* main makes a new one, and a new channel */
		loop_del(ip->p.loop, fd);
		close(fd);
		ip->peer = -1;
	}
}

/* ---- key files ---- */

static void
read_keys(struct ike_proc *ip, int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) == -1 || st.st_size > 1 << 20)
		return;
	text = xcalloc(1, (size_t)st.st_size + 1);
	n = read(fd, text, (size_t)st.st_size);
	if (n > 0 && gdoi_keys_load(ip->gdoi, text, (size_t)n) == -1)
		log_emit(LOG_SYS_CONF_LINE,
		    "the stored RSA keys cannot be read");
	explicit_bzero(text, (size_t)st.st_size);
	free(text);
}

static void
write_keys(struct ike_proc *ip, int fd)
{
	struct strbuf sb = {0};
	size_t at = 0;

	ip->keys_asked = false;
	gdoi_keys_save(ip->gdoi, &sb);
	while (at < sb.len) {
		ssize_t n = write(fd, sb.s + at, sb.len - at);

		if (n <= 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	if (at == sb.len && fsync(fd) == 0)
		(void)ipc_send(ip->p.sock, IPC_KEYS_DONE, 0, NULL, 0, NULL, 0);
	else
		log_emit(LOG_SYS_CONF_LINE,
		    "the RSA keys could not be stored, the old file stays");
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
}

/* ---- messages of main ---- */

static void
ike_message(struct proc *p, struct ipc_msg *m)
{
	struct ike_proc *ip = p->priv;
	struct port port;
	int i;

	switch (m->type) {
	case IPC_CONF_SETTLED:
		gdoi_settled(ip->gdoi);
		break;
	case IPC_PORT:
		port_get(&m->body, &port);
		if (rd_ok(&m->body)) {
			gdoi_port(ip->gdoi, &port);
			ipsec_port(ip->ipsec, &port);
		}
		break;
	case IPC_SOCKET:
		got_socket(ip, m);
		break;
	case IPC_PEER:
		if (m->nfds == 1) {
			if (ip->peer != -1) {
				loop_del(p->loop, ip->peer);
				close(ip->peer);
			}
			ip->peer = m->fds[0];
			m->nfds = 0;
			loop_add(p->loop, ip->peer, on_fwd, ip);
			gdoi_resync(ip->gdoi);
			ipsec_resync(ip->ipsec);
			(void)ipc_send(ip->peer, IPC_RESYNC, 0, NULL,
			    0, NULL, 0);
		}
		break;
	case IPC_KEYS_FD:
		if (m->nfds == 1 && m->session == 0)
			read_keys(ip, m->fds[0]);
		else if (m->nfds == 1)
			write_keys(ip, m->fds[0]);
		else
			ip->keys_asked = false; /* there is no file to write */
		break;
	}
	for (i = 0; i < m->nfds; i++)
		close(m->fds[i]);
}

static void
ike_conf(struct proc *p, const struct conf *old, const struct conf *new)
{
	struct ike_proc *ip = p->priv;

	gdoi_config(ip->gdoi, old, new);
	ipsec_config(ip->ipsec, old, new);
}

static void
ike_start(struct proc *p)
{
	struct ike_proc *ip = p->priv;
	unsigned i;

	privdrop();
	ip->started = true;
	for (i = 0; i < UDP_COUNT; i++)
		if (ip->udp[i] != -1)
			loop_add(p->loop, ip->udp[i], on_udp, ip);
}

static uint64_t
ike_timeout(struct proc *p)
{
	struct ike_proc *ip = p->priv;
	uint64_t a = gdoi_timeout(ip->gdoi), b = ipsec_timeout(ip->ipsec);

	return a < b ? a : b;
}

static const struct proc_ops ops = {.conf = ike_conf, .message = ike_message,
    .start = ike_start, .timeout = ike_timeout};

int
proc_ike(int sock)
{
	struct ike_proc *ip = xcalloc(1, sizeof(*ip));
	unsigned i;
	int code;

	ip->peer = -1;
	for (i = 0; i < UDP_COUNT; i++)
		ip->udp[i] = -1;
	ip->gdoi = gdoi_new(&io, ip);
	ip->ipsec = ipsec_new(&ipsec_io, ip, gdoi_conn_ids(ip->gdoi));
	ip->engines = (struct ike_engines){.gdoi = ip->gdoi,
	    .ipsec = ip->ipsec,
	    .ike = {gdoi_ike(ip->gdoi), ipsec_ike(ip->ipsec)}};
	ip->p = (struct proc){.sock = sock, .loop = loop_new(), .ops = &ops,
	    .engine = &ip->engines, .priv = ip};
	if (pipe2(ip->jobs, O_CLOEXEC | O_NONBLOCK) == -1)
		fatal("pipe: %s", strerror(errno));
	loop_add(ip->p.loop, ip->jobs[0], on_job, ip);
	code = proc_run(&ip->p);
	if (ip->njobs != 0)
		_exit(code); /* threads still use what exit() takes away */
	ipsec_free(ip->ipsec);
	gdoi_free(ip->gdoi);
	proc_free(&ip->p);
	free(ip);
	return code;
}
