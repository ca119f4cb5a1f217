# SPDX-License-Identifier: Apache-2.0
"""A client and a server of our own: two network namespaces joined by a veth pair, gone when the block is left."""
import os
import re
import signal
import subprocess
import time

CLIENT, SERVER = "client", "server"
ADDRESS = {CLIENT: "10.77.0.1", SERVER: "10.77.0.2"}


def why_not():
    """None where namespaces can be made, else the reason."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = f"wtprobe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode != 0:
        return f"ip netns add: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", probe], check=True)
    return None


class Pair:
    def __init__(self):
        self.namespace = {side: f"wt{os.getpid()}{side}" for side in (CLIENT, SERVER)}
        # 15 characters are the longest name of an interface.
        self.device = {side: f"wt{os.getpid()}{side[0]}" for side in (CLIENT, SERVER)}
        self.processes = []

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_):
        self._remove()

    def _make(self):
        for side in (CLIENT, SERVER):
            _do("ip", "netns", "add", self.namespace[side])
        _do("ip", "link", "add", self.device[CLIENT], "netns", self.namespace[CLIENT], "type", "veth",
            "peer", "name", self.device[SERVER], "netns", self.namespace[SERVER])
        for side in (CLIENT, SERVER):
            inside = ("ip", "-n", self.namespace[side])
            _do(*inside, "addr", "add", ADDRESS[side] + "/24", "dev", self.device[side])
            _do(*inside, "link", "set", "lo", "up")
            _do(*inside, "link", "set", self.device[side], "mtu", "1500", "up")
            # Without these a veth pair passes segments of 64 KiB without checksums, which no wire carries.
            _do("ip", "netns", "exec", self.namespace[side], "ethtool", "-K", self.device[side],
                "tso", "off", "gso", "off", "gro", "off", "tx", "off")

    def _remove(self):
        for process in reversed(self.processes):
            stop(process)
        for side in (CLIENT, SERVER):
            subprocess.run(["ip", "netns", "del", self.namespace[side]], capture_output=True)

    def run(self, side, *command, **options):
        return subprocess.run(["ip", "netns", "exec", self.namespace[side], *command], check=True, **options)

    def start(self, side, *command, **options):
        """Runs until it ends by itself, stop() is called, or the pair is left."""
        process = subprocess.Popen(["ip", "netns", "exec", self.namespace[side], *command], **options)
        self.processes.append(process)
        return process

    def wait_for_port(self, side, port, seconds=10):
        pattern = re.compile(rf":{port}\b")
        for _ in range(seconds * 20):
            if pattern.search(self.run(side, "ss", "-Hlntu", capture_output=True, text=True).stdout):
                return
            time.sleep(0.05)
        raise RuntimeError(f"nothing listens on port {port} after {seconds} s")


class Capture:
    """tcpdump on one side's interface while the block runs; it must lose nothing."""

    def __init__(self, pair, path, side=SERVER):
        self.pair, self.path, self.side = pair, path, side

    def __enter__(self):
        self.process = self.pair.start(
            self.side, "tcpdump", "-i", self.pair.device[self.side], "-n", "-s", "0", "-B", "524288", "-Z", "root",
            "-w", str(self.path), stderr=subprocess.PIPE, text=True)
        first = self.process.stderr.readline()
        while first and "listening on" not in first:
            first = self.process.stderr.readline()
        if not first:
            raise RuntimeError("tcpdump did not start")
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            time.sleep(1.5)  # what is still in the ring when tcpdump is told to stop is not written
        stop(self.process, signal.SIGINT)
        said = self.process.stderr.read()
        lost = re.search(r"(\d+) packets? dropped by kernel", said)
        if kind is None and (lost is None or lost[1] != "0"):
            raise RuntimeError(f"the capture is not whole: {said.strip()}")


def stop(process, number=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _do(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
