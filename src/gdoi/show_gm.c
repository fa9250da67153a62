/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi [gm ...] of a group member. Runs in process ike.
 *
 * Blocks of `label : value` lines are tables; labels, order and columns are
 * those of IOS-XE 17, which public parsers read.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/show.h"

static const char *
status_of(const struct gm_group *gm)
{
	static const char *const names[] = {
		[GM_INCOMPLETE] = "Not initialized",
		[GM_REGISTERING] = "Registering",
		[GM_REGISTERED] = "Registered",
		[GM_REREGISTERING] = "Re-registering",
	};

	return names[gm->state];
}

static uint32_t
current_server(const struct gm_group *gm)
{
	return gm->ks != 0 ? gm->ks :
	    gm->nservers != 0 ? gm->servers[gm->server] : 0;
}

#define VALUE(name, fmt, ...)                                                 \
	static void name(struct strbuf *sb, const void *p)                    \
	{                                                                     \
		const struct gm_group *gm = p;                                \
		char a[IP4_STRLEN] UNUSED;                                    \
		(void)gm;                                                     \
		sb_printf(sb, fmt, __VA_ARGS__);                              \
	}

VALUE(v_name, "%s", gm->name)
VALUE(v_type, "%s", "GDOI (ISAKMP)")
VALUE(v_ipv4, "%s", "ipv4")
VALUE(v_rekeys, "%u", gm->rekeys_since)
VALUE(v_direction, "%s", gm->direction == SA_DIR_INBOUND_OPTIONAL ?
    "Inbound Optional" : "Both")
VALUE(v_acl, "gdoi_group_%s_temp_acl", gm->name)
VALUE(v_member, "%-16svrf: None", ip4_str(gm->addr, a))
VALUE(v_local, "%s/848", ip4_str(gm->addr, a))
VALUE(v_remote, "%s/848", ip4_str(current_server(gm), a))
VALUE(v_vrf, "%s", "None/None")
VALUE(v_version, "%s", GDOI_VERSION)
VALUE(v_status, "%s", status_of(gm))
VALUE(v_with, "%s", ip4_str(gm->ks, a))
VALUE(v_again, "%u sec", secs_until(gm->g, gm->reregister_at))
VALUE(v_succeeded, "%u", gm->succeeded)
VALUE(v_attempted, "%u", gm->attempted)
VALUE(v_from, "%s", ip4_str(gm->last_rekey_from, a))
VALUE(v_seq, "%u", gm->last_seq)
VALUE(v_total, "%u", gm->rekeys_total)
VALUE(v_acks, "%u", gm->acks_sent)
VALUE(v_never, "%s", "never")
VALUE(v_zero, "%u", 0u)
VALUE(v_off, "%s", "OFF")
VALUE(v_disabled, "%s", "disabled")
VALUE(v_Disabled, "%s", "Disabled")
VALUE(v_any, "%s", "any")
VALUE(v_any_esp, "%s", "any ESP")
VALUE(v_unicast, "%s", "Unicast")

static void
v_identity(struct strbuf *sb, const void *p)
{
	const struct gm_group *gm = p;

	show_identity(sb, gm->id_type, gm->id);
}

static void
v_ago(struct strbuf *sb, const void *p)
{
	const struct gm_group *gm = p;

	show_hms(sb, (uint32_t)((gdoi_now(gm->g) - gm->last_rekey) / 1000));
}

static void
v_teks(struct strbuf *sb, const void *p)
{
	const struct gm_group *gm = p;
	const struct gm_tek *t;
	unsigned n = 0;

	TAILQ_FOREACH(t, &gm->teks, link)
		n++;
	sb_printf(sb, "%u", n);
}

static bool
is_attached(const void *p)
{
	return ((const struct gm_group *)p)->attached;
}

static bool
has_policy(const void *p)
{
	return ((const struct gm_group *)p)->naces != 0;
}

static bool
had_rekey(const void *p)
{
	return ((const struct gm_group *)p)->last_rekey != 0;
}

static bool
had_none(const void *p)
{
	return is_attached(p) && !had_rekey(p);
}

static const struct show_field group_fields[] = {
	{ 4, 29, "Group Name", v_name, NULL },
	{ 4, 29, "Group Identity", v_identity, NULL },
	{ 4, 29, "Group Type", v_type, NULL },
	{ 4, 29, "Crypto Path", v_ipv4, NULL },
	{ 4, 29, "Key Management Path", v_ipv4, NULL },
	{ 4, 29, "Rekeys received", v_rekeys, NULL },
	{ 4, 29, "IPSec SA Direction", v_direction, NULL },
};

static const struct show_field member_fields[] = {
	{ 4, 29, "IPSec SA Direction", v_direction, NULL },
	{ 4, 29, "ACL Received From KS", v_acl, has_policy },
	{ 0, 0, "", NULL, NULL },
	{ 4, 29, "Group member", v_member, is_attached },
	{ 7, 29, "Local addr/port", v_local, is_attached },
	{ 7, 29, "Remote addr/port", v_remote, is_attached },
	{ 7, 29, "fvrf/ivrf", v_vrf, NULL },
	{ 7, 29, "Version", v_version, NULL },
	{ 7, 29, "Registration status", v_status, NULL },
	{ 7, 29, "Registered with", v_with, NULL },
	{ 7, 29, "Re-registers in", v_again, NULL },
	{ 7, 29, "Succeeded registration", v_succeeded, NULL },
	{ 7, 29, "Attempted registration", v_attempted, NULL },
	{ 7, 29, "Last rekey from", v_from, NULL },
	{ 7, 29, "Last rekey seq num", v_seq, NULL },
	{ 7, 29, "Unicast rekey received", v_total, NULL },
	{ 7, 29, "Rekey ACKs sent", v_acks, NULL },
	{ 7, 29, "Rekey Rcvd(hh:mm:ss)", v_ago, had_rekey },
	{ 7, 29, "Rekey Received", v_never, had_none },
	{ 7, 29, "PFS Rekey received", v_zero, NULL },
	{ 7, 29, "DP Error Monitoring", v_off, NULL },
	{ 7, 34, "IPSEC init reg executed", v_zero, NULL },
	{ 7, 34, "IPSEC init reg postponed", v_zero, NULL },
	{ 7, 29, "Active TEK Number", v_teks, NULL },
	{ 7, 29, "SA Track (OID/status)", v_disabled, NULL },
	{ 7, 0, "Fail-Close Revert", v_Disabled, NULL },
	{ 0, 0, "", NULL, NULL },
	{ 7, 29, "allowable rekey cipher", v_any, NULL },
	{ 7, 29, "allowable rekey hash", v_any, NULL },
	{ 7, 29, "allowable transformtag", v_any_esp, NULL },
	{ 0, 0, "", NULL, NULL },
};

static const struct show_field cumulative_fields[] = {
	{ 7, 29, "Total received", v_total, NULL },
	{ 7, 29, "After latest register", v_rekeys, NULL },
	{ 7, 29, "Rekey Acks sents", v_acks, NULL },
	{ 0, 0, "", NULL, NULL },
};

/* ---- KEK ---- */

VALUE(v_kek_life, "%u", secs_until(gm->g, gm->kek_expires))
VALUE(v_kek_alg, "%s", show_kek_cipher(gm->kek.cipher))
VALUE(v_kek_bits, "%u", gm->kek.key_bits)
VALUE(v_kek_hash, "%s", show_sig_hash(gm->kek.sig_hash))
VALUE(v_kek_sig, "%u", gm->kek.pub_len * 8u)

static const struct show_field kek_fields[] = {
	{ 4, 29, "Rekey Transport Type", v_unicast, NULL },
	{ 4, 29, "Lifetime (secs)", v_kek_life, NULL },
	{ 4, 29, "Encrypt Algorithm", v_kek_alg, NULL },
	{ 4, 29, "Key Size", v_kek_bits, NULL },
	{ 4, 29, "Sig Hash Algorithm", v_kek_hash, NULL },
	{ 4, 29, "Sig Key Length (bits)", v_kek_sig, NULL },
	{ 0, 0, "", NULL, NULL },
};

/* ---- TEK ---- */

static void
print_replay(struct strbuf *sb, const struct sa_tek *t)
{
	switch (t->replay) {
	case REPLAY_COUNTER:
		sb_printf(sb, "        Anti-Replay(Counter Based) : %u\n",
		    t->window);
		break;
	case REPLAY_TIME:
		/* What is not done is not promised. */
		sb_printf(sb, "        Anti-Replay(Time Based) : %u sec"
		    " interval (not checked by this version)\n", t->window);
		break;
	default:
		sb_printf(sb, "        Anti-Replay : Disabled\n");
	}
}

static void
print_tek(struct strbuf *sb, const struct gm_group *gm,
    const struct gm_tek *tek)
{
	const struct sa_tek *t = &tek->t;
	char transform[64];

	sb_printf(sb, "    IPsec SA:\n        spi: 0x%08X(%u)\n"
	    "        KGS: Disabled\n", t->spi,
	    t->spi);
	sb_printf(sb, "        transform: %s\n",
	    esp_transform_str(&t->transform, transform));
	sb_printf(sb, "        sa timing:remaining key lifetime (sec): "
	    "(%u)\n", secs_until(gm->g, tek->expires));
	print_replay(sb, t);
	sb_printf(sb, "        tag method : disabled\n"
	    "        alg key size: %zu (bytes)\n"
	    "        sig key size: %zu (bytes)\n"
	    "        encaps: ENCAPS_TUNNEL\n\n",
	    esp_key_len(&t->transform), esp_auth_key_len(&t->transform));
}

static void
print_acl(struct strbuf *sb, const struct gm_group *gm)
{
	unsigned i;

	for (i = 0; i < gm->naces; i++) {
		sb_printf(sb, "   access-list   ");
		ace_format(sb, &gm->aces[i], ACE_STYLE_GDOI);
		sb_printf(sb, "\n");
	}
}

static void
print_downloaded(struct strbuf *sb, const struct gm_group *gm)
{
	const struct gm_tek *t;
	char a[IP4_STRLEN];

	sb_printf(sb, " ACL Downloaded From KS %s:\n", ip4_str(gm->ks, a));
	print_acl(sb, gm);
	sb_printf(sb, "\n");
	if (gm->has_kek) {
		sb_printf(sb, "KEK POLICY:\n");
		SHOW_FIELDS(sb, kek_fields, gm);
	}
	sb_printf(sb, "TEK POLICY for the current KS-Policy ACEs "
	    "Downloaded:\n  %s:\n", gm->ifname);
	TAILQ_FOREACH(t, &gm->teks, link)
		print_tek(sb, gm, t);
	ip4_str(gm->addr, a);
	sb_printf(sb, "\nKGS POLICY:\n  REG_GM: local_addr %s\n\n"
	    "P2P POLICY:\n  REG_GM: local_addr %s\n\n", a, a);
}

static void
print_member(struct strbuf *sb, const struct gm_group *gm)
{
	sb_printf(sb, "Group Member Information For Group %s:\n", gm->name);
	SHOW_FIELDS(sb, member_fields, gm);
}

void
show_gm_group(struct strbuf *sb, const struct gm_group *gm)
{
	char a[IP4_STRLEN];
	unsigned i;

	SHOW_FIELDS(sb, group_fields, gm);
	sb_printf(sb, "\n     %-24s:", "Group Server list");
	for (i = 0; i < gm->nservers; i++)
		sb_printf(sb, i == 0 ? " %s\n" : "%31s%s\n",
		    i == 0 ? ip4_str(gm->servers[i], a) : "",
		    ip4_str(gm->servers[i], a));
	sb_printf(sb, gm->nservers == 0 ? "\n\n" : "\n");
	print_member(sb, gm);
	sb_printf(sb, "    Rekeys cumulative\n");
	SHOW_FIELDS(sb, cumulative_fields, gm);
	if (gm->naces != 0)
		print_downloaded(sb, gm);
}

/* ---- commands ---- */

int
show_gdoi_gm(struct cli_ctx *ctx, const struct show_gdoi_gm_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	const struct gm_group *gm;
	struct strbuf sb = { 0 };

	TAILQ_FOREACH(gm, &g->gm, link)
		print_member(&sb, gm);
	return show_done(ctx, &sb);
}

/* The local deny list of the crypto map. */
static void
print_local_acl(struct strbuf *sb, const struct gm_group *gm)
{
	const struct acl *acl = gm->acl[0] != '\0' ?
	    conf_find_acl(gm->g->conf, gm->acl) : NULL;
	const struct acl_entry *e;

	sb_printf(sb, " ACL Configured Locally: \n");
	if (acl == NULL)
		return;
	sb_printf(sb, "  Map Name: %s\n", gm->map);
	CF_FOREACH (e, &acl->entries) {
		if (e->remark || e->ace.action != ACE_DENY)
			continue;
		sb_printf(sb, "   access-list %s ", acl->name);
		ace_format(sb, &e->ace, ACE_STYLE_GDOI);
		sb_printf(sb, "\n");
	}
}

int
show_gdoi_gm_acl(struct cli_ctx *ctx,
    const struct show_gdoi_gm_acl_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	const struct gm_group *gm;
	struct strbuf sb = { 0 };
	char a[IP4_STRLEN];

	TAILQ_FOREACH(gm, &g->gm, link) {
		sb_printf(&sb, "Group Name: %s\n", gm->name);
		if (gm->naces != 0) {
			sb_printf(&sb, " ACL Downloaded From KS %s:\n",
			    ip4_str(gm->ks, a));
			print_acl(&sb, gm);
		}
		print_local_acl(&sb, gm);
		if (gm->attached)
			sb_printf(&sb, " ACL of default bypass policy for"
			    " group-key management traffic:\n"
			    "   %s: deny udp host %s eq 848 any eq 848\n",
			    gm->ifname, ip4_str(gm->addr, a));
		sb_printf(&sb, "\n");
	}
	return show_done(ctx, &sb);
}

static void
print_kek_row(struct strbuf *sb, const char *label, const struct gm_group *gm)
{
	char dst[IP4_STRLEN], src[IP4_STRLEN];
	const uint8_t *c = gm->kek.spi;

	if (!gm->has_kek || strcmp(label, "Current") != 0) {
		sb_printf(sb, "%-8s: %-16s%-16s%-9s%-11s%s\n", label, "---",
		    "---", "---", "---", "---");
		return;
	}
	sb_printf(sb, "%-8s: %-16s%-16s%-9u%02X%02X%02X%02X   "
	    "%02X%02X%02X%02X\n", label, ip4_str(gm->addr, dst),
	    ip4_str(gm->ks, src), gm->kek_conn_id, c[0], c[1], c[2], c[3],
	    c[8], c[9], c[10], c[11]);
}

int
show_gdoi_gm_rekey(struct cli_ctx *ctx,
    const struct show_gdoi_gm_rekey_args *args)
{
	static const char *const rows[] = { "New", "Current", "Previous" };
	struct gdoi *g = cli_engine(ctx);
	const struct gm_group *gm;
	struct strbuf sb = { 0 };
	size_t i;

	TAILQ_FOREACH(gm, &g->gm, link) {
		sb_printf(&sb, "Group %s (Unicast)\n", gm->name);
		sb_printf(&sb, "    %-45s: %u\n    %-45s: %u\n"
		    "    %-45s: %u\n\n",
		    "Number of Rekeys received (cumulative)", gm->rekeys_total,
		    "Number of Rekeys received after registration",
		    gm->rekeys_since, "Number of Rekey Acks sent",
		    gm->acks_sent);
		if (!args->detail)
			continue;
		sb_printf(&sb, "Rekey (KEK) SA information :\n%10s%-16s%-16s"
		    "%-9s%-11s%s\n", "", "dst", "src", "conn-id", "my-cookie",
		    "his-cookie");
		for (i = 0; i < NELEM(rows); i++)
			print_kek_row(&sb, rows[i], gm);
		sb_printf(&sb, "\n");
	}
	return show_done(ctx, &sb);
}
