/**
 * What server and browser agree on, one file per subject. Both import it from here. It uses no package and no API of a
 * platform, and ships to the browser unchanged.
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
