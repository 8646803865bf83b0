/** The seqs of the complete events in what a raw client has received of a stream, whatever the technique wraps around them. */
export function seqsIn(bytes: Buffer): number[] {
  const found = bytes.toString('latin1').matchAll(/\{"seq":(\d+),"sentAt":[\d.]+,"data":"[a-z0-9]*"\}/g);
  return [...found].map(([, seq]) => Number(seq));
}

/** The whole numbers from one to another, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);
}
