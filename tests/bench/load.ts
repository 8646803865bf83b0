/** The load process: plain sockets on loopback that cost as little as possible, the same ones for both sides of a pair. */
import { connect, type Socket } from 'node:net';
import { answerWith } from './child.ts';
import { percentile } from './statistics.ts';
import { answerEnd, type Protocol, request, wsText } from './wire.ts';

/** Monotonic ms of the machine, the same in every process. */
const clock = (): number => Number(process.hrtime.bigint()) / 1e6;
/** Every event ends with a brace and holds no other; neither framing has one where the server's events are. */
const BRACE = 0x7d;
const AT_ONCE = 50;

const cell = new Int32Array(new SharedArrayBuffer(4));
let nap: NodeJS.Immediate | undefined;

/**
 * From now on looks at the sockets once per half a millisecond instead of at every packet, or no longer. Waking a
 * sleeping reader can cost the writing process more than the write itself, and the slower the server, the more often
 * its reader sleeps: without this the bench would count that, which a network between the two takes away, twice over.
 */
function doze(on: boolean): void {
  clearImmediate(nap);
  nap = on ? setImmediate(sleep) : undefined;
}

function sleep(): void {
  Atomics.wait(cell, 0, 0, 0.5);
  nap = setImmediate(sleep);
}

/** One read buffer for all: what is read is looked at at once, or copied. */
const buffer = Buffer.allocUnsafe(65536);

/** Opens a connection that sends `first`; `read` gets a view of what comes. */
function open(port: number, first: string, read: (bytes: Buffer, socket: Socket) => void): Socket {
  const onread = {
    buffer,
    callback: (length: number) => {
      read(buffer.subarray(0, length), socket);
      return true;
    },
  };
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
  socket.on('error', () => {});
  socket.on('close', () => {
    process.stderr.write('bench: the server has ended a connection that is measured\n');
    process.exit(1);
  });
  socket.write(first);
  return socket;
}

// ------------------------------------------------------------------------------------- questions and answers

interface Asking {
  port: number;
  path: string;
  protocol: Protocol;
  connections: number;
}

/** Connections that ask again as soon as they are answered, while `asking`. */
const askers: { begin(): void }[][] = [];
let asking = false;
let times: number[] = [];
/** Questions that wait for their answer, and who waits until there are none. */
let unanswered = 0;
let allAnswered = (): void => {};

/** Opens `connections` of them and resolves when each has been answered once. */
async function prepare({ port, path, protocol, connections }: Asking): Promise<number> {
  const question = protocol === 'http' ? Buffer.from(request(path, protocol)) : wsText('{"type":"ping","id":1}');
  const group: { begin(): void }[] = [];
  await Promise.all(
    Array.from({ length: connections }, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let rest: Buffer = Buffer.alloc(0);
      let asked = 0;
      let switched = protocol === 'http';
      const read = (bytes: Buffer, socket: Socket): void => {
        rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
        for (let end = answerEnd(rest, protocol); end > 0; end = answerEnd(rest, protocol)) {
          const answer = rest.subarray(0, end);
          rest = rest.subarray(end);
          // A control socket says more than it is asked: the state of the run, its ledger.
          if (switched && (protocol === 'http' || answer.includes('"pong"'))) answered();
          else if (!switched) socket.write(question);
          switched = true;
        }
        if (rest.length > 0) rest = Buffer.from(rest);
      };
      const answered = (): void => {
        resolve();
        unanswered -= 1;
        if (!asking && unanswered === 0) allAnswered();
        if (!asking) return;
        const at = clock();
        times.push(at - asked);
        asked = at;
        unanswered += 1;
        socket.write(question);
      };
      unanswered += 1;
      const socket = open(port, request(path, protocol), read);
      group.push({
        begin: () => {
          asked = clock();
          unanswered += 1;
          socket.write(question);
        },
      });
      return promise;
    }),
  );
  return askers.push(group) - 1;
}

/** Lets one group ask for `ms`; resolves with what it was answered, once the last answer is there. */
async function run({ group, ms }: { group: number; ms: number }) {
  const asked = askers[group] ?? [];
  times = [];
  asking = true;
  // One connection alone is asked for its delay, so there every packet is looked at.
  doze(asked.length > 1);
  const startedAt = clock();
  for (const asker of asked) asker.begin();
  // The time that is measured.
  await new Promise((resolve) => setTimeout(resolve, ms));
  const result = {
    count: times.length,
    perSecond: (times.length / (clock() - startedAt)) * 1000,
    p50: percentile(times, 0.5),
  };
  asking = false;
  doze(false);
  if (unanswered > 0) {
    await new Promise<void>((resolve) => {
      allAnswered = resolve;
    });
  }
  return result;
}

// ------------------------------------------------------------------------------------------------ subscribers

interface Subscribers {
  sockets: Socket[];
  bytes: number;
  /** When each event arrived, reader by reader; NaN = not yet. */
  arrivals: Float64Array;
  got: Uint32Array;
  events: number;
  missing: number;
  complete: () => void;
}
const groups: Subscribers[] = [];

/** Opens `connections` readers of a stream, some at a time, and resolves when each has its answer's head. */
async function subscribe({ port, path, protocol, connections }: Asking): Promise<number> {
  const group: Subscribers = {
    sockets: [],
    bytes: 0,
    arrivals: new Float64Array(0),
    got: new Uint32Array(connections),
    events: 0,
    missing: 0,
    complete: () => {},
  };
  const first = request(path, protocol);
  for (let from = 0; from < connections; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, connections - from) }, (_, n) => from + n);
    await Promise.all(
      some.map((reader) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        let head = '';
        const read = (bytes: Buffer): void => {
          if (group.events > 0) take(group, reader, bytes);
          if (head.includes('\r\n\r\n')) return;
          head += bytes.toString('latin1');
          if (!/^HTTP\/1.1 (200|101) /.test(head)) reject(new Error(`${path}: ${head.split('\r\n')[0]}`));
          if (head.includes('\r\n\r\n')) resolve();
        };
        group.sockets.push(open(port, first, read));
        return promise;
      }),
    );
  }
  return groups.push(group) - 1;
}

function take(group: Subscribers, reader: number, bytes: Buffer): void {
  const at = clock();
  group.bytes += bytes.length;
  for (let brace = bytes.indexOf(BRACE); brace !== -1; brace = bytes.indexOf(BRACE, brace + 1)) {
    const event = group.got[reader] ?? 0;
    group.got[reader] = event + 1;
    group.arrivals[reader * group.events + event] = at;
    group.missing -= 1;
  }
  if (group.missing <= 0) group.complete();
}

const reached = new Map<number, Promise<void>>();

/** Makes a group ready for so many events to each of its readers. */
function expect({ group, events }: { group: number; events: number }): void {
  const readers = groups[group];
  if (!readers) throw new Error(`no group ${group}`);
  readers.bytes = 0;
  readers.events = events;
  readers.arrivals = new Float64Array(readers.got.length * events).fill(Number.NaN);
  readers.got.fill(0);
  readers.missing = readers.got.length * events;
  doze(true);
  reached.set(group, new Promise((resolve) => Object.assign(readers, { complete: resolve })));
}

/** Resolves with the bytes and the times of arrival once every reader has every event. */
async function arrivals({ group }: { group: number }) {
  await reached.get(group);
  doze(false);
  return { bytes: groups[group]?.bytes, arrivals: groups[group]?.arrivals };
}

answerWith({ prepare, run, subscribe, expect, arrivals });
