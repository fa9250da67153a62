/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests/interop/libreswan.sh (LD_PRELOAD): a kernel without ESP refuses
 * the SAs that pluto gives it, and pluto gives up its quick mode. Here the
 * refusal becomes a yes, so that all messages of IKE are exchanged; nothing
 * is encrypted.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/socket.h>

ssize_t
recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
    socklen_t *from_len)
{
	static ssize_t (*real)(int, void *, size_t, int, struct sockaddr *,
	    socklen_t *);
	struct nlmsghdr *h = buf;
	struct nlmsgerr *e;
	ssize_t n;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "recvfrom");
	n = real(fd, buf, len, flags, from, from_len);
	if (n >= (ssize_t)NLMSG_LENGTH(sizeof(*e)) && from != NULL &&
	    from->sa_family == AF_NETLINK && h->nlmsg_type == NLMSG_ERROR) {
		e = NLMSG_DATA(h);
		if (e->error == -EPROTONOSUPPORT)
			e->error = 0;
	}
	return n;
}
