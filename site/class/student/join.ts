/** `<push-class-join>`: the page that a QR code leads to. A code, a nickname, and then the class on every page. */
import {
  type ClassInfo,
  type ClassMessage,
  type ClassRefusal,
  CODE_LENGTH,
  checkNickname,
  SHORTEST_CODE,
} from '../../../demo-server/classroom/protocol.ts';
import { type Part, partsOf } from '../../kit/parts.ts';
import { readWords, say, setText, type Words } from '../../kit/words.ts';
import { identity, isUnkept, keepIdentity, RENAME, RENAMED, STANDING, standing, tab } from '../identity.ts';
import { type Link, type LinkState, openLink } from '../link.ts';

/** Refusals for the moment only: the link comes again by itself. */
const FOR_NOW: readonly (ClassRefusal | null)[] = ['too-many-tries', 'too-fast', 'store-lost'];

/** The digits of a text as 0 to 9, whatever stands between them: a Persian or Arabic keyboard has digits of its own. */
function digitsIn(text: string): string {
  const isDigit = (code: number) => /\p{Nd}/u.test(String.fromCodePoint(code));
  return [...text.normalize('NFKC')]
    .map((sign) => sign.codePointAt(0) as number)
    .filter(isDigit)
    .map((code) => {
      // Unicode has each script's digits in a row, from its zero on.
      let value = 0;
      while (value < 9 && isDigit(code - value - 1)) value += 1;
      return value;
    })
    .join('');
}

/** The secret of the seat that this tab asks for: the same until it has the seat, as the reply may be lost on its way. */
function drawnSecret(): string {
  const kept = tab.get('secret');
  if (kept) return kept;
  const drawn = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  const secret = drawn.replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
  tab.set('secret', secret);
  return secret;
}

/** The page of one `<push-class-join>`; its listeners and its connection end with `signal`. */
class JoinPage {
  readonly #root: HTMLElement;
  readonly #signal: AbortSignal;
  readonly #words: Words;
  readonly #part: Part;
  readonly #form: HTMLFormElement;
  readonly #code: HTMLInputElement;
  readonly #nickname: HTMLInputElement;
  #link: Link | null = null;

  constructor(root: HTMLElement, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
    this.#words = readWords(root);
    this.#part = partsOf(root);
    this.#form = this.#part('form');
    this.#code = this.#part('code');
    this.#nickname = this.#part('nickname');
  }

  open(): void {
    const signal = this.#signal;
    this.#form.addEventListener('submit', (event) => this.#submit(event), { signal });
    this.#part('rename').addEventListener('submit', (event) => this.#rename(event), { signal });
    document.addEventListener(RENAMED, () => this.#renamed(), { signal });
    document.addEventListener(STANDING, () => this.#show(), { signal });
    // Scanned again into the same tab, the address differs only behind its #.
    addEventListener('hashchange', () => this.#readCode(), { signal });
    signal.addEventListener('abort', () => this.#link?.close());
    this.#readCode();
    this.#show();
  }

  /** Shows how this device stands. A seat or teacher's link that it keeps may be of another class: the server says so to its bar. */
  #show(): void {
    const { state, why } = standing();
    if (state === 'in') this.#showIn();
    else if (state === 'refused') void this.#offer(why);
    else if (state === 'left' || identity() === null) void this.#offer(null);
    else void this.#showNone();
  }

  /** Says that there is no class here, where that is so. */
  async #showNone(): Promise<void> {
    // Where the server is not reached, the bar tries until it is.
    const info = await classInfo().catch(() => null);
    if (info && !info.open && standing().state === 'unknown') this.#setState('none');
  }

  /** Shows the form to a reader without a seat, with the reason why this device, or anybody, cannot join. */
  async #offer(why: ClassRefusal | null): Promise<void> {
    if (this.#nickname.value === '') this.#nickname.value = tab.get('nickname') ?? '';
    try {
      const info = await classInfo();
      if (!info.open) return this.#setState('none');
      this.#setText('name', info.name);
      if (info.ended) this.#explain('ended');
      else if (info.locked) this.#explain('locked');
      else if (why) this.#explain(why);
      else this.#setState('form');
      (this.#code.value ? this.#nickname : this.#code).focus();
    } catch {
      this.#explain('unreachable');
    }
  }

  #submit(event: Event): void {
    event.preventDefault();
    // A reader who pastes the whole link has the code behind its #.
    const digits = digitsIn(this.#code.value.replace(/^.*#/, ''));
    if (digits.length < SHORTEST_CODE || digits.length > CODE_LENGTH)
      return void this.#explain('wrong-code', this.#code);
    const checked = checkNickname(this.#nickname.value);
    if ('fault' in checked) return void this.#explain(checked.fault, this.#nickname);
    this.#join(digits, checked.nickname);
  }

  #join(code: string, nickname: string): void {
    this.#setState('joining');
    this.#setText('fault', '');
    this.#link?.close();
    this.#link = openLink({
      hello: () => ({ type: 'hello', as: 'new', code, nickname, secret: drawnSecret() }),
      onMessage: (message) => {
        if (message.type === 'wait') this.#say('fault', 'class.join.wait.turn');
        if (message.type === 'seat' && message.secret) this.#joined(message, message.secret);
      },
      onState: (state, why) => {
        if (state !== 'online' && state !== 'connecting') this.#failed(state, why);
      },
    });
  }

  #joined({ seat, nickname }: Extract<ClassMessage, { type: 'seat' }>, secret: string): void {
    keepIdentity({ as: 'seat', seat, secret, nickname });
    tab.set('secret', '');
    this.#link?.close();
    this.#showIn();
    // The bar takes over: it brings this device to where the class is.
    void import('./bar.ts').then(({ openBar }) => openBar());
  }

  #failed(state: LinkState, why: ClassRefusal | null): void {
    if (state === 'lost' && FOR_NOW.includes(why)) {
      this.#say('fault', `class.join.wait.${why}`);
      return;
    }
    this.#link?.close();
    const onCode = why === 'wrong-code';
    const onName = why?.startsWith('nickname');
    this.#explain(why ?? 'unreachable', onCode ? this.#code : onName ? this.#nickname : undefined);
  }

  #rename(event: Event): void {
    event.preventDefault();
    const checked = checkNickname(this.#part<HTMLInputElement>('new-name').value);
    if ('fault' in checked) this.#say('renamed', `class.refused.${checked.fault}`);
    else document.dispatchEvent(new CustomEvent(RENAME, { detail: checked.nickname }));
  }

  #renamed(): void {
    this.#showIn();
    this.#say('renamed', 'class.join.renamed');
  }

  #readCode(): void {
    this.#code.value = /^#(\d+)$/.exec(location.hash)?.[1] ?? this.#code.value;
  }

  #showIn(): void {
    const who = identity();
    const nickname = who?.as === 'seat' ? who.nickname : '';
    this.#part('insecure').hidden = globalThis.isSecureContext;
    this.#part('unkept').hidden = !isUnkept();
    this.#setText('who', say(this.#words, `class.join.in.${who?.as ?? 'seat'}`, { nickname }));
    this.#part('rename').hidden = who?.as !== 'seat';
    if (who?.as === 'seat') this.#part<HTMLInputElement>('new-name').value = nickname;
    this.#setState('in');
  }

  #explain(why: ClassRefusal | 'unreachable', field?: HTMLInputElement): void {
    this.#say('fault', why === 'unreachable' ? 'class.join.unreachable' : `class.refused.${why}`);
    for (const input of [this.#code, this.#nickname]) input.toggleAttribute('aria-invalid', input === field);
    if (field) field.setAttribute('aria-invalid', 'true');
    this.#setState('form');
    field?.focus();
  }

  #setState(state: 'loading' | 'none' | 'form' | 'joining' | 'in'): void {
    this.#root.dataset.state = state;
    for (const one of ['loading', 'none', 'in'] as const) this.#part(one).hidden = state !== one;
    this.#form.hidden = state !== 'form' && state !== 'joining';
    for (const field of this.#form.querySelectorAll('fieldset')) field.disabled = state === 'joining';
  }

  #say(part: string, key: string): void {
    this.#setText(part, say(this.#words, key));
  }

  #setText(part: string, text: string): void {
    setText(this.#part(part), text);
  }
}

/** Whether there is a class on this server, and what it is called. Rejects where the server is not reached. */
async function classInfo(): Promise<ClassInfo> {
  const response = await fetch('/classroom/info');
  return response.ok ? ((await response.json()) as ClassInfo) : { open: false };
}

class ClassJoin extends HTMLElement {
  #life = new AbortController();

  connectedCallback(): void {
    this.#life = new AbortController();
    new JoinPage(this, this.#life.signal).open();
  }

  disconnectedCallback(): void {
    this.#life.abort();
  }
}

customElements.define('push-class-join', ClassJoin);
