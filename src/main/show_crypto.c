/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands about the configuration of ISAKMP (what runs is shown by ike
 * and fwd). Layout: reference show-output.md section 3.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "main/router.h"

static const struct conf *
conf_of(struct cli_ctx *ctx)
{
	return router_of(ctx)->running;
}

/* ---- isakmp ---- */

static void
cipher_text(const struct isakmp_policy *p, char *buf, size_t size)
{
	switch (p->cipher) {
	case IKE_AES:
		snprintf(buf, size,
		    "AES - Advanced Encryption Standard (%u bit keys).",
		    p->key_bits);
		break;
	case IKE_3DES:
		str_copy(buf, "Three key triple DES", size);
		break;
	default:
		str_copy(buf,
		    "DES - Data Encryption Standard (56 bit keys).", size);
	}
}

static const char *
hash_text(unsigned hash)
{
	static const char *const names[] = {
	    [IKE_MD5] = "Message Digest 5",
	    [IKE_SHA1] = "Secure Hash Standard",
	    [IKE_SHA256] = "Secure Hash Standard 2 (256 bit)",
	    [IKE_SHA384] = "Secure Hash Standard 2 (384 bit)",
	    [IKE_SHA512] = "Secure Hash Standard 2 (512 bit)"};

	return hash < NELEM(names) && names[hash] != NULL ? names[hash] : "?";
}

static const char *
auth_text(unsigned auth)
{
	switch (auth) {
	case IKE_PSK:
		return "Pre-Shared Key";
	case IKE_RSA_ENCR:
		return "Rivest-Shamir-Adleman Encryption";
	default:
		return "Rivest-Shamir-Adleman Signature";
	}
}

static unsigned
group_bits(unsigned group)
{
	static const uint16_t bits[] = {[1] = 768, [2] = 1024, [5] = 1536,
	    [14] = 2048, [15] = 3072, [16] = 4096, [19] = 256, [20] = 384,
	    [21] = 521, [24] = 2048};

	return group < NELEM(bits) ? bits[group] : 0;
}

static void
policy_object(struct show *v, const struct isakmp_policy *p)
{
	static const char *const ciphers[] = {[IKE_AES] = "aes",
	    [IKE_3DES] = "3des"};
	static const char *const hashes[] = {[IKE_MD5] = "md5",
	    [IKE_SHA1] = "sha", [IKE_SHA256] = "sha256",
	    [IKE_SHA384] = "sha384", [IKE_SHA512] = "sha512"};

	show_object(v, NULL);
	show_uint(v, "priority", p->priority);
	show_str(v, "encryption", p->cipher < NELEM(ciphers) &&
	    ciphers[p->cipher] != NULL ? ciphers[p->cipher] : "des");
	if (p->cipher == IKE_AES)
		show_uint(v, "key_bits", p->key_bits);
	show_str(v, "hash", p->hash < NELEM(hashes) &&
	    hashes[p->hash] != NULL ? hashes[p->hash] : "sha");
	show_str(v, "authentication", p->auth == IKE_PSK ? "psk" :
	    p->auth == IKE_RSA_ENCR ? "rsa-encr" : "rsa-sig");
	show_uint(v, "dh_group", p->group);
	show_uint(v, "lifetime_seconds", p->lifetime);
	show_close(v);
}

static void
policy_text(struct show *v, const struct isakmp_policy *p, const char *what)
{
	char cipher[80];

	cipher_text(p, cipher, sizeof(cipher));
	policy_object(v, p);
	show_text(v,
	    "%s of priority %u\n"
	    "\tencryption algorithm:\t%s\n"
	    "\thash algorithm:\t\t%s\n"
	    "\tauthentication method:\t%s\n"
	    "\tDiffie-Hellman group:\t#%u (%u bit)\n"
	    "\tlifetime:\t\t%u seconds, no volume limit\n",
	    what, p->priority, cipher, hash_text(p->hash), auth_text(p->auth),
	    p->group, group_bits(p->group), p->lifetime);
}

/* The suites of new IOS images count down from 65508; the one with
 * certificates (65507) is not there. */
int
show_crypto_isakmp_policy(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_policy_args *a)
{
	static const struct isakmp_policy builtin = {.priority = 65508,
	    .cipher = IKE_AES, .key_bits = 128, .hash = IKE_SHA1,
	    .auth = IKE_PSK, .group = 5, .lifetime = 86400};
	const struct conf *c = conf_of(ctx);
	const struct isakmp_policy *p;
	bool none = c->isakmp_policies.n == 0 && !c->isakmp_no_default;
	struct show v;

	show_begin(&v, ctx);
	if (!a->only_default && !none)
		show_text(&v, "\nGlobal IKE policy\n");
	else if (!c->isakmp_no_default)
		show_text(&v, "\nDefault IKE policy\n");
	show_array(&v, "policies");
	if (!a->only_default)
		CF_FOREACH(p, &c->isakmp_policies)
			policy_text(&v, p, "Protection suite");
	if (a->only_default ? !c->isakmp_no_default : none)
		policy_text(&v, &builtin, "Default protection suite");
	return show_end(&v);
}

static void
key_rows(struct cli_ctx *ctx, const char *ring, const struct cf_list *keys)
{
	char addr[IP4_STRLEN], mask[IP4_STRLEN], host[128];
	const struct isakmp_key *k;

	CF_FOREACH(k, keys) {
		if (k->hostname[0] != '\0')
			str_copy(host, k->hostname, sizeof(host));
		else if (k->mask == UINT32_MAX)
			str_copy(host, ip4_str(k->addr, addr), sizeof(host));
		else
			snprintf(host, sizeof(host), "%-15s[%-15s]",
			    ip4_str(k->addr, addr), ip4_str(k->mask, mask));
		cli_printf(ctx, "%-13s%-44s<hidden>\n", ring, host);
		ring = "";
	}
}

/* The key itself is a secret: it stands in the running configuration, which
 * needs its own privilege, and nowhere else. */
int
show_crypto_isakmp_key(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_key_args *a UNUSED)
{
	const struct keyring *r;

	cli_printf(ctx, "Keyring      Hostname/Address"
			"                            Preshared Key\n\n");
	key_rows(ctx, "default", &conf_of(ctx)->isakmp_keys);
	CF_FOREACH(r, &conf_of(ctx)->keyrings)
		key_rows(ctx, r->name, &r->keys);
	return CLI_DONE;
}

/* ---- profiles and peers ---- */

static void
profile_match(struct cli_ctx *ctx, const struct profile_match *m)
{
	static const char *const kinds[] = {[MATCH_HOST] = "fqdn",
	    [MATCH_HOST_DOMAIN] = "domain", [MATCH_USER_FQDN] = "user-fqdn",
	    [MATCH_USER_DOMAIN] = "user-fqdn domain",
	    [MATCH_GROUP] = "group"};
	char addr[IP4_STRLEN], mask[IP4_STRLEN];

	if (m->kind == MATCH_ADDRESS)
		cli_printf(ctx, "    ip-address %s %s\n",
		    ip4_str(m->addr, addr), ip4_str(m->mask, mask));
	else
		cli_printf(ctx, "    %s %s\n", kinds[m->kind], m->name);
}

static void
profile_text(struct cli_ctx *ctx, const struct isakmp_profile *p)
{
	static const char *const selfs[] = {[SELF_ADDRESS] = "ip-address",
	    [SELF_FQDN] = "fqdn", [SELF_USER_FQDN] = "user-fqdn"};
	const struct profile_match *m;
	const struct profile_keyring *k;
	const char *sep = "";
	char addr[IP4_STRLEN];

	cli_printf(ctx, "\nIKEv1 PROFILE %s\n"
			"   Identities matched are:\n", p->name);
	CF_FOREACH(m, &p->matches)
		profile_match(ctx, m);
	cli_printf(ctx, "   Certificate maps matched are:\n");
	if (p->self != SELF_DEFAULT)
		cli_printf(ctx, "   Identity presented is: %s%s%s\n",
		    selfs[p->self], p->self_name[0] != '\0' ? " " : "",
		    p->self_name);
	cli_printf(ctx, "   keyring(s): ");
	CF_FOREACH(k, &p->keyrings) {
		cli_printf(ctx, "%s%s", sep, k->name);
		sep = " ";
	}
	cli_printf(ctx, "%s\n   trustpoint(s): <none>\n",
	    p->keyrings.n == 0 ? "<none>" : "");
	if (p->local_if[0] != '\0' || p->local_addr != 0)
		cli_printf(ctx, "   Interface binding: %s\n",
		    p->local_if[0] != '\0' ? p->local_if
					   : ip4_str(p->local_addr, addr));
	if (p->keepalive_secs != 0)
		cli_printf(ctx, "   keepalive %u retry %u\n",
		    p->keepalive_secs, p->keepalive_retry);
	if (p->aggressive)
		cli_printf(ctx, "   initiate mode aggressive\n");
}

int
show_crypto_isakmp_profile(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_profile_args *a)
{
	const struct isakmp_profile *p;

	CF_FOREACH(p, &conf_of(ctx)->isakmp_profiles)
		if (a->profile[0] == '\0' || strcmp(a->profile, p->name) == 0)
			profile_text(ctx, p);
	return CLI_DONE;
}

int
show_crypto_isakmp_peers_config(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_peers_config_args *a UNUSED)
{
	const struct isakmp_peer *p;
	char addr[IP4_STRLEN];

	CF_FOREACH(p, &conf_of(ctx)->isakmp_peers) {
		cli_printf(ctx, "Peer: %s\n", p->hostname[0] != '\0'
			? p->hostname : ip4_str(p->addr, addr));
		if (p->password[0] != '\0')
			cli_printf(ctx, " Aggressive mode password: <hidden>\n");
		if (p->endpoint != SELF_DEFAULT)
			cli_printf(ctx, " Aggressive mode client endpoint: %s\n",
			    p->endpoint == SELF_ADDRESS
				? ip4_str(p->endpoint_addr, addr)
				: p->endpoint_name);
	}
	return CLI_DONE;
}
