/**
 * What the reader has opened in the timeline: one event as every lane had it, and the bytes of one request.
 */

import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId, WireTranscript } from '../../../demo-server/protocol.ts';
import { type Format, NOTHING } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { type Part, partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { whileVisible } from '../../kit/visible.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { headRow, rowHeading } from '../tables/rows.ts';
import { exchangeOf } from './exchange-of.ts';
import { eventBySeq } from './timeline-pick.ts';

export interface InspectorOptions {
  root: HTMLElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  /** Called when the reader closes the event, so that its mark goes too. */
  closeEvent(): void;
  signal: AbortSignal;
}

/** Fills the shell of Inspector.astro inside its root. Ends with its signal. */
export class Inspector {
  readonly #options: InspectorOptions;
  readonly #part: Part;
  #recording: Recording | null = null;
  #seq = 0;
  /** What the event's table was last built from. */
  #built = '';
  #wanted: { lane: LaneRecord; request: number } | null = null;
  #asking = new AbortController();
  #view: Promise<import('../../wire/wire-view.ts').WireView> | null = null;

  constructor(options: InspectorOptions) {
    this.#options = options;
    const { root, signal, closeEvent } = options;
    this.#part = partsOf(root);
    this.#part('event-close').addEventListener('click', closeEvent, { signal });
    this.#part('bytes-close').addEventListener('click', () => this.#close(), { signal });
    this.#part('inspect-event').addEventListener(
      'click',
      (event) => {
        const { technique, request } = (event.target as Element).closest<HTMLElement>('[data-request]')?.dataset ?? {};
        const lane = this.#recording?.lanes.get(technique as TechniqueId);
        if (lane) void this.openRequest(lane, Number(request));
      },
      { signal },
    );
    // A lane that has not had the event yet may get it while one looks.
    whileVisible(this.#part('inspect-event'), 2, () => this.#fillEvent(), signal);
  }

  /** Shows another recording: what was open belonged to the last. */
  show(recording: Recording): void {
    this.#recording = recording;
    this.#seq = 0;
    this.#part('inspect-event').hidden = true;
    this.#close();
  }

  /** The run is over: what had to wait for that is opened. */
  finish(): void {
    if (this.#wanted) void this.openRequest(this.#wanted.lane, this.#wanted.request);
  }

  /** Shows event `seq` as each lane had it; 0 closes it. */
  showEvent(seq: number): void {
    this.#seq = seq;
    this.#built = '';
    this.#part('inspect-event').hidden = seq === 0;
    this.#fillEvent();
  }

  /** Shows the bytes of a lane's request, by its index. */
  async openRequest(lane: LaneRecord, request: number): Promise<void> {
    const { words, names, format } = this.#options;
    const recording = this.#recording;
    if (!recording) return;
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#wanted = { lane, request };
    const start = lane.requests.start[request] as number;
    this.#part('inspect-bytes').hidden = false;
    this.#part('bytes-view').hidden = true;
    setText(
      this.#part('bytes-title'),
      say(words, 'lab.inspect.request', {
        name: names[lane.technique],
        request: format.count(request + 1),
        at: format.moment(start - recording.zero),
      }),
    );
    // The lanes hold the browser's connections: a request of ours would stand in their way, and in their figures.
    if (Number.isNaN(recording.over)) return this.#tell('later');
    this.#tell('loading');
    try {
      const run = encodeURIComponent(recording.info?.id ?? '');
      const answer = await fetch(`${demoServer()}/runs/${run}/wire/${lane.technique}`, { signal });
      if (!answer.ok) return this.#tell('forgotten');
      const transcript = (await answer.json()) as WireTranscript;
      const offset = recording.clock.current?.offsetMs ?? 0;
      const end = lane.requests.end[request] as number;
      const index = exchangeOf(transcript, start + offset, end + offset);
      if (index < 0) return this.#tell('gone');
      const view = await this.#loadView();
      if (signal.aborted) return;
      setText(this.#part('bytes-status'), '');
      this.#part('bytes-view').hidden = false;
      view.take(transcript, index);
    } catch {
      if (!signal.aborted) this.#tell('offline');
    }
  }

  #loadView(): Promise<import('../../wire/wire-view.ts').WireView> {
    const { words, format, signal } = this.#options;
    this.#view ??= import('../../wire/wire-view.ts').then(({ connectWireView }) =>
      connectWireView(this.#part('bytes-view'), words, format, signal),
    );
    return this.#view;
  }

  #close(): void {
    this.#asking.abort();
    this.#wanted = null;
    this.#part('inspect-bytes').hidden = true;
  }

  #tell(key: string): void {
    setText(this.#part('bytes-status'), say(this.#options.words, `lab.inspect.${key}`));
  }

  #fillEvent(): void {
    const { words, format, names } = this.#options;
    const recording = this.#recording;
    if (!recording || this.#seq === 0) return;
    const lanes = [...recording.lanes.values()];
    const found = lanes.map(({ events }) => eventBySeq(events, this.#seq));
    const built = `${this.#seq} ${found}`;
    if (built === this.#built) return;
    this.#built = built;
    const first = lanes.findIndex((_, index) => (found[index] as number) >= 0);
    const sent = first < 0 ? Number.NaN : sentAt(lanes[first] as LaneRecord, found[first] as number) - recording.zero;
    const told = { seq: format.count(this.#seq), sent: format.moment(sent) };
    setText(this.#part('event-title'), say(words, 'lab.inspect.eventTitle', told));
    const table = this.#part('inspect-event').querySelector('table') as HTMLTableElement;
    const columns = ['lane', 'arrived', 'latency', 'requestColumn', 'bytes'].map((key) =>
      say(words, `lab.inspect.${key}`),
    );
    const body = document.createElement('tbody');
    lanes.forEach(({ technique, events }, index) => {
      const event = found[index] as number;
      const row = body.insertRow();
      row.append(rowHeading(techniqueMark(technique), names[technique]));
      const texts =
        event < 0
          ? [NOTHING, NOTHING, NOTHING]
          : [
              format.moment((events.at[event] as number) - recording.zero),
              format.ms(events.latency[event] as number),
              format.count(events.request[event] as number),
            ];
      for (const text of texts) row.insertCell().textContent = text;
      const last = row.insertCell();
      if (event < 0) return;
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      Object.assign(button.dataset, { technique, request: String((events.request[event] as number) - 1) });
      button.textContent = say(words, 'lab.inspect.open');
      button.setAttribute(
        'aria-label',
        say(words, 'lab.inspect.openOf', { name: names[technique], request: texts[2] ?? '' }),
      );
      last.append(button);
    });
    table.replaceChildren(...(table.caption ? [table.caption] : []), headRow(columns), body);
  }
}

const sentAt = ({ events }: LaneRecord, index: number): number =>
  (events.at[index] as number) - (events.latency[index] as number);
