/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `redundancy` of a key server: what grammar/gdoi.cli cannot say about its
 * lines. Runs in main, and in ike when it reads its part.
 */
#include "config.h"

#include "cli_gen.h"
#include "conf/cf.h"

/* Alone a key server without `identifier' owns all KSSIDs; of several each
 * has to be told which are its own. */
static bool
lacks_kssids(const struct conf *c, const struct gdoi_local *l)
{
	const struct gdoi_identifier *id = (const void *)l->identifiers.first;
	const struct transform_set *t;
	const struct ipsec_profile *p;
	const struct gdoi_sa *sa;

	if (id != NULL && id->kssids.n != 0)
		return false;
	CF_FOREACH (sa, &l->sas) {
		p = conf_find_ipsec_profile(c, sa->profile);
		t = p == NULL ? NULL :
		    conf_find_transform_set(c, p->sets.set1);
		if (t != NULL && esp_is_aead(&t->esp))
			return true;
	}
	return false;
}

int
gdoi_coop_check(struct cf_check *k, const struct gdoi_coop *c)
{
	const struct gdoi_local *l = (const void *)k->parent;

	(void)c;
	if (k->negated)
		return 0;
	if (l->addr == 0)
		cf_note(k, "%% NOTE: Redundancy will remain disabled until "
		    "`address ipv4' of this key server\n         has been "
		    "configured.");
	if (lacks_kssids(k->conf, l))
		cf_note(k, "%% NOTE: This key server will not register GMs "
		    "until `identifier' names the KSSIDs\n         that are "
		    "its own.");
	return 0;
}

static bool
has_peer(const struct gdoi_coop *c, uint32_t addr)
{
	const struct gdoi_coop_peer *p;

	CF_FOREACH (p, &c->peers)
		if (p->addr == addr)
			return true;
	return false;
}

static unsigned
count_peers(const struct gdoi_coop *c)
{
	const struct gdoi_coop_peer *p;
	unsigned n = 0;

	CF_FOREACH (p, &c->peers)
		n++;
	return n;
}

int
gdoi_coop_peer_check(struct cf_check *k, const struct gdoi_coop_peer *p)
{
	const struct gdoi_coop *c = (const void *)k->parent;
	const struct gdoi_local *l = (const void *)k->parent->parent;
	const struct interface *i;
	char a[IP4_STRLEN];

	if (k->negated || has_peer(c, p->addr))
		return 0;
	if (p->addr >> 24 == 0 || p->addr >> 28 >= 0xe)
		return cf_reject(k, "%% %s is not the address of a router",
		    ip4_str(p->addr, a));
	if (p->addr == l->addr)
		return cf_reject(k, "%% %s is the local address of this key "
		    "server, it cannot be a peer", ip4_str(p->addr, a));
	CF_FOREACH (i, &k->conf->interfaces)
		if (i->addr == p->addr)
			return cf_reject(k, "%% %s is an address of this "
			    "router, it cannot be a peer",
			    ip4_str(p->addr, a));
	if (count_peers(c) >= COOP_PEERS_MAX)
		return cf_reject(k, "%% A key server has at most %d peers, %s "
		    "cannot be added", COOP_PEERS_MAX, ip4_str(p->addr, a));
	return 0;
}

int
gdoi_local_address_check(struct cf_check *k, const struct gdoi_local *l)
{
	const struct gdoi_coop *c = (const void *)l->coop.first;
	char a[IP4_STRLEN];

	if (!k->negated && c != NULL && has_peer(c, l->addr))
		return cf_reject(k, "%% %s is a peer of `redundancy', it cannot "
		    "be the local address", ip4_str(l->addr, a));
	return 0;
}

int
gdoi_coop_timers_check(struct cf_check *k, const struct gdoi_coop *c)
{
	if (!k->negated && c->timeout <= c->periodic)
		cf_note(k, "%% NOTE: Announcements come every %u seconds: "
		    "secondary key servers that wait %u\n         seconds "
		    "ask for each of them", c->periodic, c->timeout);
	return 0;
}
