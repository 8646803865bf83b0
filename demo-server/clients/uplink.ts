/**
 * The way up of a lane: the messages that its client sends, each at its time, and how the HTTP techniques send them (the
 * WebSocket's are frames on the connection that it has).
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { TechniqueId, UplinkMessage, UplinkResponse } from '../protocol.ts';
import { type Connected, type Lane, liveWith, now, pause, pushUrl, Refused, refusal, textOf } from './client.ts';

/** How often a lane looks whether its run has started (ms). */
const START_STEP_MS = 20;

/** The messages, evenly from the start of the run until the signal aborts. Who takes one late has the moment it was made at. */
export async function* uplinkMessages(lane: Lane): AsyncGenerator<UplinkMessage, void> {
  const { signal, uplinkPerSecond = 0, payloadBytes = 1, started = () => true } = lane;
  if (uplinkPerSecond <= 0) return;
  while (!started() && !signal.aborted) await pause(START_STEP_MS, signal);
  const begun = now();
  const data = 'u'.repeat(payloadBytes);
  for (let n = 1; !signal.aborted; n += 1) {
    // In the middle of its share of time, as the events of a steady feed: a run of whole seconds has rate × seconds.
    const due = begun + ((n - 0.5) * 1000) / uplinkPerSecond;
    const late = now() > due;
    await pause(due - now(), signal);
    if (!signal.aborted) yield { n, sentAt: late ? due : now(), data };
  }
}

/** Posts the lane's messages one after the other until the signal aborts. One that fails is not sent again: it may have been read. */
export async function post(technique: TechniqueId, lane: Connected): Promise<void> {
  for await (const message of uplinkMessages(lane)) {
    try {
      const { status, text } = await send(technique, lane, JSON.stringify(message));
      const answeredAt = now();
      if (status !== 200) throw refusal(status, text);
      const { n, at } = JSON.parse(text) as UplinkResponse;
      lane.sample({ kind: 'uplink', n, sentAt: message.sentAt, at, answeredAt });
    } catch (error) {
      // A refusal (the run has ended, most likely) is for the receiving end to tell: it meets the same.
      if (error instanceof Refused) return;
      liveWith(error, lane);
    }
  }
}

function send(technique: TechniqueId, lane: Connected, body: string): Promise<{ status: number; text: string }> {
  const url = pushUrl(lane, technique);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const { agent, signal } = lane;
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', agent, signal, headers })
      .on('response', (answer) => {
        textOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
      })
      .on('error', reject)
      .end(body);
  });
}
