/** One class on two servers: half of it on each, one of them killed. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { redisLog } from '../../demo-server/classroom/log/redis-log.ts';
import { type ClassDevice, joinClass, openDevice, openTeacher } from '../helpers/classroom.ts';
import { startRedis } from '../helpers/redis.ts';
import { classOn, getReady, measured } from './two-servers.ts';

const RUN = { techniques: ['sse'] as 'sse'[], eventsPerSecond: 10, durationSeconds: 2 };

async function told(device: ClassDevice, classRun: string, received: number): Promise<void> {
  device.send({ type: 'result', classRun, result: measured(received), final: true });
  await device.until(() => device.told('class').at(-1)?.own?.result === classRun);
}

describe('one class on two servers', () => {
  test('is one class: the same code, everybody seen by everybody, one run that starts for all at one moment', async () => {
    const redis = await startRedis();
    const [one, other] = await Promise.all([classOn(redis), classOn(redis)]);
    expect(one.code).toBe(other.code);
    const teacher = await openTeacher(one.port, other.token);
    const anna = await joinClass(one.port, one.code, 'Anna');
    const ben = await joinClass(other.port, one.code, 'Ben');
    await teacher.until(() => teacher.console()?.people.filter(({ presence }) => presence === 'online').length === 2);
    expect(teacher.console()?.class.online).toBe(2);

    await teacher.act({ do: 'call-run', settings: RUN });
    const runs = await Promise.all([getReady(one.url, anna.device), getReady(other.url, ben.device)]);
    const running = await Promise.all(
      [anna, ben].map(({ device }) =>
        device.until(() => (device.class()?.run?.startsAt ? device.class()?.run : undefined)),
      ),
    );
    expect(running[0]?.startsAt).toBe(running[1]?.startsAt);
    const infos = await Promise.all([one.info(runs[0]?.run ?? ''), other.info(runs[1]?.run ?? '')]);
    expect(infos.map(({ startsAt }) => startsAt)).toEqual([running[0]?.startsAt, running[0]?.startsAt]);
    await Promise.all([one.finished(runs[0]?.run ?? ''), other.finished(runs[1]?.run ?? '')]);
    const classRun = running[0]?.id as string;
    await Promise.all([told(anna.device, classRun, 20), told(ben.device, classRun, 20)]);
    const picture = await teacher.until(
      () => teacher.console()?.results.filter(({ final }) => final).length === 2 && teacher.console(),
    );
    expect(picture.results.map(({ nickname, lanes }) => [nickname, lanes.sse?.received]).sort()).toEqual([
      ['Anna', 20],
      ['Ben', 20],
    ]);
  });

  test('goes on when one of them is killed: seats, state and answers are at the other', async () => {
    const redis = await startRedis();
    const [one, other] = [await classOn(redis), await classOn(redis)];
    const teacher = await openTeacher(other.port, other.token);
    const anna = await joinClass(one.port, one.code, 'Anna');
    const ben = await joinClass(other.port, one.code, 'Ben');
    const question = { kind: 'one', text: 'Who asks?', choices: ['a', 'b'], unit: '', path: '/lessons/sse/' } as const;
    const key = { right: [0], value: null, tolerance: 0, why: [] };
    await teacher.act({ do: 'ask', question: { ...question, choices: [...question.choices] }, key });
    const asked = await anna.device.until(() => anna.device.class()?.question);
    anna.device.send({ type: 'answer', question: asked.id, answer: [0] });
    await teacher.until(() => teacher.console()?.tally?.answered === 1);
    await one.stop();
    await teacher.until(
      () => teacher.console()?.people.find(({ nickname }) => nickname === 'Anna')?.presence === 'offline',
    );

    const again = await openDevice(other.port);
    again.send({ type: 'hello', as: 'seat', seat: anna.seat, secret: anna.secret });
    await again.until(() => again.told('seat')[0]?.nickname === 'Anna');
    const own = await again.until(() => again.told('class').at(-1));
    expect(own.own?.answer).toEqual([0]);
    ben.device.send({ type: 'answer', question: asked.id, answer: [1] });
    await teacher.until(() => teacher.console()?.tally?.answered === 2);
    expect(teacher.console()?.tally).toMatchObject({ counts: [1, 1], right: 1 });
  });

  test('says so while Redis is gone, and goes on with everything when it is back empty', async () => {
    const redis = await startRedis();
    const one = await classOn(redis);
    const teacher = await openTeacher(one.port, one.token);
    const anna = await joinClass(one.port, one.code, 'Anna');
    await teacher.until(() => teacher.console()?.people.length === 1);
    expect(teacher.console()?.trouble).toBeNull();
    await redis.kill();
    await teacher.until(() => teacher.console()?.trouble === 'store');
    expect(await teacher.act({ do: 'lock', locked: true })).toMatchObject({ refused: 'store-lost' });
    await redis.start();
    await teacher.until(() => teacher.console()?.trouble === null);
    expect(await teacher.act({ do: 'lock', locked: true })).not.toHaveProperty('refused');
    await anna.device.until(() => anna.device.class()?.locked);
    // Another server, started on the Redis that had been empty, knows the class with its seats.
    const other = await classOn(redis);
    const back = await openDevice(other.port);
    back.send({ type: 'hello', as: 'seat', seat: anna.seat, secret: anna.secret });
    expect(await back.until(() => back.told('seat')[0])).toMatchObject({ nickname: 'Anna' });
  });
});

test('a server whose class is in a Redis that is away is not ready, and is again once it is back', async () => {
  const redis = await startRedis();
  const one = await classOn(redis);
  const teacher = await openTeacher(one.port, one.token);
  const ready = async () => {
    const answer = await fetch(`${one.url}/readyz`);
    const { status, reasons, redis } = (await answer.json()) as Record<string, unknown>;
    return { code: answer.status, status, reasons, redis };
  };
  await expect.poll(ready).toEqual({ code: 200, status: 'ready', reasons: [], redis: 'up' });
  await redis.kill();
  await teacher.until(() => teacher.console()?.trouble === 'store');
  const reasons = ['Redis is away, and the class is kept there.'];
  await expect.poll(ready).toEqual({ code: 503, status: 'not-ready', reasons, redis: 'down' });
  await redis.start();
  await expect.poll(ready).toEqual({ code: 200, status: 'ready', reasons: [], redis: 'up' });
});

test('two servers that write into one log at once keep every change, in one order', async () => {
  const { url } = await startRedis();
  const logs = await Promise.all([redisLog(url), redisLog(url)]);
  for (const log of logs) onTestFinished(() => log.close());
  await Promise.all(Array.from({ length: 20 }, (_, n) => logs[n % 2]?.append('a', { type: 'went', path: `/${n}/` })));
  const [mine = [], theirs = []] = await Promise.all(logs.map((log) => log.read('a')));
  expect(mine).toEqual(theirs);
  expect(mine.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  expect(new Set(mine.map(({ change }) => JSON.stringify(change))).size).toBe(20);
});
