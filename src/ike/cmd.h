/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the commands of process ike share; those about phase 1 are about both
 * instances.
 */
#ifndef COHORT_IKE_CMD_H
#define COHORT_IKE_CMD_H

#include "cli/cli.h"
#include "cli/show.h"
#include "ike/engines.h"
#include "ike/ike.h"

static inline struct gdoi *
cmd_gdoi(struct cli_ctx *ctx)
{
	return ((struct ike_engines *)cli_engine(ctx))->gdoi;
}

static inline struct ipsec *
cmd_ipsec(struct cli_ctx *ctx)
{
	return ((struct ike_engines *)cli_engine(ctx))->ipsec;
}

/* "D" and "N", as `show crypto session` explains them; buf of 8. */
const char *ike_capabilities(const struct ike_sa *, char *buf);
void show_hms(struct strbuf *, uint32_t seconds);
/* A row of `show crypto isakmp sa`; in JSON its object stays open. */
void show_isakmp_row(struct show *, uint32_t dst, uint32_t src,
    const char *state, uint32_t conn_id);

#endif
