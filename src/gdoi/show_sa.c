/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi rekey sa, gm pubkey, feature; show crypto session, eli.
 * Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/show.h"

/* ---- show crypto gdoi rekey sa ---- */

static void
rekey_sa_detail(struct cli_ctx *ctx, const struct gm_group *gm)
{
	const struct gdoi_kek *k = &gm->kek;
	char spi[2 * KEK_SPI_LEN + 1], a[IP4_STRLEN], text[16];

	cli_printf(ctx, "\n  KEK POLICY (transport type : %s)\n",
	    show_transport(k));
	cli_printf(ctx, "   Local addr/port : %s/848\n",
	    ip4_str(gm_rekey_dst(gm), a));
	cli_printf(ctx, "   Remote addr/port : %s/848\n", ip4_str(gm->ks, a));
	cli_printf(ctx, "    spi : 0x%s\n", gdoi_spi_str(k->spi, spi));
	cli_printf(ctx, "    management alg     : disabled    "
	    "encrypt alg       : %-10s\n", show_kek_cipher(k->cipher));
	cli_printf(ctx, "    crypto iv length   : %-12u"
	    "key size          : %-8u\n", k->iv.len, k->key.len);
	cli_printf(ctx, "    orig life(sec)     : %u\n", k->life);
	cli_printf(ctx, "    sig hash algorithm : enabled     "
	    "sig key length    : %-8u\n", k->pub_len);
	cli_printf(ctx, "    sig size           : %u\n",
	    (k->sig_bits + 7u) / 8);
	cli_printf(ctx, "    acknowledgement    : %s\n",
	    k->ack == KEK_ACK_NONE ? "None" : k->ack == KEK_ACK_OWN ?
	    "Cisco" : "Interoperable");
	cli_printf(ctx, "    conn_id (IKEv1)    : %u\n", gm->kek_conn_id);
	snprintf(text, sizeof(text), "%u", gm->last_seq);
	cli_printf(ctx, "    seq num            : %-12s"
	    "prev seq num      : %-8u\n", text, gm->prev_seq);
	cli_printf(ctx, "    handle             : %u\n"
	    "    Interface          : %s\n    Group Name         : %s\n",
	    0x40000000u + gm->kek_conn_id, gm->ifname, gm->name);
}

int
show_gdoi_rekey_sa(struct cli_ctx *ctx,
    const struct show_gdoi_rekey_sa_args *a)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct gm_group *gm;
	char dst[IP4_STRLEN], src[IP4_STRLEN];
	unsigned n = 0;

	if (show_no_group(ctx, a->group))
		return CLI_FAILED;
	TAILQ_FOREACH(gm, &g->gm, link)
		n += gm->has_kek;
	if (a->detail)
		cli_printf(ctx, "KEK SA DB STATS:\n    num_active = %u\n"
		    "    num_malloc = %u\n    num_free = %u\n", n, g->keks,
		    g->keks - n);
	else
		cli_printf(ctx, "GETVPN REKEY SA\n%-16s%-16s%-16s%s\n", "dst",
		    "src", "conn-id", "status");
	TAILQ_FOREACH(gm, &g->gm, link) {
		if (!gm->has_kek || !show_wanted(a->group, gm->name))
			continue;
		if (a->detail)
			rekey_sa_detail(ctx, gm);
		else
			cli_printf(ctx, "%-16s%-16s%-16u%s\n",
			    ip4_str(gm_rekey_dst(gm), dst),
			    ip4_str(gm->ks, src), gm->kek_conn_id, "ACTIVE");
	}
	return CLI_DONE;
}

/* ---- show crypto gdoi gm pubkey ---- */

int
show_gdoi_gm_pubkey(struct cli_ctx *ctx,
    const struct show_gdoi_gm_pubkey_args *a)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct gm_group *gm;
	char ks[IP4_STRLEN];
	const uint8_t *c;
	unsigned i;

	if (show_no_group(ctx, a->group))
		return CLI_FAILED;
	TAILQ_FOREACH(gm, &g->gm, link) {
		if (!show_wanted(a->group, gm->name) || !gm->has_kek)
			continue;
		c = gm->kek.spi;
		cli_printf(ctx, "  GDOI Group: %s\n    KS IP Address: %s\n"
		    "    conn-id: %u    my-cookie:%02X%02X%02X%02X"
		    "    his-cookie:%02X%02X%02X%02X\n    Key Data:",
		    gm->name, ip4_str(gm->ks, ks), gm->kek_conn_id, c[0], c[1],
		    c[2], c[3], c[8], c[9], c[10], c[11]);
		for (i = 0; i < gm->kek.pub_len; i++)
			cli_printf(ctx, "%s%02X%s", i % 32 == 0 ?
			    "\n      " : "", gm->kek.pub[i], i % 4 == 3 ||
			    i + 1 == gm->kek.pub_len ? " " : "");
		cli_printf(ctx, "\n");
	}
	return CLI_DONE;
}

/* ---- show crypto gdoi feature ---- */

/* What a version has to be for it; NULL: no Cohort has it. Software of others
 * tells no version that we know, and is counted as without. */
static const struct {
	const char *name, *since;
} features[] = {
	{ "ckm", NULL },
	{ "crl-check", NULL },
	{ "cts-sgt", NULL },
	{ "dp-recovery", "1.0.5" },
	{ "gdoi-interop-ack", "1.0.1" },
	{ "gdoi-mib", NULL },
	{ "gikev2", NULL },
	{ "gm-removal", "1.0.2" },
	{ "ip-d3p", NULL },
	{ "ipv6-crypto-path", NULL },
	{ "long-sa-lifetime", "1.0.1" },
	{ "pfs", NULL },
	{ "policy-replace", "1.0.2" },
	{ "suite-b", "1.0.4" },
};

static void
feature_row(struct cli_ctx *ctx, uint32_t addr, const char *version,
    const char *since)
{
	bool has = since != NULL && !gdoi_is_foreign(version) &&
	    !gdoi_version_before(version, since);
	char a[IP4_STRLEN];

	cli_printf(ctx, "        %-20s%-15s%s\n", ip4_str(addr, a), version,
	    has ? "Yes" : "No");
}

/* Those that ever said their version. */
static void
feature_peers(struct cli_ctx *ctx, const struct ks_group *k,
    const char *since)
{
	const struct coop_peer *p;

	if (k->coop == NULL)
		return;
	TAILQ_FOREACH(p, &k->coop->peers, link)
		if (p->gdoi_version[0] != '\0')
			feature_row(ctx, p->addr, p->gdoi_version, since);
}

static void
one_feature(struct cli_ctx *ctx, struct gdoi *g, const char *only,
    const char *since)
{
	const struct ks_group *k;
	const struct gm_group *gm;
	const struct ks_member *m;

	TAILQ_FOREACH(k, &g->ks, link) {
		if (!show_wanted(only, k->name))
			continue;
		cli_printf(ctx, "Group Name: %s\n    Key Server ID       "
		    "Version   Feature Supported\n", k->name);
		feature_row(ctx, k->addr, GDOI_VERSION, since);
		feature_peers(ctx, k, since);
		cli_printf(ctx, "\n    Group Member ID     Version   Feature"
		    " Supported\n");
		TAILQ_FOREACH(m, &k->members, link)
			feature_row(ctx, m->addr, m->version, since);
		cli_printf(ctx, "\n");
	}
	TAILQ_FOREACH(gm, &g->gm, link) {
		if (!show_wanted(only, gm->name))
			continue;
		cli_printf(ctx, "Group Name: %s\n    Group Member ID     "
		    "Version   Feature Supported\n", gm->name);
		feature_row(ctx, gm->addr, GDOI_VERSION, since);
		cli_printf(ctx, "\n");
	}
}

int
show_gdoi_feature(struct cli_ctx *ctx, const struct show_gdoi_feature_args *a)
{
	struct gdoi *g = cmd_gdoi(ctx);
	size_t i;

	if (show_no_group(ctx, a->group))
		return CLI_FAILED;
	for (i = 0; i < NELEM(features); i++) {
		if (a->feature != 0 && a->feature != i + 1)
			continue;
		if (a->feature == 0)
			cli_printf(ctx, "Feature: %s\n", features[i].name);
		one_feature(ctx, g, a->group, features[i].since);
	}
	return CLI_DONE;
}

/* ---- show crypto session ---- */

static const struct ike_sa *
sa_with(const struct gdoi *g, uint32_t local, uint32_t remote)
{
	const struct ike_sa *sa;

	TAILQ_FOREACH(sa, &g->ike->sas, link)
		if (sa->local.addr == local && sa->remote.addr == remote)
			return sa;
	return NULL;
}

static const char *
session_status(const struct gm_group *gm, const struct ike_sa *sa)
{
	if (TAILQ_EMPTY(&gm->teks))
		return sa == NULL ? "DOWN" : "DOWN-NEGOTIATING";
	return sa != NULL && sa->state == IKE_IDLE ? "UP-ACTIVE" :
	    "UP-NO-IKE";
}

static void
session_flow(struct cli_ctx *ctx, const struct gm_group *gm,
    const struct ace *ace)
{
	char s[IP4_STRLEN], sm[IP4_STRLEN], d[IP4_STRLEN], dm[IP4_STRLEN];
	const struct gm_tek *t;
	char proto[16];
	unsigned n = 0;

	TAILQ_FOREACH(t, &gm->teks, link)
		n += 2; /* in and out */
	if (ace->proto == 0)
		str_copy(proto, "ip", sizeof(proto));
	else
		snprintf(proto, sizeof(proto), "%u", ace->proto);
	cli_printf(ctx, "  IPSEC FLOW: permit %s %s/%s %s/%s \n"
	    "        Active SAs: %u, origin: crypto map\n", proto,
	    ip4_str(ace->src, s), ip4_str(~ace->src_wild, sm),
	    ip4_str(ace->dst, d), ip4_str(~ace->dst_wild, dm), n);
}

static void
session_ike(struct cli_ctx *ctx, const struct ike_sa *sa, bool detail)
{
	char l[IP4_STRLEN], r[IP4_STRLEN];
	struct strbuf life = { 0 };

	cli_printf(ctx, "  Session ID: 0  \n  IKEv1 SA: local %s/%u remote"
	    " %s/%u %s \n", ip4_str(sa->local.addr, l), sa->local.port,
	    ip4_str(sa->remote.addr, r), sa->remote.port,
	    sa->state == IKE_IDLE ? "Active" : "Inactive");
	if (!detail)
		return;
	show_hms(&life, secs_until(sa->ike->env.arg, sa->expires));
	cli_printf(ctx, "          Capabilities:%s connid:%u lifetime:%s\n",
	    sa->peer_dpd && ike_keepalive(sa).secs != 0 ? "D" : "(none)",
	    sa->conn_id, life.s);
	sb_free(&life);
}

static void
session_of(struct cli_ctx *ctx, const struct gm_group *gm, bool detail)
{
	uint32_t ks = gm->ks != 0 ? gm->ks : gm->nservers != 0 ?
	    gm->servers[gm->server] : 0;
	const struct ike_sa *sa = sa_with(gm->g, gm->addr, ks);
	char peer[IP4_STRLEN], id[IKE_ID_STRLEN];
	unsigned i;

	cli_printf(ctx, "\nInterface: %s\n", gm->ifname);
	cli_printf(ctx, "Session status: %s     \n", session_status(gm, sa));
	cli_printf(ctx, "Peer: %s port 848%s\n", ip4_str(ks, peer),
	    detail ? " fvrf: (none) ivrf: (none)" : " ");
	if (detail)
		cli_printf(ctx, "      Phase1_id: %s\n      Desc: (none)\n",
		    sa != NULL && sa->state == IKE_IDLE ?
		    ike_id_str(&sa->peer_id, id) : "(none)");
	if (sa != NULL)
		session_ike(ctx, sa, detail);
	for (i = 0; i < gm->naces; i++)
		if (gm->aces[i].action == ACE_PERMIT)
			session_flow(ctx, gm, &gm->aces[i]);
}

int
show_crypto_session(struct cli_ctx *ctx,
    const struct show_crypto_session_args *a)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct gm_group *gm;

	cli_printf(ctx, "Crypto session current status\n");
	if (a->detail)
		cli_printf(ctx, "\nCode: C - IKE Configuration mode, D - Dead"
		    " Peer Detection     \nK - Keepalives, N - NAT-traversal,"
		    " T - cTCP encapsulation     \nX - IKE Extended"
		    " Authentication, F - IKE Fragmentation\nR - IKE Auto"
		    " Reconnect, U - IKE Dynamic Route Update\nS - SIP VPN\n");
	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->attached)
			session_of(ctx, gm, a->detail);
	return CLI_DONE;
}

/* ---- show crypto eli ---- */

int
show_crypto_eli(struct cli_ctx *ctx,
    const struct show_crypto_eli_args *a UNUSED)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct ike_sa *sa;
	const struct gm_group *gm;
	const struct gm_tek *t;
	unsigned ike = 0, ipsec = 0;

	TAILQ_FOREACH(sa, &g->ike->sas, link)
		ike++;
	TAILQ_FOREACH(gm, &g->gm, link)
		TAILQ_FOREACH(t, &gm->teks, link)
			ipsec += 2;
	cli_printf(ctx, "Hardware Encryption : INACTIVE\n"
	    " Number of crypto engines = 1\n\n"
	    " CryptoEngine Software Crypto Engine details: state = Active\n"
	    " Capability    : DES, 3DES, AES, GCM, GMAC, RSA, GDOI,"
	    " FAILCLOSE\n\n"
	    " IKE-Session   : %5u active, %5u max, %u failed\n"
	    " DH            : %5u computed\n"
	    " IPSec-Session : %5u active\n", ike, SA_MAX,
	    g->ike->stats.failed, g->ike->stats.dh, ipsec);
	return CLI_DONE;
}
