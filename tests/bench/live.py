# SPDX-License-Identifier: Apache-2.0
"""Live: nginx and wrk between two namespaces, one recorder at a time on the server's interface."""
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import time

from lab import network, web
from measure import Failed

SECONDS = 8
RING_MIB = 128


class Seen:
    """What a recorder saw of a load, and what that cost."""

    def __init__(self, packets, dropped, cpu, requests):
        self.packets, self.dropped, self.cpu, self.requests = packets, dropped, cpu, requests

    @property
    def microseconds(self):
        return 1e6 * self.cpu / max(self.packets, 1)

    @property
    def loss(self):
        return 100 * self.dropped / max(self.packets + self.dropped, 1)


def dumpcap(device, folder, ring):
    return ["dumpcap", "-q", "-i", device, "-B", ring, "-w", folder / "all.pcapng"]


def recorder(wiretape, statement):
    return lambda device, folder, ring: [wiretape, "record", "create", "-i", device, "-B", f"{ring}Mi", "--store",
                                         folder / "store", "--name", "x", statement]


def under_load(command, ring=RING_MIB, connections=64):
    """A recorder while wrk asks as fast as it can."""
    with tempfile.TemporaryDirectory() as scratch, network.Pair() as pair:
        folder = pathlib.Path(scratch)
        folder.chmod(0o755)
        with web.Nginx(pair, folder / "nginx"):
            words = [str(word) for word in command(pair.device[network.SERVER], folder, ring)]
            process = subprocess.Popen(["ip", "netns", "exec", pair.namespace[network.SERVER], *words],
                                       stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
            time.sleep(1)  # both say differently, or not at all, that they have begun
            load = pair.start(network.CLIENT, "wrk", "-t", "1", "-c", str(connections), "-d", f"{SECONDS}s",
                              f"http://{network.ADDRESS[network.SERVER]}:{web.PORT}/items/1", stdout=subprocess.PIPE)
            asked = load.communicate()[0].decode()
            at_load = resource.getrusage(resource.RUSAGE_CHILDREN)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)[1]
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime) - (at_load.ru_utime + at_load.ru_stime)
    return Seen(*counts(said), cpu, int(re.search(r"(\d+) requests in", asked).group(1)))


def counts(said):
    """packets that arrived, packets that the kernel dropped, in the words of either."""
    if found := re.search(r": (\d+)/(\d+) \(pcap", said):
        got, lost = map(int, found.groups())  # dumpcap: received/dropped
        return got, lost
    got, lost = re.search(r"^(\d+) packets? captured", said, re.M), re.search(r"^(\d+) packets? dropped", said, re.M)
    if not got or not lost:
        raise Failed(f"no counters in {said!r}")
    return int(got.group(1)), int(lost.group(1))
