/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bench of the configuration engine: lines per second, what a line costs
 * against the smallest size (1.0x: linear), and against splitting and copying
 * the same text in the same run, which is the limit.
 */
#include "config.h"

#include <stdio.h>

#include "conf_text.h"

static double
ns_per_line(const struct conf_times *t, unsigned op)
{
	return (double)t->us[op] * 1000 / t->lines;
}

int
main(void)
{
	static const struct {
		unsigned lines, rounds;
	} sizes[] = {{1000, 20}, {10000, 5}, {100000, 2}};
	struct conf_times t[NELEM(sizes)];

	for (size_t i = 0; i < NELEM(sizes); i++)
		conf_measure(&t[i], sizes[i].lines, sizes[i].rounds);
	printf("%-11s %8s %12s %10s %9s %10s\n", "operation", "lines",
	    "lines/s", "ns/line", "to small", "to copying");
	for (unsigned op = 0; op < OP_COUNT; op++)
		for (size_t i = 0; i < NELEM(sizes); i++) {
			double ns = ns_per_line(&t[i], op);

			printf("%-11s %8u %12.0f %10.0f %8.2fx %9.1fx\n",
			    conf_op_names[op], t[i].lines, 1e9 / ns, ns,
			    ns / ns_per_line(&t[0], op),
			    ns / ns_per_line(&t[i], OP_COPY));
		}
	return 0;
}
