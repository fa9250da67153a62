/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine of IPsec between two routers: its life and what it is told.
 */
#include "config.h"

#include <stdlib.h>

#include "ipsec/ipsec.h"

struct ipsec {
	struct ipsec_io io;
	void *arg;
	unsigned *conn_ids;
};

struct ipsec *
ipsec_new(const struct ipsec_io *io, void *arg, unsigned *conn_ids)
{
	struct ipsec *s = xcalloc(1, sizeof(*s));

	s->io = *io;
	s->arg = arg;
	s->conn_ids = conn_ids;
	return s;
}

struct ike *
ipsec_ike(struct ipsec *s UNUSED)
{
	return NULL;
}

void
ipsec_free(struct ipsec *s)
{
	free(s);
}

void
ipsec_config(struct ipsec *s UNUSED, const struct conf *old UNUSED,
    const struct conf *new UNUSED)
{
}

void
ipsec_port(struct ipsec *s UNUSED, const struct port *p UNUSED)
{
}

void
ipsec_input(struct ipsec *s UNUSED, struct udp_addr local UNUSED,
    struct udp_addr from UNUSED, const uint8_t *data UNUSED,
    size_t len UNUSED)
{
}

uint64_t
ipsec_timeout(struct ipsec *s UNUSED)
{
	return UINT64_MAX;
}

void
ipsec_resync(struct ipsec *s UNUSED)
{
}

void
ipsec_sa_event(struct ipsec *s UNUSED, const struct sa_event *e UNUSED)
{
}
