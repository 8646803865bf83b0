#!/usr/bin/env bash
# nginx, proxy_buffering on (the default), in front of a handler that sends an event every 300 ms.
#
# What most people expect: "nginx buffers, so an event stream is held until a buffer is full or it ends;
# proxy_buffering off or X-Accel-Buffering: no is needed." It is in nearly every guide to SSE.
#
# What happens: it depends on how nginx asks the handler. In HTTP/1.0, the default up to 1.29.6, that is so. In HTTP/1.1,
# the default from 1.29.7 on (CHANGES-1.30), a chunked answer passes piece by piece with buffering on: the reader of
# chunks hands a buffer on as soon as it holds the next bytes it needs ("set p->length, minimal amount of data we want to
# see", ngx_http_proxy_module.c; ngx_event_pipe.c). An HTTP/1.1 answer that ends with its connection is still held, and so
# is a chunked one that nginx compresses, since then its gzip waits.
#
# Seen with Debian 12's nginx 1.22.1. Needs nginx and node; uses loopback only; takes some 15 s.
# Prints a line for each case, and exits with 1 when one of them has changed.
set -euo pipefail
command -v nginx >/dev/null || { echo 'needs nginx (apt-get install nginx-light)'; exit 2; }
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT

cat > "$folder/see.mjs" <<'JS'
import { spawn } from 'node:child_process';
import { writeFileSync, mkdirSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';

const folder = process.argv[2];
const EVENTS = 8;
const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

/** A handler on a raw socket: one text/event-stream, framed as `path` says, an event every 300 ms. */
const handler = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (request) => {
    const chunked = String(request).startsWith('GET /chunked') && String(request).includes('HTTP/1.1');
    const framing = chunked ? 'Transfer-Encoding: chunked\r\n' : 'Connection: close\r\n';
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${framing}\r\n`);
    let n = 0;
    const timer = setInterval(() => {
      if (++n > EVENTS) {
        clearInterval(timer);
        return socket.end(chunked ? '0\r\n\r\n' : '');
      }
      const text = `data: event ${n}\n\n`;
      socket.write(chunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text);
    }, 300);
  });
});
const handlerPort = await listen(handler);

async function free() {
  const probe = createServer();
  const port = await listen(probe);
  await new Promise((done) => probe.close(done));
  return port;
}

/** In how many pieces the events came through an nginx with these lines. */
async function pieces(name, path, lines) {
  const port = await free();
  const home = join(folder, name);
  mkdirSync(home);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${of};`).join(' ');
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; master_process off; pid nginx.pid; error_log stderr notice; events {}
     http { access_log off; ${temp} server { listen 127.0.0.1:${port};
     location / { proxy_pass http://127.0.0.1:${handlerPort}; ${lines} } } }`,
  );
  const nginx = spawn('nginx', ['-p', home, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise((done) => nginx.stderr.on('data', (said) => /OS: /.test(said) && done()));
  const got = await new Promise((done) => {
    const times = [];
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`),
    );
    socket.on('data', (bytes) => times.push([performance.now(), bytes.length]));
    socket.on('close', () => done(times.length));
  });
  nginx.kill();
  await new Promise((done) => nginx.once('close', done));
  return got;
}

const NEW = 'proxy_http_version 1.1; proxy_set_header Connection "";';
const OLD = 'proxy_http_version 1.0; proxy_set_header Connection close;';
const cases = [
  ['asked in HTTP/1.0', '/chunked', OLD, 'held'],
  ['asked in HTTP/1.1, chunked', '/chunked', NEW, 'live'],
  ['asked in HTTP/1.1, ends with its connection', '/plain', NEW, 'held'],
  ['asked in HTTP/1.1, chunked, gzip', '/chunked', `${NEW} gzip on; gzip_types text/event-stream;`, 'held'],
];
let changed = false;
for (const [n, [name, path, lines, expected]] of cases.entries()) {
  const got = await pieces(`case${n}`, path, lines);
  const fate = got >= EVENTS ? 'live' : 'held';
  changed ||= fate !== expected;
  console.log(`${fate}${fate === expected ? '' : ' (was: ' + expected + ')'}: ${EVENTS} events in ${got} pieces; ${name}`);
}
handler.close();
process.exit(changed ? 1 : 0);
JS
nginx -v
node "$folder/see.mjs" "$folder"
