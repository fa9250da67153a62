/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NAT traversal of phase 1 (RFC 3947): who is behind a NAT, floating to UDP
 * 4500, and the keepalives that keep the NAT's entry (RFC 3948). Runs in
 * process ike.
 *
 * Both sides say by a vendor id that they have it. Message 3 and 4 of main
 * mode, 2 and 3 of aggressive mode, hold a hash of each address and port as
 * the sender sees them: first that of the receiver, then its own (all it has).
 * A hash that does not fit shows a NAT. They are not authenticated; whoever
 * lies in them has ESP put into UDP, no more. From the next message of the
 * initiator on, everything goes by port 4500.
 *
 * What a NAT calls a peer may change: the peer is where its last message came
 * from that only it can have made. The side behind the NAT does not follow.
 */
#include "config.h"

#include <string.h>

#include "ike/ike_priv.h"

/* Called by their number from 1 on; the best one first. */
static const struct {
	uint8_t id[16];
	enum ike_natt is;
} vids[] = {
	{ { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57, 0x28,
	    0xf2, 0x0e, 0x95, 0x45, 0x2f }, NATT_RFC },
	{ { 0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c, 0x17, 0x9d,
	    0x92, 0x15, 0x52, 0x9d, 0x56 }, NATT_DRAFT }, /* 03 */
	{ { 0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e, 0x08, 0x63, 0x81,
	    0xb5, 0xec, 0x42, 0x7b, 0x1f }, NATT_DRAFT }, /* 02, LF behind */
};

static bool
allowed(const struct ike *ike)
{
	return ike->doi->nat_port != 0 && !ike->conf->no_nat_transparency;
}

static uint8_t
natd_type(const struct ike_sa *sa)
{
	return sa->natt == NATT_RFC ? ISAKMP_NATD : ISAKMP_NATD_DRAFT;
}

/* ---- who has it ---- */

void
natt_put_vids(struct ike *ike, struct isakmp_out *o, unsigned which)
{
	unsigned i;

	for (i = 0; i < NELEM(vids) && allowed(ike); i++)
		if (which == NATT_ALL || which == i + 1)
			isakmp_out_add(o, ISAKMP_VID, vids[i].id,
			    sizeof(vids[i].id));
}

uint8_t
natt_get_vid(struct ike *ike, const struct isakmp_msg *m)
{
	const struct isakmp_pl *p;
	unsigned i, n;

	for (i = 0; i < NELEM(vids) && allowed(ike); i++)
		for (n = 0; (p = isakmp_find(m, ISAKMP_VID, n)) != NULL; n++)
			if (p->len == sizeof(vids[i].id) &&
			    memcmp(p->body, vids[i].id, p->len) == 0)
				return (uint8_t)(i + 1);
	return 0;
}

void
natt_agree(struct ike_sa *sa, uint8_t vid)
{
	sa->natt_vid = vid;
	sa->natt = vid != 0 ? vids[vid - 1].is : NATT_NONE;
}

/* ---- who is behind a NAT ---- */

static void
make_hash(const struct ike_sa *sa, struct udp_addr a, uint8_t *out)
{
	uint8_t end[6];
	struct wr w = wr_of(end, sizeof(end));

	wr_u32(&w, a.addr);
	wr_u16(&w, a.port);
	IKE_HASH(sa->suite.hash, out, CHUNK(sa->icookie, ISAKMP_COOKIE_LEN),
	    CHUNK(sa->rcookie, ISAKMP_COOKIE_LEN), CHUNK(end, sizeof(end)));
}

void
natt_put(const struct ike_sa *sa, struct isakmp_out *o)
{
	size_t len = ike_hash_len(sa->suite.hash);
	uint8_t hash[IKE_HASH_MAX];

	if (sa->natt == NATT_NONE)
		return;
	make_hash(sa, sa->remote, hash);
	isakmp_out_add(o, natd_type(sa), hash, len);
	make_hash(sa, sa->local, hash);
	isakmp_out_add(o, natd_type(sa), hash, len);
}

/* Of the datagram that is being handled. */
bool
natt_get(struct ike_sa *sa, const struct isakmp_msg *m)
{
	uint8_t here[IKE_HASH_MAX], there[IKE_HASH_MAX];
	bool at_home = false, as_sent = false;
	const struct isakmp_pl *p;
	unsigned n;

	if (sa->natt == NATT_NONE)
		return true;
	make_hash(sa, sa->ike->to, here);
	make_hash(sa, sa->ike->from, there);
	for (n = 0; (p = isakmp_find(m, natd_type(sa), n)) != NULL; n++) {
		if (p->len != ike_hash_len(sa->suite.hash))
			return false;
		if (n == 0)
			at_home = memcmp(p->body, here, p->len) == 0;
		else
			as_sent |= memcmp(p->body, there, p->len) == 0;
	}
	if (n < 2) { /* it has it and does not want it */
		sa->natt = NATT_NONE;
		return true;
	}
	sa->nat_local = !at_home;
	sa->nat_remote = !as_sent;
	debug(DBG_ISAKMP, DBG_EVENT, sa->remote.addr, "(%u):NAT found: %s",
	    sa->conn_id, sa->nat_local && sa->nat_remote ? "both sides" :
	    sa->nat_local ? "this side is behind it" : sa->nat_remote ?
	    "the peer is behind it" : "none");
	return true;
}

/* ---- where messages go ---- */

/* The initiator, with its message behind that of the peer's hashes. */
void
natt_float(struct ike_sa *sa)
{
	if (!sa->nat_local && !sa->nat_remote)
		return;
	sa->local.port = sa->ike->doi->nat_port;
	if (sa->remote.port == sa->ike->doi->port)
		sa->remote.port = sa->ike->doi->nat_port;
}

/* Whether a message of that SA may come from there. The responder has it
 * float with the first encrypted one; in aggressive mode that one holds the
 * hashes. */
bool
natt_may_come(const struct ike_sa *sa, struct udp_addr from)
{
	if (sa->remote.addr == from.addr && sa->remote.port == from.port)
		return true;
	if (sa->natt == NATT_NONE)
		return false;
	if (!sa->initiator && sa->state != IKE_IDLE)
		return sa->remote.addr == from.addr;
	return sa->nat_remote;
}

/* The datagram that is being handled is from the peer, and no replay. */
void
natt_follow(struct ike_sa *sa)
{
	struct udp_addr was = sa->remote, from = sa->ike->from;
	char a[IP4_STRLEN];

	if (from.addr == was.addr && from.port == was.port)
		return;
	sa->remote = from;
	sa->local.port = sa->ike->to.port;
	debug(DBG_ISAKMP, DBG_EVENT, from.addr, "(%u):peer is at %s port %u"
	    " now", sa->conn_id, ip4_str(from.addr, a), from.port);
	if (sa->state == IKE_IDLE && sa->ike->doi->moved != NULL)
		sa->ike->doi->moved(sa, was);
}

void
ike_peer_moved(struct ike *ike, uint32_t local, struct udp_addr was,
    struct udp_addr now)
{
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &ike->sas, link)
		if (sa->state == IKE_IDLE && sa->nat_remote &&
		    sa->local.addr == local && sa->remote.addr == was.addr &&
		    sa->remote.port == was.port)
			sa->remote = now;
}

/* Several peers may be behind one address. */
bool
natt_same_peer(const struct ike_sa *a, const struct ike_sa *b)
{
	if (a->local.addr != b->local.addr || a->remote.addr != b->remote.addr)
		return false;
	return (!a->nat_remote && !b->nat_remote) ||
	    (a->peer_id.type == b->peer_id.type &&
	    a->peer_id.addr == b->peer_id.addr &&
	    strcmp(a->peer_id.name, b->peer_id.name) == 0);
}

/* ---- keepalives ---- */

static void
keepalive(void *arg)
{
	static const uint8_t octet = 0xff;
	struct ike_sa *sa = arg;

	/* one for a peer: its newest SA */
	if (ike_find_sa(sa->ike, sa->local.addr, sa->remote) == sa)
		sa->ike->env.send(sa->ike->env.arg, sa->local, sa->remote,
		    &octet, 1);
	natt_schedule(sa);
}

void
natt_schedule(struct ike_sa *sa)
{
	unsigned secs = sa->ike->conf->nat_keepalive;

	if (sa->dead || sa->state != IKE_IDLE || !sa->nat_local || secs == 0)
		timer_clear(&sa->ike->timers, &sa->nat_timer);
	else
		timer_set(&sa->ike->timers, &sa->nat_timer,
		    ike_now(sa->ike) + (uint64_t)1000 * secs, keepalive, sa);
}
