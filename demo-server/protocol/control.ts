/** The messages of the control socket, and how a ledger is sent as changes. */
import type { BegunFault, FaultOrder } from './faults.ts';
import type { RunLedger } from './ledger.ts';
import type { RunInfo } from './runs.ts';

/** What the browser sends on the control socket, as JSON text frames. */
export type ControlRequest =
  | { type: 'ping'; id: number }
  | { type: 'start' }
  | { type: 'stop' }
  /** The server answers an order that has an `id` (a number) with `done` or an `error` of that id. */
  | ({ type: 'fault'; id?: number } & FaultOrder);

/** What the server sends on the control socket. `at` = the server's clock in ms since the epoch, with fractions. */
export type ControlMessage =
  | { type: 'pong'; id: number; at: number }
  | { type: 'run'; run: RunInfo }
  | { type: 'ledger'; at: number; ledger: RunLedger }
  /** What has changed in the ledger since the last message about it; `withChanges` applies it. */
  | { type: 'changes'; at: number; changes: Changes }
  | ({ type: 'fault' } & BegunFault)
  /** The order with this id was carried out. */
  | { type: 'done'; id: number }
  /** A request was refused; `id` is that of the order, if it had one. */
  | { type: 'error'; id?: number; error: string; message: string };

/**
 * A JSON Merge Patch (RFC 7396): members that have changed, null for those that were removed. Lists are sent whole.
 * @see https://www.rfc-editor.org/rfc/rfc7396
 */
export type Changes = { [name: string]: unknown };

/** The patch from one JSON value to another, neither of which may contain null; undefined if they are equal. */
export function changesBetween(before: unknown, after: unknown): unknown {
  if (!isMembers(before) || !isMembers(after))
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  const changes: Changes = {};
  for (const [name, value] of Object.entries(after)) {
    const change = changesBetween(before[name], value);
    if (change !== undefined) changes[name] = change;
  }
  for (const name of Object.keys(before)) if (!(name in after)) changes[name] = null;
  return Object.keys(changes).length > 0 ? changes : undefined;
}

/** Applies a patch. The given value is not changed; the result shares with it whatever is equal. */
export function withChanges(before: unknown, changes: unknown): unknown {
  if (!isMembers(changes)) return changes;
  const after: Changes = isMembers(before) ? { ...before } : {};
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) delete after[name];
    else after[name] = withChanges(after[name], change);
  }
  return after;
}

function isMembers(value: unknown): value is Changes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
