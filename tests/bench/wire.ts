/** What the load process has to know of HTTP and WebSocket: how to ask, and where an answer ends. Pure. */
export type Protocol = 'http' | 'websocket';

/** A GET, or the handshake of a WebSocket (RFC 6455 section 4.1). */
export function request(path: string, protocol: Protocol): string {
  const upgrade =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${protocol === 'websocket' ? upgrade : ''}\r\n`;
}

/** A masked text frame of at most 125 bytes. The mask is zero: masking costs the server the same whatever its value. */
export function wsText(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** The offset behind the first whole answer (HTTP message with Content-Length, 101 head, server's frame); 0 = not yet. */
export function answerEnd(bytes: Buffer, protocol: Protocol): number {
  if (protocol === 'websocket' && bytes[0] !== 0x48) return frameEnd(bytes);
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const [, length = '0'] = /content-length: (\d+)/i.exec(bytes.toString('latin1', 0, head)) ?? [];
  const end = head + 4 + Number(length);
  return bytes.length >= end ? end : 0;
}

function frameEnd(bytes: Buffer): number {
  if (bytes.length < 2) return 0;
  const short = (bytes[1] as number) & 0x7f;
  if (short < 126) return bytes.length >= 2 + short ? 2 + short : 0;
  if (short === 127) throw new Error('a frame of 64 KiB or more');
  if (bytes.length < 4) return 0;
  const end = 4 + bytes.readUInt16BE(2);
  return bytes.length >= end ? end : 0;
}
