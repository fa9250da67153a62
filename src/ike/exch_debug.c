/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages of exchanges for `debug crypto isakmp`, and for the feature of
 * `debug crypto gdoi` that the exchange belongs to: a line of their payloads,
 * and at level packet all that is in them. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>

#include "ike/dump.h"
#include "ike/ike_priv.h"

/* Quick mode has the number of GROUPKEY-PULL, which runs by one port only. */
static const char *
exchange_name(uint8_t exchange, uint16_t port)
{
	return exchange == ISAKMP_X_QUICK && port != 0 &&
	    port != ISAKMP_PORT ? "QUICK MODE" : isakmp_exchange_name(exchange);
}

void
ike_debug_message(enum debug_feature f, const char *who, struct udp_addr peer,
    const uint8_t *data, size_t len, bool sent)
{
	char text[160], a[IP4_STRLEN], to[64] = "built";
	struct isakmp_msg m;
	struct strbuf sb = { 0 };

	if (debug_wants(f, DBG_EVENT, peer.addr) &&
	    isakmp_parse(&m, data, len)) {
		if (peer.addr != 0)
			snprintf(to, sizeof(to), "%s %s port %u",
			    sent ? "sending to" : "received from",
			    ip4_str(peer.addr, a), peer.port);
		debug(f, DBG_EVENT, peer.addr, "(%s):%s %s: %s", who, to,
		    exchange_name(m.hdr.exchange, peer.port),
		    isakmp_describe(&m, text));
	}
	if (!debug_wants(f, DBG_PACKET, peer.addr))
		return;
	isakmp_dump(&sb, data, len);
	debug_lines(f, DBG_PACKET, peer.addr, sb.s);
	sb_free(&sb);
}

void
exch_debug(const struct exch *x, const uint8_t *data, size_t len, bool sent)
{
	enum debug_feature f = x->initiator ? x->type->debug_init :
	    x->type->debug_resp;
	char id[16];

	if (!debug_set.levels[DBG_ISAKMP] && !debug_set.levels[f])
		return;
	snprintf(id, sizeof(id), "%u", x->sa->conn_id);
	ike_debug_message(DBG_ISAKMP, id, x->sa->remote, data, len, sent);
	if (f != DBG_ISAKMP)
		ike_debug_message(f, id, x->sa->remote, data, len, sent);
}
