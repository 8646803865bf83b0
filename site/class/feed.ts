/** This device as a reader of the class feed: over the technique that the teacher has picked, measured like any lane. */
import type { ClassNews, ClassPicture } from '../../demo-server/classroom/protocol.ts';
import type { Link } from './link.ts';

/** How often a device tells how long news took. */
const TELL_MS = 3000;
const POLL_MS = 1000;

/** Reads the feed until the returned function is called; each piece of news goes to `hear`. */
export function readFeed(
  feed: NonNullable<ClassPicture['feed']>,
  link: Link,
  hear: (news: ClassNews) => void,
): () => void {
  const life = new AbortController();
  const { signal } = life;
  let latencies: number[] = [];
  let since: number | null = null;
  const telling = setInterval(() => {
    link.send({ type: 'heard', latencies });
    latencies = [];
  }, TELL_MS);
  signal.addEventListener('abort', () => clearInterval(telling));

  void import('../techniques/index.ts').then(async ({ techniques }) => {
    const { receive } = techniques.find(({ id }) => id === feed.technique) ?? {};
    const started = performance.timeOrigin + performance.now();
    await receive?.({
      server: '',
      run: feed.run,
      pollIntervalMs: POLL_MS,
      signal,
      sample(sample) {
        if (sample.kind !== 'event') return;
        const offset = link.clock?.offsetMs;
        since ??= offset === undefined ? null : started + offset;
        // What was there before this device began to read is not late, and not new to it.
        if (since === null || offset === undefined || sample.sentAt < since) return;
        latencies.push(sample.at + offset - sample.sentAt);
        hear(JSON.parse(sample.data ?? '{}') as ClassNews);
      },
      // A lane that the server refuses has ended: the next picture of the class says what holds now.
    }).catch(() => {});
  });
  return () => life.abort();
}
