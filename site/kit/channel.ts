/** Word between the tabs of this site, where the browser has it. */

/** A channel, or null: old browsers have none, and Firefox throws where cookies are blocked. */
export function openChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
