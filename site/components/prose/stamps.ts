/** The stamps of one page: each popover needs an id that no other element of the page has. */

/** How many stamps a page has had so far, by the locals that Astro makes for each page. */
const counts = new WeakMap<object, number>();

/** The id for the page's next stamp; the same page always gives the same ids, so that a build can be repeated. */
export function nextStamp(page: object): string {
  const count = (counts.get(page) ?? 0) + 1;
  counts.set(page, count);
  return `stamp-${count}`;
}
