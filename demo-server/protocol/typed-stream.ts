/** The workbench of SSE. */

/** Bytes that `/typed-stream?bytes=` takes: in base64 and with the other headers they have to fit into a head of 16 KiB. */
export const MOST_TYPED_BYTES = 6000;
