/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the configuration says about one peer of phase 1: profile, pre-shared
 * key, keepalive, and the identities of both sides. Runs in process ike.
 *
 * Where a key is looked for: a profile that names keyrings has its keys there
 * and nowhere else. Without one, all keyrings that hold for the local address
 * are asked, then the global keys. The name that the peer sent as its identity
 * (aggressive mode) wins, then the most specific address; names are also those
 * of `ip host`, there is no DNS here.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ike/ike_priv.h"

/* ---- identities ---- */

bool
ike_id_get(struct rd r, struct ike_id *id)
{
	const uint8_t *p;
	size_t n, i;

	memset(id, 0, sizeof(*id));
	id->type = rd_u8(&r);
	rd_skip(&r, 3);
	if (id->type == ID_IPV4_ADDR) {
		id->addr = rd_u32(&r);
		return rd_end(&r);
	}
	n = rd_left(&r);
	p = rd_bytes(&r, n);
	if (!rd_ok(&r) || n == 0)
		return false;
	if (id->type != ID_FQDN && id->type != ID_USER_FQDN &&
	    id->type != ID_KEY_ID)
		return true; /* of a form that nothing here can match */
	/* it is compared and printed as text */
	if (n >= sizeof(id->name))
		return false;
	for (i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	memcpy(id->name, p, n);
	return true;
}

void
ike_id_put(struct wr *w, const struct ike_id *id)
{
	if (id->type == ID_IPV4_ADDR) {
		isakmp_put_id(w, ID_IPV4_ADDR, id->addr);
		return;
	}
	wr_u8(w, id->type);
	wr_zero(w, 3);
	wr_bytes(w, id->name, strlen(id->name));
}

const char *
ike_id_str(const struct ike_id *id, char *buf)
{
	switch (id->type) {
	case 0:
		str_copy(buf, "none", IKE_ID_STRLEN);
		break;
	case ID_IPV4_ADDR:
		ip4_str(id->addr, buf);
		break;
	case ID_FQDN:
	case ID_USER_FQDN:
	case ID_KEY_ID:
		str_copy(buf, id->name, IKE_ID_STRLEN);
		break;
	default:
		snprintf(buf, IKE_ID_STRLEN, "of type %u", id->type);
	}
	return buf;
}

static struct ike_id
own_name(const struct conf *c, const char *name)
{
	struct ike_id id = { .type = ID_FQDN };

	if (name[0] != '\0')
		str_copy(id.name, name, sizeof(id.name));
	else
		snprintf(id.name, sizeof(id.name), "%s%s%s", c->hostname,
		    c->domain[0] != '\0' ? "." : "", c->domain);
	return id;
}

struct ike_id
ike_own_id(const struct ike_sa *sa)
{
	const struct conf *c = sa->ike->conf;
	const struct isakmp_profile *p = sa->profile[0] != '\0' ?
	    conf_find_isakmp_profile(c, sa->profile) : NULL;
	const struct isakmp_peer *peer = sa->initiator &&
	    sa->main->type == &aggressive_mode ?
	    ike_peer(c, sa->remote.addr) : NULL;
	struct ike_id id = { .type = ID_IPV4_ADDR, .addr = sa->local.addr };
	unsigned self = p != NULL ? p->self : SELF_DEFAULT;
	const char *name = p != NULL ? p->self_name : "";

	if (peer != NULL && peer->endpoint != SELF_DEFAULT) {
		self = peer->endpoint;
		name = peer->endpoint_name;
		if (self == SELF_ADDRESS)
			id.addr = peer->endpoint_addr;
	}
	/* a dn is the name in a certificate; without one the address goes */
	if (self == SELF_DEFAULT && c->isakmp_identity == ISAKMP_ID_HOSTNAME)
		return own_name(c, "");
	if (self == SELF_FQDN || self == SELF_USER_FQDN) {
		id = own_name(c, name);
		if (self == SELF_USER_FQDN)
			id.type = ID_USER_FQDN;
	}
	return id;
}

/* ---- profiles ---- */

static bool
local_ok(struct ike *ike, uint32_t addr, const char *ifname, uint32_t local)
{
	if (addr != 0)
		return addr == local;
	return ifname[0] == '\0' ||
	    ike->env.if_addr(ike->env.arg, ifname) == local;
}

/* The domain of a name: what stands behind the first dot, or the @. */
static bool
in_domain(const char *name, char mark, const char *domain)
{
	const char *d = strchr(name, mark);

	return d != NULL && strcasecmp(d + 1, domain) == 0;
}

static bool
matches(const struct profile_match *m, const struct ike_id *id)
{
	switch (m->kind) {
	case MATCH_ADDRESS:
		return id->type == ID_IPV4_ADDR &&
		    ((m->addr ^ id->addr) & m->mask) == 0;
	case MATCH_HOST:
		return id->type == ID_FQDN &&
		    strcasecmp(m->name, id->name) == 0;
	case MATCH_HOST_DOMAIN:
		return id->type == ID_FQDN && in_domain(id->name, '.', m->name);
	case MATCH_USER_FQDN:
		return id->type == ID_USER_FQDN &&
		    strcasecmp(m->name, id->name) == 0;
	case MATCH_USER_DOMAIN:
		return id->type == ID_USER_FQDN &&
		    in_domain(id->name, '@', m->name);
	case MATCH_GROUP:
		return id->type == ID_KEY_ID && strcmp(m->name, id->name) == 0;
	default:
		return false;
	}
}

/* The first profile of the configuration that matches. */
const struct isakmp_profile *
ike_find_profile(struct ike *ike, uint32_t local, const struct ike_id *id)
{
	const struct isakmp_profile *p;
	const struct profile_match *m;

	CF_FOREACH (p, &ike->conf->isakmp_profiles) {
		if (!local_ok(ike, p->local_addr, p->local_if, local))
			continue;
		CF_FOREACH (m, &p->matches)
			if (matches(m, id))
				return p;
	}
	return NULL;
}

const struct isakmp_peer *
ike_peer(const struct conf *c, uint32_t addr)
{
	const struct isakmp_peer *p;

	CF_FOREACH (p, &c->isakmp_peers)
		if (p->hostname[0] != '\0' ? ike_host_is(c, p->hostname,
		    addr) : p->addr == addr)
			return p;
	return NULL;
}

bool
ike_host_is(const struct conf *c, const char *name, uint32_t addr)
{
	const struct ip_host *h;

	CF_FOREACH (h, &c->hosts)
		if (h->addr == addr && strcasecmp(h->name, name) == 0)
			return true;
	return false;
}

/* ---- keys ---- */

/* How well a key fits, 0: not at all. The name that the peer gave fits best,
 * then its address, as specific as the mask is. */
static uint64_t
key_fits(const struct conf *c, const struct isakmp_key *k, uint32_t addr,
    const struct ike_id *id)
{
	if (k->hostname[0] == '\0')
		return ((k->addr ^ addr) & k->mask) == 0 ?
		    UINT64_C(1) + k->mask : 0;
	if (id != NULL && (id->type == ID_FQDN || id->type == ID_USER_FQDN) &&
	    strcasecmp(id->name, k->hostname) == 0)
		return UINT64_MAX;
	return ike_host_is(c, k->hostname, addr) ? UINT64_C(1) + UINT32_MAX :
	    0;
}

static const struct isakmp_key *
best_key(const struct conf *c, const struct cf_list *keys, uint32_t addr,
    const struct ike_id *id, const struct isakmp_key *best)
{
	uint64_t than = best != NULL ? key_fits(c, best, addr, id) : 0, fit;
	const struct isakmp_key *k;

	CF_FOREACH (k, keys)
		if ((fit = key_fits(c, k, addr, id)) > than) {
			than = fit;
			best = k;
		}
	return best;
}

static const struct isakmp_key *
key_of_profile(struct ike *ike, const struct isakmp_profile *p,
    uint32_t local, uint32_t addr, const struct ike_id *id)
{
	const struct isakmp_key *k = NULL;
	const struct profile_keyring *name;
	const struct keyring *r;

	CF_FOREACH (name, &p->keyrings) {
		r = conf_find_keyring(ike->conf, name->name);
		if (k == NULL && r != NULL &&
		    local_ok(ike, r->local_addr, r->local_if, local))
			k = best_key(ike->conf, &r->keys, addr, id, NULL);
	}
	return k;
}

const struct isakmp_key *
ike_find_key(struct ike *ike, const char *profile, uint32_t local,
    uint32_t addr, const struct ike_id *id)
{
	const struct isakmp_profile *p = profile[0] != '\0' ?
	    conf_find_isakmp_profile(ike->conf, profile) : NULL;
	const struct isakmp_key *k = NULL, *g;
	const struct keyring *r;

	if (p != NULL && p->keyrings.n != 0)
		return key_of_profile(ike, p, local, addr, id);
	CF_FOREACH (r, &ike->conf->keyrings)
		if (local_ok(ike, r->local_addr, r->local_if, local))
			k = best_key(ike->conf, &r->keys, addr, id, k);
	/* before the global keys, but for one of the name that it gave */
	g = best_key(ike->conf, &ike->conf->isakmp_keys, addr, id, NULL);
	if (k == NULL || (g != NULL &&
	    key_fits(ike->conf, g, addr, id) == UINT64_MAX &&
	    key_fits(ike->conf, k, addr, id) < UINT64_MAX))
		k = g;
	return k;
}

/* The key for a peer that has not said who it is: its profile is that of its
 * address. profile may be NULL. */
const char *
ike_psk_by_addr(struct ike *ike, uint32_t local, uint32_t addr, char *profile)
{
	struct ike_id id = { .type = ID_IPV4_ADDR, .addr = addr };
	const struct isakmp_profile *p = ike_find_profile(ike, local, &id);
	const struct isakmp_key *k;

	k = ike_find_key(ike, p != NULL ? p->name : "", local, addr, NULL);
	if (profile != NULL)
		str_copy(profile, p != NULL ? p->name : "", CONF_NAME);
	return k != NULL ? k->key : NULL;
}

bool
ike_has_key(struct ike *ike, uint32_t local, uint32_t remote)
{
	return ike_psk_by_addr(ike, local, remote, NULL) != NULL;
}

/* The key of an SA: as initiator of aggressive mode that of `crypto isakmp
 * peer`, if it has one. */
const char *
ike_psk(const struct ike_sa *sa)
{
	const struct isakmp_peer *peer;
	const struct isakmp_key *k;

	if (sa->initiator && sa->main->type == &aggressive_mode &&
	    (peer = ike_peer(sa->ike->conf, sa->remote.addr)) != NULL &&
	    peer->password[0] != '\0')
		return peer->password;
	k = ike_find_key(sa->ike, sa->profile, sa->local.addr,
	    sa->remote.addr, sa->peer_id.type != 0 ? &sa->peer_id : NULL);
	return k != NULL ? k->key : NULL;
}

void
ike_profile_of(struct ike *ike, uint32_t local, uint32_t remote,
    char profile[CONF_NAME])
{
	(void)ike_psk_by_addr(ike, local, remote, profile);
}

static bool
refuse_identity(struct ike_sa *sa, const char *why)
{
	char peer[IP4_STRLEN];

	ike_log_limited(sa->ike, sa->remote.addr, LOG_IKMP_MODE_FAILURE,
	    sa->main->type == &aggressive_mode ? "Aggressive" : "Main",
	    ip4_str(sa->remote.addr, peer), why);
	return false;
}

/* The initiator chose its profile before it knew who answers. */
static bool
responder_fits(struct ike_sa *sa, const struct ike_id *id)
{
	const struct isakmp_profile *p = sa->profile[0] != '\0' ?
	    conf_find_isakmp_profile(sa->ike->conf, sa->profile) : NULL;
	const struct profile_match *m;
	char text[IKE_ID_STRLEN], why[300];

	if (p == NULL || p->matches.n == 0)
		return true;
	CF_FOREACH (m, &p->matches)
		if (matches(m, id))
			return true;
	snprintf(why, sizeof(why), "identity %s does not match profile %s",
	    ike_id_str(id, text), p->name);
	return refuse_identity(sa, why);
}

/* 1 and -1: the name has keys of its own in the list, with or without this
 * one; 0: it has none. */
static int
key_of_name(const struct cf_list *keys, const char *name, const char *used)
{
	const struct isakmp_key *k;
	int found = 0;

	CF_FOREACH (k, keys)
		if (strcasecmp(k->hostname, name) == 0) {
			if (strcmp(k->key, used) == 0)
				return 1;
			found = -1;
		}
	return found;
}

/* A name that has a key is proved by that key only, and not by one that holds
 * for addresses. */
static bool
name_is_proved(struct ike_sa *sa, const struct ike_id *id, const char *used)
{
	const struct conf *c = sa->ike->conf;
	const struct keyring *r;
	int found, worst = 0;

	if (id->type != ID_FQDN && id->type != ID_USER_FQDN)
		return true;
	CF_FOREACH (r, &c->keyrings)
		if (local_ok(sa->ike, r->local_addr, r->local_if,
		    sa->local.addr)) {
			if ((found = key_of_name(&r->keys, id->name,
			    used)) > 0)
				return true;
			worst = found < worst ? found : worst;
		}
	found = key_of_name(&c->isakmp_keys, id->name, used);
	return found > 0 || (found == 0 && worst == 0);
}

/* The peer has said who it is, and proved that it has the key: the profile
 * of that identity holds, if the key is one of its. */
bool
ike_take_identity(struct ike_sa *sa, const struct ike_id *id)
{
	struct ike *ike = sa->ike;
	const char *used = ike_psk(sa);
	const struct isakmp_profile *p;
	const struct isakmp_key *k;
	char text[IKE_ID_STRLEN], why[300];

	if (sa->initiator) {
		if (!responder_fits(sa, id))
			return false;
		sa->peer_id = *id;
		return true;
	}
	p = ike_find_profile(ike, sa->local.addr, id);
	if (p != NULL) {
		k = ike_find_key(ike, p->name, sa->local.addr,
		    sa->remote.addr, id);
		if (used == NULL || k == NULL || strcmp(k->key, used) != 0) {
			snprintf(why, sizeof(why), "identity %s belongs to"
			    " profile %s, which has another key",
			    ike_id_str(id, text), p->name);
			return refuse_identity(sa, why);
		}
	} else if (used == NULL || !name_is_proved(sa, id, used)) {
		snprintf(why, sizeof(why), "identity %s has another key",
		    ike_id_str(id, text));
		return refuse_identity(sa, why);
	}
	str_copy(sa->profile, p != NULL ? p->name : "", sizeof(sa->profile));
	sa->peer_id = *id;
	return true;
}

struct ike_keepalive
ike_keepalive(const struct ike_sa *sa)
{
	return ike_keepalive_of(sa->ike, sa->profile);
}

struct ike_keepalive
ike_keepalive_of(const struct ike *ike, const char *profile)
{
	const struct conf *c = ike->conf;
	const struct isakmp_profile *p = profile[0] != '\0' ?
	    conf_find_isakmp_profile(c, profile) : NULL;

	if (p != NULL && p->keepalive_secs != 0)
		return (struct ike_keepalive){ p->keepalive_secs,
			p->keepalive_retry, c->keepalive_periodic };
	return (struct ike_keepalive){ c->keepalive_secs,
		c->keepalive_retry != 0 ? c->keepalive_retry : 2,
		c->keepalive_periodic };
}
