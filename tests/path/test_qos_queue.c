/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queues of service policies where things change: a flow that was alone, two
 * classes with priority, a policy that is replaced or taken away while packets
 * wait, what this router itself has to say through a full queue, segments of
 * the kernel in front of a policer.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "qos_rig.h"

#define EF 46
#define AF41 34
#define SECOND UINT64_C(1000000)

static struct qos_rig q;

/* Every step microseconds a packet of 1000 octets of each of n code points,
 * which are flows of their own. */
static void
offer(const uint8_t *dscp, unsigned n, uint64_t step, uint64_t time)
{
	uint64_t end = q.r.us + time;
	unsigned i;

	while (q.r.us < end) {
		for (i = 0; i < n; i++)
			qr_send_flow(&q, dscp[i], 1000 - 42,
			    (uint16_t)(5000 + dscp[i]));
		qr_until(&q, q.r.us + step);
	}
}

/* ---- who is next ---- */

/* A flow that had the queue for itself owes nothing to those that come
 * later. */
static void
test_alone(void **state)
{
	static const uint8_t both[] = { 0, 1 };

	(void)state;
	qr_start(&q);
	qr_shaper(&q, "", 1000000)->fair = true;
	rig_config(&q.r);
	offer(both, 1, 4000, 20 * SECOND);
	qr_forget(&q);
	offer(both, 2, 4000, 4 * SECOND);
	assert_near(q.sent[0].packets, q.sent[1].packets, 100);
	assert_near(q.sent[0].bytes + q.sent[1].bytes, 500000, 20);
	qr_end(&q);
}

/* No flow has more of the queue than is shown. */
static void
test_flow_limit(void **state)
{
	struct qos_class *c;
	unsigned i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		qr_start(&q);
		c = qr_shaper(&q, "", 8000);
		c->fair = true;
		c->queue_limit = k == 0 ? 40 : 40000;
		c->queue_bytes = k == 1;
		rig_config(&q.r);
		for (i = 0; i < 100; i++)
			qr_send(&q, 0, 1000 - 42);
		assert_int_equal(qr_node(&q, QOS_DEFAULT)->depth, 10);
		qr_end(&q);
	}
}

/* Two classes with priority of one level, without a rate: neither starves the
 * other; of two levels the first goes first. */
static void
test_levels(void **state)
{
	static const uint8_t both[] = { AF41, EF };
	struct qos_policy_map *p;
	struct qos_class *c[2];
	unsigned i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		qr_start(&q);
		qr_dscp(&q, "VIDEO", AF41);
		qr_dscp(&q, "VOICE", EF);
		p = qr_policy(&q, "CHILD");
		for (i = 0; i < 2; i++) {
			c[i] = qr_class(&q, p, q.maps[i].name);
			c[i]->prio_unit = QOS_UNLIMITED;
		}
		c[0]->prio_level = (uint8_t)(k + 1);
		qr_shaper(&q, "CHILD", 1000000);
		offer(both, 2, 4000, 4 * SECOND);
		if (k == 0)
			assert_near(q.sent[EF].packets, q.sent[AF41].packets,
			    100);
		else
			assert_true(q.sent[EF].packets >
			    10 * q.sent[AF41].packets);
		qr_end(&q);
	}
}

/* Priority is held to its rate, and what is left is shared by percents of
 * what is left. */
static void
test_remaining(void **state)
{
	static const uint8_t all[] = { EF, AF41, 10, 0 };
	static const char *const names[] = { "VOICE", "GOLD", "SILVER" };
	struct qos_policy_map *p;
	struct qos_class *c;
	unsigned i;

	(void)state;
	qr_start(&q);
	p = qr_policy(&q, "CHILD");
	for (i = 0; i < 3; i++) {
		qr_dscp(&q, names[i], all[i]);
		c = qr_class(&q, p, names[i]);
		c->bw_unit = i == 0 ? QOS_NONE : QOS_REMAINING;
		c->bw = i == 0 ? 0 : i == 1 ? 60 : 30;
		c->prio_unit = i == 0 ? QOS_PERCENT : QOS_NONE;
		c->prio = 20;
	}
	qr_shaper(&q, "CHILD", 10000000);
	offer(all, 4, 700, SECOND);
	qr_forget(&q);
	offer(all, 4, 700, SECOND);
	assert_near(q.sent[EF].bytes * 8, 2000000, 20);
	assert_near(q.sent[AF41].bytes * 8, 4800000, 20);
	assert_near(q.sent[10].bytes * 8, 2400000, 20);
	assert_near(q.sent[0].bytes * 8, 800000, 20);
	qr_end(&q);
}

/* A class without a queue shares that of class-default; its child policy,
 * which only marks, does not lift it above those of the other child. */
static void
test_shared(void **state)
{
	struct qos_policy_map *p;
	struct qos_class *c;
	unsigned i;

	(void)state;
	qr_start(&q);
	qr_dscp(&q, "VOICE", EF);
	qr_dscp(&q, "MARKED", AF41);
	qr_class(&q, qr_policy(&q, "MARK"), QOS_DEFAULT)->set_dscp = AF41;
	p = qr_policy(&q, "CHILD");
	c = qr_class(&q, p, "VOICE");
	c->prio_unit = QOS_PERCENT;
	c->prio = 20;
	qr_shaper(&q, "CHILD", 1000000);
	c = qr_class(&q, &q.policies[2], "MARKED");
	str_copy(c->child, "MARK", sizeof(c->child));
	rig_config(&q.r);
	for (i = 0; i < 20; i++)
		qr_send(&q, AF41, 1000);
	qr_send(&q, EF, 100);
	qr_until(&q, q.r.us + SECOND);
	assert_int_equal(q.sent[AF41].packets, 20);
	/* the packet that was being sent */
	assert_true(q.sent[EF].delay_max < 10000);
	qr_end(&q);
}

/* A packet of a burst that need not wait leaves before one of its flow that
 * had to, if only for a moment: another class waits for its own shaper. */
static void
test_burst_order(void **state)
{
	static const uint8_t dscps[] = { AF41, 0, AF41, 0, 0, 0 };
	static uint8_t data[200], bufs[NELEM(dscps)][PKT_BUF_SIZE];
	struct pkt pkts[NELEM(dscps)], *pp[NELEM(dscps)];
	struct qos_policy_map *p;
	struct qos_class *c;
	size_t len;
	unsigned i;

	(void)state;
	qr_start(&q);
	qr_dscp(&q, "SLOW", AF41);
	p = qr_policy(&q, "CHILD");
	c = qr_class(&q, p, "SLOW");
	c->shape = true;
	c->shape_rate = 8000;
	c = qr_shaper(&q, "CHILD", 100000000);
	c->shape_bc = 1000000;
	rig_config(&q.r);
	qr_until(&q, q.r.us + SECOND);
	for (i = 0; i < NELEM(dscps); i++) {
		len = mk_packet(data, &(struct mk){ .src = LAN_HOST,
		    .dst = FAR_HOST, .proto = PROTO_UDP, .payload = 100,
		    .tos = (uint8_t)(dscps[i] << 2), .id = (uint16_t)i });
		pkts[i] = rig_pkt(bufs[i], data, len, LAN);
		pp[i] = &pkts[i];
	}
	fwd_input(q.r.f, pp, NELEM(dscps));
	qr_until(&q, q.r.us + SECOND);
	assert_int_equal(q.sent[0].packets, 4);
	assert_int_equal(q.sent[0].disorder, 0);
	qr_end(&q);
}

/* Tags of classes go round. */
static void
test_round(void **state)
{
	static const uint8_t both[] = { 0, EF };
	struct qos_policy_map *p;
	struct qos_run *r;
	struct qos_class *c;
	unsigned i;

	(void)state;
	qr_start(&q);
	qr_dscp(&q, "GOLD", EF);
	p = qr_policy(&q, "CHILD");
	c = qr_class(&q, p, "GOLD");
	c->bw_unit = QOS_PERCENT;
	c->bw = 50;
	qr_shaper(&q, "CHILD", 1000000);
	r = q.r.f->qos_out[WAN].run;
	for (i = 0; i < r->n_nodes; i++)
		r->nodes[i].tag = r->nodes[i].vtime =
		    UINT64_MAX - (UINT64_C(1) << 22);
	offer(both, 2, 4000, 4 * SECOND);
	assert_near(q.sent[0].packets, q.sent[EF].packets, 100);
	qr_end(&q);
}

/* ---- a policy changes ---- */

static void
wait_in_line(unsigned n)
{
	unsigned i;

	qr_forget(&q);
	for (i = 0; i < n; i++)
		qr_send(&q, i % 2 == 0 ? 0 : EF, 1000 - 42);
	assert_int_equal(q.r.f->qos_buffers + q.sent[0].packets +
	    q.sent[EF].packets, n);
	assert_true(q.r.f->qos_buffers > n / 2);
}

static uint64_t
all_sent(void)
{
	return q.sent[0].packets + q.sent[EF].packets;
}

/* What waits goes on in the policy that is there now, in order, in the class
 * that it has there; what does not fit there is dropped and counted. */
static void
test_changed(void **state)
{
	struct qos_policy_map *p;
	struct qos_class *c;
	uint64_t from;

	(void)state;
	qr_start(&q);
	qr_dscp(&q, "VOICE", EF);
	p = qr_policy(&q, "CHILD");
	c = qr_shaper(&q, "CHILD", 100000);
	wait_in_line(60);
	/* twice before the worker sees any of it */
	c->shape_rate = 200000;
	rig_config(&q.r);
	qr_class(&q, p, "VOICE")->prio_unit = QOS_UNLIMITED;
	c->shape_rate = 1000000;
	rig_config(&q.r);
	from = q.r.us;
	qr_until(&q, from + 500000);
	assert_int_equal(all_sent(), 60);
	assert_int_equal(q.r.f->qos_buffers, 0);
	assert_int_equal(q.r.f->qos_bytes, 0);
	assert_int_equal(q.sent[0].disorder + q.sent[EF].disorder, 0);
	/* voice was behind nobody any more */
	assert_true(q.sent[EF].delay_max < q.sent[0].delay_max * 3 / 4);
	assert_int_equal(rig_all_drops(&q.r), 0);
	assert_true(qr_node(&q, "VOICE")->c[QC_OUT_PACKETS] >= 29);
	assert_true(qr_node(&q, "VOICE")->c[QC_OUT_PACKETS] ==
	    qr_node(&q, "VOICE")->c[QC_PACKETS]);

	wait_in_line(60);
	c->shape_rate = 8000;
	c->child[0] = '\0';
	c->queue_limit = 10;
	rig_config(&q.r);
	qr_until(&q, q.r.us + SECOND / 100);
	assert_true(q.r.f->qos_buffers <= 10);
	assert_int_equal(rig_drops(&q.r, DROP_QOS_QUEUE) + q.r.f->qos_buffers +
	    all_sent(), 60);
	qr_end(&q);
}

/* Without a policy it leaves; without the interface it is lost, and
 * counted. */
static void
test_taken_away(void **state)
{
	struct port gone = { .index = WAN };
	uint64_t sent;

	(void)state;
	qr_start(&q);
	qr_shaper(&q, "", 100000);
	wait_in_line(30);
	qr_attach(&q, "", "");
	assert_true(fwd_worker_due(q.r.f) <= q.r.us);
	qr_until(&q, q.r.us);
	assert_int_equal(all_sent(), 30);
	assert_int_equal(q.r.f->qos_buffers, 0);
	assert_int_equal(q.sent[0].disorder + q.sent[EF].disorder, 0);

	qr_attach(&q, "", "TOP");
	wait_in_line(30);
	sent = all_sent();
	fwd_port(q.r.f, &gone);
	qr_until(&q, q.r.us);
	assert_int_equal(all_sent(), sent);
	assert_int_equal(rig_drops(&q.r, DROP_PORT_DOWN), 30 - sent);
	assert_int_equal(q.r.f->qos_buffers, 0);
	assert_int_equal(fwd_worker_due(q.r.f), UINT64_MAX);
	qr_end(&q);
}

/* Packets that wait for encryption move as well, and leave encrypted. */
static void
test_changed_encrypted(void **state)
{
	static struct rig far;
	struct qos_class *c;
	unsigned i;

	(void)state;
	qr_start_encrypted(&q);
	rig_group(&q.r);
	rig_start(&far);
	far.sink = true;
	rig_group(&far);
	fwd_routes(far.f, (struct route[]){ { 0, 0, 0, LAN } }, 1);
	q.to = &far;
	c = qr_shaper(&q, "", 100000);
	for (i = 0; i < 40; i++)
		qr_send(&q, 0, 500);
	c->shape_rate = 1000000;
	rig_config(&q.r);
	qr_until(&q, q.r.us + SECOND / 2);
	assert_int_equal(far.n_sunk, 40);
	assert_int_equal(rig_all_drops(&far), 0);
	assert_int_equal(q.r.f->qos_buffers, 0);
	rig_end(&far);
	qr_end(&q);
}

/* ---- tunnels ---- */

static struct { unsigned n, disorder; uint16_t last; } inside;

static void
on_gre(void *arg, const struct pkt *p)
{
	const uint8_t *inner = pkt_ip(p) + IPH_HDR + 4;
	uint16_t id = get16(inner + IPH_ID);

	(void)arg;
	assert_int_equal(pkt_ip(p)[IPH_PROTO], PROTO_GRE);
	inside.n++;
	inside.disorder += (int16_t)(id - inside.last) < 0;
	inside.last = id;
}

/* A shaper on a tunnel, on the interface below it, on both: what waited in one
 * waits in the other, in order. */
static void
test_tunnel(void **state)
{
	static const struct fwd_engine ops = { .tx = on_gre };
	static struct interface ifc;
	struct port port = { .index = 3, .name = "Tunnel0",
		.dev = "Tunnel0", .addr = IP4(10, 9, 0, 1),
		.mask = 0xfffffffc, .mtu = 1476, .up = true, .tunnel = true };
	const struct route routes[] = {
		{ IP4(10, 2, 2, 0), 24, 0, 3 },
		{ IP4(192, 0, 2, 0), 24, 0, WAN },
	};
	uint64_t from;
	unsigned i, on;

	(void)state;
	for (on = 1; on < 4; on++) {
		qr_start(&q);
		qr_class(&q, qr_policy(&q, "SLOW"), QOS_DEFAULT)->shape =
		    true;
		q.classes[0].shape_rate = 1000000;
		qr_shaper(&q, "", 2000000);
		ifc = (struct interface){ .name = "Tunnel0" };
		str_copy(ifc.tunnel.source_if, q.r.ifs[1].name, IFNAME_MAX);
		ifc.tunnel.dest = IP4(192, 0, 2, 2);
		ifc.tunnel.ttl = 255;
		rig_add(&q.r.conf.interfaces, &ifc.obj);
		str_copy(ifc.policy_out, (on & 1) != 0 ? "SLOW" : "",
		    CONF_NAME);
		str_copy(q.r.ifs[1].policy_out, (on & 2) != 0 ? "TOP" : "",
		    CONF_NAME);
		fwd_port(q.r.f, &port);
		fwd_routes(q.r.f, routes, NELEM(routes));
		rig_config(&q.r);
		fwd_set_engine(q.r.f, &ops, NULL);
		memset(&inside, 0, sizeof(inside));
		from = q.r.us;
		for (i = 0; i < 50; i++)
			qr_send(&q, 0, 1000 - 28);
		while (fwd_worker_due(q.r.f) != UINT64_MAX)
			qr_until(&q, fwd_worker_due(q.r.f));
		assert_int_equal(inside.n, 50);
		assert_int_equal(inside.disorder, 0);
		assert_int_equal(rig_all_drops(&q.r), 0);
		/* the tunnel's packets, or those of the link around them */
		assert_near(q.r.us - from, on == 2 ? 49 * 1038 * 4 :
		    49 * 8000, 30);
		qr_end(&q);
	}
}

/* ---- what is dropped ---- */

static void
own(uint8_t proto, uint8_t tos)
{
	static uint8_t data[200], buf[PKT_BUF_SIZE];
	size_t len = mk_packet(data, &(struct mk){ .src = WAN_ADDR,
	    .dst = FAR_HOST, .proto = proto, .tos = tos, .payload = 40 });
	struct pkt p = rig_pkt(buf, data, len, PORT_LOCAL), *pp = &p;

	fwd_input(q.r.f, &pp, 1);
}

/* A full queue takes a routing protocol and keepalives of this router, some
 * of them, and nothing of others that only looks so. */
static void
test_control(void **state)
{
	static uint8_t data[200], buf[PKT_BUF_SIZE];
	size_t len = mk_packet(data, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = 89, .tos = 0xc0, .payload = 40 });
	struct pkt p = rig_pkt(buf, data, len, LAN), *pp = &p;
	struct qos_class *c;
	struct qos_node *n;
	unsigned i;

	(void)state;
	qr_start(&q);
	c = qr_shaper(&q, "", 8000);
	c->red = QOS_RED_PRECEDENCE;
	rig_config(&q.r);
	for (i = 0; i < 100; i++)
		qr_send(&q, 0, 100);
	n = qr_node(&q, QOS_DEFAULT);
	assert_int_equal(n->depth, 64);
	fwd_input(q.r.f, &pp, 1);
	own(PROTO_ICMP, 0xc0);
	own(89, 0);
	assert_int_equal(n->depth, 64);
	own(89, 0xc0);
	own(PROTO_GRE, 0xc0);
	own(PROTO_TCP, 0xe0);
	assert_int_equal(n->depth, 67);
	for (i = 0; i < 100; i++)
		own(89, 0xc0);
	assert_int_equal(n->depth, 64 + 64);
	qr_until(&q, q.r.us + 60 * SECOND);
	assert_int_equal(n->depth, 0);
	/* there is room again */
	for (i = 0; i < 100; i++)
		own(89, 0xc0);
	assert_int_equal(n->depth, 64);
	qr_end(&q);
}

/* A policer meters the packets of the link, both ways: a segment of the
 * kernel is larger than its burst. */
static void
test_segments(void **state)
{
	struct qos_node *n;
	struct qos_class *c;
	unsigned i, rounds;

	(void)state;
	for (i = 0; i < 2; i++) {
		qr_start(&q);
		c = qr_class(&q, qr_policy(&q, "P"), QOS_DEFAULT);
		q.police[0] = (struct qos_police){ .cir = 1000000,
			.bc = 5000 };
		rig_add(&c->police, &q.police[0].obj);
		qr_attach(&q, i == 0 ? "P" : "", i == 0 ? "" : "P");
		for (rounds = 0; rounds < 200; rounds++) {
			qr_send_segment(&q);
			qr_until(&q, q.r.us + 40000);
		}
		n = &(i == 0 ? q.r.f->qos_in[LAN] : q.r.f->qos_out[WAN]).run->
		    nodes[0];
		assert_int_equal(n->c[QC_PACKETS], 2000);
		/* four packets fit into the burst */
		assert_int_equal(n->c[QC_CONFORM], 4 * 200);
		assert_int_equal(q.sent[0].packets, 4 * 200);
		qr_end(&q);
	}
}

/* Buckets are full behind an idle time of any length, and no fuller. */
static void
test_long_idle(void **state)
{
	static const uint64_t idle[] = { SECOND, 3600 * SECOND,
		UINT64_C(100) * 365 * 86400 * SECOND };
	static const struct {
		struct qos_police p;
		unsigned conform, exceed;
	} rows[] = {
		{ { .cir = 8000000, .bc = 10000 }, 10, 40 },
		{ { .cir = 8000000, .bc = 10000, .be = 20000 }, 10, 20 },
		{ { .cir = 8000000, .bc = 10000, .pir = 16000000,
		    .be = 15000 }, 10, 5 },
		{ { .cir = 4294967295, .bc = 512000000, .be = 512000000 },
		    50, 0 },
	};
	uint64_t was[2];
	struct qos_class *c;
	struct qos_node *n;
	unsigned i, k, j;

	(void)state;
	for (i = 0; i < NELEM(rows) * NELEM(idle); i++) {
		k = i / NELEM(idle);
		qr_start(&q);
		c = qr_class(&q, qr_policy(&q, "P"), QOS_DEFAULT);
		q.police[0] = rows[k].p;
		rig_add(&c->police, &q.police[0].obj);
		qr_attach(&q, "", "P");
		n = qr_node(&q, QOS_DEFAULT);
		for (j = 0; j < 50; j++)
			qr_send(&q, 0, 1000 - 42);
		qr_until(&q, q.r.us + idle[i % NELEM(idle)]);
		was[0] = n->c[QC_CONFORM];
		was[1] = n->c[QC_EXCEED];
		for (j = 0; j < 50; j++)
			qr_send(&q, 0, 1000 - 42);
		assert_int_equal(n->c[QC_CONFORM] - was[0], rows[k].conform);
		assert_int_equal(n->c[QC_EXCEED] - was[1], rows[k].exceed);
		qr_end(&q);
	}
}

/* Bc alone, when Be is zero: what a shaper lets through at once. */
static void
test_burst(void **state)
{
	struct qos_class *c;
	unsigned i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		qr_start(&q);
		c = qr_shaper(&q, "", 1000000);
		c->shape_bc = 40000; /* five packets */
		c->shape_be = 0;
		c->shape_has_be = k == 1;
		rig_config(&q.r);
		qr_until(&q, q.r.us + SECOND);
		for (i = 0; i < 40; i++)
			qr_send(&q, 0, 1000 - 42);
		/* and the one that overdraws it */
		assert_int_equal(q.sent[0].packets, k == 1 ? 6 : 11);
		qr_end(&q);
	}
}

/* One of `mark` at the upper threshold, none at the lower one, in proportion
 * between them; all above. */
static void
test_red(void **state)
{
	static const struct {
		unsigned mean, drops; /* of 10,000 */
	} rows[] = { { 10, 0 }, { 20, 0 }, { 25, 500 }, { 30, 1000 },
		{ 39, 1900 }, { 40, 10000 } };
	struct qos_class *c;
	struct qos_node *n;
	unsigned i, k;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		qr_start(&q);
		c = qr_shaper(&q, "", 8000);
		c->red = QOS_RED_DSCP;
		c->red_weight = 16;
		c->queue_limit = QOS_BUFFERS;
		q.reds[0] = (struct qos_red){ .dscp = true, .value = 10,
			.min = 20, .max = 40, .mark = 5 };
		rig_add(&c->reds, &q.reds[0].obj);
		rig_config(&q.r);
		n = qr_node(&q, QOS_DEFAULT);
		qr_send(&q, 10, 100); /* the shaper is closed now */
		for (k = 0; k < 10000; k++) {
			n->average = (rows[i].mean << 16) + 32768;
			qr_send(&q, 10, 100);
		}
		assert_near(n->c[QC_RED_DROPS], rows[i].drops, 120);
		assert_int_equal(n->reds[10].c[RC_EARLY], n->c[QC_RED_DROPS]);
		assert_int_equal(n->reds[10].c[RC_SENT], 10001 -
		    n->c[QC_RED_DROPS]);
		qr_end(&q);
	}
}

/* The mean sinks while nothing waits, as if packets came each millisecond: who
 * comes then does not pay for a queue of long ago. */
static void
test_red_idle(void **state)
{
	static const struct {
		unsigned ms, low, high;
	} rows[] = { { 0, 56, 60 }, { 10, 28, 32 }, { 5000, 0, 0 } };
	struct qos_class *c;
	struct qos_node *n;
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		qr_start(&q);
		c = qr_shaper(&q, "", 8000);
		c->red = QOS_RED_DSCP;
		c->red_weight = 4;
		q.reds[0] = (struct qos_red){ .dscp = true, .value = 10,
			.min = 40, .max = 41, .mark = 1 };
		rig_add(&c->reds, &q.reds[0].obj);
		rig_config(&q.r);
		n = qr_node(&q, QOS_DEFAULT);
		qr_until(&q, q.r.us + 10 * SECOND);
		qr_send(&q, 10, 100); /* the shaper is closed now */
		assert_int_equal(n->depth, 0);
		n->average = 60 << 16;
		n->idle_since = q.r.us - rows[i].ms * UINT64_C(1000);
		qr_send(&q, 10, 100);
		assert_in_range(n->average >> 16, rows[i].low, rows[i].high);
		assert_int_equal(n->c[QC_RED_DROPS], rows[i].low > 41);
		qr_end(&q);
	}
}

/* `queue-limit N ms`: of the rate that the class has. */
static void
test_limit_ms(void **state)
{
	struct qos_policy_map *p;
	struct qos_class *c;
	unsigned i;

	(void)state;
	qr_start(&q);
	qr_dscp(&q, "GOLD", EF);
	p = qr_policy(&q, "CHILD");
	c = qr_class(&q, p, "GOLD");
	c->bw_unit = QOS_PERCENT;
	c->bw = 50;
	c->queue_limit = 200;
	c->queue_ms = true;
	qr_shaper(&q, "CHILD", 1000000);
	for (i = 0; i < 100; i++)
		qr_send(&q, EF, 1000 - 42);
	/* 200 ms of 500 kbit/s */
	assert_int_equal(qr_node(&q, "GOLD")->cfg.limit, 12500);
	assert_int_equal(qr_node(&q, "GOLD")->depth, 12);
	qr_end(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_flow_limit),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_remaining),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_burst_order),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_taken_away),
		cmocka_unit_test(test_changed_encrypted),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_long_idle),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_red),
		cmocka_unit_test(test_red_idle),
		cmocka_unit_test(test_limit_ms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
