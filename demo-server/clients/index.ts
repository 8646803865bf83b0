/** The program's end of every technique, in ladder order, then what lies beyond it. A new technique is its id in protocol/techniques.ts, its five files, and a line here, in demo-server/techniques and in site/techniques. */
import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Lane, Receive } from '../measure/lane.ts';
import type { TechniqueId } from '../protocol.ts';
import type { Connected } from './client.ts';
import { receive as fetchStream } from './fetch-stream.ts';
import { receive as http10 } from './http10.ts';
import { receive as iframeStream } from './iframe-stream.ts';
import { receive as keepAlive } from './keep-alive.ts';
import { receive as longPoll } from './long-poll.ts';
import { receive as polling } from './polling.ts';
import { receive as sse } from './sse.ts';
import { post } from './uplink.ts';
import { receive as websocket } from './websocket.ts';
import { receive as xhrStream } from './xhr-stream.ts';

export const clients: readonly { id: TechniqueId; receive: Receive<Connected> }[] = [
  { id: 'http10', receive: http10 },
  { id: 'keep-alive', receive: keepAlive },
  { id: 'polling', receive: polling },
  { id: 'long-poll', receive: longPoll },
  { id: 'iframe-stream', receive: iframeStream },
  { id: 'xhr-stream', receive: xhrStream },
  { id: 'sse', receive: sse },
  { id: 'websocket', receive: websocket },
  { id: 'fetch-stream', receive: fetchStream },
];

/**
 * Runs one lane, with the messages that it sends, until its run has ended or its signal aborts, over connections of its
 * own, which are closed when it resolves. Rejects with `Refused` where the server refuses it.
 */
export async function receive(id: TechniqueId, lane: Lane): Promise<void> {
  const client = clients.find((one) => one.id === id);
  if (!client) throw new Error(`technique: got ${id}, takes one of ${clients.map((one) => one.id).join(', ')}`);
  const posts = id !== 'websocket' && (lane.uplinkPerSecond ?? 0) > 0;
  const options = { keepAlive: true, maxSockets: posts ? 2 : 1 };
  const agent = lane.server.startsWith('https:') ? new SecureAgent(options) : new Agent(options);
  const ended = new AbortController();
  const signal = AbortSignal.any([lane.signal, ended.signal]);
  const posting = posts ? post(id, { ...lane, agent, signal }) : undefined;
  try {
    await client.receive({ ...lane, agent });
  } finally {
    ended.abort();
    await posting;
    agent.destroy();
  }
}
