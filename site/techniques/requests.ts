/** The requests that several techniques send from a page: for an event list, and with a message towards the server. */
import {
  type Lane,
  liveWith,
  now,
  type Receive,
  Refused,
  refusal,
  uplinkMessages,
} from '../../demo-server/measure/lane.ts';
import type { EventList, TechniqueId, UplinkResponse } from '../../demo-server/protocol.ts';

/** Address of a technique: the cursor is left out where the technique has none. */
export function pushUrl({ server, run, client }: Lane, technique: string, after?: number): string {
  const query = new URLSearchParams();
  if (run !== undefined) query.set('run', run);
  if (client !== undefined) query.set('client', client);
  if (after !== undefined) query.set('after', String(after));
  return `${server}/push/${technique}?${query}`;
}

/**
 * One request for an event list, with the moment its last byte was here (`at`) and whether the run has ended (`over`,
 * status 410). Rejects with `Refused`, or as fetch does.
 */
export async function askForEvents(url: string, init: RequestInit): Promise<EventList & { at: number; over: boolean }> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  const at = now();
  if (answer.ok || answer.status === 410)
    return { ...(JSON.parse(text) as EventList), at, over: answer.status === 410 };
  throw refusal(answer.status, text);
}

/**
 * The technique with its way up: beside what it receives, it posts the lane's messages, one after the other. One that
 * fails is not sent again: nobody knows whether the server has read it, and a POST may not be repeated blindly.
 */
export function withUplink(technique: TechniqueId, receive: Receive): Receive {
  return async (lane) => {
    if (!lane.uplinkPerSecond) return receive(lane);
    const ended = new AbortController();
    const posting = post(technique, { ...lane, signal: AbortSignal.any([lane.signal, ended.signal]) });
    try {
      await receive(lane);
    } finally {
      ended.abort();
      await posting;
    }
  };
}

async function post(technique: TechniqueId, lane: Lane): Promise<void> {
  const { signal, sample } = lane;
  const init: RequestInit = { method: 'POST', headers: { 'content-type': 'application/json' }, signal };
  // As its requests for events: on connections of their own (http10.ts says why).
  if (technique === 'http10') init.credentials = lane.server === '' ? 'omit' : 'include';
  for await (const message of uplinkMessages(lane)) {
    try {
      const answer = await fetch(pushUrl(lane, technique), { ...init, body: JSON.stringify(message) });
      const text = await answer.text();
      const answeredAt = now();
      if (!answer.ok) throw refusal(answer.status, text);
      const { n, at } = JSON.parse(text) as UplinkResponse;
      sample({ kind: 'uplink', n, sentAt: message.sentAt, at, answeredAt });
    } catch (error) {
      // A refusal (the run has ended, most likely) is for the receiving end to tell: it meets the same.
      if (error instanceof Refused) return;
      liveWith(error, lane);
    }
  }
}
