/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto map gdoi fail-close: what is configured, whether it is in force
 * and why, what it did. Runs in process fwd.
 */
#include "config.h"

#include <string.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "dataplane/engine.h"

static void
show_list(struct show *v, const struct fwd *f,
    const struct crypto_map_fail_close *fc)
{
	const struct acl_obj *a = acl_find(f, fc->acl);
	struct strbuf sb = { 0 };
	uint32_t i;

	show_text(v, "    Fail-Close Access-List: "
	    "(Deny = Forward In Clear, Permit = Drop)\n");
	if (fc->acl[0] != '\0')
		show_str(v, "access_list", fc->acl);
	show_array(v, "entries");
	for (i = 0; a != NULL && i < a->n; i++) {
		sb_free(&sb);
		ace_format(&sb, &a->aces[i], ACE_STYLE_GDOI);
		show_text(v, "      access-list %s %s\n", a->name, sb.s);
		show_str(v, NULL, sb.s);
	}
	sb_free(&sb);
	show_close(v);
	if (fc->acl[0] != '\0' && a == NULL)
		show_text(v, "      access-list %s does not exist\n",
		    fc->acl);
	show_text(v, "      implicit permit ip any any\n");
}

static void
show_state(struct show *v, const struct fwd *f,
    const struct crypto_map_fail_close *fc)
{
	const struct crypto_map *m;
	unsigned n;

	m = failclose_reason(f, fc->name, &n);
	show_bool(v, "in_force", fc->activate && (m != NULL || n == 0));
	if (!fc->activate)
		show_text(v, "    Status: not activated\n");
	else if (m != NULL && m->group[0] != '\0')
		show_text(v, "    Status: in force, "
		    "group %s is not registered\n", m->group);
	else if (m != NULL)
		show_text(v, "    Status: in force, "
		    "entry %u has no group\n", m->seq);
	else if (n == 0)
		show_text(v, "    Status: in force, "
		    "the map has no gdoi entry\n");
	else
		show_text(v, "    Status: lifted, "
		    "all groups of the map are registered\n");
}

static void
show_one(struct show *v, const struct fwd *f,
    const struct crypto_map_fail_close *fc)
{
	const struct failclose *c = f->failcloses;

	while (c != NULL && strcmp(c->map, fc->name) != 0)
		c = c->next;
	show_object(v, NULL);
	show_str(v, "map", fc->name);
	show_bool(v, "activated", fc->activate);
	show_text(v, "Crypto Map: \"%s\"\n    Activate: %s\n", fc->name,
	    fc->activate ? "Yes" : "No");
	show_list(v, f, fc);
	show_state(v, f, fc);
	show_text(v, "    #pkts dropped (send): %llu, "
	    "#pkts dropped (rcv): %llu, #pkts forwarded in clear: %llu\n\n",
	    (unsigned long long)(c != NULL ? count_read(&c->dropped_out) : 0),
	    (unsigned long long)(c != NULL ? count_read(&c->dropped_in) : 0),
	    (unsigned long long)(c != NULL ? count_read(&c->passed) : 0));
	show_uint(v, "dropped_send", c != NULL ?
	    count_read(&c->dropped_out) : 0);
	show_uint(v, "dropped_receive", c != NULL ?
	    count_read(&c->dropped_in) : 0);
	show_uint(v, "forwarded_in_clear", c != NULL ?
	    count_read(&c->passed) : 0);
	show_close(v);
}

int
show_map_fail_close(struct cli_ctx *ctx,
    const struct show_map_fail_close_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	const struct crypto_map_fail_close *fc;
	struct show v;

	show_begin(&v, ctx);
	show_array(&v, "maps");
	if (f->conf != NULL) {
		CF_FOREACH(fc, &f->conf->fail_closes) {
			if (a->map[0] == '\0' || strcmp(a->map, fc->name) == 0)
				show_one(&v, f, fc);
		}
	}
	return show_end(&v);
}
