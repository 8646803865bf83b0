/**
 * The form of a run's settings: reads them, keeps them in the page's address, and explains wrong input beside its field.
 */

import {
  isTechnique,
  kindOfFault,
  NUMERIC,
  queryFromSettings,
  type SettingTexts,
  settingsFromTexts,
  textsFromQuery,
  type WantedSettings,
} from '../../../demo-server/measure/settings.ts';
import {
  MAX_FEED_BYTES_PER_SECOND,
  RANGES,
  type SettingFault,
  type TechniqueId,
} from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';
import { simulatedInWords } from './condition-words.ts';
import { connectNetwork } from './network-form.ts';

export class SettingsForm {
  readonly #form: HTMLFormElement;
  readonly #words: Words;
  readonly #format: Format;
  /** What did not fit when it was read last. */
  faults: readonly SettingFault[] = [];
  readonly #showNetwork: ReturnType<typeof connectNetwork>;

  /** Takes over `form`, fills it from the page's address, and lets go with `signal`. */
  constructor(form: HTMLFormElement, words: Words, format: Format, signal: AbortSignal) {
    this.#form = form;
    this.#words = words;
    this.#format = format;
    // Before the form hears of a change, so that it reads the values of the network that was chosen.
    this.#showNetwork = connectNetwork(form, signal);
    this.#fill(textsFromQuery(location.search));
    form.addEventListener('change', () => this.#changed(), { signal });
    form.querySelector('[data-pick="all"]')?.addEventListener('click', () => this.#pick(true), { signal });
    form.querySelector('[data-pick="none"]')?.addEventListener('click', () => this.#pick(false), { signal });
    this.read();
  }

  /** The settings as they stand, or null with every fault explained and the first faulty field focused. */
  read(focus = false): WantedSettings | null {
    const result = settingsFromTexts(this.#texts());
    this.faults = 'faults' in result ? result.faults : [];
    this.showFaults(this.faults, focus);
    if ('faults' in result) return null;
    this.#summarize(result.settings);
    this.#showNetwork(result.settings);
    return result.settings;
  }

  /** The lanes that are chosen, also while the fields are locked. */
  techniques(): TechniqueId[] {
    const boxes = [...this.#form.querySelectorAll<HTMLInputElement>('input[name="techniques"]:checked')];
    return boxes.map(({ value }) => value).filter(isTechnique);
  }

  /** Explains faults beside their fields, ours and the server's alike; those that are gone lose their explanation. */
  showFaults(faults: readonly SettingFault[], focus = false): void {
    const box = this.#form.querySelector('details');
    if (box && faults.length > 0) box.open = true;
    const byField = new Map(faults.map((fault) => [fault.field, fault]));
    let first = true;
    for (const box of this.#form.querySelectorAll<HTMLElement>('[data-fault]')) {
      const field = box.dataset.fault ?? '';
      const fault = byField.get(field);
      box.textContent = fault ? this.#explain(fault) : '';
      for (const input of this.#form.querySelectorAll<HTMLInputElement>(`input[name="${field}"]`)) {
        if (fault) input.setAttribute('aria-invalid', 'true');
        else input.removeAttribute('aria-invalid');
        if (fault && first && focus) input.focus();
        if (fault) first = false;
      }
    }
  }

  /** Tells the settings in one line, for where the fields are folded away. */
  #summarize(settings: WantedSettings): void {
    const summary = this.#form.querySelector('[data-part="summary"]');
    const { count, exactBytes } = this.#format;
    const words = this.#words;
    if (!summary) return;
    const conditions = simulatedInWords(settings, words, this.#format);
    const { uplinkPerSecond, subscribers, faults } = settings;
    const parts = [
      say(words, 'lab.form.summary', {
        techniques: count(settings.techniques.length),
        rate: String(settings.eventsPerSecond),
        arrivals: say(words, `lab.arrivals.${settings.arrivals}`),
        payload: exactBytes(settings.payloadBytes),
        duration: count(settings.durationSeconds),
      }),
      uplinkPerSecond > 0 && say(words, 'lab.form.uplink', { rate: String(uplinkPerSecond) }),
      subscribers > 0 && say(words, 'lab.form.simulatedClients', { count: subscribers }),
      conditions && say(words, 'lab.form.simulated', { conditions }),
      faults.length > 0 && say(words, 'lab.form.planned', { count: faults.length }),
    ];
    summary.textContent = parts.filter(Boolean).join('; ');
  }

  /** While a run goes on its settings cannot be changed. */
  setBusy(busy: boolean): void {
    for (const fieldset of this.#form.querySelectorAll('fieldset')) fieldset.disabled = busy;
  }

  /** Puts settings into the page's address, without a new entry in its history. */
  remember(settings: WantedSettings): void {
    history.replaceState(history.state, '', queryFromSettings(settings) + location.hash);
  }

  /** Puts the settings of a run that was called from elsewhere into the fields and the page's address. */
  fill(settings: WantedSettings): void {
    this.#form.reset();
    this.#fill(textsFromQuery(queryFromSettings(settings)));
    this.#form.dispatchEvent(new Event('change'));
  }

  #changed(): void {
    const settings = this.read();
    if (settings) this.remember(settings);
  }

  #pick(on: boolean): void {
    for (const box of this.#form.querySelectorAll<HTMLInputElement>('input[name="techniques"]')) box.checked = on;
    this.#changed();
  }

  #texts(): SettingTexts {
    const data = new FormData(this.#form);
    // A disabled fieldset is left out of FormData, and a number field that holds no number says ''.
    const texts: SettingTexts = { techniques: data.getAll('techniques').map(String) };
    for (const name of [...NUMERIC, 'arrivals', 'faults'] as const) {
      const value = data.get(name);
      if (value !== null) texts[name] = String(value);
    }
    return texts;
  }

  #fill(texts: SettingTexts): void {
    for (const input of this.#form.querySelectorAll<HTMLInputElement>('input[name]')) {
      const { name, type } = input;
      if (name === 'techniques') input.checked = texts.techniques?.includes(input.value) ?? input.checked;
      else if (type === 'radio') input.checked = texts.arrivals ? texts.arrivals === input.value : input.checked;
      else input.value = texts[name as keyof typeof RANGES | 'faults'] ?? input.value;
    }
  }

  #explain(fault: SettingFault): string {
    const kind = kindOfFault(fault);
    const { count } = this.#format;
    const values: Record<string, string> = { got: String(fault.got), takes: fault.takes };
    if (kind === 'whole' || kind === 'number') {
      const range = RANGES[fault.field as keyof typeof RANGES];
      values.min = kind === 'whole' ? count(range.min) : String(range.min);
      values.max = count(range.max);
    }
    if (kind === 'feed') {
      const rate = Number(this.#texts().eventsPerSecond);
      values.rate = String(rate);
      values.most = count(Math.floor(MAX_FEED_BYTES_PER_SECOND / rate));
      values.total = count(MAX_FEED_BYTES_PER_SECOND);
    }
    return say(this.#words, `lab.fault.${kind}`, values);
  }
}
