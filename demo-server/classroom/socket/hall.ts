/** What all devices of a class share on one server. */
import type { Classroom } from '../classroom.ts';
import type { ClassMessage } from '../protocol.ts';
import type { Door } from '../seats/door.ts';
import type { Members } from '../seats/members.ts';
import type { Everybody } from '../seats/peers.ts';
import type { ClassRefused } from '../seats/refused.ts';
import type { Show, Sight } from '../seats/show.ts';
import type { Strangers } from '../seats/strangers.ts';

export interface Hall {
  readonly room: Classroom;
  readonly members: Members;
  readonly all: Everybody;
  readonly show: Show;
  readonly sight: Omit<Sight, 'everybody'>;
  /**
   * Seats and teachers are not counted by network: a whole school is behind one, and who is in has shown a secret. A class
   * has so many seats, a seat so many devices.
   */
  readonly strangers: Strangers<(why: ClassRefused) => void>;
  /** Networks → how many devices of them have been greeted and are here. */
  readonly greetedFrom: Map<string, number>;
  /** Before a code is looked at, and before a place is taken in a full class. */
  readonly doors: { readonly code: Door; readonly place: Door };
  /** How often a device is asked for a sign of life at the most (ms). */
  readonly heartbeatMs: number;
}

/** Sends a device a message. */
export type Tell = (message: ClassMessage) => void;
