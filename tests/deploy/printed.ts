/** The commands that the pages on hosting print, as they stand there, and which of them are not run, and why. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Place, quoted } from './place.ts';

const DOCS = join(import.meta.dirname, '../../content/docs');

/** The pages that print commands for an operator, as paths below content/docs without their ending. */
export const PAGES: readonly string[] = [
  'host-it-yourself',
  ...globSync('hosting/*.mdx', { cwd: DOCS })
    .map((file) => file.replace(/\.mdx$/, ''))
    .sort(),
];

/** By the beginning of a block: why it is not run as printed, and what is done instead. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'npm start -- --classroom\n':
    'runs until it is stopped; tests/server/main.test.ts starts a class by the same options',
  'docker build': 'there is no Docker engine; files.test.ts reads the steps of the Dockerfile',
  'docker network create': 'there is no Docker engine; files.test.ts checks the options',
  'docker exec': 'there is no Docker engine; service-nginx.test.ts reads the file of the service',
  'docker run': 'there is no Docker engine; files.test.ts checks the options',
  'echo PUSHLAB_NAME=': 'there is no Docker engine; files.test.ts reads compose.yaml',
  'docker compose': 'there is no Docker engine; files.test.ts reads compose.yaml',
  'sudo certbot certonly --standalone': 'there is no Docker engine; service-nginx.test.ts runs its line for certbot',
  'sudo certbot certonly --webroot --webroot-path /var/www/pushlab-acme --domain pushlab.example':
    'there is no Docker engine; service-nginx.test.ts runs it with a stand-in for docker',
  'node demo-server/main.ts --production': 'runs until it is stopped; the service before it runs with the same options',
  'PUBLIC_SITE=https://pushlab.example npm run build':
    'tests/browsers/static-host.test.ts serves the build as such a host does',
  'PUBLIC_DEMO_SERVER=': 'tests/browsers/two-origins.test.ts builds it and uses it from both browsers',
};

/** The service by which `follow` runs what a block leaves running. */
export const BY_HAND = 'by-hand';

/** A shell of which nothing else waits until its programs end. */
const inBackground = (block: string): string =>
  `systemd-run --quiet --unit=${BY_HAND} --working-directory="$PWD" --setenv=PATH --setenv=HOME sh -ec ${quoted(`${block}wait`)}`;

/** The blocks of commands of a page, in order, each as it is printed. Throws where there is none. */
export function commandsOf(page: string): string[] {
  const text = readFileSync(join(DOCS, `${page}.mdx`), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
}

/** Why a block is not run; undefined where it is. */
export const whyNot = (block: string): string | undefined =>
  Object.entries(NOT_RUN).find(([beginning]) => block.startsWith(beginning))?.[1];

/**
 * Runs the commands of a page in the place, in the order of the page, in one shell for each block, as one copies them; `name`
 * is what the first block of a page sets. Those from `start` to before `end`, where others are run at another time. A block that
 * leaves programs running (`&`) becomes the service BY_HAND, to be stopped. Returns what each block printed, and fails with that
 * of the first one that did not end well.
 */
export async function follow(place: Place, page: string, name: string, start = 0, end?: number): Promise<string[]> {
  const printed: string[] = [];
  for (const block of commandsOf(page)
    .slice(start, end)
    .filter((one) => whyNot(one) === undefined)) {
    const { code, output } = await place.run(/&$/m.test(block) ? inBackground(block) : `name=${name}\n${block}`);
    expect(code, `${page}:\n${block}\n${output}`).toBe(0);
    printed.push(output);
  }
  return printed;
}
