import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { frames, upgrade } from '../helpers/frames.ts';
import { type Answer, get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, tenEvents } from '../helpers/server.ts';
import { contract, type Understood } from './contract.ts';

function understandFrames({ status, body, complete }: Answer): Understood {
  if (status !== 101) return { seqs: [], resets: [], heartbeats: 0, ended: complete };
  const all = frames(body);
  const messages = all.filter(({ opcode }) => opcode === 1).map(({ payload }) => JSON.parse(payload.toString()));
  return {
    seqs: messages.filter(({ seq }) => seq).map(({ seq }) => seq),
    resets: messages.filter(({ reset }) => reset).map(({ next }) => next),
    heartbeats: all.filter(({ opcode }) => opcode === 9).length,
    ended: all.some(({ opcode }) => opcode === 8),
  };
}

contract({
  id: 'websocket',
  kind: 'stream',
  request: (path) => upgrade(path),
  understand: understandFrames,
  overStatus: 410,
  // An empty Pong, masked with zeros, for every empty Ping.
  reply: (bytes) => (bytes.includes(Buffer.from([0x89, 0])) ? Buffer.from([0x8a, 0x80, 0, 0, 0, 0]) : Buffer.alloc(0)),
});

test('websocket cuts a half-open connection: one that leaves a Ping unanswered until the next', async () => {
  const server = await startServer({ heartbeatMs: 20 });
  const connection = rawConnection(server.port, upgrade('/push/websocket'));
  const body = readAnswer(await connection.ended())?.body ?? Buffer.alloc(0);
  expect(frames(body).filter(({ opcode }) => opcode === 9)).toHaveLength(1);
});

test('websocket answers the handshake of RFC 6455 1.3, and closes with 1000 when the run ends', async () => {
  const server = await startServer();
  const run = await server.run(tenEvents('websocket'));
  const connection = rawConnection(server.port, upgrade(`/push/websocket?run=${run.id}&after=0`));
  const bytes = await connection.until((sofar) =>
    frames(readAnswer(sofar)?.body ?? Buffer.alloc(0)).some((f) => f.opcode === 8),
  );
  const answer = readAnswer(bytes);
  expect(answer?.headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  expect(answer?.headers['sec-websocket-extensions']).toBeUndefined();
  expect(
    frames(answer?.body ?? Buffer.alloc(0))
      .at(-1)
      ?.payload.readUInt16BE(0),
  ).toBe(1000);
});

test('websocket refuses a page of another origin, and tells a plain GET what it speaks', async () => {
  const server = await startServer();
  const cases: [string, number][] = [
    [upgrade('/push/websocket', { Origin: 'https://evil.example' }), 403],
    [upgrade('/control', { Origin: 'https://evil.example' }), 403],
    [get('/push/websocket'), 426],
    [get('/control'), 426],
  ];
  for (const [request, status] of cases) {
    const connection = rawConnection(server.port, request);
    const answer = readAnswer(await connection.until((sofar) => readAnswer(sofar)?.complete === true));
    expect(answer?.status).toBe(status);
  }
  const own = rawConnection(server.port, upgrade('/push/websocket', { Origin: 'http://localhost' }));
  expect(readAnswer(await own.until((sofar) => sofar.includes('\r\n\r\n')))?.status).toBe(101);
});

test('a request without an upgrade is told to upgrade, in both headers; one that wants the connection closed gets that', async () => {
  const server = await startServer();
  const cases: [string, string, string][] = [
    [get('/push/websocket'), 'upgrade', 'upgrade-required'],
    [get('/push/websocket', { Connection: 'close' }), 'upgrade, close', 'upgrade-required'],
    [get('/push/websocket', {}, '1.0'), 'upgrade, close', 'upgrade-required'],
    // A list, by the rules; ws takes the one word only.
    [
      upgrade('/push/websocket').replace('Upgrade: websocket', 'Upgrade: other, websocket'),
      'upgrade',
      'upgrade-required',
    ],
    // HTTP/1.0 has no Upgrade: a server must ignore it there (RFC 9110, 7.8).
    [upgrade('/push/websocket').replace('HTTP/1.1', 'HTTP/1.0'), 'upgrade, close', 'upgrade-in-http10'],
  ];
  for (const [request, connection, error] of cases) {
    const raw = rawConnection(server.port, request);
    const answer = readAnswer(await raw.until((sofar) => readAnswer(sofar)?.complete === true));
    expect(answer).toMatchObject({ status: 426, headers: { upgrade: 'websocket', connection } });
    expect(JSON.parse(answer?.body.toString() ?? '')).toMatchObject({ error });
  }
  const elsewhere = rawConnection(server.port, upgrade('/push/polling').replace('HTTP/1.1', 'HTTP/1.0'));
  if ('shouldUpgradeCallback' in createServer()) expect(readAnswer(await elsewhere.ended())?.status).toBe(200);
});
