/**
 * `<push-runs>`: the runs that this browser keeps. Lists, names, deletes and compares them, opens one in the lab's own views,
 * and takes files by picker and by drop. Needs no server.
 */

import { type RunDocument, recordingOf } from '../../../demo-server/measure/run-document.ts';
import { queryFromSettings } from '../../../demo-server/measure/settings.ts';
import { formatter } from '../../kit/format.ts';
import { namesFrom } from '../../kit/names.ts';
import { partsOf } from '../../kit/parts.ts';
import { saveFile } from '../../kit/save-file.ts';
import { readWords, say, setText } from '../../kit/words.ts';
import { Bench } from '../bench.ts';
import { dateIn } from '../tables/run-words.ts';
import { fileText } from './file-text.ts';
import { connectKeep } from './keep.ts';
import { type Pair, showPair } from './run-compare.ts';
import { type DocumentFault, readDocument } from './run-reading.ts';
import {
  deleteRun,
  keyOf,
  MOST_BYTES,
  MOST_RUNS,
  nameRun,
  type StoredRun,
  StoreProblem,
  storedRuns,
  storedText,
  storeRun,
} from './run-store.ts';
import { pickedRuns, showRuns } from './runs-list.ts';

/** The longest file that is read, bytes: a run of the longest kind has 24 MB. */
const MOST_FILE_BYTES = 100e6;

class PushRuns extends HTMLElement {
  #life = new AbortController();

  connectedCallback(): void {
    this.#life = new AbortController();
    this.#connect(this.#life.signal);
  }

  disconnectedCallback(): void {
    this.#life.abort();
  }

  #connect(signal: AbortSignal): void {
    const words = readWords(this);
    const format = formatter(words.language ?? 'en');
    const names = namesFrom(words);
    const part = partsOf(this);
    const on = (name: string, type: string, act: (event: Event) => void) =>
      part(name).addEventListener(type, act, { signal });
    const [status, undo, list, compare] = [
      part('status'),
      part<HTMLButtonElement>('undo'),
      part('list'),
      part<HTMLButtonElement>('compare'),
    ];
    const bench = new Bench(part('results'), words, format, names, signal);
    const keep = connectKeep({
      root: this,
      words,
      format,
      names,
      drawAll: () => bench.drawAll(),
      renamed: () => void refresh(),
      signal,
    });
    /** Documents of this visit: what was opened from a file can be shown even where nothing can be kept. */
    const documents = new Map<string, RunDocument>();
    let pair = new AbortController();

    const tell = (text: string, bringBack: (() => Promise<void>) | null = null) => {
      status.textContent = text;
      undo.hidden = bringBack === null;
      undo.onclick = async () => {
        await bringBack?.().catch(tellProblem);
        tell(say(words, 'runs.undone'));
        await refresh();
      };
    };
    const tellProblem = (error: unknown) => {
      const { kind, message } = error instanceof StoreProblem ? error : { kind: 'refused', message: String(error) };
      tell(say(words, `runs.store.${kind}`, { message }));
    };
    const tellFaults = (file: string, faults: readonly DocumentFault[]) => {
      for (const { kind, path, got, takes } of faults) {
        const item = document.createElement('li');
        item.dataset.tone = 'bad';
        const shown = JSON.stringify(got)?.slice(0, 60) ?? say(words, 'runs.fault.missing');
        item.textContent = `${file}: ${say(words, `runs.fault.${kind}`, { path, got: shown, takes })}`;
        part('faults').append(item);
      }
      part('faults').hidden = part('faults').childElementCount === 0;
    };

    const refresh = async (): Promise<void> => {
      try {
        const runs = await storedRuns();
        const picked = new Set(pickedRuns(list));
        showRuns(list, runs, picked, { words, format, names }, actions);
        part('kept').hidden = runs.length === 0;
        part('empty').hidden = runs.length > 0;
        const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
        const values = {
          count: runs.length,
          bytes: format.bytes(bytes),
          most: MOST_RUNS,
          mostBytes: format.bytes(MOST_BYTES),
        };
        setText(part('bounds'), say(words, 'runs.bounds', values));
      } catch (error) {
        part('empty').hidden = false;
        tellProblem(error);
      }
      actions.picked();
    };
    const load = async (key: string): Promise<RunDocument | null> => {
      const known = documents.get(key);
      if (known) return known;
      const kept = await storedText(key).catch(() => null);
      const read = kept && readDocument(kept.text);
      if (read && 'document' in read) return { ...read.document, name: kept.stored.name };
      if (read) tellFaults(kept.stored.name || dateIn(words, kept.stored.at), read.faults);
      tell(say(words, 'runs.gone'));
      return null;
    };
    const actions = {
      open: (run: StoredRun) => go({ open: run.key }),
      async save(run: StoredRun) {
        const found = await load(run.key);
        if (found) saveFile(`pushlab-${found.run.id}.json`, JSON.stringify(found), 'application/json');
      },
      async remove(run: StoredRun) {
        try {
          const bringBack = await deleteRun(run.key);
          documents.delete(run.key);
          tell(say(words, 'runs.deleted', { name: run.name || dateIn(words, run.at) }), bringBack);
        } catch (error) {
          tellProblem(error);
        }
        await refresh();
      },
      async name(run: StoredRun, name: string) {
        try {
          await nameRun(run.key, name);
          tell(say(words, name === '' ? 'runs.keep.nameless' : 'runs.keep.named'));
        } catch (error) {
          tellProblem(error);
        }
        const known = documents.get(run.key);
        if (known) known.name = name;
        await refresh();
      },
      picked() {
        compare.disabled = pickedRuns(list).length !== 2;
        compare.title = compare.disabled ? say(words, 'runs.compare.pickTwo') : '';
      },
    };

    /** Puts the address and the page into a state: the list, one run, or two. */
    const go = (state: { open?: string; compare?: string }, push = true) => {
      const query = new URLSearchParams(state).toString();
      if (push) history.pushState(null, '', query === '' ? location.pathname : `?${query}`);
      void show();
    };
    const show = async (): Promise<void> => {
      const query = new URLSearchParams(location.search);
      const keys = query.get('compare')?.split(',') ?? [query.get('open') ?? ''].filter((key) => key !== '');
      pair.abort();
      const found = (await Promise.all(keys.map(load))).filter((one) => one !== null);
      const whole = keys.length > 0 && found.length === keys.length && keys.length <= 2;
      this.dataset.state = whole ? 'open' : 'list';
      const [first, second] = found;
      part('open').hidden = !whole;
      part('made').hidden = !whole || second !== undefined;
      part('pair').hidden = !whole || second === undefined;
      part('results').hidden = !whole || second !== undefined;
      if (!whole || !first) return keep.hide();
      tell('');
      if (second) await showTwo(first, second);
      else await showOne(first, query.has('print'));
      part('open-name').focus({ preventScroll: true });
    };
    const showOne = async (kept: RunDocument, print: boolean) => {
      const charts = await import('../charts/charts.ts');
      const recording = recordingOf(kept);
      setText(part('open-name'), kept.name || say(words, 'runs.opened', { date: dateIn(words, kept.made.at) }));
      const { made } = kept;
      const values = {
        date: dateIn(words, made.at),
        agent: made.agent,
        system: made.system,
        server: made.server,
        version: made.pushlab,
      };
      setText(part('made'), say(words, `runs.made.${made.client}`, values));
      part<HTMLAnchorElement>('again').hidden = false;
      part<HTMLAnchorElement>('again').search = queryFromSettings(kept.run.settings);
      bench.show(recording, charts);
      bench.finish();
      keep.offerDocument(kept, recording);
      if (print) await keep.print();
    };
    const showTwo = async (a: RunDocument, b: RunDocument) => {
      keep.hide();
      pair = new AbortController();
      part('again').hidden = true;
      setText(part('open-name'), say(words, 'runs.compare.title'));
      const two: Pair[] = [a, b].map((kept) => ({ document: kept, recording: recordingOf(kept) }));
      const until = AbortSignal.any([signal, pair.signal]);
      await showPair(this, two[0] as Pair, two[1] as Pair, { words, format, names, signal: until });
    };

    const take = async (files: readonly File[]): Promise<void> => {
      part('faults').replaceChildren();
      part('faults').hidden = true;
      let last = '';
      let kept = 0;
      for (const file of files) {
        if (file.size > MOST_FILE_BYTES) {
          const takes = `≤ ${format.bytes(MOST_FILE_BYTES)}`;
          tellFaults(file.name, [{ kind: 'other', path: '', got: format.bytes(file.size), takes }]);
          continue;
        }
        tell(say(words, 'runs.reading', { name: file.name }));
        const read = readDocument(await fileText(file));
        if ('faults' in read) {
          tellFaults(file.name, read.faults);
          continue;
        }
        last = keyOf(read.document);
        documents.set(last, read.document);
        try {
          await storeRun(read.document);
          kept += 1;
        } catch (error) {
          tellProblem(error);
        }
      }
      await refresh();
      if (kept > 0 || last === '') tell(kept > 0 ? say(words, 'runs.imported', { count: kept }) : '');
      // One file is meant to be looked at; of several, the list shows what came.
      if (last !== '' && files.length === 1) go({ open: last });
    };

    on('choose', 'click', () => part('files').click());
    on('files', 'change', (event) => {
      const field = event.target as HTMLInputElement;
      void take([...(field.files ?? [])]).finally(() => {
        field.value = '';
      });
    });
    on('compare', 'click', () => go({ compare: pickedRuns(list).slice(0, 2).join(',') }));
    on('close', 'click', () => {
      go({});
      part('choose').focus();
    });
    addEventListener('popstate', () => void show(), { signal });
    const hover = (over: boolean) => part('drop').classList.toggle('over', over);
    // The whole window takes a drop: a file that misses would else replace the page.
    addEventListener(
      'dragover',
      (event) => {
        event.preventDefault();
        hover(true);
      },
      { signal },
    );
    addEventListener('dragleave', (event) => event.relatedTarget === null && hover(false), { signal });
    addEventListener(
      'drop',
      (event) => {
        event.preventDefault();
        hover(false);
        const files = [...(event.dataTransfer?.files ?? [])];
        if (files.length > 0) void take(files);
      },
      { signal },
    );
    void refresh().then(show);
  }
}

customElements.define('push-runs', PushRuns);
