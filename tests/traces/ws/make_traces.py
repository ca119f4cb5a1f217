#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder: a server and a client of Node's ws library, a client of python3-websockets, on the
loopback of a network namespace of their own, captured by tcpdump. Needs root, node-ws, python3-websockets, tcpdump.

usage: make_traces.py [SITUATION ...]     all without arguments
"""
import asyncio
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

import websockets

HERE = pathlib.Path(__file__).resolve().parent
PORT, REDIS, NOISY, HTTP2 = 8080, 6379, 8081, 8082
NODE = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
JSON = '{"event": "price", "symbol": "ABC", "bid": %d, "ask": %d}'


# --- peers ---------------------------------------------------------------------------------------------------------

def node(path, *texts, port=PORT):
    subprocess.run(["node", str(HERE / "client.cjs"), f"ws://127.0.0.1:{port}{path}", *texts], env=NODE, check=True,
                   timeout=20)


def python(path, *texts):
    async def talk():
        async with websockets.connect(f"ws://127.0.0.1:{PORT}{path}", ping_interval=None) as connection:
            for text in texts:
                await connection.send(text)
                await connection.recv()
    asyncio.run(talk())


def over_http2(*texts):
    subprocess.run(["node", str(HERE / "over-http2.cjs"), str(HTTP2), *texts], env=NODE, check=True, timeout=20)


def prices(count):
    return [JSON % (100 + i, 101 + i) for i in range(count)]


def noisy():
    """Agrees to WebSocket, and then speaks something else."""
    listener = socket.create_server(("127.0.0.1", NOISY))

    def serve():
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        connection.recv(65536)
        connection.sendall(b"what comes now is no frame at all\r\n")
        time.sleep(0.2)
        connection.close()
    threading.Thread(target=serve, daemon=True).start()


def not_a_frame():
    noisy()
    with socket.create_connection(("127.0.0.1", NOISY)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        connection.recv(65536)
        connection.sendall(b"hello, this is a plain text\r\n")
        connection.recv(65536)
        connection.recv(65536)


# --- captures ------------------------------------------------------------------------------------------------------

def read_pcap(path):
    data = path.read_bytes()
    packets, at = [], 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        packets.append(data[at:at + 16 + size])
        at += 16 + size
    return data[:24], packets


def payload(record):
    """Of an IPv4 TCP packet behind an Ethernet header."""
    packet = record[16 + 14:]
    tcp = (packet[0] & 15) * 4
    return packet[tcp + (packet[tcp + 12] >> 4) * 4:struct.unpack_from(">H", packet, 2)[0]]


def without(source, lost):
    """Drops the packets that lost(number among those with payload, payload) names."""
    header, packets = read_pcap(HERE / f"{source}.pcap")
    kept, number = [], 0
    for packet in packets:
        if payload(packet):
            number += 1
            if lost(number, payload(packet)):
                continue
        kept.append(packet)
    return header + b"".join(kept)


def cut_short(source, size):
    """Every packet captured to `size` bytes."""
    header, packets = read_pcap(HERE / f"{source}.pcap")
    out = header
    for packet in packets:
        seconds, fraction, captured, length = struct.unpack_from("<IIII", packet)
        captured = min(captured, size)
        out += struct.pack("<IIII", seconds, fraction, captured, length) + packet[16:16 + captured]
    return out


def midstream(source):
    header, packets = read_pcap(HERE / f"{source}.pcap")
    first = next(i for i, packet in enumerate(packets) if payload(packet).startswith(b"HTTP/1."))
    return header + b"".join(packets[first + 1:])


LONG = "A text that is longer than one segment of the wire. " * 60
SITUATIONS = {
    "talk": lambda: node("/plain", "hello", "gr\u00fc\u00df dich", "hex:00ff10", "ping:1", LONG),
    "fragments": lambda: node("/plain", "fragments:one, ,two, ,three", "fragments"),
    "deflate": lambda: node("/deflate", *prices(4), "hex:" + "00" * 200, LONG),
    "deflate-python": lambda: python("/deflate", *prices(3)),
    "deflate-fragments": lambda: node("/deflate", *prices(1), "fragments:one and ,one and ,one", "fragments"),
    "deflate-fresh": lambda: node("/fresh", *prices(3)),
    "deflate-small-window": lambda: python("/small-window", *prices(2), LONG, *prices(2)),
    "closed-by-server": lambda: node("/plain", "close"),
    "vanishes": lambda: node("/plain", "hello", "vanish"),
    "on-port-6379": lambda: node("/plain", "SET a 1", port=REDIS),
    "not-a-frame": not_a_frame,
    "over-http2": lambda: over_http2(*prices(2), "short"),
}
DERIVED = {
    "lost-segment": lambda: without("talk", lambda number, _: number == 12),
    "lost-message": lambda: without("deflate", lambda number, _: number == 6),
    "snaplen-400": lambda: cut_short("talk", 400),
    "midstream": lambda: midstream("talk"),
    "truncated": lambda: (HERE / "talk.pcap").read_bytes()[:-900],
}


def capture(name, run):
    path = HERE / f"{name}.pcap"
    dump = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-w", str(path), "tcp"],
                            stderr=subprocess.PIPE)
    dump.stderr.readline()
    time.sleep(0.5)
    run()
    time.sleep(0.5)
    dump.terminate()
    dump.wait()


def main():
    if "WIRETAPE_TRACES" not in os.environ:
        os.execvpe("unshare", ["unshare", "-n", sys.executable, *sys.argv], {**os.environ, "WIRETAPE_TRACES": "1"})
    for command in ("ip link set lo mtu 1500", "ip link set lo up"):
        subprocess.run(command.split(), check=True)
    subprocess.run(["ethtool", "-K", "lo", "tso", "off", "gso", "off", "gro", "off"], check=False, stderr=subprocess.DEVNULL)
    wanted = sys.argv[1:] or [*SITUATIONS, *DERIVED]
    server = subprocess.Popen(["node", str(HERE / "server.cjs"), str(PORT), str(REDIS)], env=NODE)
    time.sleep(2)
    try:
        for name in wanted:
            if name in SITUATIONS:
                capture(name, SITUATIONS[name])
            else:
                (HERE / f"{name}.pcap").write_bytes(DERIVED[name]())
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
