/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi [group NAME] and show crypto isakmp sa, and the helpers
 * of all show files. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/show.h"

/* ---- helpers ---- */

bool
show_no_group(struct cli_ctx *ctx, const char *only)
{
	struct gdoi *g = cli_engine(ctx);

	if (only[0] == '\0' || cli_wants_json(ctx) ||
	    ks_find(g, only) != NULL || gm_find(g, only) != NULL)
		return false;
	cli_printf(ctx, "%% Group %s does not exist\n", only);
	return true;
}

/* The frame of a command that shows groups; false: said that there is none. */
static bool
begin_groups(struct show *v, struct cli_ctx *ctx, const char *only,
    const char *head)
{
	if (show_no_group(ctx, only))
		return false;
	show_begin(v, ctx);
	show_text(v, "%s", head);
	show_array(v, "groups");
	return true;
}

int
show_each_ks(struct cli_ctx *ctx, const char *only, const char *head,
    show_ks_fn *one, const void *args)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ks_group *k;
	struct show v;

	if (!begin_groups(&v, ctx, only, head))
		return CLI_FAILED;
	TAILQ_FOREACH(k, &g->ks, link)
		if (show_wanted(only, k->name)) {
			show_open_ks(&v, k);
			one(&v, k, args);
			show_close(&v);
		}
	return show_end(&v);
}

int
show_each_gm(struct cli_ctx *ctx, const char *only, const char *head,
    show_gm_fn *one, const void *args)
{
	struct gdoi *g = cli_engine(ctx);
	const struct gm_group *gm;
	struct show v;

	if (!begin_groups(&v, ctx, only, head))
		return CLI_FAILED;
	TAILQ_FOREACH(gm, &g->gm, link)
		if (show_wanted(only, gm->name)) {
			show_open_gm(&v, gm);
			one(&v, gm, args);
			show_close(&v);
		}
	return show_end(&v);
}

void
show_identity(struct strbuf *sb, uint8_t id_type, uint32_t id)
{
	char a[IP4_STRLEN];

	if (id_type == GDOI_ID_NUMBER)
		sb_printf(sb, "%u", id);
	else
		sb_printf(sb, "%s", id_type == GDOI_ID_ADDRESS ?
		    ip4_str(id, a) : "none");
}

void
show_hms(struct strbuf *sb, uint32_t s)
{
	sb_printf(sb, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
}

const char *
show_kek_cipher(uint8_t cipher)
{
	return cipher == ESP_AES_CBC ? "AES" : cipher == ESP_3DES ? "3DES" :
	    "DES";
}

const char *
show_transport(const struct gdoi_kek *k)
{
	return is_multicast(k->dst.addr) ? "Multicast" : "Unicast";
}

const char *
show_sig_hash(uint8_t hash)
{
	switch (hash) {
	case ESP_AUTH_MD5:
		return "HMAC_AUTH_MD5";
	case ESP_AUTH_SHA256:
		return "HMAC_AUTH_SHA256";
	case ESP_AUTH_SHA384:
		return "HMAC_AUTH_SHA384";
	case ESP_AUTH_SHA512:
		return "HMAC_AUTH_SHA512";
	default:
		return "HMAC_AUTH_SHA";
	}
}

/* ---- both ways ---- */

void
show_group_id(struct show *v, uint8_t id_type, uint32_t id)
{
	static const char *const types[] = {
		[GDOI_ID_NUMBER] = "number", [GDOI_ID_ADDRESS] = "address",
	};
	struct strbuf sb = { 0 };

	show_identity(&sb, id_type, id);
	show_str(v, "identity_type", id_type < NELEM(types) &&
	    types[id_type] != NULL ? types[id_type] : "none");
	show_str(v, "identity", sb.s);
	sb_free(&sb);
}

void
show_open_ks(struct show *v, const struct ks_group *k)
{
	show_object(v, NULL);
	show_str(v, "name", k->name);
	show_str(v, "role", "key-server");
	show_group_id(v, k->id_type, k->id);
	show_ip4(v, "server_address", k->addr);
}

void
show_open_gm(struct show *v, const struct gm_group *gm)
{
	show_object(v, NULL);
	show_str(v, "name", gm->name);
	show_str(v, "role", "group-member");
	show_group_id(v, gm->id_type, gm->id);
}

void
show_spi(struct show *v, uint32_t spi)
{
	show_fmt(v, "spi", "0x%08X", spi);
}

void
show_transform(struct show *v, const struct esp_transform *t)
{
	char buf[64];

	show_str(v, "transform", esp_transform_str(t, buf));
	show_uint(v, "key_bytes", esp_key_len(t));
	show_uint(v, "auth_key_bytes", esp_auth_key_len(t));
}

void
show_ace(struct show *v, const char *before, const struct ace *a)
{
	struct strbuf sb = { 0 };

	ace_format(&sb, a, ACE_STYLE_GDOI);
	show_text(v, "%s%s\n", before, sb.s);
	show_str(v, NULL, sb.s);
	sb_free(&sb);
}

/* ---- show crypto gdoi ---- */

int
show_gdoi(struct cli_ctx *ctx, const struct show_gdoi_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ks_group *ks;
	const struct gm_group *gm;
	struct show v;

	if (show_no_group(ctx, args->group))
		return CLI_FAILED;
	show_begin(&v, ctx);
	if (args->group[0] == '\0')
		show_text(&v, "GROUP INFORMATION\n\n");
	show_array(&v, "groups");
	TAILQ_FOREACH(ks, &g->ks, link)
		if (show_wanted(args->group, ks->name))
			show_ks_group(&v, ks);
	TAILQ_FOREACH(gm, &g->gm, link)
		if (show_wanted(args->group, gm->name))
			show_gm_group(&v, gm);
	return show_end(&v);
}

/* ---- show crypto isakmp sa ---- */

static const char *
cipher_name(uint8_t c)
{
	return c == IKE_AES ? "aes" : c == IKE_3DES ? "3des" : "des";
}

static const char *
hash_name(uint8_t h)
{
	switch (h) {
	case IKE_MD5:
		return "md5";
	case IKE_SHA256:
		return "sha256";
	case IKE_SHA384:
		return "sha384";
	case IKE_SHA512:
		return "sha512";
	default:
		return "sha";
	}
}

static uint32_t
life_left(const struct ike_sa *sa)
{
	uint64_t now = ike_now(sa->ike);

	return sa->expires > now ? (uint32_t)((sa->expires - now) / 1000) : 0;
}

/* Its object stays open: the caller may add to it. */
static void
sa_row(struct show *v, uint32_t dst, uint32_t src, const char *state,
    uint32_t conn_id)
{
	char d[IP4_STRLEN], s[IP4_STRLEN];

	show_text(v, "%-16s%-16s%-15s%7u ACTIVE\n", ip4_str(dst, d),
	    ip4_str(src, s), state, conn_id);
	show_object(v, NULL);
	show_str(v, "destination", d);
	show_str(v, "source", s);
	show_str(v, "state", state);
	show_uint(v, "connection_id", conn_id);
}

static void
sa_row_detail(struct show *v, const struct ike_sa *sa)
{
	char l[IP4_STRLEN], r[IP4_STRLEN];
	struct strbuf life = { 0 };

	show_hms(&life, life_left(sa));
	show_text(v, "%-5u %-15s %-15s %-6s %-6s %-4s %-6s %-4s %-2u "
	    "%-8s %s\n       Engine-id:Conn-id =  SW:%u\n\n", sa->conn_id,
	    ip4_str(sa->local.addr, l), ip4_str(sa->remote.addr, r), "",
	    "ACTIVE", cipher_name(sa->suite.cipher), hash_name(sa->suite.hash),
	    "psk", sa->suite.group, life.s,
	    sa->peer_dpd && ike_keepalive(sa).secs != 0 ? "D" : "",
	    sa->conn_id - 1000);
	sb_free(&life);
}

/* What detail and plain rows both have of a phase 1 SA in JSON. */
static void
sa_members(struct show *v, const struct ike_sa *sa)
{
	show_ip4(v, "local", sa->local.addr);
	show_ip4(v, "remote", sa->remote.addr);
	show_str(v, "role", sa->initiator ? "initiator" : "responder");
	if (sa->state != IKE_IDLE)
		return; /* nothing is agreed on yet */
	show_str(v, "encryption", cipher_name(sa->suite.cipher));
	show_str(v, "hash", hash_name(sa->suite.hash));
	show_str(v, "authentication", "psk");
	show_uint(v, "dh_group", sa->suite.group);
	show_uint(v, "lifetime_remaining_seconds",
	    life_left(sa));
	show_bool(v, "dead_peer_detection",
	    sa->peer_dpd && ike_keepalive(sa).secs != 0);
}

int
show_crypto_isakmp_sa(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_sa_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	const struct gm_group *gm;
	const struct ike_sa *sa;
	struct show v;

	show_begin(&v, ctx);
	show_text(&v, "IPv4 Crypto ISAKMP SA\n");
	if (args->detail)
		show_text(&v, "C-id  Local           Remote          I-VRF"
		    "  Status Encr Hash   Auth DH Lifetime Cap.\n\n");
	else
		show_text(&v, "%-16s%-16s%-15s%s\n", "dst", "src", "state",
		    "conn-id status");
	show_array(&v, "ipv4_sas");
	TAILQ_FOREACH(sa, &g->ike->sas, link) {
		if (args->detail && !show_is_json(&v)) {
			if (sa->state == IKE_IDLE)
				sa_row_detail(&v, sa);
			continue;
		}
		sa_row(&v, sa->initiator ? sa->remote.addr : sa->local.addr,
		    sa->initiator ? sa->local.addr : sa->remote.addr,
		    ike_state_name(sa->state), sa->conn_id);
		sa_members(&v, sa);
		show_close(&v);
	}
	/* the KEK is an SA too: from the key server to the member */
	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->has_kek && (!args->detail || show_is_json(&v))) {
			sa_row(&v, gm_rekey_dst(gm), gm->ks, "GDOI_REKEY",
			    gm->kek_conn_id);
			show_close(&v);
		}
	show_close(&v);
	show_text(&v, "\nIPv6 Crypto ISAKMP SA\n\n");
	return show_end(&v);
}
