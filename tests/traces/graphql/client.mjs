// SPDX-License-Identifier: Apache-2.0
// Posts each of its further arguments as JSON, all at once, over one HTTP/2 connection to the URL that is the first.
import http2 from "node:http2";

const [url, ...bodies] = process.argv.slice(2);
const session = http2.connect(url);
const post = (body) =>
  new Promise((resolve) => {
    const request = session.request({ ":method": "POST", ":path": "/", "content-type": "application/json" });
    request.on("close", resolve).resume();
    request.end(body);
  });
await Promise.all(bodies.map(post));
session.close();
