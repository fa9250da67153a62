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

/* As `rekey acknowledgement` has it; a KEK keeps what it was made with. */
static const char *
ack_name(bool unicast, uint8_t ack)
{
	static const char *const names[] = { [REKEY_ACK_CISCO] = "Cisco",
		[REKEY_ACK_INTEROPERABLE] = "Interoperable",
		[REKEY_ACK_ANY] = "Any" };

	return unicast ? names[ack] : "None";
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
VALUE(v_ack, "%s", ack_name(k->unicast, k->policy->ack))
VALUE(v_direction, "%s", policy_of(k)->receive_only ? "Inbound Only" : "Both")
VALUE(v_zero, "%u", 0u)
VALUE(v_problem_text, "%s", k->policy->problem)
VALUE(v_problem, "Incomplete, %s", k->policy->problem)
VALUE(v_kek_life, "%u secs", policy_of(k)->kek_life)
VALUE(v_kek_left, "%u secs", secs_until(k->g, k->kek->expires))
VALUE(v_kek_rekey, "%u secs", secs_until(k->g, k->kek->rekey_at))
VALUE(v_period, "%u secs", k->retransmit_secs)
VALUE(v_periodic, "%s", "Periodic")
VALUE(v_attempts, "%u", k->retransmit_count)
VALUE(v_retransmit, "%u secs", k->rekey.active && k->rekey.next == NULL ?
    secs_until(k->g, k->rekey.timer.at) : 0)

static bool
is_periodic(const void *p)
{
	return ((const struct ks_group *)p)->periodic;
}

static bool
is_counted(const void *p)
{
	return !is_periodic(p);
}

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
	{ 4, 29, "Group Name", v_name_transport, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Re-auth on new CRL", v_disabled, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group Identity", v_identity, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group Status", v_problem, has_problem, SHOW_NONE, NULL },
	{ 0, 0, NULL, v_problem_text, has_problem, SHOW_STR, "problem" },
	{ 4, 29, "Group Type", v_type, NULL, SHOW_STR, "type" },
	{ 4, 29, "Crypto Path", v_ipv4, NULL, SHOW_STR, "crypto_path" },
	{ 4, 29, "Key Management Path", v_ipv4, NULL,
	    SHOW_STR, "key_management_path" },
	{ 4, 29, "Group Members", v_members, NULL, SHOW_UINT, "member_count" },
	{ 4, 29, "IPSec SA Direction", v_direction, NULL, SHOW_STR, "sa_direction" },
	{ 4, 29, "IP D3P Window", v_disabled, NULL, SHOW_NONE, NULL },
	{ 4, 29, "CKM status", v_disabled, NULL, SHOW_NONE, NULL },
};

/* behind the lines of the redundancy */
static const struct show_field group_rekey_fields[] = {
	{ 4, 29, "Group Rekey Lifetime", v_kek_life, NULL,
	    SHOW_UINT, "rekey_lifetime_seconds" },
	{ 4, 0, "Group Rekey", NULL, has_kek, SHOW_NONE, NULL },
	{ 8, 29, "Remaining Lifetime", v_kek_left, has_kek,
	    SHOW_UINT, "rekey_lifetime_remaining_seconds" },
	{ 8, 29, "Time to Rekey", v_kek_rekey, has_kek,
	    SHOW_UINT, "rekey_in_seconds" },
	{ 4, 29, "Rekey Retransmit Period", v_period, NULL,
	    SHOW_UINT, "retransmit_period_seconds" },
	{ 4, 29, "Rekey Retransmit Attempts", v_attempts, is_counted,
	    SHOW_UINT, "retransmit_attempts" },
	{ 4, 29, "Rekey Retransmit Attempts", v_periodic, is_periodic,
	    SHOW_NONE, NULL },
	{ 4, 0, "Group Retransmit", NULL, NULL, SHOW_NONE, NULL },
	{ 8, 29, "Remaining Lifetime", v_retransmit, NULL,
	    SHOW_UINT, "retransmit_in_seconds" },
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
    "Time Based" :
    v->sa->replay == REPLAY_COUNTER ? "Count Based" : "Disabled")
SA_VALUE(v_sa_method, "%s", v->sa->replay == REPLAY_TIME ? "time" :
    v->sa->replay == REPLAY_COUNTER ? "counter" : "none")
SA_VALUE(v_sa_window, "%u", v->sa->window)
SA_VALUE(v_sa_left, "%u secs", secs_until(v->k->g, v->tek->expires))
SA_VALUE(v_sa_rekey, "%u secs", secs_until(v->k->g, v->tek->rekey_at))
SA_VALUE(v_sa_tag, "%s", "Disabled")
SA_VALUE(v_sa_acl_name, "%s", v->sa->acl)
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
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
	{ 6, 29, "IPSec SA Number", v_sa_number, NULL, SHOW_UINT, "number" },
	{ 6, 29, "IPSec SA Rekey Lifetime", v_sa_life, NULL,
	    SHOW_UINT, "lifetime_seconds" },
	{ 6, 29, "Profile Name", v_sa_profile, NULL, SHOW_STR, "profile" },
	{ 6, 29, "Replay method", v_sa_replay, NULL, SHOW_NONE, NULL },
	{ 0, 0, NULL, v_sa_method, NULL, SHOW_STR, "replay_method" },
	{ 6, 29, "Replay Window Size", v_sa_window, has_replay,
	    SHOW_UINT, "replay_window" },
	{ 6, 29, "Tagging method", v_sa_tag, NULL, SHOW_NONE, NULL },
	{ 6, 0, "SA Rekey", NULL, has_tek, SHOW_NONE, NULL },
	{ 9, 29, "Remaining Lifetime", v_sa_left, has_tek,
	    SHOW_UINT, "lifetime_remaining_seconds" },
	{ 9, 29, "Time to Rekey", v_sa_rekey, has_tek,
	    SHOW_UINT, "rekey_in_seconds" },
	{ 6, 29, "ACL Configured", v_sa_acl, NULL, SHOW_NONE, NULL },
	{ 0, 0, NULL, v_sa_acl_name, NULL, SHOW_STR, "acl" },
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

/* The access lists of the policy, line by line. */
static void
print_acl(struct show *v, const struct ks_policy *p)
{
	char before[CONF_NAME + 24];
	const struct ks_sa *sa;
	unsigned i;

	show_array(v, "configured_acl");
	for (i = 0; i < p->naces; i++) {
		sa = ks_policy_sa(p, p->aces[i].sa);
		snprintf(before, sizeof(before), "   access-list %s  ",
		    sa != NULL ? sa->acl : "");
		show_ace(v, before, &p->aces[i].ace);
	}
	show_close(v);
}

static void print_keys(struct show *v, const struct ks_group *k);

/* What JSON has of a group, where the text needs another command. */
static void
group_more(struct show *v, const struct ks_group *k)
{
	show_uint(v, "rekeys_sent", k->rekeys_sent);
	show_uint(v, "rekeys_retransmitted", k->retransmitted);
	print_acl(v, policy_of(k));
	print_keys(v, k);
	show_ks_members(v, k, 0);
}

void
show_ks_group(struct show *v, const struct ks_group *k)
{
	const struct ks_policy *p = policy_of(k);
	unsigned i;

	show_open_ks(v, k);
	SHOW_FIELDS(v, group_fields, k);
	show_redundancy(v, k);
	SHOW_FIELDS(v, group_rekey_fields, k);
	show_array(v, "sas");
	for (i = 0; i < p->nsas; i++) {
		struct sa_view sv = { k, &p->sas[i],
			newest_of(k, p->sas[i].number) };

		show_object(v, NULL);
		SHOW_FIELDS(v, sa_fields, &sv);
		show_close(v);
	}
	show_close(v);
	show_text(v, "\n     %-24s: Local\n\n", "Group Server list");
	if (show_is_json(v))
		group_more(v, k);
	show_close(v);
}

/* ---- show crypto gdoi ks ---- */

static const struct show_field ks_fields[] = {
	{ 4, 29, "Group Name", v_name, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Re-auth on new CRL", v_disabled, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group Identity", v_identity, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group Type", v_type, NULL, SHOW_STR, "type" },
	{ 4, 29, "Group Members", v_members, NULL, SHOW_UINT, "member_count" },
	{ 4, 29, "Rekey Acknowledgement Cfg", v_ack, NULL,
	    SHOW_STR, "rekey_acknowledgement" },
	{ 4, 29, "IPSec SA Direction", v_direction, NULL, SHOW_STR, "sa_direction" },
	{ 4, 29, "IP D3P Window", v_disabled, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Split Resiliency Factor", v_zero, NULL, SHOW_NONE, NULL },
	{ 4, 29, "CKM status", v_disabled, NULL, SHOW_NONE, NULL },
	{ 4, 29, "Group Status", v_problem, has_problem, SHOW_NONE, NULL },
	{ 0, 0, NULL, v_problem_text, has_problem, SHOW_STR, "problem" },
	{ 0, 0, "", NULL, NULL, SHOW_NONE, NULL },
	{ 4, 0, "ACL Configured: ", NULL, NULL, SHOW_NONE, NULL },
};

int
show_gdoi_ks(struct cli_ctx *ctx, const struct show_gdoi_ks_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct ks_policy *p;
	const struct ks_group *k;
	struct show v;
	unsigned i, total = 0;

	if (show_no_group(ctx, args->group))
		return CLI_FAILED;
	show_begin(&v, ctx);
	TAILQ_FOREACH(k, &g->ks, link)
		if (show_wanted(args->group, k->name))
			total += show_members_of(k, k->addr);
	show_text(&v, "Total group members registered to this box: %u\n\n",
	    total);
	show_uint(&v, "member_count", total);
	show_array(&v, "groups");
	TAILQ_FOREACH(k, &g->ks, link) {
		if (!show_wanted(args->group, k->name))
			continue;
		p = policy_of(k);
		show_open_ks(&v, k);
		show_text(&v, "Key Server Information For Group %s:\n",
		    k->name);
		SHOW_FIELDS(&v, ks_fields, k);
		show_array(&v, "acls");
		for (i = 0; i < p->nsas; i++) {
			show_text(&v, "        access-list %s\n",
			    p->sas[i].acl);
			show_str(&v, NULL, p->sas[i].acl);
		}
		show_close(&v);
		show_redundancy(&v, k);
		show_text(&v, "\n");
		show_close(&v);
	}
	return show_end(&v);
}

static void
one_acl(struct show *v, const struct ks_group *k, const void *arg)
{
	(void)arg;
	show_text(v, "Group Name: %s\n Configured ACL:\n", k->name);
	print_acl(v, policy_of(k));
	show_text(v, "\n");
}

int
show_gdoi_ks_acl(struct cli_ctx *ctx,
    const struct show_gdoi_ks_acl_args *args)
{
	return show_each_ks(ctx, args->group, "", one_acl, args);
}

/* ---- show crypto gdoi ks policy ---- */

/* Two labelled values in one line, at the columns of IOS. */
static void
pair(struct show *v, const char *l1, const char *v1, const char *l2,
    const char *v2)
{
	show_text(v, "    %-19s: %-14s%-22s: %s\n", l1, v1, l2, v2);
}

static void
pair_u(struct show *v, const char *l1, uint32_t v1, const char *l2,
    uint32_t v2)
{
	char a[16], b[16];

	snprintf(a, sizeof(a), "%u", v1);
	snprintf(b, sizeof(b), "%u", v2);
	pair(v, l1, a, l2, b);
}

static void
print_kek_policy(struct show *v, const struct ks_group *k)
{
	const struct ks_kek *kek = k->kek;
	bool unicast = !is_multicast(kek->k.dst.addr);
	char spi[2 * KEK_SPI_LEN + 1], len[16];

	snprintf(len, sizeof(len), "%u", kek->k.pub_len);
	show_object(v, "kek");
	show_fmt(v, "spi", "0x%s", gdoi_spi_str(kek->k.spi, spi));
	show_str(v, "transport", unicast ? "unicast" : "multicast");
	show_str(v, "encryption", show_kek_cipher(kek->k.cipher));
	show_uint(v, "key_bytes", kek->k.key.len);
	show_uint(v, "lifetime_seconds", kek->life);
	show_uint(v, "lifetime_remaining_seconds",
	    secs_until(k->g, kek->expires));
	show_uint(v, "rekey_in_seconds", secs_until(k->g, kek->rekey_at));
	show_str(v, "signature_hash", show_sig_hash(kek->k.sig_hash));
	show_uint(v, "signature_bits", kek->k.sig_bits);
	show_str(v, "signature_key_label", kek->label);
	show_uint(v, "sequence", kek->seq);
	show_close(v);
	show_text(v, "  KEK POLICY (transport type : %s)\n"
	    "    spi : 0x%s\n", unicast ? "Unicast" : "Multicast",
	    gdoi_spi_str(kek->k.spi, spi));
	pair(v, "management alg", "disabled", "encrypt alg",
	    show_kek_cipher(kek->k.cipher));
	pair_u(v, "crypto iv length", kek->k.iv.len, "key size",
	    kek->k.key.len);
	pair_u(v, "orig life(sec)", kek->life, "remaining life(sec)",
	    secs_until(k->g, kek->expires));
	show_text(v, "    time to rekey (sec): %u\n",
	    secs_until(k->g, kek->rekey_at));
	pair(v, "sig hash algorithm", "enabled", "sig key length", len);
	show_text(v, "    %-19s: %u\n    %-19s: %s\n    %-19s: %s\n\n",
	    "sig size", (kek->k.sig_bits + 7u) / 8, "sig key name",
	    kek->label, "acknowledgement", ack_name(unicast, kek->ack));
}

static void
tek_object(struct show *v, const struct ks_group *k, const struct ks_tek *t)
{
	show_object(v, NULL);
	show_spi(v, t->k.spi);
	show_uint(v, "sa_number", t->sa.number);
	show_str(v, "acl", t->sa.acl);
	show_transform(v, &t->sa.transform);
	show_str(v, "encapsulation", "tunnel");
	show_uint(v, "lifetime_seconds", t->sa.life);
	show_uint(v, "lifetime_remaining_seconds",
	    secs_until(k->g, t->expires));
	show_uint(v, "elapsed_seconds", (gdoi_now(k->g) - t->born) / 1000);
	show_uint(v, "override_seconds", t->override);
	show_uint(v, "replay_window", t->sa.window);
	show_bool(v, "newest", t->newest);
	if (t->newest)
		show_uint(v, "rekey_in_seconds",
		    secs_until(k->g, t->rekey_at));
	show_close(v);
}

static void
print_tek_policy(struct show *v, const struct ks_group *k,
    const struct ks_tek *t)
{
	uint32_t left = secs_until(k->g, t->expires);
	char transform[64];

	tek_object(v, k, t);
	show_text(v, "  TEK POLICY (encaps : ENCAPS_TUNNEL)\n"
	    "    %-19s: 0x%08X\n    %-19s: %s\n    %-19s: %s\n", "spi",
	    t->k.spi, "access-list", t->sa.acl, "transform",
	    esp_transform_str(&t->sa.transform, transform));
	pair_u(v, "alg key size", (uint32_t)esp_key_len(&t->sa.transform),
	    "sig key size", (uint32_t)esp_auth_key_len(&t->sa.transform));
	pair_u(v, "orig life(sec)", t->sa.life, "remaining life(sec)", left);
	pair_u(v, "tek life(sec)", t->sa.life, "elapsed time(sec)",
	    (uint32_t)((gdoi_now(k->g) - t->born) / 1000));
	pair_u(v, "override life(sec)", t->override,
	    "antireplay window size", t->sa.window);
	if (t->newest)
		show_text(v, "    time to rekey (sec): %u\n\n\n",
		    secs_until(k->g, t->rekey_at));
	else
		show_text(v, "    time to rekey (sec): n/a\n\n\n");
}

/* Into the open object: "kek" if there is one, and "teks". */
static void
print_keys(struct show *v, const struct ks_group *k)
{
	const struct ks_tek *t;

	if (k->kek != NULL)
		print_kek_policy(v, k);
	show_array(v, "teks");
	TAILQ_FOREACH(t, &k->teks, link)
		print_tek_policy(v, k, t);
	show_close(v);
}

static void
print_server(struct show *v, const struct ks_group *k, uint32_t addr,
    unsigned handle)
{
	char a[IP4_STRLEN];

	show_text(v, "For group %s (handle: 0x%X) server %s (handle:"
	    " 0x%X):\n\n", k->name, k->handle, ip4_str(addr, a), handle);
}

static void
print_policy(struct show *v, const struct ks_group *k)
{
	const struct ks_tek *t;
	unsigned n = 0;

	TAILQ_FOREACH(t, &k->teks, link)
		n++;
	show_text(v, "  # of teks : %u  Seq num : %u\n", n,
	    k->kek != NULL ? k->kek->seq : 0);
	if (k->policy->problem[0] != '\0') {
		show_text(v, "  Group is incomplete: %s\n",
		    k->policy->problem);
		show_str(v, "problem", k->policy->problem);
	}
	print_keys(v, k);
}

/* With others a part for each key server; what is in use stands with the
 * primary, whose it is. Without one, and if it is no peer, with this one. */
static void
one_policy(struct show *v, const struct ks_group *k, const void *arg)
{
	const struct coop_peer *p, *primary = NULL;

	(void)arg;
	if (k->coop != NULL)
		primary = coop_peer_find(k->coop, k->coop->primary);
	show_ip4(v, "policy_of", primary != NULL ? primary->addr : k->addr);
	print_server(v, k, k->addr, k->handle);
	if (primary == NULL)
		print_policy(v, k);
	if (k->coop == NULL)
		return;
	TAILQ_FOREACH(p, &k->coop->peers, link) {
		print_server(v, k, p->addr, p->handle);
		if (p == primary)
			print_policy(v, k);
	}
}

int
show_gdoi_ks_policy(struct cli_ctx *ctx,
    const struct show_gdoi_ks_policy_args *args)
{
	return show_each_ks(ctx, args->group, "Key Server Policy:\n",
	    one_policy, args);
}

/* ---- show crypto gdoi ks rekey ---- */

VALUE(v_sent, "%u", k->rekeys_sent)
VALUE(v_retransmitted, "%u", k->retransmitted)
VALUE(v_k_life, "%u", policy_of(k)->kek_life)
VALUE(v_k_left, "%u", secs_until(k->g, k->kek->expires))
VALUE(v_k_rekey, "%u", secs_until(k->g, k->kek->rekey_at))
VALUE(v_k_period, "%u", k->retransmit_secs)
VALUE(v_k_current, "%u", k->rekey.active ? k->rekey.tries : 0)
VALUE(v_k_waiting, "%u", k->rekey.waiting)
VALUE(v_k_problem, "%s", k->policy->mcast_problem)

static void
v_k_group(struct strbuf *sb, const void *p)
{
	const struct ks_group *k = p;
	char a[IP4_STRLEN];

	sb_printf(sb, "%s", ip4_str(k->policy->mcast.addr, a));
}

static bool
has_mcast(const void *p)
{
	return ((const struct ks_group *)p)->policy->mcast.addr != 0;
}

static bool
has_mcast_problem(const void *p)
{
	return ((const struct ks_group *)p)->policy->mcast_problem[0] != '\0';
}
VALUE(v_k_progress, "%s", k->rekey.active ? "Yes" : "No")

static const struct show_field rekey_fields[] = {
	{ 4, 49, "Number of Rekeys sent", v_sent, NULL,
	    SHOW_UINT, "rekeys_sent" },
	{ 4, 49, "Number of Rekeys retransmitted", v_retransmitted, NULL,
	    SHOW_UINT, "rekeys_retransmitted" },
	{ 4, 49, "KEK rekey lifetime (sec)", v_k_life, NULL,
	    SHOW_UINT, "rekey_lifetime_seconds" },
	{ 8, 49, "Remaining lifetime (sec)", v_k_left, has_kek,
	    SHOW_UINT, "rekey_lifetime_remaining_seconds" },
	{ 8, 49, "Remaining time until rekey (sec)", v_k_rekey, has_kek,
	    SHOW_UINT, "rekey_in_seconds" },
	{ 4, 49, "Retransmit period", v_k_period, NULL,
	    SHOW_UINT, "retransmit_period_seconds" },
	{ 4, 49, "Number of retransmissions", v_attempts, is_counted,
	    SHOW_UINT, "retransmit_attempts" },
	{ 4, 49, "Number of retransmissions", v_periodic, is_periodic,
	    SHOW_NONE, NULL },
	{ 4, 49, "Current number of retransmissions", v_k_current, NULL,
	    SHOW_UINT, "retransmits_now" },
	{ 4, 49, "Rekey Acknowledgement", v_ack, NULL,
	    SHOW_STR, "rekey_acknowledgement" },
	{ 4, 49, "Rekey address", v_k_group, has_mcast,
	    SHOW_STR, "rekey_address" },
	{ 4, 49, "Rekeys are not sent", v_k_problem, has_mcast_problem,
	    SHOW_STR, "rekey_problem" },
	{ 4, 49, "Rekey in progress", v_k_progress, NULL, SHOW_NONE, NULL },
	{ 4, 49, "Members waited for", v_k_waiting, NULL,
	    SHOW_UINT, "members_waited_for" },
};

SA_VALUE(v_r_life, "%u", v->sa->life)
SA_VALUE(v_r_left, "%u", secs_until(v->k->g, v->tek->expires))
SA_VALUE(v_r_rekey, "%u", secs_until(v->k->g, v->tek->rekey_at))

static const struct show_field rekey_sa_fields[] = {
	{ 8, 49, "Lifetime (sec)", v_r_life, NULL,
	    SHOW_UINT, "lifetime_seconds" },
	{ 8, 49, "Remaining lifetime (sec)", v_r_left, has_tek,
	    SHOW_UINT, "lifetime_remaining_seconds" },
	{ 8, 49, "Remaining time until rekey (sec)", v_r_rekey, has_tek,
	    SHOW_UINT, "rekey_in_seconds" },
};

static void
one_rekey(struct show *v, const struct ks_group *k, const void *arg)
{
	const struct ks_policy *p = policy_of(k);
	unsigned i;

	(void)arg;
	show_text(v, "Group %s (%s)\n", k->name,
	    k->unicast ? "Unicast" : "Multicast");
	show_str(v, "transport", k->unicast ? "unicast" : "multicast");
	show_bool(v, "rekey_in_progress", k->rekey.active);
	SHOW_FIELDS(v, rekey_fields, k);
	show_array(v, "sas");
	for (i = 0; i < p->nsas; i++) {
		struct sa_view sv = { k, &p->sas[i],
			newest_of(k, p->sas[i].number) };

		show_text(v, "    IPSec SA %u\n", sv.sa->number);
		show_object(v, NULL);
		show_uint(v, "number", sv.sa->number);
		SHOW_FIELDS(v, rekey_sa_fields, &sv);
		show_close(v);
	}
	show_close(v);
	show_text(v, "\n");
}

int
show_gdoi_ks_rekey(struct cli_ctx *ctx,
    const struct show_gdoi_ks_rekey_args *args)
{
	return show_each_ks(ctx, args->group, "", one_rekey, args);
}
