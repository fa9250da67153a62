/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections of this router itself beside those that are translated to its
 * own address, in process fwd: both take ports of that address, and the
 * kernel that chose one does not know what hosts inside have. What the router
 * begins gets an entry like theirs, so that the port is taken for that
 * destination; if a host has it already the router's own is another outside.
 * From the address of an interface inside it is a host like the others.
 */
#include "config.h"

#include "dataplane/nat_priv.h"

/* Not an answer: what strangers ask of the router must not fill the table.
 * Services that talk UDP have ports below 1024 and answer from them. */
static bool
begins(const struct nat_ask *a)
{
	const struct flow *fl = &a->p->flow;

	switch (a->proto) {
	case PROTO_TCP:
		return (fl->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	case PROTO_UDP:
		return a->sport >= 1024;
	default:
		return fl->sport >> 8 == ICMP_ECHO;
	}
}

/* Whether packets to that address can be for hosts inside. */
static bool
is_shared(const struct nat_ask *a)
{
	const struct nat_rules *r = a->r;
	const struct nat_rule *rule;
	unsigned i;
	uint32_t at;

	for (i = 0; i < r->n; i++) {
		rule = r->dynamics[i].rule;
		if (rule->addr == a->src || (rule->pool != NULL &&
		    nat_pool_has(rule->pool, a->src, &at)))
			return true;
	}
	for (i = 0; i < r->n_static; i++) {
		if (r->statics[i].rule->fixed.global == a->src)
			return true;
	}
	return false;
}

/* `ping 203.0.113.9 source GigabitEthernet0/1`. An answer is none: who asked
 * that address has to hear it. */
bool
nat_own_begins_inside(const struct nat_ask *a)
{
	const struct snap *s = a->f->w.snap;
	unsigned i;

	if (!a->ports || !begins(a))
		return false;
	for (i = 1; i <= PORT_MAX; i++)
		if (s->port[i].used && s->port[i].nat == NAT_INSIDE &&
		    s->port[i].addr == a->src)
			return true;
	return false;
}

uint32_t
nat_own_entry(const struct nat_ask *a)
{
	struct nat_entry e = { .kind = NAT_EXTENDED, .proto = a->proto,
		.il = a->src, .ilp = a->sport, .ig = a->src, .igp = a->sport,
		.ol = a->dst, .olp = a->dport, .og = a->dst,
		.ogp = a->dport };
	struct nat_key k = nat_key(a, true);
	uint32_t i;

	if (!a->ports)
		return 0;
	i = nat_find(a->n, true, 0, &k);
	if (i != 0 || !begins(a) || !is_shared(a) ||
	    !nat_alloc_own_port(a->n, &e))
		return i;
	if (a->proto == PROTO_ICMP)
		e.ogp = e.igp;
	if (e.igp == e.ilp)
		e.flags = NE_OWN;
	return nat_entry_add(a->f, a->n, &e);
}
