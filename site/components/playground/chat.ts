/** The chat at work: one WebSocket to a room. Whatever others wrote becomes text, never markup. */

import type { ChatMessage } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { readWords, say } from '../../kit/words.ts';

const ROOM = /^[a-z0-9]{4,16}$/;
/** Letters and digits that nobody mixes up when one reads them aloud. */
const LETTERS = 'abcdefghkmnpqrstuvwxyz23456789';
/** What the server takes in a message (bytes). */
const MOST_BYTES = 500;
const MOST_LINES = 200;

/** Connects the shell `root`. */
export const connectChat: Connect = (root, signal) => {
  const part = partsOf(root);
  const field = (name: string) => part<HTMLInputElement>(name);
  const words = readWords(root);
  let socket: WebSocket | undefined;
  let mine = '';
  let sent = 0;
  let told = 0;

  function line(kind: 'said' | 'told' | 'fault', text: string, from = '', own = false): void {
    const item = document.createElement('li');
    item.dataset.kind = kind;
    if (own) item.dataset.mine = '';
    if (from !== '') {
      const name = document.createElement('b');
      name.textContent = from;
      item.append(name, ' ');
    }
    item.append(text);
    part('log').append(item);
    while (part('log').childElementCount > MOST_LINES) part('log').firstElementChild?.remove();
    part('box').scrollTop = part('box').scrollHeight;
  }
  const status = (key: string, values: Record<string, string | number> = {}): void => {
    part('status').textContent = say(words, `chat.${key}`, values);
  };
  function show(): void {
    const open = socket?.readyState === WebSocket.OPEN;
    for (const name of ['text', 'send']) part<HTMLInputElement>(name).disabled = !open;
    for (const name of ['room', 'name']) field(name).disabled = socket !== undefined;
    part('go').hidden = socket !== undefined;
    part('leave').hidden = socket === undefined;
    const again = part<HTMLAnchorElement>('again');
    again.hidden = !open;
    const url = new URL(location.href);
    url.searchParams.set('room', field('room').value);
    url.hash = root.id;
    again.href = url.href;
    part('sums').textContent = sent === 0 ? '' : say(words, 'chat.sums', { sent, told });
  }

  function hear(message: ChatMessage): void {
    if (message.type === 'dropped') {
      line('fault', say(words, 'chat.dropped'));
      return;
    }
    const { readers } = message;
    if (message.type === 'said') {
      line('said', message.text, message.from, message.mine);
      if (message.mine) told += readers;
    } else {
      if (message.type === 'came' && message.mine) mine = message.name;
      line('told', say(words, `chat.${message.type}`, { name: message.name }));
    }
    status('here', { count: readers, name: mine });
  }

  function join(): void {
    const room = field('room').value.trim().toLowerCase();
    field('room').value = room;
    if (!ROOM.test(room)) {
      status('badRoom', { got: room });
      return;
    }
    const url = new URL(`${demoServer()}/chat/${room}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    url.searchParams.set('name', field('name').value);
    const made = new WebSocket(url, 'chat');
    socket = made;
    [sent, told] = [0, 0];
    status('joining', { room });
    let opened = false;
    made.addEventListener('open', () => {
      opened = true;
      show();
      field('text').focus();
    });
    made.addEventListener('message', ({ data }) => {
      hear(JSON.parse(data as string) as ChatMessage);
      show();
    });
    made.addEventListener('close', ({ code, reason }) => {
      if (signal.aborted || socket !== made) return;
      socket = undefined;
      if (!opened) status('failed', { room });
      else if (code === 1000) status('left');
      else status('closed', { code, reason: reason || '–' });
      show();
    });
    show();
  }
  function send(): void {
    const text = field('text').value;
    if (text.trim() === '' || socket?.readyState !== WebSocket.OPEN) return;
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > MOST_BYTES) {
      line('fault', say(words, 'chat.long', { bytes, most: MOST_BYTES }));
      return;
    }
    socket.send(text);
    sent += 1;
    field('text').value = '';
    show();
  }

  const on = (name: string, type: string, act: () => void) =>
    part(name).addEventListener(
      type,
      (event) => {
        event.preventDefault();
        act();
      },
      { signal },
    );
  on('join', 'submit', join);
  on('say', 'submit', send);
  on('leave', 'click', () => socket?.close(1000));
  signal.addEventListener('abort', () => socket?.close(1000));

  const wanted = new URLSearchParams(location.search).get('room') ?? '';
  const drawn = Array.from(crypto.getRandomValues(new Uint8Array(5)), (n) => LETTERS[n % LETTERS.length]).join('');
  if (field('room').value === '') field('room').value = ROOM.test(wanted) ? wanted : drawn;
  show();
};
