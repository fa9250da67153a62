/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The translations of process fwd: an array of entries, each in two hashes
 * (chains under a secret seed: addresses and ports are the peers' choice).
 *
 * A packet that uses an entry writes its time and nothing else. A wheel of
 * seconds looks at each entry when it may have been idle long enough, and
 * puts it off when it was not. When the table is full, a hand goes round the
 * array and takes the longest idle one of the next EVICT_SAMPLE: exact for
 * small tables, close to it for large ones, and no list that every packet
 * would have to rearrange.
 */
#include "config.h"

#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>

#include "dataplane/nat_priv.h"

#define HASH_BITS 20
#define HASH_SIZE (1u << HASH_BITS)
#define HUGE_PAGE ((size_t)2 << 20)
#define EVICT_SAMPLE 32
#define EVICT_LOOK 4096 /* slots, free ones and static ones counted */

_Static_assert(sizeof(struct nat_entry) == 64, "one line of the cache");
_Static_assert(HASH_SIZE == NAT_ENTRIES_MAX, "chains of one on average");

/* Large pages where the kernel has them: a packet goes to places of this
 * memory that have nothing to do with those of the packet before. */
static void *
big_alloc(size_t n, size_t size)
{
	size_t all = (n * size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *p = aligned_alloc(HUGE_PAGE, all);

	if (p == NULL)
		fatal("no memory for translations");
	(void)madvise(p, all, MADV_HUGEPAGE);
	return p;
}

void
nat_table_alloc(struct nat *n)
{
	uint8_t *bufs;
	unsigned i;

	if (n->e != NULL)
		return;
	n->e = big_alloc((size_t)NAT_ENTRIES_MAX + 1, sizeof(*n->e));
	n->out = big_alloc(HASH_SIZE, sizeof(*n->out));
	n->in = big_alloc(HASH_SIZE, sizeof(*n->in));
	memset(n->out, 0, HASH_SIZE * sizeof(*n->out));
	memset(n->in, 0, HASH_SIZE * sizeof(*n->in));
	n->wheel = xcalloc(NAT_SLOTS, sizeof(*n->wheel));
	n->frags = xcalloc(NAT_FRAGS, sizeof(*n->frags));
	n->held = xcalloc(NAT_HELD, sizeof(*n->held));
	bufs = xcalloc(NAT_HELD, PKT_BUF_SIZE);
	for (i = 0; i < NAT_HELD; i++)
		n->held[i].pkt.buf = bufs + (size_t)i * PKT_BUF_SIZE;
	n->top = 1;
	n->wheel_at = n->now;
}

void
nat_table_free(struct nat *n)
{
	free(n->e);
	free(n->out);
	free(n->in);
	free(n->wheel);
	free(n->frags);
	if (n->held != NULL)
		free(n->held[0].pkt.buf);
	free(n->held);
}

/* ---- hashes ---- */

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 29;
	x *= UINT64_C(0x9fb21c651e98df25);
	return x ^ x >> 32;
}

uint64_t
nat_hash(const struct nat *n, uint64_t a, uint64_t b)
{
	return mix(mix(a ^ n->seed[0]) ^ b ^ n->seed[1]);
}

static uint32_t *
head_of(const struct nat *n, bool out, const struct nat_key *k)
{
	return &(out ? n->out : n->in)[nat_hash(n, (uint64_t)k->addr << 32 |
	    k->far, (uint64_t)k->kind << 40 | (uint64_t)k->proto << 32 |
	    (uint32_t)k->port << 16 | k->far_port) >> (64 - HASH_BITS)];
}

/* What an entry is found by: the side that packets going out show, or the
 * one that packets coming in show. */
static inline struct nat_key
key_of(const struct nat_entry *e, bool out)
{
	struct nat_key k = { .kind = e->kind, .proto = e->proto,
		.addr = out ? e->il : e->ig, .port = out ? e->ilp : e->igp };
	uint32_t far = out ? e->ol : e->og;
	uint16_t far_port = out ? e->olp : e->ogp;

	if (e->kind == NAT_EXTENDED) {
		k.far = far;
		k.far_port = far_port;
	} else if (e->kind == NAT_OUTSIDE_SIMPLE ||
	    e->kind == NAT_OUTSIDE_PORT) {
		k.addr = far;
		k.port = far_port;
	}
	return k;
}

static inline bool
has_key(const struct nat_entry *e, bool out, const struct nat_key *k)
{
	struct nat_key h;

	if (e->kind != k->kind || e->proto != k->proto)
		return false;
	h = key_of(e, out);
	return h.addr == k->addr && h.far == k->far && h.port == k->port &&
	    h.far_port == k->far_port;
}

static inline uint32_t *
next_of(struct nat_entry *e, bool out)
{
	return out ? &e->next_out : &e->next_in;
}

/* Dynamic entries in front; static ones in the order of their lines. */
static void
link_in(struct nat *n, uint32_t i, bool out)
{
	struct nat_entry *e = nat_at(n, i);
	struct nat_key k = key_of(e, out);
	uint32_t *at = head_of(n, out, &k);

	while ((e->flags & NE_STATIC) != 0 && *at != 0)
		at = next_of(nat_at(n, *at), out);
	*next_of(e, out) = *at;
	*at = i;
}

static void
link_out(struct nat *n, uint32_t i, bool out)
{
	struct nat_entry *e = nat_at(n, i);
	struct nat_key k = key_of(e, out);
	uint32_t *at = head_of(n, out, &k);

	while (*at != i)
		at = next_of(nat_at(n, *at), out);
	*at = *next_of(e, out);
}

/* ---- life of an entry ---- */

static uint32_t
tcp_timeout(const struct nat *n, const struct nat_entry *e)
{
	if (e->tcp == NAT_TCP_SYN)
		return n->timeouts.syn;
	if (e->tcp == NAT_TCP_FINRST)
		return n->timeouts.finrst;
	return e->ogp == 1723 ? n->timeouts.pptp : n->timeouts.tcp;
}

uint32_t
nat_timeout_of(const struct nat *n, const struct nat_entry *e)
{
	unsigned i;

	if (e->kind == NAT_ANCHOR)
		return 0;
	if (e->kind != NAT_EXTENDED)
		return n->timeouts.any;
	/* syn and finrst stay what they are */
	for (i = 0; i < n->n_port_timeouts; i++) {
		if (n->port_timeouts[i].proto == e->proto &&
		    n->port_timeouts[i].port == e->ogp &&
		    (e->proto != PROTO_TCP || e->tcp == NAT_TCP_ESTABLISHED))
			return n->port_timeouts[i].secs;
	}
	switch (e->proto) {
	case PROTO_TCP:
		return tcp_timeout(n, e);
	case PROTO_UDP:
		return e->ogp == 53 ? n->timeouts.dns : n->timeouts.udp;
	case PROTO_ICMP:
		return n->timeouts.icmp;
	case PROTO_GRE:
		return n->timeouts.pptp;
	default:
		return n->timeouts.any;
	}
}

static bool
rule_gone(const struct nat *n, const struct nat_entry *e)
{
	return e->rule != 0 && n->rules[e->rule]->gone;
}

static bool
is_gone(const struct nat *n, const struct nat_entry *e)
{
	return n->n_gone > 0 && (rule_gone(n, e) ||
	    (e->kind == NAT_EXTENDED && e->far != 0 &&
	    rule_gone(n, nat_at(n, e->far))));
}

bool
nat_entry_dead(const struct nat *n, const struct nat_entry *e)
{
	uint32_t timeout;

	if (is_gone(n, e))
		return true;
	if ((e->flags & NE_STATIC) != 0 ||
	    (e->kind != NAT_EXTENDED && e->children > 0))
		return false;
	timeout = nat_timeout_of(n, e);
	return timeout != NAT_NEVER && n->now - e->used >= timeout;
}

static void
wheel_leave(struct nat *n, uint32_t i)
{
	struct nat_entry *e = nat_at(n, i);

	if (e->slot == 0)
		return;
	if (e->prev != 0)
		nat_at(n, e->prev)->next = e->next;
	else
		n->wheel[e->slot - 1] = e->next;
	if (e->next != 0)
		nat_at(n, e->next)->prev = e->prev;
	e->slot = 0;
	n->n_wheel--;
}

/* To where it may have to end, or as far ahead as the wheel reaches. */
static void
wheel_join(struct nat *n, uint32_t i)
{
	struct nat_entry *e = nat_at(n, i);
	uint32_t timeout = 0, at, ahead = 0;

	wheel_leave(n, i);
	if (!is_gone(n, e)) {
		timeout = nat_timeout_of(n, e);
		if ((e->flags & NE_STATIC) != 0 || timeout == NAT_NEVER)
			return;
	}
	if (n->n_wheel == 0)
		n->wheel_at = n->now;
	/* modulo 2^32; the wheel may be behind the clock */
	if (e->kind != NAT_EXTENDED && e->children > 0)
		ahead = NAT_SLOTS - 1;
	else if ((int32_t)(e->used + timeout - n->wheel_at) > 0)
		ahead = e->used + timeout - n->wheel_at;
	if (ahead > NAT_SLOTS - 1)
		ahead = NAT_SLOTS - 1;
	at = (n->wheel_at + ahead) % NAT_SLOTS;
	e->prev = 0;
	e->next = n->wheel[at];
	if (e->next != 0)
		nat_at(n, e->next)->prev = i;
	n->wheel[at] = i;
	e->slot = (uint16_t)(at + 1);
	n->n_wheel++;
}

static void
parent_put(struct nat *n, uint32_t i)
{
	struct nat_entry *e = nat_at(n, i);

	if (i == 0)
		return;
	e->used = n->now;
	if (--e->children == 0)
		wheel_join(n, i);
}

void
nat_entry_del(struct nat *n, uint32_t i)
{
	struct nat_entry *e = nat_at(n, i);

	wheel_leave(n, i);
	link_out(n, i, true);
	link_out(n, i, false);
	if ((e->flags & NE_POOL) != 0)
		nat_pool_hold(n, e, false);
	if (e->rule != 0)
		n->rules[e->rule]->refs--;
	if (e->kind == NAT_EXTENDED) {
		parent_put(n, e->parent);
		parent_put(n, e->far);
	}
	n->n_static -= (e->flags & NE_STATIC) != 0;
	n->n_own -= (e->flags & NE_OWN) != 0;
	n->n_kind[e->kind]--;
	n->count--;
	nat_limit_count(n, e, false);
	e->kind = NE_FREE;
	e->next = n->free;
	n->free = i;
}

static bool
may_go(const struct nat_entry *e)
{
	return e->kind != NE_FREE && (e->flags & NE_STATIC) == 0 &&
	    (e->kind == NAT_EXTENDED || e->children == 0);
}

/* The longest idle one of those in front of the hand. */
static bool
evict(struct nat *n, uint32_t keep1, uint32_t keep2)
{
	uint32_t best = 0, seen = 0, looked, i;
	const struct nat_entry *e;

	for (looked = 0; looked < EVICT_LOOK && looked < n->top &&
	    seen < EVICT_SAMPLE; looked++) {
		n->hand = n->hand + 1 < n->top ? n->hand + 1 : 1;
		i = n->hand;
		e = nat_at(n, i);
		if (i == keep1 || i == keep2 || !may_go(e))
			continue;
		seen++;
		if (best == 0 ||
		    n->now - e->used > n->now - nat_at(n, best)->used)
			best = i;
	}
	if (best == 0)
		return false;
	nat_entry_del(n, best);
	n->c.evicted++;
	return true;
}

static bool
make_room(struct fwd *f, struct nat *n, const struct nat_entry *like)
{
	uint32_t far = like->kind == NAT_EXTENDED ? like->far : 0;
	unsigned i;

	/* the limit is for what packets make */
	if (n->count < ((like->flags & NE_STATIC) != 0 ? NAT_ENTRIES_MAX :
	    n->max))
		return true;
	if (f != NULL)
		fwd_event_log(f, LOG_NAT_FULL, 0,
		    &(struct event){ .a = n->max });
	/* two, so that a limit that was lowered is reached */
	for (i = 0; i < 2 && n->count >= n->max; i++) {
		if (!evict(n, like->parent, far))
			break;
	}
	return n->count < n->max || (i > 0 && n->count < NAT_ENTRIES_MAX);
}

uint32_t
nat_entry_add(struct fwd *f, struct nat *n, const struct nat_entry *like)
{
	struct nat_entry *e;
	uint32_t i;

	if (!make_room(f, n, like))
		return 0;
	i = n->free;
	if (i != 0)
		n->free = nat_at(n, i)->next;
	else
		i = n->top++;
	e = nat_at(n, i);
	*e = *like;
	e->created = e->used = n->now;
	e->slot = 0;
	if (e->kind != NAT_EXTENDED)
		e->children = 0;
	else if (e->far != 0)
		nat_at(n, e->far)->children++;
	if (e->parent != 0)
		nat_at(n, e->parent)->children++;
	if (e->rule != 0)
		n->rules[e->rule]->refs++;
	if ((e->flags & NE_POOL) != 0)
		nat_pool_hold(n, e, true);
	n->n_static += (e->flags & NE_STATIC) != 0;
	n->n_own += (e->flags & NE_OWN) != 0;
	n->n_kind[e->kind]++;
	n->count++;
	nat_limit_count(n, e, true);
	link_in(n, i, true);
	link_in(n, i, false);
	wheel_join(n, i);
	if (nat_active(n) > n->peak) {
		n->peak = nat_active(n);
		n->peak_at = n->now;
	}
	return i;
}

void
nat_entry_use(struct nat *n, uint32_t i, uint8_t tcp_flags, bool out)
{
	struct nat_entry *e = nat_at(n, i);
	uint8_t was = e->tcp;

	e->used = n->now;
	e->flags |= out ? NE_OUT : NE_IN;
	if (e->kind != NAT_EXTENDED || e->proto != PROTO_TCP)
		return;
	if ((tcp_flags & (TCP_FIN | TCP_RST)) != 0) {
		e->tcp = NAT_TCP_FINRST;
	} else if ((tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		if (e->tcp == NAT_TCP_FINRST) /* the ports once more */
			e->tcp = NAT_TCP_SYN;
	} else if (e->tcp == NAT_TCP_SYN && (tcp_flags & TCP_SYN) == 0 &&
	    (e->flags & (NE_OUT | NE_IN)) == (NE_OUT | NE_IN)) {
		e->tcp = NAT_TCP_ESTABLISHED;
	}
	if (e->tcp != was)
		wheel_join(n, i);
}

/* ---- finding ---- */

/* One with children, whose rule is gone, waits for them: they name it. */
static void
expire(struct nat *n, uint32_t i)
{
	if (nat_at(n, i)->kind != NAT_EXTENDED && nat_at(n, i)->children > 0)
		return;
	nat_entry_del(n, i);
	n->c.expired++;
}

/* Of a whole burst first, so that the memory answers all of it at once. */
const uint32_t *
nat_head(const struct nat *n, const struct nat_ask *a, bool out)
{
	struct nat_key k = nat_key(a, out);
	const uint32_t *head = head_of(n, out, &k);

	__builtin_prefetch(head);
	return head;
}

void
nat_look_ahead(const struct nat *n, const struct nat_ask *a, uint32_t head,
    bool out)
{
	struct nat_key k = nat_key(a, out);
	struct nat_entry *e = nat_at(n, head);

	if (head != 0 && !has_key(e, out, &k))
		__builtin_prefetch(nat_at(n, *next_of(e, out)));
}

uint32_t
nat_find(struct nat *n, bool out, uint32_t at, const struct nat_key *k)
{
	struct nat_entry *e;
	uint32_t i, next;

	if (n->n_kind[k->kind] == 0)
		return 0;
	i = at != 0 ? *next_of(nat_at(n, at), out) : *head_of(n, out, k);
	for (; i != 0; i = next) {
		e = nat_at(n, i);
		next = *next_of(e, out);
		if (!has_key(e, out, k))
			continue;
		if (!nat_entry_dead(n, e))
			return i;
		expire(n, i);
	}
	return 0;
}

/* ---- time ---- */

void
nat_sweep_start(struct nat *n)
{
	n->sweep = n->top > 1 ? 1 : 0;
}

static void
look_at(struct fwd *f, struct nat *n, uint32_t i)
{
	struct nat_entry *e = nat_at(n, i);

	if (!nat_entry_dead(n, e) ||
	    (e->kind != NAT_EXTENDED && e->children > 0)) {
		wheel_join(n, i);
		return;
	}
	if (f != NULL && n->debug == NAT_DEBUG_DETAILED)
		nat_tell_entry(f, e, NAT_TOLD_GONE);
	expire(n, i);
}

static void
sweep(struct fwd *f, struct nat *n, unsigned budget)
{
	for (; n->sweep != 0 && budget > 0; budget--) {
		if (n->sweep >= n->top)
			n->sweep = 0;
		else if (nat_at(n, n->sweep++)->kind != NE_FREE)
			look_at(f, n, n->sweep - 1);
	}
}

/* Entries whose time was up are still there. */
bool
nat_is_behind(const struct nat *n)
{
	return n->n_wheel > 0 && (int32_t)(n->now - n->wheel_at) >= 0;
}

void
nat_tick(struct fwd *f, struct nat *n, unsigned budget)
{
	uint32_t i;

	if (n->sweep != 0)
		sweep(f, n, budget);
	while (budget > 0 && nat_is_behind(n)) {
		i = n->wheel[n->wheel_at % NAT_SLOTS];
		if (i == 0) {
			n->wheel_at++;
			continue;
		}
		budget--;
		look_at(f, n, i);
	}
}
