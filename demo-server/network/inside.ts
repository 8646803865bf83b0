/** Where a process has networks of its own, so that its addresses are not those by which others reach the machine. */
import { accessSync, readFileSync } from 'node:fs';

export type Inside = 'wsl' | 'crostini' | 'container';

/** In what this process runs; undefined on the machine itself. `root` is that of the file system. */
export function insideOf(root = '/'): Inside | undefined {
  const there = (path: string): boolean => {
    try {
      accessSync(`${root}${path}`);
      return true;
    } catch {
      return false;
    }
  };
  if (/microsoft/i.test(versionIn(`${root}proc/version`)) && !there('.dockerenv')) return 'wsl';
  if (there('dev/.cros_milestone')) return 'crostini';
  return there('.dockerenv') || there('run/.containerenv') ? 'container' : undefined;
}

function versionIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * What a teacher has to know then, as a sentence or two; `port` is the server's. `networked`: whether the process has a network in
 * which others could be; where it has none, this is all that there is to say about that.
 */
export function insideNote(inside: Inside, port: number, networked = true): string {
  const published = (whose: string) =>
    `start with --public-url http://ADDRESS:${port}, where ADDRESS is that of ${whose}`;
  if (!networked && inside === 'container')
    return `No other device can join yet: this server runs in a container that has no network. Start the container with a network, publish the port (--publish ${port}:${port}), and ${published('its host')}.`;
  const notes: Record<Inside, string> = {
    wsl: `This server runs in WSL, whose addresses others reach only with networkingMode=mirrored (.wslconfig). Otherwise run Pushlab in Windows itself, or forward the port (netsh interface portproxy) and ${published('Windows')}.`,
    crostini: `This server runs in ChromeOS’s Linux, whose addresses others do not reach. Forward port ${port} (Settings, Linux, Port forwarding) and ${published('the Chromebook')}.`,
    container: `This server runs in a container: unless that has its host’s network, others reach it only by a port that the host publishes. Then ${published('the host')}.`,
  };
  return networked ? notes[inside] : `No other device can join yet. ${notes[inside]}`;
}
