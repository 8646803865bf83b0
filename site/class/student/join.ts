/** `<push-class-join>`: the page that a QR code leads to. A code, a nickname, and then the class on every page. */
import {
  type ClassInfo,
  type ClassRefusal,
  CODE_LENGTH,
  checkNickname,
  SHORTEST_CODE,
} from '../../../demo-server/classroom/protocol.ts';
import { partsOf } from '../../kit/parts.ts';
import { readWords, say, setText } from '../../kit/words.ts';
import { identity, isUnkept, keepIdentity, RENAME, RENAMED, STANDING, standing, tab } from '../identity.ts';
import { type Link, openLink } from '../link.ts';

/** What the server refuses only for the moment: the link comes again by itself. */
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

/** The secret of the seat that this tab asks for: the same until it has the seat, as the answer may be lost on its way. */
function drawnSecret(): string {
  const kept = tab.get('secret');
  if (kept) return kept;
  const drawn = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  const secret = drawn.replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
  tab.set('secret', secret);
  return secret;
}

class ClassJoin extends HTMLElement {
  connectedCallback(): void {
    const words = readWords(this);
    const part = partsOf(this);
    const form = part<HTMLFormElement>('form');
    const [code, nickname] = [part<HTMLInputElement>('code'), part<HTMLInputElement>('nickname')];
    const fault = part('fault');
    let link: Link | null = null;

    const setState = (state: 'loading' | 'none' | 'form' | 'joining' | 'in') => {
      this.dataset.state = state;
      for (const one of ['loading', 'none', 'in'] as const) part(one).hidden = state !== one;
      form.hidden = state !== 'form' && state !== 'joining';
      for (const field of form.querySelectorAll('fieldset')) field.disabled = state === 'joining';
    };
    const explain = (why: ClassRefusal | 'unreachable', field?: HTMLInputElement) => {
      setText(fault, say(words, why === 'unreachable' ? 'class.join.unreachable' : `class.refused.${why}`));
      for (const input of [code, nickname]) input.toggleAttribute('aria-invalid', input === field);
      if (field) field.setAttribute('aria-invalid', 'true');
      setState('form');
      field?.focus();
    };
    const showIn = () => {
      const who = identity();
      part('insecure').hidden = globalThis.isSecureContext;
      part('unkept').hidden = !isUnkept();
      setText(
        part('who'),
        say(words, `class.join.in.${who?.as ?? 'seat'}`, { nickname: who?.as === 'seat' ? who.nickname : '' }),
      );
      part('rename').hidden = who?.as !== 'seat';
      if (who?.as === 'seat') part<HTMLInputElement>('new-name').value = who.nickname;
      setState('in');
    };

    const join = (joinCode: string, wanted: string) => {
      setState('joining');
      setText(fault, '');
      let joined = false;
      link?.close();
      link = openLink({
        hello: () => ({ type: 'hello', as: 'new', code: joinCode, nickname: wanted, secret: drawnSecret() }),
        hear(message) {
          if (message.type === 'wait') setText(fault, say(words, 'class.join.wait.turn'));
          if (message.type !== 'seat' || !message.secret) return;
          joined = true;
          keepIdentity({ as: 'seat', seat: message.seat, secret: message.secret, nickname: message.nickname });
          tab.set('secret', '');
          link?.close();
          showIn();
          // The bar takes over: it brings this device to where the class is.
          void import('./bar.ts').then(({ openBar }) => openBar());
        },
        tell(state, why) {
          if (joined || state === 'online' || state === 'connecting') return;
          if (state === 'lost' && FOR_NOW.includes(why)) return setText(fault, say(words, `class.join.wait.${why}`));
          link?.close();
          const onCode = why === 'wrong-code';
          const onName = why?.startsWith('nickname');
          explain(why ?? 'unreachable', onCode ? code : onName ? nickname : undefined);
        },
      });
    };

    form.addEventListener('submit', (event) => {
      event.preventDefault();
      // Who copies the link in place of the code has the code behind its #.
      const digits = digitsIn(code.value.replace(/^.*#/, ''));
      if (digits.length < SHORTEST_CODE || digits.length > CODE_LENGTH) return explain('wrong-code', code);
      const checked = checkNickname(nickname.value);
      if ('fault' in checked) return explain(checked.fault, nickname);
      join(digits, checked.nickname);
    });
    part('rename').addEventListener('submit', (event) => {
      event.preventDefault();
      const checked = checkNickname(part<HTMLInputElement>('new-name').value);
      if ('fault' in checked) setText(part('renamed'), say(words, `class.refused.${checked.fault}`));
      else document.dispatchEvent(new CustomEvent(RENAME, { detail: checked.nickname }));
    });
    document.addEventListener(RENAMED, () => {
      showIn();
      setText(part('renamed'), say(words, 'class.join.renamed'));
    });

    const readCode = () => {
      code.value = /^#(\d+)$/.exec(location.hash)?.[1] ?? code.value;
    };
    // Scanned again into the same tab, only what stands behind the # is another one.
    addEventListener('hashchange', readCode);
    readCode();

    /** The form, for whoever has no seat; with what the class says of this device, or of itself. */
    const offer = async (why: ClassRefusal | null) => {
      if (nickname.value === '') nickname.value = tab.get('nickname') ?? '';
      try {
        const answer = await fetch('/classroom/info');
        const info = answer.ok ? ((await answer.json()) as ClassInfo) : { open: false as const };
        if (!info.open) return setState('none');
        setText(part('name'), info.name);
        if (info.ended) explain('ended');
        else if (info.locked) explain('locked');
        else if (why) explain(why);
        else setState('form');
        (code.value ? nickname : code).focus();
      } catch {
        explain('unreachable');
      }
    };
    /** Shows how this device stands. A seat or a teacher's link that it keeps may be of another class: the server says, to its bar. */
    const show = () => {
      const { state, why } = standing();
      if (state === 'in') showIn();
      else if (state === 'refused') void offer(why);
      else if (state === 'left' || identity() === null) void offer(null);
      else void hasClass().then((open) => !open && standing().state === 'unknown' && setState('none'));
    };
    const hasClass = () =>
      fetch('/classroom/info')
        .then(async (answer) => answer.ok && ((await answer.json()) as ClassInfo).open)
        // Not reached: its bar tries until it is.
        .catch(() => true);
    document.addEventListener(STANDING, show);
    show();
  }
}

customElements.define('push-class-join', ClassJoin);
