/** `<push-class-join>`: the page that a QR code leads to. A code, a nickname, and then the class on every page. */
import { type ClassInfo, type ClassRefusal, CODE_LENGTH, checkNickname } from '../../demo-server/classroom/protocol.ts';
import { partsOf } from '../lab/parts.ts';
import { readWords, say, setText } from '../lab/words.ts';
import { identity, keepIdentity, RENAME, RENAMED, tab } from './identity.ts';
import { type Link, openLink } from './link.ts';

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
      let refusedWhy: ClassRefusal | null = null;
      let joined = false;
      link?.close();
      link = openLink({
        hello: () => ({ type: 'hello', as: 'new', code: joinCode, nickname: wanted, secret: drawnSecret() }),
        hear(message) {
          if (message.type === 'refused') refusedWhy = message.why;
          if (message.type !== 'seat' || !message.secret) return;
          joined = true;
          keepIdentity({ as: 'seat', seat: message.seat, secret: message.secret, nickname: message.nickname });
          tab.set('secret', '');
          link?.close();
          showIn();
          // The bar takes over: it brings this device to where the class is.
          void import('./bar.ts').then(({ openBar }) => openBar());
        },
        tell(state) {
          if (joined || state === 'online' || state === 'connecting') return;
          link?.close();
          const onCode = refusedWhy === 'wrong-code';
          const onName = refusedWhy?.startsWith('nickname');
          explain(refusedWhy ?? 'unreachable', onCode ? code : onName ? nickname : undefined);
        },
      });
    };

    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const digits = code.value.replace(/\D/g, '');
      if (digits.length !== CODE_LENGTH) return explain('wrong-code', code);
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

    const [, fromLink] = /^#(\d+)$/.exec(location.hash) ?? [];
    if (fromLink) {
      code.value = fromLink;
      nickname.focus();
    }
    if (identity()) {
      showIn();
      return;
    }
    fetch('/classroom/info')
      .then(async (answer) => {
        if (!answer.ok) return setState('none');
        const info = (await answer.json()) as ClassInfo;
        if (!info.open) return setState('none');
        setText(part('name'), info.name);
        setState('form');
        if (info.ended) explain('ended');
        else if (info.locked) explain('locked');
        else (fromLink ? nickname : code).focus();
      })
      .catch(() => explain('unreachable'));
  }
}

customElements.define('push-class-join', ClassJoin);
