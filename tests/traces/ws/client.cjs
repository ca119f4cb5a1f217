// SPDX-License-Identifier: Apache-2.0
// The Node client of make_traces.py: says its arguments, one after the other's answer, then closes.
//
// usage: node client.cjs URL TEXT...     "fragments:a,b": in pieces with a ping between them; "ping:x"; "hex:ff00": binary
'use strict';
const {WebSocket} = require('ws');

const [url, ...texts] = process.argv.slice(2);
const socket = new WebSocket(url, {perMessageDeflate: !url.endsWith('/plain') && {threshold: 0}});

function say() {
  const text = texts.shift();
  if (text === undefined) return socket.close(1000, 'bye');
  const [kind, rest] = text.split(/:(.*)/s);
  if (kind === 'ping') return socket.ping(rest);
  if (kind === 'hex') return socket.send(Buffer.from(rest, 'hex'));
  if (kind !== 'fragments' || rest === undefined) return socket.send(text);
  const pieces = rest.split(',');
  const last = pieces.pop();
  for (const piece of pieces) {
    socket.send(piece, {fin: false});
    socket.ping('are you there?');
  }
  socket.send(last, {fin: true});
}

socket.on('open', say);
socket.on('message', () => setTimeout(say, 20));
socket.on('pong', (data) => { if (!data.toString().endsWith('?')) say(); });
socket.on('error', () => {});
