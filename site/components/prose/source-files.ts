/** The files that lessons may show, as they run, and how a region or a difference is cut out of them. */

const files = import.meta.glob<string>(
  ['/demo-server/**/*.{ts,js}', '/site/techniques/**/*.ts', '/content/{proxy,deploy}/*'],
  { query: '?raw', import: 'default', eager: true },
);
const byName = new Map(Object.entries(files).map(([path, code]) => [path.slice(1), unixLines(code)]));

/** The text with lines that end in LF, as Git may have checked it out with CRLF. */
export function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

const MARKER = /^\s*\/\/ #(?:end)?region\b.*\n?/gm;

/** The code of a file, or of one region of it, without the region markers. Throws for a file or region that is not there. */
export function sourceOf(file: string, region?: string): string {
  const code = byName.get(file);
  if (code === undefined) {
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    const near = [...byName.keys()].filter((name) => name.startsWith(folder));
    const some = near.length > 0 ? near : [...new Set([...byName.keys()].map((name) => name.replace(/[^/]+$/, '…')))];
    throw new Error(`<Source> got file="${file}", takes a file like ${some.join(', ')}`);
  }
  return (region === undefined ? code : regionOf(file, code, region)).replace(MARKER, '').trimEnd();
}

function regionOf(file: string, code: string, region: string): string {
  const lines = code.split('\n');
  const named = (line: string) => /^\s*\/\/ #region (.+?)\s*$/.exec(line)?.[1];
  const from = lines.findIndex((line) => named(line) === region);
  if (from < 0) {
    const known = lines.flatMap((line) => named(line) ?? []);
    const takes = known.length > 0 ? `one of ${known.join(', ')}` : 'a region that the file has, and it has none';
    throw new Error(`<Source file="${file}"> got region="${region}", takes ${takes}`);
  }
  let depth = 0;
  const length = lines.slice(from).findIndex((line) => {
    if (named(line) !== undefined) depth += 1;
    if (/^\s*\/\/ #endregion/.test(line)) depth -= 1;
    return depth === 0;
  });
  if (length < 0) throw new Error(`<Source file="${file}"> region "${region}" has no // #endregion`);
  const inside = lines.slice(from + 1, from + length);
  const indent = Math.min(...inside.filter((line) => line.trim()).map((line) => line.search(/\S/)));
  return inside.map((line) => line.slice(indent)).join('\n');
}

/** The code without its first comment and its imports: in a comparison they are beside the point. */
export function bodyOf(code: string): string {
  return code
    .replace(/^\/\*\*[\s\S]*?\*\/\n/, '')
    .replace(/^import [\s\S]*? from '[^']+';\n/gm, '')
    .trim();
}

/** What leads from one text to another, line by line, as one text with the numbers (from 1) of lines gone and new. */
export function difference(before: string, after: string): { code: string; del: number[]; ins: number[] } {
  const [old, now] = [before.split('\n'), after.split('\n')];
  // common[i][j] = length of the longest run of equal lines, gaps allowed, in what follows old[i] and now[j].
  const common = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const row = common[i] as number[];
      row[j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  const [del, ins]: [number[], number[]] = [[], []];
  for (let i = 0, j = 0; i < old.length || j < now.length; ) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push(now[j] as string);
      i++;
      j++;
    } else if (i < old.length && (j >= now.length || at(i + 1, j) >= at(i, j + 1))) {
      del.push(lines.push(old[i++] as string));
    } else {
      ins.push(lines.push(now[j++] as string));
    }
  }
  return { code: lines.join('\n'), del, ins };
}

/** What the highlighter calls the language of a file. */
export function languageOf(file: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const named: Readonly<Record<string, string>> = { Caddyfile: 'nginx', Dockerfile: 'docker' };
  const byEnding: Readonly<Record<string, string>> = { conf: 'nginx', service: 'ini', yaml: 'yaml' };
  return named[name] ?? byEnding[name.slice(name.lastIndexOf('.') + 1)] ?? 'ts';
}
