/** All that a page loads for a tag before the reader comes near it: the element, and when to import its behaviour. */

/** Brings one element to life; everything that it starts ends with `signal`. */
export type Connect = (root: HTMLElement, signal: AbortSignal) => void;

/** Defines the element `name`: it is connected by what `load` imports, once it comes near the window or gets the focus. */
export function defineLazy(name: string, load: () => Promise<Connect>): void {
  class LazyElement extends HTMLElement {
    #life = new AbortController();
    #coming = false;
    /** What the reader pressed before the behaviour had come. */
    #pressed: HTMLButtonElement | null = null;

    connectedCallback(): void {
      this.#life = new AbortController();
      this.#coming = false;
      const { signal } = this.#life;
      const seen = new IntersectionObserver(
        (entries) => {
          if (entries.some((entry) => entry.isIntersecting)) void this.#come(signal);
        },
        { rootMargin: '50%' },
      );
      signal.addEventListener('abort', () => seen.disconnect());
      this.addEventListener('focusin', () => this.#come(signal), { signal });
      this.addEventListener(
        'click',
        ({ target }) => {
          if (!this.hasAttribute('data-connected'))
            this.#pressed = target instanceof Element ? target.closest('button') : null;
        },
        { signal },
      );
      seen.observe(this);
    }

    disconnectedCallback(): void {
      this.#life.abort();
      this.removeAttribute('data-connected');
    }

    /** Once; where the import fails, the next time that the reader comes here tries again. A button pressed meanwhile then does its work. */
    async #come(signal: AbortSignal): Promise<void> {
      if (this.#coming) return;
      this.#coming = true;
      const connect = await load().catch(() => null);
      if (!connect) this.#coming = false;
      else if (!signal.aborted) {
        connect(this, signal);
        this.setAttribute('data-connected', '');
        this.#pressed?.click();
        this.#pressed = null;
      }
    }
  }
  customElements.define(name, LazyElement);
}
