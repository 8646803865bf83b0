/** The small labs: connections and buffering. */

/** What a page requests to see whether it has to wait: an endless stream, a short response, a page, a WebSocket. */
export const CONNECTION_KINDS = ['stream', 'fetch', 'tab', 'socket'] as const;
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

/** What the page sends on the socket that watches its lab. `n` counts its requests from 1. */
export type WatchRequest = { type: 'ping'; id: number } | { type: 'asked' | 'dropped'; n: number };

/** How many requests a lab's page has made, and how many of them the server sees. */
export interface ConnectionCounts {
  asked: number;
  reached: number;
  /** Made, but neither at the server nor given up: they wait in the browser. */
  waiting: number;
  /** At the server, and their response has not ended. */
  open: number;
  /** TCP connections of the requests that reached the server. */
  connections: number;
}

/** What the server sends there. `at` in ms since the epoch by its clock; `connection` counts the lab's connections from 1. */
export type WatchMessage =
  | { type: 'pong'; id: number; at: number }
  | { type: 'reached'; n: number; at: number; connection: number; http: string }
  | { type: 'left'; n: number; at: number }
  | ({ type: 'counts' } & ConnectionCounts);

/** Response of `POST /probe/http2`: two servers for the same pages over TLS. `silent` announces no number of streams. */
export interface Http2Servers {
  silent: number;
  announcing: number;
  /** SETTINGS_MAX_CONCURRENT_STREAMS that `announcing` sends. */
  streams: number;
  /** SHA-256 of their certificate. */
  fingerprint: string;
}

/** How the proxy of the lab is configured: the names of content/proxy/*.conf, from nothing done to everything fixed. */
export const PROXY_CONFIGS = ['without-header', 'default', 'buffering-off', 'upgrade', 'fixed'] as const;
export type ProxyConfigId = (typeof PROXY_CONFIGS)[number];

/** nginx changed its defaults in 1.29.7: `older` = those before, `newer` = those since; content/proxy/<name>-defaults.conf. */
export const NGINX_DEFAULTS = ['older', 'newer'] as const;
export type NginxDefaults = (typeof NGINX_DEFAULTS)[number];

/** Response of `POST /probe/proxy/<config>`: the proxy that is at `path` now. */
export interface LabProxy {
  /** Such as `nginx 1.22.1`; null = there is no nginx, and the lab's own buffering step takes its place. */
  nginx: string | null;
  /** What to put before `/push/…` to go through it. */
  path: string;
  /** The configuration as nginx read it, or as the lab's own step imitates it. */
  conf: string;
}
