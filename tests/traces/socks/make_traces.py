#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder, byte by byte.

usage: make_traces.py [SITUATION ...]     all without arguments
"""
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
CLIENT, PROXY = bytes([192, 0, 2, 10]), bytes([192, 0, 2, 80])
FIN, SYN, PSH, ACK = 1, 2, 8, 16
GET = b"GET /hello HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n"


def ip(source, destination, payload):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, 6, 0, source, destination)
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack(">H", ~total & 0xFFFF) + head[12:] + payload


class Talk:
    """A connection from its SYN to its FINs; each thing said is a packet, a millisecond after the one before."""

    def __init__(self, port=1080):
        self.port, self.next, self.packets = port, {True: 1000, False: 5000}, []
        self.send(True, SYN)
        self.send(False, SYN | ACK)
        self.send(True, ACK)

    def send(self, up, flags, data=b""):
        ports = (40000, self.port) if up else (self.port, 40000)
        ends = (CLIENT, PROXY) if up else (PROXY, CLIENT)
        acknowledged = self.next[not up] if flags & ACK else 0
        head = struct.pack(">HHIIBBHHH", *ports, self.next[up], acknowledged, 0x50, flags, 65535, 0, 0)
        self.packets.append(ip(*ends, head + data))
        self.next[up] += len(data) + (1 if flags & (SYN | FIN) else 0)

    def says(self, *data):
        """The client first, then both in turn; None leaves a turn out."""
        for turn, piece in enumerate(data):
            if piece is not None:
                self.send(turn % 2 == 0, PSH | ACK, piece)
        return self

    def write(self, name, snapshot=65535):
        self.send(True, FIN | ACK)
        self.send(False, FIN | ACK)
        self.send(True, ACK)
        with open(HERE / f"{name}.pcap", "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snapshot, 101))
            for at, packet in enumerate(self.packets):
                captured = packet[:snapshot]
                out.write(struct.pack("<IIII", 1717490700, at * 1000, len(captured), len(packet)) + captured)


def hexed(text):
    return bytes.fromhex(text)


CONNECT_4 = hexed("04010050c6336407") + b"alice\0"
CONNECT_5 = hexed("05010003") + b"\x0fwww.example.com\0P"
GRANTED_4, GRANTED_5 = hexed("005a000000000000"), hexed("05000001c00002509c40")

SITUATIONS = {
    "version-4": lambda n: Talk().says(CONNECT_4, GRANTED_4, GET, OK).write(n),
    "version-5": lambda n: Talk().says(hexed("050100"), hexed("0500"), CONNECT_5, GRANTED_5, GET, OK).write(n),
    "with-a-password": lambda n: Talk().says(hexed("05020002"), hexed("0502"), b"\1\5alice\6secret", hexed("0100"),
                                             CONNECT_5, GRANTED_5, GET, OK).write(n),
    "refused": lambda n: Talk().says(hexed("050100"), hexed("0500"), CONNECT_5, hexed("05050001000000000000")).write(n),
    "on-port-9999": lambda n: Talk(9999).says(CONNECT_4, GRANTED_4, GET, OK).write(n),
    "http-on-port-1080": lambda n: Talk().says(GET, OK).write(n),
    "client-does-not-wait": lambda n: Talk().says(CONNECT_4, None, GET, GRANTED_4, None, OK).write(n),
    "snaplen-50": lambda n: Talk().says(hexed("050100"), hexed("0500"), CONNECT_5, GRANTED_5, GET, OK).write(n, 50),
}

if __name__ == "__main__":
    for situation in sys.argv[1:] or SITUATIONS:
        SITUATIONS[situation](situation)
