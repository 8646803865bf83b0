/** Devices of a class for tests: the class's socket with everything that it has received. */
import { onTestFinished } from 'vitest';
import type {
  ClassMessage,
  ClassPicture,
  TeacherAction,
  TeacherPicture,
} from '../../demo-server/classroom/protocol.ts';

type MessageOf<T extends ClassMessage['type']> = Extract<ClassMessage, { type: T }>;

export interface ClassDevice {
  send(message: unknown): void;
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void;
  told<T extends ClassMessage['type']>(type: T): MessageOf<T>[];
  /** Resolves with what `found` returns, as soon as it returns something; called after each message. Rejects if the socket closes first. */
  until<T>(found: () => T | undefined | null | false): Promise<T>;
  /** The class as this device has last received it. */
  class(): ClassPicture | undefined;
  console(): TeacherPicture | undefined;
  /** Sends a teacher's action. Resolves with the result. */
  act(action: TeacherAction): Promise<MessageOf<'done'>>;
  closed: Promise<{ code: number; reason: string }>;
  close(): void;
}

/** Opens the class's socket on this port. Resolves once it is open; nothing has been sent yet. */
export async function openDevice(
  port: number,
  atEnd: (end: () => void) => void = onTestFinished,
): Promise<ClassDevice> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/classroom`);
  atEnd(() => socket.close());
  const messages: ClassMessage[] = [];
  const waiting = new Set<(over?: string) => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason })),
  );
  socket.addEventListener('message', ({ data }) => {
    messages.push(JSON.parse(data as string));
    for (const check of [...waiting]) check();
  });
  void closed.then(({ code, reason }) => {
    for (const check of [...waiting]) check(`${code} ${reason}`);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('the class’s socket failed')));
  });
  let acts = 0;
  const told = <T extends ClassMessage['type']>(type: T) =>
    messages.filter((message): message is MessageOf<T> => message.type === type);
  const send = (message: unknown) => socket.send(JSON.stringify(message));
  const until = <T>(found: () => T | undefined | null | false): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (over?: string): void => {
        const value = found();
        if (!value && over === undefined) return;
        waiting.delete(check);
        if (value) resolve(value);
        else reject(new Error(`the class’s socket was closed (${over}) after ${JSON.stringify(messages.at(-1))}`));
      };
      waiting.add(check);
      check();
    });
  return {
    send,
    sendRaw: (data) => socket.send(data),
    told,
    until,
    class: () => told('class').at(-1)?.class,
    console: () => told('console').at(-1)?.picture,
    async act(action) {
      const id = ++acts;
      send({ type: 'act', id, action });
      return until(() => told('done').find((done) => done.id === id));
    },
    closed,
    close: () => socket.close(),
  };
}

/** A student who has just joined, with the secret of the seat. */
export async function joinClass(
  port: number,
  code: string,
  nickname: string,
  { atEnd, secret }: { atEnd?: (end: () => void) => void; secret?: string } = {},
): Promise<{ device: ClassDevice; seat: string; secret: string; nickname: string }> {
  const device = await openDevice(port, atEnd);
  device.send({ type: 'hello', as: 'new', code, nickname, secret });
  const told = await device.until(() => device.told('seat')[0]);
  return { device, seat: told.seat, secret: told.secret ?? '', nickname: told.nickname };
}

/** The teacher's device, after it has received its first view of the class. */
export async function openTeacher(
  port: number,
  token: string,
  atEnd?: (end: () => void) => void,
): Promise<ClassDevice> {
  const device = await openDevice(port, atEnd);
  device.send({ type: 'hello', as: 'teacher', token });
  await device.until(() => device.console());
  return device;
}
