/**
 * The second tab of the lab of connections: this page at the address that the lab counts. It tells the first one over a
 * BroadcastChannel that it is here, and is told how long its request waited.
 */
import { openChannel } from '../kit/channel.ts';
import type { Format } from '../kit/format.ts';
import { say, setText, type Words } from '../kit/words.ts';
import type { ConnectionLab } from './connection-watch.ts';

const CHANNEL = 'pushlab-connections';
const PATH = /^\/probe\/connections\/([0-9a-f]{32})\/tab$/;

type Message = { lab: string; n: number } & ({ type: 'here' } | { type: 'waited'; ms: number });

/** Answers each tab of this lab with how long its request waited, until `signal` aborts. */
export function tellTabs(lab: ConnectionLab, signal: AbortSignal): void {
  const channel = openChannel(CHANNEL);
  if (!channel) return;
  signal.addEventListener('abort', () => channel.close());
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    const one = data.type === 'here' && data.lab === lab.id ? lab.asked.get(data.n) : undefined;
    if (one && one.reached !== null)
      channel.postMessage({ type: 'waited', lab: lab.id, n: one.n, ms: one.reached - one.asked } satisfies Message);
  };
}

/** On the second tab: says that this is one, and how long it waited as soon as the first tab has told. */
export function secondTab(
  words: Words,
  format: Format,
  part: (name: string) => HTMLElement,
  signal: AbortSignal,
): void {
  const [, lab] = PATH.exec(location.pathname) ?? [];
  if (!lab) return;
  const query = new URLSearchParams(location.search);
  const n = Number(query.get('n'));
  // That address was good for once: reloaded or shared, it leads to the page itself.
  history.replaceState(null, '', query.get('back') ?? '/');
  part('second').hidden = false;
  const channel = openChannel(CHANNEL);
  if (!channel) return;
  signal.addEventListener('abort', () => channel.close());
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.type !== 'waited' || data.lab !== lab || data.n !== n) return;
    const waited = data.ms < 1000 ? format.ms(data.ms) : format.seconds(data.ms);
    setText(part('second-text'), say(words, 'connections.second.waited', { waited }));
  };
  channel.postMessage({ type: 'here', lab, n } satisfies Message);
}
