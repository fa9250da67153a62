/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routing table of process fwd. Nested prefixes are flattened into disjoint
 * ranges of addresses, so that a lookup is one binary search in an array.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/route.h"

struct range {
	uint32_t start;	/* until the next one's */
	uint32_t route;	/* index, UINT32_MAX: none */
};

struct route_table {
	struct route *routes;
	struct range *ranges;
	size_t n;
};

static int
compare(const void *va, const void *vb)
{
	const struct route *a = va, *b = vb;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return a->len - b->len;
}

static uint32_t
last_of(const struct route *r)
{
	return r->prefix | ~ip4_mask_of(r->len);
}

static void
range_add(struct route_table *t, uint32_t start, uint32_t route)
{
	/* a range of no length is overwritten by the one that begins there */
	if (t->n > 0 && t->ranges[t->n - 1].start == start)
		t->n--;
	t->ranges[t->n++] = (struct range){ start, route };
}

struct route_table *
route_table_new(const struct route *routes, size_t n)
{
	struct route_table *t = xcalloc(1, sizeof(*t));
	uint32_t stack[34], top;
	size_t i, depth = 0;

	t->routes = xcalloc(n + 1, sizeof(*t->routes));
	t->ranges = xcalloc(2 * n + 2, sizeof(*t->ranges));
	for (i = 0; i < n; i++) {
		t->routes[i] = routes[i];
		t->routes[i].prefix &= ip4_mask_of(routes[i].len);
	}
	/* Prefixes in order of start, outer before inner: a stack holds
	 * those that are open, its top owns the addresses. (qsort of glibc
	 * is a merge sort, so equal prefixes keep their order.) */
	qsort(t->routes, n, sizeof(*t->routes), compare);
	range_add(t, 0, UINT32_MAX);
	for (i = 0; i <= n; i++) {
		while (depth > 0) {
			top = last_of(&t->routes[stack[depth - 1]]);
			if (i < n && top >= t->routes[i].prefix)
				break;
			depth--;
			if (top != UINT32_MAX)
				range_add(t, top + 1, depth > 0 ?
				    stack[depth - 1] : UINT32_MAX);
		}
		if (i == n || (i > 0 &&
		    compare(&t->routes[i - 1], &t->routes[i]) == 0))
			continue;
		range_add(t, t->routes[i].prefix, (uint32_t)i);
		stack[depth++] = (uint32_t)i;
	}
	return t;
}

void
route_table_free(struct route_table *t)
{
	if (t == NULL)
		return;
	free(t->routes);
	free(t->ranges);
	free(t);
}

const struct route *
route_lookup(const struct route_table *t, uint32_t addr)
{
	size_t lo = 0, hi = t->n, mid;

	while (hi - lo > 1) {
		mid = (lo + hi) / 2;
		if (t->ranges[mid].start <= addr)
			lo = mid;
		else
			hi = mid;
	}
	if (t->ranges[lo].route == UINT32_MAX)
		return NULL;
	return &t->routes[t->ranges[lo].route];
}
