/**
 * The control socket of one run: clock pings, start and stop, run states and ledgers. Never counted in a lane.
 */
import { type ControlMessage, type ControlRequest, type FaultOrder, type RunLedger, withChanges } from '../protocol.ts';
import { type PingSample, pageTime } from './clock.ts';

export interface Control {
  send(request: ControlRequest): void;
  /** Resolves with the sample of one ping; rejects once the socket is closed. */
  ping(): Promise<PingSample>;
  /** Begins a fault in the run. Rejects with the server's words where it refuses, and once the socket is closed. */
  disturb(order: FaultOrder): Promise<void>;
  /** Resolves when the socket has closed, whoever closed it. */
  readonly closed: Promise<void>;
  close(): void;
}

/** A request of ours that the server has not answered yet. */
interface Waiting {
  answered(message: ControlMessage, received: number): void;
  fail(error: Error): void;
}

/**
 * Opens the control socket of run `run` on `server` ('' = this page's origin). Every message but the answers to pings and
 * faults goes to `tell`; what has changed in the ledger comes as the whole ledger that it leads to.
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
  /** By the id that request and answer carry. */
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let ledger: RunLedger | undefined;

  const closed = new Promise<void>((resolve) => {
    socket.addEventListener('close', () => {
      for (const { fail } of waiting.values()) fail(new Error('The control socket closed'));
      waiting.clear();
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
    const id = 'id' in message ? message.id : undefined;
    if (id === undefined) return tell(message);
    waiting.get(id)?.answered(message, received);
    waiting.delete(id);
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
      return new Promise((resolve, fail) => {
        if (socket.readyState !== WebSocket.OPEN) return fail(new Error('The control socket is closed'));
        const id = ++lastId;
        // The text is made first, so that the stamp stands as close to the wire as it can.
        const text = JSON.stringify({ type: 'ping', id } satisfies ControlRequest);
        const sent = pageTime();
        waiting.set(id, {
          answered: (message, received) => message.type === 'pong' && resolve({ sent, at: message.at, received }),
          fail,
        });
        socket.send(text);
      });
    },
    disturb(order) {
      return new Promise((resolve, fail) => {
        if (socket.readyState !== WebSocket.OPEN) return fail(new Error('The control socket is closed'));
        const id = ++lastId;
        waiting.set(id, {
          answered: (message) => (message.type === 'error' ? fail(new Error(message.message)) : resolve()),
          fail,
        });
        socket.send(JSON.stringify({ type: 'fault', id, ...order } satisfies ControlRequest));
      });
    },
  };
  return opened(socket, control, address.host, timeoutMs);
}

/** Resolves with `control` once its socket is open; rejects when it closes before, or does not open in time. */
function opened(socket: WebSocket, control: Control, host: string, timeoutMs: number): Promise<Control> {
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(control.close, timeoutMs);
    socket.addEventListener('open', () => {
      clearTimeout(tooLate);
      resolve(control);
    });
    void control.closed.then(() => {
      clearTimeout(tooLate);
      reject(new Error(`No control socket at ${host}`));
    });
  });
}
