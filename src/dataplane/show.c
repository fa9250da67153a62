/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What process fwd shows and clears: access lists with their matches, IPsec
 * SAs, the data plane of the groups. Columns are those of IOS, because other
 * programs read them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "dataplane/engine.h"
#include "dataplane/ip.h"

/* ---- access lists ---- */

static void
show_standard(struct strbuf *sb, const struct ace *a)
{
	char addr[IP4_STRLEN], wild[IP4_STRLEN];

	sb_printf(sb, "%-6s ", a->action == ACE_PERMIT ? "permit" : "deny");
	if (a->src_wild == UINT32_MAX)
		sb_printf(sb, "any");
	else
		sb_printf(sb, "%s", ip4_str(a->src, addr));
	if (a->src_wild != 0 && a->src_wild != UINT32_MAX)
		sb_printf(sb, ", wildcard bits %s",
		    ip4_str(a->src_wild, wild));
}

static void
show_acl(struct show *v, const struct acl_obj *a)
{
	struct strbuf sb = {0};
	uint64_t n;
	uint32_t i;

	show_text(v, "%s IP access list %s\n",
	    a->standard ? "Standard" : "Extended", a->name);
	show_object(v, NULL);
	show_str(v, "name", a->name);
	show_str(v, "type", a->standard ? "standard" : "extended");
	show_array(v, "entries");
	for (i = 0; i < a->n; i++) {
		if (a->standard)
			show_standard(&sb, &a->aces[i]);
		else
			ace_format(&sb, &a->aces[i], ACE_STYLE_CONFIG);
		if (a->logs[i])
			sb_printf(&sb, " log");
		n = count_read(&a->hits[i]->packets) - a->hits[i]->cleared;
		show_text(v, "    %u %s", a->seqs[i], sb.s);
		if (n > 0)
			show_text(v, " (%llu match%s)",
			    (unsigned long long)n, n == 1 ? "" : "es");
		show_text(v, "\n");
		show_object(v, NULL);
		show_uint(v, "sequence", a->seqs[i]);
		show_str(v, "text", sb.s);
		show_uint(v, "matches", n);
		show_close(v);
		sb_free(&sb);
	}
	show_close(v);
	show_close(v);
}

int
show_access_lists(struct cli_ctx *ctx, const struct show_access_lists_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	struct show v;
	size_t i;

	show_begin(&v, ctx);
	show_array(&v, "access_lists");
	for (i = 0; i < f->n_acls; i++) {
		if (a->name[0] == '\0' ||
		    strcmp(a->name, f->acls[i]->name) == 0)
			show_acl(&v, f->acls[i]);
	}
	return show_end(&v);
}

int
clear_acl_counters(struct cli_ctx *ctx,
    const struct clear_acl_counters_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	struct hits *h;
	uint32_t j;
	size_t i;

	for (i = 0; i < f->n_acls; i++) {
		if (a->name[0] != '\0' &&
		    strcmp(a->name, f->acls[i]->name) != 0)
			continue;
		for (j = 0; j < f->acls[i]->n; j++) {
			h = f->acls[i]->hits[j];
			h->cleared = count_read(&h->packets);
		}
	}
	return CLI_DONE;
}

/* ---- counters ---- */

static unsigned long long
entry_stat(const struct policy *p, uint32_t i, enum tally t)
{
	return count_read(&p->stats[i]->c[t]) - p->stats[i]->cleared[t];
}

static unsigned long long
group_stat(const struct group *g, enum tally t)
{
	return count_read(&g->c[t]) - g->cleared[t];
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
entry_sum(const struct policy *p, uint32_t i, int what)
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
		return entry_stat(p, i, (enum tally)what);
	for (j = 0; what < -1 && j < n; j++)
		sum += entry_stat(p, i, t[j]);
	return sum;
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
    const struct policy *p, uint32_t i)
{
	unsigned long long n;

	for (; c->label != NULL; c++) {
		show_text(v, "%s", c->label);
		if (c->what == -1)
			continue;
		n = entry_sum(p, i, c->what);
		show_text(v, "%llu", n);
		show_uint(v, c->name, n);
	}
}

/* ---- show crypto ipsec sa ---- */

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

static const char *
replay_name(const struct sa *sa)
{
	return sa->replay_method == REPLAY_NONE ? "none" :
	    sa->replay_method == REPLAY_TIME ? "time" : "counter";
}

static void
sa_object(struct show *v, const struct sa *sa, unsigned left, bool out)
{
	char text[64];

	show_object(v, NULL);
	show_fmt(v, "spi", "0x%08X", sa->spi);
	show_str(v, "transform", esp_transform_str(&sa->transform, text));
	show_str(v, "mode", "tunnel");
	show_uint(v, "connection_id", sa->conn_id + out);
	show_uint(v, "lifetime_remaining_seconds", left);
	show_uint(v, "iv_bytes", sa->iv_len);
	show_str(v, "replay_method", replay_name(sa));
	if (sa->replay_method != REPLAY_NONE)
		show_uint(v, "replay_window", sa->window);
	show_str(v, "status", "active");
	show_close(v);
}

static void
show_sa(struct show *v, const struct fwd *f, const struct sa *sa,
    const char *map, bool out, bool detail)
{
	uint64_t now = f->io.now(f->arg);
	char text[64];
	unsigned left = sa->expires > now ?
	    (unsigned)((sa->expires - now) / 1000) : 0;

	sa_object(v, sa, left, out);
	show_text(v, "      spi: 0x%X(%u)\n", sa->spi, sa->spi);
	show_text(v, "        transform: %s ,\n",
	    esp_transform_str(&sa->transform, text));
	show_text(v, "        in use settings ={Tunnel, }\n");
	show_text(v, "        conn id: %u, flow_id: SW:%u, "
	    "sibling_flags 80000040, crypto map: %s\n", sa->conn_id + out,
	    sa->conn_id + out, map);
	if (detail)
		show_text(v, "        sa timing: remaining key lifetime "
		    "(k/sec): (0/%u)\n", left);
	else
		show_text(v, "        sa timing: remaining key lifetime "
		    "(sec): (%u)\n"
		    "        Kilobyte Volume Rekey has been disabled\n",
		    left);
	show_text(v, "        IV size: %u bytes\n", sa->iv_len);
	if (detail && sa->replay_method != REPLAY_NONE)
		show_text(v, "        replay detection support: Y  "
		    "replay window size: %u\n", sa->window);
	else
		show_text(v, "        replay detection support: %s\n",
		    sa->replay_method != REPLAY_NONE ? "Y" : "N");
	show_text(v, "        Status: ACTIVE(ACTIVE)\n");
}

static void
show_sas(struct show *v, const struct fwd *f, const struct group *g,
    uint16_t sa_index, const char *map, bool out, bool detail)
{
	const char *way = out ? "outbound" : "inbound";
	const struct sa *sa;

	show_text(v, "\n     %s esp sas:\n", way);
	show_array(v, out ? "outbound_esp_sas" : "inbound_esp_sas");
	for (sa = g->sas; sa != NULL; sa = sa->next) {
		if (sa->sa_index == sa_index)
			show_sa(v, f, sa, map, out, detail);
	}
	show_close(v);
	show_text(v, "\n     %s ah sas:\n\n     %s pcp sas:\n", way, way);
}

struct place { /* where a flow is shown */
	const struct fwd *f;
	const struct port *port;
	const struct snap_port *sp;
	const char *map;
	bool detail;
};

static unsigned
plain_mtu(const struct place *at, const struct sa *out)
{
	return out != NULL ? sa_plain_mtu(out, at->sp->mtu, IPH_HDR) :
	    at->sp->mtu;
}

static void
flow_members(struct show *v, const struct place *at,
    const struct snap_group *sg, uint32_t i, uint32_t local)
{
	const struct sa *out = sg->out[i];

	show_ip4(v, "local_endpoint", local);
	show_uint(v, "plaintext_mtu_bytes", plain_mtu(at, out));
	show_uint(v, "path_mtu_bytes", at->sp->mtu);
	if (out != NULL)
		show_fmt(v, "outbound_spi", "0x%08X", out->spi);
}

static void
show_flow(struct show *v, const struct place *at,
    const struct snap_group *sg, uint32_t i)
{
	const struct policy *p = sg->policy;
	const struct ace *a = &p->aces[i];
	const struct sa *out = sg->out[i];
	uint32_t local = p->gm_addr != 0 ? p->gm_addr : at->sp->addr;
	uint32_t mtu = at->sp->mtu;
	char addr[IP4_STRLEN];

	show_object(v, NULL);
	show_str(v, "group", sg->group->name);
	show_text(v, "\n   protected vrf: (none)\n");
	show_ident(v, "local ", a->src, a->src_wild, a->proto, &a->sport);
	show_ident(v, "remote", a->dst, a->dst_wild, a->proto, &a->dport);
	if (!at->detail)
		show_text(v, "   Group: %s\n", sg->group->name);
	show_text(v, "   current_peer 0.0.0.0 port 848\n"
	    "     PERMIT, flags={origin_is_acl,}\n");
	show_counters(v, traffic, p, i);
	show_counters(v, at->detail ? detail_errors : plain_errors, p, i);
	flow_members(v, at, sg, i, local);
	show_text(v, "\n     local crypto endpt.: %s, "
	    "remote crypto endpt.: 0.0.0.0\n", ip4_str(local, addr));
	show_text(v, "     plaintext mtu %u, path mtu %u, ip mtu %u, "
	    "ip mtu idb %s\n", plain_mtu(at, out), mtu, mtu, at->port->name);
	show_text(v, "     current outbound spi: 0x%X(%u)\n"
	    "     PFS (Y/N): N, DH group: none\n",
	    out != NULL ? out->spi : 0, out != NULL ? out->spi : 0);
	show_sas(v, at->f, sg->group, p->sa_of[i], at->map, false,
	    at->detail);
	show_sas(v, at->f, sg->group, p->sa_of[i], at->map, true,
	    at->detail);
	show_close(v);
}

static const char *
map_of(const struct fwd *f, unsigned port)
{
	const struct interface *i = NULL;

	if (f->conf != NULL && f->port_known[port])
		i = conf_find_interface(f->conf, f->ports[port].name);
	return i != NULL && i->crypto_map[0] != '\0' ? i->crypto_map : NULL;
}

static uint32_t
local_addr(const struct snap_port *sp)
{
	unsigned m;

	for (m = 0; m < sp->n_maps; m++) {
		if (sp->maps[m]->policy != NULL &&
		    sp->maps[m]->policy->gm_addr != 0)
			return sp->maps[m]->policy->gm_addr;
	}
	return sp->addr;
}

static void
show_place(struct show *v, const struct place *at)
{
	uint32_t local = local_addr(at->sp), i;
	char addr[IP4_STRLEN];
	unsigned m;

	show_text(v, "\ninterface: %s\n    Crypto map tag: %s, "
	    "local addr %s\n", at->port->name, at->map,
	    ip4_str(local, addr));
	show_object(v, NULL);
	show_str(v, "name", at->port->name);
	show_str(v, "crypto_map", at->map);
	show_str(v, "local_address", addr);
	show_array(v, "flows");
	for (m = 0; m < at->sp->n_maps; m++) {
		const struct policy *p = at->sp->maps[m]->policy;

		for (i = 0; p != NULL && i < p->n; i++)
			if (p->aces[i].action == ACE_PERMIT)
				show_flow(v, at, at->sp->maps[m], i);
	}
	show_close(v);
	show_close(v);
}

int
show_crypto_ipsec_sa(struct cli_ctx *ctx,
    const struct show_crypto_ipsec_sa_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	struct place at = { .f = f, .detail = a->detail != 0 };
	struct show v;
	unsigned port;
	bool any = false;

	show_begin(&v, ctx);
	show_array(&v, "interfaces");
	for (port = 1; port <= PORT_MAX; port++) {
		if ((at.map = map_of(f, port)) == NULL ||
		    (a->map[0] != '\0' && strcmp(a->map, at.map) != 0) ||
		    (a->ifname[0] != '\0' &&
		    strcmp(a->ifname, f->ports[port].name) != 0) ||
		    (a->by_peer && a->peer != 0)) /* a group's is 0.0.0.0 */
			continue;
		any = true;
		at.port = &f->ports[port];
		at.sp = &f->snap->port[port];
		show_place(&v, &at);
	}
	if (!any)
		show_text(&v, "\nNo SAs found\n");
	return show_end(&v);
}

/* ---- show crypto gdoi ipsec sa ---- */

static void
show_gdoi_ident(struct show *v, const char *which, uint32_t addr,
    uint32_t wild, const struct ace_ports *port)
{
	char a[IP4_STRLEN], w[IP4_STRLEN], text[40];
	int len = ip4_prefix_of(~wild);

	if (wild == UINT32_MAX)
		snprintf(text, sizeof(text), "ANY");
	else if (wild == 0)
		snprintf(text, sizeof(text), "%s", ip4_str(addr, a));
	else if (len >= 0)
		snprintf(text, sizeof(text), "%s/%d",
		    ip4_str(addr & ~wild, a), len);
	else
		snprintf(text, sizeof(text), "%s %s",
		    ip4_str(addr & ~wild, a), ip4_str(wild, w));
	show_text(v, "      %s = %s, port = %u\n", which, text,
	    port->op == ACE_OP_EQ ? port->lo : 0);
	show_object(v, which[0] == 'l' ? "local_ident" : "remote_ident");
	show_ip4(v, "address", addr & ~wild);
	show_ip4(v, "wildcard", wild);
	show_uint(v, "port", port->op == ACE_OP_EQ ? port->lo : 0);
	show_close(v);
}

static const struct sa *
newest_sa(const struct group *g, uint16_t sa_index)
{
	const struct sa *sa, *newest = NULL;

	for (sa = g->sas; sa != NULL; sa = sa->next) {
		if (sa->sa_index == sa_index)
			newest = sa;
	}
	return newest;
}

static void
show_gdoi_entry(struct show *v, const struct group *g, uint32_t i)
{
	static const char *const directions[] = { "Both", "Inbound Only",
		"Inbound Optional" };
	static const char *const names[] = { "both", "inbound-only",
		"inbound-optional" };
	const struct policy *p = g->policy;
	const struct ace *a = &p->aces[i];
	const struct sa *sa = newest_sa(g, p->sa_of[i]);
	const char *proto = ace_proto_name(a->proto);
	char replay[32] = "None";

	if (sa != NULL && sa->replay_method == REPLAY_COUNTER)
		snprintf(replay, sizeof(replay), "Counter/%u", sa->window);
	else if (sa != NULL && sa->replay_method == REPLAY_TIME)
		snprintf(replay, sizeof(replay), "Time/%u sec", sa->window);
	show_object(v, NULL);
	show_str(v, "action", a->action == ACE_PERMIT ? "permit" : "deny");
	show_uint(v, "protocol", a->proto);
	show_str(v, "direction", names[p->direction]);
	show_str(v, "replay_method", sa != NULL ? replay_name(sa) : "none");
	if (sa != NULL)
		show_fmt(v, "spi", "0x%08X", sa->spi);
	if (sa != NULL && sa->replay_method != REPLAY_NONE)
		show_uint(v, "replay_window", sa->window);
	if (proto != NULL)
		show_text(v, "    protocol = %s\n", proto);
	else
		show_text(v, "    protocol = %u\n", a->proto);
	show_gdoi_ident(v, "local ident ", a->src, a->src_wild, &a->sport);
	show_gdoi_ident(v, "remote ident", a->dst, a->dst_wild, &a->dport);
	show_text(v, "      direction: %s, replay(method/window): %s\n",
	    directions[p->direction], replay);
	show_close(v);
}

static bool
port_has_group(const struct snap_port *sp, const struct group *g)
{
	unsigned m;

	for (m = 0; m < sp->n_maps; m++) {
		if (sp->maps[m]->group == g)
			return true;
	}
	return false;
}

bool
fwd_no_group(struct cli_ctx *ctx, const struct fwd *f, const char *only)
{
	if (only[0] == '\0' || cli_wants_json(ctx) ||
	    group_find(f, only) != NULL || (f->conf != NULL &&
	    conf_find_gdoi_group(f->conf, only) != NULL))
		return false;
	cli_printf(ctx, "%% Group %s does not exist\n", only);
	return true;
}

int
show_gdoi_ipsec_sa(struct cli_ctx *ctx,
    const struct show_gdoi_ipsec_sa_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	const struct group *g;
	struct show v;
	unsigned port;
	uint32_t i;

	if (fwd_no_group(ctx, f, a->group))
		return CLI_FAILED;
	show_begin(&v, ctx);
	show_array(&v, "groups");
	for (g = f->groups; g != NULL; g = g->next) {
		if (g->policy == NULL || (a->group[0] != '\0' &&
		    strcmp(a->group, g->name) != 0))
			continue;
		show_text(&v, "SA created for group %s:\n", g->name);
		show_object(&v, NULL);
		show_str(&v, "name", g->name);
		show_array(&v, "interfaces");
		for (port = 1; port <= PORT_MAX; port++) {
			if (!port_has_group(&f->snap->port[port], g))
				continue;
			show_text(&v, "  %s:\n", f->ports[port].name);
			show_str(&v, NULL, f->ports[port].name);
		}
		show_close(&v);
		show_array(&v, "entries");
		for (i = 0; i < g->policy->n; i++)
			show_gdoi_entry(&v, g, i);
		show_close(&v);
		show_text(&v, "\n");
		show_close(&v);
	}
	return show_end(&v);
}

/* ---- show crypto gdoi gm dataplane counters ---- */

static const struct {
	const char *left;
	int left_stat; /* -1: always 0, nothing is tagged */
	const char *right;
	int right_stat;
	const char *left_name, *right_name; /* in JSON, NULL: not there */
} dataplane[] = {
	{ "#pkts encrypt", STAT_ENCRYPT, "#pkts decrypt", STAT_DECRYPT,
	    "packets_encrypted", "packets_decrypted" },
	{ "#pkts tagged (send)", -1, "#pkts untagged (rcv)", -1,
	    NULL, NULL },
	{ "#pkts no sa (send)", STAT_NO_SA,
	    "#pkts invalid sa (rcv)", STAT_INVALID_SA,
	    "no_sa_send", "invalid_sa_receive" },
	{ "#pkts encaps fail (send)", STAT_ENCAPS_FAIL,
	    "#pkts decap fail (rcv)", STAT_DECAPS_FAIL,
	    "encapsulation_failed_send",
	    "decapsulation_failed_receive" },
	{ "#pkts invalid prot (rcv)", STAT_INVALID_PROT,
	    "#pkts verify fail (rcv)", STAT_VERIFY_FAIL,
	    "invalid_protocol_receive", "verify_failed_receive" },
	{ "#pkts not tagged (send)", -1, "#pkts not untagged (rcv)", -1,
	    NULL, NULL },
	{ "#pkts internal err (send)", STAT_ROLLOVER,
	    "#pkts internal err (rcv)", STAT_INTERNAL,
	    "internal_error_send", "internal_error_receive" },
};

static unsigned long long
dataplane_stat(const struct group *g, int what)
{
	return what < 0 ? 0 : group_stat(g, (enum tally)what);
}

int
show_gdoi_gm_dataplane(struct cli_ctx *ctx,
    const struct show_gdoi_gm_dataplane_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	unsigned long long l, r;
	const struct group *g;
	struct show v;
	size_t i;

	if (fwd_no_group(ctx, f, a->group))
		return CLI_FAILED;
	show_begin(&v, ctx);
	show_array(&v, "groups");
	for (g = f->groups; g != NULL; g = g->next) {
		if (a->group[0] != '\0' && strcmp(a->group, g->name) != 0)
			continue;
		show_text(&v, "\nData-plane statistics for group %s:\n",
		    g->name);
		show_object(&v, NULL);
		show_str(&v, "name", g->name);
		for (i = 0; i < NELEM(dataplane); i++) {
			l = dataplane_stat(g, dataplane[i].left_stat);
			r = dataplane_stat(g, dataplane[i].right_stat);
			show_text(&v, "    %-25s: %-9llu%-25s: %llu\n",
			    dataplane[i].left, l, dataplane[i].right, r);
			if (dataplane[i].left_name == NULL)
				continue;
			show_uint(&v, dataplane[i].left_name, l);
			show_uint(&v, dataplane[i].right_name, r);
		}
		show_close(&v);
	}
	return show_end(&v);
}

/* ---- drops ---- */

int
show_cohort_drops(struct cli_ctx *ctx,
    const struct show_cohort_drops_args *args)
{
	struct fwd_drop d[DROP_COUNT];
	size_t n = fwd_drops(cli_engine(ctx), d, DROP_COUNT), i;

	(void)args;
	cli_printf(ctx, "   Packets  Reason\n");
	for (i = 0; i < n; i++)
		if (d[i].packets != 0)
			cli_printf(ctx, "%10llu  %s\n",
			    (unsigned long long)d[i].packets, d[i].text);
	return CLI_DONE;
}
