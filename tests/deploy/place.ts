/**
 * An empty Debian machine for one test, booted by a real systemd in namespaces of its own: the commands of a page run there as
 * they are printed, with the real folders, names and ports, and nothing of it is left afterwards. It has no network.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, onTestFinished } from 'vitest';
import { onPath } from '../helpers/programs.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Where the project lies in the place, as an operator has unpacked it. */
export const PROJECT = '/root/pushlab';

/** What a script did: its exit code, and standard output and error together. */
export interface Outcome {
  code: number | null;
  output: string;
}

export interface Place {
  /** Runs a script by `sh -e` in the project's folder. */
  run(script: string): Promise<Outcome>;
  /** The same, for what has to succeed: resolves with what it printed, throws with it where it ended with another code than 0. */
  done(script: string): Promise<string>;
}

/** The folders of programs that a login has, and not those that npm puts before them while it runs the tests. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What stands in for the network that is not there. Everything else on PATH is the machine's own. */
const STAND_INS: Readonly<Record<string, string>> = {
  // The packages came from the registry when this project was installed, and the site was built before the tests.
  npm: `case "$*" in ci) [ -d node_modules ]; exit;; 'run build') [ -e dist/csp.json ] && exit;; esac\nPATH=${SYSTEM_PATH}\nexec npm "$@"`,
  // The packages that are asked for have to be here already (tests/setup.ts), under these names.
  'apt-get': `for name; do case $name in install|update|-*) ;; *) dpkg-query --show "$name" || exit 100;; esac; done`,
};

/** Why no place can be made on this machine, as the system says it; undefined where one can. */
function refused(): string | undefined {
  const missing = ['unshare', 'nsenter', 'pivot_root', 'ip', 'systemctl'].filter((program) => !onPath([program]));
  if (missing.length > 0) return `no ${missing.join(', ')} on PATH`;
  const script = 'd=$(mktemp -d) && mount -t cgroup2 cgroup2 "$d" && umount "$d"; rmdir "$d"';
  const tried = spawnSync('unshare', ['--mount', '--pid', '--net', '--cgroup', '--fork', 'sh', '-ec', script], {
    encoding: 'utf8',
  });
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

const why = refused();

/** `describe` for tests in a place: where none can be made, the reason stands in the name of each test that is skipped. */
export const describeInPlace = (name: string, timeout: number, tests: () => void): void => {
  describe.skipIf(why !== undefined)(
    why === undefined ? name : `${name} (not on this machine: ${why})`,
    { timeout },
    tests,
  );
};

/** Boots one; `atEnd` registers its end (vitest's onTestFinished unless told otherwise), after which nothing of it is left. */
export async function openPlace(atEnd: (close: () => Promise<void>) => void = onTestFinished): Promise<Place> {
  const base = await mkdtemp(join(tmpdir(), 'pushlab-place-'));
  const machine = spawn('unshare', ['--mount', 'sh', join(import.meta.dirname, 'place.sh'), base, ROOT], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((over) => machine.once('close', () => over()));
  // It clears away by itself when its input ends.
  atEnd(() => {
    machine.stdin.end();
    return ended;
  });
  let said = '';
  machine.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  const [line] = (await Promise.race([once(machine.stdout, 'data'), ended.then(() => [''])])) as [Buffer | string];
  const inside = await Promise.race([
    firstOf(Number(String(line))),
    ended.then(() => Promise.reject(new Error(`no machine for the recipes: ${said}`))),
  ]);
  const path = `/usr/local/test:${SYSTEM_PATH}`;

  async function run(script: string): Promise<Outcome> {
    const entry = ['--target', String(inside), '--mount', '--net', '--pid', '--ipc', '--uts', '--cgroup', '--'];
    const environment = ['env', '-i', `PATH=${path}`, 'HOME=/root', 'LANG=C.UTF-8'];
    const shell = ['sh', '-ec', `exec 2>&1; cd ${PROJECT}\n${script}`];
    const child = spawn('nsenter', [...entry, ...environment, ...shell], { stdio: ['ignore', 'pipe', 'inherit'] });
    const code = new Promise<number | null>((over) => child.once('close', over));
    const output = await text(child.stdout);
    return { code: await code, output };
  }
  async function done(script: string): Promise<string> {
    const { code, output } = await run(script);
    if (code !== 0) throw new Error(`ended with ${code}: ${script}\n${output}`);
    return output;
  }
  const sudo = onPath(['sudo']) ? {} : { sudo: 'exec "$@"' };
  const programs = Object.entries({ ...STAND_INS, ...sudo }).map(
    ([name, body]) => `printf '%s\\n' '#!/bin/sh' ${quoted(body)} > ${name}; chmod +x ${name}`,
  );
  await booted(run);
  await done(`mkdir -p /usr/local/test; cd /usr/local/test\n${programs.join('\n')}`);
  return { run, done };
}

/** Resolves when systemd has started all that it starts by itself. Before that it may not be the first process yet. */
async function booted(run: Place['run']): Promise<void> {
  for (;;) {
    const { output } = await run('cd /; systemctl is-system-running --wait || true');
    if (/^(?:running|degraded)$/m.test(output)) return;
    await pause(50);
  }
}

/** The process that `parent` has started in a namespace of its own, when it has: the machine's first one, seen from outside. */
async function firstOf(parent: number): Promise<number> {
  for (;;) {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      if (/^PPid:\t(\d+)$/m.exec(status)?.[1] === String(parent) && /^NSpid:.*\t1$/m.test(status)) return Number(pid);
    }
    await pause(20);
  }
}

/** One argument for the shell. */
export const quoted = (value: string): string => `'${value.replaceAll("'", String.raw`'\''`)}'`;
