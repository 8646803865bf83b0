/** The server's end of every technique, in the order of the ladder, then those beyond it. How to add one: .github/CONTRIBUTING.md. */
import type { TechniqueId } from '../protocol.ts';
import type { Room } from '../push.ts';
import { fetchStream } from './fetch-stream.ts';
import { http10 } from './http10.ts';
import { iframeStream } from './iframe-stream.ts';
import { keepAlive } from './keep-alive.ts';
import { longPoll } from './long-poll.ts';
import { polling } from './polling.ts';
import { sse } from './sse.ts';
import { websocket } from './websocket.ts';
import { xhrStream } from './xhr-stream.ts';

export const techniques: readonly { id: TechniqueId; room: Room }[] = [
  { id: 'http10', room: http10 },
  { id: 'keep-alive', room: keepAlive },
  { id: 'polling', room: polling },
  { id: 'long-poll', room: longPoll },
  { id: 'iframe-stream', room: iframeStream },
  { id: 'xhr-stream', room: xhrStream },
  { id: 'sse', room: sse },
  { id: 'websocket', room: websocket },
  { id: 'fetch-stream', room: fetchStream },
];
