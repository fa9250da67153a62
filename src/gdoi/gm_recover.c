/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: what the packet process says of packets makes it register
 * (ios-getvpn.md 2.8, `client recovery-check interval`). Runs in process ike.
 *
 * A packet outside the window of a time-based TEK, or with an SPI of our
 * group that we do not have, means that others have another clock or other
 * keys: the key servers fell apart, or ours started anew. The member asks the
 * next server of its list and keeps what it has. Anybody can write an SPI
 * into a packet, so this happens once in the interval and no more often.
 *
 * A key server puts twelve bits of a digest of the group's identity in front
 * of each SPI that it makes: that is how a member knows one of its group.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

#define SPREAD 10	  /* seconds: all members saw the same */
#define AGAIN_MS 60000	  /* for a packet process that has no SA */

uint32_t
gdoi_spi_of_group(uint8_t id_type, uint32_t id, uint32_t random)
{
	uint8_t text[] = { 'S', 'P', 'I', id_type, (uint8_t)(id >> 24),
		(uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id };
	uint8_t d[32];

	IKE_HASH(IKE_SHA256, d, CHUNK(text, sizeof(text)));
	return (uint32_t)d[0] << 24 | (uint32_t)(d[1] & 0xf0) << 16 |
	    (random & 0x000fffff);
}

static uint32_t
random_below(struct gdoi *g, uint32_t n)
{
	uint32_t r;

	ike_random(g->ike, &r, sizeof(r));
	return r % n;
}

void
gm_remember_spi(struct gm_group *gm, uint32_t spi)
{
	gm->ended[gm->nended++ % NELEM(gm->ended)] = spi;
}

/* An SPI of this group that we never had. Key servers of other makes do not
 * mark theirs: then ours do not have the mark either, and nothing is known. */
static bool
is_missing(const struct gm_group *gm, uint32_t spi)
{
	uint32_t mark = gdoi_spi_of_group(gm->id_type, gm->id, 0);
	const struct gm_tek *t;
	bool marked = false;
	unsigned i;

	if ((spi & 0xfff00000) != mark)
		return false;
	for (i = 0; i < NELEM(gm->ended); i++)
		if (gm->ended[i] == spi)
			return false; /* the sender is behind, not we */
	TAILQ_FOREACH(t, &gm->teks, link) {
		if (t->t.spi == spi)
			return false;
		marked |= (t->t.spi & 0xfff00000) == mark;
	}
	return marked;
}

/* Behind the one that it is registered with. */
static unsigned
next_server(const struct gm_group *gm)
{
	unsigned i;

	for (i = 0; i < gm->nservers; i++)
		if (gm->servers[i] == gm->ks)
			return (i + 1) % gm->nservers;
	return 0;
}

static void
recover(struct gm_group *gm)
{
	uint64_t now = gdoi_now(gm->g);
	uint64_t next = gm->recovered + (uint64_t)gm->recovery * 1000;
	unsigned server = next_server(gm);
	uint32_t delay;

	if (gm->recovered != 0 && now < next) {
		if (!gm->postponed)
			ike_log(gm->g->ike, LOG_GM_RECOVERY_POSTPONED,
			    gm->name, secs_until(gm->g, next));
		gm->postponed = true;
		return;
	}
	delay = 1 + random_below(gm->g, SPREAD);
	ike_log(gm->g->ike, LOG_GM_RECOVERY, gm->name, delay);
	gm->recovered = now;
	gm->postponed = false;
	/* it may have started anew: no minute of asking under an old SA */
	ike_drop_peer(gm->g->ike, gm->addr, gm->servers[server]);
	gm_reregister_with(gm, server, (uint64_t)delay * 1000);
	gm->recovering = true;
}

void
gm_recovery_done(struct gm_group *gm)
{
	if (!gm->recovering)
		return;
	gm->recovering = false;
	gm->recoveries++;
	ike_log(gm->g->ike, LOG_GM_RECOVERY_REPLACED, gm->name);
}

/* Key management knows of TEKs or is about to fetch some; the packet process
 * has none to send this packet with. */
static void
no_sa(struct gm_group *gm)
{
	uint64_t now = gdoi_now(gm->g);

	if (gm->state != GM_REGISTERED || gm->pull != NULL ||
	    (gm->init_reg_at != 0 && now < gm->init_reg_at + AGAIN_MS)) {
		gm->init_reg_postponed++;
		ike_log_limited(gm->g->ike, gm->id, LOG_INIT_REG_POSTPONED,
		    gm->name);
		return;
	}
	gm->init_reg_at = now;
	gm->init_reg++;
	ike_log(gm->g->ike, LOG_INIT_REG, gm->name);
	gm_send_policy(gm);
	gm_reregister(gm, 1000 + random_below(gm->g, 4000), true);
}

static void
invalid_spi(struct gdoi *g, uint32_t spi)
{
	struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->recovery != 0 && gm->state == GM_REGISTERED &&
		    is_missing(gm, spi))
			recover(gm);
}

void
gm_packet_event(struct gdoi *g, const struct sa_event *e)
{
	static const char *const what[] = {
		[SA_EVENT_REPLAY_TIME] = "packet outside the replay window",
		[SA_EVENT_REPLAY_COUNTER] = "replayed packet",
		[SA_EVENT_INVALID_SPI] = "packet with an invalid SPI",
		[SA_EVENT_EXHAUSTED] = "no more numbers",
		[SA_EVENT_NO_SA] = "no SA to send with",
	};
	struct gm_group *gm = gm_find(g, e->group);
	char a[IP4_STRLEN];

	if (gm == NULL || !gm->attached)
		return;
	debug(DBG_GM_REPLAY, DBG_TERSE, e->src, "(%s):%s, spi 0x%08X from %s",
	    gm->name, what[e->type], e->spi, ip4_str(e->src, a));
	switch (e->type) {
	case SA_EVENT_INVALID_SPI:
		gm->invalid_spis++;
		invalid_spi(g, e->spi);
		break;
	case SA_EVENT_REPLAY_TIME:
		gm->replay_failures++;
		if (gm->recovery != 0 && gm->state == GM_REGISTERED)
			recover(gm);
		break;
	case SA_EVENT_REPLAY_COUNTER:
		gm->replay_failures++;
		break;
	case SA_EVENT_NO_SA:
		no_sa(gm);
		break;
	}
}
