/**
 * What broke in a run: for each fault and each of its lanes, what should happen by the rules and, beside it, what did.
 */

import { pageTime } from '../../../demo-server/measure/clock.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { BegunFault, TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { type Happened, type Judgement, judge } from './fault-happened.ts';

type Names = Readonly<Record<TechniqueId, string>>;

/** What stands before a verdict, so that colour is not all that tells it. */
const SIGNS = { agrees: '✓', differs: '✗', open: '…', short: '–' } as const;

interface Line {
  lane: LaneRecord;
  fault: BegunFault;
  happened: HTMLElement;
  verdict: HTMLElement;
}

interface Entry {
  details: HTMLDetailsElement;
  tally: HTMLElement;
  lines: Line[];
}

/** Faults whose tables stand open by themselves; older ones are folded away, and the reader can open them. */
const OPEN = 2;

/** `4.2 s · all lanes · for 5 s`: when a fault began, where, and for how long. */
export function faultPlace(
  fault: BegunFault,
  recording: Recording,
  words: Words,
  format: Format,
  names: Names,
): string {
  const all = fault.techniques.length === recording.lanes.size;
  const lanes = all ? say(words, 'lab.break.allLanes') : fault.techniques.map((id) => names[id]).join(', ');
  const at = format.moment(recording.clock.toPage(fault.at) - recording.zero);
  const parts = [say(words, 'lab.break.at', { time: at })];
  if (recording.lanes.size > 1) parts.push(lanes);
  if (fault.seconds === null) parts.push(say(words, 'lab.break.toTheEnd'));
  if (fault.seconds) parts.push(say(words, 'lab.break.lasted', { time: format.seconds(fault.seconds * 1000) }));
  if (fault.atEvent !== null) parts.push(say(words, 'lab.break.atEvent', { event: format.count(fault.atEvent) }));
  return parts.join(' · ');
}

/** What happened to a lane, in words: times first, then what it noticed, then what it missed. */
export function happenedInWords(happened: Happened, words: Words, { ms, count }: Format): string {
  const tell = (key: string, values: Record<string, string | number> = {}) =>
    say(words, `lab.break.happened.${key}`, values);
  const { askedMs, firstEventMs, slowestMs, troubles, resets, lost, unseen, duplicated } = happened;
  const parts: string[] = [];
  if (askedMs !== null) parts.push(tell('asked', { time: ms(askedMs) }));
  parts.push(firstEventMs === null ? tell('noEvent') : tell('event', { time: ms(firstEventMs) }));
  if (slowestMs !== null) parts.push(tell('slowest', { time: ms(slowestMs) }));
  for (const [reason, times] of Object.entries(troubles)) parts.push(tell(`trouble.${reason}`, { count: times }));
  if (resets > 0) parts.push(tell('reset'));
  if (lost + duplicated > 0) parts.push(tell('missing', { lost: count(lost), twice: count(duplicated) }));
  else if (unseen === 0) parts.push(tell('whole'));
  if (unseen > 0) parts.push(tell('unseen', { count: unseen }));
  if (happened.gaveUp) parts.push(tell('gaveUp'));
  return parts.join('; ');
}

function verdictInWords({ verdict, differences }: Judgement, words: Words): string {
  const what = differences.map((one) => say(words, `lab.break.difference.${one}`)).join(', ');
  return `${SIGNS[verdict]} ${say(words, `lab.break.verdict.${verdict}`)}${what ? `: ${what}` : ''}`;
}

/** Fills `root` (a list, `<ol>`, in a section that is hidden while nothing broke) and keeps it up to date. */
export class FaultReport {
  readonly #list: HTMLElement;
  readonly #section: HTMLElement;
  readonly #words: Words;
  readonly #format: Format;
  readonly #names: Names;
  #recording: Recording | null = null;
  #entries: Entry[] = [];

  constructor(section: HTMLElement, words: Words, format: Format, names: Names) {
    const list = section.querySelector('ol');
    if (!list) throw new Error('The report of faults lacks its <ol>');
    this.#section = section;
    this.#list = list;
    this.#words = words;
    this.#format = format;
    this.#names = names;
  }

  /** Shows another recording from now on. */
  show(recording: Recording): void {
    this.#recording = recording;
    this.#entries = [];
    this.#list.replaceChildren();
    this.update();
  }

  /** Adds the faults that have begun since, the newest on top, and tells anew what came of each. */
  update(): void {
    const recording = this.#recording;
    const faults = recording?.info?.faults ?? [];
    this.#section.hidden = faults.length === 0;
    if (!recording || Number.isNaN(recording.zero)) return;
    for (const fault of faults.slice(this.#entries.length)) {
      this.#entries.push(this.#entry(fault, recording));
      const old = this.#entries.at(-1 - OPEN);
      if (old) old.details.open = false;
    }
    for (const entry of this.#entries) this.#tell(entry, recording);
  }

  #tell({ tally, lines }: Entry, recording: Recording): void {
    const counts = { agrees: 0, differs: 0, open: 0, short: 0 };
    for (const { lane, fault, happened, verdict } of lines) {
      const judgement = judge(lane, recording, fault, pageTime());
      if (!judgement) continue;
      counts[judgement.verdict] += 1;
      setText(happened, happenedInWords(judgement.happened, this.#words, this.#format));
      setText(verdict, verdictInWords(judgement, this.#words));
      verdict.dataset.verdict = judgement.verdict;
    }
    const parts = (Object.keys(counts) as Judgement['verdict'][])
      .filter((verdict) => counts[verdict] > 0)
      .map((verdict) => `${say(this.#words, `lab.break.verdict.${verdict}`)}: ${counts[verdict]}`);
    setText(tally, parts.join(' · '));
  }

  #entry(fault: BegunFault, recording: Recording): Entry {
    const words = this.#words;
    const lines: Line[] = [];
    const details = document.createElement('details');
    details.open = true;
    const title = element('h3');
    const place = element('span', {}, faultPlace(fault, recording, words, this.#format, this.#names));
    title.append(say(words, `lab.break.fault.${fault.fault}`), ' ', place);
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const key of ['lane', 'should', 'did']) {
      const cell = element('th', {}, say(words, `lab.break.${key}`)) as HTMLTableCellElement;
      cell.scope = 'col';
      head.append(cell);
    }
    const body = table.createTBody();
    // Where the columns stand below each other, their heads are gone.
    const label = (key: string) => element('b', {}, say(words, `lab.break.${key}`));
    for (const id of fault.techniques) {
      const lane = recording.lanes.get(id);
      const judgement = lane && judge(lane, recording, fault, pageTime());
      if (!lane || !judgement) continue;
      const row = body.insertRow();
      const name = element('th') as HTMLTableCellElement;
      name.scope = 'row';
      name.append(techniqueMark(id), this.#names[id]);
      const did = element('td');
      const [happened, verdict] = [element('span'), element('span', { verdict: judgement.verdict })];
      did.append(label('did'), happened, verdict);
      const should = element('td');
      should.append(label('should'), say(words, `lab.break.outcome.${judgement.name}`));
      row.append(name, should, did);
      lines.push({ lane, fault, happened, verdict });
    }
    const summary = document.createElement('summary');
    const tally = element('span', { part: 'tally' });
    summary.append(title, tally);
    details.append(summary, table);
    const item = element('li', { fault: fault.fault });
    item.append(details);
    this.#list.prepend(item);
    return { details, tally, lines };
  }
}

function element(tag: string, data: Record<string, string> = {}, text = ''): HTMLElement {
  const made = document.createElement(tag);
  Object.assign(made.dataset, data);
  if (text) made.textContent = text;
  return made;
}
