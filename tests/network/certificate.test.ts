/** The certificate that --https keeps: one that cannot serve is made anew, and it is said why; what is in the way is a sentence, never a stack. */
import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificate } from '../../demo-server/network/certificate.ts';
import { certificateFor, isFor, ownNames } from '../../demo-server/network/kept-certificate.ts';
import { run } from '../helpers/process.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2027, 2, 1);
const names = ['localhost', '127.0.0.1', '192.168.1.20'];

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'pushlab-certificate-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}
const at = (ms: number) => () => ms;

test('is kept for its owner alone, whole, and served again', async () => {
  const dir = join(await folder(), 'not/there/yet');
  const first = await certificateFor(names, dir, at(NOW));
  expect(first.notes).toEqual([]);
  expect(await readdir(dir)).toEqual(['certificate.json']);
  expect((await stat(join(dir, 'certificate.json'))).mode & 0o077).toBe(0);
  expect(await certificateFor(names, dir, at(NOW + 100 * DAY))).toEqual(first);
  expect(await certificateFor(names.slice(1), dir, at(NOW))).toEqual(first);
});

describe('is made anew, with a word why,', () => {
  const other = makeCertificate(names, 365, NOW);
  const own = makeCertificate(names, 365, NOW);
  test.each<[string, string | Buffer]>([
    ['empty', ''],
    ['of NUL bytes', Buffer.alloc(4096)],
    ['cut off', JSON.stringify(own).slice(0, 300)],
    ['{}', '{}'],
    ['null', 'null'],
    ['a list', '[1]'],
    ['with another key', JSON.stringify({ ...own, key: other.key })],
    ['without a key', JSON.stringify({ ...own, key: '' })],
    ['with a broken certificate', JSON.stringify({ ...own, cert: own.cert.slice(0, 200) })],
  ])('where the file is damaged: %s', async (_what, content) => {
    const dir = await folder();
    const file = join(dir, 'certificate.json');
    await writeFile(file, content);
    const { notes, fingerprint } = await certificateFor(names, dir, at(NOW));
    expect(notes).toEqual([
      `The certificate in ${file} was damaged. A new certificate was made, with another fingerprint: devices are warned once more.`,
    ]);
    expect(await certificateFor(names, dir, at(NOW))).toMatchObject({ fingerprint, notes: [] });
  });
  test('where a clock that was ahead made it', async () => {
    const dir = await folder();
    const ahead = await certificateFor(names, dir, at(NOW + 3 * 365 * DAY));
    const right = await certificateFor(names, dir, at(NOW));
    expect(right.fingerprint).not.toBe(ahead.fingerprint);
    expect(right.notes[0]).toMatch(/valid from 2030-02-27 only: this machine's clock was ahead when it was made/);
    expect(new X509Certificate(right.cert).validFromDate.getTime()).toBe(NOW - DAY);
  });
  test('where it ends within a week', async () => {
    const dir = await folder();
    await certificateFor(names, dir, at(NOW));
    expect((await certificateFor(names, dir, at(NOW + 357 * DAY))).notes).toEqual([]);
    expect((await certificateFor(names, dir, at(NOW + 359 * DAY))).notes[0]).toMatch(
      /is valid until 2028-02-29\. A new/,
    );
  });
  test('where this machine has other addresses, once for each room: it keeps the old ones', async () => {
    const dir = await folder();
    await certificateFor(names, dir, at(NOW));
    const school = await certificateFor(['localhost', '10.2.3.4'], dir, at(NOW));
    expect(school.notes[0]).toMatch(/^The certificate that was kept is not for 10\.2\.3\.4\. A new/);
    expect(await certificateFor(names, dir, at(NOW))).toMatchObject({ fingerprint: school.fingerprint, notes: [] });
  });
});

test('is for the addresses that it names, and for no others', () => {
  const made = makeCertificate([...names, 'fd00::5'], 365, NOW);
  expect(isFor(made, [])).toBe(true);
  expect(isFor(made, [...names, 'fd00::5'])).toBe(true);
  expect(isFor(made, ['localhost', '10.2.3.4'])).toBe(false);
});

test('is served, and it is said, where it cannot be kept or a clock is far behind', async () => {
  const file = join(await folder(), 'file');
  await writeFile(file, '');
  const unkept = await certificateFor(names, file, at(NOW));
  expect(unkept.notes.at(-1)).toMatch(
    /cannot be kept in .+: the next start makes another one\. Give this user the right/,
  );
  const dir = await folder();
  await mkdir(join(dir, 'certificate.json'));
  const notes = (await certificateFor(names, dir, at(NOW))).notes.join('\n');
  expect(notes).toContain('cannot be read');
  expect(notes).toContain('cannot be kept');
  // Nothing stays beside it.
  expect(await readdir(dir)).toEqual(['certificate.json']);
  expect((await certificateFor(names, await folder(), at(0))).notes[0]).toContain(
    'The clock of this machine says 1970-01-01',
  );
});

test('names IPv6 addresses, and holds times of any century', () => {
  const made = new X509Certificate(
    makeCertificate(['::1', '2001:db8::1:20', 'fd00:1:2:3:4:5:6:7', 'a.example'], 365, Date.UTC(2049, 6, 1)).cert,
  );
  for (const address of ['::1', '2001:db8::1:20', 'fd00:1:2:3:4:5:6:7']) expect(made.checkIP(address)).toBe(address);
  expect(made.checkHost('a.example')).toBe('a.example');
  expect(made.validFromDate.toISOString()).toBe('2049-06-30T00:00:00.000Z');
  expect(made.validToDate.toISOString()).toBe('2050-07-01T00:00:00.000Z');
  expect(new X509Certificate(makeCertificate(['a'], 1, 0).cert).validFromDate.getTime()).toBe(-DAY);
  expect(ownNames(['10.0.0.1', 'localhost'])).toEqual([...new Set(ownNames(['10.0.0.1']))]);
});

test('a start over --https goes on beside a damaged file', async () => {
  const dir = await folder();
  await writeFile(join(dir, 'certificate.json'), '');
  const options = ['--no-site', '--port', '0', '--https', '--classroom', '--data-dir', dir];
  const damaged = run(options);
  await damaged.listening();
  damaged.child.kill('SIGTERM');
  const { code, stderr } = await damaged.ended;
  expect({ code, lines: stderr.trim().split('\n') }).toEqual({
    code: 0,
    lines: [expect.stringContaining('was damaged. A new')],
  });
  expect(JSON.parse(await readFile(join(dir, 'certificate.json'), 'utf8'))).toHaveProperty('cert');
});
