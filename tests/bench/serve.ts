/** The server process: one side of a pair, named on the command line. */
import { setImmediate as turn } from 'node:timers/promises';
import { answerWith } from './child.ts';
import { type SideName, sides } from './sides.ts';

const { port, query, publish } = await sides[process.argv[2] as SideName]();

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

answerWith({
  address: () => ({ port, query }),
  cpuMicroseconds,

  /** Publishes so many events back to back, one a turn of the event loop, as timers would. Times in ms of the machine's clock. */
  async publish({ events }: { events: number }) {
    const times = new Float64Array(events);
    const before = cpuMicroseconds();
    for (let n = 0; n < events; n += 1) {
      times[n] = Number(process.hrtime.bigint()) / 1e6;
      publish();
      await turn();
    }
    return { times, cpuMicroseconds: cpuMicroseconds() - before };
  },

  /** Bytes in use once everything that can go has gone. */
  async memory() {
    for (let round = 0; round < 4; round += 1) {
      gc?.();
      await turn();
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, used: heapUsed + external };
  },
});
