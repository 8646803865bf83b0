/** The rooms in ladder order, then what lies beyond it. A new technique is: its id in protocol/techniques.ts, its five files, and a line here, in demo-server/techniques and in demo-server/clients. */

import type { Receive } from '../../demo-server/measure/lane.ts';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { receive as fetchStream } from './fetch-stream.ts';
import { receive as http10 } from './http10.ts';
import { receive as iframeStream } from './iframe-stream.ts';
import { receive as keepAlive } from './keep-alive.ts';
import { receive as longPoll } from './long-poll.ts';
import { receive as polling } from './polling.ts';
import { withUplink } from './requests.ts';
import { receive as sse } from './sse.ts';
import { receive as websocket } from './websocket.ts';
import { receive as xhrStream } from './xhr-stream.ts';

export const techniques: readonly { id: TechniqueId; receive: Receive }[] = [
  { id: 'http10', receive: withUplink('http10', http10) },
  { id: 'keep-alive', receive: withUplink('keep-alive', keepAlive) },
  { id: 'polling', receive: withUplink('polling', polling) },
  { id: 'long-poll', receive: withUplink('long-poll', longPoll) },
  { id: 'iframe-stream', receive: withUplink('iframe-stream', iframeStream) },
  { id: 'xhr-stream', receive: withUplink('xhr-stream', xhrStream) },
  { id: 'sse', receive: withUplink('sse', sse) },
  { id: 'websocket', receive: websocket },
  { id: 'fetch-stream', receive: withUplink('fetch-stream', fetchStream) },
];
