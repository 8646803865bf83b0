/**
 * One run at a time in this browser. Browsers open six HTTP/1.1 connections to a host and five lanes of a run hold one
 * each, so a second run beside the first would not fail: it would hang, and spoil the first one's figures.
 */
import { openChannel } from '../../kit/channel.ts';

const NAME = 'pushlab-run';
const STOP_PLEASE = 'stop-please';
let heldHere = false;
/** Resolves when a turn that this page has let go of is free: a run right behind another found it still taken (Firefox). */
let free: Promise<unknown> = Promise.resolve();

/** Whether the run that has the turn is on this very page: then it may be stopped without asking the reader. */
export function turnIsHeldHere(): boolean {
  return heldHere;
}

/** Holds the right to run until `release` is called. `asked` is called when another tab would like us to stop. */
export interface Turn {
  release(): void;
}

/**
 * Takes the turn, or returns null where another run of this browser has it. Where the page is not a secure context there
 * are no Web Locks; then the turn is always given, as nothing can be known about other tabs.
 */
export async function takeTurn(asked: () => void, waitMs = 0): Promise<Turn | null> {
  if (!('locks' in navigator) || navigator.locks === undefined) return { release() {} };
  const channel = openChannel(NAME);
  await free;
  let request: Promise<unknown> = free;
  const turn = await new Promise<Turn | null>((resolve) => {
    const held = (lock: Lock | null) => {
      if (!lock) return resolve(null);
      return new Promise<void>((done) => resolve({ release: () => done() }));
    };
    const options: LockOptions = waitMs > 0 ? { signal: AbortSignal.timeout(waitMs) } : { ifAvailable: true };
    request = navigator.locks.request(NAME, options, held).catch(({ name }) => {
      // Where cookies are blocked, Chromium has locks and denies them: then nothing is known, as without any.
      resolve(name === 'SecurityError' ? { release() {} } : null);
    });
  });
  if (!turn || !channel) {
    channel?.close();
    return turn;
  }
  channel.onmessage = (message) => {
    if (message.data === STOP_PLEASE) asked();
  };
  heldHere = true;
  return {
    release() {
      heldHere = false;
      channel.close();
      turn.release();
      free = request;
    },
  };
}

/** Asks the run in the other tab to stop, and takes the turn once it has; null when it has not within `waitMs`. */
export async function takeTurnOver(asked: () => void, waitMs = 5000): Promise<Turn | null> {
  const channel = openChannel(NAME);
  channel?.postMessage(STOP_PLEASE);
  channel?.close();
  return takeTurn(asked, waitMs);
}
