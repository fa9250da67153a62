/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Process fwd: TUN descriptors and the channel from ike around the packet
 * engine. This thread is the control side; packets are the worker's (tun.c).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "dataplane/fwd.h"
#include "dataplane/nat.h"
#include "dataplane/tun.h"
#include "main/privdrop.h"
#include "main/proc.h"
#include "main/router.h"

struct fwd_proc {
	struct proc p;
	struct fwd *fwd;
	struct tun_engine *tun;
	int peer; /* from ike */
	bool synced, started;
	struct timer start_timer;
	struct route *routes;
	size_t nroutes, cap;
};

static uint64_t
io_now(void *arg UNUSED)
{
	return time_mono_ms();
}

static uint64_t
io_now_us(void *arg UNUSED)
{
	return time_mono_us();
}

static void
io_random(void *arg UNUSED, void *data, size_t len)
{
	if (getrandom(data, len, 0) != (ssize_t)len)
		fatal("random");
}

/* Not waited for: ike may be waiting for us. */
static bool
io_use(void *arg, const struct sa_event *e)
{
	struct fwd_proc *fp = arg;
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));

	return fp->peer != -1 && sa_event_put(&w, e) &&
	    ipc_try_send(fp->peer, IPC_SA_EVENT, 0, buf, wr_len(&w), NULL,
	    0) == 0;
}

static void
io_event(void *arg, const struct sa_event *e)
{
	(void)io_use(arg, e);
}

static void
io_tunnel(void *arg, uint16_t port, bool answered,
    const struct tunnel_count *c)
{
	struct fwd_proc *fp = arg;
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_u16(&w, port);
	wr_u8(&w, answered);
	wr_u64(&w, c->in_packets);
	wr_u64(&w, c->in_bytes);
	wr_u64(&w, c->out_packets);
	wr_u64(&w, c->out_bytes);
	wr_u32(&w, c->mtu);
	wr_u64(&w, c->until);
	(void)ipc_send(fp->p.sock, IPC_TUNNEL, 0, buf, wr_len(&w), NULL, 0);
}

static void
io_drops(void *arg, uint16_t port, uint64_t packets)
{
	struct fwd_proc *fp = arg;
	uint8_t buf[16];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_u16(&w, port);
	wr_u64(&w, packets);
	(void)ipc_send(fp->p.sock, IPC_DROPS, 0, buf, wr_len(&w), NULL, 0);
}

/* tx is the port engine's (tun.h). */
static const struct fwd_io io = {.now = io_now, .now_us = io_now_us,
    .random = io_random, .log = proc_log, .event = io_event,
    .tunnel = io_tunnel, .drops = io_drops, .use = io_use};

/* ---- start ---- */

#define SYNC_WAIT_MS 1000

/* Not a packet moves before ike said its policies: a restart of this process
 * must not send in clear what the group encrypts. Without ike there is no
 * group policy either, so it is not waited for long. */
static void
start_worker(void *arg)
{
	struct fwd_proc *fp = arg;

	if (fp->started)
		return;
	fp->started = true;
	loop_timer(fp->p.loop, &fp->start_timer, 0);
	tun_start(fp->tun);
}

/* ---- ike ---- */

static void
on_peer(void *arg, int fd)
{
	static uint8_t buf[IPC_MAX];
	struct fwd_proc *fp = arg;
	struct ipc_msg m;
	int got, i;

	while ((got = ipc_recv(fd, buf, &m)) == 1) {
		struct arena *mem = arena_new();
		struct sa_change c;

		if (m.type == IPC_SA && sa_get(&m.body, &c, mem)) {
			fwd_sa(fp->fwd, &c);
			explicit_bzero(&c, sizeof(c));
		} else if (m.type == IPC_RESYNC) {
			fp->synced = true;
			if (fp->start_timer.at != 0)
				start_worker(fp);
		}
		for (i = 0; i < m.nfds; i++)
			close(m.fds[i]);
		explicit_bzero(buf, (size_t)(m.body.end - buf));
		arena_free(mem);
	}
	if (got == -1) { /* ike is gone: the TEKs stay */
		loop_del(fp->p.loop, fd);
		close(fd);
		fp->peer = -1;
	}
}

/* ---- main ---- */

static void
add_routes(struct fwd_proc *fp, struct rd *body)
{
	while (rd_left(body) != 0) {
		if (fp->nroutes == fp->cap) {
			fp->cap = fp->cap ? fp->cap * 2 : 64;
			fp->routes = xrealloc(fp->routes,
			    fp->cap * sizeof(*fp->routes));
		}
		route_get(body, &fp->routes[fp->nroutes]);
		if (rd_ok(body))
			fp->nroutes++;
	}
}

static void
take_port(struct fwd_proc *fp, struct ipc_msg *m)
{
	struct port port;

	port_get(&m->body, &port);
	if (!rd_ok(&m->body))
		return;
	fwd_port(fp->fwd, &port);
	if (m->nfds >= 1) {
		if (tun_add(fp->tun, port.index, m->fds[0]) == -1)
			log_emit(LOG_SYS_NETLINK, "a TUN cannot be used");
		if (m->nfds >= 2 && tun_add_multicast(fp->tun, port.index,
			m->fds[1], port.ifindex) == -1)
			log_emit(LOG_SYS_NETLINK,
			    "a packet socket cannot be used");
		m->nfds = 0;
	} else if (port.ifindex == 0 && !port.loopback)
		tun_del(fp->tun, port.index);
}

static void
fwd_message(struct proc *p, struct ipc_msg *m)
{
	struct fwd_proc *fp = p->priv;
	int i;

	switch (m->type) {
	case IPC_PORT:
		take_port(fp, m);
		break;
	case IPC_SOCKET: /* the TUN of locally generated packets */
		if (m->nfds == 1) {
			if (tun_add(fp->tun, PORT_LOCAL, m->fds[0]) == -1)
				fatal("the TUN of own packets cannot be used");
			m->nfds = 0;
		}
		break;
	case IPC_ROUTES_BEGIN:
		fp->nroutes = 0;
		break;
	case IPC_ROUTES:
		add_routes(fp, &m->body);
		break;
	case IPC_ROUTES_END:
		fwd_routes(fp->fwd, fp->routes, fp->nroutes);
		break;
	case IPC_CLEAR:
		fwd_clear_counters(fp->fwd, rd_u16(&m->body));
		break;
	case IPC_PEER:
		if (m->nfds != 1)
			break;
		if (fp->peer != -1) {
			loop_del(p->loop, fp->peer);
			close(fp->peer);
		}
		fp->peer = m->fds[0];
		m->nfds = 0;
		/* another ike: it says which SAs it knows */
		fwd_sa(fp->fwd, &(struct sa_change){ .type = SA_DOUBT });
		loop_add(p->loop, fp->peer, on_peer, fp);
		break;
	}
	for (i = 0; i < m->nfds; i++)
		close(m->fds[i]);
}

static void
fwd_conf(struct proc *p, const struct conf *old, const struct conf *new)
{
	struct fwd_proc *fp = p->priv;

	fwd_config(fp->fwd, old, new);
}

/* The worker has something for this thread: logs, ping, counters. */
static void
on_worker(void *arg, int fd UNUSED)
{
	struct fwd_proc *fp = arg;

	tun_event_ack(fp->tun); /* fwd_timeout() follows, the loop is idle */
}

/* Tests let sender identifiers end after so many packets. More than there
 * are it cannot become, so it does no harm in a router that is in use; but it
 * costs registrations, and so it is not silent. */
static void
test_limit(struct fwd_proc *fp)
{
	const char *text = getenv("COHORT_TEST_IV_LIMIT");
	unsigned long n;
	char told[80], *end;

	if (text == NULL)
		return;
	n = strtoul(text, &end, 10);
	if (end == text || *end != '\0')
		n = 0;
	snprintf(told, sizeof(told), n == 0 ?
	    "COHORT_TEST_IV_LIMIT is not a number of packets" :
	    "COHORT_TEST_IV_LIMIT: a sender identifier ends after %lu packets",
	    n);
	log_emit(LOG_SYS_CONF_LINE, told);
	fwd_set_iv_limit(fp->fwd, n);
}

static void
fwd_start(struct proc *p)
{
	struct fwd_proc *fp = p->priv;

	test_limit(fp);
	privdrop();
	loop_add(p->loop, tun_event_fd(fp->tun), on_worker, fp);
	fp->start_timer.fn = start_worker;
	fp->start_timer.arg = fp;
	if (fp->synced)
		start_worker(fp);
	else
		loop_timer(p->loop, &fp->start_timer,
		    time_mono_ms() + SYNC_WAIT_MS);
}

static uint64_t
fwd_due(struct proc *p)
{
	struct fwd_proc *fp = p->priv;

	return fwd_timeout(fp->fwd);
}

static void
fwd_debug(struct proc *p)
{
	struct fwd_proc *fp = p->priv;

	nat_debug_changed(fp->fwd);
	ipdebug_changed(fp->fwd);
}

static const struct proc_ops ops = {.conf = fwd_conf, .message = fwd_message,
    .start = fwd_start, .timeout = fwd_due, .debugging = fwd_debug};

int
proc_fwd(int sock)
{
	struct fwd_proc *fp = xcalloc(1, sizeof(*fp));
	int code;

	fp->peer = -1;
	fp->fwd = fwd_new(&io, fp);
	fp->tun = tun_new(fp->fwd);
	fp->p = (struct proc){.sock = sock, .loop = loop_new(), .ops = &ops,
	    .engine = fp->fwd, .priv = fp};
	code = proc_run(&fp->p);
	tun_free(fp->tun);
	fwd_free(fp->fwd);
	free(fp->routes);
	proc_free(&fp->p);
	free(fp);
	return code;
}
