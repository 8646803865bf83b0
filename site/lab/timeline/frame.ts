/** What one frame of the timeline is drawn from. */
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { Format } from '../../kit/format.ts';
import type { Palette } from '../../kit/look.ts';
import type { Layout, View } from './timeline-layout.ts';

export interface Frame {
  context: CanvasRenderingContext2D;
  layout: Layout;
  view: View;
  palette: Palette;
  recording: Recording;
  /** Now, in ms since the start; open bars end here. */
  now: number;
  /** Lanes shown, from top to bottom. */
  lanes: readonly LaneRecord[];
  /** Row and event that the reader points at. */
  focus: { row: number; event: number } | null;
  /** Number of the event that is marked on every lane; 0 for none. */
  marked: number;
  format: Format;
}
