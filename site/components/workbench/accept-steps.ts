/** From a Sec-WebSocket-Key to its Sec-WebSocket-Accept, with every step on the way (RFC 6455 1.3, 4.1, 4.2.2). */

/** The same for everybody and for ever: it only has to be something that no other protocol would append by chance. */
export const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** The key of the RFC's example; its Accept is `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`. */
export const SAMPLE = 'dGhlIHNhbXBsZSBub25jZQ==';
const KEY_BYTES = 16;

/** Why a text is no key: the name of a sentence below `accept.fault.`, with its values. */
export interface KeyFault {
  fault: 'empty' | 'signs' | 'length' | 'padding' | 'bytes';
  values: Readonly<Record<string, string | number>>;
}

/** The bytes of a key, or why it is none. The header's value is taken without the white space around it. */
export function readKey(text: string): { bytes: Uint8Array } | KeyFault {
  const key = text.trim();
  if (key === '') return { fault: 'empty', values: {} };
  const odd = /[^A-Za-z0-9+/=]/u.exec(key)?.[0];
  if (odd !== undefined) return { fault: 'signs', values: { got: odd } };
  if (!/^[^=]*={0,2}$/.test(key)) return { fault: 'padding', values: {} };
  if (key.length % 4 !== 0) return { fault: 'length', values: { count: key.length } };
  const bytes = Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0));
  if (bytes.length !== KEY_BYTES) return { fault: 'bytes', values: { count: bytes.length } };
  return { bytes };
}

export interface AcceptSteps {
  /** What is hashed: the key's text, not its bytes, and the GUID behind it. */
  joined: string;
  /** Twenty bytes. */
  digest: Uint8Array;
  accept: string;
}

/** Every step. Rejects where the page may not hash: crypto.subtle is there in secure contexts only. */
export async function acceptSteps(key: string): Promise<AcceptSteps> {
  const joined = key.trim() + GUID;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(joined)));
  const accept = btoa(Array.from(digest, (byte) => String.fromCharCode(byte)).join(''));
  return { joined, digest, accept };
}

/** A key as a browser draws it. */
export function randomKey(bytes = KEY_BYTES): string {
  return btoa(Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => String.fromCharCode(byte)).join(''));
}
