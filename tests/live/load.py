# SPDX-License-Identifier: Apache-2.0
"""Thousands of requests a second, one in a hundred of them answered 500."""
import collections
import struct

from live.support import Left, case, equal, expect, failures, request_id, same, tshark, until, whole_packets

FAILED = "http and response.status == 500"
FIN, SYN, RST, ACK = 1, 2, 4, 16


@case
def every_failed_call(lab):
    """the calls are those of the server's log, the packets are whole streams, and nothing is lost"""
    with lab.nginx() as nginx:
        recorder = lab.record(FAILED)
        equal(lab.load(3).wait(30), 0, "status of wrk")
        recorder.end()
    captured, received, dropped = recorder.counters()
    equal(dropped, 0, "packets dropped by the kernel")
    expect(captured == received > 0, f"{captured} packets captured of {received}")
    left = Left(lab)
    logged = failures(nginx)
    same([request_id(call) for call in left.calls()], logged, "calls.ndjson")

    segments = left.segments()
    equal(len(segments), 1, "segments")
    same(seen_by_tshark(segments[0]), logged, "what tshark finds")
    lost = tshark(segments[0], "tcp.analysis.lost_segment or tcp.analysis.ack_lost_segment", "frame.number")
    expect(not lost, f"tshark misses segments before the frames {lost[:5]}")
    streams = whole_streams(segments[0])
    equal(len(streams), len(left.streams()), "streams in the packets, and in streams.ndjson")
    equal(lab.state(), "stopped", "state")
    lab.ask("record", "verify", "--store", lab.store, "x")
    return f"{len(nginx.requests())} requests, {len(logged)} failed and recorded with {len(streams)} streams"


def seen_by_tshark(path):
    lines = tshark(path, "http.response.code == 500", "http.response.line")
    return [line.split("X-Request-Id: ")[1][:32] for line in lines]


def whole_streams(path):
    """The streams of a packet file, each from its SYN to the ACK of the last FIN, or to a RST."""
    streams = []
    newest = {}  # by ends: ports are used again within seconds
    for _, data in whole_packets(path):
        segment = tcp_of(data)
        ends = frozenset((segment.source, segment.target))
        begins = segment.flags == SYN and (ends not in newest or newest[ends][0].number != segment.number)
        if begins or ends not in newest:
            newest[ends] = []
            streams.append((ends, newest[ends]))
        newest[ends].append(segment)
    for ends, segments in streams:
        first, second = segments[:2]
        expect(first.flags == SYN and second.flags == SYN | ACK, f"{sorted(ends)} does not begin with SYN and SYN+ACK")
        if any(segment.flags & RST for segment in segments):
            continue
        fins = {segment.source: (segment.number + segment.bytes + 1) % 2**32 for segment in segments if segment.flags & FIN}
        acknowledged = {(segment.target, segment.acknowledged) for segment in segments}
        expect(len(fins) == 2 and set(fins.items()) <= acknowledged, f"{sorted(ends)} ends without both FINs and their ACKs")
    return streams


Segment = collections.namedtuple("Segment", "source target flags number acknowledged bytes")


def tcp_of(data):
    """Of an Ethernet frame with IPv4."""
    internet = data[14:]
    header = (internet[0] & 15) * 4
    length, = struct.unpack_from(">H", internet, 2)
    source, target, number, acknowledged, offset, flags = struct.unpack_from(">HHIIBB", internet, header)
    return Segment((internet[12:16], source), (internet[16:20], target), flags & (FIN | SYN | RST | ACK), number, acknowledged,
                   length - header - (offset >> 4) * 4)


@case
def segments_one_after_the_other(lab):
    """full segments are closed in time order while recording goes on, and their manifest is proven"""
    with lab.nginx():
        recorder = lab.record("--segment-size", "1M", "http")
        load = lab.load(2)
        left = Left(lab)
        until(lambda: len(left.segments()) >= 3, "three segments")
        while_growing = lab.ask("record", "verify", "--store", lab.store, "-v", "x")
        expect("open" in while_growing and "good" in while_growing, f"no closed and open segments in {while_growing}")
        load.wait(30)
        recorder.end()
    segments = left.segments()
    for path in segments:
        times = [time for time, _ in whole_packets(path)]
        expect(times and times == sorted(times), f"{path.name} is not in time order")
    equal(sum(len(whole_packets(path)) for path in segments), lab.described()["keptPackets"], "packets in all segments")
    verified = lab.ask("record", "verify", "--store", lab.store, "-v", "x")
    proven = [line for line in verified.splitlines() if line.startswith("good") and line.endswith(".pcap")]
    equal(len(proven), len(segments), "segments proven")
    expect(verified.endswith("intact\n"), verified)
    equal(len(Left(lab).calls()), lab.described()["calls"], "calls in all segments")
    return f"{len(segments)} segments"


@case
def closed_streams_make_room(lab):
    """streams that ended unwanted hold nothing back: a small backlog is enough for much traffic"""
    with lab.nginx() as nginx:
        recorder = lab.record("--backlog-limit", "8M", FAILED)
        lab.load(2).wait(30)
        recorder.end()
    listed = lab.described()
    expect(sum(request.sent for request in nginx.requests()) > 16 * 10**6, "too little traffic to fill the backlog")
    equal(listed["backlogCutPackets"], 0, "packets given up by the backlog")
    same([request_id(call) for call in Left(lab).calls()], failures(nginx), "calls.ndjson")
