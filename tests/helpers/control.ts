/** A control socket as a page opens it, with everything that it was told. */
import { onTestFinished } from 'vitest';
import { type ControlMessage, type RunLedger, withChanges } from '../../demo-server/protocol.ts';

type MessageOf<T extends ControlMessage['type']> = Extract<ControlMessage, { type: T }>;

export interface ControlClient {
  /** Sends it as JSON. */
  send(message: unknown): void;
  /** Sends a text or bytes as they are. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void;
  /** All messages of one type so far, oldest first. Each change of the ledger is here as the whole ledger that it led to, too. */
  told<T extends ControlMessage['type']>(type: T): MessageOf<T>[];
  /** Resolves as soon as `enough` says so, which is asked after every message; rejects when the socket closes before. */
  until(enough: () => boolean): Promise<void>;
  /** Resolves with the code that the socket was closed with. */
  closed: Promise<number>;
  close(): void;
}

/** Opens the control socket of a run (of the open feed if none is named); resolves once it is open. */
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
