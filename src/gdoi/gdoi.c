/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine of process ike: puts phase 1, key server and group member
 * together behind gdoi.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

const char *
gdoi_spi_str(const uint8_t *spi, char *buf)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned i;

	for (i = 0; i < KEK_SPI_LEN; i++) {
		buf[2 * i] = digits[spi[i] >> 4];
		buf[2 * i + 1] = digits[spi[i] & 15];
	}
	buf[2 * KEK_SPI_LEN] = '\0';
	return buf;
}

const struct port *
gdoi_find_port(const struct gdoi *g, const char *name)
{
	size_t i;

	for (i = 1; i < NELEM(g->ports); i++)
		if (g->ports[i].index != 0 &&
		    strcmp(g->ports[i].name, name) == 0)
			return &g->ports[i];
	return NULL;
}

/* ---- what phase 1 wants of the world ---- */

static void
env_send(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct gdoi *g = arg;

	g->io.send(g->arg, from, to, data, len);
}

static uint64_t
env_now(void *arg)
{
	struct gdoi *g = arg;

	return g->io.now(g->arg);
}

static void
env_random(void *arg, void *data, size_t len)
{
	struct gdoi *g = arg;

	g->io.random(g->arg, data, len);
}

static void
env_log(void *arg, enum log_id id, va_list ap)
{
	struct gdoi *g = arg;

	va_list copy;

	va_copy(copy, ap);
	gdoi_trace_log(g, id, copy);
	va_end(copy);
	g->io.log(g->arg, id, ap);
}

static uint32_t
env_if_addr(void *arg, const char *ifname)
{
	const struct port *p = gdoi_find_port(arg, ifname);

	return p != NULL && p->up ? p->addr : 0;
}

/* ---- gdoi.h ---- */

struct gdoi *
gdoi_new(const struct gdoi_io *io, void *arg)
{
	struct gdoi *g = xcalloc(1, sizeof(*g));
	struct ike_env env = { g, env_send, env_now, env_random, env_log,
		env_if_addr };

	g->io = *io;
	g->arg = arg;
	g->ike = ike_new(&env, &gdoi_doi, GDOI_VERSION, NULL);
	g->rsa = rsa_store_new();
	g->trace = gdoi_trace_new();
	g->handles = 0x40000001;
	TAILQ_INIT(&g->ks);
	TAILQ_INIT(&g->gm);
	return g;
}

struct ike *
gdoi_ike(struct gdoi *g)
{
	return g->ike;
}

bool
gdoi_has_spi(const struct gdoi *g, uint32_t spi)
{
	const struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm_find_tek(gm, spi) != NULL)
			return true;
	return false;
}

unsigned *
gdoi_conn_ids(struct gdoi *g)
{
	return g->ike->conn_ids;
}

void
gdoi_free(struct gdoi *g)
{
	if (g == NULL)
		return;
	gm_free(g);
	gm_mcast_sync(g);
	free(g->mcasts);
	ks_free(g);
	ike_free(g->ike);
	rsa_store_free(g->rsa);
	gdoi_trace_free(g->trace);
	explicit_bzero(g, sizeof(*g));
	free(g);
}

static void
debug_groups(const struct gdoi *g)
{
	const struct ks_group *ks;
	const struct gm_group *gm;
	unsigned nks = 0, ngm = 0;

	if (!debug_on(DBG_INFRA, DBG_EVENT))
		return;
	TAILQ_FOREACH(ks, &g->ks, link)
		nks++;
	TAILQ_FOREACH(gm, &g->gm, link)
		ngm++;
	debug(DBG_INFRA, DBG_EVENT, 0, "configuration taken: key server of %u"
	    " groups, member of %u", nks, ngm);
}

void
gdoi_config(struct gdoi *g, const struct conf *old UNUSED,
    const struct conf *new)
{
	g->conf = new;
	gdoi_trace_config(g);
	ike_config(g->ike, new);
	ks_config(g, new);
	gm_config(g, new);
	debug_groups(g);
	gm_mcast_sync(g);
	ike_reap(g->ike);
}

void
gdoi_settled(struct gdoi *g)
{
	ks_settled(g);
}

bool
gdoi_version_before(const char *version, const char *than)
{
	unsigned a[3] = { 0 }, b[3] = { 0 }, i;

	(void)sscanf(version, "%u.%u.%u", &a[0], &a[1], &a[2]);
	(void)sscanf(than, "%u.%u.%u", &b[0], &b[1], &b[2]);
	for (i = 0; i < 2 && a[i] == b[i]; i++)
		;
	return a[i] < b[i];
}

bool
gdoi_is_foreign(const char *version)
{
	return version[0] == '\0' || strcmp(version, GDOI_VERSION_NONE) == 0;
}

void
gdoi_port(struct gdoi *g, const struct port *p)
{
	if (p->index == 0 || p->index > PORT_MAX)
		return;
	g->ports[p->index] = *p;
	gm_mcast_retry(g);
	if (g->conf != NULL)
		gm_ports(g);
	gm_mcast_sync(g);
	ike_reap(g->ike);
}

/* Pushes and their acknowledgements run under a KEK, the rest under phase
 * 1. */
void
gdoi_input(struct gdoi *g, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len)
{
	if (g->conf == NULL)
		return;
	if (len >= ISAKMP_HDR_LEN && data[18] == GDOI_X_PUSH)
		gm_push_input(g, from, data, len);
	else if (is_multicast(local.addr))
		g->ike->stats.bad++; /* nothing else comes by multicast */
	else if (len >= ISAKMP_HDR_LEN && data[18] == GDOI_X_PUSH_ACK)
		ks_ack_input(g, from, data, len);
	else
		ike_input(g->ike, local, from, data, len);
	gm_mcast_sync(g);
	ike_reap(g->ike);
}

uint64_t
gdoi_timeout(struct gdoi *g)
{
	uint64_t next = timers_run(&g->ike->timers, gdoi_now(g));

	gm_mcast_sync(g);
	ike_reap(g->ike);
	return next;
}

void
gdoi_background(struct gdoi *g, void (*work)(void *), void (*done)(void *),
    void *job)
{
	if (g->io.background != NULL) {
		g->io.background(g->arg, work, done, job);
		return;
	}
	work(job);
	done(job);
}

void
gdoi_resync(struct gdoi *g)
{
	debug(DBG_INFRA, DBG_TERSE, 0, "the packet process has started, it is"
	    " told all policies and keys");
	gm_resync(g);
	ike_reap(g->ike);
}

void
gdoi_sa_event(struct gdoi *g, const struct sa_event *e)
{
	if (e->type == SA_EVENT_SID)
		gm_sid_event(g, e);
	else if (e->type == SA_EVENT_USE)
		gm_use_event(g, e);
	else
		gm_packet_event(g, e);
	ike_reap(g->ike);
}

int
gdoi_keys_load(struct gdoi *g, const char *text, size_t len)
{
	return rsa_store_load(g->rsa, text, len);
}

void
gdoi_keys_save(struct gdoi *g, struct strbuf *out)
{
	rsa_store_save(g->rsa, out);
}
