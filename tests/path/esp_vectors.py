#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes esp_vectors.h with scapy: ESP packets of an independent program, one
# for each transform. Run by hand when a transform is added; the build uses
# the stored file.
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.all import ESP, ICMP, IP, Raw, SecurityAssociation, raw

SPI, SEQ, SALT = 0x1000, 7, bytes.fromhex("cafe0001")
INNER = IP(src="10.2.2.20", dst="10.1.1.10", ttl=64, id=4660, tos=0xb8) / \
    ICMP(type=8, id=7, seq=1) / Raw(bytes(range(37)))


def key(start, n):
    return bytes((start + 7 * i) & 0xff for i in range(n))


CIPHERS = [
    ("ESP_NULL", "NULL", 0, 0), ("ESP_DES", "3DES", 8, 0),
    ("ESP_3DES", "3DES", 24, 0), ("ESP_AES_CBC", "AES-CBC", 16, 128),
    ("ESP_AES_CBC", "AES-CBC", 24, 192), ("ESP_AES_CBC", "AES-CBC", 32, 256),
    ("ESP_AES_GCM", "AES-GCM", 16, 128), ("ESP_AES_GCM", "AES-GCM", 24, 192),
    ("ESP_AES_GCM", "AES-GCM", 32, 256),
]
AUTHS = [
    ("MD5", "HMAC-MD5-96", 16), ("SHA1", "HMAC-SHA1-96", 20),
    ("SHA256", "SHA2-256-128", 32), ("SHA384", "SHA2-384-192", 48),
    ("SHA512", "SHA2-512-256", 64),
]
IVS = {"NULL": 0, "3DES": 8, "AES-CBC": 16, "AES-GCM": 8}


def row(cipher, bits, auth, packet):
    text = packet.hex()
    print("\t{ { %s, ESP_AUTH_%s, %d }," % (cipher, auth, bits))
    for i in range(0, len(text), 60):
        print('\t    "%s"' % text[i:i + 60])
    print("\t},")


print("/* SPDX-License-Identifier: BSD-2-Clause\n *\n"
      " * Written by esp_vectors.py: ESP packets made by scapy. */")
for cipher, algo, size, bits in CIPHERS:
    aead = algo == "AES-GCM"
    for name, auth, asize in [("NONE", "NULL", 0)] if aead else AUTHS:
        k = key(SPI & 0xff, size) * (3 if cipher == "ESP_DES" else 1)
        sa = SecurityAssociation(
            ESP, spi=SPI, crypt_algo=algo, crypt_key=k + (SALT if aead else b""),
            auth_algo=auth, auth_key=key((SPI & 0xff) + 32 * 7, asize),
            tunnel_header=IP(src="10.2.2.20", dst="10.1.1.10", ttl=64,
                             tos=0xb8, id=99))
        iv = bytes(range(100, 100 + IVS[algo]))
        row(cipher, bits, name, raw(sa.encrypt(INNER, seq_num=SEQ, iv=iv)))

# GMAC is not in scapy: RFC 4543 by hand; all up to the ICV is authenticated.
inner = raw(INNER)
pad = -(len(inner) + 2) % 4
body = SPI.to_bytes(4, "big") + SEQ.to_bytes(4, "big") + \
    bytes(range(100, 108)) + inner + bytes(range(1, pad + 1)) + bytes([pad, 4])
for size in (16, 24, 32):
    icv = AESGCM(key(SPI & 0xff, size)).encrypt(
        SALT + bytes(range(100, 108)), b"", body)
    row("ESP_GMAC", size * 8, "NONE", raw(IP(
        src="10.2.2.20", dst="10.1.1.10", ttl=64, tos=0xb8, id=99, proto=50) /
        Raw(body + icv)))
