/** Under which addresses the devices of a class find this server, as links and as QR codes. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { encode } from 'uqr';
import type { TeacherPicture } from './protocol.ts';

/** Names of networks that no phone is in: containers, virtual machines, tunnels. */
const VIRTUAL = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|utun|tun|tap|zt|wg|tailscale|lxc|podman)/;

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * The IPv4 addresses of this machine's networks, the likeliest for a class first: those of a LAN before all others, real
 * networks before virtual ones. IPv6 is left out: its addresses are too long for a wall, and a QR code has them all alike.
 */
export function lanAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  const found: { address: string; rank: number }[] = [];
  for (const [name, addresses] of Object.entries(interfaces)) {
    for (const { address, family, internal } of addresses ?? []) {
      if (internal || family !== 'IPv4' || address.startsWith('169.254.')) continue;
      const home =
        address.startsWith('192.168.') || address.startsWith('10.') || /^172\.(1[6-9]|2\d|3[01])\./.test(address);
      found.push({ address, rank: (VIRTUAL.test(name) ? 2 : 0) + (home ? 0 : 1) });
    }
  }
  return found.sort((a, b) => a.rank - b.rank).map(({ address }) => address);
}

/**
 * The addresses to join at. `host` is where the server listens: every network for 0.0.0.0 and ::, else that one alone.
 * The code stands behind the #, which browsers keep to themselves.
 */
export function joinPicture(
  {
    protocol,
    host,
    port,
    publicUrl,
  }: { protocol: 'http' | 'https'; host: string; port: number; publicUrl?: string | undefined },
  code: string,
  interfaces?: Interfaces,
): TeacherPicture['join'] {
  const everywhere = host === '0.0.0.0' || host === '::';
  const lan = lanAddresses(interfaces);
  const names = everywhere ? (lan.length > 0 ? lan : ['localhost']) : [host.includes(':') ? `[${host}]` : host];
  const origins = publicUrl ? [publicUrl.replace(/\/+$/, '')] : names.map((name) => `${protocol}://${name}:${port}`);
  return {
    code,
    addresses: origins.map((origin) => ({ url: `${origin}/join`, qr: qrRows(`${origin}/join/#${code}`) })),
  };
}

/** A QR code as rows of 0 and 1, without its margin; a quarter of it may be torn or in the glare of a lamp (Q). */
export function qrRows(text: string): string[] {
  return encode(text, { ecc: 'Q', border: 0 }).data.map((row) => row.map(Number).join(''));
}

/** The same for a terminal, two rows to a line, dark on light whatever the terminal's colours are. */
export function qrForTerminal(rows: readonly string[]): string {
  const margin = 2;
  const width = rows.length + 2 * margin;
  const empty = '0'.repeat(width);
  const framed = [empty, empty, ...rows.map((row) => `00${row}00`), empty, empty];
  const lines: string[] = [];
  for (let n = 0; n < framed.length; n += 2) {
    const [upper = '', lower = empty] = [framed[n], framed[n + 1]];
    const blocks = [...upper].map((bit, at) => [' ', '▄', '▀', '█'][2 * Number(bit) + Number(lower[at] ?? 0)]);
    lines.push(`\u001b[30;107m${blocks.join('')}\u001b[0m`);
  }
  return lines.join('\n');
}
