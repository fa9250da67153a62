/* SPDX-License-Identifier: BSD-2-Clause
 *
 * redirect, append and tee: what a command says is collected, and becomes a
 * file at its end. A command that fails or says too much leaves the old file,
 * and what a failed one said goes to the user.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "main/fs.h"
#include "main/session.h"

#define SINK_MAX ((size_t)16 << 20)

struct sink {
	enum bar_kind kind;
	struct fs_url url;
	struct strbuf text;
	bool full;
};

static void
refuse(struct session *s, const char *url, const char *why)
{
	char *text = xasprintf("%%Error opening %s (%s)\n", url, why);

	session_out(s, text, strlen(text));
	free(text);
}

int
sink_open(struct session *s, const struct bar *bar)
{
	struct fs_url u;

	if (bar->kind != BAR_REDIRECT && bar->kind != BAR_APPEND &&
	    bar->kind != BAR_TEE)
		return 0;
	errno = 0;
	if (s->level < 15)
		errno = EACCES;
	else if (fs_parse(&u, bar->arg) == 0 && u.kind != FS_FLASH &&
	    u.kind != FS_NULL)
		errno = EACCES;
	else if (errno == 0 && u.kind == FS_FLASH && u.name[0] == '\0')
		errno = EISDIR;
	if (errno != 0) {
		refuse(s, bar->arg, fs_error(errno));
		return -1;
	}
	s->sink = xcalloc(1, sizeof(*s->sink));
	s->sink->kind = bar->kind;
	s->sink->url = u;
	return 0;
}

void
session_command_out(struct session *s, const char *text, size_t len)
{
	struct sink *k = s->sink;

	if (k == NULL || k->kind == BAR_TEE)
		session_out(s, text, len);
	if (k == NULL)
		return;
	if (len > SINK_MAX - k->text.len)
		k->full = true;
	else
		sb_add(&k->text, text, len);
}

static int
write_sink(const char *statedir, struct sink *k)
{
	struct strbuf all = {0};
	int r;

	if (k->url.kind == FS_NULL)
		return 0;
	if (k->full) {
		errno = EFBIG;
		return -1;
	}
	if (k->kind != BAR_APPEND)
		return fs_write(statedir, &k->url,
		    k->text.s != NULL ? k->text.s : "", k->text.len);
	r = fs_read(statedir, &k->url, &all);
	if (r == -1 && errno == ENOENT)
		r = 0;
	if (r == 0) {
		sb_add(&all, k->text.s != NULL ? k->text.s : "", k->text.len);
		r = fs_write(statedir, &k->url, all.s, all.len);
	}
	if (all.s != NULL)
		explicit_bzero(all.s, all.cap);
	sb_free(&all);
	return r;
}

int
sink_close(struct session *s, enum cli_status st)
{
	struct sink *k = s->sink;
	char url[FS_TEXT_MAX];
	int r = 0;

	if (k == NULL)
		return 0;
	if (st == CLI_FAILED) {
		if (k->kind != BAR_TEE && k->text.len != 0)
			session_out(s, k->text.s, k->text.len);
	} else if (s->sock != -1)
		r = write_sink(s->r->statedir, k);
	if (r == -1)
		refuse(s, fs_text(&k->url, url), fs_error(errno));
	sink_free(s);
	return r;
}

void
sink_free(struct session *s)
{
	struct sink *k = s->sink;

	if (k == NULL)
		return;
	if (k->text.s != NULL)
		explicit_bzero(k->text.s, k->text.cap);
	sb_free(&k->text);
	free(k);
	s->sink = NULL;
}
