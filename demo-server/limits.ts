/**
 * What one server gives away before it refuses, each with a reason in words. The defaults fit a class of 60 behind
 * one address (a school's NAT): 60 readers × 8 lanes = 480 streams, and 60 runs at once, each with room to spare.
 * An address is an IPv4 address or the first 64 bits of an IPv6 one, as one household or school is given at least that.
 */

/** What a limit counts. */
export type LimitUnit = 'runs' | 'requests' | 'connections' | 'streams' | 'bytes';

/** One limit, as the guide's table and `--limit` show it: its default, what it counts, and what becomes of one more. */
export interface LimitFacts {
  readonly value: number;
  readonly unit: LimitUnit;
  readonly sentence: string;
}

/** All limits by name, in the order in which they are shown. `--limit <name>=<number>` sets one. */
export const LIMITS = {
  runsAtOnce: {
    value: 150,
    unit: 'runs',
    sentence: 'Runs that are ready or running at the same time; more are refused with 503.',
  },
  runsPerAddress: {
    value: 90,
    unit: 'runs',
    sentence: 'Runs of one address that are ready or running at the same time; more are refused with 429.',
  },
  streamsPerRun: {
    value: 2000,
    unit: 'requests',
    sentence: 'Requests in progress under /push/ for one run; more are refused with 429.',
  },
  streamsPerAddress: {
    value: 2000,
    unit: 'requests',
    sentence: 'Requests in progress under /push/ from one address; more are refused with 429.',
  },
  subscriberStreams: {
    value: 2000,
    unit: 'streams',
    sentence: 'Simulated subscribers of all runs together; a run gets what is left. Nine lanes of 200 fit.',
  },
  controlsPerAddress: {
    value: 200,
    unit: 'connections',
    sentence:
      'Control sockets from one address; more are refused with 429. Sockets of a class from one network that have not said who they are; with one more, one of them is closed with 1013.',
  },
  echoesPerAddress: {
    value: 200,
    unit: 'connections',
    sentence: 'Echo and chat sockets from one address; more are refused with 429.',
  },
  probesPerAddress: {
    value: 400,
    unit: 'requests',
    sentence:
      'Labs of connections, and requests in progress to the other probes, from one address; more are refused with 429.',
  },
  requestsPerLab: {
    value: 300,
    unit: 'requests',
    sentence: 'Requests in progress of one lab of connections; more are refused with 429.',
  },
  queuedBytesPerConnection: {
    value: 1024 * 1024,
    unit: 'bytes',
    sentence: 'Bytes that wait for one connection because its reader does not read; with one byte more it is cut.',
  },
  bodyBytes: {
    value: 16 * 1024,
    unit: 'bytes',
    sentence: 'Bytes of one request body; more are refused with 413.',
  },
  messageBytes: {
    value: 16 * 1024,
    unit: 'bytes',
    sentence: 'Bytes of one WebSocket message from a client; with more the connection is closed with 1009.',
  },
} as const satisfies Record<string, LimitFacts>;

export type LimitName = keyof typeof LIMITS;
export type Limits = Record<LimitName, number>;

/** The names in the order of the table. */
export const LIMIT_NAMES = Object.keys(LIMITS) as LimitName[];

export const DEFAULT_LIMITS: Readonly<Limits> = Object.fromEntries(
  LIMIT_NAMES.map((name) => [name, LIMITS[name].value]),
) as Limits;
