/** The small labs: connections and buffering. */

/** What a page asks the server for to see whether it waits: an endless stream, a short answer, a page, a WebSocket. */
export const CONNECTION_KINDS = ['stream', 'fetch', 'tab', 'socket'] as const;
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

/** What the page tells on the socket that watches its lab. `n` counts its requests from 1. */
export type WatchRequest = { type: 'ping'; id: number } | { type: 'asked' | 'dropped'; n: number };

/** How many requests of a lab the page has asked for, and where the server sees them. */
export interface ConnectionCounts {
  asked: number;
  reached: number;
  /** Asked for and neither here nor given up: they wait in the browser. */
  waiting: number;
  /** Here, and not answered to their end. */
  open: number;
  /** TCP connections that those which are here came on. */
  connections: number;
}

/** What the server tells there. `at` in ms since the epoch by its clock; `connection` counts the lab's connections from 1. */
export type WatchMessage =
  | { type: 'pong'; id: number; at: number }
  | { type: 'reached'; n: number; at: number; connection: number; http: string }
  | { type: 'left'; n: number; at: number }
  | ({ type: 'counts' } & ConnectionCounts);

/** Answer of `POST /probe/http2`: two servers for the same pages over TLS. `silent` announces no number of streams. */
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

/** Answer of `POST /probe/proxy/<config>`: the proxy that stands at `path` now. */
export interface LabProxy {
  /** As in `nginx 1.22.1`; null = no nginx here, the lab's own buffering step takes its place. */
  nginx: string | null;
  /** What to put before `/push/…` to go through it. */
  path: string;
  /** The configuration as nginx read it; with the own step, what it imitates. */
  conf: string;
}
