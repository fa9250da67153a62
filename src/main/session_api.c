/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What exec commands of process main do to the session that typed them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
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
session_send_term(struct session *s)
{
	uint8_t buf[8];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_u16(&w, s->length);
	wr_u16(&w, s->width);
	wr_u16(&w, s->history_size);
	wr_u8(&w, (uint8_t)((s->sync ? IPC_TERM_SYNC : 0) |
	    (s->editing ? IPC_TERM_EDITING : 0) |
	    (s->history_on ? IPC_TERM_HISTORY : 0)));
	session_send(s, IPC_TERM, buf, wr_len(&w));
}

const char *
who_of(struct cli_ctx *ctx, char buf[WHO_MAX])
{
	return session_who(session_of(ctx), buf, WHO_MAX);
}

void
session_note(const struct session *s, struct config_note *n)
{
	char vty[16];

	snprintf(vty, sizeof(vty), "vty%d", s->vty);
	config_note_set(n, s->user[0] != '\0' ? s->user
		: s->vty < 0		       ? "console"
					       : vty);
}

void
session_set_term(struct session *s, int length, int width, int monitor)
{
	if (length >= 0)
		s->length = (uint16_t)length;
	if (width >= 0)
		s->width = (uint16_t)width;
	if (monitor >= 0)
		s->monitor = monitor != 0;
	session_send_term(s);
}

void
session_set_history(struct session *s, int size, int on)
{
	if (size >= 0)
		s->history_size = (uint16_t)size;
	if (on >= 0)
		s->history_on = on != 0;
	session_trim_history(s, 0);
	session_send_term(s);
}

void
session_set_editing(struct session *s, bool on)
{
	s->editing = on;
	session_send_term(s);
}

/* Leaves room for some more. */
void
session_trim_history(struct session *s, unsigned room)
{
	unsigned keep = s->history_size > room ? s->history_size - room : 0;

	while (s->nhistory > keep) {
		free(s->history[0]);
		memmove(s->history, s->history + 1,
		    --s->nhistory * sizeof(s->history[0]));
	}
}

void
session_set_level(struct session *s, unsigned level)
{
	s->level = level;
	if (level < 15)
		session_leave_config(s);
}

unsigned
session_level(const struct session *s)
{
	return s->level;
}

void
session_configure(struct session *s)
{
	const struct session *o;
	char who[200], text[300];

	for (o = s->r->console->sessions; o != NULL; o = o->next)
		if (o != s && o->config && s->interactive) {
			snprintf(text, sizeof(text), "Configuration mode is "
			    "also in use by %s\n",
			    session_who(o, who, sizeof(who)));
			session_text(s, text);
		}
	s->config = true;
	sb_free(&s->path);
}

void
session_close(struct session *s)
{
	session_send(s, IPC_CLOSE, NULL, 0);
	s->closing = true;
	session_flush(s);
	login_closing(s);
}

void
session_history(struct session *s, struct strbuf *sb)
{
	unsigned i;

	for (i = 0; i < s->nhistory; i++)
		sb_printf(sb, "  %s\n", s->history[i]);
}
