/** This device as a reader of the class feed: over the technique that the teacher has picked, measured like any lane. */
import type { ClassNews, ClassPicture } from '../../demo-server/classroom/protocol.ts';
import { pause, type Sample } from '../../demo-server/measure/lane.ts';
import type { Link } from './link.ts';

/** How often a device reports how long news took. */
const REPORT_MS = 3000;
const POLL_MS = 1000;
/** A server of the class that is behind refuses a technique that was picked a moment ago: the wait before the next try. */
const AGAIN_MS = 1000;

/** Reads the feed until the returned function is called; each piece of news goes to `onNews`. */
export function readFeed(
  feed: NonNullable<ClassPicture['feed']>,
  link: Link,
  onNews: (news: ClassNews) => void,
): () => void {
  const life = new AbortController();
  const { signal } = life;
  let latencies: number[] = [];
  let since: number | null = null;
  /** What was there before is no news. A lane that begins anew, or learns that it missed something, brings it again. */
  let newest = feed.after;
  const reporting = setInterval(() => {
    if (link.state !== 'online') return;
    link.send({ type: 'heard', latencies });
    latencies = [];
  }, REPORT_MS);
  signal.addEventListener('abort', () => clearInterval(reporting));

  void import('../techniques/index.ts').then(async ({ techniques }) => {
    const { receive } = techniques.find(({ id }) => id === feed.technique) ?? {};
    const started = performance.timeOrigin + performance.now();
    const lane = {
      server: '',
      run: feed.run,
      pollIntervalMs: POLL_MS,
      signal,
      sample(sample: Sample) {
        if (sample.kind !== 'event' || sample.seq <= newest) return;
        newest = sample.seq;
        const offset = link.clock?.offsetMs;
        since ??= offset === undefined ? null : started + offset;
        // What was sent before this device began to read is not late.
        if (since !== null && offset !== undefined && sample.sentAt >= since)
          latencies.push(sample.at + offset - sample.sentAt);
        onNews(JSON.parse(sample.data ?? '{}') as ClassNews);
      },
    };
    while (!signal.aborted) {
      await receive?.(lane).catch(() => {});
      await pause(AGAIN_MS, signal);
    }
  });
  return () => life.abort();
}
