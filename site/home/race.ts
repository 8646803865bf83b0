/**
 * The race on the start page: all lanes for ten seconds, and then what they differed in. Loaded when it is started.
 */

import { summaryOf } from '../../demo-server/measure/measures.ts';
import type { LaneRecord, Recording } from '../../demo-server/measure/recording.ts';
import { queryFromSettings } from '../../demo-server/measure/settings.ts';
import { wireBytes } from '../../demo-server/measure/statistics.ts';
import type { TechniqueId } from '../../demo-server/protocol.ts';
import { NOTHING } from '../kit/format.ts';
import { technique as techniqueMark } from '../kit/mark.ts';
import { prefersLessMotion, whileVisible } from '../kit/visible.ts';
import { say, setText } from '../kit/words.ts';
import { connectStage, type Stage } from '../lab/run/stage.ts';
import { notesOf, showNotes } from '../lab/tables/notes.ts';
import { Track } from './race-track.ts';

interface Row {
  track: Track;
  figure: HTMLElement;
  weight: HTMLElement;
}

/** Connects the race's shell `root`. Everything ends with `signal`. */
export function connectRace(root: HTMLElement, signal: AbortSignal): void {
  let recording: Recording | null = null;
  const rows = new Map<TechniqueId, Row>();
  for (const row of root.querySelectorAll<HTMLElement>('[data-lane]')) {
    const canvas = row.querySelector('canvas');
    const figure = row.querySelector<HTMLElement>('[data-bytes]');
    const weight = row.querySelector<HTMLElement>('[data-weight]');
    if (!canvas || !figure || !weight) throw new Error('A lane of the race lacks its canvas, its bytes or its weight');
    rows.set(row.dataset.lane as TechniqueId, { track: new Track(canvas, signal), figure, weight });
  }

  connectStage(root, signal, (stage) => {
    const draw = () => {
      if (!recording) return;
      for (const [id, { track }] of rows) {
        track.draw();
        tellWeight(id);
      }
    };
    const tellWeight = (id: TechniqueId) => {
      const lanes = [...(recording?.lanes.values() ?? [])];
      const heaviest = Math.max(1, ...lanes.map(({ ledger }) => (ledger ? wireBytes(ledger) : 0)));
      const ledger = recording?.lanes.get(id)?.ledger;
      const row = rows.get(id);
      if (!row) return;
      const text = ledger ? stage.format.bytes(wireBytes(ledger)) : NOTHING;
      if (row.figure.textContent === text) return;
      setText(row.figure, text);
      for (const [other, { weight }] of rows) {
        const account = recording?.lanes.get(other)?.ledger;
        weight.style.inlineSize = `${account ? (wireBytes(account) / heaviest) * 100 : 0}%`;
      }
    };
    whileVisible(
      stage.part('lanes'),
      prefersLessMotion() ? 2 : 30,
      () => {
        if (root.dataset.state === 'running' || root.dataset.state === 'settling') draw();
      },
      signal,
    );
    return {
      begin(now) {
        recording = now;
        stage.part('result').hidden = true;
        for (const [id, { track, figure }] of rows) {
          figure.textContent = NOTHING;
          const lane = now.lanes.get(id);
          if (lane) track.show(now, lane);
        }
      },
      end(now) {
        draw();
        tellResult(stage, now);
      },
    };
  });
}

function tellResult(stage: Stage, recording: Recording): void {
  const { words, format, names, part } = stage;
  const lanes = [...recording.lanes.values()];
  const byBytes = ranked(lanes, (lane) => lane.ledger && lane.ledger.eventsSent > 0 && wireBytes(lane.ledger));
  const byLatency = ranked(lanes, (lane) => summaryOf(lane, recording).latency?.p50);
  part('result').hidden = false;
  showNotes(part('notes'), notesOf(recording, words, format, names));
  fillList(part('by-bytes'), byBytes, names, format.bytes);
  fillList(part('by-latency'), byLatency, names, format.ms);

  const [least, most] = [byBytes[0], byBytes.at(-1)];
  part('bytes-text').textContent =
    least && most
      ? say(words, 'race.result.bytesText', {
          events: format.count(recording.info?.lastSeq ?? 0),
          least: names[least.id],
          leastBytes: format.bytes(least.value),
          most: names[most.id],
          mostBytes: format.bytes(most.value),
          times: format.times(most.value / least.value),
        })
      : '';
  const [soonest, latest] = [byLatency[0], byLatency.at(-1)];
  part('latency-text').textContent =
    soonest && latest
      ? say(words, 'race.result.latencyText', {
          soonest: names[soonest.id],
          soonestMs: format.ms(soonest.value),
          latest: names[latest.id],
          latestMs: format.ms(latest.value),
          uncertainty: format.uncertainty(recording.clock.uncertaintyMs),
        })
      : '';
  const losers = lanes.filter((lane) => summaryOf(lane, recording).integrity.lost > 0);
  part('lost-text').textContent =
    losers.length === 0
      ? ''
      : say(words, 'race.result.lostText', {
          list: losers
            .map((lane) =>
              say(words, 'race.result.lost', {
                name: names[lane.technique],
                lost: format.count(summaryOf(lane, recording).integrity.lost),
              }),
            )
            .join(', '),
        });
  if (recording.info) {
    (part('to-lab') as HTMLAnchorElement).search = queryFromSettings(recording.info.settings);
  }
}

type Place = { id: TechniqueId; value: number };

function ranked(lanes: readonly LaneRecord[], of: (lane: LaneRecord) => number | false | null | undefined): Place[] {
  return lanes
    .map((lane) => ({ id: lane.technique, value: of(lane) }))
    .filter((place): place is Place => typeof place.value === 'number')
    .sort((a, b) => a.value - b.value);
}

function fillList(
  list: HTMLElement,
  places: readonly Place[],
  names: Stage['names'],
  write: (value: number) => string,
): void {
  const greatest = Math.max(...places.map(({ value }) => value), Number.MIN_VALUE);
  list.replaceChildren(
    ...places.map(({ id, value }) => {
      const item = document.createElement('li');
      item.dataset.technique = id;
      const name = document.createElement('span');
      name.append(techniqueMark(id), names[id]);
      const figure = document.createElement('b');
      figure.textContent = write(value);
      const bar = document.createElement('i');
      bar.style.inlineSize = `${Math.max(0, (value / greatest) * 100)}%`;
      item.append(name, figure, bar);
      return item;
    }),
  );
}
