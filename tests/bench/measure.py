# SPDX-License-Identifier: Apache-2.0
"""What a command costs: CPU, wall, memory; the median of several runs after a warm-up.

CPU is what the kernel accounts to the process and its children when it is waited for, so a short run is counted whole.
Memory is the peak of RssAnon: what the process itself asked for, without the program's and the file's pages. The kernel
keeps no peak of it, so it is read from /proc every 2 ms, in a run of its own which is not timed (in the only run of
something slow). VmHWM, of which the kernel keeps the peak but which counts file pages too, stands beside it as the
bound that sampling cannot miss. (Not ru_maxrss: it begins with what the parent had before exec.)
"""
import dataclasses
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

SAMPLE_EVERY = 0.002  # seconds


@dataclasses.dataclass
class Cost:
    cpu: float = 0.0   # seconds
    wall: float = 0.0  # seconds
    anon: int = 0      # bytes, peak of RssAnon; 0 where it was not measured
    rss: int = 0       # bytes, peak of the whole resident set
    runs: int = 1

    def __add__(self, other):
        """Of two commands one after the other."""
        return Cost(self.cpu + other.cpu, self.wall + other.wall, max(self.anon, other.anon), max(self.rss, other.rss),
                    min(self.runs, other.runs))


class Failed(Exception):
    pass


def measure(command, runs, stdout=subprocess.DEVNULL):
    """The median cost of `runs` runs after a warm-up, and the memory of one more. One run alone is that of something slow:
    without a warm-up, and watched while it is timed."""
    command = [str(word) for word in command]
    if runs == 1:
        return _run(command, stdout, _watch)
    watched = _run(command, stdout, _watch)  # the warm-up too
    costs = [_run(command, stdout) for _ in range(runs)]
    return Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs),
                watched.anon, watched.rss, runs)


def measure_first_output(command, runs):
    """Median seconds from the start of the process to the first byte of its output."""
    command = [str(word) for word in command]
    times = []
    for number in range(runs + 1):
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            first = process.stdout.read(1)
            took = time.perf_counter() - began
            process.stdout.read()
        if not first:
            raise Failed(f"{' '.join(command)}: no output")
        if number > 0:
            times.append(took)
    return statistics.median(times)


def _run(command, stdout, watch=None):
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=said)
        anon, rss = watch(process.pid) if watch else (0, 0)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise Failed(f"{' '.join(command)[:300]}: status {process.returncode}\n{said.read(2000).decode(errors='replace')}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, anon, rss)


def _watch(pid):
    """(peak of RssAnon, of VmHWM) of a process and its children, until it has ended; it stays to be waited for."""
    peak_anon = peak_rss = 0
    while memory := _memory_of_family(pid):
        peak_anon, peak_rss = max(peak_anon, memory[0]), max(peak_rss, memory[1])
        time.sleep(SAMPLE_EVERY)
    return peak_anon, peak_rss


def _memory_of_family(pid):
    """(RssAnon, VmHWM) in bytes, None when it has ended."""
    try:
        lines = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if "RssAnon" not in lines:  # ended, and not yet waited for
        return None
    families = [memory for child in children if (memory := _memory_of_family(child))]
    anon, rss = (1024 * int(lines[key].split()[0]) for key in ("RssAnon", "VmHWM"))
    return anon + sum(family[0] for family in families), rss + sum(family[1] for family in families)
