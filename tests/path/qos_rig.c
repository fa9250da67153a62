/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See qos_rig.h.
 */
#include "config.h"

#include <stdlib.h>

#include "qos_rig.h"

#define LINK 14 /* octets of a link header */

static void
on_tx(void *arg, const struct pkt *p)
{
	struct qos_rig *q = arg;
	const uint8_t *ip = p->buf + p->off;
	struct sent *s = &q->sent[ip[IPH_TOS] >> 2];
	uint64_t delay;
	uint16_t id;

	s->packets++;
	s->bytes += p->len + LINK;
	if (q->to != NULL) {
		rig_input(q->to, ip, p->len, WAN);
		if (q->to->n_out > 0)
			ip = rig_ip(q->to, 0);
	}
	if (ip[IPH_PROTO] != PROTO_UDP)
		return;
	id = get16(ip + IPH_ID);
	delay = q->r.us - q->at[ip[IPH_TOS] >> 2][id % 1024];
	s->delay_sum += delay;
	if (delay > s->delay_max)
		s->delay_max = delay;
	s->disorder += (int16_t)(id - s->last_id) < 0;
	s->last_id = id;
}

void
qr_start_encrypted(struct qos_rig *q)
{
	static const struct fwd_engine ops = { .tx = on_tx };

	memset(q, 0, sizeof(*q));
	rig_start(&q->r);
	fwd_set_engine(q->r.f, &ops, q);
}

void
qr_start(struct qos_rig *q)
{
	qr_start_encrypted(q);
	q->r.ifs[1].crypto_map[0] = '\0';
}

void
qr_end(struct qos_rig *q)
{
	rig_end(&q->r);
}

struct qos_class_map *
qr_map(struct qos_rig *q, const char *name, bool any)
{
	struct qos_class_map *m = &q->maps[q->n_maps++];

	str_copy(m->name, name, sizeof(m->name));
	m->any = any;
	m->all = !any;
	rig_add(&q->r.conf.class_maps, &m->obj);
	return m;
}

struct qos_match *
qr_match(struct qos_rig *q, struct qos_class_map *m, enum qos_match_kind kind)
{
	struct qos_match *x = &q->matches[q->n_matches++];

	x->kind = (uint8_t)kind;
	x->v0 = x->v1 = x->v2 = x->v3 = x->v4 = x->v5 = x->v6 = x->v7 =
	    QOS_UNSET;
	rig_add(&m->matches, &x->obj);
	return x;
}

void
qr_dscp(struct qos_rig *q, const char *name, uint8_t dscp)
{
	qr_match(q, qr_map(q, name, true), QOS_DSCP)->v0 = dscp;
}

struct qos_policy_map *
qr_policy(struct qos_rig *q, const char *name)
{
	struct qos_policy_map *p = &q->policies[q->n_policies++];

	str_copy(p->name, name, sizeof(p->name));
	rig_add(&q->r.conf.policy_maps, &p->obj);
	return p;
}

struct qos_class *
qr_class(struct qos_rig *q, struct qos_policy_map *p, const char *name)
{
	struct qos_class *c = &q->classes[q->n_classes++];

	str_copy(c->name, name, sizeof(c->name));
	c->set_dscp = c->set_precedence = c->set_group = QOS_UNSET;
	rig_add(&p->classes, &c->obj);
	return c;
}

void
qr_attach(struct qos_rig *q, const char *in, const char *out)
{
	str_copy(q->r.ifs[0].policy_in, in, CONF_NAME);
	str_copy(q->r.ifs[1].policy_out, out, CONF_NAME);
	rig_config(&q->r);
}

struct qos_class *
qr_shaper(struct qos_rig *q, const char *child, uint32_t bps)
{
	struct qos_class *c = qr_class(q, qr_policy(q, "TOP"), QOS_DEFAULT);

	c->shape = true;
	c->shape_rate = bps;
	str_copy(c->child, child, sizeof(c->child));
	qr_attach(q, "", "TOP");
	return c;
}

struct qos_node *
qr_node(struct qos_rig *q, const char *name)
{
	struct qos_run *r = q->r.f->qos_out[WAN].run;
	unsigned i;

	for (i = r->n_nodes; i-- > 0;) { /* those of the child first */
		if (strcmp(r->nodes[i].cfg.name, name) == 0)
			return &r->nodes[i];
	}
	abort();
}

void
qr_send_flow(struct qos_rig *q, uint8_t dscp, unsigned payload,
    uint16_t port)
{
	static uint8_t data[9000], buf[PKT_BUF_SIZE];
	size_t len = mk_packet(data, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = PROTO_UDP, .payload = payload,
	    .tos = (uint8_t)(dscp << 2), .id = q->id[dscp], .sport = port,
	    .dport = port });
	struct pkt p = rig_pkt(buf, data, len, LAN), *pp = &p;

	q->at[dscp][q->id[dscp]++ % 1024] = q->r.us;
	fwd_input(q->r.f, &pp, 1);
}

void
qr_send(struct qos_rig *q, uint8_t dscp, unsigned payload)
{
	qr_send_flow(q, dscp, payload, 4000);
}

void
qr_until(struct qos_rig *q, uint64_t us)
{
	uint64_t due;

	while ((due = fwd_worker_due(q->r.f)) <= us) {
		if (due > q->r.us)
			q->r.us = due;
		q->r.now = q->r.us / 1000;
		fwd_worker_run(q->r.f);
	}
	q->r.us = us;
	q->r.now = us / 1000;
}

void
qr_forget(struct qos_rig *q)
{
	unsigned i;

	for (i = 0; i < NELEM(q->sent); i++)
		q->sent[i] = (struct sent){ .last_id = q->sent[i].last_id };
}

void
qr_send_segment(struct qos_rig *q)
{
	static uint8_t data[70000], buf[PKT_BUF_SIZE];
	size_t len = mk_packet(data, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = PROTO_TCP, .payload = 10000 });
	struct pkt p = rig_pkt(buf, data, len, LAN), *pp = &p;

	p.gso = (struct pkt_gso){ .flags = GSO_F_NEEDS_CSUM,
		.gso_type = GSO_TCPV4, .hdr_len = 40, .gso_size = 1000,
		.csum_start = 20, .csum_offset = 16 };
	fwd_input(q->r.f, &pp, 1);
}
