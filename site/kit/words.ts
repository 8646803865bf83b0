/**
 * The sentences of the page, handed over by its .astro shell as one JSON script, so that a translation reaches them all.
 */
export type Words = Readonly<Record<string, string>>;

/**
 * The sentence under `key` with every `{{name}}` filled in. A `count` picks `key_one`, `key_other` (or what else the
 * language has) where such exist. A missing key comes back as itself, so that it is seen and mended.
 */
export function say(words: Words, key: string, values: Readonly<Record<string, string | number>> = {}): string {
  let sentence = words[key];
  if (typeof values.count === 'number') {
    const form = new Intl.PluralRules(words.language ?? 'en').select(values.count);
    sentence = words[`${key}_${form}`] ?? words[`${key}_other`] ?? sentence;
  }
  return (sentence ?? key).replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Reads the words from the `<script type="application/json" data-words>` inside `root`. Throws when there is none. */
export function readWords(root: ParentNode): Words {
  const script = root.querySelector('script[data-words]');
  if (!script?.textContent) throw new Error('No words here: expected a <script type="application/json" data-words>');
  return JSON.parse(script.textContent) as Words;
}

/**
 * Puts text into an element that holds nothing else, if it differs. The text node stays: taking it out and putting another
 * in makes the browser match every `:has()` of the page again, which cost 4 ms a time on the lab.
 */
export function setText(element: Element, text: string): void {
  const node = element.firstChild;
  // Translators of browsers put elements of their own in the place of a text node.
  if (node instanceof Text && node === element.lastChild) {
    if (node.nodeValue !== text) node.nodeValue = text;
  } else if (element.textContent !== text) element.textContent = text;
}
