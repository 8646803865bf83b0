/** The guide at work: reads the answers, hides the reasons that do not speak, adds what the reader's own runs measured. */

import type { Connect } from '../../kit/element.ts';
import { formatter } from '../../kit/format.ts';
import { readWords, say } from '../../kit/words.ts';
import { lastRun } from '../demo/last-runs.ts';
import { type Advice, advise, type Candidate, readAnswers, type Standing, USUAL } from './choosing-rules.ts';

/** Connects the shell `root`. */
export const connectChoosing: Connect = (root, signal) => {
  const form = root.querySelector('form');
  const summary = root.querySelector('.summary');
  if (!form || !summary) throw new Error('<push-choosing> lacks its form or its .summary');
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const list = new Intl.ListFormat(words.language ?? 'en', { type: 'unit' });
  const sections = new Map(
    [...root.querySelectorAll<HTMLElement>('section[data-technique]')].map((section) => [
      section.dataset.technique as Candidate,
      section,
    ]),
  );

  function show(advice: readonly Advice[]): void {
    for (const { technique, standing, reasons } of advice) {
      const section = sections.get(technique);
      if (!section) continue;
      section.dataset.standing = standing;
      const said = section.querySelector('.standing');
      if (said) said.textContent = say(words, `choosing.standing.${standing}`);
      for (const row of section.querySelectorAll<HTMLElement>('[data-rule]'))
        row.hidden = !reasons.includes(row.dataset.rule ?? '');
    }
    const named = (standing: Standing): string => {
      const names = advice
        .filter((one) => one.standing === standing)
        .map((one) => sections.get(one.technique)?.dataset.name ?? '');
      return names.length > 0 ? list.format(names) : say(words, 'choosing.none');
    };
    if (summary)
      summary.textContent = say(words, 'choosing.summary', {
        fits: named('fits'),
        care: named('care'),
        against: named('against'),
      });
  }

  /** What the last run of each technique on this device measured; its sentence comes in the place of the hint to run it. */
  function showOwn(): void {
    for (const [technique, section] of sections) {
      const run = lastRun(technique);
      const own = section.querySelector<HTMLElement>('.own');
      const none = section.querySelector<HTMLElement>('.own-none');
      if (!run || !own || !none) continue;
      own.textContent = say(words, 'choosing.own', {
        rate: new Intl.NumberFormat(words.language ?? 'en').format(run.settings.eventsPerSecond),
        duration: format.seconds(run.settings.durationSeconds * 1000),
        perEvent: format.bytes(run.figures.bytesPerEvent ?? Number.NaN),
        median: format.ms(run.figures.latencyP50 ?? Number.NaN),
      });
      own.hidden = false;
      none.hidden = true;
    }
  }

  const address = new URLSearchParams(location.search);
  const begin = readAnswers((question) => address.get(question));
  for (const [question, answer] of Object.entries(begin)) {
    const input = form.querySelector<HTMLInputElement>(`[name="${question}"][value="${answer}"]`);
    if (input) input.checked = true;
  }
  form.addEventListener(
    'change',
    () => {
      const given = new FormData(form);
      const answers = readAnswers((question) => given.get(question) as string | null);
      show(advise(answers));
      // So that a case can be sent to somebody: the same answers make the same advice there.
      const query = new URLSearchParams(
        Object.entries(answers).filter(([question, answer]) => answer !== USUAL[question as keyof typeof USUAL]),
      ).toString();
      history.replaceState(history.state, '', `${location.pathname}${query && `?${query}`}${location.hash}`);
    },
    { signal },
  );
  form.addEventListener('submit', (event) => event.preventDefault(), { signal });
  show(advise(begin));
  showOwn();
};
