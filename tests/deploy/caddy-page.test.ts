/**
 * The page "Behind Caddy", followed to the letter on an empty machine, with a certificate from a real ACME authority.
 */
import { beforeAll, expect, test } from 'vitest';
import { DIRECTORY, OWN_CERTIFICATE, startAuthority } from './authority.ts';
import { describeInPlace, openPlace, type Place, PROJECT } from './place.ts';
import { follow } from './printed.ts';
import { startReader } from './reader.ts';

const NAME = 'pushlab.example';
const SITE = `https://${NAME}`;
/** No measure of speed: only what hangs is ended. */
const PATIENCE_MS = 600_000;

describeInPlace('an operator who follows the page', PATIENCE_MS, () => {
  let place: Place;
  let close: () => Promise<void>;
  let printed: string[];

  beforeAll(async () => {
    place = await openPlace((end) => {
      close = end;
    });
    await startAuthority(place, [NAME]);
    // The service is installed in the test of nginx; here its server stands in for it. And Caddy is told which authority to ask.
    await place.done(`
systemd-run --quiet --unit=server --working-directory=${PROJECT} node_modules/.bin/node demo-server/main.ts \\
  --production --public-url ${SITE} --host 127.0.0.1 --trust-proxy 127.0.0.1 --limit streamsPerAddress=3
sed -i '0,/^{$/s||{\\n\\tacme_ca ${DIRECTORY}\\n\\tacme_ca_root ${OWN_CERTIFICATE}|' content/deploy/Caddyfile
chmod 755 /etc/pebble
until curl --silent --fail http://127.0.0.1:4321/healthz; do systemctl is-active server; sleep 0.2; done`);
    printed = await follow(place, 'hosting/caddy', NAME);
    return () => close();
  }, PATIENCE_MS);

  const status = (path: string): Promise<string> =>
    place.done(`curl --silent --output /dev/null --write-out '%{http_code}' ${SITE}${path}`);

  test('has a site with a certificate that was given for its name', async () => {
    expect(printed.at(-1)).toContain('{"status":"ok"}');
    expect(await status('/')).toBe('200');
    expect(await place.done(`curl --silent --head http://${NAME}/lessons/sse/`)).toContain(
      `ocation: ${SITE}/lessons/sse/`,
    );
    expect(await place.done(`curl --silent --head ${SITE}/`)).toMatch(/^strict-transport-security: max-age=86400\r$/im);
  });

  test('keeps the operator’s addresses to itself', async () => {
    for (const path of ['/metrics', '/readyz']) expect(await status(path), path).toBe('404');
  });

  test('counts a client by its own address, whatever it writes into X-Forwarded-For', async () => {
    await place.done(`for n in 1 2 3; do
  systemd-run --quiet --unit=held-$n curl --silent --output /tmp/held-$n --no-buffer --header "X-Forwarded-For: 8.8.8.$n" ${SITE}/push/sse
  until [ -s /tmp/held-$n ]; do systemctl is-active held-$n; sleep 0.1; done
done`);
    expect(await status('/push/sse')).toBe('429');
    await place.done('systemctl stop held-1 held-2 held-3');
  });

  test('closes a socket at a reload, with a code that says so, and lets a stream go on', async () => {
    await place.done(`${startReader(SITE, 'reader')}
systemctl reload caddy
until grep -q 'socket closed' /tmp/reader; do systemctl is-active reader; sleep 0.1; done`);
    const lines = Number(await place.done('wc -l < /tmp/reader'));
    await place.done(
      `until [ "$(wc -l < /tmp/reader)" -gt ${lines + 2} ]; do systemctl is-active reader; sleep 0.1; done`,
    );
    const said = await place.done('cat /tmp/reader; systemctl stop reader');
    expect(said).toContain('"what":"socket closed","code":1001');
    expect(said).not.toMatch(/stream (?:cut|ended)/);
  });
});
