/** A class over HTTPS whose machine comes into another network while it runs: on an empty machine, as an address is given to it. */
import { expect, test } from 'vitest';
import { describeInPlace, openPlace } from '../deploy/place.ts';

/** No measure of speed: only what hangs is ended. */
const PATIENCE_MS = 120_000;

describeInPlace('a class over HTTPS that moves', PATIENCE_MS, () => {
  test('shows a certificate for its new address, keeps it, and prints its fingerprint', async () => {
    const place = await openPlace();
    const shown = (address: string, what: string) =>
      place.done(`openssl s_client -connect ${address}:4444 </dev/null 2>/dev/null | openssl x509 -noout -${what}`);
    await place.done(`
systemd-run --quiet --unit=class --working-directory="$PWD" --property=StandardOutput=append:/tmp/said --property=StandardError=append:/tmp/said \\
  node_modules/.bin/node demo-server/main.ts --no-site --port 4444 --classroom --https --data-dir /tmp/class
until grep -q '^  [0-9A-F][0-9A-F]:' /tmp/said; do systemctl is-active class; sleep 0.1; done`);
    const before = await shown('127.0.0.1', 'fingerprint -sha256');
    await place.done(`
ip link add room type veth peer name street
ip address add 192.168.5.5/24 dev room
ip link set room up; ip link set street up
until [ "$(grep -c '^  [0-9A-F][0-9A-F]:' /tmp/said)" = 2 ]; do systemctl is-active class; sleep 0.1; done`);
    const after = await shown('192.168.5.5', 'fingerprint -sha256');
    expect(after).not.toBe(before);
    expect(await shown('192.168.5.5', 'ext subjectAltName')).toContain('192.168.5.5');
    const said = await place.done('cat /tmp/said');
    expect(said).toContain('https://192.168.5.5:4444/join');
    expect(said).toContain('The certificate that was kept is not for 192.168.5.5.');
    expect(said).toContain(after.trim().split('=')[1]);
    expect(await place.done('cat /tmp/class/certificate.json')).toContain('BEGIN CERTIFICATE');
  });
});
