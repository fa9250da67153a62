/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi rekey sa, gm pubkey, feature; sessions of members.
 * Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/show.h"
#include "ike/session.h"

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

static unsigned
sas_of(const struct gm_group *gm)
{
	const struct gm_tek *t;
	unsigned n = 0;

	TAILQ_FOREACH(t, &gm->teks, link)
		n += 2; /* in and out */
	return n;
}

/* Lives of a group have no limit by volume. */
static void
show_flow(struct sessions *s, const struct gm_group *gm, unsigned i)
{
	const struct gm_tek *t = TAILQ_FIRST(&gm->teks);
	uint64_t now = ike_now(gm->g->ike);
	struct ike_flow x = { .ace = &gm->aces[i], .sas = sas_of(gm),
		.origin = "crypto map" };

	if (gm->uses != NULL)
		x.use = gm->uses[i];
	if (t != NULL && t->expires > now)
		x.seconds[0] = x.seconds[1] =
		    (uint32_t)((t->expires - now) / 1000);
	sessions_flow(s, &x);
}

static void
session_of(struct sessions *s, const struct gm_group *gm)
{
	uint32_t ks = gm->ks != 0 ? gm->ks : gm->nservers != 0 ?
	    gm->servers[gm->server] : 0;
	struct ike_session x = { .ifname = gm->ifname, .peer = ks,
		.local = gm->addr,
		.port = ISAKMP_PORT, .sa = sa_with(gm->g, gm->addr, ks),
		.up = !TAILQ_EMPTY(&gm->teks) };
	unsigned i;

	x.negotiating = !x.up && x.sa != NULL;
	if (!sessions_begin(s, &x))
		return;
	for (i = 0; i < gm->naces; i++)
		if (gm->aces[i].action == ACE_PERMIT)
			show_flow(s, gm, i);
	sessions_end(s);
}

void
gdoi_sessions(struct ike *ike, struct sessions *s)
{
	struct gdoi *g = ike->env.arg;
	const struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->attached)
			session_of(s, gm);
}

unsigned
gdoi_count_sas(struct ike *ike)
{
	struct gdoi *g = ike->env.arg;
	const struct gm_group *gm;
	unsigned n = 0;

	TAILQ_FOREACH(gm, &g->gm, link)
		n += sas_of(gm);
	return n;
}
