/** The chat: all in a room hear what one says and nobody else does, nothing is kept, and nobody can talk the others down. */
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ChatMessage } from '../../demo-server/protocol.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

interface Reader {
  socket: WebSocket;
  heard: ChatMessage[];
  /** Resolves with the first message from now on that fits. */
  hears(fits: (message: ChatMessage) => boolean): Promise<ChatMessage>;
  closed: Promise<number>;
}

async function join(server: TestServer, room: string, name: string): Promise<Reader> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/chat/${room}?name=${encodeURIComponent(name)}`, 'chat');
  onTestFinished(() => socket.terminate());
  const heard: ChatMessage[] = [];
  const waiting = new Set<(message: ChatMessage) => void>();
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString()) as ChatMessage;
    heard.push(message);
    for (const take of waiting) take(message);
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  const hears: Reader['hears'] = (fits) =>
    new Promise((resolve) => {
      const take = (message: ChatMessage): void => {
        if (!fits(message)) return;
        waiting.delete(take);
        resolve(message);
      };
      waiting.add(take);
    });
  const came = hears(({ type }) => type === 'came');
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('error', () => {});
  await came;
  return { socket, heard, hears, closed };
}
const said = (text: string) => (message: ChatMessage) => message.type === 'said' && message.text === text;

test('what one says all in the room hear, and nobody in another', async () => {
  const server = await startServer();
  const ada = await join(server, 'blue', 'Ada');
  const [sees, bob] = [ada.hears(({ type }) => type === 'came'), await join(server, 'blue', 'Bob')];
  expect(await sees).toEqual({ type: 'came', name: 'Bob', mine: false, readers: 2 });
  const other = await join(server, 'green', 'Eve');
  const [atBob, atAda] = [bob.hears(said('<b>hi</b> ü')), ada.hears(said('<b>hi</b> ü'))];
  ada.socket.send('<b>hi</b> ü');
  expect(await atBob).toEqual({ type: 'said', from: 'Ada', text: '<b>hi</b> ü', mine: false, readers: 2 });
  expect(await atAda).toMatchObject({ mine: true });
  const went = bob.hears(({ type }) => type === 'went');
  ada.socket.close(1000);
  expect(await went).toEqual({ type: 'went', name: 'Ada', readers: 1 });
  expect(other.heard).toEqual([{ type: 'came', name: 'Eve', mine: true, readers: 1 }]);
  const late = await join(server, 'blue', 'Cy');
  expect(late.heard, 'nothing is kept').toEqual([{ type: 'came', name: 'Cy', mine: true, readers: 2 }]);
});

test('agrees on the subprotocol chat, and gives nobody the name of another, an empty or an unseen one', async () => {
  const server = await startServer();
  const names: string[] = [];
  for (const wish of ['Ada', 'Ada', ' A\u202eda\n', '', 'x'.repeat(100)]) {
    const { socket, heard } = await join(server, 'names', wish);
    expect(socket.protocol).toBe('chat');
    const [first] = heard;
    if (first?.type === 'came') names.push(first.name);
  }
  expect(names).toEqual(['Ada', 'Ada 2', 'A da', 'Reader', 'x'.repeat(24)]);
});

test('who talks too fast is told, and in the end shown out', async () => {
  const server = await startServer();
  const [loud, calm] = [await join(server, 'rate', 'Loud'), await join(server, 'rate', 'Calm')];
  const told = loud.hears(({ type }) => type === 'dropped');
  const went = calm.hears(({ type }) => type === 'went');
  // As fast as it goes until it is over: a slow machine gives time for more to be allowed.
  let sent = 0;
  const talking = setInterval(() => {
    for (let n = 0; n < 60; n += 1) loud.socket.send(`${sent++}`);
  });
  onTestFinished(() => clearInterval(talking));
  await told;
  expect(await loud.closed).toBe(1008);
  clearInterval(talking);
  await went;
  const said = calm.heard.filter(({ type }) => type === 'said').length;
  expect(said).toBeGreaterThanOrEqual(5);
  expect(said).toBeLessThan(sent);
});

test('takes text of 500 bytes, and neither more nor anything else', async () => {
  const server = await startServer();
  const one = await join(server, 'size', 'One');
  const back = one.hears(({ type }) => type === 'said');
  one.socket.send('x'.repeat(500));
  await back;
  one.socket.send('x'.repeat(501));
  expect(await one.closed).toBe(1009);
  const two = await join(server, 'size', 'Two');
  two.socket.send(Buffer.from('binary'));
  expect(await two.closed).toBe(1003);
});

test('refuses a bad code, a plain GET, a foreign page, and a reader too many', async () => {
  const server = await startServer();
  for (const [path, headers, status, error] of [
    ['/chat/AB', {}, 400, 'bad-room'],
    ['/chat/blue', {}, 426, 'upgrade-required'],
    ['/chat/blue', { origin: 'https://evil.example' }, 403, 'foreign-origin'],
  ] as const) {
    const answer = await fetch(server.url + path, { headers });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error });
  }
  for (let n = 0; n < 64; n += 1) await join(server, 'full', `R${n}`);
  await expect(join(server, 'full', 'late')).rejects.toThrow('503');
});
