/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Access lists of interfaces in process fwd: compiled when the configuration
 * changes, asked when a packet comes in or goes out. The count of matches
 * belongs to the entry and stays with it as long as the entry does not
 * change.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/engine.h"
#include "dataplane/ip.h"

struct acl_obj *
acl_find(const struct fwd *f, const char *name)
{
	size_t i;

	if (name[0] == '\0')
		return NULL;
	for (i = 0; i < f->n_acls; i++) {
		if (strcmp(f->acls[i]->name, name) == 0)
			return f->acls[i];
	}
	return NULL;
}

static void
acl_free(struct ref *r)
{
	struct acl_obj *a = (struct acl_obj *)(void *)r;
	uint32_t i;

	for (i = 0; i < a->n; i++)
		ref_put(a->hits[i]);
	free(a->hits);
	free(a->aces);
	free(a->seqs);
	free(a->logs);
	classifier_free(a->classifier);
	free(a);
}

static bool
ports_equal(const struct ace_ports *a, const struct ace_ports *b)
{
	return a->op == b->op && a->lo == b->lo && a->hi == b->hi;
}

bool
ace_equal(const struct ace *a, const struct ace *b)
{
	return a->action == b->action && a->proto == b->proto &&
	    a->src == b->src && a->src_wild == b->src_wild &&
	    a->dst == b->dst && a->dst_wild == b->dst_wild &&
	    ports_equal(&a->sport, &b->sport) &&
	    ports_equal(&a->dport, &b->dport) && a->icmp == b->icmp &&
	    a->dscp == b->dscp && a->established == b->established &&
	    a->fragments == b->fragments;
}

/* The counter of the same entry in the list before, or a new one. Both are
 * in order of seq, so one walk through the old list serves all. */
static struct hits *
hits_for(const struct acl_obj *old, uint32_t *at, uint32_t seq,
    const struct ace *ace)
{
	while (old != NULL && *at < old->n && old->seqs[*at] < seq)
		(*at)++;
	if (old != NULL && *at < old->n && old->seqs[*at] == seq &&
	    ace_equal(&old->aces[*at], ace))
		return ref_get(old->hits[*at]);
	return hits_new();
}

static struct acl_obj *
acl_compile(const struct acl *conf, const struct acl_obj *old)
{
	struct acl_obj *a = xcalloc(1, sizeof(*a));
	const struct acl_entry *e;
	uint32_t at = 0, n = conf->entries.n;

	a->ref = (struct ref){ 1, acl_free };
	str_copy(a->name, conf->name, sizeof(a->name));
	a->standard = conf->standard;
	a->aces = xcalloc(n + 1, sizeof(*a->aces));
	a->seqs = xcalloc(n + 1, sizeof(*a->seqs));
	a->logs = xcalloc(n + 1, sizeof(*a->logs));
	a->hits = xcalloc(n + 1, sizeof(*a->hits));
	CF_FOREACH(e, &conf->entries) {
		if (e->remark)
			continue;
		a->aces[a->n] = e->ace;
		a->seqs[a->n] = e->seq;
		a->logs[a->n] = e->log;
		a->hits[a->n] = hits_for(old, &at, e->seq, &e->ace);
		a->n++;
	}
	a->classifier = classifier_new(a->aces, a->n);
	return a;
}

void
acls_compile(struct fwd *f, const struct conf *conf)
{
	struct acl_obj **new = NULL;
	const struct acl *a;
	size_t n = 0, i;

	if (conf != NULL) {
		new = xcalloc(conf->acls.n + 1, sizeof(*new));
		CF_FOREACH(a, &conf->acls) {
			new[n++] = acl_compile(a, acl_find(f, a->name));
		}
	}
	for (i = 0; i < f->n_acls; i++)
		ref_put(f->acls[i]);
	free(f->acls);
	f->acls = new;
	f->n_acls = n;
}

/* ---- stages ---- */

/* again: it was let through, and counted, before. */
static bool
acl_permits(const struct acl_obj *a, const struct flow *flow, bool again)
{
	bool permits;
	uint32_t i;

	/* An empty list filters nothing; behind the last entry stands an
	 * unwritten deny. */
	if (a == NULL || a->n == 0)
		return true;
	i = classify(a->classifier, flow);
	if (i == CLASSIFY_NONE)
		return false;
	permits = a->aces[i].action == ACE_PERMIT;
	if (!again || !permits)
		count(&a->hits[i]->packets);
	return permits;
}

enum verdict
stage_acl_in(struct fwd *f, struct pkt *p)
{
	if (acl_permits(port_of(f, p->in_port)->acl_in, &p->flow, false))
		return NEXT;
	icmp_error(f, p, ICMP_UNREACH, ICMP_UNREACH_ADMIN, 0);
	return fwd_drop(f, DROP_ACL_IN);
}

/* What came as ESP was judged as ESP; now as what it is. */
enum verdict
stage_acl_in_again(struct fwd *f, struct pkt *p)
{
	return p->decrypted ? stage_acl_in(f, p) : NEXT;
}

static enum verdict
acl_out(struct fwd *f, struct pkt *p, const struct flow *flow, bool again)
{
	if (acl_permits(port_of(f, p->out_port)->acl_out, flow, again))
		return NEXT;
	icmp_error(f, p, ICMP_UNREACH, ICMP_UNREACH_ADMIN, 0);
	return fwd_drop(f, DROP_ACL_OUT);
}

/* Not asked for packets that this router made (as in IOS). */
enum verdict
stage_acl_out(struct fwd *f, struct pkt *p)
{
	p->acl_dscp = p->flow.dscp;
	return acl_out(f, p, &p->flow, false);
}

enum verdict
acl_out_again(struct fwd *f, struct pkt *p)
{
	struct flow flow = p->flow;

	if (p->in_port == PORT_LOCAL)
		return NEXT;
	flow.dscp = p->acl_dscp;
	return acl_out(f, p, &flow, true);
}
