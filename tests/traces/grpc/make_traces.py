#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the captures of this folder: gRPC's own server and client, and for gRPC-Web a Python server and curl, on the
loopback of a network namespace of their own, captured by tcpdump. Needs root, python3-grpcio, python3-protobuf,
protobuf-compiler, curl, tcpdump.

usage: make_traces.py [SITUATION ...]     all without arguments
"""
import base64
import http.server
import importlib
import pathlib
import struct
import subprocess
import sys
import tempfile
import threading
from concurrent import futures

import grpc

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from lab.traces import capture, enter_network, payload, read_pcap  # noqa: E402

GRPC, ODD, WEB = 50051, 6379, 8080


def pcap(name):
    return HERE / f"{name}.pcap"


# --- peers ---------------------------------------------------------------------------------------------------------

def compile_messages(folder):
    subprocess.run(["protoc", f"--proto_path={HERE}", f"--python_out={folder}", "shop.proto"], check=True)
    sys.path.insert(0, str(folder))
    return importlib.import_module("shop_pb2")


def write_descriptors():
    """shop.pb: what --descriptor-set takes."""
    subprocess.run(["protoc", f"--proto_path={HERE}", "--include_imports", f"--descriptor_set_out={HERE}/shop.pb",
                    "shop.proto"], check=True)


def cart_of(shop, *requests):
    cart = shop.Cart(cart_id=requests[-1].cart_id, seal=b"\xff\x00\xfe", is_open=True)
    cart.items.extend(request.item for request in requests)
    return cart


def add(shop, request, context):
    if request.cart_id == "none":
        context.abort(grpc.StatusCode.NOT_FOUND, "no such cart: 100% of caf\u00e9")
    return cart_of(shop, request)


def watch(shop, request, context):
    yield cart_of(shop, request)
    yield cart_of(shop, request, request)
    if request.cart_id == "breaks":
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more carts")


def chat(shop, requests):
    for request in requests:
        yield cart_of(shop, request)


def start_server(shop, port):
    methods = {
        "Add": (grpc.unary_unary_rpc_method_handler, lambda request, context: add(shop, request, context)),
        "AddAll": (grpc.stream_unary_rpc_method_handler, lambda requests, _: cart_of(shop, *requests)),
        "Watch": (grpc.unary_stream_rpc_method_handler, lambda request, context: watch(shop, request, context)),
        "Chat": (grpc.stream_stream_rpc_method_handler, lambda requests, _: chat(shop, requests)),
    }
    handlers = {name: kind(run, request_deserializer=shop.AddRequest.FromString,
                           response_serializer=shop.Cart.SerializeToString)
                for name, (kind, run) in methods.items()}
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), compression=grpc.Compression.NoCompression)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.v1.Carts", handlers)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


def start_packing_server(shop, compression):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2), compression=compression)
    handler = grpc.unary_unary_rpc_method_handler(lambda request, _: cart_of(shop, *[request] * 5),
                                                  request_deserializer=shop.AddRequest.FromString,
                                                  response_serializer=shop.Cart.SerializeToString)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.v1.Carts", {"Add": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def frame(flags, message):
    return struct.pack(">BI", flags, len(message)) + message


def make_web_handler(shop):
    class Web(http.server.BaseHTTPRequestHandler):
        """Answers gRPC-Web, as bytes or as text."""
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = self.headers["Content-Type"]
            is_text = kind.startswith("application/grpc-web-text")
            request = shop.AddRequest.FromString((base64.b64decode(body) if is_text else body)[5:])
            parts = [frame(0, cart_of(shop, request).SerializeToString()),
                     frame(0x80, b"grpc-status:0\r\ngrpc-message:all%20is%20well\r\n")]
            answer = b"".join(base64.b64encode(part) if is_text else part for part in parts)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass
    return Web


# --- clients -------------------------------------------------------------------------------------------------------

def asked(shop, cart="c-1", name="tea"):
    item = shop.Item(name=name, count=3, size=shop.SIZE_LARGE, price=2.5, moves=[1, -1, 64], labels={"kind": "green"})
    request = shop.AddRequest(cart_id=cart, item=item)
    request.when.seconds, request.when.nanos = 1700000000, 500000000
    return request


class Client:
    def __init__(self, shop, port=GRPC, compression=None):
        self.shop = shop
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", compression=compression)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def method(self, kind, name):
        return getattr(self.channel, kind)(f"/shop.v1.Carts/{name}",
                                           request_serializer=self.shop.AddRequest.SerializeToString,
                                           response_deserializer=self.shop.Cart.FromString)

    def add(self, **what):
        try:
            return self.method("unary_unary", "Add")(asked(self.shop, **what), timeout=5)
        except grpc.RpcError as error:
            return error

    def add_all(self, names):
        return self.method("stream_unary", "AddAll")(iter([asked(self.shop, name=name) for name in names]))

    def watch(self, **what):
        try:
            return list(self.method("unary_stream", "Watch")(asked(self.shop, **what)))
        except grpc.RpcError as error:
            return error

    def chat(self, names):
        return list(self.method("stream_stream", "Chat")(iter([asked(self.shop, name=name) for name in names])))

    def call_nobody(self):
        try:
            self.method("unary_unary", "Sell")(asked(self.shop), timeout=5)
        except grpc.RpcError:
            pass


def unary(shop):
    with Client(shop) as client:
        client.add()
        client.add(name="coffee")


def client_streaming(shop):
    with Client(shop) as client:
        client.add_all(["tea", "coffee", "milk"])


def server_streaming(shop):
    with Client(shop) as client:
        client.watch()


def both_streaming(shop):
    with Client(shop) as client:
        client.chat(["tea", "coffee", "milk"])


def errors(shop):
    with Client(shop) as client:
        client.watch(cart="breaks")
        client.add()


def trailers_only(shop):
    with Client(shop) as client:
        client.add(cart="none")
        client.call_nobody()


def packed(shop):
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        server, port = start_packing_server(shop, compression)
        with Client(shop, port, compression) as client:
            client.add(name="tea " * 40)
        server.stop(None).wait()


def on_port_6379(shop):
    server = start_server(shop, ODD)
    with Client(shop, ODD) as client:
        client.add()
    server.stop(None).wait()


def big_message(shop):
    with Client(shop) as client:
        client.add(name="tea and coffee, " * 250)
        client.add()


def web(shop):
    with tempfile.NamedTemporaryFile() as body:
        for kind, code in (("application/grpc-web+proto", bytes), ("application/grpc-web-text", base64.b64encode)):
            pathlib.Path(body.name).write_bytes(code(frame(0, asked(shop).SerializeToString())))
            subprocess.run(["curl", "-s", "-o", "/dev/null", "-H", f"Content-Type: {kind}", "--data-binary",
                            f"@{body.name}", f"http://127.0.0.1:{WEB}/shop.v1.Carts/Add"], check=True)


# --- captures ------------------------------------------------------------------------------------------------------

def without_full_packet(source):
    """Drops the second packet that is filled to the brim: a part of a long message."""
    header, packets = read_pcap(pcap(source))
    full = [i for i, packet in enumerate(packets) if len(payload(packet)) > 1400]
    return header + b"".join(packet for i, packet in enumerate(packets) if i != full[1])


SITUATIONS = {
    "unary": unary,
    "client-streaming": client_streaming,
    "server-streaming": server_streaming,
    "both-streaming": both_streaming,
    "errors": errors,
    "trailers-only": trailers_only,
    "packed": packed,
    "on-port-6379": on_port_6379,
    "big-message": big_message,
    "web": web,
}
DERIVED = {
    "gap-in-message": lambda: without_full_packet("big-message"),
    "named": lambda: (HERE / "server-streaming.pcap").read_bytes(),
    "truncated": lambda: (HERE / "server-streaming.pcap").read_bytes()[:-900],
}


def main():
    enter_network()
    wanted = sys.argv[1:] or [*SITUATIONS, *DERIVED]
    with tempfile.TemporaryDirectory() as folder:
        write_descriptors()
        shop = compile_messages(pathlib.Path(folder))
        server = start_server(shop, GRPC)
        site = http.server.ThreadingHTTPServer(("127.0.0.1", WEB), make_web_handler(shop))
        threading.Thread(target=site.serve_forever, daemon=True).start()
        for name in wanted:
            if name in SITUATIONS:
                capture(pcap(name), lambda name=name: SITUATIONS[name](shop))
            else:
                pcap(name).write_bytes(DERIVED[name]())
        server.stop(None).wait()


if __name__ == "__main__":
    main()
