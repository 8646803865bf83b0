/** How the HTTP techniques send a lane's messages towards the server (the WebSocket's are frames on the connection that it has). */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { liveWith, now, Refused, refusal, uplinkMessages } from '../measure/lane.ts';
import type { TechniqueId, UplinkResponse } from '../protocol.ts';
import { type Connected, pushUrl, textOf } from './client.ts';

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
