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
import subprocess
import sys
import threading
import time

import websockets

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from lab.traces import capture, cut_short, enter_network, from_packet, without  # noqa: E402

PORT, REDIS, NOISY, HTTP2 = 8080, 6379, 8081, 8082
NODE = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
JSON = '{"event": "price", "symbol": "ABC", "bid": %d, "ask": %d}'


def pcap(name):
    return HERE / f"{name}.pcap"


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
    "lost-segment": lambda: without(pcap("talk"), lambda number, _: number == 12),
    "lost-message": lambda: without(pcap("deflate"), lambda number, _: number == 6),
    "snaplen-400": lambda: cut_short(pcap("talk"), 400),
    "midstream": lambda: from_packet(pcap("talk"), lambda _, bytes_: bytes_.startswith(b"HTTP/1."), after=1),
    "truncated": lambda: (HERE / "talk.pcap").read_bytes()[:-900],
}


def main():
    enter_network()
    wanted = sys.argv[1:] or [*SITUATIONS, *DERIVED]
    server = subprocess.Popen(["node", str(HERE / "server.cjs"), str(PORT), str(REDIS)], env=NODE)
    time.sleep(2)
    try:
        for name in wanted:
            if name in SITUATIONS:
                capture(pcap(name), SITUATIONS[name])
            else:
                pcap(name).write_bytes(DERIVED[name]())
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
