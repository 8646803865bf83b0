/** How long the prose of an MDX page takes to read, in whole minutes: text, and the texts inside tags, not code. Pure. */

/** Words a minute, for a text that one reads to learn. */
const PACE = 180;

/** The words of an MDX page's prose, without imports, code and the names of tags and props. */
export function wordsOf(body: string): number {
  const prose = body
    .replace(/^import .*$/gm, '')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/<\/?[A-Za-z][\w.]*|[\w-]+=|\b\w+: (?=['"`{[]|true)/g, ' ');
  return prose.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)?.length ?? 0;
}

export function minutesToRead(body: string): number {
  return Math.max(1, Math.round(wordsOf(body) / PACE));
}
