/** Elements with their attributes and children. A child that is text stays text: nothing from a device becomes markup. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;
type Child = Node | string | null | undefined | false;

/** An element; `true` sets an attribute without a value, `false` and undefined leave it out, a function listens for the event of that name. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== undefined && value !== false) element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replaces the children where they differ from those shown, so that a picture twice a second moves no focus and wakes no reader. */
export function show(parent: Element, key: unknown, make: () => Child[]): void {
  const shown = JSON.stringify(key);
  if ((parent as HTMLElement).dataset.shown === shown) return;
  (parent as HTMLElement).dataset.shown = shown;
  const within = parent.contains(document.activeElement)
    ? (document.activeElement as HTMLElement).dataset.key
    : undefined;
  parent.replaceChildren(...make().filter((child) => child !== null && child !== undefined && child !== false));
  if (within) parent.querySelector<HTMLElement>(`[data-key="${CSS.escape(within)}"]`)?.focus();
}
