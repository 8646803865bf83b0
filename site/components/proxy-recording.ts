/** What a proxy makes of each technique: the form of content/recorded/proxy.json, made by `node tests/record-proxy.ts`. */
import type { RungId } from '../../demo-server/protocol.ts';

/** `direct` = no proxy; the others are content/proxy/<name>.conf, `gzip` and `gzip-fixed` with compression as well. */
export const PROXY_CONFIGS = [
  'direct',
  'without-header',
  'default',
  'buffering-off',
  'upgrade',
  'fixed',
  'gzip',
  'gzip-fixed',
] as const;
export type ProxyConfig = (typeof PROXY_CONFIGS)[number];

/** One technique through one configuration. */
export interface ProxySeen {
  /** Of the first answer, as the reader got it. */
  status: number;
  /** The first event was here before the run had ended. */
  live: boolean;
  events: number;
  sent: number;
  /** Median from sent to here; null where no event came. */
  latencyMs: number | null;
  packed: string | null;
  /** Between reader and proxy: the version of the answer, and whether one connection served several requests. */
  outside: { answer: string; reused: boolean };
  /** Between proxy and server. */
  inside: { request: string; answer: string; requests: number; connections: number };
}

export interface ProxyRecording {
  nginx: string;
  node: string;
  date: string;
  command: string;
  settings: {
    arrivals: string;
    eventsPerSecond: number;
    payloadBytes: number;
    durationSeconds: number;
    pollIntervalMs: number;
  };
  seen: Record<ProxyConfig, Record<RungId, ProxySeen>>;
}
