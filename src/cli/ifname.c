/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of interfaces: the types that IOS has, their abbreviations, numbers.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/match.h"

/* In the order in which a prefix is resolved: `t0` is a tunnel, `f0/0` fast
 * Ethernet, as people expect. */
static const struct {
	const char *name, *help;
} iftypes[] = {
	{"Ethernet", "IEEE 802.3"},
	{"FastEthernet", "FastEthernet IEEE 802.3"},
	{"GigabitEthernet", "GigabitEthernet IEEE 802.3z"},
	{"TenGigabitEthernet", "Ten Gigabit Ethernet"},
	{"Loopback", "Loopback interface"},
	{"Tunnel", "Tunnel interface"},
	{"Serial", "Serial"},
	{"Vlan", "Vlan interface"},
	{"Port-channel", "Ethernet Channel of interfaces"},
	{"Null", "Null interface"},
	{"Dialer", "Dialer interface"},
	{"BDI", "Bridge-Domain interface"},
	{"BVI", "Bridge-Group Virtual Interface"},
	{"ATM", "ATM interface"},
	{"Async", "Async interface"},
	{"Cellular", "Cellular WAN interface"},
	{"Embedded-Service-Engine", "Embedded service engine"},
	{"FiveGigabitEthernet", "Five Gigabit Ethernet"},
	{"FortyGigabitEthernet", "Forty Gigabit Ethernet"},
	{"HundredGigE", "Hundred Gigabit Ethernet"},
	{"MFR", "Multilink Frame Relay bundle interface"},
	{"Multilink", "Multilink-group interface"},
	{"POS", "Packet over Sonet"},
	{"Service-Engine", "Service engine"},
	{"TwentyFiveGigE", "Twenty Five Gigabit Ethernet"},
	{"TwoGigabitEthernet", "Two Gigabit Ethernet"},
	{"Virtual-Access", "Virtual Access interface"},
	{"Virtual-PPP", "Virtual PPP interface"},
	{"Virtual-Template", "Virtual Template interface"},
	{"Virtual-TokenRing", "Virtual TokenRing"},
	{"nve", "Network virtualization endpoint interface"},
	{"pseudowire", "Pseudowire interface"},
};

const char *
cli_ifname_type(unsigned i, const char **help)
{
	if (i >= NELEM(iftypes))
		return NULL;
	*help = iftypes[i].help;
	return iftypes[i].name;
}

/* 0/1/0:15.100 */
static bool
is_ifnumber(const char *s, size_t len)
{
	unsigned slashes = 0, digits = 0;
	bool colon = false, dot = false;

	if (len == 0 || len > 20)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (isdigit((unsigned char)s[i])) {
			if (++digits > 10)
				return false;
			continue;
		}
		if (digits == 0 || dot)
			return false;
		if (s[i] == '/' && !colon && ++slashes <= 3)
			digits = 0;
		else if (s[i] == ':' && !colon)
			colon = true, digits = 0;
		else if (s[i] == '.')
			dot = true, digits = 0;
		else
			return false;
	}
	return digits != 0;
}

bool
cli_ifname(const char *text, char buf[40])
{
	size_t type = 0;
	const char *number;
	int n;

	while (isalpha((unsigned char)text[type]) || text[type] == '-')
		type++;
	number = text + type;
	if (type == 0 || !is_ifnumber(number, strlen(number)))
		return false;
	for (unsigned k = 0; k < NELEM(iftypes); k++)
		if (type <= strlen(iftypes[k].name) &&
		    strncasecmp(iftypes[k].name, text, type) == 0) {
			n = snprintf(buf, 40, "%s%s", iftypes[k].name,
			    number);
			return n > 0 && n < 40;
		}
	return false;
}
