/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The octets of a telnet connection, the server's side (RFC 854, 857, 858):
 * we echo and suppress go-ahead, and refuse every other option. No I/O.
 */
#ifndef COHORT_TELNET_H
#define COHORT_TELNET_H

#include "base/base.h"

#define TELNET_IAC 255
#define TELNET_REPLY 512 /* octets of answers that may wait */

struct telnet {
	uint8_t state, verb;
	uint8_t reply[TELNET_REPLY]; /* to be sent; the owner empties it */
	size_t nreply;
};

/* Begins: what we offer stands in reply. */
void telnet_start(struct telnet *);
/* How many octets of input may be given now, so that no answer is lost: as
 * many as their answers may take in reply. */
size_t telnet_room(const struct telnet *);
/* Takes octets of the client, at most telnet_room(). out (of the same size)
 * gets what was typed; the number of keys is returned. Interrupt and break
 * come as Ctrl-Shift-6, the erase functions as DEL and Ctrl-U. */
size_t telnet_take(struct telnet *, const uint8_t *in, size_t n,
    uint8_t *out);

#endif
