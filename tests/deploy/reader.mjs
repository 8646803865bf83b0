/**
 * One stream and one WebSocket of a site, as a page holds them: `node reader.mjs ORIGIN`. Prints a JSON line for each
 * beginning, each event and each end, with the ms since it started, and ends when both have ended.
 */
import { WebSocket } from 'ws';

const [site = ''] = process.argv.slice(2);
const say = (what, more = {}) =>
  process.stdout.write(`${JSON.stringify({ ms: Math.round(performance.now()), what, ...more })}\n`);

const socket = new WebSocket(`${site.replace('http', 'ws')}/push/websocket`, { origin: site });
socket.on('open', () => say('socket open'));
socket.on('message', () => say('socket event'));
socket.on('close', (code) => say('socket closed', { code }));
socket.on('error', (error) => say('socket error', { message: error.message }));

try {
  const stream = await fetch(`${site}/push/sse`);
  say('stream open', { status: stream.status });
  for await (const _ of stream.body) say('stream event');
  say('stream ended');
} catch (error) {
  say('stream cut', { message: error.cause?.code ?? error.message });
}
