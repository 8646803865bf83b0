/** The form of the cost curves: reads the plan, keeps it in the page's address, and explains what does not fit. */

import { kindOfFault, NUMERIC } from '../../../demo-server/measure/settings.ts';
import { RANGES, type SettingFault } from '../../../demo-server/protocol.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import {
  type CurvePlan,
  type CurveTexts,
  curveTexts,
  POINTS,
  planFromTexts,
  queryFromPlan,
  SPANS,
  type Varied,
} from './curve-plan.ts';

export interface CurveForm {
  /** The plan as it stands; null where something does not fit, which is then explained and focused. */
  read(focus?: boolean): CurvePlan | null;
  showFaults(faults: readonly SettingFault[]): void;
  setBusy(busy: boolean): void;
  /** Puts a plan into the page's address. */
  remember(plan: CurvePlan): void;
  /** Puts a plan into the fields and the address. */
  fill(plan: CurvePlan): void;
}

/** Connects the form inside `root`; `changed` is called with each change that fits. */
export function connectCurveForm(
  root: HTMLElement,
  words: Words,
  signal: AbortSignal,
  changed: (plan: CurvePlan) => void,
): CurveForm {
  const form = root.querySelector('form') as HTMLFormElement;
  const control = (name: string) => form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement | null;
  const part = (name: string) => root.querySelector(`[data-part="${name}"]`) as HTMLElement;
  /** Settings that came by the address and have no field of their own. */
  let others: CurveTexts = {};

  const fill = (texts: CurveTexts) => {
    const { techniques, faults: _, ...rest } = texts;
    others = {};
    for (const [name, text] of Object.entries(rest)) {
      const field = control(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = text;
      else Object.assign(others, { [name]: text });
    }
    for (const box of form.querySelectorAll<HTMLInputElement>('input[name="techniques"]')) {
      box.checked = techniques?.includes(box.value) ?? box.checked;
    }
  };
  const texts = (): CurveTexts => {
    const found: CurveTexts = { ...others };
    found.techniques = [...form.querySelectorAll<HTMLInputElement>('input[name="techniques"]:checked')].map(
      ({ value }) => value,
    );
    for (const name of ['vary', 'from', 'to', 'points', ...NUMERIC] as const) {
      const field = control(name);
      if (field && !(name === 'seed' && field.value === '')) found[name] = field.value;
    }
    return found;
  };
  /** What follows from the choice of the setting: its unit, its range, and that its own field has no say. */
  const arrange = () => {
    const vary = (control('vary')?.value ?? '') as Varied;
    const range = RANGES[vary];
    if (!range) return;
    for (const name of ['from', 'to'] as const) {
      setText(part(`unit-${name}`), words[`lab.unit.${vary}`] ?? '');
      setText(part(`range-${name}`), say(words, 'curves.range', { min: String(range.min), max: String(range.max) }));
    }
    setText(part('range-points'), say(words, 'curves.range', { min: POINTS.min, max: POINTS.max }));
    for (const name of NUMERIC) {
      const field = control(name);
      if (field) field.disabled = name === vary;
    }
    const told = Object.entries(others).filter(
      ([name, text]) => text !== String(RANGES[name as Varied]?.default ?? 'steady'),
    );
    part('others').hidden = told.length === 0;
    setText(
      part('others'),
      say(words, 'curves.others', { settings: told.map(([name, text]) => `${name}=${text}`).join(', ') }),
    );
  };
  const explain = (fault: SettingFault): string => {
    const values = { got: String(fault.got), takes: fault.takes };
    if (!['from', 'to', 'points', 'vary'].includes(fault.field)) {
      const kind = kindOfFault(fault);
      if (kind === 'techniques') return say(words, 'lab.fault.techniques');
      const range = RANGES[fault.field as Varied];
      if (kind === 'whole' || kind === 'number')
        return say(words, `lab.fault.${kind}`, { ...values, min: range.min, max: range.max });
      return say(words, 'curves.fault.point', { field: words[`lab.field.${fault.field}`] ?? fault.field, ...values });
    }
    return say(words, 'curves.fault.takes', values);
  };
  const showFaults = (faults: readonly SettingFault[], focus = false) => {
    const boxes = [...form.querySelectorAll<HTMLElement>('[data-fault]')];
    const known = new Set(boxes.map(({ dataset }) => dataset.fault));
    let first: HTMLElement | null = null;
    for (const box of boxes) {
      const mine = faults.filter(
        ({ field }) => field === box.dataset.fault || (box.dataset.fault === '(other)' && !known.has(field)),
      );
      setText(box, mine.map(explain).join(' '));
      for (const field of form.querySelectorAll<HTMLInputElement>(`[name="${box.dataset.fault}"]`)) {
        if (mine.length > 0) field.setAttribute('aria-invalid', 'true');
        else field.removeAttribute('aria-invalid');
        if (mine.length > 0) first ??= field;
      }
    }
    if (focus) first?.focus();
  };
  const read = (focus = false): CurvePlan | null => {
    const result = planFromTexts(texts());
    showFaults('faults' in result ? result.faults : [], focus);
    return 'plan' in result ? result.plan : null;
  };
  const remember = (plan: CurvePlan) => history.replaceState(history.state, '', queryFromPlan(plan) + location.hash);

  fill(curveTexts(location.search));
  arrange();
  read();
  form.addEventListener(
    'change',
    (event) => {
      const { name, value } = event.target as HTMLSelectElement;
      if (name === 'vary') {
        // Another setting has another range: the old one would hardly fit.
        const { from, to } = SPANS[value as Varied];
        for (const [field, end] of [
          ['from', from],
          ['to', to],
        ] as const) {
          const input = control(field);
          if (input) input.value = String(end);
        }
      }
      arrange();
      const plan = read();
      if (!plan) return;
      remember(plan);
      changed(plan);
    },
    { signal },
  );
  return {
    read,
    showFaults: (faults) => showFaults(faults, true),
    remember,
    fill(plan) {
      remember(plan);
      // What the address leaves out is as usual.
      form.reset();
      fill(curveTexts(location.search));
      arrange();
      read();
    },
    setBusy(busy) {
      for (const fieldset of form.querySelectorAll('fieldset')) fieldset.disabled = busy;
    },
  };
}
