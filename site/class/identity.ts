/**
 * Who this device is in a class: a seat with the secret that gives it back, or the teacher. Kept on the device, so that a
 * reload, sleep, or another wifi changes nothing. Nothing of it ever stands in an address that is sent.
 */
import type { ClassRefusal } from '../../demo-server/classroom/protocol.ts';

export type Identity =
  | { as: 'seat'; seat: string; secret: string; nickname: string }
  | { as: 'teacher'; token: string };

/**
 * What the server says of who this device is: nothing yet, that it is in, that it is refused; `left`: the reader has given
 * the seat up.
 */
export interface Standing {
  state: 'unknown' | 'in' | 'refused' | 'left';
  why: ClassRefusal | null;
}

/** Dispatched on the document when the standing has changed. */
export const STANDING = 'pushlab:standing';
let current: Standing = { state: 'unknown', why: null };
export const standing = (): Standing => current;

/** Says on this page how this device stands in the class. */
export function setStanding(state: Standing['state'], why: ClassRefusal | null = null): void {
  current = { state, why };
  document.dispatchEvent(new Event(STANDING));
}

/** Dispatched on the document: the page that a reader joins at would like another nickname, and: the seat has one now. */
export const RENAME = 'pushlab:rename';
export const RENAMED = 'pushlab:renamed';

/** Also in entry.ts. */
const KEY = 'pushlab:class';
/** Who this page is where the device keeps nothing, or has no room left; undefined where it is kept. */
let unkept: Identity | null | undefined;

/** Who this device is; null for nobody. */
export function identity(): Identity | null {
  if (unkept !== undefined) return unkept;
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as Identity | null;
  } catch {
    return null;
  }
}

/** Keeps (or with null forgets) who this device is; returns false where the device keeps nothing: then it lives as long as the page. */
export function keepIdentity(now: Identity | null): boolean {
  try {
    if (now) localStorage.setItem(KEY, JSON.stringify(now));
    else localStorage.removeItem(KEY);
    unkept = undefined;
    // astro.config.mjs: what stands in for a storage that is denied keeps it on this page.
    return !('unkept' in localStorage);
  } catch {
    unkept = now;
    return false;
  }
}

/** Whether who this device is lives as long as the page only. */
export function isUnkept(): boolean {
  if (unkept !== undefined) return unkept !== null;
  try {
    return 'unkept' in localStorage;
  } catch {
    return true;
  }
}

/** Something small to remember from page to page while this tab lives; null where it is not known. */
export const tab = {
  get(name: string): string | null {
    try {
      return sessionStorage.getItem(`pushlab:class-${name}`);
    } catch {
      return null;
    }
  },
  set(name: string, value: string): void {
    try {
      sessionStorage.setItem(`pushlab:class-${name}`, value);
    } catch {
      // No storage on this device: the next page asks again.
    }
  },
};
