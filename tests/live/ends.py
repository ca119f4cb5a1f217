# SPDX-License-Identifier: Apache-2.0
"""How a recording ends, and what may be asked of it before."""
import json
import os
import signal
import subprocess
import time

from live.support import Left, Running, case, equal, expect, until

NOTHING = ("-f", "tcp port 9")  # discard: nobody sends there


@case
def a_duration_without_packets(lab):
    """--duration ends by the clock although no packet comes"""
    recorder = lab.record("--duration", "2s", *NOTHING)
    began = time.monotonic()
    equal(recorder.wait(), 0, "status")
    took = time.monotonic() - began
    expect(1.5 < took < 4, f"two seconds took {took:.1f} s")
    expect(" until " in recorder.said, f"no end is named in {recorder.said!r}")
    equal(recorder.counters(), (0, 0, 0), "packets captured, received, dropped")
    equal(lab.state(), "completed", "state")


@case
def ctrl_c(lab):
    """SIGINT flushes, prints the counters and ends with status 0"""
    ended_by(lab, signal.SIGINT)


@case
def sigterm(lab):
    """SIGTERM flushes, prints the counters and ends with status 0"""
    ended_by(lab, signal.SIGTERM)


def ended_by(lab, number):
    with lab.nginx():
        recorder = lab.record("http")
        lab.fetch("/items/1")
        # At once: what has just passed is still in the kernel's ring.
        recorder.end(number)
    captured, _, dropped = recorder.counters()
    expect(captured >= 9 and dropped == 0, f"counters {recorder.counters()}")
    # Neighbours that look for each other are streams, too.
    expect("1 call matched in 1 stream (of 1 call in " in recorder.said, recorder.said)
    equal([call["request"]["path"] for call in Left(lab).calls()], ["/items/1"], "calls")
    equal(lab.state(), "stopped", "state")


@case
def counters_on_request(lab):
    """SIGUSR1 prints the counters and recording goes on"""
    with lab.nginx():
        recorder = lab.record("http")
        lab.fetch("/items/1")
        until(lambda: Left(lab).calls(), "the call")
        recorder.send(signal.SIGUSR1).wait_for("dropped by kernel")
        captured = recorder.counters()[0]
        expect(captured >= 9, f"{captured} packets captured")
        lab.fetch("/items/2")
        until(lambda: len(Left(lab).calls()) == 2, "the second call")
        recorder.send(signal.SIGUSR1)
        until(lambda: recorder.said.count("dropped by kernel") == 2, "the second report")
        expect(recorder.counters()[0] > captured, "the counters stand still")
        recorder.end()


@case
def flush_on_request(lab):
    """SIGUSR2 brings everything to the files and recording goes on"""
    with lab.nginx():
        recorder = lab.record()
        lab.fetch("/items/1")
        recorder.send(signal.SIGUSR2)
        until(lambda: len(Left(lab).packets()) >= 9, "packets of the call", 1)
        lab.fetch("/items/2")
        until(lambda: len(Left(lab).calls()) == 2, "the second call")
        recorder.end()
    equal(lab.state(), "stopped", "state")


@case
def record_stop(lab):
    """record stop ends a running recording and keeps its folder; a second one is told that there is none"""
    with lab.nginx():
        recorder = lab.record("http")
        lab.fetch("/items/1")
        until(lambda: Left(lab).calls(), "the call")
        lab.ask("record", "stop", "--store", lab.store, "x")
        equal(lab.state(), "stopped", "state when stop returns")
        equal(recorder.wait(), 0, "status of the recorder")
    equal(len(Left(lab).calls()), 1, "calls")
    again = lab.run("record", "stop", "--store", lab.store, "x")
    equal(again.returncode, 23, "status of stopping it again")
    equal(again.stderr.splitlines()[0], 'wiretape: recording "x" is not running, it is stopped', "sentence")
    equal(lab.run("record", "stop", "--store", lab.store, "nobody").returncode, 23, "status of stopping what is not there")


@case
def nobody_listens_on_stderr(lab):
    """a closed stderr is no reason to lose a recording"""
    with lab.nginx():
        recorder = Running(lab, "record", "create", "--store", lab.store, "--name", "x", "-i", lab.device, "http",
                           stderr=subprocess.PIPE)
        expect(b'recording "x"' in recorder.process.stderr.readline(), "no first line")
        recorder.process.stderr.close()
        lab.fetch("/items/1")
        recorder.send(signal.SIGUSR1)
        until(lambda: Left(lab).calls(), "the call")
        recorder.end()
    equal(lab.state(), "stopped", "state")
    equal(len(Left(lab).calls()), 1, "calls")


@case
def nobody_listens_on_stdout(lab):
    """--json into a closed pipe ends quietly"""
    reading, writing = os.pipe()
    recorder = lab.record("--json", *NOTHING, stdout=writing)
    os.close(writing)
    os.close(reading)
    recorder.end()
    expect("cannot write" not in recorder.said, recorder.said)
    equal(lab.state(), "stopped", "state")


@case
def the_recording_as_json(lab):
    """--json prints the recording at its end, and only that"""
    recorder = lab.record("--json", *NOTHING).end()
    told = json.loads(recorder.printed)
    equal((told["name"], told["state"]), ("x", "stopped"), "name and state")


@case
def a_packet_count(lab):
    """-c ends after so many packets, and captures no more"""
    recorder = lab.record("-c", "7")
    with lab.nginx():
        lab.fetch("/items/1", "/items/2", "/items/3")
        equal(recorder.wait(), 0, "status")
    equal(recorder.counters()[0], 7, "packets captured")
    equal(len(Left(lab).packets()), 7, "packets kept")
    equal(lab.state(), "completed", "state")
