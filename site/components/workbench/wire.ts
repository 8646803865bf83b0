/** The annotated bytes of a lesson: the recorded exchange that the page came with, then those of the reader's own last run. */
import type { TechniqueId, WireTranscript } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { formatter } from '../../kit/format.ts';
import { partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { readWords, say } from '../../kit/words.ts';
import { connectWireView } from '../../wire/wire-view.ts';
import { lastRun, RUN_NEWS, type RunNews } from '../demo/last-runs.ts';
import type { Recorded } from '../prose/recorded.ts';

/** Connects the shell `root`. */
export const connectWire: Connect = (root, signal) => {
  const part = partsOf(root);
  const words = readWords(root);
  const technique = root.dataset.technique as TechniqueId;
  const bytes = part('bytes');
  const view = connectWireView(root, words, formatter(words.language ?? 'en'), signal, needTranscript);

  async function fetchJson<T>(address: string): Promise<T | number> {
    const answer = await fetch(address, { signal });
    return answer.ok ? ((await answer.json()) as T) : answer.status;
  }
  async function showOwn(run: string): Promise<void> {
    const status = part('status');
    try {
      const own = await fetchJson<WireTranscript>(`${demoServer()}/runs/${encodeURIComponent(run)}/wire/${technique}`);
      if (typeof own === 'number') status.textContent = say(words, 'tags.wire.gone');
      else if (own.exchanges.length > 0) {
        status.textContent = '';
        part('whose').textContent = say(words, 'tags.wire.own');
        part('where').textContent = say(words, 'tags.wire.ownText', { run });
        root.dataset.own = '';
        view.take(own);
      }
    } catch {
      if (!signal.aborted) status.textContent = say(words, 'tags.wire.offline');
    }
  }
  /** Views and other exchanges need the bytes themselves; the page came with a picture of them only. */
  async function needTranscript(): Promise<void> {
    try {
      const recorded = await fetchJson<Recorded>(root.dataset.recorded ?? '');
      if (typeof recorded !== 'number' && !view.has()) view.take(recorded.transcript);
    } catch {
      if (!signal.aborted) part('status').textContent = say(words, 'tags.wire.offline');
    }
  }
  document.addEventListener(
    RUN_NEWS,
    (event) => {
      const { state, run, techniques } = (event as CustomEvent<RunNews>).detail;
      if (techniques.includes(technique) && (state === 'finished' || state === 'stopped')) void showOwn(run);
    },
    { signal },
  );
  part('all').hidden = bytes.querySelector('.more') === null;
  const last = lastRun(technique);
  if (last) void showOwn(last.run);
};
