/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The data model of the configuration: what the engines read. Lines of
 * grammar/ fill these fields; nobody else writes them. A committed struct
 * conf is immutable and lives in one arena (conf_free ends it all).
 *
 * Addresses and masks are host byte order. Names are case-sensitive, as IOS
 * keeps them. A reference by name may dangle: look it up with conf_find_*,
 * NULL means that the object does not exist (yet) and is inactive.
 */
#ifndef COHORT_CONF_H
#define COHORT_CONF_H

#include "base/ace.h"
#include "base/sa.h"
#include "conf/auth.h"

struct cf_ent;

struct cf_obj { /* first member of every record */
	struct cf_obj *next; /* in the list of the parent */
	struct cf_obj *parent;
	struct cf_ent *head; /* the line that entered or added it */
	struct cf_ent *ents; /* the lines of this record, in print order */
	uint16_t class;	     /* index into the generated class table */
};

struct cf_list {
	struct cf_obj *first, *last;
	uint32_t n;
};

/* struct x *v: every member of a list, in order. */
#define CF_FOREACH(v, list)                                                   \
	for ((v) = (void *)(list)->first; (v) != NULL;                        \
	     (v) = (void *)(v)->obj.next)

#define CONF_NAME 81 /* names of groups, maps, lists, labels, with NUL */
#define IFNAME_MAX 40 /* "GigabitEthernet0/0/0.4294967295" */

/* interface TunnelN (RFC 2784, RFC 2890) */
enum tunnel_mode { TUNNEL_GRE, TUNNEL_OTHER }; /* OTHER: stays down */

struct tunnel {
	char source_if[IFNAME_MAX]; /* "": source */
	uint32_t source, dest;	    /* 0: none */
	uint8_t mode;		    /* enum tunnel_mode */
	bool has_key;
	uint32_t key;
	bool checksum;
	uint16_t keepalive_secs;    /* 0: off */
	uint8_t keepalive_retry;    /* 3 */
	bool pmtud;		    /* tunnel path-mtu-discovery */
	uint16_t pmtud_age;	    /* minutes, 10; 0: infinite */
	uint16_t pmtud_min;	    /* 92 */
	uint8_t ttl;		    /* 255 */
	bool has_tos;
	uint8_t tos;		    /* of the outside; else the inner one */
	char profile[CONF_NAME];    /* tunnel protection ipsec profile */
};

enum nat_side { NAT_NONE, NAT_INSIDE, NAT_OUTSIDE };

/* interface X */
struct ip_secondary {
	struct cf_obj obj;
	uint32_t addr, mask;
};

struct interface {
	struct cf_obj obj;
	char name[IFNAME_MAX]; /* canonical: "FastEthernet0/0" */
	uint32_t addr, mask;   /* 0: none */
	struct cf_list secondaries; /* struct ip_secondary */
	bool shutdown;
	const char *description;
	uint32_t mtu;	       /* 0: what the device has */
	uint32_t ip_mtu;       /* 0: as mtu */
	uint32_t adjust_mss;   /* 0: off */
	uint16_t vlan;	       /* encapsulation dot1Q, 0: none */
	uint32_t delay;	       /* tens of microseconds, 0: default */
	uint32_t bandwidth;    /* kbit/s, 0: default; no shaper */
	uint16_t load_interval; /* seconds, 300 */
	uint8_t df_bit;	       /* enum df_bit, INHERIT: global */
	char crypto_map[CONF_NAME];
	bool map_shared; /* crypto map NAME redundancy GROUP */
	char acl_in[CONF_NAME], acl_out[CONF_NAME];
	struct cf_list igmp_static; /* struct igmp_group */
	uint8_t nat;		    /* enum nat_side */
	char policy_in[CONF_NAME], policy_out[CONF_NAME]; /* service-policy */
	bool qos_preclassify;	    /* of a tunnel */
	struct tunnel tunnel;	    /* of TunnelN */
};

/* ip igmp static-group G [source S]: goes out there */
struct igmp_group {
	struct cf_obj obj;
	uint32_t addr, source; /* 0: of any */
};

enum df_bit { DF_INHERIT, DF_COPY, DF_CLEAR, DF_SET };

/* ip route PREFIX MASK {NEXTHOP | IF [NEXTHOP]} [DISTANCE] [name X] */
struct ip_route {
	struct cf_obj obj;
	uint32_t prefix, mask;
	uint32_t nexthop; /* 0: none, then ifname */
	char ifname[IFNAME_MAX];
	uint8_t distance; /* 1 */
};

/* ip access-list {standard|extended} NAME, access-list N */
struct acl_entry {
	struct cf_obj obj;
	uint32_t seq; /* given, or counted in tens */
	bool remark;  /* then nothing to match */
	bool log;
	bool log_input;
	struct ace ace;
	/* only while a line is read: an icmp type given as a number is in
	 * ace.icmp, its code here, until acl_format() has joined them */
	bool icmp_typed;
	uint8_t icmp_code;
};

struct acl {
	struct cf_obj obj;
	char name[CONF_NAME]; /* "100", "CRYPTO_ACL" */
	bool standard;
	struct cf_list entries; /* struct acl_entry, by seq */
};

/* route-map NAME [permit|deny] [SEQ] */
struct route_map_acl { /* match ip address: one of them, in order */
	struct cf_obj obj;
	char name[CONF_NAME];
};

struct route_map_other { /* match by what is not built */
	struct cf_obj obj;
};

struct route_map {
	struct cf_obj obj;
	char name[CONF_NAME];
	uint16_t seq;	/* 10 */
	bool deny;
	struct cf_list others; /* struct route_map_other; if there is one,
				* the entry matches nothing */
	struct cf_list acls; /* struct route_map_acl; none: matches all */
};

/* ip nat inside source, ip nat inside destination, ip nat outside source */
enum nat_way { NAT_INSIDE_SOURCE, NAT_INSIDE_DEST, NAT_OUTSIDE_SOURCE };

/* ... {list ACL | route-map RM} {pool P | interface IF} [overload]. One list
 * for all ways: the first line that matches a packet translates it. */
struct nat_dynamic {
	struct cf_obj obj;
	uint8_t way;		   /* enum nat_way */
	char acl[CONF_NAME];	   /* "": route_map */
	char route_map[CONF_NAME];
	char pool[CONF_NAME];	   /* "": ifname, and overload */
	char ifname[IFNAME_MAX];
	bool overload;		   /* by an interface: always */
	bool reversible;	   /* is printed, does nothing */
	bool extended;		   /* a pool's entries, as by a route-map */
	bool add_route;		   /* outside source only */
};

/* ... static [{tcp | udp} A [APORT] B [BPORT] | network A B MASK | A B].
 * local and global as they are named: `ip nat outside source static` takes
 * the global one first. */
struct nat_static {
	struct cf_obj obj;
	uint8_t way;		   /* NAT_INSIDE_SOURCE, NAT_OUTSIDE_SOURCE */
	uint8_t proto;		   /* 6, 17; 0: the whole address */
	uint32_t local, global;	   /* global 0: that of ifname */
	uint16_t local_port, global_port;
	uint32_t mask;		   /* network; 0: one address */
	char slash[8];		   /* the mask as it was typed, "/24" */
	char ifname[IFNAME_MAX];   /* interface IF: its address is global */
	bool extendable, no_alias, no_payload, add_route;
	char route_map[CONF_NAME]; /* "": always */
	char redundancy[CONF_NAME]; /* these are printed, do nothing */
	uint32_t mapping_id;
};

/* ip nat pool NAME START END {netmask M | prefix-length N} [type T], or
 * without START END: the lines `address START END` below it */
enum nat_pool_type { NAT_POOL_GENERIC, NAT_POOL_ROTARY, NAT_POOL_MATCH_HOST };

struct nat_range {
	struct cf_obj obj;
	uint32_t start, end;
};

struct nat_pool {
	struct cf_obj obj;
	char name[CONF_NAME];
	uint32_t start, end;	   /* 0: only ranges */
	uint32_t mask;
	uint8_t prefix;		   /* its length, typed instead of mask */
	uint8_t type;		   /* enum nat_pool_type */
	bool add_route;		   /* these are printed, do nothing */
	bool arp_ping;
	char accounting[CONF_NAME];
	struct cf_list ranges;	   /* struct nat_range */
};

#define NAT_NEVER UINT32_MAX
#define NAT_LINES_MAX 60000u /* of rules and static entries */
#define NAT_ENTRIES_MAX (1u << 20) /* what memory is there for */

/* ip nat translation: seconds, NAT_NEVER */
struct nat_timeouts {
	uint32_t any;	 /* timeout, 86400: what has none of its own */
	uint32_t udp;	 /* 300 */
	uint32_t dns;	 /* 60: UDP port 53 */
	uint32_t tcp;	 /* 86400 */
	uint32_t syn;	 /* 60: until it is established */
	uint32_t finrst; /* 60: behind FIN or RST */
	uint32_t icmp;	 /* 60 */
	uint32_t pptp;	 /* 86400: TCP port 1723, GRE */
};

struct nat_port_timeout { /* port-timeout {tcp | udp} PORT */
	struct cf_obj obj;
	uint8_t proto;
	uint16_t port; /* of the outside */
	uint32_t secs;
};

/* ip nat translation max-entries {host A | list L} N */
struct nat_limit {
	struct cf_obj obj;
	uint32_t addr;
	char acl[CONF_NAME]; /* "": addr */
	uint32_t max;
};

/* crypto isakmp policy N */
enum ike_cipher { IKE_DES = 1, IKE_3DES = 5, IKE_AES = 7 };
enum ike_hash { IKE_MD5 = 1, IKE_SHA1 = 2, IKE_SHA256 = 4, IKE_SHA384 = 5,
	IKE_SHA512 = 6 };
enum ike_auth { IKE_PSK = 1, IKE_RSA_SIG = 3, IKE_RSA_ENCR = 4 };

struct isakmp_policy {
	struct cf_obj obj;
	uint16_t priority;  /* 1..10000, lowest first */
	uint8_t cipher;	    /* enum ike_cipher, default DES */
	uint16_t key_bits;  /* AES only: 128, 192, 256 */
	uint8_t hash;	    /* enum ike_hash, default SHA1 */
	uint8_t auth;	    /* enum ike_auth, default RSA_SIG */
	uint8_t group;	    /* default 1 */
	uint32_t lifetime;  /* seconds, default 86400 */
};

/* crypto isakmp key [0|6] KEY address A [MASK] [no-xauth] */
struct isakmp_key {
	struct cf_obj obj;
	char key[KEY_MAX];  /* secret, terminated */
	uint32_t addr, mask; /* 0.0.0.0/0: every peer */
	char hostname[CONF_NAME]; /* instead of an address */
	bool no_xauth;
};

/* crypto keyring NAME; keys as above, or the same without no_xauth */
struct keyring {
	struct cf_obj obj;
	char name[CONF_NAME];
	struct cf_list keys;	 /* struct isakmp_key */
	uint32_t local_addr;	 /* only on this address; 0: see local_if */
	char local_if[IFNAME_MAX]; /* "": on every address */
};

/* crypto isakmp profile NAME */
enum match_kind { MATCH_ADDRESS, MATCH_HOST, MATCH_HOST_DOMAIN,
	MATCH_USER_FQDN, MATCH_USER_DOMAIN, MATCH_GROUP };

struct profile_match { /* match identity */
	struct cf_obj obj;
	uint8_t kind;	     /* enum match_kind */
	uint32_t addr, mask; /* 0.0.0.0/0: every address */
	char name[CONF_NAME];
};

struct profile_keyring {
	struct cf_obj obj;
	char name[CONF_NAME];
};

/* Who may use aggressive mode: nothing configured, `disable`, `no ... disable`.
 */
enum isakmp_aggressive { AGGRESSIVE_IPSEC, AGGRESSIVE_NONE, AGGRESSIVE_ALL };

enum self_identity { SELF_DEFAULT, SELF_ADDRESS, SELF_FQDN, SELF_USER_FQDN };

struct isakmp_profile {
	struct cf_obj obj;
	char name[CONF_NAME];
	struct cf_list matches;	 /* struct profile_match */
	struct cf_list keyrings; /* struct profile_keyring, in order */
	uint8_t self;		 /* enum self_identity */
	char self_name[CONF_NAME]; /* fqdn: "" is our own name */
	uint32_t local_addr;	 /* as in struct keyring */
	char local_if[IFNAME_MAX];
	uint16_t keepalive_secs, keepalive_retry; /* 0: the global ones */
	bool aggressive;	 /* initiate mode */
};

/* crypto isakmp peer {address A | hostname H} */
struct isakmp_peer {
	struct cf_obj obj;
	uint32_t addr;
	char hostname[CONF_NAME];
	uint8_t endpoint;	 /* enum self_identity; DEFAULT: none */
	char endpoint_name[CONF_NAME];
	uint32_t endpoint_addr;
	char password[KEY_MAX];	 /* secret */
};

/* crypto identity NAME */
struct crypto_identity {
	struct cf_obj obj;
	char name[CONF_NAME];
	char fqdn[CONF_NAME];
};

/* ip host NAME ADDRESS */
struct ip_host {
	struct cf_obj obj;
	char name[CONF_NAME];
	uint32_t addr;
};

/* crypto ipsec transform-set NAME T1 [T2] */
enum ipsec_mode { MODE_TUNNEL, MODE_TRANSPORT };

struct transform_set {
	struct cf_obj obj;
	char name[CONF_NAME];
	struct esp_transform esp;
	uint8_t ah; /* 0, or enum esp_auth of an ah-* transform */
	uint8_t mode; /* enum ipsec_mode */
	bool unknown; /* names a transform that is none here */
};

/* set transform-set T1 [T2 ... T6], in order of preference */
#define SET_NAMES 6
struct set_names {
	char set1[CONF_NAME], set2[CONF_NAME], set3[CONF_NAME];
	char set4[CONF_NAME], set5[CONF_NAME], set6[CONF_NAME];
};

/* Of a crypto map entry and an ipsec profile: what an SA is negotiated with. */
struct sa_terms {
	uint32_t lifetime;	/* seconds, 0: the global one */
	uint32_t kilobytes;	/* 0: the global one */
	bool no_kilobytes;	/* volume does not count */
	uint8_t pfs;		/* Diffie-Hellman group; 0: none */
	uint32_t idle;		/* seconds, 0: never */
	uint16_t window;	/* anti-replay, packets; 0: the global one */
	bool no_replay;
	char profile[CONF_NAME]; /* isakmp-profile */
};

/* crypto ipsec profile NAME */
struct ipsec_profile {
	struct cf_obj obj;
	char name[CONF_NAME];
	struct set_names sets; /* groups use the first */
	uint32_t lifetime; /* seconds, 0: the global one */
	struct sa_terms terms; /* but for lifetime */
	bool responder_only;
};

/* crypto gdoi group NAME */
struct gdoi_server {
	struct cf_obj obj;
	uint32_t addr;
};

struct gdoi_sa { /* sa ipsec N */
	struct cf_obj obj;
	uint16_t number;
	char profile[CONF_NAME];
	char acl[CONF_NAME];
	uint8_t replay;	 /* enum replay_method, default COUNTER */
	uint16_t window; /* default 64 packets; or seconds */
};

/* identifier: which key server sender ids (KSSIDs) this key server hands out
 * sender identifiers of. A line of it: value N ..., or range LOW - HIGH. */
#define KSSID_MAX 512
#define KSSID_WORDS (KSSID_MAX / 64) /* of a set of them */
static inline bool
kssid_in(const uint64_t set[KSSID_WORDS], unsigned kssid)
{
	return (set[kssid / 64] >> kssid % 64 & 1) != 0;
}
static inline void
kssid_add(uint64_t set[KSSID_WORDS], unsigned kssid)
{
	set[kssid / 64] |= UINT64_C(1) << kssid % 64;
}

struct gdoi_kssid {
	struct cf_obj obj;
	const char *values; /* NULL: a range */
	uint16_t lo, hi;
	uint64_t set[KSSID_WORDS]; /* what the line names */
};

struct gdoi_identifier {
	struct cf_obj obj;
	struct cf_list kssids; /* struct gdoi_kssid */
};

/* Form of the acknowledgements that a key server asks for. */
enum rekey_ack { REKEY_ACK_CISCO, REKEY_ACK_INTEROPERABLE, REKEY_ACK_ANY };

struct gdoi_coop_peer { /* peer address ipv4 */
	struct cf_obj obj;
	uint32_t addr;
};

#define COOP_PEERS_MAX 7 /* so that there are eight key servers in a group */
struct gdoi_coop { /* redundancy */
	struct cf_obj obj;
	uint8_t priority;	/* default 1 */
	bool optimize;		/* protocol version optimize */
	uint16_t pdu;		/* octets; 0: COOP_PDU */
	uint16_t periodic, timeout, retransmit; /* seconds: 20, 30, 10 */
	uint8_t retries;	/* default 3 */
	struct cf_list peers;	/* struct gdoi_coop_peer */
};

struct gdoi_local { /* server local */
	struct cf_obj obj;
	uint32_t addr; /* address ipv4 */
	uint8_t rekey_cipher;	 /* enum esp_cipher, default ESP_3DES */
	uint16_t rekey_key_bits; /* AES: 128.. */
	uint8_t rekey_sig_hash;	 /* enum esp_auth, default SHA1 */
	uint32_t rekey_lifetime; /* seconds, default 86400 */
	uint8_t rekey_days;	 /* the same in days; 0: in seconds */
	uint8_t rekey_ack;	 /* enum rekey_ack */
	char rekey_acl[CONF_NAME]; /* rekey address ipv4, "": none */
	uint16_t retransmit_secs; /* default 10 */
	uint16_t retransmit_count; /* default 2 */
	bool retransmit_periodic; /* until all have acknowledged */
	char rsa_label[CONF_NAME]; /* "" : no rekeys */
	bool unicast;
	uint8_t sid_bits; /* group size: 8, 12, 16, 24 (default), 32 */
	char auth_acl[CONF_NAME];  /* authorization address ipv4 */
	char auth_identity[CONF_NAME];
	char reg_if[IFNAME_MAX];   /* registration interface */
	bool receive_only; /* sa receive-only */
	struct cf_list sas; /* struct gdoi_sa, by number */
	struct cf_list identifiers; /* struct gdoi_identifier, at most one */
	struct cf_list coop; /* struct gdoi_coop, at most one */
};

/* How many KSSIDs there are with sender identifiers of that many bits; the
 * rest of the bits counts members. 24 and 32 bits as in IOS (0-127, 0-511);
 * of the small ones no document says it: room for eight key servers. */
static inline unsigned
conf_kssids(uint8_t sid_bits)
{
	return sid_bits == 8 ? 8 : sid_bits == 12 ? 16 : sid_bits == 16 ? 32 :
	    sid_bits == 24 ? 128 : KSSID_MAX;
}

/* `group size` of the group, 24 bits if there is none. */
static inline uint8_t
conf_sid_bits(const struct gdoi_local *l)
{
	return l->sid_bits != 0 ? l->sid_bits : 24;
}

enum gdoi_id_type { GDOI_ID_NONE, GDOI_ID_NUMBER, GDOI_ID_ADDRESS };

/* client rekey encryption|hash, client transform-sets: what a member takes
 * from a key server; nothing of one kind set: anything of it. */
struct gdoi_accept {
	bool des, des3, aes128, aes192, aes256;
	bool sha1, sha256, sha384, sha512;
	struct set_names sets;
};

struct gdoi_group {
	struct cf_obj obj;
	char name[CONF_NAME];
	uint8_t id_type;     /* enum gdoi_id_type */
	uint32_t id;	     /* number or address */
	struct cf_list servers; /* struct gdoi_server, in order of preference */
	struct cf_list local;	/* struct gdoi_local, at most one: a KS */
	bool passive;
	char client_if[IFNAME_MAX]; /* client registration interface */
	uint16_t recovery_interval; /* seconds, 0: no recovery check */
	struct gdoi_accept accept;
	bool bypass_policy;	/* client bypass-policy: true */
	bool fail_close_revert; /* client fail-close revert */
};

/* crypto map NAME SEQ gdoi; crypto map NAME local-address IF */
enum crypto_map_kind { MAP_GDOI, MAP_ISAKMP };

/* set peer {ADDRESS | NAME} [default], in order */
struct map_peer {
	struct cf_obj obj;
	uint32_t addr;		  /* 0: hostname */
	char hostname[CONF_NAME]; /* by `ip host` */
	bool first;		  /* default */
};

struct crypto_map {
	struct cf_obj obj;
	char name[CONF_NAME];
	uint16_t seq;
	uint8_t kind; /* enum crypto_map_kind */
	char group[CONF_NAME];
	char acl[CONF_NAME]; /* match address: local deny list of gdoi; what an
			      * ipsec-isakmp entry protects */
	bool qos_preclassify;
	/* ipsec-isakmp, and entries of dynamic maps */
	char dynamic[CONF_NAME]; /* the dynamic map it stands for */
	struct cf_list peers;	 /* struct map_peer */
	struct set_names sets;
	struct sa_terms terms;
	bool per_host;		 /* set security-association level per-host */
	bool reverse_route;	 /* while there are SAs, */
	bool reverse_static;	 /* or as long as it is configured */
	uint32_t reverse_via;	 /* remote-peer; 0: as routed */
};

/* crypto map NAME gdoi fail-close */
struct crypto_map_fail_close {
	struct cf_obj obj;
	char name[CONF_NAME]; /* of the map */
	char acl[CONF_NAME];  /* deny: passes in clear */
	bool activate;
};

struct crypto_map_local {
	struct cf_obj obj;
	char name[CONF_NAME]; /* of the map */
	char ifname[IFNAME_MAX];
};

struct crypto_map_profile { /* crypto map NAME isakmp-profile P */
	struct cf_obj obj;
	char name[CONF_NAME]; /* of the map */
	char profile[CONF_NAME];
};

/* username X: the password is checked, the level given, by process main */
struct user {
	struct cf_obj obj;
	char name[CONF_NAME];
	bool has_privilege;
	uint8_t privilege; /* 1 */
	struct secret secret;
	struct secret typed; /* only while a line is read */
};

/* enable secret, enable password */
struct enable_secret {
	struct cf_obj obj;
	uint8_t level; /* 15 */
	struct secret secret;
	struct secret typed; /* only while a line is read; its kind stays */
};

/* line con|aux|vty. Blocks may overlap: what a later one says holds. */
enum line_kind { LINE_CON, LINE_AUX, LINE_VTY };
enum line_login { LINE_LOGIN_DEFAULT, LINE_LOGIN_NONE, LINE_LOGIN_PASSWORD,
	LINE_LOGIN_LOCAL, LINE_LOGIN_LIST };

struct line_password {
	struct cf_obj obj;
	struct secret secret, typed;
};

struct line {
	struct cf_obj obj;
	struct cf_ent *kept; /* of struct cf_block: unknown lines are kept */
	uint8_t kind;	     /* enum line_kind */
	uint16_t first, last; /* last 0: only the first */
	bool has_timeout;
	uint16_t timeout_min; /* 0 and 0: never */
	uint32_t timeout_sec;
	bool has_privilege;
	uint8_t privilege;
	uint8_t login; /* enum line_login */
	char login_list[CONF_NAME];
	struct cf_list passwords; /* struct line_password, at most one */
	bool has_transport, transport_all, transport_telnet, transport_ssh;
	bool has_length, has_width, has_history;
	uint16_t length, width, history;
	char acl_in[CONF_NAME];
	bool sync, monitor, exec_on, motd_on, exec_banner_on;
	bool has_family, older_prompts;
};

/* alias exec NAME TEXT */
struct alias {
	struct cf_obj obj;
	char mode[CONF_NAME]; /* exec, configure, interface, ... */
	char name[CONF_NAME];
	const char *text;
};

/* aaa authentication login NAME METHODS */
struct aaa_list {
	struct cf_obj obj;
	char name[CONF_NAME];
	const char *methods;
};

enum isakmp_identity { ISAKMP_ID_ADDRESS, ISAKMP_ID_HOSTNAME, ISAKMP_ID_DN };

/* archive: at most one */
struct archive {
	struct cf_obj obj;
	struct cf_ent *kept; /* of struct cf_block: unknown lines are kept */
	char path[201];	     /* "flash:$h-config"; "": no archive */
	uint8_t maximum;     /* 0: 10 */
	bool write_memory;
	uint32_t time_period; /* minutes, 0: never */
};

/* file prompt: which questions copy and delete ask */
enum file_prompt { FILE_ALERT, FILE_NOISY, FILE_QUIET };

struct conf;
#include "conf/qos.h"

struct conf {
	struct cf_obj obj; /* the root record */
	struct arena *arena;
	void *index; /* private to cf.c */

	char hostname[64];    /* "Router" */
	char domain[128];     /* ip domain name */
	bool domain_lookup;

	struct cf_list interfaces;	/* struct interface */
	struct cf_list routes;		/* struct ip_route */
	bool multicast_routing;
	struct cf_list acls;		/* struct acl */

	bool isakmp_enable;		/* true */
	struct cf_list isakmp_policies; /* struct isakmp_policy, by priority */
	struct cf_list isakmp_keys;	/* struct isakmp_key */
	uint16_t keepalive_secs;	/* DPD, 0: off */
	uint16_t keepalive_retry;	/* 2 */
	bool keepalive_periodic;
	uint8_t isakmp_identity;	/* enum isakmp_identity */
	bool isakmp_no_default;		/* no built-in policies */
	uint8_t isakmp_aggressive;	/* enum isakmp_aggressive */
	struct cf_list keyrings;	/* struct keyring */
	struct cf_list isakmp_profiles; /* struct isakmp_profile */
	struct cf_list isakmp_peers;	/* struct isakmp_peer */
	struct cf_list crypto_identities; /* struct crypto_identity */
	struct cf_list hosts;		/* struct ip_host */
	uint32_t limit_ike_sa;		/* 0: none */
	uint32_t limit_in_negotiation;	/* 1000 */

	struct cf_list transform_sets;	/* struct transform_set */
	struct cf_list ipsec_profiles;	/* struct ipsec_profile */
	uint32_t ipsec_lifetime;	/* seconds, 3600 */
	uint8_t df_bit;			/* enum df_bit, DF_COPY */
	struct cf_list gdoi_groups;	/* struct gdoi_group */
	struct cf_list crypto_maps;	/* struct crypto_map, by name and seq */
	struct cf_list map_locals;	/* struct crypto_map_local */
	struct cf_list map_profiles;	/* struct crypto_map_profile */
	struct cf_list fail_closes;	/* struct crypto_map_fail_close */
	struct cf_list dynamic_maps;	/* struct crypto_map, by name and seq */
	uint32_t ipsec_kilobytes;	/* 4608000 */
	bool ipsec_no_kilobytes;
	uint16_t ipsec_window;		/* 64 */
	bool ipsec_no_replay;
	uint32_t ipsec_idle;		/* seconds, 0: never */
	uint16_t nat_keepalive;		/* seconds, 0: off; RFC 3948 */
	bool no_nat_transparency;	/* no ... nat-transparency udp-encaps */
	bool invalid_spi_recovery;
	struct cf_list route_maps;	/* struct route_map, by name and seq */

	struct cf_list nat_dynamics;	/* struct nat_dynamic, as configured */
	struct cf_list nat_statics;	/* struct nat_static, as configured */
	struct cf_list nat_pools;	/* struct nat_pool */
	struct nat_timeouts nat_timeouts;
	struct cf_list nat_port_timeouts; /* struct nat_port_timeout */
	uint32_t nat_max_entries;	/* 0: NAT_ENTRIES_MAX */
	uint32_t nat_max_all_host;	/* 0: no limit */
	struct cf_list nat_limits;	/* struct nat_limit */

	struct cf_list class_maps;	/* struct qos_class_map */
	struct cf_list policy_maps;	/* struct qos_policy_map */

	struct cf_list users;		/* struct user */
	struct cf_list enable_secrets;	/* struct enable_secret */
	struct cf_list enable_passwords; /* struct enable_secret */
	struct cf_list con_lines, aux_lines, vty_lines; /* struct line */
	struct cf_list aliases;		/* struct alias */
	bool password_encryption;
	bool aaa_new_model;
	const char *aaa_login; /* methods of the default list */
	struct cf_list aaa_lists; /* struct aaa_list, the others */
	bool log_success;      /* login on-success log */
	bool no_log_failure;
	uint8_t ssh_version;   /* 0: 1.99 */
	uint8_t ssh_timeout;   /* 120 */
	uint8_t ssh_retries;   /* 3 */
	/* with their delimiters */
	const char *banner_motd, *banner_login, *banner_exec;

	struct {		   /* levels: the highest severity, 7 */
		uint32_t size;	   /* of the buffer in octets, 8192 */
		uint8_t buffered;
		bool console_on, monitor_on; /* true */
		uint8_t console, monitor;
	} logging;
	struct {			/* monitor event-trace gdoi */
		uint32_t coop, exit, infra, reg, rekey; /* entries, 512 */
		bool coop_off, exit_off, infra_off, reg_off, rekey_off;
	} trace;
	uint8_t file_prompt;		/* enum file_prompt */
	struct cf_list archives;	/* struct archive */
};

const struct user *conf_find_user(const struct conf *, const char *name);
const struct aaa_list *conf_find_aaa_list(const struct conf *,
    const char *name);
/* kind: SECRET_SECRET or SECRET_PASSWORD. */
const struct enable_secret *conf_find_enable(const struct conf *,
    unsigned kind, unsigned level);

/* What holds for one line, defaults included. Points into the conf. */
struct line_settings {
	bool configured;
	uint32_t timeout; /* seconds, 0: never */
	uint8_t privilege;
	uint8_t login; /* enum line_login, not DEFAULT */
	const char *login_list;
	const struct secret *password; /* NULL: none */
	bool has_transport, telnet, ssh;
	uint16_t length, width, history;
	const char *acl_in; /* NULL: none */
	bool sync, monitor, no_exec, no_motd, no_exec_banner;
	bool older_prompts; /* see table.h */
};
void conf_line_settings(const struct conf *, unsigned kind, unsigned n,
    struct line_settings *);
unsigned conf_vty_count(const struct conf *); /* vty 0 to this - 1 */

const struct interface *conf_find_interface(const struct conf *, const char *);
const struct acl *conf_find_acl(const struct conf *, const char *);
const struct transform_set *conf_find_transform_set(const struct conf *,
    const char *);
/* Number i (from 0) of `set transform-set`, NULL behind the last one. */
const char *conf_set_name(const struct set_names *, unsigned i);
/* Those that there are and that ESP can be done with, in order; how many. */
unsigned conf_transform_sets(const struct conf *, const struct set_names *,
    const struct transform_set *out[SET_NAMES]);
const struct ipsec_profile *conf_find_ipsec_profile(const struct conf *,
    const char *);
const struct gdoi_group *conf_find_gdoi_group(const struct conf *,
    const char *);
/* The gdoi entries of a map in order: first with from NULL, then the next. */
bool conf_has_map(const struct conf *, const char *name); /* of any kind */
const struct crypto_map *conf_next_map(const struct conf *, const char *name,
    const struct crypto_map *from);
/* What an ipsec-isakmp entry lacks: "peer or access-list", "transform set",
 * "dynamic map"; NULL: it is complete. */
const char *conf_map_lacks(const struct conf *, const struct crypto_map *);
const struct nat_pool *conf_find_nat_pool(const struct conf *,
    const char *name);
/* The first entry of that name. */
const struct route_map *conf_find_route_map(const struct conf *,
    const char *name);
const struct crypto_map *conf_find_dynamic_map(const struct conf *,
    const char *name);
const struct keyring *conf_find_keyring(const struct conf *,
    const char *name);
const struct isakmp_profile *conf_find_isakmp_profile(const struct conf *,
    const char *name);
const struct crypto_identity *conf_find_crypto_identity(const struct conf *,
    const char *name);
/* `crypto map NAME isakmp-profile`: its name, or "". */
const char *conf_map_profile(const struct conf *, const char *name);
/* `crypto map NAME local-address`: the interface name, or NULL. */
const char *conf_map_local(const struct conf *, const char *name);

#endif
