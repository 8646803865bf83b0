/** The class as a process: what it prints, that its secrets stay out of what it prints and keeps, and that kill -9 loses nothing. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { memoryLog } from '../../demo-server/classroom/log/log.ts';
import { redisLog } from '../../demo-server/classroom/log/redis-log.ts';
import { sqliteLog } from '../../demo-server/classroom/log/sqlite-log.ts';
import { FILE } from '../../demo-server/store/folder.ts';
import { joinClass, openDevice, openTeacher } from '../helpers/classroom.ts';
import { startRedis } from '../helpers/redis.ts';

const root = join(import.meta.dirname, '../..');
const QUESTION = { kind: 'one' as const, text: 'Which?', choices: ['a', 'b'], unit: '', path: '/start/' };

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'pushlab-class-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

interface Started {
  child: ChildProcess;
  port: number;
  code: string;
  token: string;
  printed: string;
  /** Resolves with what it wrote on stderr once it has ended. */
  ended: Promise<string>;
}

const start = (dataDir: string, ...options: string[]): Promise<Started> => startBy([], dataDir, ...options);

/** Starts it as the last words of a command `by`, which sets what the process may do. */
async function startBy(by: string[], dataDir: string, ...options: string[]): Promise<Started> {
  const { PORT, HOST, REDIS_URL, ...env } = process.env;
  const args = ['--no-site', '--port', '0', '--host', '127.0.0.1', '--classroom', '--data-dir', dataDir, ...options];
  const [program = '', ...words] = [...by, process.execPath, join(root, 'demo-server/main.ts'), ...args];
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [printed, wrong] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    wrong += text;
  });
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(wrong)));
  return new Promise((resolve, reject) => {
    void ended.then(() => reject(new Error(`it ended: ${wrong}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const [, port] = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
      const [, kept = ''] = /private link is in (\S+), for/.exec(printed) ?? [];
      const [, first, second] = /code +(\d{4}) (\d{4})/.exec(printed) ?? [];
      if (!port || !first || !kept) return;
      const [, token = ''] = /this machine \S+\/teach\/#(\S+)/.exec(readFileSync(kept, 'utf8')) ?? [];
      resolve({ child, port: Number(port), code: `${first}${second}`, token, printed, ended });
    });
  });
}

test('for its own machine alone it prints where to join, the code and the private link, and no QR code', async () => {
  const { printed } = await start(':memory:', '--classroom-name', 'Physics 8b');
  expect(printed).toContain('“Physics 8b”');
  expect(printed).toMatch(/join at +http:\/\/127\.0\.0\.1:\d+\/join\n/);
  // A phone that scanned it would ask itself.
  expect(printed).not.toMatch(/[▀▄█]{7}/);
  expect(printed).toContain('Only this machine can join');
  expect(printed).toContain('in memory');
});

test('kill -9 in the middle of a class: seats, place, question, answers, results are there again, and the old private link leads', async () => {
  const dir = await folder();
  const first = await start(dir, '--classroom-name', 'Physics');
  const [anna, bo] = [await joinClass(first.port, first.code, 'Anna'), await joinClass(first.port, first.code, 'Bo')];
  const teacher = await openTeacher(first.port, first.token);
  const key = { right: [0], value: null, tolerance: 0, why: ['so'] };
  await teacher.act({ do: 'ask', question: QUESTION, key });
  const open = await anna.device.until(() => anna.device.class()?.question);
  anna.device.send({ type: 'answer', question: open.id, answer: [0] });
  await anna.device.until(() => anna.device.told('class').at(-1)?.own?.answer);
  const settings = { techniques: ['sse' as const], durationSeconds: 60 };
  await teacher.act({ do: 'call-run', settings });
  const called = await anna.device.until(() => anna.device.class()?.run);
  const made = await fetch(`http://127.0.0.1:${first.port}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  const { id: run } = (await made.json()) as { id: string };
  anna.device.send({ type: 'ready', classRun: called.id, run });
  await teacher.until(() => teacher.console()?.people.some(({ awaited }) => awaited === 'run'));
  await teacher.act({ do: 'start-run' });
  await anna.device.until(() => anna.device.class()?.run?.startsAt);
  const sse = { received: 7, lost: 0, p50: 1, p95: 2, max: 3, bins: new Array(66).fill(0) };
  const conditions = { isolated: true, resolutionMs: 0.005, uncertaintyMs: 0.2, hidden: false };
  const result = { lanes: { sse }, conditions, startedAt: null };
  anna.device.send({ type: 'result', classRun: called.id, result, final: true });
  await anna.device.until(() => anna.device.told('class').at(-1)?.own?.result === called.id);
  await teacher.act({ do: 'go', path: '/lessons/sse/' });
  first.child.kill('SIGKILL');
  await first.ended;

  const second = await start(dir);
  expect(second.printed).toContain('goes on with 2 seats');
  expect(second.code).toBe(first.code);
  for (const token of [first.token, second.token]) {
    const again = await openTeacher(second.port, token);
    const picture = again.console();
    expect(picture?.people.map(({ nickname }) => nickname)).toEqual(['Anna', 'Bo']);
    expect(picture?.class).toMatchObject({ name: 'Physics', together: { path: '/lessons/sse/' } });
    expect(picture?.tally).toMatchObject({ answered: 1, right: 1 });
    expect(picture?.class.run?.state).toBe('over');
    expect(picture?.results.map(({ nickname, final, lanes }) => [nickname, final, lanes.sse?.received])).toEqual([
      ['Anna', true, 7],
    ]);
  }
  const back = await openDevice(second.port);
  back.send({ type: 'hello', as: 'seat', seat: bo.seat, secret: bo.secret });
  expect((await back.until(() => back.told('seat')[0])).nickname).toBe('Bo');
  const annaBack = await openDevice(second.port);
  annaBack.send({ type: 'hello', as: 'seat', seat: anna.seat, secret: anna.secret });
  await annaBack.until(() => annaBack.told('class').at(-1)?.own?.answer);
  // What a device had measured until then is told to the server that came after; once.
  for (const received of [5, 9]) {
    const told = { ...result, lanes: { sse: { ...sse, received }, polling: sse } };
    back.send({ type: 'result', classRun: called.id, run: 'gone', result: told, final: true });
  }
  await back.until(() => back.told('class').at(-1)?.own?.result === called.id);
  const third = await openTeacher(second.port, second.token);
  const told = (third.console()?.results ?? []).map(({ nickname, lanes }) => [
    nickname,
    ...Object.keys(lanes),
    lanes.sse?.received,
  ]);
  expect(told.sort()).toEqual([
    ['Anna', 'sse', 7],
    ['Bo', 'sse', 5],
  ]);
});

test('no secret is kept as it is, and only the owner can read what is kept', async () => {
  const dir = await folder();
  const { port, code, token, child, ended } = await start(dir);
  const { secret } = await joinClass(port, code, 'Anna');
  child.kill('SIGTERM');
  expect(await ended).toBe('');
  for (const name of await readdir(dir)) {
    const bytes = (await readFile(join(dir, name))).toString('latin1');
    // The link is there for the one who started the server, as what it prints may go into a log.
    if (name !== 'teacher-link') expect(bytes).not.toContain(token);
    expect(bytes).not.toContain(secret);
    expect((await stat(join(dir, name))).mode & 0o077, name).toBe(0);
  }
});

test('a folder that another server has, or that cannot be written, is named in one line', async () => {
  const dir = await folder();
  await start(dir);
  await expect(start(dir)).rejects.toThrow(
    /^it ended: pushlab: the classes in \S+ are open in another server[^\n]+\n$/,
  );
  // Linux says of the second that it is not there, also to the one who makes it.
  for (const no of ['/dev/null/x', '/proc/x', '/proc/x/y'])
    await expect(start(no), no).rejects.toThrow(/^it ended: pushlab: the classes cannot be kept in [^\n]+\n$/);
});

test('a damaged file is named at the start, with what to do', async () => {
  const dir = await folder();
  const file = join(dir, FILE);
  await writeFile(file, 'this is no database, although it is long enough to be asked for its first page'.repeat(99));
  await expect(start(dir)).rejects.toThrow(
    /^it ended: pushlab: the file \S+ is damaged \(file is not a database\): put a copy back with npm run restore -- --data-dir \S+ --from FILE, or move it away[^\n]+\n$/,
  );
  await rm(file);
  const log = await sqliteLog(dir);
  for (let n = 0; n < 200; n += 1) await log.append('a', { type: 'said', text: `${n}`.repeat(100) });
  await log.close();
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(7, 8192, 40_000));
  await expect(sqliteLog(dir)).rejects.toThrow(
    /^the file \S+ is damaged \([^\n]+\): put a copy back with npm run restore/,
  );
});

/** A limit on the size of files, for it fails as a disk does that is full. */
const withBytes = (most: string) => ['bash', '-c', `trap '' XFSZ; ulimit -S -f ${most}; exec "$@"`, 'bash'];

test('a disk that is full is named at the start', async () => {
  await expect(startBy(withBytes('2'), await folder())).rejects.toThrow(
    /^it ended: pushlab: the classes cannot be written to \S+ \([^\n]+\): make room on the disk[^\n]+\n$/,
  );
});

test('a disk that fills up in the middle of a class: the teacher is told, nothing is lost, and it goes on when there is room', async () => {
  const dir = await folder();
  const { port, code, token, child, ended } = await startBy(withBytes('unlimited'), dir);
  const teacher = await openTeacher(port, token);
  const anna = await joinClass(port, code, 'Anna');
  await teacher.act({ do: 'ask', question: QUESTION, key: { right: [0], value: null, tolerance: 0, why: [] } });
  const { id: question } = await anna.device.until(() => anna.device.class()?.question);
  const limit = (bytes: string) => execFileSync('prlimit', [`--pid=${child.pid}`, `--fsize=${bytes}:`]);
  limit('1');
  anna.device.send({ type: 'answer', question, answer: [1], n: 1 });
  await anna.device.until(() => anna.device.told('refused').some(({ why }) => why === 'store-lost'));
  await teacher.until(() => teacher.console()?.trouble === 'store');
  expect(anna.device.told('settled')).toEqual([]);
  expect((await teacher.act({ do: 'lock', locked: true })).refused).toBe('store-lost');
  limit('unlimited');
  anna.device.send({ type: 'answer', question, answer: [1], n: 2 });
  expect((await anna.device.until(() => anna.device.told('settled')[0])).kept).toBe(true);
  await teacher.until(() => teacher.console()?.trouble === null);
  child.kill('SIGKILL');
  expect(await ended).toMatch(/^pushlab: the class cannot be kept: [^\n]+make room on the disk[^\n]+\n$/);
  const again = await openTeacher(...(await startAgain(dir)));
  expect(again.console()?.tally).toMatchObject({ answered: 1, counts: [0, 1] });
});

async function startAgain(dir: string): Promise<[number, string]> {
  const { port, token } = await start(dir);
  return [port, token];
}

test('a folder in which one may only read is named at the start', async () => {
  const dir = await folder();
  await (await sqliteLog(dir)).close();
  await chmod(join(dir, FILE), 0o444);
  await chmod(dir, 0o555);
  // To root nothing is forbidden.
  const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  await expect(startBy(asNobody, dir)).rejects.toThrow(
    /^it ended: pushlab: the classes cannot be kept in \S+ \([^\n]+\): give this user the right to write there[^\n]+\n$/,
  );
});

describe.each([
  ['memory', async () => memoryLog()],
  ['sqlite', async () => sqliteLog(await folder())],
  ['redis', async () => redisLog((await startRedis()).url)],
] as const)('the log in %s', (kind, open) => {
  test('numbers changes by class, tells them in order, and forgets a class altogether', async () => {
    const log = await open();
    onTestFinished(() => log.close());
    expect(log.kind).toBe(kind);
    const heard: number[] = [];
    const stop = log.follow('a', ({ seq }) => heard.push(seq));
    await log.append('a', { type: 'opened', name: 'A', code: '1' });
    await log.append('b', { type: 'opened', name: 'B', code: '2' });
    await Promise.all([log.append('a', { type: 'locked', locked: true }), log.append('a', { type: 'ended' })]);
    stop();
    await log.append('a', { type: 'locked', locked: false });
    expect(heard).toEqual([1, 2, 3]);
    expect((await log.read('a')).map(({ seq, change }) => [seq, change.type])).toEqual([
      [1, 'opened'],
      [2, 'locked'],
      [3, 'ended'],
      [4, 'locked'],
    ]);
    expect((await log.list()).map(({ name, ended, changes }) => [name, ended, changes])).toEqual([
      ['B', false, 1],
      ['A', true, 4],
    ]);
    await log.delete('a');
    expect(await log.read('a')).toEqual([]);
    expect((await log.list()).map(({ id }) => id)).toEqual(['b']);
  });
});

test('what was deleted is not in the file any more', async () => {
  const dir = await folder();
  const log = await sqliteLog(dir);
  await log.append('a', { type: 'opened', name: 'Unmistakable', code: '1' });
  await log.delete('a');
  await log.close();
  for (const name of await readdir(dir)) {
    expect((await readFile(join(dir, name))).includes('Unmistakable'), name).toBe(false);
  }
});
