/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of attributes and their values (RFC 2407, 2409 appendix A, 6407 5,
 * 8263; ours from 32001 on, DESIGN.md 5). Runs in process ike.
 */
#include "config.h"

#include <string.h>

#include "ike/dump_names.h"

#define ATTRS(x) const struct dump_attrs dump_##x = { x, NELEM(x) }

static const struct dump_name yes_no[] = { { 0, "no" }, { 1, "yes" },
	{ 0, NULL } };

/* ---- phase 1 ---- */

static const struct dump_name ciphers[] = { { 1, "DES-CBC" },
	{ 5, "3DES-CBC" }, { 7, "AES-CBC" }, { 0, NULL } };
static const struct dump_name hashes[] = { { 1, "MD5" }, { 2, "SHA" },
	{ 4, "SHA256" }, { 5, "SHA384" }, { 6, "SHA512" }, { 0, NULL } };
static const struct dump_name auths[] = { { 1, "pre-share" },
	{ 2, "dss-sig" }, { 3, "rsa-sig" }, { 4, "rsa-encr" }, { 0, NULL } };
static const struct dump_name life_types[] = { { 1, "seconds" },
	{ 2, "kilobytes" }, { 0, NULL } };

static const struct dump_attr phase1[] = {
	{ 1, "encryption", 0, NULL, ciphers },
	{ 2, "hash", 0, NULL, hashes },
	{ 3, "authentication", 0, NULL, auths },
	{ 4, "Diffie-Hellman group", 0, NULL, NULL },
	{ 11, "life type", 0, NULL, life_types },
	{ 12, "life duration", 0, NULL, NULL },
	{ 14, "key length", 0, " bits", NULL },
};
ATTRS(phase1);

/* ---- SA KEK ---- */

static const struct dump_name kek_algs[] = { { 1, "DES" }, { 2, "3DES" },
	{ 3, "AES" }, { 0, NULL } };
static const struct dump_name sig_hashes[] = { { 1, "MD5" }, { 2, "SHA1" },
	{ 3, "SHA256" }, { 4, "SHA384" }, { 5, "SHA512" }, { 0, NULL } };
static const struct dump_name sig_algs[] = { { 1, "RSA" }, { 2, "DSS" },
	{ 3, "ECDSS" }, { 0, NULL } };
static const struct dump_name managements[] = { { 1, "LKH" }, { 0, NULL } };
static const struct dump_name acks[] = { { 1, "KEK_ACK_KEY_SHA256" },
	{ 2, "LKH_ACK_KEY_SHA256" }, { 3, "KEK_ACK_KEY_SHA512" },
	{ 4, "LKH_ACK_KEY_SHA512" }, { 0, NULL } };

static const struct dump_attr sak[] = {
	{ 1, "KEK_MANAGEMENT_ALGORITHM", 0, NULL, managements },
	{ 2, "KEK_ALGORITHM", 0, NULL, kek_algs },
	{ 3, "KEK_KEY_LENGTH", 0, " bits", NULL },
	{ 4, "KEK_KEY_LIFETIME", 0, " seconds", NULL },
	{ 5, "SIG_HASH_ALGORITHM", 0, NULL, sig_hashes },
	{ 6, "SIG_ALGORITHM", 0, NULL, sig_algs },
	{ 7, "SIG_KEY_LENGTH", 0, " bits", NULL },
	{ 9, "KEK_ACK_REQUESTED", 0, NULL, acks },
};
ATTRS(sak);

/* ---- SA TEK ---- */

static const struct dump_name encaps[] = { { 1, "tunnel" },
	{ 2, "transport" }, { 0, NULL } };
static const struct dump_name esp_auths[] = { { 1, "HMAC-MD5" },
	{ 2, "HMAC-SHA" }, { 5, "HMAC-SHA2-256" }, { 6, "HMAC-SHA2-384" },
	{ 7, "HMAC-SHA2-512" }, { 0, NULL } };
static const struct dump_name preserve[] = { { 1, "none" },
	{ 2, "source" }, { 3, "destination" }, { 4, "both" }, { 0, NULL } };
static const struct dump_name directions[] = { { 1, "sender only" },
	{ 2, "receiver only" }, { 3, "symmetric" }, { 0, NULL } };
static const struct dump_name replays[] = { { 0, "none" },
	{ 1, "counter" }, { 2, "time" }, { 0, NULL } };

static const struct dump_attr sat[] = {
	{ 1, "life type", 0, NULL, life_types },
	{ 2, "life duration", 0, NULL, NULL },
	{ 3, "group description", 0, NULL, NULL },
	{ 4, "encapsulation mode", 0, NULL, encaps },
	{ 5, "authentication algorithm", 0, NULL, esp_auths },
	{ 6, "key length", 0, " bits", NULL },
	{ 14, "address preservation", 0, NULL, preserve },
	{ 15, "SA direction", 0, NULL, directions },
	{ 32001, "replay method (private)", 0, NULL, replays },
	{ 32002, "replay window (private)", 0, NULL, NULL },
	{ 32003, "deny entry (private)", 0, NULL, yes_no },
	{ 32004, "sa ipsec (private)", 0, NULL, NULL },
	{ 32040, "pseudotime (private)", 0, " hundredths of a second", NULL },
	{ 32041, "clock of the pseudotime (private)", 0, NULL, NULL },
	{ 32042, "sent later by (private)", 0, " hundredths of a second",
	    NULL },
};
ATTRS(sat);

/* ---- GAP, KD ---- */

static const struct dump_attr gap[] = {
	{ 1, "ACTIVATION_TIME_DELAY", 0, " seconds", NULL },
	{ 2, "DEACTIVATION_TIME_DELAY", 0, " seconds", NULL },
	{ 3, "SENDER_ID_REQUEST", 0, " sender ids", NULL },
};
ATTRS(gap);

static const struct dump_attr kd_tek[] = {
	{ 1, "TEK_ALGORITHM_KEY", DUMP_SECRET, NULL, NULL },
	{ 2, "TEK_INTEGRITY_KEY", DUMP_SECRET, NULL, NULL },
	{ 3, "TEK_SOURCE_AUTH_KEY", DUMP_SECRET, NULL, NULL },
};
ATTRS(kd_tek);

static const struct dump_attr kd_kek[] = {
	{ 1, "KEK_ALGORITHM_KEY", DUMP_SECRET, NULL, NULL },
	{ 2, "SIG_ALGORITHM_KEY", DUMP_SECRET, NULL, NULL },
};
ATTRS(kd_kek);

static const struct dump_attr kd_lkh[] = {
	{ 1, "LKH_DOWNLOAD_ARRAY", DUMP_SECRET, NULL, NULL },
	{ 2, "LKH_UPDATE_ARRAY", DUMP_SECRET, NULL, NULL },
	{ 3, "SIG_ALGORITHM_KEY", DUMP_SECRET, NULL, NULL },
};
ATTRS(kd_lkh);

static const struct dump_attr kd_sid[] = {
	{ 1, "NUMBER_OF_SID_BITS", 0, NULL, NULL },
	{ 2, "SID_VALUE", 0, NULL, NULL },
};
ATTRS(kd_sid);

/* ---- names ---- */

static const char *
find(const struct dump_name *t, uint64_t number)
{
	for (; t->text != NULL; t++)
		if (t->number == number)
			return t->text;
	return NULL;
}

const char *
dump_value(const struct dump_attr *a, uint64_t value)
{
	return a->values != NULL ? find(a->values, value) : NULL;
}

const char *
dump_doi(uint32_t doi)
{
	static const struct dump_name names[] = { { 0, "ISAKMP" },
		{ 1, "IPSEC" }, { 2, "GDOI" }, { 0, NULL } };
	const char *s = find(names, doi);

	return s != NULL ? s : "unknown";
}

const char *
dump_proto(unsigned proto)
{
	static const struct dump_name names[] = { { 1, "ISAKMP" },
		{ 2, "AH" }, { 3, "ESP" }, { 0, NULL } };
	const char *s = find(names, proto);

	return s != NULL ? s : "unknown protocol";
}

const char *
dump_esp(unsigned transform)
{
	static const struct dump_name names[] = { { 2, "ESP_DES" },
		{ 3, "ESP_3DES" }, { 11, "ESP_NULL" }, { 12, "ESP_AES" },
		{ 18, "ESP_AES_GCM_8" }, { 19, "ESP_AES_GCM_12" },
		{ 20, "ESP_AES_GCM_16" }, { 23, "ESP_AES_GMAC" },
		{ 0, NULL } };
	const char *s = find(names, transform);

	return s != NULL ? s : "unknown transform";
}

/* Vendor ids that mean something: prefixes, as their versions follow. */
const char *
dump_vid(const uint8_t *p, size_t len)
{
	static const struct {
		const char *name;
		uint8_t len, octets[14];
	} vids[] = {
		{ "dead peer detection (RFC 3706)", 14, { 0xaf, 0xca, 0xd7,
		    0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc,
		    0x77, 0x57 } },
		{ "XAUTH", 8, { 0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7,
		    0x12 } },
		{ "NAT traversal (RFC 3947)", 8, { 0x4a, 0x13, 0x1c, 0x81,
		    0x07, 0x03, 0x58, 0x45 } },
		{ "NAT traversal (draft 03)", 8, { 0x7d, 0x94, 0x19, 0xa6,
		    0x53, 0x10, 0xca, 0x6f } },
		{ "NAT traversal (draft 02)", 8, { 0x90, 0xcb, 0x80, 0x91,
		    0x3e, 0xbb, 0x69, 0x6e } },
		{ "IKE fragmentation", 8, { 0x40, 0x48, 0xb7, 0xd5, 0x6e,
		    0xbc, 0xe8, 0x85 } },
	};
	size_t i;

	for (i = 0; p != NULL && i < NELEM(vids); i++)
		if (len >= vids[i].len &&
		    memcmp(p, vids[i].octets, vids[i].len) == 0)
			return vids[i].name;
	return NULL;
}
