/**
 * What has to be said beside the figures: what stood in the way of measuring, and how each lane fared.
 */

import { LAST_WORDS_MS, missedByCut, type Recording } from '../../../demo-server/measure/recording.ts';
import { BUSY_MS, type TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { say, type Words } from '../../kit/words.ts';
import { simulatedInWords } from '../form/condition-words.ts';

export interface Note {
  tone: 'info' | 'warn' | 'bad';
  text: string;
  /** Which charts the note belongs on; a lane's own trouble stands in the list only. */
  on: 'latency' | 'counts' | 'all' | 'none';
}

/** Every note about a recording, worst first; none when all went well. */
export function notesOf(
  recording: Recording,
  words: Words,
  format: Format,
  names: Readonly<Record<TechniqueId, string>>,
): Note[] {
  const { conditions, lanes, clock } = recording;
  const notes: Note[] = [];
  const note = (
    on: Note['on'],
    key: string,
    values: Record<string, string | number> = {},
    tone: Note['tone'] = 'warn',
  ) => notes.push({ tone, on, text: say(words, `lab.note.${key}`, values) });

  for (const lane of lanes.values()) {
    if (lane.failed) note('none', 'failed', { name: names[lane.technique], message: lane.failed }, 'bad');
  }
  const simulated = recording.info && simulatedInWords(recording.info.settings, words, format);
  if (simulated) note('all', 'simulated', { conditions: simulated }, 'info');
  if (recording.info?.shared === 'down') note('counts', 'sharedDown');
  if (recording.info?.shared === 'clocks-differ') note('latency', 'sharedClocks');
  if (conditions.behindProxy) note('counts', 'proxy');
  else if (conditions.insideTls) note('none', 'tls', {}, 'info');
  if (conditions.hidden.length > 0) {
    const end = Number.isNaN(recording.over) ? performance.timeOrigin + performance.now() : recording.over;
    let ms = 0;
    for (const { from, to } of conditions.hidden) ms += Math.max(0, Math.min(to, end) - from);
    note('all', 'hidden', { seconds: format.seconds(ms) });
  }
  if (!conditions.isolated) note('latency', 'notIsolated', { step: format.ms(clock.resolutionMs) });
  const late = recording.ledger?.process?.eventLoopDelayMs ?? 0;
  if (late > BUSY_MS) note('latency', 'late', { time: format.ms(late) });
  const own = conditions.eventLoopDelayMs ?? 0;
  if (own > BUSY_MS) note('latency', 'pageLate', { time: format.ms(own) });
  if (conditions.clockUnknown) note('latency', 'clockUnknown');
  if (conditions.controlLost && !conditions.clockUnknown) note('counts', 'controlLost');
  for (const lane of lanes.values()) {
    const name = names[lane.technique];
    const missed = missedByCut(lane, recording);
    if (missed > 0) note('none', 'cutOff', { name, count: missed, time: format.seconds(LAST_WORDS_MS) });
    for (const [reason, count] of Object.entries(lane.troubles)) note('none', `trouble.${reason}`, { name, count });
    if (lane.resets > 0) note('none', 'reset', { name, count: lane.resets });
  }
  return notes;
}

/** Shows notes as a list, and hides the list when there are none. Leaves the list alone while nothing has changed. */
export function showNotes(list: HTMLElement, notes: readonly Note[]): void {
  const text = notes.map((note) => note.text).join('\n');
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.hidden = notes.length === 0;
  list.replaceChildren(
    ...notes.map((note) => {
      const item = document.createElement('li');
      item.dataset.tone = note.tone;
      item.textContent = note.text;
      return item;
    }),
  );
}
