/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a peer lives, while there is no phase 1 with it to ask under: SAs of
 * IPsec live on without. A new phase 1 is the question, and silence an answer
 * as to DPD. Runs in process ike.
 *
 * With `periodic` it does not come to that: the next phase 1 is made before the
 * end of the one that is there, which some peers take for the end of all that
 * was made under it. Else a peer is asked when what is sent is not answered.
 * NAT keepalives, too, are sent only under a phase 1.
 *
 * A peer that lives and has taken it so says nothing of it: what has seen the
 * end of a phase 1 and is not answered is made anew, once.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipsec/ipsec_priv.h"

#define TRIES 4		   /* 25 s */
#define LOOK_MS 500	   /* after the end of phase 1: who had begun it, */
#define LOOK_LATE_MS 2500   /* and the other one, if it is not there yet */
#define LOOK_AGAIN_MS 60000 /* after a peer that answered and refused */

struct alive {
	LIST_ENTRY(alive) link;
	struct ipsec *s;
	struct udp_addr local, remote;
};

static struct alive *
find(struct ipsec *s, struct udp_addr local, struct udp_addr remote)
{
	struct alive *a;

	LIST_FOREACH(a, &s->asked, link)
		if (a->local.addr == local.addr &&
		    a->remote.addr == remote.addr &&
		    a->remote.port == remote.port)
			break;
	return a;
}

static void
release(struct exch *x)
{
	struct alive *a = x->data;

	LIST_REMOVE(a, link);
	free(a);
}

/* Nobody has said a word, not even no. */
static bool
is_silence(const struct ike_sa *sa)
{
	return sa->main != NULL && sa->main->nmsg == 1 &&
	    sa->main->why == NULL;
}

static void
failed(struct exch *x, const char *why UNUSED)
{
	struct alive *a = x->data;
	char peer[IP4_STRLEN];

	/* while phase 1 is there DPD decides: who has made it may be the only
	 * one who can, behind a firewall */
	if (!is_silence(x->sa) || ike_find_sa(x->ike, a->local.addr,
	    a->remote) != NULL) {
		alive_look_in(a->s, LOOK_AGAIN_MS);
		return;
	}
	ike_log(x->ike, LOG_IKMP_PEER_DEAD, ip4_str(a->remote.addr, peer));
	flows_peer_dead(a->s, a->local.addr, a->remote);
}

/* Nothing is left to say when phase 1 is up. */
static const struct exch_step steps[] = {
	{ .flags = STEP_LAST },
};
static const struct exch_type alive_exchange = {
	.name = "Keepalive",
	.init = steps,
	.failed = failed,
	.release = release,
	.linger = 1,
};

static void
ask(const struct pair *p)
{
	struct ipsec *s = p->s;
	struct alive *a;
	struct exch *x;

	if (find(s, p->local, p->remote) != NULL)
		return;
	a = xcalloc(1, sizeof(*a));
	a->s = s;
	a->local = p->local;
	a->remote = p->remote;
	LIST_INSERT_HEAD(&s->asked, a, link);
	debug(DBG_IPSEC, DBG_EVENT, p->remote.addr, "(keepalive): no phase 1"
	    " to ask the peer under, a new one begins");
	x = ike_start(s->ike, p->local, p->remote, flow_profile(p->flow),
	    &alive_exchange, a);
	if (!x->old_sa && TAILQ_NEXT(TAILQ_FIRST(&x->sa->exchs), link) == NULL)
		x->sa->main->tries_max = TRIES;
}

/* A peer of a dynamic map may have a key by its name only, which it has to
 * begin with. */
static bool
can_ask(const struct pair *p)
{
	return !p->flow->terms.responder_only &&
	    (p->flow->e->kind != ENTRY_DYNAMIC ||
	    ike_has_key(p->s->ike, p->local.addr, p->remote.addr));
}

static bool
has_keepalives(const struct pair *p)
{
	return ike_keepalive_of(p->s->ike, flow_profile(p->flow)).secs != 0;
}

void
alive_ask(const struct pair *p)
{
	struct ike_sa *sa = ike_find_sa(p->s->ike, p->local.addr, p->remote);

	if (sa != NULL)
		ike_dpd(sa);
	else if (can_ask(p) && has_keepalives(p))
		ask(p);
}

void
alive_silent(struct pair *p)
{
	alive_ask(p); /* on demand (RFC 3706) */
	if (!p->doubtful || !has_keepalives(p))
		return;
	p->doubtful = false;
	pair_used_up(p);
}

static void
doubt(const struct ike_sa *sa)
{
	struct ipsec *s = sa->ike->env.arg;
	struct ipsec_flow *f;
	struct entry *e;
	struct pair *p;

	PAIRS_FOREACH(s, e, f, p)
		p->doubtful |= p->local.addr == sa->local.addr &&
		    pair_is_with(p, sa->remote);
}

/* ---- periodic ---- */

static bool
wants_phase1(const struct pair *p)
{
	struct ike_keepalive ka = ike_keepalive_of(p->s->ike,
	    flow_profile(p->flow));

	return (ka.secs != 0 && ka.periodic) ||
	    (p->nat_local && p->s->conf->nat_keepalive != 0);
}

static void follow(const struct ike_sa *);

static void
look(void *arg)
{
	struct ipsec *s = arg;
	const struct ipsec_flow *f;
	const struct ike_sa *sa;
	const struct entry *e;
	const struct pair *p;

	TAILQ_FOREACH(e, &s->entries, link)
		TAILQ_FOREACH(f, &e->flows, link) {
			p = TAILQ_FIRST(&f->pairs);
			if (p != NULL && wants_phase1(p) && can_ask(p) &&
			    !ike_has_time(s->ike, p->local.addr, p->remote))
				ask(p);
		}
	TAILQ_FOREACH(sa, &s->ike->sas, link)
		follow(sa);
}

static void
look_at(struct ipsec *s, uint64_t at)
{
	if (s->look.pos == 0 || at < s->look.at)
		timer_set(&s->ike->timers, &s->look, at, look, s);
}

/* Before it ends; who has begun it begins the next one. */
static void
follow(const struct ike_sa *sa)
{
	uint64_t until = ike_usable_until(sa), now = ike_now(sa->ike);

	if (sa->state == IKE_IDLE && until > now)
		look_at(sa->ike->env.arg, until + (sa->initiator ? 0 :
		    (sa->expires - until) / 2));
}

void
alive_look_in(struct ipsec *s, unsigned ms)
{
	look_at(s, ipsec_now(s) + ms);
}

/* Keepalives may be configured now. */
void
alive_config(struct ipsec *s)
{
	alive_look_in(s, LOOK_MS);
}

/* One of phase 1 has come or gone. */
void
alive_sa_changed(struct ike_sa *sa)
{
	struct ipsec *s = sa->ike->env.arg;

	if (!sa->dead) {
		follow(sa);
		return;
	}
	doubt(sa);
	alive_look_in(s, sa->initiator ? LOOK_MS : LOOK_LATE_MS);
}
