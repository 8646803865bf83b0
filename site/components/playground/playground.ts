/** The playground at work: one WebSocket at a time, everything that happens to it, and its frames from the server. */

import type { WireExchange } from '../../../demo-server/protocol.ts';
import type { Connect } from '../../kit/element.ts';
import { formatter } from '../../kit/format.ts';
import { partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { readWords, say } from '../../kit/words.ts';
import { connectDrawing } from './playground-drawing.ts';
import { carriedBy, framesHtml, headsHtml, sizesHtml } from './playground-frames.ts';

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const;
/** Lines kept in the log. */
const MOST_LINES = 200;
/** What comes together is read from the server together (ms). */
const READ_AFTER_MS = 150;
/** One letter more than the server takes in a message. */
const TOO_LONG = 16 * 1024 + 1;

/** Connects the shell `root`. */
export const connectPlayground: Connect = (root, signal) => {
  const part = partsOf(root);
  const field = (name: string) => part<HTMLInputElement>(name);
  const words = readWords(root);
  const format = formatter(words.language ?? 'en');
  const utf8 = new TextEncoder();
  const on = (target: EventTarget, type: string, act: (event: Event) => void) =>
    target.addEventListener(type, act, { signal });

  if (!('WebSocket' in window)) {
    part('none').hidden = false;
    return;
  }

  /** Random, and not guessable: whoever knows it may read these frames. */
  const record = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  let socket: WebSocket | undefined;
  let since = 0;
  /** What the script has sent and got on this connection, in bytes of messages. */
  let plain = { up: 0, down: 0 };

  // ------------------------------------------------------------------------------------------------- showing

  function log(key: string, values: Record<string, string | number> = {}, threw = false): void {
    const list = part('log');
    const line = document.createElement('li');
    const [time, text] = [document.createElement('time'), document.createElement('span')];
    time.textContent = since === 0 ? '' : format.moment(performance.now() - since);
    text.textContent = say(words, `ws.log.${key}`, values);
    if (threw) line.className = 'threw';
    line.append(time, text);
    list.append(line);
    while (list.childElementCount > MOST_LINES) list.firstElementChild?.remove();
    const box = part('log-box');
    box.scrollTop = box.scrollHeight;
  }
  /** Drawings that come back one behind the other share a line. */
  function logBinary(values: { type: string; bytes: string }): void {
    const last = part('log').lastElementChild as HTMLElement | null;
    const same = last?.dataset.of === values.bytes + values.type;
    const count = same ? Number(last.dataset.count) + 1 : 1;
    if (!same) log('binary', { ...values, count });
    const line = part('log').lastElementChild as HTMLElement;
    line.dataset.of = values.bytes + values.type;
    line.dataset.count = String(count);
    (line.lastElementChild as HTMLElement).textContent = say(words, 'ws.log.binary', { ...values, count });
  }
  const stateOf = (one: WebSocket): string => `${one.readyState} ${STATES[one.readyState]}`;
  const quoted = (text: string): string => (text === '' ? say(words, 'ws.empty') : `“${text}”`);
  const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

  let told: string | undefined;
  function show(): void {
    const now = socket ? stateOf(socket) : undefined;
    for (const item of root.querySelectorAll<HTMLElement>('.states [data-state]')) {
      if (socket && item.dataset.state === String(socket.readyState)) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    }
    if (now !== told) part('state').textContent = `${say(words, 'ws.state')} ${now ?? ''}`;
    told = now;
    root.dataset.ready = String(socket?.readyState ?? '');
    part('protocol').textContent = socket ? quoted(socket.protocol) : '–';
    part('extensions').textContent = socket ? quoted(socket.extensions) : '–';
    part('buffered').textContent = socket ? format.exactBytes(socket.bufferedAmount) : '–';
    // After the end sending stays possible: what it does then is worth seeing. Before the beginning there is nothing.
    for (const button of root.querySelectorAll<HTMLButtonElement>('[data-open], [data-made]'))
      button.disabled = socket === undefined;
  }

  let reading = 0;
  function readSoon(): void {
    clearTimeout(reading);
    reading = window.setTimeout(read, READ_AFTER_MS);
  }
  async function read(): Promise<void> {
    const status = part('frames-status');
    try {
      const answer = await fetch(`${demoServer()}/echoes/${record}`, { signal });
      const { exchanges } = (await answer.json()) as { exchanges: WireExchange[] };
      const exchange = exchanges.at(-1);
      if (!exchange) return;
      const look = { words, format };
      const { html, hidden } = framesHtml(exchange, look);
      part('frames').innerHTML = html;
      part('heads').innerHTML = headsHtml(exchange, look);
      part('handshake').hidden = false;
      const { omittedBytes } = exchange;
      part('sizes').hidden = false;
      part('sizes-note').hidden = omittedBytes === 0;
      part('size-rows').innerHTML = omittedBytes > 0 ? '' : sizesHtml(carriedBy(exchange), plain, look);
      const omitted =
        omittedBytes > 0 ? say(words, 'ws.bytes.omitted', { bytes: format.exactBytes(omittedBytes) }) : '';
      status.textContent = `${hidden > 0 ? say(words, 'ws.bytes.more', { count: hidden }) : ''} ${omitted}`.trim();
    } catch {
      if (!signal.aborted) status.textContent = say(words, 'ws.bytes.failed');
    }
  }

  /** Does what may throw, and tells what was thrown instead. */
  function attempt(call: string, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      const { name, message } = error as DOMException;
      log('threw', { call, name, message }, true);
      return false;
    } finally {
      show();
    }
  }

  // ------------------------------------------------------------------------------------------- the connection

  function connect(): void {
    const protocols = field('protocols')
      .value.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    const url = new URL(`${demoServer()}/echo/${record}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    url.searchParams.set('deflate', part<HTMLSelectElement>('deflate').value);
    attempt(`new WebSocket(…, ${JSON.stringify(protocols)})`, () => {
      const made = new WebSocket(url, protocols);
      socket?.close();
      socket = made;
      since = performance.now();
      plain = { up: 0, down: 0 };
      part('size-rows').replaceChildren();
      part('sizes').hidden = true;
      made.binaryType = part<HTMLSelectElement>('binary-type').value as BinaryType;
      log('connecting', { state: stateOf(made) });
      follow(made);
    });
  }

  function follow(made: WebSocket): void {
    const mine = (act: (event: Event) => void) => (event: Event) => {
      if (socket !== made) return;
      act(event);
      show();
      readSoon();
    };
    on(
      made,
      'open',
      mine(() => log('open', { state: stateOf(made), protocol: quoted(made.protocol) })),
    );
    on(
      made,
      'message',
      mine((event) => {
        const { data } = event as MessageEvent<string | Blob | ArrayBuffer>;
        if (typeof data === 'string') {
          plain.down += utf8.encode(data).length;
          log('message', { bytes: format.exactBytes(utf8.encode(data).length), text: short(data) });
          return;
        }
        const bytes = data instanceof Blob ? data.size : data.byteLength;
        plain.down += bytes;
        logBinary({ type: data.constructor.name, bytes: format.exactBytes(bytes) });
        void drawing.cameBack(data);
      }),
    );
    on(
      made,
      'error',
      mine(() => log('error')),
    );
    on(
      made,
      'close',
      mine((event) => {
        const { code, reason, wasClean } = event as CloseEvent;
        log('close', { code, reason: quoted(reason), clean: String(wasClean), state: stateOf(made) });
      }),
    );
  }

  function sendText(text: string): void {
    const now = socket;
    if (!now) return;
    const late = now.readyState > WebSocket.OPEN;
    const sent = attempt('send()', () => now.send(text));
    if (sent && late) log('ignored', { bytes: format.exactBytes(now.bufferedAmount) }, true);
    else if (sent && now.readyState === WebSocket.OPEN) plain.up += utf8.encode(text).length;
    if (sent && !late) log('sentText', { bytes: format.exactBytes(utf8.encode(text).length), text: short(text) });
    readSoon();
  }

  const drawing = connectDrawing({
    part,
    words,
    format,
    signal,
    send(bytes, times) {
      const now = socket;
      if (!now) return undefined;
      const late = now.readyState > WebSocket.OPEN;
      const sent = attempt('send()', () => {
        for (let i = 0; i < times; i += 1) now.send(bytes);
      });
      readSoon();
      if (sent && late) log('ignored', { bytes: format.exactBytes(now.bufferedAmount) }, true);
      else if (sent) plain.up += times * bytes.byteLength;
      if (sent && !late) log('sentBinary', { count: times, bytes: format.exactBytes(bytes.byteLength) });
      return sent && !late ? now : undefined;
    },
    buffered: show,
  });

  function close(): void {
    const now = socket;
    const code = field('code').value.trim();
    const reason = field('reason').value;
    if (!now) return;
    // As it is written in a program: an argument that is left out is not there.
    const given: [number?, string?] = code === '' ? [] : reason === '' ? [Number(code)] : [Number(code), reason];
    const call = given.map((one) => (typeof one === 'string' ? `“${short(one)}”` : one)).join(', ');
    if (attempt(`close(${call})`, () => now.close(...given))) log('closing', { arguments: call, state: stateOf(now) });
  }
  function countReason(): void {
    const bytes = utf8.encode(field('reason').value).length;
    part('reason-bytes').textContent = say(words, 'ws.close.bytes', { bytes });
  }

  on(part('connect'), 'submit', (event) => {
    event.preventDefault();
    connect();
  });
  on(part('text-form'), 'submit', (event) => {
    event.preventDefault();
    sendText(field('text').value);
  });
  on(part('close-form'), 'submit', (event) => {
    event.preventDefault();
    close();
  });
  on(part('over'), 'click', () => sendText('over'));
  on(part('long'), 'click', () => sendText('x'.repeat(TOO_LONG)));
  on(part('reason'), 'input', countReason);
  on(part('long-reason'), 'click', () => {
    field('reason').value = 'r'.repeat(124);
    countReason();
  });
  on(part('clear-log'), 'click', () => part('log').replaceChildren());
  on(part('read'), 'click', () => void read());
  on(part('binary-type'), 'change', () => {
    if (socket) socket.binaryType = part<HTMLSelectElement>('binary-type').value as BinaryType;
  });
  signal.addEventListener('abort', () => {
    clearTimeout(reading);
    socket?.close();
  });
  countReason();
  show();
};
