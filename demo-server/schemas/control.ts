/** The control WebSocket. */
import { refused } from './refused.ts';
import { unknown } from './runs.ts';

export const controlSchema = {
  tags: ['control'],
  summary: 'The control WebSocket',
  description:
    'Takes {"type":"ping","id":n}, {"type":"start"}, {"type":"stop"} and {"type":"fault","fault":…} (as POST /runs/<id>/faults takes it, and with "id":n answered by "done" or an "error" of that id) as JSON text frames; sends "pong", "run", "fault", "ledger" (first), "changes" (a JSON Merge Patch of it, RFC 7396, four times a second while the run goes on) and "error". Never counted in a lane.',
  querystring: {
    type: 'object',
    properties: { run: { type: 'string', description: 'Run id; the open feed if not given.' } },
  },
  response: {
    101: { description: 'Switching Protocols', type: 'null' },
    ...unknown,
    426: refused('A plain GET: this route speaks WebSocket.'),
    429: refused('Too many control sockets from this address.'),
  },
};
