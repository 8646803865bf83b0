/**
 * What both sides agree on, a file for each subject: the one door, for server and browser alike. All of it is language
 * alone, without packages or a platform's API, and ships to the browser unchanged.
 */

export * from './protocol/chat.ts';
export * from './protocol/control.ts';
export * from './protocol/events.ts';
export * from './protocol/faults.ts';
export * from './protocol/hijack.ts';
export * from './protocol/ledger.ts';
export * from './protocol/probes.ts';
export * from './protocol/refusal.ts';
export * from './protocol/runs.ts';
export * from './protocol/settings.ts';
export * from './protocol/techniques.ts';
export * from './protocol/typed-stream.ts';
export * from './protocol/uplink.ts';
export * from './protocol/wire.ts';
