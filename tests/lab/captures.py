# SPDX-License-Identifier: Apache-2.0
"""Capture files read without anybody's library, and tshark's way to take out whole streams."""
import functools
import struct
import subprocess

MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),  # microseconds
    b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1),        # nanoseconds
}
FILE_HEADER, RECORD_HEADER = 24, 16


def packets(path):
    """(time in ns, length on the wire, bytes) of every packet of a pcap file."""
    with open(path, "rb") as file:
        header = file.read(FILE_HEADER)
        order, unit = MAGIC[header[:4]]
        record = struct.Struct(order + "IIII")
        while head := file.read(RECORD_HEADER):
            seconds, fraction, captured, length = record.unpack(head)
            data = file.read(captured)
            if len(data) != captured:
                raise ValueError(f"{path} is cut")
            yield seconds * 10**9 + fraction * unit, length, data


def first_difference(left, right):
    """None when both files hold the same packets in the same order, else a sentence."""
    ours, theirs = packets(left), packets(right)
    number = 0
    while True:
        number += 1
        one, other = next(ours, None), next(theirs, None)
        if one is None and other is None:
            return None if number > 1 else "both are empty"
        if one is None or other is None:
            shorter, longer = (left, right) if one is None else (right, left)
            return f"{shorter} ends after {number - 1} packets, {longer} goes on"
        if one != other:
            return f"packet {number} differs: {_told(one)} in {left}, {_told(other)} in {right}"


def count(path):
    return sum(1 for _ in packets(path))


# tshark as it comes; as people tune it, without the dissectors of bodies, which take most of its time; and the best that
# was found, which dissects nothing that the question does not need.
DEFAULT, TUNED, BEST = "default", "tuned", "best found"
WAYS = (BEST, TUNED, DEFAULT)
_BODIES = ("json", "xml", "media", "data-text-lines", "image-gif", "image-jfif", "png", "urlencoded-form", "mime_multipart")
_LIST_NEEDS = {"frame", "eth", "ethertype", "ip", "ipv6", "tcp", "http"}
_WRITE_NEEDS = _LIST_NEEDS - {"http"}
_NO_BODIES = ["-o", "http.decompress_body:FALSE"]
_NO_ANALYSIS = ["-o", "tcp.analyze_sequence_numbers:FALSE", "-o", "tcp.calculate_timestamps:FALSE"]


def list_streams_command(capture, wanted, way=DEFAULT):
    tuning = {DEFAULT: [], TUNED: [*_without(_BODIES), *_NO_BODIES], BEST: [*_only(_LIST_NEEDS), *_NO_BODIES]}[way]
    return ["tshark", "-n", *tuning, "-r", str(capture), "-Y", wanted, "-T", "fields", "-e", "tcp.stream"]


def write_streams_command(capture, streams, out, way=DEFAULT):
    tuning = {DEFAULT: [], TUNED: [*_without(_BODIES), *_NO_BODIES], BEST: [*_only(_WRITE_NEEDS), *_NO_ANALYSIS]}[way]
    return ["tshark", "-n", *tuning, "-r", str(capture), "-Y", f"tcp.stream in {{{','.join(map(str, streams))}}}",
            "-F", "nsecpcap", "-w", str(out)]


def _without(names):
    return [word for name in names for word in ("--disable-protocol", name)]


@functools.cache
def _protocols():
    listed = subprocess.run(["tshark", "-G", "protocols"], capture_output=True, text=True, check=True).stdout
    return [line.split("\t")[2] for line in listed.splitlines()]


def _only(needed):
    return _without(name for name in _protocols() if name not in needed)


def streams_of(listed):
    return sorted({int(line) for line in listed.split()})


def select_with_tshark(capture, wanted, out):
    """Pass 1 lists the streams with a packet that is wanted, pass 2 writes them. The numbers of the streams."""
    quiet = {"check": True, "stderr": subprocess.DEVNULL}
    listed = subprocess.run(list_streams_command(capture, wanted), stdout=subprocess.PIPE, text=True, **quiet).stdout
    streams = streams_of(listed)
    subprocess.run(write_streams_command(capture, streams, out), **quiet)
    return streams


def repeat(source, target, times):
    """`source` again and again, each time later and between other addresses (10.N...), as if the traffic had gone on.

    Checksums stay as they were. Only for captures of Ethernet and IPv4 by microseconds, as workloads.py makes them.
    """
    with open(source, "rb") as file:
        whole = file.read()
    order, unit = MAGIC[whole[:4]]
    if unit != 1000:
        raise ValueError(f"{source}: not in microseconds")
    stamp = struct.Struct(order + "II")
    records = list(_records(whole, order))
    span = records[-1][1] - records[0][1] + 120 * 10**6
    with open(target, "wb") as file:
        file.write(whole[:FILE_HEADER])
        for copy in range(times):
            part = bytearray(whole)
            for place, time in records:
                stamp.pack_into(part, place, *divmod(time + copy * span, 10**6))
                if part[place + 28:place + 30] == b"\x08\x00":
                    part[place + 43] += copy  # second byte of the source's address
                    part[place + 47] += copy  # and of the destination's
            file.write(memoryview(part)[FILE_HEADER:])


def shorten(source, target, limit):
    """The first `limit` packets."""
    with open(source, "rb") as file, open(target, "wb") as out:
        header = file.read(FILE_HEADER)
        order, _ = MAGIC[header[:4]]
        out.write(header)
        for _ in range(limit):
            head = file.read(RECORD_HEADER)
            if not head:
                return
            out.write(head + file.read(struct.unpack(order + "8xI4x", head)[0]))


def _records(whole, order):
    """(place, time in us) of every record."""
    head = struct.Struct(order + "III")
    place = FILE_HEADER
    while place < len(whole):
        seconds, microseconds, captured = head.unpack_from(whole, place)
        yield place, seconds * 10**6 + microseconds
        place += RECORD_HEADER + captured


def _told(packet):
    time, length, data = packet
    return f"{time // 10**9}.{time % 10**9:09}, {len(data)} of {length} bytes, {data[:20].hex()}..."
