/**
 * All that a page loads before a demo or race is started: the element, and the import that its first click makes.
 */
type Connect = (root: HTMLElement, signal: AbortSignal) => () => void;

/** Defines the element `name`; its start button loads what `load` imports, connects it, and starts it. */
export function defineStage(name: string, load: () => Promise<Connect>): void {
  class StageElement extends HTMLElement {
    #life = new AbortController();

    connectedCallback(): void {
      this.#life = new AbortController();
      const { signal } = this.#life;
      const button = this.querySelector<HTMLButtonElement>('[data-part="start"]');
      const status = this.querySelector('[data-part="status"]');
      if (!button || !status) throw new Error(`<${name}> lacks its start button or its status`);
      const loaded = new AbortController();
      const first = async () => {
        status.textContent = this.dataset.loading ?? '';
        try {
          const connect = await load();
          if (signal.aborted || loaded.signal.aborted) return;
          loaded.abort();
          connect(this, signal)();
        } catch {
          status.textContent = this.dataset.failed ?? '';
        }
      };
      button.addEventListener('click', first, { signal: AbortSignal.any([signal, loaded.signal]) });
    }

    disconnectedCallback(): void {
      this.#life.abort();
    }
  }
  customElements.define(name, StageElement);
}
