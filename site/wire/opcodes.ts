/** The frames of a WebSocket by their opcode (RFC 6455 11.8); the others are reserved. */
export const OPCODES: Readonly<Record<number, string>> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
};
