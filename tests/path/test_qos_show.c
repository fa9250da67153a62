/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show policy-map interface`, to the letter: a shaper with a child policy on
 * the way out, marks and a policer on the way in, what was counted, cleared;
 * what main hears of drops.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_gen.h"
#include "console.h"
#include "qos_rig.h"

#define EF 46
#define AF31 26

static struct qos_rig q;

static void
configure(void)
{
	struct qos_policy_map *child, *in;
	struct qos_class *c;

	qr_start(&q);
	qr_dscp(&q, "VOICE", EF);
	qr_dscp(&q, "GOLD", AF31);
	q.maps[1].any = false;
	child = qr_policy(&q, "CHILD");
	c = qr_class(&q, child, "VOICE");
	c->prio_unit = QOS_PERCENT;
	c->prio = 20;
	c = qr_class(&q, child, "GOLD");
	c->bw_unit = QOS_PERCENT;
	c->bw = 30;
	c->red = QOS_RED_DSCP;
	in = qr_policy(&q, "IN");
	c = qr_class(&q, in, "VOICE");
	c->set_dscp = AF31;
	c = qr_class(&q, in, QOS_DEFAULT);
	q.police[0] = (struct qos_police){ .cir = 8000, .bc = 2000 };
	rig_add(&c->police, &q.police[0].obj);
	qr_shaper(&q, "CHILD", 1000000);
	qr_attach(&q, "IN", "TOP");
}

static const char *
shown(struct cli_ctx *ctx, struct show_policy_map_interface_args a)
{
	sb_free(&ctx->out);
	ctx->engine = q.r.f;
	(void)show_policy_map_interface(ctx, &a);
	return ctx->out.s;
}

static void
test_output(void **state)
{
	struct cli_ctx ctx = { 0 };
	unsigned i;

	(void)state;
	configure();
	for (i = 0; i < 5; i++)
		qr_send(&q, AF31, 458); /* 500 octets on the link */
	assert_string_equal(shown(&ctx,
	    (struct show_policy_map_interface_args){ .way = 2 }),
	    " FastEthernet0/1 \n"
	    "\n"
	    "  Service-policy output: TOP\n"
	    "\n"
	    "    Class-map: class-default (match-any)  \n"
	    "      4 packets, 2000 bytes\n"
	    "      5 minute offered rate 0 bps, drop rate 0 bps\n"
	    "      Match: any \n"
	    "      Queueing\n"
	    "      queue limit 64 packets\n"
	    "      (queue depth/total drops/no-buffer drops) 3/0/0\n"
	    "      (pkts output/bytes output) 1/500\n"
	    "      shape (average) cir 1000000, bc 4000, be 4000\n"
	    "      target shape rate 1000000\n"
	    "\n"
	    "      Service-policy : CHILD\n"
	    "\n"
	    "        queue stats for all priority classes:\n"
	    "          Queueing\n"
	    "          queue limit 64 packets\n"
	    "          (queue depth/total drops/no-buffer drops) 0/0/0\n"
	    "          (pkts output/bytes output) 0/0\n"
	    "\n"
	    "        Class-map: VOICE (match-any)  \n"
	    "          0 packets, 0 bytes\n"
	    "          5 minute offered rate 0 bps, drop rate 0 bps\n"
	    "          Match:  dscp ef (46)\n"
	    "          Priority: 20% (200 kbps), burst bytes 5000, "
	    "b/w exceed drops: 0\n"
	    "\n"
	    "        Class-map: GOLD (match-all)  \n"
	    "          4 packets, 2000 bytes\n"
	    "          5 minute offered rate 0 bps, drop rate 0 bps\n"
	    "          Match:  dscp af31 (26)\n"
	    "          Queueing\n"
	    "          queue limit 64 packets\n"
	    "          (queue depth/total drops/no-buffer drops) 3/0/0\n"
	    "          (pkts output/bytes output) 1/500\n"
	    "          bandwidth 30% (300 kbps)\n"
	    "            Exp-weight-constant: 9 (1/512)\n"
	    "            Mean queue depth: 0 packets\n"
	    "            dscp      Transmitted      Random drop      Tail drop"
	    "          Minimum Maximum Mark\n"
	    "                      pkts/bytes       pkts/bytes       pkts/bytes"
	    "          thresh  thresh  prob\n"
	    "            af31      4/2000           0/0              0/0"
	    "                  32     40  1/10\n"
	    "\n"
	    "        Class-map: class-default (match-any)  \n"
	    "          0 packets, 0 bytes\n"
	    "          5 minute offered rate 0 bps, drop rate 0 bps\n"
	    "          Match: any \n"
	    "          Queueing\n"
	    "          queue limit 64 packets\n"
	    "          (queue depth/total drops/no-buffer drops) 0/0/0\n"
	    "          (pkts output/bytes output) 0/0\n"
	    "\n");
	sb_free(&ctx.out);
	qr_end(&q);
}

static void
test_input(void **state)
{
	struct show_policy_map_interface_args in = { .way = 1 };
	struct cli_ctx ctx = { 0 };
	unsigned i;

	(void)state;
	configure();
	qr_send(&q, EF, 100);
	for (i = 0; i < 5; i++)
		qr_send(&q, 0, 458);
	assert_string_equal(shown(&ctx, in),
	    " FastEthernet0/0 \n"
	    "\n"
	    "  Service-policy input: IN\n"
	    "\n"
	    "    Class-map: VOICE (match-any)  \n"
	    "      1 packets, 142 bytes\n"
	    "      5 minute offered rate 0 bps, drop rate 0 bps\n"
	    "      Match:  dscp ef (46)\n"
	    "      QoS Set\n"
	    "        dscp af31\n"
	    "          Packets marked 1\n"
	    "\n"
	    "    Class-map: class-default (match-any)  \n"
	    "      5 packets, 2500 bytes\n"
	    "      5 minute offered rate 0 bps, drop rate 0 bps\n"
	    "      Match: any \n"
	    "      police:\n"
	    "          cir 8000 bps, bc 2000 bytes\n"
	    "        conformed 4 packets, 2000 bytes; actions:\n"
	    "          transmit \n"
	    "        exceeded 1 packets, 500 bytes; actions:\n"
	    "          drop \n"
	    "        conformed 0 bps, exceeded 0 bps\n"
	    "\n");
	fwd_clear_counters(q.r.f, 0);
	assert_non_null(strstr(shown(&ctx, in), "      0 packets, 0 bytes\n"));
	assert_null(strstr(ctx.out.s, "      1 packets"));
	/* another interface, another direction: nothing */
	str_copy(in.name, "FastEthernet0/1", sizeof(in.name));
	assert_null(shown(&ctx, in));
	sb_free(&ctx.out);
	qr_end(&q);
}

/* Priority of two levels, each with its queues in one block; what is dropped
 * below a shaper is its drop, too. */
static void
test_levels(void **state)
{
	struct show_policy_map_interface_args out = { .way = 2 };
	struct cli_ctx ctx = { 0 };
	unsigned i;

	(void)state;
	configure();
	q.classes[0].prio_level = 1;
	q.classes[0].queue_limit = 3;
	q.classes[1].prio_unit = QOS_UNLIMITED;
	q.classes[1].prio_level = 2;
	q.classes[1].bw_unit = QOS_NONE;
	q.classes[1].red = QOS_RED_OFF;
	qr_attach(&q, "", "TOP");
	for (i = 0; i < 10; i++)
		qr_send(&q, EF, 458);
	qr_send(&q, AF31, 458);
	assert_non_null(strstr(shown(&ctx, out),
	    "      (queue depth/total drops/no-buffer drops) 4/6/0\n"
	    "      (pkts output/bytes output) 1/500\n"));
	assert_non_null(strstr(ctx.out.s,
	    "        queue stats for all priority classes:\n"
	    "          Queueing\n"
	    "          priority level 1\n"
	    "          queue limit 3 packets\n"
	    "          (queue depth/total drops/no-buffer drops) 3/6/0\n"
	    "          (pkts output/bytes output) 1/500\n"
	    "\n"
	    "        queue stats for all priority classes:\n"
	    "          Queueing\n"
	    "          priority level 2\n"
	    "          queue limit 64 packets\n"
	    "          (queue depth/total drops/no-buffer drops) 1/0/0\n"
	    "          (pkts output/bytes output) 0/0\n"
	    "\n"
	    "        Class-map: VOICE (match-any)  \n"));
	/* one class alone */
	qr_attach(&q, "", "CHILD");
	str_copy(out.class, "GOLD", sizeof(out.class));
	assert_null(strstr(shown(&ctx, out), "queue stats"));
	assert_null(strstr(ctx.out.s, "VOICE"));
	sb_free(&ctx.out);
	qr_end(&q);
}

/* Without a shaper nothing waits, and it is said. */
static void
test_idle(void **state)
{
	struct cli_ctx ctx = { 0 };

	(void)state;
	configure();
	qr_attach(&q, "", "CHILD");
	qr_send(&q, AF31, 458);
	assert_non_null(strstr(shown(&ctx,
	    (struct show_policy_map_interface_args){ 0 }),
	    "    No class shapes: nothing waits, the queues stay empty\n"));
	assert_non_null(strstr(ctx.out.s,
	    "      (pkts output/bytes output) 1/500\n"
	    "      bandwidth 30%"));
	sb_free(&ctx.out);
	qr_end(&q);
}

static void
send_many(void)
{
	for (unsigned i = 0; i < 100; i++)
		qr_send(&q, i % 2 == 0 ? EF : AF31, 1000);
}

/* Main hears half a second later of all that was dropped on the way out. */
static void
told(void)
{
	static const enum drop_id whys[] = { DROP_QOS_CLASS, DROP_QOS_POLICE,
		DROP_QOS_PRIORITY, DROP_QOS_QUEUE, DROP_QOS_RED,
		DROP_QOS_MEMORY };
	uint64_t sum = 0;

	for (size_t i = 0; i < NELEM(whys); i++)
		sum += rig_drops(&q.r, whys[i]);
	assert_true(sum > q.r.drops[WAN]);
	q.r.now += 500;
	rig_timeout(&q.r);
	assert_int_equal(q.r.drops[WAN], sum);
	assert_int_equal(q.r.drops[LAN], 0);
}

/* Each drop once, whatever becomes of the policy and of its own counters. */
static void
test_told(void **state)
{
	struct qos_class *top, *c;

	(void)state;
	configure();
	top = &q.classes[q.n_classes - 1];
	c = qr_class(&q, qr_policy(&q, "POLICE"), QOS_DEFAULT);
	q.police[1] = (struct qos_police){ .cir = 8000, .bc = 2000 };
	rig_add(&c->police, &q.police[1].obj);
	qr_attach(&q, "", "TOP");
	rig_timeout(&q.r);
	send_many();
	assert_int_equal(q.r.drops[WAN], 0);
	told();
	send_many();
	top->shape_rate = 2000000;
	rig_config(&q.r);
	send_many();
	fwd_clear_counters(q.r.f, 0);
	told();
	send_many();
	qr_attach(&q, "", "POLICE");
	send_many();
	told();
	send_many();
	qr_attach(&q, "", "");
	told();
	qr_end(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
