/** The class's socket of a simulated device: what a browser's page has, without the page. */
import type { ClassMessage, ClassPicture, ClassRequest, TeacherAction, TeacherPicture } from '../classroom/protocol.ts';
import { now } from '../measure/lane.ts';

type MessageOf<T extends ClassMessage['type']> = Extract<ClassMessage, { type: T }>;

export interface Device {
  send(request: ClassRequest): void;
  /** The class as it was shown last, and when that came (ms since the epoch). */
  readonly class: ClassPicture | null;
  readonly console: TeacherPicture | null;
  /** Called with each picture as it comes. */
  watch(hear: (picture: ClassPicture, at: number) => void): () => void;
  /** Resolves once `enough` says so of what has come; rejects when the socket closes before. */
  until<T>(enough: () => T | null | undefined | false): Promise<T>;
  act(action: TeacherAction): Promise<MessageOf<'done'>>;
  /** What the first message of this type was. */
  first<T extends ClassMessage['type']>(type: T): MessageOf<T> | undefined;
  /** Is gone at once, as a device whose wifi is. */
  drop(): void;
}

/** Connects to the class at `server` (its origin) and greets it. Rejects where that fails. */
export async function connect(server: string, hello: Extract<ClassRequest, { type: 'hello' }>): Promise<Device> {
  const socket = new WebSocket(`${server.replace(/^http/, 'ws')}/classroom`);
  const firsts = new Map<string, ClassMessage>();
  const dones = new Map<number, MessageOf<'done'>>();
  const waiting = new Set<(over?: string) => void>();
  const watchers = new Set<(picture: ClassPicture, at: number) => void>();
  let shown: ClassPicture | null = null;
  let picture: TeacherPicture | null = null;
  let acts = 0;
  socket.addEventListener('message', ({ data }) => {
    const at = now();
    const message = JSON.parse(String(data)) as ClassMessage;
    if (!firsts.has(message.type)) firsts.set(message.type, message);
    if (message.type === 'done') dones.set(message.id, message);
    if (message.type === 'console') ({ picture } = message);
    if (message.type === 'class') {
      shown = message.class;
      for (const hear of watchers) hear(shown, at);
    }
    for (const check of [...waiting]) check();
  });
  socket.addEventListener('close', ({ code, reason }) => {
    for (const check of [...waiting]) check(`${code} ${reason}`);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`no class at ${server}`)));
  });
  const send = (request: ClassRequest) => socket.send(JSON.stringify(request));
  const until = <T>(enough: () => T | null | undefined | false): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (over?: string): void => {
        const value = enough();
        if (!value && over === undefined) return;
        waiting.delete(check);
        if (value) resolve(value);
        else reject(new Error(`the class let a device go: ${over}`));
      };
      waiting.add(check);
      check();
    });
  send(hello);
  return {
    send,
    get class() {
      return shown;
    },
    get console() {
      return picture;
    },
    watch(hear) {
      watchers.add(hear);
      return () => watchers.delete(hear);
    },
    until,
    act(action) {
      const id = ++acts;
      send({ type: 'act', id, action });
      return until(() => dones.get(id));
    },
    first: <T extends ClassMessage['type']>(type: T) => firsts.get(type) as MessageOf<T> | undefined,
    drop: () => socket.close(),
  };
}
