/** The figures that lessons take from recorded runs: whoever records anew is told which sentence no longer holds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LaneLedger, TechniqueId } from '../../demo-server/protocol.ts';

const content = join(import.meta.dirname, '../../content');

/** What the sockets carried in the recorded run of a technique, as `node tests/record.ts` keeps it. */
function ledger(id: TechniqueId): LaneLedger {
  return JSON.parse(readFileSync(join(content, 'recorded', `${id}.json`), 'utf8')).run.ledger;
}

const [http10, kept, polling, held, xhr, sse] = (
  ['http10', 'keep-alive', 'polling', 'long-poll', 'xhr-stream', 'sse'] as const
).map(ledger) as [LaneLedger, LaneLedger, LaneLedger, LaneLedger, LaneLedger, LaneLedger];

/** Bytes of heads for each exchange, as prose rounds them. */
const up = ({ bytes, requests }: LaneLedger): number => Math.round(bytes.up.head / requests);
const down = ({ bytes, responses }: LaneLedger): number => Math.round(bytes.down.head / responses);
const pair = Math.round((polling.bytes.up.head + polling.bytes.down.head) / polling.requests);
const grouped = new Intl.NumberFormat('en').format;
/** A row of the table of intervals: questions in an hour, and what their heads weigh. */
const row = (interval: string, questions: number, unit: 'MB' | 'kB'): string => {
  const bytes = questions * pair;
  const heads = unit === 'MB' ? (bytes / 1e6).toFixed(1) : (bytes / 1e3).toFixed(0);
  return `| ${interval} | ${grouped(questions)} | ${heads} ${unit} |`;
};

test.each([
  ['start.mdx', `each request head took ${up(http10)} bytes`],
  ['lessons/02-keep-alive.mdx', `an answer's head took ${down(kept)} bytes instead of ${down(http10)}`],
  ['lessons/03-polling.mdx', `${pair} bytes for a question and its answer`],
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

test('no poll of the recorded run opened a connection', () => {
  expect(held.connectionsOpened).toBe(0);
});
