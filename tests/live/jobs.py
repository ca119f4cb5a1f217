# SPDX-License-Identifier: Apache-2.0
"""Jobs by their schedules: one at a time in the background, many in one process, and over kills and new starts."""
import datetime
import os
import random
import signal
import time

from live.support import Left, Running, case, children_of, equal, expect, request_id, until

JOBS = 20
SECONDS = float(os.environ.get("WIRETAPE_SOAK_SECONDS", "12"))
FLUSHED = 2.0  # seconds after which a call is with the kernel: one disk syncs for twenty recordings in between
SETTLED = 0.5  # seconds after a start from which on every connection began within the capture


def moment(seconds):
    """So far from now, as --start takes it, and in seconds since 1970."""
    at = time.time() + seconds
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), at


def run_jobs(lab):
    return Running(lab, "record", "run", "--store", lab.store).wait_for("running the jobs")


def create(lab, name, statement, *words):
    return lab.ask("record", "create", "--store", lab.store, "--name", name, "-i", lab.device, *words, statement)


@case
def twenty_jobs_over_kills(lab):
    """20 jobs begin at a moment to come; the process is killed again and again; no call is missing outside the gaps"""
    chance = random.Random(6)
    gaps = []
    with lab.nginx() as nginx:
        runner = run_jobs(lab)
        start, began = moment(4)
        for number in range(JOBS):
            create(lab, f"job-{number}", f'http and response.status == 500 and '
                   f'response.headers["X-Request-Id"] == r"{number % 16:x}$"', "--start", start, "--duration", "1d")
        lab.load(int(SECONDS) + 20)
        until(lambda: runner.said.count('recording "job-') == JOBS, "all jobs record")
        expect(time.time() < began + 2, "the jobs began late")
        gaps.append((began - FLUSHED, time.time() + SETTLED))
        end = time.time() + SECONDS
        while time.time() < end:
            time.sleep(chance.uniform(3, 5))  # the moment itself, not a wait
            expect(len(children_of(runner.process.pid)) == 1, "jobs that capture alike share one capture")
            killed = time.time()
            runner.send(signal.SIGKILL).wait()
            runner = run_jobs(lab)
            until(lambda: runner.said.count('recording "job-') == JOBS, "all jobs record again")
            gaps.append((killed - FLUSHED, time.time() + SETTLED))
        time.sleep(2)  # something to record behind the last start
        stopped = time.time()
        for number in range(JOBS):
            lab.ask("record", "stop", "--store", lab.store, f"job-{number}")
        runner.end()
    failed = [request for request in nginx.requests() if request.status == "500" and request.sent > 0]
    calls = 0
    for number in range(JOBS):
        due = {request.id for request in failed
               if request.id.endswith(f"{number % 16:x}") and began < request.time < stopped - FLUSHED
               and not any(first < request.time < last for first, last in gaps)}
        told = [request_id(call) for call in Left(lab, f"job-{number}").calls()]
        missing = [request.time for request in failed if request.id in due - set(told)]
        expect(not missing, f"job-{number}: {len(missing)} of {len(due)} calls that were due are missing, at "
               f"{missing[:3]}; gaps: {gaps}")
        expect(len(told) == len(set(told)), f"job-{number}: calls stand there twice")
        described = lab.described(f"job-{number}")
        equal(described["state"], "stopped", f"state of job-{number}")
        states = [one["state"] for one in described["iterations"]]
        equal(states, ["interrupted"] * (len(gaps) - 1) + ["stopped"], f"iterations of job-{number}")
        equal(lab.run("record", "verify", "--store", lab.store, f"job-{number}").returncode, 0, f"verify of job-{number}")
        calls += len(due)
    expect(calls, f"no call of {len(failed)} of {len(nginx.requests())} was due: nothing to look at in {gaps}, {began} to {stopped}")
    return f"{len(gaps) - 1} kills, {calls} calls due"


@case
def a_store_that_is_run(lab):
    """record run takes up what is created, waits for starts, obeys stop and delete, and goes on after an end"""
    with lab.nginx():
        runner = run_jobs(lab)
        start, _ = moment(2)
        create(lab, "now", "http")
        create(lab, "later", "http", "--start", start, "--duration", "3s")
        create(lab, "much-later", "http", "--start", moment(3600)[0], "--duration", "60")
        runner.wait_for('recording "now"')
        until(lambda: lab.described("much-later"), "the third is listed")
        until(lambda: lab.state("much-later") == "scheduled", "the third waits for its time")
        runner.wait_for('recording "later"')
        equal(len(children_of(runner.process.pid)), 1, "captures for two jobs")
        lab.fetch("/items/1")
        for name in ("now", "later"):
            until(lambda: Left(lab, name).calls(), f"the call in {name}")
        until(lambda: lab.state("later") == "completed", "its time is over")
        lab.fetch("/items/2")
        until(lambda: len(Left(lab, "now").calls()) == 2, "the second call")
        equal(len(Left(lab, "later").calls()), 1, "calls of the job that is over")
        lab.ask("record", "stop", "--store", lab.store, "now", "much-later")
        equal([lab.state("now"), lab.state("much-later")], ["stopped", "stopped"], "states")
        create(lab, "again", "http")
        runner.wait_for('recording "again"')
        lab.ask("record", "delete", "--yes", "--store", lab.store, "again")
        equal(lab.described("again"), None, "what is left of a deleted job")
        other = lab.run("record", "run", "--store", lab.store)
        equal(other.returncode, 23, "status of a second record run")
        runner.end()


@case
def in_the_background(lab):
    """--detach comes back when it records; what it says is in the log; a stop ends it; a refusal is told at once"""
    with lab.nginx():
        create(lab, "x", "http", "--detach")
        lab.fetch("/items/1")
        until(lambda: Left(lab).calls(), "the call")
        lab.ask("record", "stop", "--store", lab.store, "x")
        equal(lab.state(), "stopped", "state")
        expect("packets captured" in (lab.store / "x" / "log").read_text(), "the log has the counters")
        refused = lab.run("record", "create", "--store", lab.store, "--name", "y", "-i", "nope", "--detach", "http")
        equal(refused.returncode, 2, "status for an interface that is not there")
        expect("nope" in refused.stderr, f"sentence: {refused.stderr!r}")
        equal(lab.described("y"), None, "what is left of it")


@case
def gone_on_with(lab):
    """--resume goes on with an interrupted recording in a new segment, by what it was made with"""
    with lab.nginx():
        recorder = lab.record("http")
        lab.fetch("/items/1")
        until(lambda: Left(lab).calls(), "the first call")
        recorder.send(signal.SIGKILL).wait()
        until(lambda: lab.state() == "interrupted", "it is interrupted")
        again = Running(lab, "record", "create", "--store", lab.store, "--resume", "x").wait_for('recording "x"')
        lab.fetch("/items/2")
        until(lambda: len(Left(lab).calls()) == 2, "the second call")
        again.end()
        described = lab.described()
        equal([one["state"] for one in described["iterations"]], ["interrupted", "stopped"], "iterations")
        over = lab.run("record", "create", "--store", lab.store, "--resume", "x")
        equal(over.returncode, 23, "status of going on with what is over")


@case
def two_days_in_seconds(lab):
    """a start that has passed is gone on with late, ends on time, and hooks are told of the segment and of the end"""
    with lab.nginx():
        told = lab.folder / "told"
        hook = f'echo "$WIRETAPE_NAME $WIRETAPE_STATE $WIRETAPE_CALLS $(basename "$WIRETAPE_FILE")" >> {told}'
        start, _ = moment(-86400 - 5)
        recorder = lab.record("http", "--start", start, "--iterations", "2", "--duration", "12s", "--on-segment", hook,
                              "--on-end", hook)
        lab.fetch("/items/1")
        equal(recorder.wait(30), 0, "status")
        described = lab.described()
        equal(described["state"], "completed", "state")
        equal(described["missed"], 1, "iterations that were missed")
        equal(len(described["iterations"]), 1, "iterations that were recorded")
        equal(told.read_text().splitlines(), ["x  1 000001.pcap", "x completed 1 "], "what the hooks were told")
