/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clear crypto isakmp and show cohort isakmp, of all instances of phase 1.
 * Runs in process ike.
 */
#include "config.h"

#include "cli_gen.h"
#include "ike/cmd.h"

void
ike_clear_peer(struct ike *ike, uint32_t local, uint32_t peer)
{
	struct ike_sa *sa, *next;

	for (sa = TAILQ_FIRST(&ike->sas); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if ((peer == 0 || sa->remote.addr == peer) &&
		    (local == 0 || sa->local.addr == local))
			ike_sa_delete(sa, true, "cleared by the operator");
	}
}

void
ike_clear(struct ike *ike)
{
	ike_clear_peer(ike, 0, 0);
}

static struct ike_sa *
sa_of_conn(struct ike *ike, uint32_t conn_id)
{
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &ike->sas, link)
		if (sa->conn_id == conn_id)
			break;
	return sa;
}

int
clear_crypto_isakmp(struct cli_ctx *ctx,
    const struct clear_crypto_isakmp_args *args)
{
	const struct ike_engines *e = cli_engine(ctx);
	struct ike_sa *sa = NULL;
	unsigned i;

	for (i = 0; i < ENGINE_COUNT && sa == NULL; i++) {
		if (e->ike[i] == NULL)
			continue;
		if (args->conn_id == 0)
			ike_clear(e->ike[i]);
		else if ((sa = sa_of_conn(e->ike[i], args->conn_id)) != NULL)
			ike_sa_delete(sa, true, "cleared by the operator");
		ike_reap(e->ike[i]);
	}
	if (args->conn_id == 0 || sa != NULL)
		return CLI_DONE;
	cli_printf(ctx, "%% There is no ISAKMP SA with connection id %u\n",
	    args->conn_id);
	return CLI_FAILED;
}

static void
add_stats(struct ike_stats *sum, const struct ike_stats *s)
{
	sum->bad += s->bad;
	sum->no_sa += s->no_sa;
	sum->first += s->first;
	sum->offer_bytes += s->offer_bytes;
	sum->half_open += s->half_open;
	sum->unproven += s->unproven;
	sum->evicted += s->evicted;
	sum->denied += s->denied;
	sum->dh += s->dh;
}

int
show_cohort_isakmp(struct cli_ctx *ctx,
    const struct show_cohort_isakmp_args *args UNUSED)
{
	const struct ike_engines *e = cli_engine(ctx);
	struct ike_stats s = { 0 };
	unsigned i;

	for (i = 0; i < ENGINE_COUNT; i++)
		if (e->ike[i] != NULL)
			add_stats(&s, &e->ike[i]->stats);
	cli_printf(ctx,
	    "%10u  messages malformed, false or unexpected\n"
	    "%10u  messages for an SA that does not exist\n"
	    "%10u  first messages answered\n"
	    "%10u  octets of offers remembered\n"
	    "%10u  exchanges half open now\n"
	    "%10u  of them in aggressive mode, address not proved\n"
	    "%10u  half-open exchanges dropped to make room\n"
	    "%10u  denied by `crypto limit ike`\n"
	    "%10u  Diffie-Hellman computations\n",
	    s.bad, s.no_sa, s.first, s.offer_bytes, s.half_open,
	    s.unproven, s.evicted, s.denied, s.dh);
	return CLI_DONE;
}
