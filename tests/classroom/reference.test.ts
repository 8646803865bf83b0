/** What a teacher who programs finds: every request of a class in the API's page, every message of its socket on a page of its own. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../../demo-server/app.ts';
import type { ClassMessage, ClassRefusal, ClassRequest, TeacherAction } from '../../demo-server/classroom/protocol.ts';
import { startServer } from '../helpers/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/content/docs/classroom-socket.mdx`, 'utf8');

/** A name that the types lose or gain does not pass tsc here. */
const REQUESTS: Record<ClassRequest['type'], true> = {
  hello: true,
  ping: true,
  here: true,
  nickname: true,
  answer: true,
  ready: true,
  result: true,
  heard: true,
  act: true,
};
const MESSAGES: Record<ClassMessage['type'], true> = {
  wait: true,
  seat: true,
  teacher: true,
  pong: true,
  class: true,
  console: true,
  settled: true,
  done: true,
  refused: true,
};
const ACTIONS: Record<TeacherAction['do'], true> = {
  lock: true,
  remove: true,
  'remove-empty': true,
  go: true,
  'call-run': true,
  'start-run': true,
  'stop-run': true,
  ask: true,
  reveal: true,
  'close-question': true,
  feed: true,
  say: true,
  'join-at': true,
  end: true,
};
const REFUSALS: Record<ClassRefusal, true> = {
  'nickname-empty': true,
  'nickname-long': true,
  'nickname-characters': true,
  'wrong-code': true,
  'wrong-token': true,
  'unknown-seat': true,
  removed: true,
  locked: true,
  ended: true,
  full: true,
  'too-fast': true,
  'too-many-tries': true,
  elsewhere: true,
  'bad-message': true,
  'bad-action': true,
  'store-lost': true,
};

test('the page of the socket names every message, action and refusal that there is', () => {
  const names = [REQUESTS, MESSAGES, ACTIONS, REFUSALS].flatMap((list) => Object.keys(list));
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('the reference of the API has every request of a class, with its refusals, and leads to that page', async () => {
  const app = await buildApp({ classroom: {} });
  onTestFinished(() => app.close());
  await app.ready();
  const { paths = {} } = app.swagger() as unknown as { paths?: Record<string, Record<string, { responses: object }>> };
  const routes = Object.entries(paths).filter(([path]) => path.startsWith('/classroom'));
  const listed = routes.flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
  expect(listed.sort()).toEqual([
    'delete /classroom/classes/{id}',
    'get /classroom',
    'get /classroom/classes',
    'get /classroom/classes/{id}/{format}',
    'get /classroom/info',
  ]);
  expect(Object.keys(paths['/classroom/classes/{id}']?.delete?.responses ?? {})).toEqual([
    '204',
    '401',
    '403',
    '404',
    '409',
  ]);
  const html = readFileSync(`${root}/dist/docs/api/index.html`, 'utf8');
  for (const one of listed) {
    const id = one.replace(/[^a-z0-9]+/gi, '-').replace(/-$/, '');
    expect(html, one).toContain(`id="${id}"`);
  }
  expect(html).toContain('href="/classroom-socket/"');
});

test('the student in twenty lines joins, follows and answers', async () => {
  const server = await startServer({ classroom: {} });
  const [, code = ''] = /```js title="student.mjs" frame="code"\n([\s\S]*?)^```/m.exec(page) ?? [];
  const { room } = server.classroom ?? {};
  const student = spawn(process.execPath, ['--input-type=module', '-', server.url, room?.state.code ?? '', 'Robot']);
  onTestFinished(() => void student.kill('SIGKILL'));
  student.stdin.end(code);
  const lines = createInterface(student.stdout)[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  expect(await next()).toBe('in, as Robot');
  await room?.act({ do: 'go', path: '/lab/' });
  expect(await next()).toBe('the class is at /lab/');
  const question = { kind: 'one' as const, text: 'Which?', choices: ['this', 'that'], unit: '', path: '/' };
  await room?.act({ do: 'ask', question, key: { right: [0], value: null, tolerance: 0, why: [] } });
  const asked: string[] = [];
  while (asked.at(-1) !== 'asked: Which?') asked.push(String(await next()));
  const answered = Promise.withResolvers<void>();
  const stop = room?.watch(() => room.state.questions[0]?.answers.size === 1 && answered.resolve());
  if (room?.state.questions[0]?.answers.size === 1) answered.resolve();
  await answered.promise;
  stop?.();
  await room?.act({ do: 'end' });
});
