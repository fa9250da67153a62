/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The program: one binary for the router, its processes, its consoles, the
 * checks of configurations and the labs.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "main/cmd.h"
#include "cli/shell.h"
#include "main/privdrop.h"
#include "main/router.h"

#define STATE_ROOT "/var/lib/cohort"
#define START_WAIT_MS 10000

static int
usage(FILE *f)
{
	fputs("usage: cohort run -c FILE [-n NAME] [-s STATEDIR] "
	      "[-p IFNAME=NETDEV]... [-d]\n"
	      "       cohort console [-V] [-s STATEDIR] [NAME]   "
	      "(-V: for sshd)\n"
	      "       cohort exec [-s STATEDIR] NAME 'COMMAND'...   "
	      "(- reads them from standard input)\n"
	      "       cohort check FILE...\n"
	      "       cohort print FILE\n"
	      "       cohort lab up|verify|down|list DIR\n"
	      "       cohort lab console DIR NODE | exec DIR NODE "
	      "'COMMAND'... | shell DIR NODE | pcap DIR LINK\n"
	      "       cohort version\n",
	    f);
	return f == stdout ? 0 : 2;
}

/* ---- run ---- */

/* "gi0/0" as the configuration will call it. */
static bool
ifname_canonical(const char *given, char name[IFNAME_MAX])
{
	struct conf *conf = conf_new();
	struct cf_cursor cur = {.conf = conf, .at = &conf->obj};
	char *line = xasprintf("interface %s", given);
	struct strbuf notes = {0};
	struct cf_error err;
	bool ok = conf_line(&cur, line, &err, &notes) == CF_OK &&
	    conf->interfaces.n == 1;

	if (ok)
		str_copy(name,
		    ((const struct interface *)conf->interfaces.first)->name,
		    IFNAME_MAX);
	free(line);
	sb_free(&notes);
	conf_free(conf);
	return ok;
}

static int
add_map(struct router *r, const char *text)
{
	const char *eq = strchr(text, '=');
	char given[IFNAME_MAX];
	size_t n = eq != NULL ? (size_t)(eq - text) : 0;

	if (n == 0 || n >= sizeof(given) || eq[1] == '\0' ||
	    strlen(eq + 1) >= sizeof(r->map[0].dev) || r->nmap >= PORT_MAX)
		return -1;
	memcpy(given, text, n);
	given[n] = '\0';
	if (!ifname_canonical(given, r->map[r->nmap].ifname))
		return -1;
	str_copy(r->map[r->nmap++].dev, eq + 1, sizeof(r->map[0].dev));
	return 0;
}

static int
maps_from_env(struct router *r)
{
	const char *env = getenv("COHORT_PORTS");
	char *copy, *rest, *word;
	int ret = 0;

	if (env == NULL)
		return 0;
	copy = rest = xstrdup(env);
	while ((word = strsep(&rest, ", \t")) != NULL)
		if (*word != '\0' && add_map(r, word) == -1) {
			fprintf(stderr, "cohort: COHORT_PORTS: \"%s\" is not "
					"IFNAME=NETDEV\n", word);
			ret = -1;
		}
	free(copy);
	return ret;
}

static int
parse_run(struct router *r, int argc, char **argv)
{
	const char *state = NULL;
	int c;

	str_copy(r->name, "router", sizeof(r->name));
	while ((c = getopt(argc, argv, "c:n:s:p:d")) != -1) {
		switch (c) {
		case 'c':
			r->startup_file = optarg;
			break;
		case 'n':
			str_copy(r->name, optarg, sizeof(r->name));
			break;
		case 's':
			state = optarg;
			break;
		case 'p':
			if (add_map(r, optarg) == -1) {
				fprintf(stderr, "cohort: -p %s is not "
						"IFNAME=NETDEV\n", optarg);
				return -1;
			}
			break;
		case 'd':
			r->daemon = true;
			break;
		default:
			return -1;
		}
	}
	if (optind != argc || r->name[0] == '\0' ||
	    strchr(r->name, '/') != NULL)
		return -1;
	if (state != NULL)
		str_copy(r->statedir, state, sizeof(r->statedir));
	else
		snprintf(r->statedir, sizeof(r->statedir), STATE_ROOT "/%s",
		    r->name);
	return maps_from_env(r);
}

static void
wait_console(const struct router *r)
{
	char *path = xasprintf("%s/console", r->statedir);
	uint64_t until = time_mono_ms() + START_WAIT_MS;

	while (access(path, F_OK) == -1 && time_mono_ms() < until)
		usleep(5000);
	free(path);
}

/* The console of a router in the foreground: comes back after `exit`. */
static int
foreground_console(const struct router *r)
{
	const struct shell_who who = {SESSION_CONSOLE, "", "", NULL, NULL};
	char key;
	int code;

	puts("Press Ctrl-] to stop this router.\n");
	for (;;) {
		wait_console(r);
		code = console_attach(r->statedir, &who);
		if (code != 0 || getppid() == 1)
			return code;
		printf("%s con0 is now available\n\n"
		       "Press RETURN to get started.\n", r->name);
		fflush(stdout);
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 0x1d)
			return 0;
	}
}

static int
cmd_run(int argc, char **argv)
{
	static struct router r;
	struct termios tty;
	bool terminal = tcgetattr(STDIN_FILENO, &tty) == 0;
	pid_t console = 0;
	int code;

	if (parse_run(&r, argc, argv) == -1)
		return usage(stderr);
	if (!r.daemon) {
		pid_t self = getpid();

		(void)fflush(NULL);
		console = fork();
		if (console == -1)
			fatal("fork");
		if (console == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
			(void)foreground_console(&r);
			(void)kill(self, SIGTERM);
			_exit(0);
		}
	}
	do
		code = router_run(&r);
	while (code == ROUTER_RELOAD);
	if (console != 0) {
		(void)kill(console, SIGTERM);
		(void)waitpid(console, NULL, 0);
		/* It may have ended in the middle of a line. */
		(void)signal(SIGTTOU, SIG_IGN);
		if (terminal)
			(void)tcsetattr(STDIN_FILENO, TCSANOW, &tty);
	}
	return code;
}

/* ---- clients ---- */

static int
client_state(int argc, char **argv, char *state, size_t size, bool need_name)
{
	bool given = false;
	int c;

	while ((c = getopt(argc, argv, "+s:")) != -1) {
		if (c != 's')
			return -1;
		str_copy(state, optarg, size);
		given = true;
	}
	if (need_name && optind >= argc)
		return -1;
	if (!given)
		snprintf(state, size, STATE_ROOT "/%s",
		    optind < argc ? argv[optind] : "router");
	if (optind < argc)
		optind++;
	return 0;
}

/* What sshd tells the command that it forces. */
static void
who_of_sshd(struct shell_who *who, char *peer, size_t size)
{
	const char *user = getenv("USER"), *from = getenv("SSH_CONNECTION");

	str_copy(peer, from != NULL ? from : "", size);
	peer[strcspn(peer, " ")] = '\0';
	who->kind = SESSION_SSH;
	who->user = user != NULL ? user : "";
	who->peer = peer;
	who->command = getenv("SSH_ORIGINAL_COMMAND");
	if (geteuid() == 0) /* connected, a shell needs nothing of that */
		who->confine = privdrop;
}

static int
cmd_console(int argc, char **argv)
{
	struct shell_who who = {SESSION_CONSOLE, "", "", NULL, NULL};
	char state[256], peer[64];

	if (argc > 1 && strcmp(argv[1], "-V") == 0) {
		who_of_sshd(&who, peer, sizeof(peer));
		argv[1] = argv[0];
		argv++, argc--;
	}
	if (client_state(argc, argv, state, sizeof(state), false) == -1 ||
	    optind != argc)
		return usage(stderr);
	return console_attach(state, &who) == 1;
}

static int
cmd_exec(int argc, char **argv)
{
	char state[256];

	if (client_state(argc, argv, state, sizeof(state), true) == -1 ||
	    optind == argc)
		return usage(stderr);
	return console_exec(state, argv + optind, argc - optind);
}

static int
cmd_version(int argc UNUSED, char **argv UNUSED)
{
	puts("Cohort " PACKAGE_VERSION);
	return 0;
}

static int
cmd_help(int argc UNUSED, char **argv UNUSED)
{
	return usage(stdout);
}

static int
child_main(const char *kind)
{
	if (strcmp(kind, "ike") == 0)
		return proc_ike(3);
	if (strcmp(kind, "fwd") == 0)
		return proc_fwd(3);
	if (strcmp(kind, "vty") == 0) {
		privdrop_early();
		privdrop();
		return vty_serve(3, 4);
	}
	return 2;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(int, char **);
	} cmds[] = {{"run", cmd_run}, {"console", cmd_console},
	    {"exec", cmd_exec}, {"check", cmd_check}, {"print", cmd_print},
	    {"lab", cmd_lab}, {"version", cmd_version},
	    {"--version", cmd_version}, {"--help", cmd_help},
	    {"help", cmd_help}};
	size_t i;

	if (argc >= 3 && strcmp(argv[1], "-P") == 0)
		return child_main(argv[2]);
	if (argc < 2)
		return usage(stderr);
	for (i = 0; i < NELEM(cmds); i++)
		if (strcmp(argv[1], cmds[i].name) == 0)
			return cmds[i].fn(argc - 1, argv + 1);
	return usage(stderr);
}
