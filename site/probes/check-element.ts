/** `<push-check>`: what it runs is loaded by its start button. */
import { defineStage } from '../lab/run/stage-loader.ts';

defineStage('push-check', () => import('./check.ts').then(({ connectCheck }) => connectCheck));
