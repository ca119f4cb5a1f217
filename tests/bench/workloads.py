# SPDX-License-Identifier: Apache-2.0
"""The captures that are measured on: real servers and clients between two network namespaces, made once and kept outside
the repository ($WIRETAPE_BENCH_DIR, else ~/.cache/wiretape-bench)."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from lab import captures
from lab.network import ADDRESS, CLIENT, SERVER, Capture, Pair, stop
from lab.web import HTTP2_PORT, ITEMS, PORT, TLS_PORT, Nginx

SERVER_ADDRESS = ADDRESS[SERVER]

# wrk counts time, not calls: each of its threads stops when it has its share. Every request asks for another item.
LONGEST = 300  # seconds; wrk itself would sleep that long after its threads have stopped
WRK_SCRIPT = """
local number = 0
local answers = 0
request = function()
  number = number + 1
  return wrk.format("GET", "/items/" .. (number * 7 % {items}), {{["Accept-Encoding"] = "{accepts}"}})
end
response = function()
  answers = answers + 1
  if answers >= {calls} then wrk.thread:stop() end
end
"""


def folder():
    base = os.environ.get("WIRETAPE_BENCH_DIR")
    if not base:
        base = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "wiretape-bench"
    path = pathlib.Path(base)
    path.mkdir(parents=True, exist_ok=True)
    return path


def http_small():
    """100,000 HTTP calls of which 1 % fail, over about 5,000 connections of 20 calls. Beside it: nginx's access log."""
    return _made("http_small.pcap", _make_http_small)


def http_large():
    """http_small ten times over, one after the other, between other addresses."""
    return _made("http_large.pcap", lambda target, _: captures.repeat(http_small(), target, 10))


def http_short(limit):
    """The first packets of http_small, for those who need long."""
    return _made(f"http_first_{limit}.pcap", lambda target, _: captures.shorten(http_small(), target, limit))


def http_packed():
    """5,000 HTTP calls on 250 connections, their JSON bodies as gzip."""
    return _made("http_packed.pcap", _make_http_packed)


def http2():
    """50,000 calls on 50 HTTP/2 connections, 32 at a time on each."""
    return _made("http2.pcap", _make_http2)


def http2_short(limit):
    """The first packets of http2, for those who need long."""
    return _made(f"http2_first_{limit}.pcap", lambda target, _: captures.shorten(http2(), target, limit))


def mixed():
    """HTTP, Redis, DNS, TLS and bulk TCP at the same time."""
    return _made("mixed.pcap", _make_mixed)


def _made(name, make):
    target = folder() / name
    if not target.exists():
        print(f"making {target}", flush=True)
        began = time.monotonic()
        part = target.with_suffix(".part")
        with tempfile.TemporaryDirectory(prefix="wiretape-bench-") as scratch:
            os.chmod(scratch, 0o755)
            make(part, pathlib.Path(scratch))
        part.rename(target)
        print(f"  {target.stat().st_size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s", flush=True)
    return target


def _make_http_small(target, scratch):
    with Pair() as pair, Nginx(pair, scratch / "nginx", keepalive=20) as nginx:
        with Capture(pair, target):
            _wait_for_wrk(_start_wrk(pair, scratch / "wrk", f"http://{SERVER_ADDRESS}:{PORT}", 100_000, 32, 2))
        stop(nginx.process)
        shutil.copy(nginx.log, folder() / "http_small.access.log")


def _make_http_packed(target, scratch):
    with Pair() as pair, Nginx(pair, scratch / "nginx", keepalive=20, packed=True):
        with Capture(pair, target):
            url = f"http://{SERVER_ADDRESS}:{PORT}"
            _wait_for_wrk(_start_wrk(pair, scratch / "wrk", url, 5000, 16, 1, accepts="gzip"))


def _make_http2(target, scratch):
    items = scratch / "items"
    items.write_text("".join(f"http://{SERVER_ADDRESS}:{HTTP2_PORT}/items/{n * 7 % ITEMS}\n" for n in range(ITEMS)))
    with Pair() as pair, Nginx(pair, scratch / "nginx", keepalive=100_000, http2=True):
        with Capture(pair, target):
            for _ in range(5):
                client = pair.start(CLIENT, "h2load", "-n", "10000", "-c", "10", "-m", "32", "-i", str(items),
                                    stdout=subprocess.DEVNULL)
                if client.wait(LONGEST) != 0:
                    raise RuntimeError(f"{client.args}: status {client.returncode}")


def _start_wrk(pair, scratch, url, calls, connections, threads, accepts="identity"):
    scratch.mkdir(exist_ok=True)
    script = scratch / "wrk.lua"
    script.write_text(WRK_SCRIPT.format(items=ITEMS, calls=calls // threads, accepts=accepts))
    return pair.start(CLIENT, "wrk", "-t", str(threads), "-c", str(connections), "-d", str(LONGEST), "-s", str(script), url,
                      stdout=subprocess.DEVNULL)


def _wait_for_wrk(process):
    tasks = pathlib.Path(f"/proc/{process.pid}/task")
    time.sleep(1)  # its threads are there by now
    while process.poll() is None and len(list(tasks.iterdir())) > 1:
        time.sleep(0.1)
    stop(process, signal.SIGINT)
    if process.returncode != 0:
        raise RuntimeError(f"{process.args}: status {process.returncode}")


def _make_mixed(target, scratch):
    with Pair() as pair, Nginx(pair, scratch / "nginx", keepalive=20, tls=True):
        _start_servers(pair, scratch)
        with Capture(pair, target):
            plain = _start_wrk(pair, scratch / "plain", f"http://{SERVER_ADDRESS}:{PORT}", 20_000, 16, 2)
            secret = _start_wrk(pair, scratch / "secret", f"https://{SERVER_ADDRESS}:{TLS_PORT}", 4000, 8, 1)
            clients = _start_clients(pair, scratch)
            _wait_for_wrk(plain)
            _wait_for_wrk(secret)
            for client in clients:
                if client.wait(300) != 0:
                    raise RuntimeError(f"{client.args}: status {client.returncode}")


def _start_servers(pair, scratch):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    pair.start(SERVER, "redis-server", "--port", "6379", "--bind", SERVER_ADDRESS, "--protected-mode", "no", "--save", "",
               "--dir", str(scratch), **quiet)
    hosts = scratch / "hosts"
    hosts.write_text("".join(f"10.9.{n // 250}.{n % 250 + 1} host{n}.lab.test\n" for n in range(1000)))
    pair.start(SERVER, "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--addn-hosts", str(hosts), "--user=root",
               "--listen-address", SERVER_ADDRESS, "--bind-interfaces", "--pid-file=", "--conf-file=/dev/null", **quiet)
    pair.start(SERVER, "iperf3", "-s", "-1", **quiet)
    for port in (6379, 53, 5201, TLS_PORT):
        pair.wait_for_port(SERVER, port)


def _start_clients(pair, scratch):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    questions = scratch / "questions"
    questions.write_text("".join(f"host{n}.lab.test {'A' if n % 4 else 'AAAA'}\n" for n in range(1250)))
    return [
        pair.start(CLIENT, "redis-benchmark", "-h", SERVER_ADDRESS, "-n", "20000", "-c", "20", "-t", "set,get,lpush", "-d", "100",
                   "-q", **quiet),
        pair.start(CLIENT, "dnsperf", "-s", SERVER_ADDRESS, "-d", str(questions), "-n", "16", "-Q", "10000", **quiet),
        pair.start(CLIENT, "iperf3", "-c", SERVER_ADDRESS, "-n", "60M", "-b", "300M", **quiet),
    ]
