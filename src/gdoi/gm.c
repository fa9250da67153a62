/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: when to register, with whom, and when again. Runs in process
 * ike.
 *
 * A group runs while it has an identity and a server, and a crypto map with
 * `set group` is on an interface that is up with an address. It tries its
 * servers in the order of the configuration, from the top at every
 * registration; behind the last one it pauses, longer each time. It never
 * gives up.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

#define PAUSE_MIN_MS 10000
#define PAUSE_MAX_MS 60000
#define PAUSE_JITTER_MS 5000
#define MARGIN_MIN 60 /* seconds before the end of a key */

struct gm_group *
gm_find(struct gdoi *g, const char *name)
{
	struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (strcmp(gm->name, name) == 0)
			return gm;
	return NULL;
}

static uint32_t
random_below(struct gdoi *g, uint32_t n)
{
	uint32_t r;

	ike_random(g->ike, &r, sizeof(r));
	return n == 0 ? 0 : r % n;
}

/* ---- registration ---- */

static void
attempt(void *arg)
{
	struct gm_group *gm = arg;
	char ks[IP4_STRLEN], own[IP4_STRLEN];

	if (!gm->attached || gm->pull != NULL)
		return;
	gm->attempted++;
	gm->started = gdoi_now(gm->g);
	gm->state = gm->ever ? GM_REREGISTERING : GM_REGISTERING;
	ike_log(gm->g->ike, LOG_GM_REGSTER,
	    ip4_str(gm->servers[gm->server], ks), gm->name,
	    ip4_str(gm->addr, own));
	pull_start(gm, gm->servers[gm->server]);
}

static void
attempt_at(struct gm_group *gm, uint64_t delay)
{
	timer_set(&gm->g->ike->timers, &gm->reg_timer,
	    gdoi_now(gm->g) + delay, attempt, gm);
}

/* A registration from the top of the list. */
static void
begin(struct gm_group *gm, uint64_t delay)
{
	pull_abort(gm);
	gm->server = 0;
	gm->pause = PAUSE_MIN_MS;
	gm->retried = gm->recovering = false;
	gm->reregister_at = gm->reregister_by = 0;
	attempt_at(gm, delay);
}

void
gm_start_over(struct gm_group *gm, uint64_t delay)
{
	if (!gm->attached)
		return;
	ike_log(gm->g->ike, LOG_GM_RE_REGISTER, gm->name);
	gm->state = GM_REREGISTERING;
	begin(gm, delay);
}

void
gm_reregister(struct gm_group *gm, uint64_t delay, bool log)
{
	if (!gm->attached || gm->pull != NULL ||
	    gm->state == GM_REREGISTERING)
		return;
	if (log)
		ike_log(gm->g->ike, LOG_GM_RE_REGISTER, gm->name);
	gm->state = GM_REREGISTERING;
	begin(gm, delay);
}

void
gm_reregister_with(struct gm_group *gm, unsigned server, uint64_t delay)
{
	gm->state = GM_REREGISTERING;
	begin(gm, delay);
	gm->server = server;
}

static void
reregister_due(void *arg)
{
	struct gm_group *gm = arg;
	char ks[IP4_STRLEN];

	/* with a KEK, rekeys come before this */
	if (gm->has_kek)
		ike_log(gm->g->ike, LOG_GM_REKEY_NOT_RECD,
		    ip4_str(gm->ks, ks), gm->name);
	gm_reregister(gm, 0, true);
}

void
gm_registered(struct gm_group *gm)
{
	char ks[IP4_STRLEN], own[IP4_STRLEN];

	gm->succeeded++;
	gm->rekeys_since = 0;
	gm->spread = (uint16_t)random_below(gm->g, 1 << 16);
	gm->ever = true;
	gm->state = GM_REGISTERED;
	ip4_str(gm->ks, ks);
	ip4_str(gm->addr, own);
	ike_log(gm->g->ike, LOG_GM_REGS_COMPL, ks, gm->name, own);
	ike_log(gm->g->ike, LOG_GM_INSTALL_OK, ks, gm->name, own);
	gm_recovery_done(gm);
	gm_schedule(gm);
	gm_clock_again(gm, 4000);
}

static const char *
reason_of(const struct exch *x, const char *why)
{
	switch (x->notify) {
	case N_INVALID_ID:
		return "it does not serve this group";
	case N_AUTH_FAILED:
		return "it does not authorize this member";
	case N_NO_PROPOSAL:
		return "it has no policy for this group";
	default:
		return why;
	}
}

void
gm_pull_failed(struct gm_group *gm, struct exch *x, const char *why)
{
	/* silence under an SA of old times: the server may have lost it */
	bool stale = x->old_sa && x->notify == 0;
	char next[IP4_STRLEN];
	uint64_t delay = 0;

	gm->pull = NULL;
	gdoi_event(gm->g, TRACE_EXIT, DBG_GM_REG, DBG_ERROR,
	    x->sa->remote.addr, "(%s):registration to %s failed: %s",
	    gm->name, ip4_str(x->sa->remote.addr, next), reason_of(x, why));
	if (stale)
		ike_sa_delete(x->sa, false, "no answer under it");
	/* where there is another server, that is asked first */
	if (stale && gm->nservers == 1 && !gm->retried) {
		gm->retried = true;
		attempt_at(gm, 0);
		return;
	}
	gm->retried = false;
	if (++gm->server >= gm->nservers) {
		gm->server = 0;
		delay = gm->pause + random_below(gm->g, PAUSE_JITTER_MS);
		gm->pause = gm->pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS :
		    gm->pause * 2;
		gm_lost(gm);
	}
	ike_log(gm->g->ike, LOG_GM_CONN_NEXT_SER,
	    ip4_str(gm->servers[gm->server], next), gm->name,
	    reason_of(x, why));
	attempt_at(gm, delay);
}

void
gm_pull_overtaken(struct gm_group *gm)
{
	gdoi_event(gm->g, TRACE_EXIT, DBG_GM_REG, DBG_EVENT, 0,
	    "(%s):registration overtaken by a rekey, once more", gm->name);
	attempt_at(gm, 1000 + random_below(gm->g, 1000));
}

/* ---- ends of life ---- */

static void set_expiry(struct gm_group *);

static void
expire(void *arg)
{
	struct gm_group *gm = arg;
	uint64_t now = gdoi_now(gm->g);
	struct gm_tek *t, *next;

	for (t = TAILQ_FIRST(&gm->teks); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		if (t->expires <= now) /* fwd drops it by itself */
			gm_delete_tek(gm, t, false);
	}
	if (gm->has_kek && gm->kek_expires <= now) {
		gm_delete_kek(gm);
		ike_log(gm->g->ike, LOG_GM_DELETE_EXPIRED_KEK, gm->name);
	}
	gm_lost(gm);
	set_expiry(gm);
	if (gm->state == GM_REGISTERED)
		gm_schedule(gm);
}

/* The next end of anything. */
static void
set_expiry(struct gm_group *gm)
{
	uint64_t end = gm->has_kek ? gm->kek_expires : UINT64_MAX;
	const struct gm_tek *t;

	TAILQ_FOREACH(t, &gm->teks, link)
		if (t->expires < end)
			end = t->expires;
	if (end != UINT64_MAX)
		timer_set(&gm->g->ike->timers, &gm->exp_timer, end, expire,
		    gm);
	else
		timer_clear(&gm->g->ike->timers, &gm->exp_timer);
}

/* When to register again for a key that ends then: some time before, spread
 * over the members. Too late for that: well before the others leave it. */
static uint64_t
before_end(const struct gm_group *gm, uint64_t end, uint32_t life,
    uint64_t left_before)
{
	uint64_t now = gdoi_now(gm->g), left = end > now ? end - now : 0;
	uint64_t margin = life / 20 > MARGIN_MIN ? life / 20 : MARGIN_MIN;

	margin = margin * 1000 + ((uint64_t)life * 20 * gm->spread >> 16);
	if (margin < left)
		return end - margin;
	if (left > left_before)
		left -= left_before;
	return now + left * 3 / 4;
}

bool
gm_in_policy(const struct gm_group *gm, uint16_t sa_index)
{
	unsigned i;

	for (i = 0; i < gm->naces; i++)
		if (gm->sa_of[i] == sa_index)
			return true;
	return false;
}

/* Of each sa ipsec that the policy has the TEK that ends last counts, and the
 * KEK. */
void
gm_schedule(struct gm_group *gm)
{
	uint64_t at = UINT64_MAX, when;
	const struct gm_tek *t, *o;

	set_expiry(gm);
	TAILQ_FOREACH(t, &gm->teks, link) {
		TAILQ_FOREACH(o, &gm->teks, link)
			if (o->t.sa_index == t->t.sa_index &&
			    o->expires > t->expires)
				break;
		if (o == NULL && gm_in_policy(gm, t->t.sa_index) &&
		    (when = before_end(gm, t->expires, t->life,
		    SA_STOP_SENDING_MS)) < at)
			at = when;
	}
	if (gm->has_kek) {
		when = before_end(gm, gm->kek_expires, gm->kek.life, 0);
		if (when < at)
			at = when;
	}
	if (gm->reregister_by != 0 && gm->reregister_by < at)
		at = gm->reregister_by;
	if (at == UINT64_MAX)
		at = gdoi_now(gm->g); /* nothing left */
	gm->reregister_at = at;
	debug(DBG_GM_INFRA, DBG_DETAIL, 0, "(%s):registers again in %u s",
	    gm->name, secs_until(gm->g, at));
	if (gm->state == GM_REGISTERED)
		timer_set(&gm->g->ike->timers, &gm->reg_timer, at,
		    reregister_due, gm);
}

/* ---- crypto map, interface, configuration ---- */

struct place {
	const struct crypto_map *map;
	const struct interface *ifc;
	uint32_t addr;
};

static bool
map_place(struct gdoi *g, const struct interface *ifc, const char *group,
    struct place *p)
{
	const char *source = conf_map_local(g->conf, ifc->crypto_map);
	const struct port *port = gdoi_find_port(g, ifc->name), *src;
	const struct gdoi_group *grp = conf_find_gdoi_group(g->conf, group);
	const struct crypto_map *m = NULL;

	if (port == NULL || !port->up || ifc->shutdown)
		return false;
	if (grp != NULL && grp->client_if[0] != '\0')
		source = grp->client_if;
	while ((m = conf_next_map(g->conf, ifc->crypto_map, m)) != NULL) {
		if (m->kind != MAP_GDOI || strcmp(m->group, group) != 0)
			continue;
		src = source != NULL ? gdoi_find_port(g, source) : port;
		if (src == NULL || !src->up || src->addr == 0)
			continue;
		p->map = m;
		p->ifc = ifc;
		p->addr = src->addr;
		return true;
	}
	return false;
}

/* Where the group's map is: the first interface that works. */
static bool
find_place(struct gdoi *g, const char *group, struct place *p)
{
	const struct interface *ifc;

	CF_FOREACH (ifc, &g->conf->interfaces)
		if (ifc->crypto_map[0] != '\0' && map_place(g, ifc, group, p))
			return true;
	return false;
}

static void
detach(struct gm_group *gm, bool log)
{
	if (!gm->attached)
		return;
	pull_abort(gm);
	timer_clear(&gm->g->ike->timers, &gm->reg_timer);
	timer_clear(&gm->g->ike->timers, &gm->exp_timer);
	gm_forget_all(gm);
	gm->attached = gm->ever = false;
	gm->state = GM_INCOMPLETE;
	gm->succeeded = gm->attempted = 0;
	gm->reregister_at = 0;
	if (log) {
		ike_log(gm->g->ike, LOG_GM_CM_DETACH, gm->name);
		ike_log(gm->g->ike, LOG_GM_UNREGISTER, gm->name);
	}
}

static void
switch_on(struct gdoi *g)
{
	const struct gm_group *gm;
	bool on = false;

	TAILQ_FOREACH(gm, &g->gm, link)
		on |= gm->attached;
	if (on == g->on)
		return;
	g->on = on;
	if (on && g->conf->isakmp_enable)
		ike_log(g->ike, LOG_ISAKMP_ON_OFF, "ON");
	ike_log(g->ike, LOG_GDOI_ON_OFF, on ? "ON" : "OFF");
}

static void
attach(struct gm_group *gm, const struct place *p)
{
	gm->addr = p->addr;
	str_copy(gm->map, p->map->name, sizeof(gm->map));
	str_copy(gm->ifname, p->ifc->name, sizeof(gm->ifname));
	str_copy(gm->acl, p->map->acl, sizeof(gm->acl));
	gm->attached = true;
	gm->state = GM_REGISTERING;
	(void)gm_digest_local(gm);
	switch_on(gm->g);
	ike_log(gm->g->ike, LOG_GM_CM_ATTACH, gm->name);
	begin(gm, 0);
}

/* Another address, or another interface that has the map too: the keys are
 * those of the group, and without the policy that interface would send in
 * clear until the member is registered from there. */
static void
move(struct gm_group *gm, const struct place *p)
{
	gm->addr = p->addr;
	str_copy(gm->map, p->map->name, sizeof(gm->map));
	str_copy(gm->ifname, p->ifc->name, sizeof(gm->ifname));
	str_copy(gm->acl, p->map->acl, sizeof(gm->acl));
	(void)gm_digest_local(gm);
	if (gm->naces > 0)
		gm_send_policy(gm);
	if (gm->ever)
		gm_start_over(gm, 0);
	else
		begin(gm, 0);
}

/* The local deny list may have changed, in text or by name. */
static void
refresh_local(struct gm_group *gm, const struct place *p)
{
	str_copy(gm->acl, p->map->acl, sizeof(gm->acl));
	str_copy(gm->map, p->map->name, sizeof(gm->map));
	if (gm_digest_local(gm) && gm->naces > 0)
		gm_send_policy(gm);
}

static void
judge(struct gm_group *gm)
{
	const char *missing = gm->id_type == GDOI_ID_NONE ? "no identity" :
	    gm->nservers == 0 ? "no server address" : NULL;
	struct place p;

	if (!find_place(gm->g, gm->name, &p)) {
		detach(gm, true);
		gm->incomplete_logged = false;
		return;
	}
	if (missing != NULL) {
		detach(gm, true);
		if (!gm->incomplete_logged)
			ike_log(gm->g->ike, LOG_GM_INCOMPLETE_CFG, gm->name,
			    missing);
		gm->incomplete_logged = true;
		return;
	}
	if (gm->attached && (gm->addr != p.addr ||
	    strcmp(gm->ifname, p.ifc->name) != 0))
		move(gm, &p);
	else if (!gm->attached)
		attach(gm, &p);
	else
		refresh_local(gm, &p);
}

void
gm_ports(struct gdoi *g)
{
	struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		judge(gm);
	switch_on(g);
}

static void
group_free(struct gm_group *gm)
{
	detach(gm, false);
	gm_forget_all(gm);
	TAILQ_REMOVE(&gm->g->gm, gm, link);
	explicit_bzero(gm, sizeof(*gm));
	free(gm);
}

/* Takes identity and servers; registers anew when a change asks for it. */
static void
group_config(struct gdoi *g, const struct gdoi_group *c)
{
	struct gm_group *gm = gm_find(g, c->name);
	const struct gdoi_server *s;
	uint32_t servers[SERVERS_MAX];
	unsigned n = 0, i;
	bool changed, kept = false;

	if (gm == NULL) {
		gm = xcalloc(1, sizeof(*gm));
		gm->g = g;
		str_copy(gm->name, c->name, sizeof(gm->name));
		TAILQ_INIT(&gm->teks);
		TAILQ_INSERT_TAIL(&g->gm, gm, link);
	}
	gm->gone = false;
	CF_FOREACH (s, &c->servers)
		if (n < SERVERS_MAX)
			servers[n++] = s->addr;
	changed = gm->id_type != c->id_type || gm->id != c->id;
	for (i = 0; i < n; i++)
		kept |= servers[i] == gm->ks;
	if (gm->ks != 0 && !kept)
		changed = true;
	if (gm->ks == 0 && (n != gm->nservers ||
	    memcmp(servers, gm->servers, n * sizeof(*servers)) != 0))
		changed = true; /* still trying: with the new list */
	gm->id_type = c->id_type;
	gm->id = c->id;
	gm->recovery = c->recovery_interval;
	gm->passive = c->passive;
	gm->bypass = c->bypass_policy;
	gm_set_direction(gm);
	gm_set_revert(gm, c->fail_close_revert);
	memcpy(gm->servers, servers, n * sizeof(*servers));
	gm->nservers = n;
	if (gm->server >= n)
		gm->server = 0;
	if (changed && gm->attached)
		detach(gm, false);
}

void
gm_config(struct gdoi *g, const struct conf *c)
{
	const struct gdoi_group *cg;
	struct gm_group *gm, *next;

	TAILQ_FOREACH(gm, &g->gm, link)
		gm->gone = true;
	CF_FOREACH (cg, &c->gdoi_groups)
		if (cg->local.first == NULL)
			group_config(g, cg);
	for (gm = TAILQ_FIRST(&g->gm); gm != NULL; gm = next) {
		next = TAILQ_NEXT(gm, link);
		if (!gm->gone)
			continue;
		detach(gm, true);
		group_free(gm);
	}
	gm_ports(g);
}

void
gm_free(struct gdoi *g)
{
	struct gm_group *gm;

	while ((gm = TAILQ_FIRST(&g->gm)) != NULL)
		group_free(gm);
}

/* clear crypto gdoi: forget everything, register anew. */
void
gm_clear(struct gm_group *gm)
{
	ike_log(gm->g->ike, LOG_GM_CLEAR_REGISTER, gm->name);
	if (!gm->attached)
		return;
	pull_abort(gm);
	timer_clear(&gm->g->ike->timers, &gm->exp_timer);
	gm_forget_all(gm);
	gm->ever = false;
	gm->state = GM_REGISTERING;
	begin(gm, 0);
}

/* Where a member that registers, or whose packet process is new, begins to
 * number under a TEK: above what it has sent before, since the windows of the
 * others stand there. After a reload only the end of the TEK is known, so the
 * number goes by that: 2^31 in the last day, 24855 packets a second from one
 * such beginning to the next. */
uint32_t
gm_seq_base(struct gdoi *g, uint64_t expires)
{
	uint64_t day = UINT64_C(86400000), now = gdoi_now(g);
	uint64_t left = expires > now ? expires - now : 0;

	return left >= day ? 0 : (uint32_t)(((day - left) << 31) / day);
}

/* Those of a TEK of more than a day share its life. */
static uint32_t
seq_guess(struct gdoi *g, const struct gm_tek *t)
{
	uint64_t life = (uint64_t)t->life * 1000, now = gdoi_now(g);
	uint64_t left = t->expires > now ? t->expires - now : 0;
	uint32_t base = gm_seq_base(g, t->expires), guess;

	if (left >= life)
		return base;
	guess = (uint32_t)((life - left) * (UINT64_C(1) << 31) / life);
	return guess > base ? guess : base;
}

/*
 * A new packet process has to start its counters again: with AES-GCM that
 * would use IVs a second time, so nothing is sent under those TEKs until
 * there is a new sender identifier.
 */
void
gm_resync(struct gdoi *g)
{
	struct gm_group *gm;
	struct gm_tek *t;

	TAILQ_FOREACH(gm, &g->gm, link) {
		if (gm->naces == 0)
			continue;
		TAILQ_FOREACH(t, &gm->teks, link)
			t->t.seq_base = seq_guess(g, t);
		gm_sids_lost(gm);
		gm_send_policy(gm);
		if (gm_needs_sid(gm))
			gm_reregister(gm, 0, true);
	}
}
