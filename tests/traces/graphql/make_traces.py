#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder: curl and Node ask Apollo's server, on the loopback of a network namespace of their
own, captured by tcpdump. Needs root, node, npm and its registry, curl, tcpdump, nghttpx.

usage: make_traces.py [SITUATION ...]     all without arguments
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from lab.traces import capture  # noqa: E402

SERVER, PROXY = 4000, 4443
JSON = ["-H", "Content-Type: application/json"]
CART = {"operationName": "Cart", "variables": {"id": "2"},
        "query": "query Cart($id: ID!) {\n  item(id: $id) {\n    ...Parts\n  }\n}\n\nfragment Parts on Item {\n  id\n  name\n}"}
SHORT = "{ items { name price } }"


def curl(*arguments):
    subprocess.run(["curl", "-s", "-o", "/dev/null", "--max-time", "5", *arguments], check=False)


def site(path="/", port=SERVER):
    return f"http://127.0.0.1:{port}{path}"


def post(*bodies):
    """Each body in a request of its own, on one connection."""
    arguments = []
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        arguments += (["--next", "-s", "-o", "/dev/null"] if arguments else []) + [*JSON, "-d", text, site()]
    curl(*arguments)


def posts():
    post(CART, {"query": SHORT}, {"query": "mutation Rename { rename(id: \"1\", name: \"screw\") { id name } }"})


def get():
    curl("-G", "--data-urlencode", "query=query One($id: ID!) { item(id: $id) { name } }",
         "--data-urlencode", 'variables={"id":"1"}', site())
    curl("-G", "--data-urlencode", "query=red shoes", site("/search"))


def batch():
    post([CART, {"query": "mutation { rename(id: \"3\", name: \"ring\") { name } }"}])


def persisted():
    digest = hashlib.sha256(SHORT.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    post({"extensions": extensions}, {"query": SHORT, "extensions": extensions}, {"extensions": extensions})
    curl("-G", "--data-urlencode", f"extensions={json.dumps(extensions)}", *JSON, site())


def errors():
    post({"query": "{ broken item(id: \"1\") { id } }"}, {"query": "{ nothing }"}, {"query": "query A { broken } query B { broken }"})


def neighbours():
    """JSON that only looks like it: a search text, a query of Elasticsearch, text that says query."""
    post({"query": "red shoes", "size": 10}, {"query": {"match": {"title": "{ shoes }"}}}, {"text": 'the "query": "{ a }"'},
         '{"query":"{ items"}')


def over_http2():
    bodies = [CART, {"query": SHORT}, {"query": "red shoes"}, {"query": "{ broken }"}]
    subprocess.run(["node", HERE / "client.mjs", site("", PROXY), *map(json.dumps, bodies)], check=True)


SITUATIONS = {"posts": posts, "get": get, "batch": batch, "persisted": persisted, "errors": errors,
              "neighbours": neighbours, "over-http2": over_http2}


def install(folder):
    shutil.copy(HERE / "server.mjs", folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, "@apollo/server@5", "graphql@16"],
                   check=True, stdout=subprocess.DEVNULL)


def main():
    if "WIRETAPE_TRACES" not in os.environ:
        with tempfile.TemporaryDirectory() as folder:
            install(folder)  # in here there is no network
            subprocess.run(["unshare", "-n", sys.executable, *sys.argv], env={**os.environ, "WIRETAPE_TRACES": folder}, check=True)
        return
    subprocess.run(["ip", "link", "set", "lo", "mtu", "1500", "up"], check=True)
    server = subprocess.Popen(["node", "server.mjs", str(SERVER)], cwd=os.environ["WIRETAPE_TRACES"], stdout=subprocess.PIPE)
    server.stdout.readline()
    proxy = subprocess.Popen(["nghttpx", f"-f127.0.0.1,{PROXY};no-tls", f"-b127.0.0.1,{SERVER}", "--no-ocsp"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    for name in sys.argv[1:] or SITUATIONS:
        port = PROXY if name == "over-http2" else SERVER
        capture(HERE / f"{name}.pcap", SITUATIONS[name], f"tcp port {port}")
    for process in (proxy, server):
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
