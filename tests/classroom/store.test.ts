/** The folder of classes: its format, copies made and put back, what a power cut leaves, which class was the last. */
import { execFile } from 'node:child_process';
import { copyFile, cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClassLog, memoryLog } from '../../demo-server/classroom/log/log.ts';
import { redisLog } from '../../demo-server/classroom/log/redis-log.ts';
import { forgetOld, keptUntil } from '../../demo-server/classroom/log/retention.ts';
import { sqliteLog } from '../../demo-server/classroom/log/sqlite-log.ts';
import { FILE } from '../../demo-server/store/folder.ts';
import { openDevice, openTeacher } from '../helpers/classroom.ts';
import { startRedis } from '../helpers/redis.ts';
import { startServer } from '../helpers/server.ts';

const root = join(import.meta.dirname, '../..');
const DAY_MS = 24 * 60 * 60_000;
const TODAY = Date.UTC(2026, 10, 28, 9);

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'pushlab-store-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}
/** A log in `dir` that is closed when the test is over, if it was not before. */
async function open(dir: string, clock?: () => number): Promise<ClassLog> {
  const log = await sqliteLog(dir, clock);
  let over: Promise<void> | undefined;
  const { close } = log;
  log.close = () => (over ??= close());
  onTestFinished(() => log.close());
  return log;
}
/** A folder as the version before formats had numbers left it: stopped, or killed with everything in its write-ahead log. */
async function ofFormat1(which: 'format-1' | 'format-1-killed'): Promise<string> {
  const dir = await folder();
  await cp(join(import.meta.dirname, which), dir, { recursive: true });
  return dir;
}
const SEATS = { 'format-1': 'b0b681ea2273', 'format-1-killed': '5d9a3f9f299e' } as const;

/** Runs a command for kept classes; resolves with how it ended and what it printed. */
function run(name: 'backup' | 'restore', ...args: string[]): Promise<{ code: number; out: string; wrong: string }> {
  const { REDIS_URL, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, `demo-server/store/${name}.ts`), ...args], { env }, (error, out, wrong) =>
      resolve({ code: error ? Number(error.code) : 0, out, wrong }),
    );
  });
}
const changesIn = (file: string): { n: number; last: number } => {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare('SELECT count(*) AS n, max(seq) AS last FROM changes').get();
  database.close();
  return row as { n: number; last: number };
};

describe.each(['format-1', 'format-1-killed'] as const)('a folder in %s', (which) => {
  test('goes on: the class with its code, seats and answers, and their secrets fit', async () => {
    const dir = await ofFormat1(which);
    const server = await startServer({ classroom: { log: await open(dir) } });
    const { room, token } = server.classroom as NonNullable<typeof server.classroom>;
    expect(room.state.name).toBe('Physics 8b');
    expect(room.state.code).toMatch(/^\d{6}$/);
    const anna = await openDevice(server.port);
    anna.send({ type: 'hello', as: 'seat', seat: SEATS[which], secret: 's'.repeat(43) });
    expect((await anna.until(() => anna.told('seat')[0])).nickname).toBe('Anna');
    const teacher = await openTeacher(server.port, token);
    expect(teacher.console()?.people.map(({ nickname }) => nickname)).toEqual(['Anna', 'Bo']);
    expect(teacher.console()?.tally).toMatchObject({ answered: 1, right: 1 });
  });

  test('can be copied before it goes on, and the copy put back elsewhere', async () => {
    const [dir, other] = [await ofFormat1(which), await folder()];
    const copy = join(other, 'copy');
    expect((await run('backup', '--data-dir', dir, '--to', copy)).out).toMatch(
      /: 1 class, \d+ changes, the newest of 2026-/,
    );
    expect((await run('restore', '--data-dir', other, '--from', copy)).code).toBe(0);
    expect((await (await open(other)).list()).map(({ name }) => name)).toEqual(['Physics 8b']);
  });
});

describe('a file that is none of ours to open', () => {
  test('of a newer version names that version, and what to do', async () => {
    const dir = await folder();
    await (await open(dir)).close();
    const database = new DatabaseSync(join(dir, FILE));
    database.exec("PRAGMA user_version = 3; UPDATE meta SET value = '9.8.7' WHERE key = 'written-by'");
    database.close();
    const sentence =
      /classes\.sqlite were written by Pushlab 9\.8\.7 in format 3, and Pushlab \S+ reads formats up to 2: start that version again/;
    await expect(sqliteLog(dir)).rejects.toThrow(sentence);
    const refused = await run('backup', '--data-dir', dir, '--to', join(dir, 'copy'));
    expect(refused).toMatchObject({ code: 1, out: '', wrong: expect.stringMatching(sentence) });
  });
  test('of another program is left as it is', async () => {
    const dir = await folder();
    const database = new DatabaseSync(join(dir, FILE));
    database.exec('CREATE TABLE cats (name TEXT)');
    database.close();
    const before = await readFile(join(dir, FILE));
    await expect(sqliteLog(dir)).rejects.toThrow(/is an SQLite database of another program: choose another folder/);
    expect((await readFile(join(dir, FILE))).equals(before)).toBe(true);
  });
  test('that a server of an older version holds is named as open, in both directions', async () => {
    const dir = await ofFormat1('format-1');
    const old = new DatabaseSync(join(dir, FILE));
    const asOld = 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; COMMIT;';
    old.exec(asOld);
    await expect(sqliteLog(dir)).rejects.toThrow(/open in another server/);
    expect((await run('backup', '--data-dir', dir, '--to', join(dir, 'copy'))).wrong).toMatch(
      /of an older version.*: stop it, then copy\.\n$/,
    );
    expect((await run('restore', '--data-dir', dir, '--from', join(await ofFormat1('format-1'), FILE))).wrong).toMatch(
      /open in another server/,
    );
    old.close();
    await open(dir);
    const second = new DatabaseSync(join(dir, FILE));
    onTestFinished(() => second.close());
    expect(() => second.exec(asOld)).toThrow('locked');
  });
});

describe('a copy', () => {
  test('made while the class goes on is one moment of it, whole, for its owner only; and the class does not wait', async () => {
    const [dir, copies] = [await folder(), await folder()];
    const log = await open(dir);
    let over = false;
    let written = 0;
    const writing = (async () => {
      while (!over) {
        await log.append('a', { type: 'said', text: 'x'.repeat(200) });
        written += 1;
        await new Promise(setImmediate);
      }
    })();
    for (let n = 0; n < 4; n += 1) {
      const before = written;
      const copy = join(copies, `${n}`);
      const done = await run('backup', '--data-dir', dir, '--to', copy);
      expect(done).toMatchObject({ code: 0, wrong: '' });
      const { n: count, last } = changesIn(copy);
      expect(done.out).toContain(`${count} changes`);
      expect([count, count >= before]).toEqual([last, true]);
      expect(written).toBeGreaterThan(before);
      expect((await stat(copy)).mode & 0o077).toBe(0);
    }
    over = true;
    await writing;
    expect((await log.read('a')).length).toBe(written);
    expect((await readdir(copies)).sort()).toEqual(['0', '1', '2', '3']);
  });

  test('is refused in one line where it cannot be made', async () => {
    const dir = await folder();
    const refusal = async (...args: string[]) => {
      const { code, out, wrong } = await run('backup', ...args);
      expect([code, out]).toEqual([1, '']);
      expect(wrong).toMatch(/^pushlab: [^\n]+\n$/);
      return wrong;
    };
    expect(await refusal('--data-dir', dir, '--to', join(dir, 'copy'))).toContain('there is no');
    await (await open(dir)).close();
    await writeFile(join(dir, 'there'), '');
    expect(await refusal('--data-dir', dir, '--to', join(dir, 'there'))).toContain('is there already');
    expect(await refusal('--data-dir', dir, '--to', join(dir, 'no', 'copy'))).toContain('there is no folder');
    expect(await refusal('--data-dir', dir)).toContain('--to takes a file');
    expect(await refusal('--data-dir', ':memory:', '--to', 'x')).toContain('in memory');
    expect(await refusal('--too', 'x')).toContain('See --help');
    expect((await run('backup', '--help')).out).toContain('npm run backup --');
    expect((await run('restore', '--help')).out).toContain('npm run restore --');
  });

  test('is put back, and what was there is kept, with what was only in its log', async () => {
    const [dir, elsewhere] = [await folder(), await folder()];
    const log = await open(dir);
    await log.append('a', { type: 'opened', name: 'First', code: '1' });
    const copy = join(elsewhere, 'copy');
    await run('backup', '--data-dir', dir, '--to', copy);
    await log.append('b', { type: 'opened', name: 'Second', code: '2' });
    const whileOpen = await run('restore', '--data-dir', dir, '--from', copy);
    expect(whileOpen).toMatchObject({
      code: 1,
      wrong: expect.stringContaining('open in another server: stop that one'),
    });
    await log.close();

    const { code, out } = await run('restore', '--data-dir', dir, '--from', copy);
    expect(code).toBe(0);
    const [, before = ''] = /What was there is in (\S+)\.\n$/.exec(out) ?? [];
    const restored = await open(dir);
    expect((await restored.list()).map(({ name }) => name)).toEqual(['First']);
    await copyFile(before, join(elsewhere, FILE));
    expect((await (await open(elsewhere)).list()).map(({ name }) => name)).toEqual(['First', 'Second']);
  });

  test('of a class that kill -9 left in its log is put back over it, and the log of the old one does not come with it', async () => {
    const [dir, elsewhere] = [await ofFormat1('format-1-killed'), await folder()];
    const log = await open(elsewhere);
    await log.append('a', { type: 'opened', name: 'Other', code: '1' });
    await run('backup', '--data-dir', elsewhere, '--to', join(elsewhere, 'copy'));
    const { out } = await run('restore', '--data-dir', dir, '--from', join(elsewhere, 'copy'));
    const [, before = ''] = /What was there is in (\S+)\.\n$/.exec(out) ?? [];
    expect((await (await open(dir)).list()).map(({ name }) => name)).toEqual(['Other']);
    expect(changesIn(before).n).toBe(6);
  });

  test('that is none, or half of one, changes nothing', async () => {
    const [dir, elsewhere] = [await ofFormat1('format-1'), await folder()];
    const log = await open(elsewhere);
    for (let n = 0; n < 200; n += 1) await log.append('a', { type: 'said', text: `${n}`.repeat(100) });
    const [whole, half, none] = ['whole', 'half', 'none'].map((name) => join(elsewhere, name)) as [
      string,
      string,
      string,
    ];
    await run('backup', '--data-dir', elsewhere, '--to', whole);
    await copyFile(whole, half);
    await truncate(half, 20_000);
    await writeFile(none, 'no database, and no end of it'.repeat(99));
    const before = await readFile(join(dir, FILE));
    for (const file of [half, none, join(elsewhere, 'missing')]) {
      const { code, wrong } = await run('restore', '--data-dir', dir, '--from', file);
      expect(code, file).toBe(1);
      expect(wrong).toMatch(/^pushlab: [^\n]+\n$/);
    }
    expect((await readFile(join(dir, FILE))).equals(before)).toBe(true);
    expect((await readdir(dir)).filter((name) => /restored|part|before/.test(name))).toEqual([]);
  });
});

test('a write-ahead log that a power cut left half: the class goes on with what is whole of it', async () => {
  const whole = await ofFormat1('format-1-killed');
  const { size } = await stat(join(whole, `${FILE}-wal`));
  const counts: number[] = [];
  for (let cut = size; cut > 0; cut -= 1500) {
    const dir = await ofFormat1('format-1-killed');
    await truncate(join(dir, `${FILE}-wal`), cut);
    const log = await open(dir);
    for (const { id } of await log.list()) {
      const changes = await log.read(id);
      expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, n) => n + 1));
      counts.push(changes.length);
    }
    await log.close();
  }
  expect(counts[0]).toBe(6);
  expect(counts).toEqual([...counts].sort((one, other) => other - one));
  expect(new Set(counts).size).toBeGreaterThan(3);
});

test('a file of zeros, as a power cut may leave one, is named with the command that puts a copy back', async () => {
  const dir = await folder();
  await writeFile(join(dir, FILE), Buffer.alloc(8192));
  await expect(sqliteLog(dir)).rejects.toThrow(/is damaged \(.*npm run restore -- --data-dir/);
});

describe.each([
  ['memory', async (clock: () => number) => memoryLog(clock)],
  ['sqlite', async (clock: () => number) => open(await folder(), clock)],
  [
    'redis',
    async (clock: () => number) => {
      const log = await redisLog((await startRedis()).url, clock);
      onTestFinished(() => log.close());
      return log;
    },
  ],
] as const)('classes in %s', (_, openAt) => {
  const opened = (name: string) => ({ type: 'opened' as const, name, code: '12345678' });
  const names = async (log: ClassLog) => (await log.list()).map(({ name }) => name);

  test('are in the order in which they were used, whatever the clock said', async () => {
    let now = TODAY + DAY_MS;
    const log = await openAt(() => now);
    await log.append('old', opened('Old'));
    now = TODAY;
    await log.append('today', opened('Today'));
    expect(await names(log)).toEqual(['Old', 'Today']);
    await log.append('old', { type: 'locked', locked: true });
    now = 0;
    expect(await names(log)).toEqual(['Today', 'Old']);
    await log.touch('today');
    expect(await names(log)).toEqual(['Today', 'Old']);
  });

  test('are deleted so many days after they were used last; one that goes on is not, and no clock that was wrong decides', async () => {
    let now = TODAY - 40 * DAY_MS;
    const log = await openAt(() => now);
    await log.append('unused', opened('Unused'));
    await log.append('ended', opened('Ended'));
    await log.append('ended', { type: 'ended' });
    await log.append('current', opened('Current'));
    now = 30_000;
    await log.append('no battery', opened('No battery'));
    now = TODAY + 1000 * DAY_MS;
    await log.append('ahead', opened('Ahead'));
    now = TODAY - 5 * DAY_MS;
    await log.append('recent', opened('Recent'));
    now = 30_000;
    expect((await forgetOld(log, 30, 'current', () => now)).deleted).toBe(0);
    now = TODAY;
    expect((await forgetOld(log, 30, 'current', () => now)).deleted).toBe(2);
    expect((await names(log)).sort()).toEqual(['Ahead', 'Current', 'No battery', 'Recent']);
    expect(await log.read('ended')).toEqual([]);
    now = TODAY + 29 * DAY_MS;
    expect((await forgetOld(log, 30, 'current', () => now)).deleted).toBe(1);
    now = TODAY + 31 * DAY_MS;
    expect((await forgetOld(log, 30, 'current', () => now)).deleted).toBe(2);
    expect(await names(log)).toEqual(['Current']);
    await log.append('current', { type: 'ended' });
    const [current] = await log.list();
    expect(current && keptUntil(current, 30, 'current')).toBe(now + 30 * DAY_MS);
    now += 31 * DAY_MS;
    expect((await forgetOld(log, 30, 'current', () => now)).deleted).toBe(1);
  });

  test('count as used now after a leap of the clock of more than a year, so that it deletes none of them early', async () => {
    let now = TODAY;
    const log = await openAt(() => now);
    const forget = (days: number, current?: string) => forgetOld(log, days, current, () => now);
    await log.append('ended', opened('Ended'));
    await log.append('ended', { type: 'ended' });
    // What is to be kept for longer than the leap is not touched.
    now = TODAY + 366 * DAY_MS + 1;
    expect(await forget(400)).toEqual({ deleted: 0, beforeLeap: null });
    expect(await forget(30)).toEqual({ deleted: 0, beforeLeap: TODAY });
    now += 30 * DAY_MS;
    expect(await forget(30)).toEqual({ deleted: 0, beforeLeap: null });
    now += 1;
    expect(await forget(30)).toEqual({ deleted: 1, beforeLeap: null });
  });

  test('outlive a class that was used under a clock five years ahead, at each start, each day, and when it is right again', async () => {
    let now = TODAY;
    const log = await openAt(() => now);
    const forget = (current?: string) => forgetOld(log, 30, current, () => now);
    await log.append('old', opened('Old'));
    now = TODAY + 5 * 365 * DAY_MS;
    // Without --keep-days at first: nobody looked before it was used.
    await log.append('used', opened('Used'));
    expect(await forget()).toEqual({ deleted: 0, beforeLeap: TODAY });
    now += DAY_MS;
    expect((await forget('used')).deleted).toBe(0);
    expect((await forget()).deleted).toBe(0);
    now = TODAY + 2 * DAY_MS;
    expect((await forget('used')).deleted).toBe(0);
    now = TODAY + 32 * DAY_MS;
    expect((await forget('used')).deleted).toBe(0);
    now += 1;
    expect((await forget('used')).deleted).toBe(1);
    expect(await names(log)).toEqual(['Used']);
  });

  test('are deleted in time where they are to be kept for years, by a server that looks every day', async () => {
    let now = TODAY;
    const log = await openAt(() => now);
    await log.append('old', opened('Old'));
    await log.append('current', opened('Current'));
    for (const days of [1, 300, 600, 729]) {
      now = TODAY + days * DAY_MS;
      expect(await forgetOld(log, 730, 'current', () => now)).toEqual({ deleted: 0, beforeLeap: null });
    }
    now = TODAY + 731 * DAY_MS;
    expect(await forgetOld(log, 730, 'current', () => now)).toEqual({ deleted: 1, beforeLeap: null });
  });
});

test('the class that was opened last goes on, although the clock was a day ahead for the one before', async () => {
  const dir = await folder();
  let now = Date.now() + DAY_MS;
  for (const name of ['Old', 'Today']) {
    const server = await startServer({ classroom: { name, log: await open(dir, () => now) } });
    await server.stop();
    now = Date.now();
  }
  const server = await startServer({ classroom: { log: await open(dir) } });
  expect(server.classroom?.room.state.name).toBe('Today');
});

test('the teacher’s list says until when each class is kept', async () => {
  let now = TODAY - 10 * DAY_MS;
  const log = memoryLog(() => now);
  await log.append('a', { type: 'opened', name: 'Before', code: '1' });
  await log.append('a', { type: 'ended' });
  now = TODAY;
  const server = await startServer({ classroom: { log, keepDays: 36_500 } });
  const headers = { authorization: `Bearer ${server.classroom?.token}` };
  const answer = (await (await fetch(`${server.url}/classroom/classes`, { headers })).json()) as {
    keepDays: number;
    classes: { name: string; keptUntil: number | null }[];
  };
  expect(answer.keepDays).toBe(36_500);
  expect(answer.classes.map(({ name, keptUntil }) => [name, keptUntil])).toEqual([
    ['Before', TODAY + (36_500 - 10) * DAY_MS],
    ['Pushlab class', null],
  ]);
});

describe('Redis', () => {
  test('without a number of a format is of the first, and goes on', async () => {
    const { url } = await startRedis();
    const client = await createClient({ url }).connect();
    onTestFinished(() => client.destroy());
    const change = JSON.stringify({ type: 'opened', name: 'Physics', code: '123456' });
    await client.xAdd('pushlab:class:a', '1-0', { at: '1', change });
    await client.zAdd('pushlab:classes', { score: 1, value: 'a' });
    const log = await redisLog(url);
    onTestFinished(() => log.close());
    expect((await log.list()).map(({ name, changes }) => [name, changes])).toEqual([['Physics', 1]]);
    expect(JSON.parse((await client.get('pushlab:classes-format')) ?? '')).toMatchObject({ format: 2 });
  });
  test('of a newer version is refused in words', async () => {
    const { url } = await startRedis();
    const client = await createClient({ url }).connect();
    onTestFinished(() => client.destroy());
    await client.set('pushlab:classes-format', JSON.stringify({ format: 3, version: '9.8.7' }));
    await expect(redisLog(url)).rejects.toThrow(
      /in this Redis were written by Pushlab 9\.8\.7 in format 3, and Pushlab \S+ reads formats up to 2: start that version/,
    );
  });
});
