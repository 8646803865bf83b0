/**
 * The chooser of a simulated network: a name fills in its values, and values that belong to no name are the reader's own.
 */
import { NETWORKS, type NetworkId, type NetworkSettings } from '../../../demo-server/protocol.ts';
import { networkOf } from './condition-words.ts';

/** Connects the chooser inside `form`; returns how to show the network that settings belong to. Ends with `signal`. */
export function connectNetwork(form: HTMLFormElement, signal: AbortSignal): (settings: NetworkSettings) => void {
  const chooser = form.querySelector<HTMLSelectElement>('[data-part="network"]');
  if (!chooser) throw new Error('The form lacks its chooser of networks');
  chooser.addEventListener(
    'change',
    () => {
      const values = NETWORKS[chooser.value as NetworkId] as NetworkSettings | undefined;
      for (const [name, value] of Object.entries(values ?? {})) {
        const field = form.querySelector<HTMLInputElement>(`input[name="${name}"]`);
        if (field) field.value = String(value);
      }
      // Who wants values of their own writes them next.
      if (!values) form.querySelector<HTMLInputElement>('input[name="rttMs"]')?.select();
    },
    { signal },
  );
  return (settings) => {
    if (document.activeElement === chooser && chooser.value === 'own') return;
    chooser.value = networkOf(settings) ?? 'own';
  };
}
