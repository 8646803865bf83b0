/** Ports that browsers refuse: by Node's own fetch, which follows the standard as browsers do. */
import { expect, test } from 'vitest';
import { isBadPort } from '../../demo-server/network/bad-ports.ts';
import { portAfter } from '../../demo-server/network/opened.ts';
import { OptionsError, readOptions } from '../../demo-server/options.ts';

const bad = Array.from({ length: 65_536 }, (_, port) => port).filter(isBadPort);

/** Why Node's fetch does not open it, in its own words. */
const why = (port: number): Promise<string> =>
  fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(60_000) }).then(
    ({ status }) => `answered ${status}`,
    ({ cause }: Error) => (cause as Error).message,
  );

test('each of the list is refused by fetch itself, and its neighbours that are not of it are tried', async () => {
  for (const port of bad) expect(await why(port), `${port}`).toBe('bad port');
  const neighbours = new Set(
    bad.flatMap((port) => [port - 1, port + 1]).filter((port) => port > 0 && !isBadPort(port)),
  );
  for (const port of [...neighbours, 80, 443, 3000, 4321, 5000, 8000, 8080, 8443])
    expect(await why(port), `${port}`).not.toBe('bad port');
});

test('such a port is refused in one sentence, by its option or its variable', () => {
  const fault = (argv: string[], env: NodeJS.ProcessEnv = {}): string => {
    try {
      readOptions(argv, env);
    } catch (error) {
      if (error instanceof OptionsError) return error.message;
    }
    return 'taken';
  };
  for (const port of ['6000', '5060', '6666', '10080'])
    expect(fault(['--port', port])).toBe(
      `--port (or PORT) got ${port}, a port that browsers refuse to open, as another protocol has it: choose another, such as 4321 or 8080.`,
    );
  expect(fault([], { PORT: '6667' })).toContain('got 6667, a port that browsers refuse');
  expect(fault(['--second-port', '6000'])).toContain('--second-port (or SECOND_PORT) got 6000');
  expect(fault(['--port', '5999'])).toBe('taken');
});

test('the port of the hostile page is the next that browsers open', () => {
  expect(portAfter(4321)).toBe(4322);
  expect(portAfter(5999)).toBe(6001);
  expect(portAfter(6664)).toBe(6670);
  expect(portAfter(65_535)).toBe(0);
});
