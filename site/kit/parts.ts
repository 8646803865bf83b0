/** Finds an element of a shell by its name, which is its `data-part`. */
export type Part = <T extends HTMLElement = HTMLElement>(name: string) => T;

/** What finds the parts inside `root`. It throws where the shell lacks one: then shell and script do not belong together. */
export function partsOf(root: Element): Part {
  return <T extends HTMLElement>(name: string): T => {
    const found = root.querySelector<T>(`[data-part="${name}"]`);
    if (!found) throw new Error(`<${root.localName} class="${root.className}"> lacks its part "${name}"`);
    return found;
  };
}
