/** How a tag checks what a lesson gives it: Astro checks no props of MDX, so a slip of the pen would pass in silence. */

/** What one prop takes, in words, and whether a value is that. */
export interface Take {
  takes: string;
  is(value: unknown): boolean;
  /** A tag without it fails. */
  needed?: boolean;
}

export const text: Take = { takes: 'a text', is: (value) => typeof value === 'string' && value.trim() !== '' };
export const number: Take = { takes: 'a number in braces', is: Number.isFinite };
export const texts: Take = {
  takes: 'a list of texts in braces',
  is: (value) => Array.isArray(value) && value.length > 0 && value.every(text.is),
};

/** One of a few words. */
export function oneOf(words: readonly string[]): Take {
  return { takes: `one of ${words.join(', ')}`, is: (value) => (words as readonly unknown[]).includes(value) };
}

/** A text of a certain form, which `takes` describes. */
export function like(form: RegExp, takes: string): Take {
  return { takes, is: (value) => typeof value === 'string' && form.test(value) };
}

/** The same, and the tag fails without it. */
export function needed(take: Take): Take {
  return { ...take, needed: true };
}

/** Throws for a prop that is unknown, missing or wrong, with what came and what is taken. `tag` as in `<Quiz>`. */
export function checkProps(tag: string, props: object, takes: Readonly<Record<string, Take>>): void {
  const given = Object.entries(props).filter(([name]) => !name.startsWith('data-astro-'));
  for (const [name, value] of given) {
    const take = takes[name];
    if (!take) throw new Error(`<${tag}> got the prop "${name}", takes ${Object.keys(takes).join(', ')}`);
    if (value !== undefined && !take.is(value))
      throw new Error(`<${tag}> got ${name}=${JSON.stringify(value)}, takes ${take.takes}`);
  }
  for (const [name, take] of Object.entries(takes)) {
    const missing = take.needed && !given.some(([key, value]) => key === name && value !== undefined);
    if (missing) throw new Error(`<${tag}> got no ${name}, takes ${take.takes}`);
  }
}
