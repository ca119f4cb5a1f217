#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small web shop on loopback, and a customer who shops there: traffic to try wiretape on.

    small_shop.py serve             serves on a free port of 127.0.0.1, which it prints; ends with its standard input
    small_shop.py shop PORT COUNT   makes COUNT requests of port PORT; every tenth payment fails
"""
import http.client
import http.server
import itertools
import json
import sys
import threading

payments = itertools.count(1)


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        if self.path == '/items':
            self.answer(200, [{'id': 1, 'name': 'tape'}, {'id': 2, 'name': 'reel'}])
        else:
            self.answer(404, {'error': 'no such page'})

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/charge' and next(payments) % 10 == 0:
            self.answer(500, {'error': 'payment provider gave up'})
        else:
            self.answer(201, {'ok': True})

    def log_message(self, *arguments):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


def shop(port, count):
    for i in range(count):
        customer = http.client.HTTPConnection('127.0.0.1', port)
        for method, path, body in (('GET', '/items', None), ('POST', '/cart', '{"item":1}'), ('POST', '/charge', '{"amount":18.0}')):
            customer.request(method, path, body, {'User-Agent': 'small-shop/1.0'})
            customer.getresponse().read()
        customer.close()


if len(sys.argv) == 2 and sys.argv[1] == 'serve':
    serve()
elif len(sys.argv) == 4 and sys.argv[1] == 'shop':
    shop(int(sys.argv[2]), int(sys.argv[3]))
else:
    sys.exit(__doc__)
