/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers, from one to the next: the volume of a life, when the
 * next one is asked for and sent with, what they have carried.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pairs.h"

/* Octets that are encrypted of a packet with so many. */
static unsigned
text_of(unsigned len)
{
	return (len + 2 + 15) / 16 * 16;
}

/* 2560 KB, slowly: said at nine tenths or somewhat before, again every five
 * seconds, then the SA ends. */
static void
test_kilobytes(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	unsigned life = 2560 * 1024, text = text_of(1028), sent = 0;

	(void)state;
	p.kilobytes = 2560;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	for (; sent < life / 8 * 7; sent += text) {
		p.a->now += 1000;
		send_a(&p, mk_out(&p, 1000, 0));
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
	}
	assert_int_equal(heard(p.a, SA_EVENT_KILOBYTES, 0x5001), 0);
	for (; sent < life / 10 * 9; sent += text) {
		send_a(&p, mk_out(&p, 1000, 0));
		carry(&p, 0);
	}
	assert_int_equal(heard(p.a, SA_EVENT_KILOBYTES, 0x5001), 1);
	assert_string_equal(p.a->events[0].group, GROUP);
	assert_int_equal(p.a->events[0].sa_index, 1);
	/* who receives says it of its own SA, which it sends with */
	assert_int_equal(heard(p.b, SA_EVENT_KILOBYTES, 0x5000), 1);
	p.a->now += 5000;
	send_a(&p, mk_out(&p, 1000, 0));
	assert_int_equal(heard(p.a, SA_EVENT_KILOBYTES, 0x5001), 2);
	for (sent += text; sent + text <= life; sent += text) {
		send_a(&p, mk_out(&p, 1000, 0));
		assert_int_equal(p.a->n_out, 1);
	}
	send_a(&p, mk_out(&p, 1000, 0));
	assert_int_equal(p.a->n_out, 0);
	assert_int_equal(rig_drops(p.a, DROP_LIFETIME), 1);
	assert_int_equal(heard(p.a, SA_EVENT_EXHAUSTED, 0x5001), 1);
	must_wait(&p, 1);
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
	pair_drop(&p);
}

/* As fast as it may be: the next one is asked for so early that it is there in
 * time, and both sides do not ask in one moment. */
static void
test_kilobytes_fast(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	uint64_t a_said = 0, b_said = 0;
	unsigned i, size, spi = 0x5000;

	(void)state;
	p.kilobytes = 16384;
	p.b->rnd = 8; /* not the same as a */
	pair_sas(&p, spi, 1, rig_aes_sha1);
	for (i = 0; i < 30000; i++) { /* 1.4 MB a second */
		p.a->now++;
		p.b->now++;
		size = i % 7 == 0 ? 12 : 1372;
		send_a(&p, mk_out(&p, size, 0));
		assert_int_equal(p.a->n_out, 1);
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
		if (a_said == 0 && heard(p.a, SA_EVENT_KILOBYTES, spi + 1))
			a_said = p.a->now;
		if (b_said == 0 && heard(p.b, SA_EVENT_KILOBYTES, spi))
			b_said = p.a->now;
		p.a->n_events = p.b->n_events = 0;
		if (a_said == 0 || p.a->now < a_said + 4000)
			continue;
		/* quick mode took four seconds */
		assert_true(a_said > b_said + 100 || b_said > a_said + 100);
		spi += 0x10;
		pair_sas(&p, spi, 1, rig_aes_sha1);
		a_said = b_said = 0;
	}
	assert_true(spi >= 0x5020);
	assert_int_equal(rig_all_drops(p.a), 0);
	assert_int_equal(rig_all_drops(p.b), 0);
	pair_drop(&p);
}

/* Small packets, to the last one that may be sent: all are read. */
static void
test_kilobytes_small(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	unsigned i;

	(void)state;
	p.kilobytes = 100;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	for (i = 0; i < 4000; i++) {
		send_a(&p, mk_out(&p, 12, 0));
		if (p.a->n_out == 0)
			break;
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
	}
	assert_int_equal(i, 100 * 1024 / text_of(40));
	pair_drop(&p);
}

static void
add_after(const struct pair *p, uint32_t spi, uint32_t ms)
{
	struct sa_tek tek = tek_of(p, p->a, SA_WAY_OUT, spi, 1, rig_aes_sha1);

	tek.send_after_ms = ms;
	tek_add(p->a, &tek);
}

static void
must_use(const struct pair *p, uint32_t spi)
{
	send_a(p, mk_out(p, 10, 0));
	assert_int_equal(p->a->n_out, 1);
	assert_int_equal(get32(rig_ip(p->a, 0) + IPH_HDR), spi);
}

/* The peer gets a while to know it, if there is another one to send with. */
static void
test_send_after(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_change doubt = { .type = SA_DOUBT };

	(void)state;
	add_after(&p, 0x6001, 500);
	must_use(&p, 0x6001);
	add_after(&p, 0x6002, 500);
	assert_int_equal(fwd_timeout(p.a->f), p.a->now + 500);
	p.a->now += 499;
	rig_timeout(p.a);
	must_use(&p, 0x6001);
	p.a->now++;
	rig_timeout(p.a);
	must_use(&p, 0x6002);
	/* the one before goes too early */
	add_after(&p, 0x6003, 500);
	must_use(&p, 0x6002);
	pair_del(p.a, 0x6001, SA_WAY_OUT);
	pair_del(p.a, 0x6002, SA_WAY_OUT);
	must_use(&p, 0x6003);
	/* or is of an ike that has died */
	fwd_sa(p.a->f, &doubt);
	add_after(&p, 0x6004, 500);
	must_use(&p, 0x6004);
	pair_drop(&p);
}

static struct sa_event used[8];
static unsigned n_used;
static bool unread;

static bool
hear_use(void *arg, const struct sa_event *e)
{
	if (arg == NULL || unread || n_used == NELEM(used))
		return false;
	used[n_used++] = *e;
	return true;
}

static unsigned
uses(struct rig *r)
{
	n_used = 0;
	r->now += 1000;
	rig_timeout(r);
	return n_used;
}

/* What an entry has carried, for ike: each change once, each second. */
static void
test_use(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_change doubt = { .type = SA_DOUBT };
	const struct sa_use *u = &used[0].use;

	(void)state;
	p.a->f->io.use = p.b->f->io.use = hear_use;
	assert_int_equal(uses(p.a), 0); /* there is nothing to say */
	must_wait(&p, 1);
	assert_int_equal(uses(p.a), 1);
	assert_int_equal(u->drops[1], 1);
	assert_int_equal(used[0].spi, 0);
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	carry(&p, 0);
	assert_int_equal(fwd_timeout(p.a->f), p.a->now + 1000);
	unread = true;
	assert_int_equal(uses(p.a), 0);
	assert_int_equal(fwd_timeout(p.a->f), p.a->now + 50);
	unread = false;
	assert_int_equal(uses(p.a), 1);
	assert_string_equal(used[0].group, GROUP);
	assert_int_equal(used[0].sa_index, 1);
	assert_int_equal(used[0].spi, 0x5001);
	assert_int_equal(u->packets[0], 0);
	assert_int_equal(u->packets[1], 1);
	assert_int_equal(u->octets[1], text_of(38));
	assert_int_equal(u->octets[0], 0);
	assert_int_equal(uses(p.b), 1);
	assert_int_equal(used[0].spi, 0x5000);
	assert_int_equal(u->packets[0], 1);
	assert_int_equal(u->drops[0], 1); /* its copy */
	assert_int_equal(u->octets[0], text_of(38));
	assert_int_equal(uses(p.a), 0);
	/* ike has died */
	fwd_sa(p.a->f, &doubt);
	assert_int_equal(uses(p.a), 1);
	assert_int_equal(u->packets[1], 1);
	assert_int_equal(uses(p.a), 0);
	pair_drop(&p);
}

/* Who receives ends it, too: a peer that does not count. */
static void
test_kilobytes_in(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_tek tek;
	unsigned i;

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	pair_del(p.b, 0x5001, SA_WAY_IN);
	p.kilobytes = 100;
	tek = tek_of(&p, p.b, SA_WAY_IN, 0x5001, 1, rig_aes_sha1);
	tek.other_spi = 0x5000;
	tek_add(p.b, &tek);
	/* a quarter more, for who counts otherwise */
	for (i = 0; i < 200 && rig_drops(p.b, DROP_LIFETIME) == 0; i++) {
		send_a(&p, mk_out(&p, 1000, 0));
		carry(&p, 0);
	}
	assert_int_equal(i, 125 * 1024 / text_of(1028) + 1);
	assert_int_equal(heard(p.b, SA_EVENT_EXHAUSTED, 0x5000), 1);
	send_a(&p, mk_out(&p, 1000, 0));
	carry(&p, 0);
	assert_int_equal(rig_drops(p.b, DROP_INVALID_SPI), 1);
	pair_drop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kilobytes),
		cmocka_unit_test(test_kilobytes_fast),
		cmocka_unit_test(test_kilobytes_small),
		cmocka_unit_test(test_send_after),
		cmocka_unit_test(test_kilobytes_in),
		cmocka_unit_test(test_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
