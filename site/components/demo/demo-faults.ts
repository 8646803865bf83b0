/** The faults that a demo offers as buttons while it runs, and what came of them. */
import type { FaultId, FaultOrder, TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';
import { FaultReport } from '../../lab/faults/fault-report.ts';
import type { Break } from '../../lab/run/comparison.ts';

export interface DemoFaults {
  report: FaultReport;
  /** The run can be broken from now on, or not any more (null). */
  breakable(breakIt: Break | null): void;
}

interface Options {
  words: Words;
  format: Format;
  names: Readonly<Record<TechniqueId, string>>;
  signal: AbortSignal;
}

/** Connects the buttons `data-fault` of the demo `root`; null where it offers none. Ends with `signal`. */
export function connectDemoFaults(root: HTMLElement, { words, format, names, signal }: Options): DemoFaults | null {
  const group = root.querySelector<HTMLElement>('[data-part="break"]');
  const section = root.querySelector<HTMLElement>('[data-part="fault-report"]');
  const said = group?.querySelector('[role="status"]');
  if (!group || !section || !said) return null;
  const buttons = [...group.querySelectorAll<HTMLButtonElement>('button')];
  const seconds = Number(group.dataset.seconds ?? Number.NaN);
  let breakNow: Break | null = null;

  async function begin({ fault, lasts }: DOMStringMap): Promise<void> {
    if (!breakNow) return;
    const order: FaultOrder = { fault: fault as FaultId };
    if (lasts === 'true' && seconds > 0) order.seconds = seconds;
    try {
      await breakNow(order);
      tell('done', { fault: say(words, `lab.break.fault.${fault}`) });
    } catch (error) {
      tell('refused', { message: error instanceof Error ? error.message : String(error) });
    }
  }
  function tell(key: string, values: Record<string, string> = {}): void {
    if (said) said.textContent = say(words, `lab.break.${key}`, values);
  }

  for (const button of buttons) button.addEventListener('click', () => void begin(button.dataset), { signal });
  return {
    report: new FaultReport(section, words, format, names),
    breakable(breakIt) {
      breakNow = breakIt;
      for (const button of buttons) button.disabled = breakIt === null;
      tell(breakIt ? 'demoRunning' : 'demoIdle');
    },
  };
}
