/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What pre-classify is good for: voice (50 packets a second of 200 octets,
 * told by its ports) and bulk, encrypted, over a link shaped to 2 Mbit/s with
 * a priority queue. Without pre-classify the ports are behind ESP and voice
 * waits among bulk. The clock is turned by hand, so the figures are those of
 * the scheduler alone and the same on every machine.
 *
 * Rows: bulk in percent of the link; mean and largest delay of voice in
 * milliseconds and its loss in percent, without and with pre-classify.
 */
#include "config.h"

#include <stdio.h>

#include "qos_rig.h"

#define LINK_BPS 2000000
#define SECONDS 30
#define BULK 1358 /* octets of payload: 1386 of IP, 1454 as ESP on the link */
#define BULK_BITS (1472 * 8)
#define VOICE_DSCP 1 /* no class looks at it: it tells what left */

static struct qos_rig q;
static struct rig far;

struct result {
	double mean, max, loss;
};

static void
start(bool preclassify)
{
	struct qos_policy_map *p;
	struct qos_match *x;
	struct qos_class *c;

	qr_start_encrypted(&q);
	rig_group(&q.r);
	q.r.map.qos_preclassify = preclassify;
	rig_start(&far);
	rig_group(&far);
	fwd_routes(far.f, (struct route[]){ { 0, 0, 0, LAN } }, 1);
	q.to = &far;
	x = qr_match(&q, qr_map(&q, "VOICE", true), QOS_RTP);
	x->lo = 4990;
	x->hi = 20;
	p = qr_policy(&q, "CHILD");
	c = qr_class(&q, p, "VOICE");
	c->prio_unit = QOS_PERCENT;
	c->prio = 20;
	qr_shaper(&q, "CHILD", LINK_BPS);
}

/* Of mean one, evenly from nothing to two. */
static double
gap(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) * 2.0 / (1 << 24);
}

static struct result
run(bool preclassify, unsigned percent)
{
	double step = percent == 0 ? 1e18 :
	    (double)BULK_BITS * 1e6 / (LINK_BPS * (percent / 100.0));
	uint32_t seed = 1;
	uint64_t voice, end;
	double bulk;
	struct sent *s = &q.sent[VOICE_DSCP];
	unsigned n = 0;

	start(preclassify);
	voice = q.r.us;
	end = voice + SECONDS * UINT64_C(1000000);
	bulk = (double)voice + step * gap(&seed);
	while (voice < end) {
		if (bulk < (double)voice) {
			qr_until(&q, (uint64_t)bulk);
			qr_send_flow(&q, 0, BULK, 80);
			bulk += step * gap(&seed);
			continue;
		}
		qr_until(&q, voice);
		qr_send_flow(&q, VOICE_DSCP, 172, 5000);
		voice += 20000;
		n++;
	}
	qr_until(&q, end + 2000000);
	rig_end(&far);
	qr_end(&q);
	return (struct result){ s->packets == 0 ? 0 :
	    (double)s->delay_sum / 1000 / (double)s->packets,
	    (double)s->delay_max / 1000,
	    100 - 100 * (double)s->packets / n };
}

int
main(void)
{
	static const unsigned loads[] = { 0, 10, 20, 30, 40, 50, 60, 70, 80,
		85, 90, 95, 100, 110, 120, 150, 200 };
	struct result without, with;
	size_t i;

	printf("# bulk   without pre-classify       with pre-classify\n"
	    "# %%      mean ms  max ms  loss %%    mean ms  max ms  loss %%\n");
	for (i = 0; i < NELEM(loads); i++) {
		without = run(false, loads[i]);
		with = run(true, loads[i]);
		printf("%6u  %8.2f %7.1f %7.1f  %9.2f %7.1f %7.1f\n",
		    loads[i], without.mean, without.max, without.loss,
		    with.mean, with.max, with.loss);
	}
	return 0;
}
