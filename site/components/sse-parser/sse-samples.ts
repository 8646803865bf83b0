/**
 * Streams to begin with, on the workbench and in the tests. Lines end with LF here; `␀` stands for NULL (U+0000), which
 * nobody can type. `spec-…` are the examples of HTML 9.2.6.
 */
export const SAMPLES = {
  fields:
    ': a comment\nretry: 2000\n\nevent: price\nid: 7\ndata: {"stock":"A",\ndata: "price":12}\n\ndata: no id here\n\n',
  'spec-lines': 'data: YHOO\ndata: +2\ndata: 10\n\n',
  'spec-ids': ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n',
  'spec-empty': 'data\n\ndata\ndata\n\ndata:\n',
  'spec-space': 'data:test\n\ndata: test\n\n',
  order: 'data: the order\nid: 1\nevent: first\n\nevent: first\nid: 1\ndata: the order\n\n',
  unfinished: 'id: 1\ndata: whole\n\nid: 2\nevent: half\ndata: no blank line follows\n',
  odd: 'Data: names are compared letter by letter\n data: nor with a space before\n\nid: 5␀\nretry: 2s\ndata: é, 字 and 🙂\n\nid: 6\n\ndata: six\n\n',
} as const;
export type SampleName = keyof typeof SAMPLES;

export const LINE_ENDS = { lf: '\n', crlf: '\r\n', cr: '\r' } as const;
export type LineEnd = keyof typeof LINE_ENDS;

/** The bytes of a stream as written: with its line ends, its NULLs, and a byte order mark if wanted. */
export function streamBytes(text: string, end: LineEnd, bom: boolean): Uint8Array {
  const lines = text.replaceAll('␀', '\0').replace(/\r\n?|\n/g, LINE_ENDS[end]);
  return new TextEncoder().encode((bom ? '\uFEFF' : '') + lines);
}
