/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: any text as a configuration. What it gives is printed, loaded
 * and printed again: no error the second time, and no difference. A clone is
 * equal; help and completion for the last line do not fall over.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "conf/cf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
interactive(const uint8_t *data, size_t size)
{
	struct strbuf sb = {0};
	struct cli_cmd *cmd = xcalloc(1, sizeof(*cmd));
	char line[200], buf[256];

	if (size >= sizeof(line))
		size = sizeof(line) - 1;
	if (size != 0)
		memcpy(line, data, size);
	line[size] = '\0';
	for (uint16_t mode = 0; mode < 8; mode++) {
		cli_help(&sb, mode, true, line, 80);
		cli_complete(buf, mode, mode != 0, line);
		cli_match_run(line, mode, mode != 0, cmd);
	}
	sb_free(&sb);
	free(cmd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf a = {0}, b = {0};
	struct conf *c = conf_new(), *d = conf_new(), *e;

	(void)!conf_load(c, (const char *)data, size, NULL, NULL);
	conf_print(&a, c, CF_MAIN);
	if (a.len != 0 && conf_load(d, a.s, a.len, NULL, NULL) != 0) {
		fprintf(stderr, "printed text is refused:\n%s", a.s);
		abort();
	}
	conf_print(&b, d, CF_MAIN);
	if (a.len != b.len || (a.len != 0 && strcmp(a.s, b.s) != 0) ||
	    !conf_equal(c, d)) {
		fprintf(stderr, "first:\n%s\nsecond:\n%s\n",
		    a.s != NULL ? a.s : "", b.s != NULL ? b.s : "");
		abort();
	}
	e = conf_clone(c);
	if (!conf_equal(c, e))
		abort();
	conf_free(e);
	conf_free(c);
	conf_free(d);
	sb_free(&a);
	sb_free(&b);
	interactive(data, size);
	return 0;
}
