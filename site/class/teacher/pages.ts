/** The pages that a class can go to: those of the sidebar, which every page has in it even where it is not shown. */

/** Path and title of each, in the sidebar's order. */
export const sitePages: () => readonly { path: string; title: string }[] = (() => {
  let known: { path: string; title: string }[] | undefined;
  return () =>
    (known ??= [...document.querySelectorAll<HTMLAnchorElement>('nav.sidebar .sidebar-content a')].map((link) => ({
      path: link.pathname,
      title: (link.querySelector('span')?.textContent ?? link.textContent ?? '').trim(),
    })));
})();

/** The title of the page that `path` leads to; the path itself where it is none of them. */
export function titleOf(path: string): string {
  const page = path.replace(/[?#].*$/, '');
  return sitePages().find((one) => one.path === page)?.title ?? path;
}
