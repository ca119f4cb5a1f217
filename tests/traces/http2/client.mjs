// SPDX-License-Identifier: Apache-2.0
// A client of server.mjs that does what the name of the situation says.
//
// usage: node client.mjs PORT SITUATION
import http2 from "node:http2";
import { once } from "node:events";
import { setTimeout as after } from "node:timers/promises";

const [port, situation] = process.argv.slice(2);
const session = http2.connect(`http://127.0.0.1:${port}`);
session.on("error", () => {});

function ask(path, options = {}, headers = {}) {
  const stream = session.request({ ":path": path, ...headers }, options);
  stream.on("error", () => {});
  stream.resume();
  return stream;
}
const done = (stream) => new Promise((resolve) => stream.on("close", resolve));

const situations = {
  async resets() {
    await done(ask("/reset"));
    const slow = ask("/slow");
    await after(50);
    slow.close(http2.constants.NGHTTP2_CANCEL);
    const upload = ask("/echo", { endStream: false }, { ":method": "POST" });
    upload.write("half of it");
    await after(50);
    upload.close(http2.constants.NGHTTP2_CANCEL);
    await done(ask("/after"));
  },
  async early() {
    const upload = ask("/early", { endStream: false }, { ":method": "POST", "content-type": "text/plain" });
    upload.write("x".repeat(500));
    await done(upload);
  },
  async hints() {
    await done(ask("/hints", {}, { cookie: ["one=1", "two=2"] }));
  },
  async goaway() {
    ask("/slow");
    ask("/slow");
    await after(100);
    await done(ask("/goaway"));
  },
  async tunnel() {
    await once(session, "remoteSettings");
    const stream = session.request({ ":method": "CONNECT", ":authority": "db.example:5432" }, { endStream: false });
    stream.write("through the tunnel");
    await once(stream, "data");
    stream.end();
    await done(stream);
    await done(ask("/after"));
  },
};

await situations[situation]();
await after(50);
session.destroy();
