/** The copy button of a shell line, and its address when the site stands somewhere else than the lesson says. */
import { copyText } from '../../kit/copy.ts';
import type { Connect } from '../../kit/element.ts';
import { demoServer } from '../../kit/server-address.ts';

const WRITTEN = 'http://localhost:4321';
const COPIED_MS = 4000;

export const connectTry: Connect = (root, signal) => {
  const [code, button, status] = ['[data-command]', 'button', '[role="status"]'].map((part) =>
    root.querySelector<HTMLElement>(part),
  );
  if (!code || !button || !status) throw new Error('<push-try> lacks its command, its button or its status');
  const command = (root.dataset.try ?? '').replaceAll(WRITTEN, demoServer() || location.origin);
  code.textContent = command;
  button.hidden = false;
  let timer = 0;
  const copy = async () => {
    clearTimeout(timer);
    const copied = await copyText(command);
    // Not allowed to: the line is selected, so that a key copies it.
    if (!copied) getSelection()?.selectAllChildren(code);
    status.textContent = (copied ? root.dataset.copied : root.dataset.failed) ?? '';
    timer = window.setTimeout(() => {
      status.textContent = '';
    }, COPIED_MS);
  };
  button.addEventListener('click', copy, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
};
