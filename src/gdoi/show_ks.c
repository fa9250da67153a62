/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi [ks ...] of a key server. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/show.h"

/* The policy that members have, or would get. */
static const struct ks_policy *
policy_of(const struct ks_group *k)
{
	return k->active != NULL ? k->active : k->policy;
}

#define VALUE(name, fmt, ...)                                                 \
	static void name(struct strbuf *sb, const void *p)                    \
	{                                                                     \
		const struct ks_group *k = p;                                 \
		(void)k;                                                      \
		sb_printf(sb, fmt, __VA_ARGS__);                              \
	}

VALUE(v_name, "%s", k->name)
VALUE(v_name_transport, "%s (%s)", k->name,
    k->unicast ? "Unicast" : "Multicast")
VALUE(v_disabled, "%s", "Disabled")
VALUE(v_type, "%s", "GDOI (ISAKMP)")
VALUE(v_ipv4, "%s", "ipv4")
VALUE(v_members, "%u", k->nmembers)
VALUE(v_ack, "%s", k->unicast ? "Interoperable" : "None")
VALUE(v_both, "%s", "Both")
VALUE(v_zero, "%u", 0u)
VALUE(v_problem, "Incomplete, %s", k->policy->problem)
VALUE(v_kek_life, "%u secs", policy_of(k)->kek_life)
VALUE(v_kek_left, "%u secs", secs_until(k->g, k->kek->expires))
VALUE(v_kek_rekey, "%u secs", secs_until(k->g, k->kek->rekey_at))
VALUE(v_period, "%u secs", k->retransmit_secs)
VALUE(v_attempts, "%u", k->retransmit_count)
VALUE(v_retransmit, "%u secs", k->rekey.active && k->rekey.tries > 0 ?
    secs_until(k->g, k->rekey.timer.at) : 0)

static void
v_identity(struct strbuf *sb, const void *p)
{
	const struct ks_group *k = p;

	show_identity(sb, k->id_type, k->id);
}

static bool
has_problem(const void *p)
{
	return ((const struct ks_group *)p)->policy->problem[0] != '\0';
}

static bool
has_kek(const void *p)
{
	return ((const struct ks_group *)p)->kek != NULL;
}

static const struct show_field group_fields[] = {
	{ 4, 29, "Group Name", v_name_transport, NULL },
	{ 4, 29, "Re-auth on new CRL", v_disabled, NULL },
	{ 4, 29, "Group Identity", v_identity, NULL },
	{ 4, 29, "Group Status", v_problem, has_problem },
	{ 4, 29, "Group Type", v_type, NULL },
	{ 4, 29, "Crypto Path", v_ipv4, NULL },
	{ 4, 29, "Key Management Path", v_ipv4, NULL },
	{ 4, 29, "Group Members", v_members, NULL },
	{ 4, 29, "IPSec SA Direction", v_both, NULL },
	{ 4, 29, "IP D3P Window", v_disabled, NULL },
	{ 4, 29, "CKM status", v_disabled, NULL },
	{ 4, 29, "Group Rekey Lifetime", v_kek_life, NULL },
	{ 4, 0, "Group Rekey", NULL, has_kek },
	{ 8, 29, "Remaining Lifetime", v_kek_left, has_kek },
	{ 8, 29, "Time to Rekey", v_kek_rekey, has_kek },
	{ 4, 29, "Rekey Retransmit Period", v_period, NULL },
	{ 4, 29, "Rekey Retransmit Attempts", v_attempts, NULL },
	{ 4, 0, "Group Retransmit", NULL, NULL },
	{ 8, 29, "Remaining Lifetime", v_retransmit, NULL },
};

/* ---- sa ipsec ---- */

struct sa_view {
	const struct ks_group *k;
	const struct ks_sa *sa;
	const struct ks_tek *tek; /* the newest, NULL before the first */
};

#define SA_VALUE(name, fmt, ...)                                              \
	static void name(struct strbuf *sb, const void *p)                    \
	{                                                                     \
		const struct sa_view *v = p;                                  \
		(void)v;                                                      \
		sb_printf(sb, fmt, __VA_ARGS__);                              \
	}

SA_VALUE(v_sa_number, "%u", v->sa->number)
SA_VALUE(v_sa_life, "%u secs", v->sa->life)
SA_VALUE(v_sa_profile, "%s", v->sa->profile)
SA_VALUE(v_sa_replay, "%s", v->sa->replay == REPLAY_TIME ?
    "Time Based (not checked by this version)" :
    v->sa->replay == REPLAY_COUNTER ? "Count Based" : "Disabled")
SA_VALUE(v_sa_window, "%u", v->sa->window)
SA_VALUE(v_sa_left, "%u secs", secs_until(v->k->g, v->tek->expires))
SA_VALUE(v_sa_rekey, "%u secs", secs_until(v->k->g, v->tek->rekey_at))
SA_VALUE(v_sa_tag, "%s", "Disabled")
SA_VALUE(v_sa_acl, "access-list %s", v->sa->acl)

static bool
has_tek(const void *p)
{
	return ((const struct sa_view *)p)->tek != NULL;
}

static bool
has_replay(const void *p)
{
	return ((const struct sa_view *)p)->sa->replay != REPLAY_NONE;
}

static const struct show_field sa_fields[] = {
	{ 0, 0, "", NULL, NULL },
	{ 6, 29, "IPSec SA Number", v_sa_number, NULL },
	{ 6, 29, "IPSec SA Rekey Lifetime", v_sa_life, NULL },
	{ 6, 29, "Profile Name", v_sa_profile, NULL },
	{ 6, 29, "Replay method", v_sa_replay, NULL },
	{ 6, 29, "Replay Window Size", v_sa_window, has_replay },
	{ 6, 29, "Tagging method", v_sa_tag, NULL },
	{ 6, 0, "SA Rekey", NULL, has_tek },
	{ 9, 29, "Remaining Lifetime", v_sa_left, has_tek },
	{ 9, 29, "Time to Rekey", v_sa_rekey, has_tek },
	{ 6, 29, "ACL Configured", v_sa_acl, NULL },
};

static const struct ks_tek *
newest_of(const struct ks_group *k, uint16_t number)
{
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &k->teks, link)
		if (t->newest && t->sa.number == number)
			return t;
	return NULL;
}

void
show_ks_group(struct strbuf *sb, const struct ks_group *k)
{
	const struct ks_policy *p = policy_of(k);
	unsigned i;

	SHOW_FIELDS(sb, group_fields, k);
	for (i = 0; i < p->nsas; i++) {
		struct sa_view v = { k, &p->sas[i],
			newest_of(k, p->sas[i].number) };

		SHOW_FIELDS(sb, sa_fields, &v);
	}
	sb_printf(sb, "\n     %-24s: Local\n\n", "Group Server list");
}

/* ---- show crypto gdoi ks ---- */

static const struct show_field ks_fields[] = {
	{ 4, 29, "Group Name", v_name, NULL },
	{ 4, 29, "Re-auth on new CRL", v_disabled, NULL },
	{ 4, 29, "Group Identity", v_identity, NULL },
	{ 4, 29, "Group Type", v_type, NULL },
	{ 4, 29, "Group Members", v_members, NULL },
	{ 4, 29, "Rekey Acknowledgement Cfg", v_ack, NULL },
	{ 4, 29, "IPSec SA Direction", v_both, NULL },
	{ 4, 29, "IP D3P Window", v_disabled, NULL },
	{ 4, 29, "Split Resiliency Factor", v_zero, NULL },
	{ 4, 29, "CKM status", v_disabled, NULL },
	{ 4, 29, "Group Status", v_problem, has_problem },
	{ 0, 0, "", NULL, NULL },
	{ 4, 0, "ACL Configured: ", NULL, NULL },
};

int
show_gdoi_ks(struct cli_ctx *ctx, const struct show_gdoi_ks_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ks_policy *p;
	const struct ks_group *k;
	struct strbuf sb = { 0 };
	unsigned i, total = 0;

	TAILQ_FOREACH(k, &g->ks, link)
		total += k->nmembers;
	sb_printf(&sb, "Total group members registered to this box: %u\n\n",
	    total);
	TAILQ_FOREACH(k, &g->ks, link) {
		p = policy_of(k);
		sb_printf(&sb, "Key Server Information For Group %s:\n",
		    k->name);
		SHOW_FIELDS(&sb, ks_fields, k);
		for (i = 0; i < p->nsas; i++)
			sb_printf(&sb, "        access-list %s\n",
			    p->sas[i].acl);
		sb_printf(&sb, "\n");
	}
	return show_done(ctx, &sb);
}

int
show_gdoi_ks_acl(struct cli_ctx *ctx,
    const struct show_gdoi_ks_acl_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ks_policy *p;
	const struct ks_group *k;
	const struct ks_sa *sa;
	struct strbuf sb = { 0 };
	unsigned i;

	TAILQ_FOREACH(k, &g->ks, link) {
		p = policy_of(k);
		sb_printf(&sb, "Group Name: %s\n Configured ACL:\n", k->name);
		for (i = 0; i < p->naces; i++) {
			sa = ks_policy_sa(p, p->aces[i].sa);
			sb_printf(&sb, "   access-list %s  ",
			    sa != NULL ? sa->acl : "");
			ace_format(&sb, &p->aces[i].ace, ACE_STYLE_GDOI);
			sb_printf(&sb, "\n");
		}
		sb_printf(&sb, "\n");
	}
	return show_done(ctx, &sb);
}

/* ---- show crypto gdoi ks members ---- */

/* Oldest first, as they came; empty places at the end. */
static void
print_seq(struct strbuf *sb, const char *label, const uint32_t *seq)
{
	uint32_t v[4] = { 0 };
	unsigned i, n = 0;

	for (i = 4; i-- > 0;)
		if (seq[i] != 0)
			v[n++] = seq[i];
	sb_printf(sb, " %s : %-6u%-6u%-6u%-6u\n", label, v[0], v[1], v[2],
	    v[3]);
}

static void
print_member(struct strbuf *sb, const struct ks_group *k,
    const struct ks_member *m)
{
	char a[IP4_STRLEN], ks[IP4_STRLEN];
	struct strbuf id = { 0 };

	show_identity(&id, k->id_type, k->id);
	sb_printf(sb, "Group Member ID    : %s  GM Version: %s\n"
	    " Group ID          : %s\n Group Name        : %s\n"
	    " Group Type        : GDOI (ISAKMP)\n"
	    " GM State          : Registered\n"
	    " Key Server ID     : %s\n", ip4_str(m->addr, a), m->version,
	    id.s, k->name, ip4_str(k->addr, ks));
	sb_printf(sb, " Rekeys sent       : %u\n Rekeys retries    : %u\n"
	    " Rekey Acks Rcvd   : %u\n Rekey Acks missed : %u\n\n", m->sent,
	    m->retries, m->acks, m->acks_missed);
	print_seq(sb, "Sent seq num", m->sent_seq);
	print_seq(sb, "Rcvd seq num", m->rcvd_seq);
	sb_printf(sb, "\n\n");
	sb_free(&id);
}

static void
print_summary(struct strbuf *sb, const struct ks_group *k)
{
	const struct ks_member *m;
	struct strbuf id = { 0 };
	char a[IP4_STRLEN];

	show_identity(&id, k->id_type, k->id);
	sb_printf(sb, "Group Name: %s, ID: %s, Group Members: %u\n"
	    "Key Server ID: %s, GMDB state: LOCAL, Group Members: %u\n"
	    "  Member ID     Version      Rekey sent     Rekey Ack missed\n",
	    k->name, id.s, k->nmembers, ip4_str(k->addr, a), k->nmembers);
	TAILQ_FOREACH(m, &k->members, link)
		sb_printf(sb, "  %-13s %-12s %-15u %u\n", ip4_str(m->addr, a),
		    m->version, m->sent, m->acks_missed);
	sb_printf(sb, "\n\n");
	sb_free(&id);
}

static void
print_members(struct strbuf *sb, const struct ks_group *k, uint32_t only)
{
	const struct ks_rekey *r = &k->rekey;
	const struct ks_member *m;
	unsigned n = 0;

	sb_printf(sb, "Number of rekeys sent for group %s : %u\n"
	    "Number of retransmits during the last rekey for group %s : %u\n"
	    "Duration of the last rekey for group %s : %llu msec\n\n",
	    k->name, k->rekeys_sent, k->name, r->retransmits, k->name,
	    (unsigned long long)r->duration);
	TAILQ_FOREACH(m, &k->members, link)
		if (only == 0 || m->addr == only) {
			print_member(sb, k, m);
			n++;
		}
	if (only != 0 && n == 0)
		sb_printf(sb, "Group Member not Found\n\n");
}

int
show_gdoi_ks_members(struct cli_ctx *ctx,
    const struct show_gdoi_ks_members_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ks_group *k;
	struct strbuf sb = { 0 };

	sb_printf(&sb, "\nGroup Member Information : \n\n");
	TAILQ_FOREACH(k, &g->ks, link)
		if (args->summary)
			print_summary(&sb, k);
		else
			print_members(&sb, k, args->member);
	return show_done(ctx, &sb);
}

/* ---- show crypto gdoi ks policy ---- */

/* Two labelled values in one line, at the columns of IOS. */
static void
pair(struct strbuf *sb, const char *l1, const char *v1, const char *l2,
    const char *v2)
{
	sb_printf(sb, "    %-19s: %-14s%-22s: %s\n", l1, v1, l2, v2);
}

static void
pair_u(struct strbuf *sb, const char *l1, uint32_t v1, const char *l2,
    uint32_t v2)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), "%u", v1);
	snprintf(b, sizeof(b), "%u", v2);
	pair(sb, l1, a, l2, b);
}

static void
print_kek_policy(struct strbuf *sb, const struct ks_group *k)
{
	const struct ks_kek *kek = k->kek;
	char spi[2 * KEK_SPI_LEN + 1], len[16];

	snprintf(len, sizeof(len), "%u", kek->k.pub_len);
	sb_printf(sb, "  KEK POLICY (transport type : Unicast)\n"
	    "    spi : 0x%s\n", gdoi_spi_str(kek->k.spi, spi));
	pair(sb, "management alg", "disabled", "encrypt alg",
	    show_kek_cipher(kek->k.cipher));
	pair_u(sb, "crypto iv length", kek->k.iv.len, "key size",
	    kek->k.key.len);
	pair_u(sb, "orig life(sec)", kek->life, "remaining life(sec)",
	    secs_until(k->g, kek->expires));
	sb_printf(sb, "    time to rekey (sec): %u\n",
	    secs_until(k->g, kek->rekey_at));
	pair(sb, "sig hash algorithm", "enabled", "sig key length", len);
	sb_printf(sb, "    %-19s: %u\n    %-19s: %s\n    %-19s: %s\n\n",
	    "sig size", (kek->k.sig_bits + 7u) / 8, "sig key name",
	    kek->label, "acknowledgement", "Interoperable");
}

static void
print_tek_policy(struct strbuf *sb, const struct ks_group *k,
    const struct ks_tek *t)
{
	uint32_t left = secs_until(k->g, t->expires);
	char transform[64];

	sb_printf(sb, "  TEK POLICY (encaps : ENCAPS_TUNNEL)\n"
	    "    %-19s: 0x%08X\n    %-19s: %s\n    %-19s: %s\n", "spi",
	    t->k.spi, "access-list", t->sa.acl, "transform",
	    esp_transform_str(&t->sa.transform, transform));
	pair_u(sb, "alg key size", (uint32_t)esp_key_len(&t->sa.transform),
	    "sig key size", (uint32_t)esp_auth_key_len(&t->sa.transform));
	pair_u(sb, "orig life(sec)", t->sa.life, "remaining life(sec)", left);
	pair_u(sb, "tek life(sec)", t->sa.life, "elapsed time(sec)",
	    (uint32_t)((gdoi_now(k->g) - t->born) / 1000));
	pair_u(sb, "override life(sec)", t->override,
	    "antireplay window size", t->sa.window);
	if (t->newest)
		sb_printf(sb, "    time to rekey (sec): %u\n\n\n",
		    secs_until(k->g, t->rekey_at));
	else
		sb_printf(sb, "    time to rekey (sec): n/a\n\n\n");
}

int
show_gdoi_ks_policy(struct cli_ctx *ctx,
    const struct show_gdoi_ks_policy_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ks_group *k;
	const struct ks_tek *t;
	struct strbuf sb = { 0 };
	char a[IP4_STRLEN];
	unsigned n;

	sb_printf(&sb, "Key Server Policy:\n");
	TAILQ_FOREACH(k, &g->ks, link) {
		n = 0;
		TAILQ_FOREACH(t, &k->teks, link)
			n++;
		sb_printf(&sb, "For group %s (handle: 0x%X) server %s (handle:"
		    " 0x%X):\n\n  # of teks : %u  Seq num : %u\n", k->name,
		    k->handle, ip4_str(k->addr, a), k->handle, n,
		    k->kek != NULL ? k->kek->seq : 0);
		if (k->policy->problem[0] != '\0')
			sb_printf(&sb, "  Group is incomplete: %s\n",
			    k->policy->problem);
		if (k->kek != NULL)
			print_kek_policy(&sb, k);
		TAILQ_FOREACH(t, &k->teks, link)
			print_tek_policy(&sb, k, t);
	}
	return show_done(ctx, &sb);
}

/* ---- show crypto gdoi ks rekey ---- */

VALUE(v_sent, "%u", k->rekeys_sent)
VALUE(v_retransmitted, "%u", k->retransmitted)
VALUE(v_k_life, "%u", policy_of(k)->kek_life)
VALUE(v_k_left, "%u", secs_until(k->g, k->kek->expires))
VALUE(v_k_rekey, "%u", secs_until(k->g, k->kek->rekey_at))
VALUE(v_k_period, "%u", k->retransmit_secs)
VALUE(v_k_current, "%u", k->rekey.active && k->rekey.tries > 0 ?
    k->rekey.tries - 1 : 0)
VALUE(v_k_progress, "%s", k->rekey.active ? "Yes" : "No")

static const struct show_field rekey_fields[] = {
	{ 4, 49, "Number of Rekeys sent", v_sent, NULL },
	{ 4, 49, "Number of Rekeys retransmitted", v_retransmitted, NULL },
	{ 4, 49, "KEK rekey lifetime (sec)", v_k_life, NULL },
	{ 8, 49, "Remaining lifetime (sec)", v_k_left, has_kek },
	{ 8, 49, "Remaining time until rekey (sec)", v_k_rekey, has_kek },
	{ 4, 49, "Retransmit period", v_k_period, NULL },
	{ 4, 49, "Number of retransmissions", v_attempts, NULL },
	{ 4, 49, "Current number of retransmissions", v_k_current, NULL },
	{ 4, 49, "Rekey Acknowledgement", v_ack, NULL },
	{ 4, 49, "Rekey in progress", v_k_progress, NULL },
};

SA_VALUE(v_r_life, "%u", v->sa->life)
SA_VALUE(v_r_left, "%u", secs_until(v->k->g, v->tek->expires))
SA_VALUE(v_r_rekey, "%u", secs_until(v->k->g, v->tek->rekey_at))

static const struct show_field rekey_sa_fields[] = {
	{ 8, 49, "Lifetime (sec)", v_r_life, NULL },
	{ 8, 49, "Remaining lifetime (sec)", v_r_left, has_tek },
	{ 8, 49, "Remaining time until rekey (sec)", v_r_rekey, has_tek },
};

int
show_gdoi_ks_rekey(struct cli_ctx *ctx,
    const struct show_gdoi_ks_rekey_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ks_policy *p;
	const struct ks_group *k;
	struct strbuf sb = { 0 };
	unsigned i;

	TAILQ_FOREACH(k, &g->ks, link) {
		p = policy_of(k);
		sb_printf(&sb, "Group %s (%s)\n", k->name,
		    k->unicast ? "Unicast" : "Multicast");
		SHOW_FIELDS(&sb, rekey_fields, k);
		for (i = 0; i < p->nsas; i++) {
			struct sa_view v = { k, &p->sas[i],
				newest_of(k, p->sas[i].number) };

			sb_printf(&sb, "    IPSec SA %u\n", v.sa->number);
			SHOW_FIELDS(&sb, rekey_sa_fields, &v);
		}
		sb_printf(&sb, "\n");
	}
	return show_done(ctx, &sb);
}
