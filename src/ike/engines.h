/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engines of process ike, which its commands get by cli_engine(): two
 * DOIs, each with a phase 1 of its own.
 */
#ifndef COHORT_IKE_ENGINES_H
#define COHORT_IKE_ENGINES_H

enum { ENGINE_GDOI, ENGINE_IPSEC, ENGINE_COUNT };

struct ike_engines {
	struct gdoi *gdoi;
	struct ipsec *ipsec;
	struct ike *ike[ENGINE_COUNT]; /* of each; NULL: none */
};

#endif
