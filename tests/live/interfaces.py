# SPDX-License-Identifier: Apache-2.0
"""Interfaces that come and go, several at once, and what of their packets is taken."""
import os
import pathlib
import pwd
import struct

from lab.network import ADDRESS, CLIENT, SERVER
from lab.web import PORT
from live.support import Left, case, children_of, equal, expect, until

LINUX_SLL2 = 276


def ip(lab, *words):
    lab.pair.run(SERVER, "ip", *words)


def paths(lab):
    return [call["request"]["path"] for call in Left(lab).calls()]


def fetched(lab, path):
    """Whether a request for it reaches the recording, asked until it does: an interface that is back is looked for."""
    def tried():
        lab.fetch(path)
        return path in paths(lab)

    until(tried, f"{path} in the recording")


def link_type(path):
    return struct.unpack("<I", path.read_bytes()[20:24])[0]


@case
def down_and_up(lab):
    """an interface that goes down is waited for, and goes on"""
    with lab.nginx():
        recorder = lab.record("http")
        fetched(lab, "/items/1")
        ip(lab, "link", "set", lab.device, "down")
        recorder.wait_for(f'interface "{lab.device}"')
        ip(lab, "link", "set", lab.device, "up")
        fetched(lab, "/items/2")
        recorder.wait_for("is back")
        recorder.end()
    equal(lab.state(), "stopped", "state")


@case
def deleted_and_made_again(lab):
    """an interface that is deleted is waited for until one of its name is there"""
    add_wtgone(lab)
    recorder = lab.record(device="wtgone")
    ip(lab, "link", "del", "wtgone")
    recorder.wait_for('interface "wtgone"')
    add_wtgone(lab)
    ip(lab, "addr", "add", "10.78.0.1/24", "dev", "wtgone")
    recorder.wait_for("is back")
    lab.pair.start(SERVER, "curl", "-s", "-m", "2", "10.78.0.2")  # nobody answers: an ARP request is all there is
    until(lambda: any(data[12:14] == b"\x08\x06" for _, data in Left(lab).packets()), "a packet of the new interface")
    recorder.end()


def add_wtgone(lab):
    ip(lab, "link", "add", "wtgone", "type", "veth", "peer", "name", "wtfar")
    ip(lab, "link", "set", "wtfar", "up")
    ip(lab, "link", "set", "wtgone", "up")


@case
def gone_for_another_user(lab):
    """with -Z an interface that was made again cannot be opened: that is said, and recording goes on with the others"""
    add_wtgone(lab)
    with lab.nginx():
        recorder = lab.record("-Z", "nobody", "-i", "wtgone", "-i", lab.device, "http")
        ip(lab, "link", "del", "wtgone")
        recorder.wait_for('interface "wtgone"')
        add_wtgone(lab)
        recorder.wait_for('no permission to capture on "wtgone"')
        fetched(lab, "/items/1")
        recorder.end()
    equal(recorder.said.count("no permission"), 1, "how often it is said")


@case
def renamed(lab):
    """an interface that is renamed is missed, and goes on when its name is back"""
    with lab.nginx():
        recorder = lab.record("http")
        fetched(lab, "/items/1")
        ip(lab, "link", "set", lab.device, "down")
        ip(lab, "link", "set", lab.device, "name", "wtother")
        ip(lab, "link", "set", "wtother", "up")
        recorder.wait_for(f'interface "{lab.device}"')
        ip(lab, "link", "set", "wtother", "down")
        ip(lab, "link", "set", "wtother", "name", lab.device)
        ip(lab, "link", "set", lab.device, "up")
        recorder.wait_for("is back")
        fetched(lab, "/items/2")
        recorder.end()


@case
def two_interfaces(lab):
    """-i twice takes the packets of both, and each call says where it was seen"""
    with lab.nginx():
        recorder = lab.record("-i", lab.device, "-i", "lo", "http")
        lab.fetch("/items/1")
        from_itself(lab, "/items/2")
        until(lambda: len(paths(lab)) == 2, "both calls")
        recorder.end()
    seen = {call["request"]["path"]: call["capture"]["interface"] for call in Left(lab).calls()}
    equal(seen, {"/items/1": lab.device, "/items/2": "lo"}, "interfaces of the calls")
    expect(f'recording "x" on {lab.device}' in recorder.said and 'recording "x" on lo' in recorder.said, recorder.said)


@case
def any_interface(lab):
    """-i any takes all interfaces, with the link type that tells them apart"""
    with lab.nginx():
        recorder = lab.record("-i", "any", "http")
        lab.fetch("/items/1")
        from_itself(lab, "/items/2")
        until(lambda: len(paths(lab)) == 2, "both calls")
        recorder.end()
    equal(sorted(paths(lab)), ["/items/1", "/items/2"], "calls")
    equal([link_type(path) for path in Left(lab).segments()], [LINUX_SLL2], "link type")
    expect("LINUX_SLL2" in recorder.said, recorder.said)


@case
def a_bridge(lab):
    """a bridge and its port show every packet twice: it is recorded once, with -i any and with both by name"""
    add_bridge(lab)
    with lab.nginx():
        for name, interfaces in (("any", ["-i", "any"]), ("both", ["-i", "wtbridge", "-i", lab.device])):
            recorder = lab.record(*interfaces, "http", name=name)
            for path in ("/items/1", "/items/2"):
                lab.fetch(path)
            until(lambda: len(Left(lab, name).calls()) == 2, "both calls")
            recorder.end()
            left = Left(lab, name)
            equal(sorted(call["request"]["path"] for call in left.calls()), ["/items/1", "/items/2"], "calls")
            ip_packets = [data[20 if name == "any" else 14:] for _, data in left.packets()]
            expect(len(ip_packets) >= 2 * 9, f"only {len(ip_packets)} packets of two connections")
            equal(len(set(ip_packets)), len(ip_packets), f"different packets of those recorded with {name}")
            captured = recorder.counters()[0]
            expect(captured >= 2 * len(ip_packets), f"{captured} captured are no two of each of {len(ip_packets)}")


def add_bridge(lab):
    """Between the device of the server and its address."""
    ip(lab, "link", "add", "wtbridge", "type", "bridge", "stp_state", "0")
    ip(lab, "addr", "flush", "dev", lab.device)
    ip(lab, "link", "set", lab.device, "master", "wtbridge")
    ip(lab, "addr", "add", ADDRESS[SERVER] + "/24", "dev", "wtbridge")
    ip(lab, "link", "set", "wtbridge", "up")
    # What leaves the bridge in one piece would leave its port in several.
    lab.pair.run(SERVER, "ethtool", "-K", "wtbridge", "tso", "off", "gso", "off", "gro", "off", "tx", "off")


@case
def ring_size(lab):
    """the kernel's ring is as large as -B says, 64 MiB without it"""
    for name, words, size in (("default", [], 64 << 20), ("small", ["-B", "8Mi"], 8 << 20)):
        recorder = lab.record(*words, name=name)
        rings = {size for child in children_of(recorder.process.pid) for size in mapped_sockets(child)}
        recorder.end()
        equal(rings, {size}, f"sizes of rings in the capturing process, {name}")


def mapped_sockets(process):
    """Sizes in bytes."""
    for line in pathlib.Path(f"/proc/{process}/maps").read_text().splitlines():
        if "socket:[" in line:
            start, end = line.split()[0].split("-")
            yield int(end, 16) - int(start, 16)


def from_itself(lab, path):
    lab.pair.run(SERVER, "curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{PORT}{path}")


@case
def short_snapshots(lab):
    """-s cuts packets, and the ledger of the stream says how many"""
    with lab.nginx():
        recorder = lab.record("-s", "96")
        lab.fetch("/items/1")
        until(lambda: len(Left(lab).packets()) >= 9, "the packets")
        recorder.end()
    left = Left(lab)
    equal(max(len(data) for _, data in left.packets()), 96, "longest packet kept")
    cuts = [stream["loss"]["snaplenCuts"] for stream in left.streams().values() if stream["loss"]]
    expect(sum(cuts) >= 2, f"no cuts in the ledger: {list(left.streams().values())}")
    expect("snapshot length 96 bytes" in recorder.said, recorder.said)


@case
def a_packet_filter(lab):
    """-f passes only what it says"""
    with lab.nginx():
        recorder = lab.record("-f", f"tcp port {PORT}")
        lab.pair.start(CLIENT, "curl", "-s", f"http://{ADDRESS[SERVER]}:9/").wait()  # refused, by a packet
        lab.fetch("/items/1")
        until(lambda: Left(lab).calls(), "the call")
        recorder.end()
    packets = Left(lab).packets()
    ports = {struct.unpack_from(">HH", data, 34) for _, data in packets}
    expect(ports and all(PORT in pair for pair in ports), f"other packets were kept: {ports}")
    equal(recorder.counters()[0], len(packets), "packets captured")


@case
def one_direction(lab):
    """-Q in takes what comes in, and only that"""
    with lab.nginx():
        recorder = lab.record("-Q", "in", "-f", f"tcp port {PORT}")
        lab.fetch("/items/1")
        until(lambda: len(Left(lab).packets()) >= 4, "the packets")
        recorder.end()
    targets = {data[30:34] for _, data in Left(lab).packets()}
    equal(targets, {bytes(map(int, ADDRESS[SERVER].split(".")))}, "targets of the packets")


@case
def another_user(lab):
    """-Z: the files are the user's, the capturing process runs as him, the store stays the caller's"""
    nobody = pwd.getpwnam("nobody")
    with lab.nginx():
        recorder = lab.record("-Z", "nobody", "http")
        lab.fetch("/items/1")
        until(lambda: paths(lab) == ["/items/1"], "the call")
        owners = {os.stat(f"/proc/{child}").st_uid for child in children_of(recorder.process.pid)}
        equal(owners, {nobody.pw_uid}, "users of the capturing process")
        recorder.end()
    folder = lab.store / "x"
    others = [path for path in (folder, *folder.rglob("*")) if path.stat().st_uid != nobody.pw_uid]
    expect(not others, f"not nobody's: {others}")
    equal(lab.store.stat().st_uid, 0, "owner of the store")
    equal(lab.state(), "stopped", "state")
    lab.ask("record", "verify", "--store", lab.store, "x")
