#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder: nghttpd, nghttpx, nginx and Node's http2 as servers, curl, nghttp, h2load and Node as
clients, on the loopback of a network namespace of their own, captured by tcpdump. Needs root, nghttp2-client,
nghttp2-server, nghttp2-proxy, nginx, curl, nodejs, tcpdump.

usage: make_traces.py [SITUATION ...]     all without arguments
"""
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from lab.traces import capture, cut_short, enter_network, from_packet, without  # noqa: E402

FILES, NODE, PROXY, NGINX, REDIS = 8080, 8081, 8082, 8083, 6379
NGINX_CONFIGURATION = """
daemon off; master_process off; pid {www}/pid; error_log /dev/null;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {www}/1; proxy_temp_path {www}/2; fastcgi_temp_path {www}/3; uwsgi_temp_path {www}/4;
  scgi_temp_path {www}/5;
  gzip on; gzip_min_length 1; gzip_types text/plain;
  server {{ listen 127.0.0.1:{port} http2; root {www}; types {{ text/plain txt; }} }}
}}
"""


def pcap(name):
    return HERE / f"{name}.pcap"


# --- what is said --------------------------------------------------------------------------------------------------

def run(*command):
    subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20,
                   check=False)


def curl(port, path, *options):
    run("curl", "-s", "--http2-prior-knowledge", f"http://127.0.0.1:{port}{path}", *options)


def nghttp(path, *options, port=FILES):
    run("nghttp", "-n", f"http://127.0.0.1:{port}{path}", *options)


def h2load(calls, at_a_time, port=FILES):
    urls = [f"http://127.0.0.1:{port}/{name}" for name in ("index.html", "style.css", "item.json")]
    run("h2load", "-n", calls, "-c", 1, "-m", at_a_time, *urls)


def node(situation):
    run("node", HERE / "client.mjs", NODE, situation)


def form():
    curl(FILES, "/index.html?a=1&b=%20two", "-H", "Cookie: id=7; lang=en")
    curl(NODE, "/echo", "-d", "name=Ada&city=London")
    curl(FILES, "/nowhere", "-X", "DELETE")


def upgrade():
    run("curl", "-s", "--http2", f"http://127.0.0.1:{PROXY}/index.html", f"http://127.0.0.1:{PROXY}/style.css")
    run("nghttp", "-nu", f"http://127.0.0.1:{PROXY}/item.json", f"http://127.0.0.1:{PROXY}/style.css")


SITUATIONS = {
    "prior-knowledge": form,
    "interleaved": lambda: h2load(24, 8),
    "upgrade": upgrade,
    "push": lambda: nghttp("/index.html"),
    "trailers": lambda: nghttp("/echo", "-d", HERE / "server.mjs", "--trailer", "x-client: 1"),
    "upload": lambda: nghttp("/echo", "-d", HERE / "make_traces.py"),
    "padding": lambda: nghttp("/index.html", "--padding=100"),
    "long-headers": lambda: nghttp("/style.css", "--continuation"),
    "gzip": lambda: curl(NGINX, "/text.txt", "--compressed"),
    "on-port-6379": lambda: curl(REDIS, "/style.css"),
    "resets": lambda: node("resets"),
    "early": lambda: node("early"),
    "hints": lambda: node("hints"),
    "goaway": lambda: node("goaway"),
    "tunnel": lambda: node("tunnel"),
}


# --- what becomes of it --------------------------------------------------------------------------------------------

DERIVED = {
    "midstream": lambda: from_packet(pcap("interleaved"), lambda number, _: number == 8),
    "gap": lambda: without(pcap("interleaved"), lambda number, _: number == 6),
    "gap-in-body": lambda: without(pcap("upload"), lambda number, _: number in (4, 11)),
    "snaplen-150": lambda: cut_short(pcap("prior-knowledge"), 150),
    "truncated": lambda: pcap("interleaved").read_bytes()[:-1500],
}


def servers(www):
    (www / "index.html").write_text("<h1>hello</h1>\n")
    (www / "style.css").write_text("body { color: red }\n")
    (www / "item.json").write_text('{"id": 7, "name": "%s"}\n' % ("long " * 60))
    (www / "text.txt").write_text("the same again and " * 40)
    (www / "nginx").write_text(NGINX_CONFIGURATION.format(www=www, port=NGINX))
    nghttpd = ["nghttpd", "-d", str(www), "--no-tls", "--address=127.0.0.1", "--trailer=x-server: 1",
               "--push=/index.html=/style.css", "--padding=20", "--echo-upload"]
    return [
        [*nghttpd, str(FILES)],
        [*nghttpd[:4], "--address=127.0.0.1", str(REDIS)],
        [*nghttpd[:4], "--address=127.0.0.1", str(PROXY + 10)],
        ["nghttpx", f"-f127.0.0.1,{PROXY};no-tls", f"-b127.0.0.1,{PROXY + 10};;proto=h2", "--errorlog-file=/dev/null",
         "--workers=1"],
        ["nginx", "-c", str(www / "nginx"), "-p", str(www)],
        ["node", str(HERE / "server.mjs"), str(NODE)],
    ]


def main():
    enter_network()
    wanted = sys.argv[1:] or [*SITUATIONS, *DERIVED]
    with tempfile.TemporaryDirectory() as folder:
        running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for command in servers(pathlib.Path(folder))]
        time.sleep(2)
        try:
            for name in wanted:
                if name in SITUATIONS:
                    capture(pcap(name), SITUATIONS[name], f"tcp and not port {PROXY + 10}")
                else:
                    pcap(name).write_bytes(DERIVED[name]())
        finally:
            for server in running:
                server.terminate()
                server.wait()


if __name__ == "__main__":
    main()
