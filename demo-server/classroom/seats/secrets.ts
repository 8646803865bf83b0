/** What is drawn at random and what is compared: join codes, the teacher's link, the secrets of seats. */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { CODE_LENGTH } from '../protocol.ts';

/** A join code: digits, as a phone's keyboard has them at once and a wall shows them from afar. */
export function drawCode(): string {
  return String(randomInt(10 ** CODE_LENGTH)).padStart(CODE_LENGTH, '0');
}

/** 32 random bytes in base64url: the teacher's token, or the secret by which a device has its seat back. */
export function drawSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether this is such a secret, as a device draws its own. */
export function isSecret(input: unknown): input is string {
  return typeof input === 'string' && /^[\w-]{43}$/.test(input);
}

/** A short name for seats, questions, class runs. */
export function drawId(): string {
  return randomBytes(6).toString('hex');
}

/** What is kept of a secret. It is 32 random bytes, so nothing slower than SHA-256 is needed against guessing. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether a secret is that of the hash; takes as long whether it is or not. */
export function fits(secret: unknown, hash: string): boolean {
  if (typeof secret !== 'string' || secret.length > 200) return false;
  return timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(hash));
}
