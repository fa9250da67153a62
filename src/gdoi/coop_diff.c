/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: differences of their configurations are named, see
 * coop.h. They tell each other digests of what they are configured, and the
 * primary's counts for all. Runs in process ike.
 */
#include "config.h"

#include <string.h>

#include "gdoi/coop.h"

struct item {
	const char *name;
	size_t at; /* in struct coop_config */
};

static const struct item items[] = {
	{ "ACL", offsetof(struct coop_config, acl) },
	{ "transform-set", offsetof(struct coop_config, transform) },
	{ "lifetime", offsetof(struct coop_config, lifetime) },
	{ "replay method/window", offsetof(struct coop_config, replay) },
	{ "rekey", offsetof(struct coop_config, rekey) },
	{ "rekey RSA key", offsetof(struct coop_config, rsa) },
};

static void
short_hash(uint8_t out[8], struct strbuf *sb)
{
	uint8_t hash[32];

	IKE_HASH(IKE_SHA256, hash, CHUNK(sb->s, sb->len));
	memcpy(out, hash, 8);
	sb_free(sb);
}

static void
hash_rsa(const struct ks_group *grp, uint8_t out[8])
{
	const struct rsa_key *rsa = rsa_find(grp->g->rsa,
	    grp->policy->rsa_label);
	uint8_t hash[32];

	memset(out, 0, 8);
	if (rsa == NULL)
		return;
	IKE_HASH(IKE_SHA256, hash, CHUNK(rsa->pub, rsa->pub_len));
	memcpy(out, hash, 8);
}

void
coop_diff_make(const struct ks_group *grp, struct coop_config *c)
{
	struct strbuf acl = { 0 }, tf = { 0 }, life = { 0 }, replay = { 0 };
	struct strbuf rekey = { 0 };
	const struct ks_policy *p = grp->policy;
	char t[64];
	unsigned i;

	for (i = 0; i < p->naces; i++) {
		ace_format(&acl, &p->aces[i].ace, ACE_STYLE_CONFIG);
		sb_printf(&acl, " sa %u\n", p->aces[i].sa);
	}
	sb_printf(&life, "kek %u\n", p->kek_life);
	for (i = 0; i < p->nsas; i++) {
		const struct ks_sa *s = &p->sas[i];

		sb_printf(&tf, "%u %s\n", s->number,
		    esp_transform_str(&s->transform, t));
		sb_printf(&life, "%u %u\n", s->number, s->life);
		sb_printf(&replay, "%u %u %u\n", s->number, s->replay,
		    s->window);
	}
	sb_printf(&rekey, "%u %u %u %u %u %x %u %u\n", p->kek_cipher,
	    p->kek_bits, p->sig_hash, p->unicast, p->unicast ? p->ack : 0,
	    p->mcast.addr, p->receive_only, p->sid_bits);
	short_hash(c->acl, &acl);
	short_hash(c->transform, &tf);
	short_hash(c->lifetime, &life);
	short_hash(c->replay, &replay);
	short_hash(c->rekey, &rekey);
	hash_rsa(grp, c->rsa);
}

/* Said by those that it is between, once for each change. */
static void
compare_config(struct coop_peer *p)
{
	const struct ks_group *grp = p->coop->grp;
	struct coop *c = p->coop;
	struct coop_config own;
	char addr[IP4_STRLEN];
	size_t i;

	coop_diff_make(grp, &own);
	if (memcmp(&own, &p->own_config, sizeof(own)) != 0)
		p->mismatch_logged = false;
	if (p->mismatch_logged ||
	    (c->role != COOP_PRIMARY && c->primary != p->addr))
		return;
	p->own_config = own;
	p->mismatch_logged = true;
	for (i = 0; i < NELEM(items); i++)
		if (memcmp((const uint8_t *)&own + items[i].at,
		    (const uint8_t *)&p->config + items[i].at, 8) != 0)
			ike_log(grp->g->ike, LOG_COOP_CONFIG_MISMATCH,
			    items[i].name, grp->name, ip4_str(p->addr, addr));
}

void
coop_diff_take(struct coop_peer *p, const struct coop_config *config)
{
	if (memcmp(&p->config, config, sizeof(*config)) != 0)
		p->mismatch_logged = false;
	p->config = *config;
	compare_config(p);
}
