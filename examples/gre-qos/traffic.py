# SPDX-License-Identifier: BSD-2-Clause
#
# traffic.py receive PORT: says "ready", then counts datagrams, each number
# once, until there was none for three seconds, and prints how many came.
# traffic.py send ADDRESS PORT OCTETS A-SECOND SECONDS: numbered datagrams.
import socket
import sys
import time

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[1] == 'receive':
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind(('', int(sys.argv[2])))
    print('ready', flush=True)
    seen = set()
    s.settimeout(20)
    try:
        while True:
            seen.add(s.recv(65536)[:4])
            s.settimeout(3)
    except socket.timeout:
        print(len(seen))
else:
    to = (sys.argv[2], int(sys.argv[3]))
    octets, rate, seconds = map(int, sys.argv[4:7])
    due = time.monotonic()
    for i in range(rate * seconds):
        time.sleep(max(0, due - time.monotonic()))
        s.sendto(i.to_bytes(4, 'big') + bytes(octets - 4), to)
        # who was held up does not catch up: a burst is no voice
        due = max(due + 1 / rate, time.monotonic())
    print(rate * seconds)
