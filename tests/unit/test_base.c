/* SPDX-License-Identifier: BSD-2-Clause
 *
 * base/: readers and writers, addresses, keys, log texts, the event loop.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/key.h"
#include "base/log.h"
#include "base/loop.h"
#include "unit.h"

static void
test_reader_fails_stickily(void **state UNUSED)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
	struct rd r = rd_of(data, sizeof(data)), sub;

	assert_int_equal(rd_u16(&r), 0x0102);
	assert_int_equal(rd_u8(&r), 3);
	sub = rd_sub(&r, 2);
	assert_int_equal(rd_u16(&sub), 0x0405);
	assert_true(rd_end(&sub));
	assert_int_equal(rd_u8(&sub), 0);
	assert_false(rd_ok(&sub));
	assert_int_equal(rd_left(&r), 2);
	assert_int_equal(rd_u32(&r), 0); /* only two are left */
	assert_false(rd_ok(&r));
	assert_int_equal(rd_u8(&r), 0); /* and it stays failed */
	assert_int_equal(rd_left(&r), 0);
}

static void
test_reader_strings(void **state UNUSED)
{
	static const uint8_t data[] = {0, 3, 'a', 'b', 'c', 0, 9, 'x'};
	struct rd r = rd_of(data, sizeof(data));
	char s[4], small[3];

	rd_str(&r, s, sizeof(s));
	assert_string_equal(s, "abc");
	rd_str(&r, s, sizeof(s)); /* promises 9, has 1 */
	assert_string_equal(s, "");
	assert_false(rd_ok(&r));
	r = rd_of(data, sizeof(data));
	rd_str(&r, small, sizeof(small)); /* does not fit */
	assert_string_equal(small, "");
	assert_false(rd_ok(&r));
}

static void
test_writer_overflow(void **state UNUSED)
{
	uint8_t mem[8];
	struct wr w = wr_of(mem, sizeof(mem));

	wr_u32(&w, 0x01020304);
	wr_patch_u16(&w, 1, 0xaabb);
	assert_memory_equal(mem, "\x01\xaa\xbb\x04", 4);
	wr_u32(&w, 5);
	assert_true(wr_ok(&w));
	wr_u8(&w, 6);
	assert_false(wr_ok(&w));
	assert_int_equal(wr_len(&w), 8);
	w = wr_of(mem, 2);
	wr_patch_u8(&w, 0, 1); /* nothing was written there yet */
	assert_false(wr_ok(&w));
}

static void
test_addresses(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool ok;
		uint32_t addr;
	} t[] = {{"10.1.2.3", true, 0x0a010203},
	    {"255.255.255.255", true, 0xffffffff}, {"0.0.0.0", true, 0},
	    {"256.0.0.1", false, 0}, {"10.1.2", false, 0},
	    {"10.1.2.3.4", false, 0}, {"10.1..3", false, 0},
	    {"10.1.2.3x", false, 0}, {"0001.1.1.1", false, 0}, {"", false, 0}};
	char buf[IP4_STRLEN];
	size_t i;

	for (i = 0; i < NELEM(t); i++) {
		uint32_t a = 0;

		assert_int_equal(ip4_parse(t[i].text, &a), t[i].ok);
		if (t[i].ok) {
			assert_int_equal(a, t[i].addr);
			assert_string_equal(ip4_str(a, buf), t[i].text);
		}
	}
	for (i = 0; i <= 32; i++)
		assert_int_equal(ip4_prefix_of(ip4_mask_of((unsigned)i)), i);
	assert_int_equal(ip4_prefix_of(0xff00ff00), -1);
}

static void
test_keys(void **state UNUSED)
{
	struct key k = {0};
	uint8_t zero[sizeof(k)] = {0};

	key_set(&k, "secret", 6);
	assert_int_equal(k.len, 6);
	assert_true(bytes_equal(k.data, "secret", 6));
	assert_false(bytes_equal(k.data, "secreT", 6));
	key_wipe(&k);
	assert_memory_equal(&k, zero, sizeof(k));
}

/* ---- log ---- */

static char last[256];
static unsigned lines;

static void
keep(void *arg UNUSED, enum log_id id UNUSED, const char *text)
{
	str_copy(last, text, sizeof(last));
	lines++;
}

static void
test_log_text(void **state UNUSED)
{
	log_set_sink(keep, NULL);
	log_emit(LOG_GM_RECV_REKEY, "G", "10.0.0.1", "10.0.0.2", 7u, "ab");
	assert_string_equal(last, "%GDOI-5-GM_RECV_REKEY: Received Rekey for "
	    "group G from 10.0.0.1 to 10.0.0.2 with seq # 7, spi 0xab");
}

static void
test_log_limit(void **state UNUSED)
{
	log_set_sink(keep, NULL);
	lines = 0;
	assert_true(log_limited(1000, 60000, 5, LOG_RECVD_MAC_ERR, 1u));
	assert_false(log_limited(2000, 60000, 5, LOG_RECVD_MAC_ERR, 1u));
	assert_int_equal(lines, 1);
	assert_true(log_limited(61001, 60000, 5, LOG_RECVD_MAC_ERR, 1u));
	assert_int_equal(lines, 2);
}

static void
test_debug_is_off(void **state UNUSED)
{
	log_set_sink(keep, NULL);
	lines = 0;
	memset(&debug_set, 0, sizeof(debug_set));
	debug(DBG_GM_REKEY, DBG_EVENT, 0, "x %d", ++lines);
	assert_int_equal(lines, 0);
	debug_set.levels[DBG_GM_REKEY] = DBG_EVENT;
	debug(DBG_GM_REKEY, DBG_DETAIL, 0, "x %d", 1);
	debug(DBG_KS_REKEY, DBG_EVENT, 0, "x %d", 1);
	assert_int_equal(lines, 0);
	debug(DBG_GM_REKEY, DBG_EVENT, 0, "(%s):x %d\r", "G", 1);
	assert_int_equal(lines, 1);
	assert_string_equal(last, "GDOI:GM_REKEY:EVENT:(G):x 1 ");
	debug_set.levels[DBG_ISAKMP] = DBG_ALL;
	debug_lines(DBG_ISAKMP, DBG_PACKET, 0, "one\n two\n");
	assert_int_equal(lines, 3);
	assert_string_equal(last, "ISAKMP: two");
	memset(&debug_set, 0, sizeof(debug_set));
}

static void
test_debug_conditions(void **state UNUSED)
{
	uint8_t buf[DEBUG_SET_MAX];
	struct wr w = wr_of(buf, sizeof(buf));
	struct debug_set s = {0};
	struct rd r;

	log_set_sink(keep, NULL);
	lines = 0;
	s.levels[DBG_KS_REG] = s.levels[DBG_ISAKMP] = DBG_ALL;
	s.packet_acl = 2699;
	s.gdoi.n = 2;
	s.gdoi.peers[0] = 0x0a000001;
	s.gdoi.peers[1] = 0x0a000002;
	debug_set_put(&w, &s);
	assert_true(wr_ok(&w));
	r = rd_of(buf, wr_len(&w) - 1);
	debug_set_get(&r, &debug_set); /* cut off: nothing changes */
	assert_int_equal(debug_set.levels[DBG_KS_REG], 0);
	r = rd_of(buf, wr_len(&w));
	debug_set_get(&r, &debug_set);
	assert_int_equal(debug_set.packet_acl, 2699);
	debug(DBG_KS_REG, DBG_EVENT, 0x0a000003, "other");
	debug(DBG_KS_REG, DBG_EVENT, 0, "nobody");
	assert_int_equal(lines, 0);
	debug(DBG_KS_REG, DBG_EVENT, 0x0a000002, "one");
	assert_int_equal(lines, 1);
	debug(DBG_ISAKMP, DBG_EVENT, 0x0a000003, "phase 1 has its own");
	assert_int_equal(lines, 2);
	debug_set.gdoi.unmatched = true;
	debug(DBG_KS_REG, DBG_EVENT, 0, "nobody");
	debug(DBG_KS_REG, DBG_EVENT, 0x0a000003, "other");
	assert_int_equal(lines, 3);
	memset(&debug_set, 0, sizeof(debug_set));
}

/* However much there is to say, the reader can follow; and is told. How long
 * the flood takes is up to the machine: so many lines at once, so many in each
 * second of it, and up to two about what was left out. */
static void
test_debug_flood(void **state UNUSED)
{
	uint64_t start = time_mono_ms(), end, took;
	unsigned i, before;

	log_set_sink(keep, NULL);
	lines = 0;
	debug_set.levels[DBG_ISAKMP] = DBG_EVENT;
	for (i = 0; i < 100000; i++)
		debug(DBG_ISAKMP, DBG_EVENT, 0, "flood %u", i);
	took = time_mono_ms() - start;
	assert_true(lines > 100);
	assert_true(lines <= 2000 + (took / 1000 + 1) * 102);
	do { /* up to one that is left out */
		before = lines;
		debug(DBG_ISAKMP, DBG_EVENT, 0, "flood %u", i++);
	} while (lines != before);
	end = time_mono_ms() + 1000;
	/* a second later there is room again, and a line about the others */
	while (time_mono_ms() < end)
		;
	debug(DBG_ISAKMP, DBG_EVENT, 0, "x");
	assert_int_equal(lines, before + 2);
	assert_string_equal(last, "ISAKMP:x");
	memset(&debug_set, 0, sizeof(debug_set));
}

/* ---- loop ---- */

struct trace {
	struct loop *l;
	int fds[2];
	char order[8];
	struct timer a, b;
};

static void
note(struct trace *t, char c)
{
	size_t n = strlen(t->order);

	t->order[n] = c;
}

static void
on_a(void *arg)
{
	struct trace *t = arg;

	note(t, 'a');
	assert_int_equal(write(t->fds[1], "x", 1), 1);
}

static void
on_b(void *arg)
{
	note(arg, 'b');
}

static void
on_pipe(void *arg, int fd)
{
	struct trace *t = arg;
	char c;

	assert_int_equal(read(fd, &c, 1), 1);
	note(t, 'p');
	loop_timer(t->l, &t->b, 0); /* never fires */
	assert_int_equal(raise(SIGUSR1), 0);
}

static void
on_usr1(void *arg, int signo)
{
	struct trace *t = arg;

	assert_int_equal(signo, SIGUSR1);
	note(t, 's');
	loop_stop(t->l, 42);
}

static void
test_loop(void **state UNUSED)
{
	struct trace t = {.a = {.fn = on_a}, .b = {.fn = on_b}};

	t.a.arg = t.b.arg = &t;
	t.l = loop_new();
	assert_int_equal(pipe(t.fds), 0);
	loop_signal(t.l, SIGUSR1, on_usr1, &t);
	loop_add(t.l, t.fds[0], on_pipe, &t);
	loop_timer(t.l, &t.b, time_mono_ms() + 60000);
	loop_timer(t.l, &t.a, time_mono_ms() + 60000);
	loop_timer(t.l, &t.a, time_mono_ms() + 1); /* moved */
	assert_int_equal(loop_run(t.l), 42);
	assert_string_equal(t.order, "aps");
	loop_free(t.l);
	close(t.fds[0]);
	close(t.fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reader_fails_stickily),
	    cmocka_unit_test(test_reader_strings),
	    cmocka_unit_test(test_writer_overflow),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_log_text),
	    cmocka_unit_test(test_log_limit),
	    cmocka_unit_test(test_debug_is_off),
	    cmocka_unit_test(test_debug_conditions),
	    cmocka_unit_test(test_debug_flood),
	    cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
