# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: what had been flushed is there, and nothing is told that is not."""
import json
import pathlib
import random
import signal
import time

from live.support import Left, case, children_of, equal, expect, request_id, until

KILLS = 10
FLUSHED = 1.0    # seconds after which a call is with the kernel
SETTLED = 0.5    # seconds after the start from which on every connection began within the capture


@case
def killed_at_random_moments(lab):
    """kill -9 ten times: interrupted at once, everything flushed is read, no call without its packets"""
    chance = random.Random(9)
    kills = []
    with lab.nginx() as nginx:
        lab.load(60)
        for number in range(KILLS):
            name = f"kill-{number}"
            # The kernel forgets to end a child with its parent when the child becomes another user.
            user = ["-Z", "nobody"] if number % 2 else []
            recorder = lab.record("http and response.status == 500", "--segment-size", "200k", *user, name=name)
            began = time.time()
            children = children_of(recorder.process.pid)
            expect(len(children) == 1, f"{len(children)} children of the recorder")
            time.sleep(chance.uniform(0, 1.8))  # the moment itself, not a wait
            recorder.send(signal.SIGKILL).wait()
            kills.append((name, began, time.time()))
            until(lambda: lab.state(name) == "interrupted", f"{name} is interrupted", 1)
            until(lambda: not any(alive(child) for child in children), "the capturing process ends with its parent", 1)
    failed = [request for request in nginx.requests() if request.status == "500" and request.sent > 0]
    calls = 0
    for name, began, ended in kills:
        calls += look_at(lab, name, {request.id for request in failed if began + SETTLED < request.time < ended - FLUSHED})
    expect(calls, "no call was recorded at all: nothing to look at")
    return f"{KILLS} kills, {calls} calls"


def look_at(lab, name, due):
    left = Left(lab, name)
    calls, streams, packets = left.calls(), left.streams(), b"".join(data for _, data in left.packets())
    told = {request_id(call) for call in calls}
    expect(due <= told, f"{name}: {len(due - told)} of {len(due)} calls that were due are not there")
    for call in calls:
        expect(request_id(call).encode() in packets, f"{name}: {call['id']} is there without its packets")
        expect(call["stream"] in streams, f"{name}: the stream of {call['id']} is not in streams.ndjson")
    shown = lab.ask("analyze", "--store", lab.store, "-T", "ndjson", f'record("{name}")').splitlines()
    equal(sorted(json.loads(line)["id"] for line in shown), sorted(call["id"] for call in calls), f"{name}: calls shown")
    redissected = lab.ask("analyze", "--store", lab.store, "--redissect", "-T", "fields",
                          "-e", 'response.headers["X-Request-Id"]', f'record("{name}") and response.status == 500')
    expect(told <= set(redissected.splitlines()), f"{name}: some of {len(told)} calls are not in the packets")
    verified = lab.run("record", "verify", "--store", lab.store, name)
    equal(verified.returncode, 0, f"{name}: status of verify ({verified.stdout})")
    files = [path for path in left.folder.glob("*/*") if path.suffix in (".pcap", ".ndjson")]
    closed = {entry["name"] for path in left.folder.glob("*/manifest.json") for entry in entries(path)}
    for path in files:
        named = path.name in verified.stdout
        expect(named != (path.name in closed), f"{name}: verify says of {path.name}: {verified.stdout}")
    return len(calls)


def entries(manifest):
    return json.loads(manifest.read_text())["files"]


def alive(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
