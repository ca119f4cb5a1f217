#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder: real nginx, curl, redis and Python peers on the loopback of a network namespace of
their own, captured by tcpdump. Needs root, nginx, curl, redis-server, redis-cli, tcpdump, zstd.

usage: make_traces.py [SITUATION ...]     all without arguments
"""
import gzip
import http.server
import pathlib
import re
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from lab.traces import capture, cut_short, enter_network, from_packet, without  # noqa: E402

NGINX, ODD, PYTHON = 80, 8080, 8000
TEXT = b"The same line again and again, so that packing it pays.\n" * 40


def pcap(name):
    return HERE / f"{name}.pcap"


# --- peers ---------------------------------------------------------------------------------------------------------

def start_nginx(folder):
    (folder / "www").mkdir()
    (folder / "www" / "index.html").write_bytes(b"<html><body>hello</body></html>\n")
    (folder / "www" / "text.html").write_bytes(TEXT)
    (folder / "nginx.conf").write_text(f"""
        daemon off; error_log {folder}/error.log; pid {folder}/pid; worker_processes 1; user root;
        events {{ worker_connections 64; }}
        http {{
          types {{ text/html html; }} access_log off; gzip on; gzip_min_length 20;
          client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;
          uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
          server {{
            listen {NGINX}; root {folder}/www; if_modified_since before;
            location /moved {{ return 302 /index.html; }}
            location /broken {{ return 500; }}
            location /empty {{ return 204; }}
          }}
        }}""")
    return subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)


class Upload(http.server.BaseHTTPRequestHandler):
    """Python's own server: says 100 Continue, counts what it got."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        size = len(self.rfile.read(int(self.headers["Content-Length"])))
        answer = f"{size} bytes\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        """Events until the client has had five."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(5):
            event = f"id: {number}\nevent: tick\ndata: {{\"n\":{number}}}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(0.02)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


def coded(coding, body):
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (coding, len(body), body)


def bare_deflate(text):
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(text) + packer.flush()


def zstd(text):
    return subprocess.run(["zstd", "-c"], input=text, stdout=subprocess.PIPE, check=True).stdout


HELLO_BROTLI = bytes.fromhex("1b16000024406a1065eaf09c3e")  # "hello hello hello hello", brotli -q 5
HELLO_COMPRESS = bytes.fromhex("1f9d9068cab061f30644c081050f1234289020")  # the same, by compress
ANSWERS = {  # path: what is sent, whether the connection is closed behind it
    b"/chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Checksum\r\n\r\n"
                  b"5\r\nhello\r\n7;name=value\r\n chunks\r\n0\r\nChecksum: 42\r\n\r\n", False),
    b"/until-close": (b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + TEXT, True),
    b"/gzip-until-close": (b"HTTP/1.1 200 OK\r\nContent-Encoding: x-gzip\r\n\r\n" + gzip.compress(TEXT, mtime=0), True),
    b"/deflate": (coded(b"deflate", zlib.compress(TEXT)), False),
    b"/bare-deflate": (coded(b"deflate", bare_deflate(TEXT)), False),
    b"/br": (coded(b"br", HELLO_BROTLI), False),
    b"/zstd": (coded(b"zstd", zstd(TEXT)), False),
    b"/compress": (coded(b"x-compress", HELLO_COMPRESS), False),
    b"/twice": (coded(b"deflate, gzip", gzip.compress(zlib.compress(TEXT), mtime=0)), False),
    b"/lying": (coded(b"gzip", b"not packed at all"), False),
    b"/same-length-twice": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", False),
    b"/two-lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nhello", True),
    b"/length-and-chunks": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                            b"5\r\nhello\r\n0\r\n\r\n", False),
    b"/too-short": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello", True),
    b"/no-length-at-all": (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello", True),
    b"/big": (b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"0123456789" * 2000, False),
    b"/hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", False),
    b"/cookies": (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=\"2\"\r\nX-Name: Andr\xe9\r\n"
                  b"Content-Length: 2\r\n\r\nok", False),
    b"/chat": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello, this is no HTTP", False),
}


class Odd(socketserver.BaseRequestHandler):
    """Says what it is told to say, byte for byte."""

    def handle(self):
        waiting = b""
        while True:
            while not (end := re.search(rb"\n\r?\n", waiting)):
                more = self.request.recv(65536)
                if not more:
                    return
                waiting += more
            head, waiting = waiting[:end.start()], waiting[end.end():]
            method, target = head.split()[:2]
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self.request.sendall(b"\x00" + self.request.recv(65536)[::-1])
                return
            answer, closes = ANSWERS[target]
            self.request.sendall(answer)
            if closes:
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(port, handler):
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


# --- clients -------------------------------------------------------------------------------------------------------

def curl(*arguments, text=b""):
    subprocess.run(["curl", "-s", "-o", "/dev/null", "--max-time", "5", *arguments], input=text, check=False)


def talk(port, *parts):
    """Sends each part and waits for an answer to it."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(0.3)
        for part in parts:
            connection.sendall(part)
            try:
                while connection.recv(65536):
                    pass
            except TimeoutError:
                pass


def get(path, lines=b""):
    return b"GET " + path + b" HTTP/1.1\r\nHost: test\r\n" + lines + b"\r\n"


def site(path, port=NGINX):
    return f"http://127.0.0.1:{port}{path}"


def odd(*paths):
    return lambda: talk(ODD, *[get(path) for path in paths])


def each(*paths):
    def run():
        for path in paths:
            talk(ODD, get(path))
    return run


def keep_alive():
    curl(site("/index.html"), site("/index.html?a=1&b=x%20y&a=2"), "-o", "/dev/null", site("/nothing"), "-o", "/dev/null",
         site("/moved"), "-o", "/dev/null", site("/broken"), "-o", "/dev/null", site("/empty"), "-o", "/dev/null")


def no_bodies():
    curl("-I", site("/index.html"), site("/text.html"), "-o", "/dev/null")
    curl("-H", "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT", site("/index.html"))


def pipelined():
    talk(NGINX, get(b"/index.html") + b"HEAD /text.html HTTP/1.1\r\nHost: test\r\n\r\n" + get(b"/nothing") + get(b"/empty"))


def uploads():
    curl("-H", "Expect: 100-continue", "-d", "a=1&b=two+words&c=%C3%A4", site("/form", PYTHON))
    curl("-F", "who=me", "-F", f"file=@{HERE / 'make_traces.py'};filename=a.txt;type=text/plain", site("/parts", PYTHON))


def forms_of_targets():
    curl("-x", site(""), site("/index.html?x=1"))
    curl("-X", "OPTIONS", "--request-target", "*", site("/"))
    talk(NGINX, b"GET /index.html HTTP/1.0\r\n\r\n")


def odd_heads():
    talk(ODD, b"GET /cookies HTTP/1.1\nHost: test\n\n", b"GET  /hints  HTTP/1.1\r\nHost : test\r\n\r\n")
    talk(NGINX, b"GET /index.html HTTP/1.1\nHost: test\n\n")


def parts():
    curl("-F", "who=me", "-F", "quoted\";name=1", "-F", "file=@-;filename=a \"b\".bin;type=application/octet-stream",
         site("/parts", PYTHON), text=b"\xff\x00\x01")


def tunnel():
    talk(ODD, b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", b"\x16\x03\x01not really TLS")


def redis_on_port_8888():
    server = subprocess.Popen(["redis-server", "--port", "8888", "--save", ""], stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    for command in ("SET a 1", "GET a", "GET /"):
        subprocess.run(["redis-cli", "-p", "8888", *command.split()], stdout=subprocess.DEVNULL, check=False)
    server.terminate()
    server.wait()


def on_port_6379():
    talk(6379, get(b"/cookies", b"Cookie: a=1; b=2\r\n"), get(b"/hints"))


# --- captures ------------------------------------------------------------------------------------------------------

SITUATIONS = {
    "keep-alive": keep_alive,
    "no-bodies": no_bodies,
    "gzip": lambda: curl("--compressed", site("/text.html")),
    "pipelined": pipelined,
    "uploads": uploads,
    "forms-of-targets": forms_of_targets,
    "chunked": odd(b"/chunked", b"/chunked"),
    "until-close": each(b"/until-close", b"/gzip-until-close"),
    "codings": odd(b"/deflate", b"/bare-deflate", b"/br", b"/zstd", b"/twice", b"/lying"),
    "bad-lengths": each(b"/same-length-twice", b"/two-lengths", b"/length-and-chunks", b"/too-short", b"/no-length-at-all"),
    "compress": odd(b"/compress"),
    "odd-heads": odd_heads,
    "server-sent-events": lambda: curl("-N", site("/events", PYTHON)),
    "parts": parts,
    "interim": odd(b"/hints", b"/cookies"),
    "upgrade": lambda: talk(ODD, get(b"/chat", b"Connection: Upgrade\r\nUpgrade: echo\r\n"), b"and this neither"),
    "tunnel": tunnel,
    "big-body": odd(b"/big", b"/chunked"),
    "redis-on-port-8888": redis_on_port_8888,
    "on-port-6379": on_port_6379,
}
DERIVED = {
    "gap-in-body": lambda: without(pcap("big-body"), lambda number, _: number == 5),
    "gap-in-head": lambda: without(pcap("keep-alive"), lambda _, bytes_: bytes_.startswith(b"HTTP/1.1 302")),
    "request-lost": lambda: without(pcap("keep-alive"), lambda _, bytes_: bytes_.startswith(b"GET /moved")),
    "snaplen-200": lambda: cut_short(pcap("keep-alive"), 200),
    "midstream": lambda: from_packet(pcap("keep-alive"), lambda _, bytes_: bytes_.startswith(b"HTTP/1.")),
    "truncated": lambda: pcap("keep-alive").read_bytes()[:-300],
}


def main():
    enter_network()
    wanted = sys.argv[1:] or [*SITUATIONS, *DERIVED]
    with tempfile.TemporaryDirectory() as folder:
        nginx = start_nginx(pathlib.Path(folder))
        serve(ODD, Odd)
        serve(6379, Odd)
        serve(PYTHON, Upload)
        time.sleep(0.5)
        for name in wanted:
            if name in SITUATIONS:
                capture(pcap(name), SITUATIONS[name])
            else:
                pcap(name).write_bytes(DERIVED[name]())
        nginx.terminate()
        nginx.wait()


if __name__ == "__main__":
    main()
