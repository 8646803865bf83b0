/** Debian's nginx for tests, started as the lab does (demo-server/probes/nginx.ts). Throws if it is not installed. */
import * as nginx from '../../demo-server/probes/nginx.ts';
import { onPath } from './programs.ts';

export { type Nginx, proxyConf, withDefaults, withLines } from '../../demo-server/probes/nginx.ts';

function program(): string {
  const path = onPath(['nginx']);
  if (!path) throw new Error('no nginx on PATH; node tests/setup.ts installs it');
  return path;
}

/** Such as `nginx 1.22.1`. */
export const nginxVersion = (): string => nginx.nginxVersion(program());

/** Starts nginx with `conf` in front of a server's port. Resolves when it listens. */
export const startNginx = (conf: string, serverPort: number): Promise<nginx.Nginx> =>
  nginx.startNginx(program(), conf, serverPort);
