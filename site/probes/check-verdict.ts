/** What the way between a browser and the server does to each technique, judged by what arrived when. Pure. */
import type { TechniqueId } from '../../demo-server/protocol.ts';

/** One lane of the run that looks at the way. */
export interface Seen {
  technique: TechniqueId;
  /** When its events arrived, in ms, ascending. */
  arrivals: ArrayLike<number>;
  lost: number;
  duplicated: number;
  /** Connections that broke, or answers that made no sense. */
  troubles: number;
  /** The server's words where it refused the lane; else null. */
  failed: string | null;
}

/**
 * `unharmed`; `held`: the events came together instead of one by one; `refused`: none came; `broken`: connections were cut
 * or answers spoilt on the way, and what was lost was made up for; `losing`: some never came.
 */
export type Verdict = 'unharmed' | 'held' | 'refused' | 'broken' | 'losing';

/** The configuration line that is likely to be missing. */
export type MissingLine = 'buffering' | 'upgrade' | RefusalLine | 'other';
/** What is missing where the server itself refuses the page. */
export type RefusalLine = 'host' | 'scheme' | 'name';

export interface Finding {
  technique: TechniqueId;
  verdict: Verdict;
  line: MissingLine | null;
}

/** Live events are spread over the run; those that were held come within less than this part of it. */
const SPREAD = 0.4;

/** The finding for one lane of a run that sent its events evenly over `runMs`. */
export function judge({ technique, arrivals, lost, troubles, failed }: Seen, runMs: number): Finding {
  const count = arrivals.length;
  const span = count === 0 ? 0 : (arrivals[count - 1] as number) - (arrivals[0] as number);
  if (count === 0) return { technique, verdict: 'refused', line: lineFor(technique, failed) };
  if (span < SPREAD * runMs) return { technique, verdict: 'held', line: 'buffering' };
  if (lost > 0) return { technique, verdict: 'losing', line: 'other' };
  return troubles > 0
    ? { technique, verdict: 'broken', line: 'other' }
    : { technique, verdict: 'unharmed', line: null };
}

/** A WebSocket that gets no word through met a proxy that does not upgrade; others that get none were refused in words. */
function lineFor(technique: TechniqueId, failed: string | null): MissingLine {
  return lineOfRefusal(failed ?? '') ?? (technique === 'websocket' ? 'upgrade' : 'other');
}

/**
 * What a refusal's words say of the way: under this name the server does not answer; Origin and Host differ, as they do
 * behind a proxy that sends a Host of its own; or only their schemes do. Undefined for other refusals.
 */
export function lineOfRefusal(words: string): RefusalLine | undefined {
  if (/unknown-name|does not answer under the name/.test(words)) return 'name';
  const [, origin, ours = ''] = /comes from a page of "([^"]*)"; only pages of (.*) may\./.exec(words) ?? [];
  const host = URL.parse(origin ?? '')?.host;
  const sameHost = ours.split(', ').some((one) => host !== undefined && URL.parse(one)?.host === host);
  if (sameHost) return 'scheme';
  return /foreign-origin|comes from a page of/.test(words) ? 'host' : undefined;
}
