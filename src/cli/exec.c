/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Matching of commands that run a handler: exec commands, and those that are
 * typed in a configuration mode (crypto key generate).
 */
#include "config.h"

#include <string.h>

#include "cli/match.h"
#include "conf/cf.h"

static bool
match_in(const struct cli_line *l, uint16_t mode, bool privileged,
    struct cli_match *m)
{
	struct cli_how how = {.mode = mode,
	    .level = privileged ? 15 : 1,
	    .runs = true};

	return cli_match_line(l, &how, m);
}

/* A passphrase among the values. */
static void
find_secret(const struct cli_line *l, const struct cli_match *m,
    struct cli_cmd *cmd)
{
	unsigned i;

	for (i = 0; i < m->nsteps; i++) {
		const struct cli_node *n = &cli_nodes[m->steps[i].node];
		const struct cli_token *t = &l->tok[m->steps[i].tok];

		if (n->kind != N_VALUE || !(n->flags & NF_SECRET))
			continue;
		cmd->secret_at = (size_t)(t->s - l->text);
		cmd->secret_len = t->len;
		cmd->secret_off = cli_fields[n->field].off;
		cmd->secret_size = cli_fields[n->field].size;
	}
}

void
cli_match_run(const char *line, uint16_t mode, bool privileged,
    struct cli_cmd *cmd)
{
	struct cli_line l;
	struct cli_match m;
	struct strbuf sb = {0};
	const struct cli_form *f;
	bool ok;

	memset(cmd, 0, sizeof(*cmd));
	if (!cli_split(&l, line)) {
		cmd->verdict = CLI_INVALID;
		str_copy(cmd->err, "% Line too long", sizeof(cmd->err));
		return;
	}
	ok = match_in(&l, mode, privileged, &m);
	if (!ok && mode > MODE_CONFIG)
		ok = match_in(&l, MODE_CONFIG, privileged, &m);
	if (!ok) {
		cmd->verdict = m.verdict;
		cmd->column = m.column;
		cli_match_error(&l, &m, cmd->err, sizeof(cmd->err));
		return;
	}
	f = &cli_forms[m.form];
	cmd->verdict = CLI_MATCH;
	cmd->column = -1;
	cmd->proc = f->proc;
	cmd->level = f->level;
	cmd->json = (f->flags & FF_JSON) != 0;
	cmd->handler = f->handler;
	cli_render(&l, &m, 0, m.nsteps, &sb);
	str_copy(cmd->canonical, sb.s != NULL ? sb.s : "",
	    sizeof(cmd->canonical));
	sb_free(&sb);
	cli_store(&l, &m, 0, m.nsteps, cmd->args, NULL);
	find_secret(&l, &m, cmd);
}
