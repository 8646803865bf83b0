/** Which of a machine's addresses the code on the wall shows: by the names that systems really give to networks, and in networks that are really there. */
import { createSocket } from 'node:dgram';
import { describe, expect, onTestFinished, test } from 'vitest';
import { joinPicture, qrForTerminal, qrRows } from '../../demo-server/classroom/addresses.ts';
import { defaultsIn, defaultsIn6, sourceAddress } from '../../demo-server/network/default-route.ts';
import { lookAtNetworks, rankNetworks } from '../../demo-server/network/networks.ts';

const info = (address: string, { mac = '02:11:22:33:44:55', netmask = '255.255.255.0', internal = false } = {}) => ({
  address,
  netmask,
  mac,
  internal,
  ...(address.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const }),
  cidr: null,
});
const addresses = (interfaces: Parameters<typeof rankNetworks>[0], ipv4: string[] = []) =>
  rankNetworks(interfaces, { ipv4, ipv6: [] }).ipv4.map(({ address }) => address);

describe('a virtual network comes after the wifi, whatever the default route says', () => {
  test.each([
    ...['docker0', 'br-3f2a', 'veth12ab', 'virbr0', 'lxdbr0', 'incusbr0', 'cni0', 'flannel.1', 'cali123', 'podman1'],
    ...[
      'nordlynx',
      'ppp0',
      'proton0',
      'pvpnksintrf0',
      'tun0',
      'tap0',
      'wg0',
      'wg-home',
      'tailscale0',
      'ztabcdef12',
      'mullvad-wg',
    ],
    ...[
      'lima0',
      'vboxnet0',
      'vmnet8',
      'ipsec0',
      'CloudflareWARP',
      'outline-tun0',
      'netbird0',
      'cscotun0',
      'gpd0',
      'dummy0',
    ],
  ])('Linux: %s', (name) => {
    const networks = {
      lo: [info('127.0.0.1', { internal: true })],
      [name]: [info('10.1.2.3')],
      wlp3s0: [info('10.9.8.7')],
    };
    expect(addresses(networks, [name, 'wlp3s0'])).toEqual(['10.9.8.7', '10.1.2.3']);
  });
  test.each(['bridge100', 'utun4', 'vmenet0', 'vnic0', 'feth1234', 'awdl0', 'llw0', 'ipsec0', 'ppp0', 'gif0'])(
    'macOS: %s',
    (name) => {
      expect(addresses({ [name]: [info('192.168.64.1')], en0: [info('192.168.1.5')] }, ['192.168.64.1'])[0]).toBe(
        '192.168.1.5',
      );
    },
  );
  test.each([
    ...['vEthernet (WSL (Hyper-V firewall))', 'vEthernet (Default Switch)', 'VirtualBox Host-Only Network'],
    ...[
      'VMware Network Adapter VMnet8',
      'OpenVPN TAP-Windows6',
      'OpenVPN Wintun',
      'NordLynx',
      'ZeroTier One [8056c2e21c000001]',
    ],
    ...[
      'Tailscale',
      'ProtonVPN TUN',
      'Mullvad',
      'Cisco AnyConnect',
      'PANGP Virtual Ethernet Adapter',
      'Bluetooth-Netzwerkverbindung',
    ],
    ...['VPN-Verbindung', 'Radmin VPN', 'Hamachi', 'Parallels Shared'],
  ])('Windows: %s', (name) => {
    expect(addresses({ [name]: [info('192.168.56.1')], 'Wi-Fi': [info('192.168.1.5')] })[0]).toBe('192.168.1.5');
  });
  test('also where only the hardware address, the mask or the address itself gives it away', () => {
    const wifi = { 'Wi-Fi': [info('192.168.1.5')] };
    const first = (name: string, one: ReturnType<typeof info>) => addresses({ [name]: [one], ...wifi })[0];
    expect(first('Ethernet 2', info('192.168.56.1', { mac: '0a:00:27:00:00:0d' }))).toBe('192.168.1.5');
    expect(first('Ethernet 3', info('10.8.0.6', { mac: '00:ff:aa:bb:cc:dd' }))).toBe('192.168.1.5');
    expect(first('corp', info('10.64.1.7', { netmask: '255.255.255.255' }))).toBe('192.168.1.5');
    expect(first('Ethernet 4', info('100.101.102.103'))).toBe('192.168.1.5');
    expect(first('Ethernet 5', info('198.18.0.1'))).toBe('192.168.1.5');
  });
  test.each([
    'eth0',
    'enp0s31f6',
    'wlan0',
    'wlp3s0',
    'wlx00c0ca',
    'en0',
    'en7',
    'Wi-Fi',
    'WLAN',
    'Ethernet',
    'Drahtlosnetzwerkverbindung',
    'br0',
    'usb0',
    'bond0',
    'end0',
  ])('%s is none', (name) => {
    expect(addresses({ docker0: [info('172.17.0.1')], [name]: [info('203.0.113.7')] })[0]).toBe('203.0.113.7');
  });
  test('where all are virtual, the default route still counts: Hyper-V puts the machine itself behind a switch', () => {
    const networks = { 'vEthernet (WSL)': [info('172.20.0.1')], 'vEthernet (External)': [info('192.168.1.5')] };
    expect(addresses(networks, ['192.168.1.5'])[0]).toBe('192.168.1.5');
  });
});

test('the default route comes first, then private networks, then the others; each address stands there once', () => {
  const networks = {
    eth0: [info('203.0.113.7')],
    eth1: [info('10.0.0.4'), info('10.0.0.4')],
    wlan0: [info('192.168.1.5')],
    docker0: [info('172.17.0.1')],
  };
  expect(addresses(networks)).toEqual(['10.0.0.4', '192.168.1.5', '203.0.113.7', '172.17.0.1']);
  expect(addresses(networks, ['wlan0', 'eth0'])).toEqual(['192.168.1.5', '203.0.113.7', '10.0.0.4', '172.17.0.1']);
  expect(addresses(networks, ['203.0.113.7'])[0]).toBe('203.0.113.7');
});

test('an address that leads nowhere is none: loopback, link-local, those of a translation on the machine itself', () => {
  const lonely = { lo: [info('127.0.0.1', { internal: true })], eth0: [info('169.254.7.7')] };
  expect(rankNetworks(lonely)).toEqual({ ipv4: [], ipv6: [], linkLocal: true });
  expect(
    rankNetworks({ clat4: [info('192.0.0.2')], en0: [info('2001:db8::20'), info('fe80::1'), info('ff02::1')] }),
  ).toEqual({
    ipv4: [],
    ipv6: [{ address: '2001:db8::20', network: 'en0', virtual: false }],
    linkLocal: false,
  });
});

test('the tables of Linux: only routes that are up count, the lowest metric first, and half of all addresses is no default', () => {
  const line = (name: string, to: string, flags: string, metric: number, mask: string) =>
    [name, to, '0101A8C0', flags, 0, 0, metric, mask, 0, 0, 0].join('\t');
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    line('tun0', '00000000', '0003', 0, '00000080'),
    line('eth0', '00000000', '0003', 700, '00000000'),
    line('wlan0', '00000000', '0003', 600, '00000000'),
    line('dead0', '00000000', '0200', 0, '00000000'),
    line('wlan0', '0001A8C0', '0001', 600, '00FFFFFF'),
  ].join('\n');
  expect(defaultsIn(table)).toEqual(['wlan0', 'eth0']);
  const zeros = '0'.repeat(32);
  const six = (name: string, metric: string, flags: string, bits = '00') =>
    `${zeros} ${bits} ${zeros} 00 fe800000000000000000000000000001 ${metric} 00000001 00000000 ${flags}     ${name}`;
  expect(
    defaultsIn6(
      [
        six('lo', 'ffffffff', '00200200'),
        six('eth1', '00000400', '00450003'),
        six('eth0', '00000064', '00450003'),
      ].join('\n'),
    ),
  ).toEqual(['eth0', 'eth1']);
});

describe('where to join', () => {
  const networks = rankNetworks(
    { wlan0: [info('192.168.1.5')], eth0: [info('10.0.0.4'), info('fd00::4')] },
    { ipv4: ['wlan0'], ipv6: [] },
  );
  const picture = (host: string, more: Partial<Parameters<typeof joinPicture>[2]> = {}) =>
    joinPicture({ protocol: 'http', host, port: 80 }, '123456', { networks, ...more });
  const urls = (...args: Parameters<typeof picture>) => picture(...args).addresses.map(({ url }) => url);

  test('is all of them where the server listens everywhere, else the one, else what was said', () => {
    expect(urls('0.0.0.0')).toEqual(['http://192.168.1.5:80/join', 'http://10.0.0.4:80/join']);
    expect(urls('10.0.0.4')).toEqual(['http://10.0.0.4:80/join']);
    expect(urls('fd00::4')).toEqual(['http://[fd00::4]:80/join']);
    expect(urls('0.0.0.0', { publicUrl: 'https://class.example/' })).toEqual(['https://class.example/join']);
  });
  test('is the chosen one first, by address or by network, while it is there', () => {
    expect(picture('0.0.0.0', { chosen: ['10.0.0.4'] })).toMatchObject({
      chosen: '10.0.0.4',
      addresses: [{ network: 'eth0' }, {}],
    });
    expect(picture('0.0.0.0', { chosen: ['10.77.0.1', 'ETH0'] }).chosen).toBe('10.0.0.4');
    expect(picture('0.0.0.0', { chosen: ['10.77.0.1'] })).toMatchObject({
      chosen: null,
      addresses: [{ network: 'wlan0' }, {}],
    });
  });
  test('has no code where no other device can come, and says why', () => {
    for (const host of ['localhost', '127.0.0.1', '::1'])
      expect(picture(host)).toMatchObject({ trouble: 'this-machine', addresses: [{ qr: null }] });
    const none = { ipv4: [], ipv6: [], linkLocal: false };
    expect(picture('0.0.0.0', { networks: none })).toMatchObject({ trouble: 'no-network', addresses: [{ qr: null }] });
    expect(picture('::', { networks: { ...none, linkLocal: true } }).trouble).toBe('link-local');
    const six = { ...none, ipv6: [{ address: '2001:db8::20', network: 'eth0', virtual: false }] };
    expect(picture('0.0.0.0', { networks: six }).trouble).toBe('ipv6-only');
    expect(picture('::', { networks: six })).toMatchObject({
      trouble: null,
      addresses: [{ url: 'http://[2001:db8::20]:80/join' }],
    });
  });
  test('a QR code is square, and its terminal form has a line for two rows', () => {
    const rows = qrRows('http://192.168.1.5:4321/join/#123456');
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([rows.length]));
    expect(rows[0]).toMatch(/^1{7}0/);
    expect(qrForTerminal(rows).split('\n')).toHaveLength(Math.ceil((rows.length + 4) / 2));
  });
});

test('the address that a packet would leave from is found out without sending one', async () => {
  const reader = createSocket('udp4');
  onTestFinished(() => void reader.close());
  await new Promise<void>((bound) => void reader.bind(0, '127.0.0.1', bound));
  const { port } = reader.address();
  const first = new Promise<string>((resolve) => reader.once('message', (bytes) => resolve(bytes.toString())));
  expect(await sourceAddress('udp4', '127.0.0.1', port)).toEqual(['127.0.0.1']);
  reader.send('sent later', port, '127.0.0.1');
  expect(await first).toBe('sent later');
});

test('this very machine can be looked at, and no address of itself for itself is among those for others', async () => {
  const { ipv4, ipv6 } = await lookAtNetworks();
  expect([...ipv4, ...ipv6].filter(({ address }) => /^(?:127\.|::1$|fe80)/.test(address))).toEqual([]);
});
