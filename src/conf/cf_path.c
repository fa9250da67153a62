/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The way to a record as the lines that enter it: how a console finds its
 * mode again in the next version of the configuration.
 */
#include "config.h"

#include <string.h>

#include "conf/cf_int.h"

#define RANGE_MARK '+' /* no command begins like this */

static void
add_way(const struct conf *conf, const struct cf_obj *o, struct strbuf *path)
{
	if (o == &conf->obj)
		return;
	add_way(conf, o->parent, path);
	sb_printf(path, "%s\n", o->head->text);
}

void
conf_path(const struct cf_cursor *cur, struct strbuf *path)
{
	sb_add(path, "", 0);
	add_way(cur->conf, cur->at, path);
	if (cur->range[0] != '\0')
		sb_printf(path, "%c%s\n", RANGE_MARK, cur->range);
}

bool
conf_goto(struct cf_cursor *cur, const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "\n");
		const struct cf_ent *e;

		if (*path == RANGE_MARK) {
			str_copy(cur->range, path + 1, sizeof(cur->range));
			cur->range[strcspn(cur->range, "\n")] = '\0';
			break;
		}
		for (e = cur->at->ents; e != NULL; e = e->next)
			if (e->obj != NULL && strlen(e->text) == len &&
			    memcmp(e->text, path, len) == 0)
				break;
		if (e == NULL)
			return false;
		cur->at = e->obj;
		path += len + (path[len] == '\n');
	}
	return true;
}
