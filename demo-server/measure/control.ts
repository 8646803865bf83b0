/**
 * The control socket of one run: clock pings, start and stop, run states and ledgers. Never counted in a lane.
 */
import { type ControlMessage, type ControlRequest, type RunLedger, withChanges } from '../protocol.ts';
import { type PingSample, pageTime } from './clock.ts';

export interface Control {
  send(request: ControlRequest): void;
  /** Resolves with the sample of one ping; rejects once the socket is closed. */
  ping(): Promise<PingSample>;
  /** Resolves when the socket has closed, whoever closed it. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Opens the control socket of run `run` on `server` ('' = this page's origin). Every message but pongs goes to `tell`;
 * what has changed in the ledger comes as the whole ledger that it leads to.
 * Rejects when the handshake fails, or after `timeoutMs` without an answer.
 */
export function openControl(
  server: string,
  run: string,
  tell: (message: ControlMessage) => void,
  signal: AbortSignal,
  timeoutMs = 5000,
): Promise<Control> {
  const address = new URL(`${server}/control?run=${encodeURIComponent(run)}`, globalThis.location?.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address);
  const pings = new Map<number, { sent: number; done(sample: PingSample): void; fail(error: Error): void }>();
  let lastPing = 0;
  let ledger: RunLedger | undefined;

  const closed = new Promise<void>((resolve) => {
    socket.addEventListener('close', () => {
      for (const ping of pings.values()) ping.fail(new Error('The control socket closed'));
      pings.clear();
      resolve();
    });
  });
  socket.addEventListener('message', ({ data }) => {
    const received = pageTime();
    const message = JSON.parse(String(data)) as ControlMessage;
    if (message.type === 'ledger') ledger = message.ledger;
    if (message.type === 'changes') {
      ledger = withChanges(ledger, message.changes) as RunLedger;
      return tell({ type: 'ledger', at: message.at, ledger });
    }
    if (message.type !== 'pong') return tell(message);
    const ping = pings.get(message.id);
    pings.delete(message.id);
    ping?.done({ sent: ping.sent, at: message.at, received });
  });
  const close = () => socket.close();
  signal.addEventListener('abort', close, { once: true });
  void closed.then(() => signal.removeEventListener('abort', close));

  const control: Control = {
    closed,
    close,
    send(request) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
    },
    ping() {
      return new Promise((done, fail) => {
        if (socket.readyState !== WebSocket.OPEN) return fail(new Error('The control socket is closed'));
        const id = ++lastPing;
        // The text is made first, so that the stamp stands as close to the wire as it can.
        const text = JSON.stringify({ type: 'ping', id } satisfies ControlRequest);
        pings.set(id, { sent: pageTime(), done, fail });
        socket.send(text);
      });
    },
  };
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(close, timeoutMs);
    socket.addEventListener('open', () => {
      clearTimeout(tooLate);
      resolve(control);
    });
    void closed.then(() => {
      clearTimeout(tooLate);
      reject(new Error(`No control socket at ${address.host}`));
    });
  });
}
