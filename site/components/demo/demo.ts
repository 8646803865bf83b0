/**
 * The demo of a lesson: timeline and live figures of a few lanes. Loaded when the reader starts one.
 */

import { summaryOf } from '../../../demo-server/measure/measures.ts';
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import { bytesPerEvent, headBytes, wireBytes } from '../../../demo-server/measure/statistics.ts';
import { type Format, NOTHING } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { whileVisible } from '../../kit/visible.ts';
import { say, setText, type Words } from '../../kit/words.ts';
import { connectStage, type Stage } from '../../lab/run/stage.ts';
import { notesOf, showNotes } from '../../lab/tables/notes.ts';
import { connectTimeline } from '../../lab/timeline/timeline-shell.ts';
import { connectDemoFaults } from './demo-faults.ts';
import { tellRun } from './tell-run.ts';

type Figure = (lane: LaneRecord, recording: Recording, format: Format, words: Words) => string | null | undefined;

const FIGURES: Readonly<Record<string, Figure>> = {
  requests: ({ ledger }, _, { count }) => ledger && count(ledger.requests),
  headBytes: ({ ledger }, _, { bytes }) => ledger && bytes(headBytes(ledger)),
  wireBytes: ({ ledger }, _, { bytes }) => ledger && bytes(wireBytes(ledger)),
  bytesPerEvent: ({ ledger }, _, { bytes }) => ledger && bytes(bytesPerEvent(ledger) ?? Number.NaN),
  latency: (lane, recording, { ms, uncertainty }) => {
    const { latency } = summaryOf(lane, recording);
    const { current, uncertaintyMs } = recording.clock;
    return latency && `${ms(latency.p50)} ${current ? uncertainty(uncertaintyMs) : ''}`;
  },
  integrity: (lane, recording, { count }, words) => {
    const { received, lost } = summaryOf(lane, recording).integrity;
    return say(words, 'demo.integrity', { received: count(received), all: count(received + lost) });
  },
};

/** Connects the demo shell `root`. Everything ends with `signal`. */
export function connectDemo(root: HTMLElement, signal: AbortSignal): void {
  let recording: Recording | null = null;
  let cells: { lane: LaneRecord; figure: Figure; cell: HTMLElement }[] = [];

  connectStage(root, signal, ({ words, format, names, part }) => {
    const timeline = connectTimeline(part('timeline'), { words, format, names, signal, compact: true });
    const faults = connectDemoFaults(root, { words, format, names, signal });
    const update = () => {
      if (!recording) return;
      faults?.report.update();
      for (const { lane, figure, cell } of cells) {
        setText(cell, figure(lane, recording, format, words) || NOTHING);
      }
      showNotes(part('notes'), notesOf(recording, words, format, names));
    };
    whileVisible(part('figures'), 4, () => root.dataset.state === 'running' && update(), signal);
    return {
      begin(now, recorded) {
        recording = now;
        part('stage').hidden = false;
        cells = buildFigures(part('figures'), now, words, names);
        timeline.show(now);
        faults?.report.show(now);
        if (!recorded) tellRun(root, 'running', now);
      },
      breakable: (breakIt) => faults?.breakable(breakIt),
      end(done, recorded) {
        update();
        // The lesson around it asks about runs of the reader's own.
        if (recorded) return;
        const { state } = root.dataset;
        tellRun(root, state === 'finished' || state === 'stopped' ? state : 'failed', done);
      },
    };
  });
}

function buildFigures(host: HTMLElement, recording: Recording, words: Words, names: Stage['names']) {
  const cells: { lane: LaneRecord; figure: Figure; cell: HTMLElement }[] = [];
  const blocks = [...recording.lanes.values()].map((lane) => {
    const block = document.createElement('div');
    block.dataset.technique = lane.technique;
    const name = document.createElement('p');
    name.append(techniqueMark(lane.technique), names[lane.technique]);
    const list = document.createElement('dl');
    for (const [key, figure] of Object.entries(FIGURES)) {
      const group = document.createElement('div');
      const term = document.createElement('dt');
      term.textContent = say(words, `demo.figure.${key}`);
      const cell = document.createElement('dd');
      cell.textContent = NOTHING;
      group.append(term, cell);
      list.append(group);
      cells.push({ lane, figure, cell });
    }
    block.append(name, list);
    return block;
  });
  host.replaceChildren(...blocks);
  return cells;
}
