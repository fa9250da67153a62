/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A line costs about the same in a small and in a large configuration: a
 * ratio of two measurements of the same run, never a time. What is quadratic
 * has a ratio of 8; the bound leaves room for caches and a busy machine.
 */
#include "config.h"

#include <stdio.h>

#include "conf_text.h"

#define SMALL 4000
#define LARGE 32000
#define WORST 5.0
#define TRIES 3 /* another process may have taken the processor */

int
main(void)
{
	double ratio, best[OP_COUNT] = {0};
	unsigned op, bad = 1, tries;
	struct conf_times s, l;

	for (tries = 0; bad != 0 && tries < TRIES; tries++) {
		conf_measure(&s, SMALL, 3);
		conf_measure(&l, LARGE, 2);
		for (bad = 0, op = OP_LOAD; op < OP_COUNT; op++) {
			ratio = (double)l.us[op] / l.lines /
			    ((double)s.us[op] / s.lines);
			if (tries == 0 || ratio < best[op])
				best[op] = ratio;
			bad += best[op] > WORST;
		}
	}
	for (op = OP_LOAD; op < OP_COUNT; op++)
		printf("%s: a line of %u costs %.2f of one of %u\n",
		    conf_op_names[op], l.lines, best[op], s.lines);
	printf("%u passed, %u failed\n", OP_COUNT - OP_LOAD - bad, bad);
	return bad != 0;
}
