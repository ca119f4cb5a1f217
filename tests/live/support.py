# SPDX-License-Identifier: Apache-2.0
"""What the live tests share: a lab with a web server, a wiretape that goes on, and what it left behind."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from lab import captures, network, web
from lab.network import CLIENT, SERVER

WAIT = 15  # seconds that anything may take on a busy machine
SERVER_URL = f"http://{network.ADDRESS[SERVER]}:{web.PORT}"
COUNTERS = re.compile(r"^(\d+) packets? captured\n(\d+) packets? received by filter\n(\d+) packets? dropped by kernel$", re.M)


class Wrong(Exception):
    """What was seen is not what should be."""


def expect(good, what):
    if not good:
        raise Wrong(what)


def equal(seen, expected, what):
    expect(seen == expected, f"{what}: {seen!r}, not {expected!r}")


def until(condition, what, seconds=WAIT):
    """Waits for a condition, and gives what it gave."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Wrong(f"after {seconds} s still not: {what}")
        time.sleep(0.02)
    return value


CASES = {}


def case(function):
    """A test: its name is the function's with dashes, its sentence the first line of its words."""
    CASES[function.__name__.replace("_", "-")] = function
    return function


class Lab:
    """Two namespaces, a folder that every user may pass through, and in it a store."""

    def __init__(self, wiretape):
        self.wiretape = str(wiretape)

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.folder.chmod(0o755)
        self.store = self.folder / "store"
        self.pair = network.Pair().__enter__()
        self.device = self.pair.device[SERVER]
        return self

    def __exit__(self, *problem):
        self.pair.__exit__(*problem)
        self.scratch.cleanup()

    def nginx(self, **options):
        return web.Nginx(self.pair, self.folder / "nginx", **options)

    def binary_for_others(self):
        """The wiretape where any user can start it."""
        copy = self.folder / "wiretape"
        if not copy.exists():
            shutil.copy(self.wiretape, copy)
            copy.chmod(0o755)
        return str(copy)

    def run(self, *words, side=SERVER):
        """A wiretape that ends by itself; its status is the caller's matter."""
        command = ["ip", "netns", "exec", self.pair.namespace[side], self.wiretape, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.folder)

    def ask(self, *words):
        """Its standard output; it must end well."""
        done = self.run(*words)
        equal(done.returncode, 0, f"status of {' '.join(map(str, words))} ({done.stderr.strip()})")
        return done.stdout

    def record(self, *words, name="x", device=None, **options):
        """`record create` that has begun to capture."""
        interfaces = [] if "-i" in words else ["-i", device or self.device]
        return Running(self, "record", "create", "--store", self.store, "--name", name, *interfaces, *words,
                       **options).wait_for('recording "')

    def described(self, name="x"):
        """What `record list` says of a recording, None when it is not there."""
        listed = json.loads(self.ask("record", "list", "--store", self.store, "--json"))
        return next((one for one in listed if one["name"] == name), None)

    def state(self, name="x"):
        return self.described(name)["state"]

    def fetch(self, *paths):
        """GETs them, one after the other; their answers do not matter."""
        for path in paths:
            self.pair.run(CLIENT, "curl", "-s", "-o", "/dev/null", SERVER_URL + path)

    def load(self, seconds, connections=16):
        """As many requests as two processors can take, for the smallest item: it is the calls that matter, not the bytes."""
        items = (self.folder / "nginx" / "www" / "items").iterdir()
        smallest = min(items, key=lambda item: (item.stat().st_size, item.name)).name
        return self.pair.start(CLIENT, "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s",
                               f"{SERVER_URL}/items/{smallest}", stdout=subprocess.DEVNULL)


class Running:
    """A program in a namespace, with all that it has said so far."""

    def __init__(self, lab, *words, side=SERVER, before=(), program=None, after=(), stdout=None, stderr=None):
        self.out, self.err = (tempfile.TemporaryFile("w+b") for _ in range(2))
        self.words = " ".join(map(str, words))
        self.process = lab.pair.start(side, *before, program or lab.wiretape, *map(str, words), *after,
                                      stdout=stdout or self.out, stderr=stderr or self.err, cwd=lab.folder)

    @property
    def said(self):
        return self._read(self.err)

    @property
    def printed(self):
        return self._read(self.out)

    @staticmethod
    def _read(file):
        return os.pread(file.fileno(), 1 << 26, 0).decode(errors="backslashreplace")

    def wait_for(self, text, seconds=WAIT):
        def ready():
            if text in self.said:
                return True
            expect(self.process.poll() is None, f"{self.words} ended with {self.process.poll()}: {self.said}")
            return False

        until(ready, f"{text!r} on stderr of {self.words}, which says {self.said!r}", seconds)
        return self

    def send(self, number):
        self.process.send_signal(number)
        return self

    def wait(self, seconds=WAIT):
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{self.words} is still there after {seconds} s; it says {self.said!r}") from None

    def end(self, number=signal.SIGINT):
        """Ends it by a signal, which is a good end."""
        equal(self.send(number).wait(), 0, f"status of {self.words} ({self.said.strip()})")
        return self

    def counters(self):
        """captured, received, dropped of the last report."""
        found = COUNTERS.findall(self.said)
        expect(found, f"no counters in tcpdump's words in {self.said!r}")
        return tuple(map(int, found[-1]))


def children_of(process):
    tasks = pathlib.Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text().split()]


class Lines:
    """Lines of a pipe, each with the time at which it came."""

    def __init__(self, pipe):
        self.lines = []
        self.thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.thread.start()

    def _read(self, pipe):
        for line in pipe:
            self.lines.append((time.time(), line))

    def calls(self):
        self.thread.join(WAIT)
        return [(came, json.loads(line)) for came, line in self.lines]


class Left:
    """The files of a recording."""

    def __init__(self, lab, name="x"):
        self.folder = lab.store / name

    def segments(self):
        """The packet files, in the order in which they were begun."""
        return sorted(self.folder.glob("*/*.pcap"))

    def calls(self):
        return self._objects("calls")

    def streams(self):
        """Stream -> what its last line says."""
        return {line["id"]: line for line in self._objects("streams")}

    def _objects(self, kind):
        """Of whole lines only."""
        texts = (path.read_bytes() for path in sorted(self.folder.glob(f"*/*.{kind}.ndjson")))
        return [json.loads(line) for text in texts for line in text[: text.rfind(b"\n") + 1].splitlines()]

    def packets(self):
        """(time, bytes) of the whole packets of all segments."""
        return [packet for path in self.segments() for packet in whole_packets(path)]


def whole_packets(path):
    """(time, bytes) up to where the file is cut."""
    found = []
    if path.stat().st_size < captures.FILE_HEADER:
        return found
    try:
        for time_, _, data in captures.packets(path):
            found.append((time_, data))
    except (ValueError, OSError) as problem:
        if "is cut" not in str(problem):
            raise
    return found


def request_id(call):
    return call["response"]["headers"]["X-Request-Id"]


def failures(nginx):
    """The requests that were answered 500, as nginx's log has them. One whose client had gone was answered nothing."""
    return {request.id for request in nginx.requests() if request.status == "500" and request.sent > 0}


def same(recorded, logged, what):
    """Exactly these calls: none missing, none more, none twice."""
    expect(logged, "the server logged no failed call: nothing to compare with")
    expect(len(recorded) == len(set(recorded)), f"{len(recorded) - len(set(recorded))} calls twice in {what}")
    missing, extra = sorted(set(logged) - set(recorded)), sorted(set(recorded) - set(logged))
    expect(not missing, f"{len(missing)} of {len(logged)} failed calls are not in {what}: {missing[:3]}")
    expect(not extra, f"{len(extra)} calls in {what} did not fail: {extra[:3]}")


def tshark(path, wanted, *fields):
    named = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(["tshark", "-n", "-r", str(path), "-Y", wanted, "-T", "fields", *named],
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
