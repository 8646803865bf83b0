/** How this machine itself reaches what listens at a host of it. */

/** The host as it stands in a URL: IPv6 in brackets. */
export const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** A link that answers on this machine: localhost where that is listened at, else the one address that is. */
export function ownOrigin(scheme: 'http' | 'https', host: string, port: number): string {
  const name = listensEverywhere(host) ? 'localhost' : inUrl(host);
  return `${scheme}://${name}:${port}`;
}

/** Whether a server at this host is reached by every address of the machine. */
export const listensEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Whether a server at this host is reached by the machine itself alone. */
export const listensHereOnly = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\./.test(host) || /\.localhost$/.test(host);
