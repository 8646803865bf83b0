/** A packet capture of one loopback port by tshark: a witness that knows nothing about our tap. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { onPath } from './programs.ts';

/** TCP payload bytes of one connection, by the sequence numbers on the wire. */
export interface CapturedStream {
  up: number;
  down: number;
}

export interface Capture {
  /** Stops once everything so far has been captured. Returns the streams by the port of their client. */
  stop(): Promise<Map<number, CapturedStream>>;
}

/** Starts capturing. Resolves when a probe connection has appeared in the capture, so that nothing after it is missed. */
export async function capture(port: number): Promise<Capture> {
  const program = onPath(['tshark']);
  if (!program) throw new Error('no tshark on PATH; node tests/setup.ts installs it');
  const fields = ['tcp.srcport', 'tcp.dstport', 'tcp.seq', 'tcp.len'].flatMap((field) => ['-e', field]);
  const tshark = spawn(
    program,
    ['-i', 'lo', '-f', `tcp port ${port}`, '-B', '32', '-n', '-l', '-Q', '-T', 'fields', ...fields],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void tshark.kill('SIGKILL'));
  const streams = new Map<number, CapturedStream>();
  const seen = new Map<number, () => void>();
  const errors: string[] = [];
  createInterface(tshark.stderr).on('line', (line) => errors.push(line));
  createInterface(tshark.stdout).on('line', (line) => {
    const [source = 0, target = 0, seq = 0, length = 0] = line.split('\t').map(Number);
    const up = target === port;
    const client = up ? source : target;
    const stream = streams.get(client) ?? { up: 0, down: 0 };
    streams.set(client, stream);
    // Relative numbers: the SYN is 0, the first byte 1. A retransmission has the same numbers again.
    if (length > 0) stream[up ? 'up' : 'down'] = Math.max(stream[up ? 'up' : 'down'], seq + length - 1);
    seen.get(client)?.();
  });
  const failed = new Promise<never>((_, reject) => {
    tshark.once('exit', (code) => reject(new Error(`tshark ended with ${code}: ${errors.join(' ')}`)));
  });
  failed.catch(() => {});

  /** Opens connections until one of them appears in the capture: everything before it has then been captured, too. */
  async function probe(): Promise<void> {
    for (;;) {
      const socket = connect({ port, host: '127.0.0.1' });
      await new Promise<void>((connected) => socket.once('connect', connected));
      const client = socket.localPort ?? 0;
      const found = new Promise<boolean>((resolve) => {
        // A probe sent before the capture began never appears, so after a while another one is sent.
        const giveUp = setTimeout(resolve, 500, false);
        seen.set(client, () => {
          clearTimeout(giveUp);
          resolve(true);
        });
        if (streams.has(client)) seen.get(client)?.();
      });
      const captured = await Promise.race([found, failed]);
      socket.destroy();
      seen.delete(client);
      streams.delete(client);
      if (captured) return;
    }
  }
  await probe();
  return {
    async stop() {
      await probe();
      const ended = new Promise((resolve) => tshark.once('exit', resolve));
      tshark.kill('SIGINT');
      await ended;
      return streams;
    },
  };
}
