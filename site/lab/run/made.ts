/**
 * With what a run was measured, as this browser tells it.
 */
import type { Made } from '../../../demo-server/measure/run-document.ts';

/** Names in user agent strings and what they mean; the first that is found counts, as later ones pretend to be earlier. */
const AGENTS: readonly [RegExp, string][] = [
  [/Firefox\/(\d+)/, 'Firefox'],
  [/Edg\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/(?:Headless)?Chrome\/(\d+)/, 'Chromium'],
  [/Version\/([\d.]+).*Safari/, 'Safari'],
];

/** `Firefox 153`; the whole text where it is none that is known. */
function agentFrom(userAgent: string): string {
  for (const [pattern, name] of AGENTS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version) return `${name} ${version}`;
  }
  return userAgent;
}

/** This browser, now. `server` = origin of the demo server, '' for the page's own; `pushlab` = version of the site. */
export function madeHere(server: string, pushlab: string): Made {
  return {
    at: new Date().toISOString(),
    client: 'browser',
    agent: agentFrom(navigator.userAgent),
    system: /\(([^)]*)\)/.exec(navigator.userAgent)?.[1] ?? '',
    server: server || location.origin,
    pushlab,
  };
}
