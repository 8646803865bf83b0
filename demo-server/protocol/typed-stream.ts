/** The workbench of SSE. */

/** The most bytes that `/typed-stream?bytes=` accepts: in base64, with the other headers, they must fit into a head of 16 KiB. */
export const MOST_TYPED_BYTES = 6000;
