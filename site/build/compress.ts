import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { builtFiles } from './files.ts';

/** Below this size (bytes) the headers outweigh what compression saves. */
const WORTH_IT = 1024;

const brotliCompressed = promisify(brotliCompress);
const gzipped = promisify(gzip);

/** Writes `.br` and `.gz` beside every text file, since the server does not compress by itself. Resolves to their number. */
export async function compress(dist: string): Promise<number> {
  const files = builtFiles(dist, 'html', 'js', 'css', 'svg', 'json', 'txt', 'xml', 'wasm');
  const written = await Promise.all(
    files.map(async (file) => {
      const content = await readFile(file);
      if (content.length <= WORTH_IT) return 0;
      await writeFile(`${file}.br`, await brotliCompressed(content));
      await writeFile(`${file}.gz`, await gzipped(content, { level: 9 }));
      return 1;
    }),
  );
  return written.filter(Boolean).length;
}
