/** Readers that take nothing more of what they have asked for: each would keep a socket, and what waits for it, for ever. */

/** A socket, as far as it is looked at. */
interface Written {
  readonly writableLength: number;
}

/** What libuv knows of a socket: bytes that were handed to it, and of those the ones that the kernel has not taken yet. */
interface Handle {
  bytesWritten: number;
  writeQueueSize: number;
}

/** How much of what was written to it the kernel has taken for the reader; undefined where the socket is closed. */
function takenBy(socket: Written): number | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: Handle | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : undefined;
}

/** Returns what gives, each time it is called, the sockets for which something has waited since the last time and of which nothing was taken. */
export function deafReaders<T extends Written>(sockets: Iterable<T>): () => T[] {
  let before = new Map<T, number>();
  return () => {
    const now = new Map<T, number>();
    for (const socket of sockets) {
      const taken = socket.writableLength > 0 ? takenBy(socket) : undefined;
      if (taken !== undefined) now.set(socket, taken);
    }
    const deaf = [...now].filter(([socket, taken]) => before.get(socket) === taken).map(([socket]) => socket);
    before = now;
    return deaf;
  };
}
