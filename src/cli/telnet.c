/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Telnet, the server's side. Runs in the shell of a telnet session, which has
 * no privileges: these are bytes from the network.
 *
 *	IAC WILL|WONT|DO|DONT option	negotiation
 *	IAC SB option ... IAC SE	never asked for, skipped
 *	IAC IAC				the octet 255
 *	IAC other			a function
 *
 * An answer is given to what asks for something we do not do. The answers to
 * our own two offers, and refusals, need none: so no loop can arise
 * (RFC 1143).
 */
#include "config.h"

#include <string.h>

#include "cli/telnet.h"

enum { SE = 240, BRK = 243, IP = 244, EC = 247, EL = 248, SB = 250,
	WILL = 251, WONT = 252, DO = 253, DONT = 254 };
enum { OPT_ECHO = 1, OPT_SGA = 3 };
enum { DATA, AFTER_IAC, AFTER_VERB, IN_SB, IN_SB_IAC };

static void
answer(struct telnet *t, uint8_t verb, uint8_t option)
{
	uint8_t *p = t->reply + t->nreply;

	if (t->nreply + 3 > sizeof(t->reply))
		return;
	p[0] = TELNET_IAC;
	p[1] = verb;
	p[2] = option;
	t->nreply += 3;
}

void
telnet_start(struct telnet *t)
{
	memset(t, 0, sizeof(*t));
	answer(t, WILL, OPT_ECHO);
	answer(t, WILL, OPT_SGA);
}

size_t
telnet_room(const struct telnet *t)
{
	/* Three octets are asked for by at least two: what is left of a
	 * request that came before, and its option. */
	return (sizeof(t->reply) - t->nreply) / 3;
}

static void
negotiate(struct telnet *t, uint8_t option)
{
	if (t->verb == DO && option != OPT_ECHO && option != OPT_SGA)
		answer(t, WONT, option);
	else if (t->verb == WILL)
		answer(t, DONT, option);
}

/* The key that a function stands for, 0: none. */
static uint8_t
function(uint8_t c)
{
	switch (c) {
	case BRK:
	case IP:
		return 0x1e;
	case EC:
		return 0x7f;
	case EL:
		return 0x15;
	}
	return 0;
}

static void
after_iac(struct telnet *t, uint8_t c, uint8_t *out, size_t *n)
{
	uint8_t key = c == TELNET_IAC ? c : function(c);

	t->state = DATA;
	if (c >= WILL && c <= DONT) {
		t->state = AFTER_VERB;
		t->verb = c;
	} else if (c == SB)
		t->state = IN_SB;
	else if (key != 0)
		out[(*n)++] = key;
}

static void
take(struct telnet *t, uint8_t c, uint8_t *out, size_t *n)
{
	switch (t->state) {
	case DATA:
		if (c == TELNET_IAC)
			t->state = AFTER_IAC;
		else
			out[(*n)++] = c;
		break;
	case AFTER_IAC:
		after_iac(t, c, out, n);
		break;
	case AFTER_VERB:
		t->state = DATA;
		negotiate(t, c);
		break;
	case IN_SB:
		if (c == TELNET_IAC)
			t->state = IN_SB_IAC;
		break;
	default: /* IAC IAC in a subnegotiation is an octet of it */
		t->state = c == SE ? DATA : IN_SB;
	}
}

size_t
telnet_take(struct telnet *t, const uint8_t *in, size_t n, uint8_t *out)
{
	size_t i, keys = 0;

	for (i = 0; i < n; i++)
		take(t, in[i], out, &keys);
	return keys;
}
