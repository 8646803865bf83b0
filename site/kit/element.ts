/** All that a page loads for a tag at first: the element, and when to import its behaviour. */

/** Brings one element to life. Everything that it starts, listeners included, ends with `signal`. */
export type Connect = (root: HTMLElement, signal: AbortSignal) => void;

/**
 * When an element is connected: `now` as soon as it is in the document; `seen` once it comes near the window or gets the
 * focus; `pressed` once its start button is pressed. For the last two, `load` imports the behaviour at that moment.
 */
type Definition = { when: 'now'; connect: Connect } | { when: 'seen' | 'pressed'; load: () => Promise<Connect> };

/** Defines the element `name`. It has `data-connected` while its behaviour is at work, and is connected anew after a move. */
export function defineElement(name: string, definition: Definition): void {
  class DefinedElement extends HTMLElement {
    #life = new AbortController();
    #loading = false;
    /** What the reader pressed before the behaviour had come: it then does its work. */
    #pressed: HTMLButtonElement | null = null;

    connectedCallback(): void {
      this.#life = new AbortController();
      this.#loading = false;
      this.#pressed = null;
      const { signal } = this.#life;
      if (definition.when === 'now') this.#connect(definition.connect, signal);
      else this.#await(definition.load, signal);
    }

    disconnectedCallback(): void {
      this.#life.abort();
      this.removeAttribute('data-connected');
    }

    #await(behaviour: () => Promise<Connect>, signal: AbortSignal): void {
      const load = () => this.#load(behaviour, signal);
      this.addEventListener('click', (event) => this.#press(event.target as Element, load), { signal });
      if (definition.when === 'seen') loadWhenSeen(this, load, signal);
    }

    #press(target: Element, load: () => void): void {
      if (this.hasAttribute('data-connected')) return;
      const button = target.closest('button');
      if (definition.when === 'pressed') {
        if (button?.dataset.part !== 'start') return;
        this.#say(this.dataset.loading);
        load();
      }
      this.#pressed = button;
    }

    /** Once; where the import fails, the next time that the reader comes here or presses tries again. */
    async #load(behaviour: () => Promise<Connect>, signal: AbortSignal): Promise<void> {
      if (this.#loading) return;
      this.#loading = true;
      const connect = await behaviour().catch(() => null);
      if (signal.aborted) return;
      if (connect) return this.#connect(connect, signal);
      this.#loading = false;
      if (definition.when === 'pressed') this.#say(this.dataset.failed);
    }

    #connect(connect: Connect, signal: AbortSignal): void {
      connect(this, signal);
      this.setAttribute('data-connected', '');
      this.#pressed?.click();
      this.#pressed = null;
    }

    #say(text = ''): void {
      const status = this.querySelector('[data-part="status"]');
      if (status) status.textContent = text;
    }
  }
  customElements.define(name, DefinedElement);
}

function loadWhenSeen(element: HTMLElement, load: () => void, signal: AbortSignal): void {
  const seen = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) load();
    },
    { rootMargin: '50%' },
  );
  signal.addEventListener('abort', () => seen.disconnect());
  element.addEventListener('focusin', load, { signal });
  seen.observe(element);
}
