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

void
show_fields(struct strbuf *sb, const struct show_field *f, size_t n,
    const void *p)
{
	size_t i;
	int width;

	for (i = 0; i < n; i++, f++) {
		if (f->when != NULL && !f->when(p))
			continue;
		if (f->label[0] == '\0') {
			sb_printf(sb, "\n");
			continue;
		}
		if (f->value == NULL) {
			sb_printf(sb, "%*s%s\n", f->indent, "", f->label);
			continue;
		}
		width = f->colon != 0 ? f->colon - f->indent :
		    (int)strlen(f->label) + 1;
		sb_printf(sb, "%*s%-*s: ", f->indent, "", width, f->label);
		f->value(sb, p);
		sb_printf(sb, "\n");
	}
}

int
show_done(struct cli_ctx *ctx, struct strbuf *sb)
{
	if (sb->len > 0)
		cli_printf(ctx, "%s", sb->s);
	sb_free(sb);
	return CLI_DONE;
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

/* ---- show crypto gdoi ---- */

int
show_gdoi(struct cli_ctx *ctx, const struct show_gdoi_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	bool one = args->group[0] != '\0';
	const struct ks_group *ks;
	const struct gm_group *gm;
	struct strbuf sb = { 0 };
	unsigned n = 0;

	if (!one)
		sb_printf(&sb, "GROUP INFORMATION\n\n");
	TAILQ_FOREACH(ks, &g->ks, link)
		if (!one || strcmp(ks->name, args->group) == 0) {
			show_ks_group(&sb, ks);
			n++;
		}
	TAILQ_FOREACH(gm, &g->gm, link)
		if (!one || strcmp(gm->name, args->group) == 0) {
			show_gm_group(&sb, gm);
			n++;
		}
	if (one && n == 0)
		sb_printf(&sb, "%% Group %s does not exist\n", args->group);
	return show_done(ctx, &sb);
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

static void
sa_row(struct strbuf *sb, uint32_t dst, uint32_t src, const char *state,
    uint32_t conn_id)
{
	char d[IP4_STRLEN], s[IP4_STRLEN];

	sb_printf(sb, "%-16s%-16s%-15s%7u ACTIVE\n", ip4_str(dst, d),
	    ip4_str(src, s), state, conn_id);
}

static void
sa_row_detail(struct strbuf *sb, const struct ike_sa *sa)
{
	char l[IP4_STRLEN], r[IP4_STRLEN];
	struct strbuf life = { 0 };
	uint64_t now = ike_now(sa->ike);

	show_hms(&life, sa->expires > now ?
	    (uint32_t)((sa->expires - now) / 1000) : 0);
	sb_printf(sb, "%-5u %-15s %-15s %-6s %-6s %-4s %-6s %-4s %-2u "
	    "%-8s %s\n       Engine-id:Conn-id =  SW:%u\n\n", sa->conn_id,
	    ip4_str(sa->local.addr, l), ip4_str(sa->remote.addr, r), "",
	    "ACTIVE", cipher_name(sa->suite.cipher), hash_name(sa->suite.hash),
	    "psk", sa->suite.group, life.s,
	    sa->peer_dpd && sa->ike->conf->keepalive_secs != 0 ? "D" : "",
	    sa->conn_id - 1000);
	sb_free(&life);
}

int
show_crypto_isakmp_sa(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_sa_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	const struct gm_group *gm;
	const struct ike_sa *sa;
	struct strbuf sb = { 0 };

	sb_printf(&sb, "IPv4 Crypto ISAKMP SA\n");
	if (args->detail)
		sb_printf(&sb, "C-id  Local           Remote          I-VRF"
		    "  Status Encr Hash   Auth DH Lifetime Cap.\n\n");
	else
		sb_printf(&sb, "%-16s%-16s%-15s%s\n", "dst", "src", "state",
		    "conn-id status");
	TAILQ_FOREACH(sa, &g->ike->sas, link) {
		if (args->detail && sa->state == IKE_IDLE)
			sa_row_detail(&sb, sa);
		else if (!args->detail)
			sa_row(&sb,
			    sa->initiator ? sa->remote.addr : sa->local.addr,
			    sa->initiator ? sa->local.addr : sa->remote.addr,
			    ike_state_name(sa->state), sa->conn_id);
	}
	/* the KEK is an SA too: from the key server to the member */
	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->has_kek && !args->detail)
			sa_row(&sb, gm->addr, gm->ks, "GDOI_REKEY",
			    gm->kek_conn_id);
	sb_printf(&sb, "\nIPv6 Crypto ISAKMP SA\n\n");
	return show_done(ctx, &sb);
}
