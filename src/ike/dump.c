/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dumper of messages (see dump.h). Attributes are tables of names; a
 * value has names of its own, or is a number, an amount of octets, or secret.
 * Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ike/dump.h"
#include "ike/dump_names.h"
#include "ike/isakmp.h"

struct dump {
	struct strbuf *sb;
	unsigned lines, depth;
	uint8_t exchange;
};

PRINTF_LIKE(2, 3)
static void
line(struct dump *d, const char *fmt, ...)
{
	va_list ap;

	if (d->lines++ >= DUMP_LINES_MAX)
		return;
	sb_printf(d->sb, "%*s", (int)(2 * d->depth), "");
	va_start(ap, fmt);
	sb_vprintf(d->sb, fmt, ap);
	va_end(ap);
	sb_add(d->sb, "\n", 1);
}

static const char *
hex(const uint8_t *p, size_t len, char *buf, size_t size)
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < len && 2 * i + 3 <= size; i++)
		snprintf(buf + 2 * i, 3, "%02X", p[i]);
	return buf;
}

/* ---- attributes ---- */

static void
attribute(struct dump *d, const struct dump_attr *t, size_t n,
    const struct isakmp_attr *a)
{
	const char *value;
	size_t i;

	for (i = 0; i < n && t[i].type != a->type; i++)
		;
	if (i == n) /* nobody knows what it may hold: no value */
		line(d, "attribute %u: %zu octets", a->type, a->len);
	else if (t[i].kind == DUMP_SECRET || a->len > 8)
		line(d, "%s: %zu octets", t[i].name, a->len);
	else if ((value = dump_value(&t[i], a->num)) != NULL)
		line(d, "%s: %s", t[i].name, value);
	else
		line(d, "%s: %llu%s", t[i].name, (unsigned long long)a->num,
		    t[i].unit != NULL ? t[i].unit : "");
}

static void
attributes(struct dump *d, const struct dump_attrs *t, struct rd r)
{
	struct isakmp_attr a;

	d->depth++;
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a)) {
			line(d, "malformed attributes");
			break;
		}
		attribute(d, t->attrs, t->n, &a);
	}
	d->depth--;
}

/* ---- phase 1 and quick mode: proposals and transforms ---- */

static void
transforms(struct dump *d, struct rd r, uint8_t next, unsigned proto)
{
	bool esp = proto == PROTO_IPSEC_ESP;
	struct isakmp_pl p;

	for (d->depth++; next != ISAKMP_NONE; ) {
		struct rd body;
		unsigned number, id;

		if (!isakmp_get_pl(&r, &next, &p)) {
			line(d, "malformed transform");
			break;
		}
		body = isakmp_rd(&p);
		number = rd_u8(&body);
		id = rd_u8(&body);
		(void)rd_u16(&body);
		line(d, "T: transform %u, %s", number, esp ? dump_esp(id) :
		    id == 1 ? "KEY_IKE" : "unknown");
		attributes(d, esp ? &dump_sat : &dump_phase1, body);
	}
	d->depth--;
}

static void
proposals(struct dump *d, struct rd r)
{
	uint32_t doi = rd_u32(&r), situation = rd_u32(&r);
	uint8_t next = ISAKMP_P;
	struct isakmp_pl p;

	line(d, "DOI %s, situation %u", dump_doi(doi), situation);
	while (next != ISAKMP_NONE && rd_left(&r) > 0) {
		struct rd body;
		unsigned number, proto, spi, n;

		if (!isakmp_get_pl(&r, &next, &p)) {
			line(d, "malformed proposal");
			return;
		}
		body = isakmp_rd(&p);
		number = rd_u8(&body);
		proto = rd_u8(&body);
		spi = rd_u8(&body);
		n = rd_u8(&body);
		rd_skip(&body, spi);
		line(d, "P: proposal %u, %s, %u transforms", number,
		    dump_proto(proto), n);
		if (rd_ok(&body) && n > 0)
			transforms(d, body, ISAKMP_T, proto);
	}
}

/* ---- GDOI: the policy ---- */

/* One end of an SAK or SAT: the length of the address has one octet, two
 * from some. */
static bool
put_end(struct rd *r, char *buf, size_t size)
{
	char addr[IP4_STRLEN], mask[IP4_STRLEN];
	unsigned type = rd_u8(r), port = rd_u16(r), len = rd_u8(r);
	uint32_t a;

	if (len == 0)
		len = rd_u8(r);
	if ((type != ID_IPV4_ADDR || len != 4) &&
	    (type != ID_IPV4_SUBNET || len != 8)) {
		rd_skip(r, len);
		snprintf(buf, size, "%u octets of type %u port %u", len, type,
		    port);
		return rd_ok(r);
	}
	a = rd_u32(r);
	snprintf(buf, size, "%s", ip4_str(a, addr));
	if (len == 8)
		snprintf(buf, size, "%s/%s", addr, ip4_str(rd_u32(r), mask));
	snprintf(buf + strlen(buf), size - strlen(buf), " port %u", port);
	return rd_ok(r);
}

static bool
ends(struct dump *d, struct rd *r, const char *what, unsigned proto)
{
	char src[80], dst[80];

	if (!put_end(r, src, sizeof(src)) || !put_end(r, dst, sizeof(dst))) {
		line(d, "malformed addresses");
		return false;
	}
	line(d, "%s protocol %u: %s -> %s", what, proto, src, dst);
	return true;
}

static void
sak(struct dump *d, struct rd r)
{
	char spi[40];
	unsigned proto = rd_u8(&r);
	const uint8_t *p;

	line(d, "SA KEK: the key of rekey messages");
	d->depth++;
	if (ends(d, &r, "rekeys:", proto) &&
	    (p = rd_bytes(&r, 2 * ISAKMP_COOKIE_LEN)) != NULL) {
		line(d, "SPI 0x%s", hex(p, 16, spi, sizeof(spi)));
		(void)rd_u32(&r); /* reserved, was POP */
		d->depth--;
		attributes(d, &dump_sak, r);
	} else {
		d->depth--;
	}
}

static void
sat(struct dump *d, struct rd r)
{
	unsigned esp = rd_u8(&r), proto, transform;
	uint32_t spi;

	line(d, "SA TEK: %s, a key of data and what it is for",
	    esp == 1 ? "ESP" : esp == 2 ? "AH" : "unknown protocol");
	d->depth++;
	proto = rd_u8(&r);
	if (ends(d, &r, "traffic:", proto)) {
		transform = rd_u8(&r);
		spi = rd_u32(&r);
		line(d, "%s, SPI 0x%08X", dump_esp(transform), spi);
		d->depth--;
		attributes(d, &dump_sat, r);
	} else {
		d->depth--;
	}
}

static void
policy(struct dump *d, struct rd r)
{
	uint32_t doi = rd_u32(&r), situation = rd_u32(&r);
	uint16_t next16 = rd_u16(&r);
	uint8_t next = (uint8_t)next16;
	struct isakmp_pl p;

	(void)rd_u16(&r);
	line(d, "DOI %s, situation %u", dump_doi(doi), situation);
	while (next != ISAKMP_NONE) {
		if (!isakmp_get_pl(&r, &next, &p)) {
			line(d, "malformed nested payload");
			return;
		}
		if (p.type == ISAKMP_SAK) {
			sak(d, isakmp_rd(&p));
		} else if (p.type == ISAKMP_SAT) {
			sat(d, isakmp_rd(&p));
		} else if (p.type == ISAKMP_GAP) {
			line(d, "GAP: group associated policy");
			attributes(d, &dump_gap, isakmp_rd(&p));
		} else {
			line(d, "%s: %zu octets",
			    isakmp_payload_name(p.type), p.len);
		}
	}
}

/* ---- GDOI: the keys ---- */

static void
key_packet(struct dump *d, unsigned type, const uint8_t *spi, size_t spi_len,
    struct rd r)
{
	static const struct {
		const char *name;
		const struct dump_attrs *attrs;
	} types[] = {
		[1] = { "TEK", &dump_kd_tek },
		[2] = { "KEK", &dump_kd_kek },
		[3] = { "LKH", &dump_kd_lkh },
		[4] = { "SID", &dump_kd_sid },
	};
	char text[64] = "";

	if (spi_len > 0 && spi_len <= 16)
		hex(spi, spi_len, text, sizeof(text));
	if (type == 0 || type >= NELEM(types)) {
		line(d, "key packet of type %u: %zu octets", type,
		    rd_left(&r));
		return;
	}
	line(d, "%s key packet%s%s", types[type].name,
	    text[0] != '\0' ? ", SPI 0x" : "", text);
	attributes(d, types[type].attrs, r);
}

static void
keys(struct dump *d, struct rd r)
{
	unsigned n = rd_u16(&r);

	(void)rd_u16(&r);
	line(d, "%u key packets", n);
	while (rd_left(&r) > 0) {
		unsigned type = rd_u8(&r), len, spi_len;
		const uint8_t *spi;

		(void)rd_u8(&r);
		len = rd_u16(&r);
		spi_len = rd_u8(&r);
		spi = rd_bytes(&r, spi_len);
		if (spi == NULL || len < 5 + spi_len ||
		    len - 5 - spi_len > rd_left(&r)) {
			line(d, "malformed key packet");
			return;
		}
		key_packet(d, type, spi, spi_len, rd_sub(&r,
		    len - 5 - spi_len));
	}
}

/* ---- other payloads ---- */

static void
identity(struct dump *d, struct rd r)
{
	unsigned type = rd_u8(&r), proto = rd_u8(&r), port = rd_u16(&r);
	size_t len = rd_left(&r), i;
	char text[IP4_STRLEN], name[130];
	const uint8_t *p;

	if (type == ID_IPV4_ADDR && len == 4)
		line(d, "IPv4 address %s, protocol %u port %u",
		    ip4_str(rd_u32(&r), text), proto, port);
	else if (type == ID_KEY_ID && len == 4 && d->exchange == GDOI_X_PULL)
		line(d, "KEY_ID: group number %u", rd_u32(&r));
	else if ((type == ID_FQDN || type == 3 /* user@fqdn */) && len > 0 &&
	    len < sizeof(name) && (p = rd_bytes(&r, len)) != NULL) {
		for (i = 0; i < len; i++)
			name[i] = p[i] > ' ' && p[i] < 127 ? (char)p[i] : '?';
		name[len] = '\0';
		line(d, "%s %s", type == ID_FQDN ? "FQDN" : "USER_FQDN", name);
	} else {
		line(d, "type %u: %zu octets", type, len);
	}
}

static void
spis(struct dump *d, struct rd r, unsigned n, size_t size)
{
	char text[64];
	const uint8_t *p;

	for (; n > 0 && size > 0 && size <= 16; n--) {
		if ((p = rd_bytes(&r, size)) == NULL) {
			line(d, "malformed SPIs");
			return;
		}
		line(d, "SPI 0x%s", hex(p, size, text, sizeof(text)));
	}
}

static void
notification(struct dump *d, struct rd r)
{
	uint32_t doi = rd_u32(&r);
	unsigned proto = rd_u8(&r), spi = rd_u8(&r), type = rd_u16(&r);

	line(d, "%s, DOI %s, %s", isakmp_notify_name((uint16_t)type),
	    dump_doi(doi), dump_proto(proto));
	rd_skip(&r, spi);
	if (!rd_ok(&r))
		line(d, "malformed notification");
	else if ((type == N_R_U_THERE || type == N_R_U_THERE_ACK) &&
	    rd_left(&r) == 4)
		line(d, "sequence number %u", rd_u32(&r));
	else if (rd_left(&r) > 0)
		line(d, "data: %zu octets", rd_left(&r));
}

static void
deletion(struct dump *d, struct rd r)
{
	uint32_t doi = rd_u32(&r);
	unsigned proto = rd_u8(&r), size = rd_u8(&r), n = rd_u16(&r);

	/* GDOI numbers its protocols otherwise: 0 is the KEK, 1 is ESP */
	line(d, "DOI %s, %u SPIs of %u octets, %s", dump_doi(doi), n, size,
	    doi == DOI_GDOI ? (proto == 0 ? "the KEK" : "TEKs") :
	    dump_proto(proto));
	spis(d, r, n, size);
}

static void
vendor(struct dump *d, struct rd r)
{
	size_t len = rd_left(&r), i;
	char text[60];
	const uint8_t *p = rd_bytes(&r, len);
	const char *name = dump_vid(p, len);

	if (name != NULL) {
		line(d, "%s", name);
	} else if (len >= 8 && memcmp(p, "COHORT:", 7) == 0) {
		for (i = 0; 7 + i < len && i < 16 && p[7 + i] > ' ' &&
		    p[7 + i] < 127; i++)
			text[i] = (char)p[7 + i];
		text[i] = '\0';
		line(d, "Cohort, GDOI version %s", text);
	} else {
		line(d, "%s%s", hex(p, len > 20 ? 20 : len, text,
		    sizeof(text)), len > 20 ? "..." : "");
	}
}

static void
sequence(struct dump *d, struct rd r)
{
	uint32_t seq = rd_u32(&r);

	if (rd_end(&r))
		line(d, "sequence number %u", seq);
	else
		line(d, "malformed");
}

static void
gap(struct dump *d, struct rd r)
{
	d->depth--;
	attributes(d, &dump_gap, r);
	d->depth++;
}

static void
association(struct dump *d, struct rd r)
{
	struct rd doi = r;

	/* quick mode has the number of GROUPKEY-PULL */
	if ((d->exchange == GDOI_X_PULL || d->exchange == GDOI_X_PUSH) &&
	    rd_u32(&doi) != DOI_IPSEC)
		policy(d, r);
	else
		proposals(d, r);
}

static const struct {
	uint8_t type;
	const char *text; /* what it is */
	void (*body)(struct dump *, struct rd);
} bodies[] = {
	{ ISAKMP_SA, "security association", association },
	{ ISAKMP_KE, "Diffie-Hellman public value", NULL },
	{ ISAKMP_ID, "identity", identity },
	{ ISAKMP_HASH, "proof of who sent this", NULL },
	{ ISAKMP_SIG, "signature", NULL },
	{ ISAKMP_NONCE, "random number", NULL },
	{ ISAKMP_N, "notification", notification },
	{ ISAKMP_D, "delete", deletion },
	{ ISAKMP_VID, "vendor id", vendor },
	{ ISAKMP_KD, "key download", keys },
	{ ISAKMP_SEQ, "sequence number of the rekey", sequence },
	{ ISAKMP_GAP, "group associated policy", gap },
};

static void
payload(struct dump *d, const struct isakmp_pl *p)
{
	size_t i;

	for (i = 0; i < NELEM(bodies) && bodies[i].type != p->type; i++)
		;
	if (i == NELEM(bodies)) {
		line(d, "%s payload: %zu octets", isakmp_payload_name(p->type),
		    p->len);
		return;
	}
	line(d, "%s payload (%s): %zu octets", isakmp_payload_name(p->type),
	    bodies[i].text, p->len);
	if (bodies[i].body == NULL)
		return;
	d->depth++;
	bodies[i].body(d, isakmp_rd(p));
	d->depth--;
}

void
isakmp_dump(struct strbuf *sb, const uint8_t *data, size_t len)
{
	struct dump d = { .sb = sb };
	char ci[20], cr[20];
	struct isakmp_hdr h;
	struct isakmp_pl p;
	uint8_t next;
	struct rd r;

	if (!isakmp_get_hdr(&h, data, len)) {
		line(&d, "%zu octets that are no ISAKMP message", len);
		return;
	}
	d.exchange = h.exchange;
	line(&d, "HDR %s, %zu octets, cookies %s/%s, message id 0x%08X%s%s%s",
	    isakmp_exchange_name(h.exchange), len,
	    hex(h.icookie, ISAKMP_COOKIE_LEN, ci, sizeof(ci)),
	    hex(h.rcookie, ISAKMP_COOKIE_LEN, cr, sizeof(cr)), h.mid,
	    h.flags & ISAKMP_F_ENC ? ", encrypted" : "",
	    h.flags & ISAKMP_F_COMMIT ? ", commit" : "",
	    h.flags & ISAKMP_F_AUTH ? ", authentication only" : "");
	d.depth = 1;
	r = rd_of(data + ISAKMP_HDR_LEN, len - ISAKMP_HDR_LEN);
	for (next = h.next; next != ISAKMP_NONE; ) {
		if (!isakmp_get_pl(&r, &next, &p)) {
			line(&d, "malformed payload, %zu octets left",
			    rd_left(&r));
			break;
		}
		payload(&d, &p);
	}
	if (d.lines > DUMP_LINES_MAX) {
		unsigned more = d.lines - DUMP_LINES_MAX;

		d.lines = 0;
		line(&d, "%u more lines", more);
	}
}
