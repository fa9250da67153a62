/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group policies and TEKs over time: which one is sent with, roll-over
 * without a lost packet, expiry, replacement, and the messages in which ike
 * tells them.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

static uint8_t buf[4000];

#define TO_LAN .src = FAR_HOST, .dst = LAN_HOST

static struct rig *
rig_of(void)
{
	struct rig *r = malloc(sizeof(*r));
	struct ace any = ace_any(ACE_PERMIT);

	rig_start(r);
	rig_policy(r, SA_DIR_BOTH, &any, 1);
	fwd_routes(r->f, &(struct route){ 0, 0, 0, WAN }, 1);
	return r;
}

static void
drop_rig(struct rig *r)
{
	rig_end(r);
	free(r);
}

/* The SPI that a packet leaves with, 0: dropped. */
static uint32_t
sent_with(struct rig *r)
{
	size_t len = mk_packet(buf, &(struct mk){ TO_LAN, PROTO_UDP,
	    .payload = 8 });

	rig_input(r, buf, len, LAN);
	return r->n_out == 1 ? get32(rig_ip(r, 0) + 20) : 0;
}

static void
test_choice(void **state)
{
	/* two TEKs: lives in ms at the start; at a time, which one */
	static const struct { uint32_t life[2]; uint64_t at; uint32_t spi; }
	rows[] = {
		{ { 100000, 3600000 }, 0, 1 },
		{ { 100000, 3600000 }, 69999, 1 },
		{ { 100000, 3600000 }, 70000, 2 },
		{ { 100000, 3600000 }, 100000, 2 },
		{ { 40000, 100000 }, 9999, 1 },
		{ { 40000, 100000 }, 10000, 2 },
		{ { 19000, 100000 }, 0, 2 },
		{ { 40000, 0 }, 39999, 1 },
		{ { 40000, 0 }, 40000, 0 },
		{ { 100000, 90000 }, 80000, 2 },
		{ { 100000, 90000 }, 95000, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = rig_of();

		rig_tek(r, 1, 0, rig_aes_sha1, rows[i].life[0]);
		rig_tek(r, 2, 0, rig_aes_sha1, rows[i].life[1]);
		r->now += rows[i].at;
		rig_timeout(r);
		if (sent_with(r) != rows[i].spi)
			fail_msg("row %zu", i);
		drop_rig(r);
	}
}

/* fwd_timeout() says when to come back, and coming back then is enough. */
static void
test_timeouts(void **state)
{
	struct rig *r = rig_of();

	(void)state;
	assert_true(fwd_timeout(r->f) == UINT64_MAX);
	rig_tek(r, 1, 0, rig_aes_sha1, 100000);
	rig_tek(r, 2, 0, rig_aes_sha1, 200000);
	assert_int_equal(fwd_timeout(r->f), 1000 + 70000);
	r->now = 71000;
	assert_int_equal(fwd_timeout(r->f), 1000 + 100000);
	assert_int_equal(sent_with(r), 2);
	r->now = 101000;
	assert_int_equal(fwd_timeout(r->f), 1000 + 170000);
	assert_int_equal(sent_with(r), 2);
	r->now = 201000;
	assert_true(fwd_timeout(r->f) == UINT64_MAX);
	assert_int_equal(sent_with(r), 0);
	assert_int_equal(rig_drops(r, DROP_NO_SA), 1);
	rig_timeout(r);
	assert_int_equal(r->n_logs, 1);
	assert_int_equal(r->logs[0], LOG_NO_SA_DROP);
	drop_rig(r);
}

static struct sa_event heard;

static void
on_event(void *arg, const struct sa_event *e)
{
	(void)arg;
	heard = *e;
}

/* Key management hears of a packet that there is nothing to send with. */
static void
test_no_sa(void **state)
{
	struct rig *r = rig_of();

	(void)state;
	r->f->io.event = on_event;
	heard = (struct sa_event){ .type = SA_EVENT_COUNT };
	assert_int_equal(sent_with(r), 0);
	rig_timeout(r);
	assert_int_equal(heard.type, SA_EVENT_NO_SA);
	assert_string_equal(heard.group, "GETVPN");
	drop_rig(r);
}

/* One second a step over three TEKs of two minutes; the receiver gets the
 * new key ten seconds later than the sender. Every packet arrives. */
static void
test_rollover(void **state)
{
	struct rig *a = rig_of(), *b = malloc(sizeof(*b));
	struct ace any = ace_any(ACE_PERMIT);
	unsigned t, switched = 0;
	uint32_t spi, last = 0;

	(void)state;
	rig_start(b);
	rig_policy(b, SA_DIR_BOTH, &any, 1);
	for (t = 0; t < 300; t++) {
		if (t % 80 == 0)
			rig_tek(a, 100 + t / 80, 0, rig_aes_sha1, 120000);
		if (t % 80 == 10 || t == 0)
			rig_tek(b, 100 + t / 80, 0, rig_aes_sha1, 120000);
		rig_timeout(a);
		rig_timeout(b);
		spi = sent_with(a);
		assert_int_not_equal(spi, 0);
		switched += spi != last;
		last = spi;
		rig_input(b, rig_ip(a, 0), a->out[0].len, WAN);
		if (b->n_out != 1)
			fail_msg("lost in second %u, spi %u", t, spi);
		a->now += 1000;
		b->now += 1000;
	}
	assert_int_equal(switched, 4);
	drop_rig(a);
	drop_rig(b);
}

static void
test_changes(void **state)
{
	struct rig *r = rig_of();
	struct sa_change del = { .type = SA_DEL };
	struct sa_change flush = { .type = SA_FLUSH };
	struct ace any = ace_any(ACE_PERMIT);
	const struct sa *sa;

	(void)state;
	str_copy(del.del.group, "GETVPN", SA_NAME_MAX);
	str_copy(flush.del.group, "GETVPN", SA_NAME_MAX);
	rig_tek(r, 1, 0, rig_aes_sha1, 100000);
	rig_tek(r, 2, 0, rig_aes_sha1, 100000);
	assert_int_equal(sent_with(r), 1);
	/* a known SPI only gets a new life, its numbers go on */
	rig_tek(r, 1, 0, rig_aes_sha1, 500000);
	sa = group_find(r->f, "GETVPN")->sas;
	assert_int_equal(sa->expires, r->now + 500000);
	assert_int_equal(sa->seq, 1);
	assert_int_equal(sa->next->next == NULL, 1);
	/* the policy is replaced, SAs and counters stay */
	rig_policy(r, SA_DIR_BOTH, &any, 1);
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(group_find(r->f, "GETVPN")->policy->stats[0]->
	    c[STAT_ENCRYPT], 2);
	del.del.spi = 1;
	fwd_sa(r->f, &del);
	assert_int_equal(sent_with(r), 2);
	del.del.spi = 99; /* unknown */
	fwd_sa(r->f, &del);
	assert_int_equal(sent_with(r), 2);
	fwd_sa(r->f, &flush);
	assert_int_equal(sent_with(r), 0);
	assert_false(r->out[0].encrypted); /* not registered: clear */
	assert_int_equal(rig_drops(r, DROP_NO_SA), 0);
	/* nonsense is no change */
	rig_tek(r, 0, 0, rig_aes_sha1, 1000);
	rig_tek(r, 5, 0, rig_aes_sha1, 0);
	rig_tek(r, 5, 0, (struct esp_transform){ 99, 0, 0 }, 1000);
	assert_null(group_find(r->f, "GETVPN")->sas);
	drop_rig(r);
}

/* Of a process ike that is there again: what it does not say again is read,
 * but not sent with when there is another one. */
static void
test_doubt(void **state)
{
	struct sa_change doubt = { .type = SA_DOUBT };
	struct ace any = ace_any(ACE_PERMIT);
	struct rig *r = rig_of();

	(void)state;
	str_copy(doubt.del.group, "OTHER", SA_NAME_MAX);
	rig_tek(r, 1, 0, rig_aes_sha1, 100000);
	fwd_sa(r->f, &doubt); /* unknown */
	rig_tek(r, 2, 0, rig_aes_sha1, 200000);
	assert_int_equal(sent_with(r), 1);
	str_copy(doubt.del.group, "GETVPN", SA_NAME_MAX);
	fwd_sa(r->f, &doubt);
	/* until the first is said again: others may not have the newer one */
	assert_int_equal(sent_with(r), 1);
	rig_policy(r, SA_DIR_BOTH, &any, 1);
	assert_int_equal(sent_with(r), 1);
	rig_tek(r, 2, 0, rig_aes_sha1, 200000);
	assert_int_equal(sent_with(r), 2);
	assert_non_null(group_find(r->f, "GETVPN")->sas->next);
	rig_tek(r, 1, 0, rig_aes_sha1, 100000);
	assert_int_equal(sent_with(r), 1);
	drop_rig(r);
	/* better than nothing */
	r = rig_of();
	rig_tek(r, 1, 0, rig_aes_sha1, 100000);
	fwd_sa(r->f, &doubt);
	assert_int_equal(sent_with(r), 1);
	drop_rig(r);
}

/* A TEK is taken away and comes again, as `clear crypto sa` and an interface
 * that goes down and up do it: what is sent is no replay to the others. */
static void
test_again(void **state)
{
	struct sa_change del = { .type = SA_DEL, .del.spi = 1 };
	struct sa_change flush = { .type = SA_FLUSH };
	struct rig *a = rig_of(), *b = malloc(sizeof(*b));
	struct ace any = ace_any(ACE_PERMIT);
	unsigned i;

	(void)state;
	str_copy(del.del.group, "GETVPN", SA_NAME_MAX);
	str_copy(flush.del.group, "GETVPN", SA_NAME_MAX);
	rig_start(b);
	rig_policy(b, SA_DIR_BOTH, &any, 1);
	rig_tek(a, 1, 0, rig_aes_sha1, 100000);
	rig_tek(b, 1, 0, rig_aes_sha1, 100000);
	for (i = 0; i < 600; i++) {
		if (i == 200)
			fwd_sa(a->f, &del);
		if (i == 400)
			fwd_sa(a->f, &flush);
		if (i == 200 || i == 400) {
			rig_policy(a, SA_DIR_BOTH, &any, 1);
			rig_tek(a, 1, 0, rig_aes_sha1, 90000);
		}
		assert_int_equal(sent_with(a), 1);
		rig_input(b, rig_ip(a, 0), a->out[0].len, WAN);
		if (b->n_out != 1)
			fail_msg("packet %u is lost", i);
	}
	/* nor does it run ahead of what was sent: a process that is started
	 * anew knows only how much that may have been */
	assert_int_equal(get32(rig_ip(a, 0) + 24), 600);
	/* one that has ended is forgotten */
	a->now += 100000;
	rig_timeout(a);
	rig_tek(a, 2, 0, rig_aes_sha1, 100000);
	assert_int_equal(sent_with(a), 2);
	assert_int_equal(get32(rig_ip(a, 0) + 24), 1);
	drop_rig(a);
	drop_rig(b);
}

/* AES-GCM without a sender identifier sends nothing, until one comes; a
 * second one changes nothing. */
static void
test_late_sid(void **state)
{
	const struct esp_transform gcm = { ESP_AES_GCM, ESP_AUTH_NONE, 128 };
	struct sa_change c = { .type = SA_ADD };
	struct rig *r = rig_of();

	(void)state;
	c.tek = rig_tek_of(1, 0, gcm, 100000);
	c.tek.sid = c.tek.sid_bits = 0;
	fwd_sa(r->f, &c);
	assert_int_equal(sent_with(r), 0);
	assert_int_equal(rig_drops(r, DROP_NO_SID), 1);
	rig_tek(r, 1, 0, gcm, 100000);
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(get32(rig_ip(r, 0) + 28), 5 << 8);
	c.tek.sid = 6;
	c.tek.sid_bits = 24;
	fwd_sa(r->f, &c);
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(get32(rig_ip(r, 0) + 28), 5 << 8);
	assert_int_equal(get32(rig_ip(r, 0) + 32), 1);
	drop_rig(r);
}

/* A deny in one map entry goes on to the next; the first permit wins. */
static void
test_two_groups(void **state)
{
	struct rig *r = rig_of();
	struct crypto_map second = { .seq = 20 };
	struct sa_change c = { .type = SA_POLICY };
	struct ace first[2] = { mk_ace(ACE_DENY, PROTO_UDP, 0, ~0u, 0, ~0u),
		ace_any(ACE_PERMIT) };
	struct ace any = ace_any(ACE_PERMIT);
	static const uint16_t sa_of[2];
	static const uint8_t local[2];

	(void)state;
	str_copy(second.name, "CM", CONF_NAME);
	str_copy(second.group, "OTHER", CONF_NAME);
	r->map.obj.next = &second.obj;
	rig_config(r);
	rig_policy(r, SA_DIR_BOTH, first, 2);
	rig_tek(r, 1, 0, rig_aes_sha1, 100000);
	assert_int_equal(sent_with(r), 0);
	assert_false(r->out[0].encrypted);
	str_copy(c.policy.group, "OTHER", SA_NAME_MAX);
	c.policy.n = 1;
	c.policy.aces = &any;
	c.policy.sa_of = sa_of;
	c.policy.local = local;
	fwd_sa(r->f, &c);
	c = (struct sa_change){ .type = SA_ADD };
	c.tek = rig_tek_of(7, 0, rig_aes_sha1, 100000);
	str_copy(c.tek.group, "OTHER", SA_NAME_MAX);
	fwd_sa(r->f, &c);
	assert_int_equal(sent_with(r), 7);
	r->map.obj.next = NULL;
	drop_rig(r);
}

/* A TEK with an activation delay: the one before until then, even in its
 * last seconds, and not longer. */
static void
test_activation(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct sa_change c = { .type = SA_ADD };
	struct group *g;
	uint64_t change = UINT64_MAX;

	(void)state;
	rig_start(r);
	rig_group(r); /* 0x1000 */
	c.tek = rig_tek_of(0x2000, 0, rig_aes_sha1, 3600000);
	c.tek.send_after_ms = 20000;
	fwd_sa(r->f, &c);
	g = group_find(r->f, "GETVPN");
	assert_int_equal(sa_outbound(g, 0, r->now, &change)->spi, 0x1000);
	assert_int_equal(change, r->now + 20000);
	assert_int_equal(sa_outbound(g, 0, r->now + 19999, &change)->spi,
	    0x1000);
	assert_int_equal(sa_outbound(g, 0, r->now + 20000, &change)->spi,
	    0x2000);
	/* the old one has ten seconds left: still until then */
	g->sas->expires = r->now + 10000;
	assert_int_equal(sa_outbound(g, 0, r->now + 9999, &change)->spi,
	    0x1000);
	assert_int_equal(sa_outbound(g, 0, r->now + 10000, &change)->spi,
	    0x2000);
	rig_end(r);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_rollover),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_no_sa),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_late_sid),
		cmocka_unit_test(test_activation),
		cmocka_unit_test(test_two_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
