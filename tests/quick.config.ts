/**
 * `npm run test:quick`: the test files that say most in the least time. They need no built site, no browser and nothing
 * that tests/setup.ts installs. `npm test` runs them too.
 */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { everyTest, reporters } from '../vitest.config.ts';

/** By the part of the project that they hold; those that wait for a run or a server come first, as they take longest. */
export const QUICK = [
  // A whole server on real sockets: a stream and a WebSocket (chat); what is refused, and how it stops.
  'tests/techniques/sse.test.ts',
  'tests/server/{chat,drain,refused,check-node}.test.ts',
  // The ledger: each byte in its class, however it is cut.
  'tests/wire/{meter,events,tap,passage}.test.ts',
  // What both sides agree on, the feed, the options of the command.
  'tests/server/{feed,protocol,options,structure,folders,build-server}.test.ts',
  // What the lab computes and says.
  'tests/measure/{age,clock,recording,settings,statistics,store}.test.ts',
  'tests/lab/{axis,check-verdict,csv,curves,faults,file-text,lateness,run-differences}.test.ts',
  'tests/lab/{timeline-layout,timeline-pick,words}.test.ts',
  // The class: what it is made from, what a student's browser does with it.
  'tests/classroom/{state,feed,measured,costs,patience}.test.ts',
  // The lessons: their tags, their figures, their workbenches.
  'tests/lessons/{tags,recorded-claims,accept,choosing,frames,sse-parser,wire}.test.ts',
  'tests/probes/rows.test.ts',
  // The machine around it.
  'tests/network/{networks,inside,bad-ports}.test.ts',
  'tests/build/inputs.test.ts',
];

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    ...everyTest,
    reporters,
    include: QUICK,
    // None of these files changes anything outside itself, so they share their workers, and the modules that are loaded there.
    isolate: false,
    // Some of them wait for a run: more workers than cores.
    maxWorkers: 4,
  },
});
