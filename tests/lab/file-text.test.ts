/** Files as shells leave them: what `>` of any system writes is read as the text that was printed. */
import { expect, test } from 'vitest';
import { fileText, parseJson } from '../../site/lab/kept/file-text.ts';

const TEXT = '{"name":"Grüße 🙂"}\r\n';
const utf16 = (text: string, big = false): Buffer => {
  const bytes = Buffer.from(text, 'utf16le');
  return big ? bytes.swap16() : bytes;
};

test.each([
  ['UTF-8', Buffer.from(TEXT)],
  ['UTF-8 with a mark', Buffer.from(`\uFEFF${TEXT}`)],
  ['UTF-16 of PowerShell 5', utf16(`\uFEFF${TEXT}`)],
  ['UTF-16, the high byte first', utf16(`\uFEFF${TEXT}`, true)],
  ['UTF-16 without a mark', utf16(TEXT)],
  ['UTF-16 without a mark, the high byte first', utf16(TEXT, true)],
])('%s', async (_, bytes) => {
  expect(await fileText(new Blob([Uint8Array.from(bytes)]))).toBe(TEXT);
});

test.each([0, 1])('a file of %i bytes is no JSON, and throws nothing', async (length) => {
  expect(parseJson(await fileText(new Blob(['{'.repeat(length)])))).toMatchObject({ fault: { kind: 'json' } });
});

const npm = '\n> pushlab@0.1.0 compare\n> node demo-server/compare/main.ts --json\n\n';
test.each(['\n', '\r\n'])('lines of npm before a document are named, with lines that end with %j', (end) => {
  const text = `${npm}{\n  "schema": "pushlab-run/1"\n}\n`.replaceAll('\n', end);
  expect(parseJson(text)).toMatchObject({ fault: { kind: 'around', got: '> pushlab@0.1.0 compare' } });
});

test('a document with a fault of its own is not blamed on npm', () => {
  for (const text of ['{"a":1,}', '{\n"a": [\n{"b":}\n]}', 'seq,sent\n1,2', ''])
    expect(parseJson(text)).toMatchObject({ fault: { kind: 'json' } });
});
