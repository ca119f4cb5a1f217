// SPDX-License-Identifier: Apache-2.0
// The server of make_traces.py: the ws library of Node, with another agreement on each path. It says what it hears, and
// does what some texts ask for.
//
// usage: node server.cjs PORT...
'use strict';
const http = require('http');
const {WebSocketServer} = require('ws');

const agreements = {
  '/plain': false,
  '/deflate': {threshold: 0},
  '/fresh': {threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true},
  '/small-window': {threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9},
};

const deeds = {
  fragments(socket) {
    socket.send('first, ', {fin: false});
    socket.send('second, ', {fin: false});
    socket.ping('still there?');
    socket.send('last', {fin: true});
  },
  close(socket) { socket.close(4000, 'good night'); },
  vanish(socket) {
    // The head of a text of 1000 bytes, and 11 of them.
    socket._socket.write(Buffer.concat([Buffer.from([0x81, 126, 0x03, 0xe8]), Buffer.from('not all of ')]),
                         () => socket._socket.destroy());
  },
};

const servers = {};
for (const [path, perMessageDeflate] of Object.entries(agreements)) {
  servers[path] = new WebSocketServer({noServer: true, perMessageDeflate});
  servers[path].on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      const deed = deeds[data.toString()];
      if (deed) deed(socket);
      else socket.send(data, {binary: isBinary});
    });
  });
}

for (const port of process.argv.slice(2)) {
  const server = http.createServer();
  server.on('upgrade', (request, connection, head) => {
    const accepting = servers[request.url];
    accepting.handleUpgrade(request, connection, head, (socket) => accepting.emit('connection', socket, request));
  });
  server.listen(Number(port), '127.0.0.1');
}
