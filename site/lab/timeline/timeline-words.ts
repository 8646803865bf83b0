/** What the timeline says of one event, and the lanes' names beside their rows. */

import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { TechniqueId } from '../../../demo-server/protocol.ts';
import type { Format } from '../../kit/format.ts';
import { technique as techniqueMark } from '../../kit/mark.ts';
import { say, type Words } from '../../kit/words.ts';
import { type Layout, nameY } from './timeline-layout.ts';

type Names = Readonly<Record<TechniqueId, string>>;

/** Event `index` of a lane as a sentence; −1: that there is none. */
export function eventInWords(
  recording: Recording,
  lane: LaneRecord,
  index: number,
  words: Words,
  format: Format,
  names: Names,
): string {
  if (index < 0) return say(words, 'lab.timeline.none', { name: names[lane.technique] });
  const at = (lane.events.at[index] as number) - recording.zero;
  const latency = lane.events.latency[index] as number;
  return say(words, 'lab.timeline.event', {
    name: names[lane.technique],
    seq: format.count(lane.events.seq[index] as number),
    request: format.count(lane.events.request[index] as number),
    sent: format.moment(at - latency),
    arrived: format.moment(at),
    latency: format.ms(latency),
    uncertainty: format.uncertainty(recording.clock.current?.uncertaintyMs ?? Number.NaN),
  });
}

/** Names are elements, not drawn: text on a canvas is laid out anew each time, and cannot be selected. */
export function labelsOf(lanes: readonly LaneRecord[], layout: Layout, names: Names): HTMLElement[] {
  return lanes.map(({ technique }, index) => {
    const label = document.createElement('span');
    label.dataset.technique = technique;
    label.style.insetBlockStart = `${nameY(layout, index)}px`;
    label.style.insetInlineStart = layout.namesBeside ? '10px' : `${layout.left}px`;
    label.append(techniqueMark(technique), names[technique]);
    return label;
  });
}
