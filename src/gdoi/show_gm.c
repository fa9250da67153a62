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

static const char *
direction_of(const struct gm_group *gm)
{
	static const char *const names[] = {
		[SA_DIR_BOTH] = "Both",
		[SA_DIR_INBOUND_ONLY] = "Inbound Only",
		[SA_DIR_INBOUND_OPTIONAL] = "Inbound Optional",
	};

	return names[gm->direction];
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
VALUE(v_direction, "%s", direction_of(gm))
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
VALUE(v_dp, "%s", gm->recovery != 0 ? "ON" : "OFF")
VALUE(v_interval, "%u", gm->recovery)
VALUE(v_recoveries, "%u", gm->recoveries)
VALUE(v_init_reg, "%u", gm->init_reg)
VALUE(v_init_reg_postponed, "%u", gm->init_reg_postponed)
VALUE(v_disabled, "%s", "disabled")
VALUE(v_revert, "%s", gm->revert ? "Enabled" : "Disabled")
VALUE(v_transport, "%s", show_transport(&gm->kek))

static void
v_ciphers(struct strbuf *sb, const void *p)
{
	gm_accept_ciphers(sb, p);
}

static void
v_hashes(struct strbuf *sb, const void *p)
{
	gm_accept_hashes(sb, p);
}

static void
v_sets(struct strbuf *sb, const void *p)
{
	gm_accept_sets(sb, p);
}

static void
v_identity(struct strbuf *sb, const void *p)
{
	const struct gm_group *gm = p;

	show_identity(sb, gm->id_type, gm->id);
}

static uint32_t
since_rekey(const struct gm_group *gm)
{
	return (uint32_t)((gdoi_now(gm->g) - gm->last_rekey) / 1000);
}

VALUE(v_ago_secs, "%u", since_rekey(gm))

static void
v_ago(struct strbuf *sb, const void *p)
{
	const struct gm_group *gm = p;

	show_hms(sb, since_rekey(gm));
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
has_recovery(const void *p)
{
	return ((const struct gm_group *)p)->recovery != 0;
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
by_multicast(const void *p)
{
	const struct gm_group *gm = p;

	return gm->has_kek && is_multicast(gm->kek.dst.addr);
}

static bool
by_unicast(const void *p)
{
	return !by_multicast(p);
}

static bool
had_none(const void *p)
{
	return is_attached(p) && !had_rekey(p);
}

static const struct show_field group_fields[] = {
	{ 4, 29, "Group Name", v_name, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group Identity", v_identity, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group Type", v_type, NULL, SHOW_STR, "type" },
	{ 4, 29, "Crypto Path", v_ipv4, NULL, SHOW_STR, "crypto_path" },
	{ 4, 29, "Key Management Path", v_ipv4, NULL,
	    SHOW_STR, "key_management_path" },
	{ 4, 29, "Rekeys received", v_rekeys, NULL,
	    SHOW_UINT, "rekeys_since_registration" },
	{ 4, 29, "IPSec SA Direction", v_direction, NULL,
	    SHOW_STR, "sa_direction" },
};

static const struct show_field member_fields[] = {
	{ 4, 29, "IPSec SA Direction", v_direction, NULL, SHOW_NONE, NULL },
	{ 4, 29, "ACL Received From KS", v_acl, has_policy,
	    SHOW_STR, "downloaded_acl_name" },
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group member", v_member, is_attached, SHOW_NONE, NULL },
	{ 7, 29, "Local addr/port", v_local, is_attached, SHOW_NONE, NULL },
	{ 7, 29, "Remote addr/port", v_remote, is_attached, SHOW_NONE, NULL },
	{ 7, 29, "fvrf/ivrf", v_vrf, NULL, SHOW_NONE, NULL },
	{ 7, 29, "Version", v_version, NULL, SHOW_STR, "version" },
	{ 7, 29, "Registration status", v_status, NULL,
	    SHOW_STR, "registration_status" },
	{ 7, 29, "Registered with", v_with, NULL, SHOW_STR, "registered_with" },
	{ 7, 29, "Re-registers in", v_again, NULL,
	    SHOW_UINT, "reregisters_in_seconds" },
	{ 7, 29, "Succeeded registration", v_succeeded, NULL,
	    SHOW_UINT, "registrations_succeeded" },
	{ 7, 29, "Attempted registration", v_attempted, NULL,
	    SHOW_UINT, "registrations_attempted" },
	{ 7, 29, "Last rekey from", v_from, NULL, SHOW_STR, "last_rekey_from" },
	{ 7, 29, "Last rekey seq num", v_seq, NULL,
	    SHOW_UINT, "last_rekey_sequence" },
	{ 7, 29, "Unicast rekey received", v_total, by_unicast,
	    SHOW_UINT, "rekeys_received" },
	{ 7, 29, "Multicast rekey rcvd", v_total, by_multicast,
	    SHOW_UINT, "rekeys_received" },
	{ 7, 29, "Rekey ACKs sent", v_acks, NULL,
	    SHOW_UINT, "rekey_acks_sent" },
	{ 7, 29, "Rekey Rcvd(hh:mm:ss)", v_ago, had_rekey, SHOW_NONE, NULL },
	{ 0, 0, NULL, v_ago_secs, had_rekey,
	    SHOW_UINT, "last_rekey_seconds_ago" },
	{ 7, 29, "Rekey Received", v_never, had_none, SHOW_NONE, NULL },
	{ 7, 29, "PFS Rekey received", v_zero, NULL, SHOW_NONE, NULL },
	{ 7, 29, "DP Error Monitoring", v_dp, NULL,
	    SHOW_STR, "dp_error_monitoring" },
	{ 7, 0, "DP Error Monitoring interval (sec)", v_interval, has_recovery,
	    SHOW_UINT, "dp_error_monitoring_interval" },
	{ 7, 0, "DP Error Monitoring recoveries", v_recoveries, has_recovery,
	    SHOW_UINT, "dp_error_recoveries" },
	{ 7, 34, "IPSEC init reg executed", v_init_reg, NULL,
	    SHOW_UINT, "ipsec_init_reg_executed" },
	{ 7, 34, "IPSEC init reg postponed", v_init_reg_postponed, NULL,
	    SHOW_UINT, "ipsec_init_reg_postponed" },
	{ 7, 29, "Active TEK Number", v_teks, NULL, SHOW_UINT, "active_teks" },
	{ 7, 29, "SA Track (OID/status)", v_disabled, NULL, SHOW_NONE, NULL },
	{ 7, 0, "Fail-Close Revert", v_revert, NULL,
	    SHOW_STR, "fail_close_revert" },
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
	{ 7, 29, "allowable rekey cipher", v_ciphers, NULL, SHOW_NONE, NULL },
	{ 7, 29, "allowable rekey hash", v_hashes, NULL, SHOW_NONE, NULL },
	{ 7, 29, "allowable transformtag", v_sets, NULL, SHOW_NONE, NULL },
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
};

static const struct show_field cumulative_fields[] = {
	{ 7, 29, "Total received", v_total, NULL, SHOW_NONE, NULL },
	{ 7, 29, "After latest register", v_rekeys, NULL, SHOW_NONE, NULL },
	{ 7, 29, "Rekey Acks sents", v_acks, NULL, SHOW_NONE, NULL },
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
};

/* ---- KEK ---- */

VALUE(v_kek_life, "%u", secs_until(gm->g, gm->kek_expires))
VALUE(v_kek_alg, "%s", show_kek_cipher(gm->kek.cipher))
VALUE(v_kek_bits, "%u", gm->kek.key_bits)
VALUE(v_kek_hash, "%s", show_sig_hash(gm->kek.sig_hash))
VALUE(v_kek_sig, "%u", gm->kek.pub_len * 8u)

static const struct show_field kek_fields[] = {
	{ 4, 29, "Rekey Transport Type", v_transport, NULL,
	    SHOW_STR, "transport" },
	{ 4, 29, "Lifetime (secs)", v_kek_life, NULL,
	    SHOW_UINT, "lifetime_remaining_seconds" },
	{ 4, 29, "Encrypt Algorithm", v_kek_alg, NULL, SHOW_STR, "encryption" },
	{ 4, 29, "Key Size", v_kek_bits, NULL, SHOW_UINT, "key_bits" },
	{ 4, 29, "Sig Hash Algorithm", v_kek_hash, NULL,
	    SHOW_STR, "signature_hash" },
	{ 4, 29, "Sig Key Length (bits)", v_kek_sig, NULL, SHOW_NONE, NULL },
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
};

/* ---- TEK ---- */

static void
print_replay(struct show *v, const struct sa_tek *t)
{
	static const char *const methods[] = { [REPLAY_COUNTER] = "counter",
		[REPLAY_TIME] = "time" };

	show_str(v, "replay_method", t->replay < NELEM(methods) &&
	    methods[t->replay] != NULL ? methods[t->replay] : "none");
	switch (t->replay) {
	case REPLAY_COUNTER:
		show_text(v, "        Anti-Replay(Counter Based) : %u\n",
		    t->window);
		show_uint(v, "replay_window_packets", t->window);
		break;
	case REPLAY_TIME:
		show_text(v, "        Anti-Replay(Time Based) : %u sec"
		    " interval\n", t->window);
		show_uint(v, "replay_window_seconds", t->window);
		break;
	default:
		show_text(v, "        Anti-Replay : Disabled\n");
	}
}

static void
print_tek(struct show *v, const struct gm_group *gm,
    const struct gm_tek *tek)
{
	const struct sa_tek *t = &tek->t;
	uint32_t left = secs_until(gm->g, tek->expires);
	char transform[64];

	show_object(v, NULL);
	show_spi(v, t->spi);
	show_transform(v, &t->transform);
	show_uint(v, "lifetime_remaining_seconds", left);
	show_str(v, "encapsulation", "tunnel");
	show_text(v, "    IPsec SA:\n        spi: 0x%08X(%u)\n"
	    "        KGS: Disabled\n", t->spi,
	    t->spi);
	show_text(v, "        transform: %s\n",
	    esp_transform_str(&t->transform, transform));
	show_text(v, "        sa timing:remaining key lifetime (sec): "
	    "(%u)\n", left);
	print_replay(v, t);
	show_text(v, "        tag method : disabled\n"
	    "        alg key size: %zu (bytes)\n"
	    "        sig key size: %zu (bytes)\n"
	    "        encaps: ENCAPS_TUNNEL\n\n",
	    esp_key_len(&t->transform), esp_auth_key_len(&t->transform));
	show_close(v);
}

static void
print_acl(struct show *v, const struct gm_group *gm)
{
	unsigned i;

	show_array(v, "downloaded_acl");
	for (i = 0; i < gm->naces; i++)
		show_ace(v, "   access-list   ", &gm->aces[i]);
	show_close(v);
}

static void
print_downloaded(struct show *v, const struct gm_group *gm)
{
	const struct gm_tek *t;
	char a[IP4_STRLEN];

	show_text(v, " ACL Downloaded From KS %s:\n", ip4_str(gm->ks, a));
	print_acl(v, gm);
	show_text(v, "\n");
	if (gm->has_kek) {
		show_text(v, "KEK POLICY:\n");
		show_object(v, "kek");
		SHOW_FIELDS(v, kek_fields, gm);
		show_close(v);
	}
	show_text(v, "TEK POLICY for the current KS-Policy ACEs "
	    "Downloaded:\n  %s:\n", gm->ifname);
	show_array(v, "teks");
	TAILQ_FOREACH(t, &gm->teks, link)
		print_tek(v, gm, t);
	show_close(v);
	ip4_str(gm->addr, a);
	show_text(v, "\nKGS POLICY:\n  REG_GM: local_addr %s\n\n"
	    "P2P POLICY:\n  REG_GM: local_addr %s\n\n", a, a);
}

/* Into the object that is open. */
static void
print_member(struct show *v, const struct gm_group *gm)
{
	show_text(v, "Group Member Information For Group %s:\n", gm->name);
	if (gm->attached) {
		show_ip4(v, "local_address", gm->addr);
		show_ip4(v, "remote_address", current_server(gm));
		show_str(v, "interface", gm->ifname);
		show_str(v, "crypto_map", gm->map);
	}
	SHOW_FIELDS(v, member_fields, gm);
}

static void
print_servers(struct show *v, const struct gm_group *gm)
{
	char a[IP4_STRLEN];
	unsigned i;

	show_text(v, "\n     %-24s:", "Group Server list");
	show_array(v, "servers");
	for (i = 0; i < gm->nservers; i++) {
		show_text(v, i == 0 ? " %s\n" : "%31s%s\n",
		    i == 0 ? ip4_str(gm->servers[i], a) : "",
		    ip4_str(gm->servers[i], a));
		show_ip4(v, NULL, gm->servers[i]);
	}
	show_close(v);
	show_text(v, gm->nservers == 0 ? "\n\n" : "\n");
}

void
show_gm_group(struct show *v, const struct gm_group *gm)
{
	show_open_gm(v, gm);
	SHOW_FIELDS(v, group_fields, gm);
	print_servers(v, gm);
	print_member(v, gm);
	show_text(v, "    Rekeys cumulative\n");
	SHOW_FIELDS(v, cumulative_fields, gm);
	if (gm->naces != 0)
		print_downloaded(v, gm);
	show_close(v);
}

/* ---- commands ---- */

static void
one_member(struct show *v, const struct gm_group *gm, const void *arg)
{
	(void)arg;
	print_member(v, gm);
}

int
show_gdoi_gm(struct cli_ctx *ctx,
    const struct show_gdoi_gm_args *args)
{
	return show_each_gm(ctx, args->group, "", one_member, args);
}

/* The local deny list of the crypto map. */
static void
print_local_acl(struct show *v, const struct gm_group *gm)
{
	const struct acl *acl = gm->acl[0] != '\0' ?
	    conf_find_acl(gm->g->conf, gm->acl) : NULL;
	const struct acl_entry *e;
	char before[CONF_NAME + 24];

	show_text(v, " ACL Configured Locally: \n");
	show_array(v, "local_acl");
	if (acl != NULL) {
		show_text(v, "  Map Name: %s\n", gm->map);
		snprintf(before, sizeof(before), "   access-list %s ",
		    acl->name);
		CF_FOREACH (e, &acl->entries)
			if (!e->remark && e->ace.action == ACE_DENY)
				show_ace(v, before, &e->ace);
	}
	show_close(v);
}

static void
print_bypass(struct show *v, const struct gm_group *gm)
{
	char a[IP4_STRLEN];

	if (!gm->attached || !gm->bypass)
		return;
	show_text(v, " ACL of default bypass policy for"
	    " group-key management traffic:\n"
	    "   %s: deny udp host %s eq 848 any eq 848\n", gm->ifname,
	    ip4_str(gm->addr, a));
	show_fmt(v, "bypass", "deny udp host %s eq 848 any eq 848", a);
}

static void
one_acl(struct show *v, const struct gm_group *gm, const void *arg)
{
	const struct show_gdoi_gm_acl_args *args = arg;
	char a[IP4_STRLEN];

	show_text(v, "Group Name: %s\n", gm->name);
	if (args->half != 2 && gm->naces != 0) {
		show_text(v, " ACL Downloaded From KS %s:\n",
		    ip4_str(gm->ks, a));
		print_acl(v, gm);
	}
	if (args->half != 1)
		print_local_acl(v, gm);
	if (args->half == 0)
		print_bypass(v, gm);
	show_text(v, "\n");
}

int
show_gdoi_gm_acl(struct cli_ctx *ctx,
    const struct show_gdoi_gm_acl_args *args)
{
	return show_each_gm(ctx, args->group, "", one_acl, args);
}

static void
print_kek_row(struct show *v, const char *label, const struct gm_group *gm)
{
	char dst[IP4_STRLEN], src[IP4_STRLEN];
	const uint8_t *c = gm->kek.spi;

	if (!gm->has_kek || strcmp(label, "Current") != 0) {
		show_text(v, "%-8s: %-16s%-16s%-9s%-11s%s\n", label, "---",
		    "---", "---", "---", "---");
		return;
	}
	show_text(v, "%-8s: %-16s%-16s%-9u%02X%02X%02X%02X   "
	    "%02X%02X%02X%02X\n", label, ip4_str(gm_rekey_dst(gm), dst),
	    ip4_str(gm->ks, src), gm->kek_conn_id, c[0], c[1], c[2], c[3],
	    c[8], c[9], c[10], c[11]);
}

static const struct show_field rekey_fields[] = {
	{ 4, 49, "Number of Rekeys received (cumulative)", v_total, NULL,
	    SHOW_UINT, "rekeys_received" },
	{ 4, 49, "Number of Rekeys received after registration", v_rekeys,
	    NULL, SHOW_UINT, "rekeys_since_registration" },
	{ 4, 49, "Number of Rekey Acks sent", v_acks, NULL,
	    SHOW_UINT, "rekey_acks_sent" },
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
};

/* The KEK that is in use, as an SA. */
static void
kek_members(struct show *v, const struct gm_group *gm)
{
	char spi[2 * KEK_SPI_LEN + 1];

	if (!gm->has_kek)
		return;
	show_object(v, "kek");
	show_ip4(v, "destination", gm_rekey_dst(gm));
	show_ip4(v, "source", gm->ks);
	show_uint(v, "connection_id", gm->kek_conn_id);
	show_fmt(v, "spi", "0x%s", gdoi_spi_str(gm->kek.spi, spi));
	SHOW_FIELDS(v, kek_fields, gm);
	show_close(v);
}

static void
one_rekey(struct show *v, const struct gm_group *gm, const void *arg)
{
	const struct show_gdoi_gm_rekey_args *args = arg;
	static const char *const rows[] = { "New", "Current", "Previous" };
	size_t i;

	show_text(v, "Group %s (%s)\n", gm->name, show_transport(&gm->kek));
	SHOW_FIELDS(v, rekey_fields, gm);
	if (args->detail)
		show_text(v, "Rekey (KEK) SA information :\n%10s"
		    "%-16s%-16s%-9s%-11s%s\n", "", "dst", "src",
		    "conn-id", "my-cookie", "his-cookie");
	for (i = 0; args->detail && i < NELEM(rows); i++)
		print_kek_row(v, rows[i], gm);
	if (args->detail)
		show_text(v, "\n");
	if (show_is_json(v))
		kek_members(v, gm);
}

int
show_gdoi_gm_rekey(struct cli_ctx *ctx,
    const struct show_gdoi_gm_rekey_args *args)
{
	return show_each_gm(ctx, args->group, "", one_rekey, args);
}
