/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The line editor on a pair of sockets: keys in, octets out, the line that
 * comes of it. Telnet and the pager: the same in tables.
 */
#include "config.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/edit.h"
#include "cli/pager.h"
#include "cli/telnet.h"
#include "unit.h"

#define BS10 "\b\b\b\b\b\b\b\b\b\b"

struct rig {
	int user, other[2];
	int shell_side;
	struct edit *edit;
	const char *log;  /* printed when `other` is readable */
	const char *then; /* what the user types when that was printed */
	unsigned active;
};

static void
type(struct rig *r, const char *keys, size_t n)
{
	assert_int_equal(write(r->user, keys, n), n);
}

static void
on_help(void *arg, const char *text)
{
	struct rig *r = arg;

	edit_write(r->edit, "[", 1);
	edit_write(r->edit, text, strlen(text));
	edit_write(r->edit, "]\n", 2);
}

static void
on_complete(void *arg, const char *text, char *buf)
{
	(void)arg;
	if (strcmp(text, "sh") == 0)
		str_copy(buf, "ow ", 256);
}

static void
on_event(void *arg)
{
	struct rig *r = arg;
	char c;

	if (read(r->other[0], &c, 1) != 1) {
		edit_hangup(r->edit);
		return;
	}
	edit_print_async(r->edit, r->log);
	type(r, r->then, strlen(r->then));
}

static void
on_active(void *arg)
{
	struct rig *r = arg;

	/* served when these keys are, before the next ones */
	if (r->active++ == 0 && r->log != NULL)
		assert_int_equal(write(r->other[1], "x", 1), 1);
}

static void
rig_open(struct rig *r, bool telnet)
{
	static const struct edit_ops ops = {on_help, on_complete, on_event,
	    on_active};
	struct edit_io io = {.telnet = telnet};
	int sv[2];

	memset(r, 0, sizeof(*r));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->other), 0);
	r->user = sv[0];
	r->shell_side = io.in = io.out = sv[1];
	io.other = r->other[0];
	r->edit = edit_new(&io, &ops, r);
}

static void
rig_close(struct rig *r)
{
	edit_free(r->edit);
	close(r->user);
	close(r->shell_side);
	close(r->other[0]);
	close(r->other[1]);
}

/* What was written so far; ends with a NUL. */
static const char *
seen(struct rig *r)
{
	static char buf[65536];
	ssize_t n;

	edit_write(r->edit, "", 0); /* nothing stays behind */
	n = recv(r->user, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void
expect(struct rig *r, const char *keys, const char *out, const char *line,
    enum edit_kind kind)
{
	const char *got;

	type(r, keys, strlen(keys));
	if (edit_readline(r->edit, "R1#", kind, &got) == EDIT_EOF)
		fail_msg("end of input");
	assert_string_equal(got, line);
	if (out != NULL)
		assert_string_equal(seen(r), out);
	(void)seen(r);
}

/* ---- keys ---- */

static const struct {
	const char *keys, *out, *line;
} keys[] = {
    /* what is typed at the end is echoed as it is */
    {"show clock\r", "R1#show clock\r\n", "show clock"},
    {"a\n", "R1#a\r\n", "a"},
    {"h\303\251\r", "R1#h\303\251\r\n", "h\303\251"},
    {"ab\bc\r", "R1#ab\b \bc\r\n", "ac"},
    {"ab\177\177\177c\r", "R1#ab\b \b\b \bc\r\n", "c"},
    /* in the middle: the rest again, and back */
    {"ac\002b\r", "R1#ac\bbc\b\r\n", "abc"},
    {"abc\001\004\r", "R1#abc\b\b\bbc \b\b\b\r\n", "bc"},
    {"abc\001\006\013\r", "R1#abc\b\b\ba  \b\b\r\n", "a"},
    {"ab\001\005c\r", "R1#ab\b\babc\r\n", "abc"},
    {"ab\002\025\r", "R1#ab\b\bb \b\b\r\n", "b"},
    {"ab cd\027e\r", "R1#ab cd\b\b  \b\be\r\n", "ab e"},
    {"ab\024\r", NULL, "ba"},
    {"abc\033[D\033OD\033[Cx\r", NULL, "abxc"},
    {"abc\033[H\033[3~\033[Fx\r", NULL, "bcx"},
    {"abc\033[1~\033[4~x\r", NULL, "abcx"},
    {"ab cd\033b\033bx\033fy\r", NULL, "xaby cd"},
    {"ab cd\001\033d\r", NULL, " cd"},
    {"ab cd\001\033c\033u\r", NULL, "Ab CD"},
    {"AB\001\033l\r", NULL, "ab"},
    /* the last deletions: the newest, then the ones before */
    {"a b\027\027x\031\r", NULL, "xa "},
    {"a b\027\027x\031\033y\r", NULL, "xb"},
    {"a b\027\027x\031\033y\033y\r", NULL, "xa "},
    {"a b\027x\033y\r", NULL, "a x"},
    {"a b\027\031\033d\033y\r", NULL, "a b"},
    /* literally */
    {"a\026\003b\033q?\r", "R1#a^Cb?\r\n", "a\003b?"},
    {"a\026\003\b\r", "R1#a^C\b\b  \b\b\r\n", "a"},
    /* sequences that mean nothing, and a line end within one */
    {"a\033[200~b\033[15~c\033[1;5Zd\r", "R1#abcd\r\n", "abcd"},
    {"a\033[12\r", "R1#a\r\n", "a"},
    {"a\033\r", "R1#a\r\n", "a"},
    /* keys without a function, and half characters, are none */
    {"a\036\007\016\377\303b\300\r", "R1#ab\r\n", "ab"},
    /* help and completion */
    {"sh?\025\r", "R1#sh?\r\n[sh]\r\nR1#sh\b\b  \b\b\r\n", ""},
    {"shx\002?\r", "R1#shx\bx?\r\n[sh]\r\nR1#shx\b\r\n", "shx"},
    {"sh\tx\r", "R1#sh\r\nR1#show x\r\n", "show x"},
    {"zz\t\r", "R1#zz\r\nR1#zz\r\n", "zz"},
    {"ab\014\022\r", "R1#ab\r\nR1#ab\r\nR1#ab\r\n", "ab"},
};

static void
test_keys(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < NELEM(keys); i++) {
		struct rig r;

		rig_open(&r, false);
		expect(&r, keys[i].keys, keys[i].out, keys[i].line, EDIT_EXEC);
		assert_true(r.active > 0);
		rig_close(&r);
	}
}

/* Any keys: only printable octets, BS, CR, LF and BEL come out, and the line
 * ends. */
static void
test_random(void **state UNUSED)
{
	uint32_t x = 2463534242u;
	const char *line, *p;
	struct rig r;
	int n, i;

	rig_open(&r, false);
	edit_set(r.edit, &(struct edit_settings){40, 5, true, false});
	for (n = 0; n < 500; n++) {
		char buf[200];

		for (i = 0; i < 199; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			buf[i] = (char)(x % 3 != 0 ? ' ' + x / 3 % 95
						   : x / 3 % 256);
		}
		buf[199] = '\r';
		type(&r, buf, sizeof(buf));
		type(&r, "!end\r", 5);
		do {
			assert_int_not_equal(edit_readline(r.edit, "R1#",
						 EDIT_EXEC, &line), EDIT_EOF);
			for (p = seen(&r); *p != '\0'; p++)
				assert_true((unsigned char)*p >= ' ' ||
				    strchr("\b\r\n\a", *p) != NULL);
		} while (strcmp(line, "!end") != 0);
	}
	rig_close(&r);
}

/* ---- a screen of one row ---- */

struct row {
	char s[256];
	unsigned col, width;
};

static void
row_put(struct row *t, const char *out)
{
	for (; *out != '\0'; out++)
		if (*out == '\b') {
			assert_true(t->col > 0);
			t->col--;
		} else if (*out == '\r' || *out == '\n') {
			if (strcmp(out, "\r\n") == 0)
				return; /* Enter: the row stays */
			t->col = 0;
			memset(t->s, ' ', sizeof(t->s) - 1);
		} else if (*out != '\a') {
			assert_true(t->col < t->width);
			t->s[t->col++] = *out;
			assert_true(t->col < t->width);
		}
}

/* What the row shows is the line, or a window of it between two `$`. */
static bool
row_shows(const struct row *t, const char *line)
{
	size_t room = t->width - 4, len = strlen(line), from, i;

	if (memcmp(t->s, "R1#", 3) != 0)
		return false;
	for (from = 0; from == 0 || from < len; from++) {
		bool right = len > from + room;

		for (i = 0; i < room; i++) {
			char want = from + i < len ? line[from + i] : ' ';

			if ((i == 0 && from > 0) || (i + 1 == room && right))
				want = '$';
			if (t->s[3 + i] != want)
				break;
		}
		if (i == room && (from > 0 || len <= room || right))
			return true;
	}
	return false;
}

/* At any width the cursor stays in the row, and that shows the line. */
static void
test_screen(void **state UNUSED)
{
	static const char edits[] = "\001\005\002\006\b\004\013\025\027"
				    "\020\016\031\024\014\t";
	uint32_t x = 88172645u;
	struct row t;
	struct rig r;
	int n, i;

	rig_open(&r, false);
	for (n = 0; n < 2000; n++) {
		char in[300];
		const char *line;

		t = (struct row){.width = 8 + (unsigned)n % 90};
		memset(t.s, ' ', sizeof(t.s) - 1);
		edit_set(r.edit, &(struct edit_settings){t.width, 5, true,
		    false});
		for (i = 0; i < 250; i++) {
			x = x * 1664525u + 1013904223u;
			in[i] = x >> 30 != 0 ? (char)('a' + x / 4096 % 26)
			    : x >> 28 == 0 ? ' '
			    : edits[x / 4096 % (sizeof(edits) - 1)];
		}
		in[i++] = '\r';
		type(&r, in, (size_t)i);
		assert_int_equal(edit_readline(r.edit, "R1#", EDIT_EXEC,
				     &line), EDIT_LINE);
		row_put(&t, seen(&r));
		if (!row_shows(&t, line))
			fail_msg("width %u: \"%s\" of \"%s\"", t.width, t.s,
			    line);
	}
	rig_close(&r);
}

/* A line of a megabyte is refused as a whole, with one BEL; the next one is
 * whole. A full ring stops the reading, and nothing is lost. */
static void
test_long(void **state UNUSED)
{
	struct rig r;
	const char *line;
	pid_t pid;
	int i;

	rig_open(&r, false);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) { /* writes while the editor reads; drops the echo */
		static char mega[1 << 20];
		char buf[4096];
		size_t n = 0;

		memset(mega, 'x', sizeof(mega));
		memcpy(mega + sizeof(mega) - 7, "\rshort\r", 7);
		while (n < sizeof(mega)) {
			ssize_t put = send(r.user, mega + n, sizeof(mega) - n,
			    MSG_DONTWAIT);

			n += put > 0 ? (size_t)put : 0;
			while (n < sizeof(mega) - 100 && recv(r.user, buf,
				   sizeof(buf), MSG_DONTWAIT) > 0)
				;
		}
		_exit(0);
	}
	assert_int_equal(edit_readline(r.edit, "R1#", EDIT_EXEC, &line),
	    EDIT_LONG);
	assert_string_equal(line, "");
	assert_int_equal(edit_readline(r.edit, "R1#", EDIT_EXEC, &line),
	    EDIT_LINE);
	assert_string_equal(line, "short");
	assert_int_equal(waitpid(pid, &i, 0), pid);
	rig_close(&r);
}

/* CR, LF, CR LF, CR NUL: one end of line each; type-ahead is echoed once. */
static void
test_line_ends(void **state UNUSED)
{
	static const char in[] = "a\rb\nc\r\nd\r\0e\r\rf\r";
	static const char *const want[] = {"a", "b", "c", "d", "e", "", "f"};
	struct rig r;
	const char *line;
	size_t i;

	rig_open(&r, false);
	type(&r, in, sizeof(in) - 1);
	for (i = 0; i < NELEM(want); i++) {
		assert_int_equal(edit_readline(r.edit, "#", EDIT_EXEC, &line),
		    EDIT_LINE);
		assert_string_equal(line, want[i]);
	}
	assert_string_equal(seen(&r),
	    "#a\r\n#b\r\n#c\r\n#d\r\n#e\r\n#\r\n#f\r\n");
	shutdown(r.user, SHUT_WR);
	assert_int_equal(edit_readline(r.edit, "#", EDIT_EXEC, &line),
	    EDIT_EOF);
	rig_close(&r);
}

static void
test_history(void **state UNUSED)
{
	struct rig r;

	rig_open(&r, false);
	edit_set(r.edit, &(struct edit_settings){80, 2, true, false});
	expect(&r, "one\r", NULL, "one", EDIT_EXEC);
	expect(&r, "two\r", NULL, "two", EDIT_EXEC);
	expect(&r, "two\r", NULL, "two", EDIT_EXEC);
	expect(&r, "hostname x\r", NULL, "hostname x", EDIT_CONFIG);
	expect(&r, "secret\r", "R1#\r\n", "secret", EDIT_SECRET);
	expect(&r, "answer\r", NULL, "answer", EDIT_ANSWER);
	expect(&r, "text\r", NULL, "text", EDIT_TEXT);
	expect(&r, "ty\020\020\020\r", "R1#ty\bwo\b\b\bone\r\n", "one",
	    EDIT_EXEC);
	expect(&r, "ty\033[A\033[A\033OB\016\r", NULL, "ty", EDIT_EXEC);
	expect(&r, "\020\020\r", NULL, "one", EDIT_EXEC);
	expect(&r, "\020\r", NULL, "hostname x", EDIT_CONFIG);
	edit_set(r.edit, &(struct edit_settings){80, 0, true, false});
	expect(&r, "\020\r", NULL, "", EDIT_EXEC);
	rig_close(&r);
}

/* A line wider than the terminal scrolls by ten; `$` marks what is cut. */
static void
test_scroll(void **state UNUSED)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct rig r;
	char keys_in[64];

	rig_open(&r, false);
	edit_set(r.edit, &(struct edit_settings){30, 10, true, false});
	type(&r, text, 27);
	type(&r, "\001\r", 2);
	expect(&r, "", "R1#0123456789abcdefghijklmnop"
	    BS10 BS10 "\b\b\b\b\b\b$bcdefghijklmnopq         "
	    "\b\b\b\b\b\b\b\b\b" BS10 "\b\b\b\b\b\b\b"
	    "0123456789abcdefghijklmno$" BS10 BS10 "\b\b\b\b\b\b\r\n",
	    "0123456789abcdefghijklmnopq", EDIT_EXEC);
	/* without a width: the octets that were typed */
	edit_set(r.edit, &(struct edit_settings){0, 10, true, false});
	snprintf(keys_in, sizeof(keys_in), "%s\r", text);
	expect(&r, keys_in, "R1#0123456789abcdefghijklmnopqrstuvwxyz\r\n",
	    text, EDIT_EXEC);
	edit_set(r.edit, &(struct edit_settings){512, 10, true, false});
	expect(&r, keys_in, "R1#0123456789abcdefghijklmnopqrstuvwxyz\r\n",
	    text, EDIT_EXEC);
	rig_close(&r);
}

static void
test_text(void **state UNUSED)
{
	struct rig r;

	rig_open(&r, false);
	expect(&r, "a?\tb!|\003\r", "R1#a? b!|^C\r\n", "a?\tb!|\003",
	    EDIT_TEXT);
	expect(&r, "a?b\r", "R1#a?b\r\n", "a?b", EDIT_ANSWER);
	/* terminal no editing */
	edit_set(r.edit, &(struct edit_settings){80, 10, false, false});
	expect(&r, "ab\001\002\020c\bd\r", "R1#abc\b \bd\r\n", "abd",
	    EDIT_EXEC);
	expect(&r, "ab c\027\025x\r", NULL, "x", EDIT_EXEC);
	rig_close(&r);
}

/* Without `logging synchronous` a log line breaks in, with it the line is
 * typed again; before the first key the prompt is, always. */
static void
test_log(void **state UNUSED)
{
	static const struct {
		bool sync;
		const char *before, *out;
	} t[] = {
	    {false, "", "R1#\r\nLOG\r\nR1#b\r\n"},
	    {false, "ac\002", "R1#ac\b\r\nLOG\r\nbc\b\r\n"},
	    {true, "ac\002", "R1#ac\b\r\nLOG\r\nR1#ac\bbc\b\r\n"},
	};
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		const char *line;
		struct rig r;

		rig_open(&r, false);
		edit_set(r.edit,
		    &(struct edit_settings){80, 10, true, t[i].sync});
		r.log = "LOG\n";
		r.then = "b\r";
		if (t[i].before[0] == '\0')
			assert_int_equal(write(r.other[1], "x", 1), 1);
		type(&r, t[i].before, strlen(t[i].before));
		assert_int_equal(edit_readline(r.edit, "R1#", EDIT_EXEC,
				     &line), EDIT_LINE);
		assert_string_equal(seen(&r), t[i].out);
		rig_close(&r);
	}
}

/* While a command runs keys are kept, but those that stop it. */
static void
test_wait(void **state UNUSED)
{
	struct rig r;
	const char *line;

	rig_open(&r, false);
	type(&r, "next\r", 5);
	assert_int_equal(edit_wait(r.edit), 0);
	type(&r, "\036", 1);
	assert_int_equal(edit_wait(r.edit), 1);
	type(&r, "\003", 1);
	assert_int_equal(edit_wait(r.edit), 1);
	assert_string_equal(seen(&r), "");
	assert_int_equal(edit_readline(r.edit, "#", EDIT_EXEC, &line),
	    EDIT_LINE);
	assert_string_equal(line, "next");
	type(&r, "x", 1);
	assert_int_equal(edit_getkey(r.edit, true), 'x');
	/* the router is gone: a pager does not wait for ever, and it is seen
	 * where the router is served; last words are still written */
	close(r.other[1]);
	assert_int_equal(edit_getkey(r.edit, false), -1);
	assert_int_equal(edit_readline(r.edit, "#", EDIT_EXEC, &line),
	    EDIT_EOF);
	edit_write(r.edit, "bye\n", 4);
	assert_string_equal(seen(&r), "#next\r\n#bye\r\n");
	r.other[1] = dup(r.user);
	rig_close(&r);
}

static void
test_ends(void **state UNUSED)
{
	struct rig r;
	const char *line;

	rig_open(&r, false);
	type(&r, "ab\032", 3);
	assert_int_equal(edit_readline(r.edit, "#", EDIT_CONFIG, &line),
	    EDIT_CTRL_Z);
	assert_string_equal(line, "ab");
	type(&r, "ab\003", 3);
	assert_int_equal(edit_readline(r.edit, "#", EDIT_CONFIG, &line),
	    EDIT_CTRL_C);
	type(&r, "\035", 1);
	assert_int_equal(edit_readline(r.edit, "#", EDIT_CONFIG, &line),
	    EDIT_LEAVE);
	assert_string_equal(seen(&r), "#ab^Z\r\n#ab\r\n#\r\n");
	rig_close(&r);
}

/* A signal that ends the process gives the terminal back. */
static void
test_signal(void **state UNUSED)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, status;
	struct termios before, after;
	size_t i;

	assert_int_not_equal(master, -1);
	assert_int_equal(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_int_equal(tcgetattr(slave, &before), 0);
	for (i = 0; i < NELEM(signals); i++) {
		pid_t pid = fork();

		assert_int_not_equal(pid, -1);
		if (pid == 0) {
			static const struct edit_ops ops;
			struct edit_io io = {slave, slave, -1, false};
			struct edit *e;

			(void)signal(signals[i], SIG_DFL);
			e = edit_new(&io, &ops, NULL);
			if (tcgetattr(slave, &after) == -1 ||
			    (after.c_lflag & ECHO) != 0)
				_exit(1); /* not raw */
			(void)raise(signals[i]);
			edit_free(e);
			_exit(2);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_int_equal(tcgetattr(slave, &after), 0);
		assert_int_equal(after.c_lflag, before.c_lflag);
	}
	close(slave);
	close(master);
}

/* ---- telnet ---- */

static void
test_telnet(void **state UNUSED)
{
	static const struct {
		const char *in;
		size_t n;
		const char *keys, *reply;
	} t[] = {
	    {"ab\r\0c", 5, "ab\r|c", ""},
	    {"a\377\377b", 4, "a\377b", ""},
	    {"\377\375\001\377\375\003a", 7, "a", ""}, /* DO ECHO, SGA */
	    {"\377\376\001a", 4, "a", ""},	       /* DONT ECHO */
	    {"\377\375\030a", 4, "a", "\377\374\030"}, /* DO TTYPE: WONT */
	    {"\377\373\037a", 4, "a", "\377\376\037"}, /* WILL NAWS: DONT */
	    {"\377\374\037\377\376\030", 6, "", ""},   /* refusals */
	    {"\377\372\037\0\120\377\377\0\030\377\360x", 12, "x", ""},
	    {"\377\364a\377\363", 5, "\036a\036", ""},
	    {"\377\367\377\370\377\361\377\366", 8, "\177\025", ""},
	};
	size_t i, k, n;

	for (i = 0; i < NELEM(t); i++) {
		struct telnet tn;
		uint8_t out[64];

		telnet_start(&tn);
		assert_int_equal(tn.nreply, 6);
		assert_memory_equal(tn.reply, "\377\373\001\377\373\003", 6);
		tn.nreply = 0;
		for (k = n = 0; k < t[i].n; k++) /* in any pieces */
			n += telnet_take(&tn, (const uint8_t *)t[i].in + k, 1,
			    out + n);
		assert_int_equal(n, strlen(t[i].keys));
		for (k = 0; k < n; k++)
			assert_int_equal(out[k] == '\0' ? '|' : out[k],
			    (uint8_t)t[i].keys[k]);
		assert_int_equal(tn.nreply, strlen(t[i].reply));
		assert_memory_equal(tn.reply, t[i].reply, tn.nreply);
	}
}

static void
test_telnet_editor(void **state UNUSED)
{
	static const char in[] = "sh\377\375\030\377\377\r\0x\r\n";
	struct rig r;
	const char *line;

	rig_open(&r, true);
	type(&r, in, sizeof(in) - 1);
	assert_int_equal(edit_readline(r.edit, "#", EDIT_EXEC, &line),
	    EDIT_LINE);
	assert_string_equal(line, "sh");
	assert_int_equal(edit_readline(r.edit, "#", EDIT_EXEC, &line),
	    EDIT_LINE);
	assert_string_equal(line, "x");
	edit_write(r.edit, "\377", 1);
	assert_string_equal(seen(&r), "\377\373\001\377\373\003#"
	    "\377\374\030sh\r\n#x\r\n\377\377");
	rig_close(&r);
}

/* An interrupt comes with its mark as urgent data: nothing of it, nor what
 * follows it, is lost. */
static void
test_telnet_urgent(void **state UNUSED)
{
	static const struct edit_ops ops;
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int l = socket(AF_INET, SOCK_STREAM, 0), other[2];
	int user = socket(AF_INET, SOCK_STREAM, 0);
	struct edit_io io = {.telnet = true};
	socklen_t len = sizeof(sin);
	const char *line;
	struct edit *e;

	assert_int_equal(bind(l, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(connect(user, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
	io.in = io.out = accept(l, NULL, NULL);
	io.other = other[0];
	e = edit_new(&io, &ops, NULL);
	assert_int_equal(send(user, "a\377", 2, 0), 2);
	assert_int_equal(send(user, "\362", 1, MSG_OOB), 1);
	assert_int_equal(send(user, "b\r", 2, 0), 2);
	assert_int_equal(edit_readline(e, "#", EDIT_EXEC, &line), EDIT_LINE);
	assert_string_equal(line, "ab");
	edit_free(e);
	close(io.in);
	close(user);
	close(l);
	close(other[0]);
	close(other[1]);
}

/* ---- pager ---- */

struct pages {
	struct strbuf out;
	const char *keys;
};

static void
page_put(void *arg, const char *text, size_t len)
{
	sb_add(&((struct pages *)arg)->out, text, len);
}

static int
page_key(void *arg)
{
	struct pages *p = arg;

	return *p->keys != '\0' ? (unsigned char)*p->keys++ : -1;
}

#define MORE " --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b"

static void
test_pager(void **state UNUSED)
{
	static const struct {
		unsigned length, width;
		const char *keys, *out;
	} t[] = {
	    {4, 80, " \r\r ", "1\n2\n3\n" MORE "4\n5\n6\n" MORE "7\n" MORE
			     "8\n" MORE "9\n"},
	    {0, 80, "", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"},
	    {10, 80, "", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"},
	    {4, 80, "q", "1\n2\n3\n" MORE},
	    {4, 80, "\003", "1\n2\n3\n" MORE},
	    {4, 80, "", "1\n2\n3\n" MORE}, /* nobody there */
	    {4, 80, "/8\r ", "1\n2\n3\n" MORE "/8\nfiltering...\n8\n" MORE
			    "9\n"},
	    {4, 80, "+[59]\r ", "1\n2\n3\n" MORE
				"+[59]\nfiltering...\n5\n" MORE "9\n"},
	    {4, 80, "-[4-8]\r", "1\n2\n3\n" MORE
				"-[4-8]\nfiltering...\n9\n"},
	    {9, 80, "/x\1779\r", "1\n2\n3\n4\n5\n6\n7\n8\n" MORE
				 "/x\b \b9\nfiltering...\n9\n"},
	    {9, 80, "/(\r", "1\n2\n3\n4\n5\n6\n7\n8\n" MORE "/(\n"
			    "% Failed to compile regular expression.\n9\n"},
	};
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		struct pages got = {.keys = t[i].keys};
		struct pager p = {.length = t[i].length, .width = t[i].width,
		    .put = page_put, .key = page_key, .arg = &got};
		char line[2] = "1";
		unsigned ended = 0;

		pager_begin(&p, true);
		for (; line[0] <= '9'; line[0]++)
			ended += !pager_line(&p, line, 1);
		assert_int_equal(ended, p.quit);
		pager_end(&p);
		assert_string_equal(got.out.s, t[i].out);
		assert_string_equal(got.keys, "");
		sb_free(&got.out);
	}
}

/* A line that is wider than the terminal takes several rows. */
static void
test_pager_rows(void **state UNUSED)
{
	struct pages got = {.keys = " "};
	struct pager p = {.length = 5, .width = 10, .put = page_put,
	    .key = page_key, .arg = &got};

	pager_begin(&p, true);
	assert_true(pager_line(&p, "a", 1));
	assert_true(pager_line(&p, "0123456789012345", 16));
	assert_true(pager_line(&p, "01234567890", 11));
	assert_string_equal(got.out.s,
	    "a\n0123456789012345\n" MORE "01234567890\n");
	pager_end(&p);
	sb_free(&got.out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_screen),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_line_ends),
	    cmocka_unit_test(test_history),
	    cmocka_unit_test(test_scroll),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_log),
	    cmocka_unit_test(test_wait),
	    cmocka_unit_test(test_ends),
	    cmocka_unit_test(test_signal),
	    cmocka_unit_test(test_telnet),
	    cmocka_unit_test(test_telnet_editor),
	    cmocka_unit_test(test_telnet_urgent),
	    cmocka_unit_test(test_pager),
	    cmocka_unit_test(test_pager_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
