/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A key server and a member in memory with a terminal each (pair.h).
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "pair.h"

void
cli_printf(struct cli_ctx *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&c->out, fmt, ap);
	va_end(ap);
}

bool
cli_wants_json(struct cli_ctx *c)
{
	return c->json;
}

void *
cli_engine(struct cli_ctx *c)
{
	static struct ike_engines e;

	e = (struct ike_engines){ .gdoi = c->g, .ike = { c->g->ike } };
	return &e;
}

void
cli_done(struct cli_ctx *c, enum cli_status s)
{
	c->status = s;
}

void
cli_ask(struct cli_ctx *c, enum cli_ask_kind kind, const char *prompt,
    void (*fn)(struct cli_ctx *, void *, const char *), void *arg)
{
	(void)kind;
	str_copy(c->prompt, prompt, sizeof(c->prompt));
	c->fn = fn;
	c->arg = arg;
}

void
answer(struct cli_ctx *c, const char *text)
{
	void (*fn)(struct cli_ctx *, void *, const char *) = c->fn;

	assert_non_null(fn);
	c->fn = NULL;
	fn(c, c->arg, text);
}

struct net *n;
struct node *ks, *gm;
struct cli_ctx on_ks, on_gm;

void
begin(void)
{
	n = net_new(42);
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	memset(&on_ks, 0, sizeof(on_ks));
	memset(&on_gm, 0, sizeof(on_gm));
	on_ks.g = ks->g;
	on_gm.g = gm->g;
	net_apply_all(n);
}

void
end(void)
{
	sb_free(&on_ks.out);
	sb_free(&on_gm.out);
	net_free(n);
}

void
registered(void)
{
	begin();
	assert_true(net_until(n, 1000, net_registered));
	net_run(n, 20000);
}

static bool
line_fits(const char *line, size_t len, const char *want)
{
	size_t i = 0;

	for (; *want != '\0'; want++) {
		if (*want == 'X' && want[1] == '\0')
			return true;
		if (*want == '@') {
			size_t start = i;

			while (i < len && line[i] >= '0' && line[i] <= '9')
				i++;
			if (i == start)
				return false;
		} else if (i >= len || line[i++] != *want) {
			return false;
		}
	}
	return i == len;
}

void
assert_lines(const char *text, const char *const *want)
{
	const char *nl;

	for (; *want != NULL; want++) {
		for (;; text = nl + 1) {
			if (*text == '\0')
				fail_msg("missing: %s", *want);
			nl = strchr(text, '\n');
			if (nl == NULL)
				nl = text + strlen(text) - 1;
			if (line_fits(text, (size_t)(nl - text), *want))
				break;
		}
		text = nl + 1;
	}
}

json_t *
parsed(struct cli_ctx *c, int status)
{
	json_error_t err;
	json_t *j = json_loads(c->out.s, JSON_REJECT_DUPLICATES, &err);

	c->json = false;
	assert_int_equal(status, 0);
	if (j == NULL)
		fail_msg("line %d: %s\n%s", err.line, err.text, c->out.s);
	assert_null(strstr(c->out.s, "SUPERSECRET"));
	return j;
}
