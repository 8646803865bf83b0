/** A run written down and read again is the same run; whatever else is read is refused in words, and nothing breaks. */
import { describe, expect, test } from 'vitest';
import en from '../../content/i18n/en.json' with { type: 'json' };
import { Clock } from '../../demo-server/measure/clock.ts';
import { now } from '../../demo-server/measure/lane.ts';
import { GROUPS, summaryOf } from '../../demo-server/measure/measures.ts';
import { fileLedger, fileSample, newRecording, type Recording } from '../../demo-server/measure/recording.ts';
import {
  documentOf,
  type Made,
  type RunDocument,
  recordingOf,
  SCHEMA,
} from '../../demo-server/measure/run-document.ts';
import schema from '../../demo-server/measure/run-schema.json' with { type: 'json' };
import { TECHNIQUES, type TechniqueId } from '../../demo-server/protocol.ts';
import { formatter } from '../../site/kit/format.ts';
import { readDocument } from '../../site/lab/kept/run-reading.ts';
import { notesOf } from '../../site/lab/tables/notes.ts';
import { toTsv, written } from '../../site/lab/tables/table.ts';
import { techniques } from '../../site/techniques/index.ts';
import { startServer } from '../helpers/server.ts';

const names = Object.fromEntries(TECHNIQUES.map((id) => [id, id])) as Record<TechniqueId, string>;
const format = formatter('en');
const made: Made = {
  at: new Date().toISOString(),
  client: 'node',
  agent: `Node ${process.versions.node}`,
  system: process.platform,
  server: 'http://127.0.0.1',
  pushlab: '0.1.0',
};

/** A real run of the techniques that Node can run, from a real server. */
async function realRun(): Promise<Recording> {
  const server = await startServer();
  const lanes: TechniqueId[] = ['polling', 'long-poll', 'fetch-stream'];
  const { id, settings } = await server.run(
    { techniques: lanes, eventsPerSecond: 20, durationSeconds: 1, pollIntervalMs: 100, seed: 5 },
    false,
  );
  const clock = new Clock();
  await clock.sync(async () => ({ sent: now(), at: now() + 0.123, received: now() }));
  const recording = newRecording(lanes, clock);
  recording.info = await server.info(id);
  const receiving = lanes.map(async (technique) => {
    const lane = recording.lanes.get(technique);
    const receive = techniques.find((one) => one.id === technique)?.receive;
    if (!lane || !receive) throw new Error(`no lane ${technique}`);
    await receive({
      server: server.url,
      run: id,
      pollIntervalMs: settings.pollIntervalMs,
      signal: new AbortController().signal,
      sample: (sample) => fileSample(recording, lane, sample),
    });
    lane.done = true;
  });
  await fetch(`${server.url}/runs/${id}/start`, { method: 'POST' });
  recording.info = await server.info(id);
  recording.zero = clock.toPage(recording.info.startsAt ?? Number.NaN);
  fileLedger(recording, await server.ledger(id), now());
  await Promise.all(receiving);
  recording.over = now();
  recording.info = await server.info(id);
  fileLedger(recording, await server.ledger(id), now());
  return recording;
}

/** Every cell of the table as the page writes it. */
const cells = (recording: Recording): string[] =>
  GROUPS.flatMap(({ measures }) =>
    measures.flatMap((measure) =>
      [...recording.lanes.values()].map((lane) =>
        written(measure, measure.value(lane, summaryOf(lane, recording), recording), format),
      ),
    ),
  );

const read = (document: unknown): RunDocument => {
  const result = readDocument(JSON.stringify(document));
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.document;
};

describe('a real run', () => {
  test('comes back with the same table, the same notes, and every time and figure as it was', async () => {
    const recording = await realRun();
    recording.conditions.hidden.push({ from: recording.zero + 10.5, to: recording.zero + 20.25 });
    const polling = recording.lanes.get('polling');
    if (polling) Object.assign(polling, { resets: 2, troubles: { silent: 1 }, cutOff: true });
    recording.conditions.eventLoopDelayMs = 1234.5;
    if (recording.info) recording.info.lastSeq += 3;
    const document = documentOf(recording, made, 'mine');
    const again = recordingOf(read(document));

    expect(cells(again)).toEqual(cells(recording));
    expect(toTsv(again, en, names)).toBe(toTsv(recording, en, names));
    const notes = notesOf(recording, en, format, names);
    expect(notesOf(again, en, format, names)).toEqual(notes);
    expect(notes.map(({ text }) => text).join(' ')).toMatch(/wait for 1,235\sms.* 3 events had not come by then/);
    for (const [id, lane] of recording.lanes) {
      const other = again.lanes.get(id);
      expect(lane.events.length).toBeGreaterThan(10);
      for (const column of ['at', 'latency', 'seq', 'request'] as const) {
        expect(other?.events[column].slice(0, other.events.length), `${id} ${column}`).toEqual(
          lane.events[column].slice(0, lane.events.length),
        );
      }
      for (const column of ['start', 'end', 'ok'] as const) {
        expect(other?.requests[column].slice(0, other.requests.length), `${id} ${column}`).toEqual(
          lane.requests[column].slice(0, lane.requests.length),
        );
      }
      expect(other?.series.length).toBe(lane.series.length);
    }
    expect(documentOf(again, made, 'mine')).toEqual(document);
  });

  test('says on its latencies that its server was busy, where it was late by more than a tenth of a second', async () => {
    const recording = await realRun();
    const { process } = recording.ledger ?? {};
    if (!process) throw new Error('the ledger tells nothing of its process');
    const told = (late: number) => {
      process.eventLoopDelayMs = late;
      return notesOf(recording, en, format, names).filter(({ text }) => text.includes('processor was busy'));
    };
    expect(told(99)).toEqual([]);
    expect(told(410)).toMatchObject([{ tone: 'warn', on: 'latency', text: expect.stringContaining('410\u00a0ms') }]);
  });

  test('is refused where a single field of it is missing, and what was there and what is taken is said', async () => {
    const document = documentOf(await realRun(), made);
    const required = [...paths(document)].filter((path) => isRequired(path));
    expect(required.length).toBeGreaterThan(60);
    for (const path of required) {
      const broken = structuredClone(document);
      remove(broken, path);
      const result = readDocument(JSON.stringify(broken));
      expect('faults' in result, path.join('.')).toBe(true);
    }
    const wrong = structuredClone(document) as unknown as { lanes: { events: { at: unknown[] } }[] };
    (wrong.lanes[1] as { events: { at: unknown[] } }).events.at[3] = 'soon';
    expect(readDocument(JSON.stringify(wrong))).toEqual({
      faults: [{ kind: 'field', path: 'lanes[1].events.at[3]', got: 'soon', takes: 'number' }],
    });
  });

  test('takes columns of one length and times in order only, and settings in their ranges', async () => {
    const document = documentOf(await realRun(), made);
    const spoilt = (spoil: (copy: RunDocument) => void): string[] => {
      const copy = structuredClone(document);
      spoil(copy);
      const result = readDocument(JSON.stringify(copy));
      return 'faults' in result ? result.faults.map(({ path }) => path) : [];
    };
    const [lane] = document.lanes;
    if (!lane) throw new Error('no lane');
    expect(spoilt(({ lanes }) => lanes[0]?.events.seq.pop())).toEqual(['lanes[0].events.seq']);
    expect(spoilt(({ lanes }) => lanes[0]?.requests.ok.push(1))).toEqual(['lanes[0].requests.ok']);
    expect(spoilt(({ lanes }) => lanes[0]?.events.at.reverse())[0]).toMatch(/^lanes\[0\]\.events\.at\[\d+\]$/);
    expect(spoilt(({ lanes }) => lanes.push(structuredClone(lane)))).toEqual(['lanes']);
    expect(spoilt(({ lanes }) => lanes[0]?.events.request.fill(9999))).toEqual(['lanes[0].events.request[0]']);
    expect(
      spoilt(({ run }) => {
        run.settings.durationSeconds = 1e9;
      }),
    ).toEqual(['run.settings.durationSeconds']);
    expect(
      spoilt(({ measured }) => {
        measured.zero = null;
      }),
    ).toEqual(['measured.zero']);
  });
});

describe('what is no run of this version', () => {
  test.each([
    ['', 'json'],
    ['{', 'json'],
    ['[', 'json'],
    ['null', 'other'],
    ['7', 'other'],
    ['[]', 'other'],
    ['{}', 'other'],
    ['{"schema":"geo/1"}', 'other'],
    ['{"schema":"pushlab-run/2"}', 'newer'],
    [`{"schema":"${SCHEMA}"}`, 'field'],
    [`{"schema":"${SCHEMA}","lanes":{"length":4}}`, 'field'],
    [`{"schema":"${SCHEMA}","__proto__":{"made":1}}`, 'field'],
    ['['.repeat(100_000), 'json'],
  ])('%.60s is refused as "%s"', (text, kind) => {
    const result = readDocument(text);
    expect('faults' in result && result.faults.every((fault) => fault.kind === kind)).toBe(true);
    expect(en).toHaveProperty([`runs.fault.${kind}`]);
  });

  test('a run that lacks settings of a later day has them off', async () => {
    const document = documentOf(await realRun(), made);
    const { techniques: lanes, arrivals, eventsPerSecond, payloadBytes, durationSeconds, seed } = document.run.settings;
    const old = { techniques: lanes, arrivals, eventsPerSecond, payloadBytes, durationSeconds, seed };
    const full = { ...old, pollIntervalMs: 100, longPollTimeoutMs: 25000 };
    const read = readDocument(JSON.stringify({ ...document, run: { ...document.run, settings: full } }));
    expect('document' in read && read.document.run.settings).toEqual(document.run.settings);
  });
});

test('a run from before anybody looked how late its page was opens, and says nothing of it', async () => {
  const document = documentOf(await realRun(), made);
  delete document.measured.eventLoopDelayMs;
  for (const lane of document.lanes) delete lane.cutOff;
  const again = recordingOf(read(document));
  expect(again.conditions.eventLoopDelayMs).toBeNull();
  expect([...again.lanes.values()].map(({ cutOff }) => cutOff)).toEqual(document.lanes.map(() => false));
  expect(notesOf(again, en, format, names).filter(({ text }) => /page itself|had not come by then/.test(text))).toEqual(
    [],
  );
});

test('the schema names the techniques that there are', () => {
  const { items } = schema.properties.lanes;
  expect(items.properties.technique.enum).toEqual([...TECHNIQUES]);
  expect(schema.properties.run.properties.settings.properties.techniques.items.enum).toEqual([...TECHNIQUES]);
});

test('a long run stays small: under 40 bytes an event, in columns of numbers', () => {
  const recording = newRecording(['sse'], new Clock(0.005, true));
  recording.info = { id: 'r', state: 'finished', settings: {}, startsAt: 0, lastSeq: 90_000 } as never;
  recording.zero = 1.79e12;
  const [lane] = recording.lanes.values();
  if (!lane) throw new Error('no lane');
  lane.requests.begin(recording.zero - 20);
  for (let seq = 1; seq <= 90_000; seq++) {
    lane.events.push(recording.zero + seq * 10.0371, 0.4 + Math.abs(Math.sin(seq)), seq, 1);
  }
  recording.over = recording.zero + 900_100;
  expect(JSON.stringify(documentOf(recording, made)).length / 90_000).toBeLessThan(40);
});

/** Every path to a field of a value, the first entry of lists only. */
function* paths(value: unknown, at: string[] = []): Generator<string[]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Array.isArray(value) ? Object.entries(value.slice(0, 1)) : Object.entries(value)) {
    if (!Array.isArray(value)) yield [...at, name];
    yield* paths(one, [...at, name]);
  }
}

type Node = {
  required?: string[];
  properties?: Record<string, Node>;
  items?: Node;
  $ref?: string;
  additionalProperties?: Node;
};

/** Whether the schema calls for the field at this path. */
function isRequired(path: string[]): boolean {
  let node: Node | undefined = schema as Node;
  let required = false;
  for (const name of path) {
    if (node?.$ref) node = schema.$defs.account as Node;
    required = node?.required?.includes(name) ?? false;
    node = node?.items ?? node?.properties?.[name] ?? node?.additionalProperties;
  }
  return required;
}

function remove(value: unknown, path: string[]): void {
  const last = path.at(-1) ?? '';
  let node = value as Record<string, unknown>;
  for (const name of path.slice(0, -1)) node = node[name] as Record<string, unknown>;
  delete node[last];
}
