/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages over SOCK_SEQPACKET with descriptors (see ipc.h).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ipc.h"

#define IPC_HEADER 8
#define IPC_FDS 4

struct packed { /* one message, ready for sendmsg() */
	uint8_t head[IPC_HEADER];
	struct iovec iov[2];
	_Alignas(struct cmsghdr) char ctl[CMSG_SPACE(sizeof(int) * IPC_FDS)];
	struct msghdr mh;
};

static void
pack(struct packed *p, uint16_t type, uint32_t session, const void *body,
    size_t len, const int *fds, int nfds)
{
	struct wr w = wr_of(p->head, sizeof(p->head));
	struct cmsghdr *c;

	if (len > IPC_MAX - IPC_HEADER || nfds > IPC_FDS)
		fatal("message %u of %zu octets", type, len);
	wr_u16(&w, type);
	wr_u16(&w, 0);
	wr_u32(&w, session);
	p->iov[0] = (struct iovec){p->head, sizeof(p->head)};
	p->iov[1] = (struct iovec){(void *)(uintptr_t)body, len};
	p->mh = (struct msghdr){.msg_iov = p->iov, .msg_iovlen = 2};
	if (nfds <= 0)
		return;
	memset(p->ctl, 0, sizeof(p->ctl));
	p->mh.msg_control = p->ctl;
	p->mh.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
	c = CMSG_FIRSTHDR(&p->mh);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)nfds);
}

int
ipc_send(int sock, uint16_t type, uint32_t session, const void *body,
    size_t len, const int *fds, int nfds)
{
	struct packed p;

	pack(&p, type, session, body, len, fds, nfds);
	for (;;) {
		struct pollfd pfd = {.fd = sock, .events = POLLOUT};

		if (sendmsg(sock, &p.mh, MSG_NOSIGNAL) != -1)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != ENOBUFS)
			return -1;
		(void)poll(&pfd, 1, 1000);
	}
}

int
ipc_try_send(int sock, uint16_t type, uint32_t session, const void *body,
    size_t len, const int *fds, int nfds)
{
	struct packed p;
	ssize_t n;

	pack(&p, type, session, body, len, fds, nfds);
	do
		n = sendmsg(sock, &p.mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == ENOBUFS || errno == ETOOMANYREFS))
		errno = EAGAIN;
	return n == -1 ? -1 : 0;
}

static void
take_fds(struct msghdr *mh, struct ipc_msg *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > IPC_FDS)
			n = IPC_FDS;
		memcpy(msg->fds, CMSG_DATA(c), n * sizeof(int));
		msg->nfds = (int)n;
	}
}

int
ipc_recv(int sock, uint8_t *buf, struct ipc_msg *msg)
{
	struct iovec iov = {buf, IPC_MAX};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * IPC_FDS)];
	} ctl;
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = ctl.buf, .msg_controllen = sizeof(ctl.buf)};
	ssize_t n;

	memset(msg, 0, sizeof(*msg));
	n = recvmsg(sock, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	take_fds(&mh, msg);
	if (n < IPC_HEADER || (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		/* what breaks the rules leaves no descriptor here */
		while (msg->nfds > 0)
			close(msg->fds[--msg->nfds]);
		return -1;
	}
	msg->body = rd_of(buf, (size_t)n);
	msg->type = rd_u16(&msg->body);
	(void)rd_u16(&msg->body);
	msg->session = rd_u32(&msg->body);
	return 1;
}

/* ---- what only the last reader may see ---- */

int
ipc_secret(const char *text)
{
	size_t len = strlen(text);
	int p[2];

	if (len >= IPC_SECRET_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (pipe2(p, O_CLOEXEC) == -1)
		return -1;
	/* fits into an empty pipe: it does not wait */
	if (write(p[1], text, len) != (ssize_t)len) {
		close(p[0]);
		p[0] = -1;
	}
	close(p[1]);
	return p[0];
}

/* Whoever is at the other end must not make us wait: a pipe, and what is in
 * it now, or a file. */
bool
ipc_secret_read(int fd, char *buf, size_t size)
{
	struct stat st;
	size_t len = 0;
	ssize_t n = -1;

	if (fstat(fd, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode)) &&
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		while (len < size &&
		    (n = read(fd, buf + len, size - len)) > 0)
			len += (size_t)n;
	close(fd);
	if (n != 0 || len >= size) {
		explicit_bzero(buf, size);
		return false;
	}
	buf[len] = '\0';
	return true;
}
