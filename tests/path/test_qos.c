/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Service policies in the packet path, by a clock turned by hand: which class
 * a packet falls into, marks, policers, rates of shapers, shares, priority,
 * queues that are full, and that nothing is lost, doubled or reordered.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "qos_rig.h"

#define EF 46
#define AF31 26
#define AF21 18
#define SECOND UINT64_C(1000000)

static struct qos_rig q;

/* ---- classes ---- */

static uint8_t
class_of(uint16_t in, const struct mk *m, uint8_t group)
{
	static uint8_t data[2000], buf[PKT_BUF_SIZE];
	size_t len = mk_packet(data, m);
	struct pkt p = rig_pkt(buf, data, len, in);
	uint16_t node[2];

	assert_int_equal(ip_parse(&p), IP_OK);
	p.qos_group = group;
	qos_classify(&q.r.f->qos_out[WAN], &p, &p.flow, p.len, node);
	return (uint8_t)node[0];
}

static void
test_classes(void **state)
{
	static const char *const names[] = { "EF", "ALL", "NOT", "NEST",
		"PROTO", "GROUP", "IN" };
	static const struct {
		const char *what;
		uint16_t in;
		struct mk mk;
		uint8_t group, class;
	} rows[] = {
		{ "ef", LAN, { .proto = 17, .tos = EF << 2 }, 0, 0 },
		{ "precedence 5, long, list", LAN, { .proto = 17,
		    .tos = 0xa0, .payload = 500, .sport = 7 }, 0, 1 },
		{ "too short for match-all", LAN, { .proto = 17, .tos = 0xa0,
		    .payload = 5, .sport = 7 }, 0, 7 },
		{ "not udp", LAN, { .proto = 47 }, 0, 2 },
		{ "class-map in class-map", LAN, { .proto = 6,
		    .tos = AF21 << 2 }, 0, 3 },
		{ "dns over udp", LAN, { .proto = 17, .dport = 53 }, 0, 4 },
		{ "dns over tcp, back", LAN, { .proto = 6, .sport = 53 },
		    0, 4 },
		{ "a fragment has no ports", LAN, { .proto = 17, .dport = 53,
		    .frag = 10, .payload = 20 }, 0, 7 },
		{ "group", LAN, { .proto = 17 }, 9, 5 },
		{ "input interface", WAN, { .proto = 17 }, 0, 6 },
		{ "class-default", LAN, { .proto = 17 }, 0, 7 },
	};
	struct ace even = ace_any(ACE_PERMIT);
	struct qos_class_map *m;
	struct qos_match *x;
	size_t i;

	(void)state;
	qr_start(&q);
	even.proto = PROTO_UDP;
	even.sport = (struct ace_ports){ ACE_OP_EQ, 7, 0 };
	rig_acl(&q.r, "SEVEN", &even, 1);
	qr_dscp(&q, "EF", EF);
	m = qr_map(&q, "ALL", false);
	qr_match(&q, m, QOS_PRECEDENCE)->v0 = 5;
	qr_match(&q, m, QOS_LENGTH)->lo = 100;
	str_copy(qr_match(&q, m, QOS_ACL)->name, "SEVEN", CONF_NAME);
	m = qr_map(&q, "NOT", false);
	for (i = 0; i < 2; i++) {
		x = qr_match(&q, m, QOS_PROTOCOL);
		x->negate = true;
		while (strcmp(qos_protocols[x->protocol].name,
		    i == 0 ? "udp" : "tcp") != 0)
			x->protocol++;
	}
	qr_dscp(&q, "AF21", AF21);
	m = qr_map(&q, "NEST", true);
	str_copy(qr_match(&q, m, QOS_CLASS)->name, "AF21", CONF_NAME);
	x = qr_match(&q, qr_map(&q, "PROTO", true), QOS_PROTOCOL);
	while (strcmp(qos_protocols[x->protocol].name, "dns") != 0)
		x->protocol++;
	qr_match(&q, qr_map(&q, "GROUP", true), QOS_GROUP)->group = 9;
	str_copy(qr_match(&q, qr_map(&q, "IN", true), QOS_INPUT)->name,
	    "FastEthernet0/1", CONF_NAME);
	qr_policy(&q, "P");
	for (i = 0; i < NELEM(names); i++)
		qr_class(&q, &q.policies[0], names[i]);
	qr_attach(&q, "", "P");
	for (i = 0; i < NELEM(rows); i++) {
		struct mk mk = rows[i].mk;

		mk.src = LAN_HOST;
		mk.dst = FAR_HOST;
		if (class_of(rows[i].in, &mk, rows[i].group) != rows[i].class)
			fail_msg("%s: class %u", rows[i].what,
			    class_of(rows[i].in, &mk, rows[i].group));
	}
	qr_end(&q);
}

/* A map that does not exist, or has no lines, matches nothing; a list that
 * does not exist, nothing. */
static void
test_empty(void **state)
{
	struct qos_policy_map *p;

	(void)state;
	qr_start(&q);
	qr_map(&q, "EMPTY", false);
	str_copy(qr_match(&q, qr_map(&q, "NOLIST", true), QOS_ACL)->name,
	    "NONE", CONF_NAME);
	p = qr_policy(&q, "P");
	qr_class(&q, p, "EMPTY")->drop = true;
	qr_class(&q, p, "GONE")->drop = true;
	qr_class(&q, p, "NOLIST")->drop = true;
	qr_attach(&q, "", "P");
	qr_send(&q, 0, 100);
	assert_int_equal(q.sent[0].packets, 1);
	qr_end(&q);
}

/* ---- marks ---- */

static void
test_marks(void **state)
{
	struct qos_policy_map *in, *out;
	struct qos_class *c;

	(void)state;
	qr_start(&q);
	fwd_set_engine(q.r.f, NULL, NULL); /* the rig keeps what leaves */
	qr_dscp(&q, "EF", EF);
	qr_match(&q, qr_map(&q, "G7", true), QOS_GROUP)->group = 7;
	in = qr_policy(&q, "IN");
	c = qr_class(&q, in, "EF");
	c->set_dscp = AF31;
	c->set_group = 7;
	qr_class(&q, in, QOS_DEFAULT)->set_precedence = 3;
	out = qr_policy(&q, "OUT");
	qr_class(&q, out, "G7")->set_dscp = AF21;
	qr_attach(&q, "IN", "OUT");
	qr_send(&q, EF, 33);
	assert_int_equal(rig_ip(&q.r, 0)[IPH_TOS], AF21 << 2);
	qr_send(&q, 0, 33);
	assert_int_equal(rig_ip(&q.r, 1)[IPH_TOS], 3 << 5);
	assert_true(ip_ok(rig_ip(&q.r, 0)) && ip_ok(rig_ip(&q.r, 1)));
	assert_true(l4_ok(rig_ip(&q.r, 0)) && l4_ok(rig_ip(&q.r, 1)));
	assert_int_equal(qr_node(&q, "G7")->c[QC_MARKED], 1);
	qr_end(&q);
}

/* ---- policers ---- */

struct police_row {
	struct qos_police p;
	uint64_t offered;     /* bits a second, in packets of 1000 octets */
	uint64_t conform, exceed, violate; /* bits a second of 10 s */
};

static void
police_one(const struct police_row *row)
{
	struct qos_class *c;
	struct qos_node *n;
	uint64_t gap = 8000 * SECOND / row->offered, at;

	qr_start(&q);
	c = qr_class(&q, qr_policy(&q, "P"), QOS_DEFAULT);
	q.police[0] = row->p;
	rig_add(&c->police, &q.police[0].obj);
	qr_attach(&q, "", "P");
	for (at = q.r.us; at < 11 * SECOND; at += gap) {
		qr_until(&q, at);
		qr_send(&q, 0, 1000 - 14 - 28);
	}
	n = qr_node(&q, QOS_DEFAULT);
	/* the buckets were full */
	assert_near(n->c[QC_CONFORM_BYTES] * 8, row->conform * 10, 12);
	assert_near(n->c[QC_EXCEED_BYTES] * 8, row->exceed * 10, 12);
	assert_near(n->c[QC_VIOLATE_BYTES] * 8, row->violate * 10, 12);
	assert_int_equal(n->c[QC_CONFORM] + n->c[QC_EXCEED] +
	    n->c[QC_VIOLATE], n->c[QC_PACKETS]);
	assert_int_equal(q.sent[0].packets + q.sent[AF21].packets +
	    n->c[QC_DROPS], n->c[QC_PACKETS]);
	if (row->p.head.exceed.act == QOS_SET_DSCP)
		assert_int_equal(q.sent[AF21].packets, n->c[QC_EXCEED]);
	assert_int_equal(rig_drops(&q.r, DROP_QOS_POLICE), n->c[QC_DROPS]);
	qr_end(&q);
}

static void
test_police(void **state)
{
	const struct qos_actions yellow = { .exceed = { QOS_SET_DSCP, AF21 },
		.violate = { QOS_DROP, 0 } };
	const struct police_row rows[] = {
		{ { .cir = 1000000, .bc = 2000 }, 2000000, 1000000, 1000000,
		    0 },
		{ { .cir = 1000000, .bc = 2000 }, 500000, 500000, 0, 0 },
		{ { .cir = 1000000, .bc = 2000, .be = 4000, .head = yellow },
		    2000000, 1000000, 3200, 996800 },
		{ { .cir = 1000000, .bc = 2000, .pir = 1500000, .be = 4000,
		    .head = yellow }, 2000000, 1000000, 500000, 500000 },
		{ { .cir = 1, .percent = true }, 2000000, 1000000 + 25000,
		    1000000 - 25000, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		police_one(&rows[i]);
}

/* ---- shapers ---- */

/* Each class always has so many packets, until then. */
static unsigned waiting = 40;

static void
fill(const uint8_t *dscps, const unsigned *payloads, unsigned n,
    uint64_t until)
{
	unsigned i;

	while (q.r.us < until) {
		for (i = 0; i < n; i++) {
			while ((uint16_t)(q.id[dscps[i]] -
			    q.sent[dscps[i]].last_id) < waiting)
				qr_send_flow(&q, dscps[i], payloads[i],
				    (uint16_t)(4000 + i));
		}
		qr_until(&q, q.r.us + 500 < until ? q.r.us + 500 : until);
	}
}

static void
test_rates(void **state)
{
	static const struct {
		uint32_t bps;
		uint64_t ms; /* that are looked at */
	} rows[] = { { 64000, 30000 }, { 1000000, 4000 }, { 10000000, 2000 },
		{ 99000000, 500 }, { 900000000, 200 } };
	static const uint8_t dscp[] = { 0 };
	static const unsigned sizes[] = { 100, 700, 1400 };
	struct qos_class *c;
	uint64_t from;
	size_t i, s;

	(void)state;
	waiting = 900;
	for (i = 0; i < NELEM(rows) * NELEM(sizes); i++) {
		s = i % NELEM(sizes);
		qr_start(&q);
		c = qr_shaper(&q, "", rows[i / NELEM(sizes)].bps);
		c->queue_limit = 1000;
		rig_config(&q.r);
		fill(dscp, &sizes[s], 1, SECOND + 100000);
		from = q.sent[0].bytes;
		fill(dscp, &sizes[s], 1, q.r.us +
		    rows[i / NELEM(sizes)].ms * 1000);
		assert_near((q.sent[0].bytes - from) * 8,
		    rows[i / NELEM(sizes)].bps *
		    rows[i / NELEM(sizes)].ms / 1000, 10);
		assert_int_equal(q.sent[0].disorder, 0);
		qr_end(&q);
	}
	waiting = 40;
}

/* What bandwidth says is what a class gets of a full link, whatever the size
 * of its packets; what one does not use the others get in proportion. */
static void
test_shares(void **state)
{
	static const struct {
		uint8_t unit;
		uint32_t bw[3];
		unsigned share[4]; /* percent, class-default last */
	} rows[] = {
		{ QOS_PERCENT, { 50, 30, 10 }, { 50, 30, 10, 10 } },
		{ QOS_KBPS, { 5000, 2000, 2500 }, { 50, 20, 25, 5 } },
		{ QOS_REMAINING, { 60, 20, 5 }, { 60, 20, 5, 15 } },
		{ QOS_RATIO, { 5, 3, 1 }, { 50, 30, 10, 10 } },
		{ QOS_PERCENT, { 90, 5, 4 }, { 90, 5, 4, 1 } },
	};
	static const uint8_t dscp[] = { 10, 20, 30, 0 };
	static const unsigned mixes[][4] = { { 1400, 100, 700, 1000 },
		{ 1400, 1400, 1400, 60 }, { 60, 60, 1400, 1400 },
		{ 200, 1400, 60, 600 }, { 60, 60, 60, 60 } };
	static const char *const names[] = { "A", "B", "C" };
	const unsigned *sizes;
	struct qos_policy_map *p;
	struct qos_class *c;
	uint64_t sum, from[4];
	unsigned i, k;

	(void)state;
	for (i = 0; i < NELEM(rows) * NELEM(mixes); i++) {
		const unsigned row = i / NELEM(mixes);

		sizes = mixes[i % NELEM(mixes)];
		qr_start(&q);
		p = qr_policy(&q, "CHILD");
		for (k = 0; k < 3; k++) {
			qr_dscp(&q, names[k], dscp[k]);
			c = qr_class(&q, p, names[k]);
			c->bw_unit = rows[row].unit;
			c->bw = rows[row].bw[k];
		}
		qr_shaper(&q, "CHILD", 10000000);
		fill(dscp, sizes, 4, 2 * SECOND);
		for (k = 0; k < 4; k++)
			from[k] = q.sent[dscp[k]].bytes;
		fill(dscp, sizes, 4, 3 * SECOND);
		for (sum = k = 0; k < 4; k++)
			sum += q.sent[dscp[k]].bytes - from[k];
		assert_near(sum * 8, 10000000, 10);
		for (k = 0; k < 4; k++) {
			uint64_t got = (q.sent[dscp[k]].bytes - from[k]) *
			    10000 / sum;
			uint64_t want = rows[row].share[k] * 100;

			/* two percent of the link */
			if (got + 200 < want || got > want + 200 ||
			    got * 10 < want * 7)
				fail_msg("case %u, class %u: %u.%02u %%", i, k,
				    (unsigned)got / 100, (unsigned)got % 100);
			assert_int_equal(q.sent[dscp[k]].disorder, 0);
		}
		/* two of them alone */
		fill(dscp, sizes, 2, 4 * SECOND);
		from[0] = q.sent[dscp[0]].bytes;
		from[1] = q.sent[dscp[1]].bytes;
		fill(dscp, sizes, 2, 6 * SECOND);
		assert_near((q.sent[dscp[0]].bytes - from[0]) * rows[row].bw[1],
		    (q.sent[dscp[1]].bytes - from[1]) * rows[row].bw[0], 30);
		qr_end(&q);
	}
}

/* ---- priority ---- */

/* Voice waits for the packet that is being sent and the burst that the shaper
 * owes, however full the link; above its rate it is dropped, so that it
 * starves nobody. */
static void
test_priority(void **state)
{
	static const uint8_t bulk[] = { 0 };
	static const unsigned size[] = { 1400 };
	struct qos_policy_map *p;
	struct qos_class *c;
	uint64_t at, end;
	unsigned sent = 0;

	(void)state;
	qr_start(&q);
	qr_dscp(&q, "VOICE", EF);
	p = qr_policy(&q, "CHILD");
	c = qr_class(&q, p, "VOICE");
	c->prio_unit = QOS_PERCENT;
	c->prio = 20;
	qr_shaper(&q, "CHILD", 2000000);
	for (at = q.r.us, end = at + 4 * SECOND; at < end; at += 20000) {
		fill(bulk, size, 1, at);
		qr_send(&q, EF, 172);
		sent++;
	}
	qr_until(&q, end);
	assert_int_equal(q.sent[EF].packets, sent);
	/* one packet of bulk: 5.8 ms */
	assert_true(q.sent[EF].delay_max < 6000);
	assert_true(q.sent[0].delay_max > 50000);

	/* five times its rate: 400 kbit/s stay */
	qr_forget(&q);
	for (end = q.r.us + 4 * SECOND; q.r.us < end;) {
		fill(bulk, size, 1, q.r.us + 5000);
		qr_send(&q, EF, 1222);
	}
	assert_near(q.sent[EF].bytes * 8, 1600000, 60);
	assert_near((q.sent[EF].bytes + q.sent[0].bytes) * 8, 8000000, 15);
	assert_true(qr_node(&q, "VOICE")->c[QC_PRIO_DROPS] > 0);
	assert_int_equal(rig_drops(&q.r, DROP_QOS_PRIORITY),
	    qr_node(&q, "VOICE")->c[QC_PRIO_DROPS]);

	/* without congestion it has the whole link */
	qr_until(&q, q.r.us + 5 * SECOND);
	qr_forget(&q);
	for (end = q.r.us + 4 * SECOND; q.r.us < end;) {
		qr_until(&q, q.r.us + 10000);
		qr_send(&q, EF, 1222);
	}
	assert_near(q.sent[EF].bytes * 8, 4 * 1264 * 8 * 100, 15);
	qr_end(&q);
}

/* ---- full queues ---- */

static void
test_limits(void **state)
{
	struct qos_class *c;
	unsigned i;

	(void)state;
	qr_start(&q);
	c = qr_shaper(&q, "", 8000);
	for (i = 0; i < 200; i++)
		qr_send(&q, 0, 1000);
	/* one was sent on credit */
	assert_int_equal(q.r.f->qos_buffers, 64);
	assert_int_equal(rig_drops(&q.r, DROP_QOS_QUEUE), 200 - 64 -
	    q.sent[0].packets);
	assert_int_equal(qr_node(&q, QOS_DEFAULT)->depth, 64);
	/* another limit is another policy: so many of those that waited fit
	 * into it, and the shaper owes nothing yet */
	c->queue_limit = 5000;
	c->queue_bytes = true;
	rig_config(&q.r);
	qr_until(&q, q.r.us);
	assert_int_equal(q.r.f->qos_buffers, 4);
	for (i = 0; i < 200; i++)
		qr_send(&q, 0, 1000);
	assert_int_equal(q.r.f->qos_buffers, 4);
	/* the same again: it stays */
	rig_config(&q.r);
	assert_int_equal(q.r.f->qos_buffers, 4);
	/* and memory has an end */
	qr_dscp(&q, "VOICE", EF);
	qr_class(&q, qr_policy(&q, "CHILD"), "VOICE")->prio_unit =
	    QOS_UNLIMITED;
	qr_class(&q, &q.policies[1], QOS_DEFAULT)->queue_limit = 1000000;
	str_copy(c->child, "CHILD", sizeof(c->child));
	rig_config(&q.r);
	for (i = 0; i < QOS_BUFFERS + 100; i++)
		qr_send(&q, 0, 10);
	assert_int_equal(q.r.f->qos_buffers, QOS_BUFFERS - QOS_BUFFERS /
	    QOS_RESERVE);
	assert_true(q.r.f->qos_bytes <= QOS_MEMORY);
	assert_true(rig_drops(&q.r, DROP_QOS_MEMORY) > 90);
	/* but for voice */
	qr_send(&q, EF, 10);
	assert_int_equal(q.r.f->qos_buffers, 1 + QOS_BUFFERS - QOS_BUFFERS /
	    QOS_RESERVE);
	qr_end(&q);
}

/* One flow of many packets, one of a few: with fair-queue the few pass. */
static void
test_fair(void **state)
{
	struct qos_class *c;
	unsigned i, fair;
	uint64_t few[2];

	(void)state;
	for (fair = 0; fair < 2; fair++) {
		qr_start(&q);
		c = qr_shaper(&q, "", 1000000);
		c->fair = fair != 0;
		rig_config(&q.r);
		for (i = 0; i < 20000; i++) {
			qr_until(&q, q.r.us + 1000);
			qr_send_flow(&q, 0, 1000, 1);
			if (i % 40 == 0)
				qr_send_flow(&q, 1, 1000, 2);
		}
		few[fair] = q.sent[1].packets;
		assert_int_equal(q.sent[0].disorder + q.sent[1].disorder, 0);
		qr_end(&q);
	}
	assert_true(few[0] < 250);
	assert_int_equal(few[1], 500);
}

/* Of two code points the one with the lower threshold loses more. */
static void
test_red(void **state)
{
	struct qos_class *c;
	unsigned i;
	struct qos_node *n;

	(void)state;
	qr_start(&q);
	c = qr_shaper(&q, "", 1000000);
	c->red = QOS_RED_DSCP;
	c->red_weight = 4;
	q.reds[0] = (struct qos_red){ .dscp = true, .value = 10, .min = 5,
		.max = 15, .mark = 2 };
	rig_add(&c->reds, &q.reds[0].obj);
	rig_config(&q.r);
	for (i = 0; i < 4000; i++) {
		qr_until(&q, q.r.us + 8000);
		qr_send(&q, i % 2 != 0 ? 10 : 12, 1100);
	}
	n = qr_node(&q, QOS_DEFAULT);
	assert_true(n->c[QC_RED_DROPS] > 100);
	assert_int_equal(n->c[QC_RED_DROPS], rig_drops(&q.r, DROP_QOS_RED));
	assert_int_equal(rig_drops(&q.r, DROP_QOS_QUEUE), 0);
	assert_true(q.sent[10].packets * 10 < q.sent[12].packets * 9);
	qr_end(&q);
}

/* ---- encryption ---- */

/* Voice overtakes bulk, of which three times what the link takes is there;
 * queues of any depth are in front of encryption, so the window of 64 at the
 * far end sees numbers in order, and those that were dropped had none. The TEK
 * is replaced while packets wait. */
static void
test_replay(void **state)
{
	static const uint32_t limit[] = { 16, 64, 1000 };
	static struct rig far;
	struct qos_policy_map *p;
	struct qos_class *c;
	uint64_t end, out;
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(limit); i++) {
		qr_start_encrypted(&q);
		rig_group(&q.r);
		rig_start(&far);
		far.sink = true;
		rig_group(&far);
		fwd_routes(far.f, (struct route[]){ { 0, 0, 0, LAN } }, 1);
		q.to = &far;
		qr_dscp(&q, "VOICE", EF);
		p = qr_policy(&q, "CHILD");
		c = qr_class(&q, p, "VOICE");
		c->prio_unit = QOS_PERCENT;
		c->prio = 20;
		qr_class(&q, p, QOS_DEFAULT)->queue_limit = limit[i];
		qr_shaper(&q, "CHILD", 2000000);
		for (end = q.r.us + 4 * SECOND; q.r.us < end;) {
			uint64_t at = q.r.us + 20000;

			while (q.r.us + 2000 < at) {
				qr_until(&q, q.r.us + 2000);
				qr_send(&q, 0, 1300);
			}
			qr_until(&q, at);
			qr_send(&q, EF, 60);
		}
		/* what waited goes with the TEK that is there then */
		rig_tek(&far, 0x2000, 0, rig_aes_sha1, 3600000);
		rig_tek(&q.r, 0x2000, 0, rig_aes_sha1, 3600000);
		out = q.sent[0].packets;
		qr_until(&q, q.r.us + 10 * SECOND);
		assert_int_equal(q.sent[0].packets - out > 10, 1);
		assert_int_equal(q.r.f->qos_buffers, 0);
		assert_int_equal(rig_drops(&far, DROP_REPLAY), 0);
		assert_int_equal(far.n_sunk, q.sent[0].packets +
		    q.sent[EF].packets);
		assert_int_equal(q.sent[EF].packets, 200);
		rig_end(&far);
		qr_end(&q);
	}
}

/* Packets that wait for encryption are not sent in clear when the group has
 * gone meanwhile. */
static void
test_group_gone(void **state)
{
	struct sa_change gone = { .type = SA_FLUSH };
	unsigned i;

	(void)state;
	qr_start_encrypted(&q);
	rig_group(&q.r);
	qr_shaper(&q, "", 100000);
	for (i = 0; i < 20; i++)
		qr_send(&q, 0, 500);
	i = (unsigned)q.sent[0].packets;
	assert_true(i < 5);
	str_copy(gone.del.group, "GETVPN", SA_NAME_MAX);
	fwd_sa(q.r.f, &gone);
	qr_until(&q, q.r.us + 5 * SECOND);
	assert_int_equal(q.sent[0].packets, i);
	assert_int_equal(rig_drops(&q.r, DROP_NO_SA), 20 - i);
	qr_end(&q);
}

/* An output policy marks the header in front of ESP and nothing inside. */
static void
test_mark_outer(void **state)
{
	static struct rig far;

	(void)state;
	qr_start_encrypted(&q);
	rig_group(&q.r);
	rig_start(&far);
	rig_group(&far);
	fwd_routes(far.f, (struct route[]){ { 0, 0, 0, LAN } }, 1);
	q.to = &far;
	qr_class(&q, qr_policy(&q, "P"), QOS_DEFAULT)->set_dscp = AF21;
	qr_attach(&q, "", "P");
	qr_send(&q, EF, 100);
	assert_int_equal(q.sent[AF21].packets, 1);
	assert_int_equal(far.n_out, 1);
	assert_int_equal(rig_ip(&far, 0)[IPH_TOS], EF << 2);
	/* length, as it was foreseen: header, ESP and link */
	assert_int_equal(qr_node(&q, QOS_DEFAULT)->c[QC_BYTES],
	    q.sent[AF21].bytes);
	rig_end(&far);
	qr_end(&q);
}

/* Without pre-classify ports are behind ESP; with it they are seen. */
static void
test_preclassify(void **state)
{
	struct qos_match *x;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		qr_start_encrypted(&q);
		rig_group(&q.r);
		q.r.map.qos_preclassify = i == 1;
		x = qr_match(&q, qr_map(&q, "PORT", true), QOS_RTP);
		x->lo = 4000;
		x->hi = 2000;
		qr_class(&q, qr_policy(&q, "P"), "PORT");
		qr_attach(&q, "", "P");
		qr_send(&q, 0, 100);
		assert_int_equal(q.sent[0].packets, 1);
		assert_int_equal(qr_node(&q, "PORT")->c[QC_PACKETS], i);
		qr_end(&q);
	}
}

/* A segment of the kernel comes in pieces where a shaper is. */
static void
test_segments(void **state)
{
	(void)state;
	qr_start(&q);
	qr_shaper(&q, "", 10000000);
	qr_send_segment(&q);
	qr_until(&q, q.r.us + SECOND);
	assert_int_equal(q.sent[0].packets, 10);
	qr_end(&q);
}

/* Two levels of policies that are the same but for a name elsewhere keep
 * queue and counters; rates are of the bytes that were offered. */
static void
test_rates_shown(void **state)
{
	struct qos_node *n;
	unsigned i;

	(void)state;
	qr_start(&q);
	qr_class(&q, qr_policy(&q, "P"), QOS_DEFAULT);
	q.r.ifs[1].load_interval = 30;
	qr_attach(&q, "", "P");
	rig_timeout(&q.r);
	for (i = 0; i < 12000; i++) {
		qr_until(&q, q.r.us + 10000);
		qr_send(&q, 0, 1250 - 28 - 14);
		rig_timeout(&q.r);
		if (i == 6000)
			rig_config(&q.r);
	}
	n = qr_node(&q, QOS_DEFAULT);
	assert_int_equal(n->c[QC_PACKETS], 12000);
	assert_near(n->rate[QR_OFFERED], 1000000, 30);
	fwd_clear_counters(q.r.f, 0);
	assert_int_equal(n->c[QC_PACKETS] - n->cleared[QC_PACKETS], 0);
	qr_end(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_police),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_red),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_group_gone),
		cmocka_unit_test(test_mark_outer),
		cmocka_unit_test(test_preclassify),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_rates_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
