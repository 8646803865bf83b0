/** The tap on a real server: what the client's own socket sent and got is what the ledger has, whatever happens between. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { OPEN_RUN, type RunLedger, TECHNIQUES } from '../../demo-server/protocol.ts';
import { deafReaders } from '../../demo-server/wire/deaf.ts';
import { type ConnectionTotals, createLedger } from '../../demo-server/wire/ledger.ts';
import { DEAF_READER, SLOW_READER, tapServer } from '../../demo-server/wire/tap.ts';
import { get, rawConnection } from '../helpers/raw.ts';

interface Tapped {
  port: number;
  server: Server;
  endAll(): void;
  /** Resolves with the totals of the next connection that closes. */
  totals(): Promise<ConnectionTotals>;
  read(): RunLedger;
}

const QUEUED_BYTES = 64 * 1024;

async function tapped(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  clock: () => number = () => 1,
  deafMs?: number,
): Promise<Tapped> {
  const closed: ConnectionTotals[] = [];
  const waiting: ((totals: ConnectionTotals) => void)[] = [];
  const ledger = createLedger({
    clock,
    onConnectionEnd: (totals) => {
      const next = waiting.shift();
      if (next) next(totals);
      else closed.push(totals);
    },
  });
  ledger.open(OPEN_RUN, TECHNIQUES);
  const server = createServer(handler);
  const endAll = tapServer(server, { ledger, queuedBytes: QUEUED_BYTES, deafMs });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    endAll();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    server,
    endAll,
    totals: () =>
      new Promise((resolve) => {
        const known = closed.shift();
        if (known) resolve(known);
        else waiting.push(resolve);
      }),
    read: () => ledger.read(OPEN_RUN),
  };
}

const hello = (_request: IncomingMessage, response: ServerResponse): void => void response.end('hello');
const last = get('/', { Connection: 'close' });

/** Sends these bytes, waits until the server has ended the connection, and compares. */
async function agrees(server: Tapped, bytes: string | Buffer): Promise<string> {
  const totals = server.totals();
  const connection = rawConnection(server.port, bytes);
  const received = await connection.ended();
  connection.destroy();
  expect(await totals).toMatchObject({
    bytesUp: Buffer.byteLength(bytes as string, 'latin1'),
    bytesDown: received.length,
    unaccountedBytes: 0,
  });
  return received.toString('latin1');
}

test.each([
  ['one request', last],
  ['pipelined requests', get('/') + get('/') + last],
  ['no HTTP at all', 'hello there\r\n\r\n'],
  [
    'an Expect: 100-continue',
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok`,
  ],
  [
    'a chunked body with trailers',
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nT: v\r\n\r\n`,
  ],
  ['HTTP/1.0', get('/', {}, '1.0')],
])('%s: every byte both ways', async (_, bytes) => {
  await agrees(await tapped(hello), bytes);
});

test('heads and bodies in every encoding that http writes: text, bytes, chunked, one by one and corked', async () => {
  const server = await tapped((_request, response) => {
    response.writeHead(200, { 'X-Latin': 'é', Connection: 'close' });
    response.write('é–😀');
    response.write(Buffer.from('bytes'));
    response.write('e9', 'hex');
    setImmediate(() => {
      response.cork();
      response.write('corked ');
      response.write('twice');
      response.uncork();
      response.end('é', 'latin1');
    });
  });
  expect(await agrees(server, get('/'))).toContain('twice');
});

test('an answer written past http, to the socket itself', async () => {
  const server = await tapped(({ socket }) => void socket.end('HTTP/1.0 200 OK\r\n\r\né'));
  await agrees(server, get('/'));
});

test('a WebSocket whose first frame comes in the same packet as its handshake: counted once, and read once', async () => {
  const server = await tapped(hello);
  const sockets = new WebSocketServer({ server: server.server });
  const got: string[] = [];
  sockets.on('connection', (socket: WebSocket) => {
    socket.on('message', (message) => {
      got.push(String(message));
      socket.send(`${message} too`);
      socket.close(1000);
    });
  });
  const handshake = get('/push/websocket', {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  });
  const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  const close = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
  const answer = await agrees(server, Buffer.concat([Buffer.from(handshake), frame, close]));
  expect(got).toEqual(['hi']);
  expect(answer).toContain('hi too');
  const { up } = server.read().lanes.websocket?.bytes ?? { up: undefined };
  expect(up).toEqual({ head: handshake.length, framing: 6 + close.length, body: 2 });
});

test('an upgrade that nobody answers by http: what was read with the head reaches its reader, once', async () => {
  const server = await tapped(hello);
  server.server.on('upgrade', (_request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.unshift(head);
    socket.once('data', (bytes: Buffer) =>
      socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n${bytes}`),
    );
  });
  const answer = await agrees(server, `${get('/', { Connection: 'Upgrade', Upgrade: 'x' })}early`);
  expect(answer).toContain('early');
});

test('a body that is read slowly: the sender is held, and no byte is lost', async () => {
  const size = 4 * 1024 * 1024;
  let read = 0;
  const server = await tapped((request, response) => {
    request.on('readable', () => {
      const some = request.read(65536) ?? request.read();
      read += some?.length ?? 0;
      if (some) setImmediate(() => request.emit('readable'));
    });
    request.on('end', () => response.end());
  });
  await agrees(
    server,
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`,
  );
  expect(read).toBe(size);
});

test('a connection that breaks off within a head, and one that is reset: nothing is left over', async () => {
  const server = await tapped(hello);
  for (const end of ['destroy', 'resetAndDestroy'] as const) {
    const totals = server.totals();
    const accepted = new Promise<Socket>((resolve) => server.server.once('connection', resolve));
    const connection = rawConnection(server.port, 'GET / HT');
    const socket = await accepted;
    await new Promise((resolve) => socket.once('data', resolve));
    connection.socket[end]();
    expect(await totals).toMatchObject({ bytesUp: 8, unaccountedBytes: 0 });
  }
  expect(server.read().unowned?.bytes.up.head).toBe(16);
});

test('a reader that stops reading is cut at the limit, and the reason is told', async () => {
  let most = 0;
  const server = await tapped((_request, response) => {
    const chunk = Buffer.alloc(8192, 'x');
    const more = (): void => {
      if (response.destroyed) return;
      response.write(chunk);
      most = Math.max(most, response.socket?.writableLength ?? 0);
      setImmediate(more);
    };
    more();
  });
  const totals = server.totals();
  const connection = rawConnection(server.port, get('/push/xhr-stream'));
  connection.socket.pause();
  expect(await totals).toMatchObject({ unaccountedBytes: 0 });
  expect(most).toBeLessThanOrEqual(QUEUED_BYTES);
  expect(server.read().lanes['xhr-stream']?.cuts).toEqual([{ reason: SLOW_READER, count: 1 }]);
});

test('a reader that takes nothing of a whole answer is cut after a time, and the reason is told', async () => {
  const size = 64 * 1024 * 1024;
  const server = await tapped(
    (_request, response) => {
      response.writeHead(200, { 'content-length': size });
      response.flushHeaders();
      // In one piece, which is under no limit of what waits.
      setImmediate(() => response.end(Buffer.alloc(size)));
    },
    undefined,
    20,
  );
  const totals = server.totals();
  const connection = rawConnection(server.port, get('/push/xhr-stream'));
  connection.socket.pause();
  expect(await totals).toMatchObject({ unaccountedBytes: 0 });
  expect(server.read().lanes['xhr-stream']?.cuts).toEqual([{ reason: DEAF_READER, count: 1 }]);
});

test('a reader that is slow and takes some of it each time is not deaf, nor is one for whom nothing waits', () => {
  const socket = (bytesWritten: number, writeQueueSize: number, writableLength: number) =>
    ({ _handle: { bytesWritten, writeQueueSize }, writableLength }) as unknown as Socket & {
      _handle: { writeQueueSize: number };
    };
  const [slow, deaf, idle] = [socket(100, 50, 50), socket(100, 50, 50), socket(100, 0, 0)];
  const closed = { _handle: null, writableLength: 50 } as unknown as typeof slow;
  const look = deafReaders([slow, deaf, idle, closed]);
  expect(look()).toEqual([]);
  slow._handle.writeQueueSize = 49;
  expect(look()).toEqual([deaf]);
});

test('a fault of the meter does not break the connection; it is told, and shows as unaccounted', async () => {
  const warning = new Promise((resolve) => process.once('warning', resolve));
  const server = await tapped(hello, () => {
    throw new Error('no time');
  });
  const totals = server.totals();
  const connection = rawConnection(server.port, last);
  expect((await connection.ended()).toString()).toContain('hello');
  connection.destroy();
  expect((await totals).unaccountedBytes).toBeGreaterThan(last.length);
  expect(await warning).toMatchObject({ message: 'no time' });
});
