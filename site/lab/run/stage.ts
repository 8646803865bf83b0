/**
 * What demo and race share: one small comparison at a time between a start and a stop button, with its states in words.
 */

import type { Recording } from '../../../demo-server/measure/recording.ts';
import { settingsFromTexts, textsFromQuery, type WantedSettings } from '../../../demo-server/measure/settings.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import { type Format, formatter } from '../../kit/format.ts';
import { namesFrom } from '../../kit/names.ts';
import { partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { readWords, say, type Words } from '../../kit/words.ts';
import { techniques } from '../../techniques/index.ts';
import { type Break, type Phase, runComparison } from './comparison.ts';
import { plightOf, showPlight } from './problem-words.ts';
import { Problem } from './run-requests.ts';

/** The browser's end of every technique. */
export const receivers = new Map(techniques.map(({ id, receive }) => [id, receive]));

export interface Stage {
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  settings: WantedSettings;
  part<T extends HTMLElement = HTMLElement>(name: string): T;
  start(takeOver?: boolean): void;
}

/** What the page does as its run goes on. */
export interface Play {
  /** A new run takes the place of the last; `recorded` is one of another day, which nobody here has run. */
  begin(recording: Recording, recorded?: 'recorded'): void;
  /** The run can be broken from now on, or not any more (null). */
  breakable?(breakIt: Break | null): void;
  /** The run is over; its figures are complete. */
  end(recording: Recording, recorded?: 'recorded'): void;
}

/** How a run ended, with what it carried. */
export function endInWords(done: Recording, stopped: boolean, words: Words, format: Format): string {
  const values = { events: format.count(done.info?.lastSeq ?? 0), lanes: format.count(done.lanes.size) };
  return say(words, `lab.phase.${stopped ? (done.takenOver ? 'takenOver' : 'stopped') : 'finished'}`, values);
}

/**
 * Connects the shell `root`: its settings stand as a query in `data-settings`, its buttons and texts in `data-part`s.
 * Everything ends with `signal`.
 */
export function connectStage(root: HTMLElement, signal: AbortSignal, play: (stage: Stage) => Play): Stage {
  const words = readWords(root);
  const read = settingsFromTexts(textsFromQuery(root.dataset.settings ?? ''));
  if ('faults' in read) throw new Error(`data-settings: ${JSON.stringify(read.faults)}`);
  const part = partsOf(root);
  const [startButton, stopButton, status] = [part('start'), part('stop'), part('status')];
  const format = formatter(words.language ?? 'en');
  let stopping = new AbortController();
  let busy = false;

  const setState = (state: Phase | 'idle') => {
    busy = state !== 'idle' && state !== 'finished' && state !== 'stopped';
    const hadFocus = document.activeElement === startButton || document.activeElement === stopButton;
    root.dataset.state = state;
    startButton.hidden = busy;
    stopButton.hidden = !busy;
    if (state !== 'idle') startButton.textContent = startButton.dataset.again ?? startButton.textContent;
    if (hadFocus) (busy ? stopButton : startButton).focus();
  };
  const run = async (takeOver: boolean) => {
    stopping = new AbortController();
    showPlight(part('problem'), null, words, () => {});
    let seen = false;
    setState('connecting');
    status.textContent = say(words, 'lab.phase.connecting');
    try {
      let recording: Recording | null = null;
      const tell = (phase: Phase, now: Recording, breakIt: Break) => {
        recording = now;
        setState(phase);
        if (phase === 'ready') {
          seen = true;
          player.begin(now);
        }
        player.breakable?.(phase === 'running' ? breakIt : null);
        if (phase === 'running' || phase === 'settling') status.textContent = say(words, `lab.phase.${phase}`);
      };
      const done = await runComparison({
        server: demoServer(),
        settings: stage.settings,
        receivers,
        signal,
        stop: stopping.signal,
        takeOver,
        tell,
      }).catch((error) => {
        // What was measured until the server went away stays on the page.
        if (recording && !Number.isNaN(recording.zero)) player.end(recording);
        throw error;
      });
      status.textContent = endInWords(done, root.dataset.state === 'stopped', words, format);
      player.end(done);
    } catch (error) {
      if (signal.aborted) return;
      player.breakable?.(null);
      status.textContent = '';
      setState('idle');
      const plight = plightOf(error, words);
      // What the reader has measured until the server went away stays: a recording is for where there is nothing.
      const recorded = seen ? '' : await recordedInstead(error);
      const told = recorded === '' ? plight : { ...plight, text: recorded, tone: 'recorded' as const };
      showPlight(part('problem'), told, words, stage.start);
    }
  };
  /** Where no server answers, as on a static host, shows the run that was recorded of this demo; what to say of it. */
  const recordedInstead = async (error: unknown): Promise<string> => {
    const { recorded = '' } = root.dataset;
    if (!(error instanceof Problem) || error.kind !== 'unreachable' || recorded === '') return '';
    const { fetchRecorded, recordedInWords } = await import('./recorded-run.ts');
    const found = await fetchRecorded(recorded, signal);
    if (!found || busy) return '';
    player.begin(found.recording, 'recorded');
    player.end(found.recording, 'recorded');
    return recordedInWords(found, words, format);
  };
  const stage: Stage = {
    words,
    format,
    names: namesFrom(words),
    settings: read.settings,
    part,
    start: (takeOver = false) => {
      if (!busy) void run(takeOver);
    },
  };
  startButton.addEventListener('click', () => stage.start(), { signal });
  stopButton.addEventListener('click', () => stopping.abort(), { signal });
  const player = play(stage);
  return stage;
}
