/** The echo: what is agreed on, what comes back, what ends it, and whose bytes can be read. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { chooseProtocol } from '../../demo-server/exhibits/echo.ts';
import type { WireExchange } from '../../demo-server/protocol.ts';
import { annotate } from '../../site/wire/wire-annotate.ts';
import { frames, upgrade } from '../helpers/frames.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer } from '../helpers/server.ts';

const RECORD = 'a0'.repeat(16);

interface Echo {
  socket: WebSocket;
  next(): Promise<{ data: Buffer; isBinary: boolean }>;
  closed: Promise<{ code: number; reason: string }>;
}

async function open(port: number, protocols: string[] = [], path = '/echo'): Promise<Echo> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  onTestFinished(() => socket.terminate());
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('error', () => {});
  const next: Echo['next'] = () =>
    new Promise((resolve) => socket.once('message', (data: Buffer, isBinary) => resolve({ data, isBinary })));
  return { socket, next, closed };
}

describe('the subprotocol', () => {
  test.each([
    [[], false],
    [['chat'], 'chat'],
    [['superchat', 'chat'], 'superchat'],
    [['mqtt', 'chat', 'superchat'], 'chat'],
    [['mqtt', 'Chat'], false],
  ])('of %j is %j', (offered, chosen) => {
    expect(chooseProtocol(new Set(offered), { url: '/echo' })).toBe(chosen);
    expect(chooseProtocol(new Set(offered), { url: `/echo/${RECORD}?a=1` })).toBe(chosen);
    expect(chooseProtocol(new Set(offered), { url: '/push/websocket' })).toBe(false);
    expect(chooseProtocol(new Set(offered), { url: '/echoes' })).toBe(false);
  });

  test('stands in the answer, or nothing does', async () => {
    const server = await startServer();
    const ask = async (path: string, offered: string) => {
      const connection = rawConnection(server.port, upgrade(path, { 'Sec-WebSocket-Protocol': offered }));
      return (await connection.until((bytes) => bytes.includes('\r\n\r\n'))).toString('latin1');
    };
    expect(await ask('/echo', 'superchat, chat')).toContain('\r\nSec-WebSocket-Protocol: superchat\r\n');
    expect(await ask('/echo', 'mqtt')).not.toMatch(/protocol:/i);
    expect(await ask('/control', 'chat')).not.toMatch(/protocol:/i);
    expect(await ask('/echo', 'chat')).not.toMatch(/extensions:/i);
  });
});

describe('compression', () => {
  const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
  const ask = async (path: string): Promise<string> => {
    const server = await startServer();
    const connection = rawConnection(server.port, upgrade(path, offer));
    return (await connection.until((bytes) => bytes.includes('\r\n\r\n'))).toString('latin1');
  };

  test.each([
    ['/echo?deflate=on', 'permessage-deflate'],
    ['/echo?deflate=no-takeover', 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'],
  ])('%s agrees on %s', async (path, agreed) => {
    expect(await ask(path)).toContain(`\r\nSec-WebSocket-Extensions: ${agreed}\r\n`);
  });

  test.each(['/echo', '/echo?deflate=off', '/push/websocket', '/push/websocket?deflate=on', '/control?deflate=on'])(
    '%s agrees on none, whatever is offered',
    async (path) => {
      const answer = await ask(path);
      expect(answer).toContain(' 101 ');
      expect(answer).not.toMatch(/extensions:/i);
    },
  );

  test('makes the second Hello shorter than the first, and bounds what a small frame unfolds to', async () => {
    const server = await startServer();
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/echo?deflate=on`, {
      perMessageDeflate: { threshold: 0 },
    });
    onTestFinished(() => socket.terminate());
    await new Promise((resolve) => socket.once('open', resolve));
    const sizes: number[] = [];
    for (let n = 0; n < 2; n += 1) {
      const before = (socket as unknown as { _socket: { bytesRead: number } })._socket.bytesRead;
      const back = new Promise((resolve) => socket.once('message', (data) => resolve(data.toString())));
      socket.send('Hello');
      expect(await back).toBe('Hello');
      sizes.push((socket as unknown as { _socket: { bytesRead: number } })._socket.bytesRead - before);
    }
    expect(sizes).toEqual([9, 7]);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send('x'.repeat(1_000_000));
    expect(await closed).toBe(1009);
  });

  test('of another kind is refused in words, and one address may have so many', async () => {
    const server = await startServer();
    const answer = await fetch(`${server.url}/echo?deflate=brotli`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'bad-deflate' });
    const status = async (): Promise<string> => {
      const connection = rawConnection(server.port, upgrade('/echo?deflate=on', offer));
      return (await connection.until((bytes) => bytes.includes('\r\n'))).toString('latin1').split(' ')[1] ?? '';
    };
    const statuses = [];
    for (let n = 0; n <= 40; n += 1) statuses.push(await status());
    expect(statuses.slice(0, 40)).toEqual(Array(40).fill('101'));
    expect(statuses[40]).toBe('429');
  });
});

describe('a message', () => {
  test('comes back as it was, text as text and binary as binary', async () => {
    const server = await startServer();
    const { socket, next } = await open(server.port, ['chat']);
    expect(socket.protocol).toBe('chat');
    for (const text of ['hello', '', 'Grüße 🛰', 'x'.repeat(126), 'y'.repeat(16384), '{"seq":1,"sentAt":1,"data":""}']) {
      const back = next();
      socket.send(text);
      expect(await back).toMatchObject({ isBinary: false, data: Buffer.from(text) });
    }
    for (const size of [0, 1, 125, 126, 16384]) {
      const back = next();
      socket.send(Buffer.alloc(size, 7));
      expect(await back).toMatchObject({ isBinary: true, data: Buffer.alloc(size, 7) });
    }
    const back = next();
    socket.send(Buffer.from('over'));
    expect((await back).data.toString(), 'binary does not end it').toBe('over');
  });

  test('“over” ends it with 1000', async () => {
    const server = await startServer();
    const { socket, closed } = await open(server.port);
    socket.send('over');
    expect(await closed).toEqual({ code: 1000, reason: 'over' });
  });

  test('of more than messageBytes ends it with 1009, one in broken UTF-8 with 1007', async () => {
    const server = await startServer({ limits: { messageBytes: 100 } });
    const long = await open(server.port);
    long.socket.send('x'.repeat(101));
    expect((await long.closed).code).toBe(1009);
    const broken = await open(server.port);
    broken.socket.send(Buffer.from([0xc3, 0x28]), { binary: false });
    expect((await broken.closed).code).toBe(1007);
  });
});

test('a client that does not answer a Ping is cut, one that does stays', async () => {
  const server = await startServer({ heartbeatMs: 50 });
  const silent = rawConnection(server.port, upgrade('/echo'));
  const bytes = await silent.ended();
  expect(frames(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)).map(({ opcode }) => opcode)).toEqual([9]);

  const { socket, next } = await open(server.port);
  for (let pings = 0; pings < 3; pings += 1) await new Promise((resolve) => socket.once('ping', resolve));
  const back = next();
  socket.send('still here');
  expect((await back).data.toString()).toBe('still here');
});

describe('is refused in words', () => {
  const refusal = async (port: number, request: string) => {
    const connection = rawConnection(port, request);
    const answer = readAnswer(await connection.until((bytes) => readAnswer(bytes)?.complete === true));
    return { status: answer?.status, ...JSON.parse(answer?.body.toString() ?? '') };
  };
  test('a plain GET, a page of elsewhere, one echo too many, a record that is none', async () => {
    const server = await startServer({ limits: { echoesPerAddress: 1 } });
    expect(await refusal(server.port, get('/echo'))).toMatchObject({ status: 426, error: 'upgrade-required' });
    const foreign = upgrade('/echo', { Origin: 'https://elsewhere.example' });
    expect(await refusal(server.port, foreign)).toMatchObject({ status: 403, error: 'foreign-origin' });
    expect(await refusal(server.port, upgrade('/echo/short'))).toMatchObject({ status: 400, error: 'bad-record' });
    expect(await refusal(server.port, get('/echoes/short'))).toMatchObject({ status: 400, error: 'bad-record' });
    expect(await refusal(server.port, get(`/echoes/${RECORD}`))).toMatchObject({ status: 404 });
    await open(server.port);
    expect(await refusal(server.port, upgrade('/echo'))).toMatchObject({ status: 429, error: 'too-many-streams' });
  });
});

describe('the record', () => {
  test('has the bytes of its own connections, every one explained, and is in no account of a lane', async () => {
    const server = await startServer();
    const other = await open(server.port, [], `/echo/${'b1'.repeat(16)}`);
    const { socket, next, closed } = await open(server.port, ['chat'], `/echo/${RECORD}`);
    for (const echo of [other.next(), next()]) void echo;
    other.socket.send('another’s');
    const back = next();
    socket.send('{"seq":1,"sentAt":1,"data":"x"}');
    await back;
    socket.send('over');
    await closed;

    const answer = await fetch(`${server.url}/echoes/${RECORD}`);
    const { exchanges } = (await answer.json()) as { exchanges: WireExchange[] };
    expect(exchanges).toHaveLength(1);
    const stretches = annotate(exchanges[0] as WireExchange).flatMap((turn) => turn.stretches);
    expect(new Set(stretches.map(({ kind }) => kind))).toEqual(new Set(['head', 'framing', 'body']));
    expect(stretches.map(({ note }) => note.key)).toContain('frame.close');
    const up = stretches.find(({ note }) => note.key === 'frame.masked' || note.key === 'event');
    expect(Buffer.from(up?.unmasked ?? []).toString()).toBe('{"seq":1,"sentAt":1,"data":"x"}');
    expect(server.readLedger('open').lanes.websocket?.requests).toBe(0);
  });

  test('makes room for new ones', async () => {
    const server = await startServer();
    const status = async (record: string) => (await fetch(`${server.url}/echoes/${record}`)).status;
    const names = Array.from({ length: 49 }, (_, i) => i.toString(16).padStart(32, '0'));
    for (const name of names) await fetch(`${server.url}/echo/${name}`);
    expect(await status(names[0] ?? '')).toBe(404);
    expect(await status(names[48] ?? '')).toBe(200);
  });
});
