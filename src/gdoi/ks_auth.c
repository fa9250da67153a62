/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who may register: `authorization address`, `authorization identity` and
 * `registration interface` of a key server's group. Runs in process ike.
 *
 * A list or an identity that is named and does not exist lets nobody in: a
 * typing error must not open a group.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "gdoi/gdoi_priv.h"

static bool
acl_permits(const struct acl *a, uint32_t addr)
{
	const struct acl_entry *e;

	if (a == NULL)
		return false;
	CF_FOREACH (e, &a->entries)
		if (!e->remark && ((e->ace.src ^ addr) & ~e->ace.src_wild) == 0)
			return e->ace.action == ACE_PERMIT;
	return false;
}

/* The interface that the datagram in hand came from. */
static bool
arrived_on(const struct gdoi *g, const char *ifname)
{
	const struct port *p = gdoi_find_port(g, ifname);

	return p != NULL && g->arrival != 0 && (p->ifindex == g->arrival ||
	    p->tun_ifindex == g->arrival);
}

static bool
identity_ok(const struct gdoi *g, const char *name, const struct ike_id *id)
{
	const struct crypto_identity *c =
	    conf_find_crypto_identity(g->conf, name);

	return c != NULL && c->fqdn[0] != '\0' && id->type == ID_FQDN &&
	    strcasecmp(c->fqdn, id->name) == 0;
}

bool
ks_authorized(struct ks_group *grp, const struct ike_sa *sa)
{
	struct gdoi *g = grp->g;
	const struct gdoi_group *c = conf_find_gdoi_group(g->conf, grp->name);
	const struct gdoi_local *l = c != NULL ?
	    (const void *)c->local.first : NULL;
	char text[IKE_ID_STRLEN];

	if (l == NULL)
		return false;
	if (l->reg_if[0] != '\0' && !arrived_on(g, l->reg_if)) {
		ike_log_limited(g->ike, sa->remote.addr,
		    LOG_UNREGISTERED_INTERFACE, grp->name,
		    ip4_str(sa->remote.addr, text), l->reg_if);
		return false;
	}
	if (l->auth_acl[0] != '\0' && !acl_permits(conf_find_acl(g->conf,
	    l->auth_acl), sa->remote.addr)) {
		ike_log_limited(g->ike, sa->remote.addr,
		    LOG_UNAUTHORIZED_IPADDR, grp->name,
		    ip4_str(sa->remote.addr, text));
		return false;
	}
	if (l->auth_identity[0] != '\0' &&
	    !identity_ok(g, l->auth_identity, &sa->peer_id)) {
		ike_log_limited(g->ike, sa->remote.addr,
		    LOG_UNAUTHORIZED_IDENTITY, grp->name,
		    ike_id_str(&sa->peer_id, text));
		return false;
	}
	return true;
}

void
gdoi_arrival(struct gdoi *g, uint32_t ifindex)
{
	g->arrival = ifindex;
}
