/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Rekeys by multicast. The key server takes their address from the access
 * list of `rekey address ipv4`; the SA KEK payload tells it the members,
 * which join that group themselves on the interface of the crypto map. Runs in
 * process ike.
 *
 * Multicast packets do not follow policy rules (src/main/plumbing.c marks
 * unicast only): they reach the socket of ike past the packet process, so
 * that no member ever encrypts or decrypts a rekey.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

#define IP_UDP 17

/* A group that the socket is in. Several members may use one. */
struct mcast {
	uint32_t ifindex, addr;
	bool joined, wanted;
};

/* ---- key server ---- */

static bool
port_848(const struct ace_ports *p)
{
	return p->op == ACE_OP_ANY || (p->op == ACE_OP_EQ &&
	    p->lo == ISAKMP_PORT);
}

/* Why rekeys cannot be sent as this entry says; NULL if they can. */
static const char *
unfit(const struct ace *a, uint32_t own)
{
	if (a->proto != IP_UDP)
		return "the entry is not for udp";
	if (a->dst_wild != 0 || !is_multicast(a->dst))
		return "the destination is not a multicast host";
	if (is_link_multicast(a->dst))
		return "a destination in 224.0.0.0/24 does not leave its link";
	if (a->src_wild != UINT32_MAX && (a->src_wild != 0 || a->src != own))
		return "the source is not the address of this key server";
	if (!port_848(&a->sport) || !port_848(&a->dport))
		return "the ports are not 848";
	return NULL;
}

void
ks_mcast_policy(struct gdoi *g, struct ks_policy *p,
    const struct gdoi_local *l)
{
	const struct acl *acl = conf_find_acl(g->conf, l->rekey_acl);
	const struct acl_entry *e;
	const char *why = acl == NULL ? "it does not exist" :
	    "it permits nothing";

	if (l->rekey_acl[0] == '\0') {
		str_copy(p->mcast_problem, "there is neither rekey address"
		    " nor rekey transport unicast", sizeof(p->mcast_problem));
		return;
	}
	if (acl != NULL) {
		CF_FOREACH (e, &acl->entries) {
			if (e->remark || e->ace.action != ACE_PERMIT)
				continue;
			if ((why = unfit(&e->ace, l->addr)) == NULL)
				p->mcast = (struct udp_addr){ e->ace.dst,
					ISAKMP_PORT };
			break; /* the first one counts */
		}
	}
	if (why != NULL)
		snprintf(p->mcast_problem, sizeof(p->mcast_problem),
		    "ACL %s of rekey address: %s", l->rekey_acl, why);
}

/* Out of the interface that has our address; if that is a loopback, out of
 * all that are up. */
void
ks_mcast_send(struct ks_group *grp, struct udp_addr to, const uint8_t *data,
    size_t len)
{
	struct udp_addr from = { grp->addr, ISAKMP_PORT };
	struct gdoi *g = grp->g;
	bool only = false;
	size_t i;

	if (g->io.send_group == NULL)
		return;
	for (i = 1; i < NELEM(g->ports); i++)
		only |= g->ports[i].index != 0 && !g->ports[i].loopback &&
		    g->ports[i].addr == grp->addr;
	for (i = 1; i < NELEM(g->ports); i++) {
		const struct port *p = &g->ports[i];

		if (p->index != 0 && p->up && !p->loopback && p->addr != 0 &&
		    (!only || p->addr == grp->addr))
			g->io.send_group(g->arg, p->ifindex, from, to, data,
			    len);
	}
}

/* ---- group member ---- */

static struct mcast *
find(struct gdoi *g, uint32_t ifindex, uint32_t addr)
{
	unsigned i;

	for (i = 0; i < g->nmcasts; i++)
		if (g->mcasts[i].ifindex == ifindex &&
		    g->mcasts[i].addr == addr)
			return &g->mcasts[i];
	return NULL;
}

static bool
set_member(struct gdoi *g, const struct mcast *m, bool join)
{
	return g->io.member != NULL &&
	    g->io.member(g->arg, m->ifindex, m->addr, join);
}

static void
want(struct gdoi *g, const struct gm_group *gm)
{
	const struct port *p = gdoi_find_port(g, gm->ifname);
	char a[IP4_STRLEN];
	struct mcast *m;

	if (p == NULL || p->loopback || p->ifindex == 0)
		return; /* 0: the kernel would choose a device */
	if ((m = find(g, p->ifindex, gm->kek.dst.addr)) == NULL) {
		g->mcasts = xrealloc(g->mcasts,
		    (g->nmcasts + 1) * sizeof(*g->mcasts));
		m = &g->mcasts[g->nmcasts++];
		*m = (struct mcast){ p->ifindex, gm->kek.dst.addr, false,
			false };
		m->joined = set_member(g, m, true);
		if (!m->joined)
			ike_log(g->ike, LOG_GM_MCAST_JOIN, ip4_str(m->addr,
			    a), gm->ifname, gm->name);
	}
	m->wanted = true;
}

uint32_t
gm_rekey_dst(const struct gm_group *gm)
{
	return is_multicast(gm->kek.dst.addr) ? gm->kek.dst.addr : gm->addr;
}

/* What is and what should be are compared whenever something may have
 * changed: registration, rekey, interface, configuration. */
void
gm_mcast_sync(struct gdoi *g)
{
	const struct gm_group *gm;
	unsigned i, n = 0;

	for (i = 0; i < g->nmcasts; i++)
		g->mcasts[i].wanted = false;
	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->attached && gm->has_kek &&
		    is_multicast(gm->kek.dst.addr))
			want(g, gm);
	for (i = 0; i < g->nmcasts; i++) {
		if (g->mcasts[i].wanted)
			g->mcasts[n++] = g->mcasts[i];
		else if (g->mcasts[i].joined)
			(void)set_member(g, &g->mcasts[i], false);
	}
	g->nmcasts = n;
}

void
gm_mcast_retry(struct gdoi *g)
{
	unsigned i, n = 0;

	for (i = 0; i < g->nmcasts; i++)
		if (g->mcasts[i].joined)
			g->mcasts[n++] = g->mcasts[i];
	g->nmcasts = n;
}
