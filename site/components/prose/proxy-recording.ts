/** What a proxy makes of each technique: the form of content/recorded/proxy.json, made by `node tests/tools/record-proxy.ts`. */
import type { NginxDefaults, RungId } from '../../../demo-server/protocol.ts';

/** content/proxy/<name>.conf; `gzip` and `gzip-fixed` with compression as well. */
export const PROXY_CONFIGS = [
  'without-header',
  'default',
  'buffering-off',
  'upgrade',
  'group',
  'fixed',
  'gzip',
  'gzip-fixed',
] as const;
export type ProxyConfig = (typeof PROXY_CONFIGS)[number];

/** A column of the table: no proxy, or a configuration by the defaults of nginx before 1.29.7 or since. */
export type ProxyColumn = 'direct' | ProxyConfig | `${ProxyConfig}@newer`;
export const PROXY_COLUMNS: readonly ProxyColumn[] = [
  'direct',
  ...PROXY_CONFIGS.flatMap((config): ProxyColumn[] => [config, `${config}@newer`]),
];

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
  /** Between proxy and server. `connection` = that header of the first request; null where it had none. */
  inside: { request: string; connection: string | null; answer: string; requests: number; connections: number };
}
export type ProxyRun = Record<RungId, ProxySeen>;

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
  direct: ProxyRun;
  seen: Record<NginxDefaults, Record<ProxyConfig, ProxyRun>>;
}

/** What a column of the table shows, and how it is labelled: its configuration, and the generation where it is the newer one. */
export function columnOf(recording: ProxyRecording, column: ProxyColumn): { run: ProxyRun; newer: boolean } {
  if (column === 'direct') return { run: recording.direct, newer: false };
  const [config, newer] = column.split('@') as [ProxyConfig, string | undefined];
  return { run: recording.seen[newer ? 'newer' : 'older'][config], newer: newer !== undefined };
}
