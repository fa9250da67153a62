/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a child gives up before it sees the first byte from the network.
 */
#ifndef COHORT_PRIVDROP_H
#define COHORT_PRIVDROP_H

#include "base/base.h"

/* No core files, no tracing by others. First thing in a child. */
void privdrop_early(void);
/* Empty root, nobody, no capabilities, no new privileges, a filter of system
 * calls. What a user namespace does not offer (a second user) is left out;
 * everything else that fails is fatal(). */
void privdrop(void);

#endif
