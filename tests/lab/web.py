# SPDX-License-Identifier: Apache-2.0
"""A real nginx that fails one request in a hundred and logs every request by an id that also goes over the wire."""
import collections
import json
import pathlib
import random
import subprocess

from lab.network import SERVER, stop

PORT = 8080
TLS_PORT = 8443
HTTP2_PORT = 8082
ITEMS = 64

# sent: bytes, 0 when the client had gone before; time: seconds since 1970, at the end of the call.
Request = collections.namedtuple("Request", "id status sent time")

CONFIGURATION = """
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  log_format ids '$request_id $status $bytes_sent $msec';
  access_log {folder}/access.log ids buffer=256k flush=1s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/json;
  keepalive_requests {keepalive};
  open_file_cache max=1000;
  split_clients $request_id $fails {{ 1% 1; * 0; }}
  server {{
    listen {port} backlog=4096;
    {more}
    root {folder}/www;
    add_header X-Request-Id $request_id always;
    location / {{
      if ($fails) {{ return 500 '{{"error":"the ledger is locked","retry":true}}'; }}
    }}
  }}
}}
"""


class Nginx:
    def __init__(self, pair, folder, keepalive=20, tls=False, http2=False, packed=False):
        """keepalive: requests on a connection before the server closes it. http2: without TLS, to those who know it.
        packed: answers are gzip where the client takes it."""
        self.pair, self.folder = pair, pathlib.Path(folder)
        self.log = self.folder / "access.log"
        self._write_items()
        more = self._make_certificate() if tls else ""
        more += f"listen {HTTP2_PORT} http2;" if http2 else ""
        more += "gzip on; gzip_types application/json;" if packed else ""
        (self.folder / "nginx.conf").write_text(
            CONFIGURATION.format(folder=self.folder, port=PORT, keepalive=keepalive, more=more))

    def __enter__(self):
        self.process = self.pair.start(SERVER, "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"),
                                       stderr=subprocess.DEVNULL)
        self.pair.wait_for_port(SERVER, PORT)
        return self

    def __exit__(self, *_):
        stop(self.process)  # the log is buffered: whole only now

    def statuses(self):
        """Request id -> status, for every request of the log."""
        return {request.id: request.status for request in self.requests()}

    def requests(self):
        """A Request for every line of the log."""
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [Request(id, status, int(sent), float(time)) for id, status, sent, time in lines]

    def _write_items(self):
        items = self.folder / "www" / "items"
        items.mkdir(parents=True, exist_ok=True)
        chance = random.Random(20)  # the same items every time
        for number in range(ITEMS):
            rows = [{"id": chance.randrange(10**9), "name": f"part {chance.randrange(10**6)}", "price": chance.random(),
                     "tags": ["steel", "blue"][: chance.randrange(3)]} for _ in range(chance.randrange(1, 60))]
            (items / str(number)).write_text(json.dumps({"item": number, "rows": rows}))

    def _make_certificate(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab",
                        "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        return f"listen {TLS_PORT} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
