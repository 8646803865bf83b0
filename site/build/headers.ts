import { FOR_EVER, HASHED, headersOfPages, type Policy } from '../../demo-server/web/page-headers.ts';

/** Cloudflare leaves out a line that is longer, and says nothing. */
const LONGEST_LINE = 2000;

/**
 * The headers of the demo server as `_headers`, the file that Netlify, Cloudflare Pages and others read beside the pages.
 * Throws where a line would be too long for them.
 * @see https://docs.netlify.com/manage/routing/headers/
 * @see https://developers.cloudflare.com/pages/configuration/headers/
 */
export function headersFile(policy: Policy): string {
  const line = ([name, value]: [string, string]): string => `  ${name}: ${value}`;
  const lines = [
    '/*',
    ...Object.entries(headersOfPages(policy)).map(line),
    // Two rules for one file are put together, so the cache of the pages is left to the host: all of them ask again.
    `${HASHED}*`,
    line(['cache-control', FOR_EVER]),
  ];
  const long = lines.find((one) => one.length > LONGEST_LINE);
  if (long) throw new Error(`a line of _headers may have ${LONGEST_LINE} characters, got ${long.length}: ${long}`);
  return `${lines.join('\n')}\n`;
}
