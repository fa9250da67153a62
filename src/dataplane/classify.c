/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tuple space search. Entries of one shape (the same wildcards, the same
 * kind of protocol and port conditions) stand in one hash table under their
 * values; a lookup asks each shape once, those with the earliest entries
 * first, and stops when what it has is earlier than what the others could
 * give. A hash hit is only a candidate: ace_match() decides, so that the
 * result is that of reading the list from the top.
 *
 * Fragments behind the first have no ports: shapes for them ignore ports and
 * hold only entries that such a fragment can match.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/classify.h"

#define NONE UINT32_MAX

struct shape {
	uint32_t src_mask, dst_mask;
	uint16_t sport_mask, dport_mask;
	uint8_t proto_mask;
};

struct node {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t proto;
	uint32_t ace;	/* index in the list */
	uint32_t next;	/* node with the same key, later in the list */
};

struct tuple {
	struct shape shape;
	uint32_t first;	    /* earliest entry in here */
	uint32_t n, bits;   /* nodes; log2 of the slots */
	uint32_t *slots;    /* heads of chains of one key, NONE: empty */
	uint32_t *last;	    /* their ends, while building */
};

struct space {
	struct tuple *tuples;
	uint32_t n;
	struct node *nodes;
	uint32_t nodes_used;
};

struct classifier {
	struct ace *aces;
	uint32_t n;
	struct space whole, tails;
};

static uint32_t
hash_of(const struct node *k, uint32_t bits)
{
	uint64_t h = ((uint64_t)k->src << 32 | k->dst) * 0x9e3779b97f4a7c15u;

	h ^= ((uint64_t)k->sport << 24 | (uint64_t)k->dport << 8 | k->proto);
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 32;
	h *= 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(h >> (64 - bits));
}

static bool
same_key(const struct node *a, const struct node *b)
{
	return a->src == b->src && a->dst == b->dst && a->sport == b->sport &&
	    a->dport == b->dport && a->proto == b->proto;
}

static struct shape
shape_of(const struct ace *a, bool tails)
{
	struct shape s = {
		.src_mask = ~a->src_wild, .dst_mask = ~a->dst_wild,
		.proto_mask = a->proto == ACE_PROTO_IP ? 0 : 0xff,
	};

	if (tails)
		return s;
	if (ace_has_ports(a) && a->sport.op == ACE_OP_EQ)
		s.sport_mask = 0xffff;
	if (ace_has_ports(a) && a->dport.op == ACE_OP_EQ)
		s.dport_mask = 0xffff;
	if (a->proto == PROTO_ICMP && a->icmp != ACE_ICMP_ANY)
		s.sport_mask =
		    (a->icmp & 0xff) == ACE_ICMP_CODE_ANY ? 0xff00 : 0xffff;
	return s;
}

static struct node
key_of(const struct shape *s, const struct ace *a)
{
	uint16_t sport = a->sport.lo;

	if (a->proto == PROTO_ICMP && a->icmp != ACE_ICMP_ANY)
		sport = a->icmp;
	return (struct node){
		.src = a->src & s->src_mask, .dst = a->dst & s->dst_mask,
		.sport = sport & s->sport_mask,
		.dport = a->dport.lo & s->dport_mask,
		.proto = a->proto & s->proto_mask,
	};
}

/* Nothing but what its key says: later entries of that key are never met. */
static bool
unconditional(const struct ace *a, bool tails)
{
	if (a->dscp != ACE_DSCP_ANY || a->established)
		return false;
	if (tails)
		return true;
	return !a->fragments && a->sport.op <= ACE_OP_EQ &&
	    a->dport.op <= ACE_OP_EQ;
}

/* Can a fragment behind the first match this entry at all? */
static bool
matches_tails(const struct ace *a)
{
	struct flow f = { .src = a->src, .dst = a->dst, .proto = a->proto,
		.frag_tail = true };

	f.dscp = a->dscp == ACE_DSCP_ANY ? 0 : a->dscp;
	return ace_match(a, &f);
}

static struct tuple *
tuple_find(struct space *sp, const struct shape *s)
{
	uint32_t i;

	for (i = 0; i < sp->n; i++) {
		const struct shape *t = &sp->tuples[i].shape;

		if (t->src_mask == s->src_mask &&
		    t->dst_mask == s->dst_mask &&
		    t->sport_mask == s->sport_mask &&
		    t->dport_mask == s->dport_mask &&
		    t->proto_mask == s->proto_mask)
			return &sp->tuples[i];
	}
	return NULL;
}

/* First pass: which shapes there are, in the order of their first entry. */
static void
tuples_count(struct space *sp, const struct classifier *c, bool tails)
{
	struct tuple *t;
	struct shape s;
	uint32_t i, cap = 0;

	for (i = 0; i < c->n; i++) {
		if (tails && !matches_tails(&c->aces[i]))
			continue;
		s = shape_of(&c->aces[i], tails);
		t = tuple_find(sp, &s);
		if (t == NULL) {
			if (sp->n == cap) {
				cap = cap * 2 + 8;
				sp->tuples = xrealloc(sp->tuples,
				    cap * sizeof(*sp->tuples));
			}
			t = &sp->tuples[sp->n++];
			*t = (struct tuple){ .shape = s, .first = i };
		}
		t->n++;
	}
}

static void
node_insert(struct space *sp, struct tuple *t, const struct classifier *c,
    struct node key, bool tails)
{
	uint32_t mask = (1u << t->bits) - 1, at, last;
	struct node *nodes = sp->nodes;

	at = hash_of(&key, t->bits);
	while (t->slots[at] != NONE &&
	    !same_key(&nodes[t->slots[at]], &key))
		at = (at + 1) & mask;
	last = t->last[at];
	if (t->slots[at] != NONE && unconditional(&c->aces[nodes[last].ace],
	    tails))
		return;
	key.next = NONE;
	nodes[sp->nodes_used] = key;
	if (t->slots[at] == NONE)
		t->slots[at] = sp->nodes_used;
	else
		nodes[last].next = sp->nodes_used;
	t->last[at] = sp->nodes_used++;
}

static void
space_build(struct space *sp, const struct classifier *c, bool tails)
{
	struct tuple *t;
	struct shape s;
	struct node key;
	uint32_t i;

	tuples_count(sp, c, tails);
	for (i = 0; i < sp->n; i++) {
		t = &sp->tuples[i];
		for (t->bits = 1; 1u << t->bits < t->n * 2; t->bits++)
			;
		t->slots = xcalloc(1u << t->bits, sizeof(*t->slots));
		memset(t->slots, 0xff, sizeof(*t->slots) << t->bits);
		t->last = xcalloc(1u << t->bits, sizeof(*t->last));
	}
	sp->nodes = xcalloc(c->n + 1, sizeof(*sp->nodes));
	for (i = 0; i < c->n; i++) {
		if (tails && !matches_tails(&c->aces[i]))
			continue;
		s = shape_of(&c->aces[i], tails);
		key = key_of(&s, &c->aces[i]);
		key.ace = i;
		node_insert(sp, tuple_find(sp, &s), c, key, tails);
	}
	for (i = 0; i < sp->n; i++) {
		free(sp->tuples[i].last);
		sp->tuples[i].last = NULL;
	}
}

static void
space_free(struct space *sp)
{
	uint32_t i;

	for (i = 0; i < sp->n; i++)
		free(sp->tuples[i].slots);
	free(sp->tuples);
	free(sp->nodes);
}

struct classifier *
classifier_new(const struct ace *aces, uint32_t n)
{
	struct classifier *c = xcalloc(1, sizeof(*c));

	c->aces = xcalloc(n + 1, sizeof(*aces));
	if (n > 0)
		memcpy(c->aces, aces, n * sizeof(*aces));
	c->n = n;
	space_build(&c->whole, c, false);
	space_build(&c->tails, c, true);
	return c;
}

void
classifier_free(struct classifier *c)
{
	if (c == NULL)
		return;
	space_free(&c->whole);
	space_free(&c->tails);
	free(c->aces);
	free(c);
}

static uint32_t
tuple_lookup(const struct classifier *c, const struct space *sp,
    const struct tuple *t, const struct flow *f, uint32_t best)
{
	const struct shape *s = &t->shape;
	struct node key = {
		.src = f->src & s->src_mask, .dst = f->dst & s->dst_mask,
		.sport = f->sport & s->sport_mask,
		.dport = f->dport & s->dport_mask,
		.proto = f->proto & s->proto_mask,
	};
	uint32_t mask = (1u << t->bits) - 1, at, i;

	at = hash_of(&key, t->bits);
	while ((i = t->slots[at]) != NONE && !same_key(&sp->nodes[i], &key))
		at = (at + 1) & mask;
	for (; i != NONE && sp->nodes[i].ace < best; i = sp->nodes[i].next) {
		if (ace_match(&c->aces[sp->nodes[i].ace], f))
			return sp->nodes[i].ace;
	}
	return best;
}

uint32_t
classify(const struct classifier *c, const struct flow *f)
{
	const struct space *sp = f->frag_tail ? &c->tails : &c->whole;
	uint32_t i, best = CLASSIFY_NONE;

	for (i = 0; i < sp->n && sp->tuples[i].first < best; i++)
		best = tuple_lookup(c, sp, &sp->tuples[i], f, best);
	return best;
}
