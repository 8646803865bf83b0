/** What the page of the cost curves loads when the first series is started, and not before. */
export { Problem } from './comparison.ts';
export { runCurve } from './curve-run.ts';
export { CurveView } from './curve-view.ts';
export { plightOf, showPlight } from './problem-words.ts';
