/** One script element of a page: `src` where it has one, else the code between its tags. */
export interface Script {
  src: string | undefined;
  code: string;
}

const SCRIPT = /<script\b([^>]*)>([\s\S]*?)<\/script>/g;
const EXECUTABLE = /^(module|text\/javascript|application\/javascript)?$/;

function attribute(attributes: string, name: string): string | undefined {
  const [, quoted, bare] = new RegExp(`(?:^|\\s)${name}=(?:"([^"]*)"|([^\\s>]+))`).exec(attributes) ?? [];
  return quoted ?? bare;
}

/** The scripts of a page that a browser runs (not data blocks such as JSON), in the order of the page. */
export function scriptsOf(html: string): Script[] {
  return [...html.matchAll(SCRIPT)]
    .filter(([, attributes = '']) => EXECUTABLE.test(attribute(attributes, 'type') ?? ''))
    .map(([, attributes = '', code = '']) => ({ src: attribute(attributes, 'src'), code }));
}

/** Addresses of the modules that a page asks the browser to fetch ahead. */
export function modulePreloadsOf(html: string): string[] {
  return [...html.matchAll(/<link\b([^>]*)>/g)]
    .filter(([, attributes = '']) => attribute(attributes, 'rel') === 'modulepreload')
    .map(([, attributes = '']) => attribute(attributes, 'href') ?? '');
}
