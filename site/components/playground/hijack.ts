/** The attack on the lesson's page: shows the hostile page in a frame, lets it go, and tells what it got and what the server saw. */
import type { Attempt, DemoAccount, SeenAttack } from '../../../demo-server/protocol.ts';
import { askServer, NoServer } from '../../kit/ask-server.ts';
import type { Connect } from '../../kit/element.ts';
import { partsOf } from '../../kit/parts.ts';
import { demoServer } from '../../kit/server-address.ts';
import { readWords, say } from '../../kit/words.ts';

/** A frame that has said nothing by then will not. */
const READY_MS = 8000;
const LOOPBACK = ['localhost', '127.0.0.1'];

/** What the hostile page tells. */
type Told =
  | { type: 'ready' }
  | { type: 'attempt'; attack: string; what: Attempt; read: string[]; end: string }
  | { type: 'over'; attack: string };

/** Connects the shell `root`. */
export const connectHijack: Connect = (root, signal) => {
  const part = partsOf(root);
  const words = readWords(root);
  const tell = (name: string, key: string, values: Record<string, string | number> = {}): void => {
    part(name).textContent = key === '' ? '' : say(words, `hijack.${key}`, values);
  };
  const [login, logout, go] = ['login', 'logout', 'go'].map((name) => part<HTMLButtonElement>(name));
  let account: DemoAccount | undefined;
  let origins: Record<string, string> = {};
  let frame: HTMLIFrameElement | undefined;
  let attack = '';
  let readWays = 0;
  let patience = 0;
  /** False where this page can show no attack, which is said then. */
  let able = true;

  const cell = (what: Attempt, name: 'seen' | 'got'): HTMLElement => {
    const found = root.querySelector<HTMLElement>(`[data-attempt="${what}"] [data-cell="${name}"]`);
    if (!found) throw new Error(`<push-hijack> has no row for "${what}"`);
    return found;
  };
  function enable(): void {
    if (login) login.disabled = account !== undefined || !able;
    if (logout) logout.disabled = account === undefined;
    if (go) go.disabled = account === undefined || origins.port === undefined || attack !== '';
  }

  // ------------------------------------------------------------------------------------------------ the reader

  async function askLogin(method: 'POST' | 'DELETE'): Promise<void> {
    try {
      const answer = await fetch('/hijack/login', { method, signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      account = method === 'POST' ? ((await answer.json()) as { account: DemoAccount }).account : undefined;
      if (account) tell('account', 'login.in', { origin: location.origin, ...account });
      else tell('account', 'login.nobody');
    } catch {
      if (!signal.aborted) tell('account', 'login.failed');
    }
    enable();
  }

  async function findSecondOrigin(): Promise<void> {
    // Its cookie is of the server's own site, and no page of another one could log in.
    if (demoServer() !== '') return cannot('frame.elsewhere', { server: demoServer() });
    if (location.protocol === 'https:') return tell('status', 'frame.https');
    try {
      const { port } = await askServer<{ port: number | null }>('/hijack/second-origin', { signal });
      if (port === null) return tell('status', 'frame.none');
      const other = LOOPBACK.includes(location.hostname)
        ? LOOPBACK.find((one) => one !== location.hostname)
        : undefined;
      origins = { port: `http://${location.hostname}:${port}` };
      if (other) origins.name = `http://${other}:${port}`;
      part('where').hidden = other === undefined;
      tell('port', 'frame.port', { origin: origins.port ?? '' });
      tell('name', 'frame.name', { origin: origins.name ?? '' });
      tell('status', 'frame.first');
    } catch (error) {
      if (!signal.aborted) cannot(error instanceof NoServer ? 'frame.noServer' : 'frame.none');
    }
    enable();
  }
  function cannot(key: string, values: Record<string, string> = {}): void {
    able = false;
    tell('status', key, values);
    tell('account', 'login.cannot');
    enable();
  }

  // ------------------------------------------------------------------------------------------------ the attack

  function begin(): void {
    const where = root.querySelector<HTMLInputElement>('[name="hijack-where"]:checked')?.value ?? 'port';
    const origin = origins[where] ?? '';
    attack = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
      '',
    );
    readWays = 0;
    for (const box of root.querySelectorAll<HTMLElement>('[data-cell]')) {
      box.textContent = '–';
      delete box.dataset.verdict;
    }
    tell('saw', 'saw.none');
    frame?.remove();
    frame = document.createElement('iframe');
    frame.title = say(words, 'hijack.frame.label', { origin });
    // Scripts, and its own origin instead of none: all that the attack needs. It may not open windows or lead away.
    frame.setAttribute('sandbox', 'allow-scripts allow-same-origin');
    frame.src = `${origin}/`;
    part('frame').append(frame);
    tell('status', 'frame.waiting', { origin });
    patience = window.setTimeout(() => {
      tell('status', 'frame.silent', { origin });
      end();
    }, READY_MS);
    enable();
  }
  function end(): void {
    clearTimeout(patience);
    attack = '';
    enable();
  }

  function show({ what, read, end: how }: Told & { type: 'attempt' }): void {
    const box = cell(what, 'got');
    const news = Math.max(0, read.length - 1);
    const stolen = account && read.some((text) => text.includes(account?.secret ?? ''));
    if (stolen) readWays += 1;
    box.dataset.verdict = stolen ? 'read' : read.length > 0 ? 'nobody' : 'blocked';
    const secret = account?.secret ?? '';
    box.textContent = say(words, `hijack.got.${box.dataset.verdict}`, { secret, end: how });
    if (stolen && news > 0) box.textContent += ` ${say(words, 'hijack.got.news', { count: news })}`;
  }
  async function showSeen(id: string): Promise<void> {
    const answer = await fetch(`/hijack/seen/${id}`, { signal });
    const { seen } = (await answer.json()) as { seen: SeenAttack[] };
    for (const { what, cookie, status } of seen)
      cell(what, 'seen').textContent = say(words, cookie ? 'hijack.seen.cookie' : 'hijack.seen.none', { status });
    tell('saw', 'saw', { origin: seen[0]?.origin ?? '' });
  }

  async function hear({ data, source, origin }: MessageEvent<Told>): Promise<void> {
    if (!frame || source !== frame.contentWindow || attack === '') return;
    if (data.type === 'ready') {
      clearTimeout(patience);
      tell('status', 'frame.running', { origin });
      frame.contentWindow?.postMessage({ type: 'go', attack }, origin);
    } else if (data.attack !== attack) return;
    else if (data.type === 'attempt') show(data);
    else {
      const id = attack;
      end();
      tell('status', 'frame.over', { count: readWays });
      await showSeen(id).catch(() => tell('status', 'frame.unseen'));
    }
  }

  window.addEventListener('message', (event) => void hear(event), { signal });
  login?.addEventListener('click', () => void askLogin('POST'), { signal });
  logout?.addEventListener('click', () => void askLogin('DELETE'), { signal });
  go?.addEventListener('click', begin, { signal });
  signal.addEventListener('abort', () => {
    clearTimeout(patience);
    frame?.remove();
  });
  void findSecondOrigin();
};
