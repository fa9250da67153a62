/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi [group NAME], the KEKs of show crypto isakmp sa, and the
 * helpers of all show files. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/show.h"

/* ---- helpers ---- */

bool
show_no_group(struct cli_ctx *ctx, const char *only)
{
	struct gdoi *g = cmd_gdoi(ctx);

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
	struct gdoi *g = cmd_gdoi(ctx);
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
	struct gdoi *g = cmd_gdoi(ctx);
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
	struct gdoi *g = cmd_gdoi(ctx);
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

/* The KEK is an SA too: from the key server to the member. */
void
show_gdoi_keks(struct ike *ike, struct show *v)
{
	const struct gdoi *g = ike->env.arg;
	const struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->has_kek) {
			show_isakmp_row(v, gm_rekey_dst(gm), gm->ks,
			    "GDOI_REKEY", gm->kek_conn_id);
			show_close(v);
		}
}
