# SPDX-License-Identifier: BSD-2-Clause
"""What gcm.sh needs beside the shell:

gcm.py check N SIDS PREFIX=FILE...	no pair of SPI and IV is in the ESP
	packets of those captures twice. Of each only what the sources that begin
	with PREFIX sent counts (the core sees what others sent as well). At least
	N packets, and SIDS sender identifiers of 24 bits, must be there
gcm.py text TEXT FILE...		ESP packets that have the text in clear
gcm.py echo				UDP port 9999 answers
gcm.py talk ADDRESS			sends there, prints a line per answer
"""

import socket
import struct
import sys
import time


def packets(name):
    """The IPv4 packets of a pcap file of Ethernet or raw IP."""
    with open(name, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") \
        else ">"
    link = struct.unpack(order + "I", data[20:24])[0]
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        p = data[at + 16:at + 16 + size]
        at += 16 + size
        if link == 1:
            if p[12:14] != b"\x08\x00":
                continue
            p = p[14:]
        if len(p) >= 20 and p[0] >> 4 == 4:
            yield p


def esp(name):
    for p in packets(name):
        if p[9] == 50:
            yield socket.inet_ntoa(p[12:16]), p[(p[0] & 15) * 4:]


def check(least, sids, *captures):
    seen, by_spi, twice, total = set(), {}, 0, 0
    for c in captures:
        prefix, name = c.split("=", 1)
        for src, p in esp(name):
            if not src.startswith(prefix):
                continue
            total += 1
            twice += p[:4] + p[8:16] in seen
            seen.add(p[:4] + p[8:16])
            by_spi.setdefault(p[:4], set()).add(p[8:16])
    # counters stay far below 16 bits here; IVs of AES-CBC do not
    modes = [s for s in by_spi.values() if all(i[3:6] == bytes(3) for i in s)]
    found = sum(len({i[:3] for i in s}) for s in modes)
    print("%d packets, %d SPIs, %d of them count, %d identifiers, %d twice"
          % (total, len(by_spi), len(modes), found, twice))
    return twice == 0 and total >= int(least) and found >= int(sids)


def text(what, *names):
    n = sum(what.encode() in p for name in names for _, p in esp(name))
    print(n)
    return True


def echo():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", 9999))
    while True:
        data, peer = s.recvfrom(2000)
        s.sendto(data, peer)


def talk(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.02)
    while True:
        try:
            s.sendto(b"x" * 64, (address, 9999))
            s.recv(2000)
            print("bytes from", address, flush=True)
        except OSError:
            pass
        time.sleep(0.02)


if __name__ == "__main__":
    fns = {"check": check, "text": text, "echo": echo, "talk": talk}
    sys.exit(not fns[sys.argv[1]](*sys.argv[2:]))
