/** Connections that have not said yet who they are: the only ones that a network may have few of. */
import { randomInt } from 'node:crypto';

/** Holds at most `most` of each network. */
export class Strangers<T> {
  readonly #most: number;
  readonly #byNetwork = new Map<string, Set<T>>();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Adds one. Returns the one that has to make room, if any, drawn by lot: with the oldest or the newest, whoever connects
   * most often would shut the others out.
   */
  add(network: string, stranger: T): T | undefined {
    const all = this.#byNetwork.get(network) ?? new Set();
    const out = all.size >= this.#most ? [...all][randomInt(Math.max(1, all.size))] : undefined;
    if (out !== undefined) all.delete(out);
    this.#byNetwork.set(network, all.add(stranger));
    return out;
  }

  remove(network: string, stranger: T): void {
    const all = this.#byNetwork.get(network);
    if (all?.delete(stranger) && all.size === 0) this.#byNetwork.delete(network);
  }
}
