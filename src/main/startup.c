/* SPDX-License-Identifier: BSD-2-Clause
 *
 * startup-config: where it is, writing the running configuration into it, and
 * whether it holds that already. It has secrets: 0600.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "main/fs.h"
#include "main/router.h"

void
file_startup_path(const struct router *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s/startup-config", r->statedir);
}

int
file_write_config(struct router *r)
{
	struct strbuf sb = {0};
	char path[320];
	int ret;

	conf_print(&sb, r->running, CF_MAIN);
	sb_add(&sb, "end\n", 4);
	file_startup_path(r, path, sizeof(path));
	ret = file_write(path, sb.s, sb.len, 0600);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return ret;
}

/* Written by us it is the same text; by hand it may say the same. */
bool
file_config_saved(const struct router *r)
{
	struct strbuf file = {0}, run = {0};
	struct conf *conf;
	struct fs_url u;
	bool same;

	if (fs_parse(&u, "startup-config") == -1 ||
	    fs_read(r->statedir, &u, &file) == -1) {
		sb_free(&file);
		return false;
	}
	conf_print(&run, r->running, CF_MAIN);
	sb_add(&run, "end\n", 4);
	same = run.len == file.len && memcmp(run.s, file.s, run.len) == 0;
	if (!same) {
		conf = conf_new();
		same = conf_load(conf, file.s, file.len, NULL, NULL) == 0 &&
		    conf_equal(conf, r->running);
		conf_free(conf);
	}
	explicit_bzero(run.s, run.len);
	explicit_bzero(file.s, file.len);
	sb_free(&run);
	sb_free(&file);
	return same;
}
