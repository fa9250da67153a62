/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `ip nat translation max-entries {all-host | host A | list L}` in process
 * fwd: how many entries hosts inside may have. Counted are those that packets
 * make, by their inside local address, from the first line about hosts on,
 * and for each list from its line on. An entry counts for the first list that
 * permits the packet that makes it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/nat_priv.h"

#define HOST_BITS 21
#define HOSTS (1u << HOST_BITS)

_Static_assert(HOSTS >= 2 * NAT_ENTRIES_MAX, "never more than half full");

/* ---- entries of each host: open addressing ---- */

static uint32_t
home_of(const struct nat *n, uint32_t addr)
{
	return (uint32_t)(nat_hash(n, addr, 0) >> (64 - HOST_BITS));
}

static struct nat_host *
host_at(const struct nat *n, uint32_t addr)
{
	uint32_t i = home_of(n, addr);

	while (n->hosts[i].addr != 0 && n->hosts[i].addr != addr)
		i = (i + 1) % HOSTS;
	return &n->hosts[i];
}

/* Those behind it that would not be found across the gap move up. */
static void
host_del(struct nat *n, struct nat_host *h)
{
	uint32_t gap = (uint32_t)(h - n->hosts), i = gap;

	for (;;) {
		i = (i + 1) % HOSTS;
		if (n->hosts[i].addr == 0)
			break;
		if ((i - home_of(n, n->hosts[i].addr)) % HOSTS >=
		    (i - gap) % HOSTS) {
			n->hosts[gap] = n->hosts[i];
			gap = i;
		}
	}
	n->hosts[gap] = (struct nat_host){ 0 };
}

void
nat_limit_count(struct nat *n, struct nat_entry *e, bool add)
{
	struct nat_host *h;

	if (e->limit != 0 && add)
		n->lists[e->limit].count++;
	else if (e->limit != 0)
		n->lists[e->limit].count--;
	if (add) {
		if (n->hosts == NULL || e->il == 0 || e->kind == NAT_ANCHOR ||
		    (e->flags & (NE_STATIC | NE_OWN)) != 0)
			return;
		h = host_at(n, e->il);
		h->addr = e->il;
		h->count++;
		e->flags |= NE_COUNTED;
	} else if ((e->flags & NE_COUNTED) != 0) {
		h = host_at(n, e->il);
		if (--h->count == 0)
			host_del(n, h);
	}
}

/* ---- a packet wants an entry ---- */

static int
compare(const void *a, const void *b)
{
	uint32_t x = ((const struct nat_host_limit *)a)->addr;
	uint32_t y = ((const struct nat_host_limit *)b)->addr;

	return x < y ? -1 : x > y;
}

static struct nat_host_limit *
limit_of(const struct nat *n, uint32_t addr)
{
	const struct nat_host_limit want = { .addr = addr };

	return n->n_host_limits == 0 ? NULL : bsearch(&want, n->host_limits,
	    n->n_host_limits, sizeof(want), compare);
}

static bool
reached(const struct nat_ask *a, uint32_t host, uint32_t max, uint32_t list)
{
	fwd_event_log(a->f, LOG_NAT_LIMIT, list != 0 ? list : host,
	    &(struct event){ .a = host, .b = max, .c = list });
	return false;
}

static bool
host_allows(const struct nat_ask *a, uint32_t host)
{
	struct nat_host_limit *l = limit_of(a->n, host);
	uint32_t max = l != NULL ? l->max : a->n->all_host;

	if (max == 0 || host_at(a->n, host)->count < max)
		return true;
	(*(l != NULL ? &l->missed : &a->n->all_host_missed))++;
	return reached(a, host, max, 0);
}

bool
nat_limit_allows(const struct nat_ask *a, struct nat_entry *e,
    const struct flow *fl)
{
	struct nat_list_limit *l;
	unsigned i;

	for (i = 0; i < a->r->n_lists; i++) {
		if (nat_match(a->r->lists[i].match, fl))
			break;
	}
	if (i < a->r->n_lists) {
		e->limit = a->r->lists[i].id;
		l = &a->n->lists[e->limit];
		if (l->count >= l->max) {
			l->missed++;
			return reached(a, e->il, l->max, e->limit);
		}
	}
	return a->n->hosts == NULL || host_allows(a, e->il);
}

/* ---- configuration ---- */

/* The record of a list, while a line names it and as long as entries do; 0:
 * there are too many. */
static uint8_t
list_get(struct nat *n, const char *acl)
{
	unsigned i, id = 0;

	for (i = 1; i < NELEM(n->lists); i++) {
		if (strcmp(n->lists[i].acl, acl) == 0)
			return (uint8_t)i;
		if (id == 0 && !n->lists[i].used && n->lists[i].count == 0)
			id = i;
	}
	if (id == 0)
		return 0;
	n->lists[id] = (struct nat_list_limit){ 0 };
	str_copy(n->lists[id].acl, acl, sizeof(n->lists[id].acl));
	return (uint8_t)id;
}

static void
add_list(struct fwd *f, struct nat_rules *r, const struct nat_limit *c)
{
	uint8_t id = list_get(f->nat, c->acl);

	if (id == 0)
		return;
	f->nat->lists[id].used = true;
	f->nat->lists[id].max = c->max;
	r->lists[r->n_lists].id = id;
	r->lists[r->n_lists++].match = nat_match_list(f, r, c->acl);
}

void
nat_limit_config(struct fwd *f, struct nat_rules *r)
{
	const struct cf_list *all = &f->conf->nat_limits;
	struct nat *n = f->nat;
	struct nat_host_limit *new = xcalloc(all->n + 1, sizeof(*new)), *old;
	const struct nat_limit *c;
	unsigned i, hosts = 0;

	r->lists = arena_alloc(r->mem, (all->n + 1) * sizeof(*r->lists));
	for (i = 1; i < NELEM(n->lists); i++)
		n->lists[i].used = false;
	CF_FOREACH(c, all) {
		if (c->acl[0] != '\0') {
			add_list(f, r, c);
			continue;
		}
		old = limit_of(n, c->addr);
		new[hosts].addr = c->addr;
		new[hosts].missed = old != NULL ? old->missed : 0;
		new[hosts++].max = c->max;
	}
	qsort(new, hosts, sizeof(*new), compare);
	free(n->host_limits);
	n->host_limits = new;
	n->n_host_limits = hosts;
	n->all_host = f->conf->nat_max_all_host;
	r->limits = hosts > 0 || n->all_host != 0 || r->n_lists > 0;
	if ((hosts > 0 || n->all_host != 0) && n->hosts == NULL)
		n->hosts = xcalloc(HOSTS, sizeof(*n->hosts));
}

/* ---- show ---- */

size_t
nat_limits_get(struct fwd *f, struct nat_limit_view *out, size_t max)
{
	struct nat *n = f->nat;
	const struct nat_host_limit *h;
	const struct nat_limit *c;
	size_t i = 0, id;

	if (f->conf == NULL)
		return 0;
	pthread_mutex_lock(&n->lock);
	CF_FOREACH(c, &f->conf->nat_limits) {
		if (i == max)
			break;
		out[i] = (struct nat_limit_view){ .conf = c };
		h = c->acl[0] == '\0' ? limit_of(n, c->addr) : NULL;
		if (h != NULL && n->hosts != NULL) {
			out[i].used = host_at(n, c->addr)->count;
			out[i].missed = h->missed;
		}
		for (id = 1; h == NULL && id < NELEM(n->lists); id++) {
			if (strcmp(n->lists[id].acl, c->acl) != 0)
				continue;
			out[i].used = n->lists[id].count;
			out[i].missed = n->lists[id].missed;
		}
		i++;
	}
	pthread_mutex_unlock(&n->lock);
	return i;
}

void
nat_limit_clear(struct nat *n)
{
	unsigned i;

	n->all_host_missed = 0;
	for (i = 0; i < n->n_host_limits; i++)
		n->host_limits[i].missed = 0;
	for (i = 1; i < NELEM(n->lists); i++)
		n->lists[i].missed = 0;
}
