/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets between routers in memory, see vpn_traffic.h.
 */
#include "config.h"

#include <string.h>

#include "vpn_traffic.h"

#define SEC 1000u

static struct traffic_key *
key_of(struct traffic *t, const struct sa_tek *tek)
{
	struct traffic_key *k;
	uint8_t id[16] = { 0 };
	size_t at;

	memcpy(id, tek->key.data, tek->key.len < 16 ? tek->key.len : 16);
	for (at = (id[0] | id[1] << 8) % TRAFFIC_KEYS;;
	    at = (at + 1) % TRAFFIC_KEYS) {
		k = &t->keys[at];
		if (!k->known || memcmp(k->id, id, sizeof(id)) == 0)
			break;
	}
	memcpy(k->id, id, sizeof(id));
	return k;
}

/* Two share a key: one sends with it, the other one reads. */
static void
added(struct vrouter *r, struct vpn_sa *sa)
{
	struct traffic *t = r->v->traffic;
	struct traffic_key *k = key_of(t, &sa->t);

	if (!k->known) {
		k->spi = sa->t.spi;
		k->way = sa->t.way;
		k->router = r->number;
		k->known = true;
		return;
	}
	if (k->spi != sa->t.spi)
		t->wrong("%08X and %08X have one key", k->spi, sa->t.spi);
	if ((k->way == sa->t.way) != (k->router == r->number))
		t->wrong("%08X has one key for both ways", k->spi);
	if (sa->t.way == SA_WAY_OUT && sa->seq < k->seq)
		t->wrong("R%u numbers %08X from %u after %u", r->number,
		    k->spi, sa->seq, k->seq);
}

void
traffic_begin(struct traffic *t, struct vpn *v)
{
	v->traffic = t;
	v->added = added;
}

struct vpn_sa *
traffic_sa(struct vrouter *r, uint32_t spi, enum sa_way way)
{
	unsigned i;

	for (i = 0; i < r->nsas; i++)
		if (r->sas[i].t.spi == spi &&
		    r->sas[i].t.way == (uint8_t)way)
			return &r->sas[i];
	return NULL;
}

/* ---- one packet ---- */

/* False: it has used up its volume. */
static bool
count(struct vrouter *r, struct vpn_sa *sa, unsigned size)
{
	uint64_t life = sa->t.life_kb * 1024, now = r->v->now;
	uint64_t hard = sa->t.way == SA_WAY_IN ? life + life / 4 : life;
	bool ended = life != 0 && sa->octets + size > hard;

	sa->used = now;
	if (!ended)
		sa->octets += size;
	if (life == 0 || (!ended && sa->octets < life - life / 5 * 2))
		return true;
	sa->ended |= ended;
	if (sa->volume_told == 0 || now - sa->volume_told >= 5 * SEC) {
		struct sa_tek t = sa->t; /* it may be gone then */

		sa->volume_told = now;
		vpn_event(r, SA_EVENT_KILOBYTES, t.group, t.spi);
	}
	return !ended;
}

/* ESP that nobody can read: once a minute for a source. */
static void
unreadable(struct traffic *t, const struct traffic_way *w, uint32_t spi)
{
	struct sa_event e = { .type = SA_EVENT_INVALID_SPI, .spi = spi,
		.src = w->from->nat != 0 ? w->from->nat : w->from->addr,
		.dst = w->to->addr };
	uint64_t *told = &t->spi_told[w->from->number];

	if (*told + 60 * SEC > w->from->v->now)
		return;
	*told = w->from->v->now;
	ipsec_sa_event(w->to->s, &e);
}

/* It comes from another port than before. */
static void
look_for_move(const struct traffic_way *w, const struct sa_tek *in)
{
	struct sa_event e = { .type = SA_EVENT_MOVED, .spi = in->other_spi,
		.src = w->to->addr, .dst = w->from->nat,
		.port = (uint16_t)(IPSEC_NAT_PORT + w->from->nat_shift) };

	if (w->from->nat == 0 || in->encap_remote == e.port)
		return;
	str_copy(e.group, in->group, sizeof(e.group));
	ipsec_sa_event(w->to->s, &e);
}

/* A hub has what is in the policy that it was told; what it had before its
 * process ike died goes on until there is something newer. */
static bool
find_index(struct traffic_way *w)
{
	const struct vrouter *r = w->from;
	unsigned i;

	if (strcmp(w->group, HUB_GROUP) != 0)
		return true;
	for (i = 0; i < r->naces; i++)
		if (r->aces[i].dst == w->dst && (w->index == 0 ||
		    vpn_out(w->from, w->group, r->sa_of[i]) != NULL ||
		    vpn_out(w->from, w->group, w->index) == NULL))
			w->index = r->sa_of[i];
	return w->index != 0;
}

static bool
arrives(struct traffic *t, struct traffic_way *w)
{
	struct vrouter *a = w->from, *b = w->to;
	struct vpn_sa *sa;
	struct sa_tek tek;

	if (!find_index(w) || !vpn_packet(a, w->group, w->index))
		return false;
	tek = vpn_out(a, w->group, w->index)->t;
	sa = traffic_sa(a, tek.spi, SA_WAY_OUT);
	key_of(t, &tek)->seq = ++sa->seq;
	if (!count(a, sa, w->size) || a->deaf || b->deaf ||
	    t->down[a->number] || t->down[b->number])
		return false;
	if (vpn_in(b, tek.spi) == NULL) {
		unreadable(t, w, tek.spi);
		return false;
	}
	if (!vpn_reads(a, w->group, w->index, b))
		return false;
	sa = traffic_sa(b, tek.spi, SA_WAY_IN);
	tek = sa->t;
	if (!count(b, sa, w->size))
		return false;
	look_for_move(w, &tek);
	return true;
}

void
traffic_send(struct traffic *t)
{
	unsigned i;

	for (i = 0; i < t->nways; i++)
		t->ways[i].arrived = arrives(t, &t->ways[i]);
}

void
traffic_silence(struct vrouter *r)
{
	struct sa_tek found[VPN_SAS];
	const struct vpn_sa *sa, *in;
	uint64_t now = r->v->now;
	unsigned i, n = 0;

	for (i = 0; i < r->nsas; i++) {
		sa = &r->sas[i];
		in = traffic_sa(r, sa->t.other_spi, SA_WAY_IN);
		if (sa->t.way == SA_WAY_OUT && in != NULL &&
		    now - sa->used < 5 * SEC && now - in->used >= 5 * SEC)
			found[n++] = sa->t;
	}
	for (i = 0; i < n; i++)
		vpn_event(r, SA_EVENT_SILENT, found[i].group, found[i].spi);
}
