/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The policy of a key server's group: from the configuration, with its
 * profiles, transform sets and ACLs looked up, to the list of entries that
 * members get. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"
#include "ike/esp_ids.h"

#define LONG_SA 86400 /* seconds, above this it takes AES */

PRINTF_LIKE(3, 4)
static void
problem(struct ks_policy *p, enum log_id id, const char *fmt, ...)
{
	va_list ap;

	if (p->problem[0] != '\0')
		return; /* the first one is the one to repair first */
	p->problem_log = id;
	va_start(ap, fmt);
	vsnprintf(p->problem, sizeof(p->problem), fmt, ap);
	va_end(ap);
}

static void
add_ace(struct ks_policy *p, const struct ace *a, uint16_t sa)
{
	p->aces = xrealloc(p->aces, (p->naces + 1) * sizeof(*p->aces));
	p->aces[p->naces].ace = *a;
	p->aces[p->naces].sa = sa;
	p->naces++;
}

/* What members get of it. */
void
ks_policy_text(struct ks_policy *p)
{
	const struct ks_sa *s;
	unsigned i, j;
	char t[64];

	sb_printf(&p->text, "direction %u\n", p->receive_only);
	sb_printf(&p->text, "kek %u %u %u %u %u %u %s %x:%u\n", p->kek_cipher,
	    p->kek_bits, p->sig_hash, p->kek_life, p->unicast,
	    p->unicast ? p->ack : 0, p->rsa_label, p->mcast.addr,
	    p->mcast.port);
	for (i = 0; i < p->nsas; i++) {
		s = &p->sas[i];
		sb_printf(&p->text, "sa %u %s life %u replay %u %u\n",
		    s->number, esp_transform_str(&s->transform, t), s->life,
		    s->replay, s->window);
		for (j = 0; j < p->naces; j++) {
			if (p->aces[j].sa != s->number)
				continue;
			ace_format(&p->text, &p->aces[j].ace,
			    ACE_STYLE_CONFIG);
			sb_printf(&p->text, "\n");
		}
	}
	if (ks_policy_counter(p)) /* only then it is a matter of the members */
		sb_printf(&p->text, "sid %u\n", p->sid_bits);
}

/* Why an entry cannot travel in a group policy, NULL if it can. */
static const char *
unfit(const struct ace *a)
{
	if ((a->sport.op != ACE_OP_ANY && a->sport.op != ACE_OP_EQ) ||
	    (a->dport.op != ACE_OP_ANY && a->dport.op != ACE_OP_EQ))
		return "only eq is possible for ports";
	if (a->icmp != ACE_ICMP_ANY)
		return "ICMP type";
	if (a->dscp != ACE_DSCP_ANY)
		return "dscp";
	if (a->established)
		return "established";
	if (a->fragments)
		return "fragments";
	if (ip4_prefix_of(~a->src_wild) < 0 || ip4_prefix_of(~a->dst_wild) < 0)
		return "wildcard is not contiguous";
	return NULL;
}

/* permits counts over all lists of the group. */
static void
add_acl(struct gdoi *g, struct ks_policy *p, const struct gdoi_sa *sa,
    const char *group, unsigned *permits)
{
	const struct acl *acl = conf_find_acl(g->conf, sa->acl);
	unsigned before = *permits;
	const struct acl_entry *e;
	const char *why;

	if (acl != NULL) {
		CF_FOREACH (e, &acl->entries) {
			if (e->remark)
				continue;
			if ((why = unfit(&e->ace)) != NULL) {
				ike_log_limited(g->ike, p->naces,
				    LOG_GDOI_ACL_RANGE, sa->acl, group, why);
				continue;
			}
			if (p->naces == SA_POLICY_MAX ||
			    (e->ace.action == ACE_PERMIT &&
			    *permits == GDOI_PERMITS_MAX)) {
				ike_log_limited(g->ike, 0, LOG_GDOI_ACL_NUM,
				    sa->acl, group, GDOI_PERMITS_MAX);
				continue;
			}
			*permits += e->ace.action == ACE_PERMIT;
			add_ace(p, &e->ace, sa->number);
		}
	}
	if (*permits == before) {
		str_copy(p->problem_acl, sa->acl, sizeof(p->problem_acl));
		p->problem_sa = sa->number;
		problem(p, LOG_KS_NO_ACL, "ACL %s of sa ipsec %u does not"
		    " exist or permits nothing", sa->acl[0] != '\0' ? sa->acl :
		    "(none)", sa->number);
	}
}

static void
add_sa(struct gdoi *g, struct ks_policy *p, const struct gdoi_sa *sa)
{
	const struct ipsec_profile *prof =
	    conf_find_ipsec_profile(g->conf, sa->profile);
	const struct transform_set *ts = prof != NULL ?
	    conf_find_transform_set(g->conf, prof->sets.set1) : NULL;
	struct ks_sa *s;

	p->sas = xrealloc(p->sas, (p->nsas + 1) * sizeof(*p->sas));
	s = &p->sas[p->nsas++];
	memset(s, 0, sizeof(*s));
	s->number = sa->number;
	str_copy(s->acl, sa->acl, sizeof(s->acl));
	str_copy(s->profile, sa->profile, sizeof(s->profile));
	s->replay = sa->replay;
	s->window = sa->window;
	if (prof == NULL) {
		problem(p, LOG_KS_NO_POLICY, "profile %s of sa ipsec %u does"
		    " not exist", sa->profile[0] ? sa->profile : "(none)",
		    sa->number);
		return;
	}
	if (ts == NULL || !esp_transform_ok(&ts->esp) || ts->ah != 0) {
		problem(p, LOG_KS_NO_POLICY, "transform-set of profile %s in"
		    " sa ipsec %u %s", sa->profile, sa->number, ts == NULL ?
		    "does not exist" : "cannot be used by a group");
		return;
	}
	s->transform = ts->esp;
	if (ts->mode == MODE_TRANSPORT)
		problem(p, LOG_KS_NO_POLICY, "profile %s of sa ipsec %u is"
		    " not for tunnel mode", sa->profile, sa->number);
	s->life = prof->lifetime != 0 ? prof->lifetime :
	    g->conf->ipsec_lifetime != 0 ? g->conf->ipsec_lifetime : 3600;
}

struct ks_policy *
ks_policy_make(struct gdoi *g, const struct gdoi_group *grp)
{
	const struct gdoi_local *l = (const void *)grp->local.first;
	struct ks_policy *p = xcalloc(1, sizeof(*p));
	const struct gdoi_sa *sa;
	unsigned permits = 0;

	p->kek_cipher = l->rekey_cipher;
	p->kek_bits = l->rekey_cipher == ESP_AES_CBC ? l->rekey_key_bits :
	    l->rekey_cipher == ESP_DES ? 64 : 192;
	p->sig_hash = l->rekey_sig_hash;
	p->kek_life = l->rekey_days != 0 ? l->rekey_days * 86400u :
	    l->rekey_lifetime != 0 ? l->rekey_lifetime : 86400;
	p->unicast = l->unicast;
	p->ack = l->rekey_ack;
	str_copy(p->rekey_acl, l->rekey_acl, sizeof(p->rekey_acl));
	if (!p->unicast)
		ks_mcast_policy(g, p, l);
	str_copy(p->rsa_label, l->rsa_label, sizeof(p->rsa_label));
	p->receive_only = l->receive_only;
	if (p->kek_life > LONG_SA && p->kek_cipher != ESP_AES_CBC)
		problem(p, LOG_KS_NO_POLICY, "a rekey lifetime of more than a"
		    " day needs rekey algorithm aes");
	if (grp->id_type == GDOI_ID_NONE)
		problem(p, LOG_KS_NO_POLICY, "no identity");
	if (l->addr == 0)
		problem(p, LOG_KS_NO_POLICY, "server local has no address");
	if (l->sas.n == 0)
		problem(p, LOG_KS_NO_POLICY, "no sa ipsec");
	CF_FOREACH (sa, &l->sas) {
		add_sa(g, p, sa);
		add_acl(g, p, sa, grp->name, &permits);
	}
	ks_sid_policy(p, l);
	ks_policy_text(p);
	return p;
}

void
ks_policy_free(struct ks_policy *p)
{
	if (p == NULL)
		return;
	sb_free(&p->text);
	free(p->sas);
	free(p->aces);
	free(p);
}

bool
ks_policy_equal(const struct ks_policy *a, const struct ks_policy *b)
{
	return a->text.len == b->text.len && (a->text.len == 0 ||
	    memcmp(a->text.s, b->text.s, a->text.len) == 0);
}

const struct ks_sa *
ks_policy_sa(const struct ks_policy *p, uint16_t number)
{
	unsigned i;

	for (i = 0; i < p->nsas; i++)
		if (p->sas[i].number == number)
			return &p->sas[i];
	return NULL;
}
