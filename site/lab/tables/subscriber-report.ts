/** The simulated subscribers of a run on its page: how many joined, what they received and when, and which limit they met. */

import type { Measure, MeasureKind } from '../../../demo-server/measure/measures.ts';
import type { Recording } from '../../../demo-server/measure/recording.ts';
import { bytesPerEvent } from '../../../demo-server/measure/statistics.ts';
import type { SubscriberLane, SubscriberLimit, TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { type Note, showNotes } from './notes.ts';
import { Table } from './table.ts';

const measure = (
  key: string,
  kind: MeasureKind,
  pick: (lane: SubscriberLane) => number | null | undefined,
): Measure => ({
  key,
  kind,
  value({ technique }, _, { ledger }) {
    const lane = ledger?.subscribers?.lanes[technique];
    return lane ? (pick(lane) ?? null) : null;
  },
});

/** The rows of their table; its words are under `lab.measure.<key>`, as for the lanes. */
const ROWS: { key: string; measures: Measure[] }[] = [
  {
    key: 'subscribers',
    measures: [
      measure('takingPart', 'count', (lane) => lane.connected),
      measure('gaveUp', 'count', (lane) => lane.failed),
      measure('received', 'count', (lane) => lane.received),
      measure('lost', 'count', (lane) => lane.lost),
      measure('p50', 'ms', (lane) => lane.latency?.p50),
      measure('p95', 'ms', (lane) => lane.latency?.p95),
      measure('max', 'ms', (lane) => lane.latency?.max),
      measure('requests', 'count', ({ ledger }) => ledger.requests),
      measure('openConnections', 'count', ({ ledger }) => ledger.openConnections),
      measure('wireBytesUp', 'bytes', ({ ledger }) => ledger.wireBytesUp),
      measure('toClients', 'bytes', ({ ledger }) => ledger.wireBytesDown),
      measure('bytesPerEvent', 'bytesEach', ({ ledger }) => bytesPerEvent(ledger)),
    ],
  },
];

export class SubscriberReport {
  readonly #root: HTMLElement;
  readonly #words: Words;
  readonly #format: Format;
  readonly #names: Readonly<Record<TechniqueId, string>>;
  #recording: Recording | null = null;
  #table: Table | null = null;

  constructor(root: HTMLElement, words: Words, format: Format, names: Readonly<Record<TechniqueId, string>>) {
    this.#root = root;
    this.#words = words;
    this.#format = format;
    this.#names = names;
  }

  /** Shows another recording in place of the last. */
  show(recording: Recording): void {
    this.#recording = recording;
    this.#table = null;
    this.update();
  }

  /** Brings every figure up to date; stays hidden while the run has no subscribers. */
  update(): void {
    const recording = this.#recording;
    const told = recording?.ledger?.subscribers;
    this.#part('subscribers').hidden = this.#part('jump-subscribers').hidden = !told;
    if (!recording || !told) return;
    const { count, bytes, ms } = this.#format;
    const tell = (name: string, text: string) => setText(this.#part(`subscribers-${name}`), text);
    tell(
      'joined',
      say(this.#words, 'lab.subscribers.of', { admitted: count(told.admitted), wanted: count(told.wanted) }),
    );
    tell('cpu', ms(told.process.cpuMs));
    tell('rss', bytes(told.process.rssBytes));
    tell('late', ms(told.process.eventLoopDelayMs));
    showNotes(
      this.#part('subscriber-limits'),
      told.limits.map((limit) => this.#note(limit, told)),
    );
    const table = this.#part('subscribers').querySelector('table') as HTMLTableElement;
    const [words, format] = [this.#words, this.#format];
    this.#table ??= new Table(table, recording, words, this.#names, techniqueMark, format, ROWS);
    this.#table.updateAll();
  }

  #note({ limit, value, bound, message }: SubscriberLimit, told: { admitted: number; wanted: number }): Note {
    const { count, bytes, ms } = this.#format;
    const write = limit === 'memory' ? bytes : limit === 'cpu' || limit === 'server-cpu' ? ms : count;
    const values = {
      value: write(value),
      bound: write(bound),
      admitted: count(told.admitted),
      wanted: count(told.wanted),
      message,
    };
    return { tone: 'warn', on: 'all', text: say(this.#words, `lab.subscribers.limit.${limit}`, values) };
  }

  #part(name: string): HTMLElement {
    return this.#root.querySelector(`[data-part="${name}"]`) as HTMLElement;
  }
}
