/**
 * What one server gives away before it refuses, each with a reason in words. The defaults fit a class of 60 behind
 * one address (a school's NAT): 60 readers × 8 lanes = 480 streams, and 60 runs at once, each with room to spare.
 */
export interface Limits {
  /** Runs that are ready or running at the same time; more are refused with 503. */
  runsAtOnce: number;
  /** Requests in progress under /push/ for one run; more are refused with 429. */
  streamsPerRun: number;
  /** Requests in progress under /push/ from one address; more are refused with 429. */
  streamsPerAddress: number;
  /** Simulated subscribers of all runs together; a run gets what is left. Nine lanes of 200 fit. */
  subscriberStreams: number;
  /**
   * Control sockets from one address; more are refused with 429. Sockets of a class from one network that have not said
   * who they are; with one more, one of them is closed with 1013.
   */
  controlsPerAddress: number;
  /** Echo sockets from one address; more are refused with 429. */
  echoesPerAddress: number;
  /** Labs of connections, and requests in progress to the other probes, from one address; more are refused with 429. */
  probesPerAddress: number;
  /** Requests in progress of one lab of connections; more are refused with 429. */
  requestsPerLab: number;
  /** Bytes that wait for one connection because its reader does not read; one byte more and it is cut. */
  queuedBytesPerConnection: number;
  /** Bytes of one request body; more are refused with 413. */
  bodyBytes: number;
  /** Bytes of one WebSocket message from a client; more and the connection is closed with 1009. */
  messageBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  runsAtOnce: 150,
  streamsPerRun: 2000,
  streamsPerAddress: 2000,
  subscriberStreams: 2000,
  controlsPerAddress: 200,
  echoesPerAddress: 200,
  probesPerAddress: 400,
  requestsPerLab: 300,
  queuedBytesPerConnection: 1024 * 1024,
  bodyBytes: 16 * 1024,
  messageBytes: 16 * 1024,
};
