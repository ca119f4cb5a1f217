#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder: real openssl s_server and s_client, nginx and curl on the loopback of a network
namespace of their own, captured by tcpdump. Needs root, openssl, nginx, curl, tcpdump.

usage: make_traces.py [SITUATION ...]     all without arguments; keys and certificates are made anew each time
"""
import os
import pathlib
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from lab.traces import capture, cut_short, enter_network, from_packet, without  # noqa: E402

TLS, NGINX, PLAIN, PROXY, ODD = 443, 8443, 80, 8080, 9999
NAME = "shop.example"
OLD = ["-cipher", "ALL:@SECLEVEL=0"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
ENVIRONMENT = {**os.environ, "OPENSSL_CONF": "/dev/null"}  # the system's one forbids old versions


def pcap(name):
    return HERE / f"{name}.pcap"


# --- keys ----------------------------------------------------------------------------------------------------------

def openssl(*arguments, **more):
    subprocess.run(["openssl", *arguments], check=True, env=ENVIRONMENT, **QUIET, **more)


def make_keys(folder):
    """A root, an authority below it, and the shop's certificate: leaf.pem, chain.pem, key.pem, other.pem."""
    def sign(name, subject, extensions, authority):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key", cwd=folder)
        openssl("req", "-new", "-key", f"{name}.key", "-utf8", "-subj", subject, "-out", f"{name}.csr", cwd=folder)
        (folder / "extensions").write_text(extensions)
        signer = ["-signkey", f"{name}.key"] if authority is None else ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"]
        openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-set_serial", str(len(subject) * 1000003), "-days", "365",
                "-extfile", "extensions", "-out", f"{name}.pem", cwd=folder)

    sign("root", "/C=DE/O=Prüfstelle/CN=Root", "basicConstraints=CA:true", None)
    sign("between", "/O=Prüfstelle/CN=Between", "basicConstraints=CA:true", "root")
    sign("leaf", f"/O=Shop, Ltd/CN={NAME}",
         f"subjectAltName=DNS:{NAME},DNS:*.{NAME},IP:192.0.2.7,IP:2001:db8::7,URI:https://{NAME}/,email:me@{NAME}", "between")
    sign("other", "/CN=Nobody", "basicConstraints=CA:true", None)


# --- peers ---------------------------------------------------------------------------------------------------------

def start_nginx(folder):
    (folder / "nginx.conf").write_text(f"""
        daemon off; error_log {folder}/error.log; pid {folder}/pid; worker_processes 1; user root;
        events {{ worker_connections 64; }}
        http {{
          access_log off;
          client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;
          uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
          server {{
            listen {PLAIN}; listen {TLS + 1} ssl http2; listen {NGINX} ssl http2; server_name {NAME};
            ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key;
            location / {{ return 200 "hello\\n"; }}
          }}
        }}""")
    return subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)


class Proxy(socketserver.BaseRequestHandler):
    """CONNECT to nginx, whatever is asked for."""

    def handle(self):
        while not self.request.recv(65536).endswith(b"\r\n\r\n"):
            pass
        self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", TLS + 1)) as other:
            back = threading.Thread(target=self.pump, args=(other, self.request))
            back.start()
            self.pump(self.request, other)
            back.join()

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


FOLDER = None


def server(*arguments, port=TLS):
    files = ["-cert", f"{FOLDER}/leaf.pem", "-key", f"{FOLDER}/leaf.key", "-cert_chain", f"{FOLDER}/between.pem"]
    process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *files, "-quiet", *arguments],
                               env=ENVIRONMENT, stdin=subprocess.PIPE, **QUIET)
    time.sleep(0.4)
    return process


def client(*arguments, port=TLS):
    process = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments], env=ENVIRONMENT,
                               stdin=subprocess.PIPE, **QUIET)
    time.sleep(0.4)
    try:
        process.communicate(b"Q\n", timeout=2)
    except (subprocess.TimeoutExpired, BrokenPipeError):
        process.kill()


def handshake(server_arguments, *clients, port=TLS):
    """One server, a client for each list of arguments."""
    def run():
        process = server(*server_arguments, port=port)
        for arguments in clients:
            client(*arguments, port=port)
        process.terminate()
        process.wait()
    return run


def resumed():
    ticket = f"{FOLDER}/ticket"
    handshake(["-tls1_2"], ["-servername", NAME, "-sess_out", ticket], ["-servername", NAME, "-sess_in", ticket])()


def hello_of(context):
    """The bytes that Python's client would send first, and itself."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    talk = context.wrap_bio(incoming, outgoing, server_hostname=NAME)
    try:
        talk.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return talk, incoming, outgoing, outgoing.read()


def say_hello(change):
    """A handshake whose first flight is sent as `change` cuts it, to nginx."""
    def run():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        talk, incoming, outgoing, hello = hello_of(context)
        with socket.create_connection(("127.0.0.1", NGINX)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in change(hello):
                connection.sendall(piece)
                time.sleep(0.01)
            while True:
                try:
                    talk.do_handshake()
                    connection.sendall(outgoing.read())
                    break
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65536))
    return run


def in_segments(hello, size=23):
    return [hello[at:at + size] for at in range(0, len(hello), size)]


def in_records(hello, size=50):
    fragment = hello[5:]
    return [hello[:3] + struct.pack(">H", len(piece)) + piece for piece in in_segments(fragment, size)]


def curl(*arguments):
    subprocess.run(["curl", "-s", "-k", "-o", "/dev/null", "--max-time", "5", *arguments], check=False)


def through_a_proxy():
    curl("-p", "-x", f"http://127.0.0.1:{PROXY}", f"https://{NAME}:{TLS}/")


def http_on_port_443():
    process = subprocess.Popen([sys.executable, "-m", "http.server", "-b", "127.0.0.1", "-d", "/var/empty", str(TLS)], **QUIET)
    time.sleep(0.7)
    curl(f"http://127.0.0.1:{TLS}/nothing")
    process.terminate()
    process.wait()


# --- captures ------------------------------------------------------------------------------------------------------

SITUATIONS = {
    "tls-1.0": handshake(["-tls1", *OLD], ["-tls1", *OLD, "-servername", NAME]),
    "tls-1.1": handshake(["-tls1_1", *OLD], ["-tls1_1", *OLD]),
    "tls-1.2": handshake(["-tls1_2", "-alpn", "h2"], ["-servername", NAME, "-alpn", "h2,http/1.1"]),
    "tls-1.2-resumed": resumed,
    "tls-1.2-anonymous": handshake(["-tls1_2", *OLD], ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"]),
    "tls-1.3": handshake([], ["-servername", NAME]),
    "hello-retry-request": handshake(["-groups", "P-384"], ["-servername", NAME, "-groups", "X25519:P-384"]),
    "no-shared-cipher": handshake(["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
                                  ["-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384", "-servername", NAME]),
    "no-shared-version": handshake(["-tls1_3"], ["-tls1_2", "-servername", NAME]),
    "unknown-authority": lambda: handshake(["-tls1_2"], ["-verify_return_error", "-CAfile", f"{FOLDER}/other.pem"])(),
    "client-certificate-missing": handshake(["-tls1_2", "-Verify", "1"], ["-servername", NAME]),
    "h2": lambda: curl("--http2", "--resolve", f"{NAME}:{NGINX}:127.0.0.1", f"https://{NAME}:{NGINX}/"),
    "hello-in-segments": say_hello(in_segments),
    "hello-in-records": say_hello(in_records),
    "through-a-proxy": through_a_proxy,
    "to-an-http-server": lambda: client("-servername", NAME, port=PLAIN),
    "http-on-port-443": http_on_port_443,
    "on-port-9999": handshake([], ["-servername", NAME], port=ODD),
}
DERIVED = {
    "gap-in-certificates": lambda: without(pcap("tls-1.2"), lambda number, _: number == 3),
    "gap-in-hello": lambda: without(pcap("hello-in-segments"), lambda number, _: number == 3),
    "hello-lost": lambda: without(pcap("tls-1.3"), lambda number, _: number == 1),
    "snaplen-200": lambda: cut_short(pcap("tls-1.2"), 200),
    "midstream": lambda: from_packet(pcap("h2"), lambda number, _: number == 5),
    "truncated": lambda: pcap("tls-1.2").read_bytes()[:1500],
}


def main():
    global FOLDER
    enter_network(mtu=800)
    wanted = sys.argv[1:] or [*SITUATIONS, *DERIVED]
    with tempfile.TemporaryDirectory() as folder:
        FOLDER = pathlib.Path(folder)
        make_keys(FOLDER)
        nginx = start_nginx(FOLDER)
        threading.Thread(target=Server(("127.0.0.1", PROXY), Proxy).serve_forever, daemon=True).start()
        time.sleep(0.5)
        for name in wanted:
            if name in SITUATIONS:
                capture(pcap(name), SITUATIONS[name], f"tcp and not port {TLS + 1}")
            else:
                pcap(name).write_bytes(DERIVED[name]())
        nginx.terminate()
        nginx.wait()


if __name__ == "__main__":
    main()
