/** The results of a class as files: CSV for a spreadsheet, JSON with everything. Nicknames, no secrets. Pure. */
import type { TechniqueId } from '../../protocol.ts';
import type { ClassState } from '../log/state.ts';
import { isRight } from '../run/tally.ts';

const time = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString());

/** What a spreadsheet reads as the beginning of a formula, be it in wide letters or behind blanks. */
const FORMULA = /^(?=\s*[=+\-@\t\r\n＝＋－＠])/u;
/** The same behind what another country's spreadsheet takes for the end of a field, whatever quotes stand around it. */
const INNER_FORMULA = /(?<=[;\t\r\n|])(?=[\s"']*[=+\-@＝＋－＠])/gu;

/** A field of a CSV line (RFC 4180). What people wrote must stay a text in a spreadsheet: an apostrophe keeps it one. */
function field(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = typeof value === 'string' ? text.replace(FORMULA, "'").replace(INNER_FORMULA, "'") : text;
  return /[",;\r\n\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const COLUMNS = [
  'kind',
  'class',
  'seat',
  'nickname',
  'time',
  'run',
  'seed',
  'technique',
  'events_received',
  'events_lost',
  'latency_p50_ms',
  'latency_p95_ms',
  'latency_max_ms',
  'clock_uncertainty_ms',
  'timer_resolution_ms',
  'isolated',
  'event_loop_delay_ms',
  'requests',
  'connections_opened',
  'head_bytes',
  'wire_bytes',
  'question',
  'answer',
  'right',
] as const;
/** To the microsecond: no browser's clock is finer than five of them. */
const ms = (value: number | null | undefined): number | undefined =>
  typeof value === 'number' ? Math.round(value * 1000) / 1000 : undefined;
type Row = Partial<Record<(typeof COLUMNS)[number], unknown>>;

/** One line for each seat, for each lane that a seat has measured, and for each answer; `kind` tells them apart. */
export function toCsv(state: ClassState): string {
  const rows: Row[] = [];
  const seat = (id: string): Row => ({ class: state.name, seat: id, nickname: state.seats.get(id)?.nickname });
  for (const { id, joinedAt } of state.seats.values()) rows.push({ kind: 'seat', ...seat(id), time: time(joinedAt) });
  for (const run of state.runs) {
    for (const [id, { lanes, counts, conditions }] of run.results) {
      const techniques = Object.keys({ ...lanes, ...counts }) as TechniqueId[];
      for (const technique of techniques) {
        const [lane, count] = [lanes[technique], counts[technique]];
        rows.push({
          kind: 'lane',
          ...seat(id),
          time: time(run.startsAt),
          run: run.id,
          seed: run.settings.seed,
          technique,
          events_received: lane?.received,
          events_lost: lane?.lost,
          latency_p50_ms: ms(lane?.p50),
          latency_p95_ms: ms(lane?.p95),
          latency_max_ms: ms(lane?.max),
          clock_uncertainty_ms: ms(conditions.uncertaintyMs),
          timer_resolution_ms: ms(conditions.resolutionMs),
          isolated: conditions.isolated,
          event_loop_delay_ms: ms(conditions.eventLoopDelayMs),
          requests: count?.requests,
          connections_opened: count?.connectionsOpened,
          head_bytes: count?.headBytes,
          wire_bytes: count?.wireBytes,
        });
      }
    }
  }
  for (const { question, key, answers } of state.questions) {
    for (const [id, { answer, at }] of answers) {
      const words = typeof answer === 'number' ? answer : answer.map((index) => question.choices[index]).join(' | ');
      const right = isRight(question, key, answer);
      rows.push({ kind: 'answer', ...seat(id), time: time(at), question: question.text, answer: words, right });
    }
  }
  const lines = rows.map((row) => COLUMNS.map((name) => field(row[name])).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

/** Everything that is kept of a class, in words and numbers; bins of latencies as in LATENCY_BINS of protocol.ts. */
export function toJson(state: ClassState): object {
  return {
    name: state.name,
    openedAt: time(state.openedAt),
    ended: state.ended,
    seats: [...state.seats.values()].map(({ id, nickname, joinedAt, removed }) => ({
      id,
      nickname,
      joinedAt: time(joinedAt),
      removed,
    })),
    runs: state.runs.map(({ results, ...run }) => ({
      ...run,
      results: [...results].map(([seat, result]) => ({ seat, nickname: state.seats.get(seat)?.nickname, ...result })),
    })),
    questions: state.questions.map(({ answers, ...one }) => ({
      ...one,
      answers: [...answers].map(([seat, { answer, at }]) => ({
        seat,
        nickname: state.seats.get(seat)?.nickname,
        answer,
        right: isRight(one.question, one.key, answer),
        at: time(at),
      })),
    })),
  };
}
