/** Text of files that programs and shells wrote, and JSON with what they wrote around it. */

/** Why a text is no JSON: `around` when it is one with other lines before or behind it, which `got` shows the first of. */
export interface JsonFault {
  kind: 'json' | 'around';
  got: string;
  takes: string;
}

/**
 * The text of a file: UTF-8, or UTF-16 as Windows PowerShell 5 writes it behind `>`, by its byte order mark or by the brace that
 * a JSON file begins with. The mark is no part of the text.
 */
export async function fileText(file: Blob): Promise<string> {
  const bytes = await file.arrayBuffer();
  const [a, b] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  const little = (a === 0xff && b === 0xfe) || (a === 0x7b && b === 0);
  const big = (a === 0xfe && b === 0xff) || (a === 0 && b === 0x7b);
  return new TextDecoder(little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8').decode(bytes);
}

/** The value of a JSON text, or why there is none. Never throws. */
export function parseJson(text: string): { value: unknown } | { fault: JsonFault } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const takes = (error as Error).message;
    const lines = text.split(/\r?\n/);
    const first = lines.find((line) => line.trim() !== '')?.trim() ?? '';
    // npm names the script that it runs, in lines before what that prints.
    const begins = lines.findIndex((line) => /^[{[]/.test(line));
    if (begins > 0 && !/^[{[]/.test(first)) return { fault: { kind: 'around', got: first.slice(0, 60), takes } };
    return { fault: { kind: 'json', got: text.slice(0, 40), takes } };
  }
}
