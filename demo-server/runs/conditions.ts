/**
 * What stands in the way of a run: the network of its settings, and the faults, planned or asked for live. What it does
 * to bytes is done by the links (wire/link.ts), what it does to answers by the guard (push.ts).
 */
import { type Feed, now, seededRandom } from '../feed.ts';
import {
  type BegunFault,
  beginsWithCut,
  FAULT_SECONDS,
  type FaultId,
  type FaultOrder,
  isObstacle,
  type Obstacle,
  type RunSettings,
  type TechniqueId,
} from '../protocol.ts';
import { RefusalError } from '../refusal.ts';
import { Link } from '../wire/link.ts';

/** Live faults of one run, at the most: each is kept and told for as long as the run is. */
const LIVE_FAULTS = 200;

/** An answer that is given instead of the right one: without words of ours, as from a server that failed or another one. */
export interface WrongAnswer {
  status: number;
  body: string | undefined;
}

const WRONG_ANSWERS: Partial<Record<FaultId, WrongAnswer>> = {
  'status-500': { status: 500, body: 'Internal Server Error\n' },
  'status-204': { status: 204, body: undefined },
  'wrong-type': { status: 200, body: 'this is not what was asked for\n' },
};

/** What the requests of one lane meet. */
export interface LaneConditions {
  readonly link: Link;
  /** The wrong answer that is due, once: to the next request. */
  takeWrongAnswer(): WrongAnswer | undefined;
  /** The feed as a reader with this cursor finds it: after `drop-history`, without what was forgotten. */
  feedFor(after: number | undefined): Feed;
}

export interface Conditions {
  /** Of every lane of the run. */
  readonly lanes: ReadonlyMap<TechniqueId, LaneConditions>;
  /** The faults that have begun so far. */
  readonly begun: readonly BegunFault[];
  /** Begins a fault that somebody asks for now. Refuses with 429 when there were too many. */
  begin(order: FaultOrder): BegunFault;
  /** The run has started: counted from `startsAt`, connections are cut every so often, if the settings say so. */
  start(startsAt: number): void;
  /** Takes every fault off again. The network stays, as the last answers are still on their way. */
  release(): void;
}

/** `told` hears of every fault when it begins. */
export function createConditions(settings: RunSettings, feed: Feed, told: (fault: BegunFault) => void): Conditions {
  const lanes = new Map(settings.techniques.map((id, n) => [id, new Lane(settings, feed, n)]));
  const begun: BegunFault[] = [];
  const standing = new Set<() => void>();
  let nextCut: NodeJS.Timeout | undefined;
  let live = 0;
  let listening = (): void => {};

  function begin(order: FaultOrder, atEvent: number | null): BegunFault {
    const { fault, techniques = settings.techniques, seconds = FAULT_SECONDS[order.fault] } = order;
    // Before anything breaks: a client may see a reset sooner than the lanes behind it are through.
    const at = now();
    for (const id of techniques) {
      const lane = lanes.get(id) as Lane;
      if (isObstacle(fault)) put(lane.link, fault, seconds);
      lane.begin(fault);
    }
    const record: BegunFault = { at, fault, techniques: [...techniques], seconds, atEvent };
    begun.push(record);
    told(record);
    return record;
  }

  function put(link: Link, obstacle: Obstacle, seconds: number | null): void {
    const timer = seconds === null ? undefined : setTimeout(takeOff, seconds * 1000);
    function takeOff(): void {
      clearTimeout(timer);
      standing.delete(takeOff);
      link.take(obstacle);
    }
    standing.add(takeOff);
    link.put(obstacle);
  }

  function cutAgain(startsAt: number): void {
    const period = settings.cutEverySeconds * 1000;
    const at = Math.max(1, Math.floor((now() - startsAt) / period) + 1) * period;
    if (at >= settings.durationSeconds * 1000) return;
    // A timer may fire a little early, and the same cut would come twice.
    const wait = Math.ceil(startsAt + at - now()) + 1;
    nextCut = setTimeout(() => {
      for (const { link } of lanes.values()) link.cut(`network cut, every ${settings.cutEverySeconds} s`);
      cutAgain(startsAt);
    }, wait);
  }

  if (settings.faults.length > 0) {
    // The first reader of the feed: what is planned for an event begins before anybody else is told of it.
    listening = feed.subscribe(undefined, {
      event: ({ seq }) => {
        for (const fault of settings.faults) if (fault.atEvent === seq) begin(fault, seq);
      },
      reset: () => {},
      end: () => {},
    });
  }

  return {
    lanes,
    begun,
    begin(order) {
      if (live >= LIVE_FAULTS) {
        const words = `A run takes ${LIVE_FAULTS} live faults and this one has had them. Make another run.`;
        throw new RefusalError(429, 'too-many-faults', words);
      }
      live += 1;
      return begin(order, null);
    },
    start(startsAt) {
      if (settings.cutEverySeconds > 0) cutAgain(startsAt);
    },
    release() {
      clearTimeout(nextCut);
      listening();
      for (const takeOff of [...standing]) takeOff();
      for (const lane of lanes.values()) lane.release();
    },
  };
}

class Lane implements LaneConditions {
  readonly link: Link;
  private readonly feed: Feed;
  private wrongAnswer: WrongAnswer | undefined;
  /** The history is to be dropped as soon as a reader asks for a part of it: who has everything would not notice. */
  private dropping = false;
  private dropped = 0;

  constructor(settings: RunSettings, feed: Feed, n: number) {
    // Another stream of numbers in each lane, and others than the feed's.
    this.link = new Link(settings, seededRandom(settings.seed ^ Math.imul(n + 1, 0x85ebca6b)));
    this.feed = feed;
  }

  /** Begins a fault in this lane. */
  begin(fault: FaultId): void {
    this.wrongAnswer = WRONG_ANSWERS[fault] ?? this.wrongAnswer;
    if (fault === 'drop-history') this.dropping = true;
    if (beginsWithCut(fault)) this.link.cut(`fault: ${fault}`);
  }

  release(): void {
    this.wrongAnswer = undefined;
    this.dropping = false;
  }

  takeWrongAnswer(): WrongAnswer | undefined {
    const taken = this.wrongAnswer;
    this.wrongAnswer = undefined;
    return taken;
  }

  feedFor(after: number | undefined): Feed {
    const { lastSeq } = this.feed;
    if (this.dropping && (after === undefined || after < lastSeq)) {
      this.dropping = false;
      this.dropped = lastSeq;
    }
    return this.dropped === 0 ? this.feed : this.feed.without(this.dropped);
  }
}
