#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# replay.py capture IF COUNT FILE: keeps the next COUNT ESP frames that leave
# by IF, as they are. replay.py send IF FILE: sends them again.

import socket
import struct
import sys

ETH_P_IP = 0x0800
OUTGOING = 4
ESP = 50


def is_esp(frame):
    return (len(frame) >= 34 and frame[12:14] == b'\x08\x00' and
            frame[23] == ESP)


def capture(name, count, path):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((name, 3))
    s.settimeout(60)
    with open(path, 'wb') as out:
        print('ready', flush=True)
        while count > 0:
            frame, addr = s.recvfrom(65536)
            if addr[2] == OUTGOING and is_esp(frame):
                out.write(struct.pack('!H', len(frame)) + frame)
                count -= 1


def send(name, path):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((name, 0))
    with open(path, 'rb') as f:
        data = f.read()
    while data:
        n = struct.unpack('!H', data[:2])[0]
        s.send(data[2:2 + n])
        data = data[2 + n:]


if sys.argv[1] == 'capture':
    capture(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    send(sys.argv[2], sys.argv[3])
