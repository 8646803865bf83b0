/**
 * Lines of cells as RFC 4180 writes them: commas, CRLF, quotes where they are needed. Numbers are bare, with a point, whatever
 * the reader's language. Pure.
 */

/** One cell; a text that a spreadsheet would take for a formula is kept a text. */
function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+@]|^-(?!\d)/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A file from its lines, the head first. */
export const csvOf = (lines: readonly (readonly (string | number)[])[]): string => lines.map(csvLine).join('');

const csvLine = (cells: readonly (string | number)[]): string => `${cells.map(cell).join(',')}\r\n`;
