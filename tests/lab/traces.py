# SPDX-License-Identifier: Apache-2.0
"""How the captures under tests/traces are made: a network of their own, tcpdump around a situation, and captures that lack
something, made from those that lack nothing."""
import os
import struct
import subprocess
import sys
import time

MARK = "WIRETAPE_TRACES"


def enter_network(mtu=1500):
    """The program goes on in a network namespace with nothing but a loopback, where packets are as large as on a wire."""
    if MARK not in os.environ:
        os.execvpe("unshare", ["unshare", "-n", sys.executable, *sys.argv], {**os.environ, MARK: "1"})
    for command in (f"ip link set lo mtu {mtu}", "ip link set lo up"):
        subprocess.run(command.split(), check=True)
    subprocess.run(["ethtool", "-K", "lo", "tso", "off", "gso", "off", "gro", "off"], check=False, stderr=subprocess.DEVNULL)


def capture(path, run, packets="tcp"):
    """What crosses the loopback while run() does."""
    dump = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-w", str(path), packets], stderr=subprocess.PIPE)
    dump.stderr.readline()
    time.sleep(0.5)
    run()
    time.sleep(0.5)
    dump.terminate()
    dump.wait()


def read_pcap(path):
    """The header, and the records with theirs."""
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


def without(path, lost):
    """Without the packets that lost(number among those with payload, payload) names."""
    header, packets = read_pcap(path)
    kept, number = [], 0
    for packet in packets:
        if payload(packet):
            number += 1
            if lost(number, payload(packet)):
                continue
        kept.append(packet)
    return header + b"".join(kept)


def cut_short(path, size):
    """Every packet captured to `size` bytes."""
    header, packets = read_pcap(path)
    out = header
    for packet in packets:
        seconds, fraction, captured, length = struct.unpack_from("<IIII", packet)
        captured = min(captured, size)
        out += struct.pack("<IIII", seconds, fraction, captured, length) + packet[16:16 + captured]
    return out


def from_packet(path, begins, after=0):
    """From the packet with payload on for which begins(number among those with payload, payload) holds, or so many after."""
    header, packets = read_pcap(path)
    number = 0
    for place, packet in enumerate(packets):
        number += bool(payload(packet))
        if payload(packet) and begins(number, payload(packet)):
            return header + b"".join(packets[place + after:])
    raise LookupError(f"no packet of {path} is the one")
