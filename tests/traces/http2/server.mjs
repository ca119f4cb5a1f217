// SPDX-License-Identifier: Apache-2.0
// A server of HTTP/2 without TLS whose paths say what goes wrong with them.
//
// usage: node server.mjs PORT
import http2 from "node:http2";

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;

const paths = {
  "/reset": (stream) => {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.write("the beginning");
    setTimeout(() => stream.destroy(new Error("broken")), 50);
  },
  "/slow": () => {},
  "/early": (stream) => {
    stream.respond({ ":status": 413, "content-type": "text/plain" });
    stream.end("too much");
    setTimeout(() => stream.close(NGHTTP2_NO_ERROR), 50);
  },
  "/hints": (stream) => {
    stream.additionalHeaders({ ":status": 103, link: "</style.css>; rel=preload" });
    stream.respond({ ":status": 200, "content-type": "text/html", "set-cookie": ["a=1; Path=/", "b=2"] });
    stream.end("<p>hello</p>");
  },
  "/goaway": (stream) => {
    stream.session.goaway(NGHTTP2_CANCEL, 1);
    stream.respond({ ":status": 200 });
    stream.end("the last one");
  },
};

const server = http2.createServer({ settings: { enableConnectProtocol: true } });
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  const answer = paths[headers[":path"]];
  if (answer) return answer(stream);
  if (headers[":method"] === "CONNECT") {
    stream.respond({ ":status": 200 });
    stream.on("data", (bytes) => stream.write(bytes));
    stream.on("end", () => stream.end());
    return undefined;
  }
  let body = "";
  stream.on("data", (bytes) => (body += bytes));
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end(body);
  });
  return undefined;
});
server.listen(Number(process.argv[2]), "127.0.0.1");
