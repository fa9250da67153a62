/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The network in memory, see net.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

/* ---- the network ---- */

uint64_t
net_random(struct net *n)
{
	/* splitmix64 */
	uint64_t z = n->rng += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static bool
chance(struct net *n, unsigned percent)
{
	return net_random(n) % 100 < percent;
}

/* Of those of the same millisecond the first comes first. */
static uint64_t
due_at(uint64_t ms, uint64_t order)
{
	return ms << 20 | (order & 0xfffff);
}

static void
enqueue(struct net *n, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct datagram *d = xcalloc(1, sizeof(*d) + len);

	d->at = n->now + 1 + net_random(n) % 5;
	if (chance(n, n->reorder))
		d->at += 5 + net_random(n) % 200;
	d->from = from;
	d->to = to;
	d->len = len;
	memcpy(d->data, data, len);
	if (n->tap != NULL && !n->tap(n, d)) {
		free(d);
		return;
	}
	timer_set(&n->queue, &d->due, due_at(d->at, n->queued++), NULL, d);
}

/* The first datagram, out of the queue, if it is due then; or NULL. */
static struct datagram *
dequeue(struct net *n, uint64_t ms)
{
	struct datagram *d;

	if (n->queue.n == 0)
		return NULL;
	d = n->queue.heap[0]->arg;
	if (d->at > ms)
		return NULL;
	timer_clear(&n->queue, &d->due);
	return d;
}

void
net_lose(struct net *n)
{
	struct datagram *d;

	while ((d = dequeue(n, UINT64_MAX)) != NULL)
		free(d);
}

/* ---- cables ---- */

static bool
in_cuts(const struct node *node, uint32_t addr)
{
	unsigned i;

	for (i = 0; i < node->ncuts; i++)
		if (node->cuts[i] == addr)
			return true;
	return false;
}

bool
net_connected(const struct node *a, const struct node *b)
{
	return !a->deaf && !b->deaf && a->side == b->side &&
	    !in_cuts(a, b->addr);
}

static void
set_cut(struct node *node, uint32_t addr, bool cut)
{
	unsigned i;

	for (i = 0; i < node->ncuts && node->cuts[i] != addr; i++)
		;
	if (cut && i == NELEM(node->cuts))
		fatal("too many cuts");
	if (cut && i == node->ncuts)
		node->cuts[node->ncuts++] = addr;
	else if (!cut && i < node->ncuts)
		node->cuts[i] = node->cuts[--node->ncuts];
}

void
net_cut(struct node *a, struct node *b, bool cut)
{
	set_cut(a, b->addr, cut);
	set_cut(b, a->addr, cut);
}

void
net_heal(struct net *n)
{
	unsigned i;

	for (i = 0; i < n->n; i++)
		n->nodes[i]->side = n->nodes[i]->ncuts = 0;
}

/* ---- datagrams ---- */

static struct node **
bucket(struct net *n, uint32_t addr)
{
	return &n->hash[(addr ^ addr >> 12) % NELEM(n->hash)];
}

struct node *
net_find(struct net *n, uint32_t addr)
{
	struct node *node = *bucket(n, addr);
	unsigned i;

	while (node != NULL && node->addr != addr)
		node = node->same_hash;
	/* a second address, or one that changed since */
	for (i = 0; i < n->n && node == NULL && addr != 0; i++)
		if (n->nodes[i]->addr == addr || n->nodes[i]->addr2 == addr)
			node = n->nodes[i];
	return node;
}

static void
io_send(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct node *node = arg;
	struct net *n = node->net;

	n->sent++;
	n->bytes += len;
	if (node->deaf || chance(n, n->loss))
		return;
	enqueue(n, from, to, data, len);
	if (chance(n, n->dup))
		enqueue(n, from, to, data, len);
}

static uint64_t
io_now(void *arg)
{
	return net_clock(arg);
}

static void
io_random(void *arg, void *data, size_t len)
{
	struct node *node = arg;
	uint8_t *p = data;

	while (len-- > 0)
		*p++ = (uint8_t)net_random(node->net);
}

static void
take_policy(struct node *node, const struct sa_policy *p)
{
	uint32_t i;

	node->policy = true;
	node->direction = p->direction;
	node->reverted = p->reverted;
	node->policies++;
	node->naces = p->n;
	node->npermit = node->ndeny = node->nlocal = 0;
	for (i = 0; i < p->n; i++) {
		node->aces[i] = p->aces[i];
		node->sa_of[i] = p->sa_of[i];
		node->local[i] = p->local[i];
		node->nlocal += p->local[i];
		if (p->aces[i].action == ACE_PERMIT)
			node->npermit++;
		else if (!p->local[i])
			node->ndeny++;
	}
}

static void
del_tek(struct node *node, unsigned i)
{
	node->nteks--;
	memmove(&node->teks[i], &node->teks[i + 1],
	    (node->nteks - i) * sizeof(node->teks[0]));
	memmove(&node->tek_end[i], &node->tek_end[i + 1],
	    (node->nteks - i) * sizeof(node->tek_end[0]));
	memmove(&node->doubted[i], &node->doubted[i + 1],
	    (node->nteks - i) * sizeof(node->doubted[0]));
	memmove(&node->tek_send[i], &node->tek_send[i + 1],
	    (node->nteks - i) * sizeof(node->tek_send[0]));
}

/* As fwd does: an end that is said again changes nothing. */
static void
set_tek(struct node *node, unsigned i, const struct sa_change *c)
{
	uint64_t clock = net_clock(node);
	uint64_t end = net_time(node, clock + c->tek.life_ms);

	node->teks[i].sa_index = c->tek.sa_index;
	if (end + 1000 > node->tek_end[i] && end < node->tek_end[i] + 1000)
		return;
	node->tek_end[i] = end;
}

static void
io_sa(void *arg, const struct sa_change *c)
{
	struct node *node = arg;
	unsigned i;

	if (node->dead)
		return;
	for (i = 0; i < node->nteks;)
		if (node->tek_end[i] <= node->net->now)
			del_tek(node, i);
		else
			i++;
	if (node->net->sa != NULL)
		node->net->sa(node, c);
	switch (c->type) {
	case SA_POLICY:
		take_policy(node, &c->policy);
		break;
	case SA_ADD:
		for (i = 0; i < node->nteks; i++)
			if (node->teks[i].spi == c->tek.spi)
				break;
		if (i == NODE_TEKS)
			fatal("too many TEKs");
		if (i == node->nteks) {
			node->tek_end[i] = 0;
			node->tek_send[i] = c->tek.send_after_ms == 0 ? 0 :
			    net_time(node, net_clock(node) +
			    c->tek.send_after_ms);
			node->teks[node->nteks++] = c->tek;
		}
		set_tek(node, i, c);
		node->doubted[i] = false;
		node->teks[i].pseudotime = c->tek.pseudotime;
		break;
	case SA_DEL:
		for (i = 0; i < node->nteks; i++)
			if (node->teks[i].spi == c->del.spi)
				del_tek(node, i--);
		break;
	case SA_FLUSH:
		node->policy = false;
		node->naces = node->nteks = 0;
		node->flushes++;
		break;
	case SA_DOUBT:
		for (i = 0; i < node->nteks; i++)
			node->doubted[i] = true;
		break;
	}
}

static void
io_log(void *arg, enum log_id id, va_list ap)
{
	struct strbuf sb = { 0 };
	struct node *node = arg;
	char a[IP4_STRLEN];

	node->logs[id]++;
	if (node->net->quiet)
		return;
	log_vformat(&sb, id, ap);
	str_copy(node->last[id], sb.s, sizeof(node->last[id]));
	if (node->net->verbose)
		fprintf(stderr, "%8llu.%03u %-15s %s\n",
		    (unsigned long long)node->net->now / 1000,
		    (unsigned)(node->net->now % 1000),
		    ip4_str(node->addr, a), sb.s);
	sb_free(&sb);
}

static void
io_keys_changed(void *arg)
{
	((struct node *)arg)->keys_changed++;
}

static void
io_send_group(void *arg, uint32_t ifindex UNUSED, struct udp_addr from,
    struct udp_addr to, const uint8_t *data, size_t len)
{
	io_send(arg, from, to, data, len);
}

struct gdoi_io
net_io(void)
{
	return (struct gdoi_io){ io_send, io_now, io_random, io_sa, io_log,
		io_keys_changed, io_send_group, net_io_member,
		NULL };
}

struct net *
net_new(uint64_t seed)
{
	struct net *n = xcalloc(1, sizeof(*n));

	n->now = 1000000;
	n->rng = seed;
	n->verbose = getenv("NET_VERBOSE") != NULL;
	if (getenv("NET_DEBUG") != NULL)
		memset(debug_set.levels, DBG_ALL, sizeof(debug_set.levels));
	return n;
}

void
net_free(struct net *n)
{
	unsigned i;

	for (i = 0; i < n->n; i++) {
		gdoi_free(n->nodes[i]->g);
		tc_free(n->nodes[i]->conf);
		free(n->nodes[i]);
	}
	net_lose(n);
	timers_free(&n->queue);
	timers_free(&n->due);
	free(n);
}

static void
start_engine(struct node *node)
{
	struct gdoi_io io = net_io();
	struct port p = { .index = 1, .ifindex = 7, .addr = node->addr,
		.mask = 0xffffff00, .mtu = 1500, .up = true };

	node->g = gdoi_new(&io, node);
	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	gdoi_port(node->g, &p);
}

struct node *
net_add(struct net *n, uint32_t addr)
{
	struct node *node = xcalloc(1, sizeof(*node));

	if (n->n == NODES_MAX)
		fatal("too many nodes");
	node->net = n;
	node->addr = addr;
	node->conf = tc_new();
	node->number = n->n;
	node->same_hash = *bucket(n, addr);
	*bucket(n, addr) = node;
	n->nodes[n->n++] = node;
	start_engine(node);
	return node;
}

void
net_apply(struct node *node)
{
	gdoi_config(node->g, node->g->conf, node->conf);
	gdoi_settled(node->g);
}

void
net_restart(struct node *node)
{
	struct strbuf keys = { 0 };
	bool deaf = node->deaf;

	gdoi_keys_save(node->g, &keys);
	node->deaf = node->dead = true; /* no goodbye, fwd hears nothing */
	gdoi_free(node->g);
	node->deaf = deaf;
	node->dead = false;
	node->ngroups = 0;
	start_engine(node);
	if (keys.len > 0 && gdoi_keys_load(node->g, keys.s, keys.len) != 0)
		fatal("keys");
	sb_free(&keys);
	gdoi_config(node->g, NULL, node->conf);
}

/* ---- time ---- */

static void
input(struct node *node, const struct datagram *d)
{
	gdoi_input(node->g, d->to, d->from, d->data, d->len);
	net_touched(node);
}

/* To whom it is sent; by multicast to all but the sender that are in the
 * group, each of which may miss it. */
static void
deliver(struct net *n, const struct datagram *d)
{
	struct node *node;
	const struct node *from = net_find(n, d->from.addr);
	unsigned i;

	if (!is_multicast(d->to.addr)) {
		node = net_find(n, d->to.addr);
		if (node != NULL && !node->deaf && (from == NULL ||
		    net_connected(from, node)))
			input(node, d);
		return;
	}
	for (i = 0; i < n->n; i++) {
		node = n->nodes[i];
		if (node != from && !node->deaf && (from == NULL ||
		    net_connected(from, node)) &&
		    net_in_group(node, d->to.addr) && !chance(n, n->loss))
			input(node, d);
	}
}

/* It is called at once, to say when it wants to be called. */
void
net_touched(struct node *node)
{
	timer_set(&node->net->due, &node->due, due_at(node->net->now,
	    node->number), NULL, node);
}

static void
touch_all(struct net *n)
{
	unsigned i;

	for (i = 0; i < n->n; i++)
		net_touched(n->nodes[i]);
}

/* Engines that have to be called, in the order of their numbers. */
static void
call_engines(struct net *n)
{
	uint64_t end = due_at(n->now + 1, 0), t;
	struct node *node;

	while (n->due.n > 0 && n->due.heap[0]->at < end) {
		node = n->due.heap[0]->arg;
		t = gdoi_timeout(node->g);
		if (t == UINT64_MAX)
			timer_clear(&n->due, &node->due);
		else
			timer_set(&n->due, &node->due, due_at(net_time(node,
			    t), node->number), NULL, node);
	}
}

bool
net_step(struct net *n, uint64_t until)
{
	struct datagram *d;
	uint64_t next = until;

	call_engines(n);
	if (n->due.n > 0 && n->due.heap[0]->at >> 20 < next)
		next = n->due.heap[0]->at >> 20;
	if (n->queue.n > 0 && n->queue.heap[0]->at >> 20 < next)
		next = n->queue.heap[0]->at >> 20;
	if (next > n->now)
		n->now = next;
	while ((d = dequeue(n, n->now)) != NULL) {
		deliver(n, d);
		if (n->after != NULL)
			n->after(n, d);
		free(d);
	}
	return n->now < until;
}

void
net_run(struct net *n, uint64_t ms)
{
	uint64_t until = n->now + ms;

	touch_all(n);
	while (net_step(n, until))
		;
}

bool
net_until(struct net *n, uint64_t ms, bool (*done)(struct net *))
{
	uint64_t until = n->now + ms;

	touch_all(n);
	while (!done(n))
		if (!net_step(n, until))
			return done(n);
	return true;
}
