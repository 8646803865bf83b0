/**
 * A run in words: its date, its settings.
 */

import type { RunDocument } from '../../../demo-server/measure/run-document.ts';
import { RANGES, type TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';

/**
 * The settings that say how a run was, each with its unit: the usual ones always, the others where they were not off.
 * `only` picks some by name, off or not.
 */
export function settingLines(
  { run, lanes }: Pick<RunDocument, 'run' | 'lanes'>,
  words: Words,
  format: Format,
  names: Readonly<Record<TechniqueId, string>>,
  only?: readonly string[],
): [string, string][] {
  const { settings } = run;
  const wanted = (name: string) => only === undefined || only.includes(name);
  const lines: [string, string][] = [];
  const listed = lanes.map(({ technique }) => names[technique]).join(', ');
  if (wanted('techniques')) lines.push([say(words, 'lab.form.techniques'), listed]);
  const arrivals = say(words, `lab.arrivals.${settings.arrivals}`);
  if (wanted('arrivals')) lines.push([say(words, 'lab.form.arrivals'), arrivals]);
  for (const name of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    if (!wanted(name)) continue;
    const value = settings[name];
    // A seed has no unit, and its digits are no amount.
    const unit = name === 'seed' ? '' : (words[`lab.unit.${name}`] ?? '');
    const written = name === 'seed' || !Number.isInteger(value) ? String(value) : format.count(value);
    // What is off unless asked for is not worth a line.
    if (value === 0 && RANGES[name].default === 0 && name !== 'seed' && !only) continue;
    lines.push([words[`lab.field.${name}`] ?? name, unit === '' ? written : `${written}\u00a0${unit}`]);
  }
  return lines;
}

/** A date and time in the language of the page. */
export function dateIn(words: Words, iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat(words.language ?? 'en', { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

/** Fills a `<dl>` with pairs. */
export function fillList(list: HTMLElement, pairs: readonly (readonly [string, string])[]): void {
  list.replaceChildren(
    ...pairs.map(([name, value]) => {
      const group = document.createElement('div');
      const [term, definition] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name;
      definition.textContent = value;
      group.append(term, definition);
      return group;
    }),
  );
}
