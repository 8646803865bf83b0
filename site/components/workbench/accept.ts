/** The Accept workbench at work: every step for the key in the field, and the same for a handshake that really took place. */

import type { WireExchange } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { readWords, say } from '../../kit/words.ts';
import { acceptSteps, GUID, randomKey, readKey, SAMPLE } from './accept-steps.ts';
import { hexOf } from './frame-codec.ts';

/** Connects the shell `root`. */
export const connectAccept: Connect = (root, signal) => {
  const part = partsOf(root);
  const words = readWords(root);
  const input = part<HTMLInputElement>('input');
  const on = (name: string, type: string, act: (event: Event) => void) =>
    part(name).addEventListener(type, act, { signal });

  function put(values: Partial<Record<'key' | 'guid' | 'joined' | 'digest' | 'accept', string>>): void {
    for (const name of ['key', 'guid', 'joined', 'digest', 'accept'] as const)
      part(name).textContent = values[name] ?? '–';
  }
  async function compute(): Promise<void> {
    const text = input.value;
    const key = readKey(text);
    const fault = 'fault' in key ? say(words, `accept.fault.${key.fault}`, key.values) : '';
    part('fault').textContent = fault;
    input.toggleAttribute('aria-invalid', fault !== '');
    if ('fault' in key) {
      part('key-text').textContent = '';
      part('joined-text').textContent = '';
      return put({ guid: GUID });
    }
    const characters = text.trim().length;
    part('key-text').textContent = say(words, 'accept.step.keyText', { characters, count: key.bytes.length });
    part('joined-text').textContent = say(words, 'accept.step.joinedText', { characters: characters + GUID.length });
    const known = { key: hexOf(key.bytes), guid: GUID, joined: text.trim() + GUID };
    if (!globalThis.crypto.subtle) {
      part('fault').textContent = say(words, 'accept.insecure');
      return put(known);
    }
    const { digest, accept } = await acceptSteps(text);
    // Another key may stand there by now.
    if (input.value === text) put({ ...known, digest: hexOf(digest), accept });
  }
  function take(key: string): void {
    input.value = key;
    part('said').textContent = '';
    void compute();
  }

  /** Connects to an echo whose bytes the server keeps, and reads key and answer from them: a script cannot see either. */
  async function real(): Promise<void> {
    const said = part('said');
    said.textContent = say(words, 'accept.real.waiting');
    try {
      const record = hexOf(crypto.getRandomValues(new Uint8Array(16))).replaceAll(' ', '');
      const url = new URL(`${demoServer()}/echo/${record}`, location.href);
      url.protocol = url.protocol.replace('http', 'ws');
      const socket = new WebSocket(url);
      await new Promise((resolve, reject) => {
        socket.addEventListener('open', resolve, { signal });
        socket.addEventListener('close', reject, { signal });
      });
      socket.close(1000);
      const answer = await fetch(`${demoServer()}/echoes/${record}`, { signal });
      const { exchanges } = (await answer.json()) as { exchanges: WireExchange[] };
      const segments = exchanges[0]?.segments ?? [];
      const head = segments.flatMap(({ kind, bytes }) => (kind === 'head' ? atob(bytes) : [])).join('');
      const headerOf = (name: string) => new RegExp(`^${name}: *(\\S+)`, 'im').exec(head)?.[1] ?? '';
      const [key, accept] = [headerOf('Sec-WebSocket-Key'), headerOf('Sec-WebSocket-Accept')];
      take(key);
      const computed = (await acceptSteps(key)).accept;
      const outcome = computed === accept ? 'same' : 'other';
      said.textContent = say(words, `accept.real.${outcome}`, { key, accept, computed });
    } catch {
      if (!signal.aborted) said.textContent = say(words, 'accept.real.failed');
    }
  }

  on('form', 'submit', (event) => event.preventDefault());
  on('input', 'input', () => void compute());
  on('sample', 'click', () => take(SAMPLE));
  on('random', 'click', () => take(randomKey()));
  on('thirteen', 'click', () => take(randomKey(13)));
  on('real', 'click', () => void real());
  void compute();
};
