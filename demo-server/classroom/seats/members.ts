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
  readonly #since = new Map<string, number>();
  readonly #connectedMs = new Map<string, number>();
  readonly #clock: () => number;

  /** `clock` in ms. */
  constructor(clock: () => number = performance.now.bind(performance)) {
    this.#clock = clock;
  }

  /** Adds a device. Returns the one that has to make room for it, if any. */
  add(member: Member): Member | undefined {
    const devices = this.#bySeat.get(member.seat) ?? new Set();
    if (devices.size === 0) this.#since.set(member.seat, this.#clock());
    this.#bySeat.set(member.seat, devices.add(member));
    return devices.size > DEVICES_PER_SEAT ? [...devices][0] : undefined;
  }

  /** Takes it away. Returns whether the seat is offline now. */
  remove(member: Member): boolean {
    const devices = this.#bySeat.get(member.seat);
    devices?.delete(member);
    this.#lastPath.set(member.seat, member.path);
    if (devices?.size !== 0) return false;
    this.#connectedMs.set(member.seat, this.connectedMs(member.seat));
    this.#since.delete(member.seat);
    return this.#bySeat.delete(member.seat);
  }

  /** How long a seat has been connected here, all its times together (ms). */
  connectedMs(seat: string): number {
    const now = this.#clock();
    return (this.#connectedMs.get(seat) ?? 0) + now - (this.#since.get(seat) ?? now);
  }

  /** Forgets a seat that is gone and has no device here any more. */
  forget(seat: string): void {
    this.#lastPath.delete(seat);
    this.#connectedMs.delete(seat);
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
