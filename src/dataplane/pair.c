/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers in the worker of process fwd: what ESP of a pair
 * has that ESP of a group has not. Tunnel mode between two addresses,
 * transport mode, volume, the entry that an SA was made for, tunnels with
 * protection.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define ACQUIRE_MS 1000
#define TELL_MS 5000
#define SOFT_LEFT (256 * 1024) /* octets; or a tenth, if that is more */
#define SOFT_MS 30000	       /* of the rate that is seen */
#define RATE_MS 250	       /* it is taken so often */
#define NEXT_IPV4 4

/* ---- outbound ---- */

/* For want of an SA, or of one that this process ike knows. */
static void
acquire(struct fwd *f, const struct pkt *p)
{
	const struct snap_group *sg = p->group;
	struct event e = { .type = EVENT_ACQUIRE, .a = 1, .group = sg->group,
		.src = p->flow.src, .b = p->flow.dst };
	uint64_t *said = &sg->group->acquired;

	if (sg->policy != NULL) {
		said = &sg->policy->stats[p->ace]->acquired;
		e.a = sg->policy->sa_of[p->ace];
	}
	/* a dynamic map waits for the peer */
	if (e.a == 0 || (*said != 0 && f->w.now - *said < ACQUIRE_MS))
		return;
	*said = f->w.now;
	fwd_event(f, &e);
}

enum verdict
pair_take_sa(struct fwd *f, struct pkt *p, struct snap_group *sg,
    uint32_t entry)
{
	struct sa *sa = sg->out[entry != CLASSIFY_NONE ? entry : 0];

	p->sa = sa;
	p->group = sg;
	p->ace = entry;
	if (sa == NULL || __atomic_load_n(&sa->doubted, __ATOMIC_RELAXED))
		acquire(f, p);
	if (sa != NULL)
		return NEXT;
	policy_count(sg, entry, STAT_NO_SA);
	return fwd_drop(f, DROP_NO_SA);
}

/* Octets a second: risen at once, fallen slowly. */
static void
take_rate(struct sa *sa, uint64_t now)
{
	uint64_t ms = now - sa->rate_at, rate;

	if (ms < RATE_MS)
		return;
	rate = (sa->octets - sa->rate_octets) * 1000 / ms;
	if (rate < sa->rate)
		rate = sa->rate - (sa->rate - rate) / 4;
	sa->rate = rate;
	sa->rate_at = now;
	sa->rate_octets = sa->octets;
}

/* What has to be left when the next one is asked for: as long as before the
 * end of its time, at this rate, but not more than half of it all. Each SA has
 * another one, so that the two sides seldom begin in one moment. */
static uint64_t
soft_left(const struct sa *sa)
{
	uint64_t left = sa->rate * SOFT_MS / 1000, least = sa->life / 10;

	if (least < SOFT_LEFT)
		least = SOFT_LEFT;
	if (left < least)
		left = least;
	if (left > sa->life / 5 * 2)
		left = sa->life / 5 * 2;
	return left + left / 4 * sa->spread / 256;
}

/* Who sends ends it. Who receives takes somewhat more: the other one may count
 * what is not padded, and what it has sent is on its way. */
static uint64_t
hard_end(const struct sa *sa)
{
	return sa->way == SA_WAY_IN ? sa->life + sa->life / 4 : sa->life;
}

bool
pair_volume(struct fwd *f, struct sa *sa, unsigned len)
{
	struct event e = { .type = EVENT_VOLUME, .spi = sa->spi,
		.c = sa->way, .group = sa->group, .a = sa->sa_index };
	bool ended = sa->life != 0 && sa->octets + len > hard_end(sa);

	if (!ended) {
		__atomic_store_n(&sa->octets, sa->octets + len,
		    __ATOMIC_RELAXED);
		__atomic_store_n(&sa->used, f->w.now, __ATOMIC_RELAXED);
	}
	if (sa->life == 0)
		return true;
	take_rate(sa, f->w.now);
	if (!ended && sa->octets + soft_left(sa) < sa->life)
		return true;
	/* the control thread may have missed it: said again until it helps */
	if (ended && sa->ended == 0)
		sa->told = 0;
	if (sa->told == 0 || f->w.now - sa->told >= TELL_MS) {
		sa->told = f->w.now;
		if (ended)
			__atomic_store_n(&sa->ended, f->w.now,
			    __ATOMIC_RELAXED);
		fwd_event(f, &e);
	}
	return !ended;
}

/* From this end of the SA to the other. */
static bool
is_between(const struct pkt *p, const struct sa *sa)
{
	const uint8_t *ip = pkt_ip(p);

	return get32(ip + IPH_SRC) == sa->local &&
	    get32(ip + IPH_DST) == sa_remote(sa);
}

bool
pair_may_send(struct fwd *f, struct pkt *p, unsigned text,
    enum drop_id *why)
{
	const struct snap_group *sg = p->group;
	struct sa *sa = p->sa;

	*why = DROP_TRANSPORT;
	if (sa->mode == SA_TRANSPORT &&
	    (ip_is_fragment(pkt_ip(p)) || !is_between(p, sa)))
		return false;
	/* something put it into another tunnel since */
	if (sg->group->kind == GROUP_TUNNEL &&
	    pkt_ip(p)[IPH_PROTO] != PROTO_GRE)
		return false;
	*why = DROP_LIFETIME;
	return pair_volume(f, sa, text);
}

/* ---- the way between ---- */

/* What the core says is believed of our own SAs only, whose SPIs who does not
 * see them cannot know, not below any sensible link, and for ten minutes. */
#define PATH_MTU_MIN 256
#define PATH_MTU_MS 600000
#define PATH_LOOK_MS 100 /* so many a while, whoever sends them */
#define PATH_LOOKS 16

static struct sa *
find_out(const struct snap *s, uint32_t spi, uint32_t local, uint32_t remote)
{
	const struct snap_group *sg;
	const struct sa *sa;
	uint32_t i, n;

	for (sg = s->groups; sg < s->groups + s->n_groups; sg++) {
		if (sg->group->kind == GROUP_GDOI)
			continue;
		n = sg->policy != NULL ? sg->policy->n : 1;
		for (i = 0; i < n; i++) {
			sa = sg->out[i];
			if (sa != NULL && sa->spi == spi &&
			    sa->local == local && sa_remote(sa) == remote)
				return sg->out[i];
		}
	}
	return NULL;
}

/* SPI of the ESP header that an ICMP error quotes, 0: none. */
static uint32_t
quoted_spi(const uint8_t *ip, unsigned len)
{
	unsigned at = (ip[0] & 15u) * 4;

	if (ip[0] >> 4 != 4 || at < IPH_HDR ||
	    (get16(ip + IPH_FRAG) & IPH_OFFMASK) != 0)
		return 0;
	if (ip[IPH_PROTO] == PROTO_UDP)
		at += UDP_HDR;
	else if (ip[IPH_PROTO] != PROTO_ESP)
		return 0;
	return len >= at + 4 ? get32(ip + at) : 0;
}

void
pair_too_big(struct fwd *f, const struct pkt *p)
{
	const uint8_t *icmp = pkt_ip(p) + p->ihl, *ip = icmp + 8;
	unsigned len = p->len - p->ihl, mtu;
	uint32_t spi;
	struct sa *sa;

	if (p->flow.proto != PROTO_ICMP || len < 8 + IPH_HDR ||
	    p->flow.sport != (ICMP_UNREACH << 8 | ICMP_UNREACH_FRAG) ||
	    ip_is_fragment(pkt_ip(p)) ||
	    (spi = quoted_spi(ip, len - 8)) == 0)
		return;
	if (f->w.now - f->w.path_looked >= PATH_LOOK_MS) {
		f->w.path_looked = f->w.now;
		f->w.path_looks = 0;
	}
	if (f->w.path_looks++ >= PATH_LOOKS)
		return;
	sa = find_out(f->w.snap, spi, get32(ip + IPH_SRC),
	    get32(ip + IPH_DST));
	mtu = get16(icmp + 6);
	if (sa == NULL || mtu < PATH_MTU_MIN)
		return;
	__atomic_store_n(&sa->path_mtu, mtu, __ATOMIC_RELAXED);
	__atomic_store_n(&sa->path_until, f->w.now + PATH_MTU_MS,
	    __ATOMIC_RELAXED);
}

/* ---- inbound ---- */

/* Who was translated on the way has written its checksums over other
 * addresses (RFC 3948, 3.1.2). ESP has vouched for the rest. */
static void
checksum_anew(struct pkt *p)
{
	uint8_t *ip = pkt_ip(p), *up = ip + p->ihl;
	unsigned len = p->len - p->ihl;
	unsigned at = p->flow.proto == PROTO_TCP ? 16 : 6;
	uint16_t sum;

	if ((p->flow.proto != PROTO_TCP && p->flow.proto != PROTO_UDP) ||
	    len < at + 2 || (at == 6 && get16(up + at) == 0))
		return;
	put16(up + at, 0);
	sum = sum_end(sum_add(sum_pseudo(ip, len), up, len));
	put16(up + at, at == 6 && sum == 0 ? 0xffff : sum);
}

static enum verdict
malformed(struct fwd *f, const struct pkt *p, enum tally s, enum drop_id id)
{
	policy_count(p->group, p->ace, s);
	return fwd_drop(f, id);
}

enum verdict
pair_unwrap(struct fwd *f, struct pkt *p, uint8_t *text, uint8_t proto)
{
	const struct sa *sa = p->sa;
	bool transport = sa->mode == SA_TRANSPORT;
	uint8_t *ip = text;

	if (!transport && proto != NEXT_IPV4)
		return malformed(f, p, STAT_INVALID_PROT, DROP_ESP_PROTO);
	if (transport) {
		ip -= p->ihl;
		memmove(ip, pkt_ip(p), p->ihl);
		ip[IPH_PROTO] = proto;
		p->len += p->ihl;
		ip_finish(ip, p->ihl, p->len);
	}
	p->off = (uint32_t)(ip - p->buf);
	p->gso = (struct pkt_gso){0};
	if (ip_parse(p) != IP_OK)
		return malformed(f, p, STAT_DECAPS_FAIL, DROP_ESP_INNER);
	if (transport && sa->encap_local != 0)
		checksum_anew(p);
	p->orig_dst = p->flow.dst;
	p->decrypted = true;
	return NEXT;
}

/* Of a tunnel with protection: its GRE, to its own end. */
static bool
is_of_tunnel(const struct pkt *p)
{
	const struct sa *sa = p->sa;

	return p->flow.proto == PROTO_GRE && p->flow.dst == sa->local;
}

/* Of an entry: what it permits, read backwards. Whether another entry of the
 * list would have been first is for the sender to know: RFC 4301, 5.2 asks
 * for the selectors of the SA. */
static bool
is_of_entry(const struct pkt *p)
{
	const struct snap_group *sg = p->group;
	struct flow back = flow_reverse(&p->flow);

	return p->ace != CLASSIFY_NONE && ace_match(&sg->policy->aces[p->ace],
	    &back);
}

enum verdict
pair_identity(struct fwd *f, struct pkt *p)
{
	const struct snap_group *sg = p->group;
	struct sa *sa = p->sa;

	if (sg->group->kind == GROUP_TUNNEL ? is_of_tunnel(p) :
	    is_of_entry(p)) {
		policy_count(sg, p->ace, STAT_DECRYPT);
		count(&sa->received);
		return NEXT;
	}
	policy_count(sg, p->ace, STAT_IDENTITY);
	fwd_event_log(f, LOG_RECVD_BAD_IDENT, p->flow.src,
	    &(struct event){ .a = p->flow.src, .b = p->flow.dst });
	return fwd_drop(f, DROP_ESP_IDENTITY);
}

/* ---- tunnels with protection ---- */

bool
esp_tunnel_sa(struct fwd *f, struct pkt *p, const struct snap_port *tunnel)
{
	return tunnel->protect == NULL ||
	    pair_take_sa(f, p, tunnel->protect, CLASSIFY_NONE) == NEXT;
}

bool
esp_tunnel_came(const struct pkt *p, const struct snap_port *tunnel)
{
	return tunnel->protect == NULL ||
	    (p->decrypted && p->group == tunnel->protect);
}
