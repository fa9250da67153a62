/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What exec commands of process main do to the session that typed them.
 */
#include "config.h"

#include <string.h>

#include "main/session.h"

struct router *
router_of(struct cli_ctx *ctx)
{
	return cli_engine(ctx);
}

struct session *
session_of(struct cli_ctx *ctx)
{
	struct router *r = cli_engine(ctx);
	struct session *s;

	for (s = r->console->sessions; s != NULL; s = s->next)
		if (s->ctx == ctx)
			return s;
	fatal("a handler without its session");
}

void
session_set_term(struct session *s, int length, int width, int monitor)
{
	uint8_t buf[8];
	struct wr w = wr_of(buf, sizeof(buf));

	if (length >= 0)
		s->length = (uint16_t)length;
	if (width >= 0)
		s->width = (uint16_t)width;
	if (monitor >= 0)
		s->monitor = monitor != 0;
	wr_u16(&w, s->length);
	wr_u16(&w, s->width);
	wr_u16(&w, HISTORY);
	wr_u8(&w, (uint8_t)((s->monitor ? IPC_TERM_MONITOR : 0) |
	    IPC_TERM_EDITING | IPC_TERM_HISTORY));
	session_send(s, IPC_TERM, buf, wr_len(&w));
}

void
session_set_level(struct session *s, unsigned level)
{
	s->level = level;
}

unsigned
session_level(const struct session *s)
{
	return s->level;
}

void
session_configure(struct session *s)
{
	s->config = true;
	sb_free(&s->path);
}

void
session_close(struct session *s)
{
	session_send(s, IPC_CLOSE, NULL, 0);
	s->closing = true;
	session_flush(s);
}

void
session_history(struct session *s, struct strbuf *sb)
{
	unsigned i;

	for (i = 0; i < s->nhistory; i++)
		sb_printf(sb, "  %s\n", s->history[i]);
}

void
session_users(struct router *r, struct session *self, struct strbuf *sb)
{
	const struct session *s;
	unsigned n = 0;

	sb_printf(sb, "    Line       User       Host(s)              Idle"
		      "       Location\n");
	for (s = r->console->sessions; s != NULL; s = s->next) {
		uint64_t idle = (time_mono_us() - s->active_us) / 1000000;

		sb_printf(sb, "%c%3u con %-3u               idle"
			      "                 %02u:%02u:%02u   %s\n",
		    s == self ? '*' : ' ', n, n, (unsigned)(idle / 3600),
		    (unsigned)(idle / 60 % 60), (unsigned)(idle % 60), s->tty);
		n++;
	}
	sb_printf(sb, "\n  Interface    User               Mode         Idle"
		      "     Peer Address\n");
}
