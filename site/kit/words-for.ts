/** Runs while the site is built: gathers the sentences that a script of the page will need. */
import en from '../../content/i18n/en.json' with { type: 'json' };
import type { Words } from './words.ts';

type Translate = (key: keyof typeof en, options: { skipInterpolation: true }) => string;

/**
 * Every text whose key starts with one of `prefixes`, in the page's language or else in English, and the language's own
 * tag under `language`. Values stay open (`{{name}}`): the script fills them in.
 */
export function wordsFor(t: Translate, language: string, prefixes: readonly string[]): Words {
  const keys = (Object.keys(en) as (keyof typeof en)[]).filter((key) =>
    prefixes.some((prefix) => key.startsWith(prefix)),
  );
  return { language, ...Object.fromEntries(keys.map((key) => [key, t(key, { skipInterpolation: true })])) };
}
