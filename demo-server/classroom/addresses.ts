/** Under which addresses the devices of a class find this server, as links and as QR codes. */
import { encode } from 'uqr';
import type { NetworkAddress, Networks } from '../network/networks.ts';
import { inUrl, listensEverywhere, listensHereOnly, ownOrigin } from '../network/own-address.ts';
import type { TeacherPicture } from './protocol.ts';

export type JoinPicture = TeacherPicture['join'];

/** Where the server listens. */
export interface ListensAt {
  protocol: 'http' | 'https';
  host: string;
  port: number;
}

/**
 * The addresses to join at, the one that the code shows first: the chosen one while it is there, else the likeliest. `chosen`
 * are addresses or names of networks, the first that is there counts. The class's code stands behind the #, which browsers
 * keep to themselves. Where no other device can reach the server there is an address without a QR code, and the trouble.
 */
export function joinPicture(
  at: ListensAt,
  code: string,
  {
    networks,
    publicUrl,
    chosen = [],
  }: { networks: Networks; publicUrl?: string | undefined; chosen?: readonly string[] },
): JoinPicture {
  const { protocol, host, port } = at;
  const withCode = (origin: string, { address, network, virtual }: NetworkAddress) => ({
    url: `${origin}/join`,
    qr: qrRows(`${origin}/join/#${code}`),
    address,
    network,
    virtual,
  });
  if (publicUrl) {
    const origin = publicUrl.replace(/\/+$/, '');
    return {
      code,
      chosen: null,
      trouble: null,
      addresses: [withCode(origin, { address: '', network: '', virtual: false })],
    };
  }
  const { found, trouble } = reachable(host, networks);
  if (found.length === 0) {
    const here = { url: `${ownOrigin(protocol, host, port)}/join`, qr: null, address: '', network: '', virtual: false };
    return { code, chosen: null, trouble, addresses: [here] };
  }
  const [wanted] = chosen.flatMap((name) => found.find((one) => isNamed(one, name)) ?? []);
  const sorted = wanted ? [wanted, ...found.filter((one) => one !== wanted)] : found;
  return {
    code,
    chosen: wanted?.address ?? null,
    trouble: null,
    addresses: sorted.map((one) => withCode(`${protocol}://${inUrl(one.address)}:${port}`, one)),
  };
}

/** Whether an address is the one that was named, by itself or by its network. */
export function isNamed({ address, network }: NetworkAddress, name: string): boolean {
  return [address, network].some((one) => one !== '' && one.toLowerCase() === name.toLowerCase());
}

/** Which addresses of the machine lead to a server at `host`; where none does for others, why. */
function reachable(host: string, networks: Networks): { found: NetworkAddress[]; trouble: JoinPicture['trouble'] } {
  if (listensHereOnly(host)) return { found: [], trouble: 'this-machine' };
  if (!listensEverywhere(host)) return { found: [{ address: host, network: '', virtual: false }], trouble: null };
  const { ipv4, ipv6, linkLocal } = networks;
  if (ipv4.length > 0) return { found: ipv4, trouble: null };
  // Too long for a wall, and not every device has IPv6: shown only where there is nothing else.
  if (ipv6.length > 0 && host === '::') return { found: ipv6, trouble: null };
  return { found: [], trouble: ipv6.length > 0 ? 'ipv6-only' : linkLocal ? 'link-local' : 'no-network' };
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
