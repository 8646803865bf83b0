import { expect, test } from 'vitest';
import { readOrigin } from '../../demo-server/web/cors.ts';
import { builtForServer } from '../../site/build/demo-server.ts';

test('a site is built for an origin, for its own, or not at all', () => {
  expect(builtForServer('')).toBe('');
  expect(builtForServer('https://demo.example/')).toBe('https://demo.example');
  expect(builtForServer('http://127.0.0.1:4321')).toBe('http://127.0.0.1:4321');
  for (const wrong of ['demo.example', 'ftp://demo.example', 'https://demo.example/lab', '*', 'https://'])
    expect(() => builtForServer(wrong), wrong).toThrow(`got ${JSON.stringify(wrong)}`);
});

test('an origin that is let in is taken as browsers write it, whatever its capitals and default port', () => {
  expect(readOrigin('https://pushlab.example')).toBe('https://pushlab.example');
  for (const same of ['https://Pushlab.Example', 'HTTPS://pushlab.example:443', 'https://pushlab.example/'])
    expect(readOrigin(same), same).toBe('https://pushlab.example');
  for (const wrong of ['*', 'null', 'pushlab.example', 'https://pushlab.example/lab', 'https://me@pushlab.example', ''])
    expect(readOrigin(wrong), wrong).toBeUndefined();
});
