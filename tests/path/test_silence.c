/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers that only one side uses, and peers whose NAT has
 * moved them: ike hears of it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pairs.h"

/* b answers with what it was asked by. */
static void
answer(const struct pair *p)
{
	rig_input(p->b, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP, .payload = 10 }), LAN);
	assert_int_equal(p->b->n_out, 1);
	memcpy(buf, rig_ip(p->b, 0), p->b->out[0].len);
	rig_input(p->a, buf, p->b->out[0].len, WAN);
	assert_int_equal(p->a->n_out, 1);
}

static void
look(struct rig *r)
{
	r->now += 5000;
	assert_true(fwd_timeout(r->f) > r->now);
}

static void
test_silent(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	const struct sa_event *e;

	(void)state;
	assert_true(fwd_timeout(p.a->f) > p.a->now + 5000); /* nothing to do */
	pair_sas(&p, 0x6000, 1, rig_aes_sha1);
	look(p.a);
	assert_int_equal(heard(p.a, SA_EVENT_SILENT, 0x6001), 0);
	assert_int_equal(fwd_timeout(p.a->f), p.a->now + 5000);
	/* asked and answered */
	send_a(&p, mk_out(&p, 10, 0));
	answer(&p);
	look(p.a);
	assert_int_equal(heard(p.a, SA_EVENT_SILENT, 0x6001), 0);
	/* no answer */
	send_a(&p, mk_out(&p, 10, 0));
	p.a->n_events = 0;
	look(p.a);
	assert_int_equal(heard(p.a, SA_EVENT_SILENT, 0x6001), 1);
	e = p.a->events;
	assert_int_equal(e->src, A_WAN);
	assert_int_equal(e->dst, B_WAN);
	assert_string_equal(e->group, GROUP);
	/* nothing is asked, nothing is missed */
	look(p.a);
	assert_int_equal(heard(p.a, SA_EVENT_SILENT, 0x6001), 1);
	/* who only hears misses nothing */
	answer(&p);
	look(p.a);
	assert_int_equal(heard(p.a, SA_EVENT_SILENT, 0x6001), 1);
	pair_drop(&p);
}

/* A peer behind a NAT that has another port since: ike hears of it until it
 * says so itself. */
static void
test_moved(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, true);
	const struct sa_event *e;
	struct sa_tek t;

	(void)state;
	pair_sas(&p, 0x6000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	look(p.b);
	assert_int_equal(heard(p.b, SA_EVENT_MOVED, 0x6000), 0);
	send_a(&p, mk_out(&p, 10, 0));
	put16(p.a->bytes[0] + IPH_HDR, 61234);
	ip_finish(p.a->bytes[0], IPH_HDR, p.a->out[0].len);
	carry(&p, 0);
	p.b->n_events = 0;
	look(p.b);
	assert_int_equal(heard(p.b, SA_EVENT_MOVED, 0x6000), 1);
	e = p.b->events;
	assert_int_equal(e->dst, A_WAN);
	assert_int_equal(e->port, 61234);
	look(p.b);
	assert_int_equal(heard(p.b, SA_EVENT_MOVED, 0x6000), 2);
	t = tek_of(&p, p.b, SA_WAY_OUT, 0x6000, 1, rig_aes_sha1);
	t.encap_remote = 61234;
	tek_add(p.b, &t);
	look(p.b);
	assert_int_equal(heard(p.b, SA_EVENT_MOVED, 0x6000), 2);
	pair_drop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
