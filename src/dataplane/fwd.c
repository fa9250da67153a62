/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The packet engine of process fwd: the order of operations as a table, the
 * runner that takes a burst through it, drops, and what the worker tells the
 * control thread.
 */
#include "config.h"

#include <stdlib.h>

#include <urcu-qsbr.h>

#include "dataplane/engine.h"
#include "dataplane/ip.h"
#include "dataplane/ipdebug.h"

/* Which packets a stage sees. */
enum { ARRIVED = 1, LEAVES = 2 };

static const struct stage {
	const char *name;
	unsigned when;
	enum verdict (*each)(struct fwd *, struct pkt *);
	unsigned (*burst)(struct fwd *, struct pkt **, unsigned, unsigned);
} path[] = {
	{ "sanity", 0, stage_sanity, NULL },
	{ "acl-in", ARRIVED, stage_acl_in, NULL },
	{ "esp-in", ARRIVED, NULL, stage_esp_in },
	{ "clear-in", ARRIVED, stage_clear_in, NULL },
	{ "acl-in-again", ARRIVED, stage_acl_in_again, NULL },
	{ "pieces", ARRIVED, NULL, stage_pieces },
	{ "qos-in", ARRIVED, stage_qos_in, NULL },
	{ "gre-in", ARRIVED, NULL, stage_gre_in },
	{ "nat-in", ARRIVED, NULL, stage_nat_in },
	{ "ping", ARRIVED, stage_ping, NULL },
	{ "route", 0, stage_route, NULL },
	{ "multicast", 0, NULL, stage_mroute },
	{ "ttl", ARRIVED | LEAVES, stage_ttl, NULL },
	{ "adjust-mss", LEAVES, stage_mss, NULL },
	{ "nat-out", ARRIVED | LEAVES, NULL, stage_nat_out },
	{ "crypto-classify", LEAVES, stage_classify, NULL },
	{ "acl-out", ARRIVED | LEAVES, stage_acl_out, NULL },
	{ "split", LEAVES, NULL, stage_split },
	{ "qos-out", LEAVES, NULL, stage_qos_out },
	{ "gre-out", LEAVES, NULL, stage_gre_out },
	{ "esp-out", LEAVES, NULL, stage_esp_out },
	{ "qos-mark", LEAVES, stage_qos_mark, NULL },
	{ "transmit", 0, NULL, stage_transmit },
};

static const struct {
	const char *name, *text;
} drop_texts[] = {
#define DROP_DEF(id, text) { #id, text },
#include "dataplane/drop.def"
#undef DROP_DEF
};

const char *
fwd_stage_name(unsigned stage)
{
	return stage < NELEM(path) ? path[stage].name : NULL;
}

size_t
fwd_drops(const struct fwd *f, struct fwd_drop *out, size_t max)
{
	size_t i;

	for (i = 0; i < DROP_COUNT && i < max; i++) {
		out[i].name = drop_texts[i].name;
		out[i].text = drop_texts[i].text;
		out[i].packets = count_read(&f->w.drops[i]);
	}
	return DROP_COUNT;
}

enum verdict
fwd_drop(struct fwd *f, enum drop_id id)
{
	count(&f->w.drops[id]);
	f->w.dropped = (uint8_t)id;
	return DROP;
}

const char *
fwd_drop_text(unsigned id)
{
	return id < DROP_COUNT ? drop_texts[id].text : "";
}

void
pkt_reset(struct pkt *p)
{
	*p = (struct pkt){ .buf = p->buf, .off = PKT_HEADROOM };
}

bool
fwd_is_own(const struct snap *s, uint32_t addr)
{
	unsigned i;

	for (i = 0; i < s->n_own; i++) {
		if (s->own[i] == addr)
			return true;
	}
	return false;
}

static bool
applies(const struct stage *s, const struct pkt *p)
{
	if ((s->when & ARRIVED) != 0 && p->in_port == PORT_LOCAL)
		return false;
	return (s->when & LEAVES) == 0 || p->out_port != PORT_LOCAL;
}

static unsigned
run_each(struct fwd *f, const struct stage *s, struct pkt **pkts, unsigned n)
{
	unsigned i, left = 0;
	uint32_t bit = 1u << (s - path);

	for (i = 0; i < n; i++) {
		if (applies(s, pkts[i])) {
			enum verdict v;

			pkts[i]->trace |= bit;
			v = s->each(f, pkts[i]);
			if (v != NEXT) {
				if (v == DROP)
					ipdebug(f, SEEN_DROPPED, pkts[i]);
				continue;
			}
		}
		pkts[left++] = pkts[i];
	}
	return left;
}

void
path_run(struct fwd *f, unsigned at, struct pkt **pkts, unsigned n)
{
	unsigned i;

	for (; at < NELEM(path) && n > 0; at++) {
		if (path[at].each != NULL) {
			n = run_each(f, &path[at], pkts, n);
			continue;
		}
		for (i = 0; i < n; i++) {
			if (applies(&path[at], pkts[i]))
				pkts[i]->trace |= 1u << at;
		}
		n = path[at].burst(f, pkts, n, at);
	}
}

void
pkt_anew(struct pkt *p)
{
	p->out_port = PORT_LOCAL;
	p->encrypted = p->decrypted = false;
	p->own_ike = false;
	p->nat = 0;
	p->outer_marked = false;
	p->sa = p->group = NULL;
}

/* ICMP errors that the burst gave rise to: this router's own packets. */
static void
run_icmp(struct fwd *f)
{
	struct pkt *pkts[ICMP_QUEUE];
	unsigned i, n = f->w.icmp_n;

	for (i = 0; i < n; i++)
		pkts[i] = &f->w.icmp[i];
	if (n > 0)
		path_run(f, 0, pkts, n);
	f->w.icmp_n = 0;
}

static void
run_held(struct fwd *f)
{
	struct pkt *pkts[NAT_HELD];
	unsigned at, n;

	while ((n = nat_held_ready(f, pkts, &at)) > 0) {
		path_run(f, at, pkts, n);
		nat_held_done(f);
	}
}

void
fwd_enter(struct fwd *f)
{
	f->w.snap = rcu_dereference(f->snap);
	f->w.now = f->io.now(f->arg);
	if (f->w.snap->nat != NULL)
		nat_enter(f);
	if (f->w.generation != f->w.snap->generation) {
		f->w.generation = f->w.snap->generation;
		if (f->w.snap->adopts)
			qos_adopt(f);
	}
}

void
fwd_leave(struct fwd *f)
{
	if (f->w.snap->nat != NULL)
		run_held(f);
	run_icmp(f);
	if (f->w.snap->nat != NULL)
		nat_leave(f);
	f->w.snap = NULL;
}

/* Routing protocols, keepalives of tunnels, key management: of this router,
 * by the precedence that these have. An answer to a ping has the one of the
 * question. */
static bool
is_control(const struct pkt *p)
{
	const uint8_t *ip = pkt_ip(p);

	return p->in_port == PORT_LOCAL && p->len >= IPH_HDR &&
	    ip[IPH_TOS] >> 5 >= 6 && ip[IPH_PROTO] != PROTO_ICMP;
}

void
fwd_input(struct fwd *f, struct pkt **pkts, unsigned n)
{
	struct pkt *burst[BURST_MAX];
	unsigned i, part;

	fwd_enter(f);
	for (; n > 0; n -= part, pkts += part) {
		part = n < BURST_MAX ? n : BURST_MAX;
		for (i = 0; i < part; i++) {
			burst[i] = pkts[i];
			pkt_anew(burst[i]);
			burst[i]->trace = 0;
			burst[i]->preclassified = false;
			burst[i]->qos_group = burst[i]->tunnels = 0;
			burst[i]->tunnel = PORT_LOCAL;
			burst[i]->control = is_control(burst[i]);
		}
		path_run(f, 0, burst, part);
		run_icmp(f);
		reass_release(f);
	}
	fwd_leave(f);
}

void
fwd_send_own(struct fwd *f, struct pkt *p)
{
	if (f->engine.inject != NULL)
		f->engine.inject(f->engine_arg, pkt_ip(p), p->len);
	else
		fwd_input(f, &p, 1);
}

/* What leaves in clear was seen before it was cut (split.c). */
static void
see_last(struct fwd *f, struct pkt **pkts, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		if (pkts[i]->out_port == PORT_LOCAL)
			ipdebug(f, SEEN_RCVD, pkts[i]);
		else if (pkts[i]->encrypted)
			ipdebug(f, ip_is_fragment(pkt_ip(pkts[i])) ?
			    SEEN_FRAGMENT : SEEN_SENT, pkts[i]);
	}
}

unsigned
stage_transmit(struct fwd *f, struct pkt **pkts, unsigned n,
    unsigned at UNUSED)
{
	unsigned i;

	if (f->w.snap->watch != 0)
		see_last(f, pkts, n);
	for (i = 0; i < n; i++) {
		if (pkts[i]->ping && pkts[i]->out_port == PORT_LOCAL)
			ping_to_self(f, pkts[i]);
		else if (f->engine.tx != NULL)
			f->engine.tx(f->engine_arg, pkts[i]);
		else
			f->io.tx(f->arg, pkts[i]);
	}
	return 0;
}

/* ---- life ---- */

void
fwd_set_engine(struct fwd *f, const struct fwd_engine *e, void *arg)
{
	f->engine = e != NULL ? *e : (struct fwd_engine){0};
	f->engine_arg = arg;
}

struct fwd *
fwd_new(const struct fwd_io *io, void *arg)
{
	struct fwd *f = xcalloc(1, sizeof(*f));
	unsigned i;

	(void)crypto_init();
	f->io = *io;
	f->arg = arg;
	f->next_conn = 1;
	f->next_change = UINT64_MAX;
	io->random(arg, &f->next_ping_id, sizeof(f->next_ping_id));
	io->random(arg, &f->w.ip_id, sizeof(f->w.ip_id));
	for (i = 0; i < POOL_MAX; i++)
		f->w.pool[i].buf = xcalloc(1, PKT_BUF_SIZE);
	f->w.copy.buf = xcalloc(1, PKT_BUF_SIZE);
	for (i = 0; i < QOS_NEST; i++)
		f->w.waited[i].buf = xcalloc(1, PKT_BUF_SIZE);
	f->own.buf = xcalloc(1, PKT_BUF_SIZE);
	for (i = 0; i < ICMP_QUEUE; i++)
		f->w.icmp[i].buf = xcalloc(1, PKT_BUF_SIZE);
	for (i = 0; i < REASS_MAX; i++)
		f->w.reass[i].pkt.buf = xcalloc(1, PKT_BUF_SIZE);
	nat_new(f);
	nat_config(f);
	snap_publish(f);
	return f;
}

void
fwd_free(struct fwd *f)
{
	unsigned i;

	if (f == NULL)
		return;
	ping_free_all(f);
	snap_end(f);
	sadb_free(f);
	failclose_free(f);
	nat_free(f);
	qos_free(f);
	ipdebug_free(f);
	for (i = 0; i < f->n_acls; i++)
		ref_put(f->acls[i]);
	free(f->acls);
	ref_put(f->routes);
	free(f->route_src);
	for (i = 0; i < POOL_MAX; i++)
		free(f->w.pool[i].buf);
	free(f->w.copy.buf);
	for (i = 0; i < QOS_NEST; i++)
		free(f->w.waited[i].buf);
	free(f->own.buf);
	for (i = 0; i < ICMP_QUEUE; i++)
		free(f->w.icmp[i].buf);
	for (i = 0; i < REASS_MAX; i++)
		free(f->w.reass[i].pkt.buf);
	free(f);
}
