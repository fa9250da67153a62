/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What process fwd shows and clears: access lists with their matches, the
 * data plane of the groups. Columns are those of IOS, because other programs
 * read them.
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
	show_str(v, "replay_method", sa != NULL ? sa_replay_name(sa) : "none");
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
	return what < 0 ? 0 : count_read(&g->c[what]) - g->cleared[what];
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
