/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands and dialogues of the key management process over a live
 * pair of key server and member: labels, order, columns.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "pair.h"

static void
member(void **state)
{
	const char *t;

	(void)state;
	registered();
	t = SHOW(&on_gm, show_gdoi, .all = true);
	if (getenv("NET_VERBOSE") != NULL)
		puts(t);
	ASSERT_LINES(t, "GROUP INFORMATION", "",
	    "    Group Name               : G1",
	    "    Group Identity           : 100",
	    "    Group Type               : GDOI (ISAKMP)",
	    "    Crypto Path              : ipv4",
	    "    Key Management Path      : ipv4",
	    "    Rekeys received          : 0",
	    "    IPSec SA Direction       : Both", "",
	    "     Group Server list       : 10.9.0.1", "",
	    "Group Member Information For Group G1:",
	    "    IPSec SA Direction       : Both",
	    "    ACL Received From KS     : gdoi_group_G1_temp_acl", "",
	    "    Group member             : 10.9.1.1        vrf: None",
	    "       Local addr/port       : 10.9.1.1/848",
	    "       Remote addr/port      : 10.9.0.1/848",
	    "       fvrf/ivrf             : None/None",
	    "       Version               : 1.0.5",
	    "       Registration status   : Registered",
	    "       Registered with       : 10.9.0.1",
	    "       Re-registers in       : @ sec",
	    "       Succeeded registration: 1",
	    "       Attempted registration: 1",
	    "       Last rekey from       : 0.0.0.0",
	    "       Last rekey seq num    : 0",
	    "       Unicast rekey received: 0",
	    "       Rekey ACKs sent       : 0",
	    "       Rekey Received        : never",
	    "       PFS Rekey received    : 0",
	    "       DP Error Monitoring   : OFF",
	    "       IPSEC init reg executed    : 0",
	    "       IPSEC init reg postponed   : 0",
	    "       Active TEK Number     : 1",
	    "       SA Track (OID/status) : disabled",
	    "       Fail-Close Revert : Disabled", "",
	    "       allowable rekey cipher: any",
	    "       allowable rekey hash  : any",
	    "       allowable transformtag: any ESP", "",
	    "    Rekeys cumulative",
	    "       Total received        : 0",
	    "       After latest register : 0",
	    "       Rekey Acks sents      : 0", "",
	    " ACL Downloaded From KS 10.9.0.1:",
	    "   access-list   permit ip 10.0.0.0 0.255.255.255 10.0.0.0"
	    " 0.255.255.255", "",
	    "KEK POLICY:",
	    "    Rekey Transport Type     : Unicast",
	    "    Lifetime (secs)          : @",
	    "    Encrypt Algorithm        : AES",
	    "    Key Size                 : 256",
	    "    Sig Hash Algorithm       : HMAC_AUTH_SHA256",
	    "    Sig Key Length (bits)    : 1296", "",
	    "TEK POLICY for the current KS-Policy ACEs Downloaded:",
	    "  FastEthernet0/0:",
	    "    IPsec SA:",
	    "        spi: 0xX", "        KGS: Disabled",
	    "        transform: esp-aes esp-sha256-hmac",
	    "        sa timing:remaining key lifetime (sec): (@)",
	    "        Anti-Replay(Counter Based) : 64",
	    "        tag method : disabled",
	    "        alg key size: 16 (bytes)",
	    "        sig key size: 32 (bytes)",
	    "        encaps: ENCAPS_TUNNEL", "", "",
	    "KGS POLICY:", "  REG_GM: local_addr 10.9.1.1", "",
	    "P2P POLICY:", "  REG_GM: local_addr 10.9.1.1");
	end();
}

static void
member_others(void **state)
{
	const char *t;

	(void)state;
	registered();
	t = SHOW(&on_gm, show_gdoi, .group = "G1");
	assert_null(strstr(t, "GROUP INFORMATION"));
	t = SHOW(&on_gm, show_gdoi_gm_rekey, .detail = true);
	ASSERT_LINES(t, "Group G1 (Unicast)",
	    "    Number of Rekeys received (cumulative)       : 0",
	    "    Number of Rekeys received after registration : 0",
	    "    Number of Rekey Acks sent                    : 0", "",
	    "Rekey (KEK) SA information :",
	    "          dst             src             conn-id  my-cookie  "
	    "his-cookie",
	    "New     : ---             ---             ---      ---        "
	    "---",
	    "Current : 10.9.1.1        10.9.0.1        1002     X");
	t = SHOW(&on_gm, show_gdoi_gm_acl);
	ASSERT_LINES(t, "Group Name: G1", " ACL Downloaded From KS 10.9.0.1:",
	    " ACL Configured Locally: ",
	    "   FastEthernet0/0: deny udp host 10.9.1.1 eq 848 any eq 848");
	t = SHOW(&on_gm, show_crypto_isakmp_sa);
	ASSERT_LINES(t, "IPv4 Crypto ISAKMP SA",
	    "dst             src             state          conn-id status",
	    "10.9.0.1        10.9.1.1        GDOI_IDLE         1001 ACTIVE",
	    "10.9.1.1        10.9.0.1        GDOI_REKEY        1002 ACTIVE",
	    "", "IPv6 Crypto ISAKMP SA");
	t = SHOW(&on_gm, show_crypto_isakmp_sa, .detail = true);
	ASSERT_LINES(t, "C-id  Local           Remote          I-VRF  Status"
	    " Encr Hash   Auth DH Lifetime Cap.",
	    "1001  10.9.1.1        10.9.0.1               ACTIVE aes  sha256"
	    " psk  2  23:59:X", "       Engine-id:Conn-id =  SW:1");
	t = SHOW(&on_gm, show_crypto_isakmp_peers);
	ASSERT_LINES(t, "Peer: 10.9.0.1 Port: 848 Local: 10.9.1.1",
	    " Phase1 id: 10.9.0.1");
	t = SHOW(&on_gm, show_crypto_isakmp_count);
	ASSERT_LINES(t, "Active ISAKMP SA's: 1", "",
	    "Standby ISAKMP SA's: 0", "",
	    "Currently being negotiated ISAKMP SA's: 0", "",
	    "Dead ISAKMP SA's: 0");
	end();
}

static void
server(void **state)
{
	const char *t;

	(void)state;
	registered();
	t = SHOW(&on_ks, show_gdoi, .all = true);
	if (getenv("NET_VERBOSE") != NULL)
		puts(t);
	ASSERT_LINES(t, "GROUP INFORMATION", "",
	    "    Group Name               : G1 (Unicast)",
	    "    Re-auth on new CRL       : Disabled",
	    "    Group Identity           : 100",
	    "    Group Type               : GDOI (ISAKMP)",
	    "    Group Members            : 1",
	    "    IPSec SA Direction       : Both",
	    "    Group Rekey Lifetime     : 86400 secs",
	    "    Group Rekey",
	    "        Remaining Lifetime   : @ secs",
	    "        Time to Rekey        : @ secs",
	    "    Rekey Retransmit Period  : 10 secs",
	    "    Rekey Retransmit Attempts: 2",
	    "    Group Retransmit",
	    "        Remaining Lifetime   : 0 secs", "",
	    "      IPSec SA Number        : 1",
	    "      IPSec SA Rekey Lifetime: 3600 secs",
	    "      Profile Name           : P",
	    "      Replay method          : Count Based",
	    "      Replay Window Size     : 64",
	    "      SA Rekey",
	    "         Remaining Lifetime  : @ secs",
	    "      ACL Configured         : access-list A", "",
	    "     Group Server list       : Local");
	t = SHOW(&on_ks, show_gdoi_ks, .all = true);
	ASSERT_LINES(t, "Total group members registered to this box: 1", "",
	    "Key Server Information For Group G1:",
	    "    Group Name               : G1",
	    "    Re-auth on new CRL       : Disabled",
	    "    Group Identity           : 100",
	    "    Group Type               : GDOI (ISAKMP)",
	    "    Group Members            : 1",
	    "    Rekey Acknowledgement Cfg: Cisco",
	    "    IPSec SA Direction       : Both",
	    "    IP D3P Window            : Disabled",
	    "    Split Resiliency Factor  : 0",
	    "    CKM status               : Disabled", "",
	    "    ACL Configured: ", "        access-list A");
	assert_int_equal(exec_gdoi_ks_rekey(&on_ks,
	    &(struct exec_gdoi_ks_rekey_args){ .group = "" }), 0);
	net_run(n, 1000);
	t = SHOW(&on_ks, show_gdoi_ks_members);
	ASSERT_LINES(t, "", "Group Member Information : ", "",
	    "Number of rekeys sent for group G1 : 1",
	    "Number of retransmits during the last rekey for group G1 : 0",
	    "Duration of the last rekey for group G1 : @ msec", "",
	    "Group Member ID    : 10.9.1.1  GM Version: 1.0.5",
	    " Group ID          : 100", " Group Name        : G1",
	    " Group Type        : GDOI (ISAKMP)",
	    " GM State          : Registered",
	    " Key Server ID     : 10.9.0.1", " Rekeys sent       : 1",
	    " Rekeys retries    : 0", " Rekey Acks Rcvd   : 1",
	    " Rekey Acks missed : 0", "",
	    " Sent seq num : 1     0     0     0     ",
	    " Rcvd seq num : 1     0     0     0     ");
	end();
}

/* crypto gdoi gm ipsec direction, and what show has of safety. */
static void
member_safety(void **state)
{
	struct exec_gdoi_gm_direction_args a = { "", SA_DIR_INBOUND_ONLY };
	struct gdoi_group *g;
	const char *t;

	(void)state;
	registered();
	g = (void *)gm->conf->gdoi_groups.first;
	g->fail_close_revert = true;
	g->bypass_policy = false;
	net_apply(gm);
	assert_int_equal(exec_gdoi_gm_direction(&on_gm, &a), 0);
	t = SHOW(&on_gm, show_gdoi_gm);
	ASSERT_LINES(t, "    IPSec SA Direction       : Inbound Only",
	    "       Fail-Close Revert : Enabled");
	assert_int_not_equal(exec_gdoi_gm_direction(&on_ks, &a), 0);
	assert_null(strstr(SHOW(&on_gm, show_gdoi_gm_acl), "bypass"));
	end();
}

static void
server_others(void **state)
{
	const char *t;

	(void)state;
	registered();
	assert_int_equal(exec_gdoi_ks_rekey(&on_ks,
	    &(struct exec_gdoi_ks_rekey_args){ .group = "" }), 0);
	net_run(n, 1000);
	t = SHOW(&on_ks, show_gdoi_ks_members, .member = 5);
	ASSERT_LINES(t, "Group Member not Found");
	t = SHOW(&on_ks, show_gdoi_ks_members, .summary = true);
	ASSERT_LINES(t, "Group Member Information : ", "",
	    "Group Name: G1, ID: 100, Group Members: 1",
	    "Key Server ID: 10.9.0.1, GMDB state: LOCAL, Group Members: 1",
	    "  Member ID     Version      Rekey sent     Rekey Ack missed",
	    "  10.9.1.1      1.0.5        1               0");
	t = SHOW(&on_ks, show_gdoi_ks_policy);
	if (getenv("NET_VERBOSE") != NULL)
		puts(t);
	ASSERT_LINES(t, "Key Server Policy:",
	    "For group G1 (handle: 0xX",
	    "  # of teks : 2  Seq num : 0",
	    "  KEK POLICY (transport type : Unicast)",
	    "    spi : 0xX",
	    "    management alg     : disabled      encrypt alg           : "
	    "AES",
	    "    crypto iv length   : 16            key size              : "
	    "32",
	    "    orig life(sec)     : 86400         remaining life(sec)   : "
	    "@",
	    "    time to rekey (sec): @",
	    "    sig hash algorithm : enabled       sig key length        : "
	    "162",
	    "    sig size           : 128",
	    "    sig key name       : KEY",
	    "    acknowledgement    : Cisco", "",
	    "  TEK POLICY (encaps : ENCAPS_TUNNEL)",
	    "    spi                : 0xX",
	    "    access-list        : A",
	    "    transform          : esp-aes esp-sha256-hmac",
	    "    alg key size       : 16            sig key size          : "
	    "32",
	    "    orig life(sec)     : 3600          remaining life(sec)   : "
	    "@",
	    "    tek life(sec)      : 3600          elapsed time(sec)     : "
	    "@",
	    "    override life(sec) : 0             antireplay window size: "
	    "64",
	    "    time to rekey (sec): @", "", "",
	    "  TEK POLICY (encaps : ENCAPS_TUNNEL)",
	    "    override life(sec) : 180           antireplay window size: "
	    "64",
	    "    time to rekey (sec): n/a");
	t = SHOW(&on_ks, show_gdoi_ks_rekey);
	ASSERT_LINES(t, "Group G1 (Unicast)",
	    "    Number of Rekeys sent                        : 1");
	t = SHOW(&on_ks, show_gdoi_ks_acl);
	ASSERT_LINES(t, "Group Name: G1", " Configured ACL:",
	    "   access-list A  permit ip 10.0.0.0 0.255.255.255 10.0.0.0"
	    " 0.255.255.255");
	end();
}

/* Sender identifiers: of a group without AES-GCM, then with it. */
static void
identifiers(void **state)
{
	struct transform_set *ts;
	const char *t;

	(void)state;
	registered();
	t = SHOW(&on_ks, show_gdoi_ks_identifier);
	ASSERT_LINES(t, "KS Sender ID (KSSID) Information for Group G1:", "",
	    "    Transform Mode           : Non-Counter (Non-Suite-B)",
	    "    Re-initializing          : No",
	    "    SID Length (Group Size)  : 24 bits (MEDIUM)",
	    "    Current KSSID In-Use     : none",
	    "    Last GMSID Used          : none");
	t = SHOW(&on_gm, show_gdoi_gm_identifier, .detail = true);
	ASSERT_LINES(t, "GM Sender ID (SID) Information for Group G1:", "",
	    "  Group Member: 10.9.1.1        vrf: None",
	    "    Transform Mode                  : Non-Counter (Non-Suite-B)",
	    "    # of SIDs Last Requested        : 0", "",
	    "    CURRENT SIDs: None", "", "    NEXT SID REQUEST:",
	    "      TEK Lifetime                  : 3600 sec",
	    "      SID Length (Group Size)       : 24 bits (MEDIUM)");
	ts = (void *)ks->conf->transform_sets.first;
	ts->esp = (struct esp_transform){ ESP_GMAC, ESP_AUTH_NONE, 256 };
	net_apply(ks);
	ks_remove_members(net_ks(ks), REMOVE_CLEAR);
	net_run(n, 30000);
	t = SHOW(&on_ks, show_gdoi_ks_identifier, .detail = true);
	ASSERT_LINES(t, "    Transform Mode           : Counter (Suite-B)",
	    "    Current KSSID In-Use     : 0",
	    "    Last GMSID Used          : 0", "",
	    "    KSSID(s) Assigned        : 0-127",
	    "    KSSID(s) Used            : 0",
	    "    KSSID(s) Used (Old)      : none",
	    "    Available KSSID(s)       : 0-127", "",
	    "    REMAINING SIDs: 16777215");
	t = SHOW(&on_gm, show_gdoi_gm_identifier);
	ASSERT_LINES(t, "    Transform Mode                  : Counter"
	    " (Suite-B)", "    # of SIDs Last Requested        : 1", "",
	    "    CURRENT SIDs:", "      Shared Across Interfaces? : Yes",
	    "      SID                       : 0x0 (in use)");
	end();
}

/* What show tells when something is missing. */
static void
states(void **state)
{
	const char *t;

	(void)state;
	begin();
	str_copy(((struct acl *)(void *)ks->conf->acls.first)->name, "B", 2);
	net_apply(ks);
	net_run(n, 3000);
	t = SHOW(&on_gm, show_gdoi_gm);
	ASSERT_LINES(t, "       Registration status   : Registering",
	    "       Succeeded registration: 0",
	    "       Attempted registration: 1");
	t = SHOW(&on_ks, show_gdoi, .all = true);
	ASSERT_LINES(t, "    Group Status             : Incomplete, ACL A of"
	    " sa ipsec 1 does not exist or permits nothing");
	assert_int_equal(exec_gdoi_ks_rekey(&on_ks,
	    &(struct exec_gdoi_ks_rekey_args){ .group = "" }), -1);
	end();
}

static void
clearing(void **state)
{
	(void)state;
	registered();
	assert_int_equal(clear_crypto_gdoi(&on_ks,
	    &(struct clear_crypto_gdoi_args){ .group = "" }), CLI_PENDING);
	ASSERT_LINES(on_ks.out.s, "% The Key Server and Group Member will"
	    " destroy created and downloaded policies.",
	    "% All Group Members are required to re-register.", "");
	assert_non_null(strstr(on_ks.prompt, "to proceed ? [yes/no]: "));
	answer(&on_ks, "maybe");
	answer(&on_ks, ""); /* nobody is there */
	assert_non_null(strstr(on_ks.out.s, "% Not confirmed, nothing was"));
	assert_int_equal(net_ks(ks)->nmembers, 1);
	assert_int_equal(clear_crypto_gdoi(&on_ks,
	    &(struct clear_crypto_gdoi_args){ .group = "G1" }), CLI_PENDING);
	answer(&on_ks, "yes");
	assert_int_equal(net_ks(ks)->nmembers, 0);
	assert_int_equal(ks->logs[LOG_KS_CLEAR_REGISTER], 1);
	net_run(n, 10000);
	assert_int_equal(net_ks(ks)->nmembers, 1);
	assert_int_equal(clear_crypto_gdoi(&on_gm,
	    &(struct clear_crypto_gdoi_args){ .group = "" }), CLI_PENDING);
	answer(&on_gm, "y");
	assert_int_equal(net_gm(gm)->state, GM_REGISTERING);
	assert_true(net_until(n, 5000, net_registered));
	assert_int_equal(clear_crypto_sa(&on_gm,
	    &(struct clear_crypto_sa_args){ .map = "OTHER" }), CLI_FAILED);
	assert_int_equal(clear_crypto_sa(&on_gm,
	    &(struct clear_crypto_sa_args){ .peer = KS_ADDR + 1 }),
	    CLI_FAILED);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERED);
	assert_int_equal(clear_crypto_sa(&on_gm,
	    &(struct clear_crypto_sa_args){ .peer = KS_ADDR }), 0);
	assert_int_equal(net_gm(gm)->state, GM_REREGISTERING);
	assert_true(net_until(n, 5000, net_registered));
	assert_int_equal(clear_crypto_isakmp(&on_gm,
	    &(struct clear_crypto_isakmp_args){ .conn_id = 1 }),
	    CLI_FAILED);
	assert_int_equal(gm->g->ike->nsas, 1);
	assert_int_equal(clear_crypto_isakmp(&on_gm,
	    &(struct clear_crypto_isakmp_args){
	    .conn_id = TAILQ_FIRST(&gm->g->ike->sas)->conn_id }), 0);
	assert_int_equal(gm->g->ike->nsas, 0);
	assert_int_equal(clear_crypto_session(&on_gm,
	    &(struct clear_crypto_session_args){ .peer = 0 }), 0);
	assert_true(net_until(n, 5000, net_registered));
	assert_int_equal(clear_crypto_isakmp(&on_gm,
	    &(struct clear_crypto_isakmp_args){ .conn_id = 0 }), 0);
	assert_int_equal(gm->g->ike->nsas, 0);
	assert_int_equal(clear_crypto_gdoi(&on_gm,
	    &(struct clear_crypto_gdoi_args){ .group = "NO" }), CLI_FAILED);
	end();
}

static void
rsa_keys(void **state)
{
	struct exec_key_generate_rsa_args args = { .modulus = 1024,
		.exportable = true, .label = "GETVPN-R4-KS" };
	const char *t;

	(void)state;
	begin();
	assert_int_equal(exec_key_generate_rsa(&on_ks, &args), 0);
	ASSERT_LINES(on_ks.out.s, "The name for the keys will be: "
	    "GETVPN-R4-KS", "", "% The key modulus size is 1024 bits",
	    "% Generating 1024 bit RSA keys, keys will be exportable...[OK]"
	    " (elapsed time was @ seconds)");
	assert_int_equal(ks->logs[LOG_KEY_ADDITION], 1);
	assert_int_equal(ks->keys_changed, 1);
	/* again: asks */
	assert_int_equal(exec_key_generate_rsa(&on_ks, &args), CLI_PENDING);
	answer(&on_ks, "");
	assert_int_equal(ks->keys_changed, 1);
	assert_int_equal(exec_key_generate_rsa(&on_ks, &args), CLI_PENDING);
	answer(&on_ks, "yes");
	assert_int_equal(ks->logs[LOG_KEY_REPLACE], 1);
	t = SHOW(&on_ks, show_crypto_key_rsa, .label = "GETVPN-R4-KS");
	ASSERT_LINES(t, "% Key pair was generated at: X",
	    "Key name: GETVPN-R4-KS", "Key type: RSA KEYS",
	    " Storage Device: private-config",
	    " Usage: General Purpose Key", " Key is exportable.",
	    " Key Data:", "  30819F30 X");
	/* no label: host and domain; no modulus: asks */
	args = (struct exec_key_generate_rsa_args){ .modulus = 0 };
	assert_int_equal(exec_key_generate_rsa(&on_ks, &args), CLI_FAILED);
	str_copy(ks->conf->domain, "example.org", 32);
	assert_int_equal(exec_key_generate_rsa(&on_ks, &args), CLI_PENDING);
	assert_string_equal(on_ks.prompt,
	    "How many bits in the modulus [1024]: ");
	answer(&on_ks, "17");
	answer(&on_ks, "512");
	assert_non_null(rsa_find(ks->g->rsa, "R1.example.org"));
	assert_int_equal(exec_key_zeroize_rsa(&on_ks,
	    &(struct exec_key_zeroize_rsa_args){ .label = "KEY" }),
	    CLI_PENDING);
	assert_string_equal(on_ks.prompt,
	    "Do you really want to remove these keys? [yes/no]: ");
	answer(&on_ks, "yes");
	assert_null(rsa_find(ks->g->rsa, "KEY"));
	assert_int_equal(exec_key_zeroize_rsa(&on_ks,
	    &(struct exec_key_zeroize_rsa_args){ .label = "KEY" }),
	    CLI_FAILED);
	end();
}

/* ---- | json ---- */

/* What stands at "groups/0/name". */
static const json_t *
at(const json_t *j, const char *path)
{
	char word[64];
	size_t len;

	for (; j != NULL && *path != '\0'; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		snprintf(word, sizeof(word), "%.*s", (int)len, path);
		j = json_is_array(j) ?
		    json_array_get(j, (size_t)strtoul(word, NULL, 10)) :
		    json_object_get(j, word);
	}
	return j;
}

static void
has_text(const json_t *j, const char *path, const char *want)
{
	const char *s = json_string_value(at(j, path));

	if (s == NULL || strcmp(s, want) != 0)
		fail_msg("%s: %s, not %s", path, s != NULL ? s : "none", want);
}

static void
has_number(const json_t *j, const char *path, json_int_t want)
{
	if (!json_is_integer(at(j, path)))
		fail_msg("%s: no number", path);
	if (json_integer_value(at(j, path)) != want)
		fail_msg("%s: %lld, not %lld", path,
		    (long long)json_integer_value(at(j, path)),
		    (long long)want);
}

static const char *
spi_text(uint32_t spi)
{
	static char buf[16];

	snprintf(buf, sizeof(buf), "0x%08X", spi);
	return buf;
}

static void
json_member(void **state)
{
	struct gm_group *g;
	struct gm_tek *t;
	json_t *j;

	(void)state;
	registered();
	g = net_gm(gm);
	t = TAILQ_FIRST(&g->teks);
	j = JSON(&on_gm, show_gdoi, .all = true);
	has_text(j, "groups/0/name", "G1");
	has_text(j, "groups/0/role", "group-member");
	has_text(j, "groups/0/identity", "100");
	has_text(j, "groups/0/servers/0", "10.9.0.1");
	has_text(j, "groups/0/registration_status", "Registered");
	has_number(j, "groups/0/registrations_succeeded", g->succeeded);
	has_number(j, "groups/0/reregisters_in_seconds",
	    secs_until(gm->g, g->reregister_at));
	has_number(j, "groups/0/kek/lifetime_remaining_seconds",
	    secs_until(gm->g, g->kek_expires));
	has_text(j, "groups/0/teks/0/spi", spi_text(t->t.spi));
	has_text(j, "groups/0/teks/0/transform", "esp-aes esp-sha256-hmac");
	has_number(j, "groups/0/teks/0/lifetime_remaining_seconds",
	    secs_until(gm->g, t->expires));
	has_text(j, "groups/0/downloaded_acl/0",
	    "permit ip 10.0.0.0 0.255.255.255 10.0.0.0 0.255.255.255");
	assert_int_equal(json_array_size(at(j, "groups/0/teks")), 1);
	json_decref(j);
	j = JSON(&on_gm, show_gdoi, .group = "NONE");
	assert_int_equal(json_array_size(at(j, "groups")), 0);
	json_decref(j);
	j = JSON(&on_gm, show_gdoi_gm);
	has_text(j, "groups/0/local_address", "10.9.1.1");
	assert_null(at(j, "groups/0/last_rekey_seconds_ago"));
	json_decref(j);
	j = JSON(&on_gm, show_gdoi_gm_acl);
	has_text(j, "groups/0/bypass",
	    "deny udp host 10.9.1.1 eq 848 any eq 848");
	json_decref(j);
	j = JSON(&on_gm, show_gdoi_gm_rekey);
	has_number(j, "groups/0/rekeys_received", 0);
	has_number(j, "groups/0/kek/connection_id", g->kek_conn_id);
	json_decref(j);
	j = JSON(&on_gm, show_crypto_isakmp_sa);
	has_text(j, "ipv4_sas/0/destination", "10.9.0.1");
	has_text(j, "ipv4_sas/0/encryption", "aes");
	has_text(j, "ipv4_sas/1/state", "GDOI_REKEY");
	json_decref(j);
	end();
}

static void
json_server(void **state)
{
	struct ks_group *k;
	struct ks_tek *t;
	json_t *j;

	(void)state;
	registered();
	assert_int_equal(exec_gdoi_ks_rekey(&on_ks,
	    &(struct exec_gdoi_ks_rekey_args){ .group = "" }), 0);
	net_run(n, 1000);
	k = net_ks(ks);
	t = TAILQ_FIRST(&k->teks);
	j = JSON(&on_ks, show_gdoi, .all = true);
	has_text(j, "groups/0/role", "key-server");
	has_text(j, "groups/0/server_address", "10.9.0.1");
	has_number(j, "groups/0/member_count", 1);
	has_number(j, "groups/0/rekey_lifetime_seconds", 86400);
	has_number(j, "groups/0/rekeys_sent", 1);
	has_text(j, "groups/0/sas/0/replay_method", "counter");
	has_text(j, "groups/0/sas/0/acl", "A");
	has_text(j, "groups/0/teks/0/spi", spi_text(t->k.spi));
	has_number(j, "groups/0/teks/0/lifetime_remaining_seconds",
	    secs_until(ks->g, t->expires));
	has_number(j, "groups/0/kek/key_bytes", 32);
	has_text(j, "groups/0/members/0/address", "10.9.1.1");
	has_number(j, "groups/0/members/0/rekey_acks_received", 1);
	has_number(j, "groups/0/members/0/sent_sequences/0", 1);
	json_decref(j);
	j = JSON(&on_ks, show_gdoi_ks);
	has_number(j, "member_count", 1);
	has_text(j, "groups/0/acls/0", "A");
	json_decref(j);
	j = JSON(&on_ks, show_gdoi_ks_members, .summary = true);
	has_number(j, "groups/0/members/0/rekeys_sent", 1);
	assert_null(at(j, "groups/0/members/0/sent_sequences"));
	json_decref(j);
	j = JSON(&on_ks, show_gdoi_ks_members, .member = 5);
	assert_int_equal(json_array_size(at(j, "groups/0/members")), 0);
	json_decref(j);
	j = JSON(&on_ks, show_gdoi_ks_policy);
	assert_int_equal(json_array_size(at(j, "groups/0/teks")), 2);
	assert_true(json_is_true(at(j, "groups/0/teks/0/newest")));
	json_decref(j);
	j = JSON(&on_ks, show_gdoi_ks_rekey);
	assert_true(json_is_false(at(j, "groups/0/rekey_in_progress")));
	has_number(j, "groups/0/sas/0/lifetime_seconds", 3600);
	json_decref(j);
	j = JSON(&on_ks, show_gdoi_ks_acl);
	has_text(j, "groups/0/configured_acl/0",
	    "permit ip 10.0.0.0 0.255.255.255 10.0.0.0 0.255.255.255");
	json_decref(j);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(member),
		cmocka_unit_test(member_others),
		cmocka_unit_test(member_safety),
		cmocka_unit_test(server),
		cmocka_unit_test(server_others),
		cmocka_unit_test(states),
		cmocka_unit_test(clearing),
		cmocka_unit_test(rsa_keys),
		cmocka_unit_test(identifiers),
		cmocka_unit_test(json_member),
		cmocka_unit_test(json_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
