#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# Loads a link and measures what arrives, for qos.sh. All namespaces have one
# monotonic clock, so the delay of each packet is what it says itself.
#
#	qos.py send ADDRESS SECONDS PORT:TOS:PACKETS_A_SECOND:OCTETS ...
#	qos.py receive FROM TO PORT ...	prints `PORT octets median-delay-ms`
#					of the seconds FROM to TO, and how many
#					were sent and came in all
import select
import socket
import statistics
import struct
import sys
import time


def send(addr, seconds, flows):
    out = []
    for flow in flows:
        port, tos, rate, size = (int(x, 0) for x in flow.split(':'))
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        s.connect((addr, port))
        out.append([s, 1 / rate, size - 28, time.monotonic(), 0])
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for f in out:
            while f[3] <= time.monotonic():
                f[0].send(struct.pack('dI', time.monotonic(), f[4]) +
                          bytes(f[2] - 12))
                f[3] += f[1]
                f[4] += 1
        time.sleep(max(0, min(f[3] for f in out) - time.monotonic()))


def receive(begin, end, ports):
    socks = {}
    seen = {int(p): [0, [], set()] for p in ports}
    for p in seen:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.bind(('0.0.0.0', p))
        socks[s] = p
    print('ready', flush=True)
    first = None
    # the sender is still at it: its packets must find a socket
    while first is None or time.monotonic() < first + end + 3:
        for s in select.select(list(socks), [], [], 0.5)[0]:
            data = s.recv(2048)
            now = time.monotonic()
            first = now if first is None else first
            row = seen[socks[s]]
            sent, number = struct.unpack('dI', data[:12])
            row[2].add(number)
            if first + begin <= now < first + end:
                row[0] += len(data) + 28
                row[1].append(now - sent)
    for p, (octets, delays, numbers) in seen.items():
        ms = statistics.median(delays) * 1000 if delays else 0
        print(p, octets, '%.2f' % ms, max(numbers, default=-1) + 1,
              len(numbers))


if sys.argv[1] == 'send':
    send(sys.argv[2], sys.argv[3], sys.argv[4:])
else:
    receive(float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
