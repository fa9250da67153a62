/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: the list that packets are matched with, and in which
 * directions. Runs in process ike.
 *
 *	UDP 848 of this member (client bypass-policy)
 *	deny entries of the crypto map's own ACL
 *	the list of the key server, sa ipsec after sa ipsec
 *
 * Direction: what a command says until the next start, else `passive` of the
 * configuration, else what the key server says.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

/* ---- the list ---- */

static void
append(struct gm_list *l, const struct ace *a, uint16_t sa, uint8_t local)
{
	if (l->n == SA_POLICY_MAX)
		return;
	l->aces[l->n] = *a;
	l->sa_of[l->n] = sa;
	l->local[l->n++] = local;
}

/* Key management of this member itself never is encrypted by the group. */
static void
append_bypass(struct gm_list *l, uint32_t own, uint32_t rekeys_to)
{
	struct ace a = ace_any(ACE_DENY);

	a.proto = 17;
	a.src = own;
	a.src_wild = 0;
	a.sport = a.dport = (struct ace_ports){ ACE_OP_EQ, ISAKMP_PORT, 0 };
	append(l, &a, 0, 1);
	a.dst = own;
	a.dst_wild = 0;
	a.src = 0;
	a.src_wild = UINT32_MAX;
	append(l, &a, 0, 1);
	if (rekeys_to != 0) {
		a.dst = rekeys_to;
		append(l, &a, 0, 1);
	}
}

static const struct acl *
local_acl(const struct gm_group *gm)
{
	return gm->acl[0] != '\0' ? conf_find_acl(gm->g->conf, gm->acl) : NULL;
}

/* Never at the cost of what the key server wants encrypted: what does not
 * fit is encrypted, too. How many there are. */
static unsigned
append_local(struct gm_list *l, struct gm_group *gm)
{
	const struct acl *acl = local_acl(gm);
	const struct acl_entry *e;
	unsigned n = 0;

	if (acl == NULL)
		return 0;
	CF_FOREACH (e, &acl->entries) {
		if (e->remark || e->ace.action != ACE_DENY)
			continue;
		if (l->n + gm->naces >= SA_POLICY_MAX) {
			ike_log(gm->g->ike, LOG_GM_ACL_NUM, gm->acl,
			    gm->name, n);
			break;
		}
		append(l, &e->ace, 0, 1);
		n++;
	}
	return n;
}

/* Both lists have entries, and they are not those of the last time. */
static void
log_merge(struct gm_group *gm, const struct gm_list *l, unsigned n_local)
{
	uint8_t digest[sizeof(gm->merge_digest)] = { 0 };
	struct strbuf text = { 0 };
	char ks[IP4_STRLEN];
	unsigned i;

	if (n_local > 0 && gm->naces > 0) {
		for (i = 0; i < l->n; i++) {
			ace_format(&text, &l->aces[i], ACE_STYLE_CONFIG);
			sb_printf(&text, " %u\n", l->local[i]);
		}
		IKE_HASH(IKE_SHA256, digest, CHUNK(text.s, text.len));
		sb_free(&text);
		if (memcmp(digest, gm->merge_digest, sizeof(digest)) != 0)
			ike_log(gm->g->ike, LOG_GM_ACL_MERGE, gm->acl,
			    ip4_str(gm->ks, ks), gm->name);
	}
	memcpy(gm->merge_digest, digest, sizeof(digest));
}

void
gm_list_make(struct gm_group *gm, struct gm_list *l)
{
	unsigned i, n_local;

	memset(l, 0, sizeof(*l));
	l->aces = xcalloc(SA_POLICY_MAX, sizeof(*l->aces));
	l->sa_of = xcalloc(SA_POLICY_MAX, sizeof(*l->sa_of));
	l->local = xcalloc(SA_POLICY_MAX, sizeof(*l->local));
	if (gm->bypass)
		append_bypass(l, gm->addr, gm->has_kek &&
		    is_multicast(gm->kek.dst.addr) ? gm->kek.dst.addr : 0);
	n_local = append_local(l, gm);
	for (i = 0; i < gm->naces; i++)
		append(l, &gm->aces[i], gm->sa_of[i], 0);
	log_merge(gm, l, n_local);
}

void
gm_list_free(struct gm_list *l)
{
	free(l->aces);
	free(l->sa_of);
	free(l->local);
}

bool
gm_digest_local(struct gm_group *gm)
{
	uint8_t digest[sizeof(gm->local_digest)];
	const struct acl *acl = local_acl(gm);
	struct strbuf text = { 0 };
	const struct acl_entry *e;
	bool permit = false;

	sb_printf(&text, "bypass %u\n", gm->bypass);
	if (acl != NULL) {
		CF_FOREACH (e, &acl->entries) {
			if (e->remark)
				continue;
			permit |= e->ace.action == ACE_PERMIT;
			ace_format(&text, &e->ace, ACE_STYLE_CONFIG);
			sb_printf(&text, "\n");
		}
	}
	IKE_HASH(IKE_SHA256, digest, CHUNK(text.s, text.len));
	sb_free(&text);
	if (memcmp(digest, gm->local_digest, sizeof(digest)) == 0)
		return false;
	memcpy(gm->local_digest, digest, sizeof(digest));
	if (permit)
		ike_log(gm->g->ike, LOG_GM_ACL_PERMIT, gm->acl, gm->name);
	return true;
}

/* ---- direction ---- */

enum sa_direction
gm_direction(const struct gm_group *gm)
{
	if (gm->override != 0)
		return (enum sa_direction)(gm->override - 1);
	return gm->passive ? SA_DIR_INBOUND_OPTIONAL :
	    (enum sa_direction)gm->ks_direction;
}

void
gm_set_direction(struct gm_group *gm)
{
	enum sa_direction is = gm_direction(gm);
	bool change = gm->direction != is;

	gm->direction = (uint8_t)is;
	if (change && gm->naces > 0)
		gm_send_policy(gm);
}

/* ---- client fail-close revert ---- */

static void
set_reverted(struct gm_group *gm, bool reverted)
{
	if (gm->reverted == reverted || gm->naces == 0)
		return;
	gm->reverted = reverted;
	gm_send_policy(gm);
}

/* As long as a TEK lives the group works, servers or not. The policy stays:
 * where there is no fail-close, what it permits goes on to be dropped. */
void
gm_lost(struct gm_group *gm)
{
	const struct gm_tek *t;
	uint64_t now = gdoi_now(gm->g);

	TAILQ_FOREACH(t, &gm->teks, link)
		if (t->expires > now)
			return;
	set_reverted(gm, gm->revert);
}

void
gm_set_revert(struct gm_group *gm, bool revert)
{
	if (gm->revert == revert)
		return;
	gm->revert = revert;
	if (!revert)
		set_reverted(gm, false);
	else if (gm->state != GM_REGISTERED)
		gm_lost(gm);
}
