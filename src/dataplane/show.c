/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What process fwd shows and clears: access lists with their matches, IPsec
 * SAs, the data plane of the groups. Columns are those of IOS, because other
 * programs read them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
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
show_acl(struct cli_ctx *ctx, const struct acl_obj *a)
{
	struct strbuf sb = {0};
	uint64_t n;
	uint32_t i;

	cli_printf(ctx, "%s IP access list %s\n",
	    a->standard ? "Standard" : "Extended", a->name);
	for (i = 0; i < a->n; i++) {
		sb_printf(&sb, "    %u ", a->seqs[i]);
		if (a->standard)
			show_standard(&sb, &a->aces[i]);
		else
			ace_format(&sb, &a->aces[i], ACE_STYLE_CONFIG);
		if (a->logs[i])
			sb_printf(&sb, " log");
		n = count_read(&a->hits[i]->packets) - a->hits[i]->cleared;
		if (n > 0)
			sb_printf(&sb, " (%llu match%s)",
			    (unsigned long long)n, n == 1 ? "" : "es");
		cli_printf(ctx, "%s\n", sb.s);
		sb_free(&sb);
	}
}

int
show_access_lists(struct cli_ctx *ctx, const struct show_access_lists_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	size_t i;

	for (i = 0; i < f->n_acls; i++) {
		if (a->name[0] == '\0' ||
		    strcmp(a->name, f->acls[i]->name) == 0)
			show_acl(ctx, f->acls[i]);
	}
	return CLI_DONE;
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

struct counter {
	const char *label;
	int what;
};

/* Pairs until a NULL; a label ends in what stands before the number. */
static const struct counter plain_errors[] = {
	{ "    #send errors ", SUM_SEND }, { ", #recv errors ", SUM_RECV },
	{ "\n", -1 }, { NULL, 0 },
};

static const struct counter detail_errors[] = {
	{ "    #pkts no sa (send) ", STAT_NO_SA },
	{ ", #pkts invalid sa (rcv) ", STAT_INVALID_SA },
	{ "\n    #pkts encaps failed (send) ", STAT_ENCAPS_FAIL },
	{ ", #pkts decaps failed (rcv) ", STAT_DECAPS_FAIL },
	{ "\n    #pkts invalid prot (recv) ", STAT_INVALID_PROT },
	{ ", #pkts verify failed: ", STAT_VERIFY_FAIL },
	{ "\n    #pkts invalid identity (recv) ", STAT_IDENTITY },
	{ ", #pkts invalid len (rcv) ", STAT_LENGTH },
	{ "\n    #pkts replay rollover (send): ", STAT_ROLLOVER },
	{ ", #pkts replay rollover (rcv) 0", -1 },
	{ "\n    ##pkts replay failed (rcv): ", STAT_REPLAY },
	{ "\n    #pkts tagged (send): 0, #pkts untagged (rcv): 0", -1 },
	{ "\n    #pkts not tagged (send): 0, #pkts not untagged (rcv): 0",
	    -1 },
	{ "\n    #pkts internal err (send): 0"
	    ", #pkts internal err (recv) ", STAT_INTERNAL },
	{ "\n", -1 }, { NULL, 0 },
};

static const struct counter traffic[] = {
	{ "    #pkts encaps: ", STAT_ENCRYPT },
	{ ", #pkts encrypt: ", STAT_ENCRYPT },
	{ ", #pkts digest: ", STAT_ENCRYPT },
	{ "\n    #pkts decaps: ", STAT_DECRYPT },
	{ ", #pkts decrypt: ", STAT_DECRYPT },
	{ ", #pkts verify: ", STAT_DECRYPT },
	{ "\n    #pkts compressed: 0, #pkts decompressed: 0\n"
	    "    #pkts not compressed: 0, #pkts compr. failed: 0\n"
	    "    #pkts not decompressed: 0, #pkts decompress failed: 0\n",
	    -1 },
	{ NULL, 0 },
};

static void
show_counters(struct cli_ctx *ctx, const struct counter *c,
    const struct policy *p, uint32_t i)
{
	for (; c->label != NULL; c++) {
		cli_printf(ctx, "%s", c->label);
		if (c->what != -1)
			cli_printf(ctx, "%llu", entry_sum(p, i, c->what));
	}
}

/* ---- show crypto ipsec sa ---- */

static void
show_ident(struct cli_ctx *ctx, const char *which, uint32_t addr,
    uint32_t wild, uint8_t proto, const struct ace_ports *port)
{
	char a[IP4_STRLEN], m[IP4_STRLEN];

	cli_printf(ctx, "   %s ident (addr/mask/prot/port): (%s/%s/%u/%u)\n",
	    which, ip4_str(addr & ~wild, a), ip4_str(~wild, m), proto,
	    port->op == ACE_OP_EQ ? port->lo : 0);
}

static void
show_sa(struct cli_ctx *ctx, const struct fwd *f, const struct sa *sa,
    const char *map, bool out, bool detail)
{
	uint64_t now = f->io.now(f->arg);
	char text[64];
	unsigned left = sa->expires > now ?
	    (unsigned)((sa->expires - now) / 1000) : 0;

	cli_printf(ctx, "      spi: 0x%X(%u)\n", sa->spi, sa->spi);
	cli_printf(ctx, "        transform: %s ,\n",
	    esp_transform_str(&sa->transform, text));
	cli_printf(ctx, "        in use settings ={Tunnel, }\n");
	cli_printf(ctx, "        conn id: %u, flow_id: SW:%u, "
	    "sibling_flags 80000040, crypto map: %s\n", sa->conn_id + out,
	    sa->conn_id + out, map);
	if (detail)
		cli_printf(ctx, "        sa timing: remaining key lifetime "
		    "(k/sec): (0/%u)\n", left);
	else
		cli_printf(ctx, "        sa timing: remaining key lifetime "
		    "(sec): (%u)\n"
		    "        Kilobyte Volume Rekey has been disabled\n",
		    left);
	cli_printf(ctx, "        IV size: %u bytes\n", sa->iv_len);
	if (detail && sa->replay != NULL)
		cli_printf(ctx, "        replay detection support: Y  "
		    "replay window size: %u\n", sa->window);
	else
		cli_printf(ctx, "        replay detection support: %s\n",
		    sa->replay != NULL ? "Y" : "N");
	cli_printf(ctx, "        Status: ACTIVE(ACTIVE)\n");
}

static void
show_sas(struct cli_ctx *ctx, const struct fwd *f, const struct group *g,
    uint16_t sa_index, const char *map, bool out, bool detail)
{
	const char *way = out ? "outbound" : "inbound";
	const struct sa *sa;

	cli_printf(ctx, "\n     %s esp sas:\n", way);
	for (sa = g->sas; sa != NULL; sa = sa->next) {
		if (sa->sa_index == sa_index)
			show_sa(ctx, f, sa, map, out, detail);
	}
	cli_printf(ctx, "\n     %s ah sas:\n\n     %s pcp sas:\n", way, way);
}

struct place { /* where a flow is shown */
	const struct fwd *f;
	const struct port *port;
	const struct snap_port *sp;
	const char *map;
	bool detail;
};

static void
show_flow(struct cli_ctx *ctx, const struct place *at,
    const struct snap_group *sg, uint32_t i)
{
	const struct policy *p = sg->policy;
	const struct ace *a = &p->aces[i];
	const struct sa *out = sg->out[i];
	uint32_t local = p->gm_addr != 0 ? p->gm_addr : at->sp->addr;
	uint32_t mtu = at->sp->mtu;
	char addr[IP4_STRLEN];

	cli_printf(ctx, "\n   protected vrf: (none)\n");
	show_ident(ctx, "local ", a->src, a->src_wild, a->proto, &a->sport);
	show_ident(ctx, "remote", a->dst, a->dst_wild, a->proto, &a->dport);
	if (!at->detail)
		cli_printf(ctx, "   Group: %s\n", sg->group->name);
	cli_printf(ctx, "   current_peer 0.0.0.0 port 848\n"
	    "     PERMIT, flags={origin_is_acl,}\n");
	show_counters(ctx, traffic, p, i);
	show_counters(ctx, at->detail ? detail_errors : plain_errors, p, i);
	cli_printf(ctx, "\n     local crypto endpt.: %s, "
	    "remote crypto endpt.: 0.0.0.0\n", ip4_str(local, addr));
	cli_printf(ctx, "     plaintext mtu %u, path mtu %u, ip mtu %u, "
	    "ip mtu idb %s\n", out != NULL ?
	    esp_plaintext_mtu(&out->transform, mtu, 0) : mtu, mtu, mtu,
	    at->port->name);
	cli_printf(ctx, "     current outbound spi: 0x%X(%u)\n"
	    "     PFS (Y/N): N, DH group: none\n",
	    out != NULL ? out->spi : 0, out != NULL ? out->spi : 0);
	show_sas(ctx, at->f, sg->group, p->sa_of[i], at->map, false,
	    at->detail);
	show_sas(ctx, at->f, sg->group, p->sa_of[i], at->map, true,
	    at->detail);
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

int
show_crypto_ipsec_sa(struct cli_ctx *ctx,
    const struct show_crypto_ipsec_sa_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	struct place at = { .f = f, .detail = a->detail != 0 };
	char addr[IP4_STRLEN];
	unsigned port, m;
	bool any = false;
	uint32_t i;

	for (port = 1; port <= PORT_MAX; port++) {
		if ((at.map = map_of(f, port)) == NULL)
			continue;
		any = true;
		at.port = &f->ports[port];
		at.sp = &f->snap->port[port];
		cli_printf(ctx, "\ninterface: %s\n    Crypto map tag: %s, "
		    "local addr %s\n", at.port->name, at.map,
		    ip4_str(local_addr(at.sp), addr));
		for (m = 0; m < at.sp->n_maps; m++) {
			const struct policy *p = at.sp->maps[m]->policy;

			for (i = 0; p != NULL && i < p->n; i++) {
				if (p->aces[i].action == ACE_PERMIT)
					show_flow(ctx, &at, at.sp->maps[m],
					    i);
			}
		}
	}
	if (!any)
		cli_printf(ctx, "\nNo SAs found\n");
	return CLI_DONE;
}

/* ---- show crypto gdoi ipsec sa ---- */

static void
show_gdoi_ident(struct cli_ctx *ctx, const char *which, uint32_t addr,
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
	cli_printf(ctx, "      %s = %s, port = %u\n", which, text,
	    port->op == ACE_OP_EQ ? port->lo : 0);
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
show_gdoi_entry(struct cli_ctx *ctx, const struct group *g, uint32_t i)
{
	static const char *const directions[] = { "Both", "Inbound Only",
		"Inbound Optional" };
	const struct policy *p = g->policy;
	const struct ace *a = &p->aces[i];
	const struct sa *sa = newest_sa(g, p->sa_of[i]);
	const char *proto = ace_proto_name(a->proto);
	char replay[32] = "None";

	if (sa != NULL && sa->replay_method == REPLAY_COUNTER)
		snprintf(replay, sizeof(replay), "Counter/%u", sa->window);
	else if (sa != NULL && sa->replay_method == REPLAY_TIME)
		snprintf(replay, sizeof(replay), "Time/%u sec", sa->window);
	if (proto != NULL)
		cli_printf(ctx, "    protocol = %s\n", proto);
	else
		cli_printf(ctx, "    protocol = %u\n", a->proto);
	show_gdoi_ident(ctx, "local ident ", a->src, a->src_wild, &a->sport);
	show_gdoi_ident(ctx, "remote ident", a->dst, a->dst_wild, &a->dport);
	cli_printf(ctx, "      direction: %s, replay(method/window): %s\n",
	    directions[p->direction], replay);
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

int
show_gdoi_ipsec_sa(struct cli_ctx *ctx,
    const struct show_gdoi_ipsec_sa_args *a UNUSED)
{
	const struct fwd *f = cli_engine(ctx);
	const struct group *g;
	unsigned port;
	uint32_t i;

	for (g = f->groups; g != NULL; g = g->next) {
		if (g->policy == NULL)
			continue;
		cli_printf(ctx, "SA created for group %s:\n", g->name);
		for (port = 1; port <= PORT_MAX; port++) {
			if (port_has_group(&f->snap->port[port], g))
				cli_printf(ctx, "  %s:\n",
				    f->ports[port].name);
		}
		for (i = 0; i < g->policy->n; i++)
			show_gdoi_entry(ctx, g, i);
		cli_printf(ctx, "\n");
	}
	return CLI_DONE;
}

/* ---- show crypto gdoi gm dataplane counters ---- */

static const struct {
	const char *left;
	int left_stat; /* -1: always 0, nothing is tagged */
	const char *right;
	int right_stat;
} dataplane[] = {
	{ "#pkts encrypt", STAT_ENCRYPT, "#pkts decrypt", STAT_DECRYPT },
	{ "#pkts tagged (send)", -1, "#pkts untagged (rcv)", -1 },
	{ "#pkts no sa (send)", STAT_NO_SA,
	    "#pkts invalid sa (rcv)", STAT_INVALID_SA },
	{ "#pkts encaps fail (send)", STAT_ENCAPS_FAIL,
	    "#pkts decap fail (rcv)", STAT_DECAPS_FAIL },
	{ "#pkts invalid prot (rcv)", STAT_INVALID_PROT,
	    "#pkts verify fail (rcv)", STAT_VERIFY_FAIL },
	{ "#pkts not tagged (send)", -1, "#pkts not untagged (rcv)", -1 },
	{ "#pkts internal err (send)", STAT_ROLLOVER,
	    "#pkts internal err (rcv)", STAT_INTERNAL },
};

int
show_gdoi_gm_dataplane(struct cli_ctx *ctx,
    const struct show_gdoi_gm_dataplane_args *a UNUSED)
{
	const struct fwd *f = cli_engine(ctx);
	const struct group *g;
	size_t i;

	for (g = f->groups; g != NULL; g = g->next) {
		cli_printf(ctx, "\nData-plane statistics for group %s:\n",
		    g->name);
		for (i = 0; i < NELEM(dataplane); i++)
			cli_printf(ctx, "    %-25s: %-9llu%-25s: %llu\n",
			    dataplane[i].left, dataplane[i].left_stat < 0 ?
			    0 : group_stat(g, dataplane[i].left_stat),
			    dataplane[i].right, dataplane[i].right_stat < 0 ?
			    0 : group_stat(g, dataplane[i].right_stat));
	}
	return CLI_DONE;
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
