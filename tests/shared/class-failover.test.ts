/** A class of two servers of which one goes in the middle: of the feed, of a run, of a question. Nothing is lost, nothing counts twice. */
import { createClient } from '@redis/client';
import { expect, onTestFinished, test } from 'vitest';
import { redisLog } from '../../demo-server/classroom/log/redis-log.ts';
import { receive } from '../../demo-server/clients/index.ts';
import { type EventList, TECHNIQUES } from '../../demo-server/protocol.ts';
import { type ClassDevice, joinClass, openDevice, openTeacher } from '../helpers/classroom.ts';
import { openFront } from '../helpers/front.ts';
import { startRedis } from '../helpers/redis.ts';
import { classOn, classProcessOn, getReady, measured } from './two-servers.ts';

const QUESTION = { kind: 'one' as const, text: 'Who asks?', choices: ['a', 'b'], unit: '', path: '/lessons/sse/' };
const KEY = { right: [0], value: null, tolerance: 0, why: [] };
const RUN = { techniques: ['sse' as const], eventsPerSecond: 10, durationSeconds: 2 };

async function comeBack(port: number, { seat, secret }: { seat: string; secret: string }): Promise<ClassDevice> {
  const device = await openDevice(port);
  device.send({ type: 'hello', as: 'seat', seat, secret });
  await device.until(() => device.class());
  return device;
}
const settled = async (device: ClassDevice, n: number) =>
  (await device.until(() => device.told('settled').find((told) => told.n === n))).kept;

test('the feed is one on both servers: whoever is cut off goes on at the other without loss, over every technique', async () => {
  const redis = await startRedis();
  const [one, other] = [await classOn(redis), await classOn(redis)];
  const address = await openFront(one.port);
  const teacher = await openTeacher(other.port, other.token);
  for (const technique of TECHNIQUES) {
    address.move(one.port);
    await teacher.act({ do: 'feed', technique });
    await expect.poll(() => one.classroom?.room.state.feed).toBe(technique);
    const gone = new AbortController();
    onTestFinished(() => gone.abort());
    const seqs: number[] = [];
    let changed = (): void => {};
    const lane = { server: address.url, run: one.id, pollIntervalMs: 50, signal: gone.signal };
    const reading = receive(technique, {
      ...lane,
      sample(sample) {
        if (sample.kind === 'event') seqs.push(sample.seq);
        changed();
      },
    });
    /** Says something and waits until the reader has it: its seq is that of the log. */
    const say = async (text: string): Promise<void> => {
      await teacher.act({ do: 'say', text });
      const { seq = 0 } = other.classroom?.room.state ?? {};
      await new Promise<void>((resolve) => {
        changed = () => seqs.at(-1) === seq && resolve();
        changed();
      });
    };
    await say('before');
    address.move(other.port);
    await teacher.act({ do: 'say', text: 'while nobody listens' });
    await say('at the other');
    address.move(one.port);
    await say('back');
    gone.abort();
    await reading;
    expect(seqs, technique).toEqual(seqs.map((_, n) => (seqs[0] ?? 0) + n));
  }
});

test('a server that is started later knows the feed as it was: a cursor of another one leads to the same events', async () => {
  const redis = await startRedis();
  const one = await classOn(redis);
  const teacher = await openTeacher(one.port, one.token);
  await teacher.act({ do: 'feed', technique: 'polling' });
  for (const text of ['first', 'second', 'third']) await teacher.act({ do: 'say', text });
  const { seq = 0 } = one.classroom?.room.state ?? {};
  const ask = async (url: string): Promise<EventList> =>
    (await fetch(`${url}/push/polling?run=${one.id}&after=${seq - 2}`)).json() as Promise<EventList>;
  const known = await ask(one.url);
  expect(known.events.map((event) => JSON.parse(event.data).text)).toEqual(['second', 'third']);
  // It says in the log that it has come, so its cursor is further on.
  const told = await ask((await classOn(redis)).url);
  expect(told.reset ?? false).toBe(false);
  expect(told.events.slice(0, 2).map(({ seq, data }) => ({ seq, data }))).toEqual(
    known.events.map(({ seq, data }) => ({ seq, data })),
  );
});

test('the feed costs what all servers have sent, and its readers and latencies are those of all, also of one that was killed', async () => {
  const redis = await startRedis();
  const other = await classOn(redis);
  const doomed = await classProcessOn(redis);
  const teacher = await openTeacher(other.port, other.token);
  const anna = await joinClass(doomed.port, other.code, 'Anna');
  const ben = await joinClass(other.port, other.code, 'Ben');
  await teacher.act({ do: 'feed', technique: 'polling' });
  await anna.device.until(() => anna.device.class()?.feed);
  for (const url of [doomed.url, other.url, other.url])
    await (await fetch(`${url}/push/polling?run=${other.id}&after=0`)).arrayBuffer();
  anna.device.send({ type: 'heard', latencies: [1, 2] });
  ben.device.send({ type: 'heard', latencies: [3] });
  const whole = await teacher.until(() => {
    const feed = teacher.console()?.feed;
    return feed?.counts.requests === 3 && feed.latency?.count === 3 && feed;
  });
  expect(whole).toMatchObject({ readers: 2, latency: { count: 3, p50: 2, max: 3 } });
  expect(other.readLedger(other.id).lanes.polling?.requests).toBe(2);
  doomed.child.kill('SIGKILL');
  await teacher.until(
    () => teacher.console()?.people.find(({ nickname }) => nickname === 'Anna')?.presence === 'offline',
  );
  expect(teacher.console()?.feed).toEqual(whole);
});

test('a run goes on when a server is killed in it: each result counts once, with what both have sent', async () => {
  const redis = await startRedis();
  const other = await classOn(redis);
  const doomed = await classProcessOn(redis);
  const teacher = await openTeacher(other.port, other.token);
  const anna = await joinClass(doomed.port, other.code, 'Anna');
  const ben = await joinClass(other.port, other.code, 'Ben');
  await teacher.until(() => teacher.console()?.class.online === 2);
  await teacher.act({ do: 'call-run', settings: RUN });
  const [hers, his] = [await getReady(doomed.url, anna.device), await getReady(other.url, ben.device)];
  await anna.device.until(() => anna.device.class()?.run?.startsAt);
  for (const { run } of [hers, his]) await (await fetch(`${doomed.url}/push/sse?run=${run}`)).body?.cancel();
  await teacher.until(() => (teacher.console()?.costs?.lanes.sse?.requests ?? 0) === 2);
  doomed.child.kill('SIGKILL');
  await doomed.ended;

  // Her page has its run already, so it never says again that it is ready: at the other server a result is all that comes.
  await other.finished(hers.run);
  const again = await comeBack(other.port, anna);
  const result = { type: 'result', ...hers, result: measured(20), final: true };
  again.send({ ...result, n: 1 });
  expect(await settled(again, 1)).toBe(true);
  again.send({ ...result, result: measured(7), n: 2 });
  expect(await settled(again, 2)).toBe(true);
  // Nobody else's run is hers, and hers is nobody else's.
  ben.device.send({ type: 'result', ...hers, result: measured(1), final: true, n: 3 });
  expect(await settled(ben.device, 3)).toBe(false);
  ben.device.send({ type: 'result', ...his, result: measured(19), final: true, n: 4 });
  expect(await settled(ben.device, 4)).toBe(true);
  const picture = await teacher.until(() => teacher.console()?.class.run?.state === 'over' && teacher.console());
  expect(picture.results.map(({ nickname, final, lanes }) => [nickname, final, lanes.sse?.received]).sort()).toEqual([
    ['Anna', true, 20],
    ['Ben', true, 19],
  ]);
  expect(picture.costs).toMatchObject({ devices: 2, lanes: { sse: { requests: 2 } } });
  const [run] = other.classroom?.room.state.runs ?? [];
  expect(run?.results.get(anna.seat)?.counts.sse?.requests).toBe(1);
});

test('a result that comes when the class is at its next run still counts for the one it is of', async () => {
  const redis = await startRedis();
  const one = await classOn(redis);
  const teacher = await openTeacher(one.port, one.token);
  const anna = await joinClass(one.port, one.code, 'Anna');
  await teacher.act({ do: 'call-run', settings: RUN });
  const { classRun, run } = await getReady(one.url, anna.device);
  await anna.device.until(() => anna.device.class()?.run?.startsAt);
  anna.device.close();
  await teacher.act({ do: 'call-run', settings: RUN });
  const again = await comeBack(one.port, anna);
  again.send({ type: 'result', classRun, run, result: measured(4), final: true, n: 9 });
  expect(await settled(again, 9)).toBe(true);
  const { runs } = one.classroom?.room.state ?? { runs: [] };
  expect(runs.map(({ results }) => results.size)).toEqual([1, 0]);
});

test('an answer that is said again at another server is kept once, and one that comes too late is told so', async () => {
  const redis = await startRedis();
  const [one, other] = [await classOn(redis), await classOn(redis)];
  const teacher = await openTeacher(other.port, other.token);
  const anna = await joinClass(one.port, one.code, 'Anna');
  await teacher.act({ do: 'ask', question: QUESTION, key: KEY });
  const { id: question } = await anna.device.until(() => anna.device.class()?.question);
  anna.device.send({ type: 'answer', question, answer: [1], n: 1 });
  expect(await settled(anna.device, 1)).toBe(true);
  anna.device.close();
  const again = await comeBack(other.port, anna);
  again.send({ type: 'answer', question, answer: [1], n: 2 });
  expect(await settled(again, 2)).toBe(true);
  await teacher.act({ do: 'reveal' });
  again.send({ type: 'answer', question, answer: [0], n: 3 });
  expect(await settled(again, 3)).toBe(false);
  again.send({ type: 'answer', question, answer: [7], n: 4 });
  expect(await settled(again, 4)).toBe(false);
  // A server that is behind would not know the question: it is not settled, and said again.
  again.send({ type: 'answer', question: 'unheard', answer: [0], n: 5 });
  await again.until(() => again.told('refused').some(({ why }) => why === 'store-lost'));
  expect(again.told('settled').map(({ n }) => n)).toEqual([2, 3, 4]);
  const log = await redisLog(redis.url);
  onTestFinished(() => log.close());
  const answers = (await log.read(one.id)).filter(({ change }) => change.type === 'answered');
  expect(answers.map(({ change }) => change)).toMatchObject([{ question, seat: anna.seat, answer: [1] }]);
});

test('a server that was cut off from Redis while a class was deleted does not give it back', async () => {
  const redis = await startRedis();
  const way = await openFront(Number(new URL(redis.url).port));
  const one = await classOn(redis);
  const other = await classOn({ ...redis, url: way.url.replace('http:', 'redis:') });
  const teacher = await openTeacher(one.port, one.token);
  await teacher.act({ do: 'end' });
  await expect.poll(() => other.classroom?.room.state.ended).toBe(true);
  way.move(null);
  await expect.poll(() => other.classroom?.room.log.up).toBe(false);
  const headers = { authorization: `Bearer ${one.token}` };
  await fetch(`${one.url}/classroom/classes/${one.id}`, { method: 'DELETE', headers });
  way.move(Number(new URL(redis.url).port));
  await expect.poll(() => other.classroom?.room.erased).toBe(true);
  expect(await one.classroom?.room.log.list()).toEqual([]);
});

test('a class that is deleted is gone from every server and from Redis, also after Redis came back empty', async () => {
  const redis = await startRedis();
  const [one, other] = [await classOn(redis), await classOn(redis)];
  const teacher = await openTeacher(one.port, one.token);
  const anna = await joinClass(other.port, one.code, 'Unmistakable');
  await teacher.act({ do: 'feed', technique: 'polling' });
  await teacher.act({ do: 'call-run', settings: RUN });
  const { classRun, run } = await getReady(other.url, anna.device);
  await anna.device.until(() => anna.device.class()?.run?.startsAt);
  anna.device.send({ type: 'result', classRun, run, result: measured(1), final: true, n: 1 });
  expect(await settled(anna.device, 1)).toBe(true);
  await teacher.act({ do: 'end' });
  await anna.device.until(() => anna.device.class()?.ended);
  await one.finished(run);
  const client = createClient({ url: redis.url });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.destroy());
  const ofClass = async () =>
    (await client.keys('*')).filter((key) => [one.id, run].some((id) => key.includes(id))).sort();
  expect(await ofClass()).toContain(`pushlab:class:${one.id}`);

  const headers = { authorization: `Bearer ${one.token}` };
  const gone = await fetch(`${one.url}/classroom/classes/${one.id}`, { method: 'DELETE', headers });
  expect(gone.status).toBe(204);
  expect(await ofClass()).toEqual([`pushlab:class-deleted:${one.id}`]);
  await expect.poll(() => other.classroom?.room.erased).toBe(true);
  for (const { url } of [one, other]) {
    expect(await (await fetch(`${url}/classroom/classes`, { headers })).json()).toMatchObject({ classes: [] });
    expect((await fetch(`${url}/classroom/classes/${one.id}/csv`, { headers })).status).toBe(404);
  }
  // A device that is still connected adds nothing to what is gone.
  anna.device.send({ type: 'nickname', nickname: 'Back' });
  await anna.device.until(() => anna.device.told('refused').length > 0);
  await redis.kill();
  await redis.start();
  const log = await redisLog(redis.url);
  onTestFinished(() => log.close());
  await expect.poll(() => [one, other].map(({ classroom }) => classroom?.room.log.up)).toEqual([true, true]);
  expect(await log.list()).toEqual([]);
});
