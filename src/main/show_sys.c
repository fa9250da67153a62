/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands about the router itself: version, clock, logging,
 * configuration, interfaces. Layout: reference show-output.md 5 and 6,
 * shell-and-clients.md 1.6.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli_gen.h"
#include "main/router.h"

#define NVRAM_SIZE 262144

static void
uptime_text(uint64_t ms, struct strbuf *sb)
{
	static const struct {
		const char *name;
		uint64_t minutes;
	} units[] = {{"year", 525600}, {"week", 10080}, {"day", 1440},
	    {"hour", 60}, {"minute", 1}};
	uint64_t minutes = ms / 60000;
	size_t i;

	for (i = 0; i < NELEM(units); i++) {
		uint64_t n = minutes / units[i].minutes;

		minutes -= n * units[i].minutes;
		if (n == 0 && (units[i].minutes != 1 || sb->len != 0))
			continue;
		sb_printf(sb, "%s%llu %s%s", sb->len != 0 ? ", " : "",
		    (unsigned long long)n, units[i].name, n == 1 ? "" : "s");
	}
}

static void
clock_text(uint64_t wall_us, struct strbuf *sb)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(wall_us / 1000000);
	struct tm tm;

	gmtime_r(&t, &tm);
	sb_printf(sb, "%02d:%02d:%02d.%03u UTC %s %s %d %d", tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (unsigned)(wall_us / 1000 % 1000),
	    days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday,
	    tm.tm_year + 1900);
}

static unsigned
count_ethernet(const struct router *r)
{
	const struct interface *ifc;
	unsigned n = 0;

	CF_FOREACH(ifc, &r->running->interfaces)
		n += strstr(ifc->name, "Ethernet") != NULL &&
		    strchr(ifc->name, '.') == NULL;
	return n;
}

int
show_version(struct cli_ctx *ctx, const struct show_version_args *a UNUSED)
{
	const struct router *r = router_of(ctx);
	struct strbuf up = {0}, at = {0};
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	unsigned long kb = (unsigned long)(pages / 1024 * page);

	uptime_text(time_mono_ms() - r->start_mono_ms, &up);
	clock_text(r->start_wall_us, &at);
	cli_printf(ctx,
	    "IOS (compatible) COHORT Software (COHORT-GETVPN-M), Version %s, "
	    "RELEASE SOFTWARE (fc1)\n"
	    "This is not Cisco IOS Software, it is an independent "
	    "implementation\n"
	    "Cohort is not affiliated with Cisco Systems\n"
	    "Copyright (c) 2026-2026 by the Cohort authors\n\n"
	    "ROM: Linux\n\n"
	    "%s uptime is %s\n"
	    "System returned to ROM by reload\n"
	    "System restarted at %.8s%s\n"
	    "System image file is \"flash:cohort\"\n\n"
	    "cohort LINUX (x86) processor (revision 1.0) with %luK/0K bytes "
	    "of memory.\n"
	    "Processor board ID %s\n"
	    "%u Ethernet interface%s\n"
	    "%uK bytes of non-volatile configuration memory.\n\n"
	    "Configuration register is 0x2102\n\n",
	    PACKAGE_VERSION, r->running->hostname, up.s, at.s, at.s + 12, kb,
	    r->name, count_ethernet(r), count_ethernet(r) == 1 ? "" : "s",
	    NVRAM_SIZE / 1024);
	sb_free(&up);
	sb_free(&at);
	return CLI_DONE;
}

int
show_clock(struct cli_ctx *ctx, const struct show_clock_args *a UNUSED)
{
	struct strbuf sb = {0};

	clock_text(time_wall_us(), &sb);
	cli_printf(ctx, "*%s\n", sb.s);
	sb_free(&sb);
	return CLI_DONE;
}

int
show_privilege(struct cli_ctx *ctx, const struct show_privilege_args *a UNUSED)
{
	cli_printf(ctx, "Current privilege level is %u\n",
	    session_level(session_of(ctx)));
	return CLI_DONE;
}

static void
print_sb(struct cli_ctx *ctx, struct strbuf *sb)
{
	if (sb->len != 0)
		cli_printf(ctx, "%s", sb->s);
	sb_free(sb);
}

int
show_history(struct cli_ctx *ctx, const struct show_history_args *a UNUSED)
{
	struct strbuf sb = {0};

	session_history(session_of(ctx), &sb);
	print_sb(ctx, &sb);
	return CLI_DONE;
}

int
show_users(struct cli_ctx *ctx, const struct show_users_args *a UNUSED)
{
	struct strbuf sb = {0};

	session_users(router_of(ctx), session_of(ctx), &sb);
	print_sb(ctx, &sb);
	return CLI_DONE;
}

int
show_logging(struct cli_ctx *ctx, const struct show_logging_args *a UNUSED)
{
	struct strbuf sb = {0};

	syslog_show(router_of(ctx), &sb);
	print_sb(ctx, &sb);
	return CLI_DONE;
}

/* ---- configuration ---- */

struct notes {
	struct cli_ctx *ctx;
	const char *config;
};

static void
note_line(void *arg, unsigned lineno, bool error UNUSED, const char *text)
{
	const struct notes *n = arg;
	const char *line = n->config;

	while (--lineno > 0 && (line = strchr(line, '\n')) != NULL)
		line++;
	if (line != NULL)
		cli_printf(n->ctx, "%.*s\n    %s\n",
		    (int)strcspn(line, "\n"), line, text);
}

/* What a load of the running configuration would note. */
int
show_unsupported(struct cli_ctx *ctx,
    const struct show_unsupported_args *a UNUSED)
{
	struct strbuf sb = {0};
	struct conf *again = conf_new();
	struct notes n = {.ctx = ctx};

	conf_print(&sb, router_of(ctx)->running, CF_MAIN);
	sb_add(&sb, "", 0);
	n.config = sb.s;
	if (conf_load(again, sb.s, sb.len, note_line, &n) != 0)
		cli_printf(ctx, "%% The running configuration does not load "
				"again: this is a fault of Cohort\n");
	conf_free(again);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return CLI_DONE;
}

int
show_running_config(struct cli_ctx *ctx,
    const struct show_running_config_args *a)
{
	const struct conf *conf = router_of(ctx)->running;
	struct strbuf sb = {0};

	if (a->name[0] != '\0') {
		const struct interface *ifc =
		    conf_find_interface(conf, a->name);

		if (ifc == NULL) {
			cli_printf(ctx, "%% Interface %s is not configured\n",
			    a->name);
			return CLI_FAILED;
		}
		sb_add(&sb, "!\n", 2);
		conf_print_obj(&sb, conf, &ifc->obj);
	} else
		conf_print(&sb, conf, CF_MAIN);
	cli_printf(ctx,
	    "Building configuration...\n\nCurrent configuration : %zu bytes\n"
	    "%send\n\n", sb.len, sb.s);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return CLI_DONE;
}

int
show_startup_config(struct cli_ctx *ctx,
    const struct show_startup_config_args *a UNUSED)
{
	struct strbuf sb = {0};
	char path[320];

	file_startup_path(router_of(ctx), path, sizeof(path));
	if (file_read(path, &sb) == -1) {
		cli_printf(ctx, "startup-config is not present\n");
		return CLI_DONE;
	}
	cli_printf(ctx, "Using %zu out of %d bytes\n%s\n", sb.len, NVRAM_SIZE,
	    sb.s);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return CLI_DONE;
}

/* ---- interfaces ---- */

static const char *
status_text(const struct interface *ifc, const struct port *p)
{
	if (ifc->shutdown)
		return "administratively down";
	return p != NULL && p->up ? "up" : "down";
}

int
show_ip_interface_brief(struct cli_ctx *ctx,
    const struct show_ip_interface_brief_args *a UNUSED)
{
	const struct router *r = router_of(ctx);
	const struct interface *ifc;
	char addr[IP4_STRLEN];

	cli_printf(ctx, "Interface                  IP-Address      OK? Method "
			"Status                Protocol\n");
	CF_FOREACH(ifc, &r->running->interfaces) {
		const struct port *p = ports_find(r, ifc->name);
		bool up = !ifc->shutdown && p != NULL && p->up;

		cli_printf(ctx, "%-26s %-15s YES %-6s %-21s %-8s\n", ifc->name,
		    ifc->addr != 0 ? ip4_str(ifc->addr, addr) : "unassigned",
		    ifc->addr != 0 ? "manual" : "unset", status_text(ifc, p),
		    up ? "up" : "down");
	}
	return CLI_DONE;
}

static unsigned
bandwidth_of(const struct interface *ifc, bool loopback)
{
	if (ifc->bandwidth != 0)
		return ifc->bandwidth;
	if (loopback)
		return 8000000;
	if (strncmp(ifc->name, "Fast", 4) == 0)
		return 100000;
	if (strncmp(ifc->name, "Ethernet", 8) == 0)
		return 10000;
	if (strncmp(ifc->name, "Serial", 6) == 0)
		return 1544;
	return 1000000;
}

static void
interface_head(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p, const struct port_stats *s)
{
	bool loopback = p != NULL && p->loopback;
	const uint8_t *m = s->mac;
	char addr[IP4_STRLEN], hw[64] = "";

	if (!loopback)
		snprintf(hw, sizeof(hw),
		    ", address is %02x%02x.%02x%02x.%02x%02x "
		    "(bia %02x%02x.%02x%02x.%02x%02x)",
		    m[0], m[1], m[2], m[3], m[4], m[5], m[0], m[1], m[2], m[3],
		    m[4], m[5]);
	cli_printf(ctx, "%s is %s, line protocol is %s \n", ifc->name,
	    status_text(ifc, p),
	    !ifc->shutdown && p != NULL && p->up ? "up" : "down");
	cli_printf(ctx, "  Hardware is %s%s\n",
	    loopback ? "Loopback" : "Ethernet", hw);
	if (ifc->description != NULL)
		cli_printf(ctx, "  Description: %s\n", ifc->description);
	if (ifc->addr != 0)
		cli_printf(ctx, "  Internet address is %s/%d\n",
		    ip4_str(ifc->addr, addr), ip4_prefix_of(ifc->mask));
	cli_printf(ctx, "  MTU %u bytes, BW %u Kbit/sec, DLY %u usec, \n"
			"     reliability 255/255, txload 1/255, rxload "
			"1/255\n",
	    p != NULL && p->mtu != 0 ? p->mtu : 1500,
	    bandwidth_of(ifc, loopback), loopback ? 5000 : 10);
	if (ifc->vlan != 0)
		cli_printf(ctx, "  Encapsulation 802.1Q Virtual LAN, Vlan ID  "
				"%u.\n", ifc->vlan);
	else
		cli_printf(ctx, "  Encapsulation %s, loopback not set\n",
		    loopback ? "LOOPBACK" : "ARPA");
}

static void
interface_counters(struct cli_ctx *ctx, const struct port_stats *s,
    const struct port_rates *r)
{
	typedef unsigned long long llu;

	cli_printf(ctx,
	    "  5 minute input rate %llu bits/sec, %llu packets/sec\n"
	    "  5 minute output rate %llu bits/sec, %llu packets/sec\n",
	    (llu)r->in_bps, (llu)r->in_pps, (llu)r->out_bps, (llu)r->out_pps);
	cli_printf(ctx,
	    "     %llu packets input, %llu bytes, %llu no buffer\n"
	    "     Received %llu broadcasts (%llu IP multicasts)\n"
	    "     0 runts, 0 giants, 0 throttles \n"
	    "     %llu input errors, 0 CRC, 0 frame, 0 overrun, %llu "
	    "ignored\n",
	    (llu)s->rx_packets, (llu)s->rx_bytes, (llu)s->rx_dropped,
	    (llu)s->multicast, (llu)s->multicast, (llu)s->rx_errors,
	    (llu)s->rx_dropped);
	cli_printf(ctx,
	    "     %llu packets output, %llu bytes, 0 underruns\n"
	    "     %llu output errors, 0 collisions, 0 interface resets\n"
	    "     0 unknown protocol drops\n"
	    "     %llu output buffer failures, 0 output buffers swapped out\n",
	    (llu)s->tx_packets, (llu)s->tx_bytes, (llu)s->tx_errors,
	    (llu)s->tx_dropped);
}

/* "never" or how long ago. */
static const char *
ago(uint64_t then_ms, char *buf, size_t size)
{
	uint64_t s = (time_mono_ms() - then_ms) / 1000;

	if (then_ms == 0)
		return "never";
	snprintf(buf, size, "%02llu:%02u:%02u", (unsigned long long)(s / 3600),
	    (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	return buf;
}

static void
show_one_interface(struct cli_ctx *ctx, const struct interface *ifc)
{
	struct router *r = router_of(ctx);
	const struct port *p = ports_find(r, ifc->name);
	struct port_stats s = {0};
	struct port_rates rates = {0};
	char in[32], out[32], clear[32];

	if (p != NULL && !ports_stats(r, p, &s, &rates))
		memset(&s, 0, sizeof(s));
	interface_head(ctx, ifc, p, &s);
	cli_printf(ctx, "  Keepalive not set\n"
			"  Last input %s, output %s, output hang never\n"
			"  Last clearing of \"show interface\" counters "
			"%s\n"
			"  Input queue: 0/75/%llu/0 (size/max/drops/flushes); "
			"Total output drops: %llu\n"
			"  Queueing strategy: fifo\n"
			"  Output queue: 0/40 (size/max)\n",
	    ago(rates.last_in, in, sizeof(in)),
	    ago(rates.last_out, out, sizeof(out)),
	    ago(rates.cleared, clear, sizeof(clear)),
	    (unsigned long long)s.rx_dropped, (unsigned long long)s.tx_dropped);
	interface_counters(ctx, &s, &rates);
}

int
show_interfaces(struct cli_ctx *ctx, const struct show_interfaces_args *a)
{
	const struct conf *conf = router_of(ctx)->running;
	const struct interface *ifc;

	if (a->name[0] == '\0') {
		CF_FOREACH(ifc, &conf->interfaces)
			show_one_interface(ctx, ifc);
		return CLI_DONE;
	}
	ifc = conf_find_interface(conf, a->name);
	if (ifc == NULL) {
		cli_printf(ctx, "%% Interface %s is not configured\n", a->name);
		return CLI_FAILED;
	}
	show_one_interface(ctx, ifc);
	return CLI_DONE;
}
