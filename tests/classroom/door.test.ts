/** Nobody is shut out of a class by what others do, and its code still cannot be found by trying. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { codeDoor } from '../../demo-server/classroom/seats/door.ts';
import { Strangers } from '../../demo-server/classroom/seats/strangers.ts';
import { networkOf } from '../../demo-server/web/names.ts';
import { joinClass, openDevice, openTeacher } from '../helpers/classroom.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

const NEVER = new AbortController().signal;
const classOf = (server: TestServer) => server.classroom as NonNullable<TestServer['classroom']>;
async function openClass() {
  const server = await startServer({ classroom: { name: 'Physics' } });
  const { room, token } = classOf(server);
  return { server, room, token, code: room.state.code, wrong: room.state.code === '00000000' ? '1' : '00000000' };
}
/** One device that says hello and is refused. */
async function refused(port: number, hello: object): Promise<string> {
  const device = await openDevice(port);
  device.send({ type: 'hello', ...hello });
  return (await device.closed).reason;
}
/** Devices that go on trying wrong codes, as many at once as `hands`, until the test is over. Resolves once codes have to wait. */
async function keepTrying(port: number, code: string, hands: number): Promise<void> {
  let over = false;
  onTestFinished(() => {
    over = true;
  });
  const waits = Promise.withResolvers<void>();
  const hand = async (): Promise<void> => {
    while (!over) {
      const device = await openDevice(port, () => {});
      device.send({ type: 'hello', as: 'new', code, nickname: 'Eve' });
      device
        .until(() => device.told('wait')[0])
        .then(() => waits.resolve())
        .catch(() => {});
      await device.closed;
    }
  };
  for (let n = 0; n < hands; n += 1) void hand().catch(() => {});
  await waits.promise;
}

describe('a right code and a teacher’s link are let in', () => {
  test('after sixty devices with a seat that the class does not know', async () => {
    const { server, code, token } = await openClass();
    const stale = { as: 'seat', seat: 'abcdef012345', secret: 's'.repeat(43) };
    const reasons = await Promise.all(Array.from({ length: 60 }, () => refused(server.port, stale)));
    expect(new Set(reasons)).toEqual(new Set(['unknown-seat']));
    const { device } = await joinClass(server.port, code, 'Anna');
    expect(device.told('wait')).toEqual([]);
    await openTeacher(server.port, token);
  });

  test('after sixty teacher’s links of another class', async () => {
    const { server, code, token } = await openClass();
    const reasons = await Promise.all(
      Array.from({ length: 60 }, (_, n) => refused(server.port, { as: 'teacher', token: `${n}`.repeat(20) })),
    );
    expect(new Set(reasons)).toEqual(new Set(['wrong-token']));
    const { device } = await joinClass(server.port, code, 'Anna');
    expect(device.told('wait')).toEqual([]);
    await openTeacher(server.port, token);
  });

  test('after thirty wrong codes, and while others of the same network go on trying', async () => {
    const { server, room, code, wrong, token } = await openClass();
    for (let n = 0; n < 30; n += 1)
      expect(await refused(server.port, { as: 'new', code: wrong, nickname: 'Eve' })).toBe('wrong-code');
    await keepTrying(server.port, wrong, 8);
    await openTeacher(server.port, token);
    const anna = await joinClass(server.port, code, 'Anna');
    expect(anna.nickname).toBe('Anna');
    expect(room.state.seats.size).toBe(1);
    // A seat's secret is no guess and waits for nobody.
    const back = await openDevice(server.port);
    back.send({ type: 'hello', as: 'seat', seat: anna.seat, secret: anna.secret });
    expect((await back.until(() => back.told('seat')[0])).nickname).toBe('Anna');
    expect(back.told('wait')).toEqual([]);
  });

  test('sixty at once from one network: nobody waits', async () => {
    const { server, room, code } = await openClass();
    const pupils = await Promise.all(
      Array.from({ length: 60 }, (_, n) => joinClass(server.port, code, `Pupil ${n + 1}`)),
    );
    expect(pupils.flatMap(({ device }) => device.told('wait'))).toEqual([]);
    expect(room.state.seats.size).toBe(60);
  });

  test('beside as many silent connections as a network may have: one of those has to go', async () => {
    const server = await startServer({ classroom: { name: 'Physics' }, limits: { controlsPerAddress: 3 } });
    const { room, token } = classOf(server);
    const teacher = await openTeacher(server.port, token);
    const silent = await Promise.all([1, 2, 3].map(() => openDevice(server.port)));
    const { device } = await joinClass(server.port, room.state.code, 'Anna');
    const first = await Promise.race(silent.map((one) => one.closed));
    expect(first).toEqual({ code: 1013, reason: 'too-many-tries' });
    // Seats and teachers are no part of that count, however many there are.
    for (let n = 0; n < 5; n += 1) await joinClass(server.port, room.state.code, `Bo ${n}`);
    await teacher.until(() => teacher.console()?.class.online === 6);
    expect(device.told('refused')).toEqual([]);
  });
});

test('a locked class looks at no code, and gives back the seat of a secret that it knows', async () => {
  const { server, code, wrong, token } = await openClass();
  const secret = 's'.repeat(43);
  await joinClass(server.port, code, 'Anna', { secret });
  const teacher = await openTeacher(server.port, token);
  await teacher.act({ do: 'lock', locked: true });
  for (const tried of [code, wrong])
    expect(await refused(server.port, { as: 'new', code: tried, nickname: 'Eve' })).toBe('locked');
  expect((await joinClass(server.port, code, 'Anna', { secret })).nickname).toBe('Anna');
});

describe('the door', () => {
  /** Wrong codes that are looked at in `ms` of a clock of its own, while each of `networks` sends one every 10 ms. */
  async function lookedAt(digits: number, networks: readonly string[], ms: number): Promise<number> {
    let at = 0;
    const door = codeDoor(digits, () => at);
    onTestFinished(() => door.close());
    let wrong = 0;
    for (; at < ms; at += 10)
      for (const network of networks) {
        // What would have to wait comes again later: a machine that does not stand in the queue.
        const left = new AbortController();
        const verdict = door.knock(
          network,
          false,
          () => false,
          () => left.abort(),
          left.signal,
        );
        if ((await verdict) === 'wrong') wrong += 1;
      }
    return wrong;
  }
  test('looks at so many wrong codes of one network as door.ts calculates: 30, then 5 a second', async () => {
    expect(await lookedAt(8, ['a'], 60_000)).toBe(30 + 5 * 60 - 1);
    expect(await lookedAt(6, ['a'], 60_000)).toBe(30 + 0.5 * 60 - 1);
  });
  test('and of a hundred networks together: 200, then 10 a second', async () => {
    const networks = Array.from({ length: 100 }, (_, n) => `${n}`);
    expect(await lookedAt(8, networks, 20_000)).toBe(200 + 10 * 20 - 1);
  });

  test('forgets no network that has tried when ten thousand others come', async () => {
    const at = 0;
    const door = codeDoor(8, () => at);
    onTestFinished(() => door.close());
    const knock = (network: string, seat: boolean, right: boolean) => {
      const left = new AbortController();
      return door.knock(
        network,
        seat,
        () => right,
        () => left.abort(),
        left.signal,
      );
    };
    for (let n = 0; n < 30; n += 1) expect(await knock('guesser', false, false)).toBe('wrong');
    for (let n = 0; n < 10_001; n += 1) await knock(`${n}`, true, false);
    expect(await knock('guesser', true, true)).toBe('again');
  });

  test('lets a network that holds a seat pass while all others are at it', async () => {
    const at = 0;
    const door = codeDoor(8, () => at);
    onTestFinished(() => door.close());
    for (let n = 0; n < 200; n += 1)
      expect(
        await door.knock(
          `${n}`,
          false,
          () => false,
          () => {},
          NEVER,
        ),
      ).toBe('wrong');
    const left = new AbortController();
    expect(
      await door.knock(
        'far',
        false,
        () => true,
        () => left.abort(),
        left.signal,
      ),
    ).toBe('again');
    expect(
      await door.knock(
        'school',
        true,
        () => true,
        () => {},
        NEVER,
      ),
    ).toBe('right');
  });

  test('has room for forty of one network: one more, and one of them has to come again', async () => {
    let at = 0;
    let runs = false;
    // Once it runs, a second passes each time it is read.
    const door = codeDoor(8, () => {
      if (runs) at += 1000;
      return at;
    });
    for (let n = 0; n < 30; n += 1)
      await door.knock(
        'a',
        false,
        () => false,
        () => {},
        NEVER,
      );
    const verdicts = new Map<number, string>();
    let waiting = 0;
    const count = () => {
      waiting += 1;
    };
    const all = Array.from({ length: 41 }, async (_, n) =>
      verdicts.set(n, await door.knock('a', false, () => n === 40, count, NEVER)),
    );
    await Promise.resolve();
    expect(waiting).toBe(41);
    await new Promise((resolve) => setImmediate(resolve));
    expect([...verdicts.values()]).toEqual(['again']);
    // With time there are tokens again, for thirty of them at once, drawn by lot; the right one comes to its turn.
    runs = true;
    await Promise.race(all.slice(40));
    door.close();
    await Promise.all(all);
    expect(verdicts.get(40)).toBe('right');
  });
});

test('an IPv4 address is a network of its own, of IPv6 it is the first 64 bits', () => {
  expect(networkOf('192.168.1.5')).toBe('192.168.1.5');
  expect(networkOf('::ffff:192.168.1.5')).toBe('192.168.1.5');
  expect(networkOf('2001:db8:0:7::1')).toBe('2001:db8:0:7::/64');
  expect(networkOf('2001:db8:0:7:ffff:ffff:ffff:ffff')).toBe('2001:db8:0:7::/64');
  expect(networkOf('fe80::1%wlan0')).toBe('fe80:0:0:0::/64');
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
  // Of a client that has gone Node knows none.
  expect(networkOf(undefined)).toBe('unknown');
});

test('strangers of one network are bounded, and those of others untouched', () => {
  const strangers = new Strangers<number>(2);
  expect([1, 2].map((one) => strangers.add('a', one))).toEqual([undefined, undefined]);
  expect(strangers.add('b', 9)).toBeUndefined();
  expect([1, 2]).toContain(strangers.add('a', 3));
  strangers.remove('a', 3);
  expect(strangers.add('a', 4)).toBeUndefined();
});
