/** The bytes of a WebSocket for raw clients: the handshake, and the frames that come back. */
import { get } from './raw.ts';

export interface Frame {
  opcode: number;
  payload: Buffer;
}

/** The complete frames in these bytes. A server's frames are not masked (RFC 6455 5.1). */
export function frames(bytes: Buffer): Frame[] {
  const whole: Frame[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    if (short === 126 && at + 4 > bytes.length) break;
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const start = at + (short === 126 ? 4 : 2);
    if (start + length > bytes.length) break;
    whole.push({ opcode: bytes.readUInt8(at) & 15, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return whole;
}

/** The handshake that RFC 6455 1.3 shows. */
export function upgrade(path: string, more: Record<string, string> = {}): string {
  return get(path, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
  });
}
