/**
 * How fast join codes can be tried. A right code is let in whatever others did, so nobody is ever shut out; and then a
 * guess that happens to be right is let in, too. What bounds the guessing is the number of codes that are looked at:
 * each wrong one costs a token of its network and one of the class, a right one costs nothing, and where no token is left
 * the next codes wait their turn instead of being refused. Of those that wait a network is drawn, then one of its codes:
 * a machine that tries many makes the others of its own network wait some seconds, and hardly anybody else.
 *
 * The odds, for a code of eight digits: one network gets 30 wrong codes at once and then 5 a second, 18,030 in an hour,
 * which finds 1 code in 10^8 with a probability of 0.018 % (1 in 5,500). All networks together get 2 × (200 + 10 a second),
 * 72,400 in an hour: 0.072 % (1 in 1,380), 0.6 % in a school day of eight hours, however many machines take part. Each server
 * of a class counts for itself: two let in twice as many. Classes of older versions have six digits; their codes are looked
 * at ten times more slowly, which leaves 0.18 % and 0.72 % in an hour. Who guesses a code has a seat, which the teacher
 * sees and can remove; a locked class looks at no code at all.
 *
 * How long a right code waits while its network is at it with all that it may: 40 codes wait at once, so about 8 s on
 * average, and the networks that hold a seat of the class share tokens with each other only.
 */
import { randomInt } from 'node:crypto';
import { bucket } from './bucket.ts';

const NETWORK = { atOnce: 30, perSecond: 5 };
/** For the networks that hold a seat, and the same again for all others. */
const CLASS = { atOnce: 200, perSecond: 10 };
/** Digits from which on codes are looked at so fast; shorter ones ten times more slowly. */
const LONG_CODE = 8;
/** Codes of one network that wait; one more, and one of them, drawn by lot, has to come again. */
const WAITING = 40;
/** How often it is looked whether a code that waits may pass (ms). */
const LOOK_MS = 50;
/** Networks with a count of their own; those beyond share one, so that an attack from very many forgets nothing. */
const NETWORKS = 10_000;

/** What became of a code; `again`: there was no room to wait, the device may come again. */
export type Verdict = 'right' | 'wrong' | 'again';

export interface Door {
  /**
   * Resolves once the code was looked at by `right`, or has lost its place. `network` is where it comes from, `holdsSeat`
   * whether a seat of the class is there; `waits` is called where it has to wait; `signal` takes it away.
   */
  knock(
    network: string,
    holdsSeat: boolean,
    right: () => boolean,
    waits: () => void,
    signal: AbortSignal,
  ): Promise<Verdict>;
  close(): void;
}

interface Waiting {
  holdsSeat: boolean;
  right: () => boolean;
  settle: (verdict: Verdict) => void;
}

/**
 * The same pace for who would take the place of another seat in a full class: each that does costs a token, as what is
 * kept of a class grows by it. `right` is then whether a seat is free after all.
 */
export const placeDoor = (): Door => codeDoor(LONG_CODE);

/** Opens the door of a class whose code has so many digits. `clock` in ms. */
export function codeDoor(digits: number, clock: () => number = performance.now.bind(performance)): Door {
  const pace = digits >= LONG_CODE ? 1 : 0.1;
  const own = () => bucket(NETWORK.atOnce, NETWORK.perSecond * pace, clock);
  const shared = () => bucket(CLASS.atOnce, CLASS.perSecond * pace, clock);
  const classes = { seats: shared(), others: shared() };
  const networks = new Map<string, ReturnType<typeof own>>();
  const crowd = own();
  const queues = new Map<string, Waiting[]>();
  let timer: NodeJS.Timeout | undefined;

  function countOf(network: string): ReturnType<typeof own> {
    const known = networks.get(network);
    if (known) return known;
    // Those that have all their tokens again need no memory.
    if (networks.size >= NETWORKS) for (const [one, count] of networks) if (count.full()) networks.delete(one);
    if (networks.size >= NETWORKS) return crowd;
    const fresh = own();
    networks.set(network, fresh);
    return fresh;
  }
  /** Looks at the code where there are tokens for it; else undefined. */
  function look(network: string, { holdsSeat, right }: Waiting): Verdict | undefined {
    const [count, all] = [countOf(network), holdsSeat ? classes.seats : classes.others];
    if (!count.any() || !all.any()) return undefined;
    if (right()) return 'right';
    count.take();
    all.take();
    return 'wrong';
  }
  function lookAtWaiting(): void {
    // Each time another order: nobody is always the last.
    for (const network of shuffled([...queues.keys()])) {
      const queue = queues.get(network) as Waiting[];
      for (const one of shuffled(queue)) {
        const verdict = look(network, one);
        if (verdict === undefined) break;
        one.settle(verdict);
      }
    }
  }
  function leave(network: string, one: Waiting): void {
    const rest = (queues.get(network) ?? []).filter((other) => other !== one);
    if (rest.length > 0) queues.set(network, rest);
    else queues.delete(network);
    if (queues.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    knock(network, holdsSeat, right, waits, signal) {
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      const one: Waiting = {
        holdsSeat,
        right,
        settle(verdict) {
          leave(network, one);
          signal.removeEventListener('abort', gone);
          resolve(verdict);
        },
      };
      const gone = () => one.settle('again');
      const queue = queues.get(network) ?? [];
      // Who comes later does not overtake those of its network that wait.
      const verdict = queue.length > 0 ? undefined : look(network, one);
      if (verdict !== undefined) return Promise.resolve(verdict);
      if (signal.aborted) return Promise.resolve('again');
      signal.addEventListener('abort', gone);
      queues.set(network, [...queue, one]);
      if (queue.length >= WAITING) queue[randomInt(queue.length)]?.settle('again');
      timer ??= setInterval(lookAtWaiting, LOOK_MS);
      waits();
      return promise;
    },
    close() {
      for (const queue of [...queues.values()]) for (const one of [...queue]) one.settle('again');
    },
  };
}

function shuffled<T>(list: readonly T[]): T[] {
  const mixed = [...list];
  for (let n = mixed.length - 1; n > 0; n -= 1) {
    const other = randomInt(n + 1);
    [mixed[n], mixed[other]] = [mixed[other] as T, mixed[n] as T];
  }
  return mixed;
}
