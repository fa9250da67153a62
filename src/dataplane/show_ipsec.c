/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show crypto ipsec sa` of process fwd: the SAs of groups and those with
 * another router, by interface, and their counters. Columns are those of IOS,
 * because other programs read them.
 */
#include "config.h"

#include <stdio.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "dataplane/engine.h"
#include "dataplane/ip.h"

/* ---- counters ---- */

/* Of an entry, or of a group that has none. */
struct tallies {
	const uint64_t *c, *cleared;
};

static unsigned long long
stat_of(const struct tallies *s, enum tally t)
{
	return count_read(&s->c[t]) - s->cleared[t];
}

static void
clear_all(const uint64_t *c, uint64_t *cleared)
{
	unsigned t;

	for (t = 0; t < STAT_COUNT; t++)
		cleared[t] = count_read(&c[t]);
}

int
clear_crypto_sa_counters(struct cli_ctx *ctx,
    const struct clear_crypto_sa_counters_args *a UNUSED)
{
	struct fwd *f = cli_engine(ctx);
	struct group *g;
	uint32_t i;

	for (g = f->groups; g != NULL; g = g->next) {
		clear_all(g->c, g->cleared);
		for (i = 0; g->policy != NULL && i < g->policy->n; i++)
			clear_all(g->policy->stats[i]->c,
			    g->policy->stats[i]->cleared);
	}
	return CLI_DONE;
}

/* A line is text and up to two counters; -1: no number there. */
#define SUM_SEND -2
#define SUM_RECV -3

static unsigned long long
sum_of(const struct tallies *s, int what)
{
	static const enum tally send[] = { STAT_NO_SA, STAT_ENCAPS_FAIL,
		STAT_ROLLOVER };
	static const enum tally recv[] = { STAT_INVALID_SA,
		STAT_DECAPS_FAIL, STAT_INVALID_PROT, STAT_VERIFY_FAIL,
		STAT_IDENTITY, STAT_LENGTH, STAT_REPLAY, STAT_NOT_IPSEC };
	const enum tally *t = what == SUM_SEND ? send : recv;
	size_t n = what == SUM_SEND ? NELEM(send) : NELEM(recv), j;
	unsigned long long sum = 0;

	if (what >= 0)
		return stat_of(s, (enum tally)what);
	for (j = 0; what < -1 && j < n; j++)
		sum += stat_of(s, t[j]);
	return sum;
}

void
use_of(const uint64_t *c, const uint64_t *cleared, struct sa_use *u)
{
	struct tallies s = { c, cleared };

	u->packets[0] = stat_of(&s, STAT_DECRYPT);
	u->packets[1] = stat_of(&s, STAT_ENCRYPT);
	u->drops[0] = sum_of(&s, SUM_RECV);
	u->drops[1] = sum_of(&s, SUM_SEND);
}

/* name: in JSON, NULL for what only the text has. */
struct counter {
	const char *label;
	int what;
	const char *name;
};

/* Pairs until a NULL; a label ends in what stands before the number. */
static const struct counter plain_errors[] = {
	{ "    #send errors ", SUM_SEND, "send_errors" },
	{ ", #recv errors ", SUM_RECV, "receive_errors" },
	{ "\n", -1, NULL }, { NULL, 0, NULL },
};

static const struct counter detail_errors[] = {
	{ "    #pkts no sa (send) ", STAT_NO_SA, "no_sa_send" },
	{ ", #pkts invalid sa (rcv) ", STAT_INVALID_SA, "invalid_sa_receive" },
	{ "\n    #pkts encaps failed (send) ", STAT_ENCAPS_FAIL,
	    "encapsulation_failed_send" },
	{ ", #pkts decaps failed (rcv) ", STAT_DECAPS_FAIL,
	    "decapsulation_failed_receive" },
	{ "\n    #pkts invalid prot (recv) ", STAT_INVALID_PROT,
	    "invalid_protocol_receive" },
	{ ", #pkts verify failed: ", STAT_VERIFY_FAIL,
	    "verify_failed_receive" },
	{ "\n    #pkts invalid identity (recv) ", STAT_IDENTITY,
	    "invalid_identity_receive" },
	{ ", #pkts invalid len (rcv) ", STAT_LENGTH, "invalid_length_receive" },
	{ "\n    #pkts replay rollover (send): ", STAT_ROLLOVER,
	    "replay_rollover_send" },
	{ ", #pkts replay rollover (rcv) 0", -1, NULL },
	{ "\n    ##pkts replay failed (rcv): ", STAT_REPLAY,
	    "replay_failed_receive" },
	{ "\n    #pkts tagged (send): 0, #pkts untagged (rcv): 0", -1, NULL },
	{ "\n    #pkts not tagged (send): 0, #pkts not untagged (rcv): 0",
	    -1, NULL },
	{ "\n    #pkts internal err (send): 0"
	    ", #pkts internal err (recv) ", STAT_INTERNAL,
	    "internal_error_receive" },
	{ "\n", -1, NULL }, { NULL, 0, NULL },
};

static const struct counter traffic[] = {
	{ "    #pkts encaps: ", STAT_ENCRYPT, "packets_encapsulated" },
	{ ", #pkts encrypt: ", STAT_ENCRYPT, "packets_encrypted" },
	{ ", #pkts digest: ", STAT_ENCRYPT, "packets_digested" },
	{ "\n    #pkts decaps: ", STAT_DECRYPT, "packets_decapsulated" },
	{ ", #pkts decrypt: ", STAT_DECRYPT, "packets_decrypted" },
	{ ", #pkts verify: ", STAT_DECRYPT, "packets_verified" },
	{ "\n    #pkts compressed: 0, #pkts decompressed: 0\n"
	    "    #pkts not compressed: 0, #pkts compr. failed: 0\n"
	    "    #pkts not decompressed: 0, #pkts decompress failed: 0\n",
	    -1, NULL },
	{ NULL, 0, NULL },
};

static void
show_counters(struct show *v, const struct counter *c,
    const struct tallies *s)
{
	unsigned long long n;

	for (; c->label != NULL; c++) {
		show_text(v, "%s", c->label);
		if (c->what == -1)
			continue;
		n = sum_of(s, c->what);
		show_text(v, "%llu", n);
		show_uint(v, c->name, n);
	}
}

/* ---- an SA ---- */

const char *
sa_replay_name(const struct sa *sa)
{
	return sa->replay_method == REPLAY_NONE ? "none" :
	    sa->replay_method == REPLAY_TIME ? "time" : "counter";
}

static unsigned
seconds_left(const struct fwd *f, const struct sa *sa)
{
	uint64_t now = f->io.now(f->arg);

	return sa->expires > now ? (unsigned)((sa->expires - now) / 1000) : 0;
}

static unsigned long long
kilobytes_left(const struct sa *sa)
{
	uint64_t used = count_read(&sa->octets);

	return sa->life > used ? (sa->life - used) / 1024 : 0;
}

static void
sa_object(struct show *v, const struct fwd *f, const struct sa *sa, bool out)
{
	char text[64];

	show_object(v, NULL);
	show_fmt(v, "spi", "0x%08X", sa->spi);
	show_str(v, "transform", esp_transform_str(&sa->transform, text));
	show_str(v, "mode", sa->mode == SA_TRANSPORT ? "transport" : "tunnel");
	if (sa->mode != SA_GROUP)
		show_bool(v, "udp_encapsulation", sa->encap_local != 0);
	show_uint(v, "connection_id", sa_conn(sa, out));
	show_uint(v, "lifetime_remaining_seconds", seconds_left(f, sa));
	if (sa->life != 0)
		show_uint(v, "lifetime_remaining_kilobytes",
		    kilobytes_left(sa));
	show_uint(v, "iv_bytes", sa->iv_len);
	show_str(v, "replay_method", sa_replay_name(sa));
	if (sa->replay_method != REPLAY_NONE)
		show_uint(v, "replay_window", sa->window);
	show_str(v, "status", "active");
	show_close(v);
}

static void
show_timing(struct show *v, const struct fwd *f, const struct sa *sa,
    bool detail)
{
	if (detail || sa->life != 0)
		show_text(v, "        sa timing: remaining key lifetime "
		    "(k/sec): (%llu/%u)\n", kilobytes_left(sa),
		    seconds_left(f, sa));
	else
		show_text(v, "        sa timing: remaining key lifetime "
		    "(sec): (%u)\n"
		    "        Kilobyte Volume Rekey has been disabled\n",
		    seconds_left(f, sa));
}

static void
show_sa(struct show *v, const struct fwd *f, const struct sa *sa,
    const char *map, bool out, bool detail)
{
	bool transport = sa->mode == SA_TRANSPORT;
	char text[64];

	sa_object(v, f, sa, out);
	show_text(v, "      spi: 0x%X(%u)\n", sa->spi, sa->spi);
	show_text(v, "        transform: %s ,\n",
	    esp_transform_str(&sa->transform, text));
	show_text(v, "        in use settings ={%s%s, }\n",
	    transport ? "Transport" : "Tunnel",
	    sa->encap_local != 0 ? " UDP-Encaps" : "");
	show_text(v, "        conn id: %u, flow_id: SW:%u, "
	    "sibling_flags 800000%s, crypto map: %s\n", sa_conn(sa, out),
	    sa_conn(sa, out), transport ? "00" : "40", map);
	show_timing(v, f, sa, detail);
	show_text(v, "        IV size: %u bytes\n", sa->iv_len);
	if (detail && sa->replay_method != REPLAY_NONE)
		show_text(v, "        replay detection support: Y  "
		    "replay window size: %u\n", sa->window);
	else
		show_text(v, "        replay detection support: %s\n",
		    sa->replay_method != REPLAY_NONE ? "Y" : "N");
	show_text(v, "        Status: ACTIVE(ACTIVE)\n");
}

/* ---- a flow ---- */

struct place { /* where flows are shown */
	const struct fwd *f;
	const struct port *port;
	const struct snap_port *sp;
	const struct port *link; /* by which it leaves */
	uint32_t mtu;		 /* of that */
	const char *map;
	uint32_t local;
	bool detail, identity, by_peer;
	uint32_t peer;
};

/* An entry of a policy, or what a tunnel with protection carries. */
struct flow_row {
	const struct group *group;
	struct ace ace;
	uint16_t sa_index;
	const struct sa *out;
	struct tallies tallies;
	uint32_t local, remote;
	uint16_t peer_port;
	uint8_t pfs;
};

static void
show_sas(struct show *v, const struct place *at, const struct flow_row *r,
    bool out)
{
	const char *way = out ? "outbound" : "inbound";
	uint8_t not = out ? SA_WAY_IN : SA_WAY_OUT;
	const struct sa *sa;

	show_text(v, "\n     %s esp sas:\n", way);
	show_array(v, out ? "outbound_esp_sas" : "inbound_esp_sas");
	for (sa = r->group->sas; sa != NULL; sa = sa->next) {
		if (sa->sa_index == r->sa_index && sa->way != not)
			show_sa(v, at->f, sa, at->map, out, at->detail);
	}
	show_close(v);
	show_text(v, "\n     %s ah sas:\n\n     %s pcp sas:\n", way, way);
}

static void
show_ident(struct show *v, const char *which, uint32_t addr,
    uint32_t wild, uint8_t proto, const struct ace_ports *port)
{
	char a[IP4_STRLEN], m[IP4_STRLEN];

	show_object(v, which[0] == 'l' ? "local_ident" : "remote_ident");
	show_ip4(v, "address", addr & ~wild);
	show_ip4(v, "mask", ~wild);
	show_uint(v, "protocol", proto);
	show_uint(v, "port", port->op == ACE_OP_EQ ? port->lo : 0);
	show_close(v);
	show_text(v, "   %s ident (addr/mask/prot/port): (%s/%s/%u/%u)\n",
	    which, ip4_str(addr & ~wild, a), ip4_str(~wild, m), proto,
	    port->op == ACE_OP_EQ ? port->lo : 0);
}

static unsigned
path_mtu(const struct place *at, const struct sa *out)
{
	return out != NULL ? sa_path_mtu(out, at->mtu,
	    at->f->io.now(at->f->arg)) : at->mtu;
}

static unsigned
plain_mtu(const struct place *at, const struct sa *out)
{
	return out != NULL ? sa_plain_mtu(out, path_mtu(at, out), IPH_HDR) :
	    at->mtu;
}

static void
flow_members(struct show *v, const struct place *at, const struct flow_row *r)
{
	show_ip4(v, "local_endpoint", r->local);
	if (r->group->kind != GROUP_GDOI && r->remote != 0) {
		show_ip4(v, "remote_endpoint", r->remote);
		show_uint(v, "peer_port", r->peer_port);
	}
	show_uint(v, "plaintext_mtu_bytes", plain_mtu(at, r->out));
	show_uint(v, "path_mtu_bytes", path_mtu(at, r->out));
	if (r->out != NULL)
		show_fmt(v, "outbound_spi", "0x%08X", r->out->spi);
}

static void
show_ends(struct show *v, const struct place *at, const struct flow_row *r)
{
	uint32_t spi = r->out != NULL ? r->out->spi : 0;
	char a[IP4_STRLEN], b[IP4_STRLEN];

	show_text(v, "\n     local crypto endpt.: %s, "
	    "remote crypto endpt.: %s\n", ip4_str(r->local, a),
	    ip4_str(r->remote, b));
	show_text(v, "     plaintext mtu %u, path mtu %u, ip mtu %u, "
	    "ip mtu idb %s\n", plain_mtu(at, r->out), path_mtu(at, r->out),
	    at->mtu, at->link->name);
	show_text(v, "     current outbound spi: 0x%X(%u)\n", spi, spi);
	if (r->pfs != 0)
		show_text(v, "     PFS (Y/N): Y, DH group: group%u\n",
		    r->pfs);
	else
		show_text(v, "     PFS (Y/N): N, DH group: none\n");
}

static void
show_flow(struct show *v, const struct place *at, const struct flow_row *r)
{
	const struct ace *a = &r->ace;
	char addr[IP4_STRLEN];

	show_object(v, NULL);
	if (r->group->kind == GROUP_GDOI)
		show_str(v, "group", r->group->name);
	show_text(v, "\n   protected vrf: (none)\n");
	show_ident(v, "local ", a->src, a->src_wild, a->proto, &a->sport);
	show_ident(v, "remote", a->dst, a->dst_wild, a->proto, &a->dport);
	if (!at->detail && r->group->kind == GROUP_GDOI)
		show_text(v, "   Group: %s\n", r->group->name);
	show_text(v, "   current_peer %s port %u\n"
	    "     PERMIT, flags={origin_is_acl,}\n",
	    ip4_str(r->remote, addr), r->peer_port);
	show_counters(v, traffic, &r->tallies);
	show_counters(v, at->detail ? detail_errors : plain_errors,
	    &r->tallies);
	flow_members(v, at, r);
	if (!at->identity) {
		show_ends(v, at, r);
		show_sas(v, at, r, false);
		show_sas(v, at, r, true);
	}
	show_close(v);
}

/* ---- what is configured of flows that have no SA yet ---- */

static const struct crypto_map *
entry_of(const struct conf *c, const struct group *g)
{
	const struct crypto_map *m;
	char name[SA_NAME_MAX];

	CF_FOREACH(m, &c->crypto_maps) {
		if (m->kind == MAP_ISAKMP && strcmp(sa_map_group(name,
		    m->name, m->seq), g->name) == 0)
			return m;
	}
	return NULL;
}

static void
pair_of_entry(const struct conf *c, struct flow_row *r)
{
	const struct crypto_map *m = entry_of(c, r->group);
	const struct map_peer *p;

	if (m == NULL)
		return;
	r->pfs = m->terms.pfs;
	CF_FOREACH(p, &m->peers) {
		if (r->remote == 0 || p->first)
			r->remote = p->addr;
	}
}

static void
pair_of_tunnel(const struct conf *c, const struct interface *i,
    struct flow_row *r)
{
	const struct ipsec_profile *p;

	r->remote = i->tunnel.dest;
	if (i->tunnel.source != 0)
		r->local = i->tunnel.source;
	CF_FOREACH(p, &c->ipsec_profiles) {
		if (strcmp(p->name, i->tunnel.profile) == 0)
			r->pfs = p->terms.pfs;
	}
}

/* The SA knows better, once there is one. */
static void
pair_of_sa(struct flow_row *r)
{
	const struct sa *sa;

	r->peer_port = 500;
	for (sa = r->group->sas; sa != NULL; sa = sa->next) {
		if (sa->sa_index != r->sa_index)
			continue;
		r->local = sa->local;
		r->remote = sa_remote(sa);
		r->peer_port = sa->encap_local != 0 ? sa_remote_port(sa) : 500;
		r->pfs = sa->pfs; /* of the peer's choice, too */
	}
}

static struct flow_row
row_of_entry(const struct place *at, const struct snap_group *sg, uint32_t i)
{
	const struct policy *p = sg->policy;
	struct flow_row r = { .group = sg->group, .ace = p->aces[i],
		.sa_index = p->sa_of[i], .out = sg->out[i],
		.tallies = { p->stats[i]->c, p->stats[i]->cleared },
		.local = p->gm_addr != 0 ? p->gm_addr : at->sp->addr,
		.peer_port = 848 };

	if (sg->group->kind == GROUP_GDOI)
		return r;
	r.local = at->local;
	pair_of_entry(at->f->conf, &r);
	pair_of_sa(&r);
	return r;
}

static struct flow_row
row_of_tunnel(const struct place *at, const struct interface *i)
{
	const struct group *g = at->sp->protect->group;
	struct flow_row r = { .group = g, .ace = ace_any(ACE_PERMIT),
		.sa_index = 1, .out = at->sp->protect->out[0],
		.tallies = { g->c, g->cleared }, .local = at->local };

	pair_of_tunnel(at->f->conf, i, &r);
	pair_of_sa(&r);
	r.ace.proto = PROTO_GRE;
	r.ace.src = r.local;
	r.ace.dst = r.remote;
	r.ace.src_wild = r.ace.dst_wild = 0;
	return r;
}

/* ---- an interface ---- */

/* 0: no such port. */
static unsigned
port_named(const struct fwd *f, const char *ifname)
{
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++) {
		if (f->port_known[i] && strcmp(f->ports[i].name, ifname) == 0)
			return i;
	}
	return 0;
}

/* Where the SAs of a map end: as its groups say, of the interface that is
 * configured for it, or of the one that it is on. */
static uint32_t
local_addr(const struct place *at)
{
	const struct crypto_map_local *l;
	uint32_t addr = at->sp->addr;
	unsigned m, i;

	CF_FOREACH(l, &at->f->conf->map_locals) {
		i = port_named(at->f, l->ifname);
		if (strcmp(l->name, at->map) == 0 && i != 0)
			addr = at->f->ports[i].addr;
	}
	for (m = 0; m < at->sp->n_maps; m++) {
		if (at->sp->maps[m]->policy != NULL &&
		    at->sp->maps[m]->policy->gm_addr != 0)
			return at->sp->maps[m]->policy->gm_addr;
	}
	return addr;
}

static void
place_begin(struct show *v, const struct place *at)
{
	char addr[IP4_STRLEN];

	show_text(v, "\ninterface: %s\n    Crypto map tag: %s, "
	    "local addr %s\n", at->port->name, at->map,
	    ip4_str(at->local, addr));
	show_object(v, NULL);
	show_str(v, "name", at->port->name);
	show_str(v, "crypto_map", at->map);
	show_str(v, "local_address", addr);
	show_array(v, "flows");
}

static bool
place_end(struct show *v, bool begun)
{
	if (begun) {
		show_close(v);
		show_close(v);
	}
	return begun;
}

/* With `peer` an interface without a flow of it is not there at all. */
static void
show_row(struct show *v, const struct place *at, const struct flow_row *r,
    bool *begun)
{
	if (at->by_peer && (r->group->kind == GROUP_GDOI ? at->peer != 0 :
	    at->peer != r->remote))
		return;
	if (!*begun)
		place_begin(v, at);
	*begun = true;
	show_flow(v, at, r);
}

/* True: something was shown. */
static bool
show_place(struct show *v, const struct place *at)
{
	const struct snap_group *sg;
	struct flow_row r;
	bool begun = false;
	unsigned m;
	uint32_t i;

	if (!at->by_peer) {
		place_begin(v, at);
		begun = true;
	}
	for (m = 0; m < at->sp->n_maps; m++) {
		sg = at->sp->maps[m];
		/* what guards an entry has no SAs */
		if (sg->policy == NULL || sg->policy != sg->group->policy)
			continue;
		for (i = 0; i < sg->policy->n; i++) {
			if (sg->policy->aces[i].action != ACE_PERMIT)
				continue;
			r = row_of_entry(at, sg, i);
			show_row(v, at, &r, &begun);
		}
	}
	return place_end(v, begun);
}

/* Its packets leave by the interface of the route to the other end, wherever
 * they have their address from. */
static bool
show_tunnel(struct show *v, struct place *at, const struct interface *i)
{
	const struct fwd *f = at->f;
	const struct route *rt = f->routes == NULL ? NULL :
	    route_lookup(f->routes->table, i->tunnel.dest);
	unsigned source = port_named(f, i->tunnel.source_if);
	unsigned link = rt != NULL && rt->port != PORT_LOCAL ? rt->port :
	    source;
	struct flow_row r;
	bool begun = false;

	at->local = source != 0 ? f->ports[source].addr : i->tunnel.source;
	if (link != 0) {
		at->link = &f->ports[link];
		at->mtu = f->snap->port[link].mtu;
	}
	r = row_of_tunnel(at, i);
	at->local = r.local;
	show_row(v, at, &r, &begun);
	return place_end(v, begun);
}

/* The map of a port, or what stands for it where a tunnel is protected. */
static bool
show_port(struct show *v, struct place *at,
    const struct show_crypto_ipsec_sa_args *a)
{
	const struct interface *i = conf_find_interface(at->f->conf,
	    at->port->name);
	char head[IFNAME_MAX + 16];
	bool any = false;

	if (i == NULL || (a->ifname[0] != '\0' &&
	    strcmp(a->ifname, i->name) != 0))
		return false;
	if (i->crypto_map[0] != '\0' && (a->map[0] == '\0' ||
	    strcmp(a->map, i->crypto_map) == 0)) {
		at->map = i->crypto_map;
		at->local = local_addr(at);
		any = show_place(v, at);
	}
	if (at->sp->protect == NULL)
		return any;
	snprintf(head, sizeof(head), "%s-head-0", i->name);
	if (a->map[0] != '\0' && strcmp(a->map, head) != 0)
		return any;
	at->map = head;
	return show_tunnel(v, at, i) || any;
}

int
show_crypto_ipsec_sa(struct cli_ctx *ctx,
    const struct show_crypto_ipsec_sa_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	struct place at = { .f = f, .detail = a->detail != 0,
		.identity = a->identity != 0,
		.by_peer = a->by_peer != 0, .peer = a->peer };
	struct show v;
	unsigned port;
	bool any = false;

	show_begin(&v, ctx);
	show_array(&v, "interfaces");
	for (port = 1; f->conf != NULL && port <= PORT_MAX; port++) {
		if (!f->port_known[port])
			continue;
		at.port = at.link = &f->ports[port];
		at.sp = &f->snap->port[port];
		at.mtu = at.sp->mtu;
		any |= show_port(&v, &at, a);
	}
	if (!any)
		show_text(&v, "\nNo SAs found\n");
	return show_end(&v);
}
