/** Messages to the server, and the responses to them. */
import type { SettingFault } from './refusal.ts';

/** The most bytes of data in a message to the server: with its JSON it fits a body of 16 KiB (limits.ts). */
export const MAX_UPLINK_BYTES = 16000;

/** A message to the server: the body of `POST /push/<id>`, or a text frame on the `websocket` lane. */
export interface UplinkMessage {
  /** Counts from 1 in its lane. */
  n: number;
  /** ms since the epoch by the browser's clock. */
  sentAt: number;
  /** `payloadBytes` characters. */
  data: string;
}

/** What is wrong with a message to the server, or undefined. Never throws. */
export function checkUplink(input: unknown): SettingFault | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return { field: '(body)', got: input, takes: 'a JSON object {"n":1,"sentAt":<ms>,"data":"…"}' };
  const { n, sentAt, data } = input as Record<string, unknown>;
  if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < 1)
    return { field: 'n', got: n, takes: 'the number of the message: a whole number from 1' };
  if (typeof sentAt !== 'number' || !Number.isFinite(sentAt))
    return { field: 'sentAt', got: sentAt, takes: 'a number: ms since the epoch by the clock of the client' };
  if (typeof data !== 'string' || data.length > MAX_UPLINK_BYTES)
    return { field: 'data', got: data, takes: `a text of at most ${MAX_UPLINK_BYTES} characters` };
  return undefined;
}

/** The response to a POST. `at` = when the server had read the message, in ms since the epoch by its own clock. */
export interface UplinkResponse {
  n: number;
  at: number;
}

/** The same as a frame on the `websocket` lane. */
export interface UplinkAck {
  ack: number;
  at: number;
}

/** The JSON of the response. `at` always has three decimals, so that runs of the same seed have the same number of bytes. */
export function uplinkResponseJson(n: number, at: number): string {
  return `{"n":${n},"at":${at.toFixed(3)}}`;
}

/** The JSON of the frame. `at` as above. */
export function uplinkAckJson(n: number, at: number): string {
  return `{"ack":${n},"at":${at.toFixed(3)}}`;
}
