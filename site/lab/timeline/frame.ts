/** What one frame of the timeline is drawn from. */
import type { LaneRecord, Recording } from '../../../demo-server/measure/recording.ts';
import type { Format } from '../../kit/format.ts';
import type { Palette } from '../../kit/look.ts';
import type { Layout, View } from './timeline-layout.ts';

/** What the timeline is drawn with: a canvas, or SVG (`take-away/svg-context.ts`). */
export type Paper = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'globalAlpha'
  | 'textAlign'
  | 'textBaseline'
  | 'setLineDash'
  | 'save'
  | 'restore'
  | 'clearRect'
  | 'fillRect'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'rect'
  | 'roundRect'
  | 'arc'
  | 'clip'
  | 'fill'
  | 'stroke'
  | 'fillText'
  | 'measureText'
>;

/** What a lane is drawn from. */
export interface LaneFrame {
  context: Paper;
  layout: Layout;
  view: View;
  palette: Palette;
  recording: Recording;
  /** Now, in ms since the start; open bars end here. */
  now: number;
}

export interface Frame extends LaneFrame {
  /** Lanes shown, from top to bottom. */
  lanes: readonly LaneRecord[];
  /** Row and event that the reader points at. */
  focus: { row: number; event: number } | null;
  /** Number of the event that is marked on every lane; 0 for none. */
  marked: number;
  format: Format;
}
