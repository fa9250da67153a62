/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exec commands about files: dir, more, delete, rename, verify, erase, and
 * what shows file systems.
 */
#include "config.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli_gen.h"
#include "main/fs.h"
#include "main/router.h"

/* As IOS writes the time of a file: "Dec 17 2025 04:06:28 +00:00". */
static const char *
time_text(time_t t, char buf[40])
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, 40, "%b %e %Y %H:%M:%S +00:00", &tm) == 0)
		str_copy(buf, "-", 40);
	return buf;
}

static int
refuse(struct cli_ctx *ctx, const struct fs_url *u)
{
	char text[FS_TEXT_MAX];

	return fs_refuse(ctx, fs_text(u, text), errno);
}

static int
parse(struct cli_ctx *ctx, struct fs_url *u, const char *text)
{
	if (fs_parse(u, text) == 0)
		return 0;
	return fs_refuse(ctx, text, errno);
}

/* ---- dir ---- */

static void
dir_row(struct cli_ctx *ctx, size_t i, const struct fs_file *f)
{
	char when[40];

	cli_printf(ctx, "%5zu  -rw-%12lld  %s  %s\n", i, (long long)f->size,
	    time_text(f->mtime, when), f->name);
}

static int
dir_system(struct router *r, struct fs_file *f)
{
	struct fs_url u;
	struct strbuf sb = {0};

	if (fs_parse(&u, "running-config") == -1 || fs_get(r, &u, &sb) == -1)
		return -1;
	memset(f, 0, sizeof(*f));
	str_copy(f->name, u.name, sizeof(f->name));
	f->size = (off_t)sb.len;
	f->mtime = (time_t)(time_wall_us() / 1000000);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return 0;
}

/* One file, or all of a file system, in *v. */
static int
dir_files(struct router *r, const struct fs_url *u, struct fs_file **v,
    size_t *n)
{
	bool all = u->name[0] == '\0';

	*v = NULL;
	*n = 0;
	if (u->kind == FS_NULL)
		return 0;
	if (all && u->kind != FS_SYSTEM)
		return fs_list(r->statedir, u->kind, v, n);
	*v = xcalloc(1, sizeof(**v));
	*n = 1;
	if (u->kind != FS_SYSTEM)
		return fs_stat(r->statedir, u, *v);
	if (all || strcmp(u->name, "running-config") == 0)
		return dir_system(r, *v);
	errno = ENOENT;
	return -1;
}

static void
dir_space(struct cli_ctx *ctx, const struct fs_url *u)
{
	uint64_t total, avail;

	if (u->kind == FS_SYSTEM || u->kind == FS_NULL)
		cli_printf(ctx, "No space information available\n");
	else if (fs_space(router_of(ctx)->statedir, &total, &avail) == 0)
		cli_printf(ctx, "%llu bytes total (%llu bytes free)\n",
		    (unsigned long long)total, (unsigned long long)avail);
}

int
exec_dir(struct cli_ctx *ctx, const struct exec_dir_args *a)
{
	struct fs_url u;
	struct fs_file *v;
	char text[FS_TEXT_MAX];
	size_t n;

	if (a->url[0] == '\0')
		(void)!fs_parse(&u, "flash0:/");
	else if (parse(ctx, &u, a->url) != 0)
		return CLI_FAILED;
	if (u.name[0] == '\0') /* IOS writes the slash of the directory */
		fs_as_directory(&u);
	if (dir_files(router_of(ctx), &u, &v, &n) == -1) {
		free(v);
		return refuse(ctx, &u);
	}
	cli_printf(ctx, "Directory of %s\n\n", fs_text(&u, text));
	for (size_t i = 0; i < n; i++)
		dir_row(ctx, i + 1, &v[i]);
	cli_printf(ctx, n != 0 ? "\n" : "No files in directory\n\n");
	dir_space(ctx, &u);
	free(v);
	return CLI_DONE;
}

int
show_flash(struct cli_ctx *ctx, const struct show_flash_args *a UNUSED)
{
	const char *dir = router_of(ctx)->statedir;
	uint64_t total, avail, used = 0;
	struct fs_file *v;
	char when[40];
	size_t n;

	if (fs_space(dir, &total, &avail) == -1 ||
	    fs_list(dir, FS_FLASH, &v, &n) == -1)
		return fs_refuse(ctx, "flash:", errno);
	cli_printf(ctx, "-#- --length-- -----date/time------ path\n");
	for (size_t i = 0; i < n; i++) {
		cli_printf(ctx, "%-3zu %10lld %s %s\n", i + 1,
		    (long long)v[i].size, time_text(v[i].mtime, when),
		    v[i].name);
		used += (uint64_t)v[i].size;
	}
	cli_printf(ctx, "\n%llu bytes available (%llu bytes used)\n\n",
	    (unsigned long long)avail, (unsigned long long)used);
	free(v);
	return CLI_DONE;
}

int
show_file_systems(struct cli_ctx *ctx,
    const struct show_file_systems_args *a UNUSED)
{
	uint64_t total, avail;

	if (fs_space(router_of(ctx)->statedir, &total, &avail) == -1)
		return fs_refuse(ctx, "flash:", errno);
	cli_printf(ctx, "File Systems:\n\n"
			"       Size(b)       Free(b)      Type  Flags  "
			"Prefixes\n");
	cli_printf(ctx, "             -             -    opaque     rw   "
			"system:\n");
	cli_printf(ctx, "             -             -    opaque     wo   "
			"null:\n");
	cli_printf(ctx, "%14llu%14llu     nvram     rw   nvram:\n",
	    (unsigned long long)total, (unsigned long long)avail);
	cli_printf(ctx, "*%13llu%14llu      disk     rw   flash: flash0: "
			"disk0: bootflash:\n",
	    (unsigned long long)total, (unsigned long long)avail);
	return CLI_DONE;
}

int
exec_pwd(struct cli_ctx *ctx, const struct exec_pwd_args *a UNUSED)
{
	cli_printf(ctx, "flash:/\n");
	return CLI_DONE;
}

int
exec_cd(struct cli_ctx *ctx, const struct exec_cd_args *a)
{
	struct fs_url u;

	if (a->url[0] == '\0')
		return CLI_DONE;
	if (parse(ctx, &u, a->url) != 0)
		return CLI_FAILED;
	if (u.kind == FS_FLASH && u.name[0] == '\0')
		return CLI_DONE;
	cli_printf(ctx, "%%Error changing directory to %s: the working "
			"directory is always flash:\n", a->url);
	return CLI_FAILED;
}

/* ---- more ---- */

/* What would drive a terminal does not get there. */
static void
print_clean(struct cli_ctx *ctx, char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\n' &&
			s[i] != '\t' && s[i] != '\r' && s[i] != '\003') ||
		    s[i] == 0x7f)
			s[i] = '.';
	for (size_t at = 0; at < len; at += 4096)
		cli_printf(ctx, "%.4096s", s + at);
	if (len != 0 && s[len - 1] != '\n')
		cli_printf(ctx, "\n");
}

int
exec_more(struct cli_ctx *ctx, const struct exec_more_args *a)
{
	struct fs_url u;
	struct strbuf sb = {0};
	int st = CLI_DONE;

	if (parse(ctx, &u, a->url) != 0)
		return CLI_FAILED;
	if (fs_get(router_of(ctx), &u, &sb) == -1)
		st = refuse(ctx, &u);
	else
		print_clean(ctx, sb.s, sb.len);
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	return st;
}

/* ---- delete, rename, erase ---- */

struct two { /* names in a dialogue */
	struct fs_url a, b;
};

static void
two_end(struct cli_ctx *ctx, struct two *t, int st)
{
	free(t);
	cli_done(ctx, (enum cli_status)st);
}

/* Who leaves at a question takes nothing that was offered. */
static void
two_abort(struct cli_ctx *ctx, void *arg)
{
	two_end(ctx, arg, CLI_FAILED);
}

static bool
is_quiet(struct cli_ctx *ctx)
{
	return router_of(ctx)->running->file_prompt == FILE_QUIET;
}

static void
delete_confirm(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct two *t = arg;
	int st = CLI_DONE;

	if (exec_confirmed(answer) &&
	    fs_remove(router_of(ctx)->statedir, &t->a) == -1) {
		char text[FS_TEXT_MAX];

		cli_printf(ctx, "%%Error deleting %s (%s)\n",
		    fs_text(&t->a, text), fs_error(errno));
		st = CLI_FAILED;
	}
	two_end(ctx, t, st);
}

static void
delete_name(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct two *t = arg;
	char text[FS_TEXT_MAX], *prompt;

	answer += strspn(answer, " ");
	if (*answer != '\0') {
		if (!fs_name_ok(answer)) {
			two_end(ctx, t, fs_refuse(ctx, answer, EINVAL));
			return;
		}
		str_copy(t->a.name, answer, sizeof(t->a.name));
	}
	prompt = xasprintf("Delete %s? [confirm]", fs_text(&t->a, text));
	cli_ask(ctx, CLI_ASK_CONFIRM, prompt, delete_confirm, t);
	free(prompt);
}

int
exec_delete(struct cli_ctx *ctx, const struct exec_delete_args *a)
{
	struct two *t = xcalloc(1, sizeof(*t));
	char *prompt;

	if (parse(ctx, &t->a, a->url) != 0) {
		free(t);
		return CLI_FAILED;
	}
	cli_on_abort(ctx, two_abort, t);
	if (a->force || is_quiet(ctx)) {
		delete_confirm(ctx, t, "");
		return CLI_PENDING;
	}
	prompt = xasprintf("Delete filename [%s]? ", t->a.name);
	cli_ask(ctx, CLI_ASK_LINE, prompt, delete_name, t);
	free(prompt);
	return CLI_PENDING;
}

static void
rename_to(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct two *t = arg;
	char text[FS_TEXT_MAX];
	int st = CLI_DONE;

	answer += strspn(answer, " ");
	if (*answer != '\0' && fs_parse(&t->b, answer) == -1)
		st = fs_refuse(ctx, answer, errno);
	else if (fs_rename(router_of(ctx)->statedir, &t->a, &t->b) == -1) {
		cli_printf(ctx, "%%Error renaming %s (%s)\n",
		    fs_text(&t->a, text), fs_error(errno));
		st = CLI_FAILED;
	}
	two_end(ctx, t, st);
}

int
exec_rename(struct cli_ctx *ctx, const struct exec_rename_args *a)
{
	struct two *t = xcalloc(1, sizeof(*t));
	char *prompt;

	if (parse(ctx, &t->a, a->from) != 0 ||
	    (a->to[0] != '\0' && parse(ctx, &t->b, a->to) != 0)) {
		free(t);
		return CLI_FAILED;
	}
	cli_on_abort(ctx, two_abort, t);
	if (is_quiet(ctx)) {
		rename_to(ctx, t, "");
		return CLI_PENDING;
	}
	prompt = xasprintf("Destination filename [%s]? ", t->b.name);
	cli_ask(ctx, CLI_ASK_LINE, prompt, rename_to, t);
	free(prompt);
	return CLI_PENDING;
}

static void
erase_answer(struct cli_ctx *ctx, void *arg UNUSED, const char *answer)
{
	struct fs_url u;

	if (!exec_confirmed(answer)) {
		cli_done(ctx, CLI_DONE);
		return;
	}
	if (fs_parse(&u, "startup-config") == -1 ||
	    (fs_remove(router_of(ctx)->statedir, &u) == -1 &&
		errno != ENOENT)) {
		cli_printf(ctx, "%%Error erasing nvram: (%s)\n",
		    strerror(errno));
		cli_done(ctx, CLI_FAILED);
		return;
	}
	cli_printf(ctx, "[OK]\nErase of nvram: complete\n");
	cli_done(ctx, CLI_DONE);
}

int
exec_erase(struct cli_ctx *ctx, const struct exec_erase_args *a UNUSED)
{
	if (is_quiet(ctx)) {
		erase_answer(ctx, NULL, "");
		return CLI_PENDING;
	}
	cli_ask(ctx, CLI_ASK_CONFIRM,
	    "Erasing the nvram filesystem will remove all configuration "
	    "files! Continue? [confirm]",
	    erase_answer, NULL);
	return CLI_PENDING;
}

/* ---- verify ---- */

static void
digest(const EVP_MD *md, const struct strbuf *sb, char *hex)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(sb->s, sb->len, sum, &len, md, NULL) != 1)
		fatal("EVP_Digest");
	for (unsigned i = 0; i < len; i++)
		snprintf(hex + 2 * (size_t)i, 3, "%02x", sum[i]);
}

int
exec_verify(struct cli_ctx *ctx, const struct exec_verify_args *a)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1], text[FS_TEXT_MAX];
	struct strbuf sb = {0};
	struct fs_url u;
	int st = CLI_DONE;

	if (parse(ctx, &u, a->url) != 0)
		return CLI_FAILED;
	fs_text(&u, text);
	if (fs_get(router_of(ctx), &u, &sb) == -1) {
		st = fs_refuse(ctx, text, errno);
		goto out;
	}
	digest(a->md5 ? EVP_md5() : EVP_sha512(), &sb, hex);
	cli_printf(ctx, "..Done!\n");
	if (a->want[0] == '\0')
		cli_printf(ctx, "verify /%s (%s) = %s\n",
		    a->md5 ? "md5" : "sha512", text, hex);
	else if (strcasecmp(a->want, hex) == 0)
		cli_printf(ctx, "Verified (%s) = %s\n", text, hex);
	else {
		cli_printf(ctx, "%%Error verifying %s\n"
				"Computed signature  = %s\n"
				"Submitted signature = %s\n",
		    text, hex, a->want);
		st = CLI_FAILED;
	}
out:
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	return st;
}
