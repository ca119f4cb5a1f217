// SPDX-License-Identifier: Apache-2.0
// WebSocket over a stream of HTTP/2 (RFC 8441) for make_traces.py: Node's http2 carries what the ws library says. One
// process is both peers, over a real connection.
//
// usage: node over-http2.cjs PORT TEXT...     an echo of each text is waited for
'use strict';
const http2 = require('http2');
const path = require('path');
const {WebSocket} = require('ws');
const library = path.dirname(require.resolve('ws/package.json'));
const PerMessageDeflate = require(path.join(library, 'lib/permessage-deflate'));

const [port, ...texts] = process.argv.slice(2);
const settings = {enableConnectProtocol: true};

// A WebSocket over a stream whose upgrade is done.
function webSocketOver(stream, isServer) {
  const packing = new PerMessageDeflate({threshold: 0}, isServer);
  packing.accept([{}]);
  const socket = new WebSocket(null);
  socket._isServer = isServer;
  socket._extensions[PerMessageDeflate.extensionName] = packing;
  stream.setNoDelay = () => {};
  socket.setSocket(stream, Buffer.alloc(0), {maxPayload: 1 << 20});
  return socket;
}

const server = http2.createServer({settings});
server.on('stream', (stream, headers) => {
  if (headers[':method'] !== 'CONNECT') {
    stream.respond({':status': 200});
    return stream.end('not a socket');
  }
  stream.respond({':status': 200, 'sec-websocket-extensions': 'permessage-deflate'});
  const socket = webSocketOver(stream, true);
  socket.on('message', (data, isBinary) => socket.send(data, {binary: isBinary}));
});

server.listen(Number(port), '127.0.0.1', () => {
  const session = http2.connect(`http://127.0.0.1:${port}`, {settings});
  session.on('remoteSettings', () => {
    const stream = session.request({
      ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', ':scheme': 'http',
      'sec-websocket-version': '13', 'sec-websocket-extensions': 'permessage-deflate',
    });
    stream.on('response', () => {
      const socket = webSocketOver(stream, false);
      const say = () => {
        const text = texts.shift();
        if (text !== undefined) return socket.send(text);
        session.request({':path': '/beside'}).resume().on('end', () => socket.close(1000, 'bye'));
      };
      socket.on('message', () => setTimeout(say, 20));
      socket.on('close', () => {
        session.close();
        server.close();
      });
      say();
    });
  });
});
