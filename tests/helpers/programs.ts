export { onPath } from '../../demo-server/probes/programs.ts';
