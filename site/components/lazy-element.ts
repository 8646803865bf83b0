/** All that a page loads for a tag before the reader comes near it: the element, and when to import its behaviour. */

/** Brings one element to life; everything that it starts ends with `signal`. */
export type Connect = (root: HTMLElement, signal: AbortSignal) => void;

/** Defines the element `name`: it is connected by what `load` imports, once it comes near the window or gets the focus. */
export function defineLazy(name: string, load: () => Promise<Connect>): void {
  class LazyElement extends HTMLElement {
    #life = new AbortController();

    connectedCallback(): void {
      this.#life = new AbortController();
      const { signal } = this.#life;
      const near = new AbortController();
      const come = async () => {
        if (near.signal.aborted) return;
        near.abort();
        const connect = await load();
        if (!signal.aborted) connect(this, signal);
      };
      const seen = new IntersectionObserver(
        (entries) => {
          if (entries.some((entry) => entry.isIntersecting)) void come();
        },
        { rootMargin: '50%' },
      );
      const until = AbortSignal.any([signal, near.signal]);
      until.addEventListener('abort', () => seen.disconnect());
      this.addEventListener('focusin', come, { signal: until });
      seen.observe(this);
    }

    disconnectedCallback(): void {
      this.#life.abort();
    }
  }
  customElements.define(name, LazyElement);
}
