/** The addresses of this machine under which others reach it, the likeliest for a class first. */
import { isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { type DefaultRoutes, defaultRoutes } from './default-route.ts';

/** One address, and the name that the system has for its network. */
export interface NetworkAddress {
  address: string;
  network: string;
  /** It is within this machine, or a tunnel: a code that leads there serves nobody unless the teacher knows better. */
  virtual: boolean;
}

/** What was found. */
export interface Networks {
  /** IPv4, the likeliest first. */
  ipv4: NetworkAddress[];
  /** IPv6 that is valid beyond its own cable: global and unique local ones (RFC 4291, RFC 4193). */
  ipv6: NetworkAddress[];
  /** There are only addresses that a machine gives itself where nobody gives it one (RFC 3927). */
  linkLocal: boolean;
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * Names of networks that no phone is in: containers, virtual machines, tunnels. Those of Linux, macOS and BSD stand for the
 * beginning of a name with a number or more behind it; those of Windows are words anywhere in it, as users may rename it.
 */
const VIRTUAL = new RegExp(
  [
    // Containers and virtual machines on Linux.
    '^(?:docker|br-|veth|virbr|vnet|vmnet|vboxnet|lxc|lxdbr|incusbr|mpqemubr|podman|cni|flannel|cali|cilium|lima|nerdctl|kube|weave|ovs|dummy|ifb|macvtap|waydroid)',
    // Tunnels.
    '^(?:u?tun|tap|wg|zt|tailscale|ts\\d|nordlynx|nordtun|proton|pvpn|ipv6leak|mullvad|wgcf|cloudflarewarp|gpd|cscotun|ppp|ipsec|gre|sit|ip6tnl|ipip|teredo|isatap|6to4|hamachi|ham\\d|nebula|netbird|wt\\d|outline)',
    // macOS: what is shared with virtual machines, Parallels, ZeroTier, AirDrop, tunnels of IPv6.
    '^(?:bridge\\d|vmenet|vnic|feth|awdl|llw|gif|stf|clat)',
    // Windows, and the products by their names.
    'vethernet|virtualbox|vmware|hyper-v|\\bwsl\\b|default switch|docker|parallels|\\btap\\b|tap-|wintun|wireguard|openvpn|nordvpn|nordlynx|zerotier|tailscale|hamachi|radmin|cisco anyconnect|secure client|fortinet|forti|globalprotect|pangp|juniper|pulse secure|check point|sonicwall|softether|vpn|mullvad|proton|cloudflare|warp|loopback|teredo|isatap|npcap|bluetooth',
  ].join('|'),
  'i',
);

/** First bytes of the hardware address that only host-side adapters of virtual networks have: VirtualBox, VMware, TAP-Windows. */
const VIRTUAL_MACS = /^(?:0a:00:27|00:50:56:c0:00|00:ff)/i;

/** Kept for machines that translate for themselves, or for tests of networks: nobody else has a way there (RFC 6890). */
const UNREACHABLE = /^(?:0\.|127\.|192\.0\.0\.|2(?:2[4-9]|3\d|4\d|5[0-5])\.)/;
const LINK_LOCAL = /^169\.254\./;
/** Shared between a provider and its customers (RFC 6598), and for tests (RFC 2544): in practice Tailscale's, and proxies' that act as a network. */
const SHARED = /^(?:100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|198\.1[89]\.)/;
/** Private networks (RFC 1918). */
const HOME = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/;

/** Sorts what the system lists: networks with a place for phones before all others, the default route's first, private before public. */
export function rankNetworks(interfaces: Interfaces, routes: DefaultRoutes = { ipv4: [], ipv6: [] }): Networks {
  const all = Object.entries(interfaces).flatMap(([network, infos = []]) =>
    infos
      .filter(({ internal }) => !internal)
      .map((info) => ({ network, info, address: info.address.replace(/%.*/, '') })),
  );
  const ofFamily = (six: boolean) => all.filter(({ address }) => isIPv6(address) === six);
  const four = ofFamily(false).filter(({ address }) => !UNREACHABLE.test(address));
  const usable = four.filter(({ address }) => !LINK_LOCAL.test(address));
  return {
    ipv4: sorted(usable, routes.ipv4),
    ipv6: sorted(
      ofFamily(true).filter(({ address }) => /^[23f][0-9a-f]{3}:/i.test(address) && !/^f(?:e|f)/i.test(address)),
      routes.ipv6,
    ),
    linkLocal: usable.length === 0 && four.length > 0,
  };
}

function sorted(
  found: { network: string; address: string; info: NetworkInterfaceInfo }[],
  routes: readonly string[],
): NetworkAddress[] {
  const rank = ({ network, address, info }: (typeof found)[number]): number[] => {
    const route = routes.findIndex((one) => one === network || one === address);
    return [
      Number(isVirtual(network, info)),
      route < 0 ? routes.length : route,
      Number(isIPv6(address) ? !/^[23]/.test(address) : !HOME.test(address)),
    ];
  };
  const known = new Map(found.map((one) => [one.address, { ...one, rank: rank(one) }]));
  return [...known.values()]
    .sort((a, b) => a.rank.reduce((order, value, at) => order || value - (b.rank[at] ?? 0), 0))
    .map(({ network, address, info }) => ({ address, network, virtual: isVirtual(network, info) }));
}

/** Whether a network is one that exists inside this machine, or leads through a tunnel to one other. */
function isVirtual(network: string, { address, netmask, mac }: NetworkInterfaceInfo): boolean {
  return VIRTUAL.test(network) || VIRTUAL_MACS.test(mac) || netmask === '255.255.255.255' || SHARED.test(address);
}

/** Looks at the networks of this machine as they are now. Sends nothing. Never rejects. */
export async function lookAtNetworks(): Promise<Networks> {
  const routes = await defaultRoutes();
  let interfaces: Interfaces;
  try {
    interfaces = networkInterfaces();
  } catch {
    // Android lets no program list them, but the source address of the default route is known.
    const [ipv4, ipv6] = [routes.ipv4, routes.ipv6].map((all) =>
      all.filter((one) => /[.:]/.test(one)).map((address) => ({ address, network: '', virtual: false })),
    );
    return { ipv4: ipv4 ?? [], ipv6: ipv6 ?? [], linkLocal: false };
  }
  return rankNetworks(interfaces, routes);
}
