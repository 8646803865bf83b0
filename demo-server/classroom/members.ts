/** Who is connected to this server: the devices of each seat, and where they are. What is known here is kept nowhere. */
import type { Whereabouts } from './pictures.ts';

/** One connected device of a student. */
export interface Member {
  readonly seat: string;
  path: string;
  hidden: boolean;
}

/** Devices (tabs, that is) of one seat; one more, and the oldest has to go. */
const DEVICES_PER_SEAT = 6;

export class Members {
  readonly #bySeat = new Map<string, Set<Member>>();
  readonly #lastPath = new Map<string, string>();

  /** Adds a device. Returns the one that has to make room for it, if any. */
  add(member: Member): Member | undefined {
    const devices = this.#bySeat.get(member.seat) ?? new Set();
    this.#bySeat.set(member.seat, devices.add(member));
    return devices.size > DEVICES_PER_SEAT ? [...devices][0] : undefined;
  }

  /** Takes it away. Returns whether the seat is offline now. */
  remove(member: Member): boolean {
    const devices = this.#bySeat.get(member.seat);
    devices?.delete(member);
    this.#lastPath.set(member.seat, member.path);
    if (devices?.size !== 0) return false;
    return this.#bySeat.delete(member.seat);
  }

  /** The seats that have a device here. */
  get online(): ReadonlySet<string> {
    return new Set(this.#bySeat.keys());
  }

  /** Where each seat is; a tab in sight counts more than a hidden one. */
  whereabouts(): Map<string, Whereabouts> {
    const all = new Map<string, Whereabouts>();
    for (const [seat, path] of this.#lastPath) all.set(seat, { presence: 'offline', path });
    for (const [seat, devices] of this.#bySeat) {
      const newest = [...devices].reverse();
      const { path, hidden } = newest.find((device) => !device.hidden) ?? (newest[0] as Member);
      all.set(seat, { presence: hidden ? 'hidden' : 'online', path });
    }
    return all;
  }
}
