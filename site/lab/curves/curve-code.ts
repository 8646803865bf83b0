/** What the page of the cost curves loads when the first series is started or opened, and not before. */

export { madeHere } from '../run/made.ts';
export { plightOf, showPlight } from '../run/problem-words.ts';
export { Problem } from '../run/run-requests.ts';
export { type CurvesDocument, readSeries } from './curve-document.ts';
export { offerPlots, saveSeries } from './curve-keep.ts';
export { runCurve } from './curve-run.ts';
export { CurveView } from './curve-view.ts';
