/**
 * The list of kept runs: one line a run, with its name to be changed in place and what can be done with it.
 */
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { say, type Words } from '../../kit/words.ts';
import { dateIn } from '../tables/run-words.ts';
import type { StoredRun } from './run-store.ts';

/** What the reader asks for in the list. */
export interface ListActions {
  open(run: StoredRun): void;
  save(run: StoredRun): void;
  remove(run: StoredRun): void;
  name(run: StoredRun, name: string): void;
  /** The runs that are picked have changed. */
  picked(): void;
}

/** Shows `runs` in the list; `picked` are the keys of those that are ticked. */
export function showRuns(
  list: HTMLElement,
  runs: readonly StoredRun[],
  picked: ReadonlySet<string>,
  { words, format, names }: { words: Words; format: Format; names: Readonly<Record<TechniqueId, string>> },
  actions: ListActions,
): void {
  const line = (run: StoredRun): HTMLElement => {
    const item = document.createElement('li');
    const called = run.name || dateIn(words, run.at);
    item.append(pick(run, called), name(run), about(run), does(run, called));
    return item;
  };
  const pick = (run: StoredRun, called: string): HTMLElement => {
    const label = document.createElement('label');
    label.className = 'pick';
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.value = run.key;
    box.checked = picked.has(run.key);
    box.setAttribute('aria-label', say(words, 'runs.pick', { name: called }));
    box.addEventListener('change', () => actions.picked());
    label.append(box);
    return label;
  };
  const name = (run: StoredRun): HTMLElement => {
    const field = document.createElement('input');
    field.type = 'text';
    field.value = run.name;
    field.maxLength = 80;
    field.autocomplete = 'off';
    field.placeholder = say(words, 'runs.keep.unnamed');
    field.setAttribute('aria-label', say(words, 'runs.nameOf', { date: dateIn(words, run.at) }));
    field.addEventListener('change', () => actions.name(run, field.value.trim()));
    return field;
  };
  const about = (run: StoredRun): HTMLElement => {
    const box = document.createElement('p');
    box.className = 'about';
    const lanes = document.createElement('span');
    lanes.className = 'lanes';
    lanes.setAttribute('role', 'img');
    lanes.setAttribute('aria-label', run.techniques.map((id) => names[id]).join(', '));
    lanes.append(...run.techniques.map((id) => techniqueMark(id)));
    const { eventsPerSecond, durationSeconds } = run.settings;
    const parts = [
      dateIn(words, run.at),
      say(words, 'runs.about', {
        rate: String(eventsPerSecond),
        duration: format.count(durationSeconds),
        events: format.count(run.events),
      }),
      run.agent,
      format.bytes(run.bytes),
    ].map((text) => {
      const part = document.createElement('span');
      part.textContent = text;
      return part;
    });
    box.append(lanes, ...parts);
    return box;
  };
  const does = (run: StoredRun, called: string): HTMLElement => {
    const box = document.createElement('p');
    box.className = 'does';
    for (const action of ['open', 'save', 'remove'] as const) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = say(words, `runs.do.${action}`);
      button.setAttribute('aria-label', say(words, `runs.do.${action}.label`, { name: called }));
      button.addEventListener('click', () => actions[action](run));
      box.append(button);
    }
    return box;
  };
  list.replaceChildren(...runs.map(line));
}

/** Keys of the runs that are ticked, in the order of the list. */
export function pickedRuns(list: HTMLElement): string[] {
  return [...list.querySelectorAll<HTMLInputElement>('.pick input:checked')].map(({ value }) => value);
}
