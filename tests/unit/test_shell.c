/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shell between a user and a router, both of them here: when Ctrl-C and a
 * question cross, the next line is a command and no answer.
 */
#include "config.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/shell_priv.h"
#include "unit.h"

#define LIMIT_MS 20000

struct rig {
	int user; /* the terminal, from the side of the keys */
	int sock; /* the session, from the side of the router */
	pid_t shell;
	char screen[4096];
	size_t seen;
};

static void
run_shell(int tty, int sock)
{
	static const struct shell_who who = {.user = "", .peer = ""};
	struct shell s;

	shell_init(&s, sock, &who, "");
	shell_open(&s, &(struct edit_io){.in = tty, .out = tty, .other = sock});
	shell_dialogue(&s);
	shell_free(&s);
	_exit(0);
}

static void
rig_open(struct rig *r)
{
	int tty[2], sock[2];

	memset(r, 0, sizeof(*r));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, tty), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), 0);
	r->user = tty[0];
	r->sock = sock[0];
	r->shell = fork();
	assert_int_not_equal(r->shell, -1);
	if (r->shell == 0) {
		close(tty[0]);
		close(sock[0]);
		run_shell(tty[1], sock[1]);
	}
	close(tty[1]);
	close(sock[1]);
}

static void
rig_close(struct rig *r)
{
	int status;

	(void)ipc_send(r->sock, IPC_CLOSE, 0, NULL, 0, NULL, 0);
	assert_int_equal(waitpid(r->shell, &status, 0), r->shell);
	assert_int_equal(status, 0);
	close(r->user);
	close(r->sock);
}

static void
type(struct rig *r, const char *keys)
{
	size_t n = strlen(keys);

	assert_int_equal(write(r->user, keys, n), n);
}

static void
wait_fd(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
}

/* Until the user sees it. */
static void
sees(struct rig *r, const char *text)
{
	ssize_t n;

	while (strstr(r->screen, text) == NULL) {
		wait_fd(r->user);
		assert_true(r->seen < sizeof(r->screen) - 1);
		n = read(r->user, r->screen + r->seen,
		    sizeof(r->screen) - 1 - r->seen);
		assert_true(n > 0);
		r->seen += (size_t)n;
		r->screen[r->seen] = '\0';
	}
	r->seen = 0;
	r->screen[0] = '\0';
}

static void
prompts(struct rig *r)
{
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_str(&w, "R1#");
	wr_u16(&w, 0);
	wr_u8(&w, 15);
	wr_u8(&w, 0);
	assert_int_equal(ipc_send(r->sock, IPC_PROMPT, 0, buf, wr_len(&w),
	    NULL, 0), 0);
}

static void
asks(struct rig *r, const char *question)
{
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_u8(&w, CLI_ASK_LINE);
	wr_str(&w, question);
	assert_int_equal(ipc_send(r->sock, IPC_ASK, 0, buf, wr_len(&w), NULL,
	    0), 0);
}

/* What the shell says next, but for that keys were pressed. */
static void
says(struct rig *r, uint16_t type, const char *text)
{
	static uint8_t buf[IPC_MAX];
	struct ipc_msg m;
	char got[64];

	do {
		wait_fd(r->sock);
		assert_int_equal(ipc_recv(r->sock, buf, &m), 1);
	} while (m.type == IPC_ACTIVE);
	assert_int_equal(m.type, type);
	if (text != NULL) {
		rd_str(&m.body, got, sizeof(got));
		assert_string_equal(got, text);
	}
}

static void
command_runs(struct rig *r)
{
	says(r, IPC_HELLO, NULL);
	prompts(r);
	sees(r, "R1#");
	type(r, "first\r");
	says(r, IPC_LINE, "first");
}

/* The question was on its way when the command heard that it has to end. */
static void
question_that_nobody_waits_for(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	command_runs(&r);
	type(&r, "\x03");
	says(&r, IPC_ABORT, NULL);
	asks(&r, "Name: ");
	prompts(&r);
	says(&r, IPC_ABORT, NULL);
	sees(&r, "Name: \r\nR1#");
	type(&r, "second\r");
	says(&r, IPC_LINE, "second");
	rig_close(&r);
}

/* The command took no notice before: now it ends by its question; that of the
 * next command is one again. */
static void
question_behind_ctrl_c(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	command_runs(&r);
	type(&r, "\x03");
	says(&r, IPC_ABORT, NULL);
	asks(&r, "Name: ");
	says(&r, IPC_ABORT, NULL);
	asks(&r, "Really: ");
	sees(&r, "Really: ");
	type(&r, "no\r");
	says(&r, IPC_ANSWER, "no");
	prompts(&r);
	sees(&r, "R1#");
	type(&r, "second\r");
	says(&r, IPC_LINE, "second");
	asks(&r, "Name: ");
	sees(&r, "Name: ");
	type(&r, "x\r");
	says(&r, IPC_ANSWER, "x");
	prompts(&r);
	rig_close(&r);
}

/* Who is logging in is asked again. */
static void
login(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	says(&r, IPC_HELLO, NULL);
	type(&r, "\x03");
	says(&r, IPC_ABORT, NULL);
	asks(&r, "Username: ");
	sees(&r, "Username: ");
	type(&r, "me\r");
	says(&r, IPC_ANSWER, "me");
	prompts(&r);
	sees(&r, "R1#");
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_that_nobody_waits_for),
		cmocka_unit_test(question_behind_ctrl_c),
		cmocka_unit_test(login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
