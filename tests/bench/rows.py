# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: each measures ours and theirs on the same file in the same run, and says what is wanted.

A row is a function of a Bench, registered by its name; it prints its jobs with bench.show() and its goals with bench.goal().
"""
import pathlib
import subprocess

import live as traffic
import workloads
from lab import captures, network
from measure import Cost, Failed, measure, measure_first_output

STATEMENT = "http and response.status == 500"
WANTED = "http.response.code == 500"
MIB = 1024 * 1024

ROWS = {}


def row(title):
    def register(function):
        ROWS[function.__name__] = (title, function)
        return function
    return register


class Bench:
    def __init__(self, wiretape, runs, scratch, quick):
        self.wiretape, self.runs, self.scratch, self.quick = wiretape, runs, scratch, quick
        self.build = pathlib.Path(wiretape).resolve()
        self.missed = []
        self.row = ""

    def start(self, name, title, capture=None):
        self.row = name
        print(f"\n{name}: {title}", flush=True)
        if capture:
            size = f"{capture.name}, {capture.stat().st_size / 1e6:.1f} MB, {captures.count(capture):,} packets"
            print(f"  {size:48}{'CPU s':>9}{'wall s':>9}{'anon MiB':>10}{'RSS MiB':>9}{'runs':>6}", flush=True)

    def show(self, what, cost):
        cpu = f"{cost.cpu:.3f}" if cost.cpu else "-"
        anon, rss = (f"{size / MIB:.1f}" if size else "-" for size in (cost.anon, cost.rss))
        print(f"  {what:48}{cpu:>9}{cost.wall:9.3f}{anon:>10}{rss:>9}{cost.runs:6}", flush=True)

    def goal(self, what, value, wanted, met, unit=""):
        print(f"    {what:56}{value:>10.2f}{unit}  goal {wanted:18} {'met' if met else 'MISSED'}", flush=True)
        if not met:
            self.missed.append(f"{self.row}: {what} {value:.2f}{unit}, goal {wanted}")

    def at_least(self, what, value, wanted, unit=""):
        self.goal(what, value, f"at least {wanted:g}{unit}", value >= wanted, unit)

    def at_most(self, what, value, wanted, unit=""):
        self.goal(what, value, f"at most {wanted:g}{unit}", value <= wanted, unit)

    def note(self, what, value, unit=""):
        print(f"    {what:56}{value:>10.2f}{unit}", flush=True)

    def true(self, what, problem):
        """A goal without a number; `problem` says why it is missed, None that it is met."""
        print(f"    {what:56}{'':10}  {'met' if problem is None else 'MISSED: ' + problem}", flush=True)
        if problem is not None:
            self.missed.append(f"{self.row}: {what}: {problem}")

    def analyze(self, capture, *words):
        return [self.wiretape, "analyze", "-r", str(capture), *map(str, words)]


@row("the packets of all streams with a failed call, taken out")
def extract(bench):
    capture = workloads.http_small()
    bench.start("extract", ROWS["extract"][0], capture)
    ours, theirs = bench.scratch / "ours.pcap", bench.scratch / "theirs.pcap"

    cost = measure(bench.analyze(capture, "-w", ours, STATEMENT), bench.runs)
    bench.show("wiretape analyze -w", cost)
    walk = measure(["tcpdump", "-r", capture, "-w", "/dev/null"], bench.runs)
    bench.show("tcpdump -w /dev/null (looks at nothing)", walk)
    tshark = {}
    for way in (captures.BEST, captures.TUNED) if bench.quick else captures.WAYS:
        tshark[way] = _two_passes(capture, theirs, way)
        bench.show(f"tshark, two passes, {way}", tshark[way])

    bench.true("packets the same as tshark's", captures.first_difference(ours, theirs))
    if captures.DEFAULT in tshark:
        bench.at_least("CPU of tshark / ours", tshark[captures.DEFAULT].cpu / cost.cpu, 400)
    bench.at_least("CPU of tshark tuned / ours", tshark[captures.TUNED].cpu / cost.cpu, 100)
    bench.note("CPU of the best tshark found / ours", tshark[captures.BEST].cpu / cost.cpu)
    bench.at_most("CPU of ours / tcpdump", cost.cpu / walk.cpu, 2.5)
    bench.at_most("wall of ours / tcpdump", cost.wall / walk.wall, 2.0)


def _two_passes(capture, out, way):
    # Minutes: once is enough, what it is compared with is far away.
    listed = out.with_suffix(".streams")
    with open(listed, "wb") as file:
        first = measure(captures.list_streams_command(capture, WANTED, way), 1, stdout=file)
    streams = captures.streams_of(listed.read_text())
    return first + measure(captures.write_streams_command(capture, streams, out, way), 1)


@row("every failed call is one of the server's log, and none is missing")
def calls(bench):
    capture = workloads.http_small()
    bench.start("calls", ROWS["calls"][0], capture)
    log = workloads.folder() / "http_small.access.log"
    failed = {request for request, status in (line.split()[:2] for line in log.read_text().splitlines()) if status == "500"}
    listed = bench.scratch / "calls"
    with open(listed, "wb") as file:
        bench.show("wiretape analyze -T fields", measure(
            bench.analyze(capture, "-T", "fields", "-e", 'response.headers["X-Request-Id"]', STATEMENT), 1, stdout=file))
    told = listed.read_text().split()
    missing, extra = len(failed - set(told)), len(set(told) - failed)
    problem = f"{missing} missing, {extra} extra, {len(told) - len(set(told))} twice"
    bench.true(f"{len(failed)} failed calls of nginx's log", None if sorted(failed) == sorted(told) else problem)


@row("every call as a line of JSON")
def ndjson(bench):
    packets = 40_000
    capture = workloads.http_short(packets)  # tshark needs a minute for every 100,000 packets
    bench.start("ndjson", ROWS["ndjson"][0], capture)
    cost = measure(bench.analyze(capture, "-T", "ndjson", "http"), bench.runs)
    bench.show("wiretape analyze -T ndjson", cost)
    theirs = measure(["tshark", "-n", "-r", capture, "-Y", "http", "-T", "ek"], 1)
    bench.show("tshark -T ek", theirs)
    bench.at_least("wall of tshark / ours", theirs.wall / cost.wall, 100)
    whole = workloads.http_small()
    cost = measure(bench.analyze(whole, "-T", "ndjson", "http"), bench.runs)
    bench.show(f"wiretape, all of {whole.name}", cost)
    bench.note("capture read", whole.stat().st_size / 1e6 / cost.wall, " MB/s")


@row("every call as a line of JSON, bodies unpacked")
def bodies(bench):
    _as_json(bench, "bodies", workloads.http_packed(), "http")


@row("every call of HTTP/2 as a line of JSON")
def http2(bench):
    # tshark has to be told what is spoken on this port.
    _as_json(bench, "http2", workloads.http2_short(20_000), "http2", "-d", f"tcp.port=={workloads.HTTP2_PORT},http2")
    whole = workloads.http2()
    packets = bench.scratch / "http2.pcap"
    cost = measure(bench.analyze(whole, "-w", packets, STATEMENT), bench.runs)
    bench.show(f"wiretape -w, all of {whole.name}", cost)
    bench.note("capture read", whole.stat().st_size / 1e6 / cost.wall, " MB/s")


def _as_json(bench, name, capture, statement, *told):
    """The same calls by tshark, which is asked once: it needs minutes."""
    bench.start(name, ROWS[name][0], capture)
    cost = measure(bench.analyze(capture, "-T", "ndjson", statement), bench.runs)
    bench.show("wiretape analyze -T ndjson", cost)
    theirs = measure(["tshark", "-n", "-r", capture, *told, "-Y", statement, "-T", "ek"], 1)
    bench.show("tshark -T ek", theirs)
    bench.at_least("CPU of tshark / ours", theirs.cpu / cost.cpu, 100)


@row("a statement on one protocol, in traffic of many")
def pruned(bench):
    capture = workloads.mixed()
    bench.start("pruned", ROWS["pruned"][0], capture)
    everything = measure(bench.analyze(capture, "-T", "ndjson"), bench.runs)
    bench.show("wiretape, empty statement", everything)
    for statement in ("http and response.status == 500", "dns and response.rcode == 3"):
        one = measure(bench.analyze(capture, "-T", "ndjson", statement), bench.runs)
        bench.show(f"wiretape, {statement}", one)
        bench.at_least("wall of empty statement / this one", everything.wall / one.wall, 1.5)


@row("memory does not grow with the file")
def memory(bench):
    small, large = workloads.http_small(), workloads.http_large()
    bench.start("memory", ROWS["memory"][0], large)
    once = _memory_of_extraction(bench, small)
    ten_times = _memory_of_extraction(bench, large)
    bench.at_most("peak RssAnon, once", once.anon / MIB, 64, " MiB")
    bench.at_most("peak RssAnon, ten times", ten_times.anon / MIB, 64, " MiB")
    bench.at_most("peak RssAnon, ten times / once", ten_times.anon / max(once.anon, 1), 1.1)
    bench.at_most("CPU, ten times / once", ten_times.cpu / once.cpu, 11)


def _memory_of_extraction(bench, capture):
    cost = measure(bench.analyze(capture, "-w", "/dev/null", STATEMENT), 1)
    bench.show(f"wiretape analyze -w, {capture.name}", cost)
    return cost


@row("from the start of the process to its first output")
def start(bench):
    capture = workloads.http_short(100)
    bench.start("start", ROWS["start"][0], capture)
    ours = measure_first_output(bench.analyze(capture, "-T", "ndjson", "http"), 4 * bench.runs)
    theirs = measure_first_output(["tshark", "-n", "-l", "-r", str(capture), "-Y", "http", "-T", "ek"], bench.runs)
    bench.show("wiretape analyze -T ndjson", Cost(wall=ours, runs=4 * bench.runs))
    bench.show("tshark -T ek", Cost(wall=theirs, runs=bench.runs))
    bench.at_most("ours", ours * 1000, 10, " ms")
    bench.at_least("tshark / ours", theirs / ours, 10)


@row("JSON documents that match two selectors")
def match(bench):
    calls = bench.scratch / "calls.ndjson"
    with open(calls, "wb") as file:
        measure(bench.analyze(workloads.http_small(), "-T", "ndjson", "http"), 1, stdout=file)
    megabytes = calls.stat().st_size / 1e6
    bench.start("match", f"{ROWS['match'][0]}: {megabytes:.0f} MB of calls")
    ours = measure(["sh", "-c", 'exec "$0" kfl match "$1" <"$2"', bench.wiretape,
                    'request.method == "GET" and response.status == 500', str(calls)], bench.runs)
    theirs = measure(["jq", "-c", 'select(.request.method == "GET" and .response.status == 500)', str(calls)], 1)
    bench.show("wiretape kfl match", ours)
    bench.show("jq select", theirs)
    bench.at_least("documents read", megabytes / ours.cpu, 300, " MB/s")
    bench.note("CPU of jq / ours", theirs.cpu / ours.cpu)


@row("a statement by itself")
def statement(bench):
    bench.start("statement", ROWS["statement"][0])
    _own_program(bench, "kfl_bench")


@row("fifty jobs that together keep what one keeps")
def jobs(bench):
    bench.start("jobs", ROWS["jobs"][0])
    said = _own_program(bench, "jobs_bench", workloads.http_small())
    bench.at_most("CPU of fifty jobs / one", float(said.split()[-1]), 2)


def _own_program(bench, name, *words):
    """Builds a program of this folder beside the one that is measured, runs it and shows what it says."""
    build = next((folder for folder in bench.build.parents if (folder / "CMakeCache.txt").exists()), None)
    if build is None:
        raise Failed(f"{bench.wiretape} is in no build folder, so {name} cannot be built beside it")
    if subprocess.run(["cmake", "--build", str(build), "--target", name], stdout=subprocess.DEVNULL).returncode != 0:
        raise Failed(f"{name} cannot be built")
    run = subprocess.run([build / "tests/bench" / name, *words], capture_output=True, text=True)
    for line in run.stdout.splitlines():
        print(f"  {line}", flush=True)
    bench.true(f"{name} is content", None if run.returncode == 0 else run.stderr.strip() or "see above")
    return run.stdout


@row("live traffic as fast as it can be made: every call dissected, beside dumpcap which writes everything")
def live(bench):
    if reason := network.why_not():
        bench.note(f"not measured: {reason}", 0)
        return
    bench.start("live", ROWS["live"][0])
    print(f"  {'':48}{'packets':>10}{'dropped':>9}{'% lost':>8}{'us/packet':>11}{'requests':>10}", flush=True)
    for ring in (traffic.RING_MIB, 2):
        theirs = traffic.under_load(traffic.dumpcap, ring)
        ours = traffic.under_load(traffic.recorder(bench.wiretape, STATEMENT), ring)
        for name, seen in ((f"dumpcap -B {ring}", theirs), (f"wiretape -B {ring}Mi '{STATEMENT}'", ours)):
            print(f"  {name:48}{seen.packets:>10}{seen.dropped:>9}{seen.loss:>8.2f}{seen.microseconds:>11.2f}"
                  f"{seen.requests:>10}", flush=True)
        bench.at_most(f"% lost with a ring of {ring} MiB", ours.loss, round(theirs.loss, 2) if theirs.dropped else 0, " %")
    bench.at_most("CPU a packet of dumpcap's", ours.microseconds / theirs.microseconds, 1.5)


@row("what is installed is small")
def size(bench):
    bench.start("size", ROWS["size"][0])
    stripped = bench.scratch / "wiretape"
    if subprocess.run(["strip", "-o", str(stripped), bench.wiretape]).returncode != 0:
        raise Failed("strip failed")
    bench.at_most("stripped binary", stripped.stat().st_size / 1e6, 8, " MB")
