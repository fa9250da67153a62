/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The terminal of a shell: descriptors, raw mode, the ring of keys, output.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "cli/telnet.h"
#include "cli/term.h"

#define KEYS 65536 /* type-ahead: a pasted configuration */
#define OUT_SIZE 4096
#define CTRL_C 0x03
#define CTRL_SHIFT_6 0x1e
/* How long who does not read holds the end of a session up. */
#define LINGER_MS 5000

struct term {
	struct term_io io;
	const struct term_ops *ops;
	void *arg;
	struct termios before;
	bool tty;	 /* in is one */
	bool own_out;	 /* io.out was opened here */
	bool blocks;	 /* io.out does, when it is full */
	bool gone, eof;	 /* the user; the input */
	bool ended;	 /* the session: no more keys are wanted */
	bool watch, stop; /* a command runs; it shall end */
	bool after_cr;	 /* of the keys */
	char last;	 /* octet of the output */
	unsigned char keys[KEYS]; /* ring */
	size_t head, count;
	unsigned char obuf[OUT_SIZE + 2];
	size_t nout;
	struct telnet telnet;
};

/* ---- keys ---- */

static void
key_put(struct term *t, unsigned char c)
{
	bool folded = t->after_cr && (c == '\n' || c == '\0');

	t->after_cr = c == '\r';
	if (folded)
		return;
	if (t->watch && (c == CTRL_C || c == CTRL_SHIFT_6)) {
		t->stop = true;
		return;
	}
	if (t->count < KEYS)
		t->keys[(t->head + t->count++) % KEYS] = c == '\n' ? '\r' : c;
}

/* Nothing typed, a password least of all, stays in the ring. */
static int
key_take(struct term *t)
{
	int c = t->keys[t->head];

	t->keys[t->head] = 0;
	t->head = (t->head + 1) % KEYS;
	t->count--;
	return c;
}

static size_t
keys_room(const struct term *t)
{
	size_t room = KEYS - t->count;

	if (t->io.telnet && telnet_room(&t->telnet) < room)
		room = telnet_room(&t->telnet);
	return room;
}

static void
keys_read(struct term *t)
{
	unsigned char raw[4096], buf[4096], *p = raw;
	size_t room = keys_room(t), i, keys;
	ssize_t n;

	if (room == 0)
		return;
	n = read(t->io.in, raw, room < sizeof(raw) ? room : sizeof(raw));
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		/* Of a pipe or a connection that is the end of the input: who
		 * sent it may still read. A tty has hung up. */
		t->eof = true;
		t->gone |= t->tty || n == -1;
		return;
	}
	keys = (size_t)n;
	if (t->io.telnet) {
		keys = telnet_take(&t->telnet, raw, keys, buf);
		p = buf;
	}
	for (i = 0; i < keys; i++)
		key_put(t, p[i]);
	explicit_bzero(raw, sizeof(raw));
	explicit_bzero(buf, sizeof(buf));
	if (t->ops->active != NULL)
		t->ops->active(t->arg);
}

bool
term_more(struct term *t)
{
	struct pollfd p = {.fd = t->io.in, .events = POLLIN};

	return t->count > 0 || t->eof || poll(&p, 1, 0) == 1;
}

/* Waits for keys (unless the ring is full) or the router. False: that has
 * ended the session, which is not served here. */
static bool
wait_input(struct term *t, bool serve)
{
	size_t had = t->count;
	struct pollfd p[2] = {
	    {.fd = t->io.other, .events = serve ? POLLIN : 0},
	    {.fd = keys_room(t) > 0 && !t->eof ? t->io.in : -1,
		.events = POLLIN}};

	term_flush(t);
	if (t->count != had || (t->watch && t->stop) || t->gone ||
	    (t->eof && p[1].fd != -1))
		return true; /* keys came while the user did not read */
	if (poll(p, 2, -1) == -1)
		return true;
	if (p[1].revents != 0)
		keys_read(t);
	if (serve && p[0].revents != 0)
		t->ops->event(t->arg);
	return serve || (p[0].revents & (POLLHUP | POLLERR)) == 0;
}

int
term_key(struct term *t, bool serve)
{
	bool watch = t->watch, served = true;

	/* At --More-- a command still runs, but Ctrl-C is a key. */
	t->watch = false;
	while (served && t->count == 0 && !t->gone && !t->eof && !t->ended)
		served = wait_input(t, serve);
	t->watch = watch;
	return t->count != 0 && !t->gone && !t->ended ? key_take(t) : -1;
}

int
term_wait(struct term *t)
{
	t->watch = true;
	t->stop = false;
	if (!t->gone && !t->ended)
		(void)wait_input(t, true);
	t->watch = false;
	return t->gone || t->ended ? -1 : t->stop;
}

void
term_hangup(struct term *t)
{
	t->ended = true;
	explicit_bzero(t->keys, sizeof(t->keys));
	t->count = 0;
}

/* ---- output ---- */

/* The user does not read. 0: it may have changed; -1: give up. */
static int
wait_output(struct term *t)
{
	bool room = keys_room(t) > 0 && !t->eof;
	struct pollfd p[3] = {{.fd = t->io.out, .events = POLLOUT},
	    {.fd = room ? t->io.in : -1, .events = POLLIN},
	    {.fd = t->io.other, .events = 0}};
	uint64_t until = time_mono_ms() + LINGER_MS;

	if (poll(p, 3, -1) == -1)
		return errno == EINTR ? 0 : -1;
	if (p[1].revents != 0)
		keys_read(t);
	/* The router has ended the session: the last words, or nothing. */
	while (p[0].revents == 0 && p[2].revents != 0)
		if (time_mono_ms() >= until || poll(p, 1, 100) == -1)
			return -1;
	return (p[0].revents & POLLERR) != 0 ? -1 : 0;
}

static void
send_all(struct term *t, const unsigned char *data, size_t len)
{
	while (len > 0 && !t->gone) {
		ssize_t n;

		/* What poll() lets into a pipe at once. */
		if (t->blocks && wait_output(t) == -1) {
			t->gone = true;
			break;
		}
		n = write(t->io.out, data, len < PIPE_BUF ? len : PIPE_BUF);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n == -1 && errno == EINTR)
			continue;
		else if (n == 0 || errno != EAGAIN || wait_output(t) == -1)
			t->gone = true;
	}
}

void
term_flush(struct term *t)
{
	uint8_t reply[TELNET_REPLY];
	size_t n = t->telnet.nreply;

	memcpy(reply, t->telnet.reply, n);
	t->telnet.nreply = 0; /* more may come while these are sent */
	send_all(t, reply, n);
	n = t->nout;
	t->nout = 0;
	send_all(t, t->obuf, n);
}

static void
octet(struct term *t, char c)
{
	t->obuf[t->nout++] = (unsigned char)c;
	if (t->io.telnet && (unsigned char)c == TELNET_IAC)
		t->obuf[t->nout++] = TELNET_IAC;
	if (t->nout >= OUT_SIZE)
		term_flush(t);
	t->last = c;
}

void
term_put(struct term *t, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '\n' && t->last != '\r' && !t->io.post)
			octet(t, '\r');
		octet(t, text[i]);
	}
}

bool
term_at_start(const struct term *t)
{
	return t->last == '\n';
}

/* ---- start and end ---- */

/* The tty that a signal gives back before it ends the process. */
static struct {
	volatile sig_atomic_t raw;
	int fd;
	struct termios before;
} given;

static void
on_signal(int signo)
{
	if (given.raw)
		(void)tcsetattr(given.fd, TCSANOW, &given.before);
	(void)raise(signo); /* as it was before, when this has returned */
}

static void
give_back_at_signals(const struct term *t)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
	struct sigaction sa = {.sa_handler = on_signal,
	    .sa_flags = (int)SA_RESETHAND}, old;
	size_t i;

	given.fd = t->io.in;
	given.before = t->before;
	given.raw = 1;
	for (i = 0; i < NELEM(signals); i++)
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_DFL)
			(void)sigaction(signals[i], &sa, NULL);
}

static void
make_raw(struct term *t)
{
	struct termios raw = t->before;

	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR | ISTRIP |
	    BRKINT);
	if (!t->io.post)
		raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(t->io.in, TCSANOW, &raw);
}

/* A description of our own, so that writing never blocks while others who
 * have the same terminal open see no change. Without one it may block. */
static void
open_output(struct term *t)
{
	char path[32];
	int fd, flags, one = 1;

	if (t->io.telnet) {
		/* The mark of an urgent interrupt stays behind its IAC. */
		(void)setsockopt(t->io.in, SOL_SOCKET, SO_OOBINLINE, &one,
		    sizeof(one));
		flags = fcntl(t->io.out, F_GETFL);
		(void)fcntl(t->io.out, F_SETFL, flags | O_NONBLOCK);
		return;
	}
	t->blocks = true;
	if (!isatty(t->io.out))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", t->io.out);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return;
	t->io.out = fd;
	t->own_out = true;
	t->blocks = false;
}

struct term *
term_new(const struct term_io *io, const struct term_ops *ops, void *arg)
{
	struct term *t = xcalloc(1, sizeof(*t));

	t->io = *io;
	t->ops = ops;
	t->arg = arg;
	t->last = '\n';
	if (io->telnet)
		telnet_start(&t->telnet);
	t->tty = isatty(io->in) && tcgetattr(io->in, &t->before) == 0;
	if (t->tty) {
		give_back_at_signals(t);
		make_raw(t);
	}
	if (!io->post)
		open_output(t);
	return t;
}

void
term_free(struct term *t)
{
	if (t == NULL)
		return;
	term_flush(t);
	if (t->tty) {
		(void)tcsetattr(t->io.in, TCSANOW, &t->before);
		given.raw = 0;
	}
	if (t->own_out)
		close(t->io.out);
	explicit_bzero(t->keys, sizeof(t->keys));
	free(t);
}
