/**
 * The panel in which a reader breaks a run: planned for an event before it starts (then it is one of the settings), or at
 * once while it goes on.
 */

import { faultsFromText, textFromFaults } from '../../../demo-server/measure/settings.ts';
import {
  checkFault,
  FAULT_SECONDS,
  type FaultId,
  type FaultOrder,
  RANGES,
  type ScheduledFault,
  type SettingFault,
  TECHNIQUES,
  type TechniqueId,
} from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { type Part, partsOf } from '../../kit/parts.ts';
import { say, type Words } from '../../kit/words.ts';
import type { Break } from '../run/comparison.ts';

export interface BreaksOptions {
  panel: HTMLDetailsElement;
  /** The hidden field of the settings that holds the plan as text; hears and tells of changes by `change` events. */
  field: HTMLInputElement;
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  /** The lanes that are chosen now. */
  lanes(): readonly TechniqueId[];
  signal: AbortSignal;
}

export class Breaks {
  readonly #options: BreaksOptions;
  readonly #part: Part;
  #breakIt: Break | null = null;

  constructor(options: BreaksOptions) {
    this.#options = options;
    const { signal, field, panel } = options;
    this.#part = partsOf(panel);
    this.#part('break-fault').addEventListener('change', () => this.#describe(), { signal });
    this.#part('break-now').addEventListener('click', () => void this.#now(), { signal });
    this.#part('break-plan').addEventListener('click', () => this.#plan(), { signal });
    this.#part('break-planned').addEventListener('click', (event) => this.#remove(event), { signal });
    for (const button of panel.querySelectorAll<HTMLElement>('[data-lanes]')) {
      button.addEventListener('click', () => this.#pick(button.dataset.lanes === 'all'), { signal });
    }
    field.form?.addEventListener('change', () => this.#show(), { signal });
    this.#describe();
    this.#show();
    panel.open = field.value !== '';
  }

  /** A run can be broken from now on (`breakIt`), or not any more (null). */
  setRun(breakIt: Break | null, connecting = false): void {
    const now = this.#part('break-now');
    const plan = this.#part('break-plan');
    const busy = breakIt !== null || connecting;
    const hadFocus =
      this.#options.panel.contains(document.activeElement) && document.activeElement?.localName === 'button';
    this.#breakIt = breakIt;
    now.hidden = !busy;
    (now as HTMLButtonElement).disabled = breakIt === null;
    plan.hidden = busy;
    this.#part('break-planning').hidden = busy;
    for (const button of this.#part('break-planned').querySelectorAll('button')) button.disabled = busy;
    if (hadFocus) (busy ? now : plan).focus();
    this.#tell(busy ? 'running' : 'idle');
    this.#showLanes();
  }

  /** Explains what does not fit in the plan; the fields are named `faults[0].…` by the check of the settings. */
  showFaults(faults: readonly SettingFault[]): void {
    const { words, panel } = this.#options;
    const ours = faults.filter(({ field }) => field.startsWith('faults'));
    if (ours.length > 0) panel.open = true;
    this.#part('break-fault-text').textContent = ours
      .map(({ got, takes }) =>
        say(words, 'lab.break.bad', { got: typeof got === 'string' ? got : JSON.stringify(got), takes }),
      )
      .join(' ');
  }

  #tell(key: string, values: Record<string, string> = {}): void {
    this.#part('break-said').textContent = say(this.#options.words, `lab.break.${key}`, values);
  }

  get #fault(): FaultId {
    return this.#part<HTMLSelectElement>('break-fault').value as FaultId;
  }

  #describe(): void {
    const { words } = this.#options;
    const lasts = FAULT_SECONDS[this.#fault];
    this.#part('break-text').textContent = say(words, `lab.break.fault.${this.#fault}.text`);
    this.#part('break-lasting').hidden = lasts === 0;
    this.#part('break-default').textContent =
      lasts === null ? say(words, 'lab.break.emptyEnd') : say(words, 'lab.break.emptySeconds', { seconds: lasts });
  }

  /** What the panel asks for, or null with a sentence why not. */
  #order(): FaultOrder | null {
    const lanes = this.#options.lanes();
    const seconds = this.#part<HTMLInputElement>('break-seconds');
    const chosen = lanes.filter((id) => this.#box(id)?.checked);
    if (chosen.length === 0) {
      this.#tell('noLane');
      return null;
    }
    const asked = {
      fault: this.#fault,
      ...(chosen.length < lanes.length ? { techniques: chosen } : {}),
      ...(FAULT_SECONDS[this.#fault] !== 0 && seconds.value !== '' ? { seconds: Number(seconds.value) } : {}),
    };
    const checked = checkFault(asked, lanes);
    if ('order' in checked && seconds.validity.valid) return checked.order;
    this.#tell('badSeconds');
    seconds.focus();
    return null;
  }

  async #now(): Promise<void> {
    const order = this.#order();
    if (!order || !this.#breakIt) return;
    try {
      await this.#breakIt(order);
      this.#tell('done', { fault: say(this.#options.words, `lab.break.fault.${order.fault}`) });
    } catch (error) {
      this.#tell('refused', { message: error instanceof Error ? error.message : String(error) });
    }
  }

  #plan(): void {
    const order = this.#order();
    const event = this.#part<HTMLInputElement>('break-event');
    const atEvent = Number(event.value);
    if (!order) return;
    if (!Number.isInteger(atEvent) || atEvent < 1) {
      this.#tell('badEvent');
      event.focus();
      return;
    }
    this.#keep([...this.#planned(), { ...order, atEvent }].sort((a, b) => a.atEvent - b.atEvent));
    this.#tell('added');
  }

  #remove(event: Event): void {
    const button = (event.target as Element).closest('button');
    if (!button) return;
    this.#keep(this.#planned().filter((_, index) => index !== Number(button.dataset.index)));
    this.#tell('removed');
    const next = this.#part('break-planned').querySelector('button') ?? this.#part('break-plan');
    next.focus();
  }

  #planned(): ScheduledFault[] {
    const { field } = this.#options;
    const read = field.value === '' ? [] : faultsFromText(field.value);
    return read.filter((one): one is ScheduledFault => typeof one === 'object');
  }

  #keep(plan: readonly ScheduledFault[]): void {
    const { field } = this.#options;
    field.value = textFromFaults(plan);
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }

  #box(id: TechniqueId): HTMLInputElement | null {
    return this.#options.panel.querySelector<HTMLInputElement>(`input[value="${id}"]`);
  }

  #pick(on: boolean): void {
    for (const id of TECHNIQUES) {
      const box = this.#box(id);
      if (box) box.checked = on;
    }
  }

  #showLanes(): void {
    const lanes = this.#options.lanes();
    for (const id of TECHNIQUES) {
      const label = this.#box(id)?.closest('label');
      if (label) label.hidden = !lanes.includes(id);
    }
  }

  #show(): void {
    const { words, format, names, field } = this.#options;
    const plan = this.#planned();
    this.#showLanes();
    this.#part('break-planned').hidden = plan.length === 0;
    this.#part('breaks-summary').textContent =
      plan.length > 0 ? say(words, 'lab.form.planned', { count: plan.length }) : say(words, 'lab.break.teaser');
    const items = plan.map(({ fault, atEvent, techniques, seconds }, index) => {
      const item = document.createElement('li');
      const lanes = techniques ? techniques.map((id) => names[id]).join(', ') : say(words, 'lab.break.allLanes');
      const parts = [say(words, 'lab.break.atEvent', { event: format.count(atEvent) }), lanes];
      if (seconds) parts.push(say(words, 'lab.break.lasted', { time: format.seconds(seconds * 1000) }));
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      button.dataset.index = String(index);
      button.textContent = say(words, 'lab.break.remove');
      const name = say(words, `lab.break.fault.${fault}`);
      button.setAttribute('aria-label', say(words, 'lab.break.removeWhich', { fault: name, event: String(atEvent) }));
      item.append(`${name} · ${parts.join(' · ')} `, button);
      return item;
    });
    this.#part('break-planned')
      .querySelector('ul')
      ?.replaceChildren(...items);
    const due = plan.at(-1)?.atEvent ?? 0;
    const events = Number(field.form?.querySelector<HTMLInputElement>('input[name="eventsPerSecond"]')?.value);
    const seconds = Number(field.form?.querySelector<HTMLInputElement>('input[name="durationSeconds"]')?.value);
    const last = Math.floor(events * seconds);
    // The server takes a plan for an event that never comes; the reader should know before the run.
    const late = Number.isFinite(last) && last >= RANGES.eventsPerSecond.min && due > last;
    this.#part('break-fault-text').textContent = late
      ? say(words, 'lab.break.tooLate', { last: format.count(last) })
      : '';
  }
}
