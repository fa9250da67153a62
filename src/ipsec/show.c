/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto session, of crypto maps and tunnels: one session for each peer
 * of an entry. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ike/cmd.h"
#include "ipsec/ipsec_priv.h"

struct session {
	struct cli_ctx *ctx;
	const struct entry *e;
	enum ipsec_how how;
	uint32_t peer;
	const struct ike_sa *sa; /* NULL: none */
	uint64_t up_since;	 /* 0: no SA */
	bool negotiating;
};

static bool
is_of(const struct session *v, const struct ipsec_flow *f)
{
	return v->e->kind != ENTRY_DYNAMIC || f->peer == v->peer;
}

/* Established, or on its way to that. */
static const struct ike_sa *
phase1_with(struct ike *ike, uint32_t peer)
{
	const struct ike_sa *sa, *found = NULL;

	TAILQ_FOREACH(sa, &ike->sas, link)
		if (sa->remote.addr == peer && (found == NULL ||
		    sa->state == IKE_IDLE || found->state != IKE_IDLE))
			found = sa;
	return found;
}

static void
look(struct session *v)
{
	const struct ipsec_flow *f;

	v->sa = phase1_with(v->e->s->ike, v->peer);
	TAILQ_FOREACH(f, &v->e->flows, link) {
		if (!is_of(v, f))
			continue;
		v->negotiating |= f->quick != NULL;
		if (flow_is_up(f) && (v->up_since == 0 ||
		    f->up_since < v->up_since))
			v->up_since = f->up_since;
	}
}

static bool
has_ike(const struct session *v)
{
	return v->sa != NULL && v->sa->state == IKE_IDLE;
}

static const char *
status(const struct session *v)
{
	if (v->up_since != 0)
		return has_ike(v) ? "UP-ACTIVE" : "UP-NO-IKE";
	if (v->negotiating || (v->sa != NULL && !has_ike(v)))
		return "DOWN-NEGOTIATING";
	return has_ike(v) ? "UP-IDLE" : "DOWN";
}

/* "UA" for UP-ACTIVE and so on. */
static const char *
short_status(const struct session *v)
{
	const char *s = status(v);

	return strcmp(s, "UP-ACTIVE") == 0 ? "UA" :
	    strcmp(s, "UP-NO-IKE") == 0 ? "UK" :
	    strcmp(s, "UP-IDLE") == 0 ? "UI" :
	    strcmp(s, "DOWN-NEGOTIATING") == 0 ? "DN" : "D";
}

static uint32_t
seconds_to(struct ipsec *s, uint64_t then)
{
	uint64_t now = ipsec_now(s);

	return then > now ? (uint32_t)((then - now) / 1000) : 0;
}

static void
print_uptime(const struct session *v, const char *format)
{
	struct strbuf sb = { 0 };

	show_hms(&sb, v->up_since != 0 ? (uint32_t)((ipsec_now(v->e->s) -
	    v->up_since) / 1000) : 0);
	cli_printf(v->ctx, "%s%s", format, sb.s);
	sb_free(&sb);
}

static void
print_ike(const struct session *v)
{
	const struct ike_sa *sa = v->sa;
	char l[IP4_STRLEN], r[IP4_STRLEN], caps[8];
	struct strbuf life = { 0 };

	cli_printf(v->ctx, "  Session ID: 0  \n  IKEv1 SA: local %s/%u remote"
	    " %s/%u %s \n", ip4_str(sa->local.addr, l), sa->local.port,
	    ip4_str(sa->remote.addr, r), sa->remote.port,
	    has_ike(v) ? "Active" : "Inactive");
	if (v->how != IPSEC_SESSION_DETAIL)
		return;
	ike_capabilities(sa, caps);
	show_hms(&life, seconds_to(v->e->s, sa->expires));
	cli_printf(v->ctx, "          Capabilities:%s connid:%u lifetime:%s\n",
	    caps[0] != '\0' ? caps : "(none)", sa->conn_id, life.s);
	sb_free(&life);
}

static void
print_flow(const struct session *v, const struct ipsec_flow *f)
{
	char s[IP4_STRLEN], sm[IP4_STRLEN], d[IP4_STRLEN], dm[IP4_STRLEN];
	char proto[16] = "ip";
	const struct pair *p;
	unsigned n = 0;

	TAILQ_FOREACH(p, &f->pairs, link)
		n += (unsigned)p->in.told + p->out.told;
	if (f->ace.proto != ACE_PROTO_IP)
		snprintf(proto, sizeof(proto), "%u", f->ace.proto);
	cli_printf(v->ctx, "  IPSEC FLOW: permit %s %s%s/%s %s%s/%s \n"
	    "        Active SAs: %u, origin: %s\n", proto,
	    f->local.mask == UINT32_MAX ? "host " : "",
	    ip4_str(f->local.addr, s), ip4_str(f->local.mask, sm),
	    f->remote.mask == UINT32_MAX ? "host " : "",
	    ip4_str(f->remote.addr, d), ip4_str(f->remote.mask, dm), n,
	    v->e->kind == ENTRY_DYNAMIC ? "dynamic crypto map" :
	    "crypto map");
}

static void
print_brief(const struct session *v)
{
	char peer[IP4_STRLEN], id[IKE_ID_STRLEN];

	cli_printf(v->ctx, "%-15s %-9s %-15s %-24s ", ip4_str(v->peer, peer),
	    v->e->ifname, "", has_ike(v) ? ike_id_str(&v->sa->peer_id, id) :
	    "");
	print_uptime(v, "");
	cli_printf(v->ctx, " %s\n", short_status(v));
}

static void
print_session(const struct session *v)
{
	bool detail = v->how == IPSEC_SESSION_DETAIL;
	char peer[IP4_STRLEN], id[IKE_ID_STRLEN];
	const struct ipsec_flow *f;

	cli_printf(v->ctx, "\nInterface: %s\n", v->e->ifname);
	if (has_ike(v) && v->sa->profile[0] != '\0')
		cli_printf(v->ctx, "Profile: %s\n", v->sa->profile);
	if (detail && v->up_since != 0) {
		print_uptime(v, "Uptime: ");
		cli_printf(v->ctx, "\n");
	}
	cli_printf(v->ctx, "Session status: %s     \nPeer: %s port %u%s\n",
	    status(v), ip4_str(v->peer, peer), v->sa != NULL ?
	    v->sa->remote.port : IPSEC_PORT,
	    detail ? " fvrf: (none) ivrf: (none)" : " ");
	if (detail)
		cli_printf(v->ctx, "      Phase1_id: %s\n      Desc: (none)\n",
		    has_ike(v) ? ike_id_str(&v->sa->peer_id, id) : "(none)");
	if (v->sa != NULL)
		print_ike(v);
	TAILQ_FOREACH(f, &v->e->flows, link)
		if (is_of(v, f))
			print_flow(v, f);
}

static void
show_one(struct cli_ctx *ctx, const struct entry *e, enum ipsec_how how,
    uint32_t peer)
{
	struct session v = { .ctx = ctx, .e = e, .how = how, .peer = peer };

	look(&v);
	if (how == IPSEC_SESSION_BRIEF)
		print_brief(&v);
	else
		print_session(&v);
}

static bool
shown_before(const struct ipsec_flow *f)
{
	const struct ipsec_flow *o;

	TAILQ_FOREACH(o, &f->e->flows, link) {
		if (o == f)
			return false;
		if (o->peer == f->peer)
			return true;
	}
	return false;
}

void
ipsec_show_session(struct ipsec *s, struct cli_ctx *ctx, enum ipsec_how how)
{
	const struct entry *e;
	const struct ipsec_flow *f;

	TAILQ_FOREACH(e, &s->entries, link) {
		if (e->kind != ENTRY_DYNAMIC && entry_peer(e) != 0)
			show_one(ctx, e, how, entry_peer(e));
		if (e->kind != ENTRY_DYNAMIC)
			continue;
		TAILQ_FOREACH(f, &e->flows, link)
			if (!shown_before(f))
				show_one(ctx, e, how, f->peer);
	}
}
