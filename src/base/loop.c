/* SPDX-License-Identifier: BSD-2-Clause
 *
 * epoll, a short list of timers, signalfd.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/loop.h"

#define MAX_SIGNALS 65

struct watch {
	loop_fd_fn *fn;
	void *arg;
};

struct loop {
	int epfd, sigfd;
	struct watch *watches; /* by descriptor */
	int nwatches;
	struct timer *timers; /* sorted by time */
	sigset_t signals;
	void (*sig_fn)(void *, int);
	void *sig_arg;
	loop_fn *idle_fn;
	void *idle_arg;
	bool stopped;
	int code;
};

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd == -1)
		fatal("epoll_create1");
	l->sigfd = -1;
	sigemptyset(&l->signals);
	return l;
}

void
loop_free(struct loop *l)
{
	close(l->epfd);
	if (l->sigfd != -1)
		close(l->sigfd);
	free(l->watches);
	free(l);
}

void
loop_add(struct loop *l, int fd, loop_fd_fn *fn, void *arg)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (fd >= l->nwatches) {
		int n = fd + 16;

		l->watches = xrealloc(l->watches,
		    (size_t)n * sizeof(*l->watches));
		for (; l->nwatches < n; l->nwatches++)
			l->watches[l->nwatches] = (struct watch){NULL, NULL};
	}
	l->watches[fd] = (struct watch){fn, arg};
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) == -1)
		fatal("epoll_ctl add %d: errno %d", fd, errno);
}

void
loop_del(struct loop *l, int fd)
{
	if (fd < 0 || fd >= l->nwatches || l->watches[fd].fn == NULL)
		return;
	l->watches[fd].fn = NULL;
	(void)epoll_ctl(l->epfd, EPOLL_CTL_DEL, fd, NULL);
}

void
loop_timer(struct loop *l, struct timer *t, uint64_t at_ms)
{
	struct timer **p;

	if (t->at != 0) {
		for (p = &l->timers; *p != t; p = &(*p)->next)
			if (*p == NULL)
				fatal("timer is not in the list");
		*p = t->next;
		t->at = 0;
	}
	if (at_ms == 0 || at_ms == UINT64_MAX)
		return;
	t->at = at_ms;
	for (p = &l->timers; *p != NULL && (*p)->at <= at_ms; p = &(*p)->next)
		;
	t->next = *p;
	*p = t;
}

static void
on_signal(void *arg, int fd)
{
	struct loop *l = arg;
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		l->sig_fn(l->sig_arg, (int)si.ssi_signo);
}

void
loop_signal(struct loop *l, int signo, void (*fn)(void *, int), void *arg)
{
	sigaddset(&l->signals, signo);
	sigprocmask(SIG_BLOCK, &l->signals, NULL);
	l->sig_fn = fn;
	l->sig_arg = arg;
	if (l->sigfd == -1) {
		l->sigfd = signalfd(-1, &l->signals, SFD_CLOEXEC);
		if (l->sigfd == -1)
			fatal("signalfd");
		loop_add(l, l->sigfd, on_signal, l);
	} else if (signalfd(l->sigfd, &l->signals, SFD_CLOEXEC) == -1)
		fatal("signalfd");
}

void
loop_idle(struct loop *l, loop_fn *fn, void *arg)
{
	l->idle_fn = fn;
	l->idle_arg = arg;
}

static void
run_timers(struct loop *l)
{
	uint64_t now = time_mono_ms();

	while (l->timers != NULL && l->timers->at <= now) {
		struct timer *t = l->timers;

		l->timers = t->next;
		t->at = 0;
		t->fn(t->arg);
	}
}

static int
wait_ms(const struct loop *l)
{
	uint64_t now;

	if (l->timers == NULL)
		return -1;
	now = time_mono_ms();
	if (l->timers->at <= now)
		return 0;
	/* epoll does not count the time that the machine sleeps, the clock
	 * does: what became due meanwhile is seen within a minute */
	return l->timers->at - now > 60000 ? 60000
					   : (int)(l->timers->at - now);
}

int
loop_run(struct loop *l)
{
	struct epoll_event ev[64];
	int i, n;

	while (!l->stopped) {
		run_timers(l);
		if (l->idle_fn != NULL)
			l->idle_fn(l->idle_arg);
		if (l->stopped)
			break;
		n = epoll_wait(l->epfd, ev, NELEM(ev), wait_ms(l));
		if (n == -1 && errno != EINTR)
			fatal("epoll_wait: errno %d", errno);
		for (i = 0; i < n && !l->stopped; i++) {
			int fd = ev[i].data.fd;

			/* An earlier event may have taken it away. */
			if (l->watches[fd].fn != NULL)
				l->watches[fd].fn(l->watches[fd].arg, fd);
		}
	}
	return l->code;
}

void
loop_stop(struct loop *l, int code)
{
	l->stopped = true;
	l->code = code;
}
