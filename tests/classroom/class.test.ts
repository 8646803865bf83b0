/** A class over its socket, as devices and a teacher meet it: join, come back, be led, run together, answer. */

import { describe, expect, test } from 'vitest';
import type { AppOptions } from '../../demo-server/app.ts';
import { CLOSED_ELSEWHERE, CLOSED_FOR_GOOD, type DeviceResult } from '../../demo-server/classroom/protocol.ts';
import { type ClassDevice, joinClass, openDevice, openTeacher } from '../helpers/classroom.ts';
import { rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

async function openClass(
  options: AppOptions = {},
): Promise<{ server: TestServer; code: string; token: string; teacher: ClassDevice }> {
  const server = await startServer({ classroom: { name: 'Physics' }, ...options });
  const { token, room } = server.classroom as NonNullable<TestServer['classroom']>;
  const teacher = await openTeacher(server.port, token);
  return { server, code: room.state.code, token, teacher };
}
const person = (teacher: ClassDevice, nickname: string) =>
  teacher.console()?.people.find((one) => one.nickname === nickname);
const measured = (p50: number): DeviceResult => ({
  lanes: { polling: { received: 4, lost: 0, p50, p95: p50 + 1, max: p50 + 2, bins: [0, 4] } },
  conditions: { isolated: false, resolutionMs: 1, uncertaintyMs: 0.5, hidden: false },
  startedAt: null,
});

test('without --classroom nothing of it is there', async () => {
  const server = await startServer();
  expect(await (await fetch(`${server.url}/classroom/info`)).json()).toEqual({ open: false });
  for (const path of ['/classroom', '/classroom/classes', '/classroom/classes/x/csv']) {
    expect((await fetch(server.url + path)).status, path).toBe(404);
  }
  await expect(openDevice(server.port)).rejects.toThrow('failed');
});

describe('a seat', () => {
  test('is given for the code, and back for its secret, from wherever it comes', async () => {
    const { server, code, teacher } = await openClass();
    const anna = await joinClass(server.port, code, '  Anna ');
    expect(anna.nickname).toBe('Anna');
    expect(anna.secret.length).toBeGreaterThan(40);
    const { online, name } = await anna.device.until(() => anna.device.class());
    expect({ online, name }).toEqual({ online: 1, name: 'Physics' });
    anna.device.close();
    await teacher.until(() => person(teacher, 'Anna')?.presence === 'offline');

    const again = await openDevice(server.port);
    again.send({ type: 'hello', as: 'seat', seat: anna.seat, secret: anna.secret });
    expect(await again.until(() => again.told('seat')[0])).toEqual({ type: 'seat', seat: anna.seat, nickname: 'Anna' });
    await teacher.until(() => person(teacher, 'Anna')?.presence === 'online');
    expect(teacher.console()?.people).toHaveLength(1);
  });

  test('is one and the same for a device that asks again because the answer was lost', async () => {
    const { server, code, teacher } = await openClass();
    const secret = 's'.repeat(43);
    const first = await joinClass(server.port, code, 'Anna', { secret });
    expect(first.secret).toBe(secret);
    first.device.close();
    const again = await joinClass(server.port, code, 'Ann', { secret });
    expect(again).toMatchObject({ seat: first.seat, nickname: 'Ann' });
    const other = await joinClass(server.port, code, 'Bo', { secret: 'too short' });
    expect(other.secret).toMatch(/^[\w-]{43}$/);
    await teacher.until(() => person(teacher, 'Bo'));
    expect(teacher.console()?.people.map(({ nickname }) => nickname)).toEqual(['Ann', 'Bo']);
  });

  test('says where it is, whether it can be seen, and takes another name', async () => {
    const { server, code, teacher } = await openClass();
    const { device } = await joinClass(server.port, code, 'Anna');
    device.send({ type: 'here', path: '/lessons/sse/', hidden: true });
    device.send({ type: 'nickname', nickname: 'Ann' });
    await teacher.until(() => person(teacher, 'Ann')?.presence === 'hidden');
    expect(person(teacher, 'Ann')?.path).toBe('/lessons/sse/');
    const own = await device.until(() => device.told('class').find((told) => told.own?.nickname === 'Ann'));
    expect(own.own?.answer).toBeNull();
  });

  test.each([
    [{ as: 'new', code: '000000x', nickname: 'Eve' }, 'wrong-code'],
    [{ as: 'new', nickname: 'Eve' }, 'wrong-code'],
    [{ as: 'seat', seat: 'abc', secret: 'abc' }, 'unknown-seat'],
    [{ as: 'seat', seat: ['__proto__'], secret: {} }, 'unknown-seat'],
    [{ as: 'teacher', token: 'guess' }, 'wrong-token'],
    [{ as: 'teacher', token: ['guess'] }, 'wrong-token'],
  ])('is not given for %j', async (hello, why) => {
    const { server } = await openClass();
    const device = await openDevice(server.port);
    device.send({ type: 'hello', ...hello });
    expect((await device.until(() => device.told('refused')[0])).why).toBe(why);
    expect(await device.closed).toEqual({ code: CLOSED_FOR_GOOD, reason: why });
    expect(device.told('class')).toEqual([]);
  });

  test('is not given under a name that would disturb, and the device may try again', async () => {
    const { server, code } = await openClass();
    const device = await openDevice(server.port);
    device.send({ type: 'hello', as: 'new', code, nickname: 'a\u0000b' });
    expect((await device.until(() => device.told('refused')[0])).why).toBe('nickname-characters');
    expect((await device.closed).code).toBe(1008);
    await joinClass(server.port, code, 'Anna');
  });

  test('that was removed is let go at once and not given back; a locked class takes nobody new but those it has', async () => {
    const { server, code, teacher } = await openClass();
    const [anna, bo] = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Bo')];
    expect(await teacher.act({ do: 'remove', seat: anna.seat })).not.toHaveProperty('refused');
    expect(await anna.device.closed).toEqual({ code: CLOSED_FOR_GOOD, reason: 'removed' });
    const back = await openDevice(server.port);
    back.send({ type: 'hello', as: 'seat', seat: anna.seat, secret: anna.secret });
    expect((await back.closed).reason).toBe('removed');

    await teacher.act({ do: 'lock', locked: true });
    const late = await openDevice(server.port);
    late.send({ type: 'hello', as: 'new', code, nickname: 'Late' });
    expect((await late.closed).reason).toBe('locked');
    const again = await openDevice(server.port);
    again.send({ type: 'hello', as: 'seat', seat: bo.seat, secret: bo.secret });
    await again.until(() => again.class()?.locked);
  });

  test('has six tabs at the most: the oldest goes', async () => {
    const { server, code } = await openClass();
    const { device, seat, secret } = await joinClass(server.port, code, 'Anna');
    for (let n = 0; n < 6; n += 1) {
      const tab = await openDevice(server.port);
      tab.send({ type: 'hello', as: 'seat', seat, secret });
      await tab.until(() => tab.told('seat')[0]);
    }
    expect((await device.closed).code).toBe(CLOSED_ELSEWHERE);
  });
});

describe('the teacher', () => {
  test('leads the class to a page, lets it roam, and sees who is not there', async () => {
    const { server, code, teacher } = await openClass();
    const { device } = await joinClass(server.port, code, 'Anna');
    await teacher.act({ do: 'go', path: '/lab/?seed=1' });
    expect((await device.until(() => device.class()?.together)).path).toBe('/lab/?seed=1');
    await teacher.until(() => person(teacher, 'Anna')?.awaited === 'page');
    device.send({ type: 'here', path: '/lab/', hidden: false });
    await teacher.until(() => person(teacher, 'Anna')?.awaited === null);
    await teacher.act({ do: 'go', path: null });
    await device.until(() => device.class()?.together === null);
  });

  test.each([
    [{ do: 'go', path: 'https://evil.example/' }],
    [{ do: 'go', path: '//evil.example/' }],
    [{ do: 'remove', seat: 'nobody' }],
    [{ do: 'call-run', settings: { techniques: ['telepathy'] } }],
    [{ do: 'ask', question: { kind: 'one', text: 'x', choices: ['a'], path: '/' }, key: { right: [0] } }],
    [{ do: 'reveal' }],
    [{ do: 'constructor' }],
    [undefined],
  ])('is told why %j cannot be done, and stays', async (action) => {
    const { teacher } = await openClass();
    const done = await teacher.act(action as never);
    expect(done.refused).toBe('bad-action');
    expect(done.message).toMatch(/\w{3}/);
  });

  test('alone may lead: a student who says so is refused', async () => {
    const { server, code } = await openClass();
    const { device } = await joinClass(server.port, code, 'Anna');
    device.send({ type: 'act', id: 1, action: { do: 'end' } });
    expect((await device.until(() => device.told('refused')[0])).why).toBe('bad-message');
    expect(server.classroom?.room.state.ended).toBe(false);
  });

  test('has an answer right and the key of a question hidden until it is revealed', async () => {
    const { server, code, teacher } = await openClass();
    const [anna, bo] = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Bo')];
    const question = {
      kind: 'one',
      text: 'Which <b>?',
      choices: ['SSE', 'polling'],
      unit: '',
      path: '/start/',
    } as const;
    const key = { right: [1], value: null, tolerance: 0, why: ['because of secret reasons'] };
    await teacher.act({ do: 'ask', question: { ...question, choices: [...question.choices] }, key });
    const open = await anna.device.until(() => anna.device.class()?.question);
    expect(open).toMatchObject({ question, answered: 0, revealed: null });
    anna.device.send({ type: 'answer', question: open.id, answer: [1] });
    bo.device.send({ type: 'answer', question: open.id, answer: [7] });
    bo.device.send({ type: 'answer', question: open.id, answer: [0] });
    await teacher.until(() => teacher.console()?.tally?.answered === 2);
    expect(teacher.console()?.tally).toEqual({ answered: 2, right: 1, counts: [1, 1], numbers: [] });
    await anna.device.until(() => anna.device.told('class').at(-1)?.own?.answer?.toString() === '1');
    expect(JSON.stringify(anna.device.told('class'))).not.toContain('secret reasons');
    await teacher.act({ do: 'reveal' });
    const revealed = await bo.device.until(() => bo.device.class()?.question?.revealed);
    expect(revealed).toEqual({ key, tally: { answered: 2, right: 1, counts: [1, 1], numbers: [] }, measured: null });
    await teacher.act({ do: 'close-question' });
    await anna.device.until(() => anna.device.class()?.question === null);
  });

  test('reveals a prediction by what the class itself has measured, once a run of its settings is over', async () => {
    const { server, code, teacher } = await openClass();
    const [anna, bo] = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Bo')];
    const settings = { techniques: ['polling', 'sse'], eventsPerSecond: 4, durationSeconds: 1, pollIntervalMs: 100 };
    const ask = (figure: string, numbers: number[]) =>
      teacher.act({
        do: 'ask',
        question: {
          kind: numbers.length > 0 ? 'one' : 'number',
          text: 'How much?',
          choices: numbers.map(String),
          unit: '',
          path: '/start/',
          predicts: { technique: 'polling', figure, settings, numbers },
        },
        key: { right: numbers.length > 0 ? [0] : [], value: 999, tolerance: 1, why: [], recorded: 'in a browser' },
      });
    await ask('latencyP50', [1, 8, 500]);
    const { id } = await anna.device.until(() => anna.device.class()?.question);
    anna.device.send({ type: 'answer', question: id, answer: [0] });
    bo.device.send({ type: 'answer', question: id, answer: [1] });
    await teacher.until(() => teacher.console()?.tally?.answered === 2);
    expect(teacher.console()?.measured).toBeNull();

    // The lane that is asked about alone, and another poll interval: that answers another question.
    for (const [techniques, pollIntervalMs, p50] of [
      [['polling'], 100, 7],
      [['polling'], 50, 400],
    ] as const) {
      await teacher.act({ do: 'call-run', settings: { ...settings, techniques: [...techniques], pollIntervalMs } });
      for (const { device } of [anna, bo]) {
        const { id, settings: common } = await device.until(() => {
          const run = device.class()?.run;
          return run?.state === 'called' && run.settings.pollIntervalMs === pollIntervalMs && run;
        });
        const { id: run } = await server.run(common as never, false);
        device.send({ type: 'ready', classRun: id, run });
      }
      for (const [n, { device }] of [anna, bo].entries()) {
        const { id } = await device.until(() => device.class()?.run?.state === 'running' && device.class()?.run);
        device.send({ type: 'result', classRun: id, result: measured(p50 + n), final: true });
      }
      await teacher.until(() => teacher.console()?.results.filter(({ final }) => final).length === 2);
      await teacher.act({ do: 'stop-run' });
      await teacher.until(() => teacher.console()?.class.run?.state === 'over');
    }
    const console = await teacher.until(() => teacher.console()?.measured && teacher.console());
    expect(console.measured).toMatchObject({ devices: 2, value: 7, low: 7, high: 8 });
    await teacher.act({ do: 'reveal' });
    const revealed = await bo.device.until(() => bo.device.class()?.question?.revealed);
    expect(revealed).toMatchObject({
      measured: { devices: 2, value: 7, low: 7, high: 8 },
      key: { right: [1], recorded: 'in a browser' },
      tally: { right: 1 },
    });
    const kept = server.classroom?.room.state.questions.at(-1);
    expect(kept?.measured?.value).toBe(7);

    await ask('latencyMax', []);
    await teacher.act({ do: 'reveal' });
    const second = await bo.device.until(
      () => bo.device.class()?.question?.revealed?.key.right.length === 0 && bo.device.class()?.question,
    );
    expect(second.revealed?.key).toMatchObject({ value: 9, tolerance: 2.25 });
  });

  test('ends the class: nobody comes in any more, and only then it can be deleted', async () => {
    const { server, code, token, teacher } = await openClass();
    await joinClass(server.port, code, 'Anna');
    const headers = { authorization: `Bearer ${token}` };
    const { current } = (await (await fetch(`${server.url}/classroom/classes`, { headers })).json()) as {
      current: string;
    };
    const address = `${server.url}/classroom/classes/${current}`;
    expect((await fetch(address, { method: 'DELETE', headers })).status).toBe(409);
    await teacher.act({ do: 'end' });
    const late = await openDevice(server.port);
    late.send({ type: 'hello', as: 'new', code, nickname: 'Late' });
    expect((await late.closed).reason).toBe('ended');
    expect((await fetch(`${address}/csv`, { headers })).headers.get('content-type')).toContain('text/csv');
    expect((await fetch(address, { method: 'DELETE', headers })).status).toBe(204);
    expect(await (await fetch(`${server.url}/classroom/classes`, { headers })).text()).not.toContain('Physics');
  });

  test.each([
    ['GET', ''],
    ['GET', '/x/csv'],
    ['GET', '/x/json'],
    ['DELETE', '/x'],
  ])('alone gets the kept classes: %s /classroom/classes%s', async (method, path) => {
    const { server, token } = await openClass();
    for (const headers of [{}, { authorization: 'Bearer x' }, { authorization: token }]) {
      const answer = await fetch(`${server.url}/classroom/classes${path}?token=${token}`, { method, headers });
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toContain(token);
    }
  });
});

describe('a class run', () => {
  const settings = { techniques: ['polling'], eventsPerSecond: 4, durationSeconds: 1, pollIntervalMs: 100 };

  /** Makes a run of its own for the class run that goes on, as a device does. */
  async function getReady(server: TestServer, device: ClassDevice): Promise<{ classRun: string; run: string }> {
    const called = await device.until(() => device.class()?.run);
    const { id } = await server.run(called.settings as never, false);
    device.send({ type: 'ready', classRun: called.id, run: id });
    return { classRun: called.id, run: id };
  }

  test('starts on all devices at one moment, with one seed, and counts each result once', async () => {
    const { server, code, teacher } = await openClass();
    const students = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Bo')];
    await teacher.act({ do: 'call-run', settings });
    const devices = [];
    for (const { device } of students) devices.push({ device, ...(await getReady(server, device)) });
    const run = await teacher.until(
      () => teacher.console()?.class.run?.state === 'running' && teacher.console()?.class.run,
    );
    const infos = await Promise.all(devices.map((one) => server.info(one.run)));
    expect(infos.map(({ startsAt }) => startsAt)).toEqual([run.startsAt, run.startsAt]);
    expect(new Set(infos.map((info) => info.settings.seed)).size).toBe(1);
    await fetch(`${server.url}/push/polling?run=${devices[0]?.run}&after=0`);
    await Promise.all(devices.map((one) => server.finished(one.run)));

    for (const [n, { device, classRun }] of devices.entries()) {
      for (let times = 0; times < 3; times += 1)
        device.send({ type: 'result', classRun, result: measured(10 * (n + 1)), final: true });
    }
    const picture = await teacher.until(() => {
      const now = teacher.console();
      return now?.class.run?.state === 'over' && now;
    });
    expect(picture.results.map(({ nickname, lanes }) => [nickname, lanes.polling?.p50])).toEqual([
      ['Anna', 10],
      ['Bo', 20],
    ]);
    expect(picture.pooled.polling?.[1]).toBe(8);
    expect(picture.costs?.lanes.polling?.requests).toBe(1);
    expect(picture.people.map((one) => one.run)).toEqual(['done', 'done']);
    const { runs } = server.classroom?.room.state ?? { runs: [] };
    expect(runs[0]?.results.get(students[0]?.seat ?? '')?.counts.polling?.requests).toBe(1);
  });

  test('is stopped on all devices at once', async () => {
    const { server, code, teacher } = await openClass();
    const { device } = await joinClass(server.port, code, 'Anna');
    await teacher.act({ do: 'call-run', settings: { ...settings, durationSeconds: 600 } });
    const { run } = await getReady(server, device);
    await device.until(() => device.class()?.run?.state === 'running');
    await teacher.act({ do: 'stop-run' });
    await device.until(() => device.class()?.run?.state === 'over');
    expect((await server.info(run)).state).toBe('finished');
  });

  test('waits for nobody who is not there, when the teacher says so', async () => {
    const { server, code, teacher } = await openClass();
    const [anna, bo] = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Bo')];
    await teacher.act({ do: 'call-run', settings });
    await getReady(server, anna.device);
    await teacher.until(() => person(teacher, 'Bo')?.awaited === 'run' && person(teacher, 'Anna')?.run === 'ready');
    await teacher.act({ do: 'start-run' });
    await teacher.until(() => person(teacher, 'Anna')?.run === 'running');
    // Who comes late starts at once, and is part of it.
    const { run } = await getReady(server, bo.device);
    await teacher.until(() => person(teacher, 'Bo')?.run === 'running');
    expect((await server.info(run)).state).toBe('running');
  });

  test('counts a device that was here at the call among those to be ready, while it is between two pages', async () => {
    const { server, code, teacher } = await openClass();
    const [anna, bo] = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Bo')];
    expect(teacher.console()?.readiness).toBeNull();
    await teacher.act({ do: 'call-run', settings });
    bo.device.close();
    await teacher.until(() => person(teacher, 'Bo')?.presence === 'offline');
    expect(teacher.console()?.readiness).toEqual({ ready: 0, count: 2 });
    await getReady(server, anna.device);
    await teacher.until(() => person(teacher, 'Anna')?.run === 'ready');
    expect(teacher.console()?.readiness).toEqual({ ready: 1, count: 2 });
    await teacher.act({ do: 'remove', seat: bo.seat });
    await teacher.until(() => teacher.console()?.readiness?.count === 1);
    await teacher.act({ do: 'start-run' });
    await teacher.until(() => teacher.console()?.class.run?.state === 'running');
    expect(teacher.console()?.readiness).toBeNull();
  });

  test('does not take the run of another, nor one that is not there', async () => {
    const { server, code, teacher } = await openClass();
    const [anna, bo] = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Bo')];
    await teacher.act({ do: 'call-run', settings });
    const { classRun, run } = await getReady(server, anna.device);
    for (const claimed of [run, 'open', 'nothing', null]) {
      const before = bo.device.told('refused').length;
      bo.device.send({ type: 'ready', classRun, run: claimed });
      await bo.device.until(() => bo.device.told('refused').length > before);
    }
    expect(person(teacher, 'Bo')?.run).toBe('none');
  });
});

describe('one noisy device', () => {
  test('that floods is cut, one that sends garbage is answered, and the others do not notice', async () => {
    const { server, code, teacher } = await openClass();
    const [anna, noisy] = [await joinClass(server.port, code, 'Anna'), await joinClass(server.port, code, 'Noisy')];
    for (const garbage of [
      '',
      '{',
      '[]',
      'null',
      '{"type":7}',
      '{"type":"hello"}',
      '{"type":"result"}',
      '{"type":"here","path":"//x"}',
    ]) {
      noisy.device.sendRaw(garbage);
    }
    noisy.device.sendRaw(new Uint8Array([0, 255, 1]));
    await noisy.device.until(() => noisy.device.told('refused').length >= 5);
    for (let n = 0; n < 5000; n += 1) noisy.device.send({ type: 'here', path: '/lab/', hidden: n % 2 === 0 });
    expect(await noisy.device.closed).toEqual({ code: 1008, reason: 'too-fast' });
    await teacher.act({ do: 'go', path: '/start/' });
    expect((await anna.device.until(() => anna.device.class()?.together)).path).toBe('/start/');
    expect(anna.device.told('refused')).toEqual([]);
  });

  test('that changes its answer over and over is let go before it fills what is kept', async () => {
    const { server, code, teacher } = await openClass();
    const { device } = await joinClass(server.port, code, 'Fickle');
    const question = { kind: 'one' as const, text: 'Which?', choices: ['a', 'b'], unit: '', path: '/' };
    await teacher.act({ do: 'ask', question, key: { right: [0], value: null, tolerance: 0, why: [] } });
    const { id } = await device.until(() => device.class()?.question);
    const sent = 35;
    for (let n = 0; n < sent; n += 1) device.send({ type: 'answer', question: id, answer: [n % 2] });
    expect(await device.closed).toEqual({ code: 1008, reason: 'too-fast' });
    const { log } = (server.classroom as NonNullable<TestServer['classroom']>).room;
    const changes = await log.read(server.classroom?.room.id ?? '');
    expect(changes.filter(({ change }) => change.type === 'answered').length).toBeLessThan(sent);
    await teacher.until(() => teacher.console()?.tally?.answered === 1);
  });

  test('that never reads piles up nothing, is let go, and the class goes on', async () => {
    const { server, code, teacher } = await openClass({ heartbeatMs: 1000 });
    const { seat, secret, device } = await joinClass(server.port, code, 'Deaf');
    device.close();
    const anna = await joinClass(server.port, code, 'Anna');
    const hello = JSON.stringify({ type: 'hello', as: 'seat', seat, secret });
    const deaf = rawConnection(server.port, handshake());
    await deaf.until((bytes) => readAnswer(bytes)?.status === 101);
    deaf.socket.write(maskedText(hello));
    await teacher.until(() => person(teacher, 'Deaf')?.presence === 'online');
    deaf.socket.pause();
    const long = 'w'.repeat(290);
    const choices = Array.from({ length: 12 }, (_, n) => `${n}${long}`);
    const key = { right: [0], value: null, tolerance: 0, why: [] };
    await teacher.act({ do: 'ask', question: { kind: 'one', text: long, choices, unit: '', path: '/' }, key });
    // Far more than the kernel takes for one socket (some MB): 4 kB with each move.
    const { room } = server.classroom as NonNullable<TestServer['classroom']>;
    for (let n = 0; n < 4000; n += 1) {
      await room.act({ do: 'go', path: `/start/?${n}` });
      await new Promise(setImmediate);
    }
    await anna.device.until(() => anna.device.class()?.together?.path === '/start/?3999');
    await teacher.until(() => person(teacher, 'Deaf')?.presence === 'offline');
    expect(person(teacher, 'Anna')?.presence).toBe('online');
  });

  test('of another origin is not let in', async () => {
    const { server } = await openClass();
    const connection = rawConnection(server.port, handshake('http://evil.example'));
    const answer = readAnswer(await connection.until((bytes) => readAnswer(bytes)?.complete === true));
    expect(answer?.status).toBe(403);
  });

  test('that says nothing is let go', async () => {
    const { server } = await openClass();
    const silent = await openDevice(server.port);
    expect(await silent.closed).toEqual({ code: 1008, reason: 'hello' });
  });
});

function handshake(origin?: string): string {
  const lines = [
    'GET /classroom HTTP/1.1',
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(origin ? [`Origin: ${origin}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A text frame of at most 65535 bytes with a mask of zeros. */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}
