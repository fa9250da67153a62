/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Weak algorithms work, because labs use them, and are named: one log line
 * for each when it has come into the configuration. While somebody types they
 * wait: a policy begins with the defaults of IOS, which are weak.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "main/router.h"

enum weak { WEAK_DES, WEAK_3DES, WEAK_MD5, WEAK_SHA1, WEAK_GROUP1, WEAK_GROUP2,
	WEAK_GROUP5, WEAK_ESP_DES, WEAK_ESP_3DES, WEAK_ESP_MD5, WEAK_ESP_NULL,
	WEAK_KEK_DES, WEAK_KEK_3DES, WEAK_AGGRESSIVE };

static const char *const names[] = {
    [WEAK_DES] = "DES in an isakmp policy",
    [WEAK_3DES] = "3DES in an isakmp policy",
    [WEAK_MD5] = "MD5 in an isakmp policy",
    [WEAK_SHA1] = "SHA-1 in an isakmp policy",
    [WEAK_GROUP1] = "Diffie-Hellman group 1 in an isakmp policy",
    [WEAK_GROUP2] = "Diffie-Hellman group 2 in an isakmp policy",
    [WEAK_GROUP5] = "Diffie-Hellman group 5 in an isakmp policy",
    [WEAK_ESP_DES] = "esp-des in a transform-set",
    [WEAK_ESP_3DES] = "esp-3des in a transform-set",
    [WEAK_ESP_MD5] = "esp-md5-hmac in a transform-set",
    [WEAK_ESP_NULL] = "esp-null in a transform-set (no encryption)",
    [WEAK_KEK_DES] = "DES as rekey algorithm",
    [WEAK_KEK_3DES] = "3DES as rekey algorithm (the default)",
    [WEAK_AGGRESSIVE] = "ISAKMP aggressive mode with pre-shared keys",
};

static void
add(uint32_t *set, bool is, enum weak w)
{
	if (is)
		*set |= (uint32_t)1 << w;
}

static uint32_t
weak_of(const struct conf *conf)
{
	const struct isakmp_policy *p;
	const struct transform_set *t;
	const struct gdoi_group *g;
	const struct gdoi_local *l;
	uint32_t set = 0;

	add(&set, conf->isakmp_aggressive == AGGRESSIVE_ALL, WEAK_AGGRESSIVE);
	CF_FOREACH(p, &conf->isakmp_policies) {
		add(&set, p->cipher == IKE_DES, WEAK_DES);
		add(&set, p->cipher == IKE_3DES, WEAK_3DES);
		add(&set, p->hash == IKE_MD5, WEAK_MD5);
		add(&set, p->hash == IKE_SHA1, WEAK_SHA1);
		add(&set, p->group == 1, WEAK_GROUP1);
		add(&set, p->group == 2, WEAK_GROUP2);
		add(&set, p->group == 5, WEAK_GROUP5);
	}
	CF_FOREACH(t, &conf->transform_sets) {
		add(&set, t->esp.cipher == ESP_DES, WEAK_ESP_DES);
		add(&set, t->esp.cipher == ESP_3DES, WEAK_ESP_3DES);
		add(&set, t->esp.auth == ESP_AUTH_MD5, WEAK_ESP_MD5);
		add(&set, t->esp.cipher == ESP_NULL && t->ah == 0,
		    WEAK_ESP_NULL);
	}
	CF_FOREACH(g, &conf->gdoi_groups)
		CF_FOREACH(l, &g->local) {
			add(&set, l->rekey_cipher == ESP_DES, WEAK_KEK_DES);
			add(&set, l->rekey_cipher == ESP_3DES &&
			    l->rsa_label[0] != '\0', WEAK_KEK_3DES);
		}
	return set;
}

void
weak_log(struct router *r)
{
	uint32_t set = weak_of(r->committed), fresh = set & ~r->weak_named;
	unsigned i;

	r->weak_named &= set;
	if (console_configuring(r))
		return;
	r->weak_named = set;
	for (i = 0; i < NELEM(names); i++)
		if ((fresh >> i & 1) != 0)
			log_emit(LOG_SYS_WEAK, names[i]);
}
