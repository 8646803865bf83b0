/** Reads the tags of a built page as a browser would: quoted attributes, raw text, comments and character references. */

export type Tag = { name: string; closing: boolean; attributes: Record<string, string>; end: number };

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };
/** Elements whose content the browser reads as text: a `<` in it does not open a tag. */
const RAW = new Set(['script', 'style', 'textarea', 'title']);

/** Text with its character references replaced: numbers, and the few names that the build writes. */
const decode = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return NAMED[name] ?? whole;
  });

/** Every tag of a page, in order. */
export function* tags(html: string): Generator<Tag> {
  const token = /<!--[\s\S]*?-->|<(\/?)([a-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^"'>])*)>/gi;
  for (let found = token.exec(html); found; found = token.exec(html)) {
    const [, slash, written, rest = ''] = found;
    if (written === undefined) continue;
    const name = written.toLowerCase();
    const attributes: Record<string, string> = {};
    for (const [, key = '', double, single, bare] of rest.matchAll(
      /([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g,
    ))
      attributes[key.toLowerCase()] ??= decode(double ?? single ?? bare ?? '');
    yield { name, closing: slash === '/', attributes, end: token.lastIndex };
    if (slash === '' && RAW.has(name)) {
      const close = html.toLowerCase().indexOf(`</${name}`, token.lastIndex);
      if (close === -1) return;
      token.lastIndex = close;
    }
  }
}

/** The text between the first matching tag and its end tag, without the tags inside, on one line. */
export function textOf(html: string, fits: (tag: Tag) => boolean): string | undefined {
  for (const tag of tags(html)) {
    if (tag.closing || !fits(tag)) continue;
    const close = html.toLowerCase().indexOf(`</${tag.name}`, tag.end);
    return decode(html.slice(tag.end, close).replace(/<[^>]*>/g, ''))
      .replace(/\s+/g, ' ')
      .trim();
  }
  return undefined;
}
