/** `<push-check>`: what it runs is loaded by its start button. */
import { defineElement } from '../kit/element.ts';

defineElement('push-check', {
  when: 'pressed',
  load: () => import('./check.ts').then(({ connectCheck }) => connectCheck),
});
