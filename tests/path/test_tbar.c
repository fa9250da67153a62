/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Anti-replay of both methods where packets pass: time-based windows at their
 * edges, captured packets sent again, the MTU, a change from one method to the
 * other under traffic, the end of the sequence numbers.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define WINDOW 5
#define START INT64_C(777000) /* pseudotime of the group minus the clock */

static const struct esp_transform transforms[] = {
	{ ESP_AES_CBC, ESP_AUTH_SHA1, 128 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 128 },
	{ ESP_NULL, ESP_AUTH_SHA256, 0 },
};

static uint8_t clear[70000];

static void
tek(struct rig *r, uint32_t spi, struct esp_transform t, uint8_t replay,
    int64_t pseudotime, uint32_t life)
{
	struct sa_change c = { .type = SA_ADD };

	c.tek = rig_tek_of(spi, 0, t, life);
	c.tek.replay = replay;
	c.tek.window = replay == REPLAY_TIME ? WINDOW : 64;
	c.tek.pseudotime = pseudotime;
	fwd_sa(r->f, &c);
}

/* out: everything leaves by the WAN */
static struct rig *
member(struct esp_transform t, uint8_t replay, bool out)
{
	struct rig *r = malloc(sizeof(*r));
	struct ace any = ace_any(ACE_PERMIT);

	rig_start(r);
	rig_policy(r, SA_DIR_BOTH, &any, 1);
	tek(r, 0x1000, t, replay, START, 3600000);
	if (out)
		fwd_routes(r->f, &(struct route){ 0, 0, 0, WAN }, 1);
	return r;
}

static void
drop(struct rig *r)
{
	rig_end(r);
	free(r);
}

static size_t
packet(unsigned payload)
{
	return mk_packet(clear, &(struct mk){ .src = FAR_HOST,
	    .dst = LAN_HOST, .proto = PROTO_UDP, .dport = 9,
	    .payload = payload });
}

/* What a sends when its clock shows that. */
static size_t
send_at(struct rig *a, uint64_t now, uint8_t *esp)
{
	size_t len = packet(100);

	a->now = now;
	rig_input(a, clear, len, LAN);
	assert_int_equal(a->n_out, 1);
	memcpy(esp, rig_ip(a, 0), a->out[0].len);
	return a->out[0].len;
}

static bool
passes(struct rig *b, const uint8_t *esp, size_t len)
{
	rig_input(b, esp, len, WAN);
	return b->n_out == 1;
}

/* PTr - W < stamp < PTr + W, for each transform; a copy inside passes. */
static void
window(void **state)
{
	static const struct { int at; bool pass; } rows[] = {
		{ 0, true }, { 4990, true }, { 5000, false }, { 5010, false },
		{ -4990, true }, { -5000, false }, { -5010, false },
		{ 0, true }, { 900000, false },
	};
	uint8_t esp[400];
	size_t i, j, len;

	(void)state;
	for (i = 0; i < NELEM(transforms); i++) {
		struct rig *a = member(transforms[i], REPLAY_TIME, true);
		struct rig *b = member(transforms[i], REPLAY_TIME, false);
		unsigned bad = 0;

		len = send_at(a, 1000000, esp);
		for (j = 0; j < NELEM(rows); j++) {
			b->now = 1000000 + (uint64_t)(int64_t)rows[j].at;
			if (passes(b, esp, len) != rows[j].pass)
				fail_msg("transform %zu at %d ms", i,
				    rows[j].at);
			bad += !rows[j].pass;
			assert_int_equal(rig_drops(b, DROP_REPLAY_TIME), bad);
		}
		assert_int_equal(b->f->groups->c[STAT_TBAR_IN], 4);
		assert_int_equal(b->f->groups->c[STAT_TBAR_IN_ERR], bad);
		assert_int_equal(a->f->groups->c[STAT_TBAR_OUT], 1);
		drop(a);
		drop(b);
	}
}

static unsigned n_events;
static struct sa_event last_event;

static void
on_event(void *arg, const struct sa_event *e)
{
	(void)arg;
	n_events++;
	last_event = *e;
}

/* The message with both times, ike hears of it; both once a minute, the
 * errors that are kept are ten a minute. */
static void
told(void **state)
{
	struct rig *a = member(rig_aes_sha1, REPLAY_TIME, true);
	struct rig *b = member(rig_aes_sha1, REPLAY_TIME, false);
	uint8_t esp[400];
	size_t len = send_at(a, 1000000, esp);
	unsigned i;

	(void)state;
	n_events = 0;
	b->f->io.event = on_event;
	b->now = 1000000 + 12340;
	for (i = 0; i < 50; i++)
		assert_false(passes(b, esp, len));
	rig_timeout(b);
	assert_int_equal(b->n_logs, 1);
	assert_string_equal(b->text[0], "%GDOI-4-TIMEBASED_REPLAY_FAILED: An"
	    " anti replay check has failed in group GETVPN from source"
	    " ip-address 10.2.2.20. my_pseudotime is 1789.34 secs,"
	    " peer_pseudotime is 1777.00 secs, replay_window is 5 (second)");
	assert_int_equal(n_events, 1);
	assert_int_equal(last_event.type, SA_EVENT_REPLAY_TIME);
	assert_int_equal(last_event.src, FAR_HOST);
	assert_int_equal(last_event.spi, 0x1000);
	assert_int_equal(b->f->groups->n_errors, TBAR_SAMPLES);
	assert_int_equal(b->f->groups->delta, 1234);
	b->now += 60001;
	assert_false(passes(b, esp, len));
	rig_timeout(b);
	assert_int_equal(n_events, 2);
	assert_int_equal(b->f->groups->n_errors, TBAR_SAMPLES + 1);
	drop(a);
	drop(b);
}

/* A new offset is taken for the SA that runs. */
static void
adjusted(void **state)
{
	struct rig *a = member(rig_aes_sha1, REPLAY_TIME, true);
	struct rig *b = member(rig_aes_sha1, REPLAY_TIME, false);
	uint8_t esp[400];
	size_t len = send_at(a, 1000000, esp);

	(void)state;
	b->now = 1090000;
	assert_false(passes(b, esp, len));
	tek(b, 0x1000, rig_aes_sha1, REPLAY_TIME, START - 90000, 3600000);
	assert_true(passes(b, esp, len));
	drop(a);
	drop(b);
}

/* An SA that is checked by time takes nothing without a pseudotime, another
 * one nothing with it; both are authentic here. */
static void
no_stamp(void **state)
{
	static const uint8_t methods[] = { REPLAY_TIME, REPLAY_COUNTER,
		REPLAY_NONE };
	uint8_t esp[400];
	size_t i, j, len;

	(void)state;
	for (i = 0; i < NELEM(methods); i++) {
		for (j = 0; j < NELEM(methods); j++) {
			struct rig *a = member(rig_aes_sha1, methods[i], true);
			struct rig *b = member(rig_aes_sha1, methods[j],
			    false);

			len = send_at(a, 1000000, esp);
			b->now = 1000000;
			assert_int_equal(passes(b, esp, len),
			    (i == 0) == (j == 0));
			if (j == 0 && i != 0)
				assert_int_equal(rig_drops(b,
				    DROP_NO_PSEUDOTIME), 1);
			if (i == 0 && j != 0)
				assert_int_equal(rig_drops(b,
				    DROP_ESP_PROTO), 1);
			drop(a);
			drop(b);
		}
	}
}

/* The packet of every size fits in 1500 or is cut before encryption, and the
 * pieces open one by one. */
static void
sizes(void **state)
{
	static const unsigned mtu[] = { 1422, 1434, 1446 };
	size_t i, len, payload;
	unsigned k;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rig *a = member(transforms[i], REPLAY_TIME, true);
		struct rig *b = member(transforms[i], REPLAY_TIME, false);

		assert_int_equal(sa_plain_mtu(a->f->groups->sas, 1500, 20),
		    mtu[i]);
		for (payload = 1370; payload < 1480; payload++) {
			size_t octets = 0;

			len = packet((unsigned)payload);
			rig_input(a, clear, len, LAN);
			assert_int_equal(a->n_out, len <= mtu[i] ? 1 : 2);
			for (k = 0; k < a->n_out; k++) {
				assert_true(a->out[k].len <= 1500);
				assert_true(passes(b, rig_ip(a, k),
				    a->out[k].len));
				octets += b->out[0].len - IPH_HDR;
			}
			assert_int_equal(octets, len - IPH_HDR);
		}
		drop(a);
		drop(b);
	}
}

/* From counters to time and back: the TEK that is new comes to one side
 * before the other, both are readable, nothing is lost. */
static void
rolling(void **state)
{
	static const uint8_t methods[] = { REPLAY_COUNTER, REPLAY_TIME,
		REPLAY_COUNTER, REPLAY_NONE, REPLAY_TIME };
	struct rig *a = member(rig_aes_sha1, methods[0], true);
	struct rig *b = member(rig_aes_sha1, methods[0], false);
	uint32_t spi = 0x1000, seen = 0, last = 0;
	uint8_t esp[400];
	unsigned i, sec;
	size_t len;

	(void)state;
	a->now = b->now = 1000000;
	tek(a, spi, rig_aes_sha1, methods[0], START, 100000);
	tek(b, spi, rig_aes_sha1, methods[0], START, 100000);
	for (i = 1; i < NELEM(methods); i++) {
		spi++;
		for (sec = 0; sec < 90; sec++) {
			a->now += 1000;
			b->now = a->now;
			if (sec == (i % 2 ? 5 : 9))
				tek(a, spi, rig_aes_sha1, methods[i], START,
				    190000 - sec * 1000);
			if (sec == (i % 2 ? 9 : 5))
				tek(b, spi, rig_aes_sha1, methods[i], START,
				    190000 - sec * 1000);
			rig_timeout(a);
			rig_timeout(b);
			len = send_at(a, a->now, esp);
			seen += get32(esp + 20) != last;
			last = get32(esp + 20);
			if (!passes(b, esp, len))
				fail_msg("change %u, second %u", i, sec);
		}
	}
	assert_true(seen >= NELEM(methods) - 1);
	assert_int_equal(rig_all_drops(b), 0);
	drop(a);
	drop(b);
}

/* Everything that was captured, again: under counters at once, under time
 * when the window has passed. */
static void
captured(void **state)
{
	static const uint8_t methods[] = { REPLAY_COUNTER, REPLAY_TIME };
	static uint8_t esp[100][400];
	size_t i, j, len = 0;

	(void)state;
	for (i = 0; i < NELEM(methods); i++) {
		struct rig *a = member(rig_aes_sha1, methods[i], true);
		struct rig *b = member(rig_aes_sha1, methods[i], false);

		for (j = 0; j < NELEM(esp); j++) {
			len = send_at(a, 1000000 + 10 * j, esp[j]);
			b->now = a->now;
			assert_true(passes(b, esp[j], len));
		}
		if (methods[i] == REPLAY_TIME)
			b->now = 1000000 + WINDOW * 1000 + 1000;
		for (j = 0; j < NELEM(esp); j++)
			assert_false(passes(b, esp[j], len));
		assert_int_equal(rig_drops(b, methods[i] == REPLAY_TIME ?
		    DROP_REPLAY_TIME : DROP_REPLAY), NELEM(esp));
		drop(a);
		drop(b);
	}
}

/* At 2^32: under counters nothing more, logged, told to ike, and the next TEK
 * if it is there; otherwise the number begins anew. */
static void
wrap(void **state)
{
	struct rig *a = member(rig_aes_sha1, REPLAY_COUNTER, true);
	struct rig *t = member(rig_aes_sha1, REPLAY_TIME, true);
	struct rig *b = member(rig_aes_sha1, REPLAY_TIME, false);
	uint8_t esp[400];
	size_t len;

	(void)state;
	a->f->io.event = on_event;
	n_events = 0;
	a->f->groups->sas->seq = UINT32_MAX - 1;
	(void)send_at(a, 1000000, esp);
	assert_int_equal(get32(esp + 24), UINT32_MAX);
	rig_input(a, clear, packet(100), LAN);
	assert_int_equal(a->n_out, 0);
	assert_int_equal(rig_drops(a, DROP_SEQUENCE), 1);
	rig_timeout(a);
	assert_string_equal(a->text[0], "%CRYPTO-4-SEQ_EXHAUSTED: encrypt:"
	    " sequence numbers or IVs of connection id=2 in group GETVPN are"
	    " used up, nothing is sent with it any more");
	assert_int_equal(n_events, 1);
	assert_int_equal(last_event.type, SA_EVENT_EXHAUSTED);
	tek(a, 0x2000, rig_aes_sha1, REPLAY_COUNTER, 0, 3600000);
	(void)send_at(a, 1000000, esp);
	assert_int_equal(get32(esp + 20), 0x2000);
	t->f->groups->sas->seq = UINT32_MAX;
	b->now = 1000000;
	len = send_at(t, 1000000, esp);
	assert_int_equal(get32(esp + 24), 0);
	assert_true(passes(b, esp, len));
	len = send_at(t, 1000000, esp);
	assert_int_equal(get32(esp + 24), 1);
	assert_true(passes(b, esp, len));
	drop(a);
	drop(b);
	drop(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window),
		cmocka_unit_test(told),
		cmocka_unit_test(adjusted),
		cmocka_unit_test(no_stamp),
		cmocka_unit_test(sizes),
		cmocka_unit_test(rolling),
		cmocka_unit_test(captured),
		cmocka_unit_test(wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
