/**
 * A line of a chart that never grows: when it is full, every second point goes and from then on only every second new one
 * is kept. Its memory is the same after a minute and after a day.
 */
export class BoundedSeries {
  readonly capacity: number;
  /** Points held, the newest included. */
  length = 0;
  /** Of how many pushed points one is kept; a power of two. */
  stride = 1;
  readonly #times: Float64Array;
  readonly #columns: Float64Array[];
  #kept = 0;
  #pushed = 0;

  /** `capacity` points (even, at least 4) of `columns` values each. */
  constructor(capacity: number, columns: number) {
    if (capacity < 4 || capacity % 2 !== 0)
      throw new RangeError(`capacity: got ${capacity}, takes an even number from 4 upwards`);
    this.capacity = capacity;
    this.#times = new Float64Array(capacity);
    this.#columns = Array.from({ length: columns }, () => new Float64Array(capacity));
  }

  /** Appends a point; times ascend, in whatever unit the caller draws. The newest point is always held. */
  push(time: number, values: readonly number[]): void {
    if (this.#kept === this.capacity) this.#halve();
    this.#times[this.#kept] = time;
    for (const [index, column] of this.#columns.entries()) column[this.#kept] = values[index] ?? Number.NaN;
    this.length = this.#kept + 1;
    // The newest point may be provisional: the next push overwrites it unless its turn has come to stay.
    if (this.#pushed % this.stride === 0) this.#kept++;
    this.#pushed++;
  }

  /** Puts other values in the place of the newest point's; does nothing while there is none. */
  correctLast(values: readonly number[]): void {
    if (this.length === 0) return;
    for (const [index, column] of this.#columns.entries()) column[this.length - 1] = values[index] ?? Number.NaN;
  }

  /** Time of point `index`. */
  timeAt(index: number): number {
    return this.#times[index] as number;
  }

  /** Value of point `index` in column `column`. */
  valueAt(index: number, column: number): number {
    return this.#columns[column]?.[index] as number;
  }

  #halve(): void {
    const half = this.capacity / 2;
    for (let index = 0; index < half; index++) {
      this.#times[index] = this.#times[index * 2] as number;
      for (const column of this.#columns) column[index] = column[index * 2] as number;
    }
    this.#kept = half;
    this.length = half;
    this.stride *= 2;
  }
}
