/** One conversation of garbage: to which port, in which pieces, and how its client leaves. */

/** The server's doors: plain HTTP, the second origin, TLS in front, and the HTTP/2 servers of the lab of connections. */
export const DOORS = ['http', 'second', 'secure', 'secure-plain', 'h2', 'h2-plain'] as const;
export type Door = (typeof DOORS)[number];

export interface Conversation {
  door: Door;
  /** What it is about, for the report. */
  kind: string;
  /** The protocol that is asked for in the handshake of TLS; drawn unless given. */
  alpn?: 'h2';
  /** Written one after the other, each in a turn of its own, so that most arrive in pieces. */
  pieces: Buffer[];
  /** After the last piece: half-close, reset, or stay until the server has answered or ended it. */
  leave: 'half-close' | 'reset' | 'stay';
}

/** What the server has that requests are about, so that some of them are nearly right. */
export interface Known {
  /** `METHOD /path` with `:parameters`, as the server lists them. */
  routes: readonly string[];
  runs: readonly string[];
  code: string;
  token: string;
  /** Seats of the class, as its devices come back to them. */
  seats: readonly { seat: string; secret: string }[];
  /** What the class is at: its newest question and its newest run, where there is one. */
  question: string;
  classRun: string;
  /** Name and port under which the second origin answers. */
  secondHost: string;
}
