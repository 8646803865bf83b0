/** Whether Redis is there and of use, and since when. A connection alone says little: without its password Redis takes one, and refuses every command. */
import { now } from '../feed.ts';

/** How a link stands, for people and for programs. */
export interface LinkState {
  /** undefined until the first try has ended. */
  up: boolean | undefined;
  /** Since when, in ms since the epoch by this server's clock. */
  since: number;
  /** Why it is not up, in a sentence without the password; null where nothing has gone wrong. */
  fault: string | null;
  /** What works and will not for long, or gives wrong figures: a sentence each. */
  warnings: string[];
}

export interface Standing {
  readonly state: LinkState;
  /** Whether Redis did everything when it was asked last; to be looked at. */
  usable: boolean;
  readonly closed: boolean;
  /** Looks whether it is up now, and tells of a change. */
  look(): void;
  /** Notes what has gone wrong, and looks. */
  fail(why: string): void;
  close(): void;
}

/** Follows one link. `changed` is called whenever it has come up or gone, the first time also where it never was up. */
export function createStanding(connected: () => boolean, changed: (up: boolean) => void): Standing {
  const state: LinkState = { up: undefined, since: now(), fault: null, warnings: [] };
  let closed = false;
  const standing: Standing = {
    state,
    usable: false,
    get closed() {
      return closed;
    },
    look() {
      const isUp = standing.usable && connected();
      if (isUp) state.fault = null;
      if (closed || isUp === state.up || (!isUp && state.fault === null)) return;
      state.up = isUp;
      state.since = now();
      changed(isUp);
    },
    fail(why) {
      state.fault = why;
      standing.look();
    },
    close() {
      closed = true;
    },
  };
  return standing;
}
