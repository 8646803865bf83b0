/** The figures that lessons take from recorded runs: whoever records anew is told which sentence no longer holds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { LaneLedger, TechniqueId } from '../../demo-server/protocol.ts';

const content = join(import.meta.dirname, '../../content');

/** What the sockets carried in the recorded run of a technique, as `node tests/tools/record.ts` keeps it. */
function ledger(id: TechniqueId): LaneLedger {
  return JSON.parse(readFileSync(join(content, 'recorded', `${id}.json`), 'utf8')).run.ledger;
}

const [http10, kept, polling, held, frame, xhr, sse] = (
  ['http10', 'keep-alive', 'polling', 'long-poll', 'iframe-stream', 'xhr-stream', 'sse'] as const
).map(ledger) as [LaneLedger, LaneLedger, LaneLedger, LaneLedger, LaneLedger, LaneLedger, LaneLedger];

const wire = ({ wireBytesUp, wireBytesDown }: LaneLedger): number => wireBytesUp + wireBytesDown;
const kB = (bytes: number): string => (bytes / 1000).toFixed(1);
/** Bytes of all bodies that the server sent. */
const bodyOf = ({ bytes: { down } }: LaneLedger): number => down.envelope + down.payload + down.redundantPayload;
/** The median latency of a recorded run, in ms. */
const median = (id: string): number =>
  Math.round(JSON.parse(readFileSync(join(content, 'recorded', `${id}.json`), 'utf8')).run.figures.latencyP50);
/** The Content-Length of most answers of a recorded run: those that have all 20 events. */
function fullAnswer(id: string): string | undefined {
  const { exchanges } = JSON.parse(readFileSync(join(content, 'recorded', `${id}.json`), 'utf8')).transcript;
  const heads: string[] = exchanges.flatMap(
    ({ segments }: { segments: { direction: string; kind: string; bytes: string }[] }) =>
      segments
        .filter(({ direction, kind }) => direction === 'down' && kind === 'head')
        .map(({ bytes }) => Buffer.from(bytes, 'base64').toString('latin1')),
  );
  return heads.map((head) => /content-length: (\d+)/i.exec(head)?.[1]).at(-2);
}

/** Bytes of heads for each exchange, as prose rounds them. */
const up = ({ bytes, requests }: LaneLedger): number => Math.round(bytes.up.head / requests);
const down = ({ bytes, responses }: LaneLedger): number => Math.round(bytes.down.head / responses);
const pair = Math.round((polling.bytes.up.head + polling.bytes.down.head) / polling.requests);
const grouped = new Intl.NumberFormat('en').format;
/** A row of the table of intervals: requests in an hour, and what their heads weigh. */
const row = (interval: string, requests: number, unit: 'MB' | 'kB'): string => {
  const bytes = requests * pair;
  const heads = unit === 'MB' ? (bytes / 1e6).toFixed(1) : (bytes / 1e3).toFixed(0);
  return `| ${interval} | ${grouped(requests)} | ${heads} ${unit} |`;
};

test.each([
  ['start.mdx', `(request line, headers and blank line) took ${up(http10)} bytes`],
  ['lessons/01-http10.mdx', `The 40 events are about ${kB(http10.bytes.down.payload)} kB`],
  [
    'lessons/01-http10.mdx',
    `${Math.round((100 * http10.bytes.down.redundantPayload) / bodyOf(http10))} % of the body's bytes`,
  ],
  ['lessons/02-keep-alive.mdx', `each of its ${http10.requests} requests`],
  ['lessons/02-keep-alive.mdx', `choices={[0, 11, ${kept.connectionsReused}]}`],
  ['lessons/02-keep-alive.mdx', `200, Content-Length: ${fullAnswer('keep-alive')}`],
  ['lessons/02-keep-alive.mdx', `carried about ${Math.round(wire(http10) / 1000)} kB`],
  [
    'lessons/03-polling.mdx',
    `about ${Math.round(wire(http10) / 1000)} kB crossed the wire for ${kB(http10.bytes.down.payload)} kB of events`,
  ],
  [
    'lessons/03-polling.mdx',
    `${['http10', 'keep-alive', 'polling']
      .map(median)
      .join(', ')
      .replace(/, (?=[^,]*$)/, ' and ')} ms in the recorded runs`,
  ],
  [
    'lessons/04-long-poll.mdx',
    `${Math.round((held.bytes.up.head + held.bytes.down.head) / held.requests)} bytes for an event of ${Math.round(held.bytes.down.payload / held.eventsSent)}`,
  ],
  ['lessons/06-xhr-stream.mdx', `${xhr.bytes.down.framing} bytes to ${xhr.bytes.down.envelope}`],
  ['measuring.mdx', `${up(frame)} bytes instead of ${up(http10)} to ${up(xhr)} for a script's request`],
  ['lessons/02-keep-alive.mdx', `a response's head took ${down(kept)} bytes instead of ${down(http10)}`],
  ['lessons/03-polling.mdx', `${pair} bytes for a request and its response`],
  ['lessons/03-polling.mdx', row('250 ms', 14_400, 'MB')],
  ['lessons/03-polling.mdx', row('1 s', 3600, 'MB')],
  ['lessons/03-polling.mdx', row('10 s', 360, 'kB')],
  ['lessons/03-polling.mdx', row('60 s', 60, 'kB')],
  ['lessons/09-fetch-stream.mdx', `took ${grouped(xhr.wireBytesUp + xhr.wireBytesDown)} bytes on the wire`],
  [
    'misconceptions.mdx',
    `${sse.bytes.down.envelope} bytes of envelope and ${sse.bytes.down.framing} of framing in all`,
  ],
  ['misconceptions.mdx', `In a recorded run of ${held.requests} polls none opened a connection of its own`],
])('%s: “%s”', (file, sentence) => {
  const prose = readFileSync(join(content, 'docs', file), 'utf8').replace(/\s+/g, ' ');
  expect(prose).toContain(sentence.replace(/\s+/g, ' '));
});

test('measuring.mdx: the bytes of an event in a saved run, and what gzip leaves', () => {
  const name = 'xhr-stream+sse+fetch-stream.eventsPerSecond=50.durationSeconds=10.json';
  const text = readFileSync(join(content, 'recorded/runs', name));
  const { run, lanes } = JSON.parse(text.toString());
  const prose = readFileSync(join(content, 'docs/measuring.mdx'), 'utf8').replace(/\s+/g, ' ');
  const each = Math.round(text.length / (run.lastSeq * lanes.length));
  expect(prose).toContain(`an event took ${each} bytes in each lane`);
  expect(Math.round(text.length / gzipSync(text).length)).toBe(3);
});

test('no poll of the recorded run opened a connection', () => {
  expect(held.connectionsOpened).toBe(0);
});
