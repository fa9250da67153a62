/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto isakmp peers and show crypto isakmp sa count. Runs in process
 * ike.
 */
#include "config.h"

#include <string.h>

#include "gdoi/show.h"

static bool
shown_before(const struct ike *ike, const struct ike_sa *sa)
{
	const struct ike_sa *o;

	TAILQ_FOREACH(o, &ike->sas, link) {
		if (o == sa)
			return false;
		if (o->state == IKE_IDLE &&
		    o->remote.addr == sa->remote.addr &&
		    o->remote.port == sa->remote.port &&
		    o->local.addr == sa->local.addr)
			return true;
	}
	return false;
}

int
show_crypto_isakmp_peers(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_peers_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	char local[IP4_STRLEN], remote[IP4_STRLEN], id[IKE_ID_STRLEN];
	const struct ike_sa *sa;

	TAILQ_FOREACH(sa, &g->ike->sas, link) {
		if (sa->state != IKE_IDLE || shown_before(g->ike, sa))
			continue;
		cli_printf(ctx, "Peer: %s Port: %u Local: %s\n",
		    ip4_str(sa->remote.addr, remote), sa->remote.port,
		    ip4_str(sa->local.addr, local));
		cli_printf(ctx, " Phase1 id: %s\n",
		    ike_id_str(&sa->peer_id, id));
		if (sa->profile[0] != '\0')
			cli_printf(ctx, " Profile: %s\n", sa->profile);
	}
	return CLI_DONE;
}

int
show_crypto_isakmp_count(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_count_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ike_sa *sa;
	unsigned active = 0, negotiated = 0;

	TAILQ_FOREACH(sa, &g->ike->sas, link)
		*(sa->state == IKE_IDLE ? &active : &negotiated) += 1;
	cli_printf(ctx,
	    "Active ISAKMP SA's: %u\n"
	    "Standby ISAKMP SA's: 0\n"
	    "Currently being negotiated ISAKMP SA's: %u\n"
	    "Dead ISAKMP SA's: 0\n", active, negotiated);
	return CLI_DONE;
}
