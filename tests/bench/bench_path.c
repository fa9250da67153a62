/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a packet costs on its way through the router: the bare path, and each
 * feature added to it, alone and together. In memory, without I/O, on one
 * core. Ratios to the bare path of the same run are what can be compared
 * between machines; nothing is asserted but that every packet got through.
 *
 * Time is that of the processor. Each row is measured several times, in turn
 * with the others, and the least is taken: what else the machine does only
 * makes it slower.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rig_nat.h"

#define BURST 32
#define BATCH (8 * BURST) /* packets between two looks at the clock */
#define ROUNDS 32
#define TIMES 15
#define TUN 3
#define PEER IP4(192, 0, 2, 2)
#define LISTS 1000 /* entries of an access list */
#define CLASSES 8  /* of a policy, by DSCP, of which none matches */

/* ---- features ---- */

enum { LIST_IN = 1, LIST_OUT = 2, NAT = 4, GRE = 8, GROUP = 16, TIME = 32,
	PAIR = 64, UDP = 128, PROTECT = 256, CLASSIFY = 512, MARK = 1024,
	POLICE = 2048, SHAPE = 4096, QUEUE = 8192, PRE = 16384,
	CLASSIFY_IN = 32768, ALL = LIST_IN | LIST_OUT | NAT | CLASSIFY_IN |
	CLASSIFY | MARK | POLICE | QUEUE };

#define AES128_SHA1 { ESP_AES_CBC, ESP_AUTH_SHA1, 128 }
#define AES256_SHA256 { ESP_AES_CBC, ESP_AUTH_SHA256, 256 }
#define GCM128 { ESP_AES_GCM, ESP_AUTH_NONE, 128 }
#define GCM256 { ESP_AES_GCM, ESP_AUTH_NONE, 256 }

static const struct row {
	const char *name;
	unsigned on;
	struct esp_transform t;
	bool arrives; /* the way of the far end is measured */
} rows[] = {
	{ "**bare path**", 0, { 0 }, false },
	{ "input access list, 1000 entries", LIST_IN, { 0 }, false },
	{ "output access list, 1000 entries", LIST_OUT, { 0 }, false },
	{ "NAT, overload", NAT, { 0 }, false },
	{ "GRE", GRE, { 0 }, false },
	{ "GRE, what arrives", GRE, { 0 }, true },
	{ "**service policies**", 0, { 0 }, false },
	{ "input, 8 classes", CLASSIFY_IN, { 0 }, false },
	{ "output, 8 classes", CLASSIFY, { 0 }, false },
	{ "  and a mark", CLASSIFY | MARK, { 0 }, false },
	{ "  and a policer", CLASSIFY | POLICE, { 0 }, false },
	{ "  and a shaper", CLASSIFY | SHAPE, { 0 }, false },
	{ "  and a shaper that makes wait", CLASSIFY | QUEUE, { 0 }, false },
	{ "  and pre-classify, GETVPN AES-128", CLASSIFY | GROUP | PRE,
	    AES128_SHA1, false },
	{ "  without it, GETVPN AES-128", CLASSIFY | GROUP, AES128_SHA1,
	    false },
	{ "**GETVPN**", 0, { 0 }, false },
	{ "null, SHA-1", GROUP, { ESP_NULL, ESP_AUTH_SHA1, 0 }, false },
	{ "3DES, MD5", GROUP, { ESP_3DES, ESP_AUTH_MD5, 0 }, false },
	{ "AES-128, SHA-1", GROUP, AES128_SHA1, false },
	{ "AES-256, SHA-1", GROUP, { ESP_AES_CBC, ESP_AUTH_SHA1, 256 },
	    false },
	{ "AES-256, SHA-256", GROUP, AES256_SHA256, false },
	{ "  time-based anti-replay", GROUP | TIME, AES256_SHA256, false },
	{ "  what arrives", GROUP, AES256_SHA256, true },
	{ "AES-GCM-128", GROUP, GCM128, false },
	{ "  time-based anti-replay", GROUP | TIME, GCM128, false },
	{ "  what arrives", GROUP, GCM128, true },
	{ "AES-GCM-256", GROUP, GCM256, false },
	{ "GMAC-128", GROUP, { ESP_GMAC, ESP_AUTH_NONE, 128 }, false },
	{ "**IPsec between two routers**", 0, { 0 }, false },
	{ "AES-128, SHA-1", PAIR, AES128_SHA1, false },
	{ "AES-256, SHA-256", PAIR, AES256_SHA256, false },
	{ "  in UDP 4500", PAIR | UDP, AES256_SHA256, false },
	{ "  what arrives", PAIR, AES256_SHA256, true },
	{ "AES-GCM-128", PAIR, GCM128, false },
	{ "GRE, AES-128, SHA-1", GRE | PROTECT, AES128_SHA1, false },
	{ "GRE, AES-GCM-128", GRE | PROTECT, GCM128, false },
	{ "**all together**: lists, NAT, policies both ways, a queue", 0,
	    { 0 }, false },
	{ "in clear", ALL, { 0 }, false },
	{ "GETVPN AES-256, SHA-256, pre-classify", ALL | GROUP | PRE,
	    AES256_SHA256, false },
	{ "IPsec AES-256, SHA-256, pre-classify", ALL | PAIR | PRE,
	    AES256_SHA256, false },
	{ "GRE over IPsec AES-128, SHA-1, pre-classify",
	    ALL | GRE | PROTECT | PRE, AES128_SHA1, false },
	{ "GRE over IPsec AES-GCM-128, pre-classify",
	    ALL | GRE | PROTECT | PRE, GCM128, false },
};

static bool
is_title(const struct row *row)
{
	return row != rows && row->on == 0;
}

/* ---- a router with them ---- */

struct router {
	struct natrig n;
	struct interface tunnel;
	struct acl_entry entries[LISTS];
	struct acl list;
	struct qos_policy_map policies[2]; /* out, in */
	struct qos_class_map maps[CLASSES];
	struct qos_match matches[CLASSES];
	struct qos_class classes[2][CLASSES + 1];
	struct qos_police police;
};

static void
add_list(struct router *x)
{
	struct acl_entry *e = x->entries;
	size_t i;

	for (i = 0; i < LISTS; i++) {
		e[i].seq = (uint32_t)i + 1;
		e[i].ace = mk_ace(ACE_DENY, PROTO_UDP, IP4(172, 16, 0, 0) +
		    (uint32_t)i, 0, 0, ~0u);
		rig_add(&x->list.entries, &e[i].obj);
	}
	e[LISTS - 1].ace = ace_any(ACE_PERMIT);
	str_copy(x->list.name, "100", sizeof(x->list.name));
	rig_add(&x->n.r.conf.acls, &x->list.obj);
}

static void
add_nat(struct router *x)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_acl(&x->n.r, "1", &any, 1);
	(void)natrig_list(&x->n, "1", NULL, true);
	x->tunnel.nat = NAT_OUTSIDE;
}

static void
add_tunnel(struct router *x, uint32_t peer, bool protect)
{
	struct interface *i = &x->tunnel;
	struct port port = { .index = TUN, .name = "Tunnel0",
		.dev = "Tunnel0", .addr = IP4(10, 255, 0, 1),
		.mask = 0xfffffffc, .mtu = 1476, .up = true, .tunnel = true };
	const struct route routes[] = {
		{ IP4(10, 1, 1, 0), 24, 0, LAN },
		{ IP4(10, 2, 0, 0), 16, 0, TUN },
		{ IP4(192, 0, 2, 0), 24, 0, WAN },
	};

	str_copy(i->name, port.name, sizeof(i->name));
	str_copy(i->tunnel.source_if, x->n.r.ifs[1].name, IFNAME_MAX);
	i->tunnel.dest = peer;
	i->tunnel.ttl = 255;
	if (protect)
		str_copy(i->tunnel.profile, "PROF", CONF_NAME);
	rig_add(&x->n.r.conf.interfaces, &i->obj);
	fwd_port(x->n.r.f, &port);
	fwd_routes(x->n.r.f, routes, NELEM(routes));
}

static void
add_classes(struct router *x, unsigned way)
{
	struct qos_class *c;
	size_t i;

	str_copy(x->policies[way].name, way == 0 ? "OUT" : "IN", CONF_NAME);
	rig_add(&x->n.r.conf.policy_maps, &x->policies[way].obj);
	for (i = 0; i <= CLASSES; i++) {
		c = &x->classes[way][i];
		c->set_dscp = c->set_precedence = c->set_group = QOS_UNSET;
		if (i == CLASSES)
			str_copy(c->name, QOS_DEFAULT, sizeof(c->name));
		else
			snprintf(c->name, sizeof(c->name), "C%zu", i);
		rig_add(&x->policies[way].classes, &c->obj);
	}
}

static void
add_maps(struct router *x)
{
	size_t i;

	for (i = 0; i < CLASSES; i++) {
		snprintf(x->maps[i].name, sizeof(x->maps[i].name), "C%zu", i);
		x->matches[i].kind = QOS_DSCP;
		x->matches[i].v0 = (uint8_t)(i + 1);
		x->matches[i].v1 = QOS_UNSET;
		rig_add(&x->maps[i].matches, &x->matches[i].obj);
		rig_add(&x->n.r.conf.class_maps, &x->maps[i].obj);
	}
}

/* A bucket that is refilled between bursts, or one that is empty behind the
 * first packet, so that the others wait for the next. */
static void
add_policies(struct router *x, unsigned on)
{
	struct qos_class *c = &x->classes[0][CLASSES];

	add_maps(x);
	if ((on & CLASSIFY_IN) != 0) {
		add_classes(x, 1);
		str_copy(x->n.r.ifs[0].policy_in, "IN", CONF_NAME);
	}
	if ((on & CLASSIFY) == 0)
		return;
	add_classes(x, 0);
	str_copy(x->n.r.ifs[1].policy_out, "OUT", CONF_NAME);
	c->set_dscp = (on & MARK) != 0 ? 0 : QOS_UNSET;
	if ((on & POLICE) != 0) {
		x->police = (struct qos_police){ .cir = 4000000000u,
			.bc = 512000000 };
		rig_add(&c->police, &x->police.obj);
	}
	c->shape = (on & (SHAPE | QUEUE)) != 0;
	c->shape_rate = 4000000000u;
	c->shape_bc = (on & QUEUE) != 0 ? 256 : 100000000;
	c->shape_has_be = true;
}

static void
add_group(struct router *x, const struct esp_transform *t, bool time)
{
	struct ace any = ace_any(ACE_PERMIT);
	struct sa_change c = { .type = SA_ADD };

	rig_policy(&x->n.r, SA_DIR_BOTH, &any, 1);
	c.tek = rig_tek_of(0x1000, 0, *t, 3600000);
	if (time)
		c.tek.replay = REPLAY_TIME;
	fwd_sa(x->n.r.f, &c);
}

/* The SA of one way with another router. */
static void
add_sa(struct router *x, const struct row *row, uint8_t way)
{
	struct sa_change c = { .type = SA_ADD };
	bool out = way == SA_WAY_OUT;

	c.tek = rig_tek_of(0x1000, 1, row->t, 3600000);
	if ((row->on & PROTECT) != 0)
		(void)sa_tunnel_group(c.tek.group, "Tunnel0");
	else
		(void)sa_map_group(c.tek.group, "CM", 10);
	c.tek.mode = SA_TUNNEL;
	c.tek.way = way;
	c.tek.local = out ? WAN_ADDR : PEER;
	c.tek.remote = out ? PEER : WAN_ADDR;
	c.tek.encap_local = c.tek.encap_remote = (row->on & UDP) != 0 ?
	    4500 : 0;
	c.tek.life_kb = UINT32_MAX;
	fwd_sa(x->n.r.f, &c);
}

static void
add_pair(struct router *x, bool far)
{
	struct ace net = far ? mk_ace(ACE_PERMIT, 0, IP4(10, 2, 0, 0), 0xffff,
	    0, ~0u) : mk_ace(ACE_PERMIT, 0, 0, ~0u, IP4(10, 2, 0, 0), 0xffff);

	rig_acl(&x->n.r, "VPN", &net, 1);
	x->n.r.map.kind = MAP_ISAKMP;
	str_copy(x->n.r.map.acl, "VPN", CONF_NAME);
}

/* The far end has the address of the peer, and a way to the host. */
static void
be_far(struct router *x)
{
	struct port wan = { .index = WAN, .name = "FastEthernet0/1",
		.dev = "eth2", .addr = PEER, .mask = 0xffffff00, .mtu = 1500,
		.up = true };
	const struct route routes[] = {
		{ IP4(192, 0, 2, 0), 24, 0, WAN },
		{ IP4(10, 2, 0, 0), 16, 0, LAN },
	};

	fwd_port(x->n.r.f, &wan);
	fwd_routes(x->n.r.f, routes, NELEM(routes));
}

static void
start(struct router *x, const struct row *row, bool far)
{
	struct rig *r = &x->n.r;
	unsigned on = row->on;

	memset(x, 0, sizeof(*x));
	natrig_start(&x->n);
	r->sink = true;
	if ((on & NAT) == 0)
		r->ifs[0].nat = r->ifs[1].nat = NAT_NONE;
	else
		add_nat(x);
	if ((on & (LIST_IN | LIST_OUT)) != 0)
		add_list(x);
	str_copy(r->ifs[0].acl_in, (on & LIST_IN) != 0 ? "100" : "",
	    CONF_NAME);
	str_copy(r->ifs[1].acl_out, (on & LIST_OUT) != 0 ? "100" : "",
	    CONF_NAME);
	if ((on & (CLASSIFY | CLASSIFY_IN)) != 0)
		add_policies(x, on);
	if ((on & (GROUP | PAIR)) != 0)
		str_copy(r->ifs[1].crypto_map, "CM", CONF_NAME);
	if ((on & PAIR) != 0)
		add_pair(x, far);
	if ((on & GRE) != 0)
		add_tunnel(x, far ? WAN_ADDR : PEER, (on & PROTECT) != 0);
	r->map.qos_preclassify = x->tunnel.qos_preclassify = (on & PRE) != 0;
	if (far)
		be_far(x);
	rig_config(r);
	if ((on & GROUP) != 0)
		add_group(x, &row->t, (on & TIME) != 0);
	if ((on & (PAIR | PROTECT)) != 0)
		add_sa(x, row, far ? SA_WAY_IN : SA_WAY_OUT);
}

/* ---- packets ---- */

static uint8_t *bufs[2][BATCH], clear[2000];
static struct pkt pkts[2][BATCH];
static unsigned n_wire;
static struct router near_one, far_one;

static void
to_wire(void *arg, const struct pkt *p)
{
	struct rig *r = arg;

	r->n_sunk++;
	pkts[1][n_wire] = rig_pkt(bufs[1][n_wire], pkt_ip(p), p->len, WAN);
	n_wire++;
}

static double
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* In bursts, and those that have to wait leave between them. */
static void
pass(struct rig *r, struct pkt *of, unsigned n)
{
	struct pkt *pp[BURST];
	uint64_t due;
	unsigned i, k;

	for (i = 0; i < n; i += BURST) {
		for (k = 0; k < BURST && i + k < n; k++)
			pp[k] = &of[i + k];
		fwd_input(r->f, pp, k);
		r->us += 1000;
		while ((due = fwd_worker_due(r->f)) != UINT64_MAX) {
			r->us = due > r->us ? due : r->us;
			fwd_worker_run(r->f);
		}
	}
}

/* Nanoseconds a packet. */
static double
measure(const struct row *row, size_t len, bool *lost)
{
	static const struct fwd_engine ops = { .tx = to_wire };
	struct rig *r = &near_one.n.r, *end = r;
	double at, spent = 0;
	unsigned i, k;

	start(&near_one, row, false);
	if (row->arrives) {
		start(&far_one, row, true);
		fwd_set_engine(r->f, &ops, r);
		end = &far_one.n.r;
	}
	for (k = 0; k < ROUNDS; k++) {
		for (i = 0; i < BATCH; i++)
			pkts[0][i] = rig_pkt(bufs[0][i], clear, len, LAN);
		n_wire = 0;
		at = clock_ns();
		pass(r, pkts[0], BATCH);
		if (row->arrives) {
			at = clock_ns();
			pass(end, pkts[1], n_wire);
		}
		spent += clock_ns() - at;
	}
	*lost |= end->n_sunk != ROUNDS * BATCH;
	natrig_end(&near_one.n);
	if (row->arrives)
		natrig_end(&far_one.n);
	return spent / (ROUNDS * BATCH);
}

static void
head(void)
{
	printf("| %-46s | %9s | %6s | %9s | %6s |\n", "what a packet passes",
	    "64 octets", "ratio", "1400", "ratio");
	printf("|---|--:|--:|--:|--:|\n");
}

static void
print_row(const struct row *row, const double *ns, bool lost)
{
	const char *name = row->name;

	if (is_title(row)) {
		printf("| %-46s | %9s | %6s | %9s | %6s |\n", name, "", "", "",
		    "");
		return;
	}
	printf("| %-46s | %6.0f ns | %6.2f | %6.0f ns | %6.2f |%s\n", name,
	    ns[2], ns[2] / ns[0], ns[3], ns[3] / ns[1],
	    lost ? " packets were lost" : "");
}

int
main(void)
{
	static const unsigned sizes[] = { 64, 1400 };
	static double best[NELEM(rows)][2];
	bool lost[NELEM(rows)] = { false };
	unsigned i, j, k;
	double ns;
	size_t len;

	for (i = 0; i < 2 * BATCH; i++)
		bufs[i / BATCH][i % BATCH] = xcalloc(1, PKT_BUF_SIZE);
	for (k = 0; k < TIMES * 2 * NELEM(rows); k++) {
		i = k % NELEM(rows);
		j = k / NELEM(rows) % 2;
		if (is_title(&rows[i]))
			continue;
		len = mk_packet(clear, &(struct mk){ .src = LAN_HOST,
		    .dst = FAR_HOST, .proto = PROTO_UDP, .sport = 4000,
		    .dport = 5000, .payload = sizes[j] - 28 });
		ns = measure(&rows[i], len, &lost[i]);
		if (best[i][j] <= 0 || ns < best[i][j])
			best[i][j] = ns;
	}
	head();
	for (i = 0; i < NELEM(rows); i++)
		print_row(&rows[i], (double[]){ best[0][0], best[0][1],
		    best[i][0], best[i][1] }, lost[i]);
	for (i = 0; i < 2 * BATCH; i++)
		free(bufs[i / BATCH][i % BATCH]);
	return 0;
}
