import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import {
  ARRIVALS,
  LADDER,
  MAX_FEED_BYTES_PER_SECOND,
  type PushEvent,
  type RunSettings,
  TECHNIQUES,
  type TechniqueId,
} from '../../demo-server/protocol.ts';
import { openControl } from '../helpers/control.ts';
import { frames, upgrade } from '../helpers/frames.ts';
import { get, rawConnection, readAnswer } from '../helpers/raw.ts';
import { startServer, type TestServer } from '../helpers/server.ts';

interface Answered {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect in it
  body: any;
}

async function request(server: TestServer, method: string, path: string, init: RequestInit = {}): Promise<Answered> {
  const answer = await fetch(server.url + path, { ...init, method });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** POST /runs with this body: an object as JSON, a text as it is. */
function make(server: TestServer, body: unknown, type = 'application/json'): Promise<Answered> {
  return request(server, 'POST', '/runs', {
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Resolves when each of these lanes has had its one request, as the run's control socket reports. */
async function arrived(port: number, run: string, lanes: readonly TechniqueId[]): Promise<void> {
  const control = await openControl(port, run);
  await control.until(() => lanes.every((id) => control.told('ledger').at(-1)?.ledger.lanes[id]?.requests === 1));
  control.close();
}

/** A second of events at most, and small. */
const short: Partial<RunSettings> = { eventsPerSecond: 20, durationSeconds: 1, payloadBytes: 8, seed: 7 };

describe('POST /runs', () => {
  test('without a body makes a run with all the defaults', async () => {
    const server = await startServer();
    const bodies: RequestInit[] = [{}, { headers: { 'content-type': 'application/json' }, body: '' }, { body: '' }];
    bodies.push({ headers: { 'content-type': 'application/json' }, body: '{}' });
    for (const init of bodies) {
      const { status, headers, body } = await request(server, 'POST', '/runs', init);
      expect(status, JSON.stringify(init)).toBe(201);
      expect(headers.get('location')).toBe(`/runs/${body.id}`);
      expect(body).toMatchObject({ state: 'ready', startsAt: null, endsAt: null, lastSeq: 0 });
      expect(body.settings).toEqual({
        techniques: [...LADDER],
        eventsPerSecond: 2,
        arrivals: 'steady',
        payloadBytes: 64,
        durationSeconds: 20,
        pollIntervalMs: 1000,
        longPollTimeoutMs: 25000,
        rttMs: 0,
        jitterMs: 0,
        kilobitsPerSecond: 0,
        cutEverySeconds: 0,
        uplinkPerSecond: 0,
        subscribers: 0,
        seed: expect.any(Number),
        faults: [],
      });
    }
  });

  test('takes every setting at both ends of its range', async () => {
    const server = await startServer();
    const ends: Partial<RunSettings>[] = [
      {
        techniques: ['websocket', 'http10'],
        eventsPerSecond: 0.1,
        arrivals: 'poisson',
        payloadBytes: 16384,
        durationSeconds: 1,
        pollIntervalMs: 50,
        longPollTimeoutMs: 100,
        rttMs: 0,
        jitterMs: 0,
        kilobitsPerSecond: 0,
        cutEverySeconds: 0,
        uplinkPerSecond: 0,
        subscribers: 0,
        seed: 0,
        faults: [],
      },
      {
        techniques: ['sse'],
        eventsPerSecond: 100,
        arrivals: 'burst',
        payloadBytes: 1,
        durationSeconds: 900,
        pollIntervalMs: 60000,
        longPollTimeoutMs: 60000,
        seed: 4294967295,
      },
      { eventsPerSecond: 16, payloadBytes: MAX_FEED_BYTES_PER_SECOND / 16 },
    ];
    for (const settings of ends) {
      const { status, body } = await make(server, settings);
      expect(status).toBe(201);
      expect(body.settings).toMatchObject(settings);
      expect((await server.info(body.id)).settings).toEqual(body.settings);
    }
  });

  test('says whether the request came through a proxy, behind which the ledger counts', async () => {
    const server = await startServer();
    expect((await request(server, 'POST', '/runs')).body.proxied).toBe(false);
    for (const name of ['via', 'forwarded', 'x-forwarded-for']) {
      expect((await request(server, 'POST', '/runs', { headers: { [name]: '1.1 relay' } })).body.proxied, name).toBe(
        true,
      );
    }
    const old = rawConnection(server.port, 'POST /runs HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    const answer = readAnswer(await old.until((bytes) => readAnswer(bytes)?.complete === true));
    expect(JSON.parse(answer?.body.toString() ?? '').proxied).toBe(true);
  });

  test('draws a seed, shows it, and draws another one the next time', async () => {
    const server = await startServer();
    const seeds = await Promise.all(Array.from({ length: 5 }, async () => (await make(server, {})).body.settings.seed));
    expect(new Set(seeds).size).toBe(5);
    for (const seed of seeds) expect(Number.isInteger(seed) && seed >= 0 && seed <= 4294967295).toBe(true);
  });

  test.each<[keyof RunSettings | 'speed', unknown, string]>([
    ['techniques', 'sse', 'a list of one or more of http10'],
    ['techniques', [], 'a list of one or more of'],
    ['techniques', ['sse', 'sse'], 'each once'],
    ['techniques', ['flash-socket'], 'websocket'],
    ['techniques', [7], 'a list of'],
    ['techniques', null, 'a list of'],
    ['techniques', { sse: true }, 'a list of'],
    ['arrivals', 'often', 'one of steady, poisson, burst'],
    ['arrivals', 1, 'one of steady'],
    ['arrivals', null, 'one of steady'],
    ['eventsPerSecond', 0, 'a number from 0.1 to 100'],
    ['eventsPerSecond', 0.09, 'a number from 0.1 to 100'],
    ['eventsPerSecond', 100.1, 'a number from 0.1 to 100'],
    ['eventsPerSecond', -1, 'a number'],
    ['eventsPerSecond', '2', 'a number'],
    ['eventsPerSecond', [2], 'a number'],
    ['eventsPerSecond', true, 'a number'],
    // What JSON makes of NaN.
    ['eventsPerSecond', null, 'a number'],
    ['payloadBytes', 0, 'a whole number from 1 to 16384'],
    ['payloadBytes', 16385, 'a whole number from 1 to 16384'],
    ['payloadBytes', 1.5, 'a whole number'],
    ['payloadBytes', '64', 'a whole number'],
    ['payloadBytes', 'NaN', 'a whole number'],
    ['durationSeconds', 0, 'a whole number from 1 to 900'],
    ['durationSeconds', 901, 'a whole number from 1 to 900'],
    ['durationSeconds', 2.5, 'a whole number'],
    ['durationSeconds', {}, 'a whole number'],
    ['pollIntervalMs', 49, 'a whole number from 50 to 60000'],
    ['pollIntervalMs', 60001, 'a whole number from 50 to 60000'],
    ['pollIntervalMs', 'often', 'a whole number'],
    ['longPollTimeoutMs', 99, 'a whole number from 100 to 60000'],
    ['longPollTimeoutMs', 60001, 'a whole number from 100 to 60000'],
    ['longPollTimeoutMs', null, 'a whole number'],
    ['seed', -1, 'a whole number from 0 to 4294967295'],
    ['seed', 4294967296, 'a whole number from 0 to 4294967295'],
    ['seed', 0.5, 'a whole number'],
    ['seed', '7', 'a whole number'],
    ['seed', null, 'a whole number'],
    ['speed', 1, 'no such setting; there are techniques, arrivals, eventsPerSecond'],
  ])('refuses %s %j, and says what it got and what it takes', async (field, got, takes) => {
    const server = await startServer();
    const { status, body } = await make(server, { [field]: got });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: 'bad-setting',
      faults: [{ field, got, takes: expect.stringContaining(takes) }],
    });
    expect(body.faults).toHaveLength(1);
    expect(body.message).toContain(`${field}: got ${JSON.stringify(got)}, takes `);
    expect(body.message).toContain(takes);
  });

  test('refuses a rate × payload that is too much, and says how much would do', async () => {
    const server = await startServer();
    const { status, body } = await make(server, { eventsPerSecond: 100, payloadBytes: 16384 });
    expect(status).toBe(400);
    expect(body.faults).toMatchObject([{ field: 'payloadBytes', got: 16384, takes: expect.stringContaining('2621') }]);
    expect((await make(server, { eventsPerSecond: 100, payloadBytes: 2621 })).status).toBe(201);
    expect((await make(server, { eventsPerSecond: 100, payloadBytes: 2622 })).status).toBe(400);
  });

  test('names every fault of a request at once', async () => {
    const server = await startServer();
    const { body } = await make(server, { arrivals: 'often', seed: -1, speed: 1, payloadBytes: 0 });
    expect(body.faults.map(({ field }: { field: string }) => field).sort()).toEqual(
      ['arrivals', 'payloadBytes', 'seed', 'speed'].sort(),
    );
  });

  test.each([['[]'], ['7'], ['"fast"'], ['null']])('refuses %s, which is JSON but no object', async (text) => {
    const server = await startServer();
    const { status, body } = await make(server, text);
    expect(status).toBe(400);
    expect(body.faults).toMatchObject([
      { field: '(body)', got: JSON.parse(text), takes: 'a JSON object of run settings' },
    ]);
  });

  test('refuses numbers that no double holds', async () => {
    const server = await startServer();
    const { status, body } = await make(server, '{"eventsPerSecond":1e999}');
    expect(status).toBe(400);
    expect(body.faults).toMatchObject([{ field: 'eventsPerSecond' }]);
  });

  test('says in words when the body is no JSON, not called JSON, or too large', async () => {
    const server = await startServer();
    const cases: [string, string, number, string][] = [
      ['{"seed":', 'application/json', 400, 'not valid JSON'],
      ['{"eventsPerSecond":NaN}', 'application/json', 400, 'not valid JSON'],
      ['{"__proto__":{"seed":1}}', 'application/json', 400, 'not valid JSON'],
      ['seed=7', 'application/x-www-form-urlencoded', 415, 'Content-Type: application/json'],
      ['{}', 'text/plain', 415, 'text/plain'],
      [JSON.stringify({ seed: 7, pad: 'x'.repeat(16 * 1024) }), 'application/json', 413, '16384 bytes'],
    ];
    for (const [text, type, status, words] of cases) {
      const refused = await make(server, text, type);
      expect(refused.status, text.slice(0, 40)).toBe(status);
      expect(refused.body.message).toContain(words);
      expect(refused.body.error).toMatch(/^[a-z-]+$/);
    }
  });
});

describe('a run', () => {
  test('goes from ready over running to finished, with its times', async () => {
    const server = await startServer();
    const made = await server.run(short, false);
    expect(made).toMatchObject(await server.info(made.id));
    expect(made).toMatchObject({ state: 'ready', startsAt: null, endsAt: null });

    const { status, body } = await request(server, 'POST', `/runs/${made.id}/start`);
    expect(status).toBe(200);
    const running = await server.info(made.id);
    expect(running).toMatchObject({ state: 'running', startsAt: body.startsAt, createdAt: made.createdAt });
    expect(running.startsAt).toBeGreaterThan(made.createdAt);
    expect(running.endsAt).toBeGreaterThanOrEqual(body.startsAt + 1000);

    await server.finished(made.id);
    const finished = await server.info(made.id);
    expect(finished).toMatchObject({ state: 'finished', startsAt: body.startsAt, lastSeq: 20 });
    expect(finished.endsAt).toBeGreaterThanOrEqual(body.startsAt + 1000);
    expect(await server.ledger(made.id)).toMatchObject({ run: made.id, state: 'finished' });
  });

  test('is started once', async () => {
    const server = await startServer();
    const run = await server.run(short);
    const startAgain = () => request(server, 'POST', `/runs/${run.id}/start`);
    expect(await startAgain()).toMatchObject({ status: 409, body: { error: 'already-started' } });
    await request(server, 'DELETE', `/runs/${run.id}`);
    const { status, body } = await startAgain();
    expect(status).toBe(409);
    expect(body.message).toContain('finished');
  });

  test('can be read before it starts, and its first event comes after startsAt', async () => {
    const server = await startServer();
    const run = await server.run({ ...short, techniques: ['sse', 'websocket'] }, false);
    const sse = rawConnection(server.port, get(`/push/sse?run=${run.id}`));
    const websocket = rawConnection(server.port, upgrade(`/push/websocket?run=${run.id}`));
    await sse.until((bytes) => bytes.includes('retry:'));
    await websocket.until((bytes) => bytes.includes('\r\n\r\n'));
    const { body } = await request(server, 'POST', `/runs/${run.id}/start`);
    for (const connection of [sse, websocket]) {
      const bytes = await connection.until((sofar) => /"sentAt":\d+\.\d+,.*"data"/.test(sofar.toString('latin1')));
      const [, seq, sentAt] = /\{"seq":(\d+),"sentAt":([\d.]+),/.exec(bytes.toString('latin1')) ?? [];
      expect(seq).toBe('1');
      expect(Number(sentAt)).toBeGreaterThanOrEqual(body.startsAt);
    }
  });

  test('that is deleted stops at once, and every open answer of it ends properly', async () => {
    const server = await startServer();
    const run = await server.run({ ...short, durationSeconds: 600, eventsPerSecond: 50 });
    const ask = (path: string) => rawConnection(server.port, get(`${path}?run=${run.id}`));
    const streams = ['iframe-stream', 'xhr-stream', 'sse'].map((id) => ask(`/push/${id}`));
    const websocket = rawConnection(server.port, upgrade(`/push/websocket?run=${run.id}`));
    for (const stream of [...streams, websocket]) await stream.until((bytes) => bytes.includes('"seq":'));

    const { status, body } = await request(server, 'DELETE', `/runs/${run.id}`);
    expect(status).toBe(200);
    expect(body.state).toBe('finished');
    expect(body.endsAt).toBeLessThan(body.startsAt + 600_000);
    for (const stream of streams) await stream.until((bytes) => readAnswer(bytes)?.complete === true);
    const bytes = await websocket.until(
      (sofar) => frames(readAnswer(sofar)?.body ?? Buffer.alloc(0)).at(-1)?.opcode === 8,
    );
    expect(
      frames(readAnswer(bytes)?.body ?? Buffer.alloc(0))
        .at(-1)
        ?.payload.readUInt16BE(0),
    ).toBe(1000);

    const seqs = [...bytes.toString('latin1').matchAll(/"seq":(\d+)/g)].map(([, seq]) => Number(seq));
    expect((await server.info(run.id)).lastSeq).toBe(seqs.at(-1));
    expect((await request(server, 'DELETE', `/runs/${run.id}`)).status).toBe(200);
  });

  test('that nobody has started can be deleted, too', async () => {
    const server = await startServer();
    const run = await server.run(short, false);
    const held = rawConnection(server.port, get(`/push/long-poll?run=${run.id}&after=0`));
    await arrived(server.port, run.id, ['long-poll']);
    const { body } = await request(server, 'DELETE', `/runs/${run.id}`);
    expect(body).toMatchObject({ state: 'finished', startsAt: null, lastSeq: 0 });
    const answer = readAnswer(await held.until((bytes) => readAnswer(bytes)?.complete === true));
    expect(answer?.status).toBe(200);
    expect(answer?.body.toString()).toBe('{"events":[],"next":0}');
    expect((await request(server, 'GET', `/push/long-poll?run=${run.id}&after=0`)).status).toBe(410);
  });

  test('the open one is everybody’s: read it, but do not start or stop it', async () => {
    const server = await startServer();
    const stopped = await request(server, 'DELETE', '/runs/open');
    expect(stopped.status).toBe(403);
    expect(stopped.body).toMatchObject({ error: 'open-feed', message: expect.stringContaining('everybody') });
    expect((await request(server, 'POST', '/runs/open/start')).status).toBe(409);
    expect(await server.info('open')).toMatchObject({ id: 'open', state: 'running', endsAt: null });
    const ledger = await server.ledger('open');
    expect(Object.keys(ledger.lanes)).toEqual([...TECHNIQUES]);
    expect(ledger.unowned).toMatchObject({ unaccountedBytes: 0 });
  });

  test('that is unknown is refused in words on every route that takes one', async () => {
    const server = await startServer();
    const { body: document } = await request(server, 'GET', '/docs/api/openapi.json');
    const routes = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path.replace('{id}', 'nope')] as const),
    );
    const ofRuns = routes.filter(([, path]) => path.startsWith('/runs/'));
    expect(ofRuns).toHaveLength(6);
    for (const [method, path] of ofRuns) {
      const { status, body } = await request(server, method, path.replace('{technique}', 'sse'));
      expect(status, `${method} ${path}`).toBe(404);
      expect(body, `${method} ${path}`).toMatchObject({
        error: 'unknown-run',
        message: expect.stringContaining('"nope"'),
      });
    }
    const control = rawConnection(server.port, upgrade('/control?run=nope'));
    const answer = readAnswer(await control.until((bytes) => readAnswer(bytes)?.complete === true));
    expect(answer?.status).toBe(404);
    expect(JSON.parse(answer?.body.toString() ?? '').message).toContain('"nope"');
  });

  test('tells on its wire route which lanes it has', async () => {
    const server = await startServer();
    const run = await server.run({ techniques: ['sse', 'polling'] }, false);
    for (const technique of ['websocket', 'carrier-pigeon']) {
      const { status, body } = await request(server, 'GET', `/runs/${run.id}/wire/${technique}`);
      expect(status).toBe(404);
      expect(body.message).toMatch(new RegExp(`"${technique}".*sse, polling`));
    }
  });

  test.each(ARRIVALS)('with the same seed is the same to the byte, also on a busy machine (%s)', async (arrivals) => {
    const server = await startServer();
    const ids = ['iframe-stream', 'xhr-stream', 'sse', 'websocket'] as const;
    const settings: Partial<RunSettings> = { ...short, techniques: [...ids], arrivals, payloadBytes: 40 };

    async function play(seed: number, busy: boolean) {
      const run = await server.run({ ...settings, seed }, false);
      const connections = ids.map((id) => {
        const path = `/push/${id}?run=${run.id}&after=0`;
        return rawConnection(server.port, id === 'websocket' ? upgrade(path) : get(path));
      });
      await arrived(server.port, run.id, ids);
      const { body } = await request(server, 'POST', `/runs/${run.id}/start`);
      if (busy) {
        await connections[0]?.until((bytes) => bytes.includes('"seq":1,'));
        // The server stands in this process: from here to behind the run's end it cannot do anything.
        while (performance.timeOrigin + performance.now() < body.startsAt + 1200);
      }
      const received = await Promise.all(
        connections.map((connection, n) => {
          const end = ids[n] === 'websocket' ? '\x88\x0a\x03\xe8finished' : '0\r\n\r\n';
          return connection.until((bytes) => bytes.toString('latin1').endsWith(end));
        }),
      );
      const { lanes } = await server.ledger(run.id);
      return {
        events: received.map((bytes) => {
          const found = bytes.toString('latin1').matchAll(/\{"seq":\d+,"sentAt":[\d.]+,"data":"[a-z0-9]*"\}/g);
          return [...found].map(([json]) => JSON.parse(json) as PushEvent).map(({ seq, data }) => `${seq} ${data}`);
        }),
        bytes: received.map((bytes) => bytes.length),
        counted: ids.map((id) => [lanes[id]?.wireBytesUp, lanes[id]?.wireBytesDown, lanes[id]?.bytes]),
      };
    }

    const [first, other] = await Promise.all([play(1, false), play(2, false)]);
    expect(first.events[0]?.length).toBeGreaterThan(8);
    for (const events of first.events) expect(events).toEqual(first.events[0]);
    expect(first.bytes).toEqual(first.counted.map(([, down]) => down));
    expect(other.events).not.toEqual(first.events);
    expect(await play(1, true)).toEqual(first);
  });
});

describe('the control socket', () => {
  test('answers a ping with its id and the clock', async () => {
    const server = await startServer();
    const control = await openControl(server.port);
    const before = performance.timeOrigin + performance.now();
    for (const id of [7, 8, 9]) control.send({ type: 'ping', id });
    await control.until(() => control.told('pong').length === 3);
    const pongs = control.told('pong');
    expect(pongs.map(({ id }) => id)).toEqual([7, 8, 9]);
    expect(pongs[0]?.at).toBeGreaterThanOrEqual(before);
    expect(pongs[0]?.at).toBeLessThanOrEqual(pongs[2]?.at ?? 0);
  });

  test('starts and stops its run, and tells everybody who watches it', async () => {
    const server = await startServer();
    const run = await server.run({ ...short, durationSeconds: 600 }, false);
    const control = await openControl(server.port, run.id);
    const watcher = await openControl(server.port, run.id);
    const states = (client: typeof control) => client.told('run').map(({ run: { state } }) => state);
    control.send({ type: 'start' });
    await watcher.until(() => states(watcher).includes('running'));
    expect(await server.info(run.id)).toMatchObject({ state: 'running' });

    watcher.send({ type: 'start' });
    await watcher.until(() => watcher.told('error').length === 1);
    expect(watcher.told('error')[0]).toMatchObject({
      error: 'already-started',
      message: expect.stringContaining(run.id),
    });

    watcher.send({ type: 'stop' });
    await control.until(() => states(control).includes('finished'));
    expect(states(control)).toEqual(['ready', 'running', 'finished']);
    expect(control.told('run').at(-1)?.run).toEqual(await server.info(run.id));
    expect(control.told('error')).toEqual([]);
  });

  test('tells the ledger again and again while the run goes on, with what the lanes carried meanwhile', async () => {
    const server = await startServer();
    const run = await server.run({ ...short, techniques: ['sse'], durationSeconds: 600 });
    const control = await openControl(server.port, run.id);
    rawConnection(server.port, get(`/push/sse?run=${run.id}`));
    const carried = () => control.told('ledger').map(({ ledger }) => ledger.lanes.sse?.eventsSent ?? 0);
    await control.until(() => new Set(carried()).size >= 4);
    expect(carried()).toEqual([...carried()].sort((a, b) => a - b));
    const times = control.told('ledger').map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(control.told('ledger')[0]?.ledger).toMatchObject({ run: run.id, state: 'running' });
  });

  test('tells the ledger of a finished run at once, and a few times more for what closes late', async () => {
    const server = await startServer();
    const run = await server.run(short, false);
    await request(server, 'DELETE', `/runs/${run.id}`);
    const control = await openControl(server.port, run.id);
    await control.until(() => control.told('ledger').length >= 3);
    expect(control.told('ledger')[0]?.ledger).toMatchObject({ run: run.id, state: 'finished' });
    expect(control.told('run').map(({ run: { state } }) => state)).toEqual(['finished']);
  });

  test.each([
    ['no JSON', 'hello'],
    ['JSON, but no message', '7'],
    ['null', 'null'],
    ['an unknown type', '{"type":"dance"}'],
    ['a ping without an id', '{"type":"ping"}'],
    ['a ping with a text for an id', '{"type":"ping","id":"1"}'],
    ['bytes', new Uint8Array([0, 255, 1])],
  ])('answers %s with what it got and what it takes, and stays open', async (_, message) => {
    const server = await startServer();
    const control = await openControl(server.port);
    control.sendRaw(message);
    control.send({ type: 'ping', id: 1 });
    await control.until(() => control.told('pong').length === 1);
    const [error] = control.told('error');
    expect(error?.error).toBe('bad-message');
    for (const takes of ['Got ', '"ping"', '"start"', '"stop"']) expect(error?.message).toContain(takes);
  });

  test('refuses to stop the open feed, in words', async () => {
    const server = await startServer();
    const control = await openControl(server.port);
    control.send({ type: 'stop' });
    await control.until(() => control.told('error').length === 1);
    expect(control.told('error')[0]).toMatchObject({ error: 'open-feed' });
    expect((await server.info('open')).state).toBe('running');
  });

  test('is closed with 1009 by a message that is too large, and the server lives on', async () => {
    const server = await startServer();
    const control = await openControl(server.port);
    control.send({ type: 'ping', id: 1, pad: 'x'.repeat(15 * 1024) });
    await control.until(() => control.told('pong').length === 1);
    control.send({ type: 'ping', id: 2, pad: 'x'.repeat(17 * 1024) });
    expect(await control.closed).toBe(1009);
    expect((await request(server, 'GET', '/healthz')).status).toBe(200);
  });

  test('is counted in control, and in no lane', async () => {
    const server = await startServer();
    const run = await server.run(short, false);
    const control = await openControl(server.port, run.id);
    for (let id = 1; id <= 8; id += 1) control.send({ type: 'ping', id });
    await control.until(() => control.told('pong').length === 8);
    const ledger = await server.ledger(run.id);
    expect(ledger.control).toMatchObject({ requests: 1, responses: 1, connectionsOpened: 1, eventsSent: 0 });
    // Each ping: two bytes of frame head, four of mask, 22 of text.
    expect(ledger.control.bytes.up).toMatchObject({ framing: 8 * 6, body: 8 * '{"type":"ping","id":1}'.length });
    expect(ledger.control.wireBytesDown).toBeGreaterThan(8 * '{"type":"pong","id":1,"at":1}'.length);
    for (const lane of Object.values(ledger.lanes)) {
      expect(lane).toMatchObject({ requests: 0, wireBytesUp: 0, wireBytesDown: 0, connectionsOpened: 0 });
    }
    const open = await server.ledger('open');
    expect(open.control).toMatchObject({ requests: 0, wireBytesUp: 0 });
    for (const lane of Object.values(open.lanes)) expect(lane).toMatchObject({ requests: 0, wireBytesUp: 0 });
  });
});

describe('the server itself', () => {
  test('says that it is listening', async () => {
    const server = await startServer();
    expect(await request(server, 'GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  test('says what there is, to whoever asks for what there is not', async () => {
    const server = await startServer();
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['PUT', '/runs'],
      ['POST', '/push/websocket'],
      ['GET', '/push/carrier-pigeon'],
    ] as const) {
      const { status, body } = await request(server, method, path);
      expect(status, path).toBe(404);
      expect(body.message).toContain(`${method} "${path}"`);
      expect(body.message).toContain('websocket');
    }
    const badUrl = rawConnection(server.port, get('/runs/%zz'));
    const answer = readAnswer(await badUrl.until((bytes) => readAnswer(bytes)?.complete === true));
    expect(answer?.status).toBe(400);
    expect(JSON.parse(answer?.body.toString() ?? '')).toEqual({
      error: 'bad-request',
      message: expect.stringContaining('%zz'),
    });
  });

  // Node knows since 22.21 that an offer may be passed over.
  const canPassOver = 'shouldUpgradeCallback' in createServer();
  test.runIf(canPassOver)('passes over an offer to speak something else than HTTP/1.1 or WebSocket', async () => {
    const server = await startServer();
    const offer = get('/healthz', {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABk',
    });
    const connection = rawConnection(server.port, offer);
    const answer = readAnswer(await connection.until((bytes) => readAnswer(bytes)?.complete === true));
    expect(answer).toMatchObject({ version: '1.1', status: 200 });
  });

  test('refuses a page of another origin whatever changes something', async () => {
    const server = await startServer();
    const { id } = await server.run(short, false);
    const headers = { origin: 'https://evil.example' };
    for (const [method, path] of [
      ['POST', '/runs'],
      ['POST', `/runs/${id}/start`],
      ['DELETE', `/runs/${id}`],
    ] as const) {
      const { status, body } = await request(server, method, path, { headers });
      expect(status).toBe(403);
      expect(body.message).toContain('evil.example');
    }
    expect((await server.info(id)).state).toBe('ready');
    const own = await request(server, 'DELETE', `/runs/${id}`, { headers: { origin: server.url } });
    expect(own.status).toBe(200);
  });
});

describe('the API document', () => {
  interface Operation {
    summary?: string;
    tags?: string[];
    parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
    requestBody?: { content: Record<string, { schema: unknown }> };
    responses: Record<string, { description?: string; content?: Record<string, { schema: unknown }> }>;
  }

  const routes = [
    ...TECHNIQUES.map((id) => `get /push/${id}`),
    'post /runs',
    'post /runs/{id}/start',
    'get /runs/{id}',
    'get /runs/{id}/ledger',
    'get /runs/{id}/wire/{technique}',
    'delete /runs/{id}',
    'get /control',
    'get /healthz',
  ];

  async function operations(): Promise<{ name: string; operation: Operation }[]> {
    const server = await startServer();
    const { body } = await request(server, 'GET', '/docs/api/openapi.json');
    expect(body.openapi).toMatch(/^3\.\d+\.\d+$/);
    expect(body.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    return Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
  }

  test('lists every route of the design, and what it lists is there', async () => {
    const server = await startServer();
    const listed = (await operations()).map(({ name }) => name);
    expect(listed).toEqual(expect.arrayContaining(routes));
    for (const name of listed) {
      const [method = '', path = ''] = name.split(' ');
      const asked = rawConnection(server.port, get(path.replaceAll(/[{}]/g, '')).replace('GET', method.toUpperCase()));
      // A stream is there by its head; only what refuses is read to its end.
      await asked.until((bytes) => {
        const answer = readAnswer(bytes);
        return answer !== undefined && (answer.status !== 404 || answer.complete);
      });
      expect(asked.received().toString('latin1'), name).not.toContain('unknown-path');
      asked.destroy();
    }
  });

  test('has for every route a summary, a tag, its parameters, and answers with descriptions', async () => {
    for (const { name, operation } of await operations()) {
      expect(operation.summary, name).toBeTruthy();
      expect(operation.tags, name).toHaveLength(1);
      const parameters = operation.parameters ?? [];
      expect(new Set(parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size, name).toBe(
        parameters.length,
      );
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      expect(
        parameters
          .filter((p) => p.in === 'path')
          .map((p) => p.name)
          .sort(),
        name,
      ).toEqual(inPath.sort());
      for (const parameter of parameters) {
        expect(['path', 'query', 'header'], name).toContain(parameter.in);
        if (parameter.in === 'path') expect(parameter.required, name).toBe(true);
        checkSchema(parameter.schema, name);
      }
      expect(Object.keys(operation.responses).length, name).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status, name).toMatch(/^[1-5]\d\d$/);
        expect(response.description, `${name} ${status}`).toBeTruthy();
        for (const { schema } of Object.values(response.content ?? {})) checkSchema(schema, `${name} ${status}`);
      }
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) checkSchema(schema, name);
    }
  });

  test('names every setting with its range', async () => {
    const found = (await operations()).find(({ name }) => name === 'post /runs');
    const schema = found?.operation.requestBody?.content['application/json']?.schema as { properties: object };
    expect(schema.properties).toMatchObject({
      techniques: { items: { enum: [...TECHNIQUES] }, default: [...LADDER] },
      arrivals: { enum: ['steady', 'poisson', 'burst'], default: 'steady' },
      eventsPerSecond: { minimum: 0.1, maximum: 100, default: 2 },
      payloadBytes: { minimum: 1, maximum: 16384, default: 64 },
      durationSeconds: { minimum: 1, maximum: 900, default: 20 },
      pollIntervalMs: { minimum: 50, maximum: 60000, default: 1000 },
      longPollTimeoutMs: { minimum: 100, maximum: 60000, default: 25000 },
      seed: { minimum: 0, maximum: 4294967295 },
    });
  });

  /** What every schema object of OpenAPI 3.0 has to keep: known types, items in arrays, required ones that exist. */
  function checkSchema(schema: unknown, where: string): void {
    const { type, items, properties, required, enum: values } = schema as Record<string, unknown>;
    const types = ['string', 'number', 'integer', 'boolean', 'array', 'object'];
    if (type !== undefined) expect(types, where).toContain(type);
    if (type === 'array') checkSchema(items, where);
    if (values !== undefined) expect(values, where).toBeInstanceOf(Array);
    for (const [name, property] of Object.entries((properties ?? {}) as object))
      checkSchema(property, `${where} ${name}`);
    for (const name of (required ?? []) as string[]) expect(properties, where).toHaveProperty(name);
  }
});
