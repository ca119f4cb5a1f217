#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder. The first kind are real: dnsmasq asked by dig over UDP and TCP on a high port of the
loopback, captured by tcpdump (root, dnsmasq, dig, tcpdump). The others are made byte by byte, for what no server says.

usage: make_traces.py [SITUATION ...]     all without arguments
"""
import pathlib
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PORT = 15353
ZONE = [
    "--address=/www.example.com/192.0.2.1", "--address=/www.example.com/2001:db8::1",
    "--cname=alias.example.com,target.example.com", "--host-record=target.example.com,192.0.2.7,2001:db8::7",
    "--mx-host=example.com,mail.example.com,10", "--txt-record=example.com,v=spf1 -all,second string",
    "--srv-host=_sip._udp.example.com,sip.example.com,5060,0,5", "--ptr-record=1.2.0.192.in-addr.arpa,www.example.com",
    "--naptr-record=example.com,100,10,S,SIP+D2U,,_sip._udp.example.com", "--caa-record=example.com,0,issue,ca.example.net",
    "--dns-rr=odd.example.com,65534,0a:00:00:01", "--local=/example.com/",
]


# --- real peers ------------------------------------------------------------------------------------------------------

def real(name, *questions):
    """Captures what dig asks and dnsmasq answers; each question is a list of dig's arguments."""
    server = subprocess.Popen(
        ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1",
         "--bind-interfaces", f"--port={PORT}", "--pid-file=", *ZONE], stderr=subprocess.DEVNULL)
    tcpdump = subprocess.Popen(["tcpdump", "-i", "lo", "--immediate-mode", "-U", "-w", str(HERE / f"{name}.pcap"), f"port {PORT}"],
                               stderr=subprocess.PIPE)
    tcpdump.stderr.readline()  # "listening on": from here on nothing is missed
    time.sleep(0.5)
    for question in questions:
        subprocess.run(["dig", "@127.0.0.1", "-p", str(PORT), "+tries=1", "+time=1", *question],
                       stdout=subprocess.DEVNULL, check=False)
    time.sleep(2)
    tcpdump.terminate()
    tcpdump.wait()
    server.terminate()
    server.wait()


# --- made by hand ----------------------------------------------------------------------------------------------------

CLIENT, SERVER = bytes([192, 0, 2, 10]), bytes([192, 0, 2, 53])


def ip(source, destination, protocol, payload, fragment=0x4000):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, fragment, 64, protocol, 0, source, destination)
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack(">H", ~total & 0xFFFF) + head[12:] + payload


def datagram(message, answer=False, client_port=40000, server_port=53):
    ports = (server_port, client_port) if answer else (client_port, server_port)
    ends = (SERVER, CLIENT) if answer else (CLIENT, SERVER)
    return ends, struct.pack(">HHHH", *ports, 8 + len(message), 0) + message


def udp(*arguments, **more):
    ends, payload = datagram(*arguments, **more)
    return ip(*ends, 17, payload)


def first_fragment(length, *arguments, **more):
    ends, payload = datagram(*arguments, **more)
    return ip(*ends, 17, payload[:length], fragment=0x2000)


def made(name, *packets, snaplen=65535):
    """Packets are (milliseconds, bytes of an IP packet), of which `snaplen` are captured."""
    with open(HERE / f"{name}.pcap", "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 101))
        for at, packet in packets:
            captured = packet[:snaplen]
            out.write(struct.pack("<IIII", 1717490700 + at // 1000, at % 1000 * 1000, len(captured), len(packet)) + captured)


def header(identifier, flags, *counts):
    return struct.pack(">6H", identifier, flags, *counts)


def name(text):
    return b"".join(bytes([len(label)]) + label for label in text.encode().split(b".")) + b"\0"


QUESTION = name("www.example.com") + struct.pack(">HH", 1, 1)
QUERY = header(0x1234, 0x0100, 1, 0, 0, 0) + QUESTION
ADDRESS = b"\xc0\x0c" + struct.pack(">HHIH4s", 1, 1, 300, 4, bytes([192, 0, 2, 1]))
ANSWER = header(0x1234, 0x8180, 1, 1, 0, 0) + QUESTION + ADDRESS
NETBIOS = header(7, 0x0110, 1, 0, 0, 0) + b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0" + struct.pack(">HH", 0x21, 1)
MULTICAST = header(0, 0, 1, 0, 0, 0) + name("_http._tcp.local") + struct.pack(">HH", 12, 0x8001)
HERE_I_AM = (header(0, 0x8400, 0, 1, 0, 0) + name("printer.local")
             + struct.pack(">HHIH4s", 1, 0x8001, 120, 4, bytes([192, 0, 2, 10])))

SITUATIONS = {
    "over-udp": lambda n: real(n, ["www.example.com", "A"], ["www.example.com", "AAAA"], ["alias.example.com", "A"],
                               ["example.com", "MX"], ["example.com", "TXT"], ["_sip._udp.example.com", "SRV"],
                               ["-x", "192.0.2.1"], ["example.com", "NAPTR"], ["example.com", "CAA"],
                               ["odd.example.com", "TYPE65534"], ["missing.example.com", "A"], ["refused.test", "A"],
                               ["+noedns", "www.example.com", "A"], ["+subnet=192.0.2.0/24", "www.example.com", "A"]),
    "over-tcp": lambda n: real(n, ["+tcp", "www.example.com", "A"],
                               ["+tcp", "+keepopen", "example.com", "MX", "+tcp", "+keepopen", "example.com", "TXT"]),
    "unanswered": lambda n: made(n, (0, udp(QUERY)), (30000, udp(QUERY, client_port=40001)),
                                 (30001, udp(ANSWER, answer=True, client_port=40001))),
    "repeated-query": lambda n: made(n, (0, udp(QUERY)), (1000, udp(QUERY)), (1010, udp(ANSWER, answer=True)),
                                     (1011, udp(ANSWER, answer=True))),
    "answer-without-query": lambda n: made(n, (0, udp(ANSWER, answer=True))),
    "truncated": lambda n: made(n, (0, udp(QUERY)),
                                (1, udp(header(0x1234, 0x8380, 1, 0, 0, 0) + QUESTION, answer=True))),
    "breaks-off": lambda n: made(n, (0, udp(QUERY)), (1, udp(ANSWER[:-3], answer=True))),
    "snaplen-60": lambda n: made(n, (0, udp(QUERY)), (1, udp(ANSWER, answer=True)), snaplen=60),
    "snaplen-68": lambda n: made(n, (0, udp(QUERY)), (1, udp(ANSWER, answer=True)), snaplen=68),
    "fragment-lost": lambda n: made(n, (0, udp(QUERY)), (1, first_fragment(40, ANSWER, answer=True))),
    "pointer-loops": lambda n: made(n, (0, udp(header(1, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c" + struct.pack(">HH", 1, 1))),
                                    (1, udp(header(2, 0x0100, 2, 0, 0, 0) + b"\xc0\x12\0\1\0\1" + b"\xc0\x0c\0\1\0\1"))),
    "counts-that-lie": lambda n: made(n, (0, udp(QUERY)),
                                      (1, udp(header(0x1234, 0x8180, 1, 65535, 65535, 65535) + QUESTION + ADDRESS,
                                              answer=True))),
    "odd-names": lambda n: made(n, (0, udp(header(3, 0x0100, 1, 0, 0, 0) + b"\6a.b\0\\ \2\xc3\xa9\0" + struct.pack(">HH", 1, 1))),
                                (1, udp(header(4, 0x0100, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 2, 1)))),
    "on-port-40053": lambda n: made(n, (0, udp(QUERY, server_port=40053)),
                                    (5, udp(ANSWER, answer=True, server_port=40053))),
    "netbios-on-port-53": lambda n: made(n, *[(i, udp(NETBIOS)) for i in range(3)]),
    "multicast": lambda n: made(n, (0, udp(MULTICAST, client_port=5353, server_port=5353)),
                                (20, udp(HERE_I_AM, client_port=5353, server_port=5353))),
}

if __name__ == "__main__":
    for situation in sys.argv[1:] or SITUATIONS:
        SITUATIONS[situation](situation)
