/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto session and eli, clear crypto sa and session, of all DOIs. Runs
 * in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli_gen.h"
#include "ike/cmd.h"
#include "ike/session.h"

struct sessions {
	struct show v;
	const struct show_crypto_session_args *args;
	struct ike *ike; /* whose sessions they are */
};

/* ---- one session ---- */

static bool
has_ike(const struct ike_session *x)
{
	return x->sa != NULL && x->sa->state == IKE_IDLE;
}

static const char *
status_of(const struct ike_session *x)
{
	if (x->up)
		return has_ike(x) ? "UP-ACTIVE" : "UP-NO-IKE";
	if (x->negotiating || (x->sa != NULL && !has_ike(x)))
		return "DOWN-NEGOTIATING";
	return has_ike(x) ? "UP-IDLE" : "DOWN";
}

/* "UA" for UP-ACTIVE and so on, as the heading of the list explains. */
static const char *
short_status(const struct ike_session *x)
{
	if (x->up)
		return has_ike(x) ? "UA" : "UK";
	if (x->negotiating || (x->sa != NULL && !has_ike(x)))
		return "DN";
	return has_ike(x) ? "UI" : "D";
}

static void
up_time(const struct sessions *s, const struct ike_session *x,
    struct strbuf *sb)
{
	uint64_t now = ike_now(s->ike);

	show_hms(sb, x->up && x->up_since != 0 && now > x->up_since ?
	    (uint32_t)((now - x->up_since) / 1000) : 0);
}

static void
brief(struct sessions *s, const struct ike_session *x)
{
	char peer[IP4_STRLEN], id[IKE_ID_STRLEN], ifname[IFNAME_MAX];
	struct strbuf up = { 0 };

	port_short_name(x->ifname, ifname, sizeof(ifname));
	up_time(s, x, &up);
	show_text(&s->v, "%-15s %-11s %-15s %-24s %s  %s\n",
	    ip4_str(x->peer, peer), ifname, "", has_ike(x) ?
	    ike_id_str(&x->sa->peer_id, id) : "", up.s, short_status(x));
	sb_free(&up);
}

static uint32_t
life_left(const struct ike_sa *sa)
{
	uint64_t now = ike_now(sa->ike);

	return sa->expires > now ? (uint32_t)((sa->expires - now) / 1000) : 0;
}

static void
phase1(struct sessions *s, const struct ike_sa *sa)
{
	char l[IP4_STRLEN], r[IP4_STRLEN], caps[8];
	struct strbuf life = { 0 };

	show_text(&s->v, "  Session ID: 0  \n  IKEv1 SA: local %s/%u remote"
	    " %s/%u %s \n", ip4_str(sa->local.addr, l), sa->local.port,
	    ip4_str(sa->remote.addr, r), sa->remote.port,
	    sa->state == IKE_IDLE ? "Active" : "Inactive");
	show_object(&s->v, "ike_sa");
	show_str(&s->v, "local_address", l);
	show_uint(&s->v, "local_port", sa->local.port);
	show_str(&s->v, "remote_address", r);
	show_uint(&s->v, "remote_port", sa->remote.port);
	show_bool(&s->v, "active", sa->state == IKE_IDLE);
	show_uint(&s->v, "connection_id", sa->conn_id);
	show_uint(&s->v, "lifetime_remaining_seconds", life_left(sa));
	show_close(&s->v);
	if (!s->args->detail)
		return;
	ike_capabilities(sa, caps);
	show_hms(&life, life_left(sa));
	show_text(&s->v, "          Capabilities:%s connid:%u lifetime:%s\n",
	    caps[0] != '\0' ? caps : "(none)", sa->conn_id, life.s);
	sb_free(&life);
}

static void
heading(struct sessions *s, const struct ike_session *x)
{
	char peer[IP4_STRLEN], id[IKE_ID_STRLEN];
	uint16_t port = x->sa != NULL ? x->sa->remote.port : x->port;
	bool detail = s->args->detail;
	struct strbuf up = { 0 };

	show_text(&s->v, "\nInterface: %s\n", x->ifname);
	show_object(&s->v, NULL);
	show_str(&s->v, "interface", x->ifname);
	show_str(&s->v, "status", status_of(x));
	show_ip4(&s->v, "peer", x->peer);
	show_uint(&s->v, "peer_port", port);
	if (has_ike(x) && x->sa->profile[0] != '\0') {
		show_text(&s->v, "Profile: %s\n", x->sa->profile);
		show_str(&s->v, "profile", x->sa->profile);
	}
	if (x->up && x->up_since != 0) {
		up_time(s, x, &up);
		if (detail)
			show_text(&s->v, "Uptime: %s\n", up.s);
		show_uint(&s->v, "uptime_seconds",
		    (ike_now(s->ike) - x->up_since) / 1000);
		sb_free(&up);
	}
	show_text(&s->v, "Session status: %s     \nPeer: %s port %u%s\n",
	    status_of(x), ip4_str(x->peer, peer), port,
	    detail ? " fvrf: (none) ivrf: (none)" : " ");
	if (has_ike(x))
		show_str(&s->v, "phase1_id", ike_id_str(&x->sa->peer_id, id));
	if (detail)
		show_text(&s->v, "      Phase1_id: %s\n      Desc: (none)\n",
		    has_ike(x) ? ike_id_str(&x->sa->peer_id, id) : "(none)");
}

bool
sessions_begin(struct sessions *s, const struct ike_session *x)
{
	const struct show_crypto_session_args *a = s->args;

	if ((a->by_peer && a->peer != x->peer) ||
	    (a->local != 0 && a->local != x->local) || (a->ifname[0] != '\0' &&
	    strcasecmp(a->ifname, x->ifname) != 0))
		return false;
	if (a->brief && !show_is_json(&s->v)) {
		brief(s, x);
		return false;
	}
	heading(s, x);
	if (x->sa != NULL)
		phase1(s, x->sa);
	show_array(&s->v, "flows");
	return true;
}

static const char *
end_text(uint32_t addr, uint32_t wild, char buf[48])
{
	char a[IP4_STRLEN], m[IP4_STRLEN];

	if (wild == 0)
		snprintf(buf, 48, "host %s", ip4_str(addr, a));
	else
		snprintf(buf, 48, "%s/%s", ip4_str(addr & ~wild, a),
		    ip4_str(~wild, m));
	return buf;
}

static void
flow_use(struct sessions *s, const struct ike_flow *f, unsigned way)
{
	char life[48];

	if (f->volume || f->sas == 0)
		snprintf(life, sizeof(life), "%llu/%u",
		    (unsigned long long)f->kilobytes[way], f->seconds[way]);
	else
		snprintf(life, sizeof(life), "KB Vol Rekey Disabled/%u",
		    f->seconds[way]);
	show_text(&s->v, "        %s %llu drop %llu life (KB/Sec) %s\n",
	    way == 0 ? "Inbound:  #pkts dec'ed" : "Outbound: #pkts enc'ed",
	    (unsigned long long)f->use.packets[way],
	    (unsigned long long)f->use.drops[way], life);
}

static void
flow_members(struct sessions *s, const struct ike_flow *f)
{
	show_uint(&s->v, "packets_decrypted", f->use.packets[0]);
	show_uint(&s->v, "packets_encrypted", f->use.packets[1]);
	show_uint(&s->v, "receive_errors", f->use.drops[0]);
	show_uint(&s->v, "send_errors", f->use.drops[1]);
}

void
sessions_flow(struct sessions *s, const struct ike_flow *f)
{
	const struct ace *ace = f->ace;
	unsigned sas = f->sas;
	const char *origin = f->origin;
	char src[48], dst[48], proto[16] = "ip";

	if (ace->proto != ACE_PROTO_IP)
		snprintf(proto, sizeof(proto), "%u", ace->proto);
	end_text(ace->src, ace->src_wild, src);
	end_text(ace->dst, ace->dst_wild, dst);
	show_text(&s->v, "  IPSEC FLOW: permit %s %s %s \n"
	    "        Active SAs: %u, origin: %s\n", proto, src, dst, sas,
	    origin);
	show_object(&s->v, NULL);
	show_uint(&s->v, "protocol", ace->proto);
	show_ip4(&s->v, "local_address", ace->src & ~ace->src_wild);
	show_ip4(&s->v, "local_mask", ~ace->src_wild);
	show_ip4(&s->v, "remote_address", ace->dst & ~ace->dst_wild);
	show_ip4(&s->v, "remote_mask", ~ace->dst_wild);
	show_uint(&s->v, "active_sas", sas);
	show_str(&s->v, "origin", origin);
	flow_members(s, f);
	show_close(&s->v);
	if (!s->args->detail)
		return;
	flow_use(s, f, 0);
	flow_use(s, f, 1);
}

void
sessions_end(struct sessions *s)
{
	show_close(&s->v);
	show_close(&s->v);
}

/* ---- commands ---- */

static const char detail_head[] =
    "\nCode: C - IKE Configuration mode, D - Dead Peer Detection     \n"
    "K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     \n"
    "X - IKE Extended Authentication, F - IKE Fragmentation\n"
    "R - IKE Auto Reconnect, U - IKE Dynamic Route Update\nS - SIP VPN\n";

static const char brief_head[] =
    "Status: A- Active, U - Up, D - Down, I - Idle, S - Standby, "
    "N - Negotiating\n        K - No IKE\nivrf = (none)\n"
    "Peer            I/F         Username        Group/Phase1_id          "
    "Uptime    Status\n";

int
show_crypto_session(struct cli_ctx *ctx,
    const struct show_crypto_session_args *a)
{
	const struct ike_engines *e = cli_engine(ctx);
	struct sessions s = { .args = a };
	unsigned i;

	show_begin(&s.v, ctx);
	show_text(&s.v, "%s%s", a->brief ? brief_head :
	    "Crypto session current status\n", a->detail ? detail_head : "");
	show_array(&s.v, "sessions");
	for (i = 0; i < ENGINE_COUNT; i++)
		if ((s.ike = e->ike[i]) != NULL &&
		    s.ike->doi->sessions != NULL)
			s.ike->doi->sessions(s.ike, &s);
	return show_end(&s.v);
}

int
show_crypto_eli(struct cli_ctx *ctx,
    const struct show_crypto_eli_args *a UNUSED)
{
	const struct ike_engines *e = cli_engine(ctx);
	unsigned i, ike = 0, failed = 0, dh = 0, ipsec = 0;
	const struct ike_sa *sa;

	for (i = 0; i < ENGINE_COUNT; i++) {
		if (e->ike[i] == NULL)
			continue;
		TAILQ_FOREACH(sa, &e->ike[i]->sas, link)
			ike++;
		failed += e->ike[i]->stats.failed;
		dh += e->ike[i]->stats.dh;
		if (e->ike[i]->doi->count_sas != NULL)
			ipsec += e->ike[i]->doi->count_sas(e->ike[i]);
	}
	cli_printf(ctx, "Hardware Encryption : INACTIVE\n"
	    " Number of crypto engines = 1\n\n"
	    " CryptoEngine Software Crypto Engine details: state = Active\n"
	    " Capability    : DES, 3DES, AES, GCM, GMAC, RSA, GDOI,"
	    " FAILCLOSE\n\n"
	    " IKE-Session   : %5u active, %5u max, %u failed\n"
	    " DH            : %5u computed\n"
	    " IPSec-Session : %5u active\n", ike, SA_MAX, failed, dh, ipsec);
	return CLI_DONE;
}

/* How many flows and groups that were. */
static unsigned
clear_sas(struct cli_ctx *ctx, struct ike_which which)
{
	const struct ike_engines *e = cli_engine(ctx);
	unsigned i, n = 0;

	for (i = 0; i < ENGINE_COUNT; i++) {
		if (e->ike[i] == NULL || e->ike[i]->doi->clear == NULL)
			continue;
		n += e->ike[i]->doi->clear(e->ike[i], &which);
		ike_reap(e->ike[i]);
	}
	return n;
}

int
clear_crypto_sa(struct cli_ctx *ctx, const struct clear_crypto_sa_args *a)
{
	unsigned n = clear_sas(ctx, (struct ike_which){ .peer = a->peer,
	    .map = a->map });

	if (n > 0 || (a->peer == 0 && a->map[0] == '\0'))
		return CLI_DONE;
	cli_printf(ctx, "%% There are no SAs of this %s\n", a->peer != 0 ?
	    "peer" : "crypto map");
	return CLI_FAILED;
}

int
clear_crypto_sa_spi(struct cli_ctx *ctx,
    const struct clear_crypto_sa_spi_args *a)
{
	const struct ike_engines *e = cli_engine(ctx);
	struct ike *ike = e->ike[ENGINE_IPSEC];
	bool gone = ike != NULL && ike->doi->clear_spi != NULL &&
	    ike->doi->clear_spi(ike, a->dest, a->spi);

	if (ike != NULL)
		ike_reap(ike);
	if (gone)
		return CLI_DONE;
	cli_printf(ctx, "%% There is no SA with this destination and SPI\n");
	return CLI_FAILED;
}

int
clear_crypto_session(struct cli_ctx *ctx,
    const struct clear_crypto_session_args *a)
{
	(void)clear_sas(ctx, (struct ike_which){ .local = a->local,
	    .peer = a->peer, .map = "", .phase1 = true });
	return CLI_DONE;
}
