/**
 * Runs that this browser keeps, in IndexedDB: a summary of each for the list, and its document compressed. Bounded: when
 * there are too many, the oldest without a name go first.
 * @see https://www.w3.org/TR/IndexedDB/
 */

import type { RunDocument } from '../../../demo-server/measure/run-document.ts';
import type { RunSettings, TechniqueId } from '../../../demo-server/protocol.ts';

/** What the list tells of a kept run without reading it. */
export interface StoredRun {
  key: string;
  name: string;
  /** When it was measured, ISO 8601. */
  at: string;
  techniques: TechniqueId[];
  settings: RunSettings;
  agent: string;
  client: 'browser' | 'node';
  /** Events that the feed sent. */
  events: number;
  /** Compressed size, bytes. */
  bytes: number;
}

/** Runs and compressed bytes that are kept at the most. */
export const MOST_RUNS = 60;
export const MOST_BYTES = 200e6;

/** The browser keeps nothing for this page (a private window, say), or has no room left. */
export class StoreProblem extends Error {
  readonly kind: 'refused' | 'full';
  constructor(kind: 'refused' | 'full', message: string) {
    super(message);
    this.kind = kind;
  }
}

const problem = (error: unknown): StoreProblem => {
  const { name = '', message = '' } = (error ?? {}) as DOMException;
  return new StoreProblem(name === 'QuotaExceededError' ? 'full' : 'refused', message || name);
};

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(problem(request.error));
  });
}

/** What the database may take to open (ms). */
const SILENT_MS = 10_000;
let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= (async () => {
    if (!('indexedDB' in globalThis)) throw new StoreProblem('refused', 'no IndexedDB');
    const request = indexedDB.open('pushlab', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('summaries', { keyPath: 'key' });
      request.result.createObjectStore('documents');
    };
    const silent = Promise.withResolvers<never>();
    const patience = setTimeout(
      () => silent.reject(new StoreProblem('refused', 'IndexedDB does not answer')),
      SILENT_MS,
    );
    const database = await Promise.race([settled(request), silent.promise]).finally(() => clearTimeout(patience));
    // The reader has cleared the data of this site, or another Pushlab needs another form: the next use opens it anew.
    const gone = (): void => {
      opened = undefined;
      database.close();
    };
    database.onclose = gone;
    database.onversionchange = gone;
    return database;
  })().catch((error) => {
    opened = undefined;
    throw error instanceof StoreProblem ? error : problem(error);
  });
  return opened;
}

/** Does `work` in one transaction over both stores, and resolves when it is written. */
async function write(work: (summaries: IDBObjectStore, documents: IDBObjectStore) => void): Promise<void> {
  const transaction = (await open()).transaction(['summaries', 'documents'], 'readwrite');
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(problem(transaction.error));
    transaction.onerror = (event) => event.preventDefault();
    try {
      work(transaction.objectStore('summaries'), transaction.objectStore('documents'));
    } catch (error) {
      reject(problem(error));
    }
  });
}

async function throughStream(data: BlobPart, stream: GenericTransformStream): Promise<ArrayBuffer> {
  return new Response(new Blob([data]).stream().pipeThrough(stream)).arrayBuffer();
}

/** Every kept run, the newest first. Rejects with a StoreProblem. */
export async function storedRuns(): Promise<StoredRun[]> {
  const transaction = (await open()).transaction('summaries');
  const found = (await settled(transaction.objectStore('summaries').getAll())) as StoredRun[];
  return found.sort((a, b) => b.at.localeCompare(a.at));
}

/** The same run measured by the same client has the same key, so that importing it twice keeps it once. */
export const keyOf = ({ run, made }: RunDocument): string => `${run.id}.${made.at}`;

/**
 * Keeps a run and says which others had to go for it. Rejects with a StoreProblem where it cannot be kept; then nothing
 * has changed.
 */
export async function storeRun(document: RunDocument): Promise<{ stored: StoredRun; gone: StoredRun[] }> {
  const bytes = await throughStream(JSON.stringify(document), new CompressionStream('gzip'));
  const stored: StoredRun = {
    key: keyOf(document),
    name: document.name,
    at: document.made.at,
    techniques: document.lanes.map(({ technique }) => technique),
    settings: document.run.settings,
    agent: document.made.agent,
    client: document.made.client,
    events: document.run.lastSeq,
    bytes: bytes.byteLength,
  };
  const others = (await storedRuns()).filter(({ key }) => key !== stored.key);
  const unnamed = others.filter(({ name }) => name === '');
  const gone: StoredRun[] = [];
  let size = stored.bytes + others.reduce((sum, one) => sum + one.bytes, 0);
  const dropOldest = () => {
    const oldest = unnamed.pop();
    if (!oldest) throw new StoreProblem('full', '');
    gone.push(oldest);
    size -= oldest.bytes;
  };
  while (others.length - gone.length >= MOST_RUNS || size > MOST_BYTES) dropOldest();
  for (;;) {
    try {
      await write((summaries, documents) => {
        for (const { key } of gone) {
          summaries.delete(key);
          documents.delete(key);
        }
        summaries.put(stored);
        documents.put(bytes, stored.key);
      });
      return { stored, gone };
    } catch (error) {
      // The browser's own limit came before ours.
      if (!(error instanceof StoreProblem) || error.kind !== 'full') throw error;
      dropOldest();
    }
  }
}

/** The summary of a kept run and its document as text; null where there is none of that key. */
export async function storedText(key: string): Promise<{ stored: StoredRun; text: string } | null> {
  const transaction = (await open()).transaction(['summaries', 'documents']);
  const [stored, bytes] = (await Promise.all([
    settled(transaction.objectStore('summaries').get(key)),
    settled(transaction.objectStore('documents').get(key)),
  ])) as [StoredRun | undefined, ArrayBuffer | undefined];
  if (!stored || !bytes) return null;
  return { stored, text: new TextDecoder().decode(await throughStream(bytes, new DecompressionStream('gzip'))) };
}

/** Names a kept run; a run with a name is not dropped to make room. */
export async function nameRun(key: string, name: string): Promise<void> {
  const transaction = (await open()).transaction('summaries', 'readwrite');
  const summaries = transaction.objectStore('summaries');
  const summary = (await settled(summaries.get(key))) as StoredRun | undefined;
  if (summary) await settled(summaries.put({ ...summary, name }));
}

/** Deletes a kept run and returns how to bring it back. */
export async function deleteRun(key: string): Promise<() => Promise<void>> {
  const transaction = (await open()).transaction(['summaries', 'documents']);
  const [summary, bytes] = await Promise.all([
    settled(transaction.objectStore('summaries').get(key)),
    settled(transaction.objectStore('documents').get(key)),
  ]);
  await write((summaries, documents) => {
    summaries.delete(key);
    documents.delete(key);
  });
  return () =>
    write((summaries, documents) => {
      summaries.put(summary);
      documents.put(bytes, key);
    });
}
