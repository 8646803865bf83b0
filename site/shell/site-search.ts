/** The search dialog. Pagefind's interface (some 80 KB) is fetched the first time it opens. */
class SiteSearch extends HTMLElement {
  readonly #dialog = this.querySelector('dialog') as HTMLDialogElement;
  #loading: Promise<void> | undefined;
  #life = new AbortController();

  connectedCallback(): void {
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.querySelector('[data-open]')?.addEventListener('click', this.#open, { signal });
    this.querySelector('[data-close]')?.addEventListener('click', () => this.#dialog.close(), { signal });
    this.#dialog.addEventListener('click', this.#closeOutside, { signal });
    window.addEventListener('keydown', this.#shortcut, { signal });
  }

  disconnectedCallback(): void {
    this.#life.abort();
  }

  readonly #open = async (): Promise<void> => {
    this.#dialog.showModal();
    this.#loading ??= this.#load();
    await this.#loading;
    this.querySelector('input')?.focus();
  };

  readonly #shortcut = (event: KeyboardEvent): void => {
    if (event.key !== 'k' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (this.#dialog.open) this.#dialog.close();
    else void this.#open();
  };

  /** A click on the backdrop has the dialog itself as its target; a click on a result leaves the page's dialog behind. */
  readonly #closeOutside = (event: Event): void => {
    if (event.target === this.#dialog || event.target instanceof HTMLAnchorElement) this.#dialog.close();
  };

  async #load(): Promise<void> {
    try {
      // There is no index while developing: Pagefind makes it from the built pages.
      if (import.meta.env.DEV) throw new Error('no search index in development');
      // @ts-expect-error The package brings no types.
      const { PagefindUI } = await import('@pagefind/default-ui');
      new PagefindUI({
        element: this.querySelector('.search-ui'),
        bundlePath: '/pagefind/',
        showImages: false,
        showSubResults: true,
        translations: JSON.parse(this.dataset.translations ?? '{}'),
      });
      // Pagefind names its field by a title only, which screen readers may skip.
      this.querySelector('input')?.setAttribute('aria-label', this.#dialog.ariaLabel ?? '');
    } catch {
      this.#loading = undefined;
      this.querySelector('.failed')?.removeAttribute('hidden');
    }
  }
}

customElements.define('site-search', SiteSearch);
