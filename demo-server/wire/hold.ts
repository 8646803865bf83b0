/** Bytes kept from one call to the next. They are copied, because the caller may reuse its buffer. The caller bounds the size. */
export class Hold {
  length = 0;
  private store = new Uint8Array(0);

  /** Appends a copy. The store doubles when it is full, so that input cut into single bytes takes linear time. */
  add(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.store.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.store.length));
      grown.set(this.bytes());
      this.store = grown;
    }
    this.store.set(bytes, this.length);
    this.length = length;
  }

  /** A view of everything added so far, valid until the next add. */
  bytes(): Uint8Array {
    return this.store.subarray(0, this.length);
  }
}

/** A view from one offset to another. The whole range returns the same object, so that a caller can compare by identity. */
export function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}

/** The first `length` bytes as text, one character per byte. */
export function latin1(bytes: Uint8Array, length = bytes.length): string {
  const view = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.toString('latin1', 0, length);
}
