/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The network in memory: which multicast groups a node is in, as its kernel
 * would know.
 */
#include "config.h"

#include "net.h"

bool
net_in_group(const struct node *node, uint32_t addr)
{
	unsigned i;

	for (i = 0; i < node->ngroups; i++)
		if (node->groups[i] == addr)
			return true;
	return false;
}

bool
net_io_member(void *arg, uint32_t ifindex, uint32_t group, bool join)
{
	struct node *node = arg;
	unsigned i;

	if (ifindex != 7 || net_in_group(node, group) == join ||
	    node->no_join || (join && node->ngroups == 8))
		return false; /* as the kernel would */
	node->joins += join;
	node->leaves += !join;
	if (join) {
		node->groups[node->ngroups++] = group;
		return true;
	}
	for (i = 0; node->groups[i] != group; i++)
		;
	node->groups[i] = node->groups[--node->ngroups];
	return true;
}
