# SPDX-License-Identifier: Apache-2.0
"""Looking at what happens while it happens."""
import datetime
import signal
import subprocess

from live.load import whole_streams
from live.support import Left, Lines, Running, Wrong, case, equal, expect, tshark, until

LATEST = 1.0  # seconds after which a call must have been shown
NOT_WELL = "http and response.status >= 404"  # a missing page at will, and the server's 500s under load


def delay(came, call):
    """Seconds between the last byte of a call and its line."""
    # Python knows microseconds only.
    began = datetime.datetime.fromisoformat(call["startTime"][:26] + "+00:00").timestamp()
    return came - began - call["elapsedTime"] / 1000


@case
def follow_a_growing_recording(lab):
    """analyze --follow shows calls within a second, at rest and under load, and tcpdump reads the growing file"""
    with lab.nginx():
        recorder = lab.record(NOT_WELL)
        follower = Running(lab, "analyze", "--store", lab.store, "--follow", "-T", "ndjson", 'record("x")',
                           stdout=subprocess.PIPE)
        lines = Lines(follower.process.stdout)
        lab.fetch("/missing/1")
        until(lambda: len(lines.lines) == 1, "the first call, at rest", 3)
        lab.fetch("/missing/2")
        until(lambda: len(lines.lines) == 2, "the second call, at rest", 3)
        load = lab.load(3)
        reads = 0
        while load.poll() is None:
            reads += read_growing(Left(lab))
        recorder.end()
        equal(follower.wait(), 0, "status of analyze --follow after the recording's end")
    shown, calls = lines.calls(), Left(lab).calls()
    equal([call["id"] for _, call in shown], [call["id"] for call in calls], "calls shown")
    expect(len(calls) > 10, f"only {len(calls)} calls")
    latest = max(delay(came, call) for came, call in shown)
    expect(latest <= LATEST, f"a call was shown {latest:.2f} s after its end")
    expect(reads > 3, f"tcpdump read the growing file {reads} times only")
    return f"{len(shown)} calls, the latest after {latest:.2f} s; {reads} looks at the growing file"


def read_growing(left):
    """Whether tcpdump reads what is there: whole packets, nothing torn. A look that falls into a write sees a part of what
    is written, for as long as that takes; the next one does not."""
    for _ in range(3):
        done = subprocess.run(["tcpdump", "-n", "-r", str(left.segments()[0]), "-w", "/dev/null"], capture_output=True,
                              text=True)
        if done.returncode == 0 and "truncated" not in done.stderr:
            return True
    raise Wrong(f"tcpdump of the growing file: {done.stderr.strip()}")


@case
def analyze_an_interface(lab):
    """analyze -i shows calls while they happen, and Ctrl-C ends it"""
    with lab.nginx():
        analyzer = Running(lab, "analyze", "-i", lab.device, "-T", "ndjson", "http", stdout=subprocess.PIPE)
        lines = Lines(analyzer.process.stdout)
        listening(lab)
        for number in range(1, 4):
            lab.fetch(f"/items/{number}")
            until(lambda: len(lines.lines) == number, f"call {number}", 3)
        analyzer.end()
    calls = lines.calls()
    equal([call["request"]["path"] for _, call in calls], ["/items/1", "/items/2", "/items/3"], "calls shown")
    latest = max(delay(came, call) for came, call in calls)
    expect(latest <= LATEST, f"a call was shown {latest:.2f} s after its end")
    equal(analyzer.said, "", "on stderr, away from a terminal")


@case
def analyze_until_a_count(lab):
    """analyze -i -c ends by itself after so many calls"""
    with lab.nginx():
        analyzer = Running(lab, "analyze", "-i", lab.device, "-c", "2", "-T", "fields", "-e", "request.path", "http")
        listening(lab)
        lab.fetch("/items/1", "/items/2", "/items/3")
        equal(analyzer.wait(5), 0, "status")
        equal(analyzer.printed, "/items/1\n/items/2\n", "calls")


@case
def analyze_writes_packets(lab):
    """analyze -i -w writes the whole streams of the calls, and only those"""
    written = lab.folder / "written.pcap"
    with lab.nginx():
        analyzer = Running(lab, "analyze", "-i", lab.device, "-w", written, "-T", "ndjson", "-l",
                           'http and request.path == "/items/2"')
        listening(lab)
        lab.fetch("/items/1", "/items/2", "/items/3")
        until(lambda: analyzer.printed.count("\n") == 1, "the call", 3)
        analyzer.end()
    equal(len(whole_streams(written)), 1, "streams")
    equal(tshark(written, "http.request", "http.request.uri"), ["/items/2"], "requests in the packets")


@case
def analyze_into_a_closed_pipe(lab):
    """analyze -i ends quietly when nobody reads any more"""
    with lab.nginx():
        analyzer = Running(lab, "analyze", "-i", lab.device, "-l", "http", stdout=subprocess.PIPE)
        listening(lab)
        analyzer.process.stdout.close()
        lab.fetch("/items/1", "/items/2")
        equal(analyzer.wait(5), 0, "status")
        equal(analyzer.said, "", "on stderr")


@case
def analyze_ended_by_sigterm(lab):
    """analyze -i without a call ends by SIGTERM with status 0"""
    analyzer = Running(lab, "analyze", "-i", lab.device, "http")
    listening(lab)
    analyzer.end(signal.SIGTERM)
    equal(analyzer.printed, "", "calls")


def listening(lab):
    """Waits until somebody captures in the server's namespace: a packet socket is bound and running."""
    def running():
        listed = lab.pair.run("server", "cat", "/proc/net/packet", capture_output=True, text=True).stdout
        return any(line.split()[5] == "1" for line in listed.splitlines()[1:])

    until(running, "a capture")
