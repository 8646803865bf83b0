/** A control socket as a page opens it, with everything that it has received. */
import { onTestFinished } from 'vitest';
import { type ControlMessage, type RunLedger, withChanges } from '../../demo-server/protocol.ts';

type MessageOf<T extends ControlMessage['type']> = Extract<ControlMessage, { type: T }>;

export interface ControlClient {
  /** Sends a message as JSON. */
  send(message: unknown): void;
  /** Sends text or bytes unchanged. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void;
  /** All messages of one type so far, oldest first. Each change of the ledger also appears as the whole ledger that results. */
  told<T extends ControlMessage['type']>(type: T): MessageOf<T>[];
  /** Resolves as soon as `enough` returns true; called after every message. Rejects if the socket closes first. */
  until(enough: () => boolean): Promise<void>;
  /** Resolves with the close code. */
  closed: Promise<number>;
  close(): void;
}

/** Opens the control socket of a run, by default that of the open feed. Resolves once it is open. */
export async function openControl(port: number, run?: string): Promise<ControlClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/control${run ? `?run=${run}` : ''}`);
  onTestFinished(() => socket.close());
  const messages: ControlMessage[] = [];
  let ledger: RunLedger | undefined;
  const waiting = new Set<(over?: number) => void>();
  const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data as string) as ControlMessage;
    messages.push(message);
    if (message.type === 'ledger') ledger = message.ledger;
    if (message.type === 'changes') {
      ledger = withChanges(ledger, message.changes) as RunLedger;
      messages.push({ type: 'ledger', at: message.at, ledger });
    }
    for (const check of [...waiting]) check();
  });
  void closed.then((code) => {
    for (const check of [...waiting]) check(code);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`the control socket of run ${run ?? 'open'} failed`)));
  });
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    sendRaw: (data) => socket.send(data),
    told: <T extends ControlMessage['type']>(type: T) =>
      messages.filter((message): message is MessageOf<T> => message.type === type),
    until: (enough) =>
      new Promise((resolve, reject) => {
        const check = (over?: number): void => {
          const done = enough();
          if (!done && over === undefined) return;
          waiting.delete(check);
          if (done) resolve();
          else reject(new Error(`the control socket was closed with ${over} after ${JSON.stringify(messages.at(-1))}`));
        };
        waiting.add(check);
        check();
      }),
    closed,
    close: () => socket.close(),
  };
}
