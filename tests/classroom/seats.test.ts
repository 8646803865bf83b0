/** Seats as a bound that nobody can use up: who has the code and takes one after the other keeps nobody else out. */
import { describe, expect, test } from 'vitest';
import { type Change, type ClassState, NO_CLASS, reduce } from '../../demo-server/classroom/log/state.ts';
import { SEATS } from '../../demo-server/classroom/protocol.ts';
import { Members } from '../../demo-server/classroom/seats/members.ts';
import { joinClass, openDevice, openTeacher } from '../helpers/classroom.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const QUESTION = { kind: 'one' as const, text: 'Which?', choices: ['this', 'that'], unit: '', path: '/' };
const KEY = { right: [0], value: null, tolerance: 0, why: [] };
/** Longer than a seat is left alone after it was given. */
const LATER_MS = 60_000;

/** A class whose seats see the time that the test says. */
async function openClass() {
  let time = 0;
  const server = await startServer({ classroom: { name: 'Physics', clock: () => time } });
  const { room, token } = server.classroom as NonNullable<TestServer['classroom']>;
  return {
    server,
    room,
    token,
    code: room.state.code,
    pass: (ms: number) => {
      time += ms;
    },
    /** Takes seats until the class is full, as a loop does: each is given and left. */
    async fill() {
      for (let n = room.state.seats.size; n < SEATS; n += 1) await room.join(room.state.code, `Loop ${n}`);
    },
    /** What becomes of a device that comes back with a seat. */
    async back({ seat, secret }: { seat: string; secret: string }) {
      const device = await openDevice(server.port);
      device.send({ type: 'hello', as: 'seat', seat, secret });
      return device.until(() => device.told('seat')[0]?.type ?? device.told('refused')[0]?.why);
    },
  };
}
/** Resolves once the server has seen that the device has gone. */
async function leave(room: { online: () => ReadonlySet<string> }, joined: Awaited<ReturnType<typeof joinClass>>) {
  joined.device.close();
  await joined.device.closed;
  await expect.poll(() => room.online().has(joined.seat)).toBe(false);
}

describe('a pupil with the code who takes all seats', () => {
  test('keeps nobody out: thirty of the same address get in, and those who were here keep their seats', async () => {
    const { server, room, code, pass, fill, back } = await openClass();
    const here = await joinClass(server.port, code, 'Here');
    const wasHere = await joinClass(server.port, code, 'Was here');
    const answered = await joinClass(server.port, code, 'Answered');
    await room.act({ do: 'ask', question: QUESTION, key: KEY });
    const id = room.state.questions[0]?.id ?? '';
    answered.device.send({ type: 'answer', n: 1, question: id, answer: [0] });
    await answered.device.until(() => answered.device.told('settled')[0]?.kept);
    await leave(room, answered);
    pass(LATER_MS);
    await leave(room, wasHere);
    await fill();
    pass(LATER_MS);

    const thirty = await Promise.all(Array.from({ length: 30 }, (_, n) => joinClass(server.port, code, `Pupil ${n}`)));
    await fill();
    expect(room.state.seats.size).toBe(SEATS);
    // The loop goes on, and displaces what it has itself.
    pass(LATER_MS);
    for (let n = 0; n < 20; n += 1) await room.join(code, `Again ${n}`);
    for (const { seat } of [here, wasHere, answered, ...thirty]) expect(room.state.seats.has(seat)).toBe(true);
    for (const seat of [wasHere, answered]) expect(await back(seat)).toBe('seat');
    expect(here.device.told('refused')).toEqual([]);
  });

  test('loses what gives way: its device is told that there is no such seat, and may join again', async () => {
    const { server, room, code, pass, fill, back } = await openClass();
    const first = await room.join(code, 'First');
    await fill();
    pass(LATER_MS);
    await joinClass(server.port, code, 'Anna');
    expect(await back(first)).toBe('unknown-seat');
    const again = await joinClass(server.port, code, 'First', { secret: first.secret });
    expect(again.seat).not.toBe(first.seat);
  });

  test('is stopped where every seat was given a moment ago, is connected, holds an answer or takes part in the run', async () => {
    const { server, room, code, pass, fill } = await openClass();
    await fill();
    const refused = async () => {
      const device = await openDevice(server.port);
      device.send({ type: 'hello', as: 'new', code, nickname: 'Late' });
      return (await device.closed).reason;
    };
    expect(await refused()).toBe('full');
    pass(LATER_MS);
    const ids = [...room.state.seats.keys()];
    const [answering = '', running = '', ...others] = ids;
    room.online = () => new Set(others);
    await room.act({ do: 'ask', question: QUESTION, key: KEY });
    await room.answer(answering, room.state.questions[0]?.id, [1]);
    await room.act({ do: 'call-run', settings: {} });
    room.readyFor = () => new Set([running]);
    expect(await refused()).toBe('full');
    room.readyFor = () => new Set();
    await joinClass(server.port, code, 'Late');
    expect([...room.state.seats.keys()]).not.toContain(running);
  });

  test('has one seat for one secret, also where it is asked for twice at once', async () => {
    const { room, code } = await openClass();
    const [one, two] = await Promise.all([0, 1].map(() => room.join(code, 'Anna', 's'.repeat(43))));
    expect(one).toEqual(two);
    expect(room.state.seats.size).toBe(1);
  });

  test('never makes more seats than there are, however many come at once', async () => {
    const { room, code, pass, fill } = await openClass();
    await fill();
    pass(LATER_MS);
    await Promise.all(Array.from({ length: 40 }, (_, n) => room.join(code, `Many ${n}`)));
    expect(room.state.seats.size).toBe(SEATS);
  });

  test('waits for its turn where it takes more places of others than a class ever does at once', async () => {
    const { server, room, code, pass, fill } = await openClass();
    await fill();
    pass(LATER_MS);
    const devices = await Promise.all(Array.from({ length: 45 }, () => openDevice(server.port)));
    for (const [n, device] of devices.entries()) device.send({ type: 'hello', as: 'new', code, nickname: `Loop ${n}` });
    await Promise.all(devices.map((device) => device.until(() => device.told('seat')[0])));
    expect(devices.filter((device) => device.told('wait').length > 0)).not.toEqual([]);
    expect(room.state.seats.size).toBe(SEATS);
  });
});

describe('the teacher', () => {
  test('removes all seats without answers that are not connected, and with one word more those that are', async () => {
    const { server, room, code, token } = await openClass();
    const teacher = await openTeacher(server.port, token);
    const anna = await joinClass(server.port, code, 'Anna');
    const bo = await joinClass(server.port, code, 'Bo');
    await room.act({ do: 'ask', question: QUESTION, key: KEY });
    anna.device.send({ type: 'answer', n: 1, question: room.state.questions[0]?.id ?? '', answer: [0] });
    await anna.device.until(() => anna.device.told('settled')[0]);
    await leave(room, anna);
    for (let n = 0; n < 20; n += 1) await room.join(code, `Loop ${n}`);
    const empty = () => teacher.console()?.people.filter((one) => one.empty) ?? [];
    await teacher.until(() => empty().length === 21);

    expect(await teacher.act({ do: 'remove-empty', connected: false })).not.toHaveProperty('refused');
    expect([...room.state.seats.keys()]).toEqual([anna.seat, bo.seat]);
    expect(await teacher.act({ do: 'remove-empty', connected: true })).not.toHaveProperty('refused');
    expect([...room.state.seats.keys()]).toEqual([anna.seat]);
    expect((await bo.device.closed).reason).toBe('unknown-seat');
    await joinClass(server.port, code, 'Bo', { secret: bo.secret });
  });
});

const stateAfter = (...changes: Change[]): ClassState =>
  changes.reduce((state, change, n) => reduce(state, { seq: n + 1, at: n, change }), NO_CLASS);
const joined: Change = { type: 'joined', seat: 'a', secretHash: 'h', nickname: 'Anna' };
const gone: Change = { type: 'removed', seat: 'a', empty: true };

describe('what is kept of it', () => {
  test('forgets a seat that gave way, name and all', () => {
    const state = stateAfter(joined, gone, { ...joined, seat: 'b' });
    expect([...state.seats.values()].map(({ id, nickname }) => [id, nickname])).toEqual([['b', 'Anna']]);
  });

  test('keeps a seat whose answer another server wrote at the same moment', () => {
    const state = stateAfter(
      joined,
      { type: 'asked', question: 'q', text: QUESTION, key: KEY },
      { type: 'answered', question: 'q', seat: 'a', answer: [0] },
      gone,
    );
    expect(state.seats.get('a')).toMatchObject({ removed: false, holds: true });
  });

  test('counts the time that a seat is connected, in all its tabs and times together', () => {
    let time = 0;
    const members = new Members(() => time);
    const [one, two] = [0, 1].map(() => ({ seat: 'a', path: '', hidden: false })) as [never, never];
    members.add(one);
    time = 10;
    members.add(two);
    members.remove(one);
    time = 30;
    expect(members.connectedMs('a')).toBe(30);
    members.remove(two);
    time = 99;
    expect(members.connectedMs('a')).toBe(30);
    members.forget('a');
    expect(members.connectedMs('a')).toBe(0);
    expect(members.whereabouts().size).toBe(0);
  });
});
