/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The member database of cooperative key servers: two, three and five of
 * them register and remove members, lose, double, delay and reorder
 * messages, are cut off and restarted. When they can talk again all have the
 * same members.
 */
#include "config.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"
#include "net.h"

#define SERVERS 5
#define QUEUE 64
#define ADDR(i) IP(10, 9, 0, 1 + (i))
#define MEMBER(i) (IP(10, 20, 0, 0) + (i))
#define HOUR 3600000

struct letter {
	unsigned from, to;
	uint8_t *data;
	size_t len;
};

/* Key servers with a database and peers, but no roles and no exchanges: this
 * test carries the messages. */
struct world {
	struct net *net;
	unsigned n, nqueue, members;
	struct ks_group *grp[SERVERS];
	bool cut[SERVERS][SERVERS];
	struct letter queue[QUEUE];
	unsigned messages, rows;
	size_t octets, pdu;
	uint32_t keys;
};

static unsigned
below(struct world *w, unsigned n)
{
	return (unsigned)(net_random(w->net) % n);
}

static void
start(struct world *w, unsigned i)
{
	struct coop *c = xcalloc(1, sizeof(*c));
	struct coop_peer *p;
	unsigned k;

	c->grp = w->grp[i];
	c->self.addr = ADDR(i);
	c->self.boot = net_random(w->net) | 1;
	c->role = COOP_SECONDARY;
	c->optimize = true;
	TAILQ_INIT(&c->peers);
	w->grp[i]->coop = c;
	for (k = 0; k < w->n; k++) {
		if (k == i)
			continue;
		p = xcalloc(1, sizeof(*p));
		p->coop = c;
		p->addr = ADDR(k);
		TAILQ_INSERT_TAIL(&c->peers, p, link);
	}
}

/* As if its process died: it knows nothing any more. */
static void
stop(struct world *w, unsigned i)
{
	struct ks_group *grp = w->grp[i];
	struct coop *c = grp->coop;
	struct coop_peer *p;

	while ((p = TAILQ_FIRST(&c->peers)) != NULL) {
		TAILQ_REMOVE(&c->peers, p, link);
		free(p);
	}
	timer_clear(&grp->g->ike->timers, &c->timer);
	timer_clear(&grp->g->ike->timers, &c->keys_timer);
	coop_members_free(c);
	grp->coop = NULL;
	free(c);
	while (!TAILQ_EMPTY(&grp->members))
		ks_remove_member(grp, TAILQ_FIRST(&grp->members), false);
}

static void
world_new(struct world *w, unsigned n, unsigned members, uint64_t seed)
{
	struct node *node;
	unsigned i;

	memset(w, 0, sizeof(*w));
	w->net = net_new(seed);
	w->n = n;
	w->members = members;
	w->pdu = 600;
	for (i = 0; i < n; i++) {
		node = net_add_ks(w->net, ADDR(i));
		net_apply(node);
		w->grp[i] = net_ks(node);
		start(w, i);
	}
}

static void
world_free(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->nqueue; i++)
		free(w->queue[i].data);
	for (i = 0; i < w->n; i++)
		stop(w, i);
	net_free(w->net);
}

/* ---- messages ---- */

static struct coop_peer *
peer_of(struct world *w, unsigned i, unsigned of)
{
	struct coop_peer *p;

	TAILQ_FOREACH(p, &w->grp[i]->coop->peers, link)
		if (p->addr == ADDR(of))
			return p;
	return NULL;
}

static void
post(struct world *w, unsigned from, unsigned to)
{
	struct coop *c = w->grp[from]->coop;
	struct coop_peer *p = peer_of(w, from, to);
	static uint8_t buf[ISAKMP_MSG_MAX];
	struct coop_msg m = { .id_type = GDOI_ID_NUMBER, .group_id = 100 };
	struct letter *l;

	str_copy(m.coop_version, COOP_VERSION, sizeof(m.coop_version));
	str_copy(m.gdoi_version, "1.0.4", sizeof(m.gdoi_version));
	m.from = c->self;
	m.to = (struct coop_id){ p->addr, p->boot };
	coop_members_fill(p, &m, w->pdu);
	if (w->nqueue == QUEUE || w->cut[from][to]) {
		coop_msg_free(&m);
		return;
	}
	l = &w->queue[w->nqueue++];
	l->from = from;
	l->to = to;
	l->len = coop_msg_put(&m, buf, sizeof(buf));
	assert_in_range(l->len, 1, w->pdu);
	w->messages++;
	w->rows += m.nmembers;
	w->octets += l->len;
	l->data = xcalloc(1, l->len);
	memcpy(l->data, buf, l->len);
	coop_msg_free(&m);
}

static void
deliver(struct world *w, unsigned i, bool keep)
{
	struct letter l = w->queue[i];
	struct coop_peer *p = peer_of(w, l.to, l.from);
	struct coop_msg m;
	bool other;

	assert_null(coop_msg_get(l.data, l.len, &m, &other));
	if (!keep) {
		free(l.data);
		w->queue[i] = w->queue[--w->nqueue];
	}
	/* as coop_link.c: nothing of a life that is over */
	if (m.to.boot == 0 || m.to.boot == w->grp[l.to]->coop->self.boot) {
		if (m.from.boot == w->grp[l.from]->coop->self.boot) {
			p->boot = m.from.boot;
			coop_members_receive(p, &m);
		}
	}
	coop_msg_free(&m);
}

/* A message and its answer. */
static void
talk(struct world *w, unsigned a, unsigned b)
{
	post(w, a, b);
	while (w->nqueue > 0)
		deliver(w, 0, false);
	post(w, b, a);
	while (w->nqueue > 0)
		deliver(w, 0, false);
}

/* ---- what happens to members ---- */

static void
enrol(struct world *w, unsigned server, unsigned member)
{
	struct ks_group *grp = w->grp[server];
	struct ks_member *m = ks_get_member(grp, MEMBER(member));

	m->owner = ADDR(server);
	m->port = 848;
	m->keys_version = ++w->keys;
	str_copy(m->version, "1.0.4", sizeof(m->version));
	coop_member_changed(grp, m);
}

static void
drop(struct world *w, unsigned server, unsigned member)
{
	struct ks_member *m = ks_find_member(w->grp[server], MEMBER(member));

	if (m != NULL)
		ks_remove_member(w->grp[server], m, false);
}

static void
happen(struct world *w)
{
	unsigned a = below(w, w->n), b = below(w, w->n), k;

	switch (below(w, 16)) {
	case 0: case 1: case 2:
		enrol(w, a, below(w, w->members));
		break;
	case 3:
		drop(w, a, below(w, w->members));
		break;
	case 4:
		if (below(w, 10) == 0) {
			stop(w, a);
			start(w, a);
		}
		break;
	case 5:
		if (below(w, 5) == 0) {
			for (k = 0; k < w->n; k++)
				w->cut[a][k] = w->cut[k][a] = below(w, 2);
		}
		break;
	case 6:
		if (w->nqueue > 0) { /* lost */
			k = below(w, w->nqueue);
			free(w->queue[k].data);
			w->queue[k] = w->queue[--w->nqueue];
		}
		break;
	case 7:
		w->net->now += below(w, 20) == 0 ? HOUR : below(w, 10000);
		break;
	case 8: case 9: case 10: case 11:
		if (a != b)
			post(w, a, b);
		break;
	default:
		if (w->nqueue > 0) /* in any order, some twice */
			deliver(w, below(w, w->nqueue), below(w, 4) == 0);
	}
}

/* ---- at the end ---- */

static bool
pending(struct world *w)
{
	struct coop_peer *p;
	unsigned i;

	for (i = 0; i < w->n; i++)
		TAILQ_FOREACH(p, &w->grp[i]->coop->peers, link)
			if (p->boot == 0 || coop_members_pending(p))
				return true;
	return false;
}

static bool
differ(struct world *w)
{
	const struct ks_member *m, *o;
	unsigned i;

	for (i = 1; i < w->n; i++) {
		o = TAILQ_FIRST(&w->grp[0]->members);
		TAILQ_FOREACH(m, &w->grp[i]->members, link) {
			if (o == NULL || m->addr != o->addr ||
			    m->owner != o->owner ||
			    m->keys_version != o->keys_version)
				return true;
			o = TAILQ_NEXT(o, link);
		}
		if (o != NULL)
			return true;
	}
	return false;
}

/* Everybody talks to everybody, in turn; the rounds that it took. */
static unsigned
heal(struct world *w)
{
	unsigned a, b, rounds = 0;

	memset(w->cut, 0, sizeof(w->cut));
	while (w->nqueue > 0)
		deliver(w, 0, false);
	do {
		for (a = 0; a < w->n; a++)
			for (b = 0; b < w->n; b++)
				if (a != b) {
					post(w, a, b);
					while (w->nqueue > 0)
						deliver(w, 0, false);
				}
		w->net->now += 20000; /* announcements */
		rounds++;
	} while (rounds < 1000 && (pending(w) || rounds < 3 || differ(w)));
	assert_false(pending(w));
	return rounds;
}

static void
all_equal(struct world *w)
{
	struct ks_member *m, *o;
	unsigned i, n;

	for (i = 0; i < w->n; i++) {
		o = TAILQ_FIRST(&w->grp[0]->members);
		n = 0;
		TAILQ_FOREACH(m, &w->grp[i]->members, link) {
			if (o == NULL)
				fail_msg("server %u has more members", i);
			assert_int_equal(m->addr, o->addr);
			assert_int_equal(m->owner, o->owner);
			assert_int_equal(m->keys_version, o->keys_version);
			assert_ptr_equal(ks_find_member(w->grp[i], m->addr),
			    m);
			o = TAILQ_NEXT(o, link);
			n++;
		}
		assert_null(o);
		assert_int_equal(n, w->grp[i]->nmembers);
	}
}

static unsigned
has(struct world *w, unsigned server, unsigned member)
{
	return ks_find_member(w->grp[server], MEMBER(member)) != NULL;
}

/* ---- tests ---- */

static void
random_histories(void **state)
{
	uint64_t seed;
	struct world w;
	unsigned i;

	(void)state;
	for (seed = 1; seed <= 300; seed++) {
		world_new(&w, 2 + seed % 4, 1 + seed % 50, seed);
		for (i = 0; i < 1500; i++)
			happen(&w);
		assert_in_range(heal(&w), 1, 30);
		all_equal(&w);
		world_free(&w);
	}
}

/* A change is told once to each server, and nothing comes back. */
static void
cost(void **state)
{
	struct world w;
	unsigned i, k;

	(void)state;
	world_new(&w, 3, 1000, 1);
	(void)heal(&w);
	w.pdu = 1300;
	w.rows = 0;
	w.cut[0][2] = w.cut[2][0] = true; /* 1 is the primary */
	for (i = 0; i < 100; i++) {
		for (k = 0; k < 10; k++)
			enrol(&w, 1, i * 10 + k);
		talk(&w, 1, 0);
		talk(&w, 1, 2);
	}
	all_equal(&w);
	assert_int_equal(w.grp[2]->nmembers, 1000);
	assert_int_equal(w.rows, 2000);
	world_free(&w);
}

/* Another server becomes the one that all talk to: it has what they have. */
static void
new_hub(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	world_new(&w, 3, 200, 1);
	w.cut[1][2] = w.cut[2][1] = true;
	for (i = 0; i < 200; i++)
		enrol(&w, 1 + i % 2, i);
	for (i = 0; i < 100; i++)
		talk(&w, 0, 1 + i % 2);
	all_equal(&w);
	stop(&w, 0);
	start(&w, 0);
	memset(w.cut, 0, sizeof(w.cut));
	w.cut[0][1] = w.cut[1][0] = w.cut[0][2] = w.cut[2][0] = true;
	w.rows = 0;
	for (i = 0; i < 10; i++)
		talk(&w, 1, 2);
	assert_int_equal(w.grp[1]->nmembers, 200);
	assert_int_equal(w.rows, 0);
	world_free(&w);
}

/* A server that was away for longer than tombstones stay does not bring the
 * removed member back; nor does it keep it. */
static void
away(void **state)
{
	struct world w;

	(void)state;
	world_new(&w, 3, 10, 1);
	enrol(&w, 2, 1);
	enrol(&w, 2, 2);
	(void)heal(&w);
	w.cut[0][2] = w.cut[2][0] = w.cut[1][2] = w.cut[2][1] = true;
	drop(&w, 0, 1);
	post(&w, 0, 1);
	deliver(&w, 0, false);
	assert_false(has(&w, 1, 1));
	assert_true(has(&w, 2, 1));
	w.net->now += 2 * HOUR;
	post(&w, 0, 1);
	post(&w, 1, 0);
	while (w.nqueue > 0)
		deliver(&w, 0, false);
	w.net->now += 2 * HOUR;
	(void)heal(&w);
	(void)heal(&w);
	all_equal(&w);
	assert_false(has(&w, 0, 1));
	assert_true(has(&w, 0, 2));
	world_free(&w);
}

/* The one who removes a member has not heard that it has just registered
 * elsewhere: it stays. If he had it goes. */
static void
registration_wins(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	world_new(&w, 3, 10, 1);
	enrol(&w, 0, 1);
	(void)heal(&w);
	for (i = 0; i < 5; i++)
		enrol(&w, 0, 2); /* its stamps run ahead */
	enrol(&w, 1, 1);
	drop(&w, 0, 1);
	(void)heal(&w);
	all_equal(&w);
	assert_true(has(&w, 0, 1));
	assert_int_equal(ks_find_member(w.grp[2], MEMBER(1))->owner, ADDR(1));
	drop(&w, 0, 1);
	(void)heal(&w);
	all_equal(&w);
	assert_false(has(&w, 1, 1));
	world_free(&w);
}

/* Many restarts leave no trace: vectors have an end, and what they do not
 * cover any more is told again. */
static void
many_boots(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	world_new(&w, 2, 100, 1);
	for (i = 0; i < 60; i++) {
		enrol(&w, 1, i);
		(void)heal(&w);
		stop(&w, 1);
		start(&w, 1);
		(void)heal(&w);
		assert_int_equal(w.grp[1]->nmembers, i + 1);
	}
	all_equal(&w);
	stop(&w, 0);
	start(&w, 0);
	(void)heal(&w);
	assert_int_equal(w.grp[0]->nmembers, 60);
	all_equal(&w);
	world_free(&w);
}

/* 1 starts anew and hears from 2 what 0 was cut off from; the answer of 0 to
 * its first words must not say how much it has, of the log of the old life. */
static void
stale_answer(void **state)
{
	struct coop_msg m = { .id_type = GDOI_ID_NUMBER, .group_id = 100 };
	struct world w;
	unsigned i;

	(void)state;
	world_new(&w, 3, 60, 1);
	for (i = 0; i < 30; i++)
		enrol(&w, i % 3, i);
	(void)heal(&w);
	(void)heal(&w);
	stop(&w, 1);
	start(&w, 1);
	w.cut[0][2] = w.cut[2][0] = true;
	for (i = 30; i < 60; i++)
		enrol(&w, 2, i);
	for (i = 0; i < 10; i++)
		talk(&w, 1, 2);
	assert_true(has(&w, 1, 59));
	m.from = w.grp[0]->coop->self;
	m.to = w.grp[1]->coop->self;
	coop_members_fill(peer_of(&w, 0, 1), &m, w.pdu);
	peer_of(&w, 1, 0)->boot = m.from.boot;
	coop_members_receive(peer_of(&w, 1, 0), &m);
	coop_msg_free(&m);
	assert_int_equal(peer_of(&w, 1, 0)->log_acked, 0);
	/* without waiting for what is found by digests */
	peer_of(&w, 1, 0)->log_asked = peer_of(&w, 0, 1)->log_asked =
	    ++w.net->now;
	for (i = 0; i < 10; i++)
		talk(&w, 0, 1);
	for (i = 0; i < 60; i++)
		assert_true(has(&w, 0, i));
	world_free(&w);
}

/* Ten thousand, by messages of the default size. */
static void
large(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	world_new(&w, 2, 10000, 1);
	w.pdu = COOP_PDU;
	for (i = 0; i < 10000; i++)
		enrol(&w, 0, i * 7919 % 10000);
	(void)heal(&w);
	all_equal(&w);
	assert_int_equal(w.grp[1]->nmembers, 10000);
	assert_in_range(w.rows, 10000, 10100);
	for (i = 0; i < 10000; i++)
		drop(&w, 1, i);
	(void)heal(&w);
	assert_int_equal(w.grp[0]->nmembers, 0);
	world_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_histories),
		cmocka_unit_test(cost),
		cmocka_unit_test(new_hub),
		cmocka_unit_test(away),
		cmocka_unit_test(registration_wins),
		cmocka_unit_test(many_boots),
		cmocka_unit_test(stale_answer),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
